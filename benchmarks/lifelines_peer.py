"""lifelines as a contestant, in this process and on the same arrays; imported only where it is installed."""

from __future__ import annotations

from typing import Any

from data import ENDPOINTS, Cohort
from measure import Numbers, Read, Work

NAME = PACKAGE = MODULE = "lifelines"


def _kaplan_meier(cohort: Cohort) -> tuple[Work, Read]:
    from lifelines import KaplanMeierFitter

    def work() -> tuple[Any, float]:
        fitter = KaplanMeierFitter().fit(cohort.time["OS"], cohort.event["OS"])
        return fitter, fitter.median_survival_time_

    def read(found: tuple[Any, float]) -> Numbers:
        fitter, middle = found
        survival = fitter.survival_function_.to_numpy()[:, 0]
        limits = fitter.confidence_interval_.to_numpy()
        rows = (fitter.event_table["observed"].to_numpy() > 0) & (survival < 1.0) & (survival > 0.0)
        return {
            "survival": survival[rows],
            "conf_low": limits[rows, 0],
            "conf_high": limits[rows, 1],
            "median": middle,
        }

    return work, read


def _log_rank(factor: int) -> Any:
    def enter(cohort: Cohort) -> tuple[Work, Read]:
        from lifelines.statistics import multivariate_logrank_test

        time, event, group = cohort.time["OS"], cohort.event["OS"], cohort.factors[factor]
        return (
            lambda: multivariate_logrank_test(time, group, event),
            lambda test: {"statistic": test.test_statistic},
        )

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
    from lifelines import KaplanMeierFitter
    from lifelines.statistics import multivariate_logrank_test

    time, event, group = cohort.time[endpoint], cohort.event[endpoint], cohort.factors[factor]
    levels = [group == level for level in range(int(group.max()) + 1)]
    medians = [KaplanMeierFitter().fit(time[level], event[level]).median_survival_time_ for level in levels]
    return multivariate_logrank_test(time, group, event).test_statistic, medians


def _frame(cohort: Cohort) -> Any:
    import pandas as pd

    columns = {f"x{k + 1}": cohort.x[:, k] for k in range(cohort.x.shape[1])}
    return pd.DataFrame(columns | {"time": cohort.time["OS"], "event": cohort.event["OS"]})


def _cox(cohort: Cohort) -> tuple[Work, Read]:
    from lifelines import CoxPHFitter

    frame = _frame(cohort)

    def read(fitter: Any) -> Numbers:
        return {
            "coefficients": fitter.params_.to_numpy(),
            "std_error": fitter.standard_errors_.to_numpy(),
            "likelihood_ratio": fitter.log_likelihood_ratio_test().test_statistic,
        }

    return lambda: CoxPHFitter().fit(frame, "time", "event"), read


def _zph(cohort: Cohort) -> tuple[Work, Read]:
    from lifelines import CoxPHFitter
    from lifelines.statistics import proportional_hazard_test

    frame = _frame(cohort)
    fitter = CoxPHFitter().fit(frame, "time", "event")
    # the approximation of Grambsch and Therneau, not the exact score test: its numbers are others by design
    return lambda: proportional_hazard_test(fitter, frame, time_transform="km"), lambda _: {}


def _concordance(cohort: Cohort) -> tuple[Work, Read]:
    from lifelines.utils import concordance_index

    time, event, longevity = cohort.time["OS"], cohort.event["OS"], -cohort.risk
    return lambda: concordance_index(time, longevity, event), lambda estimate: {"estimate": estimate}


TASKS = {
    "cox": _cox,
    "kaplan_meier": _kaplan_meier,
    "log_rank_2": _log_rank(0),
    "log_rank_4": _log_rank(5),
    "tables_26": _tables,
    "zph": _zph,
    "concordance": _concordance,
}
