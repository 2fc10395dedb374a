"""Curves, tests, follow-up and restricted means of patients who enter late, against R survival 3.5-3."""

import json
from pathlib import Path

import numpy as np
import pytest

from oncohort.errors import AnalysisError
from oncohort.stats.cox import cox
from oncohort.stats.follow_up import observed_follow_up, reverse_kaplan_meier
from oncohort.stats.kaplan_meier import kaplan_meier, number_at_risk, survival_at
from oncohort.stats.log_rank import log_rank, pairwise_log_rank
from oncohort.stats.observation import ObservationGap, observation_gaps
from oncohort.stats.quantiles import mean_survival, quantile
from oncohort.stats.rank_tests import FlemingHarrington, rank_test, trend_test
from oncohort.stats.rmst import compare_restricted_means, restricted_mean

R = json.loads((Path(__file__).parent / "r" / "entry.json").read_text(encoding="utf-8"))
TYPES = ("log", "log-log", "plain", "logit", "arcsin")
WEIGHTS = {"fh_1_2": FlemingHarrington(1.0, 2.0)}
LIMITS = ("survival", "std_error", "conf_low", "conf_high")


def agree(ours, theirs, rtol=1e-12):
    theirs = np.array([np.nan if x is None else x for x in np.ravel(theirs)], float)
    np.testing.assert_allclose(np.ravel(ours), theirs, rtol=rtol, atol=1e-14)


def columns(data):
    return data["time"], data["event"], data["entry"]


def curve_of(data, conf_type="log"):
    time, event, entry = columns(data)
    return kaplan_meier(time, event, entry=entry, conf_type=conf_type)


@pytest.mark.parametrize("conf_type", TYPES)
@pytest.mark.parametrize("case", R["curves"])
def test_curve_is_rs_where_patients_leave(case, conf_type):
    theirs = R["curves"][case]
    curve = curve_of(theirs["data"], conf_type)
    left = curve.n_event + curve.n_censor > 0
    for name, values in theirs["types"][conf_type]["curve"].items():
        agree(getattr(curve, name)[left], values)
    assert curve.n == len(theirs["data"]["time"])


@pytest.mark.parametrize("case", R["curves"])
def test_every_time_has_a_row_with_those_who_entered_before_it(case):
    theirs = R["curves"][case]
    curve = curve_of(theirs["data"])
    assert curve.time.tolist() == theirs["rows"]
    assert curve.n_risk.tolist() == theirs["n_risk"]
    assert curve.n_enter.tolist() == theirs["n_enter"]
    assert number_at_risk(curve, theirs["times"]).tolist() == theirs["n_risk_at"]


@pytest.mark.parametrize("conf_type", TYPES)
@pytest.mark.parametrize("case", R["curves"])
def test_quantiles_and_survival_at_times_are_rs(case, conf_type):
    theirs = R["curves"][case]
    curve = curve_of(theirs["data"], conf_type)
    quartiles = theirs["types"][conf_type]["quartiles"]
    found = [quantile(curve, p, method="brookmeyer-crowley", at_half="midpoint") for p in quartiles["p"]]
    for name in ("estimate", "conf_low", "conf_high"):
        agree([getattr(q, name) for q in found], quartiles[name])
    at = survival_at(curve, theirs["times"])
    for name in LIMITS:
        agree(getattr(at, name), theirs["types"][conf_type]["at"][name])
    assert at.n_risk.tolist() == theirs["n_risk_at"]


@pytest.mark.parametrize("weights", ["log-rank", "breslow", "tarone-ware", "peto-peto", "fh_1_2"])
@pytest.mark.parametrize("case", R["tests"])
def test_weighted_and_stratified_tests_are_the_sums_written_out(case, weights):
    data = R["tests"][case]["data"]
    theirs = R["tests"][case]["weights"][weights]
    choice = {"weights": WEIGHTS.get(weights, weights), "strata": data["stratum"], "entry": data["entry"]}
    ours = rank_test(data["time"], data["event"], data["group"], **choice)
    for name in ("observed", "expected", "variance"):
        agree(getattr(ours, name), theirs[name], 1e-9)
    agree(ours.test.statistic, theirs["statistic"], 1e-9)
    scores = range(1, len(ours.groups) + 1)
    trend = trend_test(data["time"], data["event"], data["group"], scores=scores, **choice)
    agree(trend.test.statistic, theirs["trend"], 1e-9)


@pytest.mark.parametrize("case", [case for case in R["tests"] if case != "stratified"])
def test_log_rank_is_the_score_test_of_coxph_with_exact_ties(case):
    theirs, data = R["tests"][case], R["tests"][case]["data"]
    ours = log_rank(data["time"], data["event"], data["group"], entry=data["entry"])
    agree(ours.statistic, theirs["score_exact"], 1e-9)
    agree(ours.statistic, theirs["weights"]["log-rank"]["statistic"], 1e-9)
    pairs = pairwise_log_rank(data["time"], data["event"], data["group"], entry=data["entry"], adjust="none")
    agree([pair.test.statistic for pair in pairs], theirs["pairs"], 1e-9)


def test_stratified_log_rank_is_the_score_test_of_stratified_coxph():
    theirs, data = R["tests"]["stratified"], R["tests"]["stratified"]["data"]
    choice = {"weights": "log-rank", "strata": data["stratum"], "entry": data["entry"]}
    agree(rank_test(data["time"], data["event"], data["group"], **choice).test.statistic, theirs["score_exact"], 1e-9)


def test_without_ties_log_rank_is_the_score_test_of_our_own_model():
    theirs, data = R["tests"]["apart"], R["tests"]["apart"]["data"]
    second = {"second": [int(g == 2) for g in data["group"]]}
    fit = cox(data["time"], data["event"], second, ties="breslow", entry=data["entry"])
    agree(fit.score.statistic, theirs["score_breslow"], 1e-9)
    agree(
        log_rank(data["time"], data["event"], data["group"], entry=data["entry"]).statistic, fit.score.statistic, 1e-9
    )


@pytest.mark.parametrize("case", R["follow_up"])
def test_follow_up_is_that_from_entry_on(case):
    theirs, (time, event, entry) = R["follow_up"][case], columns(R["curves"][case]["data"])
    curve = reverse_kaplan_meier(time, event, entry=entry, conf_type="log-log")
    for name in ("time", "n_risk", "n_event", "n_censor", *LIMITS):
        agree(getattr(curve, name), theirs[name])
    agree(quantile(curve, 0.5, method="brookmeyer-crowley", at_half="midpoint").estimate, theirs["median"])
    agree(observed_follow_up(time, entry=entry).median, theirs["observed_median"])


@pytest.mark.parametrize("case", R["restricted_means"])
def test_restricted_means_are_rs(case):
    time, event, entry = columns(R["curves"][case]["data"])
    for theirs in R["restricted_means"][case]:
        ours = restricted_mean(time, event, entry=entry, tau=theirs["tau"], conf_level=0.95)
        agree([ours.mean, ours.std_error], [theirs["mean"], theirs["std_error"]], 1e-10)
    if case == "ends_in_an_event":
        mean = mean_survival(kaplan_meier(time, event, entry=entry, conf_type="plain"))
        agree([mean.estimate, mean.std_error], [theirs["mean"], theirs["std_error"]], 1e-10)


def test_groups_are_compared_by_their_own_restricted_means():
    data = R["tests"]["apart"]["data"]
    time, event, group, entry = (np.array(data[name]) for name in ("time", "event", "group", "entry"))
    found = compare_restricted_means(time, event, group, entry=entry, tau=6, conf_level=0.95)
    for k, mean in enumerate((found.first, found.second), start=1):
        own = group == k
        alone = restricted_mean(time[own], event[own], entry=entry[own], tau=6, conf_level=0.95)
        assert (mean.mean, mean.std_error) == (alone.mean, alone.std_error)


def test_gaps_of_observation_are_found():
    assert {case: observation_gaps(curve_of(R["curves"][case]["data"])) for case in R["curves"]} == {
        "falls_to_zero": (ObservationGap(2.0, 2.0, 4, falls_to_zero=True),),
        "nobody_there": (ObservationGap(2.0, 3.0, 4, falls_to_zero=False),),
        "enters_on_the_day_of_an_event": (),
        "first_enters_late": (ObservationGap(0.0, 3.0, 4, falls_to_zero=False),),
        "ends_in_an_event": (),
        "transplant": (),
        "tied": (),
        "apart": (ObservationGap(0.0, *first_of("apart"), falls_to_zero=False),),
    }


def first_of(case):
    entry = R["curves"][case]["data"]["entry"]
    return min(entry), len(entry)


@pytest.mark.parametrize(
    ("case", "sentence"),
    [
        ("falls_to_zero", "all who were under observation at 2 had the event, and others entered later"),
        ("nobody_there", "nobody was under observation from 2 to 3"),
    ],
)
def test_no_restricted_mean_where_nobody_was_under_observation(case, sentence):
    time, event, entry = columns(R["curves"][case]["data"])
    with pytest.raises(AnalysisError, match=f"tau: {sentence}, so the mean up to 8 is not known"):
        restricted_mean(time, event, entry=entry, tau=8, conf_level=0.95)
    assert restricted_mean(time, event, entry=entry, tau=1.5, conf_level=0.95).tau == 1.5


@pytest.mark.parametrize("groups", [[1, 1, 2, 2], [1, 2, 3, 4]])
def test_groups_that_are_never_at_risk_together_are_not_compared(groups):
    time, event, entry = [2, 3, 7, 8], [1, 1, 1, 1], [0, 0, 5, 5]
    with pytest.raises(AnalysisError, match="log-rank: some groups are never at risk together with the others"):
        log_rank(time, event, groups, entry=entry)
    with pytest.raises(AnalysisError, match=r"rank test: (some groups are never|fewer than two)"):
        rank_test(time, event, groups, entry=entry, weights="tarone-ware")


def test_groups_of_different_strata_are_not_compared():
    with pytest.raises(AnalysisError, match="rank test: some groups are never at risk together with the others"):
        rank_test([2, 3, 4, 5, 2, 3, 4, 5], [1] * 8, list("ababcdcd"), strata=[1] * 4 + [2] * 4, weights="breslow")


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ([0, 4, 0, 0], "entry: value 2 is 4, not before its time 4 \\(1 in all\\)"),
        ([0, 1, 5, 9], "entry: value 3 is 5, not before its time 5 \\(2 in all\\)"),
        ([0, None, 0, 0], "entry: value 2 is missing or not finite"),
        ([0, 0, -1, 0], "entry: value 3 is -1; times from 0 were expected"),
        ([0, 0, 0], "entry: 4 values were expected, as many as times; got 3"),
    ],
)
def test_entries_that_cannot_be(entry, sentence):
    time, event, group = [3, 4, 5, 6], [1, 1, 0, 1], [1, 1, 2, 2]
    asked = (
        lambda: kaplan_meier(time, event, entry=entry, conf_type="log"),
        lambda: log_rank(time, event, group, entry=entry),
        lambda: rank_test(time, event, group, entry=entry, weights="breslow"),
        lambda: observed_follow_up(time, entry=entry),
        lambda: restricted_mean(time, event, entry=entry, tau=3, conf_level=0.95),
    )
    for each in asked:
        with pytest.raises(AnalysisError, match=sentence):
            each()
