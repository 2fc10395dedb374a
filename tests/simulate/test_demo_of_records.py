"""The bundled records study: made by the command from its own margins and outlines, and true to its truth.csv."""

import csv
import re

import pytest
from agreement import audited

from oncohort.demo import demo_study
from oncohort.derive.course import derive_course
from oncohort.intake.study import read_study


@pytest.fixture(scope="module")
def demo():
    with demo_study("sorafenib") as folder:
        yield folder


def contents(folder):
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_the_demo_is_what_the_command_makes_of_it(oncohort, demo, tmp_path):
    seed = re.search(r"^Seed (\d+)\.", (demo / "SYNTHETIC.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert seed is not None
    out = tmp_path / "again"
    told = oncohort("simulate", demo, "--margins", demo / "margins.toml", "--seed", seed[1], "--out", out)
    assert told.code == 0, told.err
    again, bundled = contents(out), contents(demo)
    assert again.keys() == bundled.keys()
    cases = "SYNTHETIC.md"  # names whom the patients of figures took the place of
    assert {name for name in again if again[name] != bundled[name]} <= {cases}


def test_the_checks_find_nothing_and_the_audit_finds_the_truth(demo):
    study = read_study(demo)
    course = derive_course(study.records, study.protocol)
    assert [finding.in_full() for finding in study.findings] == []
    with (demo / "truth.csv").open(encoding="utf-8", newline="") as file:
        truth = [
            (row["patient_id"], row["rule"], int(row["day"]) if row["verdict"] == "broken" else None)
            for row in csv.DictReader(file)
        ]
    assert audited(course) == sorted(truth, key=str)
