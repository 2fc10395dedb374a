"""The record dictionary: that its tables fit together, are told in the document, and go to REDCap and back."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from oncohort.errors import DataError
from oncohort.intake.convert import plain_name
from oncohort.study.dictionary import Template, TemplateColumn, expectation, headers_of, spelling
from oncohort.study.redcap import (
    ANNOTATION,
    CHOICES,
    FORM,
    MAXIMUM,
    MINIMUM,
    NAME,
    REDCAP_COLUMNS,
    REQUIRED,
    TYPE,
    VALIDATION,
    apply_redcap_rows,
    as_redcap_rows,
)
from oncohort.study.template_tables import TEMPLATE

DOCUMENT = Path(__file__).parents[2] / "docs" / "template.md"
COLUMNS = [column for table in TEMPLATE.values() for column in table.columns]
TABLES = [
    "subjects",
    "screening",
    "baseline_disease",
    "labs",
    "clinical_scores",
    "vitals",
    "exposure",
    "procedures",
    "lesions",
    "lesion_measurements",
    "response",
    "adverse_events",
    "other_therapy",
    "disposition",
    "death",
    "followup",
]


def in_words(column: TemplateColumn) -> str:
    unit = f" ({column.unit})" if column.unit else ""
    needed = {"yes": "**yes**", "no": ""}.get(column.required, column.required)
    other = ", ".join(f"`{name}`" for name in headers_of(column, TEMPLATE[column.table])[1:])
    cells = (f"`{column.name}`", needed, f"{column.help}{unit}", expectation(column), column.used_for, other)
    return "| " + " | ".join(cells) + " |"


def as_markdown() -> str:
    """Return the tables of the document, as the dictionary has them."""
    lines: list[str] = []
    for table in TEMPLATE.values():
        lines += [f"### {table.name}", "", f"{table.title}: {table.holds}. Key: {', '.join(table.key)}.", ""]
        lines += ["| column | needed | what stands in it | a cell is | used for | also read as |", "|" + "---|" * 6]
        lines += [*(in_words(column) for column in table.columns), ""]
    return "\n".join(lines)


def column_of(place: str, template: Template = TEMPLATE) -> TemplateColumn:
    table, _, name = place.partition(".")
    column = template[table].find(name)
    assert column is not None, place
    return column


def field(name: str, **cells: str) -> dict[str, str | None]:
    return dict.fromkeys(REDCAP_COLUMNS) | {NAME: name} | cells


def test_the_template_has_its_sixteen_tables_in_order() -> None:
    assert list(TEMPLATE) == TABLES
    assert all(table.name == name for name, table in TEMPLATE.items())
    assert all(column.table == name for name, table in TEMPLATE.items() for column in table.columns)


def test_the_document_lists_every_table_and_column() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert as_markdown() in text, "docs/template.md differs from the dictionary; its end must be as_markdown()"


@pytest.mark.parametrize("table", TEMPLATE.values(), ids=TABLES)
def test_no_header_means_two_columns_of_a_table(table) -> None:
    assert table.columns[0].name == "patient_id"
    headers = [plain_name(header).replace(" ", "") for column in table.columns for header in headers_of(column, table)]
    assert [header for header, times in Counter(headers).items() if times > 1] == []
    assert "row" not in headers
    assert set(table.key) <= {column.name for column in table.collected()}


def test_columns_name_columns_that_are_there() -> None:
    for column in COLUMNS:
        if column.comparator:
            assert column_of(f"{column.table}.{column.comparator}").allowed == ("=", "<", ">")
            assert column.kind == "number"
        if column.required_where:
            other, value = column.required_where
            assert value in column_of(f"{column.table}.{other}").allowed
            assert column.required == f"where {other} is {value}"
        if column.refers_to:
            assert column_of(column.refers_to).kind == "text"


def test_facts_of_columns_fit_their_kind() -> None:
    for column in COLUMNS:
        numeric = column.kind in {"integer", "number"}
        bounds = (column.low, column.high, column.above)
        assert numeric or bounds == (None, None, None), column
        assert (column.kind == "enum") <= bool(column.allowed), column
        assert not column.allowed or numeric or column.kind == "enum", column
        assert len({spelling(value) for value in column.allowed}) == len(column.allowed), column
        assert column.help, column


def test_cdisc_names_are_other_headers_where_they_are_plain_variables() -> None:
    read = {
        f"{table.name}.{column.name}": headers_of(column, table)[1:]
        for table in TEMPLATE.values()
        for column in table.columns
    }
    assert read["subjects.patient_id"] == read["labs.patient_id"] == read["other_therapy.patient_id"] == ("USUBJID",)
    assert read["adverse_events.term"] == ("AETERM",)
    assert read["subjects.screening_date"] == ("SCRNDTC",)
    assert (read["labs.value"], read["labs.unit"], read["labs.uln"]) == (("LBSTRESN",), ("LBSTRESU",), ("LBSTNRHI",))
    assert read["procedures.lipiodol_deposit_pct"] == (), "FAORRES is the result of any finding"
    assert read["exposure.ae_id"] == (), "RELREC is a data set"
    assert read["baseline_disease.n1"] == (), "the table is made of several domains"


def test_redcap_dictionary_has_fields_that_redcap_takes() -> None:
    rows = as_redcap_rows(TEMPLATE)
    assert len(REDCAP_COLUMNS) == 18
    assert all(list(row) == list(REDCAP_COLUMNS) for row in rows)
    assert rows[0][NAME] == "patient_id", "the record id stands first"
    names = [row[NAME] for row in rows]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]{0,99}", name) for name in names)
    for row in rows:
        codes = [choice.partition(",")[0].strip() for choice in row[CHOICES].split("|") if choice]
        assert all(re.fullmatch(r"\w+", code, re.ASCII) for code in codes), row
        assert len(set(codes)) == len(codes)
        assert (row[TYPE] == "dropdown") == bool(codes)
    tagged = {row[ANNOTATION].split()[1] for row in rows}
    collected = {f"{t.name}.{c.name}" for t in TEMPLATE.values() for c in t.collected()}
    assert collected - tagged == {f"{name}.patient_id" for name in TABLES[1:]}


def test_template_comes_back_from_its_redcap_dictionary() -> None:
    rows = as_redcap_rows(TEMPLATE)
    back = apply_redcap_rows(TEMPLATE, rows, name="dictionary.csv")
    for row in rows:
        place = row[ANNOTATION].split()[1]
        old, new = column_of(place), column_of(place, back)
        assert (new.allowed, new.low, new.high, new.above) == (old.allowed, old.low, old.high, old.above)
        assert row[NAME] in headers_of(new, back[new.table])
        assert [value for _, value in new.codes] == list(old.allowed)


def test_field_renames_narrows_and_gives_codes() -> None:
    rows = [
        field("gender", **{TYPE: "radio", CHOICES: "1, m | 2, f", ANNOTATION: "@HIDDEN @ONCOHORT subjects.sex"}),
        field("alter", **{TYPE: "text", MINIMUM: "10", MAXIMUM: "80", ANNOTATION: "@ONCOHORT subjects.age"}),
        field("site_id", **{FORM: "subjects", TYPE: "text", REQUIRED: "y"}),
        field("ps", **{TYPE: "radio", CHOICES: "0, active | 1, limited", ANNOTATION: "@ONCOHORT clinical_scores.ecog"}),
        field("dead", **{TYPE: "yesno", ANNOTATION: "@ONCOHORT subjects.death_flag"}),
    ]
    read = apply_redcap_rows(TEMPLATE, rows, name="dictionary.csv")
    sex = column_of("subjects.sex", read)
    assert (sex.aliases, sex.allowed, sex.codes) == (("gender",), ("M", "F"), (("1", "M"), ("2", "F")))
    age = column_of("subjects.age", read)
    assert (age.low, age.high) == (18, 80), "a dictionary cannot widen"
    assert column_of("subjects.site_id", read).required == "yes"
    assert column_of("clinical_scores.ecog", read).allowed == ("0", "1")
    assert column_of("subjects.death_flag", read).codes == (("1", "Y"), ("0", "N"))


def test_record_id_has_one_name_in_every_table() -> None:
    rows = [field("study_no", **{FORM: "first", TYPE: "text", ANNOTATION: "@ONCOHORT subjects.patient_id"})]
    read = apply_redcap_rows(TEMPLATE, rows, name="dictionary.csv")
    assert all("study_no" in headers_of(table.columns[0], table) for table in read.values())


def test_field_of_a_table_without_annotation_is_a_column_more() -> None:
    rows = [
        field("smoker", **{FORM: "subjects", TYPE: "radio", CHOICES: "1, Never | 2, Ever", REQUIRED: "y"}),
        field("bmi", **{FORM: "vitals", TYPE: "text", VALIDATION: "number_1dp", MINIMUM: "10"}),
        field("seen_on", **{FORM: "vitals", TYPE: "text", VALIDATION: "date_dmy"}),
        field("shoe", **{FORM: "wardrobe", TYPE: "text"}),
    ]
    read = apply_redcap_rows(TEMPLATE, rows, name="dictionary.csv")
    smoker = column_of("subjects.smoker", read)
    assert (smoker.kind, smoker.required, smoker.allowed) == ("enum", "yes", ("Never", "Ever"))
    bmi = column_of("vitals.bmi", read)
    assert (bmi.kind, bmi.low, bmi.required) == ("number", 10.0, "no")
    assert column_of("vitals.seen_on", read).kind == "date"
    assert not any(table.find("shoe") for table in read.values())


FAULTS = [
    ({ANNOTATION: "@ONCOHORT lab.date"}, 'the template has no table "lab". Did you mean "labs"?'),
    ({ANNOTATION: "@ONCOHORT labs.dat"}, 'the table labs has no column "dat". Did you mean "date"?'),
    (
        {TYPE: "radio", CHOICES: "1, M | 9, Other", ANNOTATION: "@ONCOHORT subjects.sex"},
        'the choice "9, Other" is no value of subjects.sex; as label or code one of M; F; U was expected',
    ),
    ({MINIMUM: "ten", ANNOTATION: "@ONCOHORT subjects.age"}, '"ten" in "Text Validation Min" is no number'),
    ({FORM: "labs", NAME: "Row"}, "a new column needs a name of lower case letters"),
    ({FORM: "labs", NAME: "row"}, "derivations make a column of this name; another name was expected"),
    ({FORM: "labs", NAME: "cutoff"}, "derivations make a column of this name"),
    ({FORM: "labs", NAME: "date_day"}, "derivations make a column of this name"),
]


@pytest.mark.parametrize(("cells", "sentence"), FAULTS)
def test_dictionary_that_contradicts_the_template_is_refused(cells: dict[str, str], sentence: str) -> None:
    row = field("x") | cells
    with pytest.raises(DataError, match=re.escape(f'dictionary.csv, field "{row[NAME]}": ')) as told:
        apply_redcap_rows(TEMPLATE, [row], name="dictionary.csv")
    assert sentence in str(told.value)


def test_every_problem_of_a_dictionary_is_told_at_once() -> None:
    rows = [field("a", **{ANNOTATION: "@ONCOHORT x.y"}), field("b", **{ANNOTATION: "@ONCOHORT labs.y"})]
    with pytest.raises(DataError) as told:
        apply_redcap_rows(TEMPLATE, rows, name="dictionary.csv")
    assert str(told.value).count("\n") == 1


def test_a_file_that_is_no_data_dictionary_is_refused() -> None:
    with pytest.raises(DataError, match='has no column "Form Name"; the 18 columns of a REDCap dictionary'):
        apply_redcap_rows(TEMPLATE, [{NAME: "x"}], name="dictionary.csv")
