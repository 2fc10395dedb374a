"""Endpoints: time to event of each patient, from a time and an event column or from dates in whole days."""

from __future__ import annotations

from datetime import date
from functools import reduce

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncohort.study.cohort import EndpointData
from oncohort.study.protocol import Endpoint, EventCodes, TimeUnit
from oncohort.study.records import same_value

DAYS_PER_UNIT: dict[TimeUnit, float] = {"days": 1.0, "weeks": 7.0, "months": 30.4375, "years": 365.25}


def derive_endpoint(patients: pl.DataFrame, endpoint: Endpoint, report_unit: TimeUnit | None) -> EndpointData:
    """Return time and event of the analyzed patients; the checks have made sure that both exist.

    A time column keeps its unit, and is reported in it unless the study names another. Dates give
    whole days, reported in months of 30.4375 days. An event after the cutoff has not been seen: the
    patient is censored at the cutoff.
    """
    if endpoint.time is not None and endpoint.event is not None:
        time = patients[endpoint.time.column].to_numpy().astype(np.float64)
        unit = endpoint.time.unit
        return EndpointData(endpoint, time, is_event(patients, endpoint.event), unit, report_unit or unit)
    time, event = _from_dates(patients, endpoint)
    return EndpointData(endpoint, time, event, "days", report_unit or "months")


def is_event(patients: pl.DataFrame, codes: EventCodes) -> NDArray[np.bool_]:
    """Return (n,) True where the event column holds one of the named codes."""
    cells = patients[codes.column].cast(pl.String)
    happened = {
        cell: any(same_value(cell, value) for value in codes.values) for cell in cells.drop_nulls().unique().to_list()
    }
    return np.array([cell is not None and happened[cell] for cell in cells.to_list()], dtype=np.bool_)


def _from_dates(patients: pl.DataFrame, endpoint: Endpoint) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    start = patients[endpoint.start or ""]
    stops = (endpoint.stop,) if isinstance(endpoint.stop, str) else endpoint.stop or ()
    first = reduce(lambda a, b: pl.select(pl.min_horizontal(a, b)).to_series(), (patients[c] for c in stops))
    if endpoint.event is not None:
        event = is_event(patients, endpoint.event)
        end = first
    else:
        event = first.is_not_null().to_numpy()
        alive = patients[endpoint.last_known_alive or ""]
        end = pl.select(pl.coalesce(first, alive)).to_series()
    days = (end - start).dt.total_days().to_numpy().astype(np.float64)
    if endpoint.cutoff is None:
        return days, event
    to_cutoff = (_cutoff(patients, endpoint.cutoff) - start).dt.total_days().to_numpy().astype(np.float64)
    later = days > to_cutoff
    return np.where(later, to_cutoff, days), event & ~later


def _cutoff(patients: pl.DataFrame, cutoff: date | str) -> pl.Series:
    if isinstance(cutoff, str):
        return patients[cutoff]
    return pl.Series([cutoff] * patients.height, dtype=pl.Date)
