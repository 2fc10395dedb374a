"""A table of the document as a Word table: three rules, a head that repeats, rows that stay whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from oncohort.report.document import Cell, Row, RunStyle, TableBlock, plain_text
from oncohort.report.docx_xml import caption, element, paragraph, runs
from oncohort.report.layout import column_needs, count_columns, decimal_pads, fit_columns, place_cells

_SIZES: Final = (9.0, 8.5, 8.0, 7.5, 7.0)  # points; the largest at which no number is broken is taken
_GAP: Final = 8.0  # points of space in a cell, left and right together
_MARGIN: Final = 2.0  # points beyond the measured text: fonts that stand in for Times are not quite as wide
_TWIPS: Final = 20  # Word's unit of length: a twentieth of a point
_WHOLE: Final = 20  # a table of at most so many rows is kept on one page
_TOGETHER: Final = 3  # so many rows at least stand above the notes, on the same page
_THICK: Final = 12  # eighths of a point
_THIN: Final = 4


@dataclass(frozen=True, slots=True)
class _Grid:
    """The columns: type size in points; in twips, the width of each and what is left over in it."""

    size: float
    widths: tuple[int, ...]
    spare: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Look:
    """How the cells of one row are drawn."""

    bold: bool
    keep_next: bool
    rule_above: int = 0
    rule_below: int = 0
    head: bool = False


def table_elements(table: TableBlock, *, available: float) -> Iterator[Any]:
    """Yield the caption, the table and its notes; ``available`` is the width of the text in points.

    After the table there is always a paragraph: its notes, or a line of space.
    """
    yield caption("Table", table.number, table.caption, above=True)
    if count_columns(table):
        yield _table(table, available)
    for number, note in enumerate(table.notes, start=1):
        last = number == len(table.notes)
        space = element("w:spacing", {"w:before": 40, "w:after": 240 if last else 20})
        yield paragraph("TableNote", runs(note), [space] if last else [element("w:keepNext"), space])
    if not table.notes:
        yield paragraph("TableEnd", [])


def _table(table: TableBlock, available: float) -> Any:
    grid = _fit(table, available)
    rows: list[Any] = []
    for number, cells in enumerate(table.head, start=1):
        rule = _THIN if number == len(table.head) else 0
        look = _Look(bold=True, keep_next=True, rule_below=rule, head=True)
        rows.append(_row(cells, [0] * len(cells), grid, look))
    for row, pads, kept in zip(table.body, decimal_pads(table), _kept(table), strict=True):
        total = row.kind == "total"
        look = _Look(bold=total, keep_next=kept, rule_above=_THIN if total else 0)
        rows.append(_row(_named(row), pads, grid, look))
    columns = element("w:tblGrid", {}, [element("w:gridCol", {"w:w": width}) for width in grid.widths])
    return element("w:tbl", {}, [_properties(table, sum(grid.widths)), columns, *rows])


def _kept(table: TableBlock) -> list[bool]:
    """Return for each row of the body whether it stays on the page of what follows.

    A short table stays whole, a longer one is broken between its groups: a group row and the indented rows below
    it stay together, unless they are as many as a short table. The last rows stay with the notes.
    """
    count = len(table.body)
    if len(table.head) + count <= _WHOLE:
        return [True] * (count - 1) + [bool(table.notes)] * min(count, 1)
    starts = [k for k, row in enumerate(table.body) if not (row.cells and row.cells[0].indent)]
    kept = [False] * count
    for start, end in pairwise([*starts, count]):
        kept[start] = table.body[start].kind == "group"
        if kept[start] and end - start <= _WHOLE:
            kept[start : end - 1] = [True] * (end - 1 - start)
            kept[end - 1] = end - start == 1
    for k in range(max(0, count - _TOGETHER), count):
        kept[k] = k < count - 1 or bool(table.notes)
    return kept


def _fit(table: TableBlock, available: float) -> _Grid:
    """Return the columns in the largest type at which no number is broken."""
    needs = ((size, *column_needs(table, size=size, gap=_GAP + _MARGIN)) for size in _SIZES)
    size, wanted, least = next(
        (need for need in needs if sum(need[2]) <= available or need[0] == _SIZES[-1]),
    )
    widths = fit_columns(wanted, least, available)
    return _Grid(
        size,
        tuple(int(width * _TWIPS) for width in widths),
        tuple(max(0, int((width - want) * _TWIPS)) for width, want in zip(widths, wanted, strict=True)),
    )


def _named(row: Row) -> tuple[Cell, ...]:
    """Return the cells of a row; the first of a group row is bold."""
    if row.kind != "group" or not row.cells:
        return row.cells
    first = row.cells[0]
    name = Cell(first.text, first.align, first.colspan, first.indent, bold=True, scope=first.scope)
    return (name, *row.cells[1:])


def _properties(table: TableBlock, width: int) -> Any:
    rules = [element(f"w:{side}", _rule(_THICK)) for side in ("top", "bottom")]
    margins = [element(f"w:{side}", {"w:w": int(_GAP / 2 * _TWIPS), "w:type": "dxa"}) for side in ("left", "right")]
    return element(
        "w:tblPr",
        {},
        [
            element("w:tblW", {"w:w": width, "w:type": "dxa"}),
            element("w:tblInd", {"w:w": 0, "w:type": "dxa"}),
            element("w:tblBorders", {}, rules),
            element("w:tblLayout", {"w:type": "fixed"}),
            element("w:tblCellMar", {}, margins),
            element("w:tblLook", {"w:val": "0420", "w:firstRow": 1, "w:firstColumn": 0, "w:noVBand": 1}),
            element("w:tblCaption", {"w:val": f"Table {table.number}. {plain_text(table.caption)}"}),
        ],
    )


def _rule(eighths: int) -> dict[str, str | int]:
    return {"w:val": "single", "w:sz": eighths, "w:space": 0, "w:color": "000000"}


def _row(cells: tuple[Cell, ...], pads: Sequence[int], grid: _Grid, look: _Look) -> Any:
    missing = len(grid.widths) - sum(cell.colspan for cell in cells)
    filled = (*cells, *(Cell(),) * missing)
    all_pads = (*pads, *(0,) * missing)
    drawn = [
        _cell(cell, range(column, column + cell.colspan), pad, grid, look)
        for (column, cell), pad in zip(place_cells(filled), all_pads, strict=True)
    ]
    properties = [element("w:cantSplit"), *([element("w:tblHeader")] if look.head else [])]
    return element("w:tr", {}, [element("w:trPr", {}, properties), *drawn])


def _cell(cell: Cell, covered: range, pad: int, grid: _Grid, look: _Look) -> Any:
    properties = [element("w:tcW", {"w:w": sum(grid.widths[k] for k in covered), "w:type": "dxa"})]
    if cell.colspan > 1:
        properties.append(element("w:gridSpan", {"w:val": cell.colspan}))
    rules = (("top", look.rule_above), ("bottom", look.rule_below))
    drawn = [element(f"w:{side}", _rule(eighths)) for side, eighths in rules if eighths]
    if drawn:
        properties.append(element("w:tcBorders", {}, drawn))
    if look.head:
        properties.append(element("w:vAlign", {"w:val": "bottom"}))
    # Half of the room to spare keeps numbers at the right edge apart from the next column.
    after = grid.spare[covered[0]] // 2 if cell.align == "right" and cell.colspan == 1 else 0
    before = round((0.5 * pad + cell.indent) * grid.size * _TWIPS)
    lines = _cell_lines(cell, {"w:left": before, "w:right": after}, grid.size, look)
    return element("w:tc", {}, [element("w:tcPr", {}, properties), lines])


def _cell_lines(cell: Cell, room: dict[str, int], size: float, look: _Look) -> Any:
    properties: list[Any] = [element("w:keepNext")] if look.keep_next else []
    if look.head and cell.colspan > 1 and plain_text(cell.text).strip():
        # A rule of the paragraph stops at the cell's margins, so that neighbors stay apart.
        properties.append(element("w:pBdr", {}, [element("w:bottom", {**_rule(_THIN), "w:space": 1})]))
    if any(room.values()):
        properties.append(element("w:ind", room))
    if cell.align in {"center", "right"}:
        properties.append(element("w:jc", {"w:val": cell.align}))
    styles: tuple[RunStyle, ...] = ("bold",) if cell.bold or look.bold else ()
    smaller = 0 if size == _SIZES[0] else round(2 * size)
    return paragraph("TableText", runs(cell.text, *styles, half_points=smaller), properties)
