"""Laboratory values, examinations and vital signs under treatment, in keeping with the adverse events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from oncohort.derive.reconcile import LAB_OF_TERM
from oncohort.derive.safety import canonical_term
from oncohort.simulate.baseline_records import lab_row
from oncohort.simulate.course_facts import Facts
from oncohort.simulate.event_plan import EventPlan
from oncohort.simulate.events import Event
from oncohort.simulate.lab_draws import TESTS, grade_of, on_step, values_of_grade
from oncohort.simulate.rows import Planted, Row, Rows, row_of
from oncohort.simulate.script import Script
from oncohort.simulate.study_plan import StudyPlan

VISIT_EVERY_DAYS: Final = 28
_NOISE: Final = {"BILI": 0.12, "ALB": 0.04, "INR": 0.04, "PLAT": 0.1, "HGB": 0.05, "AFP": 0.15}
_USUAL_NOISE: Final = 0.15
_HIGHEST_LAB_GRADE: Final = 4
_NEARER: Final = 0.7
"""The part of the values of a grade, from the one nearest to normal, that is drawn from."""

_EARLY_NEED: Final = 10
"""An event that lasts for more days than this is measured once more while it lasts."""


@dataclass(frozen=True, slots=True)
class _Series:
    """One test of one patient: its value before treatment, its events, and what its values under treatment are."""

    code: str
    baseline: float
    events: tuple[tuple[int, int | None, int], ...]

    def grade_on(self, day: int) -> int | None:
        """Return the grade that an event asks for on a day; None where there is none."""
        asked = [grade for start, end, grade in self.events if start <= day and (end is None or day <= end)]
        return max(asked, default=None)

    def days(self, alive_to: int) -> set[int]:
        """Return the days on which the test is taken because of an event: it shows, it lasts, it is over."""
        found: set[int] = set()
        for start, end, _ in self.events:
            found.add(start)
            found |= {start + _EARLY_NEED // 2} if end is not None and end - start > _EARLY_NEED else set()
            found |= {end + 1} if end is not None else set()
        return {day for day in found if day <= alive_to}


def visit_days(facts: Facts, rng: Random) -> list[int]:
    """Return the days of the visits under treatment: every four weeks or so, until a month after the last dose."""
    last = min(facts.alive_to, facts.last_dose + VISIT_EVERY_DAYS)
    days = [day + rng.randint(-2, 2) for day in range(VISIT_EVERY_DAYS, last + 1, VISIT_EVERY_DAYS)]
    return [day for day in days if day <= last]


def lab_rows(
    facts: Facts, before: Sequence[Row], planned: EventPlan, plan: StudyPlan, script: Script, *, days: Sequence[int],
    rng: Random,
) -> tuple[list[Row], list[Planted]]:  # fmt: skip
    """Return ``labs`` after the first dose, and what differs between recorded and measured grades on purpose.

    Outside an event no value has a higher grade than before treatment; in it the values have the event's grade.
    """
    baselines: dict[str, float] = {row["test"]: row["value"] for row in before}
    shown, planted = _shown_grades(facts, planned.events, script)
    rows: list[Row] = []
    for code in TESTS:
        series = _Series(code, baselines[code], tuple(shown.get(code, ())))
        taken = sorted({*days, *series.days(facts.alive_to)}) if code != "AFP" else days[1::2]
        rows += [
            lab_row(facts.patient_id, facts.on(day), code, _value_on(day, series, facts, plan, rng)) for day in taken
        ]
    return sorted(rows, key=lambda row: str(row["date"])), planted


def _shown_grades(
    facts: Facts, events: Iterable[Event], script: Script
) -> tuple[dict[str, list[tuple[int, int | None, int]]], list[Planted]]:
    """Return, for each test, the events that are values of it with the grade that the values show."""
    shown: dict[str, list[tuple[int, int | None, int]]] = {}
    planted: list[Planted] = []
    for event in events:
        code = LAB_OF_TERM.get(canonical_term(event.term))
        if code is None:
            continue
        grade = min(event.grade, _HIGHEST_LAB_GRADE)
        if "misgraded_event" in script.deviations and grade > 1 and not planted:
            grade -= 1
            reason = f"{event.term} is recorded one grade above what its values show"
            planted.append(Planted(facts.patient_id, "RECONCILE-GRADE", event.start, "differs", reason))
        shown.setdefault(code, []).append((event.start, event.end, grade))
    return shown, planted


def _value_on(day: int, series: _Series, facts: Facts, plan: StudyPlan, rng: Random) -> float:
    code, baseline, test = series.code, series.baseline, TESTS[series.code]
    grade = series.grade_on(day)
    if grade is not None:
        values = values_of_grade(code, grade, plan.version, baseline)
        return values[int(rng.triangular(0, len(values), 0) * _NEARER)]
    trend = _trend(code, day, facts)
    value = on_step(baseline * trend * (1 + rng.uniform(-1, 1) * _NOISE.get(code, _USUAL_NOISE)), test)
    least, most = test.grid
    kept = least <= value <= most and grade_of(code, value, plan.version, baseline) <= grade_of(
        code, baseline, plan.version, baseline
    )
    return value if kept else baseline


def _trend(code: str, day: int, facts: Facts) -> float:
    """Return what a value is multiplied by in time: alpha-fetoprotein falls with a response and rises with growth."""
    if code != "AFP":
        return 1.0
    if facts.progression is not None and day >= facts.progression:
        return 1.8
    return {"CR": 0.05, "PR": 0.35, "SD": 0.9}.get(facts.course.best, 1.2)


def examination_rows(facts: Facts, before: Rows, planned: EventPlan, days: Sequence[int], rng: Random) -> Rows:
    """Return ``clinical_scores`` and ``vitals`` after the first dose; weight, pressure and stools follow the events."""
    scores, vitals = before["clinical_scores"][0], before["vitals"][0]
    return {
        "clinical_scores": list(_scores(facts, scores, days, rng)),
        "vitals": [_vital_signs(facts, vitals, planned, day, rng) for day in days],
    }


_HIGHEST_ECOG: Final = 3


def _scores(facts: Facts, before: Row, days: Iterable[int], rng: Random) -> Iterator[Row]:
    ecog: int = before["ecog"]
    for day in days:
        worse = facts.progression is not None and day > facts.progression and rng.random() < 0.4
        yield row_of(
            facts.patient_id,
            date=facts.on(day),
            ecog=max(ecog, min(ecog + worse, _HIGHEST_ECOG)),
            ascites=before["ascites"],
            encephalopathy=before["encephalopathy"],
        )


_LOSS: Final = {0: (0.98, 1.02), 1: (0.91, 0.945), 2: (0.82, 0.89), 3: (0.74, 0.79)}
"""Weight by the grade of weight loss, as parts of that before treatment."""

_PRESSURE: Final = {0: (112, 138, 64, 84), 1: (151, 156, 88, 94), 2: (156, 168, 94, 102), 3: (170, 186, 102, 112)}
"""Least and highest systolic and diastolic pressure by the grade of hypertension, mmHg."""

_STOOLS: Final = {0: (0, 0), 1: (1, 3), 2: (4, 6), 3: (7, 9), 4: (9, 12)}
"""Stools a day above those before treatment by the grade of diarrhea."""


def _vital_signs(facts: Facts, before: Row, planned: EventPlan, day: int, rng: Random) -> Row:
    grades = {
        canonical_term(event.term): event.grade
        for event in planned.events
        if event.start <= day and (event.end is None or day <= event.end)
    }
    low_s, high_s, low_d, high_d = _PRESSURE[min(grades.get("HYPERTENSION", 0), 3)]
    weight, stools = before["weight_kg"], before["stools_per_day_baseline"]
    return row_of(
        facts.patient_id,
        date=facts.on(day),
        weight_kg=round(weight * rng.uniform(*_LOSS[min(grades.get("WEIGHT LOSS", 0), 3)]), 1),
        sbp=rng.randint(low_s, high_s),
        dbp=rng.randint(low_d, high_d),
        stools_per_day=stools + rng.randint(*_STOOLS[min(grades.get("DIARRHEA", 0), 4)]),
        stools_per_day_baseline=stools,
    )
