"""What a Cox fit adds to the peak memory of a process, as a multiple of its data: python memory.py PROGRAM PATIENTS

Each program in a process of its own. Its data are times, events and covariates, and what they have been made into
before the clock starts (a data frame, say) is there before the fit, too. Linux tells and forgets the peak.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import ours
import peers
import r_peer
from data import Cohort, make_cohort, write_columns
from measure import LIMIT, TOO_SLOW, Contestant

_TASK = "cox"
_STATUS, _FORGET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def memory_of_fits(n: int) -> dict[str, float | str]:
    """Return the multiple for oncohort and each program beside it, or why there is none."""
    names = [ours.NAME, ours.NUMPY, *(peer.NAME for peer in peers.PEERS if _TASK in peer.TASKS), r_peer.NAME]
    return {name: _asked(name, n) for name in names}


def _asked(name: str, n: int) -> float | str:
    known = peers.known_beforehand(name, _TASK, n)
    if known is not None:
        return known.reason
    command = [sys.executable, __file__, name, str(n)]
    try:
        told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=2 * LIMIT)
    except subprocess.TimeoutExpired:
        return TOO_SLOW
    return float(told.stdout) if told.returncode == 0 else told.stderr.strip().rpartition("\n")[2]


def _multiple(name: str, n: int) -> float:
    if not _FORGET.exists():
        raise SystemExit("not measured: this system does not tell it")
    cohort = make_cohort(n)
    data = cohort.time["OS"].nbytes + cohort.event["OS"].nbytes + cohort.x.nbytes
    return _added(name, cohort) / data


def _added(name: str, cohort: Cohort) -> float:
    if name == r_peer.NAME:
        if r_peer.r_versions() is None:
            raise SystemExit(peers.NOT_INSTALLED.reason)
        with tempfile.TemporaryDirectory(prefix="oncohort-bench-") as place:
            file = Path(place) / "columns"
            return r_peer.memory_of(_TASK, cohort.n, file, write_columns(cohort, file))
    _added_here(name, make_cohort(1_000))  # what only a first call brings
    return _added_here(name, cohort)


def _added_here(name: str, cohort: Cohort) -> float:
    contestant = _contestant(name, cohort)
    _FORGET.write_text("5", encoding="utf-8")  # the peak is now what is in use
    before = _peak()
    contestant.run(1)
    return _peak() - before


def _contestant(name: str, cohort: Cohort) -> Contestant:
    if name == ours.NAME:
        return ours.enter(_TASK, cohort)
    numpy = ours.enter_numpy(_TASK, cohort) if name == ours.NUMPY else None
    if numpy is not None:
        return numpy
    peer = next((peer for peer in peers.PEERS if name == peer.NAME and peers.is_installed(peer)), None)
    if peer is None:
        raise SystemExit(peers.NOT_INSTALLED.reason)
    return peers.enter(peer, _TASK, cohort)


def _peak() -> int:
    lines = _STATUS.read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024


if __name__ == "__main__":
    print(_multiple(sys.argv[1], int(sys.argv[2])))
