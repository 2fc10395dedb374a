"""The axis of percent change from baseline, with the named thresholds of partial response and progression."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil
from typing import Final, NamedTuple

from matplotlib.axes import Axes

from oncohort.report.figures.sheet import (
    MM_PER_POINT,
    block_height,
    place_axes,
    text_width,
    widest,
    wrap_text,
    write,
)
from oncohort.report.figures.style import AXIS_PT, GRAY, LINE_MM
from oncohort.study.text import format_number

# Eisenhauer EA, et al. Eur J Cancer 2009;45:228-247, section 4.3.1; Lencioni R, Llovet JM. Semin Liver Dis
# 2010;30:52-60 (the same shares of the sum of viable diameters).
THRESHOLDS: Final = ((20.0, "PD"), (-30.0, "PR"))
LOWEST: Final = -100.0
_LEAST_TOP: Final = 40.0
_STEP: Final = 20.0
_EDGE_MM: Final = 0.6
_TICK_MM: Final = 0.9
_TICK_GAP_MM: Final = 0.6
_LABEL_GAP_MM: Final = 1.0
_THRESHOLD_DASHES: Final = (0.0, (3.0, 2.0))


class ChangeFrame(NamedTuple):
    """Where the axes stand on the sheet in mm, the percent at their top, and the lines of the axis label."""

    left: float
    top: float
    width: float
    height: float
    highest: float
    label: tuple[str, ...]

    @property
    def bottom(self) -> float:
        """Height on the sheet of the lowest percent, in mm."""
        return self.top + self.height

    def level(self, change_percent: float) -> float:
        """Return the height on the sheet of a percent change, in mm."""
        return self.top + (self.highest - change_percent) / (self.highest - LOWEST) * self.height


def signed(change_percent: float) -> str:
    """Write a percent change without decimals and with its sign.

    Examples
    --------
    >>> signed(143.3), signed(-30.0), signed(0.2)
    ('+143', '−30', '0')
    """
    text = format_number(change_percent, 0)
    return text if text == "0" or text.startswith("−") else f"+{text}"


def choose_highest(changes: Iterable[float], most: float) -> float:
    """Return the top of the axis: the next multiple of 20 that holds all changes, from 40 up to ``most``.

    Examples
    --------
    >>> choose_highest([-30.0, 12.0], 100.0), choose_highest([61.0], 100.0), choose_highest([250.0], 100.0)
    (40.0, 80.0, 100.0)
    """
    return min(most, max(_LEAST_TOP, *(_STEP * ceil(change / _STEP) for change in changes)))


def lay_out_change(label: str, page_width_mm: float, top_mm: float, highest: float) -> ChangeFrame:
    """Return the axes' place: at the left the label and ticks, at the right the names of the thresholds."""
    height = min(max(0.4 * page_width_mm, 46.0), 70.0)
    lines = tuple(wrap_text(label, height))
    ticks = widest([signed(LOWEST), signed(highest)])
    left = _EDGE_MM + block_height(len(lines)) + _LABEL_GAP_MM + ticks + _TICK_GAP_MM + _TICK_MM
    right = _LABEL_GAP_MM + max(text_width(_threshold_text(*threshold)) for threshold in THRESHOLDS) + _EDGE_MM
    return ChangeFrame(left, top_mm, page_width_mm - left - right, height, highest, lines)


def draw_change_axes(sheet: Axes, frame: ChangeFrame) -> Axes:
    """Draw axes whose y is percent change, with a line at 0 and the thresholds; return them.

    The lines carry the gids ``zero``, ``threshold-PD`` and ``threshold-PR``.
    """
    axes = place_axes(sheet, frame.left, frame.top, frame.width, frame.height)
    axes.set_ylim(LOWEST, frame.highest)
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    ticks = [LOWEST + _STEP * k for k in range(round((frame.highest - LOWEST) / _STEP) + 1)]
    axes.set_yticks(ticks, labels=[signed(tick) for tick in ticks])
    axes.tick_params(length=_TICK_MM / MM_PER_POINT, width=AXIS_PT, pad=_TICK_GAP_MM / MM_PER_POINT)
    for k, line in enumerate(frame.label):
        x = _EDGE_MM + (k + 0.5) * LINE_MM
        sheet.text(x, frame.top + frame.height / 2, line, rotation=90.0, ha="center", va="center")
    axes.axhline(0.0, color="black", linewidth=AXIS_PT, zorder=3.0, gid="zero")
    for change, name in THRESHOLDS:
        axes.axhline(
            change, color=GRAY, linewidth=AXIS_PT, linestyle=_THRESHOLD_DASHES, zorder=1.5, gid=f"threshold-{name}"
        )
        write(sheet, frame.left + frame.width + _LABEL_GAP_MM, frame.level(change), _threshold_text(change, name))
    return axes


def _threshold_text(change_percent: float, name: str) -> str:
    return f"{name} {signed(change_percent)}%"
