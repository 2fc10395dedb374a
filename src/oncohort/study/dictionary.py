"""The record dictionary: what a table of a records study holds, column by column, as frozen data.

The tables themselves stand in ``study/template_tables.py``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from oncohort.study.text import format_plain

ColumnKind: TypeAlias = Literal["text", "integer", "number", "date", "partial-date", "enum", "list"]

PARTIAL_DATE: Final = "a date as YYYY, YYYY-MM or YYYY-MM-DD"
_PLAIN_VARIABLE: Final = re.compile(r"(?!SUPP|RELREC)[A-Z][A-Z0-9]{2,7}")


@dataclass(frozen=True, slots=True)
class TemplateColumn:
    """One column of a table of the template.

    Attributes
    ----------
    name : str
        The header, lower case, with the unit where it has one (``max_diam_mm``).
    required : str
        "yes"; "no"; "derived" (oncohort works it out, and reads a recorded value only to compare it);
        or the words that say when a cell must be filled ("where type is CRYO").
    kind : str
        How a cell is read. A partial date may leave out the day, or month and day; a list is names
        with ``;`` between; an enum is one of ``allowed``.
    help : str
        What stands in the column, in one clause.
    unit : str
        Empty where there is none, or where another column of the row names it.
    allowed : tuple of str
        Every value an enum may have, in its spelling; for a number, the only values there are.
    low, high, above : float or None
        Bounds of a number: ``low`` and ``high`` belong to it, ``above`` does not. They are bounds of what
        can be; what a protocol prescribes is no bound.
    sdtm : str
        Where CDISC SDTM keeps it, as DOMAIN.VARIABLE.
    used_for : str
        What is made of it.
    aliases : tuple of str
        Other headers it is read under, besides the variable of ``sdtm``.
    codes : tuple of (str, str)
        Codes that a data capture system writes in place of a value of ``allowed``.
    comparator : str
        The column that takes the ``<`` or ``>`` of a bound such as ``<20``; empty where no bound may stand.
    required_where : (str, str) or None
        The column of the same row, and its value, under which the cell must be filled.
    refers_to : str
        The column ``table.column`` that holds the same id.
    table : str
        The table it belongs to; `template_table` fills it in.
    added : bool
        Whether a study added it to the template. What happened on its dates is not known.
    """

    name: str
    required: str
    kind: ColumnKind
    help: str
    unit: str = ""
    allowed: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    above: float | None = None
    sdtm: str = ""
    used_for: str = ""
    aliases: tuple[str, ...] = ()
    codes: tuple[tuple[str, str], ...] = ()
    comparator: str = ""
    required_where: tuple[str, str] | None = None
    refers_to: str = ""
    table: str = ""
    added: bool = False


@dataclass(frozen=True, slots=True)
class TemplateTable:
    """One table of the template.

    ``key`` are the columns that tell its rows apart, ``repeats`` whether a patient may have several rows,
    ``domain`` the SDTM domain it comes from, or several with ``/`` between.
    """

    name: str
    title: str
    holds: str
    key: tuple[str, ...]
    repeats: bool
    domain: str
    columns: tuple[TemplateColumn, ...]

    def collected(self) -> tuple[TemplateColumn, ...]:
        """Return the columns that are filled in; the others are derived."""
        return tuple(column for column in self.columns if column.required != "derived")

    def find(self, name: str) -> TemplateColumn | None:
        return next((column for column in self.columns if column.name == name), None)


Template: TypeAlias = Mapping[str, TemplateTable]


def template_table(
    name: str,
    title: str,
    holds: str,
    *columns: TemplateColumn,
    key: Iterable[str],
    repeats: bool,
    domain: str,
) -> TemplateTable:
    """Return a table whose columns know its name; an ``sdtm`` that begins with a point lies in its own domain."""
    placed = (
        replace(column, table=name, sdtm=domain + column.sdtm if column.sdtm.startswith(".") else column.sdtm)
        for column in columns
    )
    return TemplateTable(name, title, holds, tuple(key), repeats, domain, tuple(placed))


def headers_of(column: TemplateColumn, table: TemplateTable) -> tuple[str, ...]:
    """Return the headers a column is read under, its own first.

    The variable of its SDTM place is one of them if it is a plain name of the table's own domain: not a name
    that several columns share, a supplemental data set or a test code.

    Examples
    --------
    >>> date = TemplateColumn("date", "yes", "date", "day of the sample", sdtm="LB.LBDTC", table="labs")
    >>> labs = template_table("labs", "Laboratory", "values", date, key=["date"], repeats=True, domain="LB")
    >>> headers_of(date, labs)
    ('date', 'LBDTC')
    """
    place, _, variable = column.sdtm.partition(".")
    own = place in {table.domain, f"SUPP{table.domain}"} and _PLAIN_VARIABLE.fullmatch(variable)
    shared = Counter(other.sdtm for other in table.columns)[column.sdtm] > 1
    found = (variable,) if own and not shared and variable.lower() != column.name.replace("_", "") else ()
    return tuple(dict.fromkeys((column.name, *column.aliases, *found)))


def spelling(value: str) -> str:
    """Return what two spellings of one value have in common: case, blanks, underscores and the letter of micro go.

    Examples
    --------
    >>> spelling("Moderate severe") == spelling("MODERATE_SEVERE"), spelling("µmol/L"), spelling("3.0")
    (True, 'umol/l', '3')
    """
    text = re.sub(r"[\s_]+", "", value).casefold().replace("\N{GREEK SMALL LETTER MU}", "u")
    return text.rstrip("0").rstrip(".") if re.fullmatch(r"[0-9]+\.[0-9]+", text) else text


def expectation(column: TemplateColumn) -> str:
    """Return what a cell of a column must be, in words that fit after "expected".

    Examples
    --------
    >>> expectation(TemplateColumn("grade", "yes", "integer", "CTCAE grade", low=1, high=5))
    'a whole number from 1 to 5'
    >>> expectation(TemplateColumn("sex", "yes", "enum", "sex", allowed=("M", "F", "U")))
    'one of M; F; U'
    """
    if column.allowed:
        return f"one of {'; '.join(column.allowed)}"
    if column.kind in {"integer", "number"}:
        number = "a whole number" if column.kind == "integer" else "a number"
        return f"{number}{_range(column)}"
    words = {"date": "a date as YYYY-MM-DD", "partial-date": PARTIAL_DATE, "list": "names with ; between"}
    return words.get(column.kind, "text")


def _range(column: TemplateColumn) -> str:
    low = f" from {format_plain(column.low)}" if column.low is not None else ""
    low = f" above {format_plain(column.above)}" if column.above is not None else low
    if column.high is None:
        return low
    return f"{low} to {format_plain(column.high)}" if low else f" up to {format_plain(column.high)}"
