"""Flow figures as STROBE asks for them: exclusions with parts, the ineligible who were treated, the row of arms."""

from __future__ import annotations

import warnings
from itertools import pairwise

import pytest

from oncohort.report.figures.flow import FlowBox, FlowReason, FlowSide, plot_flow

# The screened, the excluded and their previous treatments as the paper of the bundled study counts them (Patients).
# The ineligible and the arms are made up.
EXCLUDED = FlowSide(
    "Excluded",
    216,
    (
        ("Child–Pugh class C", 67),
        ("Child–Pugh B8 or B9 with bilirubin above 51.3 μmol/L", 58),
        FlowReason(
            "Previous treatment",
            91,
            (
                ("Hepatectomy", 14),
                ("Preoperative chemotherapy", 11),
                ("TACE or local ablation", 47),
                ("Radiotherapy", 19),
            ),
        ),
    ),
)
INELIGIBLE = FlowSide("Treated although not eligible", 6, (("ECOG performance status above 2", 2), ("Platelets", 4)))
STEPS = (FlowBox("Screened", 326, (EXCLUDED,)), FlowBox("Treated and analyzed", 110, (INELIGIBLE,)))
ARMS = (
    ("Sorafenib alone", 44),
    ("Sorafenib and TACE", 38),
    ("Sorafenib and cryoablation", 11),
    ("Sorafenib, TACE and cryoablation", 17),
)


def texts(figure):
    return [text for text in figure.axes[0].texts if text.get_text()]


def words(figure):
    return " ".join(text.get_text() for text in texts(figure)).replace("\u00a0", " ")


def box_of(figure, gid):
    return next(patch for patch in figure.axes[0].patches if patch.get_gid() == gid)


def gids(figure):
    return [patch.get_gid() for patch in figure.axes[0].patches if patch.get_gid()]


def start_of(figure, beginning):
    return next(text.get_position()[0] for text in texts(figure) if text.get_text().startswith(beginning))


def test_parts_of_a_reason_stand_under_it_and_further_in():
    figure = plot_flow(STEPS)
    assert (
        "Previous treatment (n = 91) Hepatectomy (n = 14) Preoperative chemotherapy (n = 11) "
        "TACE or local ablation (n = 47) Radiotherapy (n = 19)"
    ) in words(figure)
    assert start_of(figure, "Excluded") < start_of(figure, "Child–Pugh class C") < start_of(figure, "Hepatectomy")
    assert start_of(figure, "Previous") == start_of(figure, "Child–Pugh class C")
    assert start_of(figure, "Radiotherapy") == start_of(figure, "Hepatectomy")


def test_flow_is_read_from_screened_to_arms():
    figure = plot_flow(STEPS, arms=ARMS)
    assert gids(figure) == ["box-0", "side-0-0", "box-1", "side-1-0", "arm-0", "arm-1", "arm-2", "arm-3"]
    tops = [box_of(figure, gid).get_y() for gid in ("box-0", "side-0-0", "box-1", "side-1-0", "arm-0")]
    assert tops == sorted(tops)


def test_arms_stand_level_in_boxes_of_one_size_from_left_to_right():
    figure = plot_flow(STEPS, arms=ARMS)
    arms = [box_of(figure, f"arm-{k}") for k in range(4)]
    assert len({(arm.get_y(), arm.get_width(), arm.get_height()) for arm in arms}) == 1
    for arm, after in pairwise(arms):
        assert arm.get_x() + arm.get_width() < after.get_x()
    assert words(figure).endswith("Sorafenib, TACE and cryoablation (n = 17)")


def test_trunk_leads_past_the_last_side_box_to_the_fork():
    figure = plot_flow(STEPS, arms=ARMS[:2])
    side = box_of(figure, "side-1-0")
    last = box_of(figure, "box-1")
    trunk, fork = figure.axes[0].lines
    assert trunk.get_ydata()[0] == last.get_y() + last.get_height()
    assert trunk.get_ydata()[1] == fork.get_ydata()[0] > side.get_y() + side.get_height()
    assert min(fork.get_xdata()) <= trunk.get_xdata()[0] <= max(fork.get_xdata())


def test_two_arms_stand_under_both_sides_of_the_trunk():
    figure = plot_flow([FlowBox("Analyzed", 82)], arms=ARMS[:2])
    main, left, right = (box_of(figure, gid) for gid in ("box-0", "arm-0", "arm-1"))
    middle = main.get_x() + main.get_width() / 2
    assert middle - left.get_x() == pytest.approx(right.get_x() + right.get_width() - middle)


def test_single_arm_is_a_box_under_the_trunk():
    figure = plot_flow(STEPS, arms=ARMS[:1])
    assert gids(figure)[-1] == "arm-0"
    assert "Sorafenib alone (n = 44)" in words(figure)


def test_small_counts_of_parts_and_arms_are_masked():
    side = FlowSide("Excluded", 20, (FlowReason("Earlier", 4, (("Surgery", 3), ("None", 0))),))
    text = words(
        plot_flow([FlowBox("Screened", 40, (side,)), FlowBox("Analyzed", 20)], arms=(("A", 16), ("B", 4)), min_cell=5)
    )
    assert "Earlier (n <5) Surgery (n <5) None (n = 0)" in text
    assert "A (n = 16) B (n <5)" in text


@pytest.mark.parametrize("width", [85.0, 120.0, 170.0])
@pytest.mark.parametrize("arms", [(), ARMS[:2], ARMS, (("索拉非尼", 5), ("A" * 60, 9), ("Sorafenib " * 12, 7))])
def test_text_stays_in_its_box_and_boxes_on_the_page(width, arms):
    figure = plot_flow(STEPS, arms=arms, width_mm=width)
    with warnings.catch_warnings():
        # A machine without a Chinese font draws boxes.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    boxes = [patch.get_window_extent(renderer) for patch in figure.axes[0].patches if patch.get_gid()]
    for text in texts(figure):
        inner = text.get_window_extent(renderer)
        assert any(b.x0 < inner.x0 and inner.x1 < b.x1 and b.y0 < inner.y0 and inner.y1 < b.y1 for b in boxes)
    for k, box in enumerate(boxes):
        assert 0 < box.x0 < box.x1 < figure.bbox.x1
        assert 0 < box.y0 < box.y1 < figure.bbox.y1
        assert not any(box.overlaps(other) for other in boxes[k + 1 :])
    assert figure.get_figwidth() * 25.4 == pytest.approx(width)


def test_page_is_widened_where_the_row_of_arms_needs_it():
    figure = plot_flow([FlowBox("Analyzed", 70)], arms=[(f"Arm {k}", 10) for k in range(7)], width_mm=85)
    assert figure.get_figwidth() * 25.4 > 85
    last = box_of(figure, "arm-6")
    assert last.get_x() + last.get_width() < figure.get_figwidth() * 25.4
