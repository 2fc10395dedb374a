"""Concordance: how often the patient with the higher risk has the event first."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from oncohort.errors import AnalysisError
from oncohort.stats.arrays import Bools, Column, Ints, as_events, as_floats, as_labels, as_times
from oncohort.stats.grid import time_grid


@dataclass(frozen=True, slots=True)
class Concordance:
    """Harrell's C and the pairs it was counted from.

    Parameters
    ----------
    estimate : float
        (concordant + tied_risk / 2) / (concordant + discordant + tied_risk), in [0, 1].
    std_error : float
        Infinitesimal jackknife over patients.
    concordant, discordant, tied_risk : int
        Comparable pairs whose earlier event has the higher, the lower, the same risk.
    tied_time, tied_both : int
        Pairs of events at the same time with different and with equal risks; not comparable.
    """

    estimate: float
    std_error: float
    concordant: int
    discordant: int
    tied_risk: int
    tied_time: int
    tied_both: int


def concordance(time: Column, event: Column, risk: Column, *, strata: Column | None = None) -> Concordance:
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
    standard error 1e-10 relative).
    """
    times = as_times(time)
    n = times.size
    happened = as_events(event, n)
    risks = as_floats(risk, "risk")
    if risks.size != n:
        raise AnalysisError(f"risk: {n} values were expected, as many as times; got {risks.size}")
    stratum = np.zeros(n, dtype=np.int64) if strata is None else as_labels(strata, n, "strata")[0]
    _, (code,) = time_grid(times)
    order = 2 * code + ~happened  # at one time events come before censorings
    _, rank = np.unique(risks, return_inverse=True)
    earlier = _counts(order, rank, stratum, happened)  # of the events before each row
    everyone = np.ones(n, dtype=np.bool_)
    later = _counts(int(order.max()) - order, rank, stratum, everyone)  # of the rows after each row
    lower = earlier[0] + np.where(happened, later[2], 0)
    tied = earlier[1] + np.where(happened, later[1], 0)
    higher = earlier[2] + np.where(happened, later[0], 0)
    total = int(lower.sum() + tied.sum() + higher.sum()) // 2
    if total == 0:
        raise AnalysisError("no pair of patients is comparable: nobody was followed beyond another's event")
    estimate = (float(higher.sum()) + float(tied.sum()) / 2.0) / 2.0 / total
    influence = (higher + tied / 2.0 - estimate * (lower + tied + higher)) / total
    same_time = _pairs(stratum[happened], code[happened])
    same_both = _pairs(stratum[happened], code[happened], rank[happened])
    return Concordance(
        estimate,
        float(np.sqrt(np.sum(influence**2))),
        int(higher.sum()) // 2,
        int(lower.sum()) // 2,
        int(tied.sum()) // 2,
        same_time - same_both,
        same_both,
    )


def _pairs(*keys: Ints) -> int:
    """Return the number of pairs that agree in all keys."""
    order = _sorted_by(*keys)
    new = np.zeros(order.size, dtype=np.bool_)
    for key in keys:
        new[1:] |= np.diff(key[order]) != 0
    sizes = np.bincount(np.cumsum(new))
    return int(np.sum(sizes * (sizes - 1)) // 2)


def _counts(order: Ints, rank: Ints, stratum: Ints, counted: Bools) -> tuple[Ints, Ints, Ints]:
    """Return for each row how many counted rows of its stratum with a smaller order have lower, equal, higher rank."""
    n = order.size
    all_before = _before(_sorted_by(stratum, order), counted, (stratum,), order)
    equal = _before(_sorted_by(stratum, rank, order), counted, (stratum, rank), order)
    # among equal orders higher ranks come first: none of them is then "earlier with a lower rank"
    arranged = _sorted_by(stratum, order, int(rank.max()) - rank)
    lower = np.empty(n, dtype=np.int64)
    lower[arranged] = _lower_before(rank[arranged], stratum[arranged], counted[arranged])
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


def _before(arranged: Ints, counted: Bools, groups: tuple[Ints, ...], order: Ints) -> Ints:
    """Return the number of counted rows of the same group with a smaller order, rows arranged by group and order."""
    seen = np.cumsum(counted[arranged])
    running = seen - counted[arranged]
    new_group = np.ones(arranged.size, dtype=np.bool_)
    new_group[1:] = False
    for key in groups:
        new_group[1:] |= np.diff(key[arranged]) != 0
    new_order = new_group.copy()
    new_order[1:] |= np.diff(order[arranged]) != 0
    out = np.empty(arranged.size, dtype=np.int64)
    out[arranged] = _held(running, new_order) - _held(running, new_group)
    return out


def _held(values: Ints, new: Bools) -> Ints:
    """Return at each position the value at the last position that was new."""
    return values[np.flatnonzero(new)][np.cumsum(new) - 1]


def _lower_before(rank: Ints, stratum: Ints, counted: Bools) -> Ints:
    """Return for each position how many counted earlier positions of its stratum have a lower rank.

    One bit of the rank at a time, from the highest: among positions that agree in all higher bits, those
    with the bit set gain the counted ones before them without it; then they part, keeping their order.
    """
    n = rank.size
    found = np.zeros(n, dtype=np.int64)
    position = np.arange(n)
    at, node = position, stratum
    for bit in range(int(rank.max()).bit_length() - 1, -1, -1):
        high = (rank[at] >> bit) & 1 == 1
        new = np.ones(n, dtype=np.bool_)
        new[1:] = np.diff(node) != 0
        begin = np.flatnonzero(new)
        owner = np.cumsum(new) - 1
        low_counted = np.concatenate([[0], np.cumsum(counted[at] & ~high)])
        found[at[high]] += (low_counted[:-1] - low_counted[begin][owner])[high]
        low = np.concatenate([[0], np.cumsum(~high)])
        low_before = low[:-1] - low[begin][owner]
        low_in_node = np.diff(np.append(low[begin], low[-1]))
        place = np.where(high, position + low_in_node[owner] - low_before, begin[owner] + low_before)
        at_next, node_next = np.empty_like(at), np.empty_like(at)
        at_next[place] = at
        node_next[place] = 2 * owner + high
        at, node = at_next, node_next
    return found
