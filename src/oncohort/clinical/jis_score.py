"""The stage of the Liver Cancer Study Group of Japan, and the Japan Integrated Staging score."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Final

from oncohort.clinical.answer import Answer, decided, undetermined
from oncohort.clinical.exact import Number
from oncohort.clinical.points import Choice, PointScore, choice_rows, choose, sum_points
from oncohort.clinical.rule import CriteriaTable, Rule, Source
from oncohort.clinical.scale import at_most, count, holds, in_words, missing_names, positive, yes_no

CHILD_PUGH: Final = Choice("child_pugh_class", "Child-Pugh", {"A": 0, "B": 1, "C": 2})
LCSGJ_SMALL_MM: Final = at_most(20)
LCSGJ_T: Final[Mapping[int, str]] = {3: "I", 2: "II", 1: "III", 0: "IV"}
"""The stage without spread, by how many hold of: single, small, no vascular invasion."""
JIS_STAGE: Final[Mapping[str, int]] = {"I": 0, "II": 1, "III": 2, "IV": 3}


def check_tumor(n_nodules: int | None, max_diam_mm: Number | None) -> None:
    """Refuse a number of nodules or a largest diameter that cannot be."""
    if n_nodules is not None:
        count(n_nodules, "number of nodules", least=1)
    if max_diam_mm is not None:
        positive(max_diam_mm, "largest diameter in mm")


def lcsgj_stage(
    *,
    n_nodules: int | None,
    max_diam_mm: Number | None,
    vascular_invasion: bool | None,
    n1: bool | None,
    m1: bool | None,
) -> Answer[str]:
    """Return the stage of the Liver Cancer Study Group of Japan.

    Stage I has all three of: single, at most 20 mm, no vascular invasion; each that fails is one stage more. Spread to
    nodes or to other organs is stage IV.

    Parameters
    ----------
    n_nodules : int or None
        From 1.
    max_diam_mm : number or None
        Largest diameter in mm, above 0.
    vascular_invasion : bool or None
        Of a vessel or a bile duct.
    n1, m1 : bool or None
        Spread to nodes, to other organs.

    Returns
    -------
    Answer of str
        "I", "II", "III" or "IV".

    Raises
    ------
    DataError
        If a count or a size cannot be.

    Examples
    --------
    >>> lcsgj_stage(n_nodules=1, max_diam_mm=80, vascular_invasion=True, n1=False, m1=False).why
    'single yes, <= 20 mm no, no vascular invasion no'
    """
    check_tumor(n_nodules, max_diam_mm)
    inputs = {"n_nodules": n_nodules, "max_diam_mm": max_diam_mm, "vascular_invasion": vascular_invasion}
    missing = missing_names({**inputs, "n1": n1, "m1": m1})
    if n1 or m1:
        return decided("IV", ", ".join(name for name, found in (("N1", n1), ("M1", m1)) if found), missing)
    factors = {
        "single": None if n_nodules is None else n_nodules == 1,
        f"{in_words(LCSGJ_SMALL_MM)} mm": None if max_diam_mm is None else _is_small(max_diam_mm),
        "no vascular invasion": None if vascular_invasion is None else not vascular_invasion,
    }
    ways = product(*((True, False) if factor is None else (factor,) for factor in factors.values()))
    found = [LCSGJ_T[sum(way)] for way in ways] + ([] if n1 is m1 is False else ["IV"])
    possible = [stage for stage in JIS_STAGE if stage in found]
    if len(possible) > 1:
        return undetermined(missing, possible)
    why = ", ".join(f"{name} {yes_no(factor)}" for name, factor in factors.items() if factor is not None)
    return decided(possible[0], why, missing)


def _is_small(max_diam_mm: Number) -> bool:
    return holds(LCSGJ_SMALL_MM, positive(max_diam_mm, "largest diameter in mm"))


def jis(
    *,
    child_pugh_class: str | None,
    n_nodules: int | None,
    max_diam_mm: Number | None,
    vascular_invasion: bool | None,
    n1: bool | None,
    m1: bool | None,
) -> PointScore:
    """Return the Japan Integrated Staging score: points of the Child-Pugh class and of the Japanese stage.

    Parameters
    ----------
    child_pugh_class : {"A", "B", "C"} or None
    n_nodules, max_diam_mm, vascular_invasion, n1, m1
        As in `lcsgj_stage`.

    Returns
    -------
    PointScore
        Score 0 to 5.

    Raises
    ------
    DataError
        If a value cannot be.

    Examples
    --------
    >>> jis(child_pugh_class="B", n_nodules=4, max_diam_mm=80, vascular_invasion=True, n1=False, m1=False).score.value
    4

    References
    ----------
    Kudo M et al. J Gastroenterol 2003;38:207-215.
    """
    stage = lcsgj_stage(n_nodules=n_nodules, max_diam_mm=max_diam_mm, vascular_invasion=vascular_invasion, n1=n1, m1=m1)
    of_stage = Answer(
        value=None if stage.value is None else JIS_STAGE[stage.value],
        why=stage.why if stage.value is None else f"LCSGJ stage {stage.value} ({stage.why})",
        missing=stage.missing,
        possible=tuple(JIS_STAGE[name] for name in stage.possible),
    )
    points = {"child_pugh": choose(CHILD_PUGH, child_pugh_class), "stage": of_stage}
    return PointScore(points, sum_points(points))


JIS_RULE: Final = Rule(
    id="jis",
    title="Japan Integrated Staging score",
    question="How far is the disease, by Child-Pugh class and Japanese tumor stage?",
    functions=("jis", "lcsgj_stage"),
    sources=(
        Source("World J Hepatol 2015;7:406-424", "table 6", "seen"),
        Source("World J Gastroenterol 2008;14:58-63", "table 1A: no more than 2 cm; vessels or bile ducts", "seen"),
        Source("Kudo M et al. J Gastroenterol 2003;38:207-215", "definition of the score", "from knowledge"),
    ),
    criteria=(
        CriteriaTable(
            f"LCSGJ stage: how many hold of single, {in_words(LCSGJ_SMALL_MM)} mm, no vascular invasion",
            ("hold", "stage without N1 and M1", "stage with N1 or M1", "points"),
            tuple((str(hold), stage, "IV", str(JIS_STAGE[stage])) for hold, stage in LCSGJ_T.items()),
        ),
        CriteriaTable("Points of the liver", ("item", "class", "points"), choice_rows(CHILD_PUGH)),
    ),
    doubts=(
        "One source prints < 2 cm, another no more than 2 cm; 20 mm counts as small.",
        (
            "The Japanese stage asks for invasion of vessels or bile ducts, also of small ones; where only images "
            "exist, what they show is what is known."
        ),
        "Stages IVA and IVB have the same points and are not told apart.",
        "The paper of 2003 was not read again.",
    ),
    vectors=("jis",),
)
