"""A first try in another process, for readers that a damaged file can make end the process they run in."""

from __future__ import annotations

import subprocess
import sys


def survives(program: str, content: bytes) -> bool:
    """Return whether a line of Python that reads ``content`` from its standard input ends well.

    A damaged length can ask a compiled reader for more memory than there is, or send it astray, upon which the
    whole process ends and no exception can be caught. So a child process tries first.
    """
    command = [sys.executable, "-P", "-c", program]
    return subprocess.run(command, input=content, capture_output=True, check=False).returncode == 0  # noqa: S603 (our own words)
