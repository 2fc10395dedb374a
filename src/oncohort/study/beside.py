"""Two profiles side by side: every number under the study's own choices and under another profile, with the cause."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan
from typing import Final, Literal, TypeAlias

from oncohort.study.profiles import ProfileName
from oncohort.study.results import Results, Row
from oncohort.study.switched import Difference

Verdict: TypeAlias = Literal["equal", "changed", "written otherwise", "only here", "only beside"]

TOGETHER: Final = "only together"
WORDS: Final = "method"
"""The statistic that is words and no number."""


@dataclass(frozen=True, slots=True)
class Switch:
    """One choice, switched alone: how many numbers it changes; or why nothing can be computed with it alone."""

    difference: Difference
    n_changed: int | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Pair:
    """One key of the results under both profiles, None where it has no row; ``alone`` names what changes it."""

    here: Row | None
    beside: Row | None
    alone: tuple[str, ...]

    @property
    def row(self) -> Row:
        """A row with the key of both."""
        row = self.here or self.beside
        assert row is not None
        return row


@dataclass(frozen=True, slots=True)
class Beside:
    """A study under another profile.

    Attributes
    ----------
    profile : str
        The other profile.
    results : Results
        Everything the study finds under it.
    switches : tuple of Switch
        The choices that differ, each switched alone.
    pairs : tuple of Pair
        Every key of either results, those of the study first.
    """

    profile: ProfileName
    results: Results
    switches: tuple[Switch, ...]
    pairs: tuple[Pair, ...]


def verdict_of(pair: Pair) -> Verdict:
    """Return whether a number is the same under both profiles."""
    if pair.here is None:
        return "only beside"
    if pair.beside is None:
        return "only here"
    if not same_value(pair.here, pair.beside):
        return "changed"
    return "equal" if same_text(pair.here, pair.beside) else "written otherwise"


def cause_of(pair: Pair) -> str:
    """Return the choices that change a number alone; or that only several together do; nothing if it is the same.

    Examples
    --------
    >>> row = Row("survival", "median", 10.5, "10.5")
    >>> cause_of(Pair(row, row, ())), cause_of(Pair(row, None, ())), cause_of(Pair(row, None, ("a", "b")))
    ('', 'only together', 'a; b')
    """
    return "; ".join(pair.alone) or ("" if verdict_of(pair) == "equal" else TOGETHER)


def same_value(a: Row | None, b: Row | None) -> bool:
    """Return whether two rows of one key say the same: the same double, or where there is none the same words.

    Examples
    --------
    >>> one, other = Row("survival", "median", 10.5, "10.5"), Row("survival", "median", 10.5, "10.50")
    >>> same_value(one, other), same_value(one, None), same_value(None, None)
    (True, False, True)
    """
    if a is None or b is None:
        return a is b
    values = [None if value is None or isnan(value) else value for value in (a.value, b.value)]
    return values[0] == values[1] and (values[0] is not None or a.text == b.text)


def same_text(a: Row | None, b: Row | None) -> bool:
    """Return whether a reader sees the same of two rows of one key."""
    return (a and a.text) == (b and b.text)
