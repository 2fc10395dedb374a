"""Factors that enter a model as a spline: the hazard ratio as a curve over their values."""

from __future__ import annotations

from typing import Any

import numpy as np

from oncohort.analysis.design import Term
from oncohort.analysis.layout import told_of
from oncohort.analysis.regression import FittedModel, keys_of
from oncohort.analysis.rows import ratio_rows
from oncohort.analysis.settings import Settings
from oncohort.analysis.spline_shape import SplineShape, Values, columns_at, drawn_at
from oncohort.errors import AnalysisError
from oncohort.stats.cox import CoxFit
from oncohort.stats.cox_prediction import RelativeHazard, relative_hazard
from oncohort.stats.robust_variance import RobustVariance
from oncohort.study.cohort import Cohort
from oncohort.study.results import Row, SplineRow
from oncohort.study.text import format_rounded


def analyze_splines(cohort: Cohort, fitted: FittedModel, settings: Settings) -> list[Row]:
    """Return knots, reference and percentiles of each spline of a final model, and the hazard ratio at each percentile.

    ``level`` is ``knot1`` …, ``reference``, or a percentile: ``p5``, ``p25``, ``p50``, ``p75``, ``p95``. A percentile
    that is the reference has no ratio.
    """
    rows: list[Row] = []
    for term, shape in splines_of(fitted):
        keys = {**keys_of("spline", fitted), "variable": term.factor}
        factor = cohort.factors[term.factor]
        named = {f"knot{k}": knot for k, knot in enumerate(shape.knots, start=1)} | {"reference": shape.reference}
        for level, value in (named | shape.read_at).items():
            text = format_rounded(value, max(factor.digits, 1))
            rows.append(Row(statistic="at", value=value, text=text, unit=factor.spec.unit, level=level, **keys))
        others = {level: value for level, value in shape.read_at.items() if value != shape.reference}
        found = _ratios(fitted, term, shape, np.array(list(others.values())), settings)
        if found is not None:
            for k, level in enumerate(others):
                rows += _ratio_rows(found, k, settings, {**keys, "level": level})
    return rows


def _ratio_rows(found: RelativeHazard, k: int, settings: Settings, keys: dict[str, Any]) -> list[Row]:
    limits = (float(found.hazard_ratio[k]), float(found.conf_low[k]), float(found.conf_high[k]))
    log_ratio, std_error = float(found.log_hazard_ratio[k]), float(found.std_error[k])
    return ratio_rows(log_ratio, std_error, limits, settings.ratio_digits, **keys)


def spline_curves(fitted: FittedModel, settings: Settings) -> list[SplineRow]:
    """Return the curve of each spline of a final model, adjusted for its other factors."""
    rows: list[SplineRow] = []
    for term, shape in splines_of(fitted):
        at = drawn_at(shape)
        found = _ratios(fitted, term, shape, at, settings)
        if found is not None:
            parts = zip(at, found.hazard_ratio, found.conf_low, found.conf_high, strict=True)
            of = (fitted.spec.id, fitted.spec.endpoint, term.factor)
            rows += [SplineRow(*of, *(float(part) for part in point)) for point in parts]
    return rows


def splines_of(fitted: FittedModel) -> list[tuple[Term, SplineShape]]:
    """Return the splines of a final model that has estimates."""
    if fitted.fit is None or not fitted.fit.converged:
        return []
    chosen = (term for term in fitted.terms if term.factor in fitted.selected)
    return [(term, term.shape) for term in chosen if term.shape is not None]


def contrasts(fit: CoxFit, term: Term, shape: SplineShape, at: Values) -> Values:
    """Return the (m, p) change of every column of a fit from the reference of a spline to m of its values."""
    away = np.zeros((at.size, len(fit.names)))
    own = [fit.names.index(name) for name in term.names()]
    away[:, own] = columns_at(shape, at) - columns_at(shape, np.array([shape.reference]))
    return away


def _ratios(
    fitted: FittedModel, term: Term, shape: SplineShape, at: Values, settings: Settings
) -> RelativeHazard | None:
    """Return the hazard ratio of each value against the reference; None where there is no robust variance."""
    fit = fitted.fit
    assert fit is not None
    try:
        told = told_of(fit, fitted.layout, fitted.complete)
    except AnalysisError:
        return None
    robust = told if isinstance(told, RobustVariance) else None
    here = dict.fromkeys(fit.names, 0.0)
    away = contrasts(fit, term, shape, at)
    return relative_hazard(fit, away, reference=here, conf_level=settings.conf_level, robust=robust)
