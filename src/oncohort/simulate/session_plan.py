"""How many sessions of local therapy a patient has, and when: the arm of the outline, by the protocol's intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from random import Random
from typing import Final

from oncohort.derive.local_therapy import arm_of
from oncohort.errors import DataError
from oncohort.simulate.course_facts import Facts
from oncohort.simulate.script import Script
from oncohort.simulate.study_plan import StudyPlan
from oncohort.study.protocol import Procedure

FIRST_DAYS: Final[Mapping[str, tuple[int, int]]] = {"TACE": (7, 21), "CRYO": (24, 45)}
"""Days from the first dose between which the first session of a procedure usually is."""

_USUAL_INTERVAL: Final = (28, 56)
_USUAL_MAXIMUM: Final = 3
_SHARES: Final = (4, 4, 3)
"""How often one, two and three sessions are chosen where all fit, as parts."""


@dataclass(frozen=True, slots=True)
class SessionPlan:
    """The days of the sessions of each procedure, in order of time, and the number of the one that came too late."""

    days: Mapping[str, tuple[int, ...]]
    late: int | None = None


def plan_sessions(facts: Facts, plan: StudyPlan, script: Script, rng: Random) -> SessionPlan:
    """Return the days of the sessions that make the patient's arm.

    They lie before progression where there is room. The script may ask for days, for one session more than the
    protocol allows, or for an interval that is too long.

    Raises
    ------
    DataError
        If no numbers of sessions within the follow-up make the arm; it names the patient.
    """
    arm = plan.protocol.arm
    procedures = {procedure.id: procedure for procedure in plan.protocol.procedure}
    if arm is None:
        return SessionPlan({})
    if script.sessions:
        counts = {name: len(days) for name, days in script.sessions.items()}
        if arm_of(counts, arm) == facts.course.arm and max(max(d) for d in script.sessions.values()) <= facts.alive_to:
            return SessionPlan({name: tuple(days) for name, days in script.sessions.items()})
    for horizon in dict.fromkeys((min(facts.course.pfs_days - 1, facts.alive_to), facts.alive_to)):
        ways = [
            counts
            for counts in product(*(range(_most(one, horizon) + 1) for one in procedures.values()))
            if arm_of(dict(zip(procedures, counts, strict=True)), arm) == facts.course.arm
        ]
        if "late_tace" in script.deviations:  # one interval at least
            ways = [counts for counts in ways if dict(zip(procedures, counts, strict=True)).get("TACE", 0) > 1] or ways
        if ways:
            shares = [_share(counts) for counts in ways]
            counts = dict(zip(procedures, rng.choices(ways, shares)[0], strict=True))
            return _days(facts, procedures, counts, horizon, script, rng)
    raise DataError(f'{facts.patient_id}: no sessions until day {facts.alive_to} make the arm "{facts.course.arm}"')


def _share(counts: Sequence[int]) -> float:
    share = 1.0
    for count in counts:
        share *= _SHARES[min(count, len(_SHARES)) - 1] if count else 1.0
    return share


def _interval(procedure: Procedure) -> tuple[int, int]:
    return procedure.interval_days or _USUAL_INTERVAL


def _most(procedure: Procedure, horizon: int) -> int:
    """Return how many sessions there is room for until a day; the first may be earlier than usual."""
    if horizon < 1:
        return 0
    usual = min(FIRST_DAYS[procedure.id][0], horizon)
    return min(procedure.maximum or _USUAL_MAXIMUM, 1 + (horizon - usual) // _interval(procedure)[0])


def _days(
    facts: Facts,
    procedures: Mapping[str, Procedure],
    counts: Mapping[str, int],
    horizon: int,
    script: Script,
    rng: Random,
) -> SessionPlan:
    days: dict[str, tuple[int, ...]] = {}
    late: int | None = None
    for name, procedure in procedures.items():
        count, last, interval = counts[name], horizon, _interval(procedure)
        bounded = name == "TACE" and procedure.interval_days is not None
        one_more = (procedure.maximum or 0) + 1
        if bounded and "extra_tace" in script.deviations and count and 1 + one_more * interval[0] <= facts.alive_to:
            count, last = max(one_more, count), facts.alive_to
        found = _spread(name, count, interval, last, rng)
        if bounded and "late_tace" in script.deviations and count > 1:
            later = found[-2] + interval[1] + rng.randint(3, 14)
            if later <= facts.alive_to:
                found[-1], late = later, count
        if found:
            days[name] = tuple(found)
    return SessionPlan(days, late)


def _spread(name: str, count: int, interval: tuple[int, int], last: int, rng: Random) -> list[int]:
    """Return the days of so many sessions, so that the last one is not after a day."""
    found: list[int] = []
    for place in range(count):
        first, latest = (found[-1] + interval[0], found[-1] + interval[1]) if found else FIRST_DAYS[name]
        latest = max(1, min(latest, last - (count - 1 - place) * interval[0]))
        found.append(rng.randint(min(first, latest), latest))
    return found
