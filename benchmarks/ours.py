"""oncohort as a contestant: for each task the work that is timed, and how to read its numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import oncohort as oc
from data import ENDPOINTS, Cohort
from measure import Contestant, Numbers, in_this_process
from oncohort.stats.kaplan_meier import curve_of
from oncohort.stats.log_rank import log_rank_of
from oncohort.stats.risk_table import risk_table

NAME = "oncohort"
Work = Callable[[], Any]
Read = Callable[[Any], Numbers]


def enter(task: str, cohort: Cohort) -> Contestant:
    """Return oncohort ready for a task on a cohort."""
    work, read = _TASKS[task](cohort)
    return in_this_process(NAME, work, read)


def _kaplan_meier(cohort: Cohort) -> tuple[Work, Read]:
    time, event = cohort.time["OS"], cohort.event["OS"]

    def work() -> tuple[oc.SurvivalCurve, float]:
        curve = oc.kaplan_meier(time, event, conf_type="log-log")
        return curve, _median(curve)

    def read(found: tuple[oc.SurvivalCurve, float]) -> Numbers:
        curve, middle = found
        rows = (curve.n_event > 0) & (curve.survival < 1.0) & (curve.survival > 0.0)
        return {
            "survival": curve.survival[rows],
            "conf_low": curve.conf_low[rows],
            "conf_high": curve.conf_high[rows],
            "median": middle,
        }

    return work, read


def _median(curve: oc.SurvivalCurve) -> float:
    return oc.quantile(curve, 0.5, method="brookmeyer-crowley", at_half="midpoint").estimate


def _log_rank(cohort: Cohort, factor: int) -> tuple[Work, Read]:
    time, event, group = cohort.time["OS"], cohort.event["OS"], cohort.factors[factor]
    return lambda: oc.log_rank(time, event, group), lambda test: {"statistic": test.statistic}


def _tables(cohort: Cohort) -> tuple[Work, Read]:
    def work() -> list[tuple[float, list[float]]]:
        return [_table(cohort, endpoint, factor) for endpoint in ENDPOINTS for factor in range(len(cohort.factors))]

    def read(found: list[tuple[float, list[float]]]) -> Numbers:
        return {
            "statistic": [statistic for statistic, _ in found],
            "median": [middle for _, medians in found for middle in medians],
        }

    return work, read


def _table(cohort: Cohort, endpoint: str, factor: int) -> tuple[float, list[float]]:
    table = risk_table(cohort.time[endpoint], cohort.event[endpoint], cohort.factors[factor])
    curves = [curve_of(table, k, conf_type="log-log") for k in range(len(table.groups))]
    return log_rank_of(table).statistic, [_median(curve) for curve in curves]


def _cox(cohort: Cohort, p: int) -> tuple[Work, Read]:
    x = cohort.x[:, :p]

    def read(fit: oc.CoxFit) -> Numbers:
        return {
            "coefficients": fit.coefficients,
            "std_error": fit.std_error,
            "likelihood_ratio": fit.likelihood_ratio.statistic,
        }

    return lambda: oc.cox(cohort.time["OS"], cohort.event["OS"], x, ties="efron"), read


def _stepwise(cohort: Cohort) -> tuple[Work, Read]:
    blocks = {f"x{k + 1}": cohort.x[:, k] for k in range(cohort.x.shape[1])}

    def work() -> oc.StepwiseResult:
        return oc.stepwise(
            cohort.time["OS"],
            cohort.event["OS"],
            blocks,
            direction="forward",
            criterion="likelihood-ratio",
            enter=0.10,
            remove=0.10,
            ties="efron",
        )

    def read(path: oc.StepwiseResult) -> Numbers:
        fit = path.fit
        return {
            "selected": [int(name[1:]) for name in path.selected],
            "coefficients": np.zeros(0) if fit is None else fit.coefficients,
            "std_error": np.zeros(0) if fit is None else fit.std_error,
        }

    return work, read


def _zph(cohort: Cohort) -> tuple[Work, Read]:
    fit = oc.cox(cohort.time["OS"], cohort.event["OS"], cohort.x, ties="efron")
    return (
        lambda: oc.cox_zph(fit, transform="km"),
        lambda found: {"statistic": [test.statistic for test in (*found.tests, found.overall)]},
    )


def _concordance(cohort: Cohort) -> tuple[Work, Read]:
    return (
        lambda: oc.concordance(cohort.time["OS"], cohort.event["OS"], cohort.risk),
        lambda found: {"estimate": found.estimate, "std_error": found.std_error},
    )


_TASKS: dict[str, Callable[[Cohort], tuple[Work, Read]]] = {
    "kaplan_meier": _kaplan_meier,
    "log_rank_2": lambda cohort: _log_rank(cohort, 0),
    "log_rank_4": lambda cohort: _log_rank(cohort, 5),
    "tables_26": _tables,
    "cox_3": lambda cohort: _cox(cohort, 3),
    "cox_10": lambda cohort: _cox(cohort, 10),
    "stepwise": _stepwise,
    "zph": _zph,
    "concordance": _concordance,
}
