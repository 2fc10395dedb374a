"""What is known of one patient until progression and death, the rules that end the time, and the time they give."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from oncohort.clinical.study_days import refuse_negative
from oncohort.errors import DataError

RESPONSES: Final = ("NE", "CR", "PR", "SD", "NON-CR/NON-PD", "PD")
"""Responses of an assessment; of two on one day the later in this row counts."""

CensorAt: TypeAlias = Literal["last_follow_up", "last_adequate"]
NewTherapy: TypeAlias = Literal["ignore", "censor", "event"]
ProgressionAt: TypeAlias = Literal["recorded", "midpoint"]


@dataclass(frozen=True, slots=True)
class Assessment:
    """One tumor assessment after baseline: its day from the first dose (day 0), and its response (`RESPONSES`)."""

    day: int
    response: str


@dataclass(frozen=True, slots=True)
class PfsHistory:
    """What is known of one patient; days count from the first dose (day 0), None where there is none.

    ``new_therapy_day`` is the first anticancer therapy that is not of the study: other systemic therapy, radiotherapy,
    surgery, transplant. ``has_baseline`` says whether the tumor was assessed before the first dose. The order of the
    assessments does not matter.
    """

    assessments: tuple[Assessment, ...]
    death_day: int | None
    last_follow_up_day: int | None
    new_therapy_day: int | None
    cutoff_day: int | None
    has_baseline: bool


@dataclass(frozen=True, slots=True)
class PfsRule:
    """One way to end the time.

    ``censor_at`` is the day of a patient without event; ``missed_visits_days`` the longest gap before an event that
    still counts, None where gaps do not matter; ``new_therapy`` what a new anticancer therapy does; ``progression_at``
    the day of a progression: as recorded, or halfway to it from the last adequate assessment.
    """

    id: str
    censor_at: CensorAt
    missed_visits_days: int | None
    new_therapy: NewTherapy
    progression_at: ProgressionAt


@dataclass(frozen=True, slots=True)
class TimeToEvent:
    """A time with its end.

    Attributes
    ----------
    day : int or None
        Days from the first dose; None where it cannot be said.
    event : bool or None
        True for an event, False for a censored time (CNSR 0 and 1 in ADaM).
    description : str
        What happened, or why the time is censored (EVNTDESC).
    why : str
        The deciding days as a clause that reports quote.
    censor_date : str
        Of a censored time, what happened on its day (CNSDTDSC); empty for an event.
    missing : tuple of str
        What is missing where the time cannot be said.
    queries : tuple of str
        Records left out because they contradict the death, each as a clause.
    """

    day: int | None
    event: bool | None
    description: str
    why: str
    censor_date: str = ""
    missing: tuple[str, ...] = ()
    queries: tuple[str, ...] = ()


def missed_visits_bound(*, interval_days: int, window_days: int) -> int:
    """Return the longest gap between assessments in which at most one visit was missed, in days.

    Two intervals with their windows: a longer gap holds two missed visits or more.

    Parameters
    ----------
    interval_days : int
        Days between planned assessments, from 1.
    window_days : int
        Days by which an assessment may be late, from 0.

    Returns
    -------
    int
        Days; a gap of just so many days is not too long.

    Raises
    ------
    DataError
        If a number of days is too small.

    Examples
    --------
    >>> missed_visits_bound(interval_days=56, window_days=7)
    126
    """
    if interval_days < 1 or window_days < 0:
        text = f"an interval of {interval_days} days with a window of {window_days} days cannot be"
        raise DataError(f"{text}; an interval from 1 and a window from 0 were expected")
    return 2 * (interval_days + window_days)


_BOUND: Final = missed_visits_bound(interval_days=56, window_days=7)

PFS_RULES: Final[Mapping[str, PfsRule]] = MappingProxyType(
    {
        rule.id: rule
        for rule in (
            PfsRule("PAPER", "last_follow_up", None, "ignore", "recorded"),
            PfsRule("FDA_A", "last_adequate", _BOUND, "censor", "recorded"),
            PfsRule("NO_MISSED", "last_adequate", None, "censor", "recorded"),
            PfsRule("NACT_EVENT", "last_adequate", _BOUND, "event", "recorded"),
            PfsRule("PD_MIDPOINT", "last_adequate", _BOUND, "censor", "midpoint"),
        )
    }
)
"""The paper's rule, the guideline's, and the guideline's with one choice changed each."""


@dataclass(frozen=True, slots=True)
class Course:
    """A history without contradictions: one assessment a day, in order; nothing after the death or the cutoff.

    ``followed`` is the last day of which anything is known, maybe after the cutoff, and what is known of it.
    """

    visits: tuple[Assessment, ...]
    death: int | None
    new_therapy: int | None
    followed: tuple[int, str] | None
    cutoff: int | None
    has_baseline: bool
    queries: tuple[str, ...]


def tidy_course(history: PfsHistory) -> Course:
    """Put the assessments of a history in order, the worst of each day, and leave out what does not count.

    Raises
    ------
    DataError
        If a day is negative or a response is not one of `RESPONSES`.

    Examples
    --------
    >>> visits = (Assessment(57, "SD"), Assessment(57, "NE"), Assessment(113, "PD"))
    >>> tidy_course(PfsHistory(visits, 100, None, None, None, has_baseline=True)).visits
    (Assessment(day=57, response='SD'),)
    """
    death, cutoff = history.death_day, history.cutoff_day
    last, therapy = history.last_follow_up_day, history.new_therapy_day
    refuse_negative(death_day=death, last_follow_up_day=last, new_therapy_day=therapy, cutoff_day=cutoff)
    worst: dict[int, str] = {}
    for visit in history.assessments:
        _refuse_unknown(visit)
        worst[visit.day] = max(visit.response, worst.get(visit.day, "NE"), key=RESPONSES.index)
    days = sorted(worst)
    told = (*((day, "assessment") for day in days), (therapy, "new therapy"), (last, "last follow-up"))
    known = ((death, "death"), (last, "last follow-up"), *((day, "last assessment") for day in days))
    followed = [(day, name) for day, name in known if day is not None and until(day, death) is not None]
    return Course(
        visits=tuple(Assessment(day, worst[day]) for day in days if until(day, death, cutoff) is not None),
        death=until(death, cutoff),
        new_therapy=until(therapy, death, cutoff),
        followed=max(followed, key=lambda known: known[0], default=None),
        cutoff=cutoff,
        has_baseline=history.has_baseline,
        queries=after_death(death, told),
    )


def until(day: int | None, *bounds: int | None) -> int | None:
    """Return a day unless it is after one of the bounds that there are.

    Examples
    --------
    >>> until(100, None, 100), until(101, None, 100)
    (100, None)
    """
    return None if day is None or any(bound is not None and day > bound for bound in bounds) else day


def after_death(death: int | None, told: Iterable[tuple[int | None, str]]) -> tuple[str, ...]:
    """Say which days, each with its name, lie after the death.

    Examples
    --------
    >>> after_death(100, [(113, "assessment"), (None, "new therapy")])
    ('assessment on day 113 is after the death on day 100',)
    """
    return tuple(
        f"{name} on day {day} is after the death on day {death}"
        for day, name in told
        if day is not None and until(day, death) is None
    )


def _refuse_unknown(visit: Assessment) -> None:
    refuse_negative(assessment_day=visit.day)
    if visit.response not in RESPONSES:
        raise DataError(f'"{visit.response}" is no response; one of {", ".join(RESPONSES)} was expected')
