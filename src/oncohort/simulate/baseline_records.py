"""The records of a patient before treatment: who, the disease, one sample, one examination, one scan, the judgments.

Values are drawn until the criteria and the reasons of the flow say of the patient what the outline says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any, Final

from oncohort.derive.reconcile import LAB_OF_TERM
from oncohort.errors import DataError
from oncohort.simulate.baseline_tumor import baseline_scan, disease_row
from oncohort.simulate.baseline_values import baseline_values, recorded_values
from oncohort.simulate.lab_draws import TESTS, draw_value, grade_of, on_step
from oncohort.simulate.liver_draws import Liver, draw_liver
from oncohort.simulate.outline import Outline
from oncohort.simulate.rows import Row, Rows, date_of, row_of
from oncohort.simulate.study_plan import StudyPlan, study_plan
from oncohort.simulate.verdicts import Failed, failed_criteria, reason_of
from oncohort.study.protocol import Condition, Protocol

TRIES: Final = 400
_ENOUGH: Final = 40
"""After so many draws a treated patient who fails a criterion by the outline itself is taken as is."""

_SCREENED_BEFORE: Final = 14
_DISEASE: Final = "baseline_disease."
_CAUSE: Final = ("etiology", "hbsag", "hbv_dna")
"""Columns of baseline disease that only the outline fills."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """The records before treatment, and the criteria that the patient fails."""

    rows: Rows
    failed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Days:
    """When a patient was screened, sampled and scanned, counted from `Outline.start`."""

    screening: int
    sample: int
    scan: int


def baseline_rows(outline: Outline, protocol: Protocol, rng: Random) -> Rows:
    """Return the records of a patient until the first dose; of a patient who was only screened, all records.

    Tables: subjects, screening, baseline_disease, labs, clinical_scores, vitals, lesions, lesion_measurements.

    Parameters
    ----------
    outline : Outline
        Whom to write. ``excluded`` must be a reason of the protocol's flow, or ``reason.part`` of one that is split.
    protocol : Protocol
        Of a records study.
    rng : Random
        The patient's own stream.

    Raises
    ------
    DataError
        If no findings make the patient what the outline says; it names the patient.
    """
    return draw_baseline(outline, study_plan(protocol), rng).rows


def draw_baseline(outline: Outline, plan: StudyPlan, rng: Random) -> Baseline:
    """Return the records before treatment as `baseline_rows` does, and the criteria that the patient fails.

    A treated patient fails only what the outline itself makes fail, as a platelet count below the bound.
    """
    days = _draw_days(outline, plan, rng)
    fixed: Rows = {
        "subjects": [_subject(outline, plan, days)],
        "baseline_disease": [disease_row(outline, _prior(outline, plan.protocol, rng), plan, rng)],
        **baseline_scan(outline, plan, rng, days.scan),
    }
    index = outline.start if outline.course is not None else None
    best: tuple[Rows, dict[str, Any], Failed] | None = None
    least = len(plan.protocol.criterion) + 1
    for tried in range(TRIES):
        drawn = fixed | _draw_findings(outline, plan, rng, days.sample)
        values = baseline_values(recorded_values(drawn, index), drawn, plan)
        failed = failed_criteria(plan.protocol.criterion, values)
        faults = _faults(outline, plan.protocol, values, failed)
        if faults < least:
            best, least = (drawn, values, failed), faults
        if least == 0 or (best is not None and tried >= _ENOUGH and outline.course is not None):
            break
    if best is None or (outline.course is None and least):
        raise DataError(f"{outline.patient_id}: {_unreached(outline)}")
    rows, values, failed = best
    judged = date_of(outline.start, max(days.sample, days.scan))
    rows["screening"] = list(_judgments(outline, plan.protocol, values, failed, judged))
    return Baseline(rows, tuple(name for name, verdict in failed.items() if verdict))


def _unreached(outline: Outline) -> str:
    if outline.course is None:
        return f'no findings of class {outline.child_pugh_class} keep the patient out for "{outline.excluded}"'
    return f"no findings of Child-Pugh class {outline.child_pugh_class} were found"


def _faults(outline: Outline, protocol: Protocol, values: Mapping[str, Any], failed: Failed) -> int:
    """Count what is not as the outline says; a wrong Child-Pugh class outweighs all criteria."""
    variables = protocol.baseline.variable if protocol.baseline else ()
    classes = [values.get(f"{variable.id}_class") for variable in variables if variable.rule == "child_pugh"]
    wrong = sum(cls != outline.child_pugh_class for cls in classes) * (len(protocol.criterion) + 1)
    if outline.course is None:
        reason = outline.excluded.partition(".")[0]
        return wrong + (reason_of(protocol, values, failed) != reason)
    return wrong + sum(verdict is not False for verdict in failed.values())


def _draw_days(outline: Outline, plan: StudyPlan, rng: Random) -> _Days:
    """Return the days: all within the windows of the baseline, in the order screening, sample and scan."""
    if outline.course is None:
        return _Days(-_SCREENED_BEFORE, rng.randint(0, 2) - _SCREENED_BEFORE, rng.randint(1, 6) - _SCREENED_BEFORE)
    first, last = plan.sample_days
    sample = rng.randint(max(first, min(-16, last)), max(first, min(-4, last)))
    scan = rng.randint(max(sample, -plan.imaging.baseline_within_days), min(0, max(sample, -1)))
    return _Days(sample - rng.randint(0, 3), sample, scan)


def _subject(outline: Outline, plan: StudyPlan, days: _Days) -> Row:
    screened = date_of(outline.start, days.screening)
    return row_of(
        outline.patient_id,
        site_id="1",
        sex=outline.sex,
        age=outline.age,
        screening_date=screened,
        consent_date=screened,
        first_sorafenib_date=None if outline.course is None else outline.start,
        death_flag="N",
        cutoff_date=plan.cutoff,
    )


def _prior(outline: Outline, protocol: Protocol, rng: Random) -> dict[str, str]:
    """Return the cells of baseline disease that the reason for the exclusion asks for, beside those of its cause."""
    if not outline.excluded:
        return {}
    reason_id, _, part = outline.excluded.partition(".")
    reasons = dict(zip(protocol.flow.reason_ids(), protocol.flow.reason, strict=True))
    if reason_id not in reasons:
        raise DataError(
            f'{outline.patient_id}: "{reason_id}" is no reason of the flow; one of {", ".join(reasons)} was expected'
        )
    reason = reasons[reason_id]
    parts = [name.removeprefix(_DISEASE) for name in reason.split]
    if part and part not in parts:
        raise DataError(
            f'{outline.patient_id}: "{part}" is no part of the reason "{reason_id}"; one of {", ".join(parts)} was '
            "expected"
        )
    if parts:
        return {part or rng.choice(parts): "Y"}
    cells = [] if isinstance(reason.when, str) else list(_disease_cells(reason.when, protocol))
    asked = [(name, value) for name, value in cells if name not in _CAUSE]
    return dict([rng.choice(asked)]) if asked else {}


def _disease_cells(condition: Condition, protocol: Protocol) -> Iterator[tuple[str, str]]:
    """Yield the cells of baseline disease that a condition asks to be equal to a text."""
    if condition.criterion is not None:
        criterion = next(one for one in protocol.criterion if one.id == condition.criterion)
        if criterion.exclude is not None:
            yield from _disease_cells(criterion.exclude, protocol)
    for part in (*(condition.all or ()), *(condition.any or ())):
        yield from _disease_cells(part, protocol)
    column, value = condition.column or "", condition.value
    if column.startswith(_DISEASE) and condition.op == "==" and isinstance(value, str):
        yield column.removeprefix(_DISEASE), value


def _draw_findings(outline: Outline, plan: StudyPlan, rng: Random, day: int) -> Rows:
    """Return one sample, one examination and one measurement of vital signs."""
    when = date_of(outline.start, day)
    liver = _below_grades(outline, plan, rng)
    values = _sample(outline, plan, liver, rng)
    labs = [lab_row(outline.patient_id, when, code, value) for code, value in values.items()]
    scores = row_of(
        outline.patient_id,
        date=when,
        ecog=outline.ecog,
        ascites=liver.ascites,
        encephalopathy=liver.encephalopathy,
    )
    stools = rng.choice((1, 1, 1, 2))
    vitals = row_of(
        outline.patient_id,
        date=when,
        weight_kg=round(rng.gauss(66 if outline.sex == "M" else 56, 7), 1),
        sbp=rng.randint(108, 134),
        dbp=rng.randint(64, 84),
        stools_per_day=stools,
        stools_per_day_baseline=stools,
    )
    return {"labs": labs, "clinical_scores": [scores], "vitals": [vitals]}


def lab_row(patient_id: str, when: date, code: str, value: float) -> Row:
    """Return one laboratory value with the limits of the hospital."""
    test = TESTS[code]
    return row_of(patient_id, date=when, test=code, value=value, unit=test.unit, lln=test.lln, uln=test.uln)


def _below_grades(outline: Outline, plan: StudyPlan, rng: Random) -> Liver:
    """Return liver function whose bilirubin leaves room for the liver toxicity to come, where a draw finds one."""
    worst = _grade_to_come(outline, "BILI")
    liver = draw_liver(outline.child_pugh_class, plan, rng)
    for _ in range(_ENOUGH):
        value = liver.bilirubin_umol_per_l
        if worst == 0 or grade_of("BILI", value, plan.version, value) < worst:
            break
        liver = draw_liver(outline.child_pugh_class, plan, rng)
    return liver


def _grade_to_come(outline: Outline, test: str) -> int:
    """Return the worst grade of the adverse event that a test makes; 0 where there is none."""
    grades = outline.course.worst_grades if outline.course is not None else {}
    return max((grades.get(term, 0) for term, code in LAB_OF_TERM.items() if code == test), default=0)


def _sample(outline: Outline, plan: StudyPlan, liver: Liver, rng: Random) -> dict[str, float]:
    """Return the value of each test, those of an adverse event to come with a lower grade than it."""
    given: dict[str, float] = {
        "BILI": liver.bilirubin_umol_per_l,
        "ALB": liver.albumin_g_per_l,
        "INR": liver.inr,
        "PLAT": outline.platelets_10e9_per_l,
        "AFP": outline.afp_ng_per_ml,
    }
    far = outline.course is None and _asks_for_any(outline, plan.protocol)
    values: dict[str, float] = {}
    for code, test in TESTS.items():
        value = given[code] if code in given else draw_value(test, rng, far=far)
        worst = _grade_to_come(outline, code)
        if code not in given and worst and grade_of(code, value, plan.version, value) >= worst:
            value = on_step((test.usual + test.high) / 2, test)
        values[code] = value
    return values


def _asks_for_any(outline: Outline, protocol: Protocol) -> bool:
    """Return whether the reason for an exclusion is that any other criterion failed."""
    reasons = dict(zip(protocol.flow.reason_ids(), protocol.flow.reason, strict=True))
    reason = reasons.get(outline.excluded.partition(".")[0])
    return reason is not None and isinstance(reason.when, str)


_LAST_NUMBER: Final = 12
"""The template numbers criteria from 1 to 12."""


def _judgments(
    outline: Outline, protocol: Protocol, values: Mapping[str, Any], failed: Failed, when: date
) -> Iterator[Row]:
    """Yield the recorded verdict of each criterion in use that the template has a number for."""
    for number, criterion in enumerate(protocol.criterion[:_LAST_NUMBER], start=1):
        if criterion.enabled:
            verdict = failed[criterion.id]
            column = (criterion.include or criterion.exclude or Condition()).column or ""
            value = values.get(column)
            yield row_of(
                outline.patient_id,
                criterion_id=number,
                met="U" if verdict is None else "YN"[verdict],
                value=None if value is None else f"{value:.4g}" if isinstance(value, float) else str(value),
                date=when,
            )
