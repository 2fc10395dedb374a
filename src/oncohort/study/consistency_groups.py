"""Whether comparisons and landmarks hold together: groups that exist, outcomes that are derived."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from oncohort.study.condition_problems import column_problems
from oncohort.study.consistency_records import known_problems
from oncohort.study.derived import DerivedColumn
from oncohort.study.problems import Problem, duplicates, names, unknown
from oncohort.study.protocol import Comparison, Factor, GroupValues, Landmark, Protocol, level_ids
from oncohort.study.toml_lines import Path
from oncohort.study.words import did_you_mean, quoted

Columns = Mapping[str, DerivedColumn]

COUNTED: Final = ("clinical_benefit", "objective_response")
ADVERSE: Final = "adverse_events"
BEYOND: Final = "continued_past_progression"


def find_group_problems(protocol: Protocol, columns: Columns) -> Iterator[Problem]:
    """Yield what is wrong with comparisons and landmarks."""
    factors = {factor.id: factor for factor in protocol.factor}
    grace: set[int] = set()
    for k, comparison in enumerate(protocol.comparison):
        place = ("comparison", k)
        if comparison.id in factors:
            yield (*place, "id"), f'"{comparison.id}" is the id of a factor; another id was expected'
        yield from _groups(place, comparison, factors, columns)
        yield from _outcomes(place, comparison, protocol)
        yield from _time(place, comparison, protocol, columns)
        grace |= {comparison.grace_days} if comparison.grace_days is not None else set()
        if len(grace) > 1 and comparison.grace_days is not None:
            yield (*place, "grace_days"), f"another comparison says another number; {BEYOND} has one"
    yield from duplicates(("landmark",), "landmark", [landmark.id for landmark in protocol.landmark])
    for k, landmark in enumerate(protocol.landmark):
        yield from _landmark(("landmark", k), landmark, protocol)


def _groups(place: Path, comparison: Comparison, factors: Mapping[str, Factor], columns: Columns) -> Iterator[Problem]:
    by = comparison.by
    if by not in factors and by not in columns:
        options = [*factors, *columns]
        yield (*place, "by"), f'there is no factor, and no column, "{by}".{did_you_mean(by, options)}'
        return
    known = _values(by, factors, columns)
    if not known:
        yield (*place, "by"), f'"{by}" has no levels to make groups of'
        return
    named = [group.id if isinstance(group, GroupValues) else group for group in comparison.groups]
    yield from duplicates((*place, "groups"), "group", named)
    seen: set[str] = set()
    for k, group in enumerate(comparison.groups):
        for value in group.values if isinstance(group, GroupValues) else (group,):
            if value not in known:
                words = f'"{by}" has no level "{value}"; it has {quoted(known)}.{did_you_mean(value, known)}'
                yield (*place, "groups", k), words
            elif value in seen:
                yield (*place, "groups", k), f'the level "{value}" belongs to two groups'
            seen.add(value)


def _values(by: str, factors: Mapping[str, Factor], columns: Columns) -> list[str]:
    """Return the levels that groups can be made of: those of the factor, else those of the column."""
    if by not in factors:
        return list(columns[by].levels)
    return level_ids(factors[by])


def _outcomes(place: Path, comparison: Comparison, protocol: Protocol) -> Iterator[Problem]:
    counted = COUNTED if protocol.response is not None else ()
    adverse = (ADVERSE,) if protocol.safety is not None else ()
    known = [*(endpoint.id for endpoint in protocol.endpoint), *counted, *adverse]
    yield from names((*place, "outcomes"), "outcome", comparison.outcomes, known)
    for name in comparison.test:
        where = (*place, "test", name)
        if name not in comparison.outcomes:
            yield where, unknown("outcome of this comparison", name, comparison.outcomes)
        elif name not in COUNTED:
            yield where, f'"{name}" is not counted; a test can be named for {quoted(COUNTED)}'


def _time(place: Path, comparison: Comparison, protocol: Protocol, columns: Columns) -> Iterator[Problem]:
    if comparison.known:
        yield from known_problems((*place, "known"), comparison.known, protocol, columns)
    if comparison.population == "progressed":
        yield from column_problems((*place, "population"), "progressed", columns)
    if comparison.grace_days is not None and comparison.by != BEYOND:
        yield (*place, "grace_days"), f'belongs to a comparison by "{BEYOND}"'


def _landmark(place: Path, landmark: Landmark, protocol: Protocol) -> Iterator[Problem]:
    groups = {factor.id: bool(level_ids(factor)) for factor in protocol.factor}
    groups |= {comparison.id: True for comparison in protocol.comparison}
    yield from names((*place, "of"), "factor or comparison", [landmark.of], groups)
    if not groups.get(landmark.of, True):
        yield (*place, "of"), f'the factor "{landmark.of}" needs levels, split or cut to give groups'
    yield from names((*place, "endpoint"), "endpoint", [landmark.endpoint], [e.id for e in protocol.endpoint])
    yield from names((*place, "days"), "day", map(str, landmark.days), map(str, landmark.days))
    if landmark.origin == "progression" and protocol.response is None:
        yield (*place, "origin"), '"progression" needs the sections [response] and [imaging]'
