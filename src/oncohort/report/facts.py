"""What the report is made from, and what its sections yield."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from oncohort.report.document import Block
from oncohort.report.sketch import Sketch
from oncohort.study.beside import Beside
from oncohort.study.cohort import Cohort
from oncohort.study.findings import Finding
from oncohort.study.protocol import Protocol
from oncohort.study.records import Source
from oncohort.study.results import Results


@dataclass(frozen=True, slots=True)
class StudyFacts:
    """What the report needs to know of a run; ``cohort`` serves the figures of single patients, and nothing else.

    ``find_beside`` is asked late, when the figures have been handed to another process: it takes long.
    """

    protocol: Protocol
    results: Results
    cohort: Cohort
    findings: tuple[Finding, ...]
    sources: tuple[Source, ...]
    software: str
    find_beside: Callable[[], Beside | None] = field(default=lambda: None)


Part: TypeAlias = Block | Sketch
"""What a section yields: blocks whose tables have no number yet, and figures yet to be drawn."""

APPENDED: Final = "S"
"""The number of a table that describes the run and not the patients; such tables are counted S1, S2 …"""
