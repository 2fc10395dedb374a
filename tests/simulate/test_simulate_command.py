"""``oncohort simulate``: what it writes, what it refuses, and with which exit code."""

import json
from pathlib import Path

import pytest

HERE = Path(__file__).parent / "two_arms"


MARGINS = HERE / "margins.toml"


def asked(out, *, study=HERE, margins=MARGINS):
    return ("simulate", study, "--margins", margins, "--seed", 1, "--out", out)


@pytest.fixture
def made(oncohort, tmp_path):
    """Return the folder of the example, and what the command said."""
    out = tmp_path / "made"
    return out, oncohort(*asked(out), "--json")


def contents(folder):
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_summary_is_told_as_json(made):
    out, done = made
    told = json.loads(done.out)
    assert done.code == 0
    assert (told["screened"], told["treated"], told["seed"], told["synthetic"]) == (60, 40, 1, True)
    assert told["rows"]["subjects"] == 60
    assert sum(told["deviations"].values()) == len((out / "truth.csv").read_text(encoding="utf-8").splitlines()) - 1


def test_the_folder_is_a_study_that_passes_check(made, oncohort):
    out, _ = made
    checked = oncohort("check", out)
    assert checked.code == 0
    assert "found nothing" in checked.out


def test_the_folder_makes_itself_again(made, oncohort, tmp_path):
    out, _ = made
    again = oncohort(*asked(tmp_path / "again", study=out, margins=out / "margins.toml"))
    assert again.code == 0
    assert contents(tmp_path / "again") == contents(out)


def given(out, folder, old="", new=""):
    """Write margins that name the outlines of a cohort as their file, with a text of theirs replaced."""
    table = (out / "outlines.csv").read_bytes()
    terms = [column for column in table.decode().splitlines()[0].split(",") if column.isupper() or " " in column]
    listed = ", ".join(f'"{term}" = "{term}"' for term in terms)
    named = f'[patients]\nfile = "own.csv"\nadverse_events = {{ {listed} }}'
    text = MARGINS.read_text(encoding="utf-8").replace("[patients]", named).replace(old, new)
    (folder / "margins.toml").write_text(text, encoding="utf-8")
    (folder / "own.csv").write_bytes(table)
    return folder / "margins.toml"


def test_outlines_that_were_drawn_can_be_given(made, oncohort, tmp_path):
    out, _ = made
    done = oncohort(*asked(tmp_path / "cohort", margins=given(out, tmp_path)))
    assert done.code == 0, done.err
    drawn, read = contents(out), contents(tmp_path / "cohort")
    assert read["own.csv"] == drawn["outlines.csv"]
    data = [name for name in drawn if name.startswith("data")]
    assert [read[name] for name in data] == [drawn[name] for name in data]


def test_outlines_that_contradict_the_margins_are_told_with_both_numbers(made, oncohort, tmp_path):
    out, _ = made
    margins = given(out, tmp_path, "deaths = 24", "deaths = 23")
    done = oncohort(*asked(tmp_path / "cohort", margins=margins))
    assert done.code == 4
    assert "survival.deaths: 23 is told, but the outlines have 24" in done.err
    assert not (tmp_path / "cohort").exists()


def changed(tmp_path, name, old, new):
    text = (HERE / name).read_text(encoding="utf-8")
    assert old in text
    (tmp_path / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    return tmp_path / name


@pytest.mark.parametrize(
    ("name", "old", "new", "code", "sentence"),
    [
        ("margins.toml", "M = 29", "M = 30", 3, "margins.toml:16 baseline.sex: the counts add up to 41"),
        ("margins.toml", "[arm]", "[arm", 3, "margins.toml: this is not TOML"),
        ("margins.toml", "deaths = 24", "deaths = 0", 3, "margins.toml survival.os_months: a median of 13.4 months"),
        (
            "margins.toml",
            "screened = 60",
            'file = "none.csv"',
            3,
            "margins.toml patients.file: none.csv cannot be read",
        ),
        ("study.toml", 'records = "records"', 'record = "records"', 3, "study.toml:6 study.record"),
        ("study.toml", "[imaging]", "[imagin]", 3, "study.toml:62 imagin: there is no such key"),
        (
            "study.toml",
            "[population]",
            '[records.labs]\nfile = "l.csv"\n[population]',
            3,
            "study.toml records.labs: says how",
        ),
        (
            "study.toml",
            "[study]",
            '[published]\nfile = "p.toml"\n[study]',
            3,
            "study.toml published.file: p.toml cannot be read",
        ),
    ],
)
def test_a_mistake_is_one_sentence_and_its_exit_code(oncohort, tmp_path, name, old, new, code, sentence):
    file = changed(tmp_path, name, old, new)
    done = oncohort(*asked(tmp_path / "out", **{"margins" if name == "margins.toml" else "study": file}))
    assert done.code == code
    assert sentence in done.err
    assert "Traceback" not in done.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere", "--margins", MARGINS, "--seed", 1], "there is no study.toml there"),
        ([HERE, "--margins", "nowhere.toml", "--seed", 1], "nowhere.toml: there is no such file"),
        ([HERE, "--margins", MARGINS, "--seed", -1], "-1 is not in the range x>=0"),
        ([HERE, "--margins", HERE / "margins.toml"], "Missing option '--seed'"),
    ],
)
def test_what_cannot_be_understood_as_typed_exits_with_two(oncohort, tmp_path, arguments, sentence):
    done = oncohort("simulate", *arguments, "--out", tmp_path / "out")
    assert done.code == 2
    assert sentence in done.err


def test_a_cell_of_outlines_that_cannot_be_exits_with_four(oncohort, tmp_path):
    margins = changed(tmp_path, "margins.toml", "[patients]", '[patients]\nfile = "own.csv"')
    (tmp_path / "own.csv").write_text("patient_id,sex\nSYN-1,M\n", encoding="utf-8")
    done = oncohort(*asked(tmp_path / "out", margins=margins))
    assert done.code == 4
    assert done.err.startswith('oncohort: own.csv: the columns "age", "start"')


def test_a_table_study_is_refused(oncohort, tmp_path):
    table = Path(__file__).parents[2] / "src" / "oncohort" / "demos" / "sorafenib_table"
    done = oncohort(*asked(tmp_path / "out", study=table))
    assert done.code == 3
    assert "study.toml: is a table study; a records study" in done.err


def test_a_folder_that_holds_anything_is_left_alone(oncohort, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine", encoding="utf-8")
    done = oncohort(*asked(tmp_path / "out"))
    assert done.code == 6
    assert "out: is there already; a new or empty folder was expected" in done.err
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_an_empty_folder_is_filled(oncohort, tmp_path):
    (tmp_path / "out").mkdir()
    assert oncohort(*asked(tmp_path / "out")).code == 0
    assert (tmp_path / "out" / "SYNTHETIC.md").is_file()
