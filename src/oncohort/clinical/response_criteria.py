"""The criteria of tumor response as data: mRECIST for hepatocellular carcinoma and RECIST 1.1, for one engine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from oncohort.clinical.exact import Number, exact, in_decimals
from oncohort.clinical.rule import CriteriaTable, Source
from oncohort.errors import DataError

Diameter: TypeAlias = Literal["viable_mm", "longest_mm", "short_axis_mm"]
Gone: TypeAlias = Literal["no enhancement", "absent", "small"]
Proof: TypeAlias = Literal["seen", "typical pattern", "enhancement", "positive cytology"]

DIAMETERS: Final[dict[Diameter, str]] = {
    "viable_mm": "longest diameter of the viable (enhancing) part",
    "longest_mm": "longest diameter",
    "short_axis_mm": "short axis",
}
OVERALL: Final = ("CR", "PR", "SD", "NON-CR/NON-PD", "PD", "NE")
"""The overall responses, from the best to no response at all."""

LENCIONI_2010: Final = Source("Lencioni R, Llovet JM. Semin Liver Dis 2010;30:52-60", "whole paper", "from knowledge")
RECIST_2009: Final = Source("Eisenhauer EA et al. Eur J Cancer 2009;45:228-247", "RECIST 1.1", "from knowledge")
AASLD_SHARP: Final = Source("pparpathway.com", "text of the AASLD/SHARP amendments to RECIST", "seen")
ADMIRALONCO: Final = Source(
    "pharmaverse/admiralonco, commit 83370b1", "vignettes and derive_param_(confirmed_)bor", "seen"
)
TRACKER: Final = Source("heyhey-yoyo/RECIST-tracker", "src/domain/recist.js", "seen")
COHORT_PAPER: Final = Source(
    "The reproduced paper (sorafenib in advanced HBV-related HCC)", "Methods, disease assessment; Results", "paper"
)


@dataclass(frozen=True, slots=True)
class NewLesionRule:
    """When a new lesion of a site is progression: its proof and its size, or its growth.

    ``from_mm`` and ``growth_mm`` are lengths in mm; None where the size, or the growth, does not count.
    """

    proof: Proof
    diameter: Diameter = "longest_mm"
    from_mm: int | None = None
    growth_mm: int | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """Lesions that are read in one way: their diameter, when they may be targets, when they are gone, when new.

    ``matches`` are pairs of kind and organ, None for any. ``diameter`` and ``target_from_mm`` are None where the
    lesion is never a target; ``disease_from_mm`` is the size from which the lesion counts as disease at all.
    """

    name: str
    matches: tuple[tuple[str | None, str | None], ...]
    diameter: Diameter | None
    target_from_mm: int | None
    gone: Gone
    new: NewLesionRule
    disease_from_mm: int | None = None
    needs_enhancement: bool = False
    needs_delineation: bool = False
    progression_needs_cytology: bool = False


@dataclass(frozen=True, slots=True)
class ResponseCriteria:
    """Criteria of response as data; ``sites`` are tried in order and the first that matches a lesion reads it.

    ``whole_liver_lesion`` reads liver lesions by their longest diameter where settings ask; ``nodes_are_one_organ``
    is the organ under which all nodes count when targets are chosen; percents are 0-100, lengths mm.
    """

    id: str
    cdisc_category: str
    sites: tuple[Site, ...]
    whole_liver_lesion: Site
    arterial_phase_required: bool
    pr_percent: int
    pd_percent: int
    abs_pd_mm: int
    max_targets: int
    max_per_organ: int
    nodes_are_one_organ: str
    normal_node_below_mm: int
    too_small_mm: int


@dataclass(frozen=True, slots=True)
class ResponseSettings:
    """What the field disputes about the reading of a course; no value is a default.

    Attributes
    ----------
    abs_pd_mm : number
        Growth in mm above the nadir that progression needs besides its percent; 0 for none.
    hold : bool
        Whether a partial response is held until progression, though the sum rises above its bound again.
    backdate_new_lesion : bool
        Whether the progression by a new lesion is dated to the first sight of the lesion, or to its confirmation.
    lipiodol_viable : bool
        Whether retained lipiodol counts as viable: liver lesions treated before are then read whole.
    atypical_as_recist : bool
        Whether liver lesions without enhancement or clear margin are read whole, or are no targets.
    """

    abs_pd_mm: Number
    hold: bool
    backdate_new_lesion: bool
    lipiodol_viable: bool
    atypical_as_recist: bool

    def __post_init__(self) -> None:
        if exact(self.abs_pd_mm) < 0:
            raise DataError(f"abs_pd_mm is {in_decimals(self.abs_pd_mm)}; a length from 0 mm was expected")


_VEINS: Final = (
    "PORTAL VEIN",
    "PORTAL VEIN, LEFT BRANCH",
    "PORTAL VEIN, RIGHT BRANCH",
    "HEPATIC VEIN",
    "INFERIOR VENA CAVA",
)
_SEEN: Final = NewLesionRule("seen")
_TYPICAL: Final = NewLesionRule("typical pattern", from_mm=10, growth_mm=10)

_EFFUSION: Final = Site(
    "effusion or ascites",
    (("EFFUSION", None),),
    None,
    None,
    "absent",
    NewLesionRule("positive cytology"),
    progression_needs_cytology=True,
)
_THROMBUS: Final = Site(
    "vein thrombus",
    (("THROMBUS", None), *((None, vein) for vein in _VEINS)),
    None,
    None,
    "no enhancement",
    NewLesionRule("enhancement"),
)
_PORTA_NODE: Final = Site(
    "lymph node, porta hepatis",
    ((None, "PORTA HEPATIS LYMPH NODE"),),
    "short_axis_mm",
    20,
    "small",
    NewLesionRule("seen", "short_axis_mm", from_mm=20),
    disease_from_mm=20,
)
_NODE: Final = Site(
    "lymph node, other site",
    (("NODE", None), (None, "LYMPH NODE")),
    "short_axis_mm",
    15,
    "small",
    NewLesionRule("seen", "short_axis_mm", from_mm=15),
    disease_from_mm=10,
)
_INFILTRATIVE: Final = Site("infiltrative tumor", (("INFILTRATIVE", None),), None, None, "no enhancement", _TYPICAL)
_NODULE: Final = Site(
    "liver nodule",
    ((None, "LIVER"),),
    "viable_mm",
    10,
    "no enhancement",
    _TYPICAL,
    needs_enhancement=True,
    needs_delineation=True,
)
_WHOLE_NODULE: Final = Site("liver nodule, read whole", ((None, "LIVER"),), "longest_mm", 10, "absent", _SEEN)
_BONE: Final = Site("bone lesion without soft tissue", (("OTHER", "BONE"),), None, None, "absent", _SEEN)
_ELSEWHERE: Final = Site("lesion elsewhere", ((None, None),), "longest_mm", 10, "absent", _SEEN)

MRECIST_2010: Final = ResponseCriteria(
    id="mRECIST-2010",
    cdisc_category="MRECIST LENCIONI LIVER CANCER 2010",
    sites=(_EFFUSION, _THROMBUS, _PORTA_NODE, _NODE, _INFILTRATIVE, _NODULE, _BONE, _ELSEWHERE),
    whole_liver_lesion=replace(_WHOLE_NODULE, new=_TYPICAL),
    arterial_phase_required=True,
    pr_percent=30,
    pd_percent=20,
    abs_pd_mm=0,
    max_targets=5,
    max_per_organ=2,
    nodes_are_one_organ="LYMPH NODE",
    normal_node_below_mm=10,
    too_small_mm=5,
)
"""Modified RECIST for hepatocellular carcinoma (Lencioni and Llovet 2010)."""

RECIST_1_1: Final = replace(
    MRECIST_2010,
    id="RECIST-1.1",
    cdisc_category="RECIST 1.1",
    sites=(
        replace(_EFFUSION, new=_SEEN, progression_needs_cytology=False),
        replace(_THROMBUS, gone="absent"),
        replace(_NODE, name=_PORTA_NODE.name, matches=_PORTA_NODE.matches),
        _NODE,
        replace(_INFILTRATIVE, gone="absent", new=_SEEN),
        replace(_WHOLE_NODULE, name=_NODULE.name),
        _BONE,
        _ELSEWHERE,
    ),
    whole_liver_lesion=_WHOLE_NODULE,
    arterial_phase_required=False,
    abs_pd_mm=5,
)
"""RECIST 1.1 (Eisenhauer et al. 2009)."""

CRITERIA: Final[dict[str, ResponseCriteria]] = {criteria.id: criteria for criteria in (MRECIST_2010, RECIST_1_1)}

NON_TARGET_COLUMNS: Final = ("CR", "NON-CR/NON-PD", "PD", "NE", "NA")
OVERALL_MATRIX: Final[dict[str, tuple[str, ...]]] = {
    "CR": ("CR", "PR", "PD", "PR", "CR"),
    "PR": ("PR", "PR", "PD", "PR", "PR"),
    "SD": ("SD", "SD", "PD", "SD", "SD"),
    "PD": ("PD", "PD", "PD", "PD", "PD"),
    "NE": ("NE", "NE", "PD", "NE", "NE"),
    "NA": ("CR", "NON-CR/NON-PD", "PD", "NE", "NE"),
}
"""Overall response without a new lesion: a row for each target response, in it `NON_TARGET_COLUMNS`."""


def one_of(word: str, allowed: tuple[str, ...], what: str) -> str:
    """Return a word if it is one of those expected, else raise DataError with the name of the thing."""
    if word not in allowed:
        raise DataError(f'{what}: "{word}" was given; one of {", ".join(allowed)} was expected')
    return word


def phrase_new(rule: NewLesionRule) -> str:
    """Say when a new lesion is progression, as tables print it.

    Examples
    --------
    >>> phrase_new(NewLesionRule("typical pattern", from_mm=10, growth_mm=10))
    'typical pattern, longest diameter ≥ 10 mm, or growth by ≥ 10 mm'
    """
    size = "" if rule.from_mm is None else f", {DIAMETERS[rule.diameter]} ≥ {rule.from_mm} mm"
    growth = "" if rule.growth_mm is None else f", or growth by ≥ {rule.growth_mm} mm"
    return f"{rule.proof}{size}{growth}"


def phrase_gone(site: Site, criteria: ResponseCriteria) -> str:
    """Say when a lesion of a site is gone, as tables print it."""
    small = f"short axis < {criteria.normal_node_below_mm} mm"
    return {"no enhancement": "no arterial enhancement (may remain)", "absent": "absent", "small": small}[site.gone]


def site_named(criteria: ResponseCriteria, name: str) -> Site:
    """Return the site of that name; raise DataError if the criteria have none."""
    one_of(name, tuple(site.name for site in criteria.sites), f"site of {criteria.id}")
    return next(site for site in criteria.sites if site.name == name)


def _progression(criteria: ResponseCriteria) -> str:
    more = f" and ≥ {criteria.abs_pd_mm} mm" if criteria.abs_pd_mm else ", no least growth in mm"
    return f"≥ {criteria.pd_percent} % above the nadir{more}"


def _in_words(criteria: ResponseCriteria) -> dict[str, str]:
    """Return what a set of criteria says about each topic on which sets differ."""
    nodule, porta, effusion, thrombus = (
        site_named(criteria, site.name) for site in (_NODULE, _PORTA_NODE, _EFFUSION, _THROMBUS)
    )
    return {
        "diameter of a liver nodule": DIAMETERS[nodule.diameter or "longest_mm"],
        "complete response of a liver nodule": phrase_gone(nodule, criteria),
        "progression of the targets": _progression(criteria),
        "target node at the porta hepatis": f"short axis ≥ {porta.target_from_mm} mm",
        "growing effusion or ascites": "positive cytology" if effusion.progression_needs_cytology else "unequivocal",
        "new effusion or ascites": phrase_new(effusion.new),
        "new liver nodule": phrase_new(nodule.new),
        "vein thrombus": f"non-target; gone: {phrase_gone(thrombus, criteria)}",
        "imaging": "arterial phase required" if criteria.arterial_phase_required else "arterial phase not required",
    }


def differences() -> CriteriaTable:
    """Return in what RECIST 1.1 and mRECIST differ, made from the data of both."""
    recist, mrecist = _in_words(RECIST_1_1), _in_words(MRECIST_2010)
    body = tuple((topic, recist[topic], mrecist[topic]) for topic in recist if recist[topic] != mrecist[topic])
    return CriteriaTable("Where the two criteria differ", ("topic", RECIST_1_1.id, MRECIST_2010.id), body)
