"""verify.R: the medians, log-rank tests and Cox models of a run, done again in R and compared."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from oncohort.study.protocol import Protocol


def write_verification(protocol: Protocol, folder: Path) -> None:
    """Write ``verify.R`` with the choices in force at its top; it reads only files of the run."""
    body = (files("oncohort.writer") / "verify.R").read_text(encoding="utf-8")
    choices = {key: str(item.value) for key, item in protocol.settings().items() if key.startswith("survival.")}
    head = "".join(f'{key.split(".")[1]} <- "{value}"\n' for key, value in choices.items())
    (folder / "verify.R").write_text(body.replace("# CHOICES\n", head), encoding="utf-8", newline="")
