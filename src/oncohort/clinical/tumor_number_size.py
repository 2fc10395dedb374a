"""Tumor burden by number and largest diameter: up-to-7 and up-to-11, tumor burden score, six-and-twelve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from typing import Final, Literal, TypeAlias, TypeVar

from oncohort.clinical.answer import Answer, decided, undetermined
from oncohort.clinical.exact import Number, in_decimals
from oncohort.clinical.rule import CriteriaTable, Rule, Source
from oncohort.clinical.scale import (
    Scale,
    above,
    above_to,
    at_most,
    below,
    between,
    count,
    in_words,
    missing_names,
    place,
    positive,
)
from oncohort.clinical.units import convert
from oncohort.errors import DataError

T = TypeVar("T")
Burden: TypeAlias = Literal["low", "medium", "high"]


@dataclass(frozen=True, slots=True)
class TumorBurdenScore:
    """The tumor burden score, None where an input is missing, and its class "low", "medium" or "high"."""

    score: float | None
    cls: Answer[str]


_SUM: Final = "largest diameter in cm + number"
UP_TO: Final[Mapping[int, Scale[bool]]] = {
    limit: Scale("sum", _SUM, "", ((at_most(limit), True), (above(limit), False))) for limit in (7, 11)
}
SIX_AND_TWELVE: Final[Scale[str]] = Scale(
    "sum", _SUM, "", ((at_most(6), "low"), (above_to(6, 12), "medium"), (above(12), "high"))
)
BURDEN: Final[Scale[str]] = Scale(
    "score", "tumor burden score", "", ((below(3.36), "low"), (between(3.36, 13.74), "medium"), (above(13.74), "high"))
)


def is_within_up_to(limit: Literal[7, 11], *, n_nodules: int | None, max_diam_mm: Number | None) -> Answer[bool]:
    """Return whether largest diameter in cm plus number of nodules is at most 7, or at most 11.

    The invasion of small vessels, which the up-to-7 criteria also ask after transplantation, is not judged.

    Parameters
    ----------
    limit : {7, 11}
    n_nodules : int or None
        From 1.
    max_diam_mm : number or None
        Largest diameter in mm, above 0.

    Returns
    -------
    Answer of bool
        Determined with one input missing where the other one alone is too much.

    Raises
    ------
    DataError
        If the limit is neither, or a count or a size cannot be.

    Examples
    --------
    >>> is_within_up_to(7, n_nodules=3, max_diam_mm=40).value, is_within_up_to(7, n_nodules=3, max_diam_mm=41).why
    (True, 'largest diameter in cm + number 7.1 > 7')
    >>> is_within_up_to(7, n_nodules=None, max_diam_mm=80).value
    False

    References
    ----------
    Mazzaferro V et al. Lancet Oncol 2009;10:35-43.
    """
    if limit not in UP_TO:
        raise DataError(f'limit: "{limit}" is not known; 7 or 11 was expected')
    return _place_sum(UP_TO[limit], n_nodules, max_diam_mm)


def six_and_twelve(*, n_nodules: int | None, max_diam_mm: Number | None) -> Answer[str]:
    """Return the class of the six-and-twelve score: largest diameter in cm plus number of nodules.

    Parameters
    ----------
    n_nodules : int or None
        From 1.
    max_diam_mm : number or None
        Largest diameter in mm, above 0.

    Returns
    -------
    Answer of str
        "low" (at most 6), "medium" (over 6, at most 12) or "high".

    Raises
    ------
    DataError
        If a count or a size cannot be.

    Examples
    --------
    >>> six_and_twelve(n_nodules=2, max_diam_mm=41).value, six_and_twelve(n_nodules=7, max_diam_mm=None).possible
    ('medium', ('medium', 'high'))

    References
    ----------
    Wang Q et al. J Hepatol 2019;70:893-903.
    """
    return _place_sum(SIX_AND_TWELVE, n_nodules, max_diam_mm)


def tumor_burden_score(*, n_nodules: int | None, max_diam_mm: Number | None) -> TumorBurdenScore:
    """Return the tumor burden score: the root of (largest diameter in cm)^2 + (number of nodules)^2.

    Parameters
    ----------
    n_nodules : int or None
        From 1.
    max_diam_mm : number or None
        Largest diameter in mm, above 0.

    Returns
    -------
    TumorBurdenScore
        Class "low" (below 3.36), "medium" (3.36 to 13.74) or "high".

    Raises
    ------
    DataError
        If a count or a size cannot be.

    Examples
    --------
    >>> result = tumor_burden_score(n_nodules=4, max_diam_mm=30)
    >>> result.score, result.cls.value
    (5.0, 'medium')

    References
    ----------
    Sasaki K et al. Ann Surg 2018;267:132-141.
    """
    n, size_cm = _checked(n_nodules, max_diam_mm)
    if n is not None and size_cm is not None:
        score = _root(size_cm**2 + n**2)
        return TumorBurdenScore(float(score), place(BURDEN, score))
    least = _root((size_cm or Fraction(0)) ** 2 + (n or Fraction(1)) ** 2)
    missing = missing_names({"n_nodules": n, "max_diam_mm": size_cm})
    return TumorBurdenScore(None, _at_least(BURDEN, least, missing, size_is_known=size_cm is not None))


def _checked(n_nodules: int | None, max_diam_mm: Number | None) -> tuple[Fraction | None, Fraction | None]:
    """Return the number, and the size in cm."""
    n = None if n_nodules is None else Fraction(count(n_nodules, "number of nodules", least=1))
    label = "largest diameter in mm"
    size = None if max_diam_mm is None else convert(positive(max_diam_mm, label), "LENGTH", "mm", "cm")
    return n, size


def _place_sum(scale: Scale[T], n_nodules: int | None, max_diam_mm: Number | None) -> Answer[T]:
    n, size_cm = _checked(n_nodules, max_diam_mm)
    if n is not None and size_cm is not None:
        return place(scale, size_cm + n)
    least = (size_cm or Fraction(0)) + (n or Fraction(1))
    missing = missing_names({"n_nodules": n, "max_diam_mm": size_cm})
    return _at_least(scale, least, missing, size_is_known=size_cm is not None)


def _at_least(scale: Scale[T], least: Fraction, missing: tuple[str, ...], *, size_is_known: bool) -> Answer[T]:
    """Return the levels that a number of at least ``least`` can have; it is above it where the size is missing."""
    possible = [
        level
        for part, level in scale.levels
        if part.high is None or part.high > least or (part.high == least and part.high_in and size_is_known)
    ]
    if len(possible) > 1:
        return undetermined(missing, possible)
    sign = ">=" if size_is_known else ">"
    return decided(possible[0], f"{scale.label} {sign} {in_decimals(least)}", missing)


def _root(square: Fraction) -> Fraction:
    """Return the square root to 50 digits, and exactly where it ends before."""
    digits = Context(prec=50)
    return Fraction(digits.sqrt(digits.divide(Decimal(square.numerator), Decimal(square.denominator))))


def _classes(score: str, scale: Scale[str]) -> tuple[tuple[str, ...], ...]:
    return tuple((score, in_words(part), level) for part, level in scale.levels)


BURDEN_RULE: Final = Rule(
    id="tumor_burden_scores",
    title="Tumor burden by number and size",
    question="How much tumor is there, by the number of nodules and the largest diameter?",
    functions=("is_within_up_to", "six_and_twelve", "tumor_burden_score"),
    sources=(
        Source("Cancer Imaging 2023, doi 10.1186/s40644-023-00575-6", "table 1: all four", "seen"),
        Source("Wang Q et al. J Hepatol 2019;70:893-903", "abstract: <= 6, > 6 but <= 12, > 12", "seen"),
        Source("Mazzaferro V et al. Lancet Oncol 2009;10:35-43", "up-to-7 criteria", "from knowledge"),
        Source("Sasaki K et al. Ann Surg 2018;267:132-141", "formula of the score", "from knowledge"),
    ),
    criteria=(
        CriteriaTable(
            "Classes; sum is largest diameter in cm + number, root is that of the sum of their squares",
            ("score", "number", "class"),
            (
                *(
                    (f"up-to-{limit} (sum)", in_words(part), "within" if level else "beyond")
                    for limit, scale in UP_TO.items()
                    for part, level in scale.levels
                ),
                *_classes("six-and-twelve (sum)", SIX_AND_TWELVE),
                *_classes("tumor burden score (root)", BURDEN),
            ),
        ),
    ),
    doubts=(
        (
            'The table of 2023 prints "7-12" and "7-11" for middle classes, which leaves sums as 6.5 and 7.5 out; the '
            "cuts are read as over 6 and over 7."
        ),
        (
            "Other studies cut the tumor burden score elsewhere: 2.6 and 7.9 (Langenbecks Arch Surg 2023), 10.77 "
            "(Front Oncol 2024)."
        ),
        "A score of exactly 3.36 or 13.74 is read as medium, as the table of 2023 prints it.",
        "The papers of 2009 and 2018 were not read again.",
    ),
)
