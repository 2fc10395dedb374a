"""Safety in rows: patients with their worst grade, groups that never add up events, deaths after them, laboratory."""

from dataclasses import replace

import pytest
from course_cohort import ARMS, PAPER, Course, cohort_of, event, finder, patients, rows_of, sample
from hypothesis import given
from hypothesis import strategies as st
from treatment_cohort import protocol_of

from oncohort.analysis.masking import mask_small_cells
from oncohort.analysis.safety import analyze_safety, safety_levels
from oncohort.study.parse import parse_protocol
from oncohort.study.results import Results
from oncohort.study.template_tables import TEMPLATE

HFSR, LEUCO, BLEED, LIVER = "HAND-FOOT SKIN REACTION", "LEUCOPENIA", "HEMORRHAGE", "LIVER TOXICITY"
ANY, GROUP = "any_adverse_event", "haematological"
COLUMNS = 'columns = ["any", "3", "4", "3-4"]'

# 4 patients: P1 has hand-foot skin reaction twice and bleeds, P2 bleeds and has leucopenia, P3 an event that does not
# count, P4 nothing.
COURSE = Course(
    patients(4),
    [
        event("P1", HFSR, 1),
        event("P1", HFSR, 3),
        event("P1", BLEED, 4),
        event("P2", BLEED, 2),
        event("P2", LEUCO, 3),
        event("P3", HFSR, 4, counted=False, related=False),
    ],
)


def safety(course, protocol=PAPER):
    return rows_of(analyze_safety, course, protocol)


def table(rows, variable, columns=("any", "3", "4", "3-4")):
    found = {row.level: row.value for row in rows if (row.variable, row.group, row.statistic) == (variable, "", "n")}
    return [found[column] for column in columns]


def test_patient_with_the_same_event_twice_counts_once_with_the_worst_grade():
    assert table(safety(COURSE), "hand_foot_skin_reaction") == [1, 1, 0, 1]


def test_group_counts_a_patient_with_two_of_its_events_once():
    rows = safety(COURSE)
    assert table(rows, "leucopenia") == [1, 1, 0, 1]
    assert table(rows, "hemorrhage") == [2, 0, 1, 1]
    assert table(rows, GROUP) == [2, 1, 1, 2]
    assert table(rows, ANY) == [2, 1, 1, 2]


def test_percent_is_of_all_patients_of_the_population():
    results = Results(tuple(safety(COURSE)), (), ())
    assert results.text("safety", "n_total") == "4"
    assert results.text("safety", "percent", variable="hemorrhage", level="any") == "50.0"
    assert results.text("safety", "percent", variable=GROUP, level="3") == "25.0"


def test_term_named_by_the_protocol_is_there_though_nobody_had_it():
    assert table(safety(COURSE), "thrombocytopenia") == [0, 0, 0, 0]


def test_treated_count_for_safety_though_they_are_not_analyzed_and_untreated_never_do():
    who = [*patients(3), {"patient_id": "P4", "treated": False}]
    course = Course(who, [event("P3", HFSR, 2), event("P4", HFSR, 2)], analyzed=("P1", "P2"))
    assert table(safety(course), "hand_foot_skin_reaction")[0] == 1
    assert finder(safety(course))("n_total") == 3


def test_safety_of_the_eligible_leaves_out_the_treated_who_met_not_all_criteria():
    verdicts = ("INCLUDED", "EXCLUDED", "UNDETERMINED")
    who = [row | {"eligibility": verdict} for row, verdict in zip(patients(3), verdicts, strict=True)]
    course = Course(who, [event("P1", HFSR, 2), event("P2", HFSR, 2)])
    eligible = protocol_of(('safety = "treated"', 'safety = "eligible"'))
    assert (table(safety(course), ANY)[0], finder(safety(course))("n_total")) == (2, 3)
    assert (table(safety(course, eligible), ANY)[0], finder(safety(course, eligible))("n_total")) == (1, 1)


@pytest.mark.parametrize(
    ("grades", "expected", "n_open"),
    [
        ([None], [1, 0, 0, 0, 0], 1),
        ([3, None], [1, 0, 0, 0, 1], 1),
        ([4, None], [1, 0, 0, 0, 1], 1),
        ([5, None], [1, 0, 0, 0, 1], 0),
        ([3], [1, 1, 0, 1, 1], 0),
        ([2, 2], [1, 0, 0, 0, 0], 0),
    ],
)
def test_missing_grade_is_told_and_counts_only_where_no_grade_could_change_it(grades, expected, n_open):
    protocol = protocol_of((COLUMNS, 'columns = ["any", "3", "4", "3-4", ">=3"]'))
    rows = safety(Course(patients(2), [event("P1", HFSR, grade) for grade in grades]), protocol)
    find = finder(rows)
    assert table(rows, "hand_foot_skin_reaction", ("any", "3", "4", "3-4", ">=3")) == expected
    assert find("n_missing", variable="hand_foot_skin_reaction") == n_open
    assert find("n", variable=ANY, level="ungraded") == n_open


def test_open_grade_of_one_term_is_told_though_another_event_was_fatal():
    rows = safety(Course(patients(1), [event("P1", HFSR, None), event("P1", BLEED, 5)]))
    assert finder(rows)("n_missing", variable=ANY) == 0
    assert finder(rows)("n", variable=ANY, level="ungraded") == 1


def test_event_that_cannot_be_judged_is_left_out_and_told():
    unknown = event("P1", HFSR, 3, counted=False, related=None)
    ruled_out = event("P2", HFSR, 3, counted=False, related=None, in_window=False)
    only_emergence = event("P3", HFSR, None, counted=True, emergent=None)
    rows = safety(Course(patients(3), [unknown, ruled_out, only_emergence]))
    assert finder(rows)("n_missing") == 1
    assert table(rows, "hand_foot_skin_reaction")[0] == 1
    emergent = protocol_of(("emergent_only = false", "emergent_only = true"))
    only_emergence["counted"] = False
    assert finder(safety(Course(patients(3), [unknown, ruled_out, only_emergence]), emergent))("n_missing") == 2


def test_deaths_after_a_severe_event_count_patients_with_that_cause():
    died = [
        {"death_day": 90, "death_cause": "LIVER FAILURE"},
        {"death_day": 90, "death_cause": "VARICEAL BLEEDING"},
        {},
        {"death_day": 80, "death_cause": "LIVER FAILURE"},
    ]
    who = [row | cells for row, cells in zip(patients(4), died, strict=True)]
    events = [event("P1", LIVER, 3), event("P2", LIVER, 4), event("P3", LIVER, 3), event("P4", LIVER, 2)]
    find = finder(safety(Course(who, events)))
    keys = {"variable": "liver_toxicity_death"}
    assert [find(statistic, **keys) for statistic in ("n", "n_event")] == [3, 1]
    assert find("percent", **keys) == pytest.approx(100 / 3)


def levels(course, protocol=PAPER):
    found = Results((), (), tuple(safety_levels(cohort_of(course), protocol)))
    return lambda variable: [(row.level, row.label) for row in found.levels_of(variable)]


def test_labels_stand_by_falling_number_of_patients_or_by_alphabet():
    named = levels(COURSE)
    assert [name for name, _ in named("adverse_event")][:4] == [ANY, GROUP, "hemorrhage", "hand_foot_skin_reaction"]
    assert named("adverse_event")[3] == ("hand_foot_skin_reaction", "Hand-foot skin reaction")
    assert [name for name, _ in named(f"adverse_event.{GROUP}")] == [
        "hemorrhage",
        "leucopenia",
        "anemia",
        "thrombocytopenia",
    ]
    alphabet = levels(COURSE, protocol_of(('order = "frequency"', 'order = "alphabet"')))
    labels = [label for _, label in alphabet("adverse_event")]
    assert labels[0] == "Any adverse event"
    assert labels[1:] == sorted(labels[1:])


def test_ids_are_unique_though_words_are_alike_foreign_or_those_of_a_group():
    words = ["A/B", "A-B", "皮疹", "口腔炎", "HAEMATOLOGICAL", "ANY ADVERSE EVENT", "LIVER TOXICITY DEATH"]
    course = Course(patients(7), [event(f"P{k}", word, 1) for k, word in enumerate(words, 1)])
    rows = safety(course)
    assert Results(tuple(rows), (), ()).text("safety", "n", variable=ANY, level="any") == "7"
    named = dict(levels(course)("adverse_event"))
    assert {"a_b", "a_b_2", "unnamed", "unnamed_2", "haematological_2", "any_adverse_event_2"} <= set(named)
    assert finder(rows)("n", variable="haematological_2", level="any") == 1


def test_without_any_recorded_event_nothing_is_said_of_events():
    rows = safety(Course(patients(3)))
    assert {row.statistic for row in rows} == {"n_total", "n_missing"}
    assert {row.variable for row in rows} == {"", "arm"}
    assert levels(Course(patients(3)))("adverse_event") == []


def test_recorded_events_that_do_not_count_are_told_as_none():
    assert table(safety(Course(patients(3), [event("P1", HFSR, 3, counted=False, related=False)])), ANY) == [0] * 4


def test_no_row_in_a_table_study_or_without_safety():
    table_study = replace(cohort_of(COURSE), derived=None)
    assert rows_of(lambda _, p, s: analyze_safety(table_study, p, s), COURSE) == []
    assert safety_levels(table_study, PAPER) == []
    assert safety(COURSE, PAPER.model_copy(update={"safety": None})) == []
    assert safety(COURSE, PAPER.model_copy(update={"drug": {}})) == []


def test_small_counts_are_masked_with_their_percents():
    course = Course(patients(8), [event(f"P{k}", HFSR, 3 if k > 5 else 1) for k in range(1, 8)])
    results = Results(tuple(mask_small_cells(safety(course), 5)), (), ())
    keys = {"variable": "hand_foot_skin_reaction"}
    assert results.text("safety", "n", level="any", **keys) == "7"
    assert results.text("safety", "percent", level="any", **keys) == "87.5"
    assert (results.text("safety", "n", level="3", **keys), results.text("safety", "percent", level="3", **keys)) == (
        "<5",
        "masked",
    )
    assert results.text("safety", "n", level="4", **keys) == "0"


GRADES = st.sampled_from([1, 2, 3, 4, 5, None])
TERMS = st.sampled_from([HFSR, LEUCO, BLEED, "ANEMIA", LIVER, "NAUSEA"])


@st.composite
def courses(draw):
    arms = draw(st.lists(st.sampled_from([*ARMS, None]), min_size=1, max_size=8))
    who = [row | {"arm": arm} for row, arm in zip(patients(len(arms)), arms, strict=True)]
    ids = st.sampled_from([row["patient_id"] for row in who])
    events = [
        event(name, term, grade, counted=counted)
        for name, term, grade, counted in draw(
            st.lists(st.tuples(ids, TERMS, GRADES, st.booleans()), min_size=1, max_size=15)
        )
    ]
    day, grade = st.sampled_from([-3, 0, 5, 40]), st.sampled_from([0, 1, 2, 3, 4, None])
    labs = [sample(*row) for row in draw(st.lists(st.tuples(ids, day, grade), max_size=10))]
    return Course(who, events, labs)


@given(courses())
def test_whole_is_the_sum_of_the_arms_and_of_the_patients_in_none(course):
    rows = safety(course)
    inside = [f"P{k}" for k, row in enumerate(course.patients, 1) if row["arm"] is None]
    outside = finder(safety(Course([row for row in course.patients if row["arm"] is None], course.events, course.labs)))
    counts = {}
    for row in rows:
        if row.group and row.statistic in {"n", "n_event", "n_missing"}:
            key = (row.variable, row.level, row.statistic)
            counts[key] = counts.get(key, 0) + row.value
    find = finder(rows)
    assert find("n_missing", variable="arm") == len(inside)
    if not inside:
        for (variable, level, statistic), value in counts.items():
            assert find(statistic, variable=variable, level=level) == value
    else:
        n = outside("n", variable=ANY, level="any") + counts.get((ANY, "any", "n"), 0)
        assert find("n", variable=ANY, level="any") == n


@given(courses(), st.randoms(use_true_random=False))
def test_order_of_patients_and_records_changes_nothing(course, random):
    mixed = [list(rows) for rows in (course.patients, course.events, course.labs)]
    for rows in mixed:
        random.shuffle(rows)
    assert safety(Course(*mixed)) == safety(course)
    assert safety_levels(cohort_of(Course(*mixed)), PAPER) == safety_levels(cohort_of(course), PAPER)


@given(courses())
def test_group_lies_between_its_most_frequent_term_and_the_sum_of_its_terms(course):
    rows = safety(course)
    whole = table(rows, GROUP)
    parts = [table(rows, term) for term in ("leucopenia", "hemorrhage", "anemia", "thrombocytopenia")]
    assert max(part[0] for part in parts) <= whole[0] <= table(rows, ANY)[0] <= len(course.patients)
    assert whole[0] <= sum(part[0] for part in parts)


# ── laboratory ──


def labs(*rows, n=1, **cells):
    return finder(safety(Course(patients(n, **cells), labs=rows)))


def test_worst_grade_after_the_first_dose_beside_that_at_baseline():
    find = labs(
        sample("P1", -3, 1),
        sample("P1", 14, 2, 1),
        sample("P1", 28, 3, 1),
        sample("P2", 0, 3),
        sample("P2", 20, 3, 3),
        sample("P3", 20, 4, None),
        n=4,
    )
    keys = {"variable": "lab_plat"}
    assert (find("n", **keys), find("n_missing", **keys)) == (3, 1)
    assert [find("n", level=str(grade), **keys) for grade in range(5)] == [0, 0, 0, 2, 1]
    assert [find(name, level="emergent", **keys) for name in ("n", "n_total", "percent")] == [1, 2, 50]
    assert [find("n", level=level, **keys) for level in ("1->any", "1->3", "3->3", "missing->4")] == [1, 1, 1, 1]
    assert find("n", level="emergent_3-4", **keys) == 1


def test_value_counts_until_the_window_after_the_last_dose_ends():
    inside = labs(sample("P1", 130, 4, 0), last_dose_day=100)
    assert inside("n", variable="lab_plat", level="4") == 1
    rows = safety(Course(patients(1, last_dose_day=100), labs=[sample("P1", 131, 4, 0)]))
    assert not [row for row in rows if row.variable == "lab_plat"]
    assert labs(sample("P1", 999, 4, 0))("n", variable="lab_plat", level="4") == 1


def test_value_that_cannot_be_graded_is_left_out_and_told():
    find = labs(sample("P1", 20, None, 0), sample("P1", 30, 2, 0), sample("P2", 20, None, 0), n=2)
    keys = {"variable": "lab_plat"}
    assert (find("n", **keys), find("n_missing", **keys), find("n", level="ungraded", **keys)) == (1, 1, 2)
    assert find("n", level="2", **keys) == 1


def test_shifts_of_all_patients_add_up_to_the_graded():
    rows = [sample(f"P{k}", 9, k % 5, base) for k, base in enumerate((0, 1, 2, 3, 4, None, 0, 0), 1)]
    found = safety(Course(patients(8), labs=rows))
    shifts = [row for row in found if "->" in row.level and not row.level.endswith("any")]
    assert {row.group for row in shifts} == {""}
    assert sum(row.value for row in shifts) == 8
    assert sum(row.value for row in found if row.level.endswith("->any")) == 8


def test_tests_are_named_in_their_usual_order():
    named = levels(Course(patients(1), labs=[sample("P1", 5, 0, test="HGB"), sample("P1", 5, 0, test="BILI")]))
    assert named("laboratory") == [("lab_bili", "Total bilirubin"), ("lab_hgb", "Hemoglobin")]


TABLE_STUDY = """
[study]
title = "A table study"
profile = "guideline"
[records.patients]
file = "p.csv"
patient_id = "id"
[[endpoint]]
id = "OS"
time = { column = "os", unit = "months" }
event = { column = "dead", values = [1] }
"""


def test_a_study_that_says_nothing_of_safety_has_no_row():
    assert safety(COURSE, parse_protocol(TABLE_STUDY, "study.toml", template=TEMPLATE)) == []
