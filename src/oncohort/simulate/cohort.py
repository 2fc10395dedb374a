"""A whole synthetic cohort: all outlines written as rows of the template's tables, with the deviations among them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from oncohort.errors import DataError
from oncohort.simulate.baseline_records import draw_baseline
from oncohort.simulate.cohort_scripts import plan_scripts
from oncohort.simulate.deal import stream
from oncohort.simulate.deviations import USUAL_NUMBERS
from oncohort.simulate.outline import Outline
from oncohort.simulate.patient_records import write_treated
from oncohort.simulate.published_cases import find_cases
from oncohort.simulate.rows import Planted, Row, Rows
from oncohort.simulate.script import NOTHING_ELSE, Deviation
from oncohort.simulate.study_plan import StudyPlan, study_plan
from oncohort.study.protocol import Protocol
from oncohort.study.template_tables import TEMPLATE

SITE: Final = "SYNTHETIC"
"""The ``site_id`` of every synthetic patient."""


@dataclass(frozen=True, slots=True)
class Synthetic:
    """A synthetic cohort.

    ``tables`` are the rows of every table of the template, the patients in the order of ``outlines``; what is missing
    has no key. ``planted`` are the deviations among them; nothing else deviates. ``cases`` names, for each patient whom
    a figure of the protocol shows, the synthetic one who takes the place.
    """

    outlines: tuple[Outline, ...]
    tables: Mapping[str, tuple[Row, ...]]
    planted: tuple[Planted, ...]
    cases: Mapping[str, str]


def simulate_cohort(
    outlines: Sequence[Outline],
    protocol: Protocol,
    seed: int,
    *,
    cutoff: date,
    deviations: Mapping[Deviation, int] = USUAL_NUMBERS,
) -> Synthetic:
    """Write a cohort.

    Each patient has an own stream of random numbers from the seed and the id: another patient more changes the records
    of no other, unless a deviation is planted in another one for it.

    Parameters
    ----------
    outlines : sequence of Outline
        The treated and the excluded, each id once.
    protocol : Protocol
        Of a records study.
    seed : int
        Of all random numbers.
    cutoff : date
        The day after which nothing is recorded.
    deviations : mapping of str to int
        How many patients get each deviation from the protocol; {} plants nothing.

    Raises
    ------
    DataError
        If no records can be what an outline says; the sentence names the patient.
    """
    for patient_id, times in Counter(outline.patient_id for outline in outlines).items():
        if times > 1:
            raise DataError(f"{patient_id}: {times} outlines have this id; one was expected")
    plan = study_plan(protocol, cutoff)
    treated = [outline for outline in outlines if outline.course is not None]
    scripts = plan_scripts(treated, plan, seed, deviations)
    tables: dict[str, list[Row]] = {name: [] for name in TEMPLATE}
    planted: list[Planted] = []
    for outline in outlines:
        rng = stream(seed, outline.patient_id, "records")
        rows: Rows
        if outline.course is None:
            rows = draw_baseline(outline, plan, rng).rows
        else:
            rows, found = write_treated(outline, plan, rng, scripts.get(outline.patient_id, NOTHING_ELSE))
            planted += found
        for name, own in rows.items():
            tables[name] += own
    tables["subjects"] = [row | {"site_id": SITE} for row in tables["subjects"]]
    cases = _cases(treated, plan)
    return Synthetic(tuple(outlines), {name: tuple(rows) for name, rows in tables.items()}, tuple(planted), cases)


def _cases(treated: Sequence[Outline], plan: StudyPlan) -> dict[str, str]:
    """Return a treated patient for each that a figure shows: the one who comes nearest to a published case, or any."""
    near, ids = find_cases(treated, plan), [outline.patient_id for outline in treated]
    asked = [figure.case.patient_id for figure in plan.protocol.figure if figure.case is not None]
    others = (patient_id for patient_id in ids if patient_id not in near.values())
    return {name: near.get(name) or next(others, ids[0]) for name in asked if name not in ids and ids}
