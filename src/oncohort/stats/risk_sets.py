"""Risk sets of Cox regression: every row's place among the event times of its stratum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from oncohort.errors import AnalysisError
from oncohort.stats.arrays import Bools, Floats, Ints
from oncohort.stats.grid import time_grid


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
    grid, codes = time_grid(time) if entry is None else time_grid(time, entry)
    if entry is not None:
        early = np.flatnonzero(codes[1] >= codes[0])
        if early.size:
            i = int(early[0])
            raise AnalysisError(
                f"entry: value {i + 1} is {entry[i]:g}, not before its time {time[i]:g} ({early.size} in all)"
            )
    stratum = np.zeros(time.size, dtype=np.int64) if stratum is None else stratum
    first = stratum * grid.size
    n_keys = (int(stratum.max()) + 1) * grid.size
    stop_key = first + codes[0]
    cells = _distinct(stop_key[event], n_keys, time.size)
    none = 2 * cells.size
    cell = _last_cell(cells, stop_key, first, n_keys)
    slot = np.where(cell < 0, none, 2 * cell + event)
    start = None
    if entry is not None:
        entered = _last_cell(cells, first + codes[1], first, n_keys)
        never = (cell < 0) | (entered == cell)  # between two event times
        slot = np.where(never, none, slot)
        start = np.where(never | (entered < 0), none, 2 * entered)
    owner = cells // grid.size
    bounds = np.concatenate([[0], np.flatnonzero(np.diff(owner)) + 1, [cells.size]])
    entered_at = None if entry is None else codes[1]
    return RiskSets(grid, codes[0], entered_at, cells % grid.size, bounds, slot, start)


def _distinct(keys: Ints, n_keys: int, n: int) -> Ints:
    """Return the distinct keys, ascending."""
    if n_keys > 8 * n:  # many strata: the dense table would be larger than the data
        return np.unique(keys)
    return np.flatnonzero(np.bincount(keys, minlength=n_keys))


def _last_cell(cells: Ints, keys: Ints, first: Ints, n_keys: int) -> Ints:
    """Return the index of the last cell at or before each key in the key's own stratum, else -1."""
    if n_keys > 8 * keys.size:
        cell = np.searchsorted(cells, keys, side="right") - 1
    else:
        known = np.zeros(n_keys, dtype=np.int64)
        known[cells] = 1
        cell = (np.cumsum(known) - 1)[keys]
    return np.where(cells[cell] >= first, cell, -1)
