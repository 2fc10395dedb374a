"""Each kernel's tables: additive over shards, and equal to the risk sets counted one by one."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from oncohort.stats.kernel import KERNELS, shard_plan, use
from oncohort.stats.newton import maximize, point_at
from oncohort.stats.partial_likelihood import first_pass, information, prepare

RNG = np.random.default_rng(9)
N = 300
TIME = RNG.integers(4, 40, N).astype(float)
DATA = {
    "time": TIME,
    "event": RNG.random(N) < 0.6,
    "covariates": {"a": RNG.normal(size=N), "b": RNG.integers(0, 2, N), "c": RNG.exponential(size=N)},
    "entry": np.maximum(0, TIME - RNG.integers(1, 20, N)),
    "weights": RNG.uniform(0.2, 3, N),
    "strata": RNG.integers(0, 3, N),
}
BETA = np.array([0.3, -0.2, 0.5])


@pytest.fixture(params=sorted(KERNELS), autouse=True)
def kernel(request):
    with use(request.param):
        yield request.param


def cut(problem, n_shards):
    cuts = np.linspace(0, N, n_shards + 1).astype(int).tolist()
    return replace(problem, plan=tuple(slice(a, b) for a, b in pairwise(cuts)))


def maximum_of(problem):
    start = point_at(problem, np.zeros(3))
    assert start is not None
    top = maximize(problem, start)
    assert top.failure_reason == ""
    return top


def by_risk_sets(beta, ties):
    """Log-likelihood, score and information summed over the risk set of each event time, straight from the formula."""
    x = np.column_stack(list(DATA["covariates"].values())).astype(float)
    w, event, stratum = DATA["weights"], DATA["event"], DATA["strata"]
    theta = w * np.exp(x @ beta)
    total, score, curvature = 0.0, np.zeros(3), np.zeros((3, 3))
    for s in range(3):
        for t in np.unique(TIME[event & (stratum == s)]):
            at_risk = (stratum == s) & (DATA["entry"] < t) & (t <= TIME)
            died = at_risk & event & (t == TIME)
            m, mean = died.sum(), w[died].mean()
            total += w[died] @ (x[died] @ beta)
            score += w[died] @ x[died]
            for k in range(m):
                part = theta * (at_risk - (k / m if ties == "efron" else 0.0) * died)
                center = part @ x / part.sum()
                total -= mean * np.log(part.sum())
                score -= mean * center
                curvature += mean * ((x * part[:, None]).T @ x / part.sum() - np.outer(center, center))
    return total, score, curvature


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_tables_give_what_the_risk_sets_give_one_by_one(ties):
    problem = prepare(**DATA, ties=ties)
    first = first_pass(problem, BETA * problem.scale)
    assert first is not None
    total, score, curvature = by_risk_sets(BETA, ties)
    assert first.log_likelihood == pytest.approx(total, rel=1e-12)
    np.testing.assert_allclose(first.score * problem.scale, score, rtol=1e-10, atol=1e-10)
    unit = np.outer(problem.scale, problem.scale)
    np.testing.assert_allclose(information(problem, first) * unit, curvature, rtol=1e-10)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_point_made_at_once_is_that_of_the_passes(ties):
    problem = prepare(**DATA, ties=ties)
    first, point = first_pass(problem, BETA), point_at(problem, BETA)
    assert first is not None
    assert point is not None
    assert point.log_likelihood == pytest.approx(first.log_likelihood, rel=1e-13)
    np.testing.assert_allclose(point.score, first.score, atol=1e-12 * N)
    np.testing.assert_allclose(point.information, information(problem, first), atol=1e-12 * N)


@pytest.mark.parametrize("n_shards", [3, 17])
@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_shards_add_up(ties, n_shards):
    whole = prepare(**DATA, ties=ties)
    parts = cut(whole, n_shards)
    one, many = first_pass(whole, BETA), first_pass(parts, BETA)
    assert one is not None
    assert many is not None
    assert many.log_likelihood == pytest.approx(one.log_likelihood, rel=1e-12)
    np.testing.assert_allclose(many.score, one.score, atol=1e-12 * N)
    np.testing.assert_allclose(information(parts, many), information(whole, one), atol=1e-12 * N)


@pytest.mark.parametrize("n_shards", [3, 17])
@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_maximum_is_the_same_for_every_cut_into_shards(ties, n_shards):
    whole = prepare(**DATA, ties=ties)
    one, many = maximum_of(whole), maximum_of(cut(whole, n_shards))
    np.testing.assert_allclose(many.beta, one.beta, rtol=1e-12)
    np.testing.assert_allclose(many.covariance, one.covariance, rtol=1e-12)
    assert many.point.log_likelihood == pytest.approx(one.point.log_likelihood, rel=1e-12)


@pytest.mark.parametrize("n_shards", [1, 3, 17])
def test_any_number_of_threads_gives_the_same_bits(kernel, n_shards):
    problem = cut(prepare(**DATA, ties="efron"), n_shards)
    found = []
    for workers in (1, 2, 5):
        with use(kernel, workers=workers):
            found.append(maximum_of(problem))
    for other in found[1:]:
        assert np.array_equal(other.beta, found[0].beta)
        assert np.array_equal(other.covariance, found[0].covariance)
        assert other.point.log_likelihood == found[0].point.log_likelihood


@pytest.mark.parametrize("n_shards", [1, 3])
def test_order_of_the_rows_does_not_matter(n_shards):
    order = np.random.default_rng(1).permutation(N)
    columns = {name: values[order] for name, values in DATA["covariates"].items()}
    shuffled = {name: values[order] for name, values in DATA.items() if name != "covariates"}
    one = cut(prepare(**DATA, ties="efron"), n_shards)
    other = cut(prepare(**shuffled, covariates=columns, ties="efron"), n_shards)
    top, top_of_other = maximum_of(one), maximum_of(other)
    np.testing.assert_allclose(top_of_other.beta / other.scale, top.beta / one.scale, rtol=1e-12)
    assert top_of_other.point.log_likelihood == pytest.approx(top.point.log_likelihood, rel=1e-12)


def test_shard_plan_covers_every_row_once_and_has_at_most_sixteen_shards():
    for n in (1, 131_072, 131_073, 1_000_000, 50_000_000):
        for n_slots in (3, 3_001, n // 2):
            plan = shard_plan(n, n_slots)
            assert [s.start for s in plan[1:]] == [s.stop for s in plan[:-1]]
            assert (plan[0].start, plan[-1].stop) == (0, n)
            assert len(plan) <= 16


def test_tables_nearly_as_large_as_the_data_are_made_once():
    assert len(shard_plan(1_000_000, 3_001)) > 1
    assert len(shard_plan(1_000_000, 1_000_001)) == 1


def test_two_passes_are_bit_identical():
    problem = prepare(**DATA, ties="efron")
    one, two = first_pass(problem, BETA), first_pass(problem, BETA)
    assert one is not None
    assert two is not None
    assert one.log_likelihood == two.log_likelihood
    assert np.array_equal(information(problem, one), information(problem, two))


def test_linear_predictor_beyond_reach_is_refused_not_overflowed():
    problem = prepare(**DATA, ties="efron")
    assert first_pass(problem, np.array([1e6, 0.0, 0.0])) is None


def test_thousands_of_strata_are_fitted_like_few():
    strata = np.arange(N) // 2
    many = prepare(**DATA | {"strata": strata, "entry": None}, ties="efron")
    first = first_pass(many, np.zeros(3))
    assert first is not None
    pairs = 0.0
    for s in range(N // 2):
        rows = np.flatnonzero(strata == s)
        for t in np.unique(TIME[rows][DATA["event"][rows]]):
            died = rows[(TIME[rows] == t) & DATA["event"][rows]]
            risk = DATA["weights"][rows[TIME[rows] >= t]].sum()
            tied = DATA["weights"][died].sum()
            left = risk - np.arange(died.size) / died.size * tied
            pairs -= DATA["weights"][died].mean() * np.log(left).sum()
    assert first.log_likelihood == pytest.approx(pairs, rel=1e-12)
