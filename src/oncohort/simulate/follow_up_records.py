"""What became of a patient: other therapy after the drug, contacts of the follow-up, and death."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Final

from oncohort.simulate.course_facts import Facts
from oncohort.simulate.rows import Row, Rows, row_of

CONTACT_EVERY_DAYS: Final = 56
_OTHER_SHARE: Final = 0.2
_OTHER: Final = {"SYSTEMIC": 2, "RADIOTHERAPY": 2, "OTHER": 1}
"""How often a patient off the drug after progression has other therapy, and of which type, as parts."""

_OTHER_AFTER: Final = (14, 60)


def follow_up_rows(facts: Facts, rng: Random) -> Rows:
    """Return ``followup``, ``death`` and ``other_therapy``.

    The last contact finds the patient alive on the last day, or tells the death. Contacts begin when treatment has
    ended. Other therapy comes after progression and after the last dose only, so that it ends no time to an event.
    """
    begins = min(facts.last_dose, facts.alive_to) + CONTACT_EVERY_DAYS
    days = [day - rng.randint(0, 6) for day in range(begins, facts.alive_to, CONTACT_EVERY_DAYS)]
    contacts = [_contact(facts, day, "ALIVE") for day in days if 0 < day < facts.known_to]
    contacts.append(_contact(facts, facts.known_to, "DEAD" if facts.course.died else "ALIVE"))
    death = [row_of(facts.patient_id, primary_cause=facts.course.death_cause)] if facts.course.died else []
    return {"followup": contacts, "death": death, "other_therapy": list(_other_therapy(facts, rng))}


def _other_therapy(facts: Facts, rng: Random) -> Iterator[Row]:
    if facts.progression is None or facts.goes_on or rng.random() > _OTHER_SHARE:
        return
    day = max(facts.progression, facts.last_dose) + rng.randint(*_OTHER_AFTER)
    if day < facts.alive_to:
        yield row_of(facts.patient_id, date=facts.on(day), type=rng.choices(list(_OTHER), list(_OTHER.values()))[0])


def _contact(facts: Facts, day: int, status: str) -> Row:
    return row_of(facts.patient_id, date=facts.on(day), status=status)


def with_end(subject: Row, facts: Facts) -> Row:
    """Return the row of ``subjects`` with the last dose and the death, where they are known."""
    ended = {} if facts.goes_on else {"last_sorafenib_date": facts.on(facts.last_dose)}
    death: Row = (
        {"death_flag": "Y", "death_date": facts.on(facts.known_to)} if facts.course.died else {"death_flag": "N"}
    )
    return subject | ended | death
