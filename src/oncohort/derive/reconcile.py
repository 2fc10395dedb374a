"""Recorded against derived: what somebody entered beside what the records behind it give, both values kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import polars as pl

from oncohort.clinical.response_criteria import CRITERIA
from oncohort.derive.recorded_response import measured_patients
from oncohort.derive.safety import canonical_term
from oncohort.derive.timeline import Timeline
from oncohort.study.findings import Finding, Level
from oncohort.study.protocol import Protocol

RECONCILIATION: Final = {
    "patient_id": pl.String,
    "kind": pl.String,
    "table": pl.String,
    "source_row": pl.Int64,
    "day": pl.Int64,
    "recorded": pl.String,
    "derived": pl.String,
    "agrees": pl.Boolean,
    "why": pl.String,
}
LAB_OF_TERM: Final[Mapping[str, str]] = {
    "LIVER TOXICITY": "BILI",
    "THROMBOCYTOPENIA": "PLAT",
    "LEUCOPENIA": "WBC",
    "ANEMIA": "HGB",
}
"""Adverse events that are a laboratory value out of bounds, with its test."""

KINDS: Final[Mapping[str, tuple[Level, str, str]]] = {
    "response": ("warning", "RECONCILE-RESPONSE", "the recorded response is not the one that lesions and scans give"),
    "eligibility": (
        "error",
        "RECONCILE-ELIGIBILITY",
        "the recorded verdict of a criterion is not the one that the records give",
    ),
    "grade": (
        "warning",
        "RECONCILE-GRADE",
        "the recorded grade is not the one that the laboratory values during the event give",
    ),
    "dose_state": ("warning", "RECONCILE-DOSE", "the recorded dose state is not the one that the dose is"),
    "child_pugh": (
        "warning",
        "RECONCILE-CHILD-PUGH",
        "the recorded Child-Pugh class is not the one that the five items give",
    ),
}
"""What is compared, with level, rule and sentence of a finding."""


def reconcile(timeline: Timeline, frames: Mapping[str, pl.DataFrame], protocol: Protocol) -> pl.DataFrame:
    """Compare what was recorded with what was derived, row by row.

    Parameters
    ----------
    timeline : Timeline
        The dated records.
    frames : mapping of str to DataFrame
        ``patients``, ``visits``, ``labs`` and ``exposure`` of `oncohort.study.cohort.Derived`.
    protocol : Protocol
        Names the criteria and the dose levels.

    Returns
    -------
    DataFrame
        A row a comparison, with both values; what either side does not know is not compared.
    """
    rows: list[tuple[Any, ...]] = [
        *_responses(timeline, frames["visits"], protocol),
        *_eligibility(timeline, frames["patients"], protocol),
        *_grades(timeline, frames["labs"]),
        *_dose_states(frames["exposure"], protocol),
        *_child_pugh(timeline, frames["patients"]),
    ]
    return pl.DataFrame(rows, schema=RECONCILIATION, orient="row")


def differences(compared: pl.DataFrame, files: Mapping[str, str]) -> Iterator[Finding]:
    """Yield a finding for each comparison that does not agree."""
    columns = ("patient_id", "kind", "table", "source_row", "recorded", "derived", "why")
    for patient_id, kind, table, row, recorded, derived, why in (
        compared.filter(~pl.col("agrees")).select(columns).rows()
    ):
        level, rule, sentence = KINDS[kind]
        value = f"recorded {recorded}, derived {derived}{f' ({why})' if why else ''}"
        yield Finding(
            level,
            rule,
            sentence,
            files.get(table, table),
            row=row,
            patient_id=patient_id,
            value=value,
        )


def _responses(timeline: Timeline, visits: pl.DataFrame, protocol: Protocol) -> Iterable[tuple[Any, ...]]:
    """Compare the responses judged by the study's criteria; those of patients without measurements are not derived."""
    entered = timeline.tables.get("response")
    if entered is None or protocol.response is None:
        return
    criteria = CRITERIA[protocol.response.criteria].cdisc_category
    recorded = entered.filter(
        (pl.col("source") != "DERIVED").fill_null(value=True),
        (pl.col("criteria") == criteria).fill_null(value=True),
        pl.col("patient_id").is_in(list(measured_patients(timeline))),
    ).drop_nulls(["overall", "date_day"])
    seen = visits.select("patient_id", "day", derived="overall", why="why")
    joined = recorded.join(
        seen, left_on=["patient_id", "date_day"], right_on=["patient_id", "day"], how="inner", maintain_order="left"
    )
    for patient_id, row, day, overall, derived, why in joined.select(
        "patient_id", "row", "date_day", "overall", "derived", "why"
    ).rows():
        yield patient_id, "response", "response", row, day, overall, derived, overall == derived, why


def _eligibility(timeline: Timeline, patients: pl.DataFrame, protocol: Protocol) -> Iterable[tuple[Any, ...]]:
    """Compare the recorded verdicts; criterion k of ``screening`` is the k-th of the protocol."""
    screening = timeline.tables.get("screening")
    if screening is None:
        return
    verdicts = {
        patient_id: (set(failed.split("; ")), set(missing.split("; ")))
        for patient_id, failed, missing in patients.select("patient_id", "failed", "missing_criteria").rows()
    }
    used = {place: c.id for place, c in enumerate(protocol.criterion, start=1) if c.enabled}
    known = screening.filter(pl.col("met").is_in(["Y", "N"]))
    for patient_id, row, place, met in known.select("patient_id", "row", "criterion_id", "met").rows():
        failed, missing = verdicts.get(patient_id, (set(), set()))
        if place not in used or patient_id not in verdicts or used[place] in missing:
            continue
        derived = "N" if used[place] in failed else "Y"
        yield patient_id, "eligibility", "screening", row, None, met, derived, met == derived, used[place]


def _grades(timeline: Timeline, labs: pl.DataFrame) -> Iterable[tuple[Any, ...]]:
    """Compare the grade of an event that is a laboratory value with the worst value from its start to its end."""
    events = timeline.tables.get("adverse_events")
    if events is None:
        return
    graded = labs.drop_nulls("grade").filter(pl.col("test").is_in(list(LAB_OF_TERM.values())))
    values: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for patient_id, test, day, grade in graded.select("patient_id", "test", "day", "grade").rows():
        values.setdefault((patient_id, test), []).append((day, grade))
    columns = ("patient_id", "row", "term", "grade", "start_date_day", "end_date_day")
    for patient_id, row, text, grade, start, end in (
        events.drop_nulls(["term", "grade", "start_date_day"]).select(columns).rows()
    ):
        test = LAB_OF_TERM.get(canonical_term(text))
        during = [
            measured
            for day, measured in values.get((patient_id, test or ""), ())
            if day >= start and (end is None or day <= end)
        ]
        if during and grade < 5:
            worst = max(during)
            yield patient_id, "grade", "adverse_events", row, start, str(grade), str(worst), grade == worst, test


def _dose_states(exposure: pl.DataFrame, protocol: Protocol) -> Iterable[tuple[Any, ...]]:
    drug = next(iter(protocol.drug.values()), None)
    if drug is None:
        return
    levels = {level.mg_per_day: level.id for level in drug.levels} | {0.0: "INTERRUPTED"}
    columns = ("patient_id", "source_row", "start_day", "state", "mg_per_day")
    for patient_id, row, day, state, dose in exposure.drop_nulls(["state", "mg_per_day"]).select(columns).rows():
        derived = levels.get(dose, f"{dose:g} mg a day")
        yield patient_id, "dose_state", "exposure", row, day, state, derived, state == derived, ""


def _child_pugh(timeline: Timeline, patients: pl.DataFrame) -> Iterable[tuple[Any, ...]]:
    """Compare the class recorded last on or before day 0 with the one of the baseline window."""
    scores = timeline.tables.get("clinical_scores")
    if scores is None or "child_pugh_class" not in scores.columns or "child_pugh_class" not in patients.columns:
        return
    before = scores.drop_nulls("child_pugh_class").filter(pl.col("date_day") <= 0).sort("date_day", "row")
    last = before.unique("patient_id", keep="last", maintain_order=True)
    derived = dict(patients.drop_nulls("child_pugh_class").select("patient_id", "child_pugh_class").rows())
    for patient_id, row, day, recorded in last.select("patient_id", "row", "date_day", "child_pugh_class").rows():
        if patient_id in derived:
            same = recorded == derived[patient_id]
            yield patient_id, "child_pugh", "clinical_scores", row, day, recorded, derived[patient_id], same, ""
