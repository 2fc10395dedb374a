"""``oncohort simulate``: a synthetic cohort for a protocol, from published counts and medians."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from oncohort.simulate.cohort import Synthetic
    from oncohort.simulate.margins import Margins
    from oncohort.simulate.outline import Outline
    from oncohort.study.protocol import Protocol


@click.command("simulate")
@click.argument("study", type=click.Path(path_type=Path))
@click.option(
    "--margins",
    "margins_file",
    type=click.Path(path_type=Path),
    required=True,
    help="TOML file with the counts and medians that the patients shall have.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), required=True, help="Of all random numbers: the same seed, the same files."
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="New folder for the synthetic study.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def command(study: Path, margins_file: Path, seed: int, out: Path, *, as_json: bool) -> None:
    """Make synthetic records for the protocol of STUDY, a study.toml or its folder; data of STUDY are not read."""
    from oncohort.cli.tell import print_json, progress
    from oncohort.simulate.cohort import simulate_cohort
    from oncohort.simulate.draw import draw_outlines
    from oncohort.simulate.draw_survival import calendar_of
    from oncohort.simulate.parse_margins import parse_margins
    from oncohort.simulate.study_text import refuse_own_files
    from oncohort.writer.synthetic import OUTLINES, Recipe, refuse_filled, write_synthetic

    refuse_filled(out)
    with progress("drawing patients"):
        file, text, protocol = _read_protocol(study)
        refuse_own_files(protocol, file.name)
        told = _read_margins(margins_file)
        margins = parse_margins(told, margins_file.name, protocol)
        given, content = _read_outlines(margins_file, margins, protocol)
        outlines = draw_outlines(margins, protocol, seed, margins_file.name, given)
        if given:
            _require_margins(margins, outlines, protocol, (told, margins_file.name))
        cohort = simulate_cohort(outlines, protocol, seed, cutoff=calendar_of(margins, protocol).cutoff)
    recipe = Recipe(
        study=text,
        margins=told,
        outlines=content,
        outlines_name=margins.patients.file or OUTLINES,
        published=_read_published(file, protocol),
        seed=seed,
        command=f"oncohort simulate study.toml --margins margins.toml --seed {seed} --out FOLDER",
    )
    with progress("writing"):
        write_synthetic(cohort, protocol, recipe, out)
    summary = _summarize(cohort, seed, out)
    if as_json:
        print_json(summary)
    else:
        click.echo(_in_words(summary))


def _read_protocol(study: Path) -> tuple[Path, str, Protocol]:
    from oncohort.errors import UsageError
    from oncohort.intake.plain_text import read_plain_text
    from oncohort.intake.presets import read_presets
    from oncohort.intake.study import PROTOCOL_FILE
    from oncohort.study.parse import parse_protocol
    from oncohort.study.template_tables import TEMPLATE

    file = study / PROTOCOL_FILE if study.is_dir() else study
    if not file.is_file():
        raise UsageError(f"{study}: there is no {PROTOCOL_FILE} there; a protocol was expected")
    text = read_plain_text(file)
    return file, text, parse_protocol(text, file.name, read_presets(), template=TEMPLATE)


def _read_margins(file: Path) -> str:
    from oncohort.errors import UsageError
    from oncohort.intake.plain_text import read_plain_text

    if not file.is_file():
        raise UsageError(f"{file}: there is no such file; --margins names a TOML file with counts and medians")
    return read_plain_text(file)


def _read_outlines(
    margins_file: Path, margins: Margins, protocol: Protocol
) -> tuple[tuple[Outline, ...], bytes | None]:
    """Return the patients that the margins give one by one, with the bytes of their file; none where they do not."""
    from oncohort.errors import ProtocolError
    from oncohort.intake.delimited import decode_text, split_rows
    from oncohort.simulate.outline_table import read_outlines
    from oncohort.study.protocol import FileFormat

    name = margins.patients.file
    if name is None:
        return (), None
    try:
        content = (margins_file.parent / name).read_bytes()
    except OSError as error:
        raise ProtocolError(f"{margins_file.name} patients.file: {name} cannot be read ({error.strerror})") from error
    spec = FileFormat(delimiter=",")
    rows, _, _ = split_rows(decode_text(content, spec, name)[0], spec, name)
    header, *patients = rows or [[]]
    return read_outlines(header, patients, name, margins.patients.adverse_events, protocol), content


def _require_margins(
    margins: Margins, outlines: tuple[Outline, ...], protocol: Protocol, source: tuple[str, str]
) -> None:
    """Raise DataError if patients given one by one do not have the margins; ``source`` is their text and file."""
    from oncohort.errors import DataError
    from oncohort.simulate.tally import disagreements
    from oncohort.study.toml_lines import locate_keys
    from oncohort.study.validation import in_one_line

    text, name = source
    lines = locate_keys(text)
    told = [
        in_one_line(name, lines.line_of(path), {}, path, sentence)
        for path, sentence in disagreements(margins, outlines, protocol)
    ]
    if told:
        raise DataError("\n".join(told))


def _read_published(file: Path, protocol: Protocol) -> dict[str, bytes]:
    """Return the file of published numbers that the protocol names: the synthetic study needs it as well."""
    from oncohort.errors import ProtocolError

    if protocol.published is None:
        return {}
    name = protocol.published.file
    try:
        return {name: (file.parent / name).read_bytes()}
    except OSError as error:
        raise ProtocolError(f"{file.name} published.file: {name} cannot be read ({error.strerror})") from error


def _summarize(cohort: Synthetic, seed: int, out: Path) -> dict[str, Any]:
    return {
        "out": str(out),
        "synthetic": True,
        "seed": seed,
        "screened": len(cohort.outlines),
        "treated": sum(outline.course is not None for outline in cohort.outlines),
        "rows": {name: len(rows) for name, rows in cohort.tables.items()},
        "deviations": dict(sorted(Counter(found.rule for found in cohort.planted).items())),
    }


def _in_words(summary: dict[str, Any]) -> str:
    from oncohort.study.words import plural

    n_rows, n_deviations = sum(summary["rows"].values()), sum(summary["deviations"].values())
    who = f"{plural(summary['screened'], 'synthetic patient')}, {summary['treated']} of them treated"
    return "\n".join(
        [
            f"{summary['out']}: {who}",
            f"{n_rows} rows of records; {plural(n_deviations, 'deviation')} from the protocol, listed in truth.csv",
            f"then: oncohort check {summary['out']}\n      oncohort run {summary['out']}",
        ]
    )
