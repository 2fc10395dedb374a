"""The course of one patient, in days from the first dose: what a timeline draws, a paragraph tells, a file lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, Final, Literal, NamedTuple

import polars as pl

from oncohort.analysis.terms import term_label
from oncohort.clinical.lesion_records import ROLES
from oncohort.clinical.response_criteria import CRITERIA
from oncohort.report.figures.case_records import (
    MOST_LESIONS,
    CaseTimeline,
    DoseStep,
    LesionCourse,
    Procedure,
    Scan,
    SevereEvent,
)
from oncohort.report.figures.patient_marks import Mark
from oncohort.report.patient_records import Clock, Dose, clock_of, doses_of, drug_name, last_day, outcomes_of
from oncohort.report.response_tables import inside_sentence
from oncohort.study.cohort import Cohort, Derived
from oncohort.study.protocol import Protocol

SEVERE: Final = 3
"""The lowest grade of the adverse events of a case."""

_ROLES: Final = dict(zip(ROLES, ("Target", "Other lesion", "New lesion"), strict=True))
"""What a lesion of each role is called, in the order in which lesions are shown."""


class Session(NamedTuple):
    """A procedure: its kind, its number among those of its kind, and its day."""

    kind: Literal["TACE", "CRYO"]
    number: int
    day: int


class Event(NamedTuple):
    """A severe adverse event: its first day, and its last, None where it is not known to have ended."""

    term: str
    grade: int
    start: int
    end: int | None


class SizedLesion(NamedTuple):
    """A lesion and its sizes: pairs of day and mm, None on the day of a scan that did not measure it."""

    role: str
    label: str
    sizes: tuple[tuple[int, float | None], ...]


@dataclass(frozen=True, slots=True)
class Course:
    """What is known of one patient.

    Attributes
    ----------
    frames
        The frames of the study with the rows of this patient alone.
    patient
        The row of ``frames.patients``.
    doses, sessions, events
        In order of time.
    lesions
        Those that were ever measured: targets, then other ones, then new ones.
    """

    frames: Derived
    patient: dict[str, Any]
    doses: tuple[Dose, ...]
    sessions: tuple[Session, ...]
    events: tuple[Event, ...]
    lesions: tuple[SizedLesion, ...]

    @property
    def end(self) -> int:
        """The last day of which anything is known; a day that a partial date was completed to may be such a one."""
        scans = [*self.frames.visits["day"], *self.frames.lesion_sizes["day"]]
        others = [*(session.day for session in self.sessions), *(event.start for event in self.events)]
        return max(last_day(self.patient), *scans, *others)


def course_of(cohort: Cohort, protocol: Protocol, patient_id: str) -> Course:
    """Return the course of one patient of a records study.

    Procedures are numbered as recorded, or else by their place among those of their kind. Events are of grade 3 and
    higher, whatever their cause. The size of a lesion is the viable diameter under mRECIST, if the lesion has any, else
    the longest one; of two on one day the larger.
    """
    assert cohort.derived is not None
    own = {
        field.name: getattr(cohort.derived, field.name).filter(pl.col("patient_id") == patient_id)
        for field in fields(Derived)
    }
    frames = Derived(**own)
    severe = frames.adverse_events.filter(pl.col("grade") >= SEVERE).drop_nulls("start_day")
    return Course(
        frames=frames,
        patient=frames.patients.row(0, named=True),
        doses=tuple(doses_of(frames).get(patient_id, ())),
        sessions=tuple(_sessions(frames.procedures)),
        events=tuple(
            Event(term_label(term), grade, start, end)
            for term, grade, start, end in severe.select("term", "grade", "start_day", "end_day").rows()
        ),
        lesions=tuple(_lesions(frames.lesion_sizes, protocol)),
    )


def draw_course(course: Course, protocol: Protocol) -> CaseTimeline:
    """Return what the timeline of a case draws; an event that had not ended by the end of the course goes on there."""
    clock, end = clock_of(protocol), course.end
    steps = ((dose.start, dose.end, dose.mg_per_day) for dose in course.doses)
    return CaseTimeline(
        end=clock.at(end),
        drug=drug_name(protocol).capitalize(),
        dose=tuple(DoseStep(clock.at(start), clock.at(stop), mg) for start, stop, mg in steps if mg is not None),
        procedures=tuple(Procedure(clock.at(each.day), each.kind, each.number) for each in course.sessions),
        scans=tuple(_scans(course.frames, clock)),
        lesions=tuple(
            LesionCourse(lesion.label, tuple((clock.at(day), size) for day, size in lesion.sizes))
            for lesion in shown_lesions(course)
        ),
        events=tuple(
            SevereEvent(
                clock.at(event.start),
                None if event.end is None or event.end > end else clock.at(event.end),
                event.term,
                event.grade,
            )
            for event in course.events
        ),
        outcomes=tuple(Mark(clock.at(day), kind) for kind, day in outcomes_of(course.patient)),
    )


def shown_lesions(course: Course) -> list[SizedLesion]:
    """Return as many lesions as a timeline can tell apart: targets before others and new ones, the largest first."""

    def rank(lesion: SizedLesion) -> tuple[int, float]:
        return [*_ROLES].index(lesion.role), -max(size for _, size in lesion.sizes if size is not None)

    kept = sorted(course.lesions, key=rank)[:MOST_LESIONS]
    return [lesion for lesion in course.lesions if lesion in kept]


def _sessions(frame: pl.DataFrame) -> Iterator[Session]:
    done: Counter[str] = Counter()
    known = frame.drop_nulls("day").filter(pl.col("type").is_in(["TACE", "CRYO"]))
    for kind, number, day in known.select("type", "procedure_no", "day").rows():
        done[kind] += 1
        yield Session(kind, done[kind] if number is None else number, day)


def _lesions(frame: pl.DataFrame, protocol: Protocol) -> Iterator[SizedLesion]:
    viable_counts = protocol.response is not None and protocol.response.criteria == "mRECIST-2010"
    gone, small = pl.col("status") == "ABSENT", pl.col("status") == "TOO_SMALL"
    least = CRITERIA[protocol.response.criteria].too_small_mm if protocol.response else None
    ever = frame.filter(pl.any_horizontal(pl.col("viable_mm", "longest_mm").is_not_null()))["lesion_id"].unique()
    read = frame.filter(pl.col("lesion_id").is_in(ever.to_list())).with_columns(
        pl.when(gone | ((column == "viable_mm") & pl.col(column).is_null() & (pl.col("aphe") == "N")))
        .then(0.0)
        .otherwise(pl.when(small).then(pl.coalesce(column, pl.lit(least, dtype=pl.Float64))).otherwise(pl.col(column)))
        .alias(column)
        for column in ("viable_mm", "longest_mm")
    )
    measured = read.group_by("lesion_id", "role", "organ", "day").agg(pl.col("viable_mm", "longest_mm").max())
    for role, name in _ROLES.items():
        own = measured.filter(pl.col("role") == role).sort("lesion_id", "day")
        lesions = own.partition_by("lesion_id", maintain_order=True)
        known = [lesion for lesion in lesions if lesion["viable_mm"].count() + lesion["longest_mm"].count()]
        for place, lesion in enumerate(known, start=1):
            column = "viable_mm" if viable_counts and lesion["viable_mm"].count() else "longest_mm"
            organ = inside_sentence(term_label(lesion["organ"][0] or "place not known"))
            yield SizedLesion(role, f"{name} {place}, {organ}", tuple(lesion.select("day", column).rows()))


def _scans(frames: Derived, clock: Clock) -> Iterator[Scan]:
    """Yield every day with a visit or a size of a lesion; those before the first dose have no response."""
    responses = dict(frames.visits.select("day", "overall").rows())
    for day in sorted({*responses, *frames.lesion_sizes["day"]}):
        yield Scan(clock.at(day), responses.get(day))
