"""``oncohort schedule``: what the written protocol says for a patient on a day."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oncohort.derive.advice import Advice, Ground


@click.command("schedule")
@click.argument("study", type=click.Path(path_type=Path))
@click.option("--patient", "patient_id", required=True, help="The patient, by the id in the records.")
@click.option("--on", "day", required=True, help="The day, as YYYY-MM-DD.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def command(study: Path, patient_id: str, day: str, *, as_json: bool) -> None:
    """Say what the written protocol of STUDY asks for on a day, from the records until then.

    Not for treatment decisions.
    """
    from dataclasses import asdict

    from oncohort.cli.tell import print_json, progress
    from oncohort.derive.advice import HEADING
    from oncohort.derive.schedule import advise
    from oncohort.intake.study import read_study
    from oncohort.pipeline import stop_if_grave

    on = _as_date(day)
    with progress("reading"):
        content = read_study(study)
        stop_if_grave(content.findings, content.protocol)
        advice = advise(content.records, content.protocol, patient_id, on=on)
    if as_json:
        print_json({"heading": HEADING, "study": content.protocol.study.title} | asdict(advice) | {"on": str(on)})
    else:
        click.echo("\n".join(_in_lines(advice, content.protocol.study.title)))


def _as_date(text: str) -> date:
    from oncohort.errors import UsageError

    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.isoformat() != text:
        raise UsageError(f'--on "{text}" is no date; a date as YYYY-MM-DD was expected')
    return found


def _in_lines(advice: Advice, title: str) -> Iterator[str]:
    from oncohort.derive.advice import HEADING

    yield f"{HEADING}."
    yield title
    yield f"What its protocol says for patient {advice.patient_id} on {advice.on} (day {advice.day}), from the records"
    yield "until that day:"
    for item in advice.items:
        yield ""
        yield f"{item.subject}: {item.answer}"
        if item.missing:
            yield f"  not decided; missing: {', '.join(item.missing)}"
        for ground in item.grounds:
            yield from _of_ground(ground)
    if advice.notes:
        yield ""
        yield from advice.notes


def _of_ground(ground: Ground) -> Iterator[str]:
    place = f" ({ground.file}, row {ground.row})" if ground.file else ""
    if ground.rule:
        yield f"  {ground.rule} “{ground.text}”, study.toml {ground.section}"
    yield f"    {ground.why}{place}"
