"""What the records say of one patient's treatment: doses, adverse events with the days they may mean, and the ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any, Final

import polars as pl

from oncohort.clinical.adverse_events import is_drug_related
from oncohort.clinical.exact import exact
from oncohort.clinical.partial_dates import earliest, latest, parse_partial
from oncohort.derive.exposure import INTAKES_PER_DAY
from oncohort.derive.protocol_policies import study_drug
from oncohort.derive.timeline import Timeline
from oncohort.study.protocol import Protocol

Row = Mapping[str, Any]

FOREVER: Final = 10**6
"""A day that nobody lives to see: the end of what has no end."""

_TABLES: Final = (
    "exposure",
    "adverse_events",
    "clinical_scores",
    "procedures",
    "lesion_measurements",
    "disposition",
    "baseline_disease",
)
_YES: Final = {"Y": True, "N": False}
_GOES_ON: Final = frozenset({"NOT RECOVERED/NOT RESOLVED", "RECOVERING/RESOLVING", "FATAL"})


@dataclass(frozen=True, slots=True)
class Days:
    """The first and the last day that a recorded date may mean, counted from the first dose."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Dose:
    """Days at one dose, both included; what is not recorded is None."""

    start: int
    end: int
    mg_per_day: Fraction | None
    tolerated: bool | None
    reason: str | None
    ae_id: str | None
    row: int


@dataclass(frozen=True, slots=True)
class Toxicity:
    """An adverse event that is, or may be (``related`` None), attributed to the drug.

    It certainly lasts from ``begins.last`` to ``ends.first``, and certainly not before ``begins.first`` nor after
    ``ends.last``. An event without an end goes on if its outcome says so; else its end is not known.
    """

    ae_id: str
    grade: int | None
    related: bool | None
    action: str | None
    begins: Days
    ends: Days
    row: int


@dataclass(frozen=True, slots=True)
class PatientCourse:
    """One treated patient.

    Attributes
    ----------
    patient : mapping
        The row of the patients' frame.
    tables : mapping of str to rows
        The patient's rows of each table that was collected, in the order of the file; a table that was not has none.
    anchor : date
        Day 0.
    doses, toxicities
        By their days; see `Dose` and `Toxicity`.
    progression_day : int or None
        First assessment with progression.
    last_dose_day : int or None
        Last day with the drug.
    drug_ended : bool
        Whether the drug is known to have ended on that day: a reason is recorded, or the patient was followed longer.
    known_to_day : int
        Death, or else the last follow-up until the cutoff: after it nothing is known.
    died : bool
        Whether that day is the day of death.
    """

    patient: Row
    tables: Mapping[str, tuple[Row, ...]]
    anchor: date
    doses: tuple[Dose, ...]
    toxicities: tuple[Toxicity, ...]
    progression_day: int | None
    last_dose_day: int | None
    drug_ended: bool
    known_to_day: int
    died: bool


def patient_courses(
    timeline: Timeline, patients: pl.DataFrame, visits: pl.DataFrame, protocol: Protocol
) -> Iterator[PatientCourse]:
    """Yield the course of every treated patient, in the order of ``patients``.

    Parameters
    ----------
    timeline : Timeline
        The dated records.
    patients : DataFrame
        A row a screened patient, with ``last_dose_day`` where it is derived.
    visits : DataFrame
        The assessments, as `oncohort.derive.response` gives them.
    protocol : Protocol
        Says which attributions make an adverse event one of the drug.
    """
    rows = {name: _by_patient(timeline.tables[name]) for name in _TABLES if name in timeline.tables}
    times = {row["patient_id"]: row for row in timeline.patients.filter("treated").rows(named=True)}
    progressions = visits.filter(pl.col("overall") == "PD").group_by("patient_id").agg(pl.col("day").min())
    progressed: dict[str, int] = dict(progressions.rows())
    drug = study_drug(protocol)
    attribution = drug[1].attribution if drug else ()
    for patient in patients.rows(named=True):
        patient_id = patient["patient_id"]
        if patient_id in times:
            own = {name: tuple(found.get(patient_id, ())) for name, found in rows.items()}
            yield _course(patient, times[patient_id], own, progressed.get(patient_id), attribution)


def dose_on(course: PatientCourse, day: int) -> Fraction | None:
    """Return the daily dose of a day, 0 in a pause and after the end; None where it is not recorded."""
    if has_ended(course, day):
        return Fraction(0)
    found = {dose.mg_per_day for dose in course.doses if dose.start <= day <= dose.end}
    return found.pop() if len(found) == 1 else None


def dose_of(course: PatientCourse, day: int) -> Dose | None:
    """Return the record of the dose of a day, the later one where two overlap."""
    return next((dose for dose in reversed(course.doses) if dose.start <= day <= dose.end), None)


def has_ended(course: PatientCourse, day: int) -> bool:
    """Return whether the drug is known to have ended before a day."""
    return course.drug_ended and course.last_dose_day is not None and day > course.last_dose_day


def is_active(toxicity: Toxicity, day: int) -> bool | None:
    """Return whether an adverse event is there on a day; None where its dates do not say.

    Examples
    --------
    >>> event = Toxicity("AE01", 3, True, None, Days(20, 20), Days(28, 58), row=2)
    >>> [is_active(event, day) for day in (19, 20, 28, 29, 59)]
    [False, True, True, None, False]
    """
    if day < toxicity.begins.first or day > toxicity.ends.last:
        return False
    return True if toxicity.begins.last <= day <= toxicity.ends.first else None


def possible_days(text: str | None, anchor: date) -> Days | None:
    """Return the days that a partial date may mean; None where there is no date.

    Examples
    --------
    >>> possible_days("2009-05", date(2009, 5, 4)), possible_days("2009-05-04", date(2009, 5, 4))
    (Days(first=-3, last=27), Days(first=0, last=0))
    """
    if text is None:
        return None
    partial = parse_partial(text)
    return Days((earliest(partial) - anchor).days, (latest(partial) - anchor).days)


def _by_patient(frame: pl.DataFrame) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in frame.sort("row").rows(named=True):
        found.setdefault(row["patient_id"], []).append(row)
    return found


def _course(
    patient: Row,
    times: Row,
    tables: Mapping[str, tuple[Row, ...]],
    progression_day: int | None,
    attribution: tuple[str, ...],
) -> PatientCourse:
    death, anchor = times["death_day"], times["anchor"]
    ends = [day for day in (times["cutoff_day"], times["last_follow_up_day"]) if day is not None]
    known_to = death if death is not None else min(ends, default=0)
    last_dose = patient.get("last_dose_day")
    cutoff = times["cutoff_day"]
    stopped = any(
        row["sorafenib_end_reason"] is not None
        and (cutoff is None or row["date_day"] is None or row["date_day"] <= cutoff)
        for row in tables.get("disposition", ())
    )
    until = min((day for day in (death, cutoff) if day is not None), default=known_to)
    doses = (_dose(row, until) for row in tables.get("exposure", ()) if row["start_date_day"] is not None)
    toxicities = (_toxicity(row, anchor, attribution) for row in tables.get("adverse_events", ()))
    return PatientCourse(
        patient=patient,
        tables=tables,
        anchor=anchor,
        doses=tuple(sorted(doses, key=lambda dose: (dose.start, dose.row))),
        toxicities=tuple(
            sorted(
                (toxicity for toxicity in toxicities if toxicity.related is not False),
                key=lambda toxicity: (toxicity.begins.first, toxicity.ae_id),
            )
        ),
        progression_day=progression_day,
        last_dose_day=last_dose,
        drug_ended=last_dose is not None and (stopped or last_dose < known_to or death is not None),
        known_to_day=known_to,
        died=death is not None,
    )


def _dose(row: Row, until: int) -> Dose:
    """Return a row of ``exposure``; a dose without an end goes on until death or the cutoff."""
    intake, frequency, end = row["dose_per_intake_mg"], row["frequency"], row["end_date_day"]
    per_day = INTAKES_PER_DAY.get(frequency)
    return Dose(
        start=row["start_date_day"],
        end=max(until, row["start_date_day"]) if end is None else end,
        mg_per_day=None if intake is None or per_day is None else exact(intake) * exact(per_day),
        tolerated=_YES.get(row["well_tolerated"]),
        reason=row["adjust_reason"],
        ae_id=row["ae_id"],
        row=row["row"],
    )


def _toxicity(row: Row, anchor: date, attribution: tuple[str, ...]) -> Toxicity:
    begins = possible_days(row["start_date"], anchor) or Days(-FOREVER, FOREVER)
    if begins.first < 0 <= begins.last:
        begins = Days(0, begins.last)  # an event of the drug does not begin before its first dose
    ends = possible_days(row["end_date"], anchor)
    if ends is None:
        goes_on = row["outcome"] in _GOES_ON
        ends = Days(FOREVER if goes_on else begins.first, FOREVER)
    return Toxicity(
        ae_id=row["ae_id"] or "",
        grade=row["grade"],
        related=is_drug_related(row["related"], attribution=attribution).value,
        action=row["action"],
        begins=begins,
        ends=Days(max(ends.first, begins.first), max(ends.last, begins.first)),
        row=row["row"],
    )
