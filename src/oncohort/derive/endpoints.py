"""Endpoints: time to event of each patient, from a time and an event column or from dates in whole days."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import reduce

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncohort.study.cohort import EndpointData
from oncohort.study.protocol import Endpoint, Scalar, TimeColumn, TimeUnit
from oncohort.study.records import same_value

DAYS_PER_UNIT: dict[TimeUnit, float] = {"days": 1.0, "weeks": 7.0, "months": 30.4375, "years": 365.25}


def derive_endpoint(patients: pl.DataFrame, endpoint: Endpoint, report_unit: TimeUnit | None) -> EndpointData:
    """Return time and event of the analyzed patients; the checks have made sure that both exist.

    A time column keeps its unit, and is reported in it unless the study names another. Dates give
    whole days, reported in months of 30.4375 days. An event after the cutoff has not been seen: the
    patient is censored at the cutoff, and so is one with a competing event. Who came under observation
    before the start enters at 0.
    """
    codes = endpoint.event
    competing, entry = None, _entry(patients, endpoint)
    if codes is not None and codes.competing is not None:
        competing = is_one_of(patients[codes.column], codes.competing)
    if endpoint.time is not None and codes is not None:
        time = patients[endpoint.time.column].to_numpy().astype(np.float64)
        unit = endpoint.time.unit
        event = is_one_of(patients[codes.column], codes.values)
        return EndpointData(endpoint, time, event, unit, report_unit or unit, competing=competing, entry=entry)
    time, event, later = _from_dates(patients, endpoint)
    if competing is not None:
        competing &= ~later
    return EndpointData(endpoint, time, event, "days", report_unit or "months", competing=competing, entry=entry)


def _entry(patients: pl.DataFrame, endpoint: Endpoint) -> NDArray[np.float64] | None:
    """Return when each patient came under observation, None where the protocol does not say."""
    entry = endpoint.entry
    if entry is None:
        return None
    if isinstance(entry, TimeColumn):
        return patients[entry.column].to_numpy().astype(np.float64)
    days = (patients[entry] - patients[endpoint.start or ""]).dt.total_days()
    return np.maximum(days.to_numpy().astype(np.float64), 0.0)


def is_one_of(column: pl.Series, values: Iterable[Scalar]) -> NDArray[np.bool_]:
    """Return (n,) True where a column holds one of the named values."""
    cells, named = column.cast(pl.String), tuple(values)
    found = {cell: any(same_value(cell, value) for value in named) for cell in cells.drop_nulls().unique().to_list()}
    return np.array([cell is not None and found[cell] for cell in cells.to_list()], dtype=np.bool_)


def _from_dates(
    patients: pl.DataFrame, endpoint: Endpoint
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Return days, whether the event was seen, and whether it would have come after the cutoff."""
    start = patients[endpoint.start or ""]
    stops = (endpoint.stop,) if isinstance(endpoint.stop, str) else endpoint.stop or ()
    first = reduce(lambda a, b: pl.select(pl.min_horizontal(a, b)).to_series(), (patients[c] for c in stops))
    if endpoint.event is not None:
        event = is_one_of(patients[endpoint.event.column], endpoint.event.values)
        end = first
    else:
        event = first.is_not_null().to_numpy()
        alive = patients[endpoint.last_known_alive or ""]
        end = pl.select(pl.coalesce(first, alive)).to_series()
    days = (end - start).dt.total_days().to_numpy().astype(np.float64)
    if endpoint.cutoff is None:
        return days, event, np.zeros(days.size, dtype=np.bool_)
    to_cutoff = (_cutoff(patients, endpoint.cutoff) - start).dt.total_days().to_numpy().astype(np.float64)
    later = days > to_cutoff
    return np.where(later, to_cutoff, days), event & ~later, later


def _cutoff(patients: pl.DataFrame, cutoff: date | str) -> pl.Series:
    if isinstance(cutoff, str):
        return patients[cutoff]
    return pl.Series([cutoff] * patients.height, dtype=pl.Date)
