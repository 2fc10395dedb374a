"""Convert columns of text to the types of the protocol; each cell that does not convert is a finding."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from math import isfinite
from typing import Any, Final

import polars as pl

from oncohort.errors import DataError
from oncohort.intake.hints import date_hint, has_digit, is_missing_word, number_hint
from oncohort.intake.read import RawTable
from oncohort.study.findings import Finding
from oncohort.study.protocol import TableFile
from oncohort.study.records import ColumnType

RESERVED: Final = ("patient_id", "row")

_DATE_PATTERNS: Final = {
    "Y-M-D": r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})",
    "Y/M/D": r"(?P<y>\d{4})/(?P<m>\d{1,2})/(?P<d>\d{1,2})",
    "D.M.Y": r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})",
    "D/M/Y": r"(?P<d>\d{1,2})/(?P<m>\d{1,2})/(?P<y>\d{4})",
    "M/D/Y": r"(?P<m>\d{1,2})/(?P<d>\d{1,2})/(?P<y>\d{4})",
}
_TIME_OF_DAY: Final = r"(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?"


@dataclass(frozen=True, slots=True)
class _Column:
    """One column on its way: its cells, null where missing, and what they convert to, null where they do not."""

    name: str
    kind: ColumnType
    cells: pl.Series
    values: pl.Series

    def failing(self) -> list[int]:
        return (self.cells.is_not_null() & self.values.is_null()).arg_true().to_list()


def convert(
    raw: RawTable,
    spec: TableFile,
    types: Mapping[str, ColumnType],
    missing_by_column: Mapping[str, tuple[str, ...]],
) -> tuple[pl.DataFrame, list[Finding]]:
    """Return the columns of ``types`` typed, with ``patient_id`` and ``row``, and what did not convert.

    Parameters
    ----------
    raw : RawTable
        n rows of text.
    spec : TableFile
        Names the patient_id column, the words that mean "missing" and the date format. An ISO date
        is read under any format; a time of day is left out, because the day is the unit of clinical time.
    types : mapping of column to "number", "date" or "text"
        The columns to keep.
    missing_by_column : mapping of column to words
        Words that mean "missing" in that column alone.

    Returns
    -------
    DataFrame
        n rows: Float64, Date or String, null where the cell is empty, missing or not convertible.
    list of Finding
        NOT-A-NUMBER and NOT-A-DATE (error), MISSING-WORD (warning): one a cell. SECOND-HEADER
        (fatal): one for a first row that is no patient.

    Raises
    ------
    DataError
        A column is not in the file, or bears one of the two reserved names.

    Examples
    --------
    >>> from oncohort.study.records import Source
    >>> text = pl.DataFrame({"Number": ["1", "2"], "AFP": ["2.2", ">20000"]})
    >>> raw = RawTable(text, (2, 3), Source("a.csv", "", 2, 2, ()), (".",))
    >>> frame, findings = convert(raw, TableFile(file="a.csv", patient_id="Number"), {"AFP": "number"}, {})
    >>> frame.rows(), findings[0].rule, findings[0].row
    ([(2.2, '1', 2), (None, '2', 3)], 'NOT-A-NUMBER', 3)
    """
    _require_columns(raw, [spec.patient_id, *types])
    _refuse_reserved(spec, types, raw.source.name)
    columns = [
        _column(raw, spec, name, kind, (*spec.missing, *missing_by_column.get(name, ())))
        for name, kind in types.items()
    ]
    patient_id = known_cells(raw.frame[spec.patient_id], spec.missing)
    frame = pl.DataFrame(
        {column.name: column.values for column in columns}
        | {"patient_id": patient_id, "row": pl.Series(raw.row, dtype=pl.Int64)}
    )
    second_header = _is_second_header(columns, patient_id[0])
    findings = [_second_header(raw)] if second_header else []
    for column in columns:
        findings.extend(_failures(column, spec, raw, patient_id, start=int(second_header)))
    return frame, findings


def to_numbers(cells: pl.Series, decimal: tuple[str, ...]) -> pl.Series:
    """Return the number in each cell, null where ``parse_number`` finds none."""
    cell = pl.col("cell")
    plain = cell.str.replace(",", ".", literal=True)
    number = pl.when(cell.str.contains(f"^(?:{_number_pattern(decimal)})$")).then(plain).cast(pl.Float64, strict=False)
    return cells.to_frame("cell").select(pl.when(number.is_finite()).then(number)).to_series()


def parse_number(cell: str, decimal: tuple[str, ...]) -> float | None:
    """Return the number a cell holds in plain ASCII digits, or None; it has no thousands separators.

    Examples
    --------
    >>> parse_number("2,2", (",",)), parse_number("2.2", (",",)), parse_number("1e-3", (".",))
    (2.2, None, 0.001)
    """
    if not re.fullmatch(_number_pattern(decimal), cell):
        return None
    number = float(cell.replace(",", "."))
    return number if isfinite(number) else None


def _number_pattern(decimal: tuple[str, ...]) -> str:
    marks = "".join(decimal)
    return rf"[+-]?([0-9]+[{marks}]?[0-9]*|[{marks}][0-9]+)([eE][+-]?[0-9]+)?"


def parse_date(cell: str, date_format: str) -> date | None:
    """Return the day a cell holds in the format told or in ISO, or None; the year lies in 1900–2100.

    Examples
    --------
    >>> parse_date("15.3.2009", "D.M.Y"), parse_date("2009-03-15", "D.M.Y"), parse_date("30.2.2009", "D.M.Y")
    (datetime.date(2009, 3, 15), datetime.date(2009, 3, 15), None)
    """
    for name in dict.fromkeys((date_format, "Y-M-D")):
        found = re.fullmatch(_DATE_PATTERNS[name] + _TIME_OF_DAY, cell, re.ASCII)
        if found:
            year, month, day = (int(found[part]) for part in "ymd")
            return _calendar_day(year, month, day)
    return None


def _calendar_day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if 1900 <= year <= 2100 else None
    except ValueError:
        return None


def _column(raw: RawTable, spec: TableFile, name: str, kind: ColumnType, missing: tuple[str, ...]) -> _Column:
    cells = known_cells(raw.frame[name], missing)
    if kind == "number":
        return _Column(name, kind, cells, to_numbers(cells, raw.decimal))
    if kind == "date":
        days = {cell: parse_date(cell, spec.date_format) for cell in set(cells) - {None}}
        return _Column(name, kind, cells, pl.Series([days.get(cell) for cell in cells], dtype=pl.Date))
    return _Column(name, kind, cells, cells)


def known_cells(cells: pl.Series, missing: tuple[str, ...]) -> pl.Series:
    """Return the cells under no name, null where they hold a word that means missing."""
    cell = pl.col("cell")
    return cells.to_frame("cell").select(pl.when(~cell.is_in(list(missing))).then(cell).alias("")).to_series()


def _failures(
    column: _Column, spec: TableFile, raw: RawTable, patient_id: pl.Series, *, start: int
) -> Iterator[Finding]:
    for place in column.failing():
        if place < start:
            continue
        cell = column.cells[place]
        level, rule, sentence = _judge(cell, column.kind, spec)
        yield Finding(
            level=level,
            rule=rule,
            sentence=sentence,
            file=raw.source.name,
            column=column.name,
            row=raw.row[place],
            patient_id=patient_id[place] or "",
            value=cell,
        )


def _judge(cell: str, kind: ColumnType, spec: TableFile) -> tuple[Any, str, str]:
    """Return level, rule and sentence for a cell that does not convert."""
    expected = "a number" if kind == "number" else f"a date as {spec.date_format}"
    sentence = f"{expected} was expected, so the cell counts as missing"
    if is_missing_word(cell):
        return "warning", "MISSING-WORD", f"{sentence}; a word for no value belongs in missing under [records.patients]"
    rule = "NOT-A-NUMBER" if kind == "number" else "NOT-A-DATE"
    hint = number_hint(cell) if kind == "number" else date_hint(cell, spec.date_format)
    return "error", rule, f"{sentence}; {hint}" if hint else sentence


def _is_second_header(columns: list[_Column], first_id: str | None) -> bool:
    """Return whether the first row is a second header: words in most number columns, where later rows have none."""
    typed = [column for column in columns if column.kind != "text" and column.cells[0] is not None]
    words = [column for column in typed if column.values[0] is None and _is_word(column.cells[0])]
    others = [column.values[1:].is_not_null().any() for column in words]
    return 2 * len(words) > len(typed) and all(others) and (len(words) > 1 or first_id is None)


def _is_word(cell: str) -> bool:
    return not has_digit(cell) and not is_missing_word(cell)


def _second_header(raw: RawTable) -> Finding:
    sentence = (
        "this row holds words where numbers were expected, as a second header row does; "
        "set header_rows = 2 under [records.patients]"
    )
    return Finding("fatal", "SECOND-HEADER", sentence, file=raw.source.name, row=raw.row[0])


def _require_columns(raw: RawTable, wanted: Iterable[str]) -> None:
    there = raw.frame.columns
    lacking = [name for name in dict.fromkeys(wanted) if name not in there]
    if lacking:
        said = " and ".join(f'no column "{name}"{near_names(name, there)}' for name in lacking)
        listed = f"; its columns are {', '.join(there)}" if len(there) <= 12 else f"; it has {len(there)} columns"
        raise DataError(f"{raw.source.name}: has {said}{listed}")


def near_names(name: str, there: Iterable[str]) -> str:
    """Return ``(did you mean "x"?)``: the same words in another case or with a unit, else the most alike."""
    plain = {plain_name(column): column for column in reversed(list(there))}
    near = [plain[plain_name(name)]] if plain_name(name) in plain else []
    near += [plain[key] for key in get_close_matches(plain_name(name), list(plain), n=2, cutoff=0.7)]
    listed = " or ".join(f'"{column}"' for column in dict.fromkeys(near))
    return f" (did you mean {listed}?)" if listed else ""


def plain_name(name: str) -> str:
    """Return a header without its unit in brackets, in lower case, with single blanks between its words.

    Examples
    --------
    >>> plain_name("Max_diam  [mm]"), plain_name("Patient ID")
    ('max diam', 'patient id')
    """
    return re.sub(r"[\s_.-]+", " ", re.sub(r"[(（\[].*?[)）\]]", "", name)).strip().lower()


def _refuse_reserved(spec: TableFile, types: Mapping[str, ColumnType], name: str) -> None:
    for column in RESERVED:
        own_id = column == "patient_id" and spec.patient_id == "patient_id" and types.get(column) == "text"
        if column in types and not own_id:
            raise DataError(f'{name}: the column name "{column}" is kept for the study itself; rename the column')
