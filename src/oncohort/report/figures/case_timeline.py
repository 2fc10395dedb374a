"""Case timelines: all that happened to one patient, in tracks under each other on one time axis."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from matplotlib.figure import Figure

from oncohort.report.figures.case_records import (
    CaseTimeline,
    DoseStep,
    LesionCourse,
    Procedure,
    Scan,
    SevereEvent,
    ThrombusCourse,
    check_case,
    times_of,
    words_of,
)
from oncohort.report.figures.case_tracks import Ground, Track, lesion_mark, list_tracks
from oncohort.report.figures.key_strip import KeyEntry, draw_key, lay_out_key
from oncohort.report.figures.patient_marks import THROMBUS_LOOKS, Mark, patient_style
from oncohort.report.figures.patient_time import draw_time_axis, lay_out_time, time_axis_height
from oncohort.report.figures.sheet import blank_figure, block_height, place_axes, wrap_text, write
from oncohort.report.figures.style import AXIS_PT, DOUBLE_COLUMN_MM, GRAY, LIGHT, LINE_MM, line_look

__all__ = [
    "CaseTimeline",
    "DoseStep",
    "LesionCourse",
    "Mark",
    "Procedure",
    "Scan",
    "SevereEvent",
    "ThrombusCourse",
    "plot_case_timeline",
]

_EDGE_MM: Final = 0.6
_GAP_MM: Final = 1.0
_BETWEEN_MM: Final = 3.0
_NAME_SHARE: Final = 0.17
_NAME_MM: Final = (18.0, 28.0)
_TICKS_MM: Final = 6.5
_RIGHT_MM: Final = 3.0
_BEFORE_MM: Final = 2.5
_GUIDE: Final = "#d0d0d0"


def plot_case_timeline(
    case: CaseTimeline, *, time_label: str, time_unit: str, width_mm: float = DOUBLE_COLUMN_MM
) -> Figure:
    """Draw one patient's course: dose, procedures, scans with lesions and thrombi, severe events, outcomes.

    Light lines lead from the scans through the tracks they are shown in, dotted lines from the outcomes through all.
    A diameter is printed beside its point where it has room; the first and last of each lesion come first. The words
    of an event stand right of its bar, or left where the page ends, and are cut where neither has room.

    Parameters
    ----------
    case : CaseTimeline
    time_label : str
        What stands along the time axis, such as "Months since start of sorafenib".
    time_unit : str
        "days", "weeks", "months" or "years"; rules the steps of the time axis and follows the times of outcomes.
    width_mm : float
        Width of the figure: 85 for one column of a journal, 170 for two. The height follows the tracks.

    Returns
    -------
    matplotlib.figure.Figure
        ``figure.axes[0]`` is the page in mm, ``figure.axes[1]`` the time axis, ``figure.axes[2]`` the diameters if
        there are any. Artists carry the gids ``dose-k``, ``TACE-n`` and ``CRYO-n`` (session n), ``lesion-k``,
        ``thrombus``, ``event-k`` (in order of start) and ``outcome-k`` (k from 0).

    Raises
    ------
    OutputError
        Nothing to draw, a time after the end, an unknown word, a span that ends before its start, doses that
        overlap, more than seven lesions, a grade below 3 or above 5.

    Examples
    --------
    >>> case = CaseTimeline(
    ...     end=9.0,
    ...     drug="Sorafenib",
    ...     dose=(DoseStep(0.0, 5.0, 800.0), DoseStep(5.0, 9.0, 400.0)),
    ...     lesions=(LesionCourse("Segment VIII", ((-0.3, 62.0), (2.0, 40.0), (4.0, 31.0))),),
    ... )
    >>> figure = plot_case_timeline(case, time_label="Months since start of sorafenib", time_unit="months")
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['Segment VIII', 'Sorafenib, mg/day', '800', '0', '400', 'Diameter, mm', '62', '31', '40']
    """
    check_case(case)
    with patient_style([*words_of(case), time_label]):
        name_width = min(max(_NAME_SHARE * width_mm, _NAME_MM[0]), _NAME_MM[1])
        left = _EDGE_MM + name_width + _GAP_MM + _TICKS_MM
        width = width_mm - left - _RIGHT_MM - _EDGE_MM
        first_time = min(0.0, *times_of(case))
        before = (case.end - first_time) * _BEFORE_MM / (width - _BEFORE_MM)
        scale = lay_out_time(first_time - before, case.end, time_unit, width)
        tracks = [_with_room(track, name_width) for track in list_tracks(case, scale, _RIGHT_MM, time_unit)]
        key = lay_out_key(list(_key_entries(case)), width_mm - 2 * _EDGE_MM)
        first = _EDGE_MM + key.height + (_BETWEEN_MM if key.placed else _GAP_MM)
        tops = [first + sum(track.height + _BETWEEN_MM for track in tracks[:k]) for k in range(len(tracks) + 1)]
        figure, sheet = blank_figure(width_mm, tops[-1] + time_axis_height(time_label, scale.width))
        ground = Ground(sheet, left, scale, width_mm - _EDGE_MM)
        draw_key(sheet, key, _EDGE_MM, _EDGE_MM)
        axes = place_axes(sheet, left, first, scale.width, tops[-1] - first)
        axes.set_yticks([])
        axes.spines[["top", "left", "right"]].set_visible(False)
        draw_time_axis(axes, scale, time_label)
        _draw_guides(case, ground, tracks, tops)
        for track, top in zip(tracks, tops, strict=False):
            _write_name(ground, track, top, name_width)
            track.draw(ground, top)
    return figure


def _with_room(track: Track, name_width: float) -> Track:
    """Return the track, made as high as its name needs."""
    return track._replace(height=max(track.height, block_height(len(wrap_text(track.name, name_width)))))


def _key_entries(case: CaseTimeline) -> Iterator[KeyEntry]:
    for k, lesion in enumerate(case.lesions):
        yield KeyEntry(lesion.label, line=line_look(k), mark=lesion_mark(k, lesion.label))
    answers = {present for course in case.thrombi for _, present in course.points}
    yield from (KeyEntry(look.name, mark=look) for present, look in THROMBUS_LOOKS.items() if present in answers)


def _draw_guides(case: CaseTimeline, ground: Ground, tracks: list[Track], tops: list[float]) -> None:
    for track, top in zip(tracks[1:], tops[1:], strict=False):
        if not track.scanned:
            y = top - _BETWEEN_MM / 2
            ground.sheet.plot([_EDGE_MM, ground.right], [y, y], color=LIGHT, linewidth=AXIS_PT, zorder=0.5)
    scanned = [(top, top + track.height) for track, top in zip(tracks, tops, strict=False) if track.scanned]
    for scan in case.scans if len(scanned) > 1 else ():
        x = ground.x(scan.time)
        ground.sheet.plot(
            [x, x], [scanned[0][0] + LINE_MM, scanned[-1][1]], color=_GUIDE, linewidth=AXIS_PT / 2, zorder=0.5
        )
    for outcome in case.outcomes:
        x = ground.x(outcome.time)
        ends = [tops[0], tops[-1] - _BETWEEN_MM - tracks[-1].height + 1.0]
        ground.sheet.plot([x, x], ends, color=GRAY, linestyle=(0.0, (1.0, 2.0)), linewidth=AXIS_PT, zorder=0.6)


def _write_name(ground: Ground, track: Track, top: float, width: float) -> None:
    lines = wrap_text(track.name, width)
    first = top + track.height / 2 - block_height(len(lines) - 1) / 2
    for k, line in enumerate(lines):
        write(ground.sheet, _EDGE_MM, first + k * LINE_MM, line)
