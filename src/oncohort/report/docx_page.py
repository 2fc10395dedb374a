"""The empty Word document of the report: styles, A4 pages, running header and footer, properties without a clock."""

from __future__ import annotations

import pkgutil
from copy import deepcopy
from datetime import datetime
from typing import Any, Final

import docx
from docx.document import Document as WordDocument
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import parse_xml
from docx.oxml.ns import qn

from oncohort.report.document import Document
from oncohort.report.docx_xml import element, field, paragraph, run, runs, words

_SHORT_MM: Final = 210.0
_LONG_MM: Final = 297.0
_SIDE_MM: Final = 20.0
_TOP_MM: Final = 25.0
_BOTTOM_MM: Final = 20.0
_EDGE_MM: Final = 10.0  # from the paper's edge to the header and the footer
_TWIPS_PER_MM: Final = 1440 / 25.4
_FIXED: Final = datetime(2000, 1, 1)  # noqa: DTZ001 Word's properties carry no zone; equal input gives equal bytes
_TITLE_LENGTH: Final = 255  # the most a property may hold
_RUNNING_LENGTH: Final = 110  # characters of the title in the running header: one line
_UNWANTED: Final = frozenset(
    {
        RELATIONSHIP_TYPE.EXTENDED_PROPERTIES,
        "http://schemas.openxmlformats.org/package/2006/relationships/metadata/thumbnail",
        RELATIONSHIP_TYPE.CUSTOM_XML,
        "http://schemas.microsoft.com/office/2007/relationships/stylesWithEffects",
    }
)


def text_width_mm(*, landscape: bool) -> float:
    """Return the width between the margins."""
    return (_LONG_MM if landscape else _SHORT_MM) - 2 * _SIDE_MM


def text_height_mm(*, landscape: bool) -> float:
    """Return the height between the margins."""
    return (_SHORT_MM if landscape else _LONG_MM) - _TOP_MM - _BOTTOM_MM


def new_word_document(document: Document) -> WordDocument:
    """Return a Word document without a body, with everything else that belongs to the report."""
    word = docx.Document()
    _drop_unwanted(word)
    _replace_children(word.styles.element, "styles.xml")
    _replace_children(word.part.numbering_part.element, "numbering.xml")
    compatibility = word.settings.element.find(f".//{qn('w:compatSetting')}[@{qn('w:name')}='compatibilityMode']")
    if compatibility is not None:
        compatibility.set(qn("w:val"), "15")  # Word 2013 and later: no "compatibility mode" in its title bar
    _set_properties(word, document)
    section = word.sections[0]
    for part, made in ((section.header, _header(document)), (section.footer, [_footer()])):
        part.is_linked_to_previous = False
        container = part._element  # noqa: SLF001 python-docx has no public way to append prepared XML
        for child in list(container):
            container.remove(child)
        container.extend(made)
    return word


def section_properties(word: WordDocument, *, landscape: bool) -> Any:
    """Return new ``w:sectPr`` of a section that starts on its own page, with the document's header and footer."""
    references = [
        deepcopy(child)
        for child in word.element.body.sectPr
        if child.tag in {qn("w:headerReference"), qn("w:footerReference")}
    ]
    width, height = (_LONG_MM, _SHORT_MM) if landscape else (_SHORT_MM, _LONG_MM)
    size: dict[str, str | int] = {"w:w": _twips(width), "w:h": _twips(height)}
    if landscape:
        size["w:orient"] = "landscape"
    margins = {"top": _TOP_MM, "right": _SIDE_MM, "bottom": _BOTTOM_MM, "left": _SIDE_MM}
    edges = {"header": _EDGE_MM, "footer": _EDGE_MM, "gutter": 0.0}
    return element(
        "w:sectPr",
        {},
        [
            *references,
            element("w:type", {"w:val": "nextPage"}),
            element("w:pgSz", size),
            element("w:pgMar", {f"w:{side}": _twips(mm) for side, mm in {**margins, **edges}.items()}),
        ],
    )


def _twips(mm: float) -> int:
    return round(mm * _TWIPS_PER_MM)


def _drop_unwanted(word: WordDocument) -> None:
    """Take out what python-docx's template brings along: a picture of another page, its maker's properties."""
    package = word.part.package
    assert package is not None
    for relations in (package.rels, word.part.rels):
        for key in [key for key, relation in relations.items() if relation.reltype in _UNWANTED]:
            del relations[key]


def _replace_children(root: Any, template: str) -> None:
    source = pkgutil.get_data("oncohort.report", f"templates/{template}")
    assert source is not None
    for child in list(root):
        root.remove(child)
    root.extend(list(parse_xml(source)))


def _set_properties(word: WordDocument, document: Document) -> None:
    properties = word.core_properties
    properties.title = document.title[:_TITLE_LENGTH]
    properties.subject = document.subtitle[:_TITLE_LENGTH]
    properties.comments = document.banner[:_TITLE_LENGTH]
    properties.author = "oncohort"
    properties.last_modified_by = "oncohort"
    properties.revision = 1
    properties.created = _FIXED
    properties.modified = _FIXED


def _header(document: Document) -> list[Any]:
    title = document.title
    if len(title) > _RUNNING_LENGTH:
        title = f"{title[: _RUNNING_LENGTH - 1].rstrip()}…"
    lines = [paragraph("Header", runs(title))]
    if document.banner:
        lines.append(paragraph("Banner", runs(document.banner)))
    return lines


def _footer() -> Any:
    numbers = [run(words("Page ")), *field("PAGE", "1"), run(words(" of ")), *field("NUMPAGES", "1")]
    return paragraph("Footer", numbers)
