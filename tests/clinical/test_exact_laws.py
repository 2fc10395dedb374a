"""Measured numbers are read exactly, whatever was read before."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncohort.clinical.ctcae_lab import asked_limits, grade_lab
from oncohort.clinical.exact import exact, in_decimals
from oncohort.clinical.units import UNITS, convert
from oncohort.errors import DataError

_MEASURED = st.floats(allow_nan=False, allow_infinity=False)


@given(_MEASURED)
def test_float_is_the_fraction_of_its_shortest_decimal_text(value):
    assert exact(value) == exact(value) == Fraction(repr(value)) == exact(Decimal(repr(value)))


@pytest.mark.parametrize(("before", "flag"), [(1, True), (1.0, True), (0, False), (0.0, False)])
def test_truth_is_no_number_even_after_the_number_it_equals(before, flag):
    assert exact(before) == before
    with pytest.raises(DataError, match="is no finite number"):
        exact(flag)


@given(st.integers(min_value=-(10**9), max_value=10**9), st.integers(min_value=0, max_value=6))
def test_number_with_at_most_six_decimals_is_written_without_rounding(digits, decimals):
    value = Fraction(digits, 10**decimals)
    assert Fraction(in_decimals(value)) == value


@given(
    _MEASURED, st.sampled_from([(name, unit, to) for name, units in UNITS.items() for unit in units for to in units])
)
def test_value_in_another_unit_and_back_is_itself(value, asked):
    quantity, unit, to = asked
    assert convert(convert(value, quantity, unit, to), quantity, to, unit) == exact(value)


@pytest.mark.parametrize("test", ["BILI", "ALT", "AST", "PLAT", "WBC", "NEUT", "HGB", "CREAT"])
@pytest.mark.parametrize("version", ["3.0", "5.0"])
def test_grade_misses_just_the_limits_that_its_criteria_ask_for(test, version):
    assert grade_lab(test, None, version=version).missing == ("value", *asked_limits(test, version))


@pytest.mark.parametrize("test", ["BILI", "ALT", "CREAT", "HGB"])
def test_limit_that_no_criterion_asks_for_changes_no_grade(test):
    limits = {"lower_limit": 10, "upper_limit": 100, "baseline": 50}
    for version in ("3.0", "5.0"):
        asked = {name: limits[name] for name in asked_limits(test, version)}
        for value in (5, 75, 120, 400):
            assert grade_lab(test, value, version=version, **asked) == grade_lab(test, value, version=version, **limits)
