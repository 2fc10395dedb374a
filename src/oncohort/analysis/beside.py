"""The same records under another profile: every number a second time, and for each that changes the choices that do it.

What changes a number is found out, not told from knowledge: each choice that differs is switched alone, everything is
derived and analyzed again, and the numbers are compared. A memory of the runs keeps what a choice does not touch.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TypeAlias

from oncohort.analysis.plan import analyze_cohort
from oncohort.analysis.settings import Settings
from oncohort.derive.cohort import derive_cohort
from oncohort.errors import OncohortError
from oncohort.study.beside import WORDS, Beside, Pair, Switch, same_text, same_value
from oncohort.study.cohort import Cohort, Derived
from oncohort.study.profiles import CLINICAL_PROFILES, ProfileName
from oncohort.study.protocol import Protocol
from oncohort.study.recall import Memory, Recall
from oncohort.study.records import Records
from oncohort.study.results import Results, Row
from oncohort.study.switched import differences, switched

Key: TypeAlias = tuple[str, ...]
RowPairs: TypeAlias = dict[Key, tuple[Row | None, Row | None]]


@dataclass(frozen=True, slots=True)
class OwnRun:
    """What a study found by its own choices, and of what; ``recall`` is usually the memory that this run has filled."""

    records: Records
    protocol: Protocol
    cohort: Cohort
    results: Results
    recall: Recall


def memory_of_runs() -> Memory:
    """Return an empty memory for runs of one study that differ in choices."""
    return Memory((Protocol, Cohort, Derived, Settings))


def analyze_beside(own: OwnRun, profile: ProfileName) -> Beside:
    """Return every number but those of the bootstrap under another profile, beside those by the study's own choices.

    What another profile means for a study is said in `oncohort.study.switched`.

    Raises
    ------
    DataError, AnalysisError
        If nothing can be computed under the other profile. What only a single choice makes impossible is told of it.
    """
    found = differences(own.protocol, profile)
    once = tuple(row for row in own.results.rows if row.analysis != "bootstrap")
    own = replace(own, results=replace(own.results, rows=once))
    changes: dict[str, RowPairs] = {}
    switches: list[Switch] = []
    for difference in found:
        try:
            alone = _run(own, [difference.key], profile)
        except OncohortError as error:
            switches.append(Switch(difference, None, str(error)))
            continue
        changes[difference.key] = changed = _changed(own.results, alone)
        switches.append(Switch(difference, sum(key[-1] != WORDS for key in changed)))
    try:
        other = _run(own, [difference.key for difference in found], profile)
    except OncohortError as error:
        raise type(error)(f'under the profile "{profile}": {error}') from error
    return Beside(profile, other, tuple(switches), _pairs(own.results, other, changes))


def _run(own: OwnRun, keys: Collection[str], profile: ProfileName) -> Results:
    """Return what the study finds with some choices switched; its patients are derived again if one is clinical."""
    protocol, cohort = switched(own.protocol, keys, profile), own.cohort
    if any(key in CLINICAL_PROFILES for key in keys):
        cohort, _ = derive_cohort(own.records, protocol, own.recall)
    return analyze_cohort(cohort, protocol, own.recall)[0]


def _changed(own: Results, other: Results) -> RowPairs:
    """Return both rows of every key that they say, or write, differently; a remembered row is the very same."""
    shared = {id(row) for row in own.rows} & {id(row) for row in other.rows}
    here, there = ({row.key(): row for row in run.rows if id(row) not in shared} for run in (own, other))
    pairs = {key: (here.get(key), there.get(key)) for key in here | there}
    return {key: pair for key, pair in pairs.items() if not (same_value(*pair) and same_text(*pair))}


def _pairs(own: Results, other: Results, changes: dict[str, RowPairs]) -> tuple[Pair, ...]:
    here, there = ({row.key(): row for row in run.rows} for run in (own, other))
    return tuple(
        Pair(here.get(key), there.get(key), _alone(key, here.get(key), there.get(key), changes)) for key in here | there
    )


def _alone(key: Key, here: Row | None, there: Row | None, changes: dict[str, RowPairs]) -> tuple[str, ...]:
    """Return the choices that change a number alone; where only its text differs, those that change the text."""
    only_text = same_value(here, there) and not same_text(here, there)
    return tuple(name for name, pairs in changes.items() if key in pairs and (only_text or not same_value(*pairs[key])))
