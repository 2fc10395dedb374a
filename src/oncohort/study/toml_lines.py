"""Where each key of a TOML text stands, so that a message can say ``study.toml:9``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

Path: TypeAlias = tuple[str | int, ...]

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""^\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=""")


@dataclass(frozen=True, slots=True)
class TomlLines:
    """The line of every key and table header of one text, lines counted from 1."""

    lines: tuple[str, ...]
    places: dict[Path, int]

    def line_of(self, path: Path) -> int | None:
        """Return the line of the longest known beginning of ``path``, looking inside its value for the rest."""
        for length in range(len(path), 0, -1):
            line = self.places.get(path[:length])
            if line is not None:
                return self._inside(line, path[length:])
        return None

    def _inside(self, line: int, rest: Path) -> int:
        """Return the line of ``rest`` within the value that begins on ``line``, or ``line`` itself."""
        end = min((n for n in self.places.values() if n > line), default=len(self.lines) + 1)
        if rest and isinstance(rest[0], int):
            line, end = self._item(line, end, rest[0])
        for part in reversed(rest):
            if isinstance(part, int):
                continue
            for number in range(line, end):
                if re.search(rf"(?<![\w-]){re.escape(part)}(?![\w-])", self.lines[number - 1]):
                    return number
        return line

    def _item(self, line: int, end: int, place: int) -> tuple[int, int]:
        """Return where an item of a list begins and ends, if each stands on a line of its own as ``{ … }``."""
        items = [n for n in range(line, end) if self.lines[n - 1].lstrip().startswith("{")]
        return (items[place], (*items, end)[place + 1]) if place < len(items) else (line, end)


def locate_keys(text: str) -> TomlLines:
    r"""Scan a TOML text for its keys.

    Examples
    --------
    >>> toml = locate_keys('[study]\ntitle = "x"\n\n[[factor]]\nid = "age"\n')
    >>> toml.line_of(("factor", 0, "id")), toml.line_of(("study", "profile"))
    (5, 1)
    >>> toml = locate_keys('number = [\n  { id = "a" },\n  { id = "b" },\n]\n')
    >>> toml.line_of(("number", 1, "id"))
    3
    """
    lines = tuple(text.splitlines())
    places: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    table: Path = ()
    for number, line in enumerate(lines, start=1):
        header = _HEADER.match(line)
        if header:
            table = _enter(_parts(header.group(2)), counts, array=header.group(1) == "[[")
            places.setdefault(table, number)
            continue
        key = _KEY.match(line)
        if key:
            places.setdefault((*table, *_parts(key.group(1))), number)
    return TomlLines(lines, places)


def _parts(dotted: str) -> list[str]:
    return [part.strip().strip("\"'") for part in re.findall(r""""[^"]*"|'[^']*'|[^.]+""", dotted)]


def _enter(names: list[str], counts: dict[Path, int], *, array: bool) -> Path:
    """Return the path of a header, with the index of the array elements it lies in."""
    path: Path = ()
    for place, name in enumerate(names):
        path = (*path, name)
        last = place == len(names) - 1
        if last and array:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path
