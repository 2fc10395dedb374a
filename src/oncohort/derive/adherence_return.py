"""Whether a lowered dose went back when the protocol asked for it, and not before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import groupby

from oncohort.clinical.procedure_deviations import Verdict
from oncohort.derive.dose_demand import DosePlan, in_mg
from oncohort.derive.judgment import Judgment
from oncohort.derive.patient_course import Dose, PatientCourse, dose_of, dose_on, is_active
from oncohort.study.protocol import DrugRule


@dataclass(frozen=True, slots=True)
class _Asked:
    """Whether a rule asks for the higher dose on a day (None: not known), and what is missing or stands against it."""

    holds: bool | None
    missing: tuple[str, ...]
    not_tolerated: bool


@dataclass(frozen=True, slots=True)
class _Run:
    """Days on end at the lower dose, and whether the day after them has the higher one."""

    start: int
    end: int
    raised: bool


def judge_return(course: PatientCourse, *, plan: DosePlan, rule: DrugRule) -> Iterator[Judgment]:
    """Judge every time at a lower level by a rule that leads back from it.

    The rule asks for its level on each day on which every adverse event of the drug has one of its grades and the
    lower dose is tolerated as it says (the record of that dose says so). Days on end on which it asks are one
    occasion, and the level must be given within the notice. An adverse event that ends on a day is gone on the next.
    What raises the dose while an adverse event forbids it is a matter of the rule that lowered it; what raises it
    although the lower one was not tolerated is broken here.

    Parameters
    ----------
    course : PatientCourse
        The patient.
    plan : DosePlan
        The doses of the protocol.
    rule : DrugRule
        A rule that waits for ``all_adverse_events`` and goes to a level.
    """
    levels = [rule.on.state] if rule.on.state else [level for level in plan.mg_per_day if level != rule.go]
    lower = {plan.mg_per_day[level] for level in levels}
    goal = plan.mg_per_day[rule.go or plan.start]
    for run in _runs(course, lower, goal):
        days = range(run.start, run.end + 1 + run.raised)
        asked = {day: _asked(course, rule, day, dose_of(course, min(day, run.end))) for day in days}
        for refused, stretch in groupby(days, key=lambda day: asked[day].holds is False):
            if not refused:
                yield _judge_stretch(course, plan, rule, run, {day: asked[day] for day in stretch})
        final = asked[days[-1]]
        if run.raised and final.not_tolerated:
            said = f"{in_mg(goal)} from day {days[-1]}, the lower dose not tolerated as asked"
            yield _judgment(course, rule, "broken", day=days[-1], days_late=None, value=said)


def _runs(course: PatientCourse, lower: set[Fraction], goal: Fraction) -> Iterator[_Run]:
    """Yield the days on end at a lower dose, records that follow each other as one."""
    spans: list[list[int]] = []
    for dose in course.doses:
        end = min(dose.end, course.last_dose_day) if course.drug_ended and course.last_dose_day else dose.end
        if dose.mg_per_day not in lower or end < dose.start:
            continue
        if spans and dose.start <= spans[-1][1] + 1:
            spans[-1][1] = max(end, spans[-1][1])
        else:
            spans.append([dose.start, end])
    for start, end in spans:
        yield _Run(start, end, dose_on(course, end + 1) == goal)


def _asked(course: PatientCourse, rule: DrugRule, day: int, dose: Dose | None) -> _Asked:
    allowed, wanted = rule.on.grade, rule.on.tolerated
    forbidden, missing = False, list[str]()
    for event in course.toxicities:
        there = is_active(event, day)
        if there is False or not allowed or event.grade in allowed:
            continue
        facts = {"end_date": there, "related": event.related, "grade": event.grade}
        lacking = [f"{name} of {event.ae_id}" for name, fact in facts.items() if fact is None]
        forbidden |= not lacking
        missing += lacking
    tolerated = None if dose is None else dose.tolerated
    if wanted is not None and tolerated is None:
        missing.append("well_tolerated")
    refused = wanted is not None and tolerated is not None and tolerated != wanted
    holds = False if forbidden or refused else None if missing else True
    return _Asked(holds, tuple(missing), refused and not forbidden)


def _judge_stretch(
    course: PatientCourse, plan: DosePlan, rule: DrugRule, run: _Run, asked: Mapping[int, _Asked]
) -> Judgment:
    """Judge days on end on which the rule asks, or may ask, for the higher dose."""
    days = list(asked)
    first, last = days[0], days[-1]
    since = next((day for day in days if asked[day].holds), None)
    missing = f"missing: {', '.join(dict.fromkeys(name for day in days for name in asked[day].missing))}"
    given = in_mg(dose_on(course, run.start) or Fraction(0))
    say = partial(_judgment, course, rule, day=first if since is None else since)
    if run.raised and last == run.end + 1:
        late = None if since is None or not asked[last].holds else last - since
        if late is None or last - first > plan.notice_days >= late:
            return say("not assessable", days_late=None, value=missing)
        return say(
            "kept" if late <= plan.notice_days else "broken", days_late=late, value=f"{given} until day {run.end}"
        )
    if since is not None and last - since >= plan.notice_days:
        return say("broken", days_late=None, value=f"{given} until day {last}, and no return")
    if last - first >= plan.notice_days:
        return say("not assessable", days_late=None, value=missing)
    if last == run.end and dose_on(course, last + 1) is None:
        return say("not assessable", days_late=None, value=f"{given} until day {last}, the last day known of")
    return say("not applicable", days_late=None, value=f"{given} until day {last}, asked for less than the notice")


def _judgment(
    course: PatientCourse, rule: DrugRule, verdict: Verdict, *, day: int, days_late: int | None, value: str
) -> Judgment:
    dose = dose_of(course, day) or dose_of(course, day - 1)
    return Judgment(rule.id, verdict, "exposure", None if dose is None else dose.row, day, days_late, value)
