"""Child-Pugh score and class of liver function, with what is still possible where items are missing."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final, Literal, TypeAlias, get_args

from oncohort.clinical.answer import Answer, decided
from oncohort.clinical.exact import Number, exact_or_none
from oncohort.clinical.points import Choice, choose, classify, sum_points
from oncohort.clinical.rule import CriteriaTable, Rule, Source
from oncohort.clinical.scale import Scale, above, below, between, check_word, holds, in_words, place
from oncohort.clinical.units import convert

Cutoffs: TypeAlias = Literal["exact", "rounded"]
Coagulation: TypeAlias = Literal["inr", "pt", "worst"]
Ascites: TypeAlias = Literal["none", "mild", "moderate_severe"]
SignItem: TypeAlias = Literal["ascites", "encephalopathy"]
Item: TypeAlias = Literal["bilirubin", "albumin", "coagulation", "ascites", "encephalopathy"]
ChildPughClass: TypeAlias = Literal["A", "B", "C"]


@dataclass(frozen=True, slots=True)
class LiverFunction:
    """The items of the Child-Pugh score from one assessment; None where missing.

    ``pt_prolongation_s`` is the prothrombin time minus that of the control, in seconds; ``encephalopathy`` is the West
    Haven grade, 0 to 4.
    """

    bilirubin_umol_per_l: Number | None = None
    albumin_g_per_l: Number | None = None
    inr: Number | None = None
    pt_prolongation_s: Number | None = None
    ascites: Ascites | None = None
    encephalopathy: int | None = None


@dataclass(frozen=True, slots=True)
class ChildPugh:
    """The Child-Pugh score with the points of each item.

    ``score_min`` and ``score_max`` are the least and the highest score that is still possible. Flags: ``IMPUTED`` (a
    sign was assumed absent), ``COAGULATION_INR`` or ``COAGULATION_PT`` (which of them was scored) and
    ``ALBUMIN_28_TO_30`` (an older variant of the score gives this albumin 3 points).
    """

    score: Answer[int]
    cls: Answer[str]
    points: Mapping[Item, Answer[int]]
    score_min: int
    score_max: int
    flags: tuple[str, ...] = ()


def _worse_high(key: str, label: str, unit: str, low: Number, high: Number) -> Scale[int]:
    return Scale(key, label, unit, ((below(low), 1), (between(low, high), 2), (above(high), 3)))


def _bilirubin(low: Number, high: Number) -> Scale[int]:
    return _worse_high("bilirubin_umol_per_l", "total bilirubin", "umol/L", low, high)


BILIRUBIN: Final[Mapping[tuple[Cutoffs, bool], Scale[int]]] = {
    ("exact", False): _bilirubin(34.2, 51.3),
    ("rounded", False): _bilirubin(34, 51),
    ("exact", True): _bilirubin(68.4, 171),
    ("rounded", True): _bilirubin(68, 170),
}
"""Bilirubin by cut-offs and by whether the liver disease is cholestatic."""

ALBUMIN: Final[Scale[int]] = Scale(
    "albumin_g_per_l", "albumin", "g/L", ((above(35), 1), (between(28, 35), 2), (below(28), 3))
)
INR: Final[Scale[int]] = _worse_high("inr", "INR", "", 1.7, 2.3)
PT: Final[Scale[int]] = replace(
    _worse_high("pt_prolongation_s", "prothrombin time over control", "s", 4, 6), may_be_negative=True
)
ASCITES: Final = Choice("ascites", "ascites", {"none": 1, "mild": 2, "moderate_severe": 3})
ENCEPHALOPATHY: Final = Choice("encephalopathy", "encephalopathy grade", {0: 1, 1: 2, 2: 2, 3: 3, 4: 3})
CLASSES: Final[Scale[str]] = Scale(
    "score", "Child-Pugh score", "", ((between(5, 6), "A"), (between(7, 9), "B"), (between(10, 15), "C"))
)
_OLDER_ALBUMIN: Final = below(30)


def child_pugh(
    items: LiverFunction,
    *,
    cutoffs: Cutoffs,
    coagulation: Coagulation,
    cholestatic: bool = False,
    assume_absent: AbstractSet[SignItem] = frozenset(),
) -> ChildPugh:
    """Return the Child-Pugh score and class.

    A value on a cut-off has the middle points, 2. A missing item is never taken as normal: the score then is
    undetermined, and the class is given only where every score that is still possible has it.

    Parameters
    ----------
    items : LiverFunction
        From one assessment window.
    cutoffs : {"exact", "rounded"}
        Bilirubin of 2 and 3 mg/dL as 34.2 and 51.3 umol/L, or as 34 and 51. No default.
    coagulation : {"inr", "pt", "worst"}
        Which is scored where both INR and prothrombin time were measured; the other one stands in where it was not.
        ``worst`` takes the higher points. No default.
    cholestatic : bool
        Whether the bilirubin cut-offs of primary biliary cholangitis and sclerosing cholangitis are meant.
    assume_absent : set of {"ascites", "encephalopathy"}
        Signs that count 1 point where they were not recorded, with the flag ``IMPUTED``. Never laboratory values.

    Returns
    -------
    ChildPugh
        Score 5 to 15; class "A" (5 to 6), "B" (7 to 9) or "C" (10 to 15).

    Raises
    ------
    DataError
        If a value cannot be (negative, an unknown word or grade), or an option is unknown.

    Examples
    --------
    >>> liver = LiverFunction(bilirubin_umol_per_l=51.4, albumin_g_per_l=40, inr=1.0, ascites="none", encephalopathy=0)
    >>> result = child_pugh(liver, cutoffs="exact", coagulation="inr")
    >>> result.score.value, result.cls.value, result.points["bilirubin"].why
    (7, 'B', 'total bilirubin 51.4 umol/L > 51.3')
    >>> unknown = child_pugh(LiverFunction(20, 38, 1.2, ascites="none"), cutoffs="exact", coagulation="inr")
    >>> unknown.score.possible, unknown.cls
    ((5, 6, 7), Answer(value=None, why='encephalopathy missing', missing=('encephalopathy',), possible=('A', 'B')))

    References
    ----------
    Pugh RNH et al. Br J Surg 1973;60:646-649.
    """
    check_word(cutoffs, get_args(Cutoffs), "cutoffs")
    check_word(coagulation, get_args(Coagulation), "coagulation")
    for name in assume_absent:
        check_word(name, get_args(SignItem), "assume_absent")
    source = _scored_coagulation(items, coagulation)
    points: dict[Item, Answer[int]] = {
        "bilirubin": place(BILIRUBIN[cutoffs, cholestatic], items.bilirubin_umol_per_l),
        "albumin": place(ALBUMIN, items.albumin_g_per_l),
        "coagulation": place(*source),
        "ascites": _sign(ASCITES, items.ascites, assumed="ascites" in assume_absent),
        "encephalopathy": _sign(ENCEPHALOPATHY, items.encephalopathy, assumed="encephalopathy" in assume_absent),
    }
    score = sum_points({str(name): answer for name, answer in points.items()})
    flags = _flags(items, source, imputed=any(answer.missing and answer.is_determined for answer in points.values()))
    return ChildPugh(score, classify(score, CLASSES), points, min(score.possible), max(score.possible), flags)


def _scored_coagulation(items: LiverFunction, rule: Coagulation) -> tuple[Scale[int], Number | None]:
    """Return the scale and the value that are scored: the preferred one, or what stands in for it."""
    both = ((INR, items.inr), (PT, items.pt_prolongation_s))
    measured = [(scale, value) for scale, value in both if value is not None]
    if not measured:
        return both[rule == "pt"]
    if rule == "worst":
        return max(measured, key=lambda one: max(place(*one).possible))
    return measured[-1 if rule == "pt" else 0]


def _sign(item: Choice, value: str | int | None, *, assumed: bool) -> Answer[int]:
    if value is None and assumed:
        return decided(min(item.points.values()), f"{item.key} not recorded, assumed absent", [item.key])
    return choose(item, value)


def _flags(items: LiverFunction, source: tuple[Scale[int], Number | None], *, imputed: bool) -> tuple[str, ...]:
    albumin = exact_or_none(items.albumin_g_per_l)
    middle = ALBUMIN.levels[1][0]
    told = {
        "IMPUTED": imputed,
        "COAGULATION_INR": source[0] is INR and source[1] is not None,
        "COAGULATION_PT": source[0] is PT and source[1] is not None,
        "ALBUMIN_28_TO_30": albumin is not None and holds(middle, albumin) and holds(_OLDER_ALBUMIN, albumin),
    }
    return tuple(flag for flag, is_so in told.items() if is_so)


def _row(label: str, scale: Scale[int]) -> tuple[str, ...]:
    return (f"{label}, {scale.unit}" if scale.unit else label, *(in_words(part) for part, _ in scale.levels))


def _in_unit(scale: Scale[int], quantity: str, unit: str) -> Scale[int]:
    """Return a scale with its bounds in another unit, as a table prints them."""

    def brought(bound: Fraction | None) -> Fraction | None:
        return None if bound is None else convert(bound, quantity, scale.unit, unit)

    levels = tuple(
        (replace(part, low=brought(part.low), high=brought(part.high)), points) for part, points in scale.levels
    )
    return replace(scale, unit=unit, levels=levels)


def _words(item: Choice) -> tuple[str, ...]:
    by_points = [[str(value) for value, given in item.points.items() if given == points] for points in (1, 2, 3)]
    return (item.label, *(", ".join(values) for values in by_points))


def _bilirubin_rows(*, cholestatic: bool, label: str) -> tuple[tuple[str, ...], ...]:
    exact_scale = BILIRUBIN["exact", cholestatic]
    return (
        _row(label, _in_unit(exact_scale, "BILI", "mg/dL")),
        _row(f"{label} (exact)", exact_scale),
        _row(f"{label} (rounded)", BILIRUBIN["rounded", cholestatic]),
    )


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        id="child_pugh",
        title="Child-Pugh score",
        question="How well does the liver work: class A, B or C?",
        functions=("child_pugh",),
        sources=(
            Source("Pugh RNH et al. Br J Surg 1973;60:646-649", "table of the items", "from knowledge"),
            Source("MSD Manual, Child-Turcotte-Pugh scoring system", "table: 34/51 umol/L, 28-35 g/L, PT, INR", "seen"),
            Source("MDCalc Child-Pugh score, copy in stanfordaimlab/llm-as-clinical-calculator", "md/cps.md", "seen"),
            Source("anesthguide.com ?p=27098; onenueng/wordplease", "row of cholestatic liver disease", "seen"),
            Source("World J Gastroenterol 2008;14:58", "table 1B: 2.0-3.0 mg/dL and 2.8-3.5 g/dL in class B", "seen"),
            Source("PMC3017746", "table 1: albumin 30-35 g/L as 2 points", "seen"),
            Source(
                "Wang C et al. Exp Ther Med 2012;4(2):188, the reproduced paper", "eligibility: 51.3 umol/L", "paper"
            ),
        ),
        criteria=(
            CriteriaTable(
                "Points of the items",
                ("item", *(f"{points} point{'s' if points > 1 else ''}" for _, points in INR.levels)),
                (
                    *_bilirubin_rows(cholestatic=False, label="total bilirubin"),
                    *_bilirubin_rows(cholestatic=True, label="bilirubin in cholestatic disease"),
                    _row("albumin", ALBUMIN),
                    _row("albumin", _in_unit(ALBUMIN, "ALB", "g/dL")),
                    _row("INR", INR),
                    _row("or prothrombin time over control", PT),
                    _words(ASCITES),
                    _words(ENCEPHALOPATHY),
                ),
            ),
            CriteriaTable(
                "Classes", ("class", "score"), tuple((name, in_words(part)) for part, name in CLASSES.levels)
            ),
        ),
        doubts=(
            (
                'The first table of 1973 prints "1-2", "2-3" and ">3", so a value on a cut-off is open; here it has '
                "the  middle points."
            ),
            (
                "Published code disagrees: with bilirubin 2.0 mg/dL, albumin 35 g/L, INR 1.7 and no signs, "
                "lakshay321123/medx gives 8 points (B) as here, sastyrg/calculadora-hcc 5 (A)."
            ),
            (
                "With the rounded cut-offs a bilirubin recorded as 3.0 mg/dL is 51.3 umol/L and scores 3, not the 2 "
                "of the mg/dL row; where laboratories report mg/dL, the exact cut-offs are meant."
            ),
            (
                "An older variant scores albumin 30-35 g/L with 2 points and below 30 with 3; it is not computed, and "
                "albumin from 28 to below 30 is flagged."
            ),
            (
                "Sources disagree on which of INR and prothrombin time counts where both were measured, so the study "
                "says it."
            ),
            "Prothrombin activity in % has rows in Japanese and Chinese tables; it is not scored here.",
            (
                "Ascites controlled by diuretics counts as mild, refractory ascites as moderate to "
                "severe; encephalopathy controlled by medication counts as grade 1 to 2."
            ),
            "The table of 1973 itself was not read again.",
        ),
        vectors=("child_pugh",),
    ),
)
