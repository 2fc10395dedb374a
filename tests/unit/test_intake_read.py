"""Reading tables: encodings, delimiters, decimal marks, workbooks and Parquet, as text and with what was assumed."""

from __future__ import annotations

import hashlib
import io
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest

from oncohort.errors import DataError
from oncohort.intake.read import RawTable, read_table
from oncohort.study.protocol import TableFile


def read_bytes(folder: Path, content: bytes, name: str = "p.csv", **told: Any) -> RawTable:
    path = folder / name
    path.write_bytes(content)
    return read_table(path, TableFile(file=name, patient_id="id", **told), name=name)


def workbook(*sheets: tuple[str, list[list[object]]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets:
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


TEXT = "id,姓名\n1,张\n"


@pytest.mark.parametrize(
    ("content", "assumed"),
    [
        (TEXT.encode(), ()),
        (TEXT.encode("utf-8-sig"), ()),
        (TEXT.encode("gb18030"), ("read as GB18030, because it is not UTF-8",)),
        (TEXT.encode("utf-16"), ("read as UTF-16",)),
    ],
)
def test_every_encoding_gives_the_same_text(tmp_path: Path, content: bytes, assumed: tuple[str, ...]) -> None:
    raw = read_bytes(tmp_path, content)
    assert raw.frame.rows(named=True) == [{"id": "1", "姓名": "张"}]
    assert raw.source.assumed == assumed
    assert raw.source.sha256 == hashlib.sha256(content).hexdigest()


def test_an_encoding_that_is_told_is_not_assumed(tmp_path: Path) -> None:
    raw = read_bytes(tmp_path, TEXT.encode("gb18030"), encoding="gb18030")
    assert raw.frame.columns == ["id", "姓名"]
    assert raw.source.assumed == ()


@pytest.mark.parametrize(("delimiter", "spoken"), [(";", ";"), ("\t", "a tab")])
def test_delimiter_and_decimal_comma_are_found_and_told(tmp_path: Path, delimiter: str, spoken: str) -> None:
    text = "id;AFP\n1;2,5\n2;3\n".replace(";", delimiter)
    raw = read_bytes(tmp_path, text.encode())
    assert raw.source.assumed == (f"columns separated by {spoken}", "decimal comma")
    assert raw.decimal == (",",)
    assert raw.frame["AFP"].to_list() == ["2,5", "3"]


@pytest.mark.parametrize("cell", ["1,234", "2.5"])
def test_a_comma_that_may_part_thousands_or_stands_beside_points_is_no_decimal_comma(tmp_path: Path, cell: str) -> None:
    raw = read_bytes(tmp_path, f"id;AFP;ALT\n1;{cell};7,234\n".encode())
    assert raw.decimal == (".",)


def test_decimal_that_is_told_is_taken(tmp_path: Path) -> None:
    assert read_bytes(tmp_path, b"id;AFP\n1;1,234\n", decimal=",").decimal == (",",)


def test_quoted_newlines_delimiters_and_quotes_stay_in_their_cell(tmp_path: Path) -> None:
    raw = read_bytes(tmp_path, b'id,note\r\n1,"a, ""b""\nc"\r\n2,d\r\n')
    assert raw.frame["note"].to_list() == ['a, "b"\nc', "d"]
    assert raw.row == (2, 3)


def test_blank_rows_are_left_out_but_counted_as_rows_of_the_file(tmp_path: Path) -> None:
    raw = read_bytes(tmp_path, b"\nid,a\n1,x\n,\n2, \n\n,,\n\n")
    assert raw.frame.rows() == [("1", "x"), ("2", None)]
    assert raw.row == (3, 5)
    assert raw.source.assumed == ("header in row 2", "1 blank row(s) left out")


def test_cells_are_stripped_and_nothing_is_converted(tmp_path: Path) -> None:
    raw = read_bytes(tmp_path, "id,a,b\n 007 ,1e5,\u3000\n".encode())
    assert raw.frame.rows() == [("007", "1e5", None)]


def test_old_line_ends_and_trailing_delimiters_are_read(tmp_path: Path) -> None:
    assert read_bytes(tmp_path, b"id,a,\r1,2,\r").frame.rows() == [("1", "2")]


def test_white_space_in_headers_becomes_one_blank(tmp_path: Path) -> None:
    assert read_bytes(tmp_path, b'id,"AFP\n (ng/ml) "\n1,2\n').frame.columns == ["id", "AFP (ng/ml)"]


@pytest.mark.parametrize(
    ("head", "columns", "said"),
    [
        ("id,AFP,OS\n,ng/ml,months", ["id", "AFP", "OS"], "the first alone names the columns"),
        ("id,Laboratory,\n,AFP,ALT", ["id", "Laboratory AFP", "Laboratory ALT"], "joined to one name a column"),
    ],
)
def test_two_header_rows_are_read_where_told(tmp_path: Path, head: str, columns: list[str], said: str) -> None:
    raw = read_bytes(tmp_path, f"{head}\n1,2,3\n".encode(), header_rows=2)
    assert raw.frame.columns == columns
    assert raw.row == (3,)
    assert raw.source.assumed == (f"2 header rows, {said}",)


def test_workbook_cells_are_the_shortest_text_of_their_value(tmp_path: Path) -> None:
    cells = [54, 54.0, 2 / 3, 1.23e-10, "007", date(2009, 3, 15), datetime(2009, 3, 15, 10, 30), True, "#N/A", None]  # noqa: DTZ001
    content = workbook(("Data", [[f"c{k}" for k in range(len(cells))], cells]))
    raw = read_bytes(tmp_path, content, "p.xlsx")
    assert raw.frame.rows()[0] == (
        *("54", "54", "0.6666666666666666", "1.23e-10", "007"),
        *("2009-03-15", "2009-03-15 10:30:00", "TRUE", "#N/A", None),
    )
    assert raw.source.assumed == ("sheet 'Data'",)


def test_workbook_dates_of_the_1904_system_are_read(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    book.active.append(["id", "day"])
    book.active.append([1, date(2009, 3, 15)])
    book.save(tmp_path / "p.xlsx")
    raw = read_table(tmp_path / "p.xlsx", TableFile(file="p.xlsx", patient_id="id"), name="p.xlsx")
    assert raw.frame["day"].to_list() == ["2009-03-15"]


def test_workbook_formats_that_only_look_like_dates_stay_numbers(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    formats = ['0.0" days"', "[Red]0", "0.00E+00", "General", 'yyyy"年"m"月"d"日"', "h:mm"]
    sheet.append([f"c{k}" for k in range(len(formats))])
    sheet.append([39887.0] * (len(formats) - 1) + [0.4375])
    for cell, shown in zip(sheet[2], formats, strict=True):
        cell.number_format = shown
    book.save(tmp_path / "p.xlsx")
    raw = read_table(tmp_path / "p.xlsx", TableFile(file="p.xlsx", patient_id="id"), name="p.xlsx")
    assert raw.frame.rows()[0] == ("39887", "39887", "39887", "39887", "2009-03-15", "10:30:00")


def test_rows_of_a_workbook_keep_their_number_and_may_end_early(tmp_path: Path) -> None:
    rows: list[list[object]] = [[], ["id", "a"], [1], [], [2, "x"]]
    raw = read_bytes(tmp_path, workbook(("Data", rows)), "p.xlsx")
    assert raw.frame.rows() == [("1", None), ("2", "x")]
    assert raw.row == (3, 5)


def test_empty_and_hidden_sheets_leave_one_to_read(tmp_path: Path) -> None:
    content = workbook(("Cover", []), ("Data", [["id"], [1]]), ("Sheet3", []))
    assert read_bytes(tmp_path, content, "p.xlsx").source.assumed == ("sheet 'Data'",)
    book = openpyxl.load_workbook(io.BytesIO(content))
    book["Sheet3"].append(["old"])
    book["Sheet3"].sheet_state = "hidden"
    book.save(tmp_path / "q.xlsx")
    raw = read_table(tmp_path / "q.xlsx", TableFile(file="q.xlsx", patient_id="id"), name="q.xlsx")
    assert raw.source.assumed == ("sheet 'Data'",)


def test_a_sheet_is_read_by_name(tmp_path: Path) -> None:
    content = workbook(("A", [["id"], [1]]), ("B", [["id"], [2]]))
    assert read_bytes(tmp_path, content, "p.xlsx", sheet="B").frame.rows() == [("2",)]


def test_workbooks_of_two_writers_read_alike(tmp_path: Path) -> None:
    frame = pl.DataFrame({"id": [1, 2], "AFP": [2.5, None], "day": [date(2009, 3, 15), None], "sex": ["男", "a & <b>"]})
    frame.write_excel(tmp_path / "q.xlsx")
    ours = read_table(tmp_path / "q.xlsx", TableFile(file="q.xlsx", patient_id="id"), name="q.xlsx")
    rows: list[list[object]] = [frame.columns, *map(list, frame.rows())]  # type: ignore[list-item]
    theirs = read_bytes(tmp_path, workbook(("Sheet1", rows)), "p.xlsx")
    assert ours.frame.equals(theirs.frame)
    assert ours.frame.rows() == [("1", "2.5", "2009-03-15", "男"), ("2", None, None, "a & <b>")]


def test_parquet_is_cast_to_the_same_text(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "i": [1, None],
            "f": [54.0, float("nan")],
            "g": pl.Series([0.1, 2.5], dtype=pl.Float32),
            "d": [date(2009, 3, 15), None],
            "t": [datetime(2009, 3, 15), datetime(2009, 3, 15, 10, 30)],  # noqa: DTZ001
            "b": [True, False],
            "c": pl.Series(["x", " "], dtype=pl.Categorical),
            "m": pl.Series(["1.50", "2.00"]).cast(pl.Decimal(10, 2)),
        }
    )
    frame.write_parquet(tmp_path / "p.parquet")
    raw = read_table(tmp_path / "p.parquet", TableFile(file="p.parquet", patient_id="i"), name="p.parquet")
    assert raw.frame.rows() == [
        ("1", "54", "0.1", "2009-03-15", "2009-03-15", "TRUE", "x", "1.5"),
        (None, None, "2.5", None, "2009-03-15 10:30:00", "FALSE", None, "2"),
    ]
    assert raw.row == (2, 3)


def test_parquet_with_lists_is_refused(tmp_path: Path) -> None:
    pl.DataFrame({"id": [1], "a": [[1, 2]]}).write_parquet(tmp_path / "p.parquet")
    with pytest.raises(DataError, match='the column "a" holds list'):
        read_table(tmp_path / "p.parquet", TableFile(file="p.parquet", patient_id="id"), name="p.parquet")


def test_a_formula_without_a_result_is_refused_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="row 2, column B: holds a formula without a stored result"):
        read_bytes(tmp_path, workbook(("Data", [["id", "a"], [1, "=1+1"]])), "p.xlsx")
