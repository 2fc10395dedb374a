"""Whether a records study holds together: dates, baseline, criteria, flow, response, endpoints, factors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final

from oncohort.clinical.units import UNITS
from oncohort.study.choices import RULE_CHOICES
from oncohort.study.condition_problems import Scope, column_problems, columns_of, condition_problems, level_problem
from oncohort.study.derived import (
    ULN,
    YES_NO,
    DerivedColumn,
    baseline_columns,
    dated_tables,
    known_columns,
    lab_tests,
    source_column,
)
from oncohort.study.dictionary import Template
from oncohort.study.problems import Problem, duplicates, reversed_range, unknown
from oncohort.study.protocol import ANY_OTHER, BaselineVariable, Criterion, Endpoint, Factor, Protocol, Reason
from oncohort.study.toml_lines import Path
from oncohort.study.words import did_you_mean, quoted

Columns = Mapping[str, DerivedColumn]

RULE_OPTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "child_pugh": (*RULE_CHOICES["child_pugh"], "cholestatic"),
    "bclc": RULE_CHOICES["bclc"],
}
_OPTIONS: Final = tuple(option for options in RULE_OPTIONS.values() for option in options)
RULE_NEEDS: Final[Mapping[str, str]] = {"bclc": "child_pugh"}
MADE_OF_CRITERIA: Final = frozenset({"eligibility", "failed", "missing_criteria"})
ARM_KNOWN: Final = "arm.known"
GRACE_KNOWN: Final = "progression + grace"


def find_records_problems(protocol: Protocol, columns: Columns, template: Template) -> Iterator[Problem]:
    """Yield what is wrong with the sections of a records study that say who the patients are and what is measured."""
    yield from _study(protocol, columns)
    yield from _baseline(protocol, template)
    for k, criterion in enumerate(protocol.criterion):
        yield from _before(("criterion", k), criterion, columns)
        yield from _too_late(("criterion", k), criterion, columns)
    yield from _flow(protocol, columns)
    if protocol.response is not None:
        yield from duplicates(("response", "also_report"), "variant", [v.id for v in protocol.response.also_report])
    for k, endpoint in enumerate(protocol.endpoint):
        yield from _endpoint(("endpoint", k), endpoint, protocol)
    for k, factor in enumerate(protocol.factor):
        yield from _factor(("factor", k), factor, protocol, columns)


def _study(protocol: Protocol, columns: Columns) -> Iterator[Problem]:
    study = protocol.study
    if study.accrual is not None and study.accrual.first > study.accrual.last:
        yield ("study", "accrual"), f"{study.accrual.last} is before {study.accrual.first}"
    if isinstance(study.cutoff, str):
        yield from _date_column(("study", "cutoff"), study.cutoff, columns)
    elif isinstance(study.cutoff, date) and study.accrual is not None and study.cutoff < study.accrual.last:
        yield ("study", "cutoff"), f"{study.cutoff} is before the last day of accrual, {study.accrual.last}"
    if study.index is not None:
        yield from _date_column(("study", "index", "date"), study.index.date, columns)
        drug = study.index.drug
        if drug is not None and drug not in protocol.drug:
            yield ("study", "index", "drug"), unknown("drug", drug, protocol.drug)


def _date_column(place: Path, name: str, columns: Columns) -> Iterator[Problem]:
    yield from column_problems(place, name, columns)
    if name in columns and columns[name].kind != "date":
        yield place, f'the column "{name}" holds no whole dates; a date column was expected'


def _baseline(protocol: Protocol, template: Template) -> Iterator[Problem]:
    if protocol.baseline is None:
        return
    place = ("baseline",)
    yield from reversed_range((*place, "window_days"), protocol.baseline.window_days, "days from the index date")
    variables = protocol.baseline.variable
    yield from duplicates((*place, "variable"), "variable", [variable.id for variable in variables])
    rules = {variable.rule for variable in variables}
    without = known_columns(protocol.model_copy(update={"baseline": None}), template)
    taken = {column.name for column in baseline_columns(protocol, template)} & set(without)
    for k, variable in enumerate(variables):
        where = (*place, "variable", k)
        yield from _variable(where, variable, template)
        if variable.rule is not None and RULE_NEEDS.get(variable.rule, variable.rule) not in rules:
            needed = RULE_NEEDS[variable.rule]
            yield (*where, "rule"), f'the rule "{variable.rule}" needs a variable with rule = "{needed}"'
        if variable.id in taken:
            yield (*where, "id"), f'"{variable.id}" is the name of another column; another id was expected'


def _variable(place: Path, variable: BaselineVariable, template: Template) -> Iterator[Problem]:
    given = [name for name in ("source", "rule", "any_of") if getattr(variable, name) is not None]
    if len(given) != 1:
        yield place, "one of from, rule and any_of was expected"
        return
    yield from reversed_range((*place, "window_days"), variable.window_days, "days from the index date")
    allowed = RULE_OPTIONS.get(variable.rule or "", ())
    for option in _OPTIONS:
        if getattr(variable, option) and option not in allowed:
            owner = next(rule for rule, options in RULE_OPTIONS.items() if option in options)
            yield (*place, option), f'belongs to rule = "{owner}"'
    if variable.source is not None:
        yield from _source(place, variable, variable.source, template)
    elif variable.unit:
        yield (*place, "unit"), "belongs to a variable that comes from a column; the rule has its own"
    for k, name in enumerate(variable.any_of or ()):
        table, _, column = name.partition(".")
        found = template[table].find(column) if table in template and not template[table].repeats else None
        if found is None or not set(YES_NO) <= set(found.allowed):
            yield (*place, "any_of", k), f'"{name}" is no yes-or-no column of a table with one row a patient'


def _source(place: Path, variable: BaselineVariable, source: str, template: Template) -> Iterator[Problem]:
    column = source_column(variable, template)
    table, _, name = source.partition(".")
    where = (*place, "from")
    if column is None:
        tables = ("labs", *dated_tables(template))
        options = lab_tests(template) if table == "labs" else ()
        if table in dated_tables(template):
            options = tuple(c.name for c in template[table].collected())
        if table not in tables:
            yield where, f'"{source}" is no column of {quoted(tables)}; of other tables, name table.column itself'
        else:
            yield where, f'the table "{table}" has no "{name}".{did_you_mean(name, options)}'
    elif table == "labs":
        units = (*UNITS[name], ULN)
        if variable.unit not in units:
            said = f'"{variable.unit}" is no unit of {source}' if variable.unit else f"the unit of {source} is missing"
            yield (*place, "unit"), f"{said}; one of {quoted(units)} was expected.{did_you_mean(variable.unit, units)}"
    elif variable.unit and variable.unit != column.unit:
        yield (*place, "unit"), f'{source} is in "{column.unit}"'


def _before(place: Path, criterion: Criterion, columns: Columns) -> Iterator[Problem]:
    if not criterion.before:
        return
    name = criterion.include.column if criterion.include else None
    if name is None or name not in columns or columns[name].kind != "date":
        yield (*place, "before"), "needs an include of one date column, which must not be later than these dates"
    for k, other in enumerate(criterion.before):
        yield from _date_column((*place, "before", k), other, columns)


def _too_late(place: Path, criterion: Criterion, columns: Columns) -> Iterator[Problem]:
    """Yield a criterion about what is not known when it is judged."""
    for side, condition in (("include", criterion.include), ("exclude", criterion.exclude)):
        for name in columns_of(condition) if condition is not None else ():
            if name in MADE_OF_CRITERIA:
                yield (*place, side), f'"{name}" is made of the criteria; a criterion cannot ask for it'
            elif name in columns and columns[name].known == "after-start":
                yield (*place, side), f'"{name}" is known only after the start, and a criterion is judged before'


def _flow(protocol: Protocol, columns: Columns) -> Iterator[Problem]:
    reasons = protocol.flow.reason
    place = ("flow", "reason")
    yield from duplicates(place, "reason", [reason.id for reason in reasons])
    scope = Scope(columns, tuple(criterion.id for criterion in protocol.criterion if criterion.enabled))
    for k, reason in enumerate(reasons):
        yield from _reason((*place, k), reason, scope, columns)
        if reason.when == ANY_OTHER and k < len(reasons) - 1:
            yield (*place, k, "when"), f'"{ANY_OTHER}" holds for all who are left, so it must be the last reason'


def _reason(place: Path, reason: Reason, scope: Scope, columns: Columns) -> Iterator[Problem]:
    if not isinstance(reason.when, str):
        yield from condition_problems((*place, "when"), reason.when, scope)
    for k, name in enumerate(reason.split):
        yield from yes_or_no((*place, "split", k), name, columns)


def yes_or_no(place: Path, name: str, columns: Columns) -> Iterator[Problem]:
    """Yield a column that is not there, or that does not say Y or N."""
    yield from column_problems(place, name, columns)
    if name in columns and not set(YES_NO) <= set(columns[name].levels):
        yield place, f'the column "{name}" does not say Y or N'


def _endpoint(place: Path, endpoint: Endpoint, protocol: Protocol) -> Iterator[Problem]:
    if endpoint.start != "index":
        yield (*place, "start"), 'start = "index" was expected: time is counted from the index date'
    if not endpoint.events:
        yield place, 'events is missing: ["death"], or ["progression", "death"]'
    if "progression" in endpoint.events:
        if protocol.response is None:
            yield (*place, "events"), "progression needs the sections [response] and [imaging]"
        return
    if endpoint.censor == "last_adequate":
        yield (*place, "censor"), 'without progression no scan is waited for; "last_follow_up" was expected'
    for key in ("missed_visits", "new_therapy", "sensitivity"):
        if getattr(endpoint, key):
            yield (*place, key), 'belongs to an endpoint with "progression" among its events'


def _factor(place: Path, factor: Factor, protocol: Protocol, columns: Columns) -> Iterator[Problem]:
    for k, described in enumerate(factor.describe_as):
        yield from yes_or_no((*place, "describe_as", k, "column"), described.column, columns)
    yield from column_problems((*place, "column"), factor.column, columns)
    yield from _known(place, factor, protocol, columns)
    column = columns.get(factor.column)
    if column is None:
        return
    if factor.levels is None and column.kind != "number":
        yield (*place, "column"), f'the column "{factor.column}" holds no numbers; levels were expected'
    for level in factor.levels or ():
        for value in level.values:
            if column.levels and str(value) not in column.levels:
                yield (*place, "levels"), level_problem(column, factor.column, value)
    if factor.unit and factor.unit not in column.units():
        known = f"can be shown in {quoted(column.units())}" if column.units() else "has no unit"
        yield (*place, "unit"), f'the column "{factor.column}" {known}, not in "{factor.unit}"'


def _known(place: Path, factor: Factor, protocol: Protocol, columns: Columns) -> Iterator[Problem]:
    where = (*place, "known")
    column = columns.get(factor.column)
    yield from known_problems(where, factor.known, protocol, columns)
    if factor.known == "baseline" and column is not None and column.known == "after-start":
        yield where, f'"{factor.column}" is known only after the start; "after-start", "{ARM_KNOWN}" … was expected'


def known_problems(place: Path, known: str, protocol: Protocol, columns: Columns) -> Iterator[Problem]:
    """Yield a word for when something becomes known that means nothing in this protocol."""
    words = ("baseline", "after-start", ARM_KNOWN, GRACE_KNOWN)
    if known == ARM_KNOWN and protocol.arm is None:
        yield place, f'"{ARM_KNOWN}" needs the section [arm]'
    elif known == GRACE_KNOWN and protocol.response is None:
        yield place, f'"{GRACE_KNOWN}" needs the section [response]'
    elif known not in words and (known not in columns or columns[known].kind != "date"):
        yield place, f'"{known}" is none of {quoted(words)}, and no date column.{did_you_mean(known, words)}'
