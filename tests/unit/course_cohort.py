"""A cohort with what befell its patients, from rows typed in a test: events, samples, doses, deaths, verdicts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from treatment_cohort import frame, protocol_of

from oncohort.analysis.settings import read_settings
from oncohort.derive.adherence import ADHERENCE
from oncohort.derive.exposure import PER_PATIENT
from oncohort.derive.reconcile import RECONCILIATION
from oncohort.derive.safety import EVENTS, LABS
from oncohort.study.cohort import Cohort, Derived
from oncohort.study.results import Row
from oncohort.study.template_tables import TEMPLATE

PAPER = protocol_of()
PATIENTS = {
    **PER_PATIENT,
    "treated": pl.Boolean,
    "eligibility": pl.String,
    "arm": pl.String,
    "death_day": pl.Int64,
    "death_cause": pl.String,
    "n_tace": pl.Int64,
    "n_cryo": pl.Int64,
}
EMPTY = pl.DataFrame(schema={"patient_id": pl.String})
ARMS = ("sorafenib", "tace", "tace_cryo", "cryo")


@dataclass(frozen=True)
class Course:
    """Rows of the frames, as they are typed: what is not given is null."""

    patients: Sequence[Mapping[str, Any]]
    events: Sequence[Mapping[str, Any]] = ()
    labs: Sequence[Mapping[str, Any]] = ()
    adherence: Sequence[Mapping[str, Any]] = ()
    reconciliation: Sequence[Mapping[str, Any]] = ()
    analyzed: Sequence[str] | None = None


def patients(n: int, **cells: Any) -> list[dict[str, Any]]:
    """Return patients P1 … Pn, treated, who are alike."""
    return [{"patient_id": f"P{k}", "arm": "sorafenib", **cells} for k in range(1, n + 1)]


def event(patient_id: str, term: str, grade: int | None, **cells: Any) -> dict[str, Any]:
    usual = {"counted": True, "in_window": True, "related": True, "emergent": True, "start_day": 10}
    return {"patient_id": patient_id, "term": term, "grade": grade, **usual, **cells}


def sample(patient_id: str, day: int, grade: int | None, base: int | None = None, test: str = "PLAT") -> dict[str, Any]:
    return {"patient_id": patient_id, "test": test, "day": day, "grade": grade, "baseline_grade": base}


def judged(patient_id: str, rule: str, verdict: str, days_late: int | None = None, text: str = "") -> dict[str, Any]:
    return {"patient_id": patient_id, "rule": rule, "verdict": verdict, "days_late": days_late, "text": text}


def compared(patient_id: str, kind: str, *, agrees: bool) -> dict[str, Any]:
    return {"patient_id": patient_id, "kind": kind, "agrees": agrees}


def cohort_of(course: Course) -> Cohort:
    """Return the cohort; the treated are analyzed unless the course says who is."""
    rows = [{"treated": True, **row} for row in course.patients]
    treated = [row["patient_id"] for row in rows if row["treated"]]
    derived = Derived(
        patients=frame(rows, PATIENTS),
        visits=EMPTY,
        best=EMPTY,
        lesion_sizes=EMPTY,
        exposure=EMPTY,
        procedures=EMPTY,
        adverse_events=frame(course.events, EVENTS),
        labs=frame(course.labs, LABS),
        time_to_event=EMPTY,
        adherence=frame(course.adherence, ADHERENCE),
        reconciliation=frame(course.reconciliation, RECONCILIATION),
    )
    return Cohort(
        tuple(treated if course.analyzed is None else course.analyzed), {}, {}, (), derived, template=TEMPLATE
    )


def rows_of(analyze, course: Course, protocol=PAPER) -> list[Row]:
    return analyze(cohort_of(course), protocol, read_settings(protocol))


def finder(rows: Sequence[Row]):
    """Return a function that gives the value of the one row with just these keys; None where it has no number."""
    values = {(row.statistic, row.group, row.variable, row.level, row.population): row.value for row in rows}
    assert len(values) == len(rows), "two rows have the same keys"

    def find(statistic, *, group="", variable="", level="", population="all"):
        return values[statistic, group, variable, level, population]

    return find
