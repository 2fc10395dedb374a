"""The few pieces of WordprocessingML the report is built of: paragraphs, runs, fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from oncohort.report.document import Run, RunStyle, Text, runs_of

_TOGGLES: Final = {"bold": ("w:b", "w:bCs"), "italic": ("w:i", "w:iCs")}


def element(tag: str, attributes: Mapping[str, str | int] | None = None, children: Iterable[Any] = ()) -> Any:
    """Return one XML element; names carry their prefix ("w:p"), attributes are written in the order given.

    Examples
    --------
    >>> element("w:jc", {"w:val": "center"}).get(qn("w:val"))
    'center'
    """
    made = OxmlElement(tag)
    for name, value in (attributes or {}).items():
        made.set(qn(name), str(value))
    for child in children:
        made.append(child)
    return made


def run(content: Any, *styles: RunStyle, half_points: int = 0) -> Any:
    """Return a ``w:r`` around one element, in the styles named; ``half_points`` 0 leaves the size to the style."""
    named = [tag for style in ("bold", "italic") if style in styles for tag in _TOGGLES[style]]
    properties = [element(tag) for tag in named]
    if half_points:
        properties += [element(tag, {"w:val": half_points}) for tag in ("w:sz", "w:szCs")]
    if "superscript" in styles:
        properties.append(element("w:vertAlign", {"w:val": "superscript"}))
    return element("w:r", {}, [element("w:rPr", {}, properties), content] if properties else [content])


def words(text: str) -> Any:
    """Return a ``w:t`` that keeps the blanks at its ends."""
    made = element("w:t", {"xml:space": "preserve"})
    made.text = text
    return made


def runs(text: Text, *styles: RunStyle, half_points: int = 0) -> list[Any]:
    """Return the runs of a text, each in its own style and in ``styles``; empty runs are left out."""
    parts = [part for part in runs_of(text) if part.text]
    return [run(words(part.text), *styles, part.style, half_points=half_points) for part in parts]


def field(instruction: str, cached: str, *styles: RunStyle) -> list[Any]:
    """Return the runs of a Word field, with the text it shows until Word computes it again."""
    code = element("w:instrText", {"xml:space": "preserve"})
    code.text = f" {instruction} "
    marks = [element("w:fldChar", {"w:fldCharType": kind}) for kind in ("begin", "separate", "end")]
    return [run(part, *styles) for part in (marks[0], code, marks[1], words(cached), marks[2])]


def paragraph(style: str, content: Iterable[Any], properties: Iterable[Any] = ()) -> Any:
    """Return a ``w:p`` of the style with this id; ``properties`` follow the style, in the order of the schema."""
    heading = element("w:pPr", {}, [element("w:pStyle", {"w:val": style}), *properties])
    return element("w:p", {}, [heading, *content])


def caption(label: str, number: int | str, text: Text, *, above: bool) -> Any:
    """Return a caption whose number is a SEQ field, so that Word can count it and list it; "S1" is plain text.

    ``above`` keeps it on the page of what follows; both kinds are of the style "Caption".
    """
    counted = isinstance(number, int)
    shown = field(f"SEQ {label} \\* ARABIC", str(number), "bold") if counted else [run(words(str(number)), "bold")]
    numbered = [run(words(f"{label} "), "bold"), *shown]
    said = runs((Run(". ", "bold"), *runs_of(text)))
    below = element("w:spacing", {"w:before": 60, "w:after": 280})
    return paragraph("Caption", [*numbered, *said], [element("w:keepNext") if above else below])
