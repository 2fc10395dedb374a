import math

import pytest

from oncohort.errors import AnalysisError
from oncohort.stats.distributions import chi_square_tail, normal_quantile, normal_two_sided, two_sided_z


def test_p_of_an_enormous_z_is_zero_but_its_logarithm_is_not_lost():
    tail = normal_two_sided(40)
    assert tail.p_value == 0
    assert tail.log10_p == pytest.approx(-349.135976463682, rel=1e-12)


@pytest.mark.parametrize("df", [2, 4, 6, 10])
@pytest.mark.parametrize("x", [0.5, 8.0, 300.0, 1500.0, 1e4, 1e6])
def test_even_df_is_a_poisson_sum(x, df):
    h = x / 2
    log_terms = [k * math.log(h) - math.lgamma(k + 1) for k in range(df // 2)]
    top = max(log_terms)
    log_p = -h + top + math.log(sum(math.exp(t - top) for t in log_terms))
    assert chi_square_tail(x, df).log10_p == pytest.approx(log_p / math.log(10), rel=1e-12, abs=1e-14)


def test_logarithm_runs_smoothly_into_the_far_tail():
    near, far = chi_square_tail(1330.0, 3), chi_square_tail(1331.0, 3)
    assert near.p_value > 0
    assert near.log10_p - far.log10_p == pytest.approx(0.5 / math.log(10), rel=1e-2)


def test_one_df_is_the_normal_squared():
    assert chi_square_tail(1.5**2, 1).p_value == pytest.approx(normal_two_sided(1.5).p_value, rel=1e-14)


def test_zero_has_p_one():
    for df in (1, 2, 7):
        assert chi_square_tail(0.0, df).p_value == 1
        assert chi_square_tail(0.0, df).log10_p == 0
    assert chi_square_tail(-1e-15, 2).p_value == 1


@pytest.mark.parametrize(("x", "df"), [(float("nan"), 1), (float("inf"), 1), (-1.0, 1), (1.0, 0), (1.0, float("nan"))])
def test_impossible_statistics_are_refused(x, df):
    with pytest.raises(AnalysisError, match="expected"):
        chi_square_tail(x, df)


def test_normal_quantiles():
    assert normal_quantile(0.975) == pytest.approx(1.959963984540054, abs=1e-15)
    assert two_sided_z(0.95) == pytest.approx(1.959963984540054, abs=1e-15)
    for bad in (0, 1, 95, float("nan")):
        with pytest.raises(AnalysisError, match="between 0 and 1"):
            two_sided_z(bad)
        with pytest.raises(AnalysisError, match="between 0 and 1"):
            normal_quantile(bad)
    with pytest.raises(AnalysisError, match="finite z"):
        normal_two_sided(float("inf"))
