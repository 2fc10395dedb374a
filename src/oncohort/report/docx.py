"""The document as a Word file: real tables, captions that count themselves, the same bytes for the same document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Any, Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from docx.document import Document as WordDocument
from docx.image.exceptions import InvalidImageStreamError, UnexpectedEndOfFileError, UnrecognizedImageError
from docx.shared import Mm
from docx.text.paragraph import Paragraph as WordParagraph

from oncohort.errors import OutputError
from oncohort.report.clean import clean_document
from oncohort.report.document import Block, Bullets, Document, FigureBlock, Heading, Note, Run, TableBlock, runs_of
from oncohort.report.docx_page import new_word_document, section_properties, text_height_mm, text_width_mm
from oncohort.report.docx_table import table_elements
from oncohort.report.docx_xml import caption, paragraph, runs
from oncohort.report.layout import find_landscape

_POINTS_PER_MM: Final = 72 / 25.4
_CAPTION_MM: Final = 25.0  # kept free below a figure as high as the page
_ZIP_DATE: Final = (1980, 1, 1, 0, 0, 0)
_CONTENT_TYPES: Final = "[Content_Types].xml"


def render_docx(document: Document) -> bytes:
    """Return the document as a Word file (.docx).

    Tables are Word tables whose head is repeated on each page and whose rows stay whole; a landscape table stands
    with the headings right before it on pages turned sideways. Numbers of captions and pages are Word fields. The
    header of every page carries the title and the banner. Characters that XML cannot hold are left out.

    Parameters
    ----------
    document : Document
        Figures must carry their ``png``.

    Returns
    -------
    bytes
        The file. It holds no clock: equal documents give equal bytes.

    Raises
    ------
    OutputError
        A figure has no PNG picture that can be read.

    Examples
    --------
    >>> render_docx(Document(title="Sorafenib and locoregional therapy"))[:2]
    b'PK'
    """
    cleaned = clean_document(document)
    word = new_word_document(cleaned)
    _fill(word, cleaned)
    stream = BytesIO()
    word.save(stream)
    return _without_clock(stream)


def _fill(word: WordDocument, document: Document) -> None:
    body = word.element.body
    _append(body, [paragraph("Title", runs(document.title))])
    if document.subtitle:
        _append(body, [paragraph("Subtitle", runs(document.subtitle))])
    turned = False
    for block, landscape in zip(document.blocks, find_landscape(document.blocks), strict=True):
        if landscape != turned:
            _close_section(word, landscape=turned)
            turned = landscape
        if isinstance(block, FigureBlock):
            _append_figure(word, block, landscape=landscape)
        else:
            _append(body, _elements(block, landscape=landscape))
    last = section_properties(word, landscape=turned)
    body.replace(body.sectPr, last)


def _append(body: Any, elements: Iterable[Any]) -> None:
    for made in elements:
        body.sectPr.addprevious(made)


def _close_section(word: WordDocument, *, landscape: bool) -> None:
    """End the section with the last paragraph; Word keeps the page of a section in that paragraph."""
    body = word.element.body
    last = body.sectPr.getprevious()
    if last.find("w:pPr/w:sectPr", last.nsmap) is not None:
        last = paragraph("TableEnd", [])
        _append(body, [last])
    last.pPr.append(section_properties(word, landscape=landscape))


def _elements(block: Block, *, landscape: bool) -> Iterator[Any]:
    if isinstance(block, Heading):
        yield paragraph(f"Heading{block.level}", runs(block.text))
    elif isinstance(block, Note):
        level = block.level.capitalize()
        yield paragraph(f"Callout{level}", runs((Run(f"{level}. ", "bold"), *runs_of(block.text))))
    elif isinstance(block, Bullets):
        for item in block.items:
            yield paragraph("ListBullet", runs(item))
    elif isinstance(block, TableBlock):
        yield from table_elements(block, available=text_width_mm(landscape=landscape) * _POINTS_PER_MM)
    elif not isinstance(block, FigureBlock):
        yield paragraph("Normal", runs(block.text))


def _append_figure(word: WordDocument, figure: FigureBlock, *, landscape: bool) -> None:
    holder = paragraph("Figure", [])
    _append(word.element.body, [holder])
    width = min(figure.width_mm, text_width_mm(landscape=landscape))
    try:
        picture = WordParagraph(holder, word._body).add_run().add_picture(BytesIO(figure.png), width=Mm(width))  # noqa: SLF001
    except (UnrecognizedImageError, InvalidImageStreamError, UnexpectedEndOfFileError) as error:
        raise OutputError(f"Figure {figure.number}: no PNG picture that can be read was given for Word") from error
    highest = Mm(text_height_mm(landscape=landscape) - _CAPTION_MM)
    if picture.height > highest:
        picture.width, picture.height = round(picture.width * highest / picture.height), highest
    described = picture._inline.docPr  # noqa: SLF001 python-docx has no public way to set the alternative text
    described.set("name", f"Figure {figure.number}")
    described.set("descr", figure.alt)
    _append(word.element.body, [caption("Figure", figure.number, figure.caption, above=False)])


def _without_clock(stream: BytesIO) -> bytes:
    """Return the same package with its entries sorted and undated; the list of content types comes first."""
    packed = BytesIO()
    with ZipFile(stream) as source, ZipFile(packed, "w") as target:
        for name in sorted(source.namelist(), key=lambda name: (name != _CONTENT_TYPES, name)):
            entry = ZipInfo(name, _ZIP_DATE)
            entry.compress_type = ZIP_DEFLATED
            entry.create_system = 0
            target.writestr(entry, source.read(name), compresslevel=6)
    return packed.getvalue()
