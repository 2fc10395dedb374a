"""Who was read, who left and why, who is analyzed."""

from __future__ import annotations

from oncohort.analysis.rows import count
from oncohort.study.cohort import Cohort
from oncohort.study.results import Row


def analyze_flow(cohort: Cohort) -> list[Row]:
    """Return the number read, the number each criterion left out, and the number analyzed.

    Keys: ``variable`` is the criterion's id, ``level`` is ``read``, ``excluded`` or ``analyzed``.
    """
    rows = count(cohort.flow[0].n_in, analysis="flow", level="read")
    for step in cohort.flow[:-1]:
        rows += count(step.n_out, analysis="flow", variable=step.id, level="excluded")
    return rows + count(cohort.flow[-1].n_in, analysis="flow", level="analyzed")
