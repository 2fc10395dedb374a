"""Grades of laboratory values by CTCAE, exact at every bound, with what is still possible where a limit is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cache
from itertools import pairwise, product
from operator import ge, gt, lt
from typing import Final, TypeAlias

from oncohort.clinical.answer import Answer, decided, undetermined
from oncohort.clinical.ctcae_data import (
    LAB_CRITERIA,
    LAB_LABELS,
    LAB_SOURCES,
    LIMIT_LABELS,
    LabBound,
    LabCriterion,
    LabTest,
    Limit,
    Version,
    check_version,
    in_words,
    lab_table,
)
from oncohort.clinical.exact import Number, exact, in_decimals
from oncohort.clinical.rule import Rule
from oncohort.errors import DataError

_Limits: TypeAlias = Mapping[Limit, Fraction]

_PASSES: Final[Mapping[str, Callable[[Fraction, Fraction], bool]]] = {"<": lt, ">": gt, ">=": ge}


def grade_lab(
    test: LabTest,
    value: Number | None,
    *,
    version: Version,
    lower_limit: Number | None = None,
    upper_limit: Number | None = None,
    baseline: Number | None = None,
) -> Answer[int]:
    """Grade a laboratory value by CTCAE.

    Bounds are exact: a value on a bound does not pass it, except ALT and AST at 1.5 times an abnormal baseline in
    version 5.0. Absolute bounds are tested before the lower limit of normal, so white blood cells of 2.9 are grade 2
    even where the laboratory's lower limit is 2.5. A grade is no adverse event yet: see `is_lab_emergent`.

    Parameters
    ----------
    test : {"BILI", "ALT", "AST", "PLAT", "WBC", "NEUT", "HGB", "CREAT"}
        The code of the data template.
    value : number or None
        In umol/L (BILI, CREAT), U/L (ALT, AST), 10^9/L (PLAT, WBC, NEUT) or g/L (HGB), from 0.
    version : {"3.0", "5.0"}
        Of CTCAE. No default.
    lower_limit, upper_limit : number or None
        Limits of normal of the laboratory, in the unit of the value; a lower limit may be 0.
    baseline : number or None
        Last value before the first dose, in the same unit; only version 5.0 asks for it (BILI, ALT, AST, CREAT).

    Returns
    -------
    Answer of int
        0 to 4. Undetermined with the grades that are still possible where the value, or a limit that matters, is
        missing.

    Raises
    ------
    DataError
        If the test or the version is unknown, the value is negative, or a limit is not positive.

    Examples
    --------
    >>> grade_lab("PLAT", 74.9, version="3.0", lower_limit=125).why
    'platelets 74.9 10^9/L < 75 10^9/L'
    >>> grade_lab("BILI", 45.1, version="5.0", upper_limit=20, baseline=30).why
    'total bilirubin 45.1 umol/L > 1.5 x baseline (45 umol/L)'
    >>> grade_lab("PLAT", 90, version="3.0").possible
    (0, 1)

    References
    ----------
    NCI CTCAE v3.0 (2003), v5.0 (2017); the sources of each row stand in the rule book, page ``ctcae_labs``.
    """
    criteria = _criteria(test, version)
    limits = _checked_limits({"lower_limit": lower_limit, "upper_limit": upper_limit, "baseline": baseline})
    missing: list[Limit] = [name for name in asked_limits(test, version) if name not in limits]
    if value is None:
        grades = sorted({0} | {bound.grade for row in criteria for bound in row.bounds})
        return undetermined(["value", *missing], grades)
    x = exact(value)
    if x < 0:
        raise DataError(f"{test}: {in_decimals(x)} is negative; a measured value from 0 was expected")
    if not missing:
        return decided(*_grade(test, x, criteria, limits))
    guesses = [_grade(test, x, criteria, guess) for guess in _guesses(x, criteria, limits, missing)]
    possible = sorted({grade for grade, _ in guesses})
    if len(possible) > 1:
        return undetermined(missing, possible, f"{_lacking(missing)} missing for {_measured(test, x)}")
    known = [row for row in criteria if row.clause == "any"]
    passed = _highest(x, [bound for row in known for bound in row.bounds], limits)
    if passed:
        return decided(possible[0], _passing(test, x, passed, limits), missing)
    return decided(possible[0], f"{_measured(test, x)}: grade {possible[0]} whatever {_lacking(missing)} is", missing)


def is_lab_emergent(grade: int | None, *, baseline_grade: int | None) -> Answer[bool]:
    """Say whether an abnormal value emerged on treatment: whether its grade is above the grade at baseline.

    Cirrhosis alone makes platelets and bilirubin abnormal, so that a grade without this comparison says little.

    Parameters
    ----------
    grade : int or None
        Grade on treatment, 0 to 4, as `grade_lab` gives it.
    baseline_grade : int or None
        Grade of the last value before the first dose, 0 to 4.

    Returns
    -------
    Answer of bool
        Undetermined where a missing grade matters: a grade 0 never emerged.

    Raises
    ------
    DataError
        If a grade is not 0 to 4.

    Examples
    --------
    >>> is_lab_emergent(3, baseline_grade=3).value, is_lab_emergent(3, baseline_grade=None).missing
    (False, ('baseline_grade',))
    """
    given = {"grade": grade, "baseline_grade": baseline_grade}
    for name, number in given.items():
        if number is not None and number not in range(5):
            raise DataError(f"{name}: {number} was given; a grade from 0 to 4 was expected")
    missing = [name for name, number in given.items() if number is None]
    now = range(5) if grade is None else [grade]
    before = range(5) if baseline_grade is None else [baseline_grade]
    possible = sorted({a > b for a, b in product(now, before)})
    if len(possible) > 1:
        return undetermined(missing, possible)
    sign = ">" if possible[0] else "not >"
    words = ["unknown" if number is None else str(number) for number in (grade, baseline_grade)]
    return decided(possible[0], f"grade {words[0]} {sign} grade {words[1]} at baseline", missing)


@cache
def asked_limits(test: LabTest, version: Version) -> tuple[Limit, ...]:
    """Return which limits the criteria of a test ask for, in the order of the arguments of `grade_lab`.

    Examples
    --------
    >>> asked_limits("BILI", "3.0"), asked_limits("BILI", "5.0")
    (('upper_limit',), ('upper_limit', 'baseline'))
    """
    asked = {bound.of for row in _criteria(test, version) for bound in row.bounds}
    return tuple(name for name in LIMIT_LABELS if name in asked)


@cache
def _criteria(test: str, version: str) -> tuple[LabCriterion, ...]:
    check_version(version)
    if test not in LAB_LABELS:
        raise DataError(f'"{test}" is no graded laboratory test; one of {", ".join(LAB_LABELS)} was expected')
    return tuple(row for row in LAB_CRITERIA if test in row.tests and version in row.versions)


def _checked_limits(given: Mapping[Limit, Number | None]) -> dict[Limit, Fraction]:
    """Return the limits that are known, exactly."""
    limits: dict[Limit, Fraction] = {name: exact(number) for name, number in given.items() if number is not None}
    for name, limit in limits.items():
        if limit < 0 or (limit == 0 and name != "lower_limit"):
            raise DataError(f"{name}: {in_decimals(limit)} was given; a number above 0 was expected")
    if "lower_limit" in limits and "upper_limit" in limits and limits["lower_limit"] >= limits["upper_limit"]:
        low, high = (in_decimals(limits[name]) for name in ("lower_limit", "upper_limit"))
        raise DataError(f"lower_limit {low} is not below upper_limit {high}")
    return limits


def _grade(test: str, x: Fraction, criteria: Sequence[LabCriterion], limits: _Limits) -> tuple[int, str]:
    """Return the grade where every limit is known, and the bound that decided."""
    row = criteria[0]
    if row.clause != "any":
        clause = "abnormal" if limits["baseline"] > limits["upper_limit"] else "normal"
        row = next(other for other in criteria if other.clause == clause)
    passed = _highest(x, row.bounds, limits)
    if passed:
        return passed.grade, _passing(test, x, passed, limits)
    return 0, _passing(test, x, row.bounds[0], limits, sign=f"not {row.bounds[0].sign}")


def _highest(x: Fraction, bounds: Iterable[LabBound], limits: _Limits) -> LabBound | None:
    """Return the bound of the highest grade that a value passes, among the bounds whose limit is known."""
    known = (bound for bound in bounds if bound.of is None or bound.of in limits)
    return max((bound for bound in known if _passes(x, bound, limits)), key=lambda bound: bound.grade, default=None)


def _passes(x: Fraction, bound: LabBound, limits: _Limits) -> bool:
    return _PASSES[bound.sign](x, _at(bound, limits))


def _at(bound: LabBound, limits: _Limits) -> Fraction:
    return bound.times if bound.of is None else bound.times * limits[bound.of]


def _guesses(
    x: Fraction, criteria: Sequence[LabCriterion], known: _Limits, missing: Sequence[Limit]
) -> Iterator[_Limits]:
    """Yield limits for the missing ones that together show every grade which any limit could make.

    A grade changes only where the value is a multiple of a limit, or where baseline and upper limit change their
    order: so the changing points, two points between neighbors, and two beyond each end are enough.
    """
    points = {x / bound.times for row in criteria for bound in row.bounds if bound.of} | set(known.values())
    turns = sorted(points - {Fraction(0)}) or [Fraction(1)]
    between = [
        low + (high - low) * Fraction(step, 3) for low, high in pairwise([Fraction(0), *turns]) for step in (1, 2)
    ]
    for values in product([*turns, *between, 2 * turns[-1], 3 * turns[-1]], repeat=len(missing)):
        yield {**known, **dict(zip(missing, values, strict=True))}


def _measured(test: str, x: Fraction) -> str:
    name, unit = LAB_LABELS[test]
    return f"{name} {in_decimals(x)} {unit}"


def _passing(test: str, x: Fraction, bound: LabBound, limits: _Limits, sign: str | None = None) -> str:
    unit = LAB_LABELS[test][1]
    words = in_words(bound, unit).removeprefix(bound.sign)
    at = f" ({in_decimals(_at(bound, limits))} {unit})" if bound.of else ""
    return f"{_measured(test, x)} {sign or bound.sign}{words}{at}"


def _lacking(missing: Iterable[Limit]) -> str:
    return " and ".join(LIMIT_LABELS[name] for name in missing)


LAB_RULE: Final = Rule(
    id="ctcae_labs",
    title="CTCAE grades of laboratory values",
    question="Which grade does a laboratory value have?",
    functions=("grade_lab", "is_lab_emergent"),
    sources=LAB_SOURCES,
    criteria=(lab_table(),),
    doubts=(
        (
            'The paper says "National Cancer Institute Common Toxicity Criteria" and gives no version; CTC was '
            "the name of version 2.0 (1999), version 3.0 (2003) was current in 2008 to 2010, so the version must "
            "be chosen."
        ),
        (
            "Bilirubin, hemoglobin, white blood cells, neutrophils and platelets of version 3.0 are written from "
            "knowledge."
        ),
        (
            "Version 3.0 has no baseline clause: a patient whose bilirubin is abnormal before treatment has a "
            "grade at once."
        ),
        (
            "Version 5.0 makes hemoglobin below 80 g/L grade 3 where transfusion is indicated, and grade 4 by "
            "judgment only: a value alone is grade 3 at most."
        ),
        (
            "Version 5.0 with an abnormal baseline grades ALT and AST from 1.5 x baseline (>=), bilirubin above "
            "the baseline (>)."
        ),
        "Where version 5.0 asks for a baseline that is missing, the grade is not taken as if the baseline were normal.",
        (
            "Creatinine of version 5.0 counts from the baseline too, so that a value within normal limits can be "
            "grade 2 or 3."
        ),
        (
            "The paper does not say whether its adverse events are those that emerged on treatment; half of its "
            "patients had platelets of 110 or below before it."
        ),
    ),
    vectors=("ctcae_lab",),
)
