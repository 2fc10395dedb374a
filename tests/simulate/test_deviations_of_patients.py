"""Deviations that are planted on purpose are found by the audit, and nothing else is; published cases are written."""

import pytest
from written_cohort import after, found_outlines, outline, plan_of, told_by, written

from oncohort.errors import DataError
from oncohort.simulate.cohort_scripts import plan_scripts
from oncohort.simulate.deviations import DEVIATIONS, USUAL_NUMBERS, choose_deviations
from oncohort.simulate.published_cases import CASES, find_cases, script_of
from oncohort.simulate.script import Script

PLAN = plan_of()
RULES = {
    "late_scan": "SCAN-WINDOW",
    "extra_tace": "TACE-MAX",
    "late_tace": "TACE-INTERVAL",
    "missed_ct": "TACE-CT1M",
    "warm_probe": "CRYO-TEMP",
    "late_reduction": "DOSE-REDUCE",
    "late_return": "DOSE-RETURN",
    "misread_response": "RECONCILE-RESPONSE",
    "misgraded_event": "RECONCILE-GRADE",
}
GRADES = {"HAND-FOOT SKIN REACTION": 3, "LEUCOPENIA": 2, "RASH": 1}


def able(patient_id="SYN-001", **changes):
    """Return a patient who has room for every deviation."""
    wide = {"arm": "tace_cryo", "best": "PR", "dose_reduced": True, "worst_grades": GRADES}
    return outline(patient_id, **(wide | changes))


@pytest.mark.parametrize("kind", list(DEVIATIONS))
def test_a_planted_deviation_is_the_only_one_that_is_found(kind):
    patients = [able(f"SYN-{place:03d}") for place in range(8)]
    scripts = {one.patient_id: Script(deviations=(kind,)) for one in patients}
    cohort = written(patients, PLAN, scripts=scripts)
    assert {planted.rule for planted in cohort.planted} == {RULES[kind]}
    assert {planted.patient_id for planted in cohort.planted} == set(scripts)
    assert cohort.broken() == cohort.planted_as("broken")
    assert cohort.differing() == cohort.planted_as("differs")
    assert found_outlines(cohort) == {one.patient_id: told_by(one) for one in patients}
    assert cohort.check() == ()


def test_a_first_progression_after_the_window_of_its_scan_is_a_late_scan():
    one = outline(best="PD", pfs_days=67)
    cohort = written([one], PLAN, scripts={"SYN-001": Script(deviations=("late_scan",))})
    assert cohort.broken() == cohort.planted_as("broken") == {("SYN-001", "SCAN-WINDOW", 56): 1}
    assert min(row["date"] for row in cohort.rows["response"]) == after(67)


def test_a_deviation_without_room_is_left_out():
    one = outline(arm="sorafenib", best="PD", pfs_days=46, worst_grades={"RASH": 1})
    for kind in DEVIATIONS:
        cohort = written([one], PLAN, scripts={"SYN-001": Script(deviations=(kind,))})
        assert cohort.planted == ()
        assert not cohort.broken()


def test_patients_are_chosen_by_seed_and_id_alone_and_each_once():
    patients = [able(f"SYN-{place:03d}") for place in range(40)]
    chosen = choose_deviations(patients, PLAN, 1)
    assert sorted(kind for kinds in chosen.values() for kind in kinds) == sorted(
        kind for kind, number in USUAL_NUMBERS.items() for _ in range(number)
    )
    assert choose_deviations(patients[::-1], PLAN, 1) == chosen
    assert choose_deviations(patients, PLAN, 2) != chosen


def test_only_patients_with_room_for_a_deviation_are_chosen():
    none = [outline(f"SYN-{place:03d}", arm="sorafenib", best="PD", pfs_days=46) for place in range(9)]
    assert choose_deviations(none, PLAN, 1) == {}


def test_an_unknown_deviation_is_refused():
    with pytest.raises(DataError, match='"late_lunch" is no deviation that can be planted; one of late_scan'):
        choose_deviations([able()], PLAN, 1, {"late_lunch": 1})


def cases():
    return [
        able("SYN-010", best="CR", progressed=False, continued=None, pfs_days=530, os_days=530, died=False,
             death_cause="", treatment_days=530, age=58, differentiation="MODERATE"),
        able("SYN-011", best="CR", progressed=False, continued=None, pfs_days=150, os_days=150, died=False,
             death_cause="", treatment_days=150, age=55),
        able("SYN-012", best="PR", age=60),
        able("SYN-013", best="PR", age=61, sex="F"),
    ]  # fmt: skip


def test_the_nearest_patients_stand_for_the_published_cases():
    assert find_cases(cases(), PLAN) == {"case-5": "SYN-010", "case-6": "SYN-012"}
    assert find_cases([outline(arm="sorafenib")], PLAN) == {}


def test_a_published_case_has_its_sessions_and_its_response_when_it_was_told():
    patients = cases()
    scripts = plan_scripts(patients, PLAN, 1, {})
    assert scripts == {"SYN-010": script_of("case-5"), "SYN-012": script_of("case-6")}
    cohort = written(patients, PLAN, scripts=scripts)
    assert found_outlines(cohort) == {one.patient_id: told_by(one) for one in patients}
    assert not cohort.broken()
    assert cohort.check() == ()
    procedures = cohort.derived.procedures
    for case_id, patient_id in find_cases(patients, PLAN).items():
        own = procedures.filter(patient_id=patient_id).select("type", "day").rows()
        assert sorted(own) == sorted((kind, day) for kind, days in CASES[case_id].sessions.items() for day in days)
        day = cohort.derived.best.filter(patient_id=patient_id, definition="")["day"].item()
        assert day >= CASES[case_id].response_day
    vena_cava = [row["patient_id"] for row in cohort.rows["lesions"] if row["organ"] == "INFERIOR VENA CAVA"]
    assert vena_cava == ["SYN-012"]


def test_other_patients_of_a_cohort_get_the_deviations():
    patients = [*cases(), *(able(f"SYN-{place:03d}", age=40) for place in range(20, 60))]
    scripts = plan_scripts(patients, PLAN, 3)
    kinds = [kind for script in scripts.values() for kind in script.deviations]
    assert len(scripts) == 2 + sum(USUAL_NUMBERS.values())
    assert sorted(set(kinds)) == sorted(USUAL_NUMBERS)
