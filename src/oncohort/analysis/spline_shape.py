"""The shape of a number that enters a model as a curve: its knots, its columns, and where it is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from oncohort.errors import AnalysisError
from oncohort.stats.splines import spline_columns, spline_knots
from oncohort.study.cohort import FactorData
from oncohort.study.protocol import Model

Values = NDArray[np.float64]

PERCENTILES: Final = {"p5": 0.05, "p25": 0.25, "p50": 0.50, "p75": 0.75, "p95": 0.95}
"""Where a curve is read, by the level of its rows."""

_STEPS: Final = 100


@dataclass(frozen=True, slots=True)
class SplineShape:
    """A restricted cubic spline with k knots.

    ``knots`` are in the unit of the factor; with ``logarithmic`` the curve bends over the logarithm to base 2.
    ``reference`` is the value that others are compared with, ``read_at`` the percentiles of `PERCENTILES`, and
    ``lowest`` and ``highest`` the ends of what is drawn. All come from the analyzed patients whose value is known.
    """

    knots: tuple[float, ...]
    logarithmic: bool
    reference: float
    read_at: dict[str, float]
    lowest: float
    highest: float


def shape_of(factor: FactorData, model: Model, *, logarithmic: bool) -> SplineShape:
    """Return the spline that a model asks for.

    Raises
    ------
    AnalysisError
        If two knots fall on one value.
    """
    asked, numbers = model.splines[factor.spec.id], factor.numbers
    assert numbers is not None
    known = np.sort(numbers[~np.isnan(numbers)])
    where = f'model "{model.id}", splines.{factor.spec.id}'
    distinct = np.unique(known).size
    if distinct < asked.knots:
        raise AnalysisError(f"{where}: {asked.knots} knots need as many values; the patients have {distinct}")
    try:
        placed = spline_knots(_scaled(known, logarithmic=logarithmic), n_knots=asked.knots)
    except AnalysisError as error:
        raise AnalysisError(f"{where}: {asked.knots} knots do not fit: too many patients share a value") from error
    inverse = np.exp2(placed) if logarithmic else np.array(placed)
    read = {level: float(np.quantile(known, share)) for level, share in PERCENTILES.items()}
    edge = 10.0 / max(known.size, 200)  # as Harrell's rms draws its curves
    lowest, highest = (float(end) for end in np.quantile(known, [edge, 1.0 - edge]))
    reference = read["p50"] if asked.reference is None else asked.reference
    return SplineShape(tuple(inverse.tolist()), logarithmic, reference, read, lowest, highest)


def columns_at(shape: SplineShape, values: Values) -> Values:
    """Return the (m, k - 1) columns of m values, of which none is missing: the value itself, and what bends it."""
    x, knots = (_scaled(np.asarray(part), logarithmic=shape.logarithmic) for part in (values, shape.knots))
    return np.stack(list(spline_columns("x", x, knots=knots.tolist()).values()), axis=1)


def drawn_at(shape: SplineShape) -> Values:
    """Return the values at which a curve is drawn, ascending; the reference is one of them if it lies among them."""
    ends = (shape.lowest, shape.highest)
    grid = np.geomspace(*ends, _STEPS + 1) if shape.logarithmic else np.linspace(*ends, _STEPS + 1)
    inside = [shape.reference] if shape.lowest < shape.reference < shape.highest else []
    return np.unique(np.append(grid, inside))


def in_words(shape: SplineShape) -> str:
    """Return "restricted cubic spline, 4 knots", of the logarithm if it is."""
    of = " of the logarithm" if shape.logarithmic else ""
    return f"restricted cubic spline{of}, {len(shape.knots)} knots"


def _scaled(values: Values, *, logarithmic: bool) -> Values:
    return np.log2(values) if logarithmic else values
