"""The time grid: survival times as codes of their sorted distinct values, near-ties merged by R's rule."""

from __future__ import annotations

import numpy as np

from oncohort.stats.arrays import Floats, Ints

_WHOLE_LIMIT = 2**24
NEAR = float(np.sqrt(np.finfo(np.float64).eps))  # 1.49e-8, as R's aeqSurv


def time_grid(*times: Floats) -> tuple[Floats, tuple[Ints, ...]]:
    """Merge near-equal times and return the grid with the code of every time on it.

    Neighbouring distinct times are one when they differ by at most 1.5e-8, absolutely or
    relative to the mean absolute time; chains merge to their first member. Whole days are
    never touched. With two arrays (start and stop) both share one grid.

    Parameters
    ----------
    *times : (n,) float
        One or more arrays of finite times in one unit.

    Returns
    -------
    grid : (D,) float
        Distinct times, ascending.
    codes : tuple of (n,) int
        For each array the index of each time in ``grid``.

    Examples
    --------
    >>> grid, (codes,) = time_grid(np.array([0.1 + 0.2, 0.3, 1.0]))
    >>> grid, codes
    (array([0.3, 1. ]), array([0, 0, 1]))

    References
    ----------
    R survival, ``aeqSurv``; golden: ``tests/golden/r/nonparametric.json``, key ``timefix``.
    """
    both = times[0] if len(times) == 1 else np.concatenate(times)
    bounds = np.cumsum([t.size for t in times])[:-1]
    whole = whole_times(both, 4 * both.size)
    if whole is not None:
        seen = np.bincount(whole) > 0
        place = np.cumsum(seen) - 1
        return np.flatnonzero(seen).astype(np.float64), tuple(np.split(place[whole], bounds))
    values, inverse = np.unique(both, return_inverse=True)
    step = np.diff(values)
    mean = float(np.mean(np.abs(values)))
    tied = step <= NEAR if mean == 0 else (step <= NEAR) | (step / mean <= NEAR)
    block = np.concatenate([[0], np.cumsum(~tied)])
    grid = values[np.concatenate([[True], ~tied])]
    codes = block[inverse].astype(np.int64)
    return grid, tuple(np.split(codes, bounds))


def whole_times(times: Floats, most: int) -> Ints | None:
    """Return the times as integers if all are whole, from 0, and below ``most``; else None.

    Then they can be counted without a sort. Whole times below 2**24 are at least 1 apart and their mean is
    below 2**24: neither bound of `time_grid` can merge two of them, so both ways give one grid.
    """
    if not 0 <= float(times.min()) <= float(times.max()) < min(most, _WHOLE_LIMIT):
        return None
    whole = times.astype(np.int64)
    return whole if np.array_equal(whole, times) else None
