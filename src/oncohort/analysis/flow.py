"""Who was read, who left and why, who is analyzed, and who of these should not have been treated."""

from __future__ import annotations

from oncohort.analysis.arms import analyzed_patients, patient_groups
from oncohort.analysis.rows import count
from oncohort.study.cohort import Cohort
from oncohort.study.protocol import Protocol
from oncohort.study.results import LevelRow, Row

ASIDE = "treated_ineligible"


def analyze_flow(cohort: Cohort, protocol: Protocol) -> list[Row]:
    """Return the number read, the number each step left out, and the number analyzed.

    Keys: ``variable`` is the id of the criterion or reason, ``level`` is ``read``, ``excluded`` or ``analyzed``. In a
    records study also: the parts of a reason (``level`` is the part), the analyzed patients who failed a criterion
    (``variable`` treated_ineligible, ``level`` the criterion, empty for all of them), and the analyzed of each arm
    (``group``).
    """
    rows = count(cohort.flow[0].n_in, analysis="flow", level="read")
    for step in cohort.flow[:-1]:
        rows += count(step.n_out, analysis="flow", variable=step.id, level="excluded")
        for part in step.parts:
            rows += count(part.n, analysis="flow", variable=step.id, level=part.id)
    rows += count(cohort.flow[-1].n_in, analysis="flow", level="analyzed")
    for part in cohort.aside:
        rows += count(part.n, analysis="flow", variable=ASIDE, level=part.id)
    patients = analyzed_patients(cohort)
    for group in patient_groups(patients, protocol)[1:] if patients is not None else ():
        rows += count(int(group.members.sum()), analysis="flow", group=group.key, level="analyzed")
    return rows


def flow_levels(cohort: Cohort) -> list[LevelRow]:
    """Return the labels of the flow: of steps under the variable ``flow``, of their parts under ``flow.ID``."""
    steps = cohort.flow[:-1]
    parts = {f"flow.{step.id}": step.parts for step in steps} | {f"flow.{ASIDE}": cohort.aside}
    labels = [("flow", step.id, step.label) for step in steps]
    labels += [(name, part.id, part.label) for name, several in parts.items() for part in several if part.id]
    return [LevelRow(*label, order, reference=False) for order, label in enumerate(labels, start=1)]
