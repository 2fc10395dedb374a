"""A model in resampled patients, in the report: a sentence, a table, and what the methods say of it."""

from __future__ import annotations

from collections.abc import Iterator

from oncohort.report.document import Cell, Paragraph, Row, TableBlock
from oncohort.report.facts import Part, StudyFacts
from oncohort.report.names import factor_label, interval_name, level_label, listed, model_title, with_italic_p
from oncohort.report.spline_section import read_at
from oncohort.report.tables import cell, estimate_with_limits
from oncohort.study.protocol import Model, Protocol
from oncohort.study.results import Results
from oncohort.study.text import NOT_ESTIMABLE, format_interval
from oncohort.study.words import plural

_ANALYSIS = "bootstrap"


def tell_bootstrap(facts: StudyFacts, model: Model) -> Iterator[Part]:
    """Yield a sentence and a table; nothing where the model asks for no resamples."""
    results, protocol = facts.results, facts.protocol
    if model.bootstrap is None:
        return
    keys = _keys(model)
    why_not = results.text(_ANALYSIS, "method", **keys)
    if why_not.startswith("not done"):
        yield Paragraph(f"The bootstrap of this model was {why_not}.")
        return
    chosen = _chosen(results, model)
    if chosen:
        yield Paragraph(with_italic_p(phrase_selection(results, protocol, model, chosen)))
        yield tabulate_selection(results, protocol, model, chosen)
    else:
        yield tabulate_limits(results, protocol, model)


# ---- a selection ----
def phrase_selection(results: Results, protocol: Protocol, model: Model, chosen: dict[str, str]) -> str:
    """Return how often each factor of the final model was chosen again, and the others at most."""
    kept = [name for name in chosen if _is_kept(results, model, name)]
    others = sorted((n for n in chosen if n not in kept), key=lambda name: -_percent(results, model, name))
    resamples = f"{_resamples(model)} resamples of the patients"
    same = results.text(_ANALYSIS, "percent", level="(same)", **_keys(model))
    if not kept:
        told = f"The selection, repeated on {resamples}, ended without any factor in {same}%"
    else:
        first, *rest = (f"{_name(protocol, name)} was chosen in {chosen[name]}%" for name in kept)
        told = listed([f"{first} of {resamples}", *(text.replace(" was chosen", "") for text in rest)])
        told = f"When the selection was repeated, {told}; the same factors and no others in {same}%"
    if others:
        most = others[0]
        told += f". Of the factors that were not selected, {_name(protocol, most)} came most often ({chosen[most]}%)"
    return f"{told}."


def tabulate_selection(results: Results, protocol: Protocol, model: Model, chosen: dict[str, str]) -> TableBlock:
    """Return how often each candidate was chosen, its ratio when it was, and the most frequent selections."""
    keys = _keys(model)
    head = (
        Cell("Candidate"),
        cell("Chosen, % of resamples"),
        cell(f"Hazard ratio ({interval_name(protocol)}), final model"),
        cell("Mean hazard ratio when chosen"),
    )
    body = [row for name in chosen for row in _candidate(results, protocol, model, name)]
    often = [row.level for row in results.select(_ANALYSIS, **keys) if row.level.startswith("selection") and row.value]
    body.append(Row((Cell("Selections that came most often"),), kind="group"))
    for level in dict.fromkeys(often):
        percent, names = (results.text(_ANALYSIS, name, level=level, **keys) for name in ("percent", "method"))
        words = "No factor" if names == "none" else "; ".join(_name(protocol, name) for name in names.split(", "))
        body.append(Row((Cell(words, indent=1), cell(percent))))
    note = (
        "The whole selection was made again in each resample. Mean: geometric, over the resamples whose final model "
        "holds the factor; a mean further from 1 than the final model's ratio shows what selection adds. "
        f"–, not in the final model. {_failures(results, model)}CI, confidence interval."
    )
    caption = f"The selection in {_resamples(model)} resamples, model for {model_title(protocol, model)}"
    return TableBlock(0, caption, (head,), tuple(body), notes=(note,))


def _candidate(results: Results, protocol: Protocol, model: Model, name: str) -> Iterator[Row]:
    keys = {**_keys(model), "variable": name}
    percent, label = results.text(_ANALYSIS, "percent", **keys), factor_label(protocol.find_factor(name))
    coding = results.text("multivariable_cox", "method", **keys)
    rows = results.select(_ANALYSIS, **keys)
    levels = [row.level for row in rows if row.statistic == "estimate"]
    if len(levels) < 2:
        words = f"{level_label(results, name, levels[0])} {coding}" if levels and levels[0] else coding
        ratios = _final_and_mean(results, keys, levels[0]) if levels else (cell(""), cell(""))
        yield Row((Cell(f"{label}, {words}"), cell(percent), *ratios))
        return
    yield Row((Cell(f"{label}, {coding}"), cell(percent), cell(""), cell("")), kind="group")
    for level in levels:
        cells = _final_and_mean(results, keys, level)
        yield Row((Cell(level_label(results, name, level), indent=1), cell(""), *cells))


def _final_and_mean(results: Results, keys: dict[str, str], level: str) -> tuple[Cell, Cell]:
    final = estimate_with_limits(results, "multivariable_cox", "estimate", level=level, **keys)
    return cell(final), cell(results.text(_ANALYSIS, "estimate", level=level, **keys))


# ---- limits ----
def tabulate_limits(results: Results, protocol: Protocol, model: Model) -> TableBlock:
    """Return the limits of each ratio of a model: Wald's, and those of the resamples."""
    interval = interval_name(protocol)
    head = (
        Cell("Factor"),
        cell(f"Hazard ratio ({interval} of the model)"),
        cell(f"Bootstrap {interval}, percentile"),
        cell(f"Bootstrap {interval}, BCa"),
    )
    body = [row for name in model.factors for row in _factor(results, protocol, model, name)]
    note = (
        f"Each resample draws as many patients, with replacement. {_failures(results, model)}CI, confidence interval."
    )
    if any(name in model.splines for name in model.factors):
        note += " The knots of a spline stay where they are."
    if any(row.text.startswith(NOT_ESTIMABLE) for row in results.select(_ANALYSIS, **_keys(model))):
        note += " Not estimable: too few resamples for that limit, or all on one side of the ratio."
    caption = f"Limits of the hazard ratios from {_resamples(model)} resamples, {model_title(protocol, model)}"
    return TableBlock(0, caption, (head,), tuple(body), notes=(f"{note} BCa, bias-corrected and accelerated.",))


def _factor(results: Results, protocol: Protocol, model: Model, name: str) -> Iterator[Row]:
    keys = {**_keys(model), "variable": name}
    label = factor_label(protocol.find_factor(name))
    coding = results.text("multivariable_cox", "method", **keys)
    if name in model.splines:
        yield Row((Cell(f"{label}, {coding}"),), kind="group")
        for level, words in read_at(results, model, name):
            if results.select(_ANALYSIS, **keys, level=level):
                yield Row((Cell(words, indent=1), *_limits(results, "spline", {**keys, "level": level})))
        return
    levels = [row.level for row in results.select(_ANALYSIS, **keys) if row.statistic == "percentile_low"]
    if len(levels) > 1:
        yield Row((Cell(f"{label}, {coding}"),), kind="group")
    for level in levels:
        words = level_label(results, name, level) if level else ""
        head = Cell(words, indent=1) if len(levels) > 1 else Cell(f"{label}, {f'{words} {coding}'.strip()}")
        yield Row((head, *_limits(results, "multivariable_cox", {**keys, "level": level})))


def _limits(results: Results, analysis: str, keys: dict[str, str]) -> Iterator[Cell]:
    yield cell(estimate_with_limits(results, analysis, "estimate", **keys))
    for method in ("percentile", "bca"):
        ends = (results.text(_ANALYSIS, f"{method}_{side}", **keys) for side in ("low", "high"))
        yield cell(format_interval(*ends))


# ---- both ----
def phrase_bootstrap_methods(protocol: Protocol) -> str:
    """Return what the methods say of resamples; nothing where no model asks for them."""
    models = [model for model in protocol.model if model.bootstrap is not None]
    if not models:
        return ""
    fixed = [model for model in models if protocol.selection_of(model)[0] == "none"]
    told: list[str] = []
    if fixed:
        told.append(
            "Limits of hazard ratios were also taken from bootstrap resamples, as percentiles and bias-corrected and "
            f"accelerated ({_sizes(fixed)}; acceleration from the influence of each patient)."
        )
    selected = [model for model in models if model not in fixed]
    if selected:
        told.append(f"The stability of the selection was examined by repeating it on resamples ({_sizes(selected)}).")
    return " ".join(told)


def _sizes(models: list[Model]) -> str:
    asked = dict.fromkeys(model.bootstrap for model in models if model.bootstrap is not None)
    return "; ".join(f"{one.resamples:,} resamples, seed {one.seed}" for one in asked)


def _failures(results: Results, model: Model) -> str:
    failed = results.text(_ANALYSIS, "n_failed", **_keys(model))
    if failed == "0":
        return ""
    reasons = results.text(_ANALYSIS, "method", level="(failed)", **_keys(model))
    return (
        f"{plural(failed, 'resample')} gave no estimates and {'is' if failed == '1' else 'are'} left out ({reasons}). "
    )


def _keys(model: Model) -> dict[str, str]:
    return {"model": model.id, "endpoint": model.endpoint}


def _chosen(results: Results, model: Model) -> dict[str, str]:
    """Return each candidate of a selection with the percent of resamples that chose it; nothing without a selection."""
    rows = results.select(_ANALYSIS, **_keys(model), level="")
    return {row.variable: row.text for row in rows if row.statistic == "percent" and row.variable}


def _percent(results: Results, model: Model, name: str) -> float:
    row = results.get(_ANALYSIS, "percent", variable=name, **_keys(model))
    return 0.0 if row is None or row.value is None else row.value


def _is_kept(results: Results, model: Model, name: str) -> bool:
    return results.text("multivariable_cox", "selected", variable=name, **_keys(model)) == "yes"


def _resamples(model: Model) -> str:
    return "" if model.bootstrap is None else f"{model.bootstrap.resamples:,}"


def _name(protocol: Protocol, name: str) -> str:
    factor = protocol.find_factor(name)
    return factor.label or factor.id
