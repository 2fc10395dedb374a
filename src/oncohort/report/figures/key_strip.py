"""The key of a figure: samples with their names, set in rows over the axes like the words of a text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from matplotlib.axes import Axes

from oncohort.report.figures.patient_marks import FillLook, MarkLook, draw_fill, draw_mark
from oncohort.report.figures.sheet import block_height, draw_sample, widest, wrap_text, write
from oncohort.report.figures.style import CURVE_PT, LINE_MM, LineLook
from oncohort.study.text import mask_count

_SAMPLE_MM: Final = 4.5
_SAMPLE_GAP_MM: Final = 1.0
_ENTRY_GAP_MM: Final = 4.0
_ROW_GAP_MM: Final = 0.5
_SWATCH_MM: Final = 2.2
_MARK_MM: Final = 2.0


class KeyEntry(NamedTuple):
    """One name, and the look it explains: an area, a line, a mark, a line with a mark on it, or nothing."""

    text: str
    fill: FillLook | None = None
    line: LineLook | None = None
    mark: MarkLook | None = None


class _Placed(NamedTuple):
    """An entry with its wrapped lines and its top left corner in mm from that of the strip."""

    entry: KeyEntry
    lines: tuple[str, ...]
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class KeyStrip:
    """The entries of a key at their places, and the height of all rows in mm."""

    placed: tuple[_Placed, ...]
    height: float


def lay_out_key(entries: Sequence[KeyEntry], width_mm: float) -> KeyStrip:
    """Set the entries from left to right, in as many rows as they need in ``width_mm``.

    Examples
    --------
    >>> lay_out_key([], 85.0).height
    0.0
    >>> names = [KeyEntry(name) for name in ("Full dose", "Reduced dose", "Dose interrupted")]
    >>> lay_out_key(names, 170.0).height < lay_out_key(names, 40.0).height
    True
    """
    placed: list[_Placed] = []
    x = y = row_height = 0.0
    for entry in entries:
        indent = _indent(entry)
        lines = tuple(wrap_text(entry.text, width_mm - indent))
        entry_width = indent + widest(list(lines))
        if x and x + entry_width > width_mm:
            x, y, row_height = 0.0, y + row_height, 0.0
        placed.append(_Placed(entry, lines, x, y))
        x += entry_width + _ENTRY_GAP_MM
        row_height = max(row_height, block_height(len(lines)) + _ROW_GAP_MM)
    return KeyStrip(tuple(placed), y + row_height)


def count_words(n: int, min_cell: int) -> str:
    r"""Return a count as it stands behind a name, with no-break spaces; one below ``min_cell`` is masked.

    Examples
    --------
    >>> count_words(12, 5), count_words(3, 5)
    ('(n\xa0=\xa012)', '(n\xa0<5)')
    """
    text = mask_count(n, min_cell)
    return f"(n\u00a0{text})" if text.startswith("<") else f"(n\u00a0=\u00a0{text})"


def draw_key(sheet: Axes, strip: KeyStrip, left: float, top: float) -> None:
    """Draw the key on the sheet with its top left corner at these mm."""
    for entry, lines, x, y in strip.placed:
        start, middle = left + x, top + y + LINE_MM / 2
        if entry.fill is not None:
            draw_fill(sheet, (start, middle - _SWATCH_MM / 2, _SAMPLE_MM, _SWATCH_MM), entry.fill)
        if entry.line is not None:
            draw_sample(sheet, start, middle, _SAMPLE_MM, entry.line, CURVE_PT)
        if entry.mark is not None:
            draw_mark(sheet, (start + _sample_width(entry) / 2, middle), entry.mark, _MARK_MM)
        for k, line in enumerate(lines):
            write(sheet, start + _indent(entry), middle + k * LINE_MM, line)


def _indent(entry: KeyEntry) -> float:
    width = _sample_width(entry)
    return width + _SAMPLE_GAP_MM if width else 0.0


def _sample_width(entry: KeyEntry) -> float:
    if entry.fill is not None or entry.line is not None:
        return _SAMPLE_MM
    return 0.0 if entry.mark is None else _MARK_MM
