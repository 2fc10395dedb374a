"""Small cells: counts below the protocol's ``privacy.min_cell`` are told only as smaller than it."""

from __future__ import annotations

from dataclasses import replace

from oncohort.study.results import KEYS, Row
from oncohort.study.text import mask_count


def mask_small_cells(rows: list[Row], min_cell: int) -> list[Row]:
    """Return the rows with small counts masked, and with them the percents and estimates made of so few.

    A number of patients, events or missing values from 1 to ``min_cell`` − 1 loses its value and reads
    "<min_cell". Where the number of patients itself is masked, every statistic of those patients is
    masked; where the number of events is, the percent is. ``min_cell`` 0 or 1 masks nothing.

    What is masked may still follow from a total and the other parts: complementary masking is the
    author's to judge.
    """
    if min_cell < 2:
        return rows
    small = {_cell(row) for row in rows if _is_small(row, min_cell)}
    patients = {_cell(row) for row in rows if row.statistic == "n" and _is_small(row, min_cell)}
    return [_masked(row, min_cell, small, patients) for row in rows]


def _cell(row: Row) -> tuple[str, ...]:
    return tuple(part for name, part in zip(KEYS, row.key(), strict=True) if name != "statistic")


def _is_small(row: Row, min_cell: int) -> bool:
    return row.unit == "patients" and row.value is not None and 0 < row.value < min_cell


def _masked(row: Row, min_cell: int, small: set[tuple[str, ...]], patients: set[tuple[str, ...]]) -> Row:
    if _is_small(row, min_cell):
        return replace(row, value=None, text=mask_count(1, min_cell))
    cell = _cell(row)
    if cell in patients or (row.statistic == "percent" and cell in small):
        return replace(row, value=None, text="masked") if row.value is not None else row
    return row
