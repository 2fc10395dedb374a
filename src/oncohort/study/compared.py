"""Published numbers beside the recomputed ones: what was compared, and how it came out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal, TypeAlias

from oncohort.study.schema_published import PublishedNumber, PublishedSource

Verdict: TypeAlias = Literal["equal", "equal_tie", "differs", "not_recomputable", "protocol"]
VERDICTS: Final[tuple[Verdict, ...]] = ("equal", "equal_tie", "differs", "not_recomputable", "protocol")


@dataclass(frozen=True, slots=True)
class ComparedNumber:
    """A published number with what the study gives.

    ``value`` is the full double that was compared, None where it is no number; ``recomputed`` what a reader sees of
    it, at the printed precision. ``key`` is the beginning of the line of ``results.csv``, or the key of study.toml.
    ``reason`` is empty where the numbers are equal.
    """

    number: PublishedNumber
    value: float | None
    recomputed: str
    verdict: Verdict
    reason: str
    key: str


@dataclass(frozen=True, slots=True)
class ComparedNumbers:
    """A publication beside a run of its study."""

    source: PublishedSource
    numbers: tuple[ComparedNumber, ...]


def as_printed(number: PublishedNumber) -> str:
    """Return a number as the publication has it.

    Examples
    --------
    >>> as_printed(PublishedNumber(id="p", place="Abstract", value=Decimal("0.001"), op="<"))
    '<0.001'
    """
    if isinstance(number.value, tuple):
        return ", ".join(number.value)
    sign = "" if number.op == "=" else number.op
    return f"{sign}{number.value:f}" if isinstance(number.value, Decimal) else f"{sign}{number.value}"


def tally(compared: Iterable[ComparedNumber]) -> dict[Verdict, int]:
    """Return how many numbers came out in each way; every verdict is a key."""
    counts: dict[Verdict, int] = dict.fromkeys(VERDICTS, 0)
    for item in compared:
        counts[item.verdict] += 1
    return counts


def without_duplicates(compared: Iterable[ComparedNumber]) -> tuple[ComparedNumber, ...]:
    """Return the numbers that repeat no other."""
    return tuple(item for item in compared if item.number.duplicate_of is None)
