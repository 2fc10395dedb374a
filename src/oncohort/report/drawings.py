"""The figures of a study: which the protocol names, and what they show."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from math import isfinite, nan
from string import ascii_uppercase

from oncohort.report.figures.flow import FlowBox, FlowReason, FlowSide, plot_flow
from oncohort.report.figures.forest import ForestHeads, ForestRow, plot_forest
from oncohort.report.figures.kaplan_meier import plot_kaplan_meier
from oncohort.report.figures.panel import CurveData, KaplanMeierPanel
from oncohort.report.names import endpoint_label, factor_label, interval_name, level_label, model_title, p_phrase
from oncohort.report.rank_names import named_in_figure
from oncohort.report.sketch import Sketch
from oncohort.report.tables import ABBREVIATIONS, abbreviated, estimate_with_limits
from oncohort.study.protocol import Curve, Figure, Model, Protocol, has_competing
from oncohort.study.results import Results, Row
from oncohort.study.text import NOT_REACHED
from oncohort.study.words import plural


def figures_of(protocol: Protocol) -> tuple[Figure, ...]:
    """Return the figures the protocol names; if none, the usual ones.

    These are the curves of the endpoints, the cumulative incidence of those with competing events, and a forest for
    each Cox model, in a records study also a waterfall and a swimmer plot. The last two show single patients: there are
    none where small counts are masked.
    """
    if protocol.figure:
        return protocol.figure
    curves = tuple(Curve(endpoint=endpoint.id) for endpoint in protocol.endpoint)
    competing = tuple(Curve(endpoint=endpoint.id) for endpoint in protocol.endpoint if has_competing(endpoint))
    incidence = (Figure(id="incidence", incidence=competing),) if competing else ()
    cox = (model.id for model in protocol.model if model.kind == "cox")
    forests = tuple(Figure(id=f"forest_{model}", forest=model) for model in cox)
    waterfall = (Figure(id="waterfall", kind="waterfall"),) if protocol.response else ()
    swimmer = (Figure(id="swimmer", kind="swimmer"),) if protocol.drug else ()
    patients = () if protocol.privacy.min_cell > 1 else (*waterfall, *swimmer)
    return (Figure(id="survival", curves=curves), *incidence, *forests, *patients)


def draw_curves(results: Results, protocol: Protocol, figure: Figure) -> Sketch | None:
    """Draw the Kaplan–Meier panels of one figure; None where no patient can be drawn.

    A panel by a factor that is not known of any patient is left out, and with it the protocol's caption,
    which would call the others by wrong letters.
    """
    drawn = tuple(curve for curve in figure.curves if any(_curves(results, protocol, curve, "")))
    if not drawn:
        return None
    shown = figure if drawn == figure.curves else figure.model_copy(update={"curves": drawn, "caption": ""})
    panels = [_panel(results, protocol, curve) for curve in drawn]
    width, columns = (120, 1) if len(panels) == 1 else (170, 2)
    plot = partial(plot_kaplan_meier, panels, width_mm=width, columns=columns, min_cell=protocol.privacy.min_cell)
    told = [_panel_in_words(panel) for panel in panels]
    caption = shown.caption or f"Kaplan–Meier curves of {_titles(protocol, shown)}"
    banded = all(len(panel.curves) <= 3 for panel in panels)
    level = interval_name(protocol).removesuffix(" CI")
    legend = (
        f"Ticks mark censored patients{f'; shaded bands are pointwise {level} confidence intervals' if banded else ''}."
    )
    letters = "".join(f" {short}, {words}." for words, short in ABBREVIATIONS.items() if any(short in t for t in told))
    return Sketch(plot, f"{caption}. {legend}{letters}", " ".join(told))


def _panel(results: Results, protocol: Protocol, curve: Curve) -> KaplanMeierPanel:
    endpoint = protocol.find_endpoint(curve.endpoint)
    unit = next(row.unit for row in results.select("survival", endpoint=curve.endpoint) if row.statistic == "median")
    since = f" since {endpoint.measured_from}" if endpoint.measured_from else ""
    return KaplanMeierPanel(
        curves=tuple(_curves(results, protocol, curve, unit)),
        time_label=f"{unit.capitalize()}{since}",
        survival_label=endpoint.label or endpoint.id,
        time_unit=unit,
        title=factor_label(protocol.find_factor(curve.by)) if curve.by else "",
        annotations=_log_rank(results, curve),
        legend_head=f"Median ({interval_name(protocol)}), {unit}" if curve.by else "",
    )


def _curves(results: Results, protocol: Protocol, curve: Curve, unit: str) -> Iterator[CurveData]:
    if curve.by is None:
        median = estimate_with_limits(results, "survival", "median", endpoint=curve.endpoint)
        estimate, _, limits = median.partition(" (")
        told = f"median {estimate}" if estimate == NOT_REACHED else f"median {estimate} {unit}"
        told = f"{told} ({interval_name(protocol)} {limits}" if limits else told
        yield CurveData("", results.curve(curve.endpoint), told)
        return
    model = results.select("univariable_km", endpoint=curve.endpoint, variable=curve.by)[0].model
    for level in results.levels_of(curve.by):
        rows = results.curve(curve.endpoint, curve.by, level.level)
        keys = {"endpoint": curve.endpoint, "model": model, "variable": curve.by, "level": level.level}
        if rows:
            median = estimate_with_limits(results, "univariable_km", "median", **keys)
            yield CurveData(level.label, rows, abbreviated(median))


def _log_rank(results: Results, curve: Curve) -> tuple[str, ...]:
    if curve.by is None:
        return ()
    tests = results.select("univariable_km", endpoint=curve.endpoint, variable=curve.by, level="", group="")
    p_values, methods = ([row.text for row in tests if row.statistic == name] for name in ("p_value", "method"))
    return (f"{named_in_figure(methods[0])} {p_phrase(p_values[0])}",) if p_values else ()


def _titles(protocol: Protocol, figure: Figure) -> str:
    """Return what the panels show, each with the letter it carries if there are several."""
    titles = [_title(protocol, curve) for curve in figure.curves]
    if len(titles) == 1:
        return titles[0]
    return "; ".join(f"({ascii_uppercase[k % 26]}) {title}" for k, title in enumerate(titles))


def _title(protocol: Protocol, curve: Curve) -> str:
    name = endpoint_label(protocol, curve.endpoint)
    return f"{name} by {factor_label(protocol.find_factor(curve.by))}" if curve.by else name


def _panel_in_words(panel: KaplanMeierPanel) -> str:
    """Say what a panel shows, for a reader who cannot see it."""
    told = [f"{curve.label}: {curve.median_text}" if curve.label else curve.median_text for curve in panel.curves]
    by = f" by {panel.title}" if panel.title else ""
    head = f"{panel.legend_head}: " if panel.legend_head else ""
    return f"{panel.survival_label}{by}. {head}{'; '.join(told)}. {' '.join(panel.annotations)}".strip()


def draw_forest(results: Results, protocol: Protocol, figure: Figure) -> Sketch | None:
    """Draw the hazard ratios of a final model; None where there is no final model."""
    model = next(m for m in protocol.model if m.id == figure.forest)
    rows = [row for name in model.factors for row in _forest_rows(results, protocol, model, name)]
    if not any(isfinite(row.estimate) for row in rows):
        return None
    n, events = (
        results.text("multivariable_cox", name, model=model.id, endpoint=model.endpoint) for name in ("n", "n_event")
    )
    plot = partial(
        plot_forest, rows, heads=ForestHeads(label="Factor", effect=f"Hazard ratio ({interval_name(protocol)})")
    )
    caption = figure.caption or f"Hazard ratios of the multivariable model for {model_title(protocol, model)}"
    told = "; ".join(f"{row.label}: {row.text}" for row in rows if row.kind == "estimate")
    return Sketch(plot, f"{caption}, {plural(n, 'patient')} and {plural(events, 'event')}", told)


def _forest_rows(results: Results, protocol: Protocol, model: Model, name: str) -> list[ForestRow]:
    keys = {"model": model.id, "endpoint": model.endpoint, "variable": name}
    estimates = [row for row in results.select("multivariable_cox", **keys) if row.statistic == "estimate"]
    label = factor_label(protocol.find_factor(name))
    coding = results.text("multivariable_cox", "method", **keys)
    if not estimates:  # a spline has a test of all its columns, and no one ratio
        test = results.get("multivariable_cox", "p_value", level="(block)", **keys)
        return [] if test is None else [ForestRow(f"{label}, {coding}", text="a curve", p_text=test.text)]
    rows: list[ForestRow] = []
    for row in estimates:
        at = {**keys, "level": row.level}
        limits = [results.get("multivariable_cox", side, **at) for side in ("conf_low", "conf_high")]
        low, high = (nan if limit is None or limit.value is None else limit.value for limit in limits)
        words = f"{level_label(results, name, row.level)} {coding}" if row.level else coding
        rows.append(
            ForestRow(
                label=words if len(estimates) > 1 else f"{label}, {words}",
                estimate=nan if row.value is None else row.value,
                conf_low=low,
                conf_high=high,
                text=estimate_with_limits(results, "multivariable_cox", "estimate", **at),
                p_text=results.text("multivariable_cox", "p_value", **at),
            )
        )
    return [ForestRow(label=label, kind="header"), *rows] if len(rows) > 1 else rows


def draw_flow(results: Results, protocol: Protocol) -> Sketch:
    """Draw who was read, who was left out and why, who was analyzed, and the arms they were in."""
    verb, analyzed_as = ("screened", "Treated and analyzed") if protocol.is_records_study else ("read", "Analyzed")
    read, analyzed = (int(row.value or 0) for row in _read_and_analyzed(results))
    reasons = tuple(_reason(results, row) for row in results.select("flow", level="excluded"))
    first = FlowBox(f"Patients {verb}", read, (FlowSide("Excluded", read - analyzed, reasons),))
    arms = [
        (label, int(row.value or 0))
        for key, label in _arms(protocol).items()
        for row in results.select("flow", level="analyzed", group=key)
        if row.value != 0
    ]
    last = FlowBox(analyzed_as, analyzed, tuple(_ineligible(results)))
    plot = partial(plot_flow, (first, last), arms=arms, min_cell=protocol.privacy.min_cell)
    told = "; ".join(f"{reason.text}: {reason.n}" for reason in reasons)
    words = f"{read} {verb}. Excluded: {told}. {analyzed} analyzed."
    return Sketch(plot, f"Patients {verb}, excluded and analyzed", words)


def _arms(protocol: Protocol) -> dict[str, str]:
    """Return the key and the label of every arm of treatment."""
    arm = protocol.arm
    return {} if arm is None else {f"{arm.column}={level.id}": level.label or level.id for level in arm.levels}


def _ineligible(results: Results) -> Iterator[FlowSide]:
    """Yield the box of the analyzed who failed a criterion, if there are any."""
    rows = results.select("flow", variable="treated_ineligible")
    if rows:
        failed = [row for row in rows if row.level]
        named = ((level_label(results, "flow.treated_ineligible", r.level), int(r.value or 0)) for r in failed)
        yield FlowSide("Treated although not eligible", int(rows[0].value or 0), tuple(named))


def _reason(results: Results, row: Row) -> FlowReason:
    """Return one reason of the flow with its parts."""
    parts = tuple(
        (level_label(results, f"flow.{row.variable}", part.level), int(part.value or 0))
        for part in results.select("flow", variable=row.variable)
        if part.level != "excluded"
    )
    return FlowReason(level_label(results, "flow", row.variable), int(row.value or 0), parts)


def _read_and_analyzed(results: Results) -> Iterator[Row]:
    for level in ("read", "analyzed"):
        yield from results.select("flow", level=level, group="")
