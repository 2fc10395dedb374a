"""lifelines as a contestant, in this process and on the same arrays; imported only where it is installed."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from data import ENDPOINTS, Cohort
from measure import Contestant, Numbers, in_this_process

NAME = "lifelines"
Work = Callable[[], Any]
Read = Callable[[Any], Numbers]


def is_installed() -> bool:
    """Say whether lifelines can be imported."""
    return find_spec("lifelines") is not None


def enter(task: str, cohort: Cohort) -> Contestant | None:
    """Return lifelines ready for a task on a cohort; None for a task it does not do."""
    if task not in _TASKS:
        return None
    work, read = _TASKS[task](cohort)
    return in_this_process(NAME, work, read)


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


def _log_rank(cohort: Cohort, factor: int) -> tuple[Work, Read]:
    from lifelines.statistics import multivariate_logrank_test

    time, event, group = cohort.time["OS"], cohort.event["OS"], cohort.factors[factor]
    return (
        lambda: multivariate_logrank_test(time, group, event),
        lambda test: {"statistic": test.test_statistic},
    )


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


def _frame(cohort: Cohort, p: int) -> Any:
    import pandas as pd

    columns = {f"x{k + 1}": cohort.x[:, k] for k in range(p)}
    return pd.DataFrame(columns | {"time": cohort.time["OS"], "event": cohort.event["OS"]})


def _cox(cohort: Cohort, p: int) -> tuple[Work, Read]:
    from lifelines import CoxPHFitter

    frame = _frame(cohort, p)

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

    frame = _frame(cohort, cohort.x.shape[1])
    fitter = CoxPHFitter().fit(frame, "time", "event")
    # the approximation of Grambsch and Therneau, not the exact score test: its numbers are others by design
    return lambda: proportional_hazard_test(fitter, frame, time_transform="km"), lambda _: {}


def _concordance(cohort: Cohort) -> tuple[Work, Read]:
    from lifelines.utils import concordance_index

    time, event, longevity = cohort.time["OS"], cohort.event["OS"], -cohort.risk
    return lambda: concordance_index(time, longevity, event), lambda estimate: {"estimate": estimate}


_TASKS: dict[str, Callable[[Cohort], tuple[Work, Read]]] = {
    "kaplan_meier": _kaplan_meier,
    "log_rank_2": lambda cohort: _log_rank(cohort, 0),
    "log_rank_4": lambda cohort: _log_rank(cohort, 5),
    "tables_26": _tables,
    "cox_3": lambda cohort: _cox(cohort, 3),
    "cox_10": lambda cohort: _cox(cohort, 10),
    "zph": _zph,
    "concordance": _concordance,
}
