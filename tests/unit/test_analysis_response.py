"""Response in rows: counts of all patients, rates with limits, arms that add up, tests, other definitions, masks."""

from dataclasses import replace

import numpy as np
import pytest
from treatment_cohort import RESPONDERS, SENSITIVITY, Told, cohort_of, lookup, protocol_of, settings_of, synthetic

from oncohort.analysis.masking import mask_small_cells
from oncohort.analysis.response import analyze_response
from oncohort.analysis.sensitivity import analyze_sensitivity
from oncohort.stats.kaplan_meier import kaplan_meier
from oncohort.stats.quantiles import quantile
from oncohort.study.results import Results

PROTOCOL = protocol_of()
ARMS = ("sorafenib", "tace", "tace_cryo", "cryo")
BETWEEN = "arm=" + "|".join(ARMS)
CLASSES = ("CR", "PR", "SD", "NON-CR/NON-PD", "PD", "NE")


def respond(told: Told, protocol=PROTOCOL):
    return analyze_response(cohort_of(told, protocol), protocol, settings_of(protocol))


ROWS = respond(synthetic())
find = lookup(ROWS)


def test_keys_are_unique_and_ascii():
    assert len(Results(tuple(ROWS), (), ()).rows) == len(ROWS) > 100


def test_whole_cohort_has_the_counts_that_were_typed_in():
    counts = {level: find("n", variable="best_response", level=level).value for level in CLASSES}
    assert counts == {"CR": 14, "PR": 16, "SD": 40, "NON-CR/NON-PD": 0, "PD": 40, "NE": 0}
    assert find("n_total").value == 110
    assert find("n", variable="clinical_benefit").value == 70
    assert find("n", variable="objective_response").value == 30


def test_clinical_benefit_has_the_clopper_pearson_limits_of_the_rules():
    told = [find(name, variable="clinical_benefit").text for name in ("percent", "conf_low", "conf_high")]
    assert told == ["63.6", "53.9", "72.6"]


def test_wilson_limits_follow_the_protocol():
    protocol = protocol_of(('conf = "clopper-pearson"', 'conf = "wilson"'))
    found = lookup(respond(synthetic(), protocol))
    n, p, z = 110, 70 / 110, 1.959963984540054
    half = z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    assert found("conf_low", variable="clinical_benefit").value == pytest.approx(100 * (middle - half), rel=1e-12)
    assert found("conf_high", variable="clinical_benefit").value == pytest.approx(100 * (middle + half), rel=1e-12)


@pytest.mark.parametrize("model", ["", "sd_any"])
@pytest.mark.parametrize("level", CLASSES)
def test_whole_is_the_sum_of_the_arms(model, level):
    keys = {"model": model, "variable": "best_response", "level": level}
    arms = [find("n", group=f"arm={arm}", **keys).value for arm in ARMS]
    assert find("n", **keys).value == sum(arms)


def test_percents_are_of_all_patients_of_the_group():
    row = find("percent", group="arm=tace", variable="clinical_benefit")
    assert row.value == pytest.approx(100 * 28 / 38, rel=1e-15)
    assert row.text == "73.7"


def test_a_patient_who_is_not_evaluable_is_in_the_denominator():
    told = Told(
        [{"patient_id": p, "arm": "tace"} for p in "abcd"],
        [{"patient_id": p, "best": b, "day": 57} for p, b in zip("abcd", ("CR", "NE", "NE", "PD"), strict=True)],
        [{"patient_id": "a", "day": 57, "overall": "CR"}],
    )
    found = lookup(respond(told))
    assert found("percent", variable="objective_response").text == "25.0"
    assert found("percent", variable="best_response", level="NE").text == "50.0"


def test_a_patient_without_any_best_response_is_missing_and_still_in_the_denominator():
    told = Told([{"patient_id": p, "arm": "tace"} for p in "ab"], [{"patient_id": "a", "best": "PD", "day": 57}])
    found = lookup(respond(told))
    assert (found("n_total").value, found("n_missing").value) == (2, 1)
    assert found("percent", variable="best_response", level="PD").text == "50.0"


def test_non_cr_non_pd_is_no_benefit_in_the_paper():
    told = Told([{"patient_id": "a", "arm": "tace"}], [{"patient_id": "a", "best": "NON-CR/NON-PD", "day": 57}])
    found = lookup(respond(told))
    assert found("n", variable="best_response", level="NON-CR/NON-PD").value == 1
    assert found("n", variable="clinical_benefit").value == 0


def test_three_arms_differ_with_the_published_p_value():
    test = find("p_value", group=BETWEEN, variable="clinical_benefit")
    assert test.value == pytest.approx(3.1e-5, rel=0.02)
    assert find("df", group=BETWEEN, variable="clinical_benefit").value == 2
    named = find("method", group="arm=tace_cryo|tace|sorafenib", variable="clinical_benefit")
    assert named.text == "Pearson chi-square"


def test_cryoablation_adds_no_significant_benefit_as_published():
    test = find("p_value", group="arm=tace_cryo|tace", variable="clinical_benefit")
    assert round(test.value, 3) == 0.508


def test_a_test_that_a_comparison_names_wins_over_the_profile():
    exact = protocol_of(('test = { clinical_benefit = "pearson" }', 'test = { clinical_benefit = "fisher" }'))
    found = lookup(respond(synthetic(), exact))
    assert found("method", group="arm=tace_cryo|tace", variable="clinical_benefit").text == "Fisher's exact test"
    assert found("method", group=BETWEEN, variable="clinical_benefit").text == "Pearson chi-square"


def test_small_expected_counts_are_tested_exactly_under_the_guideline():
    guideline = protocol_of(('profile = "paper"', 'profile = "guideline"'))
    told = Told(
        [{"patient_id": p, "arm": arm} for p, arm in zip("abcdefgh", ["tace"] * 4 + ["sorafenib"] * 4, strict=True)],
        [{"patient_id": p, "best": "PR" if p in "abce" else "PD", "day": 60} for p in "abcdefgh"],
        [{"patient_id": p, "day": 60, "overall": "PR"} for p in "abce"],
    )
    found = lookup(respond(told, guideline))
    assert found("method", group=BETWEEN, variable="objective_response").text == "Fisher's exact test"
    assert round(found("p_value", group=BETWEEN, variable="objective_response").value, 4) == 0.4857


def test_what_all_patients_share_is_not_tested_and_says_so():
    told = Told(
        [{"patient_id": "a", "arm": "tace"}, {"patient_id": "b", "arm": "sorafenib"}],
        [{"patient_id": p, "best": "PD", "day": 60} for p in "ab"],
    )
    found = lookup(respond(told))
    assert found("method", group=BETWEEN, variable="clinical_benefit").text.startswith("not tested: all patients")


def test_the_second_definition_finds_the_54_of_the_discussion():
    assert find("n", model="sd_any", variable="best_response", level="SD").value == 54
    assert find("n", model="sd_any", variable="clinical_benefit").value == 84


def test_patients_whose_class_flips_are_counted():
    row = find("n", variable="flips_at_sd_minimum")
    assert row.value == 14
    assert find("n", group="arm=tace", variable="flips_at_sd_minimum").value == 2


def test_flips_are_not_told_where_the_day_itself_counts():
    guideline = protocol_of(('sd_min_days = { op = ">", value = 56 }', 'sd_min_days = { op = ">=", value = 56 }'))
    assert not [row for row in respond(synthetic(), guideline) if row.variable == "flips_at_sd_minimum"]


def test_a_patient_in_no_arm_is_counted_with_all_patients_only():
    told = Told(
        [{"patient_id": "a", "arm": "tace"}, {"patient_id": "b"}],
        [{"patient_id": p, "best": "PR", "day": 60} for p in "ab"],
        [{"patient_id": p, "day": 60, "overall": "PR"} for p in "ab"],
    )
    found = lookup(respond(told))
    assert found("n", variable="objective_response").value == 2
    assert sum(found("n", group=f"arm={a}", variable="objective_response").value for a in ARMS) == 1
    assert found("n_missing", group=BETWEEN).value == 1


def test_time_to_response_is_that_of_the_first_cr_or_pr():
    found = lookup(respond(RESPONDERS))
    told = [found(name, variable="time_to_response").value * 30.4375 for name in ("median", "min", "max")]
    assert told == pytest.approx([57, 57, 60])
    assert found("n", variable="time_to_response").value == 3


def test_duration_of_response_runs_from_the_first_response_to_the_end_of_pfs():
    found = lookup(respond(RESPONDERS))
    keys = {"variable": "response_duration", "endpoint": "PFS"}
    curve = kaplan_meier([200, 100, 300], [1, 1, 0], conf_type="plain")
    median = quantile(curve, 0.5, method="spss", at_half="first")
    assert found("median", **keys).value == pytest.approx(median.estimate / 30.4375)
    assert (found("n", **keys).value, found("n_event", **keys).value) == (3, 2)


def test_counting_the_first_day_lengthens_both_times_by_it():
    guideline = protocol_of(('profile = "paper"', 'profile = "guideline"'))
    found = lookup(respond(RESPONDERS, guideline))
    assert found("min", variable="time_to_response").value * 30.4375 == pytest.approx(58)
    assert found("median", variable="response_duration", endpoint="PFS").value * 30.4375 == pytest.approx(201)


def test_a_time_that_a_rule_ends_before_the_response_has_no_duration():
    early = [{**row, "day": 50} if row["patient_id"] == "b" else row for row in RESPONDERS.times]
    found = lookup(respond(replace(RESPONDERS, times=early)))
    keys = {"variable": "response_duration", "endpoint": "PFS"}
    assert (found("n", **keys).value, found("n_missing", **keys).value) == (2, 1)


def test_small_counts_are_masked_with_what_is_made_of_them():
    found = lookup(mask_small_cells(ROWS, 5))
    pr = {"group": "arm=sorafenib", "variable": "best_response", "level": "PR"}
    assert (found("n", **pr).text, found("percent", **pr).text) == ("<5", "masked")
    orr = {"group": "arm=sorafenib", "variable": "objective_response"}
    assert (found("n", **orr).value, found("conf_low", **orr).text) == (None, "masked")
    assert found("n_total", group="arm=sorafenib").value == 32


def test_order_of_patients_changes_nothing():
    told = synthetic()
    shuffled = np.random.default_rng(1).permutation(len(told.patients))
    turned = Told([told.patients[k] for k in shuffled], told.best[::-1], told.visits[::-1])
    assert respond(turned) == ROWS


def test_without_response_there_are_no_rows():
    protocol = PROTOCOL.model_copy(update={"response": None})
    assert analyze_response(cohort_of(synthetic(), PROTOCOL), protocol, settings_of(PROTOCOL)) == []


def test_groups_of_one_name_but_other_patients_are_called_by_the_comparison():
    among = PROTOCOL.comparison[0].model_copy(
        update={"id": "among_progressed", "population": "progressed", "outcomes": ("clinical_benefit",)}
    )
    protocol = PROTOCOL.model_copy(update={"comparison": (*PROTOCOL.comparison, among)})
    told = synthetic()
    patients = [{**row, "progressed": "NY"[k % 2]} for k, row in enumerate(told.patients)]
    rows = respond(replace(told, patients=patients), protocol)
    found = lookup(Results(tuple(rows), (), ()).rows)
    assert found("n_total", group="among_progressed=tace").value == 19
    assert found("n_total", group="arm=tace").value == 38


def sensitivity(protocol=PROTOCOL):
    return analyze_sensitivity(cohort_of(SENSITIVITY, protocol), protocol, settings_of(protocol))


def test_every_rule_has_events_median_and_the_patients_it_changes():
    found = lookup(sensitivity())
    keys = {"model": "FDA_A", "endpoint": "PFS"}
    assert (found("n", **keys).value, found("n_event", **keys).value) == (3, 2)
    assert found("median", **keys).value == pytest.approx(60 / 30.4375), "one of two at risk: half are left from day 60"
    assert found("n", variable="changed_event", **keys).value == 1
    assert found("percent", variable="changed_time", **keys).text == "33.3"


def test_a_patient_without_time_by_a_rule_is_missing_and_not_changed():
    found = lookup(sensitivity())
    keys = {"model": "NO_MISSED", "endpoint": "PFS"}
    assert (found("n", **keys).value, found("n_missing", **keys).value) == (2, 1)
    assert found("n", variable="changed_event", **keys).value == 0
    assert found("n", variable="changed_time", **keys).value == 1


def test_a_rule_without_any_time_has_no_estimate():
    found = lookup(sensitivity())
    keys = {"model": "PD_MIDPOINT", "endpoint": "PFS"}
    assert (found("n", **keys).value, found("n_missing", **keys).value) == (0, 3)


def test_both_times_count_the_first_day_alike():
    guideline = protocol_of(('profile = "paper"', 'profile = "guideline"'))
    found = lookup(sensitivity(guideline))
    keys = {"model": "FDA_A", "endpoint": "PFS"}
    assert found("n", variable="changed_time", **keys).value == 1
    midpoint = (61 + 241) / 2  # the curve runs level at one half between the two events
    assert found("median", **keys).value == pytest.approx(midpoint / 30.4375)
