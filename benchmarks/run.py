"""Measure oncohort beside lifelines and R, and write the results: python benchmarks/run.py [--quick] [--records]

Without options every case is run; ``results.json`` and the tables in ``README.md`` beside this file are
rewritten. ``--records`` measures records studies alone and leaves all other results as they are. ``--quick`` leaves
out the largest sizes, runs whole programs once, prints, and writes nothing.
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
from records_runs import time_records_studies
from table import (
    BEGIN,
    END,
    RECORDS_BEGIN,
    RECORDS_END,
    Cell,
    RecordsResults,
    Results,
    deviation_from_r,
    render,
    render_records,
)
from whole_runs import WholeRun, time_demo, time_study

HERE = Path(__file__).parent
NOT_INSTALLED = Outcome(None, {}, "not installed")


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description="Measure oncohort beside lifelines and R.")
    parser.add_argument("--quick", action="store_true", help="small sizes only; print, write nothing")
    parser.add_argument("--records", action="store_true", help="records studies only; keep all other results")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="oncohort-bench-") as name:
        if not asked.records:
            _measure_beside_others(Path(name), quick=asked.quick)
        _measure_records(Path(name), quick=asked.quick)


def _measure_records(place: Path, *, quick: bool) -> None:
    peers = {"lifelines", "R"}
    machine = {name: words for name, words in describe_machine(None).items() if name not in peers}
    _tell("records studies")
    runs = tuple(time_records_studies(place, quick=quick))
    machine["load average at the end"] = load()
    if quick:
        print(json.dumps([asdict(run) for run in runs], indent=1))
        return
    results = RecordsResults(machine, runs)
    text = render_records(results)
    print(text)
    _rewrite_json({"records": asdict(results)})
    _rewrite_readme(text, RECORDS_BEGIN, RECORDS_END)


def _measure_beside_others(place: Path, *, quick: bool) -> None:
    warnings.simplefilter("ignore")  # of the peers, about convergence and their own future
    r_versions = r_peer.r_versions()
    machine = describe_machine(r_versions)
    runs = tuple(_whole_runs(place, quick=quick))
    sizes = [n for n in SIZES if not (quick and n == LARGE)]
    cells = tuple(cell for n in sizes for cell in _cells(n, place, with_r=r_versions is not None))
    machine["load average at the end"] = load()
    ordered = tuple(sorted(cells, key=lambda cell: CASES.index(cell.case)))
    results = Results(machine, ordered, runs)
    text = render(results)
    print(text)
    if not quick:
        _rewrite_json(_as_json(results))
        _rewrite_readme(text, BEGIN, END)


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


def _rewrite_json(measured: dict[str, Any]) -> None:
    """Put what was measured in the place of what was measured before, and keep the rest."""
    file = HERE / "results.json"
    kept = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(kept | measured, indent=1) + "\n", encoding="utf-8")


def _rewrite_readme(text: str, begin: str, end: str) -> None:
    readme = HERE / "README.md"
    before, rest = readme.read_text(encoding="utf-8").split(begin)
    after = rest.split(end)[1]
    readme.write_text(f"{before}{begin}\n\n{text}\n{end}{after}", encoding="utf-8")


def _tell(what: str) -> None:
    print(f"[load {load()}] {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
