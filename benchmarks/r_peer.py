"""R's survival package as a contestant: a process of its own that holds the same data and times itself."""

from __future__ import annotations

import math
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from measure import Contestant, Numbers, Spent, TooSlow

NAME = "R survival"
TASKS = frozenset(
    ("concordance", "cox", "fine_gray", "kaplan_meier", "log_rank_2", "log_rank_4", "stepwise", "tables_26", "zph")
)
_SCRIPT = Path(__file__).with_name("r_survival.R")
_ASK_VERSIONS = 'cat(as.character(getRversion()), as.character(packageVersion("survival")))'


@cache
def r_versions() -> tuple[str, str] | None:
    """Return the versions of R and of its survival package, or None where one is not installed."""
    program = shutil.which("Rscript")
    if program is None:
        return None
    asked = subprocess.run([program, "-e", _ASK_VERSIONS], capture_output=True, text=True, check=False)
    words = asked.stdout.split()
    return (words[0], words[1]) if asked.returncode == 0 and len(words) == 2 else None


@contextmanager
def enter(task: str, n: int, columns: Path, names: tuple[str, ...]) -> Iterator[Contestant]:
    """Yield R ready for a task on the columns of a file; its process ends with the block."""
    with _started(n, columns, names) as process:
        yield Contestant(NAME, lambda repeats: _time(process, task, repeats), lambda: _numbers(process, task))


def memory_of(task: str, n: int, columns: Path, names: tuple[str, ...]) -> float:
    """Return what a call adds to the peak memory of R's process, in bytes."""
    with _started(n, columns, names) as process:
        return float(_ask(process, f"memory {task}")[0])


@contextmanager
def _started(n: int, columns: Path, names: tuple[str, ...]) -> Iterator[subprocess.Popen[str]]:
    command = ["Rscript", str(_SCRIPT), str(columns), str(n), ",".join(names)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as process:
        try:
            yield process
        finally:
            process.kill()


def _time(process: subprocess.Popen[str], task: str, repeats: int) -> Spent:
    try:
        wall, cpu = _ask(process, f"time {task} {repeats}")[0].split()
    except TooSlow:
        process.kill()  # it would go on beside the others
        raise
    return Spent(float(wall), float(cpu))


def _numbers(process: subprocess.Popen[str], task: str) -> Numbers:
    lines = [line.split() for line in _ask(process, f"numbers {task}")]
    return {words[0]: [math.nan if word == "NA" else float(word) for word in words[1:]] for words in lines}


def _ask(process: subprocess.Popen[str], question: str) -> list[str]:
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("R was started without pipes")
    process.stdin.write(question + "\n")
    process.stdin.flush()
    answer: list[str] = []
    for line in process.stdout:
        if line.strip() == "end":
            return answer
        answer.append(line)
    raise RuntimeError(f"R ended before it answered {question!r}; its message stands above")
