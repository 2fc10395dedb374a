"""One comparison repeated in subgroups: its hazard ratio in each level of a factor, and the test of interaction."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from oncohort.analysis.layout import fit_columns
from oncohort.analysis.rows import count, number, p_rows, ratio_rows, test_rows, words
from oncohort.analysis.settings import Settings
from oncohort.errors import AnalysisError
from oncohort.stats.cox import CoxFit
from oncohort.stats.distributions import chi_square_test
from oncohort.study.cohort import Cohort, EndpointData, FactorData
from oncohort.study.protocol import Subgroups
from oncohort.study.results import Row

INTERACTION = "(interaction)"


def analyze_subgroups(cohort: Cohort, subgroups: Subgroups, settings: Settings) -> list[Row]:
    """Return the hazard ratio of all patients and of each subgroup, and a test of interaction for each factor.

    Each ratio comes from a model of the comparison alone in the patients of the subgroup, so each has a baseline
    hazard of its own. The interaction is the likelihood ratio of the model with and without the products of
    comparison and levels, in all patients who have both. Rows of all patients have no ``variable``; ``group``
    names what is compared, as ``therapy=B|A``.
    """
    endpoint, compared = cohort.endpoints[subgroups.endpoint], cohort.factors[subgroups.compare]
    first, second = _sides(compared)
    known = compared.codes >= 0
    keys: dict[str, Any] = {
        "analysis": "subgroup",
        "model": subgroups.id,
        "endpoint": subgroups.endpoint,
        "group": f"{subgroups.compare}={compared.levels[second].id}|{compared.levels[first].id}",
    }
    column = (compared.codes == second).astype(np.float64)
    rows = _ratio(endpoint, column, known, settings, keys)
    for name in subgroups.factors:
        factor = cohort.factors[name]
        for code, level in enumerate(factor.levels):
            members = known & (factor.codes == code)
            rows += _ratio(endpoint, column, members, settings, {**keys, "variable": name, "level": level.id})
        at = {**keys, "variable": name, "level": INTERACTION}
        rows += _interaction(endpoint, column, factor, known & (factor.codes >= 0), settings, at)
    return rows


def _sides(compared: FactorData) -> tuple[int, int]:
    """Return the places of the reference level and of the other."""
    ids = [level.id for level in compared.levels]
    first = ids.index(compared.spec.reference) if compared.spec.reference in ids else 0
    return first, 1 - first


def _ratio(
    endpoint: EndpointData, column: NDArray[np.float64], members: NDArray[np.bool_], settings: Settings, keys: Any
) -> list[Row]:
    rows = count(int(members.sum()), **keys)
    rows += count(int(endpoint.event[members].sum()), statistic="n_event", **keys)
    try:
        fit = _fit(endpoint, {"compared": column}, members, settings)
    except AnalysisError as error:
        return rows + words(f"not estimable: {error}", **keys)
    if not fit.converged:
        return rows + words(f"not estimable: {fit.failure_reason}", **keys)
    limits = (float(fit.hazard_ratio[0]), float(fit.conf_low[0]), float(fit.conf_high[0]))
    rows += ratio_rows(float(fit.coefficients[0]), float(fit.std_error[0]), limits, settings.ratio_digits, **keys)
    rows += number("statistic", float(fit.z[0]) ** 2, digits=2, **keys)
    return rows + p_rows(float(fit.p_value[0]), float(fit.log10_p[0]), **keys)


def _interaction(
    endpoint: EndpointData,
    column: NDArray[np.float64],
    factor: FactorData,
    members: NDArray[np.bool_],
    settings: Settings,
    keys: Any,
) -> list[Row]:
    levels = {level.id: (factor.codes == code).astype(np.float64) for code, level in enumerate(factor.levels)}
    alone = {"compared": column} | dict(list(levels.items())[1:])
    products = {f"compared, {name}": column * values for name, values in list(levels.items())[1:]}
    try:
        without, with_products = (_fit(endpoint, c, members, settings) for c in (alone, alone | products))
    except AnalysisError as error:
        return words(f"not tested: {error}", **keys)
    df = with_products.likelihood_ratio.df - without.likelihood_ratio.df
    if df < 1:
        return words("not tested: only one level has patients of both groups", **keys)
    gain = 2.0 * (with_products.log_likelihood - without.log_likelihood)
    test = chi_square_test(max(gain, 0.0), df, "likelihood ratio of the interaction")
    return test_rows(test, test.method, **keys)


def _fit(
    endpoint: EndpointData, columns: dict[str, NDArray[np.float64]], members: NDArray[np.bool_], settings: Settings
) -> CoxFit:
    if not members.any():
        raise AnalysisError("no patient is in it")
    return fit_columns(endpoint, columns, members, settings)
