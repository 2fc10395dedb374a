"""What a synthetic patient shall turn out to be: the answers that the dated records must lead back to.

An outline holds results, not records. The records are written from it (`simulate.records`), and the derivations, which
are never told an outline, must find in the records what it says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

Response = Literal["CR", "PR", "SD", "SD_SHORT", "PD", "NE"]
Sex = Literal["M", "F"]
Differentiation = Literal["MODERATE", "POOR", "WELL", ""]
PortalVein = Literal["NONE", "BRANCH", "TRUNK"]
Site = Literal["lung", "adrenal", "bone"]
ChildPughClass = Literal["A", "B", "C"]
Etiology = Literal["HBV", "HCV", "HBV+HCV", "ALCOHOL", "MASLD", "OTHER", "NONE"]
WITH_HBV: Final[tuple[Etiology, ...]] = ("HBV", "HBV+HCV")
"""Causes with hepatitis B: its surface antigen is positive, and the DNA of the virus was measured."""


@dataclass(frozen=True, slots=True)
class Course:
    """What becomes of a treated patient. Days count from the first dose, which is day 0.

    Attributes
    ----------
    arm : str
        Id of a level of the protocol's arm.
    os_days : int
        Day of death, or of the last follow-up of a patient who lives.
    died : bool
        Whether `os_days` is the day of death.
    death_cause : str
        Primary cause of death in the words of the template; "" of a patient who lives.
    pfs_days : int
        Day of progression, of death without progression, or of censoring; never after `os_days`.
    progressed : bool
        Whether progression is seen on a scan, on day `pfs_days`. Of a patient who died without it, `pfs_days` is
        `os_days`.
    best : {"CR", "PR", "SD", "SD_SHORT", "PD", "NE"}
        Best response. SD_SHORT: stable, but never as long as the protocol's minimum.
    continued : bool or None
        Whether the drug went on past progression, beyond the grace days of the comparison; None of a patient who did
        not progress.
    treatment_days : int
        As the derived `treatment_days`: the day of the last dose, and one more where the study counts both ends.
    early_stop : str
        A reason of the protocol's `exposure.early_stop_reasons`, or "".
    dose_reduced : bool
        Whether the drug was ever given at a lower level.
    worst_grades : Mapping[str, int]
        Adverse event, in the words of the template, to its worst grade (1 to 5). An absent event never happened.
    """

    arm: str
    os_days: int
    died: bool
    death_cause: str
    pfs_days: int
    progressed: bool
    best: Response
    continued: bool | None
    treatment_days: int
    early_stop: str
    dose_reduced: bool
    worst_grades: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Outline:
    """What a synthetic patient shall turn out to be.

    Attributes
    ----------
    patient_id : str
        Begins with ``SYN-``.
    sex : {"M", "F"}
        Sex.
    age : int
        Whole years at `start`.
    start : date
        Day of the first dose; of a patient who was only screened, the day planned for it (screening + 14 days).
    excluded : str
        "" of a treated patient, else the id of the reason of the flow, or ``reason.part`` where it is split (the part
        is the column's name without its table: ``previous_treatment.prior_hepatectomy``).
    ecog : int
        ECOG performance status, 0 to 4.
    differentiation : {"MODERATE", "POOR", "WELL", ""}
        Differentiation of the tumor; "" without a biopsy.
    n_tumours : int
        Number of liver tumors, at least 1.
    max_diam_mm : float
        Largest diameter in millimeters.
    pvt : {"NONE", "BRANCH", "TRUNK"}
        Tumor thrombus of the portal vein.
    metastases : tuple of {"lung", "adrenal", "bone"}
        Sites of metastases outside the liver.
    etiology : {"HBV", "HCV", "HBV+HCV", "ALCOHOL", "MASLD", "OTHER", "NONE"}
        Cause of the liver disease; NONE of a liver that has none.
    hbv_dna : float or None
        Hepatitis B virus DNA in IU/mL; None of a patient without hepatitis B.
    child_pugh_class : {"A", "B", "C"}
        Child-Pugh class at baseline.
    platelets_10e9_per_l : float
        Platelet count at baseline in 10⁹/L.
    afp_ng_per_ml : float
        Alpha-fetoprotein at baseline in ng/mL.
    course : Course or None
        What becomes of the patient; None of one who was only screened.
    """

    patient_id: str
    sex: Sex
    age: int
    start: date
    excluded: str
    ecog: int
    differentiation: Differentiation
    n_tumours: int
    max_diam_mm: float
    pvt: PortalVein
    metastases: tuple[Site, ...]
    etiology: Etiology
    hbv_dna: float | None
    child_pugh_class: ChildPughClass
    platelets_10e9_per_l: float
    afp_ng_per_ml: float
    course: Course | None


def hbsag(etiology: Etiology) -> Literal["POS", "NEG"]:
    """Return the surface antigen of hepatitis B that goes with a cause, in the words of the template.

    Examples
    --------
    >>> hbsag("HBV+HCV"), hbsag("ALCOHOL")
    ('POS', 'NEG')
    """
    return "POS" if etiology in WITH_HBV else "NEG"
