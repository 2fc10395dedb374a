"""The other programs: which are there, in what versions, and what is known to take them too long."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import version
from typing import Protocol

import coxstream_peer
import firthmodels_peer
import greenwood_peer
import lifelines_peer
import r_peer
import sksurv_peer
import statsmodels_peer
from cases import LARGE, Case
from data import Cohort
from measure import TOO_SLOW, Contestant, Outcome, Read, Work, in_this_process

NOT_INSTALLED = Outcome(None, {}, "not installed")
_TRIED = Outcome(None, {}, f"{TOO_SLOW} when tried before")

# What needed more than the limit in November 2026, if not with fewer patients already, by name and task: the number of
# patients from which on it is not tried again.
_TOO_SLOW = {
    (greenwood_peer.NAME, "cox"): LARGE,
    (greenwood_peer.NAME, "fine_gray"): 100_000,
    (r_peer.NAME, "fine_gray"): 100_000,
    (r_peer.NAME, "tables_26"): LARGE,
    (sksurv_peer.NAME, "tables_26"): LARGE,
    (sksurv_peer.NAME, "concordance"): LARGE,
    (greenwood_peer.NAME, "concordance"): LARGE,
    (greenwood_peer.NAME, "zph"): LARGE,
    (lifelines_peer.NAME, "zph"): LARGE,
}


class Peer(Protocol):
    """A module of a Python package that does the same work."""

    @property
    def NAME(self) -> str: ...  # noqa: N802 - a constant of the module

    @property
    def PACKAGE(self) -> str: ...  # noqa: N802

    @property
    def MODULE(self) -> str: ...  # noqa: N802

    @property
    def TASKS(self) -> Mapping[str, Callable[[Cohort], tuple[Work, Read]]]: ...  # noqa: N802


PEERS: tuple[Peer, ...] = (
    coxstream_peer,
    lifelines_peer,
    sksurv_peer,
    statsmodels_peer,
    greenwood_peer,
    firthmodels_peer,
)


@cache
def is_installed(peer: Peer) -> bool:
    """Say whether the package can be imported; a compiled one may be there and not load."""
    try:
        import_module(peer.MODULE)
    except ImportError:
        return False
    return True


def enter(peer: Peer, task: str, cohort: Cohort) -> Contestant:
    """Return a package ready for one of its tasks on a cohort."""
    return in_this_process(peer.NAME, *peer.TASKS[task](cohort))


def known_beforehand(name: str, task: str, n: int) -> Outcome | None:
    """Return the outcome of a contestant that is not tried again, else None."""
    return _TRIED if n >= _TOO_SLOW.get((name, task), n + 1) else None


def is_beside(case: Case, name: str) -> bool:
    """Say whether a peer that does the task is to be measured."""
    return case.beside is None or name in case.beside


def versions(r_versions: tuple[str, str] | None) -> dict[str, str]:
    """Return the version of each program, in words."""
    found = {peer.NAME: version(peer.PACKAGE) if is_installed(peer) else NOT_INSTALLED.reason for peer in PEERS}
    r_words = NOT_INSTALLED.reason if r_versions is None else f"{r_versions[0]} with survival {r_versions[1]}"
    return found | {"R": r_words}
