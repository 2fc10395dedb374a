"""Test of proportional hazards after Cox regression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from oncohort.errors import AnalysisError
from oncohort.stats.arrays import Floats, Ints
from oncohort.stats.cox import CoxFit, estimated_columns
from oncohort.stats.distributions import TestResult, chi_square_test
from oncohort.stats.newton import independent
from oncohort.stats.partial_likelihood import Problem, first_pass, information, select, weighted_score

_TRANSFORMS = ("km", "rank", "identity", "log")


@dataclass(frozen=True, slots=True)
class ProportionalHazards:
    """Tests of proportional hazards: one per term, and of all together.

    Parameters
    ----------
    transform : str
        The function of time against which the hazard ratios may slope.
    terms : tuple of str
        The terms tested; terms of singular columns alone are left out.
    tests : tuple of TestResult
        Their chi-square tests, df = columns of the term.
    overall : TestResult
        The test of all columns together (R's GLOBAL).
    """

    transform: str
    terms: tuple[str, ...]
    tests: tuple[TestResult, ...]
    overall: TestResult


def cox_zph(fit: CoxFit, *, transform: str, terms: Mapping[str, Sequence[str]] | None = None) -> ProportionalHazards:
    """Test whether the hazard ratios of a Cox model stay the same over time.

    The exact score test of gamma in ``beta + gamma * g(t)``, as ``cox.zph`` of R survival since 3.0; the
    earlier approximation of Grambsch and Therneau gives other numbers.

    Parameters
    ----------
    fit : CoxFit
        A converged fit.
    transform : {"km", "rank", "identity", "log"}
        g(t): one minus the Kaplan-Meier curve just before t (of all patients, strata and weights ignored),
        rank of the time among all rows, time, or log time. R's default is "km", others use "identity" or "log".
    terms : mapping of str to sequence of str, optional
        Columns that belong together, as those of one factor; default: each column by itself.

    Returns
    -------
    ProportionalHazards
        One test per term and the test of all.

    Raises
    ------
    AnalysisError
        If the fit did not converge, a column is not in the model, an event time is 0 under "log", or the
        event times are too few to show a slope.

    Examples
    --------
    >>> from oncohort.stats.cox import cox
    >>> weeks = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35,
    ...          1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
    >>> relapse = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0] + [1] * 21
    >>> fit = cox(weeks, relapse, {"placebo": [0] * 21 + [1] * 21}, ties="efron")
    >>> cox_zph(fit, transform="km").overall.df
    1.0

    References
    ----------
    Grambsch PM, Therneau TM. Biometrika 1994;81:515-526. Therneau TM, Grambsch PM. Modeling Survival Data.
    2000, pp. 130-142.
    Golden values: ``tests/golden/r/cox.json``, key ``zph`` (R survival 3.5-3, 1e-9 relative).
    """
    if transform not in _TRANSFORMS:
        raise AnalysisError(f'transform: one of {", ".join(_TRANSFORMS)} was expected; got "{transform}"')
    if not fit.converged:
        raise AnalysisError(f"no test of proportional hazards: {fit.failure_reason}")
    kept = estimated_columns(fit, fit.names)
    problem = select(fit.problem, kept)
    first = first_pass(problem, fit.coefficients[kept] * problem.scale)
    if first is None:
        raise AnalysisError("no test of proportional hazards: the risk sets cannot be summed at the estimates")
    g = _centered(problem, transform)
    m0, m1, m2 = (information(problem, first, g**k) for k in range(3))
    matrix = np.block([[m0, m1], [m1, m2]])
    u = np.concatenate([np.zeros(kept.size), weighted_score(problem, first, g)])
    position = {fit.names[int(kept[i])]: i for i in range(kept.size)}
    groups = {name: (name,) for name in fit.names} if terms is None else terms
    tested: dict[str, Ints] = {}
    for term, columns in groups.items():
        unknown = [c for c in columns if c not in fit.names]
        if unknown:
            raise AnalysisError(f"{unknown[0]}: not a column of this model; it has {', '.join(fit.names)}")
        index = np.array([position[c] for c in columns if c in position], dtype=np.int64)
        if index.size:
            tested[term] = index
    return ProportionalHazards(
        transform,
        tuple(tested),
        tuple(_test(term, matrix, u, index) for term, index in tested.items()),
        _test("all terms", matrix, u, np.arange(kept.size)),
    )


def _test(term: str, matrix: Floats, u: Floats, gamma: Ints) -> TestResult:
    """Return the score test of some gammas, all betas free."""
    p = u.size // 2
    rows = np.concatenate([np.arange(p), p + gamma])
    part = matrix[np.ix_(rows, rows)]
    if independent(part, np.diag(part)).size < rows.size:
        raise AnalysisError(f"{term}: too few distinct event times to test whether its effect changes with time")
    scale = 1.0 / np.sqrt(np.diag(part))  # time may be in any unit: g is brought to the size of beta
    v = u[rows] * scale
    statistic = float(v @ np.linalg.solve(part * np.outer(scale, scale), v))
    return chi_square_test(max(statistic, 0.0), gamma.size, "score test of proportional hazards")


def _centered(problem: Problem, transform: str) -> Floats:
    """Return g at each cell, less its mean over the events."""
    sets = problem.sets
    events = np.bincount(sets.cell, problem.n_tied, sets.grid.size).astype(np.float64)
    if transform == "km":
        g = 1.0 - _survival_before(problem, events)
    elif transform == "rank":
        rows = np.bincount(sets.stop, problem.frequency, sets.grid.size)
        g = np.cumsum(rows) - (rows - 1) / 2.0
    elif transform == "identity":
        g = sets.grid
    else:
        if sets.grid[events > 0][0] == 0:
            raise AnalysisError("transform: the logarithm of time needs event times above 0; one is 0")
        g = np.log(np.where(events > 0, sets.grid, 1.0))
    at = g[sets.cell]
    return at - float(problem.n_tied @ at) / float(problem.n_tied.sum())


def _survival_before(problem: Problem, events: Floats) -> Floats:
    """Return the Kaplan-Meier estimate of all patients just before each time of the grid."""
    sets = problem.sets
    size = sets.grid.size
    leaving = np.bincount(sets.stop, problem.frequency, size).astype(np.float64)
    if sets.entry is not None:
        leaving -= np.bincount(sets.entry, problem.frequency, size)
    at_risk = np.cumsum(leaving[::-1])[::-1]
    factor = np.ones(size)
    died = events > 0
    factor[died] = 1.0 - events[died] / at_risk[died]
    return np.concatenate([[1.0], np.cumprod(factor)[:-1]])
