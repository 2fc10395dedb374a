"""What a protocol says of the next TACE or cryoablation: lines of a table, of which the first that holds decides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from oncohort.clinical.answer import Answer, decided, undetermined
from oncohort.clinical.exact import Number, in_decimals
from oncohort.clinical.procedure_policy import Limit, ProcedurePolicy, Span, lies_in, limit_text, meets, span_text
from oncohort.clinical.study_days import refuse_negative
from oncohort.errors import DataError


@dataclass(frozen=True, slots=True, kw_only=True)
class TaceCourse:
    """Where a patient stands before the next TACE; None where something is not known.

    ``n_done`` counts the sessions done; ``burden_percent`` is the tumor's share of the liver; ``contraindicated`` says
    whether there is an absolute contraindication; ``days_since_last`` and ``lipiodol_percent`` (the share of the tumor
    occupied by iodized oil on the CT a month after it) are about the last session.
    """

    n_done: int
    burden_percent: Number | None
    contraindicated: bool | None
    days_since_last: int | None
    lipiodol_percent: Number | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CryoCourse:
    """Where a patient stands before the next cryoablation, as for `TaceCourse`."""

    n_done: int
    contraindicated: bool | None


_C = TypeVar("_C")


@dataclass(frozen=True, slots=True)
class _Judged:
    """Whether a step is taken (None: not known), the clause that says why, and the field that is missing."""

    holds: bool | None
    why: str
    missing: str = ""


@dataclass(frozen=True, slots=True)
class _Step(Generic[_C]):
    """One line of a decision: the answer and its criterion, both made of the policy, and its judge."""

    answer: Callable[[ProcedurePolicy], str]
    criterion: Callable[[ProcedurePolicy], str]
    judge: Callable[[_C, ProcedurePolicy], _Judged]


def next_tace(course: TaceCourse, policy: ProcedurePolicy) -> Answer[str]:
    """Say what a protocol says of the next TACE. Not for treatment decisions.

    The first line that holds decides: contraindication, too much iodized oil, maximum, tumor burden, interval, CT,
    late, on time. So a session that is too early waits for its day before it waits for its CT.

    Parameters
    ----------
    course : TaceCourse
        Where the patient stands.
    policy : ProcedurePolicy
        What the protocol asks, as `TACE_2010`.

    Returns
    -------
    Answer of str
        NO_TACE:CONTRAINDICATED, STOP:LIPIODOL>75, STOP:MAX_CYCLES, NO_TACE:BURDEN, WAIT:INTERVAL, WAIT:CT_1_MONTH,
        TACE:LATE or TACE; undetermined if what is missing could change it. A missing CT is no missing input: it is
        waited for.

    Raises
    ------
    DataError
        If a count or a number of days is negative, or a percent is not 0 to 100.

    Examples
    --------
    >>> from oncohort.clinical.procedure_policy import TACE_2010
    >>> course = TaceCourse(
    ...     n_done=1, burden_percent=30, contraindicated=False, days_since_last=30, lipiodol_percent=75.1
    ... )
    >>> next_tace(course, TACE_2010)  # doctest: +ELLIPSIS
    Answer(value='STOP:LIPIODOL>75', why='iodized oil in 75.1% of the tumor, > 75%', ...)
    """
    refuse_negative(n_done=course.n_done, days_since_last=course.days_since_last)
    for name, percent in (("burden_percent", course.burden_percent), ("lipiodol_percent", course.lipiodol_percent)):
        if percent is not None and not lies_in(percent, Span(0, 100)):
            raise DataError(f"{name} is {in_decimals(percent)}; a percent from 0 to 100 was expected")
    return _walk(_TACE_STEPS, course, policy)


def next_cryo(course: CryoCourse, policy: ProcedurePolicy) -> Answer[str]:
    """Say what a protocol says of the next cryoablation. Not for treatment decisions.

    Parameters
    ----------
    course : CryoCourse
        Where the patient stands.
    policy : ProcedurePolicy
        What the protocol asks, as `CRYO_2010`.

    Returns
    -------
    Answer of str
        NO_CRYO:CONTRAINDICATED, STOP:MAX_PROCEDURES or CRYO; undetermined if what is missing could change it.

    Raises
    ------
    DataError
        If the count is negative.

    Examples
    --------
    >>> from oncohort.clinical.procedure_policy import CRYO_2010
    >>> [next_cryo(CryoCourse(n_done=n, contraindicated=False), CRYO_2010).value for n in (2, 3)]
    ['CRYO', 'STOP:MAX_PROCEDURES']
    """
    refuse_negative(n_done=course.n_done)
    return _walk(_CRYO_STEPS, course, policy)


def _walk(steps: tuple[_Step[_C], ...], course: _C, policy: ProcedurePolicy) -> Answer[str]:
    """Take the first step that holds; steps before it that may hold leave the answer open."""
    missing: list[str] = []
    possible: list[str] = []
    for step in steps:
        judged = step.judge(course, policy)
        if judged.holds is None:
            missing.append(judged.missing)
        elif not judged.holds:
            continue
        elif not possible:
            return decided(step.answer(policy), judged.why)
        possible.append(step.answer(policy))
        if judged.holds:
            break
    return undetermined(dict.fromkeys(missing), possible)


def _contraindicated(course: TaceCourse | CryoCourse, policy: ProcedurePolicy) -> _Judged:
    return _Judged(course.contraindicated, f"absolute contraindication to {policy.procedure}", "contraindicated")


def _too_much_oil(course: TaceCourse, policy: ProcedurePolicy) -> _Judged:
    percent, stop = course.lipiodol_percent, policy.stop_lipiodol_percent
    if course.n_done == 0 or percent is None or stop is None:
        return _Judged(holds=False, why="")
    return _Judged(meets(percent, stop), f"iodized oil in {in_decimals(percent)}% of the tumor, {limit_text(stop)}")


def _at_maximum(course: TaceCourse | CryoCourse, policy: ProcedurePolicy) -> _Judged:
    return _Judged(course.n_done >= policy.maximum, f"{course.n_done} sessions done, {policy.maximum} at most")


def _burden_too_high(course: TaceCourse, policy: ProcedurePolicy) -> _Judged:
    percent, limit = course.burden_percent, policy.burden_percent
    if limit is None:
        return _Judged(holds=False, why="")
    if percent is None:
        return _Judged(None, "", "burden_percent")
    return _Judged(not meets(percent, limit), f"tumor burden {in_decimals(percent)}%, not {limit_text(limit)}")


def _too_early(course: TaceCourse, policy: ProcedurePolicy) -> _Judged:
    return _interval(course, policy, lambda days, span: meets(days, Limit("<", span.low)))


def _too_late(course: TaceCourse, policy: ProcedurePolicy) -> _Judged:
    return _interval(course, policy, lambda days, span: meets(days, Limit(">", span.high)))


def _interval(course: TaceCourse, policy: ProcedurePolicy, judge: Callable[[int, Span], bool]) -> _Judged:
    days, span = course.days_since_last, policy.interval_days
    if course.n_done == 0 or span is None:
        return _Judged(holds=False, why="")
    if days is None:
        return _Judged(None, "", "days_since_last")
    return _Judged(judge(days, span), f"{days} days since the last session, not {span_text(span, 'days')}")


def _without_ct(course: TaceCourse, policy: ProcedurePolicy) -> _Judged:
    waits = course.n_done > 0 and course.lipiodol_percent is None and policy.stop_lipiodol_percent is not None
    return _Judged(waits, "no CT one month after the last session")


def _free(course: TaceCourse | CryoCourse, policy: ProcedurePolicy) -> _Judged:
    return _Judged(holds=True, why=f"session {course.n_done + 1} of {policy.maximum} at most, nothing against it")


def _stop(policy: ProcedurePolicy) -> str:
    return "" if policy.stop_lipiodol_percent is None else limit_text(policy.stop_lipiodol_percent)


def _burden(policy: ProcedurePolicy) -> str:
    return "" if policy.burden_percent is None else limit_text(policy.burden_percent)


def _days(policy: ProcedurePolicy) -> tuple[str, str]:
    span = policy.interval_days
    return ("", "") if span is None else (in_decimals(span.low), in_decimals(span.high))


_TACE_STEPS: Final[tuple[_Step[TaceCourse], ...]] = (
    _Step(lambda _: "NO_TACE:CONTRAINDICATED", lambda _: "an absolute contraindication", _contraindicated),
    _Step(
        lambda policy: f"STOP:LIPIODOL{_stop(policy).replace(' ', '').removesuffix('%')}",
        lambda policy: f"iodized oil in {_stop(policy)} of the tumor one month after the last session",
        _too_much_oil,
    ),
    _Step(lambda _: "STOP:MAX_CYCLES", lambda policy: f"{policy.maximum} sessions done", _at_maximum),
    _Step(lambda _: "NO_TACE:BURDEN", lambda policy: f"tumor burden not {_burden(policy)} of liver", _burden_too_high),
    _Step(lambda _: "WAIT:INTERVAL", lambda policy: f"last session < {_days(policy)[0]} days ago", _too_early),
    _Step(lambda _: "WAIT:CT_1_MONTH", lambda _: "no CT one month after the last session", _without_ct),
    _Step(lambda _: "TACE:LATE", lambda policy: f"last session > {_days(policy)[1]} days ago", _too_late),
    _Step(lambda _: "TACE", lambda _: "otherwise", _free),
)

_CRYO_STEPS: Final[tuple[_Step[CryoCourse], ...]] = (
    _Step(lambda _: "NO_CRYO:CONTRAINDICATED", lambda _: "an absolute contraindication", _contraindicated),
    _Step(lambda _: "STOP:MAX_PROCEDURES", lambda policy: f"{policy.maximum} sessions done", _at_maximum),
    _Step(lambda _: "CRYO", lambda _: "otherwise", _free),
)


def decision_lines(policy: ProcedurePolicy) -> tuple[tuple[str, str], ...]:
    """Return the lines of a decision as its page prints them: answer and criterion, the first that holds decides.

    Examples
    --------
    >>> from oncohort.clinical.procedure_policy import CRYO_2010
    >>> decision_lines(CRYO_2010)[1]
    ('STOP:MAX_PROCEDURES', '3 sessions done')
    """
    steps = _TACE_STEPS if policy.procedure == "TACE" else _CRYO_STEPS
    return tuple((step.answer(policy), step.criterion(policy)) for step in steps)
