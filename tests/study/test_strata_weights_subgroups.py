"""Strata, weights, clusters and subgroups of a table study: rows are those of the statistics, and R finds the same."""

import csv
import subprocess
import sys
from shutil import which

import numpy as np
import pytest

from oncohort.errors import ProtocolError
from oncohort.pipeline import run_study
from oncohort.report.model_tables import tabulate_cox
from oncohort.report.subgroup_tables import draw_subgroups, phrase_subgroups, tabulate_subgroups
from oncohort.stats.cox import cox, wald_block
from oncohort.stats.robust_variance import robust_variance
from oncohort.stats.stepwise import stepwise
from oncohort.study.parse import parse_protocol
from oncohort.study.template_tables import TEMPLATE

STUDY = """
[study]
title = "Strata, weights, clusters, subgroups"
profile = "guideline"
[records.patients]
file = "p.csv"
patient_id = "id"
[[endpoint]]
id = "OS"
time = { column = "time", unit = "days" }
event = { column = "dead", values = [1], censored = [0] }
[[factor]]
id = "sex"
column = "sex"
label = "Sex"
levels = ["F", "M"]
[[factor]]
id = "stage"
column = "stage"
label = "Stage"
levels = [1, 2, 3]
[[factor]]
id = "age"
column = "age"
label = "Age"
split = 60
cox = "continuous"
[[factor]]
id = "arm"
column = "arm"
label = "Treatment"
levels = ["A", "B"]
[[factor]]
id = "hospital"
column = "hospital"
label = "Hospital"
levels = ["h1", "h2", "h3", "h4", "h5", "h6", "h7", "h8"]
[[factor]]
id = "w"
column = "w"
label = "Inverse probability of treatment"
[[model]]
id = "stratified"
endpoint = "OS"
factors = ["sex", "age"]
strata = ["stage", "arm"]
select = { method = "none" }
[[model]]
id = "chosen"
endpoint = "OS"
factors = ["sex", "age", "arm"]
strata = ["stage"]
weights = "w"
variance = "model"
select = { method = "forward-stepwise", criterion = "likelihood-ratio", enter = 0.2, remove = 0.3 }
[[model]]
id = "weighted"
endpoint = "OS"
factors = ["sex", "stage", "age"]
weights = "w"
variance = "robust"
select = { method = "none" }
[[model]]
id = "clustered"
endpoint = "OS"
factors = ["arm", "stage"]
strata = ["sex"]
cluster = "hospital"
variance = "robust"
select = { method = "none" }
[[subgroup]]
id = "arms"
endpoint = "OS"
compare = "arm"
factors = ["sex", "stage", "age"]
"""
GROUP = "arm=B|A"


def patients(n=200):
    rng = np.random.default_rng(5)
    data = {
        "sex": rng.integers(0, 2, n),
        "stage": rng.integers(1, 4, n),
        "age": np.round(rng.normal(60, 9, n), 1),
        "arm": rng.integers(0, 2, n),
        "hospital": rng.integers(1, 9, n),
        "w": np.round(rng.uniform(0.4, 2.5, n), 3),
    }
    risk = -0.3 * data["sex"] - 0.3 * (data["stage"] - 1) + 0.9 * data["arm"] * data["sex"]
    data["time"] = np.ceil(rng.exponential(400 * np.exp(-risk)))
    data["dead"] = (rng.random(n) < 0.75).astype(int)
    data["known_stage"] = np.arange(n) % 29 != 0
    data["known_hospital"] = np.arange(n) % 37 != 0
    return data


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("breadth")
    data = patients()
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    with (folder / "p.csv").open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow(["id", "time", "dead", "sex", "stage", "age", "arm", "hospital", "w"])
        for i in range(data["sex"].size):
            stage = data["stage"][i] if data["known_stage"][i] else ""
            hospital = f"h{data['hospital'][i]}" if data["known_hospital"][i] else ""
            row = [i + 1, int(data["time"][i]), data["dead"][i], "FM"[data["sex"][i]], stage, data["age"][i]]
            writer.writerow([*row, "AB"[data["arm"][i]], hospital, data["w"][i]])
    return folder


@pytest.fixture(scope="module")
def found(study):
    return run_study(study)


def value(found, analysis, statistic, **keys):
    row = found.results.get(analysis, statistic, endpoint="OS", **keys)
    assert row is not None
    return row.value


def of_members(data, known):
    columns = {
        "sex=M": data["sex"],
        "stage=2": data["stage"] == 2,
        "stage=3": data["stage"] == 3,
        "age": data["age"],
        "arm=B": data["arm"],
    }
    return {name: np.asarray(column, float)[known] for name, column in columns.items()}


def test_strata_are_those_of_every_combination(found):
    data = patients()
    known = data["known_stage"]
    columns = of_members(data, known)
    strata = (10 * data["stage"] + data["arm"])[known]
    both = {name: columns[name] for name in ("sex=M", "age")}
    fit = cox(data["time"][known], data["dead"][known], both, ties="efron", strata=strata)
    keys = {"model": "stratified", "variable": "sex", "level": "M"}
    assert value(found, "multivariable_cox", "log_estimate", **keys) == pytest.approx(fit.coefficients[0], rel=1e-12)
    assert value(found, "multivariable_cox", "n", model="stratified") == known.sum()
    one = cox(data["time"][known], data["dead"][known], {"sex": columns["sex=M"]}, ties="efron", strata=strata)
    assert value(found, "univariable_cox", "log_estimate", **keys) == pytest.approx(one.coefficients[0], rel=1e-12)


def test_weighted_model_has_robust_limits_and_tests(found):
    data = patients()
    known = data["known_stage"]
    columns = of_members(data, known)
    columns.pop("arm=B")
    fit = cox(data["time"][known], data["dead"][known], columns, ties="efron", weights=data["w"][known])
    robust = robust_variance(fit)
    keys = {"model": "weighted", "variable": "stage", "level": "3"}
    assert value(found, "multivariable_cox", "std_error", **keys) == pytest.approx(robust.std_error[2], rel=1e-12)
    assert value(found, "multivariable_cox", "conf_low", **keys) == pytest.approx(robust.conf_low[2], rel=1e-12)
    block = wald_block(fit, ["stage=2", "stage=3"], covariance=robust.covariance)
    keys["level"] = "(block)"
    assert value(found, "multivariable_cox", "statistic", **keys) == pytest.approx(block.statistic, rel=1e-12)
    wald = value(found, "multivariable_cox", "statistic", model="weighted", level="wald")
    assert wald == pytest.approx(robust.wald.statistic, rel=1e-12)
    assert (
        found.results.get("multivariable_cox", "p_value", model="weighted", endpoint="OS", level="likelihood-ratio")
        is None
    )


def test_patients_without_a_cluster_leave_the_model(found):
    data = patients()
    known = data["known_stage"] & data["known_hospital"]
    assert value(found, "multivariable_cox", "n", model="clustered") == known.sum()
    columns = {
        name: column for name, column in of_members(data, known).items() if name in {"arm=B", "stage=2", "stage=3"}
    }
    fit = cox(data["time"][known], data["dead"][known], columns, ties="efron", strata=data["sex"][known])
    robust = robust_variance(fit, cluster=data["hospital"][known])
    k = fit.names.index("arm=B")
    keys = {"model": "clustered", "variable": "arm", "level": "B"}
    assert value(found, "multivariable_cox", "std_error", **keys) == pytest.approx(robust.std_error[k], rel=1e-12)


def test_selection_uses_strata_and_weights(found):
    data = patients()
    known = data["known_stage"]
    columns = of_members(data, known)
    path = stepwise(
        data["time"][known],
        data["dead"][known],
        {"sex": {"sex=M": columns["sex=M"]}, "age": {"age": columns["age"]}, "arm": {"arm=B": columns["arm=B"]}},
        direction="forward",
        criterion="likelihood-ratio",
        enter=0.2,
        remove=0.3,
        ties="efron",
        weights=data["w"][known],
        strata=data["stage"][known],
    )
    chosen = {
        row.variable
        for row in found.results.select("multivariable_cox", model="chosen")
        if row.statistic == "selected" and row.value
    }
    assert chosen == set(path.selected) != set()
    score = value(found, "stepwise", "statistic", model="chosen:1", variable="arm", level="enter")
    first = {test.term: test.test.statistic for test in path.steps[0].candidates}
    assert score == pytest.approx(first["arm"], rel=1e-12)


def test_subgroups_are_models_of_their_own_and_interaction_is_a_likelihood_ratio(found):
    data = patients()
    time, event, arm, sex = data["time"], data["dead"], data["arm"], data["sex"]
    keys = {"model": "arms", "group": GROUP, "variable": "sex"}
    for code, level in enumerate("FM"):
        own = sex == code
        fit = cox(time[own], event[own], {"arm": arm[own]}, ties="efron")
        at = {**keys, "level": level}
        assert value(found, "subgroup", "n", **at) == own.sum()
        assert value(found, "subgroup", "estimate", **at) == pytest.approx(fit.hazard_ratio[0], rel=1e-12)
        assert value(found, "subgroup", "conf_high", **at) == pytest.approx(fit.conf_high[0], rel=1e-12)
    without = cox(time, event, {"arm": arm, "sex": sex}, ties="efron")
    product = cox(time, event, {"arm": arm, "sex": sex, "both": arm * sex}, ties="efron")
    gain = 2 * (product.log_likelihood - without.log_likelihood)
    assert value(found, "subgroup", "statistic", **keys, level="(interaction)") == pytest.approx(gain, rel=1e-9)
    stage = {**keys, "variable": "stage", "level": "(interaction)"}
    assert value(found, "subgroup", "df", **stage) == 2


def test_report_says_strata_weights_and_variance(found):
    notes = {}
    for model in found.protocol.model:
        table = tabulate_cox(found.results, found.protocol, model)
        texts = [run if isinstance(run, str) else run.text for note in table.notes for run in note]
        notes[model.id] = "".join(texts)
    assert "Stratified by Stage and Treatment: each has a baseline hazard of its own." in notes["stratified"]
    assert "Patients weighted by Inverse probability of treatment. Robust (sandwich) variance." in notes["weighted"]
    assert "Robust (sandwich) variance, clustered by Hospital." in notes["clustered"]
    assert "Robust Wald χ² = " in notes["weighted"]
    assert "Likelihood-ratio χ² = " in notes["chosen"]


def test_subgroups_are_tabulated_drawn_and_told(found):
    [subgroups] = found.protocol.subgroup
    table = tabulate_subgroups(found.results, found.protocol, subgroups)
    assert table.caption == "OS by subgroup, Treatment: B vs A"
    first = [cell.text for cell in table.body[0].cells]
    assert first[0] == "All patients"
    assert first[1].startswith("200 (")
    heads = [row.cells[0].text for row in table.body if row.cells[4].text]
    assert heads == ["Sex", "Stage", "Age"]
    drawing = draw_subgroups(found.results, found.protocol, subgroups)
    assert drawing is not None
    assert drawing.alt.startswith("All patients: ")
    p_value = value(found, "subgroup", "p_value", model="arms", group=GROUP, variable="sex", level="(interaction)")
    assert ("Sex (P" in phrase_subgroups(found.results, found.protocol, subgroups)) == (p_value < 0.05)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('strata = ["stage", "arm"]', 'strata = ["stage", "sex"]', "candidate of this model; it cannot be both"),
        ('strata = ["stage", "arm"]', 'strata = ["w"]', 'the factor "w" needs levels, split or cut'),
        ('strata = ["stage", "arm"]', 'strata = ["stages"]', 'there is no factor "stages"'),
        ('weights = "w"\nvariance = "model"', 'weights = "w"', 'variance = "robust" or "model" must be said'),
        ('weights = "w"\nvariance = "model"', 'weights = "hospital"\nvariance = "model"', "weights are a number"),
        (
            'weights = "w"\nvariance = "model"',
            'weights = "w"\nvariance = "robust"',
            "tests of a selection are model-based",
        ),
        (
            'cluster = "hospital"\nvariance = "robust"',
            'cluster = "hospital"\nvariance = "model"',
            "cluster needs variance",
        ),
        ('compare = "arm"', 'compare = "hospital"', 'a factor of two levels was expected; "hospital" has 8'),
        ('compare = "arm"', 'compare = "sex"', '"sex" is what is compared'),
        ('id = "arms"', 'id = "weighted"', '"weighted" is the id of a model already'),
    ],
)
def test_contradictions_are_refused(old, new, said):
    assert STUDY.count(old) == 1
    with pytest.raises(ProtocolError, match=said):
        parse_protocol(STUDY.replace(old, new), "study.toml", template=TEMPLATE)


def test_r_finds_the_same_numbers(study, tmp_path):
    if which("Rscript") is None:
        pytest.skip("Rscript is not on the path")
    ask = 'quit(status = as.integer(!requireNamespace("survival", quietly = TRUE)))'
    if subprocess.run(["Rscript", "-e", ask], check=False, capture_output=True).returncode:
        pytest.skip("R has no package survival")
    out = tmp_path / "run"
    subprocess.run([sys.executable, "-m", "oncohort", "run", study, "--out", out], check=True, capture_output=True)
    told = subprocess.run(["Rscript", out / "verify.R"], check=False, capture_output=True, text=True, cwd=out)
    assert told.returncode == 0, told.stdout + told.stderr
    *kinds, verdict = told.stdout.splitlines()[1:]
    assert verdict.startswith("verdict: confirmed, R finds the same ")
    numbers = {line[:22].strip(): int(line[22:].split()[0]) for line in kinds}
    assert numbers["subgroups"] >= 60
    assert numbers["model tests"] >= 40
