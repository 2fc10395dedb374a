"""Where severe events are placed: those whose grade sends the dose to a lower level.

They are met in the first of these ways that the outline allows: the dose is reduced and returns when the event is over;
the drug is paused; the drug ends, for other reasons, before the dose would have to be lower. Where none is possible the
rule is broken.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from oncohort.errors import DataError
from oncohort.simulate.events import Episode, Event, Writing
from oncohort.simulate.rows import Planted
from oncohort.simulate.script import Deviation

LEAST_LOW_DAYS: Final = 7
MOST_LOW_DAYS: Final = 14
"""Days at a lower dose before the full one returns: one to two weeks."""

_BEGINS: Final = 5
_SLOT_DAYS: Final = 26
_WIDEST_SLOT: Final = 70
"""Least and most days that one time at a lower dose takes with what lies around it, where several follow each other."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Events with the days off the full dose that they make, and the rules that are broken by them."""

    events: tuple[Event, ...] = ()
    episodes: tuple[Episode, ...] = ()
    planted: tuple[Planted, ...] = ()


def place_reduced(
    writing: Writing,
    terms: Sequence[str],
    until: int,
    *,
    busy: Collection[int],
    wishes: Collection[Deviation],
) -> Placed:
    """Place severe events of a patient whose dose is reduced, one after the other or, without room, together.

    Parameters
    ----------
    writing : Writing
        The patient.
    terms : sequence of str
        The severe events; empty where the dose is lowered for none.
    until : int
        The last day for it.
    busy : collection of int
        Days of local therapy, on which no dose is lowered without an event.
    wishes : collection of str
        May hold late_reduction or late_return, for the first event, if it stands alone.

    Raises
    ------
    DataError
        If the protocol has no lower level, or there is no day for it.
    """
    facts, dose = writing.facts, writing.plan.dose
    if dose.lower is None:
        raise DataError(f"{facts.patient_id}: the dose is reduced, and the protocol has no lower level")
    if until < 1:
        raise DataError(f"{facts.patient_id}: the dose is reduced, and there is no day for it until day {until}")
    if not terms:
        return _reduced_without_event(writing, until, busy)
    order = sorted(terms)
    writing.rng.shuffle(order)
    room = until - _BEGINS
    groups = [[term] for term in order] if room >= _SLOT_DAYS * len(order) else [order]
    width = min(room // len(groups), _WIDEST_SLOT)
    parts = [
        _lowered(
            writing,
            group,
            (_BEGINS + place * width, _BEGINS + (place + 1) * width, until),
            wishes=wishes if place == 0 and len(group) == 1 else (),
        )
        for place, group in enumerate(groups)
    ]
    return Placed(
        tuple(event for part in parts for event in part.events),
        tuple(episode for part in parts for episode in part.episodes),
        tuple(planted for part in parts for planted in part.planted),
    )


def _lowered(
    writing: Writing, group: Sequence[str], days: tuple[int, int, int], *, wishes: Collection[Deviation]
) -> Placed:
    """Place the events of one time at a lower dose; days are the first, the last, and the last of all."""
    facts, rng, dose = writing.facts, writing.rng, writing.plan.dose
    notice, until = dose.notice_days, days[2]
    wait, lag = rng.randint(0, min(2, notice)), rng.randint(0, min(2, notice))
    low = rng.randint(LEAST_LOW_DAYS, max(LEAST_LOW_DAYS, min(MOST_LOW_DAYS, until - wait - 2)))
    if "late_reduction" in wishes and dose.reduce_rule:
        wait = notice + rng.randint(1, 3)
    elif "late_return" in wishes and dose.return_rule and notice + 3 <= MOST_LOW_DAYS:
        lag, low = notice + rng.randint(1, 2), MOST_LOW_DAYS
    latest = max(1, days[1] - (wait + low + 1))
    start = rng.randint(min(days[0], latest), latest)
    back = start + wait + low
    end = back - 1 - lag if back <= until else None
    first = min(start + wait, until)
    start = min(start, first)
    events = [writing.event(term, start, end, "DOSE REDUCED") for term in group]
    planted: list[Planted] = []
    if first - start > notice:
        reason = f"reduced {first - start} days after {group[0]}"
        planted.append(Planted(facts.patient_id, dose.reduce_rule, start, "broken", reason))
    if end is not None and back - end - 1 > notice:
        reason = f"back at the full dose {back - end - 1} days after recovery"
        planted.append(Planted(facts.patient_id, dose.return_rule, end + 1, "broken", reason))
    episode = Episode(first, None if end is None else back, paused=False, event=events[0].key)
    return Placed(tuple(events), (episode,), tuple(planted))


def _reduced_without_event(writing: Writing, until: int, busy: Collection[int]) -> Placed:
    """Return days at a lower dose for no event: back within the notice, or else not tolerated and never back."""
    notice = writing.plan.dose.notice_days
    first = writing.rng.randint(max(1, until // 4), max(1, until // 2))
    first = next((day for day in range(first, until + 1) if day not in busy), first)
    if notice and first + notice <= until:
        return Placed(episodes=(Episode(first, first + notice, paused=False, event=None),))
    return Placed(episodes=(Episode(first, None, paused=False, event=None, tolerated="N"),))


def place_not_reduced(writing: Writing, terms: Sequence[str], until: int) -> Placed:
    """Place severe events of a patient whose dose is never reduced: in a pause, or just before the drug ends.

    Parameters
    ----------
    writing : Writing
        The patient.
    terms : sequence of str
        The severe events.
    until : int
        The last day for a pause.
    """
    facts, rng, dose = writing.facts, writing.rng, writing.plan.dose
    if not terms:
        return Placed()
    if dose.may_pause and until >= LEAST_LOW_DAYS + 3:
        start = rng.randint(1, max(1, min(until - LEAST_LOW_DAYS - 2, 60)))
        first = start + rng.randint(0, min(1, dose.notice_days))
        back = first + rng.randint(4, LEAST_LOW_DAYS)
        paused = [writing.event(term, start, back - 1, "DRUG INTERRUPTED") for term in terms]
        return Placed(tuple(paused), (Episode(first, back, paused=True, event=paused[0].key),))
    ends = not facts.goes_on and dose.notice_days > 0
    start = max(1, facts.last_dose - rng.randint(0, min(3, dose.notice_days - 1)) if ends else facts.last_dose // 2)
    events = [writing.event(term, start, start + 9, "DOSE NOT CHANGED") for term in terms]
    broken = [] if ends else events
    return Placed(
        tuple(events),
        planted=tuple(
            Planted(facts.patient_id, dose.reduce_rule, start, "broken", f"the full dose was kept after {event.term}")
            for event in broken
        ),
    )
