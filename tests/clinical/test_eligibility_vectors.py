"""The criteria of the preset on the test vectors of eligibility: status, all that failed, all that is missing."""

import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from oncohort.intake.presets import read_presets
from oncohort.study.conditions import judge_eligibility
from oncohort.study.parse import parse_protocol
from oncohort.study.template_tables import TEMPLATE

VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text(encoding="utf-8"))["eligibility"]
STUDY = """
[study]
title = "Eligibility"
profile = "paper"
records = "data"
preset = "sorafenib-hcc-2010"
[[endpoint]]
id = "OS"
start = "index"
events = ["death"]
"""
CRITERIA = parse_protocol(STUDY, "study.toml", read_presets(), template=TEMPLATE).criterion
IDS = {
    "advanced_PVT": "ADVANCED",
    "first_line": "FIRST_LINE",
    "ecog<=2": "ECOG",
    "cp A/B": "CHILD_PUGH",
    "bili<51.3": "BILIRUBIN",
    "alt<5uln": "ALT_AST",
    "ast<5uln": "ALT_AST",
    "plt>50": "PLATELETS",
    "hb>80": "HAEMOGLOBIN",
    "creat<1.5uln": "CREATININE",
}
NUMBERS = {
    "ecog": "ecog",
    "bili": "bilirubin",
    "alt_x": "alt",
    "ast_x": "ast",
    "plt": "platelets",
    "hb": "haemoglobin",
    "creat_x": "creatinine",
}
PRIOR = ("hepatectomy", "chemotherapy", "tace_ablation", "radiotherapy")


def patient(given: dict) -> pl.DataFrame:
    """Return one row with the columns that the preset's criteria name; the vectors leave hepatitis B unsaid."""
    day = date(2009, 3, 1)
    row = {
        "diagnosis": "HCC_CLINICAL",
        "baseline_disease.hbsag": "POS",
        "baseline_disease.pvt": {True: "TRUNK", False: "NONE"}.get(given["pvt"]),
        "baseline_disease.pvt_complete": "N",
        "child_pugh_class": given["cp"],
        "subjects.consent_date": day if given["consent"] else None,
        "index": day,
        "first_record": day,
    }
    row |= {f"baseline_disease.prior_{name}": "N" for name in PRIOR}
    row["baseline_disease.prior_tace_ablation"] = {True: "Y", False: "N"}.get(given["prior_therapy"])
    row |= {column: given[name] for name, column in NUMBERS.items()}
    return pl.DataFrame([row], schema_overrides=dict.fromkeys(NUMBERS.values(), pl.Float64))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_vector(vector):
    [verdict] = judge_eligibility(patient(vector["input"]), CRITERIA)
    expected = vector["expected"]
    assert verdict.status == expected["status"]
    assert set(verdict.failed) == {IDS[name] for name in expected["failed"]}
    assert set(verdict.missing) == {IDS[name] for name in expected["missing"]}


def test_every_vector_is_there():
    assert len(VECTORS) == 15


def test_complete_thrombosis_is_asked_only_where_a_study_switches_it_on():
    more = '[[criterion]]\nid = "COMPLETE_PVT"\nenabled = true\n'
    criteria = parse_protocol(STUDY + more, "study.toml", read_presets(), template=TEMPLATE).criterion
    closed = patient(VECTORS[0]["input"]).with_columns(pl.lit("Y").alias("baseline_disease.pvt_complete"))
    [before], [after] = judge_eligibility(closed, CRITERIA), judge_eligibility(closed, criteria)
    assert (before.status, after.status, after.failed) == ("INCLUDED", "EXCLUDED", ("COMPLETE_PVT",))


def test_hepatitis_b_that_was_not_tested_is_missing():
    unknown = patient(VECTORS[0]["input"]).with_columns(pl.lit(None, pl.String).alias("baseline_disease.hbsag"))
    [verdict] = judge_eligibility(unknown, CRITERIA)
    assert (verdict.status, verdict.missing) == ("UNDETERMINED", ("HBV_HCC",))
