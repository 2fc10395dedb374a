"""The public door: every name is there, typed, and its docstring holds the contract with an example that runs."""

import inspect
import subprocess
import sys
import time

import pytest

import oncohort as oc

FUNCTIONS = [name for name in oc.__all__ if inspect.isfunction(getattr(oc, name))]


def test_every_public_name_can_be_had_and_listed():
    assert all(hasattr(oc, name) for name in oc.__all__)
    assert dir(oc) == sorted(oc.__all__) == list(oc.__all__)
    with pytest.raises(AttributeError):
        oc.no_such_name  # noqa: B018


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_tells_its_contract(name):
    function = getattr(oc, name)
    text = inspect.getdoc(function)
    for heading in ("Parameters", "Raises", "Examples"):
        assert f"{heading}\n{'-' * len(heading)}" in text, f"{name}: {heading} is missing"
    assert ">>>" in text
    for parameter in inspect.signature(function).parameters.values():
        assert parameter.annotation is not inspect.Parameter.empty
        assert parameter.name in text, f"{name}: {parameter.name} is not explained"


def test_disputed_choices_have_no_default():
    disputed = {"conf_type", "ties", "quartiles", "correction", "method", "at_half", "adjust", "criterion", "profile"}
    for name in FUNCTIONS:
        for parameter in inspect.signature(getattr(oc, name)).parameters.values():
            if parameter.name in disputed:
                assert parameter.default is inspect.Parameter.empty, f"{name}: {parameter.name} has a default"


def test_import_brings_no_heavy_library():
    heavy = ("numpy", "polars", "matplotlib", "pydantic")
    heavy = ("numpy", "polars", "matplotlib", "pydantic")
    code = f"import oncohort, oncohort.cli.main, sys; print([m for m in {heavy} if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_help_answers_at_once():
    times = []
    for _ in range(3):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "oncohort", "--help"], capture_output=True, check=True)
        times.append(time.perf_counter() - start)
    assert min(times) < 2, "the aim is 0.3 s on a quiet machine; this bound only catches a heavy import"
