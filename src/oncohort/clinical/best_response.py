"""Best overall response of a course, unconfirmed or confirmed; clinical benefit and objective response."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from oncohort.clinical.response_criteria import ADMIRALONCO, COHORT_PAPER, OVERALL, RECIST_2009, one_of
from oncohort.clinical.rule import CriteriaTable, Rule, Source
from oncohort.errors import DataError

WORST_FIRST: Final = ("PD", "NON-CR/NON-PD", "SD", "PR", "CR", "NE")
"""Which of two assessments of one day counts."""

RESPONDERS: Final = ("CR", "PR")
_EARLY: Final = ("CR", "PR", "SD", "NON-CR/NON-PD", "NE")
"""What is NE when nothing better counts: also responses that are too early, or were not confirmed."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """How a response is confirmed: days between it and its confirmation, and how many NE and SD may lie between.

    An SD may lie between only for a partial response.
    """

    min_days: int
    max_ne: int
    max_sd: int


RECIST_CONFIRMATION: Final = Confirmation(min_days=28, max_ne=1, max_sd=0)
"""At least four weeks apart, at most one NE between, no SD (RECIST 1.1, Table 3, as admiralonco reads it)."""


@dataclass(frozen=True, slots=True)
class BestResponse:
    """The best overall response, and the visit that decided it.

    Attributes
    ----------
    value : str
        CR, PR, SD, NON-CR/NON-PD, PD or NE.
    day : int or None
        Day of the first visit that gives it; None where no visit counts (programs that call this MISSING see it so).
    why : str
        What decided.
    flips_without_strictness : bool
        Whether the value would be another one if SD on exactly the least day counted (>= instead of >).
    queries : tuple of str
        What the data should be asked: a complete response followed by a lesser one without progression.
    """

    value: str
    day: int | None
    why: str
    flips_without_strictness: bool
    queries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Minimum:
    """The day from which stable disease counts."""

    days: int
    strict: bool


def best_response(
    visits: Sequence[tuple[int, str]],
    *,
    sd_min_days: int,
    sd_strict: bool,
    confirm: bool,
    new_therapy_day: int | None,
    confirmation: Confirmation = RECIST_CONFIRMATION,
) -> BestResponse:
    """Say the best overall response: CR, PR, SD, NON-CR/NON-PD, PD, NE in this order.

    Visits count up to and including the first progression, and before a new therapy (a visit on its very day does
    not). SD and NON-CR/NON-PD count from a least day after the first dose; progression needs none. Where responses
    must be confirmed, one that is not counts as SD. Earlier than the least day, SD and unconfirmed responses are NE,
    or PD if progression follows.

    Parameters
    ----------
    visits : sequence of (int, str)
        Day from the first dose and overall response of each visit after baseline, in any order. Of two on one day
        the worse counts (NE < CR < PR < SD < NON-CR/NON-PD < PD).
    sd_min_days : int
        Least day of SD, from 0.
    sd_strict : bool
        Whether SD must last longer than that (>), or on that day counts (>=).
    confirm : bool
        Whether CR and PR must be confirmed at a later visit.
    new_therapy_day : int or None
        Day on which another anticancer therapy began; None where none did, or where it is ignored.
    confirmation : Confirmation
        How, where ``confirm``; the published rule unless another is to be reproduced.

    Returns
    -------
    BestResponse
        The value with its visit, why, and what to ask about the data.

    Raises
    ------
    DataError
        If a response is unknown or a number of days is negative.

    Examples
    --------
    >>> lasting = best_response(
    ...     [(57, "SD"), (113, "PD")], sd_min_days=56, sd_strict=True, confirm=False, new_therapy_day=None
    ... )
    >>> lasting.value, lasting.why
    ('SD', 'SD on day 57 (> 56)')
    >>> early = best_response(
    ...     [(56, "SD"), (112, "PD")], sd_min_days=56, sd_strict=True, confirm=False, new_therapy_day=None
    ... )
    >>> early.value, early.day, early.flips_without_strictness
    ('PD', 112, True)

    References
    ----------
    Eisenhauer EA et al. Eur J Cancer 2009;45:228-247, Table 3.
    """
    for name, days in (("sd_min_days", sd_min_days), ("confirmation.min_days", confirmation.min_days)):
        if days < 0:
            raise DataError(f"{name} is {days}; a number of days from 0 was expected")
    counted = _counted(visits, new_therapy_day)
    how = confirmation if confirm else None
    value, day, why = _best(counted, _Minimum(sd_min_days, sd_strict), how)
    flips = _best(counted, _Minimum(sd_min_days, strict=False), how)[0] != value
    return BestResponse(value, day, why, flips, _queries(counted))


def _counted(visits: Iterable[tuple[int, str]], new_therapy_day: int | None) -> list[tuple[int, str]]:
    """Return the visits that count, one a day, in order of time."""
    worst: dict[int, str] = {}
    for day, response in visits:
        one_of(response, OVERALL, f"response on day {day}")
        if new_therapy_day is None or day < new_therapy_day:
            worst[day] = min(response, worst.get(day, response), key=WORST_FIRST.index)
    counted: list[tuple[int, str]] = []
    for day in sorted(worst):
        counted.append((day, worst[day]))
        if worst[day] == "PD":
            break
    return counted


def _best(
    counted: Sequence[tuple[int, str]], minimum: _Minimum, confirmation: Confirmation | None
) -> tuple[str, int | None, str]:
    """Return the first class, from the best, that a visit reaches, with the day of its first visit and why."""
    for value in OVERALL:
        for place, (day, _) in enumerate(counted):
            why = _reaches(value, place, counted, minimum, confirmation)
            if why:
                return value, day, why
    return "NE", None, "no visit that counts"


def _reaches(
    value: str,
    place: int,
    counted: Sequence[tuple[int, str]],
    minimum: _Minimum,
    confirmation: Confirmation | None,
) -> str:
    """Say why the visit at a place reaches a class, or nothing."""
    day, response = counted[place]
    seen = f"{response} on day {day}"
    if value in RESPONDERS:
        if response != value:
            return ""
        return seen if confirmation is None else _confirmed(place, counted, confirmation)
    if value in {"SD", "NON-CR/NON-PD"}:
        stands_for = (value,) if value != "SD" or confirmation is None else ("SD", *RESPONDERS)
        if response not in stands_for or not (day > minimum.days or (day == minimum.days and not minimum.strict)):
            return ""
        unconfirmed = ", not confirmed" if response in RESPONDERS else ""
        return f"{seen} ({'>' if minimum.strict else '≥'} {minimum.days}){unconfirmed}"
    if value == "PD":
        return seen if response == "PD" else ""
    return _why_ne(seen, response) if response in _EARLY else ""


def _why_ne(seen: str, response: str) -> str:
    if response == "NE":
        return seen
    return f"{seen} too early to count as stable disease" + (" and not confirmed" if response in RESPONDERS else "")


def _confirmed(place: int, counted: Sequence[tuple[int, str]], confirmation: Confirmation) -> str:
    """Say which visit confirms the response at a place, or nothing.

    The first later visit of as good a response that is far enough decides; what lies between must allow it.
    """
    day, response = counted[place]
    confirming = ("CR",) if response == "CR" else RESPONDERS
    after = list(enumerate(counted))[place + 1 :]
    end = next((i for i, (d, r) in after if r in confirming and d - day >= confirmation.min_days), None)
    if end is None:
        return ""
    between = [r for _, r in counted[place + 1 : end]]
    allowed = {"CR", "NE"} if response == "CR" else {"CR", "PR", "SD", "NE"}
    fell_back = "CR" in between and "PR" in [*between, counted[end][1]][between.index("CR") :]
    if not set(between) <= allowed or fell_back:
        return ""
    if between.count("NE") > confirmation.max_ne or between.count("SD") > confirmation.max_sd:
        return ""
    return f"{response} on day {day}, confirmed by {counted[end][1]} on day {counted[end][0]}"


def _queries(counted: Sequence[tuple[int, str]]) -> tuple[str, ...]:
    complete = next((day for day, response in counted if response == "CR"), None)
    if complete is None:
        return ()
    lesser = {"PR", "SD", "NON-CR/NON-PD"}
    return tuple(
        f"CR on day {complete} is followed by {response} on day {day} without progression"
        for day, response in counted
        if day > complete and response in lesser
    )


def clinical_benefit(best: str, counted: Collection[str]) -> bool:
    """Say whether a best response is clinical benefit; NE is none.

    Parameters
    ----------
    best : str
        The best overall response, its SD minimum already applied.
    counted : collection of str
        The responses that count as benefit: CR, PR, SD in the reproduced paper.

    Returns
    -------
    bool
        Whether it is. The denominator of a rate is all treated patients.

    Raises
    ------
    DataError
        If a response is unknown.

    Examples
    --------
    >>> [clinical_benefit(best, ("CR", "PR", "SD")) for best in ("SD", "NON-CR/NON-PD", "NE")]
    [True, False, False]
    """
    for response in counted:
        one_of(response, OVERALL, "responses that count as clinical benefit")
    return one_of(best, OVERALL, "best response") in counted


def objective_response(best: str) -> bool:
    """Say whether a best response is an objective response, CR or PR.

    Parameters
    ----------
    best : str
        The best overall response, confirmed or not as the study asks.

    Returns
    -------
    bool
        Whether it is. The denominator of a rate is all treated patients.

    Raises
    ------
    DataError
        If the response is unknown.

    Examples
    --------
    >>> objective_response("PR"), objective_response("SD")
    (True, False)
    """
    return clinical_benefit(best, RESPONDERS)


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        id="best_response",
        title="Best overall response",
        question="What is the best overall response of a course of visits?",
        functions=("best_response",),
        sources=(COHORT_PAPER, RECIST_2009, ADMIRALONCO),
        criteria=(
            CriteriaTable(
                "The first that a visit reaches, up to the first PD and before a new therapy",
                ("best", "unconfirmed", "confirmed"),
                (
                    ("CR", "CR", "CR, and CR again"),
                    ("PR", "PR", "PR, and PR or CR again"),
                    ("SD", "SD after the least day", "CR, PR or SD after the least day"),
                    ("NON-CR/NON-PD", "the same after the least day", "as unconfirmed"),
                    ("PD", "PD", "PD"),
                    ("NE", "otherwise", "otherwise"),
                ),
            ),
            CriteriaTable(
                "Confirmation, where a study asks for it",
                ("days apart", "NE between", "SD between"),
                (
                    (
                        f"≥ {RECIST_CONFIRMATION.min_days}",
                        f"≤ {RECIST_CONFIRMATION.max_ne}",
                        f"≤ {RECIST_CONFIRMATION.max_sd}",
                    ),
                ),
            ),
        ),
        doubts=(
            (
                "The paper's SD lasts longer than 8 weeks (> 56 days) and its scans come every 8 weeks: a scan on day "
                "56 falls just short. For each patient it is told whether the class would change if day 56 counted; "
                "the usual reading elsewhere is >= 42 days from randomization."
            ),
            (
                "The paper has 40 patients with SD in its results and 54 in its discussion; only a least duration "
                "could make both true."
            ),
            "The paper does not say whether responses were confirmed, nor what it did after a new therapy.",
            (
                "Table 3 of RECIST 1.1 was not read again; the rule is that of admiralonco: only CR, PR and NE "
                "between, no PR after CR, and an unconfirmed response is SD when late enough."
            ),
            "That NON-CR/NON-PD has the least day of SD, too, follows admiralonco.",
            "Early SD that is followed by progression is PD, early SD that is followed by nothing is NE.",
            (
                "CR followed by PR or SD without progression contradicts itself: it is a query, the best response "
                "stays CR (confirmed: SD), nothing is corrected; admiralonco does not warn of SD after CR."
            ),
            (
                "Progression needs no least day. Visits after progression never count; admiralonco counts them where "
                "it is not given the day of progression, and other programs always do."
            ),
        ),
        vectors=("bor_unconfirmed", "bor_confirmed"),
    ),
    Rule(
        id="clinical_benefit",
        title="Clinical benefit and objective response",
        question="Does a best overall response count as clinical benefit, or as objective response?",
        functions=("clinical_benefit", "objective_response"),
        sources=(COHORT_PAPER, Source(ADMIRALONCO.citation, "derive_param_clinbenefit", "seen")),
        criteria=(
            CriteriaTable(
                "Numerators; the denominator is all treated patients",
                ("rate", "best response"),
                (("clinical benefit of the paper", "CR, PR, SD"), ("objective response", ", ".join(RESPONDERS))),
            ),
        ),
        doubts=(
            "The paper's clinical benefit of 70 of 110 counts the SD of longer than 8 weeks only.",
            "The paper reports no objective response rate; 30 of 110 follow from its counts.",
            "Whether NON-CR/NON-PD is benefit is the study's choice; in the paper it is not.",
        ),
        vectors=("clinical_benefit_paper",),
    ),
)
