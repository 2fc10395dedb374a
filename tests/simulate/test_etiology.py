"""The cause of the liver disease: dealt as told, within the criteria, and the same in every record of a patient."""

import csv
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path
from random import Random
from typing import get_args

import pytest
from agreement import audited, differences, planted, written_study
from hypothesis import given, settings
from hypothesis import strategies as st
from written_cohort import OUTLINE, plan_of

from oncohort.derive.course import derive_course
from oncohort.errors import DataError, ProtocolError
from oncohort.intake.study import read_study
from oncohort.pipeline import analyze_study
from oncohort.simulate.baseline_tumor import disease_row
from oncohort.simulate.cohort import simulate_cohort
from oncohort.simulate.draw import draw_outlines
from oncohort.simulate.draw_people import draw_treated, patient_ids
from oncohort.simulate.entry import admits
from oncohort.simulate.outline import WITH_HBV, Etiology
from oncohort.simulate.outline_table import read_outlines, write_outlines
from oncohort.simulate.parse_margins import parse_margins
from oncohort.simulate.plausible import ETIOLOGIES
from oncohort.simulate.tally import disagreements
from oncohort.study.parse import parse_protocol
from oncohort.study.template_tables import TEMPLATE

HERE = Path(__file__).parent
TWO_TEXT = (HERE / "two_arms" / "study.toml").read_text(encoding="utf-8")
TWO_MARGINS = (HERE / "two_arms" / "margins.toml").read_text(encoding="utf-8")
PAPER_TEXT = (HERE.parent / "study" / "paper_study.toml").read_text(encoding="utf-8")
PAPER = parse_protocol(PAPER_TEXT, "study.toml", template=TEMPLATE)


def asking(condition):
    """Return the study of two arms with one criterion more, its reason in the flow, and a factor on the cause."""
    criterion = f'[[criterion]]\nid = "CAUSE"\nlabel = "Another cause"\n{condition}\n\n'
    reason = '[[flow.reason]]\nid = "cause"\nlabel = "Another cause"\nwhen = { criterion = "CAUSE" }\n\n'
    factor = '[[factor]]\nid = "etiology"\ncolumn = "baseline_disease.etiology"\nlevels = ["HCV", "HBV+HCV"]\n\n'
    text = TWO_TEXT
    for old, new in (
        ('[[criterion]]\nid = "FIT"', criterion),
        ('[[flow.reason]]\nid = "unfit"', reason),
        ('[[factor]]\nid = "sex"', factor),
    ):
        assert old in text
        text = text.replace(old, new + old)
    return text.replace('factors = ["sex"', 'factors = ["etiology", "sex"')


def protocol_of(text):
    return parse_protocol(text, "study.toml", template=TEMPLATE)


def drawn(margins_text, protocol, seed=1):
    margins = parse_margins(margins_text, "margins.toml", protocol)
    return margins, draw_outlines(margins, protocol, seed, "margins.toml")


def causes_of(outlines):
    return Counter(outline.etiology for outline in outlines)


def treated(outlines):
    return [outline for outline in outlines if outline.course is not None]


TWO_ARMS = protocol_of(TWO_TEXT)
HEPATITIS_C_TEXT = asking('include = { column = "baseline_disease.etiology", op = "in", value = ["HCV", "HBV+HCV"] }')
HEPATITIS_C = protocol_of(HEPATITIS_C_TEXT)
HEPATITIS_C_MARGINS = (
    TWO_MARGINS.replace("screened = 60", "screened = 72")
    .replace("unfit = 9", "cause = 12\nunfit = 9")
    .replace(
        "[baseline]",
        '[baseline]\netiology = { HCV = 34, "HBV+HCV" = 6 }\n'
        "hbv_dna = [{ below = 10000, n = 4 }, { from = 10000, n = 2 }]",
    )
)
FEW = """
[patients]
treated = 16
[excluded]
cause = 5
unfit = 3
liver = 3
other = 2
[baseline]
etiology = { HCV = 11, "HBV+HCV" = 5 }
hbv_dna = [{ below = 10000, n = 3 }, { from = 10000, n = 2 }]
"""


def test_the_causes_are_the_words_of_the_template():
    column = TEMPLATE["baseline_disease"].find("etiology")
    assert column is not None
    assert get_args(Etiology) == column.allowed
    assert {*ETIOLOGIES} == {*column.allowed}


@pytest.mark.parametrize("seed", range(3))
def test_causes_that_are_told_are_dealt_exactly_and_only_hepatitis_b_has_its_dna(seed):
    text = TWO_MARGINS.replace(
        "[baseline]",
        '[baseline]\netiology = { ALCOHOL = 9, HCV = 12, HBV = 14, MASLD = 3, "HBV+HCV" = 2, OTHER = 0 }\n'
        "hbv_dna = [{ from = 100000, n = 6 }, { below = 100000, n = 10 }]",
    )
    margins, outlines = drawn(text, TWO_ARMS, seed)
    patients = treated(outlines)
    assert causes_of(patients) == {"ALCOHOL": 9, "HCV": 12, "HBV": 14, "MASLD": 3, "HBV+HCV": 2}
    assert all((outline.hbv_dna is not None) == (outline.etiology in WITH_HBV) for outline in outlines)
    assert sum(outline.hbv_dna is not None and outline.hbv_dna >= 100000 for outline in patients) == 6
    assert list(disagreements(margins, outlines, TWO_ARMS)) == []


@settings(max_examples=15, deadline=None)
@given(
    st.dictionaries(st.sampled_from(get_args(Etiology)), st.integers(0, 9), min_size=1).filter(
        lambda counts: sum(counts.values()) > 4
    ),
    st.integers(0, 50),
)
def test_any_causes_that_add_up_are_met(counts, seed):
    told = ", ".join(f'"{cause}" = {n}' for cause, n in counts.items())
    text = f"[patients]\ntreated = {sum(counts.values())}\n[baseline]\netiology = {{ {told} }}"
    margins, outlines = drawn(text, TWO_ARMS, seed)
    assert causes_of(outlines) == {cause: n for cause, n in counts.items() if n}
    assert list(disagreements(margins, outlines, TWO_ARMS)) == []


def test_where_no_cause_is_told_all_have_hepatitis_b_as_if_it_were_told():
    _, silent = drawn(TWO_MARGINS, TWO_ARMS)
    _, told = drawn(TWO_MARGINS.replace("[baseline]", "[baseline]\netiology = { HBV = 40 }"), TWO_ARMS)
    assert causes_of(silent) == {"HBV": 60}
    assert silent == told


def test_another_cause_changes_no_other_value_of_a_patient():
    ids = patient_ids(40, 40)
    people = {}
    for cause in ("HBV", "ALCOHOL"):
        text = TWO_MARGINS.replace("[baseline]", f"[baseline]\netiology = {{ {cause} = 40 }}")
        people[cause] = draw_treated(parse_margins(text, "margins.toml", TWO_ARMS), TWO_ARMS, ids, "1")
    for one, other in zip(people["HBV"], people["ALCOHOL"], strict=True):
        assert one.fields | {"etiology": "ALCOHOL", "hbv_dna": None} == other.fields
        assert one.rng.random() == other.rng.random()


@pytest.mark.parametrize(
    ("condition", "cause"),
    [
        ('include = { column = "baseline_disease.hbsag", op = "==", value = "POS" }', "HBV"),
        ('include = { column = "baseline_disease.hbsag", op = "==", value = "NEG" }', "HCV"),
        ('exclude = { column = "baseline_disease.hbsag", op = "==", value = "POS" }', "HCV"),
        ('include = { column = "baseline_disease.etiology", op = "==", value = "HBV+HCV" }', "HBV+HCV"),
        ('include = { column = "baseline_disease.etiology", op = "in", value = ["MASLD", "OTHER"] }', "MASLD"),
        ('exclude = { column = "baseline_disease.etiology", op = "!=", value = "ALCOHOL" }', "ALCOHOL"),
    ],
)
def test_where_no_cause_is_told_all_have_the_first_that_the_criteria_admit(condition, cause):
    protocol = protocol_of(asking(condition))
    _, outlines = drawn("[patients]\ntreated = 12\n[excluded]\ncause = 6\nunfit = 4", protocol)
    assert causes_of(treated(outlines)) == {cause: 12}
    assert {o.etiology for o in outlines if o.excluded == "unfit"} == {cause}
    kept_out = {o.etiology for o in outlines if o.excluded == "cause"}
    assert not any(admits(protocol, "etiology", other) for other in kept_out)


def test_a_high_load_that_is_kept_out_in_hepatitis_b_alone_is_not_drawn():
    negative = '{ column = "baseline_disease.hbsag", op = "==", value = "NEG" }'
    low = '{ column = "baseline_disease.hbv_dna", op = "<", value = 10000 }'
    protocol = protocol_of(asking(f"include = {{ any = [{negative}, {low}] }}"))
    _, outlines = drawn("[patients]\ntreated = 30\n[baseline]\netiology = { HBV = 20, HCV = 10 }", protocol)
    assert causes_of(outlines) == {"HBV": 20, "HCV": 10}
    assert max(outline.hbv_dna for outline in outlines if outline.hbv_dna is not None) < 10000


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ("{ HCV = 39 }", "margins.toml:16 baseline.etiology: the counts add up to 39; 40 patients were expected"),
        ("{ HCV = 30, HCC = 10 }", 'margins.toml:16 baseline.etiology.HCC: "HCC" is not one of "HBV", "HCV"'),
        (
            "{ HCV = 30, HBV = 10 }",
            "baseline.etiology.HBV: 10 are told, but the criteria admit no patient with HBV",
        ),
        (
            '{ HCV = 30, "HBV+HCV" = 10 }\nhbv_dna = [{ below = 100, n = 6 }, { from = 100, n = 5 }]',
            "baseline.hbv_dna: the counts add up to 11; 10 patients with hepatitis B were expected",
        ),
        (
            "{ HCV = 40 }\nhbv_dna = [{ n = 40 }]",
            "baseline.hbv_dna: the counts add up to 40; 0 patients with hepatitis B were expected",
        ),
    ],
)
def test_causes_that_cannot_be_are_refused_with_their_key(told, sentence):
    with pytest.raises(ProtocolError) as refused:
        parse_margins(TWO_MARGINS.replace("[baseline]", f"[baseline]\netiology = {told}"), "margins.toml", HEPATITIS_C)
    assert sentence in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_classes_of_a_virus_that_the_criteria_keep_out_are_refused():
    text = TWO_MARGINS.replace("[baseline]", "[baseline]\nhbv_dna = [{ n = 40 }]")
    with pytest.raises(ProtocolError, match=r"baseline.hbv_dna: .* 0 patients with hepatitis B were expected"):
        parse_margins(text, "margins.toml", HEPATITIS_C)


NOBODY = protocol_of(
    asking(
        'include = { all = [{ column = "baseline_disease.etiology", op = "==", value = "HCV" }, '
        '{ column = "baseline_disease.hbsag", op = "==", value = "POS" }] }'
    )
)
NO_CAUSE = "baseline.etiology: is missing, and no cause of liver disease meets the criteria"


@pytest.mark.parametrize("hbv_dna", ["", "[baseline]\nhbv_dna = [{ n = 4 }]"])
def test_criteria_that_admit_no_cause_are_told(hbv_dna):
    with pytest.raises(ProtocolError, match=NO_CAUSE):
        drawn(f"[patients]\ntreated = 4\n{hbv_dna}", NOBODY)


def test_a_margin_of_causes_that_outlines_do_not_have_is_told_with_both_numbers():
    margins, outlines = drawn(HEPATITIS_C_MARGINS, HEPATITIS_C)
    first = next(outline for outline in outlines if outline.etiology == "HBV+HCV")
    other = [replace(outline, etiology="HCV", hbv_dna=None) if outline is first else outline for outline in outlines]
    told = {".".join(map(str, path)): sentence for path, sentence in disagreements(margins, other, HEPATITIS_C)}
    assert told["baseline.etiology.HCV"] == "34 is told, but the outlines have 35"
    assert told["baseline.etiology.HBV+HCV"] == "6 is told, but the outlines have 5"
    assert told["baseline.hbv_dna"] == "6 is told, but the outlines have 5"


def test_outlines_are_read_back_with_their_causes_and_have_hepatitis_b_without_the_column():
    _, outlines = drawn(HEPATITIS_C_MARGINS, HEPATITIS_C)
    table = write_outlines(outlines, {}, HEPATITIS_C)
    read = read_outlines(table[0], table[1:], "outlines.csv", {}, HEPATITIS_C)
    assert [(o.etiology, o.hbv_dna) for o in read] == [(o.etiology, o.hbv_dna) for o in treated(outlines)]
    _, others = drawn(TWO_MARGINS, TWO_ARMS)
    of_b = write_outlines(others, {}, TWO_ARMS)
    column = of_b[0].index("etiology")
    without = [row[:column] + row[column + 1 :] for row in of_b]
    assert causes_of(read_outlines(without[0], without[1:], "outlines.csv", {}, TWO_ARMS)) == {"HBV": 40}


def test_where_patients_are_given_their_file_says_who_has_hepatitis_b():
    _, outlines = drawn(HEPATITIS_C_MARGINS, HEPATITIS_C)
    given = treated(outlines)
    loads = "hbv_dna = [{ below = 10000, n = 4 }, { from = 10000, n = 2 }]"
    text = f'[patients]\nfile = "own.csv"\ntreated = 40\n[excluded]\nunfit = 30\n[baseline]\n{loads}'
    margins = parse_margins(text, "margins.toml", HEPATITIS_C)
    every = draw_outlines(margins, HEPATITIS_C, 1, "margins.toml", given)
    assert {*causes_of(every[40:])} == {"HCV", "HBV+HCV"}
    assert list(disagreements(margins, every, HEPATITIS_C)) == []


@pytest.mark.parametrize(
    ("cause", "load", "sentence"),
    [
        ("HBV", "", 'column "hbv_dna": "" cannot be; a number was expected with etiology HBV'),
        ("HCV", "300", 'column "hbv_dna": "300" cannot be; an empty cell was expected with etiology HCV'),
        ("HBV", "low", 'column "hbv_dna": "low" cannot be; a number from 0, or empty without hepatitis B was expected'),
        ("", "300", 'column "etiology": "" cannot be; one of HBV, HCV, HBV+HCV, ALCOHOL, MASLD, OTHER, NONE was'),
    ],
)
def test_a_load_that_cannot_go_with_its_cause_is_told(cause, load, sentence):
    _, outlines = drawn(TWO_MARGINS, TWO_ARMS)
    header, first, *_ = write_outlines(outlines, {}, TWO_ARMS)
    row = dict(zip(header, first, strict=True)) | {"etiology": cause, "hbv_dna": load}
    with pytest.raises(DataError) as told:
        read_outlines(header, [[*row.values()]], "outlines.csv", {}, TWO_ARMS)
    assert str(told.value).startswith("outlines.csv, row 2, ")
    assert sentence in str(told.value)


@pytest.mark.parametrize("cause", get_args(Etiology))
def test_the_disease_before_treatment_goes_with_its_cause(cause):
    infected = cause in {"HBV", "HBV+HCV"}
    outline = replace(OUTLINE, etiology=cause, hbv_dna=25000.0 if infected else None)
    rows = [disease_row(outline, {}, plan_of(), Random(seed)) for seed in range(30)]
    assert {row["etiology"] for row in rows} == {cause}
    assert {row["hbsag"] for row in rows} == {"POS" if infected else "NEG"}
    assert {row.get("hbv_dna") for row in rows} == {25000.0 if infected else None}
    assert {row["cirrhosis"] for row in rows} == ({"N"} if cause == "NONE" else {"Y", "N"})
    assert {row["dx_basis"] for row in rows} == {"HISTOLOGY" if cause == "NONE" else "AFP_IMAGING"}


@pytest.mark.parametrize("seed", range(10))
def test_records_of_any_seed_pass_every_check_and_lead_back_to_the_causes(seed, tmp_path):
    _, outlines = drawn(FEW, HEPATITIS_C, seed)
    cohort = simulate_cohort(outlines, HEPATITIS_C, seed, cutoff=date(2018, 3, 31))
    study, course = written_study(cohort, HEPATITIS_C, HEPATITIS_C_TEXT, tmp_path / "study")
    assert [finding.in_full() for finding in study.findings if finding.level != "note"] == []
    assert list(differences(cohort, course)) == []
    assert audited(course) == planted(cohort)


def test_a_study_of_hepatitis_c_has_a_synthetic_twin(oncohort, tmp_path):
    (tmp_path / "study.toml").write_text(HEPATITIS_C_TEXT, encoding="utf-8")
    (tmp_path / "margins.toml").write_text(HEPATITIS_C_MARGINS, encoding="utf-8")
    out = tmp_path / "twin"
    made = oncohort("simulate", tmp_path, "--margins", tmp_path / "margins.toml", "--seed", 1, "--out", out)
    assert made.code == 0, made.err
    checked = oncohort("check", out)
    assert checked.code == 0
    assert "found nothing" in checked.out
    study = read_study(out)
    said = {
        (row.analysis, row.variable, row.level): row.text
        for row in analyze_study(study).results.rows
        if row.population == "all" and not row.group and row.statistic == "n"
    }
    assert said["baseline", "etiology", "HCV"] == "34"
    assert said["baseline", "etiology", "HBV+HCV"] == "6"
    assert said["flow", "cause", "excluded"] == "12"
    with (out / "truth.csv").open(encoding="utf-8", newline="") as file:
        truth = [
            (row["patient_id"], row["rule"], int(row["day"]) if row["verdict"] == "broken" else None)
            for row in csv.DictReader(file)
        ]
    assert audited(derive_course(study.records, study.protocol)) == sorted(truth, key=str)


def test_the_paper_s_protocol_admits_hepatitis_b_alone():
    admitted = {cause for cause in get_args(Etiology) if admits(PAPER, "etiology", cause)}
    assert admitted == {"HBV", "HBV+HCV"}
    _, outlines = drawn((HERE / "paper_margins.toml").read_text(encoding="utf-8"), PAPER)
    assert {*causes_of(outlines)} == {"HBV"}
