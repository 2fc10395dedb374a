"""Adherence: for every treated patient, rule of the protocol and occasion, whether the written rule was kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from functools import partial
from typing import Any, Final

import polars as pl

from oncohort.clinical.procedure_deviations import Verdict
from oncohort.derive.adherence_dose import dose_family
from oncohort.derive.adherence_local import local_family
from oncohort.derive.adherence_scans import scan_family
from oncohort.derive.judgment import Judgment, RuleFamily
from oncohort.derive.patient_course import PatientCourse, patient_courses
from oncohort.derive.protocol_policies import ProtocolRule, study_drug
from oncohort.derive.timeline import Timeline
from oncohort.errors import DataError
from oncohort.study.conditions import judge_criterion
from oncohort.study.protocol import Criterion, Protocol

ADHERENCE: Final = {
    "patient_id": pl.String,
    "rule": pl.String,
    "verdict": pl.String,
    "table": pl.String,
    "source_row": pl.Int64,
    "day": pl.Int64,
    "days_late": pl.Int64,
    "value": pl.String,
    "text": pl.String,
}
_ENTRY: Final[dict[str | None, Verdict]] = {"INCLUDED": "kept", "EXCLUDED": "broken"}
_ALWAYS: Final = ("patient_id", "row", "eligibility", "failed", "missing_criteria", "last_dose_day")


def asked_of_patients(patients: pl.DataFrame, protocol: Protocol) -> pl.DataFrame:
    """Return the patients with the columns that `derive_adherence` reads: some always, others if a rule names them.

    A column is taken if the criteria, the drugs or the procedures of the protocol hold its name at any place.
    """
    rules = (*protocol.criterion, *protocol.drug.values(), *protocol.procedure)
    named = {*_ALWAYS, *(word for rule in rules for word in _words(rule.model_dump()))}
    return patients.select(name for name in patients.columns if name in named)


def _words(value: Any) -> Iterator[str]:
    """Yield every text inside lists and mappings."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _words(list(value.values()))
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _words(part)


def derive_adherence(
    timeline: Timeline, patients: pl.DataFrame, visits: pl.DataFrame, protocol: Protocol
) -> pl.DataFrame:
    """Return the frame ``adherence`` of `oncohort.study.cohort.Derived`.

    Every treated patient has every rule of the protocol at least once: a rule without an occasion is not applicable,
    and one whose records contradict themselves is not assessable. What the protocol does not say has no rule. Each
    rule is judged for itself, whatever became of the others.

    Parameters
    ----------
    timeline : Timeline
        The dated records.
    patients : DataFrame
        A row a screened patient, with the columns that `asked_of_patients` gives.
    visits : DataFrame
        The assessments, as `oncohort.derive.response` gives them.
    protocol : Protocol
        The rules, with the study's own values.

    Returns
    -------
    DataFrame
        The columns of `ADHERENCE`, in the order of the patients, of the rules, and of the days. ``verdict`` is kept,
        broken, not assessable or not applicable; ``table`` and ``source_row`` are the record that the occasion rests
        on; ``days_late`` counts from the occasion to what was asked for, also where that was in time; ``text`` quotes
        the rule.

    Raises
    ------
    ProtocolError
        If there is no rule of adherence for what the protocol says of a procedure.
    """
    families = _families(timeline, patients, protocol)
    rules: dict[str, ProtocolRule] = {}
    for family in families:
        for rule in family.rules.values():
            rules.setdefault(rule.id, rule)
    rows = [
        (course.patient["patient_id"], *_cells(judgment, rule))
        for course in patient_courses(timeline, patients, visits, protocol)
        for judgment, rule in _of_patient(course, families, rules)
    ]
    return pl.DataFrame(rows, schema=ADHERENCE, orient="row")


def _families(timeline: Timeline, patients: pl.DataFrame, protocol: Protocol) -> list[RuleFamily]:
    families = [_entry_family(patients, protocol.criterion)]
    drug = study_drug(protocol)
    if drug is not None:
        families.append(dose_family(*drug, patients))
    sessions = timeline.tables.get("procedures")
    families += [local_family(procedure, sessions, patients) for procedure in protocol.procedure]
    if protocol.imaging is not None:
        families.append(scan_family(protocol.imaging))
    return families


def _of_patient(
    course: PatientCourse, families: Iterable[RuleFamily], rules: dict[str, ProtocolRule]
) -> Iterator[tuple[Judgment, ProtocolRule]]:
    """Yield the judgments of a patient with the rule in the words of its family, rule by rule."""
    found: dict[str, list[tuple[Judgment, ProtocolRule]]] = {rule: [] for rule in rules}
    for family in families:
        for judgment in _judged(course, family):
            found[judgment.rule].append((judgment, family.rules[judgment.rule]))
    for rule, judged in found.items():
        if judged:
            yield from sorted(judged, key=lambda pair: (pair[0].day is None, pair[0].day or 0, pair[0].row or 0))
        else:
            yield Judgment(rule, "not applicable", None, None, None, None, ""), rules[rule]


def _judged(course: PatientCourse, family: RuleFamily) -> list[Judgment]:
    """Return what a family says of a patient; records that no rule can read leave all its rules open."""
    try:
        return list(family.judge(course))
    except DataError as error:
        return [Judgment(rule, "not assessable", None, None, None, None, str(error)) for rule in family.rules]


def _cells(judgment: Judgment, rule: ProtocolRule) -> tuple[Any, ...]:
    place = (judgment.table, judgment.row, judgment.day, judgment.days_late)
    return (judgment.rule, judgment.verdict, *place, judgment.value or None, rule.text)


def _entry_family(patients: pl.DataFrame, criteria: tuple[Criterion, ...]) -> RuleFamily:
    """Return the rules of entry: the criteria as a whole, and those of which the order of dates is a part."""
    used = [criterion for criterion in criteria if criterion.enabled]
    ordered = [criterion for criterion in used if criterion.before and criterion.include is not None]
    rules: dict[str, ProtocolRule] = {}
    if used:
        rules["ELIGIBLE"] = ProtocolRule("ELIGIBLE", "who is treated meets every criterion", "[[criterion]]")
    if ordered:
        words = " and ".join(f"{_column(criterion)} not after {' or '.join(criterion.before)}" for criterion in ordered)
        places = ", ".join(f"[[criterion]] {criterion.id}" for criterion in ordered)
        rules["CONSENT-FIRST"] = ProtocolRule("CONSENT-FIRST", words, places)
    ids = patients["patient_id"].to_list()
    verdicts = {
        criterion.id: dict(zip(ids, judge_criterion(patients, criterion).to_list(), strict=True))
        for criterion in ordered
    }
    return RuleFamily(rules, partial(_judge_entry, rules=rules, ordered=ordered, verdicts=verdicts))


def _judge_entry(
    course: PatientCourse,
    *,
    rules: dict[str, ProtocolRule],
    ordered: list[Criterion],
    verdicts: dict[str, dict[str, bool | None]],
) -> Iterator[Judgment]:
    patient = course.patient
    if "ELIGIBLE" in rules:
        verdict = _ENTRY.get(patient["eligibility"], "not assessable")
        open_ = f"missing: {patient['missing_criteria']}"
        value = {"kept": "all met", "broken": f"not met: {patient['failed']}"}.get(verdict, open_)
        yield Judgment("ELIGIBLE", verdict, "subjects", patient["row"], 0, None, value)
    for criterion in ordered:
        holds = verdicts[criterion.id][patient["patient_id"]]
        given = patient[_column(criterion)]
        verdict = "not assessable" if holds is None or given is None else "kept" if holds else "broken"
        late = _days_after(given, [patient[name] for name in criterion.before])
        value = f"{_column(criterion)} {given or 'not recorded'}"
        yield Judgment("CONSENT-FIRST", verdict, "subjects", patient["row"], 0, late, value)


def _column(criterion: Criterion) -> str:
    return (criterion.include.column if criterion.include else None) or ""


def _days_after(given: Any, others: list[Any]) -> int | None:
    """Return how many days a date lies after the first of others, 0 where it does not; None where it is not known."""
    known = [other for other in others if isinstance(other, date)]
    return max(0, (given - min(known)).days) if isinstance(given, date) and known else None
