"""Whether a condition of the protocol holds for each patient, and whom the criteria leave out."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from datetime import date
from functools import reduce
from typing import Any, Final

import polars as pl

from oncohort.study.protocol import Condition, Criterion
from oncohort.study.records import same_value

_ORDER: Final[dict[str, Callable[[Any, Any], pl.Series]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def judge(patients: pl.DataFrame, condition: Condition) -> pl.Series:
    """Return whether a condition holds for each patient: True, False, or null where it is not known."""
    if condition.all is not None:
        return reduce(lambda a, b: a & b, (judge(patients, part) for part in condition.all))
    if condition.any is not None:
        return reduce(lambda a, b: a | b, (judge(patients, part) for part in condition.any))
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


def judge_criterion(patients: pl.DataFrame, criterion: Criterion) -> pl.Series:
    """Return whether the condition of a criterion holds for each patient, as ``judge`` does."""
    return judge(patients, criterion.include or criterion.exclude or Condition())


def stays_under(criterion: Criterion, holds: pl.Series) -> pl.Series:
    """Return whether each patient stays: what is not known neither includes nor excludes."""
    known = holds.fill_null(value=False)
    return ~known if criterion.exclude is not None else known


def left_out_by(patients: pl.DataFrame, criteria: Iterable[Criterion]) -> dict[int, str]:
    """Return the places of the patients who do not stay, each with the id of the first criterion that says so.

    Examples
    --------
    >>> adult = Criterion(id="adult", include=Condition(column="Age", op=">=", value=18))
    >>> left_out_by(pl.DataFrame({"Age": [17.0, 54.0, None]}), [adult])
    {0: 'adult', 2: 'adult'}
    """
    out: dict[int, str] = {}
    for criterion in criteria:
        if criterion.enabled:
            stays = stays_under(criterion, judge_criterion(patients, criterion))
            places: list[int] = (~stays).arg_true().to_list()
            out = dict.fromkeys(places, criterion.id) | out
    return out
