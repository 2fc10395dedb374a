import math

import pytest

from oncohort.errors import AnalysisError
from oncohort.stats.log_rank import log_rank, pairwise_log_rank


def test_freireich_is_16_79():
    time = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
    event = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
    time += [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
    test = log_rank(time, event + [1] * 21, [0] * 21 + [1] * 21)
    assert round(test.statistic, 2) == 16.79


def test_group_censored_before_the_first_event_does_not_count():
    with_it = log_rank([1, 2, 3, 4, 5], [0, 1, 1, 1, 0], ["x", "a", "b", "a", "b"])
    without = log_rank([2, 3, 4, 5], [1, 1, 1, 0], ["a", "b", "a", "b"])
    assert with_it.df == without.df == 1
    assert with_it.groups == ("a", "b", "x")
    assert with_it.expected[2] == 0
    assert with_it.statistic == pytest.approx(without.statistic, abs=1e-14)


def test_a_huge_difference_has_a_finite_logarithm():
    n = 3000
    test = log_rank(list(range(1, 2 * n + 1)), [1] * 2 * n, [0] * n + [1] * n)
    assert test.p_value == 0
    assert math.isfinite(test.log10_p)
    assert test.log10_p < -308


@pytest.mark.parametrize(
    ("time", "event", "group", "said"),
    [
        ([1, 2, 3], [1, 1, 0], ["a", "a", "a"], "at least two groups were expected; all are 'a'"),
        ([1, 2, 3], [0, 0, 0], ["a", "b", "b"], "there is no event"),
        ([1, 2, 3], [0, 1, 1], ["a", "b", "b"], "fewer than two groups"),
        ([4, 4, 4], [1, 1, 1], ["a", "b", "b"], "at one time"),
    ],
)
def test_impossible_tests_say_why(time, event, group, said):
    with pytest.raises(AnalysisError, match=said):
        log_rank(time, event, group)


def test_pair_is_the_test_of_its_two_groups_alone():
    time, event, group = [1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 1, 0, 1, 1, 1, 0, 1, 1], list("abcabcabc")
    pair = pairwise_log_rank(time, event, group, adjust="none")[1]
    rows = [i for i, g in enumerate(group) if g != "b"]
    alone = log_rank([time[i] for i in rows], [event[i] for i in rows], [group[i] for i in rows])
    assert (pair.group_a, pair.group_b) == ("a", "c")
    assert pair.test.statistic == pytest.approx(alone.statistic, abs=1e-14)


def test_pair_that_cannot_be_tested_says_why_and_is_not_adjusted_for():
    pairs = pairwise_log_rank([1, 2, 3, 4, 5, 6], [0, 0, 1, 1, 1, 1], list("xyabab"), adjust="holm")
    by_name = {(p.group_a, p.group_b): p for p in pairs}
    assert by_name["x", "y"].test is None
    assert by_name["x", "y"].reason == "log-rank: there is no event"
    assert math.isnan(by_name["x", "y"].p_adjusted)
    assert by_name["a", "b"].p_adjusted == by_name["a", "b"].test.p_value


def test_unknown_adjustment_is_named():
    with pytest.raises(AnalysisError, match="none or holm was expected; got 'bonferroni'"):
        pairwise_log_rank([1, 2], [1, 1], ["a", "b"], adjust="bonferroni")
