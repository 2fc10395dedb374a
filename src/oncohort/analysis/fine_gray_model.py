"""Fine and Gray's models: how factors move the cumulative incidence of an event that others compete with."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from oncohort.analysis.design import Term, code_factor
from oncohort.analysis.incidence import CAUSES, cause_codes
from oncohort.analysis.rows import count, number, p_rows, ratio_rows, test_rows, words
from oncohort.analysis.settings import Settings
from oncohort.errors import AnalysisError
from oncohort.stats.distributions import chi_square_test
from oncohort.stats.fine_gray import FineGrayFit, fine_gray
from oncohort.study.cohort import Cohort
from oncohort.study.protocol import Model
from oncohort.study.results import Row


def analyze_fine_gray(cohort: Cohort, model: Model, settings: Settings) -> list[Row]:
    """Return one ``[[model]]`` of kind fine-gray, fitted to the patients who have all its factors.

    Keys are those of a final Cox model: ``variable`` and ``level`` of a column, ``(block)`` for the test of all
    columns of a factor, ``wald`` for that of the model.
    """
    endpoint = cohort.endpoints[model.endpoint]
    keys: dict[str, Any] = {"analysis": "fine_gray", "model": model.id, "endpoint": model.endpoint}
    terms, complete = terms_of(cohort, model)
    codes = cause_codes(endpoint)[complete]
    rows = count(int(complete.sum()), **keys)
    rows += count(complete.size, statistic="n_total", **keys)
    rows += count(int((~complete).sum()), statistic="n_missing", **keys)
    rows += count(int((codes == CAUSES["event"]).sum()), statistic="n_event", **keys)
    rows += count(int((codes == CAUSES["competing"]).sum()), statistic="n_event", **keys, level="competing")
    for term in terms:
        rows += words(term.coding, **keys, variable=term.factor)
    columns = {
        name: column[complete] for term in terms for name, column in zip(term.names(), term.columns.T, strict=True)
    }
    try:
        fit = fine_gray(
            endpoint.time[complete],
            codes,
            columns,
            of=CAUSES["event"],
            censoring_ties=settings.censoring_ties,
            conf_level=settings.conf_level,
        )
    except AnalysisError as error:
        return rows + words(f"not estimable: {error}", **keys)
    rows += number("log_likelihood", fit.log_likelihood, digits=3, **keys)
    rows += test_rows(fit.wald, fit.wald.method, **keys, level="wald")
    rows += words(f"Fine-Gray, breslow, censoring ties {settings.censoring_ties}", **keys)
    for term in terms:
        rows += _term(fit, term, settings, {**keys, "variable": term.factor})
    return rows


def terms_of(cohort: Cohort, model: Model) -> tuple[tuple[Term, ...], NDArray[np.bool_]]:
    """Return the coded factors of a model, and which patients have all of them."""
    terms = tuple(code_factor(cohort.factors[name], model) for name in model.factors)
    return terms, np.logical_and.reduce([term.known() for term in terms])


def _term(fit: FineGrayFit, term: Term, settings: Settings, keys: dict[str, Any]) -> list[Row]:
    """Return the ratios of one factor, and its test as a whole where it has several columns."""
    rows: list[Row] = []
    places = [fit.names.index(name) for name in term.names()]
    for k, level in zip(places, term.levels, strict=True):
        at = {**keys, "level": level}
        limits = (float(fit.hazard_ratio[k]), float(fit.conf_low[k]), float(fit.conf_high[k]))
        rows += ratio_rows(float(fit.coefficients[k]), float(fit.std_error[k]), limits, settings.ratio_digits, **at)
        rows += number("statistic", float(fit.z[k]) ** 2, digits=2, **at)
        rows += p_rows(float(fit.p_value[k]), float(fit.log10_p[k]), **at)
    if len(places) > 1:
        own = fit.coefficients[places]
        chi = float(own @ np.linalg.solve(fit.covariance[np.ix_(places, places)], own))
        test = chi_square_test(chi, len(places), "robust Wald test")
        rows += test_rows(test, test.method, **keys, level="(block)")
    return rows
