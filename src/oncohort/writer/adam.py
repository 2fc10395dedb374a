"""What a records study derived, patient by patient, as ADaM-named datasets for the private folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import polars as pl

from oncohort.study.cohort import Derived
from oncohort.study.protocol import Protocol
from oncohort.study.rules_in_force import adds_one_day

_DAYS: Final = frozenset({"day", "start_day", "end_day"})

NAMES: Final[Mapping[str, Mapping[str, str]]] = {
    "adsl": {
        "index": "TRTSDT",
        "age": "AGE",
        "subjects.sex": "SEX",
        "treated": "SAFFL",
        "eligibility": "ELIGST",
        "arm": "ARMACT",
        "death_cause": "DTHCAUS",
    },
    "adtr": {"lesion_id": "TRLNKID", "day": "ADY", "longest_mm": "LDIAM", "viable_mm": "VDIAM"},
    "adex": {"start_day": "ASTDY", "end_day": "AENDY", "mg_per_day": "AVAL"},
    "adpr": {"type": "PRTRT", "procedure_no": "PRGRPID", "day": "ADY"},
    "adae": {
        "ae_id": "AESPID",
        "term": "AEDECOD",
        "category": "AECAT",
        "grade": "ATOXGRN",
        "start_day": "ASTDY",
        "end_day": "AENDY",
        "related": "RELFL",
        "in_window": "ONTRTFL",
        "emergent": "TRTEMFL",
        "counted": "ANL01FL",
    },
    "adlb": {
        "test": "PARAMCD",
        "day": "ADY",
        "value": "AVAL",
        "unit": "AVALU",
        "grade": "ATOXGRN",
        "baseline_grade": "BTOXGRN",
    },
    "adherence": {"day": "ADY"},
    "reconciliation": {"day": "ADY"},
}
"""ADaM's name of a column of each dataset; other columns keep their own. Days become study days: there is no day 0."""


def write_derived(derived: Derived, factors: pl.DataFrame, folder: Path) -> None:
    """Write the datasets as Parquet: ``adsl`` (a row a screened patient), ``adrs``, ``adtr``, ``adex`` and the others.

    Flags are Y or N, study days those of CDISC: the first dose is day 1, the day before it −1. ``factors`` are the
    factor columns of the analyzed patients by USUBJID.
    """
    frames = {
        "adsl": derived.patients,
        "adtr": derived.lesion_sizes,
        "adex": derived.exposure,
        "adpr": derived.procedures,
        "adae": derived.adverse_events,
        "adlb": derived.labs,
        "adherence": derived.adherence,
        "reconciliation": derived.reconciliation,
    }
    named = {name: _as_adam(frame, NAMES[name]) for name, frame in frames.items()}
    named["adsl"] = named["adsl"].join(factors, on="USUBJID", how="left", suffix="_level", maintain_order="left")
    named["adrs"] = _responses(derived)
    for name, frame in named.items():
        frame.write_parquet(folder / f"{name}.parquet")


def sensitivity_times(derived: Derived, protocol: Protocol) -> pl.DataFrame:
    """Return the endpoints by their other rules of censoring, as ADTTE names them: ``PFS_FDA_A``, in days."""
    other = derived.time_to_event.filter(pl.col("rule") != "")
    return other.select(
        USUBJID="patient_id",
        PARAMCD=pl.concat_str("endpoint", "rule", separator="_"),
        AVAL=pl.col("day").cast(pl.Float64) + adds_one_day(protocol),
        AVALU=pl.lit("DAYS"),
        CNSR=(~pl.col("event")).cast(pl.Int64),
        EVNTDESC="description",
    )


def _as_adam(frame: pl.DataFrame, names: Mapping[str, str]) -> pl.DataFrame:
    flags = [column for column, kind in frame.schema.items() if kind == pl.Boolean]
    days = [column for column in frame.columns if column in _DAYS]
    shown = frame.with_columns(
        *(pl.col(flag).replace_strict({True: "Y", False: "N"}, default=None, return_dtype=pl.String) for flag in flags),
        *(_study_day(day) for day in days),
    )
    return shown.rename({"patient_id": "USUBJID"} | {k: v for k, v in names.items() if k in frame.columns})


def _study_day(column: str) -> pl.Expr:
    return pl.col(column) + (pl.col(column) >= 0).cast(pl.Int64)


def _responses(derived: Derived) -> pl.DataFrame:
    """Return every assessment (PARAMCD OVR) and best response (BOR, or BOR_ and the other definition)."""
    visits = derived.visits.with_columns(PARAMCD=pl.lit("OVR"), AVALC="overall").drop("overall")
    definition = pl.when(pl.col("definition") == "").then(pl.lit("BOR")).otherwise("BOR_" + pl.col("definition"))
    best = derived.best.select("patient_id", "day", "why", PARAMCD=definition, AVALC="best")
    return _as_adam(pl.concat([visits, best], how="diagonal"), {"day": "ADY"})
