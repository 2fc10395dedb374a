"""Exposure: how long the drug was taken, how much of it, why it ended, and how many procedures were done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncohort.analysis.arms import PatientGroup, analyzed_patients, patient_groups, size_rows
from oncohort.analysis.rows import count, number, share
from oncohort.analysis.settings import Settings
from oncohort.analysis.terms import term_label, unique_ids
from oncohort.derive.endpoints import DAYS_PER_UNIT
from oncohort.stats.describe import describe
from oncohort.study.cohort import Cohort
from oncohort.study.dictionary import Template
from oncohort.study.protocol import Protocol
from oncohort.study.results import LevelRow, Row
from oncohort.study.text import format_number, format_time

STATISTICS: Final = ("median", "q1", "q3", "min", "max", "mean", "sd")
NOT_RECORDED: Final = "not_recorded"
OTHER_REASON: Final = "other"


def analyze_exposure(cohort: Cohort, protocol: Protocol, settings: Settings) -> list[Row]:
    """Return the rows of treatment, whole and by arm.

    Percents are of the patients of whom it is known; of ``stop_reason``, of all patients. ``dose_restored`` is told
    of the patients whose dose fell: whether a dose that was lowered came back at least once, and ``days_to_return``
    the days until then, of each patient the longest. ``early_stop_reason`` is told of the patients with an early
    stop; ``median``, ``min`` and ``max`` of ``early_stop`` are the weeks until their last dose.

    Keys: ``variable`` is ``treatment_duration``, ``relative_dose_intensity``, ``dose_reduced``, ``dose_restored``,
    ``days_to_return``, ``dose_interrupted``, ``early_stop``, ``early_stop_reason``, ``stop_reason``, or ``n_ID`` of a
    procedure. ``level`` is ``Y``, the id of a reason, a number of sessions, or ``any``: patients with a session, whose
    ``n_event`` are the sessions and ``median``, ``min`` and ``max`` those of a patient.

    Parameters
    ----------
    cohort : Cohort
        With the frame ``patients``.
    protocol : Protocol
        Gives the unit of the duration, the weeks of an early stop and its reasons, the procedures and the arms.
    settings : Settings
        Gives the type of the quartiles.

    Returns
    -------
    list of Row
        Empty in a table study and without ``[exposure]``.
    """
    patients = analyzed_patients(cohort)
    if patients is None or protocol.exposure is None:
        return []
    groups = patient_groups(patients, protocol)
    rows = size_rows("exposure", groups, protocol)
    for group in (g for g in groups if g.members.any()):
        members = patients.filter(pl.Series(group.members))
        rows += _duration_rows(members, group, protocol.exposure.duration, settings)
        rows += _dose_rows(members, group, settings)
        rows += _stop_rows(members, group, protocol, _stop_ids(patients, cohort.template))
        for procedure in protocol.procedure:
            rows += _session_rows(members, patients, f"n_{procedure.id.lower()}", group, settings)
    return rows


def exposure_levels(cohort: Cohort, protocol: Protocol) -> list[LevelRow]:
    """Return the labels of the reasons to stop: ``exposure.stop_reason`` and ``exposure.early_stop_reason``."""
    patients = analyzed_patients(cohort)
    if patients is None or protocol.exposure is None:
        return []
    early = [(name, text[:1].upper() + text[1:]) for text, name in _early_ids(protocol).items()]
    ended = [(name, term_label(text)) for text, name in _stop_ids(patients, cohort.template).items()]
    return [
        *_level_rows("exposure.early_stop_reason", [*early, (OTHER_REASON, "Another adverse event")]),
        *_level_rows("exposure.stop_reason", [*ended, (NOT_RECORDED, "Going on, or not recorded")]),
    ]


def _level_rows(variable: str, named: Sequence[tuple[str, str]]) -> list[LevelRow]:
    return [LevelRow(variable, name, label, place, reference=False) for place, (name, label) in enumerate(named, 1)]


def _early_ids(protocol: Protocol) -> dict[str, str]:
    """Return the id of each reason of an early stop, in the order of the protocol."""
    reasons = protocol.exposure.early_stop_reasons if protocol.exposure else ()
    ids = unique_ids(reasons, taken=[OTHER_REASON])
    return {reason: ids[reason] for reason in reasons}


def _stop_ids(patients: pl.DataFrame, template: Template) -> dict[str, str]:
    """Return the id of each reason to end the drug, in the order of the template; reasons it does not have follow."""
    column = template["disposition"].find("sorafenib_end_reason")
    recorded = patients["stop_reason"].drop_nulls().unique().sort().to_list()
    reasons = tuple(dict.fromkeys((*(column.allowed if column else ()), *recorded)))
    ids = unique_ids(reasons, taken=[NOT_RECORDED])
    return {reason: ids[reason] for reason in reasons}


def _duration_rows(members: pl.DataFrame, group: PatientGroup, unit: str, settings: Settings) -> Iterator[Row]:
    days = _known(members, "treatment_days")
    keys = {"analysis": "exposure", "group": group.key, "variable": "treatment_duration"}
    yield from _described(days, members.height, settings, keys, unit=unit)
    intensity = _known(members, "relative_dose_intensity")
    keys = {**keys, "variable": "relative_dose_intensity"}
    yield from _described(intensity, members.height, settings, keys, unit="%")


def _dose_rows(members: pl.DataFrame, group: PatientGroup, settings: Settings) -> Iterator[Row]:
    for name in ("dose_reduced", "dose_interrupted"):
        yield from _yes_rows(members[name], {"analysis": "exposure", "group": group.key, "variable": name})
    reduced = members.filter(pl.col("dose_reduced") == "Y")
    returned = reduced.select(pl.when(pl.col("days_to_return").is_not_null()).then(pl.lit("Y")).otherwise(pl.lit("N")))
    keys = {"analysis": "exposure", "group": group.key, "variable": "dose_restored"}
    yield from _yes_rows(returned.to_series(), keys)
    days = _known(reduced, "days_to_return")
    yield from _described(days, reduced.height, settings, {**keys, "variable": "days_to_return"}, unit="days")


def _stop_rows(members: pl.DataFrame, group: PatientGroup, protocol: Protocol, ended: dict[str, str]) -> Iterator[Row]:
    keys: dict[str, Any] = {"analysis": "exposure", "group": group.key}
    if protocol.exposure is not None and protocol.exposure.early_stop_weeks is not None:
        yield from _yes_rows(members["early_stop"], {**keys, "variable": "early_stop"})
        stopped = members.filter(pl.col("early_stop") == "Y")
        yield from _week_rows(_known(stopped, "last_dose_day"), {**keys, "variable": "early_stop", "level": "Y"})
        reasons, early = stopped["early_stop_reason"], _early_ids(protocol)
        yield from _reason_rows(reasons, early, OTHER_REASON, {**keys, "variable": "early_stop_reason"})
    yield from _reason_rows(members["stop_reason"], ended, NOT_RECORDED, {**keys, "variable": "stop_reason"})


def _week_rows(days: NDArray[np.float64], keys: dict[str, Any]) -> Iterator[Row]:
    for name, summary in (("median", np.median), ("min", np.min), ("max", np.max)) if days.size else ():
        weeks = float(summary(days)) / DAYS_PER_UNIT["weeks"]
        yield Row(statistic=name, value=weeks, text=format_time(weeks, "weeks"), unit="weeks", **keys)


def _session_rows(
    members: pl.DataFrame, patients: pl.DataFrame, column: str, group: PatientGroup, settings: Settings
) -> Iterator[Row]:
    """Yield how many patients had 0, 1, 2 … sessions of a procedure, to the most that anybody had, and all sessions."""
    keys: dict[str, Any] = {"analysis": "exposure", "group": group.key, "variable": column}
    sessions = _known(members, column).astype(np.int64)
    yield from count(sessions.size, **keys)
    yield from count(members.height - sessions.size, statistic="n_missing", **keys)
    for k in range(int(_known(patients, column).max(initial=0)) + 1):
        n = int((sessions == k).sum())
        yield from count(n, **keys, level=str(k))
        yield from share(n, sessions.size, **keys, level=str(k))
    done = sessions[sessions > 0]
    yield from count(done.size, **keys, level="any")
    yield from share(done.size, sessions.size, **keys, level="any")
    yield from number("n_event", float(done.sum()), unit="sessions", **keys, level="any")
    if done.size:
        found = describe(done, quartiles=settings.quartiles)
        for statistic in ("median", "min", "max"):
            yield from number(statistic, getattr(found, statistic), unit="sessions", **keys, level="any")


def _yes_rows(column: pl.Series, keys: dict[str, Any]) -> Iterator[Row]:
    """Yield how many have a Y, of those who have a Y or an N."""
    known = column.drop_nulls()
    n = int((known == "Y").sum())
    yield from count(known.len(), **keys)
    yield from count(column.len() - known.len(), statistic="n_missing", **keys)
    yield from count(n, **keys, level="Y")
    yield from share(n, known.len(), **keys, level="Y")


def _reason_rows(column: pl.Series, ids: dict[str, str], rest: str, keys: dict[str, Any]) -> Iterator[Row]:
    """Yield how many have each reason; whoever has none of them is counted under the id ``rest``."""
    given = [ids.get(reason or "", rest) for reason in column.to_list()]
    yield from count(len(given), **keys)
    for name in (*ids.values(), rest):
        yield from count(given.count(name), **keys, level=name)
        yield from share(given.count(name), len(given), **keys, level=name)


def _known(members: pl.DataFrame, column: str) -> NDArray[np.float64]:
    return members[column].drop_nulls().cast(pl.Float64).to_numpy()


def _described(
    values: NDArray[np.float64], total: int, settings: Settings, keys: dict[str, Any], *, unit: str
) -> Iterator[Row]:
    """Yield the description of some of ``total`` values; those of a time are in days and told in its unit."""
    yield from count(values.size, **keys)
    yield from count(total - values.size, statistic="n_missing", **keys)
    if values.size == 0:
        return
    found = describe(values, quartiles=settings.quartiles)
    for statistic in STATISTICS:
        value = getattr(found, statistic)
        if unit in DAYS_PER_UNIT:
            value /= DAYS_PER_UNIT[unit]
        if statistic == "sd" and values.size == 1:
            continue
        text = format_time(value, unit) if unit in DAYS_PER_UNIT else format_number(value, 1)
        yield Row(statistic=statistic, value=value, text=text, unit=unit, **keys)
