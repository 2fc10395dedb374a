"""The analyses of a records study, in the order of the report: an explicit list of questions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from oncohort.analysis.adherence import adherence_levels, analyze_adherence
from oncohort.analysis.beyond_progression import analyze_beyond_progression
from oncohort.analysis.cases import analyze_cases
from oncohort.analysis.comparison import analyze_comparisons
from oncohort.analysis.deaths import analyze_deaths, death_levels
from oncohort.analysis.exposure import analyze_exposure, exposure_levels
from oncohort.analysis.landmark import analyze_landmarks
from oncohort.analysis.reconciliation import analyze_reconciliation
from oncohort.analysis.response import analyze_response
from oncohort.analysis.safety import analyze_safety, safety_levels
from oncohort.analysis.sensitivity import analyze_sensitivity
from oncohort.analysis.settings import Settings
from oncohort.study.cohort import Cohort
from oncohort.study.protocol import Protocol
from oncohort.study.recall import Recall, anew
from oncohort.study.results import LevelRow, Row

Analysis: TypeAlias = Callable[[Cohort, Protocol, Settings], list[Row]]

QUESTIONS: Final[tuple[Analysis, ...]] = (
    analyze_response,
    analyze_sensitivity,
    analyze_comparisons,
    analyze_beyond_progression,
    analyze_landmarks,
    analyze_safety,
    analyze_exposure,
    analyze_deaths,
    analyze_cases,
    analyze_adherence,
    analyze_reconciliation,
)
"""Each question is asked of every study; one that the protocol or the records do not ask gives no row."""


def analyze_records(cohort: Cohort, protocol: Protocol, settings: Settings, recall: Recall = anew) -> list[Row]:
    """Return the rows of every question that a records study answers besides those of a table study."""
    if cohort.derived is None:
        return []
    return [row for analyze in QUESTIONS for row in recall(analyze, cohort, protocol, settings)]


def record_levels(cohort: Cohort, protocol: Protocol, recall: Recall = anew) -> list[LevelRow]:
    """Return the labels of what these rows are about."""
    if cohort.derived is None:
        return []
    return [
        *recall(safety_levels, cohort, protocol),
        *recall(exposure_levels, cohort, protocol),
        *recall(death_levels, cohort),
        *recall(adherence_levels, cohort),
    ]
