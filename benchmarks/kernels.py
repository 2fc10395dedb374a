"""Measure the kernels side by side, beside others, and hold them against their aims: python benchmarks/kernels.py

``--quick`` leaves out a million patients and more. ``--write`` puts the table into ``README.md`` and
``results.json`` beside this file.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import coxstream_peer
import lifelines_peer
import oncohort as oc
import ours
import r_peer
from cases import LARGE, MIDDLE, SMALL
from data import Cohort, make_cohort, write_columns
from machine import describe_machine, load
from measure import Contestant, Numbers, Outcome, in_this_process, largest_deviation, race
from oncohort.stats import kernel
from oncohort.stats.stepwise_resamples import stepwise_resamples
from table import seconds

HERE = Path(__file__).parent
BEGIN, END = "<!-- kernels: begin -->", "<!-- kernels: end -->"
HUGE = 10_000_000
_RESAMPLES = 1_000


@dataclass(frozen=True, slots=True)
class Aim:
    """What a fit by the compiled kernel is to be: so many times as fast as a peer, or within so many seconds."""

    words: str
    peer: str
    times: float = 0.0
    within: float = 0.0


@dataclass(frozen=True, slots=True)
class Row:
    """One piece of work: what each contestant took, and the aims for it."""

    title: str
    n: int
    outcomes: dict[str, Outcome]
    aims: tuple[Aim, ...]


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description="Measure the kernels of Cox regression beside others.")
    parser.add_argument("--quick", action="store_true", help="up to 10,000 patients; write nothing")
    parser.add_argument("--write", action="store_true", help="rewrite the table in README.md and results.json")
    parser.add_argument("--memory", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.memory:
        print(_memory_of_a_fit(asked.memory))
        return
    warnings.simplefilter("ignore")  # of the peers, about convergence and their own future
    machine = describe_machine(r_peer.r_versions()) | {"kernels": ", ".join(kernel.KERNELS)}
    with tempfile.TemporaryDirectory(prefix="oncohort-bench-") as place:
        rows = tuple(_rows(Path(place), quick=asked.quick))
    share = _memory_share(MIDDLE if asked.quick else LARGE)
    machine["load average at the end"] = load()
    text = _render(rows, share, machine)
    print(text)
    if asked.write and not asked.quick:
        _write(text, {"machine": machine, "rows": [asdict(_without_numbers(r)) for r in rows], "memory": share})


def _rows(place: Path, *, quick: bool) -> Iterator[Row]:
    small, middle = make_cohort(SMALL), make_cohort(MIDDLE)
    yield _cox(small, 10, place, ())
    yield _cox(middle, 10, place, (Aim("×", "coxstream", 3.5), Aim("×", "lifelines", 100.0)))
    yield _bootstrap(small)
    if quick:
        return
    large = make_cohort(LARGE)
    aims = (Aim("×", "coxstream", 8.0), Aim("×", "lifelines", 40.0), Aim("×", "R survival", 60.0))
    yield _cox(large, 10, place, aims)
    yield _cox(large, 50, place, (Aim("×", "coxstream", 10.0),))
    yield _tables(large)
    del large
    yield _cox(make_cohort(HUGE), 10, place, (Aim("s", "compiled", within=3.0),))


def _cox(cohort: Cohort, p: int, place: Path, aims: tuple[Aim, ...]) -> Row:
    time, event, x = cohort.time["OS"], cohort.event["OS"], _columns(cohort, p)

    def fit(name: str) -> Callable[[], oc.CoxFit]:
        def work() -> oc.CoxFit:
            with kernel.use(name):
                return oc.cox(time, event, x, ties="efron")

        return work

    def read(found: oc.CoxFit) -> Numbers:
        return {"coefficients": found.coefficients, "std_error": found.std_error}

    contestants = [
        in_this_process(name, fit(name), read) for name in kernel.KERNELS if cohort.n < HUGE or name != "numpy"
    ]
    if coxstream_peer.is_installed() and cohort.n < HUGE:
        contestants.append(coxstream_peer.enter(time, event, x))
    with ExitStack() as stack:
        if p == cohort.x.shape[1] and cohort.n < HUGE:
            contestants += _other_peers(cohort, place, stack)
        return Row(f"Cox, Efron, {p} covariates", cohort.n, _told(f"{cohort.n:,} × {p}", contestants), aims)


def _other_peers(cohort: Cohort, place: Path, stack: ExitStack) -> Iterator[Contestant]:
    lifelines = lifelines_peer.enter("cox_10", cohort) if lifelines_peer.is_installed() else None
    if lifelines is not None:
        yield lifelines
    if r_peer.r_versions() is not None:
        file = place / f"columns-{cohort.n}"
        yield stack.enter_context(r_peer.enter("cox_10", cohort.n, file, write_columns(cohort, file)))


def _columns(cohort: Cohort, p: int) -> NDArray[np.float64]:
    """Return the covariates of the cohort and as many more, normal, as are needed."""
    more = np.random.default_rng(p).normal(size=(cohort.n, p - cohort.x.shape[1]))
    return np.ascontiguousarray(np.column_stack([cohort.x, more]))


def _tables(cohort: Cohort) -> Row:
    def with_kernel(name: str) -> Contestant:
        plain = ours.enter("tables_26", cohort)

        def run(repeats: int) -> Any:
            with kernel.use(name):
                return plain.run(repeats)

        return Contestant(name, run, plain.numbers)

    contestants = [with_kernel(name) for name in kernel.KERNELS]
    title = "26 tables: 13 factors × 2 endpoints, median of each level, log-rank"
    return Row(title, cohort.n, _told("26 tables", contestants), (Aim("s", "compiled", within=0.3),))


def _bootstrap(cohort: Cohort) -> Row:
    n = cohort.n
    blocks = {f"x{k + 1}": cohort.x[:, k] for k in range(cohort.x.shape[1])}
    draws = np.random.default_rng(n).multinomial(n, [1.0 / n] * n, size=_RESAMPLES)

    def select(name: str) -> Callable[[], Any]:
        def work() -> Any:
            with kernel.use(name):
                return stepwise_resamples(
                    cohort.time["OS"], cohort.event["OS"], blocks, draws,
                    direction="forward", criterion="likelihood-ratio", enter=0.10, remove=0.10, ties="efron",
                )  # fmt: skip

        return work

    contestants = [
        in_this_process(name, select(name), lambda found: {"selected": found.selected}) for name in kernel.KERNELS
    ]
    title = f"{_RESAMPLES:,} bootstraps of stepwise Cox, forward LR 0.10/0.10, 10 candidates"
    return Row(title, n, _told("bootstraps", contestants), (Aim("s", "compiled", within=1.0),))


def _told(what: str, contestants: Sequence[Contestant]) -> dict[str, Outcome]:
    print(f"[load {load()}] {what}", file=sys.stderr, flush=True)
    return race(contestants)


def _memory_of_a_fit(n: int) -> float:
    """Return what a fit adds to the peak memory of this process, as a share of its data."""
    cohort = make_cohort(n)
    time, event, x = cohort.time["OS"].copy(), cohort.event["OS"].copy(), cohort.x.copy()
    oc.cox(time[:1000], event[:1000], x[:1000], ties="efron")  # what only a first call brings
    unit = 1 if sys.platform == "darwin" else 1024
    filler = np.ones(
        max(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit - _now(), 0) // 8 + 1
    )  # up to the peak
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    oc.cox(time, event, x, ties="efron")
    added = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * unit
    del filler
    return added / (time.nbytes + event.nbytes + x.nbytes)


def _now() -> int:
    """Return the memory that this process has now, in bytes; 0 where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    except OSError:
        return 0
    return pages * resource.getpagesize()


def _memory_share(n: int) -> float:
    command = [sys.executable, str(Path(__file__)), "--memory", str(n)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def _render(rows: Sequence[Row], share: float, machine: dict[str, str]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row.outcomes))
    heads = ["Work", "Patients", *names, "Deviation of the kernels"]
    body = [
        [row.title, f"{row.n:,}", *[_time(row.outcomes.get(name)) for name in names], _deviation(row)] for row in rows
    ]
    aims = [
        [f"{row.title}, {row.n:,}: {words}", measured, verdict]
        for row in rows
        for words, measured, verdict in _aims(row)
    ]
    aims.append(["Memory of a fit: at most 1.3 × its data", f"{share:.2f} ×", "met" if share <= 1.3 else "missed"])
    parts = [
        "Wall clock of one call: median; then the median of CPU time, all threads together.",
        _table(heads, body),
        _table(["Aim", "Measured", "Verdict"], aims),
        _table(["", ""], [list(item) for item in machine.items()]),
    ]
    return "\n\n".join(parts) + "\n"


def _time(outcome: Outcome | None) -> str:
    if outcome is None or outcome.timing is None:
        return "–" if outcome is None else outcome.reason
    return f"{seconds(outcome.timing.wall.median)}; CPU {seconds(outcome.timing.cpu.median)}"


def _deviation(row: Row) -> str:
    found = [row.outcomes[name].numbers for name in kernel.KERNELS if name in row.outcomes]
    deviation = largest_deviation(found[0], found[1]) if len(found) == 2 else None
    return "–" if deviation is None else f"{deviation:.0e}"


def _aims(row: Row) -> Iterator[tuple[str, str, str]]:
    mine = row.outcomes["compiled" if "compiled" in row.outcomes else "numpy"].timing
    for aim in row.aims:
        other = row.outcomes.get(aim.peer)
        if mine is None or other is None or other.timing is None:
            yield f"{aim.times:g} × as fast as {aim.peer}", "not measured", "–"
        elif aim.within:
            wall = mine.wall.median
            yield f"within {aim.within:g} s", seconds(wall), "met" if wall <= aim.within else "missed"
        else:
            ratio, cpu = other.timing.wall.median / mine.wall.median, other.timing.cpu.median / mine.cpu.median
            verdict = "met" if ratio >= aim.times else "missed"
            yield f"{aim.times:g} × as fast as {aim.peer}", f"{ratio:.1f} × by wall clock, {cpu:.1f} × by CPU", verdict


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(line) + " |" for line in [heads, ["---"] * len(heads), *rows])


def _without_numbers(row: Row) -> Row:
    outcomes = {name: Outcome(outcome.timing, {}, outcome.reason) for name, outcome in row.outcomes.items()}
    return Row(row.title, row.n, outcomes, row.aims)


def _write(text: str, measured: dict[str, Any]) -> None:
    file, readme = HERE / "results.json", HERE / "README.md"
    kept = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(kept | {"kernels": measured}, indent=1) + "\n", encoding="utf-8")
    before, rest = readme.read_text(encoding="utf-8").split(BEGIN)
    readme.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{rest.split(END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
