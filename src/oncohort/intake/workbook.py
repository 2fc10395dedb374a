"""XLSX workbooks: every cell as the text a reader would call its value, exactly as stored.

A number keeps all its digits, a date is ISO, an error such as ``#N/A`` is its own text. The common
readers give error cells as empty and round numbers when asked for text, which a study must not.
The format is ECMA-376 part 1, chapters 12 and 18.
"""

from __future__ import annotations

import io
import lzma
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO, Final, Literal, TypeAlias
from xml.etree import ElementTree as ET

from oncohort.errors import DataError

Rows: TypeAlias = list[list[str]]
Style: TypeAlias = Literal["number", "date", "time"]

_UNREADABLE: Final = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, ET.ParseError, EOFError, IndexError, KeyError,
    LookupError, NotImplementedError, OSError, OverflowError, RuntimeError, UnicodeError, ValueError,
)  # fmt: skip
_LARGEST_PART: Final = 2**30
_WIDEST: Final = 16_384
_DEEPEST: Final = 1_048_576
_DATE_FORMATS: Final = frozenset({14, 15, 16, 17, 22, *range(27, 32), 36, *range(50, 55), 57, 58})
_TIME_FORMATS: Final = frozenset({18, 19, 20, 21, 32, 33, 34, 35, 55, 56})
_NOT_SHOWN: Final = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.|_.|\*.')
_ESCAPED: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")


@dataclass(frozen=True, slots=True)
class _Book:
    """What the cells of every sheet refer to."""

    strings: tuple[str, ...]
    styles: tuple[Style, ...]
    from_1904: bool


def read_workbook(content: bytes, sheet: str | None, name: str) -> tuple[Rows, list[str]]:
    """Return the rows of one sheet, each as long as its last cell, and what was assumed.

    Without ``sheet``, the workbook must have one sheet that is shown and not empty.
    """
    with _package(content, name) as package:
        return _read_package(package, sheet, name)


def shown_sheets(content: bytes, name: str) -> tuple[str, ...]:
    """Return the titles of the sheets of a workbook that are not hidden, in their order."""
    with _package(content, name) as package:
        base = _workbook_part(package)
        return _sheets(_tree(package, base), _links(package, base))[1]


@contextmanager
def _package(content: bytes, name: str) -> Iterator[zipfile.ZipFile]:
    """Yield a workbook as the package of parts it is; whatever cannot be read in it is one sentence."""
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise DataError(
            f"{name}: is locked with a password or is in the old .xls format; an unlocked .xlsx workbook was expected"
        )
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            yield package
    except _UNREADABLE as error:
        raise DataError(f"{name}: is no XLSX workbook or is damaged; open it and save it again as .xlsx") from error


def _read_package(package: zipfile.ZipFile, sheet: str | None, name: str) -> tuple[Rows, list[str]]:
    base = _workbook_part(package)
    workbook = _tree(package, base)
    links = _links(package, base)
    parts, shown = _sheets(workbook, links)
    properties = _first(workbook, "workbookPr")
    book = _Book(
        strings=_shared_strings(package, next((t for k, t in links.values() if k == "sharedStrings"), None)),
        styles=_cell_styles(package, next((t for k, t in links.values() if k == "styles"), None)),
        from_1904=properties is not None and properties.get("date1904", "0") in {"1", "true"},
    )
    if sheet is not None:
        if sheet not in parts:
            raise DataError(f'{name}: has no sheet "{sheet}"; its sheets are {_listed(parts)}')
        return _read_sheet(package, parts[sheet], book, name), []
    return _only_sheet(package, {title: parts[title] for title in shown}, book, name)


def _sheets(workbook: ET.Element, links: dict[str, tuple[str, str]]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the part of every sheet by its title, and the titles of those that are shown."""
    parts: dict[str, str] = {}
    shown: list[str] = []
    for element in _every(workbook, "sheet"):
        kind, target = links[next(v for k, v in element.items() if k.endswith("}id"))]
        if kind == "worksheet":
            parts[element.get("name", "")] = target
            if element.get("state", "visible") == "visible":
                shown.append(element.get("name", ""))
    return parts, tuple(shown)


def _only_sheet(package: zipfile.ZipFile, parts: dict[str, str], book: _Book, name: str) -> tuple[Rows, list[str]]:
    filled = {title: part for title, part in parts.items() if _has_cells(package, part)}
    if len(filled) > 1:
        raise DataError(f"{name}: has several sheets; name one of {_listed(filled)} as sheet in study.toml")
    if not filled:
        raise DataError(f"{name}: no sheet of the workbook holds a cell; a table with a header was expected")
    [(title, part)] = filled.items()
    return _read_sheet(package, part, book, name), [f"sheet '{title}'"]


def _read_sheet(package: zipfile.ZipFile, part: str, book: _Book, name: str) -> Rows:
    rows: Rows = []
    with _open(package, part) as stream:
        for number, row in _row_elements(stream):
            cells = _row_cells(row, number, book, name)
            if not cells:
                continue
            rows.extend([] for _ in range(number - len(rows)))
            rows[number - 1] = [cells.get(k, "") for k in range(max(cells) + 1)]
    return rows


def _row_elements(stream: IO[bytes]) -> Iterator[tuple[int, ET.Element]]:
    number = 0
    for _, element in ET.iterparse(stream):  # noqa: S314 (a document type, where entities are declared, is refused)
        if element.tag.endswith("}row"):
            number = int(element.get("r", number + 1))
            if not 1 <= number <= _DEEPEST:
                raise ValueError(number)
            yield number, element
            element.clear()


def _has_cells(package: zipfile.ZipFile, part: str) -> bool:
    with _open(package, part) as stream:
        return any(_local(cell) == "c" and len(cell) for _, row in _row_elements(stream) for cell in row)


def _row_cells(row: ET.Element, number: int, book: _Book, name: str) -> dict[int, str]:
    cells: dict[int, str] = {}
    column = -1
    for cell in row:
        reference = cell.get("r")
        column = column + 1 if reference is None else _column_of(reference)
        text = _cell_text(cell, book)
        if text is None:
            raise DataError(
                f"{name}, row {number}, column {column_letters(column)}: holds a formula without a stored result; "
                "open the workbook in a spreadsheet program and save it"
            )
        if text:
            cells[column] = text
    return cells


def _cell_text(cell: ET.Element, book: _Book) -> str | None:
    """Return the text of a cell, empty where it has none, or None for a formula that was never calculated."""
    kind = cell.get("t", "n")
    if kind == "inlineStr":
        return "".join(_rich_text(inner) for inner in cell if _local(inner) == "is")
    value = next((inner.text for inner in cell if inner.tag.endswith("}v")), None)
    if value is None:
        return None if any(_local(inner) == "f" for inner in cell) and kind != "str" else ""
    if kind == "n":
        style = book.styles[int(cell.get("s", "0"))] if book.styles else "number"
        return _number_text(value, style, from_1904=book.from_1904)
    return book.strings[int(value)] if kind == "s" else _plain_text(value, kind)


def _plain_text(value: str, kind: str) -> str:
    if kind == "b":
        return "TRUE" if value.strip() == "1" else "FALSE"
    if kind == "d":
        return value.strip().removesuffix("T00:00:00").replace("T", " ")
    return _unescape(value)


def _number_text(value: str, style: Style, *, from_1904: bool) -> str:
    if style == "number":
        return value if value.isascii() and value.isdigit() and len(value) < 16 else shortest_text(float(value))
    return _date_text(float(value), style, from_1904=from_1904)


def shortest_text(value: float) -> str:
    """Write a number with the fewest digits that give it back, and no point where it is whole.

    Examples
    --------
    >>> shortest_text(54.0), shortest_text(0.1), shortest_text(1e-07), shortest_text(1e21)
    ('54', '0.1', '1e-07', '1e+21')
    """
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _date_text(serial: float, style: Style, *, from_1904: bool) -> str:
    """Write a serial day number as an ISO date, with the time of day where it has one.

    Day 60 of the 1900 system is 29 February 1900, which never was; days before it count from 31 December 1899.
    """
    year, day = (1904, 1) if from_1904 else (1899, 31 if serial < 60 else 30)
    origin = datetime(year, 1 if from_1904 else 12, day)  # noqa: DTZ001 (a cell has no time zone)
    seconds = round((serial % 1) * 86_400)
    if not 0 <= serial < 2_958_466 or (style == "time" and serial >= 1):
        return shortest_text(serial)
    moment = origin + timedelta(days=int(serial), seconds=seconds)
    if style == "time":
        return moment.strftime("%H:%M:%S")
    return moment.date().isoformat() if not seconds else moment.isoformat(sep=" ")


def column_letters(index: int) -> str:
    """Return the letters a spreadsheet gives the column at ``index``, counted from 0.

    Examples
    --------
    >>> column_letters(0), column_letters(25), column_letters(26)
    ('A', 'Z', 'AA')
    """
    letters = ""
    number = index + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _column_of(reference: str) -> int:
    number = 0
    for letter in reference:
        if not "A" <= letter <= "Z":
            break
        number = number * 26 + ord(letter) - 64
    if not 1 <= number <= _WIDEST:
        raise ValueError(reference)
    return number - 1


def _workbook_part(package: zipfile.ZipFile) -> str:
    for kind, target in _links(package, "").values():
        if kind == "officeDocument":
            return target
    raise ValueError("no workbook part")


def _links(package: zipfile.ZipFile, part: str) -> dict[str, tuple[str, str]]:
    """Return id → (kind, part) of the relations of a part."""
    folder, file = posixpath.split(part)
    tree = _tree(package, posixpath.join(folder, "_rels", f"{file}.rels"))
    return {
        element.get("Id", ""): (
            element.get("Type", "").rpartition("/")[2],
            posixpath.normpath(posixpath.join("/", folder, element.get("Target", ""))).lstrip("/"),
        )
        for element in tree
    }


def _shared_strings(package: zipfile.ZipFile, part: str | None) -> tuple[str, ...]:
    return () if part is None else tuple(_rich_text(item) for item in _tree(package, part) if _local(item) == "si")


def _cell_styles(package: zipfile.ZipFile, part: str | None) -> tuple[Style, ...]:
    if part is None:
        return ()
    tree = _tree(package, part)
    own = {int(e.get("numFmtId", "0")): e.get("formatCode", "") for e in _every(tree, "numFmt")}
    formats = _first(tree, "cellXfs")
    return tuple(_style(int(e.get("numFmtId", "0")), own) for e in (() if formats is None else formats))


def _style(number: int, own: dict[int, str]) -> Style:
    if number in own:
        shown = _NOT_SHOWN.sub("", own[number].partition(";")[0]).lower()
        if shown.strip() == "general":
            return "number"
        if "y" in shown or "d" in shown:
            return "date"
        return "time" if "h" in shown or "s" in shown else "date" if "m" in shown else "number"
    return "date" if number in _DATE_FORMATS else "time" if number in _TIME_FORMATS else "number"


def _rich_text(item: ET.Element) -> str:
    """Return the text of a string item: its plain text or that of its runs, without phonetic hints."""
    parts: list[str] = []
    for inner in item:
        if _local(inner) == "t":
            parts.append(inner.text or "")
        elif _local(inner) == "r":
            parts.extend(t.text or "" for t in inner if _local(t) == "t")
    return _unescape("".join(parts))


def _unescape(text: str) -> str:
    if "_x" not in text:
        return text
    return _ESCAPED.sub(lambda m: m[0] if "D800" <= m[1].upper() <= "DFFF" else chr(int(m[1], 16)), text)


def _open(package: zipfile.ZipFile, part: str) -> IO[bytes]:
    if package.getinfo(part).file_size > _LARGEST_PART:
        raise ValueError(part)
    with package.open(part) as stream:
        if b"<!DOCTYPE" in stream.read(4096):
            raise ValueError(part)
    return package.open(part)


def _tree(package: zipfile.ZipFile, part: str) -> ET.Element:
    with _open(package, part) as stream:
        return ET.parse(stream).getroot()  # noqa: S314 (a document type, where entities are declared, is refused)


def _local(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _every(tree: ET.Element, name: str) -> Iterator[ET.Element]:
    return (element for element in tree.iter() if _local(element) == name)


def _first(tree: ET.Element, name: str) -> ET.Element | None:
    return next(_every(tree, name), None)


def _listed(names: dict[str, str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
