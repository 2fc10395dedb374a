"""What is asked of a patient's records besides the outline: deviations to plant, and days of a published case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Deviation: TypeAlias = Literal[
    "late_scan",
    "extra_tace",
    "late_tace",
    "missed_ct",
    "warm_probe",
    "late_reduction",
    "late_return",
    "misread_response",
    "misgraded_event",
]
"""A deviation that can be planted; `simulate.deviations` says what each is."""


@dataclass(frozen=True, slots=True)
class Script:
    """What the records of one patient shall hold besides what the outline says.

    Attributes
    ----------
    deviations : tuple of str
        What to plant; what the course has no place for is left out.
    sessions : mapping of str to tuple of int
        Days of the sessions of each procedure; empty to have them drawn.
    response_day : int
        The best response is not seen before this day, where the course allows it.
    vena_cava : bool
        Whether there is also a tumor thrombus of the inferior vena cava.
    """

    deviations: tuple[Deviation, ...] = ()
    sessions: Mapping[str, tuple[int, ...]] = field(default_factory=dict[str, tuple[int, ...]])
    response_day: int = 0
    vena_cava: bool = False


NOTHING_ELSE = Script()
"""A script that asks for nothing."""
