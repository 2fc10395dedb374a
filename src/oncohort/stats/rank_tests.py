"""Weighted log-rank tests: Breslow, Tarone–Ware, Peto–Peto, Fleming–Harrington; within strata, and for a trend."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from oncohort.errors import AnalysisError
from oncohort.stats.arrays import Column, Floats, Ints, as_events, as_floats, as_labels, as_times
from oncohort.stats.delayed_entry import entry_grid
from oncohort.stats.distributions import TestResult, chi_square_test
from oncohort.stats.log_rank import quadratic_form, shared_variance
from oncohort.stats.risk_table import RiskTable, risk_table

NamedWeights: TypeAlias = Literal["log-rank", "breslow", "tarone-ware", "peto-peto"]


@dataclass(frozen=True, slots=True)
class FlemingHarrington:
    """Weights S(t−)^rho (1 − S(t−))^gamma; gamma above 0 looks at late differences."""

    rho: float
    gamma: float


Weights: TypeAlias = NamedWeights | FlemingHarrington


@dataclass(frozen=True, slots=True, eq=False)
class RankTest:
    """A weighted log-rank test of G groups.

    Parameters
    ----------
    test : TestResult
        Chi-square, its degrees of freedom, P value, and what was done.
    groups : tuple of G labels
        Sorted.
    n : (G,) int
        Patients of each group.
    observed, expected : (G,) float
        Weighted sums over the event times of the events seen, and of those expected if all groups had one hazard.
    variance : (G, G) float
        Covariance of ``observed - expected``.
    """

    test: TestResult
    groups: tuple[Any, ...]
    n: Ints
    observed: Floats
    expected: Floats
    variance: Floats


def rank_test(
    time: Column,
    event: Column,
    group: Column,
    *,
    weights: Weights,
    strata: Column | None = None,
    entry: Column | None = None,
) -> RankTest:
    """Test whether k groups have one hazard, by a log-rank test whose event times have weights.

    With strata, sums are made within each and added: groups are compared with patients of their own stratum, and
    weights that depend on numbers at risk or on survival are those of the stratum (R does the same).

    Parameters
    ----------
    time, event, group, entry
        As in `oncohort.stats.log_rank.log_rank`. With entries fewer may be at risk early than late, and weights that
        follow the number at risk do so too.
    weights : {"log-rank", "breslow", "tarone-ware", "peto-peto"} or FlemingHarrington
        Of an event time: 1; the number at risk (also called Gehan's or the generalized Wilcoxon test); its square
        root; Kaplan–Meier survival of all groups just before it (R's ``survdiff`` with rho = 1); or a Fleming and
        Harrington weight of that survival.
    strata : (n,) labels, optional
        No value may be missing.

    Returns
    -------
    RankTest
        n, observed and expected over all strata.

    Raises
    ------
    AnalysisError
        If there is one group or no event, fewer than two groups can be compared, or the columns are not as described.

    Examples
    --------
    >>> weeks = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
    >>> weeks += [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
    >>> relapse = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0] + 21 * [1]
    >>> arms = 21 * ["6-MP"] + 21 * ["placebo"]
    >>> [round(rank_test(weeks, relapse, arms, weights=w).test.statistic, 4) for w in ("log-rank", "breslow")]
    [16.7929, 13.4579]

    References
    ----------
    Breslow N. Biometrika 1970;57:579-594. Tarone RE, Ware J. Biometrika 1977;64:156-160.
    Harrington DP, Fleming TR. Biometrika 1982;69:553-566.
    Golden: ``tests/golden/r/rank_tests.json``; with entries ``tests/golden/r/entry.json``, key ``tests``.
    """
    parts, groups, n = _tables(time, event, group, strata, entry)
    observed, expected, variance = _sums(parts, weights, len(groups))
    counted = np.flatnonzero(np.diag(variance) > 0)
    if counted.size < 2:
        raise AnalysisError("rank test: fewer than two groups have a patient at risk at an event that tells them apart")
    rest = counted[1:]
    difference = (observed - expected)[rest]
    statistic = quadratic_form(variance[np.ix_(rest, rest)], difference, "rank test")
    test = chi_square_test(max(statistic, 0.0), rest.size, _method(weights, strata))
    return RankTest(test, groups, n, observed, expected, variance)


def trend_test(
    time: Column,
    event: Column,
    group: Column,
    *,
    scores: Sequence[float],
    weights: Weights,
    strata: Column | None = None,
    entry: Column | None = None,
) -> RankTest:
    """Test whether the hazard rises or falls with the scores of ordered groups; one degree of freedom.

    Parameters
    ----------
    time, event, group, weights, strata, entry
        As in `rank_test`.
    scores : G numbers
        One for each group, in the sorted order of their labels. Which scores are right is not for the data to say.

    Returns
    -------
    RankTest
        ``test`` has 1 degree of freedom; the rest as in `rank_test`.

    Raises
    ------
    AnalysisError
        As in `rank_test`; or if the scores are not as many as the groups, or all the same.

    Examples
    --------
    >>> weeks, died = [4, 6, 7, 9, 11, 14, 15, 20], [1, 1, 0, 1, 1, 1, 0, 1]
    >>> found = trend_test(weeks, died, [2, 2, 2, 1, 1, 1, 0, 0], scores=[0, 1, 2], weights="log-rank")
    >>> round(found.test.statistic, 4), found.test.df
    (6.2572, 1.0)

    References
    ----------
    Tarone RE. Biometrika 1975;62:679-682.
    """
    parts, groups, n = _tables(time, event, group, strata, entry)
    score = as_floats(scores, "scores")
    if score.size != len(groups):
        raise AnalysisError(f"scores: {len(groups)} were expected, one a group; got {score.size}")
    observed, expected, variance = _sums(parts, weights, len(groups))
    spread = float(score @ variance @ score)
    if spread <= 1e-12 * float(score @ score) * max(float(np.trace(variance)), 0.0):
        raise AnalysisError("trend test: the scores do not tell apart patients at risk at an event")
    statistic = float(score @ (observed - expected)) ** 2 / spread
    test = chi_square_test(statistic, 1, f"{_method(weights, strata)} for a trend")
    return RankTest(test, groups, n, observed, expected, variance)


def _tables(
    time: Column, event: Column, group: Column, strata: Column | None, entry: Column | None
) -> tuple[list[tuple[RiskTable, Ints]], tuple[Any, ...], Ints]:
    """Return each stratum's risk table with the places of its groups among all, the groups, and their sizes."""
    times = as_times(time)
    events = as_events(event, times.size)
    codes, groups = as_labels(group, times.size, "group")
    entries: Floats | None = None
    if entry is not None:
        grid, (stop, start) = entry_grid(times, entry)
        times, entries = grid[stop], grid[start]
    if len(groups) < 2:
        raise AnalysisError(f"rank test: at least two groups were expected; all are {next(iter(groups))!r}")
    if not events.any():
        raise AnalysisError("rank test: there is no event")
    strata_codes = (
        np.zeros(times.size, dtype=np.int64) if strata is None else as_labels(strata, times.size, "strata")[0]
    )
    parts: list[tuple[RiskTable, Ints]] = []
    for stratum in range(int(strata_codes.max()) + 1):
        rows = strata_codes == stratum
        inside = None if entries is None else entries[rows]
        table = risk_table(times[rows], events[rows], codes[rows], entry=inside)
        parts.append((table, np.array(table.groups, dtype=np.int64)))
    return parts, groups, np.bincount(codes, minlength=len(groups))


def _sums(parts: list[tuple[RiskTable, Ints]], weights: Weights, n_groups: int) -> tuple[Floats, Floats, Floats]:
    """Return observed, expected and variance of all groups, added over the strata."""
    observed, expected = np.zeros(n_groups), np.zeros(n_groups)
    variance = np.zeros((n_groups, n_groups))
    for table, places in parts:
        for seen, due, spread in _of_stratum(table, weights):
            observed[places] += seen
            expected[places] += due
            variance[np.ix_(places, places)] += spread
    return observed, expected, variance


def _of_stratum(table: RiskTable, weights: Weights) -> Iterator[tuple[Floats, Floats, Floats]]:
    rows = table.n_event.sum(axis=1) > 0
    if not rows.any():
        return
    at_risk = table.n_risk[rows].astype(np.float64)
    seen = table.n_event[rows].astype(np.float64)
    events, total = seen.sum(axis=1), at_risk.sum(axis=1)
    weight = _weights(weights, events, total)
    share = at_risk / total[:, None]
    spread = weight**2 * events * (total - events) / np.maximum(total - 1.0, 1.0)
    yield weight @ seen, (weight * events) @ share, shared_variance(share, spread)


def _weights(weights: Weights, events: Floats, total: Floats) -> Floats:
    if isinstance(weights, FlemingHarrington):
        before = _survival_before(events, total)
        return before**weights.rho * (1.0 - before) ** weights.gamma
    if weights == "log-rank":
        return np.ones_like(total)
    if weights == "breslow":
        return total
    if weights == "tarone-ware":
        return np.sqrt(total)
    if weights == "peto-peto":
        return _survival_before(events, total)
    raise AnalysisError(
        f"weights: {', '.join(get_args(NamedWeights))} or FlemingHarrington(rho, gamma) was expected; got {weights!r}"
    )


def _survival_before(events: Floats, total: Floats) -> Floats:
    """Return Kaplan–Meier survival of all groups together just before each event time."""
    survival = np.cumprod(1.0 - events / total)
    return np.concatenate([[1.0], survival[:-1]])


def _method(weights: Weights, strata: Column | None) -> str:
    names = {
        "log-rank": "log-rank test",
        "breslow": "Breslow (generalized Wilcoxon) test",
        "tarone-ware": "Tarone–Ware test",
        "peto-peto": "Peto–Peto test",
    }
    if isinstance(weights, FlemingHarrington):
        name = f"Fleming–Harrington test (rho {weights.rho:g}, gamma {weights.gamma:g})"
    else:
        name = names[weights]
    return name if strata is None else f"stratified {name}"
