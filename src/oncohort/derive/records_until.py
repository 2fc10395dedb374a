"""One patient's records as they stood on a day: nothing that was recorded later, and no end that came later."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

import polars as pl

from oncohort.clinical.partial_dates import earliest, latest, parse_partial
from oncohort.derive.protocol_procedures import ROW
from oncohort.study.protocol import Protocol
from oncohort.study.records import Records

Row = dict[str, Any]

_BEGINS: Final = {
    "labs": "date",
    "clinical_scores": "date",
    "vitals": "date",
    "exposure": "start_date",
    "procedures": "date",
    "lesions": "first_seen_date",
    "lesion_measurements": "scan_date",
    "adverse_events": "start_date",
    "other_therapy": "date",
    "disposition": "date",
    "followup": "date",
}
"""The date of a record, by which it is known or not."""

_TIMELESS: Final = ("subjects", "baseline_disease")


@dataclass(frozen=True, slots=True)
class _LaterPart:
    """A date within a record that may come later, and what the record says until then; also where it is missing?"""

    date: str
    until_then: Mapping[str, Any]
    undated: bool = False


_LATER: Final = {
    "subjects": (_LaterPart("last_sorafenib_date", {}), _LaterPart("death_date", {"death_flag": "N"})),
    "exposure": (_LaterPart("end_date", {}),),
    "adverse_events": (_LaterPart("end_date", {"outcome": "NOT RECOVERED/NOT RESOLVED"}),),
}


@dataclass(frozen=True, slots=True)
class KnownRecords:
    """The records of a patient that are known on a day.

    ``doubtful`` are the records of which it cannot be said whether they are: table, and row in its file.
    ``may_be_dead`` says that the patient died on a day that is not known well enough to say whether it was before.
    """

    records: Records
    doubtful: tuple[tuple[str, int], ...]
    may_be_dead: bool


def records_until(records: Records, protocol: Protocol, patient_id: str, on: date) -> KnownRecords:
    """Return what was on record of a patient on a day.

    A record counts if its date, or the last day that its partial date may mean, is not after the day. Of a record that
    counts, what has a later date is not known yet: the end of a dose or of an adverse event (which then goes on), the
    CT after a procedure with what was seen on it, the last dose, the death. The grade and the action of an adverse
    event, and whether a dose was tolerated, have no date of their own: they count from the first day of their record
    on, but nobody who lives has grade 5. A record of the end of the drug without date and reason is about a
    progression, and counts.

    Parameters
    ----------
    records : Records
        All records of a records study.
    protocol : Protocol
        Names the scan on which a procedure is judged.
    patient_id : str
        The patient.
    on : date
        The day; its own records count.
    """
    tables: dict[str, pl.DataFrame] = {}
    doubtful: list[tuple[str, int]] = []
    own = {
        name: frame.filter(pl.col("patient_id") == patient_id).rows(named=True)
        for name, frame in records.tables.items()
        if name in _BEGINS or name in _TIMELESS
    }
    alive = not any(_is_over(row["death_date"], on) for row in own["subjects"])
    for name, rows in own.items():
        known = {row["row"]: _is_known(row, _BEGINS.get(name), on) for row in rows}
        doubtful += [(name, row) for row, answer in known.items() if answer is None]
        parts = tuple(_parts_of(name, protocol))
        kept = [_as_it_stood(row, parts, on, alive=alive) for row in rows if known[row["row"]]]
        tables[name] = pl.DataFrame(kept, schema=records.tables[name].schema, orient="row")
    may_be_dead = any(_may_be_dead(row, on) for row in own["subjects"])
    return KnownRecords(replace(records, tables=tables), tuple(sorted(doubtful)), may_be_dead)


def possible_dates(value: date | str | None) -> tuple[date, date] | None:
    """Return the first and the last day that a date of a record may mean.

    Examples
    --------
    >>> possible_dates("2009-02"), possible_dates(None)
    ((datetime.date(2009, 2, 1), datetime.date(2009, 2, 28)), None)
    """
    if isinstance(value, str):
        partial = parse_partial(value)
        return earliest(partial), latest(partial)
    return None if value is None else (value, value)


def _is_known(row: Row, column: str | None, on: date) -> bool | None:
    """Return whether a record was there on a day; None where its date does not say."""
    if column is None:
        return True
    dates = possible_dates(row[column])
    if dates is None:
        return True if row.get("sorafenib_end_reason", "") is None else None
    return True if dates[1] <= on else False if dates[0] > on else None


def _is_over(value: date | str | None, on: date) -> bool:
    dates = possible_dates(value)
    return dates is not None and dates[1] <= on


def _may_be_dead(row: Row, on: date) -> bool:
    dates = possible_dates(row["death_date"])
    return row["death_flag"] == "Y" if dates is None else dates[0] <= on < dates[1]


def _parts_of(name: str, protocol: Protocol) -> Iterator[_LaterPart]:
    yield from _LATER.get(name, ())
    for procedure in protocol.procedure if name == "procedures" else ():
        stop = procedure.stop_after
        if stop is not None and stop.seen_on is not None and stop.column is not None:
            yield _LaterPart(stop.seen_on.column.removeprefix(ROW), {stop.column.removeprefix(ROW): None}, undated=True)


def _as_it_stood(row: Row, parts: tuple[_LaterPart, ...], on: date, *, alive: bool) -> Row:
    """Return a record without what came later."""
    known = {**row}
    for part in parts:
        if row[part.date] is not None and not _is_over(row[part.date], on):
            known |= {part.date: None, **part.until_then}
        elif row[part.date] is None and part.undated:
            known |= part.until_then
    if alive and known.get("grade") == 5:
        known["grade"] = None
    return known
