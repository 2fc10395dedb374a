"""Restricted mean survival in the report: a sentence, a table, and what the methods say of it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from oncohort.report.document import Cell, Paragraph, Row, TableBlock
from oncohort.report.facts import Part, StudyFacts
from oncohort.report.names import endpoint_label, factor_label, interval_name, listed, with_italic_p
from oncohort.report.tables import P_HEAD, cell, estimate_with_limits
from oncohort.study.protocol import Endpoint, Protocol, has_competing
from oncohort.study.results import LevelRow, Results
from oncohort.study.text import format_interval, format_plain


def tell_restricted_means(facts: StudyFacts) -> Iterator[Part]:
    """Yield a paragraph and a table; nothing where the study asks for no restricted means."""
    if not facts.protocol.survival.rmst_at:
        return
    yield Paragraph(phrase_restricted_means(facts.protocol, facts.results))
    yield tabulate_restricted_means(facts.results, facts.protocol)


def phrase_restricted_means(protocol: Protocol, results: Results) -> str:
    """Return the mean of each endpoint up to each time, of all patients."""
    told: list[str] = []
    for endpoint in protocol.endpoint:
        for time in _times(protocol):
            keys = {"endpoint": endpoint.id, "time": time}
            name, unit = endpoint_label(protocol, endpoint.id), _unit(results, endpoint)
            mean = results.text("rmst", "rmst", **keys)
            if mean == "–":
                told.append(f"Restricted mean {name} up to {time} {unit} is {results.text('rmst', 'method', **keys)}.")
                continue
            limits = format_interval(*(results.text("rmst", side, **keys) for side in ("conf_low", "conf_high")))
            told.append(
                f"Restricted mean {name} up to {time} {unit} was {mean} {unit} ({interval_name(protocol)} {limits})."
            )
    return " ".join(told)


def tabulate_restricted_means(results: Results, protocol: Protocol) -> TableBlock:
    """Return the means of all patients and of each level, and the difference of each pair of levels with its P."""
    times = _times(protocol)
    unit = _unit(results, protocol.endpoint[0])
    head = [Cell("Patients"), cell("n")]
    for time in times:
        head += [cell(f"Mean up to {time} {unit} ({interval_name(protocol)})"), cell(P_HEAD)]
    body: list[Row] = []
    for endpoint in protocol.endpoint:
        body.append(Row((Cell(f"{endpoint.label or endpoint.id}, {_unit(results, endpoint)}"),), kind="group"))
        body.append(Row((Cell("All patients", indent=1), *_mean(results, endpoint, times, "", ""))))
        for name in _factors(results, endpoint):
            body += _by_factor(results, protocol, endpoint, times, name)
    note = (
        "Mean: area under the Kaplan–Meier curve up to the time. Differences: mean of the first less that of the "
        "second; P values are not adjusted for the number of pairs. –, a group was not followed so long. "
        "CI, confidence interval."
    )
    competing = " Competing events count as censored." if any(map(has_competing, protocol.endpoint)) else ""
    return TableBlock(
        0, "Restricted mean survival", (tuple(head),), tuple(body), notes=(with_italic_p(note + competing),)
    )


def _by_factor(
    results: Results, protocol: Protocol, endpoint: Endpoint, times: tuple[str, ...], name: str
) -> Iterator[Row]:
    yield Row((Cell(factor_label(protocol.find_factor(name)), indent=1),))
    levels = [level for level in results.levels_of(name) if _has_patients(results, endpoint, times, name, level)]
    for level in levels:
        yield Row((Cell(level.label, indent=2), *_mean(results, endpoint, times, name, level.level)))
    for a, b in combinations(levels, 2):
        cells = _difference(results, endpoint, times, name, f"{name}={a.level}|{b.level}")
        yield Row((Cell(f"{b.label} less {a.label}", indent=2), cell(""), *cells))


def _has_patients(results: Results, endpoint: Endpoint, times: tuple[str, ...], name: str, level: LevelRow) -> bool:
    at = {"endpoint": endpoint.id, "variable": name, "level": level.level}
    return any(results.select("rmst", time=time, **at) for time in times)


def _mean(results: Results, endpoint: Endpoint, times: tuple[str, ...], name: str, level: str) -> list[Cell]:
    keys = {"endpoint": endpoint.id, "variable": name, "level": level}
    counts = [results.text("rmst", "n", time=time, **keys) for time in times]
    cells = [cell(next((n for n in counts if n != "–"), "–"))]
    for time in times:
        cells += [cell(estimate_with_limits(results, "rmst", "rmst", time=time, **keys)), cell("")]
    return cells


def _difference(results: Results, endpoint: Endpoint, times: tuple[str, ...], name: str, group: str) -> Iterator[Cell]:
    for time in times:
        keys = {"endpoint": endpoint.id, "variable": name, "group": group, "level": "difference", "time": time}
        yield cell(estimate_with_limits(results, "rmst", "estimate", **keys))
        yield cell(results.text("rmst", "p_value", **keys))


def phrase_restricted_methods(protocol: Protocol, results: Results) -> str:
    """Return what the methods say of restricted means; nothing where there are none."""
    if not protocol.survival.rmst_at:
        return ""
    until = f"{listed(_times(protocol))} {_unit(results, protocol.endpoint[0])}"
    compared = any(_factors(results, endpoint) for endpoint in protocol.endpoint)
    differ = ", and compared between levels of a factor by their difference" if compared else ""
    return f"Restricted mean survival was computed up to {until} as the area under the Kaplan–Meier curve{differ}."


def _times(protocol: Protocol) -> tuple[str, ...]:
    return tuple(format_plain(time) for time in protocol.survival.rmst_at)


def _factors(results: Results, endpoint: Endpoint) -> tuple[str, ...]:
    rows = results.select("rmst", endpoint=endpoint.id)
    return tuple(dict.fromkeys(row.variable for row in rows if row.variable))


def _unit(results: Results, endpoint: Endpoint) -> str:
    row = results.get("survival", "median", endpoint=endpoint.id)
    return row.unit if row else ""
