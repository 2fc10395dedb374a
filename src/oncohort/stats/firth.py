"""Firth's penalized Cox regression: finite hazard ratios where the likelihood has no maximum."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from oncohort.errors import AnalysisError
from oncohort.stats.arrays import Floats, Ints
from oncohort.stats.cox import CoxFit
from oncohort.stats.distributions import TestResult, chi_square_test, two_sided_z
from oncohort.stats.partial_likelihood import Problem, Ties, select
from oncohort.stats.penalized import Penalized, climb, penalized_at


@dataclass(frozen=True, slots=True, eq=False)
class FirthFit:
    """A Cox model fitted by Firth's penalized likelihood; all arrays have one value per column.

    Parameters
    ----------
    names : tuple of str
        The p columns.
    coefficients, std_error : (p,) float
        Log hazard ratio per unit of the column, and its standard error from the information without the
        penalty; nan for columns in ``singular``.
    covariance : (p, p) float
        Inverse of that information.
    hazard_ratio, conf_low, conf_high : (p,) float
        exp(coefficient) and its profile penalized-likelihood limits at ``conf_level``; a limit is 0 or
        infinite where the profile does not fall so far.
    tests : tuple of TestResult or None
        Penalized likelihood-ratio test of each coefficient; None for columns in ``singular``.
    likelihood_ratio : TestResult
        Of all coefficients together.
    log_likelihood_null, log_likelihood : float
        Penalized log-likelihood at 0 and at the coefficients.
    n, n_event : int
        Rows and events, each counted as often as its frequency.
    ties : {"efron", "breslow"}
        Treatment of tied events.
    conf_level : float
        Coverage of the limits.
    singular : tuple of str
        Columns without information of their own.
    """

    names: tuple[str, ...]
    coefficients: Floats
    std_error: Floats
    covariance: Floats = field(repr=False)
    hazard_ratio: Floats
    conf_low: Floats
    conf_high: Floats
    tests: tuple[TestResult | None, ...]
    likelihood_ratio: TestResult
    log_likelihood_null: float
    log_likelihood: float
    n: int
    n_event: int
    ties: Ties
    conf_level: float
    singular: tuple[str, ...]


def firth(fit: CoxFit) -> FirthFit:
    """Fit the model of a Cox fit again by Firth's penalized likelihood, ``l(b) + log|I(b)| / 2``.

    Limits and tests come from the profile of the penalized likelihood, in which the penalty keeps all
    columns; Wald's are poor here. Data, ties and level are those of ``fit``, which need not have converged.

    Parameters
    ----------
    fit : CoxFit
        From `cox`, converged or not.

    Returns
    -------
    FirthFit
        Estimates, limits and tests.

    Raises
    ------
    AnalysisError
        If no maximum of the penalized likelihood was found.

    Examples
    --------
    Nobody with x = 1 has the event, so the likelihood has no maximum:

    >>> from oncohort.stats.cox import cox
    >>> days, event = [5, 8, 12, 20, 25, 30, 33, 41, 50, 60], [1] * 7 + [0] * 3
    >>> fit = cox(days, event, {"x": [0] * 7 + [1] * 3}, ties="breslow")
    >>> fit.converged
    False
    >>> penalized = firth(fit)
    >>> penalized.coefficients.round(4), np.log(penalized.conf_low).round(3), np.log(penalized.conf_high).round(3)
    (array([-2.8359]), array([-7.725]), array([-0.634]))

    References
    ----------
    Firth D. Biometrika 1993;80:27-38. Heinze G, Schemper M. Biometrics 2001;57:114-119.
    Golden values: ``tests/golden/printed/firth.json``, key ``cases`` (Breslow's method).
    """
    kept = np.array([k for k, name in enumerate(fit.names) if name not in fit.singular], dtype=np.int64)
    problem = select(fit.problem, kept)
    zero = np.zeros(kept.size)
    null = _known(penalized_at(problem, zero))
    top = _known(climb(problem, null, np.arange(kept.size)))
    threshold = two_sided_z(fit.conf_level) ** 2 / 2.0
    limits, tests = np.empty((kept.size, 2)), list[TestResult]()
    for k in range(kept.size):
        without = _known(_profile(problem, top, k, 0.0))
        gain = max(2.0 * (top.log_likelihood - without.log_likelihood), 0.0)
        tests.append(chi_square_test(gain, 1, "penalized likelihood ratio"))
        limits[k] = [_limit(problem, top, k, side * threshold) for side in (-1.0, 1.0)]
    return _record(fit, kept, problem, null, top, limits, tests)


def _record(
    fit: CoxFit, kept: Ints, problem: Problem, null: Penalized, top: Penalized, limits: Floats, tests: list[TestResult]
) -> FirthFit:
    size = len(fit.names)
    coefficients, low, high = (np.full(size, np.nan) for _ in range(3))
    covariance = np.full((size, size), np.nan)
    coefficients[kept] = top.beta / problem.scale
    low[kept], high[kept] = limits.T / problem.scale
    covariance[np.ix_(kept, kept)] = top.covariance / np.outer(problem.scale, problem.scale)
    tested = dict(zip(kept.tolist(), tests, strict=True))
    with np.errstate(over="ignore"):
        ratio, low, high = np.exp(coefficients), np.exp(low), np.exp(high)
    gain = max(2.0 * (top.log_likelihood - null.log_likelihood), 0.0)
    unit = float(np.sum(np.log(problem.scale)))  # the information per unit of the columns as given
    return FirthFit(
        names=fit.names,
        coefficients=coefficients,
        std_error=np.sqrt(np.diag(covariance)),
        covariance=covariance,
        hazard_ratio=ratio,
        conf_low=low,
        conf_high=high,
        tests=tuple(tested.get(k) for k in range(size)),
        likelihood_ratio=chi_square_test(gain, kept.size, "penalized likelihood ratio"),
        log_likelihood_null=null.log_likelihood + unit,
        log_likelihood=top.log_likelihood + unit,
        n=fit.n,
        n_event=fit.n_event,
        ties=fit.ties,
        conf_level=fit.conf_level,
        singular=fit.singular,
    )


def _known(point: Penalized | None) -> Penalized:
    if point is None:
        raise AnalysisError("no maximum of the penalized likelihood was found")
    return point


def _profile(problem: Problem, start: Penalized, k: int, value: float) -> Penalized | None:
    """Return the highest point whose coefficient k is ``value``."""
    beta = start.beta.copy()
    beta[k] = value
    here = penalized_at(problem, beta)
    return None if here is None else climb(problem, here, np.delete(np.arange(beta.size), k))


def _limit(problem: Problem, top: Penalized, k: int, fall: float) -> float:
    """Return where the profile of coefficient k has fallen by ``abs(fall)``, on the side of its sign.

    Newton's method on the profile, whose slope is that of the penalized likelihood at its highest point,
    kept between a place not low enough and one too low.
    """
    side, depth = float(np.sign(fall)), abs(fall)
    unit = float(np.sqrt(top.covariance[k, k]))
    inner, outer = float(top.beta[k]), side * np.inf
    value, point = inner + side * unit * float(np.sqrt(2.0 * depth)), top
    for _ in range(200):
        there = _profile(problem, point, k, value)
        if there is None:  # too far for doubles: halfway back
            outer = value
            value = (inner + value) / 2.0
            continue
        short = depth - (top.log_likelihood - there.log_likelihood)
        inner, outer = (value, outer) if short > 0 else (inner, value)
        step = -short / float(there.score[k]) if there.score[k] * side < 0 else side * np.inf
        following = value + step
        if abs(step) <= 1e-11 * unit or abs(outer - inner) <= 1e-12 * unit:
            return following if np.isfinite(following) else value
        if not min(inner, outer) < following < max(inner, outer) or abs(step) > 8.0 * unit:
            following = (inner + outer) / 2.0 if np.isfinite(outer) else value + side * 8.0 * unit
        if abs(following - top.beta[k]) > 1e4 * unit:
            return side * np.inf
        value, point = following, there
    raise AnalysisError(f"{problem.names[k]}: no profile limit was found")
