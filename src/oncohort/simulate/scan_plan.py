"""On which days a patient is scanned, and what each scan shall show, so that the course of the outline follows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from random import Random
from typing import Final

from oncohort.derive.adherence_scans import ScanVisit, scan_visits
from oncohort.errors import DataError
from oncohort.simulate.course_facts import Facts
from oncohort.simulate.outline import Response
from oncohort.simulate.script import Script
from oncohort.simulate.study_plan import StudyPlan

EARLIEST_EXTRA_DAY: Final = 28
"""No scan between the schedule is made before this day."""

LEAST_GAP_DAYS: Final = 5
"""Days between a scan that is added and the next one, and after progression."""


@dataclass(frozen=True, slots=True)
class PlannedScan:
    """A scan: its day, its name in the template, and the overall response that it shall show."""

    day: int
    visit: str
    response: str


@dataclass(frozen=True, slots=True)
class ScanPlan:
    """The scans of a patient in order of time, and the due days of scheduled ones that are made too late."""

    scans: tuple[PlannedScan, ...]
    late: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Slot:
    """Days of which one will be that of a scan; ``due`` is None of a scan between the schedule."""

    first: int
    last: int
    due: int | None

    @property
    def visit(self) -> str:
        return "UNSCHEDULED" if self.due is None else visit_name(self.due)


def visit_name(due: int) -> str:
    """Return the name of a scheduled scan in the template.

    Examples
    --------
    >>> visit_name(56), visit_name(84)
    ('W8', 'W12')
    """
    return f"W{round(due / 7)}"


def plan_scans(facts: Facts, plan: StudyPlan, script: Script, rng: Random) -> ScanPlan:
    """Return the scans of a patient.

    Until progression, or else until the patient is last known of, each scheduled scan lies in its window. Progression
    is seen on its day: on the scheduled scan, or on one between. Where the response needs a scan that the schedule does
    not give, one is added, unless the protocol takes it for a deviation. A patient on the drug past progression is
    scanned on.

    Raises
    ------
    DataError
        If no scan can show the best response before the course ends; it names the patient.
    """
    slots, progression = _slots(facts, plan)
    slots, late = _made_late(slots, facts, plan, script, rng)
    if late and facts.course.best == "PD":
        progression = visit_name(late[0])
    before = _ASSIGNED[facts.course.best](slots, facts, plan, script, rng)
    after = _after_progression(facts, plan, rng)
    seen = [] if facts.progression is None else [PlannedScan(facts.progression, progression, "PD")]
    return ScanPlan((*before, *seen, *after), late)


def _slots(facts: Facts, plan: StudyPlan) -> tuple[list[_Slot], str]:
    """Return the scans before progression, or until the end, and the name of the scan that shows progression."""
    limit = facts.alive_to if facts.progression is None else facts.progression - 1
    slots: list[_Slot] = []
    name = "UNSCHEDULED"
    for visit in scan_visits(plan.imaging, limit + plan.imaging.window_days + 1):
        opens = max(visit.opens, slots[-1].first + 1 if slots else 1)
        if visit.closes <= limit:
            slots.append(_Slot(opens, visit.closes, visit.due))
        elif facts.progression is None and visit.due <= limit:
            slots.append(_Slot(opens, limit, visit.due))
        elif facts.progression is not None and visit.opens <= facts.progression <= visit.closes:
            name = visit_name(visit.due)
    return _ending_at(facts.adequate_to, slots) if facts.adequate_to is not None else slots, name


def _ending_at(day: int, slots: list[_Slot]) -> list[_Slot]:
    """Return the slots with the last evaluable scan on a day: later ones stay, and will show nothing."""
    before = [slot for slot in slots if slot.last < day]
    holding = next((slot for slot in slots if slot.first <= day <= slot.last), None)
    last = [_Slot(day, day, holding.due if holding else None)] if day > 0 else []
    return [*before, *last, *(slot for slot in slots if slot.first > day)]


def _made_late(
    slots: list[_Slot], facts: Facts, plan: StudyPlan, script: Script, rng: Random
) -> tuple[list[_Slot], tuple[int, ...]]:
    """Return the slots with one scan after its window, if the script asks for it and there is room for it."""
    if "late_scan" not in script.deviations:
        return slots, ()
    limit = facts.alive_to if facts.progression is None else facts.progression
    windows = {visit.due: visit for visit in scan_visits(plan.imaging, limit + plan.imaging.every_days)}
    places = [
        place
        for place, slot in enumerate(slots)
        if slot.due is not None and slot.last == windows[slot.due].closes and slot.last + 2 < limit
    ]
    if facts.course.best == "SD_SHORT" or not places:
        return slots, ()
    place = places[0] if facts.course.best == "PD" else rng.choice(places)
    due = slots[place].due or 0
    if facts.course.best == "PD":  # the scan that shows progression is the late one
        return [slot for slot in slots if slot.due != due], (due,)
    visit = windows[due]
    latest = min(visit.closes + 12, visit.opens + plan.imaging.every_days - 1, limit - LEAST_GAP_DAYS)
    if latest <= visit.closes:
        return slots, ()
    slots[place] = _Slot(visit.closes + 1, latest, due)
    return slots, (due,)


def _drawn(slots: Sequence[_Slot], responses: Sequence[str], rng: Random) -> list[PlannedScan]:
    """Return the scans with their days: each in its slot, before the next slot, most of them near the middle."""
    ends = [min(slot.last, after.first - 1) for slot, after in pairwise(slots)] + [slot.last for slot in slots[-1:]]
    return [
        PlannedScan(round(rng.triangular(slot.first, end)) if slot.first < end else slot.first, slot.visit, response)
        for slot, end, response in zip(slots, ends, responses, strict=True)
    ]


def _all_unclear(slots: list[_Slot], facts: Facts, plan: StudyPlan, script: Script, rng: Random) -> list[PlannedScan]:
    """Plan scans that show nothing: progression, if it comes, is the first that is seen."""
    del plan, script
    if (facts.course.best == "PD") != facts.course.progressed:
        raise _infeasible(facts, "that goes with progression only" if facts.course.best == "PD" else "progression")
    return _drawn(slots, ["NE"] * len(slots), rng)


def _stable(slots: list[_Slot], facts: Facts, plan: StudyPlan, script: Script, rng: Random) -> list[PlannedScan]:
    """Plan stable scans, of which one is late enough to count as stable disease."""
    del script
    counts = plan.response.sd_min_days.holds
    place = next(
        (i for i in reversed(range(len(slots))) if _narrowed(slots[i], counts) and _is_clear(slots[i], facts)), None
    )
    if place is None:
        slots = _with_extra(slots, facts, plan, counts)
    else:
        slots[place] = _narrowed(slots[place], counts) or slots[place]
    return _drawn(slots, ["SD" if _is_clear(slot, facts) else "NE" for slot in slots], rng)


def _shortly_stable(
    slots: list[_Slot], facts: Facts, plan: StudyPlan, script: Script, rng: Random
) -> list[PlannedScan]:
    """Plan stable scans that are too early to count, and none that counts."""
    del script
    counts = plan.response.sd_min_days.holds

    def too_early(day: int) -> bool:
        return not counts(day)

    narrowed = [_narrowed(slot, too_early) for slot in slots]
    if not any(narrowed):
        slots = _with_extra(slots, facts, plan, too_early)
        narrowed = [_narrowed(slot, too_early) for slot in slots]
    chosen = [short or slot for short, slot in zip(narrowed, slots, strict=True)]
    return _drawn(chosen, ["SD" if short else "NE" for short in narrowed], rng)


def _responding(slots: list[_Slot], facts: Facts, plan: StudyPlan, script: Script, rng: Random) -> list[PlannedScan]:
    """Plan scans that show a response from one of them on: twice and far enough apart where it must be confirmed."""
    needed = 2 if plan.response.confirm else 1
    while sum(_is_clear(slot, facts) for slot in slots) < needed:
        slots = _with_extra(slots, facts, plan, lambda _: True)
    n_clear = sum(_is_clear(slot, facts) for slot in slots)
    latest = n_clear - needed
    wished = next((i for i, slot in enumerate(slots[:n_clear]) if slot.last >= script.response_day), latest)
    onset = min(wished if script.response_day else rng.choice((0, 1, 1, 2)), latest)
    first = "PR" if facts.course.best == "CR" and onset > 1 else "SD"
    responses = ["SD" if place == 0 else first for place in range(onset)] + [facts.course.best] * (n_clear - onset)
    return _drawn(slots, [*responses, *["NE"] * (len(slots) - n_clear)], rng)


_ASSIGNED: Final[Mapping[Response, Callable[[list[_Slot], Facts, StudyPlan, Script, Random], list[PlannedScan]]]] = {
    "CR": _responding,
    "PR": _responding,
    "SD": _stable,
    "SD_SHORT": _shortly_stable,
    "PD": _all_unclear,
    "NE": _all_unclear,
}
"""For a best response, the function that plans the scans before progression."""


def _is_clear(slot: _Slot, facts: Facts) -> bool:
    """Return whether a scan may show anything: nothing is seen after the last evaluable one."""
    return facts.adequate_to is None or slot.last <= facts.adequate_to


def _narrowed(slot: _Slot, allows: Callable[[int], bool]) -> _Slot | None:
    """Return the slot with those of its days that are allowed, or None where there is none."""
    days = [day for day in range(slot.first, slot.last + 1) if allows(day)]
    return replace(slot, first=days[0], last=days[-1]) if days else None


def _with_extra(slots: list[_Slot], facts: Facts, plan: StudyPlan, allows: Callable[[int], bool]) -> list[_Slot]:
    """Return the slots with a scan between the schedule on an allowed day, far enough from the others."""
    limit = (facts.alive_to if facts.progression is None else facts.progression - LEAST_GAP_DAYS) + 1
    taken = {day for slot in slots for day in range(slot.first - LEAST_GAP_DAYS, slot.last + LEAST_GAP_DAYS + 1)}
    until = limit if facts.adequate_to is None else min(limit, facts.adequate_to - LEAST_GAP_DAYS)
    days = [day for day in range(EARLIEST_EXTRA_DAY, until) if day not in taken and allows(day)]
    if not days or plan.imaging.unscheduled == "deviation":
        raise _infeasible(facts, "no scan can show it")
    day = days[len(days) // 2]
    return sorted([*slots, _Slot(day, day, None)], key=lambda slot: slot.first)


def _infeasible(facts: Facts, why: str) -> DataError:
    course = facts.course
    end = f"progression on day {course.pfs_days}" if course.progressed else f"no progression until day {course.os_days}"
    return DataError(f"{facts.patient_id}: best response {course.best} with {end} cannot be: {why}")


def _after_progression(facts: Facts, plan: StudyPlan, rng: Random) -> list[PlannedScan]:
    """Return the scans of a patient who is on the drug past progression."""
    if facts.progression is None or facts.last_dose <= facts.progression:
        return []
    last = min(facts.last_dose, facts.alive_to)
    visits: list[ScanVisit] = [
        visit
        for visit in scan_visits(plan.imaging, last)
        if visit.opens > facts.progression + LEAST_GAP_DAYS and visit.closes <= last
    ]
    return _drawn([_Slot(v.opens, v.closes, v.due) for v in visits], ["PD"] * len(visits), rng)
