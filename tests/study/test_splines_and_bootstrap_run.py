"""Splines and the bootstrap of study.toml: numbers are those of R and of direct calls, the report tells them."""

import csv
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from shutil import which

import numpy as np
import pytest
from real_studies import write_data

from oncohort.analysis.design import code_factor
from oncohort.analysis.guards import analyze_guards
from oncohort.analysis.regression import blocks_of, fit_model
from oncohort.analysis.resampling import analyze_bootstrap
from oncohort.analysis.settings import read_settings
from oncohort.errors import AnalysisError, ProtocolError
from oncohort.pipeline import run_study
from oncohort.report.assemble import assemble_report
from oncohort.report.bootstrap_section import tabulate_limits, tell_bootstrap
from oncohort.report.document import Paragraph, TableBlock, plain_text
from oncohort.report.drawings import draw_forest
from oncohort.report.facts import StudyFacts
from oncohort.report.model_tables import tabulate_cox
from oncohort.report.models_beside import tabulate_models_side_by_side
from oncohort.report.prose import phrase_cox
from oncohort.report.spline_section import phrase_spline, tell_splines
from oncohort.stats import kernel
from oncohort.stats.bootstrap import bootstrap, bootstrap_limits, jackknife
from oncohort.stats.cox import cox
from oncohort.stats.cox_bootstrap import cox_estimator
from oncohort.stats.splines import spline_columns, spline_knots
from oncohort.stats.stepwise_resamples import stepwise_resamples
from oncohort.study.cohort import FactorData
from oncohort.study.parse import parse_protocol
from oncohort.study.protocol import Factor, Figure, Resampling
from oncohort.study.template_tables import TEMPLATE

R = json.loads((Path(__file__).parents[1] / "golden" / "r" / "model_splines.json").read_text(encoding="utf-8"))
KEYS = ("analysis", "model", "endpoint", "group", "variable", "level", "time", "statistic")
STUDY = """
[study]
title = "Splines and the bootstrap"
profile = "guideline"
[records.patients]
file = "lung.csv"
patient_id = "rownames"
[[endpoint]]
id = "OS"
label = "Overall survival"
time = { column = "time", unit = "days" }
event = { column = "status", values = [2], censored = [1] }
[[factor]]
id = "age"
column = "age"
label = "Age"
unit = "years"
[[factor]]
id = "sex"
column = "sex"
label = "Sex"
levels = [{ id = "male", label = "Male", value = 1 }, { id = "female", label = "Female", value = 2 }]
[[factor]]
id = "ecog"
column = "ph.ecog"
label = "ECOG performance status"
levels = [0, 1, 2, 3]
cox = "linear"
[[factor]]
id = "karno"
column = "pat.karno"
label = "Karnofsky score"
cox = "continuous"
per = 10
[[factor]]
id = "calories"
column = "meal.cal"
label = "Calories at meals"
unit = "kcal"
cox = "log2"
[[factor]]
id = "weight_loss"
column = "wt.loss"
label = "Weight loss"
[[table]]
kind = "univariable"
endpoints = ["OS"]
factors = ["ecog"]
test = "tarone-ware"
strata = "sex"
trend = true
[[model]]
id = "curved"
endpoint = "OS"
factors = ["age", "sex", "ecog", "calories"]
select = { method = "none" }
splines = { age = 4, calories = { knots = 3, reference = 1000 } }
bootstrap = { resamples = 400, seed = 7 }
[[model]]
id = "robust"
endpoint = "OS"
factors = ["age", "weight_loss"]
strata = ["sex"]
variance = "robust"
select = { method = "none" }
splines = { age = 5 }
[[model]]
id = "chosen"
endpoint = "OS"
factors = ["age", "sex", "ecog", "karno", "calories", "weight_loss"]
select = { method = "backward-stepwise", criterion = "likelihood-ratio", enter = 0.05, remove = 0.10 }
splines = { age = 3 }
bootstrap = { resamples = 300, seed = 7 }
"""
CURVED, CHOSEN = {"model": "curved", "endpoint": "OS"}, {"model": "chosen", "endpoint": "OS"}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("splines")
    write_data("lung", folder / "lung.csv")
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def found(study):
    return run_study(study)


@pytest.fixture(scope="module")
def facts(found):
    return StudyFacts(found.protocol, found.results, found.cohort, found.findings, (), "")


@pytest.fixture(scope="module")
def run_folder(study, tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "run"
    subprocess.run([sys.executable, "-m", "oncohort", "run", study, "--out", out], check=True, capture_output=True)
    return out


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def lung(study, names):
    """Return time, event and columns of the patients who have all of them, as numbers."""
    rows = [row for row in rows_of(study / "lung.csv") if all(row[name] not in {"", "NA"} for name in names)]
    column = {name: np.array([float(row[name]) for row in rows]) for name in ("time", "status", *names)}
    return column.pop("time"), column.pop("status") == 2, column


def model_of(found, name):
    return next(model for model in found.protocol.model if model.id == name)


def fitted_of(found, name):
    settings = read_settings(found.protocol)
    return fit_model(found.cohort, model_of(found, name), found.protocol, settings), settings


def kept(found):
    """Return the factors of the final model of the selection."""
    rows = found.results.select("multivariable_cox", **CHOSEN)
    return tuple(row.variable for row in rows if row.statistic == "selected" and row.value)


def texts(table):
    return [[plain_text(cell.text) for cell in row.cells] for row in table.body]


def test_splines_are_those_of_r(found):
    ours = {",".join(getattr(row, key) for key in KEYS): row.value for row in found.results.rows}
    assert len(R["rows"]) == 131
    for key, expected in R["rows"].items():
        assert ours[key] == pytest.approx(expected, rel=1e-9), key
    own = {key for key in ours if key.startswith("spline,") and not key.startswith("spline,chosen")}
    assert own == {key for key in R["rows"] if key.startswith("spline,")}


def test_curves_of_a_run_are_those_of_r(run_folder):
    curves = {}
    for row in rows_of(run_folder / "splines.csv"):
        curves.setdefault(f"{row['model']},{row['variable']}", []).append(row)
    assert set(curves) == set(R["curves"])
    for name, rows in curves.items():
        at = [float(row["at"]) for row in rows]
        assert at == sorted(at)
        assert len(at) >= 101
        for end, row in enumerate((rows[0], rows[-1])):
            assert float(row["at"]) == pytest.approx(R["curves"][name]["at"][end], rel=1e-12)
            ratios = [float(row[key]) for key in ("estimate", "conf_low", "conf_high")]
            assert ratios == pytest.approx(R["curves"][name]["ratios"][end], rel=1e-9)


def test_ratio_is_one_without_error_at_the_reference(found):
    [point] = [point for point in found.results.spline("curved", "calories") if point.at == 1000]
    assert (point.estimate, point.conf_low, point.conf_high) == (1, 1, 1)
    assert found.results.get("spline", "estimate", **CURVED, variable="age", level="p50") is None


def test_columns_of_a_spline_have_no_ratios_of_their_own(found):
    for analysis in ("univariable_cox", "multivariable_cox"):
        rows = found.results.select(analysis, **CURVED, variable="age")
        assert {row.level for row in rows if row.level} == {"(nonlinear)", "(block)"}
        assert not [row for row in rows if row.statistic == "estimate"]


def test_events_per_parameter_count_every_column_of_a_spline(found):
    assert found.results.text("guards", "df", **CURVED, variable="events_per_parameter") == "7"


def test_limits_of_a_fixed_model_are_those_of_the_bootstrap(found, study):
    time, event, x = lung(study, ["age", "sex", "ph.ecog", "meal.cal"])
    fitted, _ = fitted_of(found, "curved")
    blocks = blocks_of(fitted.terms, fitted.complete)
    assert blocks["calories"]["calories=spline1"] == pytest.approx(np.log2(x["meal.cal"]))
    fit = cox(time, event, {name: c for block in blocks.values() for name, c in block.items()}, ties="efron")
    sample = bootstrap(cox_estimator(fit), time.size, replicates=400, rng=np.random.default_rng(7))
    k = fit.names.index("sex=female")
    at = {**CURVED, "variable": "sex", "level": "female"}
    low, high = bootstrap_limits(sample, method="percentile")
    assert np.log(found.results.get("bootstrap", "percentile_low", **at).value) == pytest.approx(low[k], rel=1e-9)
    assert np.log(found.results.get("bootstrap", "percentile_high", **at).value) == pytest.approx(high[k], rel=1e-9)
    bias = sample.replicates[:, k].mean() - fit.coefficients[k]
    assert found.results.get("bootstrap", "bias", **at).value == pytest.approx(bias, rel=1e-9)
    assert found.results.get("bootstrap", "std_error", **at).value == pytest.approx(sample.std_error[k], rel=1e-9)
    assert found.results.text("bootstrap", "n_failed", **CURVED) == "0"


def test_accelerated_limits_from_influence_are_close_to_those_of_the_jackknife(found, study):
    time, event, _ = lung(study, ["age", "sex", "ph.ecog", "meal.cal"])
    fitted, _ = fitted_of(found, "curved")
    blocks = blocks_of(fitted.terms, fitted.complete)
    fit = cox(time, event, {name: c for block in blocks.values() for name, c in block.items()}, ties="efron")
    sample = bootstrap(cox_estimator(fit), time.size, replicates=400, rng=np.random.default_rng(7))
    low, high = bootstrap_limits(sample, method="bca", left_out=jackknife(cox_estimator(fit), time.size))
    k = fit.names.index("sex=female")
    at = {**CURVED, "variable": "sex", "level": "female"}
    width = high[k] - low[k]
    for side, limit in (("bca_low", low[k]), ("bca_high", high[k])):
        assert abs(np.log(found.results.get("bootstrap", side, **at).value) - limit) < 0.05 * width


def test_ratios_of_a_spline_have_limits_too(found):
    levels = {row.level for row in found.results.select("bootstrap", **CURVED, variable="age")}
    assert levels == {"p5", "p25", "p75", "p95"}


@pytest.fixture(scope="module")
def again(study):
    """Return the selections of the study's model by direct calls, from columns read anew."""
    _, _, every = lung(study, ["age"])
    time, event, x = lung(study, ["age", "sex", "ph.ecog", "pat.karno", "meal.cal", "wt.loss"])
    bent = spline_columns("age", x["age"], knots=spline_knots(every["age"], n_knots=3))
    blocks = {
        "age": bent,
        "sex": {"sex": x["sex"] - 1},
        "ecog": {"ecog": x["ph.ecog"]},
        "karno": {"karno": x["pat.karno"] / 10},
        "calories": {"calories": np.log2(x["meal.cal"])},
        "weight_loss": {"weight_loss": x["wt.loss"]},
    }
    n = time.size
    streams = np.random.default_rng(7).spawn(300)
    draws = [np.bincount(stream.integers(0, n, n), minlength=n) for stream in streams]
    rules = {"direction": "backward", "criterion": "likelihood-ratio", "enter": 0.05, "remove": 0.10, "ties": "efron"}
    return stepwise_resamples(time, event, blocks, draws, **rules)


def test_shares_of_a_selection_are_those_of_direct_calls(found, again):
    for k, name in enumerate(again.terms):
        share = 100 * again.selected[:, k].mean()
        ours = found.results.get("bootstrap", "percent", **CHOSEN, variable=name).value
        assert ours == pytest.approx(share, rel=1e-12)
    mean = again.coefficients[again.selected[:, 1], again.names.index("sex")].mean()
    at = {**CHOSEN, "variable": "sex", "level": "female"}
    assert found.results.get("bootstrap", "log_estimate", **at).value == pytest.approx(mean, rel=1e-9)
    own = found.results.get("multivariable_cox", "log_estimate", **at).value
    assert found.results.get("bootstrap", "bias", **at).value == pytest.approx(mean - own, rel=1e-6)


def test_most_frequent_selections_are_counted(found, again):
    chosen = [tuple(np.array(again.terms)[row].tolist()) for row in again.selected]
    [first] = [row for row in found.results.select("bootstrap", level="selection1") if row.statistic == "method"]
    most = max(chosen.count(names) for names in set(chosen))
    assert chosen.count(tuple(first.text.split(", "))) == most
    percent = found.results.get("bootstrap", "percent", **CHOSEN, level="selection1").value
    assert percent == pytest.approx(100 * most / 300, rel=1e-12)
    same = found.results.get("bootstrap", "percent", **CHOSEN, level="(same)").value
    assert same == pytest.approx(100 * chosen.count(kept(found)) / 300, rel=1e-12)


@pytest.mark.parametrize("name", ["curved", "chosen"])
def test_bootstrap_is_the_same_for_any_number_of_threads_and_another_for_another_seed(found, name):
    fitted, settings = fitted_of(found, name)
    with kernel.use(min(kernel.KERNELS), workers=3):
        again = analyze_bootstrap(found.cohort, fitted, settings)
    assert again == [row for row in found.results.rows if row.analysis == "bootstrap" and row.model == name]
    other = fitted.spec.model_copy(update={"bootstrap": Resampling(resamples=100, seed=8)})
    assert analyze_bootstrap(found.cohort, replace(fitted, spec=other), settings) != again


def test_model_without_a_fit_says_that_nothing_was_resampled(found):
    fitted, settings = fitted_of(found, "curved")
    nothing = replace(fitted, fit=None, reason="no patient has all the candidate factors")
    rows = analyze_bootstrap(found.cohort, nothing, settings)
    assert [row.text for row in rows] == ["400", "not done: no patient has all the candidate factors"]


def test_report_tells_the_selection_in_a_sentence(facts):
    sentence, table = tell_bootstrap(facts, model_of(facts, "chosen"))
    assert isinstance(sentence, Paragraph)
    said = plain_text(sentence.text)
    percent = facts.results.text("bootstrap", "percent", **CHOSEN, variable="sex")
    assert said.startswith(f"When the selection was repeated, Sex was chosen in {percent}% of 300 resamples")
    assert "Of the factors that were not selected, " in said
    assert isinstance(table, TableBlock)
    heads = [row[0] for row in texts(table)]
    assert heads[:2] == ["Age (years), restricted cubic spline, 3 knots", "Sex, Female vs Male"]
    assert "Selections that came most often" in heads


def test_report_shows_limits_beside_those_of_the_model(found):
    table = tabulate_limits(found.results, found.protocol, model_of(found, "curved"))
    row = next(row for row in texts(table) if row[0] == "Sex, Female vs Male")
    at = {**CURVED, "variable": "sex", "level": "female"}
    assert row[1].startswith(found.results.text("multivariable_cox", "estimate", **at))
    assert all("–" in limits for limits in row[2:])


def test_report_tabulates_and_draws_each_spline(facts):
    table, *drawings = tell_splines(facts, model_of(facts, "curved"))
    rows = texts(table)
    assert rows[0][0] == "Age (years), restricted cubic spline, 4 knots at 45.4, 59, 67 and 75"
    assert rows[3][:2] == ["63 (median, reference)", "1"]
    assert ["1000 (reference)", "1", "", ""] in rows
    assert [drawing.caption.split(" in the")[0] for drawing in drawings] == [
        "Hazard ratio over age",
        "Hazard ratio over calories at meals",
    ]
    assert "ticks are patients" in drawings[0].caption
    assert "45.4 (5th percentile): 0.85 (0.44–1.64)" in drawings[0].alt


def test_patients_are_not_shown_where_small_counts_are_masked(facts):
    masked = facts.protocol.model_copy(update={"privacy": facts.protocol.privacy.model_copy(update={"min_cell": 5})})
    drawings = list(tell_splines(replace(facts, protocol=masked), model_of(facts, "curved")))[1:]
    assert not any("ticks" in drawing.caption for drawing in drawings)


def test_spline_has_its_tests_where_others_have_a_ratio(found):
    rows = texts(tabulate_cox(found.results, found.protocol, model_of(found, "curved")))
    assert rows[0] == ["Age (years), restricted cubic spline, 4 knots", "228 (165)", "", "0.083", "", "0.304"]
    assert rows[1] == ["Nonlinearity", "", "", "0.342", "", "0.245"]
    beside = tabulate_models_side_by_side(found.results, found.protocol, "OS")
    [row] = [row for row in texts(beside) if row[0] == "Age (years), spline"]
    assert row[1:3] == ["", "0.304"]
    assert row[5:] == ["–", "–"]
    drawing = draw_forest(found.results, found.protocol, Figure(id="f", forest="curved"))
    assert "Age (years), restricted cubic spline, 4 knots: a curve" in drawing.alt


def test_sentence_of_a_significant_spline_names_its_quartiles(found):
    always = found.protocol.model_copy(update={"study": found.protocol.study.model_copy(update={"alpha": 0.9999})})
    said = phrase_cox(always, found.results, model_of(found, "curved"))
    own = phrase_spline(found.protocol, found.results, model_of(found, "curved"), "age")
    assert own.startswith("as a spline, P = 0.304, nonlinearity P = 0.245; hazard ratio against 63 years: at 56 1.18")
    assert f"Age (years) ({own})" in said


def test_methods_tell_knots_and_resamples(facts):
    paragraphs = [b for b in assemble_report(facts).document.blocks if isinstance(b, Paragraph)]
    said = " ".join(plain_text(block.text) for block in paragraphs)
    assert "age with knots at 45.4, 59, 67 and 75, against 63 years" in said
    assert "(400 resamples, seed 7; acceleration from the influence of each patient)" in said
    assert "repeating it on resamples (300 resamples, seed 7)" in said


def test_selected_factor_that_most_resamples_do_not_choose_is_a_warning(found):
    fitted, settings = fitted_of(found, "chosen")
    share = found.results.get("bootstrap", "percent", **CHOSEN, variable="sex")
    rare = replace(share, value=49.9, text="49.9")
    rows = [rare if row.key() == share.key() else row for row in found.results.rows]
    _, told = analyze_guards(found.cohort, found.protocol, [fitted], rows, settings)
    [said] = [finding.sentence for finding in told if finding.rule == "UNSTABLE-SELECTION"]
    assert said == (
        "model chosen for OS: Sex was selected, but in 49.9% of the resamples only; another sample of such patients "
        "would likely give another model"
    )
    assert not [finding for finding in found.findings if finding.rule == "UNSTABLE-SELECTION"]


def test_limit_that_too_few_resamples_give_is_not_estimable(found):
    fitted, settings = fitted_of(found, "curved")
    few = fitted.spec.model_copy(update={"bootstrap": Resampling(resamples=100, seed=8)})
    rows = analyze_bootstrap(found.cohort, replace(fitted, spec=few), replace(settings, conf_level=0.999))
    at = [row for row in rows if row.variable == "sex"]
    assert {row.text for row in at if row.statistic.startswith("percentile")} == {"not estimable"}
    [why] = [row.text for row in at if row.statistic == "method"]
    assert why.startswith("not estimable: bootstrap: 100 replicates are too few")
    shown = replace(found.results, rows=(*(r for r in found.results.rows if r.analysis != "bootstrap"), *rows))
    table = tabulate_limits(shown, found.protocol, model_of(found, "curved"))
    assert "Not estimable: too few resamples" in plain_text(table.notes[0])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{ age = 5 }", "{ ages = 5 }", r'splines.ages: there is no factor of this model "ages"'),
        ("{ age = 5 }", "{ sex = 5 }", r'splines.sex: there is no factor of this model "sex"'),
        ("{ age = 5 }", "{ age = 8 }", r"splines.age: 8: input should be less than or equal to 7"),
        ("{ age = 5 }", '{ age = "5" }', r"a number of knots from 3 to 7, or \{ knots, reference \} was expected"),
        ("{ age = 4, calories", "{ sex = 4, calories", 'a spline needs a number, and the factor "sex" has levels'),
        ("reference = 1000", "reference = 0", "the logarithm needs a number above 0; got 0"),
        ("{ age = 5 }", '{ age = 5 }\ncoding = { age = { cox = "split" } }', "beside a spline only"),
        ("{ resamples = 400, seed = 7 }", "{ resamples = 200 }", "bootstrap.seed: is missing"),
        ("{ resamples = 400, seed = 7 }", "{ seed = 7 }", "bootstrap.resamples: is missing"),
        ("{ resamples = 400, seed = 7 }", "{ resamples = 20, seed = 7 }", "greater than or equal to 100"),
    ],
)
def test_contradictions_are_refused(old, new, said):
    assert STUDY.count(old) == 1
    with pytest.raises(ProtocolError, match=said):
        parse_protocol(STUDY.replace(old, new), "study.toml", template=TEMPLATE)


@pytest.mark.parametrize("key", ["splines = { age = 4 }", "bootstrap = { resamples = 100, seed = 1 }"])
def test_fine_gray_model_has_neither(key):
    text = STUDY.replace("values = [2], censored = [1]", "values = [2], censored = [1], competing = [3]")
    text += f'[[model]]\nid = "fg"\nkind = "fine-gray"\nendpoint = "OS"\nfactors = ["age"]\n{key}\n'
    with pytest.raises(ProtocolError, match="belongs to a Cox model"):
        parse_protocol(text, "study.toml", template=TEMPLATE)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([1.0, 2.0, 2.0, 3.0] * 30, "5 knots need as many values; the patients have 3"),
        ([0.0] * 90 + list(range(1, 21)), "5 knots do not fit: too many patients share a value"),
        ([np.nan] * 5, "5 knots need as many values; the patients have 0"),
    ],
)
def test_spline_of_too_few_values_is_refused_with_its_place(found, values, said):
    numbers = np.array(values)
    factor = FactorData(Factor(id="age", column="age"), (), np.full(numbers.size, -1), numbers)
    with pytest.raises(AnalysisError, match=f'model "robust", splines.age: {said}'):
        code_factor(factor, model_of(found, "robust"))


def test_logarithm_of_zero_is_refused(found):
    factor = FactorData(Factor(id="calories", column="x", cox="log2"), (), np.full(9, -1), np.arange(9.0))
    with pytest.raises(AnalysisError, match='factor "calories": log2 needs values above 0'):
        code_factor(factor, model_of(found, "curved"))


def test_few_events_of_a_fine_gray_model_are_a_warning(study):
    text = STUDY[: STUDY.index("[[table]]")].replace("values = [2], censored = [1]", "values = [1], competing = [2]")
    text += """[[model]]
id = "fg"
kind = "fine-gray"
endpoint = "OS"
factors = ["age", "sex", "ecog", "karno", "calories", "weight_loss"]
coding = { ecog = { cox = "indicator" } }
"""
    (study / "fine_gray.toml").write_text(text, encoding="utf-8")
    run = run_study(study / "fine_gray.toml")
    keys = {"model": "fg", "endpoint": "OS"}
    events = run.results.get("fine_gray", "n_event", **keys).value
    guard = {**keys, "variable": "events_per_parameter"}
    assert run.results.get("guards", "df", **guard).value == 8
    assert run.results.get("guards", "estimate", **guard).value == pytest.approx(events / 8)
    said = {finding.rule: finding.sentence for finding in run.findings if finding.sentence.startswith("model fg")}
    assert said["FEW-EVENTS"].startswith(f"model fg for OS: {events:.0f} events for 8 candidate parameters")
    assert "of 228 patients without a candidate factor left the model" in said["COMPLETE-CASES"]


def test_another_profile_beside_it_repeats_splines_and_draws_no_resamples_again(study, found):
    text = STUDY.replace('profile = "guideline"', 'profile = "guideline"\nbeside = "paper"')
    (study / "beside.toml").write_text(text, encoding="utf-8")
    run = run_study(study / "beside.toml")
    own = [row for row in run.results.rows if row.analysis in {"spline", "bootstrap"}]
    assert own == [row for row in found.results.rows if row.analysis in {"spline", "bootstrap"}]
    assert run.beside is not None
    other = run.beside.results
    assert not other.select("bootstrap")
    assert not [pair for pair in run.beside.pairs if pair.row.analysis == "bootstrap"]
    assert other.get("spline", "log_estimate", **CURVED, variable="age", level="p5") != found.results.get(
        "spline", "log_estimate", **CURVED, variable="age", level="p5"
    )


def test_selection_in_strata_is_repeated_in_them(study):
    text = STUDY.replace("{ resamples = 300, seed = 7 }", '{ resamples = 100, seed = 7 }\nstrata = ["sex"]')
    text = text.replace(
        'factors = ["age", "sex", "ecog", "karno", "calories", "weight_loss"]', 'factors = ["ecog", "karno"]'
    )
    text = text.replace("splines = { age = 3 }\n", "")
    (study / "strata.toml").write_text(text, encoding="utf-8")
    run = run_study(study / "strata.toml")
    assert run.results.get("bootstrap", "percent", **CHOSEN, variable="ecog").value > 50


def test_r_finds_the_same_numbers_and_names_what_it_leaves_out(run_folder):
    if which("Rscript") is None:
        pytest.skip("Rscript is not on the path")
    ask = 'quit(status = as.integer(!requireNamespace("survival", quietly = TRUE)))'
    if subprocess.run(["Rscript", "-e", ask], check=False, capture_output=True).returncode:
        pytest.skip("R has no package survival")
    told = subprocess.run(["Rscript", run_folder / "verify.R"], check=False, capture_output=True, text=True)
    assert told.returncode == 0, told.stdout + told.stderr
    kinds = [line for line in told.stdout.splitlines() if " numbers, " in line]
    numbers = {line[:22].strip(): int(line[22:].split()[0]) for line in kinds}
    assert numbers["splines"] >= 80
    assert numbers["log-rank tests"] == 4
    assert "not done again: bootstrap resamples (their draws are Python's)" in told.stdout
