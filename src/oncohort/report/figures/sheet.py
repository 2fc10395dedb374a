"""A page measured in millimetres: text of known width, boxes and lines, from which every figure is laid out."""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import Final, Literal

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.text import Text
from matplotlib.textpath import text_to_path

from oncohort.report.figures.fonts import text_families
from oncohort.report.figures.style import LINE_MM, MM_PER_INCH, TEXT_PT, LineLook

POINTS_PER_INCH: Final = 72.0
MM_PER_POINT: Final = MM_PER_INCH / POINTS_PER_INCH
_SHEET: Final = "sheet"


def blank_figure(width_mm: float, height_mm: float) -> tuple[Figure, Axes]:
    """Return an empty white figure and the axes that cover it, in mm from the top left corner."""
    figure = Figure(figsize=(width_mm / MM_PER_INCH, height_mm / MM_PER_INCH), facecolor="white")
    FigureCanvasAgg(figure)
    sheet = figure.add_axes((0.0, 0.0, 1.0, 1.0), label=_SHEET, zorder=-1)
    sheet.set_axis_off()
    sheet.set_xlim(0.0, width_mm)
    sheet.set_ylim(height_mm, 0.0)
    return figure, sheet


def place_axes(sheet: Axes, left: float, top: float, width: float, height: float) -> Axes:
    """Return new transparent axes whose corners stand on the sheet at these mm."""
    whole_width = sheet.get_xlim()[1]
    whole_height = sheet.get_ylim()[0]
    place = (left / whole_width, 1.0 - (top + height) / whole_height, width / whole_width, height / whole_height)
    axes = sheet.get_figure().add_axes(place)  # pyright: ignore[reportOptionalMemberAccess]
    axes.patch.set_alpha(0.0)
    return axes


def write(
    sheet: Axes,
    x: float,
    y: float,
    text: str,
    *,
    align: Literal["left", "center", "right"] = "left",
    bold: bool = False,
    size: float = TEXT_PT,
) -> Text:
    """Write one line on the sheet, its letters centred on the height ``y``; return the Text."""
    weight = "bold" if bold else "normal"
    return sheet.text(
        x, baseline_of(y, size), text, ha=align, va="baseline", fontsize=size, fontweight=weight, clip_on=False
    )


def baseline_of(y: float, size: float = TEXT_PT) -> float:
    """Return the baseline of letters centred on the height ``y``, from the size alone so that a row stands level."""
    return y + 0.36 * size * MM_PER_POINT


def draw_sample(sheet: Axes, x: float, y: float, length: float, look: LineLook, width_pt: float) -> None:
    """Draw a short sample of a curve's line from ``x`` to the right."""
    sheet.plot([x, x + length], [y, y], color=look.color, linestyle=look.linestyle, linewidth=width_pt, clip_on=False)


@lru_cache(maxsize=8192)
def text_width(text: str, *, bold: bool = False, size: float = TEXT_PT) -> float:
    """Return the width in mm of one line of text.

    Examples
    --------
    >>> 8.0 < text_width("months") < 10.0
    True
    """
    if not text:
        return 0.0
    properties = FontProperties(family=list(text_families()), weight="bold" if bold else "normal", size=size)
    with warnings.catch_warnings():
        # A missing glyph has the width of its empty box; find_missing_glyphs is where it is reported.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        width, _, _ = text_to_path.get_text_width_height_descent(text, properties, ismath=False)
    return float(width) * MM_PER_POINT


def widest(texts: list[str], *, bold: bool = False) -> float:
    """Return the width in mm of the widest of these lines; 0 if there is none."""
    return max((text_width(text, bold=bold) for text in texts), default=0.0)


def wrap_text(text: str, width_mm: float, *, bold: bool = False) -> list[str]:
    """Break text into lines no wider than ``width_mm``: at spaces, and inside a word only if the word is too wide.

    A no-break space is no place to break.

    Examples
    --------
    >>> wrap_text("TACE and cryoablation", 20.0)
    ['TACE and', 'cryoablation']
    """
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if text_width(longer, bold=bold) <= width_mm:
            line = longer
            continue
        if line:
            lines.append(line)
        *full, line = _break_word(word, width_mm, bold=bold)
        lines += full
    return [*lines, line] if line or not lines else lines


def block_height(lines: int) -> float:
    """Return the height in mm of a number of text lines."""
    return lines * LINE_MM


def _break_word(word: str, width_mm: float, *, bold: bool) -> list[str]:
    pieces: list[str] = []
    piece = ""
    for character in word:
        if piece and text_width(piece + character, bold=bold) > width_mm:
            pieces.append(piece)
            piece = ""
        piece += character
    return [*pieces, piece]
