"""Rows that a publication prints and no other table asks for: progression, weeks of an early stop, sites, cases."""

from dataclasses import replace

import course_cohort
import polars as pl
import pytest
from treatment_cohort import Told, cohort_of, lookup, protocol_of, settings_of

from oncohort.analysis.baseline import analyze_baseline
from oncohort.analysis.cases import analyze_cases
from oncohort.analysis.exposure import analyze_exposure
from oncohort.analysis.plan import analyze_cohort
from oncohort.analysis.response import analyze_response
from oncohort.derive.factors import derive_factor
from oncohort.report.document import plain_text
from oncohort.report.tables import tabulate_characteristics
from oncohort.study.cohort import FlowStep
from oncohort.study.protocol import Table
from oncohort.study.results import LevelRow, Results

PROTOCOL = protocol_of()
SITES = ("baseline_disease.met_lung", "baseline_disease.met_adrenal", "baseline_disease.met_bone")


def test_progressed_are_counted_whole_and_by_arm_of_all_patients():
    answers = [("tace", "Y"), ("tace", "N"), ("sorafenib", "Y"), ("sorafenib", None)]
    patients = [{"patient_id": f"P{k}", "arm": arm, "progressed": y} for k, (arm, y) in enumerate(answers)]
    told = cohort_of(Told(patients), PROTOCOL)
    find = lookup(analyze_response(told, PROTOCOL, settings_of(PROTOCOL)))
    assert [find(name, variable="progressed").value for name in ("n", "percent")] == [2, 50]
    assert find("percent", variable="progressed", group="arm=sorafenib").value == 50
    assert find("conf_low", variable="progressed").text == "6.8"


def test_weeks_of_an_early_stop_are_those_until_the_last_dose():
    stops = [(42, "Y"), (168, "Y"), (105, "Y"), (10, "N"), (None, None)]
    patients = [
        {"patient_id": f"P{k}", "arm": "tace", "last_dose_day": day, "early_stop": early}
        for k, (day, early) in enumerate(stops)
    ]
    rows = course_cohort.rows_of(analyze_exposure, course_cohort.Course(patients))
    find = course_cohort.finder(rows)
    weeks = [find(name, variable="early_stop", level="Y") for name in ("min", "median", "max")]
    assert weeks == [6, 15, 24]
    [unit] = {row.unit for row in rows if row.variable == "early_stop" and row.statistic in {"min", "median", "max"}}
    assert unit == "weeks"


def test_nobody_who_stopped_early_has_no_weeks():
    rows = course_cohort.rows_of(analyze_exposure, course_cohort.Course([{"patient_id": "P1", "early_stop": "N"}]))
    assert not [row for row in rows if row.variable == "early_stop" and row.statistic == "min"]


def sites_of(answers):
    """Return a cohort with the answers of each patient to the three sites, and what Table I needs of it."""
    patients = [{"patient_id": f"P{k}"} for k in range(len(answers))]
    told = cohort_of(Told(patients), PROTOCOL)
    columns = [pl.Series(name, [row[k] for row in answers], dtype=pl.String) for k, name in enumerate(SITES)]
    any_site = pl.Series("metastasis", ["Y" if "Y" in row else "N" for row in answers])
    frame = told.derived.patients.with_columns(*columns, any_site)
    factor, _ = derive_factor(frame, PROTOCOL.find_factor("metastasis"))
    return replace(told, factors={"metastasis": factor}, derived=replace(told.derived, patients=frame))


def test_columns_beneath_a_factor_are_counted_of_those_who_answered():
    cohort = sites_of([("Y", "N", "U"), ("Y", "Y", None), ("N", "N", "N")])
    table = Table(kind="characteristics", factors=("metastasis",))
    rows = analyze_baseline(cohort, table, "t", settings_of(PROTOCOL))
    find = lookup(rows)
    at = {"model": "t", "variable": "metastasis"}
    assert [find("n", level=site, **at).value for site in ("met_lung", "met_adrenal", "met_bone")] == [2, 1, 0]
    assert find("percent", level="met_lung", **at).text == "66.7"
    assert find("percent", level="met_bone", **at).text == "0.0"
    assert [find("n", level=level, **at).value for level in ("N", "Y")] == [1, 2]


def test_columns_beneath_a_factor_stand_below_its_levels():
    cohort = sites_of([("Y", "N", "N"), ("Y", "Y", "N"), ("N", "N", "N")])
    table = Table(kind="characteristics", factors=("metastasis",))
    rows = analyze_baseline(cohort, table, "t", settings_of(PROTOCOL))
    factor = cohort.factors["metastasis"]
    levels = [LevelRow("metastasis", x.id, x.label, k, reference=False) for k, x in enumerate(factor.levels)]
    levels += [
        LevelRow("metastasis.described", name, label, k, reference=False)
        for k, (name, label) in enumerate([("met_lung", "Lung"), ("met_adrenal", "Adrenal"), ("met_bone", "Bone")])
    ]
    shown = tabulate_characteristics(Results(tuple(rows), (), tuple(levels)), PROTOCOL, table, "t")
    assert [(plain_text(row.cells[0].text), row.cells[0].indent) for row in shown.body] == [
        ("Extrahepatic metastasis, n (%)", 0),
        ("No", 1),
        ("Yes", 1),
        ("Lung", 2),
        ("Adrenal", 2),
        ("Bone", 2),
    ]
    assert plain_text(shown.body[3].cells[1].text) == "2 (66.7)"


def test_labels_of_columns_beneath_a_factor_are_levels():
    cohort = sites_of([("Y", "N", "N"), ("N", "N", "N")])
    quiet = PROTOCOL.model_copy(update={"table": (), "model": (), "figure": (), "comparison": (), "landmark": ()})
    read = FlowStep("read", "Read", 2, 0)
    results, _ = analyze_cohort(replace(cohort, endpoints={}, derived=None, flow=(read,)), quiet)
    assert [row.label for row in results.levels_of("metastasis.described")] == ["Lung", "Adrenal", "Bone"]


def a_case(**cells):
    """Return a cohort of two whose second patient is that of Figure 5."""
    told = Told(
        patients=[{"patient_id": "other"}, {"patient_id": "case-5"}],
        best=[{"patient_id": "case-5", "best": "CR", "day": 120}],
        visits=[
            {"patient_id": "case-5", "day": 60, "overall": "PR"},
            {"patient_id": "case-5", "day": 120, "overall": "CR"},
        ],
        times=[{"patient_id": "case-5", "endpoint": "OS", "day": 548, "event": False}],
    )
    cohort = cohort_of(told, PROTOCOL)
    ages = pl.Series("subjects.age", [40, cells.get("age", 55)], dtype=pl.Int64)
    return replace(cohort, derived=replace(cohort.derived, patients=cohort.derived.patients.with_columns(ages)))


def test_case_is_told_in_numbers_under_the_figure_and_without_its_id():
    rows = analyze_cases(a_case(), PROTOCOL, settings_of(PROTOCOL))
    told = [(r.model, r.endpoint, r.variable, r.statistic, r.text, r.unit) for r in rows]
    assert told == [
        ("5", "", "age", "value", "55", "years"),
        ("5", "OS", "follow_up", "value", "18.0", "months"),
        ("5", "", "time_to_response", "value", "2.0", "months"),
    ]


@pytest.mark.parametrize("age", [90, None])
def test_age_of_a_case_is_told_below_ninety_only(age):
    rows = analyze_cases(a_case(age=age), PROTOCOL, settings_of(PROTOCOL))
    assert [row.variable for row in rows] == ["follow_up", "time_to_response"]


def test_one_patient_is_too_few_where_small_counts_are_masked():
    masked = protocol_of(("min_cell = 0", "min_cell = 2"))
    assert analyze_cases(a_case(), masked, settings_of(masked)) == []


def test_case_without_a_response_has_no_time_to_it():
    cohort = a_case()
    none = cohort.derived.best.filter(pl.col("patient_id") == "nobody")
    rows = analyze_cases(replace(cohort, derived=replace(cohort.derived, best=none)), PROTOCOL, settings_of(PROTOCOL))
    assert [row.variable for row in rows] == ["age", "follow_up"]
