"""Whether a session of TACE or cryoablation kept to the protocol: one verdict for each rule of adherence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from oncohort.clinical.exact import Number, in_decimals
from oncohort.clinical.procedure_policy import (
    Expected,
    Limit,
    ProcedurePolicy,
    lies_in,
    limit_text,
    meets,
    span_text,
)
from oncohort.errors import DataError

Verdict: TypeAlias = Literal["kept", "broken", "not assessable", "not applicable"]


@dataclass(frozen=True, slots=True)
class Deviation:
    """What one rule says of one session.

    ``value`` and ``bound`` are words that reports quote; ``items`` names what is not as it should be, and is empty
    unless the rule is broken.
    """

    rule: str
    verdict: Verdict
    value: str
    bound: str
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One session as recorded; None where something is not known.

    ``number`` counts the sessions of this procedure from 1, ``day`` is counted from the first dose (day 0),
    ``contraindicated`` says whether there was an absolute contraindication, ``measured`` holds doses, times and
    temperatures under the columns that the policy expects.
    """

    number: int
    day: int | None
    contraindicated: bool | None
    consent: bool | None
    measured: Mapping[str, Number | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaceSession(Session):
    """One TACE.

    ``burden_percent`` is the tumor's share of the liver; ``ct1m_day`` the day of the CT made a month later, and
    ``lipiodol_percent`` the share of the tumor that iodized oil occupies on it; ``followed_to_day`` the last day of
    which anything is known: a CT can be missed only by who was followed to the end of its window.
    """

    burden_percent: Number | None
    ct1m_day: int | None
    lipiodol_percent: Number | None
    followed_to_day: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CryoSession(Session):
    """One cryoablation: its intent, the share of the tumor that was ablated, and the imaging that guided it."""

    intent: Literal["CURATIVE", "DEBULK"] | None
    ablated_percent: Number | None
    guidance: str | None


def tace_deviations(
    session: TaceSession, history: Iterable[TaceSession], policy: ProcedurePolicy
) -> tuple[Deviation, ...]:
    """Judge a TACE by the protocol.

    The interval and the iodized oil are judged by the sessions with lower numbers. Oil counts only if the CT that
    shows it was made by the day of this session.

    Parameters
    ----------
    session : TaceSession
        The TACE to judge.
    history : iterable of TaceSession
        The other TACE of this patient, in any order; those with higher numbers do not matter.
    policy : ProcedurePolicy
        What the protocol asks, as `TACE_2010`.

    Returns
    -------
    tuple of Deviation
        One for each rule: LOCAL-AFTER-START, LOCAL-CONTRA, LOCAL-CONSENT, TACE-BURDEN, TACE-INTERVAL, TACE-CT1M,
        TACE-LIPIODOL, TACE-MAX, TACE-AGENTS, TACE-OIL.

    Raises
    ------
    DataError
        If a measured value is no finite number, or the number of a session is below 1.

    Examples
    --------
    >>> from oncohort.clinical.procedure_policy import TACE_2010
    >>> first = TaceSession(
    ...     number=1, day=14, contraindicated=False, consent=True, burden_percent=50, ct1m_day=44,
    ...     lipiodol_percent=60, followed_to_day=300, measured={"lipiodol_ml": 12},
    ... )
    >>> [(d.rule, d.value, d.bound) for d in tace_deviations(first, [], TACE_2010) if d.verdict == "broken"]
    [('TACE-BURDEN', '50%', '< 50%')]
    """
    _refuse_number(session)
    earlier = sorted((other for other in history if other.number < session.number), key=lambda other: other.number)
    return (
        *_local(session),
        _limit("TACE-BURDEN", "burden", session.burden_percent, policy.burden_percent),
        _interval(session, earlier, policy),
        _ct(session, policy),
        _oil_before(session, earlier, policy),
        _maximum("TACE-MAX", session, policy),
        *(_expected(rule, session, policy) for rule in ("TACE-AGENTS", "TACE-OIL")),
    )


def cryo_deviations(session: CryoSession, policy: ProcedurePolicy) -> tuple[Deviation, ...]:
    """Judge a cryoablation by the protocol.

    The second thaw is not timed. A tumor is debulked where that was the intent; a curative intent needs no share.

    Parameters
    ----------
    session : CryoSession
        The cryoablation to judge.
    policy : ProcedurePolicy
        What the protocol asks, as `CRYO_2010`.

    Returns
    -------
    tuple of Deviation
        One for each rule: LOCAL-AFTER-START, LOCAL-CONTRA, LOCAL-CONSENT, CRYO-CYCLE, CRYO-TEMP, CRYO-MAX,
        CRYO-DEBULK, CRYO-GUIDE.

    Raises
    ------
    DataError
        If a measured value is no finite number, or the number of the session is below 1.

    Examples
    --------
    >>> from oncohort.clinical.procedure_policy import CRYO_2010
    >>> fourth = CryoSession(
    ...     number=4, day=90, contraindicated=False, consent=True, intent="CURATIVE", ablated_percent=None,
    ...     guidance="US", measured={"freeze1_min": 15, "thaw1_min": 10, "freeze2_min": 15, "min_temp_c": -135},
    ... )
    >>> broken_items(cryo_deviations(fourth, CRYO_2010))
    ('freeze1', 'max3')
    """
    _refuse_number(session)
    return (
        *_local(session),
        *(_expected(rule, session, policy) for rule in ("CRYO-CYCLE", "CRYO-TEMP")),
        _maximum("CRYO-MAX", session, policy),
        _debulk(session, policy),
        _guide(session, policy),
    )


def broken_items(deviations: Iterable[Deviation]) -> tuple[str, ...]:
    """Return what is not as the protocol asks, in the order of the rules.

    Examples
    --------
    >>> broken_items([Deviation("TACE-MAX", "broken", "session 4", "3 at most", ("max3",))])
    ('max3',)
    """
    return tuple(item for deviation in deviations for item in deviation.items)


def _refuse_number(session: Session) -> None:
    if session.number < 1:
        raise DataError(f"a session has the number {session.number}; a number from 1 was expected")


def _judge(rule: str, item: str, holds: bool | None, value: str, bound: str) -> Deviation:  # noqa: FBT001
    """Make the verdict of a rule with one item: None is not assessable."""
    if holds is None:
        return Deviation(rule, "not assessable", value, bound)
    return Deviation(rule, "kept", value, bound) if holds else Deviation(rule, "broken", value, bound, (item,))


def _local(session: Session) -> tuple[Deviation, ...]:
    day, contra = session.day, session.contraindicated
    return (
        _judge("LOCAL-AFTER-START", "start", None if day is None else day >= 0, _day(day), "day 0 or later"),
        _judge("LOCAL-CONTRA", "contraindication", None if contra is None else not contra, _yes(contra), "no"),
        _judge("LOCAL-CONSENT", "consent", session.consent, _yes(session.consent), "yes"),
    )


def _limit(rule: str, item: str, value: Number | None, limit: Limit | None) -> Deviation:
    if limit is None:
        return Deviation(rule, "not applicable", _percent(value), "")
    return _judge(rule, item, None if value is None else meets(value, limit), _percent(value), limit_text(limit))


def _maximum(rule: str, session: Session, policy: ProcedurePolicy) -> Deviation:
    bound = f"{policy.maximum} at most"
    value = f"session {session.number}"
    return _judge(rule, f"max{policy.maximum}", session.number <= policy.maximum, value, bound)


def _interval(session: TaceSession, earlier: Sequence[TaceSession], policy: ProcedurePolicy) -> Deviation:
    rule, span = "TACE-INTERVAL", policy.interval_days
    if span is None or session.number == 1:
        return Deviation(rule, "not applicable", "first session" if session.number == 1 else "", "")
    bound = span_text(span, "days")
    before = earlier[-1].day if earlier and earlier[-1].number == session.number - 1 else None
    if before is None or session.day is None:
        return Deviation(rule, "not assessable", "not recorded", bound)
    days = session.day - before
    return _judge(rule, "interval", lies_in(days, span), f"{days} days", bound)


def _ct(session: TaceSession, policy: ProcedurePolicy) -> Deviation:
    rule, span = "TACE-CT1M", policy.ct_days
    if span is None:
        return Deviation(rule, "not applicable", "", "")
    bound = f"CT after {span_text(span, 'days')}"
    if session.day is not None and session.ct1m_day is not None:
        days = session.ct1m_day - session.day
        return _judge(rule, "ct1m", lies_in(days, span), f"CT after {days} days", bound)
    if session.ct1m_day is not None or session.lipiodol_percent is not None:
        return Deviation(rule, "not assessable", "CT, its day not recorded", bound)
    if session.day is None or session.followed_to_day is None:
        return Deviation(rule, "not assessable", "no CT recorded", bound)
    followed = session.followed_to_day - session.day
    if meets(followed, Limit("<", span.high)):
        return Deviation(rule, "not applicable", f"no CT, followed for {followed} days", bound)
    return Deviation(rule, "broken", "no CT", bound, ("ct1m",))


def _oil_before(session: TaceSession, earlier: Sequence[TaceSession], policy: ProcedurePolicy) -> Deviation:
    """Judge whether the course should have ended before this session."""
    rule, stop = "TACE-LIPIODOL", policy.stop_lipiodol_percent
    if stop is None or session.number == 1:
        return Deviation(rule, "not applicable", "first session" if session.number == 1 else "", "")
    bound = f"none before it {limit_text(stop)}"
    seen = [other.lipiodol_percent for other in earlier if _is_seen_by(other, session)]
    known = [percent for percent in seen if percent is not None]
    value = ", ".join(_percent(percent) for percent in known) or "not recorded"
    if any(meets(percent, stop) for percent in known):
        return Deviation(rule, "broken", value, bound, ("lipiodol",))
    return _judge(rule, "lipiodol", True if len(known) == session.number - 1 else None, value, bound)


def _is_seen_by(other: TaceSession, session: TaceSession) -> bool:
    return other.ct1m_day is None or session.day is None or other.ct1m_day <= session.day


def _expected(rule: str, session: Session, policy: ProcedurePolicy) -> Deviation:
    """Judge all values of one rule together: broken by one, else not assessable by one that is missing."""
    expected = [part for part in policy.expected if part.rule == rule]
    if not expected:
        return Deviation(rule, "not applicable", "", "")
    found = [(part, session.measured.get(part.column)) for part in expected]
    value = ", ".join(f"{part.item} {_with_unit(number, part)}" for part, number in found)
    bound = ", ".join(f"{part.item} {span_text(part.span, part.unit)}" for part in expected)
    broken = tuple(part.item for part, number in found if number is not None and not lies_in(number, part.span))
    if broken:
        return Deviation(rule, "broken", value, bound, broken)
    is_whole = all(number is not None for _, number in found)
    return Deviation(rule, "kept" if is_whole else "not assessable", value, bound)


def _debulk(session: CryoSession, policy: ProcedurePolicy) -> Deviation:
    if session.intent is None:
        return Deviation("CRYO-DEBULK", "not assessable", "intent not recorded", "")
    if session.intent == "CURATIVE":
        return Deviation("CRYO-DEBULK", "not applicable", "curative intent", "")
    return _limit("CRYO-DEBULK", "debulk", session.ablated_percent, policy.debulk_percent)


def _guide(session: CryoSession, policy: ProcedurePolicy) -> Deviation:
    if policy.guidance is None:
        return Deviation("CRYO-GUIDE", "not applicable", session.guidance or _NOT_RECORDED, "")
    holds = None if session.guidance is None else session.guidance == policy.guidance
    return _judge("CRYO-GUIDE", "guidance", holds, session.guidance or _NOT_RECORDED, policy.guidance)


_NOT_RECORDED: Final = "not recorded"


def _yes(answer: bool | None) -> str:  # noqa: FBT001
    return _NOT_RECORDED if answer is None else "yes" if answer else "no"


def _day(day: int | None) -> str:
    return _NOT_RECORDED if day is None else f"day {day}"


def _percent(value: Number | None) -> str:
    return _NOT_RECORDED if value is None else f"{in_decimals(value)}%"


def _with_unit(value: Number | None, expected: Expected) -> str:
    return _NOT_RECORDED if value is None else f"{in_decimals(value)} {expected.unit}"
