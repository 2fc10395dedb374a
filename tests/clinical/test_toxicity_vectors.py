"""The vectors of toxicity grades and of the sorafenib dose, through the public functions."""

import json
from fractions import Fraction
from pathlib import Path

import pytest

from oncohort.clinical.ctcae import grade_diarrhea, grade_lab, grade_weight_loss
from oncohort.clinical.dose_intensity import relative_dose_intensity
from oncohort.clinical.dose_machine import SORAFENIB_2010, DoseEvent, run_dose_machine

VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text(encoding="utf-8"))
TESTS = {"bili": "BILI", "alt": "ALT", "plt": "PLAT", "wbc": "WBC", "hb": "HGB", "creat": "CREAT"}
VERSIONS = {3: "3.0", 5: "5.0"}
SIGNS = {"iv_lt24": "iv_fluids_under_24h", "iv_ge24": "iv_fluids_24h_or_more", "life": "life_threatening"}
HIGH = {"bili", "alt", "creat"}


def of(section):
    return pytest.mark.parametrize("vector", VECTORS[section], ids=[vector["id"] for vector in VECTORS[section]])


@of("ctcae_lab")
def test_laboratory_value_has_the_grade_of_the_vector(vector):
    test, value, limit, *rest = vector["input"]
    versions = [VERSIONS[rest[0]]] if rest else ["3.0", "5.0"]
    baseline = float(rest[1].removeprefix("base ")) if len(rest) > 1 else limit if test in HIGH else None
    limits = {"upper_limit" if test in HIGH else "lower_limit": limit, "baseline": baseline}
    for version in versions:
        answer = grade_lab(TESTS[test], value, version=version, **limits)
        assert (answer.value, answer.missing) == (vector["expected"], ())


@of("ctcae_weight")
def test_weight_loss_has_the_grade_of_the_vector(vector):
    for version in VERSIONS.values():
        assert grade_weight_loss(*vector["input"], version=version).value == vector["expected"]


@of("ctcae_diarrhea")
def test_diarrhea_has_the_grade_of_the_vector(vector):
    given = vector["input"]
    signs = [SIGNS[name] for name, found in given.items() if name in SIGNS and found]
    answer = grade_diarrhea(given["inc"], signs=signs, version=VERSIONS[given.get("v", 3)])
    assert answer.value == vector["expected"]


def event_of(day, kind, *facts):
    """The vectors say nothing of tolerance and expect the return: their adverse events count as well tolerated."""
    names = {"AE": ("ae", "grade"), "ECOG": ("ecog",), "PD": ("good_status", "wishes")}.get(kind, ())
    tolerated = True if kind == "AE" else None
    return DoseEvent(day, kind, tolerated=tolerated, **dict(zip(names, facts, strict=True)))


@of("sorafenib_paper")
def test_dose_follows_the_vector(vector):
    steps = run_dose_machine([event_of(*event) for event in vector["input"]], SORAFENIB_2010)
    assert [[step.day, step.event, step.state, step.mg_per_day, step.reason] for step in steps] == vector["expected"]


@of("rdi")
def test_relative_dose_intensity_is_that_of_the_vector(vector):
    segments = [tuple(segment) for segment in vector["input"]]
    percent = relative_dose_intensity(segments, full_mg_per_day=800)
    assert round(percent, 2) == Fraction(repr(vector["expected"]))
