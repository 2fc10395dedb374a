"""Figures as bytes: the same twice and in another process, readable text, ids that can share a page."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from oncohort.report.figures import fonts
from oncohort.report.figures.export import to_pdf, to_png, to_svg
from oncohort.report.figures.fonts import find_missing_glyphs
from oncohort.report.figures.forest import ForestRow, plot_forest
from oncohort.report.figures.kaplan_meier import CurveData, KaplanMeierPanel, plot_kaplan_meier
from oncohort.study.results import CurveRow

SVG = "{http://www.w3.org/2000/svg}"
MISSING = "\U00012000"


def figure(label="TACE and cryoablation"):
    rows = [
        CurveRow("OS", "", "", "", time, n, 1, int(time == 8.0), surv, low, high)
        for time, n, surv, low, high in ((3.0, 5, 0.8, 0.2, 0.97), (8.0, 4, 0.6, 0.13, 0.88), (12.0, 2, 0.3, 0.01, 0.7))
    ]
    panel = KaplanMeierPanel(
        (CurveData(label, rows, "median 12.0 months"), CurveData("TACE", rows[:2])),
        "Months",
        "Overall survival",
        "months",
    )
    return plot_kaplan_meier([panel, panel])


def svg_of(drawn, title="Overall survival", description="Two curves."):
    return to_svg(drawn, title=title, description=description)


def digest():
    parts = (svg_of(figure()).encode(), to_pdf(figure()), to_png(figure(), dpi=100))
    return [hashlib.sha256(part).hexdigest() for part in parts]


def test_same_figure_gives_the_same_bytes_twice_and_in_a_new_process():
    first = digest()
    assert digest() == first
    code = "import test_figures_export as t; print(*t.digest())"
    paths = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    new = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": paths, "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert new.stdout.split() == first
    assert new.stderr == ""


def test_figure_can_be_written_again_after_it_was_written():
    drawn = figure()
    before = svg_of(drawn)
    to_pdf(drawn)
    to_png(drawn)
    assert svg_of(drawn) == before


def test_svg_text_is_text_and_brings_its_fonts():
    text = svg_of(figure())
    printed = {"".join(e.itertext()) for e in ET.fromstring(text).iter(f"{SVG}text")}
    assert {"No. at risk", "Overall survival", "Months", "1.0", "A", "B"} <= printed
    assert text.count("@font-face") == 2
    assert "data:font/woff;base64," in text


def test_svg_has_title_description_and_no_date():
    text = svg_of(figure(), "OS & PFS", 'Curves of "two" groups <3')
    root = ET.fromstring(text)
    assert root[0].tag == f"{SVG}title"
    assert root[0].text == "OS & PFS"
    assert root[1].text == 'Curves of "two" groups <3'
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == f"{root[0].get('id')} {root[1].get('id')}"
    assert "date" not in text.lower().replace("update", "")
    assert "<?xml" not in text
    assert "metadata" not in text


def test_ids_of_two_figures_differ_and_each_reference_has_its_target():
    first, second = svg_of(figure()), svg_of(figure("Sorafenib alone"))
    ids = [set(re.findall(r' id="([^"]+)"', text)) for text in (first, second)]
    assert ids[0]
    assert not ids[0] & ids[1]
    for text, known in zip((first, second), ids, strict=True):
        assert set(re.findall(r'href="#([^"]+)"', text)) <= known
        assert set(re.findall(r"url\(#([^)]+)\)", text)) <= known


def test_svg_says_no_rule_about_the_page_around_it():
    styles = [e.text or "" for e in ET.fromstring(svg_of(figure())).iter(f"{SVG}style")]
    assert len(styles) == 1
    assert styles[0].startswith("@font-face")
    assert "*{" not in styles[0]


def test_label_that_looks_like_markup_or_reference_is_printed_as_it_is():
    label = '<script> id="x" url(#y) $z$'
    printed = {"".join(e.itertext()) for e in ET.fromstring(svg_of(figure(label))).iter(f"{SVG}text")}
    assert any(label in text for text in printed)


def test_control_character_does_not_break_the_file():
    drawn = figure("a\x0bb")
    assert "a\ufffdb" in "".join(ET.fromstring(svg_of(drawn, "t\x00", "d")).itertext())


def test_pdf_has_one_page_truetype_fonts_and_no_date():
    data = to_pdf(figure())
    assert data.startswith(b"%PDF-")
    assert b"CreationDate" not in data
    assert b"/Type3" not in data
    assert b"/FontFile2" in data


def test_png_has_the_size_of_the_page_at_its_dpi():
    drawn = figure()
    data = to_png(drawn)
    assert data.startswith(b"\x89PNG")
    width = int.from_bytes(data[16:20])
    assert width == pytest.approx(170 / 25.4 * 300, abs=1.0)
    assert b"Software" not in data
    assert b"tIME" not in data


def test_missing_glyphs_are_found_and_do_not_stop_the_figure():
    assert find_missing_glyphs(f"a{MISSING}b\x07\n") == {MISSING, "\x07"}
    assert find_missing_glyphs("≥ ≤ – − × ± μ β α χ² é ü ß ← → ∞ ·") == set()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn = figure(f"glyph {MISSING}")
        assert MISSING in svg_of(drawn)
        assert to_pdf(drawn)
        assert to_png(drawn, dpi=72)


def test_curve_and_interval_keep_their_path(snapshot):
    """Only the two paths, not the page: a new matplotlib may set text elsewhere."""
    curve = next(line for line in figure().axes[1].lines if line.get_gid() == "curve-0")
    drawn = plot_forest([ForestRow("Female", 0.59, 0.42, 0.82, "0.59 (0.42–0.82)", "0.001")], width_mm=85)
    paths = [
        e.get("d") for e in ET.fromstring(svg_of(drawn)).iter(f"{SVG}path") if "stroke: #000000" in e.get("style", "")
    ]
    paths = [re.sub(r"\d+\.\d+", lambda found: f"{float(found[0]):.1f}", path) for path in paths]
    assert ([curve.get_xdata().tolist(), curve.get_ydata().tolist()], paths) == snapshot


CHINESE = "总生存期（月）"


@pytest.fixture
def forgotten_fonts(monkeypatch):
    """Let matplotlib know no CJK font, as with a list of fonts from before one was installed."""
    manager = fonts.font_manager.fontManager
    known = [font for font in manager.ttflist if Path(font.fname).name.startswith("DejaVuSans")]
    monkeypatch.setattr(manager, "ttflist", known)
    monkeypatch.setattr(fonts, "_ADDED", [])
    forget = (fonts.text_families.cache_clear, fonts._find_cjk_fonts.cache_clear, manager._findfont_cached.cache_clear)
    for clear in forget:
        clear()
    yield
    for clear in forget:
        clear()


def system_fonts_with(characters):
    codes = set(map(ord, characters))
    return [path for path, font in fonts._read_system_fonts() if codes <= font.get_charmap().keys()]


@pytest.mark.usefixtures("forgotten_fonts")
def test_chinese_font_that_matplotlib_has_not_heard_of_is_found():
    if not system_fonts_with(CHINESE):
        pytest.skip("no font of this machine has Chinese characters")
    assert fonts.text_families() == ("DejaVu Sans",)
    drawn = figure(CHINESE)
    assert len(fonts.text_families()) == 2
    assert find_missing_glyphs(CHINESE) == set()
    svg = svg_of(drawn)
    assert CHINESE in svg
    assert fonts.text_families()[1] in svg


@pytest.mark.usefixtures("forgotten_fonts")
def test_font_of_another_family_serves_if_it_has_the_characters(monkeypatch):
    if not system_fonts_with(CHINESE):
        pytest.skip("no font of this machine has Chinese characters")
    monkeypatch.setattr(fonts, "CJK_FAMILIES", ())
    assert find_missing_glyphs(CHINESE) == set()


@pytest.mark.usefixtures("forgotten_fonts")
def test_system_is_not_searched_for_text_without_chinese_and_once_for_text_with_it(monkeypatch):
    searches = []
    monkeypatch.setattr(fonts.font_manager, "findSystemFonts", lambda: searches.append("search") or [])
    figure("Überleben ≥ 12 μg/L 👍")
    assert searches == []
    assert find_missing_glyphs(CHINESE) == set(CHINESE)
    assert find_missing_glyphs(CHINESE) == set(CHINESE)
    assert searches == ["search"]


@pytest.mark.usefixtures("forgotten_fonts")
def test_file_that_is_no_font_is_passed_over(monkeypatch, tmp_path):
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    monkeypatch.setattr(fonts.font_manager, "findSystemFonts", lambda: [str(tmp_path / "broken.ttf")])
    assert find_missing_glyphs(CHINESE) == set(CHINESE)
