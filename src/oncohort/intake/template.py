"""The tables of a records study: found under their names, as files or as sheets of one workbook, read and typed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from oncohort.errors import DataError
from oncohort.intake.convert import near_names
from oncohort.intake.read import RawTable, read_table
from oncohort.intake.template_convert import convert_table
from oncohort.intake.template_places import Place, find_places
from oncohort.study.dictionary import Template
from oncohort.study.findings import Finding
from oncohort.study.protocol import FileFormat, TemplateFile
from oncohort.study.records import Records, Source
from oncohort.study.redcap import FORM, apply_redcap_rows
from oncohort.study.template_tables import TEMPLATE

DICTIONARY_FILE: Final = "dictionary.csv"
_FIRST: Final = "subjects"


@dataclass(frozen=True, slots=True)
class StudyTemplate:
    """The 16 tables as a study has them; ``sources`` and ``findings`` are of its ``dictionary.csv``, if there is one.

    FORM-UNKNOWN (note) is a form that is no table of the template.
    """

    tables: Template
    sources: tuple[Source, ...] = ()
    findings: tuple[Finding, ...] = ()


def read_dictionary(folder: Path) -> StudyTemplate:
    """Return the template as the study's own ``dictionary.csv`` changes it; without that file, the template itself.

    The file is a REDCap data dictionary; ``study/redcap.py`` says what it can change.

    Parameters
    ----------
    folder : Path
        The study folder.

    Raises
    ------
    DataError
        The file is no REDCap data dictionary, or contradicts the template.
    """
    path = folder / DICTIONARY_FILE
    if not path.exists():
        return StudyTemplate(TEMPLATE)
    raw = read_table(path, FileFormat(), name=DICTIONARY_FILE, may_be_empty=True)
    rows = raw.frame.rows(named=True)
    tables = apply_redcap_rows(TEMPLATE, rows, name=DICTIONARY_FILE)
    untagged = [row[FORM] for row in rows if "@ONCOHORT" not in (row["Field Annotation"] or "")]
    foreign = [form for form in dict.fromkeys(untagged) if form is not None and form not in tables]
    sentence = "this form is no table of the template, so its fields without @ONCOHORT are not looked at"
    findings = (
        Finding("note", "FORM-UNKNOWN", f"{sentence}{near_names(form, tables)}", DICTIONARY_FILE, FORM, value=form)
        for form in foreign
    )
    return StudyTemplate(tables, (raw.source,), tuple(findings))


def read_template_tables(
    folder: Path, template: StudyTemplate, specs: Mapping[str, TemplateFile], *, data: str
) -> tuple[Records, list[Finding]]:
    """Read and type every table of a records study that is there.

    A table lies in a file of its name (``labs.csv``), or in a sheet of its name in the one workbook whose own name is
    no table's, or where ``specs`` says. A table without rows counts as not collected. Keys, and what tables say of each
    other, are not looked at here.

    Parameters
    ----------
    folder : Path
        The study folder.
    template : StudyTemplate
        The tables, as `read_dictionary` gives them.
    specs : mapping of name to TemplateFile
        What the protocol says of the file of a table.
    data : str
        The folder of the tables, from the study folder on.

    Returns
    -------
    Records
        The tables there are, in the order of the template, with the columns of `convert_table`; the file that each was
        read from, with the fingerprints of all that was read; the template; and the headers.
    list of Finding
        Those of the template; TABLE-UNKNOWN, TABLE-EMPTY (note); then those of `convert_table`, table by table.

    Raises
    ------
    DataError
        There is no folder, no table ``subjects``, a table in two places, or a file that cannot be read.
    """
    places, found = find_places(folder, template.tables, specs, data=data)
    findings = [*template.findings, *found]
    tables: dict[str, pl.DataFrame] = {}
    headers: dict[str, dict[str, str]] = {}
    sources: list[Source] = []
    for name, table in template.tables.items():
        raw = _only_filled(name, places.get(name, []))
        if raw is None:
            findings += [_empty(place.name) for place in places.get(name, [])[:1]]
            continue
        tables[name], headers[name], found = convert_table(raw, table, specs.get(name, TemplateFile()))
        sources.append(raw.source)
        findings += found
    if _FIRST not in tables:
        raise DataError(_no_subjects(data, places.get(_FIRST, [])))
    files = {name: source.name for name, source in zip(tables, sources, strict=True)}
    return Records(tables, files, (*template.sources, *sources), template.tables, headers), findings


def _empty(place: str) -> Finding:
    return Finding("note", "TABLE-EMPTY", "has no rows, so the table counts as not collected", file=place)


def _only_filled(name: str, places: list[Place]) -> RawTable | None:
    """Return the one table with rows, None if there is none."""
    filled = [raw for raw in _read(places) if raw.frame.height]
    if len(filled) > 1:
        listed = " and ".join(raw.source.name for raw in filled)
        raise DataError(f"the table {name} is there twice, in {listed}; keep one")
    return filled[0] if filled else None


def _read(places: list[Place]) -> Iterator[RawTable]:
    for place in places:
        yield read_table(place.path, place.spec, name=place.name, may_be_empty=True)


def _no_subjects(data: str, places: list[Place]) -> str:
    if places:
        return f"{places[0].name}: has no rows; at least one row a patient was expected"
    return f'{data}: there is no table "{_FIRST}"; a file {_FIRST}.csv or a workbook with a sheet {_FIRST} was expected'
