"""The kernel of Cox regression: pure functions over shards of rows that return small additive tables.

A row belongs to a *slot*: ``2 * cell + event``, where a cell is one event time of one stratum and the row's
cell is the last one at which the row is at risk. The slot after the last cell holds rows that are at risk at
no event time. Tables of all shards, added in shard order, are all the coordinator (`partial_likelihood`)
needs; shards know nothing of each other. A compiled kernel would fill the same five functions.
Algorithm and bit-identity: ``docs/methods.md``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from oncohort.stats.arrays import Floats, Ints

ETA_LIMIT = 300.0  # exp(2 * 300) and its inverse still fit a double
_SHARD_ROWS = 262_144
_MOST_SHARDS = 16
_GRAM_WORK = 262_144  # products this small run on one thread of BLAS: threads of it would only wait


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
    """What pass 1 returns: ``table`` is additive over shards, ``theta`` stays with the shard for pass 2."""

    table: Floats  # (p + 1, slots): sums of theta * x by slot, last row sums of theta; entries subtracted
    theta: Floats  # (n,): weight * exp(linear predictor)
    peak: float  # largest absolute linear predictor, before the clamp


def shard_plan(n: int) -> tuple[slice, ...]:
    """Return the shards of ``n`` rows: a function of n alone, so results do not depend on who computes.

    Examples
    --------
    >>> shard_plan(300_000)
    (slice(0, 262144, None), slice(262144, 300000, None))
    """
    rows = max(_SHARD_ROWS, -(-n // _MOST_SHARDS))
    return tuple(slice(a, min(a + rows, n)) for a in range(0, n, rows))


def count_events(shard: Shard, n_slots: int) -> Floats:
    """Return the (2, cells) table of events and of their weights by cell: the pass that is made once."""
    events = shard.slot[shard.slot % 2 == 1]
    count = np.bincount(events, minlength=n_slots)[1::2].astype(np.float64)
    if shard.weight is None:
        return np.array([count, count])
    weight = np.bincount(events, shard.weight[shard.slot % 2 == 1], minlength=n_slots)[1::2].astype(np.float64)
    return np.array([count, weight])


def event_sum(shard: Shard, value: Floats) -> Floats:
    """Return the (p,) sum of ``value[slot] * weight * x`` over the rows; even slots have value 0."""
    scale = value[shard.slot]
    if shard.weight is not None:
        scale *= shard.weight
    total: Floats = shard.x @ scale
    return total


def risk_sums(shard: Shard, beta: Floats, n_slots: int) -> RiskSums:
    """Pass 1: sum theta and theta * x by slot.

    The linear predictor is clamped at ±300; the caller refuses a ``beta`` whose ``peak`` is beyond that.
    """
    eta = np.zeros(shard.x.shape[1])
    for k in range(beta.size):
        if beta[k]:
            eta += beta[k] * shard.x[k]
    peak = float(np.abs(eta).max()) if eta.size else 0.0
    theta = np.exp(np.clip(eta, -ETA_LIMIT, ETA_LIMIT))
    if shard.weight is not None:
        theta *= shard.weight
    p = beta.size
    table = np.zeros((p + 1, n_slots))
    for k in range(p + 1):
        value = theta * shard.x[k] if k < p else theta
        _add_by_slot(table[k], shard.slot, value)
        if shard.start is not None:
            _add_by_slot(table[k], shard.start, -value)
    return RiskSums(table, theta, peak)


def _add_by_slot(row: Floats, slot: Ints, value: Floats) -> None:
    if row.size > slot.size // 4:  # nearly as many slots as rows: no second table of that size
        np.add.at(row, slot, value)
    else:
        row += np.bincount(slot, value, row.size)


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


def gram(shard: Shard, q: Floats) -> Floats:
    """Pass 2: the (p, p) sum of q x x' over the rows."""
    p, n = shard.x.shape
    total = np.zeros((p, p))
    rows = min(max(_GRAM_WORK // (p * p), 64), 8_192)
    for a in range(0, n, rows):
        x = shard.x[:, a : a + rows]
        total += (x * q[a : a + rows]) @ x.T
    return total
