"""The paper's two Cox models of a cohort: complete cases of all candidates, Breslow ties, stepwise selection."""

from __future__ import annotations

from collections.abc import Sequence

from cohort_rows import ALONE, CRYO, TACE, Row, months

from oncohort.stats.cox import CoxFit, cox
from oncohort.stats.stepwise import StepwiseResult, stepwise

FINAL = {"PFS": ("local", "ecog", "cp"), "OS": ("local", "ecog", "afp")}
#: Candidates: the column and the code of each level.
CANDIDATES: dict[str, tuple[str, dict[str, int]]] = {
    "sex": ("gender", {"Male": 0, "Female": 1}),
    "age": ("age_group", {"<=54": 0, ">54": 1}),
    "ecog": ("ecog", {"0": 0, "1": 1, "2": 2}),
    "differentiation": ("differentiation", {"Medium": 0, "Low": 1}),
    "diameter": ("diameter_group", {"<=8": 0, ">8": 1}),
    "tumour_number": ("tumour_number", {"1": 1, "2": 2, "3": 3, "4": 4}),
    "portal_vein": ("portal_vein", {"Branch": 0, "Trunk": 1}),
    "metastasis": ("ehm", {"No": 0, "Yes": 1}),
    "hbv_dna": ("hbv_dna", {"0-9,999": 0, "10,000-99,999": 1, ">=100,000": 2}),
    "local": ("treatment", {ALONE: 0, TACE: 1, CRYO: 2}),
    "cp": ("child_pugh", {"A": 0, "B": 1}),
    "platelets": ("platelet_group", {"<=110": 0, ">110": 1}),
    "afp": ("afp_group", {"<=1019": 0, ">1019": 1}),
}


def complete_cases(rows: Sequence[Row]) -> list[Row]:
    """Return the patients with all candidates known: the 58 with a biopsy."""
    return [row for row in rows if row["differentiation"]]


def candidate(rows: Sequence[Row], name: str, endpoint: str) -> list[float]:
    """Return a candidate as coded; local therapy counts 0/1/2 for PFS and 0/1 for OS."""
    column, code = CANDIDATES[name]
    most = 1 if name == "local" and endpoint == "OS" else 4
    return [float(min(code[row[column]], most)) for row in rows]


def fitted(rows: Sequence[Row], endpoint: str) -> CoxFit:
    """Fit the final model of the paper."""
    cases = complete_cases(rows)
    table = {name: candidate(cases, name, endpoint) for name in FINAL[endpoint]}
    return cox(*_outcome(cases, endpoint), table, ties="breslow")


def cox_number(rows: Sequence[Row], endpoint: str, name: str, part: str) -> float:
    """Return a ratio, limit or P of a final model."""
    fit = fitted(rows, endpoint)
    column = {"HR": fit.hazard_ratio, "ci_low": fit.conf_low, "ci_high": fit.conf_high, "p": fit.p_value}[part]
    return float(column[FINAL[endpoint].index(name)])


def selection(rows: Sequence[Row], endpoint: str) -> StepwiseResult:
    """Select forward at 0.10, removing by the likelihood ratio at 0.10."""
    cases = complete_cases(rows)
    return stepwise(
        *_outcome(cases, endpoint),
        {name: {name: candidate(cases, name, endpoint)} for name in CANDIDATES},
        direction="forward",
        criterion="likelihood-ratio",
        enter=0.1,
        remove=0.1,
        ties="breslow",
    )


def selected(rows: Sequence[Row], endpoint: str) -> str:
    """Return what the selection keeps, in the order of the paper, as ``local+ecog+cp``."""
    kept = selection(rows, endpoint).selected
    order = (*FINAL[endpoint], *(name for name in CANDIDATES if name not in FINAL[endpoint]))
    return "+".join(name for name in order if name in kept)


def _outcome(cases: Sequence[Row], endpoint: str) -> tuple[list[float], list[int]]:
    event = {"OS": "dead", "PFS": "pfs_event"}[endpoint]
    return [months(r[f"{endpoint.lower()}_days"]) for r in cases], [int(r[event]) for r in cases]
