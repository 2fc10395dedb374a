"""Text that every format can hold: the one place where characters are taken out of a document."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from oncohort.report.document import Block, Bullets, Cell, Document, FigureBlock, Heading, Row, Run, TableBlock, Text

_SIZE: Final = re.compile(r"\(n = (?=\d)")
_BREAKS: Final = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")
# Characters that XML 1.0 cannot hold, and those that HTML calls errors: controls, halves of surrogates, noncharacters.
_FORBIDDEN: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef"
    + "".join(rf"\U{plane:04x}fffe\U{plane:04x}ffff" for plane in range(17))
    + "]"
)


def clean_text(text: str) -> str:
    r"""Return the text on one line, without the characters that XML or HTML cannot hold; (n = 10) is never broken.

    Examples
    --------
    >>> clean_text("Child-Pugh\tA\x00"), clean_text("肝癌 <b>")
    ('Child-Pugh A', '肝癌 <b>')
    """
    return _SIZE.sub("(n\u00a0=\u00a0", _FORBIDDEN.sub("", _BREAKS.sub(" ", text)))


def clean_document(document: Document) -> Document:
    """Return the document with `clean_text` applied to every text that a reader sees."""
    return Document(
        title=clean_text(document.title),
        subtitle=clean_text(document.subtitle),
        banner=clean_text(document.banner),
        blocks=tuple(_clean_block(block) for block in document.blocks),
    )


def _clean_block(block: Block) -> Block:
    if isinstance(block, Heading):
        return replace(block, text=clean_text(block.text))
    if isinstance(block, Bullets):
        return Bullets(tuple(_clean_runs(item) for item in block.items))
    if isinstance(block, TableBlock):
        return _clean_table(block)
    if isinstance(block, FigureBlock):
        return replace(block, caption=_clean_runs(block.caption), alt=clean_text(block.alt))
    return replace(block, text=_clean_runs(block.text))


def _clean_table(table: TableBlock) -> TableBlock:
    return replace(
        table,
        number=clean_text(table.number) if isinstance(table.number, str) else table.number,
        caption=_clean_runs(table.caption),
        head=tuple(_clean_cells(cells) for cells in table.head),
        body=tuple(Row(_clean_cells(row.cells), row.kind) for row in table.body),
        notes=tuple(_clean_runs(note) for note in table.notes),
    )


def _clean_cells(cells: tuple[Cell, ...]) -> tuple[Cell, ...]:
    return tuple(replace(cell, text=_clean_runs(cell.text)) for cell in cells)


def _clean_runs(text: Text) -> Text:
    if isinstance(text, str):
        return clean_text(text)
    return tuple(Run(clean_text(run.text), run.style) for run in text)
