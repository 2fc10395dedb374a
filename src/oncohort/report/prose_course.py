"""Adverse events, treatment, deaths, adherence and records in sentences; every number is looked up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from oncohort.report.course_tables import OCCASIONS, kind_label, spread_of
from oncohort.report.names import interval_name, level_label, listed
from oncohort.report.response_tables import arms_with_patients, inside_sentence, limits_of_rate
from oncohort.report.safety_tables import (
    ANY_EVENT,
    EVENTS,
    attribution_words,
    grade_head,
    population_words,
    severe_column,
)
from oncohort.study.protocol import Protocol
from oncohort.study.results import LevelRow, Results
from oncohort.study.text import format_interval
from oncohort.study.words import plural

_NAMED: Final = 5
"""How many of the most frequent a sentence names."""

_NOTHING: Final = frozenset({"0", "–"})
_UNSHOWN: Final = frozenset({"masked", "–"})


def phrase_safety(protocol: Protocol, results: Results) -> str:
    """Return who had an adverse event, the most frequent ones of any and of severe grade, groups and deaths after them.

    "" without adverse events.
    """
    if protocol.safety is None or not results.levels_of(EVENTS):
        return ""
    total, severe = results.text("safety", "n_total"), severe_column(protocol)
    counted = f"adverse events {attribution_words(protocol)}"
    grade = inside_sentence(grade_head(severe))
    who = f"{population_words(protocol)} patient"
    keys = {"variable": ANY_EVENT}
    if results.text("safety", "n", level="any", **keys) == "0":
        return f"None of {plural(total, who)} had {counted}."
    some, worse = (_share(results, "safety", level=column, **keys) for column in ("any", severe))
    told = [f"Of {plural(total, who)}, {some} had {counted}, and {worse} had one of {grade}."]
    for column, words in (("any", "adverse events"), (severe, f"events of {grade}")):
        named = _most_frequent(results, column)
        told += [f"The most frequent {words} were {listed(named)}."] if len(named) > 1 else []
    for group in protocol.safety.group:
        told.append(_group(results, group.id, severe))
    return " ".join((*told, *_outcomes(protocol, results)))


def phrase_exposure(protocol: Protocol, results: Results) -> str:
    """Return time under the drug, dose intensity, reductions, pauses, early stops and procedures; "" without them."""
    if protocol.exposure is None or not results.select("exposure"):
        return ""
    told = [
        _median(results, "Median time under the drug was", "treatment_duration", f" {protocol.exposure.duration}"),
        _median(results, "Median relative dose intensity was", "relative_dose_intensity", "%"),
        _reductions(results),
        _of_known(results, "The drug was interrupted in", "dose_interrupted"),
        _early_stops(protocol, results),
        *(_sessions(results, p.label or p.id, f"n_{p.id.lower()}") for p in protocol.procedure),
    ]
    return " ".join(filter(None, told))


def phrase_deaths(protocol: Protocol, results: Results) -> str:
    """Return how many patients died, and of what, whole and by arm; "" in a table study."""
    died = results.text("deaths", "n_event")
    if died == "–":
        return ""
    total = results.text("deaths", "n_total")
    if died == "0":
        return f"None of {plural(total, 'patient')} died by the cutoff."
    causes = [
        f"{_cause(cause)} in {_share(results, 'deaths', variable='death_cause', level=cause.level)}"
        for cause in results.levels_of("deaths.death_cause")
        if results.text("deaths", "n", variable="death_cause", level=cause.level) not in _NOTHING
    ]
    by_arm: list[str] = []
    for group, label in arms_with_patients(results, protocol, "deaths").items():
        size, dead = results.text("deaths", "n_total", group=group), _died(results, group=group)
        by_arm += [] if dead in _UNSHOWN else [f"{dead} of {size} with {inside_sentence(label)}"]
    said = f"By the cutoff, {_died(results)} of {plural(total, 'patient')} had died: {listed(causes, separator=';')}."
    return f"{said} By treatment received these were {listed(by_arm)}." if len(by_arm) > 1 else said


def phrase_adherence(protocol: Protocol, results: Results) -> str:
    """Return how often the rules of the protocol were kept, and which were broken most; "" where none was judged."""
    rules = results.levels_of("adherence.rule")
    if results.text("adherence", "percent", level="kept", population=OCCASIONS) in _UNSHOWN:
        return ""
    kept = _rate(protocol, results, "n_event", OCCASIONS)
    patients = _rate(protocol, results, "n", "all")
    broken = {
        rule.level: row.value
        for rule in rules
        if (row := results.get("adherence", "n_event", variable=rule.level, level="broken", population=OCCASIONS))
        and row.value
    }
    most = sorted(broken, key=lambda rule: -(broken[rule] or 0))[:_NAMED]
    named = [f"{rule} ({_occasions(results, rule)})" for rule in most]
    told = f" Rules broken most often were {listed(named)}." if len(named) > 1 else ""
    if len(named) == 1:
        told = f" The only rule that was broken was {named[0]}."
    return f"The rules of the protocol were kept on {kept}; {patients} kept all of theirs.{told}"


def phrase_reconciliation(protocol: Protocol, results: Results) -> str:
    """Return how many recorded values agree with the derived ones, and where they differ; "" without any."""
    del protocol
    total = results.text("reconciliation", "n_event")
    if total in _UNSHOWN:
        return ""
    agree, percent = (results.text("reconciliation", statistic, level="agrees") for statistic in ("n_event", "percent"))
    share = "" if percent in _UNSHOWN else f" ({percent}%)"
    rows = [row for row in results.select("reconciliation", level="differs") if row.statistic == "n_event"]
    differ = [
        f"{inside_sentence(kind_label(row.variable))}, {row.text}"
        for row in rows
        if row.variable and row.text not in _NOTHING | _UNSHOWN
    ]
    where = f" Those that differ are: {listed(differ, separator=';')}." if differ else ""
    return f"Of {plural(total, 'recorded value')} that can also be derived, {agree} agreed{share}.{where}"


def _share(results: Results, analysis: str, **keys: str) -> str:
    """Return "72 (65.5%)", without the percentage where it is masked."""
    n, percent = (results.text(analysis, statistic, **keys) for statistic in ("n", "percent"))
    return n if percent in _UNSHOWN else f"{n} ({percent}%)"


def _most_frequent(results: Results, column: str) -> list[str]:
    """Return the terms with the highest numbers of patients, each with its share; a masked one is not named."""
    groups = {row.level for row in results.levels_of(EVENTS) if results.levels_of(f"{EVENTS}.{row.level}")}
    found: list[tuple[float, LevelRow]] = []
    for event in results.levels_of(EVENTS):
        row = results.get("safety", "n", variable=event.level, level=column)
        if event.level not in groups | {ANY_EVENT} and row is not None and row.value:
            found.append((row.value, event))
    most = sorted(found, key=lambda pair: -pair[0])[:_NAMED]
    return [
        f"{inside_sentence(event.label)} in {_share(results, 'safety', variable=event.level, level=column)}"
        for _, event in most
    ]


def _group(results: Results, group: str, severe: str) -> str:
    keys = {"variable": group}
    label = level_label(results, EVENTS, group)
    some, worse = (_share(results, "safety", level=column, **keys) for column in ("any", severe))
    grade = inside_sentence(grade_head(severe))
    return f"{label} events, each patient counted once, occurred in {some}, of {grade} in {worse}."


def _outcomes(protocol: Protocol, results: Results) -> Iterator[str]:
    """Yield how many patients with a severe event died of a cause."""
    assert protocol.safety is not None
    for place, outcome in enumerate(protocol.safety.outcome, start=1):
        keys = {"variable": outcome.id or f"outcome_{place}"}
        n, died, percent = (results.text("safety", name, **keys) for name in ("n", "n_event", "percent"))
        if n in _NOTHING:
            continue
        grades = listed([str(grade) for grade in outcome.grade]).replace(" and ", " or ")
        share = "" if percent in _UNSHOWN else f" ({percent}%)"
        who = f"{plural(n, 'patient')} with {outcome.term.lower()} of grade {grades}"
        yield f"Of {who}, {died}{share} died of {outcome.death.lower()}."


def _median(results: Results, opening: str, variable: str, unit: str) -> str:
    """Return a median with its range; nothing where it is not known or masked."""
    middle, low, high = (results.text("exposure", name, variable=variable) for name in ("median", "min", "max"))
    return "" if middle in _UNSHOWN else f"{opening} {middle}{unit} (range {format_interval(low, high)})."


def _of_known(results: Results, opening: str, variable: str) -> str:
    """Return "… in 27 of 110 patients (24.5%)." of those of whom it is known."""
    known = results.text("exposure", "n", variable=variable)
    if known in _NOTHING:
        return ""
    n, percent = (results.text("exposure", name, variable=variable, level="Y") for name in ("n", "percent"))
    return f"{opening} {n} of {plural(known, 'patient')}{'' if percent in _UNSHOWN else f' ({percent}%)'}."


def _reductions(results: Results) -> str:
    said = _of_known(results, "The dose was reduced in", "dose_reduced")
    reduced = results.text("exposure", "n", variable="dose_restored")
    if not said or reduced in _NOTHING:
        return said
    restored = results.text("exposure", "n", variable="dose_restored", level="Y")
    days = spread_of(results, "exposure", ("median", "min", "max"), variable="days_to_return")
    after = "" if days in _UNSHOWN else f", after a median (range) of {days} days"
    return f"{said} It was restored in {restored} of these{after}."


def _early_stops(protocol: Protocol, results: Results) -> str:
    assert protocol.exposure is not None
    weeks = protocol.exposure.early_stop_weeks
    n = results.text("exposure", "n", variable="early_stop", level="Y")
    if weeks is None or n == "–":
        return ""
    reasons = [
        f"{inside_sentence(reason.label)} in {told}"
        for reason in results.levels_of("exposure.early_stop_reason")
        if (told := results.text("exposure", "n", variable="early_stop_reason", level=reason.level)) not in _NOTHING
    ]
    between = format_interval(*map(str, weeks))
    if n == "0":
        return f"No adverse event ended the drug in weeks {between}."
    said = _of_known(results, f"An adverse event ended the drug in weeks {between} in", "early_stop")
    return f"{said[:-1]}: {listed(reasons)}." if reasons else said


def _sessions(results: Results, label: str, variable: str) -> str:
    keys = {"variable": variable, "level": "any"}
    n, sessions = (results.text("exposure", name, **keys) for name in ("n", "n_event"))
    if n in _NOTHING:
        return ""
    counted = "" if sessions in _UNSHOWN else f", in {plural(sessions, 'session')}"
    return f"{label} was given to {_share(results, 'exposure', **keys)}{counted}."


def _cause(cause: LevelRow) -> str:
    return "a cause that is not known" if cause.level == "unknown" else inside_sentence(cause.label)


def _died(results: Results, **keys: str) -> str:
    n, percent = (results.text("deaths", statistic, **keys) for statistic in ("n_event", "percent"))
    return n if percent in _UNSHOWN else f"{n} ({percent}%)"


def _rate(protocol: Protocol, results: Results, counted: str, population: str) -> str:
    """Return "400 of 420 occasions (95.2%; 95% CI 92.7–97.1)" over all rules."""
    kept, assessed = (
        results.text("adherence", counted, level=level, population=population) for level in ("kept", "assessable")
    )
    said = f"{kept} of {plural(assessed, 'occasion' if population == OCCASIONS else 'patient')}"
    percent = results.text("adherence", "percent", level="kept", population=population)
    if percent in _UNSHOWN:
        return said
    limits = limits_of_rate(results, "adherence", level="kept", population=population)
    return f"{said} ({percent}%; {interval_name(protocol)} {limits})"


def _occasions(results: Results, rule: str) -> str:
    keys = {"variable": rule, "level": "broken", "population": OCCASIONS}
    occasions, patients = (results.text("adherence", statistic, **keys) for statistic in ("n_event", "n"))
    return f"{plural(occasions, 'occasion')} in {plural(patients, 'patient')}"
