"""What a Kaplan–Meier figure is drawn from: curves, the panel they stand in, and where they leave room."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite
from typing import NamedTuple

from oncohort.errors import OutputError
from oncohort.report.figures.style import BAND_ALPHAS
from oncohort.study.results import CurveRow


@dataclass(frozen=True, slots=True)
class CurveData:
    """One survival curve as the reader sees it.

    Parameters
    ----------
    label : str
        Name of the group; may be empty if the panel has one curve.
    rows : sequence of CurveRow
        In time order; probabilities 0–1, times in the panel's unit. A limit that is nan leaves a gap in the band.
    median_text : str
        Such as "median 10.5 months (95% CI, 8.7–12.3)"; may be empty.
    start : float
        The value before the first time: 1 of a survival curve, 0 of a cumulative incidence.
    """

    label: str
    rows: Sequence[CurveRow]
    median_text: str = ""
    start: float = 1.0


@dataclass(frozen=True, slots=True)
class KaplanMeierPanel:
    """One set of axes with its curves.

    Parameters
    ----------
    curves : tuple of CurveData
        At least one, each with at least one row.
    time_label, survival_label : str
        What stands along the axes, such as "Months since start of treatment" and "Overall survival".
    time_unit : str
        "days", "weeks", "months" or "years"; rules the steps of the time axis.
    title : str
        Stands beside the panel's letter; may be empty.
    annotations : tuple of str
        Lines under the legend, such as "Log-rank P = 0.003".
    legend_head : str
        Line over the legend, such as "Median (95% CI), months"; may be empty.
    shared_risk : bool
        All curves are of the same patients, so that one line of numbers at risk serves them.
    """

    curves: tuple[CurveData, ...]
    time_label: str
    survival_label: str
    time_unit: str
    title: str = ""
    annotations: tuple[str, ...] = ()
    legend_head: str = ""
    shared_risk: bool = False


class Step(NamedTuple):
    """The value of a curve and its limits from ``start`` until just before ``stop``."""

    start: float
    stop: float
    surv: float
    conf_low: float
    conf_high: float


def check_panels(panels: Sequence[KaplanMeierPanel]) -> None:
    """Raise OutputError where there is nothing to draw."""
    if not panels:
        raise OutputError("Kaplan–Meier figure: there is no panel; at least one was expected")
    for panel in panels:
        if not panel.curves:
            raise OutputError(f'Kaplan–Meier figure: the panel "{panel.survival_label}" has no curve')
        for curve in panel.curves:
            if not curve.rows:
                raise OutputError(f'Kaplan–Meier figure: the curve "{curve.label}" has no rows')


def words_of(panel: KaplanMeierPanel) -> Iterator[str]:
    """Yield every text that is drawn in the panel."""
    yield from (panel.time_label, panel.survival_label, panel.title, panel.legend_head, *panel.annotations)
    for curve in panel.curves:
        yield from (curve.label, curve.median_text)


def last_time(panel: KaplanMeierPanel) -> float:
    """Return the last time of any curve of the panel."""
    return max(curve.rows[-1].time for curve in panel.curves)


def largest_count(panel: KaplanMeierPanel) -> int:
    """Return the largest number at risk of any curve of the panel."""
    return max(row.n_risk for curve in panel.curves for row in curve.rows)


def has_bands(panel: KaplanMeierPanel) -> bool:
    """Say whether the panel's curves are few enough for confidence bands to be told apart."""
    return len(panel.curves) <= len(BAND_ALPHAS)


def steps_of(curve: CurveData) -> Iterator[Step]:
    """Yield the steps of a curve from time 0 to its last time."""
    rows = curve.rows
    if rows[0].time > 0.0:
        yield Step(0.0, rows[0].time, curve.start, curve.start, curve.start)
    for row, after in pairwise(rows):
        yield Step(row.time, after.time, row.surv, row.conf_low, row.conf_high)
    end = rows[-1]
    yield Step(end.time, end.time, end.surv, end.conf_low, end.conf_high)


def highest_from(panel: KaplanMeierPanel, time: float) -> float:
    """Return the highest probability drawn at or after ``time``; 0 where no curve goes so far."""
    return max((_top(panel, step) for step in _all_steps(panel) if step.stop >= time), default=0.0)


def highest_until(panel: KaplanMeierPanel, time: float) -> float:
    """Return the highest probability drawn at or before ``time``."""
    return max((_top(panel, step) for step in _all_steps(panel) if step.start <= time), default=0.0)


def lowest_until(panel: KaplanMeierPanel, time: float) -> float:
    """Return the lowest probability drawn at or before ``time``."""
    return min((_bottom(panel, step) for step in _all_steps(panel) if step.start <= time), default=1.0)


def _all_steps(panel: KaplanMeierPanel) -> Iterator[Step]:
    for curve in panel.curves:
        yield from steps_of(curve)


def _top(panel: KaplanMeierPanel, step: Step) -> float:
    banded = has_bands(panel) and isfinite(step.conf_high) and isfinite(step.conf_low)
    return step.conf_high if banded else step.surv


def _bottom(panel: KaplanMeierPanel, step: Step) -> float:
    banded = has_bands(panel) and isfinite(step.conf_low) and isfinite(step.conf_high)
    return step.conf_low if banded else step.surv
