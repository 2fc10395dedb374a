"""Laws of both renderers: whatever the words, the HTML page is valid and the Word file opens, with the words in it."""

from __future__ import annotations

import re
import struct
import zlib
from html.parser import HTMLParser
from io import BytesIO

import docx
from hypothesis import given, settings
from hypothesis import strategies as st

from oncohort.report.clean import clean_document, clean_text
from oncohort.report.document import (
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
)
from oncohort.report.docx import render_docx
from oncohort.report.html import render_html

VOID = {"meta"}
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><g id="a" clip-path="url(#a)"/></svg>'


def png(width: int, height: int) -> bytes:
    """Return a gray picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress((b"\x00" + b"\x80" * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


AWKWARD = [
    *"\x00\x0b\x1b\x7f\x85\ufffe\uffff\ud800\u2028\t\n<>&\"'{}%#\\",
    "</style>",
    "<script>",
    "]]>",
    "肝癌",
    "🧬",
    "x" * 90,
]
ANY = st.lists(st.one_of(st.sampled_from(AWKWARD), st.characters(), st.text(max_size=9)), max_size=8).map("".join)
RUN = st.builds(Run, ANY, st.sampled_from(["plain", "bold", "italic", "superscript"]))
RUNS = st.one_of(ANY, st.lists(RUN, max_size=3).map(tuple))
ALIGN = st.sampled_from(["left", "center", "right", "decimal"])
CELLS = st.lists(st.builds(Cell, RUNS, ALIGN, st.integers(1, 3), st.integers(0, 3)), max_size=4).map(tuple)
ROWS = st.lists(st.builds(Row, CELLS, st.sampled_from(["group", "data", "total"])), max_size=4).map(tuple)
BLOCK = st.one_of(
    st.builds(Heading, st.sampled_from([1, 2, 3]), ANY, ANY),
    st.builds(Paragraph, RUNS),
    st.builds(Note, st.sampled_from(["warning", "note"]), RUNS),
    st.builds(Bullets, st.lists(RUNS, max_size=3).map(tuple)),
    st.builds(
        TableBlock,
        st.one_of(st.integers(1, 3), ANY),
        RUNS,
        st.lists(CELLS, max_size=2).map(tuple),
        ROWS,
        st.lists(RUNS, max_size=2).map(tuple),
        st.booleans(),
    ),
    st.builds(FigureBlock, st.integers(1, 3), RUNS, ANY, st.just(SVG), st.just(png(9, 6)), st.floats(10, 200)),
)
DOCUMENT = st.builds(Document, ANY, ANY, ANY, st.lists(BLOCK, max_size=5).map(tuple))


class Balance(HTMLParser):
    """Every tag is closed where it has to be; ids are collected, scripts refused."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag != "script"
        self.ids += [str(value) for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert "svg" in self.open, tag
        self.ids += [str(value) for name, value in attrs if name == "id"]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@settings(max_examples=50, deadline=None)
@given(DOCUMENT)
def test_any_text_gives_a_valid_page(document: Document) -> None:
    html = render_html(document)
    html.encode("utf-8")
    read = Balance()
    read.feed(html)
    read.close()
    assert read.open == []
    assert len(read.ids) == len(set(read.ids))
    assert not any(re.search(r"\s", anchor) for anchor in read.ids)
    assert html.count("</style>") == 1
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]", html)


@settings(max_examples=30, deadline=None)
@given(DOCUMENT)
def test_any_text_gives_a_word_file_that_opens(document: Document) -> None:
    word = docx.Document(BytesIO(render_docx(document)))
    cleaned = clean_document(document)
    assert word.paragraphs[0].text == cleaned.title
    assert len(word.inline_shapes) == sum(isinstance(block, FigureBlock) for block in document.blocks)
    for table in word.tables:
        columns = len(table.columns)
        for row in table.rows:
            assert sum(cell.grid_span for cell in row.cells) >= columns
    for section in word.sections:
        assert section.header.paragraphs[-1].text == (cleaned.banner or cleaned.title) or len(cleaned.title) > 110


@settings(max_examples=30, deadline=None)
@given(ANY)
def test_words_stand_in_both_as_they_were(text: str) -> None:
    class Words(HTMLParser):
        said = ""

        def handle_data(self, data: str) -> None:
            self.said += data

    document = Document("A study", blocks=(Paragraph(f"«{text}»"),))
    page = Words()
    page.feed(render_html(document))
    assert f"«{clean_text(text)}»" in page.said
    word = docx.Document(BytesIO(render_docx(document)))
    assert word.paragraphs[-1].text == f"«{clean_text(text)}»"


@settings(deadline=None)
@given(DOCUMENT)
def test_cleaning_twice_is_cleaning_once(document: Document) -> None:
    once = clean_document(document)
    assert clean_document(once) == once
