"""The course of one patient: every visit with its sum, its responses and why, new lesions dated back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from oncohort.clinical.answer import Answer, decided
from oncohort.clinical.lesion_records import Lesion, Measurement, Reading, size_mm, worst_of
from oncohort.clinical.lesions import BaselineRoles, classify_lesions
from oncohort.clinical.new_lesions import NewLesionDating, detections_of, resolve_new_lesion
from oncohort.clinical.response_criteria import ResponseCriteria, ResponseSettings, Site
from oncohort.clinical.target_response import target_response
from oncohort.clinical.visit_response import non_target_response, overall_response
from oncohort.errors import DataError


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit of a course, in the order of time.

    Attributes
    ----------
    day : int
        Day of the scan, from the first dose.
    target, non_target, new_lesion, overall : str
        The responses, after new lesions were dated back; ``new_lesion`` is "Y" or "N".
    why : str
        What decided each of them.
    evaluable : bool
        Whether the scan has the phases that the criteria require.
    sum_mm, baseline_mm, nadir_mm : Fraction or None
        Sums of the target diameters at this visit, at baseline, and the smallest before this visit; None where a
        target was not measured.
    change_percent, change_from_nadir_percent : Fraction or None
        100 (sum - baseline) / baseline and the same of the nadir; None where either is missing or 0.
    new_lesion_ids, equivocal_ids : tuple of str
        New lesions that count at this visit, and those that were seen and do not.
    rewrites : tuple of str
        What dating back changed at this visit.
    """

    day: int
    target: str
    non_target: str
    new_lesion: str
    overall: str
    why: str
    evaluable: bool
    sum_mm: Fraction | None
    baseline_mm: Fraction | None
    nadir_mm: Fraction | None
    change_percent: Fraction | None
    change_from_nadir_percent: Fraction | None
    new_lesion_ids: tuple[str, ...]
    equivocal_ids: tuple[str, ...]
    rewrites: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Scans:
    """The measurements of a patient by lesion and day, and what became a part of what."""

    lesions: Mapping[str, Lesion]
    rows: Mapping[str, Mapping[int, Measurement]]
    parts: Mapping[str, tuple[Lesion, ...]]
    evaluable_days: frozenset[int]


@dataclass(frozen=True, slots=True)
class _Followed:
    """What is followed from baseline on, by which rules; ``roles`` is None where there is no baseline scan."""

    scans: _Scans
    roles: BaselineRoles | None
    criteria: ResponseCriteria
    settings: ResponseSettings
    baseline: tuple[Fraction | None, ...]
    baseline_window_days: int


def assess_course(
    lesions: Sequence[Lesion],
    measurements: Sequence[Measurement],
    criteria: ResponseCriteria,
    settings: ResponseSettings,
    *,
    baseline_window_days: int,
) -> tuple[Visit, ...]:
    """Assess every visit of one patient's course, from lesions and measurements in any order.

    Baseline of a lesion is its last assessed scan on or before the first dose (day 0), within the window. Every day
    with a measurement after day 0 is a visit, as it is, whatever the schedule. A new lesion is dated in two passes:
    first all its sights are gathered, then every visit from the day it is dated to is PD; what that changed is kept
    in ``rewrites``.

    Parameters
    ----------
    lesions : sequence of Lesion
        All lesions of the patient, with distinct ids.
    measurements : sequence of Measurement
        All their measurements; days from the first dose, lengths mm. Of two rows of a lesion on one day the worse
        counts.
    criteria : ResponseCriteria
        `MRECIST_2010` or `RECIST_1_1`.
    settings : ResponseSettings
        What the field disputes.
    baseline_window_days : int
        How many days before the first dose a baseline scan may be, from 0.

    Returns
    -------
    tuple of Visit
        The visits in order of time; empty without a measurement after day 0.

    Raises
    ------
    DataError
        If an id is double or unknown, lesions are parts of each other in a circle, the window is negative, or a new
        lesion was seen on or before the first dose.

    Examples
    --------
    >>> from oncohort.clinical.response_criteria import MRECIST_2010
    >>> as_printed = ResponseSettings(
    ...     abs_pd_mm=0, hold=False, backdate_new_lesion=True, lipiodol_viable=False, atypical_as_recist=False
    ... )
    >>> nodule = Lesion("T01", "TARGET", "LIVER", "NODULE", well_delineated="Y")
    >>> scans = [
    ...     Measurement("T01", day, "MEASURED", viable_mm=size, aphe="Y", arterial_phase="Y")
    ...     for day, size in ((-7, 50), (57, 35), (113, 42))
    ... ]
    >>> course = assess_course([nodule], scans, MRECIST_2010, as_printed, baseline_window_days=28)
    >>> [(visit.day, visit.overall) for visit in course]
    [(57, 'PR'), (113, 'PD')]

    References
    ----------
    Lencioni R, Llovet JM. Semin Liver Dis 2010;30:52-60.
    """
    if baseline_window_days < 0:
        raise DataError(f"baseline_window_days is {baseline_window_days}; a number of days from 0 was expected")
    scans = _gather(lesions, measurements, criteria)
    baseline = _baseline_rows(scans, baseline_window_days)
    roles = classify_lesions(lesions, baseline, criteria, settings) if baseline else None
    sizes = tuple(_size([target], criteria) for target in roles.targets) if roles else ()
    followed = _Followed(scans, roles, criteria, settings, sizes, baseline_window_days)
    new = _new_lesions(followed)
    days = {day for rows in scans.rows.values() for day in rows if day > 0}
    days |= {dating.progression_day for dating in new.values() if dating.progression_day is not None}
    visits: list[Visit] = []
    sums: list[Fraction] = []
    for day in sorted(days):
        visit = _assess(day, sums, followed, new)
        if visit.sum_mm is not None:
            sums.append(visit.sum_mm)
        visits.append(visit)
    return tuple(visits)


def _gather(lesions: Sequence[Lesion], measurements: Sequence[Measurement], criteria: ResponseCriteria) -> _Scans:
    by_id: dict[str, Lesion] = {}
    for lesion in lesions:
        if lesion.lesion_id in by_id:
            raise DataError(f'lesion "{lesion.lesion_id}" is listed twice; distinct lesion ids were expected')
        by_id[lesion.lesion_id] = lesion
    for lesion in lesions:
        _refuse_circles(lesion, by_id)
    grouped: dict[str, dict[int, list[Measurement]]] = {}
    for row in measurements:
        if row.lesion_id not in by_id:
            raise DataError(f'lesion "{row.lesion_id}" is measured on day {row.day}, but not among the lesions')
        grouped.setdefault(row.lesion_id, {}).setdefault(row.day, []).append(row)
    parts: dict[str, tuple[Lesion, ...]] = {}
    for lesion in sorted(lesions, key=lambda lesion: lesion.lesion_id):
        if lesion.split_from is not None:
            parts[lesion.split_from] = (*parts.get(lesion.split_from, ()), lesion)
    return _Scans(
        by_id,
        {name: {day: worst_of(rows) for day, rows in days.items()} for name, days in grouped.items()},
        parts,
        frozenset(row.day for row in measurements if row.arterial_phase == "Y" or not criteria.arterial_phase_required),
    )


def _refuse_circles(lesion: Lesion, by_id: Mapping[str, Lesion]) -> None:
    """Raise unless the ways from a lesion, by split_from and by merged_into, end at listed lesions."""
    links: dict[str, dict[str, str | None]] = {
        "split_from": {name: other.split_from for name, other in by_id.items()},
        "merged_into": {name: other.merged_into for name, other in by_id.items()},
    }
    for column, next_of in links.items():
        passed, here = {lesion.lesion_id}, next_of[lesion.lesion_id]
        while here is not None:
            if here not in by_id or here in passed:
                what = "a circle" if here in passed else "no listed lesion"
                raise DataError(f'lesion "{lesion.lesion_id}": {column} leads to {what} ("{here}")')
            passed.add(here)
            here = next_of[here]


def _baseline_rows(scans: _Scans, window_days: int) -> dict[str, Measurement]:
    found: dict[str, Measurement] = {}
    for name, rows in scans.rows.items():
        days = [
            day
            for day, row in rows.items()
            if -window_days <= day <= 0 and row.status != "NE" and day in scans.evaluable_days
        ]
        if days:
            found[name] = rows[max(days)]
    return found


def _new_lesions(followed: _Followed) -> dict[str, NewLesionDating]:
    """Return the first pass: each new lesion with the day it is dated to, in the order of the ids."""
    dated: dict[str, NewLesionDating] = {}
    for name, lesion in sorted(followed.scans.lesions.items()):
        if lesion.role == "NEW" and lesion.split_from is None:
            rows = tuple(followed.scans.rows.get(name, {}).values())
            sights = detections_of(lesion, rows, followed.criteria, followed.settings)
            if sights and sights[0].day <= 0:
                raise DataError(
                    f'lesion "{name}" is new and was seen on day {sights[0].day}; a day after the first dose (day 0) '
                    "was expected"
                )
            dated[name] = resolve_new_lesion(
                sights, kind=lesion.kind, organ=lesion.organ, criteria=followed.criteria, settings=followed.settings
            )
    return dated


def _assess(day: int, sums: Sequence[Fraction], followed: _Followed, new: Mapping[str, NewLesionDating]) -> Visit:
    evaluable = day in followed.scans.evaluable_days
    sizes = _sizes_on(day, followed) if evaluable else []
    target, non_target = _responses(day, sizes, sums, followed)
    before = overall_response(target.value or "NE", non_target.value or "NE", _flag(_by_day(day, new, "confirmed_day")))
    counted = _by_day(day, new, "progression_day")
    overall = overall_response(target.value or "NE", non_target.value or "NE", _flag(counted))
    total = _sum(sizes) if sizes else None
    base = _sum(followed.baseline) if followed.baseline else None
    nadir = None if base is None else min((base, *sums))
    news = "; ".join(f"new lesion {name}: {new[name].why}" for name in counted) or "no new lesion"
    return Visit(
        day=day,
        target=target.value or "NE",
        non_target=non_target.value or "NE",
        new_lesion=_flag(counted),
        overall=overall,
        why=f"targets {target.value}: {target.why}; non-targets {non_target.value}: {non_target.why}; {news}",
        evaluable=evaluable,
        sum_mm=total,
        baseline_mm=base,
        nadir_mm=nadir,
        change_percent=_change(total, base),
        change_from_nadir_percent=_change(total, nadir),
        new_lesion_ids=counted,
        equivocal_ids=tuple(name for name in _by_day(day, new, "first_seen_day") if name not in counted),
        rewrites=tuple(
            f"{before} before dating back: new lesion {name}, first seen on day {new[name].first_seen_day}, was "
            f"confirmed on day {new[name].confirmed_day}"
            for name in counted
            if name not in _by_day(day, new, "confirmed_day")
        ),
    )


def _by_day(day: int, new: Mapping[str, NewLesionDating], column: str) -> tuple[str, ...]:
    days: dict[str, int | None] = {name: getattr(dating, column) for name, dating in new.items()}
    return tuple(name for name, first in days.items() if first is not None and first <= day)


def _flag(names: Sequence[str]) -> str:
    return "Y" if names else "N"


def _change(total: Fraction | None, reference: Fraction | None) -> Fraction | None:
    return None if total is None or not reference else 100 * (total - reference) / reference


def _responses(
    day: int, sizes: Sequence[Fraction | None], sums: Sequence[Fraction], followed: _Followed
) -> tuple[Answer[str], Answer[str]]:
    """Return the responses of targets and of non-targets."""
    if followed.roles is None:
        nothing = decided("NE", f"no evaluable scan in the {followed.baseline_window_days} days before the first dose")
        return nothing, nothing
    if day not in followed.scans.evaluable_days:
        nothing = decided(
            "NE", "no scan with arterial phase" if followed.criteria.arterial_phase_required else "no scan"
        )
        return nothing, nothing
    target = target_response(
        followed.baseline,
        sums,
        sizes,
        criteria=followed.criteria,
        nodes=[i for i, reading in enumerate(followed.roles.targets) if reading.site.gone == "small"],
        abs_pd_mm=followed.settings.abs_pd_mm,
        hold=followed.settings.hold,
    )
    group = frozenset(reading.lesion.lesion_id for reading in followed.roles.non_targets)
    readings = [
        part
        for reading in followed.roles.non_targets
        for part in _on(day, reading.lesion, reading.site, group, followed.scans)
    ]
    return target, non_target_response(readings, criteria=followed.criteria)


def _sizes_on(day: int, followed: _Followed) -> list[Fraction | None]:
    """Return the size of each target, parts summed under the lesion they come from."""
    targets = followed.roles.targets if followed.roles else ()
    group = frozenset(reading.lesion.lesion_id for reading in targets)
    return [
        _size(_on(day, reading.lesion, reading.site, group, followed.scans), followed.criteria) for reading in targets
    ]


def _on(day: int, lesion: Lesion, site: Site, group: frozenset[str], scans: _Scans) -> list[Reading]:
    """Return how a lesion and its parts are read on a day.

    A lesion that went on in parts, or merged into another of its group, is not expected to be measured for itself;
    one that merged into a lesion of no group is read by its host.
    """
    name = lesion.lesion_id
    parts = [
        reading
        for part in scans.parts.get(name, ())
        if _is_seen_by(day, part, scans)
        for reading in _on(day, part, site, group, scans)
    ]
    rows = scans.rows.get(name, {})
    if day in rows:
        return [Reading(lesion, site, rows[day]), *parts]
    if lesion.merged_into is not None and all(day > measured for measured in rows):
        host = scans.lesions[lesion.merged_into]
        root = _root(host, scans)
        carried = [] if root in group else _on(day, host, site, group | {root}, scans)
        return [*carried, *parts]
    return parts or [Reading(lesion, site, None)]


def _root(lesion: Lesion, scans: _Scans) -> str:
    return lesion.lesion_id if lesion.split_from is None else _root(scans.lesions[lesion.split_from], scans)


def _is_seen_by(day: int, part: Lesion, scans: _Scans) -> bool:
    days = [*scans.rows.get(part.lesion_id, {})]
    if part.first_seen_day is not None:
        days.append(part.first_seen_day)
    return any(seen <= day for seen in days)


def _size(readings: Iterable[Reading], criteria: ResponseCriteria) -> Fraction | None:
    return _sum([size_mm(read.measurement, read.site.diameter or "longest_mm", criteria) for read in readings])


def _sum(sizes: Sequence[Fraction | None]) -> Fraction | None:
    """Return the sum, or None where a size is missing."""
    known = [size for size in sizes if size is not None]
    return sum(known, Fraction(0)) if len(known) == len(sizes) else None
