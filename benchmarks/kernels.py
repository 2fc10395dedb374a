"""Measure regressions and 26 tables beside other programs and hold them against their aims: kernels.py [--write]

oncohort is measured with the compiled kernel and with the NumPy kernel. ``--quick`` leaves out more than 10,000
patients. ``--write`` puts the tables into ``README.md`` and the figures into ``results.json`` beside this file.
"""

from __future__ import annotations

import argparse
import tempfile
import warnings
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import publish
import r_peer
from aims import verdicts
from cases import HUGE, LARGE, MIDDLE, REGRESSIONS
from machine import describe_machine, load
from memory import memory_of_fits
from oncohort.stats import kernel
from peers import versions
from side_by_side import cells, measurements, tell
from stages import Stages, memory_speed, stages_of, table_of_stages
from table import table_of_cells
from wording import table

_BEGIN, _END = "<!-- kernels: begin -->", "<!-- kernels: end -->"
_STAGES_WORDS = (
    "Where the time of a Cox fit by the compiled kernel goes, CPU on one thread: *columns* are brought one after the "
    "other and scaled, *times* are counted, the *search* for the maximum *reads* all covariates so many times, and the "
    "*rest* is NumPy and Python. Where the search reads far less in a second than the memory gives, its time is "
    "arithmetic."
)


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description="Measure regressions beside other programs.")
    parser.add_argument("--quick", action="store_true", help="up to 10,000 patients; write nothing")
    parser.add_argument("--write", action="store_true", help="rewrite the tables in README.md and results.json")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")  # of the others, about convergence and their own future
    machine = describe_machine() | versions(r_peer.r_versions())
    with tempfile.TemporaryDirectory(prefix="oncohort-bench-") as place:
        found = cells(REGRESSIONS, Path(place), largest=MIDDLE if asked.quick else HUGE, kernels=True)
    tell("memory of fits")
    n = MIDDLE if asked.quick else LARGE
    memory = memory_of_fits(n)
    tell("stages of a fit")
    stages, speed = _stages(quick=asked.quick), memory_speed()
    machine |= {"reading memory, one thread": f"{speed:.1f} GB/s", "load average at the end": load()}
    judged = verdicts(found, memory, stages, speed)
    text = "\n\n".join(
        [
            table_of_cells(found),
            table(("Aim", "Measured", "Verdict", "Reason"), judged),
            _memory_words(n),
            table(("Program", "Peak memory, × its data"), _memory_rows(memory)),
            _STAGES_WORDS,
            table_of_stages(stages),
            table(("", ""), list(machine.items())),
        ]
    )
    print(text)
    if asked.write and not asked.quick:
        measured = {"machine": machine, "rows": measurements(found), "aims": judged, "memory": memory}
        publish.into_json({"kernels": measured | {"stages": [asdict(s) for s in stages], "memory_speed": speed}})
        publish.into_readme(text + "\n", _BEGIN, _END)


def _stages(*, quick: bool) -> list[Stages]:
    """Return where the time of some fits goes; none without the compiled kernel."""
    sizes = [(MIDDLE, 10)] if quick else [(MIDDLE, 10), (LARGE, 10), (LARGE, 50)]
    return [stages_of(n, p) for n, p in sizes if "compiled" in kernel.KERNELS]


def _memory_words(n: int) -> str:
    return f"What a Cox fit of {n:,} × 10 adds to the peak memory of a process of its own:"


def _memory_rows(memory: Mapping[str, float | str]) -> list[tuple[str, str]]:
    return [(name, share if isinstance(share, str) else f"{share:.2f}") for name, share in memory.items()]


if __name__ == "__main__":
    main()
