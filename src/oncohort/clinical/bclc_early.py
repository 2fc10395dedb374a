"""Classes A1 to A4 of early hepatocellular carcinoma, as the BCLC system of 1999 divides it."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import product
from typing import Final

from oncohort.clinical.answer import Answer, decided, undetermined
from oncohort.clinical.bclc import FEW
from oncohort.clinical.exact import Number
from oncohort.clinical.rule import CriteriaTable, Rule, Source
from oncohort.clinical.scale import below, count, holds, in_words, missing_names, positive

A_SINGLE_MM: Final = below(50)
A_FEW_MM: Final = below(30)
A_SINGLE: Final[Mapping[tuple[bool, bool], str]] = {(False, False): "A1", (True, False): "A2", (True, True): "A3"}
"""The class of a single nodule by portal hypertension and raised bilirubin; the fourth pair has none."""

_SIZES: Final = tuple(Fraction(size) for size in (29, 30, 49, 50))
"""One size on each side of every bound."""


def bclc_a_subclass(
    n_nodules: int | None,
    max_diam_mm: Number | None,
    *,
    portal_hypertension: bool | None,
    bilirubin_raised: bool | None,
) -> Answer[str]:
    """Return the class of a patient in BCLC stage A by the table of 1999.

    The table leaves gaps. A patient in one gets no value and no possible class, and ``why`` says so.

    Parameters
    ----------
    n_nodules : int or None
        Exact count, from 1.
    max_diam_mm : number or None
        Largest diameter in mm, above 0.
    portal_hypertension : bool or None
        Clinically significant.
    bilirubin_raised : bool or None
        Above the laboratory's limit of normal.

    Returns
    -------
    Answer of str
        "A1", "A2", "A3" (single below 50 mm) or "A4" (2 to 3 nodules, each below 30 mm).

    Raises
    ------
    DataError
        If the count or the size cannot be.

    Examples
    --------
    >>> bclc_a_subclass(1, 40, portal_hypertension=True, bilirubin_raised=False).value
    'A2'
    >>> bclc_a_subclass(1, 40, portal_hypertension=False, bilirubin_raised=True).why
    'the table of 1999 has no class for this patient'
    >>> bclc_a_subclass(1, 40, portal_hypertension=True, bilirubin_raised=None).possible
    ('A2', 'A3')

    References
    ----------
    Llovet JM et al. Semin Liver Dis 1999;19:329-338 (not read again).
    """
    inputs = {"n_nodules": n_nodules, "max_diam_mm": max_diam_mm}
    signs = {"portal_hypertension": portal_hypertension, "bilirubin_raised": bilirubin_raised}
    asked = inputs if n_nodules is not None and n_nodules > 1 else inputs | signs
    missing = missing_names(asked)
    counts = (1, 2, 3, 4) if n_nodules is None else (count(n_nodules, "number of nodules", least=1),)
    sizes = _SIZES if max_diam_mm is None else (positive(max_diam_mm, "largest diameter in mm"),)
    pairs = list(product(*((True, False) if sign is None else (sign,) for sign in signs.values())))
    found = {_subclass(nodules, size, *pair) for nodules in counts for size in sizes for pair in pairs}
    possible = sorted(name for name in found if name is not None)
    if not possible:
        return undetermined(missing, why="the table of 1999 has no class for this patient")
    if len(found) > 1:
        return undetermined(missing, possible)
    return decided(possible[0], _because(possible[0]), missing)


def _subclass(nodules: int, size_mm: Fraction, hypertension: bool, raised: bool) -> str | None:  # noqa: FBT001
    if nodules == 1:
        return A_SINGLE.get((hypertension, raised)) if holds(A_SINGLE_MM, size_mm) else None
    return "A4" if holds(FEW, Fraction(nodules)) and holds(A_FEW_MM, size_mm) else None


def _because(name: str) -> str:
    signs = {found: pair for pair, found in A_SINGLE.items()}
    if name not in signs:
        return f"{in_words(FEW)} nodules, each {in_words(A_FEW_MM)} mm"
    hypertension, raised = signs[name]
    return (
        f"single {in_words(A_SINGLE_MM)} mm, {'' if hypertension else 'no '}portal hypertension, "
        f"bilirubin {'raised' if raised else 'normal'}"
    )


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        id="bclc_early",
        title="BCLC classes A1 to A4",
        question="In which class of early disease is a patient of BCLC stage A?",
        functions=("bclc_a_subclass",),
        sources=(Source("Llovet JM et al. Semin Liver Dis 1999;19:329-338", "table of the stages", "from knowledge"),),
        criteria=(
            CriteriaTable(
                "Classes of stage A",
                ("class", "criteria"),
                tuple((name, _because(name)) for name in (*A_SINGLE.values(), "A4")),
            ),
        ),
        doubts=(
            "The table of 1999 was not read again.",
            (
                "It has no class for a single nodule with raised bilirubin and no portal hypertension, for a single "
                "nodule of 50 mm or more, and for 2 to 3 nodules of exactly 30 mm, which stage A takes in."
            ),
            "It prints three nodules for A4; two are read as A4 too.",
            "It does not say which bilirubin is normal, so whether it is raised is asked.",
        ),
    ),
)
