"""The publication beside this run: what is equal, what differs and why, and every number by its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

from oncohort.report.document import Cell, Heading, Paragraph, Row, TableBlock
from oncohort.report.facts import APPENDED, Part, StudyFacts
from oncohort.report.names import listed
from oncohort.report.tables import cell
from oncohort.study.compared import ComparedNumber, ComparedNumbers, Verdict, as_printed, tally, without_duplicates

VERDICT_WORDS: Final[dict[Verdict, str]] = {
    "equal": "equal",
    "equal_tie": "equal if rounded down",
    "differs": "differs",
    "not_recomputable": "not recomputable",
    "protocol": "in force",
}
_RESULTS: Final[dict[Verdict, str]] = {
    "equal": "equal as printed",
    "equal_tie": "equal only if the half is rounded down",
    "differs": "different",
    "not_recomputable": "not recomputable",
}
_CHOICES: Final[dict[Verdict, str]] = {
    "protocol": "in force here",
    "differs": "not in force here",
    "not_recomputable": "not in study.toml",
}
_ROUNDING: Final = "Recomputed values are rounded half up from the full number, at the decimals that were printed."


def tell_published(facts: StudyFacts) -> Iterator[Part]:
    """Yield the section on published numbers; nothing where the study names none."""
    published = facts.results.published
    if published is None:
        return
    yield Heading(1, "Published and recomputed numbers")
    yield Paragraph(phrase_published(published))
    if published.source.note:
        yield Paragraph(published.source.note)
    table = tabulate_differing(published)
    if table is not None:
        yield table
    yield tabulate_published(published)


def phrase_equal(published: ComparedNumbers) -> str:
    """Return in one sentence how many of the published results are equal as printed, all and without repetitions."""
    results = _of_class(published.numbers, "result")
    if not results:
        return ""
    counts, once = tally(results), tally(without_duplicates(results))
    n, distinct = len(results), len(without_duplicates(results))
    equal = f"{counts['equal']} come out as printed ({once['equal']} of the {distinct} that repeat no other)"
    return f"Of {n} published results, {equal}."


def phrase_published(published: ComparedNumbers) -> str:
    """Return the headline: how many numbers there are, and how many of them are equal.

    Each count is of all numbers, and in brackets of those that repeat no other one.
    """
    everything = published.numbers
    source = published.source.citation.rstrip(".")
    named = f"{source} (doi:{published.source.doi})" if published.source.doi else source
    impossible = [item for item in everything if item.number.cannot_be and item.verdict == "differs"]
    are = "is" if len(everything) == 1 else "are"
    sentences = [
        f"Of {named}, {_counted(everything, 'number')} {are} compared.",
        "Counts in brackets leave out the numbers that repeat another one.",
        _tallied(_of_class(everything, "result"), "result", _RESULTS),
        f"{_both_counts(impossible)} of the different ones cannot be right, whatever the data." if impossible else "",
        _tallied(_of_class(everything, "protocol"), "choice of the protocol", _CHOICES),
        _tallied(
            _of_class(everything, "cited"), "number of other publications", {"not_recomputable": "not recomputable"}
        ),
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _of_class(items: Iterable[ComparedNumber], cls: str) -> list[ComparedNumber]:
    return [item for item in items if item.number.cls == cls]


def _both_counts(items: Sequence[ComparedNumber]) -> str:
    return f"{len(items)} ({len(without_duplicates(items))})"


def _counted(items: Sequence[ComparedNumber], noun: str) -> str:
    """Return "342 (307) results": a noun of several words has its first one in the plural."""
    first, _, rest = noun.partition(" ")
    words = first if len(items) == 1 else f"{first}s"
    return f"{_both_counts(items)} {words}{f' {rest}' if rest else ''}"


def _tallied(items: Sequence[ComparedNumber], noun: str, words: Mapping[Verdict, str]) -> str:
    """Return "342 (307) results: 318 (286) equal as printed and 24 (21) different."; nothing without a number."""
    counts, once = tally(items), tally(without_duplicates(items))
    said = [f"{counts[verdict]} ({once[verdict]}) {word}" for verdict, word in words.items() if counts[verdict]]
    return f"{_counted(items, noun)}: {listed(said)}." if items else ""


def tabulate_differing(published: ComparedNumbers) -> TableBlock | None:
    """Return the numbers that are not equal as printed, each with the reason if one is known; None if all are.

    Numbers of other publications are left out: nothing here could give them.
    """
    unequal = {"differs", "equal_tie", "not_recomputable"}
    differing = [item for item in published.numbers if item.verdict in unequal and item.number.cls != "cited"]
    if not differing:
        return None
    head = (Cell("Published number"), cell("Published"), cell("Recomputed"), Cell("Reason, if known"))
    body = tuple(_by_place(differing, _reason))
    return TableBlock(0, "Published numbers that are not equal to the recomputed ones", (head,), body, (_ROUNDING,))


def tabulate_published(published: ComparedNumbers) -> TableBlock:
    """Return every number by its place, in the order of the file, beside the recomputed one."""
    head = (Cell("Published number"), cell("Published"), cell("Recomputed"), Cell("Verdict"))
    body = tuple(_by_place(published.numbers, _verdict))
    notes = (f"{_ROUNDING} published.csv has the full numbers, and the row of results.csv that answers each.",)
    return TableBlock(APPENDED, "Every published number beside the recomputed one", (head,), body, notes)


def _by_place(items: Iterable[ComparedNumber], last: Callable[[ComparedNumber], str]) -> Iterator[Row]:
    """Yield the places in their order, and below each its numbers."""
    for place, here in groupby(items, key=lambda item: item.number.place):
        yield Row((Cell(place), cell(""), cell(""), Cell("")), kind="group")
        for item in here:
            yield Row((Cell(_what(item), indent=1), *_both(item), Cell(last(item))))


def _what(item: ComparedNumber) -> str:
    number = item.number
    if number.statistic and number.group:
        return f"{number.statistic} ({number.group})"
    return number.statistic or number.group or number.id


def _both(item: ComparedNumber) -> tuple[Cell, Cell]:
    return cell(as_printed(item.number)), cell(item.recomputed or "–")


def _verdict(item: ComparedNumber) -> str:
    return "of another publication" if item.number.cls == "cited" else VERDICT_WORDS[item.verdict]


def _reason(item: ComparedNumber) -> str:
    impossible = "impossible: " if item.number.cannot_be else ""
    return f"{impossible}{item.reason}" if item.reason else "–"
