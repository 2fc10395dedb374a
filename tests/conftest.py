"""Shared by all tests: hypothesis without a deadline (machines are shared), and a study to build upon."""

import os
import sys
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("quick", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("deep", deadline=None, max_examples=2000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@dataclass(frozen=True)
class Told:
    """What a command did: its exit code and what it printed."""

    code: int
    out: str
    err: str


@pytest.fixture
def oncohort(monkeypatch, capsys):
    """Return a function that calls the command line in this process."""
    from oncohort.cli.main import main

    def call(*arguments: object) -> Told:
        monkeypatch.setattr(sys, "argv", ["oncohort", *map(str, arguments)])
        try:
            main()
            code = 0
        except SystemExit as stopped:
            code = int(stopped.code or 0)
        said = capsys.readouterr()
        return Told(code, said.out, said.err)

    return call
