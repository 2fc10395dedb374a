"""The vectors of the clinical rules as a whole study: template rows in files, read and derived, a patient a vector."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from oncohort.derive.course import Course, derive_course
from oncohort.intake.study import read_study
from oncohort.study.template_tables import TEMPLATE

VECTORS = json.loads((Path(__file__).parents[1] / "clinical" / "vectors.json").read_text(encoding="utf-8"))
STUDY = """\
[study]
title = "Vectors"
profile = "paper"
records = "data"
preset = "sorafenib-hcc-2010"

[response]
after_new_therapy = "excluded"
also_report = [
    { id = "not_strict", label = "SD from day 56", sd_min_days = ">= 56" },
    { id = "confirmed", label = "Confirmed", confirm = true },
]

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
DAY_0 = date(2009, 3, 2)
DOSES = {800: (400, "BID", "FULL"), 400: (200, "BID", "REDUCED"), 0: (0, "NONE", "INTERRUPTED")}
VIABLE_MM = {"SD": 50, "PD": 70}
ARMS = {
    "SORAFENIB": "sorafenib",
    "SORAFENIB+TACE": "tace",
    "SORAFENIB+TACE+CRYO": "tace_cryo",
    "SORAFENIB+CRYO (no arm in paper)": "cryo",
}
TERMS = {"HFSR": "HAND-FOOT SKIN REACTION", "RASH": "RASH/DESQUAMATION", "LIVER": "LIVER TOXICITY"} | {
    "HTN": "HYPERTENSION",
    "DIARRHEA": "DIARRHEA",
}

Row = tuple[str, dict[str, Any]]
"""A table and the cells of one of its rows."""


def on(day: int | str | None) -> date | str | None:
    """Return the date of a day from the first dose; a date as it is."""
    return DAY_0 + timedelta(days=day) if isinstance(day, int) else day


def subject(death: int | str | None = None, cutoff: int | str = "2012-12-31", alive: int | str | None = None):
    """Yield the rows that every patient has: first dose, death, last follow-up."""
    yield (
        "subjects",
        {
            "sex": "M",
            "age": 50,
            "screening_date": on(-14),
            "consent_date": on(-14),
            "first_sorafenib_date": on(0),
            "death_flag": "N" if death is None else "Y",
            "death_date": on(death),
            "cutoff_date": on(cutoff),
        },
    )
    if alive is not None:
        yield "followup", {"date": on(alive), "status": "ALIVE"}


def scan(day: int, response: str) -> Row:
    """Return the scan of one nodule of 50 mm at baseline, which gives a response."""
    status = {"lesion_id": "T01", "scan_date": on(day), "visit": "-", "modality": "CT", "arterial_phase": "Y"}
    if response == "NE":
        return "lesion_measurements", status | {"status": "NE", "aphe": "U"}
    size = VIABLE_MM[response]
    return "lesion_measurements", status | {"status": "MEASURED", "aphe": "Y", "viable_mm": size, "longest_mm": 80}


def scans(assessed: list[tuple[int, str]]) -> Iterator[Row]:
    nodule = {"lesion_id": "T01", "role": "TARGET", "organ": "LIVER", "kind": "NODULE", "well_delineated": "Y"}
    yield "lesions", nodule | {"first_seen_date": on(-7)}
    yield scan(-7, "SD")
    for day, response in assessed:
        yield scan(day, response)


def dose(first: int, last: int, mg_per_day: int) -> Row:
    mg, frequency, state = DOSES[mg_per_day]
    period = {"start_date": on(first), "end_date": on(last), "well_tolerated": "Y"}
    return "exposure", period | {"dose_per_intake_mg": mg, "frequency": frequency, "state": state}


def of_pfs(given: dict[str, Any]) -> Iterator[Row]:
    yield from subject(given.get("death"), alive=given.get("lastfu"))
    yield from scans(given["assess"])
    if "nact" in given:
        yield "other_therapy", {"date": on(given["nact"]), "type": "SYSTEMIC"}


def of_os(given: dict[str, Any]) -> Iterator[Row]:
    yield from subject(given.get("death"), given.get("cutoff", "2012-12-31"), given.get("lka"))


def of_death(given: list[str]) -> Iterator[Row]:
    yield from subject(given[0], alive=given[1] if len(given) > 1 else None)


def of_continuation(given: list[int | None]) -> Iterator[Row]:
    progression, last_dose = given
    yield from subject(alive=400)
    yield from scans([] if progression is None else [(progression, "PD")])
    yield dose(0, last_dose or 0, 800)


def of_intensity(given: list[list[int]]) -> Iterator[Row]:
    yield from subject(alive=400)
    day = 0
    for days, mg_per_day in given:
        yield dose(day, day + days - 1, mg_per_day)
        day += days


def of_arm(given: list[int]) -> Iterator[Row]:
    yield from subject(alive=400)
    for kind, number in zip(("TACE", "CRYO"), given, strict=True):
        for k in range(number):
            yield "procedures", {"date": on(20 + 35 * k), "type": kind, "procedure_no": k + 1}


def of_best_response(given: dict[str, Any]) -> Iterator[Row]:
    """Yield recorded assessments: the patient has no lesion, so that they are used as they are."""
    yield from subject(alive=400)
    for day, overall in given["visits"]:
        criteria = {"criteria": "MRECIST LENCIONI LIVER CANCER 2010", "source": "ENTERED"}
        yield "response", {"date": on(day), "overall": overall} | criteria
    if "nact" in given:
        yield "other_therapy", {"date": on(given["nact"]), "type": "SYSTEMIC"}


def of_doses(given: list[list[Any]], expected: list[list[Any]]) -> Iterator[Row]:
    """Yield what happened to a patient, and the doses that the vector expects, as a patient who got just those."""
    last = expected[-1][0] + 30
    ended = next((day for day, _, state, *_ in expected if state == "DISCONTINUED"), None)
    fatal = any(event[1:] == ["AE", "LIVER", 5] for event in given)
    yield from subject(death=ended if fatal else None, alive=None if fatal else last)
    yield from scans([(event[0], "PD") for event in given if event[1] == "PD"])
    yield from _adverse_events(given)
    for day, name, *more in given:
        if name == "ECOG":
            yield "clinical_scores", {"date": on(day), "ecog": more[0], "ascites": "NONE", "encephalopathy": 0}
        if name == "LOCAL_THERAPY":
            yield "procedures", {"date": on(day), "type": "TACE", "procedure_no": 1}
    answers = next((dict(zip(_ANSWERS, map("NY".__getitem__, e[2:]), strict=True)) for e in given if e[1] == "PD"), {})
    if ended is not None:
        reason = next(reason for _, _, state, _, reason in expected if state == "DISCONTINUED")
        by_event = {"ae_id": "LIVER"} if reason == "ADVERSE EVENT" else {}
        answers |= {"date": on(ended), "sorafenib_end_reason": REASONS.get(reason, reason)} | by_event
    if answers:
        yield "disposition", answers
    changes = [(day, mg) for day, _, state, mg, _ in expected if state != "DISCONTINUED"]
    ends = [day - 1 for day, _ in changes[1:]] + [last if ended is None else ended]
    for (day, mg), end in zip(changes, ends, strict=True):
        if end >= day:
            yield dose(day, end, mg)


_ANSWERS = ("pd_clinical_status_good", "pd_patient_wishes")
REASONS = {"ECOG 4": "PROTOCOL-SPECIFIED WITHDRAWAL CRITERION MET", "FATAL AE": "DEATH"}


def _adverse_events(given: list[list[Any]]) -> Iterator[Row]:
    """Yield an event for each grade of a term: it ends on the day before the next one begins."""
    told = [(event[0], event[2], event[3]) for event in given if event[1] == "AE"]
    ends_drug = any(event[1] == "AE_TERMINATE" for event in given)
    for day, term, grade in told:
        following = next((later for later, other, _ in told if later > day and other == term), None)
        cells = {"ae_id": term if grade > 2 else f"{term} later", "term": TERMS[term], "category": "OTHER"}
        yield (
            "adverse_events",
            cells
            | {
                "ctcae_version": "3.0",
                "grade": grade,
                "start_date": on(day),
                "end_date": None if following is None else on(following - 1),
                "related": "RELATED",
                "action": "DRUG WITHDRAWN" if ends_drug else None,
                "outcome": {5: "FATAL"}.get(grade, "NOT RECOVERED/NOT RESOLVED" if following is None else "UNKNOWN"),
            },
        )


ROWS: dict[str, Callable[[Any], Iterator[Row]]] = {
    "pfs": of_pfs,
    "os": of_os,
    "impute_death": of_death,
    "continued_past_pd": of_continuation,
    "rdi": of_intensity,
    "arm": of_arm,
    "bor_unconfirmed": of_best_response,
    "bor_confirmed": of_best_response,
}


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Course:
    """Read and derive one study with a patient for each vector, under the vector's id."""
    folder = tmp_path_factory.mktemp("vectors")
    (folder / "data").mkdir()
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    patients = {v["id"]: rows(v["input"]) for section, rows in ROWS.items() for v in VECTORS[section]}
    patients |= {v["id"]: of_doses(v["input"], v["expected"]) for v in VECTORS["sorafenib_paper"]}
    tables: dict[str, list[dict[str, Any]]] = {}
    for patient_id, rows in patients.items():
        for table, cells in rows:
            tables.setdefault(table, []).append({"patient_id": patient_id, **cells})
    for table, rows in tables.items():
        with (folder / "data" / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
            sheet = csv.DictWriter(file, [column.name for column in TEMPLATE[table].collected()])
            sheet.writeheader()
            sheet.writerows(rows)
    study = read_study(folder)
    assert not [finding for finding in study.findings if finding.level == "fatal"]
    return derive_course(study.records, study.protocol)


def vectors(section: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("vector", VECTORS[section], ids=lambda vector: vector["id"])


def row_of(frame: pl.DataFrame, vector: dict[str, Any], **where: str) -> dict[str, Any]:
    own = frame.filter(patient_id=vector["id"], **where).to_dicts()
    assert len(own) == 1, (vector["id"], own)
    return own[0]


@vectors("pfs")
def test_progression_free_survival_of_a_patient(course, vector):
    rule = vector["input"].get("rule", "FDA_A").replace("PAPER", "")
    end = row_of(course.derived.time_to_event, vector, endpoint="PFS", rule=rule)
    assert [end["day"], int(end["event"]), end["description"]] == vector["expected"]


@vectors("os")
def test_overall_survival_of_a_patient(course, vector):
    end = row_of(course.derived.time_to_event, vector, endpoint="OS")
    assert [end["day"], int(end["event"])] == vector["expected"]


@vectors("impute_death")
def test_partial_date_of_a_death(course, vector):
    day = row_of(course.derived.patients, vector)["death_day"]
    told = {(f.rule, f.level) for f in course.findings if f.patient_id == vector["id"]}
    when, flag = vector["expected"]
    assert on(day) == (None if when is None else date.fromisoformat(when))
    assert (
        told
        == {
            "": set(),
            "D": {("DATE-IMPUTED", "note")},
            "CONFLICT": {("DEATH-DATE", "error")},
            "Y": {("DEATH-DATE", "warning")},
        }[flag]
    )


@vectors("continued_past_pd")
def test_drug_past_progression(course, vector):
    assert row_of(course.derived.patients, vector)["continued_past_progression"] == vector["expected"]


@vectors("rdi")
def test_relative_dose_intensity_of_recorded_doses(course, vector):
    patient = row_of(course.derived.patients, vector)
    assert round(patient["relative_dose_intensity"], 2) == vector["expected"]


@vectors("arm")
def test_arm_of_the_procedures_done(course, vector):
    patient = row_of(course.derived.patients, vector)
    assert [patient["n_tace"], patient["n_cryo"]] == vector["input"]
    assert patient["arm"] == ARMS[vector["expected"]]


@vectors("bor_unconfirmed")
def test_best_response_of_recorded_assessments(course, vector):
    definition = "" if vector["input"].get("strict", True) else "not_strict"
    assert row_of(course.derived.best, vector, definition=definition)["best"] == vector["expected"]


@vectors("bor_confirmed")
def test_confirmed_response_of_recorded_assessments(course, vector):
    assert row_of(course.derived.best, vector, definition="confirmed")["best"] == vector["expected"]


@vectors("sorafenib_paper")
def test_doses_of_the_vector_keep_every_dose_rule(course, vector):
    doses = course.derived.exposure.filter(patient_id=vector["id"]).select("start_day", "state", "mg_per_day").rows()
    steps = [(day, state, mg) for day, _, state, mg, _ in vector["expected"] if state != "DISCONTINUED"]
    assert doses == steps
    judged = course.derived.adherence.filter(patient_id=vector["id"])
    rules = judged.filter(pl.col("rule").str.contains("^(DOSE|STOP|PD|LOCAL-NO)-"))
    assert "broken" not in rules["verdict"].to_list()
    assert set(rules.filter(verdict="kept")["rule"].to_list()) == DOSE_RULES_KEPT[vector["id"]]


DOSE_RULES_KEPT = {
    "Z01": {"DOSE-START", "DOSE-REDUCE", "DOSE-RETURN"},
    "Z02": {"DOSE-START", "DOSE-REDUCE", "DOSE-RETURN"},
    "Z03": {"DOSE-START"},
    "Z04": {"DOSE-START", "PD-CONTINUE", "STOP-ECOG"},
    "Z05": {"DOSE-START", "PD-CONTINUE"},
    "Z06": {"DOSE-START", "PD-CONTINUE"},
    "Z07": {"DOSE-START", "LOCAL-NO-PAUSE"},
    "Z08": {"DOSE-START", "DOSE-REDUCE", "STOP-AE"},
    "Z09": {"DOSE-START"},
    "Z10": {"DOSE-START", "DOSE-REDUCE", "DOSE-RETURN"},
    "Z11": {"DOSE-START", "STOP-CONSENT"},
}
"""The rules of the drug that had an occasion in each vector, and were kept."""
