"""Draws of liver function: bilirubin, albumin, INR, ascites and encephalopathy that make a Child-Pugh class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product
from math import prod
from random import Random
from typing import Final

from oncohort.clinical.child_pugh import BILIRUBIN
from oncohort.simulate.outline import ChildPughClass
from oncohort.simulate.study_plan import StudyPlan


@dataclass(frozen=True, slots=True)
class Liver:
    """Liver function at baseline: SI units, ascites in the words of the template, encephalopathy by West Haven."""

    bilirubin_umol_per_l: float
    albumin_g_per_l: int
    inr: float
    ascites: str
    encephalopathy: int


SCORES: Final[Mapping[ChildPughClass, tuple[int, ...]]] = {"A": (5, 6), "B": (7, 8, 9), "C": (10, 11, 12, 13)}
"""The scores that are drawn for a class; nobody is written with 14 or 15 points."""

_ITEMS: Final[tuple[tuple[float, float, float], ...]] = (
    (6, 3, 2),  # bilirubin
    (5, 3, 1),  # albumin
    (9, 2, 0.3),  # INR
    (6, 3, 1.5),  # ascites
    (14, 1, 0.2),  # encephalopathy
)
"""How often each item has 1, 2 and 3 points, as parts."""

_ALBUMIN: Final = ((36, 46), (28, 35), (21, 27))
_INR: Final = ((0.95, 1.45), (1.7, 2.3), (2.35, 3.0))
_ASCITES: Final = ("NONE", "MILD", "MODERATE_SEVERE")
_ENCEPHALOPATHY: Final = ((0, 0), (1, 2), (3, 3))
_LOWEST_BILIRUBIN: Final = 7.0
_HIGHEST_OVER_BOUND: Final = 2.4
"""The highest bilirubin that is drawn, in multiples of the bound of 3 points."""


def draw_liver(cls: ChildPughClass, plan: StudyPlan, rng: Random) -> Liver:
    """Return liver function of a class, by the bounds of bilirubin that the protocol uses."""
    points, weights = _ways(cls)
    bilirubin, albumin, inr, ascites, encephalopathy = rng.choices(points, weights)[0]
    low, high = _bilirubin_range(bilirubin, plan)
    return Liver(
        bilirubin_umol_per_l=round(rng.uniform(low, high), 1),
        albumin_g_per_l=rng.randint(*_ALBUMIN[albumin - 1]),
        inr=round(rng.uniform(*_INR[inr - 1]), 2),
        ascites=_ASCITES[ascites - 1],
        encephalopathy=rng.randint(*_ENCEPHALOPATHY[encephalopathy - 1]),
    )


@cache
def _ways(cls: ChildPughClass) -> tuple[tuple[tuple[int, ...], ...], tuple[float, ...]]:
    """Return every way to make a class of points of the five items, with how often it occurs."""
    ways = tuple(points for points in product((1, 2, 3), repeat=len(_ITEMS)) if sum(points) in SCORES[cls])
    return ways, tuple(prod(_ITEMS[item][point - 1] for item, point in enumerate(points)) for points in ways)


def _bilirubin_range(points: int, plan: StudyPlan) -> tuple[float, float]:
    """Return a range within the bounds of the points, a little off the bounds, so that rounding keeps to them."""
    variable, rules = next(
        ((variable, rules) for variable, rules in plan.variables if variable.rule == "child_pugh"), (None, None)
    )
    cutoffs = (rules.cutoffs if rules else None) or "exact"
    middle = BILIRUBIN[cutoffs, variable.cholestatic if variable else False].levels[1][0]
    low, high = float(middle.low or 0), float(middle.high or 0)
    return ((_LOWEST_BILIRUBIN, low - 0.3), (low + 0.1, high - 0.1), (high + 0.5, high * _HIGHEST_OVER_BOUND))[
        points - 1
    ]
