"""Prediction from Cox regression: baseline hazard, survival curves and hazard ratios of given patients, with limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast, get_args

import numpy as np

from oncohort.errors import AnalysisError
from oncohort.stats.arrays import Column, Floats, as_design, as_floats
from oncohort.stats.cox import CoxFit
from oncohort.stats.distributions import two_sided_z
from oncohort.stats.hazard_steps import Estimator, counts_of, hazard_steps, product_limit_steps, read_at, strata_of
from oncohort.stats.kaplan_meier import ConfType, survival_limits
from oncohort.stats.robust_variance import RobustVariance
from oncohort.stats.steps import count_ahead, steps_at, sum_until, value_at


@dataclass(frozen=True, slots=True, eq=False)
class BaselineHazard:
    """The cumulative hazard of one stratum for a patient whose columns and offset are all 0.

    Parameters
    ----------
    stratum : object
        Label of the stratum, None without strata.
    time : (k,) float
        Distinct times of the stratum, ascending.
    cumulative_hazard : (k,) float
        Up to and including each time.
    """

    stratum: Any
    time: Floats
    cumulative_hazard: Floats


@dataclass(frozen=True, slots=True, eq=False)
class PredictedSurvival:
    """Survival curves of m patients in one stratum of a Cox model; k rows, one per distinct time of the stratum.

    Parameters
    ----------
    stratum : object
        Label of the stratum, None without strata.
    time : (k,) float
        Ascending, in the unit of the data.
    n_risk, n_event, n_censor : (k,) float
        Of the data, weighted: at risk just before each time, events at it, censorings at it.
    survival : (k, m) float
        Probability of no event up to and including each time.
    std_error : (k, m) float
        Of log survival.
    conf_low, conf_high : (k, m) float
        Limits of ``survival`` by ``conf_type``.
    conf_type : str
        Scale on which the limits are symmetric.
    conf_level : float
        Two-sided coverage.
    """

    stratum: Any
    time: Floats
    n_risk: Floats
    n_event: Floats
    n_censor: Floats
    survival: Floats
    std_error: Floats
    conf_low: Floats
    conf_high: Floats
    conf_type: ConfType
    conf_level: float


@dataclass(frozen=True, slots=True, eq=False)
class RelativeHazard:
    """Hazard ratios of m patients against a reference, with Wald limits; all (m,)."""

    log_hazard_ratio: Floats
    std_error: Floats
    hazard_ratio: Floats
    conf_low: Floats
    conf_high: Floats
    conf_level: float


def baseline_hazard(fit: CoxFit, *, estimator: str) -> tuple[BaselineHazard, ...]:
    """Estimate the cumulative hazard of a patient whose columns are all 0, in each stratum.

    Not that of a patient at the means, which R's ``basehaz`` has by default. An offset is 0 as well.

    Parameters
    ----------
    fit : CoxFit
        A converged fit.
    estimator : {"breslow", "efron"}
        What an event adds to the hazard. R follows ``ties``, SPSS has Breslow's.

    Returns
    -------
    tuple of BaselineHazard
        One for each stratum, in the order of their labels.

    Raises
    ------
    AnalysisError
        If the fit did not converge, or the estimator is unknown.

    Examples
    --------
    >>> from oncohort.stats.cox import cox
    >>> fit = cox([5, 8, 12, 20, 25], [1, 1, 0, 1, 1], {"age": [70, 50, 61, 66, 58]}, ties="efron")
    >>> (hazard,) = baseline_hazard(fit, estimator="efron")
    >>> hazard.time
    array([ 5.,  8., 12., 20., 25.])

    References
    ----------
    Breslow N. J R Stat Soc B 1972;34:216-217 (discussion).
    Golden values: ``tests/golden/r/cox_breadth.json``, key ``curve`` (R survival 3.5-3).
    """
    if estimator not in {"breslow", "efron"}:
        raise AnalysisError(f'estimator: "breslow" or "efron" was expected; got "{estimator}"')
    steps = hazard_steps(fit, estimator)
    problem = steps.here.problem
    ratio = float(np.exp(-(problem.center / problem.scale) @ steps.here.first.beta - problem.offset_mean))
    return tuple(
        BaselineHazard(stratum.label, stratum.time, read_at(steps.hazard, stratum) * ratio)
        for stratum in strata_of(problem)
    )


def predict_survival(
    fit: CoxFit,
    covariates: Any,
    *,
    estimator: str,
    conf_type: ConfType,
    conf_level: float = 0.95,
    offset: Column | None = None,
    robust: RobustVariance | None = None,
) -> tuple[PredictedSurvival, ...]:
    """Predict survival curves of given patients from a Cox model, in each stratum.

    The standard error has both parts, that of the hazard and that of the coefficients (Tsiatis). Limits
    hold for one time, not for the whole curve.

    Parameters
    ----------
    fit : CoxFit
        A converged fit.
    covariates : mapping, frame or (m, p) array
        The patients, with the columns of the model.
    estimator : {"breslow", "efron", "kalbfleisch-prentice"}
        Survival is exp(-cumulative hazard) with Breslow's or Efron's increments, or the product-limit form.
        R's ``survfit`` follows ``ties``; the product-limit form is its ``stype = 1``, with its standard error,
        which has Greenwood's term with risk sums relative to the weighted means (columns of -1, 0, 1: to 0).
    conf_type : {"log", "log-log", "plain", "logit", "arcsin"}
        Scale on which the limits are symmetric. R's default is "log".
    conf_level : float
        Two-sided coverage, in (0, 1).
    offset : (m,) float, optional
        The offset of each patient; default: 0.
    robust : RobustVariance, optional
        From `robust_variance`: its covariance is used for the coefficients.

    Returns
    -------
    tuple of PredictedSurvival
        One for each stratum, in the order of their labels, each with all patients.

    Raises
    ------
    AnalysisError
        If the fit did not converge, a column is missing, or an option is unknown.

    Examples
    --------
    Acute myelogenous leukemia, weeks to relapse, maintained on chemotherapy or not (Miller 1997):

    >>> from oncohort.stats.cox import cox
    >>> weeks = [9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161, 5, 5, 8, 8, 12, 16, 23, 27, 30, 33, 43, 45]
    >>> relapse = [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0] + [1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1]
    >>> fit = cox(weeks, relapse, {"maintained": [1] * 11 + [0] * 12}, ties="efron")
    >>> (curves,) = predict_survival(fit, {"maintained": [1, 0]}, estimator="efron", conf_type="log")
    >>> predicted_at(curves, [26]).survival.round(3)
    array([[0.706, 0.419]])

    References
    ----------
    Tsiatis AA. Ann Stat 1981;9:93-108. Kalbfleisch JD, Prentice RL. Biometrika 1973;60:267-278. Therneau TM,
    Grambsch PM. Modeling Survival Data. 2000, pp. 263-268. Miller RG. Survival Analysis. 1997, p. 49 (data).
    Golden values: ``tests/golden/r/cox_breadth.json``, keys ``curve`` and ``limits`` (R survival 3.5-3).
    """
    if estimator not in get_args(Estimator):
        raise AnalysisError(f"estimator: one of {', '.join(get_args(Estimator))} was expected; got {estimator!r}")
    if conf_type not in get_args(ConfType):
        raise AnalysisError(f"conf_type: one of {', '.join(get_args(ConfType))} was expected; got {conf_type!r}")
    z = two_sided_z(conf_level)
    steps = hazard_steps(fit, estimator)
    problem, kept = steps.here.problem, steps.here.kept
    x = (columns_of(fit, covariates)[:, kept] - problem.center) / problem.scale
    shift = np.zeros(x.shape[0]) if offset is None else as_floats(offset, "offset")
    if shift.size != x.shape[0]:
        raise AnalysisError(f"offset: {x.shape[0]} values were expected, as many as patients; got {shift.size}")
    risk = np.exp(x @ steps.here.first.beta + shift - problem.offset_mean)
    covariance = (fit if robust is None else robust).covariance[np.ix_(kept, kept)]
    covariance = covariance * np.outer(problem.scale, problem.scale)
    curve = product_limit_steps(steps) if estimator == "kalbfleisch-prentice" else steps.hazard
    out: list[PredictedSurvival] = []
    for stratum in strata_of(problem):
        hazard, variance = read_at(steps.hazard, stratum), read_at(steps.variance, stratum)
        drift = np.array([read_at(row, stratum) for row in steps.drift])
        std_error = np.empty((stratum.time.size, x.shape[0]))
        for i in range(x.shape[0]):
            away = hazard[:, None] * x[i] - drift.T
            std_error[:, i] = risk[i] * np.sqrt(variance + np.sum((away @ covariance) * away, axis=1))
        survival = np.exp(-read_at(curve, stratum)[:, None] * risk)
        std_error[survival == 0.0] = np.nan
        low, high = survival_limits(survival.ravel(), std_error.ravel(), conf_type, z)
        low, high = low.reshape(survival.shape), high.reshape(survival.shape)
        counts = counts_of(problem, stratum)
        out.append(
            PredictedSurvival(
                stratum.label, stratum.time, *counts, survival, std_error, low, high, conf_type, conf_level
            )
        )
    return tuple(out)


def predicted_at(predicted: PredictedSurvival, times: Column) -> PredictedSurvival:
    """Read predicted curves at given times.

    The value at the time of an event includes that event; before the first time survival is 1.

    Parameters
    ----------
    predicted : PredictedSurvival
        From `predict_survival`.
    times : (t,) float
        In the unit of the curves, from 0.

    Returns
    -------
    PredictedSurvival
        One row per time asked for; ``n_event`` and ``n_censor`` are the sums up to it. Past the last time of
        the stratum the estimates are nan and ``n_risk`` is 0.

    Raises
    ------
    AnalysisError
        If a time is missing or not a number.

    Examples
    --------
    >>> from oncohort.stats.cox import cox
    >>> fit = cox([5, 8, 12, 20, 25], [1, 1, 0, 1, 1], {"age": [70, 50, 61, 66, 58]}, ties="efron")
    >>> (curves,) = predict_survival(fit, {"age": [60]}, estimator="breslow", conf_type="log")
    >>> predicted_at(curves, [0, 99]).survival
    array([[ 1.],
           [nan]])
    """
    at = steps_at(predicted.time, times)
    return replace(
        predicted,
        time=at.time,
        n_risk=count_ahead(at, predicted.n_risk),
        n_event=sum_until(at, predicted.n_event),
        n_censor=sum_until(at, predicted.n_censor),
        survival=value_at(at, predicted.survival, 1.0),
        std_error=value_at(at, predicted.std_error, 0.0),
        conf_low=value_at(at, predicted.conf_low, 1.0),
        conf_high=value_at(at, predicted.conf_high, 1.0),
    )


def relative_hazard(
    fit: CoxFit,
    covariates: Any,
    *,
    reference: Mapping[str, float],
    conf_level: float = 0.95,
    robust: RobustVariance | None = None,
) -> RelativeHazard:
    """Compare the hazard of given patients with that of a reference patient.

    At the reference itself the ratio is 1 without error.

    Parameters
    ----------
    fit : CoxFit
        A converged fit.
    covariates : mapping, frame or (m, p) array
        The patients, with the columns of the model.
    reference : mapping of str to float
        The reference patient: a value for each column of the model.
    conf_level : float
        Two-sided coverage, in (0, 1).
    robust : RobustVariance, optional
        From `robust_variance`: its covariance is used.

    Returns
    -------
    RelativeHazard
        One value per patient.

    Raises
    ------
    AnalysisError
        If the fit did not converge, or a column is missing.

    Examples
    --------
    >>> from oncohort.stats.cox import cox
    >>> fit = cox([5, 8, 12, 20, 25], [1, 1, 0, 1, 1], {"age": [70, 50, 61, 66, 58]}, ties="efron")
    >>> decade = relative_hazard(fit, {"age": [60, 70]}, reference={"age": 60})
    >>> bool(np.allclose(decade.hazard_ratio, [1, fit.hazard_ratio[0] ** 10]))
    True

    References
    ----------
    Golden values: ``tests/golden/r/cox_breadth.json``, keys ``log_hazard_ratio`` and ``se`` (R survival 3.5-3).
    """
    if not fit.converged:
        raise AnalysisError(f"no estimates to start from: {fit.failure_reason}")
    kept = np.flatnonzero(~np.isnan(fit.coefficients))
    table = {name: [value] for name, value in reference.items()}
    away = (columns_of(fit, covariates) - columns_of(fit, table))[:, kept]
    covariance = (fit if robust is None else robust).covariance[np.ix_(kept, kept)]
    log_ratio = away @ fit.coefficients[kept]
    std_error = np.sqrt(np.maximum(np.sum((away @ covariance) * away, axis=1), 0.0))
    reach = two_sided_z(conf_level) * std_error
    with np.errstate(over="ignore"):  # far patients have ratios beyond doubles
        low, ratio, high = (np.exp(log_ratio + shift) for shift in (-reach, 0.0, reach))
    return RelativeHazard(log_ratio, std_error, ratio, low, high, conf_level)


def columns_of(fit: CoxFit, covariates: Any) -> Floats:
    """Return the (m, p) matrix of new patients in the order of the model's columns."""
    if not (isinstance(covariates, Mapping) or hasattr(covariates, "columns")):
        table: Floats = np.asarray(covariates, dtype=np.float64)
        if table.ndim != 2 or table.shape[1] != len(fit.names):
            raise AnalysisError(f"covariates: a table of {len(fit.names)} columns was expected; got {table.shape}")
        return as_design(table, table.shape[0])[0]
    frame = cast("Any", covariates)
    present: list[Any] = list(getattr(frame, "columns", frame))
    missing = [name for name in fit.names if name not in present]
    if missing:
        raise AnalysisError(f"{missing[0]}: this column of the model is missing among the covariates")
    columns = {name: as_floats(frame[name], name) for name in fit.names}
    return as_design(columns, columns[fit.names[0]].size)[0]
