"""A case in sentences: who the patient was, the doses, procedures, response, severe events and outcome."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import Any, Final

import polars as pl

from oncohort.analysis.cases import OLDEST
from oncohort.analysis.terms import term_label
from oncohort.report.case_course import SEVERE, Course
from oncohort.report.figures.change_axis import signed
from oncohort.report.names import listed
from oncohort.report.patient_records import Dose, best_changes, drug_name, is_on_drug, last_day
from oncohort.report.response_tables import BEST_RESPONSES, inside_sentence
from oncohort.study.protocol import Protocol
from oncohort.study.text import format_plain
from oncohort.study.words import plural

_SEXES: Final = {"M": "man", "F": "woman"}
_STAGES: Final = {"bclc": ("{}", "BCLC stage"), "child_pugh": ("{}_class", "Child-Pugh class")}
"""For a rule of a baseline variable, the column that it gives to a variable of an id, and its name."""

_RESPONSES: Final = {"CR": "a complete response", "PR": "a partial response"}
_MOST_CHANGES: Final = 4
"""How many changes of dose a sentence lists."""


def phrase_case(course: Course, protocol: Protocol, name: str) -> str:
    """Return a paragraph on one patient, whom it calls ``name``; what is not known is left out.

    Days count from the first dose; of an age of 90 or more only this bound is told. The smallest sum of the target
    lesions is the one that a waterfall plot shows.
    """
    parts = (
        _person(course.patient, protocol, name),
        _doses(course, protocol),
        _sessions(course, protocol),
        *_response(course, protocol),
        _progression(course, protocol),
        _events(course, protocol),
        _outcome(course.patient),
    )
    return " ".join(part for part in parts if part)


def _person(patient: dict[str, Any], protocol: Protocol, name: str) -> str:
    """Return age, sex and stage."""
    age, noun = patient["age"], _SEXES.get(patient["subjects.sex"], "patient")
    if age is None:
        who = f"a {noun} of unknown age"
    elif age >= OLDEST:
        who = f"a {noun} of {OLDEST} years or older"
    else:
        years = str(int(age))
        who = f"{'an' if years[0] == '8' or years in {'11', '18'} else 'a'} {years}-year-old {noun}"
    stages = _stages(patient, protocol)
    return f"{name} was {who}{f' with {stages}' if stages else ''}."


def _stages(patient: dict[str, Any], protocol: Protocol) -> str:
    found: list[str] = []
    for variable in protocol.baseline.variable if protocol.baseline else ():
        column, label = _STAGES.get(variable.rule or "", ("", ""))
        value = patient.get(column.format(variable.id))
        found += [] if value is None else [f"{label} {value}"]
    return listed(found)


def _doses(course: Course, protocol: Protocol) -> str:
    drug, last = drug_name(protocol), course.patient.get("last_dose_day")
    if not drug or last is None:
        return ""
    known = [dose for dose in course.doses if dose.mg_per_day is not None]
    steps = [next(same) for _, same in groupby(known, key=lambda dose: dose.mg_per_day)]
    ended = f"last taken on day {last}"
    if is_on_drug(course.patient):
        ended = f"still taken on day {last}"
    elif course.patient.get("stop_reason"):
        ended = f"{ended} (end of treatment: {inside_sentence(term_label(course.patient['stop_reason']))})"
    started = f"was started at {_mg(steps[0])} on day {steps[0].start}{_changes(steps)}; it " if steps else ""
    return f"{drug.capitalize()} {started}was {ended}."


def _mg(dose: Dose) -> str:
    return f"{format_plain(dose.mg_per_day or 0.0)} mg/day"


def _changes(steps: Sequence[Dose]) -> str:
    """Return how the dose was changed after the first one, each change with its day."""
    changes = [f"{_change(before, after)} on day {after.start}" for before, after in pairwise(steps)]
    if len(changes) > _MOST_CHANGES:
        return f" and changed {plural(len(changes), 'time')}"
    return f", {listed(changes)}" if changes else ""


def _change(before: Dose, after: Dose) -> str:
    if not after.mg_per_day:
        return "paused"
    if not before.mg_per_day:
        return f"resumed at {_mg(after)}"
    return f"{'reduced' if after.mg_per_day < before.mg_per_day else 'raised'} to {_mg(after)}"


def _sessions(course: Course, protocol: Protocol) -> str:
    labels = {procedure.id: procedure.label or procedure.id for procedure in protocol.procedure}
    days: dict[str, list[str]] = {}
    for session in course.sessions:
        days.setdefault(session.kind, []).append(str(session.day).replace("-", "−"))
    done = [
        f"{inside_sentence(labels.get(kind, kind))}{{}} on {'day' if len(on) == 1 else 'days'} {listed(on)}"
        for kind, on in days.items()
    ]
    told = ", and ".join(part.format("" if place else " was performed") for place, part in enumerate(done))
    return f"{told[0].upper()}{told[1:]}." if told else ""


def _response(course: Course, protocol: Protocol) -> Iterator[str]:
    """Yield the best response with its day, and the sum of the target lesions at baseline and at its lowest."""
    if protocol.response is None or course.patient["best_response"] is None:
        return
    best = course.patient["best_response"]
    (day,) = course.frames.best.filter(pl.col("definition") == "")["day"]
    words = _RESPONSES.get(best) or inside_sentence(BEST_RESPONSES[best])
    yield f"The best response was {words}{'' if day is None or best == 'NE' else f', on day {day}'}."
    change = best_changes(course.frames, protocol).get(course.patient["patient_id"])
    if change is not None:
        lowest = course.frames.visits.filter(pl.col("change_percent") == change).row(0, named=True)
        until = "" if course.patient["progression_day"] is None else " up to progression"
        yield (
            f"The sum of the target lesions was {format_plain(lowest['baseline_mm'])} mm at baseline; the smallest "
            f"later one{until} was {format_plain(lowest['sum_mm'])} mm, on day {lowest['day']} ({signed(change)}%)."
        )


def _progression(course: Course, protocol: Protocol) -> str:
    day = course.patient.get("progression_day")
    if day is None:
        return "" if course.frames.visits.is_empty() else "No progression was seen."
    continued = course.patient.get("continued_past_progression") == "Y"
    after = f"; {drug_name(protocol)} was continued beyond it" if continued else ""
    return f"Progression was seen on day {day}{after}."


def _events(course: Course, protocol: Protocol) -> str:
    if protocol.safety is None:
        return ""
    named = [f"{inside_sentence(event.term)} (grade {event.grade} on day {event.start})" for event in course.events]
    if not named:
        return f"No adverse event of grade {SEVERE} or higher was recorded."
    noun, verb = ("event", "was") if len(named) == 1 else ("events", "were")
    return f"The adverse {noun} of grade {SEVERE} or higher {verb} {listed(named)}."


def _outcome(patient: dict[str, Any]) -> str:
    if patient["death_day"] is None:
        return f"The patient was last known alive on day {last_day(patient)}."
    cause = patient["death_cause"]
    of = "" if cause is None else f" of {inside_sentence(term_label(cause))}"
    return f"The patient died on day {patient['death_day']}{of}."
