"""The verdict of one rule of a protocol on one occasion, and the records it rests on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from oncohort.clinical.procedure_deviations import Verdict
from oncohort.derive.patient_course import PatientCourse
from oncohort.derive.protocol_policies import ProtocolRule
from oncohort.study.conditions import judge
from oncohort.study.protocol import Condition

UNKNOWN: Final = "U"
"""What the template's lists of words have for what is not known."""


@dataclass(frozen=True, slots=True)
class Judgment:
    """What a rule says of one occasion.

    Attributes
    ----------
    rule : str
        Id of the rule.
    verdict : str
        kept, broken, not assessable or not applicable.
    table, row
        The record the occasion rests on, with its row in the file; None where it rests on the absence of one.
    day : int or None
        Day of the occasion.
    days_late : int or None
        Days until what was asked for was done, 0 where it was done at once; None where it was not, or was not due.
    value : str
        What was measured or given, or what is missing.
    """

    rule: str
    verdict: Verdict
    table: str | None
    row: int | None
    day: int | None
    days_late: int | None
    value: str


@dataclass(frozen=True, slots=True)
class RuleFamily:
    """Rules that are judged together: their words, by id, and what they say of each occasion of a patient."""

    rules: Mapping[str, ProtocolRule]
    judge: Callable[[PatientCourse], Iterable[Judgment]]


def condition_columns(condition: Condition) -> tuple[str, ...]:
    """Return the columns that a condition names, each once."""
    parts = (*(condition.all or ()), *(condition.any or ()))
    inner = (name for part in parts for name in condition_columns(part))
    return tuple(dict.fromkeys((*((condition.column,) if condition.column else ()), *inner)))


def judge_known(frame: pl.DataFrame, condition: Condition) -> pl.Series:
    """Return whether a condition holds for each row, where a recorded U, for unknown, is as good as nothing recorded.

    Examples
    --------
    >>> wishes = Condition(column="wishes", op="==", value="Y")
    >>> judge_known(pl.DataFrame({"wishes": ["Y", "N", "U", None]}), wishes).to_list()
    [True, False, None, None]
    """
    names = [name for name in condition_columns(condition) if frame.schema[name] == pl.String]
    known = (pl.when(pl.col(name) != UNKNOWN).then(pl.col(name)).alias(name) for name in names)
    return judge(frame.with_columns(known), condition)
