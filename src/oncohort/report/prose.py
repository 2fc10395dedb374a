"""The results in sentences, one paragraph for each table; every number is looked up."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan

from oncohort.report.names import endpoint_label, factor_label, interval_name, level_label, listed, p_phrase
from oncohort.report.spline_section import phrase_spline
from oncohort.report.tables import FACES, estimate_with_limits
from oncohort.study.findings import Finding, count_by_level
from oncohort.study.protocol import Endpoint, Model, Protocol, Table
from oncohort.study.results import Results, Row
from oncohort.study.text import NOT_ESTIMABLE, NOT_REACHED, format_interval
from oncohort.study.words import plural


def phrase_flow(protocol: Protocol, results: Results) -> str:
    """Return who was read, who was left out and why, who was analyzed, and who of these was not eligible."""
    read, analyzed = (results.text("flow", "n", level=level) for level in ("read", "analyzed"))
    left = {row.variable: row.text for row in results.select("flow", level="excluded") if row.text != "0"}
    if not left:
        told = f"All {read} patients were analyzed." if read != "1" else "The one patient was analyzed."
        return told + _ineligible(results)
    by = "for “{}”" if protocol.is_records_study else "by the criterion “{}”"
    reasons = listed([f"{n} {by.format(level_label(results, 'flow', name))}" for name, n in left.items()])
    verb = "screened" if protocol.is_records_study else ""
    whom = f"{read} {verb} patients" if verb else f"{read} patients"
    return f"Of {whom}, {reasons} were left out and {analyzed} were analyzed.{_ineligible(results)}"


def _ineligible(results: Results) -> str:
    """Return how many of the analyzed patients failed which criterion."""
    n = results.get("flow", "n", variable="treated_ineligible")
    if n is None:
        return ""
    failed = [row for row in results.select("flow", variable="treated_ineligible") if row.level]
    named = listed([f"“{level_label(results, 'flow.treated_ineligible', row.level)}” ({row.text})" for row in failed])
    were = "was" if n.text == "1" else "were"
    return f" Of the analyzed patients, {n.text} {were} treated although not eligible: {named}."


def phrase_findings(findings: Sequence[Finding]) -> str:
    """Return how many findings there are of each level."""
    plural = {"fatal": "fatal findings", "error": "errors", "warning": "warnings", "note": "notes"}
    counts = count_by_level(findings)
    told = [f"{n} {plural[level] if n > 1 else level}" for level, n in counts.items() if n]
    return f"The checks and guards found {listed(told)}." if told else "The checks and guards found nothing."


def phrase_characteristics(protocol: Protocol, results: Results, table: Table, table_id: str) -> str:
    """Return the size of the cohort, its measured factors as the table describes them, and what differs.

    A further table is not introduced where there is nothing more to say than the size.
    """
    n = results.text("baseline", "n_total", model=table_id)
    told: list[str] = []
    for name in table.factors:
        factor = protocol.find_factor(name)
        keys = {"model": table_id, "variable": name}
        if results.get("baseline", "median", **keys) is None:
            continue
        face = FACES[factor.describe or "median-range"]
        centre, *spread = (results.text("baseline", statistic, **keys) for statistic in face.statistics)
        around = format_interval(*spread) if len(spread) == 2 else spread[0]
        told.append(f"{factor_label(factor)}, {face.centre} {centre} ({face.spread} {around})")
    measured = f" Measured characteristics were {listed(told, separator=';')}." if told else ""
    more = measured + _differences(protocol, results, table, table_id)
    first = next(t for t in protocol.table if t.kind == "characteristics")
    return f"The cohort comprised {plural(n, 'patient')}.{more}" if more or table is first else ""


def _differences(protocol: Protocol, results: Results, table: Table, table_id: str) -> str:
    if table.by is None:
        return ""
    between = f"{table.by}=" + "|".join(level.level for level in results.levels_of(table.by))
    tests = [r for r in results.select("baseline", model=table_id, group=between) if r.statistic == "p_value"]
    groups = factor_label(protocol.find_factor(table.by))
    told = [_factor_and_p(protocol, row) for row in tests if _significant(row, protocol)]
    if not told:
        return f" No characteristic differed significantly between the groups of {groups}."
    return f" The groups of {groups} differed in {listed(told)}."


def phrase_survival(protocol: Protocol, results: Results, endpoint: Endpoint) -> str:
    """Return the events and the median of one endpoint."""
    keys = {"endpoint": endpoint.id}
    n, events, percent = (results.text("survival", name, **keys) for name in ("n", "n_event", "percent"))
    name = endpoint_label(protocol, endpoint.id)
    if events == "0":
        return f"No event of {name} was observed in {plural(n, 'patient')}."
    what = f", {endpoint.measured_to}," if endpoint.measured_to else ""
    counted = f"The event of {name}{what} was observed in {events} of {plural(n, 'patient')} ({percent}%)."
    return f"{counted} {_median_of(protocol, results, name, keys)}."


def _median_of(protocol: Protocol, results: Results, name: str, keys: dict[str, str]) -> str:
    median, unit = results.text("survival", "median", **keys), _unit(results, keys["endpoint"])
    if median == NOT_REACHED:
        known = _known_limits(protocol, results, "survival", keys)
        return f"Median {name} was not reached{f' ({known})' if known else ''}"
    return f"Median {name} was {median} {unit} ({_limits(protocol, results, 'survival', keys)})"


def _limits(protocol: Protocol, results: Results, analysis: str, keys: dict[str, str]) -> str:
    low, high = (results.text(analysis, side, **keys) for side in ("conf_low", "conf_high"))
    return f"{interval_name(protocol)} {format_interval(low, high)}"


def _known_limits(protocol: Protocol, results: Results, analysis: str, keys: dict[str, str]) -> str:
    """Return the limits as `_limits` does; nothing where a median that was not reached has none."""
    low, median = (results.text(analysis, statistic, **keys) for statistic in ("conf_low", "median"))
    return "" if low == median == NOT_REACHED else _limits(protocol, results, analysis, keys)


def _unit(results: Results, endpoint: str) -> str:
    row = results.get("survival", "median", endpoint=endpoint)
    return row.unit if row else ""


def phrase_follow_up(protocol: Protocol, results: Results) -> str:
    """Return how long the patients were followed, by each method in force.

    It is told once, for OS, or for the first endpoint of a study without OS: the time to another event
    ends with it, and is no follow-up.
    """
    ids = [endpoint.id for endpoint in protocol.endpoint]
    endpoint = "OS" if "OS" in ids else ids[0]
    unit = _unit(results, endpoint)
    told: list[str] = []
    seen = {"endpoint": endpoint, "level": "observed"}
    if results.get("follow_up", "median", **seen):
        median, low, high = (results.text("follow_up", name, **seen) for name in ("median", "min", "max"))
        told.append(f"{median} {unit} (range {format_interval(low, high)}) as observed")
    reverse = {"endpoint": endpoint, "level": "reverse-km"}
    if results.get("follow_up", "median", **reverse):
        median = results.text("follow_up", "median", **reverse)
        reached = f"{median} {unit} ({_limits(protocol, results, 'follow_up', reverse)})"
        told.append(f"{NOT_REACHED if median == NOT_REACHED else reached} by the reverse Kaplan–Meier method")
    return f"Median follow-up was {listed(told)}." if told else ""


def phrase_univariable(protocol: Protocol, results: Results, table: Table, table_id: str) -> list[str]:
    """Return one sentence for each endpoint that names each significant factor with medians, CI and P."""
    return [_univariable(protocol, results, table, table_id, endpoint) for endpoint in table.endpoints]


def _univariable(protocol: Protocol, results: Results, table: Table, table_id: str, endpoint: str) -> str:
    name = endpoint_label(protocol, endpoint)
    if results.text("survival", "n_event", endpoint=endpoint) == "0":
        return f"No event of {name} was observed, so no factor could be tested."
    told: list[str] = []
    for variable in table.factors:
        keys = {"model": table_id, "endpoint": endpoint, "variable": variable}
        test = results.get("univariable_km", "p_value", **keys)
        if test is not None and _significant(test, protocol):
            told.append(_factor_medians(protocol, results, keys, p_phrase(test.text)))
    if not told:
        return f"On univariable analysis no factor was significantly associated with {name}."
    opening = "one factor was" if len(told) == 1 else "the following factors were"
    return f"On univariable analysis {opening} associated with {name}: {listed(told)}."


def _factor_medians(protocol: Protocol, results: Results, keys: dict[str, str], p_value: str) -> str:
    factor = protocol.find_factor(keys["variable"])
    unit = f" {_unit(results, keys['endpoint'])}"
    medians: list[str] = []
    for level in results.levels_of(factor.id):
        at = {**keys, "level": level.level}
        median = results.text("univariable_km", "median", **at)
        if median == "–":
            continue
        known = _known_limits(protocol, results, "univariable_km", at)
        first = unit if median != NOT_REACHED and not any(unit in told for told in medians) else ""
        medians.append(f"{median}{first}{f' [{known}]' if known else ''} for {level.label}")
    return f"{factor_label(factor)} (median {listed(medians)}; {p_value})"


def phrase_cox(protocol: Protocol, results: Results, model: Model) -> str:
    """Return what the final model says: each significant factor with its ratios, CI and P, then the others kept.

    A factor of several columns is significant if the test of all of them is.
    """
    keys = {"model": model.id, "endpoint": model.endpoint}
    name = endpoint_label(protocol, model.endpoint)
    n, events = (results.text("multivariable_cox", statistic, **keys) for statistic in ("n", "n_event"))
    opening = f"In the multivariable Cox model for {name} ({plural(n, 'patient')}, {plural(events, 'event')})"
    rows = results.select("multivariable_cox", **keys)
    tests: dict[str, Row] = {}
    for row in rows:
        if row.statistic == "p_value" and row.variable and row.value is not None and not isnan(row.value):
            tests[row.variable] = row  # the test of all columns of a factor comes after those of each
    if not tests:
        selected = any(row.statistic == "selected" and row.value for row in rows)
        said = "no estimate could be made" if selected else "no factor was retained"
        return f"{opening} {said}: {results.text('multivariable_cox', 'method', **keys)}."
    told = [_hazard_ratios(protocol, results, test) for test in tests.values() if _significant(test, protocol)]
    verb = "was" if len(told) == 1 else "were"
    sentence = (
        f"{opening} {listed(told)} {verb} independently associated with the endpoint."
        if told
        else f"{opening} no factor was significantly associated with the endpoint."
    )
    others = [variable for variable, test in tests.items() if not _significant(test, protocol)]
    if others:
        labels = listed([factor_label(protocol.find_factor(variable)) for variable in others])
        sentence += f" {labels} remained in the model without reaching significance."
    return sentence


def _hazard_ratios(protocol: Protocol, results: Results, test: Row) -> str:
    """Return a factor with the ratio of each of its columns; of several, with the test of all."""
    keys = {"model": test.model, "endpoint": test.endpoint, "variable": test.variable}
    coding = results.text("multivariable_cox", "method", **keys)
    estimates = [row for row in results.select("multivariable_cox", **keys) if row.statistic == "estimate"]
    told: list[str] = []
    if not estimates:
        model = next(model for model in protocol.model if model.id == test.model)
        told = [phrase_spline(protocol, results, model, test.variable)]
    for row in estimates:
        words = f"{level_label(results, row.variable, row.level)} {coding}" if row.level else coding
        ratio = estimate_with_limits(results, "multivariable_cox", "estimate", level=row.level, **keys)
        if ratio == NOT_ESTIMABLE:
            told.append(f"{words}: hazard ratio {ratio}")
            continue
        estimate, limits = ratio.split(" (", 1)
        p_value = p_phrase(results.text("multivariable_cox", "p_value", level=row.level, **keys))
        told.append(f"{words}: hazard ratio {estimate}, {interval_name(protocol)} {limits[:-1]}, {p_value}")
    told += [f"overall {p_phrase(test.text)}"] if len(estimates) > 1 else []
    return f"{factor_label(protocol.find_factor(test.variable))} ({'; '.join(told)})"


def _factor_and_p(protocol: Protocol, row: Row) -> str:
    return f"{factor_label(protocol.find_factor(row.variable))} ({p_phrase(row.text)})"


def _significant(row: Row, protocol: Protocol) -> bool:
    alpha = protocol.settings()["study.alpha"].value
    return row.value is not None and isinstance(alpha, float) and row.value < alpha
