"""Which analyses a protocol asks for, in the order of the report."""

from __future__ import annotations

from oncohort.analysis.baseline import analyze_baseline, described_id
from oncohort.analysis.delayed_entry import analyze_entries, analyze_observation
from oncohort.analysis.fine_gray_model import analyze_fine_gray
from oncohort.analysis.flow import analyze_flow, flow_levels
from oncohort.analysis.guards import analyze_guards
from oncohort.analysis.incidence import analyze_incidence, incidence_curves
from oncohort.analysis.level_tests import HowCompared
from oncohort.analysis.masking import mask_small_cells
from oncohort.analysis.records_plan import analyze_records, record_levels
from oncohort.analysis.regression import (
    FittedModel,
    analyze_multivariable_cox,
    analyze_proportional_hazards,
    analyze_stepwise,
    analyze_univariable_cox,
    fit_model,
)
from oncohort.analysis.resampling import analyze_bootstrap
from oncohort.analysis.restricted_mean import analyze_restricted_means
from oncohort.analysis.rows import scale_of
from oncohort.analysis.settings import Settings, read_settings
from oncohort.analysis.splines import analyze_splines, spline_curves
from oncohort.analysis.subgroups import analyze_subgroups
from oncohort.analysis.survival import analyze_follow_up, analyze_survival, curve_of, curve_rows
from oncohort.analysis.univariable import analyze_univariable, compare_levels, level_curves
from oncohort.study.cohort import Cohort
from oncohort.study.findings import Finding
from oncohort.study.protocol import Protocol, Table
from oncohort.study.recall import Recall, anew
from oncohort.study.results import CurveRow, LevelRow, Results, Row


def analyze_cohort(cohort: Cohort, protocol: Protocol, recall: Recall = anew) -> tuple[Results, list[Finding]]:
    """Return every number the protocol asks for, and what the guards found.

    ``recall`` runs each question, or remembers what it gave in another run of the same study.
    """
    settings = read_settings(protocol)
    rows = [*recall(analyze_flow, cohort, protocol)]
    curves: list[CurveRow] = []
    for endpoint in cohort.endpoints.values():
        rows += recall(analyze_follow_up, endpoint, settings) + recall(analyze_survival, endpoint, settings)
        rows += recall(analyze_entries, endpoint)
        curves += curve_rows(curve_of(endpoint, None, settings), endpoint.spec.id, scale=scale_of(endpoint))
    rows += recall(analyze_restricted_means, cohort, protocol, settings)
    rows += recall(analyze_incidence, cohort, protocol, settings)
    for table_id, table in named_tables(protocol).items():
        analyze = analyze_baseline if table.kind == "characteristics" else analyze_univariable
        rows += recall(analyze, cohort, table, table_id, settings)
    models = [recall(fit_model, cohort, model, protocol, settings) for model in protocol.model if model.kind == "cox"]
    for fitted in models:
        rows += recall(_model_rows, cohort, fitted, settings) + recall(analyze_bootstrap, cohort, fitted, settings)
    for model in protocol.model:
        rows += recall(analyze_fine_gray, cohort, model, settings) if model.kind == "fine-gray" else []
    for subgroups in protocol.subgroup:
        rows += recall(analyze_subgroups, cohort, subgroups, settings)
    tabled = {(row.endpoint, row.variable) for row in rows if row.analysis == "univariable_km"}
    figure_rows, figure_curves = recall(_by_level, cohort, protocol, tabled, settings)
    rows += figure_rows + analyze_records(cohort, protocol, settings, recall)
    rows = mask_small_cells(rows, settings.min_cell)
    guard_rows, findings = analyze_guards(cohort, protocol, models, rows, settings)
    observed = {(curve.endpoint, curve.variable) for curve in figure_curves}
    observation_rows, nobody = analyze_observation(cohort, observed, settings)
    rows += mask_small_cells([*guard_rows, *observation_rows], settings.min_cell)
    levels = (*flow_levels(cohort), *_levels(cohort), *record_levels(cohort, protocol, recall))
    incidence = recall(incidence_curves, cohort, protocol, settings)
    splines = (point for fitted in models for point in recall(spline_curves, fitted, settings))
    drawn = {"incidence": tuple(incidence), "splines": tuple(splines)}
    return Results(tuple(rows), tuple(curves + figure_curves), levels, **drawn), [*findings, *nobody]


def named_tables(protocol: Protocol) -> dict[str, Table]:
    """Return the tables under their ids; one without an id is called by its place: table_1, table_2 …"""
    return {table.id or f"table_{place}": table for place, table in enumerate(protocol.table, start=1)}


def _model_rows(cohort: Cohort, fitted: FittedModel, settings: Settings) -> list[Row]:
    return [
        *analyze_univariable_cox(cohort, fitted, settings),
        *analyze_multivariable_cox(cohort, fitted, settings),
        *analyze_splines(cohort, fitted, settings),
        *analyze_proportional_hazards(fitted, settings),
        *analyze_stepwise(fitted),
    ]


def _by_level(
    cohort: Cohort, protocol: Protocol, tabled: set[tuple[str, str]], settings: Settings
) -> tuple[list[Row], list[CurveRow]]:
    """Return the curves of every endpoint by factor, and the comparison where only a figure asks for it."""
    drawn = {(c.endpoint, c.by) for figure in protocol.figure for c in figure.curves if c.by is not None}
    more: list[Row] = []
    curves: list[CurveRow] = []
    for endpoint, name in sorted(tabled | drawn):
        curves += level_curves(cohort.endpoints[endpoint], cohort.factors[name], settings)
        if (endpoint, name) not in tabled:
            keys = {"analysis": "univariable_km", "model": "figures", "endpoint": endpoint, "variable": name}
            how = HowCompared(settings.log_rank)
            more += compare_levels(cohort.endpoints[endpoint], cohort.factors[name], how, settings, keys)
    return more, curves


def _levels(cohort: Cohort) -> list[LevelRow]:
    rows: list[LevelRow] = []
    for name, factor in cohort.factors.items():
        reference = factor.spec.reference or (factor.levels[0].id if factor.levels else "")
        rows += [
            LevelRow(name, level.id, level.label, k + 1, level.id == reference, level.low, level.high)
            for k, level in enumerate(factor.levels)
        ]
        rows += [
            LevelRow(f"{name}.described", described_id(column.column), column.label, k, reference=False)
            for k, column in enumerate(factor.spec.describe_as, start=1)
        ]
    return rows
