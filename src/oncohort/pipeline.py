"""A study is a function from a protocol and records to results. This is the function."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from oncohort.analysis.beside import OwnRun, analyze_beside, memory_of_runs
from oncohort.analysis.plan import analyze_cohort
from oncohort.analysis.published import compare_published
from oncohort.derive.cohort import derive_cohort
from oncohort.derive.protocol_refusals import refuse_unruled
from oncohort.errors import DataError
from oncohort.intake.study import Study, read_study
from oncohort.report.glyphs import check_glyphs
from oncohort.report.patient_figures import find_lost_cases, tell_patients
from oncohort.study.findings import Finding, at_least, count_by_level
from oncohort.study.protocol import Protocol
from oncohort.study.recall import anew
from oncohort.study.records import with_headers
from oncohort.study.run import StudyRun


def run_study(path: str | Path) -> StudyRun:
    """Read a study from its folder or its ``study.toml``, and analyze it. Nothing is written.

    Parameters
    ----------
    path : str or Path
        The folder of the study, or its ``study.toml``.

    Returns
    -------
    StudyRun
        ``results.rows`` is the long table of every number; `write_run` makes a folder of it.

    Raises
    ------
    UsageError, ProtocolError, DataError, AnalysisError
        If there is no study, its protocol or its data cannot be used, or no patient is left.

    Examples
    --------
    >>> from oncohort.demo import demo_study
    >>> with demo_study("sorafenib_table") as folder:
    ...     run = run_study(folder)
    >>> run.results.text("survival", "median", endpoint="OS")
    '10.5'
    """
    return analyze_study(read_study(Path(path)))


def analyze_study(study: Study) -> StudyRun:
    """Derive the cohort and analyze it, unless a finding is as grave as the protocol's ``checks.stop_at``."""
    protocol, profile = study.protocol, study.protocol.study.beside
    recall = anew if profile is None else memory_of_runs()
    refuse_unruled(protocol)
    stop_if_grave(study.findings, protocol)
    cohort, found = derive_cohort(study.records, protocol, recall)
    derived = with_headers(found, study.records)
    stop_if_grave([*derived, *find_lost_cases(cohort, protocol)], protocol)
    results, guarded = analyze_cohort(cohort, protocol, recall)
    results, told = compare_published(results, study.published, protocol)
    findings = (
        *study.findings,
        *derived,
        *guarded,
        *told,
        *tell_patients(cohort, protocol),
        *check_glyphs(protocol, results),
    )
    own = OwnRun(study.records, protocol, cohort, results, recall)
    find_beside = (lambda: None) if profile is None else partial(analyze_beside, own, profile)
    return StudyRun(protocol, study.protocol_sha256, study.records, cohort, results, findings, find_beside)


def stop_if_grave(findings: Sequence[Finding], protocol: Protocol) -> None:
    """Raise DataError with the findings at or above ``checks.stop_at``, the first twenty in full."""
    grave = [finding for finding in findings if at_least(finding.level, protocol.checks.stop_at)]
    if not grave:
        return
    lines = [f"{finding.level}: {finding.in_full()}" for finding in grave[:20]]
    if len(grave) > len(lines):
        counts = ", ".join(f"{n} {level}" for level, n in count_by_level(grave).items() if n)
        lines.append(f"… {len(grave)} findings in all ({counts}); oncohort check lists them")
    raise DataError("\n".join(lines))
