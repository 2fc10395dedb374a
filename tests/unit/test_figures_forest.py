"""Forest plots and flow figures: rows, arrows, reference rows, counts."""

from __future__ import annotations

from math import inf, nan

import pytest

from oncohort.errors import OutputError
from oncohort.report.figures.flow import FlowBox, FlowSide, plot_flow
from oncohort.report.figures.forest import ForestHeads, ForestRow, choose_limits, choose_ratio_ticks, plot_forest

# The row of sex is from R survival 3.5-3, coxph(Surv(time, status) ~ sex, lung); the others are made up.
ROWS = (
    ForestRow("Sex", kind="header"),
    ForestRow("Male", kind="reference", count_text="112/138"),
    ForestRow("Female", 0.59, 0.42, 0.82, "0.59 (0.42–0.82)", "0.001", "53/90"),
    ForestRow("Wide", 2.0, 0.02, 44.0, "2.00 (0.02–44.00)", "0.70", "3/4"),
    ForestRow("No event", 0.0, 0.0, inf, "not estimable", "–", "0/3"),
    ForestRow("One limit", 1.4, nan, 2.2, "1.40 (–)", "0.30"),
)


def by_gid(axes, gid):
    return next((artist for artist in axes.get_children() if artist.get_gid() == gid), None)


def words(figure):
    return [text.get_text() for text in figure.axes[0].texts if text.get_text()]


def markers(axes):
    return [line.get_marker() for line in axes.lines]


def test_interval_and_estimate_stand_at_their_values_on_a_log_axis():
    axes = plot_forest(ROWS).axes[1]
    assert axes.get_xscale() == "log"
    assert tuple(by_gid(axes, "interval-2").get_xdata()) == (0.42, 0.82)
    assert list(by_gid(axes, "estimate-2").get_xdata()) == [0.59]


def test_limits_beyond_the_axis_become_arrows():
    axes = plot_forest(ROWS, axis_limits=(0.25, 4.0)).axes[1]
    assert tuple(by_gid(axes, "interval-3").get_xdata()) == (0.25, 4.0)
    assert markers(axes).count("<") == 1
    assert markers(axes).count(">") == 1


def test_estimate_beyond_the_axis_is_an_arrow_without_a_square():
    axes = plot_forest([ForestRow("far", 9.0, 6.0, 12.0)], axis_limits=(0.5, 2.0)).axes[1]
    assert by_gid(axes, "estimate-0") is None
    assert by_gid(axes, "interval-0") is None
    assert ">" in markers(axes)


def test_estimate_that_is_no_number_is_told_in_words_only():
    figure = plot_forest(ROWS)
    assert by_gid(figure.axes[1], "estimate-4") is None
    assert by_gid(figure.axes[1], "interval-4") is None
    assert "not estimable" in words(figure)


def test_unknown_limit_leaves_its_side_of_the_line_empty():
    assert tuple(by_gid(plot_forest(ROWS).axes[1], "interval-5").get_xdata()) == (1.4, 2.2)


def test_reference_row_is_named_and_hollow():
    figure = plot_forest(ROWS)
    assert "1 (reference)" in words(figure)
    mark = by_gid(figure.axes[1], "estimate-1")
    assert list(mark.get_xdata()) == [1.0]
    assert mark.get_markerfacecolor() == "white"


def test_texts_of_a_row_stand_on_one_line():
    figure = plot_forest(ROWS)
    heights = {t.get_position()[1] for t in figure.axes[0].texts if t.get_text() in {"Female", "53/90", "0.001"}}
    assert len(heights) == 1
    header = next(text for text in figure.axes[0].texts if text.get_text() == "Sex")
    assert header.get_fontweight() == "bold"


def test_marks_stand_level_with_their_text():
    figure = plot_forest(ROWS)
    figure.draw_without_rendering()
    mark = by_gid(figure.axes[1], "estimate-2")
    y = figure.axes[1].transData.transform((1.0, mark.get_ydata()[0]))[1]
    label = next(text for text in figure.axes[0].texts if text.get_text() == "Female")
    box = label.get_window_extent(figure.canvas.get_renderer())
    assert box.y0 < y < box.y1


def test_empty_columns_are_left_out():
    figure = plot_forest([ForestRow("Age", 1.0, 0.9, 1.1, "1.00 (0.90–1.10)")])
    assert "P value" not in words(figure)
    assert "Events/n" not in words(figure)


def test_heads_and_favors_are_printed():
    heads = ForestHeads(effect="Odds ratio (95% CI)", axis="Odds ratio")
    figure = plot_forest(ROWS, heads=heads, favors=("Favours female", "Favours male"))
    assert "Odds ratio (95% CI)" in words(figure)
    assert "← Favours female" in words(figure)
    assert figure.axes[1].get_xlabel() == "Odds ratio"


def test_every_second_row_has_a_band_unless_it_is_unwanted():
    assert len(plot_forest(ROWS).axes[0].patches) == 3
    assert not plot_forest(ROWS, banded=False).axes[0].patches


@pytest.mark.parametrize("width", [85.0, 170.0])
def test_columns_do_not_run_into_each_other(width):
    long = ForestRow("Age, per 10 years (patients with missing age leave the model)", 1.1, 0.9, 1.3, "1.10 (0.90–1.30)")
    figure = plot_forest([*ROWS, long], width_mm=width)
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    ticks = [text for text in figure.axes[1].get_xticklabels() if text.get_text()]
    boxes = [text.get_window_extent(renderer) for text in [*figure.axes[0].texts, *ticks] if text.get_text()]
    for k, box in enumerate(boxes):
        assert box.x1 < figure.bbox.x1 + 1.0
        for other in boxes[k + 1 :]:
            assert box.x1 <= other.x0 or other.x1 <= box.x0 or box.y1 <= other.y0 + 1.5 or other.y1 <= box.y0 + 1.5


def test_axis_shows_one_the_estimates_and_the_known_limits():
    low, high = choose_limits(ROWS)
    assert low < 0.42
    assert high > 10.0
    assert choose_limits([ForestRow("", 1.0, 1.0, inf)]) == choose_limits([ForestRow("", 1.0, nan, nan)])
    assert 1.0 in choose_ratio_ticks(low, high, 40.0)


def test_forest_without_rows_is_refused():
    with pytest.raises(OutputError, match="forest plot: there is no row"):
        plot_forest([])


FLOW = (
    FlowBox("Screened for the study", 412, (FlowSide("Excluded", 280, (("ECOG above 2", 61), ("Refused", 2))),)),
    FlowBox("Treated and analyzed", 132, (FlowSide("Ineligible but treated", 2),)),
)


def test_flow_prints_every_count():
    text = " ".join(words(plot_flow(FLOW))).replace("\u00a0", " ")
    for part in ("(n = 412)", "Excluded (n = 280)", "ECOG above 2 (n = 61)", "Refused (n = 2)", "(n = 132)"):
        assert part in text


def test_flow_masks_small_counts():
    text = " ".join(words(plot_flow(FLOW, min_cell=3))).replace("\u00a0", " ")
    assert "Refused (n <3)" in text
    assert "(n = 2)" not in text


def test_flow_text_stays_in_its_box():
    figure = plot_flow(FLOW, width_mm=85)
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    patches = figure.axes[0].patches
    boxes = [patch.get_window_extent(renderer) for patch in patches if patch.get_gid()]
    assert len(boxes) == 4
    for text in figure.axes[0].texts:
        inner = text.get_window_extent(renderer)
        assert any(b.x0 < inner.x0 and inner.x1 < b.x1 and b.y0 < inner.y0 and inner.y1 < b.y1 for b in boxes)
    assert all(not a.overlaps(b) for k, a in enumerate(boxes) for b in boxes[k + 1 :])


def test_flow_without_steps_is_refused():
    with pytest.raises(OutputError, match="flow figure: there is no step"):
        plot_flow(())
