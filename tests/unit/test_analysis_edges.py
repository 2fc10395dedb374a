"""Analyses that cannot be made: each says why in its row, nothing is guessed, and the rest of the study goes on."""

import numpy as np
import polars as pl
import pytest

from oncohort.intake.study import Study
from oncohort.pipeline import analyze_study
from oncohort.report.assemble import assemble_report
from oncohort.report.facts import StudyFacts
from oncohort.report.html import render_html
from oncohort.study.parse import parse_protocol
from oncohort.study.records import Records, Source
from oncohort.study.template_tables import TEMPLATE

PROTOCOL = """
[study]
title = "Edges"
profile = "{profile}"
[records.patients]
file = "p.csv"
patient_id = "id"
[[endpoint]]
id = "OS"
time = {{ column = "time", unit = "months" }}
event = {{ column = "dead", values = [1], censored = [0] }}
[[factor]]
id = "group"
column = "group"
levels = ["a", "b", "c"]
[[factor]]
id = "x"
column = "x"
[[table]]
kind = "characteristics"
factors = ["group", "x"]
by = "group"
[[table]]
kind = "univariable"
endpoints = ["OS"]
factors = ["group"]
[[model]]
id = "cox"
endpoint = "OS"
factors = ["group", "x"]
[[figure]]
id = "1"
caption = "Survival (A) whole and (B) by group"
curves = [{{ endpoint = "OS" }}, {{ endpoint = "OS", by = "group" }}]
[[figure]]
id = "2"
curves = [{{ endpoint = "OS", by = "group" }}]
"""


def run(columns, profile="guideline"):
    n = len(columns["time"])
    frame = pl.DataFrame(
        {
            "patient_id": [str(k) for k in range(n)],
            "row": np.arange(2, n + 2),
            "time": np.asarray(columns["time"], float),
            "dead": [str(v) for v in columns["dead"]],
            "group": columns["group"],
            "x": pl.Series(columns["x"], dtype=pl.Float64, strict=False),
        }
    )
    protocol = parse_protocol(PROTOCOL.format(profile=profile), "study.toml", template=TEMPLATE)
    records = Records({"patients": frame}, {"patients": "p.csv"}, (Source("p.csv", "0" * 64, n, 4, ()),))
    return analyze_study(Study("", protocol, "0" * 64, records, ()))


def report_of(study_run):
    facts = StudyFacts(
        study_run.protocol,
        study_run.results,
        study_run.cohort,
        study_run.findings,
        study_run.records.sources,
        "oncohort",
    )
    return render_html(assemble_report(facts).document)


ALL = {"time": [1, 2, 3, 4, 5, 6, 7, 8, 9], "dead": [1, 0, 1, 1, 0, 1, 1, 0, 1], "group": list("aabbccabc")}


@pytest.mark.parametrize("profile", ["paper", "guideline"])
@pytest.mark.parametrize(
    ("change", "analysis", "keys", "sentence"),
    [
        ({"dead": [0] * 9}, "multivariable_cox", {"model": "cox", "endpoint": "OS"}, "event"),
        (
            {"x": [None] * 9},
            "multivariable_cox",
            {"model": "cox", "endpoint": "OS"},
            "no patient has all the candidate",
        ),
        (
            {"group": ["a"] * 9},
            "univariable_km",
            {"model": "table_2", "endpoint": "OS", "variable": "group"},
            "not tested",
        ),
        ({"x": [7.0] * 9}, "univariable_cox", {"model": "cox", "endpoint": "OS", "variable": "x"}, "not estimable"),
    ],
)
def test_what_cannot_be_computed_says_why(profile, change, analysis, keys, sentence):
    found = run({**ALL, "x": [1.0, 2, 3, 4, 5, 6, 7, 8, 9], **change}, profile)
    row = found.results.get(analysis, "method", **keys)
    assert row is not None
    assert sentence in row.text
    assert "<table" in report_of(found)


def test_a_level_without_events_has_no_estimate_and_is_named():
    found = run(
        {
            "time": list(range(1, 31)),
            "dead": [1, 0] * 10 + [0] * 10,
            "group": ["a"] * 10 + ["b"] * 10 + ["c"] * 10,
            "x": [float((7 * k) % 11) for k in range(30)],
        }
    )
    keys = {"model": "cox", "endpoint": "OS", "variable": "group", "level": "c"}
    assert found.results.text("univariable_cox", "estimate", **keys) == "not estimable"
    assert any(f.rule == "NOT-ESTIMABLE" and "group, c" in f.sentence for f in found.findings)
    assert "not estimable" in report_of(found)


def test_one_patient_is_described_and_nothing_else_is_claimed():
    found = run({"time": [5], "dead": [1], "group": ["a"], "x": [1.0]})
    assert found.results.text("survival", "n", endpoint="OS") == "1"
    assert "The one patient was analyzed." in report_of(found)


def test_no_row_holds_a_ratio_that_is_infinite_or_a_p_of_zero():
    found = run({**ALL, "x": [1e300, 2, 3, 4, 5, 6, 7, 8, 9]})
    for row in found.results.rows:
        assert row.text != "0.000"
        assert "inf" not in row.text


def sentences_of(study_run):
    return [finding.sentence for finding in study_run.findings]


def test_a_failed_fit_is_told_by_labels_and_has_no_forest_and_no_likelihood_ratio_note():
    found = run(
        {
            "time": list(range(1, 31)),
            "dead": [1, 0] * 10 + [0] * 10,
            "group": ["a"] * 10 + ["b"] * 10 + ["c"] * 10,
            "x": [float((7 * k) % 11) for k in range(30)],
        }
    )
    page = report_of(found)
    assert "no estimate could be made" in page
    assert "group=" not in page
    assert "Hazard ratios of the multivariable model" not in page
    assert "No estimates: " in page


def test_groups_are_not_compared_with_themselves():
    found = run({**ALL, "x": [1.0, 2, 3, 4, 5, 6, 7, 8, 9]})
    between = {"model": "table_1", "group": "group=a|b|c"}
    assert found.results.get("baseline", "method", **between, variable="group") is None
    assert found.results.get("baseline", "p_value", **between, variable="x") is not None


def test_a_limit_that_does_not_exist_is_not_called_not_reached():
    found = run({"time": [1, 2, 3, 4], "dead": [1, 1, 1, 1], "group": list("aabb"), "x": [1.0, 2, 3, 4]})
    assert found.results.text("survival", "conf_high", endpoint="OS") in {"not estimable", "not reached"}
    reverse = {"endpoint": "OS", "level": "reverse-km"}
    assert found.results.text("follow_up", "median", **reverse) == "not reached"


def test_a_panel_by_a_factor_that_nobody_has_is_left_out():
    page = report_of(run({**ALL, "x": [1.0, 2, 3, 4, 5, 6, 7, 8, 9]}))
    assert "Survival (A) whole and (B) by group" in page
    assert "Figure 2" in page
    page = report_of(run({**ALL, "group": [None] * 9, "x": [1.0, 2, 3, 4, 5, 6, 7, 8, 9]}))
    assert "(B) by group" not in page
    assert "Kaplan–Meier curves of OS" in page
    assert "Figure 2" not in page
