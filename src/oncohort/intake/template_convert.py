"""A table of the template, from text to types: what a cell cannot be is a finding, and the cell is null."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeAlias

import polars as pl

from oncohort.clinical.partial_dates import earliest, parse_partial
from oncohort.errors import DataError
from oncohort.intake.convert import known_cells, near_names, parse_date, parse_number
from oncohort.intake.hints import date_hint, is_missing_word, number_hint
from oncohort.intake.read import RawTable
from oncohort.intake.template_headers import match_headers
from oncohort.study.dictionary import ColumnKind, TemplateColumn, TemplateTable, expectation, spelling
from oncohort.study.findings import Finding, Level
from oncohort.study.protocol import TemplateFile

Value: TypeAlias = str | int | float | date

_TYPES: Final[Mapping[ColumnKind, type[pl.DataType]]] = {
    "integer": pl.Int64, "number": pl.Float64, "date": pl.Date, "partial-date": pl.String,
    "text": pl.String, "enum": pl.String, "list": pl.String,
}  # fmt: skip
_RULES: Final[Mapping[ColumnKind, str]] = {
    "integer": "NOT-A-NUMBER", "number": "NOT-A-NUMBER", "date": "NOT-A-DATE", "partial-date": "NOT-A-DATE",
    "enum": "NOT-ALLOWED",
}  # fmt: skip
_BOUND: Final = re.compile(r"([<>])\s*([^<>=\s].*)")
_SIGN: Final = re.compile(r"[<>≤≥=~≈]")
_YEAR_AND_MONTH: Final = re.compile(r"\d{4}\D?\d{0,2}\D?$")
_TRUTH: Final = {"true": "Y", "false": "N"}
_COUNTS_AS_MISSING: Final = "so the cell counts as missing"


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Why a cell is not what its column holds."""

    level: Level
    rule: str
    sentence: str


@dataclass(frozen=True, slots=True)
class _Cells:
    """A column on its way: the cells as they stand in the file, and as they are read, null where missing."""

    shown: pl.Series
    read: pl.Series


def convert_table(
    raw: RawTable, table: TemplateTable, spec: TemplateFile
) -> tuple[pl.DataFrame, dict[str, str], list[Finding]]:
    r"""Return a table of the template typed, and everything that is not as the template says.

    An enum is read in any case, without regard to blanks and underscores, and comes out in the template's
    spelling; TRUE and FALSE are read as Y and N. ``<20`` in a column that has a comparator column is the bound 20 with
    ``<`` there.

    Parameters
    ----------
    raw : RawTable
        n rows of text.
    table : TemplateTable
        Which table it is.
    spec : TemplateFile
        The headers, words for "missing" and the date format that the protocol tells.

    Returns
    -------
    DataFrame
        n rows: every column of the table (Int64, Float64, Date or String), null where the file has none or the cell
        cannot be read; a partial date is ISO text. ``row`` (Int64) is the row of the file, header = row 1.
    dict of str to str
        Column → header in the file, of the columns that it has.
    list of Finding
        About the headers (see `match_headers`); then, column by column, NOT-A-NUMBER, NOT-WHOLE, NOT-A-DATE,
        NOT-ALLOWED, OUT-OF-RANGE, COMPARATOR-DIFFERS, CELL-MISSING (error), MISSING-WORD (warning; error where the cell
        is needed in every row) and ID-MISSING (fatal).

    Examples
    --------
    >>> from oncohort.study.records import Source
    >>> from oncohort.study.template_tables import TEMPLATE
    >>> text = pl.DataFrame({"USUBJID": ["P1"], "Date": ["2009-03"], "status": ["alive"]})
    >>> raw = RawTable(text, (2,), Source("followup.csv", "", 1, 3, ()), (".",))
    >>> frame, headers, findings = convert_table(raw, TEMPLATE["followup"], TemplateFile())
    >>> frame.rows(), findings
    ([('P1', '2009-03', 'ALIVE', 2)], [])
    >>> headers
    {'patient_id': 'USUBJID', 'date': 'Date', 'status': 'status'}
    """
    headers, findings = match_headers(raw, table, spec.rename)
    cells = {column.name: _cells(raw, headers.get(column.name), spec) for column in table.columns}
    conflicts = {
        column.name: _split_bounds(cells, column, raw.decimal) for column in table.columns if column.comparator
    }
    refusals: dict[str, dict[int, _Refusal]] = {}
    series: dict[str, pl.Series] = {}
    for column in table.columns:
        refused, series[column.name] = _read_column(cells[column.name].read, column, raw, spec)
        refusals[column.name] = refused | conflicts.get(column.name, {})
    frame = pl.DataFrame(series).with_columns(pl.Series("row", raw.row, dtype=pl.Int64))
    for column in table.columns:
        if column.name in headers or column.required_where:
            refusals[column.name] |= _unfilled(cells[column.name].shown, column, frame)
        if refusals[column.name]:
            findings += _findings(raw, headers.get(column.name, column.name), cells, column, refusals[column.name])
    return frame, headers, findings


def _cells(raw: RawTable, header: str | None, spec: TemplateFile) -> _Cells:
    if header is None:
        known = pl.Series([None], dtype=pl.String).new_from_index(0, raw.frame.height)
    else:
        known = known_cells(raw.frame[header], spec.missing)
    return _Cells(known, known)


def _split_bounds(cells: dict[str, _Cells], column: TemplateColumn, decimal: tuple[str, ...]) -> dict[int, _Refusal]:
    """Move the sign of every bound of a column (``<20``) to its comparator column; return the contradictions."""
    values = cells[column.name].read.to_list()
    signs = cells[column.comparator].read.to_list()
    refused: dict[int, _Refusal] = {}
    for place in cells[column.name].read.str.contains("^[<>]").arg_true().to_list():
        bound = _BOUND.fullmatch(values[place])
        if bound is None or parse_number(bound[2], decimal) is None:
            continue
        if signs[place] in {None, bound[1]}:
            signs[place], values[place] = bound[1], bound[2]
            continue
        sentence = f'holds a bound that "{column.comparator}" contradicts, so both cells count as missing'
        refused[place] = _Refusal("error", "COMPARATOR-DIFFERS", sentence)
        signs[place], values[place] = None, None
    cells[column.name] = _Cells(cells[column.name].shown, pl.Series(values, dtype=pl.String))
    cells[column.comparator] = _Cells(cells[column.comparator].shown, pl.Series(signs, dtype=pl.String))
    return refused


def _read_column(
    cells: pl.Series, column: TemplateColumn, raw: RawTable, spec: TemplateFile
) -> tuple[dict[int, _Refusal], pl.Series]:
    """Return what was refused, by its place, and the values; each distinct cell is read once."""
    read = _reader(column, raw.decimal, spec)
    distinct = cells.drop_nulls().unique()
    seen = {cell: _judged(cell, read(cell), column, (raw, spec)) for cell in distinct.to_list()}
    refused = {cell: answer for cell, answer in seen.items() if isinstance(answer, _Refusal)}
    values = [None if isinstance(answer, _Refusal) else answer for answer in seen.values()]
    typed = cells.replace_strict(distinct, pl.Series(values, dtype=_TYPES[column.kind]), default=None)
    if not refused:
        return {}, typed
    places = cells.is_in(list(refused)).arg_true().to_list()
    return {place: refused[cell] for place, cell in zip(places, cells.gather(places).to_list(), strict=True)}, typed


def _reader(column: TemplateColumn, decimal: tuple[str, ...], spec: TemplateFile) -> Callable[[str], Value | None]:
    """Return the function that reads a cell of a column, None where it cannot."""
    codes = {spelling(code): value for code, value in column.codes}
    allowed = {spelling(value): value for value in column.allowed}
    truth = _TRUTH if {"Y", "N"} <= set(column.allowed) else {}

    def whole(cell: str) -> int | None:
        number = parse_number(cell, decimal)
        return int(number) if number is not None and number.is_integer() and abs(number) < 2**63 else None

    readers: dict[ColumnKind, Callable[[str], Value | None]] = {
        "integer": whole,
        "number": lambda cell: parse_number(cell, decimal),
        "date": lambda cell: parse_date(cell, spec.date_format),
        "partial-date": lambda cell: parse_partial_date(cell, spec.date_format),
        "enum": lambda cell: allowed.get(spelling(cell)) or truth.get(spelling(cell)),
    }
    read = readers.get(column.kind, str)
    return (lambda cell: read(codes.get(spelling(cell), cell))) if codes else read


def parse_partial_date(cell: str, date_format: str) -> str | None:
    """Return a date of which the day, or month and day, may be unknown, as ISO text; None where it is none.

    Examples
    --------
    >>> [parse_partial_date(cell, "D.M.Y") for cell in ("2009", "15.3.2009", "2009-13")]
    ['2009', '2009-03-15', None]
    """
    day = parse_date(cell, date_format)
    if day is not None:
        return day.isoformat()
    try:
        partial = parse_partial(cell)
    except DataError:
        return None
    return cell if partial.day is None and 1900 <= earliest(partial).year <= 2100 else None


def _judged(
    cell: str, value: Value | None, column: TemplateColumn, file: tuple[RawTable, TemplateFile]
) -> Value | _Refusal:
    """Return the value, or why there is none."""
    if value is None:
        return _refusal(cell, column, *file)
    if isinstance(value, str | date):
        return value
    if column.allowed and value not in map(float, column.allowed):
        return _Refusal("error", "NOT-ALLOWED", f"{expectation(column)} was expected, {_COUNTS_AS_MISSING}")
    low, high, above = column.low, column.high, column.above
    if (low is None or value >= low) and (high is None or value <= high) and (above is None or value > above):
        return value
    return _Refusal("error", "OUT-OF-RANGE", f"{expectation(column)} was expected, {_COUNTS_AS_MISSING}")


def _refusal(cell: str, column: TemplateColumn, raw: RawTable, spec: TemplateFile) -> _Refusal:
    near = near_names(cell, column.allowed) if column.kind == "enum" else ""
    sentence = f"{expectation(column)} was expected{near}, {_COUNTS_AS_MISSING}"
    section = f"[records.{column.table}]"
    if is_missing_word(cell):
        level: Level = "error" if column.required == "yes" else "warning"
        return _Refusal(level, "MISSING-WORD", f"{sentence}; a word for no value belongs in missing under {section}")
    if column.kind == "integer" and parse_number(cell, raw.decimal) is not None:
        return _Refusal("error", "NOT-WHOLE", sentence)
    hint = _hint(cell, column, spec.date_format).replace("[records.patients]", section)
    return _Refusal("error", _RULES[column.kind], f"{sentence}; {hint}" if hint else sentence)


def _hint(cell: str, column: TemplateColumn, date_format: str) -> str:
    """Return a clause that says what a cell most likely is, empty where nothing is known of it."""
    if column.kind in {"integer", "number"}:
        if _SIGN.match(cell):
            only = "only < and > before a number are read as a bound"
            return only if column.comparator else "this is a bound, not a value, and the column takes none"
        return number_hint(cell)
    if column.kind == "date" or (column.kind == "partial-date" and not _YEAR_AND_MONTH.match(cell)):
        return date_hint(cell, date_format)
    return ""


def _unfilled(shown: pl.Series, column: TemplateColumn, frame: pl.DataFrame) -> dict[int, _Refusal]:
    """Return the empty cells of a column that must be filled: in every row, or where another column says so."""
    if column.name == "patient_id":
        refusal = _Refusal("fatal", "ID-MISSING", "the row has no patient_id; every row needs one")
    elif column.required == "yes" or column.required_where:
        when = "in every row" if column.required == "yes" else column.required
        refusal = _Refusal("error", "CELL-MISSING", f"the cell is empty; {expectation(column)} is needed {when}")
    else:
        return {}
    other, value = column.required_where or ("", "")
    empty = shown.is_null()
    unfilled = empty & frame[other].eq_missing(pl.Series([value])) if other else empty
    return dict.fromkeys(unfilled.arg_true().to_list(), refusal)


def _findings(
    raw: RawTable, header: str, cells: dict[str, _Cells], column: TemplateColumn, refused: Mapping[int, _Refusal]
) -> Iterator[Finding]:
    """Yield a finding for every cell refused, in the order of the rows."""
    ids, shown = cells["patient_id"].shown.to_list(), cells[column.name].shown.to_list()
    for place in sorted(refused):
        why = refused[place]
        yield Finding(
            why.level, why.rule, why.sentence, file=raw.source.name, column=header, row=raw.row[place],
            patient_id=ids[place] or "", value=shown[place] or "",
        )  # fmt: skip
