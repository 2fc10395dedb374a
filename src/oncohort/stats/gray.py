"""Gray's test: whether groups have one cumulative incidence of a cause, competing causes left as they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from oncohort.errors import AnalysisError
from oncohort.stats.arrays import Column, Floats, as_labels, as_times
from oncohort.stats.competing_risks import as_causes, place_of_cause
from oncohort.stats.distributions import TestResult, chi_square_test
from oncohort.stats.grid import time_grid

_ROUNDING = 1e-10  # a variance this small beside the number of events is rounding error


@dataclass(frozen=True, slots=True, eq=False)
class GrayTest:
    """Gray's test of one cause.

    ``score`` (G − 1,) is the weighted sum of what the first groups had above what one incidence would give them, with
    its ``variance`` (G − 1, G − 1); the last group is told by the others.
    """

    test: TestResult
    cause: int
    groups: tuple[Any, ...]
    score: Floats
    variance: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Counts:
    """Of one stratum, at D times in G groups: at risk before, events of the cause, events of the others."""

    n_risk: Floats
    own: Floats
    other: Floats


def gray_test(
    time: Column,
    cause: Column,
    group: Column,
    *,
    of: int,
    rho: float = 0.0,
    strata: Column | None = None,
) -> GrayTest:
    """Test whether k groups have one cumulative incidence of a cause.

    Unlike the log-rank test of cause-specific hazards it also sees that one group loses more patients to other causes.

    Parameters
    ----------
    time : (n,) float
        Follow-up of each patient in one unit, from 0.
    cause : (n,) int
        0 where follow-up ended without an event, else the code of its cause.
    group : (n,) labels
        No value may be missing.
    of : int
        The code of the cause that is tested.
    rho : float
        Weights (1 − F)^rho of the pooled incidence F; 0 treats all times alike.
    strata : (n,) labels, optional
        Sums are made within each stratum and added.

    Returns
    -------
    GrayTest
        Equal to cmprsk's ``cuminc``.

    Raises
    ------
    AnalysisError
        If there is one group, no event of the cause, or the groups cannot be told apart.

    Examples
    --------
    >>> weeks, cause = [3, 5, 6, 8, 9, 12, 2, 4, 5, 7, 10, 11], [1, 0, 1, 2, 1, 0, 1, 1, 2, 1, 1, 0]
    >>> found = gray_test(weeks, cause, 6 * ["a"] + 6 * ["b"], of=1)
    >>> round(found.test.statistic, 3), found.test.df
    (0.077, 1.0)

    References
    ----------
    Gray RJ. Ann Stat 1988;16:1141-1154.
    Golden: ``tests/golden/printed/competing_risks.json`` (cmprsk).
    """
    times = as_times(time)
    codes, causes = as_causes(cause, times.size)
    group_codes, groups = as_labels(group, times.size, "group")
    if len(groups) < 2:
        raise AnalysisError(f"Gray's test: at least two groups were expected; all are {next(iter(groups))!r}")
    kind = np.where(codes == place_of_cause(causes, of), 1, np.where(codes > 0, 2, 0))
    one = np.zeros(times.size, dtype=np.int64)
    strata_codes, _ = (one, ()) if strata is None else as_labels(strata, times.size, "strata")
    score, variance = np.zeros(len(groups)), np.zeros((len(groups), len(groups)))
    for stratum in range(int(strata_codes.max()) + 1):
        rows = strata_codes == stratum
        seen, spread = _of_stratum(_count(times[rows], kind[rows], group_codes[rows], len(groups)), rho)
        score += seen
        variance += spread
    first, square = score[:-1], variance[:-1, :-1]
    if float(np.linalg.eigvalsh(square).min()) <= _ROUNDING * float(np.count_nonzero(kind == 1)):
        raise AnalysisError("Gray's test: the groups cannot be told apart; one has no patient at risk at an event")
    statistic = float(first @ np.linalg.solve(square, first))
    method = "Gray's test" if strata is None else "stratified Gray's test"
    return GrayTest(chi_square_test(max(statistic, 0.0), first.size, method), of, groups, first, square)


def _count(times: Floats, kind: Any, group: Any, n_groups: int) -> _Counts:
    grid, (place,) = time_grid(times)
    cells = np.bincount((place * 3 + kind) * n_groups + group, minlength=grid.size * 3 * n_groups)
    counts = cells.reshape(grid.size, 3, n_groups).astype(np.float64)
    n_risk = np.cumsum(counts.sum(axis=1)[::-1], axis=0)[::-1]
    events = counts[:, 1:].sum(axis=(1, 2)) > 0
    return _Counts(n_risk[events], counts[events, 1], counts[events, 2])


def _of_stratum(counts: _Counts, rho: float) -> tuple[Floats, Floats]:
    """Return score and variance of all groups in one stratum.

    At each time a group at risk weighs h = at risk / its event-free survival: the patients it would have at risk had
    nobody left. The pooled incidence F grows by events / Σh. In the variance, an event in group k moves the score of
    every group by what is fixed at its time (``now``) and by ``later`` times what the ``drift`` still grows after it.
    """
    n_groups = counts.n_risk.shape[1]
    score, drift = np.zeros(n_groups), np.zeros((n_groups, n_groups))
    fixed, mixed, squared = np.zeros((n_groups, n_groups)), np.zeros((n_groups, n_groups)), np.zeros(n_groups)
    free, incidence, pooled = np.ones(n_groups), np.zeros(n_groups), 0.0
    for n_risk, own, other in zip(counts.n_risk, counts.own, counts.other, strict=True):
        there = n_risk > 0
        at_risk = np.where(there, n_risk, 1.0)
        moment = _Moment(free, free * (1.0 - (own + other) / at_risk), n_risk, own, other)
        weight = np.where(there, n_risk / np.where(there, free, 1.0), 0.0)
        total, events = float(weight.sum()), float(own.sum())
        scale = (1.0 - pooled) ** rho
        share = scale * (np.diag(weight) - np.outer(weight, weight) / total)
        drift += share * events / (total * (1.0 - pooled))
        if events:
            reach = weight * (1.0 - incidence)
            score += scale * (own - events * reach / float(reach.sum()))
        pooled += events / total
        for k in np.flatnonzero(there):
            for now, later, size in _changes(moment, k, share[:, k], total, pooled):
                change = now - later * drift[:, k]
                fixed += size * np.outer(change, change)
                mixed[:, k] += size * later * change
                squared[k] += size * later**2
        free, incidence = moment.free_after, incidence + free * own / at_risk
    crossed = drift @ mixed.T
    return score, fixed + crossed + crossed.T + (drift * squared) @ drift.T


@dataclass(frozen=True, slots=True, eq=False)
class _Moment:
    """One time: event-free survival of each group before and after it, at risk, events of the cause and of others."""

    free: Floats
    free_after: Floats
    n_risk: Floats
    own: Floats
    other: Floats


def _changes(
    at: _Moment, k: np.int64, share: Floats, total: float, pooled: float
) -> Iterator[tuple[Floats, float, float]]:
    """Yield what an event of the cause, and one of another, changes at once and later, and its variance.

    Events of the cause are as many as the pooled hazard lets expect in group k; those of others as many as there were.
    Ties take the factor of drawing without putting back.
    """
    free, after, n = float(at.free[k]), float(at.free_after[k]), float(at.n_risk[k])
    events, others = float(at.own.sum()), float(at.other[k])
    if events:
        tied = 1.0 - (events - 1.0) / (total * free - 1.0) if events > 1 else 1.0
        yield share, 1.0 - (1.0 - pooled) / after if after > 0 else 1.0, tied * free * events / (total * n)
    if others and after > 0:
        tied = 1.0 - (others - 1.0) / (n - 1.0) if others > 1 else 1.0
        yield np.zeros_like(share), -(1.0 - pooled) / after, tied * free**2 * others / n**2
