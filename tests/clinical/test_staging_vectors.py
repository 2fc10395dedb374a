"""The test vectors of staging and liver function, each through the function a user calls."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from oncohort.clinical.answer import Answer
from oncohort.clinical.bclc import TumorExtent, bclc
from oncohort.clinical.child_pugh import LiverFunction, child_pugh
from oncohort.clinical.diagnosis import diagnose_afp_imaging, diagnose_easl_2001
from oncohort.clinical.liver_scores import albi, meld, meld_3, meld_na
from oncohort.clinical.performance import KPS_STEPS, ecog_of_kps
from oncohort.clinical.tumor_scores import clip, hap, jis, mhap_2, okuda
from oncohort.clinical.units import convert

VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text(encoding="utf-8"))


def vectors(section: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("vector", VECTORS[section], ids=lambda vector: vector["id"])


def bilirubin(mg_per_dl: float) -> Fraction:
    return convert(mg_per_dl, "BILI", "mg/dL", "umol/L")


def creatinine(mg_per_dl: float) -> Fraction:
    return convert(mg_per_dl, "CREAT", "mg/dL", "umol/L")


def mm(cm: float) -> Fraction:
    return convert(cm, "LENGTH", "cm", "mm")


def settled(answer: Answer[Any]) -> Any:
    """Return what a vector expects of an answer: its value, or the list of what is still possible."""
    return answer.value if answer.is_determined else list(answer.possible)


@vectors("child_pugh")
def test_child_pugh_vector(vector: dict[str, Any]):
    given, expected = vector["input"], vector["expected"]
    items = LiverFunction(
        bilirubin_umol_per_l=bilirubin(given["bili_mgdl"]) if "bili_mgdl" in given else given["bili_umol"],
        albumin_g_per_l=given["alb_gl"],
        inr=given.get("inr"),
        pt_prolongation_s=given.get("pt_prol"),
        ascites=given["ascites"],
        encephalopathy=given.get("enceph"),
    )
    result = child_pugh(
        items,
        cutoffs=given.get("cutoffs", "exact"),
        coagulation="inr",
        cholestatic=given.get("cholestatic", False),
    )
    assert result.score.value == expected["score"]
    assert result.cls.value == expected["cls"]
    assert result.score_min == expected.get("min", expected["score"])
    assert result.score_max == expected.get("max", expected["score"])
    assert result.score.missing == tuple({"enceph": "encephalopathy"}[name] for name in expected.get("missing", ()))


@vectors("bclc")
def test_bclc_vector(vector: dict[str, Any]):
    given = vector["input"]
    tumor = TumorExtent(
        n_nodules=given.get("n"),
        max_diam_mm=given.get("max_mm"),
        diffuse=given.get("diffuse", False),
        vascular_invasion="portal_trunk" if given.get("vasc") else "none",
        n1=False,
        m1=given.get("M1", False),
    )
    era = given.get("era", "2008")
    answer = bclc(
        tumor,
        ecog=given.get("ecog"),
        child_pugh_class=given.get("cp"),
        era=era,
        single_large=given.get("single_large", "A"),
        transplantable=given.get("transplant", False),
        ecog_tumor_related=True if era == "2022" else None,
        require_tumor_related=era == "2022",
    )
    assert settled(answer) == vector["expected"]


@vectors("dx_easl2001")
def test_easl_2001_vector(vector: dict[str, Any]):
    cirrhosis, lesion_mm, techniques, afp, *histology = vector["input"]
    answer = diagnose_easl_2001(
        cirrhosis=cirrhosis,
        lesion_mm=lesion_mm,
        n_hypervascular=techniques,
        afp_ng_per_ml=afp,
        histology=histology[0] if histology else None,
    )
    assert answer.value == vector["expected"]
    assert ("afp_ng_per_ml" in answer.missing) == (afp is None)


@vectors("dx_paper")
def test_paper_diagnosis_vector(vector: dict[str, Any]):
    afp, typical, *histology = vector["input"]
    answer = diagnose_afp_imaging(afp, typical_imaging=typical, histology=histology[0] if histology else None)
    assert answer.value == vector["expected"]
    assert ("afp_ng_per_ml" in answer.missing) == (afp is None)


@vectors("albi")
def test_albi_vector(vector: dict[str, Any]):
    score, grade, modified = vector["expected"]
    result = albi(*vector["input"])
    assert result.score is not None
    assert round(result.score, 4) == score
    assert (result.grade.value, result.modified_grade.value) == (grade, modified)


@vectors("meld")
def test_meld_vector(vector: dict[str, Any]):
    bili, inr, creat, *more = vector["input"]
    dialysis, sodium = more or (False, None)
    raw, score, *with_sodium = vector["expected"]
    blood = {
        "bilirubin_umol_per_l": bilirubin(bili),
        "inr": inr,
        "creatinine_umol_per_l": creatinine(creat),
        "dialysis": dialysis,
    }
    result = meld(**blood)
    assert result.raw is not None
    assert (round(result.raw, 3), result.score.value) == (raw, score)
    if with_sodium:
        assert [meld_na(**blood, sodium_mmol_per_l=sodium).score.value] == with_sodium


@vectors("meld3")
def test_meld_3_vector(vector: dict[str, Any]):
    bili, inr, creat, sodium, albumin, female = vector["input"]
    result = meld_3(
        bilirubin_umol_per_l=bilirubin(bili),
        inr=inr,
        creatinine_umol_per_l=creatinine(creat),
        dialysis=False,
        sodium_mmol_per_l=sodium,
        albumin_g_per_l=convert(albumin, "ALB", "g/dL", "g/L"),
        female=bool(female),
    )
    assert result.raw is not None
    assert [round(result.raw, 3), result.score.value] == vector["expected"]


@vectors("hap")
def test_hap_vector(vector: dict[str, Any]):
    albumin, afp, bili, size_cm = vector["input"]
    result = hap(albumin_g_per_l=albumin, bilirubin_umol_per_l=bili, afp_ng_per_ml=afp, max_diam_mm=mm(size_cm))
    assert [result.score.value, result.cls.value] == vector["expected"]


@vectors("mhap2")
def test_mhap_2_vector(vector: dict[str, Any]):
    albumin, afp, bili, size_cm, number = vector["input"]
    result = mhap_2(
        albumin_g_per_l=albumin,
        bilirubin_umol_per_l=bili,
        afp_ng_per_ml=afp,
        max_diam_mm=mm(size_cm),
        n_nodules=number,
    )
    assert [result.score.value, result.cls.value] == vector["expected"]


@vectors("clip")
def test_clip_vector(vector: dict[str, Any]):
    liver, morphology, afp, thrombosis = vector["input"]
    n_nodules, massive = {"uni<=50": (1, False), "massive_or>50": (None, True)}[morphology]
    result = clip(
        child_pugh_class=liver,
        n_nodules=n_nodules,
        massive=massive,
        tumor_percent_of_liver=50,
        afp_ng_per_ml=afp,
        portal_vein_thrombosis=thrombosis,
    )
    assert result.score.value == vector["expected"]


@vectors("okuda")
def test_okuda_vector(vector: dict[str, Any]):
    percent, ascites, albumin, bili = vector["input"]
    result = okuda(tumor_percent_of_liver=percent, ascites=ascites, albumin_g_per_l=albumin, bilirubin_umol_per_l=bili)
    assert [result.score.value, result.cls.value] == vector["expected"]


@vectors("jis")
def test_jis_vector(vector: dict[str, Any]):
    liver, number, size_mm, invasion, *spread = vector["input"]
    n1, m1 = spread or (False, False)
    result = jis(
        child_pugh_class=liver, n_nodules=number, max_diam_mm=size_mm, vascular_invasion=invasion, n1=n1, m1=m1
    )
    assert result.score.value == vector["expected"]


@vectors("kps_ecog")
def test_karnofsky_vector(vector: dict[str, Any]):
    expected = {int(kps): ecog for kps, ecog in vector["expected"].items()}
    assert {kps: ecog_of_kps(kps) for kps in expected} == expected
    assert {kps for steps in KPS_STEPS.values() for kps in steps} == set(expected)
