"""Checks of factors: levels that were declared, values that vary, and how much is missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from oncohort.intake.hints import is_missing_word
from oncohort.intake.look import Look, found_at, found_in_column, is_one_of, unit_in_header
from oncohort.study.findings import Finding
from oncohort.study.protocol import Factor
from oncohort.study.text import format_percent, mask_count

_MUCH: Final = 0.20


def _declared(look: Look, factor: Factor) -> set[str]:
    """Return the distinct cells that are one of the declared levels."""
    values = [value for level in factor.levels or () for value in level.values]
    return {cell for cell in set(look.texts(factor.column)) if cell is not None and is_one_of(cell, values)}


def _n_missing(look: Look, factor: Factor) -> int:
    """Return in how many patients a factor is missing: no cell or, where levels are declared, none of them."""
    if factor.levels is None:
        return look.frame[factor.column].null_count()
    declared = _declared(look, factor)
    return sum(cell not in declared for cell in look.texts(factor.column))


def levels_are_declared(look: Look) -> list[Finding]:
    """A cell that is no declared level counts as missing, and is told."""
    findings: list[Finding] = []
    for factor in look.protocol.factor:
        if factor.levels is None:
            continue
        known = _declared(look, factor)
        for place, cell in enumerate(look.texts(factor.column)):
            if cell is None or cell in known:
                continue
            if is_missing_word(cell):
                sentence = f'a word for no value, so it counts as missing; list it in missing of factor "{factor.id}"'
                findings.append(found_at(look, place, "warning", "MISSING-WORD", sentence, column=factor.column))
            else:
                sentence = f'this is no declared level of factor "{factor.id}", so it counts as missing'
                findings.append(found_at(look, place, "error", "LEVEL-UNKNOWN", sentence, column=factor.column))
    return findings


def levels_occur(look: Look) -> list[Finding]:
    """A level nobody has is most likely written in another way in the data."""
    findings: list[Finding] = []
    for factor in look.protocol.factor:
        cells = _declared(look, factor)
        for level in factor.levels or ():
            if not any(is_one_of(cell, level.values) for cell in cells):
                sentence = f'the level "{level.label}" of factor "{factor.id}" never occurs'
                findings.append(found_in_column(look, factor.column, "warning", "LEVEL-ABSENT", sentence))
    return findings


def factors_are_known(look: Look) -> list[Finding]:
    """Much that is missing weakens every table the factor is in."""
    findings: list[Finding] = []
    for factor in look.protocol.factor:
        total = look.frame.height
        missing = _n_missing(look, factor)
        if missing == total:
            sentence = f'factor "{factor.id}" is missing in every patient'
            findings.append(found_in_column(look, factor.column, "warning", "ALL-MISSING", sentence))
        elif missing > _MUCH * total:
            few = mask_count(missing, look.protocol.privacy.min_cell)
            percent = f" ({format_percent(missing, total)}%)" if few == str(missing) else ""
            share = f"{few} of {total} patients{percent}"
            sentence = f'factor "{factor.id}" is missing in {share}'
            findings.append(found_in_column(look, factor.column, "warning", "MUCH-MISSING", sentence))
    return findings


def numbers_vary(look: Look) -> list[Finding]:
    """A number that is the same in everybody explains nothing."""
    return [
        found_in_column(
            look, factor.column, "warning", "ONE-VALUE", f'factor "{factor.id}" has the same value in every patient'
        )
        for factor in look.protocol.factor
        if factor.levels is None and look.frame[factor.column].drop_nulls().n_unique() == 1 and look.frame.height > 1
    ]


def units_are_told(look: Look) -> list[Finding]:
    """A unit in the header belongs in the protocol, where tables find it."""
    findings: list[Finding] = []
    for factor in look.protocol.factor:
        unit = unit_in_header(factor.column)[1]
        if factor.levels is not None or not unit or unit in factor.label:
            continue
        if not factor.unit:
            sentence = f'the header carries a unit; set unit of factor "{factor.id}" to show it'
            findings.append(found_in_column(look, factor.column, "note", "UNIT-IN-HEADER", sentence))
        elif factor.unit.lower() != unit.lower():
            sentence = f'the header names another unit than factor "{factor.id}" ({factor.unit})'
            findings.append(found_in_column(look, factor.column, "warning", "UNIT-DIFFERS", sentence))
    return findings


FACTOR_RULES: Final[tuple[Callable[[Look], list[Finding]], ...]] = (
    levels_are_declared,
    levels_occur,
    factors_are_known,
    numbers_vary,
    units_are_told,
)
