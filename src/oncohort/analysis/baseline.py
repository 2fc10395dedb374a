"""Table I: each factor described, whole and by the groups of another factor."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncohort.analysis.groups import of_analyzed
from oncohort.analysis.rows import count, share, test_rows, words
from oncohort.analysis.settings import Settings
from oncohort.errors import AnalysisError
from oncohort.stats.compare import expected_counts, kruskal_wallis, mann_whitney, pearson_chi_square
from oncohort.stats.describe import describe
from oncohort.stats.distributions import TestResult
from oncohort.stats.fisher import fisher_exact
from oncohort.study.cohort import Cohort, FactorData
from oncohort.study.protocol import Factor, Table
from oncohort.study.results import Row
from oncohort.study.text import format_rounded


def analyze_baseline(cohort: Cohort, table: Table, table_id: str, settings: Settings) -> list[Row]:
    """Return the rows of one table of characteristics.

    Keys: ``model`` is the table's id, ``group`` ``factor=level`` for a column of ``by`` and
    ``factor=a|b`` for the test between them. Percents are of the patients whose level is known. A column that is
    counted beneath a factor (``describe_as``) has its name without the table's as ``level``.
    """
    rows: list[Row] = []
    everyone = np.ones(len(cohort.patient_id), dtype=np.bool_)
    columns: list[tuple[str, NDArray[np.bool_]]] = [("", everyone)]
    by = cohort.factors[table.by] if table.by else None
    if by is not None:
        columns += [(f"{by.spec.id}={level.id}", by.codes == k) for k, level in enumerate(by.levels)]
    for group, members in columns:
        rows += count(int(members.sum()), analysis="baseline", model=table_id, group=group, statistic="n_total")
        for name in table.factors:
            keys: dict[str, Any] = {"analysis": "baseline", "model": table_id, "group": group, "variable": name}
            rows += _describe(cohort.factors[name], members, settings, keys)
            rows += _beneath(cohort, cohort.factors[name].spec, members, keys)
    if by is not None:
        between = f"{by.spec.id}=" + "|".join(level.id for level in by.levels)
        for name in table.factors:
            keys = {"analysis": "baseline", "model": table_id, "group": between, "variable": name}
            rows += _compare(cohort.factors[name], by, settings, keys) if name != table.by else []
    return rows


def described_id(column: str) -> str:
    """Return the level that a column counted beneath a factor has in rows.

    Examples
    --------
    >>> described_id("baseline_disease.met_lung")
    'met_lung'
    """
    return column.rpartition(".")[2]


def _beneath(cohort: Cohort, spec: Factor, members: NDArray[np.bool_], keys: dict[str, Any]) -> list[Row]:
    """Return how many patients have a Y in each column that is counted beneath a factor, of those with Y or N."""
    if not spec.describe_as or cohort.derived is None:
        return []
    patients = of_analyzed(cohort, cohort.derived.patients).filter(pl.Series(members))
    rows: list[Row] = []
    for described in spec.describe_as:
        answers = patients[described.column].to_list()
        n, known = answers.count("Y"), answers.count("Y") + answers.count("N")
        level = described_id(described.column)
        rows += count(n, **keys, level=level) + share(n, known, **keys, level=level)
    return rows


def describe_as(factor: FactorData) -> str:
    """Return how a factor is described: as the protocol says, else by counts, or by median and range."""
    if factor.spec.describe is not None:
        return factor.spec.describe
    return "count" if factor.numbers is None or factor.spec.cut is not None else "median-range"


def _describe(factor: FactorData, members: NDArray[np.bool_], settings: Settings, keys: dict[str, Any]) -> list[Row]:
    if describe_as(factor) == "count":
        return _counts(factor, members, keys)
    assert factor.numbers is not None
    known = factor.numbers[members & ~np.isnan(factor.numbers)]
    rows = count(known.size, **keys)
    rows += count(int(members.sum()) - known.size, statistic="n_missing", **keys)
    if known.size == 0:
        return rows
    try:
        found = describe(known, quartiles=settings.quartiles)
    except AnalysisError as error:
        return rows + words(f"not described: {error}", **keys)
    for statistic in ("median", "q1", "q3", "min", "max", "mean", "sd"):
        value = getattr(found, statistic)
        text = _measured(value, factor.digits, between=statistic not in {"min", "max"})
        rows += [Row(statistic=statistic, value=value, text=text, unit=factor.spec.unit, **keys)]
    return rows


def _measured(value: float, digits: int, *, between: bool) -> str:
    """Write a measured value with its factor's decimals; what lies between two values may need one more."""
    return format_rounded(value, digits + 1 if between and abs(value) < 100 else digits)


def _counts(factor: FactorData, members: NDArray[np.bool_], keys: dict[str, Any]) -> list[Row]:
    codes = factor.codes[members]
    known = int((codes >= 0).sum())
    rows = count(known, **keys) + count(codes.size - known, statistic="n_missing", **keys)
    for k, level in enumerate(factor.levels):
        n = int((codes == k).sum())
        rows += count(n, **keys, level=level.id) + share(n, known, **keys, level=level.id)
    return rows


def _compare(factor: FactorData, by: FactorData, settings: Settings, keys: dict[str, Any]) -> list[Row]:
    """Return the test between the groups, or in words why there is none."""
    try:
        test = _test(factor, by, settings)
    except AnalysisError as error:
        return words(f"not tested: {error}", **keys)
    return test_rows(test, test.method, **keys)


def _test(factor: FactorData, by: FactorData, settings: Settings) -> TestResult:
    if describe_as(factor) != "count":
        assert factor.numbers is not None
        known = ~np.isnan(factor.numbers)
        groups = [factor.numbers[known & (by.codes == k)] for k in range(len(by.levels))]
        if len(groups) == 2:
            return mann_whitney(groups[0], groups[1], correction=settings.rank_correction)
        return kruskal_wallis(groups)
    crossed = np.zeros((len(factor.levels), len(by.levels)), dtype=np.int64)
    both = (factor.codes >= 0) & (by.codes >= 0)
    np.add.at(crossed, (factor.codes[both], by.codes[both]), 1)
    crossed = crossed[crossed.sum(axis=1) > 0][:, crossed.sum(axis=0) > 0]
    small = bool((expected_counts(crossed) < 5).any()) if min(crossed.shape, default=0) > 1 else False
    if settings.table_test == "fisher" or (settings.table_test == "fisher-if-small" and small):
        return _fisher_if_feasible(crossed)
    return pearson_chi_square(crossed, correction="none")


def _fisher_if_feasible(crossed: NDArray[np.int64]) -> TestResult:
    """Return Fisher's test, or Pearson's where the table is too large for it; ``method`` says so."""
    try:
        return fisher_exact(crossed)
    except AnalysisError:
        test = pearson_chi_square(crossed, correction="none")
        return replace(test, method=f"{test.method} (the table is too large for Fisher's exact test)")
