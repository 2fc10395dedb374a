"""scikit-survival as a contestant, in this process and on the same arrays; imported only where it is installed."""

from __future__ import annotations

from typing import Any

import numpy as np

from data import ENDPOINTS, Cohort
from measure import Numbers, Read, Work

NAME = PACKAGE = "scikit-survival"
MODULE = "sksurv"


def _outcome(cohort: Cohort, endpoint: str) -> Any:
    from sksurv.util import Surv

    return Surv.from_arrays(cohort.event[endpoint] > 0, cohort.time[endpoint])


def _cox(cohort: Cohort) -> tuple[Work, Read]:
    from sksurv.linear_model import CoxPHSurvivalAnalysis

    y = _outcome(cohort, "OS")
    # there are no standard errors
    return (
        lambda: CoxPHSurvivalAnalysis(ties="efron").fit(cohort.x, y),
        lambda model: {"coefficients": model.coef_},
    )


def _kaplan_meier(cohort: Cohort) -> tuple[Work, Read]:
    from sksurv.nonparametric import kaplan_meier_estimator

    time, event = cohort.time["OS"], cohort.event["OS"] > 0

    def read(found: Any) -> Numbers:
        _, survival, (low, high) = found
        rows = (np.diff(survival, prepend=1.0) < 0.0) & (survival > 0.0)
        return {"survival": survival[rows], "conf_low": low[rows], "conf_high": high[rows]}

    return lambda: kaplan_meier_estimator(event, time, conf_type="log-log"), read


def _log_rank(factor: int) -> Any:
    def enter(cohort: Cohort) -> tuple[Work, Read]:
        from sksurv.compare import compare_survival

        y, group = _outcome(cohort, "OS"), cohort.factors[factor]
        return lambda: compare_survival(y, group)[0], lambda statistic: {"statistic": statistic}

    return enter


def _tables(cohort: Cohort) -> tuple[Work, Read]:
    from sksurv.compare import compare_survival
    from sksurv.nonparametric import kaplan_meier_estimator

    outcomes = [_outcome(cohort, endpoint) for endpoint in ENDPOINTS]

    def table(y: Any, group: Any) -> float:
        for level in range(int(group.max()) + 1):  # the curves; there is no median
            kaplan_meier_estimator(*(y[name][group == level] for name in y.dtype.names), conf_type="log-log")
        return compare_survival(y, group)[0]

    return (
        lambda: [table(y, group) for y in outcomes for group in cohort.factors],
        lambda found: {"statistic": found},
    )


def _concordance(cohort: Cohort) -> tuple[Work, Read]:
    from sksurv.metrics import concordance_index_censored

    event = cohort.event["OS"] > 0
    return (
        lambda: concordance_index_censored(event, cohort.time["OS"], cohort.risk)[0],
        lambda estimate: {"estimate": estimate},
    )


TASKS = {
    "cox": _cox,
    "kaplan_meier": _kaplan_meier,
    "log_rank_2": _log_rank(0),
    "log_rank_4": _log_rank(5),
    "tables_26": _tables,
    "concordance": _concordance,
}
