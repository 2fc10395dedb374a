"""Exposure, deaths, adherence and reconciliation in rows: hand-made patients, arms that add up, rates with limits."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from course_cohort import ARMS, PAPER, Course, cohort_of, compared, finder, judged, patients, rows_of
from hypothesis import given
from hypothesis import strategies as st
from treatment_cohort import protocol_of

from oncohort.analysis.adherence import adherence_levels, analyze_adherence
from oncohort.analysis.deaths import analyze_deaths, death_levels
from oncohort.analysis.exposure import analyze_exposure, exposure_levels
from oncohort.analysis.masking import mask_small_cells
from oncohort.analysis.reconciliation import analyze_reconciliation
from oncohort.stats.proportion import proportion_interval
from oncohort.study.results import Results

LIVER, BLEED = "LIVER FAILURE", "VARICEAL BLEEDING"
TUMOR = "TUMOUR PROGRESSION/METASTASIS"

# P1 was reduced and came back after 7 days, P2 was reduced for good, P3 was neither, of P4's doses nothing is known.
TREATED = Course(
    [
        row | cells
        for row, cells in zip(
            patients(4),
            [
                {
                    "treatment_days": 30.4375,
                    "relative_dose_intensity": 90.0,
                    "dose_reduced": "Y",
                    "dose_interrupted": "Y",
                    "days_to_return": 7,
                    "stop_reason": "ADVERSE EVENT",
                    "early_stop": "Y",
                    "early_stop_reason": "variceal bleeding",
                    "n_tace": 2,
                    "n_cryo": 0,
                    "arm": "tace",
                },
                {
                    "treatment_days": 60.875,
                    "relative_dose_intensity": 50.0,
                    "dose_reduced": "Y",
                    "dose_interrupted": "N",
                    "stop_reason": "PROGRESSIVE DISEASE",
                    "early_stop": "Y",
                    "n_tace": 1,
                    "n_cryo": 1,
                    "arm": "tace_cryo",
                },
                {
                    "treatment_days": 152.1875,
                    "relative_dose_intensity": 100.0,
                    "dose_reduced": "N",
                    "dose_interrupted": "N",
                    "early_stop": "N",
                    "n_tace": 0,
                    "n_cryo": 0,
                },
                {"n_tace": 0, "n_cryo": 0},
            ],
            strict=True,
        )
    ]
)


def found(analyze: Callable, course: Course, protocol=PAPER):
    return finder(rows_of(analyze, course, protocol))


# ── exposure ──


def test_duration_is_told_in_the_unit_of_the_protocol():
    keys = {"variable": "treatment_duration"}
    find = found(analyze_exposure, TREATED)
    assert [find(name, **keys) for name in ("median", "min", "max", "n", "n_missing")] == [2, 1, 5, 3, 1]
    weeks = protocol_of(('duration = "months"', 'duration = "weeks"'))
    assert found(analyze_exposure, TREATED, weeks)("median", **keys) == 60.875 / 7
    text = Results(tuple(rows_of(analyze_exposure, TREATED)), (), ()).text
    assert [text("exposure", name, **keys) for name in ("median", "min")] == ["2.0", "1.0"]


def test_quartiles_are_of_the_type_that_the_study_chose():
    course = Course([row | {"treatment_days": 10.0 * k} for k, row in enumerate(patients(5), 1)])
    days = ('duration = "months"', 'duration = "days"')
    r_type = protocol_of(days, ('quartiles = "spss-haverage"', 'quartiles = "r-type-7"'))
    keys = {"variable": "treatment_duration"}
    assert found(analyze_exposure, course, protocol_of(days))("q1", **keys) == 15
    assert found(analyze_exposure, course, r_type)("q1", **keys) == 20


def test_dose_intensity_and_pauses_are_of_the_patients_whose_doses_are_known():
    find = found(analyze_exposure, TREATED)
    assert [find(name, variable="relative_dose_intensity") for name in ("median", "min", "max")] == [90, 50, 100]
    assert find("percent", variable="dose_interrupted", level="Y") == pytest.approx(100 / 3)
    assert find("n_missing", variable="dose_interrupted") == 1


def test_restored_are_the_reduced_whose_dose_came_back():
    find = found(analyze_exposure, TREATED)
    assert [find(name, variable="dose_reduced", level="Y") for name in ("n", "percent")] == [2, pytest.approx(200 / 3)]
    assert find("n", variable="dose_restored") == 2
    assert [find(name, variable="dose_restored", level="Y") for name in ("n", "percent")] == [1, 50]
    assert [find(name, variable="days_to_return") for name in ("n", "n_missing", "median")] == [1, 1, 7]


def test_early_stop_without_one_of_the_reasons_is_another():
    find = found(analyze_exposure, TREATED)
    assert [find(name, variable="early_stop") for name in ("n", "n_missing")] == [3, 1]
    assert find("n", variable="early_stop", level="Y") == 2
    reasons = ("liver_function_deterioration", "variceal_bleeding", "other")
    assert [find("n", variable="early_stop_reason", level=reason) for reason in reasons] == [0, 1, 1]


def test_reasons_to_stop_are_of_all_patients_whether_or_not_one_is_recorded():
    rows = rows_of(analyze_exposure, TREATED)
    ends = [r for r in rows if r.variable == "stop_reason" and r.statistic == "n" and r.level and not r.group]
    assert sum(row.value for row in ends) == 4
    assert finder(rows)("percent", variable="stop_reason", level="not_recorded") == 50
    named = Results((), (), tuple(exposure_levels(cohort_of(TREATED), PAPER)))
    assert [level.label for level in named.levels_of("exposure.stop_reason")][:2] == [
        "Adverse event",
        "Progressive disease",
    ]
    assert [level.label for level in named.levels_of("exposure.early_stop_reason")] == [
        "Liver function deterioration",
        "Variceal bleeding",
        "Another adverse event",
    ]


def test_reason_that_the_template_does_not_have_is_told_as_it_is():
    course = Course(patients(1, stop_reason="MOVED AWAY"))
    assert found(analyze_exposure, course)("n", variable="stop_reason", level="moved_away") == 1
    assert "Moved away" in [level.label for level in exposure_levels(cohort_of(course), PAPER)]


def test_sessions_are_counted_by_patient_and_in_all():
    find = found(analyze_exposure, TREATED)
    assert [find("n", variable="n_tace", level=level) for level in ("0", "1", "2", "any")] == [2, 1, 1, 2]
    assert [find(name, variable="n_tace", level="any") for name in ("n_event", "median", "max")] == [3, 1.5, 2]
    assert [find("n", variable="n_tace", level=k, group="arm=tace") for k in ("0", "1", "2")] == [0, 0, 1]
    assert find("n_event", variable="n_cryo", level="any") == 1


def test_one_patient_has_no_standard_deviation():
    rows = rows_of(analyze_exposure, Course(patients(1, treatment_days=10.0)))
    assert not [row for row in rows if row.statistic == "sd"]


# ── deaths ──


def deaths(*causes, n=None):
    """Return a course in which a patient dies of each cause, the others live."""
    who = patients(n or len(causes))
    died = [row | {"death_day": 100, "death_cause": cause} for row, cause in zip(who, causes, strict=False)]
    return Course([*died, *who[len(causes) :]])


def test_causes_add_up_to_the_deaths_and_percents_are_of_all_patients():
    find = found(analyze_deaths, deaths(TUMOR, TUMOR, LIVER, "OTHER", "UNKNOWN", None, n=10))
    assert [find(name) for name in ("n", "n_event", "percent")] == [10, 6, 60]
    causes = ("tumour_progression_metastasis", "liver_failure", "other", "unknown")
    assert [find("n", variable="death_cause", level=cause) for cause in causes] == [2, 1, 1, 2]
    assert find("percent", variable="death_cause", level="unknown") == 20


def test_cause_of_a_patient_who_is_not_dead_does_not_count():
    assert found(analyze_deaths, Course(patients(2, death_cause=LIVER)))("n_event") == 0


def test_causes_stand_by_falling_number_with_other_and_unknown_last():
    named = death_levels(cohort_of(deaths("OTHER", "OTHER", "OTHER", None, None, BLEED, LIVER, LIVER)))
    assert [level.label for level in named] == ["Liver failure", "Variceal bleeding", "Other", "Not known"]
    assert [level.label for level in death_levels(cohort_of(deaths(TUMOR)))] == [
        "Tumor progression/metastasis",
        "Not known",
    ]


def test_small_numbers_of_deaths_are_masked():
    results = Results(tuple(mask_small_cells(rows_of(analyze_deaths, deaths(*[TUMOR] * 6, LIVER, n=20)), 5)), (), ())
    assert results.text("deaths", "n_event") == "7"
    cells = {"variable": "death_cause", "level": "liver_failure"}
    assert [results.text("deaths", name, **cells) for name in ("n", "percent")] == ["<5", "masked"]


# ── adherence ──

JUDGED = Course(
    patients(5),
    adherence=[
        judged("P1", "DOSE-REDUCE", "kept", 3, "grade 3-4: 200 mg twice daily"),
        judged("P1", "DOSE-REDUCE", "kept", 0, "grade 3-4: 200 mg twice daily"),
        judged("P1", "DOSE-REDUCE", "broken", 12, "grade 3-4: 200 mg twice daily"),
        judged("P2", "DOSE-REDUCE", "kept", 1, "grade 3-4: 200 mg twice daily"),
        judged("P2", "DOSE-REDUCE", "not assessable", None, "grade 3-4: 200 mg twice daily"),
        judged("P3", "DOSE-REDUCE", "not assessable", None, "grade 3-4: 200 mg twice daily"),
        judged("P4", "DOSE-REDUCE", "not applicable", None, "grade 3-4: 200 mg twice daily"),
        judged("P5", "CONSENT-FIRST", "kept", 0, "consent before the first dose"),
        judged("P5", "Z-RULE", "broken", None, "a rule of the study"),
    ],
)
VERDICTS = ("kept", "broken", "not assessable", "not applicable", "assessable")


def test_patient_who_broke_a_rule_once_has_not_kept_it():
    find = found(analyze_adherence, JUDGED)
    assert [find("n", variable="DOSE-REDUCE", level=level) for level in VERDICTS] == [1, 1, 1, 1, 2]
    assert find("percent", variable="DOSE-REDUCE", level="kept") == 50


def test_occasions_are_counted_beside_the_patients_who_had_them():
    find = found(analyze_adherence, JUDGED)
    keys = {"variable": "DOSE-REDUCE", "population": "occasions"}
    assert [find("n_event", level=level, **keys) for level in VERDICTS] == [3, 1, 2, 1, 4]
    assert [find("n", level=level, **keys) for level in VERDICTS] == [2, 1, 2, 1, 2]
    limits = proportion_interval(3, 4, method="clopper-pearson")
    rate = [find(name, level="kept", **keys) for name in ("percent", "conf_low", "conf_high")]
    assert rate == [75, 100 * limits.conf_low, 100 * limits.conf_high]


def test_days_late_are_those_of_the_late():
    find = found(analyze_adherence, JUDGED)
    keys = {"variable": "DOSE-REDUCE", "population": "occasions", "level": "late"}
    assert [find(name, **keys) for name in ("n_event", "n", "median", "min", "max")] == [3, 2, 3, 1, 12]


def test_all_rules_together_count_a_patient_by_the_worst_verdict():
    find = found(analyze_adherence, JUDGED)
    assert [find("n", level=level) for level in VERDICTS] == [1, 2, 1, 1, 3]
    assert find("n_event", level="kept", population="occasions") == 4


def test_rule_that_was_never_assessable_has_no_rate():
    rows = rows_of(analyze_adherence, Course(patients(1), adherence=[judged("P1", "STOP-AE", "not applicable")]))
    assert not [row for row in rows if row.statistic in {"percent", "conf_low", "median"}]


def test_rules_stand_in_their_usual_order_with_their_words():
    named = [(level.level, level.label) for level in adherence_levels(cohort_of(JUDGED))]
    assert named == [
        ("CONSENT-FIRST", "consent before the first dose"),
        ("DOSE-REDUCE", "grade 3-4: 200 mg twice daily"),
        ("Z-RULE", "a rule of the study"),
    ]


def test_occasions_of_few_patients_are_masked_though_they_are_many():
    busy = [judged("P1", "TACE-OIL", "broken") for _ in range(9)]
    kept = [judged(f"P{k}", "TACE-OIL", "kept") for k in range(1, 9)]
    rows = mask_small_cells(rows_of(analyze_adherence, Course(patients(8), adherence=busy + kept)), 5)
    text = Results(tuple(rows), (), ()).text
    keys = {"variable": "TACE-OIL", "population": "occasions"}
    assert [text("adherence", name, level="broken", **keys) for name in ("n", "n_event")] == ["<5", "masked"]
    assert text("adherence", "n_event", level="kept", **keys) == "8"


# ── reconciliation ──


def test_values_that_agree_are_counted_by_kind_and_in_all():
    values = [compared("P1", "response", agrees=agrees) for agrees in (True, True, False)]
    values += [compared("P2", "response", agrees=True), compared("P2", "grade", agrees=True)]
    find = found(analyze_reconciliation, Course(patients(2), reconciliation=values))
    cells = [("n_event", ""), ("n", ""), ("n_event", "agrees"), ("n", "agrees"), ("percent", "differs")]
    assert [find(name, variable="response", level=level) for name, level in cells] == [4, 2, 3, 2, 25]
    assert [find("n_event", level=level) for level in ("", "agrees", "differs")] == [5, 4, 1]
    assert find("percent", variable="grade", level="agrees") == 100


# ── all of them ──

ANALYSES = (analyze_exposure, analyze_deaths, analyze_adherence, analyze_reconciliation)


@pytest.mark.parametrize("analyze", ANALYSES)
def test_only_the_analyzed_count(analyze):
    outside = {"patient_id": "P9", "treated": False, "arm": "tace", "death_day": 5, "n_tace": 9}
    records = {
        "adherence": [judged("P1", "TACE-OIL", "kept")],
        "reconciliation": [compared("P1", "grade", agrees=True)],
    }
    more = {
        "adherence": [*records["adherence"], judged("P9", "TACE-OIL", "broken")],
        "reconciliation": [*records["reconciliation"], compared("P9", "grade", agrees=False)],
    }
    alone = rows_of(analyze, Course(patients(2, n_tace=1), **records))
    assert alone
    assert rows_of(analyze, Course([*patients(2, n_tace=1), outside], **more)) == alone


@pytest.mark.parametrize("analyze", ANALYSES)
def test_no_row_in_a_table_study(analyze):
    table_study = replace(cohort_of(TREATED), derived=None)
    assert rows_of(lambda _, protocol, settings: analyze(table_study, protocol, settings), TREATED) == []


def test_no_label_in_a_table_study():
    table_study = replace(cohort_of(TREATED), derived=None)
    assert exposure_levels(table_study, PAPER) == death_levels(table_study) == adherence_levels(table_study) == []


def test_no_row_where_nothing_was_asked_judged_or_compared():
    assert rows_of(analyze_exposure, TREATED, PAPER.model_copy(update={"exposure": None})) == []
    assert rows_of(analyze_adherence, TREATED) == rows_of(analyze_reconciliation, TREATED) == []


def test_without_arms_there_is_only_the_whole():
    alone = PAPER.model_copy(update={"arm": None})
    for analyze in (analyze_exposure, analyze_deaths):
        assert {row.group for row in rows_of(analyze, TREATED, alone)} == {""}


YES_NO = st.sampled_from(["Y", "N", None])


@st.composite
def courses(draw):
    n = draw(st.integers(1, 8))
    who = [
        row
        | {
            "arm": draw(st.sampled_from(ARMS)),
            "treatment_days": draw(st.sampled_from([None, 10.0, 45.0, 300.0])),
            "dose_reduced": draw(YES_NO),
            "dose_interrupted": draw(YES_NO),
            "days_to_return": draw(st.sampled_from([None, 7, 14])),
            "early_stop": draw(YES_NO),
            "early_stop_reason": draw(st.sampled_from([None, "variceal bleeding"])),
            "stop_reason": draw(st.sampled_from([None, "DEATH", "COMPLETED"])),
            "n_tace": draw(st.integers(0, 3)),
            "n_cryo": draw(st.sampled_from([0, 1, None])),
            "death_day": draw(st.sampled_from([None, 90])),
            "death_cause": draw(st.sampled_from([None, LIVER, "OTHER", "UNKNOWN"])),
        }
        for row in patients(n)
    ]
    ids = st.sampled_from([row["patient_id"] for row in who])
    rules, verdict = st.sampled_from(["ELIGIBLE", "TACE-MAX"]), st.sampled_from(VERDICTS[:4])
    late = st.sampled_from([None, 0, 1, 9])
    verdicts = [judged(*row) for row in draw(st.lists(st.tuples(ids, rules, verdict, late), max_size=12))]
    values = [
        compared(name, kind, agrees=agrees)
        for name, kind, agrees in draw(
            st.lists(st.tuples(ids, st.sampled_from(["grade", "response"]), st.booleans()), max_size=8)
        )
    ]
    return Course(who, adherence=verdicts, reconciliation=values)


@given(courses())
def test_whole_is_the_sum_of_the_arms(course):
    for analyze in (analyze_exposure, analyze_deaths):
        rows = rows_of(analyze, course)
        sums = {}
        for row in rows:
            if row.group and row.statistic in {"n", "n_event", "n_missing", "n_total"}:
                key = (row.variable, row.level, row.statistic)
                sums[key] = sums.get(key, 0) + row.value
        find = finder(rows)
        assert all(
            find(statistic, variable=variable, level=level) == total
            for (variable, level, statistic), total in sums.items()
        )
        assert sums["", "", "n_total"] == len(course.patients)


@given(courses(), st.randoms(use_true_random=False))
def test_order_of_patients_and_records_changes_nothing(course, random):
    mixed = [list(rows) for rows in (course.patients, course.adherence, course.reconciliation)]
    for rows in mixed:
        random.shuffle(rows)
    other = Course(mixed[0], adherence=mixed[1], reconciliation=mixed[2])
    for analyze in ANALYSES:
        assert rows_of(analyze, other) == rows_of(analyze, course)
    assert death_levels(cohort_of(other)) == death_levels(cohort_of(course))
    assert adherence_levels(cohort_of(other)) == adherence_levels(cohort_of(course))


@given(courses())
def test_verdicts_of_patients_are_a_partition_and_no_rate_leaves_its_limits(course):
    rows = rows_of(analyze_adherence, course)
    if not rows:
        return
    find = finder(rows)
    assert sum(find("n", level=level) for level in VERDICTS[:4]) == len({row["patient_id"] for row in course.adherence})
    for row in rows:
        if row.statistic == "percent":
            at = {"variable": row.variable, "level": "kept", "population": row.population}
            assert find("conf_low", **at) <= row.value <= find("conf_high", **at)
