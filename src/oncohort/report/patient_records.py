"""What the figures of all patients are drawn from: bars, lines and lanes, made of the frames of a records study."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import polars as pl

from oncohort.derive.endpoints import DAYS_PER_UNIT
from oncohort.report.figures.patient_marks import RESPONSE_FILLS, DoseLevel, MarkKind, Response
from oncohort.report.figures.spider import SpiderLine
from oncohort.report.figures.swimmer import Mark, Span, SwimmerLane
from oncohort.report.figures.waterfall import WaterfallBar
from oncohort.study.cohort import Cohort, Derived
from oncohort.study.protocol import Protocol, TimeUnit
from oncohort.study.rules_in_force import response_rules

RESPONDERS: Final[tuple[Response, ...]] = ("CR", "PR")


class Clock(NamedTuple):
    """The time of a figure: its unit, and the words along its axis."""

    unit: TimeUnit
    label: str

    def at(self, day: float) -> float:
        """Return a day, counted from the first dose, in the unit."""
        return day / DAYS_PER_UNIT[self.unit]


class Dose(NamedTuple):
    """A daily dose from the beginning of the day ``start`` to the beginning of the day ``end``."""

    start: int
    end: int
    mg_per_day: float | None
    state: str | None


def clock_of(protocol: Protocol) -> Clock:
    """Return the time of the figures of a study, in the unit of its report.

    Examples
    --------
    >>> from oncohort.study.protocol import Drug, Study
    >>> study = Study(title="", profile="paper", records="data")
    >>> clock = clock_of(Protocol.model_construct(study=study, drug={"sorafenib": Drug.model_construct()}))
    >>> clock.label, clock.at(487)
    ('Months since the first dose of sorafenib', 16.0)
    """
    unit = protocol.study.report_unit or "months"
    drug = drug_name(protocol)
    return Clock(unit, f"{unit.capitalize()} since the first dose{f' of {drug}' if drug else ''}")


def drug_name(protocol: Protocol) -> str:
    """Return the name of the drug whose doses are derived, or "" without one."""
    return next(iter(protocol.drug), "")


def shown_patients(cohort: Cohort) -> pl.DataFrame:
    """Return the rows of the patients a figure may show: analyzed, and with a first dose, from which days count."""
    assert cohort.derived is not None
    analyzed = pl.col("patient_id").is_in(list(cohort.patient_id))
    return cohort.derived.patients.filter(analyzed & pl.col("treated"))


def label_patients(cohort: Cohort, protocol: Protocol) -> dict[str, str]:
    """Return what a figure calls each analyzed patient, by ``privacy.patient_labels``.

    "hidden" gives no label; "number" the place among the analyzed patients, the same in every figure; "id" the id.
    """
    if protocol.privacy.patient_labels == "id":
        return {patient_id: patient_id for patient_id in cohort.patient_id}
    numbered = protocol.privacy.patient_labels == "number"
    return {name: str(place) if numbered else "" for place, name in enumerate(cohort.patient_id, start=1)}


def best_changes(derived: Derived, protocol: Protocol) -> dict[str, float]:
    """Return the best change of each patient in percent: the lowest at a scan that counts for the best response.

    These are the scans up to and including the first progression; where ``response.after_new_therapy`` says so, before
    another anticancer therapy. A patient without a sum at baseline, or without one at such a scan, has none.
    """
    if protocol.response is None:
        return {}
    excluded = response_rules(protocol).after_new_therapy == "excluded"
    ends = derived.patients.select("patient_id", "progression_day")
    measured = derived.visits.drop_nulls("change_percent").join(ends, on="patient_id", maintain_order="left")
    counted = measured.filter(
        (pl.col("day") <= pl.col("progression_day")).fill_null(value=True),
        ~(pl.col("after_therapy").fill_null(value=False) & excluded),
    )
    return dict(counted.group_by("patient_id").agg(pl.col("change_percent").min()).rows())


def has_change(cohort: Cohort, protocol: Protocol) -> bool:
    """Return whether the best change of any patient is known."""
    return any(bar.change_percent is not None for bar in waterfall_bars(cohort, protocol))


def waterfall_bars(cohort: Cohort, protocol: Protocol) -> list[WaterfallBar]:
    """Return a bar for every patient; those whose change is not known have a bar without height."""
    if protocol.response is None or cohort.derived is None:
        return []
    changes, labels = best_changes(cohort.derived, protocol), label_patients(cohort, protocol)
    rows = shown_patients(cohort).select("patient_id", "best_response").rows()
    return [WaterfallBar(changes.get(name), _class_of(best), labels[name]) for name, best in rows]


def spider_lines(cohort: Cohort, protocol: Protocol) -> list[SpiderLine]:
    """Return the changes of every patient with a sum after baseline, those after progression too."""
    if protocol.response is None or cohort.derived is None:
        return []
    clock, labels = clock_of(protocol), label_patients(cohort, protocol)
    visits = cohort.derived.visits
    points = rows_by_patient(visits.drop_nulls("change_percent"), ("day", "change_percent"))
    new = rows_by_patient(visits.filter(pl.col("new_lesion") == "Y"), ("day",))
    lines: list[SpiderLine] = []
    for name, best, progression in (
        shown_patients(cohort).select("patient_id", "best_response", "progression_day").rows()
    ):
        if name in points:
            lines.append(
                SpiderLine(
                    points=tuple((clock.at(day), change) for day, change in points[name]),
                    response=_class_of(best),
                    label=labels[name],
                    progression_time=None if progression is None else clock.at(progression),
                    new_lesion_times=tuple(clock.at(day) for (day,) in new.get(name, ())[:1]),
                )
            )
    return lines


def swimmer_lanes(cohort: Cohort, protocol: Protocol) -> list[SwimmerLane]:
    """Return a lane for every patient: doses, procedures, first responses, progression, and how the lane ends.

    A lane ends with death or with the last day on which the patient is known to have lived. Treatment is ongoing
    where the drug was taken to that day and no reason to end it is recorded.
    """
    if cohort.derived is None:
        return []
    derived, clock, labels = cohort.derived, clock_of(protocol), label_patients(cohort, protocol)
    doses, full = doses_of(derived), full_dose(protocol)
    procedures, responses = rows_by_patient(derived.procedures, ("type", "day")), _first_responses(derived)
    lanes: list[SwimmerLane] = []
    for patient in shown_patients(cohort).rows(named=True):
        name = patient["patient_id"]
        ongoing = is_on_drug(patient)
        ends = [(kind, day) for kind, day in outcomes_of(patient) if not (ongoing and kind == "LAST FOLLOW-UP")]
        happened = [*procedures.get(name, ()), *responses.get(name, ()), *ends]
        lanes.append(
            SwimmerLane(
                label=labels[name],
                treatment=tuple(_spans(doses.get(name, ()), clock, full)),
                events=tuple(Mark(clock.at(day), kind) for kind, day in happened if day is not None),
                end=clock.at(last_day(patient)),
                ongoing=ongoing,
            )
        )
    return lanes


def outcomes_of(patient: dict[str, Any]) -> list[tuple[MarkKind, int]]:
    """Return progression, and death or the last day known alive, with their days."""
    progression = patient.get("progression_day")
    found: list[tuple[MarkKind, int]] = [] if progression is None else [("PD", progression)]
    if patient["death_day"] is not None:
        return [*found, ("DEATH", patient["death_day"])]
    return [*found, ("LAST FOLLOW-UP", last_day(patient))]


def last_day(patient: dict[str, Any]) -> int:
    """Return the day of death, or the last on which a treated patient is known to have lived: day 0 or later."""
    days = (patient["death_day"], patient["last_known_alive_day"], 0)
    return next(day for day in days if day is not None)


def is_on_drug(patient: dict[str, Any]) -> bool:
    """Return whether the drug was still taken when the patient was last known alive, and nothing ended it."""
    last_dose = patient.get("last_dose_day")
    stopped = patient["death_day"] is not None or patient.get("stop_reason") is not None
    return last_dose is not None and not stopped and last_dose >= last_day(patient)


def doses_of(derived: Derived) -> dict[str, list[Dose]]:
    """Return the doses of each patient, in order of time.

    A dose fills its days, from the beginning of the first to the end of the last, but does not go on beyond the last
    day of the patient; one that overlaps the next ends where that begins. A row without its days, or with neither dose
    nor state, is left out.
    """
    known = derived.exposure.drop_nulls(["start_day", "end_day"])
    last = {patient["patient_id"]: last_day(patient) for patient in derived.patients.rows(named=True)}
    found: dict[str, list[Dose]] = {}
    for name, rows in rows_by_patient(known, ("start_day", "end_day", "mg_per_day", "state")).items():
        taken = [Dose(start, end + 1, dose, state) for start, end, dose, state in rows if (dose, state) != (None, None)]
        nexts = [*(dose.start for dose in taken[1:]), last[name]]
        cut = [d._replace(end=min(d.end, after, last[name])) for d, after in zip(taken, nexts, strict=True)]
        found[name] = [dose for dose in cut if dose.start < dose.end]
    return found


def full_dose(protocol: Protocol) -> float | None:
    """Return the mg a day of the level that the drug starts with; None without a drug."""
    drug = next(iter(protocol.drug.values()), None)
    return None if drug is None else next(level.mg_per_day for level in drug.levels if level.id == drug.start)


def level_of(dose: Dose, full: float | None) -> DoseLevel | None:
    """Return the level that a dose is: by its mg where they and the full dose are known, else as it is recorded.

    Examples
    --------
    >>> level_of(Dose(0, 20, 400.0, "FULL"), 800.0), level_of(Dose(0, 20, None, "FULL"), 800.0)
    ('REDUCED', 'FULL')
    """
    if dose.mg_per_day == 0.0:
        return "INTERRUPTED"
    if dose.mg_per_day is not None and full is not None:
        return "REDUCED" if dose.mg_per_day < full else "FULL"
    recorded: dict[str, DoseLevel] = {"FULL": "FULL", "REDUCED": "REDUCED", "INTERRUPTED": "INTERRUPTED"}
    return recorded.get(dose.state or "")


def rows_by_patient(frame: pl.DataFrame, columns: Sequence[str]) -> dict[str, list[tuple[Any, ...]]]:
    """Return the cells of some columns, by patient, in the order of the frame; nothing of a frame without them."""
    if not set(columns) <= set(frame.columns):
        return {}
    found: dict[str, list[tuple[Any, ...]]] = {}
    for name, *cells in frame.select("patient_id", *columns).rows():
        found.setdefault(name, []).append(tuple(cells))
    return found


def _spans(doses: Sequence[Dose], clock: Clock, full: float | None) -> Iterator[Span]:
    for dose in doses:
        level = level_of(dose, full)
        if level is not None:
            yield Span(clock.at(dose.start), clock.at(dose.end), level)


def _first_responses(derived: Derived) -> dict[str, list[tuple[MarkKind, int]]]:
    """Return the day that decides the best response of each responder, and of a CR the PR that was seen before it."""
    own = derived.best.filter(pl.col("definition") == "", pl.col("best").is_in(RESPONDERS)).drop_nulls("day")
    partial = rows_by_patient(derived.visits.filter(pl.col("overall") == "PR"), ("day",))
    found: dict[str, list[tuple[MarkKind, int]]] = {}
    for name, best, day in own.select("patient_id", "best", "day").rows():
        before = [first for (first,) in partial.get(name, ()) if best == "CR" and first < day][:1]
        found[name] = [*(("PR", first) for first in before), (best, day)]
    return found


def _class_of(best: str | None) -> Response:
    """Return the best response as a figure colors it; a patient without targets has nothing to color."""
    return best if best in RESPONSE_FILLS else "NE"  # pyright: ignore[reportReturnType]
