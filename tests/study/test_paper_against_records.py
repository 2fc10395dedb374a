"""The demo from dated records gives the numbers printed in the paper, except those that are known not to hold."""

import csv
from collections import Counter
from datetime import UTC, datetime

import pytest

from oncohort.demo import demo_study
from oncohort.pipeline import run_study
from oncohort.writer.run import write_run

IMPOSSIBLE = {"T1.num4.pct", "T1.hbv.>=100,000.pct", "AE.fatigue.any"}
"""Percentages that no number of 110 patients gives."""
NO_TEST = {"D.CBR.p2"}
"""A P value that no test of the two printed counts gives."""


@pytest.fixture(scope="module")
def numbers(tmp_path_factory):
    out = tmp_path_factory.mktemp("paper") / "run"
    with demo_study("sorafenib") as folder:
        write_run(run_study(folder), out, finished=datetime(2026, 1, 1, tzinfo=UTC))
    lines = (out / "published.csv").read_text(encoding="utf-8").splitlines()
    return {line["id"]: line for line in csv.DictReader(lines)}


def test_every_number_of_the_paper_is_there(numbers):
    assert len(numbers) == 370
    assert Counter(line["cls"] for line in numbers.values()) == {"result": 342, "protocol": 15, "cited": 13}
    assert sum(line["duplicate_of"] != "" for line in numbers.values()) == 35


def test_every_result_is_recomputed(numbers):
    lost = {name for name, line in numbers.items() if line["verdict"] == "not_recomputable"}
    assert lost == {"P.afp", *(name for name, line in numbers.items() if line["cls"] == "cited")}


def test_every_choice_of_the_protocol_is_in_force(numbers):
    choices = {name: line["verdict"] for name, line in numbers.items() if line["cls"] == "protocol"}
    assert {name for name, verdict in choices.items() if verdict != "protocol"} == {"P.afp"}


def test_every_result_that_can_be_right_is_as_printed(numbers):
    results = {name: line["verdict"] for name, line in numbers.items() if line["cls"] == "result"}
    assert {name for name, verdict in results.items() if verdict != "equal"} == IMPOSSIBLE | NO_TEST
    assert sum(verdict == "equal" for verdict in results.values()) >= 338


@pytest.mark.parametrize("model", ["MV.PFS", "MV.OS"])
def test_both_cox_models_are_as_printed(numbers, model):
    own = {name: line["verdict"] for name, line in numbers.items() if name.startswith(f"{model}.")}
    assert len(own) == 13
    assert set(own.values()) == {"equal"}


def test_numbers_that_cannot_be_right_say_why(numbers):
    for name in IMPOSSIBLE | NO_TEST:
        assert numbers[name]["reason"], name
