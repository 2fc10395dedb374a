"""The time line of each patient: every date of the records as whole days from day 0, and what cannot be used left out.

Day 0 is the first dose. A screened patient who was never treated has no first dose; day 0 is then the day of screening.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import polars as pl

from oncohort.clinical.partial_dates import (
    ImputedDate,
    impute_ae_end,
    impute_ae_start,
    impute_assessment,
    impute_death,
)
from oncohort.clinical.units import UNITS
from oncohort.study.dictionary import Template
from oncohort.study.findings import Finding

Tables = Mapping[str, pl.DataFrame]
_ISO_LENGTH: Final = 10


@dataclass(frozen=True, slots=True)
class Timeline:
    """The records on one clock.

    ``tables`` have, for every date column ``c``, a column ``c_day`` (Int64, days from day 0, null where not known) and,
    for a date that may be partial, ``c_flag`` ("D" where the day was imputed). ``patients`` has a row a patient of
    ``subjects``: ``patient_id``, ``row``, ``anchor`` (Date, day 0), ``treated``, ``cutoff_day``, ``death_day``,
    ``last_follow_up_day`` and ``last_known_alive_day``.
    """

    tables: dict[str, pl.DataFrame]
    patients: pl.DataFrame
    findings: tuple[Finding, ...]


def set_timeline(tables: Tables, template: Template, files: Mapping[str, str], cutoff: date | None) -> Timeline:
    """Put all records of a study on the clock of their patients.

    Partial dates are completed by the rules of ``clinical.partial_dates``. Records after death or after the cutoff
    do not belong to what is analyzed: they are left out, and each is a finding. ``cutoff`` is that of the protocol;
    without it each patient has the ``cutoff_date`` of ``subjects``.
    """
    subjects = tables["subjects"]
    if cutoff is not None:
        subjects = subjects.with_columns(pl.lit(cutoff).alias("cutoff_date"))
    anchors = subjects.select(
        "patient_id",
        "row",
        anchor=pl.coalesce("first_sorafenib_date", "screening_date"),
        treated=pl.col("first_sorafenib_date").is_not_null(),
        cutoff=pl.col("cutoff_date"),
        death_dtc=pl.col("death_date"),
    )
    alive = _last_contacts(tables, template, anchors)
    died, findings = _deaths(anchors.join(alive, on="patient_id", how="left", maintain_order="left"), files["subjects"])
    completed = {name: _complete(frame, template, name, died) for name, frame in tables.items()}
    kept: dict[str, pl.DataFrame] = {}
    for name, frame in completed.items():
        kept[name], left_out = _leave_out_late(frame, name, files[name])
        findings += left_out
    if "labs" in kept:
        kept["labs"], left_out = _leave_out_units(kept["labs"], files["labs"])
        findings += left_out
    patients = died.select(
        "patient_id",
        "row",
        "anchor",
        "treated",
        cutoff_day=_days("cutoff"),
        death_day=_days("death"),
        death_flag_imputed=pl.col("death_note"),
        last_follow_up_day=pl.min_horizontal(_days("followed"), _days("cutoff")),
        last_known_alive_day=pl.min_horizontal(_days("alive"), _days("cutoff")),
    )
    return Timeline(kept, patients, tuple(findings))


def _days(column: str) -> pl.Expr:
    return (pl.col(column) - pl.col("anchor")).dt.total_days()


def _full_dates(column: str) -> pl.Expr:
    """Return the complete dates of a column of partial ones; null where the day is not known."""
    return (
        pl.when(pl.col(column).str.len_chars() == _ISO_LENGTH)
        .then(pl.col(column))
        .str.to_date("%Y-%m-%d", strict=False)
    )


def _first_days(column: str) -> pl.Expr:
    """Return the first day that a partial date may mean."""
    length = pl.col(column).str.len_chars()
    rest = pl.when(length == 4).then(pl.lit("-01-01")).when(length == 7).then(pl.lit("-01")).otherwise(pl.lit(""))
    return (pl.col(column) + rest).str.to_date("%Y-%m-%d", strict=False)


def _last_contacts(tables: Tables, template: Template, anchors: pl.DataFrame) -> pl.DataFrame:
    """Return the last follow-up, and the last day on which any record proves that the patient lived.

    Of a partial date only the first day that it may mean proves anything. A patient without a visit of follow-up was
    followed up to the last record.
    """
    proofs: list[pl.DataFrame] = []
    for name, frame in tables.items():
        if name in {"death", "screening", "subjects", "disposition"}:
            continue
        for column in template[name].columns:
            if column.kind not in {"date", "partial-date"} or column.name not in frame.columns:
                continue
            when = pl.col(column.name) if column.kind == "date" else _first_days(column.name)
            lived = frame.filter(pl.col("status") != "DEAD") if name == "followup" else frame
            proofs.append(lived.select("patient_id", when=when, followed=pl.lit(name == "followup")))
    begun = anchors.select("patient_id", when="anchor", followed=pl.lit(value=False))
    every = pl.concat([begun, *proofs]).join(anchors.select("patient_id", "cutoff"), on="patient_id")
    seen = every.filter((pl.col("when") <= pl.col("cutoff")).fill_null(value=True))
    return seen.group_by("patient_id").agg(
        alive=pl.col("when").max(),
        followed=pl.coalesce(pl.col("when").filter(pl.col("followed")).max(), pl.col("when").max()),
    )


def _deaths(patients: pl.DataFrame, file: str) -> tuple[pl.DataFrame, list[Finding]]:
    """Return the patients with their day of death, and a finding for each death that was completed or cannot be."""
    deaths: list[date | None] = []
    notes: list[str] = []
    findings: list[Finding] = []
    for patient_id, row, dtc, alive, cutoff in patients.select(
        "patient_id", "row", "death_dtc", "alive", "cutoff"
    ).rows():
        found = impute_death(dtc, alive, cutoff)
        late = found.date is not None and cutoff is not None and found.date > cutoff
        deaths.append(None if late else found.date)
        notes.append(found.flag)
        if found.flag:
            place = {"file": file, "column": "death_date", "row": row, "patient_id": patient_id, "value": dtc}
            findings.append(_told_death(found, place))
    return patients.with_columns(
        pl.Series("death", deaths, dtype=pl.Date), pl.Series("death_note", notes, dtype=pl.String)
    ), findings


def _told_death(found: ImputedDate, place: Mapping[str, Any]) -> Finding:
    if found.flag == "D":
        return Finding("note", "DATE-IMPUTED", "the day of a partial date was completed by the rule of dates", **place)
    level = "error" if found.flag == "CONFLICT" else "warning"
    sentence = (
        "the partial date of death contradicts the last follow-up; the patient is censored when last known alive"
        if found.flag == "CONFLICT"
        else "of the date of death only the year is known; the patient is censored when last known alive"
    )
    return Finding(level, "DEATH-DATE", sentence, **place)


def _complete(frame: pl.DataFrame, template: Template, name: str, patients: pl.DataFrame) -> pl.DataFrame:
    """Return a table with the day of every date, partial dates completed, and the day of death of each patient."""
    known = patients.select("patient_id", "anchor", "cutoff", "death")
    joined = frame.join(known, on="patient_id", how="left", maintain_order="left")
    added: list[str] = []
    for column in template[name].columns:
        if column.kind == "date" and column.name in frame.columns:
            joined = joined.with_columns(_days(column.name).alias(f"{column.name}_day"))
            added.append(f"{column.name}_day")
        elif column.kind == "partial-date" and column.name in frame.columns:
            joined = _complete_partial(joined, name, column.name)
            added += [f"{column.name}_day", f"{column.name}_flag"]
    ends = joined.with_columns(death_day=_days("death"), cutoff_day=_days("cutoff"))
    return ends.select(*frame.columns, *added, "death_day", "cutoff_day")


def _complete_partial(frame: pl.DataFrame, name: str, column: str) -> pl.DataFrame:
    """Return a table with ``column_day`` and ``column_flag``; only dates that lack their day are looked at singly."""
    rule = _RULE_OF.get(f"{name}.{column}", _begin)
    length = pl.col(column).str.len_chars()
    lacking = frame.with_row_index("place").filter(length < _ISO_LENGTH)
    completed: dict[int, ImputedDate] = {
        place: rule(dtc, anchor, death, cutoff)
        for place, dtc, anchor, death, cutoff in lacking.select("place", column, "anchor", "death", "cutoff").rows()
    }
    dates = frame.select(_full_dates(column)).to_series().to_list()
    flags = ["" if when is not None else None for when in dates]
    for place, found in completed.items():
        dates[place], flags[place] = found.date, found.flag
    told = frame.with_columns(pl.Series("_when", dates, dtype=pl.Date), pl.Series(f"{column}_flag", flags, pl.String))
    return told.with_columns(_days("_when").alias(f"{column}_day")).drop("_when")


_Rule = Callable[[str, date | None, date | None, date | None], ImputedDate]


def _begin(dtc: str, anchor: date | None, death: date | None, cutoff: date | None) -> ImputedDate:
    del death, cutoff
    return impute_ae_start(dtc, anchor)


def _last_visit(dtc: str, anchor: date | None, death: date | None, cutoff: date | None) -> ImputedDate:
    del anchor
    return impute_assessment(dtc, None, death, cutoff)


def _finish(dtc: str, anchor: date | None, death: date | None, cutoff: date | None) -> ImputedDate:
    del anchor, death, cutoff
    return impute_ae_end(dtc)


_RULE_OF: Final[dict[str, _Rule]] = {
    "subjects.last_sorafenib_date": _last_visit,
    "lesion_measurements.scan_date": _last_visit,
    "response.date": _last_visit,
    "adverse_events.end_date": _finish,
}
"""Which rule completes which date; every other one begins something and is completed as such."""

_HAPPENS: Final[dict[str, str]] = {
    "labs": "date",
    "clinical_scores": "date",
    "vitals": "date",
    "exposure": "start_date",
    "procedures": "date",
    "lesion_measurements": "scan_date",
    "response": "date",
    "adverse_events": "start_date",
    "other_therapy": "date",
}
"""The date on which a record of a table happened."""


def _leave_out_late(frame: pl.DataFrame, name: str, file: str) -> tuple[pl.DataFrame, list[Finding]]:
    """Return a table without what was recorded after death or the cutoff, and a note for each record left out."""
    column = _HAPPENS.get(name)
    if column is None:
        return frame.drop("death_day", "cutoff_day"), []
    day = pl.col(f"{column}_day")
    dead = (day > pl.col("death_day")).fill_null(value=False)
    closed = (day > pl.col("cutoff_day")).fill_null(value=False)
    late = frame.filter(dead | closed).with_columns(after_death=dead)
    findings = [
        Finding(
            "note",
            "LEFT-OUT",
            f"a record after {'death' if after_death else 'the cutoff'} was left out of the derivations",
            file=file,
            column=column,
            row=row,
            patient_id=patient_id,
            value=str(value),
        )
        for patient_id, row, value, after_death in late.select("patient_id", "row", column, "after_death").rows()
    ]
    return frame.filter(~(dead | closed)).drop("death_day", "cutoff_day"), findings


def new_therapy_days(timeline: Timeline) -> dict[str, int]:
    """Return the first day of another anticancer therapy from day 0 on, of each patient who had one."""
    frame = timeline.tables.get("other_therapy")
    if frame is None:
        return {}
    later = frame.filter(pl.col("date_day") >= 0).group_by("patient_id").agg(pl.col("date_day").min())
    return dict(later.rows())


def _leave_out_units(labs: pl.DataFrame, file: str) -> tuple[pl.DataFrame, list[Finding]]:
    """Return the laboratory values whose unit is one of their test, and a note for each other one."""
    pairs = [f"{test} {unit}" for test, units in UNITS.items() for unit in units]
    fits = pl.concat_str("test", "unit", separator=" ").is_in(pairs).fill_null(value=True)
    sentence = "a laboratory value in a unit that its test does not have was left out of the derivations"
    findings = [
        Finding("note", "LEFT-OUT", sentence, file, "unit", row, patient_id, str(unit))
        for patient_id, row, unit in labs.filter(~fits).select("patient_id", "row", "unit").rows()
    ]
    return labs.filter(fits), findings
