"""Best response and progression of the synthetic patients: exactly the responses, and the median told."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final, cast

from oncohort.simulate.deal import ImpossibleError, shares
from oncohort.simulate.draw_survival import End, median_days, to_days
from oncohort.simulate.margins import Margins
from oncohort.simulate.outline import Response
from oncohort.simulate.plausible import PROGRESSED, RESPONSES
from oncohort.simulate.study_plan import StudyPlan
from oncohort.simulate.windows import Pick, Window, on_schedule, place_about
from oncohort.study.rules_in_force import ResponseRules

BENEFIT: Final = ("CR", "PR", "SD")
LASTING: Final[tuple[Response, ...]] = ("CR", "PR", "SD", "SD_SHORT")
_LATER: Final[Mapping[str, float]] = {"CR": 1.5, "PR": 0.8}
"""By how much a response puts off progression, in the order of patients."""
_NOT_SCANNED: Final = 21
"""Days before the last follow-up of a patient who lives in which no progression is drawn."""
_LATEST_DAY: Final = 36500
_LATEST_MINIMUM: Final = 1000
"""Days within which stable disease of any protocol counts."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The best response of a patient, and the day of progression or of the end of progression-free survival."""

    best: Response
    day: int
    progressed: bool


@dataclass(frozen=True, slots=True)
class ResponseDays:
    """When a response can be followed by progression, and until when a patient without it must be seen.

    Attributes
    ----------
    of : mapping of response to (int, int or None)
        First and last day of progression; None: until death.
    seen : int
        Day by which a scan can show a clinical benefit.
    unseen : int
        Last day on which a death counts as an event of a patient in whom no scan showed anything.
    """

    of: Mapping[str, tuple[int, int | None]]
    seen: int
    unseen: int


def response_days(plan: StudyPlan) -> ResponseDays:
    """Return the days that the schedule of scans and the least duration of stable disease leave.

    Progression as the best response is seen on the first scheduled scan at the latest; stable disease that is too short
    on the first, and progression on the second; a benefit on a scan late enough for stable disease, and progression
    later.
    """
    every, window = plan.imaging.every_days, plan.imaging.window_days
    counting = first_counting_day(plan.response)
    seen = next(k * every + window for k in range(1, _LATEST_MINIMUM) if k * every + window >= counting)
    lasting = seen + (every if plan.response.confirm else 0) + 8
    early = (max(14, every - 2 * window), every + window)
    short = (every + window + 7, 2 * every + window)
    benefit = (max(seen + 8, 14), None)
    responding = (lasting, None)
    return ResponseDays(
        {"CR": responding, "PR": responding, "SD": benefit, "PD": early} | ({"SD_SHORT": short} if counting else {}),
        seen,
        plan.censoring.missed_visits_days or _LATEST_DAY,
    )


def first_counting_day(rules: ResponseRules) -> int:
    """Return the first day on which stable disease counts."""
    return next(day for day in range(_LATEST_MINIMUM) if rules.sd_min_days.holds(day))


def draw_progress(
    strengths: Sequence[float],
    streams: Sequence[Random],
    ends: Sequence[End],
    arms: Sequence[str],
    margins: Margins,
    plan: StudyPlan,
) -> list[Progress]:
    """Draw best response and progression of each patient; better responses go with longer survival.

    Raises
    ------
    ImpossibleError
        If too few live long enough for the responses told, or these leave no days for the median told.
    """
    days = response_days(plan)
    scores = [
        math.log(end.day) - strength + 0.6 * rng.gauss(0, 1)
        for strength, rng, end in zip(strengths, streams, ends, strict=True)
    ]
    best = _responses(scores, ends, arms, margins, days)
    progressed = _who_progressed(scores, ends, best, margins.survival.progressed, days)
    uses = [rng.random() for rng in streams]
    pick = on_schedule(uses, plan.imaging.every_days, plan.imaging.window_days)
    free = [_end_without(best[k], ends[k], plan, uses[k]) for k in range(len(ends))]
    places = [k for k, own in enumerate(progressed) if own]
    windows = [_window(best[k], ends[k], days) for k in places]
    keys = [scores[k] + _LATER.get(best[k], 0.0) + 0.5 * streams[k].gauss(0, 1) for k in places]
    apart = [(free[k], ends[k].died) for k, own in enumerate(progressed) if not own]
    told = margins.survival.pfs_months
    day = None if told is None else to_days(told) - plan.extra_day
    chosen = _days_of(windows, keys, apart, day, lambda k, low, high: pick(places[k], low, high))
    if chosen is None:
        sentence = f"a median of {told} months cannot come of the responses and deaths of these patients"
        raise ImpossibleError("survival.pfs_months", sentence)
    seen = dict(zip(places, chosen, strict=True))
    return [Progress(best[k], seen.get(k, free[k]), progressed[k]) for k in range(len(ends))]


def _responses(
    scores: Sequence[float], ends: Sequence[End], arms: Sequence[str], margins: Margins, days: ResponseDays
) -> list[Response]:
    told = margins.response or {}
    n = len(scores)
    best: dict[int, Response] = {}
    by_arm = {arm: counts for arm, counts in told.items() if arm != "all"}
    groups = [(f"response.{arm}", [k for k in range(n) if arms[k] == arm], counts) for arm, counts in by_arm.items()]
    if not groups:
        counts = told.get("all") or _usual_responses(n, margins.survival.progressed, days)
        groups = [("response.all", [*range(n)], counts)]
    for key, members, counts in groups:
        best |= _of_group(key, sorted(members, key=lambda k: -scores[k]), counts, ends, days)
    return [best[k] for k in range(n)]


def _usual_responses(n: int, progressed: int | None, days: ResponseDays) -> dict[Response, int]:
    weights = {name: weight for name, weight in RESPONSES.items() if name in days.of or name == "NE"}
    counts = shares(weights, n)
    if progressed is not None:
        spare = max(0, counts["NE"] - (n - progressed))
        counts |= {"NE": counts["NE"] - spare, "SD": counts["SD"] + spare}
        early = max(0, counts["PD"] + counts.get("SD_SHORT", 0) - progressed)
        counts |= {"PD": counts["PD"] - min(early, counts["PD"]), "SD": counts["SD"] + min(early, counts["PD"])}
    return cast("dict[Response, int]", counts)


def _of_group(
    key: str, ranked: Sequence[int], counts: Mapping[Response, int], ends: Sequence[End], days: ResponseDays
) -> dict[int, Response]:
    """Give the responses of a group to its patients, the best first, each to one who lives long enough for it."""
    unseen = sorted((k for k in ranked if ends[k].day <= days.unseen or not ends[k].died), key=lambda k: ends[k].day)
    if len(unseen) < counts.get("NE", 0):
        sentence = f"{counts['NE']} were asked for, but the others die too late to have had no scan"
        raise ImpossibleError(f"{key}.NE", sentence)
    best: dict[int, Response] = {}
    for k in unseen[: counts.get("NE", 0)]:
        best[k] = "NE"
    left = [k for k in ranked if k not in best]
    for name in LASTING:
        wanted = counts.get(name, 0)
        if wanted and name not in days.of:
            raise ImpossibleError(
                f"{key}.{name}", "stable disease of any duration counts in this protocol; 0 was expected"
            )
        able = [k for k in left if ends[k].day - ends[k].died >= days.of[name][0]] if wanted else []
        if len(able) < wanted:
            raise ImpossibleError(
                f"{key}.{name}",
                f"{wanted} were asked for, but only {len(able)} live the {days.of[name][0]} days it takes",
            )
        best |= dict.fromkeys(able[:wanted], name)
        left = [k for k in left if k not in best]
    rest = [k for k in left if k not in best]
    short = [k for k in rest if ends[k].day - ends[k].died < days.of["PD"][0]]
    if short:
        raise ImpossibleError(
            f"{key}.PD",
            f"{len(rest)} were asked for, but {len(short)} of them die before day {days.of['PD'][0]}",
        )
    for k in rest:
        best[k] = "PD"
    return best


def _who_progressed(
    scores: Sequence[float], ends: Sequence[End], best: Sequence[Response], told: int | None, days: ResponseDays
) -> list[bool]:
    """Return who had progression: nobody without a judged scan, everybody whose best response is so poor.

    Of the others those have none who did best, and who live.
    """
    never = {k for k, own in enumerate(best) if own == "NE"}
    always = {k for k, own in enumerate(best) if own in {"PD", "SD_SHORT"}}
    n = len(best)
    wanted = max(len(always), round(PROGRESSED * (n - len(never)))) if told is None else told
    spared = n - wanted - len(never)
    if spared < 0:
        raise ImpossibleError(
            "survival.progressed", f"{wanted} of {n}, but {len(never)} patients have no response (NE)"
        )
    able = [k for k in range(n) if k not in never | always and ends[k].day - ends[k].died > days.seen]
    able.sort(key=lambda k: (ends[k].died, BENEFIT.index(best[k]), -scores[k]))
    if len(able) < spared:
        raise ImpossibleError(
            "survival.progressed", f"{wanted} of {n}, but only {len(able)} can be without progression"
        )
    without = never | {*able[:spared]}
    return [k not in without for k in range(n)]


def _end_without(best: Response, end: End, plan: StudyPlan, use: float) -> int:
    """Return the day on which a patient without progression leaves progression-free survival."""
    if end.died or plan.censoring.censor_at != "last_adequate":
        return end.day
    if best == "NE":
        return 0
    every, window = plan.imaging.every_days, plan.imaging.window_days
    due = (end.day - window) // every * every
    least = first_counting_day(plan.response)
    return min(end.day, max(least, due + int(use * (2 * window + 1)) - window)) if due > 0 else end.day


def _window(best: Response, end: End, days: ResponseDays) -> Window:
    """Return the days of progression; a patient who lives was not scanned in the last three weeks."""
    low, high = days.of[best]
    last = end.day - 1 if end.died else max(low, end.day - _NOT_SCANNED)
    return Window(low, last if high is None else min(high, last))


def _days_of(
    windows: Sequence[Window],
    keys: Sequence[float],
    apart: Sequence[tuple[int, bool]],
    day: int | None,
    pick: Pick,
) -> list[int] | None:
    """Return the day of each progression, so that with the patients who have none a day is the median."""
    if day is None:
        return [pick(place, window.low, window.high) for place, window in enumerate(windows)]

    def tried(before: int, on: int) -> tuple[list[int], float, float] | None:
        chosen = place_about(windows, keys, day, (before, on), pick)
        if chosen is None:
            return None
        times = [*chosen, *(end for end, _ in apart)]
        events = [*[True] * len(chosen), *(died for _, died in apart)]
        return chosen, median_days(times, events, "first"), median_days(times, events, "midpoint")

    for before in _near(_estimate(len(windows), apart, day), len(windows)):
        for on in (1, 2):
            found = tried(before, on)
            if found is not None and found[1] == found[2] == day:
                return found[0]
    return None


def _estimate(n: int, apart: Sequence[tuple[int, bool]], day: int) -> int:
    """Return about how many progressions lie before the median: half of those at risk, less the other events."""
    leaving = sum(1 for end, died in apart if end < day and not died)
    dying = sum(1 for end, died in apart if end < day and died)
    return max(0, (n + len(apart) - leaving) // 2 - dying - 1)


def _near(middle: int, n: int) -> list[int]:
    """Return whole numbers from 0 to n, the nearest to the middle first."""
    return sorted(range(max(0, middle - 60), min(n, middle + 60) + 1), key=lambda k: abs(k - middle))
