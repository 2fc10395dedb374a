"""Figures in words, and tables as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from measure import Spread

NONE = "–"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table as Markdown."""
    return "\n".join("| " + " | ".join(line) + " |" for line in [heads, ["---"] * len(heads), *rows])


def seconds(value: float) -> str:
    """Write a time with three digits and its unit."""
    factor, unit = _unit(value)
    return f"{three_digits(value * factor)} {unit}"


def spread(values: Spread) -> str:
    """Write the median of some times and, in the same unit, their range where there is one."""
    factor, unit = _unit(values.median)
    middle, low, high = (three_digits(value * factor) for value in (values.median, values.low, values.high))
    return f"{middle} {unit}" if values.low == values.high else f"{middle} {unit} ({low}–{high})"


def _unit(value: float) -> tuple[float, str]:
    return (1.0, "s") if value >= 1.0 else (1e3, "ms") if value >= 1e-3 else (1e6, "µs")


def three_digits(value: float) -> str:
    """Write a number with three digits, or all before the point."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def verdict(*, met: bool) -> str:
    """Write whether an aim is met."""
    return "met" if met else "**missed**"
