"""The results as files: results.csv, curves.csv, levels.csv and their like, and the tables of the report."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from math import isnan
from pathlib import Path
from typing import Final

import xlsxwriter

from oncohort.report.document import Cell, TableBlock, plain_text
from oncohort.study.compared import ComparedNumber, as_printed
from oncohort.study.results import CurveRow, IncidenceRow, LevelRow, Results, SplineRow
from oncohort.study.text import mask_count

FIXED_DATE: Final = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)  # files hold no clock
COLUMNS: Final = (
    "analysis",
    "model",
    "endpoint",
    "population",
    "group",
    "variable",
    "level",
    "time",
    "statistic",
    "unit",
    "value",
    "text",
)

PUBLISHED_COLUMNS: Final = (
    "id",
    "place",
    "cls",
    "duplicate_of",
    "statistic",
    "group",
    "published",
    "recomputed",
    "verdict",
    "reason",
    "key",
)


def write_results(results: Results, folder: Path, min_cell: int) -> None:
    """Write the long table, the curves and the levels as CSV.

    Curves of incidence and of splines, and published numbers, are written if there are any. Counts of the curves below
    ``min_cell`` are masked.
    """
    rows = ([_value(getattr(row, name)) for name in COLUMNS] for row in results.rows)
    (folder / "results.csv").write_text(as_csv(COLUMNS, rows), encoding="utf-8", newline="")
    asked = (("incidence", IncidenceRow, results.incidence), ("splines", SplineRow, results.splines))
    for name, kind, items in (
        ("curves", CurveRow, results.curves),
        ("levels", LevelRow, results.levels),
        *(one for one in asked if one[2]),
    ):
        columns = [field.name for field in fields(kind)]
        lines = ([_cell(column, getattr(item, column), min_cell) for column in columns] for item in items)
        (folder / f"{name}.csv").write_text(as_csv(columns, lines), encoding="utf-8", newline="")
    if results.published is not None:
        lines = (_published_line(item) for item in results.published.numbers)
        (folder / "published.csv").write_text(as_csv(PUBLISHED_COLUMNS, lines), encoding="utf-8", newline="")


def _published_line(item: ComparedNumber) -> list[str]:
    number = item.number
    words = [number.id, number.place, number.cls, number.duplicate_of or "", number.statistic, number.group]
    recomputed = item.recomputed if item.value is None else _value(item.value)
    return [*words, as_printed(number), recomputed, item.verdict, item.reason, item.key]


def _cell(column: str, value: object, min_cell: int) -> str:
    if isinstance(value, int) and column.startswith("n_"):
        return mask_count(value, min_cell)
    return _value(value)


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    r"""Return a CSV text; a text that a spreadsheet would run as a formula is quoted with an apostrophe.

    Examples
    --------
    >>> as_csv(["a"], [["=1+1"], ["-2.5"]])
    "a\r\n'=1+1\r\n-2.5\r\n"
    """
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(columns)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return stream.getvalue()


def _harmless(cell: str) -> str:
    if cell[:1] not in {"=", "+", "-", "@", "\t", "\r"}:
        return cell
    try:
        float(cell)
    except ValueError:
        return f"'{cell}"
    return cell


def _value(value: object) -> str:
    """Write a value with all its digits; nothing for what is not there."""
    if value is None or (isinstance(value, float) and isnan(value)):
        return ""
    if isinstance(value, bool):
        return str(int(value))
    return repr(value) if isinstance(value, float) else str(value)


def write_tables(tables: Sequence[TableBlock], folder: Path) -> None:
    """Write each table of the report as ``table_N.csv``, and all as the sheets of ``tables.xlsx``."""
    folder.mkdir()
    with xlsxwriter.Workbook(folder / "tables.xlsx") as book:
        book.set_properties({"title": "Tables", "author": "oncohort", "created": FIXED_DATE})
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        for table in tables:
            grid = [*(_line(cells) for cells in table.head), *(_line(row.cells) for row in table.body)]
            name = f"table_{table.number}"
            (folder / f"{name}.csv").write_text(as_csv(grid[0], grid[1:]), encoding="utf-8-sig", newline="")
            sheet = book.add_worksheet(name)
            sheet.write_string(0, 0, f"Table {table.number}. {plain_text(table.caption)}")
            for r, line in enumerate(grid, start=2):
                for c, text in enumerate(line):
                    sheet.write_string(r, c, text, bold if r < 2 + len(table.head) else None)
            for r, note in enumerate(table.notes, start=len(grid) + 3):
                sheet.write_string(r, 0, plain_text(note))
            sheet.set_column(0, 0, 36)
            sheet.set_column(1, 12, 18)


def _line(cells: Sequence[Cell]) -> list[str]:
    """Return the cells of one row as texts; a cell over several columns leaves the others empty."""
    line: list[str] = []
    for cell in cells:
        line += ["   " * cell.indent + plain_text(cell.text), *("" for _ in range(cell.colspan - 1))]
    return line
