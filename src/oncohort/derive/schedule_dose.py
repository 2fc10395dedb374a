"""The dose that the written protocol has a patient take on a day: the records as events, and the machine's answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from functools import partial

from oncohort.clinical.dose_machine import DoseEvent, DoseStep, run_dose_machine
from oncohort.clinical.dose_policy import DISCONTINUED, INTERRUPTED
from oncohort.derive.adherence_dose import WITHDRAWN, demand_days, missing_facts
from oncohort.derive.advice import UNDETERMINED, Advised, Ground
from oncohort.derive.judgment import condition_columns
from oncohort.derive.patient_course import FOREVER, Dose, PatientCourse, Toxicity, dose_of, possible_days
from oncohort.derive.protocol_policies import (
    STOP,
    ProtocolRule,
    dose_policy,
    drug_rule,
    drug_rules,
    level_words,
    machine_rules,
)
from oncohort.study.protocol import Drug, DrugRule

_START, _CHANGED, _PAUSED, _RESUMED, _REVIEWED, _LATER, _DIED = range(7)
"""The order of the events of one day: a dose that resumes is judged by the adverse events of its day."""


@dataclass(frozen=True, slots=True)
class _Told:
    """An event of a day, in words, with the rule it belongs to and the record that tells it."""

    event: DoseEvent
    place: int
    words: str
    table: str
    row: int | None
    rule: str = ""


@dataclass(frozen=True, slots=True)
class _Run:
    """What the machine makes of the events: the last state, the others it may be, what is missing, and why."""

    state: str
    possible: frozenset[str]
    missing: tuple[str, ...]
    reasons: tuple[tuple[_Told, DoseStep], ...]


def advise_dose(
    course: PatientCourse, name: str, drug: Drug, files: Mapping[str, str], *, day: int, may_go_on: bool | None
) -> Advised:
    """Return the dose that the protocol has the patient take on a day.

    Where an adverse event may not be one of the drug, or may have ended, the machine runs with it and without it; the
    answer is open if the two differ.

    Parameters
    ----------
    course : PatientCourse
        The patient, by the records until the day.
    name : str
        The drug's name in the protocol.
    drug : Drug
        Its levels and rules.
    files : mapping of str to str
        The file of each table.
    day : int
        Days from the first dose.
    may_go_on : bool or None
        Whether the condition holds under which the drug goes on after progression; None where it is not known.

    Raises
    ------
    ProtocolError
        If the machine cannot say what the rules of the drug say.
    """
    policy = dose_policy(name, drug)
    runs: list[_Run] = []
    for worst in (True, False):
        told = [each for each in _events(course, drug, day, may_go_on=may_go_on, worst=worst) if each.event.day <= day]
        told.sort(key=lambda each: (each.event.day, each.place))
        steps = run_dose_machine([each.event for each in told], policy)
        runs.append(_run(list(zip(told, steps, strict=True))))
    possible = tuple(sorted(runs[0].possible | runs[1].possible))
    words = " or ".join(_words(drug, state) for state in possible)
    reasons = dict.fromkeys(reason for run in runs for reason in run.reasons)
    grounds = tuple(dict.fromkeys(_ground(course, name, drug, files, reason) for reason in reasons))
    if len(possible) == 1:
        return Advised("dose", possible[0], words, grounds, (), possible)
    missing = [column for run in runs for fact in run.missing for column in _columns_of(fact, drug)]
    missing += _doubts(course) if runs[0].state != runs[1].state else []
    return Advised("dose", UNDETERMINED, words, grounds, tuple(dict.fromkeys(missing)), possible)


def _events(course: PatientCourse, drug: Drug, day: int, *, may_go_on: bool | None, worst: bool) -> Iterator[_Told]:
    """Yield what happened to the patient, as far as the protocol has a rule for it."""
    events = [event for event in course.toxicities if event.begins.last >= 0 and (worst or event.related)]
    yield _Told(DoseEvent(0, "START"), _START, "first dose", "subjects", course.patient["row"])
    for event in events:
        yield from _of_adverse_event(course, drug, event, worst=worst)
    yield from _of_doses(course, drug, events, worst=worst)
    yield from _of_scores(course, drug)
    yield from _of_disposition(course, drug)
    yield from _of_progression(course, drug, may_go_on=may_go_on)
    for row in course.tables.get("procedures", ()):
        if row["date_day"] == day and _rules_on(drug, "procedure"):
            yield _Told(DoseEvent(day, "LOCAL_THERAPY"), _LATER, row["type"] or "procedure", "procedures", row["row"])
    if course.died:
        yield _Told(DoseEvent(course.known_to_day, "DEATH"), _DIED, "death", "subjects", course.patient["row"])


def _rules_on(drug: Drug, event: str) -> list[DrugRule]:
    return [rule for rule in drug.rule if rule.on.event == event]


def _name(event: Toxicity) -> str:
    return event.ae_id or f"adverse event of row {event.row}"


def _last_day(event: Toxicity, *, worst: bool) -> int:
    return event.ends.last if worst else event.ends.first


def _of_adverse_event(course: PatientCourse, drug: Drug, event: Toxicity, *, worst: bool) -> Iterator[_Told]:
    """Yield the beginning of an adverse event, the day after its end, and an action that ends the drug."""
    tell = partial(_Told, table="adverse_events", row=event.row)
    name, begun, last = _name(event), event.begins.first, _last_day(event, worst=worst)
    words = f"{name} grade {event.grade or 'not recorded'}"
    yield tell(_graded(event, begun, event.grade, dose_of(course, begun)), _CHANGED, words)
    if last < FOREVER:
        yield tell(_graded(event, last + 1, 0, dose_of(course, last)), _CHANGED, f"{name} over")
    for rule in _rules_on(drug, "adverse_event"):
        facts = missing_facts(event, rule)
        if rule.go == STOP and facts is not None and set(facts) <= {"related"}:
            decided = demand_days(course, event, rule).first
            yield tell(DoseEvent(decided, "AE_TERMINATE"), _LATER, f"{name} ends the drug", rule=rule.id)


def _graded(event: Toxicity, day: int, grade: int | None, dose: Dose | None) -> DoseEvent:
    """Return a grade of an adverse event, with what is said of the dose that is, or is not, tolerated."""
    return DoseEvent(day, "AE", ae=_name(event), grade=grade, tolerated=dose.tolerated if dose else None)


def _of_doses(course: PatientCourse, drug: Drug, events: Sequence[Toxicity], *, worst: bool) -> Iterator[_Told]:
    """Yield pauses and their ends, where the protocol lets the drug pause; and each new dose that may be tolerated.

    With a new dose that is no raise the last adverse event that began before it is given again, since the machine asks
    whether a dose is tolerated with adverse events only. When an event ends, the dose until then is what counts.
    """
    may_pause = any(rule.allowed for rule in _rules_on(drug, "interruption"))
    paused, before = False, Fraction(0)
    for dose in course.doses:
        tell = partial(_Told, table="exposure", row=dose.row)
        given = dose.mg_per_day
        if given is None:
            continue
        if may_pause and (given == 0) != paused:
            paused = not paused
            kind, place, words = ("INTERRUPT", _PAUSED, "pause") if paused else ("RESUME", _RESUMED, "end of a pause")
            yield tell(DoseEvent(dose.start, kind), place, words)
        begun = [event for event in events if event.begins.first < dose.start]
        if begun and dose.start > 0 and given and (before == 0 or given <= before):
            latest = max(begun, key=lambda event: (event.begins.first, event.row))
            grade = latest.grade if _last_day(latest, worst=worst) >= dose.start else 0
            yield tell(_graded(latest, dose.start, grade, dose), _REVIEWED, f"new dose, {_name(latest)} reviewed")
        before = given


def _of_scores(course: PatientCourse, drug: Drug) -> Iterator[_Told]:
    rules = [rule.id for rule in _rules_on(drug, "ecog")]
    for row in course.tables.get("clinical_scores", ()):
        day, ecog = row["date_day"], row["ecog"]
        if rules and day is not None and day >= 0 and ecog is not None:
            yield _Told(
                DoseEvent(day, "ECOG", ecog=ecog), _LATER, f"ECOG {ecog}", "clinical_scores", row["row"], rules[0]
            )


def _of_disposition(course: PatientCourse, drug: Drug) -> Iterator[_Told]:
    rules = [rule.id for rule in _rules_on(drug, "consent_withdrawn")]
    for row in course.tables.get("disposition", ()):
        days = possible_days(row["date"], course.anchor)
        if rules and days is not None and row["sorafenib_end_reason"] == WITHDRAWN:
            event = DoseEvent(max(days.first, 0), "CONSENT_WITHDRAWN")
            yield _Told(event, _LATER, "consent withdrawn", "disposition", row["row"], rules[0])


def _of_progression(course: PatientCourse, drug: Drug, *, may_go_on: bool | None) -> Iterator[_Told]:
    day = course.progression_day
    for rule in _rules_on(drug, "progression"):
        if day is None or (rule.stay_if is None and rule.go != STOP):
            continue
        stays = may_go_on if rule.stay_if is not None else False
        scans = course.tables.get("lesion_measurements", ())
        row = next((scan["row"] for scan in scans if scan["scan_date_day"] == day), None)
        event = DoseEvent(day, "PD", good_status=stays, wishes=stays)
        yield _Told(event, _LATER, "progression", "lesion_measurements", row, rule.id)


def _run(told: Sequence[tuple[_Told, DoseStep]]) -> _Run:
    """Return where the machine ends. What it left open stays open until it is asked and answered again."""
    open_: dict[str, tuple[_Told, DoseStep]] = {}
    reasons: list[tuple[_Told, DoseStep]] = []
    state = ""
    for each, step in told:
        kind = "AE" if step.event == "RESUME" else step.event or ""
        if len(step.possible) > 1:
            open_[kind] = (each, step)
        else:
            open_.pop(kind, None)
        if step.state != state:
            state, reasons = step.state, [(each, step)]
            open_ = {} if state == DISCONTINUED else open_
        elif step.rule is not None and len(step.possible) == 1 and each.place != _REVIEWED:
            reasons.append((each, step))
    possible = {state} | {DISCONTINUED for _, step in open_.values() if DISCONTINUED in step.possible}
    if "AE" in open_:
        possible |= set(open_["AE"][1].possible)
    missing = tuple(name for _, step in open_.values() for name in step.missing)
    return _Run(state, frozenset(possible), missing, (*reasons, *open_.values()))


def _words(drug: Drug, state: str) -> str:
    for level in drug.levels:
        if level.id == state:
            return f"{level_words(level)} ({state})"
    return {INTERRUPTED: "no dose (interrupted)", DISCONTINUED: "no dose (the drug has ended)"}.get(state, state)


def _ground(
    course: PatientCourse, name: str, drug: Drug, files: Mapping[str, str], reason: tuple[_Told, DoseStep]
) -> Ground:
    told, step = reason
    rule = _rule(name, drug, told.rule or (machine_rules(drug).get(step.rule, "") if step.rule else ""))
    when = course.anchor + timedelta(days=told.event.day)
    why = f"{told.words}, {when} (day {told.event.day})"
    if len(step.possible) > 1:
        columns = dict.fromkeys(column for fact in step.missing for column in _columns_of(fact, drug))
        why = f"{why}; {', '.join(columns)} not recorded"
    return Ground(rule.id, rule.text, rule.section, why, files.get(told.table, ""), told.row)


def _rule(name: str, drug: Drug, rule_id: str) -> ProtocolRule:
    """Return a rule of the drug in the words of the protocol; nothing where no rule decided."""
    listed = drug_rules(name, drug)
    if rule_id in listed:
        return listed[rule_id]
    found = next((rule for rule in drug.rule if rule.id == rule_id), None)
    return ProtocolRule("", "", "") if found is None else drug_rule(name, found)


def _columns_of(fact: str, drug: Drug) -> tuple[str, ...]:
    """Return the columns of the records that a fact of the machine comes from."""
    if fact in {"good_status", "wishes"}:
        conditions = [rule.stay_if for rule in _rules_on(drug, "progression") if rule.stay_if is not None]
        return tuple(column for condition in conditions for column in condition_columns(condition))
    return ("exposure.well_tolerated",) if fact == "tolerated" else (fact,)


def _doubts(course: PatientCourse) -> list[str]:
    """Return what is not known of the adverse events with which and without which the machine ran."""
    related = [f"related of {_name(event)}" for event in course.toxicities if event.related is None]
    ends = [event for event in course.toxicities if event.ends.first < event.ends.last]
    return related + [f"end_date of {_name(event)}" for event in ends]
