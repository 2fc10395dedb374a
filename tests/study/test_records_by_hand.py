"""Single patients by hand: what a cutoff leaves, what proves that a patient lived, what recorded responses do."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from random_records import as_records

from oncohort.derive.course import Course, derive_course
from oncohort.intake.presets import read_presets
from oncohort.study.parse import parse_protocol
from oncohort.study.template_tables import TEMPLATE

PROTOCOL = parse_protocol(
    """
[study]
title = "One patient"
profile = "paper"
records = "data"
preset = "sorafenib-hcc-2010"

[[endpoint]]
id = "OS"
start = "index"
events = ["death"]

[[endpoint]]
id = "PFS"
start = "index"
events = ["progression", "death"]
sensitivity = ["FDA_A"]
""",
    "study.toml",
    read_presets(),
    template=TEMPLATE,
)
DAY_0 = date(2009, 3, 2)
CUTOFF = DAY_0 + timedelta(days=200)
MRECIST = {"criteria": "MRECIST LENCIONI LIVER CANCER 2010", "source": "ENTERED"}

Rows = list[dict[str, Any]]


def on(day: int) -> date:
    return DAY_0 + timedelta(days=day)


def text(day: int) -> str:
    return on(day).isoformat()


def course_of(subject: dict[str, Any] | None = None, **tables: Rows) -> Course:
    """Derive a patient who began on day 0, in a study that is cut off on day 200."""
    own = {"age": 50, "sex": "F", "screening_date": on(-14), "first_sorafenib_date": on(0), "cutoff_date": CUTOFF}
    rows = {"subjects": [{"death_flag": "N"} | own | (subject or {})], **tables}
    return derive_course(
        as_records([{name: [{"patient_id": "A", **r} for r in rs] for name, rs in rows.items()}]), PROTOCOL
    )


def patient(course: Course) -> dict[str, Any]:
    return course.derived.patients.row(0, named=True)


def end_of(course: Course, endpoint: str, rule: str = "") -> tuple[int, bool]:
    found = course.derived.time_to_event.filter(endpoint=endpoint, rule=rule)
    return found.select("day", "event").row(0)


def told(course: Course) -> set[tuple[str, str]]:
    return {(finding.level, finding.rule) for finding in course.findings}


def scan(lesion_id: str, day: int, **more: Any) -> dict[str, Any]:
    seen = {"status": "MEASURED", "arterial_phase": "Y", "aphe": "Y", "modality": "CT", "longest_mm": 40.0}
    return {"lesion_id": lesion_id, "scan_date": text(day), **seen, **more}


def lesion(lesion_id: str, role: str, organ: str, first_day: int) -> dict[str, Any]:
    place = {"organ": organ, "kind": "NODULE", "well_delineated": "Y"}
    return {"lesion_id": lesion_id, "role": role, "first_seen_date": on(first_day), **place}


LIVER = lesion("T01", "TARGET", "LIVER", -7)
SCANS = [scan("T01", -7, viable_mm=30.0), scan("T01", 57, viable_mm=30.0)]


@pytest.mark.parametrize("late", [{}, {"death_flag": "Y", "death_date": text(210)}])
def test_lesion_first_seen_too_late_is_no_progression(late):
    day = 230 if not late else 215
    lesions = [LIVER, lesion("NEW01", "NEW", "LUNG", day)]
    course = course_of(late, lesions=lesions, lesion_measurements=[*SCANS, scan("NEW01", day)])
    assert course.derived.visits["day"].to_list() == [57]
    assert patient(course)["progression_day"] is None
    assert patient(course)["best_response"] == "SD"
    assert sorted(f.column for f in course.findings if f.rule == "LEFT-OUT") == ["first_seen_date", "scan_date"]


@pytest.mark.parametrize(("day", "expected"), [(150, ("ADVERSE EVENT", "Y")), (201, (None, "N"))])
def test_end_of_the_drug_after_the_cutoff_is_not_known(day, expected):
    doses = [
        {"start_date": on(0), "end_date": on(150), "dose_per_intake_mg": 400.0, "frequency": "BID", "state": "FULL"}
    ]
    end = {"sorafenib_end_reason": "ADVERSE EVENT", "date": text(day), "pd_patient_wishes": "Y"}
    found = patient(course_of(exposure=doses, disposition=[end]))
    assert (found["stop_reason"], found["early_stop"]) == expected
    assert found["disposition.pd_patient_wishes"] == "Y"


def test_recorded_last_dose_is_cut_off_too():
    assert patient(course_of({"last_sorafenib_date": text(300)}))["last_dose_day"] == 200


@pytest.mark.parametrize(
    ("contacts", "expected"),
    [
        ([], 0),
        ([(120, "ALIVE")], 120),
        ([(120, "ALIVE"), (150, "LOST")], 120),
        ([(120, "ALIVE"), (150, "DEAD")], 120),
        ([(120, "ALIVE"), (260, "ALIVE")], 200),
    ],
)
def test_survival_ends_when_the_patient_was_last_found_alive(contacts, expected):
    course = course_of(followup=[{"date": text(day), "status": status} for day, status in contacts])
    assert end_of(course, "OS") == (expected, False)


def test_follow_up_of_which_only_the_year_is_known_does_not_stop_a_study():
    course = course_of(followup=[{"date": "2009", "status": "ALIVE"}])
    assert end_of(course, "OS") == (0, False)
    assert told(course) == set()


@pytest.mark.parametrize(
    ("died", "later", "expected", "findings"),
    [
        (text(200), [], (200, True), set()),
        (text(201), [], (200, False), set()),
        ("2010", [], (200, False), set()),
        ("2009-10", [], (200, False), set()),
        ("2009-09", [], (183, True), {("note", "DATE-IMPUTED")}),
        ("2009-09", [198], (198, True), {("note", "DATE-IMPUTED")}),
        ("2009-09", [202], (200, False), set()),
        ("2009-08", [198], (198, False), {("error", "DEATH-DATE")}),
        ("2009", [], (0, False), {("warning", "DEATH-DATE")}),
    ],
)
def test_death_before_on_and_after_the_cutoff(died, later, expected, findings):
    contacts = [{"date": text(day), "status": "ALIVE"} for day in later]
    course = course_of({"death_flag": "Y", "death_date": died}, followup=contacts)
    assert end_of(course, "OS") == expected
    assert told(course) == findings


def judged(*assessments: tuple[int, str], **other: str) -> Rows:
    return [{"date": text(day), "overall": overall, **MRECIST, **other} for day, overall in assessments]


def test_recorded_assessments_are_used_without_measurements():
    course = course_of(response=judged((57, "PR"), (113, "SD"), (113, "PD"), (0, "PD")))
    visits = course.derived.visits.select("day", "overall", "target", "sum_mm", "scheduled").rows()
    assert visits == [(57, "PR", None, None, True), (113, "PD", None, None, True)]
    assert (patient(course)["best_response"], patient(course)["progression_day"]) == ("PR", 113)
    assert [end_of(course, "PFS", rule) for rule in ("", "FDA_A")] == [(113, True), (113, True)]
    assert told(course) == {("note", "RECORDED-RESPONSE")}
    assert course.derived.reconciliation.is_empty()


def test_recorded_assessments_are_only_compared_where_a_lesion_was_measured():
    course = course_of(lesions=[LIVER], lesion_measurements=SCANS, response=judged((57, "PD"), (113, "PD")))
    assert course.derived.visits.select("day", "overall").rows() == [(57, "SD")]
    assert told(course) == {("warning", "RECONCILE-RESPONSE")}


def test_recorded_assessments_by_other_criteria_are_neither_used_nor_compared():
    other = judged((57, "PD"), criteria="RECIST 1.1")
    assert course_of(response=other).derived.visits.is_empty()
    assert told(course_of(lesions=[LIVER], lesion_measurements=SCANS, response=other)) == set()


def test_patient_without_scan_or_assessment_has_no_baseline_in_a_study_with_scans():
    course = course_of({"death_flag": "Y", "death_date": text(100)}, lesions=[LIVER], lesion_measurements=[])
    [description] = course.derived.time_to_event.filter(rule="FDA_A")["description"]
    assert description == "NO BASELINE ASSESSMENT"


def test_what_a_clinical_rule_refuses_is_a_finding_and_stops_nothing():
    course = course_of(clinical_scores=[{"date": on(-3), "ecog": 5, "ascites": "NONE", "encephalopathy": 0}])
    (finding,) = (f for f in course.findings if f.rule == "BASELINE-REFUSED")
    assert (finding.level, finding.patient_id, finding.row) == ("error", "A", 2)
    assert "5" in finding.value
    assert "5" not in finding.sentence
    assert patient(course)["bclc"] is None
    assert patient(course)["ecog"] == 5


@pytest.mark.parametrize(("hbsag", "status"), [("NEG", "failed"), ("U", "missing_criteria")])
def test_recorded_unknown_is_as_good_as_nothing_recorded(hbsag, status):
    disease = {"hbsag": hbsag, "typical_imaging": "Y", "biopsy_result": "HCC"}
    afp = {"date": on(-3), "test": "AFP", "value": 900.0, "unit": "ng/mL"}
    found = patient(course_of(baseline_disease=[disease], labs=[afp]))
    assert found["baseline_disease.hbsag"] == (None if hbsag == "U" else hbsag)
    assert {name for name in ("failed", "missing_criteria") if "HBV_HCC" in found[name].split("; ")} == {status}
