"""What is asked of the patients of a whole cohort: published cases and planted deviations, one script a patient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from oncohort.simulate.deviations import USUAL_NUMBERS, choose_deviations
from oncohort.simulate.outline import Outline
from oncohort.simulate.published_cases import find_cases, script_of
from oncohort.simulate.script import Deviation, Script
from oncohort.simulate.study_plan import StudyPlan


def plan_scripts(
    outlines: Sequence[Outline], plan: StudyPlan, seed: int, numbers: Mapping[Deviation, int] = USUAL_NUMBERS
) -> dict[str, Script]:
    """Return the script of each patient who has one: a published case, or else a deviation.

    Parameters
    ----------
    outlines : sequence of Outline
        The cohort.
    plan : StudyPlan
        The protocol.
    seed : int
        That of the cohort.
    numbers : mapping of str to int
        How many patients get each deviation; {} plants nothing.
    """
    cases = {patient_id: script_of(case_id) for case_id, patient_id in find_cases(outlines, plan).items()}
    others = [outline for outline in outlines if outline.patient_id not in cases]
    chosen = choose_deviations(others, plan, seed, numbers)
    return cases | {patient_id: Script(deviations=kinds) for patient_id, kinds in chosen.items()}
