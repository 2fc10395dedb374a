"""Doses and the end of the drug: rows of ``exposure`` and ``disposition``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Final, TypeAlias

from oncohort.derive.exposure import INTAKES_PER_DAY
from oncohort.errors import DataError
from oncohort.simulate.course_facts import Facts
from oncohort.simulate.event_plan import EventPlan
from oncohort.simulate.events import Episode, EventKey
from oncohort.simulate.rows import Cell, Row, Rows, row_of
from oncohort.simulate.study_plan import StudyPlan
from oncohort.study.protocol import DoseLevel

AeIds: TypeAlias = Mapping[EventKey, str]
"""For the key of an event, its id in the records."""

_FREQUENCY: Final = {times: name for name, times in INTAKES_PER_DAY.items()}
_PAUSE: Final[Mapping[str, Cell]] = {"dose_per_intake_mg": 0, "frequency": "NONE", "state": "INTERRUPTED"}


def dose_rows(facts: Facts, plan: StudyPlan, planned: EventPlan, ae_ids: AeIds, rng: Random) -> Rows:
    """Return ``exposure`` from the first dose to the last, without a gap, and ``disposition``.

    A patient who still takes the drug when last known of has no reason for its end.

    Raises
    ------
    DataError
        If the template has no frequency for a dose of the protocol.
    """
    return {
        "exposure": list(_exposure(facts, plan, planned.episodes, ae_ids)),
        "disposition": _disposition(facts, plan, planned, ae_ids, rng),
    }


def _exposure(facts: Facts, plan: StudyPlan, episodes: Sequence[Episode], ae_ids: AeIds) -> Iterator[Row]:
    start = 0
    before: Episode | None = None
    for episode in episodes:
        if episode.first > start:
            yield _full(facts, plan, start, episode.first - 1, before, ae_ids)
        back = facts.last_dose + 1 if episode.back is None else episode.back
        yield row_of(
            facts.patient_id,
            start_date=facts.on(episode.first),
            end_date=facts.on(min(back - 1, facts.last_dose)),
            **(_PAUSE if episode.paused else _level_cells(plan.dose.lower or plan.dose.full)),
            adjust_reason="PHYSICIAN" if episode.event is None else "AE",
            ae_id=None if episode.event is None else ae_ids[episode.event],
            well_tolerated=None if episode.paused else episode.tolerated,
        )
        start, before = back, episode
    if start <= facts.last_dose:
        yield _full(facts, plan, start, facts.last_dose, before, ae_ids)


def _full(facts: Facts, plan: StudyPlan, first: int, last: int, after: Episode | None, ae_ids: AeIds) -> Row:
    """Return days at the full dose; where they follow an adverse event, it has resolved."""
    event = after.event if after else None
    return row_of(
        facts.patient_id,
        start_date=facts.on(first),
        end_date=facts.on(last),
        **_level_cells(plan.dose.full),
        adjust_reason=None if after is None else "RESOLVED" if event else "PHYSICIAN",
        ae_id=None if event is None else ae_ids[event],
        well_tolerated="Y",
    )


def _level_cells(level: DoseLevel) -> dict[str, Cell]:
    frequency = _FREQUENCY.get(float(level.times_per_day))
    if frequency is None:
        raise DataError(
            f"dose level {level.id}: {level.times_per_day:g} intakes a day have no name in the template; one of "
            f"{', '.join(f'{times:g}' for times in _FREQUENCY if times)} was expected"
        )
    return {"dose_per_intake_mg": level.dose_mg, "frequency": frequency, "state": level.id}


def _disposition(facts: Facts, plan: StudyPlan, planned: EventPlan, ae_ids: AeIds, rng: Random) -> list[Row]:
    reason, day = _end_of_drug(facts, planned)
    goes_on_after = facts.progression is not None and facts.last_dose - facts.progression > plan.dose.notice_days
    good, wishes = ("Y", "Y") if goes_on_after else rng.choice((("N", "Y"), ("N", "N"), ("N", "Y"), ("Y", "N")))
    known = facts.progression is not None
    row = row_of(
        facts.patient_id,
        sorafenib_end_reason=reason or None,
        date=None if day is None else facts.on(day),
        ae_id=ae_ids[planned.early] if planned.early else None,
        pd_clinical_status_good=good if known else None,
        pd_patient_wishes=wishes if known else None,
    )
    return [row] if len(row) > 1 else []


def _end_of_drug(facts: Facts, planned: EventPlan) -> tuple[str, int | None]:
    """Return why and when the drug ended; no reason and no day where it goes on."""
    course, last, progression = facts.course, facts.last_dose, facts.progression
    if planned.early is not None:
        return "ADVERSE EVENT", max(last, planned.early[0])
    if course.died and facts.known_to - last <= 1:
        return "DEATH", facts.known_to
    if facts.goes_on:
        return "", None
    if progression is not None and last - progression >= -3 and not course.continued:
        return "PROGRESSIVE DISEASE", max(last, progression)
    return "PHYSICIAN DECISION", last
