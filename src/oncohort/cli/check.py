"""``oncohort check``: the findings, and whether a run may be trusted."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click


@click.command("check")
@click.argument("study", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the findings, and what every check saw, as JSON.")
@click.option("--checks", "each", is_flag=True, help="Say of every check of a records study how many records it saw.")
def command(study: Path, *, as_json: bool, each: bool) -> None:
    """Read and check STUDY, a folder or its study.toml.

    Exit code 3 if a run would refuse the protocol, 4 if a finding is fatal or an error.
    """
    from oncohort.cli.tell import checks_in_words, count_in_words, findings_as_json, print_json, progress
    from oncohort.derive.protocol_refusals import find_unscheduled, refuse_unruled
    from oncohort.errors import DataError
    from oncohort.intake.study import read_study
    from oncohort.study.findings import LEVELS, at_least

    with progress("reading"):
        content = read_study(study)
    refuse_unruled(content.protocol)
    told = (*content.findings, *find_unscheduled(content.protocol))
    findings = sorted(told, key=lambda finding: LEVELS.index(finding.level))
    if as_json:
        print_json(findings_as_json(findings) | {"checks": [asdict(seen) for seen in content.seen]})
    else:
        for finding in findings:
            click.echo(f"{finding.level}: {finding.in_full()}")
        for line in checks_in_words(content.seen, each=each):
            click.echo(line)
        sources = ", ".join(f"{s.name}: {s.n_rows} rows, {s.n_columns} columns" for s in content.records.sources)
        click.echo(f"checked {sources}; {count_in_words(findings)}")
    grave = [finding for finding in findings if at_least(finding.level, "error")]
    if grave:
        raise DataError(f"{study}: {count_in_words(grave)} to mend in the data or in study.toml")
