"""The dose of a drug by protocol, as data: levels, limits, and the transitions between states that follow from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal, TypeAlias

from oncohort.clinical.exact import Number, exact, in_decimals
from oncohort.clinical.rule import CriteriaTable, Rule, Source
from oncohort.errors import DataError

EventKind: TypeAlias = Literal[
    "START",
    "AE",
    "INTERRUPT",
    "RESUME",
    "AE_TERMINATE",
    "ECOG",
    "CONSENT_WITHDRAWN",
    "PD",
    "LOCAL_THERAPY",
    "DEATH",
]
RuleId: TypeAlias = Literal[
    "DOSE-START",
    "DOSE-REDUCE",
    "DOSE-RETURN",
    "DOSE-PAUSE",
    "STOP-AE",
    "STOP-ECOG",
    "STOP-CONSENT",
    "PD-CONTINUE",
    "LOCAL-NO-PAUSE",
]
Action: TypeAlias = Literal[
    "DOSE NOT CHANGED", "DOSE REDUCED", "DOSE INCREASED", "DRUG INTERRUPTED", "DRUG WITHDRAWN", "NOT APPLICABLE"
]
Fact: TypeAlias = Literal["grade", "worst_grade", "tolerated", "ecog", "good_status", "wishes"]

NOT_STARTED: Final = "NOT_STARTED"
INTERRUPTED: Final = "INTERRUPTED"
DISCONTINUED: Final = "DISCONTINUED"
SAME: Final = "unchanged"
BEFORE_PAUSE: Final = "as before the interruption"

FACTS: Final[Mapping[Fact, tuple[int, ...]]] = {
    "grade": (0, 1, 2, 3, 4, 5),
    "worst_grade": (0, 1, 2, 3, 4),
    "tolerated": (False, True),
    "ecog": (0, 1, 2, 3, 4, 5),
    "good_status": (False, True),
    "wishes": (False, True),
}
"""What guards ask, with every value it can have; the worst grade is among active adverse events, so no one died."""


@dataclass(frozen=True, slots=True)
class DoseLevel:
    """A dose: milligrams at a time, and times a day (one half: every other day)."""

    id: str
    dose_mg: Number
    times_per_day: Number


@dataclass(frozen=True, slots=True)
class DosePolicy:
    """What a protocol says about the dose of a drug.

    Attributes
    ----------
    levels : tuple of DoseLevel
        Highest dose first.
    start, reduce_to : str
        Level of the first dose, and the lower level for adverse events.
    reduce_at : frozenset of int
        Worst active grades that ask for the lower level.
    restore_at_or_below : int
        Worst active grade at which the first dose returns, if the lower one is well tolerated.
    stop_at_ecog : int
        ECOG performance status from which the drug ends.
    flag_after_days : int
        Days at the lower level after which a grade of ``reduce_at`` is worth a word; it changes no dose.
    """

    levels: tuple[DoseLevel, ...]
    start: str
    reduce_to: str
    reduce_at: frozenset[int]
    restore_at_or_below: int
    stop_at_ecog: int
    flag_after_days: int

    def __post_init__(self) -> None:
        names = [level.id for level in self.levels]
        for name in (self.start, self.reduce_to):
            if name not in names:
                raise DataError(f'"{name}" is no dose level; one of {", ".join(names)} was expected')
        doses = [mg_per_day(self, name) for name in names]
        if doses != sorted(doses, reverse=True) or names.index(self.start) >= names.index(self.reduce_to):
            raise DataError(f"dose levels {', '.join(names)}: falling doses were expected, the start above the reduced")
        if len({*names, NOT_STARTED, INTERRUPTED, DISCONTINUED}) != len(names) + 3:
            raise DataError(f"dose levels {', '.join(names)}: distinct names other than the states were expected")


@dataclass(frozen=True, slots=True)
class Guard:
    """A condition: the fact has one of these values, all of which `FACTS` lists."""

    fact: Fact
    among: tuple[int, ...]
    words: str


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of a policy: in one of these states, on this event, if all guards hold, go there.

    ``reason`` is why the drug ended, in the words of disposition; ``action`` what was done with it (SDTM AEACN).
    """

    states: tuple[str, ...]
    on: EventKind
    guards: tuple[Guard, ...]
    go: str
    rule: RuleId | None
    text: str
    action: Action = "DOSE NOT CHANGED"
    reason: str = ""


def mg_per_day(policy: DosePolicy, state: str) -> Fraction:
    """Return the daily dose of a state: 0 where the drug is not taken.

    Examples
    --------
    >>> [str(mg_per_day(SORAFENIB_2010, state)) for state in ("FULL", "REDUCED", "INTERRUPTED")]
    ['800', '400', '0']
    """
    doses = {level.id: exact(level.dose_mg) * exact(level.times_per_day) for level in policy.levels}
    return doses.get(state, Fraction(0))


def transitions(policy: DosePolicy) -> tuple[Transition, ...]:
    """Return a policy as the rows that the machine walks, in this order; the first row that holds decides.

    An event without a row leaves the state as it is, and so does every event after the end of the drug.

    Examples
    --------
    >>> [row.go for row in transitions(SORAFENIB_2010) if row.rule == "DOSE-REDUCE"]
    ['REDUCED', 'unchanged', 'REDUCED']
    """
    names = tuple(level.id for level in policy.levels)
    above = names[: names.index(policy.reduce_to)]
    low, taken = (policy.reduce_to,), (*names, INTERRUPTED)
    severe = Guard("worst_grade", tuple(sorted(policy.reduce_at)), f"worst grade {_or(sorted(policy.reduce_at))}")
    mild_grades = tuple(range(policy.restore_at_or_below + 1))
    mild = Guard("worst_grade", mild_grades, f"every grade at most {policy.restore_at_or_below}")
    well, badly = Guard("tolerated", (True,), "well tolerated"), Guard("tolerated", (False,), "not well tolerated")
    poor = Guard("ecog", tuple(range(policy.stop_at_ecog, 6)), f"ECOG {policy.stop_at_ecog} or more")
    good, wishes = Guard("good_status", (True,), "good clinical status"), Guard("wishes", (True,), "patient wishes")
    full, reduced = _dose_words(policy, policy.start), _dose_words(policy, policy.reduce_to)
    grades = f"grade {_or(sorted(policy.reduce_at))}"
    rows: list[Transition] = [
        Transition((NOT_STARTED,), "START", (), policy.start, "DOSE-START", f"starts at {full}", "NOT APPLICABLE"),
        _end((NOT_STARTED, *taken), "AE", "STOP-AE", "the adverse event was fatal", "FATAL AE", _FATAL),
        Transition(above, "AE", (severe,), low[0], "DOSE-REDUCE", f"{reduced} at {grades}", "DOSE REDUCED"),
        Transition(low, "AE", (severe,), SAME, "DOSE-REDUCE", f"stays at {reduced} at {grades}"),
        Transition(
            low,
            "AE",
            (mild, well),
            policy.start,
            "DOSE-RETURN",
            f"back to {full} at grade {policy.restore_at_or_below} or below, well tolerated",
            "DOSE INCREASED",
        ),
        Transition(low, "AE", (mild, badly), SAME, "DOSE-RETURN", f"stays at {reduced} until it is well tolerated"),
        Transition(
            names, "INTERRUPT", (), INTERRUPTED, "DOSE-PAUSE", "interruptions are permitted", "DRUG INTERRUPTED"
        ),
        Transition(
            (INTERRUPTED,),
            "RESUME",
            (severe,),
            low[0],
            "DOSE-REDUCE",
            f"resumes at {reduced} with {grades}",
            "DOSE REDUCED",
        ),
        Transition(
            (INTERRUPTED,), "RESUME", (), BEFORE_PAUSE, "DOSE-PAUSE", "resumes the dose before the interruption"
        ),
        _end(taken, "AE_TERMINATE", "STOP-AE", "the adverse event requires termination", "ADVERSE EVENT"),
        _end(taken, "ECOG", "STOP-ECOG", f"{poor.words} ends the drug", f"ECOG {policy.stop_at_ecog}", poor),
        _end(taken, "CONSENT_WITHDRAWN", "STOP-CONSENT", "consent was withdrawn", "WITHDRAWAL BY SUBJECT"),
        Transition(
            taken, "PD", (good, wishes), SAME, "PD-CONTINUE", "good clinical status and the patient wishes to continue"
        ),
        _end(taken, "PD", "PD-CONTINUE", "progression without good status and wish to continue", "PROGRESSIVE DISEASE"),
        Transition(taken, "LOCAL_THERAPY", (), SAME, "LOCAL-NO-PAUSE", "no interruption for local therapy"),
        _end((NOT_STARTED, *taken), "DEATH", None, "the patient died", "DEATH"),
    ]
    return tuple(rows)


_FATAL: Final = Guard("grade", (5,), "grade 5")


def _end(
    states: tuple[str, ...], on: EventKind, rule: RuleId | None, text: str, reason: str, *guards: Guard
) -> Transition:
    return Transition(states, on, guards, DISCONTINUED, rule, text, "DRUG WITHDRAWN", reason)


def _or(numbers: list[int]) -> str:
    return " or ".join(map(str, numbers))


def _dose_words(policy: DosePolicy, name: str) -> str:
    level = next(level for level in policy.levels if level.id == name)
    usual = {Fraction(1): "once daily", Fraction(2): "twice daily", Fraction(1, 2): "every other day"}
    times = usual.get(exact(level.times_per_day), f"{in_decimals(level.times_per_day)} times a day")
    return f"{in_decimals(level.dose_mg)} mg {times}"


SORAFENIB_2010: Final = DosePolicy(
    levels=(DoseLevel("FULL", 400, 2), DoseLevel("REDUCED", 200, 2)),
    start="FULL",
    reduce_to="REDUCED",
    reduce_at=frozenset({3, 4}),
    restore_at_or_below=2,
    stop_at_ecog=4,
    flag_after_days=28,
)
"""The protocol of the reproduced paper (Methods, sorafenib administration)."""


def _policy_table(policy: DosePolicy) -> CriteriaTable:
    """Return the transitions of a policy as a table."""
    body = tuple(
        (
            ", ".join(row.states),
            row.on,
            " and ".join(guard.words for guard in row.guards) or "-",
            row.go,
            row.rule or "-",
            row.action,
            row.reason or "-",
        )
        for row in transitions(policy)
    )
    doses = ", ".join(f"{level.id} {_dose_words(policy, level.id)}" for level in policy.levels)
    head = ("state", "event", "if", "next state", "rule", "action", "reason")
    return CriteriaTable(f"The first row that holds decides ({doses}; in every other state nothing)", head, body)


_PAPER: Final = "The reproduced paper (sorafenib in advanced HBV-related HCC)"

SORAFENIB_RULE: Final = Rule(
    id="sorafenib_dose",
    title="Sorafenib: the dose by the paper's protocol",
    question="Which dose does the protocol ask for after each event?",
    functions=("run_dose_machine", "advise"),
    sources=(
        Source(_PAPER, "Methods, sorafenib administration", "paper"),
        Source(_PAPER, "Results: 27 patients reduced, all back after 1-2 weeks", "paper"),
    ),
    criteria=(_policy_table(SORAFENIB_2010),),
    doubts=(
        (
            "The text gives the reductions as first 400 mg twice daily, then 200 mg twice daily: the first of "
            "them is the standard dose, so one lower level is left."
        ),
        (
            "Grade 4 is handled as grade 3, and there is no level below 200 mg twice daily: a grade 3-4 that "
            "lasts keeps the reduced dose, and the step says so after 28 days."
        ),
        "Deterioration to ECOG 4 ends the drug; ECOG 3 does not.",
        (
            "Good clinical status at progression (performance status, liver function, tolerable side effects) has "
            "no thresholds; it is asked for as a yes or no and never inferred."
        ),
        (
            "Well tolerated has no definition and no time; it is asked for, and while it is not known the dose "
            "stays reduced."
        ),
        (
            "Interruptions are permitted without a limit of time, and a dose resumes as before unless a grade 3-4 "
            "is active."
        ),
        (
            "Interruptions are permitted, and the drug goes on without interruption during local therapy: which "
            "goes first is not said; a recorded interruption is followed."
        ),
        (
            "All 27 reduced patients are said to be back at the standard dose after 1-2 weeks, which cannot hold "
            "for those with grade 3-4 who stopped or died."
        ),
        "The grades are by Common Toxicity Criteria without a version.",
        "Only adverse events related to the drug count; which attributions those are is the study's choice.",
    ),
    vectors=("sorafenib_paper",),
)
