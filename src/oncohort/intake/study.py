"""A study folder, read: its protocol and its records."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from oncohort.errors import ProtocolError, UsageError
from oncohort.intake.cases import find_unknown_cases
from oncohort.intake.presets import read_presets
from oncohort.intake.published import read_published
from oncohort.intake.record_checks import RuleSeen, check_record_tables
from oncohort.intake.records import read_records
from oncohort.intake.template import StudyTemplate, read_dictionary, read_template_tables
from oncohort.study.findings import Finding
from oncohort.study.parse import asks_for_records, parse_protocol
from oncohort.study.protocol import Protocol
from oncohort.study.records import Records, with_headers
from oncohort.study.schema_published import PublishedNumbers
from oncohort.study.template_tables import TEMPLATE

PROTOCOL_FILE: Final = "study.toml"


@dataclass(frozen=True, slots=True)
class Study:
    """What a study folder holds: the protocol with its fingerprint, the records, and what the checks found.

    ``seen`` says of every check of a records study how many records it saw; a table study has none. ``published``
    are the numbers of a publication, if the protocol names a file of them.
    """

    folder: Path
    protocol: Protocol
    protocol_sha256: str
    records: Records
    findings: tuple[Finding, ...]
    seen: tuple[RuleSeen, ...] = ()
    published: PublishedNumbers | None = None


def read_study(path: Path) -> Study:
    """Read a study from its folder or its ``study.toml``.

    The ``dictionary.csv`` of a records study is read before its protocol, which may name the columns that it adds.

    Raises
    ------
    UsageError
        If there is nothing at ``path``, or a folder without ``study.toml``.
    ProtocolError
        If the protocol, or its file of published numbers, cannot be read or contradicts itself.
    DataError
        If a file of records cannot be read, or ``dictionary.csv`` contradicts the template.
    """
    file = path / PROTOCOL_FILE if path.is_dir() else path
    if not path.exists():
        raise UsageError(f"{path}: there is no such folder or file; the folder of a study was expected")
    if not file.is_file():
        raise UsageError(f"{path}: there is no {PROTOCOL_FILE} in this folder; oncohort new makes one")
    content = _read(file)
    text = _decode(content, file.name)
    template = read_dictionary(file.parent) if asks_for_records(text) else StudyTemplate(TEMPLATE)
    protocol = parse_protocol(text, file.name, read_presets(), template=template.tables)
    fingerprint = hashlib.sha256(content).hexdigest()
    published = read_published(file.parent, protocol)
    if protocol.study.records is None:
        records, findings = read_records(file.parent, protocol)
        study = Study(file.parent, protocol, fingerprint, records, tuple(findings))
    else:
        study = _read_records_study(file.parent, protocol, fingerprint, template)
    if published is None:
        return study
    numbers, source = published
    records = replace(study.records, sources=(*study.records.sources, source))
    return replace(study, records=records, published=numbers)


def _read_records_study(folder: Path, protocol: Protocol, fingerprint: str, template: StudyTemplate) -> Study:
    """Read the tables of the template and check them; a finding of the reader comes before those of the checks.

    Cases of the protocol that are in no table come last.
    """
    data = protocol.study.records or ""
    records, found = read_template_tables(folder, template, protocol.records.template_files(), data=data)
    checked = check_record_tables(records.tables, records.files)
    unknown = find_unknown_cases(protocol, records.tables["subjects"]["patient_id"].to_list())
    findings = (*found, *with_headers(checked.findings, records), *unknown)
    return Study(folder, protocol, fingerprint, records, findings, checked.seen)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ProtocolError(f"{file.name}: cannot be read ({error.strerror})") from error


def _decode(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ProtocolError(f"{name}:{line} this is not UTF-8; save the file as UTF-8") from error
