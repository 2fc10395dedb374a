"""What records studies cost, as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from records_runs import STAGES, RecordsRun, StageCost
from table import RUN_HEADS, run_row
from wording import seconds, spread, table, three_digits, verdict

BEGIN, END = "<!-- records: begin -->", "<!-- records: end -->"
_SMALL_AIM = 3.0  # seconds of CPU, 326 patients up to deriving
_LARGE_AIM = 60.0  # seconds of CPU, 10,000 patients up to the results
_MEMORY_AIM = 4_000.0  # MB


@dataclass(frozen=True, slots=True)
class RecordsResults:
    """All that was measured of records studies."""

    machine: dict[str, str]
    runs: tuple[RecordsRun, ...]


def render(results: RecordsResults) -> str:
    """Return the tables of records studies as Markdown."""
    parts = [
        "### Stages",
        "CPU of all threads, median (range over the rounds), without imports; peak memory up to the results.",
        table(
            ("Patients", "Records", "Rounds", *(stage.capitalize() for stage in STAGES), "Together", "Peak memory"),
            [_row(run) for run in results.runs],
        ),
        "### Whole runs",
        table(RUN_HEADS, [run_row(run.whole) for run in results.runs]),
        "### Aims",
        table(("Aim", "Measured", "Verdict"), list(_aims(results.runs))),
        "### Machine",
        table(("", ""), list(results.machine.items())),
    ]
    return "\n\n".join(parts) + "\n"


def _row(run: RecordsRun) -> tuple[str, ...]:
    stages = (spread(run.stages[stage].cpu) for stage in STAGES)
    together = _both(run.up_to[STAGES[-1]])
    return (f"{run.n:,}", f"{run.n_records:,}", str(run.rounds), *stages, together, f"{run.peak_mb.median:,.0f} MB")


def _both(cost: StageCost) -> str:
    return f"{seconds(cost.cpu.median)}; wall {seconds(cost.wall.median)}"


def _aims(runs: Sequence[RecordsRun]) -> Iterable[tuple[str, ...]]:
    small, middle, large = runs
    derived, analyzed = small.up_to["deriving"], large.up_to["analyzing"]
    yield (
        f"{small.n:,} patients read, checked and derived: at most {_SMALL_AIM:.0f} s of CPU",
        _both(derived),
        verdict(met=derived.cpu.median <= _SMALL_AIM),
    )
    yield (
        f"{large.n:,} patients up to the results: at most {_LARGE_AIM:.0f} s of CPU",
        f"{_both(analyzed)}; with report and figures {seconds(large.whole.cpu.median)}",
        verdict(met=analyzed.cpu.median <= _LARGE_AIM),
    )
    peak = max(large.peak_mb.median, large.whole.peak_mb.median)
    aim = f"{large.n:,} patients: at most {_MEMORY_AIM / 1000:.0f} GB"
    yield aim, f"{peak:,.0f} MB", verdict(met=peak <= _MEMORY_AIM)
    growth = analyzed.cpu.median / middle.up_to["analyzing"].cpu.median
    times = large.n / middle.n
    aim = f"{times:.0f} times the patients ({middle.n:,} to {large.n:,}): at most {times:.0f} times the CPU"
    yield aim, f"{three_digits(growth)} times", verdict(met=growth <= times)
