"""The headers of a file set beside the columns of a table of the template."""

from __future__ import annotations

from collections.abc import Mapping

from oncohort.errors import ProtocolError
from oncohort.intake.convert import near_names, plain_name
from oncohort.intake.read import RawTable
from oncohort.study.dictionary import TemplateColumn, TemplateTable, headers_of
from oncohort.study.findings import Finding
from oncohort.study.words import did_you_mean


def match_headers(
    raw: RawTable, table: TemplateTable, rename: Mapping[str, str]
) -> tuple[dict[str, str], list[Finding]]:
    """Return the header of the file for every column of the table that it has, and what does not match.

    Headers match in any case, with or without blanks, underscores and a unit in brackets: ``Max_Diam_mm (mm)``.
    A column is looked for under its own name first, then under its aliases and its CDISC name.

    Parameters
    ----------
    raw : RawTable
        The file as text.
    table : TemplateTable
        The table it is.
    rename : mapping of column to header
        The headers that the protocol tells; such a column is looked for nowhere else.

    Returns
    -------
    dict of str to str
        Column → header.
    list of Finding
        COLUMN-MISSING (fatal), HEADER-TWICE (warning), COLUMN-UNKNOWN (note).

    Raises
    ------
    ProtocolError
        The protocol renames a column that the table does not have.
    """
    for name in rename:
        if table.find(name) is None:
            near = did_you_mean(name, (column.name for column in table.columns))
            raise ProtocolError(f'records.{table.name}.rename: the table has no column "{name}".{near}')
    told = set(rename.values())
    free = [header for header in raw.frame.columns if header not in told]
    found = {column.name: _headers(column, table, rename, raw.frame.columns, free) for column in table.columns}
    matched = {name: headers[0] for name, headers in found.items() if headers}
    findings = [
        Finding("warning", "HEADER-TWICE", f'is not read, because "{name}" is read from another column',
                file=raw.source.name, column=header)
        for name, headers in found.items() for header in headers[1:]
    ]  # fmt: skip
    used = {header for headers in found.values() for header in headers}
    unknown = [header for header in raw.frame.columns if header not in used]
    missing = [column for column in table.columns if column.name not in matched]
    findings += _missing(raw, missing, unknown, rename)
    return matched, findings + _unknown(raw, table, missing, unknown)


def _headers(
    column: TemplateColumn, table: TemplateTable, rename: Mapping[str, str], there: list[str], free: list[str]
) -> list[str]:
    """Return the headers of the file that mean a column, the one that is read first."""
    if column.name in rename:
        return [header for header in there if header == rename[column.name]]
    found: list[str] = []
    for name in headers_of(column, table):
        found += [header for header in free if header == name]
        found += [header for header in free if header != name and _key(header) == _key(name)]
    return list(dict.fromkeys(found))


def _key(header: str) -> str:
    return plain_name(header).replace(" ", "")


def _missing(
    raw: RawTable, missing: list[TemplateColumn], unknown: list[str], rename: Mapping[str, str]
) -> list[Finding]:
    """Return a finding for every column that each row needs, or that the protocol tells, and the file lacks."""
    findings: list[Finding] = []
    for column in missing:
        header = rename.get(column.name, column.name)
        if column.required == "yes" or column.name in rename:
            sentence = f"there is no such column{near_names(header, unknown)}; the template needs it: {column.help}"
            findings.append(Finding("fatal", "COLUMN-MISSING", sentence, file=raw.source.name, column=header))
    return findings


def _unknown(raw: RawTable, table: TemplateTable, missing: list[TemplateColumn], unknown: list[str]) -> list[Finding]:
    sentence = f"the table {table.name} of the template has no such column, so it is not read"
    return [
        Finding("note", "COLUMN-UNKNOWN", f"{sentence}{near_names(header, (column.name for column in missing))}",
                file=raw.source.name, column=header)
        for header in unknown
    ]  # fmt: skip
