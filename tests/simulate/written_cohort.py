"""Outlines to write, their records as tables, and what the derivations find in them, as an outline says it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import polars as pl

from oncohort.derive.course import derive_course
from oncohort.errors import DataError
from oncohort.intake.record_checks import check_record_tables
from oncohort.simulate.outline import Course, Outline
from oncohort.simulate.patient_records import write_treated
from oncohort.simulate.rows import Planted, Rows, joined
from oncohort.simulate.script import NOTHING_ELSE, Script
from oncohort.simulate.study_plan import StudyPlan, study_plan
from oncohort.study.parse import parse_protocol
from oncohort.study.records import Records
from oncohort.study.template_tables import TEMPLATE

PAPER = (Path(__file__).parents[1] / "study" / "paper_study.toml").read_text(encoding="utf-8")
CUTOFF = date(2011, 12, 31)
START = date(2008, 9, 1)
KINDS = {"number": pl.Float64, "integer": pl.Int64, "date": pl.Date}
RULE_OF_KIND = {"response": "RECONCILE-RESPONSE", "grade": "RECONCILE-GRADE"}


@cache
def plan_of(*changes: tuple[str, str]) -> StudyPlan:
    """Return the paper's protocol with texts of it replaced, as the writers ask for it."""
    text = PAPER
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return study_plan(parse_protocol(text, "study.toml", {}, template=TEMPLATE), CUTOFF)


COURSE = Course(
    arm="tace",
    os_days=400,
    died=True,
    death_cause="LIVER FAILURE",
    pfs_days=230,
    progressed=True,
    best="SD",
    continued=True,
    treatment_days=300,
    early_stop="",
    dose_reduced=False,
    worst_grades={"HAND-FOOT SKIN REACTION": 2, "DIARRHEA": 1, "LIVER TOXICITY": 1},
)
OUTLINE = Outline(
    patient_id="SYN-001",
    sex="M",
    age=54,
    start=START,
    excluded="",
    ecog=1,
    differentiation="",
    n_tumours=3,
    max_diam_mm=72.5,
    pvt="BRANCH",
    metastases=("lung",),
    etiology="HBV",
    hbv_dna=25000.0,
    child_pugh_class="A",
    platelets_10e9_per_l=140.0,
    afp_ng_per_ml=1019.0,
    course=COURSE,
)


def outline(patient_id: str = "SYN-001", **changes: Any) -> Outline:
    """Return a patient; changes of the course go by their names too."""
    of_course = {name: value for name, value in changes.items() if name in Course.__dataclass_fields__}
    others = {name: value for name, value in changes.items() if name not in of_course}
    return replace(OUTLINE, patient_id=patient_id, course=replace(COURSE, **of_course), **others)


@dataclass(frozen=True)
class Written:
    """Records of a cohort, what was planted, and what the derivations found."""

    rows: Rows
    records: Records
    planted: tuple[Planted, ...]
    derived: Any
    findings: tuple[Any, ...]

    def check(self) -> tuple[Any, ...]:
        return check_record_tables(self.records.tables, self.records.files).findings

    def broken(self) -> Counter[tuple[str, str, int | None]]:
        told = self.derived.adherence.filter(pl.col("verdict") == "broken")
        return Counter(told.select("patient_id", "rule", "day").rows())

    def differing(self) -> Counter[tuple[str, str, int | None]]:
        told = self.derived.reconciliation.filter(~pl.col("agrees"))
        return Counter(
            (patient_id, RULE_OF_KIND.get(kind, kind), day)
            for patient_id, kind, day in told.select("patient_id", "kind", "day").rows()
        )

    def planted_as(self, verdict: str) -> Counter[tuple[str, str, int | None]]:
        return Counter((p.patient_id, p.rule, p.day) for p in self.planted if p.verdict == verdict)


def as_records(rows: Rows) -> Records:
    """Return rows as the tables of a records study."""
    tables: dict[str, pl.DataFrame] = {}
    for name, own in rows.items():
        cells = {
            column.name: pl.Series([_cell(row.get(column.name), column.kind) for row in own], dtype=_type(column.kind))
            for column in TEMPLATE[name].columns
        }
        assert all(set(row) <= set(cells) for row in own)
        tables[name] = pl.DataFrame(cells).with_columns(pl.int_range(2, pl.len() + 2).alias("row"))
    return Records(tables, {name: f"data/{name}.csv" for name in tables}, (), TEMPLATE)


def _type(kind: str) -> Any:
    return KINDS.get(kind, pl.String)


def _cell(value: Any, kind: str) -> Any:
    if value is None or _type(kind) == pl.Date:
        return value
    if _type(kind) == pl.String:
        return value.isoformat() if isinstance(value, date) else str(value)
    return float(value) if _type(kind) == pl.Float64 else value


def written(
    outlines: Iterable[Outline], plan: StudyPlan, *, seed: int = 1, scripts: Mapping[str, Script] | None = None
) -> Written:
    """Write a cohort and derive it."""
    parts: list[Rows] = []
    planted: list[Planted] = []
    for one in outlines:
        script = (scripts or {}).get(one.patient_id, NOTHING_ELSE)
        rows, found = write_treated(one, plan, Random(f"{seed} {one.patient_id}"), script)
        parts.append(rows)
        planted += found
    rows = joined(parts)
    records = as_records(rows)
    course = derive_course(records, plan.protocol)
    return Written(rows, records, tuple(planted), course.derived, course.findings)


def found_outlines(cohort: Written) -> dict[str, dict[str, Any]]:
    """Return what the derivations say of every patient, under the names of an outline."""
    derived = cohort.derived
    own = derived.time_to_event.filter(pl.col("rule") == "")
    times = {(row["patient_id"], row["endpoint"]): row for row in own.rows(named=True)}
    best = {(row["patient_id"], row["definition"]): row["best"] for row in derived.best.rows(named=True)}
    grades: dict[str, dict[str, int]] = {}
    for patient_id, term, grade in (
        derived.adverse_events.filter("counted").select("patient_id", "term", "grade").rows()
    ):
        worst = grades.setdefault(patient_id, {})
        worst[term] = max(grade, worst.get(term, 0))
    found: dict[str, dict[str, Any]] = {}
    for row in derived.patients.rows(named=True):
        name = row["patient_id"]
        found[name] = {
            "sex": row["subjects.sex"],
            "age": row["age"],
            "start": row["index"],
            "ecog": row["ecog"],
            "differentiation": row["baseline_disease.differentiation"].replace("ND", ""),
            "n_tumours": row["baseline_disease.n_tumours"],
            "max_diam_mm": row["baseline_disease.max_diam_mm"],
            "pvt": row["baseline_disease.pvt"],
            "metastases": tuple(s for s in ("lung", "adrenal", "bone") if row[f"baseline_disease.met_{s}"] == "Y"),
            "etiology": row["baseline_disease.etiology"],
            "hbv_dna": row["baseline_disease.hbv_dna"],
            "child_pugh_class": row["child_pugh_class"],
            "platelets_10e9_per_l": row["platelets"],
            "afp_ng_per_ml": row["afp"],
            "arm": row["arm"],
            "os_days": times[name, "OS"]["day"],
            "died": times[name, "OS"]["event"],
            "death_cause": row["death_cause"] or "",
            "pfs_days": times[name, "PFS"]["day"],
            "progressed": row["progressed"] == "Y",
            "best": _best(best[name, ""], best.get((name, "sd_any"), "")),
            "continued": {"Y": True, "NA": None}.get(row["continued_past_progression"], False),
            "treatment_days": row["treatment_days"],
            "early_stop": row["early_stop_reason"] or "",
            "dose_reduced": row["dose_reduced"] == "Y",
            "worst_grades": grades.get(name, {}),
        }
    return found


def _best(own: str, of_any_duration: str) -> str:
    return "SD_SHORT" if own in {"PD", "NE"} and of_any_duration == "SD" else own


def told_by(one: Outline) -> dict[str, Any]:
    """Return what an outline says, under the same names."""
    of_patient = {name: getattr(one, name) for name in Outline.__dataclass_fields__}
    of_course = {name: getattr(one.course, name) for name in Course.__dataclass_fields__}
    both = of_patient | of_course
    return {name: value for name, value in both.items() if name not in {"patient_id", "excluded", "course"}}


def refusal(one: Outline, plan: StudyPlan, seed: int) -> str:
    """Return why a patient cannot be written, or nothing."""
    try:
        write_treated(one, plan, Random(f"{seed} {one.patient_id}"))
    except DataError as error:
        return str(error)
    return ""


def after(days: int) -> date:
    """Return a date so many days after the first dose."""
    return START + timedelta(days=days)
