"""Conditions: three values, exact comparison, criteria with dates, and the reasons of a flow."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncohort.clinical.exact import exact
from oncohort.study.conditions import judge, judge_criterion, judge_eligibility, judge_failures, judge_reason
from oncohort.study.protocol import Condition, Criterion, Reason

KLEENE = {True: 2, None: 1, False: 0}
THREE = st.sampled_from([True, False, None])
TRUE = Condition(column="a", op="==", value="Y")
DECIMAL = st.decimals(min_value=-1000, max_value=100000, places=3).map(float)


def of(*values: bool | None) -> pl.DataFrame:
    """Return one patient of whom the first condition, the second … holds, does not hold, or is not known."""
    word = {True: "Y", False: "N", None: None}
    names = "abcdefgh"
    return pl.DataFrame({names[k]: pl.Series([word[v]], dtype=pl.String) for k, v in enumerate(values)})


def asks(name: str) -> Condition:
    return Condition(column=name, op="==", value="Y")


@given(st.lists(THREE, min_size=1, max_size=4))
def test_all_is_the_least_and_any_the_greatest_of_three_values(values):
    parts = tuple(asks(name) for name in "abcd"[: len(values)])
    ranks = [KLEENE[value] for value in values]
    [every] = judge(of(*values), Condition(all=parts)).to_list()
    [some] = judge(of(*values), Condition(any=parts)).to_list()
    assert (KLEENE[every], KLEENE[some]) == (min(ranks), max(ranks))


@given(THREE, THREE, THREE)
def test_nested_conditions_keep_the_three_values(a, b, c):
    nested = Condition(any=(Condition(all=(asks("a"), asks("b"))), asks("c")))
    [held] = judge(of(a, b, c), nested).to_list()
    assert KLEENE[held] == max(min(KLEENE[a], KLEENE[b]), KLEENE[c])


@given(DECIMAL, DECIMAL, st.sampled_from(["<", "<=", ">", ">="]))
def test_numbers_are_compared_as_their_decimal_texts(value, bound, op):
    compare = {"<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b}
    frame = pl.DataFrame({"x": [value, None]}, schema={"x": pl.Float64})
    held = judge(frame, Condition(column="x", op=op, value=bound)).to_list()
    assert held == [compare[op](exact(value), exact(bound)), None]


@pytest.mark.parametrize(("op", "held"), [("<", False), ("<=", True), (">", False), (">=", True), ("==", True)])
def test_bound_itself_lies_on_the_side_that_the_operator_says(op, held):
    frame = pl.DataFrame({"bilirubin": [51.3]})
    assert judge(frame, Condition(column="bilirubin", op=op, value=51.3, unit="umol/L")).to_list() == [held]


def test_consent_on_the_index_day_is_in_time_and_a_day_later_is_not():
    consent = Criterion(
        id="CONSENT", include=Condition(column="consent", op="present"), before=("index", "first_record")
    )
    frame = pl.DataFrame(
        {
            "consent": [date(2009, 3, 1), date(2009, 3, 2), date(2009, 3, 1), None],
            "index": [date(2009, 3, 1), date(2009, 3, 1), None, date(2009, 3, 1)],
            "first_record": [date(2009, 3, 1)] * 4,
        }
    )
    assert judge_criterion(frame, consent).to_list() == [True, False, True, False], (
        "never treated: no day to be late for"
    )


def test_criterion_not_in_use_is_neither_failed_nor_missing():
    off = Criterion(id="A", include=TRUE, enabled=False)
    [verdict] = judge_eligibility(of(False), [off])
    assert (verdict.status, verdict.failed, verdict.missing) == ("INCLUDED", (), ())


def test_exclusion_that_cannot_be_judged_leaves_the_patient_undetermined():
    verdicts = judge_eligibility(pl.concat([of(None), of(True), of(False)]), [Criterion(id="A", exclude=TRUE)])
    assert [verdict.status for verdict in verdicts] == ["UNDETERMINED", "EXCLUDED", "INCLUDED"]


def test_reason_names_a_failed_criterion_and_the_rest_takes_any():
    criteria = [Criterion(id="A", include=asks("a")), Criterion(id="B", exclude=asks("b"))]
    frame = pl.concat([of(True, False), of(False, False), of(True, True), of(None, False), of(None, True)])
    failures = judge_failures(frame, criteria)
    by_a = Reason(label="A failed", when=Condition(criterion="A"))
    rest = Reason(label="Other", when="any other failed criterion")
    assert judge_reason(frame, by_a, failures).to_list() == [False, True, False, None, None]
    assert judge_reason(frame, rest, failures).to_list() == [False, True, True, None, True]


def test_a_flag_is_compared_with_true_and_false():
    frame = pl.DataFrame({"treated": [True, False, None]})
    assert judge(frame, Condition(column="treated", op="==", value=True)).to_list() == [True, False, None]
