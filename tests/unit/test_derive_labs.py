"""Laboratory values on the time line: which value is baseline, and which grade it makes."""

from __future__ import annotations

from treated_study import FILES, protocol, subject, table, tables

from oncohort.derive.safety import derive_labs
from oncohort.derive.timeline import set_timeline
from oncohort.study.template_tables import TEMPLATE


def graded(*samples: tuple[str, int, float, str, float, float]) -> list[tuple[int, int | None, int | None]]:
    """Return day, grade and baseline grade of samples, given as test, day, value, unit and limits of normal."""
    names = ("test", "date", "value", "unit", "lln", "uln")
    rows = [{"patient_id": "P1", **dict(zip(names, sample, strict=True))} for sample in samples]
    given = tables([subject()]) | {"labs": table("labs", rows)}
    labs = derive_labs(set_timeline(given, TEMPLATE, FILES, None), protocol())
    return labs.select("day", "grade", "baseline_grade").rows()


def test_last_value_on_or_before_the_first_dose_is_baseline():
    found = graded(
        ("ALT", -5, 250.0, "U/L", 5.0, 40.0), ("ALT", 0, 60.0, "U/L", 5.0, 40.0), ("ALT", 28, 120.0, "U/L", 5.0, 40.0)
    )
    assert found == [(-5, 3, None), (0, 1, None), (28, 2, 1)]


def test_value_of_zero_before_the_first_dose_stops_no_grade_that_asks_for_no_baseline():
    found = graded(("NEUT", 0, 0.0, "10^9/L", 2.0, 7.0), ("NEUT", 28, 1.4, "10^9/L", 2.0, 7.0))
    assert found == [(0, 4, None), (28, 2, 4)]
