"""coxstream as a contestant, in this process and on the same arrays; imported only where it is installed.

Its wheels of 2026 ask for a function that newer C libraries do not have: ``pip install --no-binary coxstream
coxstream`` compiles it here, with all that this processor can do.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from numpy.typing import NDArray

from measure import Contestant, Numbers, in_this_process

NAME = "coxstream"


def is_installed() -> bool:
    """Say whether coxstream can be imported."""
    return find_spec("coxstream") is not None


def enter(time: NDArray[Any], event: NDArray[Any], x: NDArray[Any]) -> Contestant:
    """Return coxstream ready to fit a Cox model by Efron's method."""
    from coxstream import CoxStream

    def read(model: Any) -> Numbers:
        return {"coefficients": model.coef_, "std_error": model.standard_errors_}

    return in_this_process(NAME, lambda: CoxStream().fit(time, event, x), read)
