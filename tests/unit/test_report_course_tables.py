"""Tables and sentences of events, treatment, deaths, adherence and records: what a cell shows, from rows alone."""

import re

import pytest
from course_cohort import PAPER, Course, cohort_of, compared, event, judged, patients, sample
from treatment_cohort import protocol_of

from oncohort.analysis.adherence import adherence_levels, analyze_adherence
from oncohort.analysis.deaths import analyze_deaths, death_levels
from oncohort.analysis.exposure import analyze_exposure, exposure_levels
from oncohort.analysis.masking import mask_small_cells
from oncohort.analysis.reconciliation import analyze_reconciliation
from oncohort.analysis.safety import analyze_safety, safety_levels
from oncohort.analysis.settings import read_settings
from oncohort.report.course_tables import (
    tabulate_adherence,
    tabulate_deaths,
    tabulate_exposure,
    tabulate_reconciliation,
)
from oncohort.report.document import Document, plain_text
from oncohort.report.html import render_html
from oncohort.report.prose_course import (
    phrase_adherence,
    phrase_deaths,
    phrase_exposure,
    phrase_reconciliation,
    phrase_safety,
)
from oncohort.report.safety_tables import (
    tabulate_adverse_events,
    tabulate_adverse_events_by_arm,
    tabulate_lab_shifts,
)
from oncohort.study.results import Results

HFSR, LEUCO, BLEED, LIVER = "HAND-FOOT SKIN REACTION", "LEUCOPENIA", "HEMORRHAGE", "LIVER TOXICITY"
TABLES = (
    tabulate_adverse_events,
    tabulate_adverse_events_by_arm,
    tabulate_lab_shifts,
    tabulate_exposure,
    tabulate_deaths,
    tabulate_adherence,
    tabulate_reconciliation,
)
PHRASES = (phrase_safety, phrase_exposure, phrase_deaths, phrase_adherence, phrase_reconciliation)


def cohort():
    """Return 8 patients, 4 with sorafenib alone and 4 with TACE, with something of everything."""
    taken = {"treatment_days": 60.875, "relative_dose_intensity": 95.0, "dose_reduced": "N", "dose_interrupted": "N"}
    who = [row | taken | {"early_stop": "N", "n_tace": 0, "n_cryo": 0} for row in patients(8)]
    for row in who[4:]:
        row |= {"arm": "tace", "n_tace": 2, "treatment_days": 152.1875}
    who[0] |= {"dose_reduced": "Y", "days_to_return": 10, "relative_dose_intensity": 80.0}
    who[1] |= {"early_stop": "Y", "early_stop_reason": "variceal bleeding", "stop_reason": "ADVERSE EVENT"}
    who[2] |= {"death_day": 80, "death_cause": "LIVER FAILURE"}
    who[3] |= {"death_day": 90}
    events = [
        *(event(f"P{k}", HFSR, 3 if k == 1 else 1) for k in (1, 2, 3, 5, 6)),
        *(event(f"P{k}", BLEED, 2) for k in (1, 2)),
        event("P2", LEUCO, 4),
        event("P3", LIVER, 3),
        event("P4", "NAUSEA", None),
        event("P5", "RASH", 2, counted=False, related=None),
    ]
    labs = [sample("P1", 9, 3, 1), sample("P2", 9, 0, 0), sample("P3", 9, None, 0), sample("P4", 9, 2)]
    verdicts = [judged(f"P{k}", "TACE-OIL", "kept", 0, "lipiodol 10 to 20 mL") for k in (5, 6, 7)]
    verdicts += [judged("P8", "TACE-OIL", "broken", None, "lipiodol 10 to 20 mL")]
    verdicts += [judged("P8", "SCAN-WINDOW", "kept", 4, "CT every 56 days")]
    values = [compared("P1", "response", agrees=True), compared("P2", "response", agrees=False)]
    return cohort_of(Course(who, events, labs, verdicts, values))


def results_of(found, protocol=PAPER, min_cell=0):
    settings = read_settings(protocol)
    analyses = (analyze_safety, analyze_exposure, analyze_deaths, analyze_adherence, analyze_reconciliation)
    rows = [row for analyze in analyses for row in analyze(found, protocol, settings)]
    levels = [*safety_levels(found, protocol), *exposure_levels(found, protocol)]
    levels += [*death_levels(found), *adherence_levels(found)]
    return Results(tuple(mask_small_cells(rows, min_cell)), (), tuple(levels))


RESULTS = results_of(cohort())


def body_of(table):
    """Return the rows by their first cell; indented cells begin with a blank each step."""
    return {
        " " * row.cells[0].indent + plain_text(row.cells[0].text): [plain_text(cell.text) for cell in row.cells[1:]]
        for row in table.body
    }


def head_of(table):
    return [plain_text(cell.text) for cell in table.head[-1]]


def test_events_stand_by_frequency_with_the_terms_of_a_group_below_it():
    table = tabulate_adverse_events(RESULTS, PAPER)
    assert head_of(table) == ["Adverse event, n (%)", "Any grade", "Grade 3", "Grade 4", "Grade 3–4"]
    assert list(body_of(table)) == [
        "Any adverse event",
        "Hand-foot skin reaction",
        "Hematological",
        " Hemorrhage",
        " Leucopenia",
        " Anemia",
        " Thrombocytopenia",
        "Liver toxicity",
        "Nausea",
    ]
    assert body_of(table)["Hand-foot skin reaction"] == ["5 (62.5)", "1 (12.5)", "0 (0.0)", "1 (12.5)"]
    assert body_of(table)["Hematological"] == ["2 (25.0)", "0 (0.0)", "1 (12.5)", "1 (12.5)"]
    assert [row.kind for row in table.body if row.kind == "group"] == ["group"]


def test_notes_say_window_attribution_version_counting_denominator_and_what_is_missing():
    notes = " ".join(map(plain_text, tabulate_adverse_events(RESULTS, PAPER).notes))
    for words in (
        "from the first dose to 30 days after the last",
        "judged related, probably related or possibly related to sorafenib",
        "CTCAE version 3.0",
        "Patients are counted, not events",
        "Percentages are of 8 treated patients",
        "In 1 patient a grade is missing",
        "In 1 patient whether an event counts cannot be said",
    ):
        assert words in notes


def test_notes_follow_the_protocol():
    protocol = protocol_of(
        ('attribution = ["RELATED", "PROBABLE", "POSSIBLE"]', 'attribution = ["RELATED", "NOT RELATED"]'),
        ("emergent_only = false", "emergent_only = true"),
        ('safety = "treated"', 'safety = "eligible"'),
        ('ctcae = "3.0"', 'ctcae = "5.0"'),
    )
    notes = " ".join(map(plain_text, tabulate_adverse_events(RESULTS, protocol).notes))
    for words in ("were worse than before it", "whatever their relation to sorafenib", "5.0", "treated and eligible"):
        assert words in notes
    one = protocol_of(('attribution = ["RELATED", "PROBABLE", "POSSIBLE"]', 'attribution = ["RELATED"]'))
    assert "judged related to sorafenib;" in plain_text(tabulate_adverse_events(RESULTS, one).notes[0])


def test_arms_stand_side_by_side_and_an_arm_without_patients_has_no_column():
    table = tabulate_adverse_events_by_arm(RESULTS, PAPER)
    assert [plain_text(cell.text) for cell in table.head[0]] == ["", "Sorafenib alone (n = 4)", "TACE (n = 4)"]
    assert body_of(table)["Hand-foot skin reaction"] == ["3 (75.0)", "1 (25.0)", "2 (50.0)", "0 (0.0)"]
    severe = protocol_of(('columns = ["any", "3", "4", "3-4"]', 'columns = ["any", ">=3"]'))
    by_three = tabulate_adverse_events_by_arm(results_of(cohort(), severe), severe)
    assert head_of(by_three)[1:3] == ["Any grade", "Grade ≥3"]


def test_laboratory_shifts_have_a_row_for_each_grade_at_baseline():
    table = tabulate_lab_shifts(RESULTS, PAPER)
    rows = body_of(table)
    assert rows["Platelets"] == ["3", "1", "0", "1", "1", "0", "1 (50.0)", "1 (50.0)"]
    assert rows[" Grade 0"] == ["1", "1", "0", "0", "0", "0"]
    assert rows[" Grade 1"] == ["1", "0", "0", "0", "1", "0"]
    assert rows[" Not known"] == ["1", "0", "0", "1", "0", "0"]
    assert "platelets in 1 patient" in plain_text(table.notes[0])


def test_treatment_is_told_whole_and_by_arm():
    table = tabulate_exposure(RESULTS, PAPER)
    assert head_of(table) == ["", "All patients (n = 8)", "Sorafenib alone (n = 4)", "TACE (n = 4)"]
    rows = [(plain_text(row.cells[0].text), [plain_text(cell.text) for cell in row.cells[1:]]) for row in table.body]
    assert rows[0] == ("Time under the drug, months", [])
    assert rows[2] == ("Median (range)", ["3.5 (2.0–5.0)", "2.0 (2.0–2.0)", "5.0 (5.0–5.0)"])
    told = dict(rows)
    assert told["Dose reduced, n (%)"] == ["1 (12.5)", "1 (25.0)", "0 (0.0)"]
    assert told["Dose restored, n (%)"] == ["1 (100.0)", "1 (100.0)", "0"]
    assert told["Days until then, median (range)"] == ["10 (10–10)", "10 (10–10)", "–"]
    assert told["Stopped for an adverse event in weeks 6–24, n (%)"][0] == "1 (12.5)"
    assert told["Variceal bleeding"][0] == "1 (100.0)"
    assert told["TACE, n (%)"] == ["4 (50.0)", "0 (0.0)", "4 (100.0)"]
    assert told["2 sessions"] == ["4 (50.0)", "0 (0.0)", "4 (100.0)"]
    assert told["Sessions in all"] == ["0", "0", "0"]  # of cryoablation, the last one
    assert "Another adverse event" not in told


def test_deaths_are_of_all_patients_and_a_cause_that_is_not_known_is_told():
    rows = body_of(tabulate_deaths(RESULTS, PAPER))
    assert rows == {
        "Died, n (%)": ["2 (25.0)", "2 (50.0)", "0 (0.0)"],
        " Liver failure": ["1 (12.5)", "1 (25.0)", "0 (0.0)"],
        " Not known": ["1 (12.5)", "1 (25.0)", "0 (0.0)"],
    }


def test_each_rule_stands_with_its_words_and_its_rates():
    table = tabulate_adherence(RESULTS, PAPER)
    rows = body_of(table)
    assert rows["TACE-OIL"] == [
        "lipiodol 10 to 20 mL",
        "4",
        "3 of 4, 75.0 (19.4–99.4)",
        "3 of 4, 75.0 (19.4–99.4)",
        "1 (1)",
        "0",
        "–",
    ]
    assert rows["SCAN-WINDOW"][-3:] == ["0", "0", "4 (4–4)"]
    assert list(rows)[-1] == "All rules"
    assert table.body[-1].kind == "total"


def test_recorded_values_stand_by_kind_with_their_sum():
    rows = body_of(tabulate_reconciliation(RESULTS, PAPER))
    assert rows["Response of an assessment"] == ["2", "2", "1 (50.0)", "1 (50.0)"]
    assert rows["All recorded values"] == rows["Response of an assessment"]


@pytest.mark.parametrize("tabulate", TABLES)
def test_every_number_of_a_table_is_a_number_of_the_results(tabulate):
    known = {row.text for row in RESULTS.rows}
    for row in tabulate(RESULTS, PAPER).body:
        for cell in row.cells[1:]:
            text = plain_text(cell.text)
            for number in () if "mL" in text or "days" in text else re.findall(r"\d+(?:\.\d+)?", text):
                assert number in known


@pytest.mark.parametrize("tabulate", TABLES)
def test_every_row_has_no_more_cells_than_the_head_and_the_page_can_be_made(tabulate):
    table = tabulate(RESULTS, PAPER)
    width = sum(cell.colspan for cell in table.head[-1])
    assert all(sum(cell.colspan for cell in row) == width for row in table.head)
    assert all(len(row.cells) <= width for row in table.body)
    assert "<table" in render_html(Document("Course", blocks=(table,)))


@pytest.mark.parametrize("tabulate", TABLES)
def test_small_numbers_are_hidden_in_every_table(tabulate):
    hidden = results_of(cohort(), min_cell=5)
    for row in tabulate(hidden, PAPER).body:
        for cell in row.cells[1:]:
            text = plain_text(cell.text)
            small = re.match(r"[1-4](?: \(|$)", text)
            assert not small or row.cells[0].text == "Days until then, median (range)", text


def test_one_arm_has_no_column_of_its_own():
    found = results_of(cohort_of(Course(patients(3, death_day=9), [event("P1", HFSR, 1)])))
    assert head_of(tabulate_deaths(found, PAPER)) == ["Cause", "All patients (n = 3)"]
    assert tabulate_adverse_events_by_arm(found, PAPER) is None


def test_patients_whose_procedures_fit_no_arm_are_told():
    who = [*patients(2, death_day=9), {"patient_id": "P3", "arm": "tace"}, {"patient_id": "P4"}]
    note = plain_text(tabulate_deaths(results_of(cohort_of(Course(who))), PAPER).notes[0])
    assert "1 patient with procedures that fit no arm stand" in note


@pytest.mark.parametrize("tabulate", TABLES)
def test_no_table_without_rows(tabulate):
    assert tabulate(Results((), (), ()), PAPER) is None


@pytest.mark.parametrize("phrase", PHRASES)
def test_no_sentence_without_rows(phrase):
    assert phrase(PAPER, Results((), (), ())) == ""


def test_sentences_on_events():
    assert phrase_safety(PAPER, RESULTS) == (
        "Of 8 treated patients, 6 (75.0%) had adverse events judged related, probably related or possibly related to "
        "sorafenib, and 3 (37.5%) had one of grade 3–4. The most frequent adverse events were hand-foot skin reaction "
        "in 5 (62.5%), hemorrhage in 2 (25.0%), leucopenia in 1 (12.5%), liver toxicity in 1 (12.5%) and nausea in "
        "1 (12.5%). The most frequent events of grade 3–4 were hand-foot skin reaction in 1 (12.5%), leucopenia in "
        "1 (12.5%) and liver toxicity in 1 (12.5%). Hematological events, each patient counted once, occurred in "
        "2 (25.0%), of grade 3–4 in 1 (12.5%). Of 1 patient with liver toxicity of grade 3 or 4, 1 (100.0%) died of "
        "liver failure."
    )


def test_sentences_on_treatment():
    assert phrase_exposure(PAPER, RESULTS) == (
        "Median time under the drug was 3.5 months (range 2.0–5.0). Median relative dose intensity was 95.0% (range "
        "80.0–95.0). The dose was reduced in 1 of 8 patients (12.5%). It was restored in 1 of these, after a median "
        "(range) of 10 (10–10) days. The drug was interrupted in 0 of 8 patients (0.0%). An adverse event ended the "
        "drug in weeks 6–24 in 1 of 8 patients (12.5%): variceal bleeding in 1. TACE was given to 4 (50.0%), in "
        "8 sessions."
    )


def test_sentences_on_deaths_rules_and_records():
    assert phrase_deaths(PAPER, RESULTS) == (
        "By the cutoff, 2 (25.0%) of 8 patients had died: liver failure in 1 (12.5%); and a cause that is not known in "
        "1 (12.5%). By treatment received these were 2 (50.0%) of 4 with sorafenib alone and 0 (0.0%) of 4 with TACE."
    )
    assert phrase_adherence(PAPER, RESULTS) == (
        "The rules of the protocol were kept on 4 of 5 occasions (80.0%; 95% CI 28.4–99.5); 3 of 4 patients (75.0%; "
        "95% CI 19.4–99.4) kept all of theirs. The only rule that was broken was TACE-OIL (1 occasion in 1 patient)."
    )
    assert phrase_reconciliation(PAPER, RESULTS) == (
        "Of 2 recorded values that can also be derived, 1 agreed (50.0%). Those that differ are: response of an "
        "assessment, 1."
    )


def test_where_nothing_happened_the_sentences_say_so():
    calm = Course(patients(3, early_stop="N", n_tace=0), [event("P1", HFSR, 1, counted=False, related=False)])
    found = results_of(cohort_of(calm))
    assert phrase_safety(PAPER, found).startswith("None of 3 treated patients had adverse events")
    assert phrase_deaths(PAPER, found) == "None of 3 patients died by the cutoff."
    assert phrase_exposure(PAPER, found) == "No adverse event ended the drug in weeks 6–24."
    assert tabulate_deaths(found, PAPER) is None


@pytest.mark.parametrize("phrase", PHRASES)
def test_sentences_never_print_a_masked_number(phrase):
    said = phrase(PAPER, results_of(cohort(), min_cell=5))
    assert "masked" not in said
    assert "–%" not in said
