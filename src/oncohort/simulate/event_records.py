"""Adverse events as rows."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Final

from oncohort.simulate.course_facts import Facts
from oncohort.simulate.event_plan import EventPlan
from oncohort.simulate.events import Event, EventKey
from oncohort.simulate.rows import Row, row_of
from oncohort.simulate.study_plan import StudyPlan

_SERIOUS_FROM: Final = 4
_DEATH: Final = 5


def name_events(planned: EventPlan) -> dict[EventKey, str]:
    """Return the id of each event by its key: AE01 is the first."""
    return {event.key: f"AE{place:02d}" for place, event in enumerate(planned.events, start=1)}


def event_rows(
    facts: Facts, plan: StudyPlan, planned: EventPlan, ae_ids: Mapping[EventKey, str], rng: Random
) -> list[Row]:
    """Return ``adverse_events``, a row an event, in the order of their beginning."""
    return [
        row_of(
            facts.patient_id,
            ae_id=ae_ids[event.key],
            term=event.term,
            category=event.category,
            ctcae_version=plan.version,
            grade=event.grade,
            start_date=facts.on(event.start),
            end_date=None if event.end is None else facts.on(event.end),
            related=event.related,
            serious=_serious(event, planned, rng),
            action=event.action,
            outcome=_outcome(event),
        )
        for event in planned.events
    ]


def _serious(event: Event, planned: EventPlan, rng: Random) -> str:
    severe = event.grade >= _SERIOUS_FROM or event.key == planned.early
    return "Y" if severe or (event.grade == _SERIOUS_FROM - 1 and rng.random() < 0.25) else "N"


def _outcome(event: Event) -> str:
    if event.grade == _DEATH:
        return "FATAL"
    return "NOT RECOVERED/NOT RESOLVED" if event.end is None else "RECOVERED/RESOLVED"
