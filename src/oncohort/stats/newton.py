"""Newton's method on the partial likelihood, with its safeguards."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from oncohort.stats import kernel
from oncohort.stats.arrays import Floats, Ints
from oncohort.stats.kernel import Point
from oncohort.stats.partial_likelihood import (
    Problem,
    cells_of,
    counted,
    first_pass,
    information,
    observed_offset,
    risk_weight,
    shards,
    some_rows,
)

MONOTONE = "the likelihood has no maximum: it still rises as a coefficient runs to infinity"
PIVOT_TOLERANCE = float(np.finfo(np.float64).eps ** 0.75)  # 1.8e-12, R's toler.chol
_MOST_STEPS = 100
_MOST_HALVINGS = 30
_LONGEST_MOVE = 20.0  # of the linear predictor, in one step
_STILL = 1e-10  # a step this short (linear predictor) is the last
_HIDDEN = 1e-12  # a gain of log-likelihood this small, relatively, is hidden by rounding
_LITTLE = 1e-6  # a gain of log-likelihood this small, by itself
_DRIFT = 0.1  # a step this long where the gain is hidden: the coefficient has no finite value
_EVENTS = 20  # for each column, that a sample must have


@dataclass(frozen=True, slots=True, eq=False)
class Maximum:
    """Where the search ended.

    ``failure_reason`` is empty when the maximum was found; ``drifting`` holds the columns whose coefficient
    has no finite value; ``covariance`` is nan where the information cannot be inverted.
    """

    beta: Floats
    point: Point
    covariance: Floats
    iterations: int
    failure_reason: str
    drifting: Ints


def point_at(problem: Problem, beta: Floats) -> Point | None:
    """Return the point at ``beta``, or None where doubles cannot hold the risk sums."""
    whole = _whole(problem)
    if whole is not None:
        fits, shard, cells, observed = whole
        return fits.point_at_once(shard, cells, observed, beta)
    first = first_pass(problem, beta)
    if first is None:
        return None
    return Point(beta, first.log_likelihood, first.score, information(problem, first))


def _whole(problem: Problem) -> tuple[kernel.AtOnce, kernel.Shard, kernel.Cells, Floats] | None:
    """Return what the kernel needs to do all in one call, or None where it cannot: several shards, or NumPy."""
    fits = kernel.at_once()
    if fits is None or len(problem.plan) > 1:
        return None
    (shard,) = shards(problem, risk_weight(problem))
    return fits, shard, cells_of(problem), np.append(problem.observed, observed_offset(problem))


def independent(matrix: Floats, reference: Floats) -> Ints:
    """Return the columns of a symmetric matrix that are no combination of those before them.

    A column is left out when its pivot in a Cholesky factorization in the given order falls to 1.8e-12 of
    ``reference``: of collinear columns the later one loses, as in R.

    Examples
    --------
    >>> independent(np.array([[2.0, 2.0, 0.0], [2.0, 2.0, 0.0], [0.0, 0.0, 1.0]]), np.ones(3))
    array([0, 2])
    """
    left = matrix.copy()
    kept: list[int] = []
    for k in range(reference.size):
        if left[k, k] > PIVOT_TOLERANCE * reference[k]:
            kept.append(k)
            left -= (left[:, k] / left[k, k])[:, None] * left[k]
    return np.array(kept, dtype=np.int64)


def full_information(problem: Problem) -> Floats:
    """Return the (p,) information each column would carry if no risk set lost anything of its variance."""
    return problem.variance * float(problem.tied_weight.sum())


def maximize(problem: Problem, start: Point) -> Maximum:
    """Climb from ``start`` to the maximum of the partial likelihood.

    Stops when a step moves no linear predictor by more than 1e-10, or when rounding hides any further gain.
    Where the gain is hidden and a coefficient still runs away, the likelihood is monotone: it has no
    maximum, which is said, and the columns are listed.
    """
    none = np.zeros(0, dtype=np.int64)
    reference = full_information(problem)
    smooth = _climb_at_once(problem, start, reference)
    if smooth is not None:
        return smooth
    point, steps = _approach(problem, start)
    before, unit = np.inf, _unit(problem)
    for iteration in range(steps, steps + _MOST_STEPS):
        step, flat = _newton_step(point, reference)
        moves = np.abs(step) * problem.span
        gain = float(point.score @ step)
        hidden = gain <= _HIDDEN * (unit + abs(point.log_likelihood))
        drifting = np.union1d(np.flatnonzero(moves > _DRIFT), flat)
        if (hidden or moves.max() <= _STILL) and drifting.size:
            return _ended(point, iteration, MONOTONE, drifting)
        if moves.max() <= _STILL or (hidden and gain > before / 4.0):
            return _ended(point, iteration, "", none, step)
        higher = _climb(problem, point, step, moves)
        if higher is None:  # beyond here doubles hold no risk sums, or rounding hides the slope
            runaway = np.flatnonzero((moves > _DRIFT) & (gain <= _LITTLE * unit))
            return _ended(point, iteration, _stuck(hidden=hidden, runaway=runaway), runaway)
        point, before = higher, gain
    return _ended(point, _MOST_STEPS, f"no maximum was reached in {_MOST_STEPS} steps", none)


def _climb_at_once(problem: Problem, start: Point, reference: Floats) -> Maximum | None:
    """Return the maximum where the whole way is smooth, or None."""
    whole = _whole(problem)
    if whole is None:
        return None
    fits, shard, cells, observed = whole
    found = fits.climb_at_once(shard, cells, observed, start, problem.span, reference)
    if found is None:
        return None
    point, step, iterations = found
    return _ended(point, iterations, "", np.zeros(0, dtype=np.int64), step)


def _approach(problem: Problem, start: Point) -> tuple[Point, int]:
    """Return a point from which Newton's next step is the last, and the steps to it, or ``start`` and 0.

    For problems with several shards. Newton's first steps on a sample of the rows lead near the maximum and to the
    information there; what sample and rows say otherwise at ``start`` corrects both. Each step from there needs the
    slope alone, which is half the work: the information is learnt from the changes of the slope (`_learnt`).
    """
    if len(problem.plan) == 1:
        return start, 0
    rows = _sample_of(problem)
    if np.count_nonzero(problem.sets.slot[rows] % 2) < _EVENTS * start.beta.size:
        return start, 0
    sample = counted(some_rows(problem, rows))
    path = _first_points(sample, start.beta)
    if len(path) < 3:
        return start, 0
    first, last = path[0], path[-1]
    share = problem.tied_weight.sum() / sample.tied_weight.sum()
    inverse = _inverse(start.information + share * (last.information - first.information))
    if inverse is None:
        return start, 0
    ahead, other, own = _step(sample, last), _step(sample, first), _step(problem, start)
    return _quasi_newton(problem, start, last.beta + ahead + own - other, inverse)


def _sample_of(problem: Problem) -> Ints:
    """Return one of 16 rows, in runs of 8: neighbors in memory."""
    return np.add.outer(np.arange(0, problem.sets.slot.size - 7, 128), np.arange(8)).ravel()


def _first_points(problem: Problem, beta: Floats) -> list[Point]:
    """Return the point at ``beta`` and those of Newton's first two steps, as far as the likelihood rises."""
    points: list[Point] = []
    for _ in range(3):
        point = point_at(problem, beta)
        if point is None or (points and point.log_likelihood < points[-1].log_likelihood):
            break
        points.append(point)
        beta = beta + _step(problem, point)
    return points


def _step(problem: Problem, point: Point) -> Floats:
    return _newton_step(point, full_information(problem))[0]


def _quasi_newton(problem: Problem, start: Point, beta: Floats, inverse: Floats) -> tuple[Point, int]:
    """Climb from ``beta`` until a step is short, or not half as short as the one before: the rest is Newton's."""
    step, score, farthest = np.zeros_like(beta), start.score, np.inf
    for steps in range(1, _MOST_STEPS):
        beta = beta + step
        there = first_pass(problem, beta)
        if there is None or there.log_likelihood < start.log_likelihood:
            break
        inverse = _learnt(inverse, step, score - there.score)
        step, score = inverse @ there.score, there.score
        before, farthest = farthest, float(np.max(np.abs(step) * problem.span))
        if farthest <= _STILL or farthest > before / 2.0:
            return Point(beta, there.log_likelihood, score, information(problem, there)), steps
    return start, 0


def _learnt(inverse: Floats, step: Floats, change: Floats) -> Floats:
    """Return the nearest inverse of an information with which ``step`` changes the slope as it did (BFGS)."""
    curvature = float(step @ change)
    if curvature <= 0:
        return inverse
    rest = np.eye(step.size) - np.outer(step, change) / curvature
    return rest @ inverse @ rest.T + np.outer(step, step) / curvature


def _unit(problem: Problem) -> float:
    """Return the mean weight of an event, which is what log-likelihoods are counted in."""
    return float(problem.tied_weight.sum() / problem.n_tied.sum())


def _stuck(*, hidden: bool, runaway: Ints) -> str:
    if runaway.size:
        return MONOTONE
    return "" if hidden else "no step along Newton's direction raises the likelihood"


def _ended(point: Point, iterations: int, reason: str, drifting: Ints, step: Floats | None = None) -> Maximum:
    beta = point.beta if step is None else point.beta + step
    covariance = _inverse(point.information)
    if covariance is None:
        covariance = np.full_like(point.information, np.nan)
        reason = reason or "the information matrix cannot be inverted"
    return Maximum(beta, point, covariance, iterations, reason, drifting)


def _inverse(matrix: Floats) -> Floats | None:
    """Return the inverse of a positive definite matrix, its diagonal positive, or None."""
    diagonal = np.diag(matrix)
    if not np.all(diagonal > 0):
        return None
    unit = 1.0 / np.sqrt(diagonal)
    try:
        root = np.linalg.solve(np.linalg.cholesky(matrix * np.outer(unit, unit)), np.eye(unit.size))
    except np.linalg.LinAlgError:
        return None
    return (root.T @ root) * np.outer(unit, unit)


def _newton_step(point: Point, reference: Floats) -> tuple[Floats, Ints]:
    """Return the step to the top of the local parabola, and the columns along which it is flat."""
    kept = independent(point.information, reference)
    step = np.zeros_like(point.score)
    step[kept] = np.linalg.solve(point.information[np.ix_(kept, kept)], point.score[kept])
    return step, np.setdiff1d(np.arange(step.size), kept)


def _climb(problem: Problem, point: Point, step: Floats, moves: Floats) -> Point | None:
    """Return the first point along ``step``, halved as often as needed, where the likelihood is not lower."""
    here = point.log_likelihood
    lowest = here - _HIDDEN * (_unit(problem) + abs(here))
    fraction = min(1.0, _LONGEST_MOVE / float(moves.max()))
    for _ in range(_MOST_HALVINGS):
        beta = point.beta + fraction * step
        there = first_pass(problem, beta)
        if there is not None and there.log_likelihood >= lowest:
            return Point(beta, there.log_likelihood, there.score, information(problem, there))
        fraction /= 2.0
    return None
