"""Six real studies through the command line: every number in ``results.csv`` and every curve is what R finds.

``golden/r/studies.json`` is written by ``golden/parts/studies.R``, which states each study a second time and
works on the same data without reading anything of oncohort.
"""

import csv
import json
import math
import subprocess
import sys
from functools import cache
from pathlib import Path
from shutil import which

import pytest
from real_studies import DATA, write_study

R = json.loads((Path(__file__).parents[1] / "golden" / "r" / "studies.json").read_text(encoding="utf-8"))["studies"]
KEYS = ("analysis", "model", "endpoint", "group", "variable", "level", "time", "statistic")
CURVE = ("time", "n_risk", "n_event", "n_censor", "surv", "conf_low", "conf_high")
CLOSE = {"rel_tol": 1e-9, "abs_tol": 0.0}


def command_line(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "oncohort", *map(str, arguments)], check=True, capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def run_of(tmp_path_factory):
    """Return a function that runs a study once and gives the folder of the run."""

    @cache
    def run(name):
        out = tmp_path_factory.mktemp(name) / "run"
        if name == "demo":
            command_line("demo", "--out", out)
        else:
            command_line("run", write_study(name, out.parent / "study"), "--out", out)
        return out

    return run


def table(path):
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def same(ours, theirs):
    """Compare a cell with a number of R; an empty cell and R's NA are the same."""
    if ours == "" or theirs is None:
        return ours == "" and theirs is None
    return math.isclose(float(ours), theirs, **CLOSE)


@pytest.mark.parametrize("name", DATA)
def test_every_number_of_a_real_study_is_that_of_r(name, run_of):
    ours = {
        ",".join(row[key] for key in KEYS): row["value"]
        for row in table(run_of(name) / "results.csv")
        if row["statistic"] != "method"
    }
    theirs = R[name]["rows"]
    assert set(ours) == set(theirs)
    assert {key: (ours[key], theirs[key]) for key in ours if not same(ours[key], theirs[key])} == {}


@pytest.mark.parametrize("name", DATA)
def test_every_curve_of_a_real_study_is_that_of_r(name, run_of):
    """Curves are compared by their number of rows and, for each column, its sum and its sum weighted by time."""
    curves = {}
    for row in table(run_of(name) / "curves.csv"):
        curves.setdefault(f"{row['endpoint']},{row['group']}", []).append(row)
    assert set(curves) == set(R[name]["curves"])
    for key, rows in curves.items():
        theirs = R[name]["curves"][key]
        assert len(rows) == theirs["rows"], key
        for column in CURVE:
            known = [(float(row[column]), float(row["time"])) for row in rows if row[column]]
            assert len(known) == theirs["known"][column], (key, column)
            assert math.isclose(math.fsum(v for v, _ in known), theirs["sum"][column], **CLOSE), (key, column)
            moment = math.fsum(v * time for v, time in known)
            assert math.isclose(moment, theirs["moment"][column], **CLOSE), (key, column)


def r_with_survival():
    if which("Rscript") is None:
        return "Rscript is not on the path"
    asked = subprocess.run(
        ["Rscript", "-e", 'quit(status = as.integer(!requireNamespace("survival", quietly = TRUE)))'],
        check=False,
        capture_output=True,
    )
    return "" if asked.returncode == 0 else "R has no package survival"


@pytest.fixture(scope="module")
def verify():
    """Return a function that runs a folder's ``verify.R``, or skip where there is no R."""
    reason = r_with_survival()
    if reason:
        pytest.skip(reason)

    def run(folder):
        return subprocess.run(
            ["Rscript", folder / "verify.R"], check=False, capture_output=True, text=True, cwd=folder.anchor
        )

    return run


def without_private(folder, to):
    """Copy what ``verify.R`` reads of a run, but for the patients' rows."""
    to.mkdir()
    for name in ("verify.R", "results.csv", "levels.csv"):
        (to / name).write_bytes((folder / name).read_bytes())
    return to


def with_private(folder, to):
    without_private(folder, to)
    datasets = to / "private" / "datasets"
    datasets.mkdir(parents=True)
    for path in (folder / "private" / "datasets").glob("*.csv"):
        (datasets / path.name).write_bytes(path.read_bytes())
    return to


def plant(folder, key, change):
    """Change the value of one row of ``results.csv``."""
    rows = table(folder / "results.csv")
    (row,) = [row for row in rows if ",".join(row[k] for k in KEYS) == key]
    row["value"] = repr(change(float(row["value"])))
    with (folder / "results.csv").open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, rows[0])
        writer.writeheader()
        writer.writerows(rows)


@pytest.mark.parametrize(("name", "numbers"), [("demo", 900), ("lung", 500), ("rotterdam", 800), ("channing", 200)])
def test_verify_r_confirms_a_run(name, numbers, run_of, verify):
    told = verify(run_of(name))
    assert told.returncode == 0, told.stdout + told.stderr
    *kinds, verdict = told.stdout.splitlines()[1:]
    assert verdict.startswith("verdict: confirmed, R finds the same ")
    assert int(verdict.split()[-2]) >= numbers
    if name == "demo":
        assert kinds.pop() == "not done again: bootstrap resamples (their draws are Python's)"
    assert all(line.endswith("agrees") for line in kinds)
    own = {"other rules"} if name == "demo" else set()  # of censoring, in a records study
    assert {line[:22].strip() for line in kinds} == own | {
        "counts",
        "medians",
        "follow-up",
        "survival at times",
        "medians by level",
        "log-rank tests",
        "pairwise tests",
        "Cox, one factor",
        "model tests",
        "Cox models",
        "concordance",
        "proportional hazards",
    }


@pytest.mark.parametrize(
    ("key", "kind", "change"),
    [
        ("survival,,OS,,,,,conf_high", "medians", lambda v: v * 1.00001),
        ("univariable_km,survival,OS,,sex,,,statistic", "log-rank tests", lambda v: v + 0.01),
        ("multivariable_cox,fixed,OS,,sex,female,,estimate", "Cox models", lambda v: 1 / v),
        ("proportional_hazards,fixed,OS,,,,,p_value", "proportional hazards", lambda v: v / 2),
    ],
)
def test_verify_r_names_a_wrong_number(key, kind, change, run_of, verify, tmp_path):
    folder = with_private(run_of("lung"), tmp_path / "a copy")
    plant(folder, key, change)
    told = verify(folder)
    assert told.returncode == 1
    lines = told.stdout.splitlines()
    (place,) = [k for k, line in enumerate(lines) if line.endswith("DIFFERS")]
    assert lines[place].startswith(kind)
    assert lines[place + 1].strip().startswith(f"{key}: reported ")
    assert lines[-1] == "verdict: NOT CONFIRMED, numbers that differ: 1, not found: 0"


def test_verify_r_says_when_a_number_has_no_counterpart(run_of, verify, tmp_path):
    folder = with_private(run_of("lung"), tmp_path / "copy")
    results = folder / "results.csv"
    text = results.read_text(encoding="utf-8")
    results.write_text(text.replace("km,survival,OS,all,,sex,female,", "km,survival,OS,all,,sex,other,"))
    told = verify(folder)
    assert told.returncode == 1
    *_, missed, verdict = told.stdout.splitlines()
    assert missed == "R did not find univariable_km,survival,OS,,sex,other,,median"
    assert verdict == "verdict: NOT CONFIRMED, numbers that differ: 0, not found: 1"


def test_verify_r_needs_the_patients(run_of, verify, tmp_path):
    told = verify(without_private(run_of("lung"), tmp_path / "copy"))
    assert told.returncode == 2
    assert "without the patients' rows nothing can be done again" in told.stderr


AWKWARD = """
[study]
title = "Names and numbers that are hard to carry over"
profile = "guideline"
report_unit = "months"

[records.patients]
file = "patients.csv"
patient_id = "id"

[[endpoint]]
id = "OS"
time = { column = "time", unit = "weeks" }
event = { column = "event", values = [1], censored = [0] }

[[endpoint]]
id = "NEVER"
time = { column = "time", unit = "weeks" }
event = { column = "never", values = [1], censored = [0] }

[[factor]]
id = "y"
column = "zero"
levels = ["some", "none"]

[[factor]]
id = "if"
column = "sign"
levels = ["+", "-"]

[[factor]]
id = "T"
column = "odd"
levels = ["NA1", "x|y", "p,q", "=5"]

[[factor]]
id = "time"
column = "x"

[[factor]]
id = "event"
column = "twice_x"
cut = [-100, 0, 100]
cox = "continuous"

[[table]]
kind = "univariable"
endpoints = ["OS", "NEVER"]
factors = ["y", "if", "T", "event"]

[[model]]
id = "endless"
endpoint = "OS"
factors = ["y", "if"]

[[model]]
id = "singular"
endpoint = "OS"
factors = ["time", "event", "T"]

[[model]]
id = "nothing"
endpoint = "OS"
factors = ["time"]
select = { method = "forward-stepwise", enter = 1e-9, remove = 1e-8 }

[survival]
at = [0.01, 2, 900]

[privacy]
min_cell = 4
"""


def awkward_patients():
    """Sixty patients; nobody of ``zero`` "none" has the event, and ``twice_x`` is a line in ``x``."""
    yield "id,time,event,never,zero,sign,odd,x,twice_x"
    for k in range(60):
        none = k % 6 == 0
        x = (k * 37 % 60) / 10 - 3
        odd = ("NA1", "x|y", "p,q", "=5")[k * 7 % 11 % 4]
        time = (k * k * 31 % 97 + 3) / 10
        event = int(not none and k % 4 != 3)
        yield f'{k + 1},{time},{event},0,{"none" if none else "some"},{"+-"[k * 5 % 7 % 2]},"{odd}",{x},{2 * x + 1}'


def test_verify_r_confirms_awkward_names_singular_columns_and_models_without_a_maximum(verify, tmp_path):
    study = tmp_path / "study"
    study.mkdir()
    (study / "study.toml").write_text(AWKWARD, encoding="utf-8")
    (study / "patients.csv").write_text("\n".join(awkward_patients()) + "\n", encoding="utf-8")
    command_line("run", study, "--out", tmp_path / "run")
    told = verify(tmp_path / "run")
    assert told.returncode == 0, told.stdout + told.stderr
    assert "numbers not compared: their model has no finite estimate" in told.stdout
    assert told.stdout.splitlines()[-1].startswith("verdict: confirmed")
