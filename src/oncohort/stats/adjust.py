"""Adjustment of P values for multiple testing."""

from __future__ import annotations

import numpy as np

from oncohort.errors import AnalysisError
from oncohort.stats.arrays import Column, Floats, as_floats


def holm(p_values: Column) -> Floats:
    """Adjust P values by Holm's step-down method.

    Parameters
    ----------
    p_values : (m,) float
        In [0, 1], one per test of the family.

    Returns
    -------
    (m,) float
        Adjusted values in the order given, at most 1.

    Raises
    ------
    AnalysisError
        If a value is missing or not between 0 and 1.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    array([0.03, 0.06, 0.06])

    References
    ----------
    Holm S. Scand J Stat 1979;6:65-70.
    Golden: ``tests/golden/r/compare.json``, key ``holm`` (R ``p.adjust``).
    """
    p = as_floats(p_values, "p_values")
    outside = np.flatnonzero((p < 0) | (p > 1))
    if outside.size:
        first = outside[0]
        raise AnalysisError(f"p_values: value {first + 1} is {p[first]:g}; a P value is between 0 and 1")
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1)), 1.0)
    return adjusted
