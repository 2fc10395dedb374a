"""The cohort: the patients a study analyzes, with their endpoints, their factors and the way they came in."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncohort.study.dictionary import Template, TemplateTable
from oncohort.study.protocol import Endpoint, Factor, TimeUnit


@dataclass(frozen=True, slots=True)
class EndpointData:
    """Time to event of n patients. ``time`` is in ``unit``; the report shows it in ``report_unit``.

    ``competing`` (n,) is True where an event came after which this one can no longer happen; such a patient counts as
    censored in ``event``. It is None where the protocol names no such events. ``entry`` (n,) is when each patient came
    under observation, in ``unit``: at risk at t when ``entry < t <= time``. It is None where all are from 0 on.
    """

    spec: Endpoint
    time: NDArray[np.float64]
    event: NDArray[np.bool_]
    unit: TimeUnit
    report_unit: TimeUnit
    competing: NDArray[np.bool_] | None = None
    entry: NDArray[np.float64] | None = None


def entry_of(endpoint: EndpointData, members: NDArray[np.bool_] | slice) -> NDArray[np.float64] | None:
    """Return when some of the patients came under observation, None where all are from 0 on."""
    return None if endpoint.entry is None else endpoint.entry[members]


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
class FlowPart:
    """Some of the patients of a step, counted under a label of their own."""

    id: str
    label: str
    n: int


@dataclass(frozen=True, slots=True)
class FlowStep:
    """One step of the way into the cohort: n_in − n_out patients go on; ``parts`` count those who leave by kind."""

    id: str
    label: str
    n_in: int
    n_out: int
    parts: tuple[FlowPart, ...] = ()


@dataclass(frozen=True, slots=True)
class Derived:
    """What a records study derives, patient by patient; rows stand in the order of ``subjects``, then by day.

    Days are whole days from the first dose. A patient without a record of a kind has no row in its frame.

    Attributes
    ----------
    patients
        A row a screened patient: ``patient_id``, ``row``, every ``table.column`` of the tables with one row a patient,
        the baseline variables, and the names of ``study/derived.py``.
    visits
        A row an assessment: ``day``, ``date``, ``baseline_mm``, ``nadir_mm``, ``sum_mm``, ``change_percent``,
        ``target``, ``non_target``, ``new_lesion``, ``overall``, ``scheduled``, ``why``.
    best
        A row a definition of best response: ``definition`` ("" is the study's own), ``best``, ``day``, ``flips``,
        ``why``.
    lesion_sizes
        A row a lesion and scan: ``lesion_id``, ``role``, ``organ``, ``day``, ``used_mm``, ``viable_mm``,
        ``longest_mm``.
    exposure
        A row a dosing interval: ``start_day``, ``end_day`` (both taken), ``mg_per_day``, ``state``, ``adjust_reason``.
    procedures
        A row a session: ``type``, ``procedure_no``, ``day``.
    adverse_events
        A row an event: ``ae_id``, ``term``, ``category``, ``grade``, ``start_day``, ``end_day``, ``related``,
        ``in_window``, ``emergent``, ``counted``.
    labs
        A row a sample and test: ``test``, ``day``, ``value``, ``unit``, ``grade``, ``baseline_grade``.
    time_to_event
        A row an endpoint and rule of censoring ("" is the study's own): ``endpoint``, ``rule``, ``day``, ``event``,
        ``competing``, ``description``, ``why``.
    adherence
        A row a patient, rule of the protocol and occasion: ``rule``, ``verdict``, ``table``, ``source_row``, ``day``,
        ``days_late``, ``value``, ``text``.
    reconciliation
        A row a recorded value that could be derived too: ``kind``, ``table``, ``source_row``, ``recorded``,
        ``derived``, ``agrees``, ``why``.
    """

    patients: pl.DataFrame
    visits: pl.DataFrame
    best: pl.DataFrame
    lesion_sizes: pl.DataFrame
    exposure: pl.DataFrame
    procedures: pl.DataFrame
    adverse_events: pl.DataFrame
    labs: pl.DataFrame
    time_to_event: pl.DataFrame
    adherence: pl.DataFrame
    reconciliation: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Cohort:
    """n analyzed patients, in the order of their file; ``derived`` is None in a table study.

    ``aside`` counts the analyzed patients who failed a criterion: all under the id "", then by criterion. ``template``
    are the tables of a records study, as its ``dictionary.csv`` changes them; a table study has none.
    """

    patient_id: tuple[str, ...]
    endpoints: dict[str, EndpointData]
    factors: dict[str, FactorData]
    flow: tuple[FlowStep, ...]
    derived: Derived | None = None
    aside: tuple[FlowPart, ...] = ()
    template: Template = field(default_factory=dict[str, TemplateTable])
