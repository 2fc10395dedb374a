"""How long the patients were followed: observed times, and follow-up by reverse Kaplan–Meier."""

from __future__ import annotations

from dataclasses import dataclass

from oncohort.stats.arrays import Column, as_events, as_times
from oncohort.stats.describe import median_of
from oncohort.stats.kaplan_meier import ConfType, SurvivalCurve, kaplan_meier


@dataclass(frozen=True, slots=True)
class FollowUp:
    """Observed follow-up of ``n`` patients, deaths included, in the unit of the data."""

    n: int
    median: float
    min: float
    max: float


def observed_follow_up(time: Column) -> FollowUp:
    """Describe observed times as they stand: an early death counts as short follow-up.

    Parameters
    ----------
    time : (n,) float
        Follow-up of each patient, from 0.

    Returns
    -------
    FollowUp
        Ordinary median (midpoint of the two middle values for even n) and range.

    Raises
    ------
    AnalysisError
        If a time is missing or negative, or none is given.

    Examples
    --------
    >>> observed_follow_up([2, 11, 5, 8])
    FollowUp(n=4, median=6.5, min=2.0, max=11.0)
    """
    times = as_times(time)
    return FollowUp(times.size, median_of(times), float(times.min()), float(times.max()))


def reverse_kaplan_meier(
    time: Column, event: Column, *, conf_type: ConfType, conf_level: float = 0.95
) -> SurvivalCurve:
    """Estimate potential follow-up: the Kaplan–Meier curve with event and censoring exchanged.

    On a day with both, a patient with the event is still at risk of being censored, as in R's
    ``survfit(Surv(time, 1 - status) ~ 1)``.

    Parameters
    ----------
    time : (n,) float
        Follow-up of each patient, in one unit, from 0.
    event : (n,) bool
        True where the event (not the censoring) was seen at ``time``.
    conf_type, conf_level
        As in `kaplan_meier`.

    Returns
    -------
    SurvivalCurve
        Probability of being followed beyond each time; ``n_event`` counts censorings and
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
    Golden: ``tests/golden/r/compare.json``, key ``reverse``.
    """
    times = as_times(time)
    return kaplan_meier(times, ~as_events(event, times.size), conf_type=conf_type, conf_level=conf_level)
