"""Landmarks: survival from a fixed day on, by the groups as they were known on that day."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncohort.analysis.groups import (
    Groups,
    Members,
    as_days,
    compare_survival,
    followed,
    groups_of,
    inside_population,
    narrowed,
    of_analyzed,
)
from oncohort.analysis.rows import count, words
from oncohort.analysis.settings import Settings
from oncohort.clinical.beyond_progression import continued_past_progression
from oncohort.derive.factors import derive_factor
from oncohort.derive.local_therapy import arm_on
from oncohort.study.cohort import Cohort, Derived, EndpointData
from oncohort.study.consistency_groups import BEYOND
from oncohort.study.consistency_records import ARM_KNOWN, GRACE_KNOWN
from oncohort.study.protocol import Arm, Landmark, Protocol
from oncohort.study.results import Row
from oncohort.study.rules_in_force import adds_one_day, grace_days

Days = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FromDay:
    """Survival of the patients of some groups from a day of each patient on.

    ``day`` (n,) counts from the first dose and is nan for patients it is not about. ``add_one`` is 1 where the study
    counts the first day too, as the time of its endpoints then does.
    """

    endpoint: EndpointData
    groups: Groups
    day: Days
    add_one: int


def event_free(found: FromDay) -> Members:
    """Return who is followed without event past the day; an event on the very day is too early."""
    return found.endpoint.time - found.add_one > found.day


def from_day_on(found: FromDay) -> tuple[EndpointData, Groups]:
    """Return time and event, the time counted from the day, of who is followed past it, and their groups."""
    kept = event_free(found)
    return followed(found.endpoint, kept, found.endpoint.time - found.day), narrowed(found.groups, kept)


def named_landmarks(protocol: Protocol) -> dict[str, Landmark]:
    """Return the landmarks under their ids; one without an id is called by its place: landmark_1, landmark_2 …"""
    return {found.id or f"landmark_{place}": found for place, found in enumerate(protocol.landmark, start=1)}


def analyze_landmarks(cohort: Cohort, protocol: Protocol, settings: Settings) -> list[Row]:
    """Return the rows of every ``[[landmark]]``.

    Keys: analysis ``comparison``, ``model`` the landmark's id, ``variable`` ``landmark`` and ``time`` its day, in days
    from its origin. ``n_total`` counts the patients it is about: with origin ``progression`` those who progressed.
    ``level`` ``before`` holds those of them who are left out because they had the event (``n_event``) or were censored
    (``n_censor``) by that day. The others are compared in the groups as known on that day, under the keys of
    `oncohort.analysis.comparison`; ``n_missing`` of all groups counts who was in none.
    """
    rows: list[Row] = []
    if cohort.derived is None:
        return rows
    for model, landmark in named_landmarks(protocol).items():
        for day in landmark.days:
            keys: dict[str, Any] = {
                "analysis": "comparison",
                "model": model,
                "endpoint": landmark.endpoint,
                "variable": "landmark",
                "time": str(day),
            }
            found, how = from_landmark(cohort, cohort.derived, landmark, day, protocol)
            rows += survival_from(found, settings, keys) + words(how, **keys)
    return rows


def from_landmark(
    cohort: Cohort, derived: Derived, landmark: Landmark, day: int, protocol: Protocol
) -> tuple[FromDay, str]:
    """Return survival from one day of a landmark on, and in words how the groups are known."""
    progression = progression_days(cohort, derived)
    since = progression + day if landmark.origin == "progression" else np.full(len(cohort.patient_id), float(day))
    comparison = protocol.find_comparison(landmark.of)
    if comparison is not None and comparison.population == "progressed":
        since = np.where(inside_population(cohort, comparison) & (progression <= since), since, np.nan)
    groups, how = groups_on(cohort, derived, protocol, landmark.of, since)
    return FromDay(cohort.endpoints[landmark.endpoint], groups, since, adds_one_day(protocol)), how


def survival_from(found: FromDay, settings: Settings, keys: dict[str, Any]) -> list[Row]:
    """Return who is left out and why, then the comparison of the groups from the day on."""
    inside, event = ~np.isnan(found.day), found.endpoint.event
    early = inside & ~event_free(found)
    before = {**keys, "level": "before"}
    rows = count(int(inside.sum()), statistic="n_total", **keys)
    rows += count(int((early & event).sum()), statistic="n_event", **before)
    rows += count(int((early & ~event).sum()), statistic="n_censor", **before)
    return rows + compare_survival(*from_day_on(found), settings, keys)


def progression_days(cohort: Cohort, derived: Derived) -> Days:
    """Return the day of the first progression of each analyzed patient, nan where there is none."""
    if "progression_day" not in derived.patients.columns:
        return np.full(len(cohort.patient_id), np.nan)
    return as_days(of_analyzed(cohort, derived.patients)["progression_day"])


def groups_on(cohort: Cohort, derived: Derived, protocol: Protocol, name: str, day: Days) -> tuple[Groups, str]:
    """Return the groups of a factor or comparison as they were known on a day of each patient, and how, in words.

    Arms are those that the procedures until the day make, and a drug is continued past progression if it was taken
    for longer than the days of grace, or than there were days until then. A patient whose group became known after the
    day is in none. What has no day from which it is known is taken as it was in the end.
    """
    groups = groups_of(cohort, protocol, name)
    spec = groups.factor.spec
    if protocol.arm is not None and spec.column == protocol.arm.column:
        return _rederived(groups, _arms_on(cohort, derived, protocol.arm, day)), "as treated until the landmark"
    if spec.column == BEYOND:
        answers = _continued_on(cohort, derived, day, grace_days(protocol))
        return _rederived(groups, answers), "as continued until the landmark"
    known = _known_days(cohort, derived, protocol, spec.known)
    if known is None:
        return groups, "known from the start" if spec.known == "baseline" else "as they were in the end"
    codes = np.where(known <= day, groups.factor.codes, -1)
    return replace(groups, factor=replace(groups.factor, codes=codes)), "as known by the landmark"


def _rederived(groups: Groups, values: list[str | None]) -> Groups:
    """Return the groups of other values of their column."""
    spec = groups.factor.spec
    column = pl.DataFrame({spec.column: values}, schema={spec.column: pl.String})
    return replace(groups, factor=derive_factor(column, spec)[0])


def _arms_on(cohort: Cohort, derived: Derived, arm: Arm, day: Days) -> list[str | None]:
    courses: dict[str, list[tuple[str, int]]] = {}
    done = derived.procedures.drop_nulls(["type", "day"])
    for patient_id, kind, when in done.select("patient_id", "type", "day").rows():
        courses.setdefault(patient_id, []).append((kind, when))
    return [
        None if np.isnan(limit) else arm_on(courses.get(patient_id, []), arm, int(limit))
        for patient_id, limit in zip(cohort.patient_id, day, strict=True)
    ]


def _continued_on(cohort: Cohort, derived: Derived, day: Days, grace: int) -> list[str | None]:
    patients = of_analyzed(cohort, derived.patients)
    answers: list[str | None] = []
    for limit, progression, last in zip(day, patients["progression_day"], patients["last_dose_day"], strict=True):
        if np.isnan(limit) or progression is None or progression > limit:
            answers.append(None)
            continue
        passed = int(limit) - progression
        answers.append(continued_past_progression(progression, last, grace_days=min(grace, passed)).value)
    return answers


def _known_days(cohort: Cohort, derived: Derived, protocol: Protocol, known: str) -> Days | None:
    """Return the day from which a group is known of each patient; None where no day says it."""
    patients = of_analyzed(cohort, derived.patients)
    if known in {"baseline", "after-start", ""}:
        return None
    if known == ARM_KNOWN:
        return as_days(patients["arm_known_day"])
    if known == GRACE_KNOWN:
        return as_days(patients["progression_day"]) + grace_days(protocol)
    return as_days((patients[known] - patients["index"]).dt.total_days())
