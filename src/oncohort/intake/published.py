"""The numbers of a publication, read from the file that the protocol names."""

from __future__ import annotations

import hashlib
from pathlib import Path

from oncohort.errors import ProtocolError
from oncohort.intake.read import inside_study, read_bytes
from oncohort.study.protocol import Protocol
from oncohort.study.published import parse_published
from oncohort.study.records import Source
from oncohort.study.schema_published import PublishedNumbers
from oncohort.study.words import plural


def read_published(folder: Path, protocol: Protocol) -> tuple[PublishedNumbers, Source] | None:
    """Return the published numbers of a study with the fingerprint of their file; None where it names none.

    Raises
    ------
    DataError
        If the file lies outside the study or cannot be read.
    ProtocolError
        If it is no TOML, or says what cannot be.
    """
    if protocol.published is None:
        return None
    path, name = inside_study(folder, protocol.published.file)
    content = read_bytes(path, name)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ProtocolError(f"{name}:{line} this is not UTF-8; save the file as UTF-8") from error
    published = parse_published(text, name, protocol)
    keys = {key for number in published.number for key in number.model_fields_set}
    read_as = plural(len(published.number), "published number")
    source = Source(name, hashlib.sha256(content).hexdigest(), len(published.number), len(keys), (read_as,))
    return published, source
