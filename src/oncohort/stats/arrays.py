"""The door of the statistics: anything column-like becomes a checked NumPy array."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from oncohort.errors import AnalysisError

Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]
Ints: TypeAlias = NDArray[np.int64]
_BLOCK = 4096
Column: TypeAlias = Any  # a list, a NumPy array, a pandas or polars Series


def as_floats(values: Column, name: str) -> Floats:
    """Return ``values`` as a finite 1-d float array.

    Raises
    ------
    AnalysisError
        If a value is missing, infinite or not a number, or there is no value.

    Examples
    --------
    >>> as_floats([1, 2.5], "age")
    array([1. , 2.5])
    """
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise AnalysisError(f"{name}: numbers were expected; {error}") from error
    if array.ndim != 1 or array.size == 0:
        raise AnalysisError(f"{name}: one column with at least one value was expected; got shape {array.shape}")
    if not np.isfinite([array.min(), array.max()]).all():  # nan passes through both
        bad = np.flatnonzero(~np.isfinite(array))
        raise AnalysisError(f"{name}: value {bad[0] + 1} is missing or not finite ({bad.size} in all)")
    return array


def as_times(values: Column, name: str = "time") -> Floats:
    """Return ``values`` as times: finite and not negative."""
    array = as_floats(values, name)
    if array.min() < 0 or array.max() > 1e100:  # sums and squares of times must fit a double
        first = np.flatnonzero((array < 0) | (array > 1e100))[0]
        expected = "times from 0" if array[first] < 0 else "times up to 1e+100"
        raise AnalysisError(f"{name}: value {first + 1} is {array[first]:g}; {expected} were expected")
    return array


def as_events(values: Column, n: int, name: str = "event") -> Bools:
    """Return ``values`` as n booleans, True where the event happened.

    Only booleans and the codes 0 and 1 are read: a 1/2 coding, or times passed by mistake, is an error.

    Examples
    --------
    >>> as_events([1, 0, 1], 3)
    array([ True, False,  True])
    """
    array = as_floats(values, name)
    if array.size != n:
        raise AnalysisError(f"{name}: {n} values were expected, as many as times; got {array.size}")
    happened = array == 1
    if not np.array_equal(happened, array):
        other = int(np.flatnonzero((array != 0) & (array != 1))[0])
        raise AnalysisError(f"{name}: value {other + 1} is {array[other]:g}; 0 or 1 (event happened) was expected")
    return happened


def as_labels(values: Column, n: int, name: str) -> tuple[Ints, tuple[Any, ...]]:
    """Return codes 0…G-1 and the labels of ``values``, sorted; missing values are an error."""
    array = np.asarray(values)
    if array.shape != (n,):
        raise AnalysisError(f"{name}: {n} values were expected, as many as times; got shape {array.shape}")
    if any(v is None or (isinstance(v, float) and np.isnan(v)) for v in array.tolist()):
        raise AnalysisError(f"{name}: a value is missing; leave such rows out first")
    labels, codes = np.unique(array, return_inverse=True)
    return codes.astype(np.int64), tuple(labels.tolist())


def as_design(covariates: Any, n: int) -> tuple[Floats, tuple[str, ...]]:
    """Return the (n, p) matrix of ``covariates`` and the p column names.

    ``covariates`` is a mapping of names to columns, a pandas or polars frame, one named
    Series, or an array of shape (n, p) or (n,), whose columns are then called x1 … xp.

    Examples
    --------
    >>> as_design({"age": [60, 70], "male": [1, 0]}, 2)
    (array([[60.,  1.],
           [70.,  0.]]), ('age', 'male'))
    """
    columns: list[tuple[str, Column]]
    if isinstance(covariates, Mapping) or hasattr(covariates, "columns"):
        frame = cast("Any", covariates)
        keys: list[Any] = list(getattr(frame, "columns", frame))
        columns = [(str(key), frame[key]) for key in keys]
    elif getattr(covariates, "name", None) is not None:
        columns = [(str(covariates.name), covariates)]
    else:
        array: NDArray[Any] = np.asarray(covariates)
        array = array[:, None] if array.ndim == 1 else array
        if array.ndim != 2:
            raise AnalysisError(f"covariates: a table of {n} rows was expected; got shape {array.shape}")
        names = tuple(f"x{k + 1}" for k in range(array.shape[1]))
        if array.shape == (n, len(names)) and names and array.dtype == np.float64 and np.isfinite(array).all():
            return _by_column(array), names  # the usual case in one go
        columns = [(name, array[:, k]) for k, name in enumerate(names)]
    if not columns:
        raise AnalysisError("covariates: at least one column was expected")
    matrix = np.empty((n, len(columns)), order="F")  # columns stay together in memory
    for k, (name, column) in enumerate(columns):
        values = as_floats(column, name)
        if values.size != n:
            raise AnalysisError(f"{name}: {n} values were expected, as many as times; got {values.size}")
        matrix[:, k] = values
    return matrix, tuple(name for name, _ in columns)


def _by_column(array: Floats) -> Floats:
    """Return a copy whose columns stay together in memory, made block by block: both sides stay in cache."""
    matrix = np.empty(array.shape, order="F")
    for a in range(0, array.shape[0], _BLOCK):
        matrix[a : a + _BLOCK] = array[a : a + _BLOCK]
    return matrix
