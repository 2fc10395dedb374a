"""Which adverse events count: bounds of the window, worsening, what is missing, worst grade, attribution."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from oncohort.clinical.adverse_events import (
    DRUG_RELATED,
    RELATIONS,
    RULES,
    TreatmentWindow,
    is_drug_related,
    is_treatment_emergent,
    worst_grade,
)
from oncohort.errors import DataError

WINDOW = TreatmentWindow(first_dose_day=0, last_dose_day=120, window_days=30)
DAYS = st.integers(-10, 40)


def emerges(start, end, *, grade=2, baseline=0, worse=False, window=WINDOW):
    return is_treatment_emergent(
        start, end, window=window, grade=grade, baseline_grade=baseline, worse_than_baseline=worse
    )


@pytest.mark.parametrize(("start", "counts"), [(-1, False), (0, True), (120, True), (150, True), (151, False)])
@pytest.mark.parametrize("worse", [False, True])
def test_both_ends_of_the_window_count(start, counts, worse):
    assert emerges(start, start, worse=worse).value is counts


@pytest.mark.parametrize(
    ("start", "end", "grade", "baseline", "counts"),
    [
        (-9, 20, 2, 2, False),
        (-9, 20, 3, 2, True),
        (-9, 20, 1, 2, False),
        (-9, 0, 3, 2, True),
        (-9, -1, 3, 2, False),
        (5, 20, 2, 2, False),
        (5, 20, 2, 0, True),
        (151, 160, 4, 1, False),
    ],
)
def test_worsening_in_the_window_decides_where_it_is_asked_for(start, end, grade, baseline, counts):
    assert emerges(start, end, grade=grade, baseline=baseline, worse=True).value is counts


@pytest.mark.parametrize(
    ("start", "end", "initial", "grade", "counts"),
    [
        (-12, -11, 2, 2, False),
        (353, 354, 0, 2, True),
        (353, 354, 0, 3, True),
        (353, 354, 0, 1, True),
        (-9, 20, 2, 2, False),
        (-9, 20, 2, 4, True),
        (-9, 20, 2, 1, False),
        (-9, 20, 3, 2, False),
        (-9, 20, 1, 2, True),
    ],
)
def test_cases_of_the_phuse_white_paper(start, end, initial, grade, counts):
    """As in test 12 of pharmaverse/admiral @6eb5125, test-derive_var_trtemfl.R, in days from the first dose."""
    window = TreatmentWindow(first_dose_day=0, last_dose_day=364, window_days=0)
    assert emerges(start, end, grade=grade, baseline=initial, worse=True, window=window).value is counts


def test_event_without_end_goes_on_and_says_so():
    assert emerges(-9, None, grade=3, baseline=2, worse=True).value is True
    assert emerges(-9, None, grade=3, baseline=2, worse=True).missing == ("end_day",)
    assert emerges(9, None, grade=3, baseline=2, worse=True).missing == ()


@pytest.mark.parametrize(
    ("start", "end", "worse", "value"),
    [
        (None, -1, False, False),
        (None, -1, True, False),
        (None, 100, False, None),
        (None, 100, True, True),
        (None, 151, True, None),
        (None, None, False, None),
        (None, None, True, None),
    ],
)
def test_unknown_start_leaves_open_what_it_can_change(start, end, worse, value):
    answer = emerges(start, end, worse=worse)
    assert answer.value is value
    assert "start_day" in answer.missing
    assert answer.possible == ((True, False) if value is None else (value,))


def test_unknown_last_dose_closes_no_day_of_its_window():
    going_on = TreatmentWindow(first_dose_day=0, last_dose_day=None, window_days=30)
    assert emerges(30, 40, window=going_on).value is True
    assert emerges(31, 40, window=going_on).value is None
    assert emerges(31, 40, window=going_on).missing == ("last_dose_day",)
    assert emerges(-1, 40, window=going_on).value is False


def test_patient_without_first_dose_has_no_answer():
    untreated = TreatmentWindow(first_dose_day=None, last_dose_day=None, window_days=30)
    assert emerges(3, 4, window=untreated).missing == ("first_dose_day", "last_dose_day")


def test_grades_that_are_missing_matter_only_where_worsening_is_asked_for():
    assert emerges(5, 9, grade=None, baseline=None).value is True
    assert emerges(5, 9, grade=None, baseline=None).missing == ()
    assert emerges(5, 9, grade=3, baseline=None, worse=True).missing == ("baseline_grade",)
    assert emerges(5, 9, grade=5, baseline=None, worse=True).value is True
    assert emerges(5, 9, grade=None, baseline=0, worse=True).value is True
    assert emerges(-9, -5, grade=None, baseline=None, worse=True).value is False


@given(
    st.none() | DAYS,
    st.none() | DAYS,
    st.none() | st.integers(0, 30),
    st.none() | st.integers(1, 5),
    st.none() | st.integers(0, 4),
    st.booleans(),
    st.tuples(DAYS, st.integers(0, 30), st.integers(1, 5), st.integers(0, 4)),
)
def test_what_is_missing_never_gives_an_answer_that_was_not_possible(start, end, last, grade, baseline, worse, fill):
    known = (
        fill[0] if start is None else start,
        fill[1] if last is None else last,
        fill[2] if grade is None else grade,
        fill[3] if baseline is None else baseline,
    )
    assume(end is None or end >= known[0])
    answer = emerges(start, end, grade=grade, baseline=baseline, worse=worse, window=TreatmentWindow(0, last, 7))
    whole = emerges(
        known[0], end, grade=known[2], baseline=known[3], worse=worse, window=TreatmentWindow(0, known[1], 7)
    )
    assert whole.value in answer.possible
    in_window = 0 <= known[0] <= known[1] + 7
    is_there = known[0] <= known[1] + 7 and (end is None or end >= 0)
    assert whole.value is ((is_there and known[2] > known[3]) if worse else in_window)


def test_answer_tells_the_days_and_the_grades():
    assert emerges(-9, None, grade=2, baseline=2, worse=True).why == (
        "event from day -9 to a day not recorded, window day 0 to day 150, grade 2 not above baseline grade 2"
    )
    assert emerges(None, 100, grade=2, worse=True).why.startswith("event from a day not recorded to day 100")


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: emerges(5, 4), "the event starts on day 5 and ends on day 4; an end after the start was expected"),
        (lambda: emerges(5, 9, grade=0), "grade is 0; a grade from 1 to 5 was expected"),
        (lambda: emerges(5, 9, baseline=5), "baseline_grade is 5; a grade from 0 to 4 was expected"),
        (
            lambda: emerges(5, 9, window=TreatmentWindow(0, -1, 30)),
            "the treatment starts on day 0 and ends on day -1; an end after the start was expected",
        ),
        (
            lambda: emerges(5, 9, window=TreatmentWindow(0, 9, -1)),
            "the window is -1 days after the last dose; days from 0 were expected",
        ),
        (lambda: worst_grade([6]), "grade is 6; a grade from 0 to 5 was expected"),
        (
            lambda: is_drug_related("UNLIKELY", attribution=DRUG_RELATED),
            '"UNLIKELY" is no relation to the drug; one of NOT RELATED, POSSIBLE, PROBABLE, RELATED was expected',
        ),
        (
            lambda: is_drug_related("RELATED", attribution={"related"}),
            '"related" is no relation to the drug; one of NOT RELATED, POSSIBLE, PROBABLE, RELATED was expected',
        ),
    ],
)
def test_impossible_event_is_refused(call, sentence):
    with pytest.raises(DataError) as refused:
        call()
    assert str(refused.value) == sentence


@given(st.lists(st.none() | st.integers(0, 5)), st.integers(1, 5))
def test_worst_grade_is_the_highest_whatever_was_not_recorded(grades, filled):
    answer = worst_grade(grades)
    whole = worst_grade([filled if grade is None else grade for grade in grades])
    assert whole.value == max([filled if grade is None else grade for grade in grades], default=0)
    assert whole.value in answer.possible
    assert answer.is_determined is (None not in grades or 5 in grades)


@pytest.mark.parametrize("related", RELATIONS)
def test_attribution_is_the_set_that_was_named(related):
    assert is_drug_related(related, attribution=DRUG_RELATED).value is (related != "NOT RELATED")
    assert is_drug_related(related, attribution={"RELATED"}).value is (related == "RELATED")


def test_event_without_relation_stays_open():
    assert is_drug_related(None, attribution=DRUG_RELATED).missing == ("related",)


def test_tables_of_pages_are_whole():
    for rule in RULES:
        assert rule.sources
        assert all(doubt.endswith(".") for doubt in rule.doubts)
        for table in rule.criteria:
            assert table.body
            assert all(len(row) == len(table.head) for row in table.body)
