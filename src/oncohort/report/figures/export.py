"""Figures as bytes: SVG for the screen, PDF for print, PNG for documents; the same figure gives the same bytes."""

from __future__ import annotations

import base64
import hashlib
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from io import BytesIO
from typing import Any, Final, NamedTuple
from xml.etree import ElementTree as ET

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from matplotlib.figure import Figure

from oncohort.report.figures.fonts import font_file, has_glyph, text_families
from oncohort.report.figures.style import journal_style

SVG: Final = "http://www.w3.org/2000/svg"
XLINK: Final = "http://www.w3.org/1999/xlink"
_FONT_TABLES: Final = frozenset(
    ("head", "hhea", "hmtx", "maxp", "cmap", "glyf", "loca", "OS/2", "post", "name", "CFF ", "CFF2")
)
_PNG_EFFORT: Final = 3  # of 9; half the time of the usual 6 for files a twelfth larger
_HREF: Final = f"{{{XLINK}}}href"
_URL: Final = re.compile(r"url\(#([^)]+)\)")
_SIZE: Final = re.compile(r"([\d.]+)px")
_BOLD: Final = re.compile(r"\b(?:700|bold)\b")
_NOT_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")

ET.register_namespace("", SVG)
ET.register_namespace("xlink", XLINK)


class _Face(NamedTuple):
    """One font family in one weight."""

    family: str
    bold: bool


def to_svg(figure: Figure, *, title: str, description: str) -> str:
    """Return the figure as one ``<svg>`` element that can stand in a page or, as it is, in a file.

    Text is text: it can be selected and searched. The glyphs it needs are in the element as a web font, so that it
    looks the same on a machine without the font. Ids are only those that are referred to and begin with a mark made
    of the content, so that several figures can stand in one page. There is no date in it.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    title, description : str
        What a screen reader says of the figure, in the elements ``title`` and ``desc``.

    Returns
    -------
    str
        Without XML declaration. A character that XML cannot hold is written as U+FFFD.

    Examples
    --------
    >>> svg = to_svg(Figure(figsize=(1, 1)), title="Empty", description="Nothing is drawn.")
    >>> svg.startswith("<svg"), "<title" in svg, "<metadata" in svg
    (True, True, False)
    """
    raw = _NOT_XML.sub("\ufffd", _save(figure, "svg", {"Date": None, "Creator": None}).decode())
    mark = "f" + hashlib.sha256(f"{title}\0{description}\0{raw}".encode()).hexdigest()[:10]
    root = ET.fromstring(raw)  # noqa: S314  (written by matplotlib one line above)
    _drop_boilerplate(root)
    _rename_ids(root, mark)
    characters = _restyle_texts(root, mark)
    _add_fonts(root, characters, mark)
    _describe(root, title, description, mark)
    ET.indent(root, space="")
    return ET.tostring(root, encoding="unicode") + "\n"


def to_pdf(figure: Figure) -> bytes:
    """Return the figure as a one-page PDF with embedded TrueType fonts and no date.

    The fonts hold the outlines that are drawn and not the tables for ligatures and kerning, which matplotlib places
    glyphs without and which take most of the time to cut down.

    Examples
    --------
    >>> to_pdf(Figure(figsize=(1, 1)))[:5]
    b'%PDF-'
    """
    with _outlines_only():
        return _save(figure, "pdf", {"CreationDate": None, "Creator": None, "Producer": None})


@contextmanager
def _outlines_only() -> Iterator[None]:
    """Let matplotlib's font subsets leave out the tables that lay out text; it gives no option for it."""
    usual = Options._drop_tables_default  # noqa: SLF001
    Options._drop_tables_default = [*usual, "GSUB", "GPOS", "GDEF", "kern", "MATH"]  # noqa: SLF001
    try:
        yield
    finally:
        Options._drop_tables_default = usual  # noqa: SLF001


def to_png(figure: Figure, dpi: int = 300) -> bytes:
    """Return the figure as a PNG of ``dpi`` dots per inch on white.

    Examples
    --------
    >>> to_png(Figure(figsize=(1, 1)), dpi=72)[1:4]
    b'PNG'
    """
    return _save(figure, "png", {"Software": None}, dpi=dpi, pil_kwargs={"compress_level": _PNG_EFFORT})


def _save(figure: Figure, kind: str, metadata: dict[str, None], **options: Any) -> bytes:
    buffer = BytesIO()
    with journal_style(), warnings.catch_warnings():
        # A missing glyph is drawn as a box; fonts.find_missing_glyphs is where it is reported.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure.savefig(buffer, format=kind, metadata=metadata, **{"dpi": 72, **options})
    return buffer.getvalue()


def _drop_boilerplate(root: ET.Element) -> None:
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in {f"{{{SVG}}}metadata", f"{{{SVG}}}style"}:
                parent.remove(child)
    # What matplotlib says with a rule for "*", which would reach every element of the page around the figure.
    root.set("style", "stroke-linejoin:round;stroke-linecap:butt")


def _rename_ids(root: ET.Element, mark: str) -> None:
    elements = list(root.iter())
    used = {e.get(_HREF, "")[1:] for e in elements}
    for element in elements:
        for value in element.attrib.values():
            used.update(_URL.findall(value))
    names = {name: f"{mark}-{k}" for k, name in enumerate(e.get("id", "") for e in elements if e.get("id") in used)}
    for element in elements:
        name = element.attrib.pop("id", "")
        if name in names:
            element.set("id", names[name])
        if _HREF in element.attrib:
            element.set(_HREF, "#" + names[element.attrib[_HREF][1:]])
        for key, value in element.attrib.items():
            if "url(#" in value:
                element.set(key, _URL.sub(lambda found: f"url(#{names[found[1]]})", value))


def _restyle_texts(root: ET.Element, mark: str) -> dict[_Face, set[str]]:
    """Point every text to the fonts of this figure; return the characters that each of these needs."""
    characters: dict[_Face, set[str]] = {}
    for element in root.iter(f"{{{SVG}}}text"):
        style = element.get("style", "")
        bold = _BOLD.search(style) is not None
        size = _SIZE.search(style)
        faces = {c: _face_of(c, bold=bold) for c in "".join(element.itertext())}
        for character, face in faces.items():
            characters.setdefault(face, set()).add(character)
        families = sorted({face.family for face in faces.values()}, key=text_families().index)
        names = [f"'{mark} {family}'" for family in families] + [f"'{family}'" for family in families]
        parts = [
            f"font-family:{','.join([*names, 'Verdana', 'sans-serif'])}",
            f"font-size:{size[1] if size else '7'}px",
            *(["font-weight:700"] if bold else []),
            *[part.strip() for part in style.split(";") if part.strip().startswith(("text-anchor", "fill", "opacity"))],
        ]
        element.set("style", ";".join(parts))
        if element.get("transform", "").startswith("rotate(-0 "):
            del element.attrib["transform"]
    return characters


def _face_of(character: str, *, bold: bool) -> _Face:
    for family in text_families():
        if has_glyph(family, character, bold=bold):
            return _Face(family, bold)
    return _Face(text_families()[0], bold)


def _add_fonts(root: ET.Element, characters: dict[_Face, set[str]], mark: str) -> None:
    rules = [
        f"@font-face{{font-family:'{mark} {face.family}';font-weight:{700 if face.bold else 400};"
        f"src:url(data:font/woff;base64,{_subset_font(face, ''.join(sorted(wanted)))}) format('woff')}}"
        for face, wanted in sorted(characters.items())
    ]
    if rules:
        style = ET.Element(f"{{{SVG}}}style")
        style.text = "".join(rules)
        root.insert(0, style)


@lru_cache(maxsize=64)
def _subset_font(face: _Face, characters: str) -> str:
    """Return the glyphs of these characters as a WOFF font in base64."""
    options = Options(flavor="woff", hinting=False, notdef_outline=True, layout_features=[], name_IDs=[])
    with TTFont(font_file(face.family, bold=face.bold), fontNumber=0, recalcTimestamp=False) as font:
        for table in set(font.keys()) - _FONT_TABLES - {"GlyphOrder"}:
            del font[table]
        subsetter = Subsetter(options)
        subsetter.populate(text=characters)
        subsetter.subset(font)
        font.flavor = "woff"
        buffer = BytesIO()
        font.save(buffer)
    return base64.b64encode(buffer.getvalue()).decode()


def _describe(root: ET.Element, title: str, description: str, mark: str) -> None:
    root.set("role", "img")
    root.set("aria-labelledby", f"{mark}-title {mark}-desc")
    for k, (name, text) in enumerate((("title", title), ("desc", description))):
        element = ET.Element(f"{{{SVG}}}{name}", {"id": f"{mark}-{name}"})
        element.text = _NOT_XML.sub("\ufffd", text)
        root.insert(k, element)
