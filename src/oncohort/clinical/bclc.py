"""BCLC stage of hepatocellular carcinoma in three editions, with the stages that missing inputs leave open."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Final, Literal, TypeAlias, get_args

from oncohort.clinical.answer import Answer, decided, undetermined
from oncohort.clinical.exact import Number, in_decimals
from oncohort.clinical.performance import ecog_alive
from oncohort.clinical.rule import CriteriaTable, Rule, Source
from oncohort.clinical.scale import (
    Interval,
    at_least,
    at_most,
    below,
    between,
    check_word,
    count,
    holds,
    in_words,
    missing_names,
    positive,
)

Era: TypeAlias = Literal["1999", "2008", "2022"]
Stage: TypeAlias = Literal["0", "A", "B", "C", "D"]
SingleLarge: TypeAlias = Literal["A", "B"]
VascularInvasion: TypeAlias = Literal["none", "portal_branch", "portal_trunk", "hepatic_vein", "ivc"]


@dataclass(frozen=True, slots=True)
class TumorExtent:
    """How far the tumor has spread; None where missing.

    ``n_nodules`` is an exact count from 1; where it is known and ``diffuse`` is not, the tumor is nodular. A tumor with
    ``diffuse`` True counts as multinodular, whatever its count and size. ``vascular_invasion`` is macroscopic; ``n1``
    and ``m1`` are spread to nodes and to other organs.
    """

    n_nodules: int | None = None
    max_diam_mm: Number | None = None
    diffuse: bool | None = None
    vascular_invasion: VascularInvasion | None = None
    n1: bool | None = None
    m1: bool | None = None


VERY_EARLY_MM: Final[Mapping[Era, Interval]] = {"1999": below(20), "2008": below(20), "2022": at_most(20)}
"""Size of the single nodule of stage 0."""

FEW: Final = between(2, 3)
SMALL_MM: Final = at_most(30)
LARGE_MM: Final = at_least(50)
"""Size from which a single nodule is stage B, if the study says so."""

MILAN_SINGLE_MM: Final = at_most(50)
_SIZES: Final = tuple(Fraction(bound + step) for bound in (20, 30, 50) for step in (-1, 0, 1))
"""One size on each side of every bound and on it: all that sizes can be to the rule."""

FIRST_LINE: Final[Mapping[Era, Mapping[Stage, str]]] = {
    "1999": {
        "0": "resection or ablation",
        "A": "resection, transplantation or ablation",
        "B": "chemoembolization",
        "C": "new agents in trials",
        "D": "supportive care",
    },
    "2008": {
        "0": "resection or ablation",
        "A": "resection, transplantation or ablation",
        "B": "chemoembolization",
        "C": "sorafenib",
        "D": "supportive care",
    },
    "2022": {
        "0": "ablation or resection",
        "A": "resection, transplantation or ablation",
        "B": "chemoembolization; transplantation if within extended criteria; systemic if diffuse",
        "C": "atezolizumab-bevacizumab or durvalumab-tremelimumab; else sorafenib or lenvatinib",
        "D": "supportive care",
    },
}
"""What the editions put first in each stage; for reports only, no rule uses it."""


@dataclass(frozen=True, slots=True)
class _Scheme:
    """The choices that the field leaves open, as one study makes them."""

    very_early: Interval
    single_large: SingleLarge
    transplantable: bool
    require_tumor_related: bool


@dataclass(frozen=True, slots=True)
class _Patient:
    """A patient about whom everything is known."""

    nodules: int | None
    size_mm: Fraction
    spread: bool
    ecog: int
    child_pugh_class: str
    tumor_related: bool


def bclc(  # noqa: PLR0913 - two findings beside the tumor, and each choice of the field by its name
    tumor: TumorExtent,
    *,
    ecog: int | None,
    child_pugh_class: str | None,
    era: Era,
    single_large: SingleLarge,
    transplantable: bool = False,
    ecog_tumor_related: bool | None = None,
    require_tumor_related: bool,
) -> Answer[str]:
    """Return the BCLC stage.

    Stages are tried in the order D, C, 0, A, B and the first that fits is the answer. Where inputs are missing,
    every way in which they could be filled is staged, and the stages that come out are the possible ones.

    Parameters
    ----------
    tumor : TumorExtent
        Number, size (mm) and spread.
    ecog : int or None
        0 to 4.
    child_pugh_class : {"A", "B", "C"} or None
    era : {"1999", "2008", "2022"}
        Edition: a single nodule of exactly 20 mm is stage 0 only in 2022. No default.
    single_large : {"A", "B"}
        Stage of a single nodule from 50 mm. No default.
    transplantable : bool
        Whether liver transplantation is open to the patient: within the Milan criteria Child-Pugh C then is not stage
        D. ECOG 3 to 4 is stage D all the same.
    ecog_tumor_related : bool or None
        Whether ECOG 1 to 2 comes from the tumor; asked only with ``require_tumor_related``.
    require_tumor_related : bool
        Whether ECOG 1 to 2 makes stage C only if it comes from the tumor. No default.

    Returns
    -------
    Answer of str
        "0", "A", "B", "C" or "D"; ``possible`` in this order.

    Raises
    ------
    DataError
        If a count, size, grade or word cannot be.

    Examples
    --------
    >>> tumor = TumorExtent(4, 80, diffuse=False, vascular_invasion="portal_branch", n1=False, m1=False)
    >>> paper = {"era": "2008", "single_large": "A", "require_tumor_related": False}
    >>> bclc(tumor, ecog=1, child_pugh_class="B", **paper).why
    'vascular invasion (portal_branch), ECOG 1'
    >>> bclc(tumor, ecog=None, child_pugh_class="A", **paper).possible
    ('C', 'D')

    References
    ----------
    Llovet JM et al. Semin Liver Dis 1999;19:329-338. Reig M et al. J Hepatol 2022;76:681-693.
    """
    check_word(era, get_args(Era), "era")
    check_word(single_large, get_args(SingleLarge), "single_large")
    _check(tumor, child_pugh_class)
    scheme = _Scheme(VERY_EARLY_MM[era], single_large, transplantable, require_tumor_related)
    known_ecog = None if ecog is None else ecog_alive(ecog)
    patients = _completions(tumor, known_ecog, child_pugh_class, tumor_related=ecog_tumor_related)
    found = {_stage(patient, scheme) for patient in patients}
    asked: dict[str, object] = _asked(tumor) | {"ecog": ecog, "child_pugh_class": child_pugh_class}
    if require_tumor_related and known_ecog in {None, 1, 2}:
        asked["ecog_tumor_related"] = ecog_tumor_related
    missing = missing_names(asked)
    possible = [stage for stage in get_args(Stage) if stage in found]
    if len(possible) > 1:
        return undetermined(missing, possible)
    counts = known_ecog is not None and (not require_tumor_related or bool(ecog_tumor_related))
    return decided(possible[0], _because(possible[0], tumor, known_ecog, child_pugh_class, ps_counts=counts), missing)


def _check(tumor: TumorExtent, child_pugh_class: str | None) -> None:
    if tumor.n_nodules is not None:
        count(tumor.n_nodules, "number of nodules", least=1)
    if tumor.max_diam_mm is not None:
        positive(tumor.max_diam_mm, "largest diameter in mm")
    if tumor.vascular_invasion is not None:
        check_word(tumor.vascular_invasion, get_args(VascularInvasion), "vascular invasion")
    if child_pugh_class is not None:
        check_word(child_pugh_class, "ABC", "Child-Pugh class")


def _asked(tumor: TumorExtent) -> dict[str, object]:
    """Return the inputs that the rule asks of a tumor, with their values."""
    spread = {"vascular_invasion": tumor.vascular_invasion, "n1": tumor.n1, "m1": tumor.m1}
    if tumor.diffuse:
        return {**spread}
    nodules = {"n_nodules": tumor.n_nodules, "max_diam_mm": tumor.max_diam_mm}
    morphology = nodules if tumor.n_nodules is not None else nodules | {"diffuse": tumor.diffuse}
    return {**morphology, **spread}


def _completions(
    tumor: TumorExtent, ecog: int | None, child_pugh_class: str | None, *, tumor_related: bool | None
) -> Iterator[_Patient]:
    """Yield every patient that the known inputs allow, as far as the rule can tell them apart."""
    if tumor.diffuse:
        nodules: list[int | None] = [None]
    elif tumor.n_nodules is not None:
        nodules = [tumor.n_nodules]
    else:
        nodules = [1, 2, 3, 4] if tumor.diffuse is False else [None, 1, 2, 3, 4]
    sizes = _SIZES if tumor.max_diam_mm is None else (positive(tumor.max_diam_mm, "largest diameter in mm"),)
    yield from (
        _Patient(*values)
        for values in product(
            nodules,
            sizes,
            _spread(tumor),
            range(5) if ecog is None else (ecog,),
            "ABC" if child_pugh_class is None else (child_pugh_class,),
            (True, False) if tumor_related is None else (tumor_related,),
        )
    )


def _spread(tumor: TumorExtent) -> tuple[bool, ...]:
    """Return whether the tumor can have left the liver or entered a vessel: yes, no, or both."""
    invasion = None if tumor.vascular_invasion is None else tumor.vascular_invasion != "none"
    signs = (invasion, tumor.n1, tumor.m1)
    if any(signs):
        return (True,)
    return (True, False) if None in signs else (False,)


def _stage(patient: _Patient, scheme: _Scheme) -> Stage:
    for stage, fits in _ORDER:
        if fits(patient, scheme):
            return stage
    return "B"


def _is_terminal(patient: _Patient, scheme: _Scheme) -> bool:
    rescued = scheme.transplantable and _is_within_milan(patient)
    return patient.ecog >= 3 or (patient.child_pugh_class == "C" and not rescued)


def _is_advanced(patient: _Patient, scheme: _Scheme) -> bool:
    return patient.spread or (patient.ecog > 0 and (patient.tumor_related or not scheme.require_tumor_related))


def _is_very_early(patient: _Patient, scheme: _Scheme) -> bool:
    return patient.nodules == 1 and holds(scheme.very_early, patient.size_mm) and patient.child_pugh_class == "A"


def _is_early(patient: _Patient, scheme: _Scheme) -> bool:
    if patient.nodules == 1:
        return scheme.single_large == "A" or not holds(LARGE_MM, patient.size_mm)
    return _is_few_and_small(patient)


def _is_few_and_small(patient: _Patient) -> bool:
    few = patient.nodules is not None and holds(FEW, Fraction(patient.nodules))
    return few and holds(SMALL_MM, patient.size_mm)


def _is_within_milan(patient: _Patient) -> bool:
    single = patient.nodules == 1 and holds(MILAN_SINGLE_MM, patient.size_mm)
    return not patient.spread and (single or _is_few_and_small(patient))


_ORDER: Final[tuple[tuple[Stage, Callable[[_Patient, _Scheme], bool]], ...]] = (
    ("D", _is_terminal),
    ("C", _is_advanced),
    ("0", _is_very_early),
    ("A", _is_early),
)
"""The stages in the order in which they are tried; what fits none is stage B."""


def _because(stage: str, tumor: TumorExtent, ecog: int | None, child_pugh_class: str | None, *, ps_counts: bool) -> str:
    """Say what decided a stage, from the inputs that are known."""
    if stage == "D":
        signs = {f"ECOG {ecog}": ecog is not None and ecog >= 3, "Child-Pugh C": child_pugh_class == "C"}
    elif stage == "C":
        signs = {
            f"vascular invasion ({tumor.vascular_invasion})": tumor.vascular_invasion not in {None, "none"},
            "spread to nodes (N1)": tumor.n1 is True,
            "spread to other organs (M1)": tumor.m1 is True,
            f"ECOG {ecog}": ps_counts and ecog != 0,
        }
    else:
        signs = {
            "diffuse": tumor.diffuse is True,
            f"nodules: {tumor.n_nodules}": tumor.n_nodules is not None and not tumor.diffuse,
            f"largest {in_decimals(tumor.max_diam_mm or 0)} mm": tumor.max_diam_mm is not None and not tumor.diffuse,
            "no invasion or spread": True,
            f"ECOG {ecog}{' (not from the tumor)' if ecog else ''}": ecog is not None,
            f"Child-Pugh {child_pugh_class}": child_pugh_class is not None,
        }
    return ", ".join(sign for sign, is_so in signs.items() if is_so)


def _criteria(era: Era) -> tuple[tuple[str, ...], ...]:
    """Return the stages of an edition as they are tried."""
    few = f"{in_words(FEW)} nodules, each {in_words(SMALL_MM)} mm"
    criteria: dict[Stage, str] = {
        "D": f"ECOG 3 to 4, or Child-Pugh C unless transplantable: single {in_words(MILAN_SINGLE_MM)} mm or {few}",
        "C": "macroscopic vascular invasion, N1, M1, or ECOG 1 to 2 (from the tumor, if the study asks for it)",
        "0": f"single {in_words(VERY_EARLY_MM[era])} mm, ECOG 0, Child-Pugh A",
        "A": f"single (one {in_words(LARGE_MM)} mm if the study says so), or {few}; ECOG 0",
        "B": "all others: more or larger nodules, or diffuse; ECOG 0",
    }
    return tuple((era, stage, criteria[stage], FIRST_LINE[era][stage]) for stage in (*dict(_ORDER), "B"))


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        id="bclc",
        title="BCLC stage",
        question="In which stage of the Barcelona Clinic Liver Cancer system is the patient?",
        functions=("bclc",),
        sources=(
            Source("Llovet JM et al. Semin Liver Dis 1999;19:329-338", "table of the stages", "from knowledge"),
            Source("Bruix J, Sherman M. Hepatology 2005;42:1208-1236", "figure of the BCLC system", "from knowledge"),
            Source("Reig M et al. J Hepatol 2022;76:681-693", "figure 1; only its front matter seen", "from knowledge"),
            Source("patientresource.com, Liver_Cancer_Staging_BCLC", "rows of size, number, ECOG, Child-Pugh", "seen"),
            Source("cancerresearchuk.org, BCLC staging", "rows of size, number, ECOG, Child-Pugh", "seen"),
            Source("World J Gastroenterol 2014;20(44):16630-16638", "table 4: 0 is < 2 cm, A single < 5 cm", "seen"),
            Source("Yang JD. Clin Mol Hepatol 2019;25(4):335-343", "abstract: very early is 2 cm or less", "seen"),
            Source("EASL-EORTC Clinical Practice Guidelines", "liver transplantation: Milan criteria", "seen"),
        ),
        criteria=(
            CriteriaTable(
                "Stages in the order they are tried",
                ("edition", "stage", "criteria", "first line, for reports only"),
                tuple(row for era in get_args(Era) for row in _criteria(era)),
            ),
        ),
        doubts=(
            (
                "A single nodule of exactly 20 mm is stage A before 2022 (< 2 cm) and stage 0 since (<= 2 cm); which "
                "edition prints which was not read again."
            ),
            (
                f"Tables print a single nodule of stage A as < 5 cm, or without a limit; a study says which stage one "
                f"of {in_words(LARGE_MM)} mm has."
            ),
            (
                "The exception for transplantable patients is read as one to Child-Pugh C alone: ECOG 3 to 4 is stage "
                "D for all of them."
            ),
            (
                "The edition of 2022 says preserved and end-stage liver function, not Child-Pugh classes; Child-Pugh "
                "A is asked of stage 0 and Child-Pugh C is end-stage here, in all editions."
            ),
            "In 2022 ECOG 1 to 2 must come from the tumor; ECOG 3 to 4 is stage D here whatever it comes from.",
            "ECOG 1 to 2 alone makes stage C, as printed, although many centers treat such patients as stage A or B.",
            "The edition of 1999 says Okuda III where the later ones say Child-Pugh C; Child-Pugh C is used in all.",
            "The treatments are those of the editions from knowledge; no rule uses them.",
            "The sub-groups of stage B of 2022 (extended criteria, preserved portal flow, diffuse) are not computed.",
        ),
        vectors=("bclc",),
    ),
)
