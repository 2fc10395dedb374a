"""The compiled kernel: arrays are made here and filled in C (``kernel/`` in the source)."""

from __future__ import annotations

import numpy as np

from oncohort.stats import _compiled
from oncohort.stats.arrays import Floats, Ints
from oncohort.stats.shards import Cells, Extent, Point, RiskSums, Shard, TieTerms

name: str = "compiled"
_YES, _NO = np.ones(1), np.zeros(1)


def risk_sums(shard: Shard, beta: Floats, n_slots: int, theta: Floats) -> RiskSums:
    """Pass 1; see `kernel.risk_sums`."""
    table = np.zeros((n_slots, (beta.size + 4) // 4 * 4))  # a slot is p + 1 doubles, filled up to fours
    peak = _compiled.risk_sums(shard.slot, shard.start, shard.weight, _columns(shard), beta, table, theta)
    return RiskSums(table.T, peak)


def gram(shard: Shard, theta: Floats, hazard: Floats) -> Floats:
    """Pass 2; see `kernel.gram`."""
    p = shard.x.shape[0]
    total = np.empty((p, p))
    _compiled.gram(shard.slot, shard.start, shard.weight, _columns(shard), theta, hazard, total)
    return total


def tie_terms(cells: Cells, risk: Floats, tied_risk: Floats) -> TieTerms:
    """Sum over the tied events; see `kernel.tie_terms`."""
    terms = np.empty((6, risk.size))
    _compiled.tie_terms(risk, tied_risk, cells.n_tied, cells.tied_weight, _efron(cells), terms)
    return TieTerms(*terms)


def point_at_once(shard: Shard, cells: Cells, observed: Floats, beta: Floats) -> Point | None:
    """Return the point at ``beta`` of a problem with one shard; see `kernel.AtOnce`."""
    p = beta.size
    score, information = np.empty(p), np.empty((p, p))
    height = _compiled.point(*_arrays(shard, cells), observed, beta, score, information)
    return None if height is None else Point(beta, height, score, information)


def climb_at_once(
    shard: Shard, cells: Cells, observed: Floats, start: Point, span: Floats, reference: Floats
) -> tuple[Point, Floats, int] | None:
    """Return the last point, the last step and the number of steps; see `kernel.AtOnce`."""
    beta, score, information = start.beta.copy(), start.score.copy(), start.information.copy()
    step, height = np.empty(beta.size), np.array([start.log_likelihood])
    end = _compiled.climb(
        *_arrays(shard, cells), observed, span, reference, height, beta, score, information, step
    )  # fmt: skip
    return None if end is None else (Point(beta, end[1], score, information), step, end[0])


def stepwise_at_once(x: Floats, key: Ints, term: Ints, rules: Floats, draws: Ints) -> tuple[Ints, Floats]:
    """Return the terms selected in each resample, and their coefficients; see `kernel.AtOnce`."""
    status, coefficients = np.empty(draws.shape[0], dtype=np.int64), np.empty((draws.shape[0], x.shape[0]))
    _compiled.stepwise(x, key, term, rules, draws, status, coefficients)
    return status, coefficients


def measure(source: Floats) -> Extent | None:
    """Measure the columns of a table; see `kernel.measure`."""
    low, high, total = np.empty((3, source.shape[1]))
    extent = Extent(low, high, total)
    return extent if _compiled.measure(source, extent.low, extent.high, extent.total) else None


def standardize(source: Floats, center: Floats, scale: Floats, x: Floats) -> Floats:
    """Bring a table column by column, standardized; see `kernel.standardize`."""
    squares = np.empty(center.size)
    _compiled.standardize(source, center, scale, x, squares)
    return squares


def count_whole_times(time: Floats, event: Floats, group: Ints | None, n_times: int, n_groups: int) -> Ints | None:
    """Count rows by time, event and group; see `kernel.AtOnce`."""
    counts = np.zeros((2 * n_times, n_groups), dtype=np.int64)
    counted = _compiled.count_whole_times(time, event, group, counts)
    return counts.reshape(n_times, 2, n_groups) if counted else None


def place_whole_times(time: Floats, event: Floats, number: Ints, even_slot: Ints, stop: Ints, slot: Ints) -> None:
    """Fill in the number and the slot of each row's time; see `kernel.AtOnce`."""
    if not _compiled.place_whole_times(time, event, number, even_slot, stop, slot):
        raise ValueError("a time was not counted before")


def _columns(shard: Shard) -> Floats:
    """Return the columns, each without gaps in memory."""
    return shard.x if shard.x.strides[1] == shard.x.itemsize else np.ascontiguousarray(shard.x)


def _efron(cells: Cells) -> Floats:
    return _YES if cells.fraction.size else _NO


def _arrays(
    shard: Shard, cells: Cells
) -> tuple[Ints, Ints | None, Floats | None, Floats, Ints, Floats, Floats, Floats]:
    return (
        *(shard.slot, shard.start, shard.weight, _columns(shard)),
        *(cells.bounds, cells.n_tied, cells.tied_weight, _efron(cells)),
    )
