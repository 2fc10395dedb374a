"""Another process for the figures: half of the time that a large report takes is drawing."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from threading import Thread
from typing import Final

_WORTH_IT: Final = 5
"""Figures from which on another process saves more time than it takes to start."""


@contextmanager
def other_process(figures: int) -> Iterator[Executor | None]:
    """Give a process to draw in, or None where there is no second processor or there are few figures."""
    if _processors() < 2 or figures < _WORTH_IT:
        yield None
        return
    with ProcessPoolExecutor(1, get_context("spawn"), initializer=_prepare) as executor:
        executor.submit(os.getpid)  # it starts now, and will be ready when there is something to draw
        try:
            yield executor
        finally:
            executor.shutdown(wait=False, cancel_futures=True)


def _processors() -> int:
    """Return on how many processors this process may run."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _prepare() -> None:
    """Make the new process ready to draw; Ctrl+C is answered by its parent, and it ends when its parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()
    import oncohort.report.patient_figures  # noqa: F401


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
