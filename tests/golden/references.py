"""Cases of other programs answered by ours: what a comparison is, and how one is judged.

An answer is a short text on both sides ("PR 2020-02-01"), so that a reader sees what was compared. Each row is equal,
or stands in a table of differences with what we answer instead and why.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

GOLDEN: Final = Path(__file__).parent / "admiral"
NO_FUNCTION: Final = "no function"


@dataclass(frozen=True, slots=True)
class Difference:
    """Rows that differ in one way: names of cases and of rows, what we answer there, and why, in one sentence."""

    cases: tuple[str, ...]
    rows: tuple[str, ...]
    here: str
    why: str


@dataclass(frozen=True, slots=True)
class Answered:
    """One expected row: what the reference answers, what we answer, and the difference that is told of it, if any."""

    case: str
    row: str
    there: str
    here: str
    told: Difference | None


@dataclass(frozen=True, slots=True)
class Reference:
    """One function of another program: its file of cases, our functions with their page, how we ask them, its rows."""

    name: str
    source: str
    licence: str
    page: str
    asked: str
    cases: tuple[str, ...]
    answered: tuple[Answered, ...]
    differences: tuple[Difference, ...]


Adapter = Callable[[Mapping[str, Any], Mapping[str, Any]], tuple[str, str]]
"""From a case and one of its rows: the answer there and the answer here."""


def read_reference(file: str, page: str, asked: str, adapter: Adapter, differences: Sequence[Difference]) -> Reference:
    """Read a file of cases and answer each of its rows."""
    content = json.loads((GOLDEN / file).read_text(encoding="utf-8"))
    answered = tuple(
        Answered(case["case"], row["row"], *adapter(case, row), told_of(differences, case["case"], row["row"]))
        for case in content["cases"]
        for row in case["rows"]
    )
    cases = tuple(case["case"] for case in content["cases"])
    name = file.removesuffix(".json")
    return Reference(name, content["source"], content["licence"], page, asked, cases, answered, tuple(differences))


def tell(cases: str, rows: str, here: str, why: str) -> Difference:
    """Tell a difference: cases parted by blanks, rows by commas."""
    return Difference(tuple(cases.split()), tuple(rows.split(", ")), here, why)


def told_of(differences: Sequence[Difference], case: str, row: str) -> Difference | None:
    """Return the difference that is told of a row; two would contradict each other."""
    found = [difference for difference in differences if case in difference.cases and row in difference.rows]
    if len(found) > 1:
        raise ValueError(f"case {case}, row {row}: {len(found)} differences are told")
    return found[0] if found else None


def each_row(references: Sequence[Reference]) -> list[Any]:
    """Return every row of some references as an argument of a test, named after its place."""
    return [
        pytest.param(answered, id=f"{reference.name}-{answered.case}-{answered.row}-{place}")
        for reference in references
        for place, answered in enumerate(reference.answered)
    ]


def judge(answered: Answered) -> None:
    """Assert that a row is equal and no difference is told, or that it differs in just the way that is told."""
    there, here, difference = answered.there, answered.here, answered.told
    if difference is None:
        assert here == there, f"neither equal nor told: {there!r} there, {here!r} here"
    else:
        assert here == difference.here, f"not the difference that is told: {difference.here!r} told, {here!r} here"
        assert here != there, f"told as a difference, but equal: {here!r}"


def untold(reference: Reference) -> list[tuple[str, str]]:
    """Return the cases and rows that a difference names, but the reference does not have."""
    there = {(answered.case, answered.row) for answered in reference.answered}
    named = {(case, row) for told in reference.differences for case in told.cases for row in told.rows}
    return sorted(named - there)


def say(*parts: object) -> str:
    """Join what there is of an answer; nothing at all is "none"."""
    return " ".join(str(part) for part in parts if part is not None) or "none"


def as_date(text: str | None) -> date | None:
    """Read the day of a date or a time of day."""
    return None if text is None else date.fromisoformat(text[:10])


def day_from(start: str, when: str) -> int:
    """Count the days from a start to a date."""
    return (date.fromisoformat(when[:10]) - date.fromisoformat(start[:10])).days


def date_of(start: str, day: int | None) -> date | None:
    """Return the date of a day from a start."""
    return None if day is None else date.fromisoformat(start[:10]) + timedelta(day)
