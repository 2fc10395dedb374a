"""Weighted log-rank tests, trends and restricted means against R survival 3.5-3 and survRM2."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncohort.errors import AnalysisError
from oncohort.stats.kaplan_meier import kaplan_meier
from oncohort.stats.log_rank import log_rank
from oncohort.stats.quantiles import mean_survival
from oncohort.stats.rank_tests import FlemingHarrington, rank_test, trend_test
from oncohort.stats.rmst import compare_restricted_means, restricted_mean

HERE = Path(__file__).parent
R = json.loads((HERE / "r" / "rank_tests.json").read_text(encoding="utf-8"))
PRINTED = json.loads((HERE / "printed" / "rmst.json").read_text(encoding="utf-8"))
WEIGHTS = {
    "fh_0.5_0": FlemingHarrington(0.5, 0.0),
    "fh_0_1": FlemingHarrington(0.0, 1.0),
    "fh_1_2": FlemingHarrington(1.0, 2.0),
}
PAIRS = [(case, weights) for case in R["tests"] for weights in R["tests"][case]["weights"]]
LUNG = R["tests"]["lung_sex"]


def close(ours, theirs, rtol=1e-9):
    np.testing.assert_allclose(np.ravel(ours), np.ravel(theirs), rtol=rtol, atol=1e-12)


@pytest.mark.parametrize(("case", "weights"), PAIRS)
def test_sums_and_statistic_are_rs(case, weights):
    data = R["tests"][case]
    theirs = data["weights"][weights]
    columns = (data["time"], data["event"], data["group"])
    choice = {"weights": WEIGHTS.get(weights, weights), "strata": data["stratum"]}
    ours = rank_test(*columns, **choice)
    close(ours.observed, theirs["observed"])
    close(ours.expected, theirs["expected"])
    close(ours.variance, theirs["variance"])
    close(ours.test.statistic, theirs["statistic"])
    assert ours.test.df == len(ours.groups) - 1
    trend = trend_test(*columns, scores=range(1, len(ours.groups) + 1), **choice)
    close(trend.test.statistic, theirs["trend"])
    assert trend.test.df == 1


def test_trend_of_two_groups_is_their_test():
    columns = (LUNG["time"], LUNG["event"], LUNG["group"])
    close(
        trend_test(*columns, scores=[3, 7], weights="breslow").test.statistic,
        rank_test(*columns, weights="breslow").test.statistic,
    )


def test_test_without_weights_is_the_log_rank_test():
    columns = (LUNG["time"], LUNG["event"], LUNG["group"])
    ours, plain = rank_test(*columns, weights="log-rank"), log_rank(*columns)
    close(ours.test.statistic, plain.statistic, 1e-12)
    close(ours.expected, plain.expected, 1e-12)


@pytest.mark.parametrize("k", range(len(R["restricted_means"])))
def test_restricted_means_are_rs(k):
    theirs = R["restricted_means"][k]
    whole = restricted_mean(LUNG["time"], LUNG["event"], tau=theirs["tau"], conf_level=0.95)
    arms = compare_restricted_means(LUNG["time"], LUNG["event"], LUNG["group"], tau=theirs["tau"], conf_level=0.95)
    for ours, name in ((whole, "all"), (arms.first, "first"), (arms.second, "second")):
        close([ours.mean, ours.std_error], [theirs[name]["mean"], theirs[name]["std_error"]])


def test_difference_and_ratio_are_the_references():
    theirs = PRINTED["lung_sex_tau365"]
    ours = compare_restricted_means(LUNG["time"], LUNG["event"], LUNG["group"], tau=365, conf_level=0.95)
    close([ours.first.mean, ours.first.variance], theirs["arm1"])
    close([ours.second.mean, ours.second.variance], theirs["arm2"])
    found = ours.difference
    close([found.estimate, found.std_error, found.conf_low, found.conf_high, found.p_value], theirs["difference"])
    close([ours.ratio.estimate, ours.ratio.conf_low, ours.ratio.conf_high], theirs["ratio"])


def test_mean_to_the_last_event_is_the_mean_of_the_curve():
    time, event = [1, 2, 3, 5, 8], [1, 0, 1, 1, 1]
    ours = restricted_mean(time, event, tau=8, conf_level=0.95)
    theirs = mean_survival(kaplan_meier(time, event, conf_type="plain"))
    close([ours.mean, ours.std_error], [theirs.estimate, theirs.std_error])


@given(
    st.lists(st.tuples(st.integers(1, 12), st.booleans(), st.integers(0, 2)), min_size=6, max_size=40),
    st.sampled_from(["log-rank", "breslow", "tarone-ware", "peto-peto", FlemingHarrington(1, 1)]),
    st.randoms(),
)
def test_order_of_patients_and_names_of_groups_do_not_matter(rows, weights, chance):
    def tested(patients, names):
        time, event, group = zip(*patients, strict=True)
        try:
            return rank_test(time, event, [names[g] for g in group], weights=weights).test.statistic
        except AnalysisError:
            return None

    shuffled = list(rows)
    chance.shuffle(shuffled)
    first, second = tested(rows, "abc"), tested(shuffled, "cab")
    assert (first is None) == (second is None)
    if first is not None and second is not None:
        assert first == pytest.approx(second, rel=1e-8, abs=1e-9)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"weights": "wilcoxon"}, "weights: log-rank, breslow, tarone-ware, peto-peto or FlemingHarrington"),
        ({"group": ["a"] * 4}, "at least two groups were expected; all are 'a'"),
        ({"event": [0] * 4}, "there is no event"),
        ({"event": [0, 2, 1, 1]}, "event: value 2 is 2; 0 or 1"),
        ({"strata": ["x", None, "x", "x"]}, "strata: a value is missing"),
        ({"strata": ["x", "x", "y", "y"]}, "fewer than two groups"),
    ],
)
def test_columns_that_cannot_be_tested(change, sentence):
    columns = {"time": [1, 2, 3, 4], "event": [1, 1, 1, 0], "group": ["a", "a", "b", "b"], "weights": "log-rank"}
    with pytest.raises(AnalysisError, match=sentence):
        rank_test(**columns | change)


@pytest.mark.parametrize("tau", [0, -1, 9, float("nan")])
def test_tau_must_lie_within_the_follow_up(tau):
    with pytest.raises(AnalysisError, match="tau: a time above 0 and up to the last follow-up, 8, was expected"):
        restricted_mean([2, 4, 6, 8], [1, 0, 1, 0], tau=tau, conf_level=0.95)


def test_scores_must_tell_the_groups_apart():
    columns = ([1, 2, 3, 4], [1, 1, 1, 0], ["a", "a", "b", "b"])
    with pytest.raises(AnalysisError, match="scores: 2 were expected, one a group; got 3"):
        trend_test(*columns, scores=[1, 2, 3], weights="log-rank")
    with pytest.raises(AnalysisError, match="the scores do not tell apart"):
        trend_test(*columns, scores=[1, 1], weights="log-rank")
