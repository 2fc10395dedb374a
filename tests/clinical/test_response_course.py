"""Courses of single patients: baseline, visits, new lesions, and what is refused; each as a clinician would tell it."""

from dataclasses import fields
from fractions import Fraction

import pytest

from oncohort.clinical.best_response import RULES as BEST_RULES
from oncohort.clinical.best_response import Confirmation, best_response, clinical_benefit
from oncohort.clinical.lesion_records import Lesion, Measurement, Reading
from oncohort.clinical.lesions import RULES as LESION_RULES
from oncohort.clinical.lesions import classify_lesions, is_target_eligible, select_targets
from oncohort.clinical.new_lesions import RULES as NEW_RULES
from oncohort.clinical.new_lesions import Detection, resolve_new_lesion
from oncohort.clinical.response_course import assess_course
from oncohort.clinical.response_criteria import MRECIST_2010, RECIST_1_1, ResponseSettings, differences, site_named
from oncohort.clinical.target_response import RULES as TARGET_RULES
from oncohort.clinical.target_response import target_response
from oncohort.clinical.visit_response import RULES as VISIT_RULES
from oncohort.clinical.visit_response import non_target_response, overall_response
from oncohort.errors import DataError

NODULE = Lesion("T01", "TARGET", "LIVER", "NODULE", well_delineated="Y")
LUNG = Lesion("T02", "TARGET", "LUNG", "NODULE")
THROMBUS = Lesion("NT01", "NON-TARGET", "PORTAL VEIN", "THROMBUS")
NEW = Lesion("NEW01", "NEW", "LIVER", "NODULE")


def settings(**changed):
    printed = {
        "abs_pd_mm": 0,
        "hold": False,
        "backdate_new_lesion": True,
        "lipiodol_viable": False,
        "atypical_as_recist": False,
    }
    return ResponseSettings(**{**printed, **changed})


def row(lesion_id, day, size=None, status="MEASURED", **more):
    given = {"viable_mm": size, "longest_mm": size, "short_axis_mm": size, "aphe": "Y", "arterial_phase": "Y"}
    return Measurement(lesion_id, day, status, **{**given, **more})


def course(lesions, rows, criteria=MRECIST_2010, *, window=28, **changed):
    return assess_course(lesions, rows, criteria, settings(**changed), baseline_window_days=window)


def overall(*arguments, **keywords):
    return [(visit.day, visit.overall) for visit in course(*arguments, **keywords)]


# ── baseline ──


@pytest.mark.parametrize(
    ("lesion", "measured", "value", "why"),
    [
        (NODULE, row("T01", -7, 10), True, "liver nodule: arterial enhancement, clear margin, viable_mm 10 mm ≥ 10 mm"),
        (NODULE, row("T01", -7, 9.9), False, "liver nodule: viable_mm 9.9 mm < 10 mm"),
        (NODULE, row("T01", -7, 30, aphe="N"), False, "liver nodule: no arterial enhancement"),
        (NODULE, None, None, "liver nodule: aphe, viable_mm missing"),
        (THROMBUS, row("NT01", -7, 40), False, "vein thrombus: never a target"),
        (Lesion("L", "TARGET", "LIVER", "INFILTRATIVE"), None, False, "infiltrative tumor: never a target"),
        (Lesion("L", "TARGET", "OTHER", "EFFUSION"), None, False, "effusion or ascites: never a target"),
        (Lesion("L", "TARGET", "BONE", "OTHER"), None, False, "bone lesion without soft tissue: never a target"),
        (LUNG, row("T02", -7, 10, aphe=None), True, "lesion elsewhere: longest_mm 10 mm ≥ 10 mm"),
    ],
)
def test_target_eligibility_in_mrecist(lesion, measured, value, why):
    answer = is_target_eligible(lesion, measured, MRECIST_2010, settings())
    assert (answer.value, answer.why) == (value, why)


def test_missing_values_do_not_matter_where_another_condition_failed():
    vague = Lesion("T01", "TARGET", "LIVER", "NODULE", well_delineated="N")
    answer = is_target_eligible(vague, None, MRECIST_2010, settings())
    assert answer.value is False
    assert answer.missing == ("aphe", "viable_mm")


def test_node_at_the_porta_hepatis_is_a_target_from_20_mm_in_mrecist_and_from_15_mm_in_recist():
    node = Lesion("T01", "TARGET", "PORTA HEPATIS LYMPH NODE", "NODE")
    scan = row("T01", -7, 19.9)
    assert not is_target_eligible(node, scan, MRECIST_2010, settings()).value
    assert is_target_eligible(node, scan, RECIST_1_1, settings()).value
    assert is_target_eligible(node, row("T01", -7, 20), MRECIST_2010, settings()).value


def test_recist_reads_the_whole_nodule_and_asks_for_no_enhancement():
    scan = row("T01", -7, longest_mm=12, viable_mm=3, aphe="N")
    assert is_target_eligible(NODULE, scan, RECIST_1_1, settings()).why == "liver nodule: longest_mm 12 mm ≥ 10 mm"


def test_atypical_nodule_is_read_whole_where_the_study_says_so():
    scan = row("T01", -7, longest_mm=30, viable_mm=0, aphe="N")
    assert not is_target_eligible(NODULE, scan, MRECIST_2010, settings()).value
    assert is_target_eligible(NODULE, scan, MRECIST_2010, settings(atypical_as_recist=True)).value


def test_thrombus_that_does_not_enhance_is_no_target_where_atypical_nodules_are_read_whole():
    scan = row("NT01", -7, 40, aphe="N")
    assert is_target_eligible(THROMBUS, scan, MRECIST_2010, settings(atypical_as_recist=True)).value is False


def test_treated_nodule_is_read_whole_where_lipiodol_counts_as_viable():
    treated = Lesion("T01", "TARGET", "LIVER", "NODULE", well_delineated="Y", previously_treated="Y")
    scans = [row("T01", -7, longest_mm=50, viable_mm=40), row("T01", 57, longest_mm=50, viable_mm=0, aphe="N")]
    assert overall([treated], scans) == [(57, "CR")]
    assert overall([treated], scans, lipiodol_viable=True) == [(57, "SD")]


def test_at_most_two_targets_an_organ_and_all_nodes_are_one_organ():
    nodes = [Lesion(f"N{i}", "TARGET", "LYMPH NODE", "NODE") for i in range(2)]
    porta = Lesion("P1", "TARGET", "PORTA HEPATIS LYMPH NODE", "NODE")
    rows = {"N0": row("N0", -7, 16), "N1": row("N1", -7, 16), "P1": row("P1", -7, 25)}
    assert select_targets([*nodes, porta], rows, MRECIST_2010, settings()) == ("P1", "N0")


def test_roles_that_cannot_be_kept_are_told():
    lesions = [
        Lesion("T01", "TARGET", "PORTAL VEIN, LEFT BRANCH", "THROMBUS"),
        *[Lesion(f"T1{i}", "TARGET", "LUNG", "NODULE") for i in range(3)],
        Lesion("NT01", "NON-TARGET", "LYMPH NODE", "NODE"),
        Lesion("NT02", "NON-TARGET", "LYMPH NODE", "NODE"),
    ]
    rows = {"T10": 12, "T11": 30, "T12": 12, "NT01": 9.9, "NT02": 10}
    baseline = {lesion_id: row(lesion_id, -7, size) for lesion_id, size in rows.items()}
    roles = classify_lesions(lesions, baseline, MRECIST_2010, settings())
    assert [reading.lesion.lesion_id for reading in roles.targets] == ["T10", "T11"]
    assert [reading.lesion.lesion_id for reading in roles.non_targets] == ["NT02", "T01", "T12"]
    assert roles.notes == (
        "NT01 is not followed: lymph node, other site: short axis 9.9 mm < 10 mm",
        "T01 is recorded as a target and followed as a non-target: vein thrombus: never a target",
        "T12 is recorded as a target and followed as a non-target: at most 5 targets and 2 an organ",
    )


def test_baseline_is_the_last_scan_in_the_window_before_the_first_dose():
    rows = [row("T01", -28, 100), row("T01", -1, 50), row("T01", 1, 40)]
    (visit,) = course([NODULE], rows)
    assert (visit.baseline_mm, visit.sum_mm, visit.overall, visit.change_percent) == (50, 40, "SD", -20)


def test_scan_at_which_a_lesion_was_not_assessed_is_not_its_baseline():
    rows = [row("T01", -7, 100), row("T01", -1, None, "NE"), row("T01", 57, 70)]
    assert overall([NODULE], rows) == [(57, "PR")]


@pytest.mark.parametrize(("day", "expected"), [(-29, "NE"), (-28, "PR"), (0, "PR")])
def test_scan_outside_the_window_is_no_baseline(day, expected):
    assert overall([NODULE], [row("T01", day, 100), row("T01", 57, 70)]) == [(57, expected)]


def test_baseline_scan_without_arterial_phase_is_none_in_mrecist():
    rows = [row("T01", -7, 100, arterial_phase="N"), row("T01", 57, 70)]
    (visit,) = course([NODULE], rows)
    assert visit.overall == "NE"
    assert "no evaluable scan in the 28 days before the first dose" in visit.why
    assert overall([NODULE], rows, RECIST_1_1) == [(57, "PR")]


def test_target_that_was_not_measured_at_baseline_leaves_no_target_response():
    rows = [row("T01", -7, 40), row("T02", -7, None), row("T01", 57, 0), row("T02", 57, 0)]
    (visit,) = course([NODULE, LUNG], rows)
    assert (visit.target, visit.baseline_mm) == ("NE", None)
    assert "target 2 at baseline not measured" in visit.why


def test_target_of_unknown_size_is_not_passed_by():
    lungs = [Lesion(f"T0{i}", "TARGET", "LUNG", "NODULE") for i in (1, 2, 3)]
    baseline = {"T01": row("T01", -7, 30), "T02": row("T02", -7, 20)}
    roles = classify_lesions(lungs, baseline, RECIST_1_1, settings())
    assert [reading.lesion.lesion_id for reading in roles.targets] == ["T01", "T03"]


# ── visits ──


def test_target_whose_viable_part_was_not_measured_is_not_evaluable():
    rows = [row("T01", -7, 50), row("T01", 57, viable_mm=None, longest_mm=50, aphe=None)]
    assert overall([NODULE], rows) == [(57, "NE")]


def test_scans_off_the_schedule_are_used_as_they_are():
    days = (3, 44, 201)
    assert overall([NODULE], [row("T01", -7, 50), *(row("T01", day, 50) for day in days)]) == [(d, "SD") for d in days]


def test_visit_without_arterial_phase_is_not_evaluable_and_its_sum_is_no_nadir():
    rows = [row("T01", -7, 50), row("T01", 57, 10, arterial_phase="N"), row("T01", 113, 50)]
    first, second = course([NODULE], rows)
    assert (first.evaluable, first.overall, first.sum_mm) == (False, "NE", None)
    assert (second.evaluable, second.overall, second.nadir_mm) == (True, "SD", 50)


def test_phase_that_is_not_recorded_is_no_arterial_phase():
    (visit,) = course([NODULE], [row("T01", -7, 50), row("T01", 57, 10, arterial_phase=None)])
    assert (visit.evaluable, visit.overall) == (False, "NE")


def test_of_two_assessments_on_one_day_the_worse_counts():
    rows = [row("T01", -7, 50), row("T01", 57, 30), row("T01", 57, 61)]
    (visit,) = course([NODULE], rows)
    assert (visit.overall, visit.sum_mm) == ("PD", 61)


def test_progression_is_judged_against_the_nadir_and_says_so():
    rows = [row("T01", -7, 50), row("T01", 57, 20), row("T01", 113, 24)]
    assert overall([NODULE], rows) == [(57, "PR"), (113, "PD")]
    last = course([NODULE], rows)[-1]
    assert (last.change_percent, last.change_from_nadir_percent) == (-52, 20)
    assert last.why == (
        "targets PD: sum 24 mm ≥ 120 % of nadir 20 mm; non-targets NA: no non-target lesion at baseline; no new lesion"
    )


def test_recist_asks_for_five_millimeters_above_the_nadir():
    rows = [row("T01", -7, 50), row("T01", 57, 20), row("T01", 113, 24)]
    assert overall([NODULE], rows, RECIST_1_1, abs_pd_mm=RECIST_1_1.abs_pd_mm) == [(57, "PR"), (113, "PR")]


def test_held_partial_response_ends_with_progression():
    rows = [row("T01", -7, 100), row("T01", 57, 70), row("T01", 113, 75), row("T01", 169, 84), row("T01", 225, 80)]
    assert [response for _, response in overall([NODULE], rows)] == ["PR", "SD", "PD", "SD"]
    assert [response for _, response in overall([NODULE], rows, hold=True)] == ["PR", "PR", "PD", "SD"]


def test_too_small_to_measure_counts_five_millimeters_and_no_enhancement_none():
    rows = [
        row("T01", -7, 50),
        row("T01", 57, None, "TOO_SMALL"),
        row("T01", 113, viable_mm=None, longest_mm=50, aphe="N"),
        row("T01", 169, None, "ABSENT", aphe=None),
    ]
    assert [(visit.sum_mm, visit.overall) for visit in course([NODULE], rows)] == [(5, "PR"), (0, "CR"), (0, "CR")]


def test_enhancing_thrombus_keeps_a_complete_target_response_partial():
    rows = [
        row("T01", -7, 50),
        row("NT01", -7, None, "PRESENT"),
        row("T01", 57, 0),
        row("NT01", 57, None, "PRESENT"),
        row("T01", 113, 0),
        row("NT01", 113, None, "PRESENT", aphe="N"),
        row("T01", 169, 0),
    ]
    assert overall([NODULE, THROMBUS], rows) == [(57, "PR"), (113, "CR"), (169, "PR")]
    assert [visit.non_target for visit in course([NODULE, THROMBUS], rows)] == ["NON-CR/NON-PD", "CR", "NE"]


def test_parts_of_a_split_lesion_are_summed_under_it():
    part, other = (Lesion(f"T02{x}", "NEW", "LUNG", "NODULE", split_from="T02") for x in "ab")
    sizes = [("T02", -7, 30), ("T02", 40, 30), ("T02a", 57, 12), ("T02b", 57, 10), ("T02a", 113, 12)]
    whole, first, second = course([LUNG, part, other], [row(*size) for size in sizes])
    assert (whole.sum_mm, whole.target) == (30, "SD")
    assert (first.sum_mm, first.target, first.new_lesion) == (22, "SD", "N")
    assert (second.sum_mm, second.target) == (None, "NE")


def test_merged_lesion_is_carried_by_its_host():
    guest = Lesion("T03", "TARGET", "LUNG", "NODULE", merged_into="T02")
    rows = [row("T02", -7, 30), row("T03", -7, 20), row("T02", 57, 30), row("T03", 57, 19), row("T02", 113, 48)]
    assert [visit.sum_mm for visit in course([LUNG, guest], rows)] == [49, 48]


def test_lesion_that_is_measured_again_had_not_merged_yet():
    guest = Lesion("T03", "TARGET", "LUNG", "NODULE", merged_into="T02")
    rows = [row("T02", -7, 30), row("T03", -7, 20), row("T02", 57, 30), row("T02", 113, 30), row("T03", 113, 19)]
    assert [(visit.sum_mm, visit.target) for visit in course([LUNG, guest], rows)] == [(None, "NE"), (49, "SD")]


def test_lesion_that_merged_into_one_that_is_not_summed_is_read_by_its_host():
    host = Lesion("NT02", "NON-TARGET", "LUNG", "NODULE")
    guest = Lesion("T03", "TARGET", "LUNG", "NODULE", merged_into="NT02")
    rows = [row("NT02", -7, 30), row("T03", -7, 20), row("NT02", 57, 50)]
    assert [(visit.sum_mm, visit.target) for visit in course([host, guest], rows)] == [(50, "PD")]


def test_part_that_merged_back_is_carried_by_its_lesion():
    host = Lesion("NT02", "NON-TARGET", "LUNG", "NODULE")
    part = Lesion("NT02a", "NON-TARGET", "LUNG", "NODULE", split_from="NT02", merged_into="NT02")
    guest = Lesion("T02", "TARGET", "LUNG", "NODULE", merged_into="NT02")
    rows = [row("NT02", -7, 30), row("T02", -7, 20), row("NT02a", 57, 5), row("NT02", 113, 35)]
    last = course([host, part, guest], rows)[-1]
    assert (last.non_target, last.target, last.sum_mm) == ("NON-CR/NON-PD", "PD", 35)


# ── non-targets ──


@pytest.mark.parametrize(
    ("name", "measured", "expected"),
    [
        ("vein thrombus", {"status": "PROGRESSED"}, "PD"),
        ("vein thrombus", {"status": "PRESENT", "aphe": None}, "NON-CR/NON-PD"),
        ("vein thrombus", {"status": "PRESENT", "aphe": "N"}, "CR"),
        ("vein thrombus", {"status": "MEASURED", "longest_mm": 30, "aphe": None}, "NE"),
        ("vein thrombus", {"status": "ABSENT", "aphe": None}, "CR"),
        ("liver nodule", {"status": "MEASURED", "viable_mm": 0, "aphe": None}, "CR"),
        ("liver nodule", {"status": "MEASURED", "viable_mm": 3, "aphe": None}, "NON-CR/NON-PD"),
        ("lesion elsewhere", {"status": "PRESENT", "aphe": "N"}, "NON-CR/NON-PD"),
        ("lesion elsewhere", {"status": "MEASURED", "longest_mm": 0}, "CR"),
        ("lymph node, other site", {"status": "MEASURED", "short_axis_mm": 9.9}, "CR"),
        ("lymph node, other site", {"status": "MEASURED", "short_axis_mm": 10}, "NON-CR/NON-PD"),
        ("lymph node, other site", {"status": "PRESENT"}, "NON-CR/NON-PD"),
        ("lymph node, other site", {"status": "MEASURED"}, "NE"),
        ("effusion or ascites", {"status": "PROGRESSED", "cytology": "POS"}, "PD"),
        ("effusion or ascites", {"status": "PROGRESSED", "cytology": "ND"}, "NON-CR/NON-PD"),
        ("effusion or ascites", {"status": "NE", "cytology": "POS"}, "NE"),
    ],
)
def test_non_target_in_mrecist(name, measured, expected):
    scan = Measurement("NT01", 57, **{"aphe": "Y", **measured})
    reading = Reading(THROMBUS, site_named(MRECIST_2010, name), scan)
    assert non_target_response([reading], criteria=MRECIST_2010).value == expected


def test_growing_effusion_needs_no_cytology_in_recist():
    scan = Measurement("NT01", 57, "PROGRESSED")
    reading = Reading(THROMBUS, site_named(RECIST_1_1, "effusion or ascites"), scan)
    assert non_target_response([reading], criteria=RECIST_1_1).value == "PD"


def test_progressed_non_target_decides_though_another_was_not_assessed():
    site = site_named(MRECIST_2010, "vein thrombus")
    lung = Lesion("NT02", "NON-TARGET", "LUNG", "NODULE")
    grown = Reading(THROMBUS, site, Measurement("NT01", 57, "PROGRESSED"))
    unseen = Reading(lung, site_named(MRECIST_2010, "lesion elsewhere"), None)
    answer = non_target_response([unseen, grown], criteria=MRECIST_2010)
    assert (answer.value, answer.why) == ("PD", "NT01 progressed unequivocally")
    assert answer.missing == ("NT02 not assessed",)


# ── new lesions ──


def test_equivocal_nodule_that_becomes_typical_rewrites_the_visits_since_its_first_sight():
    rows = [
        row("T01", -7, 50),
        row("T01", 57, 30),
        row("T01", 113, 30),
        row("T01", 169, 30),
        row("NEW01", 113, 8, washout="Y"),
        row("NEW01", 169, 11, washout="Y"),
    ]
    assert overall([NODULE, NEW], rows) == [(57, "PR"), (113, "PD"), (169, "PD")]
    _, second, third = course([NODULE, NEW], rows)
    assert second.rewrites == (
        "PR before dating back: new lesion NEW01, first seen on day 113, was confirmed on day 169",
    )
    assert third.rewrites == ()
    assert overall([NODULE, NEW], rows, backdate_new_lesion=False) == [(57, "PR"), (113, "PR"), (169, "PD")]
    pending = course([NODULE, NEW], rows, backdate_new_lesion=False)[1]
    assert (pending.new_lesion, pending.equivocal_ids) == ("N", ("NEW01",))


def test_new_lesion_recorded_as_first_seen_between_scans_has_a_visit_of_its_own():
    lung = Lesion("NEW01", "NEW", "LUNG", "NODULE", first_seen_day=90)
    rows = [row("T01", -7, 50), row("T01", 57, 30), row("T01", 113, 30), row("NEW01", 113, 6)]
    assert overall([NODULE, lung], rows) == [(57, "PR"), (90, "PD"), (113, "PD")]
    assert not course([NODULE, lung], rows)[1].evaluable


@pytest.mark.parametrize(
    ("kind", "organ", "measured", "mrecist", "recist"),
    [
        ("NODULE", "LIVER", {"longest_mm": 9, "aphe": "Y", "washout": "Y"}, "SD", "PD"),
        ("NODULE", "LIVER", {"longest_mm": 20, "aphe": "Y", "washout": None}, "SD", "PD"),
        ("NODULE", "LIVER", {"viable_mm": 10, "aphe": "Y", "washout": "Y"}, "PD", "PD"),
        ("THROMBUS", "PORTAL VEIN", {"aphe": "Y"}, "PD", "PD"),
        ("THROMBUS", "PORTAL VEIN", {"aphe": "N"}, "SD", "SD"),
        ("NODE", "LYMPH NODE", {"short_axis_mm": 14.9}, "SD", "SD"),
        ("NODE", "LYMPH NODE", {"short_axis_mm": 15}, "PD", "PD"),
        ("NODE", "PORTA HEPATIS LYMPH NODE", {"short_axis_mm": 19}, "SD", "PD"),
        ("EFFUSION", "OTHER", {"cytology": "ND"}, "SD", "PD"),
        ("EFFUSION", "OTHER", {"cytology": "POS"}, "PD", "PD"),
        ("OTHER", "BONE", {}, "PD", "PD"),
    ],
)
def test_new_lesion_is_progression_by_its_site(kind, organ, measured, mrecist, recist):
    lesion = Lesion("NEW01", "NEW", organ, kind)
    seen = Measurement("NEW01", 57, "MEASURED", arterial_phase="Y", **measured)
    rows = [row("T01", -7, 50), row("T01", 57, 50), seen]
    assert overall([NODULE, lesion], rows) == [(57, mrecist)]
    assert overall([NODULE, lesion], rows, RECIST_1_1) == [(57, recist)]


def test_growth_is_counted_from_the_smallest_earlier_size():
    seen = [Detection(57, 15, proof=False), Detection(113, 12, proof=False), Detection(169, 22, proof=None)]
    dated = resolve_new_lesion(seen, kind="NODULE", organ="LIVER", criteria=MRECIST_2010, settings=settings())
    assert (dated.progression_day, dated.confirmed_day) == (57, 169)


def test_two_sizes_of_one_day_are_no_growth():
    seen = [Detection(57, 5, proof=False), Detection(57, 20, proof=False)]
    dated = resolve_new_lesion(seen, kind="NODULE", organ="LIVER", criteria=MRECIST_2010, settings=settings())
    assert dated.progression_day is None


def test_equivocal_nodule_says_what_is_missing():
    dated = resolve_new_lesion(
        [Detection(57, None, None)], kind="NODULE", organ="LIVER", criteria=MRECIST_2010, settings=settings()
    )
    assert dated.missing == ("longest_mm", "typical pattern")
    assert dated.why.startswith("equivocal: typical pattern, longest diameter ≥ 10 mm, or growth by ≥ 10 mm")


# ── best response ──


def test_no_other_response_may_lie_between_a_response_and_its_confirmation():
    visits = [(57, "PR"), (113, "NON-CR/NON-PD"), (169, "PR")]
    best = best_response(visits, sd_min_days=56, sd_strict=True, confirm=True, new_therapy_day=None)
    assert (best.value, best.why) == ("SD", "PR on day 57 (> 56), not confirmed")


def test_query_for_a_lesser_response_after_a_complete_one():
    visits = [(57, "CR"), (113, "PR"), (169, "PD"), (225, "SD")]
    best = best_response(visits, sd_min_days=56, sd_strict=True, confirm=False, new_therapy_day=None)
    assert best.queries == ("CR on day 57 is followed by PR on day 113 without progression",)
    assert (best.value, best.day) == ("CR", 57)


def test_worse_of_two_responses_on_one_day_counts_and_no_response_is_the_least():
    visits = [(57, "NE"), (57, "PR"), (57, "SD"), (113, "NE"), (113, "CR")]
    best = best_response(visits, sd_min_days=56, sd_strict=True, confirm=False, new_therapy_day=None)
    assert (best.value, best.day) == ("CR", 113)
    assert best_response(visits[:3], sd_min_days=56, sd_strict=True, confirm=False, new_therapy_day=None).value == "SD"


def test_visit_on_the_day_of_a_new_therapy_does_not_count():
    asked = {"sd_min_days": 56, "sd_strict": True, "confirm": False}
    assert best_response([(100, "PR")], new_therapy_day=100, **asked).value == "NE"
    assert best_response([(100, "PR")], new_therapy_day=101, **asked).value == "PR"


@pytest.mark.parametrize(
    ("visits", "default", "with_sd"),
    [
        ([(0, "PR"), (31, "CR"), (46, "NE"), (60, "CR"), (91, "SD")], ("CR", 31), ("PR", 0)),
        ([(20, "SD"), (51, "PR"), (80, "SD"), (92, "CR")], ("SD", 51), ("PR", 51)),
        ([(1, "CR"), (21, "CR"), (51, "SD")], ("SD", 51), ("CR", 1)),
        ([(2, "PR"), (62, "SD"), (93, "SD"), (123, "PR"), (137, "NON-CR/NON-PD")], ("SD", 62), ("SD", 62)),
        ([(0, "PR"), (9, "SD"), (19, "PR"), (135, "NON-CR/NON-PD")], ("NON-CR/NON-PD", 135), ("PR", 0)),
        ([(4, "PR"), (14, "CR"), (57, "PR")], ("SD", 57), ("SD", 57)),
        ([(4, "PR"), (14, "CR"), (59, "NE")], ("NE", 4), ("NE", 4)),
        ([(15, "PD"), (34, "SD")], ("PD", 15), ("PD", 15)),
    ],
)
def test_confirmed_best_response_of_the_cases_of_admiralonco(visits, default, with_sd):
    # Facts of pharmaverse/admiralonco, tests of derive_param_confirmed_bor (dates as days from treatment start).
    asked = {"sd_min_days": 28, "sd_strict": False, "confirm": True, "new_therapy_day": None}
    best = best_response(visits, confirmation=Confirmation(min_days=28, max_ne=1, max_sd=0), **asked)
    assert (best.value, best.day) == default
    best = best_response(visits, confirmation=Confirmation(min_days=14, max_ne=0, max_sd=1), **asked)
    assert (best.value, best.day) == with_sd


# ── what is refused ──


def refuse(call, sentence):
    with pytest.raises(DataError) as caught:
        call()
    assert str(caught.value) == sentence


def test_impossible_input_is_refused_in_one_sentence():
    targets = {"criteria": MRECIST_2010, "nodes": (), "abs_pd_mm": 0, "hold": False}
    asked = {"sd_min_days": 56, "sd_strict": True, "confirm": False, "new_therapy_day": None}
    refuse(
        lambda: target_response([10, 20], [], [10], **targets),
        "2 targets at baseline and 1 at the visit; as many were expected",
    )
    refuse(lambda: target_response([10], [], [-1], **targets), "a diameter is -1 mm; a length from 0 mm was expected")
    refuse(
        lambda: overall_response("CR", "XX", "N"),
        'non-target response: "XX" was given; one of CR, NON-CR/NON-PD, PD, NE, NA was expected',
    )
    refuse(
        lambda: best_response([(57, "MR")], **asked),
        'response on day 57: "MR" was given; one of CR, PR, SD, NON-CR/NON-PD, PD, NE was expected',
    )
    refuse(
        lambda: best_response([], **{**asked, "sd_min_days": -1}),
        "sd_min_days is -1; a number of days from 0 was expected",
    )
    refuse(
        lambda: clinical_benefit("SD", ("CR", "sd")),
        'responses that count as clinical benefit: "sd" was given; '
        "one of CR, PR, SD, NON-CR/NON-PD, PD, NE was expected",
    )
    refuse(lambda: settings(abs_pd_mm=-5), "abs_pd_mm is -5; a length from 0 mm was expected")
    refuse(
        lambda: resolve_new_lesion(
            [Detection(57, -2, None)], kind="NODULE", organ="LIVER", criteria=MRECIST_2010, settings=settings()
        ),
        "a new lesion is -2 mm; a length from 0 mm was expected",
    )


def test_impossible_records_are_refused_in_one_sentence():
    refuse(
        lambda: Lesion("T01", "MAIN", "LIVER", "NODULE"),
        'lesion T01: role: "MAIN" was given; one of TARGET, NON-TARGET, NEW was expected',
    )
    refuse(
        lambda: Measurement("T01", 57, "MEASURED", longest_mm=20, viable_mm=20.1),
        "lesion T01 on day 57: viable_mm 20.1 is larger than longest_mm 20; a part of the lesion was expected",
    )
    refuse(
        lambda: Measurement("T01", 57, "MEASURED", viable_mm=-1),
        "lesion T01 on day 57: viable_mm is -1; a length from 0 mm was expected",
    )
    refuse(
        lambda: Reading(NODULE, site_named(MRECIST_2010, "liver nodule"), row("T02", 57, 10)),
        'a measurement of lesion "T02" was given for lesion "T01"',
    )


def test_impossible_courses_are_refused_in_one_sentence():
    a, b = (Lesion(x, "TARGET", "LUNG", "NODULE", merged_into=y) for x, y in ("ab", "ba"))
    refuse(lambda: course([NODULE, NODULE], []), 'lesion "T01" is listed twice; distinct lesion ids were expected')
    refuse(
        lambda: course([NODULE], [row("T09", 57, 10)]), 'lesion "T09" is measured on day 57, but not among the lesions'
    )
    refuse(lambda: course([a, b], []), 'lesion "a": merged_into leads to a circle ("a")')
    refuse(lambda: course([a], []), 'lesion "a": merged_into leads to no listed lesion ("b")')
    refuse(
        lambda: course([NODULE], [], window=-1),
        "baseline_window_days is -1; a number of days from 0 was expected",
    )
    refuse(
        lambda: course([NODULE, NEW], [row("NEW01", 0, 12)]),
        'lesion "NEW01" is new and was seen on day 0; a day after the first dose (day 0) was expected',
    )


# ── the data ──


def test_settings_have_no_defaults():
    with pytest.raises(TypeError):
        ResponseSettings()
    assert {field.name for field in fields(ResponseSettings)} == {
        "abs_pd_mm",
        "hold",
        "backdate_new_lesion",
        "lipiodol_viable",
        "atypical_as_recist",
    }


def test_differences_of_the_criteria_are_printed_from_both():
    table = {topic: (recist, mrecist) for topic, recist, mrecist in differences().body}
    assert table["progression of the targets"] == (
        "≥ 20 % above the nadir and ≥ 5 mm",
        "≥ 20 % above the nadir, no least growth in mm",
    )
    assert table["target node at the porta hepatis"] == ("short axis ≥ 15 mm", "short axis ≥ 20 mm")
    assert len(table) == 9


def test_every_rule_has_sources_doubts_and_square_tables():
    rules = [*LESION_RULES, *TARGET_RULES, *NEW_RULES, *VISIT_RULES, *BEST_RULES]
    assert [rule.id for rule in rules] == [
        "target_lesions",
        "target_response",
        "new_lesions",
        "non_target_response",
        "overall_response",
        "best_response",
        "clinical_benefit",
    ]
    for rule in rules:
        assert all(source.citation and source.place for source in rule.sources)
        assert all(doubt.endswith(".") for doubt in rule.doubts)
        assert all(len(line) == len(table.head) for table in rule.criteria for line in table.body)


def test_percents_are_exact_where_floats_are_not():
    assert 0.7 * 44.3 < 31.01
    (visit,) = course([NODULE], [row("T01", -7, 44.3), row("T01", 57, 31.01)])
    assert (visit.change_percent, visit.overall) == (Fraction(-30), "PR")
