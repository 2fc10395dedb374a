"""Risk sets of Cox regression: every row's place among the event times of its stratum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from oncohort.errors import AnalysisError
from oncohort.stats import kernel
from oncohort.stats.arrays import Bools, Floats, Ints
from oncohort.stats.delayed_entry import entry_grid
from oncohort.stats.grid import time_grid

_MOST_TIMES = 2**20  # whole times are looked up in tables of that size


@dataclass(frozen=True, slots=True, eq=False)
class RiskSets:
    """Rows by cell; a cell is one event time of one stratum, ordered by stratum, then time.

    Parameters
    ----------
    grid : (D,) float
        Distinct times, ascending.
    stop, entry : (n,) int
        Each row's time and entry as codes of ``grid``; ``entry`` is None without entries.
    cell : (cells,) int
        Code of each cell's event time.
    bounds : (strata + 1,) int
        Where the cells of each stratum with an event begin, and the end.
    slot : (n,) int
        ``2 * cell + event`` of each row's last event time, ``2 * cells`` for a row at risk at none.
    start : (n,) int or None
        ``2 * cell`` of the last event time at or before entry, ``2 * cells`` if there is none.
    """

    grid: Floats
    stop: Ints
    entry: Ints | None
    cell: Ints
    bounds: Ints
    slot: Ints
    start: Ints | None


def risk_sets(time: Floats, event: Bools, *, entry: Floats | None, stratum: Ints | None) -> RiskSets:
    """Place every row among the event times of its stratum.

    A row is at risk at t when ``entry < t <= time``; without entry, when ``t <= time``. Times are tied by
    the rule of `time_grid`, over all strata and over entries as well.

    Raises
    ------
    AnalysisError
        If no event happened, or a row's entry is not before its time.
    """
    if not event.any():
        raise AnalysisError("event: none of the patients has the event; Cox regression needs at least one")
    if entry is None and stratum is None:
        sets = _of_whole_times(time, event)
        if sets is not None:
            return sets
    grid, codes = time_grid(time) if entry is None else entry_grid(time, entry)
    keys, n_keys = codes, grid.size  # a key is one time of one stratum
    if stratum is not None:
        keys = tuple(stratum * grid.size + code for code in codes)
        n_keys = (int(stratum.max()) + 1) * grid.size
    event_keys = keys[0][event]
    if n_keys > 8 * time.size:  # many strata: a table of all keys would be larger than the data
        cells = np.unique(event_keys)
        found = [_place(cells, np.searchsorted(cells, key, side="right") - 1, key, grid.size) for key in keys]
    else:
        known = np.zeros(n_keys, dtype=np.bool_)
        known[event_keys] = True
        cells = np.flatnonzero(known)
        table = _place(cells, np.cumsum(known) - 1, np.arange(n_keys), grid.size)
        found = [table[key] for key in keys]
    none = 2 * cells.size
    slot = found[0] if entry is None else np.where(found[0] == found[1], none, found[0])  # between two event times
    start = None if entry is None else np.where(slot == none, none, found[1])
    slot = slot + event
    owner = cells // grid.size
    bounds = np.concatenate([[0], np.flatnonzero(np.diff(owner)) + 1, [cells.size]])
    entered_at = None if entry is None else codes[1]
    return RiskSets(grid, codes[0], entered_at, cells % grid.size, bounds, slot, start)


def _of_whole_times(time: Floats, event: Bools) -> RiskSets | None:
    """Return the risk sets of whole times without entry and strata if the kernel looks them up, else None.

    Then `time_grid` merges none of them, as it is with `whole_times`.
    """
    kit = kernel.at_once()
    n_times = int(time.max()) + 1
    if kit is None or n_times > min(time.size, _MOST_TIMES):
        return None
    plan = kernel.shard_plan(time.size, n_times)
    rows = [(np.ascontiguousarray(time[part]), event[part].astype(np.float64)) for part in plan]
    parts = kernel.over_shards(lambda row: kit.count_whole_times(*row, None, n_times, 1), rows)
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    counts = np.sum(known, axis=0)[:, :, 0]
    seen, died = counts.any(axis=1), counts[:, 1] > 0
    number, last = np.cumsum(seen) - 1, np.cumsum(died) - 1
    even_slot = np.where(last < 0, 2 * int(died.sum()), 2 * last)
    stop, slot = np.empty((2, time.size), dtype=np.int64)
    places = [(*row, number, even_slot, stop[part], slot[part]) for row, part in zip(rows, plan, strict=True)]
    kernel.over_shards(lambda place: kit.place_whole_times(*place), places)
    bounds = np.array([0, int(died.sum())])
    return RiskSets(np.flatnonzero(seen).astype(np.float64), stop, None, number[died], bounds, slot, None)


def _place(cells: Ints, last: Ints, keys: Ints, size: int) -> Ints:
    """Return the even slot of the last cell at or before each key, or the slot of none if it is another stratum's."""
    own = (last >= 0) & (cells[last] // size == keys // size)
    return np.where(own, 2 * last, 2 * cells.size)
