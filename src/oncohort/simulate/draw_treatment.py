"""How long the synthetic patients take the drug: past progression or not, early stops, and the median told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from oncohort.derive.exposure import REASON_CATEGORY
from oncohort.simulate.deal import ImpossibleError, in_order
from oncohort.simulate.draw_progression import Progress
from oncohort.simulate.draw_survival import End, to_days
from oncohort.simulate.event_terms import habit_of
from oncohort.simulate.margins import Spread, TreatmentMargins
from oncohort.simulate.plausible import CONTINUED, EARLY_STOP
from oncohort.simulate.study_plan import StudyPlan
from oncohort.simulate.windows import Window, place_about, uniform

LEAST_DAYS: Final = 14
"""Nobody is drawn who takes the drug for less, unless the patient dies or progresses earlier."""


@dataclass(frozen=True, slots=True)
class Treatment:
    """A patient's time under the drug in days, whether past progression, and why it ended early."""

    days: int
    continued: bool | None
    early_stop: str


def draw_treatment(
    strengths: Sequence[float],
    streams: Sequence[Random],
    courses: Sequence[tuple[End, Progress, Mapping[str, int]]],
    margins: TreatmentMargins,
    plan: StudyPlan,
) -> list[Treatment]:
    """Draw the time under the drug of each patient.

    Parameters
    ----------
    strengths : sequence of float
        How bad each patient's prognosis is.
    streams : sequence of Random
        Each patient's own.
    courses : sequence of (End, Progress, mapping)
        The end of follow-up, progression, and the worst grade of each adverse event.
    margins : TreatmentMargins
        What is told.
    plan : StudyPlan
        Grace days, the weeks and reasons of early stops.

    Raises
    ------
    ImpossibleError
        If too few live long enough past progression, or the days left to each do not allow the median told.
    """
    noise = [rng.gauss(0, 1) for rng in streams]
    uses = [rng.random() for rng in streams]
    scores = [strength + wobble for strength, wobble in zip(strengths, noise, strict=True)]
    continued = _who_continues(scores, courses, margins, plan)
    windows = [
        _window(end, progress, plan, continued=goes_on)
        for (end, progress, _), goes_on in zip(courses, continued, strict=True)
    ]
    stops = _early_stops(scores, courses, windows, margins, plan)
    windows = [_cut(window, _early(plan)) if k in stops else window for k, window in enumerate(windows)]
    days = _with_spread(windows, [-score for score in scores], uses, margins.months)
    return [Treatment(days[k], continued[k], stops.get(k, "")) for k in range(len(courses))]


def _told_ends(months: Spread | None) -> tuple[int, int]:
    """Return the least and the most days under the drug that are told."""
    low, high = (months.min, months.max) if months is not None else (None, None)
    return 0 if low is None else to_days(low), 10**6 if high is None else to_days(high)


def _who_continues(
    scores: Sequence[float],
    courses: Sequence[tuple[End, Progress, Mapping[str, int]]],
    margins: TreatmentMargins,
    plan: StudyPlan,
) -> list[bool | None]:
    """Return who goes on past progression: first who must, to be treated as long as is told, then who does best."""
    progressed = [k for k, (_, progress, _) in enumerate(courses) if progress.progressed]
    told = margins.continued
    wanted = round(CONTINUED * len(progressed)) if told is None else told
    able = [k for k in progressed if courses[k][0].day - courses[k][0].died > courses[k][1].day + plan.grace_days]
    if told is not None and len(able) < wanted:
        raise ImpossibleError(
            "treatment.continued",
            f"{wanted} were asked for, but only {len(able)} live for {plan.grace_days} days past progression",
        )
    least, most = _told_ends(margins.months)
    must = {k for k in able if courses[k][1].day + plan.grace_days < least or courses[k][0].day >= most}
    chosen = {*sorted(able, key=lambda k: (k not in must, scores[k]))[:wanted]}
    return [None if not progress.progressed else k in chosen for k, (_, progress, _) in enumerate(courses)]


def _window(end: End, progress: Progress, plan: StudyPlan, *, continued: bool | None) -> Window:
    """Return the first and the last day that the time under treatment may have."""
    extra, last = plan.extra_day, end.day - end.died
    if continued:
        return Window(progress.day + plan.grace_days + 1 + extra, last + extra)
    if progress.progressed:
        return Window(min(LEAST_DAYS, progress.day), min(progress.day + plan.grace_days, last) + extra)
    return Window(min(max(LEAST_DAYS, last // 2), last), last + extra)


def _cut(window: Window, other: Window) -> Window:
    return Window(max(window.low, other.low), min(window.high, other.high))


def _early(plan: StudyPlan) -> Window:
    """Return the days under treatment that make a stop early."""
    exposure = plan.protocol.exposure
    first, last = (exposure.early_stop_weeks if exposure else None) or (0, 0)
    return Window(7 * first + plan.extra_day, 7 * last + plan.extra_day)


def _early_stops(
    scores: Sequence[float],
    courses: Sequence[tuple[End, Progress, Mapping[str, int]]],
    windows: Sequence[Window],
    margins: TreatmentMargins,
    plan: StudyPlan,
) -> dict[int, str]:
    """Return the patients who stop early, with the reason: those who have its adverse event come first."""
    exposure = plan.protocol.exposure
    reasons = exposure.early_stop_reasons if exposure and exposure.early_stop_weeks else ()
    usual = dict.fromkeys(reasons, round(EARLY_STOP * len(courses)))
    early, most = _early(plan), _told_ends(margins.months)[1]
    stops: dict[int, str] = {}
    for reason, wanted in (margins.early_stop if margins.early_stop is not None else usual).items():
        able = [
            k
            for k, own in enumerate(windows)
            if k not in stops and _cut(own, early).low <= _cut(own, early).high and _worst_of(courses[k][2], reason)
        ]
        able.sort(key=lambda k: (courses[k][0].day >= most, -_worst_of(courses[k][2], reason), -scores[k]))
        if margins.early_stop is not None and len(able) < wanted:
            raise ImpossibleError(
                f"treatment.early_stop.{reason}",
                f"{wanted} were asked for, but only {len(able)} have such an adverse event and can stop in those weeks",
            )
        stops |= dict.fromkeys(able[:wanted], reason)
    return stops


def _worst_of(grades: Mapping[str, int], reason: str) -> int:
    """Return the worst grade of the adverse events that are a reason of an early stop; 0 where there is none."""
    category = REASON_CATEGORY.get(reason, reason)
    fitting = (g for term, g in grades.items() if category in {habit_of(term).category, term.casefold()})
    return max(fitting, default=0)


def _with_spread(
    windows: Sequence[Window], keys: Sequence[float], uses: Sequence[float], months: Spread | None
) -> list[int]:
    pick = uniform(uses)
    if months is None:
        return [pick(k, window.low, window.high) for k, window in enumerate(windows)]
    n = len(windows)
    ends = Window(*_told_ends(months))
    cut = [_cut(window, ends) for window in windows]
    narrow = [k for k, window in enumerate(cut) if window.low > window.high]
    if narrow:
        raise ImpossibleError(
            "treatment.months", f"{len(narrow)} patients cannot be treated between {ends.low} and {ends.high} days"
        )
    for name, day in (("min", ends.low), ("max", ends.high)):
        if getattr(months, name) is None:
            continue
        able = [k for k in in_order(keys) if cut[k].low <= day <= cut[k].high]
        if not able:
            raise ImpossibleError(f"treatment.months.{name}", f"nobody can be treated for exactly {day} days")
        cut[able[0 if name == "min" else -1]] = Window(day, day)
    counts = ((n - 1) // 2, 1) if n % 2 else (n // 2 - 1, 2)
    days = place_about(cut, keys, to_days(months.median), counts, pick)
    if days is None:
        raise ImpossibleError(
            "treatment.months.median",
            f"a median of {months.median} months cannot come of the progressions and deaths of these patients",
        )
    return days
