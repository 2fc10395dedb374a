"""A records study, derived: the order in which dated records become what is analyzed, in one visible list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from oncohort.derive.adherence import asked_of_patients, derive_adherence
from oncohort.derive.baseline import derive_baseline
from oncohort.derive.eligibility import derive_eligibility
from oncohort.derive.exposure import derive_exposure
from oncohort.derive.local_therapy import derive_local_therapy
from oncohort.derive.patients import join_each, recorded_patients, with_continuation, with_response
from oncohort.derive.reconcile import differences, reconcile
from oncohort.derive.response import assess_courses, derive_response
from oncohort.derive.safety import derive_adverse_events, derive_labs
from oncohort.derive.time_to_event import derive_time_to_event
from oncohort.derive.timeline import Timeline, set_timeline
from oncohort.study.cohort import Derived
from oncohort.study.findings import Finding
from oncohort.study.protocol import Protocol
from oncohort.study.recall import Recall, anew
from oncohort.study.records import Records


@dataclass(frozen=True, slots=True)
class Course:
    """What the records of all screened patients give, and what was found on the way."""

    timeline: Timeline
    derived: Derived
    findings: tuple[Finding, ...]


def derive_course(records: Records, protocol: Protocol, recall: Recall = anew) -> Course:
    """Derive everything that a records study knows of its patients, each patient from their own records alone.

    ``recall`` runs each step, or remembers what it gave in another run of the same records.
    """
    files, template = records.files, records.template
    timeline = recall(set_timeline, records.tables, template, files, _cutoff(protocol))
    courses = recall(assess_courses, timeline, protocol, files)
    response = recall(derive_response, timeline, courses, protocol, files)
    times, of_times = recall(derive_time_to_event, timeline, response.visits, protocol, files["subjects"])
    exposure = recall(derive_exposure, timeline, protocol, files)
    local = recall(derive_local_therapy, timeline, protocol, files.get("procedures", files["subjects"]))
    patients = recall(recorded_patients, timeline, template)
    baseline = recall(derive_baseline, timeline, patients, protocol, files["subjects"])
    patients = join_each(patients, [baseline.patients])
    patients = join_each(patients, [recall(derive_eligibility, patients, protocol), exposure.patients, local.patients])
    patients = with_continuation(with_response(patients, response.visits, response.best, protocol), protocol)
    last_doses = dict(exposure.patients.drop_nulls("last_dose_day").select("patient_id", "last_dose_day").rows())
    events, of_events = recall(derive_adverse_events, timeline, last_doses, protocol, files.get("adverse_events", ""))
    labs = recall(derive_labs, timeline, protocol)
    compared = recall(
        reconcile,
        timeline,
        {"patients": patients, "visits": response.visits, "labs": labs, "exposure": exposure.segments},
        protocol,
    )
    derived = Derived(
        patients=patients,
        visits=_in_order(response.visits, patients, "day"),
        best=_in_order(response.best, patients, "definition"),
        lesion_sizes=_in_order(response.lesion_sizes, patients, "day", "lesion_id"),
        exposure=_in_order(exposure.segments, patients, "start_day"),
        procedures=_in_order(local.procedures, patients, "day"),
        adverse_events=_in_order(events, patients, "start_day", "ae_id"),
        labs=_in_order(labs, patients, "day", "test"),
        time_to_event=_in_order(times, patients),
        adherence=recall(derive_adherence, timeline, asked_of_patients(patients, protocol), response.visits, protocol),
        reconciliation=_in_order(compared, patients, "kind", "source_row"),
    )
    findings = (
        *timeline.findings,
        *baseline.findings,
        *response.findings,
        *of_times,
        *exposure.findings,
        *local.findings,
        *of_events,
    )
    return Course(timeline, derived, (*findings, *differences(derived.reconciliation, files)))


def _cutoff(protocol: Protocol) -> date | None:
    cutoff = protocol.study.cutoff
    return cutoff if isinstance(cutoff, date) else None


def _in_order(frame: pl.DataFrame, patients: pl.DataFrame, *within: str) -> pl.DataFrame:
    """Return the rows in the order of the patients, and of each patient in the order of some columns."""
    places = patients.select("patient_id", _place=pl.int_range(pl.len()))
    joined = frame.join(places, on="patient_id", how="inner", maintain_order="left")
    return joined.sort("_place", *within, maintain_order=True).drop("_place")
