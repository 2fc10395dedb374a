"""The whole program as a user runs it: a process from the command to the finished folder."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from data import make_cohort, write_study
from measure import Spread, spread_of

_CHILD = Path(__file__).with_name("child.py")


@dataclass(frozen=True, slots=True)
class WholeRun:
    """A command, its seconds and its largest memory over ``rounds`` runs."""

    name: str
    n: int
    rounds: int
    wall: Spread
    cpu: Spread
    peak_mb: Spread


def time_demo(place: Path, rounds: int) -> WholeRun:
    """Time ``oncohort demo``: 110 patients, all tables and figures, both documents."""
    return time_command("oncohort demo", 110, ["demo", "--out", str(place / "demo")], rounds)


def time_study(place: Path, n: int, rounds: int) -> WholeRun:
    """Time ``oncohort run`` on a generated table study of n patients, a CSV file."""
    folder = place / f"study-{n}"
    write_study(make_cohort(n), folder)
    return time_command("oncohort run", n, ["run", str(folder), "--out", str(place / f"run-{n}")], rounds)


def time_command(name: str, n: int, arguments: Sequence[str], rounds: int) -> WholeRun:
    """Time a command of oncohort from the start of its process to its end."""
    costs = [_cost(arguments) for _ in range(rounds)]
    wall, cpu, peak = (spread_of([cost[key] for cost in costs]) for key in ("wall", "cpu", "peak_mb"))
    return WholeRun(name, n, rounds, wall, cpu, peak)


def _cost(arguments: Sequence[str]) -> dict[str, float]:
    command = [sys.executable, str(_CHILD), sys.executable, "-m", "oncohort", *arguments]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
