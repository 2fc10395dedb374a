"""The tables and sentences of response, comparisons, beyond progression, landmarks and sensitivity, from rows alone."""

import re
from dataclasses import replace

import pytest
from treatment_cohort import (
    COURSES,
    EVENTS,
    FOUR,
    PROCEDURES,
    RESPONDERS,
    SENSITIVITY,
    TREATED,
    Told,
    cohort_of,
    levels_of,
    protocol_of,
    settings_of,
    synthetic,
    with_survival,
)

from oncohort.analysis.beyond_progression import analyze_beyond_progression
from oncohort.analysis.comparison import analyze_comparisons
from oncohort.analysis.landmark import analyze_landmarks
from oncohort.analysis.masking import mask_small_cells
from oncohort.analysis.response import analyze_response
from oncohort.analysis.safety import safety_levels
from oncohort.analysis.sensitivity import analyze_sensitivity
from oncohort.analysis.survival import analyze_survival
from oncohort.report.comparison_tables import (
    tabulate_beyond_progression,
    tabulate_compared_events,
    tabulate_comparison,
    tabulate_landmark,
)
from oncohort.report.document import plain_text
from oncohort.report.layout import place_cells
from oncohort.report.prose_treatment import (
    phrase_beyond_progression,
    phrase_comparison,
    phrase_landmarks,
    phrase_response,
    phrase_sensitivity,
)
from oncohort.report.response_tables import tabulate_response, tabulate_sensitivity
from oncohort.study.results import Results

PROTOCOL = protocol_of()
THREE, ADDED, BEYOND = PROTOCOL.comparison
BRITISH = re.compile(r"tumour|haem|randomis|analys(e|ed|ing)\b|oe(d|s)ema|programme", re.IGNORECASE)


def results_of(told: Told, protocol=PROTOCOL, min_cell=0) -> Results:
    cohort, settings = cohort_of(told, protocol), settings_of(protocol)
    rows = [row for endpoint in cohort.endpoints.values() for row in analyze_survival(endpoint, settings)]
    for analyze in (
        analyze_response,
        analyze_sensitivity,
        analyze_comparisons,
        analyze_beyond_progression,
        analyze_landmarks,
    ):
        rows += analyze(cohort, protocol, settings)
    levels = [*levels_of(cohort), *safety_levels(cohort, protocol)]
    return Results(tuple(mask_small_cells(rows, min_cell)), (), tuple(levels))


def texts(table) -> list[list[str]]:
    return [[plain_text(cell.text) for cell in row.cells] for row in table.body]


def line(table, label: str, nth: int = 0) -> list[str]:
    return [row for row in texts(table) if row[0] == label][nth][1:]


def head(table) -> list[str]:
    return [plain_text(cell.text) for cell in table.head[-1]]


def notes(table) -> str:
    return " ".join(plain_text(note) for note in table.notes)


PAPER = results_of(with_survival(synthetic()))
PROGRESSED = results_of(COURSES)


# ── response ──
def test_response_has_a_column_for_all_patients_and_each_arm_that_has_any():
    table = tabulate_response(PAPER, PROTOCOL)
    assert head(table) == [
        "Response",
        "All patients (n = 110)",
        "Sorafenib alone (n = 32)",
        "TACE (n = 38)",
        "TACE and cryoablation (n = 40)",
        "P",
    ]
    assert line(table, "Stable disease")[0] == "40 (36.4)"
    assert line(table, "Clinical benefit (CR, PR or SD), n (%)")[:4] == [
        "70 (63.6)",
        "10 (31.3)",
        "28 (73.7)",
        "32 (80.0)",
    ]
    assert line(table, "95% CI", 1)[0] == "53.9–72.6"


def test_p_values_carry_the_letter_of_their_test():
    table = tabulate_response(PAPER, PROTOCOL)
    assert line(table, "Clinical benefit (CR, PR or SD), n (%)")[-1] == "<0.001a"
    assert "a Pearson’s χ² test without continuity correction." in notes(table)


def test_a_class_that_nobody_has_is_left_out_unless_it_is_expected():
    labels = [row[0] for row in texts(tabulate_response(PAPER, PROTOCOL))]
    assert "Not evaluable" in labels
    assert "Neither complete response nor progressive disease" not in labels


def test_the_second_definition_and_the_patients_at_its_edge_are_told():
    table = tabulate_response(PAPER, PROTOCOL)
    assert line(table, "Stable disease", 1)[0] == "54 (49.1)"
    assert "Of 14 patients the best response would differ if stable disease on day 56 counted." in notes(table)


def test_without_arms_response_has_one_column_and_no_test():
    bare = PROTOCOL.model_copy(update={"arm": None, "comparison": (), "landmark": ()})
    table = tabulate_response(results_of(synthetic(), bare), bare)
    assert head(table) == ["Response", "All patients (n = 110)"]


def test_patients_in_no_arm_are_told_below_the_table():
    told = synthetic()
    patients = [{**row, "arm": None} if k < 2 else row for k, row in enumerate(told.patients)]
    table = tabulate_response(results_of(replace(told, patients=patients)), PROTOCOL)
    assert "In no arm: 2 patients, counted with all patients only." in notes(table)


def test_response_in_words_names_rates_arms_and_the_other_definition():
    said = phrase_response(PROTOCOL, PAPER)
    assert "Clinical benefit (CR, PR or SD) was seen in 70 of 110 patients (63.6%; 95% CI 53.9–72.6)." in said
    assert "10 of 32 (31.3%) with sorafenib alone, 28 of 38 (73.7%) with TACE and 32 of 40 (80.0%)" in said
    assert "Counting SD of any duration, clinical benefit (CR, PR or SD) was seen in 84 of 110" in said
    assert "Median time to response was" in said


def test_duration_of_response_is_told_where_there_are_responders():
    assert "median duration of response was" in phrase_response(PROTOCOL, results_of(RESPONDERS))


# ── comparisons ──
def test_comparison_has_groups_in_the_order_of_the_protocol():
    table = tabulate_comparison(PAPER, PROTOCOL, THREE)
    assert head(table)[1:4] == ["TACE and cryoablation (n = 40)", "TACE (n = 38)", "Sorafenib alone (n = 32)"]
    assert line(table, "Clinical benefit (CR, PR or SD), n (%)")[:3] == ["32 (80.0)", "28 (73.7)", "10 (31.3)"]


def test_comparison_of_three_has_the_pairs_and_of_two_has_none():
    labels = [row[0] for row in texts(tabulate_comparison(PAPER, PROTOCOL, THREE))]
    assert labels.count("TACE and cryoablation vs TACE") == 2
    assert not any(" vs " in row[0] for row in texts(tabulate_comparison(PAPER, PROTOCOL, ADDED)))


def test_every_number_of_a_comparison_is_a_text_of_the_rows():
    table = tabulate_comparison(PAPER, PROTOCOL, THREE)
    printed = {row.text for row in PAPER.rows}
    for row in texts(table):
        for text in row[1:]:
            for number in re.findall(r"[<>]?\d+(?:\.\d+)?", text):
                assert number in printed


def test_who_is_in_no_group_of_a_comparison_is_told():
    assert "Patients in none of the groups: 32." in notes(tabulate_comparison(PAPER, PROTOCOL, ADDED))


def test_comparison_in_words_has_each_outcome_with_its_test():
    said = phrase_comparison(PROTOCOL, PAPER, ADDED)
    assert "was seen in 32 of 40 (80.0%) with TACE and cryoablation and 28 of 38 (73.7%) with TACE (P = 0.508)." in said
    assert said.count("Median ") == 2


def test_adverse_events_of_groups_stand_side_by_side_with_two_tests():
    table = tabulate_compared_events(results_of(Told(FOUR, events=EVENTS)), PROTOCOL, THREE)
    assert line(table, "Rash")[2:4] == ["2 (100.0)", "1 (50.0)"]
    assert texts(table)[0][0] == "Any adverse event"
    widths = {sum(cell.colspan for cell in cells) for cells in (*table.head, *(row.cells for row in table.body))}
    assert widths == {9}


def test_a_comparison_without_adverse_events_has_no_table_of_them():
    assert tabulate_compared_events(PAPER, PROTOCOL, ADDED) is None
    assert tabulate_compared_events(PAPER, PROTOCOL, THREE) is None


# ── beyond progression ──
def test_the_biased_analysis_is_called_so_beside_the_unbiased_ones():
    table = tabulate_beyond_progression(PROGRESSED, PROTOCOL, BEYOND)
    assert [row[0] for row in texts(table)] == [
        "OS, months",
        "From the first dose (biased)",
        "From progression + 14 days",
        "Landmark, progression + 14 days",
        "Landmark, progression + 28 days",
        "Time-dependent Cox model",
    ]
    assert line(table, "From progression + 14 days")[0] == "3 (2)"
    assert line(table, "From progression + 14 days")[4] == "1/1"
    assert line(table, "Time-dependent Cox model")[1] == "–"
    assert "biased by guarantee time" in notes(table)


def test_beyond_progression_in_words_warns():
    said = phrase_beyond_progression(PROTOCOL, PROGRESSED)
    assert said.count("hazard ratio") == 5
    assert said.endswith("that estimate is descriptive only.")


def test_other_comparisons_have_no_table_beyond_progression():
    assert tabulate_beyond_progression(PROGRESSED, PROTOCOL, THREE) is None


# ── landmarks ──
def test_landmarks_tell_who_is_left_out_and_the_groups_of_each_day():
    results = results_of(TREATED)
    table = tabulate_landmark(results, PROTOCOL, "landmark_1", PROTOCOL.landmark[0])
    labels = [row[0] for row in texts(table)]
    assert labels[0].startswith("Day 30 (left out: 0 with event, 0 censored")
    assert labels[4] == "Day 60 (left out: 1 with event, 1 censored, 1 in no group)"
    assert labels[5:8] == ["Sorafenib alone", "TACE", "TACE and cryoablation"]
    assert "as treated until the landmark" in notes(table)


def test_a_landmark_that_stands_beyond_progression_is_not_told_twice():
    assert "after progression on" not in phrase_landmarks(PROTOCOL, PROGRESSED)
    assert tabulate_comparison(PROGRESSED, PROTOCOL, BEYOND) is None
    assert not phrase_comparison(PROTOCOL, PROGRESSED, BEYOND)
    assert tabulate_landmark(PROGRESSED, PROTOCOL, "landmark_2", PROTOCOL.landmark[1]) is None
    alone = BEYOND.model_copy(update={"also": ()})
    protocol = PROTOCOL.model_copy(update={"comparison": (THREE, ADDED, alone)})
    table = tabulate_landmark(results_of(COURSES, protocol), protocol, "landmark_2", protocol.landmark[1])
    assert texts(table)[0][0].startswith("Progression + 14 days")


def test_landmarks_in_words_have_a_sentence_a_day():
    said = phrase_landmarks(PROTOCOL, results_of(TREATED))
    assert "From day 60 on, 4 of 7 patients could be compared by combined treatment" in said
    assert said.count("could be compared by") == len(PROTOCOL.landmark[0].days)


# ── sensitivity ──
def test_other_rules_stand_below_the_study_s_own():
    table = tabulate_sensitivity(results_of(SENSITIVITY), PROTOCOL)
    labels = [row[0] for row in texts(table)]
    assert labels[:3] == ["PFS, months", "The study’s own", "FDA 2007, Table A"]
    assert line(table, "FDA 2007, Table A")[:2] == ["3", "2 (66.7)"]
    assert line(table, "FDA 2007, Table A")[3] == "1 (33.3)"


def test_sensitivity_in_words_names_the_rules():
    said = phrase_sensitivity(PROTOCOL, results_of(SENSITIVITY))
    assert "by the study’s own rule" in said
    assert "“FDA 2007, Table A”" in said


# ── all ──
TABLES = {
    "response": tabulate_response(PAPER, PROTOCOL),
    "three": tabulate_comparison(PAPER, PROTOCOL, THREE),
    "added": tabulate_comparison(PAPER, PROTOCOL, ADDED),
    "events": tabulate_compared_events(results_of(Told(FOUR, events=EVENTS)), PROTOCOL, THREE),
    "beyond": tabulate_beyond_progression(PROGRESSED, PROTOCOL, BEYOND),
    "landmark": tabulate_landmark(results_of(TREATED), PROTOCOL, "landmark_1", PROTOCOL.landmark[0]),
    "sensitivity": tabulate_sensitivity(results_of(SENSITIVITY), PROTOCOL),
}


@pytest.mark.parametrize("name", TABLES)
def test_no_row_is_wider_than_the_head_and_spelling_is_american(name):
    table = TABLES[name]
    width = max(sum(cell.colspan for cell in cells) for cells in table.head)
    assert all(sum(cell.colspan for _, cell in place_cells(row.cells)) <= width for row in table.body)
    words = [plain_text(table.caption), notes(table), *(text for row in texts(table) for text in row)]
    for text in words:
        assert not BRITISH.search(text)
        assert "  " not in text
        assert ".." not in text


@pytest.mark.parametrize("min_cell", [0, 5])
def test_no_table_and_no_sentence_shows_a_small_count(min_cell):
    told = replace(with_survival(COURSES), procedures=PROCEDURES, events=EVENTS)
    results = results_of(told, min_cell=min_cell)
    tables = [
        tabulate_response(results, PROTOCOL),
        *(tabulate_comparison(results, PROTOCOL, c) for c in PROTOCOL.comparison),
        tabulate_beyond_progression(results, PROTOCOL, BEYOND),
        tabulate_sensitivity(results, PROTOCOL),
    ]
    body = [text for table in tables if table is not None for row in texts(table) for text in row]
    assert any("<5" in text for text in body) == (min_cell == 5)
    assert not any("masked to" in text or "(masked" in text for text in body)
    for phrase in (phrase_response, phrase_beyond_progression, phrase_landmarks, phrase_sensitivity):
        assert "masked to" not in phrase(PROTOCOL, results)


def test_empty_results_give_no_table_and_no_sentence():
    nothing = Results((), (), ())
    assert tabulate_response(nothing, PROTOCOL) is None
    assert tabulate_comparison(nothing, PROTOCOL, THREE) is None
    assert tabulate_beyond_progression(nothing, PROTOCOL, BEYOND) is None
    assert tabulate_landmark(nothing, PROTOCOL, "landmark_1", PROTOCOL.landmark[0]) is None
    assert tabulate_sensitivity(nothing, PROTOCOL) is None
    for phrase in (phrase_response, phrase_beyond_progression, phrase_landmarks, phrase_sensitivity):
        assert not phrase(PROTOCOL, nothing)
    assert not phrase_comparison(PROTOCOL, nothing, THREE)
