"""Safety: which adverse events count for each patient, and every laboratory value with its grade."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, get_args

import polars as pl

from oncohort.clinical.adverse_events import TreatmentWindow, is_drug_related, is_treatment_emergent
from oncohort.clinical.ctcae import term_of
from oncohort.clinical.ctcae_data import LabTest, Version
from oncohort.clinical.ctcae_lab import asked_limits, grade_lab
from oncohort.clinical.units import canonical_unit, convert
from oncohort.derive.timeline import Timeline
from oncohort.errors import DataError
from oncohort.study.findings import Finding
from oncohort.study.protocol import Protocol
from oncohort.study.rules_in_force import counts_emergent_only, ctcae_version

EVENTS: Final = {
    "patient_id": pl.String,
    "ae_id": pl.String,
    "term": pl.String,
    "category": pl.String,
    "grade": pl.Int64,
    "start_day": pl.Int64,
    "end_day": pl.Int64,
    "related": pl.Boolean,
    "in_window": pl.Boolean,
    "emergent": pl.Boolean,
    "counted": pl.Boolean,
    "source_row": pl.Int64,
}
LABS: Final = {
    "patient_id": pl.String,
    "test": pl.String,
    "day": pl.Int64,
    "value": pl.Float64,
    "unit": pl.String,
    "grade": pl.Int64,
    "baseline_grade": pl.Int64,
    "source_row": pl.Int64,
}
_GRADED: Final = frozenset(get_args(LabTest))


def derive_adverse_events(
    timeline: Timeline, last_doses: Mapping[str, int], protocol: Protocol, file: str
) -> tuple[pl.DataFrame, list[Finding]]:
    """Return the frame ``adverse_events`` of `oncohort.study.cohort.Derived`, and what cannot be judged.

    An event counts if it lies in the window of treatment, is attributed to the drug, and, where the study counts only
    emergent ones, is worse than the same term was before the first dose. What cannot be judged does not count and is a
    finding. Without ``[safety]`` nothing is derived.
    """
    frame = timeline.tables.get("adverse_events")
    drug = next(iter(protocol.drug.values()), None)
    if frame is None or protocol.safety is None or drug is None:
        return pl.DataFrame(schema=EVENTS), []
    columns = ("patient_id", "ae_id", "term", "category", "grade", "start_date_day", "end_date_day", "related", "row")
    treated = timeline.patients.filter("treated").select("patient_id")
    recorded = frame.join(treated, on="patient_id", how="semi").drop_nulls("term").select(columns).rows()
    before = _grades_before(recorded)
    emergent_only = counts_emergent_only(protocol)
    rows: list[tuple[Any, ...]] = []
    findings: list[Finding] = []
    for patient_id, ae_id, text, category, grade, start, end, relation, row in recorded:
        term = canonical_term(text)
        window = TreatmentWindow(0, last_doses.get(patient_id), protocol.safety.window.to_days_after_last_dose)
        place = {"file": file, "row": row, "patient_id": patient_id}
        try:
            inside = is_treatment_emergent(
                start, end, window=window, grade=grade, baseline_grade=0, worse_than_baseline=False
            ).value
            worse = is_treatment_emergent(
                start,
                end,
                window=window,
                grade=grade,
                baseline_grade=before.get((patient_id, term), 0),
                worse_than_baseline=True,
            ).value
        except DataError as error:
            findings.append(
                Finding("error", "EVENT-UNCLEAR", "this adverse event cannot be judged", **place, value=str(error))
            )
            inside = worse = None
        related = is_drug_related(relation, attribution=drug.attribution).value
        judged = (inside, related, worse) if emergent_only else (inside, related)
        counted = all(answer is True for answer in judged)
        if not counted and None in judged and False not in judged:
            sentence = "whether this adverse event counts cannot be said: its date, grade or relation is missing"
            findings.append(Finding("warning", "EVENT-OPEN", sentence, **place))
        rows.append((patient_id, ae_id, term, category, grade, start, end, related, inside, worse, counted, row))
    return pl.DataFrame(rows, schema=EVENTS, orient="row"), findings


def canonical_term(text: str) -> str:
    """Return the id of a known clinical term, or a free text in capitals.

    Examples
    --------
    >>> canonical_term("Diarrhoea"), canonical_term(" hiccups ")
    ('DIARRHEA', 'HICCUPS')
    """
    return term_of(text) or " ".join(text.upper().split())


def _grades_before(recorded: list[tuple[Any, ...]]) -> dict[tuple[str, str], int]:
    """Return the worst grade of each patient's terms that were there when the first dose was given."""
    worst: dict[tuple[str, str], int] = {}
    for patient_id, _, text, _, grade, start, end, _, _ in recorded:
        if start is not None and start < 0 and grade is not None and (end is None or end >= 0):
            key = (patient_id, canonical_term(text))
            worst[key] = max(grade, worst.get(key, 0))
    return worst


def derive_labs(timeline: Timeline, protocol: Protocol) -> pl.DataFrame:
    """Return the frame ``labs`` of `oncohort.study.cohort.Derived`: values in canonical units, with CTCAE grades.

    Baseline is the last value of a test on or before the first dose.
    """
    frame = timeline.tables.get("labs")
    if frame is None or protocol.safety is None:
        return pl.DataFrame(schema=LABS)
    version = ctcae_version(protocol)
    columns = ("patient_id", "test", "date_day", "value", "unit", "lln", "uln", "row")
    treated = timeline.patients.filter("treated").select("patient_id")
    known = frame.join(treated, on="patient_id", how="semi").drop_nulls(["test", "date_day", "value", "unit"])
    samples = known.filter(pl.col("test").is_in(_GRADED)).sort("date_day", "row", maintain_order=True)
    rows: list[tuple[Any, ...]] = []
    baselines: dict[tuple[str, str], tuple[float | None, int | None]] = {}
    of_baseline = {test for test in get_args(LabTest) if "baseline" in asked_limits(test, version)}
    for patient_id, test, day, value, unit, low, high, row in samples.select(columns).rows():
        measured, lower, upper = (_canonical(amount, test, unit) for amount in (value, low, high))
        base, before = (None, None) if day <= 0 else baselines.get((patient_id, test), (None, None))
        grade = _grade(test, measured, lower, upper, base if test in of_baseline else None, version)
        if day <= 0:
            baselines[patient_id, test] = (measured or 0.0, grade)
        rows.append((patient_id, test, day, measured, canonical_unit(test), grade, before, row))
    return pl.DataFrame(rows, schema=LABS, orient="row")


@lru_cache(maxsize=65536)
def _canonical(value: float | None, test: str, unit: str) -> float | None:
    return None if value is None else float(convert(value, test, unit, canonical_unit(test)))


@lru_cache(maxsize=65536)
def _grade(
    test: LabTest,
    value: float | None,
    lower: float | None,
    upper: float | None,
    baseline: float | None,
    version: Version,
) -> int | None:
    return grade_lab(test, value, version=version, lower_limit=lower, upper_limit=upper, baseline=baseline).value
