"""Treated patients made by hand: rows by day from the first dose, typed as the reader gives them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
from hypothesis import strategies as st

from oncohort.derive.adherence import derive_adherence
from oncohort.derive.exposure import derive_exposure
from oncohort.derive.patients import recorded_patients
from oncohort.derive.timeline import set_timeline
from oncohort.study.parse import parse_protocol
from oncohort.study.protocol import Protocol
from oncohort.study.template_tables import TEMPLATE

PAPER = Path(__file__).parents[1] / "study" / "paper_study.toml"
DAY_0 = date(2009, 1, 5)
FILES = {name: f"data/{name}.csv" for name in TEMPLATE}
TYPES = {"integer": pl.Int64, "number": pl.Float64, "date": pl.Date}
CUTOFF = 500
COLLECTED = (
    "exposure",
    "adverse_events",
    "clinical_scores",
    "procedures",
    "lesions",
    "lesion_measurements",
    "disposition",
)

Rows = Mapping[str, list[dict[str, Any]]]


def at(day: int) -> date:
    return DAY_0 + timedelta(days=day)


@cache
def protocol(*changes: tuple[str, str]) -> Protocol:
    """Return the paper's protocol with pieces of its text changed."""
    text = PAPER.read_text(encoding="utf-8")
    for old, new in changes:
        assert text.count(old) >= 1, old
        text = text.replace(old, new)
    return parse_protocol(text, "study.toml", template=TEMPLATE)


def table(name: str, rows: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """Return a table of the template; a date may be given as the day from the first dose, what is not given is null."""
    columns = {column.name: TYPES.get(column.kind, pl.String) for column in TEMPLATE[name].columns}
    typed = []
    for place, row in enumerate(rows, start=2):
        assert set(row) <= set(columns), set(row) - set(columns)
        cells = {column: _cell(row.get(column), TEMPLATE[name].find(column).kind) for column in columns}
        typed.append({**cells, "row": place})
    return pl.DataFrame(typed, schema={**columns, "row": pl.Int64}, orient="row")


def _cell(value: Any, kind: str) -> Any:
    if kind in {"date", "partial-date"} and isinstance(value, int):
        return at(value) if kind == "date" else at(value).isoformat()
    return value


def subject(patient_id: str = "P1", **cells: Any) -> dict[str, Any]:
    usual = {
        "screening_date": -7,
        "consent_date": -7,
        "first_sorafenib_date": 0,
        "death_flag": "N",
        "cutoff_date": CUTOFF,
    }
    return {"patient_id": patient_id, **usual, **cells}


def tables(subjects: Iterable[Mapping[str, Any]] | None = None, **rows: Any) -> dict[str, pl.DataFrame]:
    """Return the tables of a study whose patients were followed to the cutoff; a table given as None was not collected.

    Rows without ``patient_id`` are those of P1.
    """
    subjects = [subject()] if subjects is None else list(subjects)
    visits = [{"patient_id": row["patient_id"], "date": CUTOFF, "status": "ALIVE"} for row in subjects]
    given = {name: rows.get(name, []) for name in COLLECTED} | {"followup": rows.get("followup", visits)}
    own = {name: [{"patient_id": "P1", **row} for row in found] for name, found in given.items() if found is not None}
    return {"subjects": table("subjects", subjects)} | {name: table(name, found) for name, found in own.items()}


def adherence(
    given: Mapping[str, pl.DataFrame],
    protocol: Protocol,
    progressions: Mapping[str, int] | None = None,
    **cells: Any,
) -> pl.DataFrame:
    """Return the frame of adherence of eligible patients; ``cells`` change what is known of all of them."""
    timeline = set_timeline(given, TEMPLATE, FILES, None)
    patients = recorded_patients(timeline, TEMPLATE)
    patients = patients.join(derive_exposure(timeline, protocol, FILES).patients, on="patient_id", how="left")
    usual = {"eligibility": "INCLUDED", "failed": "", "missing_criteria": ""} | cells
    patients = patients.with_columns(pl.lit(value, dtype=pl.String).alias(name) for name, value in usual.items())
    found = [(patient_id, day, "PD") for patient_id, day in (progressions or {}).items()]
    schema = {"patient_id": pl.String, "day": pl.Int64, "overall": pl.String}
    return derive_adherence(timeline, patients, pl.DataFrame(found, schema=schema, orient="row"), protocol)


def verdicts(frame: pl.DataFrame, rule: str) -> list[tuple[str, int | None, int | None]]:
    """Return verdict, day and days late of a rule; "not applicable" without an occasion is left out."""
    found = frame.filter(
        (pl.col("rule") == rule) & ~((pl.col("verdict") == "not applicable") & pl.col("table").is_null())
    )
    return found.select("verdict", "day", "days_late").rows()


def dose(start: int, end: int | None, mg_per_day: int, **cells: Any) -> dict[str, Any]:
    frequency, state = {800: ("BID", "FULL"), 400: ("BID", "REDUCED"), 0: ("NONE", "INTERRUPTED")}[mg_per_day]
    usual = {"dose_per_intake_mg": mg_per_day / 2, "frequency": frequency, "state": state, "well_tolerated": "Y"}
    return {"start_date": start, "end_date": end, **usual, **cells}


def event(ae_id: str, grade: int | None, start: Any, end: Any, **cells: Any) -> dict[str, Any]:
    usual = {"term": "RASH", "category": "DERMATOLOGY", "related": "RELATED", "action": "DOSE NOT CHANGED"}
    return {"ae_id": ae_id, "grade": grade, "start_date": start, "end_date": end, **usual, **cells}


def tace(number: int, day: int, **cells: Any) -> dict[str, Any]:
    usual = {
        "tumour_burden_pct": 30.0,
        "cisplatin_mg": 40.0,
        "fu_mg": 1000.0,
        "doxorubicin_infused_mg": 20.0,
        "doxorubicin_lipiodol_mg": 10.0,
        "lipiodol_ml": 15.0,
        "ct1m_date": day + 28,
        "lipiodol_deposit_pct": 60.0,
        "contraindication": "N",
        "consent": "Y",
    }
    return {"type": "TACE", "procedure_no": number, "date": day, **usual, **cells}


def cryo(number: int, day: int, **cells: Any) -> dict[str, Any]:
    usual = {
        "freeze1_min": 20.0,
        "thaw1_min": 10.0,
        "freeze2_min": 15.0,
        "min_temp_c": -135.0,
        "time_to_temp_min": 1.0,
        "intent": "DEBULK",
        "ablated_pct": 60.0,
        "contraindication": "N",
        "consent": "Y",
        "guidance": "US",
        "tract_packed": "Y",
    }
    return {"type": "CRYO", "procedure_no": number, "date": day, **usual, **cells}


def scan(day: Any, **cells: Any) -> dict[str, Any]:
    usual = {"lesion_id": "T01", "visit": "W8", "modality": "CT", "arterial_phase": "Y", "status": "MEASURED"}
    return {"scan_date": day, "longest_mm": 40.0, "viable_mm": 30.0, "aphe": "Y", **usual, **cells}


@st.composite
def histories(draw, patient_id="P1"):
    """Draw a patient's records, whatever they say of the protocol."""
    days = st.integers(0, 300)
    flags = st.sampled_from(["Y", "N", "U", None])
    breaks = sorted(draw(st.sets(st.integers(1, 300), max_size=4)))
    doses = [
        dose(start, end - 1, draw(st.sampled_from([0, 400, 800])), well_tolerated=draw(flags))
        for start, end in zip([0, *breaks], [*breaks, 320], strict=True)
    ]
    events = [
        event(
            f"A{k}",
            draw(st.sampled_from([1, 2, 3, 4, None])),
            start,
            draw(st.sampled_from([start, start + 9, start + 60, None])),
            related=draw(st.sampled_from(["RELATED", "POSSIBLE", "NOT RELATED", None])),
            action=draw(st.sampled_from(["DRUG WITHDRAWN", "DOSE REDUCED", "UNKNOWN", None])),
        )
        for k, start in enumerate(draw(st.lists(days, max_size=3)))
    ]
    sessions = [tace(k, day, consent=draw(flags)) for k, day in enumerate(sorted(draw(st.sets(days, max_size=3))), 1)]
    scores = [{"date": day, "ecog": draw(st.integers(0, 5 if day else 4))} for day in draw(st.lists(days, max_size=2))]
    scans = [scan(day) for day in draw(st.lists(days, max_size=4))]
    ends = [
        {
            "sorafenib_end_reason": draw(st.sampled_from(["WITHDRAWAL BY SUBJECT", "PROGRESSIVE DISEASE", None])),
            "date": draw(st.sampled_from([None, 250, 320])),
            "pd_clinical_status_good": draw(flags),
            "pd_patient_wishes": draw(flags),
        }
    ]
    rows = {
        "exposure": doses,
        "adverse_events": events,
        "procedures": sessions,
        "clinical_scores": scores,
        "lesion_measurements": scans,
        "disposition": ends,
    }
    return {name: [{"patient_id": patient_id, **row} for row in found] for name, found in rows.items()}


def together(*patients):
    subjects = [subject(f"P{k}") for k in range(1, len(patients) + 1)]
    names = patients[0].keys()
    return tables(subjects, **{name: [row for patient in patients for row in patient[name]] for name in names})
