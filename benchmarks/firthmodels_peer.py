"""firthmodels as a contestant, in this process and on the same arrays; imported only where it is installed."""

from __future__ import annotations

from typing import Any

from data import Cohort
from measure import Numbers, Read, Work

NAME = PACKAGE = MODULE = "firthmodels"


def _firth(cohort: Cohort) -> tuple[Work, Read]:
    from firthmodels import FirthCoxPH

    y = (cohort.event["OS"] > 0, cohort.time["OS"])

    def work() -> tuple[Any, Any]:
        model = FirthCoxPH().fit(cohort.x, y)
        model.lrt()
        return model, model.conf_int(method="pl")

    def read(found: tuple[Any, Any]) -> Numbers:
        model, limits = found
        return {
            "coefficients": model.coef_,
            "std_error": model.bse_,
            "log_limits": limits.ravel(),
            "p_value": model.lrt_pvalues_,
        }

    return work, read


TASKS = {"firth": _firth}
