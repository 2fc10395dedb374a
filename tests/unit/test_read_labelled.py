"""Files of SPSS, Stata and SAS: the same cells as the CSV they were made of, with labels, and no traceback."""

import random
import re
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from oncohort.cli.main import group
from oncohort.demo import demo_study
from oncohort.errors import DataError
from oncohort.intake.labelled import PROGRAMS
from oncohort.intake.read import read_table
from oncohort.study.protocol import FileFormat

pyreadstat = pytest.importorskip("pyreadstat", reason='needs the extra "stats" (pyreadstat)')

TABLE = pl.DataFrame(
    {
        "id": ["A", "B", "C", "D"],
        "sex": [1.0, 2.0, None, 1.0],
        "os": [3.5, 10.0, 12.25, 0.1],
        "start": [date(2009, 3, 2), None, date(2010, 1, 1), date(2009, 12, 31)],
        "dead": [1.0, 0.0, 1.0, 9.0],
        "afp": [1e-10, 123456789.0, 20.0, -1.0],
    }
)
CELLS = [
    ("A", "1", "3.5", "2009-03-02", "1", "1e-10"),
    ("B", "2", "10", None, "0", "123456789"),
    ("C", None, "12.25", "2010-01-01", "1", "20"),
    ("D", "1", "0.1", "2009-12-31", "9", "-1"),
]
CODES = {"sex": {1: "Male", 2: "Female"}, "dead": {0: "alive", 1: "dead", 9: "lost"}}
TITLES = {"sex": "Gender", "afp": "Alpha-fetoprotein (ng/mL)"}


def write(path: Path, table: pl.DataFrame = TABLE, **more: object) -> Path:
    labels = {"column_labels": TITLES, "variable_value_labels": CODES} | more if table is TABLE else more
    if path.suffix in {".sav", ".zsav"}:
        pyreadstat.write_sav(table, str(path), compress=path.suffix == ".zsav", **labels)
    elif path.suffix == ".dta":
        pyreadstat.write_dta(table, str(path), **labels)
    else:
        pyreadstat.write_xport(table, str(path))
    return path


@pytest.mark.parametrize("ending", PROGRAMS)
def test_cells_are_what_a_spreadsheet_shows(tmp_path, ending):
    raw = read_table(write(tmp_path / f"a{ending}"), FileFormat(), name=f"a{ending}")
    assert raw.frame.columns == TABLE.columns
    assert raw.frame.rows() == CELLS
    assert raw.row == (2, 3, 4, 5)


@pytest.mark.parametrize("ending", [".sav", ".zsav", ".dta"])
def test_labels_of_columns_and_codes_are_kept_beside_the_codes(tmp_path, ending):
    raw = read_table(write(tmp_path / f"a{ending}"), FileFormat(), name=f"a{ending}")
    assert raw.labels.columns == TITLES
    assert raw.labels.codes == {
        "sex": {"1": "Male", "2": "Female"},
        "dead": {"0": "alive", "1": "dead", "9": "lost"},
    }
    assert raw.source.assumed == ("labels of the codes of 2 column(s)",)


def test_values_declared_missing_are_empty_and_told(tmp_path):
    path = write(tmp_path / "a.sav", missing_ranges={"dead": [9], "afp": [{"lo": -9, "hi": -1}]})
    raw = read_table(path, FileFormat(), name="a.sav")
    assert raw.frame["dead"].to_list() == ["1", "0", "1", None]
    assert raw.frame["afp"].to_list() == ["1e-10", "123456789", "20", None]


def test_draft_has_the_words_of_the_file(tmp_path):
    big = pl.concat([TABLE] * 10).with_columns(id=pl.int_range(40).cast(pl.String), afp=pl.int_range(40) * 1.5)
    pyreadstat.write_sav(big, str(tmp_path / "p.sav"), column_labels=TITLES, variable_value_labels=CODES)
    result = CliRunner().invoke(group, ["new", str(tmp_path / "s"), "--from", str(tmp_path / "p.sav")])
    assert result.exit_code == 0, result.output
    text = (tmp_path / "s" / "study.toml").read_text(encoding="utf-8")
    assert '{ id = "1", label = "Male", value = 1 },' in text
    assert "0 (alive) in 10 patients, 1 (dead) in 20, 9 (lost) in 10" in text
    assert re.search(r'label +\= "Alpha-fetoprotein"\nunit +\= "ng/mL"', text)


@pytest.mark.parametrize("ending", [".sav", ".dta"])
def test_run_gives_the_numbers_of_the_csv(tmp_path, ending):
    with demo_study("sorafenib_table") as folder:
        table = pl.read_csv(folder / "data" / "patients.csv", infer_schema_length=None)
        text = (folder / "study.toml").read_text(encoding="utf-8")
        assert CliRunner().invoke(group, ["run", str(folder), "--out", str(tmp_path / "csv")]).exit_code == 0
    study = tmp_path / "study"
    (study / "data").mkdir(parents=True)
    write(study / "data" / f"patients{ending}", table)
    (study / "study.toml").write_text(text.replace("patients.csv", f"patients{ending}"), encoding="utf-8")
    result = CliRunner().invoke(group, ["run", str(study), "--out", str(tmp_path / "other")])
    assert result.exit_code == 0, result.output
    same = [(tmp_path / name / "results.csv").read_bytes() for name in ("csv", "other")]
    assert same[0] == same[1]


def reading_of(path: Path) -> str:
    """Read a file, and return what was said of it if it could not be read."""
    try:
        read_table(path, FileFormat(), name=path.name)
    except DataError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("ending", PROGRAMS)
def test_damaged_file_is_one_sentence(tmp_path, ending):
    whole = write(tmp_path / f"a{ending}").read_bytes()
    chance = random.Random(1)
    path = tmp_path / f"b{ending}"
    said = []
    for k in range(6):
        cut = bytearray(whole[: chance.randrange(1, len(whole))] if k % 2 else whole)
        for _ in range(0 if k % 2 else 8):
            cut[chance.randrange(len(cut))] = chance.randrange(256)
        path.write_bytes(bytes(cut))
        said.append(reading_of(path))
    assert any(said)
    assert {sentence for sentence in said if sentence} == {
        f"b{ending}: is no file of {PROGRAMS[ending]}, or is damaged"
    }


def test_another_kind_of_file_is_refused_by_name(tmp_path):
    path = tmp_path / "a.sav"
    path.write_text("id,os\nA,3\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"^a\.sav: is no file of SPSS, or is damaged"):
        read_table(path, FileFormat(), name="a.sav")


def test_without_the_extra_the_sentence_says_how_to_get_it(tmp_path, monkeypatch):
    path = write(tmp_path / "a.dta")
    monkeypatch.setattr("oncohort.intake.labelled.find_spec", lambda _: None)
    with pytest.raises(DataError, match=r'a\.dta: files of Stata need the extra "stats": pip install'):
        read_table(path, FileFormat(), name="a.dta")
