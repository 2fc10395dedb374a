"""The score of the Cancer of the Liver Italian Program."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from oncohort.clinical.answer import Answer, decided, undetermined
from oncohort.clinical.exact import Number, in_decimals
from oncohort.clinical.jis_score import CHILD_PUGH, check_tumor
from oncohort.clinical.points import Choice, PointScore, choice_rows, choose, one_point, sum_points
from oncohort.clinical.rule import CriteriaTable, Rule, Source
from oncohort.clinical.scale import above, at_least, below, holds, in_words, missing_names, non_negative, place
from oncohort.errors import DataError

CLIP_AFP: Final = one_point("afp_ng_per_ml", "AFP", "ng/mL", at_least(400), below(400))
CLIP_EXTENSION: Final = above(50)
CLIP_THROMBOSIS: Final = Choice("portal_vein_thrombosis", "portal vein thrombosis", {False: 0, True: 1})
CLIP_MORPHOLOGY: Final[Mapping[str, int]] = {"uninodular": 0, "multinodular": 1, "massive or over half of the liver": 2}


def check_percent(percent: Number | None) -> None:
    """Refuse a share of the liver that cannot be."""
    if percent is not None and non_negative(percent, "tumor in % of the liver") > 100:
        raise DataError(f'tumor in % of the liver: "{percent}" cannot be; a number from 0 to 100 was expected')


def clip(
    *,
    child_pugh_class: str | None,
    n_nodules: int | None,
    massive: bool | None,
    tumor_percent_of_liver: Number | None,
    afp_ng_per_ml: Number | None,
    portal_vein_thrombosis: bool | None,
) -> PointScore:
    """Return the score of the Cancer of the Liver Italian Program.

    AFP of exactly 400 ng/mL has the point, unlike in the HAP score.

    Parameters
    ----------
    child_pugh_class : {"A", "B", "C"} or None
    n_nodules : int or None
        From 1; not asked of a massive tumor.
    massive : bool or None
        Whether the tumor is massive or diffuse.
    tumor_percent_of_liver : number or None
        Tumor in percent of the liver, 0 to 100; over 50 counts as massive.
    afp_ng_per_ml : number or None
        In ng/mL, from 0.
    portal_vein_thrombosis : bool or None

    Returns
    -------
    PointScore
        Score 0 to 6.

    Raises
    ------
    DataError
        If a value cannot be.

    Examples
    --------
    >>> clip(child_pugh_class="B", n_nodules=None, massive=True, tumor_percent_of_liver=None, afp_ng_per_ml=1019,
    ...     portal_vein_thrombosis=True).score.value
    5

    References
    ----------
    CLIP investigators. Hepatology 1998;28:751-755.
    """
    check_tumor(n_nodules, None)
    check_percent(tumor_percent_of_liver)
    points = {
        "child_pugh": choose(CHILD_PUGH, child_pugh_class),
        "morphology": _morphology(n_nodules, massive=massive, percent=tumor_percent_of_liver),
        "afp": place(CLIP_AFP, afp_ng_per_ml),
        "portal_vein_thrombosis": choose(CLIP_THROMBOSIS, portal_vein_thrombosis),
    }
    return PointScore(points, sum_points(points))


def _morphology(n_nodules: int | None, *, massive: bool | None, percent: Number | None) -> Answer[int]:
    over_half = None if percent is None else holds(CLIP_EXTENSION, non_negative(percent, "tumor"))
    uninodular, multinodular, extensive = CLIP_MORPHOLOGY
    if massive or over_half:
        why = "massive tumor" if massive else f"tumor {in_decimals(percent or 0)} % of the liver > 50"
        missing = missing_names({"massive": massive, "tumor_percent_of_liver": percent})
        return decided(CLIP_MORPHOLOGY[extensive], why, missing)
    names = {uninodular, multinodular} if n_nodules is None else {uninodular if n_nodules == 1 else multinodular}
    if massive is None or over_half is None:
        names |= {extensive}
    if len(names) == 1:
        name = names.pop()
        return decided(CLIP_MORPHOLOGY[name], f"{name}, not over half of the liver")
    inputs = {"n_nodules": n_nodules, "massive": massive, "tumor_percent_of_liver": percent}
    return undetermined(missing_names(inputs), sorted(CLIP_MORPHOLOGY[name] for name in names))


CLIP_RULE: Final = Rule(
    id="clip",
    title="CLIP score",
    question="How far is the disease, by Child-Pugh class, extent of the tumor, AFP and portal vein?",
    functions=("clip",),
    sources=(
        Source("World J Hepatol 2015;7:406-424", "table 2", "seen"),
        Source("World J Gastroenterol 2014;20(44):16630-16638", "table 3: AFP in ng/mL", "seen"),
        Source("CLIP investigators. Hepatology 1998;28:751-755", "definition of the score", "from knowledge"),
    ),
    criteria=(
        CriteriaTable(
            "Points",
            ("item", "value", "points"),
            (
                *choice_rows(CHILD_PUGH),
                *(("morphology", name, str(points)) for name, points in CLIP_MORPHOLOGY.items()),
                *(("AFP, ng/mL", in_words(part), str(points)) for part, points in reversed(CLIP_AFP.levels)),
                *choice_rows(CLIP_THROMBOSIS),
            ),
        ),
    ),
    doubts=(
        "The table of 2015 prints AFP in ng/dL; the unit is ng/mL, as the table of 2014 has it.",
        "AFP of exactly 400 ng/mL has the point here and none in the HAP score, as printed.",
        "A diffuse tumor counts as massive.",
        (
            "Published code disagrees: sastyrg/calculadora-hcc compares the size in cm with the 50 % and uses "
            "bilirubin and albumin in place of the Child-Pugh class."
        ),
        "The paper of 1998 was not read again.",
    ),
    vectors=("clip",),
)
