"""Whole days between dates, counted in the two ways of the field, and months made of them."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Final

from oncohort.clinical.exact import Number, exact, in_decimals
from oncohort.clinical.rule import CriteriaTable, Rule, Source
from oncohort.errors import DataError

MONTH_DAYS: Final = Fraction(36525, 1200)
"""Days of a month: a twelfth of 365.25."""


def relative_day(when: date, start: date) -> int:
    """Return how many days a date lies after the start.

    The day of the start is day 0 and the day before it is day -1; the study day of CDISC has no day 0.

    Parameters
    ----------
    when : date
        The date to count to.
    start : date
        The first dose of the study drug, or another start.

    Returns
    -------
    int
        Days, negative before the start.

    Raises
    ------
    AttributeError
        If ``when`` or ``start`` is no date.

    Examples
    --------
    >>> relative_day(date(2009, 2, 1), date(2009, 1, 1)), relative_day(date(2008, 12, 31), date(2009, 1, 1))
    (31, -1)
    """
    return when.toordinal() - start.toordinal()


def study_day(when: date, start: date) -> int:
    """Return the study day of CDISC (``--DY``): the start is day 1, the day before it is day -1, there is no day 0.

    Parameters
    ----------
    when : date
        The date to count to.
    start : date
        The first dose of the study drug, or another start.

    Returns
    -------
    int
        Study day, never 0.

    Raises
    ------
    AttributeError
        If ``when`` or ``start`` is no date.

    Examples
    --------
    >>> [study_day(date(2009, 1, day), date(2009, 1, 2)) for day in (1, 2, 3)]
    [-1, 1, 2]
    """
    days = relative_day(when, start)
    return days + 1 if days >= 0 else days


def duration(start: date, end: date, *, add_one: bool) -> int:
    """Return the days from a start to an end.

    ADaM counts both ends (``add_one``); the reproduced paper subtracts the dates. The two differ by one day, so there
    is no default.

    Parameters
    ----------
    start : date
        First day.
    end : date
        Last day, not before the start.
    add_one : bool
        Whether both ends count.

    Returns
    -------
    int
        Days from 0, or from 1 with ``add_one``.

    Raises
    ------
    DataError
        If the end lies before the start.

    Examples
    --------
    >>> start, end = date(2009, 1, 1), date(2009, 2, 1)
    >>> duration(start, end, add_one=False), duration(start, end, add_one=True)
    (31, 32)

    References
    ----------
    pharmaverse/admiral, ``derive_vars_duration``: adds one by default.
    """
    days = relative_day(end, start)
    if days < 0:
        raise DataError(f"the end {end} lies before the start {start}; an end on or after the start was expected")
    return days + add_one


def months(days: Number) -> float:
    """Return days as months of 30.4375 days, never as months of the calendar.

    Parameters
    ----------
    days : int, float, Decimal or Fraction
        Days; negative before the start.

    Returns
    -------
    float
        Months, the double nearest to the exact quotient.

    Raises
    ------
    DataError
        If ``days`` is no finite number.

    Examples
    --------
    >>> round(months(320), 4), months(0)
    (10.5133, 0.0)
    """
    return float(exact(days) / MONTH_DAYS)


def refuse_negative(**days: int | None) -> None:
    """Refuse days before the start; a missing day passes.

    Raises
    ------
    DataError
        If a day is negative, with its name.

    Examples
    --------
    >>> refuse_negative(death_day=320, cutoff_day=None)
    """
    for name, day in days.items():
        if day is not None and day < 0:
            raise DataError(f"{name} is {day}; a day from 0, the first dose, was expected")


STUDY_DAYS: Final = Rule(
    id="study_days",
    title="Days and months",
    question="How many days lie between two dates, and how many months are they?",
    functions=("relative_day", "study_day", "duration", "months"),
    sources=(
        Source("The reproduced paper (sorafenib in advanced HBV-related HCC)", "Disease assessment", "paper"),
        Source("pharmaverse/admiral @6eb5125, test-compute_duration.R", "tests 1, 15 and 16", "seen"),
        Source("CDISC SDTM Implementation Guide", "4.4.4, study day", "from knowledge"),
    ),
    criteria=(
        CriteriaTable(
            "Days around a start on 2 January 2009",
            ("date", "relative day", "study day (--DY)", "days to it with both ends"),
            tuple(
                (
                    str(when),
                    str(relative_day(when, date(2009, 1, 2))),
                    str(study_day(when, date(2009, 1, 2))),
                    str(duration(date(2009, 1, 2), when, add_one=True)) if when >= date(2009, 1, 2) else "refused",
                )
                for when in (date(2009, 1, 1), date(2009, 1, 2), date(2009, 1, 3), date(2009, 2, 1))
            ),
        ),
        CriteriaTable(
            "Units",
            ("unit", "days"),
            (("month", in_decimals(MONTH_DAYS)), ("year", in_decimals(12 * MONTH_DAYS)), ("week", "7")),
        ),
    ),
    doubts=(
        "The paper does not state how many days its months have: 365.25 / 12 was chosen.",
        "The paper does not state whether the last day counts: it says from one date to another, so it is not added.",
        (
            "Months of the calendar would give 1.0 from 1 January to 1 February and from 1 February to 1 March, which "
            "is 31 and 28 days: they are never used."
        ),
        "An event on day 0 is kept and counts on day 0.",
    ),
    vectors=("months",),
)
