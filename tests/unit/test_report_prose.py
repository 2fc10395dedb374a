"""The sentences of the report: grammar for no, one and many significant factors, for no event, and no typed number."""

import re

import pytest

from oncohort.report.methods import phrase_methods
from oncohort.report.prose import (
    phrase_characteristics,
    phrase_cox,
    phrase_flow,
    phrase_follow_up,
    phrase_survival,
    phrase_univariable,
)
from oncohort.study.parse import parse_protocol
from oncohort.study.results import LevelRow, Results, Row
from oncohort.study.template_tables import TEMPLATE

PROTOCOL = """
[study]
title = "A study"
profile = "guideline"
[records.patients]
file = "p.csv"
patient_id = "id"
[[endpoint]]
id = "OS"
label = "Overall survival"
time = { column = "os", unit = "months" }
event = { column = "dead", values = [1] }
measured_from = "the day of resection"
measured_to = "death"
censored_at = "last follow-up"
[[factor]]
id = "sex"
column = "sex"
label = "Sex"
levels = ["Male", "Female"]
[[factor]]
id = "bclc"
column = "bclc"
label = "BCLC stage"
levels = ["A", "B"]
[[table]]
id = "table_2"
kind = "univariable"
endpoints = ["OS"]
factors = ["sex", "bclc"]
[[model]]
id = "cox"
endpoint = "OS"
factors = ["sex", "bclc"]
"""


def row(analysis, statistic, value, text, **keys):
    return Row(analysis=analysis, statistic=statistic, value=value, text=text, **keys)


def survival_rows(events="20", median="14.5"):
    keys = {"endpoint": "OS"}
    return [
        row("survival", "n", 40.0, "40", **keys),
        row("survival", "n_event", float(events), events, **keys),
        row("survival", "percent", 50.0, "50.0", **keys),
        row("survival", "median", 14.5, median, unit="months", **keys),
        row("survival", "conf_low", 10.0, "10.0", **keys),
        row("survival", "conf_high", 20.0, "20.0", **keys),
    ]


def table_rows(factor, levels, p_value, p_text):
    keys = {"model": "table_2", "endpoint": "OS", "variable": factor}
    rows = [row("univariable_km", "p_value", p_value, p_text, **keys)]
    for level, median in levels:
        at = {**keys, "level": level}
        rows += [
            row("univariable_km", "median", 1.0, median, **at),
            row("univariable_km", "conf_low", 1.0, "5.1", **at),
            row("univariable_km", "conf_high", 1.0, "9.9", **at),
        ]
    return rows


def model_rows(terms):
    keys = {"model": "cox", "endpoint": "OS"}
    rows = [
        row("multivariable_cox", "n", 40.0, "40", **keys),
        row("multivariable_cox", "n_event", 20.0, "20", **keys),
        row("multivariable_cox", "method", None, "no factor met the entry criterion", **keys),
    ]
    for factor, level, reference, p_value, p_text in terms:
        at = {**keys, "variable": factor}
        rows.append(row("multivariable_cox", "method", None, f"vs {reference}", **at))
        for name, text in (("estimate", "2.10"), ("conf_low", "1.20"), ("conf_high", "3.40")):
            rows.append(row("multivariable_cox", name, 2.1, text, level=level, **at))
        rows.append(row("multivariable_cox", "p_value", p_value, p_text, level=level, **at))
    return rows


LEVELS = (
    LevelRow("sex", "Male", "Male", 1, reference=True),
    LevelRow("sex", "Female", "Female", 2, reference=False),
    LevelRow("bclc", "A", "A", 1, reference=True),
    LevelRow("bclc", "B", "B", 2, reference=False),
)


def results(*rows):
    return Results(tuple(rows), (), LEVELS)


@pytest.fixture
def protocol():
    return parse_protocol(PROTOCOL, "study.toml", template=TEMPLATE)


def univariable(protocol, *rows):
    return phrase_univariable(protocol, results(*rows), protocol.table[0], "table_2")[0]


def test_no_significant_factor(protocol):
    rows = [*survival_rows(), *table_rows("sex", [("Male", "9.0"), ("Female", "8.0")], 0.4, "0.400")]
    assert univariable(protocol, *rows) == (
        "On univariable analysis no factor was significantly associated with overall survival (OS)."
    )


def test_one_significant_factor_is_named_with_medians_intervals_and_p(protocol):
    rows = [*survival_rows(), *table_rows("sex", [("Male", "9.0"), ("Female", "8.0")], 0.04, "0.040")]
    assert univariable(protocol, *rows) == (
        "On univariable analysis one factor was associated with overall survival (OS): Sex (median 9.0 months "
        "[95% CI 5.1–9.9] for Male and 8.0 [95% CI 5.1–9.9] for Female; P = 0.040)."
    )


def test_two_factors_and_a_median_that_was_not_reached(protocol):
    rows = [
        *survival_rows(),
        *table_rows("sex", [("Male", "9.0"), ("Female", "not reached")], 0.04, "0.040"),
        *table_rows("bclc", [("A", "not reached"), ("B", "8.0")], 1e-5, "<0.001"),
    ]
    assert univariable(protocol, *rows) == (
        "On univariable analysis the following factors were associated with overall survival (OS): "
        "Sex (median 9.0 months [95% CI 5.1–9.9] for Male and not reached [95% CI 5.1–9.9] for Female; P = 0.040) and "
        "BCLC stage (median not reached [95% CI 5.1–9.9] for A and 8.0 months [95% CI 5.1–9.9] for B; P < 0.001)."
    )


def test_zero_events(protocol):
    rows = survival_rows(events="0", median="not reached")
    assert univariable(protocol, *rows) == (
        "No event of overall survival (OS) was observed, so no factor could be tested."
    )
    assert phrase_survival(protocol, results(*rows), protocol.endpoint[0]) == (
        "No event of overall survival (OS) was observed in 40 patients."
    )


def test_survival_sentence(protocol):
    assert phrase_survival(protocol, results(*survival_rows()), protocol.endpoint[0]) == (
        "The event of overall survival (OS), death, was observed in 20 of 40 patients (50.0%). "
        "Median overall survival (OS) was 14.5 months (95% CI 10.0–20.0)."
    )
    unreached = survival_rows(median="not reached")
    assert phrase_survival(protocol, results(*unreached), protocol.endpoint[0]).endswith(
        "was not reached (95% CI 10.0–20.0)."
    )


def test_model_without_terms_says_why(protocol):
    assert phrase_cox(protocol, results(*model_rows([])), protocol.model[0]) == (
        "In the multivariable Cox model for overall survival (OS) (40 patients, 20 events) no factor was retained: "
        "no factor met the entry criterion."
    )


def test_model_with_one_and_with_two_terms(protocol):
    one = [("sex", "Female", "Male", 0.01, "0.010")]
    assert phrase_cox(protocol, results(*model_rows(one)), protocol.model[0]) == (
        "In the multivariable Cox model for overall survival (OS) (40 patients, 20 events) Sex (Female vs Male: hazard "
        "ratio 2.10, 95% CI 1.20–3.40, P = 0.010) was independently associated with the endpoint."
    )
    both = [*one, ("bclc", "B", "A", 0.08, "0.080")]
    assert phrase_cox(protocol, results(*model_rows(both)), protocol.model[0]).endswith(
        "independently associated with the endpoint. BCLC stage remained in the model without reaching significance."
    )
    neither = [("bclc", "B", "A", 0.08, "0.080")]
    assert "no factor was significantly associated with the endpoint." in phrase_cox(
        protocol, results(*model_rows(neither)), protocol.model[0]
    )


def test_flow_and_follow_up(protocol):
    flow = [row("flow", "n", 40.0, "40", level=level) for level in ("read", "analyzed")]
    assert phrase_flow(protocol, results(*flow)) == "All 40 patients were analyzed."
    reverse = {"endpoint": "OS", "level": "reverse-km"}
    rows = [*survival_rows(), row("follow_up", "median", None, "not reached", **reverse)]
    assert phrase_follow_up(protocol, results(*rows)) == (
        "Median follow-up was not reached by the reverse Kaplan–Meier method."
    )


def test_every_number_of_a_sentence_is_in_the_results():
    from oncohort.demo import demo_study
    from oncohort.pipeline import run_study

    with demo_study("sorafenib_table") as folder:
        run = run_study(folder)
    found, study = run.results, run.protocol
    sentences = [phrase_flow(study, found), phrase_follow_up(study, found)]
    sentences += [phrase_characteristics(study, found, study.table[0], "table_1")]
    sentences += [phrase_survival(study, found, endpoint) for endpoint in study.endpoint]
    sentences += phrase_univariable(study, found, study.table[1], "table_2")
    sentences += [phrase_cox(study, found, model) for model in study.model]
    known = {row.text for row in found.rows} | {level.label for level in found.levels} | {"95%"}
    numbers = {n for text in known for n in re.findall(r"\d[\d,.]*\d|\d", text)}
    for sentence in sentences:
        for n in re.findall(r"\d[\d,.]*\d|\d", re.sub(r"×10⁹", "", sentence)):
            assert n in numbers, f"{n} in: {sentence}"


def test_methods_leave_out_what_the_protocol_does_not_say(protocol):
    text = phrase_methods(protocol, results(*survival_rows(), *model_rows([])), "oncohort")
    assert "This was" not in text
    assert "Overall survival (OS) was measured from the day of resection to death" in text
    bare = parse_protocol(
        PROTOCOL.replace('measured_from = "the day of resection"\n', ""), "study.toml", template=TEMPLATE
    )
    text = phrase_methods(bare, results(*survival_rows(), *model_rows([])), "oncohort")
    assert 'Overall survival (OS) was analyzed as recorded in the column "os" (months).' in text
    assert "  " not in text
    assert not re.search(r"\s[.,;]|\.\.|None", text)
