"""Factors that enter a model as a spline, in the report: a table, a figure each, and what the methods say of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

import numpy as np

from oncohort.report.document import Cell, Row, Run, TableBlock
from oncohort.report.facts import Part, StudyFacts
from oncohort.report.figures.hazard_curve import HazardCurve, plot_hazard_curve
from oncohort.report.model_tables import splines_in
from oncohort.report.names import factor_label, interval_name, listed, model_title, p_phrase
from oncohort.report.sketch import Sketch
from oncohort.report.tables import P_HEAD, cell, estimate_with_limits
from oncohort.study.protocol import Model, Protocol
from oncohort.study.results import Results

PERCENTILES: Final = {
    "p5": "5th percentile",
    "p25": "25th percentile",
    "p50": "median",
    "p75": "75th percentile",
    "p95": "95th percentile",
}
_REFERENCE: Final = "reference"


def tell_splines(facts: StudyFacts, model: Model) -> Iterator[Part]:
    """Yield the table and the figures of the splines of a final model; nothing where it has none."""
    results, protocol = facts.results, facts.protocol
    names = splines_in(results, model)
    if not names:
        return
    yield tabulate_splines(results, protocol, model, names)
    for name in names:
        rug = facts.cohort.factors[name].numbers if protocol.privacy.min_cell < 2 else None
        values: list[float] = [] if rug is None else rug[~np.isnan(rug)].tolist()
        drawing = draw_spline(results, protocol, model, name, values)
        if drawing is not None:
            yield drawing


def tabulate_splines(results: Results, protocol: Protocol, model: Model, names: Sequence[str]) -> TableBlock:
    """Return the hazard ratio at the percentiles of each spline, with its tests."""
    head = (
        Cell("Factor and value"),
        cell(f"Hazard ratio ({interval_name(protocol)})"),
        cell(P_HEAD),
        cell((*P_HEAD, Run(" for nonlinearity"))),
    )
    body = [row for name in names for row in _rows(results, protocol, model, name)]
    note = (
        "Adjusted for the other factors of the final model. Wald tests of all columns of a spline, and of those that "
        "bend it. CI, confidence interval."
    )
    caption = f"Hazard ratios over {listed([_label(protocol, name) for name in names])}, {model_title(protocol, model)}"
    return TableBlock(0, caption, (head,), tuple(body), notes=(note,))


def _rows(results: Results, protocol: Protocol, model: Model, name: str) -> Iterator[Row]:
    keys = _keys(model, name)
    coding = results.text("multivariable_cox", "method", **keys)
    p_values = _p_values(results, model, name)
    head = f"{factor_label(protocol.find_factor(name))}, {coding} at {knots_in_words(results, model, name)}"
    yield Row((Cell(head), cell(""), *(cell(text) for text in p_values)), kind="group")
    for level, words in read_at(results, model, name):
        ratio = estimate_with_limits(results, "spline", "estimate", level=level, **keys)
        is_reference = words.endswith(f"{_REFERENCE})")
        yield Row((Cell(words, indent=1), cell("1" if is_reference else ratio), cell(""), cell("")))


def read_at(results: Results, model: Model, name: str) -> list[tuple[str, str]]:
    """Return the levels at which a spline is read, in ascending order, each as "63 (median, reference)"."""
    keys = _keys(model, name)
    there = [row for row in results.select("spline", **keys) if row.level in PERCENTILES and row.statistic == "at"]
    [own] = results.select("spline", **keys, level=_REFERENCE)
    told = [
        (row.value or 0.0, row.level, f"{PERCENTILES[row.level]}{f', {_REFERENCE}' if row.value == own.value else ''}")
        for row in there
    ]
    if all(row.value != own.value for row in there):
        told.append((own.value or 0.0, _REFERENCE, _REFERENCE))
    return [
        (level, f"{results.text('spline', 'at', level=level, **keys)} ({words})") for _, level, words in sorted(told)
    ]


def knots_in_words(results: Results, model: Model, name: str) -> str:
    """Return "45.4, 59, 67 and 75"."""
    rows = results.select("spline", model=model.id, variable=name)
    return listed([row.text for row in rows if row.level.startswith("knot")])


def draw_spline(
    results: Results, protocol: Protocol, model: Model, name: str, patients: Sequence[float]
) -> Sketch | None:
    """Draw the hazard ratio over the values of one factor; ``patients`` are the values of the rug."""
    points = results.spline(model.id, name)
    if len(points) < 2:
        return None
    keys = _keys(model, name)
    [reference] = results.select("spline", **keys, level=_REFERENCE)
    overall, bent = (p_phrase(text) for text in _p_values(results, model, name))
    label, interval = factor_label(protocol.find_factor(name)), interval_name(protocol)
    plot = partial(
        plot_hazard_curve,
        HazardCurve(
            points=points,
            reference=reference.value or 0.0,
            value_label=label,
            ratio_label=f"Hazard ratio ({interval})",
            notes=(f"{overall}; nonlinearity {bent}",),
            rug=patients,
            logarithmic="logarithm" in results.text("multivariable_cox", "method", **keys),
        ),
    )
    caption = (
        f"Hazard ratio over {_label(protocol, name)} in the multivariable model for {model_title(protocol, model)}, "
        f"against {_with_unit(protocol, name, reference.text)} (square). The shaded band is its pointwise "
        f"{interval.removesuffix(' CI')} confidence interval{'; ticks are patients' if patients else ''}"
    )
    told = [
        f"{words}: {estimate_with_limits(results, 'spline', 'estimate', level=level, **keys)}"
        for level, words in read_at(results, model, name)
        if not words.endswith(f"{_REFERENCE})")
    ]
    return Sketch(plot, caption, f"{'; '.join(told)}. {overall}; nonlinearity {bent}.")


def phrase_spline(protocol: Protocol, results: Results, model: Model, name: str) -> str:
    """Return what a sentence says of a factor that is a spline: its tests, and its ratio at the quartiles."""
    keys = _keys(model, name)
    overall, bent = (p_phrase(text) for text in _p_values(results, model, name))
    told = f"as a spline, {overall}, nonlinearity {bent}"
    reference = results.text("spline", "at", level=_REFERENCE, **keys)
    ratios: list[str] = []
    for level in ("p25", "p75"):
        ratio = estimate_with_limits(results, "spline", "estimate", level=level, **keys)
        at = results.text("spline", "at", level=level, **keys)
        if at != reference and " (" in ratio:
            estimate, limits = ratio.split(" (", 1)
            ratios.append(f"at {at} {estimate}, {interval_name(protocol)} {limits[:-1]}")
    if not ratios:
        return told
    return f"{told}; hazard ratio against {_with_unit(protocol, name, reference)}: {'; '.join(ratios)}"


def phrase_spline_methods(protocol: Protocol, results: Results) -> str:
    """Return what the methods say of splines; nothing where no model has one."""
    told: dict[str, None] = {}
    for model in protocol.model:
        for name in splines_in(results, model):
            knots = knots_in_words(results, model, name)
            against = _with_unit(protocol, name, results.text("spline", "at", level=_REFERENCE, **_keys(model, name)))
            told[f"{_label(protocol, name)} with knots at {knots}, against {against}"] = None
    if not told:
        return ""
    return (
        "Restricted cubic splines have their knots at the quantiles that Harrell recommends, in all patients whose "
        f"value is known: {listed(list(told), separator=';')}."
    )


def _keys(model: Model, name: str) -> dict[str, str]:
    return {"model": model.id, "endpoint": model.endpoint, "variable": name}


def _p_values(results: Results, model: Model, name: str) -> list[str]:
    """Return the P values of all columns of a spline, and of those that bend it."""
    levels = ("(block)", "(nonlinear)")
    return [results.text("multivariable_cox", "p_value", level=level, **_keys(model, name)) for level in levels]


def _label(protocol: Protocol, name: str) -> str:
    factor = protocol.find_factor(name)
    label = factor.label or factor.id
    return label if label[:2].isupper() else f"{label[:1].lower()}{label[1:]}"


def _with_unit(protocol: Protocol, name: str, text: str) -> str:
    unit = protocol.find_factor(name).unit
    return f"{text} {unit}".rstrip()
