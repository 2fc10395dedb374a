"""What a cell that does not convert most likely is, in one clause that says what to do."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_WORDS: Final = """
    na n/a #n/a n.a. n.a nan nil null none missing unknown unk. unk not-available not-done not-known not-tested nd n.d.
    . .. - -- – — ? ?? / * #null! #value! #div/0! #ref! #name? #num! 未知 不详 未查 未测 未做 缺失 缺 无
"""
MISSING_WORDS: Final = frozenset(_WORDS.split())
"""Words for "no value" in spreadsheets: lower case, blanks as hyphens. They count as missing only once declared."""

_NUMBER_HINTS: Final[tuple[tuple[str, str], ...]] = (
    (r"^[<>≤≥=~≈]", "this is a bound, not a value: use levels or write the value itself"),
    (r"[０-９．，－]", "written in full-width characters: type plain digits"),
    (r"^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$", "a thousands separator or a decimal comma: remove it or set decimal"),
    (r"^[+-]?\d{1,3}(\.\d{3}){2,}(,\d+)?$|^[+-]?\d{1,3}([ '\u00a0\u202f]\d{3})+$", "thousands separators: remove them"),
    (r"^[+-]?\d*,\d+$", 'a decimal comma: set decimal = "," under [records.patients]'),
    (r"^[+-]?\d*\.\d+$", "a decimal point where the mark is a comma: set decimal under [records.patients]"),
    (r"%$", "a percent sign: write the number alone and set unit"),
    (r"^\d{4}-\d{1,2}-\d{1,2}", "a date: the cell is formatted as a date or the column is another one"),
    (r"^\d+(\.\d+)?\s*(-|–|—|to|~|±|\+/-)\s*\d", "a range, not a value"),
    (r"^[−–]\s*\d", "a dash before the number: type a plain minus sign"),
    (r"^[+-]?\d+([.,]\d+)?\s*[^\d\s.,].*$", "text after the number, such as its unit: write the number alone"),
    (r"^[+-]?\d+(\s+\d+)+$", "several numbers in one cell"),
)  # fmt: skip

_DATE_HINTS: Final[tuple[tuple[str, str], ...]] = (
    (r"[０-９]", "written in full-width digits: type plain digits"),
    (r"^\d{4}-\d{1,2}-\d{1,2}$", "this day is not in the calendar of 1900 to 2100"),
    (r"^\d{1,2}\.\d{1,2}\.\d{4}$", 'set date_format = "D.M.Y" under [records.patients]'),
    (r"^\d{4}/\d{1,2}/\d{1,2}$", 'set date_format = "Y/M/D" under [records.patients]'),
    (r"^(1[3-9]|2\d|3[01])/\d{1,2}/\d{4}$", 'set date_format = "D/M/Y" under [records.patients]'),
    (r"^\d{1,2}/(1[3-9]|2\d|3[01])/\d{4}$", 'set date_format = "M/D/Y" under [records.patients]'),
    (r"^\d{1,2}/\d{1,2}/\d{4}$", 'set date_format = "D/M/Y" or "M/D/Y" under [records.patients], whichever is meant'),
    (r"^\d{1,2}[./-]\d{1,2}[./-]\d{2}$", "the year needs four digits"),
    (r"^[2-5]\d{4}(\.\d+)?$", "this is the serial number a spreadsheet keeps of a date: format the column as a date"),
    (r"^\d{4}[-/.年]?\d{0,2}月?$", "the day is missing"),
)


def is_missing_word(cell: str) -> bool:
    """Return whether a cell looks like a word for "no value".

    Examples
    --------
    >>> [is_missing_word(cell) for cell in ("N/A", "#DIV/0!", "not done", "0", "B")]
    [True, True, True, False, False]
    """
    return "-".join(cell.lower().split()) in MISSING_WORDS


def number_hint(cell: str) -> str:
    """Return a clause about a cell that is no number, empty where nothing is known of it.

    Examples
    --------
    >>> number_hint(">20000")
    'this is a bound, not a value: use levels or write the value itself'
    """
    return _first(_NUMBER_HINTS, cell)


def date_hint(cell: str, date_format: str) -> str:
    """Return a clause about a cell that is no date of the format that was told.

    Examples
    --------
    >>> date_hint("15.3.2009", "Y-M-D")
    'set date_format = "D.M.Y" under [records.patients]'
    """
    hint = _first(_DATE_HINTS, cell)
    return "this day is not in the calendar of 1900 to 2100" if f'"{date_format}"' in hint else hint


def has_digit(cell: str) -> bool:
    """Return whether a cell holds a digit of any script."""
    return any(unicodedata.category(letter) == "Nd" for letter in cell)


def _first(hints: tuple[tuple[str, str], ...], cell: str) -> str:
    return next((sentence for pattern, sentence in hints if re.search(pattern, cell, re.ASCII)), "")
