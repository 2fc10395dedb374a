import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oncohort.errors import AnalysisError
from oncohort.stats.compare import kruskal_wallis, mann_whitney, pearson_chi_square
from oncohort.stats.fisher import fisher_exact


def margins_alike(rows, columns):
    """Every table with these margins, by brute force."""
    if len(columns) == 1:
        yield np.array(rows)[:, None]
        return

    def fill(left, caps):
        if len(caps) == 1:
            if left <= caps[0]:
                yield (left,)
            return
        for x in range(min(left, caps[0]) + 1):
            for rest in fill(left - x, caps[1:]):
                yield (x, *rest)

    for first in fill(columns[0], rows):
        for others in margins_alike([r - x for r, x in zip(rows, first, strict=True)], columns[1:]):
            yield np.column_stack([first, others])


def weight(table):
    return math.prod(1 / math.factorial(int(x)) for x in table.ravel())


tables = st.tuples(st.integers(2, 3), st.integers(2, 4)).flatmap(
    lambda shape: st.lists(
        st.lists(st.integers(0, 4), min_size=shape[1], max_size=shape[1]), min_size=shape[0], max_size=shape[0]
    )
)


@settings(max_examples=60, deadline=None)
@given(tables)
def test_fisher_is_the_sum_over_all_tables_not_more_probable(cells):
    table = np.array(cells)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    if min(table.shape) < 2 or table.sum() > 16:
        return
    every = [weight(t) for t in margins_alike(table.sum(axis=1).tolist(), table.sum(axis=0).tolist())]
    expected = sum(w for w in every if w <= weight(table) * (1 + 1e-7)) / sum(every)
    assert fisher_exact(table).p_value == pytest.approx(expected, rel=1e-10)
    assert fisher_exact(table.T).p_value == pytest.approx(expected, rel=1e-10)


def test_fisher_too_large_is_refused_with_a_reason():
    with pytest.raises(AnalysisError, match="too large to be counted out; use Pearson"):
        fisher_exact(np.full((6, 8), 40))


def test_fisher_far_out_keeps_a_finite_logarithm():
    test = fisher_exact([[700, 0], [0, 700]])
    assert test.p_value == 0
    assert test.log10_p == pytest.approx(math.log10(2) - math.log10(math.comb(1400, 700)), rel=1e-12)


def test_fisher_of_a_balanced_table_is_one():
    assert fisher_exact([[5, 5], [5, 5]]).p_value == pytest.approx(1, abs=1e-12)
    assert fisher_exact([[5, 5], [5, 5]]).log10_p <= 0


def test_yates_takes_no_more_than_the_difference():
    assert pearson_chi_square([[5, 5], [5, 6]], correction="yates").statistic == 0


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ([[1, 2]], "at least two rows"),
        ([[1, 2], [3]], "rows of counts"),
        ([[1, 2.5], [3, 4]], "whole counts"),
        ([[1, -2], [3, 4]], "whole counts"),
        ([[1, float("nan")], [3, 4]], "whole counts"),
        ([[1, 2], [0, 0]], "row 2 is empty"),
        ([[0, 2], [0, 3]], "column 1 is empty"),
    ],
)
def test_bad_tables_are_named(table, said):
    with pytest.raises(AnalysisError, match=said):
        pearson_chi_square(table, correction="none")
    with pytest.raises(AnalysisError, match=said):
        fisher_exact(table)


def test_yates_is_for_two_by_two():
    with pytest.raises(AnalysisError, match="2 x 2 tables; got 2 x 3"):
        pearson_chi_square([[1, 2, 3], [4, 5, 6]], correction="yates")
    with pytest.raises(AnalysisError, match="none or yates"):
        pearson_chi_square([[1, 2], [3, 4]], correction="always")


def test_rank_tests_of_equal_values_say_so():
    with pytest.raises(AnalysisError, match="Mann-Whitney: all values are equal"):
        mann_whitney([1, 1], [1], correction="none")
    with pytest.raises(AnalysisError, match="Kruskal-Wallis: all values are equal"):
        kruskal_wallis([[1, 1], [1]])
    with pytest.raises(AnalysisError, match="at least two groups"):
        kruskal_wallis([[1, 2]])
    with pytest.raises(AnalysisError, match="none or continuity"):
        mann_whitney([1, 2], [3], correction="yes")


def test_groups_without_difference_have_p_one():
    assert mann_whitney([1, 2, 3, 4], [1, 2, 3, 4], correction="continuity").p_value == 1


def test_two_groups_of_kruskal_are_mann_whitney_squared():
    a, b = [1, 2, 2, 5, 7], [2, 3, 6, 8, 9, 9]
    assert kruskal_wallis([a, b]).p_value == pytest.approx(mann_whitney(a, b, correction="none").p_value, rel=1e-12)
