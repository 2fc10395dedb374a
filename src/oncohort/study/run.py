"""The run: what was asked, what was read, what was found."""

from __future__ import annotations

from dataclasses import dataclass

from oncohort.study.beside import Beside
from oncohort.study.cohort import Cohort
from oncohort.study.findings import Finding
from oncohort.study.protocol import Protocol
from oncohort.study.records import Records
from oncohort.study.results import Results


@dataclass(frozen=True, slots=True)
class StudyRun:
    """Everything one run of a study knows; the report and the files of a run are made of it.

    ``beside`` is None where the study names no other profile.
    """

    protocol: Protocol
    protocol_sha256: str
    records: Records
    cohort: Cohort
    results: Results
    findings: tuple[Finding, ...]
    beside: Beside | None = None
