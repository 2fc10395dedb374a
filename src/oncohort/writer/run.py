"""A run, written: the report, the numbers, the figures, the manifest, and the private folder."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import fields
from datetime import datetime
from pathlib import Path

from oncohort.report.assemble import Report, assemble_report
from oncohort.report.docx import render_docx
from oncohort.report.facts import StudyFacts
from oncohort.report.html import render_html
from oncohort.study.findings import Finding
from oncohort.study.run import StudyRun
from oncohort.writer.datasets import write_datasets
from oncohort.writer.folder import MANIFEST, whole_folder
from oncohort.writer.manifest import describe_run, software
from oncohort.writer.patients import hide_patients, write_patients
from oncohort.writer.profiles import write_profiles
from oncohort.writer.results import as_csv, write_results, write_tables
from oncohort.writer.verify import write_verification


def write_run(
    run: StudyRun,
    out: Path,
    *,
    finished: datetime,
    also: Callable[[Path], None] | None = None,
    other: Executor | None = None,
) -> Report:
    """Write a run as a folder, whole or not at all, and return the report it holds.

    No patient identifier and no row of a patient stands outside ``private/``.

    Parameters
    ----------
    run : StudyRun
        What `run_study` returned.
    out : Path
        A new folder, or an earlier run that is replaced.
    finished : datetime
        The time that the manifest gives; no other file holds a clock.
    also : callable, optional
        Gets the new folder before it takes its place, and may write more into it.
    other : concurrent.futures.Executor, optional
        Another process, which draws part of the figures. The files are the same with and without it.

    Raises
    ------
    OutputError
        If ``out`` is something else than a new folder or an earlier run, or cannot be written.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from tempfile import TemporaryDirectory
    >>> from oncohort.demo import demo_study
    >>> from oncohort.pipeline import run_study
    >>> with demo_study("sorafenib_table") as folder, TemporaryDirectory() as place:
    ...     _ = write_run(run_study(folder), Path(place) / "run", finished=datetime(2026, 1, 1, tzinfo=UTC))
    ...     (Path(place) / "run" / "report.html").is_file()
    True
    """
    facts = StudyFacts(
        run.protocol, run.results, run.cohort, run.findings, run.records.sources, software(), lambda: run.beside
    )
    report = assemble_report(facts, other)
    with whole_folder(out) as folder:
        (folder / "report.html").write_text(render_html(report.document), encoding="utf-8", newline="")
        (folder / "report.docx").write_bytes(render_docx(report.document))
        write_results(run.results, folder, run.protocol.privacy.min_cell)
        if run.beside is not None:
            write_profiles(run.beside, folder)
        write_tables(report.tables, folder / "tables")
        _write_figures(report, folder / "figures")
        write_verification(run.protocol, folder)
        private = folder / "private"
        write_datasets(run.cohort, run.protocol, private / "datasets")
        write_patients(run.cohort, run.protocol, private / "patients")
        _write_findings(run.findings, private)
        manifest = describe_run(
            hide_patients(run.protocol), run.protocol_sha256, run.records.sources, run.findings, finished
        )
        if also is not None:
            also(folder)
        (folder / MANIFEST).write_text(manifest, encoding="utf-8", newline="")
    return report


def _write_figures(report: Report, folder: Path) -> None:
    folder.mkdir()
    for number, drawing in report.figures:
        (folder / f"figure_{number}.svg").write_text(drawing.svg, encoding="utf-8", newline="")
        (folder / f"figure_{number}.pdf").write_bytes(drawing.pdf)
        (folder / f"figure_{number}.png").write_bytes(drawing.png)


def _write_findings(findings: tuple[Finding, ...], folder: Path) -> None:
    columns = [field.name for field in fields(Finding)]
    rows = (["" if value is None else str(value) for value in (getattr(f, c) for c in columns)] for f in findings)
    (folder / "findings.csv").write_text(as_csv(columns, rows), encoding="utf-8", newline="")
