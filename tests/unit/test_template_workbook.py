"""The workbook for entry: that it offers what the dictionary allows, and that what is filled in comes back."""

from __future__ import annotations

import io
import shutil
import subprocess
import tomllib
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from oncohort.errors import DataError
from oncohort.intake.template import read_dictionary, read_template_tables
from oncohort.study.dictionary import TemplateColumn, TemplateTable, expectation
from oncohort.study.records import Records
from oncohort.study.template_tables import TEMPLATE
from oncohort.writer.template import template_files

SOFFICE = shutil.which("soffice")
N_ROWS = 12
PARTIAL = ("2009-03-15", "2009-03", "2009")
WORDS = ("三〇二医院 αβ", "a; b, 'c' \"d\"", "0012", "=1+1", "N/A")
BOUNDS = ((12.5, None), ("<20", None), (">1000.5", ">"), (7, "="), (3e-7, "<"))
TYPES = {"integer": pl.Int64, "number": pl.Float64, "date": pl.Date}


def cell_of(column: TemplateColumn, k: int) -> tuple[Any, Any]:
    """Return what a person types in row k of a column, with the type a spreadsheet gives it, and how it is read."""
    if column.name == "patient_id":
        return f"患者{k:03d}", f"患者{k:03d}"
    if column.required == "no" and k % 4 == 3:
        return None, None
    kinds = {"enum": enum_of, "date": day_of, "partial-date": partial_of, "integer": number_of, "number": number_of}
    return kinds.get(column.kind, text_of)(column, k)


def text_of(_: TemplateColumn, k: int) -> tuple[Any, Any]:
    return WORDS[k % len(WORDS)], WORDS[k % len(WORDS)]


def enum_of(column: TemplateColumn, k: int) -> tuple[Any, Any]:
    value = column.allowed[k % len(column.allowed)]
    typed = {"Y": True, "N": False}[value] if k % 3 == 1 and value in {"Y", "N"} else value
    return float(typed) if column.name == "ctcae_version" and k % 2 else typed, value


def day_of(_: TemplateColumn, k: int) -> tuple[Any, Any]:
    day = date(2009, 1, 31) + timedelta(days=37 * k)
    return (datetime(day.year, day.month, day.day) if k % 2 else day), day  # noqa: DTZ001


def partial_of(_: TemplateColumn, k: int) -> tuple[Any, Any]:
    text = PARTIAL[k % 3]
    return (date(2009, 3, 15) if k % 6 == 0 else int(text) if k % 6 == 5 else text), text


def number_of(column: TemplateColumn, k: int) -> tuple[Any, Any]:
    if column.allowed:
        value = float(column.allowed[k % len(column.allowed)])
    elif column.kind == "integer":
        value = float((column.low or 1) + k % 3 if column.high is None else max(column.low or 0, column.high - k % 3))
    else:
        value = round((column.low or 0) + 0.1 + k / 7, 3)
    read = int(value) if column.kind == "integer" else value
    return (int(value) if value.is_integer() and k % 2 else value), read


def rows_of(table: TemplateTable) -> tuple[list[list[Any]], list[dict[str, Any]]]:
    """Return the rows a person types, and the records they are."""
    typed: list[list[Any]] = []
    read: list[dict[str, Any]] = []
    for k in range(N_ROWS):
        cells = {column.name: cell_of(column, k) for column in table.collected()}
        for column in (column for column in table.collected() if column.comparator):
            bound, sign = BOUNDS[k % len(BOUNDS)]
            value, read_sign = (float(str(bound).lstrip("<>")), sign or {"<20": "<"}.get(str(bound)))
            cells[column.name], cells[column.comparator] = (bound, value), (sign, read_sign)
        typed.append([cell for cell, _ in cells.values()])
        read.append(dict.fromkeys(column.name for column in table.columns) | {n: v for n, (_, v) in cells.items()})
    return typed, read


def expected(table: TemplateTable) -> pl.DataFrame:
    schema = {column.name: TYPES.get(column.kind, pl.String) for column in table.columns}
    return pl.DataFrame(rows_of(table)[1], schema=schema).with_columns(row=pl.int_range(2, N_ROWS + 2, dtype=pl.Int64))


def as_text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).upper()
    return f'"{cell}"'.replace('"d"', '""d""') if isinstance(cell, str) else str(cell).removesuffix(" 00:00:00")


def read(folder: Path) -> tuple[Records, list[Any]]:
    return read_template_tables(folder, read_dictionary(folder), {}, data="data")


def assert_as_typed(folder: Path) -> None:
    records, findings = read(folder)
    assert findings == []
    assert list(records.tables) == list(TEMPLATE)
    for name, table in TEMPLATE.items():
        left, right = records.tables[name], expected(table)
        assert left.schema == right.schema, name
        assert left.equals(right), (name, [c for c in left.columns if not left[c].equals(right[c])])


@pytest.fixture(scope="module")
def workbook() -> bytes:
    return template_files(TEMPLATE, "xlsx")["data/records.xlsx"]


@pytest.fixture(scope="module")
def filled(workbook: bytes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study folder whose workbook was filled with cells of every kind."""
    folder = tmp_path_factory.mktemp("filled")
    book = openpyxl.load_workbook(io.BytesIO(workbook))
    for name, table in TEMPLATE.items():
        for k, row in enumerate(rows_of(table)[0], start=2):
            for place, value in enumerate(row, start=1):
                cell = book[name].cell(k, place, value)
                if isinstance(value, str):
                    cell.data_type = "s"  # as a text cell takes =1+1
    (folder / "data").mkdir()
    book.save(folder / "data" / "records.xlsx")
    return folder


def test_filled_workbook_is_read_as_it_was_typed(filled: Path) -> None:
    assert_as_typed(filled)


def test_filled_csv_files_give_the_same_records(tmp_path: Path) -> None:
    for name, content in template_files(TEMPLATE, "csv").items():
        rows = rows_of(TEMPLATE[Path(name).stem])[0]
        text = "".join(f"{','.join(map(as_text, row))}\r\n" for row in rows)
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content + text.encode())
    assert_as_typed(tmp_path)


def convert(source: Path, ending: str, folder: Path) -> Path:
    assert SOFFICE is not None
    home = f"-env:UserInstallation={(folder / 'home').as_uri()}"
    command = [SOFFICE, home, "--headless", "--convert-to", ending, "--outdir", folder, source]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return folder / f"{source.stem}.{ending}"


@pytest.mark.skipif(SOFFICE is None, reason="LibreOffice (soffice) is not installed")
def test_workbook_saved_by_libreoffice_gives_the_same_records(filled: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    sheets = convert(filled / "data" / "records.xlsx", "ods", tmp_path)
    convert(sheets, "xlsx", tmp_path).rename(tmp_path / "data" / "records.xlsx")
    assert_as_typed(tmp_path)


def test_workbook_has_the_same_bytes_every_time(workbook: bytes) -> None:
    assert template_files(TEMPLATE, "xlsx")["data/records.xlsx"] == workbook


def test_empty_forms_have_no_patients(workbook: bytes, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "records.xlsx").write_bytes(workbook)
    with pytest.raises(DataError, match=r"data/records.xlsx, sheet subjects: has no rows; at least one row a patient"):
        read(tmp_path)


@pytest.fixture(scope="module")
def sheets(workbook: bytes) -> dict[str, Worksheet]:
    book = openpyxl.load_workbook(io.BytesIO(workbook))
    return {sheet.title: sheet for sheet in book.worksheets}


def test_sheets_are_those_of_the_template(sheets: dict[str, Worksheet]) -> None:
    assert list(sheets) == ["README", *TEMPLATE, "lists"]
    assert [title for title, sheet in sheets.items() if sheet.sheet_state != "visible"] == ["lists"]
    told = [cell.value for row in sheets["README"].iter_rows() for cell in row if cell.value]
    assert {text for table in TEMPLATE.values() for text in (table.name, table.title, table.holds)} <= set(told)


@pytest.mark.parametrize("name", TEMPLATE)
def test_sheet_helps_to_fill_every_column(name: str, sheets: dict[str, Worksheet]) -> None:
    sheet, table = sheets[name], TEMPLATE[name]
    assert [cell.value for cell in sheet[1]] == [column.name for column in table.collected()]
    assert sheet.freeze_panes == "B2"
    assert sheet.max_row == 1
    checks = {str(check.sqref).split(":")[0][:-1]: check for check in sheet.data_validations.dataValidation}
    for cell, column in zip(sheet[1], table.collected(), strict=True):
        note = cell.comment.text
        assert cell.font.b
        for words in (column.help[1:], column.unit, expectation(column), column.used_for, column.refers_to):
            assert words in note
        assert len(column.name) < sheet.column_dimensions[cell.column_letter].width
        check = checks.get(cell.column_letter)
        assert (check is None) == (column.kind in {"text", "list", "partial-date"})
        if check is not None:
            assert str(check.sqref) == f"{cell.column_letter}2:{cell.column_letter}1048576"
            assert offered(check, sheets["lists"]) == [float_or_text(v, column) for v in column.allowed]
            kinds = {"integer": "whole", "number": "decimal", "date": "date", "enum": "list"}
            assert check.type == ("list" if column.allowed else "custom" if column.comparator else kinds[column.kind])
            assert check.showErrorMessage
            assert check.allowBlank


def float_or_text(value: str, column: TemplateColumn) -> float | str:
    return value if column.kind == "enum" else float(value)


def offered(check: Any, lists: Worksheet) -> list[Any]:
    """Return the values of a drop-down list."""
    if check.type != "list":
        return []
    cells = lists[check.formula1.removeprefix("lists!").replace("$", "")]
    return [row[0].value for row in (cells if isinstance(cells, tuple) else ((cells,),))]


def test_colors_tell_what_is_needed(sheets: dict[str, Worksheet]) -> None:
    fill = {cell.value: cell.fill.start_color.rgb for cell in sheets["procedures"][1]}
    legend = {row[0].value: row[0].fill.start_color.rgb for row in sheets["README"].iter_rows(max_col=1)}
    assert fill["patient_id"] == fill["type"] == legend["key"]
    assert fill["date"] == legend["required"]
    assert fill["freeze1_min"] == legend["conditional"]
    assert fill["intent"] == legend["optional"]
    assert len({legend[name] for name in ("key", "required", "conditional", "optional")}) == 4


def test_ids_enums_and_partial_dates_are_text_and_days_are_days(workbook: bytes) -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook))
    for name, table in TEMPLATE.items():
        groups = book[name].column_dimensions.values()
        for place, column in enumerate(table.collected(), start=1):
            [shown] = [group.number_format for group in groups if group.min <= place <= group.max]
            numeric = column.kind in {"integer", "number"}
            assert shown == ("General" if numeric else "yyyy-mm-dd" if column.kind == "date" else "@"), column


@pytest.mark.parametrize(
    ("told", "files"),
    [
        ([], ["data/records.xlsx"]),
        (["--format", "csv"], sorted(f"data/{name}.csv" for name in TEMPLATE)),
        (["--format", "redcap"], ["dictionary.csv"]),
    ],
)
def test_new_writes_the_tables_in_one_place(told: list[str], files: list[str], oncohort: Any, tmp_path: Path) -> None:
    answer = oncohort("new", tmp_path / "s", "--kind", "records", *told)
    assert answer.code == 0, answer.err
    there = sorted(str(p.relative_to(tmp_path / "s").as_posix()) for p in (tmp_path / "s").rglob("*") if p.is_file())
    assert there == [*files, "study.toml"]
    protocol = tomllib.loads((tmp_path / "s" / "study.toml").read_text(encoding="utf-8"))
    assert protocol["study"]["records"] == "data"
    assert "choices are still yours" in answer.out


def test_new_records_study_is_not_drafted_from_a_spreadsheet(oncohort: Any, tmp_path: Path) -> None:
    answer = oncohort("new", tmp_path / "s", "--kind", "records", "--from", "p.csv")
    assert answer.code == 2
    assert "--from drafts a study with one row a patient; --kind records has tables of its own" in answer.err
    answer = oncohort("new", tmp_path / "s", "--format", "csv")
    assert (answer.code, "--kind records is missing" in answer.err) == (2, True)
    assert not (tmp_path / "s").exists()
