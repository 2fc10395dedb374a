"""What a frozen model refused in a TOML text, in sentences with their lines: of ``study.toml`` and of other files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError

from oncohort.study.overlay import item_at
from oncohort.study.problems import Problem
from oncohort.study.toml_lines import Path
from oncohort.study.words import did_you_mean

_PLAIN: Final = {
    "missing": "is missing",
    "too_short": "at least one value was expected",
    "model_type": "a table { … } was expected",
    "dict_type": "a table { … } was expected",
    "string_pattern_mismatch": "an id was expected: a letter, then letters, digits and _ (ASCII)",
}


def in_words(error: ValidationError, raw: Any, root: type[BaseModel]) -> Iterator[Problem]:
    """Yield pydantic's errors as sentences, one for each place; the branches of a union become one.

    Parameters
    ----------
    error : ValidationError
        What the model said.
    raw : Any
        The content that was read from the text.
    root : model
        The model of the whole text; an unknown key is compared with the keys that it has at that place.
    """
    by_place: dict[Path, list[dict[str, Any]]] = {}
    for item in error.errors(include_url=False):
        path = _real_path(item["loc"], raw)
        by_place.setdefault(path, []).append(dict(item))
    for path, items in by_place.items():
        if all(item["type"] == "too_short" and item["input"] for item in items):
            continue  # the list is short only because its items are told of already
        words = [item for item in items if item["type"] == "literal_error"]
        sentences = [_sentence(item, path, root) for item in words or items]
        others = {item["type"] for item in items if item["type"] != "literal_error"} if words else set[str]()
        also = "A table { … }" if "model_type" in others else "A number" if others else ""
        yield path, "; or ".join(dict.fromkeys(sentences)) + (f" {also} can stand here too." if also else "")


def in_one_line(name: str, line: int | None, raw: Any, path: Path, sentence: str) -> str:
    """Return one problem as it is told: ``study.toml:9 endpoint.PFS.unit: …``.

    Examples
    --------
    >>> in_one_line("study.toml", 9, {"endpoint": [{"id": "PFS"}]}, ("endpoint", 0, "unit"), "is missing")
    'study.toml:9 endpoint.PFS.unit: is missing'
    """
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


def _sentence(item: dict[str, Any], path: Path, root: type[BaseModel]) -> str:
    kind, context, value = item["type"], item.get("ctx", {}), item.get("input")
    if kind in _PLAIN:
        return _PLAIN[kind]
    if kind == "extra_forbidden":
        return f"there is no such key.{did_you_mean(str(path[-1]), _fields_at(path[:-1], root))}"
    if kind == "literal_error":
        expected = str(context["expected"]).replace("'", '"')
        near = did_you_mean(str(value), re.findall(r'"([^"]*)"', expected))
        return f"{_shown(value)} is not one of {expected}.{near}"
    return f"{_shown(value)}: {item['msg'][0].lower()}{item['msg'][1:]}"


def _shown(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def _fields_at(path: Path, root: type[BaseModel]) -> list[str]:
    """Return the keys that the table at ``path`` can have; a part that is no key is a name, as in ``drug.NAME``."""
    models: list[type[BaseModel]] = [root]
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
