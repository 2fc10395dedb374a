import math

import pytest

from oncohort.errors import AnalysisError
from oncohort.stats.kaplan_meier import kaplan_meier
from oncohort.stats.quantiles import mean_survival, quantile


def median(time, event, method="brookmeyer-crowley", at_half="midpoint"):
    return quantile(kaplan_meier(time, event, conf_type="log"), 0.5, method=method, at_half=at_half)


def test_median_not_reached_is_missing_with_all_its_limits():
    q = median([1, 2, 3, 4], [1, 0, 0, 0])
    assert math.isnan(q.estimate)
    q = median([1, 2, 3, 4], [1, 0, 0, 0], "spss", "first")
    assert all(math.isnan(v) for v in (q.estimate, q.std_error, q.conf_low, q.conf_high))


@pytest.mark.parametrize(
    ("event", "midpoint"), [([1, 1, 1, 1], 2.5), ([1, 1, 0, 1], 3), ([1, 1, 0, 0], 3)], ids=["drop", "later", "end"]
)
def test_level_at_half_is_halved_or_its_first_time(event, midpoint):
    assert median([1, 2, 3, 4], event).estimate == midpoint
    assert median([1, 2, 3, 4], event, at_half="first").estimate == 2


def test_half_missed_by_rounding_is_half():
    n = 98  # the product of 49 fractions is not 0.5 in doubles
    curve = kaplan_meier(range(1, n + 1), [1] * n, conf_type="log")
    assert curve.survival[48] != 0.5
    assert quantile(curve, 0.5, method="spss", at_half="first").estimate == 49
    assert quantile(curve, 0.5, method="brookmeyer-crowley", at_half="midpoint").estimate == 49.5


def test_spss_interval_without_a_later_fall_keeps_the_median_alone():
    q = median([1, 2, 3, 4], [1, 1, 0, 0], "spss", "first")
    assert q.estimate == 2
    assert math.isnan(q.std_error)
    assert math.isnan(q.conf_low)


def test_spss_lower_limit_may_be_negative():
    q = median([1, 2, 30, 50, 60], [1, 1, 1, 1, 1], "spss", "first")
    assert q.conf_low < 0


def test_rising_upper_limits_are_read_as_r_reads_them():
    # under "log" the upper limit rises from 0.468 to 0.469 near the end; R gives 10, the first crossing is 5
    time = [1] * 7 + [2] * 4 + [3] + [5] * 3 + [6] + [10] + [11]
    event = [1] * 7 + [1] * 4 + [1] + [1] * 3 + [0] + [1] + [1]
    q = quantile(kaplan_meier(time, event, conf_type="log"), 0.5, method="brookmeyer-crowley", at_half="midpoint")
    assert q.conf_high == 10


def test_mean_is_restricted_where_the_last_time_is_censored():
    free = mean_survival(kaplan_meier([2, 4], [1, 1], conf_type="log"))
    held = mean_survival(kaplan_meier([2, 4], [1, 0], conf_type="log"))
    assert (free.estimate, free.restricted) == (3, False)
    assert (held.estimate, held.limit, held.restricted) == (3, 4, True)


def test_mean_of_placebo_arm_is_the_ordinary_mean():
    weeks = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
    mean = mean_survival(kaplan_meier(weeks, [1] * 21, conf_type="log"))
    assert mean.estimate == pytest.approx(sum(weeks) / 21, abs=1e-12)
    assert mean.std_error == pytest.approx(1.3774, abs=5e-5)


@pytest.mark.parametrize(
    ("p", "method", "at_half", "said"),
    [
        (50, "spss", "first", "as 0.5 for the median; got 50"),
        (0.5, "greenwood", "first", "brookmeyer-crowley or spss"),
        (0.5, "spss", "last", "midpoint or first"),
    ],
)
def test_unknown_choices_are_named(p, method, at_half, said):
    curve = kaplan_meier([1, 2], [1, 1], conf_type="log")
    with pytest.raises(AnalysisError, match=said):
        quantile(curve, p, method=method, at_half=at_half)


def test_spss_intervals_are_of_95_percent_only():
    curve = kaplan_meier([1, 2], [1, 1], conf_type="log", conf_level=0.9)
    with pytest.raises(AnalysisError, match=r"0\.95 only"):
        quantile(curve, 0.5, method="spss", at_half="first")
    with pytest.raises(AnalysisError, match=r"0\.95 only"):
        mean_survival(curve)
