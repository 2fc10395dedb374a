"""Laws any Cox fit obeys, and any input it survives."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from oncohort.errors import AnalysisError
from oncohort.stats.concordance import concordance
from oncohort.stats.cox import CoxFit, cox, fit_problem, linear_predictor, wald_block
from oncohort.stats.kernel import expected_events
from oncohort.stats.log_rank import log_rank
from oncohort.stats.partial_likelihood import first_pass, hazard_by_slot, prepare, shards
from oncohort.stats.proportional_hazards import cox_zph
from oncohort.stats.stepwise import stepwise

TIES = st.sampled_from(["efron", "breslow"])
SEED = st.integers(0, 2**32 - 1)
LIMITS = settings(max_examples=40, deadline=None)


def cohort(seed, n=80, *, tied=True, weights=False, entry=False, strata=False):
    rng = np.random.default_rng(seed)
    x = {"a": rng.normal(size=n), "b": rng.integers(0, 2, n), "c": rng.integers(0, 4, n)}
    hazard = np.exp(0.5 * x["a"] - 0.4 * x["b"])
    time = rng.exponential(10 / hazard) + 0.5
    time = np.ceil(time) if tied else time
    event = rng.random(n) < 0.75
    event[:5] = True
    data = {"time": time, "event": event, "covariates": x}
    if weights:
        data["weights"] = rng.uniform(0.3, 3, n)
    if entry:
        data["entry"] = np.where(rng.random(n) < 0.5, 0.0, np.floor(time * rng.random(n) * 0.8))
    if strata:
        data["strata"] = rng.integers(0, 3, n)
    return data


def rows_of(data, index):
    columns = {name: np.asarray(column)[index] for name, column in data["covariates"].items()}
    other = {k: np.asarray(v)[index] for k, v in data.items() if k != "covariates"}
    return other | {"covariates": columns}


def same(one, two, tolerance=1e-9):
    assume(one.converged and not one.singular)
    np.testing.assert_allclose(two.coefficients, one.coefficients, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(two.std_error, one.std_error, rtol=tolerance)
    assert two.log_likelihood == pytest.approx(one.log_likelihood, rel=tolerance)


@given(SEED, TIES)
@LIMITS
def test_increasing_change_of_time_changes_nothing(seed, ties):
    data = cohort(seed)
    later = data | {"time": np.sqrt(data["time"]) * 100 + 3}
    same(cox(**data, ties=ties), cox(**later, ties=ties))


@given(SEED, TIES)
@LIMITS
def test_splitting_follow_up_changes_nothing(seed, ties):
    data = cohort(seed)
    rng = np.random.default_rng(seed + 1)
    cut = np.round(data["time"] * rng.uniform(0.2, 0.8, data["time"].size), 1)
    halves = {
        "time": np.concatenate([cut, data["time"]]),
        "entry": np.concatenate([np.zeros(cut.size), cut]),
        "event": np.concatenate([np.zeros(cut.size), data["event"]]),
        "covariates": {k: np.tile(v, 2) for k, v in data["covariates"].items()},
    }
    assume(np.all((cut > 0) & (cut < data["time"])))
    same(cox(**data, ties=ties), cox(**halves, ties=ties))


@given(SEED, TIES)
@LIMITS
def test_patient_censored_before_the_first_event_changes_nothing(seed, ties):
    data = cohort(seed)
    more = {
        "time": np.append(data["time"] + 5, 1.0),
        "event": np.append(data["event"], False),
        "covariates": {k: np.append(v, 3.0) for k, v in data["covariates"].items()},
    }
    same(cox(**data, ties=ties), cox(**more, ties=ties))


@given(SEED)
@LIMITS
def test_efron_is_breslow_without_ties(seed):
    data = cohort(seed, tied=False)
    efron, breslow = cox(**data, ties="efron"), cox(**data, ties="breslow")
    assert np.array_equal(efron.coefficients, breslow.coefficients)
    assert efron.log_likelihood == breslow.log_likelihood


@given(SEED)
@LIMITS
def test_log_rank_is_the_score_test_without_ties(seed):
    data = cohort(seed, tied=False)
    group = data["covariates"]["b"]
    assume(0 < group.sum() < group.size)
    fit = cox(data["time"], data["event"], {"b": group}, ties="efron")
    test = log_rank(data["time"], data["event"], group)
    assert fit.score.statistic == pytest.approx(test.statistic, rel=1e-10, abs=1e-12)


@given(SEED, TIES, st.booleans(), st.booleans(), st.booleans())
@LIMITS
def test_martingale_residuals_sum_to_zero(seed, ties, weights, entry, strata):
    data = cohort(seed, weights=weights, entry=entry, strata=strata)
    problem = prepare(**data, ties=ties)
    first = first_pass(problem, np.array([0.4, -0.3, 0.2]))
    assert first is not None
    hazard = hazard_by_slot(problem, first.terms.u0, first.terms.u1)
    w = data.get("weights", np.ones(data["event"].size))
    (shard,) = shards(problem)
    residual = w * data["event"] - expected_events(shard, first.theta[0], hazard)
    assert abs(residual.sum()) < 1e-10 * w.sum()
    np.testing.assert_allclose(problem.x @ residual, first.score, atol=1e-9 * w.sum())


@given(SEED, TIES, st.booleans(), st.booleans(), st.booleans(), st.sampled_from([1, 3, 17]))
@LIMITS
def test_shards_and_order_of_rows_change_nothing(seed, ties, weights, entry, strata, n_shards):
    data = cohort(seed, weights=weights, entry=entry, strata=strata)
    n = data["event"].size
    shuffled = rows_of(data, np.random.default_rng(seed).permutation(n))
    problem = prepare(**shuffled, ties=ties)
    cuts = np.linspace(0, n, n_shards + 1).astype(int).tolist()
    plan = tuple(slice(a, b) for a, b in pairwise(cuts))
    same(cox(**data, ties=ties), fit_problem(replace(problem, plan=plan), 0.95), 1e-12)


@given(SEED, TIES)
@LIMITS
def test_every_row_twice_is_weight_two_under_breslow(seed, ties):
    data = cohort(seed)
    n = data["event"].size
    doubled = cox(**data, weights=np.full(n, 2.0), ties=ties)
    same(
        cox(**data, ties=ties),
        replace(
            doubled,
            std_error=doubled.std_error * np.sqrt(2),
            log_likelihood=doubled.log_likelihood / 2 + np.log(2) * doubled.n_event,
        ),
    )
    if ties == "breslow":
        twice = cox(**rows_of(data, np.repeat(np.arange(n), 2)), ties=ties)
        same(doubled, twice)


@given(SEED)
@LIMITS
def test_concordance_of_the_opposite_risk_is_the_complement(seed):
    data = cohort(seed)
    risk = data["covariates"]["c"]
    one, two = (concordance(data["time"], data["event"], r) for r in (risk, -risk))
    assert one.estimate + two.estimate == pytest.approx(1.0, rel=1e-14)
    assert (one.concordant, one.discordant, one.tied_risk) == (two.discordant, two.concordant, two.tied_risk)
    assert one.std_error == pytest.approx(two.std_error, rel=1e-12)


NUMBERS = st.one_of(
    st.integers(-3, 3).map(float),
    st.sampled_from([0.0, 1.0, 1e-12, 1e12, -1e12, 1e-300, 1e300, float("nan"), float("inf"), 0.1 + 0.2, 0.3]),
    st.floats(allow_nan=False, allow_infinity=False),
)
MOSTLY_SANE = st.one_of(st.integers(0, 5).map(float), st.integers(0, 5).map(float), NUMBERS)


@st.composite
def any_cohort(draw):
    n = draw(st.integers(1, 12))
    columns = draw(st.integers(1, 6))
    value = draw(st.sampled_from([st.integers(0, 1).map(float), st.integers(0, 4).map(float), MOSTLY_SANE]))
    times = draw(st.sampled_from([st.just(7.0), st.integers(0, 5).map(float), MOSTLY_SANE]))
    events = draw(st.sampled_from([st.just(0), st.just(1), st.integers(0, 1), st.integers(0, 1)]))
    column = st.lists(value, min_size=n, max_size=n)
    data = {
        "time": draw(st.lists(times, min_size=n, max_size=n)),
        "event": draw(st.lists(events, min_size=n, max_size=n)),
        "covariates": {f"x{k}": draw(column) for k in range(columns)},
    }
    if draw(st.booleans()):
        data["entry"] = [t / 2 for t in data["time"]]
    if draw(st.booleans()):
        data["weights"] = draw(st.lists(st.sampled_from([1.0, 0.5, 1e-9, 1e9, 3.0]), min_size=n, max_size=n))
    if draw(st.booleans()):
        data["strata"] = draw(st.lists(st.integers(0, 2), min_size=n, max_size=n))
    return data


def one_sentence(refused):
    assert str(refused)
    assert "\n" not in str(refused)


@given(any_cohort(), TIES)
@settings(max_examples=400, deadline=None)
def test_any_input_gives_an_answer_or_one_sentence(data, ties):
    try:
        fit = cox(**data, ties=ties)
        assert isinstance(fit, CoxFit)
        assert fit.converged == (fit.failure_reason == "")
        assert np.isfinite(fit.log_likelihood)
        assert fit.log_likelihood >= fit.log_likelihood_null - 1e-9 * (1 + abs(fit.log_likelihood_null))
        concordance(data["time"], data["event"], linear_predictor(fit))
        wald_block(fit, fit.names)
        for transform in ("km", "rank", "identity", "log"):
            cox_zph(fit, transform=transform)
    except AnalysisError as refused:
        one_sentence(refused)


@given(
    any_cohort(),
    TIES,
    st.sampled_from(["conditional", "likelihood-ratio", "wald"]),
    st.sampled_from(["forward", "backward"]),
)
@settings(max_examples=150, deadline=None)
def test_any_selection_ends(data, ties, criterion, direction):
    blocks = data["covariates"]
    try:
        path = stepwise(
            data["time"],
            data["event"],
            blocks,
            direction=direction,
            criterion=criterion,
            enter=0.6,
            remove=0.6,
            ties=ties,
        )
        assert path.stop_reason
        assert (path.fit is None) == (path.selected == ())
    except AnalysisError as refused:
        one_sentence(refused)
