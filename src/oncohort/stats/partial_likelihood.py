"""The coordinator of Cox regression: from the kernel's tables to log-likelihood, score and information."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np

from oncohort.errors import AnalysisError
from oncohort.stats import kernel
from oncohort.stats.arrays import Column, Floats, Ints, as_events, as_labels, as_times
from oncohort.stats.case_weights import as_frequencies, as_long, as_offset, as_weights
from oncohort.stats.design import standardized
from oncohort.stats.risk_sets import RiskSets, risk_sets

Ties: TypeAlias = Literal["efron", "breslow"]
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
        Mean and range of each column; 1 for a constant one.
    variance, span : (p,) float
        Mean square and range of each row of ``x``.
    weight : (n,) float or None
        Case weights, times frequencies.
    sets : RiskSets
        Where each row stands.
    n_tied, tied_weight : (cells,) float
        Events of each cell (a row counts as often as its frequency) and the sum of their weights.
    tied_fraction : (events,) float
        Efron's l/m of each event, cell by cell; empty for Breslow's method or where no events are tied.
    observed : (p,) float
        Sum of ``weight * x`` over the events.
    ties : {"efron", "breslow"}
        Treatment of tied events.
    plan : tuple of slice
        The shards.
    frequency : (n,) float or None
        How many equal rows each row stands for; None for all 1.
    offset : (n,) float or None
        Part of the linear predictor with coefficient 1, less ``offset_mean``.
    stratum : (n,) int or None
        Code of each row's stratum; None without strata.
    stratum_labels : tuple
        The strata as they were named; empty without strata.
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
    frequency: Floats | None = None
    offset: Floats | None = None
    offset_mean: float = 0.0
    stratum: Ints | None = None
    stratum_labels: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class FirstPass:
    """The partial likelihood at one ``beta``, after one read of the rows."""

    beta: Floats
    log_likelihood: float
    score: Floats
    at_risk: Floats  # (p + 1, cells): sums over the risk set of theta * x, last row of theta
    events: Floats  # (p + 1, cells): the same over the events
    terms: kernel.TieTerms
    theta: tuple[Floats, ...]  # of each shard: weight * exp(linear predictor)


def prepare(  # noqa: PLR0913  (the data of a Cox model)
    time: Column,
    event: Column,
    covariates: Any,
    *,
    ties: str,
    entry: Column | None = None,
    weights: Column | None = None,
    strata: Column | None = None,
    frequencies: Column | None = None,
    offset: Column | None = None,
) -> Problem:
    """Check the data of a Cox model and lay them out by risk set; arguments as in `cox`."""
    if ties not in {"efron", "breslow"}:
        raise AnalysisError(f'ties: "efron" or "breslow" was expected; got "{ties}"')
    times = as_times(time)
    n = times.size
    happened = as_events(event, n)
    entries = None if entry is None else as_long(as_times(entry, "entry"), n, "entry")
    stratum, labels = (None, ()) if strata is None else as_labels(strata, n, "strata")
    weight = None if weights is None else as_weights(weights, n)
    frequency = None if frequencies is None else as_frequencies(frequencies, n)
    if frequency is not None:
        weight = frequency if weight is None else weight * frequency
    log_hazard, offset_mean = (None, 0.0) if offset is None else as_offset(offset, n)
    sets = risk_sets(times, happened, entry=entries, stratum=stratum)
    design = standardized(covariates, n)
    plan = kernel.shard_plan(n, 2 * sets.cell.size + 1)
    nothing = np.zeros(0)
    tied: Ties = "efron" if ties == "efron" else "breslow"
    problem = Problem(
        design.names, design.x, design.center, design.scale, design.variance, design.span,
        weight, sets, nothing, nothing, nothing, nothing, tied, plan,
        frequency, log_hazard, offset_mean, stratum, labels,
    )  # fmt: skip
    return counted(problem)


def counted(problem: Problem) -> Problem:
    """Return a problem whose rows are laid out with what is known of its events before any ``beta``."""
    counts = _counts(problem, problem.weight)
    if problem.frequency is not None:
        counts[0] = _counts(problem, problem.frequency)[1]
    fraction = np.zeros(0) if problem.ties == "breslow" else tied_fraction(counts[0])
    observed = _event_sum(problem, np.ones(problem.sets.cell.size))
    return replace(problem, n_tied=counts[0], tied_weight=counts[1], tied_fraction=fraction, observed=observed)


def _counts(problem: Problem, weight: Floats | None) -> Floats:
    """Return the (2, cells) table of events and of their weights."""
    counts = np.zeros((2, problem.sets.cell.size))
    for shard in shards(problem, weight):
        counts += kernel.count_events(shard, n_slots(problem))
    return counts


def some_rows(problem: Problem, rows: Ints) -> Problem:
    """Return the problem of some of its rows, on the scale of the columns of all; it is yet to be `counted`."""
    old, weight, frequency, offset = problem.sets, problem.weight, problem.frequency, problem.offset
    entry = None if old.entry is None else old.grid[old.entry[rows]]
    stratum = None if problem.stratum is None else problem.stratum[rows]
    sets = risk_sets(old.grid[old.stop[rows]], old.slot[rows] % 2 == 1, entry=entry, stratum=stratum)
    return replace(
        problem,
        x=np.ascontiguousarray(problem.x[:, rows]),
        weight=None if weight is None else weight[rows],
        frequency=None if frequency is None else frequency[rows],
        offset=None if offset is None else offset[rows],
        stratum=stratum,
        sets=sets,
        plan=kernel.shard_plan(sets.slot.size, 2 * sets.cell.size + 1),
    )


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


def shards(problem: Problem, weight: Floats | None = None) -> list[kernel.Shard]:
    """Return the shards in order, with other weights if given; they are views, nothing is copied."""
    sets = problem.sets
    weight = problem.weight if weight is None else weight
    return [
        kernel.Shard(
            sets.slot[rows],
            None if sets.start is None else sets.start[rows],
            None if weight is None else weight[rows],
            problem.x[:, rows],
        )
        for rows in problem.plan
    ]


def cells_of(problem: Problem) -> kernel.Cells:
    """Return the event times as a kernel takes them."""
    return kernel.Cells(problem.sets.bounds, problem.n_tied, problem.tied_weight, problem.tied_fraction)


def n_slots(problem: Problem) -> int:
    """Return the number of slots: two for each cell and one for rows at risk at no event time."""
    return 2 * problem.sets.cell.size + 1


def first_pass(problem: Problem, beta: Floats) -> FirstPass | None:
    """Return log-likelihood and score at ``beta``, or None where doubles cannot hold the risk sums.

    Efron's method uses the mean weight of the tied events, as R does:
    ``loglik = Σ w x'b - Σ_t w̄ Σ_l log(S0 - l/m D0)`` over the m events of each time.
    """
    size = n_slots(problem)
    theta = np.empty(problem.x.shape[1])
    rows = list(zip(shards(problem, risk_weight(problem)), [theta[rows] for rows in problem.plan], strict=True))
    parts = kernel.over_shards(lambda row: kernel.risk_sums(row[0], beta, size, row[1]), rows)
    if max(part.peak for part in parts) > kernel.ETA_LIMIT:
        return None
    table = parts[0].table
    for part in parts[1:]:
        table += part.table
    table = table[: beta.size + 1]
    events = np.ascontiguousarray(table[:, 1::2])
    at_risk = by_stratum(problem, table[:, 0:-1:2] + events, backward=True)
    risk = at_risk[-1]
    if problem.sets.start is not None and bool(np.any(risk <= _LOST * risk.max())):
        return None
    terms = kernel.tie_terms(cells_of(problem), risk, events[-1])
    score = problem.observed - (at_risk[:-1] @ terms.u0 - events[:-1] @ terms.u1)
    mean_weight = problem.tied_weight / problem.n_tied
    log_likelihood = float(problem.observed @ beta - mean_weight @ terms.log_risk) + observed_offset(problem)
    return FirstPass(beta, log_likelihood, score, at_risk, events, terms, tuple(part for _, part in rows))


def information(problem: Problem, first: FirstPass, factor: Floats | None = None) -> Floats:
    """Return the (p, p) observed information, each event time weighted by ``factor`` (cells,) if given."""
    terms = first.terms
    g = np.ones(problem.n_tied.size) if factor is None else factor
    hazard = hazard_by_slot(problem, terms.u0 * g, terms.u1 * g)
    p = first.beta.size
    total = np.zeros((p, p))
    rows = list(zip(shards(problem), first.theta, strict=True))
    for part in kernel.over_shards(lambda row: kernel.gram(*row, hazard), rows):
        total += part
    s, d = first.at_risk[:-1], first.events[:-1]
    cross = kernel.product(s * (terms.v1 * g), d)
    total -= kernel.product(s * (terms.v0 * g), s) - cross - cross.T + kernel.product(d * (terms.v2 * g), d)
    return (total + total.T) / 2.0


def weighted_score(problem: Problem, first: FirstPass, factor: Floats) -> Floats:
    """Return the (p,) score with each event time weighted by ``factor`` (cells,)."""
    expected = first.at_risk[:-1] @ (first.terms.u0 * factor) - first.events[:-1] @ (first.terms.u1 * factor)
    return _event_sum(problem, factor) - expected


def hazard_by_slot(problem: Problem, rate: Floats, tied: Floats) -> Floats:
    """Return the cumulative hazard by slot: the sum of ``rate`` to the cell, less ``tied`` for its events.

    Both have the cells along their last axis, as the hazard has the slots.
    """
    cumulative = by_stratum(problem, rate, backward=False)
    hazard = np.zeros((*rate.shape[:-1], n_slots(problem)))
    hazard[..., 0:-1:2] = cumulative
    hazard[..., 1::2] = cumulative - tied
    return hazard


def risk_weight(problem: Problem) -> Floats | None:
    """Return what each row weighs in the risk sums: an offset is a weight there, but not among the events."""
    if problem.offset is None:
        return problem.weight
    hazard = np.exp(problem.offset)
    return hazard if problem.weight is None else problem.weight * hazard


def observed_offset(problem: Problem) -> float:
    """Return what the offsets of the events add to the log-likelihood."""
    if problem.offset is None:
        return 0.0
    weight = 1.0 if problem.weight is None else problem.weight
    return float(np.sum(weight * problem.offset * (problem.sets.slot % 2)))


def _event_sum(problem: Problem, value: Floats) -> Floats:
    """Return the (p,) sum over events of weight * x * value, ``value`` by cell."""
    by_slot = np.zeros(n_slots(problem))
    by_slot[1::2] = value
    total = np.zeros(problem.x.shape[0])
    for shard in shards(problem):
        total += kernel.event_sum(shard, by_slot)
    return total


def by_stratum(problem: Problem, table: Floats, *, backward: bool) -> Floats:
    """Return cumulative sums along the cells of each stratum; these are the last axis."""
    out = np.array(table, dtype=np.float64)
    bounds = problem.sets.bounds
    for k in np.flatnonzero(np.diff(bounds) > 1):
        part = out[..., bounds[k] : bounds[k + 1]]
        if backward:
            part = part[..., ::-1]
        np.cumsum(part, axis=-1, out=part)
    return out


def tied_fraction(n_tied: Floats) -> Floats:
    """Return l/m for l = 0 … m - 1 of the m events of each cell, or nothing where no events are tied."""
    if n_tied.size == 0 or n_tied.max() == 1:
        return np.zeros(0)
    times = n_tied.astype(np.int64)
    fraction = np.arange(int(times.sum()), dtype=np.float64)
    fraction -= np.repeat(np.cumsum(n_tied) - n_tied, times)
    fraction /= np.repeat(n_tied, times)
    return fraction
