"""Hazard curves: curve, band, reference and rug stand at their values; ticks are round."""

from __future__ import annotations

import numpy as np
import pytest

from oncohort.errors import OutputError
from oncohort.report.figures.hazard_curve import HazardCurve, choose_value_ticks, plot_hazard_curve
from oncohort.study.results import SplineRow


def points(values, spread=0.3):
    logs = 0.02 * (np.asarray(values, dtype=float) - 60)
    limits = zip(values, np.exp(logs), np.exp(logs - spread), np.exp(logs + spread), strict=True)
    return [SplineRow("m", "OS", "age", *map(float, row)) for row in limits]


def curve(values=(40, 50, 60, 70, 80), **changed):
    told = {"reference": 60.0, "value_label": "Age (years)", "ratio_label": "Hazard ratio (95% CI)"}
    return HazardCurve(points(values), **(told | changed))


def by_gid(axes, gid):
    return next((artist for artist in axes.get_children() if artist.get_gid() == gid), None)


def test_curve_stands_at_its_values_on_a_log_axis():
    axes = plot_hazard_curve(curve()).axes[1]
    assert axes.get_yscale() == "log"
    assert axes.get_xscale() == "linear"
    line = by_gid(axes, "curve")
    assert list(line.get_xdata()) == [40, 50, 60, 70, 80]
    assert line.get_ydata() == pytest.approx(np.exp([-0.4, -0.2, 0, 0.2, 0.4]))
    assert axes.get_xlim() == (40, 80)


def test_band_reaches_from_limit_to_limit():
    [path] = by_gid(plot_hazard_curve(curve()).axes[1], "band").get_paths()
    heights = path.vertices[:, 1]
    assert heights.min() == pytest.approx(np.exp(-0.7))
    assert heights.max() == pytest.approx(np.exp(0.7))


def test_band_far_away_does_not_make_the_axis_endless():
    axes = plot_hazard_curve(HazardCurve(points((40, 60, 80), spread=9.0), 60.0, "Age", "Hazard ratio")).axes[1]
    low, high = axes.get_ylim()
    assert low >= 0.05
    assert high <= 20


def test_reference_is_a_square_on_the_line_of_one():
    mark = by_gid(plot_hazard_curve(curve()).axes[1], "reference")
    assert (list(mark.get_xdata()), list(mark.get_ydata())) == ([60.0], [1.0])
    assert by_gid(plot_hazard_curve(curve(reference=20.0)).axes[1], "reference") is None


def test_each_patient_within_the_curve_is_a_tick():
    axes = plot_hazard_curve(curve(rug=[30, 45, 45, 77, 91])).axes[1]
    xs = by_gid(axes, "rug").get_xdata()
    assert list(xs[::3]) == [45, 45, 77]
    assert by_gid(plot_hazard_curve(curve()).axes[1], "rug") is None


def test_notes_stand_above_the_axes():
    figure = plot_hazard_curve(curve(notes=("P = 0.03; nonlinearity P = 0.20",)))
    sheet, axes = figure.axes[:2]
    [note] = [text for text in sheet.texts if text.get_text().startswith("P = ")]
    top_mm = (1 - axes.get_position().y1) * figure.get_figheight() * 25.4
    assert note.get_position()[1] < top_mm


def test_logarithmic_values_have_a_log_axis():
    told = HazardCurve(points((3, 30, 300)), 30.0, "AFP (ng/ml)", "Hazard ratio", logarithmic=True)
    axes = plot_hazard_curve(told).axes[1]
    assert axes.get_xscale() == "log"
    assert [label.get_text() for label in axes.get_xticklabels()] == ["5", "10", "20", "50", "100", "200"]


@pytest.mark.parametrize(
    ("ends", "logarithmic", "expected"),
    [
        ((0.0, 1.0), False, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        ((338.0, 1425.0), True, [400, 500, 600, 800, 1000]),
        ((1.0, 1e6), True, [1, 100, 10000, 1000000]),
        ((52.0, 58.0), True, [52, 53, 54, 55, 56, 57, 58]),
        ((-3.0, 2.0), False, [-3, -2, -1, 0, 1, 2]),
    ],
)
def test_ticks_are_round_and_have_room(ends, logarithmic, expected):
    assert choose_value_ticks(*ends, 70.0, logarithmic=logarithmic) == pytest.approx(expected)


def test_one_point_is_no_curve():
    with pytest.raises(OutputError, match="at least two points were expected; got 1"):
        plot_hazard_curve(HazardCurve(points((60,)), 60.0, "Age", "Hazard ratio"))
