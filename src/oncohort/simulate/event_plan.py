"""When the adverse events of the outline happen, and what they do to the dose: they end it, change it, or do not."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from oncohort.derive.exposure import REASON_CATEGORY
from oncohort.errors import DataError
from oncohort.simulate.course_facts import Facts
from oncohort.simulate.event_terms import habit_of
from oncohort.simulate.events import Episode, Event, EventKey, Writing
from oncohort.simulate.rows import Planted
from oncohort.simulate.script import Script
from oncohort.simulate.severe_events import place_not_reduced, place_reduced
from oncohort.simulate.study_plan import StudyPlan


@dataclass(frozen=True, slots=True)
class EventPlan:
    """The adverse events of a patient in order of time, the days off the full dose, and what is broken by them.

    ``early`` is the key of the event that ended the drug early, None where none did.
    """

    events: tuple[Event, ...]
    episodes: tuple[Episode, ...]
    early: EventKey | None
    planted: tuple[Planted, ...]


_DEATH: Final = 5
_PAUSE_SHARE: Final = 0.12
_PAUSED_FOR: Final = frozenset({"DIARRHEA", "HYPERTENSION", "RASH", "HAND-FOOT SKIN REACTION", "FATIGUE"})


def plan_events(
    facts: Facts, plan: StudyPlan, script: Script, rng: Random, *, session_days: Collection[int]
) -> EventPlan:
    """Return the adverse events of a patient and what they do to the dose.

    Parameters
    ----------
    facts : Facts
        The patient.
    plan : StudyPlan
        The protocol.
    script : Script
        May ask for a dose that is reduced, or raised, too late.
    rng : Random
        The patient's own stream.
    session_days : collection of int
        Days of local therapy, on which no dose is lowered for no event.

    Raises
    ------
    DataError
        If the drug ends early for a reason of which the outline has no adverse event, a term does not have its grade,
        or there is no day for an event.
    """
    writing = Writing(facts, plan, rng)
    early = _early_event(writing)
    others = [term for term in facts.course.worst_grades if early is None or term != early.term]
    severe = [term for term in others if facts.course.worst_grades[term] in plan.dose.reduce_at]
    until = facts.last_dose if early is None else early.start - 1
    if facts.course.dose_reduced:
        placed = place_reduced(writing, severe, until, busy=session_days, wishes=script.deviations)
    else:
        placed = place_not_reduced(writing, severe, until)
    mild = [_mild_event(writing, term) for term in others if term not in severe]
    mild, pauses = _with_pause(writing, mild, placed.episodes, until)
    every = [*placed.events, *mild] + ([] if early is None else [early])
    return EventPlan(
        events=tuple(sorted(every, key=lambda event: event.key)),
        episodes=tuple(sorted([*placed.episodes, *pauses], key=lambda episode: episode.first)),
        early=None if early is None else early.key,
        planted=(*placed.planted, *_not_in_time(facts, plan, early)),
    )


def _early_event(writing: Writing) -> Event | None:
    """Return the event that ends the drug early: so near its end that no lower dose comes before it."""
    facts, rng, notice = writing.facts, writing.rng, writing.plan.dose.notice_days
    reason, grades = facts.course.early_stop, facts.course.worst_grades
    if not reason:
        return None
    category = REASON_CATEGORY.get(reason)
    named = [term for term in grades if term.casefold() == reason.casefold()]
    fitting = [term for term in grades if habit_of(term).category == category]
    term = next(iter((*named, *sorted(fitting, key=lambda term: (-grades[term], term)))), None)
    if term is None:
        raise DataError(
            f'{facts.patient_id}: the drug ends early for "{reason}", and no adverse event of the outline is one'
        )
    if notice:
        start = max(1, facts.last_dose - rng.randint(0, min(4, notice - 1)))
    else:  # the dose must be lower at once: the event begins when the drug has ended
        start = min(facts.last_dose + 1, facts.known_to)
    return writing.event(term, start, start + rng.randint(*habit_of(term).lasts_days) + 5, "DRUG WITHDRAWN")


def _not_in_time(facts: Facts, plan: StudyPlan, early: Event | None) -> Iterator[Planted]:
    """Yield the rule that is broken where the dose should have been lower on the very day that ended the drug."""
    if early is None or early.grade not in plan.dose.reduce_at:
        return
    if early.start + plan.dose.notice_days <= facts.last_dose:
        reason = f"the full dose was kept until {early.term} ended the drug"
        yield Planted(facts.patient_id, plan.dose.reduce_rule, early.start, "broken", reason)


def _mild_event(writing: Writing, term: str) -> Event:
    """Return an event that changes no dose; one of grade 5 begins shortly before death."""
    facts, rng, habit = writing.facts, writing.rng, habit_of(term)
    if facts.course.worst_grades[term] == _DEATH:
        if not facts.course.died:
            raise DataError(f"{facts.patient_id}: {term} has grade 5, and the patient lives")
        start = max(1, min(facts.known_to - rng.randint(0, 6), facts.last_dose + writing.plan.event_days))
        return writing.event(term, start, None, "DOSE NOT CHANGED")
    latest = max(1, min(habit.onset_days[1], facts.last_dose, facts.alive_to))
    start = rng.randint(min(habit.onset_days[0], latest), latest)
    return writing.event(term, start, start + rng.randint(*habit.lasts_days) - 1, "DOSE NOT CHANGED")


def _with_pause(
    writing: Writing, mild: Sequence[Event], episodes: Sequence[Episode], until: int
) -> tuple[list[Event], list[Episode]]:
    """Let a few patients pause the drug for an event of grade 2, away from other days off the full dose."""
    for place, event in enumerate(mild):
        fits = event.grade == 2 and event.term in _PAUSED_FOR and writing.plan.dose.may_pause
        if not fits or event.end is None or writing.rng.random() > _PAUSE_SHARE:
            continue
        first = event.start + 2
        back = first + writing.rng.randint(3, 7)
        if back <= min(event.end, until - 2) and all(_is_apart(first, back, other) for other in episodes):
            changed = replace(event, action="DRUG INTERRUPTED")
            return [*mild[:place], changed, *mild[place + 1 :]], [Episode(first, back, paused=True, event=event.key)]
    return list(mild), []


def _is_apart(first: int, back: int, other: Episode) -> bool:
    return back + 2 <= other.first or (other.back is not None and other.back + 2 <= first)
