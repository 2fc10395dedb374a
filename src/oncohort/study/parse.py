"""TOML text to Protocol: every mistake told at once, with its line, and nothing guessed."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError

from oncohort.errors import ProtocolError
from oncohort.study.consistency import find_problems
from oncohort.study.overlay import item_at, lay_over_preset, place_in_file
from oncohort.study.problems import Problem
from oncohort.study.protocol import Protocol
from oncohort.study.toml_lines import Path, locate_keys
from oncohort.study.words import did_you_mean

CHOOSE: Final = "CHOOSE"
"""The word that a drafted ``study.toml`` holds where only the study's owner can know."""


def parse_protocol(text: str, name: str, presets: Mapping[str, str] | None = None) -> Protocol:
    r"""Read the text of a ``study.toml``.

    Parameters
    ----------
    text : str
        The whole file.
    name : str
        What messages call it, usually ``study.toml``.
    presets : mapping of str to str, optional
        The TOML text of every preset that the study may name, by its name.

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
    study.toml: endpoint: is missing
    study.toml: records: is missing: [records.patients] of a table study, or records = "…" under [study]
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProtocolError(f"{name}: this is not TOML: {error}") from error
    merged = lay_over_preset(raw, presets or {})
    content = merged.content
    problems = [*_still_open(content), *merged.problems]
    if not problems:
        try:
            protocol = Protocol.model_validate(content, context={"from_preset": merged.from_preset})
        except ValidationError as error:
            problems = [*_in_words(error, content), *_kind(content)]
        else:
            problems = [*_kind(content)] or [*find_problems(protocol)]
            if not problems:
                return protocol
    lines = locate_keys(text)
    places = [path if content is raw else place_in_file(raw, content, path) for path, _ in problems]
    messages = (
        _message(name, lines.line_of(place), content, path, sentence)
        for place, (path, sentence) in zip(places, problems, strict=True)
    )
    raise ProtocolError("\n".join(messages))


def _kind(content: Any) -> Iterator[Problem]:
    """Yield a problem if a study is neither a table study nor a records study, or both."""
    in_table = item_at(item_at(content, "records"), "patients") is not None
    in_folder = item_at(item_at(content, "study"), "records") is not None
    if in_table and in_folder:
        words = 'makes a table study, and records = "…" under [study] a records study; one of the two was expected'
        yield ("records", "patients"), words
    elif not in_table and not in_folder:
        yield ("records",), 'is missing: [records.patients] of a table study, or records = "…" under [study]'


def _still_open(content: Any, path: Path = ()) -> Iterator[Problem]:
    """Yield every value that still says CHOOSE."""
    if isinstance(content, dict):
        for key, value in content.items():  # type: ignore[reportUnknownVariableType]
            yield from _still_open(value, (*path, str(key)))  # type: ignore[reportUnknownArgumentType]
    elif isinstance(content, list):
        for k, value in enumerate(content):  # type: ignore[reportUnknownArgumentType, reportUnknownVariableType]
            yield from _still_open(value, (*path, k))
    elif content == CHOOSE:
        yield path, "is still to be chosen; the comment beside it says what can stand here"


def _message(name: str, line: int | None, raw: Any, path: Path, sentence: str) -> str:
    place = name if line is None else f"{name}:{line}"
    separator = ":" if line is None else ""
    return f"{place}{separator} {_in_dots(raw, path)}: {sentence}"


def _in_dots(raw: Any, path: Path) -> str:
    """Write a path as endpoint.PFS.unit, calling list items by their id where they have one."""
    words: list[str] = []
    here = raw
    for part in path:
        here = item_at(here, part)
        own = item_at(here, "id") if isinstance(part, int) else part
        words.append(str(part + 1) if own is None and isinstance(part, int) else str(own))
    return ".".join(words)


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
        others = {item["type"] for item in items if item["type"] != "literal_error"} if words else set[str]()
        also = "A table { … }" if "model_type" in others else "A number" if others else ""
        yield path, "; or ".join(dict.fromkeys(sentences)) + (f" {also} can stand here too." if also else "")


def _real_path(loc: Path, raw: Any) -> Path:
    """Drop from a pydantic location the names of union branches, which are not in the file."""
    path: list[str | int] = []
    here: Any = raw
    for k, part in enumerate(loc):
        inner = item_at(here, part)
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
    """Return the keys that the table at ``path`` can have; a part that is no key is a name, as in ``drug.NAME``."""
    models: list[type[BaseModel]] = [Protocol]
    for part in path:
        fields = [
            field
            for model in models
            for name, field in model.model_fields.items()
            if part in {name, field.alias} and not isinstance(part, int)
        ]
        if fields:
            models = [model for field in fields for model in _models_in(field.annotation)]
    return [field.alias or name for model in models for name, field in model.model_fields.items()]


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)
