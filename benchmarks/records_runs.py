"""Records studies from their tables to their results, stage by stage, and as a user runs them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from measure import Spread, spread_of
from records_data import write_records_study
from whole_runs import WholeRun, time_command

SIZES: Final = (326, 1_000, 10_000)
STAGES: Final = ("reading", "checking", "deriving", "analyzing")

_CHILD: Final = Path(__file__).with_name("records_child.py")


@dataclass(frozen=True, slots=True)
class StageCost:
    """Seconds of a stage over the rounds."""

    wall: Spread
    cpu: Spread


@dataclass(frozen=True, slots=True)
class RecordsRun:
    """What n screened patients cost: each stage, up to each stage, the peak up to the results, and the whole run."""

    n: int
    n_records: int
    rounds: int
    stages: dict[str, StageCost]
    up_to: dict[str, StageCost]
    peak_mb: Spread
    whole: WholeRun


def time_records_studies(place: Path, *, quick: bool) -> Iterator[RecordsRun]:
    """Yield the cost of each size; ``quick`` is the smallest, once."""
    for n in SIZES[:1] if quick else SIZES:
        yield _time(place, n, 1 if quick or n == SIZES[-1] else 3)


def _time(place: Path, n: int, rounds: int) -> RecordsRun:
    folder = place / f"records-{n}"
    n_records = write_records_study(n, folder)
    command = [sys.executable, str(_CHILD), str(folder)]
    told = [
        json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout) for _ in range(rounds)
    ]
    costs = [cost["stages"] for cost in told]
    whole = time_command("oncohort run", n, ["run", str(folder), "--out", str(place / f"records-run-{n}")], rounds)
    return RecordsRun(
        n=n,
        n_records=n_records,
        rounds=rounds,
        stages={stage: _sum(costs, (stage,)) for stage in STAGES},
        up_to={stage: _sum(costs, STAGES[: k + 1]) for k, stage in enumerate(STAGES)},
        peak_mb=spread_of([cost["peak_mb"] for cost in told]),
        whole=whole,
    )


def _sum(costs: list[dict[str, dict[str, float]]], stages: tuple[str, ...]) -> StageCost:
    """Return the spread, over the rounds, of the time of some stages together."""
    wall, cpu = (
        spread_of([sum(cost[stage][clock] for stage in stages) for cost in costs]) for clock in ("wall", "cpu")
    )
    return StageCost(wall, cpu)
