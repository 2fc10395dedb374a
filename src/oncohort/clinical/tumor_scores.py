"""Prognostic scores of hepatocellular carcinoma: HAP, mHAP-II, CLIP, Okuda and JIS."""

from __future__ import annotations

from typing import Final

from oncohort.clinical.clip_score import CLIP_RULE, check_percent, clip
from oncohort.clinical.exact import Number
from oncohort.clinical.jis_score import JIS_RULE, check_tumor, jis, lcsgj_stage
from oncohort.clinical.points import Choice, ClassedScore, choose, classed, one_point, threshold_row
from oncohort.clinical.rule import CriteriaTable, Rule, Source
from oncohort.clinical.scale import (
    Scale,
    above,
    at_least,
    at_most,
    below,
    between,
    in_words,
    place,
)
from oncohort.clinical.tumor_number_size import (
    BURDEN_RULE,
    TumorBurdenScore,
    is_within_up_to,
    six_and_twelve,
    tumor_burden_score,
)

__all__ = [
    "RULES",
    "TumorBurdenScore",
    "clip",
    "hap",
    "is_within_up_to",
    "jis",
    "lcsgj_stage",
    "mhap_2",
    "okuda",
    "six_and_twelve",
    "tumor_burden_score",
]


HAP_ALBUMIN: Final = one_point("albumin_g_per_l", "albumin", "g/L", below(36), at_least(36))
HAP_BILIRUBIN: Final = one_point("bilirubin_umol_per_l", "total bilirubin", "umol/L", above(17), at_most(17))
HAP_AFP: Final = one_point("afp_ng_per_ml", "AFP", "ng/mL", above(400), at_most(400))
HAP_SIZE: Final = one_point("max_diam_mm", "largest diameter", "mm", above(70), at_most(70))
MHAP_NUMBER: Final = one_point("n_nodules", "number of nodules", "", at_least(2), below(2))
HAP_CLASSES: Final[Scale[str]] = Scale(
    "score", "HAP score", "", ((between(0, 0), "A"), (between(1, 1), "B"), (between(2, 2), "C"), (at_least(3), "D"))
)

OKUDA_EXTENSION: Final = one_point("tumor_percent_of_liver", "tumor", "% of the liver", above(50), at_most(50))
OKUDA_ASCITES: Final = Choice("ascites", "ascites", {False: 0, True: 1})
OKUDA_ALBUMIN: Final = one_point("albumin_g_per_l", "albumin", "g/L", below(30), at_least(30))
OKUDA_BILIRUBIN: Final = one_point("bilirubin_umol_per_l", "total bilirubin", "umol/L", above(51.3), at_most(51.3))
OKUDA_STAGES: Final[Scale[str]] = Scale(
    "score", "Okuda signs", "", ((between(0, 0), "I"), (between(1, 2), "II"), (between(3, 4), "III"))
)


def hap(
    *,
    albumin_g_per_l: Number | None,
    bilirubin_umol_per_l: Number | None,
    afp_ng_per_ml: Number | None,
    max_diam_mm: Number | None,
) -> ClassedScore:
    """Return the HAP score before chemoembolization.

    Parameters
    ----------
    albumin_g_per_l, bilirubin_umol_per_l, afp_ng_per_ml : number or None
        In g/L, umol/L and ng/mL, from 0.
    max_diam_mm : number or None
        Largest diameter in mm, above 0.

    Returns
    -------
    ClassedScore
        Score 0 to 4; class "A" (0), "B" (1), "C" (2) or "D" (3 and over).

    Raises
    ------
    DataError
        If a value cannot be.

    Examples
    --------
    >>> result = hap(albumin_g_per_l=35.9, bilirubin_umol_per_l=17, afp_ng_per_ml=401, max_diam_mm=70)
    >>> result.score.value, result.cls.value, result.points["afp"].why
    (2, 'C', 'AFP 401 ng/mL > 400')

    References
    ----------
    Kadalayil L et al. Ann Oncol 2013;24:2565-2570.
    """
    check_tumor(None, max_diam_mm)
    points = {
        "albumin": place(HAP_ALBUMIN, albumin_g_per_l),
        "bilirubin": place(HAP_BILIRUBIN, bilirubin_umol_per_l),
        "afp": place(HAP_AFP, afp_ng_per_ml),
        "size": place(HAP_SIZE, max_diam_mm),
    }
    return classed(points, HAP_CLASSES)


def mhap_2(
    *,
    albumin_g_per_l: Number | None,
    bilirubin_umol_per_l: Number | None,
    afp_ng_per_ml: Number | None,
    max_diam_mm: Number | None,
    n_nodules: int | None,
) -> ClassedScore:
    """Return the modified HAP-II score: HAP and one point for two nodules or more.

    Parameters
    ----------
    albumin_g_per_l, bilirubin_umol_per_l, afp_ng_per_ml, max_diam_mm
        As in `hap`.
    n_nodules : int or None
        From 1.

    Returns
    -------
    ClassedScore
        Score 0 to 5; class "A" (0), "B" (1), "C" (2) or "D" (3 and over).

    Raises
    ------
    DataError
        If a value cannot be.

    Examples
    --------
    >>> result = mhap_2(
    ...     albumin_g_per_l=35, bilirubin_umol_per_l=20, afp_ng_per_ml=1019, max_diam_mm=80, n_nodules=None)
    >>> result.score.possible, result.cls.value
    ((4, 5), 'D')

    References
    ----------
    Park Y et al. Dig Liver Dis 2016;48:907-912.
    """
    check_tumor(n_nodules, max_diam_mm)
    four = hap(
        albumin_g_per_l=albumin_g_per_l,
        bilirubin_umol_per_l=bilirubin_umol_per_l,
        afp_ng_per_ml=afp_ng_per_ml,
        max_diam_mm=max_diam_mm,
    )
    return classed({**four.points, "number": place(MHAP_NUMBER, n_nodules)}, HAP_CLASSES)


def okuda(
    *,
    tumor_percent_of_liver: Number | None,
    ascites: bool | None,
    albumin_g_per_l: Number | None,
    bilirubin_umol_per_l: Number | None,
) -> ClassedScore:
    """Return the Okuda stage.

    A value on a bound has no point: tumor of 50 %, albumin of 30 g/L, bilirubin of 51.3 umol/L.

    Parameters
    ----------
    tumor_percent_of_liver : number or None
        Tumor in percent of the liver, 0 to 100.
    ascites : bool or None
        Of any grade.
    albumin_g_per_l, bilirubin_umol_per_l : number or None
        In g/L and umol/L, from 0.

    Returns
    -------
    ClassedScore
        Score 0 to 4; stage "I" (0), "II" (1 to 2) or "III" (3 to 4).

    Raises
    ------
    DataError
        If a value cannot be.

    Examples
    --------
    >>> okuda(tumor_percent_of_liver=51, ascites=True, albumin_g_per_l=29, bilirubin_umol_per_l=20).cls.value
    'III'

    References
    ----------
    Okuda K et al. Cancer 1985;56:918-928.
    """
    check_percent(tumor_percent_of_liver)
    points = {
        "tumor": place(OKUDA_EXTENSION, tumor_percent_of_liver),
        "ascites": choose(OKUDA_ASCITES, ascites),
        "albumin": place(OKUDA_ALBUMIN, albumin_g_per_l),
        "bilirubin": place(OKUDA_BILIRUBIN, bilirubin_umol_per_l),
    }
    return classed(points, OKUDA_STAGES)


def _classes(scale: Scale[str]) -> tuple[tuple[str, str], ...]:
    return tuple((name, in_words(part)) for part, name in scale.levels)


def _signs(*rows: tuple[str, str]) -> CriteriaTable:
    return CriteriaTable("One point for each", ("item", "criterion"), rows)


_HAP_RULE: Final = Rule(
    id="hap",
    title="HAP and mHAP-II scores",
    question="How good is the outlook of chemoembolization?",
    functions=("hap", "mhap_2"),
    sources=(
        Source("Cancer Imaging 2023, doi 10.1186/s40644-023-00575-6", "table 1", "seen"),
        Source("Kadalayil L et al. Ann Oncol 2013;24:2565-2570", "definition of HAP", "from knowledge"),
        Source("Park Y et al. Dig Liver Dis 2016;48:907-912", "definition of mHAP-II", "from knowledge"),
    ),
    criteria=(
        _signs(*map(threshold_row, (HAP_ALBUMIN, HAP_BILIRUBIN, HAP_AFP, HAP_SIZE, MHAP_NUMBER))),
        CriteriaTable("Classes", ("class", "score"), _classes(HAP_CLASSES)),
    ),
    doubts=(
        "The number of nodules counts in mHAP-II only.",
        "The papers of 2013 and 2016 were not read again.",
    ),
    vectors=("hap", "mhap2"),
)

_OKUDA_RULE: Final = Rule(
    id="okuda",
    title="Okuda stage",
    question="How far is the disease, by extent of the tumor, ascites, albumin and bilirubin?",
    functions=("okuda",),
    sources=(
        Source("World J Hepatol 2015;7:406-424", "table 1", "seen"),
        Source("World J Gastroenterol 2014;20(44):16630-16638", "table 2", "seen"),
        Source("Okuda K et al. Cancer 1985;56:918-928", "definition of the stages", "from knowledge"),
    ),
    criteria=(
        _signs(
            *map(threshold_row, (OKUDA_EXTENSION, OKUDA_ALBUMIN, OKUDA_BILIRUBIN)), (OKUDA_ASCITES.label, "present")
        ),
        CriteriaTable("Stages", ("stage", "score"), _classes(OKUDA_STAGES)),
    ),
    doubts=(
        "Tables print > 50 % and < 50 %, < 3 g/dL and > 3 g/dL, so a value on a bound is open; here it has no point.",
        "Published code disagrees: sastyrg/calculadora-hcc compares the size in cm with the 50 %.",
        "The paper of 1985 was not read again.",
    ),
    vectors=("okuda",),
)

RULES: Final[tuple[Rule, ...]] = (_HAP_RULE, CLIP_RULE, _OKUDA_RULE, JIS_RULE, BURDEN_RULE)
