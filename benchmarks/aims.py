"""What regressions and tables are to cost, whether they do, and why not where they do not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import lifelines_peer
import ours
import r_peer
from cases import HUGE, LARGE, MIDDLE, REGRESSIONS, SMALL
from coxstream_peer import NAME as COXSTREAM
from side_by_side import Cell, ratios
from stages import Stages
from wording import NONE, seconds, three_digits, verdict


@dataclass(frozen=True, slots=True)
class Aim:
    """What one case is to be: so many times as fast as a program, or within so many seconds, by wall clock.

    Parameters
    ----------
    task : str
        Of the case, as are ``p`` and ``n``.
    p : int
        Covariates.
    n : int
        Patients.
    beside : str
        The program; empty for an aim in seconds.
    times, within : float
        The one that is asked for; the other is 0.
    reason : str
        Why it is missed, printed where it is; of a Cox fit the stages of its time say so.
    """

    task: str
    p: int
    n: int
    beside: str = ""
    times: float = 0.0
    within: float = 0.0
    reason: str = ""


AIMS = (
    Aim("cox", 10, MIDDLE, COXSTREAM, times=3.5),
    Aim("cox", 10, MIDDLE, lifelines_peer.NAME, times=100.0),
    Aim("cox", 10, LARGE, COXSTREAM, times=8.0),
    Aim("cox", 10, LARGE, lifelines_peer.NAME, times=40.0),
    Aim("cox", 10, LARGE, r_peer.NAME, times=60.0),
    Aim("cox", 10, HUGE, within=3.0),
    Aim("cox", 50, LARGE, COXSTREAM, times=10.0),
    Aim("bootstrap", 10, SMALL, within=1.0),
    Aim("fine_gray", 5, 100_000, within=5.0),
    Aim("tables_26", 10, LARGE, within=0.3),
)
_MEMORY_AIM = 1.3  # times the data


def verdicts(
    cells: Sequence[Cell], memory: Mapping[str, float | str], stages: Sequence[Stages], speed: float
) -> list[tuple[str, str, str, str]]:
    """Return for each aim its words, what was measured, the verdict, and the reason where it is missed.

    Parameters
    ----------
    cells : sequence of Cell
        What was measured.
    memory : mapping of str to float or str
        From `memory.memory_of_fits`.
    stages : sequence of Stages
        Where the time of Cox fits goes, the smaller ones first.
    speed : float
        GB that one thread reads in a second.
    """
    return [*(_judged(aim, cells, _reason(aim, stages, speed)) for aim in AIMS), _of_memory(memory)]


def _reason(aim: Aim, stages: Sequence[Stages], speed: float) -> str:
    """Return the reason that the aim has, else the stages of the largest fit up to its size."""
    same = [s for s in stages if aim.task == "cox" and s.p == aim.p and s.n <= aim.n]
    return aim.reason or (_words(same[-1], speed) if same else "")


def _words(stages: Stages, speed: float) -> str:
    parts = [("search", stages.search), ("columns", stages.columns), ("times", stages.times), ("rest", stages.rest)]
    shares = ", ".join(f"{name} {share / stages.together:.0%}" for name, share in parts)
    return (
        f"{stages.n:,} × {stages.p} on one thread: {seconds(stages.together)} of CPU, of which {shares}; the search "
        f"reads the covariates {stages.reads:.1f} times, at {stages.gigabytes_per_second:.1f} of {speed:.0f} GB/s"
    )


def _judged(aim: Aim, cells: Sequence[Cell], reason: str) -> tuple[str, str, str, str]:
    title = next(case.title for case in REGRESSIONS if (case.task, case.p) == (aim.task, aim.p))
    asked = f"within {aim.within:g} s" if aim.within else f"{aim.times:g} × as fast as {aim.beside}"
    words = f"{title}, {aim.n:,} patients: {asked}"
    cell = next((c for c in cells if (c.case.task, c.case.p, c.n) == (aim.task, aim.p, aim.n)), None)
    found = None if cell is None else _measured(aim, cell)
    if found is None:
        return words, "not measured", NONE, ""
    measured, met = found
    return words, measured, verdict(met=met), "" if met else reason


def _measured(aim: Aim, cell: Cell) -> tuple[str, bool] | None:
    """Return what was measured, and whether that is enough; by wall clock."""
    mine, beside = cell.outcomes[ours.NAME].timing, ratios(cell, aim.beside)
    if aim.within and mine is not None:
        return seconds(mine.wall.median), mine.wall.median <= aim.within
    if beside is None:
        return None
    wall, cpu = beside
    return f"{three_digits(wall)} × by wall clock, {three_digits(cpu)} × by CPU", wall >= aim.times


def _of_memory(memory: Mapping[str, float | str]) -> tuple[str, str, str, str]:
    words = f"Memory of a Cox fit: at most {_MEMORY_AIM} × its data"
    found = memory[ours.NAME]
    if isinstance(found, str):
        return words, found, NONE, ""
    return words, f"{found:.2f} ×", verdict(met=found <= _MEMORY_AIM), ""
