"""Tables of a records study from their files: found, typed, and every fault told with its place."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncohort.errors import DataError, ProtocolError
from oncohort.intake.read import RawTable
from oncohort.intake.template import read_dictionary, read_template_tables
from oncohort.intake.template_convert import convert_table, parse_partial_date
from oncohort.study.findings import Finding
from oncohort.study.protocol import TemplateFile
from oncohort.study.records import Records, Source
from oncohort.study.redcap import REDCAP_COLUMNS
from oncohort.study.template_tables import TEMPLATE

SUBJECTS = """patient_id,sex,age,screening_date,first_sorafenib_date,death_flag,death_date,cutoff_date
P1,M,54,2009-03-01,2009-03-15,Y,2010-02,2010-05-31
P2,F,61,2009-03-02,2009-03-20,N,,2010-05-31
"""
ROWS = {
    "subjects": {
        "patient_id": "P1",
        "sex": "M",
        "age": "54",
        "screening_date": "2009-03-01",
        "death_flag": "N",
        "cutoff_date": "2010-05-31",
    },
    "labs": {"patient_id": "P1", "date": "2009-03-10", "test": "AFP", "value": "12.5", "unit": "ng/mL"},
    "followup": {"patient_id": "P1", "date": "2010-01-07", "status": "ALIVE"},
    "clinical_scores": {"patient_id": "P1", "date": "2009-03-10", "ecog": "1", "ascites": "NONE"},
    "adverse_events": {
        "patient_id": "P1",
        "ae_id": "1",
        "term": "rash",
        "category": "DERMATOLOGY",
        "ctcae_version": "3.0",
        "grade": "2",
        "start_date": "2009-04",
        "related": "RELATED",
    },
    "procedures": {
        "patient_id": "P1",
        "date": "2009-05-01",
        "type": "TACE",
        "procedure_no": "1",
        "tumour_burden_pct": "30",
    },
}


def study(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    for name, content in {"data/subjects.csv": SUBJECTS, **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def read(folder: Path, **specs: TemplateFile) -> tuple[Records, list[Finding]]:
    return read_template_tables(folder, read_dictionary(folder), specs, data="data")


def convert(
    table: str, cells: Mapping[str, str | None], decimal: tuple[str, ...] = (".",), **told: object
) -> tuple[dict[str, object], list[Finding]]:
    """Read one row of a table: the cells of a good one, but for those given."""
    row = {name: cell for name, cell in {**ROWS[table], **cells}.items() if cell != "no such column"}
    frame = pl.DataFrame({name: [cell] for name, cell in row.items()}, schema=dict.fromkeys(row, pl.String))
    raw = RawTable(frame, (2,), Source(f"data/{table}.csv", "", 1, len(row), ()), decimal)
    typed, _, findings = convert_table(raw, TEMPLATE[table], TemplateFile.model_validate(told))
    return typed.row(0, named=True), findings


@pytest.mark.parametrize("table", ROWS)
def test_a_good_row_has_no_finding_and_every_column_of_the_template(table: str) -> None:
    row, findings = convert(table, {})
    assert findings == []
    assert list(row) == [*(column.name for column in TEMPLATE[table].columns), "row"]
    assert row["patient_id"] == "P1"
    assert row["row"] == 2


def test_columns_have_the_types_of_their_kind(tmp_path: Path) -> None:
    records, findings = read(study(tmp_path, {}))
    assert findings == []
    subjects = records.patients
    assert dict(subjects.schema) == {
        "patient_id": pl.String,
        "site_id": pl.String,
        "sex": pl.String,
        "birth_date": pl.String,
        "age": pl.Int64,
        "screening_date": pl.Date,
        "consent_date": pl.Date,
        "first_sorafenib_date": pl.Date,
        "last_sorafenib_date": pl.String,
        "death_flag": pl.String,
        "death_date": pl.String,
        "cutoff_date": pl.Date,
        "row": pl.Int64,
    }
    assert subjects["death_date"].to_list() == ["2010-02", None]
    assert subjects["row"].to_list() == [2, 3]
    assert list(records.tables) == ["subjects"]
    assert records.files == {"subjects": "data/subjects.csv"}
    assert [source.n_rows for source in records.sources] == [2]


def test_file_of_another_locale_gives_the_same_records(tmp_path: Path) -> None:
    here = "patient_id,date,test,value,unit\nP1,2009-03-10,BILI,17.1,umol/L\nP2,2009-03-11,AFP,2.5,ng/mL\n"
    there = "Patient ID;DATE;Test;Value [unit];unit\nP1;10.3.2009;bili;17,1;µmol/L\nP2;11.3.2009;AFP;2,5;NG/ML\n"
    first, none = read(study(tmp_path / "a", {"data/labs.csv": here}))
    spec = TemplateFile(date_format="D.M.Y")
    second, nothing = read(study(tmp_path / "b", {"data/Labs.txt": there}), labs=spec)
    assert none == nothing == []
    assert first.tables["labs"].equals(second.tables["labs"])
    assert second.sources[1].assumed == ("columns separated by ;", "decimal comma")


def test_chinese_text_is_kept_in_utf8_and_gb18030(tmp_path: Path) -> None:
    text = (
        SUBJECTS.replace("patient_id,", "patient_id,site_id,")
        .replace("P1,", "患者一,三〇二医院,")
        .replace("P2,", "P2,,")
    )
    for encoding in ("utf-8-sig", "gb18030"):
        records, findings = read(study(tmp_path, {"data/subjects.csv": text.encode(encoding)}))
        assert findings == []
        assert records.patients["patient_id"].to_list() == ["患者一", "P2"]
        assert records.patients["site_id"].to_list() == ["三〇二医院", None]


@pytest.mark.parametrize(
    ("cell", "sign", "expected"),
    [
        ("<20", None, (20.0, "<")),
        ("> 1000", None, (1000.0, ">")),
        ("<20", "<", (20.0, "<")),
        ("20", "<", (20.0, "<")),
        ("20", "=", (20.0, "=")),
        ("20", None, (20.0, None)),
    ],
)
def test_bound_is_read_from_one_cell_or_from_two(cell: str, sign: str | None, expected: tuple[float, str]) -> None:
    row, findings = convert("labs", {"value": cell, "comparator": sign})
    assert ((row["value"], row["comparator"]), findings) == (expected, [])


def test_bound_is_read_without_a_comparator_column_and_with_a_decimal_comma() -> None:
    row, findings = convert("labs", {"value": "<2,5"}, (",",))
    assert ((row["value"], row["comparator"]), findings) == ((2.5, "<"), [])


def test_signs_that_contradict_each_other_leave_neither() -> None:
    row, [finding] = convert("labs", {"value": "<20", "comparator": ">"})
    assert (row["value"], row["comparator"]) == (None, None)
    assert (finding.rule, finding.level, finding.column, finding.value) == (
        "COMPARATOR-DIFFERS",
        "error",
        "value",
        "<20",
    )


@pytest.mark.parametrize(
    ("table", "column", "cell", "value"),
    [
        ("subjects", "sex", "f", "F"),
        ("subjects", "death_flag", "FALSE", "N"),
        ("subjects", "death_flag", "TRUE", "Y"),
        ("subjects", "age", "54.0", 54),
        ("subjects", "screening_date", "2009-03-01 08:15", date(2009, 3, 1)),
        ("clinical_scores", "ascites", "moderate severe", "MODERATE_SEVERE"),
        ("clinical_scores", "child_pugh_class", "b", "B"),
        ("labs", "unit", "μmol/L", "umol/L"),
        ("adverse_events", "ctcae_version", "3", "3.0"),
        ("adverse_events", "start_date", "2009", "2009"),
        ("adverse_events", "end_date", "2009-05-02", "2009-05-02"),
        ("procedures", "lesion_ids", "T01;T02", "T01;T02"),
    ],
)
def test_value_comes_out_in_the_spelling_of_the_template(table: str, column: str, cell: str, value: object) -> None:
    row, findings = convert(table, {column: cell})
    assert (row[column], findings) == (value, [])


AS_MISSING = ", so the cell counts as missing"
FAULTS = [
    ("subjects", "age", "54 y", "error", "NOT-A-NUMBER",
     (f"a whole number from 18 to 110 was expected{AS_MISSING}; text after the number, such as its unit: write the "
     "number alone")),
    ("subjects", "age", "54.5", "error", "NOT-WHOLE", f"a whole number from 18 to 110 was expected{AS_MISSING}"),
    ("subjects", "age", "17", "error", "OUT-OF-RANGE", f"a whole number from 18 to 110 was expected{AS_MISSING}"),
    ("subjects", "age", "n/a", "error", "MISSING-WORD",
     (f"a whole number from 18 to 110 was expected{AS_MISSING}; a word for no value belongs in missing under "
     "[records.subjects]")),
    ("subjects", "consent_date", "unknown", "warning", "MISSING-WORD",
     (f"a date as YYYY-MM-DD was expected{AS_MISSING}; a word for no value belongs in missing under "
     "[records.subjects]")),
    ("subjects", "screening_date", "2009-03", "error", "NOT-A-DATE",
     f"a date as YYYY-MM-DD was expected{AS_MISSING}; the day is missing"),
    ("subjects", "screening_date", "2009-02-30", "error", "NOT-A-DATE",
     f"a date as YYYY-MM-DD was expected{AS_MISSING}; this day is not in the calendar of 1900 to 2100"),
    ("subjects", "screening_date", "15.3.2009", "error", "NOT-A-DATE",
     f'a date as YYYY-MM-DD was expected{AS_MISSING}; set date_format = "D.M.Y" under [records.subjects]'),
    ("subjects", "birth_date", "1955-13", "error", "NOT-A-DATE",
     f"a date as YYYY, YYYY-MM or YYYY-MM-DD was expected{AS_MISSING}"),
    ("subjects", "birth_date", "55", "error", "NOT-A-DATE",
     f"a date as YYYY, YYYY-MM or YYYY-MM-DD was expected{AS_MISSING}"),
    ("subjects", "sex", "male", "error", "NOT-ALLOWED", f"one of M; F; U was expected{AS_MISSING}"),
    ("subjects", "patient_id", None, "fatal", "ID-MISSING", "the row has no patient_id; every row needs one"),
    ("subjects", "death_flag", None, "error", "CELL-MISSING", "the cell is empty; one of Y; N is needed in every row"),
    ("labs", "value", "-1", "error", "OUT-OF-RANGE", f"a number from 0 was expected{AS_MISSING}"),
    ("labs", "uln", "0", "error", "OUT-OF-RANGE", f"a number above 0 was expected{AS_MISSING}"),
    ("labs", "value", "≤20", "error", "NOT-A-NUMBER",
     f"a number from 0 was expected{AS_MISSING}; only < and > before a number are read as a bound"),
    ("labs", "lln", "<3", "error", "NOT-A-NUMBER",
     f"a number from 0 was expected{AS_MISSING}; this is a bound, not a value, and the column takes none"),
    ("labs", "value", "1,5", "error", "NOT-A-NUMBER",
     f'a number from 0 was expected{AS_MISSING}; a decimal comma: set decimal = "," under [records.labs]'),
    ("labs", "unit", "umol", "error", "NOT-ALLOWED",
     ("one of umol/L; mg/dL; g/L; g/dL; U/L; 10^9/L; ng/mL; ratio; s; mmol/L was expected "
     f'(did you mean "umol/L"?){AS_MISSING}')),
    ("clinical_scores", "kps", "75", "error", "NOT-ALLOWED",
     f"one of 0; 10; 20; 30; 40; 50; 60; 70; 80; 90; 100 was expected{AS_MISSING}"),
    ("adverse_events", "grade", "6", "error", "OUT-OF-RANGE", f"a whole number from 1 to 5 was expected{AS_MISSING}"),
    ("procedures", "tumour_burden_pct", None, "error", "CELL-MISSING",
     "the cell is empty; a number from 0 to 100 is needed where type is TACE"),
    ("subjects", "Age at death", "60", "note", "COLUMN-UNKNOWN",
     "the table subjects of the template has no such column, so it is not read"),
    ("subjects", "consent date 1", "2009-03-01", "note", "COLUMN-UNKNOWN",
     'the table subjects of the template has no such column, so it is not read (did you mean "consent_date"?)'),
    ("followup", "SSDTC", "2010-01-07", "warning", "HEADER-TWICE",
     'is not read, because "date" is read from another column'),
]  # fmt: skip


@pytest.mark.parametrize(("table", "column", "cell", "level", "rule", "sentence"), FAULTS)
def test_planted_fault_is_told_with_its_place(
    table: str, column: str, cell: str | None, level: str, rule: str, sentence: str
) -> None:
    row, [finding] = convert(table, {column: cell})
    assert row.get(column) is None
    assert (finding.level, finding.rule, finding.sentence) == (level, rule, sentence)
    assert (finding.file, finding.column) == (f"data/{table}.csv", column)
    if not rule.startswith(("COLUMN", "HEADER")):
        assert (finding.row, finding.value) == (2, cell or "")
        assert finding.patient_id == ("" if rule == "ID-MISSING" else "P1")


def test_missing_required_column_is_fatal_and_told_once() -> None:
    row, findings = convert("followup", {"status": "no such column", "state": "ALIVE"})
    assert row["status"] is None
    assert [(f.level, f.rule, f.column, f.row) for f in findings] == [
        ("fatal", "COLUMN-MISSING", "status", None),
        ("note", "COLUMN-UNKNOWN", "state", None),
    ]
    assert findings[0].sentence == (
        'there is no such column (did you mean "state"?); the template needs it: what was learned; LOST = the patient '
        "could not be reached"
    )


def test_declared_words_for_missing_are_missing() -> None:
    row, [finding] = convert("subjects", {"age": "-9", "birth_date": "-9"}, missing=["-9"])
    assert (row["age"], row["birth_date"], finding.rule, finding.column) == (None, None, "CELL-MISSING", "age")


def test_conditional_cells_are_needed_only_where_their_condition_holds() -> None:
    cryo = {"type": "CRYO", "tumour_burden_pct": None}
    _, findings = convert("procedures", cryo)
    assert [(f.rule, f.column) for f in findings] == [
        ("CELL-MISSING", name) for name in ("freeze1_min", "thaw1_min", "freeze2_min")
    ]
    _, findings = convert("procedures", cryo | {"freeze1_min": "20", "thaw1_min": "10", "freeze2_min": "15"})
    assert findings == []


def test_cdisc_names_are_read(tmp_path: Path) -> None:
    text = (
        "USUBJID,AESPID,AETERM,AECAT,ctcae_version,AETOXGR,AESTDTC,AEREL\nP1,1,rash,DERMATOLOGY,3.0,2,2009-04,RELATED\n"
    )
    records, findings = read(study(tmp_path, {"data/adverse_events.csv": text}))
    assert findings == []
    events = records.tables["adverse_events"]
    assert events.select("patient_id", "term", "grade", "start_date").row(0) == ("P1", "rash", 2, "2009-04")


def test_own_name_of_a_column_is_read_before_its_alias() -> None:
    row, findings = convert("followup", {"SSDTC": "1999", "Date (day)": "1998"})
    assert row["date"] == "2010-01-07"
    assert [finding.column for finding in findings] == ["Date (day)", "SSDTC"]


def test_protocol_renames_headers(tmp_path: Path) -> None:
    text = "Nr,Kontakt,status\nP1,2010-01-07,ALIVE\n"
    spec = TemplateFile(rename={"patient_id": "Nr", "date": "Kontakt"})
    records, findings = read(study(tmp_path, {"data/followup.csv": text}), followup=spec)
    assert findings == []
    assert records.tables["followup"].row(0) == ("P1", "2010-01-07", "ALIVE", 2)
    with pytest.raises(ProtocolError, match=r'records\.followup\.rename: the table has no column "dat"\. Did you mean'):
        read(tmp_path, followup=TemplateFile(rename={"dat": "Kontakt"}))
    _, findings = read(tmp_path, followup=spec.model_copy(update={"rename": spec.rename | {"status": "Status?"}}))
    assert [(f.level, f.rule, f.column) for f in findings][:1] == [("fatal", "COLUMN-MISSING", "Status?")]


def workbook(path: Path, sheets: Mapping[str, list[list[object]]], *hidden: str) -> None:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        sheet.sheet_state = "hidden" if title in hidden else "visible"
        for row in rows:
            sheet.append(row)
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)


SHEET = [line.split(",") for line in SUBJECTS.splitlines()]


def test_tables_lie_in_sheets_of_the_one_workbook(tmp_path: Path) -> None:
    sheets = {
        "README": [["any text"]],
        "Subjects": SHEET,
        "Follow up": [["patient_id", "date", "status"], ["P1", date(2010, 1, 7), "ALIVE"]],
        "death": [["patient_id", "primary_cause"]],
        "lab": [["x"]],
        "old": [["x"]],
        "vitals": [],
    }
    workbook(tmp_path / "data" / "anything.xlsx", sheets, "old")
    records, findings = read(tmp_path)
    assert list(records.tables) == ["subjects", "followup"]
    assert records.files["followup"] == "data/anything.xlsx, sheet Follow up"
    assert records.tables["followup"]["date"].to_list() == ["2010-01-07"]
    assert [(f.level, f.rule, f.file) for f in findings] == [
        ("note", "TABLE-UNKNOWN", "data/anything.xlsx, sheet lab"),
        ("note", "TABLE-EMPTY", "data/anything.xlsx, sheet vitals"),
        ("note", "TABLE-EMPTY", "data/anything.xlsx, sheet death"),
    ]
    assert findings[0].sentence.endswith('(did you mean "labs"?)')


def test_protocol_names_file_and_sheet(tmp_path: Path) -> None:
    workbook(tmp_path / "data" / "book.xlsx", {"Patienten": SHEET})
    records, findings = read(tmp_path, subjects=TemplateFile(sheet="Patienten"))
    assert (records.files["subjects"], findings) == ("data/book.xlsx, sheet Patienten", [])
    workbook(tmp_path / "more" / "book.xlsx", {"Patienten": SHEET, "b": [["x"]]})
    spec = TemplateFile(file="more/book.xlsx", sheet="Patienten")
    records, _ = read(tmp_path, subjects=spec)
    assert records.files["subjects"] == "more/book.xlsx"
    with pytest.raises(DataError, match=r'data: no workbook has the sheet "Lab" that study.toml names for labs'):
        read(tmp_path, subjects=spec, labs=TemplateFile(sheet="Lab"))


def test_parquet_and_tab_separated_tables_are_read(tmp_path: Path) -> None:
    followup = pl.DataFrame({"patient_id": ["P1"], "date": [date(2010, 1, 7)], "status": ["ALIVE"]})
    study(tmp_path, {"data/death.tsv": "patient_id\tprimary_cause\nP1\tliver failure\n"})
    followup.write_parquet(tmp_path / "data" / "followup.parquet")
    records, findings = read(tmp_path)
    assert findings == []
    assert records.tables["death"]["primary_cause"].to_list() == ["LIVER FAILURE"]
    assert records.tables["followup"]["date"].to_list() == ["2010-01-07"]


def test_files_of_no_table_are_told_and_hidden_ones_passed_over(tmp_path: Path) -> None:
    files = {"data/lab.csv": "x\n1\n", "data/~$x.xlsx": "x", "data/.x.csv": "x", "data/notes.docx": "x"}
    _, [finding] = read(study(tmp_path, files))
    assert (finding.rule, finding.file) == ("TABLE-UNKNOWN", "data/lab.csv")
    assert finding.sentence == (
        'bears the name of no table that is looked for here, so it is not read (did you mean "labs"?)'
    )


def test_places_that_cannot_be_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="data: there is no such folder"):
        read(tmp_path)
    (tmp_path / "data").mkdir()
    with pytest.raises(DataError, match=r'data: there is no table "subjects"; a file subjects.csv or a workbook'):
        read(tmp_path)
    study(tmp_path, {"data/subjects.csv": SUBJECTS.splitlines()[0]})
    with pytest.raises(DataError, match=r"data/subjects.csv: has no rows; at least one row a patient was expected"):
        read(tmp_path)
    study(tmp_path, {})
    workbook(tmp_path / "data" / "a.xlsx", {"subjects": SHEET})
    with pytest.raises(
        DataError, match=r"the table subjects is there twice, in data/subjects.csv and data/a.xlsx, sheet"
    ):
        read(tmp_path)
    workbook(tmp_path / "data" / "b.xlsx", {"subjects": SHEET})
    with pytest.raises(DataError, match=r"several workbooks bear the name of no table \(a.xlsx, b.xlsx\)"):
        read(tmp_path)


def dictionary(*fields: Mapping[str, str]) -> str:
    lines = [",".join(f'"{name}"' for name in REDCAP_COLUMNS)]
    lines += [",".join(f'"{field.get(name, "")}"' for name in REDCAP_COLUMNS) for field in fields]
    return "\n".join(lines)


def test_dictionary_of_the_study_is_read(tmp_path: Path) -> None:
    name, form, kind, choices, tag = (REDCAP_COLUMNS[k] for k in (0, 1, 3, 5, 17))
    text = dictionary(
        {name: "record_id", form: "first", kind: "text", tag: "@ONCOHORT subjects.patient_id"},
        {name: "gender", form: "first", kind: "radio", choices: "1, M | 2, F", tag: "@ONCOHORT subjects.sex"},
        {name: "smoker", form: "subjects", kind: "yesno"},
        {name: "shoe", form: "wardrobe", kind: "text"},
    )
    subjects = SUBJECTS.replace("patient_id,sex", "record_id,gender,smoker").replace("P1,M", "P1,1,1")
    subjects = subjects.replace("P2,F", "P2,3,0")
    records, findings = read(study(tmp_path, {"dictionary.csv": text, "data/subjects.csv": subjects}))
    assert records.patients["sex"].to_list() == ["M", None]
    assert records.patients["smoker"].to_list() == ["Y", "N"]
    assert [(f.rule, f.column, f.value) for f in findings] == [
        ("FORM-UNKNOWN", "Form Name", "wardrobe"),
        ("NOT-ALLOWED", "gender", "3"),
    ]
    assert [source.name for source in records.sources] == ["dictionary.csv", "data/subjects.csv"]
    assert records.template["subjects"].find("smoker") is not None


@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)))
def test_every_day_month_and_year_is_a_partial_date(day: date) -> None:
    for text in (f"{day:%Y}", f"{day:%Y-%m}", f"{day:%Y-%m-%d}"):
        assert parse_partial_date(text, "Y-M-D") == text


@given(st.text("0123456789-/. ", max_size=11))
def test_a_partial_date_is_iso_text_or_nothing(cell: str) -> None:
    read_as = parse_partial_date(cell, "D.M.Y")
    assert read_as is None or parse_partial_date(read_as, "Y-M-D") == read_as


@given(st.dictionaries(st.sampled_from([c.name for c in TEMPLATE["labs"].columns]), st.text(max_size=6)))
def test_any_text_gives_a_value_or_a_finding(cells: dict[str, str]) -> None:
    cells = {name: cell.strip() or "x" for name, cell in cells.items()}
    row, findings = convert("labs", cells)
    told = {finding.column for finding in findings}
    assert all(row[name] is not None or name in told for name in cells if name != "comparator")
