"""The tables of the course of treatment: exposure, deaths, adherence to the protocol, recorded against derived."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from oncohort.report.document import Cell, Row, TableBlock
from oncohort.report.names import interval_name
from oncohort.report.response_tables import arms_with_patients, count_and_percent, limits_of_rate
from oncohort.report.safety_tables import (
    armless,
    text_row,
)
from oncohort.report.tables import cell
from oncohort.study.protocol import Exposure, Protocol
from oncohort.study.results import LevelRow, Results
from oncohort.study.text import format_interval

OCCASIONS: Final = "occasions"
KIND_LABELS: Final = {
    "response": "Response of an assessment",
    "eligibility": "Verdict of a criterion",
    "grade": "Grade of a laboratory adverse event",
    "dose_state": "Dose state",
    "child_pugh": "Child-Pugh class at baseline",
}
"""What was compared, for a kind of reconciliation."""

_NOTHING: Final = frozenset({"0", "–"})
_RANGE: Final = ("median", "min", "max")
_LONGEST_RULE: Final = 110
_NO_RULE: Final = LevelRow("adherence.rule", "", "", 0, reference=False)


@dataclass(frozen=True, slots=True)
class _Columns:
    """The columns of a table: for the group of each ("" for all patients), its name with its number of patients."""

    results: Results
    analysis: str
    names: dict[str, str]

    @property
    def head(self) -> tuple[Cell, ...]:
        sizes = {group: self.results.text(self.analysis, "n_total", group=group) for group in self.names}
        return tuple(cell(f"{name} (n = {sizes[group]})") for group, name in self.names.items())


def tabulate_exposure(results: Results, protocol: Protocol) -> TableBlock | None:
    """Return time under the drug, doses, why it ended, and procedures, whole and by arm; None without them."""
    if protocol.exposure is None or not results.select("exposure"):
        return None
    columns = _columns(results, protocol, "exposure")
    body = [
        *_measured(columns, "treatment_duration", f"Time under the drug, {protocol.exposure.duration}"),
        *_measured(columns, "relative_dose_intensity", "Relative dose intensity, %"),
        *_dose_rows(columns),
        *_stop_rows(columns, protocol.exposure),
    ]
    for procedure in protocol.procedure:
        body += _session_rows(columns, f"n_{procedure.id.lower()}", procedure.label or procedure.id)
    note = (
        "Percentages are of the patients of whom it is known; those of restored doses and of reasons of an early "
        "stop are of the patients of the row above. Relative dose intensity is the dose taken, in percent of the "
        f"full dose on all days of treatment, pauses included.{armless(results, protocol, 'exposure')}"
    )
    return TableBlock(
        number=0,
        caption="Treatment",
        head=((Cell(""), *columns.head),),
        body=tuple(body),
        notes=(note,),
    )


def tabulate_deaths(results: Results, protocol: Protocol) -> TableBlock | None:
    """Return the deaths by cause, whole and by arm; None where nobody died."""
    if results.text("deaths", "n_event") in _NOTHING:
        return None
    columns = _columns(results, protocol, "deaths")
    totals = [_event_share(results, "deaths", group=group) for group in columns.names]
    body = [text_row("Died, n (%)", totals, kind="group")]
    for cause in results.levels_of("deaths.death_cause"):
        keys = {"variable": "death_cause", "level": cause.level}
        if results.text("deaths", "n", **keys) not in _NOTHING:
            body.append(_counted_row(columns, cause.label, keys, indent=1))
    note = "Percentages are of all patients of the column, not of the dead."
    return TableBlock(
        number=0,
        caption="Deaths by cause",
        head=((Cell("Cause"), *columns.head),),
        body=tuple(body),
        notes=(f"{note}{armless(results, protocol, 'deaths')}",),
    )


def tabulate_adherence(results: Results, protocol: Protocol) -> TableBlock | None:
    """Return a row for each rule: what it says and how often it was kept; None where none was judged."""
    rules = results.levels_of("adherence.rule")
    if not rules:
        return None
    names = (
        "Patients assessed",
        f"Occasions kept of assessed, % ({interval_name(protocol)})",
        f"Patients who kept it, % ({interval_name(protocol)})",
        "Occasions broken (patients)",
        "Occasions not assessable",
        "Days late, median (range)",
    )
    note = (
        "A rule is assessed on an occasion to which it applies if the records say whether it was kept. A patient "
        "who broke it once has not kept it. Days late are those until what was asked for was done, where it was "
        "not done at once. Limits by Clopper and Pearson; occasions of one patient are not independent. CI, "
        "confidence interval."
    )
    return TableBlock(
        number=0,
        caption="Adherence to the protocol",
        head=((Cell("Rule"), Cell("What the protocol says"), *(cell(name) for name in names)),),
        body=tuple(_rule_row(results, rule) for rule in (*rules, _NO_RULE)),
        notes=(note,),
    )


def tabulate_reconciliation(results: Results, protocol: Protocol) -> TableBlock | None:
    """Return how many recorded values agree with the derived ones, by kind; None where none could be compared."""
    del protocol
    kinds = dict.fromkeys(row.variable for row in results.select("reconciliation") if row.variable)
    if not kinds:
        return None
    body = [text_row(kind_label(kind), _compared(results, kind)) for kind in kinds]
    body.append(text_row("All recorded values", _compared(results, ""), kind="total"))
    names = ("Patients", "Values compared", "Agree, n (%)", "Differ, n (%)")
    return TableBlock(
        number=0,
        caption="Recorded values beside derived ones",
        head=((Cell("Recorded value"), *(cell(name) for name in names)),),
        body=tuple(body),
        notes=("Values of the analyzed patients that are both recorded and derived; each difference is a finding.",),
    )


def kind_label(kind: str) -> str:
    """Return what was compared, as a reader sees it.

    Examples
    --------
    >>> kind_label("dose_state"), kind_label("best_response")
    ('Dose state', 'Best response')
    """
    return KIND_LABELS.get(kind, kind.replace("_", " ").capitalize())


def spread_of(results: Results, analysis: str, statistics: tuple[str, str, str], **keys: str) -> str:
    """Return "6.5 (1.5–18.0)" of a middle and two bounds; "masked" and "–" stand alone."""
    middle, low, high = (results.text(analysis, statistic, **keys) for statistic in statistics)
    return middle if middle in {"masked", "–"} else f"{middle} ({format_interval(low, high)})"


def _columns(results: Results, protocol: Protocol, analysis: str) -> _Columns:
    """Return all patients and the arms; a single arm has no column of its own."""
    arms = arms_with_patients(results, protocol, analysis)
    return _Columns(results, analysis, {"": "All patients", **(arms if len(arms) > 1 else {})})


def _event_share(results: Results, analysis: str, **keys: str) -> str:
    """Return "58 (52.7)" of what is counted as ``n_event``."""
    n, percent = (results.text(analysis, statistic, **keys) for statistic in ("n_event", "percent"))
    return n if percent in {"masked", "–"} else f"{n} ({percent})"


def _counted_row(columns: _Columns, label: str, keys: dict[str, str], *, indent: int = 0) -> Row:
    texts = [count_and_percent(columns.results, columns.analysis, group=group, **keys) for group in columns.names]
    return text_row(label, texts, indent=indent)


def _text_row(columns: _Columns, label: str, statistic: str, keys: dict[str, str]) -> Row:
    texts = [columns.results.text(columns.analysis, statistic, group=group, **keys) for group in columns.names]
    return text_row(label, texts, indent=1)


def _spread_row(columns: _Columns, label: str, statistics: tuple[str, str, str], variable: str) -> Row:
    texts = [
        spread_of(columns.results, columns.analysis, statistics, group=group, variable=variable)
        for group in columns.names
    ]
    return text_row(label, texts, indent=1)


def _is_known(columns: _Columns, variable: str) -> bool:
    return columns.results.text(columns.analysis, "n", variable=variable) not in _NOTHING


def _missing(columns: _Columns, variable: str) -> Iterator[Row]:
    row = _text_row(columns, "Not known", "n_missing", {"variable": variable})
    if any(part.text not in _NOTHING for part in row.cells[1:]):
        yield row


def _measured(columns: _Columns, variable: str, label: str) -> Iterator[Row]:
    """Yield median with quartiles, and range; nothing where no patient has a value."""
    if _is_known(columns, variable):
        yield Row((Cell(label),), kind="group")
        yield _spread_row(columns, "Median (quartiles)", ("median", "q1", "q3"), variable)
        yield _spread_row(columns, "Median (range)", _RANGE, variable)
        yield from _missing(columns, variable)


def _dose_rows(columns: _Columns) -> Iterator[Row]:
    if _is_known(columns, "dose_reduced"):
        yield _counted_row(columns, "Dose reduced, n (%)", _yes("dose_reduced"))
        if _is_known(columns, "dose_restored"):
            yield _counted_row(columns, "Dose restored, n (%)", _yes("dose_restored"), indent=1)
        if _is_known(columns, "days_to_return"):
            yield _spread_row(columns, "Days until then, median (range)", _RANGE, "days_to_return")
        yield from _missing(columns, "dose_reduced")
    if _is_known(columns, "dose_interrupted"):
        yield _counted_row(columns, "Drug interrupted, n (%)", _yes("dose_interrupted"))
        yield from _missing(columns, "dose_interrupted")


def _yes(variable: str) -> dict[str, str]:
    return {"variable": variable, "level": "Y"}


def _stop_rows(columns: _Columns, exposure: Exposure) -> Iterator[Row]:
    if exposure.early_stop_weeks is not None and _is_known(columns, "early_stop"):
        weeks = format_interval(*map(str, exposure.early_stop_weeks))
        yield _counted_row(columns, f"Stopped for an adverse event in weeks {weeks}, n (%)", _yes("early_stop"))
        yield from _reasons(columns, "early_stop_reason")
        yield from _missing(columns, "early_stop")
    yield Row((Cell("Why the drug ended, n (%)"),), kind="group")
    yield from _reasons(columns, "stop_reason")


def _reasons(columns: _Columns, variable: str) -> Iterator[Row]:
    """Yield the reasons that somebody has."""
    for reason in columns.results.levels_of(f"exposure.{variable}"):
        keys = {"variable": variable, "level": reason.level}
        if columns.results.text("exposure", "n", **keys) not in _NOTHING:
            yield _counted_row(columns, reason.label, keys, indent=1)


def _session_rows(columns: _Columns, variable: str, label: str) -> Iterator[Row]:
    if not _is_known(columns, variable):
        return
    yield _counted_row(columns, f"{label}, n (%)", {"variable": variable, "level": "any"})
    found = columns.results.select("exposure", variable=variable, group="")
    for level in (row.level for row in found if row.statistic == "n" and row.level.isdigit() and row.level != "0"):
        name = "1 session" if level == "1" else f"{level} sessions"
        yield _counted_row(columns, name, {"variable": variable, "level": level}, indent=1)
    yield _text_row(columns, "Sessions in all", "n_event", {"variable": variable, "level": "any"})
    yield from _missing(columns, variable)


def _rule_row(results: Results, rule: LevelRow) -> Row:
    """Return the row of a rule, or that of all rules for `_NO_RULE`."""

    def of(level: str, statistic: str, population: str = OCCASIONS) -> str:
        return results.text("adherence", statistic, variable=rule.level, level=level, population=population)

    broken = of("broken", "n_event")
    late = {"variable": rule.level, "level": "late", "population": OCCASIONS}
    texts = (
        of("assessable", "n", "all"),
        _rate(results, rule, "n_event", OCCASIONS),
        _rate(results, rule, "n", "all"),
        broken if broken in {"0", "masked"} else f"{broken} ({of('broken', 'n')})",
        of("not assessable", "n_event"),
        spread_of(results, "adherence", _RANGE, **late),
    )
    name, words = (rule.level, _shortened(rule.label)) if rule.level else ("All rules", "")
    return Row((Cell(name), Cell(words), *(cell(text) for text in texts)), kind="data" if rule.level else "total")


def _rate(results: Results, rule: LevelRow, counted: str, population: str) -> str:
    """Return "36 of 40, 90.0 (76.3–97.2)"; without a percentage that can be shown, what stands for it."""
    keys = {"variable": rule.level, "population": population}
    kept, assessed = (results.text("adherence", counted, level=level, **keys) for level in ("kept", "assessable"))
    percent = results.text("adherence", "percent", level="kept", **keys)
    if percent in {"masked", "–"}:
        return percent
    return f"{kept} of {assessed}, {percent} ({limits_of_rate(results, 'adherence', level='kept', **keys)})"


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_RULE else f"{text[:_LONGEST_RULE].rsplit(' ', 1)[0]} …"


def _compared(results: Results, kind: str) -> Iterable[str]:
    yield results.text("reconciliation", "n", variable=kind)
    yield results.text("reconciliation", "n_event", variable=kind)
    for level in ("agrees", "differs"):
        yield _event_share(results, "reconciliation", variable=kind, level=level)
