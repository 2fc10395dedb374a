"""Figures of single patients through the command line, with the twelve patients of the tutorial under other ids."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import pytest

from oncohort.pipeline import run_study
from oncohort.report.patient_records import spider_lines, swimmer_lanes, waterfall_bars

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial"
FIGURES = """
[[figure]]
id = "changes"
kind = "waterfall"

[[figure]]
id = "lines"
kind = "spider"

[[figure]]
id = "lanes"
kind = "swimmer"

[[figure]]
id = "dose: reduced/returned"
case = { patient_id = "secret-P06" }

[[figure]]
id = "tace"
case = { patient_id = "secret-P07" }
"""
# Of each patient the best change of the target lesions in percent and the best response, as the tutorial's page derives
# them by hand: the lowest change up to the first progression.
BARS = {
    "P01": (-100.0, "CR"),
    "P02": (-35.0, "PR"),
    "P03": (0.0, "PD"),
    "P04": (0.0, "PD"),
    "P05": (0.0, "SD"),
    "P06": (-10.0, "SD"),
    "P07": (100 * (46 - 70) / 70, "PR"),
    "P08": (-44.0, "PR"),
    "P09": (100 * (5 - 30) / 30, "PR"),
    "P10": (0.0, "SD"),
    "P11": (0.0, "SD"),
    "P12": (None, "NE"),
}


def study(folder: Path, more: str = FIGURES, labels: str = "hidden", min_cell: int = 0) -> Path:
    """Write the tutorial's study, with ids that nothing else can contain, and other figures."""
    (folder / "data").mkdir(parents=True)
    for file in (TUTORIAL / "data").glob("*.csv"):
        text = re.sub(r"^([PS]\d\d),", r"secret-\1,", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
        (folder / "data" / file.name).write_text(text, encoding="utf-8")
    protocol = (TUTORIAL / "study.toml").read_text(encoding="utf-8").partition("[[figure]]")[0]
    privacy = f'\n[privacy]\npatient_labels = "{labels}"\nmin_cell = {min_cell}\n'
    (folder / "study.toml").write_text(protocol + more + privacy, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return study(tmp_path_factory.mktemp("study") / "twelve")


@pytest.fixture(scope="module")
def run(folder):
    return run_study(folder)


@pytest.fixture(scope="module")
def out(folder, tmp_path_factory):
    place = tmp_path_factory.mktemp("out") / "run"
    subprocess.run([sys.executable, "-m", "oncohort", "run", folder, "--out", place], check=True, capture_output=True)
    return place


def contents(path: Path) -> str:
    """Return everything that a file says: members of an archive, streams of a PDF, and the bytes themselves."""
    data = path.read_bytes()
    parts = [data]
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            parts += [name.encode() + archive.read(name) for name in archive.namelist()]
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", data, re.DOTALL) if path.suffix == ".pdf" else ():
        parts.append(zlib.decompressobj().decompress(stream))
    return b"\n".join(parts).decode("utf-8", errors="replace")


def test_bars_are_those_worked_by_hand(run):
    assert {
        name.removeprefix("secret-"): (bar.change_percent, bar.response)
        for name, bar in zip(run.cohort.patient_id, waterfall_bars(run.cohort, run.protocol), strict=True)
    } == {name: (change if change is None else pytest.approx(change), best) for name, (change, best) in BARS.items()}


def test_lines_and_lanes_are_those_worked_by_hand(run):
    lines = spider_lines(run.cohort, run.protocol)
    assert len(lines) == 11
    second = [(round(time * 30.4375), round(change, 1)) for time, change in lines[1].points]
    assert second == [(57, -35.0), (113, -13.3)]
    lanes = dict(zip(run.cohort.patient_id, swimmer_lanes(run.cohort, run.protocol), strict=True))
    assert [name for name, lane in lanes.items() if lane.ongoing] == ["secret-P01", "secret-P07", "secret-P09"]
    first = [(mark.kind, round(mark.time * 30.4375)) for mark in lanes["secret-P01"].events]
    assert first == [("TACE", 21), ("CRYO", 70), ("PR", 57), ("CR", 113)]
    sixth = [
        (round(span.start * 30.4375), round(span.end * 30.4375), span.level) for span in lanes["secret-P06"].treatment
    ]
    assert sixth == [(0, 20, "FULL"), (20, 30, "REDUCED"), (30, 100, "FULL")]


def test_figures_stand_where_their_subject_is_told(out):
    text = (out / "report.html").read_text(encoding="utf-8")
    words = [
        "Response</h2>",
        "Best change of",
        "over time.",
        "Treatment</h2>",
        "Treatment and course of each patient",
        "Case timelines</h2>",
        "Course of patient A",
        "Course of patient B",
    ]
    places = [text.index(word) for word in words]
    assert places == sorted(places)
    assert "known of 11 of 12 patients" in text
    assert sorted(path.name for path in (out / "figures").glob("*.pdf")) == [f"figure_{k}.pdf" for k in range(1, 7)]


def test_paragraph_of_a_case_tells_its_course_without_its_name(out):
    text = (out / "report.html").read_text(encoding="utf-8")
    assert (
        "Patient A was a 49-year-old woman with Child-Pugh class A and BCLC stage C. Sorafenib was started at 800 "
        "mg/day on day 0, reduced to 400 mg/day on day 20 and raised to 800 mg/day on day 30; it was last taken on day "
        "99 (end of treatment: adverse event). The best response was stable disease, on day 57. The sum of the target "
        "lesions was 40 mm at baseline; the smallest later one up to progression was 36 mm, on day 57 (−10%). "
        "Progression was seen on day 169. The adverse events of grade 3 or higher were hand-foot skin reaction (grade "
        "3 on day 20) and liver toxicity (grade 3 on day 95). The patient was last known alive on day 230."
    ) in text


def test_course_of_a_case_is_a_private_file(out):
    with (out / "private" / "patients" / "dose_reduced_returned.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["day", "kind", "what", "value"]
    assert [int(day) for day, *_ in rows[1:]] == sorted(int(day) for day, *_ in rows[1:])
    assert [row for row in rows if row[1] in {"dose", "last dose", "progression", "last known alive"}] == [
        ["0", "dose", "sorafenib, mg/day", "800"],
        ["20", "dose", "sorafenib, mg/day", "400"],
        ["30", "dose", "sorafenib, mg/day", "800"],
        ["99", "last dose", "sorafenib", "ADVERSE EVENT"],
        ["169", "progression", "", ""],
        ["230", "last known alive", "", ""],
    ]
    assert [row for row in rows if row[0] == "57"] == [
        ["57", "lesion", "NT01, NON-TARGET, PORTAL VEIN, RIGHT BRANCH: no diameter", ""],
        ["57", "lesion", "T01, TARGET, LIVER: viable diameter, mm", "36"],
        ["57", "lesion", "T01, TARGET, LIVER: longest diameter, mm", "46"],
        ["57", "sum of target lesions", "mm", "36"],
        ["57", "sum of target lesions", "% from baseline", "-10"],
        ["57", "response", "target", "SD"],
        ["57", "response", "non-target", "NON-CR/NON-PD"],
        ["57", "response", "new lesion", "N"],
        ["57", "response", "overall", "SD"],
        ["57", "best response", "", "SD"],
    ]
    assert [row for row in rows if "adverse event" in row[1]] == [
        ["20", "adverse event", "Hand-foot skin reaction", "3"],
        ["29", "end of adverse event", "Hand-foot skin reaction", "3"],
        ["95", "adverse event", "Liver toxicity", "3"],
        ["109", "end of adverse event", "Liver toxicity", "3"],
    ]


def test_no_file_outside_the_private_folder_holds_a_patient(out):
    files = [path for path in out.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} >= {".svg", ".pdf", ".png", ".html", ".docx", ".xlsx", ".csv", ".json", ".R"}
    named = [path.relative_to(out).parts[0] for path in files if "secret-" in contents(path) or "secret-" in path.name]
    assert set(named) == {"private"}


@pytest.mark.parametrize(("patient", "of_check"), [("nobody", 4), ("secret-S01", 0)])
def test_case_of_a_patient_who_is_not_analyzed_stops_the_run(patient, of_check, oncohort, tmp_path):
    more = f'\n[[figure]]\nid = "5"\ncase = {{ patient_id = "{patient}" }}\n'
    folder = study(tmp_path / "s", more)
    told = oncohort("run", folder, "--out", tmp_path / "o")
    assert (told.code, (tmp_path / "o").exists()) == (4, False)
    sentence = f'patient {patient}: the figure "5" is of a patient who is not analyzed; an analyzed one was expected'
    assert sentence in told.err
    assert told.err.count("\n") == 1
    checked = oncohort("check", folder)
    assert ('the figure "5" is of a patient who is not in the table subjects' in checked.out) == bool(of_check)
    assert oncohort("schedule", folder, "--patient", "secret-P01", "--on", "2009-04-01").code == 0


def test_without_a_named_figure_the_usual_ones_are_made(oncohort, tmp_path):
    assert oncohort("run", study(tmp_path / "s", ""), "--out", tmp_path / "o").code == 0
    told = (tmp_path / "o" / "report.html").read_text(encoding="utf-8")
    assert [word in told for word in ("Best change of", "Treatment and course of", "over time", "Case")] == [
        *(True, True),
        *(False, False),
    ]
    assert not (tmp_path / "o" / "private" / "patients").exists()


def test_ids_are_shown_where_the_protocol_says_so_small_counts_and_cases_are_not(oncohort, tmp_path):
    folder = study(
        tmp_path / "s", FIGURES.replace('kind = "spider"', 'curves = [{ endpoint = "OS" }]'), "id", min_cell=5
    )
    assert oncohort("run", folder, "--out", tmp_path / "o").code == 0
    told = (tmp_path / "o" / "report.html").read_text(encoding="utf-8")
    waterfall = (tmp_path / "o" / "figures" / "figure_2.svg").read_text(encoding="utf-8")
    assert set(re.findall(r">secret-(P\d\d)</text>", waterfall)) == BARS.keys() - {"P12"}
    assert "CR (n\u00a0&lt;5)" in waterfall
    assert "Case timelines" not in told
    assert "49-year-old" not in told
    assert "was not made: it shows one patient, and privacy.min_cell masks groups of so few" in told
    assert "secret-P07" in contents(tmp_path / "o" / "manifest.json")
    assert (tmp_path / "o" / "private" / "patients" / "tace.csv").is_file()
