"""Text files that a person writes: read as UTF-8, with a sentence where that cannot be."""

from __future__ import annotations

from pathlib import Path

from oncohort.errors import ProtocolError


def read_plain_text(file: Path) -> str:
    """Return the text of a file in UTF-8, with or without a byte order mark.

    Raises
    ------
    ProtocolError
        If the file cannot be read, or is not UTF-8.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ProtocolError(f"{file.name}: cannot be read ({error.strerror})") from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ProtocolError(f"{file.name}:{line} this is not UTF-8; save the file as UTF-8") from error
