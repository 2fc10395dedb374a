"""The Word report: real tables, captions that count themselves, pages of both orientations, the same bytes twice."""

from __future__ import annotations

import re
import struct
import zlib
from io import BytesIO
from itertools import pairwise
from zipfile import ZipFile

import docx
import pytest
from docx.document import Document as WordDocument
from docx.enum.section import WD_ORIENT
from docx.oxml.ns import qn
from docx.shared import Mm

from oncohort.errors import OutputError
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

P_VALUE = (Run("P", "italic"), Run(" value"))


def png(width: int, height: int) -> bytes:
    """Return a gray picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress((b"\x00" + b"\x80" * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def table(number: int = 1, *, landscape: bool = False, rows: int = 3, notes: tuple[str, ...] = ()) -> TableBlock:
    body = tuple(Row((Cell(f"Level {k}", indent=1), Cell("10.5 (8.7–12.3)", "decimal"))) for k in range(rows))
    return TableBlock(
        number=number,
        caption="Survival by factor",
        head=((Cell(), Cell("Overall survival", "center", colspan=2)), (Cell("Factor"), Cell("Median"), Cell(P_VALUE))),
        body=(Row((Cell("Sex"), Cell(), Cell("0.031", "right")), "group"), *body, Row((Cell("All"),), "total")),
        notes=notes,
        landscape=landscape,
    )


def figure(number: int = 1, picture: bytes = b"", width_mm: float = 85.0) -> FigureBlock:
    return FigureBlock(number, "Overall survival", "Two falling curves", "", picture or png(90, 60), width_mm)


def word_file(*blocks: object, title: str = "A study", banner: str = "", subtitle: str = "") -> WordDocument:
    return docx.Document(BytesIO(render_docx(Document(title, subtitle, banner, blocks))))  # type: ignore[arg-type]


def body_tags(word: WordDocument) -> list[str]:
    return [child.tag.split("}")[1] for child in word.element.body]


def test_body_of_a_table_is_as_reviewed(snapshot: object) -> None:
    head = ((Cell("Sex"), Cell(P_VALUE, "right")),)
    body = (Row((Cell("Male", indent=1), Cell("0.031", "right"))),)
    made = word_file(TableBlock(1, "Sex", head, body)).tables[0]._tbl.xml
    assert re.sub(r' xmlns:\w+="[^"]*"', "", made) == snapshot


def test_figure_is_as_reviewed(snapshot: object) -> None:
    word = word_file(figure())
    assert re.sub(r' xmlns:\w+="[^"]*"', "", word.paragraphs[1]._p.xml) == snapshot


def test_head_of_a_table_repeats_on_every_page() -> None:
    rows = word_file(table()).tables[0].rows
    repeated = [row._tr.find(f"{qn('w:trPr')}/{qn('w:tblHeader')}") is not None for row in rows]
    assert repeated == [True, True, False, False, False, False, False]


def test_no_row_is_split_over_two_pages() -> None:
    rows = word_file(table()).tables[0].rows
    assert all(row._tr.find(f"{qn('w:trPr')}/{qn('w:cantSplit')}") is not None for row in rows)


def test_every_row_fills_the_grid() -> None:
    made = word_file(table()).tables[0]
    assert len(made.columns) == 3
    assert [sum(cell.grid_span for cell in row.cells if cell) >= 3 for row in made.rows] == [True] * 7


def test_table_has_three_rules_and_no_vertical_ones() -> None:
    made = word_file(table()).tables[0]._tbl
    borders = made.tblPr.find(qn("w:tblBorders"))
    assert [child.tag for child in borders] == [qn("w:top"), qn("w:bottom")]
    below_head = made.tr_lst[1].findall(f".//{qn('w:tcBorders')}/{qn('w:bottom')}")
    assert len(below_head) == 3
    assert made.findall(f".//{qn('w:tcBorders')}/{qn('w:left')}") == []


def test_captions_are_of_the_style_and_count_by_fields() -> None:
    word = word_file(table(3), figure(2))
    captions = [p for p in word.paragraphs if p.style and p.style.name == "Caption"]
    assert [p.text for p in captions] == ["Table 3. Survival by factor", "Figure 2. Overall survival"]
    codes = [p._p.findtext(f".//{qn('w:instrText')}") for p in captions]
    assert codes == [r" SEQ Table \* ARABIC ", r" SEQ Figure \* ARABIC "]


def test_caption_stays_with_its_table_and_picture_with_its_caption() -> None:
    word = word_file(table(), figure())
    assert body_tags(word) == ["p", "p", "tbl", "p", "p", "p", "sectPr"]
    caption, _, picture, below = word.paragraphs[1:]
    assert caption.paragraph_format.keep_with_next
    assert picture.style is not None
    assert picture.style.paragraph_format.keep_with_next
    assert not below.paragraph_format.keep_with_next


def test_short_table_is_kept_on_one_page_and_a_long_one_may_break() -> None:
    short, long = word_file(table(rows=3), table(2, rows=60)).tables
    kept = [bool(row.cells[0].paragraphs[0].paragraph_format.keep_with_next) for row in short.rows]
    assert kept == [True] * 6 + [False]
    broken = [bool(row.cells[0].paragraphs[0].paragraph_format.keep_with_next) for row in long.rows]
    assert broken == [True] * 3 + [False] * 58 + [True] * 2 + [False]


def test_long_table_breaks_between_its_groups_only() -> None:
    group = (Row((Cell("Sex"),), "group"), Row((Cell("Male", indent=1),)), Row((Cell("Female", indent=1),)))
    made = word_file(TableBlock(1, "Many factors", (), group * 9 + (Row((Cell("All"),), "total"),))).tables[0]
    kept = [bool(row.cells[0].paragraphs[0].paragraph_format.keep_with_next) for row in made.rows]
    assert kept == [True, True, False] * 8 + [True, True, True, False]


@pytest.mark.parametrize("rows", [0, 1, 2, 3])
def test_head_longer_than_its_body_is_no_obstacle(rows: int) -> None:
    made = word_file(TableBlock(1, "Head", ((Cell("x"),),) * 25, (Row((Cell("y"),)),) * rows)).tables[0]
    assert len(made.rows) == 25 + rows


def test_last_row_stays_with_the_notes() -> None:
    made = word_file(table(notes=("CI, confidence interval.",)))
    assert made.tables[0].rows[-1].cells[0].paragraphs[0].paragraph_format.keep_with_next
    assert made.paragraphs[-1].text == "CI, confidence interval."


def test_landscape_table_has_pages_turned_sideways_with_its_heading() -> None:
    word = word_file(Paragraph("Before"), Heading(1, "By factor"), table(landscape=True), Paragraph("After"))
    assert [s.orientation for s in word.sections] == [WD_ORIENT.PORTRAIT, WD_ORIENT.LANDSCAPE, WD_ORIENT.PORTRAIT]
    assert [s.page_width is not None and round(s.page_width.mm) for s in word.sections] == [210, 297, 210]
    ends = [p.text for p in word.paragraphs if p._p.find(f"{qn('w:pPr')}/{qn('w:sectPr')}") is not None]
    assert ends == ["Before", ""]


def test_two_landscape_tables_in_a_row_share_their_section() -> None:
    assert len(word_file(table(landscape=True), table(2, landscape=True)).sections) == 2


def test_sections_without_words_between_them_are_still_two() -> None:
    word = word_file(table(landscape=True), Bullets(()), table(2, landscape=True))
    assert len(word.sections) == 4
    assert [len(p._p.findall(f".//{qn('w:sectPr')}")) for p in word.paragraphs if "sectPr" in p._p.xml] == [1, 1, 1]


def test_table_of_rows_without_cells_leaves_caption_and_notes() -> None:
    word = word_file(TableBlock(1, "Empty", (), (Row((), "group"), Row(())), ("A note.",)))
    assert word.tables == []
    assert [p.text for p in word.paragraphs[1:]] == ["Table 1. Empty", "A note."]


def test_header_of_every_section_carries_title_and_banner() -> None:
    word = word_file(table(landscape=True), Paragraph("x"), banner="Synthetic data")
    assert len(word.sections) == 3
    for section in word.sections:
        assert [p.text for p in section.header.paragraphs] == ["A study", "Synthetic data"]


def test_footer_counts_the_pages_by_fields() -> None:
    footer = word_file().sections[0].footer.paragraphs[0]
    assert footer.text == "Page 1 of 1"
    assert [code.text for code in footer._p.iter(qn("w:instrText"))] == [" PAGE ", " NUMPAGES "]


def test_headings_have_the_styles_of_word() -> None:
    word = word_file(Heading(1, "a"), Heading(2, "b"), Heading(3, "c"))
    names = [p.style.name for p in word.paragraphs if p.style]
    assert names == ["Title", "Heading 1", "Heading 2", "Heading 3"]


def test_every_style_in_use_is_defined() -> None:
    word = word_file(Heading(1, "a"), Note("warning", "b"), Note("note", "c"), Bullets(("d",)), table(), figure())
    known = {style.style_id for style in word.styles}
    used = {el.get(qn("w:val")) for el in word.element.body.iter(qn("w:pStyle"))}
    assert used == {
        *("Title", "Heading1", "CalloutWarning", "CalloutNote", "ListBullet"),
        *("Caption", "TableText", "TableEnd", "Figure"),
    }
    assert used <= known


def test_fonts_for_chinese_text_are_set() -> None:
    defaults = word_file().styles.element.find(f".//{qn('w:docDefaults')}//{qn('w:rFonts')}")
    assert defaults is not None
    assert (defaults.get(qn("w:ascii")), defaults.get(qn("w:eastAsia"))) == ("Times New Roman", "SimSun")


def test_runs_keep_their_style() -> None:
    text = (Run("a"), Run("b", "bold"), Run("P", "italic"), Run("2", "superscript"))
    runs = word_file(Paragraph(text)).paragraphs[1].runs
    assert [(r.bold, r.italic, r.font.superscript) for r in runs] == [
        (None, None, None),
        (True, None, None),
        (None, True, None),
        (None, None, True),
    ]


def test_characters_xml_cannot_hold_are_left_out_and_a_line_stays_one() -> None:
    word = word_file(Paragraph("c\x1b\ud800\ufffed\te\u2028f"), title="a\x00b")
    assert [p.text for p in word.paragraphs] == ["ab", "cd e f"]
    assert word.core_properties.title == "ab"


def test_figure_has_its_words_and_its_width() -> None:
    word = word_file(figure(width_mm=85))
    shape = word.inline_shapes[0]
    assert shape.width == Mm(85)
    assert shape._inline.docPr.get("descr") == "Two falling curves"
    assert shape._inline.docPr.get("name") == "Figure 1"


def test_figure_never_exceeds_the_page() -> None:
    word = word_file(figure(width_mm=400), figure(2, png(30, 900), 100))
    wide, high = word.inline_shapes
    assert wide.width == Mm(170)
    assert high.height <= Mm(227)
    assert abs(high.height / high.width - 30) < 0.01


@pytest.mark.parametrize("picture", [b"GIF", b"\x89PNG\r\n\x1a\n", b"%PDF-1.7", png(9, 9)[:20]])
def test_figure_without_a_picture_is_refused(picture: bytes) -> None:
    with pytest.raises(OutputError, match="Figure 1: no PNG picture that can be read was given for Word"):
        word_file(figure(picture=picture))


def test_table_too_wide_for_the_page_takes_smaller_type_and_fits() -> None:
    cells = tuple(Cell("10.5 (8.7–12.3)", "decimal") for _ in range(9))
    made = word_file(TableBlock(1, "Wide", (), (Row((Cell("A factor"), *cells)),))).tables[0]
    assert sum(column.width or 0 for column in made.columns) <= Mm(170)
    size = made.rows[0].cells[1].paragraphs[0].runs[0].font.size
    assert size is not None
    assert 7 <= size.pt < 9


def test_words_are_not_broken_beside_a_column_of_long_sentences() -> None:
    row = Row((Cell("warning"), Cell("after_progression"), Cell("a sentence of many words " * 12), Cell("1", "right")))
    made = word_file(TableBlock(1, "Findings", (), (row,))).tables[0]
    widths = [0 if column.width is None else column.width.pt for column in made.columns]
    # "warning" is 3.277 and "after_progression" 6.998 type sizes wide in Times; 8 points are the cell's margins.
    assert widths[0] > 3.277 * 9 + 8 + 1
    assert widths[1] > 6.998 * 9 + 8 + 1
    assert sum(widths) <= 170 / 25.4 * 72


def test_decimal_points_stand_below_each_other() -> None:
    rows = tuple(Row((Cell(text, "decimal"),)) for text in ("10.5", "8.2", "110.0"))
    made = word_file(TableBlock(1, "", (), rows)).tables[0]
    indents = [row.cells[0].paragraphs[0].paragraph_format.left_indent for row in made.rows]
    assert [None if indent is None else indent.pt for indent in indents] == [4.5, 9.0, None]


def test_properties_name_title_and_author_and_no_clock() -> None:
    properties = word_file(title="A study of 肝癌").core_properties
    assert (properties.title, properties.author) == ("A study of 肝癌", "oncohort")
    assert properties.created is not None
    assert properties.modified is not None
    assert properties.created.year == properties.modified.year == 2000


def test_title_longer_than_a_property_is_cut_only_there() -> None:
    word = word_file(title="a" * 300)
    assert len(word.core_properties.title) == 255
    assert word.paragraphs[0].text == "a" * 300
    assert len(word.sections[0].header.paragraphs[0].text) == 110


def test_same_document_gives_the_same_bytes() -> None:
    document = Document("A study", "x", "Synthetic data", (table(), figure(), table(2, landscape=True)))
    assert render_docx(document) == render_docx(document)


def test_entries_of_the_file_are_sorted_and_undated() -> None:
    with ZipFile(BytesIO(render_docx(Document("A study")))) as package:
        names = package.namelist()
        assert names[0] == "[Content_Types].xml"
        assert names[1:] == sorted(names[1:])
        assert {entry.date_time for entry in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert not any("thumbnail" in name or "app.xml" in name or "customXml" in name for name in names)


def test_no_two_empty_paragraphs_follow_each_other() -> None:
    word = word_file(table(), table(2), table(3, landscape=True), figure(), Bullets(()), Paragraph("x"))
    blank = [p.text == "" and not p._p.findall(f".//{qn('w:drawing')}") for p in word.paragraphs]
    assert not any(a and b for a, b in pairwise(blank))
