"""The bootstrap: an estimator on resampled patients, and limits from what it gave."""

# pyright: reportMissingTypeStubs=false

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np
from scipy import special

from oncohort.errors import AnalysisError
from oncohort.stats.arrays import Column, Floats, Ints, as_labels
from oncohort.stats.distributions import normal_quantile

Estimator: TypeAlias = Callable[[Ints], Floats]
"""From how often each row is drawn, (n,) from 0, to k estimates; it raises AnalysisError where there are none."""

BootstrapLimits: TypeAlias = Literal["percentile", "basic", "bca"]


@dataclass(frozen=True, slots=True, eq=False)
class Bootstrap:
    """Estimates of resampled patients.

    Parameters
    ----------
    estimate : (k,) float
        Of the patients themselves, each drawn once.
    replicates : (R, k) float
        Of each resample; nan where the estimator had none.
    std_error : (k,) float
        Standard deviation of the replicates that have an estimate.
    n_failed : int
        Resamples without an estimate. They are left out of errors and limits, which is only safe if few.
    reasons : tuple of str
        Why, each reason once.
    """

    estimate: Floats
    replicates: Floats
    std_error: Floats
    n_failed: int
    reasons: tuple[str, ...]


def bootstrap(
    estimator: Estimator,
    n: int,
    *,
    replicates: int,
    rng: np.random.Generator,
    cluster: Column | None = None,
    within: Column | None = None,
    workers: int = 1,
) -> Bootstrap:
    """Apply an estimator to patients drawn with replacement, again and again.

    A resample is told as how often each row was drawn, so an estimator with frequencies needs no copy of the
    rows. Each replicate has a stream of random numbers of its own, spawned from ``rng``: results do not
    depend on ``workers`` nor on the order in which they are done.

    Parameters
    ----------
    estimator : callable
        From (n,) int, how often each row is drawn, to (k,) float. Called from several threads if ``workers``
        is above 1. `cox_estimator` is one.
    n : int
        Number of rows.
    replicates : int
        Number of resamples, R: at least 2; limits need 1000 or more.
    rng : numpy.random.Generator
        Seeded by the caller.
    cluster : (n,) labels, optional
        Rows of one label are drawn together, as the intervals of one patient; default: each row by itself.
    within : (n,) labels, optional
        Rows (or clusters) are drawn within each label, as the arms of a trial, so that its size stays;
        default: all together.
    workers : int
        Threads.

    Returns
    -------
    Bootstrap
        The estimates; limits from `bootstrap_limits`.

    Raises
    ------
    AnalysisError
        If a number is out of its range, a cluster lies in two labels of ``within``, the estimator fails on the
        patients themselves, or it fails on all resamples but one.

    Examples
    --------
    The mean of five times:

    >>> weeks = np.array([5.0, 8.0, 12.0, 20.0, 25.0])
    >>> mean = lambda times: np.array([np.average(weeks, weights=times)])
    >>> drawn = bootstrap(mean, 5, replicates=2000, rng=np.random.default_rng(1))
    >>> drawn.estimate, bool(abs(drawn.std_error[0] - weeks.std() / 5**0.5) < 0.1)
    (array([14.]), True)

    References
    ----------
    Efron B, Tibshirani RJ. An Introduction to the Bootstrap. 1993, pp. 45-49.
    """
    if n < 1 or replicates < 2 or workers < 1:
        raise AnalysisError(
            f"n, replicates and workers: numbers from 1, 2 and 1 were expected; got {n}, {replicates} and {workers}"
        )
    member, groups = _groups(n, cluster, within)
    estimate = np.atleast_1d(np.asarray(estimator(np.ones(n, dtype=np.int64)), dtype=np.float64))

    def draw(stream: np.random.Generator) -> Floats | str:
        try:
            return np.atleast_1d(np.asarray(estimator(_drawn(stream, groups, member)), dtype=np.float64))
        except AnalysisError as error:
            return str(error)

    streams = rng.spawn(replicates)
    if workers == 1:
        answers = [draw(stream) for stream in streams]
    else:
        with ThreadPoolExecutor(workers) as pool:
            answers = list(pool.map(draw, streams))
    values = np.array([np.full(estimate.size, np.nan) if isinstance(a, str) else a for a in answers])
    known = np.isfinite(values).all(axis=1)
    if int(known.sum()) < 2:
        said = next((a for a in answers if isinstance(a, str)), "it was not finite")
        raise AnalysisError(f"bootstrap: hardly any resample has an estimate; {said}")
    reasons = tuple(dict.fromkeys(a for a in answers if isinstance(a, str)))
    spread: Floats = np.std(values[known], axis=0, ddof=1)
    return Bootstrap(estimate, values, spread, int((~known).sum()), reasons)


def jackknife(estimator: Estimator, n: int, *, cluster: Column | None = None) -> Floats:
    """Apply an estimator to the patients without each of them in turn.

    Parameters
    ----------
    estimator : callable
        As in `bootstrap`.
    n : int
        Number of rows.
    cluster : (n,) labels, optional
        Rows of one label are left out together.

    Returns
    -------
    (units, k) float
        One row for each row of the data, or for each cluster in the order of the labels.

    Raises
    ------
    AnalysisError
        If the estimator fails without one of them.

    Examples
    --------
    >>> weeks = np.array([5.0, 8.0, 11.0])
    >>> jackknife(lambda times: np.array([np.average(weeks, weights=times)]), 3).ravel()
    array([9.5, 8. , 6.5])

    References
    ----------
    Efron B, Tibshirani RJ. An Introduction to the Bootstrap. 1993, pp. 141-148.
    """
    member, _ = _groups(n, cluster, None)
    units = int(member.max()) + 1
    return np.array([np.atleast_1d(estimator((member != unit).astype(np.int64))) for unit in range(units)])


def bootstrap_limits(
    sample: Bootstrap, *, method: BootstrapLimits, conf_level: float = 0.95, left_out: Floats | None = None
) -> tuple[Floats, Floats]:
    """Return limits of each estimate from its replicates.

    Quantiles are read at (R + 1)p, between order statistics on the scale of normal quantiles, as ``boot.ci`` of
    R's package boot does.

    Parameters
    ----------
    sample : Bootstrap
        From `bootstrap`.
    method : {"percentile", "basic", "bca"}
        Quantiles of the replicates; these mirrored at the estimate; or quantiles corrected for bias and for a
        changing standard error.
    conf_level : float
        Two-sided coverage, in (0, 1).
    left_out : (units, k) float, optional
        From `jackknife`; "bca" needs it.

    Returns
    -------
    (k,) float, (k,) float
        Lower and upper limits.

    Raises
    ------
    AnalysisError
        If the method is unknown, there are too few replicates for the level, or "bca" cannot be computed.

    Examples
    --------
    >>> weeks = np.array([5.0, 8.0, 12.0, 20.0, 25.0])
    >>> mean = lambda times: np.array([np.average(weeks, weights=times)])
    >>> drawn = bootstrap(mean, 5, replicates=2000, rng=np.random.default_rng(1))
    >>> low, high = bootstrap_limits(drawn, method="bca", left_out=jackknife(mean, 5))
    >>> bool(5 < low[0] < 14 < high[0] < 25)
    True

    References
    ----------
    Davison AC, Hinkley DV. Bootstrap Methods and their Application. 1997, pp. 194-211. Efron B. J Am Stat Assoc
    1987;82:171-185.
    Golden values: ``tests/golden/r/bootstrap.json``, key ``limits`` (R boot 1.3-28.1).
    """
    if method not in get_args(BootstrapLimits):
        raise AnalysisError(f"method: one of {', '.join(get_args(BootstrapLimits))} was expected; got {method!r}")
    if not 0.0 < conf_level < 1.0:
        raise AnalysisError(f"conf_level: a number between 0 and 1 was expected, as 0.95; got {conf_level:g}")
    known = np.sort(sample.replicates[np.isfinite(sample.replicates).all(axis=1)], axis=0)
    tails = np.array([(1.0 - conf_level) / 2.0, (1.0 + conf_level) / 2.0])
    low, high = np.empty(sample.estimate.size), np.empty(sample.estimate.size)
    for k, estimate in enumerate(sample.estimate):
        levels = tails
        if method == "bca":
            levels = _corrected(tails, known[:, k], float(estimate), None if left_out is None else left_out[:, k])
        ends = [_quantile(known[:, k], float(level)) for level in levels]
        low[k], high[k] = ends
        if method == "basic":
            low[k], high[k] = 2.0 * estimate - ends[1], 2.0 * estimate - ends[0]
    return low, high


def _groups(n: int, cluster: Column | None, within: Column | None) -> tuple[Ints, list[Ints]]:
    """Return the unit of each row, and the units of each group to draw from."""
    member = np.arange(n) if cluster is None else as_labels(cluster, n, "cluster")[0]
    units = int(member.max()) + 1
    if within is None:
        return member, [np.arange(units)]
    label = as_labels(within, n, "within")[0]
    owner = np.empty(units, dtype=np.int64)
    owner[member] = label
    if not np.array_equal(owner[member], label):
        raise AnalysisError("within: the rows of one cluster have different labels")
    return member, [np.flatnonzero(owner == k) for k in range(int(label.max()) + 1)]


def _drawn(stream: np.random.Generator, groups: list[Ints], member: Ints) -> Ints:
    """Return how often each row is drawn."""
    times = np.zeros(int(member.max()) + 1, dtype=np.int64)
    for units in groups:
        times[units] = np.bincount(stream.integers(0, units.size, units.size), minlength=units.size)
    return times[member]


def _quantile(ordered: Floats, p: float) -> float:
    """Return the quantile of ordered values at (R + 1)p, between two of them on the normal scale."""
    size = ordered.size
    place = (size + 1) * p
    k = int(np.floor(place + 1e-9))
    if not 1 <= k <= size - (abs(place - k) > 1e-9):
        raise AnalysisError(f"bootstrap: {size} replicates are too few to read their quantile {p:g}")
    if abs(place - k) <= 1e-9:
        return float(ordered[k - 1])
    z, below, above = (normal_quantile(q) for q in (p, k / (size + 1), (k + 1) / (size + 1)))
    return float(ordered[k - 1] + (z - below) / (above - below) * (ordered[k] - ordered[k - 1]))


def _corrected(tails: Floats, values: Floats, estimate: float, left_out: Floats | None) -> Floats:
    """Return the levels of bias-corrected and accelerated limits."""
    if left_out is None:
        raise AnalysisError('left_out: "bca" needs the estimates without each patient, from `jackknife`')
    below = float(np.mean(values < estimate))
    away = np.mean(left_out) - left_out
    spread = float(np.sum(away**2))
    if not 0.0 < below < 1.0 or not spread > 0.0:
        raise AnalysisError("bootstrap: all replicates lie on one side of the estimate; there are no bca limits")
    acceleration = float(np.sum(away**3)) / (6.0 * spread**1.5)
    bias = normal_quantile(below)
    z = bias + np.array([normal_quantile(float(p)) for p in tails])
    shifted = bias + z / (1.0 - acceleration * z)
    return np.array([float(special.ndtr(v)) for v in shifted])
