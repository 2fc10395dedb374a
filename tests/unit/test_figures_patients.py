"""Figures of single patients: what is drawn and where, one to 400 patients, and that no text covers another."""

from __future__ import annotations

import warnings
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oncohort.errors import OutputError
from oncohort.report.figures.case_timeline import (
    CaseTimeline,
    DoseStep,
    LesionCourse,
    Mark,
    Procedure,
    Scan,
    SevereEvent,
    ThrombusCourse,
    plot_case_timeline,
)
from oncohort.report.figures.export import to_svg
from oncohort.report.figures.label_room import Box, overlaps, pack_rows, shorten_text, spread
from oncohort.report.figures.patient_marks import LEVEL_FILLS, MARK_LOOKS, RESPONSE_FILLS, RESPONSE_LINES
from oncohort.report.figures.patient_time import lay_out_time
from oncohort.report.figures.sheet import text_width
from oncohort.report.figures.spider import SpiderLine, plot_spider
from oncohort.report.figures.style import journal_style
from oncohort.report.figures.swimmer import Span, SwimmerLane, plot_swimmer
from oncohort.report.figures.waterfall import WaterfallBar, plot_waterfall

SIZES = (1, 12, 110, 400)
WIDTHS = (85.0, 170.0)
RESPONSES = ("CR", "PR", "SD", "PD", "NE")
LONG = "Patient of the department of hepatology, second admission"
CHINESE = "第一百一十号患者"
# Numbers of patients with labels of each kind; none, long and Chinese ones where each has a place of its own to fail.
LABELED = (
    (1, "P-{:03d}"),
    (1, f"{LONG} {{}}"),
    (12, "P-{:03d}"),
    (12, f"{LONG} {{}}"),
    (12, f"{{}}{CHINESE}"),
    (12, ""),
    (110, "P-{:03d}"),
    (110, f"{LONG} {{}}"),
    (400, "P-{:03d}"),
)
TIME = {"time_label": "Months since start of sorafenib", "time_unit": "months"}


def text_boxes(figure):
    with journal_style(), warnings.catch_warnings():
        # A machine without a Chinese font draws boxes.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure.draw_without_rendering()
        renderer = figure.canvas.get_renderer()
        for axes in figure.axes:
            ticks = [*axes.get_xticklabels(), *axes.get_yticklabels()] if axes.axison else []
            labels = [axes.xaxis.label, axes.yaxis.label] if axes.axison else []
            for text in [*axes.texts, *ticks, *labels]:
                if text.get_text():
                    yield text.get_window_extent(renderer), text.get_text()


def words(figure):
    return [text.get_text().replace("\u00a0", " ") for text in figure.axes[0].texts if text.get_text()]


def check_texts(figure):
    """Every text is on the sheet, and none touches another (half a pixel aside; lines of text may sit close)."""
    boxes = sorted(text_boxes(figure), key=lambda pair: pair[0].x0)
    for k, (box, text) in enumerate(boxes):
        assert box.x0 > -0.5, text
        assert box.x1 < figure.bbox.x1 + 0.5, text
        assert box.y0 > -0.5, text
        assert box.y1 < figure.bbox.y1 + 0.5, text
        for other, other_text in boxes[k + 1 :]:
            if other.x0 >= box.x1 - 1.5:
                break
            assert box.y1 <= other.y0 + 1.5 or other.y1 <= box.y0 + 1.5, (text, other_text)


def by_gid(axes, gid):
    return next((artist for artist in axes.get_children() if artist.get_gid() == gid), None)


def gids(axes, beginning):
    found = [artist.get_gid() for artist in axes.get_children() if (artist.get_gid() or "").startswith(beginning)]
    return sorted(found, key=lambda gid: [int(part) for part in gid.split("-")[1:] if part.isdigit()])


def some_bars(n, label="P-{:03d}"):
    """Changes from +178% down to −100%, with a cut one, a 0 and one that was never measured among many."""
    changes = [178.0 - 278.0 * k / max(n - 1, 1) for k in range(n)]
    bars = [WaterfallBar(change, RESPONSES[k % 5], label.format(k)) for k, change in enumerate(changes)]
    if n > 2:
        bars[n // 2] = WaterfallBar(0.0, "SD", label.format(n // 2))
        bars[n // 3] = WaterfallBar(None, "NE", label.format(n // 3))
    return bars


def some_lines(n, label="P-{:03d}"):
    lines = []
    for k in range(n):
        slope = -40.0 + 60.0 * (k * 7 % n) / n
        points = tuple((2.0 * j, max(-100.0, slope * j + 3.0 * j * j)) for j in range(1, 2 + k % 8))
        end = points[-1][0]
        lines.append(
            SpiderLine(points, RESPONSES[k % 5], label.format(k), end if k % 3 else None, (end,) if k % 4 == 0 else ())
        )
    return lines


def some_lanes(n, label="P-{:03d}"):
    lanes = []
    for k in range(n):
        end = 1.5 + (k * 11 % n) * 30.0 / n
        treatment = (
            Span(0.0, end / 3, "FULL"),
            Span(end / 3, end / 2, "INTERRUPTED"),
            Span(end / 2, end * 0.9, "REDUCED"),
        )
        events = (
            Mark(-0.5, "TACE"),
            Mark(end / 4, "CRYO"),
            Mark(end / 4, "AE"),
            Mark(end / 2, ("CR", "PR")[k % 2]),
            Mark(end * 0.9, "PD"),
            Mark(end, ("DEATH", "LAST FOLLOW-UP")[k % 2]),
        )
        lanes.append(SwimmerLane(label.format(k), treatment, events if k % 4 else (), end, ongoing=k % 4 == 0))
    return lanes


CASE = CaseTimeline(
    end=18.4,
    drug="Sorafenib",
    dose=(DoseStep(0.0, 2.1, 800.0), DoseStep(2.1, 2.8, 0.0), DoseStep(2.8, 6.5, 400.0), DoseStep(6.5, 15.9, 800.0)),
    procedures=(
        Procedure(-0.6, "TACE", 1),
        Procedure(1.0, "TACE", 2),
        Procedure(1.2, "TACE", 3),
        Procedure(2.4, "CRYO", 1),
    ),
    scans=(Scan(-0.3), Scan(1.9, "SD"), Scan(4.0, "PR"), Scan(8.2, "PR"), Scan(14.2, "PD")),
    lesions=(
        LesionCourse("Segment II", ((-0.3, 112.0), (1.9, 96.0), (4.0, 61.0), (8.2, None), (14.2, 55.5))),
        LesionCourse("Segment VI", ((-0.3, 34.0), (1.9, 33.0), (4.0, 28.0), (8.2, 22.0), (14.2, 0.0))),
    ),
    thrombi=(ThrombusCourse("Portal vein thrombus", ((-0.3, True), (1.9, True), (4.0, None), (8.2, False))),),
    events=(
        SevereEvent(1.6, 2.8, "Hand–foot skin reaction", 3),
        SevereEvent(2.0, 2.0, "Hypertension", 3),
        SevereEvent(15.2, None, "Blood bilirubin increased", 4),
    ),
    outcomes=(Mark(14.2, "PD"), Mark(18.4, "DEATH")),
)


# ---- waterfall


def test_bars_are_sorted_from_growth_to_decrease_and_ties_by_response():
    bars = [WaterfallBar(-40.0, "PR"), WaterfallBar(30.0, "PD"), WaterfallBar(-40.0, "PD"), WaterfallBar(-100.0, "CR")]
    axes = plot_waterfall(bars).axes[1]
    drawn = [by_gid(axes, f"bar-{k}") for k in range(4)]
    assert [bar.get_height() for bar in drawn] == [30.0, -40.0, -40.0, -100.0]
    assert [bar.get_hatch() for bar in drawn] == [RESPONSE_FILLS[r].hatch or None for r in ("PD", "PD", "PR", "CR")]
    assert [bar.get_x() for bar in drawn] == sorted(bar.get_x() for bar in drawn)


def test_complete_response_reaches_the_foot_of_the_axis():
    axes = plot_waterfall([WaterfallBar(-100.0, "CR")]).axes[1]
    assert axes.get_ylim()[0] == -100.0
    assert by_gid(axes, "bar-0").get_height() == -100.0


def test_thresholds_are_drawn_and_named():
    figure = plot_waterfall(some_bars(12))
    assert list(by_gid(figure.axes[1], "threshold-PD").get_ydata()) == [20.0, 20.0]
    assert list(by_gid(figure.axes[1], "threshold-PR").get_ydata()) == [-30.0, -30.0]
    assert {"PD +20%", "PR −30%"} <= set(words(figure))


def test_bar_above_one_hundred_is_cut_and_its_value_printed():
    figure = plot_waterfall([WaterfallBar(143.2, "PD"), WaterfallBar(100.0, "PD"), WaterfallBar(-10.0, "SD")])
    axes = figure.axes[1]
    assert axes.get_ylim() == (-100.0, 100.0)
    assert by_gid(axes, "bar-0").get_height() == 100.0
    assert gids(axes, "cut-") == ["cut-0"]
    assert "+143" in words(figure)


def test_value_just_above_the_cut_is_not_printed_as_the_cut():
    assert "+100.2" in words(plot_waterfall([WaterfallBar(100.2, "PD")]))


@pytest.mark.parametrize(
    ("n", "told"),
    [
        (25, "Beyond +100%: +178, +166, +155, +143, +132, +120, +109"),
        (60, "Beyond +100% (n = 17): +103 to +178"),
        (400, "Beyond +100% (n = 112): +101 to +178"),
    ],
)
def test_values_of_narrow_cut_bars_are_told_over_all_of_them(n, told):
    assert told in " ".join(words(plot_waterfall(some_bars(n), width_mm=85)))


def test_change_of_zero_is_a_dash_on_the_line():
    bar = by_gid(plot_waterfall([WaterfallBar(0.0, "SD")]).axes[1], "bar-0")
    assert 0.0 < bar.get_height() < 3.0
    assert bar.get_y() == -bar.get_height() / 2


def test_key_counts_the_bars_and_those_without_one():
    bars = [WaterfallBar(-40.0, "PR")] * 3 + [WaterfallBar(5.0, "SD")] * 2 + [WaterfallBar(None, "NE")] * 4
    figure = plot_waterfall(bars)
    assert words(figure)[:3] == ["PR (n = 3)", "SD (n = 2)", "Not measured after baseline, not shown (n = 4)"]
    assert len(gids(figure.axes[1], "bar-")) == 5


def test_labels_are_printed_only_where_asked_for_and_under_their_bars():
    bars = some_bars(12)
    assert not any(text.startswith("P-") for text in words(plot_waterfall(bars)))
    figure = plot_waterfall(bars, show_labels=True)
    printed = [text for text in words(figure) if text.startswith("P-")]
    known = [bar for bar in bars if bar.change_percent is not None]
    assert printed == [bar.label for bar in sorted(known, key=lambda bar: -bar.change_percent)]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(("n", "label"), LABELED)
def test_waterfall_has_every_patient_and_clear_text(n, label, width):
    bars = some_bars(n, label)
    figure = plot_waterfall(bars, width_mm=width, show_labels=n < 400)
    assert len(gids(figure.axes[1], "bar-")) == sum(bar.change_percent is not None for bar in bars)
    assert figure.get_figwidth() * 25.4 == pytest.approx(width)
    check_texts(figure)


def test_four_hundred_bars_can_be_labeled():
    figure = plot_waterfall(some_bars(400), show_labels=True)
    assert sum(text.startswith("P-") for text in words(figure)) == 399
    check_texts(figure)


@settings(max_examples=15)
@given(st.lists(st.tuples(st.floats(-100.0, 400.0), st.sampled_from(RESPONSES)), min_size=1, max_size=30))
def test_heights_of_bars_never_rise_and_none_leaves_the_axis(changes):
    axes = plot_waterfall([WaterfallBar(change, response) for change, response in changes], width_mm=85).axes[1]
    ends = [(patch.get_y(), patch.get_y() + patch.get_height()) for patch in axes.patches]
    assert len(ends) == len(changes)
    assert all(low >= -100.0 and high <= axes.get_ylim()[1] for end in ends for low, high in [sorted(end)])
    heights = [0.0 if change == 0.0 else min(change, 100.0) for change in sorted((c for c, _ in changes), reverse=True)]
    assert [patch.get_height() for patch, h in zip(axes.patches, heights, strict=True) if h] == [
        h for h in heights if h
    ]


@pytest.mark.parametrize(
    ("bars", "sentence"),
    [
        ([], "waterfall plot: no patient has a change from baseline"),
        ([WaterfallBar(None, "NE")], "waterfall plot: no patient has a change from baseline"),
        ([WaterfallBar(-101.0, "CR")], "waterfall plot: the change -101.0 is no percent change"),
        ([WaterfallBar(float("nan"), "NE")], "waterfall plot: the change nan is no percent change"),
        ([WaterfallBar(3.0, "MR")], 'waterfall plot: the response "MR" is none of CR, PR, SD, PD, NE'),
    ],
)
def test_waterfall_refuses_what_it_cannot_draw(bars, sentence):
    with pytest.raises(OutputError, match=sentence):
        plot_waterfall(bars)


# ---- spider


def test_line_begins_at_zero_and_goes_through_its_points():
    line = SpiderLine(((2.0, -20.0), (4.0, -45.0)), "PR")
    drawn = by_gid(plot_spider([line], **TIME).axes[1], "line-0")
    assert list(drawn.get_xdata()) == [0.0, 2.0, 4.0]
    assert list(drawn.get_ydata()) == [0.0, -20.0, -45.0]
    assert drawn.get_color() == RESPONSE_LINES["PR"].color


def test_progression_is_a_cross_and_a_new_lesion_a_square_on_the_line():
    line = SpiderLine(((2.0, -20.0), (4.0, -40.0)), "PR", progression_time=6.0, new_lesion_times=(3.0, 6.0))
    axes = plot_spider([line], **TIME).axes[1]
    cross, first, second = (by_gid(axes, gid) for gid in ("progression-0", "new-0-0", "new-0-1"))
    assert cross.get_marker() == "x"
    assert (list(cross.get_xdata()), list(cross.get_ydata())) == ([6.0], [-40.0])
    assert first.get_marker() == "s"
    assert (list(first.get_xdata()), list(first.get_ydata())) == ([3.0], [-30.0])
    assert (list(second.get_xdata()), list(second.get_ydata())) == ([6.0], [-40.0])
    assert by_gid(plot_spider([SpiderLine(((2.0, 5.0),), "SD")], **TIME).axes[1], "progression-0") is None


def test_line_beyond_the_axis_is_told_in_the_key():
    figure = plot_spider([SpiderLine(((2.0, 60.0), (4.0, 343.0)), "PD"), SpiderLine(((2.0, 250.0),), "PD")], **TIME)
    assert figure.axes[1].get_ylim() == (-100.0, 200.0)
    assert "Beyond the axis (n = 2): +250 to +343" in words(figure)


def test_responses_have_looks_of_their_own_in_color_and_in_gray():
    assert len({look.color for look in RESPONSE_LINES.values()}) == 5
    assert len({str(look.linestyle) for look in RESPONSE_LINES.values()}) == 5
    fills = RESPONSE_FILLS.values()
    assert len({(look.color == "white", look.hatch, look.color == "#0072B2") for look in fills}) == 5
    assert len({(look.hatch, look.color == "white") for look in LEVEL_FILLS.values()}) == 3
    assert len({(look.marker, look.inside) for look in MARK_LOOKS.values()}) == len(MARK_LOOKS)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("n", SIZES)
def test_spider_has_every_patient_and_clear_text(n, width):
    figure = plot_spider(some_lines(n), width_mm=width, **TIME)
    assert len(gids(figure.axes[1], "line-")) == n
    assert not any(text.startswith("P-") for text in words(figure))
    check_texts(figure)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("label", ["P-{:03d}", f"{LONG} {{}}", f"{{}}{CHINESE}"])
def test_labels_of_lines_cover_nothing_written(width, label):
    figure = plot_spider(some_lines(12, label), width_mm=width, show_labels=True, **TIME)
    check_texts(figure)
    written = {text.get_text() for text in figure.axes[0].texts if text.get_fontsize() == 6.0}
    assert len(written) == (1 if label.startswith(LONG) else 12), "a long label is cut to what all of them begin with"


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ([], "spider plot: there is no line"),
        ([SpiderLine((), "SD", "P-1")], 'spider plot: the line "P-1" has no point after baseline'),
        ([SpiderLine(((4.0, 1.0), (2.0, 1.0)), "SD", "P-1")], 'the times of the line "P-1" do not rise from 0'),
        ([SpiderLine(((0.0, 1.0),), "SD", "P-1")], 'the times of the line "P-1" do not rise from 0'),
        ([SpiderLine(((1.0, -130.0),), "SD")], "the change -130.0 is no percent change"),
        ([SpiderLine(((1.0, -13.0),), "??")], r'the response "\?\?" is none of'),
    ],
)
def test_spider_refuses_what_it_cannot_draw(lines, sentence):
    with pytest.raises(OutputError, match=sentence):
        plot_spider(lines, **TIME)


def test_more_labels_than_there_is_room_for_are_refused():
    lines = [SpiderLine(((5.0, -50.0),), "PR", f"P-{k:03d}") for k in range(200)]
    with pytest.raises(OutputError, match="there is no room for the labels of 200 lines"):
        plot_spider(lines, show_labels=True, **TIME)


# ---- swimmer


def test_spans_and_marks_stand_at_their_times():
    lane = SwimmerLane(
        "P-1",
        (Span(0.0, 3.0, "FULL"), Span(3.0, 4.0, "INTERRUPTED"), Span(4.0, 9.0, "REDUCED")),
        (Mark(-1.0, "TACE"), Mark(2.0, "PR"), Mark(9.0, "PD"), Mark(12.0, "DEATH")),
        12.0,
        ongoing=False,
    )
    (page,) = plot_swimmer([lane], **TIME)
    axes = page.axes[1]
    spans = [by_gid(axes, f"span-0-{j}") for j in range(3)]
    assert [(span.get_x(), span.get_width()) for span in spans] == [(0.0, 3.0), (3.0, 1.0), (4.0, 5.0)]
    assert [list(by_gid(axes, f"mark-0-{j}").get_xdata()) for j in range(4)] == [[-1.0], [2.0], [9.0], [12.0]]
    assert by_gid(axes, "ongoing-0") is None
    assert axes.get_xlim()[0] == -1.0


def test_lanes_stand_longest_first_or_as_given():
    lanes = [SwimmerLane(f"P-{end:.0f}", (), (), end, ongoing=False) for end in (3.0, 9.0, 6.0)]
    order = [text for text in words(plot_swimmer(lanes, **TIME)[0]) if text.startswith("P-")]
    assert order == ["P-9", "P-6", "P-3"]
    order = [text for text in words(plot_swimmer(lanes, longest_first=False, **TIME)[0]) if text.startswith("P-")]
    assert order == ["P-3", "P-9", "P-6"]


def test_ongoing_treatment_has_an_arrow_beyond_the_end():
    (page,) = plot_swimmer([SwimmerLane("P-1", (Span(0.0, 7.0, "FULL"),), (), 7.0, ongoing=True)], **TIME)
    arrow = by_gid(page.axes[1], "ongoing-0")
    assert arrow.get_marker() == ">"
    assert arrow.get_xdata()[0] > 7.0
    assert "Treatment ongoing" in words(page)
    assert "Followed without treatment" not in words(page)


def test_marks_of_one_day_are_moved_apart_by_the_same_and_others_stay():
    events = (Mark(2.0, "TACE"), Mark(9.0, "PD"), Mark(9.0, "DEATH"))
    (page,) = plot_swimmer([SwimmerLane("", (), events, 9.0, ongoing=False)], **TIME)
    tace, progression, death = (by_gid(page.axes[1], f"mark-0-{j}").get_xdata()[0] for j in range(3))
    assert tace == 2.0
    assert progression < 9.0 < death
    assert death - 9.0 == pytest.approx(9.0 - progression)
    assert death - progression < 0.1


def test_key_names_what_is_drawn_and_nothing_else():
    lane = SwimmerLane("P-1", (Span(0.0, 5.0, "FULL"),), (Mark(3.0, "AE"),), 8.0, ongoing=False)
    assert words(plot_swimmer([lane], **TIME)[0]) == [
        "Full dose",
        "Followed without treatment",
        "Adverse event, grade ≥3",
        "P-1",
    ]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(("n", "label"), LABELED[:-1])
def test_swimmer_has_every_patient_and_clear_text(n, label, width):
    (page,) = plot_swimmer(some_lanes(n, label), width_mm=width, **TIME)
    assert len({gid.split("-")[1] for gid in gids(page.axes[1], "span-")}) == n
    assert page.get_figheight() * 25.4 <= 225.01
    assert page.get_figwidth() * 25.4 == pytest.approx(width)
    check_texts(page)


@pytest.mark.parametrize(("n", "counts"), [(110, [110]), (111, [56, 55]), (400, [100, 100, 100, 100])])
def test_more_than_110_patients_are_spread_over_pages_that_share_their_axis(n, counts):
    lanes = [SwimmerLane(f"P-{k:03d}", (), (), 1.0 + k / 10, ongoing=False) for k in range(n)]
    pages = plot_swimmer(lanes, **TIME)
    labels = [[text for text in words(page) if text.startswith("P-")] for page in pages]
    assert [len(page) for page in labels] == counts
    assert [label for page in labels for label in page] == [lane.label for lane in reversed(lanes)]
    assert len({page.axes[1].get_xlim() for page in pages}) == 1
    assert all(page.get_figheight() * 25.4 <= 225.01 for page in pages)
    check_texts(pages[-1])


@pytest.mark.parametrize(
    ("lanes", "sentence"),
    [
        ([], "swimmer plot: there is no lane"),
        (
            [SwimmerLane("P-1", (Span(3.0, 3.0, "FULL"),), (), 9.0, False)],
            'from 3.0 to 3.0 of "P-1" does not end after',
        ),
        (
            [SwimmerLane("P-1", (Span(0.0, 9.5, "FULL"),), (), 9.0, False)],
            'from 0.0 to 9.5 of "P-1" does not end after',
        ),
        (
            [SwimmerLane("P-1", (Span(0.0, 5.0, "FULL"), Span(4.0, 6.0, "REDUCED")), (), 9.0, False)],
            '"P-1" has two levels of dose from 4.0 to 5.0',
        ),
        ([SwimmerLane("P-1", (Span(0.0, 5.0, "HALF"),), (), 9.0, False)], 'the dose level "HALF" is none of'),
        ([SwimmerLane("P-1", (), (Mark(1.0, "SURGERY"),), 9.0, False)], 'the kind of event "SURGERY" is none of'),
    ],
)
def test_swimmer_refuses_what_it_cannot_draw(lanes, sentence):
    with pytest.raises(OutputError, match=sentence):
        plot_swimmer(lanes, **TIME)


# ---- case timeline


def test_tracks_stand_in_the_order_of_the_course():
    figure = plot_case_timeline(CASE, **TIME)
    names = ["Sorafenib, mg/day", "TACE", "Cryoablation", "Response", "Diameter, mm", "Portal vein thrombus", "Outcome"]
    heights = [next(t for t in figure.axes[0].texts if t.get_text() == name).get_position()[1] for name in names]
    assert heights == sorted(heights)


def test_dose_is_a_step_area_with_its_levels_named():
    figure = plot_case_timeline(CASE, **TIME)
    sheet = figure.axes[0]
    full, reduced, again = (by_gid(sheet, f"dose-{k}") for k in (0, 2, 3))
    assert by_gid(sheet, "dose-1") is None
    assert reduced.get_height() == pytest.approx(full.get_height() / 2)
    assert again.get_height() == full.get_height()
    assert {"0", "400", "800"} <= set(words(figure))


def test_things_of_one_time_stand_under_each_other():
    figure = plot_case_timeline(CASE, **TIME)
    figure.draw_without_rendering()
    sheet = figure.axes[0]
    letter = next(text for text in sheet.texts if text.get_text() == "PD").get_position()[0]
    cross = by_gid(sheet, "outcome-0").get_xdata()[0]
    pixel = figure.axes[1].transData.transform((14.2, 0.0))[0]
    assert letter == pytest.approx(cross)
    assert sheet.transData.transform((cross, 0.0))[0] == pytest.approx(pixel)
    assert figure.axes[2].get_xlim() == figure.axes[1].get_xlim()


def test_lesions_have_their_diameters_and_a_gap_where_none_was_measured():
    figure = plot_case_timeline(CASE, **TIME)
    line = by_gid(figure.axes[2], "lesion-0")
    assert [str(d) for d in line.get_ydata()] == ["112.0", "96.0", "61.0", "nan", "55.5"]
    assert {"112", "96", "61", "55.5", "34", "33", "28", "22"} <= set(words(figure))


def test_procedures_carry_their_numbers_and_thrombi_their_answers():
    figure = plot_case_timeline(CASE, **TIME)
    sheet = figure.axes[0]
    sessions = [by_gid(sheet, gid).get_xdata()[0] for gid in ("TACE-1", "TACE-2", "TACE-3", "CRYO-1")]
    assert sessions == sorted(sessions)
    marks = [line for line in sheet.lines if line.get_gid() == "thrombus"]
    assert [mark.get_markerfacecolor() for mark in marks] == ["#000000", "#000000", "white"]
    assert "?" in words(figure)
    assert {"Thrombus present", "Thrombus absent"} <= set(words(figure))


def test_events_are_bars_with_term_and_grade():
    figure = plot_case_timeline(CASE, **TIME)
    assert {"Hand–foot skin reaction, grade 3", "Hypertension, grade 3", "Blood bilirubin increased, grade 4"} <= set(
        words(figure)
    )
    assert by_gid(figure.axes[0], "event-1").get_width() > 0.5, "an event of one day can be seen"
    assert {"Progression, 14.2 months", "Death, 18.4 months"} <= set(words(figure))


def test_track_without_entries_is_left_out():
    figure = plot_case_timeline(CaseTimeline(end=4.0, outcomes=(Mark(4.0, "LAST FOLLOW-UP"),)), **TIME)
    assert words(figure) == ["Outcome", "Last follow-up, 4 months"]


def crowded():
    """A case with more than a page should hold: daily scans, events on one day, long and Chinese words."""
    scans = [k * 0.25 for k in range(40)]
    return CaseTimeline(
        end=10.0,
        drug="索拉非尼",
        dose=tuple(DoseStep(float(k), k + 1.0, 100.0 * k) for k in range(10)),
        procedures=tuple(Procedure(k * 0.1, "TACE", k + 1) for k in range(12)),
        scans=tuple(Scan(time, RESPONSES[k % 5]) for k, time in enumerate(scans)),
        lesions=tuple(LesionCourse(f"{LONG} {k}", tuple((time, 30.0 + k + time) for time in scans)) for k in range(7)),
        thrombi=(ThrombusCourse(CHINESE * 3, tuple((time, True) for time in scans)), ThrombusCourse(LONG, ())),
        events=tuple(SevereEvent(9.0, None, f"{LONG} {CHINESE} {k}", 3 + k % 3) for k in range(8)),
        outcomes=(Mark(9.9, "PD"), Mark(10.0, "DEATH"), Mark(10.0, "LAST FOLLOW-UP")),
    )


@pytest.mark.parametrize("width", [85.0, 120.0, 170.0])
@pytest.mark.parametrize("case", [CASE, crowded()], ids=["usual", "crowded"])
def test_timeline_has_clear_text(case, width):
    figure = plot_case_timeline(case, width_mm=width, **TIME)
    assert figure.get_figwidth() * 25.4 == pytest.approx(width)
    check_texts(figure)


@pytest.mark.parametrize(
    ("case", "sentence"),
    [
        (CaseTimeline(end=9.0), "case timeline: there is nothing to draw but the time axis"),
        (CaseTimeline(end=9.0, scans=(Scan(9.5, "PR"),)), "the time 9.5 is not by the end of the timeline, 9.0"),
        (CaseTimeline(end=9.0, scans=(Scan(9.0, "MR"),)), 'the response "MR" is none of'),
        (CaseTimeline(end=9.0, procedures=(Procedure(1.0, "RFA", 1),)), 'the procedure "RFA" is none of TACE, CRYO'),
        (CaseTimeline(end=9.0, outcomes=(Mark(1.0, "TACE"),)), 'the outcome "TACE" is none of PD, DEATH'),
        (CaseTimeline(end=9.0, dose=(DoseStep(2.0, 2.0, 800.0),)), "the dose from 2.0 to 2.0 does not end after"),
        (
            CaseTimeline(end=9.0, dose=(DoseStep(0.0, 3.0, 800.0), DoseStep(2.0, 4.0, 400.0))),
            "the dose from 2.0 begins before the one before it ends",
        ),
        (CaseTimeline(end=9.0, dose=(DoseStep(0.0, 3.0, -400.0),)), "the dose -400.0 is no number of mg"),
        (CaseTimeline(end=9.0, lesions=(LesionCourse("A", ((1.0, -2.0),)),)), 'the diameter -2.0 of "A" is no length'),
        (CaseTimeline(end=9.0, events=(SevereEvent(3.0, 2.0, "Rash", 3),)), '"Rash" ends at 2.0, before its start 3.0'),
        (CaseTimeline(end=9.0, events=(SevereEvent(3.0, 4.0, "Rash", 2),)), 'the grade 2 of the event "Rash"'),
        (
            CaseTimeline(end=9.0, lesions=(LesionCourse("A", ((1.0, 2.0),)),) * 8),
            "8 lesions cannot be told apart; at most 7 can",
        ),
    ],
)
def test_timeline_refuses_what_it_cannot_draw(case, sentence):
    with pytest.raises(OutputError, match=sentence):
        plot_case_timeline(case, **TIME)


# ---- what they share


def test_figures_of_patients_are_the_same_bytes_twice_and_survive_export():
    def drawn():
        return [
            plot_waterfall(some_bars(12)),
            plot_spider(some_lines(12), **TIME),
            *plot_swimmer(some_lanes(12), **TIME),
            plot_case_timeline(CASE, **TIME),
        ]

    first, again = ([to_svg(figure, title="t", description="d") for figure in drawn()] for _ in range(2))
    assert first == again
    assert all("<pattern" in svg for svg in (first[0], first[2], first[3])), "hatches are in the file"


@given(st.lists(st.floats(0.0, 50.0), max_size=12).map(sorted), st.floats(0.1, 5.0))
def test_spread_places_keep_their_gap_their_order_and_their_mean(places, gap):
    moved = spread(places, gap)
    assert all(b - a >= gap - 1e-9 for a, b in pairwise(moved))
    assert sum(moved) == pytest.approx(sum(places))
    if all(b - a >= gap for a, b in pairwise(places)):
        assert moved == pytest.approx(places)


@given(st.lists(st.tuples(st.floats(0.0, 50.0), st.floats(0.1, 20.0)), max_size=15))
def test_packed_spans_of_a_row_never_meet(sizes):
    spans = [(left, left + width) for left, width in sizes]
    rows = pack_rows(spans, 0.5)
    boxes = [Box(left, row, right, row + 1) for (left, right), row in zip(spans, rows, strict=True)]
    assert not any(overlaps(a, b) for k, a in enumerate(boxes) for b in boxes[k + 1 :])
    assert set(rows) == set(range(max(rows, default=-1) + 1))


@given(st.text(st.characters(codec="ascii", categories=["L", "N", "P", "Zs"]), max_size=60), st.floats(5.0, 60.0))
def test_shortened_text_fits_and_is_whole_where_it_fits(text, width):
    short = shorten_text(text, width)
    assert text_width(short) <= width
    assert short == text if text_width(text) <= width else short.endswith("…")


@given(st.integers(-900, 0).map(lambda day: day / 30), st.integers(0, 3600).map(lambda day: day / 30))
def test_time_scale_holds_both_ends_and_zero(first, last):
    scale = lay_out_time(first, last, "months", 120.0)
    assert scale.start <= first <= 0.0 <= last <= scale.end * (1 + 1e-9)
    assert 0.0 in scale.ticks
    assert all(scale.start <= tick <= scale.end * (1 + 1e-9) for tick in scale.ticks)
    assert scale.at(scale.start) == 0.0
    assert scale.at(scale.end) == pytest.approx(120.0)
