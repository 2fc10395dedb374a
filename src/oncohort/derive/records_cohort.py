"""The cohort of a records study: who is analyzed, with the endpoints and factors that their records give."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
import polars as pl

from oncohort.clinical.units import convert
from oncohort.derive.course import derive_course
from oncohort.derive.eligibility import derive_entry
from oncohort.derive.factors import derive_factor
from oncohort.errors import AnalysisError
from oncohort.study.cohort import Cohort, EndpointData, FactorData
from oncohort.study.comparison_factor import arm_as_factor, as_factor
from oncohort.study.derived import DerivedColumn, known_columns
from oncohort.study.findings import Finding
from oncohort.study.protocol import Comparison, Factor, Protocol
from oncohort.study.recall import Recall, anew
from oncohort.study.records import Records
from oncohort.study.rules_in_force import adds_one_day
from oncohort.study.text import mask_count
from oncohort.study.words import plural


def derive_records_cohort(records: Records, protocol: Protocol, recall: Recall = anew) -> tuple[Cohort, list[Finding]]:
    """Derive the course of every screened patient, and take those who are analyzed.

    Raises
    ------
    AnalysisError
        If nobody is.
    """
    course = derive_course(records, protocol, recall)
    entry = recall(derive_entry, course.derived.patients, protocol, records.template, records.files["subjects"])
    findings = [*course.findings, *entry.findings]
    if not entry.patient_id:
        raise AnalysisError(f"no patient is left to analyze of {course.derived.patients.height} screened")
    analyzed = course.derived.patients.filter(pl.col("patient_id").is_in(list(entry.patient_id)))
    factors: dict[str, FactorData] = {}
    columns = known_columns(protocol, records.template)
    for factor in (*protocol.factor, *_arms(protocol)):
        shown = _in_shown_unit(analyzed, factor, columns)
        factors[factor.id], found = derive_factor(shown, _labeled(factor, protocol), protocol.privacy.min_cell)
        findings += [*found, *_in_no_level(shown, factors[factor.id], protocol.privacy.min_cell)]
    for comparison in protocol.comparison:
        factors[comparison.id], found = _compared(analyzed, comparison, protocol)
        findings += found
    return Cohort(
        entry.patient_id,
        _endpoints(analyzed, course.derived.time_to_event, protocol),
        factors,
        entry.flow,
        course.derived,
        entry.aside,
        records.template,
    ), findings


def _in_no_level(analyzed: pl.DataFrame, factor: FactorData, min_cell: int) -> list[Finding]:
    """Return a finding for each value that is neither a level of a factor nor one of its words for no value."""
    spec = factor.spec
    if spec.levels is None:
        return []
    cells = analyzed.select(value=pl.col(spec.column).cast(pl.String)).filter(factor.codes < 0).drop_nulls()
    counts = Counter[str](cells["value"].sort().to_list())
    sentence = 'factor "{}": this value of {} is no declared level, so it counts as missing'
    return [
        Finding(
            "error",
            "LEVEL-UNKNOWN",
            sentence.format(spec.id, plural(mask_count(n, min_cell), "patient")),
            column=spec.column,
            value=value,
        )
        for value, n in counts.items()
        if value not in spec.missing
    ]


def _endpoints(analyzed: pl.DataFrame, times: pl.DataFrame, protocol: Protocol) -> dict[str, EndpointData]:
    """Return the endpoints by the study's own rule, in days, for the analyzed patients in their order."""
    endpoints: dict[str, EndpointData] = {}
    for endpoint in protocol.endpoint:
        own = times.filter((pl.col("endpoint") == endpoint.id) & (pl.col("rule") == ""))
        placed = analyzed.select("patient_id").join(own, on="patient_id", how="left", maintain_order="left")
        days = placed["day"].to_numpy().astype(np.float64) + adds_one_day(protocol)
        event = placed["event"].fill_null(value=False).to_numpy().astype(np.bool_)
        competing = placed["competing"].fill_null(value=False).to_numpy().astype(np.bool_) if endpoint.causes else None
        unit = protocol.study.report_unit or "months"
        endpoints[endpoint.id] = EndpointData(endpoint, days, event, "days", unit, competing=competing)
    return endpoints


def _arms(protocol: Protocol) -> tuple[Factor, ...]:
    """Return the arms as a factor, where the study declares none of that name."""
    arm = protocol.arm
    declared = arm is None or any(factor.id == arm.column for factor in protocol.factor)
    return () if arm is None or declared else (arm_as_factor(arm),)


def _labeled(factor: Factor, protocol: Protocol) -> Factor:
    """Return a factor of arms with the labels that ``[arm]`` gives them, where the factor itself gives none."""
    arm = protocol.arm
    if arm is None or factor.column != arm.column or factor.levels is None:
        return factor
    labels = {level.id: level.label for level in arm.levels if level.label}
    levels = tuple(
        level.model_copy(update={"label": labels.get(level.id, level.label)}) if level.label == level.id else level
        for level in factor.levels
    )
    return factor.model_copy(update={"levels": levels})


def _in_shown_unit(analyzed: pl.DataFrame, factor: Factor, columns: Mapping[str, DerivedColumn]) -> pl.DataFrame:
    """Return the patients with a factor's column in the unit that a reader sees, converted exactly."""
    column = columns.get(factor.column)
    if column is None or not column.quantity or factor.unit in {"", column.unit}:
        return analyzed
    if factor.unit not in column.units():
        return analyzed
    values = [
        None if value is None else float(convert(value, column.quantity, column.unit, factor.unit))
        for value in analyzed[factor.column].to_list()
    ]
    return analyzed.with_columns(pl.Series(factor.column, values, dtype=pl.Float64))


def _compared(analyzed: pl.DataFrame, comparison: Comparison, protocol: Protocol) -> tuple[FactorData, list[Finding]]:
    """Return the groups of a comparison as a factor; patients outside its population are in none."""
    factor = _labeled(as_factor(comparison, protocol.factor), protocol)
    if comparison.population == "progressed":
        inside = pl.when(pl.col("progressed") == "Y").then(pl.col(factor.column))
        analyzed = analyzed.with_columns(inside.alias(factor.column))
    return derive_factor(analyzed, factor, protocol.privacy.min_cell)
