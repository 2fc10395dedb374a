"""Read a table of any kind to columns of text, with the fingerprint of the file and what was assumed."""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import partial
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Final

import polars as pl

from oncohort.errors import DataError
from oncohort.intake.delimited import Rows, decode_text, find_decimal_comma, split_rows
from oncohort.intake.labelled import PROGRAMS, Labels, read_labelled
from oncohort.intake.parquet import read_parquet
from oncohort.intake.workbook import column_letters, read_workbook
from oncohort.study.protocol import FileFormat
from oncohort.study.records import Source

ENDINGS: Final = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".parquet", *PROGRAMS)
_NO_ROWS: Final = "has a header but no data rows; at least one row a patient was expected"


@dataclass(frozen=True, slots=True)
class RawTable:
    """A table as it was written: every column is text, stripped, null where the cell is empty.

    ``row`` holds the row of the file that each row of ``frame`` comes from (the first row is 1);
    ``decimal`` the marks that may stand in a number, ``labels`` what the file says of its columns and codes.
    """

    frame: pl.DataFrame
    row: tuple[int, ...]
    source: Source
    decimal: tuple[str, ...]
    labels: Labels = field(default_factory=Labels)


@dataclass(frozen=True, slots=True)
class _Table:
    frame: pl.DataFrame
    row: tuple[int, ...]
    assumed: list[str]
    decimal: tuple[str, ...]
    labels: Labels = field(default_factory=Labels)


def read_table(path: Path, spec: FileFormat, *, name: str, may_be_empty: bool = False) -> RawTable:
    r"""Read one table of text cells and say what was assumed of it.

    Nothing is converted: ``0012`` stays ``0012``. The cells of a workbook become the shortest text
    of their value (``54``, ``2009-03-15``, ``TRUE``, ``#N/A``). Blank rows are left out, and the
    first row that is not blank is the header.

    Parameters
    ----------
    path : Path
        The file; its ending says what it is: .csv, .tsv, .txt, .xlsx, .xlsm, .parquet, or, with the extra
        ``stats``, .sav, .zsav (SPSS), .dta (Stata) and .xpt (SAS).
    spec : FileFormat
        What the protocol says of the file. What it does not say is detected.
    name : str
        What messages and the manifest call the file, relative to the study.
    may_be_empty : bool
        Whether a table without rows, or a blank sheet, is a table all the same; else it is refused.

    Returns
    -------
    RawTable
        n rows, n ≥ 1 unless it may be empty, of text columns with distinct names.

    Raises
    ------
    DataError
        The file is missing, empty, damaged, locked, of another kind or encoding, has rows of
        different width, a header that is empty or not distinct, or no data.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "a.csv"
    ...     _ = path.write_bytes("Number;AFP\n1;2,5\n2;\n".encode("utf-8-sig"))
    ...     raw = read_table(path, FileFormat(), name="a.csv")
    >>> raw.frame.rows(), raw.source.assumed
    ([('1', '2,5'), ('2', None)], ('columns separated by ;', 'decimal comma'))

    References
    ----------
    ECMA-376 part 1 (XLSX); GB 18030-2005; RFC 4180 (CSV).
    """
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        hint = "; save it as .xlsx" if ending == ".xls" else ""
        raise DataError(f'{name}: the ending "{path.suffix}" is none of {", ".join(ENDINGS)}{hint}')
    content = read_bytes(path, name)
    if not content.strip():
        raise DataError(f"{name}: the file is empty; a header and at least one row were expected")
    table = _reader(ending)(content, spec, name)
    if table.frame.height == 0 and not may_be_empty:
        blank = "holds no text; a header and at least one row were expected"
        raise DataError(f"{name}: {_NO_ROWS if table.frame.width else blank}")
    fingerprint = hashlib.sha256(content).hexdigest()
    source = Source(name, fingerprint, table.frame.height, table.frame.width, tuple(table.assumed))
    return RawTable(table.frame, table.row, source, table.decimal, table.labels)


def _reader(ending: str) -> Callable[[bytes, FileFormat, str], _Table]:
    if ending in PROGRAMS:
        return partial(_from_labelled, ending)
    return _from_parquet if ending == ".parquet" else _from_workbook if ending in {".xlsx", ".xlsm"} else _from_text


def inside_study(folder: Path, file: str) -> tuple[Path, str]:
    """Return where a file of the study lies and its name from the study folder on."""
    if PurePosixPath(file).is_absolute() or PureWindowsPath(file).drive:
        raise DataError(f'"{file}" is an absolute path; a path from the study folder on was expected')
    name = posixpath.normpath(file)
    if name.startswith(".."):
        raise DataError(f'"{file}" lies outside the study folder; put the file into it')
    return folder / name, name


def read_bytes(path: Path, name: str) -> bytes:
    try:
        if path.is_dir():
            raise DataError(f"{name}: is a folder; a file was expected")
        if path.exists() and not path.is_file():
            raise DataError(f"{name}: is a device or a pipe; a file was expected")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise DataError(f"{name}: there is no such file{_near_file(path)}") from error
    except (OSError, ValueError) as error:
        raise DataError(f"{name}: cannot be read ({getattr(error, 'strerror', None) or error})") from error


def _near_file(path: Path) -> str:
    if not path.parent.is_dir():
        return f'; there is no folder "{path.parent.name}" either'
    near = get_close_matches(path.name, sorted(p.name for p in path.parent.iterdir() if p.suffix in ENDINGS), n=1)
    return f'; did you mean "{near[0]}"?' if near else ""


def _from_text(content: bytes, spec: FileFormat, name: str) -> _Table:
    text, encoding = decode_text(content, spec, name)
    rows, delimiter, assumed = split_rows(text, spec, name)
    frame, row, remarks = _cut(rows, spec, name, ragged=False)
    mark: tuple[str, ...] = (spec.decimal or ".",)
    if spec.decimal is None and delimiter != "," and find_decimal_comma(frame):
        mark = (",",)
        remarks.append("decimal comma")
    return _Table(frame, row, [*encoding, *assumed, *remarks], mark)


def _from_workbook(content: bytes, spec: FileFormat, name: str) -> _Table:
    """Read a workbook: its own numbers have a point whatever mark is told for numbers typed as text."""
    rows, assumed = read_workbook(content, spec.sheet, name)
    frame, row, remarks = _cut(rows, spec, name, ragged=True)
    return _Table(frame, row, [*assumed, *remarks], (".", spec.decimal or "."))


def _from_parquet(content: bytes, spec: FileFormat, name: str) -> _Table:
    return _from_columns(read_parquet(content, name), spec, name)


def _from_labelled(ending: str, content: bytes, spec: FileFormat, name: str) -> _Table:
    frame, labels, assumed = read_labelled(content, ending, name)
    return replace(_from_columns(frame, spec, name), labels=labels, assumed=assumed)


def _from_columns(frame: pl.DataFrame, spec: FileFormat, name: str) -> _Table:
    header, _ = _header([[" ".join(title.split()) for title in frame.columns]], [1], name)
    row = pl.Series(range(2, frame.height + 2), dtype=pl.Int64)
    frame = _stripped(frame.rename(dict(zip(frame.columns, header, strict=True))))
    filled = frame.select(pl.any_horizontal(pl.all().is_not_null())).to_series()
    return _Table(frame.filter(filled), tuple(row.filter(filled)), [], (".", spec.decimal or "."))


def _stripped(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(pl.all().str.strip_chars()).select(pl.when(pl.all() != "").then(pl.all()))


def _cut(rows: Rows, spec: FileFormat, name: str, *, ragged: bool) -> tuple[pl.DataFrame, tuple[int, ...], list[str]]:
    """Tell header and data apart; ``ragged`` rows leave empty cells out, others are as wide as the header."""
    filled = [number for number, row in enumerate(rows, start=1) if any(map(str.strip, row))]
    if not filled:
        return pl.DataFrame(), (), []
    head = [[" ".join(cell.split()) for cell in rows[number - 1]] for number in filled[: spec.header_rows]]
    row = tuple(filled[spec.header_rows :])
    header, remarks = _header(head, filled, name)
    width = len(header)
    body = [_fitted(rows[number - 1], width, number, name, ragged=ragged) for number in row]
    blank = row[-1] - row[0] + 1 - len(row) if row else 0
    remarks += [f"{blank} blank row(s) left out"] if blank else []
    columns = dict(zip(header, zip(*body, strict=True) if body else [()] * width, strict=True))
    return _stripped(pl.DataFrame(columns, schema=dict.fromkeys(header, pl.String))), row, remarks


def _header(head: list[list[str]], filled: list[int], name: str) -> tuple[list[str], list[str]]:
    """Return the column names of one or several header rows, and what was assumed of them."""
    width = max((k + 1 for row in head for k, cell in enumerate(row) if cell), default=0)
    if not width:
        raise DataError(f"{name}: has no header; a name over every column was expected")
    head = [[*row, *[""] * (width - len(row))][:width] for row in head]
    header = head[0]
    remarks = [f"header in row {filled[0]}"] if filled[0] > 1 else []
    if len(head) > 1:
        distinct = all(header) and len(set(header)) == width
        if not distinct:
            header = [" ".join(dict.fromkeys(filter(None, parts))) for parts in zip(*_filled_right(head), strict=True)]
        said = "the first alone names the columns" if distinct else "joined to one name a column"
        remarks.append(f"{len(head)} header rows, {said}")
    if "" in header:
        place = column_letters(header.index(""))
        hint = " (the row names that R and pandas write need one too)" if place == "A" else ""
        raise DataError(
            f"{name}, row {filled[0]}: column {place} has no name; a header over every column was expected{hint}"
        )
    odd = next((title for title in header if title.startswith("^") and title.endswith("$")), None)
    if odd is not None:  # the table library takes such a name for a pattern that stands for other columns
        raise DataError(f'{name}, row {filled[0]}: the header "{odd}" begins with ^ and ends with $; rename the column')
    twice = next((title for k, title in enumerate(header) if title in header[:k]), None)
    if twice is not None:
        raise DataError(f'{name}, row {filled[0]}: the header "{twice}" is there twice; distinct names were expected')
    return header, remarks


def _filled_right(head: list[list[str]]) -> Iterator[list[str]]:
    """Yield header rows with a merged cell's text over all of its columns; the last row has none merged."""
    for row in head[:-1]:
        group = ""
        yield [group := cell or group for cell in row]
    yield head[-1]


def _fitted(cells: list[str], width: int, number: int, name: str, *, ragged: bool) -> list[str]:
    """Return the cells of a row, exactly as many as the header has."""
    if len(cells) == width:
        return cells
    if len(cells) > width:
        beyond = next((k for k, cell in enumerate(cells) if k >= width and cell.strip()), None)
        if beyond is None:
            return cells[:width]
        if ragged:
            raise DataError(
                f"{name}, row {number}: column {column_letters(beyond)} has a cell but no header; "
                "a header over every column was expected"
            )
    elif ragged:
        return cells + [""] * (width - len(cells))
    raise DataError(f"{name}, row {number}: {len(cells)} columns were found where the header has {width}")
