"""Rules about the order of dates: screening, treatment, follow-up, and what lies after death or the cutoff."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from oncohort.intake.record_rules import (
    DEATH_WRONG,
    FIRST_DOSE,
    FIRST_DOSE_EARLY,
    FIRST_DOSE_WRONG,
    LAST_DOSE,
    STUDY,
    SUBJECT,
    Lookup,
    RecordRule,
    first_day,
    known,
    last_day,
)
from oncohort.study.findings import Level

_TREATED: Final = known(FIRST_DOSE)
_FIRST: Final = pl.col("subject." + FIRST_DOSE)
_DOSED: Final = Lookup(
    "dosed",
    "exposure",
    ("patient_id",),
    (pl.col("start_date").min(), pl.col("end_date").max()),
    where=pl.col("dose_per_intake_mg") > 0,
    complete=("start_date", "end_date", "dose_per_intake_mg"),
)
_SCANS: Final = Lookup(
    "scans",
    "lesion_measurements",
    ("patient_id",),
    (first_day("scan_date").min().alias("first_scan"),),
    complete=("scan_date",),
)
_FOLLOWED: Final = Lookup("followed", "followup", ("patient_id",), (pl.col("row").first(),))
_BASELINE: Final = Lookup("baseline", "baseline_disease", ("patient_id",), (pl.col("row").first(),))


def _years(birth: pl.Expr, on: pl.Expr) -> pl.Expr:
    """Return the completed years of age on a day."""
    before_birthday = on.dt.strftime("%m%d") < birth.dt.strftime("%m%d")
    return on.dt.year() - birth.dt.year() - before_birthday.cast(pl.Int32)


_COUNTED_FROM: Final = pl.coalesce(FIRST_DOSE, "screening_date")

_SUBJECTS: Final[tuple[RecordRule, ...]] = (
    RecordRule(
        "CUTOFF-DIFFERS",
        "error",
        "the cutoff is not that of most patients; one cutoff for the whole study was expected",
        "subjects",
        ("cutoff_date", "study.cutoff_date"),
        pl.col("cutoff_date") != pl.col("study.cutoff_date"),
        lookups=(STUDY,),
    ),
    RecordRule(
        "FIRST-DOSE-MISSING",
        "fatal",
        "the patient has doses of sorafenib but no date of the first one, which is time zero",
        "subjects",
        (FIRST_DOSE, "dosed.start_date"),
        pl.col(FIRST_DOSE).is_null(),
        given=known("dosed.start_date"),
        lookups=(_DOSED,),
    ),
    RecordRule(
        "LAST-WITHOUT-FIRST-DOSE",
        "fatal",
        "the patient has a date of the last dose but none of the first one, which is time zero",
        "subjects",
        (FIRST_DOSE, LAST_DOSE),
        pl.col(FIRST_DOSE).is_null(),
        given=known(LAST_DOSE),
        yields_to=("FIRST-DOSE-MISSING",),
    ),
    RecordRule(
        "SCREENING-AFTER-FIRST-DOSE",
        "error",
        "the screening date lies after the first dose; screening comes before treatment",
        "subjects",
        ("screening_date", FIRST_DOSE),
        pl.col("screening_date") > pl.col(FIRST_DOSE),
    ),
    RecordRule(
        "CONSENT-AFTER-FIRST-DOSE",
        "error",
        "the consent is dated after the first dose; consent comes before treatment",
        "subjects",
        ("consent_date", FIRST_DOSE),
        pl.col("consent_date") > pl.col(FIRST_DOSE),
        yields_to=FIRST_DOSE_EARLY,
    ),
    RecordRule(
        "FIRST-AFTER-LAST-DOSE",
        "error",
        "the first dose is dated after the last one",
        "subjects",
        (FIRST_DOSE, LAST_DOSE),
        pl.col(FIRST_DOSE) > last_day(LAST_DOSE),
        yields_to=FIRST_DOSE_WRONG[:2],
    ),
    RecordRule(
        "BIRTH-AFTER-SCREENING",
        "error",
        "the date of birth lies after the screening date",
        "subjects",
        ("birth_date", "screening_date"),
        first_day("birth_date") > pl.col("screening_date"),
    ),
    RecordRule(
        "AGE-DIFFERS",
        "error",
        "the age is not that of the date of birth at the first dose (without treatment: at screening)",
        "subjects",
        ("age", "birth_date"),
        (pl.col("age") < _years(last_day("birth_date"), _COUNTED_FROM))
        | (pl.col("age") > _years(first_day("birth_date"), _COUNTED_FROM)),
        yields_to=("BIRTH-AFTER-SCREENING", "SCREENING-AFTER-CUTOFF", *FIRST_DOSE_EARLY, *FIRST_DOSE_WRONG),
    ),
    RecordRule(
        "BASELINE-MISSING",
        "error",
        "the patient was treated and has no row of baseline_disease",
        "subjects",
        ("patient_id",),
        pl.col("baseline.row").is_null(),
        given=_TREATED,
        lookups=(_BASELINE,),
    ),
    RecordRule(
        "BASELINE-SCAN-MISSING",
        "error",
        "no scan lies on or before the first dose; without one no response can be judged",
        "subjects",
        (FIRST_DOSE, "scans.first_scan"),
        pl.col("scans.first_scan").is_null() | (pl.col("scans.first_scan") > pl.col(FIRST_DOSE)),
        given=_TREATED,
        lookups=(_SCANS,),
        yields_to=("BASELINE-AFTER-FIRST-DOSE", *FIRST_DOSE_EARLY),
    ),
    RecordRule(
        "EXPOSURE-MISSING",
        "warning",
        "the patient was treated and has no row of exposure with a dose",
        "subjects",
        (FIRST_DOSE,),
        pl.col("dosed.start_date").is_null(),
        given=_TREATED,
        lookups=(_DOSED,),
    ),
    RecordRule(
        "EXPOSURE-STARTS-LATE",
        "error",
        "the exposure starts after the first dose; the intervals must begin with it",
        "subjects",
        (FIRST_DOSE, "dosed.start_date"),
        pl.col("dosed.start_date") > pl.col(FIRST_DOSE),
        lookups=(_DOSED,),
        yields_to=FIRST_DOSE_EARLY,
    ),
    RecordRule(
        "EXPOSURE-ENDS-EARLY",
        "error",
        "the exposure ends before the last dose; the intervals must reach it",
        "subjects",
        (LAST_DOSE, "dosed.end_date"),
        pl.col("dosed.end_date") < first_day(LAST_DOSE),
        lookups=(_DOSED,),
        yields_to=("EXPOSURE-END-BEFORE-START", "LAST-DOSE-AFTER-DEATH"),
    ),
    RecordRule(
        "FOLLOWUP-MISSING",
        "error",
        "the patient was treated and did not die, and has no follow-up, so survival cannot be censored",
        "subjects",
        ("death_flag",),
        pl.col("followed.row").is_null(),
        given=_TREATED & (pl.col("death_flag") == "N"),
        lookups=(_FOLLOWED,),
    ),
)

_ORDER: Final[tuple[RecordRule, ...]] = (
    RecordRule(
        "AE-END-BEFORE-START",
        "error",
        "the adverse event ends before it starts",
        "adverse_events",
        ("end_date", "start_date"),
        last_day("end_date") < first_day("start_date"),
    ),
    RecordRule(
        "SCAN-BEFORE-FIRST-SEEN",
        "error",
        "the lesion is measured before it was first seen",
        "lesion_measurements",
        ("scan_date", "lesion.first_seen_date"),
        last_day("scan_date") < pl.col("lesion.first_seen_date"),
        given=~pl.col("status").is_in(["ABSENT", "NE"]),
        lookups=(Lookup("lesion", "lesions", ("patient_id", "lesion_id"), (pl.col("first_seen_date").first(),)),),
    ),
    RecordRule(
        "BASELINE-AFTER-FIRST-DOSE",
        "error",
        "a scan of the baseline visit lies after the first dose",
        "lesion_measurements",
        ("scan_date", "subject." + FIRST_DOSE),
        first_day("scan_date") > _FIRST,
        given=pl.col("visit") == "BASELINE",
        lookups=(SUBJECT,),
        yields_to=FIRST_DOSE_EARLY,
    ),
    RecordRule(
        "FOLLOWUP-BEFORE-FIRST-DOSE",
        "error",
        "the follow-up is dated before the first dose, which is time zero",
        "followup",
        ("date", "subject." + FIRST_DOSE),
        last_day("date") < _FIRST,
        lookups=(SUBJECT,),
        yields_to=FIRST_DOSE_WRONG,
    ),
    RecordRule(
        "CRITERION-AFTER-FIRST-DOSE",
        "error",
        "the criterion is judged after the first dose; eligibility is judged before treatment",
        "screening",
        ("date", "subject." + FIRST_DOSE),
        pl.col("date") > _FIRST,
        lookups=(SUBJECT,),
        yields_to=("SCREENING-RECORD-AFTER-DEATH", *FIRST_DOSE_EARLY),
    ),
)


@dataclass(frozen=True, slots=True)
class _Dated:
    """A column of dates: how its rules are named, whose rules of the same kind tell a fault of theirs first, and
    which other rules tell a date after the cutoff better.
    """

    stem: str
    table: str
    column: str
    partial: bool
    given: pl.Expr | None = None
    yields_to: tuple[str, ...] = ()
    sooner: tuple[str, ...] = ()


_DATED: Final[tuple[_Dated, ...]] = (
    _Dated("SCREENING-RECORD", "screening", "date", partial=False, sooner=("CRITERION-AFTER-FIRST-DOSE",)),
    _Dated("LAB", "labs", "date", partial=False),
    _Dated("SCORE", "clinical_scores", "date", partial=False),
    _Dated("VITALS", "vitals", "date", partial=False),
    _Dated(
        "EXPOSURE",
        "exposure",
        "end_date",
        partial=False,
        sooner=("DOSE-AFTER-DISCONTINUATION", "EXPOSURE-AFTER-LAST-DOSE"),
    ),
    _Dated("PROCEDURE", "procedures", "date", partial=False),
    _Dated("CT", "procedures", "ct1m_date", partial=False, yields_to=("PROCEDURE",)),
    _Dated("LESION", "lesions", "first_seen_date", partial=False, sooner=("LESION-AFTER-BASELINE",)),
    _Dated("SCAN", "lesion_measurements", "scan_date", partial=True),
    _Dated("RESPONSE", "response", "date", partial=True),
    _Dated("AE", "adverse_events", "start_date", partial=True),
    _Dated("AE-END", "adverse_events", "end_date", partial=True, yields_to=("AE",)),
    _Dated("THERAPY", "other_therapy", "date", partial=True),
    _Dated("DISPOSITION", "disposition", "date", partial=True),
    _Dated("FOLLOWUP", "followup", "date", partial=True, given=pl.col("status") != "DEAD"),
    _Dated("LAST-DOSE", "subjects", LAST_DOSE, partial=True, sooner=("EXPOSURE-ENDS-EARLY", "EXPOSURE-AFTER-CUTOFF")),
)


def _after_death(dated: _Dated) -> RecordRule:
    """Return the rule that nothing is dated after the death of its patient."""
    day = first_day(dated.column) if dated.partial else pl.col(dated.column)
    return RecordRule(
        f"{dated.stem}-AFTER-DEATH",
        "error",
        "the date lies after the death of the patient",
        dated.table,
        (dated.column, "subject.death_date"),
        day > pl.col("subject.death_latest"),
        given=dated.given,
        lookups=(SUBJECT,),
        yields_to=(*DEATH_WRONG, *(f"{stem}-AFTER-DEATH" for stem in dated.yields_to)),
    )


def _after_cutoff(dated: _Dated) -> RecordRule:
    """Return the rule that nothing is dated after the cutoff of the study."""
    day = first_day(dated.column) if dated.partial else pl.col(dated.column)
    after_death = () if dated.column == "death_date" else (f"{dated.stem}-AFTER-DEATH",)
    return RecordRule(
        f"{dated.stem}-AFTER-CUTOFF",
        "warning",
        "the date lies after the cutoff of the study; nothing after it is counted",
        dated.table,
        (dated.column, "study.cutoff_date"),
        day > pl.col("study.cutoff_date"),
        lookups=(STUDY,),
        yields_to=(
            *after_death,
            *dated.sooner,
            *(f"{stem}-AFTER-{what}" for stem in dated.yields_to for what in ("CUTOFF", "DEATH")),
        ),
    )


def _start_after_cutoff(rule: str, column: str, level: Level, yields_to: tuple[str, ...]) -> RecordRule:
    return RecordRule(
        rule,
        level,
        "the date lies after the cutoff of the study, so the patient was not yet under observation",
        "subjects",
        (column, "study.cutoff_date"),
        pl.col(column) > pl.col("study.cutoff_date"),
        lookups=(STUDY,),
        yields_to=yields_to,
    )


_AFTER_CUTOFF: Final[tuple[RecordRule, ...]] = (
    _start_after_cutoff("SCREENING-AFTER-CUTOFF", "screening_date", "error", FIRST_DOSE_EARLY),
    _start_after_cutoff("CONSENT-AFTER-CUTOFF", "consent_date", "error", ("CONSENT-AFTER-FIRST-DOSE",)),
    _start_after_cutoff("FIRST-DOSE-AFTER-CUTOFF", FIRST_DOSE, "fatal", ()),
    *(_after_cutoff(dated) for dated in _DATED),
    _after_cutoff(_Dated("DEATH", "subjects", "death_date", partial=True)),
)

_CONSENT_FIRST: Final = ("screening", "labs", "clinical_scores", "vitals")
_CONSENT_STEMS: Final = ("SCREENING-RECORD", "LAB", "SCORE", "VITALS")
_BEFORE_CONSENT: Final = tuple(
    RecordRule(
        f"{stem}-BEFORE-CONSENT",
        "warning",
        "records of the study are dated before the consent of the patient",
        table,
        ("date", "subject.consent_date"),
        pl.col("date") < pl.col("subject.consent_date"),
        lookups=(SUBJECT,),
        once=("patient_id",),
        yields_to=(
            "CONSENT-AFTER-FIRST-DOSE",
            "CONSENT-AFTER-CUTOFF",
            *(f"{name}-BEFORE-CONSENT" for name in _CONSENT_STEMS[:place]),
        ),
    )
    for place, (table, stem) in enumerate(zip(_CONSENT_FIRST, _CONSENT_STEMS, strict=True))
)

DATE_RULES: Final = (
    *_SUBJECTS,
    *_ORDER,
    *_BEFORE_CONSENT,
    *(_after_death(dated) for dated in _DATED),
    *_AFTER_CUTOFF,
)
