from oncohort.stats.follow_up import observed_follow_up, reverse_kaplan_meier
from oncohort.stats.quantiles import quantile


def test_observed_follow_up_is_the_ordinary_median_and_range():
    follow_up = observed_follow_up([3, 9, 4, 30])
    assert (follow_up.n, follow_up.median, follow_up.min, follow_up.max) == (4, 6.5, 3, 30)


def test_patient_who_dies_on_a_day_of_censoring_is_at_risk_of_it():
    curve = reverse_kaplan_meier([2, 2, 3], [1, 0, 0], conf_type="log")
    assert curve.n_risk.tolist() == [3, 1]
    assert curve.n_event.tolist() == [1, 1]
    assert curve.n_censor.tolist() == [1, 0]


def test_median_follow_up_without_deaths_is_the_median_time():
    curve = reverse_kaplan_meier([1, 2, 3, 4, 5], [0, 0, 0, 0, 0], conf_type="log")
    assert quantile(curve, 0.5, method="brookmeyer-crowley", at_half="midpoint").estimate == 3
