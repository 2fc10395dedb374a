"""Table II: one row a level, the median of each endpoint, and the test over the levels."""

from __future__ import annotations

from typing import Any

from oncohort.analysis.level_tests import HowCompared, level_tests
from oncohort.analysis.rows import count, median_rows, scale_of
from oncohort.analysis.settings import Settings
from oncohort.analysis.survival import curve_of, curve_rows, median_of
from oncohort.study.cohort import Cohort, EndpointData, FactorData
from oncohort.study.protocol import Table
from oncohort.study.results import CurveRow, Row


def analyze_univariable(cohort: Cohort, table: Table, table_id: str, settings: Settings) -> list[Row]:
    """Return the rows of one univariable table.

    Keys: ``model`` is the table's id; ``level`` the level's id, empty for the test over all levels;
    ``group`` ``factor=a|b`` for a pairwise test. Patients whose level is not known are left out and
    counted in ``n_missing``.
    """
    strata = None if table.strata is None else cohort.factors[table.strata]
    how = HowCompared(table.test or settings.log_rank, strata, table.trend)
    rows: list[Row] = []
    for endpoint_id in table.endpoints:
        for name in table.factors:
            keys: dict[str, Any] = {
                "analysis": "univariable_km",
                "model": table_id,
                "endpoint": endpoint_id,
                "variable": name,
            }
            rows += compare_levels(cohort.endpoints[endpoint_id], cohort.factors[name], how, settings, keys)
    return rows


def compare_levels(
    endpoint: EndpointData, factor: FactorData, how: HowCompared, settings: Settings, keys: dict[str, Any]
) -> list[Row]:
    """Return n, events and median of each level, and the tests between the levels."""
    known = factor.codes >= 0
    rows = count(int(known.sum()), **keys) + count(int((~known).sum()), statistic="n_missing", **keys)
    rows += count(int(endpoint.event[known].sum()), statistic="n_event", **keys)
    present = [k for k in range(len(factor.levels)) if (factor.codes == k).any()]
    for k, level in enumerate(factor.levels):
        members = factor.codes == k
        rows += count(int(members.sum()), **keys, level=level.id)
        rows += count(int(endpoint.event[members].sum()), statistic="n_event", **keys, level=level.id)
        if k in present:
            median = median_of(curve_of(endpoint, members, settings), settings)
            rows += median_rows(median, endpoint, **keys, level=level.id)
    return rows + level_tests(endpoint, factor, how, settings, keys)


def level_curves(endpoint: EndpointData, factor: FactorData, settings: Settings) -> list[CurveRow]:
    """Return one curve for each level that has patients."""
    rows: list[CurveRow] = []
    for k, level in enumerate(factor.levels):
        members = factor.codes == k
        if members.any():
            curve = curve_of(endpoint, members, settings)
            keys = {"variable": factor.spec.id, "level": level.id}
            rows += curve_rows(curve, endpoint.spec.id, scale=scale_of(endpoint), **keys)
    return rows
