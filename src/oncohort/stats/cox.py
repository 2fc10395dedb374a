"""Cox's proportional hazards regression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from oncohort.errors import AnalysisError
from oncohort.stats.arrays import Bools, Column, Floats, Ints
from oncohort.stats.distributions import TestResult, chi_square_test, two_sided_z
from oncohort.stats.newton import Maximum, Point, full_information, independent, maximize, point_at
from oncohort.stats.partial_likelihood import Problem, Ties, prepare, select
from oncohort.stats.wald import wald_columns

_HEAD = 512  # rows that tell most columns, before all of them are read


@dataclass(frozen=True, slots=True, eq=False)
class CoxFit:
    """A fitted Cox model; all arrays have one value per column, in the order of ``names``.

    Parameters
    ----------
    names : tuple of str
        The p columns.
    coefficients, std_error : (p,) float
        Log hazard ratio per unit of the column, and its model-based standard error; nan for columns in
        ``singular``. Without convergence they are where the search stood, not estimates.
    covariance : (p, p) float
        Inverse of the observed information; nan in rows and columns of ``singular``.
    hazard_ratio, conf_low, conf_high : (p,) float
        exp(coefficient) and its Wald limits at ``conf_level``.
    z, p_value, log10_p : (p,) float
        Wald test of each coefficient, two-sided; ``log10_p`` is finite where ``p_value`` underflows to 0.
    log_likelihood_null, log_likelihood : float
        Log partial likelihood at 0 and at the coefficients.
    likelihood_ratio, wald, score : TestResult
        Tests of all coefficients together; df counts the columns not in ``singular``.
    n, n_event : int
        Rows and events, each counted as often as its frequency.
    ties : {"efron", "breslow"}
        Treatment of tied events.
    conf_level : float
        Coverage of the limits.
    iterations : int
        Steps to the maximum.
    converged : bool
        False when the likelihood has no maximum (`firth` then has estimates) or none was found; then
        ``failure_reason`` says why.
    failure_reason : str
        Empty when converged.
    singular : tuple of str
        Columns without information of their own: constant where patients are at risk, or a combination of
        columns before them.
    warnings : tuple of str
        One sentence each, beginning with the column's name.
    problem : Problem
        The checked data, as `cox_zph` and `linear_predictor` need them.
    """

    names: tuple[str, ...]
    coefficients: Floats
    covariance: Floats = field(repr=False)
    std_error: Floats
    hazard_ratio: Floats
    conf_low: Floats
    conf_high: Floats
    z: Floats
    p_value: Floats
    log10_p: Floats
    log_likelihood_null: float
    log_likelihood: float
    likelihood_ratio: TestResult
    wald: TestResult
    score: TestResult
    n: int
    n_event: int
    ties: Ties
    conf_level: float
    iterations: int
    converged: bool
    failure_reason: str
    singular: tuple[str, ...]
    warnings: tuple[str, ...]
    problem: Problem = field(repr=False)


def cox(  # noqa: PLR0913  (the parts of a Cox model)
    time: Column,
    event: Column,
    covariates: Any,
    *,
    ties: str,
    entry: Column | None = None,
    weights: Column | None = None,
    strata: Column | None = None,
    frequencies: Column | None = None,
    offset: Column | None = None,
    conf_level: float = 0.95,
) -> CoxFit:
    """Fit Cox's proportional hazards model by maximum partial likelihood.

    A patient is at risk at t when ``entry < t <= time``: one censored on the day of an event is at risk on
    that day, one who enters on that day is not. Newton's method runs to full convergence on standardized
    columns; coefficients are per unit of the column as given.

    Parameters
    ----------
    time : (n,) float
        End of follow-up, from 0, in any unit.
    event : (n,) bool or 0/1
        True where the event happened at ``time``.
    covariates : mapping, frame or (n, p) array
        Named columns of finite numbers; factors come as indicator columns.
    ties : {"efron", "breslow"}
        How events at the same time share their risk set. Required: R's default is Efron, SPSS has Breslow.
        With weights, Efron's terms use the mean weight of the tied events, as R's do.
    entry : (n,) float, optional
        Start of the row's (entry, time] interval, from 0 and before ``time``; default: from the beginning.
    weights : (n,) float, optional
        Case weights above 0, as inverse probabilities. Standard errors stay model-based: `robust_variance` has
        those that such weights need.
    strata : (n,) labels, optional
        Each stratum has a baseline hazard of its own.
    frequencies : (n,) int, optional
        How many equal patients each row stands for, from 1: the fit is that of the rows written out. Case
        weights are not that: with Efron's method tied events of weight 2 are not twice as many.
    offset : (n,) float, optional
        A part of the linear predictor whose coefficient is 1, within 200 of its mean.
    conf_level : float
        Two-sided coverage of the limits, in (0, 1).

    Returns
    -------
    CoxFit
        One value per column; see there for singular columns and for models without a maximum.

    Raises
    ------
    AnalysisError
        If lengths differ, a value is missing or not finite, no event happened, an entry is not before its
        time, or no column varies among the patients at risk.

    Examples
    --------
    Remission of 42 patients with leukemia, 6-MP against placebo (Freireich et al.), weeks:

    >>> weeks = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35,
    ...          1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
    >>> relapse = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0] + [1] * 21
    >>> fit = cox(weeks, relapse, {"placebo": [0] * 21 + [1] * 21}, ties="efron")
    >>> fit.coefficients.round(6), fit.std_error.round(6)
    (array([1.572125]), array([0.412397]))
    >>> fit.hazard_ratio.round(2), fit.conf_low.round(2), fit.conf_high.round(2)
    (array([4.82]), array([2.15]), array([10.81]))

    References
    ----------
    Cox DR. J R Stat Soc B 1972;34:187-220. Breslow N. Biometrics 1974;30:89-99. Efron B. J Am Stat Assoc
    1977;72:557-565. Freireich EJ, et al. Blood 1963;21:699-716 (data).
    Golden values: ``tests/golden/r/cox.json``, key ``cases`` (R survival 3.5-3, 1e-10 relative);
    ``tests/golden/printed/spss.json``, key ``cox`` (SPSS 31.0.1); ``tests/golden/printed/book_truth.json``,
    key ``books`` (Therneau TM, Grambsch PM. Modeling Survival Data. 2000, appendix E).
    """
    two_sided_z(conf_level)  # an impossible level is refused before any work
    problem = prepare(
        time, event, covariates,
        ties=ties, entry=entry, weights=weights, strata=strata, frequencies=frequencies, offset=offset,
    )  # fmt: skip
    return fit_problem(problem, conf_level)


def fit_problem(problem: Problem, conf_level: float) -> CoxFit:
    """Fit a prepared problem; `cox` prepares one from columns."""
    start = point_at(problem, np.zeros(len(problem.names)))
    if start is None:
        raise AnalysisError("weights: they differ too much for risk sets with entry times to be summed")
    kept = independent(start.information, full_information(problem))
    if kept.size == 0:
        raise AnalysisError(
            f"{', '.join(problem.names)}: nothing to estimate; no column varies among the patients at risk"
        )
    part = select(problem, kept)
    null = point_at(part, np.zeros(kept.size)) if kept.size < len(problem.names) else start
    return _fit(problem, part, kept, null or start, conf_level)


def wald_block(fit: CoxFit, columns: Sequence[str], *, covariance: Floats | None = None) -> TestResult:
    """Test several coefficients together: Wald's b'C⁻¹b, as for the indicator columns of one factor.

    Parameters
    ----------
    fit : CoxFit
        A fitted model.
    columns : sequence of str
        Names of its columns; those in ``fit.singular`` are left out.
    covariance : (p, p) float, optional
        Of all coefficients, as that of `robust_variance`; default: the model's own.

    Returns
    -------
    TestResult
        Chi-square with as many degrees of freedom as columns tested.

    Raises
    ------
    AnalysisError
        If a column is not in the model, none of them was estimated, or the model has no maximum.

    Examples
    --------
    >>> fit = cox([5, 8, 12, 20, 25], [1, 1, 0, 1, 1], {"age": [70, 50, 61, 66, 58]}, ties="efron")
    >>> wald_block(fit, ["age"]).df
    1.0

    References
    ----------
    Golden values: ``tests/golden/r/cox.json``, key ``lung_factor_wald``.
    """
    index = estimated_columns(fit, columns)
    if not fit.converged:
        raise AnalysisError(f"{', '.join(columns)}: no Wald test; {fit.failure_reason}")
    b = fit.coefficients[index]
    c = fit.covariance if covariance is None else covariance
    statistic = float(b @ np.linalg.solve(c[np.ix_(index, index)], b))
    return chi_square_test(statistic, index.size, "Wald")


def estimated_columns(fit: CoxFit, columns: Sequence[str]) -> Ints:
    """Return the positions of the estimated ones among ``columns``."""
    for name in columns:
        if name not in fit.names:
            raise AnalysisError(f"{name}: not a column of this model; it has {', '.join(fit.names)}")
    index = np.array([fit.names.index(c) for c in columns if c not in fit.singular], dtype=np.int64)
    if index.size == 0:
        raise AnalysisError(f"{', '.join(columns)}: no coefficient was estimated")
    return index


def linear_predictor(fit: CoxFit) -> Floats:
    """Return each row's log risk relative to a row at the column means and the mean offset, (n,).

    Singular columns count 0.

    Rows with equal columns get exactly equal values, so `concordance` sees their ties.
    """
    offset = fit.problem.offset
    eta = np.zeros(fit.problem.x.shape[1]) if offset is None else offset.copy()
    for k, b in enumerate(fit.coefficients):
        if not np.isnan(b):
            eta += fit.problem.x[k] * (b * fit.problem.scale[k])
    return eta


def _fit(problem: Problem, part: Problem, kept: Ints, null: Point, conf_level: float) -> CoxFit:
    top = maximize(part, null)
    n_columns = len(problem.names)
    coefficients = np.full(n_columns, np.nan)
    covariance = np.full((n_columns, n_columns), np.nan)
    coefficients[kept] = top.beta / part.scale
    covariance[np.ix_(kept, kept)] = top.covariance / np.outer(part.scale, part.scale)
    std_error = np.sqrt(np.diag(covariance))
    each = wald_columns(coefficients, std_error, conf_level)
    wald, score = _quadratic(top.point.information, top.beta), _score(null)
    gain = 2.0 * (top.point.log_likelihood - null.log_likelihood)
    return CoxFit(
        names=problem.names,
        coefficients=coefficients,
        covariance=covariance,
        std_error=std_error,
        hazard_ratio=each.ratio,
        conf_low=each.conf_low,
        conf_high=each.conf_high,
        z=each.z,
        p_value=each.p_value,
        log10_p=each.log10_p,
        log_likelihood_null=null.log_likelihood,
        log_likelihood=top.point.log_likelihood,
        likelihood_ratio=chi_square_test(max(gain, 0.0), kept.size, "likelihood ratio"),
        wald=chi_square_test(wald, kept.size, "Wald"),
        score=chi_square_test(score, kept.size, "score"),
        n=problem.x.shape[1] if problem.frequency is None else int(problem.frequency.sum()),
        n_event=int(problem.n_tied.sum()),
        ties=problem.ties,
        conf_level=conf_level,
        iterations=top.iterations,
        converged=not top.failure_reason,
        failure_reason=top.failure_reason,
        singular=tuple(name for name in problem.names if name not in part.names),
        warnings=_warnings(part, top),
        problem=problem,
    )


def _quadratic(matrix: Floats, vector: Floats) -> float:
    return max(float(vector @ matrix @ vector), 0.0)


def _score(null: Point) -> float:
    u = null.score
    return max(float(u @ np.linalg.solve(null.information, u)), 0.0)


def _warnings(part: Problem, top: Maximum) -> tuple[str, ...]:
    said: list[str] = []
    slot = part.sets.slot
    for k in _perhaps_without_event(part.x[:, :_HEAD], slot[:_HEAD] % 2 == 1):
        said += [
            f"{part.names[k]}: no event among the patients with value {v * part.scale[k] + part.center[k]:g}; "
            "the coefficient may be infinite"
            for v in _levels_without_event(part.x[k], slot % 2 == 1)
        ]
    said += [
        f"{part.names[k]}: the coefficient may be infinite; judge it by the likelihood-ratio test or Firth's method"
        for k in top.drifting
    ]
    return tuple(said)


def _perhaps_without_event(head: Floats, event: Bools) -> Ints:
    """Return the columns whose first rows have at most two values, not both of them with an event."""
    low, high = head.min(axis=1, keepdims=True), head.max(axis=1, keepdims=True)
    at_low, at_high = head == low, head == high
    both = (low < high)[:, 0] & (at_low & event).any(axis=1) & (at_high & event).any(axis=1)
    return np.flatnonzero((at_low | at_high).all(axis=1) & ~both)


def _levels_without_event(values: Floats, event: Bools) -> list[float]:
    """Return those of the two values of an indicator column that had no event; nothing for any other column."""
    low, high = float(values.min()), float(values.max())
    if not ((values == low) | (values == high)).all():
        return []
    return [v for v in (low, high) if not np.any(event & (values == v))]
