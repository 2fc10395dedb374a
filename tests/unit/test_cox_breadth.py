"""What stands around a Cox fit: edges, and what is said about input that cannot be used."""

import numpy as np
import pytest

from oncohort.errors import AnalysisError
from oncohort.stats.bootstrap import bootstrap, bootstrap_limits, jackknife
from oncohort.stats.concordance import concordance
from oncohort.stats.cox import cox
from oncohort.stats.cox_bootstrap import cox_estimator
from oncohort.stats.cox_prediction import baseline_hazard, predict_survival, predicted_at, relative_hazard
from oncohort.stats.cox_residuals import dfbeta, martingale_residuals, schoenfeld_residuals, score_residuals
from oncohort.stats.firth import firth
from oncohort.stats.robust_variance import robust_variance
from oncohort.stats.splines import nonlinearity_test, spline_columns, spline_knots

WEEKS = [9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161, 5, 5, 8, 8, 12, 16, 23, 27, 30, 33, 43, 45]
RELAPSE = [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1]
MAINTAINED = [1] * 11 + [0] * 12
AML = {"time": WEEKS, "event": RELAPSE, "covariates": {"maintained": MAINTAINED}}
MONOTONE = {"time": [5, 8, 12, 20, 25, 30], "event": [1, 1, 1, 1, 0, 0], "covariates": {"x": [0, 0, 0, 0, 1, 1]}}


@pytest.fixture
def fit():
    return cox(**AML, ties="efron")


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ({"weights": [1.0] * 22 + [0.0]}, "weights: value 23 is 0; weights above 0 were expected"),
        ({"frequencies": [1] * 22 + [1.5]}, "frequencies: value 23 is 1.5; whole numbers from 1 were expected"),
        ({"frequencies": [0] + [1] * 22}, "frequencies: value 1 is 0; whole numbers from 1 were expected"),
        ({"frequencies": [1, 1]}, "frequencies: 23 values were expected, as many as times; got 2"),
        ({"offset": [0.0] * 22 + [1e4]}, "offset: log hazards within 200 of their mean were expected"),
    ],
)
def test_what_comes_with_a_row_is_checked(extra, said):
    with pytest.raises(AnalysisError, match=said):
        cox(**AML, ties="efron", **extra)


def test_offset_is_not_changed_in_place():
    offset = np.linspace(0, 1, 23)
    cox(**AML, ties="efron", offset=offset)
    np.testing.assert_array_equal(offset, np.linspace(0, 1, 23))


def test_equal_offsets_are_no_offset(fit):
    shifted = cox(**AML, ties="efron", offset=[7.0] * 23)
    np.testing.assert_array_equal(shifted.coefficients, fit.coefficients)
    assert shifted.log_likelihood == pytest.approx(fit.log_likelihood, rel=1e-14)


def test_singular_columns_have_no_residuals_and_no_robust_error():
    columns = {"maintained": MAINTAINED, "constant": [2] * 23}
    fit = cox(WEEKS, RELAPSE, columns, ties="efron")
    for values in (score_residuals(fit), dfbeta(fit), schoenfeld_residuals(fit).residuals):
        assert np.isnan(values[:, 1]).all()
        assert np.isfinite(values[:, 0]).all()
    robust = robust_variance(fit)
    assert np.isnan(robust.std_error[1])
    assert robust.wald.df == 1
    penalized = firth(fit)
    assert penalized.singular == ("constant",)
    assert penalized.tests[1] is None
    assert np.isnan(penalized.conf_low[1])
    at_zero = predict_survival(fit, {"maintained": [0], "constant": [99]}, estimator="efron", conf_type="log")
    assert np.isfinite(at_zero[0].std_error).all()


@pytest.mark.parametrize("ask", [martingale_residuals, robust_variance, cox_estimator])
def test_fit_without_a_maximum_has_no_residuals(ask):
    fit = cox(**MONOTONE, ties="efron")
    with pytest.raises(AnalysisError, match="no maximum"):
        ask(fit)


def test_monotone_likelihood_points_to_firth():
    fit = cox(**MONOTONE, ties="efron")
    assert fit.warnings[-1].endswith("judge it by the likelihood-ratio test or Firth's method")
    assert np.isfinite(firth(fit).coefficients[0])


def test_robust_variance_needs_more_than_one_cluster(fit):
    with pytest.raises(AnalysisError, match="more than one cluster was expected"):
        robust_variance(fit, cluster=["a"] * 23)
    with pytest.raises(AnalysisError, match="cluster: 23 values were expected"):
        robust_variance(fit, cluster=["a", "b"])


def test_stratum_without_events_keeps_survival_at_one():
    strata = ["quiet" if not event else "busy" for event in RELAPSE]
    fit = cox(**AML, ties="efron", strata=strata)
    busy, quiet = predict_survival(fit, {"maintained": [0, 1]}, estimator="efron", conf_type="log")
    assert (busy.stratum, quiet.stratum) == ("busy", "quiet")
    assert np.all(quiet.survival == 1)
    assert np.all(quiet.std_error == 0)
    assert quiet.n_event.sum() == 0
    assert [h.cumulative_hazard[-1] > 0 for h in baseline_hazard(fit, estimator="efron")] == [True, False]


def test_prediction_checks_its_choices(fit):
    new = {"maintained": [1]}
    with pytest.raises(AnalysisError, match="estimator: one of breslow, efron, kalbfleisch-prentice was expected"):
        predict_survival(fit, new, estimator="aalen", conf_type="log")
    with pytest.raises(AnalysisError, match="conf_type: one of"):
        predict_survival(fit, new, estimator="efron", conf_type="loglog")
    with pytest.raises(AnalysisError, match="offset: 1 values were expected, as many as patients; got 2"):
        predict_survival(fit, new, estimator="efron", conf_type="log", offset=[0, 0])
    with pytest.raises(AnalysisError, match="maintained: this column of the model is missing"):
        predict_survival(fit, {"age": [1]}, estimator="efron", conf_type="log")
    with pytest.raises(AnalysisError, match="a table of 1 columns was expected"):
        relative_hazard(fit, [[1, 2]], reference={"maintained": 0})
    with pytest.raises(AnalysisError, match='estimator: "breslow" or "efron" was expected'):
        baseline_hazard(fit, estimator="kalbfleisch-prentice")


def test_prediction_takes_a_table_without_names(fit):
    named = predict_survival(fit, {"maintained": [1, 0]}, estimator="efron", conf_type="log")
    bare = predict_survival(fit, [[1], [0]], estimator="efron", conf_type="log")
    np.testing.assert_array_equal(named[0].survival, bare[0].survival)


def test_predicted_curves_are_steps(fit):
    (curves,) = predict_survival(fit, {"maintained": [0]}, estimator="breslow", conf_type="plain")
    read = predicted_at(curves, [0, 5, 6, 7.9, 8, 161, 200])
    assert read.survival[0, 0] == 1.0
    assert read.survival[1, 0] == read.survival[2, 0] == read.survival[3, 0] > read.survival[4, 0]
    assert np.isnan(read.survival[-1, 0])
    assert read.n_risk.tolist() == [23, 23, 21, 21, 21, 1, 0]
    assert read.n_event.tolist() == [0, 2, 2, 2, 4, 18, 18]


def test_robust_covariance_changes_the_limits_only(fit):
    robust = robust_variance(fit)
    one = relative_hazard(fit, {"maintained": [1]}, reference={"maintained": 0})
    two = relative_hazard(fit, {"maintained": [1]}, reference={"maintained": 0}, robust=robust)
    assert one.hazard_ratio[0] == two.hazard_ratio[0]
    assert two.std_error[0] == pytest.approx(robust.std_error[0], rel=1e-14)
    assert two.conf_low[0] == pytest.approx(robust.conf_low[0], rel=1e-14)


@pytest.mark.parametrize(
    ("knots", "said"),
    [
        ([1, 2], "at least 3 numbers"),
        ([], "got none"),
        ([1, 3, 3], "ascending, distinct"),
        ([1, 2, np.nan], "at least 3"),
    ],
)
def test_knots_are_checked(knots, said):
    with pytest.raises(AnalysisError, match=said):
        spline_columns("age", [1, 2, 3], knots=knots)


def test_knots_that_fall_on_one_value_are_refused():
    with pytest.raises(AnalysisError, match="ascending, distinct numbers were expected; got 0, 0, 1"):
        spline_knots([0] * 80 + [1] * 40, n_knots=3)
    with pytest.raises(AnalysisError, match="a number from 3 to 7 was expected; got 2"):
        spline_knots(range(50), n_knots=2)


def test_nonlinearity_is_asked_of_splines_only(fit):
    with pytest.raises(AnalysisError, match="maintained: not a spline of this model"):
        nonlinearity_test(fit, "maintained")


def test_resamples_without_an_estimate_are_counted_and_named():
    weeks, event = [5, 8, 12, 20, 25, 30, 33, 41], [1, 1, 0, 1, 0, 1, 0, 1]
    fit = cox(weeks, event, {"x": [0, 1, 0, 1, 0, 0, 1, 0]}, ties="efron")
    drawn = bootstrap(cox_estimator(fit), 8, replicates=200, rng=np.random.default_rng(3))
    assert 0 < drawn.n_failed < 200
    assert np.isnan(drawn.replicates).any(axis=1).sum() == drawn.n_failed
    assert any("no maximum" in reason for reason in drawn.reasons)
    assert np.isfinite(drawn.std_error).all()


def test_clusters_are_drawn_whole_and_labels_keep_their_size():
    seen = []

    def estimator(times):
        seen.append(times.copy())
        return np.array([float(times.sum())])

    patient, arm = [0, 0, 1, 1, 2, 3], ["a", "a", "a", "a", "b", "b"]
    bootstrap(estimator, 6, replicates=20, rng=np.random.default_rng(0), cluster=patient, within=arm)
    for times in seen:
        assert times[0] == times[1]
        assert times[2] == times[3]
        assert times[4] + times[5] == 2
        assert times[0] + times[2] == 2
    assert len({tuple(t) for t in seen}) > 3


def test_same_seed_gives_the_same_replicates_and_a_second_call_others(fit):
    estimator, rng = cox_estimator(fit), np.random.default_rng(11)
    first = bootstrap(estimator, 23, replicates=4, rng=rng)
    second = bootstrap(estimator, 23, replicates=4, rng=rng)
    again = bootstrap(estimator, 23, replicates=4, rng=np.random.default_rng(11))
    np.testing.assert_array_equal(first.replicates, again.replicates)
    assert not np.array_equal(first.replicates, second.replicates)


def test_bootstrap_checks_its_choices(fit):
    estimator, rng = cox_estimator(fit), np.random.default_rng(1)
    with pytest.raises(AnalysisError, match="numbers from 1, 2 and 1 were expected; got 23, 1 and 1"):
        bootstrap(estimator, 23, replicates=1, rng=rng)
    with pytest.raises(AnalysisError, match="rows of one cluster have different labels"):
        bootstrap(estimator, 23, replicates=5, rng=rng, cluster=[0] * 23, within=MAINTAINED)
    drawn = bootstrap(estimator, 23, replicates=30, rng=rng)
    with pytest.raises(AnalysisError, match=r"30 replicates are too few to read their quantile 0\.025"):
        bootstrap_limits(drawn, method="percentile")
    with pytest.raises(AnalysisError, match="the estimates without each patient"):
        bootstrap_limits(drawn, method="bca", conf_level=0.8)
    with pytest.raises(AnalysisError, match="method: one of percentile, basic, bca"):
        bootstrap_limits(drawn, method="normal")
    with pytest.raises(AnalysisError, match="conf_level"):
        bootstrap_limits(drawn, method="basic", conf_level=1.0)


def test_estimator_that_hardly_ever_answers_is_told():
    def estimator(times):
        if times.max() > 1:
            raise AnalysisError("only whole samples")
        return np.array([1.0])

    with pytest.raises(AnalysisError, match="hardly any resample has an estimate; only whole samples"):
        bootstrap(estimator, 9, replicates=50, rng=np.random.default_rng(5))


def test_replicates_on_one_side_have_no_bca_limits():
    def estimator(times):
        return np.array([float(times.max())])

    drawn = bootstrap(estimator, 9, replicates=50, rng=np.random.default_rng(5))
    left_out = jackknife(estimator, 9)
    with pytest.raises(AnalysisError, match="no bca limits"):
        bootstrap_limits(drawn, method="bca", conf_level=0.5, left_out=left_out)


def test_frequencies_cannot_be_drawn():
    fit = cox(**AML, ties="efron", frequencies=[2] * 23)
    with pytest.raises(AnalysisError, match="write them out"):
        cox_estimator(fit)


def test_concordance_compares_only_who_is_at_risk():
    time, event, risk = [1, 2, 3, 4], [1, 1, 0, 1], [9, 5, 7, 1]
    late = concordance(time, event, risk, entry=[0, 0, 1, 2])
    assert (late.concordant, late.discordant) == (1, 1)
    with pytest.raises(AnalysisError, match="entry: value 1 is 1, not before its time 1"):
        concordance(time, event, risk, entry=[1, 0, 1, 2])
    with pytest.raises(AnalysisError, match="no pair of patients is comparable"):
        concordance(time, event, risk, entry=[0, 1, 2, 3], weights=[0.1, 0.2, 0.3, 0.4])


def test_concordance_of_equal_weights_is_that_without():
    time, event, risk = [1, 2, 3, 4], [1, 1, 0, 1], [9, 5, 7, 1]
    one, two = concordance(time, event, risk), concordance(time, event, risk, weights=[2] * 4)
    assert two.concordant == 4 * one.concordant
    assert two.std_error == pytest.approx(one.std_error, rel=1e-14)
