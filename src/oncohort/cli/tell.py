"""What the commands print: progress on stderr, one summary on stdout, the same as JSON for machines."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from oncohort.study.findings import Finding, count_by_level

if TYPE_CHECKING:
    from oncohort.intake.record_checks import RuleSeen


@contextmanager
def progress(words: str) -> Iterator[None]:
    """Show what is being done while it is done, on a terminal only."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(words):
        yield


def now() -> datetime:
    """Return the time a manifest gives. The clock is read here and nowhere else."""
    return datetime.now(UTC)  # noqa: TID251


def print_json(content: dict[str, Any]) -> None:
    click.echo(json.dumps(content, indent=2, ensure_ascii=False))


def findings_as_json(findings: Sequence[Finding]) -> dict[str, Any]:
    return {"counts": count_by_level(findings), "findings": [asdict(finding) for finding in findings]}


def count_in_words(findings: Sequence[Finding]) -> str:
    """Return "2 errors, 1 note", or "no findings"."""
    counts = [
        f"{n} {level}{'s' if n > 1 and level != 'fatal' else ''}" for level, n in count_by_level(findings).items() if n
    ]
    return ", ".join(counts) or "no findings"


def checks_in_words(checks: Sequence[RuleSeen], *, each: bool) -> Iterator[str]:
    """Yield what the checks of a records study saw: one line for all, or a line for each."""
    if not checks:
        return
    for check in checks if each else ():
        lacking = f"not asked: no table {', '.join(check.absent)}" if check.absent else f"{check.records} records seen"
        yield f"{check.rule}: {lacking}, {check.found} found"
    silent = [check for check in checks if not check.found and not check.absent]
    asked = [check for check in checks if not check.absent]
    absent = sorted({table for check in checks for table in check.absent})
    without = f"; {len(checks) - len(asked)} were not asked, without the tables {', '.join(absent)}" if absent else ""
    seen = sum(check.records for check in silent)
    yield f"{len(asked)} checks asked, {len(silent)} found nothing in the {seen} records they saw{without}"
