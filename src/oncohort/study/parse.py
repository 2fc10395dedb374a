"""TOML text to Protocol: every mistake told at once, with its line, and nothing guessed."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError

from oncohort.errors import ProtocolError
from oncohort.study.consistency import find_problems
from oncohort.study.protocol import Protocol
from oncohort.study.toml_lines import Path, TomlLines, locate_keys
from oncohort.study.words import did_you_mean

CHOOSE: Final = "CHOOSE"
"""The word that a drafted ``study.toml`` holds where only the study's owner can know."""


def parse_protocol(text: str, name: str) -> Protocol:
    r"""Read the text of a ``study.toml``.

    Parameters
    ----------
    text : str
        The whole file.
    name : str
        What messages call it, usually ``study.toml``.

    Raises
    ------
    ProtocolError
        If the text is not TOML, a key is unknown, missing or impossible, or a choice is still to be
        made. One line a problem: ``study.toml:9 endpoint.PFS.time.unit: …``.

    Examples
    --------
    >>> parse_protocol('[study]\ntitel = "x"', "study.toml")
    Traceback (most recent call last):
    ...
    oncohort.errors.ProtocolError: study.toml:1 study.title: is missing
    study.toml:1 study.profile: is missing
    study.toml:2 study.titel: there is no such key. Did you mean "title"?
    study.toml: records: is missing
    study.toml: endpoint: is missing
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProtocolError(f"{name}: this is not TOML: {error}") from error
    lines = locate_keys(text)
    problems = [(path, "is still to be chosen; the comment beside it says what can stand here") for path in _open(raw)]
    if not problems:
        try:
            protocol = Protocol.model_validate(raw)
        except ValidationError as error:
            problems = list(_in_words(error, raw))
        else:
            problems = list(find_problems(protocol))
            if not problems:
                return protocol
    raise ProtocolError("\n".join(_message(name, lines, raw, path, sentence) for path, sentence in problems))


def _open(raw: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the path of every value that still says CHOOSE."""
    if isinstance(raw, dict):
        for key, value in raw.items():  # type: ignore[reportUnknownVariableType]
            yield from _open(value, (*path, str(key)))  # type: ignore[reportUnknownArgumentType]
    elif isinstance(raw, list):
        for k, value in enumerate(raw):  # type: ignore[reportUnknownArgumentType, reportUnknownVariableType]
            yield from _open(value, (*path, k))
    elif raw == CHOOSE:
        yield path


def _message(name: str, lines: TomlLines, raw: Any, path: Path, sentence: str) -> str:
    line = lines.line_of(path)
    place = name if line is None else f"{name}:{line}"
    separator = ":" if line is None else ""
    return f"{place}{separator} {_in_dots(raw, path)}: {sentence}"


def _in_dots(raw: Any, path: Path) -> str:
    """Write a path as endpoint.PFS.unit, calling list items by their id where they have one."""
    words: list[str] = []
    here = raw
    for part in path:
        here = _child(here, part)
        own = _child(here, "id") if isinstance(part, int) else part
        words.append(str(part + 1) if own is None and isinstance(part, int) else str(own))
    return ".".join(words)


def _child(value: Any, part: str | int) -> Any:
    """Return the item of a dict or list at ``part``, or None where there is none."""
    if isinstance(value, dict):
        table: dict[Any, Any] = value  # type: ignore[reportUnknownVariableType]
        return table.get(part)
    if isinstance(value, list) and isinstance(part, int):
        items: list[Any] = value  # type: ignore[reportUnknownVariableType]
        return items[part] if part < len(items) else None
    return None


def _in_words(error: ValidationError, raw: Any) -> Iterator[tuple[Path, str]]:
    """Turn pydantic's errors into sentences, one for each place; the branches of a union become one."""
    by_place: dict[Path, list[dict[str, Any]]] = {}
    for item in error.errors(include_url=False):
        path = _real_path(item["loc"], raw)
        by_place.setdefault(path, []).append(dict(item))
    for path, items in by_place.items():
        if all(item["type"] == "too_short" and item["input"] for item in items):
            continue  # the list is short only because its items are told of already
        words = [item for item in items if item["type"] == "literal_error"]
        sentences = [_sentence(item, path) for item in words or items]
        numbers = " A number can stand here too." if words and len(items) > len(words) else ""
        yield path, "; or ".join(dict.fromkeys(sentences)) + numbers


def _real_path(loc: Path, raw: Any) -> Path:
    """Drop from a pydantic location the names of union branches, which are not in the file."""
    path: list[str | int] = []
    here: Any = raw
    for k, part in enumerate(loc):
        inner = _child(here, part)
        if inner is None and not (isinstance(here, dict) and k == len(loc) - 1):
            continue
        here = inner
        path.append(part)
    return tuple(path)


_PLAIN: Final = {
    "missing": "is missing",
    "too_short": "at least one value was expected",
    "model_type": "a table { … } was expected",
    "dict_type": "a table { … } was expected",
    "string_pattern_mismatch": "an id was expected: a letter, then letters, digits and _ (ASCII)",
}


def _sentence(item: dict[str, Any], path: Path) -> str:
    kind, context, value = item["type"], item.get("ctx", {}), item.get("input")
    if kind in _PLAIN:
        return _PLAIN[kind]
    if kind == "extra_forbidden":
        return f"there is no such key.{did_you_mean(str(path[-1]), _fields_at(path[:-1]))}"
    if kind == "literal_error":
        expected = str(context["expected"]).replace("'", '"')
        near = did_you_mean(str(value), re.findall(r'"([^"]*)"', expected))
        return f"{_shown(value)} is not one of {expected}.{near}"
    return f"{_shown(value)}: {item['msg'][0].lower()}{item['msg'][1:]}"


def _shown(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def _fields_at(path: Path) -> list[str]:
    """Return the keys that the table at ``path`` can have."""
    model: type[BaseModel] | None = Protocol
    for part in path:
        if isinstance(part, int) or model is None:
            continue
        field = model.model_fields.get(part)
        model = None if field is None else next(_models_in(field.annotation), None)
    return [] if model is None else [field.alias or name for name, field in model.model_fields.items()]


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)
