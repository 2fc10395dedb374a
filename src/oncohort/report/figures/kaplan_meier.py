"""Kaplan–Meier figures: curves, censor ticks, confidence bands and the numbers at risk under the time axis."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan
from string import ascii_uppercase
from typing import Final, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import blended_transform_factory

from oncohort.report.figures.legend import SAMPLE_MM, draw_legend
from oncohort.report.figures.panel import CurveData, KaplanMeierPanel, check_panels, has_bands, steps_of, words_of
from oncohort.report.figures.panel_layout import (
    PANEL_GAP_MM,
    ROW_GAP_MM,
    PanelLayout,
    lay_out_row,
)
from oncohort.report.figures.sheet import (
    MM_PER_POINT,
    baseline_of,
    blank_figure,
    draw_sample,
    place_axes,
    write,
)
from oncohort.report.figures.style import (
    AXIS_PT,
    BAND_ALPHAS,
    CURVE_PT,
    DOUBLE_COLUMN_MM,
    LETTER_PT,
    LINE_MM,
    LineLook,
    journal_style,
    line_look,
)
from oncohort.report.figures.time_axis import count_at_risk
from oncohort.study.results import CurveRow
from oncohort.study.text import format_plain, mask_count

__all__ = ["CurveData", "KaplanMeierPanel", "plot_kaplan_meier"]

CENSOR_MM: Final = 0.85
CENSOR_PT: Final = 0.6
TICK_MM: Final = 0.9
HEADER_TOP_MM: Final = 2.5
_PANEL_WIDTH_MM: Final = 50.0


def plot_kaplan_meier(
    panels: Sequence[KaplanMeierPanel],
    *,
    width_mm: float = DOUBLE_COLUMN_MM,
    columns: int | None = None,
    percent: bool = False,
    min_cell: int = 0,
) -> Figure:
    """Draw survival curves with the numbers at risk exactly under the ticks of the time axis.

    A number at risk is the count just before its tick: patients whose time is the tick are still in it. Confidence
    bands are drawn where a panel has at most three curves. The legend stands in a corner that no curve touches,
    or above the axes. The figure has no title: its caption belongs to the document.

    Parameters
    ----------
    panels : sequence of KaplanMeierPanel
        One set of axes each; more than one get the letters A, B, C …
    width_mm : float
        Width of the whole figure: 85 for one column of a journal, 170 for two. The height follows.
    columns : int, optional
        Panels beside each other; otherwise as many as have 50 mm each.
    percent : bool
        Label survival 0 to 100 instead of 0.0 to 1.0. The data of the lines stay probabilities.
    min_cell : int
        Numbers at risk from 1 to ``min_cell`` − 1 are printed as "<min_cell"; 0 prints all.

    Returns
    -------
    matplotlib.figure.Figure
        Not known to pyplot. ``figure.axes[0]`` is the page in mm, the others are the panels in order; the artists
        carry the gids ``curve-k``, ``band-k``, ``censor-k`` and ``risk-k-j`` (curve k, tick j, both from 0).

    Raises
    ------
    OutputError
        No panel, a panel without a curve, or a curve without rows.

    Examples
    --------
    Survival in ovarian cancer, first rows (Edmonson et al. 1979, ``ovarian`` of R's survival; limits log-log):

    >>> from oncohort.study.results import CurveRow
    >>> rows = [
    ...     CurveRow("OS", "", "", "", time, n_risk, 1, 0, surv, low, high)
    ...     for time, n_risk, surv, low, high in (
    ...         (59.0, 26, 0.962, 0.757, 0.994),
    ...         (115.0, 25, 0.923, 0.726, 0.980),
    ...         (156.0, 24, 0.885, 0.684, 0.961),
    ...     )
    ... ]
    >>> figure = plot_kaplan_meier(
    ...     [KaplanMeierPanel((CurveData("", rows),), "Days since randomization", "Overall survival", "days")],
    ...     width_mm=85,
    ... )
    >>> [text.get_text() for text in figure.axes[1].texts]
    ['26', '26', '26', '25', '25', '25', '24', '24', '0']

    References
    ----------
    Morris TP, et al. BMJ Open 2019;9:e030215 (what readers want of such figures: numbers at risk, bands).
    Okabe M, Ito K. Color Universal Design. 2008 (colours).
    """
    check_panels(panels)
    with journal_style(word for panel in panels for word in words_of(panel)):
        fitting = int((width_mm + PANEL_GAP_MM) // (_PANEL_WIDTH_MM + PANEL_GAP_MM))
        across = columns or max(1, min(len(panels), fitting))
        panel_width = (width_mm - (across - 1) * PANEL_GAP_MM) / across
        lettered = len(panels) > 1
        rows = [panels[k : k + across] for k in range(0, len(panels), across)]
        layouts = [lay_out_row(row, panel_width, lettered=lettered) for row in rows]
        height = sum(row[0].height for row in layouts) + ROW_GAP_MM * (len(layouts) - 1)
        figure, sheet = blank_figure(width_mm, height)
        for k, panel in enumerate(panels):
            r, c = divmod(k, across)
            corner = Corner(c * (panel_width + PANEL_GAP_MM), sum(row[0].height + ROW_GAP_MM for row in layouts[:r]))
            letter = ascii_uppercase[k % 26] if lettered else ""
            _draw_header(sheet, letter, layouts[r][c], corner)
            axes = _draw_axes(sheet, layouts[r][c], corner, percent=percent)
            _draw_curves(axes, panel, layouts[r][c])
            draw_legend(
                sheet, layouts[r][c].legend, corner.x + layouts[r][c].axes_left, corner.y + layouts[r][c].axes_top
            )
            _draw_risk_table(axes, sheet, panel, layouts[r][c], corner, min_cell)
    return figure


class Corner(NamedTuple):
    """The top left corner of a panel on the page, in mm."""

    x: float
    y: float


def _draw_header(sheet: Axes, letter: str, layout: PanelLayout, corner: Corner) -> None:
    first = corner.y + HEADER_TOP_MM
    write(sheet, corner.x, first, letter, bold=True, size=LETTER_PT)
    for k, line in enumerate(layout.title):
        write(sheet, corner.x + layout.title_indent, first + k * LINE_MM, line, bold=True)


def _draw_axes(sheet: Axes, layout: PanelLayout, corner: Corner, *, percent: bool) -> Axes:
    axes = place_axes(
        sheet, corner.x + layout.axes_left, corner.y + layout.axes_top, layout.axes_width, layout.axes_height
    )
    axes.set_xlim(0.0, layout.end_time)
    axes.set_ylim(0.0, 1.0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xticks(layout.ticks, labels=[format_plain(tick) for tick in layout.ticks])
    fifths = range(6)
    axes.set_yticks([k / 5 for k in fifths], labels=[str(20 * k) if percent else f"{k / 5:.1f}" for k in fifths])
    axes.tick_params(length=TICK_MM / MM_PER_POINT, width=AXIS_PT, pad=1.5)
    axes.set_xlabel("\n".join(layout.time_label), labelpad=1.5)
    axes.set_ylabel("\n".join(layout.survival_label), labelpad=2.0)
    return axes


def _draw_curves(axes: Axes, panel: KaplanMeierPanel, layout: PanelLayout) -> None:
    tick = CENSOR_MM / layout.axes_height
    for k, curve in enumerate(panel.curves):
        look = line_look(k)
        if has_bands(panel):
            _draw_band(axes, curve, look.color, BAND_ALPHAS[len(panel.curves) - 1], f"band-{k}")
        times, survival = _corners(curve)
        axes.plot(
            times,
            survival,
            drawstyle="steps-post",
            color=look.color,
            linestyle=look.linestyle,
            linewidth=CURVE_PT,
            clip_on=False,
            gid=f"curve-{k}",
        )
        _draw_censored(axes, curve.rows, look, tick, f"censor-{k}")


def _corners(curve: CurveData) -> tuple[list[float], list[float]]:
    steps = list(steps_of(curve))
    start = [] if curve.rows[0].time > 0.0 else [0.0]
    return [*start, *(step.start for step in steps)], [*(curve.start for _ in start), *(step.surv for step in steps)]


def _draw_band(axes: Axes, curve: CurveData, color: str, alpha: float, gid: str) -> None:
    steps = list(steps_of(curve))
    times = np.array([time for step in steps for time in (step.start, step.stop)])
    low = np.repeat([step.conf_low for step in steps], 2)
    high = np.repeat([step.conf_high for step in steps], 2)
    known = np.isfinite(low) & np.isfinite(high)
    axes.fill_between(times, low, high, where=known, color=color, alpha=alpha, linewidth=0.0, clip_on=False, gid=gid)


def _draw_censored(axes: Axes, rows: Sequence[CurveRow], look: LineLook, half: float, gid: str) -> None:
    # One path of all ticks, with gaps between them: a marker each would make large files of large cohorts.
    marked = [row for row in rows if row.n_censor > 0]
    times = [time for row in marked for time in (row.time, row.time, nan)]
    heights = [height for row in marked for height in (row.surv - half, row.surv + half, nan)]
    axes.plot(times, heights, color=look.color, linestyle="-", linewidth=CENSOR_PT, clip_on=False, gid=gid)


def _draw_risk_table(
    axes: Axes, sheet: Axes, panel: KaplanMeierPanel, layout: PanelLayout, corner: Corner, min_cell: int
) -> None:
    at_tick = blended_transform_factory(axes.transData, sheet.transData)
    for k, line in enumerate(layout.risk_lines):
        y = corner.y + layout.risk_top + (k + 0.5) * LINE_MM
        if line.sample is not None:
            draw_sample(sheet, corner.x, y, SAMPLE_MM, line_look(line.sample), CURVE_PT)
        write(sheet, corner.x + line.indent, y, line.label, bold=line.bold)
        if line.numbers is None:
            continue
        counts = count_at_risk(panel.curves[line.numbers].rows, layout.ticks)
        for j, (tick, count) in enumerate(zip(layout.ticks, counts, strict=True)):
            axes.text(
                tick,
                baseline_of(y),
                mask_count(count, min_cell),
                transform=at_tick,
                ha="center",
                va="baseline",
                gid=f"risk-{line.numbers}-{j}",
            )
