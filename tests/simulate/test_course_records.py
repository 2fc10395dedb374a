"""The records of a treated patient lead back to the outline, and hold no deviation but the planted."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from written_cohort import OUTLINE, after, found_outlines, outline, plan_of, refusal, told_by, written

from oncohort.clinical.ctcae import grade_diarrhea, grade_weight_loss
from oncohort.errors import DataError
from oncohort.simulate.deviations import DEVIATIONS
from oncohort.simulate.script import Script

PAPER = plan_of()
RECIST = plan_of(
    ('criteria = "mRECIST-2010"', 'criteria = "RECIST-1.1"'),
    ("abs_pd_mm = 0", "abs_pd_mm = 5"),
    ("every_days = 56", "every_days = 42"),
    ("window_days = 7\nmodality", "window_days = 3\nmodality"),
    ('sd_min_days = { op = ">", value = 56 }', 'sd_min_days = { op = ">=", value = 42 }'),
)
CONFIRMED = plan_of(("confirm = false", "confirm = true"), ('ctcae = "3.0"', 'ctcae = "5.0"'))
AT_SCAN = plan_of(
    ('missed_visits = "ignore"', "missed_visits = 150"),
    ('censor = "last_follow_up"               # the', 'censor = "last_adequate"  # the'),
)
NO_PAUSE = plan_of(
    ('allowed = true\ntext = "interruptions are allowed"', 'go = "FULL"\ntext = "no interruption"'),
    ("notice_days = 7", "notice_days = 3"),
)
STRICT_SCANS = plan_of(('unscheduled = "used"', 'unscheduled = "deviation"'))

KINDS = {
    "complete response that lasts": {"best": "CR", "progressed": False, "continued": None, "pfs_days": 400,
                                     "died": False, "death_cause": "", "treatment_days": 400},
    "complete response and relapse": {"best": "CR", "pfs_days": 330, "treatment_days": 360},
    "partial response": {"best": "PR", "pfs_days": 230},
    "partial response just before progression": {"best": "PR", "pfs_days": 114},
    "stable disease": {"best": "SD", "pfs_days": 116},
    "stable disease that was too short": {"best": "SD_SHORT", "pfs_days": 100},
    "progression at the first scan": {"best": "PD", "pfs_days": 58},
    "progression before the first scan": {"best": "PD", "pfs_days": 46},
    "progression a week after the first scan": {"best": "PD", "pfs_days": 67},
    "death before any scan": {"best": "NE", "progressed": False, "continued": None, "pfs_days": 40, "os_days": 40,
                              "treatment_days": 40},
    "death without progression": {"best": "SD", "progressed": False, "continued": None, "pfs_days": 200, "os_days": 200,
                                  "treatment_days": 200},
    "drug stopped at progression": {"continued": False, "treatment_days": 230},
    "drug stopped before progression": {"continued": False, "treatment_days": 180},
    "early stop for the liver": {"continued": False, "treatment_days": 128,
                                 "early_stop": "liver function deterioration",
                                 "worst_grades": {"LIVER TOXICITY": 4, "RASH": 1}},
    "early stop for bleeding": {"continued": False, "treatment_days": 55, "early_stop": "variceal bleeding",
                                "worst_grades": {"HEMORRHAGE": 4, "LIVER TOXICITY": 2}},
    "dose reduced and returned": {"dose_reduced": True, "worst_grades": {"HAND-FOOT SKIN REACTION": 3, "RASH": 2}},
    "dose reduced three times": {"dose_reduced": True,
                                 "worst_grades": {"DIARRHEA": 4, "LIVER TOXICITY": 3, "HEMORRHAGE": 3}},
    "dose reduced for no event": {"dose_reduced": True},
    "severe event without reduction": {"worst_grades": {"HYPERTENSION": 3}},
    "fatal event": {"worst_grades": {"LIVER TOXICITY": 5}},
    "every laboratory event": {"worst_grades": {"LIVER TOXICITY": 2, "LEUCOPENIA": 2, "ANEMIA": 2,
                                                "THROMBOCYTOPENIA": 2}},
    "event that no list knows": {"worst_grades": {"HICCUPS": 1}},
    "no local therapy": {"arm": "sorafenib"},
    "both local therapies": {"arm": "tace_cryo", "max_diam_mm": 34.0, "n_tumours": 1},
    "cryoablation alone": {"arm": "cryo"},
    "trunk, three metastases, class B": {"pvt": "TRUNK", "metastases": ("lung", "adrenal", "bone"),
                                         "child_pugh_class": "B", "differentiation": "POOR"},
    "low alpha-fetoprotein without differentiation": {"afp_ng_per_ml": 7.0},
}  # fmt: skip


def the_cohort(kinds=KINDS):
    return [outline(f"SYN-{place:03d}", **changes) for place, changes in enumerate(kinds.values(), start=1)]


@pytest.mark.parametrize("seed", [1, 2])
def test_derivations_find_what_each_outline_says(seed):
    cohort = written(the_cohort(), PAPER, seed=seed)
    found = found_outlines(cohort)
    for name, one in zip(KINDS, the_cohort(), strict=True):
        assert found[one.patient_id] == told_by(one), name


def test_records_without_a_script_break_no_rule_and_differ_nowhere():
    cohort = written(the_cohort(), PAPER)
    assert cohort.planted == ()
    assert not cohort.broken()
    assert not cohort.differing()
    assert cohort.derived.adherence.filter(verdict="not assessable").is_empty()


def test_checks_find_nothing_in_the_records():
    cohort = written(the_cohort(), PAPER)
    assert cohort.check() == ()
    assert cohort.findings == ()


def test_every_lowered_dose_for_a_severe_event_is_back_after_one_to_two_weeks():
    grades = {"HAND-FOOT SKIN REACTION": 3, "DIARRHEA": 3}
    patients = [outline(f"SYN-{place:03d}", dose_reduced=True, worst_grades=grades) for place in range(8)]
    found = written(patients, PAPER).derived.patients
    assert found["n_reductions"].to_list() == [2] * 8
    assert found["days_to_return"].is_between(7, 14).all()


def test_a_severe_event_without_a_reduction_is_met_by_a_pause():
    cohort = written([outline(worst_grades={"HYPERTENSION": 3})], PAPER)
    assert [row["state"] for row in cohort.rows["exposure"]] == ["FULL", "INTERRUPTED", "FULL"]


def test_where_a_pause_is_not_allowed_the_kept_dose_is_told_as_broken():
    one = outline(worst_grades={"HYPERTENSION": 3}, died=False, death_cause="", os_days=300)
    cohort = written([one], NO_PAUSE)
    assert [planted.rule for planted in cohort.planted] == ["DOSE-REDUCE"]
    assert cohort.broken() == cohort.planted_as("broken")


def test_where_a_pause_is_not_allowed_a_drug_that_ends_has_the_event_at_its_end():
    cohort = written([outline(worst_grades={"HYPERTENSION": 3})], NO_PAUSE)
    assert cohort.planted == ()
    assert not cohort.broken()
    (event,) = cohort.rows["adverse_events"]
    assert after(300) >= event["start_date"] > after(296)


def test_platelets_below_the_bound_are_a_patient_treated_although_not_eligible():
    one = outline(platelets_10e9_per_l=27.0, worst_grades={"THROMBOCYTOPENIA": 4})
    cohort = written([one], PAPER)
    assert cohort.broken() == cohort.planted_as("broken") == {("SYN-001", "ELIGIBLE", 0): 1}
    assert "PLATELETS" in cohort.planted[0].reason
    judged = {row["criterion_id"]: row["met"] for row in cohort.rows["screening"]}
    assert [number for number, met in judged.items() if met == "N"] == [8]
    assert not cohort.differing()


def test_scans_off_the_schedule_are_deviations_where_the_protocol_says_so():
    cohort = written([outline(pfs_days=200)], STRICT_SCANS)
    assert cohort.broken() == cohort.planted_as("broken") == {("SYN-001", "SCAN-WINDOW", 200): 1}


def test_progression_in_the_window_of_a_scan_is_seen_on_that_scan():
    cohort = written([outline(pfs_days=226)], PAPER)
    assert {row["visit"] for row in cohort.rows["lesion_measurements"] if row["scan_date"] == after(226)} == {"W32"}


def test_a_complete_response_leaves_no_tumor_but_the_scar():
    cohort = written([outline(**KINDS["complete response that lasts"])], PAPER)
    last = max(row["scan_date"] for row in cohort.rows["lesion_measurements"])
    seen = {row["lesion_id"]: row for row in cohort.rows["lesion_measurements"] if row["scan_date"] == last}
    assert seen["T01"]["longest_mm"] > seen["T01"]["viable_mm"] == 0
    thrombus = next(row["lesion_id"] for row in cohort.rows["lesions"] if row["kind"] == "THROMBUS")
    assert seen[thrombus]["aphe"] == "N"


def test_weight_and_stools_have_the_grade_of_the_event_while_it_lasts_and_none_else():
    one = outline(worst_grades={"WEIGHT LOSS": 2, "DIARRHEA": 3}, dose_reduced=True)
    graded = set()
    for seed in range(6):
        cohort = written([one], PAPER, seed=seed)
        lasting = {row["term"]: (row["start_date"], row["end_date"]) for row in cohort.rows["adverse_events"]}
        before = cohort.rows["vitals"][0]
        for row in cohort.rows["vitals"][1:]:
            more = row["stools_per_day"] - row["stools_per_day_baseline"]
            found = {
                "WEIGHT LOSS": grade_weight_loss(before["weight_kg"], row["weight_kg"], version="3.0").value,
                "DIARRHEA": grade_diarrhea(more, signs=(), version="3.0").value,
            }
            for term, grade in found.items():
                start, end = lasting[term]
                assert grade == (one.course.worst_grades[term] if start <= row["date"] <= end else 0)
                graded.add(grade)
    assert {0, 2} <= graded


def test_other_therapy_comes_after_progression_and_the_last_dose():
    patients = [outline(f"SYN-{place:03d}", continued=False, treatment_days=230) for place in range(40)]
    therapies = written(patients, PAPER).rows["other_therapy"]
    assert 1 <= len(therapies) <= 20
    assert all(after(230) < row["date"] < after(400) for row in therapies)


def test_same_seed_same_rows_and_another_seed_others():
    one = [outline()]
    assert written(one, PAPER, seed=4).rows == written(one, PAPER, seed=4).rows
    assert written(one, PAPER, seed=4).rows != written(one, PAPER, seed=5).rows


def test_nothing_is_dated_before_consent_or_after_the_end():
    cohort = written(the_cohort(), PAPER)
    ends = {one.patient_id: after(one.course.os_days) for one in the_cohort()}
    consent = {row["patient_id"]: row["consent_date"] for row in cohort.rows["subjects"]}
    dates = [
        (row["patient_id"], cell)
        for table, rows in cohort.rows.items()
        if table != "subjects"
        for row in rows
        for cell in row.values()
        if hasattr(cell, "isoformat")
    ]
    assert all(consent[name] <= when <= ends[name] for name, when in dates)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"best": "PR", "pfs_days": 20}, "best response PR with progression on day 20 cannot be"),
        ({"best": "PD", "progressed": False, "continued": None, "pfs_days": 400}, "PD with no progression"),
        ({"best": "NE"}, "best response NE with progression on day 230"),
        ({"treatment_days": 401}, "the last dose on day 401 lies outside the follow-up until day 400"),
        ({"continued": False}, "a last dose on day 300 is not continued = False"),
        ({"pfs_days": 401}, "progression on day 401 lies outside the follow-up"),
        ({"progressed": False, "continued": None}, "the time to it ends on day 230; day 400"),
        ({"died": False}, 'the cause of death "LIVER FAILURE" does not go with died = False'),
        ({"arm": "radiation"}, '"radiation" is no arm of the protocol'),
        ({"max_diam_mm": 9.0}, "the largest tumor is 9 mm; a target from 10 mm was expected"),
        ({"early_stop": "variceal bleeding", "treatment_days": 60, "continued": False}, "no adverse event"),
        ({"worst_grades": {"ALOPECIA": 4}}, "ALOPECIA has grades 1, 2 in CTCAE 3.0, not 4"),
        ({"worst_grades": {"DIARRHEA": 5}, "died": False, "death_cause": ""}, "has grade 5, and the patient lives"),
        ({"os_days": 2000}, "ends after the cutoff"),
    ],
)  # fmt: skip
def test_an_outline_that_cannot_be_is_refused_with_its_patient(changes, words):
    with pytest.raises(DataError, match=r"^SYN-001: ") as told:
        written([outline(**changes)], PAPER)
    assert words in str(told.value)


def test_a_patient_who_was_only_screened_is_refused():
    with pytest.raises(DataError, match="was only screened"):
        written([replace(OUTLINE, course=None)], PAPER)


TERMS = {
    "HAND-FOOT SKIN REACTION": 3, "RASH": 3, "HYPERTENSION": 4, "ALOPECIA": 2, "FATIGUE": 3, "WEIGHT LOSS": 3,
    "DIARRHEA": 4, "LIVER TOXICITY": 4, "LEUCOPENIA": 4, "HEMORRHAGE": 4, "ANEMIA": 3, "THROMBOCYTOPENIA": 4,
}  # fmt: skip
LONGEST = {"CR": 500, "PR": 400, "SD": 400, "SD_SHORT": 130, "PD": 110, "NE": 130}


@st.composite
def outlines(draw, plan=PAPER, number=5):
    """Draw patients whose days do not contradict each other; a best response may still find no scan for it."""
    return [draw(one_outline(plan, f"SYN-{place:03d}")) for place in range(number)]


@st.composite
def one_outline(draw, plan, patient_id):
    best = draw(st.sampled_from(list(LONGEST)))
    progressed = best != "NE" and (best == "PD" or draw(st.booleans()))
    first = {"PD": 5, "NE": 5, "SD_SHORT": 60}.get(best, 130)
    pfs = draw(st.integers(first, LONGEST[best]))
    died = draw(st.booleans())
    os_days = pfs + (draw(st.integers(0, 250)) if progressed else 0)
    last_dose = draw(st.integers(min(2, os_days), os_days))
    grades = draw(st.dictionaries(st.sampled_from(list(TERMS)), st.integers(1, 2), max_size=6))
    severe = draw(st.lists(st.sampled_from([term for term, most in TERMS.items() if most > 2]), max_size=2))
    grades |= {term: draw(st.integers(3, TERMS[term])) for term in severe}
    early = ""
    if "LIVER TOXICITY" in grades and 42 <= last_dose <= 168 and draw(st.booleans()):
        early = "liver function deterioration"
    return outline(
        patient_id,
        best=best,
        progressed=progressed,
        pfs_days=pfs,
        os_days=os_days,
        died=died,
        death_cause="VARICEAL BLEEDING" if died else "",
        treatment_days=last_dose + plan.extra_day,
        continued=last_dose > pfs + plan.grace_days if progressed else None,
        early_stop=early,
        dose_reduced=draw(st.booleans()) and last_dose > 60,
        worst_grades=grades,
        arm=draw(st.sampled_from(["sorafenib", "tace", "tace_cryo", "cryo"])),
        max_diam_mm=draw(st.integers(20, 1930)) / 10 + 10,
        n_tumours=draw(st.integers(1, 7)),
        pvt=draw(st.sampled_from(["NONE", "BRANCH", "TRUNK"])),
        metastases=tuple(draw(st.lists(st.sampled_from(["lung", "adrenal", "bone"]), unique=True).map(sorted_sites))),
        child_pugh_class=draw(st.sampled_from(["A", "B"])),
        platelets_10e9_per_l=float(draw(st.integers(30, 350))),
        afp_ng_per_ml=float(draw(st.integers(7, 20000))),
        differentiation=draw(st.sampled_from(["", "POOR", "MODERATE", "WELL"])),
        ecog=draw(st.integers(0, 2)),
    )


def sorted_sites(sites):
    return [site for site in ("lung", "adrenal", "bone") if site in sites]


@settings(max_examples=10)
@given(cohort=outlines(), seed=st.integers(0, 10**6))
def test_any_feasible_outline_is_found_again_without_a_deviation_that_is_not_told(cohort, seed):
    found = written(cohort, PAPER, seed=seed)
    derived = found_outlines(found)
    assert {one.patient_id: told_by(one) for one in cohort} == derived
    assert found.broken() == found.planted_as("broken")
    assert {rule for _, rule, _ in found.broken()} <= {"ELIGIBLE"}
    assert not found.differing()
    assert found.check() == ()


@pytest.mark.parametrize("plan", [PAPER, STRICT_SCANS], ids=["paper", "no scan between the schedule"])
@settings(max_examples=5)
@given(seed=st.integers(0, 10**6), kind=st.sampled_from(list(DEVIATIONS)), data=st.data())
def test_a_deviation_in_any_outline_is_told_wherever_it_is_found(plan, seed, kind, data):
    drawn = data.draw(outlines(plan))
    able = [one for one in drawn if not refusal(one, plan, seed)] or [outline()]
    found = written(able, plan, seed=seed, scripts={one.patient_id: Script(deviations=(kind,)) for one in able})
    assert {one.patient_id: told_by(one) for one in able} == found_outlines(found)
    assert found.broken() == found.planted_as("broken")
    assert found.differing() == found.planted_as("differs")


OTHERS = {
    "RECIST 1.1 every six weeks": RECIST,
    "confirmed responses, CTCAE 5.0": CONFIRMED,
    "censored at the last scan": AT_SCAN,
    "no pause": NO_PAUSE,
    "no scan between the schedule": STRICT_SCANS,
}


@pytest.mark.parametrize("plan", list(OTHERS.values()), ids=list(OTHERS))
@settings(max_examples=4)
@given(seed=st.integers(0, 10**6), data=st.data())
def test_under_other_protocols_an_outline_is_found_again_or_refused(plan, seed, data):
    drawn = data.draw(outlines(plan))
    refused = {one.patient_id: refusal(one, plan, seed) for one in drawn}
    assert all(why.startswith(f"{name}: ") for name, why in refused.items() if why)
    able = [one for one in drawn if not refused[one.patient_id]] or [outline()]
    found = written(able, plan, seed=seed)
    assert {one.patient_id: told_by(one) for one in able} == found_outlines(found)
    assert found.broken() == found.planted_as("broken")
    assert not found.differing()
