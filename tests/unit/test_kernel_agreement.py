"""The compiled kernel beside the NumPy one: the same fits, tables and refusals, whatever the data are."""

import dataclasses
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncohort.errors import AnalysisError, UsageError
from oncohort.stats import kernel
from oncohort.stats.cox import cox, linear_predictor
from oncohort.stats.log_rank import log_rank
from oncohort.stats.partial_likelihood import prepare
from oncohort.stats.proportional_hazards import cox_zph
from oncohort.stats.risk_table import risk_table

NEEDS_BOTH = pytest.mark.skipif("compiled" not in kernel.KERNELS, reason="the kernel was not compiled here")
BOTH = sorted(kernel.KERNELS)


def cohort(n, p, seed, *, extra=()):
    """Return columns of n patients with whole-day times, and of what is asked for besides."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, p))
    x[:, ::2] = rng.random((n, (p + 1) // 2)) < 0.4
    death = np.ceil(300 * rng.exponential(size=n) * np.exp(-x @ np.linspace(-0.5, 0.5, p))) + 1
    end = rng.integers(100, 400, n)
    data = {"time": np.minimum(death, end).astype(float), "event": death <= end, "covariates": x}
    besides = {
        "entry": rng.integers(0, 2, n) * np.floor(data["time"] / 3),
        "weights": rng.uniform(0.5, 2, n),
        "strata": rng.integers(0, 3, n),
        "frequencies": rng.integers(1, 4, n),
        "offset": rng.normal(size=n),
    }
    return data | {name: besides[name] for name in extra}


def with_each(work):
    """Return what ``work`` gives with each kernel: NumPy's first."""
    found = []
    for name in ("numpy", "compiled"):
        with kernel.use(name):
            found.append(work())
    return found


@NEEDS_BOTH
@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("extra", [(), ("entry",), ("weights", "strata"), ("entry", "frequencies", "offset", "strata")])
@pytest.mark.parametrize(("n", "p"), [(40, 1), (110, 3), (600, 10), (2000, 17)])
def test_kernels_give_one_fit(n, p, extra, ties):
    data = cohort(n, p, n + p, extra=extra)
    ours, theirs = with_each(lambda: cox(**data, ties=ties))
    assert ours.converged
    assert theirs.converged
    for name in ("coefficients", "std_error", "covariance"):
        np.testing.assert_allclose(getattr(theirs, name), getattr(ours, name), rtol=1e-10, atol=1e-12)
    for name in ("log_likelihood_null", "log_likelihood"):
        assert getattr(theirs, name) == pytest.approx(getattr(ours, name), rel=1e-12)
    for name in ("score", "wald", "likelihood_ratio"):
        assert getattr(theirs, name).statistic == pytest.approx(getattr(ours, name).statistic, rel=1e-10)
    np.testing.assert_allclose(linear_predictor(theirs), linear_predictor(ours), rtol=1e-9, atol=1e-11)


@NEEDS_BOTH
def test_kernels_give_one_fit_of_many_rows_in_several_shards():
    data = cohort(200_000, 4, 1)
    ours, theirs = with_each(lambda: cox(**data, ties="efron"))
    assert len(theirs.problem.plan) == 2
    np.testing.assert_allclose(theirs.coefficients, ours.coefficients, rtol=1e-10)
    np.testing.assert_allclose(theirs.std_error, ours.std_error, rtol=1e-10)
    one, other = with_each(lambda: cox_zph(theirs, transform="km").overall.statistic)
    assert other == pytest.approx(one, rel=1e-9)


@NEEDS_BOTH
def test_one_fit_has_the_same_bits_in_every_run_and_with_any_number_of_threads():
    data = cohort(200_000, 3, 2)
    found = []
    for workers in (1, 2, 3):
        with kernel.use("compiled", workers=workers):
            found.append(cox(**data, ties="efron"))
    for fit in found[1:]:
        assert np.array_equal(fit.coefficients, found[0].coefficients)
        assert np.array_equal(fit.covariance, found[0].covariance)
        assert fit.log_likelihood == found[0].log_likelihood


@NEEDS_BOTH
def test_many_tied_events_are_summed_like_few():
    rng = np.random.default_rng(3)
    time, x = rng.integers(1, 4, 5_000).astype(float), rng.normal(size=(5_000, 2))
    ours, theirs = with_each(lambda: cox(time, np.ones(5_000), x, ties="efron"))
    assert theirs.log_likelihood == pytest.approx(ours.log_likelihood, rel=1e-13)
    np.testing.assert_allclose(theirs.coefficients, ours.coefficients, rtol=1e-9)


@NEEDS_BOTH
def test_times_that_are_all_different_are_fitted_alike():
    rng = np.random.default_rng(4)
    time, x = rng.exponential(size=3_000), rng.normal(size=(3_000, 5))
    ours, theirs = with_each(lambda: cox(time, rng.random(3_000) < 2, x, ties="efron"))
    np.testing.assert_allclose(theirs.coefficients, ours.coefficients, rtol=1e-10)
    np.testing.assert_allclose(theirs.std_error, ours.std_error, rtol=1e-10)


@NEEDS_BOTH
def test_columns_of_any_layout_are_standardized_alike():
    rng = np.random.default_rng(5)
    table = rng.normal(size=(300, 7))
    layouts = [table, np.asfortranarray(table), np.repeat(table, 2, axis=0)[::2], table[:, ::-1][:, ::-1], table[::-1]]
    for layout in layouts:
        ours, theirs = with_each(lambda layout=layout: prepare(np.arange(1.0, 301), np.ones(300), layout, ties="efron"))
        for name in ("x", "center", "scale", "variance", "span"):
            np.testing.assert_allclose(getattr(theirs, name), getattr(ours, name), rtol=1e-12, atol=1e-13)


@NEEDS_BOTH
@given(
    st.lists(st.tuples(st.integers(0, 30), st.booleans(), st.integers(0, 3)), min_size=2, max_size=60),
    st.sampled_from([np.int64, np.int8, np.uint16, np.float64]),
)
def test_counts_of_times_and_groups_are_one_table(rows, kind):
    time = np.array([row[0] for row in rows], dtype=np.float64)
    event = np.array([row[1] for row in rows])
    group = np.array([row[2] for row in rows]).astype(kind)
    ours, theirs = with_each(lambda: risk_table(time, event, group))
    for field in dataclasses.fields(ours):
        a, b = getattr(ours, field.name), getattr(theirs, field.name)
        assert np.array_equal(a, b) if field.name != "groups" else a == b


@NEEDS_BOTH
def test_times_that_are_not_whole_and_odd_groups_are_counted_the_general_way():
    time, event = np.array([0.5, 1, 2, 3]), np.array([1, 0, 1, 1.0])
    for group in (np.array([-1, 5, -1, 5]), np.array([0, 2_000_000, 0, 0]), np.array(list("abab")), None):
        for times in (time, time.round() + 1):
            ours, theirs = with_each(lambda times=times, group=group: risk_table(times, event, group))
            assert ours.groups == theirs.groups
            assert np.array_equal(ours.n_risk, theirs.n_risk)


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize(
    ("time", "event", "group"),
    [
        ([1, np.nan, 3], [1, 0, 1], [0, 1, 0]),
        ([1, -2, 3], [1, 0, 1], [0, 1, 0]),
        ([1, np.inf, 3], [1, 0, 1], [0, 1, 0]),
        ([1, 2, 3], [1, 2, 1], [0, 1, 0]),
        ([1, 2, 3], [1, np.nan, 1], [0, 1, 0]),
        ([1, 2, 3], [1, 0], [0, 1, 0]),
        ([1, 2, 3], [1, 0, 1], [0, 1]),
        ([], [], []),
    ],
)
def test_what_cannot_be_counted_is_said(name, time, event, group):
    with kernel.use(name), pytest.raises(AnalysisError):
        log_rank(np.array(time, dtype=float), np.array(event, dtype=float), np.array(group, dtype=np.int64))


def test_a_kernel_is_chosen_for_a_block_and_only_there():
    before = kernel.name()
    with kernel.use("numpy"):
        assert kernel.name() == "numpy"
        assert kernel.at_once() is None
        for chosen in BOTH:
            with kernel.use(chosen):
                assert kernel.name() == chosen
        assert kernel.name() == "numpy"
    assert kernel.name() == before == BOTH[0]


def test_a_kernel_that_is_not_there_is_refused():
    with pytest.raises(UsageError, match=r'one of .*numpy.* was expected; got "fortran"'), kernel.use("fortran"):
        pass


def test_shards_are_worked_on_by_threads_that_know_the_choice():
    with kernel.use("numpy", workers=3):
        found = kernel.over_shards(lambda shard: (shard, kernel.name(), threading.get_ident()), range(20))
    assert [shard for shard, _, _ in found] == list(range(20))
    assert {name for _, name, _ in found} == {"numpy"}
    assert threading.get_ident() not in {thread for _, _, thread in found}


def test_an_error_in_a_shard_is_that_of_the_whole():
    def work(shard):
        if shard == 3:
            raise AnalysisError("the fourth shard")
        return shard

    with kernel.use("numpy", workers=2), pytest.raises(AnalysisError, match="the fourth shard"):
        kernel.over_shards(work, range(5))
