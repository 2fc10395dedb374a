"""Deviations from the protocol that can be planted, and which patients of a cohort get them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from oncohort.clinical.best_response import RESPONDERS
from oncohort.derive.local_therapy import arm_of
from oncohort.derive.reconcile import LAB_OF_TERM
from oncohort.derive.safety import canonical_term
from oncohort.errors import DataError
from oncohort.simulate.outline import Course, Outline
from oncohort.simulate.script import Deviation
from oncohort.simulate.study_plan import StudyPlan


@dataclass(frozen=True, slots=True)
class DeviationKind:
    """One kind of deviation: what it is, and whether the course of a patient has room for it."""

    words: str
    fits: Callable[[Course, StudyPlan], bool]


def _ends_by_itself(course: Course) -> bool:
    """Return whether there is no early stop and treatment long enough for what takes its time."""
    return not course.early_stop and course.treatment_days > 120


def _has_scan_to_spare(course: Course, plan: StudyPlan) -> bool:
    """Return whether a scan may come late; never of a response that the scan after it must confirm in time."""
    first = plan.imaging.every_days + plan.imaging.window_days
    if course.best == "PD":
        return first < course.pfs_days < first + plan.imaging.every_days - 2 * plan.imaging.window_days
    steady = {"SD"} if plan.response.confirm else {"SD", *RESPONDERS}
    return course.best in steady and course.pfs_days > 2 * first + plan.imaging.window_days


def _has(name: str, least: int, days: int) -> Callable[[Course, StudyPlan], bool]:
    """Return whether the arm has a procedure, its protocol the number for it, and the follow-up the days for it."""

    def fits(course: Course, plan: StudyPlan) -> bool:
        procedure = next((one for one in plan.protocol.procedure if one.id == name), None)
        if procedure is None or plan.protocol.arm is None or course.os_days < days:
            return False
        others = {one.id: 1 for one in plan.protocol.procedure if one.id != name}
        arms = {
            arm_of({name: number} | more, plan.protocol.arm)
            for number in range(least, least + 3)
            for more in ({}, others)
        }
        return course.arm in arms

    return fits


def _has_one_severe_event(course: Course, plan: StudyPlan) -> bool:
    severe = [grade for grade in course.worst_grades.values() if grade in plan.dose.reduce_at]
    return course.dose_reduced and len(severe) == 1 and _ends_by_itself(course) and bool(plan.dose.reduce_rule)


def _has_measured_event(course: Course, plan: StudyPlan) -> bool:
    del plan
    return any(canonical_term(term) in LAB_OF_TERM and grade == 2 for term, grade in course.worst_grades.items())


def _responds(course: Course, plan: StudyPlan) -> bool:
    del plan
    return course.best == "PR"


DEVIATIONS: Final[Mapping[Deviation, DeviationKind]] = {
    "late_scan": DeviationKind("a scan after its window", _has_scan_to_spare),
    "extra_tace": DeviationKind("one TACE more than allowed", _has("TACE", 1, 220)),
    "late_tace": DeviationKind("a TACE too long after the one before", _has("TACE", 2, 160)),
    "missed_ct": DeviationKind("no CT a month after a TACE", _has("TACE", 1, 200)),
    "warm_probe": DeviationKind("a cryoablation that was not cold enough", _has("CRYO", 1, 60)),
    "late_reduction": DeviationKind("a dose reduced too late after a severe event", _has_one_severe_event),
    "late_return": DeviationKind("a dose raised too late after recovery", _has_one_severe_event),
    "misread_response": DeviationKind("a partial response recorded as stable disease", _responds),
    "misgraded_event": DeviationKind("an adverse event recorded above its laboratory values", _has_measured_event),
}
"""Every deviation that can be planted."""

USUAL_NUMBERS: Final[Mapping[Deviation, int]] = {
    "late_scan": 2,
    "extra_tace": 1,
    "late_tace": 1,
    "missed_ct": 1,
    "warm_probe": 1,
    "late_reduction": 1,
    "late_return": 1,
    "misread_response": 1,
    "misgraded_event": 1,
}
"""How many patients of a cohort get each deviation where nothing else is asked for."""


def choose_deviations(
    outlines: Iterable[Outline], plan: StudyPlan, seed: int, numbers: Mapping[Deviation, int] = USUAL_NUMBERS
) -> dict[str, tuple[Deviation, ...]]:
    """Choose the patients who get deviations, one each; which ones hangs on the seed and their ids alone.

    Parameters
    ----------
    outlines : iterable of Outline
        The cohort; only treated patients are chosen.
    plan : StudyPlan
        The protocol.
    seed : int
        That of the cohort.
    numbers : mapping of str to int
        How many patients get each deviation. Where fewer have room for it, fewer get it.

    Returns
    -------
    dict of str to tuple of str
        The deviations of each patient who has any.

    Raises
    ------
    DataError
        If a deviation is not known.
    """
    treated = [(outline.patient_id, outline.course) for outline in outlines if outline.course is not None]
    chosen: dict[str, tuple[Deviation, ...]] = {}
    for kind, number in numbers.items():
        if kind not in DEVIATIONS:
            raise DataError(
                f'"{kind}" is no deviation that can be planted; one of {", ".join(DEVIATIONS)} was expected'
            )
        able = [name for name, course in treated if name not in chosen and DEVIATIONS[kind].fits(course, plan)]
        able.sort(key=lambda name: sha256(f"{seed} {kind} {name}".encode()).hexdigest())
        chosen |= dict.fromkeys(able[:number], (kind,))
    return chosen
