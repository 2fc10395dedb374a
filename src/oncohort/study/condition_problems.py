"""Whether a condition can be judged: its parts, and in a records study its columns, values and units."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from oncohort.study.derived import DerivedColumn
from oncohort.study.problems import Problem, unknown
from oncohort.study.protocol import Condition
from oncohort.study.toml_lines import Path
from oncohort.study.words import did_you_mean, quoted

_ORDERED = frozenset({"<", "<=", ">", ">="})
_LISTED = frozenset({"in", "not in"})


@dataclass(frozen=True, slots=True)
class Scope:
    """What a condition may name.

    ``columns`` is None in a table study, where any column may be in the file; ``criteria`` are those
    in use, and None where no criterion may be named.
    """

    columns: Mapping[str, DerivedColumn] | None = None
    criteria: tuple[str, ...] | None = None


def condition_problems(place: Path, condition: Condition, scope: Scope) -> Iterator[Problem]:
    """Yield what is wrong with a condition and with those inside it."""
    parts = [name for name in ("column", "all", "any", "criterion") if getattr(condition, name) is not None]
    if len(parts) != 1:
        yield place, "one of column, all and any was expected"
        return
    for name in ("all", "any"):
        for k, inner in enumerate(getattr(condition, name) or ()):
            yield from condition_problems((*place, name, k), inner, scope)
    if condition.criterion is not None:
        yield from _criterion(place, condition.criterion, scope)
    if condition.column is not None:
        problems = list(_comparison(place, condition))
        yield from problems
        if scope.columns is None and condition.unit is not None:
            yield (*place, "unit"), "a table study does not know the units of its columns; unit belongs to records"
        if scope.columns is not None and not problems:
            yield from _in_columns(place, condition, condition.column, scope.columns)


def columns_of(condition: Condition) -> Iterator[str]:
    """Yield every column that a condition and those inside it name."""
    if condition.column is not None:
        yield condition.column
    for inner in (*(condition.all or ()), *(condition.any or ())):
        yield from columns_of(inner)


def column_problems(place: Path, column: str, columns: Mapping[str, DerivedColumn]) -> Iterator[Problem]:
    """Yield a column that neither a table, nor a baseline variable, nor a derivation gives."""
    if column not in columns:
        near = did_you_mean(column, columns)
        yield place, f'no table, baseline variable or derivation gives a column "{column}".{near}'


def level_problem(column: DerivedColumn, name: str, value: object) -> str:
    """Return the sentence about a value that a column with known values cannot have."""
    return (
        f'the column "{name}" has no value "{value}"; it has {quoted(column.levels)}.'
        f"{did_you_mean(str(value), column.levels)}"
    )


def _criterion(place: Path, name: str, scope: Scope) -> Iterator[Problem]:
    if scope.criteria is None:
        yield (*place, "criterion"), "a criterion can be named in the reasons of the flow only"
    elif name not in scope.criteria:
        yield (*place, "criterion"), unknown("criterion in use", name, scope.criteria)


def _comparison(place: Path, condition: Condition) -> Iterator[Problem]:
    if condition.op is None:
        yield place, "op is missing: one of == != < <= > >= in, not in, present, absent"
    elif condition.op in {"present", "absent"}:
        if condition.value is not None:
            yield (*place, "value"), f'"{condition.op}" takes no value'
    elif condition.value is None:
        yield place, f'value is missing: what is compared by "{condition.op}"'
    elif (condition.op in _LISTED) != isinstance(condition.value, tuple):
        expected = "a list" if condition.op in _LISTED else "one value"
        yield (*place, "value"), f'"{condition.op}" compares with {expected}'
    elif condition.op in _ORDERED and isinstance(condition.value, str | bool):
        yield (
            (*place, "value"),
            f'"{condition.op}" compares with a number or a date (2010-05-31, without quotation marks)',
        )


def _in_columns(
    place: Path, condition: Condition, name: str, columns: Mapping[str, DerivedColumn]
) -> Iterator[Problem]:
    column = columns.get(name)
    if column is None:
        yield from column_problems((*place, "column"), name, columns)
        return
    if condition.unit is not None and condition.unit != column.unit:
        known = f'is in "{column.unit}"' if column.unit else "has no unit"
        yield (*place, "unit"), f'the column "{name}" {known}, and this value is in "{condition.unit}"'
    if condition.op in {"present", "absent"}:
        return
    if condition.op in _ORDERED and column.kind not in {"number", "date"}:
        yield (*place, "op"), f'"{condition.op}" needs a number or a date, and the column "{name}" holds text'
        return
    values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    for value in values:
        sentence = _value_problem(column, name, value)
        if sentence:
            yield (*place, "value"), sentence


def _value_problem(column: DerivedColumn, name: str, value: object) -> str:
    """Return what is wrong with a value that is compared with a column, or nothing."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if column.kind == "partial-date":
        return f'the column "{name}" may leave out day or month; only "present" and "absent" can be asked of it'
    if column.kind == "number" and not number:
        return f'the column "{name}" holds numbers; "{value}" is none'
    if column.kind == "date" and not isinstance(value, date):
        return f'the column "{name}" holds dates; "{value}" is none (2010-05-31, without quotation marks)'
    if column.kind == "flag" and not isinstance(value, bool):
        return f'the column "{name}" is true or false; "{value}" is neither'
    if column.levels and str(value) not in column.levels:
        return level_problem(column, name, value)
    return ""
