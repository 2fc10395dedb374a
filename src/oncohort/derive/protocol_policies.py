"""What a protocol says of a drug, as rules with their words and as the policy that the dose machine walks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from oncohort.clinical.dose_policy import DoseLevel as PolicyLevel
from oncohort.clinical.dose_policy import DosePolicy, RuleId
from oncohort.clinical.exact import exact, in_decimals
from oncohort.errors import DataError, ProtocolError
from oncohort.study.protocol import DoseLevel, Drug, DrugRule, Protocol

STOP: Final = "STOP"
SAME: Final = "same"
UNBOUNDED: Final = 10**6
"""A number of days or sessions that no patient reaches: it stands where a protocol sets no bound."""


@dataclass(frozen=True, slots=True)
class ProtocolRule:
    """One rule of a protocol: its id, its words, and the section of ``study.toml`` where it stands."""

    id: str
    text: str
    section: str


def study_drug(protocol: Protocol) -> tuple[str, Drug] | None:
    """Return name and rules of the drug whose first dose is day 0; None where the protocol has no drug."""
    named = protocol.study.index.drug if protocol.study.index else None
    name = named if named in protocol.drug else next(iter(protocol.drug), None)
    return None if name is None else (name, protocol.drug[name])


def level_words(level: DoseLevel) -> str:
    """Write a dose as it is prescribed.

    Examples
    --------
    >>> level_words(DoseLevel(id="REDUCED", dose_mg=200, times_per_day=2))
    '200 mg twice daily'
    """
    usual = {exact(1): "once daily", exact(2): "twice daily", exact(0.5): "every other day"}
    times = usual.get(exact(level.times_per_day), f"{in_decimals(level.times_per_day)} times a day")
    return f"{in_decimals(level.dose_mg)} mg {times}"


def drug_rules(name: str, drug: Drug) -> dict[str, ProtocolRule]:
    """Return the rules of a drug by id: DOSE-START, then its own; one that lets things happen is no rule to keep.

    Examples
    --------
    >>> sorafenib = Drug.model_validate({
    ...     "table": "exposure", "levels": [{"id": "FULL", "dose_mg": 400, "times_per_day": 2}], "start": "FULL",
    ...     "attribution": ["RELATED"], "notice_days": 7,
    ...     "rule": [{"id": "STOP-ECOG", "on": {"event": "ecog", "op": ">=", "value": 4}, "go": "STOP"},
    ...              {"id": "DOSE-PAUSE", "on": {"event": "interruption"}, "allowed": True}],
    ... })
    >>> [rule.text for rule in drug_rules("sorafenib", sorafenib).values()]
    ['starts at 400 mg twice daily', 'ecog >= 4: STOP']
    """
    first = next(level for level in drug.levels if level.id == drug.start)
    start = ProtocolRule("DOSE-START", f"starts at {level_words(first)}", f"[drug.{name}] start")
    own = {rule.id: drug_rule(name, rule) for rule in drug.rule if rule.allowed is not True}
    return {start.id: start} | own


def drug_rule(name: str, rule: DrugRule) -> ProtocolRule:
    """Return a rule of a drug with its words: its own, or what it waits for and where it goes."""
    on = rule.on
    grades = f"grade {', '.join(map(str, on.grade))}" if on.grade else ""
    asked = f"{on.op} {on.value}" if on.op else on.action or grades or ", ".join(on.type)
    goal = rule.go or rule.else_go or "not allowed"
    words = " ".join(part for part in (on.event.replace("_", " "), asked) if part)
    return ProtocolRule(rule.id, rule.text or f"{words}: {goal}", f"[[drug.{name}.rule]] {rule.id}")


def dose_policy(name: str, drug: Drug) -> DosePolicy:
    """Return what a protocol says of a drug as the policy that `oncohort.clinical.dose_machine` walks.

    What the protocol has no rule for never happens in the policy. Its ``flag_after_days`` is out of reach: the
    protocol has no such number.

    Raises
    ------
    ProtocolError
        If the machine cannot say what a rule of the drug says.
    """
    reduce_to, grades = _reduction(name, drug)
    levels = tuple(PolicyLevel(level.id, level.dose_mg, level.times_per_day) for level in drug.levels)
    try:
        return DosePolicy(
            levels=levels,
            start=drug.start,
            reduce_to=reduce_to,
            reduce_at=grades,
            restore_at_or_below=_restored_at(name, drug, reduce_to),
            stop_at_ecog=_stop_at_ecog(name, drug),
            flag_after_days=UNBOUNDED,
        )
    except DataError as error:
        raise ProtocolError(f"drug.{name}.levels: {error}") from error


def machine_rules(drug: Drug) -> dict[RuleId, str]:
    """Return, for a rule of the dose machine, the id that the protocol gives it."""
    kinds: dict[tuple[str, bool], RuleId] = {
        ("adverse_event", False): "DOSE-REDUCE",
        ("adverse_event", True): "STOP-AE",
        ("all_adverse_events", False): "DOSE-RETURN",
        ("interruption", False): "DOSE-PAUSE",
        ("ecog", True): "STOP-ECOG",
        ("consent_withdrawn", True): "STOP-CONSENT",
        ("progression", False): "PD-CONTINUE",
        ("progression", True): "PD-CONTINUE",
        ("procedure", False): "LOCAL-NO-PAUSE",
    }
    found: dict[RuleId, str] = {"DOSE-START": "DOSE-START"}
    for rule in drug.rule:
        kind = kinds.get((rule.on.event, rule.go == STOP))
        if kind is not None:
            found.setdefault(kind, rule.id)
    return found


def _rules_on(drug: Drug, event: str) -> list[DrugRule]:
    return [rule for rule in drug.rule if rule.on.event == event]


def _refuse(name: str, rule: DrugRule, sentence: str) -> ProtocolError:
    return ProtocolError(f"drug.{name}.rule.{rule.id}: {sentence}")


def _reduction(name: str, drug: Drug) -> tuple[str, frozenset[int]]:
    """Return the level that adverse events reduce the dose to, and their grades."""
    found = [rule for rule in _rules_on(drug, "adverse_event") if rule.go != STOP]
    for rule in found:
        if rule.on.action is not None or rule.go in {drug.start, SAME, None}:
            raise _refuse(name, rule, "grades, and a level below the start to go to, were expected")
        if rule.go != found[0].go:
            raise _refuse(name, rule, f"the same level as that of {found[0].id} was expected ({found[0].go})")
    if found:
        return found[0].go or "", frozenset(grade for rule in found for grade in rule.on.grade)
    others = [level.id for level in drug.levels if level.id != drug.start]
    if not others:
        raise ProtocolError(f"drug.{name}.levels: there is one dose level; a lower one was expected too")
    return others[0], frozenset()


def _restored_at(name: str, drug: Drug, reduce_to: str) -> int:
    """Return the worst grade at which the dose returns; -1 where it never does."""
    worst = -1
    for rule in _rules_on(drug, "all_adverse_events"):
        allowed = set(rule.on.grade) | {0}
        if allowed != set(range(max(allowed) + 1)) or max(allowed) == 5:
            raise _refuse(name, rule, "all grades from 0 to one below 5 were expected")
        if rule.go != drug.start or rule.on.state not in {None, reduce_to} or rule.on.tolerated is False:
            raise _refuse(name, rule, f"the way from {reduce_to} back to {drug.start} was expected")
        worst = max(worst, *allowed)
    return worst


def _stop_at_ecog(name: str, drug: Drug) -> int:
    """Return the ECOG status from which the drug ends; 6, which nobody has, where it never does."""
    bounds = [6]
    for rule in _rules_on(drug, "ecog"):
        if rule.go != STOP or rule.on.op not in {">", ">="} or rule.on.value is None:
            raise _refuse(name, rule, "a status from which the drug ends was expected (>= or >, go = STOP)")
        bounds.append(rule.on.value + (rule.on.op == ">"))
    return min(bounds)
