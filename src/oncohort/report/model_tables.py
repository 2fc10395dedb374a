"""The tables of a Cox model: hazard ratios alone and together, the checks, and the path of the selection."""

from __future__ import annotations

from oncohort.report.document import Cell, Row, TableBlock, Text
from oncohort.report.names import (
    METHOD_WORDS,
    factor_label,
    interval_name,
    level_label,
    listed,
    model_title,
    with_italic_p,
)
from oncohort.report.tables import P_HEAD, cell, estimate_with_limits
from oncohort.study.protocol import Model, Protocol
from oncohort.study.results import Results
from oncohort.study.words import plural


def tabulate_cox(results: Results, protocol: Protocol, model: Model) -> TableBlock:
    """Return the univariable and the multivariable hazard ratios side by side, with n and events of both."""
    spans = (Cell(""), Cell("Univariable", align="center", colspan=3), Cell("Multivariable", align="center", colspan=2))
    ratio = f"Hazard ratio ({interval_name(protocol)})"
    names = ("n (events)", ratio, P_HEAD, ratio, P_HEAD)
    body: list[Row] = []
    for name in model.factors:
        body += _factor_rows(results, protocol, model, name)
    return TableBlock(
        0,
        f"Cox proportional hazards models for {model_title(protocol, model)}",
        (spans, (Cell("Factor"), *(cell(text) for text in names))),
        tuple(body),
        notes=tuple(_notes(results, protocol, model)),
    )


def _factor_rows(results: Results, protocol: Protocol, model: Model, name: str) -> list[Row]:
    keys = {"model": model.id, "endpoint": model.endpoint, "variable": name}
    label = factor_label(protocol.find_factor(name))
    coding = results.text("multivariable_cox", "method", **keys)
    counted = f"{results.text('univariable_cox', 'n', **keys)} ({results.text('univariable_cox', 'n_event', **keys)})"
    if name in model.splines:
        rows = [Row((Cell(f"{label}, {coding}"), cell(counted), *_both(results, keys, "(block)")), kind="group")]
        return [*rows, Row((Cell("Nonlinearity", indent=1), cell(""), *_both(results, keys, "(nonlinear)")))]
    levels = [r.level for r in results.select("univariable_cox", **keys) if r.statistic == "estimate"]
    if not levels:
        reason = results.text("univariable_cox", "method", **keys)
        return [Row((Cell(label), cell(counted), cell(reason, align="left", colspan=4)))]
    if len(levels) == 1:
        words = f"{level_label(results, name, levels[0])} {coding}" if levels[0] else coding
        return [Row((Cell(f"{label}, {words}"), cell(counted), *_both(results, keys, levels[0])))]
    rows = [Row((Cell(f"{label}, {coding}"), cell(counted), *_both(results, keys, "(block)")), kind="group")]
    for level in levels:
        cells = _both(results, keys, level)
        rows.append(Row((Cell(level_label(results, name, level), indent=1), cell(""), *cells)))
    return rows


def _both(results: Results, keys: dict[str, str], level: str) -> list[Cell]:
    """Return ratio and P of the univariable and of the final model; a dash where the factor was not selected."""
    cells: list[Cell] = []
    for analysis in ("univariable_cox", "multivariable_cox"):
        is_test = level in {"(block)", "(nonlinear)"}
        ratio = "" if is_test else estimate_with_limits(results, analysis, "estimate", level=level, **keys)
        cells += [cell(ratio), cell(results.text(analysis, "p_value", level=level, **keys))]
    return cells


def _notes(results: Results, protocol: Protocol, model: Model) -> list[Text]:
    keys = {"model": model.id, "endpoint": model.endpoint}
    n, total, events, lost = (
        results.text("multivariable_cox", name, **keys) for name in ("n", "n_total", "n_event", "n_missing")
    )
    guard = {**keys, "variable": "events_per_parameter"}
    per, parameters = results.text("guards", "estimate", **guard), results.text("guards", "df", **guard)
    sentences = [f"Multivariable model: {n} of {plural(total, 'patient')}, {plural(events, 'event')}."]
    if lost != "0":
        cost = _cost(results, protocol, model)
        sentences.append(f"{lost} left out for a missing factor{f' ({cost})' if cost else ''}.")
    sentences.append(f"{per} events per candidate parameter ({parameters}).")
    sentences.append(_selection_note(protocol, model))
    sentences += beside_factors(protocol, model)
    if results.get("multivariable_cox", "log_likelihood", **keys) is None:
        sentences.append(f"No final model: {results.text('multivariable_cox', 'method', **keys)}.")
        return [with_italic_p(" ".join(sentences))]
    if results.get("multivariable_cox", "c_index", **keys) is None:
        sentences.append(f"No estimates: {results.text('multivariable_cox', 'method', **keys)}.")
        return [with_italic_p(" ".join(sentences))]
    level, name = ("wald", "Robust Wald") if model.variance == "robust" else ("likelihood-ratio", "Likelihood-ratio")
    chi, df = (results.text("multivariable_cox", statistic, level=level, **keys) for statistic in ("statistic", "df"))
    concordance = results.text("multivariable_cox", "c_index", **keys)
    sentences.append(f"{name} χ² = {chi} on {df} df; concordance {concordance}.")
    kept = [row.text for row in results.select("multivariable_cox", **keys) if row.statistic == "selected"]
    dash = "–, not in the final model. " if "no" in kept else ""
    curved = "The hazard ratios of a spline stand in the next table. " if splines_in(results, model) else ""
    return [with_italic_p(" ".join(sentences)), f"{curved}{dash}CI, confidence interval."]


def splines_in(results: Results, model: Model) -> tuple[str, ...]:
    """Return the factors that the final model holds as splines."""
    return tuple(name for name in model.factors if results.select("spline", model=model.id, variable=name))


def _cost(results: Results, protocol: Protocol, model: Model) -> str:
    """Name the factor whose missing values cost the model most patients."""
    costs = results.select("guards", model=model.id, variable="complete_case_loss")
    told = [(row.level, row.text) for row in costs if row.statistic == "n_missing" and row.value != 0]
    return "; ".join(f"{factor_label(protocol.find_factor(name))} is missing in {n}" for name, n in told)


def beside_factors(protocol: Protocol, model: Model) -> list[str]:
    """Say in a sentence each by what a model is stratified and weighted, and where its standard errors come from."""
    said: list[str] = []
    if model.strata:
        by = listed([factor_label(protocol.find_factor(name)) for name in model.strata])
        said.append(f"Stratified by {by}: each has a baseline hazard of its own.")
    if model.weights is not None:
        said.append(f"Patients weighted by {factor_label(protocol.find_factor(model.weights))}.")
    if model.variance == "robust":
        cluster = model.cluster and f", clustered by {factor_label(protocol.find_factor(model.cluster))}"
        said.append(f"Robust (sandwich) variance{cluster or ''}.")
    return said


def _selection_note(protocol: Protocol, model: Model) -> str:
    method, criterion, enter, remove = protocol.selection_of(model)
    if method == "none":
        return "All candidate factors were kept."
    entry = (
        f"entered at score P < {enter:.2f}" if method.startswith("forward") else f"re-entered at score P < {enter:.2f}"
    )
    words = METHOD_WORDS[criterion]
    return f"{method.replace('-', ' ').capitalize()} selection: {entry}, removed at P ≥ {remove:.2f} ({words})."


def tabulate_proportional_hazards(results: Results, protocol: Protocol, model: Model) -> TableBlock | None:
    """Return the test of proportional hazards of each term and of the whole model; None without a model."""
    keys = {"model": model.id, "endpoint": model.endpoint}
    tested = [row.variable for row in results.select("proportional_hazards", **keys) if row.statistic == "p_value"]
    if not tested:
        return None
    body: list[Row] = []
    for name in tested:
        at = {**keys, "variable": name}
        label = factor_label(protocol.find_factor(name)) if name else "Whole model"
        texts = [results.text("proportional_hazards", statistic, **at) for statistic in ("statistic", "df", "p_value")]
        kind = "data" if name else "total"
        body.append(Row((Cell(label), *(cell(text) for text in texts)), kind=kind))
    caption = f"Test of proportional hazards, model for {model_title(protocol, model)}"
    head = (Cell("Factor"), cell("χ²"), cell("df"), cell(P_HEAD))
    return TableBlock(0, caption, (head,), tuple(body))


def tabulate_stepwise(results: Results, protocol: Protocol, model: Model) -> TableBlock | None:
    """Return the selection step by step; None where there was none."""
    steps = [
        row
        for row in results.select("stepwise")
        if row.statistic == "selected" and row.model.startswith(f"{model.id}:")
    ]
    start = {"model": f"{model.id}:0", "endpoint": model.endpoint}
    if results.get("stepwise", "log_likelihood", **start) is None:
        return None
    first = (Cell("0"), Cell("No factor"), cell("–"), cell("–"), cell("–"))
    body = [Row((*first, cell(results.text("stepwise", "log_likelihood", **start))))]
    for place, row in enumerate(steps, start=1):
        level = "enter" if row.text == "enter" else "remove"
        keys = {"model": row.model, "endpoint": model.endpoint}
        at = {**keys, "variable": row.variable, "level": level}
        label = factor_label(protocol.find_factor(row.variable))
        texts = [results.text("stepwise", name, **at) for name in ("statistic", "df", "p_value")]
        action = "entered" if level == "enter" else "removed"
        cells = [Cell(str(place)), Cell(f"{label}, {action}"), *(cell(text) for text in texts)]
        body.append(Row((*cells, cell(results.text("stepwise", "log_likelihood", **keys)))))
    stop = results.text("stepwise", "method", **start)
    caption = f"Path of the selection, model for {model_title(protocol, model)}"
    head = (Cell("Step"), Cell("Factor"), cell("χ²"), cell("df"), cell(P_HEAD), cell("Log likelihood"))
    return TableBlock(0, caption, (head,), tuple(body), notes=(f"The selection stopped: {stop}.",))
