"""The tables of groups side by side: comparisons, their adverse events, beyond progression, and landmarks."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Final

from oncohort.report.document import Cell, Row, Run, TableBlock, Text
from oncohort.report.lettered_tests import letter_notes, letter_tests, lettered_p
from oncohort.report.names import endpoint_label, factor_label, interval_name, with_italic_p
from oncohort.report.rank_names import capital, rank_test_name
from oncohort.report.response_tables import (
    count_and_percent,
    inside_sentence,
    limits_of_rate,
    median_and_limits,
    outcome_label,
)
from oncohort.report.tables import P_HEAD, cell, estimate_with_limits, explain_abbreviations
from oncohort.study.protocol import Comparison, Landmark, Protocol
from oncohort.study.results import LevelRow, Results
from oncohort.study.rules_in_force import grace_days

ADVERSE: Final = "adverse_events"
EVENT_LEVELS: Final = "adverse_event"
COUNTED: Final = ("clinical_benefit", "objective_response")


BY_IN_WORDS: Final = {"continued_past_progression": "continuation past progression"}
"""Derived columns that a comparison may be by without a factor, as a reader sees them."""


def compared_label(protocol: Protocol, name: str) -> str:
    """Return what a factor or a comparison is called: its label, or that of the factor it is by."""
    comparison = protocol.find_comparison(name)
    if comparison is not None and comparison.label:
        return comparison.label
    by = name if comparison is None else comparison.by
    factor = next((factor for factor in protocol.factor if factor.id == by), None)
    return factor_label(factor) if factor else BY_IN_WORDS.get(by, by.replace("_", " "))


def row_name(protocol: Protocol, name: str) -> str:
    """Return what rows call the groups of a factor or a comparison: ``arm`` in ``arm=tace``."""
    comparison = protocol.find_comparison(name)
    return name if comparison is None else comparison.by


def key_of_all(protocol: Protocol, results: Results, name: str) -> str:
    """Return the key of what is said of all groups of a factor or a comparison together."""
    return f"{row_name(protocol, name)}=" + "|".join(level.level for level in results.levels_of(name))


def groups_compared(results: Results, comparison: Comparison) -> dict[str, str]:
    """Return the key and label of each group of a comparison, the label as the head of a column has it."""
    levels = results.levels_of(comparison.id)
    return {f"{comparison.by}={level.level}": f"{level.label[:1].upper()}{level.label[1:]}" for level in levels}


def title_of(results: Results, protocol: Protocol, comparison: Comparison) -> str:
    """Return what a comparison is by; where it has no label of its own, with its groups."""
    by = inside_sentence(compared_label(protocol, comparison.id))
    groups = [inside_sentence(label) for label in groups_compared(results, comparison).values()]
    return by if comparison.label else f"{by}: {' vs '.join(groups)}"


def told_beyond(results: Results, landmark: Landmark) -> bool:
    """Return whether every day of a landmark stands among the analyses beyond progression."""
    found = results.select("beyond_progression", model=landmark.of, endpoint=landmark.endpoint, variable="landmark")
    days = {row.time for row in found if row.time}
    return landmark.origin == "progression" and days.issuperset(map(str, landmark.days))


def outcomes_compared(results: Results, comparison: Comparison) -> list[str]:
    """Return the outcomes that stand side by side: not adverse events, and not what is told beyond progression."""
    beyond = {row.endpoint for row in results.select("beyond_progression", model=comparison.id)}
    return [outcome for outcome in comparison.outcomes if outcome != ADVERSE and outcome not in beyond]


def tabulate_comparison(results: Results, protocol: Protocol, comparison: Comparison) -> TableBlock | None:
    """Return the groups of a comparison side by side, response and survival with their tests; None without either."""
    outcomes = outcomes_compared(results, comparison)
    rows = results.select("comparison", model=comparison.id)
    if not outcomes or not rows:
        return None
    groups = groups_compared(results, comparison)
    letters = letter_tests(row for row in rows if row.variable in {"", *COUNTED})
    body: list[Row] = []
    for outcome in outcomes:
        make = _counted_rows if outcome in COUNTED else _survival_rows
        body += make(results, protocol, comparison, outcome, letters)
    sizes = [results.text("comparison", "n_total", model=comparison.id, group=group) for group in groups]
    head = [Cell("Outcome"), *(cell(f"{label} (n = {n})") for label, n in zip(groups.values(), sizes, strict=True))]
    outside = results.text(
        "comparison", "n_missing", model=comparison.id, group=key_of_all(protocol, results, comparison.id)
    )
    note = f"CI, confidence interval.{explain_abbreviations(body)}"
    note += f" Patients in none of the groups: {outside}." if outside not in {"0", "–"} else ""
    return TableBlock(
        number=0,
        caption=f"Outcomes by {title_of(results, protocol, comparison)}",
        head=((*head, cell(P_HEAD)),),
        body=tuple(body),
        notes=(*letter_notes(letters), note),
    )


def _counted_rows(
    results: Results, protocol: Protocol, comparison: Comparison, outcome: str, letters: dict[str, str]
) -> Iterator[Row]:
    keys = {"model": comparison.id, "variable": outcome}
    groups = groups_compared(results, comparison)
    counts = [cell(count_and_percent(results, "comparison", group=group, **keys)) for group in groups]
    limits = [cell(limits_of_rate(results, "comparison", group=group, **keys)) for group in groups]
    test = {**keys, "group": key_of_all(protocol, results, comparison.id)}
    p_value = cell(lettered_p(results, letters, "comparison", **test))
    yield Row((Cell(f"{outcome_label(protocol, outcome)}, n (%)"), *counts, p_value), kind="group")
    yield Row((Cell(interval_name(protocol), indent=1), *limits))


def _survival_rows(
    results: Results, protocol: Protocol, comparison: Comparison, outcome: str, letters: dict[str, str]
) -> Iterator[Row]:
    keys = {"model": comparison.id, "endpoint": outcome}
    groups = groups_compared(results, comparison)
    endpoint = protocol.find_endpoint(outcome)
    test = {**keys, "group": key_of_all(protocol, results, comparison.id)}
    p_value = cell(lettered_p(results, letters, "comparison", **test))
    label = f"{endpoint.label or endpoint.id}, {_unit(results, outcome)}"
    yield Row((Cell(label), *(cell("") for _ in groups), p_value), kind="group")
    events = [cell(results.text("comparison", "n_event", group=group, **keys)) for group in groups]
    yield Row((Cell("Events, n", indent=1), *events))
    medians = [cell(median_and_limits(results, "comparison", group=group, **keys)) for group in groups]
    yield Row((Cell(f"Median ({interval_name(protocol)})", indent=1), *medians))
    levels = results.levels_of(comparison.id)
    for a, b in combinations(levels, 2) if len(levels) > 2 else ():
        pair = {**keys, "group": f"{comparison.by}={a.level}|{b.level}"}
        p_value = cell(lettered_p(results, letters, "comparison", **pair))
        yield Row((Cell(f"{a.label} vs {b.label}", indent=2), *(cell("") for _ in groups), p_value))


def _unit(results: Results, endpoint: str) -> str:
    return next((row.unit for row in results.select("survival", endpoint=endpoint) if row.statistic == "median"), "")


def tabulate_compared_events(results: Results, protocol: Protocol, comparison: Comparison) -> TableBlock | None:
    """Return how many patients of each group had each adverse event; None where the comparison counts none."""
    if ADVERSE not in comparison.outcomes:
        return None
    groups = groups_compared(results, comparison)
    rows = [row for row in results.select("comparison", model=comparison.id) if row.level in {"any", "3-4"}]
    seen = {row.variable for row in rows if row.statistic == "n" and row.text != "0"}
    events = [level for level in results.levels_of(EVENT_LEVELS) if level.level in seen]
    if not events:
        return None
    letters = letter_tests(row for row in rows if row.variable in seen)
    body = [_event_row(results, protocol, comparison, event, letters) for event in events]
    sizes = [results.text("comparison", "n_total", model=comparison.id, group=group) for group in groups]
    spans = [
        Cell(f"{label} (n = {n})", align="center", colspan=2) for label, n in zip(groups.values(), sizes, strict=True)
    ]
    heads = [cell(text) for _ in groups for text in ("Any grade", "Grade 3–4")]
    tests = [cell((*P_HEAD, Run(", any"))), cell((*P_HEAD, Run(", 3–4")))]
    return TableBlock(
        number=0,
        caption=f"Adverse events by {inside_sentence(compared_label(protocol, comparison.id))}, n (%)",
        head=((Cell(""), *spans, Cell(""), Cell("")), (Cell("Adverse event"), *heads, *tests)),
        body=tuple(body),
        notes=(*letter_notes(letters), "Each patient is counted once for an event, with its worst grade."),
    )


def _event_row(
    results: Results, protocol: Protocol, comparison: Comparison, event: LevelRow, letters: dict[str, str]
) -> Row:
    keys = {"model": comparison.id, "variable": event.level}
    cells = [
        cell(count_and_percent(results, "comparison", group=group, level=level, **keys))
        for group in groups_compared(results, comparison)
        for level in ("any", "3-4")
    ]
    test = {**keys, "group": key_of_all(protocol, results, comparison.id)}
    cells += [cell(lettered_p(results, letters, "comparison", level=level, **test)) for level in ("any", "3-4")]
    return Row((Cell(event.label), *cells))


def tabulate_beyond_progression(results: Results, protocol: Protocol, comparison: Comparison) -> TableBlock | None:
    """Return survival by whether the drug was continued, one analysis a row, biased and not; None where none is."""
    analyses = [row for row in results.select("beyond_progression", model=comparison.id) if row.statistic == "method"]
    analyses = [row for row in analyses if not row.group]
    if not analyses:
        return None
    spans = [Cell(label, align="center", colspan=2) for label in groups_compared(results, comparison).values()]
    heads = [cell(text) for _ in spans for text in ("n (events)", f"Median ({interval_name(protocol)})")]
    body: list[Row] = []
    notes: list[Text] = []
    for endpoint in dict.fromkeys(row.endpoint for row in analyses):
        own = [row for row in analyses if row.endpoint == endpoint]
        title = f"{protocol.find_endpoint(endpoint).label or endpoint}, {_unit(results, endpoint)}"
        body.append(Row((Cell(title),), kind="group"))
        for row in own:
            keys = {"model": comparison.id, "endpoint": endpoint, "variable": row.variable, "time": row.time}
            body.append(_analysis_row(results, protocol, comparison, keys))
        notes += [f"{analysis_name(protocol, row.variable, '')}: {row.text}." for row in own]
    rest = (Cell("Left out, events/censored"), cell(f"Hazard ratio ({interval_name(protocol)})"), cell(P_HEAD))
    return TableBlock(
        number=0,
        caption=f"Survival by {inside_sentence(compared_label(protocol, comparison.id))}",
        head=((Cell(""), *spans, Cell(""), Cell(""), Cell("")), (Cell("Analysis"), *heads, *rest)),
        body=tuple(body),
        notes=(
            *dict.fromkeys(notes),
            with_italic_p(
                "Hazard ratio of those who continued against the others, from Cox models; P of the "
                f"{rank_test_name(protocol)} test, of Wald’s test in the time-dependent model. CI, confidence interval."
                f"{explain_abbreviations(body)}"
            ),
        ),
    )


def analysis_name(protocol: Protocol, variable: str, time: str) -> str:
    """Return what an analysis beyond progression is called."""
    return {
        "from-first-dose": "From the first dose (biased)",
        "clock-at-progression": f"From progression + {grace_days(protocol)} days",
        "landmark": f"Landmark, progression + {time} days" if time else "Landmark",
        "time-dependent": "Time-dependent Cox model",
    }[variable]


def _analysis_row(results: Results, protocol: Protocol, comparison: Comparison, keys: dict[str, str]) -> Row:
    cells: list[Cell] = []
    for group in groups_compared(results, comparison):
        n, events = (results.text("beyond_progression", name, group=group, **keys) for name in ("n", "n_event"))
        cells.append(cell(f"{n} ({events})" if events != "–" else n))
        cells.append(cell(median_and_limits(results, "beyond_progression", group=group, **keys)))
    before = [results.text("beyond_progression", name, level="before", **keys) for name in ("n_event", "n_censor")]
    cells.append(cell("–" if "–" in before else "/".join(before)))
    test = {**keys, "group": key_of_all(protocol, results, comparison.id)}
    ratio = results.text("beyond_progression", "estimate", **test)
    shown = ratio if ratio == "masked" else estimate_with_limits(results, "beyond_progression", "estimate", **test)
    cells += [cell(shown), cell(results.text("beyond_progression", "p_value", **test))]
    return Row((Cell(analysis_name(protocol, keys["variable"], keys["time"]), indent=1), *cells))


def tabulate_landmark(results: Results, protocol: Protocol, landmark_id: str, landmark: Landmark) -> TableBlock | None:
    """Return survival from each day of a landmark on, by group.

    None where there is none, or where the table of what lies beyond progression has all its days.
    """
    rows = results.select("comparison", model=landmark_id, variable="landmark")
    days = list(dict.fromkeys(row.time for row in rows))
    if not any(row.statistic == "n_total" and row.text != "0" for row in rows) or told_beyond(results, landmark):
        return None
    body: list[Row] = []
    for day in days:
        body += _landmark_rows(results, protocol, landmark_id, landmark, day)
    how = dict.fromkeys(row.text for row in rows if row.statistic == "method" and not row.group)
    head = (
        Cell("Landmark and group"),
        cell("n"),
        cell("Events"),
        cell(f"Median from landmark ({interval_name(protocol)}), {_unit(results, landmark.endpoint)}"),
        cell(P_HEAD),
    )
    label = compared_label(protocol, landmark.of)
    note = (
        f"Patients with the event, or censored, by the landmark are left out. Groups are {'; '.join(how)}. "
        f"{capital(rank_test_name(protocol))} test. CI, confidence interval.{explain_abbreviations(body)}"
    )
    caption = f"Landmark analysis of {endpoint_label(protocol, landmark.endpoint)} by {inside_sentence(label)}"
    return TableBlock(0, caption, (head,), tuple(body), notes=(note,))


def _landmark_rows(
    results: Results, protocol: Protocol, landmark_id: str, landmark: Landmark, day: str
) -> Iterator[Row]:
    keys = {"model": landmark_id, "endpoint": landmark.endpoint, "variable": "landmark", "time": day}
    everyone = key_of_all(protocol, results, landmark.of)
    events, censored = (results.text("comparison", name, level="before", **keys) for name in ("n_event", "n_censor"))
    unknown = results.text("comparison", "n_missing", group=everyone, **keys)
    place = f"Progression + {day} days" if landmark.origin == "progression" else f"Day {day}"
    left = f"left out: {events} with event, {censored} censored"
    left += f", {unknown} in no group" if unknown != "0" else ""
    p_value = results.text("comparison", "p_value", group=everyone, **keys)
    yield Row((Cell(f"{place} ({left})"), cell(""), cell(""), cell(""), cell(p_value)), kind="group")
    for level in results.levels_of(landmark.of):
        at = {**keys, "group": f"{row_name(protocol, landmark.of)}={level.level}"}
        texts = [results.text("comparison", name, **at) for name in ("n", "n_event")]
        median = median_and_limits(results, "comparison", **at)
        yield Row((Cell(level.label, indent=1), *(cell(text) for text in (*texts, median))))
