"""The time axis of figures of single patients: from the first dose, or earlier, to the last day shown."""

from __future__ import annotations

from math import ceil, floor
from typing import Final, NamedTuple

from matplotlib.axes import Axes

from oncohort.report.figures.sheet import MM_PER_POINT, block_height, wrap_text
from oncohort.report.figures.style import AXIS_PT
from oncohort.report.figures.time_axis import fit_ticks
from oncohort.study.text import format_plain

_TICK_MM: Final = 0.9
_TICKS_MM: Final = 5.0
_EDGE_MM: Final = 0.6
# The axis goes on to the next tick where that is within this share of a step.
_CLOSE: Final = 0.35


class TimeScale(NamedTuple):
    """The ends of a time axis, its ticks, and its width in mm."""

    start: float
    end: float
    ticks: tuple[float, ...]
    width: float

    @property
    def per_mm(self) -> float:
        """The time that one mm stands for."""
        return (self.end - self.start) / self.width

    def at(self, time: float) -> float:
        """Return how far a time is from the left end, in mm."""
        return (time - self.start) / self.per_mm


def lay_out_time(first: float, last: float, unit: str, width_mm: float) -> TimeScale:
    """Return the scale that shows ``first`` to ``last``, with 0 on it and usual steps of the unit.

    Examples
    --------
    >>> lay_out_time(-1.2, 17.0, "months", 100.0).ticks
    (0.0, 3.0, 6.0, 9.0, 12.0, 15.0, 18.0)
    >>> lay_out_time(-4.0, 17.0, "months", 100.0).start
    -4.0
    """
    start, last = min(first, 0.0), max(last, 0.0)
    ticks, end = fit_ticks(last - start, unit, width_mm, 0)
    if start == 0.0:
        return TimeScale(start, end, tuple(ticks), width_mm)
    step = ticks[1] - ticks[0]
    after = ceil(last / step) * step
    end = after if after - last <= _CLOSE * step else last
    steps = range(ceil(start / step), floor(end / step * (1 + 1e-12)) + 1)
    return TimeScale(start, end, tuple(step * k for k in steps), width_mm)


def time_axis_height(label: str, width_mm: float) -> float:
    """Return the height in mm of the ticks, their numbers and the label under the axes."""
    return _TICKS_MM + block_height(len(wrap_text(label, width_mm))) + _EDGE_MM


def draw_time_axis(axes: Axes, scale: TimeScale, label: str) -> None:
    """Give axes the time scale along their lower edge."""
    axes.set_xlim(scale.start, scale.end)
    axes.set_xticks(scale.ticks, labels=[format_plain(tick) for tick in scale.ticks])
    axes.tick_params(axis="x", length=_TICK_MM / MM_PER_POINT, width=AXIS_PT, pad=1.5)
    axes.spines["bottom"].set_visible(True)
    axes.set_xlabel("\n".join(wrap_text(label, scale.width)), labelpad=1.5)
