"""What a written protocol says for a patient on a day: the answers, with rule, words, section and record of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

HEADING: Final = "Not for treatment decisions"
UNDETERMINED: Final = "UNDETERMINED"


@dataclass(frozen=True, slots=True)
class Ground:
    """Why an answer was given.

    Attributes
    ----------
    rule : str
        Id of the rule; empty where no rule of the protocol decided.
    text, section : str
        The rule in the words of the protocol, and where it stands in ``study.toml``.
    why : str
        What decided: the measured value or the event, with its date.
    file, row
        The record it rests on; empty and None where it rests on none.
    """

    rule: str
    text: str
    section: str
    why: str
    file: str
    row: int | None


@dataclass(frozen=True, slots=True)
class Advised:
    """One answer.

    Attributes
    ----------
    subject : str
        dose, the id of a procedure, or scan.
    code : str
        The answer for machines; ``UNDETERMINED`` where what is missing leaves it open.
    answer : str
        The answer in words.
    grounds : tuple of Ground
        What it rests on, the deciding one first.
    missing, possible : tuple of str
        What is not recorded, and the codes that it leaves possible.
    """

    subject: str
    code: str
    answer: str
    grounds: tuple[Ground, ...]
    missing: tuple[str, ...]
    possible: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Advice:
    """What the protocol says of a patient on a day (``day`` counts from the first dose), from the records until then.

    ``notes`` say what was recorded of the dose itself, and which records could not be used.
    """

    patient_id: str
    on: date
    day: int
    items: tuple[Advised, ...]
    notes: tuple[str, ...]
