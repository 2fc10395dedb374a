"""A cohort of the sorafenib protocol from rows typed in a test: what a records study would have derived."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from oncohort.analysis.settings import read_settings
from oncohort.derive.factors import derive_factor
from oncohort.derive.local_therapy import PROCEDURES as PROCEDURE_COLUMNS
from oncohort.derive.response import BEST, VISITS
from oncohort.derive.safety import EVENTS as EVENT_COLUMNS
from oncohort.derive.safety import LABS
from oncohort.derive.time_to_event import TIMES
from oncohort.study.cohort import Cohort, Derived, EndpointData
from oncohort.study.comparison_factor import as_factor
from oncohort.study.parse import parse_protocol
from oncohort.study.protocol import Protocol
from oncohort.study.results import LevelRow
from oncohort.study.rules_in_force import adds_one_day
from oncohort.study.template_tables import TEMPLATE

ARMS = """levels = [
    { id = "sorafenib", label = "Sorafenib alone" },
    { id = "tace", label = "TACE" },
    { id = "tace_cryo", label = "TACE and cryoablation" },
]"""
WRITTEN = (Path(__file__).parents[1] / "study" / "paper_study.toml").read_text(encoding="utf-8")
PAPER = WRITTEN.replace('levels = ["sorafenib", "tace", "tace_cryo"]', ARMS)
PATIENTS = {
    "patient_id": pl.String,
    "treated": pl.Boolean,
    "arm": pl.String,
    "arm_known_day": pl.Int64,
    "progressed": pl.String,
    "progression_day": pl.Int64,
    "last_dose_day": pl.Int64,
    "continued_past_progression": pl.String,
    "subjects.sex": pl.String,
}
EMPTY = pl.DataFrame(schema={"patient_id": pl.String})


def protocol_of(*changes: tuple[str, str]) -> Protocol:
    """Return the paper's protocol with parts of its text replaced."""
    text = PAPER
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return parse_protocol(text, "study.toml", template=TEMPLATE)


@dataclass(frozen=True)
class Told:
    """Rows of the frames, as they are typed: mappings with the columns that matter; the others are null."""

    patients: Sequence[Mapping[str, Any]]
    best: Sequence[Mapping[str, Any]] = ()
    visits: Sequence[Mapping[str, Any]] = ()
    times: Sequence[Mapping[str, Any]] = ()
    procedures: Sequence[Mapping[str, Any]] = ()
    events: Sequence[Mapping[str, Any]] = ()


def frame(rows: Sequence[Mapping[str, Any]], schema: Mapping[str, Any]) -> pl.DataFrame:
    return pl.DataFrame({name: [row.get(name) for row in rows] for name in schema}, schema=dict(schema))


def cohort_of(told: Told, protocol: Protocol) -> Cohort:
    """Return the cohort of some rows; every patient that is named is analyzed, in that order."""
    patients = frame([{"treated": True, **row} for row in told.patients], PATIENTS)
    times = frame([{"rule": "", **row} for row in told.times], TIMES)
    derived = Derived(
        patients=patients,
        visits=frame(told.visits, VISITS),
        best=frame([{"definition": "", "flips": False, **row} for row in told.best], BEST),
        lesion_sizes=EMPTY,
        exposure=EMPTY,
        procedures=frame(told.procedures, PROCEDURE_COLUMNS),
        adverse_events=frame([{"counted": True, **row} for row in told.events], EVENT_COLUMNS),
        labs=pl.DataFrame(schema=LABS),
        time_to_event=times,
        adherence=EMPTY,
        reconciliation=EMPTY,
    )
    factors = {}
    for factor in protocol.factor:
        if factor.column in PATIENTS:
            factors[factor.id] = derive_factor(patients, factor)[0]
    for comparison in protocol.comparison:
        factor = as_factor(comparison, protocol.factor)
        inside = patients
        if comparison.population == "progressed":
            kept = pl.when(pl.col("progressed") == "Y").then(pl.col(factor.column))
            inside = patients.with_columns(kept.alias(factor.column))
        factors[comparison.id] = derive_factor(inside, factor)[0]
    endpoints = {}
    for endpoint in protocol.endpoint:
        own = times.filter((pl.col("endpoint") == endpoint.id) & (pl.col("rule") == ""))
        placed = patients.select("patient_id").join(own, on="patient_id", how="left", maintain_order="left")
        days = placed["day"].cast(pl.Float64).fill_null(1.0).to_numpy() + adds_one_day(protocol)
        event = placed["event"].fill_null(value=False).to_numpy().astype(np.bool_)
        endpoints[endpoint.id] = EndpointData(endpoint, days, event, "days", protocol.study.report_unit or "months")
    return Cohort(tuple(patients["patient_id"].to_list()), endpoints, factors, (), derived, template=TEMPLATE)


def levels_of(cohort: Cohort) -> list[LevelRow]:
    return [
        LevelRow(name, level.id, level.label, place, reference=False)
        for name, factor in cohort.factors.items()
        for place, level in enumerate(factor.levels, start=1)
    ]


def lookup(rows):
    """Return a function that finds the value of the one row with just these keys."""

    def find(statistic, **keys):
        wanted = {"model": "", "endpoint": "", "group": "", "variable": "", "level": "", "time": "", **keys}
        found = [r for r in rows if r.statistic == statistic and all(getattr(r, k) == v for k, v in wanted.items())]
        assert len(found) == 1, f"{len(found)} rows of {statistic} {keys}"
        return found[0]

    return find


def settings_of(protocol: Protocol):
    return read_settings(protocol)


# The 110 patients of the synthetic cohort beside the paper: arm, best response, number. Stable disease of at most
# 8 weeks is progressive or not evaluable by the study's own definition.
SYNTHETIC = (
    ("tace_cryo", "CR", 8),
    ("tace_cryo", "PR", 7),
    ("tace_cryo", "SD", 17),
    ("tace_cryo", "early SD", 5),
    ("tace_cryo", "PD", 3),
    ("tace", "CR", 6),
    ("tace", "PR", 6),
    ("tace", "SD", 16),
    ("tace", "early SD", 2),
    ("tace", "PD", 8),
    ("sorafenib", "PR", 3),
    ("sorafenib", "SD", 7),
    ("sorafenib", "early SD", 7),
    ("sorafenib", "PD", 15),
)


def synthetic() -> Told:
    """Return the 110 patients with their best response by the study's own definition and by SD of any duration."""
    patients, best, visits = [], [], []
    for arm, response, n in SYNTHETIC:
        for _ in range(n):
            patient_id = f"P{len(patients) + 1:03}"
            patients.append({"patient_id": patient_id, "arm": arm, "subjects.sex": "MF"[len(patients) % 3 == 0]})
            own, loose = ("PD", "SD") if response == "early SD" else (response, response)
            day = 57 if own in {"CR", "PR", "SD"} else 113
            best.append({"patient_id": patient_id, "best": own, "day": day, "flips": response == "early SD"})
            best.append({"patient_id": patient_id, "definition": "sd_any", "best": loose, "day": day})
            visits.append({"patient_id": patient_id, "day": 57, "overall": own if day == 57 else "SD"})
    return Told(patients, best, visits)


def with_survival(told: Told, seed: int = 7) -> Told:
    """Return the patients with times that depend on the seed alone, several on one day."""
    draw = np.random.default_rng(seed)
    times = [
        {
            "patient_id": row["patient_id"],
            "endpoint": endpoint,
            "day": int(draw.integers(1, 60)) * 7,
            "event": bool(dead),
        }
        for row in told.patients
        for endpoint, dead in (("OS", draw.random() < 0.6), ("PFS", draw.random() < 0.9))
    ]
    return replace(told, times=times)


EVENTS = [
    {"patient_id": "a", "term": "RASH", "grade": 1},
    {"patient_id": "a", "term": "RASH", "grade": 3},
    {"patient_id": "b", "term": "RASH", "grade": 5},
    {"patient_id": "b", "term": "RASH", "grade": 3},
    {"patient_id": "c", "term": "RASH", "grade": 4, "counted": False},
    {"patient_id": "c", "term": "ANEMIA", "grade": None},
    {"patient_id": "c", "term": "ANEMIA", "grade": 3},
    {"patient_id": "a", "term": "ANEMIA", "grade": 4},
    {"patient_id": "a", "term": "LEUCOPENIA", "grade": 2},
    {"patient_id": "z", "term": "RASH", "grade": 3},
]
FOUR = [
    {"patient_id": p, "arm": arm} for p, arm in zip("abcd", ("tace", "tace", "tace_cryo", "sorafenib"), strict=True)
]


def course(patient_id, progression, last_dose, end, *, dead, arm="tace"):
    """Return the columns of a patient who progressed, and the survival time."""
    after = last_dose - progression
    answer = "Y" if after > 14 else "N" if after >= 0 else "N_STOPPED_BEFORE_PD"
    patient = {
        "patient_id": patient_id,
        "arm": arm,
        "progressed": "Y",
        "progression_day": progression,
        "last_dose_day": last_dose,
        "continued_past_progression": answer,
    }
    return patient, {"patient_id": patient_id, "endpoint": "OS", "day": end, "event": dead}


WITH_PROGRESSION = [
    course("a", 57, 200, 300, dead=True),
    course("b", 57, 100, 160, dead=False),
    course("c", 113, 180, 250, dead=True),
    course("d", 57, 60, 90, dead=True),
    course("e", 57, 50, 71, dead=True),  # dies on the last day of grace
    course("f", 113, 120, 400, dead=True),
    course("g", 57, 71, 65, dead=False),  # followed for eight days only
    course("h", 57, 57, 210, dead=True),
]
NEVER = (
    {"patient_id": "i", "arm": "sorafenib", "progressed": "N", "continued_past_progression": "NA"},
    {"patient_id": "i", "endpoint": "OS", "day": 500, "event": False},
)
COURSES = Told(
    patients=[*(patient for patient, _ in WITH_PROGRESSION), NEVER[0]],
    times=[*(time for _, time in WITH_PROGRESSION), NEVER[1]],
)


PROCEDURES = [
    {"patient_id": "a", "type": "TACE", "day": 20},
    {"patient_id": "a", "type": "CRYO", "day": 60},
    {"patient_id": "b", "type": "TACE", "day": 61},
    {"patient_id": "c", "type": "TACE", "day": 30},
    {"patient_id": "d", "type": "CRYO", "day": 10},
]
TREATED = Told(
    patients=[
        {"patient_id": "a", "arm": "tace_cryo"},
        {"patient_id": "b", "arm": "tace"},
        {"patient_id": "c", "arm": "tace"},
        {"patient_id": "d", "arm": "cryo"},
        {"patient_id": "e", "arm": "sorafenib"},
        {"patient_id": "f", "arm": "sorafenib"},
        {"patient_id": "g", "arm": "sorafenib"},
    ],
    times=[
        {"patient_id": p, "endpoint": "OS", "day": day, "event": dead}
        for p, day, dead in (
            ("a", 300, True),
            ("b", 200, True),
            ("c", 61, True),
            ("d", 400, False),
            ("e", 60, True),
            ("f", 45, False),
            ("g", 90, True),
        )
    ],
    procedures=PROCEDURES,
)


RESPONDERS = Told(
    patients=[{"patient_id": p, "arm": "tace"} for p in "abcd"],
    best=[
        {"patient_id": "a", "best": "CR", "day": 113},
        {"patient_id": "b", "best": "PR", "day": 57},
        {"patient_id": "c", "best": "PR", "day": 60},
        {"patient_id": "d", "best": "PD", "day": 57},
    ],
    visits=[
        {"patient_id": "a", "day": 57, "overall": "PR"},
        {"patient_id": "a", "day": 113, "overall": "CR"},
        {"patient_id": "b", "day": 57, "overall": "PR"},
        {"patient_id": "c", "day": 60, "overall": "PR"},
        {"patient_id": "c", "day": 90, "overall": "PR"},
        {"patient_id": "d", "day": 57, "overall": "PD"},
    ],
    times=[
        {"patient_id": "a", "endpoint": "PFS", "day": 257, "event": True},
        {"patient_id": "b", "endpoint": "PFS", "day": 157, "event": True},
        {"patient_id": "c", "endpoint": "PFS", "day": 360, "event": False},
        {"patient_id": "d", "endpoint": "PFS", "day": 57, "event": True},
    ],
)


SENSITIVITY = Told(
    patients=[{"patient_id": p, "arm": "tace"} for p in "abc"],
    times=[
        *(
            {"patient_id": p, "endpoint": "PFS", "day": d, "event": True}
            for p, d in zip("abc", (60, 120, 240), strict=True)
        ),
        {"patient_id": "a", "endpoint": "PFS", "rule": "FDA_A", "day": 60, "event": True},
        {"patient_id": "b", "endpoint": "PFS", "rule": "FDA_A", "day": 57, "event": False},
        {"patient_id": "c", "endpoint": "PFS", "rule": "FDA_A", "day": 240, "event": True},
        {"patient_id": "a", "endpoint": "PFS", "rule": "NO_MISSED", "day": 50, "event": True},
        {"patient_id": "b", "endpoint": "PFS", "rule": "NO_MISSED", "day": 120, "event": True},
    ],
)
