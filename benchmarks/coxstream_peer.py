"""coxstream as a contestant, in this process and on the same arrays; imported only where it is installed.

Its wheels of 2026 ask for a function that newer C libraries do not have: `requirements.txt` has it compiled here.
"""

from __future__ import annotations

from typing import Any

from data import Cohort
from measure import Numbers, Read, Work

NAME = PACKAGE = MODULE = "coxstream"


def _cox(cohort: Cohort) -> tuple[Work, Read]:
    from coxstream import CoxStream

    def read(model: Any) -> Numbers:
        return {"coefficients": model.coef_, "std_error": model.standard_errors_}

    return lambda: CoxStream().fit(cohort.time["OS"], cohort.event["OS"], cohort.x), read


TASKS = {"cox": _cox}
