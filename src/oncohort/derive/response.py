"""Response: every assessment of every patient from lesions and scans, and the best response by each definition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from oncohort.clinical.best_response import BestResponse, Confirmation, best_response
from oncohort.clinical.lesion_records import Lesion, Measurement
from oncohort.clinical.response_course import Visit, assess_course
from oncohort.clinical.response_criteria import CRITERIA
from oncohort.derive.recorded_response import recorded_courses
from oncohort.derive.timeline import Timeline, new_therapy_days
from oncohort.errors import DataError
from oncohort.study.findings import Finding
from oncohort.study.protocol import Imaging, Protocol
from oncohort.study.rules_in_force import ResponseRules, assessment_settings, response_rules

VISITS: Final = {
    "patient_id": pl.String,
    "day": pl.Int64,
    "baseline_mm": pl.Float64,
    "nadir_mm": pl.Float64,
    "sum_mm": pl.Float64,
    "change_percent": pl.Float64,
    "target": pl.String,
    "non_target": pl.String,
    "new_lesion": pl.String,
    "overall": pl.String,
    "scheduled": pl.Boolean,
    "after_therapy": pl.Boolean,
    "why": pl.String,
}
BEST: Final = {
    "patient_id": pl.String,
    "definition": pl.String,
    "best": pl.String,
    "day": pl.Int64,
    "flips": pl.Boolean,
    "why": pl.String,
}
SIZES: Final = {
    "patient_id": pl.String,
    "lesion_id": pl.String,
    "role": pl.String,
    "organ": pl.String,
    "day": pl.Int64,
    "status": pl.String,
    "aphe": pl.String,
    "longest_mm": pl.Float64,
    "viable_mm": pl.Float64,
}


@dataclass(frozen=True, slots=True)
class Courses:
    """The assessments of every treated patient, with the row in ``subjects``, and what was found."""

    of_patients: tuple[tuple[str, int, tuple[Visit, ...]], ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Responses:
    """The frames ``visits``, ``best`` and ``lesion_sizes`` of `oncohort.study.cohort.Derived`, and what was found."""

    visits: pl.DataFrame
    best: pl.DataFrame
    lesion_sizes: pl.DataFrame
    findings: tuple[Finding, ...]


def derive_response(timeline: Timeline, courses: Courses, protocol: Protocol, files: Mapping[str, str]) -> Responses:
    """Return every assessment and, by each definition, the best response of every treated patient."""
    visits: list[tuple[Any, ...]] = []
    best: list[tuple[Any, ...]] = []
    findings = list(courses.findings)
    if protocol.response is not None and protocol.imaging is not None:
        therapies = new_therapy_days(timeline)
        definitions = _definitions(protocol)
        for patient_id, row, course in courses.of_patients:
            visits += [_visit_row(patient_id, visit, protocol.imaging, therapies.get(patient_id)) for visit in course]
            assessed = [(visit.day, visit.overall) for visit in course]
            for name, rules in definitions.items():
                found = _best(assessed, rules, therapies.get(patient_id))
                best.append((patient_id, name, found.value, found.day, found.flips_without_strictness, found.why))
                if not name:
                    findings += _queries(found, patient_id, row, files)
    return Responses(
        pl.DataFrame(visits, schema=VISITS, orient="row"),
        pl.DataFrame(best, schema=BEST, orient="row"),
        _lesion_sizes(timeline),
        tuple(findings),
    )


def _definitions(protocol: Protocol) -> dict[str, ResponseRules]:
    """Return the study's own definition of best response under "", and the others under their ids."""
    assert protocol.response is not None
    others = {variant.id: response_rules(protocol, variant) for variant in protocol.response.also_report}
    return {"": response_rules(protocol), **others}


def _best(assessed: Sequence[tuple[int, str]], rules: ResponseRules, new_therapy_day: int | None) -> BestResponse:
    """Return the best response; what was seen after another therapy counts where the study uses it."""
    return best_response(
        assessed,
        sd_min_days=int(rules.sd_min_days.value),
        sd_strict=rules.sd_min_days.op == ">",
        confirm=rules.confirm,
        new_therapy_day=new_therapy_day if rules.after_new_therapy == "excluded" else None,
        confirmation=Confirmation(min_days=rules.confirm_days, max_ne=1, max_sd=0),
    )


def _queries(found: BestResponse, patient_id: str, row: int, files: Mapping[str, str]) -> list[Finding]:
    sentence = "a complete response is followed by a lesser one without progression"
    return [
        Finding("warning", "CR-LOST", sentence, files["subjects"], row=row, patient_id=patient_id, value=query)
        for query in found.queries
    ]


def assess_courses(timeline: Timeline, protocol: Protocol, files: Mapping[str, str]) -> Courses:
    """Assess every treated patient by the criteria of ``[response]``.

    A patient whose lesions or scans contradict themselves is not assessed (NE), and is a finding. Recorded assessments
    are used where a patient has no lesion measurements, and each such patient is a note.
    """
    if protocol.response is None or protocol.imaging is None:
        return Courses((), ())
    criteria, settings = CRITERIA[protocol.response.criteria], assessment_settings(protocol)
    lesions = _by_patient(timeline, "lesions", _LESION)
    scans = _by_patient(timeline, "lesion_measurements", _SCAN)
    recorded, findings = recorded_courses(timeline, criteria, files)
    courses: list[tuple[str, int, tuple[Visit, ...]]] = []
    for patient_id, row in timeline.patients.filter("treated").select("patient_id", "row").rows():
        if patient_id in recorded:
            courses.append((patient_id, row, recorded[patient_id]))
            continue
        try:
            course = assess_course(
                [Lesion(**values) for values in lesions.get(patient_id, ())],
                [Measurement(**values) for values in scans.get(patient_id, ()) if values["day"] is not None],
                criteria,
                settings,
                baseline_window_days=protocol.imaging.baseline_within_days,
            )
        except DataError as error:
            sentence = "the lesions or scans contradict themselves; the patient's response is not evaluable"
            place = {"file": files.get("lesion_measurements", ""), "row": None, "patient_id": patient_id}
            findings.append(Finding("error", "COURSE-UNCLEAR", sentence, **place, value=str(error)))
            course = ()
        courses.append((patient_id, row, course))
    return Courses(tuple(courses), tuple(findings))


_LESION: Final[Mapping[str, str]] = {
    name: name for name in ("lesion_id", "role", "organ", "kind", "well_delineated", "previously_treated")
} | {"first_seen_day": "first_seen_date_day", "split_from": "split_from", "merged_into": "merged_into"}
_SCAN: Final[Mapping[str, str]] = {"lesion_id": "lesion_id", "day": "scan_date_day", "status": "status"} | {
    name: name for name in ("longest_mm", "viable_mm", "short_axis_mm", "aphe", "washout", "cytology", "arterial_phase")
}


def _by_patient(timeline: Timeline, table: str, columns: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of a table by patient, with the names that the rules give the columns."""
    frame = timeline.tables.get(table)
    found: dict[str, list[dict[str, Any]]] = {}
    if frame is None:
        return found
    required = [column for column in ("lesion_id", "role", "organ", "kind", "status") if column in frame.columns]
    usable = frame.drop_nulls(required).sort("lesion_id", *({"scan_date_day"} & set(frame.columns)))
    picked = usable.select("patient_id", **{name: pl.col(column) for name, column in columns.items()})
    for values in picked.rows(named=True):
        found.setdefault(values.pop("patient_id"), []).append(values)
    return found


def _visit_row(patient_id: str, visit: Visit, imaging: Imaging, new_therapy_day: int | None) -> tuple[Any, ...]:
    off = visit.day % imaging.every_days
    scheduled = min(off, imaging.every_days - off) <= imaging.window_days and visit.day > imaging.window_days
    lengths = (visit.baseline_mm, visit.nadir_mm, visit.sum_mm, visit.change_percent)
    return (
        patient_id,
        visit.day,
        *(None if length is None else float(length) for length in lengths),
        visit.target or None,
        visit.non_target or None,
        visit.new_lesion or None,
        visit.overall,
        scheduled,
        new_therapy_day is not None and visit.day >= new_therapy_day,
        visit.why,
    )


def _lesion_sizes(timeline: Timeline) -> pl.DataFrame:
    """Return the sizes of each lesion at each scan whose day is known, for the figures of single patients."""
    lesions, scans = timeline.tables.get("lesions"), timeline.tables.get("lesion_measurements")
    if lesions is None or scans is None:
        return pl.DataFrame(schema=SIZES)
    known = lesions.select("patient_id", "lesion_id", "role", "organ").unique(["patient_id", "lesion_id"])
    joined = scans.drop_nulls("scan_date_day").join(
        known, on=["patient_id", "lesion_id"], how="left", maintain_order="left"
    )
    return joined.select(
        "patient_id",
        "lesion_id",
        "role",
        "organ",
        "status",
        "aphe",
        "longest_mm",
        "viable_mm",
        day=pl.col("scan_date_day"),
    ).select(*SIZES)
