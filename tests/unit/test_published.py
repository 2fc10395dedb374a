"""Published numbers: how they are read, refused in words, and compared with the rows of the results."""

import csv
import json
import re
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_json_schema import misfits
from treatment_cohort import protocol_of

from oncohort.analysis.published import compare_number, compare_published, judge
from oncohort.demo import demo_study
from oncohort.errors import ProtocolError
from oncohort.pipeline import run_study
from oncohort.report.document import TableBlock, plain_text
from oncohort.report.published_section import phrase_published, tabulate_differing, tabulate_published
from oncohort.study.compared import as_printed, tally, without_duplicates
from oncohort.study.json_schema import published_schema, schema_text
from oncohort.study.published import decimals, parse_published, precision_of, resolve, setting_in_force
from oncohort.study.results import Results, Row
from oncohort.study.schema_published import Analysis, PublishedNumber, PublishedNumbers, RowKey, Statistic

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "published.md").read_text(encoding="utf-8")
EXAMPLES = [
    text for text in re.findall(r"^```toml\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL) if "number" in text
]
SOURCE = 'source = { citation = "Doe J. J Hepatol 2020;1:1" }\n'
PROTOCOL = protocol_of()
MEDIAN = '{ analysis = "survival", endpoint = "OS", statistic = "median" }'
ROW = f"row = {MEDIAN}"
SEX = 'analysis = "baseline", model = "t", variable = "sex", statistic = "percent"'
ANALYZED = '{ analysis = "flow", level = "analyzed", statistic = "n" }'
ROWS = (
    Row("survival", "median", 10.25, "10.3", endpoint="OS", unit="months"),
    Row("survival", "median", None, "not reached", endpoint="PFS", unit="months"),
    Row("survival", "conf_low", None, "not estimable", endpoint="PFS", unit="months"),
    Row("survival", "n_event", None, "<5", endpoint="PFS", unit="patients"),
    Row("baseline", "percent", 40.0, "40.0", model="t", variable="sex", level="M", unit="%"),
    Row("baseline", "percent", 100 * 19 / 110, "17.3", model="t", variable="sex", level="F", unit="%"),
    Row("flow", "n", 326.0, "326", level="read", unit="patients"),
    Row("flow", "n", 110.0, "110", level="analyzed", unit="patients"),
    Row("comparison", "p_value", 4e-9, "<0.001", model="c", unit=""),
    *(
        Row("multivariable_cox", "selected", value, text, model="m", endpoint="OS", variable=name)
        for name, value, text in (("age", 1.0, "yes"), ("sex", 0.0, "no"), ("ecog", 1.0, "yes"))
    ),
)
RESULTS = Results(ROWS, (), ())


def read(text: str) -> PublishedNumbers:
    return parse_published(SOURCE + text, "published.toml", PROTOCOL)


def one(keys: str) -> PublishedNumber:
    """Return a number from the keys that matter."""
    [number] = read(f'number = [ {{ id = "x", place = "Abstract", {keys} }} ]').number
    return number


def compared(keys: str):
    return compare_number(one(keys), RESULTS, PROTOCOL)


def told(text: str) -> list[str]:
    with pytest.raises(ProtocolError) as refused:
        read(text)
    return str(refused.value).splitlines()


@pytest.mark.parametrize(
    ("printed", "value", "verdict"),
    [
        ("40.1", 40.0, "differs"),
        ("23.7", 100 * 26 / 110, "differs"),
        ("23.6", 100 * 26 / 110, "equal"),
        ("46.3", 100 * 51 / 110, "differs"),
        ("31.3", 100 * 10 / 32, "equal"),
        ("31.2", 100 * 10 / 32, "equal_tie"),
        ("0.58", 0.575, "equal"),
        ("0.57", 0.575, "equal_tie"),
        ("0.576", 0.5755, "equal"),
        ("10", 10.4999, "equal"),
        ("10", 10.5, "equal_tie"),
        ("10.0", 10.4999, "differs"),
        ("2.68", 2.675, "equal"),
        ("0.1", (0.1 + 0.2) / 2, "equal_tie"),
        ("0.2", (0.1 + 0.2) / 2, "equal"),
        ("0.000", 0.00049, "equal"),
        ("0.000", 0.0005, "equal_tie"),
        ("-1.5", -1.45, "equal"),
        ("7.50", 7.5, "equal"),
    ],
)
def test_value_is_rounded_half_up_at_the_printed_decimals(printed, value, verdict):
    assert judge(value, PublishedNumber(id="x", place="", value=Decimal(printed))) == verdict


@pytest.mark.parametrize(
    ("op", "value", "verdict"),
    [
        ("<", 0.05, "differs"),
        ("<", 0.0499999, "equal"),
        ("<=", 0.05, "equal"),
        (">", 0.05, "differs"),
        (">=", 0.05, "equal"),
        (">=", 0.04, "differs"),
        ("~", 0.06, "equal"),
        ("~", 0.04, "equal"),
        ("~", 0.061, "differs"),
    ],
)
def test_bound_is_compared_with_the_full_value(op, value, verdict):
    assert judge(value, PublishedNumber(id="x", place="", value=Decimal("0.05"), op=op)) == verdict


@given(st.decimals(-1000, 1000, places=2), st.integers(-49, 49))
def test_value_less_than_half_a_unit_away_is_equal_and_any_other_is_not(printed, hundredths):
    near = float(printed + Decimal(hundredths) / 10000)
    far = float(printed + Decimal(hundredths + (51 if hundredths >= 0 else -51)) / 10000)
    number = PublishedNumber(id="x", place="", value=printed)
    assert judge(near, number) == "equal"
    assert judge(far, number) == "differs"


def test_precision_may_be_finer_than_what_was_printed():
    row = f"value = 10, row = {MEDIAN}"
    assert compared(row).verdict == "equal"
    assert compared(f"precision = 1, {row}").verdict == "differs"


def test_digits_are_kept_as_they_were_printed():
    number = one(f"value = 10.30, row = {MEDIAN}")
    assert (as_printed(number), precision_of(number), decimals(number.value)) == ("10.30", 2, 2)
    assert as_printed(one(f'op = "<", value = 0.001, row = {MEDIAN}')) == "<0.001"


def test_recomputed_value_is_shown_at_the_printed_decimals_and_kept_in_full():
    item = compared(f"value = 10.4, row = {MEDIAN}")
    assert (item.verdict, item.recomputed, item.value) == ("differs", "10.3", 10.25)
    assert item.key == "survival,,OS,all,,,,,median"


def test_tie_is_shown_with_the_digit_that_makes_it_one():
    item = compared(f"value = 10.2, row = {MEDIAN}")
    assert (item.verdict, item.recomputed) == ("equal_tie", "10.25")
    assert "half up" in item.reason


def test_median_that_is_not_reached_differs_from_a_number_and_equals_its_words():
    key = 'row = { analysis = "survival", endpoint = "PFS", statistic = "median" }'
    item = compared(f"value = 10.3, {key}")
    assert (item.verdict, item.recomputed, item.value) == ("differs", "not reached", None)
    assert compared(f'value = "not reached", {key}').verdict == "equal"
    assert compared(f'value = "not reached", row = {MEDIAN}').verdict == "differs"


@pytest.mark.parametrize(
    ("statistic", "reason"),
    [("conf_low", "the results say: not estimable"), ("n_event", "the results say: <5")],
)
def test_row_without_a_number_says_why(statistic, reason):
    item = compared(f'value = 1, row = {{ analysis = "survival", endpoint = "PFS", statistic = "{statistic}" }}')
    assert (item.verdict, item.reason, item.recomputed) == ("not_recomputable", reason, "")


def test_row_that_there_is_not_makes_one_warning_for_all():
    numbers = ", ".join(
        f'{{ id = "n{k}", place = "a", value = 1, row = {{ analysis = "deaths", statistic = "n", level = {k} }} }}'
        for k in range(7)
    )
    results, findings = compare_published(RESULTS, read(f"number = [ {numbers} ]"), PROTOCOL)
    assert {item.verdict for item in results.published.numbers} == {"not_recomputable"}
    [finding] = findings
    assert finding.rule == "PUBLISHED-ROW"
    assert finding.sentence.endswith("n0, n1, n2, n3, n4 and 2 more")


def test_reason_of_the_author_takes_the_place_of_ours_and_warns_no_more():
    text = 'number = [ { id = "x", place = "a", value = 1, reason = "was not recorded" } ]'
    results, findings = compare_published(RESULTS, read(text), PROTOCOL)
    assert [item.reason for item in results.published.numbers] == ["was not recorded"]
    assert findings == []


def test_reason_is_told_only_where_the_number_is_not_equal():
    assert compared(f'value = 10.3, reason = "misprint", row = {MEDIAN}').reason == ""
    assert compared(f'value = 10.9, reason = "misprint", row = {MEDIAN}').reason == "misprint"


def test_impossible_number_that_comes_out_is_a_warning():
    text = f'number = [ {{ id = "x", place = "a", value = 10.3, cannot_be = true, reason = "r", row = {MEDIAN} }} ]'
    [finding] = compare_published(RESULTS, read(text), PROTOCOL)[1]
    assert finding.rule == "PUBLISHED-POSSIBLE"


def test_sum_and_difference_of_rows():
    screened = '{ analysis = "flow", statistic = "n", level = "read" }'
    item = compared(f'value = 216, rows = [ {screened}, {ANALYZED} ], how = "difference"')
    assert (item.verdict, item.value) == ("equal", 216)
    assert item.key == "flow,,,all,,,read,,n - flow,,,all,,,analyzed,,n"
    both = f'[ {{ {SEX}, level = "M" }}, {{ {SEX}, level = "F" }} ]'
    assert compared(f'value = 57.3, rows = {both}, how = "sum"').verdict == "equal"
    lost = f'[ {{ {SEX}, level = "M" }}, {{ {SEX}, level = "X" }} ]'
    assert compared(f'value = 57.3, rows = {lost}, how = "sum"').verdict == "not_recomputable"


def test_selected_factors_are_compared_as_a_set():
    row = 'row = { analysis = "multivariable_cox", endpoint = "OS", statistic = "selected", model = '
    assert compared(f'value = ["ecog", "age"], {row} "m" }}').verdict == "equal"
    item = compared(f'value = ["ecog"], {row} "m" }}')
    assert (item.verdict, item.recomputed) == ("differs", "age, ecog")
    assert compared(f'value = ["ecog"], {row} "other" }}').verdict == "not_recomputable"


def test_time_is_compared_in_the_unit_that_was_printed():
    assert compared(f'value = 312, unit = "days", row = {MEDIAN}').verdict == "equal"
    assert compared(f'value = 44.6, unit = "weeks", row = {MEDIAN}').verdict == "equal"
    share = compared(f'value = 40.0, unit = "weeks", row = {{ {SEX}, level = "M" }}')
    assert share.reason == "the results give it in %, not as a time"


@pytest.mark.parametrize(
    ("keys", "verdict"),
    [
        ('value = 400, setting = "drug.sorafenib.levels.FULL.dose_mg"', "protocol"),
        ('value = 8, unit = "weeks", setting = "imaging.every_days"', "protocol"),
        ('value = 51.3, setting = "criterion.BILIRUBIN.include.value"', "protocol"),
        ('value = 51, setting = "criterion.BILIRUBIN.include.value"', "differs"),
        ('value = 5, setting = "criterion.ALT_AST.include.all.1.value"', "protocol"),
        ('value = "> 56", setting = "response.sd_min_days"', "protocol"),
        ('value = "breslow", setting = "survival.ties"', "protocol"),
        ('value = 0.10, setting = "model.cox_pfs.select.enter"', "protocol"),
        ('value = 0.05, setting = "study.accrual.first"', "differs"),
        ('value = 2, setting = "drug.sorafenib.rule.DOSE-PAUSE.go"', "not_recomputable"),
    ],
)
def test_choice_of_the_protocol_is_compared_with_the_one_in_force(keys, verdict):
    assert compared(f'cls = "protocol", {keys}').verdict == verdict


def test_setting_is_looked_up_where_the_profile_made_it():
    assert setting_in_force(PROTOCOL, "response.confirm_days") == 28
    assert setting_in_force(PROTOCOL, "arm.levels.tace.TACE.op") == ">="


def test_cited_number_is_never_recomputable():
    item = compared('cls = "cited", value = 6.5')
    assert (item.verdict, item.reason, item.key) == ("not_recomputable", "cited from another publication", "")


def test_duplicate_takes_over_what_it_does_not_say():
    text = f"""number = [
        {{ id = "a", place = "Results", value = 10.9, reason = "misprint", row = {MEDIAN} }},
        {{ id = "b", place = "Abstract", value = 11, duplicate_of = "a" }},
        {{ id = "c", place = "Abstract", value = 110, duplicate_of = "a", row = {ANALYZED} }},
    ]"""
    numbers = read(text)
    assert resolve(numbers.number[1], numbers).row == RowKey(analysis="survival", endpoint="OS", statistic="median")
    results, _ = compare_published(RESULTS, numbers, PROTOCOL)
    assert [(i.verdict, i.reason) for i in results.published.numbers] == [
        ("differs", "misprint"),
        ("differs", "misprint"),
        ("equal", ""),
    ]
    assert tally(results.published.numbers)["differs"] == 2
    assert [i.number.id for i in without_duplicates(results.published.numbers)] == ["a"]


def test_study_without_published_numbers_is_left_as_it_is():
    assert compare_published(RESULTS, None, PROTOCOL) == (RESULTS, [])


GOOD = f'{{ id = "a", place = "Abstract", value = 1, {ROW} }}'
TWICE = f"rows = [ {MEDIAN}, {MEDIAN} ]"


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ("vaule = 1", 'number.x.vaule: there is no such key. Did you mean "value"?'),
        ('value = 1, duplicate_of = "aa"', 'duplicate_of: there is no other number "aa". Did you mean "a"?'),
        ('value = 1, duplicate_of = "x"', 'number.x.duplicate_of: there is no other number "x".'),
        (f"value = 1, precision = -1, {ROW}", "number.x.precision: -1: input should be greater than or equal to 0"),
        (f"value = 1.25, precision = 1, {ROW}", "precision: 1 is less than the decimals of 1.25, which was printed"),
        (
            'value = 1, row = { analysis = "survial", statistic = "n" }',
            'row.analysis: "survial" is not one of "flow", ',
        ),
        ('value = 1, row = { analysis = "survial", statistic = "n" }', 'Did you mean "survival"?'),
        ('value = 1, row = { analysis = "survival", statistic = "meidan" }', 'Did you mean "median"?'),
        ('value = 1, row = { analysis = "survival" }', "number.x.row.statistic: is missing"),
        ("value = 1", "number.x.row: is missing: what answers the number, or a reason why nothing does"),
        ('value = 1, cls = "protocol"', "number.x.setting: is missing"),
        ('value = 3, cls = "protocol", setting = "procedure.TACE.maxmum"', 'no key "maxmum" in study.toml. Did'),
        ('value = 1, cls = "protocol", setting = "procedure.TACE"', '"procedure.TACE" of study.toml holds several'),
        ('value = 1, cls = "protocol", setting = "study.alpha", unit = "days"', '"study.alpha" ends with no unit'),
        ('value = 1, setting = "study.alpha"', 'number.x.setting: cannot answer a number whose cls is "result"'),
        (f'value = 1, cls = "cited", {ROW}', 'number.x.row: cannot answer a number whose cls is "cited"'),
        (f'value = 1, {ROW}, {TWICE}, how = "sum"', "number.x.rows: answers a number that row answers already"),
        (f"value = 1, {TWICE}", "number.x.how: goes with rows"),
        (f'value = 1, {ROW}, how = "sum"', "number.x.how: goes with rows"),
        (f"value = true, {ROW}", "number.x.value: True: a number as it was printed"),
        (f'value = "12.7", {ROW}', 'number.x.value: "12.7": a number as it was printed'),
        (f"value = inf, {ROW}", "number.x.value: Infinity: a number as it was printed"),
        (f"value = [], {ROW}", "number.x.value: []: a number as it was printed"),
        (f'value = ["a"], {ROW}', 'number.x.row.statistic: "selected" was expected'),
        (f'value = "NR", op = "<", {ROW}', "number.x.op: goes with a number; value is none"),
        (f"value = 1, cannot_be = true, {ROW}", "number.x.reason: is missing: why no data can give the number"),
    ],
)
def test_mistake_is_told_with_its_line(keys, sentence):
    lines = told(f'number = [\n    {GOOD},\n    {{ id = "x", place = "a", {keys} }},\n]')
    assert all(line.startswith("published.toml:4 number.x") for line in lines)
    assert any(sentence in line for line in lines)


def test_id_that_another_number_has_is_refused():
    assert told(f"number = [\n    {GOOD},\n    {GOOD},\n]") == [
        'published.toml:4 number.a.id: "a" is the id of another number already'
    ]


def test_duplicate_of_a_duplicate_is_refused():
    text = f"""number = [
        {{ id = "a", place = "b", value = 1, row = {MEDIAN} }},
        {{ id = "b", place = "b", value = 1, duplicate_of = "a" }},
        {{ id = "c", place = "b", value = 1, duplicate_of = "b" }},
    ]"""
    assert told(text) == ['published.toml:5 number.c.duplicate_of: "b" repeats another number itself; "a" was expected']


def test_all_mistakes_are_told_at_once_in_the_long_form_too():
    lines = told('[[number]]\nid = "a"\nplace = "b"\nvalue = 1\nrow = { analysis = "flow" }\n[[number]]\nid = "b"\n')
    assert [line.partition(":")[2].partition(" ")[0] for line in lines] == ["6", "7", "7"]


def test_text_that_is_no_toml_is_told():
    assert told("number = [")[0].startswith("published.toml: this is not TOML: ")


def test_section_tells_both_counts_and_what_cannot_be():
    why, men = 'cannot_be = true, reason = "44 of 110 are 40.0 percent",', f'{{ {SEX}, level = "M" }}'
    text = f"""number = [
        {{ id = "a", place = "Results", value = 10.3, row = {MEDIAN} }},
        {{ id = "b", place = "Abstract", value = 10.3, duplicate_of = "a" }},
        {{ id = "c", place = "Table I", statistic = "percent", group = "men", value = 40.1, {why} row = {men} }},
        {{ id = "d", place = "Methods", value = 0.05, cls = "protocol", setting = "study.alpha" }},
        {{ id = "e", place = "Discussion", value = 6.5, cls = "cited" }},
    ]"""
    published = compare_published(RESULTS, read(text), PROTOCOL)[0].published
    assert phrase_published(published) == (
        "Of Doe J. J Hepatol 2020;1:1, 5 (4) numbers are compared. Counts in brackets leave out the numbers that "
        "repeat another one. 3 (2) results: 2 (1) equal as printed and 1 (1) different. 1 (1) of the different ones "
        "cannot be right, whatever the data. 1 (1) choice of the protocol: 1 (1) in force here. 1 (1) number of other "
        "publications: 1 (1) not recomputable."
    )
    differing = tabulate_differing(published)
    assert grid(differing) == [
        ["Table I", "", "", ""],
        ["percent (men)", "40.1", "40.0", "impossible: 44 of 110 are 40.0 percent"],
    ]
    assert grid(tabulate_published(published)) == [
        ["Results", "", "", ""],
        ["a", "10.3", "10.3", "equal"],
        ["Abstract", "", "", ""],
        ["b", "10.3", "10.3", "equal"],
        ["Table I", "", "", ""],
        ["percent (men)", "40.1", "40.0", "differs"],
        ["Methods", "", "", ""],
        ["d", "0.05", "0.05", "in force"],
        ["Discussion", "", "", ""],
        ["e", "6.5", "–", "of another publication"],
    ]


def test_section_has_no_table_of_what_differs_where_all_is_equal():
    equal = f'number = [ {{ id = "a", place = "b", value = 10.3, {ROW} }} ]'
    assert tabulate_differing(compare_published(RESULTS, read(equal), PROTOCOL)[0].published) is None


def test_file_of_the_paper_holds_every_number_and_those_that_one_row_a_patient_can_give():
    text = (ROOT / "src" / "oncohort" / "demos" / "sorafenib" / "published.toml").read_text(encoding="utf-8")
    published = parse_published(text, "published.toml", protocol_of())
    numbers = {number.id: number for number in published.number}
    assert Counter(number.cls for number in numbers.values()) == {"result": 342, "protocol": 15, "cited": 13}
    assert sum(number.duplicate_of is not None for number in numbers.values()) == 35
    assert not [n.id for n in numbers.values() if n.cls == "result" and not n.duplicate_of and not (n.row or n.rows)]
    table = (ROOT / "tests" / "study" / "paper" / "published.csv").read_text(encoding="utf-8")
    of_table_study = list(csv.DictReader(table.splitlines()))
    assert len(of_table_study) == 224
    for line in of_table_study:
        number = numbers[line["id"]]
        assert (number.op, precision_of(number)) == (line["op"], int(line["precision"])), number.id
        assert number.value == Decimal(line["published"]), number.id


def test_every_row_of_a_study_can_be_named():
    with demo_study("sorafenib_table") as folder:
        rows = run_study(folder).results.rows
    assert {row.analysis for row in rows} <= set(get_args(Analysis))
    assert {row.statistic for row in rows} <= set(get_args(Statistic))


def grid(table: TableBlock) -> list[list[str]]:
    return [[plain_text(cell.text) for cell in row.cells] for row in table.body]


@pytest.mark.parametrize("text", EXAMPLES, ids=lambda text: text.partition("\n")[0])
def test_example_of_the_document_is_read(text):
    whole = text if "source" in text else SOURCE + text
    assert parse_published(whole, "published.toml", PROTOCOL).number


def test_every_key_is_in_the_document():
    words = {word for span in re.findall(r"`([^`\n]+)`", DOCUMENT) for word in re.findall(r"\w+", span)}
    for model in (*PublishedNumbers.model_fields, *PublishedNumber.model_fields, *RowKey.model_fields):
        assert model in words | set(re.findall(r"^## (\w+)", DOCUMENT, re.MULTILINE)), model


def test_schema_for_editors_is_what_the_code_prints(monkeypatch):
    schema = published_schema()
    assert (ROOT / "docs" / "published.schema.json").read_text(encoding="utf-8") == schema_text(schema)
    assert "null" not in json.dumps(schema)
    assert all(key.get("description") for table in schema["$defs"].values() for key in table["properties"].values())
    monkeypatch.setattr("test_json_schema.SCHEMA", schema)
    number = {"id": "a", "place": "b", "value": 1.5, "row": {"analysis": "flow", "statistic": "n", "level": 2}}
    assert misfits({"source": {"citation": "x"}, "number": [number]}, schema) == []
    assert misfits({"source": {"citation": "x"}, "number": [{**number, "op": "=="}]}, schema)
