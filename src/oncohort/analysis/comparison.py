"""Comparisons: response, survival and adverse events of groups side by side, each outcome with its test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from oncohort.analysis.groups import (
    Groups,
    Members,
    between,
    compare_counts,
    compare_survival,
    count_test,
    each_group,
    followed,
    groups_of,
    inside_population,
    narrowed,
    rate_rows,
)
from oncohort.analysis.response import responses_of
from oncohort.analysis.rows import count
from oncohort.analysis.safety import ANY_EVENT
from oncohort.analysis.settings import Settings
from oncohort.analysis.terms import unique_ids
from oncohort.derive.safety import canonical_term
from oncohort.study.cohort import Cohort, Derived
from oncohort.study.consistency_groups import ADVERSE
from oncohort.study.protocol import Comparison, Protocol
from oncohort.study.results import Row


@dataclass(frozen=True, slots=True)
class WithEvent:
    """Which of n patients had an event, and whose worst grade of it is 3 or 4; an event without grade may be worse."""

    any_grade: Members
    severe: Members


def analyze_comparisons(cohort: Cohort, protocol: Protocol, settings: Settings) -> list[Row]:
    """Return the rows of every ``[[comparison]]``.

    Keys: ``model`` is the comparison's id; ``group`` is ``arm=tace`` for a group, named by what the comparison is by,
    and ``arm=tace_cryo|tace`` for all groups together and their test. An outcome that is counted, and the id of an
    adverse event, is the ``variable``; the ``level`` of an adverse event is ``any`` or ``3-4``, by the worst grade of
    the patient. ``n_total`` without a group counts the population of the comparison, ``n_missing`` those of it who
    are in no group.
    """
    if cohort.derived is None:
        return []
    rows: list[Row] = []
    for comparison in protocol.comparison:
        rows += _comparison(cohort, cohort.derived, comparison, protocol, settings)
    return rows


def _comparison(
    cohort: Cohort, derived: Derived, comparison: Comparison, protocol: Protocol, settings: Settings
) -> list[Row]:
    keys: dict[str, Any] = {"analysis": "comparison", "model": comparison.id}
    inside = inside_population(cohort, comparison)
    groups = groups_of(cohort, protocol, comparison.id)
    rows = _sizes(groups, inside, keys)
    for outcome in comparison.outcomes:
        if outcome in cohort.endpoints:
            endpoint = cohort.endpoints[outcome]
            part = followed(endpoint, inside, endpoint.time)
            rows += compare_survival(part, narrowed(groups, inside), settings, {**keys, "endpoint": outcome})
        elif outcome == ADVERSE:
            rows += _adverse_events(cohort, derived, groups, protocol, settings, keys)
        else:
            rows += _counted(cohort, derived, comparison, protocol, settings, outcome)
    return rows


def _sizes(groups: Groups, inside: Members, keys: dict[str, Any]) -> list[Row]:
    rows = count(int(inside.sum()), statistic="n_total", **keys)
    for group, members in each_group(groups):
        rows += count(int(members.sum()), statistic="n_total", **keys, group=group)
    known = groups.factor.codes >= 0
    at = {**keys, "group": between(groups)}
    return rows + count(int(known.sum()), **at) + count(int((inside & ~known).sum()), statistic="n_missing", **at)


def _counted(
    cohort: Cohort, derived: Derived, comparison: Comparison, protocol: Protocol, settings: Settings, outcome: str
) -> list[Row]:
    """Return how many of each group had a response that counts, with limits, and the test that is named for it."""
    found, rules = responses_of(cohort, derived, protocol, "")
    has, groups = found.outcomes[outcome], groups_of(cohort, protocol, comparison.id)
    keys: dict[str, Any] = {"analysis": "comparison", "model": comparison.id, "variable": outcome}
    rows: list[Row] = []
    for group, members in each_group(groups):
        n = int(has[members].sum())
        rows += rate_rows(n, int(members.sum()), rules.conf, settings, {**keys, "group": group})
    return rows + count_test(has, groups, comparison.test.get(outcome, settings.table_test), keys)


def _adverse_events(
    cohort: Cohort, derived: Derived, groups: Groups, protocol: Protocol, settings: Settings, keys: dict[str, Any]
) -> list[Row]:
    rows: list[Row] = []
    for variable, events in patients_with_events(cohort, derived, protocol).items():
        for level, has in (("any", events.any_grade), ("3-4", events.severe)):
            rows += compare_counts(has, groups, settings.table_test, {**keys, "variable": variable, "level": level})
    return rows


def patients_with_events(cohort: Cohort, derived: Derived, protocol: Protocol) -> dict[str, WithEvent]:
    """Return which analyzed patients had a counted event: of any kind, of each group of terms, of each term.

    The keys are those of `oncohort.analysis.safety`.
    """
    place = {patient_id: k for k, patient_id in enumerate(cohort.patient_id)}
    recorded = derived.adverse_events.filter("counted").select("patient_id", "term", "grade").rows()
    counted = [(place[patient_id], term, grade) for patient_id, term, grade in recorded if patient_id in place]
    safety = protocol.safety
    groups = {group.id: [canonical_term(text) for text in group.terms] for group in safety.group} if safety else {}
    followed_up = safety.outcome if safety else ()
    named = {term for members in groups.values() for term in members} | {canonical_term(o.term) for o in followed_up}
    outcomes = [outcome.id or f"outcome_{place}" for place, outcome in enumerate(followed_up, 1)]
    ids = unique_ids(named | {term for _, term, _ in counted}, taken=[ANY_EVENT, *groups, *outcomes])
    found = {ANY_EVENT: _with_event(counted, len(place))}
    found |= {name: _with_event([e for e in counted if e[1] in own], len(place)) for name, own in groups.items()}
    return found | {name: _with_event([e for e in counted if e[1] == t], len(place)) for t, name in ids.items()}


def _with_event(events: list[tuple[int, str, int | None]], n: int) -> WithEvent:
    """Return who of n patients had one of some events, given as place of the patient, term and grade."""
    worst = np.full(n, -1, dtype=np.int64)
    ungraded = np.zeros(n, dtype=np.bool_)
    for k, _, grade in events:
        worst[k] = max(worst[k], 0 if grade is None else grade)
        ungraded[k] |= grade is None
    return WithEvent(worst >= 0, np.isin(worst, (3, 4)) & ~ungraded)
