"""Problems of a protocol: where, and a sentence that says what was expected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from oncohort.study.toml_lines import Path
from oncohort.study.words import did_you_mean, quoted

Problem: TypeAlias = tuple[Path, str]


def unknown(kind: str, word: str, known: Iterable[str]) -> str:
    """Return the sentence about a name that nothing has, with all there are and the nearest one.

    Examples
    --------
    >>> unknown("endpoint", "PSF", ["OS", "PFS"])
    'there is no endpoint "PSF"; declared are "OS", "PFS". Did you mean "PFS"?'
    """
    options = list(known)
    declared = f"declared are {quoted(options)}." if options else f"no {kind} is declared."
    return f'there is no {kind} "{word}"; {declared}{did_you_mean(word, options)}'


def names(place: Path, kind: str, words: Iterable[str], known: Iterable[str]) -> Iterator[Problem]:
    """Yield each word that is no known name, or that is listed twice."""
    options = list(known)
    seen: set[str] = set()
    for word in words:
        if word not in options:
            yield place, unknown(kind, word, options)
        elif word in seen:
            yield place, f'"{word}" is listed twice'
        seen.add(word)


def duplicates(place: Path, kind: str, ids: Iterable[str | None]) -> Iterator[Problem]:
    """Yield each id of a list that an earlier item has already; ``place`` is that of the list."""
    seen: set[str] = set()
    for k, name in enumerate(ids):
        if name is not None and name in seen:
            yield (*place, k, "id"), f'"{name}" is the id of another {kind} already'
        seen.add(name or "")


def reversed_range(place: Path, bounds: tuple[float, float] | None, what: str) -> Iterator[Problem]:
    """Yield a range whose end is before its beginning."""
    if bounds is not None and bounds[0] > bounds[1]:
        low, high = bounds
        yield place, f"[{low}, {high}] ends before it begins; {what} as [from, to] were expected"
