"""The legend of a Kaplan–Meier panel: its lines, and a place where it covers no curve."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, NamedTuple

from matplotlib.axes import Axes

from oncohort.report.figures.panel import CurveData, KaplanMeierPanel, highest_from, highest_until, lowest_until
from oncohort.report.figures.sheet import block_height, draw_sample, text_width, wrap_text, write
from oncohort.report.figures.style import CURVE_PT, LINE_MM, line_look

SAMPLE_MM: Final = 5.5
SAMPLE_GAP_MM: Final = 1.0
_MARGIN_MM: Final = 1.4
_HANG_MM: Final = 3.0
_INSIDE_SHARE: Final = 0.97
_BRACKETS: Final = re.compile(r"\([^()]*\)")


class LegendLine(NamedTuple):
    """One printed line; ``sample`` is the place of the curve whose line is drawn before it."""

    text: str
    indent: float
    sample: int | None


@dataclass(frozen=True, slots=True)
class Legend:
    """A legend's lines and the top left corner of its block, in mm from the top left corner of the axes."""

    lines: tuple[LegendLine, ...]
    x: float
    y: float

    @property
    def height(self) -> float:
        """Height of the block in mm."""
        return block_height(len(self.lines))


class Room(NamedTuple):
    """The size of the axes in mm and the time at their right end."""

    width: float
    height: float
    end_time: float


def legend_inside(panel: KaplanMeierPanel, room: Room) -> Legend | None:
    """Return the legend in a corner of the axes that no curve or band touches, or None if there is no such corner."""
    for split in (False, True):
        lines = legend_lines(panel, room.width * _INSIDE_SHARE, split=split)
        width = _block_width(lines) + _MARGIN_MM
        if width > room.width:
            continue
        height = block_height(len(lines)) + _MARGIN_MM
        share = height / room.height
        if highest_from(panel, (1.0 - width / room.width) * room.end_time) < 1.0 - share:
            return Legend(lines, room.width - width + _MARGIN_MM, 0.0)
        if lowest_until(panel, width / room.width * room.end_time) > share:
            return Legend(lines, _MARGIN_MM, room.height - height)
        if highest_until(panel, width / room.width * room.end_time) < 1.0 - share:
            return Legend(lines, _MARGIN_MM, 0.0)
    return None


def legend_above(panel: KaplanMeierPanel, width: float) -> Legend:
    """Return the legend as a block over the axes; its corner is set by the caller's layout."""
    lines = legend_lines(panel, width, split=False)
    if _block_width(lines) > width:
        lines = legend_lines(panel, width, split=True)
    return Legend(lines, 0.0, 0.0)


def legend_lines(panel: KaplanMeierPanel, width: float, *, split: bool) -> tuple[LegendLine, ...]:
    """Return the lines: per curve its label and median, together or (``split``) on lines of their own."""
    many = len(panel.curves) > 1
    lines = [LegendLine(piece, 0.0, None) for piece in wrap_text(panel.legend_head, width) if piece]
    for place, curve in enumerate(panel.curves):
        sample = place if many else None
        lines += _split_entry(curve, sample, width) if split else _whole_entry(curve, sample)
    for text in panel.annotations:
        lines += [LegendLine(piece, 0.0, None) for piece in wrap_text(text, width)]
    return tuple(lines)


def draw_legend(sheet: Axes, legend: Legend, left: float, top: float) -> None:
    """Draw the legend; ``left`` and ``top`` are the corner its own place counts from."""
    for k, line in enumerate(legend.lines):
        x = left + legend.x
        y = top + legend.y + (k + 0.5) * LINE_MM
        if line.sample is not None:
            draw_sample(sheet, x, y, SAMPLE_MM, line_look(line.sample), CURVE_PT)
        write(sheet, x + line.indent, y, line.text)


def _whole_entry(curve: CurveData, sample: int | None) -> list[LegendLine]:
    text = ": ".join(part for part in (curve.label, _median(curve)) if part)
    return [LegendLine(text, _indent(sample), sample)] if text else []


def _split_entry(curve: CurveData, sample: int | None, width: float) -> list[LegendLine]:
    full = _indent(sample)
    # A median that is too wide beside the sample hangs under it.
    hung = full if text_width(curve.median_text) <= width - full else min(full, _HANG_MM)
    # The interval in brackets stays whole.
    median = _BRACKETS.sub(lambda found: found[0].replace(" ", "\u00a0"), _median(curve))
    parts = ((curve.label, full), (median, hung))
    pieces = [(piece, indent) for part, indent in parts if part for piece in wrap_text(part, width - indent)]
    return [LegendLine(piece, indent, None if k else sample) for k, (piece, indent) in enumerate(pieces)]


def _median(curve: CurveData) -> str:
    return curve.median_text if curve.label else curve.median_text[:1].upper() + curve.median_text[1:]


def _indent(sample: int | None) -> float:
    return 0.0 if sample is None else SAMPLE_MM + SAMPLE_GAP_MM


def _block_width(lines: tuple[LegendLine, ...]) -> float:
    return max((line.indent + text_width(line.text) for line in lines), default=0.0)
