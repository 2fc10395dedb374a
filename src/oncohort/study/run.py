"""The run: what was asked, what was read, what was found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from oncohort.study.beside import Beside
from oncohort.study.cohort import Cohort
from oncohort.study.findings import Finding
from oncohort.study.protocol import Protocol
from oncohort.study.records import Records
from oncohort.study.results import Results


@dataclass(frozen=True)
class StudyRun:
    """Everything one run of a study knows; the report and the files of a run are made of it."""

    protocol: Protocol
    protocol_sha256: str
    records: Records
    cohort: Cohort
    results: Results
    findings: tuple[Finding, ...]
    find_beside: Callable[[], Beside | None] = field(default=lambda: None, repr=False)

    @cached_property
    def beside(self) -> Beside | None:
        """The study under the other profile that it names, None where it names none; found when it is first asked for.

        Finding it takes several times as long as the run, and raises DataError or AnalysisError if the other profile
        makes it impossible.
        """
        return self.find_beside()
