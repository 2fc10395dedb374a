"""oncohort as a contestant, by each of its kernels: the work that is timed, and how to read its numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

import oncohort as oc
from cases import RESAMPLES
from data import ENDPOINTS, Cohort, causes_of
from measure import Contestant, Numbers, Read, Work, in_this_process
from oncohort.stats import kernel
from oncohort.stats.firth import FirthFit
from oncohort.stats.kaplan_meier import curve_of
from oncohort.stats.log_rank import log_rank_of
from oncohort.stats.risk_table import risk_table
from oncohort.stats.stepwise_resamples import stepwise_resamples

NAME, NUMPY = "oncohort", "oncohort, NumPy kernel"


def enter(task: str, cohort: Cohort) -> Contestant:
    """Return oncohort ready for a task on a cohort, with the kernel that it takes by itself."""
    return in_this_process(NAME, *_TASKS[task](cohort))


def enter_numpy(task: str, cohort: Cohort) -> Contestant | None:
    """Return oncohort with its NumPy kernel; None where that is the kernel it takes, or the task needs none."""
    if kernel.name() == "numpy" or task in _WITHOUT_KERNEL:
        return None
    work, read = _TASKS[task](cohort)

    def with_numpy() -> Any:
        with kernel.use("numpy"):
            return work()

    return in_this_process(NUMPY, with_numpy, read)


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


def _log_rank(factor: int) -> Callable[[Cohort], tuple[Work, Read]]:
    def enter(cohort: Cohort) -> tuple[Work, Read]:
        time, event, group = cohort.time["OS"], cohort.event["OS"], cohort.factors[factor]
        return lambda: oc.log_rank(time, event, group), lambda test: {"statistic": test.statistic}

    return enter


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


def _cox(cohort: Cohort) -> tuple[Work, Read]:
    def read(fit: oc.CoxFit) -> Numbers:
        return {
            "coefficients": fit.coefficients,
            "std_error": fit.std_error,
            "likelihood_ratio": fit.likelihood_ratio.statistic,
        }

    return lambda: oc.cox(cohort.time["OS"], cohort.event["OS"], cohort.x, ties="efron"), read


def _firth(cohort: Cohort) -> tuple[Work, Read]:
    def read(fit: FirthFit) -> Numbers:
        return {
            "coefficients": fit.coefficients,
            "std_error": fit.std_error,
            "log_limits": np.log([*zip(fit.conf_low, fit.conf_high, strict=True)]).ravel(),
            "p_value": [test.p_value for test in fit.tests if test is not None],
        }

    return lambda: oc.firth(oc.cox(cohort.time["OS"], cohort.event["OS"], cohort.x, ties="breslow")), read


def _fine_gray(cohort: Cohort) -> tuple[Work, Read]:
    cause = causes_of(cohort)
    # "left" as in R's finegray; its standard error is another one, which takes the weights as known
    return (
        lambda: oc.fine_gray(cohort.time["OS"], cause, cohort.x, of=1, censoring_ties="left"),
        lambda fit: {"coefficients": fit.coefficients},
    )


_RULES: Any = {
    "direction": "forward", "criterion": "likelihood-ratio", "enter": 0.10, "remove": 0.10, "ties": "efron",
}  # fmt: skip


def _blocks(cohort: Cohort) -> dict[str, NDArray[np.float64]]:
    return {f"x{k + 1}": cohort.x[:, k] for k in range(cohort.x.shape[1])}


def _stepwise(cohort: Cohort) -> tuple[Work, Read]:
    blocks = _blocks(cohort)

    def read(path: oc.StepwiseResult) -> Numbers:
        fit = path.fit
        return {
            "selected": [int(name[1:]) for name in path.selected],
            "coefficients": np.zeros(0) if fit is None else fit.coefficients,
            "std_error": np.zeros(0) if fit is None else fit.std_error,
        }

    return lambda: oc.stepwise(cohort.time["OS"], cohort.event["OS"], blocks, **_RULES), read


def _bootstrap(cohort: Cohort) -> tuple[Work, Read]:
    n, blocks = cohort.n, _blocks(cohort)
    draws = np.random.default_rng(n).multinomial(n, [1.0 / n] * n, size=RESAMPLES)
    return (
        lambda: stepwise_resamples(cohort.time["OS"], cohort.event["OS"], blocks, draws, **_RULES),
        lambda found: {"selected": found.selected},
    )


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
    "bootstrap": _bootstrap,
    "concordance": _concordance,
    "cox": _cox,
    "fine_gray": _fine_gray,
    "firth": _firth,
    "kaplan_meier": _kaplan_meier,
    "log_rank_2": _log_rank(0),
    "log_rank_4": _log_rank(5),
    "stepwise": _stepwise,
    "tables_26": _tables,
    "zph": _zph,
}
_WITHOUT_KERNEL = ("bootstrap", "fine_gray", "firth")  # not in it, or, the bootstrap, a minute without it
