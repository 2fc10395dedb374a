"""Figures yet to be drawn, and their drawing: here, or by another process while this one does something else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import TYPE_CHECKING

from oncohort.report.figures.export import to_pdf, to_png, to_svg

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas


@dataclass(frozen=True, slots=True)
class Sketch:
    """A figure yet to be drawn.

    ``plot`` is a `functools.partial` of a function of a module, so that it can be sent to another process; ``alt`` says
    in words what the figure shows.
    """

    plot: Callable[[], Canvas]
    caption: str
    alt: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """One figure in the formats a journal, a web page and a document take."""

    caption: str
    alt: str
    svg: str
    pdf: bytes
    png: bytes
    width_mm: float


@dataclass(frozen=True, slots=True)
class Begun:
    """A figure that another process may be drawing; nobody is, where ``drawing`` is None."""

    sketch: Sketch
    drawing: Future[Drawing] | None


def draw(sketch: Sketch) -> Drawing:
    """Draw a figure in its three formats.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> drawing = draw(Sketch(Figure, "Nothing", "An empty page."))
    >>> drawing.pdf[:5], drawing.width_mm
    (b'%PDF-', 162.56)
    """
    canvas = sketch.plot()
    svg = to_svg(canvas, title=sketch.caption, description=sketch.alt)
    width_mm = float(canvas.get_figwidth() * 25.4)
    return Drawing(sketch.caption, sketch.alt, svg, to_pdf(canvas), to_png(canvas), width_mm)


def begin(sketch: Sketch, other: Executor | None) -> Begun:
    """Hand a figure to another process, if there is one."""
    return Begun(sketch, None if other is None else other.submit(draw, sketch))


def finish(begun: Sequence[Begun]) -> list[Drawing]:
    """Return the figures, drawn. What the other process has not begun is drawn here, from the last one backwards."""
    here = {k: draw(each.sketch) for k, each in reversed([*enumerate(begun)]) if _is_left(each)}
    return [here[k] if k in here else _fetched(each) for k, each in enumerate(begun)]


def _is_left(begun: Begun) -> bool:
    return begun.drawing is None or begun.drawing.cancel()


def _fetched(begun: Begun) -> Drawing:
    assert begun.drawing is not None
    try:
        return begun.drawing.result()
    except BrokenProcessPool:  # the system has ended the other process; what it was to draw can be drawn here
        return draw(begun.sketch)
