"""Where nobody was under observation: what a survival curve of patients who entered late cannot know."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from oncohort.stats.kaplan_meier import SurvivalCurve


@dataclass(frozen=True, slots=True)
class ObservationGap:
    """A stretch of time in which nobody was under observation, or a time at which nobody was left.

    Parameters
    ----------
    start, end : float
        Nobody was under observation from ``start`` until ``end``, when the next patients entered; they are equal where
        patients entered just as the last ones left.
    n_later : int
        Patients who entered at ``end`` or later.
    falls_to_zero : bool
        True where all who were under observation had the event at ``start``: survival is 0 from there on.
    """

    start: float
    end: float
    n_later: int
    falls_to_zero: bool


def observation_gaps(curve: SurvivalCurve) -> tuple[ObservationGap, ...]:
    """Return every time at which the risk set was empty, or survival fell to 0, before the last entry.

    The stretch before the first entry is one of them: ``start`` is then 0.

    Parameters
    ----------
    curve : SurvivalCurve
        From `kaplan_meier`; one without entries has no gap.

    Returns
    -------
    tuple of ObservationGap
        In the order of time.

    Examples
    --------
    >>> from oncohort.stats.kaplan_meier import kaplan_meier
    >>> curve = kaplan_meier([2, 3, 8, 9], [1, 1, 1, 0], entry=[0, 0, 5, 6], conf_type="log")
    >>> observation_gaps(curve)
    (ObservationGap(start=3.0, end=5.0, n_later=2, falls_to_zero=True),)

    References
    ----------
    Klein JP, Moeschberger ML. Survival Analysis. 2nd ed. 2003; section 4.6.
    """
    if curve.n_enter is None:
        return ()
    later = np.cumsum(curve.n_enter[::-1])[::-1]  # who enter at each row's time or later
    stay = curve.n_risk - curve.n_event - curve.n_censor
    fell = (curve.survival == 0) & (np.concatenate([[1.0], curve.survival[:-1]]) > 0)
    gaps: list[ObservationGap] = []
    if curve.n_risk[0] == 0:
        gaps.append(ObservationGap(0.0, float(curve.time[0]), int(later[0]), falls_to_zero=False))
    for row in np.flatnonzero((stay == 0) & (curve.n_event + curve.n_censor > 0) & (later > 0)).tolist():
        entered = row + int(np.flatnonzero(curve.n_enter[row:])[0])
        if fell[row] or entered > row:
            start, end = float(curve.time[row]), float(curve.time[entered])
            gaps.append(ObservationGap(start, end, int(later[row]), bool(fell[row])))
    return tuple(gaps)
