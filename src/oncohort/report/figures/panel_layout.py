"""Where the parts of a Kaplan–Meier panel stand, in mm; panels beside each other share their heights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from oncohort.report.figures.legend import SAMPLE_GAP_MM, SAMPLE_MM, Legend, Room, legend_above, legend_inside
from oncohort.report.figures.panel import KaplanMeierPanel, largest_count, last_time
from oncohort.report.figures.sheet import block_height, text_width, widest, wrap_text
from oncohort.report.figures.time_axis import fit_ticks
from oncohort.study.text import format_plain

AT_RISK: Final = "No. at risk"
PANEL_GAP_MM: Final = 4.0
ROW_GAP_MM: Final = 6.0
LETTER_INDENT_MM: Final = 5.0
TICK_LABEL_MM: Final = 4.1
Y_TICK_MM: Final = 7.2

_TOP_MM: Final = 1.6
_TITLE_GAP_MM: Final = 1.7
_BOTTOM_MM: Final = 1.2
_LEGEND_GAP_MM: Final = 2.0
_TABLE_GAP_MM: Final = 1.0
_LABEL_GAP_MM: Final = 2.6
_RIGHT_MM: Final = 2.4
_HEIGHT_SHARE: Final = 0.72
_LOWEST_MM: Final = 38.0
_HIGHEST_MM: Final = 80.0
_LABEL_SHARE: Final = 0.36


class RiskLine(NamedTuple):
    """One printed line of the risk table; ``sample`` and ``numbers`` are places of curves, None if there are none."""

    label: str
    indent: float
    sample: int | None
    numbers: int | None
    bold: bool = False


@dataclass(frozen=True, slots=True)
class PanelLayout:
    """One panel; lengths in mm, counted from the panel's top left corner."""

    title: tuple[str, ...]
    title_indent: float
    axes_left: float
    axes_top: float
    axes_width: float
    axes_height: float
    ticks: tuple[float, ...]
    end_time: float
    survival_label: tuple[str, ...]
    time_label: tuple[str, ...]
    legend: Legend
    risk_top: float
    risk_lines: tuple[RiskLine, ...]
    height: float


class _Shape(NamedTuple):
    """What a panel needs before the heights of its row are known."""

    left: float
    width: float
    ticks: tuple[float, ...]
    end_time: float
    survival_label: tuple[str, ...]
    time_label: tuple[str, ...]


def lay_out_row(panels: Sequence[KaplanMeierPanel], width: float, *, lettered: bool) -> tuple[PanelLayout, ...]:
    """Return the layouts of panels beside each other, each ``width`` mm wide; their axes stand level.

    ``lettered`` keeps room for a letter before each title. If one legend finds no room inside its axes, all of the row
    stand above them; if the labels of one risk table are too long to stand beside it, all stand over their numbers.
    """
    axes_height = min(max(_HEIGHT_SHARE * (width - 2 * Y_TICK_MM), _LOWEST_MM), _HIGHEST_MM)
    stacked = any(_label_width(panel) > _LABEL_SHARE * width for panel in panels)
    shapes = [_shape(panel, width, axes_height, stacked=stacked) for panel in panels]
    inside = [
        legend_inside(panel, Room(shape.width, axes_height, shape.end_time))
        for panel, shape in zip(panels, shapes, strict=True)
    ]
    title_indent = LETTER_INDENT_MM if lettered else 0.0
    titles = [_wrap_title(panel, width - title_indent) for panel in panels]
    title_lines = max(1 if lettered else 0, *(len(lines) for lines in titles))
    top = _TOP_MM + (block_height(title_lines) + _TITLE_GAP_MM if title_lines else 0.0)
    legends = [legend for legend in inside if legend is not None]
    if len(legends) < len(panels):
        above = [legend_above(panel, width) for panel in panels]
        legends = [
            Legend(legend.lines, -shape.left, -legend.height - _LEGEND_GAP_MM)
            for legend, shape in zip(above, shapes, strict=True)
        ]
        top += max(legend.height for legend in legends) + _LEGEND_GAP_MM
    label_lines = max(len(shape.time_label) for shape in shapes)
    risk_top = top + axes_height + TICK_LABEL_MM + block_height(label_lines) + _TABLE_GAP_MM
    tables = [risk_lines(panel, width, stacked=stacked) for panel in panels]
    height = risk_top + block_height(max(len(table) for table in tables)) + _BOTTOM_MM
    return tuple(
        PanelLayout(
            title=title,
            title_indent=title_indent,
            axes_left=shape.left,
            axes_top=top,
            axes_width=shape.width,
            axes_height=axes_height,
            ticks=shape.ticks,
            end_time=shape.end_time,
            survival_label=shape.survival_label,
            time_label=shape.time_label,
            legend=legend,
            risk_top=risk_top,
            risk_lines=table,
            height=height,
        )
        for title, shape, legend, table in zip(titles, shapes, legends, tables, strict=True)
    )


def risk_lines(panel: KaplanMeierPanel, width: float, *, stacked: bool) -> tuple[RiskLine, ...]:
    """Return the lines of a panel's risk table; ``stacked`` puts each label over its numbers."""
    many = len(panel.curves) > 1
    indent = SAMPLE_MM + SAMPLE_GAP_MM if many else 0.0
    if panel.shared_risk or (not many and not panel.curves[0].label and not stacked):
        return (RiskLine(AT_RISK, 0.0, None, 0, bold=True),)
    lines = [RiskLine(AT_RISK, 0.0, None, None, bold=True)]
    for k, curve in enumerate(panel.curves):
        sample = k if many else None
        if not stacked:
            lines.append(RiskLine(curve.label, indent, sample, k))
            continue
        pieces = wrap_text(curve.label, width - indent) if curve.label or many else []
        lines += [RiskLine(piece, indent, None if j else sample, None) for j, piece in enumerate(pieces)]
        lines.append(RiskLine("", 0.0, None, k))
    return tuple(lines)


def _shape(panel: KaplanMeierPanel, width: float, axes_height: float, *, stacked: bool) -> _Shape:
    survival_label = tuple(wrap_text(panel.survival_label, axes_height))
    count = largest_count(panel)
    half = text_width(str(count)) / 2
    left = Y_TICK_MM + block_height(len(survival_label))
    if not stacked:
        left = max(left, _label_width(panel) + half + _LABEL_GAP_MM)
    left = max(left, half + 0.5)
    # The last tick's number is centred on the tick and may not leave the page.
    right = max(_RIGHT_MM, half + 0.3, text_width(format_plain(last_time(panel))) / 2 + 0.3)
    axes_width = width - left - right
    ticks, end_time = fit_ticks(last_time(panel), panel.time_unit, axes_width, count)
    time_label = tuple(wrap_text(panel.time_label, axes_width + right))
    return _Shape(left, axes_width, tuple(ticks), end_time, survival_label, time_label)


def _wrap_title(panel: KaplanMeierPanel, width: float) -> tuple[str, ...]:
    return tuple(wrap_text(panel.title, width, bold=True)) if panel.title else ()


def _label_width(panel: KaplanMeierPanel) -> float:
    labels = [] if panel.shared_risk else [curve.label for curve in panel.curves]
    sample = SAMPLE_MM + SAMPLE_GAP_MM if len(labels) > 1 else 0.0
    return max(widest(labels) + sample, text_width(AT_RISK, bold=True))
