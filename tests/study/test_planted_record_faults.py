"""Faults planted in a clean records study: one at a time, all at once, and any of them together.

A fault is one row of `FAULTS`: the rule that must find it, the value it must tell, and what is done to the study.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import polars as pl
import pytest
from clean_record_study import FILES, clean_study, column_type
from hypothesis import given, settings
from hypothesis import strategies as st

from oncohort.intake.record_checks import RECORD_RULES, check_record_tables

Tables = dict[str, pl.DataFrame]
Told = tuple[str, str, str, int, str, str]  # rule, level, file, row, patient, value


@dataclass(frozen=True)
class Edit:
    """What is done to the n-th row of a patient in a table: set cells, add a copy with other cells, or drop it."""

    kind: str
    place: str  # "table patient n"
    cells: dict[str, Any]


@dataclass(frozen=True)
class Fault:
    rule: str
    value: str
    edits: tuple[Edit, ...]
    at: str  # where it must be told; the place of the first edit if empty


def put(place: str, **cells: Any) -> Edit:
    return Edit("put", place, cells)


def add(place: str, **cells: Any) -> Edit:
    return Edit("add", place, cells)


def drop(place: str) -> Edit:
    return Edit("drop", place, {})


def fault(rule: str, value: str, *edits: Edit, at: str = "") -> Fault:
    return Fault(rule, value, edits, at)


def row_of(tables: Tables, place: str) -> int:
    table, patient, nth = place.split()
    return tables[table].filter(pl.col("patient_id") == patient)["row"].to_list()[int(nth) - 1]


def cell_of(table: str, column: str, value: Any) -> pl.Expr:
    kind = column_type(table, column)
    typed = date.fromisoformat(value) if kind is pl.Date and value is not None else value
    return pl.lit(typed, kind).alias(column)


def plant(tables: Tables, planted: Fault) -> tuple[Tables, tuple[str, int, str]]:
    """Return the tables with the fault in them, and where it must be told: table, row, patient."""
    tables = dict(tables)
    places: list[tuple[str, int]] = []
    for edit in planted.edits:
        table = edit.place.split()[0]
        frame, row = tables[table], row_of(tables, edit.place)
        cells = [cell_of(table, column, value) for column, value in edit.cells.items()]
        here = pl.col("row") == row
        if edit.kind == "drop":
            tables[table] = frame.filter(~here)
        elif edit.kind == "put":
            tables[table] = frame.with_columns(
                pl.when(here).then(cell).otherwise(pl.col(name)).alias(name)
                for cell, name in zip(cells, edit.cells, strict=True)
            )
        else:
            row = frame["row"].max() + 1
            tables[table] = pl.concat([frame, frame.filter(here).with_columns(*cells, row=pl.lit(row, pl.Int64))])
        places.append((table, row))
    table, row = (planted.at.split()[0], row_of(tables, planted.at)) if planted.at else places[0]
    patient = tables[table].filter(pl.col("row") == row)["patient_id"].item()
    return tables, (table, row, patient)


KEY_FAULTS = [
    fault("SUBJECT-TWICE", "P03 (same_as_row 4)", add("subjects P03 1")),
    fault("BASELINE-TWICE", "P03 (same_as_row 4)", add("baseline_disease P03 1")),
    fault("DEATH-TWICE", "P06 (same_as_row 4)", add("death P06 1")),
    fault("DISPOSITION-TWICE", "P04 (same_as_row 5)", add("disposition P04 1")),
    fault("LESION-TWICE", "NT01 (same_as_row 5)", add("lesions P01 4")),
    fault("AE-TWICE", "AE02 (same_as_row 3)", add("adverse_events P01 2")),
    fault("SCREENING-TWICE", "4 (same_as_row 2)", add("screening P01 1", met="N")),
    fault("LAB-TWICE", "BILI (same_as_row 2)", add("labs P01 1", value=18)),
    fault("LAB-TWICE", "ALB (same_as_row 3)", add("labs P01 2", comparator="<")),
    fault("LAB-COPY", "ALB (same_as_row 3)", add("labs P01 2")),
    fault("LAB-COPY", "BILI (same_as_row 2)", add("labs P01 1", comparator=None)),
    fault("LAB-TWO-UNITS", "BILI (same_as_row 2)", add("labs P01 1", value=1, unit="mg/dL", lln=0.2, uln=1.2)),
    fault("SCORE-TWICE", "2009-05-21 (same_as_row 6)", add("clinical_scores P03 1", ecog=1)),
    fault("VITALS-TWICE", "2009-06-01 (same_as_row 5)", add("vitals P03 1", weight_kg=60)),
    fault("MEASUREMENT-TWICE", "NT01 (same_as_row 14)", add("lesion_measurements P02 2", modality="MRI")),
    fault("RESPONSE-TWICE", "2009-08-26 (same_as_row 9)", add("response P04 1")),
    fault("FOLLOWUP-TWICE", "2010-12-20 (same_as_row 6)", add("followup P03 1", status="LOST")),
    fault("THERAPY-TWICE", "SYSTEMIC (same_as_row 5)", add("other_therapy P08 1")),
    fault("SCREENING-PATIENT-UNKNOWN", "P99", add("screening P01 1", patient_id="P99")),
    fault("BASELINE-PATIENT-UNKNOWN", "P99", add("baseline_disease P07 1", patient_id="P99")),
    fault("LAB-PATIENT-UNKNOWN", "P99", add("labs P01 1", patient_id="P99")),
    fault(
        "LAB-PATIENT-UNKNOWN", "p03", *(put(f"labs P03 {n}", patient_id="p03") for n in (4, 3, 2, 1)), at="labs p03 1"
    ),
    fault("SCORE-PATIENT-UNKNOWN", "P99", add("clinical_scores P03 1", patient_id="P99")),
    fault("VITALS-PATIENT-UNKNOWN", "P99", add("vitals P03 1", patient_id="P99")),
    fault("EXPOSURE-PATIENT-UNKNOWN", "P99", add("exposure P01 2", patient_id="P99")),
    fault("PROCEDURE-PATIENT-UNKNOWN", "P99", add("procedures P08 1", patient_id="P99")),
    fault("LESION-PATIENT-UNKNOWN", "P99", add("lesions P02 2", patient_id="P99")),
    fault("MEASUREMENT-PATIENT-UNKNOWN", "P99", add("lesion_measurements P02 2", patient_id="P99")),
    fault("RESPONSE-PATIENT-UNKNOWN", "P99", add("response P04 1", patient_id="P99")),
    fault("AE-PATIENT-UNKNOWN", "P99", add("adverse_events P03 1", patient_id="P99")),
    fault("THERAPY-PATIENT-UNKNOWN", "P99", add("other_therapy P03 1", patient_id="P99")),
    fault("DISPOSITION-PATIENT-UNKNOWN", "P99", add("disposition P08 1", patient_id="P99")),
    fault("DEATH-PATIENT-UNKNOWN", "P99", add("death P06 1", patient_id="P99")),
    fault("FOLLOWUP-PATIENT-UNKNOWN", "P99", add("followup P03 1", patient_id="P99")),
    fault("MEASUREMENT-LESION-UNKNOWN", "T09", add("lesion_measurements P02 3", lesion_id="T09")),
    fault("MEASUREMENT-LESION-UNKNOWN", "NT02", put("lesion_measurements P02 2", lesion_id="NT02")),
    fault("EXPOSURE-AE-UNKNOWN", "AE07", put("exposure P01 2", ae_id="AE07")),
    fault("EXPOSURE-AE-UNKNOWN", "AE01", put("exposure P08 3", ae_id="AE01")),
    fault("DISPOSITION-AE-UNKNOWN", "A3", put("disposition P08 1", ae_id="A3")),
    fault("PROCEDURE-LESION-UNKNOWN", "T01;T07 (unknown T07)", put("procedures P08 1", lesion_ids="T01;T07")),
    fault(
        "PROCEDURE-LESION-UNKNOWN",
        "T05; T02;T04 (unknown T04; T05)",
        put("procedures P01 3", lesion_ids="T05; T02;T04"),
    ),
    fault("SPLIT-LESION-UNKNOWN", "T10 (unknown T10)", put("lesions P08 3", split_from="T10")),
    fault("MERGED-LESION-UNKNOWN", "T10 (unknown T10)", put("lesions P08 2", merged_into="T10")),
    fault("SPLIT-LESION-ITSELF", "T03", put("lesions P08 3", split_from="T03")),
    fault("MERGED-LESION-ITSELF", "T02", put("lesions P08 2", merged_into="T02")),
]

DATE_FAULTS = [
    fault("CUTOFF-DIFFERS", "2010-06-30 (cutoff_date 2010-12-31)", put("subjects P04 1", cutoff_date="2010-06-30")),
    fault("FIRST-DOSE-MISSING", "missing (start_date 2009-08-10)", put("subjects P05 1", first_sorafenib_date=None)),
    fault(
        "LAST-WITHOUT-FIRST-DOSE",
        "missing (last_sorafenib_date 2009-12)",
        put("subjects P07 1", last_sorafenib_date="2009-12"),
    ),
    fault(
        "SCREENING-AFTER-FIRST-DOSE",
        "2009-08-12 (first_sorafenib_date 2009-08-10)",
        put("subjects P05 1", screening_date="2009-08-12"),
    ),
    fault(
        "SCREENING-AFTER-FIRST-DOSE",
        "2009-02-10 (first_sorafenib_date 2008-03-02)",
        put("subjects P01 1", first_sorafenib_date="2008-03-02"),
    ),
    fault(
        "CONSENT-AFTER-FIRST-DOSE",
        "2009-06-02 (first_sorafenib_date 2009-06-01)",
        put("subjects P03 1", consent_date="2009-06-02"),
    ),
    fault(
        "FIRST-AFTER-LAST-DOSE",
        "2009-08-10 (last_sorafenib_date 2009-07)",
        put("subjects P05 1", last_sorafenib_date="2009-07"),
    ),
    fault(
        "FIRST-AFTER-LAST-DOSE",
        "2010-10-12 (last_sorafenib_date 2010-06-30)",
        put("subjects P08 1", first_sorafenib_date="2010-10-12"),
    ),
    fault(
        "FIRST-DOSE-AFTER-CUTOFF",
        "2011-06-01 (cutoff_date 2010-12-31)",
        put("subjects P03 1", first_sorafenib_date="2011-06-01"),
    ),
    fault("BIRTH-AFTER-SCREENING", "2019 (screening_date 2009-04-15)", put("subjects P02 1", birth_date="2019")),
    fault("AGE-DIFFERS", "55 (birth_date 1955-06-12)", put("subjects P01 1", age=55)),
    fault("AGE-DIFFERS", "59 (birth_date 1948)", put("subjects P02 1", age=59)),
    fault("AGE-DIFFERS", "69 (birth_date 1939-02)", put("subjects P06 1", age=69)),
    fault("AGE-DIFFERS", "43 (birth_date 1965-07-20)", put("subjects P07 1", age=43)),
    fault("BASELINE-MISSING", "P02", drop("baseline_disease P02 1"), at="subjects P02 1"),
    fault(
        "BASELINE-SCAN-MISSING",
        "2009-08-10 (first_scan 2009-10-06)",
        drop("lesion_measurements P05 2"),
        drop("lesion_measurements P05 1"),
        at="subjects P05 1",
    ),
    fault("EXPOSURE-MISSING", "2009-09-14", drop("exposure P06 1"), at="subjects P06 1"),
    fault(
        "EXPOSURE-STARTS-LATE",
        "2009-09-14 (start_date 2009-09-16)",
        put("exposure P06 1", start_date="2009-09-16"),
        at="subjects P06 1",
    ),
    fault(
        "EXPOSURE-ENDS-EARLY",
        "2010-02 (end_date 2010-01-31)",
        put("exposure P06 1", end_date="2010-01-31"),
        at="subjects P06 1",
    ),
    fault("FOLLOWUP-MISSING", "N", drop("followup P04 1"), at="subjects P04 1"),
    fault(
        "AE-END-BEFORE-START", "2009-06-19 (start_date 2009-06-20)", put("adverse_events P03 1", end_date="2009-06-19")
    ),
    fault("AE-END-BEFORE-START", "2008 (start_date 2009)", put("adverse_events P06 1", end_date="2008")),
    fault(
        "SCAN-BEFORE-FIRST-SEEN",
        "2009-04-20 (first_seen_date 2009-04-27)",
        put("lesions P02 2", first_seen_date="2009-04-27"),
        at="lesion_measurements P02 2",
    ),
    fault(
        "SCAN-BEFORE-FIRST-SEEN",
        "2009-08 (first_seen_date 2009-09-03)",
        put("lesion_measurements P06 2", scan_date="2009-08"),
    ),
    fault(
        "BASELINE-AFTER-FIRST-DOSE",
        "2009-09-15 (first_sorafenib_date 2009-09-14)",
        put("lesion_measurements P06 1", scan_date="2009-09-15"),
    ),
    fault(
        "FOLLOWUP-BEFORE-FIRST-DOSE", "2008-10 (first_sorafenib_date 2009-07-01)", put("followup P04 1", date="2008-10")
    ),
    fault(
        "CRITERION-AFTER-FIRST-DOSE",
        "2009-05-05 (first_sorafenib_date 2009-05-04)",
        put("screening P02 1", date="2009-05-05"),
    ),
    fault(
        "SCREENING-RECORD-BEFORE-CONSENT",
        "2009-02-11 (consent_date 2009-02-25)",
        put("subjects P01 1", consent_date="2009-02-25"),
        at="screening P01 1",
    ),
    fault(
        "LAB-BEFORE-CONSENT",
        "2009-06-18 (consent_date 2009-06-30)",
        put("subjects P04 1", consent_date="2009-06-30"),
        at="labs P04 1",
    ),
    fault(
        "SCORE-BEFORE-CONSENT", "2009-06-10 (consent_date 2009-06-16)", put("clinical_scores P04 1", date="2009-06-10")
    ),
    fault("VITALS-BEFORE-CONSENT", "2009-09-30 (consent_date 2009-10-01)", put("vitals P08 1", date="2009-09-30")),
    fault(
        "SCREENING-AFTER-CUTOFF",
        "2011-09-10 (cutoff_date 2010-12-31)",
        put("subjects P07 1", screening_date="2011-09-10"),
    ),
    fault(
        "CONSENT-AFTER-CUTOFF", "2011-01-03 (cutoff_date 2010-12-31)", put("subjects P07 1", consent_date="2011-01-03")
    ),
]

DIED = " (death_date 2010-01-15)"
CUT = " (cutoff_date 2010-12-31)"
DATED_FAULTS = [
    fault("SCREENING-RECORD-AFTER-DEATH", "2010-02-11" + DIED, put("screening P01 1", date="2010-02-11")),
    fault("LAB-AFTER-DEATH", "2010-04-27" + DIED, put("labs P01 7", date="2010-04-27")),
    fault("SCORE-AFTER-DEATH", "2010-06-22" + DIED, put("clinical_scores P01 2", date="2010-06-22")),
    fault("VITALS-AFTER-DEATH", "2010-04-27" + DIED, put("vitals P01 2", date="2010-04-27")),
    fault("EXPOSURE-AFTER-DEATH", "2010-12-20" + DIED, put("exposure P01 3", end_date="2010-12-20")),
    fault("PROCEDURE-AFTER-DEATH", "2010-07-06" + DIED, put("procedures P01 3", date="2010-07-06")),
    fault("CT-AFTER-DEATH", "2010-06-17" + DIED, put("procedures P01 2", ct1m_date="2010-06-17")),
    fault(
        "LESION-AFTER-DEATH", "2010-01-16" + DIED, add("lesions P01 5", lesion_id="NEW02", first_seen_date="2010-01-16")
    ),
    fault("SCAN-AFTER-DEATH", "2010-10" + DIED, add("lesion_measurements P01 11", scan_date="2010-10")),
    fault(
        "SCAN-AFTER-DEATH",
        "2009-09-01 (death_date 2009-08)",
        put("lesion_measurements P02 2", scan_date="2009-09-01", visit="W16"),
    ),
    fault("RESPONSE-AFTER-DEATH", "2010-04-28" + DIED, put("response P01 2", date="2010-04-28")),
    fault("AE-AFTER-DEATH", "2010-02" + DIED, put("adverse_events P01 2", start_date="2010-02")),
    fault(
        "AE-AFTER-DEATH",
        "2011" + DIED,
        add("adverse_events P01 2", ae_id="AE03", start_date="2011", end_date="2012", outcome=None),
    ),
    fault("AE-END-AFTER-DEATH", "2010-04-03" + DIED, put("adverse_events P01 1", end_date="2010-04-03")),
    fault("THERAPY-AFTER-DEATH", "2010-01-28" + DIED, put("other_therapy P01 1", date="2010-01-28")),
    fault("DISPOSITION-AFTER-DEATH", "2010-12-24" + DIED, put("disposition P01 1", date="2010-12-24")),
    fault("FOLLOWUP-AFTER-DEATH", "2010-12-29" + DIED, put("followup P01 1", date="2010-12-29")),
    fault("LAST-DOSE-AFTER-DEATH", "2010-01-20" + DIED, put("subjects P01 1", last_sorafenib_date="2010-01-20")),
    fault("SCREENING-RECORD-AFTER-CUTOFF", "2011-09-10" + CUT, put("screening P07 1", date="2011-09-10")),
    fault("LAB-AFTER-CUTOFF", "2011-05-22" + CUT, put("labs P03 1", date="2011-05-22")),
    fault("SCORE-AFTER-CUTOFF", "2011-01-01" + CUT, put("clinical_scores P03 1", date="2011-01-01")),
    fault("VITALS-AFTER-CUTOFF", "2019-06-01" + CUT, put("vitals P03 1", date="2019-06-01")),
    fault(
        "EXPOSURE-AFTER-CUTOFF",
        "2011-01-31" + CUT,
        put("exposure P03 1", end_date="2011-01-31"),
        put("subjects P03 1", last_sorafenib_date="2011-01-31"),
    ),
    fault("PROCEDURE-AFTER-CUTOFF", "2011-01-18" + CUT, put("procedures P08 2", date="2011-01-18")),
    fault("CT-AFTER-CUTOFF", "2019-08-12" + CUT, put("procedures P03 1", ct1m_date="2019-08-12")),
    fault(
        "LESION-AFTER-CUTOFF",
        "2011-02-01" + CUT,
        add("lesions P08 4", lesion_id="NEW01", role="NEW", first_seen_date="2011-02-01"),
    ),
    fault("SCAN-AFTER-CUTOFF", "2011" + CUT, put("lesion_measurements P08 6", scan_date="2011")),
    fault("RESPONSE-AFTER-CUTOFF", "2011-02-01" + CUT, put("response P08 2", date="2011-02-01")),
    fault("AE-AFTER-CUTOFF", "2011-01" + CUT, put("adverse_events P08 2", start_date="2011-01")),
    fault("AE-END-AFTER-CUTOFF", "2011-07" + CUT, put("adverse_events P03 1", end_date="2011-07")),
    fault("THERAPY-AFTER-CUTOFF", "2011-01-15" + CUT, put("other_therapy P03 1", date="2011-01-15")),
    fault("DISPOSITION-AFTER-CUTOFF", "2011-12" + CUT, put("disposition P05 1", date="2011-12")),
    fault("FOLLOWUP-AFTER-CUTOFF", "2011-12-20" + CUT, put("followup P03 1", date="2011-12-20")),
    fault(
        "LAST-DOSE-AFTER-CUTOFF",
        "2011-02" + CUT,
        put("subjects P03 1", last_sorafenib_date="2011-02"),
        put("exposure P03 1", end_date=None),
    ),
    fault(
        "DEATH-AFTER-CUTOFF",
        "2011-03" + CUT,
        put("subjects P06 1", death_date="2011-03"),
        drop("followup P06 1"),
    ),
]

DEATH_FAULTS = [
    fault("DEATH-DATE-MISSING", "", put("subjects P02 1", death_date=None)),
    fault("DEATH-DATE-WITHOUT-FLAG", "2010-01-15 (death_flag N)", put("subjects P01 1", death_flag="N")),
    fault(
        "DEATH-DATE-WITHOUT-FLAG",
        "2010-03 (death_flag N)",
        put("subjects P04 1", death_date="2010-03"),
        put("followup P04 1", date="2009-12"),
    ),
    fault(
        "DEATH-WITHOUT-FLAG",
        "P02 (death_flag N)",
        put("subjects P02 1", death_flag="N", death_date=None),
        at="death P02 1",
    ),
    fault("DEATH-CAUSE-MISSING", "Y", drop("death P06 1"), at="subjects P06 1"),
    fault("FOLLOWUP-DEAD-ALIVE", "DEAD (death_flag N)", put("followup P05 2", status="DEAD")),
    fault("AE-FATAL-ALIVE", "5 (death_flag N)", put("adverse_events P03 1", grade=5, outcome="FATAL", serious="Y")),
    fault("DISPOSITION-DEAD-ALIVE", "DEATH (death_flag N)", put("disposition P08 1", sorafenib_end_reason="DEATH")),
    fault("ECOG-DEAD-ALIVE", "5 (death_flag N)", put("clinical_scores P07 1", ecog=5)),
    fault(
        "DEATH-BEFORE-FIRST-DOSE",
        "2009-01-15 (first_sorafenib_date 2009-03-02)",
        put("subjects P01 1", death_date="2009-01-15"),
    ),
    fault(
        "DEATH-BEFORE-FIRST-DOSE",
        "2009-04 (first_sorafenib_date 2009-05-04)",
        put("subjects P02 1", death_date="2009-04"),
    ),
    fault(
        "DEATH-BEFORE-SCREENING",
        "2009-08 (screening_date 2009-09-10)",
        put("subjects P07 1", death_flag="Y", death_date="2009-08"),
        add("death P06 1", patient_id="P07"),
    ),
    fault("FOLLOWUP-DEAD-EARLY", "2010-01-10 (death_date 2010-01-15)", put("followup P01 2", date="2010-01-10")),
]

TUMOR_FAULTS = [
    fault("TUMOR-NUMBER-DIFFUSE", "7 (diffuse Y)", put("baseline_disease P05 1", n_tumours=7)),
    fault("TUMOR-NUMBER-LESIONS", "1 (liver_nodules 2)", put("baseline_disease P01 1", n_tumours=1)),
    fault("MAX-DIAMETER-SMALL", "8.2 (longest_mm 82)", put("baseline_disease P01 1", max_diam_mm=8.2)),
    fault(
        "DIAGNOSIS-WITHOUT-BIOPSY", "HISTOLOGY (biopsy_result ND)", put("baseline_disease P02 1", dx_basis="HISTOLOGY")
    ),
    fault(
        "DIAGNOSIS-WITHOUT-BIOPSY",
        "HISTOLOGY (biopsy_result NOT_HCC)",
        put("baseline_disease P03 1", biopsy_result="NOT_HCC"),
    ),
    fault(
        "DIFFERENTIATION-WITHOUT-BIOPSY",
        "POOR (biopsy_result ND)",
        put("baseline_disease P04 1", differentiation="POOR"),
    ),
    fault("ETIOLOGY-HBSAG", "HBV (hbsag NEG)", put("baseline_disease P08 1", hbsag="NEG")),
    fault("PVT-COMPLETE-NONE", "Y (pvt NONE)", put("baseline_disease P07 1", pvt_complete="Y")),
    fault("PVT-WITHOUT-LESION", "TRUNK", put("baseline_disease P04 1", pvt="TRUNK")),
    fault(
        "PVT-WITHOUT-LESION",
        "BRANCH",
        drop("lesion_measurements P02 2"),
        drop("lesions P02 2"),
        at="baseline_disease P02 1",
    ),
    fault("PVT-LESION-WITHOUT-FLAG", "NONE", put("baseline_disease P03 1", pvt="NONE")),
    fault("PVT-TRUNK-IN-BRANCH", "TRUNK", put("baseline_disease P02 1", pvt="TRUNK")),
    fault("HVT-WITHOUT-LESION", "HV", put("baseline_disease P01 1", hvt="HV")),
    fault("HVT-LESION-WITHOUT-FLAG", "NONE", put("baseline_disease P05 1", hvt="NONE")),
    fault("LUNG-FLAG-WITHOUT-LESION", "Y", put("baseline_disease P02 1", met_lung="Y")),
    fault("LUNG-LESION-WITHOUT-FLAG", "N", put("baseline_disease P01 1", met_lung="N")),
    fault("ADRENAL-FLAG-WITHOUT-LESION", "Y", put("baseline_disease P02 1", met_adrenal="Y")),
    fault("ADRENAL-LESION-WITHOUT-FLAG", "N", put("baseline_disease P04 1", met_adrenal="N")),
    fault("BONE-FLAG-WITHOUT-LESION", "Y", put("baseline_disease P08 1", met_bone="Y")),
    fault("BONE-LESION-WITHOUT-FLAG", "N", put("baseline_disease P04 1", met_bone="N")),
    fault("NODE-FLAG-WITHOUT-LESION", "Y", put("baseline_disease P06 1", n1="Y")),
    fault("NODE-LESION-WITHOUT-FLAG", "N", put("baseline_disease P04 1", n1="N")),
    fault(
        "TARGET-NEVER",
        "THROMBUS (organ PORTAL VEIN, LEFT BRANCH)",
        put("lesions P02 2", role="TARGET"),
        put("lesion_measurements P02 2", status="MEASURED", longest_mm=20),
    ),
    fault("TARGET-NEVER", "INFILTRATIVE (organ LIVER)", put("lesions P02 1", kind="INFILTRATIVE")),
    fault(
        "TARGET-NEVER",
        "OTHER (organ BONE)",
        put("lesions P04 5", role="TARGET"),
        put("lesion_measurements P04 5", status="MEASURED", longest_mm=20),
    ),
    fault("TARGET-MARGIN", "N", put("lesions P06 1", well_delineated="N")),
    fault(
        "TARGETS-OVER-FIVE",
        "T06 (targets 6)",
        add("lesions P04 4", lesion_id="T05", organ="OTHER"),
        add("lesions P04 4", lesion_id="T06", organ="OTHER"),
        add("lesion_measurements P04 4", lesion_id="T05"),
        add("lesion_measurements P04 4", lesion_id="T06"),
        at="lesions P04 7",
    ),
    fault(
        "TARGETS-OVER-TWO-AN-ORGAN",
        "T03 (site LIVER, targets 3)",
        put("lesions P01 3", organ="LIVER"),
        put("lesion_measurements P01 3", viable_mm=10),
        put("lesion_measurements P01 8", viable_mm=10),
        put("baseline_disease P01 1", n_tumours=3, met_lung="N"),
    ),
    fault("TARGET-WITHOUT-BASELINE", "T02 (first_scan missing)", drop("lesion_measurements P08 2"), at="lesions P08 2"),
    fault(
        "TARGET-WITHOUT-BASELINE",
        "T02 (first_scan 2009-04-28)",
        put("lesion_measurements P01 2", status="NE", longest_mm=None, viable_mm=None),
        at="lesions P01 2",
    ),
    fault("LESION-KIND-ORGAN", "THROMBUS (organ LIVER)", add("lesions P03 2", lesion_id="NT02", organ="LIVER")),
    fault("LESION-KIND-ORGAN", "NODE (organ LUNG)", add("lesions P01 5", lesion_id="NEW02", organ="LUNG", kind="NODE")),
    fault(
        "LESION-AFTER-BASELINE",
        "2009-08-26 (first_sorafenib_date 2009-07-01)",
        add("lesions P04 5", lesion_id="NT02", first_seen_date="2009-08-26"),
    ),
    fault(
        "LESION-NEW-AT-BASELINE",
        "2009-02-18 (first_sorafenib_date 2009-03-02)",
        add("lesions P01 5", lesion_id="NEW02", first_seen_date="2009-02-18"),
    ),
]

RESPONSE_FAULTS = [
    fault("VIABLE-OVER-LONGEST", "65 (longest_mm 64)", put("lesion_measurements P02 1", viable_mm=65)),
    fault("SHORT-OVER-LONGEST", "26.5 (longest_mm 26)", put("lesion_measurements P04 6", short_axis_mm=26.5)),
    fault("MEASURED-WITHOUT-NUMBER", "MEASURED", put("lesion_measurements P02 3", longest_mm=None, viable_mm=None)),
    fault(
        "ABSENT-WITH-NUMBER",
        "ABSENT (longest_mm 9, viable_mm missing, short_axis_mm missing)",
        put("lesion_measurements P03 3", longest_mm=9),
    ),
    fault("TARGET-WITHOUT-VIABLE", "missing (longest_mm 66)", put("lesion_measurements P02 3", viable_mm=None)),
    fault("NODE-WITHOUT-SHORT-AXIS", "missing (longest_mm 26)", put("lesion_measurements P04 6", short_axis_mm=None)),
    fault("VIABLE-WITHOUT-ENHANCEMENT", "5 (aphe N)", put("lesion_measurements P03 5", viable_mm=5)),
    fault("OVERALL-NOT-PROGRESSION", "SD (target SD, nontarget PD, new_lesion N)", put("response P04 1", overall="SD")),
    fault(
        "OVERALL-NOT-PROGRESSION",
        "SD (target PD, nontarget NON-CR/NON-PD, new_lesion N)",
        put("response P01 1", target="PD"),
    ),
    fault(
        "OVERALL-NOT-PROGRESSION",
        "PR (target SD, nontarget NON-CR/NON-PD, new_lesion Y)",
        put("response P01 3", overall="PR", new_lesion_certainty=None),
    ),
    fault(
        "OVERALL-DIFFERS", "CR (target PR, nontarget NON-CR/NON-PD, new_lesion N)", put("response P08 2", overall="CR")
    ),
    fault(
        "OVERALL-DIFFERS", "PD (target SD, nontarget NON-CR/NON-PD, new_lesion N)", put("response P06 1", overall="PD")
    ),
    fault("RESPONSE-AFTER-COMPLETE", "SD (before CR)", put("response P03 2", target="SD", overall="SD")),
    fault(
        "RESPONSE-AFTER-COMPLETE",
        "PR (before CR)",
        put("response P03 2", target="NE", overall="NE"),
        put("response P03 3", target="PR", overall="PR"),
        at="response P03 3",
    ),
    fault(
        "RESPONSE-BEFORE-FIRST-DOSE", "2009-08 (first_sorafenib_date 2009-09-14)", put("response P06 1", date="2009-08")
    ),
    fault("RESPONSE-WITHOUT-SCAN", "2009-04-27 (overall SD)", put("response P01 2", date="2009-04-27")),
    fault(
        "RESPONSE-WITHOUT-NEW-LESION",
        "Y (first_new 2009-10-14)",
        put("response P01 1", new_lesion="Y", new_lesion_certainty="EQUIVOCAL"),
    ),
    fault("RESPONSE-WITHOUT-NEW-LESION", "Y (first_new missing)", put("response P04 1", new_lesion="Y")),
    fault("RESPONSE-TARGET-NONE", "NA", put("response P06 1", target="NA", overall="NON-CR/NON-PD")),
]

PAUSE = {"dose_per_intake_mg": 0, "frequency": "NONE", "state": "INTERRUPTED"}
TREATMENT_FAULTS = [
    fault(
        "EXPOSURE-END-BEFORE-START", "2009-03-05 (start_date 2009-03-23)", put("exposure P01 2", end_date="2009-03-05")
    ),
    fault(
        "EXPOSURE-OVERLAP", "2009-04-05 (previous_end_date 2009-04-05)", put("exposure P01 3", start_date="2009-04-05")
    ),
    fault(
        "EXPOSURE-OVERLAP",
        "2009-08-20 (previous_end_date 2009-09-30)",
        put("exposure P04 1", end_date="2009-09-30"),
        put("exposure P04 3", start_date="2009-10-01"),
        put("exposure P04 2", start_date="2009-08-20", end_date="2009-09-30"),
        at="exposure P04 2",
    ),
    fault("EXPOSURE-GAP", "2009-04-08 (previous_end_date 2009-04-05)", put("exposure P01 3", start_date="2009-04-08")),
    fault(
        "EXPOSURE-BEFORE-FIRST-DOSE",
        "2009-02-27 (first_sorafenib_date 2009-03-02)",
        put("exposure P01 1", start_date="2009-02-27"),
    ),
    fault(
        "EXPOSURE-AFTER-LAST-DOSE",
        "2009-12-22 (last_sorafenib_date 2009-12-20)",
        put("exposure P01 3", end_date="2009-12-22"),
    ),
    fault("DOSE-AFTER-DISCONTINUATION", "2009-12-31 (date 2009-12-24)", put("exposure P01 3", end_date="2009-12-31")),
    fault(
        "DOSE-AFTER-DISCONTINUATION",
        "2009-11-30 (date 2009-10)",
        put("disposition P05 1", date="2009-10"),
        at="exposure P05 1",
    ),
    fault(
        "DOSE-NOT-FULL", "FULL (dose_per_intake_mg 200, frequency BID)", put("exposure P03 1", dose_per_intake_mg=200)
    ),
    fault("DOSE-NOT-FULL", "FULL (dose_per_intake_mg 400, frequency QD)", put("exposure P06 1", frequency="QD")),
    fault(
        "DOSE-NOT-REDUCED",
        "REDUCED (dose_per_intake_mg 400, frequency BID)",
        put("exposure P01 2", dose_per_intake_mg=400),
    ),
    fault(
        "DOSE-NOT-REDUCED",
        "REDUCED (dose_per_intake_mg 0, frequency NONE)",
        put("exposure P01 2", dose_per_intake_mg=0, frequency="NONE"),
    ),
    fault(
        "DOSE-IN-INTERRUPTION",
        "INTERRUPTED (dose_per_intake_mg 400, frequency BID)",
        put("exposure P08 2", dose_per_intake_mg=400, frequency="BID"),
    ),
    fault("DOSE-FREQUENCY", "QD (dose_per_intake_mg 0)", put("exposure P08 2", frequency="QD")),
    fault("DOSE-WITHOUT-REASON", "REDUCED", put("exposure P04 3", adjust_reason=None)),
    fault("DOSE-AE-NOT-NAMED", "AE", put("exposure P01 2", ae_id=None)),
    fault("DOSE-BEFORE-AE", "2009-03-23 (ae_start_date 2009-04)", put("exposure P01 2", ae_id="AE02")),
    fault("AE-ACTION-REDUCED", "DOSE REDUCED", put("adverse_events P03 1", action="DOSE REDUCED")),
    fault("AE-ACTION-INTERRUPTED", "DRUG INTERRUPTED", put("adverse_events P06 1", action="DRUG INTERRUPTED")),
    fault(
        "DISPOSITION-BEFORE-FIRST-DOSE",
        "2008-11 (first_sorafenib_date 2009-07-01)",
        put("disposition P04 1", date="2008-11"),
        at="disposition P04 1",
    ),
    fault("DISPOSITION-AE-NOT-NAMED", "ADVERSE EVENT", put("disposition P08 1", ae_id=None)),
    fault("PROCEDURE-NUMBER", "3 (expected 2, type TACE)", put("procedures P01 2", procedure_no=3)),
    fault("PROCEDURE-NUMBER", "2 (expected 1, type CRYO)", put("procedures P01 3", procedure_no=2)),
    fault("PROCEDURE-NUMBER", "1 (expected 2, type CRYO)", put("procedures P08 2", procedure_no=1)),
    fault(
        "PROCEDURE-BEFORE-FIRST-DOSE",
        "2009-02-13 (first_sorafenib_date 2009-03-02)",
        put("procedures P01 1", date="2009-02-13"),
    ),
    fault(
        "TACE-WITH-FREEZING",
        "TACE (freeze1_min 20, thaw1_min missing, freeze2_min missing)",
        put("procedures P03 1", freeze1_min=20),
    ),
    fault(
        "CRYO-WITH-AGENTS",
        "CRYO (cisplatin_mg 40, fu_mg 1000, doxorubicin_infused_mg 20, doxorubicin_lipiodol_mg 10, lipiodol_ml 15)",
        put("procedures P01 1", type="CRYO", tumour_burden_pct=None, ct1m_date=None, lipiodol_deposit_pct=None),
        put("procedures P01 2", procedure_no=1),
        put("procedures P01 3", procedure_no=2),
    ),
    fault("CT-BEFORE-PROCEDURE", "2009-07-12 (date 2009-07-13)", put("procedures P03 1", ct1m_date="2009-07-12")),
    fault("LIPIODOL-WITHOUT-CT", "60", put("procedures P01 2", ct1m_date=None)),
    fault(
        "THERAPY-BEFORE-FIRST-DOSE", "2008 (first_sorafenib_date 2009-07-01)", put("other_therapy P04 1", date="2008")
    ),
]

SAFETY_FAULTS = [
    fault("LAB-UNIT", "g/L (test BILI)", put("labs P01 1", unit="g/L")),
    fault("LAB-UNIT", "ratio (test SODIUM)", put("labs P04 1", unit="ratio")),
    fault("LAB-IMPOSSIBLE", "3.9 (test ALB, unit g/L)", put("labs P01 2", value=3.9)),
    fault("LAB-IMPOSSIBLE", "110000 (test PLAT, unit 10^9/L)", put("labs P03 1", value=110000)),
    fault("LAB-IMPOSSIBLE", "70 (test CREAT, unit mg/dL)", put("labs P03 2", unit="mg/dL")),
    fault("LAB-IMPOSSIBLE", "9999 (test BILI, unit umol/L)", put("labs P08 1", value=9999, comparator=">")),
    fault("LAB-LIMITS", "20 (lln 20)", put("labs P08 1", lln=20)),
    fault("LAB-CONTROL", "12.5 (test INR)", put("labs P02 2", control_s=12.5)),
    fault("NEUTROPHILS-OVER-WHITE", "31 (white_cells 5.2)", put("labs P01 4", value=31)),
    fault("PRESSURE-REVERSED", "128 (sbp 78)", put("vitals P01 1", sbp=78, dbp=128)),
    fault(
        "AE-GRADE-IMPOSSIBLE",
        "4 (term HAND-FOOT SKIN REACTION, ctcae_version 3.0)",
        put("adverse_events P01 1", grade=4),
    ),
    fault("AE-GRADE-IMPOSSIBLE", "3 (term ALOPECIA, ctcae_version 3.0)", put("adverse_events P01 2", grade=3)),
    fault("AE-GRADE-IMPOSSIBLE", "5 (term ALOPECIA, ctcae_version 3.0)", put("adverse_events P01 2", grade=5)),
    fault("AE-VERSIONS-MIXED", "5.0 (ctcae_version 3.0)", put("adverse_events P03 1", ctcae_version="5.0")),
    fault("AE-FIVE-NOT-FATAL", "5 (outcome RECOVERED/RESOLVED)", put("adverse_events P03 1", grade=5)),
    fault("AE-FATAL-GRADE", "4 (outcome FATAL)", put("adverse_events P02 1", grade=4)),
    fault("AE-FATAL-GRADE", "2 (outcome FATAL)", put("adverse_events P03 1", outcome="FATAL")),
    fault("AE-FATAL-NOT-SERIOUS", "N (outcome FATAL)", put("adverse_events P02 1", serious="N")),
    fault(
        "AE-UNRESOLVED-ENDED",
        "2010-07 (outcome NOT RECOVERED/NOT RESOLVED)",
        put("adverse_events P08 2", end_date="2010-07"),
    ),
]

FAULTS = [
    *KEY_FAULTS,
    *DATE_FAULTS,
    *DATED_FAULTS,
    *DEATH_FAULTS,
    *TUMOR_FAULTS,
    *RESPONSE_FAULTS,
    *TREATMENT_FAULTS,
    *SAFETY_FAULTS,
]
LEVELS = {rule.id: rule.level for rule in RECORD_RULES}


def test_the_clean_study_has_no_finding_and_every_rule_saw_something():
    result = check_record_tables(clean_study(), FILES)
    assert result.findings == ()
    assert [seen.rule for seen in result.seen if seen.records == 0 or seen.found or seen.absent] == []


def test_every_rule_has_a_planted_fault():
    assert {planted.rule for planted in FAULTS} == set(LEVELS)
    assert len(FAULTS) >= 100


@cache
def copy_with(number: int) -> tuple[Tables, tuple[str, int, str]]:
    """Return the clean study with one fault, its patients renamed so that copies are different people."""
    tables, (table, row, patient) = plant(clean_study(), FAULTS[number])
    named = {name: frame.with_columns(pl.col("patient_id") + f"/{number}") for name, frame in tables.items()}
    return named, (table, row, f"{patient}/{number}")


def value_in_copy(number: int, shift: int) -> str:
    """Return the value of a fault where its rows lie further down and its patients have the names of the copy."""
    value = re.sub(r"(?<=same_as_row )\d+", lambda found: str(int(found[0]) + shift), FAULTS[number].value)
    return re.sub(r"^([Pp]\d\d)\b", rf"\1/{number}", value)


def one_study_of(numbers: Iterable[int]) -> tuple[Tables, dict[int, Told]]:
    """Return one study made of a clean copy and a copy for each fault, and what must be told of each fault."""
    copies = [clean_study()]
    height = {table: frame.height + 1 for table, frame in copies[0].items()}
    expected: dict[int, Told] = {}
    for number in numbers:
        tables, (table, row, patient) = copy_with(number)
        rule, shift = FAULTS[number].rule, height[table]
        expected[number] = (rule, LEVELS[rule], FILES[table], row + shift, patient, value_in_copy(number, shift))
        copies.append({name: frame.with_columns(pl.col("row") + height[name]) for name, frame in tables.items()})
        height = {name: height[name] + frame["row"].max() for name, frame in tables.items()}
    return {table: pl.concat([copy[table] for copy in copies]) for table in copies[0]}, expected


def told_of(tables: Tables) -> list[Told]:
    findings = check_record_tables(tables, FILES).findings
    return [(told.rule, told.level, told.file, told.row or 0, told.patient_id, told.value) for told in findings]


@pytest.fixture(scope="module")
def all_together():
    tables, expected = one_study_of(range(len(FAULTS)))
    return told_of(tables), expected


@pytest.mark.parametrize(
    "number", range(len(FAULTS)), ids=lambda number: f"{FAULTS[number].rule} {FAULTS[number].value}"
)
def test_planted_fault_is_found_once_with_its_place(number, all_together):
    told, expected = all_together
    assert [each for each in told if each[4].endswith(f"/{number}")] == [expected[number]]


def test_all_faults_in_one_study_are_found_once_each_and_nothing_else(all_together):
    told, expected = all_together
    assert sorted(told) == sorted(expected.values())


def test_order_of_the_rows_of_a_table_does_not_matter():
    tables, expected = one_study_of(range(len(FAULTS)))
    shuffled = {name: frame.sample(fraction=1, shuffle=True, seed=1) for name, frame in tables.items()}
    assert sorted(told_of(shuffled)) == sorted(expected.values())


def test_missing_cell_is_no_contradiction():
    """Blank every cell, one a copy of its patient: only rules that ask for the very cell may tell it."""
    clean, copies = clean_study(), []
    for table, frame in clean.items():
        nth = pl.int_range(pl.len()).over("patient_id", order_by="row")
        for column in frame.drop("patient_id", "row").columns:
            for n in range(frame.group_by("patient_id").len()["len"].max()):
                blank = frame.with_columns(pl.when(nth != n).then(pl.col(column)).alias(column))
                name = pl.col("patient_id") + f"/{table}/{column}/{n}"
                copies.append({other: rows.with_columns(name) for other, rows in (clean | {table: blank}).items()})
    study = {table: pl.concat([clean[table], *(copy[table] for copy in copies)]) for table in clean}
    numbered = {table: frame.with_columns(row=pl.int_range(2, pl.len() + 2)) for table, frame in study.items()}
    told = {(told[0], *told[4].split("/")[1:3]) for told in told_of(numbered)}
    assert told == {
        ("DEATH-DATE-MISSING", "subjects", "death_date"),
        ("DISPOSITION-AE-NOT-NAMED", "disposition", "ae_id"),
        ("DOSE-AE-NOT-NAMED", "exposure", "ae_id"),
        ("DOSE-WITHOUT-REASON", "exposure", "adjust_reason"),
        ("FIRST-DOSE-MISSING", "subjects", "first_sorafenib_date"),
        ("LESION-AFTER-BASELINE", "lesions", "split_from"),
        ("LIPIODOL-WITHOUT-CT", "procedures", "ct1m_date"),
        ("MEASURED-WITHOUT-NUMBER", "lesion_measurements", "longest_mm"),
        ("NODE-WITHOUT-SHORT-AXIS", "lesion_measurements", "short_axis_mm"),
        ("TARGET-WITHOUT-VIABLE", "lesion_measurements", "viable_mm"),
        ("TARGETS-OVER-TWO-AN-ORGAN", "lesions", "split_from"),
        ("TUMOR-NUMBER-LESIONS", "lesions", "split_from"),
    }


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, len(FAULTS) - 1), unique=True, max_size=8))
def test_any_faults_together_are_found_once_each(numbers):
    tables, expected = one_study_of(numbers)
    assert sorted(told_of(tables)) == sorted(expected.values())
