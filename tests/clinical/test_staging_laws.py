"""Laws of staging and liver function: exact at every bound, and missing inputs only ever widen what is possible."""

from dataclasses import astuple, replace
from fractions import Fraction
from itertools import product
from math import floor, log10
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncohort.clinical.answer import Answer
from oncohort.clinical.bclc import TumorExtent, bclc
from oncohort.clinical.bclc_early import bclc_a_subclass
from oncohort.clinical.child_pugh import CLASSES, ChildPugh, LiverFunction, child_pugh
from oncohort.clinical.diagnosis import (
    diagnose_afp_imaging,
    diagnose_easl_2001,
    diagnosis_concordance,
)
from oncohort.clinical.liver_scores import albi, ez_albi, meld, meld_3, meld_na
from oncohort.clinical.performance import ecog_of_kps
from oncohort.clinical.scale import holds
from oncohort.clinical.tumor_scores import (
    clip,
    hap,
    is_within_up_to,
    jis,
    lcsgj_stage,
    mhap_2,
    okuda,
    six_and_twelve,
    tumor_burden_score,
)
from oncohort.clinical.units import UNITS, canonical_unit, convert
from oncohort.errors import DataError

NORMAL = LiverFunction(
    bilirubin_umol_per_l=10, albumin_g_per_l=42, inr=1.0, ascites="none", encephalopathy=0, pt_prolongation_s=None
)


def tenths(low: int, high: int) -> range:
    """Return every tenth from low to high, as whole numbers of tenths."""
    return range(10 * low, 10 * high + 1)


def points_by_tenths(value: int, low: int, high: int) -> int:
    """Return 1 below low, 2 up to high, 3 above, on whole numbers."""
    return 1 if value < low else 2 if value <= high else 3


def score_of(**changes: Any) -> ChildPugh:
    return child_pugh(replace(NORMAL, **changes), cutoffs="exact", coagulation="inr")


# Units


@pytest.mark.parametrize("quantity", UNITS)
@given(value=st.decimals(min_value=0, max_value=100000, places=3))
def test_a_unit_and_back_is_the_value_itself(quantity: str, value: Any):
    for unit, to in product(UNITS[quantity], repeat=2):
        assert convert(convert(value, quantity, unit, to), quantity, to, unit) == Fraction(value)


def test_three_mg_per_dl_of_bilirubin_is_the_bound_of_the_paper():
    assert convert(3.0, "BILI", "mg/dL", "umol/L") == Fraction("51.3")
    assert convert(8, "HGB", "g/dL", "g/L") == 80
    assert convert(1, "HGB", "g/dL", "mmol/L") == Fraction("0.6206")
    assert convert(1, "CREAT", "mg/dL", "umol/L") == Fraction("88.4")
    assert convert(2.5, "LENGTH", "cm", "mm") == 25
    assert {quantity: canonical_unit(quantity) for quantity in ("BILI", "ALB", "PLAT", "AFP")} == {
        "BILI": "umol/L",
        "ALB": "g/L",
        "PLAT": "10^9/L",
        "AFP": "ng/mL",
    }


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((1, "BILI", "", "umol/L"), "a unit is missing; one of umol/L, mg/dL was expected"),
        ((1, "BILI", "g/L", "umol/L"), '"g/L" is no unit of BILI; one of umol/L, mg/dL was expected'),
        ((1, "ALB", "g/L", "mg/dL"), '"mg/dL" is no unit of ALB'),
        ((1, "GGT", "U/L", "U/L"), '"GGT" is no quantity with known units; one of BILI, ALB'),
        ((78, "PT", "%", "s"), "prothrombin activity in % cannot be converted; INR, or PT in seconds, was expected"),
        ((float("nan"), "BILI", "mg/dL", "umol/L"), "no finite number"),
    ],
)
def test_units_refuse_what_they_cannot_convert(arguments: tuple[Any, ...], sentence: str):
    with pytest.raises(DataError) as caught:
        convert(*arguments)
    assert sentence in str(caught.value)


# Child-Pugh


@pytest.mark.parametrize(
    ("cutoffs", "cholestatic", "low", "high"),
    [
        ("exact", False, 342, 513),
        ("rounded", False, 340, 510),
        ("exact", True, 684, 1710),
        ("rounded", True, 680, 1700),
    ],
)
def test_bilirubin_points_are_exact_at_every_tenth_of_a_micromole(cutoffs: Any, cholestatic: bool, low: int, high: int):
    for value in tenths(30, 175):
        items = replace(NORMAL, bilirubin_umol_per_l=value / 10)
        result = child_pugh(items, cutoffs=cutoffs, coagulation="inr", cholestatic=cholestatic)
        assert result.points["bilirubin"].value == points_by_tenths(value, low, high), value


def test_bilirubin_points_are_exact_at_every_tenth_of_a_milligram():
    for value in tenths(0, 12):
        bilirubin = convert(value / 10, "BILI", "mg/dL", "umol/L")
        assert score_of(bilirubin_umol_per_l=bilirubin).points["bilirubin"].value == points_by_tenths(value, 20, 30)


@pytest.mark.parametrize(
    ("name", "item", "low", "high"),
    [
        ("bilirubin_umol_per_l", "bilirubin", "34.2", "51.3"),
        ("albumin_g_per_l", "albumin", "28", "35"),
        ("inr", "coagulation", "1.7", "2.3"),
    ],
)
def test_a_value_on_a_cut_off_has_the_middle_points_and_none_beyond_it(name: str, item: Any, low: str, high: str):
    hair = Fraction(1, 10**9)
    inside = [Fraction(low), Fraction(low) + hair, Fraction(high) - hair, Fraction(high)]
    assert {score_of(**{name: value}).points[item].value for value in inside} == {2}
    beyond = {score_of(**{name: value}).points[item].value for value in (Fraction(low) - hair, Fraction(high) + hair)}
    assert beyond == {1, 3}


def test_albumin_points_are_exact_at_every_tenth_of_a_gram():
    for value in tenths(20, 45):
        expected = {1: 3, 2: 2, 3: 1}[points_by_tenths(value, 280, 350)]
        assert score_of(albumin_g_per_l=value / 10).points["albumin"].value == expected, value


def test_coagulation_points_are_exact_at_every_tenth():
    for value in tenths(0, 10):
        assert score_of(inr=value / 10).points["coagulation"].value == points_by_tenths(value, 17, 23)
        by_time = score_of(inr=None, pt_prolongation_s=value / 10)
        assert by_time.points["coagulation"].value == points_by_tenths(value, 40, 60)


def test_every_score_has_exactly_one_class():
    for score in range(5, 16):
        assert sum(holds(part, Fraction(score)) for part, _ in CLASSES.levels) == 1


# The strategies draw at and around the bounds, and missing values
BILIRUBIN = st.sampled_from([None, 10, 34.1, 34.2, 34.3, 51.2, 51.3, 51.4, 200])
ALBUMIN = st.sampled_from([None, 20, 27.9, 28, 29, 35, 35.1, 45])
COAGULATION = st.sampled_from([None, 1.0, 1.69, 1.7, 2.3, 2.31, 5])
LIVERS = st.builds(
    LiverFunction,
    bilirubin_umol_per_l=BILIRUBIN,
    albumin_g_per_l=ALBUMIN,
    inr=COAGULATION,
    pt_prolongation_s=st.none(),
    ascites=st.sampled_from([None, "none", "mild", "moderate_severe"]),
    encephalopathy=st.sampled_from([None, 0, 1, 2, 3, 4]),
)
FILLS: dict[str, list[Any]] = {
    "bilirubin_umol_per_l": [0, 34.2, 51.4],
    "albumin_g_per_l": [50, 35, 10],
    "inr": [1, 1.7, 3],
    "ascites": ["none", "mild", "moderate_severe"],
    "encephalopathy": [0, 2, 4],
}


@given(LIVERS)
def test_class_a_is_impossible_with_bilirubin_over_three_milligrams(items: LiverFunction):
    result = child_pugh(replace(items, bilirubin_umol_per_l=51.4), cutoffs="exact", coagulation="inr")
    assert "A" not in result.cls.possible
    if result.score.value == 7:
        assert [answer.value for answer in result.points.values()] == [3, 1, 1, 1, 1]


@given(LIVERS, st.sampled_from(sorted(FILLS)))
def test_a_further_missing_item_never_narrows_the_child_pugh_score(items: LiverFunction, name: str):
    known = child_pugh(items, cutoffs="exact", coagulation="inr")
    fewer = child_pugh(replace(items, **{name: None}), cutoffs="exact", coagulation="inr")
    assert set(known.score.possible) <= set(fewer.score.possible)
    assert set(known.cls.possible) <= set(fewer.cls.possible)
    assert fewer.score_min <= known.score_min <= known.score_max <= fewer.score_max
    assert name in fewer.score.missing


@given(LIVERS)
def test_what_a_filled_item_gives_was_possible_before(items: LiverFunction):
    before = child_pugh(items, cutoffs="exact", coagulation="inr")
    reached: set[int] = set()
    for filling in product(*(FILLS[name] for name in before.score.missing)):
        after = child_pugh(
            replace(items, **dict(zip(before.score.missing, filling, strict=True))), cutoffs="exact", coagulation="inr"
        )
        assert after.cls.value in before.cls.possible
        assert after.score.value is not None
        reached.add(after.score.value)
    assert reached == set(before.score.possible)


@given(LIVERS, LIVERS)
def test_worse_items_never_lower_the_child_pugh_score(one: LiverFunction, other: LiverFunction):
    order: dict[str, list[Any]] = {"ascites": ["none", "mild", "moderate_severe"]}

    def worse_of(name: str, a: Any, b: Any) -> Any:
        if a is None or b is None:
            return None
        if name == "albumin_g_per_l":
            return min(a, b)
        return max(a, b, key=order[name].index if name in order else None)

    names = [name for name in FILLS if getattr(one, name) is not None and getattr(other, name) is not None]
    worse = replace(one, **{name: worse_of(name, getattr(one, name), getattr(other, name)) for name in names})
    mild, bad = (child_pugh(items, cutoffs="exact", coagulation="inr") for items in (one, worse))
    assert mild.score_min <= bad.score_min
    assert mild.score_max <= bad.score_max


def test_the_source_of_coagulation_is_told():
    both = replace(NORMAL, inr=1.0, pt_prolongation_s=6.1)
    found = {
        rule: (result.points["coagulation"].value, result.flags)
        for rule in ("inr", "pt", "worst")
        for result in [child_pugh(both, cutoffs="exact", coagulation=rule)]
    }
    assert found == {
        "inr": (1, ("COAGULATION_INR",)),
        "pt": (3, ("COAGULATION_PT",)),
        "worst": (3, ("COAGULATION_PT",)),
    }
    only_inr = child_pugh(NORMAL, cutoffs="exact", coagulation="pt")
    assert only_inr.flags == ("COAGULATION_INR",)
    neither = replace(NORMAL, inr=None)
    assert child_pugh(neither, cutoffs="exact", coagulation="pt").score.missing == ("pt_prolongation_s",)
    assert child_pugh(neither, cutoffs="exact", coagulation="worst").flags == ()


def test_a_sign_assumed_absent_is_flagged_and_still_told_as_missing():
    items = replace(NORMAL, ascites=None)
    assert not child_pugh(items, cutoffs="exact", coagulation="inr").score.is_determined
    result = child_pugh(items, cutoffs="exact", coagulation="inr", assume_absent=frozenset({"ascites"}))
    assert (result.score.value, result.score.missing) == (5, ("ascites",))
    assert "IMPUTED" in result.flags
    recorded = replace(NORMAL, ascites="mild")
    kept = child_pugh(recorded, cutoffs="exact", coagulation="inr", assume_absent=frozenset({"ascites"}))
    assert kept.score.value == 6
    assert "IMPUTED" not in kept.flags


@pytest.mark.parametrize(("albumin", "is_flagged"), [(27.9, False), (28, True), (29.9, True), (30, False)])
def test_albumin_that_the_older_variant_scores_otherwise_is_flagged(albumin: float, is_flagged: bool):
    assert ("ALBUMIN_28_TO_30" in score_of(albumin_g_per_l=albumin).flags) == is_flagged


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"bilirubin_umol_per_l": -1}, 'total bilirubin: "-1" is negative'),
        ({"ascites": "severe"}, 'ascites: "severe" is not known; one of none, mild, moderate_severe was expected'),
        ({"encephalopathy": 5}, '"5" is not known; one of 0, 1, 2, 3, 4 was expected'),
        ({"encephalopathy": True}, "is not known"),
    ],
)
def test_child_pugh_refuses_what_cannot_be(changes: dict[str, Any], sentence: str):
    with pytest.raises(DataError) as caught:
        score_of(**changes)
    assert sentence in str(caught.value)


@pytest.mark.parametrize("kps", [-10, 5, 55, 110, True])
def test_karnofsky_refuses_what_is_no_step(kps: int):
    with pytest.raises(DataError, match="a multiple of 10 from 0 to 100 was expected"):
        ecog_of_kps(kps)


# BCLC

NO_SPREAD = TumorExtent(1, 40, diffuse=False, vascular_invasion="none", n1=False, m1=False)
PAPER: dict[str, Any] = {"era": "2008", "single_large": "A", "require_tumor_related": False}
SCHEMES: list[dict[str, Any]] = [
    {
        "era": era,
        "single_large": large,
        "transplantable": transplantable,
        "require_tumor_related": related,
        "ecog_tumor_related": False if related else None,
    }
    for era, large, transplantable, related in product(("1999", "2008", "2022"), "AB", (False, True), (False, True))
]


def stage_by_hand(n: int, mm: float, spread: bool, ecog: int, liver: str, scheme: dict[str, Any]) -> str:
    """Return the stage of a patient about whom everything is known, written a second time as a chain."""
    small = n in {2, 3} and mm <= 30
    milan = not spread and (small or (n == 1 and mm <= 50))
    if ecog >= 3 or (liver == "C" and not (scheme["transplantable"] and milan)):
        return "D"
    if spread or (ecog >= 1 and not scheme["require_tumor_related"]):
        return "C"
    if n == 1 and liver == "A" and (mm < 20 or (mm == 20 and scheme["era"] == "2022")):
        return "0"
    if small or (n == 1 and (scheme["single_large"] == "A" or mm < 50)):
        return "A"
    return "B"


@pytest.mark.parametrize("scheme", SCHEMES, ids=str)
def test_every_complete_patient_has_the_stage_of_the_chain(scheme: dict[str, Any]):
    for n, mm, spread, ecog, liver in product(
        (1, 2, 3, 4), (5, 19.9, 20, 20.1, 30, 30.1, 49.9, 50, 50.1), (False, True), range(5), "ABC"
    ):
        tumor = replace(NO_SPREAD, n_nodules=n, max_diam_mm=mm, m1=spread)
        answer = bclc(tumor, ecog=ecog, child_pugh_class=liver, **scheme)
        assert answer.value == stage_by_hand(n, mm, spread, ecog, liver, scheme)
        assert answer.possible == (answer.value,)
        assert answer.why
        assert not answer.missing


@pytest.mark.parametrize("scheme", SCHEMES, ids=str)
def test_an_unknown_size_or_number_leaves_every_stage_of_the_chain_and_no_other(scheme: dict[str, Any]):
    sizes, numbers = [size / 2 for size in range(1, 121)], range(1, 7)
    for n, ecog, liver in product(numbers, (0, 1, 3), "ABC"):
        tumor = replace(NO_SPREAD, n_nodules=n, max_diam_mm=None)
        answer = bclc(tumor, ecog=ecog, child_pugh_class=liver, **scheme)
        assert set(answer.possible) == {stage_by_hand(n, mm, False, ecog, liver, scheme) for mm in sizes}
    for mm, ecog, liver in product((10, 20, 30, 40, 50, 60), (0, 1, 3), "ABC"):
        tumor = replace(NO_SPREAD, n_nodules=None, max_diam_mm=mm)
        answer = bclc(tumor, ecog=ecog, child_pugh_class=liver, **scheme)
        assert set(answer.possible) == {stage_by_hand(n, mm, False, ecog, liver, scheme) for n in numbers}


BCLC_INPUTS: dict[str, list[Any]] = {
    "n_nodules": [1, 2, 3, 4, 9],
    "max_diam_mm": [1, 19.9, 20, 25, 30, 30.1, 45, 50, 50.1, 120],
    "vascular_invasion": ["none", "portal_branch", "portal_trunk", "hepatic_vein", "ivc"],
    "n1": [False, True],
    "m1": [False, True],
    "ecog": [0, 1, 2, 3, 4],
    "child_pugh_class": ["A", "B", "C"],
    "ecog_tumor_related": [False, True],
}
PATIENTS = st.fixed_dictionaries({name: st.sampled_from([None, *values]) for name, values in BCLC_INPUTS.items()})
CHOICES = st.fixed_dictionaries(
    {
        "era": st.sampled_from(["1999", "2008", "2022"]),
        "single_large": st.sampled_from("AB"),
        "transplantable": st.booleans(),
        "require_tumor_related": st.booleans(),
    }
)


def staged(patient: dict[str, Any], choices: dict[str, Any], *, diffuse: bool | None) -> Answer[str]:
    about_tumor = ("n_nodules", "max_diam_mm", "vascular_invasion", "n1", "m1")
    tumor = TumorExtent(**{name: patient[name] for name in about_tumor}, diffuse=diffuse)
    others = {name: value for name, value in patient.items() if name not in about_tumor}
    return bclc(tumor, **others, **choices)


@given(PATIENTS, CHOICES, st.sampled_from(sorted(BCLC_INPUTS)), st.sampled_from([None, False]))
def test_a_further_missing_input_never_narrows_the_stage(patient: Any, choices: Any, name: str, diffuse: bool | None):
    known = staged(patient, choices, diffuse=diffuse)
    fewer = staged(patient | {name: None}, choices, diffuse=diffuse)
    assert set(known.possible) <= set(fewer.possible)


@given(PATIENTS, CHOICES, st.data())
def test_a_filled_input_gives_a_stage_that_was_possible_and_all_of_those_can_be_reached(
    patient: Any, choices: Any, data: st.DataObject
):
    before = staged(patient, choices, diffuse=False)
    if not before.missing:
        assert before.is_determined
        return
    name = data.draw(st.sampled_from(before.missing))
    after = [staged(patient | {name: value}, choices, diffuse=False) for value in BCLC_INPUTS[name]]
    assert {stage for answer in after for stage in answer.possible} == set(before.possible)


@given(PATIENTS, CHOICES)
def test_a_tumor_of_unknown_form_may_be_diffuse(patient: Any, choices: Any):
    unknown = staged(patient | {"n_nodules": None}, choices, diffuse=None)
    diffuse = staged(patient | {"n_nodules": None}, choices, diffuse=True)
    nodular = staged(patient | {"n_nodules": None}, choices, diffuse=False)
    assert set(unknown.possible) == set(diffuse.possible) | set(nodular.possible)
    assert {"n_nodules", "diffuse"} <= set(unknown.missing)
    assert not {"n_nodules", "diffuse", "max_diam_mm"} & set(diffuse.missing)


@pytest.mark.parametrize("invasion", ["portal_branch", "portal_trunk", "hepatic_vein", "ivc"])
def test_every_patient_the_paper_enrolled_is_stage_c(invasion: Any):
    for n, mm, ecog, liver in product((1, 2, 4), (22, 80, None), (0, 1, 2), "AB"):
        tumor = replace(NO_SPREAD, n_nodules=n, max_diam_mm=mm, vascular_invasion=invasion)
        answer = bclc(tumor, ecog=ecog, child_pugh_class=liver, **PAPER)
        assert answer.value == "C"
        assert invasion in answer.why


def test_ecog_that_is_not_from_the_tumor_does_not_make_stage_c_where_it_must_be():
    asked = PAPER | {"require_tumor_related": True}
    stages = {
        related: bclc(NO_SPREAD, ecog=1, child_pugh_class="A", ecog_tumor_related=related, **asked)
        for related in (True, False, None)
    }
    assert [stages[related].value for related in (True, False, None)] == ["C", "A", None]
    assert stages[None].possible == ("A", "C")
    assert stages[None].missing == ("ecog_tumor_related",)
    assert "ECOG 1 (not from the tumor)" in stages[False].why


@pytest.mark.parametrize(
    ("changes", "others", "sentence"),
    [
        ({"n_nodules": 0}, {}, 'number of nodules: "0" cannot be; a whole number from 1 was expected'),
        ({"max_diam_mm": 0}, {}, "largest diameter in mm"),
        ({"vascular_invasion": "yes"}, {}, "one of none, portal_branch, portal_trunk, hepatic_vein, ivc was expected"),
        ({}, {"ecog": 5}, 'ECOG of a living patient: "5" cannot be'),
        ({}, {"child_pugh_class": "D"}, "Child-Pugh class"),
        ({}, {"era": "2018"}, "one of 1999, 2008, 2022 was expected"),
    ],
)
def test_bclc_refuses_what_cannot_be(changes: dict[str, Any], others: dict[str, Any], sentence: str):
    with pytest.raises(DataError) as caught:
        bclc(replace(NO_SPREAD, **changes), **({"ecog": 0, "child_pugh_class": "A"} | PAPER | others))
    assert sentence in str(caught.value)


def test_classes_of_early_disease_and_their_gaps():
    def name(n: Any, mm: Any, hypertension: Any, raised: Any) -> Answer[str]:
        return bclc_a_subclass(n, mm, portal_hypertension=hypertension, bilirubin_raised=raised)

    determined = [
        name(1, 49.9, hypertension=h, raised=r).value for h, r in ((False, False), (True, False), (True, True))
    ]
    assert determined == ["A1", "A2", "A3"]
    assert name(3, 29.9, hypertension=None, raised=None) == name(2, 20, hypertension=True, raised=True)
    assert name(3, 29.9, hypertension=None, raised=None).value == "A4"
    gaps = [name(1, 49.9, hypertension=False, raised=True), name(1, 50, hypertension=True, raised=True)]
    gaps += [name(3, 30, hypertension=False, raised=False), name(4, 10, hypertension=False, raised=False)]
    assert all((gap.value, gap.possible) == (None, ()) and "no class" in gap.why for gap in gaps)
    assert name(None, None, hypertension=None, raised=None).possible == ("A1", "A2", "A3", "A4")
    assert name(1, None, hypertension=True, raised=False).possible == ("A2",)
    assert name(1, None, hypertension=True, raised=False).value is None


# Diagnosis

EASL_INPUTS: dict[str, list[Any]] = {
    "cirrhosis": [True, False],
    "lesion_mm": [1, 9.9, 10, 20, 20.1, 80],
    "n_hypervascular": [0, 1, 2, 3, 4],
}


@given(
    st.fixed_dictionaries({name: st.sampled_from([None, *values]) for name, values in EASL_INPUTS.items()}),
    st.sampled_from([None, 0, 400, 400.1]),
    st.sampled_from([None, "ND", "NOT_HCC", "HCC"]),
)
def test_what_findings_yet_to_come_will_say_was_possible(findings: Any, afp: float | None, histology: Any):
    before = diagnose_easl_2001(**findings, afp_ng_per_ml=afp, histology=histology)
    missing = [name for name in before.missing if name in EASL_INPUTS]
    after = {
        diagnose_easl_2001(
            **(findings | dict(zip(missing, values, strict=True))), afp_ng_per_ml=afp, histology=histology
        ).value
        for values in product(*(EASL_INPUTS[name] for name in missing))
    }
    assert after == set(before.possible)
    assert before.is_determined == (len(after) == 1)


@pytest.mark.parametrize(
    ("lesion_mm", "expected"),
    [
        (9.9, "FOLLOW_UP_US_3M"),
        (10, "BIOPSY_REQUIRED"),
        (20, "BIOPSY_REQUIRED"),
        (20.1, "HCC_NONINVASIVE_RADIOLOGICAL"),
    ],
)
def test_the_size_of_a_lesion_is_cut_where_easl_cuts_it(lesion_mm: float, expected: str):
    answer = diagnose_easl_2001(
        cirrhosis=True, lesion_mm=lesion_mm, n_hypervascular=2, afp_ng_per_ml=1000, histology=None
    )
    assert answer.value == expected
    assert "lesion" in answer.why


def test_afp_of_exactly_400_is_not_over_it_and_a_missing_one_is_told():
    at, above, unknown = (diagnose_afp_imaging(v, typical_imaging=True, histology=None) for v in (400, 400.1, None))
    assert (at.value, above.value, unknown.value) == ("BIOPSY_REQUIRED", "HCC_CLINICAL", "BIOPSY_REQUIRED")
    assert at.why == "AFP 400 ng/mL not > 400, typical imaging yes"
    assert "AFP is missing" in unknown.why
    open_imaging = diagnose_afp_imaging(401, typical_imaging=None, histology=None)
    assert open_imaging.possible == ("HCC_CLINICAL", "BIOPSY_REQUIRED")
    assert diagnose_afp_imaging(400, typical_imaging=None, histology="ND").value == "BIOPSY_REQUIRED"


def test_a_negative_biopsy_excludes_nothing():
    negative = diagnose_afp_imaging(10, typical_imaging=True, histology="NOT_HCC")
    assert negative.value == "BIOPSY_REQUIRED"
    assert "a negative biopsy does not exclude it" in negative.why
    assert diagnose_afp_imaging(500, typical_imaging=True, histology="NOT_HCC").value == "HCC_CLINICAL"


def test_concordance_counts_each_pair_once_and_only_determined_ones_as_compared():
    patients = [(True, 30, 1, 401), (True, 30, 2, 10), (False, 80, 2, 5000), (True, 15, 1, 20), (None, 30, 2, 500)]
    easl = [
        diagnose_easl_2001(cirrhosis=c, lesion_mm=mm, n_hypervascular=n, afp_ng_per_ml=afp, histology=None)
        for c, mm, n, afp in patients
    ]
    paper = [diagnose_afp_imaging(afp, typical_imaging=True, histology=None) for *_, afp in patients]
    result = diagnosis_concordance(paper, easl)
    assert [astuple(pair) for pair in result.pairs] == [
        ("HCC_CLINICAL", "HCC_NONINVASIVE_COMBINED", 1),
        ("HCC_CLINICAL", "BIOPSY_REQUIRED", 1),
        ("HCC_CLINICAL", None, 1),
        ("BIOPSY_REQUIRED", "HCC_NONINVASIVE_RADIOLOGICAL", 1),
        ("BIOPSY_REQUIRED", "BIOPSY_REQUIRED", 1),
    ]
    assert (result.n_compared, result.n_agree) == (4, 2)
    with pytest.raises(DataError, match="5 and 4 diagnoses cannot be compared"):
        diagnosis_concordance(paper, easl[:4])


# Scores of liver function


@pytest.mark.parametrize(("bound", "grades"), [(-2.6, ("1", "2")), (-1.39, ("2", "3"))])
def test_albi_grade_is_exact_at_every_tenth_of_albumin(bound: float, grades: tuple[str, str]):
    # score <= bound  <=>  bilirubin ** 1320 <= 10 ** (17 * tenths of albumin + 2000 * bound), in whole numbers
    for bilirubin in range(1, 301, 7):
        near = floor((0.66 * log10(bilirubin) - bound) / 0.0085)
        for albumin in range(near - 2, near + 4):
            at_most = bilirubin**1320 <= 10 ** (17 * albumin + round(2000 * bound))
            assert albi(bilirubin, albumin / 10).grade.value == grades[not at_most]


def test_albi_score_on_the_modified_bound_is_2b():
    assert albi(1000, 50).score == -2.27
    assert albi(1000, 50).modified_grade.value == "2b"
    assert albi(1000, 50.1).modified_grade.value == "2a"


@given(st.decimals(min_value="0.1", max_value=900, places=1), st.decimals(min_value=5, max_value=60, places=1))
def test_the_modified_grade_only_divides_grade_2(bilirubin: Any, albumin: Any):
    result = albi(bilirubin, albumin)
    assert result.modified_grade.value is not None
    assert result.modified_grade.value[0] == result.grade.value


def test_albi_without_a_value_leaves_every_grade_open():
    result = albi(None, 40)
    assert (result.score, result.grade.possible) == (None, ("1", "2", "3"))
    assert result.modified_grade.possible == ("1", "2a", "2b", "3")
    assert result.grade.missing == ("bilirubin_umol_per_l",)
    assert ez_albi(17.1, None).missing == ("albumin_g_per_l",)
    with pytest.raises(DataError, match="a number above 0 was expected"):
        albi(0, 40)


MELD_INPUTS: dict[str, list[Any]] = {
    "bilirubin_umol_per_l": [5, 17.1, 68.4, 900],
    "inr": [0.9, 1.8, 6],
    "creatinine_umol_per_l": [50, 168, 300, 600],
    "dialysis": [False, True],
    "sodium_mmol_per_l": [110, 125, 128, 137, 150],
    "albumin_g_per_l": [10, 28, 35, 50],
    "female": [False, True],
}
BLOOD = st.fixed_dictionaries({name: st.sampled_from([None, *values]) for name, values in MELD_INPUTS.items()})
FORMULAS: dict[Any, tuple[str, ...]] = {
    meld: tuple(MELD_INPUTS)[:4],
    meld_na: tuple(MELD_INPUTS)[:5],
    meld_3: tuple(MELD_INPUTS),
}


@pytest.mark.parametrize("formula", FORMULAS, ids=lambda formula: formula.__name__)
@given(blood=BLOOD)
def test_every_way_to_fill_a_meld_score_was_possible(formula: Any, blood: dict[str, Any]):
    known = {name: blood[name] for name in FORMULAS[formula]}
    before = formula(**known)
    assert set(before.score.possible) <= set(range(6, 41))
    assert (before.raw is None) == bool(before.score.missing)
    for name in before.score.missing:
        for value in MELD_INPUTS[name]:
            assert set(formula(**(known | {name: value})).score.possible) <= set(before.score.possible)


def test_meld_is_at_its_floor_for_the_healthy_and_at_its_cap_beyond():
    healthy = {"bilirubin_umol_per_l": 8, "inr": 0.9, "creatinine_umol_per_l": 60, "dialysis": False}
    assert meld(**healthy).score.value == 6
    assert meld_na(**healthy, sodium_mmol_per_l=120).score.value == 6, "sodium counts above 11 only"
    dying = {"bilirubin_umol_per_l": 900, "inr": 9, "creatinine_umol_per_l": None, "dialysis": True}
    assert (meld(**dying).score.value, meld(**dying).score.missing) == (40, ())
    assert meld(**(dying | {"bilirubin_umol_per_l": None})).score.possible[-1] == 40
    only_sex_is_open = meld_3(
        bilirubin_umol_per_l=68.4,
        inr=1.8,
        creatinine_umol_per_l=167.96,
        dialysis=False,
        sodium_mmol_per_l=128,
        albumin_g_per_l=28,
        female=None,
    )
    assert only_sex_is_open.score.possible == (30, 31)


@pytest.mark.parametrize(
    ("name", "on_the_bound", "beyond", "within"),
    [
        ("bilirubin_umol_per_l", 17.1, 3, 34.2),
        ("inr", 1, 0.8, 1.5),
        ("creatinine_umol_per_l", 265.2, 800, 176.8),
        ("creatinine_umol_per_l", 88.4, 20, 176.8),
        ("sodium_mmol_per_l", 125, 110, 127),
        ("sodium_mmol_per_l", 137, 150, 134),
        ("albumin_g_per_l", 15, 5, 18),
        ("albumin_g_per_l", 35, 50, 30),
    ],
)
def test_meld_3_brings_each_value_to_its_bound(name: str, on_the_bound: float, beyond: float, within: float):
    blood = {"bilirubin_umol_per_l": 68.4, "inr": 1.8, "creatinine_umol_per_l": 167.96, "dialysis": False}
    blood |= {"sodium_mmol_per_l": 128, "albumin_g_per_l": 28, "female": False}
    raws = [meld_3(**(blood | {name: value})).raw for value in (on_the_bound, beyond, within)]  # pyright: ignore[reportArgumentType]
    assert raws[0] == raws[1] != raws[2]
    if name == "creatinine_umol_per_l" and beyond > on_the_bound:
        assert meld_3(**(blood | {"dialysis": True})).raw == raws[0]  # pyright: ignore[reportArgumentType]


def test_an_exact_half_of_meld_3_is_rounded_up():
    result = meld_3(
        bilirubin_umol_per_l=10,
        inr=1,
        creatinine_umol_per_l=60,
        dialysis=False,
        sodium_mmol_per_l=126,
        albumin_g_per_l=27,
        female=False,
    )
    assert (result.raw, result.score.value) == (16.5, 17)


# Scores of tumor and liver

TUMOR_INPUTS: dict[str, list[Any]] = {
    "albumin_g_per_l": [29.9, 30, 35.9, 36],
    "bilirubin_umol_per_l": [17, 17.1, 51.3, 51.4],
    "afp_ng_per_ml": [399, 400, 400.1],
    "max_diam_mm": [20, 20.1, 70, 70.1],
    "n_nodules": [1, 2, 5],
    "child_pugh_class": ["A", "B", "C"],
    "massive": [False, True],
    "tumor_percent_of_liver": [0, 50, 50.1],
    "portal_vein_thrombosis": [False, True],
    "ascites": [False, True],
    "vascular_invasion": [False, True],
    "n1": [False, True],
    "m1": [False, True],
}
SCORES: dict[Any, str] = {
    hap: "albumin_g_per_l bilirubin_umol_per_l afp_ng_per_ml max_diam_mm",
    mhap_2: "albumin_g_per_l bilirubin_umol_per_l afp_ng_per_ml max_diam_mm n_nodules",
    clip: "child_pugh_class n_nodules massive tumor_percent_of_liver afp_ng_per_ml portal_vein_thrombosis",
    okuda: "tumor_percent_of_liver ascites albumin_g_per_l bilirubin_umol_per_l",
    jis: "child_pugh_class n_nodules max_diam_mm vascular_invasion n1 m1",
}


def outcome(score: Any, inputs: dict[str, Any]) -> tuple[Answer[int], Answer[str] | None]:
    result = score(**inputs)
    return result.score, getattr(result, "cls", None)


@pytest.mark.parametrize("score", SCORES, ids=lambda score: score.__name__)
@given(drawn=st.fixed_dictionaries({name: st.sampled_from([None, *values]) for name, values in TUMOR_INPUTS.items()}))
def test_one_missing_item_leaves_exactly_what_its_values_can_give(score: Any, drawn: dict[str, Any]):
    inputs = {name: drawn[name] for name in SCORES[score].split()}
    before, cls = outcome(score, inputs)
    for name in before.missing:
        after = [outcome(score, inputs | {name: value}) for value in TUMOR_INPUTS[name]]
        assert {value for answer, _ in after for value in answer.possible} == set(before.possible)
        if cls is not None:
            assert {value for _, answer in after if answer is not None for value in answer.possible} == set(
                cls.possible
            )
    if None not in inputs.values():
        assert before.is_determined
        assert before.why


def test_published_bounds_of_the_scores_are_on_the_side_they_are_printed():
    at = hap(albumin_g_per_l=36, bilirubin_umol_per_l=17, afp_ng_per_ml=400, max_diam_mm=70)
    past = hap(albumin_g_per_l=35.9, bilirubin_umol_per_l=17.1, afp_ng_per_ml=400.1, max_diam_mm=70.1)
    assert (at.score.value, at.cls.value, past.score.value, past.cls.value) == (0, "A", 4, "D")
    mild = okuda(tumor_percent_of_liver=50, ascites=False, albumin_g_per_l=30, bilirubin_umol_per_l=51.3)
    worse = okuda(tumor_percent_of_liver=50.1, ascites=False, albumin_g_per_l=29.9, bilirubin_umol_per_l=51.4)
    assert (mild.cls.value, worse.cls.value) == ("I", "III")


def test_stage_of_japan_counts_the_conditions_that_hold():
    spread = {"n1": False, "m1": False}
    expected = {3: "I", 2: "II", 1: "III", 0: "IV"}
    for n, mm, invaded in product((1, 2), (20, 20.1), (False, True)):
        hold = (n == 1) + (mm == 20) + (not invaded)
        stage = lcsgj_stage(n_nodules=n, max_diam_mm=mm, vascular_invasion=invaded, **spread)
        assert stage.value == expected[hold]
        moved = lcsgj_stage(n_nodules=n, max_diam_mm=mm, vascular_invasion=invaded, n1=True, m1=None)
        assert (moved.value, moved.missing) == ("IV", ("m1",))


def test_number_and_size_are_cut_exactly_at_every_millimeter():
    for n, mm in product(range(1, 13), range(1, 151)):
        tenths_of_sum = mm + 10 * n
        for limit in (7, 11):
            answer = is_within_up_to(limit, n_nodules=n, max_diam_mm=mm)
            assert answer.value == (tenths_of_sum <= 10 * limit)
        expected = "low" if tenths_of_sum <= 60 else "medium" if tenths_of_sum <= 120 else "high"
        assert six_and_twelve(n_nodules=n, max_diam_mm=mm).value == expected
        square = mm * mm * 100 + n * n * 10000
        burden = "low" if square < 336**2 else "medium" if square <= 1374**2 else "high"
        assert tumor_burden_score(n_nodules=n, max_diam_mm=mm).cls.value == burden


@given(st.integers(1, 30), st.decimals(min_value="0.1", max_value=300, places=1))
def test_number_or_size_alone_leaves_what_the_other_can_give(n: int, mm: Any):
    def answers(number: int | None, size: Any) -> list[Answer[Any]]:
        sums = [is_within_up_to(limit, n_nodules=number, max_diam_mm=size) for limit in (7, 11)]
        burden = tumor_burden_score(n_nodules=number, max_diam_mm=size).cls
        return [*sums, six_and_twelve(n_nodules=number, max_diam_mm=size), burden]

    for number, size, others in (
        (n, None, [(n, other) for other in (Fraction(1, 1000), 20, 40, 60, 80, 100, 200, 400)]),
        (None, mm, [(other, mm) for other in range(1, 20)]),
    ):
        for place, before in enumerate(answers(number, size)):
            assert {answers(*pair)[place].value for pair in others} == set(before.possible)
            assert before.missing == (("n_nodules",) if number is None else ("max_diam_mm",))
    for before in answers(None, None):
        assert len(before.possible) >= 2


@pytest.mark.parametrize(
    ("function", "inputs"),
    [
        (hap, {"albumin_g_per_l": 36, "bilirubin_umol_per_l": -1, "afp_ng_per_ml": 1, "max_diam_mm": 10}),
        (hap, {"albumin_g_per_l": 36, "bilirubin_umol_per_l": 1, "afp_ng_per_ml": 1, "max_diam_mm": 0}),
        (okuda, dict.fromkeys(SCORES[okuda].split()) | {"tumor_percent_of_liver": 101}),
        (clip, dict.fromkeys(SCORES[clip].split()) | {"child_pugh_class": "D"}),
        (jis, dict.fromkeys(SCORES[jis].split()) | {"n_nodules": 0}),
        (six_and_twelve, {"n_nodules": 1.5, "max_diam_mm": 10}),
    ],
)
def test_scores_refuse_what_cannot_be(function: Any, inputs: dict[str, Any]):
    with pytest.raises(DataError, match="was expected"):
        function(**inputs)


def test_up_to_refuses_another_limit():
    with pytest.raises(DataError, match="7 or 11 was expected"):
        is_within_up_to(9, n_nodules=1, max_diam_mm=10)  # pyright: ignore[reportArgumentType]
