"""Laws of what stands around a Cox fit: frequencies, offsets, residuals, robust variance, curves, Firth, bootstrap."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from oncohort.stats.bootstrap import bootstrap
from oncohort.stats.concordance import concordance
from oncohort.stats.cox import cox, linear_predictor
from oncohort.stats.cox_bootstrap import cox_estimator
from oncohort.stats.cox_prediction import predict_survival
from oncohort.stats.cox_residuals import (
    dfbeta,
    martingale_residuals,
    schoenfeld_residuals,
    score_residuals,
)
from oncohort.stats.firth import firth
from oncohort.stats.kaplan_meier import kaplan_meier
from oncohort.stats.partial_likelihood import prepare
from oncohort.stats.penalized import penalized_at
from oncohort.stats.product_limit import product_limit_hazard
from oncohort.stats.proportional_hazards import cox_zph
from oncohort.stats.robust_variance import robust_variance
from oncohort.stats.splines import spline_columns

TIES = st.sampled_from(["efron", "breslow"])
SEED = st.integers(0, 2**32 - 1)
SOME = st.booleans()
LIMITS = settings(max_examples=15, deadline=None)
EFRON_OR_NOT = st.sampled_from([("efron", "efron"), ("breslow", "breslow"), ("efron", "kalbfleisch-prentice")])


def cohort(seed, n=60, *, weights=False, entry=False, strata=False, offset=False):
    rng = np.random.default_rng(seed)
    x = {"a": rng.normal(size=n), "b": rng.integers(0, 2, n)}
    time = np.ceil(rng.exponential(10 * np.exp(-0.5 * x["a"] + 0.4 * x["b"])) + 0.5)
    event = rng.random(n) < 0.7
    event[:6] = True
    data = {"time": time, "event": event, "covariates": x}
    if weights:
        data["weights"] = rng.uniform(0.3, 3, n)
    if entry:
        data["entry"] = np.where(rng.random(n) < 0.5, 0.0, np.floor(time * rng.random(n) * 0.8))
    if strata:
        data["strata"] = rng.integers(0, 3, n)
    if offset:
        data["offset"] = rng.normal(size=n) / 2
    return data


def rows_of(data, index):
    columns = {name: np.asarray(column)[index] for name, column in data["covariates"].items()}
    return {k: np.asarray(v)[index] for k, v in data.items() if k != "covariates"} | {"covariates": columns}


def fitted(data, ties, **extra):
    fit = cox(**data, ties=ties, **extra)
    assume(fit.converged and not fit.singular)
    return fit


@given(SEED, TIES, SOME, SOME, SOME)
@LIMITS
def test_frequencies_are_the_rows_written_out(seed, ties, weights, entry, strata):
    data = cohort(seed, weights=weights, entry=entry, strata=strata)
    times = np.random.default_rng(seed + 1).integers(1, 4, data["time"].size)
    fit = fitted(data, ties, frequencies=times)
    long = fitted(rows_of(data, np.repeat(np.arange(times.size), times)), ties)
    np.testing.assert_allclose(fit.coefficients, long.coefficients, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(fit.covariance, long.covariance, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(fit.log_likelihood, long.log_likelihood, rtol=1e-10)
    assert (fit.n, fit.n_event) == (long.n, long.n_event)
    robust, written = robust_variance(fit), robust_variance(long)
    np.testing.assert_allclose(robust.covariance, written.covariance, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(robust.score.statistic, written.score.statistic, rtol=1e-8, atol=1e-9)
    assert robust.n_cluster == written.n_cluster
    np.testing.assert_allclose(np.repeat(dfbeta(fit), times, axis=0), dfbeta(long), rtol=1e-7, atol=1e-9)
    new = {"a": [0.3], "b": [1]}
    for one, two in zip(
        predict_survival(fit, new, estimator="efron", conf_type="log"),
        predict_survival(long, new, estimator="efron", conf_type="log"),
        strict=True,
    ):
        np.testing.assert_allclose(one.survival, two.survival, rtol=1e-8)
        np.testing.assert_allclose(one.n_risk, two.n_risk, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(one.std_error, two.std_error, rtol=1e-7, atol=1e-9)
    for transform in ("km", "rank"):
        tests = cox_zph(fit, transform=transform), cox_zph(long, transform=transform)
        assert tests[0].overall.statistic == pytest.approx(tests[1].overall.statistic, rel=1e-6, abs=1e-9)
    penalized, penalized_long = firth(fit), firth(long)
    np.testing.assert_allclose(penalized.coefficients, penalized_long.coefficients, rtol=1e-7, atol=1e-8)


@given(SEED, SOME, SOME)
@LIMITS
def test_whole_weights_are_frequencies_under_breslow(seed, entry, strata):
    data = cohort(seed, entry=entry, strata=strata)
    times = np.random.default_rng(seed + 1).integers(1, 4, data["time"].size)
    weighted, counted = fitted(data, "breslow", weights=times), fitted(data, "breslow", frequencies=times)
    np.testing.assert_allclose(weighted.coefficients, counted.coefficients, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(weighted.std_error, counted.std_error, rtol=1e-9)


@given(SEED, TIES, SOME, SOME, SOME, SOME)
@LIMITS
def test_residuals_sum_to_zero_at_the_maximum(seed, ties, weights, entry, strata, offset):
    data = cohort(seed, weights=weights, entry=entry, strata=strata, offset=offset)
    fit = fitted(data, ties)
    w = data.get("weights", np.ones(fit.n))
    assert abs(w @ martingale_residuals(fit)) < 1e-9 * w.sum()
    np.testing.assert_allclose(w @ score_residuals(fit), 0.0, atol=1e-8 * w.sum())
    np.testing.assert_allclose(dfbeta(fit).sum(axis=0), 0.0, atol=1e-8)
    schoenfeld = schoenfeld_residuals(fit)
    np.testing.assert_allclose(w[schoenfeld.row] @ schoenfeld.residuals, 0.0, atol=1e-8 * w.sum())
    assert np.all(np.diff(schoenfeld.stratum) >= 0)
    np.testing.assert_array_equal(schoenfeld.time, data["time"][schoenfeld.row])


@given(SEED, TIES, SOME, SOME, SOME)
@LIMITS
def test_order_of_rows_changes_nothing(seed, ties, weights, entry, strata):
    data = cohort(seed, weights=weights, entry=entry, strata=strata)
    order = np.random.default_rng(seed + 1).permutation(data["time"].size)
    label = np.random.default_rng(seed + 2).integers(0, 20, order.size)
    fit, other = fitted(data, ties), fitted(rows_of(data, order), ties)
    np.testing.assert_allclose(martingale_residuals(fit)[order], martingale_residuals(other), rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(dfbeta(fit)[order], dfbeta(other), rtol=1e-7, atol=1e-9)
    one, two = robust_variance(fit, cluster=label), robust_variance(other, cluster=label[order])
    np.testing.assert_allclose(one.std_error, two.std_error, rtol=1e-8)
    extra = {key: data[key] for key in ("entry", "weights", "strata") if key in data}
    risk = np.round(linear_predictor(fit), 6)
    c = concordance(data["time"], data["event"], risk, **extra)
    shuffled = {key: value[order] for key, value in extra.items()}
    d = concordance(data["time"][order], data["event"][order], risk[order], **shuffled)
    assert c.estimate == pytest.approx(d.estimate, rel=1e-12)
    assert c.std_error == pytest.approx(d.std_error, rel=1e-10)


@given(SEED, TIES, SOME)
@LIMITS
def test_one_stratum_is_no_stratum(seed, ties, entry):
    data = cohort(seed, entry=entry)
    fit = fitted(data, ties)
    stratified = fitted(data | {"strata": ["all"] * fit.n}, ties)
    np.testing.assert_array_equal(fit.coefficients, stratified.coefficients)
    np.testing.assert_array_equal(dfbeta(fit), dfbeta(stratified))
    new = {"a": [0.0, 1.0], "b": [1, 0]}
    (one,) = predict_survival(fit, new, estimator=ties, conf_type="log")
    (two,) = predict_survival(stratified, new, estimator=ties, conf_type="log")
    assert (one.stratum, two.stratum) == (None, "all")
    np.testing.assert_array_equal(one.conf_low, two.conf_low)


@given(SEED, TIES, st.sampled_from([1e-6, 1e6]), st.sampled_from([0.0, 1e6]))
@LIMITS
def test_scale_and_place_of_a_column_do_not_matter(seed, ties, scale, shift):
    data = cohort(seed)
    moved = data | {"covariates": {"a": data["covariates"]["a"] * scale + shift * scale, "b": data["covariates"]["b"]}}
    fit, other = fitted(data, ties), fitted(moved, ties)
    tolerance = 1e-8 if shift == 0.0 else 1e-6  # a place of 1e6 costs the column six of its digits
    np.testing.assert_allclose(other.coefficients * [scale, 1], fit.coefficients, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(
        robust_variance(other).std_error * [scale, 1], robust_variance(fit).std_error, rtol=tolerance
    )
    one, two = firth(fit), firth(other)
    np.testing.assert_allclose(two.coefficients * [scale, 1], one.coefficients, rtol=tolerance, atol=tolerance)
    for test, same in zip(two.tests, one.tests, strict=True):
        assert test.statistic == pytest.approx(same.statistic, rel=10 * tolerance, abs=1e-6)
    np.testing.assert_allclose(np.log(two.conf_low[1]), np.log(one.conf_low[1]), rtol=10 * tolerance, atol=1e-6)


@given(SEED, TIES, SOME)
@LIMITS
def test_offset_of_a_coefficient_times_its_column_takes_it_over(seed, ties, entry):
    data = cohort(seed, entry=entry)
    fit = fitted(data, ties)
    part = {"b": data["covariates"]["b"]}
    rest = fitted(data | {"covariates": part, "offset": fit.coefficients[0] * data["covariates"]["a"] + 50.0}, ties)
    np.testing.assert_allclose(rest.coefficients[0], fit.coefficients[1], rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(rest.log_likelihood, fit.log_likelihood, rtol=1e-10)
    (one,) = predict_survival(fit, {"a": [0.5], "b": [1]}, estimator="efron", conf_type="log")
    shift = [fit.coefficients[0] * 0.5 + 50.0]
    (two,) = predict_survival(rest, {"b": [1]}, estimator="efron", conf_type="log", offset=shift)
    np.testing.assert_allclose(one.survival, two.survival, rtol=1e-8)


@given(SEED, EFRON_OR_NOT, SOME, SOME)
@LIMITS
def test_predicted_survival_falls_and_lies_between_its_limits(seed, kinds, entry, strata):
    ties, estimator = kinds
    fit = fitted(cohort(seed, entry=entry, strata=strata), ties)
    for curve in predict_survival(fit, {"a": [-1.0, 1.0], "b": [0, 1]}, estimator=estimator, conf_type="log-log"):
        assert np.all(np.diff(curve.survival, axis=0) <= 1e-15)
        known = np.isfinite(curve.conf_low)
        assert np.all((curve.conf_low <= curve.survival)[known] & (curve.survival <= curve.conf_high)[known])
        assert np.all((curve.survival >= 0) & (curve.survival <= 1))


@given(SEED)
@LIMITS
def test_product_limit_factor_of_equal_risks_is_kaplan_and_meiers(seed):
    data = cohort(seed)
    curve = kaplan_meier(data["time"], data["event"], conf_type="log")
    at_event = curve.n_event > 0
    n_event, n_risk = curve.n_event[at_event], curve.n_risk[at_event].astype(float)
    cell = np.repeat(np.arange(n_event.size), n_event)
    one = np.ones(cell.size)
    factor = np.exp(-product_limit_hazard(one, one, cell, n_risk))
    np.testing.assert_allclose(np.cumprod(factor), curve.survival[at_event], rtol=1e-12, atol=1e-15)


@given(SEED, TIES, SOME, SOME, SOME, SOME)
@LIMITS
def test_slope_of_the_penalized_likelihood_is_that_of_its_values(seed, ties, weights, entry, strata, offset):
    problem = prepare(**cohort(seed, weights=weights, entry=entry, strata=strata, offset=offset), ties=ties)
    beta, h = np.array([0.4, -0.3]), 1e-4
    here = penalized_at(problem, beta)
    assume(here is not None)
    for k in range(2):
        values = []
        for step in (-2, -1, 1, 2):
            moved = beta.copy()
            moved[k] += step * h
            values.append(penalized_at(problem, moved).log_likelihood)
        slope = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * h)
        assert abs(slope - here.score[k]) < 1e-6 * (1 + abs(here.log_likelihood))


@given(SEED, TIES)
@LIMITS
def test_firth_has_finite_estimates_where_the_likelihood_has_no_maximum(seed, ties):
    data = cohort(seed, n=30)
    b = data["covariates"]["b"]
    assume(0 < b.sum() < b.size)
    event = data["event"] & (b == 0)
    assume(event.sum() > 4)
    fit = cox(data["time"], event, {"b": b}, ties=ties)
    assume(not fit.converged and not fit.singular)
    penalized = firth(fit)
    assert np.isfinite(penalized.coefficients).all()
    assert penalized.conf_low[0] < penalized.hazard_ratio[0] < penalized.conf_high[0]
    assert (penalized.tests[0].p_value < 0.05) == (not penalized.conf_low[0] < 1 < penalized.conf_high[0])


@given(SEED, st.integers(3, 7))
@LIMITS
def test_spline_is_straight_beyond_its_outer_knots(seed, n_knots):
    rng = np.random.default_rng(seed)
    knots = np.cumsum(rng.uniform(0.5, 3, n_knots))
    width = knots[-1] - knots[0]
    for side in (knots[0] - width * np.array([3, 2, 1]), knots[-1] + width * np.array([1, 2, 3])):
        for column in spline_columns("x", side, knots=knots).values():
            assert abs(column[0] - 2 * column[1] + column[2]) < 1e-7 * (1 + np.abs(column).max())


@given(SEED, TIES, SOME, SOME)
@settings(max_examples=8, deadline=None)
def test_bootstrap_refits_are_fits_and_do_not_depend_on_workers(seed, ties, weights, entry):
    data = cohort(seed, n=40, weights=weights, entry=entry)
    fit = fitted(data, ties)
    estimator = cox_estimator(fit)
    alone, shared = (
        bootstrap(estimator, fit.n, replicates=12, rng=np.random.default_rng(seed), workers=workers)
        for workers in (1, 3)
    )
    np.testing.assert_array_equal(alone.replicates, shared.replicates)
    np.testing.assert_allclose(alone.estimate, fit.coefficients, rtol=1e-8, atol=1e-8)
    rng = np.random.default_rng(seed)
    times = rng.multinomial(fit.n, np.full(fit.n, 1 / fit.n))
    drawn = rows_of(data, np.repeat(np.arange(fit.n), times))
    assume(np.unique(drawn["covariates"]["b"]).size == 2)
    again = fitted(drawn, ties)
    np.testing.assert_allclose(estimator(times), again.coefficients, rtol=1e-8, atol=1e-8)


@given(SEED, SOME, SOME)
@LIMITS
def test_dfbeta_is_the_slope_of_the_coefficients_in_the_weight_of_a_row(seed, weights, entry):
    data = cohort(seed, weights=weights, entry=entry)
    fit = fitted(data, "breslow")
    weight, rng = np.asarray(data.get("weights", np.ones(fit.n))), np.random.default_rng(seed)
    for row in rng.choice(fit.n, 5, replace=False):
        ends = [
            fitted(data | {"weights": np.where(np.arange(fit.n) == row, weight + step, weight)}, "breslow").coefficients
            for step in (-1e-4, 1e-4)
        ]
        slope = (ends[1] - ends[0]) / 2e-4 * weight[row]
        np.testing.assert_allclose(dfbeta(fit)[row], slope, rtol=1e-5, atol=1e-6)
