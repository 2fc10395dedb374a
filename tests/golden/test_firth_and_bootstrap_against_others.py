"""Firth's method against R and firthmodels, bootstrap limits against boot, splines against Hmisc and survival."""

import json
from pathlib import Path

import numpy as np
import pytest

from oncohort.stats.bootstrap import Bootstrap, bootstrap_limits
from oncohort.stats.cox import cox
from oncohort.stats.cox_prediction import relative_hazard
from oncohort.stats.firth import firth
from oncohort.stats.robust_variance import robust_variance
from oncohort.stats.splines import nonlinearity_test, spline_columns, spline_knots

HERE = Path(__file__).parent
FIRTH = json.loads((HERE / "printed" / "firth.json").read_text(encoding="utf-8"))
HARRELL = json.loads((HERE / "printed" / "splines.json").read_text(encoding="utf-8"))
BOOT = json.loads((HERE / "r" / "bootstrap.json").read_text(encoding="utf-8"))
BREADTH = json.loads((HERE / "r" / "cox_breadth.json").read_text(encoding="utf-8"))
ITERATED = {"rtol": 1e-10, "atol": 0}


def penalized(case):
    data = FIRTH["cases"][case]["data"]
    return firth(cox(data["time"], data["event"], data["covariates"], ties="breslow"))


@pytest.mark.parametrize("case", FIRTH["cases"])
def test_firth_fit_is_that_of_r(case):
    expected, fit = FIRTH["cases"][case], penalized(case)
    np.testing.assert_allclose(fit.coefficients, expected["coef"], rtol=1e-7)
    np.testing.assert_allclose(fit.std_error, expected["se"], rtol=1e-7)
    both = [fit.log_likelihood_null, fit.log_likelihood]
    np.testing.assert_allclose(both, expected["log_likelihood"], rtol=1e-10)
    np.testing.assert_allclose(fit.likelihood_ratio.statistic, expected["lr"], rtol=1e-9)
    np.testing.assert_allclose(fit.likelihood_ratio.p_value, expected["lr_p"], rtol=1e-9)
    np.testing.assert_allclose(np.log(fit.conf_low), expected["profile_low"], rtol=1e-7)
    np.testing.assert_allclose(np.log(fit.conf_high), expected["profile_high"], rtol=1e-7)


@pytest.mark.parametrize("case", FIRTH["cases"])
def test_firth_tests_and_limits_are_those_of_firthmodels(case):
    expected, fit = FIRTH["firthmodels"][case], penalized(case)
    np.testing.assert_allclose(fit.coefficients, expected["coef"], rtol=1e-6)
    np.testing.assert_allclose([test.p_value for test in fit.tests], expected["p"], rtol=1e-7)
    for limit, key in ((fit.conf_low, "profile_low"), (fit.conf_high, "profile_high")):
        np.testing.assert_allclose(np.log(limit), expected.get(key, np.log(limit)), rtol=1e-6)


@pytest.mark.parametrize("n", [60, 120])
@pytest.mark.parametrize("n_knots", [3, 4, 5, 6, 7])
def test_knots_are_harrells(n, n_knots):
    values = np.array(HARRELL["values"])
    values = values if n == 60 else np.concatenate([values, values + HARRELL["added"]])
    np.testing.assert_allclose(spline_knots(values, n_knots=n_knots), HARRELL[f"knots_{n}"][str(n_knots)], rtol=1e-12)


def test_spline_columns_are_harrells():
    columns = spline_columns("x", HARRELL["values"], knots=HARRELL["knots_60"]["4"])
    assert list(columns) == ["x", "x'", "x''"]
    np.testing.assert_allclose(np.array(list(columns.values())).T, HARRELL["basis"], rtol=1e-11, atol=1e-13)


def test_spline_in_a_cox_model_is_that_of_survival():
    expected = BREADTH["spline"]
    data, knots = expected["data"], expected["knots"]
    np.testing.assert_allclose(spline_knots(data["x"], n_knots=4), knots, rtol=1e-12)
    columns = spline_columns("x", data["x"], knots=knots)
    np.testing.assert_allclose(np.array(list(columns.values())).T, expected["basis"], rtol=1e-12, atol=1e-13)
    fit = cox(data["time"], data["event"], columns, ties="efron")
    np.testing.assert_allclose(fit.coefficients, expected["coef"], rtol=1e-9)
    np.testing.assert_allclose([fit.log_likelihood_null, fit.log_likelihood], expected["loglik"], **ITERATED)
    np.testing.assert_allclose(nonlinearity_test(fit, "x").statistic, expected["nonlinear"], rtol=1e-9)
    reference = {name: column[0] for name, column in spline_columns("x", [expected["reference"]], knots=knots).items()}
    curve = relative_hazard(fit, spline_columns("x", expected["at"], knots=knots), reference=reference)
    np.testing.assert_allclose(curve.log_hazard_ratio, expected["log_hazard_ratio"], rtol=1e-9)
    np.testing.assert_allclose(curve.std_error, expected["se"], rtol=1e-9)


def test_frequencies_are_the_rows_written_out_and_case_weights_are_not():
    expected = BREADTH["frequencies"]
    data = expected["data"]
    fit = cox(data["time"], data["event"], {"x": data["x"]}, frequencies=data["k"], ties="efron")
    ours = [fit.coefficients[0], fit.std_error[0], robust_variance(fit).std_error[0]]
    np.testing.assert_allclose(ours, [expected[k] for k in ("coef", "naive_se", "robust_se")], **ITERATED)
    np.testing.assert_allclose([fit.log_likelihood_null, fit.log_likelihood], expected["loglik"], **ITERATED)
    assert (fit.n, fit.n_event) == (expected["n"], expected["n_event"])
    weighted = cox(data["time"], data["event"], {"x": data["x"]}, weights=data["k"], ties="efron")
    np.testing.assert_allclose(weighted.coefficients[0], expected["coef_of_case_weights"], **ITERATED)
    assert abs(weighted.coefficients[0] - fit.coefficients[0]) > 1e-3


@pytest.mark.parametrize("method", ["percentile", "basic", "bca"])
@pytest.mark.parametrize("level", ["0.95", "0.8", "0.873"])
def test_bootstrap_limits_are_those_of_boot(level, method):
    replicates = np.array(BOOT["replicates"])
    sample = Bootstrap(np.array(BOOT["estimate"]), replicates, replicates.std(axis=0, ddof=1), 0, ())
    left_out = np.array(BOOT["left_out"])
    low, high = bootstrap_limits(sample, method=method, conf_level=float(level), left_out=left_out)
    expected = np.array([limits[level][method] for limits in BOOT["limits"]])
    np.testing.assert_allclose(np.column_stack([low, high]), expected, rtol=1e-9)
