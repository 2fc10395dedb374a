"""Cumulative incidence of competing events, by Aalen and Johansen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

import numpy as np

from oncohort.errors import AnalysisError
from oncohort.stats.arrays import Column, Floats, Ints, as_floats, as_times
from oncohort.stats.distributions import two_sided_z
from oncohort.stats.grid import time_grid
from oncohort.stats.steps import count_ahead, steps_at, sum_until, value_at

IncidenceVariance: TypeAlias = Literal["delta", "aalen"]
IncidenceConfType: TypeAlias = Literal["log", "log-log", "plain"]


@dataclass(frozen=True, slots=True, eq=False)
class CauseTable:
    """Counts on a grid of D times: at risk just before each, events of each of K causes at it, censorings at it.

    ``causes`` are the codes of the K causes, ascending; ``n_event`` is (D, K), the other counts (D,).
    """

    time: Floats
    n_risk: Ints
    n_event: Ints
    n_censor: Ints
    causes: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class CumulativeIncidence:
    """The cumulative incidence of each of K causes at D times.

    Parameters
    ----------
    time : (D,) float
        Distinct times of events and censorings, ascending.
    causes : tuple of K int
        The codes of the causes.
    n_risk, n_censor : (D,) int
        At risk just before, censored at each time.
    n_event : (D, K) int
        Events of each cause.
    event_free : (D,) float
        Probability of no event of any cause up to and including each time; with the incidences it adds up to 1.
    incidence : (D, K) float
        Probability of an event of the cause up to and including each time.
    std_error, conf_low, conf_high : (D, K) float
        Standard error and pointwise limits; limits are nan where the incidence is 0.
    conf_type, variance : str
        As asked for.
    conf_level : float
        Coverage of the limits.
    """

    time: Floats
    causes: tuple[int, ...]
    n_risk: Ints
    n_censor: Ints
    n_event: Ints
    event_free: Floats
    incidence: Floats
    std_error: Floats
    conf_low: Floats
    conf_high: Floats
    conf_type: IncidenceConfType
    variance: IncidenceVariance
    conf_level: float


def cumulative_incidence(
    time: Column,
    cause: Column,
    *,
    variance: IncidenceVariance,
    conf_type: IncidenceConfType,
    conf_level: float = 0.95,
) -> CumulativeIncidence:
    """Estimate how many had an event of each cause by each time, where one event rules out the others.

    One minus Kaplan–Meier of a single cause would count as still at risk those who can no longer have it.

    Parameters
    ----------
    time : (n,) float
        Follow-up of each patient in one unit, from 0.
    cause : (n,) int
        0 where follow-up ended without an event, else the code of its cause, above 0.
    variance : {"delta", "aalen"}
        The delta method (R's ``survfit``), or Aalen's estimate (cmprsk's ``cuminc``, SAS), a little larger where few
        are at risk.
    conf_type : {"log", "log-log", "plain"}
        Scale on which the limits are symmetric: R's default is log, SAS's and cmprsk's plots log-log.
    conf_level : float
        Two-sided coverage, in (0, 1).

    Raises
    ------
    AnalysisError
        If there is no event, a code is negative or no whole number, or a choice or column is not as described.

    Examples
    --------
    >>> found = cumulative_incidence([1, 2, 3, 4, 5], [1, 2, 0, 1, 0], variance="delta", conf_type="log")
    >>> found.incidence.round(3)
    array([[0.2, 0. ],
           [0.2, 0.2],
           [0.2, 0.2],
           [0.5, 0.2],
           [0.5, 0.2]])

    References
    ----------
    Aalen OO, Johansen S. Scand J Stat 1978;5:141-150. Aalen O. Ann Stat 1978;6:534-545.
    Marubini E, Valsecchi MG. Analysing Survival Data from Clinical Trials. 1995, p. 341.
    Golden: ``tests/golden/printed/competing_risks.json``.
    """
    if variance not in get_args(IncidenceVariance):
        raise AnalysisError(f"variance: delta or aalen was expected; got {variance!r}")
    if conf_type not in get_args(IncidenceConfType):
        raise AnalysisError(f"conf_type: log, log-log or plain was expected; got {conf_type!r}")
    table = cause_table(time, cause)
    before, event_free, incidence = incidence_of(table)
    squares = (_delta if variance == "delta" else _aalen)(table, before, incidence)
    std_error = np.sqrt(np.maximum(squares, 0.0))
    low, high = _LIMITS[conf_type](incidence, std_error, two_sided_z(conf_level))
    return CumulativeIncidence(
        table.time, table.causes, table.n_risk, table.n_censor, table.n_event,
        event_free, incidence, std_error, low, high, conf_type, variance, conf_level,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class IncidenceAt:
    """The cumulative incidence of each of K causes at m given times, in the order they were asked for.

    ``incidence`` and its error and limits are (m, K), nan past the last observed time; ``n_risk`` (m,) counts who was
    observed at least so long, ``n_event`` (m, K) the events up to and including each time.
    """

    time: Floats
    causes: tuple[int, ...]
    incidence: Floats
    std_error: Floats
    conf_low: Floats
    conf_high: Floats
    n_risk: Ints
    n_event: Ints


def incidence_at(found: CumulativeIncidence, times: Column) -> IncidenceAt:
    """Read a cumulative incidence at given times; an event at the time itself is included.

    Parameters
    ----------
    found : CumulativeIncidence
        From `cumulative_incidence`.
    times : (m,) float
        In its unit.

    Raises
    ------
    AnalysisError
        If a time is missing or not a number.

    Examples
    --------
    >>> found = cumulative_incidence([1, 2, 3, 4, 5], [1, 2, 0, 1, 0], variance="delta", conf_type="log")
    >>> at = incidence_at(found, [0, 2, 4, 6])
    >>> at.incidence[:, 0].round(3), at.n_risk, at.n_event[:, 1]
    (array([0. , 0.2, 0.5, nan]), array([5, 4, 2, 0]), array([0, 1, 1, 1]))
    """
    at = steps_at(found.time, times)
    return IncidenceAt(
        time=at.time,
        causes=found.causes,
        incidence=value_at(at, found.incidence, 0.0),
        std_error=value_at(at, found.std_error, 0.0),
        conf_low=value_at(at, found.conf_low, np.nan),
        conf_high=value_at(at, found.conf_high, np.nan),
        n_risk=count_ahead(at, found.n_risk),
        n_event=sum_until(at, found.n_event),
    )


def cause_table(time: Column, cause: Column) -> CauseTable:
    """Count events by cause and censorings at every distinct time.

    Examples
    --------
    >>> table = cause_table([1, 2, 2, 3], [1, 2, 0, 1])
    >>> table.causes, table.n_event.tolist(), table.n_risk
    ((1, 2), [[1, 0], [0, 1], [1, 0]], array([4, 3, 1]))
    """
    times = as_times(time)
    codes, causes = as_causes(cause, times.size)
    grid, (place,) = time_grid(times)
    counts = np.bincount(place * (len(causes) + 1) + codes, minlength=grid.size * (len(causes) + 1))
    counts = counts.reshape(grid.size, len(causes) + 1)
    n_risk = np.cumsum(counts.sum(axis=1)[::-1])[::-1]
    return CauseTable(grid, n_risk, counts[:, 1:], counts[:, 0], causes)


def as_causes(cause: Column, n: int) -> tuple[Ints, tuple[int, ...]]:
    """Return for each patient 0 or the place (from 1) of the cause among the causes, and the causes by their codes."""
    array = as_floats(cause, "cause")
    if array.size != n:
        raise AnalysisError(f"cause: {n} values were expected, as many as times; got {array.size}")
    odd = np.flatnonzero((array < 0) | (array != np.floor(array)))
    if odd.size:
        raise AnalysisError(
            f"cause: value {odd[0] + 1} is {array[odd[0]]:g}; 0 (censored) or a whole code above 0 was expected"
        )
    causes = np.unique(array[array > 0])
    if not causes.size:
        raise AnalysisError("cause: there is no event; all are 0 (censored)")
    codes = np.where(array > 0, np.searchsorted(causes, array) + 1, 0)
    return codes.astype(np.int64), tuple(int(code) for code in causes)


def place_of_cause(causes: tuple[int, ...], of: int) -> int:
    """Return the place (from 1) of a cause among those that occur."""
    if of not in causes:
        raise AnalysisError(f"of: a cause that occurs was expected ({', '.join(map(str, causes))}); got {of}")
    return causes.index(of) + 1


def incidence_of(table: CauseTable) -> tuple[Floats, Floats, Floats]:
    """Return event-free survival just before and after each time (D,), and the incidence of each cause (D, K)."""
    left = np.asarray(1.0 - table.n_event.sum(axis=1) / table.n_risk, dtype=np.float64)
    after = np.asarray(np.cumprod(left), dtype=np.float64)
    before: Floats = np.concatenate([np.ones(1), after[:-1]])
    incidence: Floats = np.cumsum((before / table.n_risk)[:, None] * table.n_event, axis=0)
    return before, after, incidence


def _delta(table: CauseTable, before: Floats, incidence: Floats) -> Floats:
    """Return the variance by the delta method; where all at risk had an event, the first sum takes nothing more."""
    n = table.n_risk.astype(np.float64)[:, None]
    d, k = table.n_event.sum(axis=1).astype(np.float64)[:, None], table.n_event.astype(np.float64)
    steps = n * (n - d)
    squared = np.divide(d, steps, out=np.zeros_like(steps), where=steps > 0)
    own = before[:, None] ** 2 * k * (n - k) / n**3
    both = before[:, None] * k / n**2
    return _spread(incidence, squared, own, both)


def _aalen(table: CauseTable, before: Floats, incidence: Floats) -> Floats:
    """Return Aalen's variance; a time at which one is left at risk adds nothing."""
    n = table.n_risk.astype(np.float64)[:, None]
    d, k = table.n_event.sum(axis=1).astype(np.float64)[:, None], table.n_event.astype(np.float64)
    more = np.maximum(n - 1.0, 1.0)
    left = n - d
    several = (n > 1) & (left > 0)
    squared = np.divide(d, more * left, out=np.zeros_like(left), where=several)
    own = before[:, None] ** 2 * k * (n - k) / (n**2 * more)
    both = np.divide(before[:, None] * k * (n - k), n * left * more, out=np.zeros_like(k), where=several)
    return _spread(incidence, squared, own, both)


def _spread(incidence: Floats, squared: Floats, own: Floats, both: Floats) -> Floats:
    """Return at each time t the sum over earlier times s of (F(t) − F(s))² squared + own − 2 (F(t) − F(s)) both."""
    f = incidence
    return (
        f**2 * np.cumsum(squared, axis=0)
        - 2.0 * f * np.cumsum(squared * f, axis=0)
        + np.cumsum(squared * f**2, axis=0)
        + np.cumsum(own, axis=0)
        - 2.0 * (f * np.cumsum(both, axis=0) - np.cumsum(both * f, axis=0))
    )


def _log(f: Floats, error: Floats, z: float) -> tuple[Floats, Floats]:
    ratio = np.divide(error, f, out=np.full_like(f, np.nan), where=f > 0)
    return f * np.exp(-z * ratio), np.minimum(f * np.exp(z * ratio), 1.0)


def _log_log(f: Floats, error: Floats, z: float) -> tuple[Floats, Floats]:
    inside = (f > 0) & (f < 1)
    scale = np.divide(
        error, f * np.log(f, where=inside, out=np.ones_like(f)), out=np.full_like(f, np.nan), where=inside
    )
    return f ** np.exp(-z * scale), f ** np.exp(z * scale)


def _plain(f: Floats, error: Floats, z: float) -> tuple[Floats, Floats]:
    known = np.where(f > 0, error, np.nan)
    return np.maximum(f - z * known, 0.0), np.minimum(f + z * known, 1.0)


_LIMITS: Final[dict[IncidenceConfType, Callable[[Floats, Floats, float], tuple[Floats, Floats]]]] = {
    "log": _log,
    "log-log": _log_log,
    "plain": _plain,
}
