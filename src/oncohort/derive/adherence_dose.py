"""Whether the dose of a drug was what the rules of its protocol ask for, rule by rule and occasion by occasion."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Final

import polars as pl

from oncohort.derive.adherence_return import judge_return
from oncohort.derive.dose_demand import DosePlan, Outcome, demand, dose_plan, ended_words, in_mg, lowers, on_any
from oncohort.derive.judgment import Judgment, RuleFamily, condition_columns, judge_known
from oncohort.derive.patient_course import (
    Days,
    PatientCourse,
    Row,
    Toxicity,
    dose_of,
    dose_on,
    has_ended,
    possible_days,
)
from oncohort.derive.protocol_policies import drug_rules
from oncohort.study.protocol import Drug, DrugRule, Threshold

WITHDRAWN: Final = "WITHDRAWAL BY SUBJECT"

_Judge = Callable[..., Iterable[Judgment]]


def dose_family(name: str, drug: Drug, patients: pl.DataFrame) -> RuleFamily:
    """Return the rules of a drug, each judged for itself against the doses that were given.

    A pause stands for a lower level if the protocol lets the drug be interrupted; doses are compared as mg a day. What
    was asked for and not yet due when the patient was last known of is not assessable.

    Parameters
    ----------
    name : str
        The drug's name in the protocol.
    drug : Drug
        Its levels and rules.
    patients : DataFrame
        A row a patient, with the columns that ``stay_if`` of a rule names.
    """
    plan = dose_plan(drug)
    judges: list[Callable[[PatientCourse], Iterable[Judgment]]] = [partial(_judge_start, plan=plan)]
    for rule in drug.rule:
        if rule.allowed is not True:
            more: dict[str, Any] = {"stays": _stays(rule, patients)} if rule.on.event == "progression" else {}
            table, judged = _JUDGES[rule.on.event]
            judges.append(partial(_judge_if_collected, table=table, judge_rule=judged, plan=plan, rule=rule, **more))
    return RuleFamily(drug_rules(name, drug), lambda course: (found for each in judges for found in each(course)))


def _judge_if_collected(
    course: PatientCourse, *, table: str, judge_rule: _Judge, rule: DrugRule, **more: object
) -> Iterable[Judgment]:
    """Judge a rule; it is not assessable where the table of its occasions was not collected."""
    if table in course.tables:
        return judge_rule(course, rule=rule, **more)
    return [Judgment(rule.id, "not assessable", None, None, None, None, f"no table {table}")]


def _told(rule_id: str, outcome: Outcome, table: str, row: int | None, day: int | None, said: str = "") -> Judgment:
    value = f"{said}; {outcome.value}" if said else outcome.value
    return Judgment(rule_id, outcome.verdict, table, row, day, outcome.days_late, value)


def _judge_start(course: PatientCourse, *, plan: DosePlan) -> Iterator[Judgment]:
    dose, first = dose_on(course, 0), dose_of(course, 0)
    row = None if first is None else first.row
    if dose is None:
        yield Judgment("DOSE-START", "not assessable", "exposure", row, 0, None, "the dose of day 0 is not recorded")
    else:
        kept = dose == plan.mg_per_day[plan.start]
        yield Judgment("DOSE-START", "kept" if kept else "broken", "exposure", row, 0, None, in_mg(dose))


def _judge_adverse_events(course: PatientCourse, *, plan: DosePlan, rule: DrugRule) -> Iterator[Judgment]:
    """Judge each adverse event of the drug that a rule is about, from the first day it may have begun on."""
    for event in course.toxicities:
        missing = missing_facts(event, rule)
        if event.begins.last < 0 or missing is None:
            continue
        begun = event.begins.first if event.begins.first == event.begins.last else None
        said = f"grade {event.grade or 'not recorded'}"
        say = partial(_told, rule.id, table="adverse_events", row=event.row, day=begun, said=said)
        if has_ended(course, event.begins.first):
            yield say(Outcome("not applicable", None, ended_words(course)))
        elif missing:
            yield say(Outcome("not assessable", None, f"missing: {', '.join(missing)}"))
        else:
            goal = rule.go or ""
            outcome = on_any(demand_days(course, event, rule), partial(demand, course, plan, goal))
            yield say(_held(course, plan, goal, event, outcome))


def missing_facts(event: Toxicity, rule: DrugRule) -> tuple[str, ...] | None:
    """Return what is not known of whether a rule is about an adverse event; None where it is not about it."""
    grades, action = rule.on.grade, rule.on.action
    taken = None if event.action == "UNKNOWN" else event.action
    if (grades and event.grade is not None and event.grade not in grades) or (action and taken not in {None, action}):
        return None
    facts = {
        "related": event.related is None,
        "grade": bool(grades) and event.grade is None,
        "action": action is not None and taken is None,
    }
    return tuple(name for name, lacking in facts.items() if lacking)


def demand_days(course: PatientCourse, event: Toxicity, rule: DrugRule) -> Days:
    """Return the days on which a rule's demand may begin: the event's start; for an action, the day it was decided.

    That day is recorded with the end of the drug, if it names the event; else it may be any day of the event.
    """
    if rule.on.action is None:
        return event.begins
    for row in course.tables.get("disposition", ()):
        decided = possible_days(row["date"], course.anchor)
        if row["ae_id"] == event.ae_id and decided is not None:
            return decided
    return Days(event.begins.first, event.ends.last)


def _held(course: PatientCourse, plan: DosePlan, goal: str, event: Toxicity, outcome: Outcome) -> Outcome:
    """Say whether a lower level that was reached was also held as long as the adverse event has its grade."""
    if outcome.verdict != "kept" or outcome.met_day is None or not lowers(plan, goal):
        return outcome
    for dose in course.doses:
        if dose.start <= outcome.met_day or (dose.mg_per_day or 0) <= plan.mg_per_day[goal]:
            continue
        if dose.start > event.ends.last:
            break
        is_there = dose.start <= event.ends.first
        is_over = dose.reason == "RESOLVED" and dose.ae_id in {None, event.ae_id}
        raised = f"{in_mg(dose.mg_per_day or plan.mg_per_day[goal])} from day {dose.start}"
        if is_there and not is_over:
            return Outcome("broken", None, f"{raised}, before the event ended")
        if is_there == is_over:
            return Outcome("not assessable", None, f"{raised}, and whether the event had its grade then is not known")
    return outcome


def _judge_ecog(course: PatientCourse, *, plan: DosePlan, rule: DrugRule) -> Iterator[Judgment]:
    for row in course.tables["clinical_scores"]:
        day, ecog = row["date_day"], row["ecog"]
        if day is None or day < 0 or ecog is None or rule.on.op is None or rule.on.value is None:
            continue
        if Threshold(op=rule.on.op, value=rule.on.value).holds(ecog):
            ended = has_ended(course, day)
            outcome = (
                Outcome("not applicable", None, ended_words(course)) if ended else _demand_of(course, plan, rule, day)
            )
            yield _told(rule.id, outcome, "clinical_scores", row["row"], day, f"ECOG {ecog}")


def _demand_of(course: PatientCourse, plan: DosePlan, rule: DrugRule, day: int) -> Outcome:
    return demand(course, plan, rule.go or "", day)


def _judge_consent(course: PatientCourse, *, plan: DosePlan, rule: DrugRule) -> Iterator[Judgment]:
    for row in course.tables["disposition"]:
        if row["sorafenib_end_reason"] != WITHDRAWN:
            continue
        days = possible_days(row["date"], course.anchor)
        if days is None:
            outcome = Outcome("not assessable", None, "missing: date")
        else:
            outcome = on_any(days, partial(_demand_of, course, plan, rule))
        day = days.first if days and days.first == days.last else None
        yield _told(rule.id, outcome, "disposition", row["row"], day, "consent withdrawn")


_PROGRESSIVE: Final = "PROGRESSIVE DISEASE"


def _stays(rule: DrugRule, patients: pl.DataFrame) -> Mapping[str, bool | None]:
    """Return for each patient whether the condition holds under which the dose stays."""
    if rule.stay_if is None:
        return {}
    return dict(zip(patients["patient_id"].to_list(), judge_known(patients, rule.stay_if).to_list(), strict=True))


def _judge_progression(
    course: PatientCourse, *, plan: DosePlan, rule: DrugRule, stays: Mapping[str, bool | None]
) -> Iterator[Judgment]:
    """Judge the first progression: the drug goes on if the condition holds, else where the rule says."""
    day = course.progression_day
    if day is None:
        return
    scans = course.tables["lesion_measurements"]
    row = next((scan["row"] for scan in scans if scan["scan_date_day"] == day), None)
    holds = stays.get(course.patient["patient_id"])
    if has_ended(course, day):
        outcome = Outcome("not applicable", None, ended_words(course))
    elif rule.stay_if is None:
        outcome = _demand_of(course, plan, rule, day)
    elif holds is None:
        unknown = ", ".join(condition_columns(rule.stay_if))
        outcome = Outcome("not assessable", None, f"missing: {unknown}")
    elif holds:
        outcome = _went_on(course, plan, day)
    else:
        outcome = demand(course, plan, rule.else_go or "", day)
    yield _told(rule.id, outcome, "lesion_measurements", row, day, f"progression on day {day}")


def _went_on(course: PatientCourse, plan: DosePlan, day: int) -> Outcome:
    """Say whether the drug went on for longer than the notice, or ended for another reason than progression."""
    last = course.last_dose_day
    if last is None:
        return Outcome("not assessable", None, "the last dose is not recorded")
    if last - day > plan.notice_days:
        return Outcome("kept", None, f"may go on, last dose on day {last}")
    if not course.drug_ended:
        return Outcome("not assessable", None, f"known of until day {course.known_to_day}, still on the drug")
    reason = next((row["sorafenib_end_reason"] for row in course.tables.get("disposition", ())), None)
    if reason is None:
        return Outcome("not assessable", None, f"last dose on day {last}, the reason is not recorded")
    verdict = "broken" if reason == _PROGRESSIVE else "not applicable"
    return Outcome(verdict, None, f"may go on, ended on day {last}: {reason}")


def _judge_procedures(course: PatientCourse, *, plan: DosePlan, rule: DrugRule) -> Iterator[Judgment]:
    for row in course.tables["procedures"]:
        if rule.on.type and row["type"] not in rule.on.type:
            continue
        yield _told(
            rule.id,
            _at_procedure(course, plan, rule, row),
            "procedures",
            row["row"],
            row["date_day"],
            row["type"] or "",
        )


def _at_procedure(course: PatientCourse, plan: DosePlan, rule: DrugRule, row: Row) -> Outcome:
    day = row["date_day"]
    if day is None:
        return Outcome("not assessable", None, "missing: date")
    if day < 0:
        return Outcome("not applicable", None, "before the first dose")
    return _demand_of(course, plan, rule, day)


def _judge_pauses(course: PatientCourse, *, plan: DosePlan, rule: DrugRule) -> Iterator[Judgment]:
    """Judge the pauses of a drug that its protocol does not let be interrupted, or leads elsewhere."""
    for dose in course.doses:
        if dose.mg_per_day == 0:
            lead = rule.go is not None
            outcome = (
                _demand_of(course, plan, rule, dose.end + 1)
                if lead
                else Outcome("broken", None, in_mg(dose.mg_per_day))
            )
            yield _told(
                rule.id, outcome, "exposure", dose.row, dose.start, f"paused from day {dose.start} to {dose.end}"
            )


_JUDGES: Final[Mapping[str, tuple[str, _Judge]]] = {
    "adverse_event": ("adverse_events", _judge_adverse_events),
    "all_adverse_events": ("exposure", judge_return),
    "interruption": ("exposure", _judge_pauses),
    "ecog": ("clinical_scores", _judge_ecog),
    "consent_withdrawn": ("disposition", _judge_consent),
    "progression": ("lesion_measurements", _judge_progression),
    "procedure": ("procedures", _judge_procedures),
}
"""For an event of a rule, the table of its occasions, and its judge."""
