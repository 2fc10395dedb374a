"""Fine and Gray's regression: how covariates move the cumulative incidence of one cause."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from oncohort.errors import AnalysisError
from oncohort.stats.arrays import Bools, Column, Floats, Ints, as_times
from oncohort.stats.competing_risks import as_causes, place_of_cause
from oncohort.stats.design import standardized
from oncohort.stats.distributions import TestResult, chi_square_test
from oncohort.stats.grid import time_grid
from oncohort.stats.newton import independent
from oncohort.stats.wald import wald_columns

CensoringTies: TypeAlias = Literal["at-risk", "left"]
_MOST_STEPS = 50
_MOST_HALVINGS = 30
_STILL = 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class FineGrayFit:
    """A fitted Fine–Gray model; arrays have one value per column, in the order of ``names``.

    Parameters
    ----------
    names : tuple of str
        The p columns.
    cause : int
        The code of the cause.
    coefficients, std_error : (p,) float
        Log subdistribution hazard ratio per unit, and its robust standard error.
    covariance : (p, p) float
        Robust covariance of the coefficients.
    hazard_ratio, conf_low, conf_high : (p,) float
        exp(coefficient) and its Wald limits at ``conf_level``.
    z, p_value, log10_p : (p,) float
        Wald test of each coefficient, two-sided.
    log_likelihood_null, log_likelihood : float
        Log pseudo-likelihood at 0 and at the coefficients.
    wald : TestResult
        Robust test of all coefficients together.
    n, n_event, n_competing : int
        Patients, events of the cause, events of others.
    conf_level : float
        Coverage of the limits.
    censoring_ties : str
        As asked for.
    iterations : int
        Newton steps.
    """

    names: tuple[str, ...]
    cause: int
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
    wald: TestResult
    n: int
    n_event: int
    n_competing: int
    conf_level: float
    censoring_ties: CensoringTies
    iterations: int


@dataclass(frozen=True, slots=True, eq=False)
class _Layout:
    """Patients on the grid of D distinct times.

    ``g`` is the probability of not being censored before each time. Of a patient with a competing event, who stays in
    the risk set with a weight that fades as g does, ``fading`` is 1 / g at that event, else 0. ``n_own`` and
    ``n_censor`` are events of the cause and censorings at each time, ``n_risk`` patients observed at least so long.
    """

    place: Ints
    own: Bools
    fading: Floats
    censored: Bools
    g: Floats
    n_own: Floats
    n_censor: Floats
    n_risk: Floats
    x: Floats  # (n, p), standardized


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """Pseudo-likelihood, score and information at one beta, with what the variance needs: by time and by patient."""

    log_likelihood: float
    score: Floats
    information: Floats
    theta: Floats
    hazard: Floats  # (D,) baseline subdistribution hazard at each time
    mean: Floats  # (D, p) weighted mean covariates of the risk set


def fine_gray(
    time: Column,
    cause: Column,
    covariates: Any,
    *,
    of: int,
    censoring_ties: CensoringTies,
    conf_level: float = 0.95,
) -> FineGrayFit:
    """Fit Fine and Gray's model of the subdistribution hazard of one cause.

    A hazard ratio says how a covariate moves the cumulative incidence, which competing causes move too: it is for
    prognosis, and no sign that the covariate acts on the cause. For that, fit `cox` with the other causes censored.

    Parameters
    ----------
    time : (n,) float
        Follow-up of each patient in one unit, from 0.
    cause : (n,) int
        0 where follow-up ended without an event, else the code of its cause.
    covariates : mapping, frame or (n, p) array
        As in `oncohort.stats.cox.cox`; nothing may be missing.
    of : int
        The code of the cause.
    censoring_ties : {"at-risk", "left"}
        Whether who has an event on the day of a censoring is at risk of being censored that day (cmprsk's ``crr``),
        or has left before (``finegray`` of R's survival). It changes the fifth digit.
    conf_level : float
        Coverage of the limits, in (0, 1).

    Returns
    -------
    FineGrayFit
        With Fine and Gray's variance, which counts that the weights are estimated. Tied events are treated by
        Breslow's method.

    Raises
    ------
    AnalysisError
        If the cause does not occur, a column is constant or a combination of others, or no maximum is found.

    Examples
    --------
    >>> weeks = [3, 5, 6, 8, 9, 12, 2, 4, 5, 7, 10, 11, 13, 14, 15, 16]
    >>> cause = [1, 0, 1, 2, 1, 0, 1, 1, 2, 1, 1, 0, 2, 1, 0, 1]
    >>> fit = fine_gray(weeks, cause, {"old": [1, 0, 1, 1] * 4}, of=1, censoring_ties="at-risk")
    >>> fit.hazard_ratio.round(3), fit.n_event, fit.n_competing
    (array([0.963]), 9, 3)

    References
    ----------
    Fine JP, Gray RJ. J Am Stat Assoc 1999;94:496-509.
    Golden: ``tests/golden/printed/competing_risks.json`` (cmprsk).
    """
    if censoring_ties not in get_args(CensoringTies):
        raise AnalysisError(f"censoring_ties: at-risk or left was expected; got {censoring_ties!r}")
    times = as_times(time)
    codes, causes = as_causes(cause, times.size)
    design = standardized(covariates, times.size)
    own = codes == place_of_cause(causes, of)
    layout = _lay_out(times, codes, own, design.x.T.copy(), censoring_ties)
    start = _sums(layout, np.zeros(len(design.names)))
    lost = _without_information(layout, start)
    if lost.size:
        name = design.names[int(lost[0])]
        raise AnalysisError(
            f"{name}: is constant where patients are at risk, or a combination of the columns before it"
        )
    beta, found, steps = _climb(layout, start)
    return _fit(
        design.names, of, design.scale, layout, beta, found, start.log_likelihood, conf_level, censoring_ties, steps
    )


def _lay_out(times: Floats, codes: Ints, own: Bools, x: Floats, ties: CensoringTies) -> _Layout:
    grid, (place,) = time_grid(times)
    censored = codes == 0
    n_left: Floats = np.bincount(place, minlength=grid.size).astype(np.float64)
    n_censor = np.bincount(place[censored], minlength=grid.size).astype(np.float64)
    n_risk: Floats = np.cumsum(n_left[::-1])[::-1]
    exposed: Floats = n_risk if ties == "at-risk" else n_risk - (n_left - n_censor)
    steps = 1.0 - np.divide(n_censor, exposed, out=np.zeros_like(exposed), where=exposed > 0)
    g = np.concatenate([[1.0], np.cumprod(steps)[:-1]])
    competing = ~censored & ~own
    fading = np.divide(1.0, g[place], out=np.zeros(times.size), where=competing & (g[place] > 0))
    n_own = np.bincount(place[own], minlength=grid.size).astype(np.float64)
    return _Layout(place, own, fading, censored, g, n_own, n_censor, exposed, x)


def _by_time(layout: _Layout, values: Floats) -> Floats:
    """Return the (D, p + 1) sums of theta-like ``values`` (n,) times (x, 1) over the patients who left at each time."""
    size = layout.g.size
    columns = [np.bincount(layout.place, values * layout.x[:, k], size) for k in range(layout.x.shape[1])]
    return np.asarray(np.stack([*columns, np.bincount(layout.place, values, size)], axis=1), dtype=np.float64)


def _after(sums: Floats) -> Floats:
    """Return the sums over each time and all later ones."""
    return np.asarray(np.cumsum(sums[::-1], axis=0)[::-1], dtype=np.float64)


def _before(sums: Floats) -> Floats:
    """Return the sums over all earlier times."""
    return np.asarray(np.cumsum(sums, axis=0) - sums, dtype=np.float64)


def _sums(layout: _Layout, beta: Floats) -> _Sums:
    eta = layout.x @ beta
    shift = float(eta.max())
    theta = np.exp(eta - shift)
    at_risk = _after(_by_time(layout, theta)) + layout.g[:, None] * _before(_by_time(layout, theta * layout.fading))
    total = at_risk[:, -1]
    events = layout.n_own > 0
    hazard = np.divide(layout.n_own, total, out=np.zeros_like(total), where=events)
    mean = np.divide(at_risk[:, :-1], total[:, None], out=np.zeros_like(at_risk[:, :-1]), where=events[:, None])
    log_likelihood = float(eta[layout.own].sum() - layout.n_own[events] @ (np.log(total[events]) + shift))
    score = layout.x[layout.own].sum(axis=0) - layout.n_own @ mean
    q = theta * _cumulative(layout, hazard[:, None])[:, 0]
    information = (layout.x.T * q) @ layout.x - (mean.T * layout.n_own) @ mean
    return _Sums(log_likelihood, score, information, theta, hazard, mean)


def _cumulative(layout: _Layout, increments: Floats) -> Floats:
    """Return for each patient the (n, k) sum of ``increments`` (D, k) over the times at risk, with their weights."""
    until = np.cumsum(increments, axis=0)[layout.place]
    faded = layout.g[:, None] * increments
    later = (_after(faded) - faded)[layout.place]
    return until + layout.fading[:, None] * later


def _without_information(layout: _Layout, at: _Sums) -> Ints:
    """Return the columns that carry no information, or none that the columns before them do not carry."""
    reference = float(layout.n_own.sum()) * np.maximum((layout.x**2).mean(axis=0), 1e-300)
    every: Ints = np.arange(at.score.size, dtype=np.int64)
    return np.setdiff1d(every, independent(at.information, reference))


def _climb(layout: _Layout, start: _Sums) -> tuple[Floats, _Sums, int]:
    """Return the coefficients at the maximum, the sums there, and the number of Newton steps."""
    beta, here = np.zeros(start.score.size), start
    span = layout.x.max(axis=0) - layout.x.min(axis=0)
    for steps in range(1, _MOST_STEPS + 1):
        if _without_information(layout, here).size:
            break  # as a coefficient runs away, the risk sets hold only patients of one kind
        step = np.linalg.solve(here.information, here.score)
        for _ in range(_MOST_HALVINGS):
            there = _sums(layout, beta + step)
            if there.log_likelihood >= here.log_likelihood - 1e-12 * (1.0 + abs(here.log_likelihood)):
                break
            step = step / 2.0
        else:
            raise AnalysisError("Fine and Gray's model: no step along Newton's direction raises the likelihood")
        beta, here = beta + step, there
        if float(np.abs(step * span).max()) <= _STILL:
            return beta, here, steps
    raise AnalysisError("Fine and Gray's model: the likelihood has no maximum, a coefficient runs to infinity")


def _scores(layout: _Layout, at: _Sums) -> Floats:
    """Return the (n, p) contribution of each patient to the score, that of estimating the weights included."""
    size = layout.g.size
    own = np.where(layout.own[:, None], layout.x - at.mean[layout.place], 0.0)
    exposure = _cumulative(layout, at.hazard[:, None])
    means = _cumulative(layout, at.mean * at.hazard[:, None])
    eta = own - at.theta[:, None] * (layout.x * exposure - means)
    # q (D, p): what one more censoring at each time would change of those who stay after a competing event
    stayed = _before(_by_time(layout, at.theta * layout.fading))
    faded = layout.g * at.hazard
    tail = _after(faded[:, None])
    q = stayed[:, :-1] * tail - stayed[:, -1:] * _after(at.mean * faded[:, None])
    known = np.divide(q, layout.n_risk[:, None], out=np.zeros_like(q), where=layout.n_risk[:, None] > 0)
    rate = np.divide(layout.n_censor, layout.n_risk, out=np.zeros(size), where=layout.n_risk > 0)
    compensator = np.cumsum(known * rate[:, None], axis=0)[layout.place]
    psi = np.where(layout.censored[:, None], known[layout.place], 0.0) - compensator
    return eta + psi


def _fit(  # noqa: PLR0913, PLR0917 - what a fit is made of
    names: tuple[str, ...],
    cause: int,
    scale: Floats,
    layout: _Layout,
    beta: Floats,
    at: _Sums,
    null: float,
    conf_level: float,
    ties: CensoringTies,
    steps: int,
) -> FineGrayFit:
    inverse = np.linalg.inv(at.information)
    each = _scores(layout, at)
    covariance = inverse @ (each.T @ each) @ inverse
    wald = float(beta @ np.linalg.solve(covariance, beta))
    covariance = covariance / np.outer(scale, scale)
    coefficients, std_error = beta / scale, np.sqrt(np.diag(covariance))
    columns = wald_columns(coefficients, std_error, conf_level)
    return FineGrayFit(
        names=names,
        cause=cause,
        coefficients=coefficients,
        covariance=covariance,
        std_error=std_error,
        hazard_ratio=columns.ratio,
        conf_low=columns.conf_low,
        conf_high=columns.conf_high,
        z=columns.z,
        p_value=columns.p_value,
        log10_p=columns.log10_p,
        log_likelihood_null=null,
        log_likelihood=at.log_likelihood,
        wald=chi_square_test(wald, len(names), "robust Wald test"),
        n=layout.place.size,
        n_event=int(layout.n_own.sum()),
        n_competing=int((layout.fading > 0).sum()),
        conf_level=conf_level,
        censoring_ties=ties,
        iterations=steps,
    )
