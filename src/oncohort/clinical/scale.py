"""Published cut-offs as data: a scale of intervals on which a measured number is placed, exactly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Generic, TypeVar

from oncohort.clinical.answer import Answer, decided, undetermined
from oncohort.clinical.exact import Number, exact, in_decimals
from oncohort.errors import DataError

T = TypeVar("T")
_YES_NO: Final[Mapping[bool, str]] = {True: "yes", False: "no"}


@dataclass(frozen=True, slots=True)
class Interval:
    """The numbers from ``low`` to ``high``; None is no end, and ``*_in`` says whether the end itself belongs to it."""

    low: Fraction | None
    high: Fraction | None
    low_in: bool = True
    high_in: bool = True


@dataclass(frozen=True, slots=True)
class Scale(Generic[T]):
    """What each interval of a measured number gives: points, a grade, a class.

    ``key`` is the name of the input, ``label`` and ``unit`` are what a reader sees. The intervals do not overlap.
    """

    key: str
    label: str
    unit: str
    levels: tuple[tuple[Interval, T], ...]
    may_be_negative: bool = False


def below(bound: Number) -> Interval:
    """Return x < bound."""
    return Interval(None, exact(bound), high_in=False)


def at_most(bound: Number) -> Interval:
    """Return x <= bound."""
    return Interval(None, exact(bound))


def above(bound: Number) -> Interval:
    """Return x > bound."""
    return Interval(exact(bound), None, low_in=False)


def at_least(bound: Number) -> Interval:
    """Return x >= bound."""
    return Interval(exact(bound), None)


def between(low: Number, high: Number) -> Interval:
    """Return low <= x <= high."""
    return Interval(exact(low), exact(high))


def above_to(low: Number, high: Number) -> Interval:
    """Return low < x <= high."""
    return Interval(exact(low), exact(high), low_in=False)


def holds(interval: Interval, value: Fraction) -> bool:
    """Return whether a number lies in an interval.

    Examples
    --------
    >>> holds(between(34.2, 51.3), exact(51.3)), holds(above(51.3), exact(51.3))
    (True, False)
    """
    if interval.low is not None and (value < interval.low or (value == interval.low and not interval.low_in)):
        return False
    return interval.high is None or value < interval.high or (value == interval.high and interval.high_in)


def in_words(interval: Interval) -> str:
    """Write an interval as a reader finds it in a table.

    Examples
    --------
    >>> [in_words(part) for part in (below(34.2), between(34.2, 51.3), above(51.3), above_to(-2.6, -1.39))]
    ['< 34.2', '34.2 to 51.3', '> 51.3', '> -2.6 to <= -1.39']
    """
    low = "" if interval.low is None else f"{'>=' if interval.low_in else '>'} {in_decimals(interval.low)}"
    high = "" if interval.high is None else f"{'<=' if interval.high_in else '<'} {in_decimals(interval.high)}"
    if interval.low is not None and interval.low == interval.high:
        return in_decimals(interval.low)
    if low and high and interval.low_in and interval.high_in:
        return f"{low.removeprefix('>= ')} to {high.removeprefix('<= ')}"
    return f"{low} to {high}" if low and high else low or high


def non_negative(value: Number, label: str) -> Fraction:
    """Return `exact` of a value that cannot be negative; `DataError` if it is."""
    number = exact(value)
    if number < 0:
        raise DataError(f'{label}: "{in_decimals(number)}" is negative; a number from 0 was expected')
    return number


def positive(value: Number, label: str) -> Fraction:
    """Return `exact` of a value that must be above 0; `DataError` if it is not."""
    number = exact(value)
    if number <= 0:
        raise DataError(f'{label}: "{in_decimals(number)}" cannot be; a number above 0 was expected')
    return number


def count(value: int, label: str, *, least: int, most: int | None = None) -> int:
    """Return a whole number from ``least`` to ``most``; `DataError` if it is none."""
    number = exact(value)
    if number.denominator != 1 or number < least or (most is not None and number > most):
        expected = f"from {least}" if most is None else f"{least} to {most}"
        raise DataError(f'{label}: "{value}" cannot be; a whole number {expected} was expected')
    return number.numerator


def check_word(value: str, allowed: Iterable[str], label: str) -> None:
    """Refuse a word that is none of those allowed."""
    words = tuple(allowed)
    if value not in words:
        raise DataError(f'{label}: "{value}" is not known; one of {", ".join(words)} was expected')


def missing_names(inputs: Mapping[str, object]) -> tuple[str, ...]:
    """Return the names of the inputs that are missing."""
    return tuple(name for name, value in inputs.items() if value is None)


def yes_no(value: bool) -> str:  # noqa: FBT001 - the answer is about the value itself
    """Write a yes or no for a reader."""
    return _YES_NO[value]


def measured(label: str, value: Number, unit: str) -> str:
    """Write a measured value with its name and unit: "albumin 35 g/L"."""
    return f"{label} {in_decimals(value)}{f' {unit}' if unit else ''}"


def place(scale: Scale[T], value: Number | None) -> Answer[T]:
    """Return what a measured number gives on a scale; all that the scale gives where it is missing.

    Parameters
    ----------
    scale : Scale
        Intervals that hold every number that can be measured.
    value : number or None
        In the unit of the scale.

    Returns
    -------
    Answer
        Its ``why`` names the value and the interval.

    Raises
    ------
    DataError
        If the value is no finite number, is negative where it cannot be, or lies in no interval.

    Examples
    --------
    >>> platelets = Scale("platelets_10e9_per_l", "platelets", "10^9/L", ((at_most(50), "low"), (above(50), "enough")))
    >>> place(platelets, 27).why
    'platelets 27 10^9/L <= 50'
    """
    if value is None:
        return undetermined([scale.key], dict.fromkeys(level for _, level in scale.levels))
    number = exact(value) if scale.may_be_negative else non_negative(value, scale.label)
    for interval, level in scale.levels:
        if holds(interval, number):
            words = in_words(interval)
            said = words if words[0] in "<>" and " to " not in words else f"in {words}"
            return decided(level, f"{measured(scale.label, number, scale.unit)} {said}")
    raise DataError(f"{measured(scale.label, number, scale.unit)} lies in no interval of its scale")
