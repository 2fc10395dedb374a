"""Spider plots: the change of each patient's target lesions over time as one line from 0 at baseline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from oncohort.errors import OutputError
from oncohort.report.figures.change_axis import (
    LOWEST,
    THRESHOLDS,
    ChangeFrame,
    choose_highest,
    draw_change_axes,
    lay_out_change,
    signed,
)
from oncohort.report.figures.key_strip import KeyEntry, count_words, draw_key, lay_out_key
from oncohort.report.figures.label_room import Box, first_free, shorten_text, trace_line
from oncohort.report.figures.patient_marks import (
    MARK_LOOKS,
    RESPONSE_LINES,
    Response,
    check_word,
    draw_mark,
    patient_style,
)
from oncohort.report.figures.patient_time import TimeScale, draw_time_axis, lay_out_time, time_axis_height
from oncohort.report.figures.sheet import MM_PER_POINT, blank_figure, text_width, write
from oncohort.report.figures.style import AXIS_PT, DOUBLE_COLUMN_MM, GRAY

_FIGURE: Final = "spider plot"
_CUT: Final = 200.0
_EDGE_MM: Final = 0.6
_GAP_MM: Final = 1.0
_LABEL_PT: Final = 6.0
_LABEL_MM: Final = 2.3
_LONGEST_LABEL_MM: Final = 20.0
_LABEL_GAP_MM: Final = 1.4
_FEW: Final = 30
_FEW_PT: Final = 1.1
_MANY_PT: Final = 0.7
_DOT_MM: Final = 1.0
# Sizes of the marks of progression and new lesions among few and among many lines.
_MARKS_MM: Final = {True: (1.7, 2.1), False: (1.3, 1.7)}
_NEAR_MM: Final = 10.0
_THIN_MM: Final = 0.3


@dataclass(frozen=True, slots=True)
class SpiderLine:
    """One patient.

    Parameters
    ----------
    points : tuple of pairs
        Time and percent change of the sum of target lesions from baseline (−100 or more), in time order, each after
        0; the baseline itself is added when drawn. At least one.
    response : {"CR", "PR", "SD", "PD", "NE"}
        Best overall response; rules the look of the line.
    label : str
        What names the patient; only printed where labels are asked for.
    progression_time : float, optional
        When progression was seen; None if it was not.
    new_lesion_times : tuple of float
        When new lesions were seen.
    """

    points: tuple[tuple[float, float], ...]
    response: Response
    label: str = ""
    progression_time: float | None = None
    new_lesion_times: tuple[float, ...] = ()


def plot_spider(
    lines: Sequence[SpiderLine],
    *,
    time_label: str,
    time_unit: str,
    width_mm: float = DOUBLE_COLUMN_MM,
    show_labels: bool = False,
    change_label: str = "Change from baseline in sum of target lesions, %",
    min_cell: int = 0,
) -> Figure:
    """Draw the change of every patient over time, from 0 at time 0.

    × marks progression and a square a new lesion, on the line at their time; where that is after the last measured
    sum, a dotted line of the last change leads to them. Dashed lines name +20% and −30%; both are changes from
    baseline here, while progression is judged against the smallest sum. The axis goes as far as the data need, at
    most to +200%: a line is cut there and its largest change is told in the key.

    Parameters
    ----------
    lines : sequence of SpiderLine
        At least one.
    time_label : str
        What stands along the time axis, such as "Months since start of treatment".
    time_unit : str
        "days", "weeks", "months" or "years"; rules the steps of the time axis.
    width_mm : float
        Width of the figure: 85 for one column of a journal, 170 for two.
    show_labels : bool
        Print the labels at the ends of the lines.
    change_label : str
        What stands along the axis of change.
    min_cell : int
        Counts of the key from 1 to below this are masked; the lines can be counted all the same.

    Returns
    -------
    matplotlib.figure.Figure
        ``figure.axes[0]`` is the page in mm, ``figure.axes[1]`` has time and percent; its lines carry the gids
        ``line-k``, ``progression-k`` and ``new-k-j`` (line k and new lesion j as given, from 0).

    Raises
    ------
    OutputError
        No line, a line without points or with points that are not in time order after 0, a change below −100 or not
        finite, an unknown response, or more labels than there is room for.

    Examples
    --------
    >>> line = SpiderLine(((2.0, -20.0), (4.0, -45.0), (6.0, 10.0)), "PR", progression_time=6.0)
    >>> figure = plot_spider([line], time_label="Months since start of treatment", time_unit="months")
    >>> next(artist for artist in figure.axes[1].lines if artist.get_gid() == "line-0").get_ydata().tolist()
    [0.0, -20.0, -45.0, 10.0]
    """
    _check(lines)
    with patient_style([line.label for line in lines] + [time_label, change_label]):
        changes = [change for line in lines for _, change in line.points]
        frame = lay_out_change(change_label, width_mm, 0.0, choose_highest(changes, _CUT))
        key = lay_out_key(list(_key_entries(lines, min_cell)), width_mm - frame.left - _EDGE_MM)
        frame = frame._replace(top=_EDGE_MM + key.height + 2 * _GAP_MM)
        figure, sheet = blank_figure(width_mm, frame.bottom + time_axis_height(time_label, frame.width))
        draw_key(sheet, key, frame.left, _EDGE_MM)
        axes = draw_change_axes(sheet, frame)
        texts = [shorten_text(line.label, _LONGEST_LABEL_MM, size=_LABEL_PT) for line in lines] if show_labels else []
        scale = _lay_out_time(lines, texts, time_unit, frame.width)
        draw_time_axis(axes, scale, time_label)
        for k in sorted(range(len(lines)), key=lambda k: list(RESPONSE_LINES).index(lines[k].response), reverse=True):
            _draw_line(axes, lines[k], k, few=len(lines) <= _FEW)
        if texts:
            _write_labels(sheet, frame, scale, lines, texts)
    return figure


def _check(lines: Sequence[SpiderLine]) -> None:
    if not lines:
        raise OutputError(f"{_FIGURE}: there is no line; at least one was expected")
    for line in lines:
        check_word(_FIGURE, "response", line.response, RESPONSE_LINES)
        if not line.points:
            raise OutputError(f'{_FIGURE}: the line "{line.label}" has no point after baseline')
        times = [0.0, *(time for time, _ in line.points)]
        if not all(isfinite(later) and before < later for before, later in pairwise(times)):
            raise OutputError(f'{_FIGURE}: the times of the line "{line.label}" do not rise from 0: {times[1:]}')
        for _, change in line.points:
            if not (isfinite(change) and change >= LOWEST):
                raise OutputError(f"{_FIGURE}: the change {change} is no percent change of −100 or more")


def _key_entries(lines: Sequence[SpiderLine], min_cell: int) -> Iterator[KeyEntry]:
    counts = Counter(line.response for line in lines)
    for name, look in RESPONSE_LINES.items():
        if counts[name]:
            yield KeyEntry(f"{name} {count_words(counts[name], min_cell)}", line=look)
    if any(line.progression_time is not None for line in lines):
        yield KeyEntry(MARK_LOOKS["PD"].name, mark=MARK_LOOKS["PD"])
    if any(line.new_lesion_times for line in lines):
        yield KeyEntry(MARK_LOOKS["NEW LESION"].name, mark=MARK_LOOKS["NEW LESION"])
    beyond = sorted(max(change for _, change in line.points) for line in lines)
    beyond = [signed(change) for change in beyond if change > _CUT]
    if beyond:
        values = beyond[0] if len(beyond) == 1 else f"{beyond[0]} to {beyond[-1]}"
        yield KeyEntry(f"Beyond the axis {count_words(len(beyond), min_cell)}: {values}")


def _lay_out_time(lines: Sequence[SpiderLine], texts: Sequence[str], unit: str, width_mm: float) -> TimeScale:
    """Return the time scale, made longer until the labels at the ends of the lines stay on it."""
    last = max(max(line.points[-1][0], *_mark_times(line), 0.0) for line in lines)
    scale = lay_out_time(0.0, last, unit, width_mm)
    widths = [text_width(text, size=_LABEL_PT) + _LABEL_GAP_MM for text in texts]
    ends = [_end_of(line)[0] for line in lines]
    needed = max((end * width_mm / (width_mm - width) for end, width in zip(ends, widths, strict=False)), default=0.0)
    return lay_out_time(0.0, needed, unit, width_mm) if needed > scale.end else scale


def _mark_times(line: SpiderLine) -> tuple[float, ...]:
    return line.new_lesion_times if line.progression_time is None else (line.progression_time, *line.new_lesion_times)


def _end_of(line: SpiderLine) -> tuple[float, float]:
    last_time, last_change = line.points[-1]
    return max(last_time, *_mark_times(line), 0.0), last_change


def _draw_line(axes: Axes, line: SpiderLine, k: int, *, few: bool) -> None:
    look = RESPONSE_LINES[line.response]
    times = [0.0, *(time for time, _ in line.points)]
    changes = [0.0, *(change for _, change in line.points)]
    axes.plot(
        times,
        changes,
        color=look.color,
        linestyle=look.linestyle,
        linewidth=_FEW_PT if few else _MANY_PT,
        marker="o" if few else None,
        markersize=_DOT_MM / MM_PER_POINT,
        markeredgewidth=0.0,
        zorder=2.0,
        gid=f"line-{k}",
    )
    end, last_change = _end_of(line)
    if end > times[-1]:
        axes.plot([times[-1], end], [last_change] * 2, color=GRAY, linestyle=(0.0, (1.0, 1.4)), linewidth=AXIS_PT)
    progression_mm, new_mm = _MARKS_MM[few]
    for j, time in enumerate(line.new_lesion_times):
        place = (time, min(_change_at(line, time), _CUT))
        draw_mark(axes, place, MARK_LOOKS["NEW LESION"], new_mm, f"new-{k}-{j}")
    if line.progression_time is not None:
        place = (line.progression_time, min(_change_at(line, line.progression_time), _CUT))
        draw_mark(axes, place, MARK_LOOKS["PD"], progression_mm, f"progression-{k}")


def _change_at(line: SpiderLine, time: float) -> float:
    """Return the height of the line at a time: on the way between two points, and level after the last."""
    for (before, low), (after, high) in pairwise(((0.0, 0.0), *line.points)):
        if time <= after:
            return low + (high - low) * max(time - before, 0.0) / (after - before)
    return line.points[-1][1]


def _write_labels(
    sheet: Axes, frame: ChangeFrame, scale: TimeScale, lines: Sequence[SpiderLine], texts: Sequence[str]
) -> None:
    """Write each label at the end of its line, or as near to it as no label and, if that can be, no line is crossed."""
    drawn = list(_obstacles(frame, scale, lines))
    taken: list[Box] = []
    for line, text in sorted(zip(lines, texts, strict=True), key=lambda pair: _end_of(pair[0])[1], reverse=True):
        end, change = _end_of(line)
        x, level = frame.left + scale.at(end), frame.level(min(change, _CUT))
        width = text_width(text, size=_LABEL_PT)
        lefts = [left for left in (x + _LABEL_GAP_MM, x - _LABEL_GAP_MM - width) if left > frame.left]
        wanted = [
            Box(left, y - _LABEL_MM / 2, left + width, y + _LABEL_MM / 2)
            for y in _levels_from(level, frame)
            for left in lefts
        ]
        near = [box for box in wanted if abs(box.top + _LABEL_MM / 2 - level) <= _NEAR_MM]
        box = first_free(near, [*taken, *drawn]) or first_free(wanted, taken)
        if box is None:
            raise OutputError(f"{_FIGURE}: there is no room for the labels of {len(lines)} lines")
        taken.append(box)
        middle = (box.top + box.bottom) / 2
        if abs(middle - level) > _LABEL_MM / 2:
            near_end = box.left - _THIN_MM if box.left > x else box.right + _THIN_MM
            sheet.plot([x, near_end], [level, middle], color=GRAY, linewidth=AXIS_PT / 2)
        write(sheet, box.left, middle, text, size=_LABEL_PT)


def _levels_from(level: float, frame: ChangeFrame) -> Iterator[float]:
    """Yield heights inside the frame, from the one wanted outwards."""
    lowest = frame.bottom - _LABEL_MM / 2
    step = _LABEL_MM / 4
    for k in range(int(frame.height / step)):
        for y in (level + k * step, level - k * step):
            if frame.top <= y <= lowest:
                yield y


def _obstacles(frame: ChangeFrame, scale: TimeScale, lines: Sequence[SpiderLine]) -> Iterator[Box]:
    """Yield what a label would cover: the level lines, and the patients' lines as a chain of small places."""
    for change in (0.0, *(change for change, _ in THRESHOLDS)):
        yield Box(frame.left, frame.level(change) - _THIN_MM, frame.left + frame.width, frame.level(change) + _THIN_MM)
    for line in lines:
        places = [(frame.left + scale.at(t), frame.level(change)) for t, change in ((0.0, 0.0), *line.points)]
        for start, end in pairwise(places):
            yield from trace_line(start, end)
        for time in _mark_times(line):
            x, y = frame.left + scale.at(time), frame.level(min(_change_at(line, time), _CUT))
            yield Box(x - _THIN_MM * 3, y - _THIN_MM * 3, x + _THIN_MM * 3, y + _THIN_MM * 3)
