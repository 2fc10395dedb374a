"""Rules about laboratory values, vital signs and adverse events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, cast

import polars as pl

from oncohort.clinical.ctcae import is_possible_grade
from oncohort.clinical.ctcae_data import Version
from oncohort.clinical.units import UNITS
from oncohort.intake.record_rules import Lookup, RecordRule, known


@dataclass(frozen=True, slots=True)
class LabBound:
    """Between which values a test in a unit can be in a living patient; outside, a unit or a point slipped."""

    test: str
    unit: str
    low: float
    high: float


LAB_BOUNDS: Final[tuple[LabBound, ...]] = (
    LabBound("BILI", "umol/L", 0.5, 1500),
    LabBound("BILI", "mg/dL", 0.03, 90),
    LabBound("ALB", "g/L", 5, 80),
    LabBound("ALB", "g/dL", 0.5, 8),
    LabBound("INR", "ratio", 0.5, 30),
    LabBound("PT", "s", 5, 300),
    LabBound("ALT", "U/L", 1, 30_000),
    LabBound("AST", "U/L", 1, 30_000),
    LabBound("CREAT", "umol/L", 5, 3000),
    LabBound("CREAT", "mg/dL", 0.05, 35),
    LabBound("PLAT", "10^9/L", 0, 3000),
    LabBound("HGB", "g/L", 20, 260),
    LabBound("HGB", "g/dL", 2, 26),
    LabBound("HGB", "mmol/L", 1.2, 16),
    LabBound("WBC", "10^9/L", 0, 1000),
    LabBound("NEUT", "10^9/L", 0, 500),
    LabBound("AFP", "ng/mL", 0, 10_000_000),
    LabBound("SODIUM", "mmol/L", 80, 200),
)
"""Set by us so wide that no true value is told; no source gives such bounds for all tests."""

_TEST_IN_UNIT: Final = pl.concat_str("test", "unit", separator=" in ")
_KNOWN_UNITS: Final = [f"{test} in {unit}" for test, units in UNITS.items() for unit in units]


def _bound(side: str) -> pl.Expr:
    bounds = {f"{bound.test} in {bound.unit}": getattr(bound, side) for bound in LAB_BOUNDS}
    return _TEST_IN_UNIT.replace_strict(bounds, default=None, return_dtype=pl.Float64)


_COMPARATOR: Final = pl.col("comparator").fill_null("=")
_WHITE: Final = Lookup(
    "white",
    "labs",
    ("patient_id", "date", "unit"),
    (pl.col("value").max().alias("white_cells"),),
    where=(pl.col("test") == "WBC") & (_COMPARATOR == "="),
)

_VALUES: Final[tuple[RecordRule, ...]] = (
    RecordRule(
        "LAB-UNIT",
        "error",
        "the test cannot have this unit",
        "labs",
        ("unit", "test"),
        ~_TEST_IN_UNIT.is_in(_KNOWN_UNITS),
    ),
    RecordRule(
        "LAB-IMPOSSIBLE",
        "error",
        "the test cannot have this value in this unit; check the unit and the decimal point",
        "labs",
        ("value", "test", "unit"),
        ((pl.col("value") < _bound("low")) & (_COMPARATOR != ">"))
        | ((pl.col("value") > _bound("high")) & (_COMPARATOR != "<")),
    ),
    RecordRule(
        "LAB-LIMITS",
        "error",
        "the upper limit of normal is not above the lower one",
        "labs",
        ("uln", "lln"),
        pl.col("uln") <= pl.col("lln"),
    ),
    RecordRule(
        "LAB-CONTROL",
        "warning",
        "a control time is recorded for a test other than the prothrombin time",
        "labs",
        ("control_s", "test"),
        pl.col("test") != "PT",
        given=known("control_s"),
    ),
    RecordRule(
        "NEUTROPHILS-OVER-WHITE",
        "error",
        "the neutrophils are more than the white blood cells of the same day",
        "labs",
        ("value", "white.white_cells"),
        pl.col("value") > pl.col("white.white_cells"),
        given=(pl.col("test") == "NEUT") & (_COMPARATOR != "<"),
        lookups=(_WHITE,),
        yields_to=("LAB-IMPOSSIBLE",),
    ),
    RecordRule(
        "PRESSURE-REVERSED",
        "error",
        "the diastolic blood pressure is not below the systolic one",
        "vitals",
        ("dbp", "sbp"),
        pl.col("dbp") >= pl.col("sbp"),
    ),
)


def _are_impossible(graded: pl.Series) -> pl.Series:
    """Say of texts "version|grade|term" whether the term cannot have the grade; null where it cannot be told."""
    told: dict[str, bool | None] = {}
    for text in graded.drop_nulls().unique():
        version, grade, term = cast("str", text).split("|", 2)
        possible = is_possible_grade(term, int(grade), cast("Version", version)).value
        told[text] = None if possible is None else not possible
    return graded.replace_strict(list(told), list(told.values()), default=None, return_dtype=pl.Boolean)


_GRADED: Final = pl.concat_str("ctcae_version", "grade", "term", separator="|")
_VERSION: Final = Lookup("study", "adverse_events", (), (pl.col("ctcae_version").drop_nulls().mode().min(),))
_FATAL: Final = pl.col("outcome") == "FATAL"

_EVENTS: Final[tuple[RecordRule, ...]] = (
    RecordRule(
        "AE-GRADE-IMPOSSIBLE",
        "error",
        "the term does not have this grade in this version of CTCAE",
        "adverse_events",
        ("grade", "term", "ctcae_version"),
        _GRADED.map_batches(cast("Any", _are_impossible), return_dtype=pl.Boolean),
    ),
    RecordRule(
        "AE-VERSIONS-MIXED",
        "warning",
        "the event is graded by another version of CTCAE than most; one version for the whole study was expected",
        "adverse_events",
        ("ctcae_version", "study.ctcae_version"),
        pl.col("ctcae_version") != pl.col("study.ctcae_version"),
        lookups=(_VERSION,),
        once=("ctcae_version",),
    ),
    RecordRule(
        "AE-FIVE-NOT-FATAL",
        "error",
        "the grade is 5, which is death, and the outcome is not FATAL",
        "adverse_events",
        ("grade", "outcome"),
        ~_FATAL,
        given=pl.col("grade") == 5,
        yields_to=("AE-GRADE-IMPOSSIBLE",),
    ),
    RecordRule(
        "AE-FATAL-GRADE",
        "error",
        "the outcome is FATAL, and the grade is not 5",
        "adverse_events",
        ("grade", "outcome"),
        pl.col("grade") != 5,
        given=_FATAL,
    ),
    RecordRule(
        "AE-FATAL-NOT-SERIOUS",
        "error",
        "the event was fatal and is said not to be serious",
        "adverse_events",
        ("serious", "outcome"),
        pl.col("serious") == "N",
        given=_FATAL & (pl.col("grade") == 5),
    ),
    RecordRule(
        "AE-UNRESOLVED-ENDED",
        "warning",
        "the event has an end date and is said not to have resolved",
        "adverse_events",
        ("end_date", "outcome"),
        pl.col("outcome").is_in(["NOT RECOVERED/NOT RESOLVED", "RECOVERING/RESOLVING"]),
        given=known("end_date"),
    ),
)

SAFETY_RULES: Final = (*_VALUES, *_EVENTS)
