"""Forest plots: one row per level with its ratio and interval, in words and on a log axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import floor, isfinite, isnan, log10
from typing import Final, Literal, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import NullLocator

from oncohort.errors import OutputError
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
from oncohort.report.figures.style import AXIS_PT, COLORS, DOUBLE_COLUMN_MM, GRAY, LIGHT, LINE_MM, journal_style
from oncohort.study.text import format_plain

RowKind = Literal["header", "estimate", "reference"]

REFERENCE_TEXT: Final = "1 (reference)"
_COLUMN_GAP_MM: Final = 3.0
_INDENT_MM: Final = 2.5
_ROW_GAP_MM: Final = 1.3
_HEAD_MM: Final = 6.0
_AXIS_MM: Final = 8.5
_FAVORS_MM: Final = 4.0
_EDGE_MM: Final = 1.0
_LEAST_PLOT_MM: Final = 24.0
_LEAST_LABEL_MM: Final = 18.0
_PLOT_SHARE: Final = 0.42
_MARKER_PT: Final = 4.6
_WIDEST: Final = (0.1, 10.0)
_FARTHEST: Final = (0.01, 100.0)
_TICK_SETS: Final = (
    (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0),
    (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0),
    (0.25, 1.0, 4.0),
    (0.5, 1.0, 2.0),
    (0.01, 0.1, 1.0, 10.0, 100.0),
)
_NEAR_TICKS: Final = (0.5, 0.67, 0.8, 1.0, 1.25, 1.5, 2.0)
_TICK_GAP_MM: Final = 1.5


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One row of a forest plot.

    Parameters
    ----------
    label : str
        The factor (a header) or its level.
    estimate, conf_low, conf_high : float
        The ratio and its limits, above 0. A limit may be 0, infinite or nan; an estimate that is nan, 0 or infinite
        is told in words only. Not looked at for a header.
    text : str
        Such as "2.26 (1.17–4.35)"; an empty one of a reference reads "1 (reference)".
    p_text, count_text : str
        Such as "0.015" and "31/46"; may be empty.
    kind : {"header", "estimate", "reference"}
    """

    label: str
    estimate: float = float("nan")
    conf_low: float = float("nan")
    conf_high: float = float("nan")
    text: str = ""
    p_text: str = ""
    count_text: str = ""
    kind: RowKind = "estimate"


@dataclass(frozen=True, slots=True)
class ForestHeads:
    """The heads of the columns and the label of the axis; a column whose texts are all empty is left out."""

    label: str = ""
    count: str = "Events/n"
    effect: str = "Hazard ratio (95% CI)"
    p_value: str = "P value"
    axis: str = "Hazard ratio"


class _Columns(NamedTuple):
    """Left edges and widths in mm."""

    label_width: float
    count_right: float
    plot_left: float
    plot_width: float
    effect_left: float
    p_left: float
    page_width: float


def plot_forest(
    rows: Sequence[ForestRow],
    *,
    heads: ForestHeads | None = None,
    width_mm: float = DOUBLE_COLUMN_MM,
    axis_limits: tuple[float, float] | None = None,
    favors: tuple[str, str] | None = None,
    banded: bool = True,
) -> Figure:
    """Draw ratios with their intervals on a log axis beside the same numbers in words.

    An arrow stands where an interval goes on beyond the axis. A limit that is nan is not drawn: the line ends at the
    estimate on that side.

    Parameters
    ----------
    rows : sequence of ForestRow
        From top to bottom.
    heads : ForestHeads, optional
    width_mm : float
        Width of the figure; it is widened where the columns of text leave the axis less than 24 mm.
    axis_limits : tuple of float, optional
        Ends of the axis; otherwise chosen to show all finite limits, within 0.1 to 10 unless estimates lie beyond.
    favors : tuple of str, optional
        What ratios below and above 1 speak for, under the axis.
    banded : bool
        A light band behind every second row.

    Returns
    -------
    matplotlib.figure.Figure
        ``figure.axes[0]`` is the page in mm, ``figure.axes[1]`` the log axis; its lines carry the gids
        ``interval-k`` and ``estimate-k`` (row k, from 0).

    Raises
    ------
    OutputError
        No row is given.

    Examples
    --------
    >>> figure = plot_forest([ForestRow("Female", 0.59, 0.42, 0.82, "0.59 (0.42–0.82)", "0.001")])
    >>> figure.axes[1].get_xscale(), figure.axes[1].get_xlabel()
    ('log', 'Hazard ratio')

    References
    ----------
    Lewis S, Clarke M. BMJ 2001;322:1479-1480 (the form of the plot).
    """
    if not rows:
        raise OutputError("forest plot: there is no row; at least one was expected")
    words = heads or ForestHeads()
    drawn = [text for row in rows for text in (row.label, row.text, row.p_text, row.count_text)]
    with journal_style([*drawn, words.label, words.count, words.effect, words.p_value, words.axis, *(favors or ())]):
        columns = _lay_out_columns(rows, words, width_mm)
        labels = [_wrap_label(row, rows, columns) for row in rows]
        heights = [block_height(len(lines)) + _ROW_GAP_MM for lines in labels]
        tops = [_HEAD_MM + sum(heights[:k]) for k in range(len(rows) + 1)]
        figure, sheet = blank_figure(columns.page_width, tops[-1] + _AXIS_MM + (_FAVORS_MM if favors else 0.0))
        _write_heads(sheet, words, columns)
        axes = place_axes(sheet, columns.plot_left, _HEAD_MM, columns.plot_width, tops[-1] - _HEAD_MM)
        _draw_axis(axes, axis_limits or choose_limits(rows), columns.plot_width, words.axis, tops)
        for k, (row, lines) in enumerate(zip(rows, labels, strict=True)):
            if banded and k % 2 == 0:
                place = (0.0, tops[k])
                sheet.add_patch(Rectangle(place, columns.page_width, heights[k], color=LIGHT, linewidth=0.0))
            _write_row(sheet, row, lines, columns, tops[k] + heights[k] / 2, _indent(row, rows))
            _draw_row(axes, row, k, tops[k] + heights[k] / 2)
        if favors:
            _write_favors(sheet, axes, favors, columns, tops[-1] + _AXIS_MM + _FAVORS_MM / 2 - 1.0)
    return figure


def choose_limits(rows: Sequence[ForestRow]) -> tuple[float, float]:
    """Return the ends of a log axis that shows 1, the estimates and, within 0.1 to 10, their finite limits.

    Examples
    --------
    >>> choose_limits([ForestRow("", 2.0, 0.9, 30.0), ForestRow("", 0.7, 0.5, float("inf"))])
    (0.45, 11.0)
    """
    drawn = [row for row in rows if row.kind == "estimate"]
    estimates = [_clamp(row.estimate, _FARTHEST) for row in drawn if _on_log_axis(row.estimate)]
    limits = [_clamp(x, _WIDEST) for row in drawn for x in (row.conf_low, row.conf_high) if _on_log_axis(x)]
    shown = [0.8, 1.25, *estimates, *limits]
    low, high = min(shown) / 1.1, max(shown) * 1.1
    return _round_to_two(low), _round_to_two(high)


def choose_ratio_ticks(low: float, high: float, width_mm: float) -> list[float]:
    """Return the ticks of a log axis between its ends: 1 and round ratios, as many as have room for their labels.

    Examples
    --------
    >>> choose_ratio_ticks(0.45, 11.0, 50.0)
    [0.5, 1.0, 2.0, 4.0, 8.0]
    >>> choose_ratio_ticks(0.7, 1.4, 50.0)
    [0.8, 1.0, 1.25]
    """
    sets = (_NEAR_TICKS, *_TICK_SETS) if high / low < 5.0 else _TICK_SETS
    mm_per_decade = width_mm / log10(high / low)
    for ticks in sets:
        shown = [tick for tick in ticks if low <= tick <= high]
        widths = [text_width(format_plain(tick)) for tick in shown]
        gaps = [
            log10(b / a) * mm_per_decade - (v + w) / 2 for (a, v), (b, w) in pairwise(zip(shown, widths, strict=True))
        ]
        if gaps and min(gaps) >= _TICK_GAP_MM:
            return shown
    return [1.0] if low <= 1.0 <= high else []


def _lay_out_columns(rows: Sequence[ForestRow], heads: ForestHeads, width_mm: float) -> _Columns:
    count_texts = [row.count_text for row in rows]
    count_width = max(widest(count_texts), text_width(heads.count, bold=True)) if any(count_texts) else 0.0
    effect_width = max(widest([_effect_text(row) for row in rows]), text_width(heads.effect, bold=True))
    p_texts = [row.p_text for row in rows]
    p_width = max(widest(p_texts), text_width(heads.p_value, bold=True)) if any(p_texts) else 0.0
    columns = [width for width in (count_width, effect_width, p_width) if width]
    taken = sum(columns) + _COLUMN_GAP_MM * (len(columns) + 1) + 2 * _EDGE_MM
    wanted = max(
        text_width(heads.label, bold=True),
        *(text_width(row.label) + _indent(row, rows) + 0.1 for row in rows if row.kind != "header"),
    )
    free = width_mm - taken
    label_width = min(wanted, max(free - max(_LEAST_PLOT_MM, _PLOT_SHARE * free), _LEAST_LABEL_MM))
    plot_width = max(free - label_width, _LEAST_PLOT_MM)
    count_right = _EDGE_MM + label_width + (count_width + _COLUMN_GAP_MM if count_width else 0.0)
    plot_left = count_right + _COLUMN_GAP_MM
    effect_left = plot_left + plot_width + _COLUMN_GAP_MM
    page_width = effect_left + effect_width + (p_width + _COLUMN_GAP_MM if p_width else 0.0) + _EDGE_MM
    return _Columns(
        label_width,
        count_right,
        plot_left,
        plot_width,
        effect_left,
        effect_left + effect_width + _COLUMN_GAP_MM,
        page_width,
    )


def _wrap_label(row: ForestRow, rows: Sequence[ForestRow], columns: _Columns) -> list[str]:
    if row.kind == "header" and not row.count_text:
        return wrap_text(row.label, columns.count_right - _EDGE_MM, bold=True)
    return wrap_text(row.label, columns.label_width - _indent(row, rows), bold=row.kind == "header")


def _draw_axis(axes: Axes, limits: tuple[float, float], width_mm: float, label: str, tops: Sequence[float]) -> None:
    axes.set_xscale("log")
    axes.set_xlim(*limits)
    axes.set_ylim(tops[-1], tops[0])
    axes.xaxis.set_minor_locator(NullLocator())
    ticks = choose_ratio_ticks(*limits, width_mm)
    axes.set_xticks(ticks, labels=[format_plain(tick) for tick in ticks])
    axes.set_yticks([])
    axes.spines[["top", "left", "right"]].set_visible(False)
    axes.tick_params(length=0.9 / MM_PER_POINT, width=AXIS_PT, pad=1.5)
    axes.set_xlabel(label, labelpad=1.5)
    axes.axvline(1.0, color=GRAY, linewidth=AXIS_PT, zorder=1.0, gid="line-of-one")


def _draw_row(axes: Axes, row: ForestRow, k: int, y: float) -> None:
    low_end, high_end = axes.get_xlim()
    if row.kind == "reference":
        _mark(axes, 1.0, y, k, hollow=True)
    if row.kind != "estimate" or not _on_log_axis(row.estimate):
        return
    # A limit that is unknown leaves the line at the estimate.
    low = row.estimate if isnan(row.conf_low) else row.conf_low
    high = row.estimate if isnan(row.conf_high) else row.conf_high
    ends = (max(low, low_end), min(high, high_end))
    if ends[0] < ends[1]:
        axes.plot(ends, (y, y), color="black", linewidth=0.9, clip_on=False, gid=f"interval-{k}")
    for beyond, end, marker in ((low < low_end, low_end, "<"), (high > high_end, high_end, ">")):
        if beyond:
            axes.plot([end], [y], marker=marker, color="black", markersize=3.4, markeredgewidth=0.0, clip_on=False)
    if low_end <= row.estimate <= high_end:
        _mark(axes, row.estimate, y, k, hollow=False)


def _mark(axes: Axes, x: float, y: float, k: int, *, hollow: bool) -> None:
    axes.plot(
        [x],
        [y],
        marker="s",
        markersize=_MARKER_PT,
        markerfacecolor="white" if hollow else COLORS[0],
        markeredgecolor=COLORS[0],
        markeredgewidth=0.7,
        linestyle="none",
        zorder=3.0,
        gid=f"estimate-{k}",
    )


def _write_heads(sheet: Axes, heads: ForestHeads, columns: _Columns) -> None:
    y = _HEAD_MM / 2
    write(sheet, _EDGE_MM, y, heads.label, bold=True)
    if columns.count_right > _EDGE_MM + columns.label_width:
        write(sheet, columns.count_right, y, heads.count, bold=True, align="right")
    write(sheet, columns.effect_left, y, heads.effect, bold=True)
    if columns.p_left < columns.page_width:
        write(sheet, columns.p_left, y, heads.p_value, bold=True)


def _write_row(sheet: Axes, row: ForestRow, lines: list[str], columns: _Columns, middle: float, indent: float) -> None:
    bold = row.kind == "header"
    first = middle - block_height(len(lines) - 1) / 2
    for k, line in enumerate(lines):
        write(sheet, _EDGE_MM + indent, first + k * LINE_MM, line, bold=bold)
    write(sheet, columns.count_right, middle, row.count_text, align="right")
    write(sheet, columns.effect_left, middle, _effect_text(row))
    write(sheet, columns.p_left, middle, row.p_text)


def _write_favors(sheet: Axes, axes: Axes, favors: tuple[str, str], columns: _Columns, y: float) -> None:
    low, high = axes.get_xlim()
    one = columns.plot_left + columns.plot_width * log10(1.0 / low) / log10(high / low)
    write(sheet, one - 2.0, y, f"← {favors[0]}", align="right")
    write(sheet, one + 2.0, y, f"{favors[1]} →")


def _effect_text(row: ForestRow) -> str:
    return row.text or (REFERENCE_TEXT if row.kind == "reference" else "")


def _indent(row: ForestRow, rows: Sequence[ForestRow]) -> float:
    return _INDENT_MM if row.kind != "header" and any(other.kind == "header" for other in rows) else 0.0


def _on_log_axis(value: float) -> bool:
    return isfinite(value) and value > 0.0


def _clamp(value: float, ends: tuple[float, float]) -> float:
    return min(max(value, ends[0]), ends[1])


def _round_to_two(value: float) -> float:
    digits = 1 - floor(log10(value))
    return round(value, digits)
