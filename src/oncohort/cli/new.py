"""``oncohort new``: a study folder, drafted from a spreadsheet or empty."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from oncohort.intake.scaffold import Scaffold
    from oncohort.writer.template import TemplateFormat

_TO_FILL: Final[dict[TemplateFormat, str]] = {
    "xlsx": "data/records.xlsx: the tables to fill, a sheet each; its first sheet says how",
    "csv": "data: the tables to fill, a file each",
    "redcap": "dictionary.csv: the data dictionary to upload to REDCap; put what it exports into data, a file a table",
}


@click.command("new")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path),
    help="Table with one row a patient (.csv, .xlsx, .parquet, .sav, .dta …), to draft study.toml from.",
)
@click.option("--sheet", help="Sheet of the workbook, if it has several.")
@click.option(
    "--kind",
    type=click.Choice(["table", "records"]),
    default="table",
    show_default=True,
    help="table: one row a patient, with times and events; records: dated tables, from which these are derived.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["xlsx", "csv", "redcap"]),
    help="What records are entered in: a workbook (the default), CSV files, or REDCap (a data dictionary).",
)
def command(
    folder: Path,
    source: Path | None,
    sheet: str | None,
    kind: str,
    form: TemplateFormat | None,
) -> None:
    """Begin a study in FOLDER. What only you can know is left to choose in its study.toml."""
    from oncohort.demo import demo_study
    from oncohort.errors import UsageError
    from oncohort.intake.scaffold import copy_study, scaffold_study

    if kind == "records" and (source is not None or sheet is not None):
        raise UsageError("--from drafts a study with one row a patient; --kind records has tables of its own to fill")
    if kind == "table" and form is not None:
        raise UsageError("--format says what records are entered in; --kind records is missing")
    if kind == "records":
        study = _new_records_study(folder, form or "xlsx")
    elif source is not None:
        study = scaffold_study(folder, source, sheet)
    elif sheet is not None:
        raise UsageError("--sheet names a sheet of the workbook that --from names; --from is missing")
    else:
        with demo_study("blank") as blank:
            study = copy_study(blank, folder)
    click.echo(f"{study.protocol_file}: {study.n_open} choices are still yours; each line says what can stand there")
    click.echo(f"then: oncohort check {folder}\n      oncohort run {folder}")


def _new_records_study(folder: Path, form: TemplateFormat) -> Scaffold:
    from oncohort.demo import demo_study
    from oncohort.intake.scaffold import copy_study
    from oncohort.study.template_tables import TEMPLATE
    from oncohort.writer.template import template_files

    with demo_study("blank_records") as blank:
        study = copy_study(blank, folder, template_files(TEMPLATE, form).items())
    click.echo(f"{folder}/{_TO_FILL[form]}")
    return study
