"""Factors: each patient's level and number, from the column of the records and the face the protocol gives it."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncohort.errors import AnalysisError
from oncohort.study.cohort import FactorData, FactorLevel
from oncohort.study.findings import Finding
from oncohort.study.protocol import Cut, Factor
from oncohort.study.records import same_value
from oncohort.study.text import format_plain


def derive_factor(patients: pl.DataFrame, factor: Factor) -> tuple[FactorData, list[Finding]]:
    """Return one factor of the analyzed patients, and what was found on the way.

    A split or cut puts a value that equals the bound into the lower class: ``split = "median"``
    gives "≤54" and ">54". The median is that of the analyzed patients whose value is known.

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
        return FactorData(factor, (), np.full(numbers.size, -1), numbers), []
    if np.all(np.isnan(numbers)):
        raise AnalysisError(
            f'factor "{factor.id}": the column "{factor.column}" holds no number, so it cannot be split'
        )
    if factor.split is not None:
        bound = float(np.nanmedian(numbers)) if factor.split == "median" else float(factor.split)
        classes = (Cut(id="low", max=bound), Cut(id="high", above=bound))
    else:
        classes = _classes(factor.cut or ())
    return _by_class(numbers, classes, factor)


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
    numbers: NDArray[np.float64], classes: tuple[Cut, ...], factor: Factor
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
                f'factor "{factor.id}": {outside} value(s) lie in no class of its cut and count as missing',
                column=factor.column,
            )
        ]
        if outside
        else []
    )
    levels = tuple(
        FactorLevel(
            cut.id,
            cut.label or _label(cut),
            low=cut.min if cut.min is not None else cut.above,
            high=cut.max if cut.max is not None else cut.below,
        )
        for cut in classes
    )
    return FactorData(factor, levels, codes, numbers), findings


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


def _label(cut: Cut) -> str:
    """Write a class by its bounds.

    Examples
    --------
    >>> _label(Cut(id="low", max=54)), _label(Cut(id="2", above=5, max=10)), _label(Cut(id="3", min=10, below=20))
    ('≤54', '>5–10', '10–<20')
    """
    low = "" if cut.min is None else format_plain(cut.min)
    low = f">{format_plain(cut.above)}" if cut.above is not None else low
    high = "" if cut.max is None else format_plain(cut.max)
    high = f"<{format_plain(cut.below)}" if cut.below is not None else high
    if not low:
        return high if high.startswith("<") else f"≤{high}"
    if not high:
        return low if low.startswith(">") else f"≥{low}"
    return f"{low}–{high}" if low.lstrip(">") != high.lstrip("<") else low
