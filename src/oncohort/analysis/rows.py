"""Rows of the results table from the records of the statistics: which statistics, in which unit, in which words."""

from __future__ import annotations

from math import isnan, nan
from typing import Any

from oncohort.derive.endpoints import DAYS_PER_UNIT
from oncohort.stats.distributions import TestResult
from oncohort.stats.log_rank import LogRankTest
from oncohort.stats.quantiles import Quantile
from oncohort.study.cohort import EndpointData
from oncohort.study.results import Row
from oncohort.study.text import (
    NOT_ESTIMABLE,
    NOT_REACHED,
    format_number,
    format_p,
    format_percent,
    format_plain,
    format_ratio,
    format_time,
)


def count(n: int, /, **keys: Any) -> list[Row]:
    """Return one row with a number of patients."""
    return [Row(statistic=keys.pop("statistic", "n"), value=float(n), text=str(n), unit="patients", **keys)]


def share(n: int, total: int, /, **keys: Any) -> list[Row]:
    """Return one row with a percentage, 0–100."""
    value = 100 * n / total if total else nan
    return [Row(statistic="percent", value=value, text=format_percent(n, total), unit="%", **keys)]


def words(text: str, /, **keys: Any) -> list[Row]:
    """Return one row that says in words which method was used, or why there is no number."""
    return [Row(statistic="method", value=None, text=text, **keys)]


def number(statistic: str, value: float, /, *, digits: int | None = None, unit: str = "", **keys: Any) -> list[Row]:
    """Return one row with a number; without ``digits`` it keeps those it has."""
    text = format_plain(value) if digits is None else format_number(value, digits)
    return [Row(statistic=statistic, value=value, text=text, unit=unit, **keys)]


def test_rows(test: TestResult | LogRankTest, method: str, /, **keys: Any) -> list[Row]:
    """Return statistic, degrees of freedom, P value, its logarithm, and the name of a test.

    A test without statistic (Fisher's) has no such rows.
    """
    found = (
        []
        if isnan(test.statistic)
        else [
            *number("statistic", test.statistic, digits=2, **keys),
            *number("df", test.df, **keys),
        ]
    )
    return [*found, *p_rows(test.p_value, test.log10_p, **keys), *words(method, **keys)]


def p_rows(p_value: float, log10_p: float, **keys: Any) -> list[Row]:
    """Return a P value as journals print it, and its logarithm, which stays finite where P is 0 in double."""
    return [
        Row(statistic="p_value", value=p_value, text=format_p(p_value), **keys),
        *number("log10_p", log10_p, digits=2, **keys),
    ]


def ratio_rows(
    log_estimate: float, std_error: float, limits: tuple[float, float, float], digits: int, **keys: Any
) -> list[Row]:
    """Return a ratio with its limits (``limits`` is estimate, low, high), its logarithm and that one's standard error.

    A ratio that is nan, 0 or infinite is written "not estimable".
    """
    named = zip(("estimate", "conf_low", "conf_high"), limits, strict=True)
    rows = [
        Row(
            statistic=name,
            value=value,
            text=format_ratio(value, digits),
            unit="ratio",
            **keys,
        )
        for name, value in named
    ]
    return [
        *rows,
        *number("log_estimate", log_estimate, digits=4, **keys),
        *number("std_error", std_error, digits=4, **keys),
    ]


def scale_of(endpoint: EndpointData) -> float:
    """Return the factor from the endpoint's own unit to its report unit; exactly 1 where they are the same."""
    if endpoint.unit == endpoint.report_unit:
        return 1.0
    return DAYS_PER_UNIT[endpoint.unit] / DAYS_PER_UNIT[endpoint.report_unit]


def median_rows(median: Quantile, endpoint: EndpointData, /, **keys: Any) -> list[Row]:
    """Return a median survival time, its limits and its standard error, in the report unit."""
    unreached = isnan(median.estimate) or not isnan(median.conf_low)  # else neither limit exists: all had the event
    never = NOT_REACHED if median.method == "brookmeyer-crowley" and unreached else NOT_ESTIMABLE
    return [
        *time_row("median", median.estimate, endpoint, **keys),
        *time_row("conf_low", median.conf_low, endpoint, never=never, **keys),
        *time_row("conf_high", median.conf_high, endpoint, never=never, **keys),
        *number("std_error", median.std_error * scale_of(endpoint), digits=3, unit=endpoint.report_unit, **keys),
    ]


def time_row(
    statistic: str, value: float, endpoint: EndpointData, /, *, never: str = NOT_REACHED, **keys: Any
) -> list[Row]:
    """Return one row with a time, converted to the report unit; nan is written as ``never``."""
    scaled = value * scale_of(endpoint)
    text = never if isnan(scaled) else format_time(scaled, endpoint.report_unit)
    return [Row(statistic=statistic, value=scaled, text=text, unit=endpoint.report_unit, **keys)]
