"""``oncohort demo``: the bundled study, written and run."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("demo")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("demo-run"),
    show_default=True,
    help="Folder for the results; the study itself is written into its private/study.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def command(out: Path, *, as_json: bool) -> None:
    """Write the bundled study of a published paper (326 synthetic patients, dated records) and run it."""
    from oncohort.cli.other_process import other_process
    from oncohort.cli.summary import in_words, summarize
    from oncohort.cli.tell import now, print_json, progress
    from oncohort.demo import demo_study
    from oncohort.intake.study import read_study
    from oncohort.pipeline import analyze_study
    from oncohort.report.drawings import figures_of
    from oncohort.writer.folder import refuse_foreign
    from oncohort.writer.run import write_run

    refuse_foreign(out)
    with progress("running the demo"), demo_study("sorafenib") as folder:
        content = read_study(folder)
        with other_process(len(figures_of(content.protocol))) as other:
            run = analyze_study(content)
            report = write_run(run, out, finished=now(), also=_write_study, other=other)
    summary = summarize(run, report, out)
    if as_json:
        print_json(summary)
    else:
        click.echo(in_words(summary))
        click.echo(f"study:  {out / 'private' / 'study'} (to change it, copy it first; then: oncohort run COPY)")


def _write_study(out: Path) -> None:
    from oncohort.demo import demo_study
    from oncohort.intake.scaffold import copy_study

    with demo_study("sorafenib") as folder:
        copy_study(folder, out / "private" / "study")
