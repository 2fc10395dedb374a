"""Columns that a study adds to the data template, from dictionary.csv through the protocol to the report."""

import csv
from collections.abc import Mapping

import polars as pl
import pytest
from clean_record_study import clean_study

from oncohort.demo import demo_study
from oncohort.pipeline import run_study
from oncohort.study.redcap import (
    ANNOTATION,
    CHOICES,
    FORM,
    LABEL,
    MAXIMUM,
    MINIMUM,
    NAME,
    NOTE,
    REDCAP_COLUMNS,
    TYPE,
    VALIDATION,
)

with demo_study("blank_records") as blank:
    DRAFT = (blank / "study.toml").read_text(encoding="utf-8")
PROTOCOL = DRAFT.replace('title = "CHOOSE"', 'title = "x"').replace('profile = "CHOOSE"', 'profile = "paper"')
NAMED = """
[[criterion]]
id = "AFP_L3"
include = { column = "baseline_disease.afp_l3_pct", op = "<=", value = 80, unit = "%" }

[[criterion]]
id = "REFERRED"
exclude = { column = "baseline_disease.referral", op = "==", value = "Chance" }

[[baseline.variable]]
id = "grip"
from = "vitals.grip_kg"
label = "Grip strength"

[[flow.reason]]
id = "previous_treatment"
split = ["baseline_disease.smoker"]

[[factor]]
id = "grip"
column = "grip"
unit = "kg"
cut = [{ id = "weak", max = 20 }, { id = "strong", above = 20 }]

[[factor]]
id = "referral"
column = "baseline_disease.referral"
levels = ["Screening", "Symptoms"]

[[table]]
id = "table_more"
kind = "characteristics"
factors = ["grip", "referral"]
"""
FIELDS = {
    "afp_l3_pct": {
        FORM: "baseline_disease", TYPE: "text", VALIDATION: "number", MINIMUM: "0", MAXIMUM: "100", NOTE: "%",
    },
    "referral": {FORM: "baseline_disease", TYPE: "radio", CHOICES: "1, Screening | 2, Symptoms | 3, Chance"},
    "smoker": {FORM: "baseline_disease", TYPE: "yesno", LABEL: "has ever smoked"},
    "grip_kg": {FORM: "vitals", TYPE: "text", VALIDATION: "number_1dp", NOTE: "kg"},
    "entered_on": {FORM: "labs", TYPE: "text", VALIDATION: "date_ymd", LABEL: "day on which the form was filled in"},
}  # fmt: skip
CELLS = {
    "baseline_disease": {
        "afp_l3_pct": ["10", "20", "5", "95", "30", "", "1", "15"],
        "referral": ["1", "2", "2", "1", "1", "3", "1", "1"],
        "smoker": ["1", "0", "1", "0", "1", "0", "1", "0"],
    },
    "vitals": {"grip_kg": ["30.5", "18", "20", "25", "16"]},
    "labs": {"entered_on": ["2010-12-30"] * 18},
}


def dictionary(fields: Mapping[str, Mapping[str, str]]) -> str:
    rows = [dict.fromkeys(REDCAP_COLUMNS, "") | {NAME: name} | cells for name, cells in fields.items()]
    lines = [",".join(f'"{cell}"' for cell in row) for row in (REDCAP_COLUMNS, *(row.values() for row in rows))]
    return "\n".join(lines)


def written(folder, *, protocol=PROTOCOL + NAMED, told=None):
    """Write the clean study with the added columns; ``told`` is the text of dictionary.csv."""
    (folder / "data").mkdir()
    for name, frame in clean_study().items():
        more = [pl.Series(column, cells, dtype=pl.String) for column, cells in CELLS.get(name, {}).items()]
        frame.drop("row").with_columns(more).write_csv(folder / "data" / f"{name}.csv")
    (folder / "study.toml").write_text(protocol, encoding="utf-8")
    (folder / "dictionary.csv").write_text(dictionary(FIELDS) if told is None else told, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return written(tmp_path_factory.mktemp("added"))


@pytest.fixture(scope="module")
def run(study):
    return run_study(study)


def test_study_with_added_columns_is_checked_and_run(study, oncohort, tmp_path):
    checked = oncohort("check", study)
    assert checked.code == 0, checked.out + checked.err
    assert "COLUMN-UNKNOWN" not in checked.out
    assert "no such column" not in checked.out
    out = tmp_path / "out"
    told = oncohort("run", study, "--out", out)
    assert told.code == 0, told.err
    with (out / "results.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["analysis"] == "baseline"]
    counts = {(row["variable"], row["level"]): row["text"] for row in rows if row["statistic"] == "n" and row["level"]}
    assert {key: n for key, n in counts.items() if key[0] in {"grip", "referral"}} == {
        ("grip", "weak"): "2",
        ("grip", "strong"): "2",
        ("referral", "Screening"): "4",
        ("referral", "Symptoms"): "2",
    }


def test_criteria_read_the_added_columns(run):
    judged = run.cohort.derived.patients.select("patient_id", "failed", "missing_criteria").rows()
    assert [who for who, failed, _ in judged if "AFP_L3" in failed.split("; ")] == ["P04"]
    assert [who for who, failed, _ in judged if "REFERRED" in failed.split("; ")] == ["P06"]
    assert [who for who, _, missing in judged if "AFP_L3" in missing.split("; ")] == ["P06"]


def test_baseline_takes_an_added_column_from_the_window(run):
    grip = dict(run.cohort.derived.patients.select("patient_id", "grip").rows())
    assert grip["P01"] == 30.5, "18 kg are of a day after the first dose"
    assert [grip[who] for who in ("P02", "P03", "P08")] == [20.0, 25.0, 16.0]


def test_label_of_an_added_field_stands_in_the_flow(run):
    step = next(step for step in run.cohort.flow if step.id == "previous_treatment")
    assert [part.label for part in step.parts] == ["Has ever smoked"]


def test_date_of_an_added_column_proves_nobody_alive(run, tmp_path):
    plain = run_study(written(tmp_path, protocol=PROTOCOL, told=dictionary({})))
    columns = ("patient_id", "first_record", "last_known_alive_day", "death_day")
    mine, theirs = run.cohort.derived.patients, plain.cohort.derived.patients
    assert mine.select(columns).equals(theirs.select(columns))
    assert run.records.tables["labs"]["entered_on"].null_count() == 0, "the dates were read"


def test_value_that_is_no_level_is_told_unless_it_is_a_word_for_no_value(tmp_path):
    levels = 'levels = ["Screening", "Symptoms"]'
    one = run_study(written(tmp_path, protocol=PROTOCOL + NAMED.replace(levels, 'levels = ["Screening", "Chance"]')))
    [found] = [finding for finding in one.findings if finding.rule == "LEVEL-UNKNOWN"]
    sentence = 'factor "referral": this value of 2 patients is no declared level, so it counts as missing'
    assert (found.level, found.value, found.sentence) == ("error", "Symptoms", sentence)
    assert one.cohort.factors["referral"].codes.tolist().count(-1) == 2
    silent = PROTOCOL + NAMED.replace(levels, 'levels = ["Screening", "Chance"]\nmissing = ["Symptoms"]')
    (tmp_path / "study.toml").write_text(silent, encoding="utf-8")
    assert not [finding for finding in run_study(tmp_path).findings if finding.rule == "LEVEL-UNKNOWN"]


def test_study_without_its_dictionary_is_told_which_columns_are_near(oncohort, tmp_path):
    bare = written(tmp_path, told=dictionary({}))
    told = oncohort("check", bare)
    assert told.code == 3
    assert 'criterion.AFP_L3.include.column: no table, baseline variable or derivation gives a column "b' in told.err
    assert 'baseline.variable.grip.from: the table "vitals" has no "grip_kg".' in told.err
    assert told.err.count("study.toml:") == 6, told.err


REFUSED = [
    ("a column that nobody added", (("afp_l3_pct", "afp_l3_pc"),),
     'gives a column "baseline_disease.afp_l3_pc". Did you mean "baseline_disease.afp_l3_pct"?'),
    ("a value that is no choice", (('value = "Chance"', 'value = "Chants"'),),
     'the column "baseline_disease.referral" has no value "Chants"; it has "Screening", "Symptoms", "Chance".'),
    ("an order of words", (('op = "==", value = "Chance"', 'op = ">", value = 1'),),
     '">" needs a number or a date, and the column "baseline_disease.referral" holds text'),
    ("a cut of words", (('column = "grip"\nunit = "kg"', 'column = "baseline_disease.referral"'),),
     'the column "baseline_disease.referral" holds no numbers; levels were expected'),
    ("another unit", (('unit = "kg"', 'unit = "lb"'),),
     'the column "grip" can be shown in "kg", not in "lb"'),
    ("a level that is no choice", (('"Symptoms"]', '"Pain"]'),), 'has no value "Pain"; it has "Screening"'),
]  # fmt: skip


@pytest.mark.parametrize(("name", "changes", "sentence"), REFUSED, ids=[each[0] for each in REFUSED])
def test_protocol_is_checked_against_the_added_columns(oncohort, tmp_path, name, changes, sentence):
    protocol = PROTOCOL + NAMED
    for old, new in changes:
        assert old in protocol, name
        protocol = protocol.replace(old, new)
    folder = written(tmp_path, protocol=protocol)
    for command in ("check", "run"):
        told = oncohort(command, folder)
        assert (told.code, sentence in told.err) == (3, True), told.err


TWICE = dictionary(FIELDS) + "\n" + dictionary({"grip_kg": FIELDS["grip_kg"]}).partition("\n")[2]
BROKEN = [
    ("no data dictionary", "field,form\ngrip_kg,vitals\n", 'dictionary.csv: has no column "Variable / Field Name"'),
    ("an empty file", "", "dictionary.csv: the file is empty"),
    ("a field twice", TWICE, 'dictionary.csv, field "grip_kg": is there twice'),
    ("a bound that is no number", dictionary({"grip_kg": {**FIELDS["grip_kg"], MINIMUM: "low"}}),
     'dictionary.csv, field "grip_kg": "low" in "Text Validation Min" is no number; a bound was expected'),
    ("a name that cannot be", dictionary({"Grip": FIELDS["grip_kg"]}),
     'dictionary.csv, field "Grip": a new column needs a name of lower case letters, digits and underscores'),
    ("a name of derivations", dictionary({"date_day": FIELDS["grip_kg"]}),
     'dictionary.csv, field "date_day": derivations make a column of this name; another name was expected'),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "sentence"), BROKEN, ids=[each[0] for each in BROKEN])
def test_broken_dictionary_is_told_before_the_protocol_is_checked(oncohort, tmp_path, name, text, sentence):
    folder = written(tmp_path, told=text)
    for command in ("check", "run"):
        told = oncohort(command, folder)
        assert (told.code, sentence in told.err) == (4, True), (name, told.err)
        assert told.err.count("\n") == 1


NARROWED = {
    "why": {
        TYPE: "radio",
        CHOICES: "1, Adverse event | 2, Progressive disease | 3, Death | 4, Lost to follow-up | 5, Physician decision",
        ANNOTATION: "@ONCOHORT disposition.sorafenib_end_reason",
    }
}


def test_reasons_that_the_study_does_not_offer_are_not_counted(tmp_path):
    narrow = run_study(written(tmp_path, protocol=PROTOCOL, told=dictionary(NARROWED)))
    levels = [level.label for level in narrow.results.levels if level.variable == "exposure.stop_reason"]
    offered = ["Adverse event", "Progressive disease", "Death", "Physician decision", "Lost to follow-up"]
    assert levels == [*offered, "Going on, or not recorded"]


def test_values_that_the_study_does_not_offer_cannot_be_named(oncohort, tmp_path):
    states = {"dose": {TYPE: "radio", CHOICES: "1, Full | 2, Interrupted", ANNOTATION: "@ONCOHORT exposure.state"}}
    causes = {"cause": {TYPE: "radio", CHOICES: "1, Liver failure", ANNOTATION: "@ONCOHORT death.primary_cause"}}
    protocol = PROTOCOL.replace('events = ["death"]', 'events = ["death"]\ncauses = ["VARICEAL BLEEDING"]')
    told = oncohort("check", written(tmp_path, protocol=protocol, told=dictionary(states | causes)))
    assert told.code == 3
    assert 'levels.REDUCED.id: exposure.state has no "REDUCED"; it has "FULL", "INTERRUPTED".' in told.err
    assert 'endpoint.OS.causes: there is no cause of death "VARICEAL BLEEDING"; declared are' in told.err


def test_cell_of_another_type_than_the_field_is_an_error_and_missing(oncohort, tmp_path):
    folder = written(tmp_path)
    path = folder / "data" / "baseline_disease.csv"
    text = path.read_text(encoding="utf-8")
    assert "95,1,0" in text
    path.write_text(text.replace("95,1,0", "high,9,0"), encoding="utf-8")
    told = oncohort("check", folder)
    assert told.code == 4
    assert 'row 5, patient P04, column "afp_l3_pct": "high": a number from 0 to 100 was expected' in told.out
    assert 'row 5, patient P04, column "referral": "9": one of Screening; Symptoms; Chance was expected' in told.out


def test_dictionary_of_a_table_study_is_no_business_of_oncohort(oncohort, tmp_path):
    with demo_study("sorafenib_table") as demo:
        (tmp_path / "study.toml").write_text((demo / "study.toml").read_text(encoding="utf-8"), encoding="utf-8")
        (tmp_path / "data").mkdir()
        for path in (demo / "data").iterdir():
            (tmp_path / "data" / path.name).write_bytes(path.read_bytes())
        for path in demo.glob("*.toml"):
            (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "dictionary.csv").write_text("column,meaning\nage,years\n", encoding="utf-8")
    told = oncohort("check", tmp_path)
    assert told.code == 0, told.err
