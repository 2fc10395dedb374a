"""A Fine–Gray model in the report: a sentence, a table, and what the methods say of it."""

from __future__ import annotations

from collections.abc import Iterator
from math import isnan

from oncohort.report.document import Cell, Paragraph, Row, TableBlock, Text
from oncohort.report.facts import Part, StudyFacts
from oncohort.report.names import (
    endpoint_label,
    factor_label,
    interval_name,
    level_label,
    listed,
    model_title,
    p_phrase,
    with_italic_p,
)
from oncohort.report.tables import P_HEAD, cell, estimate_with_limits
from oncohort.study.protocol import Model, Protocol
from oncohort.study.results import Results
from oncohort.study.words import plural

_MEANING = (
    "A subdistribution hazard ratio says in which direction a factor moves the cumulative incidence, which depends on "
    "the competing events too; what a factor does to the rate of the event itself is the ratio of a Cox model."
)


def tell_fine_gray(facts: StudyFacts, model: Model) -> Iterator[Part]:
    """Yield the paragraph and the table of one model."""
    yield Paragraph(with_italic_p(phrase_fine_gray(facts.protocol, facts.results, model)))
    yield tabulate_fine_gray(facts.results, facts.protocol, model)


def phrase_fine_gray(protocol: Protocol, results: Results, model: Model) -> str:
    """Return which factors are significantly associated with the cumulative incidence."""
    keys = {"model": model.id, "endpoint": model.endpoint}
    n, events = (results.text("fine_gray", statistic, **keys) for statistic in ("n", "n_event"))
    competing = results.text("fine_gray", "n_event", level="competing", **keys)
    opening = (
        f"In the Fine–Gray model for {endpoint_label(protocol, model.endpoint)} ({plural(n, 'patient')}, "
        f"{plural(events, 'event')}, {plural(competing, 'competing event')})"
    )
    if not _is_fitted(results, keys):
        return f"{opening} no estimate could be made: {results.text('fine_gray', 'method', **keys)}."
    alpha = float(str(protocol.settings()["study.alpha"].value))
    told = [_factor(protocol, results, keys, name) for name in model.factors if _p(results, keys, name) < alpha]
    if not told:
        return f"{opening} no factor was significantly associated with the cumulative incidence."
    return f"{opening} {listed(told)} {'was' if len(told) == 1 else 'were'} associated with the cumulative incidence."


def _is_fitted(results: Results, keys: dict[str, str]) -> bool:
    return results.get("fine_gray", "log_likelihood", **keys) is not None


def _levels(results: Results, keys: dict[str, str], name: str) -> list[str]:
    return [row.level for row in results.select("fine_gray", variable=name, **keys) if row.statistic == "estimate"]


def _p(results: Results, keys: dict[str, str], name: str) -> float:
    """Return the P value of a factor, of several columns that of all together; above 1 where there is none."""
    levels = _levels(results, keys, name)
    at = "(block)" if len(levels) > 1 else levels[0]
    row = results.get("fine_gray", "p_value", variable=name, level=at, **keys)
    return 2.0 if row is None or row.value is None or isnan(row.value) else row.value


def _factor(protocol: Protocol, results: Results, keys: dict[str, str], name: str) -> str:
    coding = results.text("fine_gray", "method", variable=name, **keys)
    told: list[str] = []
    for level in _levels(results, keys, name):
        at = {**keys, "variable": name, "level": level}
        words = f"{level_label(results, name, level)} {coding}" if level else coding
        ratio, limits = estimate_with_limits(results, "fine_gray", "estimate", **at).split(" (", 1)
        p_value = p_phrase(results.text("fine_gray", "p_value", **at))
        told.append(
            f"{words}: subdistribution hazard ratio {ratio}, {interval_name(protocol)} {limits[:-1]}, {p_value}"
        )
    if len(told) > 1:
        told.append(f"overall {p_phrase(results.text('fine_gray', 'p_value', variable=name, level='(block)', **keys))}")
    return f"{factor_label(protocol.find_factor(name))} ({'; '.join(told)})"


def tabulate_fine_gray(results: Results, protocol: Protocol, model: Model) -> TableBlock:
    """Return the subdistribution hazard ratios of one model."""
    keys = {"model": model.id, "endpoint": model.endpoint}
    head = (Cell("Factor"), cell(f"Subdistribution hazard ratio ({interval_name(protocol)})"), cell(P_HEAD))
    body = [row for name in model.factors for row in _rows(results, protocol, keys, name)]
    caption = f"Fine–Gray model for {model_title(protocol, model)}"
    return TableBlock(0, caption, (head,), tuple(body), notes=_notes(results, keys))


def _rows(results: Results, protocol: Protocol, keys: dict[str, str], name: str) -> Iterator[Row]:
    label, at = factor_label(protocol.find_factor(name)), {**keys, "variable": name}
    coding, levels = results.text("fine_gray", "method", **at), _levels(results, keys, name)
    if len(levels) < 2:
        words = f"{level_label(results, name, levels[0])} {coding}" if levels and levels[0] else coding
        yield Row((Cell(f"{label}, {words}"), *_ratio(results, at, levels[0] if levels else "")))
        return
    p_value = results.text("fine_gray", "p_value", level="(block)", **at)
    yield Row((Cell(f"{label}, {coding}"), cell(""), cell(p_value)), kind="group")
    for level in levels:
        yield Row((Cell(level_label(results, name, level), indent=1), *_ratio(results, at, level)))


def _ratio(results: Results, keys: dict[str, str], level: str) -> tuple[Cell, Cell]:
    ratio = estimate_with_limits(results, "fine_gray", "estimate", level=level, **keys)
    return cell(ratio), cell(results.text("fine_gray", "p_value", level=level, **keys))


def _notes(results: Results, keys: dict[str, str]) -> tuple[Text, ...]:
    n, total, events, lost = (
        results.text("fine_gray", name, **keys) for name in ("n", "n_total", "n_event", "n_missing")
    )
    competing = results.text("fine_gray", "n_event", level="competing", **keys)
    counted = f"{plural(events, 'event')}, {plural(competing, 'competing event')}"
    sentences = [f"{n} of {plural(total, 'patient')}, {counted}."]
    sentences += [f"{lost} left out for a missing factor."] if lost != "0" else []
    if not _is_fitted(results, keys):
        return (f"{' '.join(sentences)} No estimates: {results.text('fine_gray', 'method', **keys)}.",)
    per, parameters = (
        results.text("guards", statistic, variable="events_per_parameter", **keys) for statistic in ("estimate", "df")
    )
    sentences.append(f"{per} events per parameter ({parameters}).")
    chi, df = (results.text("fine_gray", statistic, level="wald", **keys) for statistic in ("statistic", "df"))
    sentences.append(f"All factors were kept. Robust Wald χ² = {chi} on {df} df.")
    return " ".join(sentences), f"{_MEANING} CI, confidence interval."


def phrase_fine_gray_methods(protocol: Protocol) -> str:
    """Return what the methods say of Fine–Gray models; nothing where there are none."""
    if not any(model.kind == "fine-gray" for model in protocol.model):
        return ""
    tied = {
        "at-risk": "an event on the day of a censoring counts as at risk of it",
        "left": "a patient with an event on the day of a censoring counts as gone before it",
    }[str(protocol.settings()["survival.censoring_ties"].value)]
    return (
        "Subdistribution hazard ratios come from Fine and Gray’s models (Breslow ties, robust variance), fitted to "
        f"complete cases with all factors; in the censoring weights {tied}."
    )
