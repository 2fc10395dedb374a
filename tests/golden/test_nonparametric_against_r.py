"""Curves, quantiles, tests and intervals against R survival 3.5-3 and SPSS 31."""

import json
from pathlib import Path

import numpy as np
import pytest

from oncohort.stats.adjust import holm
from oncohort.stats.compare import expected_counts, kruskal_wallis, mann_whitney, pearson_chi_square
from oncohort.stats.describe import describe
from oncohort.stats.distributions import chi_square_tail, normal_two_sided
from oncohort.stats.fisher import fisher_exact
from oncohort.stats.follow_up import reverse_kaplan_meier
from oncohort.stats.kaplan_meier import curve_of, kaplan_meier, number_at_risk, survival_at
from oncohort.stats.log_rank import log_rank, pairwise_log_rank
from oncohort.stats.proportion import proportion_interval
from oncohort.stats.quantiles import mean_survival, quantile
from oncohort.stats.risk_table import risk_table

HERE = Path(__file__).parent
R = json.loads((HERE / "r" / "nonparametric.json").read_text(encoding="utf-8"))
COMPARE = json.loads((HERE / "r" / "compare.json").read_text(encoding="utf-8"))
SPSS = json.loads((HERE / "printed" / "spss.json").read_text(encoding="utf-8"))
CURVES = COMPARE["edges"] + COMPARE["simulated"]
CONF_TYPES = ("log", "log-log", "plain", "logit", "arcsin")
COLUMNS = ("time", "n_risk", "n_event", "n_censor", "survival", "std_error", "conf_low", "conf_high")


def column(values):
    """Numbers of a JSON column; null is nan, a column of one may have lost its brackets."""
    return np.array([np.nan if v is None else v for v in np.atleast_1d(values)], dtype=float)


def agree(ours, theirs, rtol=1e-9):
    np.testing.assert_allclose(column(ours), column(theirs), rtol=rtol, atol=0, equal_nan=True)


def agree_curve(ours, theirs):
    for name in COLUMNS:
        agree(getattr(ours, name), theirs[name])


def median(curve):
    return quantile(curve, 0.5, method="brookmeyer-crowley", at_half="midpoint")


def agree_log_rank(ours, theirs):
    agree(ours.n, theirs["n"])
    agree(ours.observed, theirs["observed"])
    agree(ours.expected, theirs["expected"])
    agree(ours.variance.ravel(), np.ravel(theirs["variance"]))
    agree([ours.statistic, ours.df, ours.p_value], [theirs[k] for k in ("statistic", "df", "p_value")])


def agree_quantiles(curve, theirs):
    for p, *row in zip(*(theirs[k] for k in ("p", "estimate", "conf_low", "conf_high")), strict=True):
        q = quantile(curve, p, method="brookmeyer-crowley", at_half="midpoint")
        agree([q.estimate, q.conf_low, q.conf_high], row)


def agree_at(curve, theirs):
    at = survival_at(curve, column(theirs["time"]))
    for name in ("survival", "std_error", "conf_low", "conf_high", "n_risk"):
        agree(getattr(at, name), theirs[name])


@pytest.mark.parametrize("conf_type", CONF_TYPES)
@pytest.mark.parametrize("k", range(len(CURVES)))
def test_curve_of_r_with_every_interval(k, conf_type):
    data, theirs = CURVES[k], CURVES[k]["curves"][conf_type]
    ours = kaplan_meier(column(data["time"]), column(data["event"]), conf_type=conf_type)
    agree_curve(ours, theirs)
    agree_at(ours, theirs["at"])
    agree_quantiles(ours, theirs["quantile"])


@pytest.mark.parametrize("k", range(len(CURVES)))
def test_follow_up_is_rs_curve_with_event_and_censoring_exchanged(k):
    data = CURVES[k]
    ours = reverse_kaplan_meier(column(data["time"]), column(data["event"]), conf_type="log")
    agree_curve(ours, data["reverse"])


def test_curve_of_lung():
    data = R["lung"]["data"]
    agree_curve(kaplan_meier(data["time"], data["event"], conf_type="log"), R["lung"]["curve"])


@pytest.mark.parametrize("conf_type", CONF_TYPES)
def test_quantiles_and_survival_at_times_of_lung(conf_type):
    data = R["lung"]["data"]
    ours = kaplan_meier(data["time"], data["event"], conf_type=conf_type)
    agree_quantiles(ours, R["lung"]["quartiles"][conf_type])
    agree_at(ours, R["lung"]["survival_at"][conf_type])


@pytest.mark.parametrize(
    ("study", "factor", "key"),
    [("lung", "sex", "medians_sex"), ("veteran", "celltype", "medians_celltype")],
)
def test_medians_and_means_of_groups(study, factor, key):
    data = R[study]["data"]
    table = risk_table(data["time"], data["event"], data[factor])
    assert {str(group) for group in table.groups} == set(R[study][key])
    for k, group in enumerate(table.groups):
        theirs = R[study][key][str(group)]
        curve = curve_of(table, k, conf_type="log")
        ours, mean = median(curve), mean_survival(curve)
        agree([curve.n, curve.n_event.sum()], [theirs["n"], theirs["n_event"]])
        agree([ours.estimate, ours.conf_low, ours.conf_high], [theirs[x] for x in ("median", "conf_low", "conf_high")])
        agree([mean.estimate, mean.std_error], [theirs["mean"], theirs["mean_std_error"]])


@pytest.mark.parametrize("conf_type", CONF_TYPES)
def test_curve_that_ends_at_zero(conf_type):
    case = R["ends_at_zero"]
    ours = kaplan_meier(case["data"]["time"], case["data"]["event"], conf_type=conf_type)
    for name in ("time", "n_risk", "n_event", "n_censor", "survival", "conf_low", "conf_high"):
        agree(getattr(ours, name), case["curves"][conf_type][name])


def test_median_where_survival_is_exactly_half():
    theirs = R["median_half"]
    curve = kaplan_meier(theirs["time"], [1, 1, 1, 1], conf_type="log")
    assert median(curve).estimate == theirs["midpoint"]
    assert quantile(curve, 0.5, method="spss", at_half="first").estimate == theirs["first_time"]


def test_event_at_time_zero_counts():
    case = R["event_at_zero"]
    ours = kaplan_meier(case["data"]["time"], case["data"]["event"], conf_type="log")
    agree_curve(ours, case["curve"])
    assert survival_at(ours, [0]).survival[0] == pytest.approx(0.8, abs=1e-15)


def test_times_that_differ_by_rounding_are_one():
    theirs = R["timefix"]
    assert kaplan_meier(theirs["time"], theirs["event"], conf_type="log").time.size == theirs["n_times"]


@pytest.mark.parametrize(
    ("study", "factor"), [("lung", "sex"), ("lung", "ecog"), ("veteran", "trt"), ("veteran", "celltype")]
)
def test_log_rank_of_lung_and_veteran(study, factor):
    data, theirs = R[study]["data"], R[study][f"log_rank_{factor}"]
    rows = [i for i, value in enumerate(data[factor]) if value is not None]
    ours = log_rank(*([data[name][i] for i in rows] for name in ("time", "event", factor)))
    assert [str(group) for group in ours.groups] == theirs["group"]
    agree_log_rank(ours, theirs)


@pytest.mark.parametrize("case", [*COMPARE["log_rank"], COMPARE["early"]])
def test_log_rank_of_r(case):
    ours, theirs = log_rank(case["time"], case["event"], case["group"]), case["test"]
    agree_log_rank(ours, theirs)
    agree(ours.log10_p, theirs["log10_p"])


def test_log_rank_of_freireich():
    data = R["freireich"]["data"]
    agree_log_rank(log_rank(data["time"], data["event"], data["placebo"]), R["freireich"]["log_rank"])


def test_pairs_of_groups_with_and_without_holm():
    case = COMPARE["pairwise"]
    plain = pairwise_log_rank(case["time"], case["event"], case["group"], adjust="none")
    adjusted = pairwise_log_rank(case["time"], case["event"], case["group"], adjust="holm")
    assert [p.group_a for p in plain] == case["group_a"]
    assert [p.group_b for p in plain] == case["group_b"]
    agree([p.p_adjusted for p in plain], case["p_value"])
    agree([p.test.p_value for p in adjusted], case["p_value"])
    agree([p.p_adjusted for p in adjusted], case["p_holm"])


@pytest.mark.parametrize(("key", "group"), [("g1", 1), ("g2", 2), ("overall", None)])
def test_median_and_mean_of_spss(key, group):
    data, theirs = SPSS["data"], SPSS["km"][key]
    rows = [i for i, sex in enumerate(data["sex"]) if group in (None, sex)]
    curve = kaplan_meier([data["time"][i] for i in rows], [data["status"][i] for i in rows], conf_type="plain")
    q = quantile(curve, 0.5, method="spss", at_half="first")
    mean = mean_survival(curve)
    agree([q.estimate, q.std_error, q.conf_low, q.conf_high], [theirs[k] for k in ("median", "median_se", "lo", "hi")])
    keys = ("mean", "mean_se", "mean_lo", "mean_hi")
    agree([mean.estimate, mean.std_error, mean.conf_low, mean.conf_high], [theirs[k] for k in keys])


def test_log_rank_of_spss():
    data, theirs = SPSS["data"], SPSS["logrank"]
    ours = log_rank(data["time"], data["status"], data["sex"])
    agree([ours.statistic, ours.df, ours.p_value], [theirs["chisq"], theirs["df"], theirs["p"]])


@pytest.mark.parametrize(("arm", "placebo"), [("six_mp", 0), ("placebo", 1)])
def test_spss_formulas_on_freireich(arm, placebo):
    data, theirs = R["freireich"]["data"], R["freireich"]["spss_formula"][arm]
    rows = [i for i, value in enumerate(data["placebo"]) if value == placebo]
    curve = kaplan_meier(*([data[name][i] for i in rows] for name in ("time", "event")), conf_type="plain")
    q = quantile(curve, 0.5, method="spss", at_half="first")
    mean = mean_survival(curve)
    keys = ("median", "std_error", "conf_low", "conf_high")
    agree([q.estimate, q.std_error, q.conf_low, q.conf_high], [theirs[k] for k in keys])
    agree([mean.estimate, mean.std_error], [theirs["mean"], theirs["mean_std_error"]])


@pytest.mark.parametrize("case", COMPARE["tables"])
def test_contingency_tables(case):
    table = np.array(case["table"])
    plain = pearson_chi_square(table, correction="none")
    agree(expected_counts(table).ravel(), np.ravel(case["expected"]))
    agree([plain.statistic, plain.df, plain.p_value], [case["statistic"], case["df"], case["p_value"]])
    if table.shape == (2, 2):
        yates = pearson_chi_square(table, correction="yates")
        agree([yates.statistic, yates.p_value], [case["yates"]["statistic"], case["yates"]["p_value"]])
    fisher = fisher_exact(table)
    agree([fisher.p_value, fisher.log10_p], [case["fisher"], np.log10(case["fisher"])])


@pytest.mark.parametrize("case", COMPARE["ranks"])
def test_rank_tests(case):
    groups = case["groups"]
    ours = kruskal_wallis(groups)
    agree([ours.statistic, ours.df, ours.p_value], [case["kruskal"][k] for k in ("statistic", "df", "p_value")])
    plain = mann_whitney(groups[0], groups[1], correction="none")
    agree([plain.statistic, plain.p_value], [case["w"], case["p_none"]])
    agree(mann_whitney(groups[0], groups[1], correction="continuity").p_value, case["p_continuity"])


@pytest.mark.parametrize("case", COMPARE["describe"])
def test_descriptions(case):
    for quartiles, key in (("r-type-7", "type7"), ("spss-haverage", "type6")):
        ours = describe(case["values"], quartiles=quartiles)
        agree([ours.mean, ours.sd, ours.median], [case["mean"], case["sd"], case["median"]])
        agree([ours.q1, ours.q3], case[key])
        agree([ours.min, ours.max], case["range"])


@pytest.mark.parametrize("case", COMPARE["proportion"])
def test_proportions(case):
    for theirs in case["intervals"]:
        for method, key in (("clopper-pearson", "clopper_pearson"), ("wilson", "wilson")):
            ours = proportion_interval(case["x"], case["n"], method=method, conf_level=theirs["conf_level"])
            agree([ours.conf_low, ours.conf_high], theirs[key])


def test_holm_as_p_adjust():
    agree(holm(COMPARE["holm"]["p_values"]), COMPARE["holm"]["adjusted"])


def test_chi_square_tails():
    case = COMPARE["tails"]
    tails = [chi_square_tail(x, df) for x, df in zip(case["statistic"], case["df"], strict=True)]
    agree([t.log10_p for t in tails], case["log10_p"], rtol=1e-12)
    agree([t.p_value for t in tails], case["p_value"])


def test_normal_tails_stay_finite_where_a_double_does_not():
    case = R["pvals"]
    tails = [normal_two_sided(z) for z in case["z"]]
    agree([t.log10_p for t in tails], case["log10_p"], rtol=1e-12)
    agree([t.p_value for t in tails], case["two_sided"])


def test_numbers_at_risk_of_lung():
    data, theirs = R["lung"]["data"], R["lung"]["survival_at"]["log"]
    curve = kaplan_meier(data["time"], data["event"], conf_type="log")
    agree(number_at_risk(curve, [180, 365, 730, 5000]), [*theirs["n_risk"], 0])
