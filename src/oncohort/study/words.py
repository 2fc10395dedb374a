"""Words for messages: the nearest known word, and lists."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `` Did you mean "x"?`` for the nearest known word, or nothing.

    Examples
    --------
    >>> did_you_mean("evnt", ["event", "time"])
    ' Did you mean "event"?'
    """
    options = {option.lower(): option for option in known}
    near = get_close_matches(word.lower(), list(options), n=1, cutoff=0.6)
    return f' Did you mean "{options[near[0]]}"?' if near else ""


def quoted(words: Iterable[str]) -> str:
    """Return the words in quotation marks, with commas between."""
    return ", ".join(f'"{word}"' for word in words)


def plural(n: int | str, noun: str) -> str:
    """Return the number with its noun; a masked count ("<5") is many.

    Examples
    --------
    >>> plural(1, "event"), plural(2, "patient"), plural("<5", "event"), plural("1", "figure")
    ('1 event', '2 patients', '<5 events', '1 figure')
    """
    return f"{n} {noun}" if str(n) == "1" else f"{n} {noun}s"
