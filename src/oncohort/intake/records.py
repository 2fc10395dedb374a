"""The door in: the files a protocol names to typed records, and everything found on the way."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from oncohort.errors import DataError
from oncohort.intake.checks import check_records
from oncohort.intake.convert import convert
from oncohort.intake.read import inside_study, read_table
from oncohort.study.findings import Finding
from oncohort.study.protocol import Protocol
from oncohort.study.records import Records, column_types


def read_records(folder: Path, protocol: Protocol) -> tuple[Records, list[Finding]]:
    """Read, convert and check the records of a study.

    Parameters
    ----------
    folder : Path
        The study folder; every file lies in it.
    protocol : Protocol
        Names the file, its columns and what they mean.

    Returns
    -------
    Records
        One row a patient, in the order of the file, with the columns that the protocol names.
    list of Finding
        Of the conversion in the order of the columns, then of the checks, gravest first. A second
        header row stays in the records but is not checked: it is one fatal finding.

    Raises
    ------
    DataError
        The file lies outside the study, cannot be read, or lacks a column.
    """
    spec = protocol.patients_file
    path, name = inside_study(folder, spec.file)
    raw = read_table(path, spec, name=name)
    frame, findings = convert(raw, spec, column_types(protocol), _missing_by_column(protocol))
    headers = [finding.row for finding in findings if finding.rule == "SECOND-HEADER"]
    checked = frame.filter(~pl.col("row").is_in(headers)) if headers else frame
    if checked.height == 0:
        raise DataError(f"{name}: has header rows but no data rows; at least one row a patient was expected")
    return Records({"patients": frame}, {"patients": name}, (raw.source,)), findings + check_records(
        checked, protocol, name
    )


def _missing_by_column(protocol: Protocol) -> dict[str, tuple[str, ...]]:
    missing: dict[str, tuple[str, ...]] = {}
    for factor in protocol.factor:
        missing[factor.column] = (*missing.get(factor.column, ()), *factor.missing)
    return missing
