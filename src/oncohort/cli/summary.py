"""The summary of a run: one screen of words, or the same as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from oncohort.cli.tell import count_in_words
from oncohort.report.assemble import Report
from oncohort.report.names import interval_name
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
        "tables": len(report.tables),
        "figures": len(report.figures),
        "findings": count_by_level(run.findings),
        "findings_in_words": count_in_words(run.findings),
        "report": str(out / "report.html"),
        "document": str(out / "report.docx"),
        "results": str(out / "results.csv"),
    }


def in_words(summary: dict[str, Any]) -> str:
    """Return the summary as a few lines."""
    patients = summary["patients"]
    lines = [f"{summary['study']}{' (synthetic data)' if summary['synthetic'] else ''}"]
    read = plural(patients["read"], "patient")
    lines += [f"  {patients['analyzed']} of {read} analyzed; {summary['findings_in_words']}"]
    for name, told in summary["endpoints"].items():
        limits = f"({told['interval']} {format_interval(told['conf_low'], told['conf_high'])})"
        lines += [f"  {name}: {plural(told['n_event'], 'event')}, median {told['median']} {limits}"]
    lines += [f"  {plural(summary['tables'], 'table')}, {plural(summary['figures'], 'figure')}"]
    lines += [f"report: {summary['report']}", f"        {summary['document']}"]
    return "\n".join(lines)
