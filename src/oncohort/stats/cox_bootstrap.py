"""The Cox model as an estimator of the bootstrap."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from oncohort.errors import AnalysisError
from oncohort.stats.arrays import Floats, Ints
from oncohort.stats.bootstrap import Estimator
from oncohort.stats.cox import CoxFit
from oncohort.stats.cox_residuals import estimate_of
from oncohort.stats.newton import maximize, point_at
from oncohort.stats.partial_likelihood import Problem, counted, some_rows


def cox_estimator(fit: CoxFit) -> Estimator:
    """Return the estimator of a Cox model's coefficients, for `bootstrap` and `jackknife`.

    Rows drawn several times get that frequency: under Efron's method they are tied events like any others.
    Newton's method starts at the coefficients of ``fit`` and runs to full convergence, so the estimates are
    those of a fit from the beginning. Case weights stay as they are: weights that were estimated from the data
    need an estimator that estimates them again.

    Parameters
    ----------
    fit : CoxFit
        A converged fit without frequencies.

    Returns
    -------
    callable
        From how often each row is drawn to the coefficients of the columns that ``fit`` could estimate.
        It raises AnalysisError where the resample has no event or its likelihood no maximum.

    Raises
    ------
    AnalysisError
        If the fit did not converge, or has frequencies.

    Examples
    --------
    Acute myelogenous leukemia, weeks to relapse, maintained on chemotherapy or not (Miller 1997):

    >>> from oncohort.stats.bootstrap import bootstrap
    >>> from oncohort.stats.cox import cox
    >>> weeks = [9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161, 5, 5, 8, 8, 12, 16, 23, 27, 30, 33, 43, 45]
    >>> relapse = [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0] + [1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1]
    >>> fit = cox(weeks, relapse, {"maintained": [1] * 11 + [0] * 12}, ties="efron")
    >>> drawn = bootstrap(cox_estimator(fit), 23, replicates=50, rng=np.random.default_rng(7))
    >>> bool(np.allclose(drawn.estimate, fit.coefficients)), drawn.replicates.shape
    (True, (50, 1))

    References
    ----------
    Efron B, Tibshirani RJ. An Introduction to the Bootstrap. 1993. Miller RG. Survival Analysis. 1997, p. 49
    (data).
    """
    if fit.problem.frequency is not None:
        raise AnalysisError("frequencies: rows that stand for several patients cannot be drawn; write them out")
    here = estimate_of(fit)

    def estimator(times: Ints) -> Floats:
        problem = _resampled(here.problem, times)
        start = point_at(problem, here.first.beta)
        if start is None:
            raise AnalysisError("the risk sets of a resample cannot be summed")
        top = maximize(problem, start)
        if top.failure_reason:
            raise AnalysisError(top.failure_reason)
        return top.beta / problem.scale

    return estimator


def _resampled(problem: Problem, times: Ints) -> Problem:
    """Return the problem of the rows drawn, on the scale of the original columns."""
    rows = np.flatnonzero(times)
    part, frequency = some_rows(problem, rows), times[rows].astype(np.float64)
    return counted(
        replace(
            part,
            variance=(part.x**2) @ frequency / frequency.sum(),
            weight=frequency if part.weight is None else part.weight * frequency,
            frequency=frequency,
        )
    )
