"""Hazard curves: the hazard ratio over the values of a number, with its band and a rug of the patients."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import floor, log10, nan
from typing import Final, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from oncohort.errors import OutputError
from oncohort.report.figures.forest import ForestRow, choose_limits, choose_ratio_ticks
from oncohort.report.figures.sheet import (
    MM_PER_POINT,
    blank_figure,
    block_height,
    place_axes,
    text_width,
    widest,
    wrap_text,
    write,
)
from oncohort.report.figures.style import (
    AXIS_PT,
    BAND_ALPHAS,
    COLORS,
    CURVE_PT,
    GRAY,
    LINE_MM,
    SINGLE_COLUMN_MM,
    journal_style,
)
from oncohort.study.results import SplineRow
from oncohort.study.text import format_plain

_HEIGHT_MM: Final = 46.0
_EDGE_MM: Final = 0.6
_RIGHT_MM: Final = 3.0
_GAP_MM: Final = 1.0
_TICK_MM: Final = 0.9
_TICK_GAP_MM: Final = 0.6
_LABELS_APART_MM: Final = 1.8
_RUG_MM: Final = 1.6
_RUG_PT: Final = 0.4
_MARK_PT: Final = 3.4


class _Layout(NamedTuple):
    """Where the axes stand on the sheet in mm, the height of the sheet, and the lines of both labels."""

    left: float
    top: float
    width: float
    page_height: float
    value_label: tuple[str, ...]
    ratio_label: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HazardCurve:
    """One curve with what stands around it.

    Parameters
    ----------
    points : sequence of SplineRow
        The curve, in ascending order of its values; at least two.
    reference : float
        The value that others are compared with.
    value_label, ratio_label : str
        What stands along the axes, such as "Age (years)" and "Hazard ratio (95% CI)".
    notes : tuple of str
        Lines above the axes, such as "P = 0.03".
    rug : sequence of float
        Values of the patients; none are shown where it is empty.
    logarithmic : bool
        The axis of values is a log axis.
    """

    points: Sequence[SplineRow]
    reference: float
    value_label: str
    ratio_label: str
    notes: tuple[str, ...] = ()
    rug: Sequence[float] = ()
    logarithmic: bool = False


def plot_hazard_curve(curve: HazardCurve, *, width_mm: float = SINGLE_COLUMN_MM) -> Figure:
    """Draw the hazard ratio against a reference as a curve over the values of a number, on a log axis.

    The band is cut where a limit is below 0.1 or above 10; the curve itself is always shown. A hollow square marks the
    reference. Ticks above the axis of values are patients; those beyond the ends of the curve are not drawn.

    Parameters
    ----------
    curve : HazardCurve
        What is drawn.
    width_mm : float
        Width of the figure: 85 for one column of a journal, 170 for two.

    Returns
    -------
    matplotlib.figure.Figure
        ``figure.axes[0]`` is the page in mm, ``figure.axes[1]`` has value and ratio; its artists carry the gids
        ``curve``, ``band``, ``line-of-one``, ``reference`` and ``rug``.

    Raises
    ------
    OutputError
        If there are fewer than two points.

    Examples
    --------
    >>> points = [SplineRow("m", "OS", "age", *row) for row in ((50, 0.8, 0.6, 1.1), (60, 1, 1, 1), (70, 1.5, 1.1, 2))]
    >>> figure = plot_hazard_curve(HazardCurve(points, 60, "Age (years)", "Hazard ratio", rug=[44, 52, 61]))
    >>> [line.get_gid() for line in figure.axes[1].lines]
    ['line-of-one', 'curve', 'reference', 'rug']
    """
    points = curve.points
    if len(points) < 2:
        raise OutputError(f"hazard curve: at least two points were expected; got {len(points)}")
    with journal_style([curve.value_label, curve.ratio_label, *curve.notes]):
        limits = choose_limits([ForestRow("", row.estimate, row.conf_low, row.conf_high) for row in points])
        ratios = choose_ratio_ticks(*limits, _HEIGHT_MM)
        layout = _lay_out(curve, ratios, width_mm)
        figure, sheet = blank_figure(width_mm, layout.page_height)
        for k, note in enumerate(curve.notes):
            write(sheet, layout.left, _EDGE_MM + (k + 0.5) * LINE_MM, note)
        axes = place_axes(sheet, layout.left, layout.top, layout.width, _HEIGHT_MM)
        _draw_axes(axes, layout, curve, limits, ratios)
        _draw_curve(axes, points, curve.reference)
        _draw_rug(axes, [value for value in curve.rug if points[0].at <= value <= points[-1].at])
    return figure


def choose_value_ticks(low: float, high: float, width_mm: float, *, logarithmic: bool) -> list[float]:
    """Return round values between two ends, as many as have room for their labels.

    Examples
    --------
    >>> choose_value_ticks(44.0, 76.0, 70.0, logarithmic=False), choose_value_ticks(3.0, 900.0, 70.0, logarithmic=True)
    ([45.0, 50.0, 55.0, 60.0, 65.0, 70.0, 75.0], [5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0])
    """
    shown: list[float] = []
    for ticks in _log_ticks(low, high) if logarithmic else _even_ticks(low, high):
        shown = [tick for tick in ticks if low <= tick <= high]
        places = [
            log10(tick / low) / log10(high / low) if logarithmic else (tick - low) / (high - low) for tick in shown
        ]
        widths = [text_width(format_plain(tick)) for tick in shown]
        ends = [(place * width_mm, width / 2) for place, width in zip(places, widths, strict=True)]
        if all(b - v - a - w >= _LABELS_APART_MM for (a, w), (b, v) in pairwise(ends)) and len(shown) <= 9:
            break
    return shown


def _even_ticks(low: float, high: float) -> Iterator[list[float]]:
    power = floor(log10(high - low)) - 1
    for tens in range(power, power + 3):
        for first in (1, 2, 5):
            step = first * 10.0**tens
            start = floor(low / step)
            yield [round((start + k) * step, 10) for k in range(int((high - low) / step) + 2)]


def _log_ticks(low: float, high: float) -> Iterator[list[float]]:
    if high / low < 2.0:
        yield from _even_ticks(low, high)
        return
    powers = range(floor(log10(low)), floor(log10(high)) + 1)
    for firsts in ((1, 2, 3, 4, 5, 6, 8), (1, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,)):
        yield [round(first * 10.0**power, 10) for power in powers for first in firsts]
    yield [10.0**power for power in powers][::2]


def _lay_out(curve: HazardCurve, ratios: Sequence[float], width_mm: float) -> _Layout:
    beside = tuple(wrap_text(curve.ratio_label, _HEIGHT_MM))
    ticks = widest([format_plain(tick) for tick in ratios])
    left = _EDGE_MM + block_height(len(beside)) + _GAP_MM + ticks + _TICK_GAP_MM + _TICK_MM
    width = width_mm - left - _RIGHT_MM
    below = tuple(wrap_text(curve.value_label, width))
    top = _EDGE_MM + block_height(len(curve.notes)) + _GAP_MM
    bottom = _TICK_MM + _TICK_GAP_MM + LINE_MM + block_height(len(below)) + _EDGE_MM
    return _Layout(left, top, width, top + _HEIGHT_MM + bottom, below, beside)


def _draw_axes(
    axes: Axes, layout: _Layout, curve: HazardCurve, limits: tuple[float, float], ratios: Sequence[float]
) -> None:
    low, high = curve.points[0].at, curve.points[-1].at
    axes.set_xscale("log" if curve.logarithmic else "linear")
    axes.set_yscale("log")
    axes.set_xlim(low, high)
    axes.set_ylim(*limits)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_locator(NullLocator())
    values = choose_value_ticks(low, high, layout.width, logarithmic=curve.logarithmic)
    axes.set_xticks(values, labels=[format_plain(tick) for tick in values])
    axes.set_yticks(ratios, labels=[format_plain(tick) for tick in ratios])
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(length=_TICK_MM / MM_PER_POINT, width=AXIS_PT, pad=_TICK_GAP_MM / MM_PER_POINT)
    axes.set_xlabel("\n".join(layout.value_label), labelpad=1.5)
    axes.set_ylabel("\n".join(layout.ratio_label), labelpad=2.0)


def _draw_curve(axes: Axes, points: Sequence[SplineRow], reference: float) -> None:
    at = [point.at for point in points]
    low, high = [point.conf_low for point in points], [point.conf_high for point in points]
    axes.fill_between(at, low, high, color=COLORS[0], alpha=BAND_ALPHAS[0], linewidth=0.0, gid="band")
    axes.axhline(1.0, color=GRAY, linewidth=AXIS_PT, zorder=1.0, gid="line-of-one")
    axes.plot(at, [point.estimate for point in points], color=COLORS[0], linewidth=CURVE_PT, gid="curve")
    if at[0] <= reference <= at[-1]:
        axes.plot(
            [reference],
            [1.0],
            marker="s",
            markersize=_MARK_PT,
            markerfacecolor="white",
            markeredgecolor=COLORS[0],
            markeredgewidth=0.7,
            linestyle="none",
            clip_on=False,
            zorder=3.0,
            gid="reference",
        )


def _draw_rug(axes: Axes, values: Sequence[float]) -> None:
    """Draw a tick for each patient, all of them one path with gaps."""
    if not values:
        return
    top = _RUG_MM / _HEIGHT_MM
    xs = [x for value in sorted(values) for x in (value, value, nan)]
    ys = [y for _ in values for y in (0.0, top, nan)]
    transform = axes.get_xaxis_transform()
    axes.plot(xs, ys, transform=transform, color="black", linewidth=_RUG_PT, clip_on=False, gid="rug")
