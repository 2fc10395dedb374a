"""Exposure: the doses each patient took, reductions and pauses, how much of the full dose that was, and the stop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from oncohort.clinical.dose_intensity import (
    DoseSegment,
    dose_interruptions,
    dose_reductions,
    durations,
    relative_dose_intensity,
)
from oncohort.clinical.study_days import months
from oncohort.derive.timeline import Timeline
from oncohort.errors import DataError
from oncohort.study.findings import Finding
from oncohort.study.protocol import Drug, Exposure, Protocol
from oncohort.study.rules_in_force import adds_one_day

INTAKES_PER_DAY: Final[Mapping[str, float]] = {"BID": 2.0, "QD": 1.0, "QOD": 0.5, "NONE": 0.0}

REASON_CATEGORY: Final[Mapping[str, str]] = {
    "liver function deterioration": "HEPATIC",
    "variceal bleeding": "HEMORRHAGE",
}
"""For a reason of an early stop, the category of the adverse event that it is."""

SEGMENTS: Final = {
    "patient_id": pl.String,
    "start_day": pl.Int64,
    "end_day": pl.Int64,
    "mg_per_day": pl.Float64,
    "state": pl.String,
    "adjust_reason": pl.String,
    "ae_id": pl.String,
    "source_row": pl.Int64,
}
PER_PATIENT: Final = {
    "patient_id": pl.String,
    "last_dose_day": pl.Int64,
    "treatment_days": pl.Float64,
    "treatment_months": pl.Float64,
    "dose_reduced": pl.String,
    "dose_interrupted": pl.String,
    "n_reductions": pl.Int64,
    "days_to_return": pl.Int64,
    "relative_dose_intensity": pl.Float64,
    "stop_reason": pl.String,
    "early_stop": pl.String,
    "early_stop_reason": pl.String,
}


@dataclass(frozen=True, slots=True)
class Exposures:
    """The frame ``exposure`` of `oncohort.study.cohort.Derived`, the columns of each patient, and what was found."""

    segments: pl.DataFrame
    patients: pl.DataFrame
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Stop:
    """Why a patient's drug ended, as recorded: the reason, and term and category of the adverse event behind it."""

    reason: str | None = None
    term: str | None = None
    category: str | None = None


def derive_exposure(timeline: Timeline, protocol: Protocol, files: Mapping[str, str]) -> Exposures:
    """Return doses and treatment of every treated patient.

    The last dose is the last day with more than 0 mg; without a table of doses it is that of ``subjects``. Where a day
    of treatment is in no row, what was taken is not known: the relative dose intensity is then null, and a note.
    """
    segments = _segments(timeline)
    by_patient: dict[str, list[DoseSegment]] = {}
    columns = ("patient_id", "start_day", "end_day", "mg_per_day", "state")
    for patient_id, start, end, dose, state in segments.drop_nulls(columns[:-1]).select(columns).rows():
        by_patient.setdefault(patient_id, []).append(DoseSegment(start, end, dose, state or ""))
    stops, last_days, extra_day = _stops(timeline), _recorded_last_days(timeline), adds_one_day(protocol)
    drug = next(iter(protocol.drug.values()), None)
    rows: list[tuple[Any, ...]] = []
    findings: list[Finding] = []
    for patient_id in timeline.patients.filter("treated")["patient_id"].to_list():
        taken = sorted(by_patient.get(patient_id, ()), key=lambda segment: segment.start_day)
        last = max((s.end_day for s in taken if s.mg_per_day), default=last_days.get(patient_id))
        try:
            doses = _doses(taken, drug)
        except DataError as error:
            sentence = "the doses leave a day out or overlap; reductions and dose intensity are not known"
            findings.append(
                Finding(
                    "note",
                    "DOSES-UNCLEAR",
                    sentence,
                    files.get("exposure", ""),
                    patient_id=patient_id,
                    value=str(error),
                )
            )
            doses = (None,) * 5
        stop = stops.get(patient_id, _Stop())
        early = _early(last, stop, protocol.exposure)
        rows.append((patient_id, *_duration(last, extra_day=extra_day), *doses, stop.reason, *early))
    return Exposures(segments, pl.DataFrame(rows, schema=PER_PATIENT, orient="row"), tuple(findings))


def _segments(timeline: Timeline) -> pl.DataFrame:
    frame = timeline.tables.get("exposure")
    if frame is None:
        return pl.DataFrame(schema=SEGMENTS)
    per_day = pl.col("frequency").replace_strict(INTAKES_PER_DAY, default=None, return_dtype=pl.Float64)
    ends = frame.join(timeline.patients.select("patient_id", "death_day", "cutoff_day"), on="patient_id", how="left")
    return (
        ends.select(
            "patient_id",
            start_day=pl.col("start_date_day"),
            end_day=pl.min_horizontal("end_date_day", "death_day", "cutoff_day"),
            mg_per_day=pl.col("dose_per_intake_mg") * per_day,
            state=pl.col("state"),
            adjust_reason=pl.col("adjust_reason"),
            ae_id=pl.col("ae_id"),
            source_row=pl.col("row"),
        )
        .filter(pl.col("start_day").is_not_null())
        .sort("start_day", maintain_order=True)
    )


def _doses(taken: Sequence[DoseSegment], drug: Drug | None) -> tuple[Any, ...]:
    """Return whether the dose was reduced and paused, how often, the longest way back, and the dose intensity."""
    if not taken or drug is None:
        return (None,) * 5
    reductions, pauses = dose_reductions(taken), dose_interruptions(taken)
    full = next(level for level in drug.levels if level.id == drug.start).mg_per_day
    first_low = any(0 < segment.mg_per_day < full for segment in taken)
    back = [reduction.days_to_return for reduction in reductions if reduction.days_to_return is not None]
    intensity = relative_dose_intensity(durations(taken), full_mg_per_day=full)
    return "NY"[first_low], "NY"[bool(pauses)], len(reductions), max(back, default=None), float(intensity)


def _duration(last: int | None, *, extra_day: bool) -> tuple[int | None, int | None, float | None]:
    if last is None:
        return None, None, None
    days = last + extra_day
    return last, days, months(days)


def _early(last: int | None, stop: _Stop, exposure: Exposure | None) -> tuple[str | None, str | None]:
    """Return whether an adverse event ended the drug in the weeks that are called early, and which of the reasons."""
    if exposure is None or exposure.early_stop_weeks is None or last is None:
        return None, None
    first_week, last_week = exposure.early_stop_weeks
    early = stop.reason == "ADVERSE EVENT" and 7 * first_week <= last <= 7 * last_week
    if not early:
        return "N", None
    named = [reason for reason in exposure.early_stop_reasons if reason.casefold() == (stop.term or "").casefold()]
    fitting = [reason for reason in exposure.early_stop_reasons if REASON_CATEGORY.get(reason) == stop.category]
    return "Y", next(iter((*named, *fitting)), None)


def _stops(timeline: Timeline) -> dict[str, _Stop]:
    frame, events = timeline.tables.get("disposition"), timeline.tables.get("adverse_events")
    if frame is None:
        return {}
    known: dict[tuple[str, str], tuple[str, str]] = {}
    if events is not None:
        columns = ("patient_id", "ae_id", "term", "category")
        known = {(patient, ae): (term, category) for patient, ae, term, category in events.select(columns).rows()}
    found: dict[str, _Stop] = {}
    for patient_id, reason, ae_id in frame.select("patient_id", "sorafenib_end_reason", "ae_id").rows():
        found[patient_id] = _Stop(reason, *known.get((patient_id, ae_id or ""), (None, None)))
    return found


def _recorded_last_days(timeline: Timeline) -> dict[str, int]:
    """Return the last day of the drug as it is recorded once a patient, not after death or the cutoff."""
    subjects = timeline.tables["subjects"].drop_nulls("last_sorafenib_date_day")
    ends = subjects.join(timeline.patients.select("patient_id", "death_day", "cutoff_day"), on="patient_id")
    last = pl.min_horizontal("last_sorafenib_date_day", "death_day", "cutoff_day")
    return dict(ends.select("patient_id", last).rows())
