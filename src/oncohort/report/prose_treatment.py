"""Response, comparisons, beyond progression, landmarks and sensitivity in sentences; every number is looked up."""

from __future__ import annotations

from typing import Final

from oncohort.analysis.landmark import named_landmarks
from oncohort.report.comparison_tables import (
    COUNTED,
    analysis_name,
    compared_label,
    groups_compared,
    key_of_all,
    outcomes_compared,
    row_name,
    told_beyond,
)
from oncohort.report.names import endpoint_label, interval_name, listed, p_phrase
from oncohort.report.response_tables import (
    SENSITIVITY_RULES,
    arms_with_patients,
    between_arms,
    inside_sentence,
    limits_of_rate,
    outcome_label,
)
from oncohort.study.protocol import Comparison, Landmark, Protocol
from oncohort.study.results import Results
from oncohort.study.text import NOT_REACHED, format_interval
from oncohort.study.words import plural

_IN_WORDS: Final = {
    "CR": "a complete response",
    "PR": "a partial response",
    "SD": "stable disease",
    "NON-CR/NON-PD": "neither complete response nor progressive disease",
    "PD": "progressive disease",
    "NE": "not evaluable",
}


def phrase_response(protocol: Protocol, results: Results) -> str:
    """Return best responses, both rates with their limits, clinical benefit by arm, and what another definition says.

    "" without response.
    """
    if protocol.response is None or not results.select("response"):
        return ""
    classes = [
        f"{words} in {_count(results, 'response', variable='best_response', level=level)}"
        for level, words in _IN_WORDS.items()
        if results.text("response", "n", variable="best_response", level=level) not in {"0", "–"}
    ]
    told = [f"The best response was {listed(classes)}."] if classes else []
    told += [_rate(protocol, results, outcome, "") for outcome in ("objective_response", "clinical_benefit")]
    told.append(_benefit_by_arm(protocol, results))
    for variant in protocol.response.also_report:
        label = inside_sentence(variant.label or variant.id)
        sentence = _rate(protocol, results, "clinical_benefit", variant.id)
        told.append(f"Counting {label}, {sentence[0].lower()}{sentence[1:]}")
    return " ".join(part for part in (*told, _duration(protocol, results)) if part)


def _count(results: Results, analysis: str, **keys: str) -> str:
    """Return "44 patients (40.0%)", without the percentage where it is masked."""
    n, percent = (results.text(analysis, statistic, **keys) for statistic in ("n", "percent"))
    return plural(n, "patient") if percent in {"masked", "–"} else f"{plural(n, 'patient')} ({percent}%)"


def _rate(protocol: Protocol, results: Results, outcome: str, model: str) -> str:
    keys = {"model": model, "variable": outcome}
    n, percent, total = (
        results.text("response", "n", **keys),
        results.text("response", "percent", **keys),
        results.text("response", "n_total", model=model),
    )
    label = outcome_label(protocol, outcome)
    said = f"{label} was seen in {n} of {plural(total, 'patient')}"
    if percent in {"masked", "–"}:
        return f"{said}."
    return f"{said} ({percent}%; {interval_name(protocol)} {limits_of_rate(results, 'response', **keys)})."


def _benefit_by_arm(protocol: Protocol, results: Results) -> str:
    arms = arms_with_patients(results, protocol, "response")
    test = results.get("response", "p_value", group=between_arms(protocol), variable="clinical_benefit")
    if len(arms) < 2 or test is None:
        return ""
    rates = [
        f"{_of_total(results, 'response', {}, group, variable='clinical_benefit')} with {inside_sentence(label)}"
        for group, label in arms.items()
    ]
    return f"By treatment received, clinical benefit was seen in {listed(rates)} ({p_phrase(test.text)})."


def _of_total(results: Results, analysis: str, model: dict[str, str], group: str, *, variable: str) -> str:
    """Return "32 of 40 (80.0%)"."""
    keys = {**model, "group": group}
    n, percent = (results.text(analysis, name, variable=variable, **keys) for name in ("n", "percent"))
    total = results.text(analysis, "n_total", **keys)
    return f"{n} of {total}" if percent in {"masked", "–"} else f"{n} of {total} ({percent}%)"


def _among(protocol: Protocol, name: str, label: str) -> str:
    """Return "with TACE" of an arm, "in the group male" of another group."""
    factor = next((factor for factor in protocol.factor if factor.id == name), None)
    column = factor.column if factor else name
    is_arm = protocol.arm is not None and column == protocol.arm.column
    return f"{'with' if is_arm else 'in the group'} {inside_sentence(label)}"


def _medians_of(protocol: Protocol, results: Results, name: str, keys: dict[str, str]) -> list[str]:
    """Return the median of each group of a factor or comparison that has one to tell."""
    by = row_name(protocol, name)
    told: list[str] = []
    for level in results.levels_of(name):
        at = {**keys, "group": f"{by}={level.level}"}
        if results.text("comparison", "median", **at) not in {"–", "masked"}:
            told.append(f"{_median(protocol, results, 'comparison', **at)} {_among(protocol, by, level.label)}")
    return told


def _duration(protocol: Protocol, results: Results) -> str:
    """Return when responders first responded, and how long that lasted."""
    keys = {"variable": "time_to_response"}
    median = results.get("response", "median", **keys)
    if median is None or median.value is None:
        return ""
    low, high = (results.text("response", side, **keys) for side in ("min", "max"))
    told = f"Median time to response was {median.text} {median.unit} (range {format_interval(low, high)})"
    lasted = [r for r in results.select("response", variable="response_duration") if r.statistic == "median"]
    for row in lasted:
        told += f"; median duration of response was {_median(protocol, results, 'response', **_keys(row))}"
    return f"{told}."


def _keys(row: object) -> dict[str, str]:
    return {name: getattr(row, name) for name in ("model", "endpoint", "group", "variable", "time")}


def _median(protocol: Protocol, results: Results, analysis: str, **keys: str) -> str:
    """Return "10.5 months (95% CI 8.7–12.3)", or "not reached", with the limits that there are."""
    row = results.get(analysis, "median", **keys)
    if row is None or row.text == "masked":
        return "not shown"
    low, high = (results.text(analysis, side, **keys) for side in ("conf_low", "conf_high"))
    median = row.text if row.text == NOT_REACHED else f"{row.text} {row.unit}"
    return median if low == high else f"{median} ({interval_name(protocol)} {format_interval(low, high)})"


def phrase_comparison(protocol: Protocol, results: Results, comparison: Comparison) -> str:
    """Return one sentence for each outcome of a comparison, with its groups and its test; "" where it has no rows."""
    told: list[str] = []
    for outcome in outcomes_compared(results, comparison):
        make = _counted if outcome in COUNTED else _survival
        told.append(make(protocol, results, comparison, outcome))
    return " ".join(sentence for sentence in told if sentence)


def _counted(protocol: Protocol, results: Results, comparison: Comparison, outcome: str) -> str:
    model = {"model": comparison.id}
    rates = [
        f"{_of_total(results, 'comparison', model, group, variable=outcome)} {_among(protocol, comparison.by, label)}"
        for group, label in groups_compared(results, comparison).items()
        if results.text("comparison", "n_total", group=group, **model) not in {"–", "0"}
    ]
    if not rates:
        return ""
    at = {**model, "variable": outcome, "group": key_of_all(protocol, results, comparison.id)}
    return f"{outcome_label(protocol, outcome)} was seen in {listed(rates)}{_test(results, 'comparison', at)}."


def _test(results: Results, analysis: str, keys: dict[str, str]) -> str:
    p_value = results.text(analysis, "p_value", **keys)
    return "" if p_value in {"–", "masked"} else f" ({p_phrase(p_value)})"


def _survival(protocol: Protocol, results: Results, comparison: Comparison, outcome: str) -> str:
    keys = {"model": comparison.id, "endpoint": outcome}
    medians = _medians_of(protocol, results, comparison.id, keys)
    if not medians:
        return ""
    at = {**keys, "group": key_of_all(protocol, results, comparison.id)}
    return f"Median {endpoint_label(protocol, outcome)} was {listed(medians)}{_test(results, 'comparison', at)}."


def phrase_beyond_progression(protocol: Protocol, results: Results) -> str:
    """Return what each analysis beyond progression says, and why the first is not to be believed; "" without any."""
    rows = [row for row in results.select("beyond_progression") if row.statistic == "estimate"]
    told: list[str] = []
    for row in rows:
        keys = {name: value for name, value in _keys(row).items() if name != "group"}
        at = {**keys, "group": row.group}
        name = analysis_name(protocol, row.variable, row.time)
        p_value = _test(results, "beyond_progression", at).removeprefix(" (").removesuffix(")")
        low, high = (results.text("beyond_progression", side, **at) for side in ("conf_low", "conf_high"))
        if row.value is None or low == high:
            told.append(f"{name}: hazard ratio {row.text}")
            continue
        limits = f"{interval_name(protocol)} {format_interval(low, high)}"
        told.append(f"{name}: hazard ratio {row.text} ({', '.join(part for part in (limits, p_value) if part)})")
    if not told:
        return ""
    opening = "Patients who continued the drug beyond progression were compared with those who did not."
    warning = (
        "Time from the first dose favors those who continued, who had to live until progression and past it to be "
        "counted so; that estimate is descriptive only."
    )
    return f"{opening} {'. '.join(told)}. {warning}"


def phrase_landmarks(protocol: Protocol, results: Results) -> str:
    """Return one sentence for each landmark: who is left, the medians from it on, and the test; "" without any."""
    told: list[str] = []
    for landmark_id, landmark in named_landmarks(protocol).items():
        rows = results.select("comparison", model=landmark_id, variable="landmark")
        if told_beyond(results, landmark):
            continue
        days = [row.time for row in rows if row.statistic == "n_total" and row.text != "0"]
        told += [_landmark(protocol, results, landmark_id, landmark, day) for day in days]
    return " ".join(told)


def _landmark(protocol: Protocol, results: Results, landmark_id: str, landmark: Landmark, day: str) -> str:
    keys = {"model": landmark_id, "endpoint": landmark.endpoint, "variable": "landmark", "time": day}
    everyone = {**keys, "group": key_of_all(protocol, results, landmark.of)}
    medians = _medians_of(protocol, results, landmark.of, keys)
    after = f"{plural(day, 'day')} after progression" if landmark.origin == "progression" else f"day {day}"
    n, total = results.text("comparison", "n", **everyone), results.text("comparison", "n_total", **keys)
    name, label = endpoint_label(protocol, landmark.endpoint), inside_sentence(compared_label(protocol, landmark.of))
    opening = f"From {after} on, {n} of {plural(total, 'patient')} could be compared by {label}"
    if not medians:
        return f"{opening}."
    return f"{opening}; median {name} was {listed(medians)}{_test(results, 'comparison', everyone)}."


def phrase_sensitivity(protocol: Protocol, results: Results) -> str:
    """Return the median of each endpoint by the study's own rule of censoring and by the others; "" without others."""
    told: list[str] = []
    for endpoint in protocol.endpoint:
        medians = [
            f"{_median(protocol, results, 'survival', model=rule, endpoint=endpoint.id)} by “{SENSITIVITY_RULES[rule]}”"
            for rule in endpoint.sensitivity
            if results.text("survival", "median", model=rule, endpoint=endpoint.id) not in {"–", "masked"}
        ]
        if medians:
            own = f"{_median(protocol, results, 'survival', endpoint=endpoint.id)} by the study’s own rule of censoring"
            told.append(f"Median {endpoint_label(protocol, endpoint.id)} was {listed([own, *medians], separator=';')}.")
    return " ".join(told)
