"""The steps of a Cox model's baseline hazard: what each event time adds, and the times of each stratum."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np

from oncohort.errors import AnalysisError
from oncohort.stats.arrays import Floats, Ints
from oncohort.stats.cox import CoxFit
from oncohort.stats.cox_residuals import Estimate, estimate_of, risk_by_row
from oncohort.stats.partial_likelihood import Problem, first_pass, tied_fraction
from oncohort.stats.product_limit import product_limit_hazard

Estimator: TypeAlias = Literal["breslow", "efron", "kalbfleisch-prentice"]


@dataclass(frozen=True, slots=True, eq=False)
class HazardSteps:
    """What each cell adds, for a patient at the centers of the columns and of the offset.

    Parameters
    ----------
    here : Estimate
        The model at its coefficients.
    hazard, variance : (cells,) float
        To the cumulative hazard, and to its variance with the coefficients known.
    drift : (p, cells) float
        To the hazard, times the mean standardized columns of the risk set.
    """

    here: Estimate
    hazard: Floats
    variance: Floats
    drift: Floats


@dataclass(frozen=True, slots=True, eq=False)
class StratumTimes:
    """The distinct times of one stratum, their codes on the grid, its rows, and its cells up to each time."""

    label: Any
    rows: Ints
    time: Floats
    code: Ints
    cells: slice
    reached: Ints


def hazard_steps(fit: CoxFit, estimator: str) -> HazardSteps:
    """Return the steps of the hazard by an estimator; for the product-limit form Breslow's, with Greenwood's term."""
    here = estimate_of(fit)
    problem, first = here.problem, here.first
    ties = "efron" if estimator == "efron" else "breslow"
    if ties != problem.ties:
        fraction = tied_fraction(problem.n_tied) if ties == "efron" else np.zeros(0)
        problem = replace(problem, ties=ties, tied_fraction=fraction)
        again = first_pass(problem, first.beta)
        if again is None:
            raise AnalysisError("the risk sets cannot be summed at the estimates")
        here, first = Estimate(here.kept, problem, again), again
    terms = first.terms
    drift = first.at_risk[:-1] * terms.v0 - first.events[:-1] * terms.v1
    variance: Floats = terms.v0
    if estimator == "kalbfleisch-prentice":
        at_risk: Floats = first.at_risk[-1] * float(np.exp(-_away_from_usual_center(problem) @ first.beta))
        left: Floats = at_risk - problem.tied_weight
        greenwood: Floats = problem.tied_weight / (at_risk * np.where(left > 0, left, at_risk))
        variance = greenwood * (at_risk / first.at_risk[-1]) ** 2
    return HazardSteps(here, terms.u0, variance, drift)


def product_limit_steps(steps: HazardSteps) -> Floats:
    """Return minus the logarithm of Kalbfleisch and Prentice's factor of each cell, at the centers."""
    problem = steps.here.problem
    row = np.flatnonzero(problem.sets.slot % 2 == 1)
    row = row[np.argsort(problem.sets.slot[row], kind="stable")]
    risk = risk_by_row(problem, steps.here.first)[row]
    weight = np.ones(row.size) if problem.weight is None else problem.weight[row]
    return product_limit_hazard(risk, weight, problem.sets.slot[row] // 2, steps.here.first.at_risk[-1])


def strata_of(problem: Problem) -> tuple[StratumTimes, ...]:
    """Return the times of each stratum, in the order of the labels."""
    sets = problem.sets
    stratum = np.zeros(problem.x.shape[1], dtype=np.int64) if problem.stratum is None else problem.stratum
    event = sets.slot % 2 == 1
    owner = np.empty(sets.cell.size, dtype=np.int64)
    owner[sets.slot[event] // 2] = stratum[event]
    out: list[StratumTimes] = []
    for k, label in enumerate(problem.stratum_labels or (None,)):
        rows = np.flatnonzero(stratum == k)
        code = np.unique(sets.stop[rows])
        cells = slice(int(np.searchsorted(owner, k)), int(np.searchsorted(owner, k, side="right")))
        reached = np.searchsorted(sets.cell[cells], code, side="right")
        out.append(StratumTimes(label, rows, sets.grid[code], code, cells, reached))
    return tuple(out)


def read_at(values: Floats, stratum: StratumTimes) -> Floats:
    """Return the sum of values by cell up to each time of the stratum."""
    total: Floats = np.concatenate([[0.0], np.cumsum(values[stratum.cells])])
    return total[stratum.reached]


def counts_of(problem: Problem, stratum: StratumTimes) -> tuple[Floats, Floats, Floats]:
    """Return the weighted numbers at risk, of events and of censorings at each time of the stratum."""
    rows, sets, k = stratum.rows, problem.sets, stratum.code.size
    weight = np.ones(rows.size) if problem.weight is None else problem.weight[rows]
    place = np.searchsorted(stratum.code, sets.stop[rows])
    event = sets.slot[rows] % 2 == 1
    n_event: Floats = np.bincount(place, weight * event, k).astype(np.float64)
    leaving: Floats = np.bincount(place, weight, k).astype(np.float64)
    at_risk: Floats = np.cumsum(leaving[::-1])[::-1]
    if sets.entry is not None:  # those who enter at a time or after it are not at risk at it
        later = np.searchsorted(stratum.code, sets.entry[rows], side="right")
        entering: Floats = np.bincount(later, weight, k + 1)[1:].astype(np.float64)
        at_risk = at_risk - np.cumsum(entering[::-1])[::-1]
    return at_risk, n_event, leaving - n_event


def _away_from_usual_center(problem: Problem) -> Floats:
    """Return the weighted mean of each column (0 for columns of -1, 0 and 1) less its center, standardized."""
    weight = np.ones(problem.x.shape[1]) if problem.weight is None else problem.weight
    mean: Floats = problem.x @ (weight / weight.sum())
    for k in range(mean.size):
        values = problem.x[k] * problem.scale[k] + problem.center[k]
        if np.all(np.abs(values[:, None] - np.array([-1.0, 0.0, 1.0])).min(axis=1) < 1e-12):
            mean[k] = -problem.center[k] / problem.scale[k]
    return mean
