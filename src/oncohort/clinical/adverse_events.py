"""Which adverse events count: in the window of the treatment, related to the drug, and with which worst grade."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import product
from math import inf
from typing import Final

from oncohort.clinical.answer import Answer, decided, undetermined
from oncohort.clinical.rule import CriteriaTable, Rule, Source
from oncohort.errors import DataError

RELATIONS: Final = ("NOT RELATED", "POSSIBLE", "PROBABLE", "RELATED")
"""How an investigator may relate an event to the drug (AEREL)."""

DRUG_RELATED: Final = frozenset({"POSSIBLE", "PROBABLE", "RELATED"})
"""The relations that make an adverse drug reaction."""

_MISSING: Final = "not recorded"


@dataclass(frozen=True, slots=True)
class TreatmentWindow:
    """The days in which an event is treatment-emergent: from the first dose to some days after the last, both counted.

    ``last_dose_day`` is None where the treatment goes on or its end is not known.
    """

    first_dose_day: int | None
    last_dose_day: int | None
    window_days: int


@dataclass(frozen=True, slots=True)
class _Case:
    """One way in which what is missing may be filled."""

    start: float
    last: float
    grade: int
    baseline: int


def is_treatment_emergent(
    start_day: int | None,
    end_day: int | None,
    *,
    window: TreatmentWindow,
    grade: int | None,
    baseline_grade: int | None,
    worse_than_baseline: bool,
) -> Answer[bool]:
    """Say whether an adverse event is treatment-emergent.

    Without ``worse_than_baseline`` an event counts if it starts in the window. With it, an event counts if any of it
    lies in the window and its grade is above the grade at baseline, even if it started before the first dose. An event
    without an end counts as going on; the answer names the end as missing where that mattered. What else is missing is
    filled in every possible way: the answer is given if all agree.

    Parameters
    ----------
    start_day : int or None
        First day of the event, from the first dose (day 0), negative before; None where not known.
    end_day : int or None
        Last day of the event, not before its start; None where it goes on or the end is not known.
    window : TreatmentWindow
        First and last dose, and the days after the last.
    grade : int or None
        Grade of the event, 1 to 5; used only with ``worse_than_baseline``.
    baseline_grade : int or None
        Grade of the same condition before the first dose, 0 to 4, 0 where it was absent; used only with
        ``worse_than_baseline``.
    worse_than_baseline : bool
        Whether worsening decides. No default: trials differ.

    Returns
    -------
    Answer of bool
        Undetermined if what is missing could change it, and without a first dose.

    Raises
    ------
    DataError
        If an end comes before its start, a grade is impossible, or the days of the window are negative.

    Examples
    --------
    >>> window = TreatmentWindow(first_dose_day=0, last_dose_day=120, window_days=30)
    >>> [
    ...     is_treatment_emergent(
    ...         day, None, window=window, grade=2, baseline_grade=None, worse_than_baseline=False
    ...     ).value
    ...     for day in (-1, 0, 150, 151)
    ... ]
    [False, True, True, False]
    >>> is_treatment_emergent(
    ...     -20, 14, window=window, grade=3, baseline_grade=1, worse_than_baseline=True
    ... ).why
    'event from day -20 to day 14, window day 0 to day 150, grade 3 above baseline grade 1'
    """
    _refuse_window(window)
    _refuse_order("the event", start_day, end_day)
    _refuse_grade("grade", grade, 1, 5)
    _refuse_grade("baseline_grade", baseline_grade, 0, 4)
    grades = {"grade": grade, "baseline_grade": baseline_grade} if worse_than_baseline else {}
    inputs = {"start_day": start_day, **grades, "last_dose_day": window.last_dose_day}
    missing = [name for name, value in inputs.items() if value is None]
    first = window.first_dose_day
    if first is None:
        return undetermined(["first_dose_day", *missing], [True, False])
    cases = _cases(start_day, end_day, window, first, (grade, baseline_grade))
    answers = {_emerges(case, end_day, first, worse_than_baseline=worse_than_baseline) for case in cases}
    if len(answers) > 1:
        return undetermined(missing, [True, False])
    answer = answers.pop()
    if answer and end_day is None and (start_day is None or start_day < first):
        missing.append("end_day")
    why = f"event from {_day(start_day)} to {_day(end_day)}, {_window_text(window, first)}"
    return decided(answer, why + _grade_text(grade, baseline_grade) if worse_than_baseline else why, missing)


def worst_grade(grades: Iterable[int | None]) -> Answer[int]:
    """Return the worst grade of a patient's records of one term.

    A record without a grade may have any: the answer is then open unless a grade is 5.

    Parameters
    ----------
    grades : iterable of int or None
        Grades of the records, 0 to 5; None where not recorded.

    Returns
    -------
    Answer of int
        0 where there is no record: no event.

    Raises
    ------
    DataError
        If a grade is not 0 to 5.

    Examples
    --------
    >>> worst_grade([1, 3, 2]).value, worst_grade([]).value, worst_grade([1, 3, None]).possible
    (3, 0, (3, 4, 5))
    """
    listed = list(grades)
    for grade in listed:
        _refuse_grade("grade", grade, 0, 5)
    worst = max((grade for grade in listed if grade is not None), default=0)
    missing = ["grade"] if None in listed else []
    if not missing or worst == 5:
        return decided(worst, f"worst of {len(listed)} records" if listed else "no record", missing)
    return undetermined(missing, range(max(worst, 1), 6))


def is_drug_related(related: str | None, *, attribution: Collection[str]) -> Answer[bool]:
    """Say whether an adverse event counts as related to the drug.

    Parameters
    ----------
    related : {"NOT RELATED", "POSSIBLE", "PROBABLE", "RELATED"} or None
        What the investigator said; None where not recorded.
    attribution : collection of str
        The relations that count, as `DRUG_RELATED`. No default: trials differ about POSSIBLE.

    Returns
    -------
    Answer of bool
        Undetermined where no relation is recorded.

    Raises
    ------
    DataError
        If a relation is not one of `RELATIONS`.

    Examples
    --------
    >>> [is_drug_related(word, attribution=DRUG_RELATED).value for word in RELATIONS]
    [False, True, True, True]
    """
    for word in (*attribution, *(() if related is None else (related,))):
        if word not in RELATIONS:
            raise DataError(f'"{word}" is no relation to the drug; one of {", ".join(RELATIONS)} was expected')
    if related is None:
        return undetermined(["related"], [True, False])
    return decided(related in attribution, f"relation to the drug {related}")


def _cases(
    start: int | None, end: int | None, window: TreatmentWindow, first: int, grades: tuple[int | None, int | None]
) -> list[_Case]:
    """Fill what is missing: a start before, in or after the window; a last dose at once or never; any grade."""
    last_dose = window.last_dose_day
    lasts = (first + window.window_days, inf) if last_dose is None else (last_dose + window.window_days,)
    known_end = inf if end is None else end
    return [
        _Case(day, last, grade, baseline)
        for last, grade, baseline in product(
            lasts,
            range(1, 6) if grades[0] is None else (grades[0],),
            range(5) if grades[1] is None else (grades[1],),
        )
        for day in ((min(first - 1, known_end), first, last + 1) if start is None else (start,))
        if day <= known_end
    ]


def _emerges(case: _Case, end: int | None, first: int, *, worse_than_baseline: bool) -> bool:
    if not worse_than_baseline:
        return first <= case.start <= case.last
    return case.start <= case.last and (end is None or end >= first) and case.grade > case.baseline


def _refuse_window(window: TreatmentWindow) -> None:
    if window.window_days < 0:
        raise DataError(f"the window is {window.window_days} days after the last dose; days from 0 were expected")
    _refuse_order("the treatment", window.first_dose_day, window.last_dose_day)


def _refuse_order(what: str, start: int | None, end: int | None) -> None:
    if start is not None and end is not None and end < start:
        raise DataError(f"{what} starts on day {start} and ends on day {end}; an end after the start was expected")


def _refuse_grade(name: str, grade: int | None, lowest: int, highest: int) -> None:
    if grade is not None and not lowest <= grade <= highest:
        raise DataError(f"{name} is {grade}; a grade from {lowest} to {highest} was expected")


def _day(day: int | None) -> str:
    return f"a day {_MISSING}" if day is None else f"day {day}"


def _window_text(window: TreatmentWindow, first: int) -> str:
    last = window.last_dose_day
    return f"window day {first} to {_day(None if last is None else last + window.window_days)}"


def _grade_text(grade: int | None, baseline: int | None) -> str:
    sign = "and" if grade is None or baseline is None else "above" if grade > baseline else "not above"
    told = [_MISSING if one is None else str(one) for one in (grade, baseline)]
    return f", grade {told[0]} {sign} baseline grade {told[1]}"


_PAPER: Final = Source(
    "The reproduced paper (sorafenib in advanced HBV-related HCC)",
    "Results, treatment-related adverse effects",
    "paper",
)
_EXAMPLE: Final = TreatmentWindow(first_dose_day=0, last_dose_day=120, window_days=30)


def _shown(start: int | None, end: int | None, grade: int, baseline: int) -> tuple[str, ...]:
    answers = (
        is_treatment_emergent(
            start, end, window=_EXAMPLE, grade=grade, baseline_grade=baseline, worse_than_baseline=worse
        ).value
        for worse in (False, True)
    )
    words = ("open" if answer is None else "yes" if answer else "no" for answer in answers)
    return (*("" if day is None else str(day) for day in (start, end)), str(grade), str(baseline), *words)


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        id="treatment_emergent",
        title="Treatment-emergent adverse events",
        question="Did an adverse event emerge under treatment?",
        functions=("is_treatment_emergent",),
        sources=(
            _PAPER,
            Source("pharmaverse/admiral @6eb5125, test-derive_var_trtemfl.R", "tests 1, 2, 4 and 12", "seen"),
        ),
        criteria=(
            CriteriaTable(
                "First dose on day 0, last dose on day 120, 30 days after it",
                ("start", "end", "grade", "baseline grade", "starts in the window", "worse than baseline"),
                (
                    _shown(-1, 20, 2, 2),
                    _shown(-1, 20, 3, 2),
                    _shown(-9, -1, 3, 2),
                    _shown(0, 4, 2, 0),
                    _shown(150, 160, 2, 0),
                    _shown(151, 160, 2, 0),
                    _shown(None, 100, 2, 0),
                    _shown(None, None, 2, 0),
                ),
            ),
        ),
        doubts=(
            "The paper says neither which events emerged under treatment nor how long after the last dose it counted.",
            (
                "admiral counts an event without a start as treatment-emergent unless it ended before the first dose; "
                "here the answer is left open unless every possible start gives the same."
            ),
            "An event without an end counts as going on.",
            (
                "Where worsening decides, a new event no worse than the condition at baseline does not count; admiral "
                "counts every event that starts under treatment. Give baseline grade 0 for a condition that had "
                "resolved."
            ),
        ),
    ),
    Rule(
        id="worst_grade",
        title="Worst grade",
        question="What is the worst grade of a patient's records of one term?",
        functions=("worst_grade",),
        sources=(_PAPER,),
        criteria=(
            CriteriaTable(
                "Records of one patient",
                ("grades", "worst grade"),
                (
                    ("1, 3, 2", str(worst_grade([1, 3, 2]).value)),
                    ("none recorded as an event", str(worst_grade([]).value)),
                    ("3, one not recorded", " or ".join(map(str, worst_grade([3, None]).possible))),
                ),
            ),
        ),
        doubts=(
            (
                "The paper does not say whether a patient counts once for each term; some of its sums suggest that "
                "events were counted, not patients."
            ),
        ),
    ),
    Rule(
        id="attribution",
        title="Attribution to the drug",
        question="Which adverse events count as related to the drug?",
        functions=("is_drug_related",),
        sources=(
            _PAPER,
            Source("CDISC SDTM Implementation Guide", "AE domain, AEREL", "from knowledge"),
        ),
        criteria=(
            CriteriaTable(
                "Relation as the investigator recorded it",
                ("relation", "counts"),
                tuple((word, "yes" if word in DRUG_RELATED else "no") for word in RELATIONS),
            ),
        ),
        doubts=("The paper speaks of treatment-related effects and does not say which relations it counted.",),
    ),
)
