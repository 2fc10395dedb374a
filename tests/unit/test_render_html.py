"""The HTML report: one valid, self-contained, accessible page, whatever the words in it are."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncohort.errors import OutputError
from oncohort.report.document import (
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
from oncohort.report.html import render_html
from oncohort.report.layout import column_needs, decimal_pads, fit_columns
from oncohort.report.svg import inline_svg

VOID = {"meta", "link", "br", "hr", "img", "input", "col"}
P_VALUE = (Run("P", "italic"), Run(" value"))
DRAWING = (
    '<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/g.dtd">'
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="90pt" height="60pt"'
    ' onload="run()"><metadata><r:RDF xmlns:r="urn:r"/></metadata>'
    "<defs><style>*{stroke-linejoin: round}</style><clipPath id='p'><path d='M0 0'/></clipPath></defs>"
    "<script>run()</script><image xlink:href='http://example.org/a.png'/><a xlink:href='http://example.org'/>"
    "<g clip-path='url(#p)' style='fill: url(http://example.org/f)'><use xlink:href='#p' onclick='run()'/></g></svg>"
)
TABLE = TableBlock(
    number=2,
    caption="Survival by factor",
    head=(
        (Cell(), Cell("Overall survival", "center", colspan=2)),
        (Cell("Factor"), Cell("Median (95% CI)", "decimal"), Cell(P_VALUE, "right")),
    ),
    body=(
        Row((Cell("Sex"), Cell(), Cell("0.031", "right")), "group"),
        Row((Cell("Male", indent=1), Cell("10.5 (8.7–12.3)", "decimal"))),
        Row((Cell("Female", indent=1), Cell("8.2 (6.1 to not reached)", "decimal"))),
        Row((Cell("Age > 54 & more"), Cell("not reached", "decimal"), Cell("<0.001", "right"))),
        Row((Cell("All"), Cell("9.9", "decimal"), Cell()), "total"),
    ),
    notes=((Run("a", "superscript"), Run(" Log-rank test.")),),
)


def figure(number: int = 1, svg: str = DRAWING) -> FigureBlock:
    return FigureBlock(number, "Overall survival", "Two falling curves", svg, b"", 85.0)


@dataclass
class Page(HTMLParser):
    """The elements of a page, in order; closing a tag that is not the last open one fails."""

    text: str
    open: list[str] = field(default_factory=list)
    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.feed(self.text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs)
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert "svg" in self.open
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in {"style", "script"}:
            self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def ids(self) -> list[str]:
        return [str(attributes["id"]) for _, attributes in self.elements if "id" in attributes]


def page(*blocks: object, **named: str) -> Page:
    return Page(render_html(Document(named.pop("title", "A study"), blocks=blocks, **named)))  # type: ignore[arg-type]


def body_of(html: str, opening: str, closing: str) -> str:
    start = html.index(opening)
    return html[start : html.index(closing, start) + len(closing)]


def test_body_of_a_table_is_as_reviewed(snapshot: object) -> None:
    html = render_html(Document("A study", blocks=(TABLE,)))
    assert body_of(html, '<div class="table ', "</table>") == snapshot


def test_figure_is_as_reviewed(snapshot: object) -> None:
    html = render_html(Document("A study", blocks=(figure(),)))
    assert body_of(html, "<figure", "</figure>") == snapshot


def test_page_loads_nothing_and_runs_nothing() -> None:
    html = render_html(Document("A study", blocks=(figure(), TABLE), banner="Synthetic data"))
    made = Page(html)
    assert made.all("script") == []
    assert made.all("link") == []
    for _, attributes in made.elements:
        for name, value in attributes.items():
            assert not name.startswith("on")
            if name in {"src", "href", "action", "data"}:
                assert str(value).startswith("#")
    without_namespace = html.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert "http:" not in without_namespace
    assert "https:" not in without_namespace
    assert "@import" not in html
    policy = next(m["content"] for m in made.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert str(policy).startswith("default-src 'none';")


def test_page_has_a_language_one_h1_and_its_landmarks() -> None:
    made = page(Heading(1, "Patients"), banner="Synthetic data")
    assert made.all("html") == [{"lang": "en"}]
    assert [len(made.all(tag)) for tag in ("h1", "header", "nav", "main", "aside")] == [1, 1, 1, 1, 1]
    assert made.all("a")[0] == {"class": "skip", "href": "#main"}


def test_every_link_of_the_contents_leads_to_a_heading() -> None:
    made = page(Heading(1, "Patients"), Heading(2, "Patients"), Heading(2, "肝癌"), Heading(3, "Deep", "deep"))
    targets = [str(link["href"])[1:] for link in made.all("a")[1:]]
    assert targets == ["patients", "patients-2", "section"]
    assert set(targets) <= set(made.ids())


def test_headings_step_down_from_the_title() -> None:
    made = page(Heading(1, "a"), Heading(2, "b"), Heading(3, "c"))
    assert [name for name, _ in made.elements if re.fullmatch(r"h\d", name)] == ["h1", "h2", "h3", "h4"]


def test_ids_are_unique_even_for_equal_figures_tables_and_anchors() -> None:
    made = page(Heading(1, "x", "figure-1"), figure(), figure(), TABLE, TABLE, Heading(2, "y", "table-2"))
    assert len(made.ids()) == len(set(made.ids()))


def test_references_inside_a_drawing_follow_its_own_ids() -> None:
    made = page(figure(1), figure(2))
    for number, (group, use) in enumerate(zip(made.all("g"), made.all("use"), strict=True), start=1):
        assert group["clip-path"] == f"url(#figure-{number}-svg--p)"
        assert use == {"href": f"#figure-{number}-svg--p"}
        assert f"figure-{number}-svg--p" in made.ids()


def test_drawing_is_an_image_with_a_name_and_a_description() -> None:
    html = render_html(Document("A study", blocks=(figure(),)))
    drawing = Page(html).all("svg")[0]
    assert drawing["role"] == "img"
    assert '<title id="figure-1-svg--name">Figure 1</title>' in html
    assert '<desc id="figure-1-svg--told">Two falling curves</desc>' in html


def test_drawing_keeps_no_script_link_or_foreign_file() -> None:
    svg = inline_svg(DRAWING, prefix="f", title="Figure 1", description="")
    for gone in ("script", "onload", "onclick", "example.org", "metadata", "RDF", "xlink"):
        assert gone not in svg
    assert "#f *{stroke-linejoin: round}" in svg
    assert 'viewBox="0 0 90 60"' in svg


@pytest.mark.parametrize(
    ("svg", "sentence"),
    [
        ("<svg", "Figure 1: the drawing is not well-formed SVG"),
        ("<html/>", "Figure 1: the drawing's first element is not <svg>"),
        ('<svg xmlns="http://www.w3.org/2000/svg"/>', "Figure 1: the drawing has no viewBox and no size in pt or px"),
    ],
)
def test_a_drawing_that_is_none_is_refused(svg: str, sentence: str) -> None:
    with pytest.raises(OutputError, match=re.escape(sentence)):
        render_html(Document("A study", blocks=(figure(svg=svg),)))


def test_cells_of_the_head_and_first_cells_of_rows_carry_their_scope() -> None:
    scopes = [cell.get("scope") for cell in page(TABLE).all("th")]
    assert scopes == ["colgroup", "col", "col", "col", "rowgroup", "row", "row", "row", "row"]


def test_column_groups_cover_the_columns_of_the_head() -> None:
    assert page(TABLE).all("colgroup") == [{"span": "1"}, {"span": "2"}]


def test_every_row_of_a_table_fills_all_columns() -> None:
    html = body_of(render_html(Document("A study", blocks=(TABLE,))), "<table", "</table>")
    for row in html.split("<tr")[1:]:
        spans = [int(found or 1) for found in re.findall(r'<t[dh](?: scope="\w+")?(?: colspan="(\d+)")?', row)]
        assert sum(spans) == 3


def test_group_row_begins_a_body_and_an_unindented_row_ends_it() -> None:
    assert len(page(TABLE).all("tbody")) == 2


def test_table_of_rows_without_cells_leaves_caption_and_notes() -> None:
    made = page(TableBlock(1, "Empty", (), (Row((), "group"), Row(())), ("A note.",)))
    assert made.all("tr") == []
    assert " Empty" in made.words
    assert "A note." in made.words


def test_wide_parts_scroll_in_regions_that_the_keyboard_reaches() -> None:
    regions = [a for a in page(TABLE, figure()).all("div") if a.get("class") == "scroll"]
    assert [(a["role"], a["tabindex"]) for a in regions] == [("region", "0")] * 2
    assert regions[0]["aria-labelledby"] == "table-2--caption"


def test_banner_stands_on_the_screen_and_on_every_printed_page() -> None:
    html = render_html(Document("A study", banner="Synthetic data"))
    assert '<aside class="banner" aria-label="About the data">Synthetic data</aside>' in html
    assert '@top-center { content: "Synthetic\\000020data"' in html


def test_banner_cannot_leave_the_style_sheet() -> None:
    html = render_html(Document("A study", banner='"}</style><script>alert(1)</script>'))
    assert Page(html).all("script") == []
    assert html.count("</style>") == 1


def test_heading_goes_sideways_with_the_landscape_table_it_announces() -> None:
    made = page(Heading(1, "Patients"), Paragraph("x"), Heading(1, "By factor"), replace(TABLE, landscape=True))
    assert [heading.get("class") for heading in made.all("h2")] == [None, "landscape"]


def test_no_banner_leaves_no_banner() -> None:
    assert page().all("aside") == []


def test_runs_keep_their_style() -> None:
    html = render_html(
        Document("A", blocks=(Paragraph((Run("a", "bold"), Run("P", "italic"), Run("2", "superscript"))),))
    )
    assert "<p><b>a</b><i>P</i><sup>2</sup></p>" in html


def test_characters_a_page_cannot_hold_are_left_out_and_a_line_stays_one() -> None:
    html = render_html(Document("a\x00b", blocks=(Paragraph("c\x1b\ud800\ufffed\te\u2028f"),)))
    assert "<h1>ab</h1>" in html
    assert "<p>cd e f</p>" in html


def test_call_out_says_its_level_in_words() -> None:
    html = render_html(Document("A study", blocks=(Note("warning", "3 patients lost"),)))
    assert "<b>Warning.</b> 3 patients lost" in html


def test_same_document_gives_the_same_page() -> None:
    document = Document("A study", blocks=(TABLE, figure()))
    assert render_html(document) == render_html(document)


def test_colors_of_text_have_contrast() -> None:
    html = render_html(Document("A study"))
    pairs = [("#1a1a1a", "#ffffff"), ("#505050", "#ffffff"), ("#0b4f8a", "#ffffff"), ("#5c2b00", "#fff1d6")]
    pairs += [("#1a1a1a", "#fff7e8"), ("#1a1a1a", "#f2f6fa")]
    for ink, paper in pairs:
        assert ink in html
        assert paper in html
        light, dark = sorted((_luminance(ink), _luminance(paper)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5


def _luminance(color: str) -> float:
    """Relative luminance of WCAG 2.1."""
    parts = [int(color[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_decimal_points_stand_below_each_other() -> None:
    assert decimal_pads(TABLE) == [[0, 0, 0], [0, 0], [0, 1], [0, 0, 0], [0, 1, 0]]


@given(
    st.lists(st.tuples(st.floats(1, 300), st.floats(0, 1)), min_size=1, max_size=8),
    st.floats(10, 1000),
)
def test_columns_never_exceed_the_page_nor_break_numbers_where_there_is_room(
    needs: list[tuple[float, float]], available: float
) -> None:
    wanted, least = [w for w, _ in needs], [w * share for w, share in needs]
    widths = fit_columns(wanted, least, available)
    assert sum(widths) <= available * (1 + 1e-12)
    if sum(least) <= available:
        assert all(width >= low * (1 - 1e-12) for width, low in zip(widths, least, strict=True))


def test_label_column_wraps_on_a_narrow_screen() -> None:
    narrow = render_html(Document("A study")).split("@media (max-width: 40rem)")[1].split("@page")[0]
    assert "tr > :first-child:not([colspan]) { max-width: 45vw; }" in narrow


def test_chinese_label_without_spaces_takes_no_room_from_the_numbers() -> None:
    label = "巴塞罗那临床肝癌分期（经多学科讨论确认，首次治疗前四周之内评定的分期结果为准）"
    table = TableBlock(1, "", (), (Row((Cell(label), Cell("0.654", "decimal"))),))
    wanted, least = column_needs(table, size=100, gap=80)
    assert least[0] == 80 + 4 * 100
    assert fit_columns(wanted, least, available=2000)[1] == pytest.approx(wanted[1])
