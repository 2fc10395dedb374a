"""All records of one treated patient, from an outline: planned first, then written, then held against the outline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from random import Random

from oncohort.clinical.best_response import Confirmation, best_response
from oncohort.clinical.event_history import Assessment, PfsHistory
from oncohort.clinical.response_course import Visit
from oncohort.clinical.time_to_event import progression_free_survival
from oncohort.errors import DataError
from oncohort.simulate.baseline_records import draw_baseline
from oncohort.simulate.course_facts import Facts, course_facts
from oncohort.simulate.dose_records import dose_rows
from oncohort.simulate.event_plan import plan_events
from oncohort.simulate.event_records import event_rows, name_events
from oncohort.simulate.follow_up_records import follow_up_rows, with_end
from oncohort.simulate.lab_records import examination_rows, lab_rows, visit_days
from oncohort.simulate.outline import Outline
from oncohort.simulate.procedure_records import procedure_rows, require_arm
from oncohort.simulate.response_records import response_rows
from oncohort.simulate.rows import Planted, Rows, joined, row_of
from oncohort.simulate.scan_plan import ScanPlan, plan_scans
from oncohort.simulate.script import NOTHING_ELSE, Script
from oncohort.simulate.session_plan import plan_sessions
from oncohort.simulate.study_plan import StudyPlan, study_plan
from oncohort.simulate.tumor_records import assessed, tumor_rows
from oncohort.study.protocol import Protocol


def write_patient(
    outline: Outline, protocol: Protocol, rng: Random, script: Script = NOTHING_ELSE, *, cutoff: date | None = None
) -> tuple[Rows, tuple[Planted, ...]]:
    """Return the records of a treated patient, and every deviation among them.

    What the derivations find in the records is what the outline says. The same outline, protocol, script and state of
    ``rng`` give the same rows.

    Parameters
    ----------
    outline : Outline
        The patient, with a course.
    protocol : Protocol
        Of a records study with baseline, imaging, response, a drug, safety, and an endpoint of progression.
    rng : Random
        The patient's own stream.
    script : Script
        What the records shall hold besides: deviations, days of a published case.
    cutoff : date, optional
        As in `oncohort.simulate.study_plan.study_plan`.

    Returns
    -------
    rows : Rows
        The rows by table of the template; what is missing has no key.
    planted : tuple of Planted
        The deviations that were planted, and those that the outline forces.

    Raises
    ------
    DataError
        If no records can be what the outline says; the sentence names the patient and why.
    """
    return write_treated(outline, study_plan(protocol, cutoff), rng, script)


def write_treated(
    outline: Outline, plan: StudyPlan, rng: Random, script: Script = NOTHING_ELSE
) -> tuple[Rows, tuple[Planted, ...]]:
    """Return the records of a treated patient as `write_patient` does, for a protocol that was gathered before."""
    facts = course_facts(outline, plan)
    require_arm(facts, plan)
    baseline = draw_baseline(outline, plan, rng)
    before = _with_vena_cava(baseline.rows, facts) if script.vena_cava else baseline.rows
    scans = plan_scans(facts, plan, script, rng)
    sessions = plan_sessions(facts, plan, script, rng)
    busy = [day for days in sessions.days.values() for day in days]
    events = plan_events(facts, plan, script, rng, session_days=busy)
    tumor = tumor_rows(facts, before, scans.scans, plan, rng)
    visits = assessed(joined([before, tumor]), facts, plan)
    _require(facts, plan, visits)
    days, ae_ids = visit_days(facts, rng), name_events(events)
    labs, misgraded = lab_rows(facts, before["labs"], events, plan, script, days=days, rng=rng)
    procedures, of_sessions = procedure_rows(facts, before, sessions, plan, script, rng)
    responses, misread = response_rows(facts, visits, plan, script)
    rows = joined(
        [
            before | {"subjects": [with_end(before["subjects"][0], facts)]},
            tumor,
            {"labs": labs, "procedures": procedures, "response": responses},
            {"adverse_events": event_rows(facts, plan, events, ae_ids, rng)},
            examination_rows(facts, before, events, days, rng),
            dose_rows(facts, plan, events, ae_ids, rng),
            follow_up_rows(facts, rng),
        ]
    )
    forced = _forced(facts, plan, baseline.failed, scans)
    return rows, (*forced, *events.planted, *of_sessions, *misgraded, *misread)


def _with_vena_cava(rows: Rows, facts: Facts) -> Rows:
    """Return the rows before treatment with a tumor thrombus of the inferior vena cava."""
    scan = rows["lesion_measurements"][0]
    number = sum(str(row["lesion_id"]).startswith("NT") for row in rows["lesions"]) + 1
    same = {name: scan[name] for name in ("scan_date", "visit", "modality", "arterial_phase", "evaluator")}
    lesion = row_of(
        facts.patient_id,
        lesion_id=f"NT{number:02d}",
        role="NON-TARGET",
        organ="INFERIOR VENA CAVA",
        kind="THROMBUS",
        well_delineated="N",
        previously_treated="N",
        first_seen_date=scan["scan_date"],
    )
    seen = row_of(facts.patient_id, lesion_id=lesion["lesion_id"], **same, status="PRESENT", aphe="Y")
    return rows | {
        "baseline_disease": [rows["baseline_disease"][0] | {"hvt": "IVC"}],
        "lesions": [*rows["lesions"], lesion],
        "lesion_measurements": [*rows["lesion_measurements"], seen],
    }


def _forced(facts: Facts, plan: StudyPlan, failed: Sequence[str], scans: ScanPlan) -> Iterator[Planted]:
    """Yield the violations that come from the outline, and from scans off the schedule."""
    if failed:
        words = f"treated although the outline does not meet {', '.join(failed)}"
        yield Planted(facts.patient_id, "ELIGIBLE", 0, "broken", words)
    for due in scans.late:
        yield Planted(
            facts.patient_id, "SCAN-WINDOW", due, "broken", f"the scan due on day {due} came after its window"
        )
    if plan.imaging.unscheduled == "deviation":
        for scan in scans.scans:
            if scan.visit == "UNSCHEDULED" and (facts.progression is None or scan.day <= facts.progression):
                yield Planted(
                    facts.patient_id, "SCAN-WINDOW", scan.day, "broken", "progression was seen off the schedule"
                )


_BEST = {"SD_SHORT": ("PD", "NE")}
"""What the derivation makes of a best response that it has no word for."""


def _require(facts: Facts, plan: StudyPlan, visits: Sequence[Visit]) -> None:
    """Refuse an outline that the scans cannot be brought to: the best response, or the time to progression."""
    course, rules = facts.course, plan.response
    assessed_ = [(visit.day, visit.overall) for visit in visits]
    found = best_response(
        assessed_,
        sd_min_days=int(rules.sd_min_days.value),
        sd_strict=rules.sd_min_days.op == ">",
        confirm=rules.confirm,
        new_therapy_day=None,
        confirmation=Confirmation(min_days=rules.confirm_days, max_ne=1, max_sd=0),
    )
    if found.value not in _BEST.get(course.best, (course.best,)):
        raise DataError(
            f"{facts.patient_id}: the scans until day {course.pfs_days} give best response {found.value}; "
            f"{course.best} was expected"
        )
    history = PfsHistory(
        tuple(Assessment(*pair) for pair in assessed_),
        death_day=facts.known_to if course.died else None,
        last_follow_up_day=facts.alive_to,
        new_therapy_day=None,
        cutoff_day=None,
        has_baseline=True,
    )
    end = progression_free_survival(history, plan.censoring)
    if end.day != course.pfs_days or end.event != (course.progressed or course.died):
        raise DataError(
            f"{facts.patient_id}: by the protocol's rule of censoring the time to progression ends on day {end.day} "
            f"({end.why}); day {course.pfs_days} was expected"
        )
