"""Sensitivity: each endpoint under other rules of censoring, and how many patients they change."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from oncohort.analysis.groups import as_days, followed, of_analyzed
from oncohort.analysis.rows import count, share
from oncohort.analysis.settings import Settings
from oncohort.analysis.survival import analyze_survival
from oncohort.study.cohort import Cohort, EndpointData
from oncohort.study.protocol import Protocol
from oncohort.study.results import Row
from oncohort.study.rules_in_force import adds_one_day


def analyze_sensitivity(cohort: Cohort, protocol: Protocol, settings: Settings) -> list[Row]:
    """Return events and median of each endpoint under each of its ``sensitivity`` rules.

    Keys: those of ``survival``, with the id of the rule as ``model``. ``variable`` ``changed_event`` and
    ``changed_time`` count the patients whose event, or whose day, is another one than by the study's own rule; a
    patient whose time cannot be said by the rule is in ``n_missing`` and nowhere else.
    """
    if cohort.derived is None:
        return []
    times = cohort.derived.time_to_event
    rows: list[Row] = []
    for endpoint in cohort.endpoints.values():
        for rule in endpoint.spec.sensitivity:
            chosen = (pl.col("endpoint") == endpoint.spec.id) & (pl.col("rule") == rule)
            other = of_analyzed(cohort, times.filter(chosen))
            rows += _under_rule(endpoint, other, adds_one_day(protocol), settings, {"model": rule})
    return rows


def _under_rule(
    endpoint: EndpointData, other: pl.DataFrame, one: int, settings: Settings, keys: dict[str, Any]
) -> list[Row]:
    """Return the rows of one endpoint under one rule; ``other`` has its day and event of every analyzed patient."""
    keys = {"analysis": "survival", "endpoint": endpoint.spec.id, **keys}
    time = as_days(other["day"]) + one
    event = other["event"].fill_null(value=False).to_numpy().astype(np.bool_)
    known = ~np.isnan(time)
    rows = count(int((~known).sum()), statistic="n_missing", **keys)
    if not known.any():
        return rows + count(0, **keys)
    part = followed(replace(endpoint, event=event), known, time)
    rows += [
        replace(row, model=keys["model"]) for row in analyze_survival(part, settings) if row.analysis == "survival"
    ]
    for variable, changed in (("changed_event", event != endpoint.event), ("changed_time", time != endpoint.time)):
        n = int((changed & known).sum())
        rows += count(n, **keys, variable=variable) + share(n, int(known.sum()), **keys, variable=variable)
    return rows
