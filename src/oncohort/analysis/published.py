"""Published against recomputed: each number of a publication beside the row of the results that answers it."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from math import isfinite
from typing import Any, Final, get_args

from oncohort.clinical.exact import exact
from oncohort.derive.endpoints import DAYS_PER_UNIT
from oncohort.study.compared import ComparedNumber, ComparedNumbers, Verdict
from oncohort.study.findings import Finding
from oncohort.study.protocol import Protocol, TimeUnit
from oncohort.study.published import precision_of, resolve, setting_in_force, unit_of_setting
from oncohort.study.results import KEYS, Results, Row
from oncohort.study.schema_published import Op, PublishedNumber, PublishedNumbers, RowKey
from oncohort.study.text import NOT_REACHED, format_number, format_plain, round_half_up

NO_ROW: Final = "the results have no row of this key"
CITED: Final = "cited from another publication"
_BOUNDS: Final[Mapping[Op, Callable[[Any, Any], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_JOINED: Final = {"sum": " + ", "difference": " - "}
_NAMED: Final = 5  # numbers that a finding calls by name


@dataclass(frozen=True, slots=True)
class _Found:
    """What answers a number: its value, what a reader of the results sees of it, or why there is nothing."""

    value: float | None = None
    text: str = ""
    missing: str = ""


def compare_published(
    results: Results, published: PublishedNumbers | None, protocol: Protocol
) -> tuple[Results, list[Finding]]:
    """Return the results with every published number beside its recomputed one, and what a reader must know of it.

    Of the full double: it is rounded half up at the printed precision, from its shortest decimal text. Nothing is
    taken for equal because it is near; a median that is not reached differs from any number. A value halfway between
    two printable numbers that was printed as the lower one is ``equal_tie``: equal, had the half been rounded down.
    ``~`` allows one unit of the last printed digit.

    Parameters
    ----------
    results : Results
        The rows; what was masked there cannot be recomputed here.
    published : PublishedNumbers or None
        The publication; None leaves the results as they are.
    protocol : Protocol
        What numbers of the protocol are compared with: with the choices in force.

    Returns
    -------
    Results, list of Finding
        A warning where a number names a row that there is not, and where one is equal that is said to be impossible.
    """
    if published is None:
        return results, []
    numbers = tuple(compare_number(resolve(n, published), results, protocol) for n in published.number)
    return replace(results, published=ComparedNumbers(published.source, numbers)), [*_findings(numbers)]


def compare_number(number: PublishedNumber, results: Results, protocol: Protocol) -> ComparedNumber:
    """Return one number, with what answers it in its own words, beside the recomputed one."""
    found = _find(number, results, protocol)
    if found.missing:
        return ComparedNumber(number, None, "", "not_recomputable", number.reason or found.missing, _key(number))
    if isinstance(number.value, int | Decimal) and found.value is not None:
        verdict = judge(found.value, number)
        shown = found.text if number.op in _BOUNDS else ""
        shown = shown or _shown(found.value, number, verdict)
    else:
        verdict, shown = _verdict_of_words(number, found), found.text
    if verdict == "equal" and number.cls == "protocol":
        verdict = "protocol"
    differs = verdict in {"differs", "equal_tie"}
    halfway = "halfway between two printable numbers: half up it is the higher" if verdict == "equal_tie" else ""
    reason = (number.reason or halfway) if differs else ""
    return ComparedNumber(number, found.value, shown, verdict, reason, _key(number))


def judge(value: float, number: PublishedNumber) -> Verdict:
    """Return how a recomputed value compares with a printed number.

    Examples
    --------
    >>> printed = PublishedNumber(id="a", place="Table I", value=Decimal("40.1"))
    >>> judge(40.05, printed), judge(40.049, printed), judge(40.15, printed)
    ('equal', 'differs', 'equal_tie')
    """
    assert isinstance(number.value, int | Decimal)
    printed, precision = exact(number.value), precision_of(number)
    step = Fraction(1, 10**precision)
    if number.op in _BOUNDS:
        return "equal" if _BOUNDS[number.op](exact(value), printed) else "differs"
    if number.setting is not None:
        return "equal" if exact(value) == printed else "differs"
    if number.op == "~":
        return "equal" if abs(exact(value) - printed) <= step else "differs"
    if exact(round_half_up(value, precision)) == printed:
        return "equal"
    halfway = exact(float(f"{value:.12g}"))  # a sum of doubles may miss the middle by its last digits
    return "equal_tie" if abs(halfway - printed) == step / 2 else "differs"


def _find(number: PublishedNumber, results: Results, protocol: Protocol) -> _Found:
    if number.cls == "cited":
        return _Found(missing=CITED)
    if number.setting is not None:
        return _found_setting(number, setting_in_force(protocol, number.setting))
    if number.rows is not None:
        return _found_together(number, [results.get(**dict(key)) for key in number.rows])
    if number.row is None:
        return _Found(missing=NO_ROW)
    if isinstance(number.value, tuple):
        return _found_selected(number.row, results)
    return _found_row(number, results.get(**dict(number.row)))


def _found_row(number: PublishedNumber, row: Row | None) -> _Found:
    if row is None:
        return _Found(missing=NO_ROW)
    if isinstance(number.value, str):
        return _Found(text=row.text)
    if row.text == NOT_REACHED:
        return _Found(text=row.text)
    if row.value is None or not isfinite(row.value):
        return _Found(missing=f"the results say: {row.text}")
    return _in_unit(row.value, row.unit, number, row.text)


def _found_together(number: PublishedNumber, rows: Sequence[Row | None]) -> _Found:
    found = [_found_row(number, row) for row in rows]
    missing = next((item.missing for item in found if item.missing), "")
    values = [item.value for item in found if item.value is not None]
    if missing:
        return _Found(missing=missing)
    first, *others = values
    return _Found(value=sum(values) if number.how == "sum" else first - sum(others))


def _found_selected(key: RowKey, results: Results) -> _Found:
    """Return the factors that are selected; their order says nothing."""
    keys = {name: value for name, value in dict(key).items() if name not in {"variable", "level"}}
    rows = results.select(**keys)
    chosen = [row.variable for row in rows if row.value == 1]
    return _Found(text=", ".join(chosen)) if rows else _Found(missing=NO_ROW)


def _found_setting(number: PublishedNumber, value: object) -> _Found:
    if value is None:
        return _Found(missing="study.toml does not say it")
    if isinstance(value, int | float) and not isinstance(value, bool) and isinstance(number.value, int | Decimal):
        return _in_unit(float(value), unit_of_setting(number.setting or "") or "", number)
    return _Found(text=str(value))


def _in_unit(value: float, unit: str, number: PublishedNumber, text: str = "") -> _Found:
    if number.unit is None or number.unit == unit:
        return _Found(value=value, text=text)
    given = next((name for name in get_args(TimeUnit) if name == unit), None)
    if given is None:
        return _Found(missing=f"the results give it in {unit or 'no unit'}, not as a time")
    return _Found(value=value * DAYS_PER_UNIT[given] / DAYS_PER_UNIT[number.unit])


def _verdict_of_words(number: PublishedNumber, found: _Found) -> Verdict:
    if isinstance(number.value, tuple):
        same = set(number.value) == set(filter(None, found.text.split(", ")))
    else:
        same = number.value == found.text
    return "equal" if same else "differs"


def _shown(value: float, number: PublishedNumber, verdict: Verdict) -> str:
    """Return the recomputed value at the printed precision; with more digits where it is told what they are."""
    in_full = number.op in _BOUNDS or number.setting is not None or verdict == "equal_tie"
    return format_plain(value) if in_full else format_number(value, precision_of(number))


def _key(number: PublishedNumber) -> str:
    """Return the key as the line of results.csv begins, or that of study.toml."""
    rows = number.rows or (() if number.row is None else (number.row,))
    keys = [",".join(getattr(row, name) for name in KEYS) for row in rows]
    return number.setting or _JOINED.get(number.how or "sum", "").join(keys)


def _findings(numbers: Iterable[ComparedNumber]) -> Iterable[Finding]:
    unknown = [item.number.id for item in numbers if item.verdict == "not_recomputable" and item.reason == NO_ROW]
    if unknown:
        words = f"published numbers name a row that the results do not have: {_listed(unknown)}"
        yield Finding("warning", "PUBLISHED-ROW", words)
    possible = [item.number.id for item in numbers if item.number.cannot_be and item.verdict == "equal"]
    if possible:
        words = f"published numbers are said to be impossible, and are what the data give: {_listed(possible)}"
        yield Finding("warning", "PUBLISHED-POSSIBLE", words)


def _listed(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
    return f"{', '.join(ids[:_NAMED])}{more}"
