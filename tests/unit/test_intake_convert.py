"""From text to numbers and dates: what converts, what is a finding, and what the finding says."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncohort.errors import DataError
from oncohort.intake.convert import convert, parse_date, parse_number, to_numbers
from oncohort.intake.read import RawTable
from oncohort.study.findings import Finding
from oncohort.study.protocol import TableFile
from oncohort.study.records import ColumnType, Source


def table(columns: dict[str, list[str | None]], decimal: tuple[str, ...] = (".",)) -> RawTable:
    frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
    rows = tuple(range(2, frame.height + 2))
    return RawTable(frame, rows, Source("p.csv", "", frame.height, frame.width, ()), decimal)


def convert_cell(
    cell: str, kind: ColumnType, decimal: tuple[str, ...] = (".",), **told: Any
) -> tuple[Any, list[Finding]]:
    raw = table({"id": ["a", "b"], "x": [cell, None]}, decimal)
    frame, findings = convert(raw, TableFile(file="p.csv", patient_id="id", **told), {"x": kind}, {})
    return frame["x"][0], findings


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_comes_back_from_its_shortest_text(number: float) -> None:
    assert parse_number(repr(number), (".",)) == number
    assert parse_number(repr(number).replace(".", ","), (",",)) == number


@given(st.lists(st.one_of(st.floats().map(repr), st.text("0123456789.,+-eE", max_size=8)), max_size=5))
def test_a_column_of_numbers_is_read_as_its_cells_are(cells: list[str]) -> None:
    for marks in ((".",), (",",), (".", ",")):
        column = to_numbers(pl.Series(cells, dtype=pl.String), marks)
        assert column.to_list() == [parse_number(cell, marks) for cell in cells]


@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)))
def test_every_day_comes_back_in_every_format(day: date) -> None:
    texts = {"Y-M-D": "%Y-%m-%d", "Y/M/D": "%Y/%m/%d", "D.M.Y": "%d.%m.%Y", "D/M/Y": "%d/%m/%Y", "M/D/Y": "%m/%d/%Y"}
    for name, shown in texts.items():
        assert parse_date(day.strftime(shown), name) == day
        assert parse_date(day.isoformat(), name) == day


@pytest.mark.parametrize(
    ("cell", "kind", "hint"),
    [
        (">20000", "number", "a bound, not a value"),
        ("≤ 5", "number", "a bound, not a value"),
        ("１２", "number", "full-width"),
        ("2,5", "number", 'set decimal = ","'),
        ("1,234", "number", "thousands separator or a decimal comma"),
        ("1.234.567", "number", "thousands separators"),
        ("1 234", "number", "thousands separators"),
        ("54 years", "number", "text after the number"),
        ("45%", "number", "a percent sign"),
        ("3-5", "number", "a range"),
        ("−5", "number", "a dash before the number"),
        ("2009-03-15", "number", "a date"),
        ("high", "number", "counts as missing"),
        ("1e999", "number", "a number was expected"),
        ("inf", "number", "a number was expected"),
        ("15.3.2009", "date", 'date_format = "D.M.Y"'),
        ("2009/3/15", "date", 'date_format = "Y/M/D"'),
        ("15/3/2009", "date", 'date_format = "D/M/Y"'),
        ("3/15/2009", "date", 'date_format = "M/D/Y"'),
        ("3/5/2009", "date", '"D/M/Y" or "M/D/Y"'),
        ("15.3.09", "date", "four digits"),
        ("39887", "date", "serial number"),
        ("2009-02-30", "date", "not in the calendar"),
        ("0209-03-15", "date", "not in the calendar"),
        ("2009-03", "date", "the day is missing"),
        ("２００９-03-15", "date", "full-width"),
    ],
)
def test_a_cell_that_does_not_convert_is_one_finding_with_its_place_and_a_hint(
    cell: str, kind: ColumnType, hint: str
) -> None:
    value, findings = convert_cell(cell, kind)
    assert value is None
    [found] = findings
    assert (found.level, found.rule) == ("error", "NOT-A-NUMBER" if kind == "number" else "NOT-A-DATE")
    assert (found.file, found.row, found.patient_id, found.column, found.value) == ("p.csv", 2, "a", "x", cell)
    assert hint in found.sentence
    assert "counts as missing" in found.sentence
    assert cell not in found.sentence


@pytest.mark.parametrize("word", ["NA", "N/A", "#N/A", "-", "?", "not done", "未知", "NaN", "#DIV/0!"])
@pytest.mark.parametrize("kind", ["number", "date"])
def test_words_for_no_value_are_warnings_until_they_are_declared(word: str, kind: ColumnType) -> None:
    value, [found] = convert_cell(word, kind)
    assert (value, found.level, found.rule) == (None, "warning", "MISSING-WORD")
    assert convert_cell(word, kind, missing=(word,)) == (None, [])


def test_words_declared_for_a_factor_are_missing_in_its_column_alone() -> None:
    raw = table({"id": ["a", "b"], "x": ["-9", "1"], "y": ["-9", "1"]})
    spec = TableFile(file="p.csv", patient_id="id")
    frame, findings = convert(raw, spec, {"x": "number", "y": "number"}, {"x": ("-9",)})
    assert frame.rows() == [(None, -9.0, "a", 2), (1.0, 1.0, "b", 3)]
    assert findings == []


def test_a_point_in_a_file_of_commas_is_told() -> None:
    assert convert_cell("2,5", "number", (",",)) == (2.5, [])
    value, [found] = convert_cell("2.5", "number", (",",))
    assert value is None
    assert "a decimal point where the mark is a comma" in found.sentence


def test_a_time_of_day_is_left_out_of_a_date() -> None:
    assert convert_cell("2009-03-15 10:30:00", "date") == (date(2009, 3, 15), [])
    assert convert_cell("15.3.2009", "date", date_format="D.M.Y") == (date(2009, 3, 15), [])


def test_text_columns_keep_their_text() -> None:
    assert convert_cell("007", "text") == ("007", [])


def test_a_second_header_row_is_one_fatal_finding() -> None:
    raw = table({"id": [None, "a"], "OS": ["months", "5"], "AFP": ["ng/ml", "2.5"]})
    spec = TableFile(file="p.csv", patient_id="id")
    frame, findings = convert(raw, spec, {"OS": "number", "AFP": "number"}, {})
    assert [(f.level, f.rule, f.row) for f in findings] == [("fatal", "SECOND-HEADER", 2)]
    assert "header_rows = 2" in findings[0].sentence
    assert frame["OS"].to_list() == [None, 5.0]


def test_a_first_patient_without_values_is_no_second_header() -> None:
    raw = table({"id": ["a", "b"], "OS": ["NA", "5"], "AFP": ["NA", "2.5"]})
    _, findings = convert(raw, TableFile(file="p.csv", patient_id="id"), {"OS": "number", "AFP": "number"}, {})
    assert {f.rule for f in findings} == {"MISSING-WORD"}


@pytest.mark.parametrize(
    ("wanted", "near"),
    [("AFP", '"AFP (ng/ml)"'), ("afp_(ng/ml)", '"AFP (ng/ml)"'), ("os", '"OS"'), ("Deaht", '"Death"')],
)
def test_a_column_that_is_not_there_is_refused_with_the_nearest_name(wanted: str, near: str) -> None:
    raw = table({"id": ["1"], "AFP (ng/ml)": ["2"], "OS": ["3"], "Death": ["1"]})
    with pytest.raises(DataError, match="has no column") as caught:
        convert(raw, TableFile(file="p.csv", patient_id="id"), {wanted: "text"}, {})
    assert f"did you mean {near}" in str(caught.value)


def test_names_of_the_study_itself_cannot_be_columns() -> None:
    raw = table({"id": ["1"], "row": ["2"], "patient_id": ["3"]})
    for name in ("row", "patient_id"):
        with pytest.raises(DataError, match="kept for the study itself"):
            convert(raw, TableFile(file="p.csv", patient_id="id"), {name: "text"}, {})


def test_a_file_that_has_columns_named_patient_id_and_row_is_read() -> None:
    raw = table({"patient_id": ["x"], "row": ["2"]})
    frame, _ = convert(raw, TableFile(file="p.csv", patient_id="patient_id"), {}, {})
    assert frame.rows(named=True) == [{"patient_id": "x", "row": 2}]
