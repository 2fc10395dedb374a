"""MELD scores of liver and kidney function: the first one, with sodium, and 3.0."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from itertools import product
from math import floor
from typing import Final, TypeAlias

from oncohort.clinical.answer import Answer, decided, undetermined
from oncohort.clinical.exact import Number, exact, in_decimals
from oncohort.clinical.rule import CriteriaTable, Rule, Source
from oncohort.clinical.scale import missing_names, non_negative
from oncohort.clinical.units import convert

_Cases: TypeAlias = Iterable[Sequence[tuple[Fraction, ...]]]
"""Ways in which the inputs may be; in each, an input has the ends of the range it may have (one end if known)."""


@dataclass(frozen=True, slots=True)
class Meld:
    """A MELD score, 6 to 40, and the number that was rounded to it; that number is None where inputs are missing."""

    raw: float | None
    score: Answer[int]


@dataclass(frozen=True, slots=True)
class Bounds:
    """The range into which an input of a formula is brought."""

    label: str
    unit: str
    least: Fraction
    most: Fraction | None


BILIRUBIN: Final = Bounds("bilirubin", "mg/dL", Fraction(1), None)
INR: Final = Bounds("INR", "", Fraction(1), None)
CREATININE: Final = Bounds("creatinine", "mg/dL", Fraction(1), Fraction(4))
CREATININE_3: Final = Bounds("creatinine", "mg/dL", Fraction(1), Fraction(3))
SODIUM: Final = Bounds("sodium", "mmol/L", Fraction(125), Fraction(137))
ALBUMIN: Final = Bounds("albumin", "g/dL", exact(1.5), exact(3.5))
SCORE: Final = Bounds("MELD", "", Fraction(6), Fraction(40))
FEMALE: Final = Bounds("female", "", Fraction(0), Fraction(1))
SODIUM_COUNTS_ABOVE: Final = 11

_ENDLESS: Final = Fraction(10**40)
"""More than any blood has, so that a score with it is at its cap: the end of a range without one."""

MELD: Final[Mapping[str, Fraction]] = {
    "constant": exact(6.43),
    "ln bilirubin": exact(3.78),
    "ln INR": exact(11.2),
    "ln creatinine": exact(9.57),
}
MELD_NA: Final[Mapping[str, Fraction]] = {
    "MELD": Fraction(1),
    "(137 - sodium)": exact(1.32),
    "MELD x (137 - sodium)": exact(-0.033),
}
MELD_3: Final[Mapping[str, Fraction]] = {
    "constant": Fraction(6),
    "female": exact(1.33),
    "ln bilirubin": exact(4.56),
    "(137 - sodium)": exact(0.82),
    "(137 - sodium) x ln bilirubin": exact(-0.24),
    "ln INR": exact(9.09),
    "ln creatinine": exact(11.14),
    "(3.5 - albumin)": exact(1.85),
    "(3.5 - albumin) x ln creatinine": exact(-1.83),
}
"""The terms of the formulas with their factors."""


def meld(
    *,
    bilirubin_umol_per_l: Number | None,
    inr: Number | None,
    creatinine_umol_per_l: Number | None,
    dialysis: bool | None,
) -> Meld:
    """Return the MELD score without sodium.

    Values below 1 mg/dL (or INR 1) count as 1; creatinine above 4 mg/dL, or dialysis, counts as 4. The score is
    rounded half up and kept within 6 to 40.

    Parameters
    ----------
    bilirubin_umol_per_l, creatinine_umol_per_l : number or None
        In umol/L, from 0.
    inr : number or None
        From 0.
    dialysis : bool or None
        At least twice in the week before, or 24 hours of continuous dialysis. Creatinine then is not asked.

    Returns
    -------
    Meld
        With inputs missing, the score has all values that they still allow.

    Raises
    ------
    DataError
        If a value is negative.

    Examples
    --------
    >>> result = meld(bilirubin_umol_per_l=32.49, inr=1.2, creatinine_umol_per_l=114.92, dialysis=False)
    >>> round(result.raw, 3), result.score.value
    (13.409, 13)

    References
    ----------
    Kamath PS et al. Hepatology 2001;33:464-470.
    """
    creatinine = _in_units(creatinine_umol_per_l, "CREAT", "umol/L", "mg/dL")
    known = (
        _ends(_in_units(bilirubin_umol_per_l, "BILI", "umol/L", "mg/dL"), BILIRUBIN),
        _ends(_ratio(inr), INR),
    )
    cases = [(*known, filtered) for filtered in _kidney(creatinine, CREATININE, dialysis=dialysis)]
    inputs = {"bilirubin_umol_per_l": bilirubin_umol_per_l, "inr": inr, "dialysis": dialysis}
    asked = inputs if dialysis else inputs | {"creatinine_umol_per_l": creatinine}
    return _answer(_meld_terms, MELD, cases, (BILIRUBIN, INR, CREATININE), missing_names(asked))


def meld_na(
    *,
    bilirubin_umol_per_l: Number | None,
    inr: Number | None,
    creatinine_umol_per_l: Number | None,
    dialysis: bool | None,
    sodium_mmol_per_l: Number | None,
) -> Meld:
    """Return the MELD score with sodium, as allocated from 2016.

    Sodium counts only where the rounded MELD score is above 11, and it is the rounded score that enters the formula.

    Parameters
    ----------
    bilirubin_umol_per_l, inr, creatinine_umol_per_l, dialysis
        As in `meld`.
    sodium_mmol_per_l : number or None
        In mmol/L, brought into 125 to 137.

    Returns
    -------
    Meld
        With inputs missing, the score has all values that they still allow.

    Raises
    ------
    DataError
        If a value is negative.

    Examples
    --------
    >>> meld_na(bilirubin_umol_per_l=68.4, inr=1.8, creatinine_umol_per_l=167.96, dialysis=False,
    ...     sodium_mmol_per_l=128).score.value
    29

    References
    ----------
    OPTN policy 9.1.D of January 2016.
    """
    initial = meld(
        bilirubin_umol_per_l=bilirubin_umol_per_l,
        inr=inr,
        creatinine_umol_per_l=creatinine_umol_per_l,
        dialysis=dialysis,
    )
    sodium = None if sodium_mmol_per_l is None else non_negative(sodium_mmol_per_l, "sodium")
    cases = [((Fraction(score),), _ends(sodium, SODIUM)) for score in initial.score.possible]
    return _answer(
        _meld_na_terms,
        MELD_NA,
        cases,
        (SCORE, SODIUM),
        (*initial.score.missing, *missing_names({"sodium_mmol_per_l": sodium})),
    )


def meld_3(
    *,
    bilirubin_umol_per_l: Number | None,
    inr: Number | None,
    creatinine_umol_per_l: Number | None,
    dialysis: bool | None,
    sodium_mmol_per_l: Number | None,
    albumin_g_per_l: Number | None,
    female: bool | None,
) -> Meld:
    """Return the MELD 3.0 score.

    Values below 1 mg/dL (or INR 1) count as 1; creatinine above 3 mg/dL, or dialysis, counts as 3. The score is
    rounded half up and kept within 6 to 40.

    Parameters
    ----------
    bilirubin_umol_per_l, inr, creatinine_umol_per_l, dialysis
        As in `meld`.
    sodium_mmol_per_l : number or None
        In mmol/L, brought into 125 to 137.
    albumin_g_per_l : number or None
        In g/L, brought into 15 to 35.
    female : bool or None

    Returns
    -------
    Meld
        With inputs missing, the score has all values that they still allow.

    Raises
    ------
    DataError
        If a value is negative.

    Examples
    --------
    >>> result = meld_3(bilirubin_umol_per_l=68.4, inr=1.8, creatinine_umol_per_l=167.96, dialysis=False,
    ...     sodium_mmol_per_l=128, albumin_g_per_l=28, female=True)
    >>> round(result.raw, 3), result.score.value
    (31.003, 31)

    References
    ----------
    Kim WR et al. Gastroenterology 2021;161:1887-1895.
    """
    creatinine = _in_units(creatinine_umol_per_l, "CREAT", "umol/L", "mg/dL")
    sodium = None if sodium_mmol_per_l is None else non_negative(sodium_mmol_per_l, "sodium")
    albumin = _in_units(albumin_g_per_l, "ALB", "g/L", "g/dL")
    blood = (
        _ends(_in_units(bilirubin_umol_per_l, "BILI", "umol/L", "mg/dL"), BILIRUBIN),
        _ends(_ratio(inr), INR),
    )
    rest = (_ends(sodium, SODIUM), _ends(albumin, ALBUMIN))
    cases = [
        (*blood, filtered, *rest, (Fraction(is_female),))
        for filtered in _kidney(creatinine, CREATININE_3, dialysis=dialysis)
        for is_female in ((False, True) if female is None else (female,))
    ]
    inputs = {"bilirubin_umol_per_l": bilirubin_umol_per_l, "inr": inr, "dialysis": dialysis}
    asked = inputs if dialysis else inputs | {"creatinine_umol_per_l": creatinine}
    more = {"sodium_mmol_per_l": sodium, "albumin_g_per_l": albumin, "female": female}
    labels = (BILIRUBIN, INR, CREATININE_3, SODIUM, ALBUMIN, FEMALE)
    return _answer(_meld_3_terms, MELD_3, cases, labels, missing_names(asked | more))


def _ratio(inr: Number | None) -> Fraction | None:
    return None if inr is None else non_negative(inr, "INR")


def _in_units(value: Number | None, quantity: str, unit: str, to: str) -> Fraction | None:
    return None if value is None else convert(non_negative(value, quantity), quantity, unit, to)


def _ends(value: Fraction | None, bounds: Bounds) -> tuple[Fraction, ...]:
    """Return the value within its bounds, or the ends of the range where it is missing."""
    most = _ENDLESS if bounds.most is None else bounds.most
    return (bounds.least, most) if value is None else (min(max(value, bounds.least), most),)


def _kidney(creatinine: Fraction | None, bounds: Bounds, *, dialysis: bool | None) -> Iterator[tuple[Fraction, ...]]:
    """Yield the creatinine of each way in which dialysis may be: the upper bound with it, as measured without."""
    if dialysis is not True:
        yield _ends(creatinine, bounds)
    if dialysis is not False:
        yield _ends(bounds.most, bounds)


def _answer(
    formula: Callable[..., Mapping[str, Fraction]],
    factors: Mapping[str, Fraction],
    cases: _Cases,
    labels: Sequence[Bounds],
    missing: tuple[str, ...],
) -> Meld:
    """Return the score of a formula, or every score that lies between the ends of its inputs.

    Each formula is linear in each of its terms, so its least and greatest values are at the ends of the inputs.
    """
    corners = [list(product(*case)) for case in cases]
    raws = [[_value(formula(*corner), factors) for corner in corner_set] for corner_set in corners]
    possible = sorted({whole for raw in raws for whole in range(_whole(min(raw)), _whole(max(raw)) + 1)})
    if len(possible) > 1:
        return Meld(None, undetermined(missing, possible))
    if missing:
        return Meld(None, decided(possible[0], "whatever the missing values are", missing))
    used = ", ".join(
        f"{label.label} {in_decimals(value)}{f' {label.unit}' if label.unit else ''}"
        for label, value in zip(labels, corners[0][0], strict=True)
    )
    return Meld(float(raws[0][0]), decided(possible[0], f"{used}: {float(raws[0][0]):.3f} before rounding"))


def _value(terms: Mapping[str, Fraction], factors: Mapping[str, Fraction]) -> Fraction:
    return sum((factor * terms[name] for name, factor in factors.items()), Fraction(0))


def _whole(raw: Fraction) -> int:
    """Round half up and keep within 6 to 40."""
    return int(_ends(Fraction(floor(raw + Fraction(1, 2))), SCORE)[0])


def _ln(value: Fraction) -> Fraction:
    """Return the natural logarithm to 50 digits."""
    digits = Context(prec=50)
    return Fraction(digits.ln(digits.divide(Decimal(value.numerator), Decimal(value.denominator))))


def _meld_terms(bilirubin: Fraction, inr: Fraction, creatinine: Fraction) -> dict[str, Fraction]:
    return {
        "constant": Fraction(1),
        "ln bilirubin": _ln(bilirubin),
        "ln INR": _ln(inr),
        "ln creatinine": _ln(creatinine),
    }


def _meld_na_terms(score: Fraction, sodium: Fraction) -> dict[str, Fraction]:
    deficit = 137 - sodium if score > SODIUM_COUNTS_ABOVE else Fraction(0)
    return {"MELD": score, "(137 - sodium)": deficit, "MELD x (137 - sodium)": score * deficit}


def _meld_3_terms(
    bilirubin: Fraction, inr: Fraction, creatinine: Fraction, sodium: Fraction, albumin: Fraction, female: Fraction
) -> dict[str, Fraction]:
    terms = _meld_terms(bilirubin, inr, creatinine)
    salt, protein = 137 - sodium, exact(3.5) - albumin
    return terms | {
        "female": female,
        "(137 - sodium)": salt,
        "(137 - sodium) x ln bilirubin": salt * terms["ln bilirubin"],
        "(3.5 - albumin)": protein,
        "(3.5 - albumin) x ln creatinine": protein * terms["ln creatinine"],
    }


def _formula(name: str, factors: Mapping[str, Fraction], bounds: Sequence[Bounds]) -> tuple[str, ...]:
    terms = " + ".join(
        in_decimals(factor) if term == "constant" else f"{in_decimals(factor)} {term}"
        for term, factor in factors.items()
    )
    ranges = "; ".join(
        f"{one.label} {'from ' if one.most is None else ''}{in_decimals(one.least)}"
        f"{'' if one.most is None else f' to {in_decimals(one.most)}'}"
        f"{f' {one.unit}' if one.unit else ''}"
        for one in bounds
    )
    return name, terms.replace("+ -", "- "), ranges


MELD_RULE: Final = Rule(
    id="meld",
    title="MELD, MELD-Na and MELD 3.0",
    question="How far has the liver failed, by bilirubin, INR, creatinine, and sodium and albumin where they count?",
    functions=("meld", "meld_na", "meld_3"),
    sources=(
        Source("Kamath PS et al. Hepatology 2001;33:464-470", "formula", "from knowledge"),
        Source("calculatorlib.com/meld-score-calculator", "formula and worked example 13.41", "seen"),
        Source("thecalculator.co, MELD-Calculator-421; tools.gera.services/meld-score", "MELD-Na of 2016", "seen"),
        Source("OPTN policy 9.1.D, quoted in MIT-LCP/mimic-code", "mimic-iv/concepts/organfailure/meld.sql", "seen"),
        Source("Kim WR et al. Gastroenterology 2021;161:1887-1895", "formula of MELD 3.0", "from knowledge"),
        Source("modelling.cds-platform.com, MELD_3_0 v.3.1", "coefficients; no cap at 40", "seen"),
        Source("staging.patientnotes.ai/tools/calculators/meld-score", "MELD 3.0: bounds, dialysis as 3.0", "seen"),
    ),
    criteria=(
        CriteriaTable(
            "Formulas, and the range into which each value is brought",
            ("score", "formula", "ranges"),
            (
                _formula("MELD", MELD, (BILIRUBIN, INR, CREATININE)),
                _formula(f"MELD-Na, if MELD > {SODIUM_COUNTS_ABOVE}", MELD_NA, (SODIUM,)),
                _formula("MELD 3.0", MELD_3, (BILIRUBIN, INR, CREATININE_3, SODIUM, ALBUMIN)),
            ),
        ),
    ),
    doubts=(
        "The primary papers of MELD and of MELD 3.0 were not read again.",
        "MELD-Na uses the rounded MELD score, as the policy says; code that uses the unrounded one can differ by 1.",
        "The policy keeps scores up to 40; a description of MELD 3.0 says it has no cap. All three are capped here.",
        "Dialysis counts as creatinine 3.0 mg/dL in MELD 3.0, as published calculators have it.",
        "MELD 3.0 gives the points of women to patients of 12 to 17 years; only `female` is asked here.",
        (
            "A web page with the title MELD 3.0 (calculator.city) prints another formula, with ln(140 - sodium); "
            "it is wrong."
        ),
    ),
    vectors=("meld", "meld3"),
)
