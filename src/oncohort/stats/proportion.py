"""A proportion with its interval."""

# pyright: reportMissingTypeStubs=false

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from scipy import special

from oncohort.errors import AnalysisError
from oncohort.stats.distributions import two_sided_z

ProportionMethod: TypeAlias = Literal["clopper-pearson", "wilson"]


@dataclass(frozen=True, slots=True)
class Proportion:
    """A share in [0, 1] with its limits."""

    estimate: float
    conf_low: float
    conf_high: float
    method: ProportionMethod


def proportion_interval(x: int, n: int, *, method: ProportionMethod, conf_level: float = 0.95) -> Proportion:
    """Estimate a proportion and its two-sided interval.

    Parameters
    ----------
    x : int
        Patients with the property, 0 to n.
    n : int
        Patients, from 1.
    method : {"clopper-pearson", "wilson"}
        Exact interval, or score interval without continuity correction. No default.
    conf_level : float
        Two-sided coverage, in (0, 1).

    Returns
    -------
    Proportion
        Shares, not percents.

    Raises
    ------
    AnalysisError
        If ``n`` is below 1, ``x`` is not in 0…n, or the method is unknown.

    Examples
    --------
    >>> exact = proportion_interval(36, 154, method="clopper-pearson")
    >>> round(exact.estimate, 3), round(exact.conf_low, 3), round(exact.conf_high, 3)
    (0.234, 0.169, 0.309)
    >>> score = proportion_interval(36, 154, method="wilson")
    >>> round(score.conf_low, 3), round(score.conf_high, 3)
    (0.174, 0.307)

    References
    ----------
    Clopper CJ, Pearson ES. Biometrika 1934;26:404-413. Wilson EB. J Am Stat Assoc 1927;22:209-212.
    Golden: ``tests/golden/r/compare.json``, key ``proportion``.
    """
    if method not in get_args(ProportionMethod):
        raise AnalysisError(f"method: clopper-pearson or wilson was expected; got {method!r}")
    if n < 1 or not 0 <= x <= n or x != int(x) or n != int(n):
        raise AnalysisError(f"a count x from 0 to n and n from 1 were expected; got x = {x}, n = {n}")
    z = two_sided_z(conf_level)
    low, high = _clopper_pearson(x, n, conf_level) if method == "clopper-pearson" else _wilson(x, n, z)
    return Proportion(x / n, low, high, method)


def _clopper_pearson(x: int, n: int, conf_level: float) -> tuple[float, float]:
    tail = (1.0 - conf_level) / 2.0
    low = float(special.betaincinv(x, n - x + 1, tail)) if x > 0 else 0.0
    high = float(special.betaincinv(x + 1, n - x, 1.0 - tail)) if x < n else 1.0
    return low, high


def _wilson(x: int, n: int, z: float) -> tuple[float, float]:
    square = z * z
    centre = (x + square / 2.0) / (n + square)
    half = z * math.sqrt(x * (n - x) / n + square / 4.0) / (n + square)
    return (0.0 if x == 0 else centre - half), (1.0 if x == n else centre + half)
