"""Cox models: each factor alone, then together or after selection, with the checks of what they assume."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oncohort.analysis.design import Term, code_factor
from oncohort.analysis.layout import Layout, fit_cox, in_words, layout_of, of, told_of
from oncohort.analysis.rows import count, number, p_rows, ratio_rows, test_rows, words
from oncohort.analysis.settings import Settings
from oncohort.errors import AnalysisError
from oncohort.stats.concordance import concordance
from oncohort.stats.cox import CoxFit, linear_predictor, wald_block
from oncohort.stats.proportional_hazards import cox_zph
from oncohort.stats.robust_variance import RobustVariance
from oncohort.stats.stepwise import StepwiseResult, stepwise
from oncohort.study.cohort import Cohort, EndpointData, entry_of
from oncohort.study.protocol import Model, Protocol
from oncohort.study.results import Row


@dataclass(frozen=True, slots=True)
class FittedModel:
    """One ``[[model]]`` as it was fitted: its candidates, its complete cases, what was selected, and the fit.

    ``layout`` holds strata, weights and clusters; who lacks one of them is no complete case.
    ``fit`` is None where nothing was selected or nothing could be fitted; ``reason`` then says why.
    """

    spec: Model
    terms: tuple[Term, ...]
    layout: Layout
    complete: NDArray[np.bool_]
    selected: tuple[str, ...]
    path: StepwiseResult | None
    fit: CoxFit | None
    reason: str


def fit_model(cohort: Cohort, model: Model, protocol: Protocol, settings: Settings) -> FittedModel:
    """Fit one model on the patients who have all its candidate factors."""
    endpoint = cohort.endpoints[model.endpoint]
    terms = tuple(code_factor(cohort.factors[name], model) for name in model.factors)
    layout = layout_of(cohort, model)
    complete = np.logical_and.reduce([layout.known, *(term.known() for term in terms)])
    method, criterion, enter, remove = protocol.selection_of(model)
    path: StepwiseResult | None = None
    fit: CoxFit | None = None
    reason = ""
    selected = model.factors
    if not complete.any():
        return FittedModel(model, terms, layout, complete, (), None, None, "no patient has all the candidate factors")
    try:
        if method == "none":
            fit = fit_cox(endpoint, terms, layout, complete, settings)
        else:
            path = stepwise(
                endpoint.time[complete],
                endpoint.event[complete],
                blocks_of(terms, complete),
                direction="forward" if method == "forward-stepwise" else "backward",
                criterion=criterion,
                enter=enter,
                remove=remove,
                ties=settings.ties,
                entry=entry_of(endpoint, complete),
                strata=of(layout.strata, complete),
                weights=of(layout.weights, complete),
            )
            selected = tuple(name for name in model.factors if name in path.selected)
            chosen = tuple(term for term in terms if term.factor in selected)
            fit = fit_cox(endpoint, chosen, layout, complete, settings) if chosen else None
            nothing = (
                "no factor met the entry criterion" if method == "forward-stepwise" else "all factors were removed"
            )
            reason = "" if chosen else nothing
    except AnalysisError as error:
        selected, reason = (), str(error)
    return FittedModel(model, terms, layout, complete, selected, path, fit, reason)


def blocks_of(terms: tuple[Term, ...], members: NDArray[np.bool_]) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return the columns of each term, by their names, of some patients."""
    return {term.factor: dict(zip(term.names(), term.columns[members].T, strict=True)) for term in terms}


def analyze_univariable_cox(cohort: Cohort, fitted: FittedModel, settings: Settings) -> list[Row]:
    """Return the hazard ratio of each candidate alone, in all patients whose factor is known."""
    endpoint = cohort.endpoints[fitted.spec.endpoint]
    rows: list[Row] = []
    for term in fitted.terms:
        keys: dict[str, Any] = keys_of("univariable_cox", fitted)
        known = term.known() & fitted.layout.known
        keys["variable"] = term.factor
        rows += count(int(known.sum()), **keys)
        rows += count(int(endpoint.event[known].sum()), statistic="n_event", **keys)
        try:
            fit = fit_cox(endpoint, (term,), fitted.layout, known, settings)
            told = told_of(fit, fitted.layout, known)
        except AnalysisError as error:
            rows += words(f"not estimable: {error}", **keys)
        else:
            rows += _term_rows(fit, told, term, settings, keys)
    return rows


def analyze_multivariable_cox(cohort: Cohort, fitted: FittedModel, settings: Settings) -> list[Row]:
    """Return the final model: its patients, its tests, and a hazard ratio for each selected term."""
    endpoint = cohort.endpoints[fitted.spec.endpoint]
    keys = keys_of("multivariable_cox", fitted)
    complete = fitted.complete
    rows = count(int(complete.sum()), **keys)
    rows += count(complete.size, statistic="n_total", **keys)
    rows += count(int((~complete).sum()), statistic="n_missing", **keys)
    rows += count(int(endpoint.event[complete].sum()), statistic="n_event", **keys)
    for term in fitted.terms:
        chosen = term.factor in fitted.selected
        term_keys = {**keys, "variable": term.factor}
        rows += [Row(statistic="selected", value=float(chosen), text="yes" if chosen else "no", **term_keys)]
        rows += words(term.coding, **term_keys)
    fit = fitted.fit
    if fit is None:
        return rows + words(fitted.reason, **keys)
    rows += number("log_likelihood", fit.log_likelihood, digits=3, **keys)
    try:
        told = told_of(fit, fitted.layout, complete)
    except AnalysisError as error:
        return rows + words(f"not estimable: {error}", **keys)
    rows += _model_tests(fit, told, keys)
    rows += _discrimination(endpoint, fitted, keys) if fit.converged else []
    rows += words("; ".join(troubles_of(fit, fitted.terms)) or in_words(fit, fitted.layout), **keys)
    for term in fitted.terms:
        if term.factor in fitted.selected:
            rows += _term_rows(fit, told, term, settings, {**keys, "variable": term.factor})
    return rows


def _model_tests(fit: CoxFit, told: CoxFit | RobustVariance, keys: dict[str, Any]) -> list[Row]:
    """Return the tests of the whole model; the likelihood ratio has no robust form."""
    tests = {"wald": told.wald, "score": told.score}
    if isinstance(told, CoxFit):
        tests = {"likelihood-ratio": fit.likelihood_ratio, **(tests if fit.converged else {"score": told.score})}
    return [row for level, test in tests.items() for row in test_rows(test, test.method, **keys, level=level)]


def _discrimination(endpoint: EndpointData, fitted: FittedModel, keys: dict[str, Any]) -> list[Row]:
    assert fitted.fit is not None
    risk, layout, members = linear_predictor(fitted.fit), fitted.layout, fitted.complete
    try:
        found = concordance(
            endpoint.time[members],
            endpoint.event[members],
            risk,
            entry=entry_of(endpoint, members),
            strata=of(layout.strata, members),
            weights=of(layout.weights, members),
            cluster=of(layout.cluster, members),
        )
    except AnalysisError as error:
        return words(f"not estimable: {error}", **keys, level="c-index")
    return [
        *number("c_index", found.estimate, digits=3, **keys),
        *number("std_error", found.std_error, digits=4, **keys, level="c-index"),
    ]


def _term_rows(
    fit: CoxFit, told: CoxFit | RobustVariance, term: Term, settings: Settings, keys: dict[str, Any]
) -> list[Row]:
    """Return the hazard ratios of one factor, and its test as a whole where it has several columns.

    A spline has no ratio of a column, but a test of what bends it. A fit without a maximum has no estimates: they are
    nan, and the reason is told.
    """
    rows = [] if fit.converged else words("; ".join(troubles_of(fit, (term,))), **keys, level="(fit)")
    for name, level in zip(term.names(), term.levels, strict=True) if term.shape is None else ():
        k = fit.names.index(name)
        at = {**keys, "level": level}
        if not fit.converged:
            rows += ratio_rows(nan, nan, (nan, nan, nan), settings.ratio_digits, **at)
            continue
        limits = (float(told.hazard_ratio[k]), float(told.conf_low[k]), float(told.conf_high[k]))
        rows += ratio_rows(float(fit.coefficients[k]), float(told.std_error[k]), limits, settings.ratio_digits, **at)
        rows += number("statistic", float(told.z[k]) ** 2, digits=2, **at)
        rows += p_rows(float(told.p_value[k]), float(told.log10_p[k]), **at)
    for block, names in term.blocks().items() if fit.converged else ():
        rows += _block_rows(fit, told, names, {**keys, "level": block})
    return rows


def _block_rows(fit: CoxFit, told: CoxFit | RobustVariance, names: tuple[str, ...], at: dict[str, Any]) -> list[Row]:
    try:
        test = wald_block(fit, names, covariance=told.covariance)
    except AnalysisError as error:
        return words(f"not tested: {error}", **at)
    return test_rows(test, test.method, **at)


def troubles_of(fit: CoxFit, terms: tuple[Term, ...]) -> list[str]:
    """Return what went wrong in a fit, once each, with factors and levels called by their labels."""
    told = [fit.failure_reason] if fit.failure_reason else []
    told += [*fit.warnings, *(f"{name} was left out: it adds nothing to the other columns" for name in fit.singular)]
    labels = {name: label for term in terms for name, label in zip(term.names(), term.labels, strict=True)}
    for name in sorted(labels, key=len, reverse=True):
        told = [re.sub(rf"(?<![\w=]){re.escape(name)}(?![\w=])", lambda _, n=name: labels[n], text) for text in told]
    return list(dict.fromkeys(told))


def analyze_proportional_hazards(fitted: FittedModel, settings: Settings) -> list[Row]:
    """Return the score test of proportional hazards for each term of the final model, and for all."""
    keys = keys_of("proportional_hazards", fitted)
    if fitted.fit is None or not fitted.fit.converged:
        return []
    names = {t.factor: t.names() for t in fitted.terms if t.factor in fitted.selected}
    try:
        tests = cox_zph(fitted.fit, transform=settings.ph_transform, terms=names)
    except AnalysisError as error:
        return words(f"not tested: {error}", **keys)
    method = f"score test, {settings.ph_transform}"
    rows = [
        row
        for name, test in zip(tests.terms, tests.tests, strict=True)
        for row in test_rows(test, method, **keys, variable=name)
    ]
    return rows + test_rows(tests.overall, method, **keys)


def analyze_stepwise(fitted: FittedModel) -> list[Row]:
    """Return the path of the selection, step by step: ``model`` is ``id:1``, ``id:2`` …

    Keys: ``level`` is ``enter`` for the score test of a candidate and ``remove`` for the removal test
    of a term in the model; ``selected`` marks the term that entered or left; rows without ``variable``
    give the log likelihood after the step.
    """
    path = fitted.path
    if path is None:
        return []
    base = keys_of("stepwise", fitted)
    start = {**base, "model": f"{fitted.spec.id}:0"}
    rows = number("log_likelihood", path.log_likelihood_null, digits=3, **start) + words(path.stop_reason, **start)
    for place, step in enumerate(path.steps, start=1):
        keys = {**base, "model": f"{fitted.spec.id}:{place}"}
        rows += number("log_likelihood", -0.5 * step.minus_2_log_likelihood, digits=3, **keys)
        rows += words(step.action, **keys)
        for level, tests in (("enter", step.candidates), ("remove", step.removals)):
            for found in tests:
                rows += test_rows(found.test, found.test.method, **keys, variable=found.term, level=level)
        if step.term:
            rows += [Row(statistic="selected", value=1.0, text=step.action, **keys, variable=step.term)]
    return rows


def keys_of(analysis: str, fitted: FittedModel) -> dict[str, Any]:
    """Return the keys that all rows of a model share."""
    return {"analysis": analysis, "model": fitted.spec.id, "endpoint": fitted.spec.endpoint}
