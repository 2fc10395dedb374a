"""The log-rank test of k groups, and of each pair of groups."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from oncohort.errors import AnalysisError
from oncohort.stats.adjust import holm
from oncohort.stats.arrays import Column, Floats, Ints
from oncohort.stats.distributions import chi_square_tail
from oncohort.stats.risk_table import RiskTable, risk_table, select_groups

Adjustment: TypeAlias = Literal["none", "holm"]

_SINGULAR = 1e-12  # smallest eigenvalue of a correlation matrix that still has an inverse


@dataclass(frozen=True, slots=True)
class LogRankTest:
    """A log-rank test of G groups.

    Parameters
    ----------
    statistic, df, p_value, log10_p : float
        Chi-square; ``df`` is the number of groups with an expected event, less one.
    groups : tuple of G labels
        Sorted.
    n : (G,) int
        Patients of each group.
    observed : (G,) int
        Events of each group.
    expected : (G,) float
        Events expected if all groups had one hazard; they sum to the observed ones.
    variance : (G, G) float
        Hypergeometric covariance of ``observed - expected``.
    """

    statistic: float
    df: int
    p_value: float
    log10_p: float
    groups: tuple[Any, ...]
    n: Ints
    observed: Ints
    expected: Floats
    variance: Floats


@dataclass(frozen=True, slots=True)
class PairTest:
    """The log-rank test of two groups; where it cannot be made, ``test`` is None and ``reason`` says why.

    ``p_adjusted`` is the P value after the adjustment asked for, nan without a test.
    """

    group_a: Any
    group_b: Any
    test: LogRankTest | None
    p_adjusted: float
    reason: str


def log_rank(time: Column, event: Column, group: Column, *, entry: Column | None = None) -> LogRankTest:
    """Test whether k groups have one hazard, by the log-rank test.

    A patient censored on the day of an event is at risk on that day; one who enters on it is not. A group in which no
    event could be expected (all censored before the first event) does not count in ``df``.

    Parameters
    ----------
    time : (n,) float
        Follow-up of each patient in one unit, from 0.
    event : (n,) bool
        True where the event was seen at ``time``.
    group : (n,) labels
        No value may be missing.
    entry : (n,) float, optional
        When each patient came under observation, from 0 and before ``time``; default: from the beginning.

    Returns
    -------
    LogRankTest
        Equal to R's ``survdiff`` with rho = 0, which takes no entries; with them, to the score test of R's
        ``coxph(ties = "exact")`` where it can be computed.

    Raises
    ------
    AnalysisError
        If there is one group, no event, fewer than two groups at risk at an event, or all had the
        event at one time; or if the columns are not as described.

    Examples
    --------
    >>> weeks = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
    >>> weeks += [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
    >>> relapse = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0] + 21 * [1]
    >>> test = log_rank(weeks, relapse, 21 * ["6-MP"] + 21 * ["placebo"])
    >>> round(test.statistic, 6), test.df, test.observed
    (16.792941, 1, array([ 9, 21]))

    References
    ----------
    Peto R, Peto J. J R Stat Soc A 1972;135:185-207.
    Freireich EJ, et al. Blood 1963;21:699-716 (data).
    Golden: ``tests/golden/r/nonparametric.json``, keys ``lung``, ``veteran`` and ``freireich``;
    ``tests/golden/printed/spss.json``, key ``logrank`` (SPSS 31.0.1); with entries ``tests/golden/r/entry.json``, key
    ``tests``.
    """
    return log_rank_of(risk_table(time, event, group, entry=entry))


def log_rank_of(table: RiskTable) -> LogRankTest:
    """Test the groups of a risk table; result and errors as in `log_rank`.

    Examples
    --------
    >>> table = risk_table([1, 2, 3, 4], [1, 1, 1, 0], ["a", "a", "b", "b"])
    >>> round(log_rank_of(table).statistic, 6)
    2.882353
    """
    observed = table.n_event.sum(axis=0)
    _require_comparable(table, observed)
    rows = table.n_event.sum(axis=1) > 0
    at_risk = table.n_risk[rows].astype(np.float64)
    events = table.n_event[rows].sum(axis=1).astype(np.float64)
    total = at_risk.sum(axis=1)
    share = at_risk / total[:, None]
    expected: Floats = (events[:, None] * share).sum(axis=0)
    spread = events * (total - events) / np.maximum(total - 1.0, 1.0)
    variance = shared_variance(share, spread)
    counted = np.flatnonzero(expected > 0)
    if counted.size < 2:
        raise AnalysisError("log-rank: fewer than two groups have a patient at risk at an event")
    if not spread.any():
        raise AnalysisError("log-rank: everyone still at risk had the event at one time; nothing can be compared")
    rest = counted[1:]  # any one group is told by the others
    difference = (observed - expected)[rest]
    statistic = quadratic_form(variance[rest][:, rest], difference, "log-rank")
    tail = chi_square_tail(statistic, rest.size)
    return LogRankTest(
        statistic=max(statistic, 0.0),
        df=int(rest.size),
        p_value=tail.p_value,
        log10_p=tail.log10_p,
        groups=table.groups,
        n=(table.n_event + table.n_censor).sum(axis=0),
        observed=observed,
        expected=expected,
        variance=variance,
    )


def pairwise_log_rank(
    time: Column, event: Column, group: Column, *, adjust: Adjustment, entry: Column | None = None
) -> tuple[PairTest, ...]:
    """Test every pair of groups by the log-rank test of the two alone.

    Parameters
    ----------
    time, event, group, entry
        As in `log_rank`.
    adjust : {"none", "holm"}
        Adjustment of the P values over the pairs that could be tested. No default: SPSS adjusts
        nothing, guidelines ask for it.

    Returns
    -------
    tuple of PairTest
        In the order of the sorted groups: a-b, a-c, … b-c, …

    Raises
    ------
    AnalysisError
        If there is one group or no event at all, or the columns are not as in `log_rank`.

    Examples
    --------
    >>> pairs = pairwise_log_rank([1, 2, 3, 4, 5, 6], [1, 1, 1, 1, 1, 0], list("aabbcc"), adjust="holm")
    >>> [(p.group_a, p.group_b, round(p.p_adjusted, 3)) for p in pairs]
    [('a', 'b', 0.269), ('a', 'c', 0.269), ('b', 'c', 0.269)]

    References
    ----------
    Golden: ``tests/golden/r/compare.json``, key ``pairwise``.
    """
    if adjust not in get_args(Adjustment):
        raise AnalysisError(f"adjust: none or holm was expected; got {adjust!r}")
    table = risk_table(time, event, group, entry=entry)
    _require_comparable(table, table.n_event.sum(axis=0))
    tried = [_pair(table, a, b) for a, b in combinations(range(len(table.groups)), 2)]
    p_values = [test.p_value for test, _ in tried if test is not None]
    adjusted = iter(holm(p_values).tolist() if adjust == "holm" and p_values else p_values)
    pairs = combinations(table.groups, 2)
    return tuple(
        PairTest(a, b, test, float("nan") if test is None else next(adjusted), reason)
        for (a, b), (test, reason) in zip(pairs, tried, strict=True)
    )


def shared_variance(share: Floats, spread: Floats) -> Floats:
    """Return the covariance of G groups from their shares (times, G) of those at risk and the spread at each time.

    The variance of a group that is alone at risk, or not at risk, is exactly 0.

    Examples
    --------
    >>> shared_variance(np.array([[0.5, 0.5], [0.0, 1.0]]), np.array([2.0, 1.0]))
    array([[ 0.5, -0.5],
           [-0.5,  0.5]])
    """
    variance: Floats = -(share * spread[:, None]).T @ share
    np.fill_diagonal(variance, spread @ (share * (1.0 - share)))
    return variance


def quadratic_form(variance: Floats, difference: Floats, test: str) -> float:
    """Return difference' variance⁻¹ difference.

    The variance has no inverse where some groups are never at risk together with the others, which needs strata, or
    patients who enter late.

    Raises
    ------
    AnalysisError
        If there is no inverse; the sentence begins with ``test``.

    Examples
    --------
    >>> quadratic_form(np.diag([2.0, 4.0]), np.array([2.0, 2.0]), "log-rank")
    3.0
    """
    scale = np.sqrt(np.diag(variance))
    if not scale.all() or np.linalg.eigvalsh(variance / np.outer(scale, scale))[0] < _SINGULAR:
        raise AnalysisError(f"{test}: some groups are never at risk together with the others")
    return float(np.vdot(difference, np.linalg.solve(variance, difference)))


def _pair(table: RiskTable, a: int, b: int) -> tuple[LogRankTest | None, str]:
    try:
        return log_rank_of(select_groups(table, [a, b])), ""
    except AnalysisError as error:
        return None, str(error)


def _require_comparable(table: RiskTable, observed: Ints) -> None:
    if table.n_risk.shape[1] < 2:
        raise AnalysisError(f"log-rank: at least two groups were expected; all are {table.groups[0]!r}")
    if observed.sum() == 0:
        raise AnalysisError("log-rank: there is no event")
