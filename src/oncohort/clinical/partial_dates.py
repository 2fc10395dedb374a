"""Partial ISO dates: what is known of a day, and which day stands for it under which rule, with a flag."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, TypeAlias

from oncohort.clinical.rule import CriteriaTable, Rule, Source
from oncohort.errors import DataError

DateFlag: TypeAlias = Literal["", "D", "Y", "CONFLICT"]
"""Nothing imputed (or no date at all); the day imputed; no usable date, since month or day are not known and must not
be imputed; no day agrees with the other dates."""

_ISO: Final = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A date of which the day, or month and day, may not be known (None)."""

    year: int
    month: int | None
    day: int | None


@dataclass(frozen=True, slots=True)
class ImputedDate:
    """The date to reckon with, or None where there is none; the flag says what was imputed, ``why`` by which bound."""

    date: date | None
    flag: DateFlag
    why: str


@dataclass(frozen=True, slots=True)
class DateRule:
    """How a date of which only year and month are known is completed; a year alone never is.

    ``day`` is the end of the possible days that is taken; ``not_before`` and ``not_after`` name the dates that narrow
    them, as the page of the rule prints them.
    """

    subject: str
    day: Literal["first", "last", "never"]
    not_before: str = ""
    not_after: str = ""


DEATH: Final = DateRule("death", "first", "last known alive", "data cutoff")
ASSESSMENT: Final = DateRule("assessment", "last", "", "next visit, death, data cutoff")
AE_START: Final = DateRule("start of an adverse event", "first", "first dose, if in the same month", "")
AE_END: Final = DateRule("end of an adverse event", "last")
FIRST_DOSE: Final = DateRule("first dose", "never")
DATE_RULES: Final = (DEATH, ASSESSMENT, AE_START, AE_END, FIRST_DOSE)


def parse_partial(text: str) -> PartialDate:
    """Read a date written as YYYY, YYYY-MM or YYYY-MM-DD.

    Parameters
    ----------
    text : str
        The date and nothing else: no time, no dashes for unknown parts (``2019---07``), no other order.

    Returns
    -------
    PartialDate
        With None for what is not known.

    Raises
    ------
    DataError
        If the text is written in another way, or the calendar has no such day or month.

    Examples
    --------
    >>> parse_partial("2010-03")
    PartialDate(year=2010, month=3, day=None)
    >>> parse_partial("2010-02-29")
    Traceback (most recent call last):
    ...
    oncohort.errors.DataError: the calendar has no date "2010-02-29"; a date that exists was expected
    """
    found = _ISO.fullmatch(text)
    if found is None:
        raise DataError(f'"{text}" is no date; YYYY, YYYY-MM or YYYY-MM-DD was expected')
    year, month, day = found.groups()
    partial = PartialDate(int(year), None if month is None else int(month), None if day is None else int(day))
    try:
        earliest(partial)
    except ValueError:
        raise DataError(f'the calendar has no date "{text}"; a date that exists was expected') from None
    return partial


def earliest(partial: PartialDate) -> date:
    """Return the first day a partial date may mean.

    Examples
    --------
    >>> earliest(parse_partial("2012")), earliest(parse_partial("2012-02"))
    (datetime.date(2012, 1, 1), datetime.date(2012, 2, 1))
    """
    return date(partial.year, *(1 if part is None else part for part in (partial.month, partial.day)))


def latest(partial: PartialDate) -> date:
    """Return the last day a partial date may mean.

    Examples
    --------
    >>> latest(parse_partial("2012")), latest(parse_partial("2012-02"))
    (datetime.date(2012, 12, 31), datetime.date(2012, 2, 29))
    """
    month = 12 if partial.month is None else partial.month
    return date(partial.year, month, monthrange(partial.year, month)[1] if partial.day is None else partial.day)


def impute_death(dtc: str | None, last_known_alive: date | None, cutoff: date | None = None) -> ImputedDate:
    """Complete the date of a death: the first day that may be meant.

    With year and month, the first day of the month, or the last day known alive if that is later in the month. A
    death is never imputed before the last day known alive nor after the cutoff: where no day of the month agrees, it
    is a conflict. A year alone is not imputed; such a patient is censored when last known alive.

    Parameters
    ----------
    dtc : str or None
        Date as recorded; None where there is none.
    last_known_alive : date or None
        Last day the patient was known to be alive.
    cutoff : date or None
        Day after which nothing is counted; None where there is no such day.

    Returns
    -------
    ImputedDate
        A complete date as it stands, even one that contradicts the others: that is for checks to tell.

    Raises
    ------
    DataError
        If ``dtc`` is no date.

    Examples
    --------
    >>> impute_death("2010-03", date(2010, 3, 20))
    ImputedDate(date=datetime.date(2010, 3, 20), flag='D', why='first day from last known alive 2010-03-20')
    >>> impute_death("2010-03", date(2010, 4, 2)).flag, impute_death("2010", None).flag
    ('CONFLICT', 'Y')
    """
    return _impute(dtc, DEATH, (("last known alive", last_known_alive),), (("data cutoff", cutoff),))


def impute_assessment(dtc: str | None, next_visit: date | None, death: date | None, cutoff: date | None) -> ImputedDate:
    """Complete the date of a tumor assessment: the last day of the month, but not after what came next.

    Parameters
    ----------
    dtc : str or None
        Date as recorded; None where there is none.
    next_visit : date or None
        Next visit whose date is known.
    death : date or None
        Day of death.
    cutoff : date or None
        Day after which nothing is counted.

    Returns
    -------
    ImputedDate
        With the flag D if the day was imputed.

    Raises
    ------
    DataError
        If ``dtc`` is no date.

    Examples
    --------
    >>> impute_assessment("2010-02", None, None, None).date
    datetime.date(2010, 2, 28)
    >>> impute_assessment("2010-02", None, date(2010, 2, 11), None).why
    'last day to death 2010-02-11'
    """
    return _impute(dtc, ASSESSMENT, (), (("next visit", next_visit), ("death", death), ("data cutoff", cutoff)))


def impute_ae_start(dtc: str | None, first_dose: date | None) -> ImputedDate:
    """Complete the start of an adverse event: the first day of the month, but not before a first dose in that month.

    So an event of the month of the first dose counts as treatment-emergent.

    Parameters
    ----------
    dtc : str or None
        Date as recorded; None where there is none.
    first_dose : date or None
        First dose of the study drug.

    Returns
    -------
    ImputedDate
        With the flag D if the day was imputed.

    Raises
    ------
    DataError
        If ``dtc`` is no date.

    Examples
    --------
    >>> impute_ae_start("2009-05", date(2009, 5, 12)).date, impute_ae_start("2009-04", date(2009, 5, 12)).date
    (datetime.date(2009, 5, 12), datetime.date(2009, 4, 1))
    """
    partial = None if dtc is None else parse_partial(dtc)
    in_same_month = (
        partial is not None
        and first_dose is not None
        and (first_dose.year, first_dose.month) == (partial.year, partial.month)
    )
    return _impute(dtc, AE_START, (("first dose", first_dose if in_same_month else None),), ())


def impute_ae_end(dtc: str | None) -> ImputedDate:
    """Complete the end of an adverse event: the last day of the month.

    Parameters
    ----------
    dtc : str or None
        Date as recorded; None where there is none.

    Returns
    -------
    ImputedDate
        With the flag D if the day was imputed.

    Raises
    ------
    DataError
        If ``dtc`` is no date.

    Examples
    --------
    >>> impute_ae_end("2012-02").date
    datetime.date(2012, 2, 29)
    """
    return _impute(dtc, AE_END, (), ())


def first_dose_date(dtc: str | None) -> ImputedDate:
    """Return the date of the first dose, which is never imputed: without its day a patient cannot be analyzed.

    Parameters
    ----------
    dtc : str or None
        Date as recorded; None where there is none.

    Returns
    -------
    ImputedDate
        The complete date, or none with the flag Y.

    Raises
    ------
    DataError
        If ``dtc`` is no date.

    Examples
    --------
    >>> first_dose_date("2009-05").flag
    'Y'
    """
    return _impute(dtc, FIRST_DOSE, (), ())


_Bounds: TypeAlias = tuple[tuple[str, date | None], ...]


def _impute(dtc: str | None, rule: DateRule, not_before: _Bounds, not_after: _Bounds) -> ImputedDate:
    """Narrow the days that a date may mean by the other dates, and take the end that the rule says."""
    if dtc is None:
        return ImputedDate(None, "", f"no date of {rule.subject}")
    partial = parse_partial(dtc)
    if partial.day is not None:
        return ImputedDate(earliest(partial), "", "complete")
    if partial.month is None or rule.day == "never":
        return ImputedDate(None, "Y", f'{rule.subject} "{dtc}" is not imputed')
    low = max([(earliest(partial), "of the month"), *((day, f"from {name} {day}") for name, day in not_before if day)])
    high = min([(latest(partial), "of the month"), *((day, f"to {name} {day}") for name, day in not_after if day)])
    if low[0] > high[0]:
        return ImputedDate(None, "CONFLICT", f'no day of "{dtc}" lies {_between(low[1], high[1])}')
    day, bound = low if rule.day == "first" else high
    return ImputedDate(day, "D", f"{rule.day} day {bound}")


def _between(low: str, high: str) -> str:
    return " ".join(bound for bound in (low, high) if bound != "of the month")


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        id="partial_dates",
        title="Partial dates",
        question="Which day stands for a date of which only the month or the year is known?",
        functions=("impute_death", "impute_assessment", "impute_ae_start", "impute_ae_end", "first_dose_date"),
        sources=(
            Source("pharmaverse/admiral @6eb5125, vignettes and test-derive_vars_dt.R", "date_imputation", "seen"),
            Source("CDISC ADaM Implementation Guide", "imputation flags (--DTF)", "from knowledge"),
        ),
        criteria=(
            CriteriaTable(
                "Year and month known, day unknown (flag D)",
                ("date", "day taken", "not before", "not after"),
                tuple((rule.subject, rule.day, rule.not_before, rule.not_after) for rule in DATE_RULES),
            ),
        ),
        doubts=(
            "The paper says nothing about partial dates: all of this was chosen.",
            "The first possible day of a death makes survival shorter than it was, by at most 30 days.",
            "A death whose possible days all lie after the cutoff is not imputed and counts as a conflict.",
            (
                "A date of which only the year is known is never imputed (flag Y); admiral can be asked to take a day "
                "of that year, which it flags M."
            ),
            "The flag Y of CDISC says that the year was imputed; here it says that the date cannot be used.",
        ),
        vectors=("impute_death",),
    ),
)
