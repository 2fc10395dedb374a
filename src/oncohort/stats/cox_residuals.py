"""Residuals of Cox regression: what each patient adds to the fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from oncohort.errors import AnalysisError
from oncohort.stats.arrays import Floats, Ints
from oncohort.stats.cox import CoxFit
from oncohort.stats.partial_likelihood import FirstPass, Problem, first_pass, hazard_by_slot, select


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """A fitted model at its coefficients: the columns that were estimated, and one pass over their rows."""

    kept: Ints  # positions of the columns among ``fit.names``
    problem: Problem
    first: FirstPass


@dataclass(frozen=True, slots=True, eq=False)
class SchoenfeldResiduals:
    """Residuals of the events, one row each, ordered by stratum, time, and row of the data.

    Parameters
    ----------
    names : tuple of str
        The p columns.
    row : (events,) int
        Position of each event in the data.
    time : (events,) float
        Its time.
    stratum : (events,) int
        Code of its stratum, 0 without strata.
    residuals : (events, p) float
        nan in columns of ``fit.singular``.
    """

    names: tuple[str, ...]
    row: Ints
    time: Floats
    stratum: Ints
    residuals: Floats


def martingale_residuals(fit: CoxFit) -> Floats:
    """Return each row's events less the events expected of it.

    Not multiplied by weights. Of events tied under Efron's method each has the same part in the hazard of
    its time, as in R.

    Parameters
    ----------
    fit : CoxFit
        A converged fit.

    Returns
    -------
    (n,) float
        At most 1. With weights it is their weighted sum that is 0.

    Raises
    ------
    AnalysisError
        If the fit did not converge.

    Examples
    --------
    Acute myelogenous leukemia, weeks to relapse, maintained on chemotherapy or not (Miller 1997):

    >>> from oncohort.stats.cox import cox
    >>> weeks = [9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161, 5, 5, 8, 8, 12, 16, 23, 27, 30, 33, 43, 45]
    >>> relapse = [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0] + [1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1]
    >>> fit = cox(weeks, relapse, {"maintained": [1] * 11 + [0] * 12}, ties="efron")
    >>> martingale_residuals(fit)[:4].round(4)
    array([ 0.8597,  0.7899, -0.2101,  0.7464])

    References
    ----------
    Therneau TM, Grambsch PM. Modeling Survival Data. 2000, pp. 80-87. Miller RG. Survival Analysis. 1997,
    p. 49 (data).
    Golden values: ``tests/golden/r/cox_breadth.json``, key ``martingale`` (R survival 3.5-3).
    """
    return _martingale(estimate_of(fit))


def deviance_residuals(fit: CoxFit) -> Floats:
    """Return martingale residuals made more symmetric: sign(M) √(-2 (M + event · log(event - M))).

    Parameters
    ----------
    fit : CoxFit
        A converged fit.

    Returns
    -------
    (n,) float
        Not multiplied by weights.

    Raises
    ------
    AnalysisError
        If the fit did not converge.

    Examples
    --------
    >>> from oncohort.stats.cox import cox
    >>> fit = cox([5, 8, 12, 20, 25], [1, 1, 0, 1, 1], {"age": [70, 50, 61, 66, 58]}, ties="efron")
    >>> bool(np.all(np.sign(deviance_residuals(fit)) == np.sign(martingale_residuals(fit))))
    True

    References
    ----------
    Therneau TM, Grambsch PM, Fleming TR. Biometrika 1990;77:147-160.
    Golden values: ``tests/golden/r/cox_breadth.json``, key ``deviance`` (R survival 3.5-3).
    """
    residual = martingale_residuals(fit)
    event = fit.problem.sets.slot % 2 == 1
    expected = np.where(event, 1.0 - residual, 1.0)
    with np.errstate(divide="ignore"):  # an event of which nothing was expected: infinite, as in R
        inner = residual + np.log(expected)
    return np.sign(residual) * np.sqrt(np.maximum(-2.0 * inner, 0.0))


def score_residuals(fit: CoxFit) -> Floats:
    """Return what each row adds to the slope of the log-likelihood at the coefficients.

    Not multiplied by weights. Per unit of the column as given.

    Parameters
    ----------
    fit : CoxFit
        A converged fit.

    Returns
    -------
    (n, p) float
        Their (weighted) sums are 0; nan in columns of ``fit.singular``.

    Raises
    ------
    AnalysisError
        If the fit did not converge.

    Examples
    --------
    >>> from oncohort.stats.cox import cox
    >>> fit = cox([5, 8, 12, 20, 25], [1, 1, 0, 1, 1], {"age": [70, 50, 61, 66, 58]}, ties="efron")
    >>> abs(float(score_residuals(fit).sum())) < 1e-9
    True

    References
    ----------
    Therneau TM, Grambsch PM. Modeling Survival Data. 2000, pp. 155-160.
    Golden values: ``tests/golden/r/cox_breadth.json``, key ``score`` (R survival 3.5-3).
    """
    here = estimate_of(fit)
    return _all_columns(fit, here, score_by_row(here.problem, here.first) * here.problem.scale)


def dfbeta(fit: CoxFit) -> Floats:
    """Approximate how much each coefficient would fall if the row were left out.

    The row's score residual times its case weight times the model-based covariance. Of a row that stands for
    several (``frequencies``) it is the change when one of them is left out.

    Parameters
    ----------
    fit : CoxFit
        A converged fit.

    Returns
    -------
    (n, p) float
        Per unit of the column as given; nan in columns of ``fit.singular``.

    Raises
    ------
    AnalysisError
        If the fit did not converge.

    Examples
    --------
    >>> from oncohort.stats.cox import cox
    >>> fit = cox([5, 8, 12, 20, 25], [1, 1, 0, 1, 1], {"age": [70, 50, 61, 66, 58]}, ties="efron")
    >>> dfbeta(fit).shape
    (5, 1)

    References
    ----------
    Therneau TM, Grambsch PM. Modeling Survival Data. 2000, pp. 156-160. Cain KC, Lange NT. Biometrics
    1984;40:493-499.
    Golden values: ``tests/golden/r/cox_breadth.json``, key ``dfbeta`` (R survival 3.5-3).
    """
    here = estimate_of(fit)
    weighted = score_by_row(here.problem, here.first) * case_weight(here.problem)[:, None]
    return _all_columns(fit, here, (weighted * here.problem.scale) @ fit.covariance[np.ix_(here.kept, here.kept)])


def dfbetas(fit: CoxFit) -> Floats:
    """Return `dfbeta` in standard errors of the coefficients.

    Parameters
    ----------
    fit : CoxFit
        A converged fit.

    Returns
    -------
    (n, p) float
        nan in columns of ``fit.singular``.

    Raises
    ------
    AnalysisError
        If the fit did not converge.

    Examples
    --------
    >>> from oncohort.stats.cox import cox
    >>> fit = cox([5, 8, 12, 20, 25], [1, 1, 0, 1, 1], {"age": [70, 50, 61, 66, 58]}, ties="efron")
    >>> bool(np.allclose(dfbetas(fit), dfbeta(fit) / fit.std_error))
    True

    References
    ----------
    Golden values: ``tests/golden/r/cox_breadth.json``, key ``dfbetas`` (R survival 3.5-3).
    """
    return dfbeta(fit) / fit.std_error


def schoenfeld_residuals(fit: CoxFit) -> SchoenfeldResiduals:
    """Return each event's columns less their mean over the risk set, weighted by risk.

    Of events tied under Efron's method the mean is that over its m risk sets, as in R. Not multiplied by
    weights.

    Parameters
    ----------
    fit : CoxFit
        A converged fit.

    Returns
    -------
    SchoenfeldResiduals
        One row per event, per unit of the column as given.

    Raises
    ------
    AnalysisError
        If the fit did not converge.

    Examples
    --------
    >>> from oncohort.stats.cox import cox
    >>> fit = cox([5, 8, 12, 20, 25], [1, 1, 0, 1, 1], {"age": [70, 50, 61, 66, 58]}, ties="efron")
    >>> schoenfeld_residuals(fit).time
    array([ 5.,  8., 20., 25.])

    References
    ----------
    Schoenfeld D. Biometrika 1982;69:239-241.
    Golden values: ``tests/golden/r/cox_breadth.json``, key ``schoenfeld`` (R survival 3.5-3).
    """
    here = estimate_of(fit)
    problem, first = here.problem, here.first
    row = np.flatnonzero(problem.sets.slot % 2 == 1)
    row = row[np.argsort(problem.sets.slot[row], kind="stable")]
    cell = problem.sets.slot[row] // 2
    terms = first.terms
    mean = (first.at_risk[:-1] * terms.u0 - first.events[:-1] * terms.u1) / problem.tied_weight
    residual = (problem.x[:, row] - mean[:, cell]).T * problem.scale
    stratum = np.zeros(row.size, dtype=np.int64) if problem.stratum is None else problem.stratum[row]
    time = problem.sets.grid[problem.sets.cell[cell]]
    return SchoenfeldResiduals(fit.names, row, time, stratum, _all_columns(fit, here, residual))


def scaled_schoenfeld_residuals(fit: CoxFit) -> SchoenfeldResiduals:
    """Return Schoenfeld residuals scaled so that their trend over time is that of the coefficient.

    Number of events times residual times covariance, plus the coefficient (Grambsch and Therneau's average
    covariance instead of that of each time), as in R.

    Parameters
    ----------
    fit : CoxFit
        A converged fit.

    Returns
    -------
    SchoenfeldResiduals
        One row per event; its mean is near the coefficient.

    Raises
    ------
    AnalysisError
        If the fit did not converge.

    Examples
    --------
    >>> from oncohort.stats.cox import cox
    >>> fit = cox([5, 8, 12, 20, 25], [1, 1, 0, 1, 1], {"age": [70, 50, 61, 66, 58]}, ties="efron")
    >>> bool(np.allclose(scaled_schoenfeld_residuals(fit).residuals.mean(axis=0), fit.coefficients))
    True

    References
    ----------
    Grambsch PM, Therneau TM. Biometrika 1994;81:515-526.
    Golden values: ``tests/golden/r/cox_breadth.json``, key ``scaled_schoenfeld`` (R survival 3.5-3).
    """
    plain = schoenfeld_residuals(fit)
    kept = np.flatnonzero(~np.isnan(fit.coefficients))
    scaled = np.full_like(plain.residuals, np.nan)
    covariance = fit.covariance[np.ix_(kept, kept)]
    scaled[:, kept] = fit.n_event * plain.residuals[:, kept] @ covariance + fit.coefficients[kept]
    return SchoenfeldResiduals(plain.names, plain.row, plain.time, plain.stratum, scaled)


def estimate_of(fit: CoxFit) -> Estimate:
    """Return the model at its coefficients, or say why there are none."""
    if not fit.converged:
        raise AnalysisError(f"no estimates to start from: {fit.failure_reason}")
    kept = np.flatnonzero(~np.isnan(fit.coefficients))
    problem = select(fit.problem, kept)
    first = first_pass(problem, fit.coefficients[kept] * problem.scale)
    if first is None:
        raise AnalysisError("the risk sets cannot be summed at the estimates")
    return Estimate(kept, problem, first)


def case_weight(problem: Problem) -> Floats:
    """Return each row's case weight, without its frequency."""
    weight = np.ones(problem.x.shape[1])
    if problem.weight is not None:
        weight *= problem.weight
    if problem.frequency is not None:
        weight /= problem.frequency
    return weight


def over_time(problem: Problem, rate: Floats, tied: Floats) -> Floats:
    """Return for each row what accrues between its entry and its time at ``rate``, less ``tied`` for an event.

    Rates have the cells along their last axis, as what accrues has the rows.
    """
    sets = problem.sets
    accrued = hazard_by_slot(problem, rate, tied)
    out: Floats = accrued[..., sets.slot]
    if sets.start is not None:
        out -= accrued[..., sets.start]
    return out


def score_by_row(problem: Problem, first: FirstPass) -> Floats:
    """Return the (n, p) score residuals of the standardized columns at any ``beta``."""
    terms = first.terms
    s, d = first.at_risk[:-1], first.events[:-1]
    risk = risk_by_row(problem, first)
    hazard = over_time(problem, terms.u0, terms.u1)
    event = problem.sets.slot % 2 == 1
    cell = problem.sets.slot[event] // 2
    out = np.empty((event.size, s.shape[0]))
    for k in range(s.shape[0]):
        drift = over_time(problem, terms.v0 * s[k] - terms.v1 * d[k], terms.v1 * s[k] - terms.v2 * d[k])
        out[:, k] = -risk * (problem.x[k] * hazard - drift)
        mean = (s[k] * terms.u0 - d[k] * terms.u1) / problem.tied_weight
        out[event, k] += problem.x[k, event] - mean[cell]
    return out


def risk_by_row(problem: Problem, first: FirstPass) -> Floats:
    """Return each row's exp(linear predictor), offset included."""
    theta = np.concatenate(first.theta)
    return theta if problem.weight is None else theta / problem.weight


def _martingale(here: Estimate) -> Floats:
    terms = here.first.terms
    hazard = over_time(here.problem, terms.u0, terms.u1)
    event: Floats = (here.problem.sets.slot % 2 == 1).astype(np.float64)
    event -= risk_by_row(here.problem, here.first) * hazard
    return event


def _all_columns(fit: CoxFit, here: Estimate, values: Floats) -> Floats:
    out = np.full((values.shape[0], len(fit.names)), np.nan)
    out[:, here.kept] = values
    return out
