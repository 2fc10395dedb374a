"""``oncohort``: the commands, what they print, and the exit codes of what goes wrong."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import FrameType
from typing import Final, NoReturn

import click

from oncohort.errors import OncohortError, OutputError

COMMANDS: Final = {
    "demo": "Write the bundled study of a published paper and run it.",
    "new": "Begin a study, from a spreadsheet or empty.",
    "check": "Read a study, check it, and list what was found.",
    "run": "Run a study: report, tables, figures, numbers.",
    "simulate": "Make a synthetic cohort for a protocol, from counts and medians.",
    "schedule": "What the written protocol says for a patient on a day.",
    "info": "Versions, kernel, and what the profiles choose.",
}


class Terminated(BaseException):
    """SIGTERM was received."""


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


_RARELY = (50_000, 20, 100)
"""A run makes hundreds of thousands of rows that live to its end: looking for dead ones less often saves a sixth."""


def main() -> None:
    """Run the command line; whatever oncohort refuses is one sentence on stderr and its exit code."""
    gc.set_threshold(*_RARELY)
    try:
        with _stopped_by_sigterm():
            group(standalone_mode=False)
    except click.Abort:
        click.echo("stopped; nothing was written", err=True)
        sys.exit(130)
    except Terminated:
        click.echo("stopped; nothing was written", err=True)
        sys.exit(143)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except OncohortError as error:
        click.echo(f"oncohort: {error}", err=True)
        sys.exit(error.exit_code)
    except OSError as error:
        if error.filename is not None:
            raise
        click.echo(f"oncohort: standard output cannot be written ({error.strerror})", err=True)
        _discard_output()
        sys.exit(OutputError.exit_code)


@contextmanager
def _stopped_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end the block as an exception, so that what was begun is cleaned up; a second one is not heard."""

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        del frame
        signal.signal(number, signal.SIG_IGN)
        raise Terminated

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)


def _discard_output() -> None:
    """Send what is still to be printed nowhere: Python would try once more when it ends, and fail aloud."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
