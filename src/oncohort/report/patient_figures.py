"""The figures of single patients: waterfall, spider and swimmer of all, and the timeline of a case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from string import ascii_uppercase
from typing import Final, TypeAlias

from oncohort.report.case_course import Course, course_of, draw_course, shown_lesions
from oncohort.report.document import Heading, Paragraph
from oncohort.report.drawings import figures_of
from oncohort.report.facts import Part, StudyFacts
from oncohort.report.figures.case_records import CaseTimeline
from oncohort.report.figures.case_timeline import plot_case_timeline
from oncohort.report.figures.change_axis import signed
from oncohort.report.figures.spider import plot_spider
from oncohort.report.figures.swimmer import LANES_PER_PAGE, count_pages, plot_swimmer_page
from oncohort.report.figures.waterfall import plot_waterfall
from oncohort.report.names import listed
from oncohort.report.patient_records import (
    clock_of,
    drug_name,
    has_change,
    label_patients,
    shown_patients,
    spider_lines,
    swimmer_lanes,
    waterfall_bars,
)
from oncohort.report.prose_patients import phrase_case
from oncohort.report.response_tables import BEST_RESPONSES, inside_sentence
from oncohort.report.sketch import Sketch
from oncohort.study.cohort import Cohort
from oncohort.study.findings import Finding
from oncohort.study.protocol import Figure, Protocol
from oncohort.study.rules_in_force import response_rules
from oncohort.study.text import mask_count
from oncohort.study.words import plural

CRITERIA_NAMES: Final = {"mRECIST-2010": "mRECIST", "RECIST-1.1": "RECIST 1.1"}
MOST_UNASKED: Final = {"waterfall": 400, "swimmer": LANES_PER_PAGE}
"""How many patients a figure shows at most that the protocol does not name."""


def draw_patients(cohort: Cohort, protocol: Protocol, kind: str) -> Iterator[Sketch]:
    """Yield the figures of a kind, each on as many pages as it needs; nothing where there is nothing to draw."""
    for figure in figures_of(protocol):
        if figure.kind == kind and cohort.derived is not None:
            n = shown_patients(cohort).height
            if n and (protocol.figure or n <= MOST_UNASKED.get(kind, 0)):
                yield from _KINDS[kind](cohort, protocol, figure)


def find_lost_cases(cohort: Cohort, protocol: Protocol) -> list[Finding]:
    """Return a fatal finding for each case whose patient is not analyzed, or has no first dose."""
    cases = [(figure.id, figure.case.patient_id) for figure in protocol.figure if figure.case is not None]
    shown = shown_patients(cohort)["patient_id"].to_list() if cases else []
    return [
        Finding(
            "fatal",
            "CASE-LEFT-OUT",
            f'the figure "{figure_id}" is of a patient who is not analyzed; an analyzed one was expected',
            patient_id=patient_id,
        )
        for figure_id, patient_id in cases
        if patient_id not in shown
    ]


def tell_patients(cohort: Cohort, protocol: Protocol) -> list[Finding]:
    """Return what to say of the figures that the protocol names.

    Those without a patient to show are not made, nor are cases where small counts are masked: one patient is fewer than
    any such count. The figures of all patients are made there, though a reader can count what is masked.
    """
    found: list[Finding] = []
    masked = protocol.privacy.min_cell > 1
    unmeasured = not has_change(cohort, protocol)
    for figure in protocol.figure:
        name = f'the figure "{figure.id}"'
        if figure.case is not None and masked:
            sentence = f"{name} was not made: it shows one patient, and privacy.min_cell masks groups of so few"
            found.append(Finding("warning", "NOT-MADE", sentence))
        elif figure.kind in {"waterfall", "spider"} and unmeasured:
            sentence = f"{name} was not made: no patient has a sum of target lesions at baseline and after it"
            found.append(Finding("note", "NOT-MADE", sentence))
        elif figure.kind in _KINDS and masked:
            sentence = f"{name} shows each patient, so that counts which privacy.min_cell masks can be read off it"
            found.append(Finding("note", "PATIENTS-SHOWN", sentence))
    return found


def tell_cases(facts: StudyFacts) -> Iterator[Part]:
    """Yield a paragraph and a timeline for each case that the protocol names; nothing where small counts are masked.

    A patient without a label is called by a letter, in the order of the cases, or by nothing where there is one case.
    """
    protocol, cohort = facts.protocol, facts.cohort
    if protocol.privacy.min_cell > 1:
        return
    cases = [(figure, figure.case.patient_id) for figure in protocol.figure if figure.case is not None]
    labels, letters = label_patients(cohort, protocol), dict.fromkeys(patient_id for _, patient_id in cases)
    if cases:
        yield Heading(1, "Case timelines")
    for figure, patient_id in cases:
        letter = ascii_uppercase[[*letters].index(patient_id) % 26] if len(letters) > 1 else ""
        label = labels[patient_id] or letter
        course = course_of(cohort, protocol, patient_id)
        yield Paragraph(phrase_case(course, protocol, f"Patient {label}" if label else "The patient"))
        yield draw_case(course, protocol, figure, f"patient {label}" if label else "one patient")


def draw_case(course: Course, protocol: Protocol, figure: Figure, name: str) -> Sketch:
    """Draw the timeline of a case, which is called ``name`` in the caption."""
    case, clock = draw_course(course, protocol), clock_of(protocol)
    plot = partial(plot_case_timeline, case, time_label=clock.label, time_unit=clock.unit)
    tracks = [words for words, there in _tracks(case, protocol) if there]
    measured, shown = len(course.lesions), len(shown_lesions(course))
    fewer = f" Of {measured} measured lesions, {shown} are shown." if shown < measured else ""
    gone = " Where the line of a lesion is broken, its scan has no diameter." if _is_broken(case) else ""
    caption = f"{figure.caption or f'Course of {name}'}. From the top: {listed(tracks)}.{gone}{fewer}"
    return Sketch(plot, caption, f"Timeline of one patient: {listed(tracks)}.")


def _tracks(case: CaseTimeline, protocol: Protocol) -> Iterator[tuple[str, bool]]:
    """Yield what each track of a timeline shows, and whether it is there."""
    labels = {procedure.id: inside_sentence(procedure.label or procedure.id) for procedure in protocol.procedure}
    kinds = dict.fromkeys(labels.get(each.kind, each.kind) for each in case.procedures)
    yield f"daily dose of {drug_name(protocol)}", bool(case.dose)
    yield f"sessions of {listed([*kinds])}", bool(case.procedures)
    yield f"response at each scan ({_criteria(protocol)})", any(scan.response for scan in case.scans)
    part = " (of the viable part, where it was measured)" if _criteria(protocol) == "mRECIST" else ""
    yield f"diameters of the lesions{part}", bool(case.lesions)
    yield "adverse events of grade 3 or higher", bool(case.events)
    yield "outcome", bool(case.outcomes)


def _is_broken(case: CaseTimeline) -> bool:
    return any(size is None for lesion in case.lesions for _, size in lesion.points)


def _waterfall(cohort: Cohort, protocol: Protocol, figure: Figure) -> Iterator[Sketch]:
    bars, min_cell = waterfall_bars(cohort, protocol), protocol.privacy.min_cell
    drawn = [bar for bar in bars if bar.change_percent is not None]
    changes = [bar.change_percent for bar in bars if bar.change_percent is not None]
    if not drawn:
        return
    plot = partial(plot_waterfall, bars, show_labels=_has_labels(protocol), min_cell=min_cell)
    responses = Counter(bar.response for bar in drawn)
    caption = (
        f"{figure.caption or 'Best change of the target lesions from baseline'}. Each bar is one patient, colored by "
        f"best overall response ({_criteria(protocol)}). It ends at the lowest sum of the {_diameters(protocol)} of "
        f"the target lesions at any scan up to the first progression{_before_therapy(protocol)}, as a change from "
        f"baseline, which is known of "
        f"{_share(len(drawn), len(bars), min_cell)}. The upper dashed line is 20% above baseline; progression is "
        f"judged against the smallest sum before it.{_abbreviations(responses)}"
    )
    named = [f"{name} {mask_count(responses[name], min_cell)}" for name in responses]
    ends = f"Bars from {signed(max(changes))}% to {signed(min(changes))}%"
    yield Sketch(plot, caption, f"{ends}; patients by best response: {', '.join(named)}.")


def _before_therapy(protocol: Protocol) -> str:
    excluded = response_rules(protocol).after_new_therapy == "excluded"
    return " and before another anticancer therapy" if excluded else ""


def _spider(cohort: Cohort, protocol: Protocol, figure: Figure) -> Iterator[Sketch]:
    lines, min_cell, clock = spider_lines(cohort, protocol), protocol.privacy.min_cell, clock_of(protocol)
    if not lines:
        return
    plot = partial(
        plot_spider,
        lines,
        time_label=clock.label,
        time_unit=clock.unit,
        show_labels=_has_labels(protocol),
        min_cell=min_cell,
    )
    responses = Counter(line.response for line in lines)
    caption = (
        f"{figure.caption or 'Change of the target lesions from baseline over time'}. Each line is one patient, drawn "
        f"by best overall response ({_criteria(protocol)}): the change of the sum of the {_diameters(protocol)} of the "
        f"target lesions from baseline, at every scan that measured it, also after progression. It is known of "
        f"{_share(len(lines), shown_patients(cohort).height, min_cell)}.{_abbreviations(responses)}"
    )
    ends = [line.points[-1][1] for line in lines]
    n = plural(mask_count(len(lines), min_cell), "line")
    yield Sketch(plot, caption, f"{n}, with last changes from {signed(max(ends))}% to {signed(min(ends))}%.")


def _swimmer(cohort: Cohort, protocol: Protocol, figure: Figure) -> Iterator[Sketch]:
    lanes, min_cell, clock = swimmer_lanes(cohort, protocol), protocol.privacy.min_cell, clock_of(protocol)
    pages = count_pages(len(lanes))
    n, ongoing, died = (
        mask_count(count, min_cell)
        for count in (
            len(lanes),
            sum(lane.ongoing for lane in lanes),
            sum(mark.kind == "DEATH" for lane in lanes for mark in lane.events),
        )
    )
    caption = (
        f"{figure.caption or 'Treatment and course of each patient'}. Each lane is one patient (n = {n}), the longest "
        f"followed first; it ends with death or on the last day known alive. Bars are the days on "
        f"{drug_name(protocol) or 'treatment'}, by dose. A response is marked at the scan that made it the best one, "
        f"and before a complete response at the first partial one"
    )
    alt = f"{plural(n, 'lane')}: {died} died, {ongoing} still treated when last known alive."
    for page in range(pages):
        part = f" (part {page + 1} of {pages})" if pages > 1 else ""
        plot = partial(plot_swimmer_page, lanes, page, time_label=clock.label, time_unit=clock.unit)
        yield Sketch(plot, f"{caption}{part}", alt)


def _has_labels(protocol: Protocol) -> bool:
    return protocol.privacy.patient_labels != "hidden"


def _criteria(protocol: Protocol) -> str:
    return CRITERIA_NAMES[protocol.response.criteria] if protocol.response else ""


def _diameters(protocol: Protocol) -> str:
    return "viable diameters" if _criteria(protocol) == "mRECIST" else "diameters"


def _share(n: int, total: int, min_cell: int) -> str:
    """Return "36 of 37 patients", or "all 37 patients"."""
    if n == total:
        return f"all {plural(mask_count(n, min_cell), 'patient')}" if n > 1 else "the one patient"
    return f"{mask_count(n, min_cell)} of {plural(total, 'patient')}"


def _abbreviations(responses: Mapping[str, int]) -> str:
    """Return the responses that a figure names, in full."""
    named = [f"{short}, {inside_sentence(BEST_RESPONSES[short])}" for short in BEST_RESPONSES if short in responses]
    return f" {'; '.join(named)}."


_Draw: TypeAlias = Callable[[Cohort, Protocol, Figure], Iterator[Sketch]]
_KINDS: Final[Mapping[str, _Draw]] = {"waterfall": _waterfall, "spider": _spider, "swimmer": _swimmer}
