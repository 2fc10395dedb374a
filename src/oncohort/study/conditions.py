"""Whether a condition of the protocol holds for each patient, and whom the criteria leave out.

Everything has three values: True, False, and null where it is not known (Kleene's logic: unknown or True is
True, unknown and False is False).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import reduce
from typing import Any, Final, Literal, TypeAlias

import polars as pl

from oncohort.study.protocol import Condition, Criterion, Reason
from oncohort.study.records import same_value

_ORDER: Final[dict[str, Callable[[Any, Any], pl.Series]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

Status: TypeAlias = Literal["INCLUDED", "EXCLUDED", "UNDETERMINED"]
Failures: TypeAlias = Mapping[str, pl.Series]
"""For the id of a criterion, whether each patient failed it: True, False, or null where it is not known."""


@dataclass(frozen=True, slots=True)
class Eligibility:
    """Whether a patient may enter: all criteria that failed, and all that cannot be judged, by id in their order."""

    status: Status
    failed: tuple[str, ...]
    missing: tuple[str, ...]


def judge(patients: pl.DataFrame, condition: Condition, failures: Failures | None = None) -> pl.Series:
    """Return whether a condition holds for each patient: True, False, or null where it is not known.

    Numbers are compared as doubles, which stand in the same order as the decimal texts they were read from; a value
    with a unit is in the unit of its column, which the reader of the protocol has made sure of.

    Parameters
    ----------
    patients : DataFrame
        One row a patient, with every column that the condition names.
    condition : Condition
        What is asked.
    failures : mapping, optional
        Who failed each criterion, for a condition that names one; see `judge_failures`.

    Examples
    --------
    >>> low = Condition(column="bilirubin", op="<", value=51.3, unit="umol/L")
    >>> judge(pl.DataFrame({"bilirubin": [51.2, 51.3, None]}), low).to_list()
    [True, False, None]
    """
    if condition.all is not None:
        return reduce(lambda a, b: a & b, (judge(patients, part, failures) for part in condition.all))
    if condition.any is not None:
        return reduce(lambda a, b: a | b, (judge(patients, part, failures) for part in condition.any))
    if condition.criterion is not None:
        return (failures or {})[condition.criterion]
    return _judge_column(patients[condition.column or ""], condition)


def _judge_column(column: pl.Series, condition: Condition) -> pl.Series:
    if condition.op == "present":
        return column.is_not_null()
    if condition.op == "absent":
        return column.is_null()
    if condition.op in _ORDER:
        return _ORDER[condition.op](column, condition.value)
    equal = _is_one_of(column, condition.value if isinstance(condition.value, tuple) else (condition.value,))
    return ~equal if condition.op in {"!=", "not in"} else equal


def _is_one_of(column: pl.Series, wanted: tuple[object, ...]) -> pl.Series:
    if column.dtype == pl.Date:
        equal = column.is_in([value for value in wanted if isinstance(value, date)])
    else:
        cells = column.cast(pl.String)
        distinct = cells.drop_nulls().unique().to_list()
        equal_cells = [cell for cell in distinct if any(same_value(cell, value) for value in wanted)]
        equal = cells.is_in(equal_cells)
    return pl.select(pl.when(column.is_not_null()).then(equal)).to_series()


def judge_criterion(patients: pl.DataFrame, criterion: Criterion) -> pl.Series:
    """Return whether the condition of a criterion holds for each patient, as ``judge`` does.

    With ``before``, the date of its condition must also not be later than each of the dates named there that there
    is: a patient who was never treated has no index date to be late for.
    """
    condition = criterion.include or criterion.exclude or Condition()
    holds = judge(patients, condition)
    for other in criterion.before:
        holds &= (patients[condition.column or ""] <= patients[other]) | patients[other].is_null()
    return holds


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


def judge_failures(patients: pl.DataFrame, criteria: Iterable[Criterion]) -> dict[str, pl.Series]:
    """Return, for each criterion in use, whether each patient failed it; null where it cannot be judged."""
    failures: dict[str, pl.Series] = {}
    for criterion in criteria:
        if criterion.enabled:
            holds = judge_criterion(patients, criterion)
            failures[criterion.id] = holds if criterion.exclude is not None else ~holds
    return failures


def judge_eligibility(patients: pl.DataFrame, criteria: Iterable[Criterion]) -> tuple[Eligibility, ...]:
    """Return for each patient whether the criteria in use let them in.

    INCLUDED if all are met, EXCLUDED if any failed, UNDETERMINED if none failed and any cannot be judged. Where an
    ``exclude`` cannot be judged the patient is undetermined too: in a records study nobody enters on a missing value.

    Examples
    --------
    >>> platelets = Criterion(id="PLATELETS", include=Condition(column="platelets", op=">", value=50))
    >>> ecog = Criterion(id="ECOG", include=Condition(column="ecog", op="<=", value=2))
    >>> patients = pl.DataFrame({"platelets": [110, 50, None], "ecog": [1, 3, 1]})
    >>> for verdict in judge_eligibility(patients, [platelets, ecog]):
    ...     print(verdict.status, verdict.failed, verdict.missing)
    INCLUDED () ()
    EXCLUDED ('PLATELETS', 'ECOG') ()
    UNDETERMINED () ('PLATELETS',)
    """
    columns = {name: failed.to_list() for name, failed in judge_failures(patients, criteria).items()}
    return tuple(
        _verdict({name: failed[place] for name, failed in columns.items()}) for place in range(patients.height)
    )


def _verdict(failures: Mapping[str, bool | None]) -> Eligibility:
    failed = tuple(name for name, value in failures.items() if value)
    missing = tuple(name for name, value in failures.items() if value is None)
    status: Status = "EXCLUDED" if failed else "UNDETERMINED" if missing else "INCLUDED"
    return Eligibility(status, failed, missing)


def judge_reason(patients: pl.DataFrame, reason: Reason, failures: Failures) -> pl.Series:
    """Return whether a reason of the flow holds for each patient; the rest holds for whoever failed any criterion."""
    if not isinstance(reason.when, str):
        return judge(patients, reason.when, failures)
    nobody = pl.repeat(value=False, n=patients.height, dtype=pl.Boolean, eager=True)
    return reduce(lambda a, b: a | b, failures.values(), nobody)
