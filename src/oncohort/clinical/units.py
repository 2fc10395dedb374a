"""Units of laboratory values and lengths, converted exactly; a value without its unit is refused."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from typing import Final

from oncohort.clinical.exact import Number, exact, in_decimals
from oncohort.clinical.rule import CriteriaTable, Rule, Source
from oncohort.errors import DataError

_ONE: Final = Fraction(1)
_PER_10E9_L: Final[Mapping[str, Fraction]] = {"10^9/L": _ONE}
_PER_U_L: Final[Mapping[str, Fraction]] = {"U/L": _ONE}

UNITS: Final[Mapping[str, Mapping[str, Fraction]]] = {
    "BILI": {"umol/L": _ONE, "mg/dL": exact(17.1)},
    "ALB": {"g/L": _ONE, "g/dL": Fraction(10)},
    "INR": {"ratio": _ONE},
    "PT": {"s": _ONE},
    "ALT": _PER_U_L,
    "AST": _PER_U_L,
    "CREAT": {"umol/L": _ONE, "mg/dL": exact(88.4)},
    "PLAT": _PER_10E9_L,
    "WBC": _PER_10E9_L,
    "NEUT": _PER_10E9_L,
    "HGB": {"g/L": _ONE, "g/dL": Fraction(10), "mmol/L": 10 / exact(0.6206)},
    "AFP": {"ng/mL": _ONE, "ug/L": _ONE},
    "HBVDNA": {"IU/mL": _ONE},
    "SODIUM": {"mmol/L": _ONE},
    "LENGTH": {"mm": _ONE, "cm": Fraction(10)},
}
"""The units of each quantity, the canonical one first, with how many of the canonical unit one of them is."""


def canonical_unit(quantity: str) -> str:
    """Return the unit in which the rules are computed.

    Parameters
    ----------
    quantity : str
        A laboratory code of the data template, or "LENGTH".

    Returns
    -------
    str
        One unit of `UNITS`.

    Raises
    ------
    DataError
        If the quantity is not known.

    Examples
    --------
    >>> canonical_unit("BILI"), canonical_unit("LENGTH")
    ('umol/L', 'mm')
    """
    return next(iter(_units_of(quantity)))


def convert(value: Number, quantity: str, unit: str, to: str) -> Fraction:
    """Convert a measured value from one unit to another, exactly.

    Factors are the field's rounded ones (bilirubin 17.1, creatinine 88.4), not molar masses, so that 3 mg/dL is
    51.3 umol/L. Units are spelled as in the data template; nothing is guessed from the size of a value.

    Parameters
    ----------
    value : number
        As it was measured; a float means its shortest decimal text.
    quantity : str
        A laboratory code of the data template (BILI, ALB, INR …), or "LENGTH".
    unit, to : str
        A unit that the quantity has.

    Returns
    -------
    Fraction
        The value in the unit ``to``; there and back again is the value itself.

    Raises
    ------
    DataError
        If the value is no finite number, the quantity is not known, a unit is empty or is no unit of the quantity.
        Prothrombin activity in % cannot be converted.

    Examples
    --------
    >>> convert(3.0, "BILI", "mg/dL", "umol/L") == exact(51.3), convert(3.5, "ALB", "g/dL", "g/L")
    (True, Fraction(35, 1))
    """
    return exact(value) * _ratio(quantity, unit, to)


@cache
def _ratio(quantity: str, unit: str, to: str) -> Fraction:
    return _factor(quantity, unit) / _factor(quantity, to)


def _units_of(quantity: str) -> Mapping[str, Fraction]:
    if quantity not in UNITS:
        raise DataError(f'"{quantity}" is no quantity with known units; one of {", ".join(UNITS)} was expected')
    return UNITS[quantity]


def _factor(quantity: str, unit: str) -> Fraction:
    units = _units_of(quantity)
    if unit in units:
        return units[unit]
    if quantity in {"INR", "PT"} and unit.startswith("%"):
        raise DataError(
            f"{quantity}: prothrombin activity in % cannot be converted; INR, or PT in seconds, was expected"
        )
    said = f'"{unit}" is no unit of {quantity}' if unit.strip() else "a unit is missing"
    raise DataError(f"{quantity}: {said}; one of {', '.join(units)} was expected")


def _row(quantity: str) -> tuple[str, str, str]:
    canonical, *others = UNITS[quantity]
    factors = "; ".join(f"1 {unit} = {in_decimals(UNITS[quantity][unit])} {canonical}" for unit in others)
    return (quantity, canonical, factors)


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        id="units",
        title="Units",
        question="In which unit is a value computed, and how is it brought there?",
        functions=("convert", "canonical_unit"),
        sources=(
            Source(
                "Wang C et al. Exp Ther Med 2012;4(2):188, the reproduced paper",
                "eligibility: bilirubin 51.3 umol/L = 3 x 17.1",
                "paper",
            ),
            Source("SI conversion factors in common clinical use", "albumin, hemoglobin, creatinine", "from knowledge"),
        ),
        criteria=(
            CriteriaTable("Units and factors", ("quantity", "canonical unit", "other units"), tuple(map(_row, UNITS))),
        ),
        doubts=(
            (
                "The molar mass of bilirubin gives 17.104 umol/L for 1 mg/dL, so 3 mg/dL would be 51.31 and not "
                "the 51.3 of the paper; the rounded factor 17.1 is used everywhere."
            ),
            (
                "Hemoglobin in mmol/L is that of one heme group (1 g/dL = 0.6206 mmol/L); a laboratory that counts "
                "tetramers reports a quarter of it."
            ),
            (
                "Prothrombin activity in % depends on the reagent and is refused, although Japanese and Chinese "
                "Child-Pugh tables have a row for it (over 70, 40 to 70, under 40)."
            ),
            "The factors of creatinine and hemoglobin were not read again in a primary source.",
        ),
    ),
)
