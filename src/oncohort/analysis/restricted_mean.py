"""Restricted mean survival: how long patients live without the event up to a time, and how groups differ in it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from math import log, nan
from typing import Any

from oncohort.analysis.incidence import tabulated
from oncohort.analysis.rows import count, number, p_rows, ratio_rows, scale_of, time_row, words
from oncohort.analysis.settings import Settings
from oncohort.errors import AnalysisError
from oncohort.stats.rmst import Contrast, RestrictedMean, compare_restricted_means, restricted_mean
from oncohort.study.cohort import Cohort, EndpointData, FactorData, entry_of
from oncohort.study.protocol import Protocol
from oncohort.study.results import Row
from oncohort.study.text import format_plain, format_time


def analyze_restricted_means(cohort: Cohort, protocol: Protocol, settings: Settings) -> list[Row]:
    """Return restricted means at every time of ``survival.rmst_at``, of all and by the factors of univariable tables.

    Keys: ``time`` is the time in the report unit; ``level`` of a factor its mean; ``group`` ``factor=a|b`` with
    ``level`` ``difference`` or ``ratio`` the comparison of b with a. A time beyond the follow-up of a group has no
    mean, and ``method`` says so.
    """
    rows: list[Row] = []
    for endpoint in cohort.endpoints.values():
        for tau in protocol.survival.rmst_at:
            keys: dict[str, Any] = {"analysis": "rmst", "endpoint": endpoint.spec.id, "time": format_plain(tau)}
            rows += _mean(endpoint, None, tau, settings, keys)
            for name in tabulated(protocol, endpoint.spec.id):
                rows += _by_level(endpoint, cohort.factors[name], tau, settings, keys | {"variable": name})
    return rows


def _mean(
    endpoint: EndpointData, factor: tuple[FactorData, int] | None, tau: float, settings: Settings, keys: dict[str, Any]
) -> list[Row]:
    members = slice(None) if factor is None else factor[0].codes == factor[1]
    time, event = endpoint.time[members], endpoint.event[members]
    try:
        found = restricted_mean(
            time,
            event,
            tau=tau / scale_of(endpoint),
            conf_level=settings.conf_level,
            entry=entry_of(endpoint, members),
        )
    except AnalysisError:
        return words(f"not estimable: {_why_not(endpoint, float(time.max()) * scale_of(endpoint), tau)}", **keys)
    return [*count(found.n, **keys), *count(found.n_event, statistic="n_event", **keys), *_rows(found, endpoint, keys)]


def _why_not(endpoint: EndpointData, last: float, tau: float) -> str:
    if tau <= last:
        return "nobody was under observation for a part of that time"
    return f"the last follow-up is at {format_time(last, endpoint.report_unit)} {endpoint.report_unit}"


def _rows(found: RestrictedMean, endpoint: EndpointData, keys: dict[str, Any]) -> Iterator[Row]:
    for statistic, value in (("rmst", found.mean), ("conf_low", found.conf_low), ("conf_high", found.conf_high)):
        yield from time_row(statistic, value, endpoint, **keys)
    scale = scale_of(endpoint)
    yield from number("std_error", found.std_error * scale, digits=3, unit=endpoint.report_unit, **keys)


def _by_level(
    endpoint: EndpointData, factor: FactorData, tau: float, settings: Settings, keys: dict[str, Any]
) -> list[Row]:
    rows: list[Row] = []
    present = [k for k in range(len(factor.levels)) if (factor.codes == k).any()]
    for k in present:
        rows += _mean(endpoint, (factor, k), tau, settings, keys | {"level": factor.levels[k].id})
    for a, b in combinations(present, 2):
        group = f"{factor.spec.id}={factor.levels[a].id}|{factor.levels[b].id}"
        rows += _contrasts(endpoint, factor, (a, b), tau, settings, keys | {"group": group})
    return rows


def _contrasts(
    endpoint: EndpointData,
    factor: FactorData,
    pair: tuple[int, int],
    tau: float,
    settings: Settings,
    keys: dict[str, Any],
) -> list[Row]:
    members = (factor.codes == pair[0]) | (factor.codes == pair[1])
    second = factor.codes[members] == pair[1]
    try:
        found = compare_restricted_means(
            endpoint.time[members],
            endpoint.event[members],
            second,
            tau=tau / scale_of(endpoint),
            conf_level=settings.conf_level,
            entry=entry_of(endpoint, members),
        )
    except AnalysisError:
        how = "followed so long" if endpoint.entry is None else "under observation all that time"
        return words(f"not estimable: a group was not {how}", **keys)
    return [
        *_difference(found.difference, endpoint, keys | {"level": "difference"}),
        *_ratio(found.ratio, settings.ratio_digits, keys | {"level": "ratio"}),
    ]


def _difference(found: Contrast, endpoint: EndpointData, keys: dict[str, Any]) -> list[Row]:
    scale, unit = scale_of(endpoint), endpoint.report_unit
    named = (("estimate", found.estimate), ("conf_low", found.conf_low), ("conf_high", found.conf_high))
    rows = [
        Row(statistic=name, value=value * scale, text=format_time(value * scale, unit), unit=unit, **keys)
        for name, value in named
    ]
    rows += number("std_error", found.std_error * scale, digits=3, unit=unit, **keys)
    return [*rows, *p_rows(found.p_value, found.log10_p, **keys), *words("difference of restricted means", **keys)]


def _ratio(found: Contrast, digits: int, keys: dict[str, Any]) -> list[Row]:
    limits = (found.estimate, found.conf_low, found.conf_high)
    logarithm = log(found.estimate) if found.estimate > 0 else nan
    rows = ratio_rows(logarithm, found.std_error, limits, digits, **keys)
    return [*rows, *p_rows(found.p_value, found.log10_p, **keys), *words("ratio of restricted means", **keys)]
