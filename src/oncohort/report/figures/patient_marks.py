"""How responses, doses and events of single patients look: a color, and a hatch, dash or shape that survives gray."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke

from oncohort.errors import OutputError
from oncohort.report.figures.sheet import MM_PER_POINT
from oncohort.report.figures.style import GRAY, LineLook, journal_style

Response = Literal["CR", "PR", "SD", "PD", "NE"]
DoseLevel = Literal["FULL", "REDUCED", "INTERRUPTED"]
MarkKind = Literal["TACE", "CRYO", "CR", "PR", "AE", "PD", "NEW LESION", "DEATH", "LAST FOLLOW-UP"]

_BLUE: Final = "#0072B2"
_SKY: Final = "#56B4E9"
_ORANGE: Final = "#E69F00"
_RED: Final = "#D55E00"
_GREEN: Final = "#009E73"
_BLACK: Final = "#000000"
_PALE: Final = "#d6ebf8"  # sky blue, thinned to a quarter
_HATCH_PT: Final = 0.5
_EDGE_PT: Final = 0.4
_HALO_PT: Final = 1.0


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened to a patient at ``time``, in the unit of the figure's time axis."""

    time: float
    kind: MarkKind


class FillLook(NamedTuple):
    """How an area is filled: its color, its hatch, and the color of hatch and edge."""

    color: str
    hatch: str
    edge: str


class MarkLook(NamedTuple):
    """How an event is marked: its name in the key, a marker of matplotlib, its color, and what fills it.

    What is ``ringed`` is filled with the color and has a black rim.
    """

    name: str
    marker: str | tuple[int, int, int]
    color: str
    inside: Literal["color", "ringed", "white", "strokes"]


RESPONSE_FILLS: Final[dict[str, FillLook]] = {
    "CR": FillLook(_BLUE, "", "white"),
    "PR": FillLook(_SKY, "////", "white"),
    "SD": FillLook(_ORANGE, "xxxx", "white"),
    "PD": FillLook(_RED, "\\\\\\\\", "white"),
    "NE": FillLook("white", "", GRAY),
}
RESPONSE_LINES: Final[dict[str, LineLook]] = {
    "CR": LineLook(_BLUE, (0.0, (1.8, 0.8))),
    "PR": LineLook(_SKY, "-"),
    "SD": LineLook(_ORANGE, (0.0, (4.0, 1.4))),
    "PD": LineLook(_RED, (0.0, (7.0, 1.2, 1.2, 1.2))),
    "NE": LineLook(GRAY, (0.0, (1.0, 2.0))),
}
LEVEL_FILLS: Final[dict[str, FillLook]] = {
    "FULL": FillLook(_SKY, "", _SKY),
    "REDUCED": FillLook(_PALE, "//////", _SKY),
    "INTERRUPTED": FillLook("white", "", _SKY),
}
LEVEL_NAMES: Final[dict[str, str]] = {
    "FULL": "Full dose",
    "REDUCED": "Reduced dose",
    "INTERRUPTED": "Dose interrupted",
}
GRADE_FILLS: Final[dict[int, FillLook]] = {
    3: FillLook(_ORANGE, "", _ORANGE),
    4: FillLook(_RED, "//////", "white"),
    5: FillLook(_BLACK, "", _BLACK),
}
DOSE_FILL: Final = FillLook(_SKY, "", "none")
THROMBUS_LOOKS: Final[dict[bool, MarkLook]] = {
    True: MarkLook("Thrombus present", "s", _BLACK, "color"),
    False: MarkLook("Thrombus absent", "s", _BLACK, "white"),
}
# In the order of the key; where two stand at the same place, the later one is drawn over the earlier.
MARK_LOOKS: Final[dict[str, MarkLook]] = {
    "TACE": MarkLook("TACE", "v", _BLACK, "color"),
    "CRYO": MarkLook("Cryoablation", (6, 2, 0), _BLACK, "strokes"),
    "CR": MarkLook("Complete response", "o", _GREEN, "color"),
    "PR": MarkLook("Partial response", "o", _GREEN, "white"),
    "AE": MarkLook("Adverse event, grade ≥3", "^", _ORANGE, "ringed"),
    "NEW LESION": MarkLook("New lesion", "s", _BLACK, "white"),
    "PD": MarkLook("Progression", "x", _RED, "strokes"),
    "DEATH": MarkLook("Death", "D", _BLACK, "color"),
    "LAST FOLLOW-UP": MarkLook("Last follow-up", "|", _BLACK, "strokes"),
}


@contextmanager
def patient_style(words: Iterable[str]) -> Iterator[None]:
    """Hold the settings of `journal_style` inside a ``with`` block, and thin hatches."""
    with journal_style(words):
        mpl.rcParams["hatch.linewidth"] = _HATCH_PT
        yield


def draw_fill(axes: Axes, box: tuple[float, float, float, float], look: FillLook, gid: str | None = None) -> Rectangle:
    """Draw a filled box from its left, bottom, width and height in the units of ``axes``; return it."""
    left, bottom, width, height = box
    patch = Rectangle(
        (left, bottom),
        width,
        height,
        facecolor=look.color,
        edgecolor=look.edge,
        hatch=look.hatch or None,
        linewidth=_EDGE_PT,
        clip_on=False,
        gid=gid,
    )
    axes.add_patch(patch)
    return patch


def draw_mark(axes: Axes, place: tuple[float, float], look: MarkLook, size_mm: float, gid: str | None = None) -> None:
    """Draw one mark at ``place`` in the units of ``axes``, with a thin white rim that sets it off from what it covers.

    The mark keeps to ``size_mm`` whatever the size of the axes.
    """
    points = size_mm / MM_PER_POINT
    filled = look.inside in {"color", "ringed"}
    edge = {"color": "white", "ringed": _BLACK}.get(look.inside, look.color)
    weight = {"strokes": 0.18 * points, "white": 0.15 * points}.get(look.inside, _EDGE_PT)
    (drawn,) = axes.plot(
        [place[0]],
        [place[1]],
        marker=look.marker,
        markersize=points,
        markerfacecolor=look.color if filled else "white",
        markeredgecolor=edge,
        markeredgewidth=weight,
        linestyle="none",
        clip_on=False,
        zorder=4.0,
        gid=gid,
    )
    if look.inside != "color":
        drawn.set_path_effects([withStroke(linewidth=weight + _HALO_PT, foreground="white")])


def check_word(figure: str, what: str, word: str, known: Iterable[str]) -> None:
    """Raise OutputError, in the name of ``figure``, if ``word`` is none of the known ones.

    Examples
    --------
    >>> check_word("waterfall plot", "response", "PR", RESPONSE_FILLS)
    """
    names = tuple(known)
    if word not in names:
        raise OutputError(f'{figure}: the {what} "{word}" is none of {", ".join(names)}')
