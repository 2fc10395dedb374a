"""Checks of times, events and dates: what an endpoint is made of must be there and be possible."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Final

import polars as pl

from oncohort.intake.hints import is_missing_word
from oncohort.intake.look import Look, code_of, codes_in_words, found_at, found_in_column, is_one_of, time_unit_in
from oncohort.study.findings import Finding
from oncohort.study.protocol import Endpoint, EventCodes, TimeUnit

_MOST_CODES: Final = 10
_BEFORE_DEATH: Final = frozenset({"pfs", "rfs", "dfs", "efs", "ttp", "ttr"})


def _times(look: Look) -> Iterator[tuple[str, TimeUnit]]:
    """Yield each time column once, with its unit."""
    units: dict[str, TimeUnit] = {e.time.column: e.time.unit for e in look.protocol.endpoint if e.time is not None}
    yield from units.items()


def _events(look: Look) -> Iterator[EventCodes]:
    """Yield each way an event column is read, once."""
    yield from dict.fromkeys(e.event for e in look.protocol.endpoint if e.event is not None)


def _stops(endpoint: Endpoint) -> tuple[str, ...]:
    return (endpoint.stop,) if isinstance(endpoint.stop, str) else endpoint.stop or ()


def _missing_in(look: Look, column: str, rule: str, what: str, places: list[int] | None = None) -> list[Finding]:
    """Return a finding for each patient who lacks ``what``."""
    if places is None:
        places = look.places(look.frame[column].is_null())
    sentence = f"{what} is missing; every patient needs one"
    return [found_at(look, place, "fatal", rule, sentence, column=column) for place in places]


def times_are_known(look: Look) -> list[Finding]:
    """No time, no patient at risk."""
    return [finding for column, _ in _times(look) for finding in _missing_in(look, column, "TIME-MISSING", "the time")]


def times_are_not_negative(look: Look) -> list[Finding]:
    """A negative time is a slip; a time of 0 leaves nobody at risk and is told."""
    findings: list[Finding] = []
    for column, _ in _times(look):
        time = look.frame[column]
        for place in look.places(time < 0):
            sentence = "a time from 0 was expected"
            findings.append(found_at(look, place, "fatal", "TIME-NEGATIVE", sentence, column=column))
        for place in look.places(time == 0):
            sentence = "the time is 0, so this patient is at risk at no later time"
            findings.append(found_at(look, place, "warning", "TIME-ZERO", sentence, column=column))
    return findings


def time_units_agree(look: Look) -> list[Finding]:
    """A header that names another unit than the protocol is most likely right."""
    return find_other_units(look, _times(look))


def find_other_units(look: Look, columns: Iterable[tuple[str, TimeUnit]]) -> list[Finding]:
    """Return a finding for each column of times whose header names another unit than the protocol."""
    findings: list[Finding] = []
    for column, unit in columns:
        named = time_unit_in(column)
        if named not in {None, unit}:
            sentence = f"the header names {named} where the protocol says {unit}"
            findings.append(found_in_column(look, column, "warning", "UNIT-DIFFERS", sentence))
    return findings


def events_are_known(look: Look) -> list[Finding]:
    """Neither event nor censored is guessed for an empty cell."""
    columns = dict.fromkeys(codes.column for codes in _events(look))
    return [f for column in columns for f in _missing_in(look, column, "EVENT-MISSING", "the event code")]


def _are_times(look: Look, column: str) -> bool:
    """Return whether an event column can only hold times: it is a time column, or has many distinct numbers."""
    if column in dict(_times(look)):
        return True
    numbers = look.frame[column].cast(pl.Float64, strict=False).drop_nulls()
    return numbers.n_unique() > _MOST_CODES


def events_are_not_times(look: Look) -> list[Finding]:
    """Times given as events would make every patient an event."""
    sentence = "this column holds times, not event codes; name the column with the codes under event"
    return [
        found_in_column(look, column, "fatal", "TIMES-AS-EVENTS", sentence)
        for column in dict.fromkeys(codes.column for codes in _events(look))
        if _are_times(look, column)
    ]


def event_codes_are_declared(look: Look) -> list[Finding]:
    """Each code means the event, or censored; a third one is never guessed."""
    findings: list[Finding] = []
    for codes in _events(look):
        if _are_times(look, codes.column):
            continue
        counts: Counter[str] = Counter()
        for cell, n in Counter(look.texts(codes.column)).items():
            if cell is not None:
                counts[code_of(cell)] += n
        happened = (*codes.values, *(codes.competing or ()))
        rest = {code: n for code, n in counts.items() if not is_one_of(code, happened)}
        if codes.censored is not None:
            unknown = [code for code in rest if not is_one_of(code, codes.censored)]
            findings.extend(_unknown_code(look, codes, code) for code in unknown)
        elif len(rest) < len(counts) and (len(rest) > 1 or any(map(is_missing_word, rest))):
            findings.append(_third_code(look, codes, counts))
        findings.extend(_absent_codes(look, codes, counts))
    return findings


def _unknown_code(look: Look, codes: EventCodes, code: str) -> Finding:
    cells = look.texts(codes.column)
    places = [k for k, cell in enumerate(cells) if cell is not None and code_of(cell) == code]
    declared = (
        "neither in values nor in censored" if codes.competing is None else "in none of values, competing and censored"
    )
    sentence = f"this code is {declared} ({len(places)} row(s)){_word_hint([code])}"
    place = next((place for place in places if place not in look.left_out), places[0])
    return found_at(look, place, "fatal", "EVENT-CODE", sentence, column=codes.column)


def _third_code(look: Look, codes: EventCodes, counts: Counter[str]) -> Finding:
    named = "values" if codes.competing is None else "values and competing"
    sentence = (
        f"besides the codes in {named}, exactly one other code was expected, that of censored patients; "
        "list the codes that mean censored in censored, and those of events that rule this one out in competing"
        f"{_word_hint(counts)}"
    )
    found = codes_in_words(counts)
    return found_in_column(look, codes.column, "fatal", "EVENT-CODE", sentence, value=found)


def _word_hint(codes: list[str] | Counter[str]) -> str:
    return "; list a word for no value in missing under [records.patients]" if any(map(is_missing_word, codes)) else ""


def _absent_codes(look: Look, codes: EventCodes, counts: Counter[str]) -> Iterator[Finding]:
    """Yield declared codes that never occur: fatal where no event is left, unless every code is declared."""
    absent, competing = (
        [value for value in values if not any(is_one_of(code, [value]) for code in counts)]
        for values in (codes.values, codes.competing or ())
    )
    if competing:
        found, sentence = ", ".join(map(str, competing)), "a code of competing never occurs"
        yield found_in_column(look, codes.column, "warning", "EVENT-CODE-ABSENT", sentence, value=found)
    if not absent:
        return
    none_left = len(absent) == len(codes.values)
    others = (*(codes.censored or ()), *(codes.competing or ()))
    all_declared = codes.censored is not None and all(is_one_of(code, others) for code in counts)
    if none_left and not all_declared:
        sentence = (
            "no code of values occurs in this column, so nobody would have the event; correct values or, if nobody had "
            "the event, name every other code in censored = [...]; these codes were found"
        )
        yield found_in_column(
            look, codes.column, "fatal", "EVENT-CODE-ABSENT", sentence, value=codes_in_words(counts) or "no code"
        )
        return
    sentence = "nobody had the event" if none_left else "a code of values never occurs"
    yield found_in_column(
        look, codes.column, "warning", "EVENT-CODE-ABSENT", sentence, value=", ".join(map(str, absent))
    )


def dates_are_known(look: Look) -> list[Finding]:
    """A start is needed, and an end: the date of the event, or the last day the patient was known without it."""
    findings: list[Finding] = []
    for endpoint in look.protocol.endpoint:
        if endpoint.start is None:
            continue
        findings += _missing_in(look, endpoint.start, "START-MISSING", f"{endpoint.id}: the start date")
        ends = [column for column in (*_stops(endpoint), endpoint.last_known_alive) if column is not None]
        nowhere = look.frame.select(pl.all_horizontal(pl.col(c).is_null() for c in ends)).to_series()
        what = f"{endpoint.id}: the end date ({' and '.join(ends)})"
        findings += _missing_in(look, ends[-1], "STOP-MISSING", what, look.places(nowhere))
        if isinstance(endpoint.cutoff, str):
            findings += _missing_in(look, endpoint.cutoff, "CUTOFF-MISSING", f"{endpoint.id}: the cutoff date")
    return findings


def dates_are_in_order(look: Look) -> list[Finding]:
    """Nothing ends before it starts."""
    findings: list[Finding] = []
    for endpoint in look.protocol.endpoint:
        if endpoint.start is None:
            continue
        start = look.frame[endpoint.start]
        for column in dict.fromkeys((*_stops(endpoint), endpoint.last_known_alive)):
            if column is None:
                continue
            sentence = f'{endpoint.id}: this date is before the start ("{endpoint.start}")'
            findings += [
                found_at(look, place, "fatal", "STOP-BEFORE-START", sentence, column=column)
                for place in look.places(look.frame[column] < start)
            ]
        findings += _after_cutoff(look, endpoint, start)
    return findings


def _after_cutoff(look: Look, endpoint: Endpoint, start: pl.Series) -> Iterator[Finding]:
    """Yield starts after the cutoff, which give a negative time, and ends after it, which the cutoff censors."""
    if endpoint.cutoff is None or endpoint.start is None:
        return
    cutoff: pl.Series | date = look.frame[endpoint.cutoff] if isinstance(endpoint.cutoff, str) else endpoint.cutoff
    for place in look.places(start > cutoff):
        sentence = f"{endpoint.id}: the start is after the cutoff"
        yield found_at(look, place, "fatal", "START-AFTER-CUTOFF", sentence, column=endpoint.start)
    for column in _stops(endpoint):
        for place in look.places(look.frame[column] > cutoff):
            sentence = f"{endpoint.id}: this date is after the cutoff, so the patient is censored at the cutoff"
            yield found_at(look, place, "note", "STOP-AFTER-CUTOFF", sentence, column=column)


def survival_is_the_longest(look: Look) -> list[Finding]:
    """Nobody is known to be free of progression for longer than known to be alive."""
    timed = {e.id.lower(): e.time for e in look.protocol.endpoint if e.time is not None}
    overall = timed.get("os")
    findings: list[Finding] = []
    for name in sorted(_BEFORE_DEATH & set(timed)):
        time = timed[name]
        if overall is None or time.unit != overall.unit:
            continue
        sentence = f'this time is longer than overall survival ("{overall.column}") of the same patient'
        findings += [
            found_at(look, place, "error", "LONGER-THAN-OS", sentence, column=time.column)
            for place in look.places(look.frame[time.column] > look.frame[overall.column])
        ]
    return findings


ENDPOINT_RULES: Final[tuple[Callable[[Look], list[Finding]], ...]] = (
    times_are_known,
    times_are_not_negative,
    time_units_agree,
    events_are_not_times,
    events_are_known,
    event_codes_are_declared,
    dates_are_known,
    dates_are_in_order,
    survival_is_the_longest,
)
