"""Tails of the normal and chi-square distributions, and the record of a test."""

# pyright: reportMissingTypeStubs=false

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from scipy import special

from oncohort.errors import AnalysisError

_LN10 = math.log(10.0)
_LN2 = math.log(2.0)
_SAFE = 1e-280  # below this a double soon loses digits or is 0: the logarithm is found without it
_EPS = 1e-16


@dataclass(frozen=True, slots=True)
class Tail:
    """A tail probability: ``p_value``, 0 where a double cannot hold it, and ``log10_p``, always finite."""

    p_value: float
    log10_p: float


@dataclass(frozen=True, slots=True)
class TestResult:
    """One test: what was computed, and how likely it is under the null hypothesis.

    Parameters
    ----------
    statistic : float
        The test statistic; nan for a test that has none (Fisher's).
    df : float
        Degrees of freedom; nan for a test that has none.
    p_value : float
        Two-sided (chi-square: upper tail), 0 where a double cannot hold it.
    log10_p : float
        Decimal logarithm of the P value, finite also where ``p_value`` is 0.
    method : str
        The test by name, with its options.
    """

    __test__: ClassVar[bool] = False  # not a test case, whatever its name says to a test runner

    statistic: float
    df: float
    p_value: float
    log10_p: float
    method: str


def chi_square_tail(statistic: float, df: float) -> Tail:
    """Return the probability of a chi-square at least as large as ``statistic``.

    Parameters
    ----------
    statistic : float
        From 0; a rounding error below 0 counts as 0.
    df : float
        Degrees of freedom, above 0.

    Returns
    -------
    Tail
        ``log10_p`` is finite for every finite statistic.

    Raises
    ------
    AnalysisError
        If the statistic is not finite or negative beyond rounding, or ``df`` is not above 0.

    Examples
    --------
    >>> tail = chi_square_tail(10.3267419548856, 1)
    >>> round(tail.p_value, 8)
    0.00131116
    >>> far = chi_square_tail(5000.0, 3)
    >>> far.p_value, round(far.log10_p, 6)
    (0.0, -1083.984693)

    References
    ----------
    Abramowitz M, Stegun IA. Handbook of Mathematical Functions. 1964; 6.5.31 (continued fraction), 26.4.19.
    Golden: ``tests/golden/r/compare.json``, key ``tails``.
    """
    if not math.isfinite(statistic) or statistic < -1e-8:
        raise AnalysisError(f"a chi-square statistic from 0 was expected; got {statistic:g}")
    if not (math.isfinite(df) and df > 0):
        raise AnalysisError(f"degrees of freedom above 0 were expected; got {df:g}")
    x = max(statistic, 0.0)
    if df == 1:
        return normal_two_sided(math.sqrt(x))
    p = float(special.gammaincc(df / 2.0, x / 2.0))
    if p > 0.5:
        log_p = math.log1p(-float(special.gammainc(df / 2.0, x / 2.0)))
    else:
        log_p = math.log(p) if p > _SAFE else _log_gamma_tail(df / 2.0, x / 2.0)
    return Tail(p, log_p / _LN10)


def normal_two_sided(z: float) -> Tail:
    """Return the probability of a standard normal at least as far from 0 as ``z``, on either side.

    Parameters
    ----------
    z : float
        Any finite number.

    Returns
    -------
    Tail
        ``log10_p`` is finite for every finite ``z``.

    Raises
    ------
    AnalysisError
        If ``z`` is not finite.

    Examples
    --------
    >>> tail = normal_two_sided(40.0)
    >>> tail.p_value, round(tail.log10_p, 6)
    (0.0, -349.135976)

    References
    ----------
    Golden: ``tests/golden/r/nonparametric.json``, key ``pvals``.
    """
    if not math.isfinite(z):
        raise AnalysisError(f"a finite z was expected; got {z:g}")
    far = -abs(z)
    p = min(1.0, 2.0 * float(special.ndtr(far)))
    log_p = min(0.0, _LN2 + float(special.log_ndtr(far)))
    return Tail(p, log_p / _LN10)


def normal_quantile(p: float) -> float:
    """Return z with P(Z <= z) = p for a standard normal Z.

    Parameters
    ----------
    p : float
        In (0, 1).

    Raises
    ------
    AnalysisError
        If ``p`` is not between 0 and 1.

    Examples
    --------
    >>> round(normal_quantile(0.975), 6)
    1.959964
    """
    if not 0.0 < p < 1.0:
        raise AnalysisError(f"a probability between 0 and 1 was expected; got {p:g}")
    return float(special.ndtri(p))


def two_sided_z(conf_level: float) -> float:
    """Return the z of a two-sided interval that covers ``conf_level``, a number in (0, 1).

    Raises
    ------
    AnalysisError
        If ``conf_level`` is not between 0 and 1.

    Examples
    --------
    >>> round(two_sided_z(0.95), 6)
    1.959964
    """
    if not 0.0 < conf_level < 1.0:
        raise AnalysisError(f"conf_level: a number between 0 and 1 was expected, as 0.95; got {conf_level:g}")
    return -normal_quantile((1.0 - conf_level) / 2.0)


def chi_square_test(statistic: float, df: float, method: str) -> TestResult:
    """Return the record of a chi-square test; arguments as in `chi_square_tail`.

    Examples
    --------
    >>> test = chi_square_test(3.841459, 1, "likelihood ratio")
    >>> round(test.p_value, 4), test.method
    (0.05, 'likelihood ratio')
    """
    tail = chi_square_tail(statistic, df)
    return TestResult(max(float(statistic), 0.0), float(df), tail.p_value, tail.log10_p, method)


def _log_gamma_tail(a: float, x: float) -> float:
    """Return ln Q(a, x), the regularized upper incomplete gamma function, far in its tail (x > a + 1).

    Lentz's evaluation of the continued fraction of Gamma(a, x) / (x^a e^-x).
    """
    b = x + 1.0 - a
    c = math.inf
    d = 1.0 / b
    h = d
    change = math.inf
    i = 0
    while abs(change - 1.0) > _EPS and i < 100_000:
        i += 1
        term = -i * (i - a)
        b += 2.0
        d = 1.0 / (term * d + b)
        c = b + term / c
        change = d * c
        h *= change
    return a * math.log(x) - x - math.lgamma(a) + math.log(h)
