"""Margins are met exactly: dealing, bending and placing give the counts, medians and ranges they were asked for."""

from collections import Counter
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncohort.simulate.deal import ImpossibleError, bend, deal, shares, stream, with_ends
from oncohort.simulate.draw_events import told_grades
from oncohort.simulate.margins import Spread
from oncohort.simulate.windows import Window, on_schedule, place_about, uniform

COUNTS = st.dictionaries(st.sampled_from("ABCDE"), st.integers(0, 30), min_size=1)


def scores_of(n, seed):
    return [stream(seed, str(place), "scores").random() for place in range(n)]


@given(COUNTS, st.integers(0, 5))
def test_every_category_is_dealt_as_often_as_it_is_told(counts, seed):
    n = sum(counts.values())
    dealt = deal(counts, scores_of(n, seed))
    assert Counter(dealt) == Counter({name: count for name, count in counts.items() if count})


@given(COUNTS, st.integers(0, 5))
def test_earlier_categories_go_to_lower_scores(counts, seed):
    scores = scores_of(sum(counts.values()), seed)
    place = {name: k for k, name in enumerate(counts)}
    ranks = [place[category] for _, category in sorted(zip(scores, deal(counts, scores), strict=True))]
    assert ranks == sorted(ranks)


@given(st.dictionaries(st.sampled_from("ABCDE"), st.floats(0.01, 9), min_size=1), st.integers(0, 500))
def test_shares_add_up_and_are_off_by_less_than_one_patient(weights, n):
    counts = shares(weights, n)
    assert sum(counts.values()) == n
    whole = sum(weights.values())
    assert all(abs(counts[name] - n * weight / whole) < 1 for name, weight in weights.items())


@given(
    st.lists(st.integers(1, 10**6), min_size=3, max_size=60),
    st.tuples(st.integers(1, 1000), st.integers(0, 1000), st.integers(0, 1000)),
    st.booleans(),
)
def test_bent_values_have_the_median_and_the_range_and_keep_their_order(values, steps, logarithmic):
    low, middle, high = steps[0], steps[0] + steps[1], steps[0] + steps[1] + steps[2]
    drawn = [float(value) for value in values]
    bent = bend(drawn, Spread(median=middle, min=low, max=high), digits=0, logarithmic=logarithmic)
    assert (min(bent), median(bent), max(bent)) == (low, middle, high)
    ordered = [value for _, value in sorted(zip(drawn, bent, strict=True), key=lambda pair: pair[0])]
    assert sorted(bent) == sorted(ordered)
    assert all(value.is_integer() for value in bent)


def test_half_a_unit_is_the_median_of_an_even_number_of_whole_values():
    bent = bend([1.0, 2.0, 3.0, 4.0], Spread(median=61.5, min=38, max=80), digits=0, logarithmic=False)
    assert bent == [38.0, 61.0, 62.0, 80.0]


def test_half_a_unit_cannot_be_the_median_of_an_odd_number_of_whole_values():
    with pytest.raises(ImpossibleError, match=r"the median 61.5 cannot be that of 3 values with 0 decimals"):
        bend([1.0, 2.0, 3.0], Spread(median=61.5), digits=0, logarithmic=False)


def test_without_a_range_values_keep_their_distance_from_the_median():
    assert bend([10.0, 20.0, 40.0], Spread(median=50), digits=0, logarithmic=False) == [40.0, 50.0, 70.0]


def test_ends_of_few_values_are_left_alone():
    assert with_ends([5.0, 6.0], Spread(median=5.5, min=1, max=9)) == [5.0, 6.0]


WINDOWS = st.lists(st.tuples(st.integers(1, 200), st.integers(0, 200)), min_size=1, max_size=40)


@given(WINDOWS, st.integers(1, 300), st.integers(0, 40), st.integers(0, 3), st.integers(0, 9))
def test_placed_days_lie_in_their_windows_and_part_as_asked_or_are_refused(pairs, day, before, on, seed):
    windows = [Window(low, low + length) for low, length in pairs]
    uses = scores_of(len(windows), seed)
    days = place_about(windows, uses[::-1], day, (before, on), uniform(uses))
    if days is None:
        early = sum(window.high < day for window in windows)
        late = sum(window.low > day for window in windows)
        free = len(windows) - early - late
        ends_there = sum(window.high == day for window in windows)
        starts_there = sum(window.low == day for window in windows)
        assert early > before or early + free < before + on or ends_there + starts_there > 0 or on > free
        return
    assert all(window.low <= placed <= window.high for window, placed in zip(windows, days, strict=True))
    assert sum(placed < day for placed in days) == before
    assert sum(placed == day for placed in days) == on


def test_scheduled_days_lie_in_windows_of_the_schedule_for_most():
    uses = scores_of(200, 1)
    pick = on_schedule(uses, 56, 7)
    days = [pick(place, 100, 600) for place in range(200)]
    assert all(100 <= day <= 600 for day in days)
    off = [day for day in days if abs(day - round(day / 56) * 56) > 7]
    assert 0 < len(off) < 60


@given(st.integers(0, 40), st.integers(0, 10), st.integers(0, 10))
def test_untold_grades_are_one_or_two_and_add_up_to_all_patients_with_the_event(more, third, fourth):
    told = {"any": more + third + fourth, "3": third, "4": fourth}
    counts = told_grades(told, 100)
    assert sum(counts.values()) == 100
    assert (counts[3], counts[4]) == (third, fourth)
    assert counts[1] + counts[2] == more


def test_a_patient_s_stream_depends_on_no_other_patient():
    first = [stream(3, "SYN-001", "outline").random() for _ in range(2)]
    assert first[0] == first[1]
    others = {
        stream(*key).random()
        for key in ((3, "SYN-002", "outline"), (4, "SYN-001", "outline"), (3, "SYN-001", "records"))
    }
    assert len(others | {first[0]}) == 4
