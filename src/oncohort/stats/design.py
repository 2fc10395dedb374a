"""The design of a Cox model: named columns, centered and scaled, kept column by column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from oncohort.errors import AnalysisError
from oncohort.stats import kernel
from oncohort.stats.arrays import Floats, as_design

_LARGEST = 1e100  # squares of covariates and of coefficients must fit a double


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """Standardized columns.

    Parameters
    ----------
    names : tuple of str
        The p columns.
    x : (p, n) float
        Columns less ``center``, divided by ``scale``; a constant column is all 0.
    center, scale : (p,) float
        Mean and range of each column; a constant column has its value and 1.
    variance, span : (p,) float
        Mean square and range of each row of ``x``: the range is 1, or 0 of a constant column.
    """

    names: tuple[str, ...]
    x: Floats
    center: Floats
    scale: Floats
    variance: Floats
    span: Floats


def standardized(covariates: Any, n: int) -> Design:
    """Return the columns of ``covariates`` (as in `cox`) as a design of n rows.

    Raises
    ------
    AnalysisError
        If a value is missing or not finite, a column is too long or too short, two columns have one name, or
        values are too large or too close to compute with.

    Examples
    --------
    >>> design = standardized({"age": [60, 70, 80], "male": [1, 1, 1]}, 3)
    >>> design.center, design.x.round(2)
    (array([70.,  1.]), array([[-0.5,  0. ,  0.5],
           [ 0. ,  0. ,  0. ]]))
    """
    names, source, x, extent = _table(covariates, n)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise AnalysisError(f"covariates: each column needs a name of its own; {twice[0]} is there twice")
    low, high = extent.low, extent.high
    with np.errstate(over="ignore"):
        unfit = np.flatnonzero((np.maximum(-low, high) > _LARGEST) | ((low < high) & (high - low < 1 / _LARGEST)))
    if unfit.size:
        k = int(unfit[0])
        raise AnalysisError(
            f"{names[k]}: values from {low[k]:g} to {high[k]:g} are beyond what can be computed with; rescale them"
        )
    constant = low == high
    center, scale = np.where(constant, low, extent.total / n), np.where(constant, 1.0, high - low)
    squares = sum(
        kernel.over_shards(lambda rows: kernel.standardize(source[rows], center, scale, x[:, rows]), _plan(n))
    )
    return Design(names, x, center, scale, np.asarray(squares) / n, (high - low) / scale)


def _table(covariates: Any, n: int) -> tuple[tuple[str, ...], Floats, Floats, kernel.Extent]:
    """Return the names, the (n, p) table, where its (p, n) standardized columns go, and its extents."""
    if _is_plain(covariates, n):  # the usual case of many rows: checked while it is measured
        extent = _measured(covariates)
        if extent is not None:
            p = covariates.shape[1]
            return tuple(f"x{k + 1}" for k in range(p)), covariates, np.empty((p, n)), extent
    table, names = as_design(covariates, n)
    extent = _measured(table)
    if extent is None:
        raise AnalysisError("covariates: a value is missing or not finite")
    return names, table, np.ascontiguousarray(table.T), extent


def _is_plain(covariates: Any, n: int) -> bool:
    if isinstance(covariates, Mapping) or type(covariates) is not np.ndarray:
        return False
    table = covariates.ndim == 2 and covariates.shape[0] == n and covariates.shape[1] > 0
    return table and covariates.dtype == np.float64 and covariates.flags.aligned


def _measured(table: Floats) -> kernel.Extent | None:
    parts = kernel.over_shards(lambda rows: kernel.measure(table[rows]), _plan(table.shape[0]))
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    return kernel.Extent(
        np.min([part.low for part in known], axis=0),
        np.max([part.high for part in known], axis=0),
        np.sum([part.total for part in known], axis=0),
    )


def _plan(n: int) -> tuple[slice, ...]:
    return kernel.shard_plan(n, 0)
