"""A cohort of the sorafenib protocol from rows typed in a test: what a records study would have derived."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from oncohort.analysis.settings import read_settings
from oncohort.derive.factors import derive_factor
from oncohort.derive.local_therapy import PROCEDURES
from oncohort.derive.response import BEST, VISITS
from oncohort.derive.safety import EVENTS
from oncohort.derive.time_to_event import TIMES
from oncohort.study.cohort import Cohort, Derived, EndpointData
from oncohort.study.comparison_factor import as_factor
from oncohort.study.parse import parse_protocol
from oncohort.study.protocol import Protocol
from oncohort.study.results import LevelRow
from oncohort.study.rules_in_force import adds_one_day

PAPER = (Path(__file__).parents[1] / "study" / "paper_study.toml").read_text(encoding="utf-8")
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
    return parse_protocol(text, "study.toml")


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
        procedures=frame(told.procedures, PROCEDURES),
        adverse_events=frame([{"counted": True, **row} for row in told.events], EVENTS),
        labs=EMPTY,
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
    return Cohort(tuple(patients["patient_id"].to_list()), endpoints, factors, (), derived)


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
