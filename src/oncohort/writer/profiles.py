"""Every number under two profiles as a file: profiles.csv."""

from __future__ import annotations

from collections.abc import Iterator
from math import isnan
from pathlib import Path
from typing import Final

from oncohort.study.beside import Beside, Pair, cause_of, verdict_of
from oncohort.study.results import KEYS, Row
from oncohort.writer.results import as_csv

COLUMNS: Final = (*KEYS, "unit", "value", "text", "value_beside", "text_beside", "verdict", "changed_by")


def write_profiles(other: Beside, folder: Path) -> None:
    """Write ``profiles.csv``: a row a number, those of the study in the order of ``results.csv`` first."""
    rows = (_cells(pair) for pair in other.pairs)
    (folder / "profiles.csv").write_text(as_csv(COLUMNS, rows), encoding="utf-8", newline="")


def _cells(pair: Pair) -> list[str]:
    both = [text for row in (pair.here, pair.beside) for text in _both(row)]
    return [*pair.row.key(), pair.row.unit, *both, verdict_of(pair), cause_of(pair)]


def _both(row: Row | None) -> Iterator[str]:
    value = None if row is None else row.value
    yield "" if value is None or isnan(value) else repr(value)
    yield "" if row is None else row.text
