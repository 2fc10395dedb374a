"""Rules about death: every table that says a patient died, or did not, must say the same."""

from __future__ import annotations

from typing import Final

import polars as pl

from oncohort.intake.record_rules import FIRST_DOSE, FIRST_DOSE_WRONG, SUBJECT, Lookup, RecordRule, known, last_day

_ALIVE: Final = pl.col("subject.death_flag") == "N"
_RECORDED: Final = Lookup("recorded", "death", ("patient_id",), (pl.col("row").first(),))
_DEAD_SENTENCES: Final = (
    (
        "FOLLOWUP-DEAD-ALIVE",
        "followup",
        "status",
        pl.col("status") == "DEAD",
        "the follow-up says that the patient died",
    ),
    (
        "AE-FATAL-ALIVE",
        "adverse_events",
        "grade",
        (pl.col("grade") == 5) | (pl.col("outcome") == "FATAL"),
        "the adverse event was fatal",
    ),
    (
        "DISPOSITION-DEAD-ALIVE",
        "disposition",
        "sorafenib_end_reason",
        pl.col("sorafenib_end_reason") == "DEATH",
        "sorafenib ended by death",
    ),
    ("ECOG-DEAD-ALIVE", "clinical_scores", "ecog", pl.col("ecog") == 5, "an ECOG of 5 says that the patient died"),
)
_GRADE_FIRST: Final = ("AE-GRADE-IMPOSSIBLE", "AE-FIVE-NOT-FATAL", "AE-FATAL-GRADE")
_FLAG_FIRST: Final = ("DEATH-DATE-WITHOUT-FLAG", "DEATH-WITHOUT-FLAG")

_SAID_ELSEWHERE: Final = tuple(
    RecordRule(
        rule,
        "error",
        f"{sentence}, and death_flag of subjects says N",
        table,
        (column, "subject.death_flag"),
        _ALIVE,
        given=dead,
        lookups=(SUBJECT,),
        once=("patient_id",),
        yields_to=(
            *_FLAG_FIRST,
            *(earlier for earlier, *_ in _DEAD_SENTENCES[:place]),
            *(_GRADE_FIRST if table == "adverse_events" else ()),
        ),
    )
    for place, (rule, table, column, dead, sentence) in enumerate(_DEAD_SENTENCES)
)

DEATH_RULES: Final[tuple[RecordRule, ...]] = (
    RecordRule(
        "DEATH-DATE-MISSING",
        "error",
        "the patient died and the date of death is missing",
        "subjects",
        ("death_date",),
        pl.col("death_date").is_null(),
        given=pl.col("death_flag") == "Y",
    ),
    RecordRule(
        "DEATH-DATE-WITHOUT-FLAG",
        "error",
        "a date of death is recorded, and death_flag says N",
        "subjects",
        ("death_date", "death_flag"),
        pl.col("death_date").is_not_null(),
        given=pl.col("death_flag") == "N",
    ),
    RecordRule(
        "DEATH-WITHOUT-FLAG",
        "error",
        "the death table has the patient, and death_flag of subjects says N",
        "death",
        ("patient_id", "subject.death_flag"),
        _ALIVE,
        lookups=(SUBJECT,),
        yields_to=("DEATH-DATE-WITHOUT-FLAG",),
    ),
    RecordRule(
        "DEATH-CAUSE-MISSING",
        "warning",
        "the patient died and has no row in the death table, so the cause is not known",
        "subjects",
        ("death_flag",),
        pl.col("recorded.row").is_null(),
        given=pl.col("death_flag") == "Y",
        lookups=(_RECORDED,),
    ),
    *_SAID_ELSEWHERE,
    RecordRule(
        "DEATH-BEFORE-FIRST-DOSE",
        "fatal",
        "the death is dated before the first dose, which is time zero",
        "subjects",
        ("death_date", FIRST_DOSE),
        last_day("death_date") < pl.col(FIRST_DOSE),
        yields_to=FIRST_DOSE_WRONG[:1],
    ),
    RecordRule(
        "DEATH-BEFORE-SCREENING",
        "error",
        "the death is dated before the screening",
        "subjects",
        ("death_date", "screening_date"),
        last_day("death_date") < pl.col("screening_date"),
        yields_to=("DEATH-BEFORE-FIRST-DOSE", "SCREENING-AFTER-CUTOFF"),
    ),
    RecordRule(
        "FOLLOWUP-DEAD-EARLY",
        "error",
        "the follow-up says that the patient died, on a day before the date of death",
        "followup",
        ("date", "subject.death_date"),
        last_day("date") < pl.col("subject.death_earliest"),
        given=(pl.col("status") == "DEAD") & known("subject.death_date"),
        lookups=(SUBJECT,),
    ),
)
