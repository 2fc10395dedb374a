"""The days of a treated patient's course as the writers of records ask for them, and which outlines cannot be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from oncohort.errors import DataError
from oncohort.simulate.outline import Course, Outline
from oncohort.simulate.rows import date_of
from oncohort.simulate.study_plan import StudyPlan


@dataclass(frozen=True, slots=True)
class Facts:
    """The course of a treated patient; days count from the first dose.

    Attributes
    ----------
    patient_id, start, outline, course
        The patient, day 0, and the outline with its course.
    known_to : int
        Death, or the last follow-up.
    alive_to : int
        The last day on which the patient is seen alive.
    last_dose : int
        The last day with the drug.
    progression : int or None
        The day of the scan that shows progression.
    adequate_to : int or None
        Where the protocol censors at the last evaluable scan: its day, of a patient without event.
    """

    patient_id: str
    start: date
    outline: Outline
    course: Course
    known_to: int
    alive_to: int
    last_dose: int
    progression: int | None
    adequate_to: int | None

    def on(self, day: int) -> date:
        """Return the date of a day."""
        return date_of(self.start, day)

    @property
    def goes_on(self) -> bool:
        """Return whether the drug is still taken when the patient is last known of."""
        stops = bool(self.course.early_stop) or (self.progression is not None and self.course.continued is False)
        return not self.course.died and self.last_dose >= self.known_to and not stops


def course_facts(outline: Outline, plan: StudyPlan) -> Facts:
    """Return the days of a course.

    Raises
    ------
    DataError
        If the days of the outline contradict each other; the sentence names the patient.
    """
    course = outline.course
    if course is None:
        raise DataError(f"{outline.patient_id}: was only screened; a treated patient was expected")
    last_dose = course.treatment_days - plan.extra_day
    contradictions = _contradictions(outline, course, last_dose, plan)
    if contradictions:
        raise DataError(f"{outline.patient_id}: {contradictions[0]}")
    at_scan = plan.censoring.censor_at == "last_adequate" and not course.progressed and not course.died
    return Facts(
        patient_id=outline.patient_id,
        start=outline.start,
        outline=outline,
        course=course,
        known_to=course.os_days,
        alive_to=course.os_days - course.died,
        last_dose=last_dose,
        progression=course.pfs_days if course.progressed else None,
        adequate_to=course.pfs_days if at_scan else None,
    )


def _contradictions(outline: Outline, course: Course, last_dose: int, plan: StudyPlan) -> list[str]:
    """Return what of the days cannot be, a clause each."""
    pfs, known_to = course.pfs_days, course.os_days
    at_scan = plan.censoring.censor_at == "last_adequate" and not course.died and 0 <= pfs <= known_to
    cutoff = (plan.cutoff - outline.start).days
    goes_on = last_dose > pfs + plan.grace_days
    told = (
        (
            not 0 <= last_dose <= known_to,
            f"the last dose on day {last_dose} lies outside the follow-up until day {known_to}",
        ),
        (
            course.progressed and not 0 < pfs <= known_to,
            f"progression on day {pfs} lies outside the follow-up until day {known_to}",
        ),
        (
            not course.progressed and pfs != known_to and not at_scan,
            f"without progression the time to it ends on day {pfs}; day {known_to}, the end of follow-up, was expected",
        ),
        (known_to > cutoff, f"the follow-up until day {known_to} ends after the cutoff on day {cutoff}"),
        (
            course.progressed and course.continued is not None and course.continued is not goes_on,
            f"with progression on day {pfs} a last dose on day {last_dose} is not continued = {course.continued}",
        ),
        (
            course.died != bool(course.death_cause),
            f'the cause of death "{course.death_cause}" does not go with died = {course.died}',
        ),
    )
    return [why for cannot_be, why in told if cannot_be]
