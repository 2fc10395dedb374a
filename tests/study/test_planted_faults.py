"""Faults planted in files and data, one at a time, and the sentence that each must give.

A refusal is a DataError (exit code 4). A finding has a level; ``fatal`` stops a run with the same code.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest

from oncohort.errors import DataError
from oncohort.intake.records import read_records
from oncohort.study.protocol import Protocol

GOOD = """Number,OS,Death,Age,BCLC,In,Out
P1,5.5,1,54,A,2009-03-15,2009-08-30
P2,12,0,61,B,2009-04-01,2010-04-01
P3,7,1,47,A,2009-05-02,2009-12-01
P4,20,0,70,B,2009-06-03,2011-02-01
P5,9,1,58,B,2009-07-06,2010-04-06
P6,15,0,66,A,2009-08-10,2010-11-10
"""
TABLE = [line.split(",") for line in GOOD.splitlines()]
TIMED = {"id": "OS", "time": {"column": "OS", "unit": "months"}, "event": {"column": "Death", "values": [1]}}
DATED = {"id": "OS", "start": "In", "stop": "Out", "event": {"column": "Death", "values": [1]}}
FACTORS = [
    {"id": "age", "column": "Age", "split": "median"},
    {"id": "bclc", "column": "BCLC", "levels": ["A", "B"]},
]


def protocol_of(endpoint: dict[str, Any], file: str, told: dict[str, Any]) -> Protocol:
    return Protocol.model_validate(
        {
            "study": {"title": "x", "profile": "guideline"},
            "records": {"patients": {"file": file, "patient_id": "Number", **told}},
            "endpoint": [endpoint],
            "factor": FACTORS,
        }
    )


def workbook(rows: list[list[Any]], *more: str) -> bytes:
    book = openpyxl.Workbook()
    book.active.title = "Data"
    for row in rows:
        book.active.append(row)
    for title in more:
        book.create_sheet(title).append(["x"])
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def parquet(rows: list[list[str]]) -> bytes:
    target = io.BytesIO()
    pl.DataFrame(rows[1:], schema=rows[0], orient="row").write_parquet(target)
    return target.getvalue()


def test_the_good_file_has_no_fault_in_any_form(tmp_path: Path) -> None:
    for name, content in (("p.csv", GOOD.encode()), ("p.xlsx", workbook(TABLE)), ("p.parquet", parquet(TABLE))):
        (tmp_path / name).write_bytes(content)
        for endpoint in (TIMED, DATED):
            records, findings = read_records(tmp_path, protocol_of(endpoint, name, {}))
            assert findings == []
            assert records.patients["patient_id"].to_list() == ["P1", "P2", "P3", "P4", "P5", "P6"]
            assert records.patients["row"].to_list() == [2, 3, 4, 5, 6, 7]


def test_a_file_of_another_locale_is_read_without_a_fault(tmp_path: Path) -> None:
    text = GOOD.replace(",", ";").replace("5.5", "5,5").replace("2009-03-15", "15.3.2009")
    (tmp_path / "p.csv").write_bytes(text.encode("gb18030"))
    records, findings = read_records(tmp_path, protocol_of(DATED, "p.csv", {"date_format": "D.M.Y"}))
    assert findings == []
    assert records.sources[0].assumed == ("columns separated by ;", "decimal comma")


FILES: list[tuple[str, str, bytes | None, dict[str, Any], list[str]]] = [
    ("file missing", "q.csv", None, {}, ["q.csv: there is no such file", 'did you mean "p.csv"?']),
    ("folder missing", "data/p.csv", None, {}, ["data/p.csv: there is no such file", 'no folder "data"']),
    ("folder instead of file", "folder.csv", None, {}, ["folder.csv: is a folder"]),
    ("absolute path", "/etc/p.csv", None, {}, ["is an absolute path"]),
    ("drive of another system", "C:/p.csv", None, {}, ["is an absolute path"]),
    ("outside the study", "../p.csv", None, {}, ["lies outside the study folder"]),
    ("unknown ending", "p.doc", b"x", {}, ['the ending ".doc" is none of .csv']),
    ("old workbook", "p.xls", b"x", {}, ['the ending ".xls"', "save it as .xlsx"]),
    ("empty file", "p.csv", b"", {}, ["p.csv: the file is empty"]),
    ("blank file", "p.csv", b" \n\n", {}, ["the file is empty"]),
    ("only delimiters", "p.csv", b",,\n,,\n", {}, ["holds no text"]),
    ("header without rows", "p.csv", b"Number,OS\n", {}, ["has a header but no data rows"]),
    ("too many header rows told", "p.csv", b"Number\nP1\n", {"header_rows": 2}, ["no data rows"]),
    ("NUL bytes", "p.csv", b"Number\0OS\n1\n", {}, ["holds NUL bytes"]),
    ("no text encoding", "p.csv", b"Number\n\xff\xff\n", {}, ["byte 8 fits neither UTF-8 nor GB18030"]),
    ("wrong encoding told", "p.csv", "Number\n张\n".encode("gb18030"), {"encoding": "utf-8"}, ["byte 8 is not UTF-8"]),
    ("row too short", "p.csv", b"Number,OS\nP1,1\nP2\n", {}, ["row 3: 1 columns were found where the header has 2"]),
    ("row too long", "p.csv", b"Number,OS\nP1,1,2\n", {}, ["row 2: 3 columns were found where the header has 2"]),
    ("wrong delimiter told", "p.csv", b"Number;OS\n1;2\n", {"delimiter": ","}, ["has no column", "Number;OS"]),
    ("open quote", "p.csv", b'Number,OS\n"P1,1\n', {}, ["row 2: a quote is not closed"]),
    ("duplicate header", "p.csv", b"Number,OS,OS\nP1,1,2\n", {}, ['row 1: the header "OS" is there twice']),
    ("header that is a pattern", "p.csv", b"Number,^OS$\nP1,1\n", {}, ['the header "^OS$" begins with ^']),
    ("pattern in Parquet", "p.parquet", parquet([["Number", "^.*$"], ["P1", "1"]]), {}, ['the header "^.*$"']),
    ("empty header", "p.csv", b",OS\nP1,1\n", {}, ["column A has no name", "row names that R and pandas write"]),
    ("workbook as csv", "p.csv", workbook(TABLE), {}, ["is a zip or XLSX file under another ending"]),
    ("Parquet as csv", "p.csv", parquet(TABLE), {}, ["is a Parquet file under another ending"]),
    ("csv as workbook", "p.xlsx", GOOD.encode(), {}, ["is no XLSX workbook or is damaged"]),
    ("truncated workbook", "p.xlsx", workbook(TABLE)[:2000], {}, ["is no XLSX workbook or is damaged"]),
    ("locked workbook", "p.xlsx", b"\xd0\xcf\x11\xe0" + bytes(600), {}, ["is locked with a password"]),
    ("several sheets", "p.xlsx", workbook(TABLE, "More"), {}, ["has several sheets", '"Data", "More"']),
    ("unknown sheet", "p.xlsx", workbook(TABLE), {"sheet": "data"}, ['has no sheet "data"', '"Data"']),
    ("empty workbook", "p.xlsx", workbook([]), {}, ["no sheet of the workbook holds a cell"]),
    ("cell beside the header", "p.xlsx", workbook([*TABLE, [None] * 7 + ["?"]]), {}, ["row 8: column H has a cell"]),
    ("formula never calculated", "p.xlsx", workbook([*TABLE, ["=1"]]), {}, ["row 8, column A: holds a formula"]),
    ("csv as Parquet", "p.parquet", GOOD.encode(), {}, ["is no Parquet file"]),
    ("truncated Parquet", "p.parquet", parquet(TABLE)[:-20], {}, ["is no Parquet file"]),
    ("Parquet without rows", "p.parquet", parquet(TABLE[:1]), {}, ["no data rows"]),
    ("unknown column", "p.csv", GOOD.replace("BCLC", "BCLC (stage)").encode(), {}, ['did you mean "BCLC (stage)"?']),
    ("unknown id column", "p.csv", GOOD.replace("Number", "number").encode(), {}, ['did you mean "number"?']),
]


@pytest.mark.parametrize(("name", "content", "told", "said"), [f[1:] for f in FILES], ids=[f[0] for f in FILES])
def test_a_file_that_cannot_be_read_is_refused_in_one_sentence(
    tmp_path: Path, name: str, content: bytes | None, told: dict[str, Any], said: list[str]
) -> None:
    study = tmp_path / "study"
    study.mkdir()
    (study / "folder.csv").mkdir()
    if content is None:
        (study / "p.csv").write_text(GOOD)
    else:
        (study / name).write_bytes(content)
    before = {path: path.read_bytes() for path in study.rglob("*") if path.is_file()}
    with pytest.raises(DataError) as caught:
        read_records(study, protocol_of(TIMED, name, told))
    for fragment in said:
        assert fragment in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 4
    assert before == {path: path.read_bytes() for path in study.rglob("*") if path.is_file()}


def swap(old: str, new: str) -> Callable[[str], str]:
    def changed(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return changed


FAULTS: list[tuple[str, dict[str, Any], Callable[[str], str], list[tuple[str, str, int | None]], list[str]]] = [
    ("bound as a value", TIMED, swap("P1,5.5", "P1,>5"), [("fatal", "TIME-MISSING", 2), ("error", "NOT-A-NUMBER", 2)],
     ['row 2, patient P1, column "OS": ">5"', "a bound, not a value"]),
    ("full-width digits", TIMED, swap(",54,", ",５４,"), [("error", "NOT-A-NUMBER", 2)], ["full-width"]),
    ("value with its unit", TIMED, swap(",54,", ",54 years,"), [("error", "NOT-A-NUMBER", 2)],
     ["text after the number"]),
    ("percent sign", TIMED, swap(",54,", ",54%,"), [("error", "NOT-A-NUMBER", 2)], ["a percent sign"]),
    ("thousands separator", TIMED, swap(",54,", ',"1,054",'), [("error", "NOT-A-NUMBER", 2)], ["thousands separator"]),
    ("decimal comma", TIMED, swap(",54,", ',"54,5",'), [("error", "NOT-A-NUMBER", 2)], ['decimal = ","']),
    ("word for no value", TIMED, swap(",54,", ",N/A,"), [("warning", "MISSING-WORD", 2)],
     ["belongs in missing"]),
    ("error cell", TIMED, swap(",54,", ",#DIV/0!,"), [("warning", "MISSING-WORD", 2)], []),
    ("date of another format", DATED, swap("2009-03-15", "15.3.2009"),
     [("fatal", "START-MISSING", 2), ("error", "NOT-A-DATE", 2)], ['date_format = "D.M.Y"']),
    ("date of two readings", DATED, swap("2009-03-15", "3/5/2009"),
     [("fatal", "START-MISSING", 2), ("error", "NOT-A-DATE", 2)], ["whichever is meant"]),
    ("date serial number", DATED, swap("2009-03-15", "39887"),
     [("fatal", "START-MISSING", 2), ("error", "NOT-A-DATE", 2)], ["serial number"]),
    ("impossible day", DATED, swap("2009-03-15", "2009-02-30"),
     [("fatal", "START-MISSING", 2), ("error", "NOT-A-DATE", 2)], ["not in the calendar"]),
    ("second header row", TIMED, swap("P1,5.5", ",months,0/1,years,,,\nP1,5.5"), [("fatal", "SECOND-HEADER", 2)],
     ["set header_rows = 2"]),
    ("duplicate patient", TIMED, swap("P3", "P1"), [("fatal", "ID-TWICE", 4)], ["rows 2 and 4"]),
    ("missing patient_id", TIMED, swap("P3", ""), [("fatal", "ID-MISSING", 4)], ["the patient_id is missing"]),
    ("third event code", TIMED, swap("7,1,", "7,2,"), [("fatal", "EVENT-CODE", None)], ['"0, 1, 2"']),
    ("word as event code", TIMED, swap("7,1,", "7,unknown,"), [("fatal", "EVENT-CODE", None)], ["in missing"]),
    ("undeclared event code", {**TIMED, "event": {"column": "Death", "values": [1], "censored": [0]}},
     swap("7,1,", "7,9,"), [("fatal", "EVENT-CODE", 4)], ["neither in values nor in censored"]),
    ("event code absent", {**TIMED, "event": {"column": "Death", "values": ["dead"]}}, swap("P1", "P1"),
     [("fatal", "EVENT-CODE-ABSENT", None)], ["no code of values occurs", '"0, 1"']),
    ("times as events", {**TIMED, "event": {"column": "OS", "values": [1]}}, swap("P1", "P1"),
     [("fatal", "TIMES-AS-EVENTS", None)], ["holds times, not event codes"]),
    ("missing event", TIMED, swap("7,1,", "7,,"), [("fatal", "EVENT-MISSING", 4)], ["the event code is missing"]),
    ("missing time", TIMED, swap("P3,7,", "P3,,"), [("fatal", "TIME-MISSING", 4)], ["the time is missing"]),
    ("negative time", TIMED, swap("P3,7,", "P3,-7,"), [("fatal", "TIME-NEGATIVE", 4)], ['"-7"', "a time from 0"]),
    ("time zero", TIMED, swap("P3,7,", "P3,0,"), [("warning", "TIME-ZERO", 4)], ["the time is 0"]),
    ("stop before start", DATED, swap("2009-12-01", "2008-12-01"), [("fatal", "STOP-BEFORE-START", 4)],
     ["before the start"]),
    ("start missing", DATED, swap("2009-05-02", ""), [("fatal", "START-MISSING", 4)], ["the start date is missing"]),
    ("stop missing", DATED, swap("2009-12-01", ""), [("fatal", "STOP-MISSING", 4)], ["the end date (Out) is missing"]),
    ("start after the cutoff", {**DATED, "cutoff": date(2009, 7, 30)}, swap("P1", "P1"),
     [("fatal", "START-AFTER-CUTOFF", 7), *[("note", "STOP-AFTER-CUTOFF", k) for k in range(2, 8)]], []),
    ("undeclared level", TIMED, swap("61,B", "61,C"), [("error", "LEVEL-UNKNOWN", 3)],
     ['"C"', "no declared level"]),
    ("level in another case", TIMED, swap("61,B", "61,b"), [("error", "LEVEL-UNKNOWN", 3)],
     []),
    ("level that never occurs", TIMED, lambda text: text.replace(",B,", ",A,"), [("warning", "LEVEL-ABSENT", None)],
     ["never occurs"]),
    ("factor without a value", TIMED, lambda text: re.sub(r",\d\d,([AB])", r",,\1", text),
     [("warning", "ALL-MISSING", None)], ["missing in every patient"]),
    ("factor with much missing", TIMED, lambda text: re.sub(r",[56]\d,([AB])", r",,\1", text),
     [("warning", "MUCH-MISSING", None)], ["4 of 6 patients (66.7%)"]),
    ("rows alike", DATED, lambda text: text + "P7,9,1,58,B,2009-07-06,2010-04-06\n",
     [("note", "ROWS-ALIKE", 8)], ["rows 6 and 8", "make sure that they are different patients"]),
]  # fmt: skip


@pytest.mark.parametrize(("endpoint", "plant", "expected", "said"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS])
def test_a_fault_in_the_data_is_found_with_its_level_and_place(
    tmp_path: Path,
    endpoint: dict[str, Any],
    plant: Callable[[str], str],
    expected: list[tuple[str, str, int | None]],
    said: list[str],
) -> None:
    (tmp_path / "p.csv").write_text(plant(GOOD), encoding="utf-8")
    _, findings = read_records(tmp_path, protocol_of(endpoint, "p.csv", {}))
    found = [(f.level, f.rule, f.row) for f in findings]
    assert sorted(found, key=str) == sorted(expected, key=str)
    told = "\n".join(finding.in_full() for finding in findings)
    for fragment in said:
        assert fragment in told
    for finding in findings:
        assert not {"P1", "P2", "P3", "P4", "P5", "P6"} & set(finding.sentence.split())


def test_enough_faults_are_planted() -> None:
    assert len(FILES) + len(FAULTS) >= 40
