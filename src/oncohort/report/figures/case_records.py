"""What the timeline of one patient is drawn from: doses, procedures, scans with lesions, severe events, outcomes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite
from typing import Final, Literal

from oncohort.errors import OutputError
from oncohort.report.figures.patient_marks import GRADE_FILLS, RESPONSE_FILLS, Mark, Response, check_word

FIGURE: Final = "case timeline"
PROCEDURES: Final[tuple[Literal["TACE", "CRYO"], ...]] = ("TACE", "CRYO")
OUTCOMES: Final = ("PD", "DEATH", "LAST FOLLOW-UP")
OVERALL: Final = (*RESPONSE_FILLS, "NON-CR/NON-PD")
"""The responses of a scan; the last is that of a patient without target lesions."""
MOST_LESIONS: Final = 7


@dataclass(frozen=True, slots=True)
class DoseStep:
    """A daily dose in mg, 0 where treatment was interrupted, from ``start`` until ``end``."""

    start: float
    end: float
    mg_per_day: float


@dataclass(frozen=True, slots=True)
class Procedure:
    """One session of a local treatment and its number among those of its kind."""

    time: float
    kind: Literal["TACE", "CRYO"]
    number: int


@dataclass(frozen=True, slots=True)
class Scan:
    """A scan and the overall response it showed; None where there is none to tell, as at baseline."""

    time: float
    response: Response | Literal["NON-CR/NON-PD"] | None = None


@dataclass(frozen=True, slots=True)
class LesionCourse:
    """A lesion's diameters in mm, as pairs of time and diameter in time order; None where it was not measured."""

    label: str
    points: tuple[tuple[float, float | None], ...]


@dataclass(frozen=True, slots=True)
class ThrombusCourse:
    """Whether a tumor thrombus was there, as pairs of time and answer; None where it could not be said."""

    label: str
    points: tuple[tuple[float, bool | None], ...]


@dataclass(frozen=True, slots=True)
class SevereEvent:
    """An adverse event of grade 3 to 5; ``end`` is None where it had not ended at the end of the timeline."""

    start: float
    end: float | None
    term: str
    grade: int


@dataclass(frozen=True, slots=True)
class CaseTimeline:
    """One patient on one time axis; a track without entries is left out.

    Parameters
    ----------
    end : float
        Last time shown, 0 or more, in the unit of the time axis. Nothing may be later.
    drug : str
        Name of the drug whose dose is shown.
    dose : tuple of DoseStep
        In time order, without overlap.
    procedures : tuple of Procedure
    scans : tuple of Scan
    lesions : tuple of LesionCourse
        At most seven, which is as many as can be told apart.
    thrombi : tuple of ThrombusCourse
    events : tuple of SevereEvent
    outcomes : tuple of Mark
        Of the kinds PD, DEATH and LAST FOLLOW-UP.
    """

    end: float
    drug: str = ""
    dose: tuple[DoseStep, ...] = ()
    procedures: tuple[Procedure, ...] = ()
    scans: tuple[Scan, ...] = ()
    lesions: tuple[LesionCourse, ...] = ()
    thrombi: tuple[ThrombusCourse, ...] = ()
    events: tuple[SevereEvent, ...] = ()
    outcomes: tuple[Mark, ...] = ()


def check_case(case: CaseTimeline) -> None:
    """Raise OutputError where there is nothing to draw, or what there is contradicts itself."""
    times = list(times_of(case))
    if not times:
        raise OutputError(f"{FIGURE}: there is nothing to draw but the time axis")
    for time in (*times, case.end):
        if not (isfinite(time) and time <= case.end):
            raise OutputError(f"{FIGURE}: the time {time} is not by the end of the timeline, {case.end}")
    for scan in case.scans:
        if scan.response is not None:
            check_word(FIGURE, "response", scan.response, OVERALL)
    for procedure in case.procedures:
        check_word(FIGURE, "procedure", procedure.kind, PROCEDURES)
    for outcome in case.outcomes:
        check_word(FIGURE, "outcome", outcome.kind, OUTCOMES)
    _check_spans(case)
    _check_values(case)


def times_of(case: CaseTimeline) -> Iterator[float]:
    """Yield every time at which something is drawn."""
    for step in case.dose:
        yield from (step.start, step.end)
    for event in case.events:
        yield from (event.start, case.end if event.end is None else event.end)
    for each in (*case.procedures, *case.scans, *case.outcomes):
        yield each.time
    for course in (*case.lesions, *case.thrombi):
        yield from (time for time, _ in course.points)


def words_of(case: CaseTimeline) -> Iterator[str]:
    """Yield every text of the record that is drawn."""
    yield case.drug
    yield from (course.label for course in (*case.lesions, *case.thrombi))
    yield from (event.term for event in case.events)


def _check_spans(case: CaseTimeline) -> None:
    for step in case.dose:
        if not step.start < step.end:
            raise OutputError(f"{FIGURE}: the dose from {step.start} to {step.end} does not end after its start")
    for step, after in pairwise(case.dose):
        if after.start < step.end:
            raise OutputError(f"{FIGURE}: the dose from {after.start} begins before the one before it ends")
    for event in case.events:
        if event.end is not None and event.end < event.start:
            raise OutputError(f'{FIGURE}: the event "{event.term}" ends at {event.end}, before its start {event.start}')


def _check_values(case: CaseTimeline) -> None:
    if len(case.lesions) > MOST_LESIONS:
        raise OutputError(f"{FIGURE}: {len(case.lesions)} lesions cannot be told apart; at most {MOST_LESIONS} can")
    for event in case.events:
        if event.grade not in GRADE_FILLS:
            raise OutputError(f'{FIGURE}: the grade {event.grade} of the event "{event.term}" is none of 3, 4, 5')
    for step in case.dose:
        if not (isfinite(step.mg_per_day) and step.mg_per_day >= 0.0):
            raise OutputError(f"{FIGURE}: the dose {step.mg_per_day} is no number of mg from 0")
    for lesion in case.lesions:
        for _, diameter in lesion.points:
            if diameter is not None and not (isfinite(diameter) and diameter >= 0.0):
                raise OutputError(f'{FIGURE}: the diameter {diameter} of "{lesion.label}" is no length in mm from 0')
