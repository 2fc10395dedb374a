"""The columns of an analysis of a records study: all its patients, and those of each arm of treatment received."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncohort.analysis.rows import count
from oncohort.study.cohort import Cohort
from oncohort.study.protocol import Protocol
from oncohort.study.results import Row


@dataclass(frozen=True, slots=True)
class PatientGroup:
    """Some of n patients: the key of their rows ("" for all, ``arm=tace``), and (n,) who belongs to them."""

    key: str
    members: NDArray[np.bool_]


def analyzed_patients(cohort: Cohort) -> pl.DataFrame | None:
    """Return the row of every analyzed patient; None in a table study."""
    if cohort.derived is None:
        return None
    return cohort.derived.patients.filter(pl.col("patient_id").is_in(list(cohort.patient_id)))


def patient_groups(patients: pl.DataFrame, protocol: Protocol) -> list[PatientGroup]:
    """Return all patients, then those of each arm of the protocol; an arm without a patient is there too.

    A patient whose procedures fit no arm is in none, so that the arms may add up to less than the whole.
    """
    groups = [PatientGroup("", np.ones(patients.height, dtype=np.bool_))]
    if protocol.arm is None:
        return groups
    column = protocol.arm.column
    arms = patients[column]
    for level in protocol.arm.levels:
        members = (arms == level.id).fill_null(value=False).to_numpy()
        groups.append(PatientGroup(f"{column}={level.id}", members))
    return groups


def size_rows(analysis: str, groups: list[PatientGroup], protocol: Protocol) -> list[Row]:
    """Return ``n_total`` of each group; under the arm's own name, ``n_missing`` are the patients in no arm."""
    rows: list[Row] = []
    for group in groups:
        rows += count(int(group.members.sum()), analysis=analysis, group=group.key, statistic="n_total")
    if protocol.arm is not None:
        lost = ~np.logical_or.reduce([group.members for group in groups[1:]])
        rows += count(int(lost.sum()), analysis=analysis, variable=protocol.arm.column, statistic="n_missing")
    return rows
