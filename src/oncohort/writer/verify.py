"""verify.R: the medians, log-rank tests and Cox models of a run, done again in R and compared."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from oncohort.study.profiles import Setting
from oncohort.study.protocol import Protocol


def write_verification(protocol: Protocol, folder: Path) -> None:
    """Write ``verify.R`` with the choices in force at its top; it reads only files of the run."""
    body = (files("oncohort.writer") / "verify.R").read_text(encoding="utf-8")
    choices = {key: item.value for key, item in protocol.settings().items() if key.startswith("survival.")}
    head = "".join(f"{key.split('.')[1]} <- {_in_r(value)}\n" for key, value in choices.items())
    (folder / "verify.R").write_text(body.replace("# CHOICES\n", head), encoding="utf-8", newline="")


def _in_r(value: Setting) -> str:
    """Write a number as it is, and a word in quotation marks."""
    return repr(value) if isinstance(value, float) else f'"{value}"'
