"""The risk table: patients at risk, events and censorings per time and group, the sums that curves and tests need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from oncohort.errors import AnalysisError
from oncohort.stats import kernel
from oncohort.stats.arrays import Bools, Column, Floats, Ints, as_events, as_labels, as_times
from oncohort.stats.delayed_entry import entry_grid
from oncohort.stats.grid import time_grid, whole_times

_DENSE_CELLS = 1_000_000  # a table of whole times up to the largest, empty ones included, has at most so many cells

_MOST_CODES = 1000  # of groups that are counted by their numbers


@dataclass(frozen=True, slots=True)
class RiskTable:
    """Counts on a grid of D times for G groups.

    Parameters
    ----------
    time : (D,) float
        Distinct times of events and censorings, and of delayed entries, ascending.
    n_risk, n_event, n_censor : (D, G) int
        At risk just before each time, events at it, censorings at it. A patient censored at
        a time is still at risk at it; one who enters at it is not.
    groups : tuple of G labels
        Sorted; one empty label where the patients are not split.
    n_enter : (D, G) int or None
        Patients who came under observation at each time, those at 0 left out; None where no entry was given.
    """

    time: Floats
    n_risk: Ints
    n_event: Ints
    n_censor: Ints
    groups: tuple[Any, ...]
    n_enter: Ints | None = None


def risk_table(time: Column, event: Column, group: Column | None = None, *, entry: Column | None = None) -> RiskTable:
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
    entry : (n,) float, optional
        When each patient came under observation: at risk at t when ``entry < t <= time``. 0 is from the beginning.

    Returns
    -------
    RiskTable
        Counts. Tables of parts of the patients on one grid add up to the table of all.

    Raises
    ------
    AnalysisError
        If lengths differ, a time is missing or negative, an event is not 0 or 1, a group is missing, or an entry is
        not before its time.

    Examples
    --------
    >>> table = risk_table([1, 2, 2, 3], [1, 1, 0, 0], ["a", "a", "b", "b"])
    >>> table.time
    array([1., 2., 3.])
    >>> table.n_risk
    array([[2, 2], [1, 2], [0, 1]])
    >>> risk_table([2, 3, 4], [1, 1, 0], entry=[0, 2, 1]).n_risk.ravel()  # at 1, 2, 3 and 4
    array([1, 2, 2, 1])

    References
    ----------
    Golden: ``tests/golden/test_nonparametric_against_r.py``.
    """
    table = _counted_at_once(time, event, group) if entry is None else None
    if table is not None:
        return table
    times = as_times(time)
    events = as_events(event, times.size)
    codes, groups = (None, ("",)) if group is None else _group_codes(group, times.size)
    if entry is not None:
        return _delayed(times, events, entry, codes, groups)
    grid, n_event, n_censor = _count(times, events, codes, len(groups))
    return _table(grid, n_event, n_censor, groups)


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
        None if table.n_enter is None else table.n_enter[:, columns],
    )


def _delayed(times: Floats, events: Bools, entry: Column, codes: Ints | None, groups: tuple[Any, ...]) -> RiskTable:
    """Return the table of patients of whom some came under observation later than at 0."""
    grid, (stop, start) = entry_grid(times, entry)
    place = np.zeros(times.size, dtype=np.int64) if codes is None else codes

    def counted(slot: Ints, rows: Bools) -> Ints:
        cell = slot[rows] * len(groups) + place[rows]
        return np.bincount(cell, minlength=grid.size * len(groups)).reshape(grid.size, len(groups))

    n_event, n_censor, n_enter = counted(stop, events), counted(stop, ~events), counted(start, grid[start] > 0)
    seen = (n_event + n_censor + n_enter).any(axis=1)
    return _table(grid[seen], n_event[seen], n_censor[seen], groups, n_enter[seen])


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
        seen = _seen(counts)
        grid, n_censor, n_event = grid[seen], n_censor[seen], n_event[seen]
    return grid, n_event, n_censor


def _counted_at_once(time: Column, event: Column, group: Column | None) -> RiskTable | None:
    """Return the table of whole times and groups that are small whole numbers, if the kernel counts them.

    None where anything is otherwise, the general way included that says what is wrong.
    """
    kit = kernel.at_once()
    columns = [values for values in (time, event, group) if values is not None]
    if kit is None or not all(isinstance(values, np.ndarray) and values.ndim == 1 for values in columns):
        return None
    if time.size == 0 or any(values.size != time.size for values in columns):
        return None
    if time.dtype != np.float64 or event.dtype.kind not in "bf":
        return None
    n_groups = 1 if group is None else _number_of_codes(group)
    last = float(time.max())
    if not 0 <= last < max(_DENSE_CELLS, 4 * time.size) // (2 * max(n_groups, 1)) or not n_groups:
        return None
    codes = None if group is None else np.ascontiguousarray(group, dtype=np.int64)
    rows = np.ascontiguousarray(time), np.ascontiguousarray(event, dtype=np.float64)
    counts = kit.count_whole_times(*rows, codes, int(last) + 1, n_groups)
    if counts is None:
        return None
    seen = _seen(counts)
    present = np.flatnonzero(counts.any(axis=(0, 1)))
    counts = counts[seen][:, :, present]
    labels = ("",) if group is None else tuple(group.dtype.type(k).item() for k in present.tolist())
    return _table(np.flatnonzero(seen).astype(np.float64), counts[:, 1], counts[:, 0], labels)


def _number_of_codes(group: Any) -> int:
    """Return one more than the largest of groups that are numbers from 0 to at most 999, else 0."""
    if group.dtype.kind not in "biu":
        return 0
    low, high = int(group.min()), int(group.max())
    return high + 1 if low >= 0 and high < _MOST_CODES else 0


def _table(
    grid: Floats, n_event: Ints, n_censor: Ints, groups: tuple[Any, ...], n_enter: Ints | None = None
) -> RiskTable:
    left = n_event + n_censor if n_enter is None else n_event + n_censor - n_enter
    n_risk = np.cumsum(left[::-1], axis=0)[::-1]
    return RiskTable(grid, n_risk, n_event, n_censor, groups, n_enter)


def _seen(counts: Ints) -> Bools:
    """Return at which times anything was counted."""
    return np.asarray((counts > 0).any(axis=(1, 2)), dtype=np.bool_)


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
