"""Who may enter, who was treated, who is analyzed: the verdict of every criterion, and a flow whose numbers add up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from oncohort.study.cohort import FlowPart, FlowStep
from oncohort.study.conditions import judge_eligibility, judge_failures, judge_reason
from oncohort.study.dictionary import Template
from oncohort.study.findings import Finding
from oncohort.study.protocol import ANY_OTHER, Protocol, Reason


@dataclass(frozen=True, slots=True)
class Entry:
    """The analyzed patients, the steps that lead to them, and the treated who should not have been.

    ``patient_id`` are the analyzed, in the order of ``subjects``. ``aside`` counts the treated patients who failed a
    criterion: all of them, and under each criterion those who failed it (a patient may have failed several).
    """

    patient_id: tuple[str, ...]
    flow: tuple[FlowStep, ...]
    aside: tuple[FlowPart, ...]
    findings: tuple[Finding, ...]


def derive_eligibility(patients: pl.DataFrame, protocol: Protocol) -> pl.DataFrame:
    """Return ``eligibility``, ``failed`` and ``missing_criteria`` of every screened patient."""
    verdicts = judge_eligibility(patients, protocol.criterion)
    return patients.select("patient_id").with_columns(
        pl.Series("eligibility", [verdict.status for verdict in verdicts], dtype=pl.String),
        pl.Series("failed", ["; ".join(verdict.failed) for verdict in verdicts], dtype=pl.String),
        pl.Series("missing_criteria", ["; ".join(verdict.missing) for verdict in verdicts], dtype=pl.String),
    )


def derive_entry(patients: pl.DataFrame, protocol: Protocol, template: Template, file: str) -> Entry:
    """Return who is analyzed and why the others are not; each screened patient is in the flow exactly once.

    Without ``[population]`` the treated are analyzed. Whoever is not has the first reason of the protocol that holds;
    reasons are asked of those who are still there, so that the steps add up. Without a first dose there is no time
    zero: nobody who was not treated can be analyzed. ``template`` says in words what a column is about.
    """
    asked = protocol.population.analysis if protocol.population else "treated"
    analyzed = patients["treated"]
    if asked == "eligible":
        analyzed &= patients["eligibility"] == "INCLUDED"
    out = patients.filter(~analyzed)
    steps: list[FlowStep] = []
    n_in, left = patients.height, out
    for step_id, label, holds, split, declared in _reasons(out, protocol):
        leaving = left.filter(pl.col("patient_id").is_in(out.filter(holds)["patient_id"].to_list()))
        if leaving.height or declared:
            steps.append(FlowStep(step_id, label, n_in, leaving.height, _parts(leaving, split, template)))
        n_in -= leaving.height
        left = left.join(leaving.select("patient_id"), on="patient_id", how="anti", maintain_order="left")
    chosen = patients.filter(analyzed)
    steps.append(FlowStep("analyzed", "Analyzed", chosen.height, 0))
    ineligible = chosen.filter(pl.col("eligibility") == "EXCLUDED")
    return Entry(
        tuple(chosen["patient_id"].to_list()),
        tuple(steps),
        tuple(_aside(ineligible, protocol)),
        tuple(_findings(chosen, protocol, file)),
    )


def _reasons(out: pl.DataFrame, protocol: Protocol) -> Iterator[tuple[str, str, pl.Series, tuple[str, ...], bool]]:
    """Yield id, label, whom it holds for, its split and whether the protocol declares it, of each reason in turn."""
    failures = judge_failures(out, protocol.criterion)
    for reason_id, reason in zip(protocol.flow.reason_ids(), protocol.flow.reason, strict=True):
        yield reason_id, reason.label, judge_reason(out, reason, failures).fill_null(value=False), reason.split, True
    rest = Reason(label="Other criteria", when=ANY_OTHER)
    yield "other_criteria", rest.label, judge_reason(out, rest, failures).fill_null(value=False), (), False
    open_ = out["eligibility"] == "UNDETERMINED"
    yield "undetermined", "Eligibility not determined", open_, (), False
    yield "not_treated", "Eligible, not treated", ~open_, (), False


def _parts(leaving: pl.DataFrame, split: tuple[str, ...], template: Template) -> tuple[FlowPart, ...]:
    """Return how many of those who leave have a Y in each column; a patient may be counted in several."""
    return tuple(
        FlowPart(
            column.partition(".")[2] or column,
            _in_words(column, template),
            leaving.filter(pl.col(column) == "Y").height,
        )
        for column in split
    )


def _in_words(column: str, template: Template) -> str:
    """Return what a column of the template is about, or its name, as a label."""
    table, _, name = column.rpartition(".")
    found = template[table].find(name) if table in template else None
    words = found.help.removesuffix(" before sorafenib") if found else name.replace("_", " ")
    return f"{words[:1].upper()}{words[1:]}"


def _aside(ineligible: pl.DataFrame, protocol: Protocol) -> Iterator[FlowPart]:
    """Yield the treated who failed a criterion: all, then under each criterion that anybody failed."""
    if not ineligible.height:
        return
    yield FlowPart("", "Treated although not eligible", ineligible.height)
    failed = [ids.split("; ") for ids in ineligible["failed"].to_list()]
    for criterion in protocol.criterion:
        n = sum(criterion.id in ids for ids in failed)
        if n:
            yield FlowPart(criterion.id, criterion.label or criterion.id, n)


def _findings(chosen: pl.DataFrame, protocol: Protocol, file: str) -> Iterator[Finding]:
    labels = {criterion.id: criterion.label or criterion.id for criterion in protocol.criterion}
    columns = ("patient_id", "row", "eligibility", "failed", "missing_criteria")
    for patient_id, row, status, failed, missing in chosen.select(columns).rows():
        place = {"file": file, "row": row, "patient_id": patient_id}
        for name in failed.split("; ") if status == "EXCLUDED" else ():
            sentence = f"a patient was treated who does not meet the criterion “{labels[name]}”"
            yield Finding("error", "INELIGIBLE-TREATED", sentence, **place, value=name)
        if status == "UNDETERMINED":
            sentence = "a patient was treated whose eligibility cannot be judged"
            yield Finding("warning", "ELIGIBILITY-OPEN", sentence, **place, value=missing)
