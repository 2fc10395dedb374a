"""What enters a Cox model: each factor as the columns its coding makes of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oncohort.analysis.spline_shape import SplineShape, columns_at, in_words, shape_of
from oncohort.errors import AnalysisError
from oncohort.study.cohort import FactorData
from oncohort.study.protocol import Coding, Model, Recoding
from oncohort.study.text import format_plain


@dataclass(frozen=True, slots=True)
class Term:
    """One factor in one model.

    ``columns`` (n, k) holds one column for each of the k ``levels``: a level's id for an indicator or a
    split, "" for a score or a number; ``labels`` name the columns for a reader. Rows of patients whose
    factor is not known are nan. ``coding`` says in words what one hazard ratio compares. A number that enters as a
    spline has ``shape``, and its columns have no meaning one by one.
    """

    factor: str
    levels: tuple[str, ...]
    columns: NDArray[np.float64]
    coding: str
    labels: tuple[str, ...]
    shape: SplineShape | None = None

    def names(self) -> tuple[str, ...]:
        """Return one name a column, unique within a model."""
        return tuple(f"{self.factor}={level}" if level else self.factor for level in self.levels)

    def known(self) -> NDArray[np.bool_]:
        return np.isnan(self.columns).sum(axis=1) == 0

    def blocks(self) -> dict[str, tuple[str, ...]]:
        """Return the names of columns that are tested together, by the level of the test's rows.

        The test of all columns comes last.
        """
        names = self.names()
        bends = {} if self.shape is None else {"(nonlinear)": names[1:]}
        return bends | ({"(block)": names} if len(names) > 1 else {})


def code_factor(factor: FactorData, model: Model) -> Term:
    """Return a factor as this model codes it.

    Raises
    ------
    AnalysisError
        If the coding cannot be made of the values: a logarithm of a number that is not positive, or a spline with
        more knots than values.
    """
    own = model.coding.get(factor.spec.id, Recoding(cox=_default(factor)))
    if own.map is not None:
        scores = [own.map[level.id] for level in factor.levels]
        return _scored(factor, scores, _scores_in_words(factor, scores))
    coding = own.cox or _default(factor)
    if factor.spec.id in model.splines:
        return _spline(factor, model, logarithmic=coding == "log2")
    if coding == "linear":
        scores = [float(k) for k in range(len(factor.levels))]
        return _scored(factor, scores, "per step " + " → ".join(level.label for level in factor.levels))
    if coding in {"continuous", "log2"}:
        return _number(factor, coding)
    return _indicators(factor)


def _default(factor: FactorData) -> Coding:
    if factor.spec.cox is not None:
        return factor.spec.cox
    if factor.spec.split is not None:
        return "split"
    return "indicator" if factor.levels else "continuous"


def _scored(factor: FactorData, scores: list[float], coding: str) -> Term:
    column = np.array([*scores, np.nan])[factor.codes]  # the code -1 of a missing level finds the nan
    return Term(factor.spec.id, ("",), column[:, None], coding, (_label(factor),))


def _scores_in_words(factor: FactorData, scores: list[float]) -> str:
    """Return "B or C vs A" where the scores make two groups one apart, else each level with its score."""
    low, high = min(scores), max(scores)
    if set(scores) == {low, high} and high - low == 1:
        sides = [
            " or ".join(level.label for level, score in zip(factor.levels, scores, strict=True) if score == side)
            for side in (high, low)
        ]
        return f"{sides[0]} vs {sides[1]}"
    named = [f"{level.label} = {format_plain(score)}" for level, score in zip(factor.levels, scores, strict=True)]
    return f"per unit of the score ({', '.join(named)})"


def _number(factor: FactorData, coding: str) -> Term:
    assert factor.numbers is not None
    column = factor.numbers
    if coding == "log2":
        _check_positive(factor)
        return Term(factor.spec.id, ("",), np.log2(column)[:, None], "per doubling", (_label(factor),))
    return Term(factor.spec.id, ("",), (column / factor.spec.per)[:, None], _per(factor), (_label(factor),))


def _spline(factor: FactorData, model: Model, *, logarithmic: bool) -> Term:
    assert factor.numbers is not None
    if logarithmic:
        _check_positive(factor)
    shape = shape_of(factor, model, logarithmic=logarithmic)
    known = ~np.isnan(factor.numbers)
    columns = np.full((known.size, len(shape.knots) - 1), np.nan)
    columns[known] = columns_at(shape, factor.numbers[known])
    levels = tuple(f"spline{k}" for k in range(1, columns.shape[1] + 1))
    labels = tuple(f"{_label(factor)}, column {k} of its spline" for k in range(1, columns.shape[1] + 1))
    return Term(factor.spec.id, levels, columns, in_words(shape), labels, shape)


def _check_positive(factor: FactorData) -> None:
    assert factor.numbers is not None
    if np.nanmin(factor.numbers, initial=np.inf) <= 0:
        raise AnalysisError(f'factor "{factor.spec.id}": log2 needs values above 0; use cox = "continuous"')


def _per(factor: FactorData) -> str:
    """Return "per year", "per 10 years", "per 1 g/l" or "per unit"."""
    unit, per = factor.spec.unit, factor.spec.per
    if per == 1 and (not unit or unit in {"years", "months", "weeks", "days"}):
        return f"per {unit.removesuffix('s') or 'unit'}"
    return f"per {format_plain(per)} {unit}".rstrip()


def _indicators(factor: FactorData) -> Term:
    """Return one 0/1 column for each level but the reference; the first declared level unless named."""
    reference = factor.spec.reference or factor.levels[0].id
    others = [(k, level.id) for k, level in enumerate(factor.levels) if level.id != reference]
    columns = np.stack([(factor.codes == k).astype(np.float64) for k, _ in others], axis=1)
    columns[factor.codes < 0] = np.nan
    label = next(level.label for level in factor.levels if level.id == reference)
    names = tuple(f"{_label(factor)}, {factor.levels[k].label}" for k, _ in others)
    return Term(factor.spec.id, tuple(name for _, name in others), columns, f"vs {label}", names)


def _label(factor: FactorData) -> str:
    return factor.spec.label or factor.spec.id
