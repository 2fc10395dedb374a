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
    earliest,
    impute_ae_end,
    impute_ae_start,
    impute_assessment,
    impute_death,
    parse_partial,
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
    """Return the last follow-up that found the patient alive, and the last day on which any record proves so.

    Of a partial date only the first day that it may mean proves anything. A patient without a visit of follow-up that
    is proven to lie after the first dose was followed up to the last record. What was recorded after the cutoff, a
    death too, is not used otherwise, but proves that the patient lived then: days may lie after it here. The date of a
    column that the study added proves nothing: it may be the day on which a form was filled in.
    """
    proofs: list[pl.DataFrame] = []
    for name, frame in tables.items():
        if name in {"death", "screening", "subjects", "disposition"}:
            continue
        for column in template[name].columns:
            if column.kind not in {"date", "partial-date"} or column.added or column.name not in frame.columns:
                continue
            when = pl.col(column.name) if column.kind == "date" else _first_days(column.name)
            lived = frame.filter(pl.col("status") == "ALIVE") if name == "followup" else frame
            proofs.append(lived.select("patient_id", when=when, followed=pl.lit(name == "followup")))
    begun = anchors.select("patient_id", when="anchor", followed=pl.lit(value=False))
    died_later = anchors.with_columns(when=_first_days("death_dtc")).filter(pl.col("when") > pl.col("cutoff"))
    died_later = died_later.select("patient_id", "when", followed=pl.lit(value=True))
    every = pl.concat([begun, died_later, *proofs]).join(anchors.select("patient_id", "anchor"), on="patient_id")
    visits = pl.col("when").filter(pl.col("followed") & (pl.col("when") >= pl.col("anchor")))
    return every.group_by("patient_id").agg(
        alive=pl.col("when").max(), followed=pl.coalesce(visits.max(), pl.col("when").max())
    )


def _deaths(patients: pl.DataFrame, file: str) -> tuple[pl.DataFrame, list[Finding]]:
    """Return the patients with their day of death, and a finding for each death that was completed or cannot be."""
    deaths: list[date | None] = []
    notes: list[str] = []
    findings: list[Finding] = []
    for patient_id, row, dtc, alive, cutoff in patients.select(
        "patient_id", "row", "death_dtc", "alive", "cutoff"
    ).rows():
        found = (
            ImputedDate(None, "", "") if _is_partial_and_later(dtc, alive, cutoff) else impute_death(dtc, alive, cutoff)
        )
        late = found.date is not None and cutoff is not None and found.date > cutoff
        deaths.append(None if late else found.date)
        notes.append(found.flag)
        if found.flag:
            place = {"file": file, "column": "death_date", "row": row, "patient_id": patient_id, "value": dtc}
            findings.append(_told_death(found, place))
    return patients.with_columns(
        pl.Series("death", deaths, dtype=pl.Date), pl.Series("death_note", notes, dtype=pl.String)
    ), findings


def _is_partial_and_later(dtc: str | None, alive: date | None, cutoff: date | None) -> bool:
    """Return whether a partial date of death lies after the cutoff: all its days do, or the patient lived then."""
    if dtc is None or cutoff is None or len(dtc) == _ISO_LENGTH:
        return False
    return earliest(parse_partial(dtc)) > cutoff or (alive is not None and alive > cutoff)


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
    happens = _HAPPENS.get(name)
    if happens is not None:
        happened = pl.col(f"{happens.column}_day")
        if f"{happens.column}_flag" in added:
            first = (_first_days(happens.column) - pl.col("anchor")).dt.total_days()
            happened = pl.coalesce(happened, first)
        after_death = (happened > _days("death")).fill_null(value=False) & happens.must_live
        joined = joined.with_columns(
            after_death=after_death, after_cutoff=(happened > _days("cutoff")).fill_null(value=False)
        )
        added += ["after_death", "after_cutoff"]
    return joined.select(*frame.columns, *added)


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


@dataclass(frozen=True, slots=True)
class _Happening:
    """The date on which a record of a table happened, and what is not known before it: ``cells``, or the whole record.

    ``must_live`` says whether it cannot have happened after death.
    """

    column: str
    what: str = "a record"
    cells: tuple[str, ...] = ()
    must_live: bool = True


_HAPPENS: Final[dict[str, _Happening]] = {
    "labs": _Happening("date"),
    "clinical_scores": _Happening("date"),
    "vitals": _Happening("date"),
    "exposure": _Happening("start_date"),
    "procedures": _Happening("date"),
    "lesions": _Happening("first_seen_date", "the first sight of a lesion", ("first_seen_date", "first_seen_date_day")),
    "lesion_measurements": _Happening("scan_date"),
    "response": _Happening("date"),
    "adverse_events": _Happening("start_date"),
    "other_therapy": _Happening("date"),
    "disposition": _Happening(
        "date",
        "the end of the drug",
        ("date", "date_day", "date_flag", "sorafenib_end_reason", "ae_id"),
        must_live=False,
    ),
}


def _leave_out_late(frame: pl.DataFrame, name: str, file: str) -> tuple[pl.DataFrame, list[Finding]]:
    """Return a table without what happened after death or the cutoff, and a note for each record with such a thing.

    Of a date whose day is not known, the first one that it may mean must be later.
    """
    happens = _HAPPENS.get(name)
    if happens is None:
        return frame, []
    is_late = pl.col("after_death") | pl.col("after_cutoff")
    late = frame.filter(is_late)
    findings = [
        Finding(
            "note",
            "LEFT-OUT",
            f"{happens.what} after {'death' if after_death else 'the cutoff'} was left out of the derivations",
            file=file,
            column=happens.column,
            row=row,
            patient_id=patient_id,
            value=str(value),
        )
        for patient_id, row, value, after_death in late.select(
            "patient_id", "row", happens.column, "after_death"
        ).rows()
    ]
    if happens.cells:
        kept = frame.with_columns(pl.when(~is_late).then(pl.col(cell)).alias(cell) for cell in happens.cells)
    else:
        kept = frame.filter(~is_late)
    return kept.drop("after_death", "after_cutoff"), findings


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
