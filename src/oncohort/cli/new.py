"""``oncohort new``: a study folder, drafted from a spreadsheet or empty."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("new")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path),
    help="Spreadsheet with one row a patient (.csv, .xlsx, .parquet); its columns become the draft of study.toml.",
)
@click.option("--sheet", help="Sheet of the workbook, if it has several.")
def command(folder: Path, source: Path | None, sheet: str | None) -> None:
    """Begin a study in FOLDER. What only you can know is left to choose in its study.toml."""
    from oncohort.demo import demo_study
    from oncohort.errors import UsageError
    from oncohort.intake.scaffold import copy_study, scaffold_study

    if source is not None:
        study = scaffold_study(folder, source, sheet)
    elif sheet is not None:
        raise UsageError("--sheet names a sheet of the workbook that --from names; --from is missing")
    else:
        with demo_study("blank") as blank:
            study = copy_study(blank, folder)
    click.echo(f"{study.protocol_file}: {study.n_open} choices are still yours; each line says what can stand there")
    click.echo(f"then: oncohort check {folder}\n      oncohort run {folder}")
