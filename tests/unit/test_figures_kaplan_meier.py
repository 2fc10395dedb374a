"""Kaplan–Meier figures: what is drawn, where it stands, and that the numbers at risk stand under their ticks."""

from __future__ import annotations

from math import nan

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from oncohort.errors import OutputError
from oncohort.report.figures.kaplan_meier import CurveData, KaplanMeierPanel, plot_kaplan_meier
from oncohort.report.figures.panel import steps_of
from oncohort.report.figures.sheet import text_width, wrap_text
from oncohort.report.figures.style import COLORS, DASHES, line_look
from oncohort.report.figures.time_axis import choose_ticks, count_at_risk, fit_ticks
from oncohort.study.results import CurveRow
from oncohort.study.text import mask_count

LONG = "TACE and cryoablation"
MEDIAN = "median 23.0 months (95% CI, 13.0 to not reached)"


def row(time, n_risk, n_event, n_censor, surv, low=nan, high=nan):
    return CurveRow("OS", "", "", "", time, n_risk, n_event, n_censor, surv, low, high)


# Freireich et al., Blood 1963;21:699-716: weeks of remission under 6-mercaptopurine and under placebo.
# Limits are log-log, from R survival 3.5-3, to three digits.
MERCAPTOPURINE = (
    row(6.0, 21, 3, 1, 0.857, 0.620, 0.952),
    row(7.0, 17, 1, 0, 0.807, 0.563, 0.923),
    row(9.0, 16, 0, 1, 0.807, 0.563, 0.923),
    row(10.0, 15, 1, 1, 0.753, 0.503, 0.889),
    row(11.0, 13, 0, 1, 0.753, 0.503, 0.889),
    row(13.0, 12, 1, 0, 0.690, 0.432, 0.849),
    row(16.0, 11, 1, 0, 0.627, 0.368, 0.805),
    row(17.0, 10, 0, 1, 0.627, 0.368, 0.805),
    row(19.0, 9, 0, 1, 0.627, 0.368, 0.805),
    row(20.0, 8, 0, 1, 0.627, 0.368, 0.805),
    row(22.0, 7, 1, 0, 0.538, 0.268, 0.747),
    row(23.0, 6, 1, 0, 0.448, 0.188, 0.680),
    row(25.0, 5, 0, 1, 0.448, 0.188, 0.680),
    row(32.0, 4, 0, 2, 0.448, 0.188, 0.680),
    row(34.0, 2, 0, 1, 0.448, 0.188, 0.680),
    row(35.0, 1, 0, 1, 0.448, 0.188, 0.680),
)
PLACEBO = (
    row(1.0, 21, 2, 0, 0.905, 0.670, 0.975),
    row(2.0, 19, 2, 0, 0.810, 0.569, 0.924),
    row(3.0, 17, 1, 0, 0.762, 0.519, 0.893),
    row(4.0, 16, 2, 0, 0.667, 0.425, 0.825),
    row(5.0, 14, 2, 0, 0.571, 0.338, 0.749),
    row(8.0, 12, 4, 0, 0.381, 0.183, 0.578),
    row(11.0, 8, 2, 0, 0.286, 0.117, 0.482),
    row(12.0, 6, 2, 0, 0.190, 0.059, 0.377),
    row(15.0, 4, 1, 0, 0.143, 0.036, 0.321),
    row(17.0, 3, 1, 0, 0.095, 0.016, 0.261),
    row(22.0, 2, 1, 0, 0.048, 0.003, 0.197),
    row(23.0, 1, 1, 0, 0.0),
)


def panel(*curves, unit="weeks", **more):
    data = tuple(CurveData(label, rows, median) for label, rows, median in curves)
    return KaplanMeierPanel(data, f"{unit.capitalize()} since randomization", "Remission", unit, **more)


def two_groups(**more):
    return panel(("6-MP", MERCAPTOPURINE, MEDIAN), ("Placebo", PLACEBO, "median 8.0 weeks"), **more)


def by_gid(axes, gid):
    return next(artist for artist in axes.get_children() if artist.get_gid() == gid)


def risk_texts(axes, curve):
    return [text for text in axes.texts if text.get_gid().startswith(f"risk-{curve}-")]


def words(figure):
    return [text.get_text() for text in figure.axes[0].texts if text.get_text()]


def text_boxes(figure):
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    for axes in figure.axes:
        ticks = [*axes.get_xticklabels(), *axes.get_yticklabels()] if axes.axison else []
        labels = [axes.xaxis.label, axes.yaxis.label] if axes.axison else []
        for text in [*axes.texts, *ticks, *labels]:
            if text.get_text():
                yield text.get_text(), text.get_window_extent(renderer)


def test_numbers_at_risk_stand_exactly_under_the_ticks():
    figure = plot_kaplan_meier([two_groups()])
    axes = figure.axes[1]
    ticks = list(axes.get_xticks())
    figure.draw_without_rendering()
    for curve in (0, 1):
        texts = risk_texts(axes, curve)
        assert [text.get_position()[0] for text in texts] == ticks
        for tick, text in zip(ticks, texts, strict=True):
            box = text.get_window_extent(figure.canvas.get_renderer())
            assert (box.x0 + box.x1) / 2 == pytest.approx(axes.transData.transform((tick, 0.0))[0], abs=1.0)
            assert box.y1 < axes.bbox.y0


def test_number_at_risk_is_counted_just_before_the_tick():
    axes = plot_kaplan_meier([two_groups()]).axes[1]
    assert count_at_risk(MERCAPTOPURINE, [0.0, 6.0, 6.5, 16.0, 32.0, 35.0, 36.0]) == [21, 21, 17, 11, 4, 1, 0]
    assert list(axes.get_xticks()) == [0.0, 8.0, 16.0, 24.0, 32.0]
    assert [text.get_text() for text in risk_texts(axes, 0)] == ["21", "16", "11", "5", "4"]
    assert [text.get_text() for text in risk_texts(axes, 1)] == ["21", "12", "3", "0", "0"]


def test_curve_starts_at_one_and_steps_after_each_time():
    axes = plot_kaplan_meier([two_groups()]).axes[1]
    line = by_gid(axes, "curve-0")
    assert line.get_drawstyle() == "steps-post"
    assert line.get_xdata()[0] == 0.0
    assert line.get_ydata()[0] == 1.0
    assert list(line.get_xdata()[1:]) == [r.time for r in MERCAPTOPURINE]
    assert list(line.get_ydata()[1:]) == [r.surv for r in MERCAPTOPURINE]


def test_event_on_day_zero_is_a_step_at_zero():
    rows = (row(0.0, 4, 1, 0, 0.75), row(5.0, 3, 1, 0, 0.5))
    line = by_gid(plot_kaplan_meier([panel(("", rows, ""))]).axes[1], "curve-0")
    assert list(line.get_xdata()) == [0.0, 0.0, 5.0]
    assert list(line.get_ydata()) == [1.0, 0.75, 0.5]


def test_each_censored_time_has_one_tick():
    axes = plot_kaplan_meier([two_groups()]).axes[1]
    times = by_gid(axes, "censor-0").get_xdata()
    assert list(times[::3]) == list(times[1::3]) == [r.time for r in MERCAPTOPURINE if r.n_censor]
    assert np.isnan(times[2::3]).all()
    assert len(by_gid(axes, "censor-1").get_xdata()) == 0


def test_unknown_limits_leave_a_gap_in_the_band():
    rows = (
        row(2.0, 9, 1, 0, 0.9, 0.6, 0.98),
        row(4.0, 8, 1, 0, 0.8),
        row(6.0, 7, 1, 0, 0.7, 0.4, 0.9),
        row(9.0, 6, 0, 6, 0.7, 0.4, 0.9),
    )
    band = by_gid(plot_kaplan_meier([panel(("", rows, ""))]).axes[1], "band-0")
    assert isinstance(band, PolyCollection)
    spans = [(path.vertices[:, 0].min(), path.vertices[:, 0].max()) for path in band.get_paths()]
    assert spans == [(0.0, 4.0), (6.0, 9.0)]


def test_bands_are_drawn_for_up_to_three_curves():
    curves = [(f"group {k}", PLACEBO, "") for k in range(4)]
    assert sum(isinstance(a, PolyCollection) for a in plot_kaplan_meier([panel(*curves[:3])]).axes[1].collections) == 3
    assert not plot_kaplan_meier([panel(*curves)]).axes[1].collections


def test_every_curve_has_a_color_and_a_line_style_of_its_own():
    looks = [line_look(k) for k in range(len(COLORS) * len(DASHES))]
    assert len(set(looks)) == len(looks)
    assert len({look.linestyle for look in looks[:7]}) == 7
    axes = plot_kaplan_meier([panel(*((f"g{k}", PLACEBO, "") for k in range(5)))]).axes[1]
    lines = [by_gid(axes, f"curve-{k}") for k in range(5)]
    assert len({(to_hex(line.get_color()), repr(line._dash_pattern)) for line in lines}) == 5


def test_small_counts_are_masked_and_zero_is_not():
    figure = plot_kaplan_meier([two_groups()], min_cell=5)
    shown = [text.get_text() for text in risk_texts(figure.axes[1], 1)]
    counts = count_at_risk(PLACEBO, figure.axes[1].get_xticks())
    assert shown == ["<5" if 0 < n < 5 else str(n) for n in counts]
    assert "0" in shown
    assert mask_count(5, 5) == "5"


@pytest.mark.parametrize("width", [85.0, 170.0])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 7])
def test_no_text_covers_another_or_leaves_the_page(width, count):
    labels = [LONG, "Sorafenib alone", "TACE", "Best supportive care and observation only", "E", "F", "G"]
    curves = [(label, (MERCAPTOPURINE, PLACEBO)[k % 2], MEDIAN) for k, label in enumerate(labels[:count])]
    one = panel(
        *curves,
        annotations=("Log-rank P = 0.003",),
        title="Remission after induction of any kind in children and adults",
    )
    figures = [plot_kaplan_meier([one], width_mm=width)]
    if width > 100:
        figures.append(plot_kaplan_meier([one, one, one], width_mm=width))
    for figure in figures:
        boxes = list(text_boxes(figure))
        for k, (text, box) in enumerate(boxes):
            assert box.x0 > -1.0, text
            assert box.x1 < figure.bbox.x1 + 1.0, text
            assert box.y0 > -1.0, text
            assert box.y1 < figure.bbox.y1 + 1.0, text
            for other, other_box in boxes[k + 1 :]:
                apart = (
                    box.x1 <= other_box.x0 + 0.5
                    or other_box.x1 <= box.x0 + 0.5
                    or box.y1 <= other_box.y0 + 1.5
                    or other_box.y1 <= box.y0 + 1.5
                )
                assert apart, (text, other)


def test_legend_covers_no_curve_and_no_band():
    for curves in ([("", MERCAPTOPURINE, MEDIAN)], [("A", PLACEBO, "median 8.0"), ("B", PLACEBO, "median 8.0")]):
        figure = plot_kaplan_meier([panel(*curves)], width_mm=85)
        axes = figure.axes[1]
        figure.draw_without_rendering()
        for text in figure.axes[0].texts:
            box = text.get_window_extent(figure.canvas.get_renderer())
            if not axes.bbox.overlaps(box):
                continue
            (left, bottom), (right, top) = axes.transData.inverted().transform([(box.x0, box.y0), (box.x1, box.y1)])
            for _, rows, _ in curves:
                for step in steps_of(CurveData("", rows)):
                    if step.start < right and step.stop > left:
                        low, high = (step.conf_low, step.conf_high) if step.conf_low >= 0 else (step.surv, step.surv)
                        assert high < bottom or low > top


def test_legend_says_label_median_and_p():
    text = " ".join(words(plot_kaplan_meier([two_groups(annotations=("Log-rank P <0.001",))]))).replace("\u00a0", " ")
    assert f"6-MP: {MEDIAN}" in text
    assert "Log-rank P <0.001" in text
    assert "No. at risk" in text


def test_single_curve_without_label_has_its_median_as_a_sentence():
    assert MEDIAN.capitalize()[:6] in " ".join(words(plot_kaplan_meier([panel(("", MERCAPTOPURINE, MEDIAN))])))


def test_panels_are_lettered_and_their_axes_stand_level():
    figure = plot_kaplan_meier([two_groups(), panel(("All", PLACEBO, "")), two_groups()])
    assert {"A", "B", "C"} <= set(words(figure))
    assert len({round(axes.get_position().y0, 9) for axes in figure.axes[1:]}) == 1
    assert "A" not in words(plot_kaplan_meier([two_groups()]))


def test_columns_place_panels_under_each_other():
    figure = plot_kaplan_meier([two_groups(), two_groups()], columns=1, width_mm=85)
    first, second = (axes.get_position() for axes in figure.axes[1:])
    assert second.y1 < first.y0


def test_percent_changes_labels_and_not_the_data():
    axes = plot_kaplan_meier([two_groups()], percent=True).axes[1]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["0", "20", "40", "60", "80", "100"]
    assert by_gid(axes, "curve-0").get_ydata()[0] == 1.0


def test_settings_of_the_user_are_neither_used_nor_changed():
    with mpl.rc_context({"axes.grid": True, "font.size": 30.0}):
        before = dict(mpl.rcParams)
        figure = plot_kaplan_meier([two_groups()])
        assert dict(mpl.rcParams) == before
    assert not figure.axes[1].xaxis.get_gridlines()[0].get_visible()
    assert {text.get_fontsize() for text in figure.axes[1].texts} == {7.0}
    assert isinstance(figure, Figure)


@pytest.mark.parametrize("label", ["$x^2$", r"a_b \frac", "<b> & \u201c", "A\u00a0B"])
def test_label_is_never_read_as_a_formula(label):
    assert any(label in word for word in words(plot_kaplan_meier([panel((label, PLACEBO, ""), ("b", PLACEBO, ""))])))


@pytest.mark.parametrize(
    "panels",
    [[], [KaplanMeierPanel((), "Weeks", "Remission", "weeks")], [panel(("A", (), ""))]],
    ids=["no panel", "no curve", "no rows"],
)
def test_nothing_to_draw_is_said(panels):
    with pytest.raises(OutputError, match="Kaplan–Meier figure: "):
        plot_kaplan_meier(panels)


@pytest.mark.parametrize(
    ("last", "unit", "most", "step", "end"),
    [
        (18.0, "months", 9, 3.0, 18.0),
        (37.2, "months", 9, 6.0, 37.2),
        (59.0, "months", 9, 12.0, 60.0),
        (119.0, "months", 9, 24.0, 120.0),
        (1022.0, "days", 7, 200.0, 1022.0),
        (2.2, "years", 9, 0.5, 2.2),
        (35.0, "weeks", 9, 8.0, 35.0),
        (0.6, "months", 9, 0.1, 0.6),
        (5000.0, "months", 9, 1000.0, 5000.0),
    ],
)
def test_time_axis_has_the_steps_a_reader_of_the_unit_expects(last, unit, most, step, end):
    ticks, stop = choose_ticks(last, unit, most)
    assert ticks[1] == pytest.approx(step)
    assert stop == pytest.approx(end)


@given(st.floats(1e-3, 1e5), st.sampled_from(["days", "weeks", "months", "years", "cycles"]), st.floats(20.0, 150.0))
def test_ticks_are_even_start_at_zero_and_lie_on_the_axis(last, unit, width):
    ticks, end = fit_ticks(last, unit, width, 3000)
    assert ticks[0] == 0.0
    assert 2 <= len(ticks) <= 9
    assert last * (1 - 1e-9) <= end
    assert ticks[-1] <= end * (1 + 1e-9)
    assert np.allclose(np.diff(ticks), ticks[1])


@given(st.text(st.characters(codec="ascii", categories=["L", "N", "P", "Zs"]), max_size=60), st.floats(5.0, 60.0))
def test_wrapped_lines_fit_and_lose_no_letter(text, width):
    lines = wrap_text(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(text_width(line) <= width or len(line) == 1 for line in lines)


def test_all_patients_censored_at_time_zero_is_still_a_figure():
    axes = plot_kaplan_meier([panel(("", (row(0.0, 3, 0, 3, 1.0),), ""))]).axes[1]
    assert [text.get_text() for text in axes.texts] == ["3", "0"]
