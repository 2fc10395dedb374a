"""The tables of the report, from the results table alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from string import ascii_lowercase
from typing import Any, Final, NamedTuple

from oncohort.report.document import Cell, Row, Run, TableBlock, Text, plain_text
from oncohort.report.names import factor_label, interval_name, with_italic_p
from oncohort.report.rank_names import note_of_tests
from oncohort.study.protocol import Factor, Protocol, Table, has_competing
from oncohort.study.results import Results
from oncohort.study.text import NOT_ESTIMABLE, NOT_REACHED, format_interval

P_HEAD = with_italic_p("P =")[:1]


def cell(text: Text, **style: Any) -> Cell:
    return Cell(text=text, align=style.pop("align", "decimal"), **style)


class Face(NamedTuple):
    """How a measured factor is described: by which statistics, and what they are called."""

    centre: str
    spread: str
    statistics: tuple[str, ...]


FACES: Final = {
    "median-range": Face("median", "range", ("median", "min", "max")),
    "median-quartiles": Face("median", "quartiles", ("median", "q1", "q3")),
    "mean-sd": Face("mean", "SD", ("mean", "sd")),
}
ABBREVIATIONS: Final = {NOT_REACHED: "NR", NOT_ESTIMABLE: "NE"}


def abbreviated(text: str) -> str:
    """Return the text as a cell of a table or a legend has room for it.

    Examples
    --------
    >>> abbreviated("not reached (48.0 to not reached)"), abbreviated("10.5 (8.7–12.3)")
    ('NR (48.0–NR)', '10.5 (8.7–12.3)')
    """
    for words, letters in ABBREVIATIONS.items():
        text = text.replace(f" to {words}", f"–{letters}").replace(words, letters)
    return text


def explain_abbreviations(body: Sequence[Row]) -> str:
    """Return what the abbreviations in the cells of a table stand for, or nothing."""
    cells = " ".join(plain_text(cell.text) for row in body for cell in row.cells)
    used = [f"{letters}, {words}" for words, letters in ABBREVIATIONS.items() if re.search(rf"\b{letters}\b", cells)]
    return f" {'; '.join(used)}." if used else ""


def estimate_with_limits(results: Results, analysis: str, statistic: str, **keys: str) -> str:
    """Return "10.5 (8.7–12.3)" of one estimate; in words what could not be reached or estimated."""
    estimate = results.text(analysis, statistic, **keys)
    if estimate in {"–", NOT_ESTIMABLE}:
        return estimate
    low, high = (results.text(analysis, name, **keys) for name in ("conf_low", "conf_high"))
    limits = format_interval(low, high)
    return estimate if estimate == NOT_REACHED == limits else f"{estimate} ({limits})"


def tabulate_characteristics(results: Results, protocol: Protocol, table: Table, table_id: str) -> TableBlock:
    """Return Table I: one row a factor or a level, one column for all patients and for each group of ``by``."""
    groups = [""] + ([f"{table.by}={level.level}" for level in results.levels_of(table.by)] if table.by else [])
    names = ["All patients"] if table.by else ["Value"]
    names += [level.label for level in results.levels_of(table.by)] if table.by else []
    counts = [results.text("baseline", "n_total", model=table_id, group=group) for group in groups]
    head = [Cell("Characteristic")]
    head += [cell(f"{name} (n = {n})") for name, n in zip(names, counts, strict=True)]
    between = f"{table.by}=" + "|".join(level.level for level in results.levels_of(table.by)) if table.by else ""
    head += [cell(P_HEAD)] if table.by else []
    body: list[Row] = []
    for name in table.factors:
        body += _characteristic(results, protocol.find_factor(name), table_id, groups, between)
    notes = [
        (Run(letter, "superscript"), Run(f" {test}.")) for test, letter in _letters(results, table_id, between).items()
    ]
    return TableBlock(
        number=0,
        caption=table.caption or "Patient characteristics",
        head=(tuple(head),),
        body=tuple(body),
        notes=(*notes, "Percentages are of the patients whose value is known."),
    )


def _letters(results: Results, table_id: str, between: str) -> dict[str, str]:
    """Return a small letter for each test of the table, in the order they come."""
    tested = {
        row.variable for row in results.select("baseline", model=table_id, group=between) if row.statistic == "p_value"
    }
    rows = results.select("baseline", model=table_id, group=between) if between else []
    tests = dict.fromkeys(row.text for row in rows if row.statistic == "method" and row.variable in tested)
    return dict(zip(tests, ascii_lowercase, strict=False))


def _characteristic(results: Results, factor: Factor, table_id: str, groups: list[str], between: str) -> list[Row]:
    keys = {"model": table_id, "variable": factor.id}
    p_value = [cell(_marked_p(results, table_id, between, factor))] if between else []
    beneath = results.levels_of(f"{factor.id}.described")
    own = {row.level for row in results.select("baseline", **keys)} - {"", *(level.level for level in beneath)}
    if not own:
        kind, texts = _number_face(results, factor, groups, keys)
        rows = [Row((Cell(f"{factor_label(factor)}, {kind}"), *(cell(text) for text in texts), *p_value))]
    else:
        face = "n (%)" if factor.percent else "n"
        rows = [Row((Cell(f"{factor_label(factor)}, {face}"), *(cell("") for _ in groups), *p_value), kind="group")]
    for level in (*(results.levels_of(factor.id) if own else ()), *beneath):
        texts = [_count_face(results, factor, {**keys, "level": level.level, "group": group}) for group in groups]
        indent = 2 if own and level in beneath else 1
        rows.append(Row((Cell(level.label, indent=indent), *(cell(text) for text in texts))))
    missing = [results.text("baseline", "n_missing", group=group, **keys) for group in groups]
    if any(text != "0" for text in missing):
        rows.append(Row((Cell("Missing", indent=1), *(cell(text) for text in missing))))
    return rows


def _marked_p(results: Results, table_id: str, between: str, factor: Factor) -> Text:
    """Return a P value with the letter of its test; nothing for the factor of the groups itself."""
    keys = {"model": table_id, "group": between, "variable": factor.id}
    if results.get("baseline", "method", **keys) is None:
        return ""
    p_value, test = (results.text("baseline", statistic, **keys) for statistic in ("p_value", "method"))
    letter = _letters(results, table_id, between).get(test, "")
    return (Run(p_value), Run(letter, "superscript")) if letter and p_value != "–" else p_value


def _count_face(results: Results, factor: Factor, keys: dict[str, str]) -> str:
    n = results.text("baseline", "n", **keys)
    return f"{n} ({results.text('baseline', 'percent', **keys)})" if factor.percent else n


def _number_face(results: Results, factor: Factor, groups: list[str], keys: dict[str, str]) -> tuple[str, list[str]]:
    """Return how a measured factor is described, and the text for each column."""
    face = FACES[factor.describe or "median-range"]
    kind, names = f"{face.centre} ({face.spread})", face.statistics
    texts: list[str] = []
    for group in groups:
        centre, *spread = (results.text("baseline", name, group=group, **keys) for name in names)
        texts.append(f"{centre} ({format_interval(*spread)})" if len(spread) == 2 else f"{centre} ({spread[0]})")
    return kind, texts


def tabulate_survival(results: Results, protocol: Protocol) -> TableBlock:
    """Return each endpoint in a row: patients, events, median with its interval, survival at the chosen times."""
    times = [
        row.time for row in results.select("survival_at", endpoint=protocol.endpoint[0].id) if row.statistic == "surv"
    ]
    units = {row.endpoint: row.unit for row in results.select("survival") if row.statistic == "median"}
    one_unit = units[protocol.endpoint[0].id]
    head = [Cell("Endpoint"), cell("Patients"), cell("Events, n (%)"), cell(f"Median ({interval_name(protocol)})")]
    head += [cell(f"Survival at {_at(time, one_unit)}, % ({interval_name(protocol)})") for time in times]
    reverse = any(row.level == "reverse-km" for row in results.select("follow_up"))
    head += [cell(f"Median follow-up ({interval_name(protocol)})")] if reverse else []
    body: list[Row] = []
    for endpoint in protocol.endpoint:
        keys = {"endpoint": endpoint.id}
        events = f"{results.text('survival', 'n_event', **keys)} ({results.text('survival', 'percent', **keys)})"
        name = f"{endpoint.label or endpoint.id}, {units[endpoint.id]}"
        cells = [Cell(name), cell(results.text("survival", "n", **keys)), cell(events)]
        cells += [cell(abbreviated(estimate_with_limits(results, "survival", "median", **keys)))]
        cells += [cell(estimate_with_limits(results, "survival_at", "surv", time=time, **keys)) for time in times]
        follow_up = estimate_with_limits(results, "follow_up", "median", level="reverse-km", **keys)
        cells += [cell(abbreviated(follow_up))] if reverse else []
        body.append(Row(tuple(cells)))
    return TableBlock(
        number=0,
        caption="Events and Kaplan–Meier estimates",
        head=(tuple(head),),
        body=tuple(body),
        notes=(_survival_note(protocol, body, reverse=reverse),),
    )


def tabulate_univariable(results: Results, protocol: Protocol, table: Table, table_id: str) -> TableBlock:
    """Return Table II: one row a level; for each endpoint events, median, interval and P side by side."""
    units = {row.endpoint: row.unit for row in results.select("survival") if row.statistic == "median"}
    spans = [Cell(""), Cell("")]
    heads = [Cell("Factor"), cell("n")]
    for endpoint in table.endpoints:
        spans.append(Cell(f"{endpoint} ({units[endpoint]})", align="center", colspan=3))
        heads += [cell("Events"), cell(f"Median ({interval_name(protocol)})"), cell(P_HEAD)]
    body: list[Row] = []
    for name in table.factors:
        body += _univariable_rows(results, protocol.find_factor(name), table, table_id)
    notes: list[Text] = [_univariable_note(results, protocol, table, table_id) + explain_abbreviations(body)]
    return TableBlock(
        0,
        table.caption or f"Univariable analysis of factors associated with {' and '.join(table.endpoints)}",
        (tuple(spans), tuple(heads)),
        tuple(body),
        notes=tuple(notes),
    )


def _at(time: str, unit: str) -> str:
    return f"{time} {unit.removesuffix('s')}" if time == "1" else f"{time} {unit}"


def _survival_note(protocol: Protocol, body: Sequence[Row], *, reverse: bool) -> str:
    follow_up = "Follow-up by the reverse Kaplan–Meier method. " if reverse else ""
    competing = "A competing event counts as censored. " if any(map(has_competing, protocol.endpoint)) else ""
    return f"{follow_up}{competing}CI, confidence interval.{explain_abbreviations(body)}"


def _univariable_note(results: Results, protocol: Protocol, table: Table, table_id: str) -> str:
    lost = {
        (row.variable, row.text)
        for row in results.select("univariable_km", model=table_id)
        if row.statistic == "n_missing" and row.text != "0" and not row.level
    }
    note = f"Kaplan–Meier medians; {note_of_tests(protocol, results, table, table_id)} CI, confidence interval."
    return note + (" Patients whose level is not known are left out of that factor." if lost else "")


def _univariable_rows(results: Results, factor: Factor, table: Table, table_id: str) -> list[Row]:
    keys = {"model": table_id, "variable": factor.id}
    first: list[Cell] = [Cell(factor_label(factor)), cell("")]
    for endpoint in table.endpoints:
        p_value = results.text("univariable_km", "p_value", endpoint=endpoint, **keys)
        first += [cell(""), cell(""), cell(p_value)]
    rows = [Row(tuple(first), kind="group")]
    for level in results.levels_of(factor.id):
        at = {**keys, "level": level.level}
        cells = [Cell(level.label, indent=1)]
        cells += [cell(results.text("univariable_km", "n", endpoint=table.endpoints[0], **at))]
        for endpoint in table.endpoints:
            events = results.text("univariable_km", "n_event", endpoint=endpoint, **at)
            median = estimate_with_limits(results, "univariable_km", "median", endpoint=endpoint, **at)
            cells += [cell(events), cell(abbreviated(median)), cell("")]
        rows.append(Row(tuple(cells)))
    trends = [results.get("univariable_km", "p_value", endpoint=e, level="(trend)", **keys) for e in table.endpoints]
    if any(trends):
        cells = [Cell("Trend", indent=1), cell("")]
        for trend in trends:
            cells += [cell(""), cell(""), cell("–" if trend is None else trend.text)]
        rows.append(Row(tuple(cells)))
    return rows
