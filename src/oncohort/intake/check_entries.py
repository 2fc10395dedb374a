"""Checks of delayed entry: when a patient came under observation must be known, and lie before the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Final

import polars as pl

from oncohort.intake.check_endpoints import find_other_units
from oncohort.intake.look import Look, found_at
from oncohort.stats.grid import time_grid
from oncohort.study.findings import Finding
from oncohort.study.protocol import Endpoint, TimeColumn, TimeUnit, outcome_columns

_NEVER: Final = "so this patient was never under observation; correct one of the two, or leave such patients out"


def _entry_times(look: Look) -> Iterator[tuple[str, TimeUnit]]:
    """Yield each column of entries that are times, once, with its unit."""
    found = (endpoint.entry for endpoint in look.protocol.endpoint)
    units: dict[str, TimeUnit] = {entry.column: entry.unit for entry in found if isinstance(entry, TimeColumn)}
    yield from units.items()


def entries_are_known(look: Look) -> list[Finding]:
    """Who came under observation on a day not known is at risk nowhere."""
    entries = [endpoint.entry for endpoint in look.protocol.endpoint if endpoint.entry is not None]
    columns = {e.column if isinstance(e, TimeColumn) else e: isinstance(e, TimeColumn) for e in entries}
    findings: list[Finding] = []
    for column, is_time in columns.items():
        expected = "0 for one seen from the beginning" if is_time else "the start for one seen from the beginning"
        sentence = f"the entry is missing; every patient needs one, {expected}"
        places = look.places(look.frame[column].is_null())
        findings += [found_at(look, place, "fatal", "ENTRY-MISSING", sentence, column=column) for place in places]
    return findings


def entry_units_agree(look: Look) -> list[Finding]:
    """A header that names another unit than the protocol is most likely right."""
    return find_other_units(look, _entry_times(look))


def entries_come_before_times(look: Look) -> list[Finding]:
    """Nobody is at risk who enters when they leave, or after it."""
    findings: list[Finding] = []
    for column, _ in _entry_times(look):
        for place in look.places(look.frame[column] < 0):
            sentence = "an entry from 0 was expected"
            findings.append(found_at(look, place, "fatal", "ENTRY-NEGATIVE", sentence, column=column))
    for endpoint in look.protocol.endpoint:
        if isinstance(endpoint.entry, TimeColumn):
            findings += _not_before_time(look, endpoint, endpoint.entry.column)
        elif endpoint.entry is not None:
            findings += _not_before_end(look, endpoint, endpoint.entry)
    return findings


def _not_before_time(look: Look, endpoint: Endpoint, column: str) -> Iterator[Finding]:
    """Yield each entry that is not before its time, ties told by the rule of the analyses."""
    assert endpoint.time is not None
    both = look.frame.select(time=endpoint.time.column, entry=column).with_row_index("place")
    both = both.filter(pl.all_horizontal(pl.col("time", "entry") >= 0))
    if both.is_empty():
        return
    _, (stop, start) = time_grid(both["time"].to_numpy(), both["entry"].to_numpy())
    for place in both["place"].filter(pl.Series(start >= stop)).to_list():
        sentence = f'{endpoint.id}: the entry is not before the time ("{endpoint.time.column}"), {_NEVER}'
        yield found_at(look, place, "fatal", "ENTRY-NOT-BEFORE-TIME", sentence, column=column)


def _not_before_end(look: Look, endpoint: Endpoint, column: str) -> Iterator[Finding]:
    """Yield each date of entry that is not before the last day, or the cutoff; and those before the start."""
    stops = sorted(outcome_columns(endpoint) - ({endpoint.event.column} if endpoint.event is not None else set()))
    entry, start = look.frame[column], look.frame[endpoint.start or ""]
    for place in look.places(entry < start):
        sentence = f"{endpoint.id}: the entry is before the start; the patient counts as observed from the start on"
        yield found_at(look, place, "note", "ENTRY-BEFORE-START", sentence, column=column)
    last = look.frame.select(_end(endpoint)).to_series()
    late = look.places(entry >= last)
    for place in late:
        sentence = f"{endpoint.id}: the entry is not before the end ({' and '.join(stops)}), {_NEVER}"
        yield found_at(look, place, "fatal", "ENTRY-NOT-BEFORE-TIME", sentence, column=column)
    cutoff: pl.Series | date | None = (
        look.frame[endpoint.cutoff] if isinstance(endpoint.cutoff, str) else endpoint.cutoff
    )
    for place in [] if cutoff is None else look.places(entry >= cutoff):
        if place not in late:
            sentence = f"{endpoint.id}: the entry is not before the cutoff, {_NEVER}"
            yield found_at(look, place, "fatal", "ENTRY-NOT-BEFORE-TIME", sentence, column=column)


def _end(endpoint: Endpoint) -> pl.Expr:
    """Return the day until which a patient was observed, but for a cutoff."""
    stops = (endpoint.stop,) if isinstance(endpoint.stop, str) else endpoint.stop or ()
    first = pl.min_horizontal(*stops)
    return first if endpoint.last_known_alive is None else pl.coalesce(first, endpoint.last_known_alive)


ENTRY_RULES: Final[tuple[Callable[[Look], list[Finding]], ...]] = (
    entries_are_known,
    entry_units_agree,
    entries_come_before_times,
)
