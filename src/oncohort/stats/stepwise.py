"""Stepwise Cox regression, as SPSS COXREG's FSTEP and BSTEP."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

import numpy as np

from oncohort.errors import AnalysisError
from oncohort.stats.arrays import Column, Floats, as_design
from oncohort.stats.cox import CoxFit, fit_problem
from oncohort.stats.distributions import TestResult
from oncohort.stats.partial_likelihood import prepare, select
from oncohort.stats.selection import BlockTest, Model, Search, entry_tests, fit_model, removal_tests, search_in

Action: TypeAlias = Literal["start", "enter", "removal-test", "remove", "stop"]
CRITERIA = ("conditional", "likelihood-ratio", "wald")
_NO_ENTRY = "no term meets the criterion for entry"
_ALL_IN = "no term is left to enter"
_SEEN = "the next model was met before"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the path.

    Parameters
    ----------
    action : {"start", "enter", "removal-test", "remove", "stop"}
        "start": all terms entered (backward only). "enter": ``candidates`` were tested and ``term`` entered.
        "removal-test": ``removals`` were tested and none left. "remove": ``removals`` were tested and
        ``term`` left. "stop": ``candidates`` were tested and none entered.
    term : str
        The term that entered or left, else empty.
    model : tuple of str
        Terms in the model after the step, in order of entry.
    candidates : tuple of BlockTest
        Score test of each term outside the model before the step.
    removals : tuple of BlockTest
        Test of each term in the model before the step, by the criterion.
    redundant : tuple of str
        Terms outside that add no information to the model: constant or linearly dependent.
    residual_chi_square : TestResult or None
        Score test of all terms outside together; None without candidates.
    minus_2_log_likelihood, improvement : float
        Of the model after the step, and its fall from the model before (0 where no term moved).
    """

    action: Action
    term: str
    model: tuple[str, ...]
    candidates: tuple[BlockTest, ...]
    removals: tuple[BlockTest, ...]
    redundant: tuple[str, ...]
    residual_chi_square: TestResult | None
    minus_2_log_likelihood: float
    improvement: float


@dataclass(frozen=True, slots=True, eq=False)
class StepwiseResult:
    """The path of a stepwise selection and the model it ended in.

    Parameters
    ----------
    direction, criterion, enter, remove, ties
        As asked for.
    steps : tuple of Step
        The path.
    selected : tuple of str
        Terms of the final model, in order of entry; may be empty.
    fit : CoxFit or None
        The final model; None when it is empty.
    stop_reason : str
        Why the path ended.
    log_likelihood_null : float
        Log partial likelihood without any term.
    """

    direction: str
    criterion: str
    enter: float
    remove: float
    ties: str
    steps: tuple[Step, ...]
    selected: tuple[str, ...]
    fit: CoxFit | None = field(repr=False)
    stop_reason: str
    log_likelihood_null: float


@dataclass(frozen=True, slots=True, eq=False)
class _Path:
    """Where the selection stands: the current model, all models met, the steps so far, and why it ended."""

    model: Model
    seen: frozenset[frozenset[str]]
    steps: tuple[Step, ...]
    stop_reason: str = ""


def stepwise(  # noqa: PLR0913  (the parts of a selection)
    time: Column,
    event: Column,
    blocks: Mapping[str, Any],
    *,
    direction: str,
    criterion: str,
    enter: float,
    remove: float,
    ties: str,
    entry: Column | None = None,
    weights: Column | None = None,
    strata: Column | None = None,
) -> StepwiseResult:
    """Select terms of a Cox model step by step.

    A term enters when the P of its score test is the smallest and below ``enter``; after each entry, terms
    leave one by one while the largest P of the removal test is at or above ``remove``. All columns of a
    term enter and leave together. A model met before ends the path, so ``enter`` may equal ``remove``.

    Parameters
    ----------
    time : (n,) float
        End of follow-up, from 0.
    event : (n,) bool or 0/1
        True where the event happened at ``time``.
    blocks : mapping of str to table
        For each term its columns: a mapping of names to columns, a frame, one Series or an array.
    direction : {"forward", "backward"}
        Start from no term, or from all.
    criterion : {"conditional", "likelihood-ratio", "wald"}
        Removal test: likelihood ratio against conditional estimates without refitting (SPSS's COND),
        against the refitted smaller model (LR), or Wald's test of the term's coefficients.
    enter, remove : float
        Limits of P, in (0, 1].
    ties : {"efron", "breslow"}
        As in `cox`; SPSS has Breslow.
    entry, weights, strata : (n,), optional
        As in `cox`; the tests are model-based.

    Returns
    -------
    StepwiseResult
        The path, the terms selected and the final fit.

    Raises
    ------
    AnalysisError
        If an argument is not one of those named, the data cannot be fitted (see `cox`), or a model on the
        path has no invertible information.

    Examples
    --------
    >>> weeks = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35,
    ...          1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
    >>> relapse = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0] + [1] * 21
    >>> terms = {"placebo": [0] * 21 + [1] * 21, "odd row": [1, 0] * 21}
    >>> path = stepwise(weeks, relapse, terms, direction="forward", criterion="likelihood-ratio",
    ...                 enter=0.1, remove=0.1, ties="breslow")
    >>> path.selected, [step.action for step in path.steps], path.stop_reason
    (('placebo',), ['enter', 'removal-test', 'stop'], 'no term meets the criterion for entry')

    References
    ----------
    IBM SPSS Statistics, COXREG: METHOD subcommand (entry by score test, removal by COND, LR or WALD; a
    block is removable unless its P is below POUT). Lawless JF, Singhal K. Biometrics 1978;34:318-327
    (conditional estimates).
    Golden values: ``tests/golden/r/stepwise.json``, key ``paths`` (the rules carried out in R; 1e-8).
    """
    check_rules(direction, criterion, (enter, remove), blocks)
    columns = columns_of_terms(blocks, np.size(time))
    table = {name: column for block in columns.values() for name, column in block.items()}
    problem = prepare(time, event, table, ties=ties, entry=entry, weights=weights, strata=strata)
    search = search_in(problem, {t: tuple(block) for t, block in columns.items()}, criterion)
    start = fit_model(search, () if direction == "forward" else tuple(blocks))
    path = _Path(start, frozenset({frozenset(start.terms)}), ())
    if direction == "backward":
        empty = fit_model(search, ())
        path = replace(path, steps=(_step("start", "", start, before=empty),))
        path = _remove_all(search, path, remove)
    while not path.stop_reason:
        path = _enter_one(search, path, enter)
        if not path.stop_reason:
            path = _remove_all(search, path, remove)
    model = path.model
    fit = fit_problem(select(problem, search.columns(model.terms)), 0.95) if model.terms else None
    null = search.null.log_likelihood
    return StepwiseResult(
        direction, criterion, enter, remove, ties, path.steps, model.terms, fit, path.stop_reason, null
    )


def _enter_one(search: Search, path: _Path, limit: float) -> _Path:
    """Test the terms outside and enter the most significant one."""
    model = path.model
    candidates, redundant, residual = entry_tests(search, model)
    best = min(candidates, key=lambda c: c.test.log10_p, default=None)
    reason = _ALL_IN if best is None else ("" if best.test.p_value < limit else _NO_ENTRY)
    if best is not None and not reason and frozenset((*model.terms, best.term)) in path.seen:
        reason = _SEEN
    if best is None or reason:
        step = _step("stop", "", model, before=model, candidates=candidates, redundant=redundant)
        step = replace(step, residual_chi_square=residual)
        return replace(path, steps=(*path.steps, step), stop_reason=reason)
    larger = fit_model(search, (*model.terms, best.term))
    step = _step("enter", best.term, larger, before=model, candidates=candidates, redundant=redundant)
    step = replace(step, residual_chi_square=residual)
    met = {frozenset(larger.terms), frozenset((*model.terms, best.term))}
    return _Path(larger, path.seen | met, (*path.steps, step))


def _remove_all(search: Search, path: _Path, limit: float) -> _Path:
    """Remove terms one by one until none is removable or a model is met again."""
    while path.model.terms:
        model = path.model
        removals = removal_tests(search, model)
        worst = max(removals, key=lambda r: r.test.log10_p)
        terms = tuple(t for t in model.terms if t != worst.term)
        met = frozenset(terms) in path.seen
        if worst.test.p_value < limit or met:
            reason = _SEEN if met and worst.test.p_value >= limit else ""
            step = _step("removal-test", "", model, before=model, removals=removals)
            return replace(path, steps=(*path.steps, step), stop_reason=reason)
        smaller = fit_model(search, terms)
        step = _step("remove", worst.term, smaller, before=model, removals=removals)
        path = _Path(smaller, path.seen | {frozenset(terms)}, (*path.steps, step))
    return path


def _step(
    action: Action,
    term: str,
    model: Model,
    *,
    before: Model,
    candidates: tuple[BlockTest, ...] = (),
    removals: tuple[BlockTest, ...] = (),
    redundant: tuple[str, ...] = (),
) -> Step:
    now, then = -2.0 * model.log_likelihood, -2.0 * before.log_likelihood
    return Step(action, term, model.terms, candidates, removals, redundant, None, now, then - now)


def check_rules(direction: str, criterion: str, limits: Iterable[float], blocks: Mapping[str, Any]) -> None:
    """Refuse rules that `stepwise` does not know."""
    if direction not in {"forward", "backward"}:
        raise AnalysisError(f'direction: "forward" or "backward" was expected; got "{direction}"')
    if criterion not in CRITERIA:
        raise AnalysisError(f'criterion: "conditional", "likelihood-ratio" or "wald" was expected; got "{criterion}"')
    for limit in limits:
        if not 0.0 < limit <= 1.0:
            raise AnalysisError(f"enter, remove: limits of P above 0, at most 1, were expected; got {limit:g}")
    if not blocks:
        raise AnalysisError("blocks: at least one term was expected")


def columns_of_terms(blocks: Mapping[str, Any], n: int) -> dict[str, dict[str, Floats]]:
    """Return the columns of each term by name; no two columns have one name."""
    columns = {term: _named(term, block, n) for term, block in blocks.items()}
    names = [name for block in columns.values() for name in block]
    if len(set(names)) < len(names):
        raise AnalysisError("blocks: each column needs a name of its own; two terms share one")
    return columns


def _named(term: str, block: Any, n: int) -> dict[str, Floats]:
    """Return the columns of a block by name; unnamed ones are called after the term."""
    matrix, names = as_design(block, n)
    if not isinstance(block, Mapping) and not hasattr(block, "columns"):
        names = (term,) if len(names) == 1 else tuple(f"{term}{k + 1}" for k in range(len(names)))
    return {name: matrix[:, k] for k, name in enumerate(names)}
