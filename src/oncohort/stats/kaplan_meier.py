"""Kaplan–Meier: survival from right-censored times, delayed entry or not, its limits, and how it is read at times."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, get_args

import numpy as np

from oncohort.errors import AnalysisError
from oncohort.stats.arrays import Bools, Column, Floats, Ints
from oncohort.stats.distributions import two_sided_z
from oncohort.stats.risk_table import RiskTable, risk_table
from oncohort.stats.steps import count_ahead, steps_at, sum_until, value_at

ConfType: TypeAlias = Literal["log", "log-log", "plain", "logit", "arcsin"]


@dataclass(frozen=True, slots=True)
class SurvivalCurve:
    """A survival curve: k rows, one per distinct time of an event, a censoring, or a delayed entry.

    Parameters
    ----------
    time : (k,) float
        Ascending, in the unit of the data.
    n_risk, n_event, n_censor : (k,) int
        At risk just before each time, events at it, censorings at it. At a time at which patients only enter the last
        two are 0, and survival and limits are those of the row before (1 in the first rows).
    survival : (k,) float
        Probability of no event up to and including each time.
    std_error : (k,) float
        Greenwood's standard error of ``survival``; nan where survival is 0.
    conf_low, conf_high : (k,) float
        Limits of ``survival`` by ``conf_type``; nan where survival is 0, and where it is 1
        under "log-log", "logit" and "arcsin".
    conf_type : str
        Scale on which the limits are symmetric.
    conf_level : float
        Two-sided coverage.
    n : int
        Number of patients.
    n_enter : (k,) int or None
        Who came under observation at each time, those at 0 left out; None where no entry was given.
    """

    time: Floats
    n_risk: Ints
    n_event: Ints
    n_censor: Ints
    survival: Floats
    std_error: Floats
    conf_low: Floats
    conf_high: Floats
    conf_type: ConfType
    conf_level: float
    n: int
    n_enter: Ints | None = None


@dataclass(frozen=True, slots=True)
class SurvivalAt:
    """A survival curve read at m given times.

    Parameters
    ----------
    time : (m,) float
        As asked for.
    survival, std_error, conf_low, conf_high : (m,) float
        As in `SurvivalCurve`; 1, 0, 1, 1 before the first observed time, nan past the last one.
    n_risk : (m,) int
        Patients under observation then, as `number_at_risk` counts them; 0 past the last observed time.
    n_event : (m,) int
        Events up to and including each time.
    """

    time: Floats
    survival: Floats
    std_error: Floats
    conf_low: Floats
    conf_high: Floats
    n_risk: Ints
    n_event: Ints


def kaplan_meier(
    time: Column, event: Column, *, conf_type: ConfType, entry: Column | None = None, conf_level: float = 0.95
) -> SurvivalCurve:
    """Estimate survival from right-censored times by the product-limit method.

    A patient is at risk at t when ``time >= t``: one censored on the day of an event still
    counts in that day's denominator. An event at time 0 counts.

    With entries (left truncation) a patient is at risk at t when ``entry < t <= time``: one who enters on the day of an
    event is not at risk of it. Patients who had the event before they could enter are not in the data, so the curve is
    that of patients who live to the first entry. Where all who are under observation have the event, survival falls to
    0 and stays there, whoever enters later (as in R), and where nobody is under observation it is level;
    `oncohort.stats.observation.observation_gaps` finds both.

    Parameters
    ----------
    time : (n,) float
        Follow-up of each patient, in one unit chosen by the caller, from 0.
    event : (n,) bool
        True where the event was seen at ``time``, False where follow-up ended.
    conf_type : {"log", "log-log", "plain", "logit", "arcsin"}
        Scale on which the limits are symmetric. It has no default: the field has none, and it
        moves the limits of the median: here 13 weeks under "log-log", 16 under "log".
    entry : (n,) float, optional
        When each patient came under observation, from 0 and before ``time``, in its unit; default: from the beginning.
    conf_level : float
        Two-sided coverage, in (0, 1).

    Returns
    -------
    SurvivalCurve
        One row per distinct time, ascending; times that differ only by rounding are one.

    Raises
    ------
    AnalysisError
        If lengths differ, a time is missing or negative, an event is not 0 or 1, no patient is
        given, an entry is not before its time, or ``conf_type`` or ``conf_level`` is unknown.

    Examples
    --------
    The 6-MP arm of Freireich et al. (weeks in remission; 9 of 21 relapsed):

    >>> weeks = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
    >>> relapse = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
    >>> curve = kaplan_meier(weeks, relapse, conf_type="log-log")
    >>> curve.survival[curve.n_event > 0].round(3)
    array([0.857, 0.807, 0.753, 0.69 , 0.627, 0.538, 0.448])

    The same, had the last twelve been seen from week 8 on only:

    >>> late = kaplan_meier(weeks, relapse, conf_type="log-log", entry=[0] * 9 + [8] * 12)
    >>> late.n_risk[late.n_event > 0]
    array([ 9,  5, 15, 12, 11,  7,  6])

    References
    ----------
    Kaplan EL, Meier P. J Am Stat Assoc 1958;53:457-481.
    Tsai WY, Jewell NP, Wang MC. Biometrika 1987;74:883-886 (entries).
    Freireich EJ, et al. Blood 1963;21:699-716 (data).
    Golden: ``tests/golden/r/nonparametric.json``, key ``lung``, and ``tests/golden/r/compare.json``,
    keys ``edges`` and ``simulated`` (R survival 3.5-3); with entries ``tests/golden/r/entry.json``, key ``curves``.
    """
    return curve_of(risk_table(time, event, entry=entry), 0, conf_type=conf_type, conf_level=conf_level)


def curve_of(table: RiskTable, column: int, *, conf_type: ConfType, conf_level: float = 0.95) -> SurvivalCurve:
    """Return the curve of one group of a risk table; times at which nobody of the group left are not rows.

    Examples
    --------
    >>> table = risk_table([1, 2, 2, 3], [1, 1, 0, 0], ["a", "a", "b", "b"])
    >>> curve_of(table, 1, conf_type="plain").time
    array([2., 3.])
    """
    if conf_type not in get_args(ConfType):
        raise AnalysisError(f"conf_type: one of {', '.join(get_args(ConfType))} was expected; got {conf_type!r}")
    z = two_sided_z(conf_level)
    own = (table.n_event[:, column] + table.n_censor[:, column]) > 0
    n_risk, n_event = table.n_risk[own, column], table.n_event[own, column]
    survivors = n_risk - n_event
    survival = np.cumprod(survivors / n_risk, dtype=np.float64)
    left = survivors > 0  # False where survival becomes 0: in the last row, unless patients enter later
    variance = np.where(left, n_event / (n_risk * np.where(left, survivors, 1.0)), np.nan)
    log_se = np.sqrt(np.cumsum(variance))
    low, high = survival_limits(survival, log_se, conf_type, z)
    curve = SurvivalCurve(
        time=table.time[own],
        n_risk=n_risk,
        n_event=n_event,
        n_censor=table.n_censor[own, column],
        survival=survival,
        std_error=survival * log_se,
        conf_low=low,
        conf_high=high,
        conf_type=conf_type,
        conf_level=conf_level,
        n=int(n_event.sum() + table.n_censor[own, column].sum()),
    )
    return curve if table.n_enter is None else _with_entries(curve, table, column, own, table.n_enter[:, column])


def _with_entries(curve: SurvivalCurve, table: RiskTable, column: int, own: Bools, n_enter: Ints) -> SurvivalCurve:
    """Return a curve with a row for each time at which patients only enter: nothing falls there."""
    shown = own | (n_enter > 0)
    row = np.cumsum(own)[shown]

    def read(values: Floats, before: float) -> Floats:
        return np.concatenate([[before], values])[row]

    return replace(
        curve,
        time=table.time[shown],
        n_risk=table.n_risk[shown, column],
        n_event=table.n_event[shown, column],
        n_censor=table.n_censor[shown, column],
        survival=read(curve.survival, 1.0),
        std_error=read(curve.std_error, 0.0),
        conf_low=read(curve.conf_low, 1.0),
        conf_high=read(curve.conf_high, 1.0),
        n_enter=n_enter[shown],
    )


def survival_at(curve: SurvivalCurve, times: Column) -> SurvivalAt:
    """Read a survival curve at given times.

    The curve is a step function: the value at the time of an event includes that event.

    Parameters
    ----------
    curve : SurvivalCurve
        From `kaplan_meier`.
    times : (m,) float
        In the unit of the curve, from 0.

    Returns
    -------
    SurvivalAt
        One row per time asked for. Past the last observed time the data say nothing:
        ``n_risk`` is 0 and the estimates are nan.

    Raises
    ------
    AnalysisError
        If a time is missing or not a number.

    Examples
    --------
    >>> curve = kaplan_meier([6, 7, 10, 13], [1, 1, 0, 1], conf_type="log")
    >>> survival_at(curve, [0, 6, 9, 20]).survival
    array([1.  , 0.75, 0.5 , nan])

    References
    ----------
    Golden: ``tests/golden/r/nonparametric.json``, key ``survival_at``.
    """
    at = steps_at(curve.time, times)
    return SurvivalAt(
        time=at.time,
        survival=value_at(at, curve.survival, 1.0),
        std_error=value_at(at, curve.std_error, 0.0),
        conf_low=value_at(at, curve.conf_low, 1.0),
        conf_high=value_at(at, curve.conf_high, 1.0),
        n_risk=count_ahead(at, curve.n_risk),
        n_event=sum_until(at, curve.n_event),
    )


def number_at_risk(curve: SurvivalCurve, times: Column) -> Ints:
    """Count the patients observed at least up to each of the given times.

    Patients whose event or censoring falls on the time itself are still counted. Those who enter later, or at the time
    itself, are not counted yet; only at 0 are those who entered at 0. R's ``summary.survfit`` gives the number at risk
    at the next time of an event or a censoring instead, and so counts who enters until then.

    Parameters
    ----------
    curve : SurvivalCurve
        From `kaplan_meier`.
    times : (m,) float
        In the unit of the curve.

    Returns
    -------
    (m,) int
        0 past the last observed time.

    Raises
    ------
    AnalysisError
        If a time is missing or not a number.

    Examples
    --------
    >>> curve = kaplan_meier([6, 7, 10, 13], [1, 1, 0, 1], conf_type="log")
    >>> number_at_risk(curve, [0, 7, 8, 20])
    array([4, 3, 2, 0])
    """
    return count_ahead(steps_at(curve.time, times), curve.n_risk)


def survival_limits(survival: Floats, log_se: Floats, conf_type: ConfType, z: float) -> tuple[Floats, Floats]:
    """Return lower and upper limits; ``log_se`` is the standard error of log survival, nan where survival is 0.

    Examples
    --------
    >>> low, high = survival_limits(np.array([0.8]), np.array([0.25]), "log", 1.96)
    >>> low.round(4), high
    (array([0.4901]), array([1.]))
    """
    reach = z * log_se
    if conf_type == "plain":
        return np.maximum(survival - reach * survival, 0.0), np.minimum(survival + reach * survival, 1.0)
    if conf_type == "log":
        return survival * np.exp(-reach), np.minimum(survival * np.exp(reach), 1.0)
    low, high = np.full(survival.size, np.nan), np.full(survival.size, np.nan)
    inside = (survival > 0.0) & (survival < 1.0)
    s, r = survival[inside], reach[inside]
    if conf_type == "log-log":
        centre, half = np.log(-np.log(s)), r / np.log(s)  # half is negative: it leads to the upper limit
        low[inside], high[inside] = np.exp(-np.exp(centre - half)), np.exp(-np.exp(centre + half))
    elif conf_type == "logit":
        centre, half = np.log(s / (1.0 - s)), r / (1.0 - s)
        low[inside] = 1.0 / (1.0 + np.exp(half - centre))
        high[inside] = 1.0 / (1.0 + np.exp(-half - centre))
    else:
        centre, half = np.arcsin(np.sqrt(s)), 0.5 * r * np.sqrt(s / (1.0 - s))
        low[inside] = np.sin(np.maximum(centre - half, 0.0)) ** 2
        high[inside] = np.sin(np.minimum(centre + half, np.pi / 2)) ** 2
    return low, high
