"""Whether a protocol holds together: every name it refers to exists, and every choice is one there is."""

from __future__ import annotations

from collections.abc import Iterator

from oncohort.study.condition_problems import Scope, condition_problems
from oncohort.study.consistency_competing import find_competing_problems
from oncohort.study.consistency_groups import find_group_problems
from oncohort.study.consistency_kind import find_kind_problems
from oncohort.study.consistency_models import find_model_problems
from oncohort.study.consistency_records import find_records_problems
from oncohort.study.consistency_treatment import find_treatment_problems
from oncohort.study.derived import known_columns
from oncohort.study.dictionary import Template
from oncohort.study.problems import Problem, duplicates, names, unknown
from oncohort.study.profiles import ALLOWED, SUMMARY
from oncohort.study.protocol import (
    Criterion,
    Endpoint,
    Factor,
    Figure,
    Protocol,
    Table,
    TimeColumn,
    level_ids,
    outcome_columns,
)
from oncohort.study.switched import differences
from oncohort.study.toml_lines import Path
from oncohort.study.words import did_you_mean, quoted

DATASET_COLUMNS = frozenset(
    {"USUBJID", "PARAMCD", "PARAM", "AVAL", "AVALU", "CNSR", "ENTRY"}
)  # a factor is a column beside them


def find_problems(protocol: Protocol, template: Template) -> Iterator[Problem]:
    """Yield every place where the protocol contradicts itself, with a sentence that says what was expected.

    ``template`` are the tables of this study, as its ``dictionary.csv`` changes them; a table study reads none of it.
    """
    kind = list(find_kind_problems(protocol, template))
    yield from kind
    yield from _settings(protocol)
    yield from _beside(protocol)
    yield from _times(protocol)
    for section in (
        "endpoint",
        "factor",
        "table",
        "model",
        "figure",
        "criterion",
        "procedure",
        "comparison",
        "subgroup",
    ):
        yield from duplicates((section,), section, [item.id for item in getattr(protocol, section)])
    yield from _columns_of_datasets(protocol)
    if not protocol.is_records_study:
        for k, endpoint in enumerate(protocol.endpoint):
            yield from _endpoint(("endpoint", k), endpoint)
            yield from _entry(("endpoint", k, "entry"), endpoint)
    for k, factor in enumerate(protocol.factor):
        yield from _factor(("factor", k), factor)
    columns = known_columns(protocol, template) if protocol.is_records_study else None
    for k, criterion in enumerate(protocol.criterion):
        yield from _criterion(("criterion", k), criterion, Scope(columns))
    for k, table in enumerate(protocol.table):
        yield from _table(("table", k), table, protocol)
    yield from find_model_problems(protocol)
    for k, figure in enumerate(protocol.figure):
        yield from _figure(("figure", k), figure, protocol)
    yield from _outcomes_as_factors(protocol)
    yield from find_competing_problems(protocol, template)
    if columns is not None and not kind:
        yield from find_records_problems(protocol, columns, template)
        yield from find_treatment_problems(protocol, columns, template)
        yield from find_group_problems(protocol, columns)


def _settings(protocol: Protocol) -> Iterator[Problem]:
    for key, allowed in ALLOWED.items():
        section, name = key.split(".")
        value = getattr(getattr(protocol, section), name, None)
        for word in (value,) if isinstance(value, str) else value or ():
            if word not in allowed:
                yield (section, name), f'"{word}" is not one of {quoted(allowed)}.{did_you_mean(word, allowed)}'


def _beside(protocol: Protocol) -> Iterator[Problem]:
    profile = protocol.study.beside
    if profile is not None and not differences(protocol, profile):
        others = quoted(name for name in SUMMARY if name != profile)
        yield ("study", "beside"), f'the study makes every choice as "{profile}" does already; {others} was expected'


def _times(protocol: Protocol) -> Iterator[Problem]:
    units = {e.time.unit if e.time else "months" for e in protocol.endpoint}
    if protocol.survival.at_months:
        if protocol.survival.at:
            yield ("survival", "at_months"), "either at or at_months was expected"
        elif (protocol.study.report_unit or "months") != "months" or units != {"months"}:
            yield ("survival", "at_months"), "survival is not reported in months; at, in the report unit, was expected"
    for key in ("at", "rmst_at"):
        if getattr(protocol.survival, key) and len(units) > 1 and protocol.study.report_unit is None:
            yield ("survival", key), f"the endpoints are in {quoted(sorted(units))}; name one report_unit under [study]"


def _columns_of_datasets(protocol: Protocol) -> Iterator[Problem]:
    taken = DATASET_COLUMNS | {f"{factor.id}_n" for factor in protocol.factor}
    for k, factor in enumerate(protocol.factor):
        if factor.id in taken:
            yield ("factor", k, "id"), f'"{factor.id}" names another column of the datasets; another id was expected'


def _endpoint(place: Path, endpoint: Endpoint) -> Iterator[Problem]:
    if endpoint.time is not None:
        if endpoint.event is None:
            yield place, 'event is missing: { column = "…", values = […] } with the codes that mean the event happened'
        for name in ("start", "stop", "last_known_alive", "cutoff"):
            if getattr(endpoint, name) is not None:
                yield (*place, name), "an endpoint comes from a time column or from dates, not from both"
    elif endpoint.start is None or endpoint.stop is None:
        yield place, 'either time = { column = "…", unit = "…" } or the date columns start and stop were expected'
    elif endpoint.event is None and endpoint.last_known_alive is None:
        yield place, "stop needs either event (the codes of a status column) or last_known_alive (a date column)"
    elif endpoint.event is not None and not isinstance(endpoint.stop, str):
        yield (*place, "stop"), "with an event column, one stop column was expected: the date of event or last contact"
    elif endpoint.event is not None and endpoint.last_known_alive is not None:
        yield (*place, "last_known_alive"), "either event or last_known_alive says who was censored, not both"


def _entry(place: Path, endpoint: Endpoint) -> Iterator[Problem]:
    entry, time = endpoint.entry, endpoint.time
    if entry is None:
        return
    if time is not None:
        if not isinstance(entry, TimeColumn):
            yield place, 'with a time column, entry = { column = "…", unit = "…" } was expected'
        elif entry.column == time.column:
            yield place, f'the column "{time.column}" is the time already; the column of the entry was expected'
        elif entry.unit != time.unit:
            yield (*place, "unit"), f"entry is in {entry.unit} and time in {time.unit}; one unit was expected"
    elif isinstance(entry, TimeColumn):
        yield place, "with start and stop, a date column was expected"
    elif entry in {endpoint.start, *outcome_columns(endpoint)}:
        yield place, f'the column "{entry}" is a start or stop already; the column of the entry was expected'


def _factor(place: Path, factor: Factor) -> Iterator[Problem]:
    given = [name for name in ("levels", "split", "cut") if getattr(factor, name) is not None]
    if len(given) > 1:
        yield (*place, given[1]), f"{given[0]} is given already; levels, split and cut exclude each other"
    if factor.levels is not None:
        yield from _levels(place, factor)
    if factor.cox == "split" and factor.split is None:
        yield (*place, "cox"), '"split" needs split = "median" or a number'
    if factor.cox in {"indicator", "linear"} and not given:
        yield (*place, "cox"), f'"{factor.cox}" needs levels, split or cut'
    if factor.describe == "count" and not given:
        yield (*place, "describe"), '"count" needs levels, split or cut'
    if factor.cox in {"continuous", "log2"} and factor.levels is not None:
        yield (*place, "cox"), f'"{factor.cox}" needs a number, and this factor has levels'
    if factor.describe not in {None, "count"} and factor.levels is not None:
        yield (*place, "describe"), f'"{factor.describe}" needs a number, and this factor has levels'
    known = level_ids(factor)
    if factor.reference is not None and factor.reference not in known:
        yield (*place, "reference"), unknown("level", factor.reference, known)


def _levels(place: Path, factor: Factor) -> Iterator[Problem]:
    levels = factor.levels or ()
    if len(levels) < 2:
        yield (*place, "levels"), "at least two levels were expected"
    ids: set[str] = set()
    values: set[str] = set()
    for level in levels:
        if level.id in ids or not level.id.isascii() or not level.id:
            yield (*place, "levels"), f'the level id "{level.id}" is there twice, empty or not ASCII'
        ids.add(level.id)
        for value in level.values:
            if str(value) in values:
                yield (*place, "levels"), f'the value "{value}" belongs to two levels'
            values.add(str(value))


def _criterion(place: Path, criterion: Criterion, scope: Scope) -> Iterator[Problem]:
    if (criterion.include is None) == (criterion.exclude is None):
        yield place, "either include or exclude was expected, one of the two"
    for name, condition in (("include", criterion.include), ("exclude", criterion.exclude)):
        if condition is not None:
            yield from condition_problems((*place, name), condition, scope)


def _table(place: Path, table: Table, protocol: Protocol) -> Iterator[Problem]:
    factors = {f.id: f for f in protocol.factor}
    yield from names((*place, "factors"), "factor", table.factors, list(factors))
    yield from names((*place, "endpoints"), "endpoint", table.endpoints, [e.id for e in protocol.endpoint])
    yield from _tests(place, table, factors)
    if table.kind == "univariable":
        if not table.endpoints:
            yield place, "endpoints is missing: the endpoints that stand side by side"
        if table.by is not None:
            yield (*place, "by"), "a univariable table has a row for each level; by belongs to characteristics"
        for name in table.factors:
            if name in factors and not level_ids(factors[name]):
                yield (*place, "factors"), f'the factor "{name}" needs levels, split or cut to give rows'
    elif table.endpoints:
        yield (*place, "endpoints"), "a table of characteristics has no endpoints"
    if table.by is not None:
        yield from names((*place, "by"), "factor", [table.by], list(factors))
        if table.by in factors and not level_ids(factors[table.by]):
            yield (*place, "by"), f'the factor "{table.by}" needs levels, split or cut to give columns'


def _tests(place: Path, table: Table, factors: dict[str, Factor]) -> Iterator[Problem]:
    if table.kind == "characteristics":
        given = [name for name in ("test", "strata", "trend") if getattr(table, name)]
        yield from (((*place, name), "belongs to a univariable table") for name in given)
    elif table.strata is not None:
        where = (*place, "strata")
        yield from names(where, "factor", [table.strata], list(factors))
        if table.strata in table.factors:
            yield where, f'"{table.strata}" is a factor of this table; it cannot be both'
        elif table.strata in factors and not level_ids(factors[table.strata]):
            yield where, f'the factor "{table.strata}" needs levels, split or cut to make strata'


def _figure(place: Path, figure: Figure, protocol: Protocol) -> Iterator[Problem]:
    given = [name for name in ("curves", "incidence", "forest", "case", "kind") if getattr(figure, name)]
    if len(given) != 1:
        of_records = "one of curves, incidence, forest, case and kind was expected"
        yield place, of_records if protocol.is_records_study else "one of curves, incidence and forest was expected"
    if figure.forest is not None:
        yield from names((*place, "forest"), "model", [figure.forest], [m.id for m in protocol.model])
    factors = {f.id: f for f in protocol.factor}
    comparisons = [c.id for c in protocol.comparison]
    kind = "factor or comparison" if comparisons else "factor"
    panels = [("curves", k, curve) for k, curve in enumerate(figure.curves)]
    panels += [("incidence", k, curve) for k, curve in enumerate(figure.incidence)]
    for key, k, curve in panels:
        where = (*place, key, k)
        yield from names((*where, "endpoint"), "endpoint", [curve.endpoint], [e.id for e in protocol.endpoint])
        if curve.by is not None:
            yield from names((*where, "by"), kind, [curve.by], [*factors, *comparisons])
            if curve.by in factors and not level_ids(factors[curve.by]):
                yield (*where, "by"), f'the factor "{curve.by}" needs levels, split or cut to give curves'


def _outcomes_as_factors(protocol: Protocol) -> Iterator[Problem]:
    """Yield each factor that is compared by an endpoint made of the factor's own column."""
    columns = {factor.id: factor.column for factor in protocol.factor}
    made_of = {endpoint.id: outcome_columns(endpoint) for endpoint in protocol.endpoint}
    compared = [
        ((section, k, "factors"), name, endpoint)
        for section, items in (("table", protocol.table), ("model", protocol.model), ("subgroup", protocol.subgroup))
        for k, item in enumerate(items)
        for endpoint in (item.endpoints if isinstance(item, Table) else (item.endpoint,))
        for name in item.factors
    ]
    compared += [
        (("figure", k, "curves" if figure.curves else "incidence"), curve.by, curve.endpoint)
        for k, figure in enumerate(protocol.figure)
        for curve in (*figure.curves, *figure.incidence)
        if curve.by is not None
    ]
    told: set[tuple[str, str]] = set()
    for place, name, endpoint in compared:
        if columns.get(name) in made_of.get(endpoint, ()) and (name, endpoint) not in told:
            told.add((name, endpoint))
            yield (
                place,
                f'the factor "{name}" and the endpoint "{endpoint}" are both made of the column "{columns[name]}"',
            )
