"""The rules of stepwise selection, one by one."""

import numpy as np
import pytest

from oncohort.errors import AnalysisError
from oncohort.stats.cox import cox
from oncohort.stats.stepwise import stepwise

RNG = np.random.default_rng(11)
N = 150
STRONG = RNG.normal(size=N)
WEAK = RNG.normal(size=N)
NOISE = RNG.normal(size=N)
GROUP = RNG.integers(0, 3, N)
TIME = RNG.exponential(np.exp(-0.8 * STRONG - 0.25 * WEAK))
EVENT = RNG.random(N) < 0.7
BLOCKS = {
    "noise": NOISE,
    "group": {"group1": GROUP == 1, "group2": GROUP == 2},
    "weak": WEAK,
    "strong": STRONG,
}
RULES = {"direction": "forward", "criterion": "likelihood-ratio", "enter": 0.1, "remove": 0.1, "ties": "efron"}
CRITERIA = ("conditional", "likelihood-ratio", "wald")


@pytest.mark.parametrize("criterion", CRITERIA)
@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_final_fit_is_the_cox_fit_of_the_selected_terms(direction, criterion):
    path = stepwise(TIME, EVENT, BLOCKS, **RULES | {"direction": direction, "criterion": criterion})
    assert set(path.selected) == {"strong", "weak"}
    fit = cox(TIME, EVENT, {t: BLOCKS[t] for t in path.selected}, ties="efron")
    assert path.fit is not None
    np.testing.assert_allclose(path.fit.coefficients, fit.coefficients, rtol=1e-10)
    assert path.log_likelihood_null == pytest.approx(fit.log_likelihood_null, rel=1e-12)


def test_nothing_enters_when_nothing_matters():
    path = stepwise(TIME, EVENT, {"noise": NOISE}, **RULES)
    assert path.selected == ()
    assert path.fit is None
    assert [s.action for s in path.steps] == ["stop"]
    assert path.stop_reason == "no term meets the criterion for entry"


def test_backward_may_remove_every_term():
    path = stepwise(TIME, EVENT, {"noise": NOISE}, **RULES | {"direction": "backward"})
    assert path.selected == ()
    assert [s.action for s in path.steps] == ["start", "remove", "stop"]
    assert path.steps[0].improvement > 0
    assert path.steps[1].improvement < 0


def test_columns_of_a_term_enter_together():
    path = stepwise(TIME, EVENT, BLOCKS, **RULES | {"enter": 1.0, "remove": 1.0})
    assert set(path.selected) == set(BLOCKS)
    assert path.stop_reason == "no term is left to enter"
    entered = next(s for s in path.steps if s.term == "group")
    assert next(c for c in entered.candidates if c.term == "group").test.df == 2


def test_redundant_term_is_listed_and_never_enters():
    blocks = BLOCKS | {"one": np.ones(N), "copy": 2 * STRONG + 1}
    path = stepwise(TIME, EVENT, blocks, **RULES | {"enter": 1.0, "remove": 1.0})
    assert "one" in path.steps[0].redundant
    assert not {"strong", "copy"} <= set(path.selected)
    assert set(path.steps[-1].redundant) == {"one", "copy"} or set(path.steps[-1].redundant) == {"one", "strong"}


def test_partly_redundant_term_is_tested_on_what_it_adds():
    blocks = {"strong": STRONG, "both": {"again": STRONG, "weak": WEAK}}
    path = stepwise(TIME, EVENT, blocks, **RULES)
    last = [s for s in path.steps if s.candidates][-1]
    assert {c.term: c.test.df for c in path.steps[0].candidates} == {"strong": 1, "both": 2}
    assert path.steps[0].residual_chi_square.df == 2
    assert last.action == "enter" or last.candidates[0].test.df == 1


def test_path_ends_at_a_model_met_before():
    entering = stepwise(TIME, EVENT, {"weak": WEAK}, **RULES | {"enter": 1.0, "remove": 1.0})
    p = entering.steps[1].removals[0].test.p_value
    path = stepwise(TIME, EVENT, {"weak": WEAK}, **RULES | {"enter": 1.0, "remove": p})
    assert path.stop_reason == "the next model was met before"
    assert path.selected == ("weak",)


def test_score_test_of_the_first_step_is_that_of_cox():
    path = stepwise(TIME, EVENT, BLOCKS, **RULES)
    scores = {c.term: c.test.statistic for c in path.steps[0].candidates}
    for term in ("weak", "strong"):
        alone = cox(TIME, EVENT, {term: BLOCKS[term]}, ties="efron").score
        assert scores[term] == pytest.approx(alone.statistic, rel=1e-12)


def test_removal_tests_of_the_three_criteria_agree_roughly():
    tests = {}
    for criterion in CRITERIA:
        path = stepwise(TIME, EVENT, {"strong": STRONG, "weak": WEAK}, **RULES | {"criterion": criterion})
        tests[criterion] = [r.test.statistic for r in path.steps[-2].removals]
    np.testing.assert_allclose(tests["conditional"], tests["likelihood-ratio"], rtol=0.05)
    np.testing.assert_allclose(tests["wald"], tests["likelihood-ratio"], rtol=0.3)


def test_unnamed_columns_are_called_after_their_term():
    path = stepwise(TIME, EVENT, {"pair": np.column_stack([STRONG, WEAK])}, **RULES)
    assert path.fit is not None
    assert path.fit.names == ("pair1", "pair2")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"direction": "both"}, '"forward" or "backward" was expected'),
        ({"criterion": "aic"}, 'was expected; got "aic"'),
        ({"enter": 0.0}, "limits of P above 0"),
        ({"remove": 1.5}, "limits of P above 0"),
        ({"ties": "exact"}, '"efron" or "breslow"'),
    ],
)
def test_unknown_rule_is_refused(change, sentence):
    with pytest.raises(AnalysisError) as refused:
        stepwise(TIME, EVENT, BLOCKS, **RULES | change)
    assert sentence in str(refused.value)


def test_no_term_is_refused():
    with pytest.raises(AnalysisError, match="at least one term"):
        stepwise(TIME, EVENT, {}, **RULES)


def test_column_name_in_two_terms_is_refused():
    with pytest.raises(AnalysisError, match="two terms share one"):
        stepwise(TIME, EVENT, {"a": {"x": STRONG}, "b": {"x": WEAK}}, **RULES)
