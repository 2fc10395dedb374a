"""The synthetic cohort of ``simulate/`` gives the printed numbers by the engine, and keeps what records need."""

import csv
import sys
from pathlib import Path

import pytest

SIMULATE = Path(__file__).parents[2] / "simulate"
REACHED = 338
IMPOSSIBLE = {"T1.num4.pct", "T1.hbv.>=100,000.pct", "AE.fatigue.any", "D.CBR.p2"}  # contradict n = 110


@pytest.fixture(scope="module")
def cohort():
    sys.path.insert(0, str(SIMULATE))
    import cohort_rows
    import cohort_rules
    import cohort_score

    yield cohort_rows, cohort_rules, cohort_score
    sys.path.remove(str(SIMULATE))


@pytest.fixture(scope="module")
def rows(cohort):
    return cohort[0].read_rows(SIMULATE / "cohort.csv")


@pytest.fixture(scope="module")
def lines(cohort, rows):
    return cohort[2].scorecard(rows)


def test_numbers_equal_as_printed_only_become_more(cohort, lines):
    counts = cohort[2].count_of(lines)
    assert counts.total() == 342
    assert counts["equal"] >= REACHED


def test_both_models_and_selections_are_those_printed(lines):
    of_models = [line for line in lines if line.id.startswith("MV.")]
    assert len(of_models) == 26
    assert {line.status for line in of_models} == {"equal"}


def test_scorecard_is_the_one_of_the_cohort(lines):
    with (SIMULATE / "scorecard.csv").open(encoding="utf-8", newline="") as file:
        written = {row["id"]: row["status"] for row in csv.DictReader(file)}
    assert written == {line.id: line.status for line in lines}


def test_cohort_the_search_starts_from_has_318_numbers_equal(cohort):
    start = cohort[0].read_rows(SIMULATE / "start.csv")
    assert dict(cohort[2].count_of(cohort[2].scorecard(start))) == {"equal": 318, "within 5 %": 13, "differs": 11}


def test_every_patient_keeps_the_rules_of_records(cohort, rows):
    assert list(cohort[1].broken_rules(rows)) == []


def test_columns_have_the_values_they_had_before_the_search(cohort, rows):
    start = cohort[0].read_rows(SIMULATE / "start.csv")
    assert cohort[1].changed_counts(rows, start) == []
    assert {row["synthetic"] for row in rows} == {"1"}


def test_months_of_the_file_are_its_days(cohort, rows):
    for row in rows:
        for name in cohort[0].TIMES:
            assert float(row[f"{name}_months"]) == round(cohort[0].months(row[f"{name}_days"]), 4)


def test_broken_rule_is_told_with_its_patient(cohort, rows):
    late = [rows[0] | {"pfs_days": rows[0]["os_days"] + 1}, *rows[1:]]
    told = f"{rows[0]['patient_id']}: not so: progression is not after the end of follow-up"
    assert told in list(cohort[1].broken_rules(late))


def test_only_impossible_numbers_differ(lines):
    assert {line.id for line in lines if line.status != "equal"} == IMPOSSIBLE
