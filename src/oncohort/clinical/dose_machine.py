"""The dose machine: which dose a drug has after each event by its protocol, and which rule says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Final, get_args

from oncohort.clinical.dose_policy import (
    BEFORE_PAUSE,
    DISCONTINUED,
    FACTS,
    INTERRUPTED,
    NOT_STARTED,
    SAME,
    SORAFENIB_2010,
    SORAFENIB_RULE,
    Action,
    DoseLevel,
    DosePolicy,
    EventKind,
    Fact,
    RuleId,
    Transition,
    mg_per_day,
    transitions,
)
from oncohort.clinical.rule import Rule
from oncohort.errors import DataError

__all__ = [
    "RULES",
    "SORAFENIB_2010",
    "DoseEvent",
    "DoseLevel",
    "DosePolicy",
    "DoseStep",
    "advise",
    "mg_per_day",
    "run_dose_machine",
    "transitions",
]


@dataclass(frozen=True, slots=True)
class DoseEvent:
    """What happened on a day, as far as it matters to the dose.

    Attributes
    ----------
    day : int
        Days since the first dose, which is day 0.
    kind : str
        START, AE (a new grade of a drug-related adverse event; 0: it is gone), INTERRUPT, RESUME, AE_TERMINATE, ECOG,
        CONSENT_WITHDRAWN, PD, LOCAL_THERAPY or DEATH.
    ae : str or None
        Which adverse event, by its id or term: a later AE of the same name replaces its grade.
    grade : int or None
        Grade of the adverse event, 0 to 5.
    tolerated : bool or None
        Whether the dose is well tolerated; what one event of a day says holds for all of that day, and No goes before
        Yes.
    ecog : int or None
        ECOG performance status of the event ECOG, 0 to 5.
    good_status, wishes : bool or None
        At PD: whether the clinical status is good, and whether the patient wishes to continue.
    """

    day: int
    kind: EventKind
    ae: str | None = None
    grade: int | None = None
    tolerated: bool | None = None
    ecog: int | None = None
    good_status: bool | None = None
    wishes: bool | None = None


@dataclass(frozen=True, slots=True)
class DoseStep:
    """The dose after an event.

    Attributes
    ----------
    day, event
        Day and kind of the event; the kind is None where nothing has happened yet.
    state : str
        Id of the dose level, or NOT_STARTED, INTERRUPTED, DISCONTINUED.
    mg_per_day : Fraction
        Daily dose of that state.
    reason : str
        Why the drug ended, IGNORED for an event after its end, else empty.
    action : str
        What the event does to the dose, in the words of SDTM AEACN.
    rule : str or None
        Id of the rule that decided; None where no rule asks for a change.
    why : str
        The rule with its short text, or what is not known.
    missing, possible : tuple of str
        Which inputs are missing, and the states they allow; where that is more than one, the state is left as it was.
    """

    day: int
    event: EventKind | None
    state: str
    mg_per_day: Fraction
    reason: str
    action: Action
    rule: RuleId | None
    why: str
    missing: tuple[str, ...]
    possible: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Course:
    """Where a patient stands: state, its first day, the state before an interruption, grades of adverse events."""

    state: str
    since_day: int
    before_pause: str
    grades: Mapping[str, int | None]


def run_dose_machine(events: Sequence[DoseEvent], policy: DosePolicy) -> tuple[DoseStep, ...]:
    """Return the dose after each event, as the protocol has it.

    The machine says what the written protocol asks for, not what a patient should get. Adverse events that are not
    related to the drug are left out by the caller; those before the first dose are not counted. What is missing is
    never taken as good or bad: where it could change the dose, the state stays as it was and the step says so; give
    the event again when it is known.

    Parameters
    ----------
    events : sequence of DoseEvent
        Of one patient, in the order of their days.
    policy : DosePolicy
        The protocol, `SORAFENIB_2010` for the paper's.

    Returns
    -------
    tuple of DoseStep
        One for each event.

    Raises
    ------
    DataError
        If days go backwards, a kind is unknown, an adverse event has no name, or a grade or an ECOG status is not 0
        to 5.

    Examples
    --------
    >>> hfsr = [DoseEvent(0, "START"), DoseEvent(20, "AE", ae="HFSR", grade=3)]
    >>> for step in run_dose_machine([*hfsr, DoseEvent(30, "AE", ae="HFSR", grade=2, tolerated=True)], SORAFENIB_2010):
    ...     print(step.day, step.state, step.mg_per_day, step.why)
    0 FULL 800 DOSE-START: starts at 400 mg twice daily
    20 REDUCED 400 DOSE-REDUCE: 200 mg twice daily at grade 3 or 4
    30 FULL 800 DOSE-RETURN: back to 400 mg twice daily at grade 2 or below, well tolerated
    >>> run_dose_machine([*hfsr, DoseEvent(30, "AE", ae="HFSR", grade=2)], SORAFENIB_2010)[-1].why
    'tolerated missing: FULL or REDUCED; stays REDUCED'

    References
    ----------
    The reproduced paper, Methods, sorafenib administration; rule book, page ``sorafenib_dose``.
    """
    for event in events:
        _check(event)
    for before, after in pairwise(events):
        if after.day < before.day:
            raise DataError(f"day {after.day} follows day {before.day}; dose events in the order of days were expected")
    rows, tolerated = transitions(policy), _tolerance(events)
    course, steps = _Course(NOT_STARTED, 0, NOT_STARTED, {}), list[DoseStep]()
    for event in events:
        course, step = _advance(course, replace(event, tolerated=tolerated[event.day]), policy, rows)
        steps.append(step)
    return tuple(steps)


def advise(events: Sequence[DoseEvent], policy: DosePolicy, *, day: int) -> DoseStep:
    """Return what the protocol has a patient take on a day: the step after the last event until then.

    Parameters
    ----------
    events : sequence of DoseEvent
        Of one patient, in the order of their days; those after the day are not read.
    policy : DosePolicy
        The protocol.
    day : int
        Days since the first dose; events of the day itself count.

    Returns
    -------
    DoseStep
        With the day of its event; where there is none yet, the asked day and NOT_STARTED.

    Raises
    ------
    DataError
        As `run_dose_machine`.

    Examples
    --------
    >>> events = [DoseEvent(0, "START"), DoseEvent(60, "PD", good_status=True, wishes=False)]
    >>> [advise(events, SORAFENIB_2010, day=day).state for day in (-1, 59, 60, 400)]
    ['NOT_STARTED', 'FULL', 'DISCONTINUED', 'DISCONTINUED']
    """
    steps = run_dose_machine([event for event in events if event.day <= day], policy)
    if steps:
        return steps[-1]
    why = "nothing is recorded until this day"
    return DoseStep(day, None, NOT_STARTED, Fraction(0), "", "NOT APPLICABLE", None, why, (), (NOT_STARTED,))


def _check(event: DoseEvent) -> None:
    if event.kind not in get_args(EventKind):
        raise DataError(
            f'day {event.day}: "{event.kind}" is no dose event; one of {", ".join(get_args(EventKind))} was expected'
        )
    if event.kind == "AE" and not event.ae:
        raise DataError(f"day {event.day}: an adverse event has no name; its id or term was expected")
    for name, number in (("grade", event.grade), ("ECOG", event.ecog)):
        if number is not None and number not in range(6):
            raise DataError(f"day {event.day}: {name} {number} was given; 0 to 5 was expected")


def _tolerance(events: Sequence[DoseEvent]) -> dict[int, bool | None]:
    """Return what each day says about tolerance."""
    said = {event.day: [other.tolerated for other in events if other.day == event.day] for event in events}
    return {day: False if False in words else (True if True in words else None) for day, words in said.items()}


def _advance(
    course: _Course, event: DoseEvent, policy: DosePolicy, rows: Sequence[Transition]
) -> tuple[_Course, DoseStep]:
    """Return where the patient stands after an event, and the step."""
    if course.state == DISCONTINUED:
        return course, _step(event, policy, course.state, _no_row(event, "the drug has ended before", "IGNORED"))
    if event.kind == "AE" and event.ae and course.state != NOT_STARTED:
        course = replace(course, grades={**course.grades, event.ae: event.grade})
    facts = _facts(event, course)
    chosen = _rows_that_may_hold(course.state, event, rows, facts)
    goals = {_goal(row, course): row for row in chosen}
    missing = tuple(dict.fromkeys(name for row in chosen for name in _missing(row, event, facts, course)))
    if len(goals) > 1:
        return course, _undecided(event, policy, course.state, missing, tuple(sorted(goals)))
    ((state, row),) = goals.items()
    step = _step(event, policy, state, row, missing)
    if row.rule == "DOSE-REDUCE" and row.go == SAME and event.day - course.since_day > policy.flag_after_days:
        step = replace(step, why=f"{step.why}; since day {course.since_day}, more than {policy.flag_after_days} days")
    return _moved(course, state, event.day), step


def _moved(course: _Course, state: str, day: int) -> _Course:
    if state == course.state:
        return course
    return replace(
        course, state=state, since_day=day, before_pause=course.state if state == INTERRUPTED else NOT_STARTED
    )


def _facts(event: DoseEvent, course: _Course) -> dict[Fact, tuple[int, ...]]:
    """Return every value that each fact may have: one where it is known."""
    given: dict[Fact, int | None] = {
        "grade": event.grade,
        "tolerated": event.tolerated,
        "ecog": event.ecog,
        "good_status": event.good_status,
        "wishes": event.wishes,
    }
    facts: dict[Fact, tuple[int, ...]] = {
        fact: FACTS[fact] if value is None else (value,) for fact, value in given.items()
    }
    worst = max((grade for grade in course.grades.values() if grade is not None), default=0)
    unknown = None in course.grades.values()
    facts["worst_grade"] = tuple(grade for grade in FACTS["worst_grade"] if grade >= worst) if unknown else (worst,)
    return facts


def _rows_that_may_hold(
    state: str, event: DoseEvent, rows: Sequence[Transition], facts: Mapping[Fact, tuple[int, ...]]
) -> list[Transition]:
    """Return the rows that what is missing still allows, up to the first that holds for certain."""
    found: list[Transition] = []
    for row in rows:
        if row.on != event.kind or state not in row.states:
            continue
        if all(any(value in guard.among for value in facts[guard.fact]) for guard in row.guards):
            found.append(row)
            if all(value in guard.among for guard in row.guards for value in facts[guard.fact]):
                return found
    if state == NOT_STARTED:
        return [*found, _no_row(event, "the drug has not started")]
    return [*found, Transition((), event.kind, (), SAME, None, "no rule asks for a change")]


def _no_row(event: DoseEvent, why: str, reason: str = "") -> Transition:
    """Return the row of an event while the drug is not taken at all."""
    return Transition((), event.kind, (), SAME, None, why, "NOT APPLICABLE", reason)


def _goal(row: Transition, course: _Course) -> str:
    return {SAME: course.state, BEFORE_PAUSE: course.before_pause}.get(row.go, row.go)


def _missing(
    row: Transition, event: DoseEvent, facts: Mapping[Fact, tuple[int, ...]], course: _Course
) -> Iterator[str]:
    """Yield the missing inputs that a row asks for."""
    for guard in row.guards:
        if len(facts[guard.fact]) == 1:
            continue
        if guard.fact == "grade":
            yield f"grade of {event.ae}"
        elif guard.fact == "worst_grade":
            yield from (f"grade of {name}" for name, grade in course.grades.items() if grade is None)
        else:
            yield guard.fact


def _step(event: DoseEvent, policy: DosePolicy, state: str, row: Transition, missing: tuple[str, ...] = ()) -> DoseStep:
    why = f"{row.rule}: {row.text}" if row.rule else row.text
    dose = mg_per_day(policy, state)
    return DoseStep(event.day, event.kind, state, dose, row.reason, row.action, row.rule, why, missing, (state,))


def _undecided(
    event: DoseEvent, policy: DosePolicy, state: str, missing: tuple[str, ...], possible: tuple[str, ...]
) -> DoseStep:
    why = f"{', '.join(missing)} missing: {' or '.join(possible)}; stays {state}"
    dose = mg_per_day(policy, state)
    return DoseStep(event.day, event.kind, state, dose, "", "DOSE NOT CHANGED", None, why, missing, possible)


RULES: Final[tuple[Rule, ...]] = (SORAFENIB_RULE,)
