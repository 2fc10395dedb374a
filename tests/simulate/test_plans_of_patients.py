"""What is planned before records are written: sums of diameters, days of scans, sessions, laboratory values."""

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from written_cohort import outline, plan_of

from oncohort.clinical.target_response import target_response
from oncohort.errors import DataError
from oncohort.simulate.course_facts import course_facts
from oncohort.simulate.lab_draws import TESTS, grade_of, values_of_grade
from oncohort.simulate.scan_plan import plan_scans
from oncohort.simulate.script import NOTHING_ELSE, Script
from oncohort.simulate.session_plan import plan_sessions
from oncohort.simulate.tumor_sizes import share, sum_for

PLAN = plan_of()
FIVE_MM = plan_of(("abs_pd_mm = 0", "abs_pd_mm = 5"))


@pytest.mark.parametrize("plan", [PLAN, FIVE_MM], ids=["no least growth", "5 mm"])
@given(
    base=st.integers(12, 400),
    course=st.lists(st.sampled_from(["SD", "PR", "CR", "PD"]), min_size=1, max_size=6),
    seed=st.integers(0, 10**6),
)
def test_a_sum_makes_the_response_that_it_was_asked_for(plan, base, course, seed):
    rng, sums = Random(seed), []
    for response in course:
        try:
            total = sum_for(response, base, sums, plan, rng)
        except DataError:
            assert sums  # a first visit can show anything
            break
        found = target_response(
            [base], sums, [total], criteria=plan.criteria, nodes=(), abs_pd_mm=plan.settings.abs_pd_mm, hold=False
        )
        assert found.value == response
        sums.append(total)


@given(total=st.integers(0, 500), sizes=st.lists(st.integers(0, 200), min_size=1, max_size=5))
def test_shares_are_whole_and_add_up(total, sizes):
    shares = share(total, sizes)
    assert sum(shares) == total
    assert len(shares) == len(sizes)
    assert min(shares) >= 0


def scans(one, plan=PLAN, seed=1, script=NOTHING_ELSE):
    return plan_scans(course_facts(one, plan), plan, script, Random(seed)).scans


def test_scheduled_scans_lie_in_their_windows_and_the_last_one_shows_progression():
    for seed in range(20):
        planned = scans(outline(pfs_days=230, continued=False, treatment_days=230), seed=seed)
        assert [scan.visit for scan in planned] == ["W8", "W16", "W24", "W32"]
        assert all(abs(scan.day - 56 * place) <= 7 for place, scan in enumerate(planned, start=1))
        assert (planned[-1].day, planned[-1].response) == (230, "PD")


def test_short_stability_is_seen_before_it_would_count():
    for seed in range(20):
        first, last = scans(outline(best="SD_SHORT", pfs_days=100, continued=False, treatment_days=100), seed=seed)
        assert 49 <= first.day <= 56
        assert (last.day, last.visit, last.response) == (100, "UNSCHEDULED", "PD")


def test_a_first_scan_that_would_hide_the_progression_shows_nothing():
    first, last = scans(outline(best="PD", pfs_days=67, continued=False, treatment_days=67))
    assert (first.visit, first.response) == ("W8", "NE")
    assert (last.day, last.response) == (67, "PD")


def test_a_patient_on_the_drug_past_progression_is_scanned_on():
    planned = scans(outline(pfs_days=170, treatment_days=350, os_days=400))
    assert [scan.visit for scan in planned if scan.day > 170] == ["W32", "W40", "W48"]
    assert {scan.response for scan in planned if scan.day >= 170} == {"PD"}


def test_a_response_before_the_first_scheduled_scan_is_seen_on_one_between():
    one = outline(best="PR", progressed=False, continued=None, pfs_days=45, os_days=45, treatment_days=45)
    (only,) = scans(one)
    assert (only.visit, only.response) == ("UNSCHEDULED", "PR")


def test_the_best_response_waits_for_the_day_of_the_script():
    one = outline(best="CR", pfs_days=380, continued=False, treatment_days=380)
    planned = scans(one, script=Script(response_day=290))
    assert next(scan.day for scan in planned if scan.response == "CR") >= 290


@pytest.mark.parametrize("arm", ["sorafenib", "tace", "tace_cryo", "cryo"])
def test_sessions_make_the_arm_and_keep_the_intervals(arm):
    for seed in range(20):
        facts = course_facts(outline(arm=arm), PLAN)
        days = plan_sessions(facts, PLAN, NOTHING_ELSE, Random(seed)).days
        assert ("TACE" in days, "CRYO" in days) == ("tace" in arm, "cryo" in arm)
        tace = days.get("TACE", ())
        assert len(tace) <= 3
        assert all(28 <= later - day <= 42 for day, later in pairwise(tace))


def test_sessions_of_a_short_course_come_before_its_end():
    one = outline(arm="tace_cryo", best="NE", progressed=False, continued=None, pfs_days=9, os_days=9, treatment_days=9)
    days = plan_sessions(course_facts(one, PLAN), PLAN, NOTHING_ELSE, Random(1)).days
    assert {name: len(own) for name, own in days.items()} == {"TACE": 1, "CRYO": 1}
    assert all(1 <= day <= 8 for own in days.values() for day in own)


@pytest.mark.parametrize("version", ["3.0", "5.0"])
@pytest.mark.parametrize("code", ["BILI", "PLAT", "WBC", "HGB"])
def test_values_of_a_grade_have_it_and_begin_next_to_the_value_before(code, version):
    baseline = {"BILI": 18.0, "PLAT": 140, "WBC": 5.0, "HGB": 130}[code]
    for grade in (1, 2, 3):
        values = values_of_grade(code, grade, version, baseline)
        assert {grade_of(code, value, version, baseline) for value in values} == {grade}
        assert abs(values[0] - baseline) == min(abs(value - baseline) for value in values)
        assert all(TESTS[code].grid[0] <= value <= TESTS[code].grid[1] for value in values)
