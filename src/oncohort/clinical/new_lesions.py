"""New lesions: when one is progression, and to which day the progression is dated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from oncohort.clinical.exact import Number, exact, exact_or_none, in_decimals
from oncohort.clinical.lesion_records import KINDS, ORGANS, Lesion, Measurement, site_of
from oncohort.clinical.response_criteria import (
    AASLD_SHARP,
    CRITERIA,
    LENCIONI_2010,
    RECIST_2009,
    TRACKER,
    NewLesionRule,
    Proof,
    ResponseCriteria,
    ResponseSettings,
    one_of,
    phrase_new,
)
from oncohort.clinical.rule import CriteriaTable, Rule
from oncohort.errors import DataError


@dataclass(frozen=True, slots=True)
class Detection:
    """A new lesion as it was seen at one scan.

    ``day`` counts from the first dose; ``size_mm`` is the diameter that its site asks for; ``proof`` whether what its
    site asks for was found: the typical pattern, enhancement, or positive cytology. None where it is missing.
    """

    day: int
    size_mm: Number | None
    proof: bool | None


@dataclass(frozen=True, slots=True)
class NewLesionDating:
    """What became of a new lesion; the days are None where it was never seen, never confirmed, is no progression."""

    first_seen_day: int | None
    confirmed_day: int | None
    progression_day: int | None
    why: str
    missing: tuple[str, ...] = ()


def resolve_new_lesion(
    detections: Sequence[Detection],
    *,
    kind: str,
    organ: str,
    criteria: ResponseCriteria,
    settings: ResponseSettings,
) -> NewLesionDating:
    """Say whether a new lesion is progression, and to which day it is dated.

    A lesion that is equivocal at first may be confirmed at a later scan. Growth is counted from its smallest size at
    an earlier scan.

    Parameters
    ----------
    detections : sequence of Detection
        Each sight of one new lesion, in any order; days from the first dose, sizes mm.
    kind, organ : str
        As in `Lesion`; they say which rule holds.
    criteria : ResponseCriteria
        `MRECIST_2010` or `RECIST_1_1`.
    settings : ResponseSettings
        ``backdate_new_lesion`` dates the progression to the first sight instead of the confirmation.

    Returns
    -------
    NewLesionDating
        The days, why, and what was missing where it is not confirmed.

    Raises
    ------
    DataError
        If kind or organ are unknown, or a size is negative.

    Examples
    --------
    >>> from oncohort.clinical.response_criteria import MRECIST_2010
    >>> as_printed = ResponseSettings(
    ...     abs_pd_mm=0, hold=False, backdate_new_lesion=True, lipiodol_viable=False, atypical_as_recist=False
    ... )
    >>> seen = [Detection(57, 15, False), Detection(113, 25, False)]
    >>> dated = resolve_new_lesion(seen, kind="NODULE", organ="LIVER", criteria=MRECIST_2010, settings=as_printed)
    >>> dated.progression_day, dated.why
    (57, 'confirmed on day 113 (10 mm larger than before, ≥ 10 mm), dated to its first sight on day 57')

    References
    ----------
    Lencioni R, Llovet JM. Semin Liver Dis 2010;30:52-60.
    """
    one_of(kind, KINDS, "kind of a new lesion")
    one_of(organ, ORGANS, "organ of a new lesion")
    rule = site_of(Lesion("new", "NEW", organ, kind), None, criteria, settings).new
    for found in detections:
        if found.size_mm is not None and exact(found.size_mm) < 0:
            raise DataError(f"a new lesion is {in_decimals(found.size_mm)} mm; a length from 0 mm was expected")
    seen = sorted(detections, key=lambda found: (found.day, -(exact_or_none(found.size_mm) or 0), not found.proof))
    if not seen:
        return NewLesionDating(None, None, None, "never seen")
    first = seen[0].day
    for found in seen:
        reason = _confirmation(found, [earlier for earlier in seen if earlier.day < found.day], rule)
        if reason:
            back = settings.backdate_new_lesion and found.day > first
            dated = f", dated to its first sight on day {first}" if back else ""
            day = first if back else found.day
            return NewLesionDating(first, found.day, day, f"confirmed on day {found.day} ({reason}){dated}")
    lacking = _lacking(seen, rule)
    return NewLesionDating(first, None, None, f"equivocal: {phrase_new(rule)} not shown", lacking)


def _confirmation(found: Detection, earlier: Sequence[Detection], rule: NewLesionRule) -> str:
    """Return why this sight confirms the lesion, or nothing."""
    size = exact_or_none(found.size_mm)
    large = rule.from_mm is None or (size is not None and size >= rule.from_mm)
    if large and (found.proof or rule.proof == "seen"):
        shown = "" if rule.from_mm is None or size is None else f", {in_decimals(size)} mm ≥ {rule.from_mm} mm"
        return f"{rule.proof}{shown}"
    sizes = [exact(sight.size_mm) for sight in earlier if sight.size_mm is not None]
    if rule.growth_mm is None or size is None or not sizes:
        return ""
    growth = size - min(sizes)
    return f"{in_decimals(growth)} mm larger than before, ≥ {rule.growth_mm} mm" if growth >= rule.growth_mm else ""


def _lacking(seen: Sequence[Detection], rule: NewLesionRule) -> tuple[str, ...]:
    size = rule.from_mm is not None and any(found.size_mm is None for found in seen)
    proof = rule.proof != "seen" and any(found.proof is None for found in seen)
    return tuple(name for name, absent in ((rule.diameter, size), (rule.proof, proof)) if absent)


def has_proof(measurement: Measurement, proof: Proof) -> bool | None:
    """Return whether a measurement shows what a new lesion of its site must show; None where that is missing.

    Examples
    --------
    >>> has_proof(Measurement("NEW01", 57, "MEASURED", aphe="Y", washout="Y"), "typical pattern")
    True
    """
    signs = {
        "seen": ("Y",),
        "typical pattern": (measurement.aphe, measurement.washout),
        "enhancement": (measurement.aphe,),
        "positive cytology": ({"POS": "Y", "NEG": "N"}.get(measurement.cytology or ""),),
    }[proof]
    if "N" in signs:
        return False
    return True if all(sign == "Y" for sign in signs) else None


def detections_of(
    lesion: Lesion, measurements: Sequence[Measurement], criteria: ResponseCriteria, settings: ResponseSettings
) -> tuple[Detection, ...]:
    """Return the sights of a new lesion: each scan at which it was there, and the day it was recorded as first seen.

    The size is the diameter that its site asks for; where no scan has its longest diameter, the viable one, which is
    never larger.
    """
    rule = site_of(lesion, None, criteria, settings).new
    seen = [row for row in measurements if row.status not in {"ABSENT", "NE"}]
    longest = rule.diameter != "longest_mm" or any(row.longest_mm is not None for row in seen)
    diameter = rule.diameter if longest else "viable_mm"
    sights = [Detection(row.day, getattr(row, diameter), has_proof(row, rule.proof)) for row in seen]
    first = lesion.first_seen_day
    if first is not None and all(sight.day != first for sight in sights):
        sights.append(Detection(first, None, None))
    return tuple(sorted(sights, key=lambda sight: sight.day))


def _table(criteria: ResponseCriteria) -> CriteriaTable:
    body = tuple((site.name, phrase_new(site.new)) for site in criteria.sites)
    return CriteriaTable(f"{criteria.id}: a new lesion is progression when", ("lesion", "criterion"), body)


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        id="new_lesions",
        title="New lesions",
        question="When is a new lesion progression, and to which day is the progression dated?",
        functions=("resolve_new_lesion",),
        sources=(LENCIONI_2010, RECIST_2009, AASLD_SHARP, TRACKER),
        criteria=tuple(_table(criteria) for criteria in CRITERIA.values()),
        doubts=(
            (
                "From knowledge and not read again: 10 mm with the typical pattern, growth by 10 mm, and that a "
                "progression confirmed later is dated to the first sight of the lesion. Only the principle, no "
                "progression before growth or typical pattern, was looked up."
            ),
            "From which scan growth is counted is not said: from the smallest earlier size here.",
            (
                "Where dating back is not wanted, progression is dated to its confirmation (backdate_new_lesion, no "
                "default)."
            ),
            (
                "A new vein thrombus is progression when it enhances, a bland one is none; the same is done for RECIST "
                "1.1, which does not name vein thrombi."
            ),
            (
                "A new node is progression from the size at which it would be a target: 15 mm, in mRECIST 20 mm at the "
                "porta hepatis; smaller new nodes are equivocal."
            ),
            "A new infiltrative tumor of the liver is not named by mRECIST; the rule for nodules is used.",
        ),
        vectors=("mrecist_new_lesion",),
    ),
)
