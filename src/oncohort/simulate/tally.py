"""Outlines counted as margins are told, and where the two disagree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import median
from typing import Any, Final

from oncohort.simulate.draw_events import told_grades
from oncohort.simulate.draw_people import told_counts
from oncohort.simulate.draw_survival import DAYS_PER_MONTH, median_days
from oncohort.simulate.margins import Margins, Spread
from oncohort.simulate.outline import Course, Outline
from oncohort.study.problems import Problem
from oncohort.study.protocol import Protocol
from oncohort.study.rules_in_force import adds_one_day
from oncohort.study.toml_lines import Path

_CATEGORIES: Final = (
    "sex",
    "ecog",
    "differentiation",
    "n_tumours",
    "pvt",
    "metastases",
    "etiology",
    "child_pugh_class",
)
_SPREADS: Final = ("age", "max_diam_mm", "platelets_10e9_per_l", "afp_ng_per_ml")
_COUNTED: Final[Mapping[tuple[str, str], Callable[[Course], bool]]] = {
    ("survival", "deaths"): lambda course: course.died,
    ("survival", "progressed"): lambda course: course.progressed,
    ("treatment", "dose_reduced"): lambda course: course.dose_reduced,
    ("treatment", "continued"): lambda course: course.continued is True,
}
"""What is told as a number of patients, and whom it counts."""


def disagreements(margins: Margins, outlines: Sequence[Outline], protocol: Protocol) -> Iterator[Problem]:
    """Yield every margin that outlines do not have, with both numbers.

    Medians and ranges agree if they are the same in the decimals that are told; times are months of 30.4375 days, and
    the medians of survival are those of Kaplan and Meier.

    Parameters
    ----------
    margins : Margins
        What is told.
    outlines : sequence of Outline
        The treated and the excluded.
    protocol : Protocol
        Says whether times count the first day too.
    """
    treated = [outline for outline in outlines if outline.course is not None]
    courses = [outline.course for outline in treated if outline.course is not None]
    yield from _differ(("patients", "treated"), margins.patients.treated, len(treated))
    yield from _differ(("patients", "screened"), margins.patients.screened, len(outlines))
    yield from _of_categories(("excluded",), margins.n_excluded(), Counter(o.excluded for o in outlines if o.excluded))
    yield from _of_baseline(margins, treated)
    yield from _of_categories(("arm",), margins.arm, Counter(course.arm for course in courses))
    for arm, told in (margins.response or {}).items():
        own = Counter(course.best for course in courses if arm in {"all", course.arm})
        yield from _of_categories(("response", arm), told, own)
    for (section, name), counts in _COUNTED.items():
        told = getattr(getattr(margins, section), name)
        yield from _differ((section, name), told, sum(map(counts, courses)))
    yield from _of_times(margins, courses, int(adds_one_day(protocol)))
    yield from _of_categories(("death",), margins.death, Counter(c.death_cause for c in courses if c.died))
    stops = Counter(course.early_stop for course in courses if course.early_stop)
    yield from _of_categories(("treatment", "early_stop"), margins.treatment.early_stop, stops)
    for term, grades in (margins.adverse_event or {}).items():
        own = Counter(course.worst_grades.get(term, 0) for course in courses)
        told = {grade: n for grade, n in told_grades(grades, len(courses)).items() if not grade or str(grade) in grades}
        for grade, n in told.items():
            place, had = (str(grade), own[grade]) if grade else ("any", len(courses) - own[0])
            yield from _differ(("adverse_event", term, place), n if grade else len(courses) - n, had)


def _differ(place: Path, told: Any, own: Any) -> Iterator[Problem]:
    if told is not None and told != own:
        yield place, f"{told} is told, but the outlines have {own}"


def _of_categories(place: Path, told: Mapping[Any, int] | None, own: Mapping[Any, int]) -> Iterator[Problem]:
    if told is not None:
        for name in [*told, *(name for name in own if name not in told)]:
            yield from _differ((*place, str(name)), told.get(name, 0), own.get(name, 0))


def _of_baseline(margins: Margins, treated: Sequence[Outline]) -> Iterator[Problem]:
    for field in _CATEGORIES:
        own = Counter(getattr(outline, field) for outline in treated)
        counts = told_counts(field, margins.baseline, len(treated))
        if counts is not None:
            counts = {name: n for name, n in counts.items() if n}
        yield from _of_categories(("baseline", field), counts, own)
    measured = [outline.hbv_dna for outline in treated if outline.hbv_dna is not None]
    if margins.baseline.hbv_dna is not None:
        yield from _differ(("baseline", "hbv_dna"), sum(part.n for part in margins.baseline.hbv_dna), len(measured))
    for k, part in enumerate(margins.baseline.hbv_dna or ()):
        own = sum(part.low <= value and (part.below is None or value < part.below) for value in measured)
        yield from _differ(("baseline", "hbv_dna", k, "n"), part.n, own)
    for field in _SPREADS:
        values = [getattr(outline, field) for outline in treated]
        yield from _of_spread(("baseline", field), getattr(margins.baseline, field), values)


def _of_times(margins: Margins, courses: Sequence[Course], extra_day: int) -> Iterator[Problem]:
    of = margins.survival
    follow = [(course.os_days + extra_day) / DAYS_PER_MONTH for course in courses]
    yield from _of_spread(("survival", "follow_up_months"), of.follow_up_months, follow)
    drug = [course.treatment_days / DAYS_PER_MONTH for course in courses]
    yield from _of_spread(("treatment", "months"), margins.treatment.months, drug)
    ends = {
        "os_months": [(course.os_days, course.died) for course in courses],
        "pfs_months": [(course.pfs_days, course.progressed or course.died) for course in courses],
    }
    for name, pairs in ends.items():
        told = getattr(of, name)
        if told is not None and pairs:
            days, events = zip(*pairs, strict=True)
            own = median_days(days, events, "first") + extra_day
            yield from _as_told(("survival", name), told, own / DAYS_PER_MONTH)


def _of_spread(place: Path, told: Spread | None, values: Sequence[float]) -> Iterator[Problem]:
    if told is not None and values:
        for name, statistic in (("median", median), ("min", min), ("max", max)):
            yield from _as_told((*place, name), getattr(told, name), statistic(values))


def _as_told(place: Path, told: float | None, own: float) -> Iterator[Problem]:
    """Yield a difference in the decimals that are told."""
    if told is None:
        return
    digits = len(repr(float(told)).partition(".")[2].rstrip("0"))
    if round(own, digits) != round(told, digits):
        yield place, f"{told} is told, but the outlines have {own:.{digits + 2}f}"
