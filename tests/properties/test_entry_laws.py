"""Laws of delayed entry: from 0 on it is no delay, and a row can be split at any time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oncohort.errors import AnalysisError
from oncohort.stats.follow_up import observed_follow_up, reverse_kaplan_meier
from oncohort.stats.kaplan_meier import kaplan_meier, number_at_risk
from oncohort.stats.log_rank import log_rank
from oncohort.stats.observation import observation_gaps
from oncohort.stats.rank_tests import rank_test
from oncohort.stats.risk_table import risk_table
from oncohort.stats.rmst import restricted_mean

WEIGHTS = st.sampled_from(["log-rank", "breslow", "tarone-ware", "peto-peto"])


@st.composite
def delayed(draw):
    """Return times above 0, events, groups and entries before the times, in whole numbers or not."""
    n = draw(st.integers(2, 30))
    scale = draw(st.sampled_from([1.0, 0.37]))
    entry = draw(st.lists(st.integers(0, 12), min_size=n, max_size=n))
    stay = draw(st.lists(st.integers(1, 9), min_size=n, max_size=n))
    event = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    group = draw(st.lists(st.integers(1, 3), min_size=n, max_size=n))
    start = np.array(entry, float)
    return (start + stay) * scale, np.array(event), np.array(group), start * scale


def or_none(make):
    try:
        return make()
    except AnalysisError:
        return None


def same(a, b, names):
    for name in names:
        assert np.array_equal(getattr(a, name), getattr(b, name), equal_nan=True), name


@settings(deadline=None)
@given(delayed(), WEIGHTS)
def test_entry_at_0_for_all_is_no_delay(rows, weights):
    time, event, group, _ = rows
    zero = np.zeros(time.size)
    plain, late = (kaplan_meier(time, event, conf_type="log-log", entry=entry) for entry in (None, zero))
    same(plain, late, ("time", "n_risk", "n_event", "n_censor", "survival", "std_error", "conf_low", "conf_high", "n"))
    asked = [0, *time.tolist(), *(time / 2).tolist()]
    assert np.array_equal(number_at_risk(plain, asked), number_at_risk(late, asked))
    assert observation_gaps(late) == ()
    tests = [or_none(lambda entry=entry: log_rank(time, event, group, entry=entry)) for entry in (None, zero)]
    assert (tests[0] is None) == (tests[1] is None)
    if tests[0] is not None:
        same(*tests, ("statistic", "expected", "variance"))
    ranked = [
        or_none(lambda entry=entry: rank_test(time, event, group, weights=weights, entry=entry))
        for entry in (None, zero)
    ]
    assert (ranked[0] is None) == (ranked[1] is None)
    if ranked[0] is not None:
        same(*ranked, ("observed", "expected", "variance"))
    assert observed_follow_up(time) == observed_follow_up(time, entry=zero)
    tau = float(np.median(time))
    means = [restricted_mean(time, event, tau=tau, conf_level=0.95, entry=entry) for entry in (None, zero)]
    assert means[0] == means[1]


@settings(deadline=None)
@given(delayed(), st.randoms(use_true_random=False))
def test_order_of_patients_does_not_matter(rows, random):
    order = list(range(rows[0].size))
    random.shuffle(order)
    (time, event, group, entry), mixed = rows, tuple(column[order] for column in rows)
    a = kaplan_meier(time, event, conf_type="log", entry=entry)
    b = kaplan_meier(mixed[0], mixed[1], conf_type="log", entry=mixed[3])
    same(a, b, ("time", "n_risk", "n_enter", "survival", "std_error"))
    first = or_none(lambda: log_rank(time, event, group, entry=entry))
    second = or_none(lambda: log_rank(mixed[0], mixed[1], mixed[2], entry=mixed[3]))
    assert (first is None) == (second is None)
    assert first is None or first.statistic == second.statistic


@settings(deadline=None)
@given(delayed(), st.data())
def test_row_split_at_a_time_changes_nothing_where_events_happen(rows, data):
    time, event, group, entry = rows
    k = data.draw(st.integers(0, time.size - 1))
    share = data.draw(st.sampled_from([0.25, 0.5, 0.75]))
    cut = entry[k] + share * (time[k] - entry[k])
    split = (
        np.append(time, cut),
        np.append(event, False),
        np.append(group, group[k]),
        np.append(entry, entry[k]),
    )
    split[3][k] = cut
    whole, parts = (kaplan_meier(t, e, conf_type="log", entry=s) for t, e, _, s in (rows, split))
    for curve in (whole, parts):
        assert (np.diff(curve.survival, prepend=1.0) <= 0).all()
    at = [curve.n_event > 0 for curve in (whole, parts)]
    for name in ("time", "n_risk", "n_event", "survival", "std_error", "conf_low", "conf_high"):
        a, b = getattr(whole, name)[at[0]], getattr(parts, name)[at[1]]
        np.testing.assert_allclose(a, b, rtol=1e-12)
    tests = [or_none(lambda c=c: log_rank(c[0], c[1], c[2], entry=c[3])) for c in (rows, split)]
    assert (tests[0] is None) == (tests[1] is None)
    if tests[0] is not None:
        assert tests[0].statistic == pytest.approx(tests[1].statistic, rel=1e-12, abs=1e-12)
        np.testing.assert_allclose(tests[0].expected, tests[1].expected, rtol=1e-12)


@settings(deadline=None)
@given(delayed())
def test_at_risk_is_who_entered_before_and_is_still_there(rows):
    time, event, group, entry = rows
    table = risk_table(time, event, group, entry=entry)
    for k, label in enumerate(table.groups):
        own = group == label
        for t, n in zip(table.time, table.n_risk[:, k], strict=True):
            late = entry > t - 1e-9
            assert n == np.count_nonzero(own & ~late & (time > t - 1e-9))
    curve = kaplan_meier(time, event, conf_type="plain", entry=entry)
    asked = np.arange(0.05, time.max() + 1, 0.31)
    expected = [np.count_nonzero((entry < t - 1e-9) & (time > t - 1e-9) | (entry == 0) & (time > t)) for t in asked]
    assert number_at_risk(curve, asked).tolist() == expected


@settings(deadline=None)
@given(delayed())
def test_curve_is_level_or_0_in_every_gap(rows):
    time, event, _, entry = rows
    curve = kaplan_meier(time, event, conf_type="log", entry=entry)
    for gap in observation_gaps(curve):
        assert gap.start <= gap.end
        assert gap.n_later == np.count_nonzero(entry >= gap.end - 1e-9)
        between = (gap.start + gap.end) / 2
        if gap.end > gap.start:
            assert number_at_risk(curve, [between]).tolist() == [0]
        if gap.falls_to_zero:
            assert (curve.survival[curve.time >= gap.start - 1e-9] == 0).all()


@settings(deadline=None)
@given(delayed())
def test_follow_up_counted_from_entry_knows_no_entry(rows):
    time, event, _, entry = rows
    late = reverse_kaplan_meier(time, event, conf_type="log", entry=entry)
    plain = reverse_kaplan_meier(time - entry, event, conf_type="log")
    np.testing.assert_allclose(late.survival, plain.survival, rtol=1e-12)
    assert late.n_risk.tolist() == plain.n_risk.tolist()
