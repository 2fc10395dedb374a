"""Fisher's exact test of a contingency table of any size, within a stated limit of work."""

# pyright: reportMissingTypeStubs=false

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np
from scipy import special

from oncohort.errors import AnalysisError
from oncohort.stats.arrays import Floats, Ints
from oncohort.stats.compare import as_table
from oncohort.stats.distributions import TestResult

_TIE = 1e-7  # tables whose probability exceeds the observed one by less, relatively, are as probable
_LIMIT = 10_000_000  # partial tables looked at; more is "too large" (10 million take about 4 s and 1 GB)
_DIGITS = 11  # partial tables whose log-probabilities agree to so many decimals are one

# What is reached after some columns: the remaining row sums (K, r), and for each of K states that differ in these
# or in probability the log-probability factor (K,) and how many partial tables share it (K,).
_Paths: TypeAlias = tuple[Ints, Floats, Floats]


def fisher_exact(table: Any) -> TestResult:
    """Test independence of rows and columns exactly, given the margins.

    The P value is the probability of all tables with these margins that are not more probable
    than the observed one; for 2 x 2 tables this is R's two-sided test.

    Parameters
    ----------
    table : (r, c) int
        Counts, r and c from 2, no row or column empty.

    Returns
    -------
    TestResult
        ``statistic`` and ``df`` are nan: the test has none.

    Raises
    ------
    AnalysisError
        If the table is not as described, or too large: more than 10 million partial tables would
        have to be looked at. 3 x 4 with 110 patients needs under 1 million.

    Examples
    --------
    The lady tasting tea:

    >>> round(fisher_exact([[3, 1], [1, 3]]).p_value, 4)
    0.4857

    Job satisfaction by income:

    >>> round(fisher_exact([[1, 2, 1, 0], [3, 3, 6, 1], [10, 10, 14, 9], [6, 7, 12, 11]]).p_value, 4)
    0.7827

    References
    ----------
    Freeman GH, Halton JH. Biometrika 1951;38:141-149.
    Mehta CR, Patel NR. J Am Stat Assoc 1983;78:427-434 (column-by-column network).
    Agresti A. Categorical Data Analysis. 2nd ed. 2002; p. 57 (second data set).
    Golden: ``tests/golden/r/compare.json``, key ``tables`` (R ``fisher.test``).
    """
    counts = as_table(table)
    rows, columns = sorted((np.sort(counts.sum(axis=1)), np.sort(counts.sum(axis=0))), key=_margin_order)
    log_all = _log_factorial(rows).sum() + _log_factorial(columns).sum() - _log_factorial(rows.sum())
    observed = float(-_log_factorial(counts).sum())
    paths: _Paths = (rows[None, :], np.zeros(1), np.ones(1))
    work = 0
    for column in columns[:-2].tolist():
        paths, cost = _spend_column(paths, column, work)
        work += cost
    log_p = min(0.0, _finish(paths, int(columns[-2]), observed, work) + float(log_all))
    return TestResult(math.nan, math.nan, math.exp(log_p), log_p / math.log(10.0), "Fisher's exact test")


def _spend_column(paths: _Paths, column: int, work: int) -> tuple[_Paths, int]:
    """Fill one column in every way, from every state; merge what leaves the same rows with the same probability."""
    choices, factor = _fillings(column, paths[0].shape[1])
    rests: list[Ints] = []
    values: list[Floats] = []
    weights: list[Floats] = []
    cost = 0
    for rest, value, weight in _nodes(paths):
        fits = (choices <= rest).all(axis=1)
        after = np.sort(rest - choices[fits], axis=1)  # rows are exchangeable: only the multiset matters
        cost += after.shape[0] * value.size
        _require_feasible(work + cost)
        rests.append(np.repeat(after, value.size, axis=0))
        values.append((factor[fits][:, None] + value).ravel())
        weights.append(np.tile(weight, after.shape[0]))
    return _merge(np.concatenate(rests), np.concatenate(values), np.concatenate(weights)), cost


def _finish(paths: _Paths, column: int, observed: float, work: int) -> float:
    """Fill the last two columns; return the log of the sum over tables not more probable than the observed one."""
    choices, factor = _fillings(column, paths[0].shape[1])
    bound = observed + _TIE
    total = -math.inf
    for rest, value, weight in _nodes(paths):
        fits = (choices <= rest).all(axis=1)
        work += int(fits.sum()) + value.size
        _require_feasible(work)
        ends = np.sort(factor[fits] - _log_factorial(rest - choices[fits]).sum(axis=1))
        sums = np.logaddexp.accumulate(ends)
        below = np.searchsorted(ends, bound - value)
        some = below > 0
        if some.any():
            terms = np.log(weight[some]) + value[some] + sums[below[some] - 1]
            total = float(np.logaddexp(total, np.logaddexp.reduce(terms)))
    return total


def _fillings(column: int, n_rows: int) -> tuple[Ints, Floats]:
    """Return every way to share ``column`` patients among the rows, with minus the log of its factorials."""
    if math.comb(column + n_rows - 1, n_rows - 1) * n_rows > _LIMIT:
        raise AnalysisError(_too_large())
    choices = np.zeros((1, 0), dtype=np.int64)
    for _ in range(n_rows - 1):
        left = column - choices.sum(axis=1)
        repeated = np.repeat(choices, left + 1, axis=0)
        starts = np.repeat(np.cumsum(left + 1) - (left + 1), left + 1)
        choices = np.column_stack([repeated, np.arange(starts.size) - starts])
    choices = np.column_stack([choices, column - choices.sum(axis=1)])
    return choices, -_log_factorial(choices).sum(axis=1)


def _nodes(paths: _Paths) -> list[_Paths]:
    """Split paths, sorted by their remaining rows, into those with the same remaining rows."""
    rest, value, weight = paths
    starts = np.flatnonzero(np.concatenate([[True], (rest[1:] != rest[:-1]).any(axis=1)]))
    ends = np.append(starts[1:], value.size)
    return [(rest[i], value[i:j], weight[i:j]) for i, j in zip(starts.tolist(), ends.tolist(), strict=True)]


def _merge(rest: Ints, value: Floats, weight: Floats) -> _Paths:
    """Sort by remaining rows and value, and add the weights of equal ones."""
    digit = int(rest.max()) + 1
    if digit ** rest.shape[1] >= 2**62:
        raise AnalysisError(_too_large())
    key: Ints = np.dot(rest, np.array([digit**k for k in range(rest.shape[1])], dtype=np.int64))
    rounded = np.round(value, _DIGITS)
    order = np.lexsort((rounded, key))
    key, rounded = key[order], rounded[order]
    new = np.concatenate([[True], (key[1:] != key[:-1]) | (rounded[1:] != rounded[:-1])])
    starts = np.flatnonzero(new)
    kept = order[starts]
    return rest[kept], value[kept], np.add.reduceat(weight[order], starts)


def _margin_order(margin: Ints) -> tuple[int, list[int]]:
    """Order the two margins so that the shorter one is carried along and the other filled column by column.

    Of two equally long ones the more uneven is filled: its first columns are the smaller ones.
    """
    return margin.size, [-count for count in margin.tolist()]


def _log_factorial(counts: Ints) -> Floats:
    return np.asarray(special.gammaln(np.asarray(counts) + 1.0), dtype=np.float64)


def _require_feasible(work: int) -> None:
    if work > _LIMIT:
        raise AnalysisError(_too_large())


def _too_large() -> str:
    return "Fisher's exact test: the table is too large to be counted out; use Pearson's chi-square"
