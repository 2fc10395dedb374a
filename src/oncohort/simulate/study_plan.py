"""What a protocol asks of the records of a patient, gathered once for all patients that are written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from oncohort.clinical.ctcae_data import Version
from oncohort.clinical.event_history import PfsRule
from oncohort.clinical.response_criteria import CRITERIA, ResponseCriteria, ResponseSettings
from oncohort.derive.protocol_policies import study_drug
from oncohort.errors import DataError, ProtocolError
from oncohort.study.protocol import BaselineVariable, DoseLevel, Drug, Endpoint, Imaging, Protocol
from oncohort.study.rules_in_force import (
    ResponseRules,
    VariableRules,
    adds_one_day,
    ctcae_version,
    endpoint_rules,
    grace_days,
    response_rules,
    variable_rules,
)

FOLLOW_UP_DAYS: Final = 92
"""Days from the last day of accrual to the cutoff, where the protocol gives no cutoff: three months."""


@dataclass(frozen=True, slots=True)
class DosePlan:
    """What the protocol says of the doses of its drug.

    ``reduce_at`` are the grades of an adverse event that send the dose to ``lower``, ``reduce_rule`` and
    ``return_rule`` the ids of the rules that lower it and lead back, "" where there is none. ``may_pause`` says whether
    a pause may stand for the lower dose.
    """

    full: DoseLevel
    lower: DoseLevel | None
    reduce_at: frozenset[int]
    reduce_rule: str
    return_rule: str
    notice_days: int
    may_pause: bool
    attribution: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StudyPlan:
    """A protocol with every choice made, as the writers of records ask for it.

    Attributes
    ----------
    protocol : Protocol
        The protocol itself.
    variables : tuple
        Those of the baseline, with the choices in force where a clinical rule gives the value.
    sample_days : tuple of int
        First and last day, from the first dose, on which a sample lies in the window of all variables.
    imaging, response, criteria, settings
        The schedule of scans, and how they are read.
    censoring : PfsRule
        The rule of progression-free survival.
    dose : DosePlan
        What is said of the drug.
    version : str
        Of CTCAE.
    event_days : int
        How long after the last dose an adverse event counts.
    grace_days : int
        How long after progression the drug must be taken to count as continued.
    extra_day : int
        1 where the time under treatment counts the first day too, else 0.
    cutoff : date
        The day after which nothing is recorded.
    """

    protocol: Protocol
    variables: tuple[tuple[BaselineVariable, VariableRules | None], ...]
    sample_days: tuple[int, int]
    imaging: Imaging
    response: ResponseRules
    criteria: ResponseCriteria
    settings: ResponseSettings
    censoring: PfsRule
    dose: DosePlan
    version: Version
    event_days: int
    grace_days: int
    extra_day: int
    cutoff: date


def study_plan(protocol: Protocol, cutoff: date | None = None) -> StudyPlan:
    """Gather what a protocol asks.

    Parameters
    ----------
    protocol : Protocol
        Of a records study with baseline, imaging, response, a drug, safety, and an endpoint of progression.
    cutoff : date, optional
        The day after which nothing is recorded. Else the cutoff of the protocol, if it is a date; else `FOLLOW_UP_DAYS`
        after the last day of accrual.

    Raises
    ------
    ProtocolError
        If the protocol lacks one of these.
    """
    drug, endpoint = study_drug(protocol), _progression(protocol)
    if drug is None or protocol.imaging is None or endpoint is None or protocol.baseline is None:
        raise ProtocolError(
            "study.toml: [baseline], [imaging], [response], [safety], a drug and an endpoint with progression were "
            "expected; patients cannot be written without them"
        )
    response, own = response_rules(protocol), endpoint_rules(protocol, endpoint)
    return StudyPlan(
        protocol=protocol,
        variables=tuple(
            (variable, variable_rules(protocol, variable) if variable.rule else None)
            for variable in protocol.baseline.variable
        ),
        sample_days=_sample_days(protocol),
        imaging=protocol.imaging,
        response=response,
        criteria=CRITERIA[response.criteria],
        settings=ResponseSettings(
            abs_pd_mm=response.abs_pd_mm,
            hold=response.hold,
            backdate_new_lesion=response.backdate_new_lesion,
            lipiodol_viable=response.lipiodol_viable,
            atypical_as_recist=False,
        ),
        censoring=PfsRule("", own.censor, own.missed_visits_days, own.new_therapy, "recorded"),
        dose=_dose_plan(drug[1]),
        version=ctcae_version(protocol),
        event_days=protocol.safety.window.to_days_after_last_dose if protocol.safety else 0,
        grace_days=grace_days(protocol),
        extra_day=int(adds_one_day(protocol)),
        cutoff=cutoff or _cutoff(protocol),
    )


def _progression(protocol: Protocol) -> Endpoint | None:
    return next((endpoint for endpoint in protocol.endpoint if "progression" in endpoint.events), None)


def _cutoff(protocol: Protocol) -> date:
    study = protocol.study
    if isinstance(study.cutoff, date):
        return study.cutoff
    if study.accrual is None:
        raise DataError("study.accrual: the days of accrual were expected; without them no cutoff can be set")
    return study.accrual.last + timedelta(days=FOLLOW_UP_DAYS)


def _sample_days(protocol: Protocol) -> tuple[int, int]:
    """Return the days that lie in the windows of all variables, not after the first dose."""
    assert protocol.baseline is not None
    windows = [variable.window_days for variable in protocol.baseline.variable if variable.window_days is not None]
    windows.append(protocol.baseline.window_days)
    first, last = max(window[0] for window in windows), min(0, *(window[1] for window in windows))
    if first > last:
        raise DataError(
            f"baseline.window_days: no day lies in the windows of all variables before the first dose ({first} to "
            f"{last}); one sample for all of them was expected"
        )
    return first, last


def _dose_plan(drug: Drug) -> DosePlan:
    full = next(level for level in drug.levels if level.id == drug.start)
    lower = {level.id: level for level in drug.levels if level.mg_per_day < full.mg_per_day}
    reducing = [rule for rule in drug.rule if rule.on.event == "adverse_event" and rule.on.grade and rule.go in lower]
    returning = [rule for rule in drug.rule if rule.on.event == "all_adverse_events" and rule.go == full.id]
    return DosePlan(
        full=full,
        lower=lower[reducing[0].go or ""] if reducing else next(iter(lower.values()), None),
        reduce_at=frozenset(reducing[0].on.grade) if reducing else frozenset(),
        reduce_rule=reducing[0].id if reducing else "",
        return_rule=returning[0].id if returning else "",
        notice_days=drug.notice_days,
        may_pause=any(rule.on.event == "interruption" and rule.allowed is True for rule in drug.rule),
        attribution=tuple(drug.attribution),
    )
