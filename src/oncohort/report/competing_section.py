"""Competing events in the report: cumulative incidence in sentences, tables and figures."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from string import ascii_uppercase
from typing import Final

from oncohort.report.document import Cell, Heading, Paragraph, Row, TableBlock
from oncohort.report.drawings import figures_of
from oncohort.report.facts import Part, StudyFacts
from oncohort.report.figures.kaplan_meier import plot_kaplan_meier
from oncohort.report.figures.panel import CurveData, KaplanMeierPanel
from oncohort.report.names import (
    METHOD_WORDS,
    endpoint_label,
    factor_label,
    interval_name,
    listed,
    p_phrase,
)
from oncohort.report.sketch import Sketch
from oncohort.report.tables import P_HEAD, cell, estimate_with_limits
from oncohort.study.protocol import Curve, Endpoint, Figure, Protocol, has_competing
from oncohort.study.results import CurveRow, Results
from oncohort.study.text import format_plain
from oncohort.study.words import plural

KINDS: Final = ("event", "competing")
COMPETING: Final = "Competing events"


def tell_competing(facts: StudyFacts) -> Iterator[Part]:
    """Yield the section on cumulative incidence; nothing where no endpoint has competing events."""
    protocol, results = facts.protocol, facts.results
    endpoints = [endpoint for endpoint in protocol.endpoint if has_competing(endpoint)]
    if not endpoints:
        return
    yield Heading(1, COMPETING)
    for endpoint in endpoints:
        yield Paragraph(phrase_incidence(protocol, results, endpoint))
        yield tabulate_incidence(results, protocol, endpoint)
    for figure in figures_of(protocol):
        drawing = draw_incidence(results, protocol, figure) if figure.incidence else None
        if drawing is not None:
            yield drawing


def phrase_incidence(protocol: Protocol, results: Results, endpoint: Endpoint) -> str:
    """Return how many had the event and a competing one, and the incidence of both at the last of the chosen times."""
    keys = {"endpoint": endpoint.id}
    n, name = results.text("incidence", "n", **keys), endpoint_label(protocol, endpoint.id)
    events, others = (
        f"{results.text('incidence', 'n_event', level=kind, **keys)} "
        f"({results.text('incidence', 'percent', level=kind, **keys)}%)"
        for kind in KINDS
    )
    told = [f"Of {plural(n, 'patient')}, {events} had the event of {name} and {others} a competing one."]
    for time in _times(protocol)[-1:]:
        both = [estimate_with_limits(results, "incidence", "incidence", level=k, time=time, **keys) for k in KINDS]
        if both[0] not in {"–", "– (–)"}:
            own, other = (_percent(protocol, text) for text in both)
            told.append(
                f"The cumulative incidence at {time} {_unit(results, endpoint)} was {own}, of competing events {other}."
            )
    told.append(
        "In Kaplan–Meier estimates, log-rank tests and Cox models a competing event counts as censored: one minus the "
        "Kaplan–Meier estimate overstates how many patients will have the event."
    )
    return " ".join(told)


def _percent(protocol: Protocol, text: str) -> str:
    """Return "19.0% (95% CI 15.1–23.9)" of "19.0 (15.1–23.9)"."""
    estimate, _, limits = text.partition(" (")
    return f"{estimate}% ({interval_name(protocol)} {limits}" if limits else f"{estimate}%"


def tabulate_incidence(results: Results, protocol: Protocol, endpoint: Endpoint) -> TableBlock:
    """Return incidence of the event and of competing ones, of all patients and by factors, with Gray's test."""
    times, unit = _times(protocol), _unit(results, endpoint)
    factors = dict.fromkeys(row.variable for row in results.select("incidence", endpoint=endpoint.id) if row.variable)
    head = [Cell("Patients"), cell("n"), cell("Events, n (%)")]
    head += [cell(f"At {time} {unit}, % ({interval_name(protocol)})") for time in times]
    head += [cell(P_HEAD)] if factors else []
    body: list[Row] = []
    for kind, label in zip(KINDS, (endpoint.label or endpoint.id, COMPETING), strict=True):
        keys = {"endpoint": endpoint.id, "level": kind}
        end = [cell("")] if factors else []
        body.append(Row((Cell(label),), kind="group"))
        body.append(Row((Cell("All patients", indent=1), *_incidence(results, keys, times), *end)))
        for name in factors:
            blank = [cell("") for _ in range(2 + len(times))]
            p_value = cell(results.text("incidence", "p_value", variable=name, **keys))
            body.append(Row((Cell(factor_label(protocol.find_factor(name)), indent=1), *blank, p_value)))
            for level in results.levels_of(name):
                at = {**keys, "variable": name, "group": f"{name}={level.level}"}
                body.append(Row((Cell(level.label, indent=2), *_incidence(results, at, times), *end)))
    return TableBlock(
        0,
        f"Cumulative incidence, {endpoint_label(protocol, endpoint.id)}",
        (tuple(head),),
        tuple(body),
        notes=(_note(protocol, tested=bool(factors)),),
    )


def _incidence(results: Results, keys: dict[str, str], times: tuple[str, ...]) -> Iterator[Cell]:
    yield cell(results.text("incidence", "n", **keys))
    yield cell(f"{results.text('incidence', 'n_event', **keys)} ({results.text('incidence', 'percent', **keys)})")
    for time in times:
        text = estimate_with_limits(results, "incidence", "incidence", time=time, **keys)
        yield cell(text.replace(" (– to –)", ""))


def _note(protocol: Protocol, *, tested: bool) -> str:
    test = " Gray’s test over the levels of each factor; who lacks a level is left out of it." if tested else ""
    return f"Aalen–Johansen estimates with {_variance_and_limits(protocol)}.{test} CI, confidence interval."


def _variance_and_limits(protocol: Protocol) -> str:
    force = {key: str(item.value) for key, item in protocol.settings().items()}
    variance = {"delta": "the variance of the delta method", "aalen": "Aalen’s variance"}
    limits = METHOD_WORDS[force["survival.incidence_conf"]]
    return f"{variance[force['survival.incidence_variance']]} and {limits} limits"


def phrase_competing_methods(protocol: Protocol, results: Results) -> str:
    """Return what the methods say of competing events; nothing where there are none."""
    named = [endpoint_label(protocol, endpoint.id) for endpoint in protocol.endpoint if has_competing(endpoint)]
    if not named:
        return ""
    tested = any(row.statistic == "p_value" for row in results.select("incidence"))
    test = ", and compared between levels of a factor by Gray’s test" if tested else ""
    return (
        f"Cumulative incidence of {listed(named)} and of competing events was estimated by the method of Aalen and "
        f"Johansen, with {_variance_and_limits(protocol)}{test}. In all other analyses a competing event counts as "
        "censored, so hazard ratios of Cox models are cause-specific."
    )


def draw_incidence(results: Results, protocol: Protocol, figure: Figure) -> Sketch | None:
    """Draw the panels of one figure of cumulative incidence; None where nobody had an event.

    A panel of all patients has a curve for the event and one for competing events; by a factor, the curves of the
    event in each level.
    """
    drawn = [(panel, tuple(_curves(results, protocol, panel))) for panel in figure.incidence]
    panels = [_panel(results, protocol, panel, curves) for panel, curves in drawn if curves]
    if not panels:
        return None
    width, columns = (120, 1) if len(panels) == 1 else (170, 2)
    plot = partial(plot_kaplan_meier, panels, width_mm=width, columns=columns, min_cell=protocol.privacy.min_cell)
    titles = [_title(protocol, panel) for panel, curves in drawn if curves]
    if len(titles) > 1:
        titles = [f"({ascii_uppercase[k % 26]}) {title}" for k, title in enumerate(titles)]
    own = figure.caption if len(panels) == len(drawn) else ""
    caption = own or f"Cumulative incidence of {'; '.join(titles)}"
    banded = all(len(panel.curves) <= 3 for panel in panels)
    level = interval_name(protocol).removesuffix(" CI")
    bands = f"; shaded bands are pointwise {level} confidence intervals" if banded else ""
    told = " ".join(_in_words(panel) for panel in panels)
    return Sketch(plot, f"{caption}. Ticks mark censored patients{bands}.", told)


def _panel(results: Results, protocol: Protocol, panel: Curve, curves: tuple[CurveData, ...]) -> KaplanMeierPanel:
    endpoint = protocol.find_endpoint(panel.endpoint)
    unit, times = _unit(results, endpoint), _times(protocol)
    since = f" since {endpoint.measured_from}" if endpoint.measured_from else ""
    p_value = results.text("incidence", "p_value", endpoint=panel.endpoint, variable=panel.by or "", level="event")
    return KaplanMeierPanel(
        curves=curves,
        time_label=f"{unit.capitalize()}{since}",
        survival_label=f"Cumulative incidence: {endpoint.label or endpoint.id}" if panel.by else "Cumulative incidence",
        time_unit=unit,
        title=factor_label(protocol.find_factor(panel.by)) if panel.by else "",
        annotations=(f"Gray {p_phrase(p_value)}",) if panel.by and p_value != "–" else (),
        legend_head=f"At {times[-1]} {unit}, % ({interval_name(protocol)})" if times else "",
        shared_risk=panel.by is None,
    )


def _curves(results: Results, protocol: Protocol, panel: Curve) -> Iterator[CurveData]:
    endpoint = protocol.find_endpoint(panel.endpoint)
    named = [(endpoint.label or endpoint.id, "event", ""), (COMPETING, "competing", "")]
    if panel.by is not None:
        named = [(level.label, "event", f"{panel.by}={level.level}") for level in results.levels_of(panel.by)]
    for label, kind, group in named:
        rows = [
            CurveRow(
                r.endpoint, group, r.variable, r.level, r.time, r.n_risk, r.n_event, r.n_censor,
                r.incidence, r.conf_low, r.conf_high,
            )
            for r in results.incidence_curve(panel.endpoint, kind, group)
        ]  # fmt: skip
        keys = {"endpoint": panel.endpoint, "level": kind, "group": group, "variable": panel.by or ""}
        texts = [
            estimate_with_limits(results, "incidence", "incidence", time=time, **keys) for time in _times(protocol)
        ]
        if rows:
            yield CurveData(label, rows, texts[-1].replace(" (– to –)", "") if texts else "", start=0.0)


def _title(protocol: Protocol, panel: Curve) -> str:
    name = endpoint_label(protocol, panel.endpoint)
    return f"{name} by {factor_label(protocol.find_factor(panel.by))}" if panel.by else f"{name} and competing events"


def _in_words(panel: KaplanMeierPanel) -> str:
    told = "; ".join(
        f"{curve.label}: {curve.median_text}" if curve.median_text else curve.label for curve in panel.curves
    )
    head = f"{panel.legend_head}: " if panel.legend_head else ""
    by = f" by {panel.title}" if panel.title else ""
    return f"{panel.survival_label}{by}. {head}{told}. {' '.join(panel.annotations)}".strip()


def _times(protocol: Protocol) -> tuple[str, ...]:
    return tuple(format_plain(time) for time in protocol.survival.times)


def _unit(results: Results, endpoint: Endpoint) -> str:
    row = results.get("survival", "median", endpoint=endpoint.id)
    return row.unit if row else ""
