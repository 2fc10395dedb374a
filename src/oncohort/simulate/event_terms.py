"""How adverse events of the drug go: when they begin, how long they last, under which category they are recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from oncohort.clinical.ctcae import term_of


@dataclass(frozen=True, slots=True)
class EventHabit:
    """One kind of adverse event.

    Attributes
    ----------
    category : str
        As the template names it.
    onset_days : tuple of int
        First and last day on which it usually begins, from the first dose.
    lasts_days : tuple of int
        How long it lasts.
    by_cirrhosis : bool
        Whether cirrhosis may be its cause too, so that it is related to the drug with less certainty.
    """

    category: str
    onset_days: tuple[int, int]
    lasts_days: tuple[int, int]
    by_cirrhosis: bool = False


_HABITS: Final[Mapping[str, EventHabit]] = {
    "HAND-FOOT SKIN REACTION": EventHabit("DERMATOLOGY", (7, 45), (14, 70)),
    "RASH": EventHabit("DERMATOLOGY", (6, 40), (8, 40)),
    "HYPERTENSION": EventHabit("CARDIAC", (7, 45), (20, 110)),
    "ALOPECIA": EventHabit("DERMATOLOGY", (21, 75), (40, 150)),
    "FATIGUE": EventHabit("CONSTITUTIONAL", (7, 70), (14, 90)),
    "WEIGHT LOSS": EventHabit("CONSTITUTIONAL", (28, 100), (28, 120)),
    "DIARRHEA": EventHabit("GI", (7, 70), (6, 40)),
    "LIVER TOXICITY": EventHabit("HEPATIC", (14, 100), (14, 42), by_cirrhosis=True),
    "LIVER DYSFUNCTION": EventHabit("HEPATIC", (28, 120), (14, 60), by_cirrhosis=True),
    "LEUCOPENIA": EventHabit("BLOOD", (14, 80), (10, 28)),
    "HEMORRHAGE": EventHabit("HEMORRHAGE", (14, 120), (2, 9), by_cirrhosis=True),
    "VARICEAL HEMORRHAGE": EventHabit("HEMORRHAGE", (14, 120), (2, 9), by_cirrhosis=True),
    "ANEMIA": EventHabit("BLOOD", (28, 110), (14, 42), by_cirrhosis=True),
    "THROMBOCYTOPENIA": EventHabit("BLOOD", (14, 90), (14, 42), by_cirrhosis=True),
    "HEMATOLOGICAL": EventHabit("BLOOD", (14, 90), (10, 28)),
}
_OTHER: Final = EventHabit("OTHER", (7, 90), (5, 30))


def habit_of(term: str) -> EventHabit:
    """Return how an adverse event goes; a term that no list knows is of the category OTHER.

    Examples
    --------
    >>> habit_of("Diarrhoea").category, habit_of("hiccups").category
    ('GI', 'OTHER')
    """
    return _HABITS.get(term_of(term) or "", _OTHER)
