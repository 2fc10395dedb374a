"""Liver function from laboratory values alone: ALBI with its variants, and the MELD scores."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from typing import Final

from oncohort.clinical.answer import Answer, decided, undetermined
from oncohort.clinical.exact import Number, exact, in_decimals
from oncohort.clinical.meld_scores import MELD_RULE, Meld, meld, meld_3, meld_na
from oncohort.clinical.rule import CriteriaTable, Rule, Source
from oncohort.clinical.scale import (
    Interval,
    Scale,
    above,
    above_to,
    at_most,
    between,
    in_words,
    missing_names,
    non_negative,
    place,
    positive,
)
from oncohort.clinical.units import convert

__all__ = ["RULES", "Albi", "Meld", "albi", "ez_albi", "meld", "meld_3", "meld_na"]


@dataclass(frozen=True, slots=True)
class Albi:
    """The ALBI score, unrounded, its grade "1", "2" or "3", and the modified grade "1", "2a", "2b" or "3"."""

    score: float | None
    grade: Answer[str]
    modified_grade: Answer[str]


ALBI_LOG: Final = exact(0.66)
ALBI_ALBUMIN: Final = exact(0.085)
ALBI_GRADES: Final[Scale[str]] = Scale(
    "albi", "ALBI", "", ((at_most(-2.6), "1"), (above_to(-2.6, -1.39), "2"), (above(-1.39), "3")), may_be_negative=True
)
MODIFIED_ALBI_GRADES: Final[Scale[str]] = Scale(
    "albi",
    "ALBI",
    "",
    (
        (at_most(-2.6), "1"),
        (Interval(exact(-2.6), exact(-2.27), low_in=False, high_in=False), "2a"),
        (between(-2.27, -1.39), "2b"),
        (above(-1.39), "3"),
    ),
    may_be_negative=True,
)
EZ_ALBI_ALBUMIN: Final = 9


def albi(bilirubin_umol_per_l: Number | None, albumin_g_per_l: Number | None) -> Albi:
    """Return the ALBI score with its grade and its modified grade.

    Grades are taken from the unrounded score.

    Parameters
    ----------
    bilirubin_umol_per_l : number or None
        Total bilirubin in umol/L, above 0.
    albumin_g_per_l : number or None
        Albumin in g/L, from 0.

    Returns
    -------
    Albi
        With a value missing, the score is None and every grade is possible.

    Raises
    ------
    DataError
        If a value cannot be.

    Examples
    --------
    >>> result = albi(17.1, 40)
    >>> round(result.score, 4), result.grade.value, result.modified_grade.why
    (-2.5862, '2', 'ALBI -2.5862 in > -2.6 to < -2.27')

    References
    ----------
    Johnson PJ et al. J Clin Oncol 2015;33:550-558. Hiraoka A et al. Liver Cancer 2017;6:325-336.
    """
    bilirubin = None if bilirubin_umol_per_l is None else positive(bilirubin_umol_per_l, "total bilirubin")
    albumin = None if albumin_g_per_l is None else non_negative(albumin_g_per_l, "albumin")
    if bilirubin is None or albumin is None:
        missing = missing_names({"bilirubin_umol_per_l": bilirubin, "albumin_g_per_l": albumin})
        grades, modified = (
            undetermined(missing, [name for _, name in scale.levels]) for scale in (ALBI_GRADES, MODIFIED_ALBI_GRADES)
        )
        return Albi(None, grades, modified)
    score = ALBI_LOG * _log10(bilirubin) - ALBI_ALBUMIN * albumin
    return Albi(float(score), place(ALBI_GRADES, score), place(MODIFIED_ALBI_GRADES, score))


def ez_albi(bilirubin_umol_per_l: Number | None, albumin_g_per_l: Number | None) -> Answer[float]:
    """Return the EZ-ALBI score: bilirubin in mg/dL minus 9 times albumin in g/dL.

    Parameters
    ----------
    bilirubin_umol_per_l : number or None
        Total bilirubin in umol/L, from 0.
    albumin_g_per_l : number or None
        Albumin in g/L, from 0.

    Returns
    -------
    Answer of float
        No bounds are given where a value is missing.

    Raises
    ------
    DataError
        If a value is negative.

    Examples
    --------
    >>> ez_albi(17.1, 40).value
    -35.0

    References
    ----------
    Kariyama K et al. Liver Cancer 2020 (PMC7768152).
    """
    if bilirubin_umol_per_l is None or albumin_g_per_l is None:
        inputs = {"bilirubin_umol_per_l": bilirubin_umol_per_l, "albumin_g_per_l": albumin_g_per_l}
        return undetermined(missing_names(inputs))
    bilirubin = convert(non_negative(bilirubin_umol_per_l, "total bilirubin"), "BILI", "umol/L", "mg/dL")
    albumin = convert(non_negative(albumin_g_per_l, "albumin"), "ALB", "g/L", "g/dL")
    why = f"{in_decimals(bilirubin)} mg/dL - {EZ_ALBI_ALBUMIN} x {in_decimals(albumin)} g/dL"
    return decided(float(bilirubin - EZ_ALBI_ALBUMIN * albumin), why)


def _log10(value: Fraction) -> Fraction:
    """Return the decimal logarithm to 50 digits, and exactly where it is a whole number."""
    digits = Context(prec=50)
    return Fraction(digits.log10(digits.divide(Decimal(value.numerator), Decimal(value.denominator))))


_ALBI_RULE: Final = Rule(
    id="albi",
    title="ALBI",
    question="How well does the liver work, by bilirubin and albumin alone?",
    functions=("albi", "ez_albi"),
    sources=(
        Source("Johnson PJ et al. J Clin Oncol 2015;33:550-558", "formula and grades", "from knowledge"),
        Source("mdapp.co; aihaoyisheng.com, ALBI", "formula and grades", "seen"),
        Source("Hiraoka A et al. Liver Cancer 2017;6:204-215", "abstract: cut-offs of the grades", "seen"),
        Source("Hiraoka A et al. Liver Cancer 2017;6:325-336", "modified grade, cut-off -2.27", "from knowledge"),
        Source("Kariyama K et al., PMC7768152", "abstract: EZ-ALBI", "seen"),
        Source("Marasco G et al. Hepatoma Res 2020;6:32", "text at table 1: coefficient 0.0852", "seen"),
    ),
    criteria=(
        CriteriaTable(
            f"ALBI = {in_decimals(ALBI_LOG)} log10(bilirubin, umol/L) - {in_decimals(ALBI_ALBUMIN)} albumin, g/L",
            ("grade", "score"),
            tuple((grade, in_words(part)) for part, grade in ALBI_GRADES.levels),
        ),
        CriteriaTable(
            "Modified grade",
            ("grade", "score"),
            tuple((grade, in_words(part)) for part, grade in MODIFIED_ALBI_GRADES.levels),
        ),
    ),
    doubts=(
        "The grade is taken from the unrounded score: bilirubin 10 umol/L with albumin 38.353 g/L is grade 1.",
        "The coefficient of albumin is printed as 0.085 by most and as 0.0852 by some; 0.085 is used.",
        "The cut-off -2.27 of the modified grade was not read again, and nor was on which side -2.27 itself lies.",
        "The survey of 2017 that prints the modified grade is cited from knowledge; its pages were not seen.",
        "EZ-ALBI is given as a number, without grades.",
        "Published code disagrees: sastyrg/calculadora-hcc leaves out the factor 0.66 and takes albumin in g/dL.",
    ),
    vectors=("albi",),
)

RULES: Final[tuple[Rule, ...]] = (_ALBI_RULE, MELD_RULE)
