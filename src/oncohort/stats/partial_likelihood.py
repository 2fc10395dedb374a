"""The coordinator of Cox regression: from the kernel's tables to log-likelihood, score and information."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np

from oncohort.errors import AnalysisError
from oncohort.stats import kernel
from oncohort.stats.arrays import Column, Floats, Ints, as_design, as_events, as_floats, as_labels, as_times
from oncohort.stats.risk_sets import RiskSets, risk_sets

Ties: TypeAlias = Literal["efron", "breslow"]
_LARGEST = 1e100  # squares of covariates and of coefficients must fit a double
_LOST = 1e-13  # a risk sum this small beside the largest is rounding error


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """The data of one Cox model, checked, standardized and laid out by risk set.

    Parameters
    ----------
    names : tuple of str
        The p columns.
    x : (p, n) float
        Columns less ``center``, divided by ``scale``; a constant column is all 0.
    center, scale : (p,) float
        Mean and mean absolute deviation of each column.
    variance, span : (p,) float
        Mean square and range of each row of ``x``.
    weight : (n,) float or None
        Case weights.
    sets : RiskSets
        Where each row stands.
    n_tied, tied_weight : (cells,) float
        Events of each cell and the sum of their weights.
    tied_fraction : (events,) float
        Efron's l/m of each event, cell by cell; empty for Breslow's method or where no events are tied.
    observed : (p,) float
        Sum of ``weight * x`` over the events.
    ties : {"efron", "breslow"}
        Treatment of tied events.
    plan : tuple of slice
        The shards.
    """

    names: tuple[str, ...]
    x: Floats
    center: Floats
    scale: Floats
    variance: Floats
    span: Floats
    weight: Floats | None
    sets: RiskSets
    n_tied: Floats
    tied_weight: Floats
    tied_fraction: Floats
    observed: Floats
    ties: Ties
    plan: tuple[slice, ...]


@dataclass(frozen=True, slots=True, eq=False)
class TieTerms:
    """Sums over the tied events of each cell: of 1/risk and 1/risk², times their fractions; all (cells,)."""

    u0: Floats
    u1: Floats
    v0: Floats
    v1: Floats
    v2: Floats
    log_risk: Floats


@dataclass(frozen=True, slots=True, eq=False)
class FirstPass:
    """The partial likelihood at one ``beta``, after one read of the rows."""

    beta: Floats
    log_likelihood: float
    score: Floats
    at_risk: Floats  # (p + 1, cells): sums over the risk set of theta * x, last row of theta
    events: Floats  # (p + 1, cells): the same over the events
    terms: TieTerms
    theta: tuple[Floats, ...]


def prepare(
    time: Column,
    event: Column,
    covariates: Any,
    *,
    ties: str,
    entry: Column | None = None,
    weights: Column | None = None,
    strata: Column | None = None,
) -> Problem:
    """Check the data of a Cox model and lay them out by risk set; arguments as in `cox`."""
    if ties not in {"efron", "breslow"}:
        raise AnalysisError(f'ties: "efron" or "breslow" was expected; got "{ties}"')
    times = as_times(time)
    n = times.size
    happened = as_events(event, n)
    matrix, names = as_design(covariates, n)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise AnalysisError(f"covariates: each column needs a name of its own; {twice[0]} is there twice")
    entries = None if entry is None else _as_long(as_times(entry, "entry"), n, "entry")
    stratum = None if strata is None else as_labels(strata, n, "strata")[0]
    weight = None if weights is None else _as_weights(weights, n)
    sets = risk_sets(times, happened, entry=entries, stratum=stratum)
    x, center, scale, variance = _standardize(matrix, names)
    plan = kernel.shard_plan(n)
    span = np.ptp(x, axis=1)
    nothing = np.zeros(0)
    tied: Ties = "efron" if ties == "efron" else "breslow"
    problem = Problem(
        names, x, center, scale, variance, span, weight, sets, nothing, nothing, nothing, nothing, tied, plan
    )
    counts = np.zeros((2, sets.cell.size))
    for shard in shards(problem):
        counts += kernel.count_events(shard, n_slots(problem))
    fraction = nothing if tied == "breslow" else _tied_fraction(counts[0])
    problem = replace(problem, n_tied=counts[0], tied_weight=counts[1], tied_fraction=fraction)
    return replace(problem, observed=_event_sum(problem, np.ones(sets.cell.size)))


def select(problem: Problem, columns: Ints) -> Problem:
    """Return the problem with some of its columns only, in the order asked for."""
    same = columns.size == len(problem.names) and bool(np.all(columns == np.arange(columns.size)))
    return replace(
        problem,
        names=tuple(problem.names[int(columns[i])] for i in range(columns.size)),
        x=problem.x if same else problem.x[columns],
        center=problem.center[columns],
        scale=problem.scale[columns],
        variance=problem.variance[columns],
        span=problem.span[columns],
        observed=problem.observed[columns],
    )


def shards(problem: Problem) -> list[kernel.Shard]:
    """Return the shards in order; they are views, nothing is copied."""
    sets = problem.sets
    return [
        kernel.Shard(
            sets.slot[rows],
            None if sets.start is None else sets.start[rows],
            None if problem.weight is None else problem.weight[rows],
            problem.x[:, rows],
        )
        for rows in problem.plan
    ]


def n_slots(problem: Problem) -> int:
    """Return the number of slots: two for each cell and one for rows at risk at no event time."""
    return 2 * problem.sets.cell.size + 1


def first_pass(problem: Problem, beta: Floats) -> FirstPass | None:
    """Return log-likelihood and score at ``beta``, or None where doubles cannot hold the risk sums.

    Efron's method uses the mean weight of the tied events, as R does:
    ``loglik = Σ w x'b - Σ_t w̄ Σ_l log(S0 - l/m D0)`` over the m events of each time.
    """
    parts = [kernel.risk_sums(shard, beta, n_slots(problem)) for shard in shards(problem)]
    if max(part.peak for part in parts) > kernel.ETA_LIMIT:
        return None
    table = parts[0].table
    for part in parts[1:]:
        table += part.table
    events = np.ascontiguousarray(table[:, 1::2])
    at_risk = _by_stratum(problem, table[:, 0:-1:2] + events, backward=True)
    risk = at_risk[-1]
    if problem.sets.start is not None and bool(np.any(risk <= _LOST * risk.max())):
        return None
    terms = _tie_terms(problem, risk, events[-1])
    score = problem.observed - (at_risk[:-1] @ terms.u0 - events[:-1] @ terms.u1)
    mean_weight = problem.tied_weight / problem.n_tied
    log_likelihood = float(problem.observed @ beta - mean_weight @ terms.log_risk)
    return FirstPass(beta, log_likelihood, score, at_risk, events, terms, tuple(part.theta for part in parts))


def information(problem: Problem, first: FirstPass, factor: Floats | None = None) -> Floats:
    """Return the (p, p) observed information, each event time weighted by ``factor`` (cells,) if given."""
    terms = first.terms
    g = np.ones(problem.n_tied.size) if factor is None else factor
    hazard = hazard_by_slot(problem, terms.u0 * g, terms.u1 * g)
    p = first.beta.size
    total = np.zeros((p, p))
    for shard, theta in zip(shards(problem), first.theta, strict=True):
        total += kernel.gram(shard, kernel.expected_events(shard, theta, hazard))
    s, d = first.at_risk[:-1], first.events[:-1]
    cross = (s * (terms.v1 * g)) @ d.T
    total -= (s * (terms.v0 * g)) @ s.T - cross - cross.T + (d * (terms.v2 * g)) @ d.T
    return (total + total.T) / 2.0


def weighted_score(problem: Problem, first: FirstPass, factor: Floats) -> Floats:
    """Return the (p,) score with each event time weighted by ``factor`` (cells,)."""
    expected = first.at_risk[:-1] @ (first.terms.u0 * factor) - first.events[:-1] @ (first.terms.u1 * factor)
    return _event_sum(problem, factor) - expected


def hazard_by_slot(problem: Problem, rate: Floats, tied: Floats) -> Floats:
    """Return the cumulative hazard by slot: the sum of ``rate`` to the cell, less ``tied`` for its events."""
    cumulative = _by_stratum(problem, rate[None, :], backward=False)[0]
    hazard = np.zeros(n_slots(problem))
    hazard[0:-1:2] = cumulative
    hazard[1::2] = cumulative - tied
    return hazard


def _event_sum(problem: Problem, value: Floats) -> Floats:
    """Return the (p,) sum over events of weight * x * value, ``value`` by cell."""
    by_slot = np.zeros(n_slots(problem))
    by_slot[1::2] = value
    total = np.zeros(problem.x.shape[0])
    for shard in shards(problem):
        total += kernel.event_sum(shard, by_slot)
    return total


def _by_stratum(problem: Problem, table: Floats, *, backward: bool) -> Floats:
    """Return cumulative sums along the cells of each stratum."""
    out = np.array(table, dtype=np.float64)
    bounds = problem.sets.bounds
    for k in np.flatnonzero(np.diff(bounds) > 1):
        part = out[:, bounds[k] : bounds[k + 1]]
        if backward:
            part = part[:, ::-1]
        np.cumsum(part, axis=1, out=part)
    return out


def _tie_terms(problem: Problem, risk: Floats, tied_risk: Floats) -> TieTerms:
    m, weight, fraction = problem.n_tied, problem.tied_weight, problem.tied_fraction
    if not fraction.size:
        none = np.zeros(m.size)
        u0 = weight / risk
        return TieTerms(u0, none, u0 / risk, none, none, m * np.log(risk))
    times = m.astype(np.int64)
    begin = np.cumsum(times) - times
    left = np.repeat(risk, times) - fraction * np.repeat(tied_risk, times)
    mean = weight / m
    inverse = 1.0 / left
    share = fraction * inverse

    def summed(values: Floats) -> Floats:
        total: Floats = mean * np.add.reduceat(values, begin)
        return total

    return TieTerms(
        summed(inverse),
        summed(share),
        summed(inverse * inverse),
        summed(share * inverse),
        summed(share * share),
        np.add.reduceat(np.log(left), begin),
    )


def _tied_fraction(n_tied: Floats) -> Floats:
    """Return l/m for l = 0 … m - 1 of the m events of each cell, or nothing where no events are tied."""
    if n_tied.size == 0 or n_tied.max() == 1:
        return np.zeros(0)
    times = n_tied.astype(np.int64)
    begin = np.cumsum(times) - times
    fraction: Floats = (np.arange(int(times.sum())) - np.repeat(begin, times)) / np.repeat(n_tied, times)
    return fraction


def _standardize(matrix: Floats, names: tuple[str, ...]) -> tuple[Floats, Floats, Floats, Floats]:
    x = np.ascontiguousarray(matrix.T)
    p = len(names)
    center, scale, variance = np.zeros(p), np.ones(p), np.zeros(p)
    for k in range(p):
        low, high = float(x[k].min()), float(x[k].max())
        if max(-low, high) > _LARGEST or 0 < high - low < 1 / _LARGEST:
            raise AnalysisError(
                f"{names[k]}: values from {low:g} to {high:g} are beyond what can be computed with; rescale them"
            )
        if low == high:
            center[k] = low
            x[k] = 0.0
            continue
        center[k] = x[k].mean()
        x[k] -= center[k]
        scale[k] = np.abs(x[k]).mean()
        x[k] /= scale[k]
        variance[k] = np.square(x[k]).mean()
    return x, center, scale, variance


def _as_long(values: Floats, n: int, name: str) -> Floats:
    if values.size != n:
        raise AnalysisError(f"{name}: {n} values were expected, as many as times; got {values.size}")
    return values


def _as_weights(values: Column, n: int) -> Floats:
    weight = _as_long(as_floats(values, "weights"), n, "weights")
    bad = np.flatnonzero((weight <= 0) | (weight > _LARGEST))
    if bad.size:
        raise AnalysisError(f"weights: value {bad[0] + 1} is {weight[bad[0]]:g}; weights above 0 were expected")
    return weight
