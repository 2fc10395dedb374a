"""The courses of cases as files for the private folder: one row an event, as their timelines draw them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final, TypeAlias

import polars as pl

from oncohort.report.case_course import Course, course_of
from oncohort.report.patient_records import drug_name, last_day
from oncohort.study.cohort import Cohort
from oncohort.study.protocol import Case, Protocol
from oncohort.writer.results import as_csv

COLUMNS: Final = ("day", "kind", "what", "value")
HIDDEN: Final = "hidden"
"""What stands for the id of a patient outside the private folder."""

_Event: TypeAlias = tuple[int, str, str, object]
_LENGTHS: Final = {"viable_mm": "viable diameter, mm", "longest_mm": "longest diameter, mm"}
_SUMS: Final = {"sum_mm": "mm", "change_percent": "% from baseline"}
_JUDGED: Final = {"target": "target", "non_target": "non-target", "new_lesion": "new lesion", "overall": "overall"}


def write_patients(cohort: Cohort, protocol: Protocol, folder: Path) -> None:
    """Write the course of each case as ``FIGURE.csv``, named by the id of its figure, and nothing without a case.

    Days count from the first dose. Characters of an id that a file name should not have are written as ``_``; where
    two ids become alike, the later is numbered.
    """
    cases = [(figure.id, figure.case.patient_id) for figure in protocol.figure if figure.case is not None]
    names = file_names(figure_id for figure_id, _ in cases)
    for (_, patient_id), name in zip(cases, names, strict=True):
        folder.mkdir(exist_ok=True)
        events = sorted(_events(course_of(cohort, protocol, patient_id), protocol), key=lambda event: event[0])
        rows = ([str(day), kind, what, _cell(value)] for day, kind, what, value in events)
        (folder / f"{name}.csv").write_text(as_csv(COLUMNS, rows), encoding="utf-8", newline="")


def file_names(ids: Iterable[str]) -> list[str]:
    """Return a distinct file name for each id, whatever the system.

    Examples
    --------
    >>> file_names(["5", "case A/B", "case A:B", "CASE_a_b"])
    ['5', 'case_A_B', 'case_A_B_2', 'CASE_a_b_3']
    """
    names: list[str] = []
    used: set[str] = set()
    for figure_id in ids:
        plain = name = re.sub(r"[^\w-]+", "_", figure_id).strip("_") or "case"
        place = 1
        while name.lower() in used:
            place += 1
            name = f"{plain}_{place}"
        used.add(name.lower())
        names.append(name)
    return names


def hide_patients(protocol: Protocol) -> Protocol:
    """Return the protocol as it may stand outside the private folder: without the ids of cases, unless they are shown.

    Examples
    --------
    >>> from oncohort.study.protocol import Case, Figure, Privacy
    >>> case = Figure(id="5", case=Case(patient_id="P-017"))
    >>> hidden = hide_patients(Protocol.model_construct(figure=(case,), privacy=Privacy()))
    >>> hidden.figure[0].case
    Case(patient_id='hidden')
    """
    if protocol.privacy.patient_labels == "id":
        return protocol
    figures = tuple(
        figure if figure.case is None else figure.model_copy(update={"case": Case(patient_id=HIDDEN)})
        for figure in protocol.figure
    )
    return protocol.model_copy(update={"figure": figures})


def _events(course: Course, protocol: Protocol) -> Iterator[_Event]:
    """Yield day, kind, what and value of all that is known of a patient, kind by kind."""
    yield from _doses(course, protocol)
    for session in course.sessions:
        yield session.day, "procedure", session.kind, session.number
    yield from _lesions(course.frames.lesion_sizes)
    for visit in course.frames.visits.rows(named=True):
        for name, what in _SUMS.items():
            yield visit["day"], "sum of target lesions", what, visit[name]
        for name, what in _JUDGED.items():
            yield visit["day"], "response", what, visit[name]
    for best, day in (
        course.frames.best.filter(pl.col("definition") == "").drop_nulls("day").select("best", "day").rows()
    ):
        yield day, "best response", "", best
    for event in course.events:
        yield event.start, "adverse event", event.term, event.grade
        if event.end is not None:
            yield event.end, "end of adverse event", event.term, event.grade
    yield from _outcome(course.patient)


def _doses(course: Course, protocol: Protocol) -> Iterator[_Event]:
    """Yield each dose on its first day; a dose without value begins where none is recorded."""
    drug = drug_name(protocol) or "dose"
    for dose, after in zip_longest(course.doses, course.doses[1:]):
        yield dose.start, "dose", f"{drug}, mg/day", dose.mg_per_day
        if after is not None and after.start > dose.end:
            yield dose.end, "dose", f"{drug}, mg/day", None
    last = course.patient.get("last_dose_day")
    if last is not None:
        yield last, "last dose", drug, course.patient.get("stop_reason")


def _lesions(sizes: pl.DataFrame) -> Iterator[_Event]:
    for lesion in sizes.rows(named=True):
        what = ", ".join(lesion[name] for name in ("lesion_id", "role", "organ") if lesion[name])
        known = [(words, lesion[name]) for name, words in _LENGTHS.items() if lesion[name] is not None]
        for words, length in known or [("no diameter", None)]:
            yield lesion["day"], "lesion", f"{what}: {words}", length


def _outcome(patient: dict[str, Any]) -> Iterator[_Event]:
    if patient.get("progression_day") is not None:
        yield patient["progression_day"], "progression", "", None
    if patient["death_day"] is not None:
        yield patient["death_day"], "death", patient["death_cause"] or "", None
    else:
        yield last_day(patient), "last known alive", "", None


def _cell(value: object) -> str:
    return "" if value is None else repr(value).removesuffix(".0") if isinstance(value, float) else str(value)
