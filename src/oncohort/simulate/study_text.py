"""The text of a protocol, changed into that of a synthetic study; everything else in it stays as it was."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Final

from oncohort.errors import ProtocolError
from oncohort.study.protocol import Protocol
from oncohort.study.toml_lines import locate_keys

DATA: Final = "data"
"""The folder of the records in a synthetic study."""
_KEYS: Final = {"synthetic": "true", "records": f'"{DATA}"'}
_VALUE: Final = re.compile(r"""^(\s*[^=]+=\s*)("[^"]*"|'[^']*'|[^#\s]+)""")


def refuse_own_files(protocol: Protocol, name: str) -> None:
    """Raise ProtocolError if a protocol is no records study, or says how the files of its records are written."""
    if protocol.study.records is None:
        raise ProtocolError(f'{name}: is a table study; a records study (records = "…" under [study]) was expected')
    for table in protocol.records.template_files():
        raise ProtocolError(
            f"{name} records.{table}: says how a file is written; synthetic records are written as the template says, "
            "so a protocol without this section was expected"
        )


def as_synthetic(text: str, name: str, cases: Mapping[str, str]) -> str:
    r"""Return the text of a protocol with ``synthetic = true`` and ``records = "data"`` under ``[study]``.

    Parameters
    ----------
    text : str
        Of a protocol that can be read.
    name : str
        What messages call it.
    cases : mapping of str to str
        For the patient of a figure, the synthetic patient who takes the place.

    Raises
    ------
    ProtocolError
        If the text has no table ``[study]`` of its own.

    Examples
    --------
    >>> print(as_synthetic('[study]  # ours\ntitle = "x"\nrecords = "old"  # here', "study.toml", {}))
    [study]  # ours
    synthetic = true
    title = "x"
    records = "data"  # here
    <BLANKLINE>
    """
    lines = text.splitlines()
    for key, value in _KEYS.items():
        places = locate_keys("\n".join(lines)).places
        at, header = places.get(("study", key)), places.get(("study",))
        if at is not None:
            lines[at - 1] = _VALUE.sub(lambda found, value=value: f"{found[1]}{value}", lines[at - 1])
        elif header is not None:
            lines.insert(header, f"{key} = {value}")
    changed = "\n".join(lines) + "\n"
    for before, after in cases.items():
        changed = re.sub(rf"""(\bpatient_id\s*=\s*)["']{re.escape(before)}["']""", rf'\g<1>"{after}"', changed)
    if not _says_so(changed):
        raise ProtocolError(f"{name} study: must be written as a table, [study], with a key a line")
    return changed


def _says_so(text: str) -> bool:
    try:
        study = tomllib.loads(text).get("study", {})
    except tomllib.TOMLDecodeError:
        return False
    return study.get("synthetic") is True and study.get("records") == DATA
