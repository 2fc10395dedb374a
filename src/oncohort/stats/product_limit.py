"""The product-limit form of a Cox model's survival: Kalbfleisch and Prentice's factor at each event time."""

from __future__ import annotations

import numpy as np

from oncohort.stats.arrays import Floats, Ints

_MOST_STEPS = 60


def product_limit_hazard(risk: Floats, weight: Floats, cell: Ints, at_risk: Floats) -> Floats:
    """Return minus the logarithm of Kalbfleisch and Prentice's factor a of each event time.

    The solution of ``Σ w r / (1 - a^r) = S0`` over the events of a time. Newton's method from
    ``-log a = Σ w / S0``, which is never beyond the solution of this falling convex function, so no step is.

    Parameters
    ----------
    risk, weight : (events,) float
        Relative risk and weight of each event, ordered by ``cell``.
    cell : (events,) int
        Event time of each event, each from 0 to cells - 1 at least once.
    at_risk : (cells,) float
        Weighted sum of relative risks over each risk set, its events included.

    Returns
    -------
    (cells,) float
        Above 0; infinite where everybody at risk has the event.

    Examples
    --------
    With equal risks it is Kaplan and Meier's factor:

    >>> one = np.ones(3)
    >>> np.exp(-product_limit_hazard(one, one, np.array([0, 0, 1]), np.array([5.0, 2.0])))
    array([0.6, 0.5])

    References
    ----------
    Kalbfleisch JD, Prentice RL. Biometrika 1973;60:267-278.
    Golden values: ``tests/golden/r/cox_breadth.json``, key ``kalbfleisch_prentice`` (R survival 3.5-3).
    """
    begin = np.flatnonzero(np.diff(cell, prepend=-1))
    share = weight * risk
    last = np.add.reduceat(share, begin) >= at_risk * (1.0 - 1e-12)
    hazard: Floats = np.add.reduceat(weight, begin) / at_risk
    for _ in range(_MOST_STEPS):
        power = risk * hazard[cell]
        gone = -np.expm1(-power)
        value = np.add.reduceat(share / gone, begin) - at_risk
        slope = np.add.reduceat(share * risk * np.exp(-power) / gone**2, begin)
        step = np.where(last, 0.0, value / np.where(last, 1.0, slope))
        hazard = hazard + step
        if bool(np.all(np.abs(step) <= 1e-15 * hazard)):
            break
    return np.where(last, np.inf, hazard)
