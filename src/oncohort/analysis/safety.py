"""Safety: how many patients had each adverse event with which worst grade; patients are counted, never events."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncohort.analysis.arms import PatientGroup, patient_groups, size_rows
from oncohort.analysis.lab_shifts import analyze_labs, lab_levels
from oncohort.analysis.rows import count, share
from oncohort.analysis.settings import Settings
from oncohort.analysis.terms import term_label, unique_ids
from oncohort.derive.safety import canonical_term
from oncohort.study.cohort import Cohort
from oncohort.study.protocol import Protocol, Safety
from oncohort.study.results import LevelRow, Row
from oncohort.study.rules_in_force import counts_emergent_only

ANY_EVENT: Final = "any_adverse_event"
"""The variable of the row that counts patients with an adverse event of any kind."""

EVENT_LEVELS: Final = "adverse_event"
"""The variable under which terms and groups have their labels; ``adverse_event.ID`` lists the terms of a group."""

_Event: TypeAlias = tuple[str, int, int | None]
"""Term, place of the patient, and grade."""
_WORST: Final = 5
_ALWAYS: Final = ("any", "3-4")
"""Columns that are counted whether or not the protocol's table shows them: those of the table by arm."""


@dataclass(frozen=True, slots=True)
class _Item:
    """What is counted: a term, a group of terms, or any event (``terms`` None).

    ``low`` and ``high`` (n,) bound the worst grade of each patient; both are 0 for a patient without the event.
    """

    id: str
    label: str
    terms: frozenset[str] | None
    low: NDArray[np.int64]
    high: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Counted:
    """The safety population, any event, the groups by id, and the terms by their recorded word."""

    patients: pl.DataFrame
    any_event: _Item
    groups: dict[str, _Item]
    terms: dict[str, _Item]


def analyze_safety(cohort: Cohort, protocol: Protocol, settings: Settings) -> list[Row]:
    """Return the rows of adverse events and of laboratory grades, whole and by arm.

    The unit is the patient with the worst grade of a term over all events that count (``counted`` of the frame);
    percents are of all patients of the safety population, whether or not they had an event. A group counts each
    patient once, so it may be less than the sum of its terms. Where an event has no grade, the worst one lies
    between those that are recorded and 5: the patient is in a column only if every grade in between is, and
    ``n_missing`` of the term says for how many the worst grade is open.

    Keys: ``variable`` is the id of a term or group, `ANY_EVENT`, the id of an outcome, or ``lab_TEST``; ``level`` a
    column of the table. Under `ANY_EVENT`, ``ungraded`` are the patients with a term whose worst grade is open.
    ``n_missing`` without either counts patients with an event of which cannot be said whether it counts.

    Parameters
    ----------
    cohort : Cohort
        With the frames ``patients``, ``adverse_events`` and ``labs``.
    protocol : Protocol
        Says who is in the safety population and which columns, groups and outcomes are counted.
    settings : Settings
        Not asked: there is no choice among the counts.

    Returns
    -------
    list of Row
        Empty in a table study, and without ``[safety]`` or a drug. Without any recorded event there are only
        laboratory rows.
    """
    del settings
    patients = safety_population(cohort, protocol)
    if patients is None or cohort.derived is None or protocol.safety is None:
        return []
    groups = patient_groups(patients, protocol)
    counted = _counted(cohort, protocol)
    rows = size_rows("safety", groups, protocol)
    if counted is not None:
        there = [group for group in groups if group.members.any()]
        for group in there:
            rows += _unjudged_rows(cohort, protocol, patients, group) + _ungraded_rows(counted, group)
        for item in (counted.any_event, *counted.groups.values(), *counted.terms.values()):
            rows += _item_rows(item, there, protocol.safety)
        rows += _outcome_rows(counted, there, protocol.safety)
    return rows + analyze_labs(cohort.derived.labs, patients, groups, protocol.safety)


def safety_levels(cohort: Cohort, protocol: Protocol) -> list[LevelRow]:
    """Return the labels of terms, groups, outcomes and laboratory tests, in the order of their table.

    ``adverse_event`` lists any event, then groups and terms by falling number of patients or by alphabet, as the
    protocol says; ``adverse_event.ID`` the terms of a group; ``adverse_event_outcome`` and ``laboratory`` the others.
    """
    counted = _counted(cohort, protocol)
    if cohort.derived is None or protocol.safety is None:
        return []
    levels = lab_levels(cohort.derived.labs)
    if counted is None:
        return levels
    frequent = protocol.safety.order == "frequency"
    items = _in_order((*counted.groups.values(), *counted.terms.values()), frequent=frequent)
    levels += _level_rows(EVENT_LEVELS, (counted.any_event, *items))
    for group in counted.groups.values():
        members = {item.id for term, item in counted.terms.items() if group.terms is not None and term in group.terms}
        levels += _level_rows(f"{EVENT_LEVELS}.{group.id}", [item for item in items if item.id in members])
    for place, (name, label) in enumerate(_outcomes(protocol.safety), start=1):
        levels.append(LevelRow("adverse_event_outcome", name, label, place, reference=False))
    return levels


def safety_population(cohort: Cohort, protocol: Protocol) -> pl.DataFrame | None:
    """Return the patients of ``population.safety``: all who were treated, or those of them who met all criteria.

    None in a table study, and without ``[safety]`` or a drug: then nothing says which events count. Who was screened
    but never treated has no first dose, and cannot be counted.
    """
    if cohort.derived is None or protocol.safety is None or not protocol.drug:
        return None
    treated = cohort.derived.patients.filter(pl.col("treated"))
    if protocol.population is None or protocol.population.safety != "eligible":
        return treated
    return treated.filter(pl.col("eligibility") == "INCLUDED")


def _counted(cohort: Cohort, protocol: Protocol) -> _Counted | None:
    """Return what is counted of each patient; None where no event of anybody is recorded.

    Terms that the protocol names in a group or an outcome are there even if nobody had them.
    """
    patients = safety_population(cohort, protocol)
    if patients is None or cohort.derived is None or protocol.safety is None:
        return None
    recorded = cohort.derived.adverse_events
    if recorded.height == 0:
        return None
    places = patients.select("patient_id", place=pl.int_range(pl.len()))
    joined = recorded.filter(pl.col("counted")).join(places, on="patient_id", how="inner")
    events: list[_Event] = joined.select("term", "place", "grade").rows()
    safety = protocol.safety
    named = {canonical_term(text) for group in safety.group for text in group.terms}
    named |= {canonical_term(outcome.term) for outcome in safety.outcome}
    terms = sorted(named | {term for term, _, _ in events})
    outcomes = [name for name, _ in _outcomes(safety)]
    ids = unique_ids(terms, taken=[ANY_EVENT, *(group.id for group in safety.group), *outcomes])
    groups: dict[str, _Item] = {}
    for group in safety.group:
        members = frozenset(canonical_term(text) for text in group.terms)
        groups[group.id] = _item(group.id, group.label or term_label(group.id), members, events, patients.height)
    return _Counted(
        patients,
        _item(ANY_EVENT, "Any adverse event", None, events, patients.height),
        groups,
        {term: _item(ids[term], term_label(term), frozenset({term}), events, patients.height) for term in terms},
    )


def _item(name: str, label: str, terms: frozenset[str] | None, events: list[_Event], n: int) -> _Item:
    """Return an item with the bounds of each patient's worst grade over its events."""
    low, high = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    for term, place, grade in events:
        if terms is None or term in terms:
            low[place] = max(low[place], 1 if grade is None else grade)
            high[place] = max(high[place], _WORST if grade is None else grade)
    return _Item(name, label, terms, low, high)


def grades_of(column: str) -> tuple[int, ...]:
    """Return the grades that a column of the table is about.

    Examples
    --------
    >>> grades_of("any"), grades_of("3"), grades_of("3-4"), grades_of(">=3")
    ((1, 2, 3, 4, 5), (3,), (3, 4), (3, 4, 5))
    """
    if column == "any":
        return grades_of(">=1")
    if column.startswith(">="):
        return tuple(range(int(column[2:]), _WORST + 1))
    low, _, high = column.partition("-")
    return tuple(range(int(low), int(high or low) + 1))


def _certain(item: _Item, grades: Collection[int]) -> NDArray[np.bool_]:
    """Return (n,) whose worst grade is one of some, whatever the missing ones are."""
    inside = np.zeros((_WORST + 1, _WORST + 1), dtype=np.bool_)
    for low in range(1, _WORST + 1):
        for high in range(low, _WORST + 1):
            inside[low, high] = set(range(low, high + 1)) <= set(grades)
    return inside[item.low, item.high]


def _item_rows(item: _Item, groups: Sequence[PatientGroup], safety: Safety) -> Iterator[Row]:
    columns = dict.fromkeys((*safety.columns, *_ALWAYS))
    inside = {column: _certain(item, grades_of(column)) for column in columns}
    for group in groups:
        keys: dict[str, Any] = {"analysis": "safety", "group": group.key, "variable": item.id}
        total = int(group.members.sum())
        for column, certain in inside.items():
            n = int((certain & group.members).sum())
            yield from count(n, **keys, level=column)
            yield from share(n, total, **keys, level=column)
        open_ = (item.low != item.high) & group.members
        yield from count(int(open_.sum()), statistic="n_missing", **keys)


def _outcome_rows(counted: _Counted, groups: Sequence[PatientGroup], safety: Safety) -> Iterator[Row]:
    """Yield how many patients had a term with some worst grades, and how many of these died of the cause."""
    causes = counted.patients["death_cause"]
    for outcome, (name, _) in zip(safety.outcome, _outcomes(safety), strict=True):
        severe = _certain(counted.terms[canonical_term(outcome.term)], outcome.grade)
        died = severe & (causes == outcome.death).fill_null(value=False).to_numpy()
        for group in groups:
            keys: dict[str, Any] = {"analysis": "safety", "group": group.key, "variable": name}
            n, n_event = int((severe & group.members).sum()), int((died & group.members).sum())
            yield from count(n, **keys)
            yield from count(n_event, statistic="n_event", **keys)
            yield from share(n_event, n, **keys)


def _unjudged_rows(cohort: Cohort, protocol: Protocol, patients: pl.DataFrame, group: PatientGroup) -> list[Row]:
    """Return how many patients have an event of which cannot be said whether it counts."""
    assert cohort.derived is not None
    judged = ["in_window", "related", *(["emergent"] if counts_emergent_only(protocol) else [])]
    ruled_out = pl.any_horizontal((~pl.col(name)).fill_null(value=False) for name in judged)
    unknown = pl.any_horizontal(pl.col(name).is_null() for name in judged)
    events = cohort.derived.adverse_events.filter(~pl.col("counted") & unknown & ~ruled_out)
    concerned = patients["patient_id"].is_in(events["patient_id"].unique().to_list()).to_numpy()
    n = int((concerned & group.members).sum())
    return count(n, statistic="n_missing", analysis="safety", group=group.key)


def _ungraded_rows(counted: _Counted, group: PatientGroup) -> list[Row]:
    open_ = np.logical_or.reduce([item.low != item.high for item in counted.terms.values()] or [~group.members])
    n = int((open_ & group.members).sum())
    return count(n, analysis="safety", group=group.key, variable=ANY_EVENT, level="ungraded")


def _outcomes(safety: Safety) -> list[tuple[str, str]]:
    """Return id and label of each outcome."""
    return [
        (outcome.id or f"outcome_{place}", outcome.label or f"{term_label(outcome.death)} after {outcome.term.lower()}")
        for place, outcome in enumerate(safety.outcome, start=1)
    ]


def _in_order(items: Iterable[_Item], *, frequent: bool) -> list[_Item]:
    """Return items by alphabet of their labels, or by falling number of patients first."""
    by_label = sorted(items, key=lambda item: (item.label.casefold(), item.id))
    return sorted(by_label, key=lambda item: -int((item.low > 0).sum())) if frequent else by_label


def _level_rows(variable: str, items: Iterable[_Item]) -> list[LevelRow]:
    return [LevelRow(variable, item.id, item.label, place, reference=False) for place, item in enumerate(items, 1)]
