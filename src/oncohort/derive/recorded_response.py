"""Assessments as they were recorded, for patients whose lesions were not measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from oncohort.clinical.event_history import RESPONSES
from oncohort.clinical.response_course import Visit
from oncohort.clinical.response_criteria import ResponseCriteria
from oncohort.derive.timeline import Timeline
from oncohort.study.findings import Finding

_COLUMNS: Final = ("patient_id", "row", "date_day", "overall", "target", "nontarget", "new_lesion")


def measured_patients(timeline: Timeline) -> frozenset[str]:
    """Return the patients with a measurement of a lesion."""
    scans = timeline.tables.get("lesion_measurements")
    return frozenset() if scans is None else frozenset(scans["patient_id"].to_list())


def recorded_courses(
    timeline: Timeline, criteria: ResponseCriteria, files: Mapping[str, str]
) -> tuple[dict[str, tuple[Visit, ...]], list[Finding]]:
    """Return the recorded assessments of treated patients without lesion measurements, and a note for each of them.

    Where a lesion was measured, response is derived and never taken from here. What was judged by other criteria, or
    on or before the first dose, does not count; of two assessments on one day the worse counts. Sums are not known.

    Parameters
    ----------
    timeline : Timeline
        The dated records.
    criteria : ResponseCriteria
        Those of the study.
    files : mapping of str to str
        The file of each table, which findings name.

    Returns
    -------
    dict of str to tuple of Visit
        The visits of a patient in order of time; a response that was not recorded is "".
    list of Finding
        RECORDED-RESPONSE (note).
    """
    recorded = timeline.tables.get("response")
    if recorded is None:
        return {}, []
    treated = timeline.patients.filter("treated").select("patient_id")
    usable = recorded.join(treated, on="patient_id", how="semi").filter(
        ~pl.col("patient_id").is_in(list(measured_patients(timeline))),
        pl.col("criteria") == criteria.cdisc_category,
        pl.col("overall").is_not_null(),
        pl.col("date_day") > 0,
    )
    worst = usable.sort(pl.col("overall").replace_strict(_RANK), "row").unique(
        ["patient_id", "date_day"], keep="last", maintain_order=True
    )
    courses: dict[str, tuple[Visit, ...]] = {}
    findings: list[Finding] = []
    sentence = "the patient has no lesion measurements; the recorded assessments are used"
    for patient_id, row, day, overall, *parts in worst.sort("date_day").select(_COLUMNS).rows():
        if patient_id not in courses:
            findings.append(
                Finding(
                    "note", "RECORDED-RESPONSE", sentence, files.get("response", ""), row=row, patient_id=patient_id
                )
            )
        courses[patient_id] = (*courses.get(patient_id, ()), _visit(day, overall, *parts))
    return courses, findings


_RANK: Final = {response: place for place, response in enumerate(RESPONSES)}


def _visit(day: int, overall: str, target: str | None, non_target: str | None, new_lesion: str | None) -> Visit:
    return Visit(
        day=day,
        target=target or "",
        non_target=non_target or "",
        new_lesion=new_lesion or "",
        overall=overall,
        why=f"recorded as {overall}; no lesion was measured",
        evaluable=overall != "NE",
        sum_mm=None,
        baseline_mm=None,
        nadir_mm=None,
        change_percent=None,
        change_from_nadir_percent=None,
        new_lesion_ids=(),
        equivocal_ids=(),
        rewrites=(),
    )
