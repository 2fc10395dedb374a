"""Step functions, read at given times: which step holds there, and where the data say nothing any more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oncohort.stats.arrays import Bools, Column, Floats, Ints, as_floats
from oncohort.stats.grid import NEAR


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """Where m times lie on the k ascending times of a step function; times that differ only by rounding are one.

    ``time`` (m,) as asked for. ``row`` (m,) counts the steps at or before each, ``ahead`` (m,) those before it.
    ``past`` (m,) is True past the last step.
    """

    time: Floats
    row: Ints
    ahead: Ints
    past: Bools


def steps_at(grid: Floats, times: Column) -> Steps:
    """Find given times on the times of a step function.

    Examples
    --------
    >>> at = steps_at(np.array([6.0, 7.0, 10.0]), [0, 7, 8, 20])
    >>> at.row, at.ahead, at.past
    (array([0, 2, 2, 3]), array([0, 1, 2, 3]), array([False, False, False,  True]))
    """
    asked = as_floats(times, "times")
    return Steps(
        asked,
        np.searchsorted(grid, _later(asked), side="right"),
        np.searchsorted(_later(grid), asked, side="left"),
        asked > _later(grid[-1:])[0],
    )


def _later(times: Floats) -> Floats:
    return times + NEAR * np.maximum(1.0, np.abs(times))


def value_at(steps: Steps, values: Floats, before: float) -> Floats:
    """Return the value at each time, ``before`` the first step, and nan past the last.

    ``values`` (k,) or (k, columns) is what holds from each step on; the result is (m,) or (m, columns).

    Examples
    --------
    >>> value_at(steps_at(np.array([6.0, 7.0]), [0, 6, 20]), np.array([0.75, 0.5]), 1.0)
    array([1.  , 0.75,  nan])
    """
    first = np.full((1, *values.shape[1:]), before)
    past = steps.past.reshape(-1, *(1,) * (values.ndim - 1))
    return np.where(past, np.nan, np.concatenate([first, values])[steps.row])


def sum_until(steps: Steps, counts: NDArray[Any]) -> NDArray[Any]:
    """Return the sum of counts (k,) or (k, columns) up to and including each time.

    Examples
    --------
    >>> sum_until(steps_at(np.array([6.0, 7.0]), [0, 6, 20]), np.array([2, 1]))
    array([0, 2, 3])
    """
    return np.concatenate([np.zeros_like(counts[:1]), np.cumsum(counts, axis=0)])[steps.row]


def count_ahead(steps: Steps, at_risk: NDArray[Any]) -> NDArray[Any]:
    """Return the (m,) number at risk at the first step that is not before each time; 0 past the last.

    Examples
    --------
    >>> count_ahead(steps_at(np.array([6.0, 7.0]), [0, 7, 8]), np.array([2, 1]))
    array([2, 1, 0])
    """
    return np.concatenate([at_risk, np.zeros_like(at_risk[:1])])[steps.ahead]
