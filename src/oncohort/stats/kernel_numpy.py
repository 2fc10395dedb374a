"""The kernel in NumPy: it runs wherever oncohort does, and the compiled one is tested beside it."""

from __future__ import annotations

import numpy as np

from oncohort.stats.arrays import Floats, Ints
from oncohort.stats.shards import ETA_LIMIT, Cells, Extent, RiskSums, Shard, TieTerms, expected_events, product

name: str = "numpy"
_ROWS = 8_192  # whose weighted copy is still in the cache when it is multiplied
_BLOCK = 4096  # rows that are in the cache while each of their columns is copied


def risk_sums(shard: Shard, beta: Floats, n_slots: int, theta: Floats) -> RiskSums:
    """Pass 1; see `kernel.risk_sums`."""
    eta = theta
    eta.fill(0.0)
    for k in range(beta.size):
        if beta[k]:
            eta += beta[k] * shard.x[k]
    peak = float(np.abs(eta).max()) if eta.size else 0.0
    np.exp(np.clip(eta, -ETA_LIMIT, ETA_LIMIT), out=theta)
    if shard.weight is not None:
        theta *= shard.weight
    p = beta.size
    table = np.zeros((p + 1, n_slots))
    for k in range(p + 1):
        value = theta * shard.x[k] if k < p else theta
        _add_by_slot(table[k], shard.slot, value)
        if shard.start is not None:
            _add_by_slot(table[k], shard.start, -value)
    return RiskSums(table, peak)


def _add_by_slot(row: Floats, slot: Ints, value: Floats) -> None:
    if row.size > slot.size // 4:  # nearly as many slots as rows: no second table of that size
        np.add.at(row, slot, value)
    else:
        row += np.bincount(slot, value, row.size)


def gram(shard: Shard, theta: Floats, hazard: Floats) -> Floats:
    """Pass 2; see `kernel.gram`."""
    q = expected_events(shard, theta, hazard)
    p, n = shard.x.shape
    total = np.zeros((p, p))
    for a in range(0, n, _ROWS):
        x = shard.x[:, a : a + _ROWS]
        total += product(x * q[a : a + _ROWS], x)
    return total


def tie_terms(cells: Cells, risk: Floats, tied_risk: Floats) -> TieTerms:
    """Sum over the tied events; see `kernel.tie_terms`."""
    m, weight, fraction = cells.n_tied, cells.tied_weight, cells.fraction
    if not fraction.size:
        none = np.zeros(m.size)
        u0 = weight / risk
        return TieTerms(u0, none, u0 / risk, none, none, m * np.log(risk))
    times = m.astype(np.int64)
    begin = np.cumsum(times) - times
    left = np.repeat(risk, times) - fraction * np.repeat(tied_risk, times)
    mean = weight / m
    inverse = 1.0 / left
    share = fraction * inverse

    def summed(values: Floats) -> Floats:
        total: Floats = mean * np.add.reduceat(values, begin)
        return total

    return TieTerms(
        summed(inverse),
        summed(share),
        summed(inverse * inverse),
        summed(share * inverse),
        summed(share * share),
        np.add.reduceat(np.log(left), begin),
    )


def measure(source: Floats) -> Extent | None:
    """Measure the columns of a table; see `kernel.measure`."""
    low, high = source.min(axis=0), source.max(axis=0)
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        return None
    with np.errstate(over="ignore", invalid="ignore"):  # columns so large are refused by the caller
        return Extent(low, high, np.array([source[:, k].sum() for k in range(low.size)]))


def standardize(source: Floats, center: Floats, scale: Floats, x: Floats) -> Floats:
    """Bring a table column by column, standardized; see `kernel.standardize`."""
    factor = (1.0 / scale)[:, None]
    for a in range(0, source.shape[0], _BLOCK):
        part = x[:, a : a + _BLOCK]
        np.subtract(source[a : a + _BLOCK].T, center[:, None], out=part)
        part *= factor
    return np.array([np.square(x[k]).sum() for k in range(center.size)])
