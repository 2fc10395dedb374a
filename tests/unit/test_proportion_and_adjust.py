import pytest

from oncohort.errors import AnalysisError
from oncohort.stats.adjust import holm
from oncohort.stats.proportion import proportion_interval


@pytest.mark.parametrize(("method", "low", "high"), [("clopper-pearson", 0.169, 0.309), ("wilson", 0.174, 0.307)])
def test_36_of_154_as_sas_and_r_print_it(method, low, high):
    # frozen SAS 9.4 and R 4.5 outputs of github.com/PSIAIMS/CAMIS, R/ci_for_prop.qmd
    p = proportion_interval(36, 154, method=method)
    assert (round(p.estimate, 3), round(p.conf_low, 3), round(p.conf_high, 3)) == (0.234, low, high)


@pytest.mark.parametrize("method", ["clopper-pearson", "wilson"])
def test_none_and_all_reach_the_ends(method):
    assert proportion_interval(0, 10, method=method).conf_low == 0
    assert proportion_interval(10, 10, method=method).conf_high == 1


def test_zero_of_ten_exactly():
    assert proportion_interval(0, 10, method="clopper-pearson").conf_high == pytest.approx(1 - 0.025**0.1, abs=1e-12)


@pytest.mark.parametrize(("x", "n"), [(-1, 10), (11, 10), (0, 0), (1.5, 10)])
def test_impossible_counts_are_named(x, n):
    with pytest.raises(AnalysisError, match="a count x from 0 to n"):
        proportion_interval(x, n, method="wilson")


def test_unknown_method_is_named():
    with pytest.raises(AnalysisError, match="clopper-pearson or wilson was expected; got 'wald'"):
        proportion_interval(1, 2, method="wald")


def test_holm_keeps_the_order_given_and_stays_below_one():
    assert holm([0.6, 0.01, 0.6]).tolist() == [1.0, 0.03, 1.0]
    assert holm([0.04]).tolist() == [0.04]


def test_p_values_outside_their_range_are_named():
    with pytest.raises(AnalysisError, match=r"value 2 is 1\.2"):
        holm([0.1, 1.2])
