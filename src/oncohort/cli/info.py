"""``oncohort info``: what is installed, and what the profiles choose."""

from __future__ import annotations

import click


@click.command("info")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def command(*, as_json: bool) -> None:
    """Show versions, the kernel that runs, and the choices of each profile."""
    from oncohort.cli.tell import print_json
    from oncohort.stats import kernel
    from oncohort.study.profiles import CLINICAL_PROFILES, COMPETING_PROFILES, EVERY_PROFILE, PROFILES, SUMMARY
    from oncohort.writer.manifest import versions

    if as_json:
        print_json({"versions": versions(), "kernel": kernel.name(), "profiles": EVERY_PROFILE})
        return
    for name, number in versions().items():
        click.echo(f"{name:<12} {number}")
    click.echo(f"{'kernel':<12} {kernel.name()}\n")
    for name, words in SUMMARY.items():
        click.echo(f'profile "{name}": {words}')
    for head, choices in (
        ("choice", PROFILES),
        ("with competing events", COMPETING_PROFILES),
        ("in a records study", CLINICAL_PROFILES),
    ):
        click.echo(f"\n{head:<32} {'paper':<26} guideline")
        for key, values in choices.items():
            paper, guideline = (_in_words(values[name]) for name in ("paper", "guideline"))
            click.echo(f"{key:<32} {paper:<26} {guideline}")


def _in_words(value: object) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)
