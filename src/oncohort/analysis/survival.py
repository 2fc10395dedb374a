"""Each endpoint as a whole: follow-up, Kaplan–Meier median, survival at given times, and the curves of the figures."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from oncohort.analysis.rows import count, median_rows, number, scale_of, share, time_row, words
from oncohort.analysis.settings import Settings
from oncohort.stats.follow_up import observed_follow_up, reverse_kaplan_meier
from oncohort.stats.kaplan_meier import SurvivalCurve, kaplan_meier, survival_at
from oncohort.stats.quantiles import Quantile, quantile
from oncohort.study.cohort import EndpointData, entry_of
from oncohort.study.results import CurveRow, Row
from oncohort.study.text import format_number, format_plain


def analyze_follow_up(endpoint: EndpointData, settings: Settings) -> list[Row]:
    """Return follow-up by each method in force, from entry on: ``level`` is ``observed`` or ``reverse-km``."""
    keys: dict[str, Any] = {"analysis": "follow_up", "endpoint": endpoint.spec.id}
    rows: list[Row] = []
    if "observed" in settings.follow_up:
        seen = observed_follow_up(endpoint.time, entry=endpoint.entry)
        for statistic in ("median", "min", "max"):
            rows += time_row(statistic, getattr(seen, statistic), endpoint, **keys, level="observed")
    if "reverse-km" in settings.follow_up:
        curve = reverse_kaplan_meier(
            endpoint.time,
            endpoint.event,
            conf_type=settings.conf_type,
            entry=endpoint.entry,
            conf_level=settings.conf_level,
        )
        rows += median_rows(median_of(curve, settings), endpoint, **keys, level="reverse-km")
    return rows


def analyze_survival(endpoint: EndpointData, settings: Settings) -> list[Row]:
    """Return events, median with its interval, and survival at the protocol's times."""
    keys: dict[str, Any] = {"analysis": "survival", "endpoint": endpoint.spec.id}
    curve = curve_of(endpoint, None, settings)
    n_event = int(endpoint.event.sum())
    rows = [
        *count(curve.n, **keys),
        *count(n_event, statistic="n_event", **keys),
        *share(n_event, curve.n, **keys),
        *median_rows(median_of(curve, settings), endpoint, **keys),
        *words(settings.median_conf, **keys),
    ]
    if not settings.at:
        return rows
    at = survival_at(curve, np.array(settings.at) / scale_of(endpoint))
    for k, asked in enumerate(settings.at):
        keys = {"analysis": "survival_at", "endpoint": endpoint.spec.id, "time": format_plain(asked)}
        for statistic, values in (("surv", at.survival), ("conf_low", at.conf_low), ("conf_high", at.conf_high)):
            percent = 100 * float(values[k])
            rows.append(Row(statistic=statistic, value=percent, text=format_number(percent, 1), unit="%", **keys))
        rows += number("std_error", 100 * float(at.std_error[k]), digits=2, unit="%", **keys)
        rows += count(int(at.n_risk[k]), statistic="n_risk", **keys)
    return rows


def curve_of(endpoint: EndpointData, members: NDArray[np.bool_] | None, settings: Settings) -> SurvivalCurve:
    """Return the Kaplan–Meier curve of some patients, in the endpoint's own unit."""
    own = slice(None) if members is None else members
    return kaplan_meier(
        endpoint.time[own],
        endpoint.event[own],
        conf_type=settings.conf_type,
        entry=entry_of(endpoint, own),
        conf_level=settings.conf_level,
    )


def median_of(curve: SurvivalCurve, settings: Settings) -> Quantile:
    """Return the median with the interval the study has chosen."""
    return quantile(curve, 0.5, method=settings.median_conf, at_half=settings.at_half)


def curve_rows(
    curve: SurvivalCurve, endpoint: str, *, scale: float = 1.0, variable: str = "", level: str = ""
) -> list[CurveRow]:
    """Return a curve as rows of ``curves.csv``; ``scale`` takes its times to the report unit."""
    group = f"{variable}={level}" if variable else ""
    columns = zip(
        (curve.time * scale).tolist(),
        curve.n_risk.tolist(),
        curve.n_event.tolist(),
        curve.n_censor.tolist(),
        curve.survival.tolist(),
        curve.conf_low.tolist(),
        curve.conf_high.tolist(),
        strict=True,
    )
    return [CurveRow(endpoint, group, variable, level, *values) for values in columns]
