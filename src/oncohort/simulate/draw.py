"""Margins and a seed to outlines: patients whose counts and medians are exactly those of a publication."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import timedelta
from typing import Any, Final, TypeAlias

from oncohort.derive.exposure import REASON_CATEGORY
from oncohort.errors import ProtocolError
from oncohort.simulate.deal import ImpossibleError, deal, shares, stream
from oncohort.simulate.draw_events import draw_causes, draw_grades, draw_reductions
from oncohort.simulate.draw_people import (
    Fields,
    Person,
    draw_causes_of_disease,
    draw_excluded,
    draw_treated,
    patient_ids,
    strength,
    usual_etiology,
)
from oncohort.simulate.draw_progression import Progress, draw_progress
from oncohort.simulate.draw_survival import Calendar, End, calendar_of, draw_ends, draw_starts
from oncohort.simulate.draw_treatment import draw_treatment
from oncohort.simulate.entry import leaves_for
from oncohort.simulate.margins import Margins
from oncohort.simulate.outline import Course, Etiology, Outline
from oncohort.simulate.plausible import DOSE_REDUCED, ETIOLOGIES
from oncohort.simulate.study_plan import StudyPlan, study_plan
from oncohort.simulate.tally import disagreements
from oncohort.study.protocol import Protocol

LOCAL_THERAPY: Final = 0.5
"""By how much a procedure betters the prognosis, on the scale of `draw_people.strength`."""
ATTEMPTS: Final = 25
"""Draws of the treated patients before margins are called impossible."""
PROBES: Final = 400
"""Draws after which values at baseline are taken not to make a reason of the flow hold by themselves."""
STAGES: Final = ("baseline", "survival.os_months", "response", "survival", "adverse_event", "treatment", "death")
"""What is drawn after what: of several draws that failed, the one that came farthest is told of."""
_Leaving: TypeAlias = tuple[Callable[[Fields], bool], Mapping[Etiology, float]]
_AT_BASELINE: Final = frozenset(field.name for field in fields(Outline)) - {"patient_id", "start", "excluded", "course"}


def draw_outlines(
    margins: Margins, protocol: Protocol, seed: int, name: str, treated: Sequence[Outline] = ()
) -> tuple[Outline, ...]:
    """Draw outlines that meet the margins exactly; the same seed gives the same outlines.

    Parameters
    ----------
    margins : Margins
        What is told; what is not is drawn from `plausible`.
    protocol : Protocol
        Of a records study: criteria, flow, schedule of scans, rules of response, arms.
    seed : int
        Of all random numbers; each patient has an own stream from it and the patient's id.
    name : str
        What messages call the margins, usually ``margins.toml``.
    treated : sequence of Outline
        The treated patients where they are given one by one; only those who were excluded are then drawn.

    Returns
    -------
    tuple of Outline
        The treated, then the excluded in the order of the margins.

    Raises
    ------
    ProtocolError
        If no patients can have these margins under this protocol; it names the key.
    """
    excluded = margins.n_excluded()
    n = len(treated) or margins.n_treated() or 0
    try:
        calendar = calendar_of(margins, protocol)
        own = tuple(treated) or _first_possible(
            margins, protocol, patient_ids(n, n + sum(excluded.values())), seed, calendar
        )
        others = patient_ids(sum(excluded.values()), len(own) + sum(excluded.values()), {o.patient_id for o in own})
        causes: Counter[Etiology] = Counter(outline.etiology for outline in own)
        outlines = own + _draw_excluded(excluded, protocol, others, seed, calendar, causes)
    except ImpossibleError as error:
        raise ProtocolError(f"{name} {error}") from error
    if not treated:
        _require_margins(margins, outlines, protocol, name)
    return outlines


def _require_margins(margins: Margins, outlines: Sequence[Outline], protocol: Protocol, name: str) -> None:
    """Raise ProtocolError if so few patients were drawn that they cannot have what is told of them."""
    for path, sentence in disagreements(margins, outlines, protocol):
        raise ProtocolError(f"{name} {'.'.join(map(str, path))}: {sentence}; no patients were found that have it")


def _first_possible(
    margins: Margins, protocol: Protocol, ids: Sequence[str], seed: int, calendar: Calendar
) -> tuple[Outline, ...]:
    """Return the first of several draws in which every margin finds its patients; one may be out of luck."""
    failed: list[ImpossibleError] = []
    for attempt in range(ATTEMPTS):
        try:
            return _draw_treated(margins, protocol, ids, f"{seed}.{attempt}", calendar)
        except ImpossibleError as error:
            failed.append(error)
    raise max(failed, key=_stage)


def _stage(error: ImpossibleError) -> int:
    return max((place for place, key in enumerate(STAGES) if error.key.startswith(key)), default=-1)


def _draw_treated(
    margins: Margins, protocol: Protocol, ids: Sequence[str], seed: str, calendar: Calendar
) -> tuple[Outline, ...]:
    if not ids:
        return ()
    plan = study_plan(protocol, calendar.cutoff)
    people = draw_treated(margins, protocol, ids, seed)
    streams = [person.rng for person in people]
    arms = _draw_arms(people, margins, protocol)
    local = _with_procedure(protocol)
    strengths = [bad - LOCAL_THERAPY * (arm in local) for bad, arm in zip(strength(people), arms, strict=True)]
    ends = draw_ends(strengths, streams, margins.survival, calendar, plan.extra_day)
    progress = draw_progress(strengths, streams, ends, arms, margins, plan)
    unlisted = [reason for reason in _early_reasons(protocol) if reason not in REASON_CATEGORY]
    grades = draw_grades(people, ends, margins, unlisted)
    treatment = draw_treatment(
        strengths, streams, list(zip(ends, progress, grades, strict=True)), margins.treatment, plan
    )
    days = [own.days for own in treatment]
    reduced = draw_reductions(streams, grades, days, margins.treatment.dose_reduced, _usual_reductions(plan))
    causes = draw_causes(people, ends, grades, margins.death)
    starts = draw_starts(ends, streams, calendar)
    return tuple(
        Outline(
            patient_id=person.patient_id,
            start=starts[k],
            excluded="",
            course=Course(
                arm=arms[k],
                **_ended(ends[k], progress[k]),
                death_cause=causes[k],
                continued=treatment[k].continued,
                treatment_days=treatment[k].days,
                early_stop=treatment[k].early_stop,
                dose_reduced=reduced[k],
                worst_grades=grades[k],
            ),
            **{field: value for field, value in person.fields.items() if field in _AT_BASELINE},
        )
        for k, person in enumerate(people)
    )


def _ended(end: End, progress: Progress) -> dict[str, Any]:
    return {
        "os_days": end.day,
        "died": end.died,
        "pfs_days": progress.day,
        "progressed": progress.progressed,
        "best": progress.best,
    }


def _draw_arms(people: Sequence[Person], margins: Margins, protocol: Protocol) -> list[str]:
    """Deal out the arms: the last ones of the protocol go to fitter patients."""
    ids = [level.id for level in protocol.arm.levels] if protocol.arm else []
    if not ids:
        return [""] * len(people)
    usual = shares(dict.fromkeys(ids, 1.0), len(people))
    counts = {arm: (margins.arm or usual).get(arm, 0) for arm in ids} if margins.arm else usual
    return deal(counts, [person.rng.gauss(0, 1) - 0.3 * person.hidden for person in people])


def _with_procedure(protocol: Protocol) -> set[str]:
    """Return the arms that have at least one procedure."""
    levels = protocol.arm.levels if protocol.arm else ()
    return {level.id for level in levels if any(not bound.holds(0) for bound in level.counts.values())}


def _early_reasons(protocol: Protocol) -> tuple[str, ...]:
    return protocol.exposure.early_stop_reasons if protocol.exposure else ()


def _usual_reductions(plan: StudyPlan) -> float:
    return DOSE_REDUCED if plan.dose.lower is not None else 0.0


def _draw_excluded(
    counts: dict[str, int],
    protocol: Protocol,
    ids: Sequence[str],
    seed: int,
    calendar: Calendar,
    treated: Mapping[Etiology, int],
) -> tuple[Outline, ...]:
    """Draw who was screened and left, by reason; their causes of liver disease are those of the treated if they can."""
    reasons = [reason for reason, n in counts.items() for _ in range(n)]
    causes = treated or ({usual_etiology(protocol): 1} if reasons else {})
    leaving = {name: _leaving(protocol, name, causes) for name in {reason.partition(".")[0] for reason in reasons}}
    outlines: list[Outline] = []
    for patient_id, reason in zip(ids, reasons, strict=True):
        rng = stream(seed, patient_id, "outline")
        leaves, etiologies = leaving[reason.partition(".")[0]]
        drawn = draw_excluded(leaves, rng, draw_causes_of_disease(etiologies, stream(seed, patient_id, "etiology")))
        if drawn is None:
            raise ImpossibleError(f"excluded.{reason}", "no plausible patient can leave for this reason")
        start = calendar.first + timedelta(days=rng.randint(0, (calendar.last - calendar.first).days))
        outlines.append(Outline(patient_id=patient_id, start=start, excluded=reason, course=None, **drawn))
    return tuple(outlines)


def _leaving(protocol: Protocol, reason_id: str, causes: Mapping[Etiology, float]) -> _Leaving:
    """Return the question whether values make a reason hold, and the causes of liver disease that let them.

    The causes are those of the treated, or, for a reason that no such patient leaves for, all; where no values make the
    reason hold by themselves, the question is whether they leave it open.
    """
    for surely in (True, False):
        leaves = leaves_for(protocol, reason_id, surely=surely)
        for etiologies in (causes, ETIOLOGIES):
            drawn = draw_causes_of_disease(etiologies, stream(0, reason_id, "probe etiology"))
            if draw_excluded(leaves, stream(0, reason_id, "probe"), drawn, PROBES) is not None:
                return leaves, etiologies
    return leaves_for(protocol, reason_id, surely=False), causes
