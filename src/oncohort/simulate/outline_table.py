"""Outlines as a table: a row a treated patient, read with a sentence for every cell that cannot be, and written."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, Final, get_args

from oncohort.errors import DataError
from oncohort.simulate.outline import (
    WITH_HBV,
    ChildPughClass,
    Course,
    Differentiation,
    Etiology,
    Outline,
    PortalVein,
    Response,
    Sex,
    Site,
)
from oncohort.study.protocol import Protocol
from oncohort.study.template_tables import TEMPLATE
from oncohort.study.text import format_plain
from oncohort.study.words import did_you_mean, quoted

PREFIX: Final = "SYN-"
"""What the id of every synthetic patient begins with."""
_MOST: Final = 40
"""Cells that are told of at once."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """How a cell is read, what it must be, and how a value is written; `read` gives None where it cannot be."""

    read: Callable[[str], Any]
    expected: str
    write: Callable[[Any], str] = str


def _among(words: Sequence[str], text: str) -> str | None:
    return text if text in words else None


def _word(words: Sequence[str]) -> _Kind:
    return _Kind(partial(_among, words), "one of " + ", ".join(word or "(empty)" for word in words))


def _whole(low: int, high: int) -> _Kind:
    def read(text: str) -> int | None:
        return int(text) if text.isascii() and text.isdigit() and low <= int(text) <= high else None

    return _Kind(read, f"a whole number from {low} to {high}")


def _number(low: float) -> _Kind:
    def read(text: str) -> float | None:
        try:
            value = float(text)
        except ValueError:
            return None
        return value if math.isfinite(value) and value >= low else None

    return _Kind(read, f"a number from {format_plain(low)}", format_plain)


def _or_empty(kind: _Kind, expected: str) -> _Kind:
    """Return the kind of a cell that may be empty: read gives its value, or None, as the one item of a tuple."""

    def read(text: str) -> tuple[Any] | None:
        value = kind.read(text) if text else None
        return (value,) if value is not None or not text else None

    return _Kind(read, expected, lambda value: "" if value is None else kind.write(value))


def _date(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if found.isoformat() == text else None


def _sites(text: str) -> tuple[str, ...] | None:
    sites = tuple(part.strip() for part in text.split(";")) if text else ()
    return sites if set(sites) <= {*get_args(Site)} and len({*sites}) == len(sites) else None


def _id(text: str) -> str | None:
    return text if text.startswith(PREFIX) and len(text) > len(PREFIX) and text.isprintable() else None


_YES_NO: Final = _Kind({"Y": True, "N": False}.get, "Y or N", "NY".__getitem__)
_CONTINUED: Final = _or_empty(_YES_NO, "Y, N, or empty without progression")
_HBV_DNA: Final = _or_empty(_number(0), "a number from 0, or empty without hepatitis B")
_DAYS: Final = _whole(0, 36500)
_GRADE: Final = _whole(0, 5)

_AT_BASELINE: Final[Mapping[str, _Kind]] = {
    "patient_id": _Kind(_id, f"an id that begins with {PREFIX}"),
    "sex": _word(get_args(Sex)),
    "age": _whole(18, 110),
    "start": _Kind(_date, "a date as YYYY-MM-DD"),
    "ecog": _whole(0, 4),
    "differentiation": _word(get_args(Differentiation)),
    "n_tumours": _whole(1, 99),
    "max_diam_mm": _number(1),
    "pvt": _word(get_args(PortalVein)),
    "metastases": _Kind(_sites, "some of lung, adrenal, bone with ; between, or empty", ";".join),
    "etiology": _word(get_args(Etiology)),
    "hbv_dna": _HBV_DNA,
    "child_pugh_class": _word(get_args(ChildPughClass)),
    "platelets_10e9_per_l": _number(1),
    "afp_ng_per_ml": _number(0),
}
_WHERE_ABSENT: Final[Mapping[str, str]] = {"etiology": "HBV"}
"""Columns that a table need not have, and what is then in every row."""


def _of_course(protocol: Protocol) -> dict[str, _Kind]:
    """Return how the columns of the course are read; arms and reasons are those of the protocol."""
    cause = TEMPLATE["death"].find("primary_cause")
    arms = [level.id for level in protocol.arm.levels] if protocol.arm else [""]
    return {
        "arm": _word(arms),
        "os_days": _whole(1, 36500),
        "died": _YES_NO,
        "death_cause": _word(["", *(cause.allowed if cause else ())]),
        "pfs_days": _DAYS,
        "progressed": _YES_NO,
        "best": _word(get_args(Response)),
        "continued": _CONTINUED,
        "treatment_days": _DAYS,
        "early_stop": _word(["", *(protocol.exposure.early_stop_reasons if protocol.exposure else ())]),
        "dose_reduced": _YES_NO,
    }


def read_outlines(
    header: Sequence[str], rows: Sequence[Sequence[str]], name: str, terms: Mapping[str, str], protocol: Protocol
) -> tuple[Outline, ...]:
    """Return the outlines of a table.

    Parameters
    ----------
    header : sequence of str
        The fields of `Outline` (without ``excluded``) and of `Course`, and the columns of ``terms``, in any order.
        Without ``etiology``, all patients have hepatitis B.
    rows : sequence of sequence of str
        The cells of each patient; row 2 of the file is the first. Blank rows are left out.
    name : str
        What messages call the file.
    terms : mapping of str to str
        For each column with the worst grade of an adverse event, its term; 0 or empty is none.
    protocol : Protocol
        Declares the arms and the reasons of early stops.

    Raises
    ------
    DataError
        If a column is missing or unknown, or a cell cannot be: one line for each, with row, column and value.
    """
    kinds = {**_AT_BASELINE, **_of_course(protocol)}
    problems = [*_of_header(header, name, kinds, terms)]
    if problems:
        raise DataError("\n".join(problems))
    outlines: list[Outline] = []
    seen: dict[str, int] = {}
    for number, cells in enumerate(rows, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            problems.append(
                f"{name}, row {number}: has {len(cells)} cells; {len(header)} were expected, as in the header"
            )
            continue
        row = {**_WHERE_ABSENT, **{column: cell.strip() for column, cell in zip(header, cells, strict=True)}}
        found, told = _read_row(row, kinds, terms, f"{name}, row {number}")
        problems += told
        patient_id = row["patient_id"]
        if patient_id in seen:
            problems.append(
                f'{name}, row {number}, column "patient_id": "{patient_id}" is that of row {seen[patient_id]} too'
            )
        seen.setdefault(patient_id, number)
        outlines += [_outline(found, terms)] if not told else []
    if not seen and not problems:
        problems.append(f"{name}: holds no patient; a row a treated patient was expected")
    if problems:
        more = [f"{name}: {len(problems) - _MOST} more"] if len(problems) > _MOST else []
        raise DataError("\n".join([*problems[:_MOST], *more]))
    return tuple(outlines)


def _of_header(header: Sequence[str], name: str, kinds: Mapping[str, _Kind], terms: Mapping[str, str]) -> Iterator[str]:
    known = [*kinds, *terms]
    for column in dict.fromkeys(header):
        if header.count(column) > 1:
            yield f'{name}: the column "{column}" is there twice'
        if column not in known:
            asked = "a column of outlines, or one that patients.adverse_events names, was expected"
            yield f'{name}: there is no column "{column}"; {asked}.{did_you_mean(column, known)}'
    missing = [column for column in known if column not in {*header, *_WHERE_ABSENT}]
    if missing:
        yield f"{name}: the columns {quoted(missing)} are missing"


def _read_row(
    row: Mapping[str, str], kinds: Mapping[str, _Kind], terms: Mapping[str, str], place: str
) -> tuple[dict[str, Any], list[str]]:
    """Return the values of a row and a sentence for each cell that cannot be."""
    found: dict[str, Any] = {}
    told: list[str] = []
    for column, kind in {**kinds, **dict.fromkeys(terms, _GRADE)}.items():
        text = row[column] or ("0" if column in terms else "")
        value = kind.read(text)
        if value is None:
            told.append(f'{place}, column "{column}": "{text}" cannot be; {kind.expected} was expected')
        found[column] = value
    infected = found["etiology"] in WITH_HBV
    if not told and (found["hbv_dna"] == (None,)) == infected:
        expected = f"{'a number' if infected else 'an empty cell'} was expected with etiology {found['etiology']}"
        told.append(f'{place}, column "hbv_dna": "{row["hbv_dna"]}" cannot be; {expected}')
    return found, told


def _outline(found: Mapping[str, Any], terms: Mapping[str, str]) -> Outline:
    at_baseline = {column: found[column] for column in _AT_BASELINE} | {"hbv_dna": found["hbv_dna"][0]}
    grades = {term: found[column] for column, term in terms.items() if found[column]}
    of_course = {column: found[column] for column in found if column not in {*_AT_BASELINE, *terms}}
    course = Course(**{**of_course, "continued": found["continued"][0]}, worst_grades=grades)
    return Outline(**at_baseline, excluded="", course=course)


def write_outlines(outlines: Sequence[Outline], terms: Mapping[str, str], protocol: Protocol) -> list[list[str]]:
    """Return the table of the treated patients, the header first; `read_outlines` reads it back."""
    of_course = _of_course(protocol)
    rows = [[*_AT_BASELINE, *of_course, *terms]]
    for outline in outlines:
        course = outline.course
        if course is not None:
            rows.append(
                [
                    *(kind.write(getattr(outline, column)) for column, kind in _AT_BASELINE.items()),
                    *(kind.write(getattr(course, column)) for column, kind in of_course.items()),
                    *(str(course.worst_grades.get(term, 0)) for term in terms.values()),
                ]
            )
    return rows
