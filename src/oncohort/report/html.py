"""The document as one HTML file that needs nothing else: no network, no script, no font to be found."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from oncohort.report.clean import clean_document
from oncohort.report.document import (
    Block,
    Bullets,
    Cell,
    Document,
    FigureBlock,
    Heading,
    Note,
    Paragraph,
    Row,
    Run,
    TableBlock,
    runs_of,
)
from oncohort.report.layout import count_columns, decimal_pads, find_landscape, place_cells
from oncohort.report.svg import inline_svg

_KINDS: Final[dict[type[Block], str]] = {
    Heading: "heading",
    Paragraph: "paragraph",
    Note: "note",
    Bullets: "bullets",
    TableBlock: "table",
    FigureBlock: "figure",
}


@dataclass(frozen=True, slots=True)
class _CellView:
    """One cell as the template writes it. ``pad`` is the space before its text, in digits."""

    runs: tuple[Run, ...]
    tag: str
    scope: str
    colspan: int
    align: str
    bold: bool
    indent: int
    pad: int


@dataclass(frozen=True, slots=True)
class _RowView:
    kind: str
    cells: tuple[_CellView, ...]


@dataclass(frozen=True, slots=True)
class _BlockView:
    """One block as the template writes it; what does not belong to its kind is empty."""

    kind: str
    anchor: str
    block: Block
    landscape: bool = False
    svg: str = ""
    spans: tuple[int, ...] = ()
    head: tuple[_RowView, ...] = ()
    bodies: tuple[tuple[_RowView, ...], ...] = ()


def render_html(document: Document) -> str:
    """Return the document as one self-contained HTML page.

    The page loads nothing (its own security policy forbids it), holds no script, is declared light only, and
    prints on A4 with the banner and the page number on every page. Characters that HTML cannot hold are left out.

    Parameters
    ----------
    document : Document
        Figures must carry their ``svg``.

    Returns
    -------
    str
        The whole page; equal documents give equal text.

    Raises
    ------
    OutputError
        The drawing of a figure is not well-formed SVG.

    Examples
    --------
    >>> page = render_html(Document(title="Sorafenib & locoregional therapy"))
    >>> page[:15], "<h1>Sorafenib &amp; locoregional therapy</h1>" in page
    ('<!doctype html>', True)
    """
    cleaned = clean_document(document)
    blocks = tuple(_view_blocks(cleaned.blocks))
    return _environment().get_template("report.html.jinja").render(document=cleaned, blocks=blocks)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("oncohort.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["runs"] = runs_of
    environment.filters["css_string"] = _css_string
    return environment


def _css_string(text: str) -> Markup:
    """Write text as a quoted CSS string that can end neither itself nor the style sheet around it."""
    escaped = "".join(c if c.isascii() and c.isalnum() else f"\\{ord(c):06x}" for c in text)
    return Markup(f'"{escaped}"')  # noqa: S704 only letters, digits and \ are left


def _view_blocks(blocks: tuple[Block, ...]) -> Iterator[_BlockView]:
    taken: set[str] = {"main", "contents"}
    for block, landscape in zip(blocks, find_landscape(blocks), strict=True):
        anchor = _free_anchor(_wanted_anchor(block), taken)
        taken.add(anchor)
        if isinstance(block, TableBlock):
            yield _view_table(block, anchor)
        elif isinstance(block, FigureBlock):
            yield _BlockView("figure", anchor, block, svg=_view_drawing(block, anchor))
        else:
            yield _BlockView(_KINDS[type(block)], anchor, block, landscape=landscape)


def _wanted_anchor(block: Block) -> str:
    if isinstance(block, TableBlock | FigureBlock):
        return f"{_KINDS[type(block)]}-{re.sub('[^A-Za-z0-9]+', '-', str(block.number))}"
    if isinstance(block, Heading):
        return re.sub(r"[^a-z0-9]+", "-", (block.anchor or block.text).lower()).strip("-") or "section"
    return "block"


def _free_anchor(wanted: str, taken: set[str]) -> str:
    """Return the anchor, or with the first number behind it that is not taken."""
    free, number = wanted, 1
    while free in taken:
        number += 1
        free = f"{wanted}-{number}"
    return free


def _view_drawing(figure: FigureBlock, anchor: str) -> Markup:
    svg = inline_svg(figure.svg, prefix=f"{anchor}-svg", title=f"Figure {figure.number}", description=figure.alt)
    return Markup(svg)  # noqa: S704 written by an XML serializer, with scripts and links taken out


def _view_table(table: TableBlock, anchor: str) -> _BlockView:
    columns = count_columns(table)
    if not columns:  # rows without a cell: only the caption and the notes are left
        return _BlockView("table", anchor, table, landscape=table.landscape)
    head = tuple(_RowView("head", tuple(_head_cells(cells, columns))) for cells in table.head)
    pads = decimal_pads(table)
    rows = [_RowView(row.kind, tuple(_body_cells(row, pads[k], columns))) for k, row in enumerate(table.body)]
    return _BlockView(
        "table",
        anchor,
        table,
        landscape=table.landscape,
        spans=tuple(cell.colspan for cell in head[0].cells) if head else (),
        head=head,
        bodies=tuple(_split_bodies(rows)),
    )


def _fill(cells: tuple[Cell, ...], columns: int) -> tuple[Cell, ...]:
    return cells + (Cell(),) * (columns - sum(cell.colspan for cell in cells))


def _head_cells(cells: tuple[Cell, ...], columns: int) -> Iterator[_CellView]:
    for cell in _fill(cells, columns):
        yield _view_cell(cell, "colgroup" if cell.colspan > 1 else "col", 0)


def _body_cells(row: Row, pads: list[int], columns: int) -> Iterator[_CellView]:
    cells = _fill(row.cells, columns)
    filled_pads = [*pads, *[0] * (len(cells) - len(pads))]
    first = "rowgroup" if row.kind == "group" else "row"
    for (column, cell), pad in zip(place_cells(cells), filled_pads, strict=True):
        yield _view_cell(cell, first if column == 0 else "none", pad)


def _view_cell(cell: Cell, by_place: str, pad: int) -> _CellView:
    runs = runs_of(cell.text)
    scope = by_place if cell.scope == "auto" else cell.scope
    heads = scope != "none" and any(run.text.strip() for run in runs)
    return _CellView(
        runs=runs,
        tag="th" if heads else "td",
        scope=scope if heads else "",
        colspan=cell.colspan,
        align=cell.align,
        bold=cell.bold,
        indent=cell.indent,
        pad=pad,
    )


def _split_bodies(rows: list[_RowView]) -> Iterator[tuple[_RowView, ...]]:
    """Yield the rows in groups: a group row with the indented rows that follow it, or rows that stand alone."""
    current: list[_RowView] = []
    in_group = False
    for row in rows:
        starts = row.kind == "group"
        ends = in_group and not starts and row.cells[0].indent == 0
        if (starts or ends) and current:
            yield tuple(current)
            current = []
        in_group = starts or (in_group and not ends)
        current.append(row)
    if current:
        yield tuple(current)
