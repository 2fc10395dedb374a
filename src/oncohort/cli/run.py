"""``oncohort run``: the whole pipeline."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("run")
@click.argument("study", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder for the results; default: run, in the study's folder."
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def command(study: Path, out: Path | None, *, as_json: bool) -> None:
    """Run STUDY, a folder or its study.toml: report, tables, figures and numbers."""
    from oncohort.cli.other_process import other_process
    from oncohort.cli.summary import in_words, summarize
    from oncohort.cli.tell import now, print_json, progress
    from oncohort.intake.study import read_study
    from oncohort.pipeline import analyze_study
    from oncohort.report.drawings import figures_of
    from oncohort.writer.folder import refuse_around, refuse_foreign
    from oncohort.writer.run import write_run

    with progress("reading"):
        content = read_study(study)
    target = out or content.folder / "run"
    refuse_foreign(target)
    refuse_around(target, content.folder)
    with other_process(len(figures_of(content.protocol))) as other:
        with progress("analyzing"):
            run = analyze_study(content)
        with progress("writing tables and figures"):
            report = write_run(run, target, finished=now(), other=other)
    summary = summarize(run, report, target)
    if as_json:
        print_json(summary)
    else:
        click.echo(in_words(summary))
