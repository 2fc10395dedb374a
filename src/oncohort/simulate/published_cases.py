"""The two patients whose course the paper shows in pictures, and who of a cohort comes nearest to each.

Source: Wang C et al. Exp Ther Med 2012;4(2):188, legends of figures 5 and 6.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from oncohort.derive.local_therapy import arm_of
from oncohort.simulate.outline import Course, Outline, Response
from oncohort.simulate.script import Script
from oncohort.simulate.study_plan import StudyPlan


@dataclass(frozen=True, slots=True)
class PublishedCase:
    """A case as it was printed.

    Attributes
    ----------
    age, sex, best, differentiation
        What is told of the patient; differentiation is "" where it is not.
    months : float
        Months until the picture that is shown.
    sessions : mapping of str to tuple of int
        Days of the sessions, as far as the text lets them be set under the protocol: local therapy after the first
        dose, and an arm that the study has.
    response_day : int
        Day from which the response is seen.
    vena_cava : bool
        Whether the thrombus lay in the inferior vena cava too.
    """

    age: int
    sex: str
    best: Response
    differentiation: str
    months: float
    sessions: Mapping[str, tuple[int, ...]]
    response_day: int
    vena_cava: bool


CASES: Final[Mapping[str, PublishedCase]] = {
    "case-5": PublishedCase(
        age=55,
        sex="M",
        best="CR",
        differentiation="MODERATE",
        months=18,
        sessions={"TACE": (14,), "CRYO": (35, 49)},
        response_day=290,
        vena_cava=False,
    ),
    "case-6": PublishedCase(
        age=61,
        sex="M",
        best="PR",
        differentiation="",
        months=4,
        sessions={"TACE": (10,), "CRYO": (28,)},
        response_day=105,
        vena_cava=True,
    ),
}
"""Figure 5: complete response over 18 months, two cryoablations two weeks apart, the thrombus almost gone after ten
months; the session of TACE is that of the nearest arm. Figure 6: partial response after four months with TACE and
cryoablation; the picture has them before the drug, the protocol after its first dose."""

_DAYS_PER_MONTH: Final = 30.4375


def find_cases(outlines: Iterable[Outline], plan: StudyPlan) -> dict[str, str]:
    """Return the patient of a cohort who comes nearest to each published case, by its id.

    Sex, best response and arm must be those of the case. Of those who have them, a year of age counts as much as a
    month of follow-up that is lacking, another known differentiation as much as five.
    """
    found: dict[str, str] = {}
    for case_id, case in CASES.items():
        able = [
            (_distance(case, outline, outline.course), outline.patient_id)
            for outline in outlines
            if outline.course is not None and _is_like(case, outline, outline.course, plan)
        ]
        if able:
            found[case_id] = min(able)[1]
    return found


def script_of(case_id: str) -> Script:
    """Return what the records of a published case shall hold."""
    case = CASES[case_id]
    return Script(sessions=case.sessions, response_day=case.response_day, vena_cava=case.vena_cava)


def _is_like(case: PublishedCase, outline: Outline, course: Course, plan: StudyPlan) -> bool:
    counts = {name: len(days) for name, days in case.sessions.items()}
    arm = arm_of(counts, plan.protocol.arm) if plan.protocol.arm is not None else None
    return outline.sex == case.sex and course.best == case.best and course.arm == arm


def _distance(case: PublishedCase, outline: Outline, course: Course) -> float:
    lacking = max(0.0, case.months - course.pfs_days / _DAYS_PER_MONTH)
    other = 5 if outline.differentiation not in {case.differentiation, ""} else 0
    return abs(outline.age - case.age) + lacking + other
