"""Figures of single patients: what bars, lines, lanes and cases are made of, what is told, and what stays hidden."""

import re
from dataclasses import replace

import polars as pl
import pytest
from treatment_cohort import frame, protocol_of

from oncohort.derive.exposure import SEGMENTS
from oncohort.derive.local_therapy import PROCEDURES
from oncohort.derive.response import BEST, SIZES, VISITS
from oncohort.derive.safety import EVENTS
from oncohort.report.case_course import course_of, draw_course, shown_lesions
from oncohort.report.document import Heading, Paragraph, plain_text
from oncohort.report.drawings import figures_of
from oncohort.report.facts import StudyFacts
from oncohort.report.figures.case_timeline import plot_case_timeline
from oncohort.report.figures.spider import SpiderLine, plot_spider
from oncohort.report.figures.waterfall import WaterfallBar, plot_waterfall
from oncohort.report.patient_figures import draw_case, draw_patients, find_lost_cases, tell_cases, tell_patients
from oncohort.report.patient_records import (
    DAYS_PER_UNIT,
    label_patients,
    spider_lines,
    swimmer_lanes,
    waterfall_bars,
)
from oncohort.report.prose_patients import phrase_case
from oncohort.report.sketch import Sketch, draw
from oncohort.study.cohort import Cohort, Derived
from oncohort.study.protocol import Case, Figure, Privacy
from oncohort.study.results import Results
from oncohort.study.template_tables import TEMPLATE

MONTH = DAYS_PER_UNIT["months"]
PROTOCOL = protocol_of()
PATIENTS = {
    "patient_id": pl.String,
    "treated": pl.Boolean,
    "age": pl.Float64,
    "subjects.sex": pl.String,
    "bclc": pl.String,
    "child_pugh_class": pl.String,
    "best_response": pl.String,
    "progression_day": pl.Int64,
    "continued_past_progression": pl.String,
    "last_dose_day": pl.Int64,
    "stop_reason": pl.String,
    "death_day": pl.Int64,
    "death_cause": pl.String,
    "last_known_alive_day": pl.Int64,
}
EMPTY = pl.DataFrame(schema={"patient_id": pl.String})


def cohort_of(patients, *, analyzed=None, **rows):
    """Return a cohort from rows of its frames; of a patient who is not said to be otherwise, 300 days are known."""
    usual = {"treated": True, "last_known_alive_day": 300}
    derived = Derived(
        patients=frame([{**usual, **row} for row in patients], PATIENTS),
        visits=frame(rows.get("visits", ()), VISITS),
        best=frame([{"definition": "", **row} for row in rows.get("best", ())], BEST),
        lesion_sizes=frame(rows.get("sizes", ()), SIZES),
        exposure=frame(rows.get("doses", ()), SEGMENTS),
        procedures=frame(rows.get("procedures", ()), PROCEDURES),
        adverse_events=frame(rows.get("events", ()), EVENTS),
        labs=EMPTY,
        time_to_event=EMPTY,
        adherence=EMPTY,
        reconciliation=EMPTY,
    )
    names = tuple(row["patient_id"] for row in patients) if analyzed is None else analyzed
    return Cohort(names, {}, {}, (), derived, template=TEMPLATE)


def visit(patient_id, day, change, overall="SD", **more):
    sums = {"baseline_mm": 50.0, "sum_mm": None if change is None else 50.0 * (1 + change / 100)}
    return {"patient_id": patient_id, "day": day, "change_percent": change, "overall": overall, **sums, **more}


def dose(patient_id, start, end, mg=800.0, state="FULL"):
    return {"patient_id": patient_id, "start_day": start, "end_day": end, "mg_per_day": mg, "state": state}


def size(patient_id, lesion, day, viable, longest=None, role="TARGET", organ="LIVER"):
    place = {"patient_id": patient_id, "lesion_id": lesion, "role": role, "organ": organ}
    return {**place, "day": day, "viable_mm": viable, "longest_mm": longest}


def privately(protocol=PROTOCOL, **privacy):
    return protocol.model_copy(update={"privacy": Privacy(**privacy)})


def with_figures(*figures, protocol=PROTOCOL, **privacy):
    return privately(protocol.model_copy(update={"figure": figures}), **privacy)


def facts_of(cohort, protocol):
    return StudyFacts(protocol, Results((), (), ()), cohort, (), (), "")


WATERFALL, SPIDER, SWIMMER = (Figure(id=kind, kind=kind) for kind in ("waterfall", "spider", "swimmer"))
PROGRESSED = {"patient_id": "A", "best_response": "PR", "progression_day": 113}


# ---- all patients: bars


def test_best_change_is_the_lowest_up_to_and_on_the_day_of_progression():
    cohort = cohort_of(
        [PROGRESSED], visits=[visit("A", 57, -20.0), visit("A", 113, -35.0, "PD"), visit("A", 170, -80.0)]
    )
    assert waterfall_bars(cohort, PROTOCOL) == [WaterfallBar(-35.0, "PR")]


@pytest.mark.parametrize(("choice", "change"), [("used", -90.0), ("excluded", -20.0)])
def test_scan_after_another_therapy_counts_as_it_does_for_the_best_response(choice, change):
    visits = [visit("A", 57, -20.0), visit("A", 113, -90.0, "PR", after_therapy=True)]
    cohort = cohort_of([{"patient_id": "A", "best_response": "SD"}], visits=visits)
    protocol = protocol_of(("lipiodol_viable = false", f'lipiodol_viable = false\nafter_new_therapy = "{choice}"'))
    assert waterfall_bars(cohort, protocol) == [WaterfallBar(change, "SD")]


def test_lesion_that_vanished_has_size_0_and_one_too_small_to_measure_that_of_the_criteria():
    sizes = [
        size("A", "T01", -7, 40.0),
        {**size("A", "T01", 57, None), "status": "TOO_SMALL"},
        {**size("A", "T01", 113, None), "status": "ABSENT"},
        {**size("A", "T01", 170, None, 30.0), "status": "MEASURED", "aphe": "N"},
    ]
    [lesion] = course("A", cohort_of([{"patient_id": "A"}], sizes=sizes)).lesions
    assert lesion.sizes == ((-7, 40.0), (57, 5.0), (113, 0.0), (170, 0.0))


def test_patient_who_only_grew_has_the_smallest_growth():
    cohort = cohort_of(
        [{"patient_id": "A", "best_response": "SD"}],
        visits=[visit("A", 57, 12.0), visit("A", 113, 4.0), visit("A", 170, 9.0)],
    )
    assert waterfall_bars(cohort, PROTOCOL) == [WaterfallBar(4.0, "SD")]


def test_patient_without_a_sum_after_baseline_has_no_bar_but_is_counted():
    patients = [{"patient_id": "A", "best_response": "NE"}, {"patient_id": "B", "best_response": "SD"}]
    cohort = cohort_of(patients, visits=[visit("A", 57, None, "NE"), visit("B", 57, -1.0)])
    assert waterfall_bars(cohort, PROTOCOL) == [WaterfallBar(None, "NE"), WaterfallBar(-1.0, "SD")]
    [drawing] = draw_patients(cohort, with_figures(WATERFALL), "waterfall")
    assert "known of 1 of 2 patients" in drawing.caption


def test_patient_without_targets_has_no_bar_and_no_line():
    patients = [{"patient_id": "A", "best_response": "NON-CR/NON-PD"}]
    cohort = cohort_of(patients, visits=[visit("A", 57, None, "NON-CR/NON-PD", target="NA")])
    assert waterfall_bars(cohort, PROTOCOL) == [WaterfallBar(None, "NE")]
    assert spider_lines(cohort, PROTOCOL) == []


def test_only_analyzed_patients_with_a_first_dose_are_shown():
    patients = [{"patient_id": name, "best_response": "SD"} for name in "AB"]
    patients.append({"patient_id": "C", "treated": False})
    cohort = cohort_of(patients, analyzed=("B", "C"), visits=[visit("A", 57, -1.0), visit("B", 57, -2.0)])
    assert waterfall_bars(cohort, PROTOCOL) == [WaterfallBar(-2.0, "SD")]
    assert [line.points for line in spider_lines(cohort, PROTOCOL)] == [((57 / MONTH, -2.0),)]
    assert len(swimmer_lanes(cohort, PROTOCOL)) == 1


# ---- all patients: lines


def test_line_goes_on_after_progression_and_a_new_lesion_is_marked_once():
    visits = [
        visit("A", 57, -20.0),
        visit("A", 113, 3.0, "PD", new_lesion="Y"),
        visit("A", 170, 30.0, "PD", new_lesion="Y"),
    ]
    [line] = spider_lines(cohort_of([PROGRESSED], visits=visits), PROTOCOL)
    assert line == SpiderLine(
        ((57 / MONTH, -20.0), (113 / MONTH, 3.0), (170 / MONTH, 30.0)),
        "PR",
        progression_time=113 / MONTH,
        new_lesion_times=(113 / MONTH,),
    )


def test_time_is_in_the_unit_of_the_report():
    days = PROTOCOL.model_copy(update={"study": PROTOCOL.study.model_copy(update={"report_unit": "days"})})
    [line] = spider_lines(cohort_of([PROGRESSED], visits=[visit("A", 57, -20.0)]), days)
    assert line.points == ((57.0, -20.0),)


# ---- all patients: lanes


def lane_of(doses=(), **patient):
    cohort = cohort_of([{"patient_id": "A", **patient}], doses=[dose("A", *each) for each in doses])
    [lane] = swimmer_lanes(cohort, privately(protocol_of(), patient_labels="id"))
    return lane


def spans(lane):
    return [(round(span.start * MONTH), round(span.end * MONTH), span.level) for span in lane.treatment]


def marks(lane):
    return [(mark.kind, round(mark.time * MONTH)) for mark in lane.events]


def test_doses_fill_their_days_and_follow_each_other_without_a_gap():
    lane = lane_of([(0, 19), (20, 29, 400.0, "REDUCED"), (30, 39, 0.0, "INTERRUPTED"), (40, 99)], last_dose_day=99)
    assert spans(lane) == [(0, 20, "FULL"), (20, 30, "REDUCED"), (30, 40, "INTERRUPTED"), (40, 100, "FULL")]
    assert lane.end == 300 / MONTH


def test_level_is_that_of_the_dose_and_the_recorded_one_only_where_the_dose_is_missing():
    lane = lane_of([(0, 19, 400.0, "FULL"), (20, 29, None, "REDUCED"), (30, 39, None, None)])
    assert spans(lane) == [(0, 20, "REDUCED"), (20, 30, "REDUCED")]


def test_doses_that_overlap_are_cut_where_the_next_begins():
    assert spans(lane_of([(0, 40), (20, 29, 400.0, "REDUCED")])) == [(0, 20, "FULL"), (20, 30, "REDUCED")]


def test_dose_of_the_last_day_does_not_outlive_the_patient():
    lane = lane_of([(0, 100)], death_day=100, last_dose_day=100)
    assert spans(lane) == [(0, 100, "FULL")]
    assert marks(lane) == [("DEATH", 100)]
    assert lane.end == 100 / MONTH


def test_treatment_is_ongoing_where_the_drug_was_taken_to_the_last_day_and_nothing_ended_it():
    known = {"last_dose_day": 300, "last_known_alive_day": 300}
    lane = lane_of([(0, 300)], **known)
    assert lane.ongoing
    assert marks(lane) == []
    ended = [
        lane_of([(0, 300)], **known, stop_reason="ADVERSE EVENT"),
        lane_of([(0, 299)], **{**known, "last_dose_day": 299}),
    ]
    assert [(each.ongoing, marks(each)) for each in ended] == [(False, [("LAST FOLLOW-UP", 300)])] * 2


def test_responses_progression_and_procedures_are_marked_on_their_days():
    visits = [visit("A", 57, -40.0, "PR"), visit("A", 113, -100.0, "CR"), visit("A", 170, -100.0, "CR")]
    cohort = cohort_of(
        [{"patient_id": "A", "progression_day": 230, "death_day": 280}],
        visits=visits,
        best=[
            {"patient_id": "A", "best": "CR", "day": 113},
            {"patient_id": "A", "best": "PR", "day": 57, "definition": "x"},
        ],
        procedures=[{"patient_id": "A", "type": "TACE", "day": -5}, {"patient_id": "A", "type": "CRYO", "day": None}],
    )
    [lane] = swimmer_lanes(cohort, PROTOCOL)
    assert marks(lane) == [("TACE", -5), ("PR", 57), ("CR", 113), ("PD", 230), ("DEATH", 280)]


def test_response_that_does_not_count_is_not_marked():
    cohort = cohort_of(
        [{"patient_id": "A"}],
        visits=[visit("A", 57, -40.0, "PR")],
        best=[{"patient_id": "A", "best": "SD", "day": 57}],
    )
    [lane] = swimmer_lanes(cohort, PROTOCOL)
    assert marks(lane) == [("LAST FOLLOW-UP", 300)]


def test_patient_who_died_on_the_first_day_has_a_lane_without_a_bar():
    lane = lane_of([(0, 0)], death_day=0, last_dose_day=0)
    assert (lane.treatment, lane.end) == ((), 0.0)
    cohort = cohort_of([{"patient_id": "A", "death_day": 0}], doses=[dose("A", 0, 0)])
    assert len(list(draw_patients(cohort, with_figures(SWIMMER), "swimmer"))) == 1


# ---- labels and small counts


@pytest.mark.parametrize(("labels", "expected"), [("hidden", ["", ""]), ("number", ["1", "2"]), ("id", ["Z-9", "A-1"])])
def test_labels_are_those_that_the_protocol_allows(labels, expected):
    patients = [{"patient_id": name, "best_response": "SD"} for name in ("X-0", "Z-9", "A-1")]
    visits = [visit(name, 57, -1.0) for name in ("X-0", "Z-9", "A-1")]
    cohort, protocol = cohort_of(patients, analyzed=("Z-9", "A-1"), visits=visits), privately(patient_labels=labels)
    assert list(label_patients(cohort, protocol).values()) == expected
    for made in (waterfall_bars, spider_lines, swimmer_lanes):
        assert [record.label for record in made(cohort, protocol)] == expected
    for figure in (WATERFALL, SPIDER, SWIMMER):
        drawn = with_figures(figure, patient_labels=labels)
        [drawing] = draw_patients(cohort, drawn, figure.kind)
        words = set(re.findall(r">([^<>]+)</text>", draw(drawing).svg))
        assert {"Z-9", "A-1"} & words == ({"Z-9", "A-1"} if labels == "id" else set())


def test_counts_below_min_cell_are_masked_in_key_caption_and_words():
    patients = [{"patient_id": str(k), "best_response": "PR" if k < 3 else "SD"} for k in range(9)]
    cohort = cohort_of(patients, visits=[visit(str(k), 57, -30.0 - k) for k in range(8)])
    protocol = with_figures(WATERFALL, SPIDER, SWIMMER, min_cell=5)
    for kind in ("waterfall", "spider", "swimmer"):
        [drawing] = draw_patients(cohort, protocol, kind)
        words = f"{' '.join(re.findall(r'>([^<>]+)</text>', draw(drawing).svg))} {drawing.caption} {drawing.alt}"
        assert not re.search(r"n = [1-4]\b|PR [1-4]\b|\b[1-4] (died|still)", words.replace("\u00a0", " "))
    for figure in (plot_waterfall, plot_spider):
        records = waterfall_bars(cohort, protocol) if figure is plot_waterfall else spider_lines(cohort, protocol)
        time = {} if figure is plot_waterfall else {"time_label": "Months", "time_unit": "months"}
        key = [text.get_text().replace("\u00a0", " ") for text in figure(records, min_cell=5, **time).axes[0].texts]
        assert {"PR (n <5)", "SD (n = 5)"} <= set(key)


def test_narrow_bars_none_of_which_is_cut_say_nothing_of_cut_bars():
    figure = plot_waterfall([WaterfallBar(-float(k % 90), "SD") for k in range(200)])
    assert not any("Beyond" in text.get_text() for text in figure.axes[0].texts)


# ---- which figures are made


def test_usual_figures_of_a_records_study_show_all_patients_unless_small_counts_are_masked():
    kinds = [figure.kind for figure in figures_of(with_figures()) if figure.kind]
    assert kinds == ["waterfall", "swimmer"]
    assert not [figure for figure in figures_of(with_figures(min_cell=5)) if figure.kind]
    assert [figure.kind for figure in figures_of(with_figures(SPIDER))] == ["spider"]


def test_swimmer_plot_of_more_than_a_page_is_made_only_if_it_is_asked_for():
    cohort = cohort_of([{"patient_id": str(k), "death_day": 10 + k} for k in range(111)])
    assert list(draw_patients(cohort, with_figures(), "swimmer")) == []
    parts = list(draw_patients(cohort, with_figures(SWIMMER), "swimmer"))
    assert [re.search(r"\(part (\d) of 2\)", part.caption)[1] for part in parts] == ["1", "2"]
    assert parts[0].alt.startswith("111 lanes: 111 died")


def test_figure_without_a_measured_target_is_left_out_and_told():
    cohort = cohort_of([{"patient_id": "A", "best_response": "NE"}], visits=[visit("A", 57, None, "NE")])
    protocol = with_figures(WATERFALL, SPIDER, SWIMMER)
    assert [len(list(draw_patients(cohort, protocol, kind))) for kind in ("waterfall", "spider", "swimmer")] == [
        0,
        0,
        1,
    ]
    told = tell_patients(cohort, protocol)
    assert [(finding.level, finding.rule) for finding in told] == [("note", "NOT-MADE")] * 2
    assert told[0].sentence == (
        'the figure "waterfall" was not made: no patient has a sum of target lesions at baseline and after it'
    )
    assert tell_patients(cohort, with_figures()) == []


def test_caption_of_the_protocol_comes_first_and_what_is_drawn_is_explained():
    cohort = cohort_of([PROGRESSED], visits=[visit("A", 57, -40.0, "PR")])
    protocol = with_figures(WATERFALL.model_copy(update={"caption": "Depth of response"}))
    [drawing] = draw_patients(cohort, protocol, "waterfall")
    assert drawing.caption == (
        "Depth of response. Each bar is one patient, colored by best overall response (mRECIST). It ends at the lowest "
        "sum of the viable diameters of the target lesions at any scan up to the first progression, as a change from "
        "baseline, which is known of the one patient. The upper dashed line is 20% above baseline; progression is "
        "judged against the smallest sum before it. PR, partial response."
    )
    assert drawing.alt == "Bars from −40% to −40%; patients by best response: PR 1."


def test_caption_says_where_scans_after_another_therapy_do_not_count():
    excluded = PROTOCOL.response.model_copy(update={"after_new_therapy": "excluded"})
    protocol = with_figures(WATERFALL, protocol=PROTOCOL.model_copy(update={"response": excluded}))
    [drawing] = draw_patients(cohort_of([PROGRESSED], visits=[visit("A", 57, -40.0)]), protocol, "waterfall")
    assert "up to the first progression and before another anticancer therapy, as a change" in drawing.caption


def test_criteria_of_the_study_are_named():
    recist = PROTOCOL.response.model_copy(update={"criteria": "RECIST-1.1"})
    protocol = with_figures(SPIDER, protocol=PROTOCOL.model_copy(update={"response": recist}))
    [drawing] = draw_patients(cohort_of([PROGRESSED], visits=[visit("A", 57, -40.0)]), protocol, "spider")
    assert "(RECIST 1.1): the change of the sum of the diameters" in drawing.caption


# ---- cases


def case_figure(patient_id, figure_id="5", caption=""):
    return Figure(id=figure_id, case=Case(patient_id=patient_id), caption=caption)


PATIENT = {
    "patient_id": "case-5",
    "age": 55.9,
    "subjects.sex": "M",
    "bclc": "C",
    "child_pugh_class": "A",
    "best_response": "PR",
    "progression_day": 170,
    "continued_past_progression": "Y",
    "last_dose_day": 279,
    "stop_reason": "DEATH",
    "death_day": 280,
    "death_cause": "TUMOUR PROGRESSION/METASTASIS",
}
FULL_CASE = cohort_of(
    [PATIENT, {"patient_id": "other", "best_response": "CR"}],
    visits=[visit("case-5", 57, -40.0, "PR"), visit("case-5", 170, -16.0, "PD"), visit("other", 57, -100.0, "CR")],
    best=[{"patient_id": "case-5", "best": "PR", "day": 57}, {"patient_id": "other", "best": "CR", "day": 57}],
    sizes=[
        size("case-5", "T01", -7, 50.0, 62.0),
        size("case-5", "T01", 57, 30.0, 60.0),
        size("case-5", "T01", 57, 28.0, 61.0),
        size("case-5", "T01", 170, 42.0),
        size("case-5", "NT01", -7, None, 24.8, role="NON-TARGET", organ="INFERIOR VENA CAVA"),
        size("case-5", "NT01", 57, None, None, role="NON-TARGET", organ="INFERIOR VENA CAVA"),
        size("case-5", "NT02", -7, None, None, role="NON-TARGET", organ="BONE"),
        size("other", "T01", -7, 80.0),
    ],
    doses=[
        dose("case-5", 0, 19),
        dose("case-5", 20, 29, 0.0, "INTERRUPTED"),
        dose("case-5", 30, 39, 400.0, "REDUCED"),
        dose("case-5", 40, 279),
        dose("other", 0, 300),
    ],
    procedures=[
        {"patient_id": "case-5", "type": "TACE", "procedure_no": 1, "day": -20},
        {"patient_id": "case-5", "type": "TACE", "procedure_no": None, "day": 21},
        {"patient_id": "case-5", "type": "CRYO", "procedure_no": 1, "day": 70},
    ],
    events=[
        {"patient_id": "case-5", "term": "HYPERTENSION", "grade": 3, "start_day": 18, "end_day": 30},
        {"patient_id": "case-5", "term": "FATIGUE", "grade": 2, "start_day": 18, "end_day": 30},
        {"patient_id": "case-5", "term": "LIVER FAILURE", "grade": 5, "start_day": 270, "end_day": None},
        {"patient_id": "other", "term": "RASH", "grade": 4, "start_day": 1, "end_day": 2},
    ],
)


def course(patient_id="case-5", cohort=FULL_CASE, protocol=PROTOCOL):
    return course_of(cohort, protocol, patient_id)


def test_case_has_what_is_known_of_its_patient_and_nothing_of_another():
    case = draw_course(course(), PROTOCOL)
    assert case.end == 280 / MONTH
    assert case.drug == "Sorafenib"
    assert [(round(step.start * MONTH), round(step.end * MONTH), step.mg_per_day) for step in case.dose] == [
        (0, 20, 800.0),
        (20, 30, 0.0),
        (30, 40, 400.0),
        (40, 280, 800.0),
    ]
    assert [(round(each.time * MONTH), each.kind, each.number) for each in case.procedures] == [
        (-20, "TACE", 1),
        (21, "TACE", 2),
        (70, "CRYO", 1),
    ]
    assert [(round(scan.time * MONTH), scan.response) for scan in case.scans] == [(-7, None), (57, "PR"), (170, "PD")]
    assert [(event.term, event.grade, event.end is None) for event in case.events] == [
        ("Hypertension", 3, False),
        ("Liver failure", 5, True),
    ]
    assert [(mark.kind, round(mark.time * MONTH)) for mark in case.outcomes] == [("PD", 170), ("DEATH", 280)]


def test_lesions_of_a_case_carry_no_id_and_the_larger_of_two_readings():
    lesions = {lesion.label: lesion.sizes for lesion in course().lesions}
    assert lesions == {
        "Target 1, liver": ((-7, 50.0), (57, 30.0), (170, 42.0)),
        "Other lesion 1, inferior vena cava": ((-7, 24.8), (57, None)),
    }
    recist = PROTOCOL.response.model_copy(update={"criteria": "RECIST-1.1"})
    longest = course(protocol=PROTOCOL.model_copy(update={"response": recist})).lesions[0].sizes
    assert longest == ((-7, 62.0), (57, 61.0), (170, None))


def test_of_many_lesions_a_timeline_shows_the_targets_and_then_the_largest():
    sizes = [size("A", f"T{k:02}", -7, 10.0 + k) for k in range(3)]
    sizes += [size("A", f"NT{k:02}", -7, None, 20.0 + k, role="NON-TARGET", organ="LUNG") for k in range(6)]
    many = cohort_of([{"patient_id": "A"}], sizes=sizes)
    shown = shown_lesions(course("A", many))
    assert [lesion.label for lesion in shown] == [
        *(f"Target {k}, liver" for k in (1, 2, 3)),
        *(f"Other lesion {k}, lung" for k in (3, 4, 5, 6)),
    ]
    drawing = draw_case(course("A", many), PROTOCOL, case_figure("A"), "one patient")
    assert drawing.caption.endswith("Of 9 measured lesions, 7 are shown.")


def test_scan_of_a_patient_without_targets_is_drawn():
    visits = [visit("A", 57, None, "NON-CR/NON-PD", target="NA")]
    case = draw_course(course("A", cohort_of([{"patient_id": "A"}], visits=visits)), PROTOCOL)
    figure = plot_case_timeline(case, time_label="Months", time_unit="months")
    assert "NON-CR/NON-PD" in {text.get_text() for text in figure.axes[0].texts}


def test_scan_dated_after_the_last_contact_is_on_the_timeline():
    case = draw_course(course("A", cohort_of([{"patient_id": "A"}], visits=[visit("A", 310, -1.0)])), PROTOCOL)
    assert case.end == 310 / MONTH


def test_paragraph_tells_the_whole_course():
    assert phrase_case(course(), PROTOCOL, "Patient A") == (
        "Patient A was a 55-year-old man with Child-Pugh class A and BCLC stage C. Sorafenib was started at 800 mg/day "
        "on day 0, paused on day 20, resumed at 400 mg/day on day 30 and raised to 800 mg/day on day 40; it was last "
        "taken on day 279 (end of treatment: death). TACE was performed on days −20 and 21, and cryoablation on day "
        "70. The best response was a partial response, on day 57. The sum of the target lesions was 50 mm at baseline; "
        "the smallest later one up to progression was 30 mm, on day 57 (−40%). Progression was seen on day 170; "
        "sorafenib was continued beyond it. The adverse events of grade 3 or higher were hypertension (grade 3 on day "
        "18) and liver failure (grade 5 on day 270). The patient died on day 280 of tumor progression/metastasis."
    )


def test_paragraph_leaves_out_what_is_not_known():
    bare = cohort_of([{"patient_id": "A"}])
    assert phrase_case(course("A", bare), PROTOCOL, "The patient") == (
        "The patient was a patient of unknown age. No adverse event of grade 3 or higher was recorded. The patient was "
        "last known alive on day 300."
    )


def test_patient_who_still_takes_the_drug_without_response_or_progression():
    patient = {"patient_id": "A", "best_response": "NE", "last_dose_day": 300}
    cohort = cohort_of(
        [patient],
        doses=[dose("A", 0, 300)],
        best=[{"patient_id": "A", "best": "NE", "day": 56}],
        visits=[visit("A", 56, None, "NE")],
    )
    told = phrase_case(course("A", cohort), PROTOCOL, "The patient")
    assert "Sorafenib was started at 800 mg/day on day 0; it was still taken on day 300." in told
    assert "The best response was not evaluable. No progression was seen." in told


def test_many_changes_of_dose_are_counted():
    doses = [dose("A", 10 * k, 10 * k + 9, 800.0 if k % 2 else 400.0) for k in range(7)]
    cohort = cohort_of([{"patient_id": "A", "last_dose_day": 69}], doses=doses)
    told = phrase_case(course("A", cohort), PROTOCOL, "The patient")
    assert "started at 400 mg/day on day 0 and changed 6 times; it was last taken on day 69." in told


@pytest.mark.parametrize(
    ("age", "sex", "words"),
    [
        (81.0, "F", "an 81-year-old woman"),
        (18.0, "M", "an 18-year-old man"),
        (8.0, "U", "an 8-year-old patient"),
        (89.9, "M", "an 89-year-old man"),
        (90.0, "F", "a woman of 90 years or older"),
        (None, "F", "a woman of unknown age"),
    ],
)
def test_age_is_told_in_years_and_of_the_oldest_only_as_a_bound(age, sex, words):
    cohort = cohort_of([{"patient_id": "A", "age": age, "subjects.sex": sex}])
    assert phrase_case(course("A", cohort), PROTOCOL, "She").startswith(f"She was {words}.")


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        ("hidden", ("Patient A", "Patient B", "Patient A")),
        ("number", ("Patient 2", "Patient 1", "Patient 2")),
        ("id", ("Patient other", "Patient case-5", "Patient other")),
    ],
)
def test_cases_are_called_by_letters_numbers_or_ids(labels, names):
    figures = (case_figure("other", "1"), case_figure("case-5", "2"), case_figure("other", "3"))
    protocol = with_figures(*figures, patient_labels=labels)
    heading, *parts = tell_cases(facts_of(FULL_CASE, protocol))
    assert heading == Heading(1, "Case timelines")
    told = [plain_text(part.text) for part in parts if isinstance(part, Paragraph)]
    assert [text.startswith(f"{name} was ") for text, name in zip(told, names, strict=True)] == [True] * 3
    drawn = [part for part in parts if isinstance(part, Sketch)]
    assert [d.caption.partition(". ")[0] for d in drawn] == [f"Course of p{name[1:]}" for name in names]
    if labels != "id":
        assert "case-5" not in str(parts)


def test_single_case_needs_no_letter_and_the_caption_of_the_protocol_is_kept():
    protocol = with_figures(case_figure("case-5", caption="A partial response"))
    _, paragraph, drawing = tell_cases(facts_of(FULL_CASE, protocol))
    assert plain_text(paragraph.text).startswith("The patient was a 55-year-old man")
    assert drawing.caption == (
        "A partial response. From the top: daily dose of sorafenib, sessions of TACE and cryoablation, response at "
        "each scan (mRECIST), diameters of the lesions (of the viable part, where it was measured), adverse events of "
        "grade 3 or higher and outcome. Where the line of a lesion is broken, its scan has no diameter."
    )


def test_case_is_not_shown_where_small_counts_are_masked_and_this_is_told():
    protocol = with_figures(case_figure("case-5"), SWIMMER, min_cell=5)
    assert list(tell_cases(facts_of(FULL_CASE, protocol))) == []
    assert [(finding.level, finding.rule) for finding in tell_patients(FULL_CASE, protocol)] == [
        ("warning", "NOT-MADE"),
        ("note", "PATIENTS-SHOWN"),
    ]
    assert len(list(tell_cases(facts_of(FULL_CASE, with_figures(case_figure("case-5"), min_cell=1))))) == 3


def test_case_of_a_patient_whom_no_figure_may_show_is_fatal():
    cohort = replace(FULL_CASE, patient_id=("other",))
    protocol = with_figures(case_figure("case-5"), case_figure("nobody", "6"), case_figure("other", "7"))
    found = find_lost_cases(cohort, protocol)
    assert [(finding.level, finding.rule, finding.patient_id) for finding in found] == [
        ("fatal", "CASE-LEFT-OUT", "case-5"),
        ("fatal", "CASE-LEFT-OUT", "nobody"),
    ]
    assert not any(name in finding.sentence for finding in found for name in ("case-5", "nobody"))
    assert find_lost_cases(FULL_CASE, with_figures(case_figure("case-5"))) == []


def test_table_study_has_no_figure_of_single_patients():
    cohort = Cohort(("A",), {}, {}, ())
    assert list(draw_patients(cohort, with_figures(WATERFALL), "waterfall")) == []
    assert waterfall_bars(cohort, PROTOCOL) == spider_lines(cohort, PROTOCOL) == swimmer_lanes(cohort, PROTOCOL) == []
