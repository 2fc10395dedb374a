"""What the criteria and the reasons of the flow say of one patient whose values at baseline are known.

`oncohort.study.conditions` judges whole tables; writing a patient asks for one patient at a time, many times. Both
have three values: True, False, and None where it is not known.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias

from oncohort.study.protocol import Condition, Criterion, Protocol
from oncohort.study.records import same_value

Values: TypeAlias = Mapping[str, Any]
"""The value of each column that a condition may name; a column that is not there is not known."""

Failed: TypeAlias = Mapping[str, bool | None]
"""For the id of each criterion in use, whether the patient failed it."""

_ORDER: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def holds(condition: Condition, values: Values, failed: Failed) -> bool | None:
    """Return whether a condition holds for a patient; None where it is not known.

    Examples
    --------
    >>> low = Condition(column="bilirubin", op="<", value=51.3, unit="umol/L")
    >>> [holds(low, {"bilirubin": value}, {}) for value in (51.2, 51.3, None)]
    [True, False, None]
    """
    if condition.all is not None:
        answers = [holds(part, values, failed) for part in condition.all]
        return False if False in answers else None if None in answers else True
    if condition.any is not None:
        answers = [holds(part, values, failed) for part in condition.any]
        return True if True in answers else None if None in answers else False
    if condition.criterion is not None:
        return failed[condition.criterion]
    return _compare(values.get(condition.column or ""), condition)


def _compare(value: Any, condition: Condition) -> bool | None:
    bound: Any = condition.value
    if condition.op in {"present", "absent"}:
        return (value is not None) == (condition.op == "present")
    if value is None:
        return None
    if condition.op in _ORDER:
        return _ORDER[condition.op](value, bound)
    wanted = bound if isinstance(bound, tuple) else (bound,)
    equal = any(same_value(str(value), one) for one in wanted)
    return equal != (condition.op in {"!=", "not in"})


def failed_criteria(criteria: Iterable[Criterion], values: Values) -> dict[str, bool | None]:
    """Return, for each criterion in use, whether the patient failed it.

    Examples
    --------
    >>> ecog = Criterion(id="ECOG", include=Condition(column="ecog", op="<=", value=2))
    >>> failed_criteria([ecog], {"ecog": 3}), failed_criteria([ecog], {})
    ({'ECOG': True}, {'ECOG': None})
    """
    found: dict[str, bool | None] = {}
    for criterion in criteria:
        if criterion.enabled:
            met = _met(criterion, values)
            found[criterion.id] = met if criterion.exclude is not None or met is None else not met
    return found


def _met(criterion: Criterion, values: Values) -> bool | None:
    condition = criterion.include or criterion.exclude or Condition()
    given = values.get(condition.column or "")
    answers = [holds(condition, values, {})]
    for name in criterion.before:
        other = values.get(name)
        answers.append(True if other is None else None if given is None else given <= other)
    return False if False in answers else None if None in answers else True


def reason_of(protocol: Protocol, values: Values, failed: Failed) -> str:
    """Return the id of the first reason of the flow that holds; "" where none does."""
    for reason_id, reason in zip(protocol.flow.reason_ids(), protocol.flow.reason, strict=True):
        if True in failed.values() if isinstance(reason.when, str) else holds(reason.when, values, failed):
            return reason_id
    return ""
