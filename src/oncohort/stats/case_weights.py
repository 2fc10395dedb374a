"""What comes with each row of a Cox model besides its covariates: weights, frequencies and an offset, checked."""

from __future__ import annotations

import numpy as np

from oncohort.errors import AnalysisError
from oncohort.stats.arrays import Column, Floats, as_floats

_LARGEST = 1e100  # squares of weights must fit a double
_MOST_ROWS = 2**40
_OFFSET_LIMIT = 200.0  # exp(2 * 200), summed over all rows, still fits a double


def as_long(values: Floats, n: int, name: str) -> Floats:
    """Return ``values`` if they are n, as many as times."""
    if values.size != n:
        raise AnalysisError(f"{name}: {n} values were expected, as many as times; got {values.size}")
    return values


def as_weights(values: Column, n: int) -> Floats:
    """Return ``values`` as n weights above 0.

    Examples
    --------
    >>> as_weights([1, 0.5], 2)
    array([1. , 0.5])
    """
    weight = as_long(as_floats(values, "weights"), n, "weights")
    bad = np.flatnonzero((weight <= 0) | (weight > _LARGEST))
    if bad.size:
        raise AnalysisError(f"weights: value {bad[0] + 1} is {weight[bad[0]]:g}; weights above 0 were expected")
    return weight


def as_frequencies(values: Column, n: int) -> Floats:
    """Return ``values`` as n whole numbers from 1: how many equal rows each row stands for.

    Examples
    --------
    >>> as_frequencies([2, 1], 2)
    array([2., 1.])
    """
    frequency = as_long(as_floats(values, "frequencies"), n, "frequencies")
    bad = np.flatnonzero((frequency < 1) | (frequency != np.floor(frequency)) | (frequency > _MOST_ROWS))
    if bad.size:
        raise AnalysisError(
            f"frequencies: value {bad[0] + 1} is {frequency[bad[0]]:g}; whole numbers from 1 were expected"
        )
    return frequency


def as_offset(values: Column, n: int) -> tuple[Floats, float]:
    """Return ``values`` less their mean, as n parts of the linear predictor, and the mean.

    Examples
    --------
    >>> as_offset([0.5, 1.5], 2)
    (array([-0.5,  0.5]), 1.0)
    """
    offset = as_long(as_floats(values, "offset"), n, "offset")
    mean = float(offset.mean())
    centered = offset - mean
    if float(np.abs(centered).max()) > _OFFSET_LIMIT:
        raise AnalysisError("offset: log hazards within 200 of their mean were expected; exp of these is no number")
    return centered, mean
