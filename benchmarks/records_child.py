"""Take a records study up to its results and print what each stage cost, as JSON: python records_child.py STUDY

A process of its own for each round, so that the peak of memory is that of one study; imports are not timed.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from oncohort.analysis.plan import analyze_cohort
from oncohort.derive.cohort import derive_cohort
from oncohort.intake.presets import read_presets
from oncohort.intake.record_checks import check_record_tables
from oncohort.intake.template import read_dictionary, read_template_tables
from oncohort.study.parse import parse_protocol

T = TypeVar("T")
costs: dict[str, dict[str, float]] = {}


def timed(stage: str, work: Callable[[], T]) -> T:
    """Do the work of a stage and keep its seconds, wall clock and CPU of all threads."""
    wall, cpu = time.perf_counter(), time.process_time()
    done = work()
    costs[stage] = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    return done


folder = Path(sys.argv[1])
template = read_dictionary(folder)
protocol = parse_protocol(
    (folder / "study.toml").read_text(encoding="utf-8"), "study.toml", read_presets(), template=template.tables
)
data, specs = protocol.study.records or "", protocol.records.template_files()
records, _ = timed("reading", lambda: read_template_tables(folder, template, specs, data=data))
timed("checking", lambda: check_record_tables(records.tables, records.files))
cohort, _ = timed("deriving", lambda: derive_cohort(records, protocol))
timed("analyzing", lambda: analyze_cohort(cohort, protocol))
unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes
print(json.dumps({"stages": costs, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6}))
