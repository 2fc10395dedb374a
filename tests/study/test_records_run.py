"""A records study through the command line: what is derived, that the numbers add up, and what bad input is told."""

import csv
import re
from itertools import pairwise

import polars as pl
import pytest
from clean_record_study import clean_study

from oncohort.demo import demo_study
from oncohort.pipeline import run_study

COMPARED = """
[[comparison]]
id = "local"
by = "arm"
groups = [{ id = "with", values = ["tace", "tace_cryo", "cryo"] }, { id = "without", values = ["sorafenib"] }]
outcomes = ["clinical_benefit", "OS"]
"""
with demo_study("blank_records") as blank:
    DRAFT = (blank / "study.toml").read_text(encoding="utf-8")
PROTOCOL = (
    DRAFT.replace('title = "CHOOSE"', 'title = "x"').replace('profile = "CHOOSE"', 'profile = "paper"') + COMPARED
)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("records")
    (folder / "data").mkdir()
    for name, frame in clean_study().items():
        frame.drop("row").write_csv(folder / "data" / f"{name}.csv")
    (folder / "study.toml").write_text(PROTOCOL, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def run(study):
    return run_study(study)


def test_every_screened_patient_is_in_the_flow_once(run):
    steps = run.cohort.flow
    assert steps[0].n_in == clean_study()["subjects"].height
    for step, after in pairwise(steps):
        assert step.n_in - step.n_out == after.n_in
    assert steps[-1].n_in == len(run.cohort.patient_id) > 0


def test_progression_is_never_after_the_end_of_progression_free_survival(run):
    times = run.cohort.derived.time_to_event.filter(pl.col("rule") == "")
    wide = times.pivot(on="endpoint", index="patient_id", values="day")
    assert wide.filter(pl.col("PFS") > pl.col("OS")).height == 0


def test_best_responses_of_the_arms_add_up_to_the_whole(run):
    rows = [r for r in run.results.select("response", variable="best_response", model="") if r.statistic == "n"]
    keys = {f"arm={arm.id}" for arm in run.protocol.arm.levels}
    for level in {row.level for row in rows if row.level}:
        whole = sum(row.value for row in rows if row.level == level and not row.group)
        arms = sum(row.value for row in rows if row.level == level and row.group in keys)
        assert whole == arms


def test_every_treated_patient_has_a_verdict_on_every_rule(run):
    judged = run.cohort.derived.adherence
    rules = judged["rule"].n_unique()
    assert rules > 20
    assert judged.group_by("patient_id").agg(pl.col("rule").n_unique())["rule"].to_list() == [rules] * len(
        run.cohort.derived.patients.filter("treated")
    )
    assert set(judged["verdict"].unique()) <= {"kept", "broken", "not assessable", "not applicable"}


def test_what_an_arm_is_known_for_only_later_is_told(run):
    assert any(f.rule == "IMMORTAL-TIME" and "treatment" in f.sentence.lower() for f in run.findings)


def test_a_run_writes_adam_datasets_and_no_patient_outside_the_private_folder(study, oncohort, tmp_path):
    out = tmp_path / "out"
    told = oncohort("run", study, "--out", out)
    assert told.code == 0, told.err
    names = {path.stem for path in (out / "private" / "datasets").glob("*.parquet")}
    assert {"adsl", "adrs", "adtte", "adae", "adex", "adlb", "adtr", "adherence", "reconciliation"} <= names
    patients = set(clean_study()["subjects"]["patient_id"])
    dates = set(map(str, clean_study()["subjects"]["screening_date"]))
    for path in out.rglob("*"):
        if path.is_file() and "private" not in path.parts and path.suffix in {".csv", ".html", ".svg"}:
            text = path.read_text(encoding="utf-8")
            assert not [name for name in patients if re.search(rf"\b{re.escape(name)}\b", text)], path.name
            assert not [day for day in dates if day in text], path.name
    with (out / "results.csv").open(encoding="utf-8", newline="") as file:
        analyses = {row["analysis"] for row in csv.DictReader(file)}
    assert {"flow", "response", "comparison", "safety", "exposure", "deaths", "adherence"} <= analyses


def test_check_says_what_every_check_saw(study, oncohort):
    told = oncohort("check", study, "--checks")
    assert told.code == 0, told.out + told.err
    assert re.search(r"187 checks asked, 187 found nothing in the \d+ records they saw", told.out)
    assert "DEATH" in told.out
    assert "records seen, 0 found" in told.out


def test_schedule_says_what_the_protocol_asks_for_and_that_it_is_no_advice(study, oncohort, run):
    patient = run.cohort.patient_id[0]
    start = clean_study()["subjects"].filter(pl.col("patient_id") == patient)["first_sorafenib_date"][0]
    told = oncohort("schedule", study, "--patient", patient, "--on", start)
    assert told.code == 0, told.err
    assert told.out.startswith("Not for treatment decisions")
    assert "400 mg twice daily" in told.out


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("--patient", "nobody", "--on", "2009-06-01"), 2, "nobody"),
        (("--patient", "P01", "--on", "1.6.2009"), 2, "a date as YYYY-MM-DD was expected"),
        (("--patient", "P01", "--on", "1999-01-01"), 5, "had the first dose on"),
    ],
)
def test_schedule_refuses_what_it_cannot_answer(study, oncohort, run, arguments, code, sentence):
    known = run.cohort.patient_id[0]
    told = oncohort("schedule", study, *(known if word == "P01" else word for word in arguments))
    assert told.code == code, told.err
    assert sentence in told.err
    assert told.err.count("\n") == 1


FAULTS = [
    ("no subjects", "subjects", None, 'there is no table "subjects"'),
    ("text for a number", "labs", ("value", "high"), '"high"'),
    ("a word that is not allowed", "subjects", ("sex", "X"), "one of M; F; U"),
    ("an impossible date", "subjects", ("screening_date", "2009-13-01"), '"2009-13-01"'),
    ("an unknown patient", "labs", ("patient_id", "ZZZ"), "ZZZ"),
]


@pytest.mark.parametrize(("name", "table", "cell", "sentence"), FAULTS, ids=[fault[0] for fault in FAULTS])
def test_a_fault_is_told_with_exit_code_4(name, table, cell, sentence, oncohort, tmp_path):
    (tmp_path / "data").mkdir()
    for each, frame in clean_study().items():
        text = frame.drop("row").cast(pl.String)
        if each == table and cell is None:
            continue
        if each == table:
            column, value = cell
            rest = text[column].to_list()[1:]
            text = text.with_columns(pl.Series(column, [value, *rest], dtype=pl.String))
        text.write_csv(tmp_path / "data" / f"{each}.csv")
    (tmp_path / "study.toml").write_text(PROTOCOL, encoding="utf-8")
    told = oncohort("check", tmp_path)
    assert told.code == 4, name
    assert sentence in told.out + told.err
    assert "Traceback" not in told.err
