"""Competing events, restricted means and other tests of curves: from the protocol to rows, tables and figures."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from oncohort.errors import DataError, ProtocolError
from oncohort.intake.checks import check_records
from oncohort.intake.study import Study
from oncohort.pipeline import analyze_study
from oncohort.report.assemble import assemble_report
from oncohort.report.competing_section import draw_incidence, phrase_incidence, tabulate_incidence
from oncohort.report.document import plain_text
from oncohort.report.facts import StudyFacts
from oncohort.report.fine_gray_section import phrase_fine_gray, tabulate_fine_gray
from oncohort.report.restricted_section import phrase_restricted_means, tabulate_restricted_means
from oncohort.report.tables import tabulate_univariable
from oncohort.stats.adjust import holm
from oncohort.stats.competing_risks import cumulative_incidence
from oncohort.stats.gray import gray_test
from oncohort.stats.kaplan_meier import kaplan_meier, survival_at
from oncohort.stats.rank_tests import rank_test, trend_test
from oncohort.stats.rmst import compare_restricted_means
from oncohort.study.parse import parse_protocol
from oncohort.study.records import Records, Source
from oncohort.study.template_tables import TEMPLATE

PROTOCOL = """
[study]
title = "Relapse"
profile = "guideline"
[records.patients]
file = "p.csv"
patient_id = "id"
[[endpoint]]
id = "relapse"
label = "Time to relapse"
time = { column = "time", unit = "months" }
event = { column = "state", values = [1], competing = [2], censored = [0] }
[[factor]]
id = "arm"
column = "arm"
label = "Arm"
levels = ["a", "b", "c"]
[[factor]]
id = "sex"
column = "sex"
label = "Sex"
levels = ["f", "m"]
[[factor]]
id = "age"
column = "age"
label = "Age"
[[table]]
id = "levels"
kind = "univariable"
endpoints = ["relapse"]
factors = ["arm"]
[[model]]
id = "fg"
kind = "fine-gray"
endpoint = "relapse"
factors = ["arm", "age"]
[[figure]]
id = "1"
caption = "Cumulative incidence (A) whole and (B) by arm"
incidence = [{ endpoint = "relapse" }, { endpoint = "relapse", by = "arm" }]
[survival]
at = [12, 24]
rmst_at = [12]
"""
N = 90


def patients(**own):
    draw = np.random.default_rng(5)
    columns = {
        "time": np.append(draw.integers(1, 35, N - 1), 35).astype(float),
        "state": np.append(draw.choice([0, 1, 1, 2], N - 1), 0),
        "arm": draw.choice(list("abc"), N),
        "sex": draw.choice(["f", "m"], N),
        "age": draw.integers(40, 80, N).astype(float),
    }
    return columns | own


def frame_of(columns):
    n = len(columns["time"])
    text = {name: pl.Series([None if v is None else str(v) for v in columns[name]], dtype=pl.String)
            for name in ("state", "arm", "sex")}  # fmt: skip
    first = {"patient_id": [f"p{k}" for k in range(n)], "row": np.arange(2, n + 2)}
    return pl.DataFrame(first | {"time": columns["time"], "age": columns["age"]} | text)


def run(columns, text=PROTOCOL):
    protocol = parse_protocol(text, "study.toml", template=TEMPLATE)
    source = Source("p.csv", "0" * 64, len(columns["time"]), 5, ())
    records = Records({"patients": frame_of(columns)}, {"patients": "p.csv"}, (source,))
    return analyze_study(Study("", protocol, "0" * 64, records, ()))


@pytest.fixture(scope="module")
def found():
    return run(patients())


def value(study, analysis, statistic, **keys):
    row = study.results.get(analysis, statistic, **{"endpoint": "relapse", **keys})
    assert row is not None, keys
    return row.value


def texts(table):
    return [[plain_text(cell.text) for cell in row.cells] for row in table.body]


def test_incidence_counts_and_limits_are_those_of_the_statistic(found):
    data = patients()
    whole = cumulative_incidence(data["time"], data["state"], variance="delta", conf_type="log")
    place = int(np.searchsorted(whole.time, 12, side="right")) - 1
    for level, k in (("event", 0), ("competing", 1)):
        keys = {"level": level, "time": "12"}
        assert value(found, "incidence", "incidence", **keys) == pytest.approx(100 * whole.incidence[place, k])
        assert value(found, "incidence", "conf_high", **keys) == pytest.approx(100 * whole.conf_high[place, k])
        assert value(found, "incidence", "n_event", **keys) == sum((data["state"] == k + 1) & (data["time"] <= 12))
        assert value(found, "incidence", "n_risk", **keys) == sum(data["time"] >= 12)
        test = gray_test(data["time"], data["state"], data["arm"], of=k + 1).test
        assert value(found, "incidence", "p_value", variable="arm", level=level) == pytest.approx(test.p_value)


def test_without_events_of_a_kind_its_incidence_is_zero_without_limits():
    data = patients()
    only = run(patients(state=np.where(data["state"] == 2, 0, data["state"])))
    keys = {"level": "competing", "time": "24"}
    assert value(only, "incidence", "incidence", **keys) == 0.0
    assert np.isnan(value(only, "incidence", "conf_low", **keys))
    curve = kaplan_meier(data["time"], data["state"] == 1, conf_type="plain")
    one_minus = 100 * (1 - survival_at(curve, [24]).survival[0])
    assert value(only, "incidence", "incidence", level="event", time="24") == pytest.approx(one_minus)
    never = run(patients(state=np.zeros(N, dtype=int)), PROTOCOL.replace("censored = [0]", "censored = [0, 3]"))
    assert never.results.text("incidence", "method", endpoint="relapse") == (
        "not estimable: cause: there is no event; all are 0 (censored)"
    )
    assert never.results.text("fine_gray", "method", model="fg", endpoint="relapse").startswith("not estimable: ")
    assert "no estimate could be made" in phrase_fine_gray(never.protocol, never.results, never.protocol.model[0])
    assert draw_incidence(never.results, never.protocol, never.protocol.figure[0]) is None


def test_time_past_the_last_patient_has_no_incidence(found):
    later = run(patients(), PROTOCOL.replace("at = [12, 24]", "at = [12, 240]"))
    assert np.isnan(value(later, "incidence", "incidence", level="event", time="240"))
    assert value(later, "incidence", "n_risk", level="event", time="240") == 0
    told = phrase_incidence(later.protocol, later.results, later.protocol.endpoint[0])
    assert "The cumulative incidence" not in told
    assert "The cumulative incidence at 24 months was" in phrase_incidence(
        found.protocol, found.results, found.protocol.endpoint[0]
    )


def test_small_groups_are_masked():
    data = patients()
    arm = np.where(np.arange(N) < 3, "c", np.where(data["arm"] == "c", "a", data["arm"]))
    masked = run(patients(arm=arm), PROTOCOL + "[privacy]\nmin_cell = 5\n")
    keys = {"variable": "arm", "group": "arm=c", "endpoint": "relapse", "level": "event"}
    assert masked.results.text("incidence", "n", **keys, time="12") == "<5"
    for statistic in ("incidence", "conf_low", "std_error"):
        assert masked.results.text("incidence", statistic, **keys, time="12") in {"masked", "–"}
    at = {"variable": "arm", "level": "c", "endpoint": "relapse", "time": "12"}
    assert masked.results.text("rmst", "rmst", **at) in {"masked", "–"}


def test_table_has_both_kinds_by_level_with_grays_test(found):
    table = tabulate_incidence(found.results, found.protocol, found.protocol.endpoint[0])
    rows = texts(table)
    assert [row[0] for row in rows] == [
        "Time to relapse", "All patients", "Arm", "a", "b", "c",
        "Competing events", "All patients", "Arm", "a", "b", "c",
    ]  # fmt: skip
    assert rows[2][-1] == found.results.text("incidence", "p_value", endpoint="relapse", variable="arm", level="event")
    assert "variance of the delta method and log limits" in plain_text(table.notes[0])


def test_figure_begins_at_zero_and_names_grays_test(found):
    drawing = draw_incidence(found.results, found.protocol, found.protocol.figure[0])
    assert drawing.caption.startswith("Cumulative incidence (A) whole and (B) by arm. Ticks mark censored patients")
    assert "Gray P " in drawing.alt
    assert "Time to relapse: " in drawing.alt
    assert "Competing events: " in drawing.alt
    first = found.results.incidence_curve("relapse", "event")[0]
    assert (first.time, first.n_risk) == (1.0, N)
    assert first.incidence < 0.1


def test_fine_gray_model_is_tabulated_with_its_competing_events(found):
    table = tabulate_fine_gray(found.results, found.protocol, found.protocol.model[0])
    assert [row[0] for row in texts(table)] == ["Arm, vs a", "b", "c", "Age, per unit"]
    told = plain_text(table.notes[0])
    assert "competing events. 15.3 events per parameter (3). All factors were kept. Robust Wald χ²" in told
    assert found.results.select("multivariable_cox") == []
    report = assemble_report(StudyFacts(found.protocol, found.results, found.cohort, (), found.records.sources, "x"))
    captions = [plain_text(table.caption) for table in report.tables]
    assert "Fine–Gray model for relapse" in captions
    assert "Cumulative incidence, time to relapse" in captions


def test_patients_without_a_factor_leave_the_fine_gray_model():
    data = patients()
    age = data["age"].copy()
    age[:4] = np.nan
    short = run(patients(age=age))
    assert value(short, "fine_gray", "n", model="fg") == N - 4
    assert value(short, "fine_gray", "n_missing", model="fg") == 4
    note = plain_text(tabulate_fine_gray(short.results, short.protocol, short.protocol.model[0]).notes[0])
    assert "4 left out for a missing factor." in note


def test_note_where_only_kaplan_meier_is_shown():
    panels = 'incidence = [{ endpoint = "relapse" }, { endpoint = "relapse", by = "arm" }]'
    text = PROTOCOL.replace("at = [12, 24]\n", "").replace(panels, 'curves = [{ endpoint = "relapse" }]')
    silent = run(patients(), text)
    [told] = [finding for finding in silent.findings if finding.rule == "COMPETING-CENSORED"]
    assert told.level == "note"
    assert told.sentence.startswith("relapse: patients with a competing event count as censored, so one minus")
    assert not any(finding.rule == "COMPETING-CENSORED" for finding in run(patients()).findings)


def test_restricted_means_and_their_differences(found):
    data = patients()
    both = (data["arm"] == "a") | (data["arm"] == "b")
    pair = compare_restricted_means(
        data["time"][both], data["state"][both] == 1, data["arm"][both], tau=12, conf_level=0.95
    )
    keys = {"variable": "arm", "time": "12"}
    assert value(found, "rmst", "rmst", level="a", **keys) == pytest.approx(pair.first.mean)
    between = {**keys, "group": "arm=a|b", "level": "difference"}
    assert value(found, "rmst", "estimate", **between) == pytest.approx(pair.difference.estimate)
    assert value(found, "rmst", "p_value", **between) == pytest.approx(pair.difference.p_value)
    assert value(found, "rmst", "estimate", **{**between, "level": "ratio"}) == pytest.approx(pair.ratio.estimate)
    told = phrase_restricted_means(found.protocol, found.results)
    mean = found.results.text("rmst", "rmst", endpoint="relapse", time="12")
    assert told.startswith(f"Restricted mean time to relapse up to 12 months was {mean} months (95% CI ")
    rows = texts(tabulate_restricted_means(found.results, found.protocol))
    assert [row[0] for row in rows[-3:]] == ["b less a", "c less a", "c less b"]


def test_mean_past_the_follow_up_of_a_group_says_why():
    later = run(patients(), PROTOCOL.replace("rmst_at = [12]", "rmst_at = [12, 40]"))
    assert later.results.text("rmst", "method", endpoint="relapse", time="40") == (
        "not estimable: the last follow-up is at 35.0 months"
    )
    told = phrase_restricted_means(later.protocol, later.results)
    assert told.endswith(
        "Restricted mean time to relapse up to 40 months is not estimable: the last follow-up is at 35.0 months."
    )
    tabulate_restricted_means(later.results, later.protocol)


TESTS = PROTOCOL.replace('factors = ["arm"]\n[[model]]', 'factors = ["arm"]\ntest = "tarone-ware"\nstrata = "sex"\n'
                         'trend = true\n[[model]]')  # fmt: skip


def test_weighted_test_within_strata_with_trend_and_pairs():
    data = patients()
    sex = [None if k < 2 else s for k, s in enumerate(data["sex"])]
    tested = run(patients(sex=sex), TESTS)
    known = np.arange(N) >= 2
    columns = (data["time"][known], data["state"][known] == 1, data["arm"][known])
    choice = {"weights": "tarone-ware", "strata": data["sex"][known]}
    keys = {"model": "levels", "variable": "arm"}
    assert value(tested, "univariable_km", "statistic", **keys) == pytest.approx(
        rank_test(*columns, **choice).test.statistic
    )
    assert tested.results.text("univariable_km", "method", endpoint="relapse", **keys) == (
        "tarone-ware, stratified by sex"
    )
    assert value(tested, "univariable_km", "n_missing", **keys, level="(strata)") == 2
    trend = trend_test(*columns, scores=[1, 2, 3], **choice).test
    assert value(tested, "univariable_km", "p_value", **keys, level="(trend)") == pytest.approx(trend.p_value)
    p_values = []
    for pair in ("ab", "ac", "bc"):
        two = known & np.isin(data["arm"], list(pair))
        test = rank_test(data["time"][two], data["state"][two] == 1, data["arm"][two], weights="tarone-ware",
                         strata=data["sex"][two]).test  # fmt: skip
        p_values.append(test.p_value)
    ours = [value(tested, "univariable_km", "p_value", **keys, group=f"arm={a}|{b}") for a, b in ("ab", "ac", "bc")]
    assert ours == pytest.approx(holm(p_values).tolist())
    [table] = tested.protocol.table
    block = tabulate_univariable(tested.results, tested.protocol, table, "levels")
    assert texts(block)[-1][0] == "Trend"
    note = plain_text(block.notes[0])
    assert "stratified Tarone–Ware test over the levels of each factor, within the levels of Sex." in note
    assert "Patients whose stratum is not known are left out of the tests." in note


@pytest.mark.parametrize(
    ("word", "named"), [("breslow", "Breslow P "), ("peto-peto", "Peto–Peto P "), ("log-rank", "Log-rank P ")]
)
def test_curves_name_the_test_of_the_study(word, named):
    text = PROTOCOL.replace("incidence = [{", "curves = [{").replace("rmst_at = [12]", f'log_rank = "{word}"')
    tested = run(patients(), text)
    data = patients()
    statistic = rank_test(data["time"], data["state"] == 1, data["arm"], weights=word).test.statistic
    keys = {"model": "levels", "variable": "arm"}
    assert value(tested, "univariable_km", "statistic", **keys) == pytest.approx(statistic)
    facts = StudyFacts(tested.protocol, tested.results, tested.cohort, (), tested.records.sources, "x")
    [(_, drawing), *_] = assemble_report(facts).figures
    assert named in drawing.alt


def test_codes_and_dates_make_events_competing_events_and_censorings():
    dated = PROTOCOL.replace(
        'time = { column = "time", unit = "months" }', 'start = "from"\nstop = "to"\ncutoff = 2020-06-30'
    )
    protocol = parse_protocol(dated, "study.toml", template=TEMPLATE)
    columns = patients(state=[1, 2, 2, 0], time=[1.0] * 4, arm=list("abca"), sex=list("ffmm"), age=[50.0] * 4)
    days = [date(2020, 3, 1), date(2020, 4, 1), date(2020, 8, 1), date(2020, 5, 1)]
    frame = frame_of(columns).with_columns(pl.Series("from", [date(2020, 1, 1)] * 4), pl.Series("to", days))
    records = Records({"patients": frame}, {"patients": "p.csv"}, (Source("p.csv", "0" * 64, 4, 5, ()),))
    endpoint = analyze_study(Study("", protocol, "0" * 64, records, ())).cohort.endpoints["relapse"]
    assert endpoint.event.tolist() == [True, False, False, False]
    assert endpoint.competing.tolist() == [False, True, False, False]  # the third one came after the cutoff
    assert endpoint.time.tolist() == [60, 91, 181, 121]


def findings(state, text=PROTOCOL):
    n = len(state)
    columns = patients(state=state, time=[3.0] * n, arm=["a"] * n, sex=["f"] * n, age=[50.0] * n)
    found = check_records(frame_of(columns), parse_protocol(text, "study.toml", template=TEMPLATE), "p.csv")
    return [(finding.level, finding.rule, finding.sentence) for finding in found if finding.rule.startswith("EVENT")]


UNCENSORED = PROTOCOL.replace(", censored = [0]", "")


@pytest.mark.parametrize(
    ("state", "text", "level", "sentence"),
    [
        ([0, 1, 2, 9], PROTOCOL, "fatal", "this code is in none of values, competing and censored"),
        ([0, 1, 2, 9], UNCENSORED, "fatal", "besides the codes in values and competing, exactly one other code"),
        ([0, 1, 0, 1], PROTOCOL, "warning", "a code of competing never occurs"),
        ([0, 2, 0, 2], UNCENSORED, "fatal", "no code of values occurs in this column"),
        ([0, 2, 0, 2], PROTOCOL, "warning", "nobody had the event"),
        ([0, 1, 2, None], PROTOCOL, "fatal", "the event code is missing"),
    ],
)
def test_codes_of_events_are_checked(state, text, level, sentence):
    told = findings(state, text)
    assert any(found[0] == level and sentence in found[2] for found in told), told


def test_declared_codes_are_in_order():
    assert findings([0, 1, 2, 0]) == []
    assert findings([0, 1, 2, 0], UNCENSORED) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("competing = [2]", "competing = [1, 2]", 'event.competing: the code "1" stands in values already'),
        ("competing = [2]", 'competing = ["0"]', 'event.competing: the code "0" stands in censored already'),
        ("competing = [2]", "competing = []", "competing: at least one value was expected"),
        ("competing = [2], ", "", 'the endpoint "relapse" has no competing events; competing under event names them'),
        ('kind = "fine-gray"', 'kind = "finegray"', '"finegray" is not one of "cox" or "fine-gray"'),
        ('kind = "fine-gray"', 'kind = "fine-gray"\nselect = { method = "none" }', "select: belongs to a Cox model"),
        ('kind = "fine-gray"', 'kind = "fine-gray"\nstrata = ["sex"]', "strata: belongs to a Cox model"),
        ('incidence = [{ endpoint = "relapse" }', 'incidence = [{ endpoint = "OS" }', 'there is no endpoint "OS"'),
        ('by = "arm" }]', 'by = "age" }]', 'the factor "age" needs levels, split or cut to give curves'),
        ('incidence = [{ endpoint = "relapse" }, { endpoint = "relapse", by = "arm" }]', 'forest = "fg"',
         '"fg" is a Fine-Gray model; a Cox model was expected'),
        ("rmst_at = [12]", "rmst_at = [0]", "survival.rmst_at.1: "),
        ("rmst_at = [12]", 'incidence_conf = "logit"', '"logit" is not one of "log", "log-log", "plain".'),
        ("rmst_at = [12]", 'censoring_ties = "right"', '"right" is not one of "at-risk", "left".'),
        ("rmst_at = [12]", 'log_rank = "wilcoxon"', '"wilcoxon" is not one of'),
        ('factors = ["arm"]\n[[model]]', 'factors = ["arm"]\nstrata = "arm"\n[[model]]', "it cannot be both"),
        ('factors = ["arm"]\n[[model]]', 'factors = ["arm"]\nstrata = "age"\n[[model]]',
         'the factor "age" needs levels, split or cut to make strata'),
        ('kind = "univariable"\nendpoints = ["relapse"]', 'kind = "characteristics"\ntrend = true',
         "trend: belongs to a univariable table"),
    ],
)  # fmt: skip
def test_contradictions_are_refused_in_one_sentence(old, new, said):
    assert old in PROTOCOL
    with pytest.raises(ProtocolError) as told:
        parse_protocol(PROTOCOL.replace(old, new), "study.toml", template=TEMPLATE)
    assert said in str(told.value)


def test_choices_about_competing_events_belong_to_studies_that_have_them():
    text = (
        PROTOCOL.replace("competing = [2], ", "")
        .replace('kind = "fine-gray"\n', "")
        .replace("incidence = [", "curves = [")
    )
    assert "survival.incidence_conf" not in parse_protocol(text, "study.toml", template=TEMPLATE).settings()
    assert (
        parse_protocol(PROTOCOL, "study.toml", template=TEMPLATE).settings()["survival.incidence_conf"].value == "log"
    )
    with pytest.raises(ProtocolError, match=r"survival\.incidence_conf: belongs to an endpoint with competing events"):
        parse_protocol(text + 'incidence_conf = "log"\n', "study.toml", template=TEMPLATE)


def test_unknown_code_stops_the_run_with_the_patient(tmp_path):
    (tmp_path / "p.csv").write_text("id,time,state,arm,sex,age\n1,3,1,a,f,50\n2,4,7,b,m,60\n3,5,2,c,m,61\n", "utf-8")
    (tmp_path / "study.toml").write_text(PROTOCOL, "utf-8")
    from oncohort.pipeline import run_study

    with pytest.raises(DataError, match='row 3, patient 2, column "state": "7": this code is in none of values'):
        run_study(tmp_path)
