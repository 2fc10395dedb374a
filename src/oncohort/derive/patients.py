"""The patients: one row a screened patient, with what is recorded once and what is derived of the rest."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, Final

import polars as pl

from oncohort.clinical.best_response import clinical_benefit, objective_response
from oncohort.clinical.beyond_progression import continued_past_progression
from oncohort.clinical.partial_dates import latest, parse_partial
from oncohort.derive.judgment import UNKNOWN
from oncohort.derive.timeline import Timeline
from oncohort.study.dictionary import Template, TemplateColumn
from oncohort.study.protocol import Protocol
from oncohort.study.rules_in_force import grace_days, response_rules

_UNDATED: Final = frozenset({"subjects", "baseline_disease", "disposition", "death", "screening"})


def recorded_patients(timeline: Timeline, template: Template) -> pl.DataFrame:
    """Return what is recorded once: every ``table.column`` of the tables with one row a patient, and the time line.

    Besides these: ``index``, ``first_record``, ``age``, ``treated``, ``death_day``, ``death_cause``,
    ``last_known_alive_day`` and ``last_follow_up_day``. Of two rows of a patient in such a table the first is taken;
    the checks tell of the second. A recorded U, for unknown, is as good as nothing recorded.
    """
    known = timeline.patients.select(
        "patient_id", "row", "treated", "death_day", "last_known_alive_day", "last_follow_up_day"
    )
    for name, table in template.items():
        frame = timeline.tables.get(name)
        if table.repeats:
            continue
        columns = [column for column in table.collected() if column.name != "patient_id"]
        if frame is None:
            absent = (pl.lit(None, dtype=pl.String).alias(f"{name}.{column.name}") for column in columns)
            known = known.with_columns(absent)
            continue
        once = frame.unique("patient_id", keep="first", maintain_order=True)
        dotted = once.select("patient_id", *(_known(column).alias(f"{name}.{column.name}") for column in columns))
        known = known.join(dotted, on="patient_id", how="left", maintain_order="left")
    first = known.join(_first_records(timeline, template), on="patient_id", how="left", maintain_order="left")
    ages = [
        _age(*row)
        for row in first.select("subjects.age", "subjects.birth_date", "subjects.first_sorafenib_date").rows()
    ]
    return first.with_columns(
        pl.col("subjects.first_sorafenib_date").alias("index"),
        pl.Series("age", ages, dtype=pl.Float64),
        pl.when(pl.col("death_day").is_not_null()).then(pl.col("death.primary_cause")).alias("death_cause"),
    )


def _known(column: TemplateColumn) -> pl.Expr:
    value = pl.col(column.name)
    return pl.when(value != UNKNOWN).then(value) if UNKNOWN in column.allowed else value


def _first_records(timeline: Timeline, template: Template) -> pl.DataFrame:
    """Return the first day on which anything but screening itself was recorded of each patient."""
    dates: list[pl.DataFrame] = []
    for name, frame in timeline.tables.items():
        if name in _UNDATED:
            continue
        dates += [
            frame.select("patient_id", first_record=pl.col(column.name))
            for column in template[name].columns
            if column.kind == "date" and not column.added and column.name in frame.columns
        ]
    if not dates:
        return pl.DataFrame(schema={"patient_id": pl.String, "first_record": pl.Date})
    return pl.concat(dates).group_by("patient_id").agg(pl.col("first_record").min())


def _age(recorded: float | None, born: str | None, index: date | None) -> float | None:
    """Return the age in years: as recorded, else the completed years from the last day the birth may lie on."""
    if recorded is not None or born is None or index is None:
        return recorded
    birth = latest(parse_partial(born))
    return float(index.year - birth.year - ((index.month, index.day) < (birth.month, birth.day)))


def with_response(patients: pl.DataFrame, visits: pl.DataFrame, best: pl.DataFrame, protocol: Protocol) -> pl.DataFrame:
    """Add the best response by the study's own definition, clinical benefit, and the first progression."""
    if protocol.response is None:
        return patients
    counted = response_rules(protocol).clinical_benefit
    own = best.filter(pl.col("definition") == "").select("patient_id", best_response="best")
    progression = (
        visits.filter(pl.col("overall") == "PD").group_by("patient_id").agg(progression_day=pl.col("day").min())
    )
    joined = join_each(patients, [own, progression])
    return joined.with_columns(
        _yes_no(joined, "best_response", "clinical_benefit", lambda value: clinical_benefit(value, counted)),
        _yes_no(joined, "best_response", "objective_response", objective_response),
        pl.when(pl.col("treated"))
        .then(pl.when(pl.col("progression_day").is_not_null()).then(pl.lit("Y")).otherwise(pl.lit("N")))
        .alias("progressed"),
    )


def _yes_no(patients: pl.DataFrame, source: str, name: str, holds: Any) -> pl.Series:
    values = [None if value is None else "NY"[holds(value)] for value in patients[source].to_list()]
    return pl.Series(name, values, dtype=pl.String)


def with_continuation(patients: pl.DataFrame, protocol: Protocol) -> pl.DataFrame:
    """Add whether the drug was continued past progression, where both are derived."""
    if protocol.response is None or not protocol.drug:
        return patients
    grace = grace_days(protocol)
    answers = [
        continued_past_progression(progression, last, grace_days=grace).value if treated else None
        for treated, progression, last in patients.select("treated", "progression_day", "last_dose_day").rows()
    ]
    return patients.with_columns(pl.Series("continued_past_progression", answers, dtype=pl.String))


def join_each(patients: pl.DataFrame, frames: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Return the patients with the columns of frames that have at most one row a patient."""
    for frame in frames:
        patients = patients.join(frame, on="patient_id", how="left", maintain_order="left")
    return patients
