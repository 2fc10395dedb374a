"""Restricted cubic splines: a continuous column as a smooth curve, straight beyond its outer knots."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from oncohort.errors import AnalysisError
from oncohort.stats.arrays import Column, Floats, as_floats
from oncohort.stats.cox import CoxFit, wald_block
from oncohort.stats.distributions import TestResult

_OUTER_QUANTILE = {3: 0.1, 4: 0.05, 5: 0.05, 6: 0.05, 7: 0.025}  # the others lie evenly between it and its mirror
_SMALL = 100  # below this many values the outer knots are the fifth smallest and the fifth largest


def spline_knots(values: Column, *, n_knots: int) -> tuple[float, ...]:
    """Place knots at the quantiles Harrell recommends.

    With fewer than 100 values the outer knots are the fifth smallest and the fifth largest value. Quantiles
    are interpolated linearly between order statistics (R's default type 7).

    Parameters
    ----------
    values : (n,) float
        The column, at least as many distinct values as knots.
    n_knots : int
        From 3 to 7. More knots bend more; 4 suit most cohorts, 3 small ones.

    Returns
    -------
    tuple of float
        Ascending.

    Raises
    ------
    AnalysisError
        If a value is missing, the number is not from 3 to 7, or two knots fall on one value.

    Examples
    --------
    >>> spline_knots(range(1, 102), n_knots=3)
    (11.0, 51.0, 91.0)

    References
    ----------
    Harrell FE. Regression Modeling Strategies. 2nd ed. 2015, p. 28, table 2.3.
    Golden values: ``tests/golden/printed/splines.json``, keys ``knots_60`` and ``knots_120`` (Hmisc 4.8-0).
    """
    if n_knots not in _OUTER_QUANTILE:
        raise AnalysisError(f"n_knots: a number from 3 to 7 was expected; got {n_knots}")
    known = np.sort(as_floats(values, "values"))
    outer = _OUTER_QUANTILE[n_knots]
    knots: Floats = np.quantile(known, np.linspace(outer, 1.0 - outer, n_knots))
    if 10 <= known.size < _SMALL:
        knots[0], knots[-1] = known[4], known[-5]
    placed = tuple(knots.tolist())
    _checked(placed)
    return placed


def spline_columns(name: str, values: Column, *, knots: Sequence[float]) -> dict[str, Floats]:
    """Return the columns of a restricted cubic spline with k knots: the value itself and k - 2 nonlinear ones.

    ``((x - t_j)³₊ - (x - t_k-1)³₊ (t_k - t_j) / (t_k - t_k-1) + (x - t_k)³₊ (t_k-1 - t_j) / (t_k - t_k-1)) /
    (t_k - t_1)²``: Harrell's basis with his scale, so coefficients are those of his ``rcs``.

    Parameters
    ----------
    name : str
        Name of the column; the nonlinear ones get primes.
    values : (n,) float
        The column.
    knots : sequence of float
        At least 3, ascending, as from `spline_knots`. New patients need the knots of the fit.

    Returns
    -------
    dict of str to (n,) float
        Columns for `cox`, linear beyond the outer knots.

    Raises
    ------
    AnalysisError
        If a value is missing, or the knots are fewer than 3 or not ascending.

    Examples
    --------
    >>> columns = spline_columns("age", [40, 55, 60, 75], knots=[45, 60, 70])
    >>> list(columns)
    ['age', "age'"]
    >>> columns["age'"].round(3)
    array([ 0. ,  1.6,  5.4, 30. ])

    References
    ----------
    Harrell FE. Regression Modeling Strategies. 2nd ed. 2015, p. 24-28, equations 2.25 and 2.26.
    Golden values: ``tests/golden/printed/splines.json``, key ``basis`` (Hmisc 4.8-0).
    """
    placed = tuple(float(t) for t in knots)
    _checked(placed)
    x = as_floats(values, name)
    last, before = placed[-1], placed[-2]

    def cube(t: float) -> Floats:
        return np.maximum(x - t, 0.0) ** 3

    columns = {name: x}
    for j, t in enumerate(placed[:-2]):
        bend = cube(t) - (cube(before) * (last - t) - cube(last) * (before - t)) / (last - before)
        columns[name + "'" * (j + 1)] = bend / (last - placed[0]) ** 2
    return columns


def nonlinearity_test(fit: CoxFit, name: str) -> TestResult:
    """Test whether the log hazard bends: Wald's test of all nonlinear columns of a spline together.

    Parameters
    ----------
    fit : CoxFit
        A converged fit with the columns of `spline_columns`.
    name : str
        Name of the spline's column.

    Returns
    -------
    TestResult
        Chi-square with k - 2 degrees of freedom.

    Raises
    ------
    AnalysisError
        If the model has no such spline, or has no maximum.

    Examples
    --------
    >>> from oncohort.stats.cox import cox
    >>> weeks, age = [5, 8, 12, 20, 25, 31, 34, 40], [70, 50, 61, 66, 58, 49, 72, 55]
    >>> fit = cox(weeks, [1, 1, 0, 1, 1, 1, 1, 0], spline_columns("age", age, knots=[50, 60, 70]), ties="efron")
    >>> nonlinearity_test(fit, "age").df
    1.0

    References
    ----------
    Golden values: ``tests/golden/r/cox_breadth.json``, key ``nonlinear`` (R survival 3.5-3).
    """
    bends = [column for column in fit.names if column != name and column.rstrip("'") == name]
    if name not in fit.names or not bends:
        raise AnalysisError(f"{name}: not a spline of this model; it has {', '.join(fit.names)}")
    return wald_block(fit, bends)


def _checked(knots: tuple[float, ...]) -> None:
    said = ", ".join(f"{t:g}" for t in knots)
    if len(knots) < 3 or not all(math.isfinite(t) for t in knots):
        raise AnalysisError(f"knots: at least 3 numbers were expected; got {said or 'none'}")
    if any(after <= before for before, after in pairwise(knots)):
        raise AnalysisError(f"knots: ascending, distinct numbers were expected; got {said}")
