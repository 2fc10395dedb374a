"""The tables of what happened to the patients: adverse events, treatment, deaths, adherence, reconciliation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from oncohort.report.document import Cell, Row, TableBlock
from oncohort.report.response_tables import arms_with_patients, count_and_percent, limits_of_rate
from oncohort.report.tables import cell
from oncohort.study.protocol import Protocol
from oncohort.study.results import Results
from oncohort.study.rules_in_force import safety_rules
from oncohort.study.text import format_interval

_KINDS: Final[Mapping[str, str]] = {
    "": "All recorded values",
    "response": "Response of an assessment",
    "eligibility": "Verdict of a criterion",
    "grade": "Grade of an adverse event",
    "dose_state": "Dose state",
    "child_pugh": "Child-Pugh class",
}
_LONGEST_RULE: Final = 110


def tabulate_adverse_events(results: Results, protocol: Protocol) -> TableBlock | None:
    """Return the adverse events of all patients by grade; None where none were recorded."""
    terms = results.levels_of("adverse_event")
    if protocol.safety is None or not terms:
        return None
    columns = protocol.safety.columns
    head = [Cell("Adverse event"), *(cell(_column(column)) for column in columns)]
    rows = [
        Row((Cell(label, indent=indent), *(_events(results, name, column, "") for column in columns)))
        for name, label, indent in _terms(results)
    ]
    return TableBlock(
        0, "Adverse events by worst grade", (tuple(head),), tuple(rows), notes=_safety_notes(results, protocol)
    )


def tabulate_adverse_events_by_arm(results: Results, protocol: Protocol) -> TableBlock | None:
    """Return the adverse events of each arm, of any grade and of grade 3 or 4; None without arms."""
    arms = arms_with_patients(results, protocol, "safety")
    if protocol.safety is None or len(arms) < 2 or not results.levels_of("adverse_event"):
        return None
    columns = [column for column in ("any", "3-4", ">=3") if column in protocol.safety.columns][:2]
    over = [Cell("")] + [
        Cell(f"{label} (n = {results.text('safety', 'n_total', group=key)})", align="center", colspan=len(columns))
        for key, label in arms.items()
    ]
    head = [Cell("Adverse event"), *(cell(_column(column)) for _ in arms for column in columns)]
    rows = [
        Row((Cell(label, indent=indent), *(_events(results, name, column, key) for key in arms for column in columns)))
        for name, label, indent in _terms(results)
    ]
    return TableBlock(
        0,
        "Adverse events by treatment",
        (tuple(over), tuple(head)),
        tuple(rows),
        notes=_safety_notes(results, protocol),
        landscape=len(arms) * len(columns) > 4,
    )


def _terms(results: Results) -> Iterator[tuple[str, str, int]]:
    """Yield id, label and indent of every row: a group with its terms beneath it, then the other terms."""
    grouped = {
        term.level for group in results.levels_of("adverse_event") for term in results.levels_of(_inside(group.level))
    }
    for row in results.levels_of("adverse_event"):
        if row.level in grouped:
            continue
        yield row.level, row.label, 0
        for term in results.levels_of(_inside(row.level)):
            yield term.level, term.label, 1


def _inside(group: str) -> str:
    return f"adverse_event.{group}"


def _events(results: Results, name: str, column: str, group: str) -> Cell:
    return cell(count_and_percent(results, "safety", variable=name, level=column, group=group))


def _column(column: str) -> str:
    if column == "any":
        return "Any grade, n (%)"
    grades = column.replace("-", "–").replace(">=", "≥ ")
    return f"Grade {grades}, n (%)"


def _safety_notes(results: Results, protocol: Protocol) -> tuple[str, ...]:
    n, last = (
        results.text("safety", "n_total"),
        protocol.safety.window.to_days_after_last_dose if protocol.safety else 0,
    )
    version = safety_rules(protocol).ctcae
    counted = (
        f"Patients with the event, by the worst grade (CTCAE {version}), from the first dose to {last} days after the "
        f"last; percentages are of {n} patients unless a column says otherwise."
    )
    return (counted, "A patient with several events of a group counts once in it.")


def tabulate_exposure(results: Results, protocol: Protocol) -> TableBlock | None:
    """Return doses and sessions, whole and by arm; None where no treatment was recorded."""
    if not results.select("exposure"):
        return None
    columns = {"": "All patients", **arms_with_patients(results, protocol, "exposure")}
    unit = protocol.exposure.duration if protocol.exposure else "months"
    body = [
        _median_row(results, columns, "treatment_duration", f"Time on sorafenib, {unit}, median (range)"),
        _median_row(results, columns, "relative_dose_intensity", "Relative dose intensity, %, median (range)"),
        _count_row(results, columns, "dose_reduced", "Y", "Dose reduced, n (%)"),
        _count_row(results, columns, "dose_restored", "Y", "Full dose restored, n (% of reduced)", indent=1),
        _median_row(results, columns, "days_to_return", "Days until restored, median (range)", indent=1),
        _count_row(results, columns, "dose_interrupted", "Y", "Drug interrupted, n (%)"),
        _count_row(results, columns, "early_stop", "Y", "Stopped early for an adverse event, n (%)"),
    ]
    body += [
        _count_row(results, columns, "early_stop_reason", reason.level, reason.label, indent=1)
        for reason in results.levels_of("exposure.early_stop_reason")
    ]
    for procedure in protocol.procedure:
        name, label = f"n_{procedure.id.lower()}", procedure.label or procedure.id
        body.append(_count_row(results, columns, name, "any", f"{label}, patients, n (%)"))
        body.append(_median_row(results, columns, name, "sessions of a patient, median (range)", level="any", indent=1))
    return TableBlock(
        0,
        "Treatment",
        (_heads(results, "exposure", "Treatment", columns),),
        tuple(row for row in body if any(c.text not in {"–", ""} for c in row.cells[1:])),
        notes=("Percentages are of the patients of whom it is known.",),
        landscape=len(columns) > 4,
    )


def tabulate_deaths(results: Results, protocol: Protocol) -> TableBlock | None:
    """Return the deaths by cause, whole and by arm; None where nobody died."""
    if results.text("deaths", "n_event") in {"0", "–"}:
        return None
    columns = {"": "All patients", **arms_with_patients(results, protocol, "deaths")}
    all_deaths = [cell(_deaths(results, group)) for group in columns]
    body = [Row((Cell("Died, n (%)"), *all_deaths))]
    body += [
        _count_row(results, columns, "death_cause", cause.level, cause.label, indent=1, analysis="deaths")
        for cause in results.levels_of("deaths.death_cause")
    ]
    return TableBlock(
        0,
        "Deaths by cause",
        (_heads(results, "deaths", "Cause", columns),),
        tuple(body),
        notes=("Percentages are of all patients, not of the dead.",),
        landscape=len(columns) > 4,
    )


def _deaths(results: Results, group: str) -> str:
    return f"{results.text('deaths', 'n_event', group=group)} ({results.text('deaths', 'percent', group=group)})"


def _heads(results: Results, analysis: str, first: str, columns: Mapping[str, str]) -> tuple[Cell, ...]:
    sizes = {group: results.text(analysis, "n_total", group=group) for group in columns}
    return (Cell(first), *(cell(f"{label} (n = {sizes[group]})") for group, label in columns.items()))


def _count_row(
    results: Results, groups: Sequence[str] | Mapping[str, str], name: str, level: str, label: str, **more: int | str
) -> Row:
    analysis = str(more.get("analysis", "exposure"))
    texts = [count_and_percent(results, analysis, variable=name, level=level, group=group) for group in groups]
    return Row((Cell(label, indent=int(more.get("indent", 0))), *(cell(text) for text in texts)))


def _median_row(
    results: Results, groups: Sequence[str] | Mapping[str, str], name: str, label: str, **more: int | str
) -> Row:
    level = str(more.get("level", ""))
    texts: list[str] = []
    for group in groups:
        keys = {"variable": name, "level": level, "group": group}
        middle, low, high = (results.text("exposure", statistic, **keys) for statistic in ("median", "min", "max"))
        texts.append(middle if middle in {"–", "masked"} else f"{middle} ({format_interval(low, high)})")
    return Row((Cell(label, indent=int(more.get("indent", 0))), *(cell(text) for text in texts)))


def tabulate_adherence(results: Results, protocol: Protocol) -> TableBlock | None:
    """Return how often each rule of the protocol was kept; None where none was judged."""
    del protocol
    rules = results.levels_of("adherence.rule")
    if not rules:
        return None
    head = (
        Cell("Rule"),
        Cell("What the protocol says"),
        cell("Kept of assessable occasions, n"),
        cell("% (95% CI)"),
        cell("Broken by patients, n"),
        cell("Not assessable, n"),
    )
    body = [_adherence_row(results, rule.level, rule.label) for rule in rules]
    note = (
        "Occasions are those that could be judged from the records; an occasion whose records are missing is not "
        "assessable. Limits by Clopper and Pearson; occasions of one patient are not independent."
    )
    return TableBlock(0, "Adherence to the protocol", (head,), tuple(body), notes=(note,), landscape=True)


def _adherence_row(results: Results, rule: str, label: str) -> Row:
    def of(level: str, statistic: str, population: str = "occasions") -> str:
        return results.text("adherence", statistic, variable=rule, level=level, population=population)

    rate, limits = (
        of("kept", "percent"),
        limits_of_rate(results, "adherence", variable=rule, level="kept", population="occasions"),
    )
    told = label if len(label) <= _LONGEST_RULE else f"{label[:_LONGEST_RULE].rsplit(' ', 1)[0]} …"
    return Row(
        (
            Cell(rule),
            Cell(told),
            cell(f"{of('kept', 'n_event')} of {of('assessable', 'n_event')}"),
            cell(rate if rate == "–" else f"{rate} ({limits})"),
            cell(of("broken", "n", "all")),
            cell(of("not assessable", "n_event")),
        )
    )


def tabulate_reconciliation(results: Results, protocol: Protocol) -> TableBlock | None:
    """Return how many recorded values agree with those derived; None where nothing could be compared."""
    del protocol
    there = {row.variable for row in results.select("reconciliation")}
    if not there:
        return None
    head = (Cell("Recorded value"), cell("Compared, n"), cell("Agree, n"), cell("Differ, n (%)"))
    body = [
        Row(
            (
                Cell(label, indent=1 if kind else 0),
                cell(results.text("reconciliation", "n_event", variable=kind)),
                cell(results.text("reconciliation", "n_event", variable=kind, level="agrees")),
                cell(_differing(results, kind)),
            )
        )
        for kind, label in _KINDS.items()
        if kind in there
    ]
    notes = ("Only values that are both recorded and derived are compared; each difference is a finding.",)
    return TableBlock(0, "Recorded values beside derived ones", (head,), tuple(body), notes=notes)


def _differing(results: Results, kind: str) -> str:
    keys = {"variable": kind, "level": "differs"}
    n, percent = (results.text("reconciliation", statistic, **keys) for statistic in ("n_event", "percent"))
    return f"{n} ({percent})"
