"""What stands around a Cox fit, against R survival 3.5-3: offset, robust variance, residuals, curves, concordance."""

import json
from pathlib import Path

import numpy as np
import pytest

from oncohort.stats import cox_residuals
from oncohort.stats.concordance import concordance
from oncohort.stats.cox import cox, linear_predictor
from oncohort.stats.cox_prediction import baseline_hazard, predict_survival, relative_hazard
from oncohort.stats.robust_variance import robust_variance

HERE = Path(__file__).parent
R = json.loads((HERE / "r" / "cox_breadth.json").read_text(encoding="utf-8"))
CASES = R["cases"]
TIES = ("efron", "breslow")
ITERATED = {"rtol": 1e-10, "atol": 1e-13}
RESIDUALS = {
    "martingale": cox_residuals.martingale_residuals,
    "deviance": cox_residuals.deviance_residuals,
    "score": cox_residuals.score_residuals,
    "dfbeta": cox_residuals.dfbeta,
    "dfbetas": cox_residuals.dfbetas,
}
by_ties = pytest.mark.parametrize("ties", TIES)
by_case = pytest.mark.parametrize("case", CASES)


def fit_of(case, ties):
    data = CASES[case]["data"]
    extra = {key: data[key] for key in ("entry", "weights", "strata", "offset")}
    return cox(data["time"], data["event"], data["covariates"], ties=ties, **extra)


def agree(ours, theirs, tolerance=1e-9):
    """Compare arrays, each value also beside the largest: differences of large numbers have their rounding."""
    theirs = np.asarray(theirs, dtype=float)
    ours = np.asarray(ours, dtype=float)
    assert ours.shape == theirs.shape
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs))
    size = np.nanmax(np.abs(theirs), initial=0.0)
    np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=1e-11 * size)


@by_ties
@by_case
def test_fit_is_that_of_coxph(case, ties):
    expected, fit = CASES[case][ties], fit_of(case, ties)
    np.testing.assert_allclose(fit.coefficients, expected["coef"], **ITERATED)
    np.testing.assert_allclose(fit.std_error, expected["se"], **ITERATED)
    np.testing.assert_allclose([fit.log_likelihood_null, fit.log_likelihood], expected["loglik"], **ITERATED)
    np.testing.assert_allclose(fit.score.statistic, expected["score"], **ITERATED)


@by_ties
@by_case
@pytest.mark.parametrize("kind", ["robust", "cluster"])
def test_sandwich_is_that_of_coxph(case, ties, kind):
    expected = CASES[case][ties][kind]
    robust = robust_variance(fit_of(case, ties), cluster=CASES[case]["data"]["cluster"] if kind == "cluster" else None)
    unit = np.outer(robust.std_error, robust.std_error)
    np.testing.assert_allclose(robust.covariance / unit, np.array(expected["vcov"]) / unit, rtol=0, atol=1e-10)
    np.testing.assert_allclose(robust.wald.statistic, expected["wald"], rtol=1e-9)
    np.testing.assert_allclose(robust.score.statistic, expected["score"], rtol=1e-9)


@by_ties
@by_case
@pytest.mark.parametrize("kind", RESIDUALS)
def test_residuals_are_those_of_survival(case, ties, kind):
    expected = np.array(CASES[case][ties]["residuals"][kind], dtype=float)
    agree(RESIDUALS[kind](fit_of(case, ties)), expected)


@by_ties
@by_case
def test_schoenfeld_residuals_are_those_of_survival(case, ties):
    expected = CASES[case][ties]["residuals"]
    fit = fit_of(case, ties)
    agree(cox_residuals.schoenfeld_residuals(fit).residuals, expected["schoenfeld"])
    agree(cox_residuals.scaled_schoenfeld_residuals(fit).residuals, expected["scaled_schoenfeld"])


CURVES = [(c, t, kind) for c in CASES for t in TIES for kind in CASES[c][t].get("curve", ())]


def by_stratum(expected, key, n_curves):
    """Cut R's curves, which with strata stand below each other, into one table for each of ours."""
    sizes = np.atleast_1d(expected["strata"])
    parts = np.split(np.array(expected[key], dtype=float), np.cumsum(sizes)[:-1])
    if len(parts) == n_curves:
        return parts
    both = [np.stack(parts[k : k + 2], axis=-1) for k in range(0, len(parts), 2)]
    return [np.squeeze(part, axis=1) if part.ndim == 3 else part[:, 0] for part in both]


@pytest.mark.parametrize(("case", "ties", "kind"), CURVES)
def test_predicted_curves_are_those_of_survfit(case, ties, kind):
    expected, data = CASES[case][ties]["curve"][kind], CASES[case]["data"]
    fit = fit_of(case, ties)
    robust = robust_variance(fit, cluster=data["cluster"]) if kind == "robust" else None
    estimator = {"kalbfleisch_prentice": "kalbfleisch-prentice", "robust": ties}.get(kind, kind)
    new = {name: data["new"][name][:2] for name in fit.names}
    curves = predict_survival(fit, new, estimator=estimator, conf_type="log", robust=robust)
    assert [c.stratum for c in curves] == (sorted(set(data["strata"])) if data["strata"] else [None])
    for key in ("time", "n_risk", "n_event", "n_censor"):
        for curve, theirs in zip(curves, by_stratum(expected, key, len(curves)), strict=True):
            agree(getattr(curve, key), theirs)
    survival, errors = (by_stratum(expected, key, len(curves)) for key in ("survival", "std_error"))
    for curve, theirs, error in zip(curves, survival, errors, strict=True):
        gone = curve.survival == 0.0  # there log survival has no error; R bisects until 4e-10 is left, and gives one
        assert kind == "kalbfleisch_prentice" or not gone.any()
        np.testing.assert_allclose(theirs[gone], 0.0, atol=1e-9)
        agree(curve.survival[~gone], theirs[~gone])
        agree(curve.std_error[~gone], error[~gone])
    if kind in {"breslow", "efron"}:
        hazards = baseline_hazard(fit, estimator=kind)
        ratio = np.exp(np.array([new[name] for name in fit.names]).T @ fit.coefficients)
        for at_zero, theirs in zip(hazards, by_stratum(expected, "cumulative_hazard", len(curves)), strict=True):
            agree(np.outer(at_zero.cumulative_hazard, ratio), theirs)


@pytest.mark.parametrize("case", [c for c in CASES if "limits" in CASES[c]["efron"]])
@pytest.mark.parametrize("conf_type", ["plain", "log", "log-log", "logit", "arcsin"])
def test_limits_of_predicted_curves_are_those_of_survfit(case, conf_type):
    expected, data = CASES[case]["efron"]["limits"][conf_type], CASES[case]["data"]
    (curve,) = predict_survival(fit_of(case, "efron"), data["new"], estimator="efron", conf_type=conf_type)
    agree(curve.conf_low, expected["lower"])
    agree(curve.conf_high, expected["upper"])


@by_ties
@pytest.mark.parametrize("case", [c for c in CASES if "linear_predictor" in CASES[c]["efron"]])
def test_hazard_ratios_against_a_reference_are_those_of_predict(case, ties):
    expected, data, fit = CASES[case][ties]["linear_predictor"], CASES[case]["data"], fit_of(case, ties)
    weight = np.ones(fit.n) if data["weights"] is None else np.array(data["weights"])
    mean = {name: np.average(data["covariates"][name], weights=weight) for name in fit.names}
    two_values = {name for name in fit.names if set(data["covariates"][name]) <= {-1, 0, 1}}
    reference = {name: 0.0 if data["strata"] or name in two_values else mean[name] for name in fit.names}
    ours = relative_hazard(fit, {name: data["new"][name] for name in fit.names}, reference=reference)
    np.testing.assert_allclose(ours.log_hazard_ratio, expected["fit"], **ITERATED)
    np.testing.assert_allclose(ours.std_error, expected["se"], **ITERATED)


@by_ties
@by_case
def test_concordance_with_weights_entries_and_clusters_is_that_of_survival(case, ties):
    data, expected = CASES[case]["data"], CASES[case][ties]["concordance"]
    risk = linear_predictor(fit_of(case, ties))
    known = {key: data[key] for key in ("strata", "entry", "weights")}
    c = concordance(data["time"], data["event"], risk, **known)
    counts = [c.concordant, c.discordant, c.tied_risk, c.tied_time, c.tied_both]
    if data["weights"] is None:
        assert counts == expected["count"]
    np.testing.assert_allclose(counts, expected["count"], **ITERATED)
    np.testing.assert_allclose([c.estimate, c.std_error], [expected["estimate"], expected["std_error"]], **ITERATED)
    clustered = concordance(data["time"], data["event"], risk, cluster=data["cluster"], **known)
    np.testing.assert_allclose(clustered.std_error, expected["cluster_std_error"], **ITERATED)
