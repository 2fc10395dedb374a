"""``oncohort schedule`` as a user meets it: what it prints, for people and machines, and what it refuses."""

import json
from pathlib import Path

import pytest
from clean_record_study import TABLES

from oncohort.demo import demo_study

PROTOCOL = (Path(__file__).parent / "paper_study.toml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("schedule")
    (folder / "data").mkdir()
    for name, text in TABLES.items():
        (folder / "data" / f"{name}.csv").write_text(text.strip().replace(",", " ").replace("|", ",") + "\n")
    (folder / "study.toml").write_text(PROTOCOL.partition("[published]")[0], encoding="utf-8")
    return folder


def test_first_line_says_what_it_is_not_for(oncohort, study):
    told = oncohort("schedule", study, "--patient", "P01", "--on", "2009-03-25")
    assert told.code == 0, told.err
    assert told.out.splitlines()[0] == "Not for treatment decisions."
    assert told.err == ""
    assert "Not for treatment decisions" in oncohort("schedule", "--help").out


def test_answer_comes_with_rule_words_section_and_record(oncohort, study):
    lines = oncohort("schedule", study, "--patient", "P01", "--on", "2009-03-25").out.splitlines()
    place = lines.index("dose: 200 mg twice daily (REDUCED)")
    assert lines[place + 1 : place + 3] == [
        "  DOSE-REDUCE “grade 3-4: 200 mg twice daily”, study.toml [[drug.sorafenib.rule]] DOSE-REDUCE",
        "    AE01 grade 3, 2009-03-21 (day 19) (data/adverse_events.csv, row 2)",
    ]
    assert "scan: next: 2009-04-27 (day 56), 2009-04-20 to 2009-05-04" in lines
    assert lines[-1] == "recorded for that day: 400 mg a day since 2009-03-23 (data/exposure.csv, row 3)"


def test_what_is_missing_is_told_beside_what_is_still_possible(oncohort, study):
    lines = oncohort("schedule", study, "--patient", "P01", "--on", "2009-05-15").out.splitlines()
    place = lines.index("TACE: may be done until 2009-05-25, if no absolute contraindication")
    assert lines[place + 1] == "  not decided; missing: procedures.contraindication"


def test_json_is_for_machines_and_its_rows_are_those_of_the_files(oncohort, study):
    told = oncohort("schedule", study, "--patient", "P01", "--on", "2009-03-25", "--json")
    advice = json.loads(told.out)
    assert advice["heading"] == "Not for treatment decisions"
    assert (advice["patient_id"], advice["on"], advice["day"]) == ("P01", "2009-03-25", 23)
    assert [item["subject"] for item in advice["items"]] == ["dose", "TACE", "CRYO", "scan"]
    assert [item["code"] for item in advice["items"]] == ["REDUCED", "UNDETERMINED", "UNDETERMINED", "NEXT"]
    ground = advice["items"][0]["grounds"][0]
    line = (study / ground["file"]).read_text(encoding="utf-8").splitlines()[ground["row"] - 1]
    assert line.startswith("P01,AE01,HAND-FOOT SKIN REACTION")


def test_study_may_be_its_file_and_nothing_is_written(oncohort, study):
    before = sorted(study.rglob("*"))
    by_file = oncohort("schedule", study / "study.toml", "--patient", "P08", "--on", "2010-01-10")
    assert by_file.out == oncohort("schedule", study, "--patient", "P08", "--on", "2010-01-10").out
    assert by_file.code == 0
    assert sorted(study.rglob("*")) == before


@pytest.mark.parametrize(
    ("patient", "day", "code", "sentence"),
    [
        ("p01", "2009-05-15", 2, 'there is no patient "p01" in data/subjects.csv. Did you mean "P01"?'),
        ("somebody", "2009-05-15", 2, 'there is no patient "somebody" in data/subjects.csv.'),
        ("P01", "2009-5-15", 2, '--on "2009-5-15" is no date; a date as YYYY-MM-DD was expected'),
        ("P01", "20090515", 2, '--on "20090515" is no date; a date as YYYY-MM-DD was expected'),
        ("P01", "2009-02-30", 2, '--on "2009-02-30" is no date; a date as YYYY-MM-DD was expected'),
        ("P01", "2009-03-01", 5, "patient P01 had the first dose on 2009-03-02; a day from then on was expected"),
        ("P01", "2010-01-16", 5, "patient P01 died on 2010-01-15; a day until then was expected"),
        ("P07", "2009-10-01", 5, "patient P07 was never treated, so the protocol asks for nothing"),
    ],
)
def test_what_has_no_schedule_is_one_sentence_and_its_exit_code(oncohort, study, patient, day, code, sentence):
    told = oncohort("schedule", study, "--patient", patient, "--on", day)
    assert (told.code, told.out) == (code, "")
    assert told.err == f"oncohort: {sentence}\n"


def test_patient_and_day_must_be_given(oncohort, study):
    assert oncohort("schedule", study, "--patient", "P01").code == 2
    assert oncohort("schedule", study, "--on", "2009-05-15").code == 2


def test_table_study_has_no_schedule(oncohort):
    with demo_study("sorafenib_table") as folder:
        told = oncohort("schedule", folder, "--patient", "1", "--on", "2009-05-15")
    assert told.code == 2
    assert told.err == "oncohort: this is a table study, without dated records; a records study was expected\n"
