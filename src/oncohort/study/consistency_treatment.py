"""Whether treatment holds together: drugs and their rules, procedures, arms, exposure and safety."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from oncohort.study.condition_problems import Scope, column_problems, condition_problems
from oncohort.study.derived import DerivedColumn, row_columns
from oncohort.study.dictionary import Template
from oncohort.study.problems import Problem, duplicates, names, reversed_range, unknown
from oncohort.study.protocol import Arm, Drug, DrugEvent, DrugRule, Procedure, Protocol, Safety
from oncohort.study.schema_treatment import Expected
from oncohort.study.toml_lines import Path
from oncohort.study.words import did_you_mean, quoted

Columns = Mapping[str, DerivedColumn]

STOP: Final = "STOP"
SAME: Final = "same"
EVENT_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "adverse_event": ("grade", "action"),
    "all_adverse_events": ("state", "grade", "tolerated"),
    "interruption": (),
    "ecog": ("op", "value"),
    "consent_withdrawn": (),
    "progression": (),
    "procedure": ("type",),
}
"""For an event of a drug's rule, the keys that say more of it."""

_EVENT_OPTIONS: Final = tuple(dict.fromkeys(key for keys in EVENT_KEYS.values() for key in keys))


def find_treatment_problems(protocol: Protocol, columns: Columns, template: Template) -> Iterator[Problem]:
    """Yield what is wrong with the sections of a records study that say how patients are treated."""
    procedures = tuple(procedure.id for procedure in protocol.procedure)
    states = _recorded(template, "exposure", "state")
    for name, drug in protocol.drug.items():
        yield from _levels(("drug", name, "levels"), drug, states)
        yield from _drug(("drug", name), drug, procedures, columns)
    for k, procedure in enumerate(protocol.procedure):
        yield from _procedure(("procedure", k), procedure, columns, template)
    if protocol.arm is not None:
        yield from _arm(protocol.arm, procedures, columns)
    if protocol.exposure is not None:
        place = ("exposure", "early_stop_weeks")
        yield from reversed_range(place, protocol.exposure.early_stop_weeks, "weeks")
        if protocol.exposure.early_stop_reasons and protocol.exposure.early_stop_weeks is None:
            yield ("exposure", "early_stop_reasons"), "needs early_stop_weeks, which says when a stop is early"
    if protocol.safety is not None:
        yield from _safety(protocol.safety, _recorded(template, "death", "primary_cause"))


def _recorded(template: Template, table: str, column: str) -> tuple[str, ...]:
    """Return the values that a column of the template may have."""
    found = template[table].find(column)
    return () if found is None else found.allowed


def _levels(place: Path, drug: Drug, states: tuple[str, ...]) -> Iterator[Problem]:
    levels = [level.id for level in drug.levels]
    yield from duplicates(place, "dose level", levels)
    for k, level in enumerate(levels):
        if level not in states:
            near = did_you_mean(level, states)
            yield (*place, k, "id"), f'exposure.state has no "{level}"; it has {quoted(states)}.{near}'


def _drug(place: Path, drug: Drug, procedures: tuple[str, ...], columns: Columns) -> Iterator[Problem]:
    levels = [level.id for level in drug.levels]
    if drug.start not in levels:
        yield (*place, "start"), unknown("dose level", drug.start, levels)
    yield from duplicates((*place, "rule"), "rule", [rule.id for rule in drug.rule])
    for k, rule in enumerate(drug.rule):
        where = (*place, "rule", k)
        yield from _goes(where, rule, levels)
        yield from _event((*where, "on"), rule.on, levels, procedures)
        if rule.stay_if is not None:
            yield from condition_problems((*where, "stay_if"), rule.stay_if, Scope(columns))


def _goes(place: Path, rule: DrugRule, levels: list[str]) -> Iterator[Problem]:
    given = [name for name in ("go", "stay_if", "allowed") if getattr(rule, name) is not None]
    if len(given) != 1:
        yield place, "one of go, stay_if with else_go, and allowed was expected"
    elif (rule.stay_if is None) != (rule.else_go is None):
        yield place, "stay_if and else_go belong together"
    for key, word in (("go", rule.go), ("else_go", rule.else_go)):
        targets = [*levels, STOP, SAME]
        if word is not None and word not in targets:
            yield (*place, key), f'"{word}" is not one of {quoted(targets)}.{did_you_mean(word, targets)}'


def _event(place: Path, event: DrugEvent, levels: list[str], procedures: tuple[str, ...]) -> Iterator[Problem]:
    allowed = EVENT_KEYS[event.event]
    for key in _EVENT_OPTIONS:
        if getattr(event, key) not in {None, ()} and key not in allowed:
            owners = [name for name, keys in EVENT_KEYS.items() if key in keys]
            yield (*place, key), f"belongs to {quoted(owners)}, not to {quoted([event.event])}"
    if event.event == "ecog" and (event.op is None or event.value is None):
        yield place, 'op and value are missing: { event = "ecog", op = ">=", value = 4 }'
    if event.event == "adverse_event" and not event.grade and event.action is None:
        yield place, "grade or action is missing: which adverse events the rule is about"
    if event.state is not None and event.state not in levels:
        yield (*place, "state"), unknown("dose level", event.state, levels)
    yield from names((*place, "type"), "procedure", event.type, procedures)


def _procedure(place: Path, procedure: Procedure, columns: Columns, template: Template) -> Iterator[Problem]:
    types = _recorded(template, "procedures", "type")
    if procedure.id not in types:
        yield (*place, "id"), f'procedures.type has no "{procedure.id}"; it has {quoted(types)}'
    yield from reversed_range((*place, "interval_days"), procedure.interval_days, "days between two of them")
    rows = row_columns("procedures", template)
    scope = Scope({**columns, **rows})
    for k, condition in enumerate(procedure.requires):
        yield from condition_problems((*place, "requires", k), condition, scope)
    if procedure.debulk is not None:
        yield from condition_problems((*place, "debulk", "when"), procedure.debulk.when, scope)
    if procedure.stop_after is not None:
        where = (*place, "stop_after")
        yield from condition_problems(where, procedure.stop_after, scope)
        seen = procedure.stop_after.seen_on
        if seen is not None:
            yield from reversed_range((*where, "seen_on", "days_after"), seen.days_after, "days after the procedure")
            yield from column_problems((*where, "seen_on", "column"), seen.column, rows)
            if seen.column in rows and rows[seen.column].kind != "date":
                yield (*where, "seen_on", "column"), f'the column "{seen.column}" holds no dates'
    for name, expected in procedure.expect.items():
        yield from _expected((*place, "expect", name), name, expected, rows)


def _expected(place: Path, name: str, expected: Expected, rows: Columns) -> Iterator[Problem]:
    column = rows.get(f"procedures.{name}")
    if column is None:
        near = did_you_mean(name, [row.removeprefix("procedures.") for row in rows])
        yield place, f'the table "procedures" has no column "{name}".{near}'
    elif isinstance(expected, str):
        if expected not in column.levels:
            yield place, f'"{expected}" is no value of "{column.name}"; it has {quoted(column.levels)}'
    elif column.kind != "number":
        yield place, f'the column "{column.name}" holds no numbers'
    elif isinstance(expected, tuple):
        yield from reversed_range(place, expected, "the bounds")


def _arm(arm: Arm, procedures: tuple[str, ...], columns: Columns) -> Iterator[Problem]:
    if arm.column in columns and tuple(level.id for level in arm.levels) != columns[arm.column].levels:
        yield ("arm", "column"), f'"{arm.column}" is the name of another column; another name was expected'
    yield from duplicates(("arm", "levels"), "arm", [level.id for level in arm.levels])
    for k, level in enumerate(arm.levels):
        for name in level.counts:
            if name not in procedures:
                yield ("arm", "levels", k, name), unknown("procedure", name, procedures)
        if not level.counts:
            yield ("arm", "levels", k), 'no procedure is counted: TACE = 0, CRYO = ">= 1" …'


def _safety(safety: Safety, causes: tuple[str, ...]) -> Iterator[Problem]:
    yield from duplicates(("safety", "group"), "group", [group.id for group in safety.group])
    yield from duplicates(("safety", "outcome"), "outcome", [outcome.id for outcome in safety.outcome])
    for k, group in enumerate(safety.group):
        yield from names(("safety", "group", k, "terms"), "term", group.terms, group.terms)
    yield from names(("safety", "columns"), "column", safety.columns, safety.columns)
    for k, column in enumerate(safety.columns):
        low, dash, high = column.partition("-")
        if dash and low >= high:
            yield ("safety", "columns", k), f'"{column}" ends before it begins'
    for k, outcome in enumerate(safety.outcome):
        if outcome.death not in causes:
            near = did_you_mean(outcome.death, causes)
            place = ("safety", "outcome", k, "death")
            yield place, f'death.primary_cause has no "{outcome.death}"; it has {quoted(causes)}.{near}'
