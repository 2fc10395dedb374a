"""One patient of each kind of the bundled records study, from the raw rows to the cells of each table.

``patient_by_hand`` works out what must come out of the rows, without oncohort; ``cells_by_hand`` in which cells of
results.csv the patient is counted. Then the study is run again without the patient: these cells fall, and no other.
"""

from __future__ import annotations

import csv
import re
import tomllib
from datetime import date, timedelta
from io import StringIO
from pathlib import Path

import polars as pl
import pytest
from cells_by_hand import COUNTS, cells, is_exact, kept_rules
from patient_by_hand import Patient, lab_grade, on_the_clock, read_tables, returns_of, rows_of, screened_only, work_out

from oncohort.demo import demo_study
from oncohort.derive.course import derive_course
from oncohort.intake.study import read_study
from oncohort.pipeline import run_study
from oncohort.study.cohort import Derived
from oncohort.study.run import StudyRun
from oncohort.writer.datasets import write_datasets

KINDS = {
    "CR": {"best": "CR"},
    "PR": {"best": "PR"},
    "SD": {"best": "SD"},
    "PD": {"best": "PD"},
    "SD too early to count": {"best": "SD_SHORT"},
    "reduced and restored": {"dose_reduced": "Y"},
    "three TACE": {},
    "continued after progression": {"continued": "Y"},
}
"""Kind → what the outline of such a patient says."""

BY_ROWS = {
    "reduced and restored": lambda patient: None not in returns_of(patient.doses),
    "three TACE": lambda patient: patient.once["n_tace"] == 3,
}
"""What no outline says of a kind: whether the dose came back, and how many sessions there were."""

EXCLUDED = "left at screening"

each_kind = pytest.mark.parametrize("kind", KINDS)


class Demo:
    """The bundled study without figures of single patients, models, printed numbers and a second profile."""

    def __init__(self, place: Path):
        self.place = place
        with demo_study("sorafenib") as folder:
            self.files = {file.name: file.read_text(encoding="utf-8") for file in (folder / "data").glob("*.csv")}
            self.protocol = _shortened((folder / "study.toml").read_text(encoding="utf-8"))
            self.outlines = _read(folder / "outlines.csv")
            margins = tomllib.loads((folder / "margins.toml").read_text(encoding="utf-8"))
            planted = {row["patient_id"] for row in _read(folder / "truth.csv")}
            self.tables = read_tables(folder / "data")
        self.term_columns: dict[str, str] = margins["patients"].get("adverse_events", {})
        self.treated = {row["patient_id"]: work_out(rows_of(self.tables, row["patient_id"])) for row in self.outlines}
        self.chosen = self._choose(planted)
        self.runs: dict[str, StudyRun] = {}

    def _choose(self, planted: set[str]) -> dict[str, str]:
        """Return the first patient of each kind without a planted deviation, each of a kind of their own."""
        found: dict[str, str] = {}
        for kind, said in KINDS.items():
            fits = BY_ROWS.get(kind, bool)
            ids = (o["patient_id"] for o in self.outlines if said.items() <= o.items())
            clean = (name for name in ids if name not in planted and fits(self.treated[name]))
            found[kind] = next(name for name in clean if name not in found.values())
        screened = (row["patient_id"] for row in self.tables["subjects"])
        found[EXCLUDED] = next(patient_id for patient_id in screened if patient_id not in self.treated)
        return found

    def run(self, without: str = "") -> StudyRun:
        """Return the run of the study, or of the study without the rows of one patient; each is made once."""
        if without not in self.runs:
            kept = {name: _without(text, without) for name, text in self.files.items()}
            self.runs[without] = run_study(self.write(without or "whole", kept))
        return self.runs[without]

    def write(self, name: str, files: dict[str, str]) -> Path:
        """Return the folder of a study with these tables."""
        folder = self.place / name
        (folder / "data").mkdir(parents=True)
        (folder / "study.toml").write_text(self.protocol, encoding="utf-8")
        for file, text in files.items():
            (folder / "data" / file).write_text(text, encoding="utf-8")
        return folder

    def patient(self, kind: str) -> Patient:
        return self.treated[self.chosen[kind]]

    def derived(self) -> Derived:
        derived = self.run().cohort.derived
        assert derived is not None
        return derived


def _read(file: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))


def _without(text: str, patient_id: str) -> str:
    head, *lines = text.splitlines(keepends=True)
    return "".join([head, *(line for line in lines if not patient_id or not line.startswith(f"{patient_id},"))])


def _shortened(protocol: str) -> str:
    sections = re.split(r"(?m)^(?=\[)", protocol)
    kept = [s for s in sections if not s.startswith(("[[model]]", "[published]")) and "\ncase = " not in s]
    return re.sub(r"(?m)^beside = .*\n", "", "".join(kept))


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    return Demo(tmp_path_factory.mktemp("end_to_end"))


@pytest.fixture(scope="module")
def datasets(demo, tmp_path_factory):
    """Return the private datasets by name."""
    folder = tmp_path_factory.mktemp("private") / "datasets"
    write_datasets(demo.run().cohort, demo.run().protocol, folder)
    return {file.stem: pl.read_parquet(file) for file in folder.glob("*.parquet")}


def rows_in(frame: pl.DataFrame, patient_id: str, *columns: str) -> list[tuple]:
    """Return some columns of the rows of one patient."""
    return frame.filter(pl.col(frame.columns[0]) == patient_id).select(columns).rows()


def study_day(day: int | None) -> int | None:
    """Return the day as datasets count it: the first dose is day 1, the day before it day -1."""
    return None if day is None else day + 1 if day >= 0 else day


def length(value) -> float | None:
    return None if value in {None, ""} else float(value)


# ── what the rows hold ──


def test_each_kind_is_another_patient(demo):
    assert len(set(demo.chosen.values())) == len(KINDS) + 1


@each_kind
def test_raw_rows_hold_what_the_outline_asks_for(demo, kind):
    patient = demo.patient(kind)
    (asked,) = (outline for outline in demo.outlines if outline["patient_id"] == patient.patient_id)
    once = patient.once
    assert patient.times["OS", ""] == (int(asked["os_days"]), asked["died"] == "Y")
    assert patient.times["PFS", ""] == (int(asked["pfs_days"]), "Y" in {asked["progressed"], asked["died"]})
    assert (once["arm"], once["death_cause"] or "") == (asked["arm"], asked["death_cause"])
    best = {"": asked["best"].replace("SD_SHORT", "PD"), "sd_any": asked["best"].replace("SD_SHORT", "SD")}
    assert {name: value for name, (value, _) in patient.best.items()} == best
    assert once["continued_past_progression"][0] == (asked["continued"] or "N")
    assert (once["dose_reduced"], once["early_stop_reason"] or "") == (asked["dose_reduced"], asked["early_stop"])
    assert str(once["last_dose_day"]) == (asked["treatment_days"] or asked["os_days"])
    assert (str(once["ecog"]), once["child_pugh_class"]) == (asked["ecog"], asked["child_pugh_class"])
    baseline = [float(asked[name]) for name in ("age", "platelets_10e9_per_l", "afp_ng_per_ml")]
    assert [once[name] for name in ("age", "platelets", "afp")] == baseline
    columns = demo.term_columns or {name: name for name in asked if name.isupper()}
    grades = {term: int(asked[column]) for column, term in columns.items()}
    assert patient.worst == {term: grade for term, grade in grades.items() if grade}


def test_each_kind_is_what_it_is_called(demo):
    best = {kind: demo.patient(kind).best[""][0] for kind in ("CR", "PR", "SD", "PD", "SD too early to count")}
    assert best == {"CR": "CR", "PR": "PR", "SD": "SD", "PD": "PD", "SD too early to count": "PD"}
    restored = demo.patient("reduced and restored")
    states = [dose.state for dose in restored.doses]
    assert "FULL" in states[states.index("REDUCED") :]
    assert 0 < restored.once["relative_dose_intensity"] < 100
    assert [row["type"] for row in demo.patient("three TACE").procedures].count("TACE") == 3
    continued = demo.patient("continued after progression").once
    assert continued["last_dose_day"] > continued["progression_day"] + 14


# ── from rows to frames ──


def test_every_treated_patient_has_the_values_worked_out_by_hand(demo):
    assert differences(demo.derived(), demo.treated) == []


def differences(derived: Derived, treated: dict[str, Patient]) -> list[tuple]:
    """Return patient, what, the value found and the one expected, of all that differs from what is worked out by hand.

    Values of the patient, times, and which adverse events count are compared.
    """
    found: dict[tuple[str, ...], object] = {}
    for row in derived.patients.rows(named=True):
        found |= {(row["patient_id"], name): value for name, value in row.items()}
    for *of, day, event in derived.time_to_event.select("patient_id", "endpoint", "rule", "day", "event").rows():
        found[tuple(of)] = (day, event)
    for *of, counted in derived.adverse_events.select("patient_id", "ae_id", "counted").rows():
        found[tuple(of)] = counted
    expected: dict[tuple[str, ...], object] = {}
    for name, patient in treated.items():
        expected |= {(name, column): value for column, value in patient.once.items()}
        expected |= {(name, *of): time for of, time in patient.times.items()}
        expected |= {(name, event["ae_id"]): event["counted"] for event in patient.events}
    return [(*of, found.get(of), value) for of, value in expected.items() if found.get(of) != value]


# Baseline value at a bound, set for the patient of a kind: test, value, points of Child-Pugh, the criterion that fails.
AT_BOUNDS = {
    "CR": ("BILI", "34.1", {"bilirubin": 1}, ""),
    "PR": ("BILI", "34.2", {"bilirubin": 2}, ""),
    "SD": ("BILI", "51.3", {"bilirubin": 2}, "BILIRUBIN"),
    "PD": ("INR", "1.7", {"inr": 2}, ""),
    "SD too early to count": ("ALB", "35", {"albumin": 2}, ""),
    "reduced and restored": ("ALB", "35.1", {"albumin": 1}, ""),
    "three TACE": ("PLAT", "50", {}, "PLATELETS"),
    "continued after progression": ("HGB", "80", {}, "HAEMOGLOBIN"),
}


def test_values_at_their_bounds_come_out_as_worked_out_by_hand(demo):
    edits: dict[tuple[str, int], dict[str, str]] = {}
    for kind, (test, value, _, _) in AT_BOUNDS.items():
        rows, _ = on_the_clock(rows_of(demo.tables, demo.chosen[kind]))
        before = [row for row in rows["labs"] if row["test"] == test and row["date_day"] <= 0]
        edits["labs", max(before, key=lambda row: row["date_day"])["line"]] = {"value": value}
    late = _moved_after_the_last_dose(demo, edits)
    folder = demo.write("at bounds", {name: _edited(text, name, edits) for name, text in demo.files.items()})
    study = read_study(folder)
    derived = derive_course(study.records, study.protocol).derived
    tables = read_tables(folder / "data")
    by_hand = {name: work_out(rows_of(tables, name)) for name in demo.treated}
    assert differences(derived, by_hand) == []
    for kind, (_, _, points, failed) in AT_BOUNDS.items():
        patient = by_hand[demo.chosen[kind]]
        assert points.items() <= patient.points.items()
        assert patient.once["failed"] == failed
    counted = {event["ae_id"]: event["counted"] for event in by_hand[late].events}
    assert list(counted.values())[:2] == [True, False]


def _moved_after_the_last_dose(demo: Demo, edits: dict[tuple[str, int], dict[str, str]]) -> str:
    """Let two events of a patient begin 30 and 31 days after the last dose; return the patient."""
    for name, patient in demo.treated.items():
        subject = rows_of(demo.tables, name)["subjects"][0]
        start = date.fromisoformat(subject["first_sorafenib_date"])
        last = start + timedelta(patient.once["last_dose_day"])
        if len(patient.events) > 1 and str(last + timedelta(31)) <= (subject["death_date"] or subject["cutoff_date"]):
            for event, days in zip(patient.events, (30, 31), strict=False):
                edits["adverse_events", event["line"]] = {"start_date": str(last + timedelta(days)), "end_date": ""}
            return name
    raise AssertionError("no patient is followed for 31 days after the last dose")


def _edited(text: str, file: str, edits: dict[tuple[str, int], dict[str, str]]) -> str:
    rows = list(csv.DictReader(text.splitlines()))
    for (table, line), cells_of_line in edits.items():
        if f"{table}.csv" == file:
            rows[line - 2] |= cells_of_line
    out = StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


@each_kind
def test_child_pugh_points_add_up_to_the_score_and_the_class(demo, kind):
    patient = demo.patient(kind)
    [(score, cls)] = rows_in(demo.derived().patients, patient.patient_id, "child_pugh_score", "child_pugh_class")
    assert score == sum(patient.points.values())
    assert cls == ("A" if score in {5, 6} else "B")


@each_kind
def test_scans_become_sums_changes_and_responses(demo, kind):
    patient = demo.patient(kind)
    sizes = ("day", "baseline_mm", "nadir_mm", "sum_mm", "change_percent")
    words = ("target", "non_target", "new_lesion", "overall", "scheduled", "after_therapy")
    therapy = patient.therapy_day
    expected = [
        (
            *(scan.day, float(scan.baseline_mm), float(scan.nadir_mm)),
            *(None if mm is None else float(mm) for mm in (scan.sum_mm, scan.change_percent)),
            *(scan.target, scan.non_target, scan.new_lesion, scan.overall, scan.scheduled),
            therapy is not None and scan.day >= therapy,
        )
        for scan in patient.scans
    ]
    assert expected
    assert rows_in(demo.derived().visits, patient.patient_id, *sizes, *words) == expected


@each_kind
def test_scans_become_a_best_response_with_its_day(demo, kind):
    patient = demo.patient(kind)
    found = rows_in(demo.derived().best, patient.patient_id, "definition", "best", "day", "flips")
    assert sorted(found) == [
        ("", *patient.best[""], patient.flips),
        ("sd_any", *patient.best["sd_any"], False),
    ]


@each_kind
def test_progression_death_and_follow_up_become_times(demo, kind):
    patient = demo.patient(kind)
    found = rows_in(demo.derived().time_to_event, patient.patient_id, "endpoint", "rule", "day", "event")
    assert {(endpoint, rule): (day, event) for endpoint, rule, day, event in found} == patient.times


@each_kind
def test_doses_become_intervals_and_states(demo, kind):
    patient = demo.patient(kind)
    found = rows_in(
        demo.derived().exposure, patient.patient_id, "start_day", "end_day", "mg_per_day", "state", "source_row"
    )
    assert found == [(dose.start, dose.end, dose.mg_per_day, dose.state, dose.line) for dose in patient.doses]


@each_kind
def test_sessions_become_procedures(demo, kind):
    patient = demo.patient(kind)
    found = rows_in(demo.derived().procedures, patient.patient_id, "type", "procedure_no", "day", "source_row")
    assert found == [
        (row["type"], int(row["procedure_no"]), row["date_day"], row["line"]) for row in patient.procedures
    ]


@each_kind
def test_adverse_events_count_within_their_window(demo, kind):
    patient = demo.patient(kind)
    names = ("ae_id", "term", "grade", "start_day", "end_day", "in_window", "counted", "source_row")
    raw = ("ae_id", "term", "grade", "start_date_day", "end_date_day", "in_window", "counted", "line")
    found = rows_in(demo.derived().adverse_events, patient.patient_id, *names)
    assert sorted(found) == sorted(tuple(event[name] for name in raw) for event in patient.events)
    counted: dict[str, int] = {}
    for _, term, grade, *_, is_counted, _ in found:
        if is_counted:
            counted[term] = max(grade, counted.get(term, 0))
    assert counted == patient.worst


@each_kind
def test_laboratory_values_become_grades(demo, kind):
    patient = demo.patient(kind)
    names = ("test", "day", "value", "grade", "baseline_grade", "source_row")
    assert sorted(rows_in(demo.derived().labs, patient.patient_id, *names)) == sorted(
        (row["test"], row["date_day"], float(row["value"]), row["grade"], row["baseline_grade"], row["line"])
        for row in patient.labs
    )


def test_grade_by_hand_takes_a_bound_as_it_is_printed():
    platelets = {"test": "PLAT", "lln": "100", "uln": "300"}
    values = ("100", "99.9", "75", "74.9", "50", "49.9", "25", "24.9")
    assert [lab_grade({**platelets, "value": value}) for value in values] == [0, 1, 1, 2, 2, 3, 3, 4]
    bilirubin = {"test": "BILI", "lln": "3.4", "uln": "20"}
    values = ("20", "20.1", "30", "30.1", "60", "60.1", "200", "200.1")
    assert [lab_grade({**bilirubin, "value": value}) for value in values] == [0, 1, 1, 2, 2, 3, 3, 4]


# ── from frames to datasets ──


@each_kind
def test_patient_has_one_line_in_adsl(demo, datasets, kind):
    patient = demo.patient(kind)
    once = patient.once
    names = ("TRTSDT", "AGE", "SEX", "SAFFL", "ELIGST", "ARMACT", "arm", "DTHCAUS", "ecog_level", "child_pugh", "afp_n")
    [line] = rows_in(datasets["adsl"], patient.patient_id, *names)
    subject = rows_of(demo.tables, patient.patient_id)["subjects"][0]
    assert (str(line[0]), *line[1:5]) == (
        *(subject["first_sorafenib_date"], float(subject["age"]), subject["sex"]),
        *("Y", "INCLUDED"),
    )
    assert line[5:] == (
        *(once["arm"], once["arm"], once["death_cause"]),
        *(str(once["ecog"]), once["child_pugh_class"], once["afp"]),
    )


@each_kind
def test_patient_has_a_line_for_each_assessment_and_best_response_in_adrs(demo, datasets, kind):
    patient = demo.patient(kind)
    expected = [("OVR", study_day(scan.day), scan.overall, length(scan.sum_mm)) for scan in patient.scans]
    best = {"": "BOR", "sd_any": "BOR_sd_any"}
    expected += [(best[name], study_day(day), value, None) for name, (value, day) in patient.best.items()]
    found = rows_in(datasets["adrs"], patient.patient_id, "PARAMCD", "ADY", "AVALC", "sum_mm")
    assert sorted(found, key=str) == sorted(expected, key=str)


@each_kind
def test_patient_has_a_line_for_each_endpoint_and_rule_in_adtte(demo, datasets, kind):
    patient = demo.patient(kind)
    found = rows_in(datasets["adtte"], patient.patient_id, "PARAMCD", "AVAL", "AVALU", "CNSR")
    assert sorted(found) == sorted(
        ("_".join(filter(None, name)), float(day), "DAYS", 0 if event else 1)
        for name, (day, event) in patient.times.items()
    )


@each_kind
def test_patient_has_a_line_for_each_dose_session_event_and_value(demo, datasets, kind):
    patient = demo.patient(kind)
    expected = {
        "adex ASTDY AENDY AVAL": [(study_day(d.start), study_day(d.end), float(d.mg_per_day)) for d in patient.doses],
        "adpr PRTRT PRGRPID ADY": [
            (row["type"], int(row["procedure_no"]), study_day(row["date_day"])) for row in patient.procedures
        ],
        "adae AEDECOD ATOXGRN ASTDY AENDY ANL01FL": [
            (
                *(event["term"], event["grade"]),
                *(study_day(event[name]) for name in ("start_date_day", "end_date_day")),
                "NY"[event["counted"]],
            )
            for event in patient.events
        ],
        "adlb PARAMCD ADY AVAL ATOXGRN BTOXGRN": [
            (row["test"], study_day(row["date_day"]), float(row["value"]), row["grade"], row["baseline_grade"])
            for row in patient.labs
        ],
    }
    for asked, lines in expected.items():
        name, *columns = asked.split()
        found = rows_in(datasets[name], patient.patient_id, *columns)
        assert sorted(found, key=str) == sorted(lines, key=str), name


# ── from frames to the cells of every table ──


def lost_without(demo: Demo, patient_id: str) -> dict[tuple[str, ...], float]:
    """Return what each count of results.csv loses when the study is run without a patient; no loss is left out."""
    whole, part = (
        {row.key(): row.value for row in demo.run(without).results.rows if row.statistic in COUNTS}
        for without in ("", patient_id)
    )
    losses = {name: (whole.get(name) or 0) - (part.get(name) or 0) for name in whole.keys() | part.keys()}
    return {name: loss for name, loss in losses.items() if loss}


@each_kind
def test_patient_is_counted_in_these_cells_of_each_table_and_in_no_other(demo, kind):
    patient = demo.patient(kind)
    lost = lost_without(demo, patient.patient_id)
    assert {cell: n for cell, n in lost.items() if is_exact(cell)} == cells(patient)
    adherence = {cell: n for cell, n in lost.items() if cell[0] == "adherence"}
    expected = kept_rules(patient)
    assert {cell: adherence.get(cell) for cell in expected} == expected
    assert {cell[6] for cell in adherence} <= {"kept", "assessable", "not applicable", "late"}


def test_patient_who_left_at_screening_is_counted_in_the_flow_and_nowhere_else(demo):
    patient_id = demo.chosen[EXCLUDED]
    once, (reason, *parts) = screened_only(rows_of(demo.tables, patient_id))
    [found] = rows_in(demo.derived().patients, patient_id, *once)
    assert dict(zip(once, found, strict=True)) == once
    excluded = {("flow", "", "", "all", "", reason, level, "", "n"): 1 for level in ("excluded", *parts)}
    read = ("flow", "", "", "all", "", "", "read", "", "n")
    assert lost_without(demo, patient_id) == {read: 1, **excluded}
    whole, part = (
        [(*row.key(), row.unit, repr(row.value), row.text) for row in demo.run(without).results.rows]
        for without in ("", patient_id)
    )
    assert [row for row in whole if row[0] != "flow"] == [row for row in part if row[0] != "flow"]
