"""Groups of patients: how rows name them, and how counts and survival are compared between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncohort.analysis.level_tests import HowCompared
from oncohort.analysis.rows import count, share, test_rows, words
from oncohort.analysis.settings import Settings
from oncohort.analysis.univariable import compare_levels
from oncohort.derive.factors import derive_factor
from oncohort.errors import AnalysisError
from oncohort.stats.compare import expected_counts, pearson_chi_square
from oncohort.stats.distributions import TestResult
from oncohort.stats.fisher import fisher_exact
from oncohort.stats.proportion import ProportionMethod, proportion_interval
from oncohort.study.cohort import Cohort, EndpointData, FactorData
from oncohort.study.comparison_factor import arm_as_factor
from oncohort.study.protocol import Comparison, Protocol
from oncohort.study.results import Row
from oncohort.study.text import format_number

Members: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups of a factor or comparison; ``name`` is what rows call it: ``arm`` in ``arm=tace``."""

    name: str
    factor: FactorData


def groups_of(cohort: Cohort, protocol: Protocol, name: str) -> Groups:
    """Return the groups of a factor, or of a comparison, whose rows are called by what it compares."""
    comparison = protocol.find_comparison(name)
    return Groups(name if comparison is None else comparison.by, cohort.factors[name])


def arm_groups(cohort: Cohort, protocol: Protocol) -> Groups | None:
    """Return the arms of actual treatment; None where the protocol has none."""
    if protocol.arm is None or cohort.derived is None:
        return None
    spec = arm_as_factor(protocol.arm)
    return Groups(spec.id, derive_factor(of_analyzed(cohort, cohort.derived.patients), spec)[0])


def each_group(groups: Groups) -> Iterator[tuple[str, Members]]:
    """Yield the key of each group with its members."""
    for k, level in enumerate(groups.factor.levels):
        yield f"{groups.name}={level.id}", groups.factor.codes == k


def between(groups: Groups) -> str:
    """Return the key of what is said of all groups together, such as their test: ``arm=tace_cryo|tace``."""
    return f"{groups.name}=" + "|".join(level.id for level in groups.factor.levels)


def inside_population(cohort: Cohort, comparison: Comparison) -> Members:
    """Return which analyzed patients a comparison is about."""
    if comparison.population == "analysis" or cohort.derived is None:
        return np.ones(len(cohort.patient_id), dtype=np.bool_)
    progressed = of_analyzed(cohort, cohort.derived.patients)["progressed"]
    return (progressed == "Y").fill_null(value=False).to_numpy().astype(np.bool_)


def of_analyzed(cohort: Cohort, frame: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of the analyzed patients in their order, with nulls for who has none."""
    analyzed = pl.DataFrame({"patient_id": list(cohort.patient_id)}, schema={"patient_id": pl.String})
    return analyzed.join(frame, on="patient_id", how="left", maintain_order="left")


def as_days(column: pl.Series) -> NDArray[np.float64]:
    """Return days as numbers, nan where there is none."""
    return column.cast(pl.Float64).to_numpy().astype(np.float64)


def narrowed(groups: Groups, members: Members) -> Groups:
    """Return the groups of some of the patients."""
    factor = groups.factor
    numbers = None if factor.numbers is None else factor.numbers[members]
    return replace(groups, factor=replace(factor, codes=factor.codes[members], numbers=numbers))


def followed(endpoint: EndpointData, members: Members, time: NDArray[np.float64]) -> EndpointData:
    """Return an endpoint of some of the patients, with another time (n,) to its event."""
    competing = None if endpoint.competing is None else endpoint.competing[members]
    return replace(endpoint, time=time[members], event=endpoint.event[members], competing=competing)


def compare_survival(endpoint: EndpointData, groups: Groups, settings: Settings, keys: dict[str, Any]) -> list[Row]:
    """Return n, events and median of each group, the test of curves in force, and the tests of pairs of three or more.

    Rows about all groups together are under the key of their test.
    """
    spec = groups.factor.spec.model_copy(update={"id": groups.name})
    rows = compare_levels(endpoint, replace(groups.factor, spec=spec), HowCompared(settings.log_rank), settings, keys)
    return [_of_group(row, groups) for row in rows]


def _of_group(row: Row, groups: Groups) -> Row:
    """Return a row of a level, or of all levels, as one of a group, or of all groups."""
    if row.level:
        return replace(row, group=f"{groups.name}={row.level}", level="")
    return row if row.group else replace(row, group=between(groups))


def compare_counts(has: Members, groups: Groups, test: str, keys: dict[str, Any]) -> list[Row]:
    """Return how many patients of each group have something, and the test between the groups."""
    rows: list[Row] = []
    for group, members in each_group(groups):
        rows += count(int(has[members].sum()), **keys, group=group)
        rows += share(int(has[members].sum()), int(members.sum()), **keys, group=group)
    return rows + count_test(has, groups, test, keys)


def count_test(has: Members, groups: Groups, test: str, keys: dict[str, Any]) -> list[Row]:
    """Return the test of a count between groups, or in words why there is none; groups without patients are left out.

    ``test`` is ``pearson``, ``fisher``, or ``fisher-if-small``: Fisher's where an expected count is below 5.
    """
    codes, n_groups = groups.factor.codes, len(groups.factor.levels)
    parts = [np.bincount(codes[part & (codes >= 0)], minlength=n_groups) for part in (has, ~has)]
    crossed = np.stack(parts)[:, sum(parts) > 0]
    at = {**keys, "group": between(groups)}
    if crossed.shape[1] < 2:
        return words("not tested: fewer than two groups have patients", **at)
    if not crossed.sum(axis=1).all():
        return words("not tested: all patients of the groups are alike", **at)
    found = test_of_counts(crossed, test)
    return test_rows(found, found.method, **at)


def test_of_counts(crossed: NDArray[np.int64], test: str) -> TestResult:
    """Return the named test of a table of counts; Pearson's where it is too large for Fisher's, as ``method`` says."""
    small = test == "fisher-if-small" and bool((expected_counts(crossed) < 5).any())
    pearson = pearson_chi_square(crossed, correction="none")
    if test != "fisher" and not small:
        return pearson
    try:
        return fisher_exact(crossed)
    except AnalysisError:
        return replace(pearson, method=f"{pearson.method} (the table is too large for Fisher's exact test)")


def rate_rows(n: int, total: int, method: ProportionMethod, settings: Settings, keys: dict[str, Any]) -> list[Row]:
    """Return a number of patients, its percentage, and the limits of that; none where there are no patients."""
    rows = count(n, **keys) + share(n, total, **keys)
    if total == 0:
        return rows
    found = proportion_interval(n, total, method=method, conf_level=settings.conf_level)
    for side, limit in (("conf_low", found.conf_low), ("conf_high", found.conf_high)):
        rows.append(Row(statistic=side, value=100 * limit, text=format_number(100 * limit, 1), unit="%", **keys))
    return rows
