"""Local therapy: the procedures of each patient, the arm that they make, and the day from which on it was so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from oncohort.derive.timeline import Timeline
from oncohort.study.findings import Finding
from oncohort.study.protocol import Arm, Protocol

PROCEDURES: Final = {
    "patient_id": pl.String,
    "type": pl.String,
    "procedure_no": pl.Int64,
    "day": pl.Int64,
    "source_row": pl.Int64,
}


@dataclass(frozen=True, slots=True)
class LocalTherapy:
    """The frame ``procedures`` of `oncohort.study.cohort.Derived`, the columns of each patient, and what was found.

    ``patients`` has ``n_ID`` of each procedure (its id in small letters), the arm under the protocol's name for it, and
    ``arm_known_day``: the day of the procedure that made the arm, 0 where the patient had none of them.
    """

    procedures: pl.DataFrame
    patients: pl.DataFrame
    findings: tuple[Finding, ...]


def derive_local_therapy(timeline: Timeline, protocol: Protocol, file: str) -> LocalTherapy:
    """Return procedures and arms of every treated patient.

    The arm is that of the treatment given, whatever was planned. A patient whose procedures fit no arm of the protocol
    has none, and is an error: nobody is dropped.
    """
    frame = timeline.tables.get("procedures")
    procedures = (
        pl.DataFrame(schema=PROCEDURES)
        if frame is None
        else frame.select("patient_id", "type", "procedure_no", day="date_day", source_row="row").sort(
            "day", "procedure_no", maintain_order=True
        )
    )
    done: dict[str, list[tuple[str, int]]] = {}
    for patient_id, kind, day in procedures.drop_nulls(["type", "day"]).select("patient_id", "type", "day").rows():
        done.setdefault(patient_id, []).append((kind, day))
    kinds = [procedure.id for procedure in protocol.procedure]
    rows: list[tuple[Any, ...]] = []
    findings: list[Finding] = []
    for patient_id, row in timeline.patients.filter("treated").select("patient_id", "row").rows():
        course = done.get(patient_id, [])
        counts = [sum(kind == name for kind, _ in course) for name in kinds]
        rows.append((patient_id, *counts, *_arm_of_course(course, protocol.arm)))
        if protocol.arm is not None and rows[-1][-2] is None:
            said = ", ".join(f"{name} {n}" for name, n in zip(kinds, counts, strict=True))
            sentence = "the procedures fit no arm of the protocol; the patient has a row of their own"
            findings.append(Finding("error", "NO-ARM", sentence, file, row=row, patient_id=patient_id, value=said))
    schema = {"patient_id": pl.String} | {f"n_{name.lower()}": pl.Int64 for name in kinds}
    schema |= {protocol.arm.column if protocol.arm else "arm": pl.String, "arm_known_day": pl.Int64}
    return LocalTherapy(procedures, pl.DataFrame(rows, schema=schema, orient="row"), tuple(findings))


def arm_of(counts: Mapping[str, int], arm: Arm) -> str | None:
    """Return the first arm whose numbers of procedures fit, or None.

    Examples
    --------
    >>> arms = Arm.model_validate(
    ...     {"column": "arm", "known": "first procedure of the arm",
    ...      "levels": [{"id": "alone", "TACE": 0}, {"id": "tace", "TACE": ">= 1"}]}
    ... )
    >>> arm_of({"TACE": 2}, arms), arm_of({}, arms)
    ('tace', 'alone')
    """
    for level in arm.levels:
        if all(threshold.holds(counts.get(name, 0)) for name, threshold in level.counts.items()):
            return level.id
    return None


def arm_on(course: Sequence[tuple[str, int]], arm: Arm, day: int | None) -> str | None:
    """Return the arm that the procedures until a day make; of all procedures without a day."""
    counts: dict[str, int] = {}
    for kind, when in course:
        if day is None or when <= day:
            counts[kind] = counts.get(kind, 0) + 1
    return arm_of(counts, arm)


def _arm_of_course(course: Sequence[tuple[str, int]], arm: Arm | None) -> tuple[str | None, int | None]:
    """Return the arm, and the first day from which on the procedures made it."""
    if arm is None:
        return None, None
    final = arm_on(course, arm, None)
    known = 0
    for _, day in course:
        if arm_on(course, arm, day - 1) != final:
            known = max(known, day)
    return final, known
