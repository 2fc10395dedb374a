"""Ids and labels of recorded words: adverse events, causes of death, reasons to stop."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Final

_ABBREVIATIONS: Final = frozenset(
    {"AFP", "ALP", "ALT", "AST", "CNS", "CPK", "ECG", "ECOG", "GGT", "GI", "HBV", "INR", "LDH", "PS", "PT", "QT", "QTC"}
)
_AMERICAN: Final = {"tumour": "tumor", "haemorrhage": "hemorrhage", "anaemia": "anemia", "diarrhoea": "diarrhea"}
_UNNAMED: Final = "unnamed"


def term_id(text: str) -> str:
    """Return the key of a recorded word in results: lower case, anything but letters and digits as ``_``.

    Examples
    --------
    >>> term_id("HAND-FOOT SKIN REACTION"), term_id("RENAL FAILURE, REFRACTORY ASCITES")
    ('hand_foot_skin_reaction', 'renal_failure_refractory_ascites')
    """
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_") or _UNNAMED


def unique_ids(texts: Iterable[str], *, taken: Collection[str] = ()) -> dict[str, str]:
    """Return each word with an id of its own; where two would have the same, the later by alphabet is numbered.

    Examples
    --------
    >>> unique_ids(["RASH", "A/B", "A-B"], taken=["rash"])
    {'A-B': 'a_b', 'A/B': 'a_b_2', 'RASH': 'rash_2'}
    """
    used = set(taken)
    found: dict[str, str] = {}
    for text in sorted(set(texts)):
        name, place = term_id(text), 1
        while name in used:
            place += 1
            name = f"{term_id(text)}_{place}"
        used.add(name)
        found[text] = name
    return found


def term_label(text: str) -> str:
    """Return a recorded word as a reader sees it: one capital, abbreviations as they are, American spelling.

    Examples
    --------
    >>> term_label("HAND-FOOT SKIN REACTION"), term_label("TUMOUR RUPTURE/HAEMORRHAGE"), term_label("ALT INCREASED")
    ('Hand-foot skin reaction', 'Tumor rupture/hemorrhage', 'ALT increased')
    """
    words = re.sub(r"[^\W\d_]+", lambda found: _spelled(found.group()), text)
    return words[:1].upper() + words[1:]


def _spelled(word: str) -> str:
    if word.upper() in _ABBREVIATIONS:
        return word.upper()
    return _AMERICAN.get(word.lower(), word.lower())
