"""Description of a column of numbers: mean, standard deviation, median, quartiles, range."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np

from oncohort.errors import AnalysisError
from oncohort.stats.arrays import Column, Floats, as_floats

Quartiles: TypeAlias = Literal["r-type-7", "spss-haverage"]

_LARGEST = 1e150  # squares of larger numbers do not fit in a double


@dataclass(frozen=True, slots=True)
class Description:
    """What Table I says about a column of ``n`` numbers; ``sd`` has the divisor n - 1 and is nan for n = 1."""

    n: int
    mean: float
    sd: float
    median: float
    q1: float
    q3: float
    min: float
    max: float


def describe(values: Column, *, quartiles: Quartiles) -> Description:
    """Describe a column of numbers.

    Parameters
    ----------
    values : (n,) float
        No value may be missing.
    quartiles : {"r-type-7", "spss-haverage"}
        Where quartile q of sorted values lies: at position 1 + (n - 1)q (R's default), or at
        (n + 1)q, held within 1 and n (SPSS's HAVERAGE, R's type 6); between two values by
        linear interpolation. No default: on the data below the first is 2 or 1.5.

    Returns
    -------
    Description
        In the unit of the values.

    Raises
    ------
    AnalysisError
        If a value is missing, infinite or beyond 1e150, none is given, or ``quartiles`` is unknown.

    Examples
    --------
    >>> describe([1, 2, 3, 4, 5], quartiles="r-type-7").q1
    2.0
    >>> describe([1, 2, 3, 4, 5], quartiles="spss-haverage").q1
    1.5

    References
    ----------
    Hyndman RJ, Fan Y. Am Stat 1996;50:361-365 (types 6 and 7).
    Golden: ``tests/golden/r/compare.json``, key ``describe``.
    """
    if quartiles not in get_args(Quartiles):
        raise AnalysisError(f"quartiles: r-type-7 or spss-haverage was expected; got {quartiles!r}")
    x = np.sort(as_floats(values, "values"))
    if max(abs(x[0]), abs(x[-1])) > _LARGEST:
        raise AnalysisError(f"values: a number beyond {_LARGEST:g} cannot be described")
    return Description(
        n=x.size,
        mean=float(x.mean()),
        sd=float(x.std(ddof=1)) if x.size > 1 else math.nan,
        median=_at(x, (x.size + 1) * 0.5),
        q1=_at(x, _position(x.size, 0.25, quartiles)),
        q3=_at(x, _position(x.size, 0.75, quartiles)),
        min=float(x[0]),
        max=float(x[-1]),
    )


def median_of(values: Column) -> float:
    """Return the middle value, or the midpoint of the two middle ones.

    Parameters
    ----------
    values : (n,) float
        No value may be missing.

    Raises
    ------
    AnalysisError
        If a value is missing or infinite, or none is given.

    Examples
    --------
    >>> median_of([7, 1, 4, 2])
    3.0
    """
    x = np.sort(as_floats(values, "values"))
    return _at(x, (x.size + 1) * 0.5)


def _position(n: int, share: float, quartiles: Quartiles) -> float:
    return 1.0 + (n - 1) * share if quartiles == "r-type-7" else (n + 1) * share


def _at(x: Floats, position: float) -> float:
    """Return the value at a position counted from 1, between two values by linear interpolation."""
    held = min(max(position, 1.0), float(x.size))
    below = math.floor(held)
    low, high = float(x[below - 1]), float(x[min(below, x.size - 1)])
    part = held - below
    return low if part == 0.0 else (1.0 - part) * low + part * high
