"""Rules about keys: what must be there once, and what must name something that is there."""

from __future__ import annotations

from typing import Final

import polars as pl

from oncohort.intake.record_rules import SUBJECT, Lookup, RecordRule, is_full, known
from oncohort.study.findings import Level

_AE: Final = Lookup("ae", "adverse_events", ("patient_id", "ae_id"), (pl.col("row").first(),), complete=("ae_id",))
_LESION: Final = Lookup(
    "lesion", "lesions", ("patient_id", "lesion_id"), (pl.col("row").first(),), complete=("lesion_id",)
)
_LESIONS: Final = Lookup(
    "known", "lesions", ("patient_id",), (pl.col("lesion_id").alias("lesions"),), complete=("lesion_id",)
)
_FIRST_CELL: Final = "same_as_row"


def _repeated(  # noqa: PLR0913 (the facts of a rule, all named)
    rule: str,
    level: Level,
    table: str,
    keys: tuple[str, ...],
    sentence: str,
    *,
    given: pl.Expr | None = None,
    also: pl.Expr | None = None,
    yields_to: tuple[str, ...] = (),
) -> RecordRule:
    """Return the rule that no row repeats the keys of an earlier one; ``also`` says which repetitions offend."""
    again = pl.col("row") != pl.col(_FIRST_CELL)
    return RecordRule(
        rule,
        level,
        sentence,
        table,
        (keys[-1], _FIRST_CELL),
        again if also is None else again & also,
        given=known(*keys) if given is None else given,
        beside=(pl.col("row").min().over(keys).alias(_FIRST_CELL),),
        yields_to=yields_to,
    )


_LAB_KEYS: Final = ("patient_id", "date", "test")


def _like_first(cell: pl.Expr) -> pl.Expr:
    return cell == cell.first().over(_LAB_KEYS, order_by="row")


_SAME_UNIT: Final = _like_first(pl.col("unit"))
_SAME_VALUE: Final = _like_first(pl.col("value")) & _like_first(pl.col("comparator").fill_null("="))

_REPEATED: Final[tuple[RecordRule, ...]] = (
    _repeated(
        "SUBJECT-TWICE",
        "fatal",
        "subjects",
        ("patient_id",),
        "the patient has two rows; one row a patient was expected",
    ),
    _repeated(
        "BASELINE-TWICE",
        "fatal",
        "baseline_disease",
        ("patient_id",),
        "the patient has two rows of baseline disease; one was expected",
    ),
    _repeated("DEATH-TWICE", "fatal", "death", ("patient_id",), "the patient has two rows of death; one was expected"),
    _repeated(
        "DISPOSITION-TWICE",
        "fatal",
        "disposition",
        ("patient_id",),
        "the patient has two rows about the end of sorafenib; one was expected",
    ),
    _repeated(
        "LESION-TWICE",
        "fatal",
        "lesions",
        ("patient_id", "lesion_id"),
        "two lesions of the patient have this id; ids of lesions must be distinct in a patient",
    ),
    _repeated(
        "AE-TWICE",
        "fatal",
        "adverse_events",
        ("patient_id", "ae_id"),
        "two adverse events of the patient have this id; ids of events must be distinct in a patient",
    ),
    _repeated(
        "SCREENING-TWICE",
        "error",
        "screening",
        ("patient_id", "criterion_id"),
        "the criterion is judged twice in the patient; once was expected",
    ),
    _repeated(
        "LAB-TWICE",
        "error",
        "labs",
        _LAB_KEYS,
        "the test has another value on the same day; which one counts cannot be known",
        given=known(*_LAB_KEYS, "unit", "value"),
        also=_SAME_UNIT & ~_SAME_VALUE,
    ),
    _repeated(
        "LAB-COPY",
        "note",
        "labs",
        _LAB_KEYS,
        "the same value of the test is recorded twice on one day",
        given=known(*_LAB_KEYS, "unit", "value"),
        also=_SAME_UNIT & _SAME_VALUE,
    ),
    _repeated(
        "LAB-TWO-UNITS",
        "warning",
        "labs",
        _LAB_KEYS,
        "the test is recorded in two units on one day; one value was expected",
        given=known(*_LAB_KEYS, "unit"),
        also=~_SAME_UNIT,
        yields_to=("LAB-UNIT",),
    ),
    _repeated(
        "SCORE-TWICE",
        "warning",
        "clinical_scores",
        ("patient_id", "date"),
        "the patient has two rows of clinical scores on one day; one was expected",
    ),
    _repeated(
        "VITALS-TWICE",
        "warning",
        "vitals",
        ("patient_id", "date"),
        "the patient has two rows of vital signs on one day; one was expected",
    ),
    _repeated(
        "MEASUREMENT-TWICE",
        "error",
        "lesion_measurements",
        ("patient_id", "evaluator", "scan_date", "lesion_id"),
        "the lesion is measured twice on one day by one evaluator; once was expected",
        given=known("patient_id", "lesion_id") & is_full("scan_date"),
    ),
    _repeated(
        "RESPONSE-TWICE",
        "warning",
        "response",
        ("patient_id", "criteria", "source", "date"),
        "two responses by the same criteria are recorded on one day; the worse one counts",
        given=known("patient_id", "criteria", "source") & is_full("date"),
    ),
    _repeated(
        "FOLLOWUP-TWICE",
        "warning",
        "followup",
        ("patient_id", "date"),
        "the patient has two rows of follow-up on one day; one was expected",
        given=known("patient_id") & is_full("date"),
    ),
    _repeated(
        "THERAPY-TWICE",
        "note",
        "other_therapy",
        ("patient_id", "date", "type"),
        "the patient has two other therapies of this type on one day",
        given=known("patient_id", "type") & is_full("date"),
    ),
)

_STEMS: Final[dict[str, str]] = {
    "screening": "SCREENING",
    "baseline_disease": "BASELINE",
    "labs": "LAB",
    "clinical_scores": "SCORE",
    "vitals": "VITALS",
    "exposure": "EXPOSURE",
    "procedures": "PROCEDURE",
    "lesions": "LESION",
    "lesion_measurements": "MEASUREMENT",
    "response": "RESPONSE",
    "adverse_events": "AE",
    "other_therapy": "THERAPY",
    "disposition": "DISPOSITION",
    "death": "DEATH",
    "followup": "FOLLOWUP",
}

_UNKNOWN_PATIENTS: Final = tuple(
    RecordRule(
        f"{stem}-PATIENT-UNKNOWN",
        "error",
        "no row of subjects has this patient_id, so these records belong to nobody",
        table,
        ("patient_id",),
        pl.col("subject.row").is_null(),
        given=known("patient_id"),
        lookups=(SUBJECT,),
        once=("patient_id",),
    )
    for table, stem in _STEMS.items()
)


def _unknown_ae(rule: str, table: str) -> RecordRule:
    return RecordRule(
        rule,
        "error",
        "no adverse event of the patient has this id; an ae_id of adverse_events was expected",
        table,
        ("ae_id",),
        pl.col("ae.row").is_null(),
        given=known("ae_id"),
        lookups=(_AE,),
        yields_to=(f"{_STEMS[table]}-PATIENT-UNKNOWN",),
    )


def _unknown_lesions(rule: str, table: str, column: str) -> RecordRule:
    """Return the rule that a list of lesions, with ``;`` between, names lesions of the patient."""
    named = pl.col(column).str.extract_all(r"[^;\s](?:[^;]*[^;\s])?")
    there = pl.col("known.lesions").fill_null([])
    return RecordRule(
        rule,
        "error",
        "a lesion is named that the patient does not have; lesion_id of the lesions table was expected",
        table,
        (column, "unknown"),
        pl.col("unknown") != "",
        given=known(column),
        lookups=(_LESIONS,),
        beside=(named.list.set_difference(there).list.sort().list.join("; ").alias("unknown"),),
        yields_to=(f"{_STEMS[table]}-PATIENT-UNKNOWN",),
    )


_UNKNOWN_OTHERS: Final[tuple[RecordRule, ...]] = (
    RecordRule(
        "MEASUREMENT-LESION-UNKNOWN",
        "error",
        "no lesion of the patient has this id; a lesion_id of the lesions table was expected",
        "lesion_measurements",
        ("lesion_id",),
        pl.col("lesion.row").is_null(),
        given=known("lesion_id", "subject.row"),
        lookups=(SUBJECT, _LESION),
        once=("patient_id", "lesion_id"),
    ),
    _unknown_ae("EXPOSURE-AE-UNKNOWN", "exposure"),
    _unknown_ae("DISPOSITION-AE-UNKNOWN", "disposition"),
    _unknown_lesions("PROCEDURE-LESION-UNKNOWN", "procedures", "lesion_ids"),
    _unknown_lesions("SPLIT-LESION-UNKNOWN", "lesions", "split_from"),
    _unknown_lesions("MERGED-LESION-UNKNOWN", "lesions", "merged_into"),
    *(
        RecordRule(
            f"{stem}-LESION-ITSELF",
            "error",
            "a lesion cannot be a part of itself; another lesion_id was expected",
            "lesions",
            (column,),
            pl.col(column) == pl.col("lesion_id"),
        )
        for stem, column in (("SPLIT", "split_from"), ("MERGED", "merged_into"))
    ),
)

KEY_RULES: Final = (*_REPEATED, *_UNKNOWN_PATIENTS, *_UNKNOWN_OTHERS)
