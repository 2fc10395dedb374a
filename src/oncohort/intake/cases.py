"""Cases: whether the patients whose course a figure shows are patients of the study."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from oncohort.study.findings import Finding
from oncohort.study.protocol import Protocol


def find_unknown_cases(protocol: Protocol, screened: Collection[str]) -> Iterator[Finding]:
    """Yield an error for each case whose patient is not in the table of subjects."""
    for figure in protocol.figure:
        if figure.case is not None and figure.case.patient_id not in screened:
            sentence = f'the figure "{figure.id}" is of a patient who is not in the table subjects'
            yield Finding("error", "CASE-UNKNOWN", sentence, patient_id=figure.case.patient_id)
