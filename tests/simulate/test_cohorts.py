"""Whole synthetic cohorts: the checks find nothing, the derivations find the outlines, the audit finds the truth."""

import csv
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from agreement import audited, differences, planted, written_study

from oncohort.errors import DataError
from oncohort.pipeline import analyze_study
from oncohort.simulate.cohort import SITE, simulate_cohort
from oncohort.simulate.draw import draw_outlines
from oncohort.simulate.parse_margins import parse_margins
from oncohort.study.parse import parse_protocol
from oncohort.study.template_tables import TEMPLATE
from oncohort.writer.synthetic import Recipe, synthetic_files

HERE = Path(__file__).parent
TEXT = (HERE / "two_arms" / "study.toml").read_text(encoding="utf-8")
TWO_ARMS = parse_protocol(TEXT, "study.toml", template=TEMPLATE)
MARGINS = parse_margins((HERE / "two_arms" / "margins.toml").read_text(encoding="utf-8"), "margins.toml", TWO_ARMS)
CUTOFF = date(2018, 3, 31)
PAPER_TEXT = (HERE.parent / "study" / "paper_study.toml").read_text(encoding="utf-8")
PAPER = parse_protocol(PAPER_TEXT, "study.toml", template=TEMPLATE)
FEW = """
[patients]
treated = 18
[excluded]
child_pugh_c = 4
child_pugh_b_bilirubin = 4
previous_treatment = { prior_hepatectomy = 1, prior_chemotherapy = 1, prior_tace_ablation = 1, prior_radiotherapy = 1 }
[time]
cutoff = 2010-08-31
"""


def two_arms(seed):
    return simulate_cohort(draw_outlines(MARGINS, TWO_ARMS, seed, "margins.toml"), TWO_ARMS, seed, cutoff=CUTOFF)


def files_of(cohort):
    return synthetic_files(cohort, TWO_ARMS, Recipe(TEXT, "", None, "outlines.csv", {}, 1, ""))


@pytest.fixture(scope="module")
def example():
    return two_arms(1)


@pytest.mark.parametrize("seed", range(10))
def test_records_of_any_seed_pass_every_check_and_lead_back_to_the_outlines(seed, tmp_path):
    margins = parse_margins(FEW, "margins.toml", PAPER)
    outlines = draw_outlines(margins, PAPER, seed, "margins.toml")
    cohort = simulate_cohort(outlines, PAPER, seed, cutoff=date(2010, 8, 31))
    study, course = written_study(cohort, PAPER, without_published(PAPER_TEXT), tmp_path / "study")
    assert [finding.in_full() for finding in study.findings if finding.level != "note"] == []
    assert list(differences(cohort, course)) == []
    assert audited(course) == planted(cohort)


def without_published(text):
    return text.replace('[published]\nfile = "published.toml"', "")


def test_a_run_of_the_example_gives_its_margins_back(example, tmp_path):
    study, course = written_study(example, TWO_ARMS, TEXT, tmp_path / "study")
    assert list(differences(example, course)) == []
    assert audited(course) == planted(example)
    results = analyze_study(study).results
    said = {
        (row.analysis, row.endpoint, row.group, row.variable, row.level, row.statistic): row.text
        for row in results.rows
        if row.population == "all"
    }
    expected = {
        ("flow", "", "", "", "read", "n"): "60",
        ("flow", "", "", "unfit", "excluded", "n"): "9",
        ("flow", "", "", "liver", "excluded", "n"): "8",
        ("flow", "", "", "other", "excluded", "n"): "3",
        ("flow", "", "", "", "analyzed", "n"): "40",
        ("flow", "", "arm=drug", "", "analyzed", "n"): "22",
        ("flow", "", "arm=both", "", "analyzed", "n"): "18",
        ("baseline", "", "", "sex", "F", "n"): "11",
        ("baseline", "", "", "ecog", "1", "n"): "15",
        ("baseline", "", "", "pvt", "BRANCH", "n"): "16",
        ("baseline", "", "", "age", "", "median"): "61.5",
        ("baseline", "", "", "age", "", "min"): "38",
        ("baseline", "", "", "age", "", "max"): "80",
        ("response", "", "arm=drug", "best_response", "SD", "n"): "10",
        ("response", "", "arm=drug", "best_response", "NE", "n"): "1",
        ("response", "", "arm=both", "best_response", "CR", "n"): "2",
        ("response", "", "arm=both", "best_response", "PD", "n"): "4",
        ("response", "", "", "progressed", "", "n"): "30",
        ("survival", "OS", "", "", "", "n_event"): "24",
        ("survival", "OS", "", "", "", "median"): "13.4",
        ("survival", "PFS", "", "", "", "median"): "4.6",
        ("exposure", "", "", "treatment_duration", "", "median"): "4.1",
        ("safety", "", "", "diarrhea", "any", "n"): "17",
        ("safety", "", "", "diarrhea", ">=3", "n"): "2",
        ("safety", "", "", "hand_foot_skin_reaction", "any", "n"): "13",
    }
    assert {key: said.get(key) for key in expected} == expected


def test_same_seed_same_bytes_and_another_seed_other_bytes(example):
    first, again, other = (files_of(cohort) for cohort in (example, two_arms(1), two_arms(2)))
    assert first == again
    assert {name for name in first if first[name] == other[name]} == {"study.toml", "margins.toml", "SYNTHETIC.md"}


def test_another_patient_changes_the_records_of_no_other(example):
    fewer = simulate_cohort(example.outlines[1:], TWO_ARMS, 1, cutoff=CUTOFF, deviations={})
    every = simulate_cohort(example.outlines, TWO_ARMS, 1, cutoff=CUTOFF, deviations={})
    gone = example.outlines[0].patient_id
    for name, rows in every.tables.items():
        assert [row for row in rows if row["patient_id"] != gone] == list(fewer.tables[name])


def test_without_deviations_nothing_deviates(example, tmp_path):
    kept = simulate_cohort(example.outlines, TWO_ARMS, 1, cutoff=CUTOFF, deviations={})
    _, course = written_study(kept, TWO_ARMS, TEXT, tmp_path / "study")
    assert kept.planted == ()
    assert audited(course) == []


def test_every_file_says_that_it_is_synthetic(example):
    files = files_of(example)
    for name, content in files.items():
        text = content.decode("utf-8")
        assert "SYNTHETIC" in text or "Synthetic" in text or "SYN-" in text, name
    rows = list(csv.DictReader(files["data/subjects.csv"].decode().splitlines()))
    assert {row["site_id"] for row in rows} == {SITE}
    assert all(row["patient_id"].startswith("SYN-") for row in rows)
    assert "synthetic = true" in files["study.toml"].decode()


def test_truth_lists_the_planted_deviations(example):
    truth = list(csv.DictReader(files_of(example)["truth.csv"].decode().splitlines()))
    assert [row["patient_id"] for row in truth] == [found.patient_id for found in example.planted]
    assert Counter(row["rule"] for row in truth) == Counter(found.rule for found in example.planted)
    assert all(row["reason"] for row in truth)


def test_two_outlines_with_one_id_are_refused(example):
    twice = [example.outlines[0], example.outlines[0]]
    with pytest.raises(DataError, match=r"SYN-01: 2 outlines have this id|SYN-001: 2 outlines have this id"):
        simulate_cohort(twice, TWO_ARMS, 1, cutoff=CUTOFF)


def test_an_outline_that_no_records_can_have_is_refused_with_its_patient(example):
    outline = example.outlines[0]
    assert outline.course is not None
    course = replace(outline.course, treatment_days=outline.course.os_days + 90)
    with pytest.raises(DataError, match=r"SYN-001: the last dose on day \d+ lies outside the follow-up"):
        simulate_cohort([replace(outline, course=course)], TWO_ARMS, 1, cutoff=CUTOFF)
