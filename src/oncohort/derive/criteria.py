"""Who enters: the protocol's criteria, and the flow that they make."""

from __future__ import annotations

import polars as pl

from oncohort.study.cohort import FlowStep
from oncohort.study.conditions import judge_criterion, stays_under
from oncohort.study.findings import Finding
from oncohort.study.protocol import Criterion
from oncohort.study.text import mask_count


def apply_criteria(
    patients: pl.DataFrame, criteria: tuple[Criterion, ...], min_cell: int = 0
) -> tuple[pl.DataFrame, tuple[FlowStep, ...], list[Finding]]:
    """Return who is left, the steps in their order, and which patients a criterion could not judge.

    A patient leaves at the first criterion that is not met. Where the value is not known, an
    ``include`` is not met and an ``exclude`` does not hold; the second is a finding.
    """
    left = patients
    steps: list[FlowStep] = []
    findings: list[Finding] = []
    for criterion in criteria:
        if not criterion.enabled:
            continue
        met = judge_criterion(left, criterion)
        unknown = int(met.null_count())
        if criterion.exclude is not None:
            findings += _not_judged(criterion, mask_count(unknown, min_cell)) if unknown else []
        else:
            findings += _left_unknown(criterion, mask_count(unknown, min_cell)) if unknown else []
        after = left.filter(stays_under(criterion, met))
        steps.append(FlowStep(criterion.id, criterion.label or criterion.id, left.height, left.height - after.height))
        left = after
    return left, tuple(steps), findings


def _not_judged(criterion: Criterion, unknown: str) -> list[Finding]:
    sentence = f'criterion "{criterion.id}" could not be judged in {unknown} patient(s), who stay in'
    return [Finding("warning", "NOT-JUDGED", sentence)]


def _left_unknown(criterion: Criterion, unknown: str) -> list[Finding]:
    sentence = f'criterion "{criterion.id}" is not known to hold in {unknown} patient(s), who were left out under it'
    return [Finding("note", "LEFT-UNKNOWN", sentence)]
