"""What a protocol says of a procedure, as rules with their words and as the policy that clinical rules judge by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, cast, get_args

from oncohort.clinical.procedure_policy import (
    CRYO_2010,
    TACE_2010,
    Expected,
    Limit,
    ProcedurePolicy,
    Sign,
    Span,
    limit_text,
    span_text,
)
from oncohort.derive.protocol_policies import UNBOUNDED, ProtocolRule
from oncohort.errors import ProtocolError
from oncohort.study.protocol import Condition, Procedure, StopAfter
from oncohort.study.schema_treatment import Expected as ExpectedValue

ROW: Final = "procedures."
"""How the protocol names the columns of a session."""

_KNOWN: Final[Mapping[str, ProcedurePolicy]] = {policy.procedure: policy for policy in (TACE_2010, CRYO_2010)}
"""For a procedure, the columns of which clinical rules know rule, words and unit; the values are the study's."""

_ALONE: Final = {"interval_days": "TACE", "stop_after": "TACE", "debulk": "CRYO"}
"""For a key of a procedure, the only one that has a rule of adherence for it."""

_NO_CONTRAINDICATION: Final = (f"{ROW}contraindication", "==", "N")
_CONSENT: Final = (f"{ROW}consent", "==", "Y")
_BURDEN: Final = f"{ROW}tumour_burden_pct"


@dataclass(frozen=True, slots=True)
class LocalRules:
    """What a protocol asks of one procedure.

    ``rules`` are the rules it has, by id, in their order: what it does not ask for has none. ``policy`` is what the
    clinical rules judge by; ``conditions`` and ``expect`` are what the protocol asks of a session besides, under the
    rules ``ID-REQUIRES`` and ``ID-EXPECT``.
    """

    procedure: Procedure
    policy: ProcedurePolicy
    rules: Mapping[str, ProtocolRule]
    conditions: tuple[Condition, ...]
    expect: Mapping[str, ExpectedValue]


def local_rules(procedure: Procedure) -> LocalRules:
    """Return what a protocol says of a procedure as policy and rules.

    Raises
    ------
    ProtocolError
        If there is no rule of adherence for what the protocol says.

    Examples
    --------
    >>> tace = Procedure.model_validate({"id": "TACE", "interval_days": [35, 49], "expect": {"lipiodol_ml": [5, 15]}})
    >>> [(rule.id, rule.text) for rule in local_rules(tace).rules.values()]
    [('TACE-INTERVAL', '35 to 49 days between two sessions'), ('TACE-OIL', 'lipiodol 5 to 15 mL')]
    """
    policy = _policy(procedure)
    judged = {part.column for part in policy.expected} | ({"guidance"} if policy.guidance else set[str]())
    expect = {column: value for column, value in procedure.expect.items() if column not in judged}
    judged_apart: set[tuple[object, object, object]] = {_NO_CONTRAINDICATION, _CONSENT}
    if policy.burden_percent is not None:
        judged_apart.add((_BURDEN, policy.burden_percent.sign, policy.burden_percent.value))
    conditions = tuple(condition for condition in procedure.requires if _facts(condition) not in judged_apart)
    rules = _rules_of(procedure, policy, conditions, expect)
    return LocalRules(procedure, policy, {rule.id: rule for rule in rules}, conditions, expect)


def condition_words(condition: Condition) -> str:
    """Write a condition as a clause.

    Examples
    --------
    >>> condition_words(Condition(column="child_pugh_class", op="in", value=("A", "B")))
    'child_pugh_class in A, B'
    """
    for joint, parts in ((" and ", condition.all), (" or ", condition.any)):
        if parts is not None:
            return joint.join(condition_words(part) for part in parts)
    values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    shown = ", ".join(str(value) for value in values if value is not None)
    return " ".join(part for part in (condition.column, condition.op, shown, condition.unit) if part)


def _policy(procedure: Procedure) -> ProcedurePolicy:
    for key, owner in _ALONE.items():
        if getattr(procedure, key) is not None and procedure.id != owner:
            raise _refuse(procedure, key, f"there is a rule of adherence for it in {owner} only")
    known = _KNOWN[procedure.id]
    interval, stop, debulk = procedure.interval_days, procedure.stop_after, procedure.debulk
    guidance = procedure.expect.get("guidance") if known is CRYO_2010 else None
    return replace(
        known,
        maximum=procedure.maximum or UNBOUNDED,
        burden_percent=_burden(procedure) if known is TACE_2010 else None,
        interval_days=None if interval is None else Span(*interval),
        stop_lipiodol_percent=None if stop is None else _stop_limit(procedure, stop),
        ct_days=None if stop is None or stop.seen_on is None else Span(*stop.seen_on.days_after),
        expected=tuple(_expected(procedure, known)),
        debulk_percent=None
        if debulk is None
        else _limit(procedure, "debulk.ablated_pct", debulk.ablated_pct.op, debulk.ablated_pct.value),
        guidance=guidance if isinstance(guidance, str) else None,
    )


def _refuse(procedure: Procedure, key: str, sentence: str) -> ProtocolError:
    return ProtocolError(f"procedure.{procedure.id}.{key}: {sentence}")


def _facts(condition: Condition) -> tuple[object, object, object]:
    return (condition.column, condition.op, condition.value)


def _limit(procedure: Procedure, key: str, op: str | None, value: object) -> Limit:
    if op not in get_args(Sign) or isinstance(value, bool) or not isinstance(value, int | float):
        raise _refuse(procedure, key, f"a bound of percents was expected ({', '.join(get_args(Sign))} and a number)")
    return Limit(cast("Sign", op), value)


def _burden(procedure: Procedure) -> Limit | None:
    found = next((condition for condition in procedure.requires if condition.column == _BURDEN), None)
    return None if found is None else _limit(procedure, "requires", found.op, found.value)


def _stop_limit(procedure: Procedure, stop: StopAfter) -> Limit:
    if stop.column is None or not stop.column.startswith(ROW):
        raise _refuse(procedure, "stop_after", "one column of the table procedures was expected")
    return _limit(procedure, "stop_after", stop.op, stop.value)


def _expected(procedure: Procedure, known: ProcedurePolicy) -> Iterator[Expected]:
    """Yield what clinical rules know of the columns that the protocol expects, with the study's own values."""
    for part in known.expected:
        value = procedure.expect.get(part.column)
        if isinstance(value, tuple):
            yield replace(part, span=Span(*value))
        elif isinstance(value, int | float):
            yield replace(part, span=Span(value, value))


def _rules_of(
    procedure: Procedure,
    policy: ProcedurePolicy,
    conditions: tuple[Condition, ...],
    expect: Mapping[str, ExpectedValue],
) -> Iterator[ProtocolRule]:
    """Yield the rules that a procedure has, in the order in which they are reported."""
    name = procedure.id
    asked = {_facts(condition) for condition in procedure.requires}
    interval, ct, stop = policy.interval_days, policy.ct_days, policy.stop_lipiodol_percent
    burden, debulk = policy.burden_percent, policy.debulk_percent
    words: list[tuple[str, str, str | None]] = [
        ("LOCAL-AFTER-START", "after", "after the first dose" if procedure.after else None),
        ("LOCAL-CONTRA", "requires", "no absolute contraindication" if _NO_CONTRAINDICATION in asked else None),
        ("LOCAL-CONSENT", "requires", "with the patient's consent" if _CONSENT in asked else None),
        (f"{name}-REQUIRES", "requires", " and ".join(map(condition_words, conditions)) or None),
        ("TACE-BURDEN", "requires", burden and f"tumor burden {limit_text(burden)} of the liver"),
        ("TACE-INTERVAL", "interval_days", interval and f"{span_text(interval, 'days')} between two sessions"),
        ("TACE-CT1M", "stop_after.seen_on", ct and f"CT {span_text(ct, 'days')} after the session"),
        ("TACE-LIPIODOL", "stop_after", stop and f"no further session once iodized oil fills {limit_text(stop)}"),
        (f"{name}-MAX", "maximum", f"{procedure.maximum} sessions at most" if procedure.maximum else None),
        *((rule, "expect", _spans(policy, rule)) for rule in dict.fromkeys(part.rule for part in policy.expected)),
        ("CRYO-DEBULK", "debulk", debulk and f"{limit_text(debulk)} ablated of a tumor that is not ablated whole"),
        ("CRYO-GUIDE", "expect", policy.guidance and f"guided by {policy.guidance}"),
        (
            f"{name}-EXPECT",
            "expect",
            ", ".join(f"{column} {_value(value)}" for column, value in expect.items()) or None,
        ),
    ]
    for rule, key, text in words:
        if text:
            yield ProtocolRule(rule, text, f"[[procedure]] {name}: {key}")


def _spans(policy: ProcedurePolicy, rule: str) -> str:
    return ", ".join(f"{part.item} {span_text(part.span, part.unit)}" for part in policy.expected if part.rule == rule)


def _value(value: ExpectedValue) -> str:
    return f"{value[0]} to {value[1]}" if isinstance(value, tuple) else str(value)
