"""Measure oncohort beside lifelines and R, and write the results: python benchmarks/run.py [--quick]

Without options every case is run; ``results.json`` and the tables in ``README.md`` beside this file are
rewritten. ``--quick`` leaves out the largest size, runs whole programs once, prints, and writes nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import warnings
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import lifelines_peer
import ours
import r_peer
from cases import CASES, LARGE, MIDDLE, SIZES, Case
from data import Cohort, make_cohort, write_columns
from machine import describe_machine, load
from measure import Outcome, race
from table import BEGIN, END, Cell, Results, deviation_from_r, render
from whole_runs import WholeRun, time_demo, time_study

HERE = Path(__file__).parent
NOT_INSTALLED = Outcome(None, {}, "not installed")


def main() -> None:
    """Run what was asked for."""
    arguments = argparse.ArgumentParser(description="Measure oncohort beside lifelines and R.")
    arguments.add_argument("--quick", action="store_true", help="small sizes only; print, write nothing")
    quick = arguments.parse_args().quick
    warnings.simplefilter("ignore")  # of the peers, about convergence and their own future
    r_versions = r_peer.r_versions()
    machine = describe_machine(r_versions)
    with tempfile.TemporaryDirectory(prefix="oncohort-bench-") as name:
        place = Path(name)
        runs = tuple(_whole_runs(place, quick=quick))
        sizes = [n for n in SIZES if not (quick and n == LARGE)]
        cells = tuple(cell for n in sizes for cell in _cells(n, place, with_r=r_versions is not None))
    machine["load average at the end"] = load()
    ordered = tuple(sorted(cells, key=lambda cell: CASES.index(cell.case)))
    results = Results(machine, ordered, runs)
    text = render(results)
    print(text)
    if not quick:
        (HERE / "results.json").write_text(json.dumps(_as_json(results), indent=1) + "\n", encoding="utf-8")
        _rewrite_readme(text)


def _whole_runs(place: Path, *, quick: bool) -> Iterator[WholeRun]:
    _tell("oncohort demo")
    yield time_demo(place, 1 if quick else 5)
    for n in (MIDDLE,) if quick else (MIDDLE, LARGE):
        _tell(f"oncohort run, {n:,} patients")
        yield time_study(place, n, 1 if quick else 3)


def _cells(n: int, place: Path, *, with_r: bool) -> Iterator[Cell]:
    cohort = make_cohort(n)
    columns = place / f"columns-{n}"
    names = write_columns(cohort, columns)
    for case in CASES:
        if n in case.sizes:
            begun = time.perf_counter()
            yield _cell(case, cohort, columns, names if with_r else ())
            _tell(f"{case.title}, {n:,} patients: measured in {time.perf_counter() - begun:.0f} s")
    columns.unlink()


def _cell(case: Case, cohort: Cohort, columns: Path, names: tuple[str, ...]) -> Cell:
    """Measure one case; ``names`` of the columns in the file are empty where there is no R."""
    missing: dict[str, Outcome] = {}
    contestants = [ours.enter(case.task, cohort)]
    with ExitStack() as stack:
        if lifelines_peer.is_installed():
            peer = lifelines_peer.enter(case.task, cohort)
            contestants += [] if peer is None else [peer]
        else:
            missing[lifelines_peer.NAME] = NOT_INSTALLED
        if names:
            contestants.append(stack.enter_context(r_peer.enter(case.task, cohort.n, columns, names)))
        else:
            missing[r_peer.NAME] = NOT_INSTALLED
        return Cell(case, cohort.n, race(contestants) | missing)


def _as_json(results: Results) -> dict[str, Any]:
    return {
        "machine": results.machine,
        "estimators": list(_measurements(results.cells)),
        "whole_runs": [asdict(run) for run in results.runs],
    }


def _measurements(cells: Iterable[Cell]) -> Iterator[dict[str, Any]]:
    for cell in cells:
        for name, outcome in cell.outcomes.items():
            yield {
                "case": cell.case.task,
                "n": cell.n,
                "contestant": name,
                "reason": outcome.reason,
                "timing": None if outcome.timing is None else asdict(outcome.timing),
                "deviation_from_r": None if name == r_peer.NAME else deviation_from_r(cell, name),
            }


def _rewrite_readme(text: str) -> None:
    readme = HERE / "README.md"
    before, rest = readme.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    readme.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}", encoding="utf-8")


def _tell(what: str) -> None:
    print(f"[load {load()}] {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
