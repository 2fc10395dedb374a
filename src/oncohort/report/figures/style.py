"""The look of every figure: colours, line styles, fonts and sizes of a journal page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

import matplotlib as mpl

from oncohort.report.figures.fonts import learn_fonts, quiet_font_search, text_families

SINGLE_COLUMN_MM: Final = 85.0
DOUBLE_COLUMN_MM: Final = 170.0
MM_PER_INCH: Final = 25.4

TEXT_PT: Final = 7.0
LETTER_PT: Final = 9.0
LINE_MM: Final = 3.3
AXIS_PT: Final = 0.6
CURVE_PT: Final = 1.1
# Opacity of the confidence bands of one, two and three curves.
BAND_ALPHAS: Final = (0.18, 0.16, 0.11)
GRAY: Final = "#6b6b6b"
LIGHT: Final = "#f2f2f2"

# Okabe and Ito's colours without yellow, which is lost on white paper, in an order that alternates dark and light.
COLORS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#E69F00", "#56B4E9")
# On and off lengths in multiples of the line width; () is a solid line.
DASHES: Final[tuple[tuple[float, ...], ...]] = (
    (),
    (5.0, 1.6),
    (1.2, 1.2),
    (7.0, 1.6, 1.2, 1.6),
    (2.8, 1.2),
    (9.0, 2.2),
    (7.0, 1.4, 1.2, 1.4, 1.2, 1.4),
)

# SVG text stays text (selectable, searchable); export.to_svg puts the glyphs it needs into the file as a web font,
# so that it looks the same on a machine without the font. Outlines ("path") would look the same but not be text.
_PARAMETERS: Final[dict[str, object]] = {
    "axes.linewidth": AXIS_PT,
    "axes.unicode_minus": True,
    "figure.dpi": 100.0,
    "font.size": TEXT_PT,
    "lines.solid_capstyle": "butt",
    "lines.scale_dashes": True,
    "pdf.fonttype": 42,
    "savefig.facecolor": "white",
    "svg.fonttype": "none",
    "svg.hashsalt": "oncohort",
    "text.hinting": "none",
    "text.parse_math": False,
    "text.usetex": False,
}


class LineLook(NamedTuple):
    """How one curve is drawn: a colour, and a dash pattern that tells it apart in grey."""

    color: str
    linestyle: tuple[float, tuple[float, ...]] | str


@contextmanager
def journal_style(words: Iterable[str] = ()) -> Iterator[None]:
    """Hold the settings of our figures inside a ``with`` block, whatever the user's own matplotlib settings are.

    The settings before it return when the block ends.

    Parameters
    ----------
    words : iterable of str
        The labels that will be drawn inside the block; where they need another font, it is looked for first.

    Examples
    --------
    >>> with journal_style():
    ...     mpl.rcParams["text.parse_math"]
    False
    """
    learn_fonts("".join(words))
    with quiet_font_search(), mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_PARAMETERS)  # pyright: ignore[reportCallIssue, reportArgumentType]
        mpl.rcParams["font.family"] = list(text_families())
        yield


def line_look(index: int) -> LineLook:
    """Return the colour and line style of the curve at place ``index`` (from 0); the first 49 all differ.

    Examples
    --------
    >>> line_look(0), line_look(1)
    (LineLook(color='#0072B2', linestyle='-'), LineLook(color='#D55E00', linestyle=(0.0, (5.0, 1.6))))
    """
    turn, place = divmod(index, len(COLORS))
    dashes = DASHES[(place + turn) % len(DASHES)]
    return LineLook(COLORS[place], (0.0, dashes) if dashes else "-")
