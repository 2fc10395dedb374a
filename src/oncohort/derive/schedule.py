"""The schedule: what the written protocol says for one patient on one day, from the records until that day alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import polars as pl

from oncohort.derive.adherence_dose import missing_facts
from oncohort.derive.advice import Advice, Advised
from oncohort.derive.course import derive_course
from oncohort.derive.dose_demand import in_mg
from oncohort.derive.judgment import judge_known
from oncohort.derive.patient_course import PatientCourse, dose_of, patient_courses
from oncohort.derive.protocol_policies import study_drug
from oncohort.derive.protocol_procedures import local_rules
from oncohort.derive.records_until import KnownRecords, possible_dates, records_until
from oncohort.derive.schedule_dose import advise_dose
from oncohort.derive.schedule_local import advise_scans, advise_session
from oncohort.errors import AnalysisError, ProtocolError, UsageError
from oncohort.study.protocol import Protocol
from oncohort.study.records import Records
from oncohort.study.words import did_you_mean


def advise(records: Records, protocol: Protocol, patient_id: str, *, on: date) -> Advice:
    """Say what the written protocol asks for on a day. Not for treatment decisions.

    It is the protocol applied to the records, and no more: dose of the drug, next session of each procedure, scans
    that are due. Nothing that was recorded after the day is used (see `oncohort.derive.records_until`), so the answer
    is the one that could have been given then.

    Parameters
    ----------
    records : Records
        Of a records study.
    protocol : Protocol
        With any of ``[drug.NAME]``, ``[[procedure]]`` and ``[imaging]``; of what it lacks nothing is said.
    patient_id : str
        The patient.
    on : date
        The day, from the first dose to death.

    Returns
    -------
    Advice
        With the rule, its words and its section, and the record, of each answer.

    Raises
    ------
    UsageError
        If this is no records study, or there is no such patient.
    ProtocolError
        If the protocol says nothing of treatment, or something that the rules cannot say.
    AnalysisError
        If the patient was not treated, or the day is before the first dose or after death.
    """
    _refuse(records, protocol, patient_id, on)
    known = records_until(records, protocol, patient_id, on)
    study = protocol.study.model_copy(update={"cutoff": on})
    as_it_stood = derive_course(known.records, protocol.model_copy(update={"study": study}))
    patients, visits = as_it_stood.derived.patients, as_it_stood.derived.visits
    course = next(patient_courses(as_it_stood.timeline, patients, visits, protocol))
    day = (on - course.anchor).days
    items = tuple(_items(course, protocol, records, patients, day))
    return Advice(patient_id, on, day, items, tuple(_notes(course, known, protocol, day)))


def _refuse(records: Records, protocol: Protocol, patient_id: str, on: date) -> None:
    """Raise what the user must be told where there is nothing to say."""
    if not protocol.is_records_study:
        raise UsageError("this is a table study, without dated records; a records study was expected")
    if not (protocol.drug or protocol.procedure or protocol.imaging):
        raise ProtocolError("nothing to schedule; [drug.NAME], [[procedure]] or [imaging] was expected in the protocol")
    subjects = records.tables["subjects"]
    own = subjects.filter(pl.col("patient_id") == patient_id).rows(named=True)
    if not own:
        near = did_you_mean(patient_id, subjects["patient_id"].drop_nulls().to_list())
        raise UsageError(f'there is no patient "{patient_id}" in {records.files["subjects"]}.{near}')
    first, death = own[0]["first_sorafenib_date"], possible_dates(own[0]["death_date"])
    if first is None:
        raise AnalysisError(f"patient {patient_id} was never treated, so the protocol asks for nothing")
    if on < first:
        raise AnalysisError(f"patient {patient_id} had the first dose on {first}; a day from then on was expected")
    if death is not None and death[1] < on:
        raise AnalysisError(f"patient {patient_id} died on {own[0]['death_date']}; a day until then was expected")


def _items(
    course: PatientCourse, protocol: Protocol, records: Records, patients: pl.DataFrame, day: int
) -> Iterator[Advised]:
    drug = study_drug(protocol)
    if drug is not None:
        name, content = drug
        conditions = [rule.stay_if for rule in content.rule if rule.on.event == "progression" and rule.stay_if]
        may_go_on = judge_known(patients, conditions[0]).to_list()[0] if conditions else None
        yield advise_dose(course, name, content, records.files, day=day, may_go_on=may_go_on)
    for procedure in protocol.procedure:
        yield advise_session(course, local_rules(procedure), records.files, day=day)
    if protocol.imaging is not None:
        yield from advise_scans(course, protocol.imaging, records.files, day=day)


def _notes(course: PatientCourse, known: KnownRecords, protocol: Protocol, day: int) -> Iterator[str]:
    """Yield what a reader must know besides: what was given, what has ended, and what could not be used."""
    files, dose, drug = known.records.files, dose_of(course, day), study_drug(protocol)
    if dose is not None and dose.mg_per_day is not None:
        given = f"{in_mg(dose.mg_per_day)} since {course.anchor + timedelta(days=dose.start)}"
        yield f"recorded for that day: {given} ({files['exposure']}, row {dose.row})"
    else:
        yield "no dose is recorded for that day"
    for row in course.tables.get("disposition", ()):
        if row["sorafenib_end_reason"] is not None:
            place = f"{files['disposition']}, row {row['row']}"
            yield f"recorded: the drug ended on {row['date']}, {row['sorafenib_end_reason']} ({place})"
    for rule in drug[1].rule if drug else ():
        for event in course.toxicities if rule.on.event == "adverse_event" else ():
            if "action" in (missing_facts(event, rule) or ()):
                yield f"the action taken for {event.ae_id} is not recorded ({files['adverse_events']}, row {event.row})"
    if known.doubtful:
        places = "; ".join(f"{files[table]}, row {row}" for table, row in known.doubtful)
        yield f"left out, since it is not known whether they are of that day or earlier: {places}"
    if known.may_be_dead:
        yield "the patient may have died by that day: the date of death is not complete"
