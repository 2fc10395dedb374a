"""The whole path of a stepwise selection against SPSS's rules carried out with R, forward and backward."""

import json
from pathlib import Path

import numpy as np
import pytest

from oncohort.stats.stepwise import stepwise

GOLDEN = json.loads((Path(__file__).parent / "r" / "stepwise.json").read_text(encoding="utf-8"))
PATHS = GOLDEN["paths"]
STATISTIC = {"rtol": 1e-8, "atol": 1e-8}
STOP = {
    "no entry": "no term meets the criterion for entry",
    "all in": "no term is left to enter",
    "met before": "the next model was met before",
}


def path_of(key):
    expected = PATHS[key]
    table = GOLDEN["data"][expected["data"]]
    rules = {name: expected[name] for name in ("direction", "criterion", "enter", "remove")}
    return stepwise(table["time"], table["event"], table["blocks"], ties="breslow", **rules)


def agree(test, theirs):
    np.testing.assert_allclose(test.statistic, theirs["statistic"], **STATISTIC)
    assert test.df == theirs["df"]
    np.testing.assert_allclose(test.p_value, theirs["p"], rtol=1e-7)
    np.testing.assert_allclose(test.log10_p, theirs["log_p"] / np.log(10), **STATISTIC)


def agree_all(tests, theirs):
    assert [t.term for t in tests] == list(theirs)
    for t in tests:
        agree(t.test, theirs[t.term])


@pytest.mark.parametrize("key", PATHS)
def test_every_step_of_the_path(key):
    expected = PATHS[key]["steps"]
    path = path_of(key)
    assert [(s.action, s.term) for s in path.steps] == [(s["action"], s["term"]) for s in expected]
    for ours, theirs in zip(path.steps, expected, strict=True):
        assert list(ours.model) == theirs["model"]
        agree_all(ours.candidates, theirs.get("candidates", {}))
        agree_all(ours.removals, theirs.get("removals", {}))
        assert (ours.residual_chi_square is None) == ("residual" not in theirs)
        if ours.residual_chi_square is not None:
            agree(ours.residual_chi_square, theirs["residual"])
        np.testing.assert_allclose(ours.minus_2_log_likelihood, theirs["minus_2_log_likelihood"], rtol=1e-10)
        np.testing.assert_allclose(ours.improvement, theirs["improvement"], **STATISTIC)


@pytest.mark.parametrize("key", PATHS)
def test_end_of_the_path(key):
    expected, path = PATHS[key], path_of(key)
    assert list(path.selected) == expected["selected"]
    assert path.stop_reason == STOP[expected["stop"]]
    null = expected["minus_2_log_likelihood_null"]
    np.testing.assert_allclose(-2 * path.log_likelihood_null, null, rtol=1e-10)


@pytest.mark.parametrize("key", PATHS)
def test_final_model(key):
    theirs, fit = PATHS[key]["fit"], path_of(key).fit
    assert fit is not None
    np.testing.assert_allclose(-2 * fit.log_likelihood, theirs["minus_2_log_likelihood"], rtol=1e-10)
    for name in ("coefficients", "std_error", "hazard_ratio", "conf_low", "conf_high"):
        np.testing.assert_allclose(getattr(fit, name), np.atleast_1d(theirs[name]), rtol=1e-8)
    np.testing.assert_allclose(fit.z**2, np.atleast_1d(theirs["wald"]), rtol=1e-8)


def actions(key):
    return [(s["action"], s["term"]) for s in PATHS[key]["steps"]]


def test_the_paths_hold_what_they_are_for():
    """A term that leaves, one that enters again, and the guard against a model met before at either test."""
    removed = [term for action, term in actions("pbc forward conditional") if action == "remove"]
    assert removed == ["ascites"]
    again = actions("c backward conditional")
    assert ("remove", "f") in again[: again.index(("enter", "f"))]
    ends = {key: (PATHS[key]["stop"], actions(key)[-1][0]) for key in PATHS}
    assert ends["a forward likelihood-ratio"] == ("met before", "removal-test")
    assert ends["a forward wald"][0] == "no entry"  # the criteria part company
    assert ends["b forward likelihood-ratio"] == ends["b backward wald"] == ("met before", "stop")
    assert ends["b backward likelihood-ratio"] == ("met before", "removal-test")
    assert PATHS["a forward likelihood-ratio"]["enter"] == PATHS["a forward likelihood-ratio"]["remove"] == 0.1
