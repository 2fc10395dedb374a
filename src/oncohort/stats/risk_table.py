"""The risk table: patients at risk, events and censorings per time and group, the sums that curves and tests need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from oncohort.errors import AnalysisError
from oncohort.stats.arrays import Bools, Column, Floats, Ints, as_events, as_labels, as_times
from oncohort.stats.grid import time_grid, whole_times

_DENSE_CELLS = 1_000_000  # a table of whole times up to the largest, empty ones included, has at most so many cells


@dataclass(frozen=True, slots=True)
class RiskTable:
    """Counts on a grid of D times for G groups.

    Parameters
    ----------
    time : (D,) float
        Distinct times of events and censorings, ascending.
    n_risk, n_event, n_censor : (D, G) int
        At risk just before each time, events at it, censorings at it. A patient censored at
        a time is still at risk at it.
    groups : tuple of G labels
        Sorted; one empty label where the patients are not split.
    """

    time: Floats
    n_risk: Ints
    n_event: Ints
    n_censor: Ints
    groups: tuple[Any, ...]


def risk_table(time: Column, event: Column, group: Column | None = None) -> RiskTable:
    """Count events and censorings at every distinct time, in every group.

    Times that differ only by rounding are one time, by the rule of `time_grid` over all groups
    together.

    Parameters
    ----------
    time : (n,) float
        Follow-up of each patient in one unit, from 0.
    event : (n,) bool
        True where the event was seen at ``time``, False where follow-up ended.
    group : (n,) labels, optional
        What splits the patients; no value may be missing.

    Returns
    -------
    RiskTable
        Counts. Tables of parts of the patients on one grid add up to the table of all.

    Raises
    ------
    AnalysisError
        If lengths differ, a time is missing or negative, an event is not 0 or 1, or a group is missing.

    Examples
    --------
    >>> table = risk_table([1, 2, 2, 3], [1, 1, 0, 0], ["a", "a", "b", "b"])
    >>> table.time
    array([1., 2., 3.])
    >>> table.n_risk
    array([[2, 2], [1, 2], [0, 1]])

    References
    ----------
    Golden: ``tests/golden/test_nonparametric_against_r.py``.
    """
    times = as_times(time)
    events = as_events(event, times.size)
    codes, groups = (None, ("",)) if group is None else _group_codes(group, times.size)
    grid, n_event, n_censor = _count(times, events, codes, len(groups))
    n_risk = np.cumsum((n_event + n_censor)[::-1], axis=0)[::-1]
    return RiskTable(grid, n_risk, n_event, n_censor, groups)


def select_groups(table: RiskTable, columns: list[int]) -> RiskTable:
    """Return the table of some groups only, by their column numbers, on the grid of all.

    Examples
    --------
    >>> table = risk_table([1, 2, 3], [1, 1, 1], ["a", "b", "c"])
    >>> select_groups(table, [0, 2]).n_event
    array([[1, 0], [0, 0], [0, 1]])
    """
    return RiskTable(
        table.time,
        table.n_risk[:, columns],
        table.n_event[:, columns],
        table.n_censor[:, columns],
        tuple(table.groups[k] for k in columns),
    )


def _count(times: Floats, events: Bools, codes: Ints | None, n_groups: int) -> tuple[Floats, Ints, Ints]:
    """Return the grid and, per time and group, the number of events and of censorings."""
    whole = whole_times(times, max(_DENSE_CELLS, 4 * times.size) // (2 * n_groups))
    if whole is None:
        grid, (slot,) = time_grid(times)
        n_times = grid.size
    else:
        slot = whole
        n_times = int(whole.max()) + 1
        grid = np.arange(n_times, dtype=np.float64)
    cell = slot * 2 + events
    if codes is not None:
        cell *= n_groups
        cell += codes
    counts = np.bincount(cell, minlength=n_times * 2 * n_groups).reshape(n_times, 2, n_groups)
    n_censor, n_event = counts[:, 0, :], counts[:, 1, :]
    if whole is not None:
        seen = (counts > 0).any(axis=(1, 2))
        grid, n_censor, n_event = grid[seen], n_censor[seen], n_event[seen]
    return grid, n_event, n_censor


def _group_codes(group: Column, n: int) -> tuple[Ints, tuple[Any, ...]]:
    """Return codes and sorted labels as `as_labels` does; small integers and booleans are counted, not sorted."""
    array = np.asarray(group)
    if array.shape != (n,) or array.dtype.kind not in "biu":
        try:
            return as_labels(group, n, "group")
        except TypeError as error:
            raise AnalysisError(f"group: labels of one kind were expected; {error}") from error
    low, high = int(array.min()), int(array.max())
    if high - low >= _DENSE_CELLS:
        return as_labels(group, n, "group")
    offset = array.astype(np.int64) - low
    present = np.flatnonzero(np.bincount(offset))
    code_of = np.zeros(high - low + 1, dtype=np.int64)
    code_of[present] = np.arange(present.size)
    return code_of[offset], tuple(array.dtype.type(low + k).item() for k in present.tolist())
