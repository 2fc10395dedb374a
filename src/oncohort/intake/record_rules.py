"""What a rule about recorded tables is: data, in the few words that every rule is written with.

A rule looks at the rows of one table, sets beside each row what it looks up in other tables by their keys,
and says with one polars expression whether the row offends. The expression is true for an offender, false for
a row in order, and null where it cannot be told: nothing is guessed, and only a certain contradiction is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from oncohort.study.findings import Level

FIRST_DOSE: Final = "first_sorafenib_date"
LAST_DOSE: Final = "last_sorafenib_date"
FIRST_DOSE_WRONG: Final = ("FIRST-DOSE-AFTER-CUTOFF", "DEATH-BEFORE-FIRST-DOSE", "FIRST-AFTER-LAST-DOSE")
"""Rules that say a first dose lies too late; what then lies before it in the same patient is not told again."""
FIRST_DOSE_EARLY: Final = ("SCREENING-AFTER-FIRST-DOSE",)
"""The rule that says a first dose lies too early; what then lies after it in the same patient is not told again."""
DEATH_WRONG: Final = ("DEATH-BEFORE-FIRST-DOSE", "DEATH-BEFORE-SCREENING")
"""Rules that say a death lies too early; what then lies after it in the same patient is not told again."""


@dataclass(frozen=True, slots=True, eq=False)
class Lookup:
    """What a rule reads from another table: one line for each key.

    Attributes
    ----------
    name : str
        Names the columns that come of it: ``name.column``.
    table : str
        The table that is read.
    keys : tuple of str
        Its columns that tell whose line it is; none makes one line that stands beside every row.
    take : tuple of polars expressions
        What is taken from the rows of one key, aggregated.
    match : tuple of str
        The columns of the rule's own table that ``keys`` are compared with; ``keys`` where empty.
    where : polars expression or None
        Which rows of the table count.
    lookups : tuple of Lookup
        What the table itself looks up first, for ``where`` and ``take``.
    complete : tuple of str
        Columns of the table without which a line may be wrong: of a patient who lacks one of them in any row,
        the rule cannot judge anything.
    """

    name: str
    table: str
    keys: tuple[str, ...]
    take: tuple[pl.Expr, ...]
    match: tuple[str, ...] = ()
    where: pl.Expr | None = None
    lookups: tuple[Lookup, ...] = ()
    complete: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class RecordRule:
    """One rule about recorded tables.

    Attributes
    ----------
    id : str
        Its name, as ``EXPOSURE-OVERLAP``.
    level : {"fatal", "error", "warning", "note"}
        How grave an offender is.
    sentence : str
        What is wrong and what was expected; names no patient and no value.
    table : str
        Whose rows are looked at, and named by the finding.
    columns : tuple of str
        The column the finding points to, then those whose cells are told beside it.
    where : polars expression
        True for an offender, null where it cannot be told.
    given : polars expression or None
        Which rows the rule is about; the others are not counted as seen.
    lookups : tuple of Lookup
        What is set beside each row.
    beside : tuple of polars expressions
        Columns worked out of the row and its neighbors, before ``where``.
    once : tuple of str
        Columns that name one fault: it is told at the first offending row only.
    yields_to : tuple of str
        Rules that tell the same fault better: an offender of theirs, the same row (of another table: the same
        patient), is not told again.
    """

    id: str
    level: Level
    sentence: str
    table: str
    columns: tuple[str, ...]
    where: pl.Expr
    given: pl.Expr | None = None
    lookups: tuple[Lookup, ...] = ()
    beside: tuple[pl.Expr, ...] = ()
    once: tuple[str, ...] = ()
    yields_to: tuple[str, ...] = ()


def tables_of(rule: RecordRule | Lookup) -> tuple[str, ...]:
    """Return the tables a rule needs, its own first.

    Examples
    --------
    >>> rule = RecordRule("A-B", "note", "x", "labs", ("value",), pl.col("value") > 1, lookups=(SUBJECT,))
    >>> tables_of(rule)
    ('labs', 'subjects')
    """
    below = (table for lookup in rule.lookups for table in tables_of(lookup))
    return tuple(dict.fromkeys((rule.table, *below)))


def first_day(column: str) -> pl.Expr:
    """Return the earliest day that a partial date (text YYYY, YYYY-MM or YYYY-MM-DD) may mean.

    Examples
    --------
    >>> told = pl.DataFrame({"date": ["2010", "2010-02", "2010-02-14"]})
    >>> [str(day) for day in told.select(first_day("date")).to_series()]
    ['2010-01-01', '2010-02-01', '2010-02-14']
    """
    return (pl.col(column) + "-01-01").str.slice(0, 10).str.to_date("%Y-%m-%d")


def last_day(column: str) -> pl.Expr:
    """Return the latest day that a partial date (text YYYY, YYYY-MM or YYYY-MM-DD) may mean.

    Examples
    --------
    >>> told = pl.DataFrame({"date": ["2010", "2010-02", "2010-02-14"]})
    >>> [str(day) for day in told.select(last_day("date")).to_series()]
    ['2010-12-31', '2010-02-28', '2010-02-14']
    """
    length = pl.col(column).str.len_chars()
    through_year = (pl.col(column) + "-12-01").str.slice(0, 10).str.to_date("%Y-%m-%d")
    return pl.when(length < 10).then(through_year.dt.month_end()).otherwise(through_year)


def is_full(column: str) -> pl.Expr:
    """Return whether a partial date names a day."""
    return pl.col(column).str.len_chars() == 10


def known(*columns: str) -> pl.Expr:
    """Return whether every one of the columns has a value."""
    return pl.all_horizontal(pl.col(*columns).is_not_null())


SUBJECT: Final = Lookup(
    "subject",
    "subjects",
    ("patient_id",),
    (
        pl.col("row", "screening_date", "consent_date", FIRST_DOSE, LAST_DOSE, "death_flag", "death_date").first(),
        last_day(LAST_DOSE).first().alias("last_dose_latest"),
        first_day("death_date").first().alias("death_earliest"),
        last_day("death_date").first().alias("death_latest"),
    ),
)
STUDY: Final = Lookup("study", "subjects", (), (pl.col("cutoff_date").drop_nulls().mode().max(),))
LESION: Final = Lookup(
    "lesion",
    "lesions",
    ("patient_id", "lesion_id"),
    (pl.col("row", "role", "organ", "kind", "first_seen_date").first(),),
)
