"""Findings: what the checks of a study say about its data, each in one sentence with its place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Level: TypeAlias = Literal["fatal", "error", "warning", "note"]
LEVELS: Final[tuple[Level, ...]] = ("fatal", "error", "warning", "note")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found in the data.

    ``sentence`` names no patient and no value, so that it may stand in a report; ``patient_id``,
    ``row`` (of the file, the header is row 1) and ``value`` may not leave the private folder.
    """

    level: Level
    rule: str
    sentence: str
    file: str = ""
    column: str = ""
    row: int | None = None
    patient_id: str = ""
    value: str = ""

    def in_full(self) -> str:
        """Return the finding as one line for the person who owns the data."""
        place = [self.file] if self.file else []
        place += [f"row {self.row}"] if self.row is not None else []
        place += [f"patient {self.patient_id}"] if self.patient_id else []
        place += [f'column "{self.column}"'] if self.column else []
        found = f'"{self.value}": ' if self.value else ""
        return f"{', '.join(place)}: {found}{self.sentence}" if place else f"{found}{self.sentence}"


def count_by_level(findings: Iterable[Finding]) -> dict[Level, int]:
    """Return how many findings there are of each level, gravest first; every level is a key."""
    counts: dict[Level, int] = dict.fromkeys(LEVELS, 0)
    for finding in findings:
        counts[finding.level] += 1
    return counts


def at_least(level: Level, threshold: Level) -> bool:
    """Return whether ``level`` is as grave as ``threshold`` or graver.

    Examples
    --------
    >>> at_least("fatal", "error"), at_least("warning", "error")
    (True, False)
    """
    return LEVELS.index(level) <= LEVELS.index(threshold)
