"""statsmodels as a contestant, in this process and on the same arrays; imported only where it is installed."""

from __future__ import annotations

from typing import Any

from data import ENDPOINTS, Cohort
from measure import Numbers, Read, Work

NAME = PACKAGE = MODULE = "statsmodels"


def _cox(cohort: Cohort) -> tuple[Work, Read]:
    from statsmodels.duration.hazard_regression import PHReg

    def work() -> Any:
        return PHReg(cohort.time["OS"], cohort.x, status=cohort.event["OS"], ties="efron").fit()

    return work, lambda fit: {"coefficients": fit.params, "std_error": fit.bse}


def _kaplan_meier(cohort: Cohort) -> tuple[Work, Read]:
    from statsmodels.duration.survfunc import SurvfuncRight

    def work() -> tuple[Any, Any]:
        curve = SurvfuncRight(cohort.time["OS"], cohort.event["OS"])
        return curve, curve.quantile(0.5)

    def read(found: tuple[Any, Any]) -> Numbers:
        curve, middle = found  # limits of S(t) at single times are not offered
        survival = curve.surv_prob
        return {"survival": survival[(survival < 1.0) & (survival > 0.0)], "median": middle}

    return work, read


def _log_rank(factor: int) -> Any:
    def enter(cohort: Cohort) -> tuple[Work, Read]:
        from statsmodels.duration.survfunc import survdiff

        group = cohort.factors[factor]
        return (
            lambda: survdiff(cohort.time["OS"], cohort.event["OS"], group)[0],
            lambda statistic: {"statistic": statistic},
        )

    return enter


def _tables(cohort: Cohort) -> tuple[Work, Read]:
    from statsmodels.duration.survfunc import SurvfuncRight, survdiff

    def table(endpoint: str, group: Any) -> tuple[Any, list[Any]]:
        time, event = cohort.time[endpoint], cohort.event[endpoint]
        levels = [group == level for level in range(int(group.max()) + 1)]
        medians = [SurvfuncRight(time[level], event[level]).quantile(0.5) for level in levels]
        return survdiff(time, event, group)[0], medians

    def read(found: list[tuple[Any, list[Any]]]) -> Numbers:
        return {
            "statistic": [statistic for statistic, _ in found],
            "median": [middle for _, medians in found for middle in medians],
        }

    return lambda: [table(endpoint, group) for endpoint in ENDPOINTS for group in cohort.factors], read


TASKS = {
    "cox": _cox,
    "kaplan_meier": _kaplan_meier,
    "log_rank_2": _log_rank(0),
    "log_rank_4": _log_rank(5),
    "tables_26": _tables,
}
