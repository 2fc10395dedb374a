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


@dataclass(frozen=True, slots=True)
class FlowSide:
    """A box beside the flow: who left it, or who is to be noted, and for which reasons.

    ``reasons`` are pairs of text and count; a patient may have several, so they need not add up to ``n``.
    """

    label: str
    n: int
    reasons: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class FlowBox:
    """A box of the flow; ``sides`` stand beside the arrow to the next box, or beside the last box's end."""

    label: str
    n: int
    sides: tuple[FlowSide, ...] = ()


class _Block(NamedTuple):
    """A box with its wrapped lines and their indents, in mm."""

    lines: tuple[tuple[float, str], ...]
    width: float

    @property
    def height(self) -> float:
        return block_height(len(self.lines)) + 2 * _PAD_MM


def plot_flow(steps: Sequence[FlowBox], *, width_mm: float = DOUBLE_COLUMN_MM, min_cell: int = 0) -> Figure:
    r"""Draw how many patients there were at each step and why some went no further.

    Parameters
    ----------
    steps : sequence of FlowBox
        From the first step to the last. Nothing is added up here: the counts are the caller's.
    width_mm : float
        Width of the figure; the height follows the text.
    min_cell : int
        Counts from 1 to ``min_cell`` − 1 are printed as "<min_cell"; 0 prints all.

    Returns
    -------
    matplotlib.figure.Figure
        ``figure.axes[0]`` is the page in mm; boxes carry the gids ``box-k`` and ``side-k-j``.

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
    with journal_style(word for step in steps for word in _words_of(step)):
        mains = [_main_block(step, _MAIN_SHARE * width_mm, min_cell) for step in steps]
        main_width = max(*(block.width for block in mains), _LEAST_BOX_MM)
        side_left = _EDGE_MM + main_width / 2 + _BRANCH_MM
        sides = [
            [_side_block(side, width_mm - side_left - _EDGE_MM, min_cell) for side in step.sides] for step in steps
        ]
        side_width = max((block.width for blocks in sides for block in blocks), default=0.0)
        gaps = [_gap_height(blocks, last=k == len(steps) - 1) for k, blocks in enumerate(sides)]
        height = 2 * _EDGE_MM + sum(block.height for block in mains) + sum(gaps)
        figure, sheet = blank_figure(width_mm, height)
        # Both columns together stand in the middle of the page.
        whole = max(main_width, side_left - _EDGE_MM + side_width if side_width else 0.0)
        left = (width_mm - whole) / 2
        middle = left + main_width / 2
        top = _EDGE_MM
        for k, (block, blocks) in enumerate(zip(mains, sides, strict=True)):
            _draw_block(sheet, block._replace(width=main_width), left, top, f"box-{k}", centered=True)
            top += block.height
            _draw_sides(sheet, blocks, (middle, top), side_width, k)
            if k < len(steps) - 1:
                _draw_arrow(sheet, (middle, top), (middle, top + gaps[k]))
            elif blocks:
                lowest = top + gaps[k] - blocks[-1].height / 2
                sheet.plot([middle, middle], [top, lowest], color="black", linewidth=AXIS_PT)
            top += gaps[k]
    return figure


def _words_of(step: FlowBox) -> Iterator[str]:
    yield step.label
    for side in step.sides:
        yield from (side.label, *(reason for reason, _ in side.reasons))


def _main_block(step: FlowBox, width: float, min_cell: int) -> _Block:
    lines = [*wrap_text(step.label, width - 2 * _PAD_MM), _count(step.n, min_cell)]
    return _Block(tuple((0.0, line) for line in lines), widest(lines) + 2 * _PAD_MM)


def _side_block(side: FlowSide, width: float, min_cell: int) -> _Block:
    inner = width - 2 * _PAD_MM
    head = wrap_text(f"{side.label} {_count(side.n, min_cell)}", inner)
    lines = [(0.0, line) for line in head]
    for reason, n in side.reasons:
        pieces = wrap_text(f"{reason} {_count(n, min_cell)}", inner - 2 * _REASON_INDENT_MM)
        lines += [(_REASON_INDENT_MM * (1 if k == 0 else 2), piece) for k, piece in enumerate(pieces)]
    return _Block(tuple(lines), max(indent + widest([line]) for indent, line in lines) + 2 * _PAD_MM)


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


def _draw_block(sheet: Axes, block: _Block, left: float, top: float, gid: str, *, centered: bool = False) -> None:
    sheet.add_patch(
        Rectangle(
            (left, top), block.width, block.height, facecolor="white", edgecolor="black", linewidth=AXIS_PT, gid=gid
        )
    )
    for k, (indent, line) in enumerate(block.lines):
        y = top + _PAD_MM + (k + 0.5) * LINE_MM
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
