"""How long the patients were followed: observed times, and follow-up by reverse Kaplan–Meier; both from entry on."""

from __future__ import annotations

from dataclasses import dataclass

from oncohort.stats.arrays import Column, Floats, as_events, as_times
from oncohort.stats.delayed_entry import entry_grid
from oncohort.stats.describe import median_of
from oncohort.stats.kaplan_meier import ConfType, SurvivalCurve, kaplan_meier


@dataclass(frozen=True, slots=True)
class FollowUp:
    """Observed follow-up of ``n`` patients, deaths included, in the unit of the data."""

    n: int
    median: float
    min: float
    max: float


def observed_follow_up(time: Column, *, entry: Column | None = None) -> FollowUp:
    """Describe observed times as they stand: an early death counts as short follow-up.

    Parameters
    ----------
    time : (n,) float
        Follow-up of each patient, from 0.
    entry : (n,) float, optional
        When each patient came under observation: follow-up is then ``time - entry``.

    Returns
    -------
    FollowUp
        Ordinary median (midpoint of the two middle values for even n) and range.

    Raises
    ------
    AnalysisError
        If a time is missing or negative, none is given, or an entry is not before its time.

    Examples
    --------
    >>> observed_follow_up([2, 11, 5, 8])
    FollowUp(n=4, median=6.5, min=2.0, max=11.0)
    """
    times = _watched(as_times(time), entry)
    return FollowUp(times.size, median_of(times), float(times.min()), float(times.max()))


def reverse_kaplan_meier(
    time: Column, event: Column, *, conf_type: ConfType, entry: Column | None = None, conf_level: float = 0.95
) -> SurvivalCurve:
    """Estimate potential follow-up: the Kaplan–Meier curve with event and censoring exchanged.

    On a day with both, a patient with the event is still at risk of being censored, as in R's
    ``survfit(Surv(time, 1 - status) ~ 1)``.

    With entries, follow-up is counted from entry, as ``survfit(Surv(time - entry, 1 - status) ~ 1)``: how long a
    patient would have been watched, had there been no event. On that clock all patients are watched from 0 on, so
    nothing is truncated. Counted from time 0, years before anybody looked would be called follow-up.

    Parameters
    ----------
    time : (n,) float
        Follow-up of each patient, in one unit, from 0.
    event : (n,) bool
        True where the event (not the censoring) was seen at ``time``.
    entry : (n,) float, optional
        When each patient came under observation, from 0 and before ``time``; default: from the beginning.
    conf_type, conf_level
        As in `kaplan_meier`.

    Returns
    -------
    SurvivalCurve
        Probability of being followed beyond each time, counted from entry; ``n_event`` counts censorings and
        ``n_censor`` events. Its median is the median follow-up.

    Raises
    ------
    AnalysisError
        As `kaplan_meier`.

    Examples
    --------
    >>> curve = reverse_kaplan_meier([2, 2, 3, 3, 5], [1, 0, 1, 0, 0], conf_type="log")
    >>> curve.survival.round(6)
    array([0.8     , 0.533333, 0.      ])

    References
    ----------
    Schemper M, Smith TL. Control Clin Trials 1996;17:343-346.
    Golden: ``tests/golden/r/compare.json``, key ``reverse``; with entries ``tests/golden/r/entry.json``, key
    ``follow_up``.
    """
    times = _watched(as_times(time), entry)
    return kaplan_meier(times, ~as_events(event, times.size), conf_type=conf_type, conf_level=conf_level)


def _watched(times: Floats, entry: Column | None) -> Floats:
    """Return how long each patient was under observation."""
    if entry is None:
        return times
    grid, (stop, start) = entry_grid(times, entry)
    return grid[stop] - grid[start]
