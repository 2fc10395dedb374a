"""The results as Markdown: a table of estimators, one of whole runs, the aims, the machine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import lifelines_peer
import ours
import r_peer
from cases import LARGE, Case
from measure import Outcome, Spread, largest_deviation
from records_runs import STAGES, RecordsRun, StageCost
from whole_runs import WholeRun

BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"
RECORDS_BEGIN, RECORDS_END = "<!-- records: begin -->", "<!-- records: end -->"
NONE = "–"
_DEMO_AIM = 8.0  # seconds of wall clock
_COX_AIM = 8.0  # times faster than lifelines
_SMALL_AIM = 3.0  # seconds of CPU, 326 patients up to deriving
_LARGE_AIM = 60.0  # seconds of CPU, 10,000 patients up to the results
_MEMORY_AIM = 4_000.0  # MB


@dataclass(frozen=True, slots=True)
class Cell:
    """One estimator on one size: what each contestant took and found, by name."""

    case: Case
    n: int
    outcomes: dict[str, Outcome]


@dataclass(frozen=True, slots=True)
class Results:
    """All that was measured beside other programs, and of table studies."""

    machine: dict[str, str]
    cells: tuple[Cell, ...]
    runs: tuple[WholeRun, ...]


@dataclass(frozen=True, slots=True)
class RecordsResults:
    """All that was measured of records studies."""

    machine: dict[str, str]
    runs: tuple[RecordsRun, ...]


def render(results: Results) -> str:
    """Return all tables as Markdown."""
    parts = [
        "### Estimators",
        "Wall clock of one call: median (range over the rounds); then the median of CPU time, all threads together.",
        _table(_ESTIMATOR_HEADS, [_estimator_row(cell) for cell in results.cells]),
        "### Whole runs",
        _table(("Command", "Patients", "Rounds", "Wall", "CPU", "Peak memory"), [_run_row(r) for r in results.runs]),
        "### Aims",
        _table(("Aim", "Measured", "Verdict"), list(_aims(results))),
        "### Machine",
        _table(("", ""), list(results.machine.items())),
    ]
    return "\n\n".join(parts) + "\n"


def render_records(results: RecordsResults) -> str:
    """Return the tables of records studies as Markdown."""
    parts = [
        "### Stages",
        "CPU of all threads, median (range over the rounds), without imports; peak memory up to the results.",
        _table(
            ("Patients", "Records", "Rounds", *(stage.capitalize() for stage in STAGES), "Together", "Peak memory"),
            [_records_row(run) for run in results.runs],
        ),
        "### Whole runs",
        _table(
            ("Command", "Patients", "Rounds", "Wall", "CPU", "Peak memory"),
            [_run_row(run.whole) for run in results.runs],
        ),
        "### Aims",
        _table(("Aim", "Measured", "Verdict"), list(_records_aims(results.runs))),
        "### Machine",
        _table(("", ""), list(results.machine.items())),
    ]
    return "\n\n".join(parts) + "\n"


def _records_row(run: RecordsRun) -> tuple[str, ...]:
    stages = (_spread(run.stages[stage].cpu) for stage in STAGES)
    together = _both(run.up_to[STAGES[-1]])
    return (f"{run.n:,}", f"{run.n_records:,}", str(run.rounds), *stages, together, f"{run.peak_mb.median:,.0f} MB")


def _both(cost: StageCost) -> str:
    return f"{seconds(cost.cpu.median)}; wall {seconds(cost.wall.median)}"


def _records_aims(runs: Sequence[RecordsRun]) -> Iterable[tuple[str, ...]]:
    small, middle, large = runs
    derived, analyzed = small.up_to["deriving"], large.up_to["analyzing"]
    yield (
        f"{small.n:,} patients read, checked and derived: at most {_SMALL_AIM:.0f} s of CPU",
        _both(derived),
        "met" if derived.cpu.median <= _SMALL_AIM else "missed",
    )
    yield (
        f"{large.n:,} patients up to the results: at most {_LARGE_AIM:.0f} s of CPU",
        f"{_both(analyzed)}; with report and figures {seconds(large.whole.cpu.median)}",
        "met" if analyzed.cpu.median <= _LARGE_AIM else "missed",
    )
    peak = max(large.peak_mb.median, large.whole.peak_mb.median)
    aim = f"{large.n:,} patients: at most {_MEMORY_AIM / 1000:.0f} GB"
    yield aim, f"{peak:,.0f} MB", "met" if peak <= _MEMORY_AIM else "missed"
    growth = analyzed.cpu.median / middle.up_to["analyzing"].cpu.median
    times = large.n / middle.n
    aim = f"{times:.0f} times the patients ({middle.n:,} to {large.n:,}): at most {times:.0f} times the CPU"
    yield aim, f"{_three_digits(growth)} times", "met" if growth <= times else "missed"


def deviation_from_r(cell: Cell, name: str) -> float | None:
    """Return the largest relative deviation of a contestant from R; None where one of them has no number."""
    if name not in cell.outcomes or r_peer.NAME not in cell.outcomes:
        return None
    return largest_deviation(cell.outcomes[name].numbers, cell.outcomes[r_peer.NAME].numbers)


def seconds(value: float) -> str:
    """Write a time with three digits and its unit."""
    factor, unit = _unit(value)
    return f"{_three_digits(value * factor)} {unit}"


def _unit(value: float) -> tuple[float, str]:
    return (1.0, "s") if value >= 1.0 else (1e3, "ms") if value >= 1e-3 else (1e6, "µs")


def _three_digits(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


_ESTIMATOR_HEADS = (
    "Estimator",
    "Patients",
    "oncohort",
    "lifelines",
    "R survival",
    "× lifelines",
    "× R",
    "oncohort − R",
    "lifelines − R",
)


def _estimator_row(cell: Cell) -> tuple[str, ...]:
    names = (ours.NAME, lifelines_peer.NAME, r_peer.NAME)
    return (
        cell.case.title,
        f"{cell.n:,}",
        *[_time(cell.outcomes.get(name)) for name in names],
        *[_ratio(cell, name) for name in names[1:]],
        *[_deviation(cell, name) for name in names[:2]],
    )


def _time(outcome: Outcome | None) -> str:
    if outcome is None:
        return NONE
    if outcome.timing is None:
        return outcome.reason
    return f"{_spread(outcome.timing.wall)}; CPU {seconds(outcome.timing.cpu.median)}"


def _spread(spread: Spread) -> str:
    """Write the median and, in the same unit, the range."""
    factor, unit = _unit(spread.median)
    middle, low, high = (_three_digits(value * factor) for value in (spread.median, spread.low, spread.high))
    return f"{middle} {unit} ({low}–{high})"


def _ratio(cell: Cell, peer: str) -> str:
    ratio = wall_ratio(cell, peer)
    return NONE if ratio is None else _three_digits(ratio)


def wall_ratio(cell: Cell, peer: str) -> float | None:
    """Return how many times faster oncohort is than a peer, by the medians of the wall clock."""
    mine, other = cell.outcomes[ours.NAME].timing, cell.outcomes.get(peer)
    if mine is None or other is None or other.timing is None:
        return None
    return other.timing.wall.median / mine.wall.median


def _deviation(cell: Cell, name: str) -> str:
    deviation = deviation_from_r(cell, name)
    return NONE if deviation is None else "0" if deviation == 0 else f"{deviation:.0e}"


def _run_row(run: WholeRun) -> tuple[str, ...]:
    memory = f"{run.peak_mb.median:,.0f} MB"
    return (run.name, f"{run.n:,}", str(run.rounds), _spread(run.wall), _spread(run.cpu), memory)


def _aims(results: Results) -> Iterable[tuple[str, ...]]:
    demo = next(run for run in results.runs if run.name == "oncohort demo")
    wall = demo.wall.median
    yield (
        f"demo, all figures and both documents: at most {_DEMO_AIM:.0f} s on two cores",
        f"{seconds(wall)} ({seconds(demo.cpu.median)} of CPU)",
        "met" if wall <= _DEMO_AIM else "missed",
    )
    aim = f"Cox, {LARGE:,} × 10: at least {_COX_AIM:.0f} times as fast as lifelines"
    cox = next((cell for cell in results.cells if cell.case.task == "cox_10" and cell.n == LARGE), None)
    ratio = None if cox is None else wall_ratio(cox, lifelines_peer.NAME)
    if cox is None or ratio is None:
        yield (aim, "not measured", NONE)
        return
    mine, other = (cox.outcomes[name].timing for name in (ours.NAME, lifelines_peer.NAME))
    cpu = NONE if mine is None or other is None else _three_digits(other.cpu.median / mine.cpu.median)
    yield (aim, f"{_three_digits(ratio)} times by wall clock, {cpu} by CPU", "met" if ratio >= _COX_AIM else "missed")


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
