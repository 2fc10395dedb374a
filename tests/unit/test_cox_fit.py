"""What a Cox fit answers, names and refuses."""

import numpy as np
import pytest

from oncohort.errors import AnalysisError
from oncohort.stats.cox import cox, linear_predictor, wald_block
from oncohort.stats.proportional_hazards import cox_zph

TIME = [5, 8, 12, 20, 25, 30, 33, 41, 50, 60]
EVENT = [1, 1, 0, 1, 1, 0, 1, 1, 0, 1]
AGE = [70, 50, 61, 66, 58, 47, 72, 55, 49, 60]
MALE = [1, 0, 1, 1, 0, 0, 0, 1, 0, 1]


def test_constant_column_is_singular_and_the_rest_is_as_without_it():
    fit = cox(TIME, EVENT, {"one": [1] * 10, "age": AGE}, ties="efron")
    alone = cox(TIME, EVENT, {"age": AGE}, ties="efron")
    assert fit.singular == ("one",)
    assert fit.converged
    assert np.isnan(fit.coefficients[0])
    assert np.isnan(fit.std_error[0])
    assert fit.coefficients[1] == pytest.approx(alone.coefficients[0], rel=1e-12)
    assert fit.likelihood_ratio.df == 1


def test_of_two_equal_columns_the_later_is_singular():
    assert cox(TIME, EVENT, {"a": AGE, "b": AGE}, ties="efron").singular == ("b",)


def test_column_constant_within_strata_is_singular():
    fit = cox(TIME, EVENT, {"male": MALE, "age": AGE}, ties="efron", strata=MALE)
    assert fit.singular == ("male",)


def test_more_columns_than_rows_gives_an_answer_that_says_so():
    columns = {f"x{k}": np.random.default_rng(k).normal(size=10) for k in range(15)}
    fit = cox(TIME, EVENT, columns, ties="efron")
    assert fit.singular == tuple(f"x{k}" for k in range(9, 15))  # ten rows have nine directions
    assert not fit.converged
    assert fit.failure_reason


def test_level_in_which_everyone_has_the_event_is_named():
    fit = cox([1, 2, 3, 4, 5, 6], [1, 1, 1, 0, 0, 0], {"x": [1, 1, 1, 0, 0, 0]}, ties="efron")
    assert not fit.converged
    assert fit.warnings[0] == "x: no event among the patients with value 0; the coefficient may be infinite"
    assert np.isfinite(fit.likelihood_ratio.p_value)


def test_scale_of_a_column_changes_nothing_but_the_unit():
    fit = cox(TIME, EVENT, {"age": AGE}, ties="efron")
    for scale in (1e-12, 1e12, 1e80):
        far = cox(TIME, EVENT, {"age": np.array(AGE) * scale}, ties="efron")
        assert far.coefficients[0] * scale == pytest.approx(fit.coefficients[0], rel=1e-11)
        assert far.std_error[0] * scale == pytest.approx(fit.std_error[0], rel=1e-11)


def test_outlier_of_a_million_is_fitted():
    rng = np.random.default_rng(5)
    afp = np.exp(rng.normal(4, 4, 200))
    fit = cox(rng.exponential(10, 200), rng.random(200) < 0.7, {"afp": afp}, ties="efron")
    assert fit.converged


def test_linear_predictor_is_the_log_hazard_ratio_to_the_mean():
    fit = cox(TIME, EVENT, {"age": AGE, "male": MALE}, ties="efron")
    x = np.column_stack([AGE, MALE])
    np.testing.assert_allclose(linear_predictor(fit), (x - x.mean(axis=0)) @ fit.coefficients, atol=1e-13)


def test_wald_block_of_all_columns_is_the_wald_test():
    fit = cox(TIME, EVENT, {"age": AGE, "male": MALE}, ties="efron")
    assert wald_block(fit, ["age", "male"]).statistic == pytest.approx(fit.wald.statistic, rel=1e-12)
    assert wald_block(fit, ["male"]).statistic == pytest.approx(fit.z[1] ** 2, rel=1e-12)


def test_hazard_ratio_has_wald_limits_at_the_level_asked_for():
    fit = cox(TIME, EVENT, {"age": AGE}, ties="efron", conf_level=0.9)
    np.testing.assert_allclose(np.log(fit.conf_high) - fit.coefficients, 1.6448536269514722 * fit.std_error)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"event": [0] * 10}, "none of the patients has the event"),
        ({"event": [2] * 10}, "0 or 1"),
        ({"time": [-1, *TIME[1:]]}, "times from 0 were expected"),
        ({"time": [float("nan"), *TIME[1:]]}, "missing or not finite"),
        ({"covariates": {"age": [float("inf"), *AGE[1:]]}}, "age: value 1 is missing or not finite"),
        ({"covariates": {"age": AGE[1:]}}, "10 values were expected"),
        ({"covariates": {"one": [1] * 10}}, "one: nothing to estimate"),
        ({"covariates": {"big": np.array(AGE) * 1e120}}, "rescale"),
        ({"covariates": {}}, "at least one column"),
        ({"ties": "exact"}, '"efron" or "breslow" was expected; got "exact"'),
        ({"entry": TIME}, "entry: value 1 is 5, not before its time 5 (10 in all)"),
        ({"entry": [0, 0]}, "entry: 10 values were expected"),
        ({"weights": [0, *[1] * 9]}, "weights: value 1 is 0; weights above 0 were expected"),
        ({"strata": [None, *[1] * 9]}, "strata: a value is missing"),
        ({"conf_level": 95}, "conf_level"),
    ],
)
def test_bad_argument_is_refused_in_a_sentence(change, sentence):
    arguments = {"time": TIME, "event": EVENT, "covariates": {"age": AGE}, "ties": "efron"} | change
    with pytest.raises(AnalysisError) as refused:
        cox(**arguments)
    assert sentence in str(refused.value)


def test_two_columns_of_one_name_are_refused():
    with pytest.raises(AnalysisError, match="age is there twice"):
        cox(TIME, EVENT, {"age": AGE, _Age(): AGE}, ties="efron")


class _Age:
    def __str__(self):
        return "age"


def test_single_patient_cannot_be_analyzed():
    with pytest.raises(AnalysisError, match="nothing to estimate"):
        cox([1], [1], {"age": [60]}, ties="efron")


def test_events_all_on_one_day_are_fitted():
    fit = cox([3] * 6, [1, 1, 1, 0, 0, 0], {"x": [1, 2, 3, 3, 2, 4]}, ties="efron")
    assert fit.converged


def test_wald_block_needs_columns_of_the_model():
    fit = cox(TIME, EVENT, {"age": AGE, "one": [1] * 10}, ties="efron")
    with pytest.raises(AnalysisError, match="stage: not a column of this model"):
        wald_block(fit, ["stage"])
    with pytest.raises(AnalysisError, match="no coefficient was estimated"):
        wald_block(fit, ["one"])


def test_proportional_hazards_leaves_singular_terms_out():
    fit = cox(TIME, EVENT, {"age": AGE, "one": [1] * 10, "male": MALE}, ties="efron")
    tested = cox_zph(fit, transform="identity")
    assert tested.terms == ("age", "male")
    assert tested.overall.df == 2


def test_proportional_hazards_are_not_tested_without_a_maximum():
    fit = cox([1, 2, 3, 4], [1, 1, 0, 0], {"x": [1, 1, 0, 0]}, ties="efron")
    with pytest.raises(AnalysisError, match="no maximum"):
        cox_zph(fit, transform="km")


def test_proportional_hazards_need_more_than_one_event_time():
    fit = cox([3] * 6, [1, 1, 1, 0, 0, 0], {"x": [1, 2, 3, 3, 2, 4]}, ties="efron")
    with pytest.raises(AnalysisError, match="too few distinct event times"):
        cox_zph(fit, transform="km")


def test_log_transform_needs_event_times_above_zero():
    fit = cox([0, *TIME[1:]], EVENT, {"age": AGE}, ties="efron")
    with pytest.raises(AnalysisError, match="logarithm"):
        cox_zph(fit, transform="log")
    assert cox_zph(fit, transform="rank").overall.df == 1


def test_unknown_transform_is_refused():
    with pytest.raises(AnalysisError, match='got "sqrt"'):
        cox_zph(cox(TIME, EVENT, {"age": AGE}, ties="efron"), transform="sqrt")
