"""Time to progression, progression-free and overall survival: which day ends the time, and whether it is an event."""

from __future__ import annotations

from typing import Final

from oncohort.clinical.event_history import (
    PFS_RULES,
    RESPONSES,
    Assessment,
    Course,
    PfsHistory,
    PfsRule,
    TimeToEvent,
    after_death,
    missed_visits_bound,
    tidy_course,
    until,
)
from oncohort.clinical.rule import CriteriaTable, Rule, Source
from oncohort.clinical.study_days import STUDY_DAYS, duration, months, refuse_negative, relative_day, study_day

__all__ = [
    "PFS_RULES",
    "RESPONSES",
    "RULES",
    "Assessment",
    "PfsHistory",
    "PfsRule",
    "TimeToEvent",
    "duration",
    "missed_visits_bound",
    "months",
    "overall_survival",
    "progression_free_survival",
    "relative_day",
    "study_day",
    "time_to_progression",
]


def progression_free_survival(history: PfsHistory, rule: PfsRule) -> TimeToEvent:
    """Return the time to progression or death, whichever comes first, under a rule.

    An assessment is adequate if its response is not NE. An event on the day of a new therapy counts, and so does an
    assessment on that day. What is recorded after the death is left out and told in ``queries``; what lies after the
    cutoff does not count. Without an assessment before the first dose, no later one is adequate: a rule that censors
    at the last adequate assessment then ends on day 0, whatever happened.

    Parameters
    ----------
    history : PfsHistory
        Assessments, death, follow-up, new therapy and cutoff of one patient.
    rule : PfsRule
        One of `PFS_RULES`, or another.

    Returns
    -------
    TimeToEvent
        Undetermined if the rule needs a last follow-up and nothing is known of it.

    Raises
    ------
    DataError
        If a day is negative or a response is not one of `RESPONSES`.

    Examples
    --------
    >>> history = PfsHistory((Assessment(57, "SD"),), 184, None, None, None, has_baseline=True)
    >>> progression_free_survival(history, PFS_RULES["PAPER"]).why
    'death on day 184'
    >>> end = progression_free_survival(history, PFS_RULES["FDA_A"])
    >>> end.day, end.event, end.description
    (57, False, '>=2 MISSED ASSESSMENTS')
    >>> end.why
    'death on day 184, 127 days after the last adequate assessment on day 57 (> 126)'

    References
    ----------
    FDA. Guidance for industry: clinical trial endpoints for the approval of cancer drugs and biologics, 2007,
    appendix 3, table A.
    """
    return _end(tidy_course(history), rule, with_death=True)


def time_to_progression(history: PfsHistory, rule: PfsRule) -> TimeToEvent:
    """Return the time to progression under a rule; a death censors.

    A rule that censors at the last follow-up censors a death on its day, the others at the last adequate assessment.

    Parameters
    ----------
    history : PfsHistory
        As for `progression_free_survival`.
    rule : PfsRule
        One of `PFS_RULES`, or another.

    Returns
    -------
    TimeToEvent
        Undetermined if the rule needs a last follow-up and nothing is known of it.

    Raises
    ------
    DataError
        If a day is negative or a response is not one of `RESPONSES`.

    Examples
    --------
    >>> history = PfsHistory((Assessment(57, "SD"),), 150, None, None, None, has_baseline=True)
    >>> [time_to_progression(history, PFS_RULES[rule]).day for rule in ("PAPER", "FDA_A")]
    [150, 57]
    """
    return _end(tidy_course(history), rule, with_death=False)


def overall_survival(death_day: int | None, last_known_alive_day: int | None, cutoff_day: int | None) -> TimeToEvent:
    """Return the time to death of any cause.

    A death after the cutoff is censored at the cutoff, a death on the cutoff counts.

    Parameters
    ----------
    death_day : int or None
        Day of death from the first dose (day 0); None if not known to be dead.
    last_known_alive_day : int or None
        Last day the patient was known to be alive.
    cutoff_day : int or None
        Day after which nothing counts; None where there is no such day.

    Returns
    -------
    TimeToEvent
        Undetermined if neither a death nor a day known alive is there.

    Raises
    ------
    DataError
        If a day is negative.

    Examples
    --------
    >>> overall_survival(320, None, None).day, overall_survival(400, None, 365).description
    (320, 'DATA CUTOFF')
    """
    refuse_negative(death_day=death_day, last_known_alive_day=last_known_alive_day, cutoff_day=cutoff_day)
    queries = after_death(death_day, ((last_known_alive_day, "last known alive"),))
    if until(death_day, cutoff_day) is not None:
        return TimeToEvent(death_day, event=True, description="DEATH", why=f"death on day {death_day}", queries=queries)
    known = last_known_alive_day if death_day is None else death_day
    if known is None:
        return _undetermined("last_known_alive_day", queries)
    return _censored_when_followed((known, "last known alive"), cutoff_day, queries)


_WORDS: Final = {"PD": "progression", "DEATH": "death", "NEW ANTICANCER THERAPY": "new anticancer therapy"}


def _end(course: Course, rule: PfsRule, *, with_death: bool) -> TimeToEvent:
    """Walk the rule: baseline, new therapy, gap before the event, event, end without event."""
    at_assessment = rule.censor_at == "last_adequate"
    if at_assessment and not course.has_baseline:
        return _censored(course, None, "NO BASELINE ASSESSMENT", "no assessment before the first dose")
    event = _first_event(course, rule, with_death=with_death)
    therapy = course.new_therapy if rule.new_therapy == "censor" else None
    if therapy is not None and (event is None or event[0] > therapy):
        return _censored_by_therapy(course, therapy, at_assessment=at_assessment)
    if event is not None:
        return _event_or_gap(course, rule, *event)
    if at_assessment:
        return _censored_when_assessed(course)
    if course.followed is None:
        return _undetermined("last_follow_up_day", course.queries)
    return _censored_when_followed(course.followed, course.cutoff, course.queries)


def _first_event(course: Course, rule: PfsRule, *, with_death: bool) -> tuple[int, str] | None:
    """Return the first event and what it is; of events on one day, progression first, then death."""
    progression = next((visit.day for visit in course.visits if visit.response == "PD"), None)
    days = (
        ("PD", progression),
        ("DEATH", course.death if with_death else None),
        ("NEW ANTICANCER THERAPY", course.new_therapy if rule.new_therapy == "event" else None),
    )
    return min(((day, name) for name, day in days if day is not None), key=lambda event: event[0], default=None)


def _last_adequate(course: Course, last_day: int | None) -> int | None:
    return max(
        (v.day for v in course.visits if v.response not in {"NE", "PD"} and until(v.day, last_day) is not None),
        default=None,
    )


def _event_or_gap(course: Course, rule: PfsRule, day: int, name: str) -> TimeToEvent:
    """Return the event, or the censored time where too long a gap came before it."""
    last = _last_adequate(course, day)
    since = day - (last or 0)
    why = f"{_WORDS[name]} on day {day}"
    origin = "the first dose" if last is None else f"the last adequate assessment on day {last}"
    if rule.missed_visits_days is not None and since > rule.missed_visits_days:
        why = f"{why}, {since} days after {origin} (> {rule.missed_visits_days})"
        return _censored(course, last, ">=2 MISSED ASSESSMENTS", why)
    if name == "PD" and rule.progression_at == "midpoint":
        day, why = day - (since + 1) // 2, f"{why}, set halfway from {origin}"
    return TimeToEvent(day, event=True, description=name, why=why, queries=course.queries)


def _censored(course: Course, last_adequate: int | None, description: str, why: str) -> TimeToEvent:
    """Censor at an adequate assessment, or at the start where there is none."""
    place = "TREATMENT START" if last_adequate is None else "LAST ADEQUATE ASSESSMENT"
    return TimeToEvent(
        last_adequate or 0, event=False, description=description, why=why, censor_date=place, queries=course.queries
    )


def _censored_by_therapy(course: Course, therapy: int, *, at_assessment: bool) -> TimeToEvent:
    """Censor at the last adequate assessment before a new therapy, or on its day."""
    name, why = "NEW ANTICANCER THERAPY", f"new anticancer therapy on day {therapy}"
    if at_assessment:
        return _censored(course, _last_adequate(course, therapy), name, why)
    return TimeToEvent(therapy, event=False, description=name, why=why, censor_date=name, queries=course.queries)


def _censored_when_assessed(course: Course) -> TimeToEvent:
    last = _last_adequate(course, None)
    if course.death is not None:
        return _censored(course, last, "DEATH", f"death on day {course.death} without progression")
    if last is None:
        return _censored(course, None, "NO POST-BASELINE ASSESSMENT", "no adequate assessment after the first dose")
    return _censored(course, last, "LAST ADEQUATE ASSESSMENT", f"no event, last adequate assessment on day {last}")


def _censored_when_followed(followed: tuple[int, str], cutoff: int | None, queries: tuple[str, ...]) -> TimeToEvent:
    """Censor on the last day of which anything is known, or at the cutoff where that comes first."""
    day, name = followed
    if cutoff is not None and day > cutoff:
        day, name = cutoff, "data cutoff"
    text, why = name.upper(), f"no event, {name} on day {day}"
    return TimeToEvent(day, event=False, description=text, why=why, censor_date=text, queries=queries)


def _undetermined(name: str, queries: tuple[str, ...]) -> TimeToEvent:
    return TimeToEvent(None, None, description="", why=f"{name} missing", missing=(name,), queries=queries)


_PAPER: Final = Source("The reproduced paper (sorafenib in advanced HBV-related HCC)", "Disease assessment", "paper")
_FDA: Final = "FDA. Clinical trial endpoints for the approval of cancer drugs and biologics, 2007"

_SITUATIONS: Final[tuple[tuple[str, PfsHistory], ...]] = tuple(
    (text, PfsHistory(tuple(Assessment(*visit) for visit in visits), death, last, therapy, None, has_baseline=baseline))
    for text, visits, death, last, therapy, baseline in (
        ("SD on day 57, PD on day 113", ((57, "SD"), (113, "PD")), None, None, None, True),
        ("SD on day 57, death on day 150", ((57, "SD"),), 150, None, None, True),
        ("SD on day 57, death on day 184", ((57, "SD"),), 184, None, None, True),
        ("SD on day 57, PD on day 240", ((57, "SD"), (240, "PD")), None, None, None, True),
        ("SD on day 113, followed to day 300", ((113, "SD"),), None, 300, None, True),
        ("never assessed, followed to day 90", (), None, 90, None, True),
        ("never assessed, death on day 100", (), 100, None, None, True),
        ("SD on day 113, new therapy on day 120, PD on day 169", ((113, "SD"), (169, "PD")), None, None, 120, True),
        ("no assessment before the first dose, PD on day 57", ((57, "PD"),), None, None, None, False),
    )
)


def _cell(end: TimeToEvent) -> str:
    return f"day {end.day}, {'event' if end.event else 'censored'}: {end.description}"


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        id="progression_free_survival",
        title="Progression-free survival and time to progression",
        question="How long did a patient live without progression, and does the time end with an event?",
        functions=("progression_free_survival", "time_to_progression", "missed_visits_bound"),
        sources=(
            _PAPER,
            Source(_FDA, "appendix 3, table A: heading, basis, deaths after missed visits (a scan, pp 18, 20)", "seen"),
            Source(_FDA, "appendix 3, table A: the rows", "from knowledge"),
            Source("pharmaverse/admiral @6eb5125, test-derive_param_tte.R", "tests 2 and 17", "seen"),
        ),
        criteria=(
            CriteriaTable(
                "Rules",
                ("rule", "censored at", "longest gap before an event (days)", "new therapy", "day of progression"),
                tuple(
                    (
                        rule.id,
                        rule.censor_at.replace("_", " "),
                        "any" if rule.missed_visits_days is None else str(rule.missed_visits_days),
                        rule.new_therapy,
                        rule.progression_at,
                    )
                    for rule in PFS_RULES.values()
                ),
            ),
            CriteriaTable(
                "Situations",
                ("situation", *PFS_RULES),
                tuple(
                    (text, *(_cell(progression_free_survival(history, rule)) for rule in PFS_RULES.values()))
                    for text, history in _SITUATIONS
                ),
            ),
        ),
        doubts=(
            (
                "The paper does not say how patients without progression were censored: the last follow-up was chosen, "
                "as in its sentence on overall survival."
            ),
            (
                "Tables B and C of the FDA's appendix, other ways to censor, were not transcribed; the rows of table A "
                "are from knowledge."
            ),
            "NO_MISSED, NACT_EVENT and PD_MIDPOINT change one choice of FDA_A each; they are not rows of the guidance.",
            "A gap of just two intervals with their windows still counts; the guidance gives no number of days.",
            (
                "A patient without baseline assessment is censored on day 0 under the guideline, even after a death; "
                "under PAPER the missing baseline changes nothing."
            ),
            "Halfway between two days is rounded down to a whole day.",
            (
                "Clinical deterioration without imaging is no progression; TACE and cryoablation of the study are no "
                "new anticancer therapy."
            ),
            (
                "Where an assessment is later than the last follow-up, or no last follow-up is recorded, the rule "
                "PAPER censors at the last assessment and says so."
            ),
        ),
        vectors=("pfs",),
    ),
    Rule(
        id="overall_survival",
        title="Overall survival",
        question="How long did a patient live from the first dose?",
        functions=("overall_survival",),
        sources=(
            _PAPER,
            Source("pharmaverse/admiral @6eb5125, test-derive_param_tte.R", "test 1", "seen"),
        ),
        criteria=(
            CriteriaTable(
                "Death, last day known alive and cutoff",
                ("death", "known alive", "cutoff", "result"),
                tuple(
                    (*("" if day is None else f"day {day}" for day in days), _cell(overall_survival(*days)))
                    for days in (
                        (320, None, None),
                        (None, 270, None),
                        (400, None, 365),
                        (None, 400, 365),
                        (365, 1, 365),
                    )
                ),
            ),
        ),
        doubts=(
            "The paper's sentence joins the event and the censored end: to death or the last follow-up.",
            (
                "A comparison of survival by what is known only after the first dose (response, TACE, cryoablation, "
                "continuation) is biased by guaranteed time: use a landmark or a time-dependent factor."
            ),
        ),
        vectors=("os",),
    ),
    STUDY_DAYS,
)
