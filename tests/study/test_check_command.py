"""What ``oncohort check`` tells of a records study before a run does: refused protocols, headers of files."""

import json

import polars as pl
import pytest
from clean_record_study import clean_study

from oncohort.demo import demo_study

with demo_study("blank_records") as blank:
    DRAFT = (blank / "study.toml").read_text(encoding="utf-8")
PROTOCOL = DRAFT.replace('title = "CHOOSE"', 'title = "x"').replace('profile = "CHOOSE"', 'profile = "paper"')
DEBULKED = """
[[procedure]]
id = "TACE"
debulk.when = { column = "procedures.intent", op = "==", value = "DEBULK" }
debulk.ablated_pct = { op = ">", value = 50 }

[[procedure]]
id = "CRYO"
interval_days = [28, 42]
"""
STOPPED_AT_ONE = """
[[drug.sorafenib.rule]]
id = "STOP-ECOG"
on = { event = "ecog", op = "==", value = 4 }
"""


def written(folder, protocol, **changed):
    (folder / "data").mkdir()
    for name, frame in {**clean_study(), **changed}.items():
        frame.drop("row").write_csv(folder / "data" / f"{name}.csv")
    (folder / "study.toml").write_text(protocol, encoding="utf-8")
    return folder


def test_check_refuses_what_no_rule_of_adherence_can_judge_as_a_run_does(oncohort, tmp_path):
    folder = written(tmp_path, PROTOCOL + DEBULKED)
    checked, run = oncohort("check", folder), oncohort("run", folder)
    assert checked.code == run.code == 3
    assert checked.err == run.err
    assert checked.err.splitlines() == [
        "oncohort: procedure.TACE.debulk: there is a rule of adherence for it in CRYO only",
        "procedure.CRYO.interval_days: there is a rule of adherence for it in TACE only",
    ]


def test_refusal_comes_before_what_is_wrong_in_the_data(oncohort, tmp_path):
    subjects = clean_study()["subjects"].with_columns(sex=pl.lit("X"))
    folder = written(tmp_path, PROTOCOL + DEBULKED, subjects=subjects)
    assert [oncohort(command, folder).code for command in ("check", "run")] == [3, 3]


def test_check_notes_rules_of_the_drug_that_schedule_refuses_and_a_run_does_not(oncohort, tmp_path):
    folder = written(tmp_path, PROTOCOL + STOPPED_AT_ONE)
    sentence = "drug.sorafenib.rule.STOP-ECOG: a status from which the drug ends was expected (>= or >, go = STOP)"
    checked = oncohort("check", folder)
    assert checked.code == 0, checked.err
    assert f"note: oncohort schedule cannot say the dose: {sentence}" in checked.out
    scheduled = oncohort("schedule", folder, "--patient", "P01", "--on", "2009-06-01")
    assert (scheduled.code, scheduled.err) == (3, f"oncohort: {sentence}\n")
    told = json.loads(oncohort("check", folder, "--json").out)
    assert [found["rule"] for found in told["findings"] if found["rule"].startswith("DOSE-")] == ["DOSE-UNSCHEDULED"]


@pytest.mark.parametrize("renamed", [True, False])
def test_finding_of_a_check_names_the_header_that_stands_in_the_file(oncohort, tmp_path, renamed):
    exposure = clean_study()["exposure"]
    too_early = pl.when(pl.col("row") == 2).then(pl.lit("2009-01-01").str.to_date()).otherwise("end_date")
    header = "Ende" if renamed else "end_date"
    more = '\n[records.exposure]\nrename = { end_date = "Ende" }\n' if renamed else ""
    wrong = exposure.with_columns(end_date=too_early).rename({"end_date": header})
    told = oncohort("check", written(tmp_path, PROTOCOL + more, exposure=wrong))
    assert told.code == 4, told.out
    place = f'error: data/exposure.csv, row 2, patient P01, column "{header}"'
    assert f'{place}: "2009-01-01 (start_date 2009-03-02)": the interval of doses ends before it starts' in told.out
