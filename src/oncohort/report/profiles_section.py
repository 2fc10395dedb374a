"""The same records under another profile: how many numbers change, which choices differ, and the main numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from oncohort.report.document import Cell, Heading, Paragraph, Row, Run, TableBlock, Text
from oncohort.report.facts import APPENDED, Part, StudyFacts
from oncohort.report.names import with_italic_p
from oncohort.report.profiles_numbers import MainNumber, headings, main_numbers
from oncohort.report.tables import abbreviated, cell, explain_abbreviations
from oncohort.study.beside import TOGETHER, WORDS, Beside, cause_of, verdict_of
from oncohort.study.profiles import LABELS
from oncohort.study.words import plural


def tell_profiles(facts: StudyFacts) -> Iterator[Part]:
    """Yield the section on the study under another profile; nothing where none is named."""
    other = facts.find_beside()
    if other is None:
        return
    yield Heading(1, f"The same records under the {other.profile} profile")
    drawn = any(model.bootstrap for model in facts.protocol.model)
    yield Paragraph(f"{_what_was_done(other)}{' Resamples of models were not drawn again.' if drawn else ''}")
    yield Paragraph(_how_many(other))
    yield _table_of_choices(other)
    numbers = main_numbers(facts.protocol, facts.results, other)
    if numbers:
        yield _table_of_numbers(other, numbers)
    else:
        yield Paragraph("None of the main numbers of this report changes as it is printed.")


def _what_was_done(other: Beside) -> str:
    told = (
        "Everything was derived and analyzed a second time from the same records, by the choices of the profile "
        f"“{other.profile}”, also where study.toml makes a choice itself. Who may enter, endpoints, factors, tables "
        f"and models stayed as they are. Then {_each(len(other.switches))} was switched alone, which shows what it "
        "changes."
    )
    versions = any(switch.difference.key == "safety.ctcae" for switch in other.switches)
    kept = (
        " Adverse events keep the grade with which they were recorded, whatever version of CTCAE it was given by; only "
        "laboratory values are graded again."
    )
    return told + (kept if versions else "")


def _each(n: int) -> str:
    return "the one choice that differs" if n == 1 else f"each of the {n} choices that differ"


def _how_many(other: Beside) -> str:
    numbers = [pair for pair in other.pairs if pair.row.statistic != WORDS]
    counts = Counter(verdict_of(pair) for pair in numbers)
    both = counts["equal"] + counts["changed"] + counts["written otherwise"]
    parts = (
        f"the same in both: {counts['equal']}",
        f"changed: {counts['changed']}",
        f"only written otherwise: {counts['written otherwise']}",
    )
    together = sum(cause_of(pair) == TOGETHER for pair in numbers)
    return (
        f"{plural(both, 'number')} came out under both ({'; '.join(parts)}), {counts['only here']} only by the choices "
        f"of this study, and {counts['only beside']} only under the profile “{other.profile}”. Numbers that no choice "
        f"alone changes, but several together do: {together}. Every number, with what changes it, stands in "
        "profiles.csv."
    )


def _table_of_choices(other: Beside) -> TableBlock:
    head = (Cell("Choice"), Cell("Key"), Cell("This study"), Cell(other.profile.capitalize()), cell("Numbers changed"))
    body = tuple(
        Row(
            (
                Cell(_capital(LABELS[switch.difference.key])),
                Cell(switch.difference.key),
                Cell(switch.difference.own),
                Cell(switch.difference.other),
                cell("–" if switch.n_changed is None else str(switch.n_changed)),
            )
        )
        for switch in other.switches
    )
    notes = ["Numbers changed: how many of all numbers differ if this choice alone is switched."]
    notes += [
        f"{_capital(LABELS[switch.difference.key])}: cannot be switched alone; {switch.reason}."
        for switch in other.switches
        if switch.n_changed is None
    ]
    caption = f"Choices that the profile “{other.profile}” makes otherwise"
    return TableBlock(APPENDED, caption, (head,), body, notes=tuple(notes))


def _table_of_numbers(other: Beside, numbers: list[MainNumber]) -> TableBlock:
    head = (Cell("Number"), cell("This study"), cell(other.profile.capitalize()), Cell("Changed by"))
    body: list[Row] = []
    for heading, own in headings(numbers):
        body.append(Row((Cell(_with_last_p_italic(heading)),), kind="group"))
        body += [
            Row(
                (
                    Cell(number.label, indent=1),
                    cell(abbreviated(number.here)),
                    cell(abbreviated(number.beside)),
                    Cell(_capital("; ".join(LABELS.get(cause, cause) for cause in number.causes))),
                )
            )
            for number in own
        ]
    note = (
        "Changed by: every choice that changes the number, its limits or its P value when it alone is switched. Ratios "
        f"have the digits of this study under both. –, not given; CI, confidence interval.{explain_abbreviations(body)}"
    )
    caption = f"Main numbers that change under the profile “{other.profile}”"
    return TableBlock(APPENDED, caption, (head,), tuple(body), notes=(with_italic_p(note),))


def _with_last_p_italic(heading: str) -> Text:
    return (Run(heading[:-1]), Run("P", "italic")) if heading.endswith(" P") else heading


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
