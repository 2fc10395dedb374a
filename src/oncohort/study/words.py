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
