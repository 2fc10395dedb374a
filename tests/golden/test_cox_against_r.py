"""Cox regression, tests of proportional hazards and concordance against R survival 3.5-3, SPSS 31 and the book."""

import json
from pathlib import Path

import numpy as np
import pytest

from oncohort.stats.concordance import concordance
from oncohort.stats.cox import cox, linear_predictor, wald_block
from oncohort.stats.kernel import expected_events
from oncohort.stats.partial_likelihood import first_pass, hazard_by_slot, information, prepare, shards
from oncohort.stats.proportional_hazards import cox_zph

HERE = Path(__file__).parent
R = json.loads((HERE / "r" / "cox.json").read_text(encoding="utf-8"))
FREIREICH = json.loads((HERE / "r" / "nonparametric.json").read_text(encoding="utf-8"))["freireich"]
SPSS = json.loads((HERE / "printed" / "spss.json").read_text(encoding="utf-8"))
BOOKS = json.loads((HERE / "printed" / "book_truth.json").read_text(encoding="utf-8"))["books"]
CASES = R["cases"]
EDGE = R["edge"]
TIES = ("efron", "breslow")
ITERATED = {"rtol": 1e-10, "atol": 0}


def columns_and_terms(data):
    columns, terms = {}, {}
    for term, values in data["terms"].items():
        part = values if isinstance(values, dict) else {term: values}
        columns |= part
        terms[term] = tuple(part)
    return columns, terms


def fit_of(case, ties):
    data = CASES[case]["data"]
    columns, _ = columns_and_terms(data)
    extra = {key: data[key] for key in ("entry", "weights", "strata")}
    return cox(data["time"], data["event"], columns, ties=ties, **extra)


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize("case", CASES)
def test_cox_fit_is_that_of_coxph(case, ties):
    expected = CASES[case][ties]
    fit = fit_of(case, ties)
    assert fit.converged
    assert (fit.n, fit.n_event, fit.singular, fit.failure_reason) == (expected["n"], expected["n_event"], (), "")
    np.testing.assert_allclose(fit.coefficients, np.atleast_1d(expected["coef"]), **ITERATED)
    np.testing.assert_allclose(fit.std_error, np.atleast_1d(expected["se"]), **ITERATED)
    unit = np.outer(fit.std_error, fit.std_error)
    np.testing.assert_allclose(fit.covariance / unit, np.array(expected["vcov"]) / unit, rtol=0, atol=1e-10)
    np.testing.assert_allclose([fit.log_likelihood_null, fit.log_likelihood], expected["loglik"], **ITERATED)
    np.testing.assert_allclose(fit.score.statistic, expected["score"], **ITERATED)
    np.testing.assert_allclose(fit.wald.statistic, expected["wald"], **ITERATED)
    assert fit.likelihood_ratio.df == fit.score.df == fit.wald.df == expected["df"]


@pytest.mark.parametrize("transform", ["km", "rank", "identity", "log"])
@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize("case", CASES)
def test_proportional_hazards_test_is_that_of_cox_zph(case, ties, transform):
    _, terms = columns_and_terms(CASES[case]["data"])
    expected = CASES[case][ties]["zph"][transform]
    tested = cox_zph(fit_of(case, ties), transform=transform, terms=terms)
    tests = [*tested.tests, tested.overall]
    assert [*tested.terms, "GLOBAL"] == expected["term"]
    np.testing.assert_allclose([t.statistic for t in tests], expected["statistic"], rtol=1e-9)
    assert [t.df for t in tests] == expected["df"]


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize("case", [c for c in CASES if "concordance" in CASES[c]["efron"]])
def test_concordance_counts_are_exactly_those_of_survival(case, ties):
    data, expected = CASES[case]["data"], CASES[case][ties]["concordance"]
    risk = linear_predictor(fit_of(case, ties))
    c = concordance(data["time"], data["event"], risk, strata=data["strata"])
    assert [c.concordant, c.discordant, c.tied_risk, c.tied_time, c.tied_both] == list(expected["count"].values())
    np.testing.assert_allclose([c.estimate, c.std_error], [expected["estimate"], expected["std_error"]], **ITERATED)


def test_collinear_column_is_singular_and_the_others_are_as_without_it():
    data = CASES["lung_weighted"]["data"]
    age, sex = np.array(data["terms"]["age"]), data["terms"]["sex"]
    fit = cox(data["time"], data["event"], {"age": age, "twice": 2 * age + 1, "sex": sex}, ties="efron")
    expected = EDGE["singular"]
    assert fit.singular == ("twice",)
    assert np.isnan(fit.coefficients[1])
    np.testing.assert_allclose(fit.coefficients[[0, 2]], [expected["coef"][0], expected["coef"][2]], **ITERATED)
    np.testing.assert_allclose([fit.log_likelihood_null, fit.log_likelihood], expected["loglik"], **ITERATED)
    np.testing.assert_allclose(fit.wald.statistic, expected["wald"], **ITERATED)
    assert fit.wald.df == 2


def test_wald_test_of_a_factor_takes_its_columns_together():
    expected = EDGE["lung_factor_wald"]
    test = wald_block(fit_of("lung_factor", "efron"), expected["terms"])
    np.testing.assert_allclose(test.statistic, expected["statistic"], **ITERATED)
    assert test.df == expected["df"]


def test_level_without_events_is_named_and_the_other_columns_are_estimated():
    data, expected = EDGE["zero_event_level"]["data"], EDGE["zero_event_level"]
    group = np.array(data["g"])
    fit = cox(data["t"], data["s"], {"b": group == "b", "c": group == "c", "x": data["x"]}, ties="efron")
    assert not fit.converged
    assert "no maximum" in fit.failure_reason
    assert any(w.startswith("c: no event among the patients with value 1") for w in fit.warnings)
    np.testing.assert_allclose(fit.coefficients[2], expected["coef_x"], rtol=1e-8)
    np.testing.assert_allclose(fit.log_likelihood, expected["loglik"][1], rtol=1e-8)


@pytest.mark.parametrize("status", ["no_event_level", "quasi"])
def test_monotone_likelihood_is_said_and_its_likelihood_ratio_is_kept(status):
    data = EDGE["monotone"]
    fit = cox(data["time"], data[f"status_{status}"], {"x": data["x"]}, ties="efron")
    assert not fit.converged
    assert any(w.startswith("x: the coefficient may be infinite") for w in fit.warnings)
    expected = data[f"loglik_{status}"]  # R stops where the log-likelihood still rises by 1e-9
    np.testing.assert_allclose([fit.log_likelihood_null, fit.log_likelihood], expected, rtol=1e-9)


def test_row_that_enters_on_an_event_day_is_not_at_risk_on_it():
    data = EDGE["startstop_tie"]["data"]
    fit = cox(data["b"], data["e"], {"x": data["x"]}, entry=data["a"], ties="efron")
    np.testing.assert_allclose(fit.coefficients[0], EDGE["startstop_tie"]["coef"], **ITERATED)
    np.testing.assert_allclose(
        [fit.log_likelihood_null, fit.log_likelihood], EDGE["startstop_tie"]["loglik"], **ITERATED
    )


def test_times_that_differ_by_rounding_are_tied():
    data = EDGE["timefix"]
    fit = cox(data["time"], data["status"], {"x": data["x"]}, ties="efron")
    np.testing.assert_allclose(fit.coefficients[0], data["coef"], **ITERATED)


def test_spss_coxreg_prints_these_numbers():
    expected, data = SPSS["cox"], SPSS["data"]
    fit = cox(data["time"], data["status"], {k: data[k] for k in ("age", "sex")}, ties="breslow")
    np.testing.assert_allclose(
        [-2 * fit.log_likelihood_null, -2 * fit.log_likelihood, fit.score.statistic, fit.score.p_value],
        [expected[k] for k in ("null_m2ll", "m2ll", "score", "score_p")],
        rtol=1e-9,
    )
    np.testing.assert_allclose(
        [fit.likelihood_ratio.statistic, fit.likelihood_ratio.p_value], [expected["lr"], expected["lr_p"]], rtol=1e-9
    )
    for k, name in enumerate(fit.names):
        ours = [fit.coefficients[k], fit.std_error[k], fit.z[k] ** 2, fit.p_value[k]]
        ours += [fit.hazard_ratio[k], fit.conf_low[k], fit.conf_high[k]]
        theirs = [expected[name][key] for key in ("B", "SE", "Wald", "p", "HR", "lo", "hi")]
        np.testing.assert_allclose(ours, theirs, rtol=1e-9)


@pytest.mark.parametrize("ties", TIES)
def test_freireich_remissions(ties):
    data = FREIREICH["data"]
    fit = cox(data["time"], data["event"], {"placebo": data["placebo"]}, ties=ties)
    np.testing.assert_allclose(fit.coefficients[0], FREIREICH[f"cox_{ties}"], **ITERATED)


def book_problem(book, rows):
    data = [row for row in BOOKS[book]["data"][rows] if row.get("status", row.get("event")) is not None]
    column = {name: [row[name] for row in data] for name in data[0]}
    return {
        "time": column.get("time", column.get("stop")),
        "event": column.get("status", column.get("event")),
        "covariates": {"x": column["x"]},
        "entry": column.get("start"),
        "weights": column.get("wt"),
        "strata": column.get("group"),
        "ties": "efron" if int(book[-1]) % 2 == 0 else "breslow",
    }


@pytest.mark.parametrize("at", ["at_0", "at_mle"])
@pytest.mark.parametrize("book", BOOKS)
def test_likelihood_and_residuals_of_the_worked_examples(book, at):
    truth = BOOKS[book]["truth"][at]
    problem = prepare(**book_problem(book, next(iter(BOOKS[book]["data"]))))
    beta = 0.0 if at == "at_0" else BOOKS[book]["mle"]
    first = first_pass(problem, np.array([beta]) * problem.scale)
    assert first is not None
    scale = float(problem.scale[0])
    np.testing.assert_allclose(first.log_likelihood, truth["log_likelihood"], rtol=1e-11)
    if "score" in truth:  # the book gives none for weighted Efron
        np.testing.assert_allclose(first.score[0] * scale, truth["score"], rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(information(problem, first)[0, 0] * scale**2, truth["information"], rtol=1e-11)
    hazard = hazard_by_slot(problem, first.terms.u0, first.terms.u1)
    (shard,) = shards(problem)
    q = expected_events(shard, first.theta[0], hazard)
    weight = np.ones(q.size) if shard.weight is None else shard.weight
    residual = problem.sets.slot % 2 - q / weight
    np.testing.assert_allclose(np.sort(residual), np.sort(truth["martingale"]), atol=2e-9)


@pytest.mark.parametrize(("book", "rows"), [(b, r) for b in BOOKS for r in BOOKS[b]["data"] if r != "testw2"])
def test_maximum_of_the_worked_examples(book, rows):
    fit = cox(**book_problem(book, rows))
    np.testing.assert_allclose(fit.coefficients[0], BOOKS[book]["mle"], atol=1e-8)  # printed to 8 decimals


def test_replicated_rows_are_weights():
    weighted = cox(**book_problem("book5", "testw1"))
    replicated = cox(**book_problem("book5", "testw2"))
    np.testing.assert_allclose(weighted.coefficients, replicated.coefficients, **ITERATED)
    np.testing.assert_allclose(weighted.std_error, replicated.std_error, **ITERATED)
    np.testing.assert_allclose(weighted.log_likelihood, replicated.log_likelihood, **ITERATED)
