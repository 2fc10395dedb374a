"""What the kernels of Cox regression are given and give back: shards of rows, cells of event times, their sums.

A row belongs to a *slot*: ``2 * cell + event``, where a cell is one event time of one stratum and the row's
cell is the last one at which the row is at risk. The slot after the last cell holds rows that are at risk at
no event time. Tables of all shards, added in shard order, are all the coordinator (`partial_likelihood`)
needs; shards know nothing of each other. Algorithm and bit-identity: ``docs/methods.md``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from oncohort.stats.arrays import Floats, Ints

ETA_LIMIT = 300.0  # exp(2 * 300) and its inverse still fit a double
_SHARD_ROWS = 131_072
_MOST_SHARDS = 16
_BLAS_WORK = 262_144  # multiplications that BLAS does on one thread
_FEW_ROWS = 4  # for each slot: then tables are nearly as large as the data, and one is enough


@dataclass(frozen=True, slots=True, eq=False)
class Shard:
    """Some rows of a Cox problem.

    Parameters
    ----------
    slot : (n,) int
        Slot of each row's last event time, odd for an event.
    start : (n,) int or None
        Even slot of the last event time at or before the row's entry; the slot after the last cell when
        there is none. None when every row is at risk from the beginning.
    weight : (n,) float or None
        Case weights; None for all 1.
    x : (p, n) float
        Standardized covariates, one contiguous row per column of the design.
    """

    slot: Ints
    start: Ints | None
    weight: Floats | None
    x: Floats


@dataclass(frozen=True, slots=True, eq=False)
class RiskSums:
    """What pass 1 returns; ``table`` is additive over shards."""

    table: Floats  # (p + 1 or more, slots): sums of theta * x by slot, then of theta; entries subtracted
    peak: float  # largest absolute linear predictor, before the clamp


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """The event times.

    Parameters
    ----------
    bounds : (strata + 1,) int
        Where the cells of each stratum begin, and the end.
    n_tied, tied_weight : (cells,) float
        Events of each cell and the sum of their weights.
    fraction : (events,) float
        Efron's l/m of each event, cell by cell; empty for Breslow's method or where no events are tied.
    """

    bounds: Ints
    n_tied: Floats
    tied_weight: Floats
    fraction: Floats


@dataclass(frozen=True, slots=True, eq=False)
class TieTerms:
    """Sums over the tied events of each cell: of 1/risk and 1/risk², times their fractions; all (cells,)."""

    u0: Floats
    u1: Floats
    v0: Floats
    v1: Floats
    v2: Floats
    log_risk: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Extent:
    """The smallest and the largest value and the sum of each column, (p,)."""

    low: Floats
    high: Floats
    total: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """The log partial likelihood at one ``beta``, its slope (p,) and its curvature (p, p)."""

    beta: Floats
    log_likelihood: float
    score: Floats
    information: Floats


def shard_plan(n: int, n_slots: int) -> tuple[slice, ...]:
    """Return the shards of ``n`` rows: a function of the problem, so results do not depend on who computes.

    Examples
    --------
    >>> shard_plan(200_000, 3_001)
    (slice(0, 100000, None), slice(100000, 200000, None))
    >>> shard_plan(200_000, 150_001)
    (slice(0, 200000, None),)
    """
    most = 1 if n < _FEW_ROWS * n_slots else _MOST_SHARDS
    count = min(max(-(-n // _SHARD_ROWS), 1), most)
    rows = -(-n // count)
    return tuple(slice(a, min(a + rows, n)) for a in range(0, n, rows))


def count_events(shard: Shard, n_slots: int) -> Floats:
    """Return the (2, cells) table of events and of their weights by cell: the pass that is made once."""
    count = np.bincount(shard.slot, minlength=n_slots)[1::2].astype(np.float64)
    if shard.weight is None:
        return np.array([count, count])
    weight = np.bincount(shard.slot, shard.weight, n_slots)[1::2].astype(np.float64)
    return np.array([count, weight])


def event_sum(shard: Shard, value: Floats) -> Floats:
    """Return the (p,) sum of ``value[slot] * weight * x`` over the rows; even slots have value 0."""
    scale = value[shard.slot]
    if shard.weight is not None:
        scale *= shard.weight
    total: Floats = np.einsum("ki,i->k", shard.x, scale)  # without threads of BLAS
    return total


def product(a: Floats, b: Floats) -> Floats:
    """Return a b' of two (p, n) matrices, made of products so small that one thread of BLAS does each.

    Threads of BLAS beside those over shards, or on a machine with other work, mostly wait for one another.
    """
    p, n = a.shape
    columns = min(max(_BLAS_WORK // (p * p), 64), 8_192)
    total = np.zeros((p, p))
    for start in range(0, n, columns):
        part = slice(start, start + columns)
        total += a[:, part] @ b[:, part].T
    return total


def expected_events(shard: Shard, theta: Floats, hazard: Floats) -> Floats:
    """Return q, the weighted number of events each row was expected to have.

    ``hazard`` is the cumulative baseline hazard by slot (less the tied part in odd slots). The weighted
    martingale residual of a row is ``weight * event - q``.
    """
    q = hazard[shard.slot]
    if shard.start is not None:
        q -= hazard[shard.start]
    q *= theta
    return q
