"""Stepwise Cox regression on resampled patients: which terms are selected again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from oncohort.errors import AnalysisError
from oncohort.stats import kernel
from oncohort.stats.arrays import Bools, Column, Floats, Ints
from oncohort.stats.partial_likelihood import Problem, prepare
from oncohort.stats.stepwise import CRITERIA, check_rules, columns_of_terms, stepwise

_MOST_TERMS, _MOST_COLUMNS, _MOST_BLOCK = 62, 256, 32  # of the compiled kernel
_AT_ONCE = 64  # resamples that a thread takes


@dataclass(frozen=True, slots=True, eq=False)
class StepwiseResamples:
    """Selections from R resamples.

    Parameters
    ----------
    terms : tuple of T str
        The terms, in the order given.
    names : tuple of p str
        Their columns.
    selected : (R, T) bool
        Which terms each selection ended with.
    coefficients : (R, p) float
        Log hazard ratio per unit of each column of the final model; nan for columns that are not in it, and of a
        model without a maximum.
    reasons : tuple of R str
        Why a resample has no selection; empty where it has one.
    """

    terms: tuple[str, ...]
    names: tuple[str, ...]
    selected: Bools
    coefficients: Floats
    reasons: tuple[str, ...]


def stepwise_resamples(  # noqa: PLR0913  (the parts of a selection)
    time: Column,
    event: Column,
    blocks: Mapping[str, Any],
    draws: Any,
    *,
    direction: str,
    criterion: str,
    enter: float,
    remove: float,
    ties: str,
    entry: Column | None = None,
    weights: Column | None = None,
    strata: Column | None = None,
) -> StepwiseResamples:
    """Repeat a stepwise selection on resampled patients.

    Each path is that of `stepwise` on the rows written out as often as they were drawn. Nothing is drawn here:
    the caller has the random numbers. The compiled kernel repeats selections without entries, weights and strata
    at once; all others take their time.

    Parameters
    ----------
    time, event, blocks, direction, criterion, enter, remove, ties, entry, weights, strata
        As in `stepwise`.
    draws : (R, n) int
        How often each patient is in each resample, from 0.

    Returns
    -------
    StepwiseResamples
        Terms and coefficients of each final model.

    Raises
    ------
    AnalysisError
        If an argument is not as described, or the patients themselves cannot be fitted; a resample that cannot
        has its reason in the result.

    Examples
    --------
    >>> weeks = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35,
    ...          1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
    >>> relapse = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0] + [1] * 21
    >>> terms = {"placebo": [0] * 21 + [1] * 21, "odd row": [1, 0] * 21}
    >>> draws = np.random.default_rng(1).multinomial(42, [1 / 42] * 42, size=200)
    >>> found = stepwise_resamples(weeks, relapse, terms, draws, direction="forward",
    ...     criterion="likelihood-ratio", enter=0.1, remove=0.1, ties="efron")
    >>> found.terms, found.selected.mean(axis=0) > [0.9, 0.0]
    (('placebo', 'odd row'), array([ True, True]))

    References
    ----------
    Sauerbrei W, Schumacher M. Stat Med 1992;11:2093-2109 (inclusion frequencies). Rules: `stepwise`.
    """
    check_rules(direction, criterion, (enter, remove), blocks)
    columns = columns_of_terms(blocks, np.size(time))
    table = {name: column for block in columns.values() for name, column in block.items()}
    problem = prepare(time, event, table, ties=ties, entry=entry, weights=weights, strata=strata)
    counts = _as_draws(draws, problem.x.shape[1])
    term = np.cumsum([0, *[len(block) for block in columns.values()]])
    status, coefficients = _at_once(problem, term, counts, (direction, criterion, enter, remove))
    selected = (status[:, None] >> np.arange(len(columns))) % 2 == 1
    beside = {"entry": entry, "weights": weights, "strata": strata}
    reasons = [""] * counts.shape[0]
    for r in np.flatnonzero(status < 0):
        rows: Ints = np.repeat(np.arange(counts.shape[1], dtype=np.int64), counts[r])
        drawn = {t: {name: column[rows] for name, column in block.items()} for t, block in columns.items()}
        selected[r], coefficients[r], reasons[r] = _one(
            np.asarray(time)[rows], np.asarray(event)[rows], drawn,
            direction=direction, criterion=criterion, enter=enter, remove=remove, ties=ties,
            **{name: None if values is None else np.asarray(values)[rows] for name, values in beside.items()},
        )  # fmt: skip
    return StepwiseResamples(tuple(columns), tuple(table), selected, coefficients, tuple(reasons))


def _as_draws(draws: Any, n: int) -> Ints:
    counts = np.asarray(draws)
    if counts.ndim != 2 or counts.shape[1] != n or counts.dtype.kind not in "iu" or (counts.size and counts.min() < 0):
        raise AnalysisError(f"draws: a table of whole numbers from 0 was expected, a column for each of {n} patients")
    return np.ascontiguousarray(counts, dtype=np.int64)


def _at_once(problem: Problem, term: Ints, draws: Ints, rules: tuple[str, str, float, float]) -> tuple[Ints, Floats]:
    """Return what the kernel makes of all resamples; -1 for those that are left to `stepwise`."""
    p, total = len(problem.names), draws.shape[0]
    fits = kernel.at_once()
    small = term.size <= _MOST_TERMS + 1 and p <= _MOST_COLUMNS and np.diff(term).max() <= _MOST_BLOCK
    plain = problem.weight is None and problem.stratum is None and problem.sets.entry is None
    if fits is None or not small or not plain or total == 0:
        return np.full(total, -1), np.full((total, p), np.nan)
    direction, criterion, enter, remove = rules
    sets = problem.sets
    numbers = np.array(
        [direction == "backward", CRITERIA.index(criterion), enter, remove, problem.ties == "efron", sets.grid.size],
        dtype=np.float64,
    )
    key = 2 * sets.stop + sets.slot % 2
    parts = [draws[a : a + _AT_ONCE] for a in range(0, total, _AT_ONCE)]
    found = kernel.over_shards(lambda part: fits.stepwise_at_once(problem.x, key, term, numbers, part), parts)
    return np.concatenate([status for status, _ in found]), np.vstack([b for _, b in found]) / problem.scale


def _one(time: Column, event: Column, blocks: Mapping[str, Any], **rules: Any) -> tuple[Bools, Floats, str]:
    """Return the terms selected from the rows written out, their coefficients, and why there are none."""
    names = [name for block in blocks.values() for name in block]
    try:
        path = stepwise(time, event, blocks, **rules)
    except AnalysisError as error:
        return np.zeros(len(blocks), dtype=np.bool_), np.full(len(names), np.nan), str(error)
    fit = path.fit if path.fit is not None and path.fit.converged else None
    found = {} if fit is None else dict(zip(fit.names, fit.coefficients, strict=True))
    return np.isin(list(blocks), path.selected), np.array([found.get(name, np.nan) for name in names]), ""
