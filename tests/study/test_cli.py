"""The command line as a user meets it: files in, a folder out, exit codes, and nothing half-written."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from hashlib import sha256
from pathlib import Path

import polars as pl
import pytest

from oncohort.demo import demo_study
from oncohort.writer.folder import whole_folder

PATIENTS = """\
Number,Age,Sex,BCLC,AFP,OS,Death
1,61,M,A,12.5,14.2,1
2,54,F,B,350,22.0,0
3,70,M,B,,8.5,1
4,48,M,A,7,30.1,0
5,66,F,B,2100,5.5,1
6,59,M,A,41,6.3,1
7,73,M,B,900,11.0,1
8,51,F,A,3,27.7,0
"""
STUDY = """\
[study]
title = "Eight patients"
profile = "guideline"

[records.patients]
file = "data/patients.csv"
patient_id = "Number"

[[endpoint]]
id = "OS"
time = { column = "OS", unit = "months" }
event = { column = "Death", values = [1] }

[[factor]]
id = "age"
column = "Age"
split = "median"

[[factor]]
id = "bclc"
column = "BCLC"
levels = ["A", "B"]

[[table]]
kind = "characteristics"
factors = ["age", "bclc"]
by = "bclc"

[[table]]
kind = "univariable"
endpoints = ["OS"]
factors = ["age", "bclc"]

[[model]]
id = "cox"
endpoint = "OS"
factors = ["age"]
"""


@pytest.fixture
def study(tmp_path) -> Path:
    folder = tmp_path / "study"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "patients.csv").write_text(PATIENTS, encoding="utf-8")
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    return folder


def change(folder: Path, old: str, new: str, name: str = "study.toml") -> None:
    file = folder / name
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def fingerprint(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest() for path in files}


def test_run_writes_the_whole_folder(oncohort, study):
    told = oncohort("run", study)
    assert told.code == 0, told.err
    out = study / "run"
    names = set(fingerprint(out))
    assert {
        "report.html",
        "report.docx",
        "results.csv",
        "curves.csv",
        "levels.csv",
        "manifest.json",
        "verify.R",
    } <= names
    assert {"tables/tables.xlsx", "private/findings.csv", "private/datasets/adtte.csv"} <= names
    assert {"private/datasets/adsl.parquet", "private/datasets/adtte.parquet"} <= names
    assert "8 of 8 patients analyzed" in told.out
    assert str(out / "report.html") in told.out
    assert told.err == ""


def test_study_may_be_its_folder_or_its_file(oncohort, study, tmp_path):
    for name, path in (("a", study), ("b", study / "study.toml")):
        assert oncohort("run", path, "--out", tmp_path / name).code == 0
    assert fingerprint(tmp_path / "a")["results.csv"] == fingerprint(tmp_path / "b")["results.csv"]


def test_two_runs_are_byte_identical_but_for_the_manifest(study, tmp_path):
    for name, seed in (("a", "1"), ("b", "2")):
        subprocess.run(
            [sys.executable, "-m", "oncohort", "run", study, "--out", tmp_path / name],
            check=True,
            capture_output=True,
            env={"PYTHONHASHSEED": seed, "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        )
    a, b = fingerprint(tmp_path / "a"), fingerprint(tmp_path / "b")
    assert a.pop("manifest.json")
    assert b.pop("manifest.json")
    assert a == b


def test_json_summary_is_for_machines(oncohort, study):
    summary = json.loads(oncohort("run", study, "--json").out)
    assert summary["patients"] == {"read": 8, "analyzed": 8}
    assert summary["endpoints"]["OS"]["n_event"] == "5"
    findings = json.loads(oncohort("check", study, "--json").out)
    assert set(findings["counts"]) == {"fatal", "error", "warning", "note"}


def test_a_second_run_replaces_the_first_and_a_failed_one_leaves_it(oncohort, study):
    assert oncohort("run", study).code == 0
    before = fingerprint(study / "run")
    change(study, "1,61,M,A,12.5,14.2,1", "1,61,M,A,12.5,-14.2,1", "data/patients.csv")
    told = oncohort("run", study)
    assert told.code == 4
    assert "Traceback" not in told.err
    assert fingerprint(study / "run") == before
    assert not [path for path in study.iterdir() if path.name.startswith(".")]
    change(study, "1,61,M,A,12.5,-14.2,1", "1,61,M,A,12.5,15.2,1", "data/patients.csv")
    assert oncohort("run", study).code == 0
    assert fingerprint(study / "run") != before


@pytest.mark.parametrize(
    ("prepare", "sentence"),
    [
        (lambda out: out.write_text("x"), "is not a folder"),
        (lambda out: (out.mkdir(), (out / "thesis.docx").write_text("x")), "holds files that are not a run"),
    ],
)
def test_something_else_at_out_is_refused_and_untouched(oncohort, study, tmp_path, prepare, sentence):
    out = tmp_path / "out"
    prepare(out)
    before = fingerprint(tmp_path)
    told = oncohort("run", study, "--out", out)
    assert told.code == 6
    assert sentence in told.err
    assert fingerprint(tmp_path) == before


def test_exit_codes(oncohort, study, tmp_path):
    assert oncohort("rnu", study).code == 2
    assert 'Did you mean "run"?' in oncohort("rnu").err
    assert oncohort("run", tmp_path / "nowhere").code == 2
    assert oncohort("run", tmp_path).code == 2
    assert oncohort("run").code == 2
    assert oncohort("--help").code == 0
    assert oncohort("--version").out.startswith("oncohort ")
    change(study, 'profile = "guideline"', 'profile = "CHOOSE"')
    told = oncohort("run", study)
    assert (told.code, "study.toml:3 study.profile: is still to be chosen" in told.err) == (3, True)
    change(study, 'profile = "CHOOSE"', 'profile = "guideline"')
    change(
        study,
        "[[endpoint]]",
        '[[criterion]]\nid = "old"\ninclude = { column = "Age", op = ">", value = 99 }\n\n[[endpoint]]',
    )
    told = oncohort("run", study)
    assert (told.code, "no patient is left to analyze of 8" in told.err) == (5, True)


def test_a_patient_whom_a_criterion_leaves_out_stops_no_run(oncohort, study):
    change(study, "3,70,M,B,,8.5,1", "3,70,M,B,,-8.5,1", "data/patients.csv")
    assert oncohort("run", study).code == 4
    change(
        study,
        "[[endpoint]]",
        '[[criterion]]\nid = "afp"\ninclude = { column = "AFP", op = "present" }\n\n[[endpoint]]',
    )
    told = oncohort("run", study)
    assert told.code == 0, told.err
    assert "7 of 8 patients analyzed" in told.out
    assert 'excluded by criterion ""afp""' in (study / "run/private/findings.csv").read_text(encoding="utf-8")


def test_check_tells_findings_and_exits_with_4_if_one_is_an_error(oncohort, study):
    assert oncohort("check", study).code == 0
    change(study, "7,73,M,B,900", "7,73,M,C,900", "data/patients.csv")
    told = oncohort("check", study)
    assert told.code == 4
    assert re.search(r'error: data/patients.csv, row 8, patient 7, column "BCLC": "C"', told.out)
    assert oncohort("run", study).code == 0, "an error is told and counted, and only fatal findings stop a run"
    change(study, "[[endpoint]]", '[checks]\nstop_at = "error"\n\n[[endpoint]]')
    assert oncohort("run", study).code == 4


def test_nothing_of_a_patient_leaves_the_private_folder(oncohort, study):
    text = (study / "data/patients.csv").read_text(encoding="utf-8")
    for number in range(1, 9):
        text = re.sub(rf"^{number},", f"HOSP-77{number}-XK,", text, flags=re.MULTILINE)
    (study / "data/patients.csv").write_text(text.replace("HOSP-773-XK,70,M,B", "HOSP-773-XK,70,M,Q"), encoding="utf-8")
    assert oncohort("run", study).code == 0
    out = study / "run"
    for path in out.rglob("*"):
        if path.is_dir() or "private" in path.relative_to(out).parts:
            continue
        parts = [path.read_bytes()]
        if path.suffix in {".docx", ".xlsx"}:
            with zipfile.ZipFile(path) as archive:
                parts = [archive.read(name) for name in archive.namelist()]
        assert not any(b"HOSP-77" in part for part in parts), path
    assert "HOSP-773-XK" in (out / "private" / "findings.csv").read_text(encoding="utf-8")


def test_results_have_unique_ascii_keys_and_full_doubles(oncohort, study):
    assert oncohort("run", study).code == 0
    frame = pl.read_csv(study / "run" / "results.csv", infer_schema=False)
    keys = ["analysis", "model", "endpoint", "population", "group", "variable", "level", "time", "statistic"]
    assert frame.columns == [*keys, "unit", "value", "text"]
    assert frame.select(keys).is_unique().all()
    assert all(cell.isascii() for name in keys for cell in frame[name].drop_nulls())
    ratio = frame.filter(pl.col("analysis") == "multivariable_cox", pl.col("statistic") == "estimate")
    assert all(len(value) > 12 for value in ratio["value"])


def test_small_cells_are_masked(oncohort, study):
    (study / "study.toml").write_text(STUDY + "\n[privacy]\nmin_cell = 5\n", encoding="utf-8")
    assert oncohort("run", study).code == 0
    frame = pl.read_csv(study / "run" / "results.csv", infer_schema=False)
    counts = frame.filter(pl.col("unit") == "patients")
    values = [float(v) for v in counts["value"].drop_nulls()]
    assert all(v == 0 or v >= 5 for v in values)
    assert "<5" in counts["text"].to_list()
    curves = pl.read_csv(study / "run" / "curves.csv", infer_schema=False)
    assert set(curves["n_event"]) <= {"0", "<5"}


def test_cells_that_a_spreadsheet_would_run_are_written_as_text(oncohort, study):
    text = (study / "study.toml").read_text(encoding="utf-8")
    levels = 'levels = [{ id = "A", label = "=cmd|x" }, { id = "B", label = "@B" }]'
    (study / "study.toml").write_text(text.replace('levels = ["A", "B"]', levels), encoding="utf-8")
    assert oncohort("run", study).code == 0
    written = (study / "run" / "levels.csv").read_text(encoding="utf-8")
    assert "'=cmd|x" in written
    assert "'@B" in written


def test_demo_writes_its_study_and_runs_it(oncohort, tmp_path):
    told = oncohort("demo", "--out", tmp_path / "demo-run")
    assert told.code == 0, told.err
    html = (tmp_path / "demo-run" / "report.html").read_text(encoding="utf-8")
    assert "Synthetic data" in html
    assert "synthetic" in told.out
    assert not re.search(r'(src|href)="https?://', html)
    again = oncohort("run", tmp_path / "demo-run" / "private" / "study", "--out", tmp_path / "again")
    assert again.code == 0
    a, b = fingerprint(tmp_path / "demo-run"), fingerprint(tmp_path / "again")
    same = [name for name in b if name != "manifest.json"]
    assert [a[name] for name in same] == [b[name] for name in same]


def test_new_from_a_spreadsheet_then_confirmed_then_run(oncohort, tmp_path):
    (tmp_path / "patients.csv").write_text(PATIENTS, encoding="utf-8")
    folder = tmp_path / "my-study"
    told = oncohort("new", folder, "--from", tmp_path / "patients.csv")
    assert told.code == 0, told.err
    refused = oncohort("run", folder)
    assert refused.code == 3
    assert "is still to be chosen" in refused.err
    assert not (folder / "run").exists()
    text = (folder / "study.toml").read_text(encoding="utf-8")
    text = text.replace('profile    = "CHOOSE"', 'profile = "guideline"')
    text = re.sub(r'profile(\s*)= "CHOOSE"', 'profile = "guideline"', text)
    text = re.sub(r'time.unit(\s*)= "CHOOSE"', 'time.unit = "months"', text)
    text = re.sub(r'event.values(\s*)= \["CHOOSE"\]', "event.values = [1]", text)
    text = re.sub(r'factors(\s*)= \["CHOOSE"\]', 'factors = ["age"]', text)
    (folder / "study.toml").write_text(text, encoding="utf-8")
    told = oncohort("run", folder)
    assert told.code == 0, told.err
    assert "5 events" in told.out


def test_new_refuses_a_folder_that_holds_something(oncohort, study, tmp_path):
    (tmp_path / "patients.csv").write_text(PATIENTS, encoding="utf-8")
    before = fingerprint(study)
    assert oncohort("new", study, "--from", tmp_path / "patients.csv").code == 6
    assert fingerprint(study) == before
    assert oncohort("new", tmp_path / "x", "--from", tmp_path / "none.csv").code == 4
    assert not (tmp_path / "x").exists()


def test_new_without_a_spreadsheet_makes_a_study_to_fill(oncohort, tmp_path):
    told = oncohort("new", tmp_path / "empty")
    assert told.code == 0, told.err
    assert (tmp_path / "empty" / "data" / "patients.csv").is_file()
    assert oncohort("run", tmp_path / "empty").code == 3


def test_a_killed_run_leaves_the_previous_folder(study, tmp_path):
    out = tmp_path / "out"
    with demo_study("sorafenib_table") as folder:
        shutil.copytree(folder, tmp_path / "demo")
    subprocess.run([sys.executable, "-m", "oncohort", "run", study, "--out", out], check=True, capture_output=True)
    before = fingerprint(out)
    slow = subprocess.Popen([sys.executable, "-m", "oncohort", "run", tmp_path / "demo", "--out", out])
    try:
        slow.wait(timeout=2.5)
    except subprocess.TimeoutExpired:
        slow.kill()
        slow.wait()
        assert fingerprint(out) == before
    shutil.rmtree(out)


def test_info_names_versions_kernel_and_profiles(oncohort):
    told = oncohort("info")
    assert told.code == 0
    assert "kernel" in told.out
    assert "survival.ties" in told.out
    assert "response.confirm" in told.out
    assert json.loads(oncohort("info", "--json").out)["profiles"]["survival.ties"]["paper"] == "breslow"


def test_patient_ids_that_look_like_formulas_are_text_in_the_private_csv(oncohort, study):
    change(study, "1,61,M", "=1+1,61,M", "data/patients.csv")
    change(study, "2,54,F", "-7,54,F", "data/patients.csv")
    assert oncohort("run", study).code == 0
    frame = pl.read_csv(study / "run" / "private" / "datasets" / "adtte.csv", infer_schema=False)
    assert frame["USUBJID"].to_list()[:2] == ["'=1+1", "-7"]


def test_a_run_never_takes_the_place_of_its_own_study(oncohort, tmp_path):
    with demo_study("sorafenib_table") as demo:
        shutil.copytree(demo, tmp_path / "run" / "private" / "study")
    (tmp_path / "run" / "manifest.json").write_text("{}")
    refused = oncohort("run", tmp_path / "run" / "private" / "study", "--out", tmp_path / "run")
    assert refused.code == 6
    assert "holds the study itself" in refused.err
    assert (tmp_path / "run" / "private" / "study" / "study.toml").is_file()


def test_intervals_are_called_by_the_level_they_have(oncohort, study):
    protocol = study / "study.toml"
    protocol.write_text(protocol.read_text() + "\n[survival]\nconf_level = 0.9\n")
    summary = oncohort("run", str(study))
    assert "(90% CI" in summary.out
    report = (study / "run" / "report.html").read_text()
    assert "90% CI" in report
    assert "95%" not in report


def test_a_file_of_the_users_own_in_an_earlier_run_is_not_deleted(oncohort, study):
    assert oncohort("run", study).code == 0
    (study / "run" / "notes.txt").write_text("mine", encoding="utf-8")
    told = oncohort("run", study)
    assert told.code == 6
    assert "would delete notes.txt" in told.err
    assert (study / "run" / "notes.txt").read_text(encoding="utf-8") == "mine"
    (study / "run" / "notes.txt").unlink()
    assert oncohort("run", study).code == 0


def test_pairs_of_levels_stand_in_a_table_of_their_own(oncohort, study):
    change(study, 'levels = ["A", "B"]', 'levels = ["A", "B", "C"]')
    change(study, "8,51,F,A,3", "8,51,F,C,3", "data/patients.csv")
    assert oncohort("run", study).code == 0
    tables = [path.read_text(encoding="utf-8-sig") for path in (study / "run" / "tables").glob("table_S*.csv")]
    assert any("Levels compared" in text and "A and C" in text for text in tables)


def test_output_that_cannot_be_written_is_one_sentence_and_exit_6(study):
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no device that is always full")
    for arguments in (("check", study), ("run", study, "--json"), ("--help",)):
        command = [sys.executable, "-m", "oncohort", *arguments]
        with full.open("w") as nowhere:
            told = subprocess.run(command, check=False, stdout=nowhere, stderr=subprocess.PIPE)
        assert told.returncode == 6
        assert re.fullmatch(r"oncohort: standard output cannot be written \(.+\)\n", told.stderr.decode())


@pytest.mark.skipif(sys.platform == "win32", reason="a closed pipe is told otherwise there")
def test_reader_that_closes_the_pipe_is_told_nothing(study):
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "oncohort", "check", study]
    told = subprocess.run(command, check=False, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert told.stderr == b""


@pytest.mark.skipif(sys.platform == "win32", reason="there, no process can refuse to be terminated")
def test_terminated_run_says_so_and_leaves_nothing_behind(tmp_path):
    with demo_study("sorafenib_table") as folder:
        shutil.copytree(folder, tmp_path / "demo")
    command = [sys.executable, "-m", "oncohort", "run", tmp_path / "demo", "--out", tmp_path / "out"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        while not list(tmp_path.glob(".out-*/*")) and running.poll() is None:
            time.sleep(0.005)
        running.terminate()
        out, err = running.communicate()
    assert (running.returncode, out, err) == (143, b"", b"stopped; nothing was written\n")
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]


def test_run_stopped_between_two_renames_brings_the_earlier_one_back(monkeypatch, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "manifest.json").write_text("earlier")
    rename = Path.rename

    def stop_at_sibling(path, target):
        if target == out and (path / "new").is_file():
            raise KeyboardInterrupt
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", stop_at_sibling)
    with pytest.raises(KeyboardInterrupt), whole_folder(out) as sibling:
        (sibling / "new").write_text("new")
    assert (out / "manifest.json").read_text() == "earlier"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_default_caption_of_several_panels_names_each_by_its_letter(oncohort, study):
    protocol = study / "study.toml"
    curves = 'curves = [{ endpoint = "OS" }, { endpoint = "OS", by = "bclc" }]'
    protocol.write_text(f'{protocol.read_text()}\n[[figure]]\nid = "two"\n{curves}\n')
    assert oncohort("run", study).code == 0
    assert "Kaplan–Meier curves of (A) OS; (B) OS by bclc. Ticks" in (study / "run" / "report.html").read_text()
