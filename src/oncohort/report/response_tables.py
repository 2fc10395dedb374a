"""The tables of response, and of the endpoints under other rules of censoring."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from oncohort.report.document import Cell, Row, TableBlock, Text
from oncohort.report.lettered_tests import letter_notes, letter_tests, lettered_p
from oncohort.report.names import interval_name
from oncohort.report.tables import P_HEAD, abbreviated, cell, estimate_with_limits, explain_abbreviations
from oncohort.study.protocol import Endpoint, Protocol
from oncohort.study.results import Results
from oncohort.study.text import format_interval
from oncohort.study.words import plural

BEST_RESPONSES: Final = {
    "CR": "Complete response",
    "PR": "Partial response",
    "SD": "Stable disease",
    "NON-CR/NON-PD": "Neither complete response nor progressive disease",
    "PD": "Progressive disease",
    "NE": "Not evaluable",
}

SENSITIVITY_RULES: Final = {
    "PAPER": "Censored at last follow-up, whatever visits were missed or therapy followed",
    "FDA_A": "FDA 2007, Table A",
    "NO_MISSED": "Table A, missed visits ignored",
    "NACT_EVENT": "Table A, new anticancer therapy as an event",
    "PD_MIDPOINT": "Table A, progression midway since the last adequate scan",
}
"""The rules of censoring beside the study's own, as a reader sees them."""


def count_and_percent(results: Results, analysis: str, **keys: str) -> str:
    """Return "44 (40.0)", or the count alone where its percentage is masked."""
    n, percent = (results.text(analysis, statistic, **keys) for statistic in ("n", "percent"))
    return n if percent in {"masked", "–"} else f"{n} ({percent})"


def limits_of_rate(results: Results, analysis: str, **keys: str) -> str:
    """Return "30.8–49.8", the limits of a percentage; "masked" or a dash where there are none."""
    low, high = (results.text(analysis, side, **keys) for side in ("conf_low", "conf_high"))
    return low if low in {"masked", "–"} else format_interval(low, high)


def median_and_limits(results: Results, analysis: str, **keys: str) -> str:
    """Return "10.5 (8.7–12.3)" of a median as a cell has room for it; "masked" alone where it is masked."""
    median = results.text(analysis, "median", **keys)
    return median if median == "masked" else abbreviated(estimate_with_limits(results, analysis, "median", **keys))


def outcome_label(protocol: Protocol, outcome: str) -> str:
    """Return an outcome that is made of the best response, with the responses that count.

    Examples
    --------
    >>> from oncohort.study.protocol import Response
    >>> counted = Response(criteria="mRECIST-2010", clinical_benefit=("CR", "PR", "SD"))
    >>> outcome_label(Protocol.model_construct(response=counted), "clinical_benefit")
    'Clinical benefit (CR, PR or SD)'
    """
    if outcome == "objective_response":
        return "Objective response (CR or PR)"
    counted = protocol.response.clinical_benefit if protocol.response else ()
    named = " or ".join(part for part in (", ".join(counted[:-1]), *counted[-1:]) if part)
    return f"Clinical benefit ({named})"


def arms_with_patients(results: Results, protocol: Protocol, analysis: str) -> dict[str, str]:
    """Return the key and label of each arm that has patients."""
    if protocol.arm is None:
        return {}
    named = {f"{protocol.arm.column}={arm.id}": arm.label or arm.id for arm in protocol.arm.levels}
    return {
        key: label for key, label in named.items() if results.text(analysis, "n_total", group=key) not in {"0", "–"}
    }


def tabulate_response(results: Results, protocol: Protocol) -> TableBlock | None:
    """Return best responses, objective response and clinical benefit, whole and by arm; None without response."""
    if protocol.response is None or not results.select("response"):
        return None
    arms = arms_with_patients(results, protocol, "response")
    columns = {"": "All patients", **arms}
    sizes = {group: results.text("response", "n_total", group=group) for group in columns}
    head = [Cell("Response"), *(cell(f"{label} (n = {sizes[group]})") for group, label in columns.items())]
    head += [cell(P_HEAD)] if arms else []
    all_arms = between_arms(protocol) if arms else ""
    letters = letter_tests(results.select("response", group=all_arms)) if arms else {}
    definitions = {"": "Best response"}
    definitions |= {v.id: f"Best response, {inside_sentence(v.label or v.id)}" for v in protocol.response.also_report}
    body: list[Row] = []
    for model, title in definitions.items():
        body += _definition_rows(results, protocol, model, title, list(columns), letters)
    return TableBlock(
        number=0,
        caption="Best overall response",
        head=(tuple(head),),
        body=tuple(body),
        notes=(*letter_notes(letters), *_response_notes(results, protocol, all_arms)),
    )


def between_arms(protocol: Protocol) -> str:
    """Return the key of what is said of all arms together, "" without arms."""
    return "" if protocol.arm is None else f"{protocol.arm.column}=" + "|".join(a.id for a in protocol.arm.levels)


def inside_sentence(label: str) -> str:
    """Return a label as it stands inside a sentence.

    Examples
    --------
    >>> inside_sentence("Combined treatment"), inside_sentence("ECOG PS")
    ('combined treatment', 'ECOG PS')
    """
    return label if label[:2].isupper() else f"{label[:1].lower()}{label[1:]}"


def _definition_rows(
    results: Results, protocol: Protocol, model: str, title: str, groups: list[str], letters: dict[str, str]
) -> Iterator[Row]:
    keys = {"model": model, "variable": "best_response"}
    yield Row((Cell(f"{title}, n (%)"),), kind="group")
    for level, label in BEST_RESPONSES.items():
        texts = [count_and_percent(results, "response", group=group, level=level, **keys) for group in groups]
        if level != "NON-CR/NON-PD" or any(text not in {"0", "0 (0.0)"} for text in texts):
            yield Row((Cell(label, indent=1), *(cell(text) for text in texts)))
    for outcome in ("objective_response", "clinical_benefit"):
        at = {"model": model, "variable": outcome}
        counts = [cell(count_and_percent(results, "response", group=group, **at)) for group in groups]
        p_value = [cell(lettered_p(results, letters, "response", group=between_arms(protocol), **at))]
        limits = [cell(limits_of_rate(results, "response", group=group, **at)) for group in groups]
        label = f"{outcome_label(protocol, outcome)}, n (%)"
        yield Row((Cell(label), *counts, *(p_value if len(groups) > 1 else ())), kind="group")
        yield Row((Cell(interval_name(protocol), indent=1), *limits))


def _response_notes(results: Results, protocol: Protocol, all_arms: str) -> Iterator[Text]:
    assert protocol.response is not None
    intervals = {"clopper-pearson": "Clopper–Pearson", "wilson": "Wilson"}
    method = intervals[str(protocol.settings()["response.conf"].value)]
    yield (
        f"Response by {protocol.response.criteria.replace('-', ' ')}; percentages are of all patients, those not "
        f"evaluable included. CI, confidence interval ({method}); CR, complete response; PR, partial response; "
        "SD, stable disease."
    )
    outside = results.text("response", "n_missing", group=all_arms) if all_arms else "0"
    if outside != "0":
        yield f"In no arm: {plural(outside, 'patient')}, counted with all patients only."
    flips = results.text("response", "n", variable="flips_at_sd_minimum")
    if flips not in {"0", "–"}:
        day = str(protocol.settings()["response.sd_min_days"].value).removeprefix("> ")
        yield f"Of {plural(flips, 'patient')} the best response would differ if stable disease on day {day} counted."


def tabulate_sensitivity(results: Results, protocol: Protocol) -> TableBlock | None:
    """Return each endpoint by the study's own rule of censoring and by the others; None where there are none."""
    endpoints = [endpoint for endpoint in protocol.endpoint if endpoint.sensitivity]
    if not any(results.select("survival", model=rule) for endpoint in endpoints for rule in endpoint.sensitivity):
        return None
    body: list[Row] = []
    for endpoint in endpoints:
        body += _sensitivity_rows(results, endpoint)
    head = (
        Cell("Rule"),
        cell("n"),
        cell("Events, n (%)"),
        cell(f"Median ({interval_name(protocol)})"),
        cell("Other event, n (%)"),
        cell("Other time, n (%)"),
    )
    note = (
        "The last columns count the patients whose event, or whose time, is another one than by the study’s own rule. "
        f"CI, confidence interval.{explain_abbreviations(body)}"
    )
    return TableBlock(0, "Endpoints under other rules of censoring", (head,), tuple(body), notes=(note,))


def _sensitivity_rows(results: Results, endpoint: Endpoint) -> Iterator[Row]:
    own = results.get("survival", "median", endpoint=endpoint.id)
    unit = f", {own.unit}" if own else ""
    yield Row((Cell(f"{endpoint.label or endpoint.id}{unit}"),), kind="group")
    for rule in ("", *endpoint.sensitivity):
        keys = {"model": rule, "endpoint": endpoint.id}
        n, events, percent = (results.text("survival", name, **keys) for name in ("n", "n_event", "percent"))
        label = SENSITIVITY_RULES[rule] if rule else "The study’s own"
        changed = [
            count_and_percent(results, "survival", variable=variable, **keys) if rule else ""
            for variable in ("changed_event", "changed_time")
        ]
        counted = events if percent in {"masked", "–"} else f"{events} ({percent})"
        texts = (n, counted, median_and_limits(results, "survival", **keys), *changed)
        yield Row((Cell(label, indent=1), *(cell(text) for text in texts)))
