"""Who enters: the protocol's criteria, and the flow that they make."""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import date
from functools import reduce
from typing import Any, Final

import polars as pl

from oncohort.study.cohort import FlowStep
from oncohort.study.findings import Finding
from oncohort.study.protocol import Condition, Criterion
from oncohort.study.records import same_value
from oncohort.study.text import mask_count

_ORDER: Final[dict[str, Callable[[Any, Any], pl.Series]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def apply_criteria(
    patients: pl.DataFrame, criteria: tuple[Criterion, ...], min_cell: int = 0
) -> tuple[pl.DataFrame, tuple[FlowStep, ...], list[Finding]]:
    """Return who is left, the steps in their order, and which patients a criterion could not judge.

    A patient leaves at the first criterion that is not met. Where the value is not known, an
    ``include`` is not met and an ``exclude`` does not hold; the second is a finding.
    """
    left = patients
    steps: list[FlowStep] = []
    findings: list[Finding] = []
    for criterion in criteria:
        if not criterion.enabled:
            continue
        met = judge(left, criterion.include or criterion.exclude or Condition())
        unknown = int(met.null_count())
        if criterion.exclude is not None:
            findings += _not_judged(criterion, mask_count(unknown, min_cell)) if unknown else []
            stays = ~met.fill_null(value=False)
        else:
            findings += _left_unknown(criterion, mask_count(unknown, min_cell)) if unknown else []
            stays = met.fill_null(value=False)
        after = left.filter(stays)
        steps.append(FlowStep(criterion.id, criterion.label or criterion.id, left.height, left.height - after.height))
        left = after
    return left, tuple(steps), findings


def _not_judged(criterion: Criterion, unknown: str) -> list[Finding]:
    sentence = f'criterion "{criterion.id}" could not be judged in {unknown} patient(s), who stay in'
    return [Finding("warning", "NOT-JUDGED", sentence)]


def _left_unknown(criterion: Criterion, unknown: str) -> list[Finding]:
    sentence = f'criterion "{criterion.id}" is not known to hold in {unknown} patient(s), who were left out under it'
    return [Finding("note", "LEFT-UNKNOWN", sentence)]


def judge(patients: pl.DataFrame, condition: Condition) -> pl.Series:
    """Return whether a condition holds for each patient: True, False, or null where it is not known."""
    if condition.all is not None:
        return reduce(operator.and_, (judge(patients, part) for part in condition.all))
    if condition.any is not None:
        return reduce(operator.or_, (judge(patients, part) for part in condition.any))
    column = patients[condition.column or ""]
    if condition.op == "present":
        return column.is_not_null()
    if condition.op == "absent":
        return column.is_null()
    if condition.op in _ORDER:
        return _ORDER[condition.op](column, condition.value)
    wanted = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    if column.dtype == pl.Date:
        equal = column.is_in([value for value in wanted if isinstance(value, date)])
    else:
        cells = column.cast(pl.String)
        distinct = cells.drop_nulls().unique().to_list()
        equal_cells = [cell for cell in distinct if any(same_value(cell, value) for value in wanted)]
        equal = cells.is_in(equal_cells)
    equal = pl.select(pl.when(column.is_not_null()).then(equal)).to_series()
    return ~equal if condition.op in {"!=", "not in"} else equal
