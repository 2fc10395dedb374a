"""Which lesions may be targets, which are chosen at baseline, and what becomes of the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import inf
from typing import Final

from oncohort.clinical.answer import Answer, decided, undetermined
from oncohort.clinical.exact import in_decimals
from oncohort.clinical.lesion_records import Lesion, Measurement, Reading, refuse_other_lesion, site_of, size_mm
from oncohort.clinical.response_criteria import (
    CRITERIA,
    DIAMETERS,
    LENCIONI_2010,
    RECIST_2009,
    ResponseCriteria,
    ResponseSettings,
    Site,
    phrase_gone,
)
from oncohort.clinical.rule import CriteriaTable, Rule, Source


def _yes(word: str | None) -> bool | None:
    return {"Y": True, "N": False}.get(word or "U")


def is_target_eligible(
    lesion: Lesion, measurement: Measurement | None, criteria: ResponseCriteria, settings: ResponseSettings
) -> Answer[bool]:
    """Say whether a lesion may be a target, by its measurement at baseline.

    The least size is that of the diameter the criteria read: in mRECIST the viable part of a liver nodule. A liver
    lesion treated before follows the same conditions. A bone lesion of kind NODULE is taken for one with measurable
    soft tissue, of kind OTHER for one without.

    Parameters
    ----------
    lesion : Lesion
        The lesion, whatever role a reader gave it.
    measurement : Measurement or None
        What the baseline scan says of it; lengths in mm.
    criteria : ResponseCriteria
        `MRECIST_2010` or `RECIST_1_1`.
    settings : ResponseSettings
        ``atypical_as_recist`` and ``lipiodol_viable`` may have a liver lesion read whole.

    Returns
    -------
    Answer of bool
        Undetermined where a missing value could still decide.

    Raises
    ------
    DataError
        If the measurement is of another lesion.

    Examples
    --------
    >>> from oncohort.clinical.response_criteria import MRECIST_2010
    >>> as_printed = ResponseSettings(
    ...     abs_pd_mm=0, hold=False, backdate_new_lesion=True, lipiodol_viable=False, atypical_as_recist=False
    ... )
    >>> nodule = Lesion("T01", "TARGET", "LIVER", "NODULE", well_delineated="Y")
    >>> scan = Measurement("T01", -7, "MEASURED", longest_mm=42, viable_mm=35, aphe="Y")
    >>> is_target_eligible(nodule, scan, MRECIST_2010, as_printed).why
    'liver nodule: arterial enhancement, clear margin, viable_mm 35 mm ≥ 10 mm'
    >>> thrombus = Lesion("NT01", "NON-TARGET", "PORTAL VEIN", "THROMBUS")
    >>> is_target_eligible(thrombus, None, MRECIST_2010, as_printed).why
    'vein thrombus: never a target'

    References
    ----------
    Lencioni R, Llovet JM. Semin Liver Dis 2010;30:52-60. Eisenhauer EA et al. Eur J Cancer 2009;45:228-247.
    """
    refuse_other_lesion(lesion, measurement)
    site = site_of(lesion, measurement, criteria, settings)
    if site.diameter is None or site.target_from_mm is None:
        return decided(value=False, why=f"{site.name}: never a target")
    size = size_mm(measurement, site.diameter, criteria)
    shown = site.diameter if size is None else f"{site.diameter} {in_decimals(size)} mm"
    large = None if size is None else size >= site.target_from_mm
    conditions = [(large, site.diameter, f"{shown} {'<' if large is False else '≥'} {site.target_from_mm} mm")]
    if site.needs_delineation:
        clear = _yes(lesion.well_delineated)
        conditions.insert(0, (clear, "well_delineated", "no clear margin" if clear is False else "clear margin"))
    if site.needs_enhancement:
        enhancing = None if measurement is None else _yes(measurement.aphe)
        text = "no arterial enhancement" if enhancing is False else "arterial enhancement"
        conditions.insert(0, (enhancing, "aphe", text))
    missing = [name for held, name, _ in conditions if held is None]
    failed = [text for held, _, text in conditions if held is False]
    if failed:
        return decided(value=False, why=f"{site.name}: {', '.join(failed)}", missing=missing)
    if missing:
        return undetermined(missing, (True, False), f"{site.name}: {', '.join(missing)} missing")
    return decided(value=True, why=f"{site.name}: {', '.join(text for _, _, text in conditions)}")


def select_targets(
    lesions: Sequence[Lesion],
    baseline: Mapping[str, Measurement],
    criteria: ResponseCriteria,
    settings: ResponseSettings,
) -> tuple[str, ...]:
    """Choose the target lesions: the largest first, ties by lesion id, up to so many in all and so many an organ.

    All lymph nodes together are one organ. New lesions, parts of split lesions, and lesions whose eligibility is
    undetermined are not chosen.

    Parameters
    ----------
    lesions : sequence of Lesion
        The candidates, in any order.
    baseline : mapping of str to Measurement
        Lesion id to its measurement at baseline; lengths in mm.
    criteria : ResponseCriteria
        `MRECIST_2010` or `RECIST_1_1`: at most 5 targets, 2 an organ.
    settings : ResponseSettings
        As in `is_target_eligible`.

    Returns
    -------
    tuple of str
        Lesion ids, the largest first.

    Raises
    ------
    DataError
        If a measurement stands under the id of another lesion.

    Examples
    --------
    >>> from oncohort.clinical.response_criteria import RECIST_1_1
    >>> as_printed = ResponseSettings(
    ...     abs_pd_mm=5, hold=False, backdate_new_lesion=True, lipiodol_viable=False, atypical_as_recist=False
    ... )
    >>> lungs = [Lesion(name, "TARGET", "LUNG", "NODULE") for name in ("T01", "T02", "T03")]
    >>> sizes = {"T01": 12, "T02": 30, "T03": 12}
    >>> scans = {name: Measurement(name, -7, "MEASURED", longest_mm=size) for name, size in sizes.items()}
    >>> select_targets(lungs, scans, RECIST_1_1, as_printed)
    ('T02', 'T01')

    References
    ----------
    Eisenhauer EA et al. Eur J Cancer 2009;45:228-247.
    """
    eligible = [
        lesion
        for lesion in lesions
        if _is_candidate(lesion)
        and is_target_eligible(lesion, baseline.get(lesion.lesion_id), criteria, settings).value
    ]
    return _largest(eligible, baseline, criteria, settings)


def _is_candidate(lesion: Lesion) -> bool:
    return lesion.role != "NEW" and lesion.split_from is None


def _largest(
    lesions: Sequence[Lesion],
    baseline: Mapping[str, Measurement],
    criteria: ResponseCriteria,
    settings: ResponseSettings,
) -> tuple[str, ...]:
    """Return the largest lesions that the numbers allow; what has no size comes first, so that it is not passed by."""
    sized: list[tuple[Fraction | float, str, str]] = []
    for lesion in lesions:
        row = baseline.get(lesion.lesion_id)
        diameter = site_of(lesion, row, criteria, settings).diameter or "longest_mm"
        size = size_mm(row, diameter, criteria)
        node = diameter == "short_axis_mm"
        organ = criteria.nodes_are_one_organ if node else lesion.organ
        sized.append((inf if size is None else size, lesion.lesion_id, organ))
    chosen: list[tuple[str, str]] = []
    for _, lesion_id, organ in sorted(sized, key=lambda entry: (-entry[0], entry[1])):
        of_organ = sum(chosen_organ == organ for _, chosen_organ in chosen)
        if len(chosen) < criteria.max_targets and of_organ < criteria.max_per_organ:
            chosen.append((lesion_id, organ))
    return tuple(lesion_id for lesion_id, _ in chosen)


@dataclass(frozen=True, slots=True)
class BaselineRoles:
    """Which lesions are followed as what; ``notes`` are sentences on recorded roles that were not kept.

    The measurement of each `Reading` is that at baseline. Both tuples are in the order of the lesion ids.
    """

    targets: tuple[Reading, ...]
    non_targets: tuple[Reading, ...]
    notes: tuple[str, ...]


def classify_lesions(
    lesions: Sequence[Lesion],
    baseline: Mapping[str, Measurement],
    criteria: ResponseCriteria,
    settings: ResponseSettings,
) -> BaselineRoles:
    """Keep the roles that a reader gave, where the criteria allow them, and say where they do not.

    A recorded target that cannot be one, or is one too many, is followed as a non-target; one whose eligibility is
    undetermined stays a target. A node below the size of disease is not followed. No non-target becomes a target.

    Parameters
    ----------
    lesions : sequence of Lesion
        All lesions of a patient, in any order; new lesions and parts of split lesions are left out.
    baseline : mapping of str to Measurement
        Lesion id to its measurement at baseline; lengths in mm.
    criteria : ResponseCriteria
        `MRECIST_2010` or `RECIST_1_1`.
    settings : ResponseSettings
        As in `is_target_eligible`.

    Returns
    -------
    BaselineRoles
        Targets, non-targets, and a sentence for each role that was not kept.

    Raises
    ------
    DataError
        If a measurement stands under the id of another lesion.

    Examples
    --------
    >>> from oncohort.clinical.response_criteria import MRECIST_2010
    >>> as_printed = ResponseSettings(
    ...     abs_pd_mm=0, hold=False, backdate_new_lesion=True, lipiodol_viable=False, atypical_as_recist=False
    ... )
    >>> thrombus = Lesion("T02", "TARGET", "PORTAL VEIN", "THROMBUS")
    >>> classify_lesions([thrombus], {}, MRECIST_2010, as_printed).notes
    ('T02 is recorded as a target and followed as a non-target: vein thrombus: never a target',)

    References
    ----------
    Lencioni R, Llovet JM. Semin Liver Dis 2010;30:52-60.
    """
    recorded = sorted((lesion for lesion in lesions if _is_candidate(lesion)), key=lambda lesion: lesion.lesion_id)
    reasons: dict[str, str] = {}
    possible: list[Lesion] = []
    for lesion in recorded:
        if lesion.role == "TARGET":
            answer = is_target_eligible(lesion, baseline.get(lesion.lesion_id), criteria, settings)
            if answer.value is False:
                reasons[lesion.lesion_id] = answer.why
            else:
                possible.append(lesion)
    chosen = _largest(possible, baseline, criteria, settings)
    too_many = f"at most {criteria.max_targets} targets and {criteria.max_per_organ} an organ"
    reasons |= {lesion.lesion_id: too_many for lesion in possible if lesion.lesion_id not in chosen}
    targets: list[Reading] = []
    non_targets: list[Reading] = []
    notes: list[str] = []
    for lesion in recorded:
        row = baseline.get(lesion.lesion_id)
        reading = Reading(lesion, site_of(lesion, row, criteria, settings), row)
        normal = _normal_node(reading, criteria)
        if lesion.lesion_id in chosen:
            targets.append(reading)
        elif normal:
            notes.append(f"{lesion.lesion_id} is not followed: {normal}")
        else:
            non_targets.append(reading)
            if lesion.lesion_id in reasons:
                why = reasons[lesion.lesion_id]
                notes.append(f"{lesion.lesion_id} is recorded as a target and followed as a non-target: {why}")
    return BaselineRoles(tuple(targets), tuple(non_targets), tuple(notes))


def _normal_node(reading: Reading, criteria: ResponseCriteria) -> str:
    site = reading.site
    size = None if site.diameter is None else size_mm(reading.measurement, site.diameter, criteria)
    if size is None or site.disease_from_mm is None or size >= site.disease_from_mm:
        return ""
    return f"{site.name}: short axis {in_decimals(size)} mm < {site.disease_from_mm} mm"


def _row(site: Site, criteria: ResponseCriteria) -> tuple[str, ...]:
    never = site.diameter is None or site.target_from_mm is None
    needs = [
        *(["arterial enhancement"] if site.needs_enhancement else []),
        *(["clear margin"] if site.needs_delineation else []),
    ]
    return (
        site.name,
        "never" if never else f"≥ {site.target_from_mm} mm",
        "-" if site.diameter is None else DIAMETERS[site.diameter],
        ", ".join(needs) or "-",
        "any" if site.disease_from_mm is None else f"≥ {site.disease_from_mm} mm",
        phrase_gone(site, criteria),
    )


def _table(criteria: ResponseCriteria) -> CriteriaTable:
    head = ("lesion", "target from", "diameter", "and", "disease from", "gone when")
    caption = f"{criteria.id}: at most {criteria.max_targets} targets, {criteria.max_per_organ} an organ"
    return CriteriaTable(caption, head, tuple(_row(site, criteria) for site in criteria.sites))


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        id="target_lesions",
        title="Target lesions",
        question="Which lesions may be targets, by which diameter, and which of them are chosen?",
        functions=("is_target_eligible", "select_targets", "classify_lesions"),
        sources=(
            LENCIONI_2010,
            RECIST_2009,
            Source("PMC5771991", "Table 4, the three conditions of a liver target", "seen"),
            Source("Biomarker Research 2021;9, s40364-021-00306-8", "Table 2, nodes and numbers of targets", "seen"),
            Source("radiologykey.com", "RECIST 1.1, measurable lesions by CT slice", "seen"),
            Source("publicatie-online.nl 143091", "page 51, lesions that do not enhance", "seen"),
            Source("PMC3094725", "Table 1, footnote on lipiodol", "seen"),
        ),
        criteria=tuple(_table(criteria) for criteria in CRITERIA.values()),
        doubts=(
            (
                "From knowledge and not read again: that the diameter must not cross major necrosis, that treated, "
                "infiltrative and ill-defined lesions and vein thrombi are non-targets, that retained lipiodol is not "
                "viable, and that a lesion too small to measure counts 5 mm."
            ),
            (
                "Every patient of the reproduced paper has a portal vein thrombus, hence a non-target: no patient "
                "there reaches an overall complete response by targets alone."
            ),
            "Whether all lymph nodes are one organ is not said; here they are.",
            (
                "Liver lesions that do not enhance, or have no clear margin, are no targets as mRECIST is printed; "
                "others read them whole as in RECIST 1.1 (setting atypical_as_recist)."
            ),
            (
                "Records do not tell lipiodol from necrosis: where lipiodol counts as viable (setting "
                "lipiodol_viable), liver lesions treated before are read whole."
            ),
            "The least size of 10 mm supposes CT slices of at most 5 mm (else twice the slice); no slice is recorded.",
            "Records do not say whether a bone lesion has soft tissue: kind NODULE is taken for one that has.",
            "RECIST 1.1 does not name vein thrombi; they are read as non-targets as in mRECIST.",
            "Some programs measure vein thrombi as targets, which mRECIST does not allow.",
        ),
    ),
)
