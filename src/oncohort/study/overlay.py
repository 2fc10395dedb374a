"""Presets: sections that a study starts from. What its own file says wins, key by key."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from oncohort.study.problems import Problem
from oncohort.study.toml_lines import Path
from oncohort.study.words import did_you_mean, quoted

Toml: TypeAlias = dict[str, Any]

INNER_LISTS: Final = frozenset({"variable", "reason", "rule", "group", "outcome"})
"""Lists of tables inside a section, written ``[[section.name]]``; they are merged by id, as ``[[section]]`` are."""

NAMED_TABLES: Final = frozenset({"drug", "records"})
"""Sections whose keys are names of tables, written ``[section.NAME]``."""


@dataclass(frozen=True, slots=True)
class Merged:
    """A study laid over its preset.

    ``from_preset`` are the dotted keys that only the preset says, with the ids of list items in them;
    ``problems`` what cannot be merged.
    """

    content: Toml
    from_preset: frozenset[str]
    problems: tuple[Problem, ...]


def lay_over_preset(own: Toml, presets: Mapping[str, str]) -> Merged:
    """Lay the content of a ``study.toml`` over the preset that it names, if it names one.

    Sections are merged key by key, and items of lists by their id; new items follow those of the preset. The
    value of a key is taken whole. A list whose items have no id takes the place of the preset's. An item with
    ``enabled = false`` leaves the preset's item out; a criterion stays, and is not used.

    Examples
    --------
    >>> preset = '''[response]
    ... confirm = false
    ... hold = false
    ... [[criterion]]
    ... id = "ECOG"
    ... label = "ECOG above 2"'''
    >>> own = {"study": {"preset": "p"}, "response": {"confirm": True}, "criterion": [{"id": "AGE"}]}
    >>> merged = lay_over_preset(own, {"p": preset})
    >>> merged.content["response"], [criterion["id"] for criterion in merged.content["criterion"]]
    ({'confirm': True, 'hold': False}, ['ECOG', 'AGE'])
    >>> sorted(merged.from_preset)
    ['criterion.ECOG', 'criterion.ECOG.id', 'criterion.ECOG.label', 'response.hold']
    """
    name = item_at(own.get("study"), "preset")
    if not isinstance(name, str):
        return Merged(own, frozenset(), ())
    if name not in presets:
        words = f'there is no preset "{name}"; there are {quoted(sorted(presets))}.{did_you_mean(name, presets)}'
        return Merged(own, frozenset(), ((("study", "preset"), words),))
    preset = tomllib.loads(presets[name])
    problems: list[Problem] = []
    content = _merge_tables(preset, own, (), problems)
    return Merged(content, frozenset(_keys(preset)) - frozenset(_keys(own)), tuple(problems))


def place_in_file(own: Any, content: Any, path: Path) -> Path:
    """Return where in the study's own file a path of the merged content stands.

    What only the preset says stands where the preset is named.
    """
    place: list[str | int] = []
    for part in path:
        content = item_at(content, part)
        found = _own_index(own, content, part) if isinstance(part, int) else part
        if found is None or (item_at(own, found) is None and len(place) == 0):
            return ("study", "preset")
        own = item_at(own, found)
        place.append(found)
    return tuple(place)


def item_at(content: Any, part: str | int) -> Any:
    """Return what stands in a table or list at ``part``, or None where there is nothing."""
    if isinstance(content, dict):
        table: dict[Any, Any] = content  # type: ignore[reportUnknownVariableType]
        return table.get(part)
    if isinstance(content, list) and isinstance(part, int):
        items: list[Any] = content  # type: ignore[reportUnknownVariableType]
        return items[part] if part < len(items) else None
    return None


def _merge_tables(preset: Toml, own: Toml, place: Path, problems: list[Problem]) -> Toml:
    merged = dict(preset)
    for key, value in own.items():
        before = preset.get(key)
        where = (*place, key)
        if _is_section(where) and isinstance(before, dict) and isinstance(value, dict):
            merged[key] = _merge_tables(before, value, where, problems)  # type: ignore[reportUnknownArgumentType]
        elif _is_list(where, value) and (before is None or _is_list(where, before)):
            merged[key] = _merge_lists(preset.get(key, []), value, where, problems)
        else:
            merged[key] = value
    return merged


def _is_section(place: Path) -> bool:
    return len(place) == 1 or (len(place) == 2 and place[0] in NAMED_TABLES)


def _is_list(place: Path, value: Any) -> bool:
    """Return whether a value is a list of tables with ids, at a place where such lists are merged."""
    if not isinstance(value, list) or (len(place) > 1 and place[-1] not in INNER_LISTS):
        return False
    items: list[Any] = value  # type: ignore[reportUnknownVariableType]
    return all(isinstance(item_at(item, "id"), str) for item in items)


def _merge_lists(preset: list[Toml], own: list[Toml], place: Path, problems: list[Problem]) -> list[Toml]:
    merged = {item["id"]: item for item in preset}
    known = tuple(merged)
    more: list[Toml] = []
    for k, item in enumerate(own):
        name = item["id"]
        leaves = place != ("criterion",) and item.get("enabled") is False
        again = any(other["id"] == name for other in own[:k])
        if leaves and name in merged:
            del merged[name]
        elif name in merged and not again:
            merged[name] = {**merged[name], **item}
        else:
            more.append(item)
    for k, item in enumerate(more, start=len(merged)):
        if item.get("enabled") is False and place != ("criterion",):
            near = did_you_mean(item["id"], known)
            problems.append(((*place, k), f'the preset has no "{item["id"]}" to leave out.{near}'))
    return [*merged.values(), *more]


def _keys(content: Any, beginning: str = "") -> Iterator[str]:
    """Yield the dotted key of each table and value, with the ids of list items in it."""
    inside: dict[str, Any] = {}
    if isinstance(content, dict):
        inside = {str(key): value for key, value in content.items()}  # type: ignore[reportUnknownVariableType]
    elif isinstance(content, list):
        items: list[Any] = content  # type: ignore[reportUnknownVariableType]
        inside = {str(item_at(item, "id")): item for item in items if item_at(item, "id") is not None}
    if beginning:
        yield beginning
    for key, value in inside.items():
        yield from _keys(value, f"{beginning}.{key}" if beginning else key)


def _own_index(own: Any, item: Any, part: int) -> int | None:
    """Return the place that a list item of the merged content has in the study's own list."""
    if not isinstance(own, list):
        return None
    items: list[Any] = own  # type: ignore[reportUnknownVariableType]
    name = item_at(item, "id")
    if name is None:
        return part if part < len(items) else None
    return next((k for k, other in enumerate(items) if item_at(other, "id") == name), None)
