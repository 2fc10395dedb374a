"""The whole path of a stepwise selection against SPSS's rules carried out with R."""

import json
from pathlib import Path

import numpy as np
import pytest

from oncohort.stats.stepwise import stepwise

GOLDEN = json.loads((Path(__file__).parent / "r" / "spss_and_stepwise.json").read_text(encoding="utf-8"))["fstep"]
CRITERIA = {"COND": "conditional", "LR": "likelihood-ratio", "WALD": "wald"}
STATISTIC = {"rtol": 1e-8, "atol": 1e-8}


def path_of(key):
    data, kind = key.split("_")
    table, expected = GOLDEN["data"][data], GOLDEN["paths"][key]
    return stepwise(
        table["time"],
        table["event"],
        table["blocks"],
        direction="forward",
        criterion=CRITERIA[kind],
        enter=expected["pin"],
        remove=expected["pout"],
        ties="breslow",
    )


def compare(tests, expected, statistic):
    assert {t.term for t in tests} == set(expected)
    for t in tests:
        theirs = expected[t.term]
        np.testing.assert_allclose(t.test.statistic, theirs[statistic], **STATISTIC)
        assert t.test.df == theirs["df"]
        np.testing.assert_allclose(t.test.p_value, theirs["p"], rtol=1e-7)


@pytest.mark.parametrize("key", GOLDEN["paths"])
def test_every_step_of_the_path(key):
    expected = GOLDEN["paths"][key]
    path = path_of(key)
    assert len(path.steps) == len(expected["steps"])
    for ours, theirs in zip(path.steps, expected["steps"], strict=True):
        if theirs["action"] == "enter":
            assert (ours.action, ours.term) == (("enter", theirs["chosen"]) if theirs["chosen"] else ("stop", ""))
            compare(ours.candidates, theirs["candidates"], "score")
            residual = theirs["residual_chisq"]
            np.testing.assert_allclose(ours.residual_chi_square.statistic, residual["chisq"], **STATISTIC)
            assert ours.residual_chi_square.df == residual["df"]
        else:
            gone = theirs["chosen"]
            assert (ours.action, ours.term) == (("remove", gone) if gone else ("removal-test", ""))
            compare(ours.removals, theirs["tests"], next(k for k in next(iter(theirs["tests"].values())) if k != "df"))
        if theirs["chosen"]:
            np.testing.assert_allclose(ours.minus_2_log_likelihood, theirs["m2ll"], rtol=1e-10)
            np.testing.assert_allclose(ours.improvement, theirs["improvement"], **STATISTIC)
            assert list(ours.model) == list(np.atleast_1d(theirs["model"]))


@pytest.mark.parametrize("key", GOLDEN["paths"])
def test_final_model(key):
    expected = GOLDEN["paths"][key]
    path = path_of(key)
    assert list(path.selected) == expected["final"]
    assert path.stop_reason == "no term meets the criterion for entry"
    assert path.fit is not None
    np.testing.assert_allclose(-2 * path.log_likelihood_null, expected["m2ll0"], rtol=1e-10)
    np.testing.assert_allclose(-2 * path.fit.log_likelihood, expected["m2ll"], rtol=1e-10)
    np.testing.assert_allclose(path.fit.coefficients, list(expected["B"].values()), rtol=1e-8)
    np.testing.assert_allclose(path.fit.std_error, expected["SE"], rtol=1e-8)
    np.testing.assert_allclose(path.fit.z**2, expected["Wald"], rtol=1e-8)
    limits = np.array([path.fit.hazard_ratio, path.fit.conf_low, path.fit.conf_high])
    np.testing.assert_allclose(limits, np.array([expected["ExpB"], expected["lo"], expected["hi"]]), rtol=1e-8)
