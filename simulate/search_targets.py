"""What the search computes again after a move: the printed medians and P values of one endpoint by one column.

One table of event days by levels gives all curves and log-rank tests of an endpoint. The final score is the engine's
(`cohort_score`); this is the same arithmetic, faster.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from cohort_rows import DAYS_PER_MONTH
from cohort_score import published
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
SLACK = 1e-9  # a product of fractions may miss a half by rounding
STEP = 0.4  # what a median costs that is not as printed, however near
STEP_P = 0.05  # the same of a P value: it is soon mended by exchanges, so it must not hold up moves of times


@dataclass(frozen=True, slots=True)
class Target:
    """A printed number: equal from ``low`` to below ``high``; ``scale`` is a distance that matters."""

    low: float
    high: float
    scale: float
    step: float = STEP

    def cost(self, value: float) -> float:
        """Return 0 where the number is as printed, else the step and its distance."""
        if self.low <= value < self.high:
            return 0.0
        return self.step + max(self.low - value, value - self.high, 0.0) / self.scale


@dataclass(frozen=True, slots=True)
class Block:
    """The printed numbers of one endpoint by one column; ``column`` is empty for all patients together.

    ``parts`` are the targets of all patients (median and its limits); ``medians`` those of each level; ``p`` that of
    the log-rank test, ``p_local`` that of the two local treatments.
    """

    endpoint: str
    column: str
    medians: dict[str, Target] = field(default_factory=dict)
    parts: dict[str, Target] = field(default_factory=dict)
    p: list[Target] = field(default_factory=list)
    p_local: list[Target] = field(default_factory=list)


def loosened(block: Block) -> Block:
    """Return a block whose P values count as printed from some way off: exchanges in its column mend them later."""
    return replace(block, p=[_wider(target) for target in block.p])


def _wider(target: Target) -> Target:
    by = min(0.03, 0.4 * target.low)
    return replace(target, low=target.low - by, high=target.high + by)


def blocks() -> dict[tuple[str, str], Block]:
    """Read the blocks from the published numbers."""
    found: dict[tuple[str, str], Block] = {}
    for number in published():
        name, *rest = number["calc"].split("|")
        if name not in {"km_all", "km", "lr", "lr2"}:
            continue
        endpoint, column = rest[0], _column(name, rest)
        block = found.setdefault((endpoint, column), Block(endpoint, column))
        target = _target(number, *((0.04, STEP_P) if name.startswith("lr") else (0.1, STEP)))
        if name == "km":
            block.medians[rest[2]] = target
        elif name == "km_all":
            block.parts[rest[1]] = _narrower(block.parts.get(rest[1]), target)
        else:
            (block.p if name == "lr" else block.p_local).append(target)
    return found


def _column(name: str, rest: Sequence[str]) -> str:
    return {"km_all": "", "lr2": "treatment"}[name] if name in {"km_all", "lr2"} else rest[1]


def _target(number: dict[str, str], scale: float, step: float) -> Target:
    value, half = float(number["published"]), 0.5 * 10.0 ** -int(number["precision"])
    low, high = (0.0, value) if number["op"] == "<" else (value - half, value + half)
    return Target(low, high, scale, step)


def _narrower(first: Target | None, second: Target) -> Target:
    return second if first is None or second.high - second.low < first.high - first.low else first


def costs_of(
    asked: Sequence[Block],
    day: Ints,
    event: NDArray[np.bool_],
    codes: Mapping[str, Ints],
    levels: Mapping[str, list[str]],
) -> list[float]:
    """Return, for each block asked, how far its numbers are from the printed ones; all blocks of one endpoint.

    ``codes`` are places in ``levels``, -1 where a level is unknown. All levels of all columns stand side by side in
    one table of event days.
    """
    first = np.cumsum([0, *(len(levels[block.column]) for block in asked)])
    code = np.stack([codes[block.column] for block in asked], axis=1)
    times = np.unique(day[event])
    slot = np.searchsorted(times, day, side="right") - 1
    cell = slot[:, None] * first[-1] + first[:-1] + code
    shape = (len(times), int(first[-1]))
    seen = (code >= 0) & (slot >= 0)[:, None]
    died = np.bincount(cell[seen & event[:, None]], minlength=shape[0] * shape[1]).reshape(shape)
    risk = np.bincount(cell[seen], minlength=shape[0] * shape[1]).reshape(shape)[::-1].cumsum(axis=0)[::-1]
    survival = np.cumprod(1.0 - died / np.maximum(risk, 1), axis=0, dtype=np.float64)
    parts = [slice(first[k], first[k + 1]) for k in range(len(asked))]
    return [
        _cost(block, levels[block.column], times, survival[:, part], died[:, part], risk[:, part])
        for block, part in zip(asked, parts, strict=True)
    ]


def _cost(block: Block, levels: list[str], times: Ints, survival: Floats, died: Ints, risk: Ints) -> float:
    if not block.column:
        return _cost_of_all(block, times, survival[:, 0], died[:, 0], risk[:, 0])
    total = 0.0
    for k, level in enumerate(levels):
        if level in block.medians:
            total += _cost_of_median(block.medians[level], times, survival[:, k], int(risk[0, k]))
    if block.p:
        p_value = _log_rank_p(died, risk)
        total += sum(target.cost(p_value) for target in block.p)
    if block.p_local:
        p_value = _log_rank_p(died[:, 1:], risk[:, 1:])
        total += sum(target.cost(p_value) for target in block.p_local)
    return total


def _cost_of_median(target: Target, times: Ints, survival: Floats, n: int) -> float:
    """Return the step and how many patients too many, or too few, have the event around the printed median."""
    before, after = times.searchsorted((target.low * DAYS_PER_MONTH, target.high * DAYS_PER_MONTH)).tolist()
    early = 0.5 + SLACK - float(survival[before - 1] if before else 1.0)
    late = float(survival[after - 1] if after else 1.0) - 0.5 - SLACK
    away = max(early, 0.0) + max(late, 0.0)
    return target.step + 0.5 * n * away if away > 0 else 0.0


def _log_rank_p(died: Ints, risk: Ints) -> float:
    events, total = died.sum(axis=1), risk.sum(axis=1)
    share = risk / np.maximum(total, 1)[:, None]
    difference = (died.sum(axis=0) - events @ share)[1:]
    spread = events * (total - events) / np.maximum(total - 1.0, 1.0)
    if len(difference) == 1:
        variance = float(spread @ (share[:, 0] * share[:, 1]))
        return _tail(float(difference[0]) ** 2 / variance, 1)
    variance = (np.diag(spread @ share) - (share * spread[:, None]).T @ share)[1:, 1:]
    return _tail(float(difference @ np.linalg.solve(variance, difference)), len(difference))


def _tail(x: float, df: int) -> float:
    if df == 2:
        return math.exp(-x / 2)
    tail = math.erfc(math.sqrt(x / 2))
    return tail if df == 1 else tail + math.sqrt(2 * x / math.pi) * math.exp(-x / 2)


def _cost_of_all(block: Block, times: Ints, survival: Floats, died: Ints, risk: Ints) -> float:
    at = int((survival <= 0.5 + SLACK).argmax())
    above = int(np.flatnonzero(survival >= 0.55 - SLACK)[-1])
    below = int((survival <= 0.45 + SLACK).argmax())
    green = np.cumsum(died / (risk * np.maximum(risk - died, 1)))[at]
    slope = (survival[above] - survival[below]) / (times[below] - times[above])
    half = 1.96 * survival[at] * math.sqrt(green) / slope
    found = {"median": times[at], "ci_low": times[at] - half, "ci_high": times[at] + half}
    return sum(target.cost(found[part] / DAYS_PER_MONTH) for part, target in block.parts.items())
