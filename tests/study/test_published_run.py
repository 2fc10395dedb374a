"""Published numbers through the command line: the file, the section of the report, the manifest, and mistakes."""

import csv
import json
import re

import pytest

PATIENTS = """\
Number,Sex,OS,Death
1,M,14.2,1
2,F,22.0,0
3,M,8.5,1
4,M,30.1,0
5,F,5.5,1
6,M,6.3,1
"""
STUDY = """\
[study]
title = "Six patients"
profile = "paper"

[records.patients]
file = "data/patients.csv"
patient_id = "Number"

[[endpoint]]
id = "OS"
time = { column = "OS", unit = "months" }
event = { column = "Death", values = [1] }

[[factor]]
id = "sex"
column = "Sex"
levels = ["M", "F"]

[[table]]
kind = "characteristics"
factors = ["sex"]

[published]
file = "published.toml"
"""
PUBLISHED = """\
source = { citation = "Doe J. J Hepatol 2020;1:1", note = "The six are <synthetic>." }
number = [
    { id = "n", place = "Abstract", statistic = "patients", value = 6, row = { analysis = "flow", level = "analyzed", statistic = "n" } },
    { id = "os", place = "Abstract", statistic = "median OS, months", value = 8.6, duplicate_of = "os.results" },
    { id = "os.results", place = "Results", statistic = "median OS, months", value = 8.6, reason = "a misprint", row = { analysis = "survival", endpoint = "OS", statistic = "median" } },
    { id = "men", place = "Table I", statistic = "percent", group = "men", value = 66.7, row = { analysis = "baseline", model = "table_1", variable = "sex", level = "M", statistic = "percent" } },
    { id = "lost", place = "Results", statistic = "lost to follow-up", value = 0, reason = "was not recorded" },
    { id = "alpha", place = "Methods", statistic = "significance level", value = 0.05, cls = "protocol", setting = "study.alpha" },
]
"""  # noqa: E501


@pytest.fixture
def study(tmp_path):
    folder = tmp_path / "study"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "patients.csv").write_text(PATIENTS, encoding="utf-8")
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    (folder / "published.toml").write_text(PUBLISHED, encoding="utf-8")
    return folder


def test_run_writes_every_number_beside_the_recomputed_one(study, oncohort, tmp_path):
    out = tmp_path / "out"
    told = oncohort("run", study, "--out", out)
    assert told.code == 0, told.err
    lines = list(csv.DictReader((out / "published.csv").read_text(encoding="utf-8").splitlines()))
    assert [(line["id"], line["published"], line["recomputed"], line["verdict"]) for line in lines] == [
        ("n", "6", "6.0", "equal"),
        ("os", "8.6", "8.5", "differs"),
        ("os.results", "8.6", "8.5", "differs"),
        ("men", "66.7", repr(400 / 6), "equal"),
        ("lost", "0", "", "not_recomputable"),
        ("alpha", "0.05", "0.05", "protocol"),
    ]
    assert [line["reason"] for line in lines] == ["", "a misprint", "a misprint", "", "was not recorded", ""]
    assert lines[1]["key"] == lines[2]["key"] == "survival,,OS,all,,,,,median"
    assert (lines[1]["duplicate_of"], lines[5]["key"]) == ("os.results", "study.alpha")
    assert "published.csv" in {path.name for path in out.iterdir()}
    assert oncohort("run", study, "--out", out).code == 0


def test_report_has_the_section_with_both_counts(study, oncohort, tmp_path):
    out = tmp_path / "out"
    assert oncohort("run", study, "--out", out).code == 0
    page = (out / "report.html").read_text(encoding="utf-8")
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert "Published and recomputed numbers" in text
    assert "5 (4) results: 2 (2) equal as printed, 2 (1) different and 1 (1) not recomputable." in text
    assert "The six are &lt;synthetic&gt;." in page
    assert "Every published number beside the recomputed one" in text


def test_manifest_names_the_file_with_its_fingerprint(study, oncohort, tmp_path):
    out = tmp_path / "out"
    assert oncohort("run", study, "--out", out).code == 0
    inputs = json.loads((out / "manifest.json").read_text(encoding="utf-8"))["inputs"]
    [published] = [item for item in inputs if item["file"] == "published.toml"]
    assert (published["rows"], published["assumed"]) == (6, ["6 published numbers"])
    assert len(published["sha256"]) == 64


@pytest.mark.parametrize("command", ["check", "run"])
def test_mistake_of_the_file_ends_with_3_and_its_line(study, oncohort, tmp_path, command):
    wrong = PUBLISHED.replace('analysis = "flow"', 'analysis = "flwo"')
    (study / "published.toml").write_text(wrong, encoding="utf-8")
    told = oncohort(command, study, *(["--out", tmp_path / "out"] if command == "run" else []))
    assert told.code == 3
    assert 'published.toml:3 number.n.row.analysis: "flwo" is not one of' in told.err
    assert 'Did you mean "flow"?' in told.err
    assert not (tmp_path / "out").exists()


def test_file_that_is_not_there_is_told(study, oncohort):
    (study / "published.toml").unlink()
    told = oncohort("check", study)
    assert told.code == 4
    assert "published.toml" in told.err
    assert "Traceback" not in told.err


def test_file_outside_the_study_is_refused(study, oncohort):
    (study / "study.toml").write_text(STUDY.replace('"published.toml"', '"../published.toml"'), encoding="utf-8")
    told = oncohort("check", study)
    assert told.code == 4
    assert "lies outside the study folder" in told.err


def test_row_that_the_results_do_not_have_is_an_objection(study, oncohort, tmp_path):
    text = PUBLISHED.replace('level = "M"', 'level = "male"')
    (study / "published.toml").write_text(text, encoding="utf-8")
    assert oncohort("run", study, "--out", tmp_path / "out").code == 0
    findings = (tmp_path / "out" / "private" / "findings.csv").read_text(encoding="utf-8")
    assert "PUBLISHED-ROW,published numbers name a row that the results do not have: men" in findings


def test_small_counts_stay_masked_beside_a_publication(study, oncohort, tmp_path):
    (study / "study.toml").write_text(f"{STUDY}\n[privacy]\nmin_cell = 5\n", encoding="utf-8")
    assert oncohort("run", study, "--out", tmp_path / "out").code == 0
    lines = list(csv.DictReader((tmp_path / "out" / "published.csv").read_text(encoding="utf-8").splitlines()))
    [men] = [line for line in lines if line["id"] == "men"]
    assert (men["recomputed"], men["verdict"], men["reason"]) == ("", "not_recomputable", "the results say: masked")
