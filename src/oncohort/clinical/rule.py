"""A rule as a reader may check it: its question, its criteria as a table, its sources, and where they leave doubt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Seen: TypeAlias = Literal["paper", "seen", "from knowledge"]
"""Where a statement comes from: the reproduced paper, a source that was looked up, or the authors' knowledge of a
source that was not read again (to be checked against it before it is relied on)."""


@dataclass(frozen=True, slots=True)
class Source:
    """One source: a citation that finds it, the place in it (page, table, section), and how it is known."""

    citation: str
    place: str
    seen: Seen


@dataclass(frozen=True, slots=True)
class CriteriaTable:
    """Criteria as printed on the page of a rule; the cells are made of the very data that the rule computes with."""

    caption: str
    head: tuple[str, ...]
    body: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the book.

    ``functions`` are the names in ``oncohort.rules`` that apply it; ``vectors`` the sections of the test
    vectors that pin it; ``doubts`` whole sentences: what the sources leave open, what was chosen, what is unverified.
    """

    id: str
    title: str
    question: str
    functions: tuple[str, ...]
    sources: tuple[Source, ...]
    criteria: tuple[CriteriaTable, ...] = ()
    doubts: tuple[str, ...] = ()
    vectors: tuple[str, ...] = ()
