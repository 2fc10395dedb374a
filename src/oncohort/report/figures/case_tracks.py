"""The tracks of a case timeline: how high each is, and how it is drawn beside its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from math import nan
from typing import Final, NamedTuple

from matplotlib.axes import Axes

from oncohort.report.figures.case_records import (
    PROCEDURES,
    CaseTimeline,
    DoseStep,
    LesionCourse,
    SevereEvent,
    ThrombusCourse,
)
from oncohort.report.figures.label_room import Box, first_free, pack_rows, shorten_text, spread, trace_line
from oncohort.report.figures.patient_marks import (
    DOSE_FILL,
    GRADE_FILLS,
    MARK_LOOKS,
    THROMBUS_LOOKS,
    Mark,
    MarkLook,
    draw_fill,
    draw_mark,
)
from oncohort.report.figures.patient_time import TimeScale
from oncohort.report.figures.sheet import MM_PER_POINT, place_axes, text_width, write
from oncohort.report.figures.style import AXIS_PT, COLORS, CURVE_PT, LINE_MM, TEXT_PT, line_look
from oncohort.report.figures.time_axis import choose_ticks
from oncohort.study.text import format_plain, format_rounded

_ROW_MM: Final = 4.0
_DOSE_MM: Final = 12.0
_LESIONS_MM: Final = 32.0
_MARK_MM: Final = 2.0
_DOT_MM: Final = 1.5
_BAR_MM: Final = 2.2
_SHORTEST_BAR_MM: Final = 0.8
_TICK_MM: Final = 0.9
_EVENT_GAP_MM: Final = 4.0
_GAP_MM: Final = 1.0
_SMALL_PT: Final = 6.0
_SMALL_MM: Final = 2.2
_LESION_MARKERS: Final = ("o", "s", "^", "D", "v", "p", "h")


class Ground(NamedTuple):
    """The sheet, where time begins on it, the scale of time, and where the sheet ends, in mm."""

    sheet: Axes
    left: float
    scale: TimeScale
    right: float

    def x(self, time: float) -> float:
        """Return the place of a time on the sheet, in mm."""
        return self.left + self.scale.at(time)


class Track(NamedTuple):
    """A track's name, its height in mm, and what draws it from its top; ``scanned`` ones show the days of scans."""

    name: str
    height: float
    draw: Callable[[Ground, float], None]
    scanned: bool = False


def list_tracks(case: CaseTimeline, scale: TimeScale, right_mm: float, unit: str) -> list[Track]:
    """Return the tracks that have something to show, from the top; ``right_mm`` is the room right of the axis."""
    tracks: list[Track] = []
    if case.dose:
        name = f"{case.drug}, mg/day" if case.drug else "Dose, mg/day"
        tracks.append(Track(name, _DOSE_MM, partial(_draw_dose, case.dose)))
    for kind in PROCEDURES:
        sessions = [(each.time, str(each.number)) for each in case.procedures if each.kind == kind]
        if sessions:
            rows = _rows_of(sessions, scale)
            height = _MARK_MM + _GAP_MM / 2 + LINE_MM * (max(rows) + 1)
            tracks.append(Track(MARK_LOOKS[kind].name, height, partial(_draw_procedures, kind, sessions, rows)))
    responses = [(scan.time, scan.response) for scan in case.scans if scan.response is not None]
    if responses:
        rows = _rows_of(responses, scale)
        tracks.append(
            Track("Response", _GAP_MM + LINE_MM * (max(rows) + 1), partial(_draw_words, responses, rows), scanned=True)
        )
    if case.lesions:
        tracks.append(Track("Diameter, mm", _LESIONS_MM, partial(_draw_lesions, case.lesions), scanned=True))
    tracks += [Track(course.label, _ROW_MM, partial(_draw_thrombus, course), scanned=True) for course in case.thrombi]
    if case.events:
        events = sorted(case.events, key=lambda event: event.start)
        bars = [_lay_out_event(event, case.end, scale, right_mm) for event in events]
        rows = pack_rows([(bar.left, bar.right) for bar in bars], _EVENT_GAP_MM)
        height = _ROW_MM * (max(rows) + 1)
        tracks.append(Track("Events of grade ≥3", height, partial(_draw_events, bars, rows)))
    if case.outcomes:
        told = [_lay_out_outcome(mark, unit, scale, right_mm) for mark in case.outcomes]
        rows = pack_rows([(left, left + text_width(text)) for left, text in told], 2 * _GAP_MM)
        height = _ROW_MM + LINE_MM * (max(rows) + 1)
        tracks.append(Track("Outcome", height, partial(_draw_outcomes, case.outcomes, told, rows)))
    return tracks


def lesion_mark(index: int, label: str) -> MarkLook:
    """Return the mark of the lesion at place ``index``, from 0."""
    return MarkLook(label, _LESION_MARKERS[index % len(_LESION_MARKERS)], COLORS[index % len(COLORS)], "color")


def _rows_of(words: Sequence[tuple[float, str]], scale: TimeScale) -> list[int]:
    """Return the row of each centered word, so that words of a row do not touch."""
    halves = [(scale.at(time), text_width(text) / 2) for time, text in words]
    return pack_rows([(x - half, x + half) for x, half in halves], _GAP_MM / 2)


def _draw_words(words: Sequence[tuple[float, str]], rows: Sequence[int], ground: Ground, top: float) -> None:
    """Write words at their times; the first row is the lowest."""
    for (time, text), row in zip(words, rows, strict=True):
        _write_clear(ground, ground.x(time), top + (max(rows) - row + 0.5) * LINE_MM, text)


def _write_clear(ground: Ground, x: float, y: float, text: str, size: float = TEXT_PT) -> None:
    """Write a word centered on a place, with white around it where a guide would cross it."""
    drawn = write(ground.sheet, x, y, text, align="center", size=size)
    drawn.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.3})


def _draw_procedures(
    kind: str, sessions: Sequence[tuple[float, str]], rows: Sequence[int], ground: Ground, top: float
) -> None:
    _draw_words(sessions, rows, ground, top)
    middle = top + LINE_MM * (max(rows) + 1) + _MARK_MM / 2
    for time, number in sessions:
        draw_mark(ground.sheet, (ground.x(time), middle), MARK_LOOKS[kind], _MARK_MM, f"{kind}-{number}")


def _draw_dose(steps: Sequence[DoseStep], ground: Ground, top: float) -> None:
    highest = max(*(step.mg_per_day for step in steps), 1.0)
    bottom = top + _DOSE_MM
    for k, step in enumerate(steps):
        height = step.mg_per_day / highest * (_DOSE_MM - _GAP_MM)
        left, right = ground.x(step.start), ground.x(step.end)
        if height:
            draw_fill(ground.sheet, (left, bottom - height, right - left, height), DOSE_FILL, f"dose-{k}")
        ground.sheet.plot([left, right], [bottom - height] * 2, color="black", linewidth=CURVE_PT)
    for before, after in pairwise(steps):
        if before.end == after.start:
            levels = [bottom - step.mg_per_day / highest * (_DOSE_MM - _GAP_MM) for step in (before, after)]
            ground.sheet.plot([ground.x(after.start)] * 2, levels, color="black", linewidth=AXIS_PT)
    ground.sheet.plot([ground.left, ground.left], [top, bottom], color="black", linewidth=AXIS_PT)
    taken: list[Box] = []
    for dose in sorted({0.0, *(step.mg_per_day for step in steps)}, key=lambda dose: (0.0 < dose < highest, -dose)):
        level = bottom - dose / highest * (_DOSE_MM - _GAP_MM)
        box = Box(0.0, level - _SMALL_MM / 2, 1.0, level + _SMALL_MM / 2)
        if first_free([box], taken):
            taken.append(box)
            ground.sheet.plot([ground.left - _TICK_MM, ground.left], [level] * 2, color="black", linewidth=AXIS_PT)
            write(ground.sheet, ground.left - _TICK_MM - _GAP_MM / 2, level, format_plain(dose), align="right")


def _draw_lesions(lesions: Sequence[LesionCourse], ground: Ground, top: float) -> None:
    largest = max((d for lesion in lesions for _, d in lesion.points if d is not None), default=0.0)
    ticks, end = choose_ticks(largest, "mm", 7)
    axes = place_axes(ground.sheet, ground.left, top, ground.scale.width, _LESIONS_MM)
    axes.set_xlim(ground.scale.start, ground.scale.end)
    axes.set_ylim(0.0, end)
    axes.set_xticks([])
    axes.set_yticks(ticks, labels=[format_plain(tick) for tick in ticks])
    axes.tick_params(length=_TICK_MM / MM_PER_POINT, width=AXIS_PT, pad=_GAP_MM / 2 / MM_PER_POINT)
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    courses: list[list[tuple[float, float, float | None]]] = []
    for k, lesion in enumerate(lesions):
        look, mark = line_look(k), lesion_mark(k, lesion.label)
        times = [time for time, _ in lesion.points]
        diameters = [nan if diameter is None else diameter for _, diameter in lesion.points]
        axes.plot(
            times,
            diameters,
            color=look.color,
            linestyle=look.linestyle,
            linewidth=CURVE_PT,
            marker=mark.marker,
            markersize=_DOT_MM / MM_PER_POINT,
            markeredgewidth=0.0,
            clip_on=False,
            gid=f"lesion-{k}",
        )
        levels = [(ground.x(t), top + (1.0 - (d or 0.0) / end) * _LESIONS_MM, d) for t, d in lesion.points]
        courses.append(levels)
    _write_diameters(courses, ground, top)


def _write_diameters(courses: Sequence[list[tuple[float, float, float | None]]], ground: Ground, top: float) -> None:
    """Write diameters beside their points, ends of the lines first; one without room stands on the axis only."""
    points = [[(x, y, d) for x, y, d in course if d is not None] for course in courses]
    half = _DOT_MM / 2
    taken = [Box(x - half, y - half, x + half, y + half) for course in points for x, y, _ in course]
    lines = [
        box for course in points for (x, y, _), (u, v, _) in pairwise(course) for box in trace_line((x, y), (u, v))
    ]
    ends = [point for course in points for point in (*course[:1], *course[1:][-1:])]
    for x, y, diameter in (*ends, *(point for course in points for point in course[1:-1])):
        text = format_rounded(diameter, 1)
        wanted = [
            box
            for box in _around(x, y, text_width(text, size=_SMALL_PT))
            if box.right <= ground.right
            and box.left > ground.left
            and top - _SMALL_MM <= box.top
            and box.bottom <= top + _LESIONS_MM
        ]
        box = first_free(wanted, [*taken, *lines]) or first_free(wanted, taken)
        if box is not None:
            taken.append(box)
            _write_clear(ground, (box.left + box.right) / 2, (box.top + box.bottom) / 2, text, _SMALL_PT)


def _around(x: float, y: float, width: float) -> Iterator[Box]:
    """Yield the places of a small text around a point: above, below, right and left of it."""
    reach = _DOT_MM / 2 + 0.3
    for left, middle in (
        (x - width / 2, y - reach - _SMALL_MM / 2),
        (x - width / 2, y + reach + _SMALL_MM / 2),
        (x + reach, y),
        (x - reach - width, y),
    ):
        yield Box(left, middle - _SMALL_MM / 2, left + width, middle + _SMALL_MM / 2)


def _draw_thrombus(course: ThrombusCourse, ground: Ground, top: float) -> None:
    middle = top + _ROW_MM / 2
    for time, present in course.points:
        if present is None:
            _write_clear(ground, ground.x(time), middle, "?")
        else:
            draw_mark(ground.sheet, (ground.x(time), middle), THROMBUS_LOOKS[present], _MARK_MM, "thrombus")


class _EventBar(NamedTuple):
    """An event's bar and its words, in mm from the start of the axis; left and right hold both."""

    event: SevereEvent
    start: float
    stop: float
    text: str
    text_left: float
    left: float
    right: float


def _lay_out_event(event: SevereEvent, end: float, scale: TimeScale, right_mm: float) -> _EventBar:
    start = scale.at(event.start)
    stop = max(scale.at(end if event.end is None else event.end), start + _SHORTEST_BAR_MM)
    words = f"{event.term}, grade {event.grade}"
    arrow = _MARK_MM if event.end is None else 0.0
    room_right, room_left = scale.width + right_mm - stop - arrow - _GAP_MM, start - _GAP_MM
    text = shorten_text(words, max(room_right, room_left))
    width = text_width(text)
    text_left = stop + arrow + _GAP_MM if width <= room_right else start - _GAP_MM - width
    return _EventBar(event, start, stop, text, text_left, min(start, text_left), max(stop + arrow, text_left + width))


def _draw_events(bars: Sequence[_EventBar], rows: Sequence[int], ground: Ground, top: float) -> None:
    for k, (bar, row) in enumerate(zip(bars, rows, strict=True)):
        middle = top + (row + 0.5) * _ROW_MM
        box = (ground.left + bar.start, middle - _BAR_MM / 2, bar.stop - bar.start, _BAR_MM)
        draw_fill(ground.sheet, box, GRADE_FILLS[bar.event.grade], f"event-{k}")
        if bar.event.end is None:
            arrow = MarkLook("ongoing", ">", "#000000", "color")
            draw_mark(ground.sheet, (ground.left + bar.stop + _MARK_MM / 2, middle), arrow, _MARK_MM * 0.8)
        _write_clear(ground, ground.left + bar.text_left + text_width(bar.text) / 2, middle, bar.text)


def _lay_out_outcome(mark: Mark, unit: str, scale: TimeScale, right_mm: float) -> tuple[float, str]:
    """Return the left end in mm, from the start of the axis, and the words that name an outcome and its time."""
    text = f"{MARK_LOOKS[mark.kind].name}, {format_rounded(mark.time, 1)} {unit}"
    return min(scale.at(mark.time) - _MARK_MM / 2, scale.width + right_mm - text_width(text)), text


def _draw_outcomes(
    marks: Sequence[Mark], told: Sequence[tuple[float, str]], rows: Sequence[int], ground: Ground, top: float
) -> None:
    order = sorted(range(len(marks)), key=lambda k: (marks[k].time, k))
    places = spread([ground.x(marks[k].time) for k in order], 0.67 * _MARK_MM)
    for k, x in zip(order, places, strict=True):
        draw_mark(ground.sheet, (x, top + _ROW_MM / 2), MARK_LOOKS[marks[k].kind], _MARK_MM, f"outcome-{k}")
        left, text = told[k]
        write(ground.sheet, ground.left + left, top + _ROW_MM + (rows[k] + 0.5) * LINE_MM, text)
