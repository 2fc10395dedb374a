import math

import pytest

from oncohort.errors import AnalysisError
from oncohort.stats.describe import describe, median_of


def test_one_value_has_no_standard_deviation():
    one = describe([7], quartiles="spss-haverage")
    assert (one.n, one.mean, one.median, one.q1, one.q3, one.min, one.max) == (1, 7, 7, 7, 7, 7, 7)
    assert math.isnan(one.sd)


def test_the_two_kinds_of_quartiles_differ():
    assert describe([1, 2, 3, 4], quartiles="r-type-7").q1 == 1.75
    assert describe([1, 2, 3, 4], quartiles="spss-haverage").q1 == 1.25


def test_haverage_stays_within_the_range():
    two = describe([4, 9], quartiles="spss-haverage")
    assert (two.q1, two.q3) == (4, 9)


def test_median_of_even_number_is_the_midpoint():
    assert median_of([3, 1, 2, 10]) == 2.5


def test_bad_choices_and_values_are_named():
    with pytest.raises(AnalysisError, match="r-type-7 or spss-haverage was expected; got 'type7'"):
        describe([1, 2], quartiles="type7")
    with pytest.raises(AnalysisError, match="value 2 is missing"):
        describe([1, None], quartiles="r-type-7")
    with pytest.raises(AnalysisError, match="at least one value"):
        median_of([])
