"""Concordance: how often the patient with the higher risk has the event first."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from oncohort.errors import AnalysisError
from oncohort.stats.arrays import Bools, Column, Ints, as_events, as_floats, as_labels, as_times
from oncohort.stats.case_weights import as_long, as_weights
from oncohort.stats.delayed_entry import entry_grid
from oncohort.stats.grid import time_grid

_Amounts: TypeAlias = NDArray[Any]  # whole numbers without weights, so that counts are exact


@dataclass(frozen=True, slots=True)
class Concordance:
    """Harrell's C and the pairs it was counted from.

    Parameters
    ----------
    estimate : float
        (concordant + tied_risk / 2) / (concordant + discordant + tied_risk), in [0, 1].
    std_error : float
        Infinitesimal jackknife over patients, or over clusters.
    concordant, discordant, tied_risk : int
        Comparable pairs whose earlier event has the higher, the lower, the same risk; with weights a pair
        counts as the product of its weights, and the sums are not whole.
    tied_time, tied_both : int
        Pairs of events at the same time with different and with equal risks; not comparable.
    """

    estimate: float
    std_error: float
    concordant: float
    discordant: float
    tied_risk: float
    tied_time: float
    tied_both: float


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Checked rows: codes of their times, events, ranks of their risks, strata, weights."""

    code: Ints
    event: Bools
    rank: Ints
    stratum: Ints
    weight: _Amounts
    entry: Ints | None


def concordance(
    time: Column,
    event: Column,
    risk: Column,
    *,
    strata: Column | None = None,
    entry: Column | None = None,
    weights: Column | None = None,
    cluster: Column | None = None,
) -> Concordance:
    """Count concordant pairs of patients in O(n log n).

    A pair is comparable when the one with the smaller time has the event; an event and a censoring at the
    same time are comparable, the event first. A higher ``risk`` should come with an earlier event.

    Parameters
    ----------
    time : (n,) float
        End of follow-up, from 0.
    event : (n,) bool or 0/1
        True where the event happened at ``time``.
    risk : (n,) float
        Predicted risk, as from `linear_predictor`; only its order counts, exact equality is a tie.
    strata : (n,) labels, optional
        Only pairs within a stratum are compared.
    entry : (n,) float, optional
        Start of the row's (entry, time] interval: only who is at risk at an event is compared with it.
    weights : (n,) float, optional
        Case weights above 0.
    cluster : (n,) labels, optional
        Rows of one label belong together in the standard error, as the intervals of one patient.

    Returns
    -------
    Concordance
        The estimate with its standard error, and the counts.

    Raises
    ------
    AnalysisError
        If lengths differ, a value is missing, or no pair is comparable.

    Examples
    --------
    >>> c = concordance([1, 2, 3, 4], [1, 1, 0, 1], [9, 5, 7, 1])
    >>> c.concordant, c.discordant, c.estimate
    (4, 1, 0.8)

    References
    ----------
    Harrell FE, et al. JAMA 1982;247:2543-2546.
    Golden values: ``tests/golden/r/cox.json``, key ``concordance`` (R survival 3.5-3: counts exact,
    standard error 1e-10 relative), and ``tests/golden/r/cox_breadth.json``, key ``concordance`` (weights,
    entries, clusters).
    """
    rows = _rows(time, event, risk, strata=strata, entry=entry, weights=weights)
    label = None if cluster is None else as_labels(cluster, rows.code.size, "cluster")[0]
    lower, tied, higher = _partners(rows)
    total = float(((lower + tied + higher) * rows.weight).sum()) / 2.0
    if total <= 1e-12 * float(np.sum(rows.weight**2)):
        raise AnalysisError("no pair of patients is comparable: nobody was followed beyond another's event")
    estimate = float(((higher + tied / 2.0) * rows.weight).sum()) / 2.0 / total
    influence = (higher + tied / 2.0 - estimate * (lower + tied + higher)) * rows.weight / total
    if label is not None:
        influence = np.bincount(label, influence)
    same_time = _pairs(rows.weight[rows.event], rows.stratum[rows.event], rows.code[rows.event])
    at_event = rows.stratum[rows.event], rows.code[rows.event], rows.rank[rows.event]
    same_both = _pairs(rows.weight[rows.event], *at_event)
    halves = ((higher * rows.weight).sum(), (lower * rows.weight).sum(), (tied * rows.weight).sum())
    counts = [float(v) / 2.0 for v in halves] + [same_time - same_both, same_both]
    whole = weights is None
    return Concordance(estimate, float(np.sqrt(np.sum(influence**2))), *(int(v) if whole else v for v in counts))


def _rows(
    time: Column,
    event: Column,
    risk: Column,
    *,
    strata: Column | None,
    entry: Column | None,
    weights: Column | None,
) -> _Rows:
    times = as_times(time)
    n = times.size
    happened = as_events(event, n)
    risks = as_long(as_floats(risk, "risk"), n, "risk")
    stratum = np.zeros(n, dtype=np.int64) if strata is None else as_labels(strata, n, "strata")[0]
    weight: _Amounts = np.ones(n, dtype=np.int64) if weights is None else as_weights(weights, n)
    rank = np.unique(risks, return_inverse=True)[1]
    if entry is None:
        _, (code,) = time_grid(times)
        return _Rows(code, happened, rank, stratum, weight, None)
    _, (code, entered) = entry_grid(times, entry)
    return _Rows(code, happened, rank, stratum, weight, entered)


def _partners(rows: _Rows) -> tuple[_Amounts, _Amounts, _Amounts]:
    """Return for each row the weight of its comparable partners over which it is discordant, tied, concordant."""
    happened = rows.event
    order = 2 * rows.code + ~happened  # at one time events come before censorings
    earlier = _counts(order, rows.rank, rows.stratum, rows.weight * happened)  # of the events before each row
    later = _counts(int(order.max()) - order, rows.rank, rows.stratum, rows.weight)  # of the rows after each row
    if rows.entry is not None:  # less the events before its own entry, and the rows that enter after its event
        last = int(rows.code.max())
        gone = _counts_among(rows, 2 * rows.entry + 1, 2 * rows.code, rows.weight * happened)
        absent = _counts_among(rows, 2 * (last - rows.code) + 1, 2 * (last - rows.entry), rows.weight)
        earlier = tuple(one - other for one, other in zip(earlier, gone, strict=True))
        later = tuple(one - other for one, other in zip(later, absent, strict=True))
    lower = earlier[0] + np.where(happened, later[2], 0)
    tied = earlier[1] + np.where(happened, later[1], 0)
    higher = earlier[2] + np.where(happened, later[0], 0)
    return lower, tied, higher


def _counts_among(rows: _Rows, asked: Ints, order: Ints, weight: _Amounts) -> tuple[_Amounts, ...]:
    """Return for each row the weight of rows whose ``order`` is below what it asks for, by rank."""
    both = np.concatenate([asked, order])
    rank, stratum = np.tile(rows.rank, 2), np.tile(rows.stratum, 2)
    counts = _counts(both, rank, stratum, np.concatenate([np.zeros_like(weight), weight]))
    return tuple(count[: asked.size] for count in counts)


def _pairs(weight: _Amounts, *keys: Ints) -> float:
    """Return the weight of the pairs that agree in all keys."""
    order = _sorted_by(*keys)
    new = np.zeros(order.size, dtype=np.bool_)
    for key in keys:
        new[1:] |= np.diff(key[order]) != 0
    group = np.cumsum(new)
    sums, squares = np.bincount(group, weight[order]), np.bincount(group, weight[order] ** 2)
    return float(np.sum(sums**2 - squares)) / 2.0


def _counts(order: Ints, rank: Ints, stratum: Ints, weight: _Amounts) -> tuple[_Amounts, ...]:
    """Return for each row the weight of the rows of its stratum with a smaller order: of lower, equal, higher rank."""
    n = order.size
    all_before = _before(_sorted_by(stratum, order), weight, (stratum,), order)
    equal = _before(_sorted_by(stratum, rank, order), weight, (stratum, rank), order)
    # among equal orders higher ranks come first: none of them is then "earlier with a lower rank"
    arranged = _sorted_by(stratum, order, int(rank.max()) - rank)
    lower = np.empty(n, dtype=weight.dtype)
    lower[arranged] = _lower_before(rank[arranged], stratum[arranged], weight[arranged])
    return lower, equal, all_before - equal - lower


def _sorted_by(*keys: Ints) -> Ints:
    """Return the order of rows by the keys, the first one weighing most; keys count from 0."""
    sizes = [int(key.max(initial=0)) + 1 for key in keys]
    if math.prod(sizes) >= 2**62:
        return np.lexsort(keys[::-1])
    joined = keys[0]
    for key, size in zip(keys[1:], sizes[1:], strict=True):
        joined = joined * size + key
    return np.argsort(joined)


def _before(arranged: Ints, weight: _Amounts, groups: tuple[Ints, ...], order: Ints) -> _Amounts:
    """Return the weight of the rows of the same group with a smaller order, rows arranged by group and order."""
    running = np.concatenate([np.zeros(1, dtype=weight.dtype), np.cumsum(weight[arranged])[:-1]])
    new_group = np.ones(arranged.size, dtype=np.bool_)
    new_group[1:] = False
    for key in groups:
        new_group[1:] |= np.diff(key[arranged]) != 0
    new_order = new_group.copy()
    new_order[1:] |= np.diff(order[arranged]) != 0
    out = np.empty(arranged.size, dtype=weight.dtype)
    out[arranged] = _held(running, new_order) - _held(running, new_group)
    return out


def _held(values: _Amounts, new: Bools) -> _Amounts:
    """Return at each position the value at the last position that was new."""
    return values[np.flatnonzero(new)][np.cumsum(new) - 1]


def _lower_before(rank: Ints, stratum: Ints, weight: _Amounts) -> _Amounts:
    """Return for each position the weight of earlier positions of its stratum with a lower rank.

    One bit of the rank at a time, from the highest: among positions that agree in all higher bits, those
    with the bit set gain the weight of those before them without it; then they part, keeping their order.
    """
    n = rank.size
    found = np.zeros(n, dtype=weight.dtype)
    position = np.arange(n)
    at, node = position, stratum
    for bit in range(int(rank.max()).bit_length() - 1, -1, -1):
        high = (rank[at] >> bit) & 1 == 1
        new = np.ones(n, dtype=np.bool_)
        new[1:] = np.diff(node) != 0
        begin = np.flatnonzero(new)
        owner = np.cumsum(new) - 1
        low_weight = np.concatenate([np.zeros(1, dtype=weight.dtype), np.cumsum(weight[at] * ~high)])
        found[at[high]] += (low_weight[:-1] - low_weight[begin][owner])[high]
        low = np.concatenate([[0], np.cumsum(~high)])
        low_before = low[:-1] - low[begin][owner]
        low_in_node = np.diff(np.append(low[begin], low[-1]))
        place = np.where(high, position + low_in_node[owner] - low_before, begin[owner] + low_before)
        at_next, node_next = np.empty_like(at), np.empty_like(at)
        at_next[place] = at
        node_next[place] = 2 * owner + high
        at, node = at_next, node_next
    return found
