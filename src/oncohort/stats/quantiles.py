"""Quantiles and mean of a survival curve, with R's and with SPSS's intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np

from oncohort.errors import AnalysisError
from oncohort.stats.arrays import Floats
from oncohort.stats.kaplan_meier import SurvivalCurve

QuantileMethod: TypeAlias = Literal["brookmeyer-crowley", "spss"]
AtHalf: TypeAlias = Literal["midpoint", "first"]

_TOLERANCE = math.sqrt(float(np.finfo(np.float64).eps))  # a product of fractions may miss 0.5 by rounding
_SPSS_Z = 1.96  # SPSS's KM procedure uses the rounded value, not 1.959964


@dataclass(frozen=True, slots=True)
class Quantile:
    """A quantile of a survival curve.

    Parameters
    ----------
    p : float
        Share of patients with the event: 0.5 is the median.
    estimate : float
        Time, in the unit of the curve; nan if survival does not fall so far.
    std_error : float
        Under "spss"; nan under "brookmeyer-crowley", which has none.
    conf_low, conf_high : float
        nan where the method reaches no limit.
    method : str
        "brookmeyer-crowley" or "spss".
    """

    p: float
    estimate: float
    std_error: float
    conf_low: float
    conf_high: float
    method: QuantileMethod


@dataclass(frozen=True, slots=True)
class Mean:
    """Mean survival up to ``limit``; ``restricted`` is True where patients were still event-free there."""

    estimate: float
    std_error: float
    conf_low: float
    conf_high: float
    limit: float
    restricted: bool


def quantile(curve: SurvivalCurve, p: float, *, method: QuantileMethod, at_half: AtHalf) -> Quantile:
    """Estimate the time by which a share ``p`` of the patients had the event.

    Under "brookmeyer-crowley" the limits are the same quantile of the limits of the curve, so
    they depend on its ``conf_type``. Under "spss" they are symmetric: estimate ± 1.96 standard
    errors, the standard error being Greenwood's divided by the slope of the curve between the
    shares p - 0.05 and p + 0.05; the lower limit is not cut at 0.

    Parameters
    ----------
    curve : SurvivalCurve
        From `kaplan_meier`; "spss" needs 95 % limits.
    p : float
        In (0, 1); 0.5 gives the median.
    method : {"brookmeyer-crowley", "spss"}
        No default: on the data below the limits are 16 to none, or 12.7 to 33.3.
    at_half : {"midpoint", "first"}
        What to do where the curve runs level exactly at 1 - p: the midpoint of the level part
        (R; up to the last observed time if the curve ends level), or its first time (SPSS).

    Returns
    -------
    Quantile
        ``estimate`` is nan if the curve stays above 1 - p. Under "spss" the standard error and
        limits are nan if no event time has survival of at least 1 - p + 0.05, or none of at
        most 1 - p - 0.05.

    Raises
    ------
    AnalysisError
        If ``p`` is not between 0 and 1, a method is unknown, or "spss" meets limits other than 95 %.

    Examples
    --------
    >>> from oncohort.stats.kaplan_meier import kaplan_meier
    >>> weeks = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
    >>> relapse = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
    >>> curve = kaplan_meier(weeks, relapse, conf_type="log")
    >>> median = quantile(curve, 0.5, method="brookmeyer-crowley", at_half="midpoint")
    >>> median.estimate, median.conf_low, median.conf_high
    (23.0, 16.0, nan)
    >>> median = quantile(curve, 0.5, method="spss", at_half="first")
    >>> round(median.std_error, 3), round(median.conf_low, 2), round(median.conf_high, 2)
    (5.255, 12.7, 33.3)

    References
    ----------
    Brookmeyer R, Crowley J. Biometrics 1982;38:29-41.
    Klein JP, Moeschberger ML. Survival Analysis. 2nd ed. 2003; p. 122 (symmetric interval).
    Golden: ``tests/golden/r/nonparametric.json``, keys ``quartiles`` and ``spss_formula``;
    ``tests/golden/printed/spss.json``, key ``km`` (SPSS 31.0.1).
    """
    if not 0.0 < p < 1.0:
        raise AnalysisError(f"p: a share between 0 and 1 was expected, as 0.5 for the median; got {p:g}")
    if method not in get_args(QuantileMethod):
        raise AnalysisError(f"method: brookmeyer-crowley or spss was expected; got {method!r}")
    if at_half not in get_args(AtHalf):
        raise AnalysisError(f"at_half: midpoint or first was expected; got {at_half!r}")
    level = 1.0 - p
    estimate = _crossing(curve.time, curve.survival, level, at_half)
    if method == "spss":
        std_error = _spss_std_error(curve, level)
        low, high = estimate - _SPSS_Z * std_error, estimate + _SPSS_Z * std_error
    else:
        std_error = math.nan
        low = _crossing(curve.time, curve.conf_low, level, at_half)
        high = _crossing(curve.time, curve.conf_high, level, at_half)
    return Quantile(p, estimate, std_error, low, high, method)


def mean_survival(curve: SurvivalCurve) -> Mean:
    """Estimate mean survival as the area under the curve, as SPSS does.

    The area ends at the largest time of the curve itself; where that time is censored the mean
    is restricted to it. The variance has no factor m/(m - 1), and limits use 1.96.

    Parameters
    ----------
    curve : SurvivalCurve
        From `kaplan_meier`, with 95 % limits.

    Returns
    -------
    Mean
        In the unit of the curve.

    Raises
    ------
    AnalysisError
        If the curve has limits other than 95 %.

    Examples
    --------
    >>> from oncohort.stats.kaplan_meier import kaplan_meier
    >>> weeks = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
    >>> relapse = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
    >>> mean = mean_survival(kaplan_meier(weeks, relapse, conf_type="log"))
    >>> round(mean.estimate, 4), round(mean.std_error, 4), mean.restricted
    (23.2874, 2.8275, True)

    References
    ----------
    Klein JP, Moeschberger ML. Survival Analysis. 2nd ed. 2003; section 4.5.
    Golden: ``tests/golden/printed/spss.json``, key ``km`` (SPSS 31.0.1); ``tests/golden/r/nonparametric.json``,
    keys ``medians_sex``, ``medians_celltype`` and ``spss_formula`` (R). When the last time is an event only R's
    arithmetic is tested, not SPSS's output.
    """
    _require_95(curve)
    widths = np.diff(curve.time, prepend=0.0)
    heights = np.concatenate([[1.0], curve.survival[:-1]])
    pieces = widths * heights
    estimate = float(pieces.sum())
    after = np.concatenate([np.cumsum(pieces[:0:-1])[::-1], [0.0]])  # area from each time to the limit
    survivors = np.maximum(curve.n_risk - curve.n_event, 1)  # where nobody is left the area after is 0
    limit = float(curve.time[-1])
    share = after / (limit or 1.0)  # squares of shares cannot overflow
    std_error = limit * math.sqrt(float(np.sum(share**2 * curve.n_event / (curve.n_risk * survivors))))
    return Mean(
        estimate=estimate,
        std_error=std_error,
        conf_low=estimate - _SPSS_Z * std_error,
        conf_high=estimate + _SPSS_Z * std_error,
        limit=limit,
        restricted=bool(curve.survival[-1] > 0.0),
    )


def _crossing(time: Floats, height: Floats, level: float, at_half: AtHalf) -> float:
    """Return the time at which ``height``, a step function that falls from 1, comes to ``level`` or below.

    A curve of limits may rise again at its end. R then takes the highest step at or below the
    level, and so does this; for a falling curve that is the first such step.
    """
    first = _highest_step(height, level + _TOLERANCE)
    if first is None:
        return math.nan
    if at_half == "first" or height[first] < level - _TOLERANCE:
        return float(time[first])
    later = _highest_step(height, level - _TOLERANCE)
    if later is None and math.isnan(height[-1]):
        return math.nan
    end = time[-1] if later is None else time[later]
    return float(time[first] + end) / 2.0


def _highest_step(height: Floats, bound: float) -> int | None:
    """Return the row of the highest value not above ``bound``, the first of equal ones; nan is no value."""
    reached = np.flatnonzero(height <= bound)
    return int(reached[np.argmax(height[reached])]) if reached.size else None


def _spss_std_error(curve: SurvivalCurve, level: float) -> float:
    """Return Greenwood's standard error at the quantile over the slope of the curve around it."""
    _require_95(curve)
    event = curve.n_event > 0
    time, survival, std_error = curve.time[event], curve.survival[event], curve.std_error[event]
    at = np.flatnonzero(survival <= level + _TOLERANCE)
    above = np.flatnonzero(survival >= level + 0.05 - _TOLERANCE)
    below = np.flatnonzero(survival <= level - 0.05 + _TOLERANCE)
    if at.size == 0 or above.size == 0 or below.size == 0:
        return math.nan
    u, low = above[-1], below[0]
    slope = (survival[u] - survival[low]) / (time[low] - time[u])
    return float(std_error[at[0]] / slope)


def _require_95(curve: SurvivalCurve) -> None:
    if curve.conf_level != 0.95:
        raise AnalysisError(f"SPSS's interval has the level 0.95 only; the curve has {curve.conf_level:g}")
