"""Where the cells of a table lie: columns, decimal points below each other, widths that fit the words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Final

from oncohort.report.document import Block, Cell, Heading, TableBlock, plain_text

# Widths of the characters from space to tilde in Times Roman, thousandths of the type size.
# Source: Adobe Font Metrics of Times-Roman, glyph by glyph (39 is the straight quote).
_WIDTHS: Final = (
    *(250, 333, 408, 500, 500, 833, 778, 180, 333, 333, 500, 564, 250, 333, 250, 278),
    *(500, 500, 500, 500, 500, 500, 500, 500, 500, 500, 278, 278, 564, 564, 564, 444),
    *(921, 722, 667, 667, 722, 611, 556, 722, 722, 333, 389, 722, 611, 889, 722, 722),
    *(556, 722, 667, 556, 611, 722, 722, 944, 722, 722, 611, 333, 278, 333, 469, 500),
    *(333, 444, 500, 444, 500, 444, 333, 500, 500, 278, 278, 500, 278, 778, 500, 500),
    *(500, 500, 333, 389, 278, 500, 500, 722, 500, 500, 444, 480, 200, 480, 541),
)
_BOLD: Final = 1.12  # Times Bold beside Times Roman: 1.06 to 1.11 over words as they head our tables
_LONG_HEAD: Final = 9.0  # type sizes; a longer head of a column is meant to be broken
_READABLE: Final = 8.0  # points
_GAP: Final = 10.0  # points of space in a cell
_NAMES: Final = 100.0  # points: a column of names this wide needs no line for each word
_UPRIGHT: Final = 170 / 25.4 * 72  # points: the text of an upright A4 page
_FIRST_NUMBER: Final = re.compile(r"[<>≤≥−+-]?\d[\d,\u2009\u202f]*|–|—")

# Chinese and Japanese are written without spaces and broken anywhere; four characters are to stay on a line.
_WORD: Final = re.compile(r"[\u2e80-\U0003ffff]{1,4}|[^ \t\n\u2e80-\U0003ffff]+")


def place_cells(cells: Iterable[Cell]) -> Iterator[tuple[int, Cell]]:
    """Yield each cell of a row with the column it begins in, from 0.

    Examples
    --------
    >>> [column for column, _ in place_cells((Cell("a"), Cell("b", colspan=2), Cell("c")))]
    [0, 1, 3]
    """
    row = tuple(cells)
    return zip(accumulate((cell.colspan for cell in row), initial=0), row, strict=False)


def find_landscape(blocks: Sequence[Block]) -> list[bool]:
    """Return for each block whether its page lies sideways: headings go with the landscape table they announce.

    Examples
    --------
    >>> table = TableBlock(1, "", (), (), landscape=True)
    >>> find_landscape([Heading(1, "Patients"), Heading(1, "Survival"), Heading(2, "By factor"), table])
    [True, True, True, True]
    """
    sideways: list[bool] = []
    follows = False
    for block in reversed(blocks):
        if isinstance(block, TableBlock):
            follows = block.landscape
        elif not isinstance(block, Heading):
            follows = False
        sideways.append(follows)
    return sideways[::-1]


def is_wide(table: TableBlock) -> bool:
    """Return whether a table needs a page turned sideways: on an upright one no type that reads well would do.

    Examples
    --------
    >>> is_wide(TableBlock(1, "", ((Cell("Endpoint"), Cell("Median (95% CI)")),), ()))
    False
    """
    wanted, least = column_needs(table, size=_READABLE, gap=_GAP)
    return sum(least[1:]) + min(wanted[0], _NAMES) > _UPRIGHT if wanted else False


def count_columns(table: TableBlock) -> int:
    """Return the number of columns of the widest row, 0 for a table without cells."""
    rows = (*table.head, *(row.cells for row in table.body))
    return max((sum(cell.colspan for cell in cells) for cells in rows), default=0)


def decimal_pads(table: TableBlock) -> list[list[int]]:
    """Return for each cell of the body how many digits of space stand before its text.

    Only cells of alignment "decimal" are moved: the part of their first number before the decimal point ends at
    the same place in the whole column. A lone dash counts as one digit, words as none.

    Examples
    --------
    >>> from oncohort.report.document import Row
    >>> column = [Row((Cell(text, "decimal"),)) for text in ("10.5 (8.7–12.3)", "8.2", "not reached", "–")]
    >>> decimal_pads(TableBlock(1, "", (), tuple(column)))
    [[0], [1], [0], [1]]
    """
    lengths = [[(column, _digits(cell)) for column, cell in place_cells(row.cells)] for row in table.body]
    longest: dict[int, int] = {}
    for column, digits in (place for row in lengths for place in row):
        longest[column] = max(longest.get(column, 0), digits)
    return [[longest[column] - digits if digits else 0 for column, digits in row] for row in lengths]


def _digits(cell: Cell) -> int:
    if cell.align != "decimal":
        return 0
    found = _FIRST_NUMBER.match(plain_text(cell.text))
    return 0 if found is None else len(found[0])


def text_width(text: str, *, bold: bool) -> float:
    """Return how wide a line of text is in Times, in units of the type size.

    Examples
    --------
    >>> text_width("10.5", bold=False)
    1.75
    """
    return (_BOLD if bold else 1.0) * sum(map(_width, text)) / 1000


def _width(character: str) -> int:
    code = ord(character)
    if 32 <= code < 127:
        return _WIDTHS[code - 32]
    return 1000 if code >= 0x1100 else 600


def column_needs(table: TableBlock, *, size: float, gap: float) -> tuple[list[float], list[float]]:
    """Return for each column the width it wants (no line broken) and the least it can live with (no word broken).

    Both are in the unit of ``size`` (of the type) and ``gap`` (of a cell, both sides together). Numbers of the
    body are never broken; a head of a column may be, and is where it is long.

    Examples
    --------
    >>> from oncohort.report.document import Row
    >>> table = TableBlock(1, "", (), (Row((Cell("10 of 20"), Cell("10 of 20", "right"))),))
    >>> column_needs(table, size=100, gap=80)
    ([413.3, 413.3], [180, 413.3])
    """
    count = count_columns(table)
    wanted, least = [gap + size] * count, [gap + size] * count
    pads = [[0] * len(cells) for cells in table.head] + decimal_pads(table)
    rows: Sequence[tuple[Cell, ...]] = (*table.head, *(row.cells for row in table.body))
    spanning: list[tuple[range, float]] = []
    for number, cells in enumerate(rows):
        in_head = number < len(table.head)
        for (column, cell), pad in zip(place_cells(cells), pads[number], strict=False):
            before = gap + size * (0.5 * pad + cell.indent)
            whole, word = (before + size * width for width in _widths(cell, bold=cell.bold or in_head))
            if cell.colspan > 1:
                spanning.append((range(column, column + cell.colspan), word))
                continue
            broken = in_head and whole > before + _LONG_HEAD * size
            wanted[column] = max(wanted[column], word if broken else whole)
            least[column] = max(least[column], word if in_head or cell.align == "left" else whole)
    for covered, width in spanning:
        for widths in (wanted, least):
            missing = max(0.0, width - sum(widths[k] for k in covered))
            for k in covered:
                widths[k] += missing / len(covered)
    return wanted, least


def _widths(cell: Cell, *, bold: bool) -> tuple[float, float]:
    """Return the widths of the whole text and of the longest piece of it that is not to be broken."""
    words = plain_text(cell.text)
    return text_width(words, bold=bold), max(
        (text_width(word, bold=bold) for word in _WORD.findall(words)), default=0.0
    )


def fit_columns(wanted: Sequence[float], least: Sequence[float], available: float) -> list[float]:
    """Return the width of each column so that their sum is at most ``available``.

    Room to spare is shared equally, but no table is blown up beyond half as much again as it wants. Where room
    is short, each column gives up the same share of what it can; where even that is too wide, all shrink alike.

    Examples
    --------
    >>> fit_columns([40.0, 20.0], [10.0, 20.0], available=80.0)
    [50.0, 30.0]
    >>> fit_columns([40.0, 20.0], [10.0, 20.0], available=45.0)
    [25.0, 20.0]
    """
    if not wanted:
        return []
    if sum(wanted) <= available:
        spare = min(available - sum(wanted), sum(wanted) / 2)
        return [width + spare / len(wanted) for width in wanted]
    if sum(least) <= available:
        share = (available - sum(least)) / (sum(wanted) - sum(least))
        return [low + share * (high - low) for low, high in zip(least, wanted, strict=True)]
    return [width * available / sum(least) for width in least]
