"""The tumor before treatment: the row of baseline disease, the lesions that are followed, and their first scan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from random import Random
from typing import Final

from oncohort.clinical.diagnosis import HIGH_AFP
from oncohort.clinical.exact import exact
from oncohort.clinical.scale import holds
from oncohort.errors import DataError
from oncohort.simulate.outline import Outline, Site, hbsag
from oncohort.simulate.rows import Row, Rows, date_of, row_of
from oncohort.simulate.study_plan import StudyPlan
from oncohort.study.protocol import Procedure

PRIOR: Final = ("prior_hepatectomy", "prior_chemotherapy", "prior_tace_ablation", "prior_radiotherapy")
MAX_BURDEN: Final = 70
SMALLEST_TARGET_MM: Final = 10
_BRANCHES: Final = ("PORTAL VEIN, LEFT BRANCH", "PORTAL VEIN, RIGHT BRANCH")


@dataclass(frozen=True, slots=True)
class _Spread:
    """How a metastasis is followed: its organ and kind, its size in mm, and how often it is a target."""

    organ: str
    kind: str
    size_mm: tuple[int, int]
    target: float


_SPREAD: Final[Mapping[Site, _Spread]] = {
    "lung": _Spread("LUNG", "NODULE", (8, 28), 0.5),
    "adrenal": _Spread("ADRENAL GLAND", "NODULE", (18, 45), 0.5),
    "bone": _Spread("BONE", "OTHER", (12, 35), 0.0),
}


def disease_row(outline: Outline, prior: Mapping[str, str], plan: StudyPlan, rng: Random) -> Row:
    """Return the row of ``baseline_disease``.

    Alpha-fetoprotein above 400 ng/mL with typical imaging is the diagnosis of who had no biopsy; who had one despite
    such a value had imaging that is not typical. Who has neither had a biopsy whose differentiation was not told. Who
    has no liver disease has no cirrhosis, and had a biopsy.

    Parameters
    ----------
    outline : Outline
        The patient.
    prior : mapping of str to str
        Columns of ``baseline_disease`` that the reason for the exclusion asks for, with their value.
    plan : StudyPlan
        May allow the procedures of the patient's arm up to some share of the liver only.
    rng : Random
        The patient's own stream.
    """
    healthy = outline.etiology == "NONE"
    clinical = not outline.differentiation and not healthy and holds(HIGH_AFP, exact(outline.afp_ng_per_ml))
    uncertain = bool(outline.differentiation) and holds(HIGH_AFP, exact(outline.afp_ng_per_ml))
    complete = outline.course is None and outline.child_pugh_class == "C" and outline.pvt == "TRUNK"
    cirrhosis = rng.random() < 0.85 and not healthy
    own: Row = {
        "etiology": outline.etiology,
        "hbsag": hbsag(outline.etiology),
        "cirrhosis": "NY"[cirrhosis],
        "hbv_dna": outline.hbv_dna,
        "dx_basis": "AFP_IMAGING" if clinical else "HISTOLOGY",
        "n_imaging_hypervascular": 1 if uncertain else 2,
        "typical_imaging": "N" if uncertain else "Y",
        "biopsy_result": "ND" if clinical else "HCC",
        "differentiation": outline.differentiation or "ND",
        "n_tumours": outline.n_tumours,
        "diffuse": "N",
        "max_diam_mm": outline.max_diam_mm,
        "pvt": outline.pvt,
        "pvt_complete": "Y" if complete else "N",
        "hvt": "NONE",
        "n1": "N",
        "met_lung": "NY"["lung" in outline.metastases],
        "met_adrenal": "NY"["adrenal" in outline.metastases],
        "met_bone": "NY"["bone" in outline.metastases],
        "tumour_burden_pct": _tumor_burden(outline, plan, rng),
    }
    return row_of(outline.patient_id, **own) | dict.fromkeys(PRIOR, "N") | dict(prior)


def _tumor_burden(outline: Outline, plan: StudyPlan, rng: Random) -> int:
    """Return the tumor's share of the liver in percent: it grows with the largest diameter and the number."""
    share = outline.max_diam_mm / 4 + 2 * min(outline.n_tumours, 6) + rng.uniform(-3, 3)
    levels = plan.protocol.arm.levels if plan.protocol.arm is not None else ()
    counts = next((one.counts for one in levels if outline.course is not None and one.id == outline.course.arm), {})
    done = [one for one in plan.protocol.procedure if one.id in counts and not counts[one.id].holds(0)]
    most = min([MAX_BURDEN, *(allowed_burden(procedure) for procedure in done)])
    return round(min(max(share, 3), most))


def allowed_burden(procedure: Procedure) -> int:
    """Return the highest whole percent of the liver that a protocol allows for a procedure.

    Examples
    --------
    >>> small = {"column": "procedures.tumour_burden_pct", "op": "<", "value": 50}
    >>> allowed_burden(Procedure.model_validate({"id": "TACE", "requires": [small]}))
    49
    """
    bounds = [
        ceil(condition.value) - 1
        for condition in procedure.requires
        if condition.column == "procedures.tumour_burden_pct"
        and condition.op in {"<", "<="}
        and isinstance(condition.value, int | float)
    ]
    return min([MAX_BURDEN, *bounds])


def baseline_scan(outline: Outline, plan: StudyPlan, rng: Random, day: int) -> Rows:
    """Return the lesions of a patient and their scan on a day, counted from `Outline.start`.

    The two largest nodules of the liver are targets, the others and the thrombus of the portal vein are not.

    Raises
    ------
    DataError
        If a patient who is treated has no nodule that can be a target.
    """
    if outline.course is not None and outline.max_diam_mm < SMALLEST_TARGET_MM:
        raise DataError(
            f"{outline.patient_id}: the largest tumor is {outline.max_diam_mm:g} mm; a target from "
            f"{SMALLEST_TARGET_MM} mm was expected, without which no response can be judged"
        )
    when = date_of(outline.start, day)
    modality = rng.choice(plan.imaging.modality)
    lesions: list[Row] = []
    scans: list[Row] = []
    numbers = {"TARGET": 0, "NON-TARGET": 0}
    for role, organ, kind, size in _lesions(outline, rng):
        numbers[role] += 1
        lesion_id = f"{'T' if role == 'TARGET' else 'NT'}{numbers[role]:02d}"
        lesions.append(
            row_of(
                outline.patient_id,
                lesion_id=lesion_id,
                role=role,
                organ=organ,
                kind=kind,
                well_delineated="Y" if kind == "NODULE" else "N",
                previously_treated="N",
                first_seen_date=when,
            )
        )
        viable = max(SMALLEST_TARGET_MM, round(size * rng.uniform(0.88, 1))) if size > SMALLEST_TARGET_MM else size
        measured = {"longest_mm": size, "viable_mm": viable if organ == "LIVER" else None}
        scans.append(
            row_of(
                outline.patient_id,
                lesion_id=lesion_id,
                scan_date=when,
                visit="BASELINE",
                modality=modality,
                arterial_phase="Y",
                status="MEASURED" if role == "TARGET" else "PRESENT",
                **(measured if role == "TARGET" else {}),
                aphe="Y" if organ == "LIVER" or kind == "THROMBUS" else "U",
                washout="Y" if organ == "LIVER" else None,
                evaluator="INVESTIGATOR",
            )
        )
    return {"lesions": lesions, "lesion_measurements": scans}


def _lesions(outline: Outline, rng: Random) -> Iterator[tuple[str, str, str, int]]:
    """Yield role, organ, kind and size in mm of each lesion, the largest nodule of the liver first."""
    largest = max(1, int(outline.max_diam_mm))
    others = sorted(
        (round(largest * rng.uniform(0.25, 0.9)) for _ in range(min(outline.n_tumours, 6) - 1)), reverse=True
    )
    for place, size in enumerate((largest, *others)):
        is_target = place < 2 and size >= SMALLEST_TARGET_MM
        yield "TARGET" if is_target else "NON-TARGET", "LIVER", "NODULE", max(size, 5)
    for site in outline.metastases:
        spread = _SPREAD[site]
        size = rng.randint(*spread.size_mm)
        is_target = size >= SMALLEST_TARGET_MM and rng.random() < spread.target
        yield "TARGET" if is_target else "NON-TARGET", spread.organ, spread.kind, size
    if outline.pvt != "NONE":
        organ = "PORTAL VEIN" if outline.pvt == "TRUNK" else rng.choice(_BRANCHES)
        yield "NON-TARGET", organ, "THROMBUS", 0
