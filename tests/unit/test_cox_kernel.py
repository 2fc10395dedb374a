"""The kernel's tables: additive over shards, and equal to the risk sets counted one by one."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from oncohort.stats.kernel import shard_plan
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


@pytest.mark.parametrize("n_shards", [3, 17])
@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_shards_add_up(ties, n_shards):
    whole = prepare(**DATA, ties=ties)
    cuts = np.linspace(0, N, n_shards + 1).astype(int).tolist()
    parts = replace(whole, plan=tuple(slice(a, b) for a, b in pairwise(cuts)))
    one, many = first_pass(whole, BETA), first_pass(parts, BETA)
    assert one is not None
    assert many is not None
    assert many.log_likelihood == pytest.approx(one.log_likelihood, rel=1e-12)
    np.testing.assert_allclose(many.score, one.score, atol=1e-12 * N)
    np.testing.assert_allclose(information(parts, many), information(whole, one), atol=1e-12 * N)


def test_shard_plan_covers_every_row_once_and_has_at_most_sixteen_shards():
    for n in (1, 262_144, 262_145, 1_000_000, 50_000_000):
        plan = shard_plan(n)
        assert [s.start for s in plan[1:]] == [s.stop for s in plan[:-1]]
        assert (plan[0].start, plan[-1].stop) == (0, n)
        assert len(plan) <= 16


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
