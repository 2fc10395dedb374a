"""The main numbers of a study under two profiles: which they are, what each is called, and how both are written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from oncohort.report.comparison_tables import analysis_name, title_of
from oncohort.report.names import factor_label, interval_name, level_label, model_title
from oncohort.report.rank_names import rank_test_name
from oncohort.report.response_tables import (
    BEST_RESPONSES,
    count_and_percent,
    inside_sentence,
    limits_of_rate,
    median_and_limits,
    outcome_label,
)
from oncohort.report.safety_tables import grade_head, severe_column
from oncohort.report.tables import FACES, estimate_with_limits
from oncohort.study.beside import TOGETHER, Beside, Pair, verdict_of
from oncohort.study.protocol import Protocol
from oncohort.study.results import KEYS, Results, Row
from oncohort.study.text import NOT_REACHED, format_interval, format_number

Keys: TypeAlias = dict[str, str]


@dataclass(frozen=True, slots=True)
class MainNumber:
    """One number for a reader, under both profiles, and the choices that change it, by their keys in the profiles."""

    heading: str
    label: str
    here: str
    beside: str
    causes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Asked:
    """Results to be written, of either profile, with the digits of the study's own ratios."""

    protocol: Protocol
    results: Results

    @property
    def digits(self) -> int:
        return int(str(self.protocol.settings()["report.ratio_digits"].value))


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of main number: of which rows it is made, what it is called, and how it is written.

    The first of ``statistics`` makes a number of a row for which ``holds``; its causes are those of all of them.
    """

    heading: str
    analysis: str
    statistics: tuple[str, ...]
    label: Callable[[_Asked, Row], str]
    write: Callable[[_Asked, Row], str]
    holds: Callable[[_Asked, Row], bool] = lambda _, row: not row.group


def main_numbers(protocol: Protocol, own: Results, other: Beside) -> list[MainNumber]:
    """Return the main numbers that a reader sees otherwise under another profile, in the order of the report."""
    here, there = _Asked(protocol, own), _Asked(protocol, other.results)
    causes = _Causes({pair.row.key(): pair for pair in other.pairs}, [s.difference.key for s in other.switches])
    pairs = sorted(other.pairs, key=lambda pair: _place(protocol, pair.row))
    found: list[MainNumber] = []
    for kind in _KINDS:
        for pair in pairs:
            row = pair.row
            if (row.analysis, row.statistic) != (kind.analysis, kind.statistics[0]) or not kind.holds(here, row):
                continue
            number = MainNumber(
                kind.heading.format(interval=interval_name(protocol), test=rank_test_name(protocol)),
                kind.label(here if pair.here else there, row),
                kind.write(here, row),
                kind.write(there, row),
                causes.of(row, kind.statistics),
            )
            if number.here != number.beside and number not in found:
                found.append(number)
    return found


@dataclass(frozen=True, slots=True)
class _Causes:
    """Which choices change what; ``order`` are all of them as the report lists them."""

    by_key: Mapping[tuple[str, ...], Pair]
    order: Sequence[str]

    def of(self, row: Row, statistics: tuple[str, ...]) -> tuple[str, ...]:
        keys = [(*row.key()[:-1], statistic) for statistic in statistics]
        pairs = [self.by_key[key] for key in keys if key in self.by_key]
        alone = {cause for pair in pairs if verdict_of(pair) != "equal" for cause in pair.alone}
        return tuple(cause for cause in self.order if cause in alone) or (TOGETHER,)


def _place(protocol: Protocol, row: Row) -> tuple[int, int]:
    """Return where a row stands among those of its kind: by models, then by factors, as the protocol lists them."""
    models = {model.id: (place, model.factors) for place, model in enumerate(protocol.model)}
    place, factors = models.get(row.model, (-1, ()))
    return place, factors.index(row.variable) if row.variable in factors else -1


def _keys(row: Row) -> Keys:
    return {name: getattr(row, name) for name in KEYS if name not in {"analysis", "statistic", "population"}}


def _text(asked: _Asked, row: Row) -> str:
    return asked.results.text(row.analysis, row.statistic, **_keys(row))


def _count(asked: _Asked, row: Row) -> str:
    return count_and_percent(asked.results, row.analysis, **_keys(row))


def _events(asked: _Asked, row: Row) -> str:
    n, percent = (asked.results.text(row.analysis, name, **_keys(row)) for name in ("n_event", "percent"))
    return n if percent in {"masked", "–"} else f"{n} ({percent})"


def _median(asked: _Asked, row: Row) -> str:
    return median_and_limits(asked.results, row.analysis, **_keys(row))


def _survival(asked: _Asked, row: Row) -> str:
    return estimate_with_limits(asked.results, row.analysis, "surv", **_keys(row))


def _rate(asked: _Asked, row: Row) -> str:
    count, limits = _count(asked, row), limits_of_rate(asked.results, row.analysis, **_keys(row))
    return count if limits in {"masked", "–"} else f"{count}; {limits}"


def _spread(asked: _Asked, row: Row) -> str:
    """Return a median with what the study describes beside it: the range, or the quartiles."""
    _, *names = FACES[_face(asked.protocol, row)].statistics
    centre, *spread = (asked.results.text(row.analysis, name, **_keys(row)) for name in ("median", *names))
    return f"{centre} ({format_interval(*spread)})" if centre != "–" else centre


def _face(protocol: Protocol, row: Row) -> str:
    described = next((factor.describe for factor in protocol.factor if factor.id == row.variable), None)
    return described if described in {"median-range", "median-quartiles"} else "median-range"


def _ratio(asked: _Asked, row: Row) -> str:
    """Return a ratio with limits and P, with the study's own digits under either profile."""
    rows = [asked.results.get(row.analysis, name, **_keys(row)) for name in ("estimate", "conf_low", "conf_high")]
    if not all(rows):
        return "–"
    estimate, low, high = (
        found.text if found.value is None or found.text in _IN_WORDS else format_number(found.value, asked.digits)
        for found in rows
        if found is not None
    )
    if estimate in _IN_WORDS:
        return estimate
    p_value = asked.results.text(row.analysis, "p_value", **_keys(row))
    return f"{estimate} ({format_interval(low, high)})" + ("" if p_value == "–" else f", {p_value}")


_IN_WORDS: Final = frozenset({"not estimable", "masked", NOT_REACHED})


def _flow_label(asked: _Asked, row: Row) -> str:
    if not row.variable:
        return row.level.capitalize()
    if row.variable == "treated_ineligible":
        criterion = level_label(asked.results, "flow.treated_ineligible", row.level)
        return "Treated although not eligible" + (f": {inside_sentence(criterion)}" if criterion else "")
    reason = level_label(asked.results, "flow", row.variable)
    if row.level == "excluded":
        return reason
    return f"{reason}: {inside_sentence(level_label(asked.results, f'flow.{row.variable}', row.level))}"


def _factor_level(asked: _Asked, row: Row) -> str:
    label = factor_label(asked.protocol.find_factor(row.variable))
    return f"{label}: {level_label(asked.results, row.variable, row.level)}" if row.level else label


def _endpoint(asked: _Asked, row: Row) -> str:
    return asked.protocol.find_endpoint(row.endpoint).label or row.endpoint


def _interval(asked: _Asked) -> str:
    return interval_name(asked.protocol)


def _compared(asked: _Asked, row: Row) -> str:
    comparison = asked.protocol.find_comparison(row.model)
    assert comparison is not None
    title = title_of(asked.results, asked.protocol, comparison)
    outcome = _endpoint(asked, row) if row.endpoint else outcome_label(asked.protocol, row.variable)
    return f"{outcome} by {title}"


def _at_time(asked: _Asked, row: Row) -> str:
    median = asked.results.get("survival", "median", endpoint=row.endpoint)
    unit = f" {median.unit}" if median else ""
    return f"{_endpoint(asked, row)}, survival at {row.time}{unit}, % ({_interval(asked)})"


def _follow_up_label(asked: _Asked, row: Row) -> str:
    method = {"observed": "observed", "reverse-km": f"reverse Kaplan–Meier ({_interval(asked)})"}[row.level]
    return f"Follow-up for {inside_sentence(_endpoint(asked, row))}, median, {row.unit}, {method}"


def _in_model(asked: _Asked, row: Row) -> str:
    model = next(model for model in asked.protocol.model if model.id == row.model)
    return f"{model_title(asked.protocol, model)}: {_factor_level(asked, row)}"


def _is_test_of_all(asked: _Asked, row: Row) -> bool:
    comparison = asked.protocol.find_comparison(row.model)
    outcomes = {"", "objective_response", "clinical_benefit"}
    return comparison is not None and row.group.count("|") == len(comparison.groups) - 1 and row.variable in outcomes


def _is_counted_event(asked: _Asked, row: Row) -> bool:
    shown = {"any", severe_column(asked.protocol)}
    return not row.group and row.level in shown and not row.variable.startswith("lab_")


def _is_worse_lab(_: _Asked, row: Row) -> bool:
    return not row.group and row.variable.startswith("lab_") and row.level in {"emergent", "emergent_3-4"}


def _lab_label(asked: _Asked, row: Row) -> str:
    grade = "any grade" if row.level == "emergent" else "grade 3–4"
    return f"{level_label(asked.results, 'laboratory', row.variable)} worse than at baseline, {grade}, n (%)"


def _incidence_label(asked: _Asked, row: Row) -> str:
    """Return the endpoint, or what competes with it, with the unit of its times."""
    name = _endpoint(asked, row)
    return f"{name}, cumulative incidence" if row.level == "event" else f"{name}, competing events"


_LIMITS: Final = ("conf_low", "conf_high")
_KINDS: Final = (
    _Kind("Patients", "flow", ("n",), lambda a, r: f"{_flow_label(a, r)}, n", _text),
    _Kind(
        "Patients",
        "baseline",
        ("n", "percent"),
        lambda a, r: f"{_factor_level(a, r)}, n (%)",
        _count,
        lambda _, r: not r.group and bool(r.level),
    ),
    _Kind(
        "Patients",
        "baseline",
        ("median", "min", "max", "q1", "q3"),
        lambda a, r: f"{_factor_level(a, r)}, median ({FACES[_face(a.protocol, r)].spread})",
        _spread,
    ),
    _Kind(
        "Response",
        "response",
        ("n", "percent"),
        lambda _, r: f"{BEST_RESPONSES.get(r.level, r.level)}, n (%)",
        _count,
        lambda _, r: not r.group and not r.model and r.variable == "best_response" and bool(r.level),
    ),
    _Kind(
        "Response",
        "response",
        ("n", "percent", *_LIMITS),
        lambda a, r: f"{outcome_label(a.protocol, r.variable)}, n (%); {_interval(a)}",
        _rate,
        lambda _, r: not r.group and not r.model and r.variable in {"objective_response", "clinical_benefit"},
    ),
    _Kind(
        "Follow-up and survival",
        "follow_up",
        ("median", *_LIMITS),
        _follow_up_label,
        lambda a, r: _median(a, r) if r.level == "reverse-km" else _text(a, r),
    ),
    _Kind(
        "Follow-up and survival",
        "survival",
        ("n_event", "percent"),
        lambda a, r: f"{_endpoint(a, r)}, events, n (%)",
        _events,
        lambda _, r: not r.model,
    ),
    _Kind(
        "Follow-up and survival",
        "survival",
        ("median", *_LIMITS),
        lambda a, r: f"{_endpoint(a, r)}, median, {r.unit} ({_interval(a)})",
        _median,
        lambda _, r: not r.model,
    ),
    _Kind(
        "Follow-up and survival",
        "survival_at",
        ("surv", *_LIMITS),
        _at_time,
        _survival,
    ),
    _Kind(
        "Competing events",
        "incidence",
        ("incidence", *_LIMITS),
        lambda a, r: f"{_incidence_label(a, r)} at {r.time}, % ({_interval(a)})",
        lambda a, r: estimate_with_limits(a.results, r.analysis, "incidence", **_keys(r)),
    ),
    _Kind("Comparisons of groups: P", "comparison", ("p_value",), _compared, _text, _is_test_of_all),
    _Kind(
        "Beyond progression: hazard ratio ({interval}), P",
        "beyond_progression",
        ("estimate", *_LIMITS, "p_value"),
        lambda a, r: f"{_endpoint(a, r)}: {inside_sentence(analysis_name(a.protocol, r.variable, r.time))}",
        _ratio,
        lambda _, r: "|" in r.group,
    ),
    _Kind(
        "Univariable analysis: {test} P",
        "univariable_km",
        ("p_value",),
        lambda a, r: f"{r.endpoint}: {_factor_level(a, r)}",
        _text,
        lambda _, r: not r.group and not r.level,
    ),
    _Kind(
        "Multivariable analysis: hazard ratio ({interval}), P",
        "multivariable_cox",
        ("estimate", *_LIMITS, "p_value"),
        _in_model,
        _ratio,
    ),
    _Kind(
        "Fine–Gray models: subdistribution hazard ratio ({interval}), P",
        "fine_gray",
        ("estimate", *_LIMITS, "p_value"),
        _in_model,
        _ratio,
    ),
    _Kind(
        "Adverse events",
        "safety",
        ("n", "percent"),
        lambda a, r: (
            f"{level_label(a.results, 'adverse_event', r.variable)}, {inside_sentence(grade_head(r.level))}, n (%)"
        ),
        _count,
        _is_counted_event,
    ),
    _Kind("Adverse events", "safety", ("n", "percent"), _lab_label, _count, _is_worse_lab),
    _Kind(
        "Treatment",
        "exposure",
        ("median", "min", "max"),
        lambda _, r: f"Time under the drug, median (range), {r.unit}",
        _spread,
        lambda _, r: not r.group and r.variable == "treatment_duration",
    ),
)
"""The kinds of main numbers in the order of the report. A level, term or test between parts stands in profiles.csv."""


def headings(numbers: list[MainNumber]) -> Iterator[tuple[str, list[MainNumber]]]:
    """Yield the numbers below their headings."""
    for heading in dict.fromkeys(number.heading for number in numbers):
        yield heading, [number for number in numbers if number.heading == heading]
