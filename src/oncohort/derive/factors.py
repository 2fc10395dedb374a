"""Factors: each patient's level and number, from the column of the records and the face the protocol gives it."""

from __future__ import annotations

from math import floor, log10
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncohort.errors import AnalysisError
from oncohort.study.cohort import FactorData, FactorLevel
from oncohort.study.findings import Finding
from oncohort.study.protocol import Cut, Factor
from oncohort.study.records import same_value
from oncohort.study.text import format_rounded, mask_count, round_half_up

_MOST_DIGITS: Final = 10


def derive_factor(patients: pl.DataFrame, factor: Factor, min_cell: int = 0) -> tuple[FactorData, list[Finding]]:
    """Return one factor of the analyzed patients, and what was found on the way.

    A split or cut puts a value that equals the bound into the lower class: ``split = "median"``
    gives "≤54" and ">54". The median is that of the analyzed patients whose value is known. A finding
    tells counts below ``min_cell`` only as smaller than it.

    Raises
    ------
    AnalysisError
        If a split or cut finds no number at all.
    """
    column = patients[factor.column]
    if factor.levels is not None:
        return _by_value(column, factor), []
    numbers = column.cast(pl.Float64).to_numpy().astype(np.float64)
    if factor.split is None and factor.cut is None:
        return FactorData(factor, (), np.full(numbers.size, -1), numbers, _digits(numbers, factor)), []
    if np.all(np.isnan(numbers)):
        raise AnalysisError(
            f'factor "{factor.id}": the column "{factor.column}" holds no number, so it cannot be split'
        )
    if factor.split is not None:
        bound = float(np.nanmedian(numbers)) if factor.split == "median" else float(factor.split)
        classes = (Cut(id="low", max=bound), Cut(id="high", above=bound))
    else:
        classes = _classes(factor.cut or ())
    return _by_class(numbers, classes, factor, min_cell)


def _by_value(column: pl.Series, factor: Factor) -> FactorData:
    """Give each patient the declared level whose value the cell holds; each distinct cell is compared once."""
    declared = factor.levels or ()
    cells = column.cast(pl.String)
    code_of = {
        cell: next((k for k, level in enumerate(declared) if any(same_value(cell, v) for v in level.values)), -1)
        for cell in cells.drop_nulls().unique().to_list()
    }
    codes = np.array([-1 if cell is None else code_of[cell] for cell in cells.to_list()], dtype=np.int64)
    levels = tuple(FactorLevel(level.id, level.label) for level in declared)
    return FactorData(factor, levels, codes, None)


def _classes(cut: tuple[float, ...] | tuple[Cut, ...]) -> tuple[Cut, ...]:
    """Return the classes of a cut: declared ones as they are, plain bounds as ≤a, >a–b, >b."""
    declared = tuple(c for c in cut if isinstance(c, Cut))
    if declared:
        return declared
    bounds = sorted(float(c) for c in cut if not isinstance(c, Cut))
    lower: list[float | None] = [None, *bounds]
    upper: list[float | None] = [*bounds, None]
    return tuple(Cut(id=str(k + 1), above=a, max=b) for k, (a, b) in enumerate(zip(lower, upper, strict=True)))


def _by_class(
    numbers: NDArray[np.float64], classes: tuple[Cut, ...], factor: Factor, min_cell: int
) -> tuple[FactorData, list[Finding]]:
    codes = np.full(numbers.size, -1, dtype=np.int64)
    for k, cut in enumerate(classes):
        codes[(codes < 0) & _inside(numbers, cut)] = k
    outside = int(np.sum((codes < 0) & ~np.isnan(numbers)))
    findings = (
        [
            Finding(
                "error",
                "IN-NO-CLASS",
                f'factor "{factor.id}": {mask_count(outside, min_cell)} value(s) lie in no class of its cut '
                "and count as missing",
                column=factor.column,
            )
        ]
        if outside
        else []
    )
    digits = _digits(numbers, factor)
    label_digits = _label_digits(numbers, classes, digits)
    levels = tuple(
        FactorLevel(
            cut.id,
            cut.label or _label(cut, label_digits),
            low=cut.min if cut.min is not None else cut.above,
            high=cut.max if cut.max is not None else cut.below,
        )
        for cut in classes
    )
    return FactorData(factor, levels, codes, numbers, digits), findings


def _inside(numbers: NDArray[np.float64], cut: Cut) -> NDArray[np.bool_]:
    inside = ~np.isnan(numbers)
    with np.errstate(invalid="ignore"):
        for bound, compare in (
            (cut.min, np.greater_equal),
            (cut.above, np.greater),
            (cut.max, np.less_equal),
            (cut.below, np.less),
        ):
            if bound is not None:
                inside &= compare(numbers, bound)
    return inside


def _digits(numbers: NDArray[np.float64], factor: Factor) -> int:
    """Return how many decimals a reader needs: those of the data, but no more than three figures of the median."""
    known = np.unique(numbers[~np.isnan(numbers)])
    if factor.digits is not None or known.size == 0:
        return factor.digits or 0
    needed = next((d for d in range(_MOST_DIGITS) if np.array_equal(np.round(known, d), known)), _MOST_DIGITS)
    middle = abs(float(np.median(known)))
    figures = _MOST_DIGITS if middle == 0 else max(0, 2 - floor(log10(middle)))
    return min(needed, figures)


def _label_digits(numbers: NDArray[np.float64], classes: tuple[Cut, ...], digits: int) -> int:
    """Return the fewest decimals at which the rounded bounds still part the values as the exact ones do."""
    for more in range(digits, _MOST_DIGITS):
        rounded = [_rounded(cut, more) for cut in classes]
        if all(np.array_equal(_inside(numbers, a), _inside(numbers, b)) for a, b in zip(classes, rounded, strict=True)):
            return more
    return _MOST_DIGITS


def _rounded(cut: Cut, digits: int) -> Cut:
    bounds = {name: getattr(cut, name) for name in ("min", "max", "above", "below")}
    return cut.model_copy(update={name: round_half_up(b, digits) for name, b in bounds.items() if b is not None})


def _label(cut: Cut, digits: int) -> str:
    """Write a class by its bounds.

    Examples
    --------
    >>> _label(Cut(id="low", max=54), 0), _label(Cut(id="2", above=5, max=10), 1), _label(Cut(id="3", min=10), 0)
    ('≤54', '>5–10', '≥10')
    """
    low = "" if cut.min is None else format_rounded(cut.min, digits)
    low = low if cut.above is None else f">{format_rounded(cut.above, digits)}"
    high = "" if cut.max is None else format_rounded(cut.max, digits)
    high = high if cut.below is None else f"<{format_rounded(cut.below, digits)}"
    if not low:
        return high if high.startswith("<") else f"≤{high}"
    if not high:
        return low if low.startswith(">") else f"≥{low}"
    return f"{low}–{high}" if low != high else low
