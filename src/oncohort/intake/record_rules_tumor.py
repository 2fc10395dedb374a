"""Rules about the tumor: the baseline disease against itself, and against the lesions that are followed."""

from __future__ import annotations

from typing import Final

import polars as pl

from oncohort.clinical.response_criteria import MRECIST_2010
from oncohort.intake.record_rules import (
    FIRST_DOSE,
    FIRST_DOSE_EARLY,
    FIRST_DOSE_WRONG,
    LESION,
    SUBJECT,
    Lookup,
    RecordRule,
    first_day,
    known,
)
from oncohort.study.findings import Level

_NODES: Final = ("LYMPH NODE", "PORTA HEPATIS LYMPH NODE")
_PORTAL: Final = pl.col("organ").str.starts_with("PORTAL VEIN")
_HEPATIC: Final = pl.col("organ").is_in(["HEPATIC VEIN", "INFERIOR VENA CAVA"])
_VEIN: Final = _PORTAL | _HEPATIC
_THROMBUS: Final = pl.col("kind") == "THROMBUS"
_PARTS: Final = Lookup(
    "parts",
    "lesions",
    ("patient_id", "merged_into"),
    (pl.col("first_seen_date").max(),),
    match=("patient_id", "lesion_id"),
)
_SPLIT: Final = pl.col("split_from").is_not_null()
_MERGED: Final = (pl.col("first_seen_date") > pl.col("parts.first_seen_date")).fill_null(value=False)
_OWN: Final = ~(_SPLIT | _MERGED)
_AT_BASELINE: Final = Lookup(
    "followed",
    "lesions",
    ("patient_id",),
    (
        (_THROMBUS & _PORTAL).any().alias("portal_thrombus"),
        (_THROMBUS & (pl.col("organ") == "PORTAL VEIN")).any().alias("trunk_thrombus"),
        (_THROMBUS & _HEPATIC).any().alias("hepatic_thrombus"),
        ((pl.col("organ") == "LIVER") & (pl.col("kind") == "NODULE")).sum().alias("liver_nodules"),
        (pl.col("organ") == "LUNG").any().alias("lung_lesion"),
        (pl.col("organ") == "ADRENAL GLAND").any().alias("adrenal_lesion"),
        (pl.col("organ") == "BONE").any().alias("bone_lesion"),
        pl.col("organ").is_in(_NODES).any().alias("node"),
    ),
    where=(pl.col("role") != "NEW") & _OWN,
    lookups=(_PARTS,),
    complete=("role", "organ", "kind"),
)
_LARGEST: Final = Lookup(
    "baseline",
    "lesion_measurements",
    ("patient_id",),
    (pl.col("longest_mm").max(),),
    where=(pl.col("visit") == "BASELINE")
    & (pl.col("lesion.organ") == "LIVER")
    & pl.col("lesion.kind").is_in(["NODULE", "INFILTRATIVE"]),
    lookups=(LESION,),
)
_FIRST_MEASURED: Final = Lookup(
    "measured",
    "lesion_measurements",
    ("patient_id", "lesion_id"),
    (first_day("scan_date").min().alias("first_scan"),),
    where=pl.col("status") == "MEASURED",
    complete=("lesion_id", "scan_date", "status"),
)
_BIOPSY_DONE: Final = pl.col("biopsy_result") != "ND"


def _baseline(  # noqa: PLR0913 (the facts of a rule, all named)
    rule: str,
    level: Level,
    columns: tuple[str, ...],
    sentence: str,
    where: pl.Expr,
    *,
    given: pl.Expr | None = None,
    lookups: tuple[Lookup, ...] = (),
    yields_to: tuple[str, ...] = (),
) -> RecordRule:
    return RecordRule(
        rule, level, sentence, "baseline_disease", columns, where, given=given, lookups=lookups, yields_to=yields_to
    )


def _flag(stem: str, flag: str, there: str, what: str) -> tuple[RecordRule, RecordRule]:
    """Return the two rules that a flag of the baseline disease and the lesions say the same."""
    followed = pl.col(f"followed.{there}")
    return (
        _baseline(
            f"{stem}-FLAG-WITHOUT-LESION",
            "warning",
            (flag,),
            f"the baseline disease names {what}, and no lesion at baseline is one",
            ~followed,
            given=pl.col(flag) == "Y",
            lookups=(_AT_BASELINE,),
        ),
        _baseline(
            f"{stem}-LESION-WITHOUT-FLAG",
            "error",
            (flag,),
            f"the baseline disease denies {what}, and a lesion at baseline is one",
            followed,
            given=pl.col(flag) == "N",
            lookups=(_AT_BASELINE,),
        ),
    )


_DISEASE: Final[tuple[RecordRule, ...]] = (
    _baseline(
        "TUMOR-NUMBER-DIFFUSE",
        "warning",
        ("n_tumours", "diffuse"),
        "the tumors of diffuse disease are counted; a number or diffuse disease was expected",
        pl.col("n_tumours").is_not_null(),
        given=pl.col("diffuse") == "Y",
    ),
    _baseline(
        "TUMOR-NUMBER-LESIONS",
        "warning",
        ("n_tumours", "followed.liver_nodules"),
        "more liver nodules are followed from baseline than tumors were counted",
        pl.col("n_tumours") < pl.col("followed.liver_nodules"),
        lookups=(_AT_BASELINE,),
    ),
    _baseline(
        "MAX-DIAMETER-SMALL",
        "warning",
        ("max_diam_mm", "baseline.longest_mm"),
        "a liver lesion at baseline is longer than the largest diameter; check the unit, mm was expected",
        pl.col("max_diam_mm") < pl.col("baseline.longest_mm"),
        lookups=(_LARGEST,),
    ),
    _baseline(
        "DIAGNOSIS-WITHOUT-BIOPSY",
        "error",
        ("dx_basis", "biopsy_result"),
        "the diagnosis rests on histology, and no biopsy showed hepatocellular carcinoma",
        pl.col("biopsy_result") != "HCC",
        given=pl.col("dx_basis") == "HISTOLOGY",
    ),
    _baseline(
        "DIFFERENTIATION-WITHOUT-BIOPSY",
        "error",
        ("differentiation", "biopsy_result"),
        "a differentiation is recorded where no biopsy was done",
        ~_BIOPSY_DONE,
        given=pl.col("differentiation") != "ND",
    ),
    _baseline(
        "ETIOLOGY-HBSAG",
        "warning",
        ("etiology", "hbsag"),
        "the etiology is hepatitis B, and HBsAg is negative",
        pl.col("hbsag") == "NEG",
        given=pl.col("etiology").is_in(["HBV", "HBV+HCV"]),
    ),
    _baseline(
        "PVT-COMPLETE-NONE",
        "error",
        ("pvt_complete", "pvt"),
        "a complete portal vein thrombosis is recorded where there is none",
        pl.col("pvt_complete") == "Y",
        given=pl.col("pvt") == "NONE",
    ),
    _baseline(
        "PVT-WITHOUT-LESION",
        "error",
        ("pvt",),
        "the portal vein is thrombosed, and no thrombus in it is a lesion at baseline; a non-target was expected",
        ~pl.col("followed.portal_thrombus"),
        given=pl.col("pvt").is_in(["BRANCH", "TRUNK"]),
        lookups=(_AT_BASELINE,),
    ),
    _baseline(
        "PVT-LESION-WITHOUT-FLAG",
        "error",
        ("pvt",),
        "a thrombus in the portal vein is a lesion at baseline, and pvt says NONE",
        pl.col("followed.portal_thrombus"),
        given=pl.col("pvt") == "NONE",
        lookups=(_AT_BASELINE,),
    ),
    _baseline(
        "PVT-TRUNK-IN-BRANCH",
        "warning",
        ("pvt",),
        "the thrombosis is of the trunk, and the thrombus among the lesions lies in a branch",
        ~pl.col("followed.trunk_thrombus"),
        given=(pl.col("pvt") == "TRUNK") & pl.col("followed.portal_thrombus"),
        lookups=(_AT_BASELINE,),
    ),
    _baseline(
        "HVT-WITHOUT-LESION",
        "warning",
        ("hvt",),
        "a hepatic vein or the vena cava is thrombosed, and no thrombus in it is a lesion at baseline",
        ~pl.col("followed.hepatic_thrombus"),
        given=pl.col("hvt").is_in(["HV", "IVC"]),
        lookups=(_AT_BASELINE,),
    ),
    _baseline(
        "HVT-LESION-WITHOUT-FLAG",
        "error",
        ("hvt",),
        "a thrombus in a hepatic vein or the vena cava is a lesion at baseline, and hvt says NONE",
        pl.col("followed.hepatic_thrombus"),
        given=pl.col("hvt") == "NONE",
        lookups=(_AT_BASELINE,),
    ),
    *_flag("LUNG", "met_lung", "lung_lesion", "a metastasis of the lung"),
    *_flag("ADRENAL", "met_adrenal", "adrenal_lesion", "a metastasis of the adrenal gland"),
    *_flag("BONE", "met_bone", "bone_lesion", "a metastasis of bone"),
    *_flag("NODE", "n1", "node", "a metastasis of a lymph node"),
)


def _is_at(kind: str | None, organ: str | None) -> pl.Expr:
    parts = (("kind", kind), ("organ", organ))
    return pl.all_horizontal(pl.col(column) == value for column, value in parts if value is not None)


_NEVER_TARGET: Final = pl.any_horizontal(
    _is_at(kind, organ) for site in MRECIST_2010.sites if site.target_from_mm is None for kind, organ in site.matches
)
_TARGET: Final = pl.col("role") == "TARGET"
_COUNTED: Final = _TARGET & _OWN
_SITE: Final = pl.when(pl.col("organ").is_in(_NODES)).then(pl.lit("LYMPH NODE")).otherwise(pl.col("organ"))
_TARGET_FAULTS: Final = ("TARGET-NEVER", "TARGETS-OVER-FIVE")

_LESIONS: Final[tuple[RecordRule, ...]] = (
    RecordRule(
        "TARGET-NEVER",
        "error",
        "a thrombus, an infiltrative tumor, an effusion or a bone lesion without soft tissue is never a target lesion",
        "lesions",
        ("kind", "organ"),
        _NEVER_TARGET,
        given=_TARGET,
    ),
    RecordRule(
        "TARGET-MARGIN",
        "warning",
        "a target lesion is not well delineated; a lesion that can be measured again was expected",
        "lesions",
        ("well_delineated",),
        pl.col("well_delineated") == "N",
        given=_TARGET,
        yields_to=("TARGET-NEVER",),
    ),
    RecordRule(
        "TARGETS-OVER-FIVE",
        "error",
        f"the patient has more than {MRECIST_2010.max_targets} target lesions",
        "lesions",
        ("lesion_id", "targets"),
        pl.col("targets") > MRECIST_2010.max_targets,
        given=_COUNTED,
        lookups=(_PARTS,),
        beside=(_COUNTED.cum_sum().over("patient_id", order_by="row").alias("targets"),),
        once=("patient_id",),
    ),
    RecordRule(
        "TARGETS-OVER-TWO-AN-ORGAN",
        "error",
        f"more than {MRECIST_2010.max_per_organ} target lesions lie in one organ (all lymph nodes are one)",
        "lesions",
        ("lesion_id", "site", "targets"),
        pl.col("targets") > MRECIST_2010.max_per_organ,
        given=_COUNTED,
        lookups=(_PARTS,),
        beside=(_SITE.alias("site"), _COUNTED.cum_sum().over("patient_id", "site", order_by="row").alias("targets")),
        once=("patient_id", "site"),
        yields_to=_TARGET_FAULTS,
    ),
    RecordRule(
        "TARGET-WITHOUT-BASELINE",
        "error",
        "the target lesion was not measured on or before the first dose",
        "lesions",
        ("lesion_id", "measured.first_scan"),
        pl.col("measured.first_scan").is_null() | (pl.col("measured.first_scan") > pl.col("subject." + FIRST_DOSE)),
        given=_COUNTED & known("lesion_id", "subject." + FIRST_DOSE),
        lookups=(SUBJECT, _PARTS, _FIRST_MEASURED),
        yields_to=("BASELINE-SCAN-MISSING", "BASELINE-AFTER-FIRST-DOSE", "LESION-AFTER-BASELINE", *FIRST_DOSE_EARLY),
    ),
    RecordRule(
        "LESION-KIND-ORGAN",
        "error",
        "the kind of the lesion cannot be in this organ; a node in a lymph node, a thrombus in a vein was expected",
        "lesions",
        ("kind", "organ"),
        ~pl.when(_THROMBUS).then(_VEIN).otherwise(pl.col("organ").is_in(_NODES)),
        given=_THROMBUS | (pl.col("kind") == "NODE"),
    ),
    RecordRule(
        "LESION-AFTER-BASELINE",
        "error",
        "a target or non-target lesion was first seen after the first dose; such a lesion is new",
        "lesions",
        ("first_seen_date", "subject." + FIRST_DOSE),
        pl.col("first_seen_date") > pl.col("subject." + FIRST_DOSE),
        given=(pl.col("role") != "NEW") & _OWN,
        lookups=(SUBJECT, _PARTS),
        yields_to=("LESION-AFTER-DEATH", "BASELINE-AFTER-FIRST-DOSE", *FIRST_DOSE_EARLY),
    ),
    RecordRule(
        "LESION-NEW-AT-BASELINE",
        "error",
        "a new lesion was first seen on or before the first dose; such a lesion is a target or a non-target",
        "lesions",
        ("first_seen_date", "subject." + FIRST_DOSE),
        pl.col("first_seen_date") <= pl.col("subject." + FIRST_DOSE),
        given=pl.col("role") == "NEW",
        lookups=(SUBJECT,),
        yields_to=FIRST_DOSE_WRONG,
    ),
)

TUMOR_RULES: Final = (*_DISEASE, *_LESIONS)
