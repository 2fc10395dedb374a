"""What is written for a synthetic patient: rows of the template's tables, and the violations among them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeAlias

from oncohort.study.template_tables import TEMPLATE

Cell: TypeAlias = str | int | float | date
Row: TypeAlias = dict[str, Any]
"""One row of a table, each value a `Cell`; what is missing has no key. Every day is a date."""

Rows: TypeAlias = dict[str, list[Row]]
"""The rows of a patient by table."""


@dataclass(frozen=True, slots=True)
class Planted:
    """A deviation that the rows of a patient hold, on purpose or because the outline leaves no other way.

    Attributes
    ----------
    patient_id : str
        The patient.
    rule : str
        Id of the rule of adherence, or of the finding where a recorded value differs from the derived one.
    day : int or None
        Day of the occasion, from the first dose.
    verdict : {"broken", "differs"}
        What the audit says of it: a broken rule, or a recorded value that differs from the derived one.
    reason : str
        Why it is there, in a sentence.
    """

    patient_id: str
    rule: str
    day: int | None
    verdict: str
    reason: str


def row_of(patient_id: str, **cells: Cell | None) -> Row:
    """Return a row; cells that are None are left out.

    Examples
    --------
    >>> row_of("SYN-001", ecog=1, kps=None)
    {'patient_id': 'SYN-001', 'ecog': 1}
    """
    return {"patient_id": patient_id} | {name: cell for name, cell in cells.items() if cell is not None}


def date_of(start: date, day: int) -> date:
    """Return the date of a day, counted from the first dose.

    Examples
    --------
    >>> date_of(date(2009, 3, 2), 56)
    datetime.date(2009, 4, 27)
    """
    return start + timedelta(days=day)


def joined(parts: Iterable[Rows]) -> Rows:
    """Return rows that were written apart as one set, the tables in the order of the template.

    Examples
    --------
    >>> joined([{"labs": [{"test": "ALB"}]}, {"subjects": [{"sex": "F"}], "labs": [{"test": "INR"}]}])
    {'subjects': [{'sex': 'F'}], 'labs': [{'test': 'ALB'}, {'test': 'INR'}]}
    """
    found: Rows = {name: [] for name in TEMPLATE}
    for part in parts:
        for name, rows in part.items():
            found[name] += rows
    return {name: rows for name, rows in found.items() if rows}


def first_date(rows: Rows) -> date:
    """Return the earliest date of any row."""
    return min(cell for table in rows.values() for row in table for cell in row.values() if isinstance(cell, date))
