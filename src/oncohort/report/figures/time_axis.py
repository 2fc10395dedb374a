"""The time axis of a survival curve: where its ticks stand and how many patients are at risk there."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from math import ceil
from typing import Final

from oncohort.report.figures.sheet import text_width
from oncohort.study.results import CurveRow
from oncohort.study.text import format_plain

MAX_TICKS: Final = 9
GAP_MM: Final = 1.8
# Steps a reader of the unit expects; below the first and above the last they go by 1, 2, 5.
_STEPS: Final[dict[str, tuple[float, ...]]] = {
    "weeks": (1, 2, 4, 8, 12, 26, 52, 104, 156, 208, 260, 520),
    "months": (1, 3, 6, 12, 24, 36, 48, 60, 120, 240),
    "years": (0.25, 0.5, 1, 2, 3, 5, 10, 20),
}
_CLOSE: Final = 0.35


def choose_ticks(last_time: float, unit: str, most: int) -> tuple[list[float], float]:
    """Return the ticks of a time axis from 0 and the time where the axis ends.

    The step is the smallest usual one of the unit that needs no more than ``most`` ticks. The axis ends at
    ``last_time``, or at the next tick where that is close.

    Parameters
    ----------
    last_time : float
        Last time of any curve, from 0.
    unit : str
        "days", "weeks", "months" or "years"; any other text gets steps of 1, 2 and 5.
    most : int
        Largest number of ticks, at least 2.

    Examples
    --------
    >>> choose_ticks(37.0, "months", 8)
    ([0.0, 6.0, 12.0, 18.0, 24.0, 30.0, 36.0], 37.0)
    >>> choose_ticks(22.5, "months", 8)
    ([0.0, 3.0, 6.0, 9.0, 12.0, 15.0, 18.0, 21.0], 22.5)
    >>> choose_ticks(6900.0, "days", 8)
    ([0.0, 1000.0, 2000.0, 3000.0, 4000.0, 5000.0, 6000.0, 7000.0], 7000.0)
    """
    if last_time <= 0.0:
        return [0.0, 1.0], 1.0
    for step in _usual_steps(last_time, unit):
        whole = int(last_time / step + 1e-9)
        if whole * step >= last_time * (1 - 1e-9):
            end = whole * step
        else:
            close = (whole + 1) * step - last_time <= _CLOSE * step
            end = (whole + 1) * step if close else last_time
            whole += close
        if whole + 1 <= max(most, 2) and whole >= 1:
            return [float(k * step) for k in range(whole + 1)], float(end)
    return [0.0, last_time], last_time


def fit_ticks(last_time: float, unit: str, width_mm: float, largest_count: int) -> tuple[list[float], float]:
    """Return ticks (as ``choose_ticks``) that leave room for the numbers at risk under them."""
    for most in range(MAX_TICKS, 2, -1):
        ticks, end = choose_ticks(last_time, unit, most)
        widths = [text_width(format_plain(tick)) for tick in ticks]
        needed = max(*widths, text_width(str(largest_count))) + GAP_MM
        if (ticks[1] - ticks[0]) / end * width_mm >= needed:
            return ticks, end
    return choose_ticks(last_time, unit, 2)


def count_at_risk(rows: Sequence[CurveRow], ticks: Sequence[float]) -> list[int]:
    """Return the number at risk just before each tick: ``n_risk`` of the first row at or after it, 0 after the last.

    Examples
    --------
    >>> rows = [CurveRow("OS", "", "", "", t, n, 1, 0, 0.5, 0.1, 0.9) for t, n in ((2.0, 5), (6.0, 4), (7.0, 1))]
    >>> count_at_risk(rows, [0.0, 6.0, 6.5, 12.0])
    [5, 4, 1, 0]
    """
    times = [row.time for row in rows]
    places = [bisect_left(times, tick * (1 - 1e-12)) for tick in ticks]
    return [rows[place].n_risk if place < len(rows) else 0 for place in places]


def _usual_steps(last_time: float, unit: str) -> list[float]:
    named = _STEPS.get(unit, ())
    decades = range(-3, len(str(ceil(last_time))) + 1)
    round_steps = [m * 10.0**k for k in decades for m in (1.0, 2.0, 5.0)]
    if not named:
        return round_steps
    below = [step for step in round_steps if step < named[0] * 0.99]
    above = [step for step in round_steps if step > named[-1] * 1.01]
    return [*below, *named, *above]
