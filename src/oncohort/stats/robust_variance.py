"""Robust variance of Cox regression: limits that hold with case weights and with rows that belong together."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from oncohort.errors import AnalysisError
from oncohort.stats.arrays import Column, Floats, Ints, as_labels
from oncohort.stats.cox import CoxFit
from oncohort.stats.cox_residuals import case_weight, estimate_of, score_by_row
from oncohort.stats.distributions import TestResult, chi_square_test
from oncohort.stats.newton import independent
from oncohort.stats.partial_likelihood import Problem, first_pass
from oncohort.stats.wald import wald_columns


@dataclass(frozen=True, slots=True, eq=False)
class RobustVariance:
    """The coefficients of a Cox fit with the sandwich variance of Lin and Wei; one value per column.

    Parameters
    ----------
    names : tuple of str
        The p columns.
    coefficients : (p,) float
        As in the fit.
    std_error, naive_std_error : (p,) float
        Robust, and model-based; nan for singular columns.
    covariance : (p, p) float
        Robust covariance; nan in rows and columns of singular columns.
    hazard_ratio, conf_low, conf_high : (p,) float
        exp(coefficient) and its robust Wald limits at ``conf_level``.
    z, p_value, log10_p : (p,) float
        Robust Wald test of each coefficient, two-sided.
    wald, score : TestResult
        Robust tests of all coefficients together.
    n_cluster : int
        Clusters, or rows where each is one of its own.
    conf_level : float
        Coverage of the limits.
    """

    names: tuple[str, ...]
    coefficients: Floats
    std_error: Floats
    naive_std_error: Floats
    covariance: Floats = field(repr=False)
    hazard_ratio: Floats
    conf_low: Floats
    conf_high: Floats
    z: Floats
    p_value: Floats
    log10_p: Floats
    wald: TestResult
    score: TestResult
    n_cluster: int
    conf_level: float


def robust_variance(fit: CoxFit, *, cluster: Column | None = None) -> RobustVariance:
    """Give a Cox fit the sandwich variance of Lin and Wei: the sum of squares of `dfbeta` over clusters.

    No factor for small samples, as in R (``robust = TRUE``, ``cluster``). With few clusters it is too small.

    Parameters
    ----------
    fit : CoxFit
        A converged fit.
    cluster : (n,) labels, optional
        Rows of one label belong together, as the intervals of one patient or the patients of one hospital;
        default: each row (each of the patients it stands for) is one of its own.

    Returns
    -------
    RobustVariance
        Robust limits and tests.

    Raises
    ------
    AnalysisError
        If the fit did not converge, a label is missing, or there is only one cluster.

    Examples
    --------
    Acute myelogenous leukemia, weeks to relapse, maintained on chemotherapy or not (Miller 1997):

    >>> from oncohort.stats.cox import cox
    >>> weeks = [9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161, 5, 5, 8, 8, 12, 16, 23, 27, 30, 33, 43, 45]
    >>> relapse = [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0] + [1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1]
    >>> fit = cox(weeks, relapse, {"maintained": [1] * 11 + [0] * 12}, ties="efron")
    >>> robust = robust_variance(fit)
    >>> robust.naive_std_error.round(4), robust.std_error.round(4)
    (array([0.5119]), array([0.4645]))

    References
    ----------
    Lin DY, Wei LJ. J Am Stat Assoc 1989;84:1074-1078. Lee EW, Wei LJ, Amato DA. Survival Analysis: State of
    the Art. 1992, pp. 237-247. Therneau TM, Grambsch PM. Modeling Survival Data. 2000, pp. 170-173.
    Golden values: ``tests/golden/r/cox_breadth.json``, keys ``robust`` and ``cluster`` (R survival 3.5-3).
    """
    here = estimate_of(fit)
    problem, kept = here.problem, here.kept
    label = None if cluster is None else as_labels(cluster, problem.x.shape[1], "cluster")[0]
    n_cluster = fit.n if label is None else int(label.max()) + 1
    if n_cluster == 1:
        raise AnalysisError("cluster: more than one cluster was expected; all rows belong to one")
    unit = np.outer(problem.scale, problem.scale)
    model = fit.covariance[np.ix_(kept, kept)] * unit
    part = model @ _squares(problem, score_by_row(problem, here.first), label) @ model
    covariance = np.full_like(fit.covariance, np.nan)
    covariance[np.ix_(kept, kept)] = part / unit
    std_error = np.sqrt(np.diag(covariance))
    each = wald_columns(fit.coefficients, std_error, fit.conf_level)
    return RobustVariance(
        names=fit.names,
        coefficients=fit.coefficients,
        std_error=std_error,
        naive_std_error=fit.std_error,
        covariance=covariance,
        hazard_ratio=fit.hazard_ratio,
        conf_low=each.conf_low,
        conf_high=each.conf_high,
        z=each.z,
        p_value=each.p_value,
        log10_p=each.log10_p,
        wald=_test(part, here.first.beta, "robust Wald"),
        score=_score_test(problem, label),
        n_cluster=n_cluster,
        conf_level=fit.conf_level,
    )


def _squares(problem: Problem, residual: Floats, label: Ints | None) -> Floats:
    """Return the (p, p) sum over clusters of the square of their weighted score residuals."""
    weighted = residual * case_weight(problem)[:, None]
    times = None if problem.frequency is None else problem.frequency[:, None]
    if label is None:
        total: Floats = weighted.T @ (weighted if times is None else weighted * times)
        return total
    summed = np.zeros((int(label.max()) + 1, weighted.shape[1]))
    np.add.at(summed, label, weighted if times is None else weighted * times)
    return summed.T @ summed


def _score_test(problem: Problem, label: Ints | None) -> TestResult:
    null = first_pass(problem, np.zeros(len(problem.names)))
    if null is None:
        raise AnalysisError("weights: they differ too much for risk sets with entry times to be summed")
    return _test(_squares(problem, score_by_row(problem, null), label), null.score, "robust score")


def _test(covariance: Floats, values: Floats, method: str) -> TestResult:
    """Test whether all values are 0; columns without variance of their own (few clusters) are left out."""
    kept = independent(covariance, np.diag(covariance))
    if kept.size == 0:
        raise AnalysisError("cluster: the clusters do not differ; there is no robust variance")
    v = values[kept]
    statistic = float(v @ np.linalg.solve(covariance[np.ix_(kept, kept)], v))
    return chi_square_test(statistic, kept.size, method)
