"""Deaths: how many patients died, and of what."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

import polars as pl

from oncohort.analysis.arms import analyzed_patients, patient_groups, size_rows
from oncohort.analysis.rows import count, share
from oncohort.analysis.settings import Settings
from oncohort.analysis.terms import term_label, unique_ids
from oncohort.study.cohort import Cohort
from oncohort.study.protocol import Protocol
from oncohort.study.results import LevelRow, Row

_OTHER: Final = "OTHER"
_UNKNOWN: Final = "UNKNOWN"
_LAST: Final = (_OTHER, _UNKNOWN)


def analyze_deaths(cohort: Cohort, protocol: Protocol, settings: Settings) -> list[Row]:
    """Return the deaths and their causes, whole and by arm.

    Percents are of all analyzed patients, not of the dead. Who died without a recorded cause, or with the cause
    UNKNOWN, is counted as ``unknown``: the causes add up to the deaths. A death without a known day, or after the
    cutoff, is none.

    Keys: ``n_event`` without ``variable`` are the deaths; ``variable`` is ``death_cause``, ``level`` the id of a
    cause.

    Parameters
    ----------
    cohort : Cohort
        With the frame ``patients``.
    protocol : Protocol
        Gives the arms.
    settings : Settings
        Not asked: there is no choice among the counts.

    Returns
    -------
    list of Row
        Empty in a table study.
    """
    del settings
    patients = analyzed_patients(cohort)
    if patients is None:
        return []
    causes = _causes(patients)
    ids = _cause_ids(causes)
    groups = patient_groups(patients, protocol)
    rows = size_rows("deaths", groups, protocol)
    for group in (g for g in groups if g.members.any()):
        keys: dict[str, Any] = {"analysis": "deaths", "group": group.key}
        total = int(group.members.sum())
        died = Counter(cause for cause, member in zip(causes, group.members, strict=True) if member and cause)
        n = died.total()
        rows += count(total, **keys) + count(n, statistic="n_event", **keys) + share(n, total, **keys)
        for cause, name in ids.items():
            at = {**keys, "variable": "death_cause", "level": name}
            rows += count(died[cause], **at) + share(died[cause], total, **at)
    return rows


def death_levels(cohort: Cohort) -> list[LevelRow]:
    """Return the causes that somebody died of, most frequent first, under ``deaths.death_cause``."""
    patients = analyzed_patients(cohort)
    if patients is None:
        return []
    return [
        LevelRow(
            "deaths.death_cause", name, "Not known" if cause == _UNKNOWN else term_label(cause), place, reference=False
        )
        for place, (cause, name) in enumerate(_cause_ids(_causes(patients)).items(), start=1)
    ]


def _causes(patients: pl.DataFrame) -> list[str | None]:
    """Return the cause of each death; None of the living."""
    cause = pl.when(pl.col("death_day").is_not_null()).then(pl.col("death_cause").fill_null(_UNKNOWN))
    return patients.select(cause).to_series().to_list()


def _cause_ids(causes: list[str | None]) -> dict[str, str]:
    """Return the id of each cause in the order of the table; other and unknown causes stand last, unknown always."""
    found = Counter(cause for cause in causes if cause)
    named = [cause for cause in found if cause not in _LAST]
    ids = unique_ids(named, taken=[name.lower() for name in _LAST])
    ordered = sorted(named, key=lambda cause: (-found[cause], cause))
    last = [_OTHER, _UNKNOWN] if found[_OTHER] else [_UNKNOWN]
    return {cause: ids[cause] for cause in ordered} | {cause: cause.lower() for cause in last}
