"""What became of a demand on a dose: a level, a stop, or no change, asked for on a day, against what was given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from oncohort.clinical.exact import exact, in_decimals
from oncohort.clinical.procedure_deviations import Verdict
from oncohort.derive.patient_course import Days, Dose, PatientCourse, dose_of, dose_on, has_ended
from oncohort.derive.protocol_policies import SAME, STOP
from oncohort.study.protocol import Drug


@dataclass(frozen=True, slots=True)
class DosePlan:
    """What a protocol says of the doses of a drug.

    ``mg_per_day`` has the dose of each level; a change that is asked for must follow within ``notice_days``;
    ``may_pause`` says whether a pause may stand for a lower level.
    """

    mg_per_day: Mapping[str, Fraction]
    start: str
    notice_days: int
    may_pause: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a demand: the verdict, after how many days it was met, in words what was given, and since when."""

    verdict: Verdict
    days_late: int | None
    value: str
    met_day: int | None = None


def dose_plan(drug: Drug) -> DosePlan:
    """Return the doses of a drug by its protocol."""
    return DosePlan(
        mg_per_day={level.id: exact(level.dose_mg) * exact(level.times_per_day) for level in drug.levels},
        start=drug.start,
        notice_days=drug.notice_days,
        may_pause=any(rule.on.event == "interruption" and rule.allowed is True for rule in drug.rule),
    )


def demand(course: PatientCourse, plan: DosePlan, goal: str, day: int) -> Outcome:
    """Say whether a goal asked for on a day was met in time.

    Parameters
    ----------
    course : PatientCourse
        The patient.
    plan : DosePlan
        The doses of the protocol.
    goal : str
        A level: its dose, as mg a day, must be given from a day within the notice on. STOP: no dose after the notice.
        same: no pause on the day or from the next day on, and no lower dose from the day on; a change for an adverse
        event, or a pause that began before the notice, has other reasons and is not judged; where no reason is
        recorded it cannot be.
    day : int
        Day of the demand, from the first dose.

    Returns
    -------
    Outcome
        Not applicable where the drug had ended; not assessable where a dose is not recorded, or the patient was not
        followed until the end of the notice.
    """
    if goal == STOP:
        return _stop(course, plan, day)
    return _same(course, plan, day) if goal == SAME else _level(course, plan, goal, day)


def on_any(days: Days, judge: Callable[[int], Outcome]) -> Outcome:
    """Judge a demand whose day is known by its first and last possible day only: undecided where they differ."""
    first = judge(days.first)
    if days.first == days.last:
        return first
    last = judge(days.last)
    if first.verdict != last.verdict:
        return Outcome("not assessable", None, f"its day is not known, first possible day {days.first}; {first.value}")
    return first if first.days_late == last.days_late else replace(first, days_late=None)


def lowers(plan: DosePlan, goal: str) -> bool:
    """Return whether a goal is a level below the first one."""
    return goal in plan.mg_per_day and plan.mg_per_day[goal] < plan.mg_per_day[plan.start]


def in_mg(dose: Fraction) -> str:
    """Write a daily dose.

    Examples
    --------
    >>> in_mg(Fraction(400)), in_mg(Fraction(0))
    ('400 mg a day', 'a pause')
    """
    return f"{in_decimals(dose)} mg a day" if dose else "a pause"


def ended_words(course: PatientCourse) -> str:
    """Say when the drug ended."""
    return f"the drug had ended on day {course.last_dose_day}"


def _level(course: PatientCourse, plan: DosePlan, goal: str, day: int) -> Outcome:
    wanted = {plan.mg_per_day[goal]} | ({Fraction(0)} if plan.may_pause and lowers(plan, goal) else set[Fraction]())
    for later in range(day, day + plan.notice_days + 1):
        if has_ended(course, later):
            return Outcome("not applicable", None, ended_words(course))
        dose = dose_on(course, later)
        if dose is None:
            return Outcome("not assessable", None, f"the dose of day {later} is not recorded")
        if dose in wanted:
            return Outcome("kept", later - day, f"{in_mg(dose)} on day {later}", later)
    given = in_mg(dose_on(course, day) or Fraction(0))
    met = [dose.start for dose in course.doses if dose.mg_per_day in wanted and dose.start > day]
    until = f"until day {met[0] - 1}" if met else "and no change"
    return Outcome("broken", met[0] - day if met else None, f"{given} on day {day} {until}")


def _stop(course: PatientCourse, plan: DosePlan, day: int) -> Outcome:
    last = course.last_dose_day
    if last is None:
        return Outcome("not assessable", None, "the last dose is not recorded")
    if last - day > plan.notice_days:
        return Outcome("broken", last - day, f"last dose on day {last}")
    if not course.drug_ended:
        return Outcome("not assessable", None, f"known of until day {course.known_to_day}, still on the drug")
    return Outcome("kept", max(0, last - day), f"last dose on day {last}", last)


def _same(course: PatientCourse, plan: DosePlan, day: int) -> Outcome:
    if has_ended(course, day):
        return Outcome("not applicable", None, ended_words(course))
    given = dose_on(course, day)
    if given is None:
        return Outcome("not assessable", None, f"the dose of day {day} is not recorded")
    change = _change_at(course, day)
    if change is None:
        return Outcome("kept", None, f"{in_mg(given)} on day {day}", day)
    return _changed(change, plan, day)


def _changed(change: Dose, plan: DosePlan, day: int) -> Outcome:
    """Judge a pause or a lower dose at a day on which the dose should have stayed, by its reason and its beginning."""
    said = f"{in_mg(change.mg_per_day or Fraction(0))} from day {change.start}"
    if change.reason == "AE":
        return Outcome("not applicable", None, f"{said}, for an adverse event")
    if day - change.start > plan.notice_days:
        return Outcome("not applicable", None, f"{said}, long before")
    if change.reason is None:
        return Outcome("not assessable", None, f"{said}; missing: adjust_reason")
    return Outcome("broken", None, said)


def _change_at(course: PatientCourse, day: int) -> Dose | None:
    """Return the pause that a day lies in or the next one begins with, or the lower dose that begins on it."""
    now, following = dose_of(course, day), dose_of(course, day + 1)
    if now is not None and now.mg_per_day == 0:
        return now
    before = dose_on(course, day - 1)
    if now is not None and now.start == day and before is not None and (now.mg_per_day or 0) < before:
        return now
    if following is not None and following.mg_per_day == 0 and not has_ended(course, day + 1):
        return following
    return None
