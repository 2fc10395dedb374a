"""Comparison of groups: contingency tables and rank tests."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import numpy as np

from oncohort.errors import AnalysisError
from oncohort.stats.arrays import Column, Floats, Ints, as_floats
from oncohort.stats.distributions import TestResult, chi_square_test, normal_two_sided

if TYPE_CHECKING:
    from collections.abc import Sequence

ContinuityCorrection: TypeAlias = Literal["none", "yates"]
RankCorrection: TypeAlias = Literal["none", "continuity"]


def as_table(table: Any) -> Ints:
    """Return a contingency table as whole counts, checked: at least 2 x 2, no empty row or column.

    Raises
    ------
    AnalysisError
        If it is anything else.

    Examples
    --------
    >>> as_table([[3, 1], [0, 4]])
    array([[3, 1], [0, 4]])
    """
    try:
        counts = np.asarray(table, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise AnalysisError(f"table: rows of counts were expected; {error}") from error
    if counts.ndim != 2 or min(counts.shape) < 2:
        raise AnalysisError(f"table: at least two rows and two columns were expected; got shape {counts.shape}")
    if not np.isfinite(counts).all() or (counts < 0).any() or (counts != np.floor(counts)).any():
        raise AnalysisError("table: whole counts from 0 were expected")
    for axis, name in ((1, "row"), (0, "column")):
        empty = np.flatnonzero(counts.sum(axis=axis) == 0)
        if empty.size:
            raise AnalysisError(f"table: {name} {empty[0] + 1} is empty; leave it out first")
    return counts.astype(np.int64)


def expected_counts(table: Any) -> Floats:
    """Return the counts expected if rows and columns were independent.

    Parameters
    ----------
    table : (r, c) int
        Counts, r and c from 2, no row or column empty.

    Returns
    -------
    (r, c) float
        Row sum times column sum over the total.

    Raises
    ------
    AnalysisError
        If the table is not as described.

    Examples
    --------
    >>> expected_counts([[3, 1], [1, 3]])
    array([[2., 2.], [2., 2.]])
    """
    counts = as_table(table)
    return np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()


def pearson_chi_square(table: Any, *, correction: ContinuityCorrection) -> TestResult:
    """Test independence of rows and columns by Pearson's chi-square.

    Parameters
    ----------
    table : (r, c) int
        Counts, r and c from 2, no row or column empty.
    correction : {"none", "yates"}
        Yates's correction (2 x 2 only) takes 0.5, but not more than the difference itself, from
        each difference. No default: R corrects 2 x 2 tables, SPSS's Pearson row does not.

    Returns
    -------
    TestResult
        ``df`` is (r - 1)(c - 1).

    Raises
    ------
    AnalysisError
        If the table is not as described, or "yates" meets a larger table.

    Examples
    --------
    Responders among two groups of 154 and 77:

    >>> test = pearson_chi_square([[36, 118], [12, 65]], correction="none")
    >>> round(test.statistic, 3), round(test.p_value, 3)
    (1.893, 0.169)

    References
    ----------
    Golden: ``tests/golden/r/compare.json``, key ``tables`` (R ``chisq.test``).
    """
    if correction not in get_args(ContinuityCorrection):
        raise AnalysisError(f"correction: none or yates was expected; got {correction!r}")
    counts = as_table(table)
    if correction == "yates" and counts.shape != (2, 2):
        raise AnalysisError(f"Yates's correction is for 2 x 2 tables; got {counts.shape[0]} x {counts.shape[1]}")
    expected = expected_counts(counts)
    difference = np.abs(counts - expected)
    if correction == "yates":
        difference = difference - np.minimum(0.5, difference)
    statistic = float(np.sum(difference**2 / expected))
    df = (counts.shape[0] - 1) * (counts.shape[1] - 1)
    name = "Pearson chi-square" + (" with Yates's correction" if correction == "yates" else "")
    return chi_square_test(statistic, df, name)


def mann_whitney(a: Column, b: Column, *, correction: RankCorrection) -> TestResult:
    """Test whether one of two groups tends to larger values, by the normal approximation.

    Parameters
    ----------
    a, b : (n,) and (m,) float
        Values of the two groups; ties count half and lessen the variance.
    correction : {"none", "continuity"}
        "continuity" moves the rank sum 0.5 towards its mean. No default: R moves it, SPSS does not.

    Returns
    -------
    TestResult
        ``statistic`` is the number of pairs with a > b, ties counting half (R's W); ``df`` is nan.

    Raises
    ------
    AnalysisError
        If a value is missing, a group is empty, or all values are equal.

    Examples
    --------
    >>> test = mann_whitney([1, 2, 3, 4], [3, 5, 6, 7], correction="none")
    >>> test.statistic, round(test.p_value, 4)
    (1.5, 0.0591)

    References
    ----------
    Mann HB, Whitney DR. Ann Math Stat 1947;18:50-60.
    Golden: ``tests/golden/r/compare.json``, key ``ranks`` (R ``wilcox.test(exact = FALSE)``).
    """
    if correction not in get_args(RankCorrection):
        raise AnalysisError(f"correction: none or continuity was expected; got {correction!r}")
    first, second = as_floats(a, "a"), as_floats(b, "b")
    ranks, ties = _mid_ranks(np.concatenate([first, second]))
    n, m = float(first.size), float(second.size)
    total = n + m
    w = float(ranks[: first.size].sum()) - n * (n + 1.0) / 2.0
    variance = n * m / 12.0 * ((total + 1.0) - ties / (total * (total - 1.0)))
    if variance <= 0.0:
        raise AnalysisError("Mann-Whitney: all values are equal")
    distance = abs(w - n * m / 2.0)
    if correction == "continuity":
        distance = max(distance - 0.5, 0.0)
    tail = normal_two_sided(distance / math.sqrt(variance))
    name = "Mann-Whitney" + (" with continuity correction" if correction == "continuity" else "")
    return TestResult(w, math.nan, tail.p_value, tail.log10_p, name)


def kruskal_wallis(groups: Sequence[Column]) -> TestResult:
    """Test whether k groups tend to equally large values, corrected for ties.

    Parameters
    ----------
    groups : sequence of k columns
        Values of each group, k from 2.

    Returns
    -------
    TestResult
        ``df`` is k - 1.

    Raises
    ------
    AnalysisError
        If there is one group, a group is empty, a value is missing, or all values are equal.

    Examples
    --------
    >>> test = kruskal_wallis([[2.9, 3.0, 2.5, 2.6, 3.2], [3.8, 2.7, 4.0, 2.4], [2.8, 3.4, 3.7, 2.2, 2.0]])
    >>> round(test.statistic, 5), round(test.p_value, 4)
    (0.77143, 0.68)

    References
    ----------
    Kruskal WH, Wallis WA. J Am Stat Assoc 1952;47:583-621.
    Hollander M, Wolfe DA. Nonparametric Statistical Methods. 1973; p. 116 (data).
    Golden: ``tests/golden/r/compare.json``, key ``ranks`` (R ``kruskal.test``).
    """
    columns = [as_floats(group, f"group {k + 1}") for k, group in enumerate(groups)]
    if len(columns) < 2:
        raise AnalysisError(f"Kruskal-Wallis: at least two groups were expected; got {len(columns)}")
    ranks, ties = _mid_ranks(np.concatenate(columns))
    n = float(ranks.size)
    untied = 1.0 - ties / (n**3 - n)
    if untied <= 0.0:
        raise AnalysisError("Kruskal-Wallis: all values are equal")
    parts = np.split(ranks, np.cumsum([c.size for c in columns])[:-1])
    between = sum(float(part.size) * (float(part.mean()) - (n + 1.0) / 2.0) ** 2 for part in parts)
    return chi_square_test(12.0 * between / (n * (n + 1.0)) / untied, len(columns) - 1, "Kruskal-Wallis")


def _mid_ranks(values: Floats) -> tuple[Floats, float]:
    """Return ranks from 1, ties sharing their mean, and the sum of t³ - t over blocks of t ties."""
    _, inverse, size = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(size)
    mid = last - (size - 1) / 2.0
    block = size.astype(np.float64)
    return mid[inverse], float(np.sum(block**3 - block))
