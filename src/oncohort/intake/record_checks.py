"""Checks of the tables of a records study against themselves and each other: the rules are data, walked here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Final, TypeAlias

import polars as pl

from oncohort.errors import DataError
from oncohort.intake.record_rules import Lookup, RecordRule, known, tables_of
from oncohort.intake.record_rules_dates import DATE_RULES
from oncohort.intake.record_rules_death import DEATH_RULES
from oncohort.intake.record_rules_keys import KEY_RULES
from oncohort.intake.record_rules_response import RESPONSE_RULES
from oncohort.intake.record_rules_safety import LAB_BOUNDS, SAFETY_RULES
from oncohort.intake.record_rules_treatment import TREATMENT_RULES
from oncohort.intake.record_rules_tumor import TUMOR_RULES
from oncohort.study.findings import LEVELS, Finding
from oncohort.study.text import format_plain

RULES_BY_SUBJECT: Final[Mapping[str, tuple[RecordRule, ...]]] = {
    "Keys": KEY_RULES,
    "Dates": DATE_RULES,
    "Death": DEATH_RULES,
    "Tumor": TUMOR_RULES,
    "Measurements and response": RESPONSE_RULES,
    "Treatment": TREATMENT_RULES,
    "Laboratory and adverse events": SAFETY_RULES,
}
RECORD_RULES: Final[tuple[RecordRule, ...]] = tuple(chain.from_iterable(RULES_BY_SUBJECT.values()))

_GAP: Final = "has a gap"
_Frames: TypeAlias = Mapping[str, pl.LazyFrame]


@dataclass(frozen=True, slots=True)
class RuleSeen:
    """What a rule saw.

    ``records`` is how many rows it could judge, ``found`` how many findings it gave; ``absent`` names the
    tables it needs and the study does not have, and then it judged none.
    """

    rule: str
    records: int
    found: int
    absent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordCheckResult:
    """The findings, gravest first and then in the order of the rules; and what every rule saw, in that order."""

    findings: tuple[Finding, ...]
    seen: tuple[RuleSeen, ...]


def check_record_tables(tables: Mapping[str, pl.DataFrame], files: Mapping[str, str]) -> RecordCheckResult:
    """Check the tables of a records study by every rule of `RECORD_RULES`.

    A partial date is compared by the days it may mean, and only what cannot be in any of them is told. What
    cannot be judged because a value is missing is neither in order nor a fault: it is not counted as seen.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        The tables by their names in the template, with all its columns, ``patient_id`` and ``row`` (the row of
        the file); dates as Date, partial dates as text, null where missing. A table the study does not have is
        left out.
    files : mapping of str to str
        The file of each table, as findings name it.

    Returns
    -------
    RecordCheckResult
        Each fault once; every rule with the number of records it saw, or the tables it lacked.

    Raises
    ------
    DataError
        If a rule cannot run on the tables; it names the rule.

    Examples
    --------
    >>> from datetime import date
    >>> doses = pl.DataFrame(
    ...     {
    ...         "patient_id": ["P01", "P01"], "row": [2, 3], "state": ["FULL", "REDUCED"],
    ...         "dose_per_intake_mg": [400.0, 200.0], "frequency": ["BID", "BID"],
    ...         "start_date": [date(2009, 3, 1), date(2009, 3, 20)], "end_date": [date(2009, 3, 20), date(2009, 4, 30)],
    ...         "adjust_reason": [None, "AE"], "ae_id": [None, "AE01"], "well_tolerated": [None, "Y"],
    ...     },
    ...     schema_overrides={"adjust_reason": pl.String, "ae_id": pl.String, "well_tolerated": pl.String},
    ... )
    >>> result = check_record_tables({"exposure": doses}, {"exposure": "exposure.csv"})
    >>> [(finding.rule, finding.row, finding.value) for finding in result.findings]
    [('EXPOSURE-OVERLAP', 3, '2009-03-20 (previous_end_date 2009-03-20)')]
    >>> [(seen.rule, seen.records, seen.absent) for seen in result.seen if seen.rule.startswith("DOSE-AFTER")]
    [('DOSE-AFTER-DISCONTINUATION', 0, ('disposition',))]
    """
    return run_rules(RECORD_RULES, tables, files)


def run_rules(
    rules: Iterable[RecordRule], tables: Mapping[str, pl.DataFrame], files: Mapping[str, str]
) -> RecordCheckResult:
    """Check tables by the given rules, as `check_record_tables` does by all of them."""
    frames = {name: frame.lazy().filter(known("patient_id")) for name, frame in tables.items()}
    absent = {rule: tuple(table for table in tables_of(rule) if table not in frames) for rule in rules}
    judged = {rule: _judge(rule, frames) for rule, lacking in absent.items() if not lacking}
    offenders = {rule.id: (rule.table, rows) for rule, (rows, _) in judged.items() if not rows.is_empty()}
    findings: list[Finding] = []
    seen: list[RuleSeen] = []
    for rule, lacking in absent.items():
        found = _findings(rule, _told(rule, offenders), files[rule.table]) if rule.id in offenders else []
        seen.append(RuleSeen(rule.id, 0 if lacking else judged[rule][1], len(found), lacking))
        findings += found
    return RecordCheckResult(tuple(sorted(findings, key=lambda found: LEVELS.index(found.level))), tuple(seen))


def _judge(rule: RecordRule, frames: _Frames) -> tuple[pl.DataFrame, int]:
    """Return the offending rows of a rule in the order of the file, and how many rows it could judge."""
    given = [] if rule.given is None else [rule.given]
    given += [pl.col(f"{lookup.name}.{_GAP}").is_null() for lookup in rule.lookups if lookup.complete]
    verdict = pl.when(*given).then(rule.where) if given else rule.where
    wanted = dict.fromkeys(("row", "patient_id", *rule.once, *rule.columns))
    try:
        frame = _with_lookups(frames[rule.table], rule.lookups, frames)
        for expression in rule.beside:
            frame = frame.with_columns(expression)
        judged = frame.select(*wanted, verdict.alias("offends")).collect()
    except pl.exceptions.PolarsError as error:
        reason = str(error).partition("\n")[0]
        raise DataError(f"rule {rule.id} cannot run on the tables {', '.join(tables_of(rule))}: {reason}") from error
    offends = judged["offends"]
    offending = judged.filter(offends).sort("row") if offends.any() else judged.clear()
    return offending, judged.height - offends.null_count()


def _with_lookups(frame: pl.LazyFrame, lookups: Iterable[Lookup], frames: _Frames) -> pl.LazyFrame:
    """Set beside each row of a table what it looks up in the others; the rows stay as many."""
    for lookup in lookups:
        other = _with_lookups(frames[lookup.table], lookup.lookups, frames)
        if lookup.where is not None:
            other = other.filter(lookup.where)
        if lookup.keys:
            lines = other.group_by(lookup.keys).agg(*lookup.take)
            keys = [f"{lookup.name}.{key}" for key in lookup.keys]
            lines = lines.select(pl.all().name.prefix(f"{lookup.name}."))
            frame = frame.join(lines, left_on=lookup.match or lookup.keys, right_on=keys, how="left")
        else:
            line = other.select(*lookup.take).select(pl.all().name.prefix(f"{lookup.name}."))
            frame = frame.join(line, how="cross")
        if lookup.complete:
            gaps = frames[lookup.table].filter(~known(*lookup.complete)).select("patient_id").unique()
            gap = pl.lit(value=True).alias(f"{lookup.name}.{_GAP}")
            frame = frame.join(gaps.with_columns(gap), on="patient_id", how="left")
    return frame


def _told(rule: RecordRule, offenders: Mapping[str, tuple[str, pl.DataFrame]]) -> pl.DataFrame:
    """Return the offenders of a rule that are told: not by a rule it yields to, and each fault once."""
    told = offenders[rule.id][1]
    for better in rule.yields_to:
        if better in offenders:
            table, rows = offenders[better]
            told = told.join(rows, on="row" if table == rule.table else "patient_id", how="anti").sort("row")
    return told.unique(subset=rule.once, keep="first", maintain_order=True) if rule.once else told


def _findings(rule: RecordRule, told: pl.DataFrame, file: str) -> list[Finding]:
    names = [column.rpartition(".")[2] for column in rule.columns]
    wanted = (told[column].to_list() for column in ("row", "patient_id", *rule.columns))
    findings: list[Finding] = []
    for row, patient_id, *cells in zip(*wanted, strict=True):
        shown = [_shown(cell) for cell in cells]
        more = ", ".join(f"{name} {cell or 'missing'}" for name, cell in zip(names[1:], shown[1:], strict=True))
        value = f"{shown[0] or 'missing'} ({more})" if more else shown[0]
        findings.append(Finding(rule.level, rule.id, rule.sentence, file, names[0], row, patient_id, value))
    return findings


def _shown(cell: object) -> str:
    if cell is None:
        return ""
    return format_plain(cell).replace("−", "-") if isinstance(cell, float) else str(cell)


def list_rules() -> str:
    """Write all rules and the bounds of laboratory values as the tables of ``docs/checks.md``."""
    lines: list[str] = []
    for subject, rules in RULES_BY_SUBJECT.items():
        lines += [f"### {subject}", "", "| rule | level | at | what was found | reads | yields to |", "|" + "---|" * 6]
        lines += [_line(rule) for rule in rules]
        lines += [""]
    lines += ["### Bounds of laboratory values", "", "| test | unit | from | to |", "|" + "---|" * 4]
    for bound in LAB_BOUNDS:
        lines += [f"| {bound.test} | {bound.unit} | {format_plain(bound.low)} | {format_plain(bound.high)} |"]
    return "\n".join(lines) + "\n"


def _line(rule: RecordRule) -> str:
    read = ", ".join(tables_of(rule)[1:]) or "–"
    better = ", ".join(f"`{name}`" for name in rule.yields_to) or "–"
    place = f"`{rule.table}.{rule.columns[0]}`"
    return f"| `{rule.id}` | {rule.level} | {place} | {rule.sentence} | {read} | {better} |"
