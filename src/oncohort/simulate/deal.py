"""Dealing out margins: counts and ranges that are met exactly, given to patients in the order of a score."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from random import Random
from typing import Final, TypeVar

from oncohort.simulate.margins import Spread

T = TypeVar("T")


class ImpossibleError(Exception):
    """Margins that no patients can have: the key that asks for it, and a sentence."""

    def __init__(self, key: str, sentence: str) -> None:
        super().__init__(f"{key}: {sentence}")
        self.key = key
        self.sentence = sentence


def stream(seed: int | str, patient_id: str, purpose: str) -> Random:
    """Return a patient's own stream of random numbers: it depends on no other patient.

    Examples
    --------
    >>> one, two = (stream(7, "SYN-001", "records").random() for _ in range(2))
    >>> one == two, one == stream(7, "SYN-002", "records").random()
    (True, False)
    """
    return Random(f"{seed}/{patient_id}/{purpose}")  # noqa: S311 - reproducible, not secret


def in_order(scores: Sequence[float]) -> list[int]:
    """Return the places of the scores from the least to the greatest; of equal ones the first comes first."""
    return sorted(range(len(scores)), key=scores.__getitem__)


def deal(counts: Mapping[T, int], scores: Sequence[float]) -> list[T]:
    """Give each patient a category, so that the counts are met exactly.

    Parameters
    ----------
    counts : mapping of category to int
        The categories in the order of the scores: the first one goes to the lowest.
    scores : sequence of float
        One a patient; as many as the counts add up to.

    Examples
    --------
    >>> deal({"A": 3, "B": 1}, [0.2, 0.9, 0.1, 0.4])
    ['A', 'B', 'A', 'A']
    """
    hand = [category for category, n in counts.items() for _ in range(n)]
    dealt = dict(zip(in_order(scores), hand, strict=True))
    return [dealt[place] for place in range(len(scores))]


def shares(weights: Mapping[T, float], n: int) -> dict[T, int]:
    """Return counts that add up to n and are as near to the weights as whole numbers can be.

    Examples
    --------
    >>> shares({"A": 0.5, "B": 0.3, "C": 0.2}, 7)
    {'A': 4, 'B': 2, 'C': 1}
    """
    whole = sum(weights.values())
    exact = {name: n * weight / whole for name, weight in weights.items()}
    counts = {name: math.floor(part) for name, part in exact.items()}
    nearest = sorted(exact, key=lambda name: counts[name] - exact[name])
    for name in nearest[: n - sum(counts.values())]:
        counts[name] += 1
    return counts


_LEAST_LOG: Final = 1e-6


def bend(values: Sequence[float], spread: Spread, *, digits: int, logarithmic: bool) -> list[float]:
    """Return values, in their order, with exactly the median and the range of a spread.

    What lies below the median is stretched between the least value and the median, what lies above between the median
    and the greatest; order is kept. Of an even number both middle values become the median, or the two nearest numbers
    that have it as their mean.

    Parameters
    ----------
    values : sequence of float
        As they were drawn.
    spread : Spread
        The median; where it has no ``min`` or ``max``, the distance from the median stays as it was drawn.
    digits : int
        Decimals that values have.
    logarithmic : bool
        Whether distances are those of logarithms.

    Raises
    ------
    ImpossibleError
        If the median has more decimals than the values can give it.

    Examples
    --------
    >>> bend([1.0, 3.0, 2.0, 9.0, 4.0], Spread(median=54, min=31, max=76), digits=0, logarithmic=False)
    [31.0, 54.0, 42.0, 76.0, 58.0]
    """
    n = len(values)
    order = in_order(values)
    scale = (lambda x: math.log(max(x, _LEAST_LOG))) if logarithmic else float
    back = math.exp if logarithmic else float
    drawn = [scale(values[place]) for place in order]
    middle = (drawn[(n - 1) // 2] + drawn[n // 2]) / 2
    half = scale(spread.median)
    low, high = (scale(end) if end is not None else None for end in (spread.min, spread.max))
    bent = [back(half + _stretched(x - middle, drawn[0] - middle, drawn[-1] - middle, low, high, half)) for x in drawn]
    least, most = (
        spread.min if spread.min is not None else -math.inf,
        spread.max if spread.max is not None else math.inf,
    )
    bent = [min(max(round(x, digits), least), most) for x in bent]
    lower, upper = _middle(spread.median, n, digits)
    for rank in range(n):
        bent[rank] = min(bent[rank], lower) if rank <= (n - 1) // 2 else max(bent[rank], upper)
    bent[(n - 1) // 2], bent[n // 2] = lower, upper
    placed = dict(zip(order, bent, strict=True))
    return with_ends([placed[place] for place in range(n)], spread)


def with_ends(values: Sequence[float], spread: Spread) -> list[float]:
    """Return values of which the least and the greatest are those of a spread.

    Examples
    --------
    >>> with_ends([60.0, 55.0, 110.0, 300.0], Spread(median=110, min=27, max=351))
    [60.0, 27.0, 110.0, 351.0]
    """
    order = in_order(values)
    ended = [float(value) for value in values]
    if len(values) > 2:
        ended[order[0]] = ended[order[0]] if spread.min is None else float(spread.min)
        ended[order[-1]] = ended[order[-1]] if spread.max is None else float(spread.max)
    return ended


def _stretched(x: float, least: float, most: float, low: float | None, high: float | None, half: float) -> float:
    """Return a distance from the median, stretched so that the farthest one of its side reaches the end."""
    if x < 0:
        return x if low is None or least == 0 else x / least * (low - half)
    return x if high is None or most == 0 else x / most * (high - half)


def _middle(median: float, n: int, digits: int) -> tuple[float, float]:
    """Return the two middle values of n that have a median."""
    unit = 10**-digits
    lower = round(math.floor(median / unit + 1e-9) * unit, digits)
    if abs(lower - median) < 1e-9:
        return lower, lower
    upper = round(2 * median - lower, digits)
    if n % 2 or abs((lower + upper) / 2 - median) > 1e-9:
        raise ImpossibleError("", f"the median {median} cannot be that of {n} values with {digits} decimals")
    return lower, upper
