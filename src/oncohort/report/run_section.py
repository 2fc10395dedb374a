"""The first section, who came in and what a reviewer would object to; and the last: files, findings and choices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from oncohort.report.document import Block, Bullets, Cell, Heading, Note, Paragraph, Row, TableBlock
from oncohort.report.drawings import draw_flow
from oncohort.report.facts import APPENDED, Part, StudyFacts
from oncohort.report.names import with_italic_p
from oncohort.report.prose import phrase_findings, phrase_flow
from oncohort.report.published_section import phrase_equal
from oncohort.study.findings import LEVELS, Finding


def tell_entry(facts: StudyFacts) -> Iterator[Part]:
    """Yield the first section: who was read, left out and analyzed, and what to know before any number is read."""
    yield Heading(1, "Patients and warnings")
    told = (phrase_flow(facts.protocol, facts.results), phrase_findings(facts.findings), _published(facts))
    yield Paragraph(" ".join(sentence for sentence in told if sentence))
    yield from _objections(facts.findings)
    if facts.results.levels_of("flow"):
        yield draw_flow(facts.results, facts.protocol)


def tell_run(facts: StudyFacts) -> Iterator[Part]:
    """Yield the last section: what was read, what the checks found, and every choice in force."""
    yield Heading(1, "Data, checks and choices")
    yield _data_table(facts)
    yield _findings_table(facts)
    yield _settings_table(facts)


def _published(facts: StudyFacts) -> str:
    """Return how many published results this run gives as they were printed; nothing without any."""
    compared = facts.results.published
    return "" if compared is None else phrase_equal(compared)


def _objections(findings: Sequence[Finding]) -> Iterator[Block]:
    """Yield what a reviewer would object to, before any number is read."""
    warnings = [finding for finding in findings if _is_objection(finding)]
    if warnings:
        yield Note("warning", "Read these before you use the numbers.")
        sentences = dict.fromkeys(_sentence(finding.sentence) for finding in warnings)
        yield Bullets(tuple(map(with_italic_p, sentences)))


def _is_objection(finding: Finding) -> bool:
    return finding.level == "warning" and not finding.patient_id


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}." if text else text


def _data_table(facts: StudyFacts) -> TableBlock:
    head = (Cell("File"), Cell("Rows", align="right"), Cell("Columns", align="right"), Cell("Read as"), Cell("SHA-256"))
    body = tuple(
        Row(
            (
                Cell(source.name),
                Cell(str(source.n_rows), align="right"),
                Cell(str(source.n_columns), align="right"),
                Cell("; ".join(source.assumed) or "–"),
                Cell(source.sha256[:16]),
            )
        )
        for source in facts.sources
    )
    notes = ("The first 16 of 64 digits; manifest.json has them all.",)
    return TableBlock(APPENDED, "Data read", (head,), body, notes=notes)


def _findings_table(facts: StudyFacts) -> TableBlock:
    """Return what the checks found besides the objections above, each finding once with its count."""
    told = {finding.sentence for finding in facts.findings if _is_objection(finding)}
    counts = Counter((f.level, f.column, f.sentence) for f in facts.findings if f.sentence not in told)
    body = tuple(
        Row((Cell(level), Cell(column or "–"), Cell(_sentence(sentence)), Cell(str(n), align="right")))
        for (level, column, sentence), n in sorted(counts.items(), key=lambda item: LEVELS.index(item[0][0]))
    )
    head = (Cell("Level"), Cell("Column"), Cell("Finding"), Cell("Times", align="right"))
    nothing = (Row((Cell("–"), Cell("–"), Cell("Nothing else was found."), Cell("0", align="right"))),)
    notes = ("Rows, patients and values stand in private/findings.csv.",) if body else ()
    return TableBlock(APPENDED, "What the checks found", (head,), body or nothing, notes=notes)


def _settings_table(facts: StudyFacts) -> TableBlock:
    head = (Cell("Choice"), Cell("Value in force"), Cell("Where it was made"))
    body = tuple(
        Row((Cell(item.key), Cell(_value(item.value)), Cell(item.origin)))
        for item in facts.protocol.settings().values()
    )
    return TableBlock(APPENDED, "Choices the field disagrees about, as this study makes them", (head,), body)


def _value(value: object) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)
