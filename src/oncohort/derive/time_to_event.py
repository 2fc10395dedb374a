"""Time to event of every treated patient: by the study's own rule of censoring, and by those it reports beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import polars as pl

from oncohort.clinical.event_history import (
    PFS_RULES,
    Assessment,
    PfsHistory,
    PfsRule,
    TimeToEvent,
    missed_visits_bound,
)
from oncohort.clinical.time_to_event import overall_survival, progression_free_survival, time_to_progression
from oncohort.derive.recorded_response import measured_patients
from oncohort.derive.timeline import Timeline, new_therapy_days
from oncohort.errors import DataError
from oncohort.study.findings import Finding, Level
from oncohort.study.protocol import Endpoint, Protocol
from oncohort.study.rules_in_force import endpoint_rules

TIMES: Final = {
    "patient_id": pl.String,
    "endpoint": pl.String,
    "rule": pl.String,
    "day": pl.Int64,
    "event": pl.Boolean,
    "competing": pl.Boolean,
    "description": pl.String,
    "why": pl.String,
}

_NOT_KNOWN: Final = "UNKNOWN"


def derive_time_to_event(
    timeline: Timeline, visits: pl.DataFrame, protocol: Protocol, file: str
) -> tuple[pl.DataFrame, list[Finding]]:
    """Return the frame ``time_to_event`` of `oncohort.study.cohort.Derived`, and what contradicts itself.

    Parameters
    ----------
    timeline : Timeline
        The dated records.
    visits : DataFrame
        The assessments, as `oncohort.derive.response` gives them.
    protocol : Protocol
        With the endpoints of a records study.
    file : str
        The file of ``subjects``, which findings name.
    """
    rows: list[tuple[Any, ...]] = []
    findings: list[Finding] = []
    histories = list(_histories(timeline, visits, protocol))
    causes = _causes(timeline)
    for endpoint in protocol.endpoint:
        rules = _rules(protocol, endpoint)
        for patient_id, row, history in histories:
            place = {"file": file, "row": row, "patient_id": patient_id}
            for name, rule in rules.items():
                try:
                    found = _time(endpoint, history, rule)
                except DataError as error:
                    sentence = f"{endpoint.id}: the dates contradict each other, so that no time can be counted"
                    findings += (
                        [Finding("fatal", "TIME-UNCLEAR", sentence, **place, value=str(error))] if not name else []
                    )
                    continue
                ended = _by_cause(endpoint, found, causes.get(patient_id))
                findings += ended.told(place) if not name else []
                rows.append((patient_id, endpoint.id, name, *ended.row))
    return pl.DataFrame(rows, schema=TIMES, orient="row"), findings


@dataclass(frozen=True, slots=True)
class _End:
    """How a time ended for an endpoint; ``doubt`` is level, rule and sentence of a finding about the cause of death."""

    found: TimeToEvent
    competing: bool | None
    doubt: tuple[Level, str, str] | None = None

    @property
    def row(self) -> tuple[int | None, bool | None, bool | None, str, str]:
        """What the frame holds of it, from ``day`` on."""
        found = self.found
        return found.day, found.event, self.competing, found.description, found.why

    def told(self, place: Mapping[str, Any]) -> list[Finding]:
        """Return the finding, if there is one."""
        return [] if self.doubt is None else [Finding(*self.doubt, **place)]


def _by_cause(endpoint: Endpoint, found: TimeToEvent, cause: str | None) -> _End:
    """Return the end of a time where the endpoint counts deaths of some causes only; others compete with them."""
    if not endpoint.causes:
        return _End(found, None)
    if not found.event:
        return _End(found, competing=False)
    if cause is None:
        sentence = f"{endpoint.id}: the cause of this death is missing, and the endpoint counts deaths by their cause"
        return _End(found, None, ("fatal", "CAUSE-MISSING", sentence))
    if cause in endpoint.causes:
        return _End(found, competing=False)
    other = replace(found, event=False, description="DEATH OF ANOTHER CAUSE", why=f"{found.why} ({cause})")
    if cause != _NOT_KNOWN:
        return _End(other, competing=True)
    sentence = (
        f"{endpoint.id}: this death is of cause {cause}, so it counts as competing; name it in causes if it is an event"
    )
    return _End(other, competing=True, doubt=("warning", "CAUSE-UNKNOWN", sentence))


def _causes(timeline: Timeline) -> dict[str, str | None]:
    """Return the recorded cause of each patient's death; of two rows the first, and the checks tell of the second."""
    deaths = timeline.tables.get("death")
    if deaths is None:
        return {}
    return dict(deaths.unique("patient_id", keep="first").select("patient_id", "primary_cause").rows())


def _rules(protocol: Protocol, endpoint: Endpoint) -> dict[str, PfsRule]:
    """Return the study's own rule under "", and the others under their ids, with the gaps of the study's schedule."""
    own = endpoint_rules(protocol, endpoint)
    rules = {"": PfsRule("", own.censor, own.missed_visits_days, own.new_therapy, "recorded")}
    for name in endpoint.sensitivity:
        rule = PFS_RULES[name]
        if rule.missed_visits_days is not None and protocol.imaging is not None:
            bound = missed_visits_bound(
                interval_days=protocol.imaging.every_days, window_days=protocol.imaging.window_days
            )
            rule = replace(rule, missed_visits_days=bound)
        rules[name] = rule
    return rules


def _time(endpoint: Endpoint, history: PfsHistory, rule: PfsRule) -> TimeToEvent:
    if "progression" not in endpoint.events:
        return overall_survival(history.death_day, history.last_follow_up_day, history.cutoff_day)
    if "death" not in endpoint.events:
        return time_to_progression(history, rule)
    return progression_free_survival(history, rule)


def _histories(timeline: Timeline, visits: pl.DataFrame, protocol: Protocol) -> Iterator[tuple[str, int, PfsHistory]]:
    """Yield every treated patient with the row in ``subjects`` and what is known until progression and death."""
    assessments: dict[str, list[Assessment]] = {}
    for patient_id, day, overall in visits.select("patient_id", "day", "overall").rows():
        assessments.setdefault(patient_id, []).append(Assessment(day, overall))
    therapies, with_baseline = new_therapy_days(timeline), _with_baseline(timeline, visits, protocol)
    columns = ("patient_id", "row", "death_day", "last_follow_up_day", "cutoff_day")
    for patient_id, row, death, followed, cutoff in timeline.patients.filter("treated").select(columns).rows():
        yield (
            patient_id,
            row,
            PfsHistory(
                assessments=tuple(assessments.get(patient_id, ())),
                death_day=death,
                last_follow_up_day=followed,
                new_therapy_day=therapies.get(patient_id),
                cutoff_day=cutoff,
                has_baseline=patient_id in with_baseline,
            ),
        )


def _with_baseline(timeline: Timeline, visits: pl.DataFrame, protocol: Protocol) -> set[str]:
    """Return the patients with a scan in the window before the first dose.

    An assessment that was recorded without scans rests on one, and a study that collected no scans says nothing
    against it.
    """
    scans = timeline.tables.get("lesion_measurements")
    if scans is None or protocol.imaging is None:
        return set(timeline.patients["patient_id"].to_list())
    day = pl.col("scan_date_day")
    inside = scans.filter((day <= 0) & (day >= -protocol.imaging.baseline_within_days) & (pl.col("status") != "NE"))
    recorded = set(visits["patient_id"].to_list()) - measured_patients(timeline)
    return set(inside["patient_id"].to_list()) | recorded
