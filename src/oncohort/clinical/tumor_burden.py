"""The share of the liver that tumors take, estimated from their axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import pi
from typing import Final, Literal, TypeAlias

from oncohort.clinical.answer import Answer, decided, undetermined
from oncohort.clinical.exact import Number, exact, exact_or_none, in_decimals
from oncohort.clinical.rule import CriteriaTable, Rule, Source
from oncohort.errors import DataError

Axes: TypeAlias = tuple[Number | None, Number | None, Number | None]
"""The three axes of a tumor in mm; None where one was not measured."""


@dataclass(frozen=True, slots=True)
class TumorBurden:
    """The tumors' share of the liver volume in percent, flagged as estimated from axes."""

    percent: float
    flag: Literal["ESTIMATED"]


def tumor_burden_percent(lesion_axes_mm: Sequence[Axes], liver_volume_ml: Number | None) -> Answer[TumorBurden]:
    """Estimate the tumors' share of the liver volume.

    Each tumor counts as an ellipsoid. An axis that was not measured is not made up from the others.

    Parameters
    ----------
    lesion_axes_mm : sequence of (axis, axis, axis)
        Three axes of each tumor in the liver, in mm, from 0; None where not measured. No tumor is 0 percent.
    liver_volume_ml : int, float, Decimal, Fraction or None
        Volume of the whole liver with its tumors, in mL, above 0.

    Returns
    -------
    Answer of TumorBurden
        With the flag ESTIMATED; undetermined if an axis or the liver volume is missing.

    Raises
    ------
    DataError
        If an axis is negative, the liver volume is not above 0, or the tumors are larger than the liver.

    Examples
    --------
    >>> burden = tumor_burden_percent([(80, 70, 60), (20, 20, 20)], 1200)
    >>> round(burden.value.percent, 1), burden.value.flag
    (15.0, 'ESTIMATED')
    >>> tumor_burden_percent([(80, 70, None)], 1200).missing
    ('axes of lesion 1',)
    """
    liver = exact_or_none(liver_volume_ml)
    if liver is not None and liver <= 0:
        raise DataError(f"the liver volume is {in_decimals(liver)} mL; a volume above 0 was expected")
    products = [_product(number, axes) for number, axes in enumerate(lesion_axes_mm, start=1)]
    missing = [f"axes of lesion {number}" for number, product in enumerate(products, start=1) if product is None]
    if liver is None or missing:
        return undetermined([*missing, *(["liver_volume_ml"] if liver is None else [])])
    tumor_ml = pi / 6 * float(sum(product for product in products if product is not None) / 1000)
    percent = 100 * tumor_ml / float(liver)
    if percent > 100:
        text = f"tumors of {tumor_ml:.0f} mL in a liver of {in_decimals(liver)} mL cannot be"
        raise DataError(f"{text}; axes in mm and a volume in mL were expected")
    why = f"tumors of {tumor_ml:.1f} mL, estimated as ellipsoids, in a liver of {in_decimals(liver)} mL"
    return decided(TumorBurden(percent, "ESTIMATED"), why)


def _product(number: int, axes: Axes) -> Fraction | None:
    """Return the product of the axes in mm^3; None where one is missing."""
    known = [exact(axis) for axis in axes if axis is not None]
    if any(axis < 0 for axis in known):
        raise DataError(f"lesion {number} has a negative axis; axes in mm from 0 were expected")
    return known[0] * known[1] * known[2] if len(known) == 3 else None


def _percent_text(burden: Answer[TumorBurden]) -> str:
    return "" if burden.value is None else f"{burden.value.percent:.1f}"


TUMOR_BURDEN: Final = Rule(
    id="tumor_burden",
    title="Tumor burden",
    question="Which share of the liver do the tumors take?",
    functions=("tumor_burden_percent",),
    sources=(
        Source("The reproduced paper (sorafenib in advanced HBV-related HCC)", "TACE", "paper"),
        Source("Solid geometry: volume of an ellipsoid", "pi / 6 times its three axes", "from knowledge"),
    ),
    criteria=(
        CriteriaTable(
            "Three axes of one tumor in a liver of 1500 mL",
            ("axes (mm)", "burden (%)"),
            tuple(
                (" x ".join(map(str, axes)), _percent_text(tumor_burden_percent([axes], 1500)))
                for axes in ((50, 50, 50), (100, 80, 80), (120, 110, 110))
            ),
        ),
    ),
    doubts=(
        "The paper does not say how the tumor burden was measured; an estimate from axes is flagged as such.",
        "Infiltrative tumors have no axes: their burden cannot be estimated in this way.",
    ),
)
