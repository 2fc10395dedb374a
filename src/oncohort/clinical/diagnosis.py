"""Diagnosis of hepatocellular carcinoma: EASL 2001 and the rule of the reproduced paper, and where they agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Final, Literal, TypeAlias, get_args

from oncohort.clinical.answer import Answer, decided, undetermined
from oncohort.clinical.exact import Number, in_decimals
from oncohort.clinical.rule import CriteriaTable, Rule, Source
from oncohort.clinical.scale import (
    above,
    below,
    check_word,
    count,
    holds,
    in_words,
    missing_names,
    non_negative,
    positive,
    yes_no,
)
from oncohort.errors import DataError

Histology: TypeAlias = Literal["HCC", "NOT_HCC", "ND"]
EaslDiagnosis: TypeAlias = Literal[
    "HCC_HISTOLOGY",
    "FOLLOW_UP_US_3M",
    "HCC_NONINVASIVE_RADIOLOGICAL",
    "HCC_NONINVASIVE_COMBINED",
    "BIOPSY_REQUIRED",
]
PaperDiagnosis: TypeAlias = Literal["HCC_HISTOLOGY", "HCC_CLINICAL", "BIOPSY_REQUIRED"]

HIGH_AFP: Final = above(400)
FOCAL_MM: Final = above(20)
TINY_MM: Final = below(10)
TWO_TECHNIQUES: Final = 2
_SIZES: Final = (Fraction(9), Fraction(20), Fraction(21))
_NOT_EXCLUDED: Final = "a negative biopsy does not exclude it"


@dataclass(frozen=True, slots=True)
class PairCount:
    """How many patients have one diagnosis by the paper's rule and another by EASL 2001; None is undetermined."""

    paper: str | None
    easl: str | None
    n: int


@dataclass(frozen=True, slots=True)
class DiagnosisConcordance:
    """Two rules on the same patients: the pairs that occur, and how often both or neither call it a carcinoma.

    ``n_compared`` are the patients for whom both rules gave an answer.
    """

    pairs: tuple[PairCount, ...]
    n_compared: int
    n_agree: int


@dataclass(frozen=True, slots=True)
class _Findings:
    """The findings of a patient without positive histology about whom everything is known."""

    cirrhosis: bool
    lesion_mm: Fraction
    n_hypervascular: int
    afp_is_high: bool


def _afp_is_high(afp_ng_per_ml: Number | None) -> bool:
    return afp_ng_per_ml is not None and holds(HIGH_AFP, non_negative(afp_ng_per_ml, "AFP"))


def _said(afp_ng_per_ml: Number | None) -> str:
    """Write the AFP against its bound."""
    if afp_ng_per_ml is None:
        return f"AFP {in_words(HIGH_AFP)} ng/mL not shown: AFP is missing"
    return f"AFP {in_decimals(afp_ng_per_ml)} ng/mL {'' if _afp_is_high(afp_ng_per_ml) else 'not '}{in_words(HIGH_AFP)}"


def diagnose_easl_2001(
    *,
    cirrhosis: bool | None,
    lesion_mm: Number | None,
    n_hypervascular: int | None,
    afp_ng_per_ml: Number | None,
    histology: Histology | None,
) -> Answer[str]:
    """Return the diagnosis by the EASL conference of Barcelona 2000 (published 2001).

    Positive histology is enough. Without it only cirrhosis allows a diagnosis from images. A criterion on AFP that
    was not measured is not met, so the answer then is a biopsy, with AFP among what is missing.

    Parameters
    ----------
    cirrhosis : bool or None
    lesion_mm : number or None
        Diameter of the focal lesion in mm, above 0.
    n_hypervascular : int or None
        How many techniques (ultrasound, spiral CT, MRI, angiography) show it with arterial hypervascularization, 0 to
        4.
    afp_ng_per_ml : number or None
        Alpha-fetoprotein in ng/mL, from 0.
    histology : {"HCC", "NOT_HCC", "ND"} or None
        Of tissue or cells; "ND" and None are both "not done". A negative result excludes nothing.

    Returns
    -------
    Answer of str
        HCC_HISTOLOGY, HCC_NONINVASIVE_RADIOLOGICAL, HCC_NONINVASIVE_COMBINED, BIOPSY_REQUIRED or FOLLOW_UP_US_3M
        (ultrasound again every 3 months).

    Raises
    ------
    DataError
        If a value or a word cannot be.

    Examples
    --------
    >>> answer = diagnose_easl_2001(
    ...     cirrhosis=True, lesion_mm=30, n_hypervascular=1, afp_ng_per_ml=401, histology=None)
    >>> answer.value, answer.why
    ('HCC_NONINVASIVE_COMBINED', 'cirrhosis, lesion 30 mm > 20, hypervascular in 1 technique, AFP 401 ng/mL > 400')

    References
    ----------
    Bruix J et al. J Hepatol 2001;35:421-430 (not read again).
    """
    _check_histology(histology)
    findings = {"cirrhosis": cirrhosis, "lesion_mm": lesion_mm, "n_hypervascular": n_hypervascular}
    missing = missing_names({**findings, "afp_ng_per_ml": afp_ng_per_ml})
    size = None if lesion_mm is None else positive(lesion_mm, "lesion in mm")
    seen = None if n_hypervascular is None else count(n_hypervascular, "hypervascular techniques", least=0, most=4)
    is_high = _afp_is_high(afp_ng_per_ml)
    if histology == "HCC":
        return decided("HCC_HISTOLOGY", "histology positive", missing)
    found = {
        _route(_Findings(*case, is_high))
        for case in product(
            (True, False) if cirrhosis is None else (cirrhosis,),
            _SIZES if size is None else (size,),
            range(TWO_TECHNIQUES + 1) if seen is None else (seen,),
        )
    }
    possible = [name for name in get_args(EaslDiagnosis) if name in found]
    if len(possible) > 1:
        return undetermined(missing, possible)
    said = {
        "cirrhosis" if cirrhosis else "no cirrhosis": cirrhosis is not None,
        f"lesion {_against(size)}": size is not None,
        f"hypervascular in {seen} technique{'' if seen == 1 else 's'}": seen is not None,
        _said(afp_ng_per_ml): possible[0] in {"HCC_NONINVASIVE_COMBINED", "BIOPSY_REQUIRED"},
        _NOT_EXCLUDED: histology == "NOT_HCC",
    }
    return decided(possible[0], ", ".join(words for words, is_so in said.items() if is_so), missing)


def _against(size: Fraction | None) -> str:
    """Write the size of a lesion with the interval it lies in."""
    if size is None:
        return ""
    interval = next((part for part in (TINY_MM, FOCAL_MM) if holds(part, size)), None)
    return f"{in_decimals(size)} mm {in_words(interval) if interval else 'in 10 to 20'}"


def _route(findings: _Findings) -> EaslDiagnosis:
    return next(name for name, fits in _ROUTES if fits(findings))


def _is_focal(findings: _Findings) -> bool:
    return findings.cirrhosis and holds(FOCAL_MM, findings.lesion_mm)


_ROUTES: Final[tuple[tuple[EaslDiagnosis, Callable[[_Findings], bool]], ...]] = (
    ("FOLLOW_UP_US_3M", lambda f: holds(TINY_MM, f.lesion_mm)),
    ("HCC_NONINVASIVE_RADIOLOGICAL", lambda f: _is_focal(f) and f.n_hypervascular >= TWO_TECHNIQUES),
    ("HCC_NONINVASIVE_COMBINED", lambda f: _is_focal(f) and f.n_hypervascular >= 1 and f.afp_is_high),
    ("BIOPSY_REQUIRED", lambda _: True),
)
"""The answers without positive histology, in the order in which they are tried."""


def diagnose_afp_imaging(
    afp_ng_per_ml: Number | None, *, typical_imaging: bool | None, histology: Histology | None
) -> Answer[str]:
    """Return the diagnosis by the rule of the reproduced paper: AFP over 400 ng/mL with typical images, else a biopsy.

    Cirrhosis, the size of the lesion and the number of techniques are not asked. AFP that was not measured is not
    over 400, so the answer then is a biopsy, with AFP among what is missing.

    Parameters
    ----------
    afp_ng_per_ml : number or None
        Alpha-fetoprotein in ng/mL, from 0.
    typical_imaging : bool or None
    histology : {"HCC", "NOT_HCC", "ND"} or None
        "ND" and None are both "not done".

    Returns
    -------
    Answer of str
        HCC_HISTOLOGY, HCC_CLINICAL or BIOPSY_REQUIRED.

    Raises
    ------
    DataError
        If the AFP or the word cannot be.

    Examples
    --------
    >>> diagnose_afp_imaging(401, typical_imaging=True, histology=None).value
    'HCC_CLINICAL'
    >>> diagnose_afp_imaging(None, typical_imaging=True, histology=None)
    Answer(value='BIOPSY_REQUIRED', why='AFP > 400 ng/mL not shown: AFP is missing, typical imaging yes',
           missing=('afp_ng_per_ml',), possible=('BIOPSY_REQUIRED',))
    """
    _check_histology(histology)
    is_high = _afp_is_high(afp_ng_per_ml)
    missing = missing_names({"afp_ng_per_ml": afp_ng_per_ml, "typical_imaging": typical_imaging})
    if histology == "HCC":
        return decided("HCC_HISTOLOGY", "histology positive", missing)
    if is_high and typical_imaging is None:
        return undetermined(missing, ("HCC_CLINICAL", "BIOPSY_REQUIRED"))
    said = {
        _said(afp_ng_per_ml): True,
        f"typical imaging {yes_no(bool(typical_imaging))}": typical_imaging is not None,
        _NOT_EXCLUDED: histology == "NOT_HCC",
    }
    value = "HCC_CLINICAL" if is_high and typical_imaging else "BIOPSY_REQUIRED"
    return decided(value, ", ".join(words for words, is_so in said.items() if is_so), missing)


def _check_histology(histology: str | None) -> None:
    if histology is not None:
        check_word(histology, get_args(Histology), "histology")


def diagnosis_concordance(paper: Sequence[Answer[str]], easl: Sequence[Answer[str]]) -> DiagnosisConcordance:
    """Compare the two rules on the same patients.

    They agree on a patient where both call it a carcinoma, by whatever route, or neither does.

    Parameters
    ----------
    paper, easl : sequence of Answer
        What `diagnose_afp_imaging` and `diagnose_easl_2001` gave, one a patient, in the same order.

    Returns
    -------
    DiagnosisConcordance
        The pairs that occur, in the order in which the rules list their answers, undetermined last.

    Raises
    ------
    DataError
        If the two are not of the same length.

    Examples
    --------
    >>> paper = [diagnose_afp_imaging(10, typical_imaging=True, histology=None)]
    >>> easl = [diagnose_easl_2001(cirrhosis=True, lesion_mm=30, n_hypervascular=2, afp_ng_per_ml=10, histology=None)]
    >>> diagnosis_concordance(paper, easl).n_agree
    0
    """
    if len(paper) != len(easl):
        raise DataError(
            f"{len(paper)} and {len(easl)} diagnoses cannot be compared; one of each a patient was expected"
        )
    pairs = Counter((one.value, other.value) for one, other in zip(paper, easl, strict=True))
    rows: tuple[str | None, ...] = (*get_args(PaperDiagnosis), None)
    columns: tuple[str | None, ...] = (*get_args(EaslDiagnosis), None)
    counts = tuple(PairCount(*pair, pairs[pair]) for pair in product(rows, columns) if pairs[pair])
    compared = [pair for pair in counts if pair.paper is not None and pair.easl is not None]
    agreeing = [pair for pair in compared if _is_carcinoma(pair.paper) == _is_carcinoma(pair.easl)]
    return DiagnosisConcordance(counts, sum(pair.n for pair in compared), sum(pair.n for pair in agreeing))


def _is_carcinoma(diagnosis: str | None) -> bool:
    return diagnosis is not None and diagnosis.startswith("HCC_")


_EASL_CRITERIA: Final[Mapping[EaslDiagnosis, str]] = {
    "HCC_HISTOLOGY": "histology or cytology positive, in any liver",
    "FOLLOW_UP_US_3M": f"lesion {in_words(TINY_MM)} mm: ultrasound again every 3 months",
    "HCC_NONINVASIVE_RADIOLOGICAL": (
        f"cirrhosis, focal lesion {in_words(FOCAL_MM)} mm, arterial hypervascularization in {TWO_TECHNIQUES} techniques"
    ),
    "HCC_NONINVASIVE_COMBINED": (
        f"cirrhosis, focal lesion {in_words(FOCAL_MM)} mm, arterial hypervascularization in 1 technique, and "
        f"AFP {in_words(HIGH_AFP)} ng/mL"
    ),
    "BIOPSY_REQUIRED": "all others",
}
_PAPER_CRITERIA: Final[Mapping[PaperDiagnosis, str]] = {
    "HCC_HISTOLOGY": "histology positive",
    "HCC_CLINICAL": f"AFP {in_words(HIGH_AFP)} ng/mL and typical imaging",
    "BIOPSY_REQUIRED": "all others",
}

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        id="hcc_diagnosis",
        title="Diagnosis of hepatocellular carcinoma",
        question="Is the diagnosis made, and by which route?",
        functions=("diagnose_easl_2001", "diagnose_afp_imaging", "diagnosis_concordance"),
        sources=(
            Source("Bruix J et al. J Hepatol 2001;35:421-430", "table of the diagnostic criteria", "from knowledge"),
            Source("CDISC controlled terminology, March 2025", "term EASL BRUIX LIVER CANCER 2001", "seen"),
            Source("Wang C et al. Exp Ther Med 2012;4(2):188, the reproduced paper", "Methods: diagnosis", "paper"),
        ),
        criteria=(
            CriteriaTable(
                "EASL 2001, in the order they are tried", ("answer", "criteria"), tuple(_EASL_CRITERIA.items())
            ),
            CriteriaTable(
                "The paper, in the order they are tried", ("answer", "criteria"), tuple(_PAPER_CRITERIA.items())
            ),
        ),
        doubts=(
            "The table of 2001 was not read again.",
            (
                "The paper asks neither for cirrhosis nor for a size of the lesion nor for a number of techniques, and "
                "sends typical images with AFP up to 400 ng/mL to biopsy, which EASL 2001 does not where two "
                "techniques agree."
            ),
            "AFP that was not measured is taken as not shown to be over 400, in both rules, so that a biopsy is due.",
            (
                "A lesion of 10 to 20 mm needs a biopsy, and 30 to 40 % of negative ones are false, so a negative "
                "result excludes nothing here."
            ),
            "Ultrasound again in 3 months is read for a lesion under 10 mm in any liver, not in cirrhosis alone.",
            "Later editions (AASLD 2005, EASL 2012 and 2018) need one technique with washout; they are not computed.",
        ),
        vectors=("dx_easl2001", "dx_paper"),
    ),
)
