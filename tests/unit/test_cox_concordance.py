"""Counting concordant pairs."""

import numpy as np
import pytest

from oncohort.errors import AnalysisError
from oncohort.stats.concordance import concordance


def counted_one_by_one(time, event, risk, stratum):
    n = len(time)
    concordant = discordant = tied = both = same = 0
    for i in range(n):
        for j in range(n):
            if stratum[i] != stratum[j] or not event[i] or i == j:
                continue
            if time[j] > time[i] or (time[j] == time[i] and not event[j]):
                concordant += risk[i] > risk[j]
                discordant += risk[i] < risk[j]
                tied += risk[i] == risk[j]
            elif time[j] == time[i] and i < j:
                same += risk[i] != risk[j]
                both += risk[i] == risk[j]
    return concordant, discordant, tied, same, both


def test_counts_equal_those_of_all_pairs_one_by_one():
    rng = np.random.default_rng(2)
    for _ in range(60):
        n = rng.integers(2, 30)
        data = rng.integers(0, 8, n), rng.random(n) < 0.7, rng.integers(0, 5, n), rng.integers(0, 2, n)
        expected = counted_one_by_one(*data)
        if sum(expected[:3]) == 0:
            continue
        c = concordance(data[0], data[1], data[2], strata=data[3])
        assert (c.concordant, c.discordant, c.tied_risk, c.tied_time, c.tied_both) == expected


def test_standard_error_is_the_infinitesimal_jackknife():
    time, event, risk = np.array([1, 2, 3, 4, 5, 5]), np.array([1, 1, 0, 1, 1, 0]), np.array([3, 5, 2, 2, 4, 1])

    def weighted(w):
        up = down = 0.0
        for i in range(6):
            for j in range(6):
                if event[i] and (time[j] > time[i] or (time[j] == time[i] and not event[j])):
                    pair = w[i] * w[j]
                    up += pair * ((risk[i] > risk[j]) + 0.5 * (risk[i] == risk[j]))
                    down += pair
        return up / down

    h = 1e-6
    slope = [(weighted(np.ones(6) + h * e) - weighted(np.ones(6) - h * e)) / (2 * h) for e in np.eye(6)]
    assert concordance(time, event, risk).std_error == pytest.approx(np.sqrt(np.sum(np.square(slope))), rel=1e-8)


def test_risk_in_the_order_of_events_is_perfect():
    assert concordance([1, 2, 3], [1, 1, 1], [3, 2, 1]).estimate == 1.0
    assert concordance([1, 2, 3], [1, 1, 1], [1, 2, 3]).estimate == 0.0
    assert concordance([1, 2, 3], [1, 1, 1], [7, 7, 7]).estimate == 0.5


def test_censoring_on_the_day_of_an_event_is_comparable():
    c = concordance([5, 5], [1, 0], [2, 1])
    assert (c.concordant, c.discordant) == (1, 0)


def test_no_comparable_pair_is_refused():
    with pytest.raises(AnalysisError, match="no pair of patients is comparable"):
        concordance([5, 3], [1, 0], [2, 1])


def test_other_length_of_risk_is_refused():
    with pytest.raises(AnalysisError, match="risk: 2 values were expected"):
        concordance([5, 3], [1, 0], [2, 1, 1])
