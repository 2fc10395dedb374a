"""Records: the tables of a study as they were read, typed by the dictionary, with their fingerprints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

import polars as pl

from oncohort.study.dictionary import Template, TemplateTable
from oncohort.study.findings import Finding
from oncohort.study.protocol import Protocol, TimeColumn

ColumnType: TypeAlias = Literal["number", "date", "text"]


@dataclass(frozen=True, slots=True)
class Source:
    """One file that was read: its name relative to the study, its bytes' SHA-256, and what was assumed of it."""

    name: str
    sha256: str
    n_rows: int
    n_columns: int
    assumed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Records:
    """The tables of a study, by name, typed; ``files`` names the file that each was read from.

    A table study has one, ``patients``, with a row a patient: the columns that the protocol names under their names
    in the file (Float64, Date or String, null where missing). A records study has the tables of the template
    (``study/template_tables.py``) that were there. Every table has two more columns: ``patient_id`` (String) and
    ``row`` (Int64, the row of the file, header = row 1). ``template`` says what the tables of a records study hold, and
    ``headers`` what their columns are called in the files, table by table; a table study has neither.
    """

    tables: Mapping[str, pl.DataFrame]
    files: Mapping[str, str]
    sources: tuple[Source, ...]
    template: Template = field(default_factory=dict[str, TemplateTable])
    headers: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])

    @property
    def patients(self) -> pl.DataFrame:
        """Return the table with one row a patient."""
        return self.tables["patients" if "patients" in self.tables else "subjects"]


def with_headers(findings: Iterable[Finding], records: Records) -> list[Finding]:
    """Return findings about columns of the template with the headers that these have in their files.

    Where two tables of one file call a column by two names, it keeps that of the template.

    Examples
    --------
    >>> records = Records({}, {"labs": "data/labs.csv"}, (), headers={"labs": {"unit": "Einheit"}})
    >>> found = Finding("note", "LEFT-OUT", "left out", file="data/labs.csv", column="unit")
    >>> [finding.column for finding in with_headers([found], records)]
    ['Einheit']
    """
    headers: dict[tuple[str, str], set[str]] = {}
    for table, names in records.headers.items():
        for column, header in names.items():
            headers.setdefault((records.files[table], column), set()).add(header)
    told: list[Finding] = []
    for finding in findings:
        names = headers.get((finding.file, finding.column), set())
        told.append(replace(finding, column=min(names)) if len(names) == 1 else finding)
    return told


def column_types(protocol: Protocol) -> dict[str, ColumnType]:
    """Return the type every column that the protocol names must have.

    A column with levels, and an event column, is text (compared by ``same_value``); times, splits
    and cuts are numbers; starts, stops and cutoffs are dates.

    A column claimed as two types keeps the first that is not text, so that a factor with levels
    may share a numeric column.
    """
    claims: list[tuple[str, ColumnType]] = []
    for endpoint in protocol.endpoint:
        if endpoint.time is not None:
            claims.append((endpoint.time.column, "number"))
        if isinstance(endpoint.entry, TimeColumn):
            claims.append((endpoint.entry.column, "number"))
        stops = (endpoint.stop,) if isinstance(endpoint.stop, str) else endpoint.stop or ()
        cutoff = endpoint.cutoff if isinstance(endpoint.cutoff, str) else None
        entered = endpoint.entry if isinstance(endpoint.entry, str) else None
        dates = (endpoint.start, *stops, endpoint.last_known_alive, cutoff, entered)
        claims.extend((column, "date") for column in dates if column)
        if endpoint.event is not None:
            claims.append((endpoint.event.column, "text"))
    claims.extend((factor.column, "text" if factor.levels is not None else "number") for factor in protocol.factor)
    types: dict[str, ColumnType] = {}
    for column, kind in claims:
        if column not in types or types[column] == "text":
            types[column] = kind
    for criterion in protocol.criterion:
        for column, kind in _condition_columns(criterion.include or criterion.exclude):
            types.setdefault(column, kind)
    return types


def _condition_columns(condition: object) -> list[tuple[str, ColumnType]]:
    from_parts: list[tuple[str, ColumnType]] = []
    column = getattr(condition, "column", None)
    if column is not None:
        value = getattr(condition, "value", None)
        ordered = getattr(condition, "op", "") in {"<", "<=", ">", ">="}
        kind: ColumnType = "text" if not ordered else ("number" if isinstance(value, int | float) else "date")
        from_parts.append((column, kind))
    for part in (*(getattr(condition, "all", None) or ()), *(getattr(condition, "any", None) or ())):
        from_parts += _condition_columns(part)
    return from_parts


def same_value(cell: str, value: object) -> bool:
    """Return whether a cell's text is the declared value: numbers by size, other values by their text.

    Examples
    --------
    >>> same_value("1.0", 1), same_value("Yes", "Yes"), same_value("yes", "Yes"), same_value("TRUE", True)
    (True, True, False, True)
    """
    if isinstance(value, bool):
        return cell.strip().lower() == str(value).lower()
    if isinstance(value, int | float):
        try:
            return float(cell) == value
        except ValueError:
            return False
    return cell.strip() == str(value).strip()
