"""Laboratory values: the tests of the hospital with their limits, and values that have a CTCAE grade."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Final, cast, get_args

from oncohort.clinical.ctcae_data import LabTest, Version
from oncohort.clinical.ctcae_lab import asked_limits, grade_lab
from oncohort.derive.reconcile import LAB_OF_TERM
from oncohort.errors import DataError


@dataclass(frozen=True, slots=True)
class HospitalTest:
    """A test as one hospital writes it: SI units, limits of normal, and what its patients have.

    ``low``, ``usual`` and ``high`` bound a triangle from which values are drawn; ``far`` is the farthest value of a
    patient whom the test keeps out of the study. ``step`` is the last decimal that is written. ``grid`` are the lowest
    and the highest value that an adverse event may reach.
    """

    code: str
    unit: str
    lln: float | None
    uln: float | None
    low: float
    usual: float
    high: float
    far: float
    step: float
    grid: tuple[float, float]


TESTS: Final[Mapping[str, HospitalTest]] = {
    test.code: test
    for test in (
        HospitalTest("BILI", "umol/L", 3.4, 20.5, 7, 18, 50, 120, 0.1, (6, 900)),
        HospitalTest("ALB", "g/L", 35, 55, 21, 37, 46, 21, 1, (18, 50)),
        HospitalTest("INR", "ratio", None, None, 0.95, 1.15, 2.3, 3, 0.01, (0.9, 3.5)),
        HospitalTest("ALT", "U/L", None, 40, 16, 45, 150, 420, 1, (10, 1500)),
        HospitalTest("AST", "U/L", None, 40, 22, 60, 170, 420, 1, (10, 1500)),
        HospitalTest("CREAT", "umol/L", 44, 106, 46, 72, 104, 260, 1, (40, 900)),
        HospitalTest("PLAT", "10^9/L", 100, 300, 55, 120, 300, 20, 1, (6, 400)),
        HospitalTest("HGB", "g/L", 110, 160, 96, 128, 156, 62, 1, (38, 170)),
        HospitalTest("WBC", "10^9/L", 4, 10, 3.1, 5.2, 8.9, 2, 0.1, (0.3, 12)),
        HospitalTest("AFP", "ng/mL", None, 20, 7, 900, 20000, 20000, 1, (1, 90000)),
    )
}
"""The tests of every visit, in their order."""

TERM_OF_TEST: Final[Mapping[str, str]] = {test: term for term, test in LAB_OF_TERM.items()}
_GRADED: Final = frozenset(get_args(LabTest))
_GRID_SIZE: Final = 120


def draw_value(test: HospitalTest, rng: Random, *, far: bool) -> float:
    """Return a value of a patient; ``far`` lets it lie beyond what the study allows."""
    low, high = (min(test.low, test.far), max(test.high, test.far)) if far else (test.low, test.high)
    return on_step(rng.uniform(low, high) if far else rng.triangular(low, high, test.usual), test)


def on_step(value: float, test: HospitalTest) -> float:
    """Return a value with the decimals that the hospital writes.

    Examples
    --------
    >>> on_step(37.4449, TESTS["BILI"]), on_step(37.4449, TESTS["ALB"])
    (37.4, 37)
    """
    rounded = round(value / test.step)
    return rounded if test.step == 1 else round(rounded * test.step, 2)


def grade_of(code: str, value: float, version: Version, baseline: float) -> int:
    """Return the CTCAE grade of a value; 0 of a test that has none.

    Examples
    --------
    >>> grade_of("PLAT", 60, "3.0", 110), grade_of("ALB", 20, "3.0", 40)
    (2, 0)
    """
    return 0 if code not in _GRADED else _grade(code, value, version, _asked(code, version, baseline))


def values_of_grade(code: str, grade: int, version: Version, baseline: float) -> tuple[float, ...]:
    """Return values of a test that have a grade, those nearest to the value before treatment first.

    Raises
    ------
    DataError
        If the test cannot have the grade.

    Examples
    --------
    >>> low = values_of_grade("WBC", 3, "3.0", 5.0)
    >>> low[0], low[-1]
    (1.9, 1.0)
    """
    found = _graded_values(code, version, _asked(code, version, baseline)).get(grade)
    if found is None:
        raise DataError(f"{TERM_OF_TEST.get(code, code)}: no value of {code} has grade {grade} in CTCAE {version}")
    return found if abs(found[0] - baseline) <= abs(found[-1] - baseline) else found[::-1]


def _asked(code: str, version: Version, baseline: float) -> float | None:
    """Return the value before treatment if the grade of a test asks for it."""
    return baseline if "baseline" in asked_limits(cast("LabTest", code), version) else None


@lru_cache(maxsize=65536)
def _grade(code: str, value: float, version: Version, baseline: float | None) -> int:
    test = TESTS[code]
    answer = grade_lab(
        cast("LabTest", code),
        value,
        version=version,
        lower_limit=test.lln,
        upper_limit=test.uln,
        baseline=baseline,
    )
    return answer.value or 0


@lru_cache(maxsize=1024)
def _graded_values(code: str, version: Version, baseline: float | None) -> Mapping[int, tuple[float, ...]]:
    """Return values over the whole width of a test, by their grade."""
    test = TESTS[code]
    low, high = test.grid
    values = sorted({on_step(low * (high / low) ** (place / _GRID_SIZE), test) for place in range(_GRID_SIZE + 1)})
    found: dict[int, tuple[float, ...]] = {}
    for value in values:
        grade = _grade(code, value, version, baseline)
        found[grade] = (*found.get(grade, ()), value)
    return found
