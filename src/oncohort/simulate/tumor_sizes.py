"""Sums of diameters that make a response, and how a sum is shared by the targets; whole millimeters throughout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import ceil, floor
from random import Random
from typing import Final

from oncohort.errors import DataError
from oncohort.simulate.study_plan import StudyPlan


def sum_for(response: str, base: int, sums: Sequence[int], plan: StudyPlan, rng: Random) -> int:
    """Return a sum of the targets that makes a response at a visit.

    Parameters
    ----------
    response : {"CR", "PR", "SD", "PD", "SAME"}
        The response of the targets; SAME: as little changed as can be, and no progression.
    base : int
        The sum at baseline, mm.
    sums : sequence of int
        The sums of the earlier visits, mm, in order of time.
    plan : StudyPlan
        The percents of the criteria and the least growth.
    rng : Random
        The patient's own stream.

    Returns
    -------
    int
        The sum in mm, near the one before it as far as the response allows.

    Raises
    ------
    DataError
        If no sum makes the response: stable disease after a complete one, for one.
    """
    if response == "CR":
        return 0
    before, nadir = (sums[-1], min(base, *sums)) if sums else (base, base)
    growing = _least_growing(nadir, plan)
    if response == "PD":
        return max(growing, before, _LEAST_RELAPSE_MM) + rng.randint(0, max(1, base // 6))
    partial = (100 - plan.criteria.pr_percent) * base // 100
    least, most = {"PR": (1, min(partial, growing - 1)), "SD": (partial + 1, growing - 1), "SAME": (1, growing - 1)}[
        response
    ]
    if least > most:
        raise DataError(f"no sum of targets makes {response} after a smallest sum of {nadir} mm")
    start = min(before, round(0.68 * base)) if response == "PR" else before
    low, high = _STEP[response]
    first, last = max(least, ceil(low * start)), min(most, floor(high * start))
    return rng.randint(first, last) if first <= last else min(max(start, least), most)


_LEAST_RELAPSE_MM: Final = 8
_STEP: Final[Mapping[str, tuple[float, float]]] = {"PR": (0.6, 0.97), "SD": (0.86, 1.04), "SAME": (0.95, 1.08)}
"""From one scan to the next, the least and the most that the sum is multiplied by."""


def _least_growing(nadir: int, plan: StudyPlan) -> int:
    """Return the least sum that is progression."""
    if nadir == 0:
        return 1
    in_percent = -(-(100 + plan.criteria.pd_percent) * nadir // 100)
    return max(in_percent, nadir + ceil(plan.settings.abs_pd_mm))


def share(total: int, sizes: Sequence[int]) -> list[int]:
    """Share a sum by the targets in proportion to sizes, in whole millimeters.

    Examples
    --------
    >>> share(50, [60, 20]), share(5, [0, 0]), share(1, [60, 60])
    ([38, 12], [5, 0], [1, 0])
    """
    whole = sum(sizes)
    if whole == 0:
        return [total, *([0] * (len(sizes) - 1))]
    exactly = [Fraction(total * size, whole) for size in sizes]
    shares = [int(part) for part in exactly]
    by_rest = sorted(range(len(sizes)), key=lambda place: (shares[place] - exactly[place], place))
    for place in by_rest[: total - sum(shares)]:
        shares[place] += 1
    return shares
