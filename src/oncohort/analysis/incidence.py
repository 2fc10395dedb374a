"""Cumulative incidence of an event and of those that compete with it, and how groups differ in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import nan
from typing import Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from oncohort.analysis.rows import count, number, scale_of, share, test_rows, words
from oncohort.analysis.settings import Settings
from oncohort.errors import AnalysisError
from oncohort.stats.competing_risks import CumulativeIncidence, IncidenceAt, cumulative_incidence, incidence_at
from oncohort.stats.gray import gray_test
from oncohort.study.cohort import Cohort, EndpointData, FactorData
from oncohort.study.protocol import Protocol
from oncohort.study.results import IncidenceRow, Row
from oncohort.study.text import format_number, format_plain

Members: TypeAlias = NDArray[np.bool_]
Kind: TypeAlias = Literal["event", "competing"]

CAUSES: Final[dict[Kind, int]] = {"event": 1, "competing": 2}
"""The code of each kind of event in `cause_codes`."""


def cause_codes(endpoint: EndpointData) -> NDArray[np.int64]:
    """Return (n,) 0 for who was censored, 1 for who had the event, 2 for who had a competing one."""
    competing = np.zeros(endpoint.event.size, dtype=np.bool_) if endpoint.competing is None else endpoint.competing
    return np.where(endpoint.event, 1, np.where(competing, 2, 0)).astype(np.int64)


def tabulated(protocol: Protocol, endpoint: str) -> tuple[str, ...]:
    """Return the factors that a univariable table compares for an endpoint, each once."""
    tables = (table for table in protocol.table if table.kind == "univariable" and endpoint in table.endpoints)
    return tuple(dict.fromkeys(name for table in tables for name in table.factors))


def analyze_incidence(cohort: Cohort, protocol: Protocol, settings: Settings) -> list[Row]:
    """Return cumulative incidence at the times of ``survival.at``, of all patients and by factors, with Gray's test.

    Keys: ``level`` is ``event`` or ``competing``; ``group`` ``factor=level`` some of the patients; ``time`` a time in
    the report unit. Factors are those of univariable tables and of figures. There is no row of an endpoint without
    competing events.
    """
    rows: list[Row] = []
    for endpoint in cohort.endpoints.values():
        if endpoint.competing is None:
            continue
        keys: dict[str, Any] = {"analysis": "incidence", "endpoint": endpoint.spec.id}
        rows += _incidence(endpoint, None, settings, keys)
        for name in dict.fromkeys((*tabulated(protocol, endpoint.spec.id), *_drawn(protocol, endpoint.spec.id))):
            rows += _by_level(endpoint, cohort.factors[name], settings, keys | {"variable": name})
    return rows


def incidence_curves(cohort: Cohort, protocol: Protocol, settings: Settings) -> list[IncidenceRow]:
    """Return the curves of every endpoint with competing events, and by the factors that a table or figure compares."""
    rows: list[IncidenceRow] = []
    for endpoint in cohort.endpoints.values():
        if endpoint.competing is None:
            continue
        rows += _curve(endpoint, None, "", settings)
        for name in dict.fromkeys((*tabulated(protocol, endpoint.spec.id), *_drawn(protocol, endpoint.spec.id))):
            factor = cohort.factors[name]
            for k, level in enumerate(factor.levels):
                rows += _curve(endpoint, factor.codes == k, f"{name}={level.id}", settings)
    return rows


def _drawn(protocol: Protocol, endpoint: str) -> tuple[str, ...]:
    panels = (panel for figure in protocol.figure for panel in figure.incidence)
    return tuple(panel.by for panel in panels if panel.endpoint == endpoint and panel.by is not None)


@dataclass(frozen=True, slots=True)
class _Part:
    """Some patients of an endpoint: times, codes of causes, and the number of each kind of event."""

    time: NDArray[np.float64]
    cause: NDArray[np.int64]

    def happened(self, kind: Kind) -> NDArray[np.bool_]:
        return self.cause == CAUSES[kind]


def _part(endpoint: EndpointData, members: Members | None) -> _Part:
    codes = cause_codes(endpoint)
    return _Part(endpoint.time, codes) if members is None else _Part(endpoint.time[members], codes[members])


def _estimate(part: _Part, settings: Settings) -> CumulativeIncidence:
    return cumulative_incidence(
        part.time,
        part.cause,
        variance=settings.incidence_variance,
        conf_type=settings.incidence_conf,
        conf_level=settings.conf_level,
    )


def _incidence(endpoint: EndpointData, members: Members | None, settings: Settings, keys: dict[str, Any]) -> list[Row]:
    part = _part(endpoint, members)
    rows = count(part.time.size, **keys)
    for kind in CAUSES:
        n_event = int(part.happened(kind).sum())
        at = {**keys, "level": kind}
        rows += [*count(part.time.size, **at), *count(n_event, statistic="n_event", **at)]
        rows += share(n_event, part.time.size, **at)
    if not settings.at or not part.time.size:
        return rows
    try:
        found = _estimate(part, settings)
    except AnalysisError as error:
        return rows + words(f"not estimable: {error}", **keys)
    rows += words(f"Aalen-Johansen, {settings.incidence_variance} variance, {settings.incidence_conf} limits", **keys)
    at_times = incidence_at(found, np.array(settings.at) / scale_of(endpoint))
    for k, asked in enumerate(settings.at):
        for kind in CAUSES:
            rows += _at_time(at_times, k, kind, part.time.size, {**keys, "level": kind, "time": format_plain(asked)})
    return rows


def _at_time(found: IncidenceAt, k: int, kind: Kind, n: int, keys: dict[str, Any]) -> Iterator[Row]:
    """Yield one incidence with its limits, in percent; past the last observed time there is no estimate."""
    cause = found.causes.index(CAUSES[kind]) if CAUSES[kind] in found.causes else None
    yield from count(n, **keys)
    yield from count(0 if cause is None else int(found.n_event[k, cause]), statistic="n_event", **keys)
    yield from count(int(found.n_risk[k]), statistic="n_risk", **keys)
    named = (("incidence", found.incidence), ("conf_low", found.conf_low), ("conf_high", found.conf_high))
    for statistic, values in named:
        value = 100 * (_of_none(statistic, found, k) if cause is None else float(values[k, cause]))
        yield Row(statistic=statistic, value=value, text=format_number(value, 1), unit="%", **keys)
    error = _of_none("std_error", found, k) if cause is None else float(found.std_error[k, cause])
    yield from number("std_error", 100 * error, digits=2, unit="%", **keys)


def _of_none(statistic: str, found: IncidenceAt, k: int) -> float:
    """Return what is known of a kind that never occurred: incidence 0 while patients were observed, without limits."""
    known = statistic in {"incidence", "std_error"} and not np.isnan(found.incidence[k, 0])
    return 0.0 if known else nan


def _by_level(endpoint: EndpointData, factor: FactorData, settings: Settings, keys: dict[str, Any]) -> list[Row]:
    rows: list[Row] = []
    for k, level in enumerate(factor.levels):
        rows += _incidence(endpoint, factor.codes == k, settings, keys | {"group": f"{factor.spec.id}={level.id}"})
    known = factor.codes >= 0
    rows += count(int((~known).sum()), statistic="n_missing", **keys)
    part = _part(endpoint, known)
    for kind, code in CAUSES.items():
        at = {**keys, "level": kind}
        try:
            test = gray_test(part.time, part.cause, factor.codes[known], of=code).test
        except AnalysisError as error:
            rows += words(f"not tested: {error}", **at)
        else:
            rows += test_rows(test, test.method, **at)
    return rows


def _curve(endpoint: EndpointData, members: Members | None, group: str, settings: Settings) -> Iterator[IncidenceRow]:
    """Yield the curves of both kinds of events; none where nobody had an event."""
    part = _part(endpoint, members)
    if not part.cause.any():
        return
    found = _estimate(part, settings)
    times = (found.time * scale_of(endpoint)).tolist()
    variable, _, level = group.partition("=")
    for kind, code in CAUSES.items():
        cause = found.causes.index(code) if code in found.causes else None
        for k, time in enumerate(times):
            n_event = 0 if cause is None else int(found.n_event[k, cause])
            counts = int(found.n_risk[k]), n_event, int(found.n_censor[k])
            estimates = (0.0, nan, nan) if cause is None else _limits(found, k, cause)
            yield IncidenceRow(endpoint.spec.id, group, variable, level, kind, time, *counts, *estimates)


def _limits(found: CumulativeIncidence, k: int, cause: int) -> tuple[float, float, float]:
    return float(found.incidence[k, cause]), float(found.conf_low[k, cause]), float(found.conf_high[k, cause])
