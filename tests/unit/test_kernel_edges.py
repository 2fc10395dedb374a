"""Data that no fit is made for, with each kernel: an answer or a sentence, never a crash, never a silent number."""

import warnings

import numpy as np
import pytest

from oncohort.errors import AnalysisError
from oncohort.stats import kernel
from oncohort.stats.cox import cox

RNG = np.random.default_rng(11)
N = 30
TIME = RNG.integers(1, 20, N).astype(float)
EVENT = (RNG.random(N) < 0.6).astype(float)
X = RNG.normal(size=(N, 3))


@pytest.fixture(params=sorted(kernel.KERNELS), autouse=True)
def _kernel(request):
    with kernel.use(request.param), warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def changed(values, at, to):
    copy = values.copy()
    copy[at] = to
    return copy


REFUSED = {
    "a time is nan": (changed(TIME, 3, np.nan), EVENT, X, "time: value 4"),
    "a time is infinite": (changed(TIME, 3, np.inf), EVENT, X, "time: value 4"),
    "a time is negative": (changed(TIME, 3, -1.0), EVENT, X, "time: value 4"),
    "an event is 2": (TIME, changed(EVENT, 3, 2.0), X, "event: value 4"),
    "an event is nan": (TIME, changed(EVENT, 3, np.nan), X, "event: value 4"),
    "a covariate is nan": (TIME, EVENT, changed(X, (3, 1), np.nan), "x2: value 4"),
    "a covariate is infinite": (TIME, EVENT, changed(X, (3, 1), -np.inf), "x2: value 4"),
    "a covariate is huge": (TIME, EVENT, changed(X, (3, 1), 1e200), "x2: values from"),
    "a covariate hardly varies": (TIME, EVENT, X * 1e-250, "rescale"),
    "no rows": (TIME[:0], EVENT[:0], X[:0], "time"),
    "one row": (TIME[:1], np.ones(1), X[:1], "nothing to estimate"),
    "nobody has the event": (TIME, np.zeros(N), X, "none of the patients"),
    "no column": (TIME, EVENT, X[:, :0], "covariates"),
    "a column too short": (TIME, EVENT, X[:-1], "29"),
    "all columns constant": (TIME, EVENT, np.ones((N, 2)), "nothing to estimate"),
}


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_fitted_is_said(name, ties):
    time, event, x, words = REFUSED[name]
    with pytest.raises(AnalysisError, match=words):
        cox(time, event, x, ties=ties)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_everyone_has_the_event_at_one_time(ties):
    with pytest.raises(AnalysisError) if ties == "never" else warnings.catch_warnings():
        fit = cox(np.full(N, 7.0), np.ones(N), X, ties=ties)
    assert np.isfinite(fit.log_likelihood_null)
    assert fit.converged == (fit.failure_reason == "")


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_more_columns_than_patients_are_singular_or_without_a_maximum(ties):
    fit = cox(TIME[:8], np.ones(8), RNG.normal(size=(8, 20)), ties=ties)
    assert len(fit.singular) >= 12 or not fit.converged
    assert fit.converged == (fit.failure_reason == "")


def test_perfect_separation_has_no_maximum():
    time = np.arange(1.0, N + 1)
    fit = cox(time, np.ones(N), {"early": (time < 10).astype(float), "x": X[:, 0]}, ties="efron")
    assert not fit.converged
    assert "no maximum" in fit.failure_reason


def test_twin_columns_are_singular():
    fit = cox(TIME, EVENT, {"a": X[:, 0], "twin": 3 * X[:, 0] + 1, "b": X[:, 1]}, ties="efron")
    assert fit.singular == ("twin",)
    assert fit.converged


@pytest.mark.parametrize("factor", [1e-60, 1e-9, 1e9, 1e60])
def test_unit_of_a_column_only_changes_its_coefficient(factor):
    plain, scaled = cox(TIME, EVENT, X, ties="efron"), cox(TIME, EVENT, X * factor, ties="efron")
    np.testing.assert_allclose(scaled.coefficients * factor, plain.coefficients, rtol=1e-10)
    np.testing.assert_allclose(scaled.std_error * factor, plain.std_error, rtol=1e-10)


def test_far_away_column_is_fitted_as_if_it_were_near():
    near, far = cox(TIME, EVENT, X, ties="efron"), cox(TIME, EVENT, X + 1e6, ties="efron")
    np.testing.assert_allclose(far.coefficients, near.coefficients, rtol=1e-6)


def test_one_outlier_gives_an_answer_or_a_reason():
    fit = cox(TIME, EVENT, changed(X, (3, 1), 1e12), ties="efron")
    assert fit.converged == (fit.failure_reason == "")
    assert np.isfinite(fit.log_likelihood)


@pytest.mark.parametrize("weight", [1e-90, 1e90])
def test_weights_of_any_size_leave_the_coefficients(weight):
    plain, weighted = cox(TIME, EVENT, X, ties="efron"), cox(TIME, EVENT, X, weights=np.full(N, weight), ties="efron")
    np.testing.assert_allclose(weighted.coefficients, plain.coefficients, rtol=1e-9)


def test_sum_that_is_all_rounding_is_refused_not_fitted():
    weights = np.where(np.arange(N) % 2, 1e-90, 1e90)
    entry = np.where(np.arange(N) % 2, 0.0, TIME - 0.5)
    with pytest.raises(AnalysisError, match="differ too much"):
        cox(TIME, EVENT, X, entry=entry, weights=weights, ties="efron")


def test_row_that_enters_between_two_event_times_counts_nowhere():
    time, event = np.append(TIME, 8.9), np.append(EVENT, 0.0)
    entry = np.append(np.zeros(N), 8.1)
    x = np.vstack([X, [[50.0, -50.0, 50.0]]])
    fit, without = cox(time, event, x, entry=entry, ties="efron"), cox(TIME, EVENT, X, ties="efron")
    np.testing.assert_allclose(fit.coefficients, without.coefficients, rtol=1e-9)
