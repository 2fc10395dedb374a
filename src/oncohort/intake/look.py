"""What every check looks at: the typed records, the protocol, and how a finding names its place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from oncohort.study.findings import Finding, Level
from oncohort.study.protocol import Protocol, TimeUnit
from oncohort.study.records import same_value
from oncohort.study.text import format_plain

_MANY: Final = 8
_TIME_UNITS: Final[dict[TimeUnit, str]] = {
    "days": r"\bdays?\b|\bd\b|天|日",
    "weeks": r"\bweeks?\b|\bwks?\b|周",
    "months": r"\bmonths?\b|\bmos?\b|\bmths?\b|月",
    "years": r"\byears?\b|\byrs?\b|年",
}


@dataclass(frozen=True, slots=True)
class Look:
    """The records under check."""

    frame: pl.DataFrame
    protocol: Protocol
    source_name: str
    left_out: Mapping[int, str]  # place → the criterion that leaves this patient out

    @property
    def id_column(self) -> str:
        return self.protocol.patients_file.patient_id

    def texts(self, column: str) -> list[str | None]:
        """Return the cells of a column as text, whatever its type; numbers without a trailing .0."""
        cells = self.frame[column].cast(pl.String)
        return (cells.str.strip_suffix(".0") if self.frame[column].dtype == pl.Float64 else cells).to_list()

    def places(self, where: pl.Series) -> list[int]:
        """Return the places where a boolean column is True; null is not."""
        return where.fill_null(value=False).arg_true().to_list()

    def rows_in_words(self, places: list[int]) -> str:
        """Write the rows of several places as "rows 2, 5 and 9"."""
        rows = [str(self.frame["row"][place]) for place in places]
        if len(rows) > _MANY:
            return f"rows {', '.join(rows[:_MANY])} and {len(rows) - _MANY} more"
        return f"rows {', '.join(rows[:-1])} and {rows[-1]}"


def found_at(
    look: Look, place: int, level: Level, rule: str, sentence: str, *, column: str = "", value: str | None = None
) -> Finding:
    """Return a finding about one patient; ``value`` is the cell of ``column`` unless another is given."""
    if value is None:
        value = _shown(look.frame[column][place]) if column in look.frame.columns else ""
    return Finding(
        level=level,
        rule=rule,
        sentence=sentence,
        file=look.source_name,
        column=column,
        row=int(look.frame["row"][place]),
        patient_id=look.frame["patient_id"][place] or "",
        value=value,
    )


def _shown(cell: object) -> str:
    if cell is None:
        return ""
    return format_plain(cell).replace("−", "-") if isinstance(cell, float) else str(cell)


def found_in_column(look: Look, column: str, level: Level, rule: str, sentence: str, *, value: str = "") -> Finding:
    """Return a finding about a whole column."""
    return Finding(level, rule, sentence, file=look.source_name, column=column, value=value)


def is_one_of(cell: str, values: Iterable[object]) -> bool:
    """Return whether a cell is one of the declared values."""
    return any(same_value(cell, value) for value in values)


def code_of(cell: str) -> str:
    """Return the code a cell stands for, so that ``1`` and ``1.0`` are one; ``+1`` is a grade and stays.

    Examples
    --------
    >>> code_of("1.0"), code_of("-1"), code_of("+1"), code_of("dead")
    ('1', '-1', '+1', 'dead')
    """
    plain = re.fullmatch(r"-?[0-9]+\.?[0-9]*", cell)
    return format_plain(float(cell)).replace("−", "-") if plain else cell


def codes_in_words(codes: Iterable[str]) -> str:
    """Write the distinct codes of a column, the first eight of them, in their natural order."""
    listed = sorted(set(codes), key=lambda code: (not code.isdigit(), int(code) if code.isdecimal() else 0, code))
    more = f" and {len(listed) - _MANY} more" if len(listed) > _MANY else ""
    return ", ".join(listed[:_MANY]) + more


def unit_in_header(header: str) -> tuple[str, str]:
    """Split a header into name and unit; the unit is empty where no bracket ends the header.

    Examples
    --------
    >>> unit_in_header("AFP (ng/ml)"), unit_in_header("总生存期（月）"), unit_in_header("Age")
    (('AFP', 'ng/ml'), ('总生存期', '月'), ('Age', ''))
    """
    found = re.fullmatch(r"(.+?)\s*[(（\[]([^()（）\[\]]+)[)）\]]", header.strip())
    return (found[1], found[2].strip()) if found else (header, "")


def time_unit_in(header: str) -> TimeUnit | None:
    """Return the one unit of time that a header names, if it names one.

    Examples
    --------
    >>> time_unit_in("os_months"), time_unit_in("OS (days)"), time_unit_in("OS")
    ('months', 'days', None)
    """
    words = header.lower().replace("_", " ")
    named: list[TimeUnit] = [unit for unit, pattern in _TIME_UNITS.items() if re.search(pattern, words)]
    return named[0] if len(named) == 1 else None
