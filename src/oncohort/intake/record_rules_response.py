"""Rules about measured lesions and judged responses: numbers against states, and the whole against its parts."""

from __future__ import annotations

from typing import Final

import polars as pl

from oncohort.clinical.response_criteria import NON_TARGET_COLUMNS, OVERALL_MATRIX
from oncohort.intake.record_rules import (
    FIRST_DOSE,
    FIRST_DOSE_WRONG,
    LESION,
    SUBJECT,
    Lookup,
    RecordRule,
    first_day,
    is_full,
    known,
    last_day,
)

_SIZES: Final = ("longest_mm", "viable_mm", "short_axis_mm")
_MEASURED: Final = pl.col("status") == "MEASURED"
_NUMBERLESS: Final = ("MEASURED-WITHOUT-NUMBER",)

_MEASUREMENTS: Final[tuple[RecordRule, ...]] = (
    RecordRule(
        "VIABLE-OVER-LONGEST",
        "error",
        "the viable diameter is longer than the longest diameter; a part of the lesion was expected",
        "lesion_measurements",
        ("viable_mm", "longest_mm"),
        pl.col("viable_mm") > pl.col("longest_mm"),
    ),
    RecordRule(
        "SHORT-OVER-LONGEST",
        "error",
        "the short axis is longer than the longest diameter",
        "lesion_measurements",
        ("short_axis_mm", "longest_mm"),
        pl.col("short_axis_mm") > pl.col("longest_mm"),
    ),
    RecordRule(
        "MEASURED-WITHOUT-NUMBER",
        "error",
        "the lesion is said to be measured, and no diameter is recorded",
        "lesion_measurements",
        ("status",),
        pl.all_horizontal(pl.col(_SIZES).is_null()),
        given=_MEASURED,
    ),
    RecordRule(
        "ABSENT-WITH-NUMBER",
        "error",
        "the lesion is said to be absent, and a diameter above 0 is recorded",
        "lesion_measurements",
        ("status", *_SIZES),
        pl.any_horizontal(pl.col(_SIZES).fill_null(0) > 0),
        given=pl.col("status") == "ABSENT",
    ),
    RecordRule(
        "TARGET-WITHOUT-VIABLE",
        "error",
        "a target in the liver is measured without its viable diameter, which mRECIST reads",
        "lesion_measurements",
        ("viable_mm", "longest_mm"),
        pl.col("viable_mm").is_null(),
        given=_MEASURED & (pl.col("lesion.role") == "TARGET") & (pl.col("lesion.organ") == "LIVER"),
        lookups=(LESION,),
        yields_to=_NUMBERLESS,
    ),
    RecordRule(
        "NODE-WITHOUT-SHORT-AXIS",
        "error",
        "a lymph node is measured without its short axis, by which nodes are read",
        "lesion_measurements",
        ("short_axis_mm", "longest_mm"),
        pl.col("short_axis_mm").is_null(),
        given=_MEASURED & (pl.col("lesion.kind") == "NODE"),
        lookups=(LESION,),
        yields_to=_NUMBERLESS,
    ),
    RecordRule(
        "VIABLE-WITHOUT-ENHANCEMENT",
        "warning",
        "a liver lesion has a viable diameter above 0 and no arterial enhancement",
        "lesion_measurements",
        ("viable_mm", "aphe"),
        pl.col("viable_mm") > 0,
        given=(pl.col("aphe") == "N") & (pl.col("lesion.organ") == "LIVER"),
        lookups=(LESION,),
        yields_to=("ABSENT-WITH-NUMBER",),
    ),
)

_FOLLOWED: Final = Lookup(
    "followed",
    "lesions",
    ("patient_id",),
    (
        (pl.col("role") == "TARGET").any().alias("target"),
        pl.col("first_seen_date").filter(pl.col("role") == "NEW").min().alias("first_new"),
    ),
    complete=("role", "first_seen_date"),
)
_SCANNED: Final = Lookup(
    "scanned",
    "lesion_measurements",
    ("patient_id",),
    (is_full("scan_date").all().alias("days_are_full"),),
    complete=("scan_date",),
)
_SCAN: Final = Lookup(
    "scan",
    "lesion_measurements",
    ("patient_id", "scan_date"),
    (pl.col("row").first(),),
    match=("patient_id", "date"),
)
_PARTS: Final = ("target", "nontarget", "new_lesion")
_NEW: Final = (pl.col("new_lesion") == "Y") & (pl.col("new_lesion_certainty").fill_null("UNEQUIVOCAL") == "UNEQUIVOCAL")
_PROGRESSED: Final = (pl.col("target") == "PD") | (pl.col("nontarget") == "PD") | _NEW
_WHOLE: Final = {
    f"{target}|{other}": overall
    for target, row in OVERALL_MATRIX.items()
    for other, overall in zip(NON_TARGET_COLUMNS, row, strict=True)
    if "PD" not in {target, other}
}
_EXPECTED: Final = pl.concat_str("target", "nontarget", separator="|").replace_strict(
    _WHOLE, default=None, return_dtype=pl.String
)
_SERIES: Final = ("patient_id", "criteria", "source")
_JUDGED: Final = pl.when(pl.col("overall") != "NE")


def _before(cell: pl.Expr) -> pl.Expr:
    """Return what the last response before this one that could be judged says, in one series of assessments."""
    told = _JUDGED.then(cell).forward_fill().shift(1)
    return told.over(_SERIES, order_by=("first_day", "row"))


_RESPONSES: Final[tuple[RecordRule, ...]] = (
    RecordRule(
        "OVERALL-NOT-PROGRESSION",
        "error",
        "a part of the response is progression, or a new lesion is certain, and the whole is not progression",
        "response",
        ("overall", *_PARTS),
        pl.col("overall") != "PD",
        given=_PROGRESSED,
    ),
    RecordRule(
        "OVERALL-DIFFERS",
        "warning",
        "the overall response is not the one that follows from the target and the non-target response",
        "response",
        ("overall", *_PARTS),
        pl.col("overall") != _EXPECTED,
        given=(pl.col("new_lesion") == "N") | (pl.col("overall") != "PD"),
        yields_to=("OVERALL-NOT-PROGRESSION",),
    ),
    RecordRule(
        "RESPONSE-AFTER-COMPLETE",
        "warning",
        "a complete response is followed by a lesser one without progression between; make sure which one is right",
        "response",
        ("overall", "before"),
        (pl.col("before") == "CR") & pl.col("overall").is_in(["PR", "SD", "NON-CR/NON-PD"]),
        given=pl.col("before_latest") < pl.col("first_day"),
        beside=(
            first_day("date").alias("first_day"),
            last_day("date").alias("latest"),
            _before(pl.col("overall")).alias("before"),
            _before(pl.col("latest")).alias("before_latest"),
        ),
    ),
    RecordRule(
        "RESPONSE-BEFORE-FIRST-DOSE",
        "error",
        "the response is dated before the first dose",
        "response",
        ("date", "subject." + FIRST_DOSE),
        last_day("date") < pl.col("subject." + FIRST_DOSE),
        lookups=(SUBJECT,),
        yields_to=FIRST_DOSE_WRONG,
    ),
    RecordRule(
        "RESPONSE-WITHOUT-SCAN",
        "warning",
        "a response is judged on a day without a scan of the patient; the day of the scan was expected",
        "response",
        ("date", "overall"),
        pl.col("scan.row").is_null(),
        given=is_full("date") & (pl.col("overall") != "NE") & pl.col("scanned.days_are_full"),
        lookups=(_SCANNED, _SCAN),
        yields_to=("RESPONSE-BEFORE-FIRST-DOSE", "RESPONSE-AFTER-DEATH", "RESPONSE-AFTER-CUTOFF"),
    ),
    RecordRule(
        "RESPONSE-WITHOUT-NEW-LESION",
        "warning",
        "the response names a new lesion, and no new lesion was seen by then",
        "response",
        ("new_lesion", "followed.first_new"),
        pl.col("followed.first_new").is_null() | (pl.col("followed.first_new") > last_day("date")),
        given=(pl.col("new_lesion") == "Y") & known("date", "followed.target"),
        lookups=(_FOLLOWED,),
    ),
    RecordRule(
        "RESPONSE-TARGET-NONE",
        "warning",
        "the response says that there is no target lesion, and the patient has one",
        "response",
        ("target",),
        pl.col("followed.target"),
        given=pl.col("target") == "NA",
        lookups=(_FOLLOWED,),
    ),
)

RESPONSE_RULES: Final = (*_MEASUREMENTS, *_RESPONSES)
