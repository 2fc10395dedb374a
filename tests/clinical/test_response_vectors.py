"""The published vectors of tumor response: targets, overall, new lesions, best response, clinical benefit."""

import json
from pathlib import Path

import pytest

from oncohort.clinical.best_response import best_response, clinical_benefit, objective_response
from oncohort.clinical.new_lesions import Detection, resolve_new_lesion
from oncohort.clinical.response_criteria import MRECIST_2010, ResponseSettings
from oncohort.clinical.target_response import target_response
from oncohort.clinical.visit_response import overall_response

VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text(encoding="utf-8"))
AS_PRINTED = ResponseSettings(
    abs_pd_mm=0, hold=False, backdate_new_lesion=True, lipiodol_viable=False, atypical_as_recist=False
)


def vectors(section):
    return [pytest.param(vector["input"], vector["expected"], id=vector["id"]) for vector in VECTORS[section]]


def best(given, *, confirm):
    return best_response(
        [tuple(visit) for visit in given["visits"]],
        sd_min_days=56,
        sd_strict=given.get("strict", True),
        confirm=confirm,
        new_therapy_day=given.get("nact"),
    )


@pytest.mark.parametrize(("given", "expected"), vectors("mrecist_target"))
def test_target_response(given, expected):
    answer = target_response(
        given["base"],
        given["prev"],
        given["cur"],
        criteria=MRECIST_2010,
        nodes=given.get("nodes", ()),
        abs_pd_mm=given.get("abs_mm", 0),
        hold=given.get("hold", False),
    )
    assert answer.value == expected
    assert answer.why
    assert bool(answer.missing) == (None in given["cur"])


@pytest.mark.parametrize(("given", "expected"), vectors("mrecist_overall"))
def test_overall_response(given, expected):
    assert overall_response(*given) == expected


def test_overall_vectors_are_all_cells():
    assert len({tuple(vector["input"]) for vector in VECTORS["mrecist_overall"]}) == 6 * 5 * 2


@pytest.mark.parametrize(("given", "expected"), vectors("mrecist_new_lesion"))
def test_new_lesion_is_dated(given, expected):
    detections, *organ = given
    dated = resolve_new_lesion(
        [Detection(day, size, typical) for day, size, typical in detections],
        kind="NODULE",
        organ=organ[0] if organ else "LIVER",
        criteria=MRECIST_2010,
        settings=AS_PRINTED,
    )
    assert dated.progression_day == expected
    assert (dated.confirmed_day is None) == (expected is None)


@pytest.mark.parametrize(("given", "expected"), vectors("bor_unconfirmed"))
def test_unconfirmed_best_response(given, expected):
    assert best(given, confirm=False).value == expected


@pytest.mark.parametrize(("given", "expected"), vectors("bor_confirmed"))
def test_confirmed_best_response(given, expected):
    assert best(given, confirm=True).value == expected


@pytest.mark.parametrize(("given", "expected"), vectors("clinical_benefit_paper"))
def test_clinical_benefit(given, expected):
    assert ("Y" if clinical_benefit(given, ("CR", "PR", "SD")) else "N") == expected
    assert objective_response(given) == (given in {"CR", "PR"})
