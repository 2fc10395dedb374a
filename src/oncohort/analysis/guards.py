"""What a careful reviewer would object to, seen before the reviewer does."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from oncohort.analysis.design import Term
from oncohort.analysis.fine_gray_model import terms_of
from oncohort.analysis.regression import FittedModel, troubles_of
from oncohort.analysis.rows import count, number, share, words
from oncohort.analysis.settings import Settings
from oncohort.study.cohort import Cohort
from oncohort.study.findings import Finding
from oncohort.study.protocol import Model, Protocol, outcome_columns
from oncohort.study.results import Row
from oncohort.study.text import format_number, mask_count
from oncohort.study.words import plural

EVENTS_PER_PARAMETER: Final = 10.0  # Peduzzi P et al. J Clin Epidemiol 1995;48:1503-1510
COMPLETE_CASE_LOSS: Final = 5.0  # percent of patients a model may lose in silence
EVENTS_PER_MEDIAN: Final = 5
SELECTED_AGAIN: Final = 50.0  # percent of resamples

Found = tuple[list[Row], list[Finding]]


def analyze_guards(
    cohort: Cohort, protocol: Protocol, models: list[FittedModel], rows: list[Row], settings: Settings
) -> Found:
    """Return the numbers of every guard, and a finding for each that was met.

    Keys: ``variable`` is the guard's id in small letters, ``level`` the factor it is about.
    """
    parts = [_known_later(protocol)]
    for fitted in models:
        of = (fitted.spec, fitted.terms, fitted.complete)
        parts += [_events_per_parameter(cohort, *of, settings), _complete_cases(cohort, *of, settings)]
        parts += [_estimable(fitted)]
        parts += [_proportional(fitted, rows, protocol, settings)]
        parts += [_selected_again(fitted, rows, protocol)]
    for model in protocol.model:
        if model.kind == "fine-gray":
            of = (model, *terms_of(cohort, model))
            parts += [_events_per_parameter(cohort, *of, settings), _complete_cases(cohort, *of, settings)]
    parts += [_ratios_of_one(protocol, rows, settings), _medians_on_few_events(protocol, rows)]
    parts += [_splits_at_median(protocol), _competing(cohort, protocol, settings)]
    return [row for found, _ in parts for row in found], [finding for _, told in parts for finding in told]


def _known_later(protocol: Protocol) -> Found:
    """Factors that become known after time zero: patients had to live to belong to a level (immortal time)."""
    used = {name for table in protocol.table if table.endpoints for name in table.factors}
    used |= {name for model in protocol.model for name in (*model.factors, *model.strata)}
    used |= {name for subgroups in protocol.subgroup for name in (subgroups.compare, *subgroups.factors)}
    used |= {curve.by for figure in protocol.figure for curve in (*figure.curves, *figure.incidence) if curve.by}
    rows: list[Row] = []
    findings: list[Finding] = []
    outcomes = {column for endpoint in protocol.endpoint for column in outcome_columns(endpoint)}
    compared = [protocol.find_factor(comparison.id) for comparison in protocol.comparison]
    for factor in (*protocol.factor, *compared):
        if (factor.id in used or factor in compared) and (factor.known != "baseline" or factor.column in outcomes):
            rows += words("yes", analysis="guards", variable="known_after_start", level=factor.id)
            sentence = (
                f'"{factor.label or factor.id}" becomes known only after time zero: patients who die early cannot '
                "reach some of its levels, so survival compared by it is biased by immortal time"
            )
            findings.append(Finding("warning", "IMMORTAL-TIME", sentence, column=factor.column))
    return rows, findings


def _events_per_parameter(
    cohort: Cohort, model: Model, terms: tuple[Term, ...], complete: NDArray[np.bool_], settings: Settings
) -> Found:
    parameters = sum(len(term.levels) for term in terms)
    events = int(cohort.endpoints[model.endpoint].event[complete].sum())
    keys = _keys(model, "events_per_parameter")
    rows = number("estimate", events / parameters, digits=1, **keys) + number("df", parameters, **keys)
    if events / parameters >= EVENTS_PER_PARAMETER:
        return rows, []
    sentence = (
        f"{_named(model)}: {plural(mask_count(events, settings.min_cell), 'event')} for "
        f"{plural(parameters, 'candidate parameter')}, "
        f"{rows[0].text} per parameter; below {EVENTS_PER_PARAMETER:g} estimates and selection are unstable"
    )
    return rows, [Finding("warning", "FEW-EVENTS", sentence)]


def _complete_cases(
    cohort: Cohort, model: Model, terms: tuple[Term, ...], complete: NDArray[np.bool_], settings: Settings
) -> Found:
    total, lost, min_cell = complete.size, int((~complete).sum()), settings.min_cell
    keys = _keys(model, "complete_case_loss")
    rows = share(lost, total, **keys)
    if lost == 0:
        return rows, []
    missing = {t.factor: int((~t.known()).sum()) for t in terms}
    worst = max(missing, key=lambda name: missing[name])
    rows += count(missing[worst], statistic="n_missing", **keys, level=worst)
    if 100 * lost <= COMPLETE_CASE_LOSS * total:
        return rows, []
    label = cohort.factors[worst].spec.label or worst
    sentence = (
        f"{_named(model)}: {mask_count(lost, min_cell)} of {plural(total, 'patient')} without a candidate "
        f'factor left the model; "{label}" is missing in {mask_count(missing[worst], min_cell)}'
    )
    return rows, [Finding("warning", "COMPLETE-CASES", sentence)]


def _estimable(fitted: FittedModel) -> Found:
    fit = fitted.fit
    told = [fitted.reason] if fit is None and fitted.path is None else []
    told += [] if fit is None else troubles_of(fit, fitted.terms)
    sentences = [f"{_named(fitted.spec)}: {reason}" for reason in told]
    return [], [Finding("warning", "NOT-ESTIMABLE", sentence) for sentence in sentences]


def _proportional(fitted: FittedModel, rows: list[Row], protocol: Protocol, settings: Settings) -> Found:
    labels = {factor.id: factor.label or factor.id for factor in protocol.factor}
    wanted = ("proportional_hazards", fitted.spec.id, "p_value")
    against = [
        row
        for row in rows
        if (row.analysis, row.model, row.statistic) == wanted and row.value is not None and row.value < settings.alpha
    ]
    return [], [
        Finding(
            "warning",
            "NOT-PROPORTIONAL",
            f"{_named(fitted.spec)}: the hazards of {labels.get(row.variable, 'the model as a whole')} are not "
            f"proportional (P {row.text if row.text.startswith('<') else f'= {row.text}'}); one ratio cannot stand "
            "for all times",
        )
        for row in against
    ]


def _selected_again(fitted: FittedModel, rows: list[Row], protocol: Protocol) -> Found:
    """Factors of a final model that most resamples do not select."""
    shares = [
        row
        for row in rows
        if (row.analysis, row.model, row.statistic) == ("bootstrap", fitted.spec.id, "percent")
        and row.variable in fitted.selected
        and row.value is not None
        and row.value < SELECTED_AGAIN
    ]
    return [], [
        Finding(
            "warning",
            "UNSTABLE-SELECTION",
            f"{_named(fitted.spec)}: {protocol.find_factor(row.variable).label or row.variable} was selected, but in "
            f"{row.text}% of the resamples only; another sample of such patients would likely give another model",
        )
        for row in shares
    ]


def _ratios_of_one(protocol: Protocol, rows: list[Row], settings: Settings) -> Found:
    """Ratios that are significant and print as 1.00: their unit is too small to show the effect."""
    one = format_number(1.0, settings.ratio_digits)
    p_values = {
        (r.model, r.variable): r for r in rows if r.analysis == "multivariable_cox" and r.statistic == "p_value"
    }
    findings: list[Finding] = []
    for row in rows:
        if (row.analysis, row.statistic, row.level, row.text) != ("multivariable_cox", "estimate", "", one):
            continue
        test = p_values.get((row.model, row.variable))
        if test is None or test.value is None or not test.value < settings.alpha:
            continue
        label = protocol.find_factor(row.variable).label or row.variable
        sentence = f'model {row.model}: the ratio of "{label}" prints as {one}; give the factor a larger unit with per'
        findings.append(Finding("warning", "UNIT-TOO-SMALL", sentence))
    return [], findings


def _medians_on_few_events(protocol: Protocol, rows: list[Row]) -> Found:
    medians = {
        (r.model, r.endpoint, r.variable, r.level)
        for r in rows
        if r.analysis == "univariable_km" and r.statistic == "median" and r.value is not None and not np.isnan(r.value)
    }
    few = [
        r
        for r in rows
        if r.analysis == "univariable_km"
        and r.statistic == "n_event"
        and r.value is not None
        and r.value < EVENTS_PER_MEDIAN
        and (r.model, r.endpoint, r.variable, r.level) in medians
    ]
    return [], [
        Finding(
            "note",
            "MEDIAN-ON-FEW-EVENTS",
            f"{row.endpoint} by {protocol.find_factor(row.variable).label or row.variable}, level {row.level}: "
            f"the median rests on {plural(row.text, 'event')}",
        )
        for row in few
    ]


def _splits_at_median(protocol: Protocol) -> Found:
    split = [factor.label or factor.id for factor in protocol.factor if factor.split == "median"]
    if not split:
        return [], []
    sentence = (
        f"split at the sample median: {', '.join(split)}; another cohort has another median, and a split loses "
        'information (cox = "continuous" keeps it)'
    )
    return [], [Finding("note", "MEDIAN-SPLIT", sentence)]


def _competing(cohort: Cohort, protocol: Protocol, settings: Settings) -> Found:
    """Endpoints whose competing events are shown as censored only: no time is asked for that gives an incidence."""
    if settings.at:
        return [], []
    shown = {panel.endpoint for figure in protocol.figure for panel in figure.incidence}
    found = [
        endpoint
        for endpoint in cohort.endpoints.values()
        if endpoint.competing is not None and endpoint.competing.any() and endpoint.spec.id not in shown
    ]
    sentence = (
        "patients with a competing event count as censored, so one minus the Kaplan–Meier curve overstates how many "
        "will have the event; times in survival.at give the cumulative incidence"
    )
    return [], [Finding("note", "COMPETING-CENSORED", f"{endpoint.spec.id}: {sentence}") for endpoint in found]


def _named(model: Model) -> str:
    name = f"“{model.label}”" if model.label else model.id
    return f"model {name} for {model.endpoint}"


def _keys(model: Model, guard: str) -> dict[str, Any]:
    return {"analysis": "guards", "model": model.id, "endpoint": model.endpoint, "variable": guard}
