"""Groups side by side, beyond progression and landmarks: rows against hands, formulas and the tests they use."""

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from treatment_cohort import (
    COURSES,
    EVENTS,
    FOUR,
    PROCEDURES,
    TREATED,
    WITH_PROGRESSION,
    Told,
    cohort_of,
    course,
    lookup,
    protocol_of,
    settings_of,
    synthetic,
    with_survival,
)

from oncohort.analysis.beyond_progression import analyze_beyond_progression
from oncohort.analysis.comparison import analyze_comparisons, patients_with_events
from oncohort.analysis.groups import test_of_counts as counted_test
from oncohort.analysis.landmark import analyze_landmarks, groups_on
from oncohort.analysis.masking import mask_small_cells
from oncohort.stats.compare import pearson_chi_square
from oncohort.stats.cox import cox
from oncohort.stats.fisher import fisher_exact
from oncohort.stats.log_rank import log_rank, pairwise_log_rank
from oncohort.study.results import Results

PROTOCOL = protocol_of()
GUIDELINE = protocol_of(('profile = "paper"', 'profile = "guideline"'))
MONTH = 30.4375
ARMS = ("tace_cryo", "tace", "sorafenib")
THREE = "arm=" + "|".join(ARMS)


def compare(told: Told, protocol=PROTOCOL):
    return analyze_comparisons(cohort_of(told, protocol), protocol, settings_of(protocol))


# ── counts ──
def test_groups_have_the_benefits_that_were_typed_in_and_the_published_test():
    found = lookup(compare(with_survival(synthetic())))
    keys = {"model": "three_arms", "variable": "clinical_benefit"}
    assert [found("n", group=f"arm={arm}", **keys).value for arm in ARMS] == [32, 28, 10]
    assert [found("n_total", model="three_arms", group=f"arm={arm}").value for arm in ARMS] == [40, 38, 32]
    assert found("p_value", group=THREE, **keys).value == pytest.approx(3.1e-5, rel=0.02)
    added = {"model": "cryo_added", "variable": "clinical_benefit", "group": "arm=tace_cryo|tace"}
    assert round(found("p_value", **added).value, 3) == 0.508
    assert found("percent", group="arm=tace_cryo", **keys).text == "80.0"


def test_a_comparison_counts_its_population_and_who_is_in_no_group_of_it():
    found = lookup(compare(with_survival(synthetic())))
    assert found("n_total", model="cryo_added").value == 110
    assert found("n", model="cryo_added", group="arm=tace_cryo|tace").value == 78
    assert found("n_missing", model="cryo_added", group="arm=tace_cryo|tace").value == 32


def test_whole_of_a_counted_outcome_is_the_sum_of_its_groups():
    rows = compare(with_survival(synthetic()))
    groups = [r for r in rows if (r.model, r.variable, r.statistic) == ("three_arms", "clinical_benefit", "n")]
    assert sum(row.value for row in groups) == 70


@given(st.lists(st.integers(1, 30), min_size=4, max_size=4))
def test_the_named_test_is_the_one_that_is_made(cells):
    table = np.array(cells).reshape(2, 2)
    assert counted_test(table, "pearson") == pearson_chi_square(table, correction="none")
    assert counted_test(table, "fisher").p_value == fisher_exact(table).p_value
    small = np.outer(table.sum(axis=1), table.sum(axis=0)).min() / table.sum() < 5
    expected = "Fisher's exact test" if small else "Pearson chi-square"
    assert counted_test(table, "fisher-if-small").method == expected


def test_a_table_too_large_for_the_exact_test_falls_back_and_says_so():
    large = np.arange(3000, 3030).reshape(2, 15)
    found = counted_test(large, "fisher")
    assert "too large for Fisher" in found.method
    assert found.p_value == pearson_chi_square(large, correction="none").p_value


# ── survival ──
@pytest.mark.parametrize("protocol", [PROTOCOL, GUIDELINE])
def test_endpoints_have_the_log_rank_test_of_all_groups_and_of_each_pair(protocol):
    cohort = cohort_of(with_survival(synthetic()), protocol)
    found = lookup(analyze_comparisons(cohort, protocol, settings_of(protocol)))
    endpoint, factor = cohort.endpoints["OS"], cohort.factors["three_arms"]
    keys = {"model": "three_arms", "endpoint": "OS"}
    whole = log_rank(endpoint.time, endpoint.event, factor.codes)
    assert found("p_value", group=THREE, **keys).value == pytest.approx(whole.p_value, rel=1e-12)
    adjust = settings_of(protocol).pairwise
    pairs = pairwise_log_rank(endpoint.time, endpoint.event, factor.codes, adjust=adjust)
    for pair in pairs:
        group = f"arm={ARMS[pair.group_a]}|{ARMS[pair.group_b]}"
        assert found("p_value", group=group, **keys).value == pytest.approx(pair.p_adjusted, rel=1e-12)
    for k, arm in enumerate(ARMS):
        members = factor.codes == k
        assert found("n_event", group=f"arm={arm}", **keys).value == endpoint.event[members].sum()


def test_two_groups_have_no_pairs():
    rows = compare(with_survival(synthetic()))
    groups = {row.group for row in rows if row.model == "cryo_added" and row.endpoint == "OS"}
    assert groups == {"arm=tace_cryo", "arm=tace", "arm=tace_cryo|tace"}


def test_all_keys_of_a_study_are_unique_and_ascii():
    told = replace(with_survival(COURSES), events=EVENTS, procedures=PROCEDURES)
    cohort, settings = cohort_of(told, PROTOCOL), settings_of(PROTOCOL)
    rows = [
        *analyze_comparisons(cohort, PROTOCOL, settings),
        *analyze_beyond_progression(cohort, PROTOCOL, settings),
        *analyze_landmarks(cohort, PROTOCOL, settings),
    ]
    assert len(Results(tuple(rows), (), ()).rows) > 100


# ── adverse events ──
def test_adverse_events_count_patients_by_their_worst_counted_grade():
    found = lookup(compare(Told(FOUR, events=EVENTS)))
    keys = {"model": "three_arms", "variable": "rash", "group": "arm=tace"}
    assert found("n", level="any", **keys).value == 2
    assert found("n", level="3-4", **keys).value == 1  # the worst grade of b is 5
    assert found("percent", level="3-4", **keys).text == "50.0"
    assert found("n", level="any", model="three_arms", variable="rash", group="arm=tace_cryo").value == 0


def test_a_group_of_terms_counts_each_patient_once():
    found = lookup(compare(Told(FOUR, events=EVENTS)))
    keys = {"model": "three_arms", "level": "any"}
    assert found("n", variable="haematological", group="arm=tace", **keys).value == 1
    assert found("n", variable="any_adverse_event", group="arm=tace", **keys).value == 2


def test_an_event_without_grade_may_be_worse_than_those_with():
    cohort = cohort_of(Told(FOUR, events=EVENTS), PROTOCOL)
    found = patients_with_events(cohort, cohort.derived, PROTOCOL)["anemia"]
    assert found.any_grade.tolist() == [True, False, True, False]
    assert found.severe.tolist() == [True, False, False, False]


def test_adverse_events_are_tested_between_the_groups():
    found = lookup(compare(Told(FOUR, events=EVENTS)))
    test = pearson_chi_square([[0, 2, 0], [1, 0, 1]], correction="none")
    keys = {"model": "three_arms", "variable": "rash", "level": "any", "group": THREE}
    assert found("p_value", **keys).value == pytest.approx(test.p_value)


# ── beyond progression ──
CONTINUED = "continued_past_progression=continued"
STOPPED = "continued_past_progression=discontinued"
BOTH = f"{CONTINUED}|discontinued"
KEYS = {"model": "beyond_progression", "endpoint": "OS"}


def beyond(told=COURSES, protocol=PROTOCOL):
    return analyze_beyond_progression(cohort_of(told, protocol), protocol, settings_of(protocol))


def test_the_paper_version_counts_from_the_first_dose_and_is_called_biased():
    found = lookup(beyond())
    keys = {**KEYS, "variable": "from-first-dose"}
    assert [found("n", group=group, **keys).value for group in (CONTINUED, STOPPED, BOTH)] == [3, 5, 8]
    assert found("median", group=CONTINUED, **keys).value == pytest.approx(250 / MONTH)
    assert "biased by guarantee time" in found("method", **keys).text
    test = log_rank([300, 160, 250, 90, 71, 400, 65, 210], [1, 0, 1, 1, 1, 1, 0, 1], [0, 0, 0, 1, 1, 1, 1, 1])
    assert found("p_value", group=BOTH, **keys).value == pytest.approx(test.p_value)


def test_the_clock_at_progression_starts_after_the_days_of_grace():
    found = lookup(beyond())
    keys = {**KEYS, "variable": "clock-at-progression"}
    assert found("n_total", **keys).value == 8
    assert found("n_event", level="before", **keys).value == 1
    assert found("n_censor", level="before", **keys).value == 1
    test = log_rank([229, 89, 123, 19, 273, 139], [1, 0, 1, 1, 1, 1], [0, 0, 0, 1, 1, 1])
    assert found("p_value", group=BOTH, **keys).value == pytest.approx(test.p_value)
    fit = cox([229, 89, 123, 19, 273, 139], [1, 0, 1, 1, 1, 1], {"on": [1, 1, 1, 0, 0, 0]}, ties="breslow")
    assert found("estimate", group=BOTH, **keys).value == pytest.approx(fit.hazard_ratio[0])
    assert found("median", group=STOPPED, **keys).value == pytest.approx(139 / MONTH)


def test_counting_the_first_day_lengthens_the_time_and_leaves_out_the_same_patients():
    guideline = lookup(beyond(protocol=GUIDELINE))
    keys = {**KEYS, "variable": "clock-at-progression"}
    assert guideline("n_event", level="before", **keys).value == 1
    assert guideline("median", group=STOPPED, **keys).value == pytest.approx(140 / MONTH)


def test_a_landmark_after_progression_has_the_days_of_the_protocol():
    found = lookup(beyond())
    keys = {**KEYS, "variable": "landmark"}
    assert found("n", group=BOTH, time="14", **keys).value == 6
    assert found("n", group=BOTH, time="28", **keys).value == 6
    assert found("median", group=STOPPED, time="28", **keys).value == pytest.approx(125 / MONTH)


def test_without_a_landmark_of_the_comparison_none_is_invented():
    protocol = PROTOCOL.model_copy(update={"landmark": ()})
    found = lookup(beyond(protocol=protocol))
    assert found("method", variable="landmark", **KEYS).text.startswith("not made")


def log_likelihood(beta):
    """Return Cox's log partial likelihood of the courses by its definition: who is at risk, and who has continued."""
    total = 0.0
    risk = [(p["progression_day"], t["day"], t["event"], p["last_dose_day"]) for p, t in WITH_PROGRESSION]
    for _, day, dead, _ in risk:
        if not dead:
            continue
        exponents = [
            (end == day, beta * (last - start > 14 and day > start + 14))
            for start, end, _, last in risk
            if start < day <= end
        ]
        total += sum(x for own, x in exponents if own) - np.log(sum(np.exp(x) for _, x in exponents))
    return total


def test_the_time_dependent_ratio_is_where_the_partial_likelihood_is_highest():
    found = lookup(beyond())
    keys = {**KEYS, "variable": "time-dependent", "group": BOTH}
    beta = found("log_estimate", **keys).value
    grid = np.linspace(-4, 4, 8001)
    assert beta == pytest.approx(grid[np.argmax([log_likelihood(b) for b in grid])], abs=1e-3)
    assert found("conf_low", **keys).value < np.exp(beta) < found("conf_high", **keys).value
    assert (found("n", **keys).value, found("n_event", **keys).value) == (8, 6)
    assert found("method", **keys).text == "Wald, breslow ties"


def test_events_before_continuation_begins_do_not_belong_to_it():
    found = lookup(beyond())
    keys = {**KEYS, "variable": "time-dependent"}
    assert [found("n", group=g, **keys).value for g in (CONTINUED, STOPPED)] == [3, 5]
    assert [found("n_event", group=g, **keys).value for g in (CONTINUED, STOPPED)] == [2, 4]


def test_no_effect_but_guarantee_time_looks_like_one_only_in_the_biased_analysis():
    draw = np.random.default_rng(11)
    rows = []
    for k in range(1500):
        progression = 56 * int(draw.integers(1, 4))
        end = progression + 1 + int(draw.exponential(60))
        wished = progression + 15 + int(draw.exponential(40))
        stopped = wished if draw.random() < 0.6 else progression
        rows.append(course(f"p{k}", progression, min(stopped, end), end, dead=True))
    found = lookup(beyond(Told([p for p, _ in rows], times=[t for _, t in rows])))
    at = {**KEYS, "group": BOTH}
    assert found("estimate", variable="from-first-dose", **at).value < 0.85
    for variable in ("clock-at-progression", "time-dependent"):
        low, high = (found(side, variable=variable, **at).value for side in ("conf_low", "conf_high"))
        assert low < 1 < high


def test_a_ratio_that_cannot_be_estimated_says_why():
    told = Told([p for p, _ in WITH_PROGRESSION[:3]], times=[t for _, t in WITH_PROGRESSION[:3]])
    found = lookup(beyond(told))
    at = {**KEYS, "variable": "from-first-dose", "group": BOTH}
    assert found("estimate", **at).text == "not estimable"
    assert found("method", level="(fit)", **at).text.startswith("not estimable: ")


def test_progression_free_survival_is_not_asked_beyond_progression():
    comparison = PROTOCOL.find_comparison("beyond_progression").model_copy(update={"outcomes": ("PFS", "OS")})
    protocol = PROTOCOL.model_copy(update={"comparison": (comparison,)})
    assert {row.endpoint for row in beyond(protocol=protocol)} == {"OS"}


# ── landmarks ──
def landmarks(told=TREATED, protocol=PROTOCOL):
    return analyze_landmarks(cohort_of(told, protocol), protocol, settings_of(protocol))


def test_arms_at_a_landmark_are_those_of_the_procedures_until_that_day():
    found = lookup(landmarks())
    keys = {"model": "landmark_1", "endpoint": "OS", "variable": "landmark"}
    on_60 = [found("n", group=f"arm={arm}", time="60", **keys).value for arm in ("sorafenib", "tace", "tace_cryo")]
    assert on_60 == [2, 1, 1]  # b is not treated yet, c and a are; d has an arm that the factor does not know
    on_30 = [found("n", group=f"arm={arm}", time="30", **keys).value for arm in ("sorafenib", "tace", "tace_cryo")]
    assert on_30 == [4, 2, 0]


def test_who_is_left_out_by_a_landmark_is_counted_with_the_reason():
    found = lookup(landmarks())
    keys = {"model": "landmark_1", "endpoint": "OS", "variable": "landmark", "time": "60"}
    between = "arm=sorafenib|tace|tace_cryo"
    left = found("n_event", level="before", **keys).value + found("n_censor", level="before", **keys).value
    assert (found("n_event", level="before", **keys).value, left) == (1, 2)
    assert found("n_missing", group=between, **keys).value == 1
    assert found("n_total", **keys).value == left + found("n", group=between, **keys).value + 1


def test_survival_is_counted_from_the_landmark():
    found = lookup(landmarks())
    keys = {"model": "landmark_1", "endpoint": "OS", "variable": "landmark", "time": "60"}
    assert found("median", group="arm=tace", **keys).value == pytest.approx(1 / MONTH)
    test = log_rank([240, 140, 1, 30], [1, 1, 1, 1], [2, 0, 1, 0])
    assert found("p_value", group="arm=sorafenib|tace|tace_cryo", **keys).value == pytest.approx(test.p_value)


def test_a_landmark_after_progression_is_about_those_who_progressed():
    rows = landmarks(COURSES)
    found = lookup(rows)
    keys = {"model": "landmark_2", "endpoint": "OS", "variable": "landmark", "time": "14"}
    assert found("n_total", **keys).value == 8
    own = [row for row in rows if row.model == "landmark_2" and row.time == "14"]
    same = [row for row in beyond() if row.variable == "landmark" and row.time == "14"]
    assert [row.value for row in own if row.statistic == "median"] == [
        row.value for row in same if row.statistic == "median"
    ]


def test_continuation_is_judged_with_what_is_seen_until_an_early_landmark():
    cohort = cohort_of(COURSES, PROTOCOL)
    progression = np.array([57, 57, 113, 57, 57, 113, 57, 57, np.nan])
    groups, _ = groups_on(cohort, cohort.derived, PROTOCOL, "beyond_progression", progression + 5)
    # f took the drug for seven days after progression: on the fifth it was still going on
    assert groups.factor.codes.tolist() == [0, 0, 0, 1, 1, 0, 0, 1, -1]


def test_who_has_not_progressed_by_a_landmark_from_the_first_dose_is_not_compared():
    landmark = PROTOCOL.landmark[1].model_copy(update={"origin": "index", "days": (100,)})
    protocol = PROTOCOL.model_copy(update={"landmark": (landmark,)})
    found = lookup(landmarks(COURSES, protocol))
    keys = {"model": "landmark_1", "endpoint": "OS", "variable": "landmark", "time": "100"}
    assert found("n_total", **keys).value == 6
    assert found("n", group=BOTH, **keys).value == 3


def test_a_factor_known_from_a_date_is_unknown_before_it():
    sex = PROTOCOL.find_factor("sex").model_copy(update={"known": "subjects.consent_date"})
    others = tuple(factor for factor in PROTOCOL.factor if factor.id != "sex")
    landmark = PROTOCOL.landmark[0].model_copy(update={"of": "sex", "days": (60,)})
    protocol = PROTOCOL.model_copy(update={"factor": (sex, *others), "landmark": (landmark,)})
    cohort = cohort_of(Told([{**row, "subjects.sex": "M"} for row in TREATED.patients], times=TREATED.times), protocol)
    index = pl.Series([date(2009, 1, 1 + k) for k in range(7)])
    consent = index.dt.offset_by("61d").alias("subjects.consent_date")
    patients = cohort.derived.patients.with_columns(index.alias("index"), consent)
    cohort = replace(cohort, derived=replace(cohort.derived, patients=patients))
    found = lookup(analyze_landmarks(cohort, protocol, settings_of(protocol)))
    keys = {"model": "landmark_1", "endpoint": "OS", "variable": "landmark", "time": "60"}
    assert found("n", group="sex=M|F", **keys).value == 0
    assert found("n_missing", group="sex=M|F", **keys).value == 5
    assert found("method", group="sex=M|F", **keys).text.startswith("not tested")


# ── laws ──
@given(st.permutations(range(9)))
def test_order_of_patients_changes_no_row(order):
    turned = Told([COURSES.patients[k] for k in order], times=COURSES.times[::-1])
    told, again = beyond(), beyond(turned)
    assert [row.key() for row in told] == [row.key() for row in again]
    assert [row.text for row in told] == [row.text for row in again]
    for one, other in zip(told, again, strict=True):
        assert (one.value is None) == (other.value is None)
        assert one.value is None or one.value == pytest.approx(other.value, rel=1e-9, nan_ok=True)


def test_order_of_patients_changes_no_comparison():
    told = with_survival(synthetic())
    turned = Told(told.patients[::-1], told.best[::-1], told.visits, told.times[::-1])
    assert [(r.key(), r.text) for r in compare(told)] == [(r.key(), r.text) for r in compare(turned)]


def test_small_groups_are_masked_in_every_analysis():
    rows = mask_small_cells(beyond(), 4)
    found = lookup(rows)
    keys = {**KEYS, "variable": "from-first-dose"}
    assert found("n", group=CONTINUED, **keys).text == "<4"
    assert found("median", group=CONTINUED, **keys).text == "masked"
    assert found("n", group=STOPPED, **keys).value == 5
    assert found("n_censor", level="before", **{**keys, "variable": "clock-at-progression"}).value is None


def test_a_table_study_has_none_of_these_rows():
    cohort = replace(cohort_of(COURSES, PROTOCOL), derived=None)
    for analyze in (analyze_comparisons, analyze_beyond_progression, analyze_landmarks):
        assert analyze(cohort, PROTOCOL, settings_of(PROTOCOL)) == []
