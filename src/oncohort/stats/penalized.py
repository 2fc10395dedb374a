"""The penalized likelihood of Firth's Cox regression: its value, its slope, and the way to its top."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from oncohort.stats.arrays import Floats, Ints
from oncohort.stats.cox_residuals import over_time
from oncohort.stats.partial_likelihood import FirstPass, Problem, by_stratum, first_pass, information

_MOST_STEPS = 1000
_MOST_HALVINGS = 40
_LONGEST_MOVE = 5.0  # of the linear predictor, in one step
_STILL = 1e-12  # a step this short (linear predictor) is the last
_HIDDEN = 1e-13  # a change of log-likelihood this small, relatively, is hidden by rounding


@dataclass(frozen=True, slots=True, eq=False)
class Penalized:
    """``l + log|I| / 2`` of standardized columns at one ``beta``, its slope, and the information with its inverse."""

    beta: Floats
    log_likelihood: float
    score: Floats
    information: Floats
    covariance: Floats


def penalized_at(problem: Problem, beta: Floats) -> Penalized | None:
    """Return the penalized likelihood at ``beta``, or None where doubles cannot hold it."""
    first = first_pass(problem, beta)
    if first is None:
        return None
    matrix = information(problem, first)
    unit = np.sqrt(np.maximum(np.diag(matrix), 0.0))
    if not np.all(unit > 0):
        return None
    try:
        root = np.linalg.cholesky(matrix / np.outer(unit, unit))
    except np.linalg.LinAlgError:
        return None
    half_log = float(np.sum(np.log(np.diag(root))) + np.sum(np.log(unit)))
    inverse_root = np.linalg.solve(root, np.eye(unit.size))
    covariance: Floats = inverse_root.T @ inverse_root / np.outer(unit, unit)
    slope = first.score + _penalty_slope(problem, first, covariance) / 2.0
    return Penalized(beta, first.log_likelihood + half_log, slope, matrix, covariance)


def climb(problem: Problem, start: Penalized, free: Ints) -> Penalized | None:
    """Return the highest point when only the ``free`` coefficients may move, or None if it is not reached."""
    here = start
    if free.size == 0:
        return here
    for _ in range(_MOST_STEPS):
        step = np.zeros_like(here.beta)
        step[free] = np.linalg.solve(here.information[np.ix_(free, free)], here.score[free])
        longest = float(np.max(np.abs(step) * problem.span))
        if longest <= _STILL:
            return here
        there = _higher(problem, here, step * min(1.0, _LONGEST_MOVE / longest))
        if there is None:  # no step raises it: at the top but for rounding, or lost
            return here if longest <= 1e-6 else None
        here = there
    return None


def _higher(problem: Problem, here: Penalized, step: Floats) -> Penalized | None:
    for _ in range(_MOST_HALVINGS):
        there = penalized_at(problem, here.beta + step)
        if there is not None and there.log_likelihood >= here.log_likelihood - _HIDDEN * (1 + abs(here.log_likelihood)):
            return there
        step = step / 2.0
    return None


def _penalty_slope(problem: Problem, first: FirstPass, v: Floats) -> Floats:
    """Return the (p,) slope of log|I|: trace(V dI), the third moments of the columns in each risk set.

    With a the mean of a risk set: E[q x] - a E[q] - 2 E[x x'] V a + 2 a a'Va, q = x'Vx, summed over events.
    """
    terms = first.terms
    s, d = first.at_risk[:-1], first.events[:-1]
    theta = np.concatenate(first.theta)
    q = np.sum(problem.x * (v @ problem.x), axis=0)
    square, square_tied = _risk_sums(problem, np.concatenate([problem.x, np.ones((1, q.size))]) * (theta * q))
    total = square[:-1] @ terms.u0 - square_tied[:-1] @ terms.u1
    all_q, tied_q = square[-1], square_tied[-1]
    total -= s @ (terms.v0 * all_q - terms.v1 * tied_q) - d @ (terms.v1 * all_q - terms.v2 * tied_q)
    drift, drift_tied = terms.v0 * s - terms.v1 * d, terms.v1 * s - terms.v2 * d
    means = over_time(problem, drift, drift_tied)
    total -= 2.0 * (problem.x @ (theta * np.sum(problem.x * (v @ means), axis=0)))
    mass, mean = _tied_means(problem, first)
    total += 2.0 * (mean @ (mass * np.sum(mean * (v @ mean), axis=0)))
    return total


def _risk_sums(problem: Problem, values: Floats) -> tuple[Floats, Floats]:
    """Return for each row of ``values`` its sums over the risk set of each cell, and over its events."""
    sets, n_slots = problem.sets, 2 * problem.sets.cell.size + 1
    table = np.zeros((values.shape[0], n_slots))
    for k, row in enumerate(values):
        table[k] += np.bincount(sets.slot, row, n_slots)
        if sets.start is not None:
            table[k] -= np.bincount(sets.start, row, n_slots)
    events = table[:, 1::2]
    return by_stratum(problem, table[:, 0:-1:2] + events, backward=True), events


def _tied_means(problem: Problem, first: FirstPass) -> tuple[Floats, Floats]:
    """Return weight and (p, terms) mean columns of each term of the likelihood: a cell or, with ties, an event."""
    size, fraction, weight = problem.tied_weight.size, problem.tied_fraction, problem.tied_weight
    cell = np.arange(size)
    if fraction.size:
        cell = np.repeat(cell, problem.n_tied.astype(np.int64))
        weight = (weight / problem.n_tied)[cell]
    else:
        fraction = np.zeros(size)
    left = first.at_risk[:, cell] - fraction * first.events[:, cell]
    return weight, left[:-1] / left[-1]
