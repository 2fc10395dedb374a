"""Exposure to a drug: relative dose intensity, days at each dose, reductions, interruptions, returns to the dose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Final

from oncohort.clinical.exact import Number, exact, in_decimals
from oncohort.clinical.rule import CriteriaTable, Rule, Source
from oncohort.errors import DataError


@dataclass(frozen=True, slots=True)
class DoseSegment:
    """Days at one dose: from ``start_day`` to ``end_day``, both included; 0 mg a day is an interruption."""

    start_day: int
    end_day: int
    mg_per_day: Number
    state: str


@dataclass(frozen=True, slots=True)
class DoseReduction:
    """A fall to a lower dose above 0, and the days until the dose before it was back (None: it never was)."""

    day: int
    from_mg_per_day: Fraction
    to_mg_per_day: Fraction
    days_to_return: int | None


@dataclass(frozen=True, slots=True)
class DoseInterruption:
    """Days without the drug after its first dose, adjoining segments as one; both days included."""

    start_day: int
    end_day: int


def relative_dose_intensity(segments: Sequence[tuple[Number, Number]], *, full_mg_per_day: Number) -> Fraction:
    """Return the dose that was taken, in percent of the full dose on every day of treatment.

    Interruptions count as days of treatment, at 0 mg.

    Parameters
    ----------
    segments : sequence of (days, mg per day)
        Days and daily dose of each, both from 0; at least one day in all.
    full_mg_per_day : number
        The full daily dose in mg, above 0.

    Returns
    -------
    Fraction
        Percent, exact; above 100 where more than the full dose was taken.

    Raises
    ------
    DataError
        If there is no day, a number is negative, or the full dose is not positive.

    Examples
    --------
    >>> str(relative_dose_intensity([(20, 800), (10, 400), (70, 800)], full_mg_per_day=800))
    '95'
    """
    full = exact(full_mg_per_day)
    if full <= 0:
        raise DataError(f"full_mg_per_day: {in_decimals(full)} was given; a dose above 0 was expected")
    by_dose = days_at(segments)
    days = sum(by_dose.values())
    if days == 0:
        raise DataError("a relative dose intensity needs at least one day of treatment")
    return 100 * sum((dose * number for dose, number in by_dose.items()), Fraction(0)) / (full * days)


def days_at(segments: Sequence[tuple[Number, Number]]) -> dict[Fraction, Fraction]:
    """Return the days at each daily dose, highest dose first.

    Parameters
    ----------
    segments : sequence of (days, mg per day)
        Both from 0.

    Returns
    -------
    dict of Fraction
        Daily dose in mg → days.

    Raises
    ------
    DataError
        If a number is negative.

    Examples
    --------
    >>> {int(dose): int(days) for dose, days in days_at([(28, 800), (7, 0), (28, 400), (9, 800)]).items()}
    {800: 37, 400: 28, 0: 7}
    """
    pairs = [(exact(days), exact(dose)) for days, dose in segments]
    for days, dose in pairs:
        if days < 0 or dose < 0:
            raise DataError(f"{in_decimals(days)} days at {in_decimals(dose)} mg: numbers from 0 were expected")
    doses = sorted({dose for _, dose in pairs}, reverse=True)
    return {dose: sum((days for days, other in pairs if other == dose), Fraction(0)) for dose in doses}


def durations(segments: Sequence[DoseSegment]) -> tuple[tuple[int, Fraction], ...]:
    """Return (days, mg per day) of dated segments, which leave out no day.

    Parameters
    ----------
    segments : sequence of DoseSegment
        Of one patient, in the order of their days.

    Returns
    -------
    tuple of (int, Fraction)
        For `relative_dose_intensity` and `days_at`.

    Raises
    ------
    DataError
        If a segment ends before it begins, two overlap, or a day between them is in none: whether the drug was taken
        then is not known.

    Examples
    --------
    >>> [int(days) for days, _ in durations([DoseSegment(0, 19, 800, "FULL"), DoseSegment(20, 29, 400, "REDUCED")])]
    [20, 10]
    """
    _check(segments)
    for before, after in pairwise(segments):
        if after.start_day > before.end_day + 1:
            raise DataError(f"days {before.end_day + 1} to {after.start_day - 1} are in no dose segment")
    return tuple((segment.end_day - segment.start_day + 1, exact(segment.mg_per_day)) for segment in segments)


def dose_reductions(segments: Sequence[DoseSegment]) -> tuple[DoseReduction, ...]:
    """Return every fall to a lower dose, with the days until the dose before it was back.

    An interruption is no reduction; a dose is compared with the last one that was taken. Days to the return count
    from the first day of the lower dose to the first day of a dose at least as high as the one before.

    Parameters
    ----------
    segments : sequence of DoseSegment
        Of one patient, in the order of their days.

    Returns
    -------
    tuple of DoseReduction
        In the order of their days; its length is the number of reductions.

    Raises
    ------
    DataError
        If a segment ends before it begins, a dose is negative, or two segments overlap.

    Examples
    --------
    >>> taken = [DoseSegment(0, 19, 800, "FULL"), DoseSegment(20, 29, 400, "REDUCED"), DoseSegment(30, 99, 800, "FULL")]
    >>> [(reduction.day, reduction.days_to_return) for reduction in dose_reductions(taken)]
    [(20, 10)]
    """
    _check(segments)
    taken = [(segment.start_day, exact(segment.mg_per_day)) for segment in segments if exact(segment.mg_per_day) > 0]
    return tuple(
        DoseReduction(
            day, before, dose, next((later - day for later, mg in taken if later > day and mg >= before), None)
        )
        for (_, before), (day, dose) in pairwise(taken)
        if dose < before
    )


def dose_interruptions(segments: Sequence[DoseSegment]) -> tuple[DoseInterruption, ...]:
    """Return every interruption after the first dose; adjoining segments without the drug are one.

    Parameters
    ----------
    segments : sequence of DoseSegment
        Of one patient, in the order of their days.

    Returns
    -------
    tuple of DoseInterruption
        In the order of their days; its length is the number of interruptions.

    Raises
    ------
    DataError
        If a segment ends before it begins, a dose is negative, or two segments overlap.

    Examples
    --------
    >>> paused = DoseSegment(28, 34, 0, "INTERRUPTED")
    >>> dose_interruptions([DoseSegment(0, 27, 800, "FULL"), paused, DoseSegment(35, 62, 400, "REDUCED")])
    (DoseInterruption(start_day=28, end_day=34),)
    """
    _check(segments)
    found: list[DoseInterruption] = []
    begun = False
    for segment in segments:
        if exact(segment.mg_per_day) > 0:
            begun = True
        elif found and segment.start_day == found[-1].end_day + 1:
            found[-1] = DoseInterruption(found[-1].start_day, segment.end_day)
        elif begun:
            found.append(DoseInterruption(segment.start_day, segment.end_day))
    return tuple(found)


def _check(segments: Sequence[DoseSegment]) -> None:
    for segment in segments:
        place = f"dose segment of days {segment.start_day} to {segment.end_day}"
        if segment.end_day < segment.start_day:
            raise DataError(f"{place}: the last day is before the first")
        if exact(segment.mg_per_day) < 0:
            raise DataError(f"{place}: {in_decimals(segment.mg_per_day)} mg a day is negative")
    for before, after in pairwise(segments):
        if after.start_day <= before.end_day:
            raise DataError(
                f"the dose segment from day {after.start_day} begins before the one until day {before.end_day} ends"
            )


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        id="dose_intensity",
        title="Relative dose intensity and exposure",
        question="How much of the full dose did a patient take, and how often was it reduced or interrupted?",
        functions=(
            "relative_dose_intensity",
            "days_at",
            "durations",
            "dose_reductions",
            "dose_interruptions",
        ),
        sources=(
            Source(
                "The reproduced paper (sorafenib in advanced HBV-related HCC)",
                "Results: median 6.5 months of sorafenib, 27 reductions for 1-2 weeks",
                "paper",
            ),
            Source("Hryniuk W, Bush H. J Clin Oncol 1984;2:1281-1288", "dose intensity", "from knowledge"),
        ),
        criteria=(
            CriteriaTable(
                "Exposure",
                ("quantity", "definition"),
                (
                    ("relative dose intensity", "100 x sum of mg taken / (full mg per day x days on treatment)"),
                    ("days on treatment", "first to last day, interruptions included"),
                    ("reduction", "a dose above 0 and below the last dose taken"),
                    ("interruption", "days at 0 mg after the first dose, adjoining ones as one"),
                    ("days to return", "first day of the lower dose to first day at the dose before, or above"),
                ),
            ),
        ),
        doubts=(
            (
                "The paper reports no dose intensity and defines neither reduction nor interruption; the "
                "definitions were chosen."
            ),
            (
                "Interruptions count as days on treatment; where they are left out, the number is the mean dose "
                "of the days with the drug."
            ),
            "The citation for dose intensity is from knowledge.",
        ),
        vectors=("rdi",),
    ),
)
