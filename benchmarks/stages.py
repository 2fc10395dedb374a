"""Where the time of a Cox fit goes: CPU by stage, on one thread, and how fast this machine reads memory."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import Any
from unittest.mock import patch

import numpy as np

import oncohort as oc
from data import Cohort, make_cohort, with_covariates
from oncohort.stats import kernel
from oncohort.stats.shards import Shard
from wording import seconds, table

_STAGES = {
    "measure": "columns",
    "standardize": "columns",
    "count_whole_times": "times",
    "place_whole_times": "times",
}
_SEARCH = "search"
_BOTH = ("point_at_once", "climb_at_once")  # the sums over those at risk, and their matrix
_ROUNDS = 7
_HEADS = ("Patients × covariates", "Together", "Columns", "Times", "Search", "Rest", "Reads", "GB/s of the search")


@dataclass(frozen=True, slots=True)
class Stages:
    """Seconds of CPU of one fit, the fastest of some, on one thread.

    Parameters
    ----------
    n, p : int
        Patients and covariates.
    together : float
        The whole fit.
    columns, times, search : float
        In the kernel: bringing the covariates column by column and scaling them; counting and placing the times; the
        sums over the patients at risk, their matrix, and what ties need.
    reads : float
        How many times the search reads all covariates; steps on some of the rows count as much less.
    """

    n: int
    p: int
    together: float
    columns: float
    times: float
    search: float
    reads: float

    @property
    def rest(self) -> float:
        """Return the seconds outside the kernel: in NumPy and Python."""
        return self.together - self.columns - self.times - self.search

    @property
    def gigabytes_per_second(self) -> float:
        """Return how much of the covariates the search reads in a second."""
        return self.reads * self.n * self.p * 8 / self.search / 1e9


def stages_of(n: int, p: int) -> Stages:
    """Measure a fit of n patients with p covariates by the compiled kernel."""
    cohort = with_covariates(make_cohort(n), p)
    return min((_once(cohort) for _ in range(_ROUNDS)), key=lambda stages: stages.together)


def _once(cohort: Cohort) -> Stages:
    spent: defaultdict[str, float] = defaultdict(float)
    with kernel.use("compiled", workers=1), _counted(spent):
        begun = time.thread_time()
        oc.cox(cohort.time["OS"], cohort.event["OS"], cohort.x, ties="efron")
        together = time.thread_time() - begun
    parts = {name: spent[name] for name in ("columns", "times", "search")}
    return Stages(cohort.n, cohort.x.shape[1], together, **parts, reads=spent["read"] / cohort.x.size)


@contextmanager
def _counted(spent: defaultdict[str, float]) -> Iterator[None]:
    """Add up what each public function of the compiled kernel takes, and the covariates that the search reads."""
    module = kernel.KERNELS["compiled"]
    if not isinstance(module, ModuleType):
        raise TypeError("the compiled kernel is not a module")
    public = {k: f for k, f in vars(module).items() if isinstance(f, FunctionType) and not k.startswith("_")}
    timed = {name: _timed(name, work, spent) for name, work in public.items()}
    with patch.dict(vars(module), timed):
        yield


def _timed(name: str, work: Callable[..., Any], spent: defaultdict[str, float]) -> Callable[..., Any]:
    stage = _STAGES.get(name, _SEARCH)

    def call(*args: Any, **kwargs: Any) -> Any:
        begun = time.thread_time()
        found = work(*args, **kwargs)
        spent[stage] += time.thread_time() - begun
        if stage == _SEARCH and isinstance(args[0], Shard):
            steps = found[-1] if name == "climb_at_once" and found is not None else 1
            spent["read"] += args[0].x.size * steps * (2 if name in _BOTH else 1)
        return found

    return call


def table_of_stages(found: Sequence[Stages]) -> str:
    """Return the stages of some fits as Markdown."""
    rows = [
        (
            f"{s.n:,} × {s.p}",
            *(seconds(value) for value in (s.together, s.columns, s.times, s.search, s.rest)),
            f"{s.reads:.1f}",
            f"{s.gigabytes_per_second:.1f}",
        )
        for s in found
    ]
    return table(_HEADS, rows)


def memory_speed() -> float:
    """Return how many GB one thread reads in a second, the best of some rounds."""
    values = np.ones(50_000_000)
    return max(values.nbytes / _seconds_of(values.sum) for _ in range(_ROUNDS)) / 1e9


def _seconds_of(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
