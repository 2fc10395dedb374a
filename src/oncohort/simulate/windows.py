"""Days that patients may have, and the choice among them that gives a median."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

Pick = Callable[[int, int, int], int]
"""From a patient's place and the first and last day that are left, the day."""


@dataclass(frozen=True, slots=True)
class Window:
    """The first and the last day that something may happen."""

    low: int
    high: int


def place_about(
    windows: Sequence[Window], keys: Sequence[float], day: int, counts: tuple[int, int], pick: Pick
) -> list[int] | None:
    """Return a day for each patient: so many before a day, so many on it, all others after it.

    Patients with low keys come first. Whoever has no choice comes before or after in any case.

    Parameters
    ----------
    windows : sequence of Window
        What each patient's day may be.
    keys : sequence of float
        The order in which patients are wanted.
    day : int
        The day that parts them.
    counts : (int, int)
        How many come before it, and how many on it.
    pick : function
        Chooses the day of a patient within what is left.

    Returns
    -------
    list of int or None
        None where the windows do not allow it.

    Examples
    --------
    >>> windows = [Window(1, 9), Window(1, 20), Window(4, 30), Window(12, 30)]
    >>> place_about(windows, [4, 3, 2, 1], 10, (1, 1), lambda place, low, high: high)
    [9, 20, 10, 30]
    """
    before, on = counts
    early = [place for place, window in enumerate(windows) if window.high < day]
    late = [place for place, window in enumerate(windows) if window.low > day]
    fixed = {*early, *late}
    free = sorted((p for p in range(len(windows)) if p not in fixed), key=lambda p: (windows[p].high > day, keys[p]))
    wanted = before - len(early)
    chosen = [place for place in free if windows[place].low < day][: max(wanted, 0)]
    left = [place for place in free if place not in {*chosen}]
    exact = left[:on]
    rest = left[on:]
    if wanted < 0 or len(chosen) < wanted or len(exact) < on or any(windows[p].high <= day for p in rest):
        return None
    days = dict.fromkeys(exact, day)
    for place in (*early, *chosen):
        days[place] = pick(place, windows[place].low, min(windows[place].high, day - 1))
    for place in (*late, *rest):
        days[place] = pick(place, max(windows[place].low, day + 1), windows[place].high)
    return [days[place] for place in range(len(windows))]


def uniform(uses: Sequence[float]) -> Pick:
    """Return a choice at each patient's own place (0 to 1) between the first and the last day.

    Examples
    --------
    >>> uniform([0.0, 0.5])(1, 10, 19)
    15
    """

    def pick(place: int, low: int, high: int) -> int:
        return low + int(uses[place] * (high - low + 1))

    return pick


def on_schedule(uses: Sequence[float], every: int, window: int) -> Pick:
    """Return a choice as `uniform` makes it, moved to the nearest day of a schedule where that is still allowed.

    One patient in five stays where the draw fell: a scan off the schedule.
    """
    plain = uniform(uses)

    def pick(place: int, low: int, high: int) -> int:
        day = plain(place, low, high)
        grain = int(uses[place] * 1e6)
        if grain % 5 == 0:
            return day
        due = max(1, round(day / every)) * every + grain // 5 % (2 * window + 1) - window
        return due if low <= due <= high else day

    return pick
