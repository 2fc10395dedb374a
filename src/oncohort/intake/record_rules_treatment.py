"""Rules about treatment: doses of sorafenib, their end, local procedures and other therapy."""

from __future__ import annotations

from typing import Final

import polars as pl

from oncohort.intake.record_rules import (
    FIRST_DOSE,
    FIRST_DOSE_WRONG,
    SUBJECT,
    Lookup,
    RecordRule,
    first_day,
    known,
    last_day,
)
from oncohort.study.findings import Level

_FIRST: Final = "subject." + FIRST_DOSE
_FULL_MG_PER_DAY: Final = 800
_TIMES_A_DAY: Final = {"BID": 2.0, "QD": 1.0, "QOD": 0.5, "NONE": 0.0}
_DOSE: Final = pl.col("dose_per_intake_mg")
_MG_PER_DAY: Final = (
    _DOSE * pl.col("frequency").replace_strict(_TIMES_A_DAY, default=None, return_dtype=pl.Float64)
).alias("mg_per_day")
_ENDED: Final = Lookup(
    "disposition",
    "disposition",
    ("patient_id",),
    (pl.col("date").first(), last_day("date").first().alias("latest")),
    where=pl.col("sorafenib_end_reason").is_not_null(),
)
_AE: Final = Lookup(
    "ae",
    "adverse_events",
    ("patient_id", "ae_id"),
    (pl.col("start_date").first().alias("ae_start_date"), first_day("start_date").first().alias("start_earliest")),
)
_STATES: Final = Lookup(
    "exposure", "exposure", ("patient_id",), (pl.col("state").alias("states"),), complete=("state",)
)
_BY_START: Final = ("start_date", "end_date", "row")


def _in_order(cell: pl.Expr) -> pl.Expr:
    """Return an expression worked out over the intervals of one patient in the order of their starts."""
    return cell.over("patient_id", order_by=_BY_START)


_END: Final = pl.when(pl.col("end_date") >= pl.col("start_date")).then("end_date")
_INTERVAL_FAULTS: Final = ("EXPOSURE-END-BEFORE-START", "EXPOSURE-OVERLAP")


def _dose(  # noqa: PLR0913 (the facts of a rule, all named)
    rule: str,
    level: Level,
    columns: tuple[str, ...],
    sentence: str,
    where: pl.Expr,
    *,
    given: pl.Expr | None = None,
    lookups: tuple[Lookup, ...] = (),
    beside: tuple[pl.Expr, ...] = (),
    once: tuple[str, ...] = (),
    yields_to: tuple[str, ...] = (),
) -> RecordRule:
    return RecordRule(
        rule,
        level,
        sentence,
        "exposure",
        columns,
        where,
        given=given,
        lookups=lookups,
        beside=beside,
        once=once,
        yields_to=yields_to,
    )


_INTERVALS: Final[tuple[RecordRule, ...]] = (
    _dose(
        "EXPOSURE-END-BEFORE-START",
        "error",
        ("end_date", "start_date"),
        "the interval of doses ends before it starts",
        pl.col("end_date") < pl.col("start_date"),
    ),
    _dose(
        "EXPOSURE-OVERLAP",
        "error",
        ("start_date", "previous_end_date"),
        "the interval starts on or before the last day of an earlier one; a day has one dose",
        pl.col("start_date") <= pl.col("previous_end_date"),
        beside=(_in_order(_END.cum_max().forward_fill().shift(1)).alias("previous_end_date"),),
    ),
    _dose(
        "EXPOSURE-GAP",
        "note",
        ("start_date", "previous_end_date"),
        "days before the interval have no row; an interruption is a row with a dose of 0",
        pl.col("start_date") > pl.col("previous_end_date").dt.offset_by("1d"),
        given=known("start_date").all().over("patient_id"),
        beside=(_in_order(_END.shift(1)).alias("previous_end_date"),),
        yields_to=_INTERVAL_FAULTS,
    ),
    _dose(
        "EXPOSURE-BEFORE-FIRST-DOSE",
        "error",
        ("start_date", _FIRST),
        "the interval of doses starts before the first dose",
        pl.col("start_date") < pl.col(_FIRST),
        lookups=(SUBJECT,),
        once=("patient_id",),
        yields_to=(*_INTERVAL_FAULTS, *FIRST_DOSE_WRONG),
    ),
    _dose(
        "EXPOSURE-AFTER-LAST-DOSE",
        "error",
        ("end_date", "subject.last_sorafenib_date"),
        "the interval of doses ends after the last dose",
        pl.col("end_date") > pl.col("subject.last_dose_latest"),
        given=_DOSE > 0,
        lookups=(SUBJECT,),
        once=("patient_id",),
        yields_to=("EXPOSURE-AFTER-DEATH", "DOSE-AFTER-DISCONTINUATION", "FIRST-AFTER-LAST-DOSE"),
    ),
    _dose(
        "DOSE-AFTER-DISCONTINUATION",
        "error",
        ("end_date", "disposition.date"),
        "doses are recorded after the day on which sorafenib ended",
        pl.col("end_date") > pl.col("disposition.latest"),
        given=_DOSE > 0,
        lookups=(_ENDED,),
        once=("patient_id",),
        yields_to=("EXPOSURE-AFTER-DEATH", "DISPOSITION-BEFORE-FIRST-DOSE"),
    ),
)

_STATE_FAULTS: Final = ("DOSE-NOT-FULL", "DOSE-NOT-REDUCED", "DOSE-IN-INTERRUPTION")

_DOSES: Final[tuple[RecordRule, ...]] = (
    _dose(
        "DOSE-NOT-FULL",
        "error",
        ("state", "dose_per_intake_mg", "frequency"),
        f"the state is FULL, and the dose is not {_FULL_MG_PER_DAY} mg a day",
        pl.col("mg_per_day") != _FULL_MG_PER_DAY,
        given=pl.col("state") == "FULL",
        beside=(_MG_PER_DAY,),
    ),
    _dose(
        "DOSE-NOT-REDUCED",
        "error",
        ("state", "dose_per_intake_mg", "frequency"),
        f"the state is REDUCED, and the dose is not between 0 and {_FULL_MG_PER_DAY} mg a day",
        ~pl.col("mg_per_day").is_between(0, _FULL_MG_PER_DAY, closed="none"),
        given=pl.col("state") == "REDUCED",
        beside=(_MG_PER_DAY,),
    ),
    _dose(
        "DOSE-IN-INTERRUPTION",
        "error",
        ("state", "dose_per_intake_mg", "frequency"),
        "the state is INTERRUPTED, and the dose is not 0",
        _DOSE > 0,
        given=pl.col("state") == "INTERRUPTED",
    ),
    _dose(
        "DOSE-FREQUENCY",
        "error",
        ("frequency", "dose_per_intake_mg"),
        "a dose needs a frequency, and only a dose of 0 has none",
        (pl.col("frequency") == "NONE") != (_DOSE == 0),
        yields_to=_STATE_FAULTS,
    ),
    _dose(
        "DOSE-WITHOUT-REASON",
        "note",
        ("state",),
        "the dose is reduced, and neither a reason nor an adverse event is named",
        ~(known("adjust_reason") | known("ae_id")),
        given=pl.col("state") == "REDUCED",
    ),
    _dose(
        "DOSE-AE-NOT-NAMED",
        "note",
        ("adjust_reason",),
        "the dose was changed for an adverse event that is not named",
        pl.col("ae_id").is_null(),
        given=pl.col("adjust_reason") == "AE",
    ),
    _dose(
        "DOSE-BEFORE-AE",
        "warning",
        ("start_date", "ae.ae_start_date"),
        "the dose was changed before the adverse event that is named for it began",
        pl.col("start_date") < pl.col("ae.start_earliest"),
        given=known("ae_id"),
        lookups=(_AE,),
    ),
    *(
        RecordRule(
            f"AE-ACTION-{word}",
            "warning",
            f"sorafenib is said to have been {words} for the event, and no interval of doses is {state}",
            "adverse_events",
            ("action",),
            ~pl.col("exposure.states").list.contains(pl.lit(state)),
            given=pl.col("action") == action,
            lookups=(_STATES,),
        )
        for word, words, action, state in (
            ("REDUCED", "reduced", "DOSE REDUCED", "REDUCED"),
            ("INTERRUPTED", "interrupted", "DRUG INTERRUPTED", "INTERRUPTED"),
        )
    ),
    RecordRule(
        "DISPOSITION-BEFORE-FIRST-DOSE",
        "error",
        "sorafenib ended before its first dose",
        "disposition",
        ("date", _FIRST),
        last_day("date") < pl.col(_FIRST),
        lookups=(SUBJECT,),
        yields_to=FIRST_DOSE_WRONG,
    ),
    RecordRule(
        "DISPOSITION-AE-NOT-NAMED",
        "note",
        "sorafenib ended by an adverse event that is not named",
        "disposition",
        ("sorafenib_end_reason",),
        pl.col("ae_id").is_null(),
        given=pl.col("sorafenib_end_reason") == "ADVERSE EVENT",
    ),
)

_TACE: Final = pl.col("type") == "TACE"
_CRYO: Final = pl.col("type") == "CRYO"
_FREEZING: Final = ("freeze1_min", "thaw1_min", "freeze2_min")
_AGENTS: Final = ("cisplatin_mg", "fu_mg", "doxorubicin_infused_mg", "doxorubicin_lipiodol_mg", "lipiodol_ml")
_OF_TYPE: Final = ("patient_id", "type")
_NUMBERED: Final = pl.int_range(1, pl.len() + 1).over(_OF_TYPE, order_by=("date", "procedure_no", "row"))


def _procedure(
    rule: str, level: Level, columns: tuple[str, ...], sentence: str, where: pl.Expr, given: pl.Expr | None = None
) -> RecordRule:
    return RecordRule(rule, level, sentence, "procedures", columns, where, given=given)


_PROCEDURES: Final[tuple[RecordRule, ...]] = (
    RecordRule(
        "PROCEDURE-NUMBER",
        "error",
        "the procedures of one type are not numbered 1, 2, 3 … in the order of their dates",
        "procedures",
        ("procedure_no", "expected", "type"),
        pl.col("procedure_no") != pl.col("expected"),
        given=known("date", "type").all().over("patient_id"),
        beside=(_NUMBERED.alias("expected"),),
        once=_OF_TYPE,
    ),
    RecordRule(
        "PROCEDURE-BEFORE-FIRST-DOSE",
        "error",
        "the procedure is dated before the first dose; local therapy of the study comes after it",
        "procedures",
        ("date", _FIRST),
        pl.col("date") < pl.col(_FIRST),
        lookups=(SUBJECT,),
        yields_to=FIRST_DOSE_WRONG,
    ),
    _procedure(
        "TACE-WITH-FREEZING",
        "error",
        ("type", *_FREEZING),
        "times of freezing or thawing are recorded for a chemoembolization",
        pl.any_horizontal(pl.col(_FREEZING).is_not_null()),
        given=_TACE,
    ),
    _procedure(
        "CRYO-WITH-AGENTS",
        "error",
        ("type", *_AGENTS),
        "drugs or iodized oil are recorded for a cryoablation",
        pl.any_horizontal(pl.col(_AGENTS).fill_null(0) > 0),
        given=_CRYO,
    ),
    _procedure(
        "CT-BEFORE-PROCEDURE",
        "error",
        ("ct1m_date", "date"),
        "the CT one month after the procedure is not dated after it",
        pl.col("ct1m_date") <= pl.col("date"),
    ),
    _procedure(
        "LIPIODOL-WITHOUT-CT",
        "warning",
        ("lipiodol_deposit_pct",),
        "the deposit of iodized oil is recorded without the date of the CT that showed it",
        pl.col("ct1m_date").is_null(),
        given=known("lipiodol_deposit_pct"),
    ),
    RecordRule(
        "THERAPY-BEFORE-FIRST-DOSE",
        "warning",
        "the other therapy is dated before the first dose; earlier therapy belongs in baseline_disease",
        "other_therapy",
        ("date", _FIRST),
        last_day("date") < pl.col(_FIRST),
        lookups=(SUBJECT,),
        yields_to=FIRST_DOSE_WRONG,
    ),
)

TREATMENT_RULES: Final = (*_INTERVALS, *_DOSES, *_PROCEDURES)
