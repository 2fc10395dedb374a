"""Measure cases side by side: oncohort, its other kernel, and all that are beside it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import ours
import peers
import r_peer
from cases import Case
from data import Cohort, make_cohort, with_covariates, write_columns
from machine import load
from measure import Contestant, Outcome, largest_deviation, race

_REFERENCES = (r_peer.NAME, ours.NUMPY, ours.NAME)


@dataclass(frozen=True, slots=True)
class Cell:
    """One case on one size: what each contestant took and found, by name."""

    case: Case
    n: int
    outcomes: dict[str, Outcome]


def cells(cases: Sequence[Case], place: Path, *, largest: int, kernels: bool) -> tuple[Cell, ...]:
    """Measure cases up to a number of patients, in the order of the cases.

    Parameters
    ----------
    cases : sequence of Case
        What to measure.
    place : Path
        A folder for the files that R reads.
    largest : int
        More patients than these are left out.
    kernels : bool
        Whether oncohort is measured with its NumPy kernel too.
    """
    sizes = sorted({n for case in cases for n in case.sizes if n <= largest})
    found: dict[tuple[int, int], Cell] = {}
    for n in sizes:
        cohort = make_cohort(n)
        for k, case in enumerate(cases):
            if n in case.sizes:
                begun = time.perf_counter()
                found[k, n] = _cell(case, with_covariates(cohort, case.p), place, kernels=kernels)
                tell(f"{case.title}, {n:,} patients: measured in {time.perf_counter() - begun:.0f} s")
    return tuple(found[key] for key in sorted(found))


def _cell(case: Case, cohort: Cohort, place: Path, *, kernels: bool) -> Cell:
    ready = [ours.enter(case.task, cohort)]
    numpy = ours.enter_numpy(case.task, cohort) if kernels else None
    ready += [] if numpy is None else [numpy]
    not_run: dict[str, Outcome] = {}
    with ExitStack() as stack:
        for name, is_installed, enter in _programs(case, cohort, place, stack):
            known = peers.known_beforehand(name, case.task, cohort.n) if is_installed else peers.NOT_INSTALLED
            if known is None:
                ready.append(enter())
            else:
                not_run[name] = known
        return Cell(case, cohort.n, race(ready) | not_run)


def _programs(
    case: Case, cohort: Cohort, place: Path, stack: ExitStack
) -> Iterator[tuple[str, bool, Callable[[], Contestant]]]:
    """Yield the name of each program to be measured beside, whether it is installed, and how it enters."""

    def enter_r() -> Contestant:
        file = place / "columns"
        return stack.enter_context(r_peer.enter(case.task, cohort.n, file, write_columns(cohort, file)))

    for peer in peers.PEERS:
        if case.task in peer.TASKS and peers.is_beside(case, peer.NAME):
            yield peer.NAME, peers.is_installed(peer), partial(peers.enter, peer, case.task, cohort)
    if case.task in r_peer.TASKS and peers.is_beside(case, r_peer.NAME):
        yield r_peer.NAME, r_peer.r_versions() is not None, enter_r


def reference(cell: Cell) -> str:
    """Return whose numbers the others are compared with: R's, else those of the NumPy kernel, else oncohort's."""
    return next(name for name in _REFERENCES if name in cell.outcomes and cell.outcomes[name].timing is not None)


def deviation(cell: Cell, name: str) -> float | None:
    """Return the largest relative deviation from the reference; None for itself and where one has no numbers."""
    standard = reference(cell)
    if name == standard:
        return None
    return largest_deviation(cell.outcomes[name].numbers, cell.outcomes[standard].numbers)


def ratios(cell: Cell, name: str) -> tuple[float, float] | None:
    """Return how many times as long as oncohort a contestant takes, by wall clock and by CPU."""
    mine, other = cell.outcomes[ours.NAME].timing, cell.outcomes[name].timing if name in cell.outcomes else None
    if mine is None or other is None:
        return None
    return other.wall.median / mine.wall.median, other.cpu.median / mine.cpu.median


def measurements(found: Sequence[Cell]) -> list[dict[str, Any]]:
    """Return one record for each contestant of each cell, for ``results.json``."""
    return [
        {
            "case": cell.case.task,
            "n": cell.n,
            "covariates": cell.case.p,
            "contestant": name,
            "reason": outcome.reason,
            "timing": None if outcome.timing is None else asdict(outcome.timing),
            "deviation": deviation(cell, name),
            "deviation_from": reference(cell),
        }
        for cell in found
        for name, outcome in cell.outcomes.items()
    ]


def tell(what: str) -> None:
    """Say on standard error how far the measurement is."""
    print(f"[load {load()}] {what}", file=sys.stderr, flush=True)
