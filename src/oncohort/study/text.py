"""How numbers are written for readers: rounding half up, P values, percents, times, ranges."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from math import isfinite, isnan
from typing import Final

NOT_REACHED: Final = "not reached"
NOT_ESTIMABLE: Final = "not estimable"
_EXACT: Final = Context(prec=400)  # a double has at most 309 digits before the point
TIME_DIGITS: Final[dict[str, int]] = {"days": 0, "weeks": 1, "months": 1, "years": 1}


def format_number(value: float, digits: int) -> str:
    """Round half up at ``digits`` decimals, from the shortest decimal text of ``value``.

    Examples
    --------
    >>> format_number(0.5755, 3), format_number(2.5, 0), format_number(-0.04, 1)
    ('0.576', '3', '0.0')
    """
    if isnan(value):
        return "–"
    if not isfinite(value):
        return "∞" if value > 0 else "−∞"
    rounded = _half_up(value, digits)
    text = f"{abs(rounded):f}"
    return f"−{text}" if rounded < 0 else text


def round_half_up(value: float, digits: int) -> float:
    """Return the number that `format_number` writes.

    Examples
    --------
    >>> round_half_up(2.675, 2), round(2.675, 2)
    (2.68, 2.67)
    """
    return float(_half_up(value, digits))


def _half_up(value: float, digits: int) -> Decimal:
    step = Decimal(1).scaleb(-digits)
    return Decimal(repr(float(value))).quantize(step, rounding=ROUND_HALF_UP, context=_EXACT)


def format_p(p_value: float) -> str:
    """Write a P value as journals print it: three decimals, never 0.000.

    Examples
    --------
    >>> format_p(0.0312), format_p(4e-9), format_p(0.9999)
    ('0.031', '<0.001', '>0.999')
    """
    if isnan(p_value):
        return "–"
    if p_value < 0.001:
        return "<0.001"
    text = format_number(p_value, 3)
    return ">0.999" if text == "1.000" else text


def format_percent(count: int, total: int) -> str:
    """Write count of total as a percentage with one decimal, half up from the exact ratio.

    Examples
    --------
    >>> format_percent(44, 110), format_percent(1, 16), format_percent(0, 0)
    ('40.0', '6.3', '–')
    """
    if total == 0:
        return "–"
    tenths = Fraction(count * 1000, total) + Fraction(1, 2)
    whole = tenths.numerator // tenths.denominator
    return f"{whole // 10}.{whole % 10}"


def format_plain(value: float) -> str:
    """Write a measured value with the digits it has, without a trailing zero.

    Examples
    --------
    >>> format_plain(54.0), format_plain(2.2), format_plain(0.1 + 0.2)
    ('54', '2.2', '0.3')
    """
    if isnan(value):
        return "–"
    text = f"{float(f'{value:.10g}'):.10f}".rstrip("0").rstrip(".")
    return f"−{text[1:]}" if text.startswith("-") else text


def format_rounded(value: float, digits: int) -> str:
    """Round half up at ``digits`` decimals and leave out trailing zeros, as a table of characteristics does.

    Examples
    --------
    >>> format_rounded(20.71263825, 1), format_rounded(8.0, 1), format_rounded(1184.434304, 0)
    ('20.7', '8', '1184')
    """
    text = format_number(value, digits)
    return text.rstrip("0").rstrip(".") if "." in text else text


def format_time(value: float, unit: str) -> str:
    """Write a survival time; a time that was never reached is said in words.

    Examples
    --------
    >>> format_time(10.5, "months"), format_time(310.0, "days"), format_time(float("nan"), "days")
    ('10.5', '310', 'not reached')
    """
    if isnan(value):
        return NOT_REACHED
    digits = TIME_DIGITS[unit]
    if digits == 0 and value != int(value) and 2 * value == int(2 * value):
        digits = 1  # the middle of two days
    return format_number(value, digits)


def format_ratio(value: float, digits: int) -> str:
    """Write a hazard ratio; one that is too large or too small to print is told as such.

    Examples
    --------
    >>> format_ratio(0.5755, 3), format_ratio(0.0001, 2), format_ratio(2.4e7, 2), format_ratio(float("nan"), 2)
    ('0.576', '<0.01', '>999', 'not estimable')
    """
    if isnan(value) or value <= 0 or not isfinite(value):
        return NOT_ESTIMABLE
    if value >= 1000:
        return ">999"
    smallest = Decimal(1).scaleb(-digits)
    return f"<{smallest}" if value < smallest / 2 else format_number(value, digits)


def format_interval(low: str, high: str) -> str:
    """Join two limits: an en dash between plain numbers, "to" where a limit is negative or in words.

    Examples
    --------
    >>> format_interval("8.7", "12.3"), format_interval("8.7", "not reached"), format_interval("−1.0", "2.0")
    ('8.7–12.3', '8.7 to not reached', '−1.0 to 2.0')
    >>> format_interval("not estimable", "not estimable")
    'not estimable'
    """
    if low == high and low in {NOT_REACHED, NOT_ESTIMABLE}:
        return low
    plain = all(text and text[0].isdigit() for text in (low, high))
    return f"{low}–{high}" if plain else f"{low} to {high}"


def mask_count(count: int, min_cell: int) -> str:
    """Write a count; one that is above 0 and below ``min_cell`` only as smaller than that.

    Examples
    --------
    >>> mask_count(3, 5), mask_count(0, 5), mask_count(5, 5), mask_count(3, 0)
    ('<5', '0', '5', '3')
    """
    return f"<{min_cell}" if 0 < count < min_cell else str(count)
