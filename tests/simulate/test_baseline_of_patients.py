"""Records before treatment: classes, diagnosis, judgments, and who is kept out for which reason."""

from dataclasses import replace
from random import Random

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from written_cohort import OUTLINE, as_records, outline, plan_of

from oncohort.derive.course import derive_course
from oncohort.derive.eligibility import derive_entry
from oncohort.errors import DataError
from oncohort.intake.record_checks import check_record_tables
from oncohort.simulate.baseline_records import baseline_rows, draw_baseline
from oncohort.simulate.rows import joined
from oncohort.simulate.verdicts import failed_criteria, holds, reason_of
from oncohort.study.conditions import judge, judge_failures, judge_reason
from oncohort.study.protocol import Condition
from oncohort.study.template_tables import TEMPLATE

PLAN = plan_of()
REASONS = {
    "child_pugh_c": "C",
    "child_pugh_b_bilirubin": "B",
    "previous_treatment.prior_hepatectomy": "A",
    "previous_treatment.prior_chemotherapy": "B",
    "previous_treatment.prior_tace_ablation": "A",
    "previous_treatment.prior_radiotherapy": "B",
    "previous_treatment": "A",
    "other_criteria": "A",
}


def screened(excluded, cls, **changes):
    return replace(OUTLINE, patient_id="SCR-001", excluded=excluded, child_pugh_class=cls, course=None, **changes)


def derived(*outlines, seed=1):
    rows = joined(draw_baseline(one, PLAN, Random(f"{seed} {one.patient_id}")).rows for one in outlines)
    records = as_records(rows)
    return rows, records, derive_course(records, PLAN.protocol)


@pytest.mark.parametrize("excluded", list(REASONS))
def test_the_flow_has_who_was_excluded_under_the_reason_of_the_outline(excluded):
    rows, records, course = derived(screened(excluded, REASONS[excluded]))
    entry = derive_entry(course.derived.patients, PLAN.protocol, TEMPLATE, "")
    reason, _, part = excluded.partition(".")
    assert [step.id for step in entry.flow if step.n_out] == [reason]
    if part:
        (step,) = (step for step in entry.flow if step.id == reason)
        assert {found.id: found.n for found in step.parts}[part] == 1
    assert course.derived.patients["child_pugh_class"].to_list() == [REASONS[excluded]]
    assert course.derived.reconciliation["agrees"].all()
    assert check_record_tables(records.tables, records.files).findings == ()
    assert "first_sorafenib_date" not in rows["subjects"][0]


def test_the_day_of_screening_lies_two_weeks_before_the_planned_first_dose():
    rows, _, _ = derived(screened("child_pugh_c", "C"))
    assert (OUTLINE.start - rows["subjects"][0]["screening_date"]).days == 14


def test_a_treated_patient_meets_all_criteria_and_every_judgment_agrees():
    for cls in ("A", "B"):
        _, _, course = derived(*(outline(f"SYN-{k:03d}", child_pugh_class=cls) for k in range(12)))
        assert course.derived.patients["eligibility"].to_list() == ["INCLUDED"] * 12
        assert course.derived.patients["child_pugh_class"].to_list() == [cls] * 12
        assert course.derived.reconciliation.height == 12 * 11
        assert course.derived.reconciliation["agrees"].all()


@pytest.mark.parametrize(
    ("afp", "differentiation", "basis", "biopsy", "typical"),
    [
        (401.0, "", "AFP_IMAGING", "ND", "Y"),
        (400.0, "", "HISTOLOGY", "HCC", "Y"),
        (9000.0, "POOR", "HISTOLOGY", "HCC", "N"),
        (12.0, "WELL", "HISTOLOGY", "HCC", "Y"),
    ],
)
def test_diagnosis_rests_on_high_marker_and_imaging_or_on_histology(afp, differentiation, basis, biopsy, typical):
    one = outline(afp_ng_per_ml=afp, differentiation=differentiation)
    (row,) = draw_baseline(one, PLAN, Random(1)).rows["baseline_disease"]
    assert (row["dx_basis"], row["biopsy_result"], row["typical_imaging"]) == (basis, biopsy, typical)
    assert row["differentiation"] == (differentiation or "ND")


def test_the_tumor_of_a_chemoembolized_patient_fills_less_of_the_liver_than_allowed():
    shares = {}
    for arm in ("tace", "sorafenib"):
        one = outline(max_diam_mm=193.0, n_tumours=6, arm=arm)
        (row,) = draw_baseline(one, PLAN, Random(2)).rows["baseline_disease"]
        shares[arm] = row["tumour_burden_pct"]
    assert shares["tace"] < 50 < shares["sorafenib"]


def test_a_liver_toxicity_to_come_finds_a_lower_grade_before_treatment():
    for seed in range(10):
        rows = draw_baseline(outline(worst_grades={"LIVER TOXICITY": 1, "ANEMIA": 1}), PLAN, Random(seed)).rows
        values = {row["test"]: row["value"] for row in rows["labs"]}
        assert values["BILI"] <= 20.5
        assert values["HGB"] >= 110


def test_a_reason_that_the_flow_does_not_have_is_refused():
    with pytest.raises(DataError, match='SCR-001: "moved" is no reason of the flow; one of child_pugh_c'):
        baseline_rows(screened("moved", "A"), PLAN.protocol, Random(1))
    with pytest.raises(DataError, match='"prior_tea" is no part of the reason "previous_treatment"'):
        baseline_rows(screened("previous_treatment.prior_tea", "A"), PLAN.protocol, Random(1))


def test_findings_that_no_patient_of_the_class_has_are_refused():
    with pytest.raises(DataError, match=r"SCR-001: no findings of class A keep the patient out for .child_pugh_c"):
        draw_baseline(screened("child_pugh_c", "A"), PLAN, Random(1))


def test_baseline_rows_are_those_of_the_gathered_protocol():
    one = screened("child_pugh_b_bilirubin", "B")
    rows = draw_baseline(one, PLAN, Random(3)).rows
    plain = baseline_rows(one, PLAN.protocol, Random(3))
    assert {table: own for table, own in plain.items() if table != "subjects"} == {
        table: own for table, own in rows.items() if table != "subjects"
    }


VALUES = st.fixed_dictionaries(
    {
        "child_pugh_class": st.sampled_from(["A", "B", "C", None]),
        "child_pugh_score": st.sampled_from([5.0, 8.0, 9.0, 11.0, None]),
        "bilirubin": st.sampled_from([17.0, 51.2, 51.3, 51.4, None]),
        "platelets": st.sampled_from([27.0, 50.0, 50.1, None]),
        "baseline_disease.prior_hepatectomy": st.sampled_from(["Y", "N", None]),
        "baseline_disease.prior_radiotherapy": st.sampled_from(["Y", "N", None]),
    }
)
TYPES = {"child_pugh_score": pl.Float64, "bilirubin": pl.Float64, "platelets": pl.Float64}


@given(values=VALUES)
def test_one_patient_is_judged_as_whole_tables_are(values):
    protocol = PLAN.protocol
    asked = [c for c in protocol.criterion if c.id in {"FIRST_LINE", "CHILD_PUGH", "BILIRUBIN", "PLATELETS"}]
    known = values | {f"baseline_disease.prior_{name}": "N" for name in ("chemotherapy", "tace_ablation")}
    frame = pl.DataFrame({name: pl.Series([value], dtype=TYPES.get(name, pl.String)) for name, value in known.items()})
    failures = judge_failures(frame, asked)
    failed = failed_criteria(asked, known)
    assert failed == {name: series.to_list()[0] for name, series in failures.items()}
    first = next(
        (
            reason.id
            for reason in protocol.flow.reason
            if judge_reason(frame, reason, failures).fill_null(value=False).to_list()[0]
        ),
        "",
    )
    assert reason_of(protocol, known, failed) == first


@given(
    value=st.sampled_from([None, 1.0, 2.0, 3.0]),
    op=st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "present", "absent"]),
)
def test_every_comparison_is_that_of_the_conditions(value, op):
    condition = Condition(column="x", op=op, value=None if op in {"present", "absent"} else 2)
    expected = judge(pl.DataFrame({"x": pl.Series([value], dtype=pl.Float64)}), condition).to_list()[0]
    assert holds(condition, {"x": value}, {}) == expected
