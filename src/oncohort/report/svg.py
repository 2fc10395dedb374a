"""An SVG file made ready to stand inside an HTML page beside others: ids of its own, nothing loaded, nothing run."""

from __future__ import annotations

import re
from typing import Final
from xml.etree import ElementTree as ET

from oncohort.errors import OutputError

_SVG: Final = "{http://www.w3.org/2000/svg}"
_HREF: Final = "{http://www.w3.org/1999/xlink}href"
_SPACE: Final = "{http://www.w3.org/XML/1998/namespace}space"
_DROPPED: Final = frozenset({"script", "foreignObject", "metadata", "a", "audio", "video", "iframe"})
_URL: Final = re.compile(r"url\(\s*['\"]?([^)'\"]*)['\"]?\s*\)")
_RULE: Final = re.compile(r"([^{}@;]+)\{([^{}]*)\}")


def inline_svg(svg: str, *, prefix: str, title: str, description: str) -> str:
    """Return the ``<svg>`` element for an HTML page.

    Every id begins with ``prefix``, and so does every reference to it; style rules hold for this drawing only;
    links to other files, scripts, event attributes and elements of other vocabularies are left out. The drawing
    is an image for screen readers, named by ``title`` and told by ``description``; it has no size of its own
    beyond its ``viewBox``.

    Raises
    ------
    OutputError
        The text is not one well-formed SVG drawing with a size.

    Examples
    --------
    >>> drawing = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><g id="a"/></svg>'
    >>> inline_svg(drawing, prefix="f1", title="Figure 1", description="Nothing")[-22:]
    '<g id="f1--a" /></svg>'
    """
    try:
        root = ET.fromstring(svg)  # noqa: S314 the drawing is our own; the parser loads no external entity
    except ET.ParseError as error:
        raise OutputError(f"{title}: the drawing is not well-formed SVG ({error})") from error
    if root.tag != f"{_SVG}svg":
        raise OutputError(f"{title}: the drawing's first element is not <svg>")
    view_box = _view_box(root, title)
    _prune(root)
    for element in root.iter():
        _localize(element, prefix)
    for child in [c for c in root if c.tag in {"title", "desc"}]:
        root.remove(child)
    root.attrib.clear()
    root.attrib.update(
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": view_box,
            "id": prefix,
            "role": "img",
            "aria-labelledby": f"{prefix}--name",
            "aria-describedby": f"{prefix}--told",
        }
    )
    for place, (tag, name, text) in enumerate((("title", "name", title), ("desc", "told", description))):
        element = ET.Element(tag, {"id": f"{prefix}--{name}"})
        element.text = text
        root.insert(place, element)
    return ET.tostring(root, encoding="unicode")


def _view_box(root: ET.Element, title: str) -> str:
    given = root.get("viewBox")
    if given is not None:
        return given
    sizes = [re.fullmatch(r"\s*([\d.]+)(pt|px)?\s*", root.get(name, "")) for name in ("width", "height")]
    if sizes[0] is None or sizes[1] is None:
        raise OutputError(f"{title}: the drawing has no viewBox and no size in pt or px")
    return f"0 0 {sizes[0][1]} {sizes[1][1]}"


def _prune(parent: ET.Element) -> None:
    """Take out every element that is not SVG, or that loads, links or runs something."""
    for child in list(parent):
        if not child.tag.startswith(_SVG) or child.tag.removeprefix(_SVG) in _DROPPED:
            parent.remove(child)
        else:
            _prune(child)


def _localize(element: ET.Element, prefix: str) -> None:
    """Write the names of one element without namespaces, its ids and references with the prefix."""
    element.tag = element.tag.removeprefix(_SVG)
    kept: dict[str, str] = {}
    for name, value in element.attrib.items():
        if name in {"href", _HREF}:
            if value.startswith(("#", "data:image/")):
                kept["href"] = f"#{prefix}--{value[1:]}" if value.startswith("#") else value
        elif name == "id":
            kept["id"] = f"{prefix}--{value}"
        elif name == _SPACE:
            kept["xml:space"] = value
        elif not name.startswith("{") and not name.lower().startswith("on"):
            kept[name] = _local_urls(value, prefix)
    element.attrib.clear()
    element.attrib.update(kept)
    if element.tag == "style":
        element.text = _local_rules(element.text or "", prefix)


def _local_rules(css: str, prefix: str) -> str:
    """Write style rules so that they hold inside the drawing only; what is not a plain rule is left out."""
    return "".join(
        f"{', '.join(f'#{prefix} {selector.strip()}' for selector in selectors.split(','))}"
        f"{{{_local_urls(declarations, prefix).strip()}}}"
        for selectors, declarations in _RULE.findall(css)
    )


def _local_urls(value: str, prefix: str) -> str:
    def with_prefix(found: re.Match[str]) -> str:
        return f"url(#{prefix}--{found[1][1:]})" if found[1].startswith("#") else "none"

    return _URL.sub(with_prefix, value)
