"""What a model has beside its factors: strata, weights and clusters; and the fit they make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from oncohort.analysis.design import Term
from oncohort.analysis.settings import Settings
from oncohort.stats.cox import CoxFit, cox
from oncohort.stats.robust_variance import RobustVariance, robust_variance
from oncohort.study.cohort import Cohort, EndpointData, entry_of
from oncohort.study.protocol import Model

Members: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Layout:
    """Strata, weights and clusters of n patients, None where a model has none.

    ``known`` is False for patients who lack one of them; ``robust`` says where standard errors come from.
    """

    strata: NDArray[np.int64] | None
    weights: NDArray[np.float64] | None
    cluster: NDArray[np.int64] | None
    robust: bool
    known: Members


def layout_of(cohort: Cohort, model: Model) -> Layout:
    """Return what a model has beside its factors."""
    known = np.ones(len(cohort.patient_id), dtype=np.bool_)
    strata: NDArray[np.int64] | None = None
    for name in model.strata:
        factor = cohort.factors[name]
        known &= factor.codes >= 0
        strata = factor.codes if strata is None else strata * len(factor.levels) + factor.codes
    weights = None if model.weights is None else cohort.factors[model.weights].numbers
    if weights is not None:
        known &= ~np.isnan(weights)
    cluster = None if model.cluster is None else cohort.factors[model.cluster].codes
    if cluster is not None:
        known &= cluster >= 0
    return Layout(strata, weights, cluster, model.variance == "robust", known)


def fit_cox(
    endpoint: EndpointData, terms: tuple[Term, ...], layout: Layout, members: Members, settings: Settings
) -> CoxFit:
    """Fit some terms on some patients, in their strata and with their weights."""
    columns = {name: column for term in terms for name, column in zip(term.names(), term.columns.T, strict=True)}
    return fit_columns(
        endpoint, columns, members, settings, strata=of(layout.strata, members), weights=of(layout.weights, members)
    )


def fit_columns(
    endpoint: EndpointData,
    columns: Mapping[str, NDArray[np.float64]],
    members: Members,
    settings: Settings,
    **beside: NDArray[Any] | None,
) -> CoxFit:
    """Fit columns of all patients on some of them; ``beside`` are strata and weights of these."""
    return cox(
        endpoint.time[members],
        endpoint.event[members],
        {name: column[members] for name, column in columns.items()},
        ties=settings.ties,
        entry=entry_of(endpoint, members),
        conf_level=settings.conf_level,
        **beside,
    )


def told_of(fit: CoxFit, layout: Layout, members: Members) -> CoxFit | RobustVariance:
    """Return what limits and tests are read from: the fit itself, or its robust variance.

    Raises
    ------
    AnalysisError
        If there is no robust variance: all patients are of one cluster.
    """
    if not layout.robust or not fit.converged:
        return fit
    return robust_variance(fit, cluster=of(layout.cluster, members))


def of(values: NDArray[np.int64] | NDArray[np.float64] | None, members: Members) -> NDArray[np.generic] | None:
    """Return the values of some patients, None where there are none."""
    return None if values is None else values[members]


def in_words(fit: CoxFit, layout: Layout) -> str:
    """Return ties, strata, weights and variance in a few words."""
    said = [str(fit.ties)]
    said += ["stratified"] if layout.strata is not None else []
    said += ["weighted"] if layout.weights is not None else []
    said += ["robust variance"] if layout.robust else []
    said += ["clustered"] if layout.cluster is not None else []
    return ", ".join(said)
