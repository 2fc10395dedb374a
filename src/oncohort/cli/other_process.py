"""Another process for the figures: a third of the time that a large report takes is drawing."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, Final, ParamSpec, TypeVar

_WORTH_IT: Final = 5
"""Figures from which on another process saves more time than it takes to start."""
_SERVE: Final = "from oncohort.cli.other_process import serve; serve()"

Given = ParamSpec("Given")
Result = TypeVar("Result")


class OtherProcess(Executor):
    """One process that calls functions, one after the other; it ends when the pipe to it does.

    `concurrent.futures.ProcessPoolExecutor` would run the main module of the caller again, whatever it is.
    """

    def __init__(self) -> None:
        command = [sys.executable, "-c", _SERVE]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603 (our own)
        self._thread = ThreadPoolExecutor(1)

    def submit(self, fn: Callable[Given, Result], /, *args: Given.args, **kwargs: Given.kwargs) -> Future[Result]:
        """Have a function called there, after those before it."""
        return self._thread.submit(self._call, fn, args, kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002
        """End the process, when it has done what it is doing."""
        self._thread.shutdown(wait, cancel_futures=cancel_futures)
        self._process.communicate()

    def _call(self, *asked: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            pickle.dump(asked, self._process.stdin)
            self._process.stdin.flush()
            done, found = pickle.load(self._process.stdout)  # noqa: S301 (our own process)
        except (OSError, EOFError) as error:
            raise BrokenProcessPool("the other process is gone") from error
        if done:
            return found
        raise found


@contextmanager
def other_process(figures: int) -> Iterator[Executor | None]:
    """Give a process to draw in, or None where there is no second processor or there are few figures."""
    if _processors() < 2 or figures < _WORTH_IT or not sys.executable:
        yield None
        return
    other = OtherProcess()
    try:
        yield other
    finally:
        other.shutdown(cancel_futures=True)


def _processors() -> int:
    """Return on how many processors this process may run."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def serve() -> None:
    """Call what comes in, and send back what it returns or raises; Ctrl+C is answered by the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    back = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not stand between the answers
    import oncohort.report.patient_figures  # noqa: F401 (ready when the first figure comes)

    while True:
        try:
            function, args, kwargs = pickle.load(sys.stdin.buffer)  # noqa: S301 (our own parent)
        except EOFError:
            os._exit(0)  # nothing is left to tidy up
        try:
            answer = (True, function(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 (it is raised again by the parent)
            answer = (False, error)
        pickle.dump(answer, back)
        back.flush()
