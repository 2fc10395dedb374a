"""The page of twelve patients: its rows are those of the files, its values those of a run in Python and by command."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from oncohort.clinical.bclc import TumorExtent, bclc
from oncohort.clinical.child_pugh import LiverFunction, child_pugh
from oncohort.pipeline import run_study
from oncohort.study.cohort import Derived
from oncohort.study.run import StudyRun

FOLDER = Path(__file__).parents[2] / "docs" / "tutorial"
PAGE = (FOLDER / "README.md").read_text(encoding="utf-8")
PATIENTS = {part[:3]: part for part in re.split(r"^##+ ", PAGE, flags=re.MULTILINE) if re.match(r"P\d\d: ", part)}
TABLE = re.compile(r"(?:^\|.*\|\n)+", re.MULTILINE)
RAW = re.compile(r"^`(\w+)\.csv`\n\n```csv\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DEFINITIONS = {"best response": "", "… SD of any duration": "sd_any", "… confirmed": "confirmed"}
TIMES = {"PFS, paper": ("PFS", ""), "PFS, FDA table A": ("PFS", "FDA_A"), "overall survival": ("OS", "")}

Row = Mapping[str, Any]


def tables(text: str) -> Iterable[list[dict[str, str]]]:
    """Yield the tables of a text of Markdown, each as a list of cells by header."""
    for table in TABLE.findall(text):
        head, _, *body = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
        yield [dict(zip(head, cells, strict=True)) for cells in body]


def table_with(header: str, text: str = PAGE) -> list[dict[str, str]]:
    return next((table for table in tables(text) if header in table[0]), [])


def told_of(patient_id: str) -> dict[str, tuple[str, str]]:
    """Return what the page says of a patient: for each derived thing its value and why."""
    return {row["derived"]: (row["value"], row["why"]) for row in table_with("derived", PATIENTS[patient_id])}


@pytest.fixture(scope="module")
def run() -> StudyRun:
    return run_study(FOLDER)


@pytest.fixture(scope="module")
def derived(run) -> Derived:
    return run.cohort.derived


@pytest.fixture(scope="module")
def out(tmp_path_factory) -> Path:
    """Run the command of the page, with another place for the results."""
    place = tmp_path_factory.mktemp("tutorial") / "run"
    subprocess.run([sys.executable, "-m", "oncohort", "run", FOLDER, "--out", place], check=True, capture_output=True)
    return place


def of(frame: pl.DataFrame, patient_id: str, **where: str) -> list[dict[str, Any]]:
    return frame.filter(patient_id=patient_id, **where).to_dicts()


def records(table: str) -> list[dict[str, str]]:
    with (FOLDER / "data" / f"{table}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def when(day: int | None, before: str) -> str:
    return before if day is None else f"{before} on day {day}"


def entry(patient: Row) -> dict[str, str]:
    why = f": {patient['failed']}" if patient["eligibility"] == "EXCLUDED" else ""
    score = f"{patient['child_pugh_class']}, {patient['child_pugh_score']:g} points"
    return {"eligibility": patient["eligibility"] + why, "Child-Pugh": score, "BCLC": patient["bclc"]}


def values(derived: Derived, patient_id: str) -> dict[str, str]:
    """Return everything derived of a patient in the words of the page."""
    [patient] = of(derived.patients, patient_id)
    doses = of(derived.exposure, patient_id)
    broken = of(derived.adherence, patient_id, verdict="broken")
    best = {name: of(derived.best, patient_id, definition=definition)[0] for name, definition in DEFINITIONS.items()}
    ends = {
        name: of(derived.time_to_event, patient_id, endpoint=endpoint, rule=rule)[0]
        for name, (endpoint, rule) in TIMES.items()
    }
    reason = patient["early_stop_reason"]
    progression = patient["progression_day"]
    return {
        **entry(patient),
        "arm": f"{patient['arm']} from day {patient['arm_known_day']}",
        **{name: when(found["day"], found["best"]) for name, found in best.items()},
        "progression": "none" if progression is None else f"day {progression}",
        **{name: time(end["day"], end["description"], event=end["event"]) for name, end in ends.items()},
        "doses": ", ".join(f"{dose['state']} {dose['start_day']}–{dose['end_day']}" for dose in doses),
        "dose intensity": f"{patient['relative_dose_intensity']:g} %",
        "early stop": patient["early_stop"] + (f": {reason}" if reason else ""),
        "past progression": patient["continued_past_progression"],
        "deviations": "; ".join(f"{found['rule']} on day {found['day']}" for found in broken) or "none",
    }


def time(day: int, description: str, *, event: bool) -> str:
    return f"day {day}, {'event' if event else 'censored'}: {description}"


def reasons(derived: Derived, patient_id: str) -> dict[str, str]:
    """Return the reasons that the program gives itself."""
    broken = of(derived.adherence, patient_id, verdict="broken")
    return {
        "Child-Pugh": why_child_pugh(patient_id),
        "BCLC": why_bclc(patient_id),
        **{name: of(derived.best, patient_id, definition=key)[0]["why"] for name, key in DEFINITIONS.items()},
        **{
            name: of(derived.time_to_event, patient_id, endpoint=endpoint, rule=rule)[0]["why"]
            for name, (endpoint, rule) in TIMES.items()
        },
        "deviations": "; ".join(found["value"] for found in broken),
    }


def why_child_pugh(patient_id: str) -> str:
    labs = {row["test"]: float(row["value"]) for row in reversed(records("labs")) if row["patient_id"] == patient_id}
    [score] = [row for row in records("clinical_scores") if row["patient_id"] == patient_id]
    items = LiverFunction(
        bilirubin_umol_per_l=labs["BILI"],
        albumin_g_per_l=labs["ALB"],
        inr=labs["INR"],
        pt_prolongation_s=None,
        ascites=score["ascites"].lower(),
        encephalopathy=int(score["encephalopathy"]),
    )
    return child_pugh(items, cutoffs="exact", coagulation="inr", cholestatic=False).score.why


def why_bclc(patient_id: str) -> str:
    [disease] = [row for row in records("baseline_disease") if row["patient_id"] == patient_id]
    [score] = [row for row in records("clinical_scores") if row["patient_id"] == patient_id]
    vein = {"BRANCH": "portal_branch", "TRUNK": "portal_trunk"}[disease["pvt"]]
    extent = TumorExtent(
        int(disease["n_tumours"]), float(disease["max_diam_mm"]), False, vascular_invasion=vein, n1=False, m1=False
    )
    stage = {"era": "2008", "single_large": "A", "require_tumor_related": False}
    return bclc(extent, ecog=int(score["ecog"]), child_pugh_class="A", **stage).why


def test_the_page_has_the_twelve_patients_and_all_who_were_screened():
    ids = [row["patient_id"] for row in records("subjects")]
    assert [*PATIENTS, *(row["patient"] for row in table_with("Child-Pugh"))] == ids
    assert len(PATIENTS) == 12


@pytest.mark.parametrize("patient_id", PATIENTS)
def test_every_row_shown_is_in_its_file(patient_id):
    shown = RAW.findall(PATIENTS[patient_id])
    assert shown
    for table, text in shown:
        known = records(table)
        for row in csv.DictReader(text.splitlines()):
            assert row["patient_id"] == patient_id
            assert any(row.items() <= record.items() for record in known), (table, row)


@pytest.mark.parametrize("patient_id", PATIENTS)
def test_every_assessment_is_the_derived_one(derived, patient_id):
    visits = of(derived.visits, patient_id)
    expected = [
        {
            "day": str(visit["day"]),
            "sum (mm)": f"{visit['sum_mm']:g}",
            "from baseline": f"{round(visit['change_percent'], 1):g} %".replace("-", "−"),
            "target": visit["target"],
            "non-target": visit["non_target"],
            "new lesion": visit["new_lesion"],
            "overall": visit["overall"],
        }
        for visit in visits
    ]
    assert table_with("from baseline", PATIENTS[patient_id]) == expected


@pytest.mark.parametrize("patient_id", PATIENTS)
def test_every_derived_value_is_that_of_python(derived, patient_id):
    assert {name: value for name, (value, _) in told_of(patient_id).items()} == values(derived, patient_id)


@pytest.mark.parametrize("patient_id", PATIENTS)
def test_reasons_are_in_the_words_of_the_program(derived, patient_id):
    told = {name: why for name, (_, why) in told_of(patient_id).items()}
    assert all(why for name, why in told.items() if name != "deviations")
    own = reasons(derived, patient_id)
    assert {name: told[name] for name in own} == own


def test_no_rule_of_the_protocol_is_left_open(derived):
    assert set(derived.adherence["verdict"].to_list()) == {"kept", "broken", "not applicable"}


def test_the_screened_are_judged_as_the_page_says(derived):
    for row in table_with("Child-Pugh"):
        [patient] = of(derived.patients, row["patient"])
        assert {name: row[name] for name in ("eligibility", "Child-Pugh", "BCLC")} == entry(patient)
        assert row["why"] == why_child_pugh(row["patient"])


def test_the_flow_is_that_of_the_page(run):
    steps = [(step.id, step.n_in, step.n_out, step.n_in - step.n_out) for step in run.cohort.flow]
    assert [tuple(row.values()) for row in table_with("step")] == [tuple(map(str, step)) for step in steps]


def test_days_of_the_calendar():
    for row in table_with("date"):
        assert (date.fromisoformat(row["date"]) - date(2009, 3, 2)).days == int(row["day"].replace("−", "-"))


def test_findings_are_those_that_the_page_tells(out):
    with (out / "private" / "findings.csv").open(encoding="utf-8") as file:
        told = [row for row in csv.DictReader(file) if row["file"]]
    found = [{"level": r["level"], "rule": r["rule"], "patient": r["patient_id"], "value": r["value"]} for r in told]
    assert table_with("rule") == found


@pytest.mark.parametrize("patient_id", PATIENTS)
def test_the_command_writes_the_same_values(out, patient_id):
    datasets = out / "private" / "datasets"
    told = {name: value for name, (value, _) in told_of(patient_id).items()}
    ends = pl.read_csv(datasets / "adtte.csv").filter(USUBJID=patient_id)
    for name, (endpoint, rule) in TIMES.items():
        end = ends.row(by_predicate=pl.col("PARAMCD") == "_".join(filter(None, (endpoint, rule))), named=True)
        kind = "censored" if end["CNSR"] else "event"
        assert told[name].startswith(f"day {end['AVAL']:g}, {kind}: ")
    responses = pl.read_parquet(datasets / "adrs.parquet").filter(USUBJID=patient_id)
    for name, definition in DEFINITIONS.items():
        best = responses.row(by_predicate=pl.col("PARAMCD") == "_".join(filter(None, ("BOR", definition))), named=True)
        assert told[name] == when(None if best["ADY"] is None else best["ADY"] - 1, best["AVALC"])
    broken = pl.read_parquet(datasets / "adherence.parquet").filter(USUBJID=patient_id, verdict="broken")
    assert [found.split(" on ")[0] for found in told["deviations"].split("; ")] == (
        broken["rule"].to_list() or ["none"]
    )
    patient = pl.read_parquet(datasets / "adsl.parquet").row(by_predicate=pl.col("USUBJID") == patient_id, named=True)
    assert told["arm"].split()[0] == patient["ARMACT"]
    assert told["eligibility"].split(":")[0] == patient["ELIGST"]
    assert told["Child-Pugh"][0] == patient["child_pugh_class"]
    assert told["dose intensity"] == f"{patient['relative_dose_intensity']:g} %"
    assert told["past progression"] == patient["continued_past_progression"]


NUMBERS = {
    "clinical benefit": ("response", "", "", "clinical_benefit"),
    "… SD of any duration": ("response", "sd_any", "", "clinical_benefit"),
    "objective response": ("response", "", "", "objective_response"),
    "… confirmed": ("response", "confirmed", "", "objective_response"),
    "deaths": ("survival", "", "OS", ""),
    "events of PFS, paper": ("survival", "", "PFS", ""),
    "events of PFS, FDA table A": ("survival", "FDA_A", "PFS", ""),
}
"""For a number of the page its analysis, model, endpoint and variable in ``results.csv``."""


def test_numbers_of_the_report_are_those_of_the_page(out):
    with (out / "results.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["statistic"] in {"n", "n_event"} and not row["group"]]
    written = {
        (row["analysis"], row["model"], row["endpoint"], row["variable"]): row["text"]
        for row in rows
        if not row["level"] and not row["time"]
    }
    told = {row["number"]: row["value"] for row in table_with("number")}
    assert {name: value.removesuffix(" of 12") for name, value in told.items()} == {
        name: written[key] for name, key in NUMBERS.items()
    }
