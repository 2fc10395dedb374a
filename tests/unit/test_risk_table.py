import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oncohort.errors import AnalysisError
from oncohort.stats import grid
from oncohort.stats import risk_table as module
from oncohort.stats.risk_table import risk_table


def test_counts_by_time_and_group():
    table = risk_table([5, 5, 7, 7, 9], [1, 0, 1, 1, 0], [2, 1, 1, 2, 2])
    assert table.groups == (1, 2)
    assert table.time.tolist() == [5, 7, 9]
    assert table.n_risk.tolist() == [[2, 3], [1, 2], [0, 1]]
    assert table.n_event.tolist() == [[0, 1], [1, 1], [0, 0]]
    assert table.n_censor.tolist() == [[1, 0], [0, 0], [0, 1]]


times = st.lists(
    st.one_of(st.integers(0, 40), st.integers(0, 3000), st.sampled_from([2.0**24 - 2, 2.0**24, 1e9])), min_size=1
)


@settings(deadline=None)
@given(times, st.data())
def test_whole_times_counted_without_sorting_give_the_same_table(time, data):
    n = len(time)
    event = data.draw(st.lists(st.booleans(), min_size=n, max_size=n))
    group = data.draw(st.lists(st.integers(0, 3), min_size=n, max_size=n))
    fast = risk_table(time, event, group)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "whole_times", lambda *_: None)
        patch.setattr(grid, "whole_times", lambda *_: None)
        sorted_way = risk_table(time, event, group)
    for name in ("time", "n_risk", "n_event", "n_censor"):
        assert np.array_equal(getattr(fast, name), getattr(sorted_way, name))
    assert fast.groups == sorted_way.groups


@settings(deadline=None)
@given(st.lists(st.integers(-5, 300), min_size=1, max_size=30))
def test_counted_group_codes_are_those_of_sorted_labels(group):
    n = len(group)
    table = risk_table(range(n), [1] * n, np.array(group))
    assert table.groups == tuple(sorted(set(group)))
    assert table.n_event.sum(axis=0).tolist() == [group.count(g) for g in table.groups]


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint16, np.int64])
def test_labels_come_back_as_plain_values(dtype):
    groups = risk_table([1, 2], [1, 1], np.array([1, 0], dtype=dtype)).groups
    assert groups == (0, 1)
    assert type(groups[0]) in (bool, int)


@pytest.mark.parametrize(
    ("group", "said"),
    [
        (["a", None], "value is missing"),
        ([1.0, float("nan")], "value is missing"),
        ([1], "2 values were expected"),
        (np.array(["a", 1], dtype=object), "labels of one kind"),
    ],
)
def test_bad_groups_are_named(group, said):
    with pytest.raises(AnalysisError, match=said):
        risk_table([1, 2], [1, 1], group)
