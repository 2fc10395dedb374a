"""Swimmer plots: one lane a patient, with treatment, procedures, response and outcome on a common time axis."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from typing import Final, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from oncohort.errors import OutputError
from oncohort.report.figures.key_strip import KeyEntry, KeyStrip, draw_key, lay_out_key
from oncohort.report.figures.label_room import shorten_text, size_in_row, spread
from oncohort.report.figures.patient_marks import (
    LEVEL_FILLS,
    LEVEL_NAMES,
    MARK_LOOKS,
    DoseLevel,
    Mark,
    MarkLook,
    check_word,
    draw_fill,
    draw_mark,
    patient_style,
)
from oncohort.report.figures.patient_time import TimeScale, draw_time_axis, lay_out_time, time_axis_height
from oncohort.report.figures.sheet import blank_figure, place_axes, text_width, write
from oncohort.report.figures.style import AXIS_PT, DOUBLE_COLUMN_MM, GRAY, LineLook

__all__ = ["LANES_PER_PAGE", "Mark", "Span", "SwimmerLane", "plot_swimmer"]

LANES_PER_PAGE: Final = 110
_FIGURE: Final = "swimmer plot"
_PAGE_MM: Final = 225.0
_TALLEST_LANE_MM: Final = 5.0
_EDGE_MM: Final = 0.6
_GAP_MM: Final = 1.0
_ARROW_MM: Final = 2.5
_LABEL_SHARE: Final = 0.25
_BAR_SHARE: Final = 0.6
_MARK_SHARE: Final = 0.78
_LARGEST_MARK_MM: Final = 2.0
_APART_SHARE: Final = 0.67
_FOLLOWED_PT: Final = 0.6
_FOLLOWED: Final = LineLook(GRAY, "-")
_ONGOING: Final = MarkLook("Treatment ongoing", ">", "#000000", "color")


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of treatment at one level of dose, in the unit of the time axis; ``end`` is after ``start``."""

    start: float
    end: float
    level: DoseLevel


@dataclass(frozen=True, slots=True)
class SwimmerLane:
    """One patient.

    Parameters
    ----------
    label : str
        What names the patient; may be empty.
    treatment : tuple of Span
        In any order; between and after them the patient was followed without treatment.
    events : tuple of Mark
        What happened, in any order; times may be before 0.
    end : float
        Last time known of the patient, 0 or more.
    ongoing : bool
        Treatment went on at ``end``: an arrow.
    """

    label: str
    treatment: tuple[Span, ...]
    events: tuple[Mark, ...]
    end: float
    ongoing: bool


class _Layout(NamedTuple):
    """What all pages share: the key, the time scale, the width of the labels' column, a lane's height."""

    key: KeyStrip
    scale: TimeScale
    left: float
    top: float
    lane: float
    size: float


def plot_swimmer(
    lanes: Sequence[SwimmerLane],
    *,
    time_label: str,
    time_unit: str,
    width_mm: float = DOUBLE_COLUMN_MM,
    longest_first: bool = True,
) -> tuple[Figure, ...]:
    """Draw a lane for every patient, up to 110 on a page; more patients are spread evenly over several pages.

    All pages have the same key, time axis and height of lane. Marks of a lane that would hide each other are moved
    apart, together as little as can be, until two thirds of each can be seen; the others stand at their time.

    Parameters
    ----------
    lanes : sequence of SwimmerLane
        At least one.
    time_label : str
        What stands along the time axis, such as "Months since start of treatment".
    time_unit : str
        "days", "weeks", "months" or "years"; rules the steps of the time axis.
    width_mm : float
        Width of each page: 85 for one column of a journal, 170 for two.
    longest_first : bool
        Sort the lanes by their end, longest at the top; otherwise they stand as given, from the top.

    Returns
    -------
    tuple of matplotlib.figure.Figure
        One a page, none higher than 225 mm. Of each, ``figure.axes[0]`` is the page in mm and ``figure.axes[1]`` has
        time and, downwards, mm; its artists carry the gids ``span-k-j``, ``mark-k-j`` and ``ongoing-k`` (lane k of the
        page from the top, span or mark j as given, from 0).

    Raises
    ------
    OutputError
        No lane, an unknown level or kind, a span that does not end after its start, or one that ends after its lane.

    Examples
    --------
    >>> lane = SwimmerLane("P-07", (Span(0.0, 4.0, "FULL"), Span(4.0, 9.5, "REDUCED")), (Mark(2.0, "PR"),), 9.5, True)
    >>> pages = plot_swimmer([lane] * 111, time_label="Months since start of treatment", time_unit="months")
    >>> [sum((a.get_gid() or "").startswith("ongoing-") for a in page.axes[1].lines) for page in pages]
    [56, 55]
    """
    asked = {"time_label": time_label, "time_unit": time_unit, "width_mm": width_mm, "longest_first": longest_first}
    return tuple(plot_swimmer_page(lanes, page, **asked) for page in range(max(count_pages(len(lanes)), 1)))


def count_pages(n: int) -> int:
    """Return over how many pages `plot_swimmer` spreads n lanes.

    Examples
    --------
    >>> count_pages(110), count_pages(111)
    (1, 2)
    """
    return ceil(n / LANES_PER_PAGE)


def plot_swimmer_page(
    lanes: Sequence[SwimmerLane],
    page: int,
    *,
    time_label: str,
    time_unit: str,
    width_mm: float = DOUBLE_COLUMN_MM,
    longest_first: bool = True,
) -> Figure:
    """Draw one of the pages of `plot_swimmer`, counted from 0; ``lanes`` are those of all pages.

    Examples
    --------
    >>> lane = SwimmerLane("P-07", (Span(0.0, 4.0, "FULL"),), (), 9.5, ongoing=False)
    >>> page = plot_swimmer_page([lane] * 111, 1, time_label="Months", time_unit="months")
    """
    for lane in lanes:
        _check(lane)
    if not lanes:
        raise OutputError(f"{_FIGURE}: there is no lane; at least one was expected")
    ordered = sorted(lanes, key=lambda lane: -lane.end) if longest_first else list(lanes)
    pages = count_pages(len(ordered))
    bounds = [ceil(len(ordered) * k / pages) for k in range(pages + 1)]
    with patient_style([lane.label for lane in ordered] + [time_label]):
        most = max(bounds[k + 1] - bounds[k] for k in range(pages))
        layout = _lay_out(ordered, most, width_mm, time_label, time_unit)
        return _draw_page(ordered[bounds[page] : bounds[page + 1]], layout, width_mm, time_label)


def _check(lane: SwimmerLane) -> None:
    for span in lane.treatment:
        check_word(_FIGURE, "dose level", span.level, LEVEL_FILLS)
        if not span.start < span.end <= lane.end:
            raise OutputError(
                f'{_FIGURE}: the treatment from {span.start} to {span.end} of "{lane.label}" does not end after its '
                f"start and by the end of the lane, {lane.end}"
            )
    for span, after in pairwise(_in_order(lane)):
        if after.start < span.end:
            raise OutputError(
                f'{_FIGURE}: "{lane.label}" has two levels of dose from {after.start} to {min(span.end, after.end)}'
            )
    for mark in lane.events:
        check_word(_FIGURE, "kind of event", mark.kind, MARK_LOOKS)


def _in_order(lane: SwimmerLane) -> list[Span]:
    return sorted(lane.treatment, key=lambda span: span.start)


def _lay_out(lanes: Sequence[SwimmerLane], most: int, width_mm: float, time_label: str, time_unit: str) -> _Layout:
    key = lay_out_key(list(_key_entries(lanes)), width_mm - 2 * _EDGE_MM)
    top = _EDGE_MM + key.height + _GAP_MM
    # The axis label may wrap; the widest possible axes give the fewest lines, the narrowest the most.
    axis = time_axis_height(time_label, width_mm * (1 - _LABEL_SHARE) - _ARROW_MM - 2 * _EDGE_MM - _GAP_MM)
    lane = min(_TALLEST_LANE_MM, (_PAGE_MM - top - axis) / most)
    size = size_in_row(lane)
    widths = [text_width(shorten_text(each.label, _LABEL_SHARE * width_mm, size=size), size=size) for each in lanes]
    left = _EDGE_MM + max(widths) + _GAP_MM + _LARGEST_MARK_MM / 2
    times = [time for each in lanes for time in _times_of(each)]
    scale = lay_out_time(min(times), max(times), time_unit, width_mm - left - _ARROW_MM - _EDGE_MM)
    return _Layout(key, scale, left, top, lane, size)


def _times_of(lane: SwimmerLane) -> Iterator[float]:
    yield lane.end
    yield from (span.start for span in lane.treatment)
    yield from (mark.time for mark in lane.events)


def _key_entries(lanes: Sequence[SwimmerLane]) -> Iterator[KeyEntry]:
    levels = {span.level for lane in lanes for span in lane.treatment}
    kinds = {mark.kind for lane in lanes for mark in lane.events}
    yield from (KeyEntry(LEVEL_NAMES[name], fill=look) for name, look in LEVEL_FILLS.items() if name in levels)
    if any(_is_followed_untreated(lane) for lane in lanes):
        yield KeyEntry("Followed without treatment", line=_FOLLOWED)
    yield from (KeyEntry(look.name, mark=look) for kind, look in MARK_LOOKS.items() if kind in kinds)
    if any(lane.ongoing for lane in lanes):
        yield KeyEntry(_ONGOING.name, mark=_ONGOING)


def _is_followed_untreated(lane: SwimmerLane) -> bool:
    ends = [min(0.0, *_times_of(lane)), *(span.end for span in _in_order(lane))]
    starts = [*(span.start for span in _in_order(lane)), lane.end]
    return any(start > end for end, start in zip(ends, starts, strict=True))


def _draw_page(lanes: Sequence[SwimmerLane], layout: _Layout, width_mm: float, time_label: str) -> Figure:
    height = layout.lane * len(lanes)
    axis = time_axis_height(time_label, layout.scale.width)
    figure, sheet = blank_figure(width_mm, layout.top + height + axis)
    draw_key(sheet, layout.key, _EDGE_MM, _EDGE_MM)
    axes = place_axes(sheet, layout.left, layout.top, layout.scale.width, height)
    axes.set_ylim(height, 0.0)
    axes.set_yticks([])
    axes.spines[["top", "left", "right"]].set_visible(False)
    draw_time_axis(axes, layout.scale, time_label)
    axes.axvline(0.0, color="black", linewidth=AXIS_PT, zorder=1.0)
    for k, lane in enumerate(lanes):
        middle = (k + 0.5) * layout.lane
        text = shorten_text(lane.label, _LABEL_SHARE * width_mm, size=layout.size)
        write(
            sheet,
            layout.left - _GAP_MM - _LARGEST_MARK_MM / 2,
            layout.top + middle,
            text,
            align="right",
            size=layout.size,
        )
        _draw_lane(axes, lane, k, middle, layout)
    return figure


def _draw_lane(axes: Axes, lane: SwimmerLane, k: int, middle: float, layout: _Layout) -> None:
    start = min(0.0, *_times_of(lane))
    axes.plot([start, lane.end], [middle, middle], color=_FOLLOWED.color, linewidth=_FOLLOWED_PT, clip_on=False)
    bar = _BAR_SHARE * layout.lane
    for j, span in enumerate(lane.treatment):
        box = (span.start, middle - bar / 2, span.end - span.start, bar)
        draw_fill(axes, box, LEVEL_FILLS[span.level], f"span-{k}-{j}").set_zorder(2.5)
    size = min(_MARK_SHARE * layout.lane, _LARGEST_MARK_MM)
    kinds = list(MARK_LOOKS)
    order = sorted(range(len(lane.events)), key=lambda j: (lane.events[j].time, kinds.index(lane.events[j].kind), j))
    times = spread([lane.events[j].time for j in order], _APART_SHARE * size * layout.scale.per_mm)
    for j, time in zip(order, times, strict=True):
        draw_mark(axes, (time, middle), MARK_LOOKS[lane.events[j].kind], size, f"mark-{k}-{j}")
    if lane.ongoing:
        beyond = lane.end + (0.2 + size / 2) * layout.scale.per_mm
        draw_mark(axes, (beyond, middle), _ONGOING, size, f"ongoing-{k}")
