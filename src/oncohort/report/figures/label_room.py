"""Where a label has room: cut to a width, sized to a row, and placed where nothing else stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import ceil
from typing import Final, NamedTuple

from oncohort.report.figures.sheet import MM_PER_POINT, text_width
from oncohort.report.figures.style import TEXT_PT

_ELLIPSIS: Final = "…"
# A line of text is as high as its size, from the top of an l to the foot of a p.
_LINE_SHARE: Final = 0.95
_THIN_MM: Final = 0.3


class Box(NamedTuple):
    """A place on the sheet in mm; ``top`` is above ``bottom``, which is the larger number."""

    left: float
    top: float
    right: float
    bottom: float


def shorten_text(text: str, width_mm: float, *, size: float = TEXT_PT) -> str:
    """Cut text that is wider than ``width_mm``; what is left ends in "…".

    Examples
    --------
    >>> shorten_text("P-017", 20.0), shorten_text("Hand–foot skin reaction", 20.0)
    ('P-017', 'Hand–foot ski…')
    """
    if text_width(text, size=size) <= width_mm:
        return text
    kept = len(text)
    while kept and text_width(text[:kept].rstrip() + _ELLIPSIS, size=size) > width_mm:
        kept -= 1
    return text[:kept].rstrip() + _ELLIPSIS


def size_in_row(height_mm: float) -> float:
    """Return the size in points of a text that fits into a row of this height, at most that of other text.

    Examples
    --------
    >>> size_in_row(5.0), round(size_in_row(1.9), 1)
    (7.0, 5.1)
    """
    return min(TEXT_PT, _LINE_SHARE * height_mm / MM_PER_POINT)


def first_free(wanted: Iterable[Box], taken: Sequence[Box]) -> Box | None:
    """Return the first of the wanted places that touches none of the taken ones, or None.

    Examples
    --------
    >>> first_free([Box(0, 0, 2, 2), Box(0, 3, 2, 5)], [Box(1, 1, 4, 2)])
    Box(left=0, top=3, right=2, bottom=5)
    """
    return next((box for box in wanted if not any(overlaps(box, other) for other in taken)), None)


def overlaps(one: Box, other: Box) -> bool:
    """Say whether two places have more than an edge in common."""
    return one.left < other.right and other.left < one.right and one.top < other.bottom and other.top < one.bottom


def trace_line(start: tuple[float, float], end: tuple[float, float]) -> Iterator[Box]:
    """Yield a straight line on the sheet as a chain of small places, which a label can keep clear of.

    Examples
    --------
    >>> len(list(trace_line((0.0, 0.0), (3.0, 4.0))))
    5
    """
    pieces = max(ceil(abs(end[0] - start[0])), ceil(abs(end[1] - start[1])), 1)
    for k in range(pieces + 1):
        x = start[0] + (end[0] - start[0]) * k / pieces
        y = start[1] + (end[1] - start[1]) * k / pieces
        yield Box(x - _THIN_MM, y - _THIN_MM, x + _THIN_MM, y + _THIN_MM)


def pack_rows(spans: Sequence[tuple[float, float]], gap: float) -> list[int]:
    """Return a row, from 0, for each span of left and right ends, so that spans of a row keep ``gap`` between them.

    Each span, in the order given, gets the first row that has room.

    Examples
    --------
    >>> pack_rows([(0.0, 4.0), (3.0, 6.0), (5.0, 9.0)], 0.5)
    [0, 1, 0]
    """
    rows: list[int] = []
    held: list[list[tuple[float, float]]] = []
    for left, right in spans:
        free = (k for k, row in enumerate(held) if all(right + gap <= a or b + gap <= left for a, b in row))
        place = next(free, len(held))
        held[place : place + 1] = [[*(held[place] if place < len(held) else []), (left, right)]]
        rows.append(place)
    return rows


def spread(places: Sequence[float], gap: float) -> list[float]:
    """Move rising places apart until ``gap`` is between them, together as little as can be (least squares).

    Examples
    --------
    >>> spread([1.0, 5.0, 5.0, 9.0], 2.0)
    [1.0, 4.0, 6.0, 9.0]
    """
    # Without the gaps, the places need only not fall: pool those that do, and give each pool its mean.
    pools: list[tuple[float, int]] = []
    for k, place in enumerate(places):
        total, size = place - k * gap, 1
        while pools and pools[-1][0] / pools[-1][1] > total / size:
            before, count = pools.pop()
            total, size = total + before, size + count
        pools.append((total, size))
    means = [total / size for total, size in pools for _ in range(size)]
    return [mean + k * gap for k, mean in enumerate(means)]
