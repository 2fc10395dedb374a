"""The tests stepwise Cox regression chooses by: score tests for entry, three tests for removal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from oncohort.errors import AnalysisError
from oncohort.stats.arrays import Floats, Ints
from oncohort.stats.distributions import TestResult, chi_square_test
from oncohort.stats.newton import Maximum, Point, full_information, independent, maximize, point_at
from oncohort.stats.partial_likelihood import Problem, first_pass, select


@dataclass(frozen=True, slots=True)
class BlockTest:
    """The test of one term."""

    term: str
    test: TestResult


@dataclass(frozen=True, slots=True, eq=False)
class Search:
    """What stays the same along the path of a selection."""

    problem: Problem
    blocks: Mapping[str, Ints]  # positions of each term's columns
    criterion: str
    null: Point
    reference: Floats

    def columns(self, terms: tuple[str, ...]) -> Ints:
        """Return the positions of the columns of some terms, term by term."""
        return np.concatenate([self.blocks[t] for t in terms] or [np.zeros(0, dtype=np.int64)])


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A fitted set of terms; ``kept`` are its columns that carry information, ``top`` is None without any."""

    terms: tuple[str, ...]
    kept: Ints
    top: Maximum | None
    log_likelihood: float


def search_in(problem: Problem, blocks: Mapping[str, tuple[str, ...]], criterion: str) -> Search:
    """Lay out a selection among the blocks of a problem's columns."""
    null = point_at(problem, np.zeros(len(problem.names)))
    if null is None:
        raise AnalysisError("the risk sets cannot be summed")
    at = {name: k for k, name in enumerate(problem.names)}
    positions = {term: np.array([at[c] for c in names], dtype=np.int64) for term, names in blocks.items()}
    return Search(problem, positions, criterion, null, full_information(problem))


def fit_model(search: Search, terms: tuple[str, ...], beta: Floats | None = None) -> Model:
    """Fit the terms by maximum partial likelihood, from ``beta`` (all columns) or from 0.

    Terms without a column that carries information are not in the model.
    """
    columns = search.columns(terms)
    at = np.ix_(columns, columns)
    kept = columns[independent(search.null.information[at], search.reference[columns])]
    terms = tuple(t for t in terms if np.isin(search.blocks[t], kept).any())
    if kept.size == 0:
        return Model((), kept, None, search.null.log_likelihood)
    part = select(search.problem, kept)
    start = None if beta is None else point_at(part, beta[kept])
    if start is None:
        start = point_at(part, np.zeros(kept.size))
    if start is None:
        raise AnalysisError("the risk sets cannot be summed")
    top = maximize(part, start)
    return Model(terms, kept, top, top.point.log_likelihood)


def entry_tests(search: Search, model: Model) -> tuple[tuple[BlockTest, ...], tuple[str, ...], TestResult | None]:
    """Return the score test of each term outside, the redundant terms, and the test of all terms outside.

    One pass over the rows at the model's coefficients serves them all.
    """
    outside = tuple(t for t in search.blocks if t not in model.terms)
    if not outside:
        return (), (), None
    point = search.null if model.top is None else point_at(search.problem, _everywhere(search, model))
    if point is None:
        raise AnalysisError(f"{', '.join(outside)}: no score test; the risk sets cannot be summed")
    tests = [(t, _score_test(search, model.kept, point, search.blocks[t])) for t in outside]
    residual = _score_test(search, model.kept, point, search.columns(outside))
    candidates = tuple(BlockTest(t, test) for t, test in tests if test is not None)
    return candidates, tuple(t for t, test in tests if test is None), residual


def removal_tests(search: Search, model: Model) -> tuple[BlockTest, ...]:
    """Return the removal test of each term of the model, by the criterion of the search."""
    return tuple(BlockTest(term, _removal_test(search, model, term)) for term in model.terms)


def _everywhere(search: Search, model: Model) -> Floats:
    beta = np.zeros(len(search.problem.names))
    if model.top is not None:
        beta[model.kept] = model.top.beta
    return beta


def _score_test(search: Search, inside: Ints, point: Point, block: Ints) -> TestResult | None:
    """Return the score test of the block's columns given those inside; None if they add nothing."""
    columns = np.concatenate([inside, block])
    matrix = point.information[np.ix_(columns, columns)]
    kept = independent(matrix, search.reference[columns])
    old, new = kept[kept < inside.size], kept[kept >= inside.size]
    if new.size == 0:
        return None
    curvature = matrix[np.ix_(new, new)]
    if old.size:
        cross = matrix[np.ix_(old, new)]
        curvature = curvature - cross.T @ np.linalg.solve(matrix[np.ix_(old, old)], cross)
    u = point.score[columns[new]]
    statistic = float(u @ np.linalg.solve(curvature, u))
    return chi_square_test(max(statistic, 0.0), new.size, "score")


def _removal_test(search: Search, model: Model, term: str) -> TestResult:
    top = model.top
    if top is None or not np.isfinite(top.covariance).all():
        raise AnalysisError(f"{', '.join(model.terms)}: no removal test; the information matrix is singular")
    gone = np.flatnonzero(np.isin(model.kept, search.blocks[term]))
    rest = np.flatnonzero(~np.isin(model.kept, search.blocks[term]))
    b, c = top.beta, top.covariance
    weight = np.linalg.solve(c[np.ix_(gone, gone)], b[gone])
    if search.criterion == "wald":
        return chi_square_test(max(float(b[gone] @ weight), 0.0), gone.size, "Wald")
    conditional = np.zeros(len(search.problem.names))
    conditional[model.kept[rest]] = b[rest] - c[np.ix_(rest, gone)] @ weight
    others = tuple(t for t in model.terms if t != term)
    if search.criterion == "conditional":
        lower, method = _log_likelihood(search, model.kept[rest], conditional), "conditional likelihood ratio"
    else:
        lower, method = fit_model(search, others, conditional).log_likelihood, "likelihood ratio"
    return chi_square_test(max(2.0 * (model.log_likelihood - lower), 0.0), gone.size, method)


def _log_likelihood(search: Search, columns: Ints, beta: Floats) -> float:
    if columns.size == 0:
        return search.null.log_likelihood
    first = first_pass(select(search.problem, columns), beta[columns])
    if first is None:
        raise AnalysisError("no conditional removal test: the risk sets cannot be summed; use another criterion")
    return first.log_likelihood
