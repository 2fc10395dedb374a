"""Whatever stands in a study: an exit code and a sentence, never a traceback, never a changed run folder."""

import tempfile
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oncohort.cli.main import main

STUDY = """\
[study]
title = "Garbage"
profile = "guideline"
[records.patients]
file = "p.csv"
patient_id = "id"
[[endpoint]]
id = "OS"
time = { column = "t", unit = "months" }
event = { column = "e", values = [1] }
[[factor]]
id = "x"
column = "x"
split = "median"
[[factor]]
id = "g"
column = "g"
levels = ["a", "b"]
[[table]]
kind = "univariable"
endpoints = ["OS"]
factors = ["x", "g"]
[[model]]
id = "m"
endpoint = "OS"
factors = ["x", "g"]
[[figure]]
id = "1"
curves = [{ endpoint = "OS", by = "g" }]
"""
CELL = st.one_of(
    st.integers(-5, 60).map(str),
    st.floats(allow_nan=True).map(str),
    st.sampled_from(["0", "1", "a", "b", "", "NA", ">20000", "１２", "15.3.2009", "=1+1", '"', "1e308", "-0", "inf"]),
    st.text(max_size=4),
)
TABLE = st.lists(st.tuples(CELL, CELL, CELL, CELL), min_size=0, max_size=8)
PLAIN = st.lists(
    st.tuples(
        st.integers(0, 40).map(str),
        st.sampled_from("01"),
        st.one_of(st.integers(-3, 3).map(str), st.just("")),
        st.sampled_from(["a", "b", ""]),
    ),
    min_size=1,
    max_size=12,
)
ONCE = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def fingerprint(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): sha256(p.read_bytes()).hexdigest() for p in folder.rglob("*") if p.is_file()}


def run_study(monkeypatch, capsys, study: bytes, data: bytes) -> tuple[int, str, bool]:
    """Run a study over an earlier run; return the exit code, what was said, and whether that run is as it was."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "study.toml").write_bytes(study)
        (folder / "p.csv").write_bytes(data)
        out = folder / "run"
        out.mkdir()
        (out / "manifest.json").write_text("an earlier run", encoding="utf-8")
        before = fingerprint(out)
        monkeypatch.setattr("sys.argv", ["oncohort", "run", place])
        code = 0
        try:
            main()
        except SystemExit as stopped:
            code = int(stopped.code or 0)
        kept = fingerprint(out) == before
        left = sorted(path.name for path in folder.iterdir())
        assert left == ["p.csv", "run", "study.toml"], left
        return code, capsys.readouterr().err, kept


def judge(code: int, said: str, *, kept: bool) -> None:
    assert code in {0, 3, 4, 5}, said
    assert "Traceback" not in said
    assert kept == (code != 0)
    assert (said == "") == (code == 0)


def as_csv(rows) -> bytes:
    quoted = (",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows)
    lines = [f"{k},{row}" for k, row in enumerate(quoted)]
    return "\n".join(["id,t,e,x,g", *lines]).encode("utf-8", "surrogatepass")


@ONCE
@given(TABLE)
def test_any_cells(monkeypatch, capsys, rows):
    code, said, kept = run_study(monkeypatch, capsys, STUDY.encode(), as_csv(rows))
    judge(code, said, kept=kept)


@ONCE
@given(PLAIN)
def test_small_studies_that_can_be_read_are_run_to_the_end(monkeypatch, capsys, rows):
    code, said, kept = run_study(monkeypatch, capsys, STUDY.encode(), as_csv(rows))
    judge(code, said, kept=kept)
    assert code in {0, 4, 5}


@ONCE
@given(st.binary(max_size=200))
def test_any_bytes_as_data(monkeypatch, capsys, data):
    code, said, kept = run_study(monkeypatch, capsys, STUDY.encode(), data)
    judge(code, said, kept=kept)


@ONCE
@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: text.encode("utf-8", "ignore"))))
def test_any_bytes_as_protocol(monkeypatch, capsys, study):
    code, said, kept = run_study(monkeypatch, capsys, study, b"id,t,e\n1,2,1\n")
    judge(code, said, kept=kept)
    assert code == 3


@pytest.mark.parametrize("line", STUDY.splitlines())
def test_study_without_one_line_is_run_or_refused_in_words(monkeypatch, capsys, line):
    text = STUDY.replace(f"{line}\n", "", 1)
    code, said, kept = run_study(monkeypatch, capsys, text.encode(), b"id,t,e,x,g\n1,2,1,3,a\n2,4,0,5,b\n3,5,1,4,a\n")
    judge(code, said, kept=kept)
