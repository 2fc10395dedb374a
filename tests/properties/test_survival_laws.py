"""Laws every survival curve and log-rank test obeys, whatever the data."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oncohort.errors import AnalysisError
from oncohort.stats.adjust import holm
from oncohort.stats.compare import kruskal_wallis, mann_whitney, pearson_chi_square
from oncohort.stats.describe import describe
from oncohort.stats.fisher import fisher_exact
from oncohort.stats.kaplan_meier import kaplan_meier, survival_at
from oncohort.stats.log_rank import log_rank, pairwise_log_rank
from oncohort.stats.quantiles import mean_survival, quantile

CONF_TYPES = st.sampled_from(["log", "log-log", "plain", "logit", "arcsin"])


@st.composite
def cohorts(draw, groups=1):
    n = draw(st.integers(1, 40))
    clock = st.integers(0, 30) if draw(st.booleans()) else st.floats(0, 100, allow_subnormal=False)
    columns = [
        draw(st.lists(values, min_size=n, max_size=n)) for values in (clock, st.booleans(), st.integers(1, groups))
    ]
    return np.array(columns[0], float), np.array(columns[1]), np.array(columns[2])


def log_rank_or_none(time, event, group):
    try:
        return log_rank(time, event, group)
    except AnalysisError:
        return None


@settings(deadline=None)
@given(cohorts(), CONF_TYPES)
def test_curve_falls_within_its_limits_between_one_and_zero(cohort, conf_type):
    time, event, _ = cohort
    curve = kaplan_meier(time, event, conf_type=conf_type)
    assert (np.diff(curve.survival, prepend=1.0) <= 0).all()
    assert ((curve.survival >= 0) & (curve.survival <= 1)).all()
    known = ~np.isnan(curve.conf_low)
    assert (curve.conf_low[known] <= curve.survival[known] + 1e-12).all()
    assert (curve.conf_high[known] >= curve.survival[known] - 1e-12).all()
    assert ((curve.conf_low[known] >= 0) & (curve.conf_high[known] <= 1)).all()
    assert (known == ~np.isnan(curve.conf_high)).all()
    assert curve.n_event.sum() + curve.n_censor.sum() == curve.n == time.size


@settings(deadline=None)
@given(cohorts())
def test_without_censoring_the_curve_is_the_empirical_one(cohort):
    time, _, _ = cohort
    curve = kaplan_meier(time, np.ones(time.size), conf_type="plain")
    still = 1 - np.cumsum(curve.n_event) / time.size
    np.testing.assert_allclose(curve.survival, still, atol=1e-12)
    inside = curve.survival > 0
    binomial = np.sqrt(still * (1 - still) / time.size)
    np.testing.assert_allclose(curve.std_error[inside], binomial[inside], atol=1e-12)


@settings(deadline=None)
@given(cohorts())
def test_every_patient_twice_keeps_the_curve(cohort):
    time, event, _ = cohort
    once = kaplan_meier(time, event, conf_type="log")
    twice = kaplan_meier(np.tile(time, 2), np.tile(event, 2), conf_type="log")
    np.testing.assert_allclose(twice.survival, once.survival, atol=1e-13)
    np.testing.assert_allclose(2 * twice.std_error**2, once.std_error**2, rtol=1e-10, atol=1e-15)


@settings(deadline=None)
@given(cohorts(groups=3), st.randoms(use_true_random=False))
def test_order_of_patients_does_not_matter(cohort, random):
    order = list(range(cohort[0].size))
    random.shuffle(order)
    time, event, group = cohort
    a, b = kaplan_meier(time, event, conf_type="log"), kaplan_meier(time[order], event[order], conf_type="log")
    assert np.array_equal(a.survival, b.survival)
    first, second = log_rank_or_none(*cohort), log_rank_or_none(time[order], event[order], group[order])
    assert (first is None) == (second is None)
    assert first is None or second is None or first.statistic == second.statistic


@settings(deadline=None)
@given(cohorts(groups=4))
def test_observed_and_expected_sum_alike_and_variance_adds_to_nothing(cohort):
    test = log_rank_or_none(*cohort)
    if test is None:
        return
    assert test.expected.sum() == pytest.approx(test.observed.sum(), rel=1e-12)
    np.testing.assert_allclose(test.variance.sum(axis=0), 0, atol=1e-10)
    assert 0 <= test.p_value <= 1
    assert math.isfinite(test.log10_p)
    assert test.df == np.count_nonzero(test.expected) - 1


@settings(deadline=None)
@given(cohorts(groups=3))
def test_log_rank_does_not_change_with_the_clock(cohort):
    time, event, group = np.round(cohort[0]), cohort[1], cohort[2]
    plain, bent = log_rank_or_none(time, event, group), log_rank_or_none((time + 1) ** 2, event, group)
    assert (plain is None) == (bent is None)
    if plain is not None and bent is not None:
        assert bent.statistic == pytest.approx(plain.statistic, rel=1e-12, abs=1e-12)


@settings(deadline=None)
@given(cohorts(groups=3))
def test_names_of_groups_do_not_matter(cohort):
    time, event, group = cohort
    numbers, words = log_rank_or_none(*cohort), log_rank_or_none(time, event, np.array(["zyx"[g - 1] for g in group]))
    if numbers is not None and words is not None:
        assert words.statistic == pytest.approx(numbers.statistic, rel=1e-8, abs=1e-9)
        assert words.observed[::-1].tolist() == numbers.observed.tolist()


@settings(deadline=None)
@given(cohorts(groups=3))
def test_holm_never_makes_a_pair_more_certain(cohort):
    try:
        plain = pairwise_log_rank(*cohort, adjust="none")
    except AnalysisError:
        return
    for raw, adjusted in zip(plain, pairwise_log_rank(*cohort, adjust="holm"), strict=True):
        assert (raw.test is None) == (adjusted.test is None) == bool(raw.reason)
        assert raw.test is None or raw.p_adjusted <= adjusted.p_adjusted <= 1


@settings(deadline=None)
@given(cohorts(), CONF_TYPES, st.sampled_from([0.1, 0.25, 0.5, 0.75, 0.9]))
def test_quantile_is_where_the_curve_crosses(cohort, conf_type, p):
    time, event, _ = cohort
    curve = kaplan_meier(time, event, conf_type=conf_type)
    q = quantile(curve, p, method="brookmeyer-crowley", at_half="first")
    if math.isnan(q.estimate):
        assert curve.survival[-1] > 1 - p
    else:
        at = survival_at(curve, [q.estimate])
        assert at.survival[0] <= 1 - p + 1e-7
        assert math.isnan(q.conf_low) or q.conf_low <= q.estimate
        assert math.isnan(q.conf_high) or q.conf_high >= q.estimate
    spss = quantile(curve, p, method="spss", at_half="first")
    assert spss.estimate == q.estimate or math.isnan(q.estimate)


@settings(deadline=None)
@given(cohorts())
def test_mean_lies_within_the_observed_times(cohort):
    time, event, _ = cohort
    mean = mean_survival(kaplan_meier(time, event, conf_type="log"))
    assert -1e-9 <= mean.estimate <= mean.limit + 1e-9
    if event.all():
        assert mean.estimate == pytest.approx(time.mean(), rel=1e-6, abs=1e-6)


garbage = st.lists(
    st.one_of(st.floats(), st.integers(-5, 5), st.none(), st.text(max_size=2), st.booleans()), max_size=6
)


@settings(deadline=None)
@given(garbage, garbage, garbage)
def test_garbage_is_refused_in_one_sentence_or_answered(time, event, group):
    for call in (
        lambda: kaplan_meier(time, event, conf_type="log-log"),
        lambda: log_rank(time, event, group),
        lambda: pairwise_log_rank(time, event, group, adjust="holm"),
        lambda: describe(time, quartiles="spss-haverage"),
        lambda: mann_whitney(time, event, correction="none"),
        lambda: kruskal_wallis([time, event, group]),
        lambda: pearson_chi_square([time, event], correction="none"),
        lambda: fisher_exact([time, event]),
        lambda: holm(time),
    ):
        try:
            call()
        except AnalysisError as error:
            assert "\n" not in str(error)  # noqa: PT017
