"""What each column of a spreadsheet could be to a study: an id, a time, an event, a factor, or nothing."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

import polars as pl

from oncohort.intake.convert import RESERVED, parse_date, to_numbers
from oncohort.intake.hints import is_missing_word
from oncohort.intake.look import code_of
from oncohort.intake.read import RawTable

Kind: TypeAlias = Literal["number", "date", "text", "empty"]
DateFormat: TypeAlias = Literal["Y-M-D", "D.M.Y", "D/M/Y", "M/D/Y", "Y/M/D"]

MOST_LEVELS: Final = 8
MOST_CODES: Final = 5
MOST_MISSING: Final = 0.40

_MOSTLY: Final = 0.9
_MANY_VALUES: Final = 1000
_LEVEL_WORDS: Final = frozenset({"none", "无", "unknown", "未知"})  # a level of many factors, so not taken as missing
_ID: Final = r"\b(id|pid|patient|patients|subject|case|number|no|nr|mrn|code)\b|id$|编号|病历号|住院号|序号|登记号"
_TIME: Final = r"\b(os|pfs|rfs|dfs|efs|ttp|ttr|time|survival|fu|futime|followup|months|days)\b|生存|时间|随访"
_WEAK_TIME: Final = r"time$|time\b|follow"
_DEATH: Final = (
    r"death|dead|\bdied?\b|deceas|mortal|\balive\b|\btod\b|todes|gestorben|verstorben|exitus|d[eé]c[eé]d|d[eé]c[eè]s\b"
    r"|fallec|muert|\bdstat\b|死亡|去世|存活"
)
_RECURRENCE: Final = r"recur|relaps|rezidiv|recidiv|récidiv|\b(rec|rel|rez)(stat)?[0-9]*\b|复发"
_PROGRESSION: Final = r"progres|progredien|\b(prog|pstat)[0-9]*\b|进展"
_EVENT: Final = f"{_DEATH}|{_RECURRENCE}|{_PROGRESSION}|" + r"\b(os|pfs|rfs|dfs|efs|ttp|ttr)\b"
_GENERIC_EVENT: Final = (  # "ER status" and "体力状态" are no outcomes
    r"^(stat|status|state|状态)( ?[0-9]+$| at\b| last\b|$)"
    r"|\b(fu|follow up|followup|last|final|end|vital|life|living|surv|survival|patient|pat|disease) ?stat(us)?\b"
    r"|\bevents?[0-9]*\b|\bevt|outcome|censor|\bcens|zensier|删失|截尾|结局|转归|生存状态|随访状态"
)
_ADVICE: Final = "looks like an outcome; add it by hand if it was known at the start"
_OUTCOMES: Final[dict[str, tuple[str, str, str]]] = {  # id: what names the time, what names the event, label
    "PFS": (r"\bpfs\b|progres|进展", rf"\bpfs\b|{_PROGRESSION}", "Progression-free survival"),
    "TTP": (r"\bttp\b", rf"\bttp\b|{_PROGRESSION}", "Time to progression"),
    "RFS": (r"\brfs\b|recur|relaps|\brtime\b|复发", rf"\brfs\b|{_RECURRENCE}", "Recurrence-free survival"),
    "DFS": (r"\bdfs\b|无病", rf"\bdfs\b|{_RECURRENCE}", "Disease-free survival"),
    "OS": (r"\bos\b|surv|death|\bdtime\b|生存", rf"\bos\b|surv|{_DEATH}", "Overall survival"),
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """One column: its kind, its values with their counts, and how often it is missing."""

    name: str
    kind: Kind
    counts: dict[str, int]
    n: int
    n_missing: int
    n_odd: int  # cells of a column of numbers that are no number
    missing_words: tuple[str, ...]
    numbers: tuple[float, ...]  # distinct, ascending
    date_formats: tuple[DateFormat, ...]

    @property
    def words(self) -> str:
        """The name in lower-case words, camel case and underscores parted."""
        return re.sub(r"[\W_]+", " ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", self.name)).lower().strip()

    def is_distinct(self) -> bool:
        """Return whether every row has a value of its own."""
        return self.n_missing == 0 and len(self.counts) == self.n


@dataclass(frozen=True, slots=True)
class Outcome:
    """A time column with its event column, where one suits; ``id`` is empty where the name tells no endpoint."""

    id: str
    label: str
    time: Candidate
    event: Candidate | None


@dataclass(frozen=True, slots=True)
class Reading:
    """What the columns of a table could be, and why the others are left out."""

    patient_id: tuple[Candidate, ...]
    outcomes: tuple[Outcome, ...]
    events: tuple[Candidate, ...]
    dates: tuple[Candidate, ...]
    factors: tuple[Candidate, ...]
    left_out: tuple[tuple[Candidate, str], ...]
    numbers: tuple[Candidate, ...]


def examine(raw: RawTable) -> Reading:
    """Look at every column of a table and say what it could be.

    ``patient_id`` has one entry where it is clear, none or several where it is not. Nothing is
    decided here that only the owner of the data can know: neither units nor event codes.
    """
    columns = tuple(_candidate(name, raw) for name in raw.frame.columns)
    ids = _ids(columns)
    rest = tuple(c for c in columns if c not in ids[:1] or len(ids) != 1)
    times = _times(rest)
    events = tuple(c for c in rest if c not in times and _could_be_event(c))
    found = tuple(_outcome(time, events) for time in times)
    outcomes = tuple(o for o in found if o.id) or found  # a time without a name beside named ones is none
    paired = [o.event for o in outcomes]
    dates = tuple(c for c in rest if c.kind == "date")
    timed = [o.time for o in outcomes]
    others = [c for c in rest if c not in timed and c not in paired and c.kind != "date"]
    reasons = {c.name: _reason(c) for c in others}
    return Reading(
        patient_id=ids,
        outcomes=outcomes,
        events=events,
        dates=dates,
        factors=tuple(c for c in others if not reasons[c.name]),
        left_out=tuple((c, reasons[c.name]) for c in others if reasons[c.name]) + tuple((c, "a date") for c in dates),
        numbers=tuple(c for c in columns if c.kind == "number"),
    )


def _candidate(name: str, raw: RawTable) -> Candidate:
    counted = Counter(cell for cell in raw.frame[name].to_list() if cell is not None)
    cells = pl.Series(list(counted), dtype=pl.String)
    values = dict(zip(counted, to_numbers(cells, raw.decimal), strict=True))
    words = {cell for cell, value in values.items() if value is None and _is_missing(cell)}
    known = {cell: count for cell, count in counted.items() if cell not in words}
    total = sum(known.values())
    n_odd = sum(count for cell, count in known.items() if values[cell] is None)
    formats = tuple(f for f in get_args(DateFormat) if known and all(parse_date(cell, f) for cell in known))
    kind: Kind = "empty" if not known else "date" if formats else "text"
    if known and total - n_odd >= _MOSTLY * total:
        kind = "number"
    numbers = tuple(sorted({value for value in values.values() if value is not None})) if kind == "number" else ()
    return Candidate(
        name=name,
        kind=kind,
        counts=_by_code(known),
        n=raw.frame.height,
        n_missing=raw.frame.height - total,
        n_odd=n_odd if kind == "number" else 0,
        missing_words=tuple(sorted(words)),
        numbers=numbers,
        date_formats=formats if kind == "date" else (),
    )


def _is_missing(cell: str) -> bool:
    return is_missing_word(cell) and cell.lower() not in _LEVEL_WORDS


def _by_code(known: dict[str, int]) -> dict[str, int]:
    """Add up the cells that are one code, as 1 and 1.0; a column with many values has no codes."""
    if len(known) > _MANY_VALUES:
        return dict(known)
    counts: Counter[str] = Counter()
    for cell, count in known.items():
        counts[code_of(cell)] += count
    for code in [code for code in counts if code[0] == "+" and code_of(code[1:]) in counts]:
        counts[code_of(code[1:])] += counts.pop(code)
    return dict(counts)


def _ids(columns: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
    """Return the columns that could name the patients: one where name or distinct values leave no doubt."""
    named = [c for c in columns if re.search(_ID, c.words)]
    distinct = [c for c in columns if c.is_distinct() and c.kind != "date" and all(v.is_integer() for v in c.numbers)]
    both = [c for c in distinct if c in named]
    if len(both) == 1 or len(distinct) == 1:
        return tuple(both or distinct)[:1]
    return tuple(both) or tuple(c for c in columns if c in distinct or c in named)


def _times(columns: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
    """Return columns of non-negative numbers whose name speaks of time; a clear name displaces a weak one."""
    able = [c for c in columns if _could_be_time(c)]
    clear = tuple(c for c in able if re.search(_TIME, c.words))
    return clear or tuple(c for c in able if re.search(_WEAK_TIME, c.words))


def _could_be_time(column: Candidate) -> bool:
    return column.kind == "number" and len(column.numbers) > 2 and column.numbers[0] >= 0


def _could_be_event(column: Candidate) -> bool:
    named = re.search(f"{_EVENT}|{_GENERIC_EVENT}", column.words) is not None
    return named and 1 <= len(column.counts) <= MOST_CODES and column.kind in {"number", "text"}


def _outcome(time: Candidate, events: tuple[Candidate, ...]) -> Outcome:
    name = next((key for key, (times, _, _) in _OUTCOMES.items() if re.search(times, time.words)), "")
    return Outcome(name, _OUTCOMES[name][2] if name else "", time, _event_of(name, time, events))


def _event_of(name: str, time: Candidate, events: tuple[Candidate, ...]) -> Candidate | None:
    """Return the event column that suits a time best: by the endpoint, by a word in common, or by a general name.

    A time that names no endpoint goes with a general name, then with death, before any other event.
    """

    def suits(event: Candidate) -> int:
        speaks = re.search(_EVENT, event.words) is not None
        general = re.search(_GENERIC_EVENT, event.words) is not None and not speaks
        if re.search(_OUTCOMES[name][1], event.words) if name else general:
            return 4
        if set(event.words.split()) & set(time.words.split()):
            return 3
        if name:
            return int(general)
        return 2 if re.search(_DEATH, event.words) else int(speaks)

    best = max(events, key=suits, default=None)
    return best if best is not None and suits(best) else None


def _reason(column: Candidate) -> str:
    """Return why a column is not offered as a factor, or nothing."""
    values = len(column.counts)
    rules = (
        (values == 0, "empty"),
        (column.name in RESERVED, "this name is kept for the study itself; rename the column to use it"),
        (column.n_missing > MOST_MISSING * column.n, f"missing in {column.n_missing} of {column.n} rows"),
        (values == 1, "the same in every row"),
        (_counts_rows(column), "a running number"),
        (_could_be_time(column) and re.search(f"{_TIME}|{_WEAK_TIME}", column.words) is not None, _ADVICE),
        (column.is_distinct() and re.search(_ID, column.words) is not None, "another value in every row, as an id"),
        (re.search(f"{_EVENT}|{_GENERIC_EVENT}", column.words) is not None, _ADVICE),
        (column.kind == "text" and values > MOST_LEVELS, f"text with {values} different values"),
        (column.kind == "text" and column.is_distinct(), "another text in every row"),
    )
    return next((reason for applies, reason in rules if applies), "")


def _counts_rows(column: Candidate) -> bool:
    """Return whether a column holds 1 to n, or 0 to n − 1, as row names do."""
    return column.is_distinct() and column.numbers in {
        tuple(map(float, range(first, first + column.n))) for first in (0, 1)
    }


def has_levels(column: Candidate) -> bool:
    """Return whether a factor is best described by its levels: text, or few numbers that repeat."""
    few = len(column.counts) <= min(MOST_LEVELS, max(2, (column.n - column.n_missing) // 2))
    return column.kind == "text" or (few and column.n_odd == 0)
