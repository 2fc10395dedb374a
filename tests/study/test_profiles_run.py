"""The twelve patients of the tutorial under the guideline profile: known changes, causes, and the law of switches."""

import csv
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from oncohort.analysis.beside import OwnRun, _run, memory_of_runs
from oncohort.analysis.plan import analyze_cohort
from oncohort.derive.cohort import derive_cohort
from oncohort.intake.study import read_study
from oncohort.pipeline import run_study
from oncohort.report.assemble import assemble_report
from oncohort.report.document import Paragraph, plain_text
from oncohort.report.facts import StudyFacts
from oncohort.study.switched import differences, switched

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial"
TEXT = (TUTORIAL / "study.toml").read_text(encoding="utf-8")
PAPER = 'profile = "paper"\n'
BILIRUBIN = "P03,2009-04-01,BILI,62,umol/L,,20\n"
"""3.1 times the upper limit, grade 3 in version 3.0; 2.8 times an abnormal baseline, grade 2 in version 5.0."""

BY_GUIDELINE = (
    TEXT.replace(PAPER, 'profile = "guideline"\n').replace(
        "[response] ", '[response]\nconfirm = true\nsd_min_days = ">= 56"\n#'
    )
    + """
[[baseline.variable]]
id = "child_pugh"
cutoffs = "rounded"

[[baseline.variable]]
id = "bclc"
era = "2022"

[safety]
ctcae = "5.0"
emergent_only = true
"""
)
"""The tutorial as who follows the guideline profile would write it: what the preset says otherwise is said here."""


def study_of(place: Path, text: str) -> Path:
    shutil.copytree(TUTORIAL / "data", place / "data")
    with (place / "data" / "labs.csv").open("a", encoding="utf-8") as labs:
        labs.write(BILIRUBIN)
    (place / "study.toml").write_text(text, encoding="utf-8")
    return place


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    text = TEXT.replace(PAPER, f'{PAPER}beside = "guideline"\n')
    return study_of(tmp_path_factory.mktemp("paper"), text)


@pytest.fixture(scope="module")
def out(folder, tmp_path_factory):
    place = tmp_path_factory.mktemp("out") / "run"
    subprocess.run([sys.executable, "-m", "oncohort", "run", folder, "--out", place], check=True, capture_output=True)
    return place


@pytest.fixture(scope="module")
def rows(out):
    with (out / "profiles.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def run(folder):
    return run_study(folder)


def found(rows, analysis, statistic, **keys):
    """Return text, text beside, verdict and causes of one number of all patients."""
    names = ("model", "endpoint", "group", "variable", "level", "time")
    wanted = {"analysis": analysis, "statistic": statistic} | {name: keys.get(name, "") for name in names}
    [row] = [row for row in rows if wanted.items() <= row.items()]
    return row["text"], row["text_beside"], row["verdict"], row["changed_by"]


CHANGES = {
    "P02: a response that nobody confirmed": (
        ("response", "n", {"variable": "objective_response"}),
        ("5", "4", "changed", "response.confirm"),
    ),
    "P02 is stable then, and so is who lasted to day 56": (
        ("response", "n", {"variable": "best_response", "level": "SD"}),
        ("4", "6", "changed", "response.confirm; response.sd_min_days"),
    ),
    "stable disease on day 56 is a benefit": (
        ("response", "n", {"variable": "clinical_benefit"}),
        ("9", "10", "changed", "response.sd_min_days"),
    ),
    "P05: a death after two missed scans": (
        ("survival", "n_event", {"endpoint": "PFS"}),
        ("7", "6", "changed", "endpoint.missed_visits"),
    ),
    "survival has no scans to miss": (("survival", "n_event", {"endpoint": "OS"}), ("4", "4", "equal", "")),
    "P03: bilirubin is graded against an abnormal baseline": (
        ("safety", "n", {"variable": "lab_bili", "level": "emergent_3-4"}),
        ("2", "1", "changed", "safety.ctcae"),
    ),
    "follow-up as observed is of the paper profile": (
        ("follow_up", "median", {"endpoint": "OS", "level": "observed"}),
        ("7.5", "", "only here", "follow_up.method; study.add_one_day"),
    ),
}


@pytest.mark.parametrize(("asked", "expected"), CHANGES.values(), ids=CHANGES)
def test_known_patients_change_known_numbers(rows, asked, expected):
    analysis, statistic, keys = asked
    assert found(rows, analysis, statistic, **keys) == expected


def test_recorded_grades_stay_as_they_were_recorded(rows):
    graded = [r for r in rows if r["analysis"] == "safety" and not r["variable"].startswith("lab_")]
    assert graded
    assert not any("safety.ctcae" in row["changed_by"] for row in graded)


def test_progression_free_survival_is_that_of_the_rule_of_censoring_of_the_fda(rows):
    """The tutorial reports FDA table A beside its own rule: its events are those of the guideline profile."""
    fda, *_ = found(rows, "survival", "n_event", endpoint="PFS", model="FDA_A")
    _, guideline, *_ = found(rows, "survival", "n_event", endpoint="PFS")
    assert fda == guideline == "6"


def test_every_number_of_the_run_is_in_the_file_once(rows, out):
    keys = ("analysis", "model", "endpoint", "population", "group", "variable", "level", "time", "statistic")
    with (out / "results.csv").open(encoding="utf-8", newline="") as file:
        own = {tuple(row[key] for key in keys): row["text"] for row in csv.DictReader(file)}
    here = {tuple(row[key] for key in keys): row["text"] for row in rows if row["verdict"] != "only beside"}
    assert here == own
    assert all(row["changed_by"] for row in rows if row["verdict"] != "equal")


def test_report_tells_it_and_says_that_recorded_grades_stay(run):
    facts = StudyFacts(run.protocol, run.results, run.cohort, run.findings, run.records.sources, "", lambda: run.beside)
    report = assemble_report(facts)
    told = " ".join(plain_text(block.text) for block in report.document.blocks if isinstance(block, Paragraph))
    assert "Adverse events keep the grade with which they were recorded" in told
    assert "each of the 22 choices that differ" in told
    [table] = [t for t in report.tables if plain_text(t.head[0][-1].text) == "Changed by"]
    lines = [[plain_text(cell.text) for cell in row.cells] for row in table.body]
    assert ["Progression-free survival, events, n (%)", "7 (58.3)", "6 (50.0)", "Missed visits"] in lines
    assert ["Partial response, n (%)", "4 (33.3)", "3 (25.0)", "Confirmed response"] in lines


def test_all_choices_switched_are_the_study_that_makes_them_itself(run, tmp_path):
    other = run_study(study_of(tmp_path / "guideline", BY_GUIDELINE))
    assert [repr(row) for row in run.beside.results.rows] == [repr(row) for row in other.results.rows]
    force = {key: made.value for key, made in other.protocol.settings().items()}
    assert force == {key: made.value for key, made in run.protocol.settings_under("guideline").items()}


def test_each_switch_alone_is_found_as_if_everything_ran_anew(folder):
    """Nothing that a choice touches is ever taken from memory, and statistical choices touch no patient."""
    study, memory = read_study(folder), memory_of_runs()
    cohort, _ = derive_cohort(study.records, study.protocol, memory)
    results, _ = analyze_cohort(cohort, study.protocol, memory)
    own = OwnRun(study.records, study.protocol, cohort, results, memory)
    keys = [difference.key for difference in differences(study.protocol, "guideline")]
    assert len(keys) == 22
    for chosen in (*([key] for key in keys), keys[::2], keys[1::2]):
        remembered = _run(own, chosen, "guideline")
        protocol = switched(study.protocol, chosen, "guideline")
        itself, _ = analyze_cohort(derive_cohort(study.records, protocol)[0], protocol)
        for part in ("rows", "curves", "levels"):
            both = ([repr(row) for row in getattr(results, part)] for results in (remembered, itself))
            assert next(both) == next(both), (chosen, part)


def test_run_without_another_profile_writes_no_file_of_profiles(oncohort, tmp_path):
    place = study_of(tmp_path / "study", TEXT)
    assert oncohort("run", place, "--out", tmp_path / "run").code == 0
    assert not (tmp_path / "run" / "profiles.csv").exists()


def test_small_counts_are_masked_under_both_profiles(tmp_path):
    text = TEXT.replace(PAPER, f'{PAPER}beside = "guideline"\n') + "\n[privacy]\nmin_cell = 5\n"
    pairs = run_study(study_of(tmp_path / "masked", text)).beside.pairs
    counts = [row for pair in pairs for row in (pair.here, pair.beside) if row and row.statistic == "n"]
    assert any(row.text == "<5" for row in counts)
    assert not any(row.value is not None and 0 < row.value < 5 for row in counts)


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("guidline", 'study.beside: "guidline" is not one of "paper" or "guideline". Did you mean "guideline"?'),
        ("paper", None),
    ],
)
def test_a_profile_that_cannot_stand_beside_stops_the_run(oncohort, tmp_path, word, sentence):
    place = study_of(tmp_path / "study", TEXT.replace(PAPER, f'{PAPER}beside = "{word}"\n'))
    told = oncohort("run", place, "--out", tmp_path / "run")
    if sentence is None:
        sentence = 'study.beside: the study makes every choice as "paper" does already; "guideline" was expected'
    assert told.code == 3
    assert sentence in told.err
