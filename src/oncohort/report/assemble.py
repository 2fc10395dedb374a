"""The report of a study: its sections, in the order a reader needs them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from itertools import count
from typing import Final, TypeAlias

from oncohort.report.bootstrap_section import tell_bootstrap
from oncohort.report.comparison_tables import (
    tabulate_beyond_progression,
    tabulate_compared_events,
    tabulate_comparison,
    tabulate_landmark,
)
from oncohort.report.competing_section import tell_competing
from oncohort.report.course_tables import (
    tabulate_adherence,
    tabulate_deaths,
    tabulate_exposure,
    tabulate_reconciliation,
)
from oncohort.report.document import (
    Block,
    Document,
    FigureBlock,
    Heading,
    Paragraph,
    TableBlock,
)
from oncohort.report.drawings import draw_curves, draw_forest, figures_of
from oncohort.report.facts import APPENDED, Part, StudyFacts
from oncohort.report.fine_gray_section import tell_fine_gray
from oncohort.report.layout import is_wide
from oncohort.report.methods import phrase_methods
from oncohort.report.model_tables import tabulate_cox, tabulate_proportional_hazards, tabulate_stepwise
from oncohort.report.models_beside import tabulate_models_side_by_side
from oncohort.report.names import model_title, with_italic_p
from oncohort.report.pairs import tabulate_pairs
from oncohort.report.patient_figures import draw_patients, tell_cases
from oncohort.report.profiles_section import tell_profiles
from oncohort.report.prose import (
    phrase_characteristics,
    phrase_cox,
    phrase_follow_up,
    phrase_survival,
    phrase_univariable,
)
from oncohort.report.prose_course import (
    phrase_adherence,
    phrase_deaths,
    phrase_exposure,
    phrase_reconciliation,
    phrase_safety,
)
from oncohort.report.prose_treatment import (
    phrase_beyond_progression,
    phrase_comparison,
    phrase_landmarks,
    phrase_response,
    phrase_sensitivity,
)
from oncohort.report.published_section import tell_published
from oncohort.report.response_tables import tabulate_response, tabulate_sensitivity
from oncohort.report.restricted_section import tell_restricted_means
from oncohort.report.run_section import tell_entry, tell_run
from oncohort.report.safety_tables import tabulate_adverse_events, tabulate_adverse_events_by_arm, tabulate_lab_shifts
from oncohort.report.sketch import Begun, Drawing, Sketch, begin, finish
from oncohort.report.spline_section import tell_splines
from oncohort.report.subgroup_tables import draw_subgroups, phrase_subgroups, tabulate_subgroups
from oncohort.report.tables import tabulate_characteristics, tabulate_survival, tabulate_univariable
from oncohort.study.protocol import Figure, Landmark, Model, Protocol, Table
from oncohort.study.results import Results

SYNTHETIC: Final = "Synthetic data: no real patient is in this report"


@dataclass(frozen=True, slots=True)
class Report:
    """The document, and every table and figure in it, for the files beside it."""

    document: Document
    tables: tuple[TableBlock, ...]
    figures: tuple[tuple[int, Drawing], ...]


Tabulate: TypeAlias = Callable[[Results, Protocol], TableBlock | None]


def assemble_report(facts: StudyFacts, other: Executor | None = None) -> Report:
    """Return the whole report of a study; another process, if there is one, draws part of the figures."""
    sections = (
        tell_entry,
        _characteristics,
        _response,
        _survival,
        _univariable,
        tell_competing,
        _models,
        _course,
        _comparisons,
        tell_cases,
        _methods,
        _audit,
        tell_published,
        tell_profiles,
        tell_run,
    )
    parts = [
        begin(part, other) if isinstance(part, Sketch) else part for section in sections for part in section(facts)
    ]
    drawings = finish([part for part in parts if isinstance(part, Begun)])
    blocks = _number(parts, drawings)
    study = facts.protocol.study
    subtitle = ", ".join(part for part in (study.design, study.setting) if part)
    document = Document(
        title=study.title,
        subtitle=f"{subtitle[:1].upper()}{subtitle[1:]}",
        banner=SYNTHETIC if study.synthetic else "",
        blocks=tuple(blocks),
    )
    tables = tuple(block for block in blocks if isinstance(block, TableBlock))
    return Report(document, tables, tuple(enumerate(drawings, start=1)))


def _number(parts: Sequence[Block | Begun], drawings: Sequence[Drawing]) -> list[Block]:
    """Count tables, appended tables and figures, each kind from 1 in the order they come."""
    blocks: list[Block] = []
    figures, tables, appended = enumerate(drawings, start=1), count(1), count(1)
    for part in parts:
        if isinstance(part, Begun):
            blocks.append(_figure_block(*next(figures)))
        elif isinstance(part, TableBlock):
            number = f"{APPENDED}{next(appended)}" if part.number == APPENDED else next(tables)
            blocks.append(replace(part, number=number, landscape=is_wide(part)))
        else:
            blocks.append(part)
    return blocks


def _figure_block(number: int, drawing: Drawing) -> FigureBlock:
    return FigureBlock(
        number=number,
        caption=with_italic_p(f"{drawing.caption.rstrip('.')}."),
        alt=drawing.alt,
        svg=drawing.svg,
        png=drawing.png,
        width_mm=drawing.width_mm,
    )


def _named(protocol: Protocol, kind: str) -> Iterator[tuple[str, Table]]:
    for place, table in enumerate(protocol.table, start=1):
        if table.kind == kind:
            yield table.id or f"table_{place}", table


def _characteristics(facts: StudyFacts) -> Iterator[Part]:
    protocol, results = facts.protocol, facts.results
    tables = list(_named(protocol, "characteristics"))
    if tables:
        yield Heading(1, "Patient characteristics")
    for table_id, table in tables:
        yield from _paragraph(phrase_characteristics(protocol, results, table, table_id))
        yield tabulate_characteristics(results, protocol, table, table_id)


def _survival(facts: StudyFacts) -> Iterator[Part]:
    yield Heading(1, "Follow-up and survival")
    yield Paragraph(phrase_follow_up(facts.protocol, facts.results))
    for endpoint in facts.protocol.endpoint:
        yield Paragraph(with_italic_p(phrase_survival(facts.protocol, facts.results, endpoint)))
    yield tabulate_survival(facts.results, facts.protocol)
    yield from tell_restricted_means(facts)
    for figure in figures_of(facts.protocol):
        if figure.curves and not any(curve.by for curve in figure.curves):
            yield from _drawn(draw_curves(facts.results, facts.protocol, figure))


def _univariable(facts: StudyFacts) -> Iterator[Part]:
    protocol, results = facts.protocol, facts.results
    tables = list(_named(protocol, "univariable"))
    figures = [figure for figure in figures_of(protocol) if any(curve.by for curve in figure.curves)]
    if tables or figures:
        yield Heading(1, "Univariable analysis")
    for table_id, table in tables:
        for sentence in phrase_univariable(protocol, results, table, table_id):
            yield Paragraph(with_italic_p(sentence))
        yield tabulate_univariable(results, protocol, table, table_id)
        pairs = tabulate_pairs(results, protocol, table, table_id)
        if pairs is not None:
            yield replace(pairs, number=APPENDED)
    for figure in figures:
        yield from _drawn(draw_curves(results, protocol, figure))


def _models(facts: StudyFacts) -> Iterator[Part]:
    if facts.protocol.model:
        yield Heading(1, "Multivariable analysis")
    for model in facts.protocol.model:
        yield from _model(facts, model)
    for endpoint in dict.fromkeys(model.endpoint for model in facts.protocol.model):
        yield from _tables(tabulate_models_side_by_side(facts.results, facts.protocol, endpoint))
    if facts.protocol.subgroup:
        yield Heading(1, "Subgroups")
    for subgroups in facts.protocol.subgroup:
        yield Paragraph(with_italic_p(phrase_subgroups(facts.results, facts.protocol, subgroups)))
        yield tabulate_subgroups(facts.results, facts.protocol, subgroups)
        yield from _drawn(draw_subgroups(facts.results, facts.protocol, subgroups))


def _model(facts: StudyFacts, model: Model) -> Iterator[Part]:
    protocol, results = facts.protocol, facts.results
    if len(protocol.model) > 1:
        label = protocol.find_endpoint(model.endpoint).label
        title = model_title(protocol, model)
        yield Heading(2, label if label and title == model.endpoint else title)
    if model.kind == "fine-gray":
        yield from tell_fine_gray(facts, model)
        return
    yield Paragraph(with_italic_p(phrase_cox(protocol, results, model)))
    yield tabulate_cox(results, protocol, model)
    yield from tell_splines(facts, model)
    yield from tell_bootstrap(facts, model)
    for tabulate in (tabulate_proportional_hazards, tabulate_stepwise):
        yield from _appended(_tables(tabulate(results, protocol, model)))
    for figure in _forests(protocol, model):
        yield from _drawn(draw_forest(results, protocol, figure))


def _drawn(sketch: Sketch | None) -> tuple[Sketch, ...]:
    return () if sketch is None else (sketch,)


def _forests(protocol: Protocol, model: Model) -> Iterator[Figure]:
    return (figure for figure in figures_of(protocol) if figure.forest == model.id)


def _response(facts: StudyFacts) -> Iterator[Part]:
    told = _told("Response", phrase_response(facts.protocol, facts.results), (tabulate_response,), facts)
    yield from _patients("Response", told, ("waterfall", "spider"), facts)


def _patients(heading: str, told: Iterable[Part], kinds: Sequence[str], facts: StudyFacts) -> Iterator[Part]:
    """Yield a section and its figures of single patients, which bring the heading where nothing else was told."""
    parts = list(told)
    drawings = [drawing for kind in kinds for drawing in draw_patients(facts.cohort, facts.protocol, kind)]
    if drawings and not parts:
        yield Heading(1, heading)
    yield from parts
    yield from drawings


def _comparisons(facts: StudyFacts) -> Iterator[Part]:
    """Yield the groups side by side, and what is not biased by what became known only later."""
    protocol, results = facts.protocol, facts.results
    if protocol.comparison or protocol.landmark:
        yield Heading(1, "Comparisons of groups")
    for comparison in protocol.comparison:
        yield from _paragraph(phrase_comparison(protocol, results, comparison))
        for tabulate in (tabulate_comparison, tabulate_compared_events, tabulate_beyond_progression):
            yield from _tables(tabulate(results, protocol, comparison))
    yield from _paragraph(phrase_beyond_progression(protocol, results))
    yield from _paragraph(phrase_landmarks(protocol, results))
    for landmark_id, landmark in _landmarks(protocol):
        yield from _tables(tabulate_landmark(results, protocol, landmark_id, landmark))


def _landmarks(protocol: Protocol) -> Iterator[tuple[str, Landmark]]:
    for place, landmark in enumerate(protocol.landmark, start=1):
        yield landmark.id or f"landmark_{place}", landmark


def _course(facts: StudyFacts) -> Iterator[Part]:
    protocol, results = facts.protocol, facts.results
    events = (tabulate_adverse_events, tabulate_adverse_events_by_arm)
    yield from _told("Adverse events", phrase_safety(protocol, results), events, facts)
    yield from _appended(_tables(tabulate_lab_shifts(results, protocol)))
    treated = _told("Treatment", phrase_exposure(protocol, results), (tabulate_exposure,), facts)
    yield from _patients("Treatment", treated, ("swimmer",), facts)
    yield from _told("Deaths", phrase_deaths(protocol, results), (tabulate_deaths,), facts)


def _audit(facts: StudyFacts) -> Iterator[Part]:
    """Yield what a careful reader asks of the records themselves; tables of the run, not of the patients."""
    protocol, results = facts.protocol, facts.results
    yield from _told("Other rules of censoring", phrase_sensitivity(protocol, results), (tabulate_sensitivity,), facts)
    adherence, reconciliation = phrase_adherence(protocol, results), phrase_reconciliation(protocol, results)
    yield from _appended(_told("Adherence to the protocol", adherence, (tabulate_adherence,), facts))
    yield from _appended(_told("Recorded against derived", reconciliation, (tabulate_reconciliation,), facts))


def _appended(parts: Iterable[Part]) -> Iterator[Part]:
    return (replace(part, number=APPENDED) if isinstance(part, TableBlock) else part for part in parts)


def _told(heading: str, sentence: str, tables: Sequence[Tabulate], facts: StudyFacts) -> Iterator[Part]:
    """Yield a section with its paragraph and its tables; nothing where there is neither."""
    blocks = [*_paragraph(sentence), *(b for t in tables for b in _tables(t(facts.results, facts.protocol)))]
    if heading and blocks:
        yield Heading(1, heading)
    yield from blocks


def _paragraph(sentence: str) -> Iterator[Block]:
    if sentence:
        yield Paragraph(with_italic_p(sentence))


def _tables(table: TableBlock | None) -> Iterator[Block]:
    if table is not None:
        yield table


def _methods(facts: StudyFacts) -> Iterator[Part]:
    yield Heading(1, "Statistical methods")
    yield Paragraph(with_italic_p(phrase_methods(facts.protocol, facts.results, facts.software)))
