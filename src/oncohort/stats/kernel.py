"""The kernel of Cox regression: which one runs, and its functions.

Two kernels do the same work: one in C, where it could be compiled when oncohort was installed, and one in
NumPy. Their results agree to 1e-10 relative in the tests; each gives the same bits for any number of threads,
because shards are cut by the problem alone and added in their order.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from multiprocessing import cpu_count
from typing import Protocol, TypeVar

from oncohort.errors import UsageError
from oncohort.stats import kernel_numpy
from oncohort.stats.arrays import Floats, Ints
from oncohort.stats.shards import (
    ETA_LIMIT,
    Cells,
    Extent,
    Point,
    RiskSums,
    Shard,
    TieTerms,
    count_events,
    event_sum,
    expected_events,
    product,
    shard_plan,
)

try:
    from oncohort.stats import kernel_compiled
except ImportError:  # there was no compiler where oncohort was installed
    kernel_compiled = None

__all__ = [
    "ETA_LIMIT", "KERNELS", "AtOnce", "Cells", "Extent", "Point", "RiskSums", "Shard", "TieTerms",
    "at_once", "count_events", "event_sum", "expected_events", "gram", "measure", "name", "over_shards", "product",
    "risk_sums", "shard_plan", "standardize", "tie_terms", "use",
]  # fmt: skip

In = TypeVar("In")
Out = TypeVar("Out")


class _Kernel(Protocol):
    """What every kernel does."""

    name: str

    def risk_sums(self, shard: Shard, beta: Floats, n_slots: int, theta: Floats) -> RiskSums: ...

    def gram(self, shard: Shard, theta: Floats, hazard: Floats) -> Floats: ...

    def tie_terms(self, cells: Cells, risk: Floats, tied_risk: Floats) -> TieTerms: ...

    def measure(self, source: Floats) -> Extent | None: ...

    def standardize(self, source: Floats, center: Floats, scale: Floats, x: Floats) -> Floats: ...


class AtOnce(Protocol):
    """What the compiled kernel does besides, each in one call; where there is none, NumPy does it step by step.

    ``count_whole_times`` counts rows by time, event and group, (n_times, 2, n_groups); None where a time is not a
    whole number from 0 below ``n_times``, an event is not 0 or 1, or a group is not below ``n_groups``.
    ``place_whole_times`` looks up the times so counted, and fills in their numbers (``stop``) and, for an event 1 more,
    their even slots (``slot``).

    The others are for problems with one shard. ``point_at_once`` gives the point at ``beta``, None where doubles
    cannot hold the risk sums. ``climb_at_once`` goes from a point to the maximum and gives the last point, the last
    step (the maximum is where it leads) and the number of steps; None where a safeguard of `newton` has to act.
    ``observed`` has p + 1 values: sums over the events of weight * x, then what offsets add to the log-likelihood.

    ``stepwise_at_once`` gives for each row of ``draws`` (how often each patient is drawn) the terms selected, as the
    bits of a number, and the coefficients; -1 where the resample is left to `stepwise`. ``key`` is twice the number
    of a patient's time, plus 1 for an event; ``term`` tells where the columns of each term begin, and the end;
    ``rules`` are backward or not, the criterion's number, enter, remove, Efron or not, the number of times.
    """

    def count_whole_times(
        self, time: Floats, event: Floats, group: Ints | None, n_times: int, n_groups: int
    ) -> Ints | None: ...

    def place_whole_times(
        self, time: Floats, event: Floats, number: Ints, even_slot: Ints, stop: Ints, slot: Ints
    ) -> None: ...

    def point_at_once(self, shard: Shard, cells: Cells, observed: Floats, beta: Floats) -> Point | None: ...

    def climb_at_once(
        self, shard: Shard, cells: Cells, observed: Floats, start: Point, span: Floats, reference: Floats
    ) -> tuple[Point, Floats, int] | None: ...

    def stepwise_at_once(self, x: Floats, key: Ints, term: Ints, rules: Floats, draws: Ints) -> tuple[Ints, Floats]: ...


@dataclass(frozen=True, slots=True)
class _Choice:
    kernel: _Kernel
    workers: int


def _kernels() -> dict[str, _Kernel]:
    found: dict[str, _Kernel] = {"numpy": kernel_numpy}
    if kernel_compiled is not None:
        found["compiled"] = kernel_compiled
    return found


KERNELS = _kernels()
_BEST = _Choice(list(KERNELS.values())[-1], cpu_count())
_CHOSEN: ContextVar[_Choice] = ContextVar("kernel", default=_BEST)


def name() -> str:
    """Return the name of the kernel that runs: "compiled" or "numpy"."""
    return _CHOSEN.get().kernel.name


@contextmanager
def use(kernel: str, *, workers: int | None = None) -> Generator[None]:
    """Run a block with another kernel or another number of threads; for tests and benchmarks.

    Parameters
    ----------
    kernel : {"compiled", "numpy"}
        One of `KERNELS`; "compiled" is there only where it could be compiled.
    workers : int, optional
        Threads over the shards; default: one for each processor. No result depends on it.

    Raises
    ------
    UsageError
        If there is no such kernel here.

    Examples
    --------
    >>> with use("numpy"):
    ...     name()
    'numpy'
    """
    if kernel not in KERNELS:
        raise UsageError(f'kernel: one of {", ".join(KERNELS)} was expected; got "{kernel}"')
    token = _CHOSEN.set(_Choice(KERNELS[kernel], workers or cpu_count()))
    try:
        yield
    finally:
        _CHOSEN.reset(token)


def over_shards(work: Callable[[In], Out], shards: Sequence[In]) -> list[Out]:
    """Return ``work`` of each shard, in their order, computed by several threads where there are several shards."""
    workers = min(_CHOSEN.get().workers, len(shards))
    if workers < 2:
        return [work(shard) for shard in shards]
    with ThreadPoolExecutor(workers) as pool:
        return [done.result() for done in [pool.submit(copy_context().run, work, shard) for shard in shards]]


def at_once() -> AtOnce | None:
    """Return what the kernel does in one call, or None where it is the NumPy kernel."""
    return None if _CHOSEN.get().kernel is kernel_numpy else kernel_compiled


def risk_sums(shard: Shard, beta: Floats, n_slots: int, theta: Floats) -> RiskSums:
    """Pass 1: sum theta and theta * x by slot; ``theta`` (n,) is filled in, for pass 2.

    The linear predictor is clamped at ±300; the caller refuses a ``beta`` whose ``peak`` is beyond that.
    """
    return _CHOSEN.get().kernel.risk_sums(shard, beta, n_slots, theta)


def gram(shard: Shard, theta: Floats, hazard: Floats) -> Floats:
    """Pass 2: the (p, p) sum of q x x' over the rows, with q as `expected_events` gives it."""
    return _CHOSEN.get().kernel.gram(shard, theta, hazard)


def tie_terms(cells: Cells, risk: Floats, tied_risk: Floats) -> TieTerms:
    """Return the sums over the tied events of each cell, from the sums over those at risk and over the tied."""
    return _CHOSEN.get().kernel.tie_terms(cells, risk, tied_risk)


def measure(source: Floats) -> Extent | None:
    """Return the extents of the columns of the (n, p) ``source``; None if a value is not finite."""
    return _CHOSEN.get().kernel.measure(source)


def standardize(source: Floats, center: Floats, scale: Floats, x: Floats) -> Floats:
    """Put (source - center) / scale into the (p, n) ``x``, and return the (p,) sums of its squares.

    ``source`` may be the transpose of ``x``.
    """
    return _CHOSEN.get().kernel.standardize(source, center, scale, x)
