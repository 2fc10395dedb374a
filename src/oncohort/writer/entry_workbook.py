"""The data template as a workbook for entry: a sheet a table, with notes, drop-down lists and checks of cells."""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import date
from math import ceil
from typing import Any, Final

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from oncohort.study.dictionary import Template, TemplateColumn, TemplateTable, expectation
from oncohort.writer.results import FIXED_DATE

_LAST_ROW: Final = 1_048_575
_DAYS: Final = {"minimum": date(1900, 1, 1), "maximum": date(2100, 12, 31)}
_WIDE: Final = {"text": 15, "date": 13, "partial-date": 13, "list": 18}
_WIDEST: Final = 30
_COLORS: Final = {
    "key": ("#1F4E79", "#FFFFFF", "tells the rows apart; always needed"),
    "yes": ("#2E75B6", "#FFFFFF", "needed in every row"),
    "conditional": ("#BDD7EE", "#000000", "needed in some rows; the note of the header says in which"),
    "no": ("#EDEDED", "#000000", "may stay empty, and the column may be left out"),
}
_HEADER: Final = {"bold": True, "border": 1, "border_color": "#BFBFBF", "valign": "vcenter"}
_HOW: Final = """\
Fill the sheets you have data for; a sheet without rows counts as not collected. Leave the names of sheets and headers \
as they are. Columns may stand in any order.
patient_id is the same code in every sheet. Write no name, no hospital number, no address.
Leave a cell empty where a value is not known: no 0, -9, ? or n/a. U means that it was looked for and could not be told.
Dates are written as 2009-03-15. Where the note of a header allows it, write 2009-03 or 2009 if the day or the month \
is not known; these columns are text, so that the spreadsheet does not make a day of 2009-03.
Numbers are in the unit that the note of the header gives. Laboratory values carry theirs in the column unit.
Where a laboratory says only that a value is below or above a limit, write <20 or >1000 as the value, or the limit \
there and the sign in the column beside it.
Point at a header to read what belongs below it. Cells with a list offer what is allowed; anything else is refused.
"""


def entry_workbook(template: Template) -> bytes:
    """Return the workbook; the same template gives the same bytes.

    It opens with a sheet README. Headers are frozen and colored by whether a cell is needed, and a note says what
    belongs below them, in which unit, and what it is used for. Enums have drop-down lists, dates and numbers are
    checked as they are typed; partial dates, ids and enums are text, so that a spreadsheet program leaves them alone.
    """
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        book.set_properties({"title": "Study records", "author": "oncohort", "created": FIXED_DATE})
        headers = {
            name: book.add_format({**_HEADER, "bg_color": fill, "font_color": ink})
            for name, (fill, ink, _) in _COLORS.items()
        }
        as_text, as_day = (
            book.add_format({"num_format": "@"}),
            book.add_format({"num_format": "yyyy-mm-dd", "align": "left"}),
        )
        cells = dict.fromkeys(("text", "enum", "list", "partial-date"), as_text) | {"date": as_day}
        _write_readme(book, template, headers)
        sheets = {name: book.add_worksheet(name) for name in template}
        sources = _write_lists(book.add_worksheet("lists"), template)
        for name, table in template.items():
            _write_table(sheets[name], table, headers, cells, sources)
    return stream.getvalue()


def _write_readme(book: xlsxwriter.Workbook, template: Template, headers: dict[str, Format]) -> None:
    sheet = book.add_worksheet("README")
    sheet.hide_gridlines(2)
    for column, width in enumerate((22, 32, 62, 40)):
        sheet.set_column(column, column, width)
    title = book.add_format({"bold": True, "font_size": 15})
    bold, plain = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
    link = book.add_format({"valign": "top", "font_color": "#1F4E79", "underline": 1})
    sheet.write_string(0, 0, "Records of the study", title)
    row = 2
    for text in _HOW.splitlines():
        sheet.merge_range(row, 0, row, 3, text, plain)
        sheet.set_row(row, 16 * ceil(len(text) / 175))
        row += 1
    row += 1
    sheet.write_string(row, 0, "Colors of headers", bold)
    for name, (_, _, meaning) in _COLORS.items():
        row += 1
        sheet.write_string(row, 0, {"yes": "required", "no": "optional"}.get(name, name), headers[name])
        sheet.write_string(row, 1, f" {meaning}")
    row += 2
    for column, text in enumerate(("sheet", "what", "rows", "a row is known by")):
        sheet.write_string(row, column, text, headers["key"])
    for name, table in template.items():
        row += 1
        sheet.write_url(row, 0, f"internal:'{name}'!A1", link, name)
        for column, text in enumerate((table.title, table.holds, ", ".join(table.key)), start=1):
            sheet.write_string(row, column, text, plain)
        sheet.set_row(row, 16 * ceil(len(table.holds) / 74))
    _set_page(sheet)
    sheet.fit_to_pages(1, 0)
    sheet.activate()


def _write_lists(sheet: Worksheet, template: Template) -> dict[tuple[str, ...], str]:
    """Write every list of allowed values once, a column each, and return where it stands."""
    sources: dict[tuple[str, ...], str] = {}
    for column in (column for table in template.values() for column in table.collected() if column.allowed):
        if column.allowed in sources:
            continue
        place = len(sources)
        for row, value in enumerate(column.allowed):
            if column.kind in {"integer", "number"}:
                sheet.write_number(row, place, float(value))
            else:
                sheet.write_string(row, place, value)
        letters = xl_col_to_name(place)
        sources[column.allowed] = f"=lists!${letters}$1:${letters}${len(column.allowed)}"
    sheet.hide()
    return sources


def _write_table(
    sheet: Worksheet,
    table: TemplateTable,
    headers: dict[str, Format],
    cells: dict[str, Format],
    sources: dict[tuple[str, ...], str],
) -> None:
    sheet.freeze_panes(1, 1)
    sheet.set_row(0, 21)
    texts: list[str] = []
    for k, column in enumerate(table.collected()):
        note = _note(column)
        size = {"x_scale": 2.2, "height": 16 * sum(ceil(len(line) / 46) for line in note) + 14}
        sheet.write_string(0, k, column.name, headers[_need(column, table)])
        sheet.write_comment(0, k, "\n".join(note), {**size, "font_size": 9, "author": "oncohort"})
        sheet.set_column(k, k, _width(column), cells.get(column.kind))
        checked = _check(column, sources, xl_col_to_name(k))
        if checked:
            sheet.data_validation(1, k, _LAST_ROW, k, {"error_title": column.name, **checked})
        if cells.get(column.kind) is cells["text"]:
            texts.append(f"{xl_col_to_name(k)}2:{xl_col_to_name(k)}{_LAST_ROW + 1}")
    sheet.ignore_errors({"number_stored_as_text": " ".join(texts)})
    sheet.repeat_rows(0)
    sheet.repeat_columns("A:A")
    _set_page(sheet)


def _set_page(sheet: Worksheet) -> None:
    """Print on A4, landscape."""
    sheet.set_landscape()
    sheet.set_paper(9)


def _need(column: TemplateColumn, table: TemplateTable) -> str:
    """Return whether a cell is needed, as the colors tell it."""
    if column.required == "yes" and column.name in table.key:
        return "key"
    return column.required if column.required in {"yes", "no"} else "conditional"


def _note(column: TemplateColumn) -> list[str]:
    """Return the lines of the note at a header."""
    needed = {"yes": "in every row", "no": "no"}.get(column.required, column.required)
    bounds = ", or a bound as <20" if column.comparator else ""
    lines: Iterable[tuple[str, str]] = (
        ("Unit", column.unit),
        ("Write", f"{expectation(column)}{bounds}"),
        ("Needed", needed),
        ("Same id as in", column.refers_to),
        ("Used for", column.used_for),
    )
    return [f"{column.help[0].upper()}{column.help[1:]}.", *(f"{name}: {text}" for name, text in lines if text)]


def _width(column: TemplateColumn) -> float:
    longest = max((len(value) + 4 for value in column.allowed), default=_WIDE.get(column.kind, 0))
    return max(len(column.name) + 4, min(longest, _WIDEST))


def _check(column: TemplateColumn, sources: dict[tuple[str, ...], str], letters: str) -> dict[str, Any] | None:
    """Return the check of the cells of a column as they are typed, None where any text may stand."""
    message = f"{expectation(column)} is expected"
    if column.allowed:
        return {"validate": "list", "source": sources[column.allowed], "error_message": "Choose a value of the list."}
    if column.kind == "date":
        return {"validate": "date", "criteria": "between", **_DAYS, "error_message": f"{message}."}
    if column.kind not in {"integer", "number"}:
        return None
    if column.comparator:
        cell = f"{letters}2"
        bound = f'=OR(AND(ISNUMBER({cell}),{cell}>=0),LEFT({cell},1)="<",LEFT({cell},1)=">")'
        return {"validate": "custom", "value": bound, "error_message": f"{message}, or a bound as <20."}
    kind = "integer" if column.kind == "integer" else "decimal"
    return {"validate": kind, **_limits(column), "error_message": f"{message}."}


def _limits(column: TemplateColumn) -> dict[str, Any]:
    """Return the range of a number in the words of the spreadsheet format."""
    if column.above is not None:
        return {"criteria": ">", "value": column.above}
    if column.low is not None and column.high is None:
        return {"criteria": ">=", "value": column.low}
    low, high = column.low, column.high
    return {
        "criteria": "between",
        "minimum": -1e9 if low is None else low,
        "maximum": 1e9 if high is None else high,
    }
