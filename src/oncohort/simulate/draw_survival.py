"""How long the synthetic patients are followed and who dies: exactly the deaths, the median and the follow-up told."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final

import numpy as np

from oncohort.simulate.deal import ImpossibleError
from oncohort.simulate.margins import Margins, SurvivalMargins
from oncohort.simulate.plausible import OS_MONTHS, OS_SHAPE
from oncohort.simulate.study_plan import FOLLOW_UP_DAYS
from oncohort.stats.kaplan_meier import kaplan_meier
from oncohort.stats.quantiles import AtHalf, quantile
from oncohort.study.protocol import Protocol
from oncohort.study.words import plural

DAYS_PER_MONTH: Final = 30.4375
LEAST_DAYS: Final = 21
"""Nobody is drawn who is followed for less, unless the margins say so."""
_SHRINKING: Final = tuple(round(1 - 0.04 * step, 2) for step in range(15))
_TOLERANCE: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days between which patients begin, and the day after which nothing is recorded."""

    first: date
    last: date
    cutoff: date

    @property
    def longest(self) -> int:
        """The most days that anybody can be followed."""
        return (self.cutoff - self.first).days


@dataclass(frozen=True, slots=True)
class End:
    """The end of a patient's follow-up, and whether it is death."""

    day: int
    died: bool


def to_days(months: float) -> int:
    """Return whole days for months of 30.4375 days.

    Examples
    --------
    >>> to_days(10.5)
    320
    """
    return math.floor(months * DAYS_PER_MONTH + 0.5)


def calendar_of(margins: Margins, protocol: Protocol) -> Calendar:
    """Return the calendar of the margins; what they do not say is that of the protocol.

    Without a cutoff in either, it lies `FOLLOW_UP_DAYS` after the last day of accrual.
    """
    accrual, told = protocol.study.accrual, margins.time
    first = told.first or (accrual.first if accrual else None)
    last = told.last or (accrual.last if accrual else None)
    if first is None or last is None:
        raise ImpossibleError("time", "first and last are missing, and the protocol has no study.accrual")
    given = protocol.study.cutoff
    cutoff = told.cutoff or (given if isinstance(given, date) else last + timedelta(days=FOLLOW_UP_DAYS))
    if not first <= last <= cutoff:
        raise ImpossibleError("time", f"first {first}, last {last} and cutoff {cutoff} are not in this order")
    return Calendar(first, last, cutoff)


def draw_ends(
    strengths: Sequence[float],
    streams: Sequence[Random],
    margins: SurvivalMargins,
    calendar: Calendar,
    extra_day: int,
) -> list[End]:
    """Draw the end of follow-up of each patient.

    Survival is Weibull, shorter the worse the prognosis, and follow-up ends with a cutoff after even accrual. Who dies
    first, in relation to the own follow-up, is a death of the number told. All days are then stretched, their order
    kept, so that the median and the range of follow-up and the median survival are those told.

    Parameters
    ----------
    strengths : sequence of float
        How bad each patient's prognosis is.
    streams : sequence of Random
        Each patient's own.
    margins : SurvivalMargins
        What is told.
    calendar : Calendar
        Accrual and cutoff.
    extra_day : int
        1 where times count the first day too, so that the last day is one less.

    Raises
    ------
    ImpossibleError
        If the deaths told cannot give the median told, or somebody would be followed past the cutoff.
    """
    n = len(strengths)
    fixed = None if margins.os_months is None else to_days(margins.os_months) - extra_day
    middle = sum(strengths) / n
    typical = to_days(margins.os_months or OS_MONTHS)
    lives: list[float] = []
    seen: list[float] = []
    for strength, rng in zip(strengths, streams, strict=True):
        lasting = (-math.log(1 - rng.random()) / math.log(2)) ** (1 / OS_SHAPE)
        lives.append(typical * math.exp((middle - strength) / OS_SHAPE) * lasting)
        seen.append(rng.uniform((calendar.cutoff - calendar.last).days + LEAST_DAYS, calendar.longest + LEAST_DAYS))
    longest = seen.index(max(seen))
    lives[longest] = math.inf  # whoever is followed for longest lives
    died, pace = _who_died([life / end for life, end in zip(lives, seen, strict=True)], margins.deaths)
    for shrink in _SHRINKING:
        times = [pace * life if dead else shrink * end for life, end, dead in zip(lives, seen, died, strict=True)]
        times[longest] = seen[longest]
        order = sorted(range(n), key=lambda place: (times[place], not died[place]))
        anchors = _anchors([died[place] for place in order], margins, fixed, extra_day)
        if anchors is not None:
            deaths = [died[place] for place in order]
            days = _stretched([times[place] for place in order], anchors, calendar, fixed)
            nudged = _nudged(days, deaths, anchors, fixed)
            if nudged is not None:
                ends = dict(zip(order, nudged, strict=True))
                return [End(ends[place], died[place]) for place in range(n)]
    told = f"a median of {margins.os_months} months"
    raise ImpossibleError(
        "survival.os_months",
        f"{told} cannot come of {plural(sum(died), 'death')} among {n} patients with this follow-up",
    )


def _who_died(ratios: Sequence[float], deaths: int | None) -> tuple[list[bool], float]:
    """Return who dies within the own follow-up, and the factor on survival that makes it so."""
    ranked = sorted(ratios)
    if deaths is None:
        return [ratio < 1 for ratio in ratios], 1.0
    if deaths == 0:
        return [False] * len(ratios), 1.0
    if deaths == len(ratios):
        return [True] * len(ratios), 1.0
    bound = math.sqrt(ranked[deaths - 1] * ranked[deaths])
    return [ratio < bound for ratio in ratios], 1 / bound


def _median_rank(died: Sequence[bool]) -> int | None:
    """Return the rank of the death at which survival first falls to one half; None if it never does."""
    survival, n = 1.0, len(died)
    for rank, dead in enumerate(died):
        survival *= 1 - dead / (n - rank)
        if dead and survival <= 0.5 + _TOLERANCE:
            return rank
    return None


def _anchors(
    died: Sequence[bool], margins: SurvivalMargins, fixed: int | None, extra_day: int
) -> dict[int, int] | None:
    """Return the day that some ranks must have; None where this order cannot give what is told."""
    n, follow = len(died), margins.follow_up_months
    anchors: dict[int, int] = {}
    if follow is not None:
        ends = {0: follow.min, (n - 1) // 2: follow.median, n // 2: follow.median, n - 1: follow.max}
        anchors = {rank: to_days(months) - extra_day for rank, months in ends.items() if months is not None}
    if fixed is None:
        return anchors
    rank = _median_rank(died)
    if rank is None or anchors.get(rank, fixed) != fixed:
        return None
    anchors[rank] = fixed
    in_order = [anchors[rank] for rank in sorted(anchors)]
    return anchors if in_order == sorted(in_order) else None


def _stretched(times: Sequence[float], anchors: Mapping[int, int], calendar: Calendar, fixed: int | None) -> list[int]:
    """Return days in the order of sorted times, with the days of the anchors at their ranks."""
    n = len(times)
    scale = next((anchors[rank] / times[rank] for rank in sorted(anchors)), 1.0)
    ends = {0: max(LEAST_DAYS, round(times[0] * scale)), n - 1: min(calendar.longest, round(times[-1] * scale))}
    known = {**ends, **anchors}
    ranks = sorted(known)
    known[0] = min(known[0], known[ranks[1]]) if n > 1 and 0 not in anchors else known[0]
    known[n - 1] = max(known[n - 1], known[ranks[-2]]) if n > 1 and n - 1 not in anchors else known[n - 1]
    days = [0] * n
    for a, b in zip(ranks, [*ranks[1:], ranks[-1]], strict=True):
        days[a] = known[a]
        low, high = known[a] + (known[a] == fixed), known[b] - (known[b] == fixed)
        for rank in range(a + 1, b):
            part = (times[rank] - times[a]) / (times[b] - times[a]) if times[b] > times[a] else 0.0
            day = round(known[a] + part * (known[b] - known[a]))
            days[rank] = min(max(day, low), high) if low <= high else day
    if days[-1] > calendar.longest:
        raise ImpossibleError(
            "survival.follow_up_months",
            f"somebody is followed for {days[-1]} days, but there are {calendar.longest} from {calendar.first} to the "
            f"cutoff {calendar.cutoff}",
        )
    return days


def median_days(days: Sequence[int], events: Sequence[bool], at_half: AtHalf) -> float:
    """Return the Kaplan-Meier median in days, nan where it is not reached."""
    curve = kaplan_meier(np.array(days, dtype=np.float64), np.array(events), conf_type="plain")
    return quantile(curve, 0.5, method="brookmeyer-crowley", at_half=at_half).estimate


def _nudged(
    days: Sequence[int], died: Sequence[bool], anchors: Mapping[int, int], fixed: int | None
) -> list[int] | None:
    """Return the days with as few deaths moved to the median as make it the median; None where too many would be.

    Whole days have ties, and who leaves on the day of a death counts as at risk for it. Where survival would run level
    at one half, one more death is moved: which day is the median of a level curve is disputed.
    """
    moved = list(days)
    for _ in range(len(days) // 20 + 5):
        found = (0.0, 0.0) if fixed is None else _medians(moved, died)
        if fixed is None or found == (fixed, fixed):
            return moved if sorted(moved) == _with_anchors(moved, anchors) else None
        late = not found[1] < fixed  # nan: survival does not fall to one half
        able = [k for k, dead in enumerate(died) if dead and k not in anchors and (moved[k] > fixed) == late]
        able = [k for k in able if moved[k] != fixed]
        if not able:
            return None
        moved[able[0] if late else able[-1]] = fixed
    return None


def _medians(days: Sequence[int], died: Sequence[bool]) -> tuple[float, float]:
    return median_days(days, died, "first"), median_days(days, died, "midpoint")


def _with_anchors(days: Sequence[int], anchors: Mapping[int, int]) -> list[int]:
    """Return the sorted days as the anchors want them."""
    ranked = sorted(days)
    return [anchors.get(rank, day) for rank, day in enumerate(ranked)]


def draw_starts(ends: Sequence[End], streams: Sequence[Random], calendar: Calendar) -> list[date]:
    """Draw the first day of treatment: within accrual, and early enough for the follow-up before the cutoff.

    Who lives was last seen shortly before the cutoff, or was lost to follow-up where accrual ended earlier than that.
    """
    return [_start(end, rng, calendar) for end, rng in zip(ends, streams, strict=True)]


def _start(end: End, rng: Random, calendar: Calendar) -> date:
    latest = min((calendar.last - calendar.first).days, calendar.longest - end.day)
    lag = int(rng.random() ** 2 * 28)
    if end.died or latest < calendar.longest - end.day:
        return calendar.first + timedelta(days=rng.randint(0, latest))
    return calendar.first + timedelta(days=max(0, latest - lag))
