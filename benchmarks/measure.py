"""Measure: wall clock and CPU of all threads, contestants in turn, and how far their numbers are apart."""

from __future__ import annotations

import gc
import math
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

Numbers: TypeAlias = Mapping[str, ArrayLike]
Work: TypeAlias = Callable[[], Any]
Read: TypeAlias = Callable[[Any], Numbers]

LIMIT = 60.0  # seconds: a contestant that needs more for one call is not run
TOO_SLOW = f"not run: > {LIMIT:.0f} s"
_SHORTEST = 0.05  # seconds: a shorter call is repeated inside one round until the round lasts so long
_LONG = 2.0  # seconds: a call this long gets three rounds, not five
_VERY_LONG = 8.0  # seconds: a call this long is made once
_WARM = 0.5  # seconds: beside a call this long, what only a first call does is nothing


class TooSlow(BaseException):
    """One call took longer than the limit; no `except Exception` of a library can swallow it."""


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of some calls together; ``cpu`` is the sum over all threads."""

    wall: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Contestant:
    """Someone to be measured.

    Parameters
    ----------
    name : str
        Who it is.
    run : callable
        Makes so many calls and returns what they took.
    numbers : callable
        Returns what a call found, by name, to be compared; asked for after a run.
    """

    name: str
    run: Callable[[int], Spent]
    numbers: Callable[[], Numbers]


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, smallest and largest of some rounds, in seconds."""

    median: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of one call; ``rounds`` of ``repeats`` calls each."""

    wall: Spread
    cpu: Spread
    rounds: int
    repeats: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """A contestant's time and numbers, or the reason why there are none."""

    timing: Timing | None
    numbers: Numbers
    reason: str


def in_this_process(name: str, work: Work, read: Read) -> Contestant:
    """Return a contestant that is a function of this process; ``read`` takes the numbers from what it returns."""
    last: list[Any] = []

    def run(repeats: int) -> Spent:
        last.clear()
        gc.collect()
        found = None
        cpu, wall = time.process_time(), time.perf_counter()
        for _ in range(repeats):
            found = work()
        spent = Spent(time.perf_counter() - wall, time.process_time() - cpu)
        last.append(found)
        return spent

    return Contestant(name, run, lambda: read(last[0]))


def race(contestants: Sequence[Contestant]) -> dict[str, Outcome]:
    """Measure the contestants in turn (A B C, B C A, …) after a first call of each that does not count.

    Five rounds; three for a contestant whose call takes longer than two seconds; one, the first call, for one whose
    call takes longer than eight.
    """
    reasons: dict[str, str] = {}
    repeats: dict[str, int] = {}
    rounds: dict[str, int] = {}
    spent: dict[str, list[Spent]] = {}
    for contestant in contestants:
        try:
            with time_limit(LIMIT):
                first = contestant.run(1)
        except TooSlow:
            reasons[contestant.name] = TOO_SLOW
            continue
        once = contestant.run(1).wall if first.wall < _WARM else first.wall
        repeats[contestant.name] = max(1, math.ceil(_SHORTEST / max(once, 1e-6)))
        rounds[contestant.name] = 5 if once <= _LONG else 3 if once <= _VERY_LONG else 0
        spent[contestant.name] = [] if once <= _VERY_LONG else [first]
    running = deque(contestant for contestant in contestants if contestant.name in repeats)
    for k in range(max(rounds.values(), default=0)):
        for contestant in running:
            if k < rounds[contestant.name]:
                spent[contestant.name].append(contestant.run(repeats[contestant.name]))
        running.rotate(-1)
    return {
        c.name: Outcome(None, {}, reasons[c.name])
        if c.name in reasons
        else Outcome(_timing(spent[c.name], repeats[c.name]), c.numbers(), "")
        for c in contestants
    }


def _timing(spent: Sequence[Spent], repeats: int) -> Timing:
    return Timing(
        spread_of([s.wall / repeats for s in spent]), spread_of([s.cpu / repeats for s in spent]), len(spent), repeats
    )


def spread_of(values: Sequence[float]) -> Spread:
    """Return the median, the smallest and the largest value."""
    return Spread(median(values), min(values), max(values))


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TooSlow when the block takes longer; a single call of compiled code is let end first."""

    def stop(number: int, frame: object) -> None:
        del number, frame
        raise TooSlow

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def largest_deviation(numbers: Numbers, reference: Numbers) -> float | None:
    """Return the largest relative deviation over the names that both have; None if there is none.

    Relative to the reference, absolute where that is 0; infinite where one is nan and the other is not.
    """
    shared = [name for name in reference if name in numbers]
    deviations = [_deviation(numbers[name], reference[name]) for name in shared]
    return max(deviations, default=None)


def _deviation(numbers: ArrayLike, reference: ArrayLike) -> float:
    a, b = (np.atleast_1d(np.asarray(values, dtype=np.float64)) for values in (numbers, reference))
    if a.shape != b.shape or (np.isnan(a) != np.isnan(b)).any():
        return math.inf
    known = ~np.isnan(a) & (a != b)
    difference, size = np.abs(a - b)[known], np.abs(b[known])
    return float(np.max(difference / np.where(size == 0.0, 1.0, size), initial=0.0))
