"""Waterfall plots: the best change of each patient's target lesions as one bar, sorted from growth to decrease."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from math import ceil, isfinite
from typing import Final, Literal, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from oncohort.errors import OutputError
from oncohort.report.figures.change_axis import (
    LOWEST,
    ChangeFrame,
    choose_highest,
    draw_change_axes,
    lay_out_change,
    signed,
)
from oncohort.report.figures.key_strip import KeyEntry, KeyStrip, count_words, draw_key, lay_out_key
from oncohort.report.figures.label_room import shorten_text, size_in_row
from oncohort.report.figures.patient_marks import (
    RESPONSE_FILLS,
    FillLook,
    Response,
    check_word,
    draw_fill,
    patient_style,
)
from oncohort.report.figures.sheet import blank_figure, block_height, text_width, widest, wrap_text, write
from oncohort.report.figures.style import AXIS_PT, DOUBLE_COLUMN_MM, GRAY, LINE_MM, TEXT_PT
from oncohort.study.text import format_number

_FIGURE: Final = "waterfall plot"
_CUT: Final = 100.0
_EDGE_MM: Final = 0.6
_GAP_MM: Final = 1.0
_BAR_SHARE: Final = 0.82
_WIDEST_BAR_MM: Final = 8.0
# Bars below this width touch each other and have no hatch; there is no room for either.
_HATCHED_MM: Final = 1.0
_ZERO_MM: Final = 0.5
_BREAK_PT: Final = 1.2
_BREAK_MM: Final = 2.0
_BREAK_SLOPE_MM: Final = 0.4
_MOST_LISTED: Final = 8
_ROTATED_MM: Final = 2.6
_LABEL_ROW_MM: Final = 2.0
_LONGEST_LABEL_MM: Final = 24.0
_LABEL_LEVEL_GAP_MM: Final = 1.2


@dataclass(frozen=True, slots=True)
class WaterfallBar:
    """One patient.

    Parameters
    ----------
    change_percent : float or None
        Best change of the sum of target lesions from baseline, −100 or more. None where no sum was measured after
        baseline: such a patient has no bar but is counted in the key.
    response : {"CR", "PR", "SD", "PD", "NE"}
        Best overall response; it need not follow from the change (new lesions, non-target lesions).
    label : str
        What names the patient; only printed where labels are asked for.
    """

    change_percent: float | None
    response: Response
    label: str = ""


class _Bar(NamedTuple):
    """A bar with a known change."""

    change: float
    response: str
    label: str


class _Asked(NamedTuple):
    """What the caller asked for besides the bars."""

    width_mm: float
    change_label: str
    show_labels: bool
    min_cell: int


class _Layout(NamedTuple):
    """The parts of the figure: the key, what is said of bars that are cut, the axes, and the labels under them."""

    key: KeyStrip
    cut: tuple[str, ...]
    cut_way: Literal["level", "rotated", "listed"]
    cut_top: float
    frame: ChangeFrame
    pitch: float
    labels: _Labels | None


class _Labels(NamedTuple):
    """The texts under the bars, on how many levels they stand, and the height of a level in mm."""

    texts: tuple[str, ...]
    rotated: bool
    size: float
    levels: int
    height: float


def plot_waterfall(
    bars: Sequence[WaterfallBar],
    *,
    width_mm: float = DOUBLE_COLUMN_MM,
    show_labels: bool = False,
    change_label: str = "Best change from baseline in sum of target lesions, %",
    min_cell: int = 0,
) -> Figure:
    r"""Draw the best change of every patient as a bar, sorted from the largest growth to the largest decrease.

    Bars of the same change stand in the order PD, SD, PR, CR, NE and then as given. A change above +100% is cut there;
    its value is printed over the bar, or in one line over all such bars where they are too narrow. A change of 0 is a
    short dash on the line. Dashed lines name +20% and −30%; the first is a change from baseline here, while
    progression is judged against the smallest sum.

    Parameters
    ----------
    bars : sequence of WaterfallBar
        One a patient, in any order; at least one with a known change.
    width_mm : float
        Width of the figure: 85 for one column of a journal, 170 for two.
    show_labels : bool
        Print the labels under the bars.
    change_label : str
        What stands along the axis.
    min_cell : int
        Counts of the key from 1 to below this are masked; the bars can be counted all the same.

    Returns
    -------
    matplotlib.figure.Figure
        ``figure.axes[0]`` is the page in mm, ``figure.axes[1]`` has x from 0 to the number of bars and y in percent;
        its boxes carry the gids ``bar-k`` (k from 0 at the left).

    Raises
    ------
    OutputError
        No bar with a known change, a change below −100 or not finite, or an unknown response.

    Examples
    --------
    >>> figure = plot_waterfall([WaterfallBar(-42.0, "PR"), WaterfallBar(12.0, "SD"), WaterfallBar(None, "NE")])
    >>> [patch.get_height() for patch in figure.axes[1].patches]
    [12.0, -42.0]
    >>> [text.get_text() for text in figure.axes[0].texts][:3]
    ['PR (n\xa0=\xa01)', 'SD (n\xa0=\xa01)', 'Not measured after baseline, not shown (n\xa0=\xa01)']

    References
    ----------
    Gillespie TW. J Adv Pract Oncol 2012;3:106-111 (how the plot is read).
    """
    drawn = _sort(bars)
    asked = _Asked(width_mm, change_label, show_labels, min_cell)
    with patient_style([bar.label for bar in bars] + [change_label]):
        layout = _lay_out(bars, drawn, asked)
        frame = layout.frame
        below = 0.0 if layout.labels is None else _GAP_MM + layout.labels.height * layout.labels.levels
        figure, sheet = blank_figure(width_mm, frame.bottom + below + 2 * _EDGE_MM + _GAP_MM)
        draw_key(sheet, layout.key, frame.left, _EDGE_MM)
        axes = draw_change_axes(sheet, frame)
        axes.set_xlim(0.0, len(drawn))
        axes.set_xticks([])
        for k, bar in enumerate(drawn):
            _draw_bar(axes, bar, k, layout)
        _write_cut(sheet, layout)
        if layout.labels is not None:
            _write_labels(sheet, layout, layout.labels)
    return figure


def _sort(bars: Sequence[WaterfallBar]) -> list[_Bar]:
    for bar in bars:
        check_word(_FIGURE, "response", bar.response, RESPONSE_FILLS)
        if bar.change_percent is not None and not (isfinite(bar.change_percent) and bar.change_percent >= LOWEST):
            raise OutputError(f"{_FIGURE}: the change {bar.change_percent} is no percent change of −100 or more")
    known = [_Bar(bar.change_percent, bar.response, bar.label) for bar in bars if bar.change_percent is not None]
    if not known:
        raise OutputError(f"{_FIGURE}: no patient has a change from baseline; at least one was expected")
    order = ("PD", "SD", "PR", "CR", "NE")
    return sorted(known, key=lambda bar: (-bar.change, order.index(bar.response)))


def _lay_out(bars: Sequence[WaterfallBar], drawn: Sequence[_Bar], asked: _Asked) -> _Layout:
    highest = choose_highest([bar.change for bar in drawn], _CUT)
    room = lay_out_change(asked.change_label, asked.width_mm, 0.0, highest)
    pitch = room.width / len(drawn)
    key = lay_out_key(_key_entries(bars, pitch, asked.min_cell), asked.width_mm - room.left - _EDGE_MM)
    cut_top = _EDGE_MM + key.height + _GAP_MM
    values = [_cut_value(bar.change) for bar in drawn if bar.change > _CUT]
    way = _way_of_cut(values, pitch) if values else "level"
    cut = tuple(wrap_text(_cut_in_words(values, asked.min_cell), room.width)) if way == "listed" else tuple(values)
    heights = {"level": LINE_MM, "rotated": widest(values), "listed": block_height(len(cut))}
    cut_height = heights[way] + _GAP_MM if values else 0.0
    frame = room._replace(top=cut_top + cut_height + _GAP_MM)
    labels = _lay_out_labels([bar.label for bar in drawn], pitch) if asked.show_labels else None
    return _Layout(key, cut, way, cut_top, frame, pitch, labels)


def _key_entries(bars: Sequence[WaterfallBar], pitch: float, min_cell: int) -> list[KeyEntry]:
    counts = Counter(bar.response for bar in bars if bar.change_percent is not None)
    entries = [
        KeyEntry(f"{name} {count_words(counts[name], min_cell)}", fill=_bar_look(name, pitch))
        for name in RESPONSE_FILLS
        if counts[name]
    ]
    unknown = len(bars) - counts.total()
    if unknown:
        entries.append(KeyEntry(f"Not measured after baseline, not shown {count_words(unknown, min_cell)}"))
    return entries


def _way_of_cut(values: Sequence[str], pitch: float) -> Literal["level", "rotated", "listed"]:
    if widest(list(values)) + _GAP_MM <= pitch:
        return "level"
    return "rotated" if pitch >= _ROTATED_MM else "listed"


def _cut_value(change: float) -> str:
    text = signed(change)
    return f"+{format_number(change, 1)}" if text == signed(_CUT) else text


def _cut_in_words(values: Sequence[str], min_cell: int) -> str:
    head = f"Beyond {signed(_CUT)}%"
    if len(values) <= _MOST_LISTED:
        return f"{head}: {', '.join(values)}"
    return f"{head} {count_words(len(values), min_cell)}: {values[-1]} to {values[0]}"


def _touch(pitch: float) -> bool:
    return pitch * _BAR_SHARE < _HATCHED_MM


def _bar_look(response: str, pitch: float) -> FillLook:
    look = RESPONSE_FILLS[response]
    if not _touch(pitch):
        return look
    return look._replace(hatch="", edge=look.edge if look.color == "white" else look.color)


def _draw_bar(axes: Axes, bar: _Bar, k: int, layout: _Layout) -> None:
    touching = _touch(layout.pitch)
    width = 1.0 if touching else min(_BAR_SHARE, _WIDEST_BAR_MM / layout.pitch)
    look = _bar_look(bar.response, layout.pitch)
    left = k + (1.0 - width) / 2
    per_mm = (layout.frame.highest - LOWEST) / layout.frame.height
    if bar.change == 0.0:
        stub = _ZERO_MM * per_mm
        draw_fill(axes, (left, -stub / 2, width, stub), look._replace(hatch=""), f"bar-{k}")
        return
    draw_fill(axes, (left, 0.0, width, min(bar.change, _CUT)), look, f"bar-{k}")
    if bar.change > _CUT:
        # A gap across the bar says that it goes on.
        level = _CUT - _BREAK_MM * per_mm
        slope = 0.0 if touching else _BREAK_SLOPE_MM * per_mm
        ends = [level - slope, level + slope]
        axes.plot([left, left + width], ends, color="white", linewidth=_BREAK_PT, gid=f"cut-{k}")


def _write_cut(sheet: Axes, layout: _Layout) -> None:
    frame = layout.frame
    if layout.cut_way == "listed":
        for k, line in enumerate(layout.cut):
            write(sheet, frame.left, layout.cut_top + (k + 0.5) * LINE_MM, line)
        return
    for k, value in enumerate(layout.cut):
        x = frame.left + (k + 0.5) * layout.pitch
        if layout.cut_way == "rotated":
            sheet.text(x, frame.top - _GAP_MM, value, rotation=90.0, ha="center", va="bottom", fontsize=TEXT_PT)
        else:
            write(sheet, x, frame.top - _GAP_MM - LINE_MM / 2, value, align="center")


def _lay_out_labels(labels: Sequence[str], pitch: float) -> _Labels:
    size = size_in_row(_LABEL_ROW_MM if pitch < LINE_MM else LINE_MM)
    texts = tuple(shorten_text(label, _LONGEST_LABEL_MM, size=size) for label in labels)
    longest = max(text_width(text, size=size) for text in texts)
    if longest + _GAP_MM <= pitch:
        return _Labels(texts, rotated=False, size=size, levels=1, height=LINE_MM)
    levels = ceil(_LABEL_ROW_MM / pitch)
    return _Labels(texts, rotated=True, size=size, levels=levels, height=longest + _LABEL_LEVEL_GAP_MM)


def _write_labels(sheet: Axes, layout: _Layout, labels: _Labels) -> None:
    top = layout.frame.bottom + _GAP_MM
    for k, (text, level) in enumerate(zip(labels.texts, cycle(range(labels.levels)), strict=False)):
        x = layout.frame.left + (k + 0.5) * layout.pitch
        y = top + level * labels.height
        if not labels.rotated:
            write(sheet, x, y + LINE_MM / 2, text, align="center", size=labels.size)
            continue
        if level:
            sheet.plot([x, x], [top - _GAP_MM / 2, y - 0.3], color=GRAY, linewidth=AXIS_PT / 3)
        sheet.text(x, y, text, rotation=90.0, ha="center", va="top", fontsize=labels.size)
