"""Delimited text: bytes to rows of cells, with what was assumed about encoding, delimiter and decimal mark."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from itertools import islice
from typing import Final

import polars as pl

from oncohort.errors import DataError
from oncohort.study.protocol import FileFormat

Rows = list[list[str]]

_DELIMITERS: Final = (",", ";", "\t")
_SPOKEN: Final = {",": "a comma", ";": ";", "\t": "a tab"}
_SAMPLE: Final = 200
_DECIMAL_COMMA: Final = r"^[+-]?[0-9]*,[0-9]+$"
_COULD_BE_THOUSANDS: Final = r"^[+-]?[1-9][0-9]{0,2},[0-9]{3}$"
_DECIMAL_POINT: Final = r"^[+-]?[0-9]*\.[0-9]+$"


def decode_text(content: bytes, spec: FileFormat, name: str) -> tuple[str, list[str]]:
    """Return the text of a file and what was assumed of its encoding.

    A byte order mark decides; then UTF-8 if every byte fits, else GB18030. An encoding named in
    ``spec`` is taken without looking further.
    """
    _refuse_other_formats(content, name)
    if spec.encoding is not None:
        return _decode(content, "utf-8-sig" if spec.encoding == "utf-8" else spec.encoding, name), []
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _decode(content, "utf-16", name), ["read as UTF-16"]
    if b"\0" in content:
        raise DataError(f"{name}: holds NUL bytes, so it is no text; a CSV file in UTF-8 was expected")
    try:
        return content.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        return _decode(content, "gb18030", name), ["read as GB18030, because it is not UTF-8"]


def _refuse_other_formats(content: bytes, name: str) -> None:
    if content.startswith(b"PK\x03\x04"):
        raise DataError(f"{name}: is a zip or XLSX file under another ending; text was expected (rename it to .xlsx)")
    if content.startswith(b"PAR1"):
        raise DataError(f"{name}: is a Parquet file under another ending; text was expected (rename it to .parquet)")


def _decode(content: bytes, encoding: str, name: str) -> str:
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise DataError(
            f"{name}: byte {error.start + 1} fits neither UTF-8 nor {encoding.upper()}; save the file as UTF-8"
            if encoding == "gb18030"
            else f"{name}: byte {error.start + 1} is not {encoding.removesuffix('-sig').upper()}"
        ) from error
    if "\0" in text:
        raise DataError(f"{name}: holds NUL characters, so it is no text; a CSV file in UTF-8 was expected")
    return text.removeprefix("\ufeff")


def split_rows(text: str, spec: FileFormat, name: str) -> tuple[Rows, str, list[str]]:
    """Return all rows of the text, blank ones too, the delimiter, and what was assumed of it."""
    if spec.delimiter is not None:
        return _parse(text, spec.delimiter, name), spec.delimiter, []
    delimiter = _find_delimiter(text)
    assumed = [] if delimiter == "," else [f"columns separated by {_SPOKEN[delimiter]}"]
    return _parse(text, delimiter, name), delimiter, assumed


def _reader(text: str, delimiter: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)


def _parse(text: str, delimiter: str, name: str) -> Rows:
    rows: Rows = []
    try:
        rows.extend(_reader(text, delimiter))
    except csv.Error as error:
        raise DataError(
            f"{name}, row {len(rows) + 1}: a quote is not closed or has text after it ({error}); "
            'a quoted cell was expected to end with " before the next delimiter'
        ) from error
    return rows


def _find_delimiter(text: str) -> str:
    """Return the delimiter under which most of the first rows are as wide as their header."""
    return max(_DELIMITERS, key=lambda delimiter: _fit(text, delimiter))


def _fit(text: str, delimiter: str) -> tuple[float, int]:
    widths: list[int] = []
    try:
        widths.extend(len(row) for row in islice(_reader(text, delimiter), _SAMPLE) if any(map(str.strip, row)))
    except csv.Error:
        widths.append(0)
    if not widths or widths[0] < 2:
        return 0.0, 0
    return sum(width == widths[0] for width in widths) / len(widths), widths[0]


def find_decimal_comma(frame: pl.DataFrame) -> bool:
    """Return whether the numbers of a table of text are written with a decimal comma.

    Yes, if some cell can only be read so and none has a decimal point. ``1,234`` alone decides
    nothing: it may be a thousands separator.

    Examples
    --------
    >>> [find_decimal_comma(pl.DataFrame({"a": cells})) for cells in (["1,5", "2"], ["1,234"], ["1,5", "2.5"])]
    [True, False, False]
    """
    found = False
    for column in frame:
        if column.str.contains(_DECIMAL_POINT).any():
            return False
        comma = column.str.contains(_DECIMAL_COMMA) & ~column.str.contains(_COULD_BE_THOUSANDS)
        found = found or bool(comma.any())
    return found
