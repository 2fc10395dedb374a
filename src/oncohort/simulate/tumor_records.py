"""Lesions and their measurements after baseline, so that each scan shows what was planned for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from oncohort.clinical.lesion_records import Lesion, Measurement, Reading, size_mm
from oncohort.clinical.lesions import classify_lesions
from oncohort.clinical.response_course import Visit, assess_course
from oncohort.clinical.response_criteria import Diameter
from oncohort.simulate.course_facts import Facts
from oncohort.simulate.rows import Cell, Row, Rows, row_of
from oncohort.simulate.scan_plan import PlannedScan
from oncohort.simulate.study_plan import StudyPlan
from oncohort.simulate.tumor_sizes import share, sum_for

_WAYS: Final = {"target": 11, "new": 7, "other": 2}
"""How often progression is seen on the targets, as a new lesion, and on the other lesions, as parts."""

_NEW_ORGANS: Final = ("LIVER", "LIVER", "LUNG")
_LEAST_SCAR: Final = 0.55


@dataclass(frozen=True, slots=True)
class _Target:
    """A target: its lesion, the diameter by which the criteria read it, and whether that is the viable part."""

    lesion_id: str
    diameter: Diameter
    in_liver: bool

    @property
    def by_viable(self) -> bool:
        return self.diameter == "viable_mm"


@dataclass(frozen=True, slots=True)
class _Followed:
    """What is followed from baseline on: targets, and the other lesions by whether they are gone when absent."""

    targets: tuple[_Target, ...]
    others: Mapping[str, bool]
    sizes: tuple[int, ...]
    longest: tuple[int, ...]


def tumor_rows(facts: Facts, before: Rows, scans: Sequence[PlannedScan], plan: StudyPlan, rng: Random) -> Rows:
    """Return ``lesions`` (new ones) and ``lesion_measurements`` of the scans after the first dose.

    Parameters
    ----------
    facts : Facts
        The patient.
    before : Rows
        ``lesions`` and ``lesion_measurements`` of the baseline.
    scans : sequence of PlannedScan
        The scans in order of time, with the response that each shall show.
    plan : StudyPlan
        The criteria.
    rng : Random
        The patient's own stream.
    """
    followed = _follow(before, facts, plan)
    way = _way_of_progression(followed, rng)
    organ, base = rng.choice(_NEW_ORGANS), sum(followed.sizes)
    modality = before["lesion_measurements"][0]["modality"]
    sizes, longest, sums = list(followed.sizes), list(followed.longest), list[int]()
    lesions: list[Row] = []
    rows: list[Row] = []
    for scan in scans:
        write = _Scan(facts, scan, modality if rng.random() < 0.85 else rng.choice(plan.imaging.modality))
        if scan.response == "NE":
            rows += [write.row(name, status="NE", arterial_phase="N", aphe="U") for name in _names(followed)]
            continue
        has_progressed = scan.response == "PD"
        of_targets = ("PD" if way == "target" else "SAME") if has_progressed else scan.response
        was_gone = bool(sums) and sums[-1] == 0
        if way != "target" and has_progressed and was_gone:
            of_targets = "CR"
        sums.append(sum_for(of_targets, base, sums, plan, rng))
        sizes = share(sums[-1], sizes if sum(sizes) else followed.sizes)
        longest = [_scar(old, new, rng) for old, new in zip(longest, sizes, strict=True)]
        rows += [
            _target_row(write, target, size, whole)
            for target, size, whole in zip(followed.targets, sizes, longest, strict=True)
        ]
        rows += _other_rows(write, followed, way, gone=scan.response == "CR" or (has_progressed and was_gone))
        if has_progressed and way == "new":
            lesions = lesions or [_new_lesion(facts, scan, organ)]
            size = rng.randint(11, 18) + 4 * sum(row["lesion_id"] == "NEW01" for row in rows)
            rows.append(write.row("NEW01", status="MEASURED", longest_mm=size, viable_mm=size, aphe="Y", washout="Y"))
    return {"lesions": lesions, "lesion_measurements": rows}


@dataclass(frozen=True, slots=True)
class _Scan:
    """One scan, and how its rows begin."""

    facts: Facts
    scan: PlannedScan
    modality: Cell

    def row(self, lesion_id: str, **cells: Cell | None) -> Row:
        own: dict[str, Cell | None] = {"arterial_phase": "Y", "evaluator": "INVESTIGATOR"} | cells
        when = {"scan_date": self.facts.on(self.scan.day), "visit": self.scan.visit, "modality": self.modality}
        return row_of(self.facts.patient_id, lesion_id=lesion_id, **when, **own)


def _names(followed: _Followed) -> list[str]:
    return [*(target.lesion_id for target in followed.targets), *followed.others]


def _follow(before: Rows, facts: Facts, plan: StudyPlan) -> _Followed:
    """Return what the criteria follow of the lesions at baseline."""
    lesions = [lesion_of(row, facts) for row in before["lesions"]]
    at_baseline = {row["lesion_id"]: measurement_of(row, facts) for row in before["lesion_measurements"]}
    roles = classify_lesions(lesions, at_baseline, plan.criteria, plan.settings)
    targets = [reading for reading in roles.targets if reading.site.diameter is not None]
    return _Followed(
        targets=tuple(_target(reading) for reading in targets),
        others={reading.lesion.lesion_id: reading.site.gone == "absent" for reading in roles.non_targets},
        sizes=tuple(int(size_mm(r.measurement, r.site.diameter or "longest_mm", plan.criteria) or 0) for r in targets),
        longest=tuple(int(size_mm(reading.measurement, "longest_mm", plan.criteria) or 0) for reading in targets),
    )


def _target(reading: Reading) -> _Target:
    assert reading.site.diameter is not None
    return _Target(reading.lesion.lesion_id, reading.site.diameter, reading.lesion.organ == "LIVER")


def _way_of_progression(followed: _Followed, rng: Random) -> str:
    ways = dict(_WAYS) if followed.others else {name: part for name, part in _WAYS.items() if name != "other"}
    return rng.choices(list(ways), list(ways.values()))[0]


def _scar(old: int, new: int, rng: Random) -> int:
    """Return the whole diameter of a lesion: necrosis stays, and shrinks slowly."""
    return max(new, round(old * rng.uniform(0.9, 0.99)))


def _target_row(write: _Scan, target: _Target, size: int, whole: int) -> Row:
    """Return the row of a target: the diameter that the criteria read is ``size``."""
    if target.by_viable:
        enhances = "Y" if size else "N"
        washout = "Y" if size else "N"
        sizes = {"longest_mm": whole, "viable_mm": size}
        return write.row(target.lesion_id, status="MEASURED", aphe=enhances, washout=washout, **sizes)
    if size == 0:
        return write.row(target.lesion_id, status="ABSENT", aphe="N")
    viable = max(1, round(size * _LEAST_SCAR)) if target.in_liver else None
    enhances = "Y" if target.in_liver else "U"
    return write.row(target.lesion_id, status="MEASURED", aphe=enhances, longest_mm=size, viable_mm=viable)


def _other_rows(write: _Scan, followed: _Followed, way: str, *, gone: bool) -> Iterable[Row]:
    """Yield the rows of the other lesions; of those that are gone none is there, or none enhances."""
    progresses = write.scan.response == "PD" and way == "other"
    for place, (lesion_id, gone_when_absent) in enumerate(followed.others.items()):
        if progresses and place == 0:
            yield write.row(lesion_id, status="PROGRESSED", aphe="U" if gone_when_absent else "Y")
        elif gone:
            yield write.row(lesion_id, status="ABSENT" if gone_when_absent else "PRESENT", aphe="N")
        else:
            yield write.row(lesion_id, status="PRESENT", aphe="U" if gone_when_absent else "Y")


def _new_lesion(facts: Facts, scan: PlannedScan, organ: str) -> Row:
    return row_of(
        facts.patient_id,
        lesion_id="NEW01",
        role="NEW",
        organ=organ,
        kind="NODULE",
        well_delineated="Y",
        previously_treated="N",
        first_seen_date=facts.on(scan.day),
    )


def assessed(rows: Rows, facts: Facts, plan: StudyPlan) -> tuple[Visit, ...]:
    """Return what the criteria say of the scans that were written."""
    return assess_course(
        [lesion_of(row, facts) for row in rows["lesions"]],
        [measurement_of(row, facts) for row in rows["lesion_measurements"]],
        plan.criteria,
        plan.settings,
        baseline_window_days=plan.imaging.baseline_within_days,
    )


def lesion_of(row: Row, facts: Facts) -> Lesion:
    """Return a row of ``lesions`` as the clinical rules read it."""
    return Lesion(
        row["lesion_id"],
        row["role"],
        row["organ"],
        row["kind"],
        well_delineated=row["well_delineated"],
        previously_treated=row["previously_treated"],
        first_seen_day=(row["first_seen_date"] - facts.start).days,
    )


_READ: Final = ("longest_mm", "viable_mm", "aphe", "washout", "arterial_phase")


def measurement_of(row: Row, facts: Facts) -> Measurement:
    """Return a row of ``lesion_measurements`` as the clinical rules read it."""
    day = (row["scan_date"] - facts.start).days
    return Measurement(row["lesion_id"], day, row["status"], **{name: row.get(name) for name in _READ})
