"""A comparison in subgroups as a table and as a forest plot."""

from __future__ import annotations

from functools import partial
from math import isfinite, nan

from oncohort.report.document import Cell, Row, TableBlock
from oncohort.report.figures.forest import ForestHeads, ForestRow, plot_forest
from oncohort.report.names import factor_label, interval_name, level_label, listed, p_phrase
from oncohort.report.sketch import Sketch
from oncohort.report.tables import P_HEAD, cell, estimate_with_limits
from oncohort.study.protocol import Protocol, Subgroups
from oncohort.study.results import Results
from oncohort.study.words import plural

_INTERACTION = "(interaction)"


def tabulate_subgroups(results: Results, protocol: Protocol, subgroups: Subgroups) -> TableBlock:
    """Return the hazard ratio of all patients and of each subgroup, with the P of each factor's interaction."""
    heads = ("n (events)", f"Hazard ratio ({interval_name(protocol)})", P_HEAD, "P for interaction")
    body = [Row((Cell("All patients"), *_ratio(results, subgroups, "", ""), cell("")), kind="total")]
    for name in subgroups.factors:
        interaction = cell(_interaction(results, subgroups, name))
        body.append(Row((Cell(factor_label(protocol.find_factor(name))), *(cell("") for _ in range(3)), interaction)))
        for level in results.levels_of(name):
            cells = _ratio(results, subgroups, name, level.level)
            body.append(Row((Cell(level.label, indent=1), *cells, cell(""))))
    count = len(subgroups.factors)
    note = (
        f"Each hazard ratio comes from a Cox model of the comparison alone in its patients. P for interaction: "
        f"likelihood ratio, one for each of {plural(count, 'factor')}, not adjusted for their number. "
        "CI, confidence interval."
    )
    head = (Cell("Subgroup"), *(cell(text) for text in heads))
    return TableBlock(0, subgroups_title(results, protocol, subgroups), (head,), tuple(body), notes=(note,))


def draw_subgroups(results: Results, protocol: Protocol, subgroups: Subgroups) -> Sketch | None:
    """Draw the hazard ratios of all patients and of the subgroups; None where none could be estimated."""
    rows = [_forest_row(results, subgroups, "", "", "All patients")]
    for name in subgroups.factors:
        p_value = p_phrase(_interaction(results, subgroups, name))
        label = factor_label(protocol.find_factor(name))
        rows.append(ForestRow(label=f"{label} ({p_value})", kind="header"))
        rows += [_forest_row(results, subgroups, name, level.level, level.label) for level in results.levels_of(name)]
    if not any(isfinite(row.estimate) for row in rows):
        return None
    heads = ForestHeads(label="Subgroup", effect=f"Hazard ratio ({interval_name(protocol)})")
    told = "; ".join(f"{row.label}: {row.text}" for row in rows if row.kind == "estimate")
    caption = f"{subgroups_title(results, protocol, subgroups)}. P beside a factor: test of interaction"
    return Sketch(partial(plot_forest, rows, heads=heads), caption, told)


def phrase_subgroups(results: Results, protocol: Protocol, subgroups: Subgroups) -> str:
    """Return which factors the comparison depends on, by a test of interaction below alpha."""
    alpha = float(str(protocol.settings()["study.alpha"].value))
    told: list[str] = []
    for name in subgroups.factors:
        row = results.get("subgroup", "p_value", **_keys(results, subgroups), variable=name, level=_INTERACTION)
        if row is not None and row.value is not None and row.value < alpha:
            told.append(f"{factor_label(protocol.find_factor(name))} ({p_phrase(row.text)})")
    title = subgroups_title(results, protocol, subgroups)
    if not told:
        return f"{title}: no interaction was significant."
    return f"{title}: the hazard ratio depended on {listed(told)}."


def subgroups_title(results: Results, protocol: Protocol, subgroups: Subgroups) -> str:
    """Return "OS by subgroup, Treatment: B vs A"."""
    sides = _keys(results, subgroups)["group"].partition("=")[2].split("|")
    words = " vs ".join(level_label(results, subgroups.compare, side) for side in sides)
    label = subgroups.label or f"{subgroups.endpoint} by subgroup"
    return f"{label}, {factor_label(protocol.find_factor(subgroups.compare))}: {words}"


def _keys(results: Results, subgroups: Subgroups) -> dict[str, str]:
    group = results.select("subgroup", model=subgroups.id)[0].group
    return {"model": subgroups.id, "endpoint": subgroups.endpoint, "group": group}


def _ratio(results: Results, subgroups: Subgroups, name: str, level: str) -> list[Cell]:
    at = {**_keys(results, subgroups), "variable": name, "level": level}
    counted = f"{results.text('subgroup', 'n', **at)} ({results.text('subgroup', 'n_event', **at)})"
    if results.get("subgroup", "estimate", **at) is None:
        return [cell(counted), cell("not estimable"), cell("–")]
    ratio = estimate_with_limits(results, "subgroup", "estimate", **at)
    return [cell(counted), cell(ratio), cell(results.text("subgroup", "p_value", **at))]


def _interaction(results: Results, subgroups: Subgroups, name: str) -> str:
    at = {**_keys(results, subgroups), "variable": name, "level": _INTERACTION}
    return results.text("subgroup", "p_value", **at)


def _forest_row(results: Results, subgroups: Subgroups, name: str, level: str, label: str) -> ForestRow:
    at = {**_keys(results, subgroups), "variable": name, "level": level}
    found = [results.get("subgroup", key, **at) for key in ("estimate", "conf_low", "conf_high")]
    estimate, low, high = (nan if row is None or row.value is None else row.value for row in found)
    known = found[0] is not None
    return ForestRow(
        label=label,
        estimate=estimate,
        conf_low=low,
        conf_high=high,
        text=estimate_with_limits(results, "subgroup", "estimate", **at) if known else "not estimable",
        p_text=results.text("subgroup", "p_value", **at) if known else "",
        count_text=f"{results.text('subgroup', 'n_event', **at)}/{results.text('subgroup', 'n', **at)}",
    )
