"""Flow figures: boxes from the patients screened to those analyzed, with who left and why beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle

from oncohort.errors import OutputError
from oncohort.report.figures.sheet import blank_figure, block_height, widest, wrap_text, write
from oncohort.report.figures.style import AXIS_PT, DOUBLE_COLUMN_MM, LINE_MM, journal_style
from oncohort.study.text import mask_count

_PAD_MM: Final = 2.2
_EDGE_MM: Final = 0.6
_ARROW_MM: Final = 7.0
_AROUND_SIDE_MM: Final = 4.0
_BRANCH_MM: Final = 8.0
_REASON_INDENT_MM: Final = 2.5
_MAIN_SHARE: Final = 0.46
_LEAST_BOX_MM: Final = 34.0
_LEAST_ARM_MM: Final = 18.0
_ARM_GAP_MM: Final = 2.5
_ARM_PAD_MM: Final = 1.4
_ARM_FORK_MM: Final = 4.0


class FlowReason(NamedTuple):
    """A reason with its count and, indented under it, what it is made of; the parts need not add up to ``n``."""

    text: str
    n: int
    parts: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class FlowSide:
    """A box beside the flow: who left it, or who is to be noted, and for which reasons.

    ``reasons`` are pairs of text and count, or a `FlowReason` where one has parts; a patient may have several, so they
    need not add up to ``n``.
    """

    label: str
    n: int
    reasons: tuple[tuple[str, int] | FlowReason, ...] = ()


@dataclass(frozen=True, slots=True)
class FlowBox:
    """A box of the flow; ``sides`` stand beside the arrow to the next box, or beside the last box's end."""

    label: str
    n: int
    sides: tuple[FlowSide, ...] = ()


class _Block(NamedTuple):
    """A box with its wrapped lines and their indents, in mm, as high as so many lines need."""

    lines: tuple[tuple[float, str], ...]
    width: float
    high_as: int

    @property
    def height(self) -> float:
        return block_height(self.high_as) + 2 * _PAD_MM


def plot_flow(
    steps: Sequence[FlowBox],
    *,
    arms: Sequence[tuple[str, int]] = (),
    width_mm: float = DOUBLE_COLUMN_MM,
    min_cell: int = 0,
) -> Figure:
    r"""Draw how many patients there were at each step, why some went no further, and how they were treated.

    Parameters
    ----------
    steps : sequence of FlowBox
        From the first step to the last. Nothing is added up here: the counts are the caller's.
    arms : sequence of pairs
        Label and count of each group the last step is split into, in a row of boxes under it.
    width_mm : float
        Width of the figure, widened where the row of arms needs more; the height follows the text.
    min_cell : int
        Counts from 1 to ``min_cell`` − 1 are printed as "<min_cell"; 0 prints all.

    Returns
    -------
    matplotlib.figure.Figure
        ``figure.axes[0]`` is the page in mm; boxes carry the gids ``box-k``, ``side-k-j`` and ``arm-k``.

    Raises
    ------
    OutputError
        No step is given.

    Examples
    --------
    >>> figure = plot_flow([FlowBox("Screened", 120, (FlowSide("Excluded", 10),)), FlowBox("Analyzed", 110)])
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['Screened', '(n\xa0=\xa0120)', 'Excluded (n\xa0=\xa010)', 'Analyzed', '(n\xa0=\xa0110)']

    References
    ----------
    von Elm E, et al. Lancet 2007;370:1453-1457 (STROBE, item 13c).
    """
    if not steps:
        raise OutputError("flow figure: there is no step; at least one was expected")
    words = [word for step in steps for word in _words_of(step)]
    with journal_style([*words, *(label for label, _ in arms)]):
        layout = _lay_out(steps, arms, width_mm, min_cell)
        last = len(steps) - 1
        arms_height = _ARM_FORK_MM + layout.arms[0].height if layout.arms else 0.0
        whole = sum(block.height for block in layout.mains) + sum(layout.gaps) + arms_height
        figure, sheet = blank_figure(layout.page_width, 2 * _EDGE_MM + whole)
        middle = layout.left + layout.main_width / 2
        top = _EDGE_MM
        for k, (block, blocks) in enumerate(zip(layout.mains, layout.sides, strict=True)):
            _draw_block(sheet, block._replace(width=layout.main_width), layout.left, top, f"box-{k}", centered=True)
            top += block.height
            _draw_sides(sheet, blocks, (middle, top), layout.side_width, k)
            if k < last:
                _draw_arrow(sheet, (middle, top), (middle, top + layout.gaps[k]))
            elif layout.arms or blocks:
                end = top + layout.gaps[k] - (0.0 if layout.arms else blocks[-1].height / 2)
                sheet.plot([middle, middle], [top, end], color="black", linewidth=AXIS_PT)
            top += layout.gaps[k]
        if layout.arms:
            _draw_arms(sheet, layout, (middle, top))
    return figure


class _Layout(NamedTuple):
    """The boxes, the gaps under the main ones, and where the columns stand, in mm."""

    mains: tuple[_Block, ...]
    sides: tuple[tuple[_Block, ...], ...]
    arms: tuple[_Block, ...]
    gaps: tuple[float, ...]
    left: float
    main_width: float
    side_width: float
    page_width: float


def _lay_out(steps: Sequence[FlowBox], arms: Sequence[tuple[str, int]], width_mm: float, min_cell: int) -> _Layout:
    mains = [_main_block(step.label, step.n, _MAIN_SHARE * width_mm, min_cell) for step in steps]
    main_width = max(*(block.width for block in mains), _LEAST_BOX_MM)
    side_left = _EDGE_MM + main_width / 2 + _BRANCH_MM
    side_room = width_mm - side_left - _EDGE_MM
    sides = [tuple(_side_block(side, side_room, min_cell) for side in step.sides) for step in steps]
    side_width = max((block.width for blocks in sides for block in blocks), default=0.0)
    last = len(steps) - 1
    gaps = [_gap_height(blocks, last=k == last and not arms) for k, blocks in enumerate(sides)]
    # Both columns together stand in the middle of the page.
    whole = max(main_width, side_left - _EDGE_MM + side_width if side_width else 0.0)
    blocks = _arm_blocks(arms, width_mm, min_cell)
    page_width = max(width_mm, _row_width(blocks) + 2 * _EDGE_MM)
    left = (page_width - whole) / 2
    if blocks:
        # The trunk stands over the middle of the arms, as near to it as the boxes beside it allow.
        left = max(left, min((page_width - main_width) / 2, page_width - _EDGE_MM - whole))
    return _Layout(tuple(mains), tuple(sides), blocks, tuple(gaps), left, main_width, side_width, page_width)


def _arm_blocks(arms: Sequence[tuple[str, int]], width_mm: float, min_cell: int) -> tuple[_Block, ...]:
    """Return boxes of one size, as wide as the widest label needs and as the row has room for."""
    if not arms:
        return ()
    room = (width_mm - 2 * _EDGE_MM - _ARM_GAP_MM * (len(arms) - 1)) / len(arms)
    blocks = [_main_block(label, n, max(room, _LEAST_ARM_MM), min_cell, _ARM_PAD_MM) for label, n in arms]
    width = max(*(block.width for block in blocks), _LEAST_ARM_MM)
    most = max(len(block.lines) for block in blocks)
    return tuple(block._replace(width=width, high_as=most) for block in blocks)


def _row_width(blocks: Sequence[_Block]) -> float:
    return sum(block.width for block in blocks) + _ARM_GAP_MM * max(len(blocks) - 1, 0)


def _words_of(step: FlowBox) -> Iterator[str]:
    yield step.label
    for side in step.sides:
        yield side.label
        for reason in side.reasons:
            text, _, parts = _as_reason(reason)
            yield from (text, *(part for part, _ in parts))


def _as_reason(reason: tuple[str, int] | FlowReason) -> FlowReason:
    return reason if isinstance(reason, FlowReason) else FlowReason(*reason)


def _main_block(label: str, n: int, width: float, min_cell: int, pad: float = _PAD_MM) -> _Block:
    lines = [*wrap_text(label, width - 2 * pad), _count(n, min_cell)]
    return _Block(tuple((0.0, line) for line in lines), widest(lines) + 2 * pad, len(lines))


def _side_block(side: FlowSide, width: float, min_cell: int) -> _Block:
    inner = width - 2 * _PAD_MM
    lines = [(0.0, line) for line in wrap_text(f"{side.label} {_count(side.n, min_cell)}", inner)]
    for reason in side.reasons:
        text, n, parts = _as_reason(reason)
        lines += _reason_lines(text, n, 1, inner, min_cell)
        for part, count in parts:
            lines += _reason_lines(part, count, 2, inner, min_cell)
    return _Block(tuple(lines), max(indent + widest([line]) for indent, line in lines) + 2 * _PAD_MM, len(lines))


def _reason_lines(text: str, n: int, depth: int, inner: float, min_cell: int) -> list[tuple[float, str]]:
    """Return the wrapped lines of a reason; those after the first hang one step further in."""
    hung = _REASON_INDENT_MM * (depth + 1)
    pieces = wrap_text(f"{text} {_count(n, min_cell)}", inner - hung)
    return [(hung if k else hung - _REASON_INDENT_MM, piece) for k, piece in enumerate(pieces)]


def _count(n: int, min_cell: int) -> str:
    text = mask_count(n, min_cell)
    # No-break spaces: a count is not torn.
    return f"(n\u00a0{text})" if text.startswith("<") else f"(n\u00a0=\u00a0{text})"


def _gap_height(blocks: Sequence[_Block], *, last: bool) -> float:
    if not blocks:
        return 0.0 if last else _ARROW_MM
    between = _AROUND_SIDE_MM / 2 * (len(blocks) - 1)
    return sum(block.height for block in blocks) + between + _AROUND_SIDE_MM * (1 if last else 2)


def _draw_sides(sheet: Axes, blocks: Sequence[_Block], start: tuple[float, float], width: float, k: int) -> None:
    x, y = start
    top = y + _AROUND_SIDE_MM
    for j, block in enumerate(blocks):
        level = top + block.height / 2
        _draw_block(sheet, block._replace(width=width), x + _BRANCH_MM, top, f"side-{k}-{j}")
        _draw_arrow(sheet, (x, level), (x + _BRANCH_MM, level))
        top += block.height + _AROUND_SIDE_MM / 2


def _draw_arms(sheet: Axes, layout: _Layout, start: tuple[float, float]) -> None:
    """Draw the row of arms under the fork: centered under the trunk, or as near to that as the page allows."""
    x, y = start
    whole = _row_width(layout.arms)
    left = min(max(x - whole / 2, _EDGE_MM), layout.page_width - _EDGE_MM - whole)
    middles = [left + block.width / 2 + k * (block.width + _ARM_GAP_MM) for k, block in enumerate(layout.arms)]
    sheet.plot([min(x, middles[0]), max(x, middles[-1])], [y, y], color="black", linewidth=AXIS_PT)
    for k, (block, middle) in enumerate(zip(layout.arms, middles, strict=True)):
        _draw_arrow(sheet, (middle, y), (middle, y + _ARM_FORK_MM))
        _draw_block(sheet, block, middle - block.width / 2, y + _ARM_FORK_MM, f"arm-{k}", centered=True)


def _draw_block(sheet: Axes, block: _Block, left: float, top: float, gid: str, *, centered: bool = False) -> None:
    sheet.add_patch(
        Rectangle(
            (left, top), block.width, block.height, facecolor="white", edgecolor="black", linewidth=AXIS_PT, gid=gid
        )
    )
    first = top + (block.height - block_height(len(block.lines))) / 2
    for k, (indent, line) in enumerate(block.lines):
        y = first + (k + 0.5) * LINE_MM
        if centered:
            write(sheet, left + block.width / 2, y, line, align="center")
        else:
            write(sheet, left + _PAD_MM + indent, y, line)


def _draw_arrow(sheet: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    sheet.add_patch(
        FancyArrowPatch(
            start, end, arrowstyle="-|>", mutation_scale=6.0, color="black", linewidth=AXIS_PT, shrinkA=0.0, shrinkB=0.0
        )
    )
