import numpy as np
import pytest

from oncohort.errors import AnalysisError
from oncohort.stats.kaplan_meier import curve_of, kaplan_meier, number_at_risk, survival_at
from oncohort.stats.risk_table import risk_table


def curve(time, event, conf_type="log"):
    return kaplan_meier(time, event, conf_type=conf_type)


def test_patient_censored_on_event_day_is_at_risk():
    assert curve([5, 5, 8], [1, 0, 1]).n_risk.tolist() == [3, 1]
    assert curve([5, 5, 8], [1, 0, 1]).survival[0] == pytest.approx(2 / 3)


def test_six_mp_arm_at_six_weeks():
    weeks = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
    relapse = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
    assert curve(weeks, relapse).survival[0] == pytest.approx(18 / 21, abs=1e-15)


def test_every_distinct_time_is_a_row_also_one_of_censorings_only():
    assert curve([1, 2, 3], [0, 1, 0]).time.tolist() == [1, 2, 3]


def test_survival_is_one_before_the_first_observed_time():
    at = survival_at(curve([3, 4], [1, 1], "log-log"), [0, 2.9])
    assert at.survival.tolist() == at.conf_low.tolist() == at.conf_high.tolist() == [1, 1]
    assert at.std_error.tolist() == [0, 0]
    assert at.n_risk.tolist() == [2, 2]
    assert at.n_event.tolist() == [0, 0]


def test_past_the_last_observed_time_nothing_is_said():
    at = survival_at(curve([3, 4, 6], [1, 1, 0]), [6, 6.5])
    assert at.survival[0] == pytest.approx(1 / 3)
    assert np.isnan([at.survival[1], at.std_error[1], at.conf_low[1], at.conf_high[1]]).all()
    assert at.n_risk.tolist() == [1, 0]
    assert at.n_event.tolist() == [2, 2]


def test_value_at_the_time_of_an_event_includes_it():
    assert survival_at(curve([3, 4], [1, 1]), [3]).survival.tolist() == [0.5]


def test_asked_time_that_misses_an_event_by_rounding_meets_it():
    both = curve([0.3, 1.0], [1, 1])
    assert survival_at(both, [0.3 - 1e-17, 0.1 + 0.2]).survival.tolist() == [0.5, 0.5]
    assert number_at_risk(curve([0.3, 1.0], [1, 1]), [0.1 + 0.2]).tolist() == [2]


def test_number_at_risk_counts_who_leaves_on_the_day():
    assert number_at_risk(curve([3, 5, 5, 9], [1, 1, 0, 0]), [0, 3, 4, 5, 9, 10]).tolist() == [4, 4, 3, 3, 1, 0]


@pytest.mark.parametrize("conf_type", ["log", "log-log", "plain", "logit", "arcsin"])
def test_limits_are_missing_where_nobody_is_left(conf_type):
    last = curve([1, 2], [1, 1], conf_type)
    assert last.survival[-1] == 0
    assert np.isnan([last.std_error[-1], last.conf_low[-1], last.conf_high[-1]]).all()


def test_groups_share_one_grid_but_keep_their_own_rows():
    table = risk_table([1, 2, 2, 3], [1, 1, 0, 1], ["a", "b", "b", "a"])
    assert curve_of(table, 0, conf_type="log").time.tolist() == [1, 3]
    assert curve_of(table, 1, conf_type="log").time.tolist() == [2]


def test_higher_level_gives_wider_limits():
    narrow = kaplan_meier([1, 2, 3, 4], [1, 1, 1, 0], conf_type="log-log", conf_level=0.9)
    wide = kaplan_meier([1, 2, 3, 4], [1, 1, 1, 0], conf_type="log-log", conf_level=0.99)
    assert (wide.conf_low < narrow.conf_low).all()
    assert (wide.conf_high > narrow.conf_high).all()


@pytest.mark.parametrize(
    ("time", "event", "options", "said"),
    [
        ([1, 2], [1, 2], {}, "value 2 is 2; 0 or 1"),
        ([1, 2], [1], {}, "2 values were expected"),
        ([1, -2], [1, 0], {}, "value 2 is -2; times from 0"),
        ([1, float("nan")], [1, 0], {}, "value 2 is missing"),
        ([], [], {}, "at least one value"),
        ([1, 2], [1, 0], {"conf_type": "loglog"}, "log, log-log, plain, logit, arcsin was expected; got 'loglog'"),
        ([1, 2], [1, 0], {"conf_level": 95}, "between 0 and 1 was expected, as 0.95; got 95"),
    ],
)
def test_bad_input_is_named(time, event, options, said):
    with pytest.raises(AnalysisError, match=said):
        kaplan_meier(time, event, **{"conf_type": "log", **options})
