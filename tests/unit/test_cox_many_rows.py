"""Fits of several shards go to the maximum by a sample of the rows: they end where Newton's method ends."""

from dataclasses import replace

import numpy as np
import pytest

from oncohort.stats import newton
from oncohort.stats.cox import cox, fit_problem
from oncohort.stats.kernel import KERNELS, use
from oncohort.stats.partial_likelihood import prepare

N = 140_000
RNG = np.random.default_rng(12)
X = RNG.normal(size=(N, 4)) * [1, 2, 30, 0.1] + [0, 5, -100, 0]
X[:, 1] = RNG.random(N) < 0.3
ETA = X @ np.array([0.5, -0.7, 0.01, 3.0])
DEATH = np.ceil(400 * RNG.exponential(size=N) * np.exp(-ETA + ETA.mean()))
END = RNG.integers(50, 600, N)
TIME, EVENT = np.minimum(DEATH, END).astype(float), DEATH <= END
BESIDES = {
    "entry": RNG.integers(0, 2, N) * np.floor(TIME / 3) * (TIME > 1),
    "weights": RNG.uniform(0.5, 2, N),
    "strata": RNG.integers(0, 3, N),
    "frequencies": RNG.integers(1, 4, N),
    "offset": RNG.normal(size=N),
}


@pytest.fixture(name="kernel", params=sorted(KERNELS), autouse=True)
def _kernel(request):
    with use(request.param):
        yield request.param


def approach(problem):
    start = newton.point_at(problem, np.zeros(4))
    assert start is not None
    return newton._approach(problem, start)


def by_newton(problem, monkeypatch):
    """Return the fit that Newton's method makes by itself."""
    with monkeypatch.context() as patch:
        patch.setattr(newton, "_approach", lambda _problem, start: (start, 0))
        return fit_problem(problem, 0.95)


def assert_same(found, expected):
    assert found.converged == expected.converged
    assert found.failure_reason == expected.failure_reason
    assert found.log_likelihood == pytest.approx(expected.log_likelihood, rel=1e-14)
    np.testing.assert_allclose(found.coefficients, expected.coefficients, rtol=1e-11)
    np.testing.assert_allclose(found.std_error, expected.std_error, rtol=1e-10)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("extra", [(), ("entry", "offset"), ("weights", "strata"), ("entry", "frequencies", "strata")])
def test_many_rows_are_fitted_as_newton_fits_them(monkeypatch, extra, ties):
    problem = prepare(TIME, EVENT, X, ties=ties, **{name: BESIDES[name] for name in extra})
    assert len(problem.plan) > 1
    point, steps = approach(problem)
    assert 0 < steps < 9
    assert np.max(np.abs(np.linalg.solve(point.information, point.score)) * problem.span) < 1e-9
    assert_same(fit_problem(problem, 0.95), by_newton(problem, monkeypatch))


@pytest.mark.parametrize("order", [np.argsort(TIME), np.argsort(X[:, 1]), np.argsort(RNG.random(N))])
def test_order_of_many_rows_does_not_matter(order):
    whole = cox(TIME, EVENT, X, ties="efron")
    found = cox(TIME[order], EVENT[order], X[order], ties="efron")
    np.testing.assert_allclose(found.coefficients, whole.coefficients, rtol=1e-11)
    np.testing.assert_allclose(found.std_error, whole.std_error, rtol=1e-10)


def test_sample_that_is_unlike_the_rows_leads_nowhere_else(monkeypatch):
    sampled = np.arange(N) % 128 < 8
    problem = prepare(TIME, EVENT, np.where(sampled[:, None], X * [1, 0, 1, 1], X), ties="efron")
    assert_same(fit_problem(problem, 0.95), by_newton(problem, monkeypatch))
    opposite = prepare(TIME, EVENT, np.where(sampled[:, None], -X, X), ties="efron")
    assert_same(fit_problem(opposite, 0.95), by_newton(opposite, monkeypatch))


def test_few_events_among_many_rows_need_no_sample(monkeypatch):
    event = EVENT & (RNG.random(N) < 0.001)
    problem = prepare(TIME, event, X, ties="efron")
    assert len(problem.plan) > 1
    assert approach(problem)[1] == 0
    assert_same(fit_problem(problem, 0.95), by_newton(problem, monkeypatch))


def test_columns_without_effect_are_fitted_among_many_rows(monkeypatch):
    problem = prepare(TIME, EVENT, RNG.permutation(X), ties="efron")
    assert_same(fit_problem(problem, 0.95), by_newton(problem, monkeypatch))


def test_likelihood_of_many_rows_without_a_maximum_has_none():
    spared = ~EVENT & (RNG.random(N) < 0.1)
    fit = cox(TIME, EVENT, {"spared": spared, "x": X[:, 2]}, ties="efron")
    assert not fit.converged
    assert "no maximum" in fit.failure_reason


def test_any_number_of_threads_gives_many_rows_the_same_bits(kernel):
    problem = replace(
        prepare(TIME, EVENT, X, ties="efron"), plan=tuple(slice(a, a + N // 7) for a in range(0, N, N // 7))
    )
    found = []
    for workers in (1, 2, 5):
        with use(kernel, workers=workers):
            found.append(fit_problem(problem, 0.95))
    for fit in found[1:]:
        assert np.array_equal(fit.coefficients, found[0].coefficients)
        assert np.array_equal(fit.covariance, found[0].covariance)
