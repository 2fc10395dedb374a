"""The report of a study: its sections, in the order a reader needs them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from oncohort.report.document import (
    Block,
    Bullets,
    Cell,
    Document,
    FigureBlock,
    Heading,
    Note,
    Paragraph,
    Row,
    TableBlock,
)
from oncohort.report.drawings import Drawing, draw_curves, draw_flow, draw_forest, figures_of
from oncohort.report.methods import phrase_methods
from oncohort.report.model_tables import tabulate_cox, tabulate_proportional_hazards, tabulate_stepwise
from oncohort.report.names import with_italic_p
from oncohort.report.prose import (
    phrase_characteristics,
    phrase_cox,
    phrase_flow,
    phrase_survival,
    phrase_univariable,
)
from oncohort.report.tables import tabulate_characteristics, tabulate_survival, tabulate_univariable
from oncohort.study.findings import Finding, count_by_level
from oncohort.study.protocol import Figure, Model, Protocol, Table
from oncohort.study.records import Source
from oncohort.study.results import Results

SYNTHETIC: Final = "Synthetic data: no real patient is in this report"


@dataclass(frozen=True, slots=True)
class StudyFacts:
    """What the report needs to know of a run besides its numbers."""

    protocol: Protocol
    results: Results
    findings: tuple[Finding, ...]
    sources: tuple[Source, ...]
    software: str


@dataclass(frozen=True, slots=True)
class Report:
    """The document, and every table and figure in it, for the files beside it."""

    document: Document
    tables: tuple[TableBlock, ...]
    figures: tuple[tuple[int, Drawing], ...]


class _Numbering:
    """Counts tables and figures as they come, and keeps the drawings for their own files."""

    def __init__(self) -> None:
        self.tables = 0
        self.drawings: list[tuple[int, Drawing]] = []

    def next_table(self) -> int:
        self.tables += 1
        return self.tables

    def figure(self, drawing: Drawing) -> FigureBlock:
        self.drawings.append((len(self.drawings) + 1, drawing))
        return FigureBlock(
            number=len(self.drawings),
            caption=with_italic_p(f"{drawing.caption.rstrip('.')}."),
            alt=drawing.alt,
            svg=drawing.svg,
            png=drawing.png,
            width_mm=drawing.width_mm,
        )


def assemble_report(facts: StudyFacts) -> Report:
    """Return the whole report of a study."""
    numbering = _Numbering()
    blocks: list[Block] = []
    for section in (_run, _characteristics, _survival, _univariable, _models, _methods):
        blocks += section(facts, numbering)
    study = facts.protocol.study
    document = Document(
        title=study.title,
        subtitle=", ".join(part for part in (study.design, study.setting) if part).capitalize(),
        banner=SYNTHETIC if study.synthetic else "",
        blocks=tuple(blocks),
    )
    tables = tuple(block for block in blocks if isinstance(block, TableBlock))
    return Report(document, tables, tuple(numbering.drawings))


def _run(facts: StudyFacts, numbering: _Numbering) -> Iterator[Block]:
    yield Heading(1, "What was run")
    yield Paragraph(phrase_flow(facts.protocol, facts.results))
    yield from _objections(facts.findings)
    if facts.protocol.criterion:
        yield numbering.figure(draw_flow(facts.results, facts.protocol))
    yield _data_table(facts, numbering.next_table())
    yield _findings_table(facts, numbering.next_table())
    yield _settings_table(facts, numbering.next_table())


def _objections(findings: Sequence[Finding]) -> Iterator[Block]:
    """Yield what a reviewer would object to, before any number is read."""
    warnings = [finding for finding in findings if finding.level == "warning" and not finding.patient_id]
    if warnings:
        yield Note("warning", "Read these before you use the numbers.")
        yield Bullets(tuple(with_italic_p(_sentence(finding.sentence)) for finding in warnings))


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}." if text else text


def _data_table(facts: StudyFacts, number: int) -> TableBlock:
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
    return TableBlock(number, "Data read", (head,), body, notes=notes)


def _findings_table(facts: StudyFacts, number: int) -> TableBlock:
    counts: dict[tuple[str, str, str, str], int] = {}
    for finding in facts.findings:
        key = (finding.level, finding.rule, finding.column, finding.sentence)
        counts[key] = counts.get(key, 0) + 1
    order = list(count_by_level(()))
    body = tuple(
        Row((Cell(level), Cell(column or "–"), Cell(_sentence(sentence)), Cell(str(n), align="right")))
        for (level, _, column, sentence), n in sorted(counts.items(), key=lambda item: order.index(item[0][0]))
    )
    head = (Cell("Level"), Cell("Column"), Cell("Finding"), Cell("Times", align="right"))
    empty = (Row((Cell("–"), Cell("–"), Cell("Nothing was found."), Cell("0", align="right"))),)
    notes = ("Rows, patients and values stand in private/findings.csv.",) if body else ()
    return TableBlock(number, "Findings of the checks and of the guards", (head,), body or empty, notes=notes)


def _settings_table(facts: StudyFacts, number: int) -> TableBlock:
    head = (Cell("Choice"), Cell("Value in force"), Cell("Where it was made"))
    body = tuple(
        Row((Cell(item.key), Cell(_value(item.value)), Cell(item.origin)))
        for item in facts.protocol.settings().values()
    )
    return TableBlock(number, "Choices the field disagrees about, as this study makes them", (head,), body)


def _value(value: object) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _named(protocol: Protocol, kind: str) -> Iterator[tuple[str, Table]]:
    for place, table in enumerate(protocol.table, start=1):
        if table.kind == kind:
            yield table.id or f"table_{place}", table


def _characteristics(facts: StudyFacts, numbering: _Numbering) -> Iterator[Block]:
    protocol, results = facts.protocol, facts.results
    tables = list(_named(protocol, "characteristics"))
    if tables:
        yield Heading(1, "Patient characteristics")
    for table_id, table in tables:
        yield Paragraph(with_italic_p(phrase_characteristics(protocol, results, table, table_id)))
        yield tabulate_characteristics(results, protocol, table, table_id, numbering.next_table())


def _survival(facts: StudyFacts, numbering: _Numbering) -> Iterator[Block]:
    yield Heading(1, "Follow-up and survival")
    for endpoint in facts.protocol.endpoint:
        yield Paragraph(with_italic_p(phrase_survival(facts.protocol, facts.results, endpoint)))
    yield tabulate_survival(facts.results, facts.protocol, numbering.next_table())
    for figure in figures_of(facts.protocol):
        if figure.curves and not any(curve.by for curve in figure.curves):
            yield numbering.figure(draw_curves(facts.results, facts.protocol, figure))


def _univariable(facts: StudyFacts, numbering: _Numbering) -> Iterator[Block]:
    protocol, results = facts.protocol, facts.results
    tables = list(_named(protocol, "univariable"))
    figures = [figure for figure in figures_of(protocol) if any(curve.by for curve in figure.curves)]
    if tables or figures:
        yield Heading(1, "Univariable analysis")
    for table_id, table in tables:
        for sentence in phrase_univariable(protocol, results, table, table_id):
            yield Paragraph(with_italic_p(sentence))
        yield tabulate_univariable(results, protocol, table, table_id, numbering.next_table())
    for figure in figures:
        yield numbering.figure(draw_curves(results, protocol, figure))


def _models(facts: StudyFacts, numbering: _Numbering) -> Iterator[Block]:
    if facts.protocol.model:
        yield Heading(1, "Multivariable analysis")
    for model in facts.protocol.model:
        yield from _model(facts, model, numbering)


def _model(facts: StudyFacts, model: Model, numbering: _Numbering) -> Iterator[Block]:
    protocol, results = facts.protocol, facts.results
    if len(protocol.model) > 1:
        yield Heading(2, model.label or protocol.find_endpoint(model.endpoint).label or model.endpoint)
    yield Paragraph(with_italic_p(phrase_cox(protocol, results, model)))
    yield tabulate_cox(results, protocol, model, numbering.next_table())
    for tabulate in (tabulate_proportional_hazards, tabulate_stepwise):
        table = tabulate(results, protocol, model, numbering.tables + 1)
        if table is not None:
            numbering.next_table()
            yield table
    for figure in _forests(protocol, model):
        drawing = draw_forest(results, protocol, figure)
        if drawing is not None:
            yield numbering.figure(drawing)


def _forests(protocol: Protocol, model: Model) -> Iterator[Figure]:
    return (figure for figure in figures_of(protocol) if figure.forest == model.id)


def _methods(facts: StudyFacts, numbering: _Numbering) -> Iterator[Block]:
    del numbering
    yield Heading(1, "Statistical methods")
    yield Paragraph(with_italic_p(phrase_methods(facts.protocol, facts.results, facts.software)))
