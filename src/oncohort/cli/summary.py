"""The summary of a run: one screen of words, or the same as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from oncohort.cli.tell import count_in_words
from oncohort.report.assemble import Report
from oncohort.report.names import interval_name
from oncohort.study.compared import tally
from oncohort.study.findings import count_by_level
from oncohort.study.run import StudyRun
from oncohort.study.text import format_interval
from oncohort.study.words import plural


def summarize(run: StudyRun, report: Report, out: Path) -> dict[str, Any]:
    """Return what a run did: patients, events, medians, findings, and where everything is."""
    results = run.results
    endpoints = {
        endpoint.id: {
            name: results.text("survival", name, endpoint=endpoint.id)
            for name in ("n", "n_event", "median", "conf_low", "conf_high")
        }
        | {"interval": interval_name(run.protocol)}
        for endpoint in run.protocol.endpoint
    }
    return {
        "study": run.protocol.study.title,
        "synthetic": run.protocol.study.synthetic,
        "patients": {level: int(results.text("flow", "n", level=level)) for level in ("read", "analyzed")},
        "endpoints": endpoints,
        "published": _published(run),
        "tables": len(report.tables),
        "figures": len(report.figures),
        "findings": count_by_level(run.findings),
        "findings_in_words": count_in_words(run.findings),
        "report": str(out / "report.html"),
        "document": str(out / "report.docx"),
        "results": str(out / "results.csv"),
        "beside_published": str(out / "published.csv") if run.results.published else None,
    }


def _published(run: StudyRun) -> dict[str, int] | None:
    """Return how many published results were compared and how they came out; None where the study names none."""
    compared = run.results.published
    if compared is None:
        return None
    counts = tally(item for item in compared.numbers if item.number.cls == "result")
    return {"results": sum(counts.values()), **counts}


def in_words(summary: dict[str, Any]) -> str:
    """Return the summary as a few lines."""
    patients = summary["patients"]
    lines = [f"{summary['study']}{' (synthetic data)' if summary['synthetic'] else ''}"]
    read = plural(patients["read"], "patient")
    lines += [f"  {patients['analyzed']} of {read} analyzed; {summary['findings_in_words']}"]
    for name, told in summary["endpoints"].items():
        limits = f"({told['interval']} {format_interval(told['conf_low'], told['conf_high'])})"
        lines += [f"  {name}: {plural(told['n_event'], 'event')}, median {told['median']} {limits}"]
    if summary["published"]:
        told = summary["published"]
        equal = f"{told['equal']} of {told['results']} results come out as printed, {told['differs']} differ"
        lines += [f"  published: {equal}; number by number in {summary['beside_published']}"]
    lines += [f"  {plural(summary['tables'], 'table')}, {plural(summary['figures'], 'figure')}"]
    lines += [f"report: {summary['report']}", f"        {summary['document']}"]
    return "\n".join(lines)
