"""greenwood as a contestant, in this process and on the same arrays; imported only where it is installed."""

from __future__ import annotations

from typing import Any

import numpy as np

from data import ENDPOINTS, Cohort, causes_of
from measure import Numbers, Read, Work

NAME = PACKAGE = MODULE = "greenwood"


def _outcome(cohort: Cohort, endpoint: str) -> Any:
    from greenwood import Surv

    return Surv(cohort.time[endpoint], event=cohort.event[endpoint])


def _cox(cohort: Cohort) -> tuple[Work, Read]:
    from greenwood import CoxPH

    y = _outcome(cohort, "OS")

    def read(fit: Any) -> Numbers:
        return {"coefficients": fit.coef_, "std_error": fit.std_error_, "likelihood_ratio": fit.lr_stat_}

    return lambda: CoxPH().fit(y, cohort.x), read


def _fine_gray(cohort: Cohort) -> tuple[Work, Read]:
    import pandas as pd
    from greenwood import FineGray, Surv

    cause = pd.Categorical.from_codes(causes_of(cohort), ["censored", "own", "other"])
    y = Surv(cohort.time["OS"], event=cause)
    return lambda: FineGray("own").fit(y, cohort.x), lambda fit: {"coefficients": fit.coef_}


def _kaplan_meier(cohort: Cohort) -> tuple[Work, Read]:
    from greenwood import KaplanMeier

    y = _outcome(cohort, "OS")

    def work() -> tuple[Any, float]:
        curve = KaplanMeier(conf_type="log-log").fit(y)
        return curve, curve.median()

    def read(found: tuple[Any, float]) -> Numbers:
        curve, middle = found
        survival = curve.survival_
        rows = (np.diff(survival, prepend=1.0) < 0.0) & (survival > 0.0)
        return {
            "survival": survival[rows],
            "conf_low": curve.conf_low_[rows],
            "conf_high": curve.conf_high_[rows],
            "median": middle,
        }

    return work, read


def _log_rank(factor: int) -> Any:
    def enter(cohort: Cohort) -> tuple[Work, Read]:
        from greenwood import logrank_test

        y, group = _outcome(cohort, "OS"), cohort.factors[factor]
        return lambda: logrank_test(y, group=group), lambda test: {"statistic": test.statistic}

    return enter


def _tables(cohort: Cohort) -> tuple[Work, Read]:
    from greenwood import KaplanMeier, logrank_test

    outcomes = [_outcome(cohort, endpoint) for endpoint in ENDPOINTS]

    def table(y: Any, group: Any) -> tuple[float, Any]:
        return logrank_test(y, group=group).statistic, KaplanMeier(conf_type="log-log").fit(y, by=group).median()

    def read(found: list[tuple[float, Any]]) -> Numbers:
        return {
            "statistic": [statistic for statistic, _ in found],
            "median": [medians[level] for _, medians in found for level in sorted(medians)],
        }

    return lambda: [table(y, group) for y in outcomes for group in cohort.factors], read


def _zph(cohort: Cohort) -> tuple[Work, Read]:
    from greenwood import CoxPH

    fit = CoxPH().fit(_outcome(cohort, "OS"), cohort.x)
    return (
        lambda: fit.cox_zph(transform="km"),
        lambda found: {"statistic": found.to_frame(format="pandas")["chisq"].to_numpy()},
    )


def _concordance(cohort: Cohort) -> tuple[Work, Read]:
    from greenwood import concordance_index

    y = _outcome(cohort, "OS")
    return lambda: concordance_index(y, cohort.risk), lambda estimate: {"estimate": estimate}


TASKS = {
    "cox": _cox,
    "fine_gray": _fine_gray,
    "kaplan_meier": _kaplan_meier,
    "log_rank_2": _log_rank(0),
    "log_rank_4": _log_rank(5),
    "tables_26": _tables,
    "zph": _zph,
    "concordance": _concordance,
}
