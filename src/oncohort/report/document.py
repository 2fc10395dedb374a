"""The document: what a publication report is made of, before it has a format. Frozen data; the renderers read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

RunStyle: TypeAlias = Literal["plain", "bold", "italic", "superscript"]
Align: TypeAlias = Literal["left", "center", "right", "decimal"]
Scope: TypeAlias = Literal["auto", "col", "colgroup", "row", "rowgroup", "none"]
RowKind: TypeAlias = Literal["group", "data", "total"]
NoteLevel: TypeAlias = Literal["warning", "note"]


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text in one style. Line breaks and tabs are read as spaces."""

    text: str
    style: RunStyle = "plain"


Text: TypeAlias = str | tuple[Run, ...]
"""Words for a reader: a plain string, or runs where a part of it is bold, italic or raised."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading below the document's title: level 1 is a chapter. ``anchor`` is its place in links, "" makes one."""

    level: Literal[1, 2, 3]
    text: str
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of the running text."""

    text: Text


@dataclass(frozen=True, slots=True)
class Note:
    """A call-out. The level is printed as its first word."""

    level: NoteLevel
    text: Text


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list without numbers."""

    items: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table.

    ``align`` "decimal" sets the decimal points of the first numbers of a column below each other
    ("10.5 (8.7–12.3)" above "8.2 (6.1–10.0)"). ``indent`` counts steps. ``colspan`` counts columns, from 1.
    ``scope`` says what the cell heads; "auto" reads it from the place: a cell of the head heads its columns,
    the first cell of a body row heads its row (of a group row: the rows up to the next group), any other
    cell heads nothing. An empty cell never heads anything.
    """

    text: Text = ""
    align: Align = "left"
    colspan: int = 1
    indent: int = 0
    bold: bool = False
    scope: Scope = "auto"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table's body. Cells that are missing at its end are empty.

    A "group" row names the indented rows below it; a "total" row has a thin rule above it.
    """

    cells: tuple[Cell, ...]
    kind: RowKind = "data"


@dataclass(frozen=True, slots=True)
class TableBlock:
    """A table with its caption above and its notes below.

    ``number`` is counted with the other tables of the document; a word such as "S1" stands as it is.
    ``caption`` goes without "Table 1." before it. ``head`` is one tuple of cells for each header row; a cell
    that spans columns has a thin rule of its own below it. ``landscape`` gives the table a page turned sideways.
    """

    number: int | str
    caption: Text
    head: tuple[tuple[Cell, ...], ...]
    body: tuple[Row, ...]
    notes: tuple[Text, ...] = ()
    landscape: bool = False


@dataclass(frozen=True, slots=True)
class FigureBlock:
    """A figure with its caption below.

    ``caption`` goes without "Figure 1." before it. ``alt`` says in words what the figure shows, for a reader
    who cannot see it. ``svg`` is shown by HTML, ``png`` by DOCX; ``width_mm`` is the printed width.
    """

    number: int
    caption: Text
    alt: str
    svg: str
    png: bytes
    width_mm: float


Block: TypeAlias = Heading | Paragraph | Note | Bullets | TableBlock | FigureBlock


@dataclass(frozen=True, slots=True)
class Document:
    """A publication report. ``banner`` stands on every screen and every printed page; "" is none."""

    title: str
    subtitle: str = ""
    banner: str = ""
    blocks: tuple[Block, ...] = ()


def runs_of(text: Text) -> tuple[Run, ...]:
    """Return the text as runs.

    Examples
    --------
    >>> runs_of("median")
    (Run(text='median', style='plain'),)
    """
    return (Run(text),) if isinstance(text, str) else text


def plain_text(text: Text) -> str:
    """Return the words without their styles.

    Examples
    --------
    >>> plain_text((Run("P", "italic"), Run(" = 0.031")))
    'P = 0.031'
    """
    return "".join(run.text for run in runs_of(text))
