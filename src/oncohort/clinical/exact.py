"""Measured numbers, exactly: a float is read by its shortest decimal text, so that 30.0 % is 30 %."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from math import isfinite
from typing import TypeAlias

from oncohort.errors import DataError

Number: TypeAlias = int | float | Decimal | Fraction


def exact(value: Number) -> Fraction:
    """Return a measured number as the fraction that its decimal text says.

    Raises
    ------
    DataError
        If it is no finite number.

    Examples
    --------
    >>> 51.3 / 17.1 < 3, exact(51.3) / exact(17.1) == 3
    (True, True)
    """
    if isinstance(value, float) and isfinite(value):
        return _by_shortest_text(value)
    if isinstance(value, Fraction):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Fraction(value)
    if isinstance(value, Decimal) and value.is_finite():
        return Fraction(value)
    raise DataError(f'"{value}" is no finite number; a measured number was expected')


@lru_cache(maxsize=65536)
def _by_shortest_text(value: float) -> Fraction:
    return Fraction(Decimal(repr(value)))


def exact_or_none(value: Number | None) -> Fraction | None:
    """Return `exact` of a value, or None where it is missing."""
    return None if value is None else exact(value)


def in_decimals(value: Number) -> str:
    """Write a measured number without rounding where its decimals end, else with four of them.

    Examples
    --------
    >>> in_decimals(51.3), in_decimals(Fraction(1, 3)), in_decimals(40)
    ('51.3', '0.3333', '40')
    """
    number = exact(value)
    if 10**6 % number.denominator == 0:
        text = f"{number.numerator / number.denominator:.6f}"
    else:
        text = f"{float(number):.4f}"
    return text.rstrip("0").rstrip(".")
