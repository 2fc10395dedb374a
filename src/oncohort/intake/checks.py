"""Checks of the recorded values: rules, each a small function, and the one visible list of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import polars as pl

from oncohort.intake.check_endpoints import ENDPOINT_RULES
from oncohort.intake.check_entries import ENTRY_RULES
from oncohort.intake.check_factors import FACTOR_RULES
from oncohort.intake.look import Look, found_at
from oncohort.study.conditions import left_out_by
from oncohort.study.findings import LEVELS, Finding
from oncohort.study.protocol import Protocol

_ENOUGH_TO_BE_ALIKE: Final = 5
_MOST_TOLD: Final = 5


def check_records(frame: pl.DataFrame, protocol: Protocol, source_name: str) -> list[Finding]:
    """Check typed records against themselves and against what the protocol says of them.

    Parameters
    ----------
    frame : DataFrame
        n patients, typed: the columns of the protocol, ``patient_id`` and ``row``.
    protocol : Protocol
        Names the codes, levels, units and criteria.
    source_name : str
        The file that findings name.

    Returns
    -------
    list of Finding
        Gravest first, then in the order of the rules below. Every row is checked; what would be fatal
        about a patient whom a criterion leaves out is a note that names the criterion, but for
        the patient ids.

    Examples
    --------
    >>> from oncohort.study.protocol import Endpoint, EventCodes, RecordTables, Study, TableFile, TimeColumn
    >>> death = Endpoint(
    ...     id="OS", time=TimeColumn(column="OS", unit="months"), event=EventCodes(column="Death", values=(1,))
    ... )
    >>> protocol = Protocol(
    ...     study=Study(title="A study", profile="guideline"),
    ...     records=RecordTables(patients=TableFile(file="a.csv", patient_id="Number")),
    ...     endpoint=(death,),
    ... )
    >>> frame = pl.DataFrame({"OS": [5.0, -1.0], "Death": ["1", "0"], "patient_id": ["a", "b"], "row": [2, 3]})
    >>> [finding.in_full() for finding in check_records(frame, protocol, "a.csv")]
    ['a.csv, row 3, patient b, column "OS": "-1": a time from 0 was expected']
    """
    look = Look(frame, protocol, source_name, left_out_by(frame, protocol.criterion))
    excused = {int(frame["row"][place]): criterion for place, criterion in look.left_out.items()}
    findings = [finding for rule in ID_RULES for finding in rule(look)]
    findings += [_excuse(finding, excused) for rule in VALUE_RULES for finding in rule(look)]
    return sorted(findings, key=lambda finding: LEVELS.index(finding.level))


def _excuse(finding: Finding, excused: dict[int, str]) -> Finding:
    """Make a note of what would be fatal, where it is about a patient who is left out."""
    if finding.level != "fatal" or finding.row not in excused:
        return finding
    sentence = f'{finding.sentence}; excluded by criterion "{excused[finding.row]}"'
    return replace(finding, level="note", sentence=sentence)


def patient_id_is_known(look: Look) -> list[Finding]:
    """A row without patient_id cannot be anybody's."""
    places = [k for k, known in enumerate(look.frame["patient_id"].is_not_null()) if not known]
    sentence = "the patient_id is missing; one distinct id a patient was expected"
    return [found_at(look, k, "fatal", "ID-MISSING", sentence, column=look.id_column) for k in places]


def patient_id_is_distinct(look: Look) -> list[Finding]:
    """One row a patient; a patient with several rows is told once, with all of them."""
    places: dict[str, list[int]] = {}
    for place, patient_id in enumerate(look.frame["patient_id"].to_list()):
        if patient_id is not None:
            places.setdefault(patient_id, []).append(place)
    sentence = "the same patient_id stands in several rows; one row a patient was expected"
    return [
        found_at(look, rows[1], "fatal", "ID-TWICE", sentence, column=look.id_column, value=look.rows_in_words(rows))
        for rows in places.values()
        if len(rows) > 1
    ]


def rows_are_not_copies(look: Look) -> list[Finding]:
    """Two patients alike in everything the study uses may be one patient entered twice."""
    columns = [name for name in look.frame.columns if name not in {"patient_id", "row"}]
    if len(columns) < _ENOUGH_TO_BE_ALIKE:
        return []
    rows = look.frame.select(columns).rows()
    again = {row for row, count in Counter(rows).items() if count > 1}
    places: dict[tuple[object, ...], list[int]] = {}
    for place, row in enumerate(rows):
        if row in again and any(cell is not None for cell in row):
            places.setdefault(row, []).append(place)
    if not places:
        return []
    groups = list(places.values())
    sentence = (
        f"{sum(map(len, groups))} rows are alike another one in every column of the study; make sure that they are "
        "different patients"
    )
    found = "; ".join(look.rows_in_words(alike) for alike in groups[:_MOST_TOLD])
    found += "; …" if groups[_MOST_TOLD:] else ""
    return [found_at(look, groups[0][1], "note", "ROWS-ALIKE", sentence, value=found)]


ID_RULES: Final[tuple[Callable[[Look], list[Finding]], ...]] = (patient_id_is_known, patient_id_is_distinct)
VALUE_RULES: Final[tuple[Callable[[Look], list[Finding]], ...]] = (
    *ENDPOINT_RULES,
    *ENTRY_RULES,
    *FACTOR_RULES,
    rows_are_not_copies,
)
