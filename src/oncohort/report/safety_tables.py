"""The tables of adverse events and of laboratory grades, from the results table alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from oncohort.report.document import Cell, Row, RowKind, TableBlock, Text
from oncohort.report.names import listed
from oncohort.report.response_tables import arms_with_patients, count_and_percent, inside_sentence
from oncohort.report.tables import cell
from oncohort.study.protocol import Protocol
from oncohort.study.results import LevelRow, Results
from oncohort.study.rules_in_force import counts_emergent_only, ctcae_version
from oncohort.study.words import plural

ANY_EVENT: Final = "any_adverse_event"
EVENTS: Final = "adverse_event"
_RELATIONS: Final = {"RELATED": "related", "PROBABLE": "probably related", "POSSIBLE": "possibly related"}
_GRADES: Final = ("0", "1", "2", "3", "4")
_NOTHING: Final = frozenset({"0", "–"})


def tabulate_adverse_events(results: Results, protocol: Protocol) -> TableBlock | None:
    """Return a row for each term and one column for each of the protocol's grades; None without adverse events.

    Groups stand with their terms indented below them, in the order of the protocol (frequency or alphabet).
    """
    if protocol.safety is None or not results.levels_of(EVENTS):
        return None
    columns = protocol.safety.columns
    return TableBlock(
        number=0,
        caption=f"Adverse events by worst grade (n = {results.text('safety', 'n_total')})",
        head=((Cell("Adverse event, n (%)"), *(cell(grade_head(column)) for column in columns)),),
        body=tuple(_event_rows(results, [("", column) for column in columns])),
        notes=tuple(_safety_notes(results, protocol)),
    )


def tabulate_adverse_events_by_arm(results: Results, protocol: Protocol) -> TableBlock | None:
    """Return any grade and the severe grades of each term, by arm; None without adverse events or with one arm."""
    arms = arms_with_patients(results, protocol, "safety")
    if protocol.safety is None or protocol.arm is None or len(arms) < 2 or not results.levels_of(EVENTS):
        return None
    columns = ("any", severe_column(protocol))
    sizes = {arm: results.text("safety", "n_total", group=arm) for arm in arms}
    spans = (Cell(f"{label} (n = {sizes[arm]})", align="center", colspan=2) for arm, label in arms.items())
    heads = (Cell("Adverse event, n (%)"), *(cell(grade_head(column)) for _ in arms for column in columns))
    note = (
        "Counted as in the table of all patients; percentages are of the patients of the arm. Events before the "
        "first procedure of the arm count too, and the arms were not under treatment for equal times."
        f"{armless(results, protocol, 'safety')}"
    )
    return TableBlock(
        number=0,
        caption="Adverse events by treatment received",
        head=((Cell(""), *spans), heads),
        body=tuple(_event_rows(results, [(arm, column) for arm in arms for column in columns])),
        notes=(note,),
    )


def tabulate_lab_shifts(results: Results, protocol: Protocol) -> TableBlock | None:
    """Return, for each test and grade at baseline, the worst grades after the first dose; None without any."""
    tests = [level for level in results.levels_of("laboratory") if results.get("safety", "n", variable=level.level)]
    if protocol.safety is None or not tests:
        return None
    spans = (
        Cell(""),
        Cell(""),
        Cell("Worst grade after the first dose, n", align="center", colspan=len(_GRADES)),
        Cell("Worse than at baseline, n (%)", align="center", colspan=2),
    )
    heads = ("Patients", *_GRADES, "Any grade", "Grade 3–4")
    days = protocol.safety.window.to_days_after_last_dose
    note = (
        f"Patients by the worst grade, CTCAE version {ctcae_version(protocol)}, of their values after the "
        f"first dose and up to {plural(days, 'day')} after the last. Baseline is the last value up to the first "
        f"dose. Percentages are of the patients who have both grades.{_ungraded_labs(results, tests)}"
    )
    return TableBlock(
        number=0,
        caption="Laboratory values: grade at baseline and worst grade after the first dose",
        head=(spans, (Cell("Test, grade at baseline"), *(cell(text) for text in heads))),
        body=tuple(row for test in tests for row in _shift_rows(results, test)),
        notes=(note,),
    )


def grade_head(column: str) -> str:
    """Return what a column of grades is called.

    Examples
    --------
    >>> [grade_head(column) for column in ("any", "3", "3-4", ">=3")]
    ['Any grade', 'Grade 3', 'Grade 3–4', 'Grade ≥3']
    """
    return "Any grade" if column == "any" else f"Grade {column.replace('-', '–').replace('>=', '≥')}"


def severe_column(protocol: Protocol) -> str:
    """Return the column that stands for severe events: grade 3 or more if that is what the study shows, else 3-4."""
    columns = protocol.safety.columns if protocol.safety else ()
    return ">=3" if ">=3" in columns and "3-4" not in columns else "3-4"


def attribution_words(protocol: Protocol) -> str:
    """Return how the events that count are related to the drug, as a clause."""
    name, drug = next(iter(protocol.drug.items()))
    if "NOT RELATED" in drug.attribution:
        return f"whatever their relation to {name}"
    words = [words for relation, words in _RELATIONS.items() if relation in drug.attribution]
    return f"judged {' or '.join([', '.join(words[:-1]), words[-1]] if len(words) > 1 else words)} to {name}"


def population_words(protocol: Protocol) -> str:
    """Return who the safety population is: "treated", or "treated and eligible"."""
    eligible = protocol.population is not None and protocol.population.safety == "eligible"
    return "treated and eligible" if eligible else "treated"


def armless(results: Results, protocol: Protocol, analysis: str) -> str:
    """Return a sentence on the patients whose procedures fit no arm; nothing where there are none."""
    n = results.text(analysis, "n_missing", variable=protocol.arm.column) if protocol.arm else "0"
    return "" if n in _NOTHING else f" {plural(n, 'patient')} with procedures that fit no arm stand in none."


def text_row(label: str, texts: Iterable[str], *, indent: int = 0, kind: RowKind = "data") -> Row:
    """Return a row of a label and of texts with their decimal points below each other."""
    return Row((Cell(label, indent=indent), *(cell(text) for text in texts)), kind=kind)


def _event_rows(results: Results, places: Sequence[tuple[str, str]]) -> Iterator[Row]:
    """Yield any event, then terms and groups in their order; the terms of a group only below it."""
    levels = results.levels_of(EVENTS)
    inside = {level.level: results.levels_of(f"{EVENTS}.{level.level}") for level in levels}
    below = {member.level for members in inside.values() for member in members}
    for level in levels:
        if level.level in below:
            continue
        members = inside[level.level]
        yield text_row(level.label, _texts(results, level, places), kind="group" if members else "data")
        for member in members:
            yield text_row(member.label, _texts(results, member, places), indent=1)


def _texts(results: Results, event: LevelRow, places: Sequence[tuple[str, str]]) -> Iterator[str]:
    for group, column in places:
        yield count_and_percent(results, "safety", group=group, variable=event.level, level=column)


def _safety_notes(results: Results, protocol: Protocol) -> Iterator[Text]:
    assert protocol.safety is not None
    n = results.text("safety", "n_total")
    days = protocol.safety.window.to_days_after_last_dose
    worse = " and were worse than before it" if counts_emergent_only(protocol) else ""
    yield (
        f"Events that began from the first dose to {plural(days, 'day')} after the last{worse}, "
        f"{attribution_words(protocol)}; CTCAE version {ctcae_version(protocol)}."
    )
    overlap = " A group counts each patient once: its events may add up to more." if protocol.safety.group else ""
    yield (
        "Patients are counted, not events: one with the same event several times counts once, by the worst grade. "
        f"Percentages are of {plural(n, f'{population_words(protocol)} patient')}.{overlap}"
    )
    ungraded = results.text("safety", "n", variable=ANY_EVENT, level="ungraded")
    if ungraded not in _NOTHING:
        yield (
            f"In {plural(ungraded, 'patient')} a grade is missing that could be the worst; they are counted under a "
            "grade only where it is certain."
        )
    unjudged = results.text("safety", "n_missing")
    if unjudged not in _NOTHING:
        yield f"In {plural(unjudged, 'patient')} whether an event counts cannot be said; such events are left out."


def _shift_rows(results: Results, test: LevelRow) -> Iterator[Row]:
    keys = {"variable": test.level}
    worst = [results.text("safety", "n", level=grade, **keys) for grade in _GRADES]
    worse = [count_and_percent(results, "safety", level=level, **keys) for level in ("emergent", "emergent_3-4")]
    yield text_row(test.label, [results.text("safety", "n", **keys), *worst, *worse], kind="group")
    for before in (*_GRADES, "missing"):
        total = results.get("safety", "n", level=f"{before}->any", **keys)
        if total is not None:
            after = [results.text("safety", "n", level=f"{before}->{grade}", **keys) for grade in _GRADES]
            label = "Not known" if before == "missing" else f"Grade {before}"
            yield text_row(label, [total.text, *after], indent=1)


def _ungraded_labs(results: Results, tests: Sequence[LevelRow]) -> str:
    told = [
        f"{inside_sentence(test.label)} in {plural(n, 'patient')}"
        for test in tests
        if (n := results.text("safety", "n", variable=test.level, level="ungraded")) not in _NOTHING
    ]
    return f" Values that cannot be graded are left out: {listed(told)}." if told else ""
