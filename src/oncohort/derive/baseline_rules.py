"""The clinical rules that give a variable at baseline, from what one patient's records hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from oncohort.clinical.bclc import TumorExtent, VascularInvasion, bclc
from oncohort.clinical.child_pugh import LiverFunction, child_pugh
from oncohort.clinical.diagnosis import diagnose_afp_imaging, diagnose_easl_2001
from oncohort.clinical.liver_scores import albi, meld
from oncohort.study.protocol import BaselineVariable
from oncohort.study.rules_in_force import VariableRules

Patient: TypeAlias = Mapping[str, Any]
"""One row of the patients: ``table.column`` of the tables with one row a patient, and the variables before."""

Seen: TypeAlias = Mapping[str, Any]
"""What the dated rows of the window hold: tests by their code in canonical units, ``ecog``, ``ascites``,
``encephalopathy``, and what rules before this one gave."""

_PVT: Final[Mapping[str, VascularInvasion]] = {"NONE": "none", "BRANCH": "portal_branch", "TRUNK": "portal_trunk"}
_HVT: Final[Mapping[str, VascularInvasion]] = {"HV": "hepatic_vein", "IVC": "ivc"}


def _liver(seen: Seen) -> LiverFunction:
    ascites = seen.get("ascites")
    return LiverFunction(
        bilirubin_umol_per_l=seen.get("BILI"),
        albumin_g_per_l=seen.get("ALB"),
        inr=seen.get("INR"),
        pt_prolongation_s=seen.get("PT"),
        ascites=None if ascites is None else ascites.lower(),
        encephalopathy=seen.get("encephalopathy"),
    )


def _child_pugh(patient: Patient, seen: Seen, rules: VariableRules, variable: BaselineVariable) -> tuple[Any, ...]:
    del patient
    assert rules.cutoffs is not None
    assert rules.coagulation is not None
    found = child_pugh(
        _liver(seen), cutoffs=rules.cutoffs, coagulation=rules.coagulation, cholestatic=variable.cholestatic
    )
    return found.score.value, found.cls.value


def yes_or_no(word: str | None) -> bool | None:
    """Return True for Y, False for N, and None for what is not known."""
    return {"Y": True, "N": False}.get(word or "")


def _extent(patient: Patient) -> TumorExtent:
    """Return the extent of the tumor; spread to any organ is M1, and no organ is known only if all are."""
    pvt, hvt = patient.get("baseline_disease.pvt"), patient.get("baseline_disease.hvt")
    organs = [yes_or_no(patient.get(f"baseline_disease.met_{organ}")) for organ in ("lung", "adrenal", "bone")]
    organs += [True] if patient.get("baseline_disease.met_other") else []
    invasion = _PVT.get(pvt or "")
    if invasion in {None, "none"} and hvt in _HVT:
        invasion = _HVT[hvt]
    return TumorExtent(
        n_nodules=patient.get("baseline_disease.n_tumours"),
        max_diam_mm=patient.get("baseline_disease.max_diam_mm"),
        diffuse=yes_or_no(patient.get("baseline_disease.diffuse")),
        vascular_invasion=invasion,
        n1=yes_or_no(patient.get("baseline_disease.n1")),
        m1=True if True in organs else None if None in organs else False,
    )


def _bclc(patient: Patient, seen: Seen, rules: VariableRules, variable: BaselineVariable) -> tuple[Any, ...]:
    del variable
    assert rules.era is not None
    assert rules.single_large is not None
    stage = bclc(
        _extent(patient),
        ecog=seen.get("ecog"),
        child_pugh_class=seen.get("child_pugh_class"),
        era=rules.era,
        single_large=rules.single_large,
        require_tumor_related=False,
    )
    return (stage.value,)


def _diagnosis_paper(patient: Patient, seen: Seen, rules: VariableRules, variable: BaselineVariable) -> tuple[Any, ...]:
    del rules, variable
    typical = yes_or_no(patient.get("baseline_disease.typical_imaging"))
    return (
        diagnose_afp_imaging(
            seen.get("AFP"), typical_imaging=typical, histology=patient.get("baseline_disease.biopsy_result")
        ).value,
    )


def _diagnosis_easl(patient: Patient, seen: Seen, rules: VariableRules, variable: BaselineVariable) -> tuple[Any, ...]:
    del rules, variable
    found = diagnose_easl_2001(
        cirrhosis=yes_or_no(patient.get("baseline_disease.cirrhosis")),
        lesion_mm=patient.get("baseline_disease.max_diam_mm"),
        n_hypervascular=patient.get("baseline_disease.n_imaging_hypervascular"),
        afp_ng_per_ml=seen.get("AFP"),
        histology=patient.get("baseline_disease.biopsy_result"),
    )
    return (found.value,)


def _albi(patient: Patient, seen: Seen, rules: VariableRules, variable: BaselineVariable) -> tuple[Any, ...]:
    del patient, rules, variable
    found = albi(seen.get("BILI"), seen.get("ALB"))
    return found.score, found.grade.value


def _meld(patient: Patient, seen: Seen, rules: VariableRules, variable: BaselineVariable) -> tuple[Any, ...]:
    del patient, rules, variable
    found = meld(
        bilirubin_umol_per_l=seen.get("BILI"),
        inr=seen.get("INR"),
        creatinine_umol_per_l=seen.get("CREAT"),
        dialysis=False,
    )
    return (found.score.value,)


RULE_VALUES: Final[Mapping[str, Callable[[Patient, Seen, VariableRules, BaselineVariable], tuple[Any, ...]]]] = {
    "child_pugh": _child_pugh,
    "bclc": _bclc,
    "hcc_diagnosis_paper": _diagnosis_paper,
    "hcc_diagnosis_easl_2001": _diagnosis_easl,
    "albi": _albi,
    "meld": _meld,
}
"""For a rule, the function that gives its columns in the order of ``study.derived.RULE_COLUMNS``."""
