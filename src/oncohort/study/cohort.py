"""The cohort: the patients a study analyzes, with their endpoints, their factors and the way they came in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oncohort.study.protocol import Endpoint, Factor, TimeUnit


@dataclass(frozen=True, slots=True)
class EndpointData:
    """Time to event of n patients. ``time`` is in ``unit``; the report shows it in ``report_unit``."""

    spec: Endpoint
    time: NDArray[np.float64]
    event: NDArray[np.bool_]
    unit: TimeUnit
    report_unit: TimeUnit


@dataclass(frozen=True, slots=True)
class FactorLevel:
    """One level in force: ``low`` and ``high`` are the closed or open bounds of a split or cut, for display."""

    id: str
    label: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class FactorData:
    """One factor of n patients.

    ``codes`` (n,) holds the place of each patient's level in ``levels``, -1 where missing; ``numbers``
    (n,) the measured value, nan where missing, and is None for a factor of levels that are not numbers.
    ``levels`` is empty for a factor that is only a number; ``digits`` are the decimals its values are shown with.
    """

    spec: Factor
    levels: tuple[FactorLevel, ...]
    codes: NDArray[np.int64]
    numbers: NDArray[np.float64] | None
    digits: int = 0


@dataclass(frozen=True, slots=True)
class FlowStep:
    """One step of the way into the cohort: n_in − n_out patients go on."""

    id: str
    label: str
    n_in: int
    n_out: int


@dataclass(frozen=True, slots=True)
class Cohort:
    """n analyzed patients, in the order of their file."""

    patient_id: tuple[str, ...]
    endpoints: dict[str, EndpointData]
    factors: dict[str, FactorData]
    flow: tuple[FlowStep, ...]
