"""``oncohort``: the commands, what they print, and the exit codes of what goes wrong."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Final

import click

from oncohort.errors import OncohortError

COMMANDS: Final = {
    "demo": "Write the bundled sorafenib study and run it.",
    "new": "Begin a study, from a spreadsheet or empty.",
    "check": "Read a study, check it, and list what was found.",
    "run": "Run a study: report, tables, figures, numbers.",
    "info": "Versions, kernel, and what the profiles choose.",
}


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one when it is called: --help stays fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        return import_module(f"oncohort.cli.{cmd_name}").command if cmd_name in COMMANDS else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        from oncohort.study.words import did_you_mean

        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(f'there is no command "{args[0]}".{did_you_mean(args[0], COMMANDS)}', ctx)
        return super().resolve_command(ctx, args)


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 2 usage, 3 protocol, 4 data, 5 analysis impossible, 6 output.",
)
@click.version_option(package_name="oncohort", message="oncohort %(version)s")
def group() -> None:
    """An oncology cohort study, from one spreadsheet to a publication report."""


def main() -> None:
    """Run the command line; whatever oncohort refuses is one sentence on stderr and its exit code."""
    try:
        group(standalone_mode=False)
    except click.Abort:
        click.echo("stopped; nothing was written", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except OncohortError as error:
        click.echo(f"oncohort: {error}", err=True)
        sys.exit(error.exit_code)
