"""An adverse event, and days off the full dose, as they are planned before records are written."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final, TypeAlias

from oncohort.clinical.ctcae import is_possible_grade
from oncohort.errors import DataError
from oncohort.simulate.course_facts import Facts
from oncohort.simulate.event_terms import habit_of
from oncohort.simulate.study_plan import StudyPlan

EventKey: TypeAlias = tuple[int, str]
"""Beginning and term of an event: what tells it from the other events of its patient."""

_LIKELY: Final = (6, 3, 1)
"""How often the first, the second and the third relation to the drug is recorded, as parts."""


@dataclass(frozen=True, slots=True)
class Event:
    """An adverse event; days from the first dose, ``end`` None where it goes on."""

    term: str
    category: str
    grade: int
    start: int
    end: int | None
    related: str
    action: str

    @property
    def key(self) -> EventKey:
        """What tells the event from the others; in order of time."""
        return self.start, self.term


@dataclass(frozen=True, slots=True)
class Episode:
    """Days off the full dose: from ``first`` until the day before ``back``, or to the end where that is None.

    ``paused`` tells a pause from a lower dose; ``event`` is the key of the adverse event behind it, None where there
    is none.
    """

    first: int
    back: int | None
    paused: bool
    event: EventKey | None
    tolerated: str = "Y"


@dataclass(frozen=True, slots=True)
class Writing:
    """Whose events are planned, by which protocol, from which stream of chance."""

    facts: Facts
    plan: StudyPlan
    rng: Random

    def event(self, term: str, start: int, end: int | None, action: str) -> Event:
        """Return an event of the outline; an end after the follow-up is not known.

        One that cirrhosis may explain is related to the drug with less certainty.

        Raises
        ------
        DataError
            If the term does not have the grade, or the patient lives for no day of treatment.
        """
        grade = self.facts.course.worst_grades[term]
        possible = is_possible_grade(term, grade, self.plan.version)
        if possible.value is False:
            raise DataError(f"{self.facts.patient_id}: {possible.why}")
        if self.facts.alive_to < 1:
            raise DataError(f"{self.facts.patient_id}: {term} has no day until day {self.facts.alive_to}")
        habit = habit_of(term)
        order = ("POSSIBLE", "PROBABLE", "RELATED") if habit.by_cirrhosis else ("RELATED", "PROBABLE", "POSSIBLE")
        allowed = [word for word in order if word in self.plan.dose.attribution] or list(self.plan.dose.attribution)
        related = self.rng.choices(allowed, _LIKELY[: len(allowed)])[0]
        known_end = end if end is not None and end <= self.facts.alive_to else None
        return Event(term, habit.category, grade, start, known_end, related, action)
