"""Write TOML that is pleasant to read: values, aligned lines, comments that no header can break."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

_LONGEST: Final = 40
_WIDEST: Final = 100


@dataclass(frozen=True, slots=True)
class Line:
    """One ``key = value  # comment``; ``off`` lines are written as comments."""

    key: str
    value: str
    comment: str = ""
    off: bool = False


def toml_string(text: str) -> str:
    r"""Write a basic TOML string; what cannot be seen is escaped.

    Examples
    --------
    >>> print(toml_string('AFP "serum"\n(ng/ml)'))
    "AFP \"serum\"\u000A(ng/ml)"
    """
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(letter: str) -> str:
    if letter in {'"', "\\"}:
        return f"\\{letter}"
    if letter.isprintable():
        return letter
    return f"\\u{ord(letter):04X}" if ord(letter) < 0x10000 else f"\\U{ord(letter):08X}"


def toml_scalar(text: str) -> str:
    """Write a code or level: a plain decimal number as itself, anything else as a string.

    Examples
    --------
    >>> toml_scalar("1"), toml_scalar("0.5"), toml_scalar("01"), toml_scalar("B")
    ('1', '0.5', '"01"', '"B"')
    """
    return text if re.fullmatch(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,10})?", text) else toml_string(text)


def toml_list(items: Iterable[str]) -> str:
    """Join written values as a TOML array, on as many lines as it needs."""
    written = list(items)
    line = f"[{', '.join(written)}]"
    if len(line) <= _WIDEST:
        return line
    lines = [""]
    for item in written:
        if lines[-1] and len(lines[-1]) + len(item) > _WIDEST:
            lines.append("")
        lines[-1] += f" {item}," if lines[-1] else f"    {item},"
    return "\n".join(["[", *lines, "]"])


def in_comment(text: str) -> str:
    """Make any text fit for a comment: seen, on one line, and short."""
    seen = "".join(letter if letter.isprintable() else " " for letter in text)
    return seen if len(seen) <= _LONGEST else f"{seen[: _LONGEST - 1]}…"


def aligned(lines: Sequence[Line]) -> list[str]:
    """Return lines with their ``=`` in one column, and their comments too where the values are short."""
    keys = max(len(line.key) + 2 * line.off for line in lines)
    values = max((len(line.value) for line in lines if line.comment and len(line.value) <= _LONGEST), default=0)
    written: list[str] = []
    for line in lines:
        key = f"# {line.key}" if line.off else line.key
        text = f"{key:<{keys}} = {line.value}"
        if line.comment:
            text = f"{text}{' ' * max(0, values - len(line.value))}  # {line.comment}"
        written.append(text)
    return written
