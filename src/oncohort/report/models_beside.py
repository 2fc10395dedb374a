"""Several Cox models of one endpoint beside each other: what another choice of patients or factors changes."""

from __future__ import annotations

from oncohort.report.document import Cell, Row, TableBlock
from oncohort.report.names import factor_label, interval_name, level_label
from oncohort.report.tables import P_HEAD, cell, estimate_with_limits
from oncohort.study.protocol import Model, Protocol
from oncohort.study.results import Results

_ANALYSIS, _SPLINE = "multivariable_cox", "spline"


def tabulate_models_side_by_side(results: Results, protocol: Protocol, endpoint: str) -> TableBlock | None:
    """Return the final models of an endpoint, a pair of columns each; None where there are not two of them."""
    models = [model for model in protocol.model if model.endpoint == endpoint and model.kind == "cox"]
    if len(models) < 2:
        return None
    spans = (Cell(""), *(Cell(_head(results, model), align="center", colspan=2) for model in models))
    ratio = f"Hazard ratio ({interval_name(protocol)})"
    heads = (Cell("Factor"), *(cell(text) for _ in models for text in (ratio, P_HEAD)))
    names = dict.fromkeys(name for model in models for name in model.factors)
    body = [row for name in names for row in _factor_rows(results, protocol, models, name)]
    notes = ("–, not in the final model, or no candidate of it. CI, confidence interval.",)
    return TableBlock(0, f"Final models for {endpoint} side by side", (spans, heads), tuple(body), notes)


def _head(results: Results, model: Model) -> str:
    n, events = (results.text(_ANALYSIS, name, model=model.id, endpoint=model.endpoint) for name in ("n", "n_event"))
    return f"{model.label or model.id} (n = {n}, {events} events)"


def _factor_rows(results: Results, protocol: Protocol, models: list[Model], name: str) -> list[Row]:
    """Return a row for each column of a factor that any of the models keeps."""
    keys = [{"model": model.id, "endpoint": model.endpoint, "variable": name} for model in models]
    rows = [row for at in keys for row in results.select(_ANALYSIS, **at)]
    levels = dict.fromkeys(row.level for row in rows if row.statistic == "estimate")
    levels |= {_SPLINE: None} if any(name in model.splines for model in models) else {}
    label = factor_label(protocol.find_factor(name))
    return [
        Row(
            (
                Cell(f"{label}, {level_label(results, name, level)}" if level else label),
                *(found for model, at in zip(models, keys, strict=True) for found in _cells(results, model, at, level)),
            )
        )
        for level in levels
    ]


def _cells(results: Results, model: Model, keys: dict[str, str], level: str) -> tuple[Cell, Cell]:
    """Return ratio and P; a spline has the P of all its columns, and its ratios elsewhere."""
    if level == _SPLINE:
        p_value = (
            results.text(_ANALYSIS, "p_value", level="(block)", **keys) if keys["variable"] in model.splines else "–"
        )
        return cell("–" if p_value == "–" else ""), cell(p_value)
    ratio = estimate_with_limits(results, _ANALYSIS, "estimate", level=level, **keys)
    return cell(ratio), cell(results.text(_ANALYSIS, "p_value", level=level, **keys))
