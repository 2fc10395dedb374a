"""Delayed entry: times and entries as codes of one grid, every entry before its time."""

from __future__ import annotations

import numpy as np

from oncohort.errors import AnalysisError
from oncohort.stats.arrays import Column, Floats, Ints, as_times
from oncohort.stats.case_weights import as_long
from oncohort.stats.grid import time_grid


def entry_grid(time: Floats, entry: Column) -> tuple[Floats, tuple[Ints, Ints]]:
    """Return the grid of all times and entries, and the code of each time and of each entry on it.

    A patient is at risk at t when ``entry < t <= time``, so one who enters on the day of an event is not at risk of it,
    and nobody's entry can be their time. Times and entries are tied by the rule of `time_grid`.

    Parameters
    ----------
    time : (n,) float
        Checked times.
    entry : (n,) float
        When each patient came under observation, in the unit of ``time``, from 0.

    Returns
    -------
    grid : (D,) float
        Distinct times and entries, ascending.
    codes : tuple of two (n,) int
        Place of each time, and of each entry, in ``grid``.

    Raises
    ------
    AnalysisError
        If an entry is missing, negative, or not before its time, or the lengths differ.

    Examples
    --------
    >>> entry_grid(np.array([5.0, 8.0]), [0, 5])
    (array([0., 5., 8.]), (array([1, 2]), array([0, 1])))
    """
    entries = as_long(as_times(entry, "entry"), time.size, "entry")
    grid, (stop, start) = time_grid(time, entries)
    early = np.flatnonzero(start >= stop)
    if early.size:
        i = int(early[0])
        raise AnalysisError(
            f"entry: value {i + 1} is {entries[i]:g}, not before its time {time[i]:g} ({early.size} in all)"
        )
    return grid, (stop, start)
