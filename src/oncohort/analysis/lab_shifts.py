"""Laboratory values: each patient's worst grade after the first dose, beside the grade at baseline."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncohort.analysis.arms import PatientGroup
from oncohort.analysis.rows import count, share
from oncohort.clinical.ctcae_data import LAB_LABELS
from oncohort.study.protocol import Safety
from oncohort.study.results import LevelRow, Row

GRADES: Final = (0, 1, 2, 3, 4)
UNKNOWN: Final = -1
"""The grade of a patient without a graded value."""


class _Grades(NamedTuple):
    """Of one test in n patients: worst grade, grade at baseline, and whether a value could not be graded."""

    worst: NDArray[np.int64]
    base: NDArray[np.int64]
    ungraded: NDArray[np.bool_]


def analyze_labs(labs: pl.DataFrame, patients: pl.DataFrame, groups: list[PatientGroup], safety: Safety) -> list[Row]:
    """Return the worst grades of each test, whole and by arm, and which of them are worse than at baseline.

    Baseline is the last value up to the first dose; after it, values count until the window after the last dose
    ends. Values that cannot be graded are left out.

    Keys: ``variable`` is ``lab_TEST``. ``level`` is a worst grade (percents of the patients with one);
    ``emergent`` and ``emergent_3-4`` are worst grades above that at baseline (percents of ``n_total``, the patients
    who have both); ``1->3`` is a shift from grade 1 at baseline, ``missing->3`` from none, ``1->any`` their sum,
    of all patients only; ``ungraded`` are patients with a value after the first dose that cannot be graded.
    """
    return [
        row
        for test, grades in _after_first_dose(labs, patients, safety)
        for group in groups
        if group.members.any()
        for row in _test_rows(test, grades, group)
    ]


def lab_levels(labs: pl.DataFrame) -> list[LevelRow]:
    """Return the names of the tests, under ``laboratory``."""
    tests = [test for test in LAB_LABELS if test in set(labs["test"].unique().to_list())]
    names = [LAB_LABELS[test][0] for test in tests]
    return [
        LevelRow("laboratory", f"lab_{test.lower()}", name[:1].upper() + name[1:], place, reference=False)
        for place, (test, name) in enumerate(zip(tests, names, strict=True), start=1)
    ]


def _after_first_dose(labs: pl.DataFrame, patients: pl.DataFrame, safety: Safety) -> list[tuple[str, _Grades]]:
    """Return the grades of each test with a value that counts."""
    places = patients.select("patient_id", "last_dose_day", place=pl.int_range(pl.len()))
    last = pl.col("last_dose_day") + safety.window.to_days_after_last_dose
    inside = (pl.col("day") > 0) & (pl.col("day") <= last).fill_null(value=True)
    later = labs.join(places, on="patient_id", how="inner").filter(inside)
    worst = later.group_by("test", "place").agg(
        worst=pl.col("grade").max().fill_null(UNKNOWN),
        base=pl.col("baseline_grade").max().fill_null(UNKNOWN),
        ungraded=pl.col("grade").is_null().any(),
    )
    by_test = [(test, worst.filter(pl.col("test") == test)) for test in LAB_LABELS]
    return [(test, _placed(own, patients.height)) for test, own in by_test if own.height]


def _placed(own: pl.DataFrame, n: int) -> _Grades:
    grades = _Grades(np.full(n, UNKNOWN), np.full(n, UNKNOWN), np.zeros(n, dtype=np.bool_))
    place = own["place"].to_numpy()
    for name, values in grades._asdict().items():
        values[place] = own[name].to_numpy()
    return grades


def _test_rows(test: str, grades: _Grades, group: PatientGroup) -> list[Row]:
    keys: dict[str, Any] = {"analysis": "safety", "group": group.key, "variable": f"lab_{test.lower()}"}
    graded = (grades.worst != UNKNOWN) & group.members
    n, total = int(graded.sum()), int(group.members.sum())
    rows = count(n, **keys) + count(total - n, statistic="n_missing", **keys)
    rows += count(int((grades.ungraded & group.members).sum()), **keys, level="ungraded")
    for grade in GRADES:
        k = int((graded & (grades.worst == grade)).sum())
        rows += count(k, **keys, level=str(grade)) + share(k, n, **keys, level=str(grade))
    both = graded & (grades.base != UNKNOWN)
    worse = both & (grades.worst > grades.base)
    for level, members in (("emergent", worse), ("emergent_3-4", worse & (grades.worst >= 3))):
        k, of = int(members.sum()), int(both.sum())
        rows += count(k, **keys, level=level) + share(k, of, **keys, level=level)
        rows += count(of, statistic="n_total", **keys, level=level)
    return rows if group.key else rows + _shifts(grades, graded, keys)


def _shifts(grades: _Grades, graded: NDArray[np.bool_], keys: dict[str, Any]) -> list[Row]:
    """Return how many patients went from each grade at baseline to each worst grade; a grade nobody had is left out."""
    rows: list[Row] = []
    for before in (*GRADES, UNKNOWN):
        begun = graded & (grades.base == before)
        if not begun.any():
            continue
        name = "missing" if before == UNKNOWN else str(before)
        rows += count(int(begun.sum()), **keys, level=f"{name}->any")
        for after in GRADES:
            rows += count(int((begun & (grades.worst == after)).sum()), **keys, level=f"{name}->{after}")
    return rows
