"""What was measured beside other programs, and of table studies, as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import ours
import r_peer
from side_by_side import Cell, deviation, ratios, reference
from whole_runs import WholeRun
from wording import NONE, seconds, spread, table, three_digits, verdict

BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"
RUN_HEADS = ("Command", "Patients", "Rounds", "Wall", "CPU", "Peak memory")
_CELL_HEADS = ("Work", "Patients", "Program", "Wall", "CPU", "× wall", "× CPU", "Deviation from R")
_DEMO_AIMS = (15.0, 6.0)  # seconds of wall clock
_DEMO_REASON = (
    "on one processor 1.8 s are imports, 0.7 s reading and checking, 1.1 s the study, 4.7 s the same study under 23 "
    "sets of other choices, 0.9 s resamples, 4.7 s drawing, 1.8 s text, Word and files; the second one only draws"
)


@dataclass(frozen=True, slots=True)
class Results:
    """All that was measured beside other programs, and of table studies."""

    machine: dict[str, str]
    cells: tuple[Cell, ...]
    runs: tuple[WholeRun, ...]


def render(results: Results) -> str:
    """Return all tables as Markdown."""
    parts = [
        "### Estimators",
        table_of_cells(results.cells),
        "### Whole runs",
        table(RUN_HEADS, [run_row(run) for run in results.runs]),
        "### Aims",
        table(("Aim", "Measured", "Verdict", "Reason"), list(_aims(results.runs))),
        "### Machine",
        table(("", ""), list(results.machine.items())),
    ]
    return "\n\n".join(parts) + "\n"


def table_of_cells(cells: Sequence[Cell]) -> str:
    """Return a table with one row for each program in each cell."""
    return table(_CELL_HEADS, [row for cell in cells for row in _cell_rows(cell)])


def _cell_rows(cell: Cell) -> Iterator[tuple[str, ...]]:
    head = (cell.case.title, f"{cell.n:,}")
    for name, outcome in cell.outcomes.items():
        if outcome.timing is None:
            yield (*head, name, outcome.reason, NONE, NONE, NONE, NONE)
        else:
            times = ratios(cell, name)
            words = ("1", "1") if name == ours.NAME or times is None else map(three_digits, times)
            clock = (spread(outcome.timing.wall), seconds(outcome.timing.cpu.median))
            yield (*head, name, *clock, *words, _deviation(cell, name))
        head = ("", "")


def _deviation(cell: Cell, name: str) -> str:
    found, standard = deviation(cell, name), reference(cell)
    if found is None:
        return NONE
    words = "0" if found == 0 else f"{found:.0e}"
    return words if standard == r_peer.NAME else f"{words} from {standard}"


def run_row(run: WholeRun) -> tuple[str, ...]:
    """Return what a command cost, as a row under `RUN_HEADS`."""
    memory = f"{run.peak_mb.median:,.0f} MB"
    return (run.name, f"{run.n:,}", str(run.rounds), spread(run.wall), spread(run.cpu), memory)


def _aims(runs: Sequence[WholeRun]) -> Iterable[tuple[str, ...]]:
    demo = next(run for run in runs if run.name == "oncohort demo")
    for aim in _DEMO_AIMS:
        met = demo.wall.median <= aim
        yield (
            f"demo, all figures and both documents: at most {aim:.0f} s on two cores",
            f"{seconds(demo.wall.median)} ({seconds(demo.cpu.median)} of CPU)",
            verdict(met=met),
            "" if met else _DEMO_REASON,
        )
