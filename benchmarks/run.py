"""Measure oncohort beside other programs, and write the results: python benchmarks/run.py [--quick] [--records]

Without options all but regressions (`kernels.py`) is measured; ``results.json`` and the tables in ``README.md``
beside this file are rewritten. ``--records`` measures records studies alone and leaves all other results as they
are. ``--quick`` leaves out the largest sizes, runs whole programs once, prints, and writes nothing.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import publish
import r_peer
import records_table
import table
from cases import ESTIMATORS, LARGE, MIDDLE
from machine import describe_machine, load
from peers import versions
from records_runs import time_records_studies
from side_by_side import cells, measurements, tell
from whole_runs import WholeRun, time_demo, time_study


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
    machine = describe_machine()
    tell("records studies")
    runs = tuple(time_records_studies(place, quick=quick))
    machine["load average at the end"] = load()
    if quick:
        print(json.dumps([asdict(run) for run in runs], indent=1))
        return
    results = records_table.RecordsResults(machine, runs)
    text = records_table.render(results)
    print(text)
    publish.into_json({"records": asdict(results)})
    publish.into_readme(text, records_table.BEGIN, records_table.END)


def _measure_beside_others(place: Path, *, quick: bool) -> None:
    warnings.simplefilter("ignore")  # of the others, about convergence and their own future
    machine = describe_machine() | versions(r_peer.r_versions())
    runs = tuple(_whole_runs(place, quick=quick))
    found = cells(ESTIMATORS, place, largest=MIDDLE if quick else LARGE, kernels=False)
    machine["load average at the end"] = load()
    text = table.render(table.Results(machine, found, runs))
    print(text)
    if not quick:
        measured = {"machine": machine, "estimators": measurements(found), "whole_runs": [asdict(run) for run in runs]}
        publish.into_json(measured)
        publish.into_readme(text, table.BEGIN, table.END)


def _whole_runs(place: Path, *, quick: bool) -> Iterator[WholeRun]:
    tell("oncohort demo")
    yield time_demo(place, 1 if quick else 3)
    for n in (MIDDLE,) if quick else (MIDDLE, LARGE):
        tell(f"oncohort run, {n:,} patients")
        yield time_study(place, n, 1 if quick or n == LARGE else 3)


if __name__ == "__main__":
    main()
