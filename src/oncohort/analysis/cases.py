"""Cases: what a study that shows the course of one patient tells of that patient in numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from oncohort.analysis.groups import of_analyzed
from oncohort.analysis.response import first_response_days
from oncohort.analysis.rows import number, time_row
from oncohort.analysis.settings import Settings
from oncohort.study.cohort import Cohort, Derived
from oncohort.study.protocol import Protocol
from oncohort.study.results import Row
from oncohort.study.rules_in_force import adds_one_day

OLDEST: Final = 90
"""Ages from this one on are not told, as HIPAA asks of identifiers (45 CFR 164.514(b)(2)(i)(C))."""


def analyze_cases(cohort: Cohort, protocol: Protocol, settings: Settings) -> list[Row]:
    """Return age, follow-up and time to the first response of each patient whose course a figure shows.

    Keys: ``model`` is the id of the figure, never that of the patient; ``variable`` is ``age``, ``follow_up`` or
    ``time_to_response``, the statistic ``value``. What is not known has no row.

    Parameters
    ----------
    cohort : Cohort
        With the frames ``patients``, ``best`` and ``visits``.
    protocol : Protocol
        Names the figures and their patients.
    settings : Settings
        Where ``privacy.min_cell`` masks anything, one patient is too few to tell of.

    Returns
    -------
    list of Row
        Empty in a table study.
    """
    if cohort.derived is None or settings.min_cell > 1:
        return []
    places = {name: place for place, name in enumerate(cohort.patient_id)}
    rows: list[Row] = []
    for k, figure in enumerate(protocol.figure, start=1):
        if figure.case is not None and figure.case.patient_id in places:
            keys = {"analysis": "cases", "model": figure.id if figure.id.isascii() else f"figure_{k}"}
            rows += _case_rows(cohort, cohort.derived, protocol, places[figure.case.patient_id], keys)
    return rows


def _case_rows(cohort: Cohort, derived: Derived, protocol: Protocol, place: int, keys: dict[str, Any]) -> Iterator[Row]:
    age = of_analyzed(cohort, derived.patients)["subjects.age"][place]
    if age is not None and age < OLDEST:
        yield from number("value", float(age), unit="years", **keys, variable="age")
    for endpoint in cohort.endpoints.values():
        if endpoint.spec.events == ("death",) and not endpoint.spec.causes:
            at = {**keys, "endpoint": endpoint.spec.id, "variable": "follow_up"}
            yield from time_row("value", float(endpoint.time[place]), endpoint, **at)
    first = float(first_response_days(cohort, derived)[place])
    if not np.isnan(first):
        clock = next(iter(cohort.endpoints.values()))
        yield from time_row("value", first + adds_one_day(protocol), clock, **keys, variable="time_to_response")
