"""What is drawn where the margins are silent: distributions of patients screened for systemic therapy of HCC.

They are plausible, not estimated: rounded from the trials and the cohort named below, wide enough that the criteria
leave somebody. Nothing in a report may be read as knowledge about patients because of them.

References
----------
Llovet JM et al. N Engl J Med 2008;359:378-390 (SHARP: age, sex, ECOG, response, survival, adverse events).
Cheng AL et al. Lancet Oncol 2009;10:25-34 (Asia-Pacific trial: hepatitis B, metastases, portal vein).
Wang C et al. Exp Ther Med 2012;4:188 (Child-Pugh class, number and size of tumors, alpha-fetoprotein, HBV DNA).
Global Burden of Disease Liver Cancer Collaboration. JAMA Oncol 2017;3:1683-1691 (causes of liver cancer).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from oncohort.simulate.outline import Etiology


@dataclass(frozen=True, slots=True)
class Measured:
    """A continuous value: its median, its spread about it (of the logarithm if ``logarithmic``), and its bounds."""

    median: float
    deviation: float
    low: float
    high: float
    logarithmic: bool

    def at(self, z: float) -> float:
        """Return the value that lies z standard deviations from the median, within the bounds, as a whole number."""
        found = self.median * math.exp(z * self.deviation) if self.logarithmic else self.median + z * self.deviation
        return float(round(min(max(found, self.low), self.high)))


MEASURED: Final[Mapping[str, Measured]] = {
    "age": Measured(60, 11, 24, 86, logarithmic=False),
    "max_diam_mm": Measured(70, 0.5, 12, 210, logarithmic=True),
    "platelets_10e9_per_l": Measured(140, 0.5, 20, 520, logarithmic=True),
    "afp_ng_per_ml": Measured(600, 2.2, 2, 60000, logarithmic=True),
}

CATEGORIES: Final[Mapping[str, Mapping[Any, float]]] = {
    "sex": {"M": 0.87, "F": 0.13},
    "ecog": {0: 0.4, 1: 0.38, 2: 0.16, 3: 0.05, 4: 0.01},
    "differentiation": {"": 0.4, "WELL": 0.08, "MODERATE": 0.3, "POOR": 0.22},
    "n_tumours": {1: 0.35, 2: 0.2, 3: 0.15, 4: 0.15, 5: 0.15},
    "pvt": {"NONE": 0.5, "BRANCH": 0.35, "TRUNK": 0.15},
    "metastases": {(): 0.65, ("lung",): 0.22, ("bone",): 0.08, ("adrenal",): 0.05},
    "hbv_dna": {(20, 1e4): 0.6, (1e4, 1e5): 0.15, (1e5, 1e8): 0.25},
    "child_pugh_class": {"A": 0.65, "B": 0.23, "C": 0.12},
}
"""Shares of each category, from the better to the worse prognosis; a class of HBV DNA is its two bounds."""

ETIOLOGIES: Final[Mapping[Etiology, float]] = {
    "HBV": 0.32,
    "HCV": 0.2,
    "ALCOHOL": 0.3,
    "MASLD": 0.07,
    "HBV+HCV": 0.02,
    "OTHER": 0.07,
    "NONE": 0.02,
}
"""Shares of the causes of liver disease among who is kept out because of it.

Where the margins are silent, all treated patients have the first one that the criteria admit.
"""

HIGHEST_HBV_DNA: Final = 1e8
LEAST_HBV_DNA: Final = 20.0

WEIGHTS: Final[Mapping[str, float]] = {
    "ecog": 0.55,
    "child_pugh_class": 0.35,
    "afp_ng_per_ml": 0.35,
    "max_diam_mm": 0.3,
    "hbv_dna": 0.3,
    "metastases": 0.2,
    "n_tumours": 0.15,
    "pvt": 0.15,
    "differentiation": 0.1,
    "platelets_10e9_per_l": 0.1,
    "age": 0.0,
    "sex": 0.0,
}
"""How strongly each value goes with the patient's prognosis: the correlation with a hidden score."""

OS_MONTHS: Final = 10.0
OS_SHAPE: Final = 1.6
"""Median and Weibull shape of overall survival."""

RESPONSES: Final[Mapping[str, float]] = {"CR": 0.03, "PR": 0.1, "SD": 0.42, "SD_SHORT": 0.1, "PD": 0.31, "NE": 0.04}
PROGRESSED: Final = 0.85
"""Share of the patients who can be judged in whom progression is seen."""
CONTINUED: Final = 0.5
"""Share of those with progression who go on with the drug."""
DOSE_REDUCED: Final = 0.22
EARLY_STOP: Final = 0.05
"""Share of all who stop early, for each reason of the protocol."""

DEATHS: Final[Mapping[str, float]] = {
    "TUMOUR PROGRESSION/METASTASIS": 0.5,
    "LIVER FAILURE": 0.25,
    "VARICEAL BLEEDING": 0.14,
    "RENAL FAILURE, REFRACTORY ASCITES": 0.07,
    "TUMOUR RUPTURE/HAEMORRHAGE": 0.04,
}

ADVERSE_EVENTS: Final[Mapping[str, Mapping[int, float]]] = {
    "DIARRHEA": {1: 0.18, 2: 0.13, 3: 0.08},
    "FATIGUE": {1: 0.1, 2: 0.08, 3: 0.04},
    "HAND-FOOT SKIN REACTION": {1: 0.07, 2: 0.12, 3: 0.1},
    "RASH": {1: 0.11, 2: 0.04, 3: 0.01},
    "ALOPECIA": {1: 0.1, 2: 0.04},
    "WEIGHT LOSS": {1: 0.05, 2: 0.04, 3: 0.01},
    "HYPERTENSION": {1: 0.06, 2: 0.06, 3: 0.04},
    "LIVER TOXICITY": {1: 0.1, 2: 0.1, 3: 0.06, 4: 0.03},
    "HEMORRHAGE": {1: 0.02, 2: 0.02, 3: 0.02, 4: 0.03},
    "THROMBOCYTOPENIA": {1: 0.03, 2: 0.02, 3: 0.02},
}
"""Share of all patients by worst grade."""


def within(bounds: tuple[float, float], place: float) -> float:
    """Return the whole number at a place (0 to 1) between two bounds, the second not reached, on a scale of logarithms.

    Examples
    --------
    >>> within((1e4, 1e5), 0.0), within((1e4, 1e5), 0.5)
    (10000.0, 31623.0)
    """
    low, high = max(bounds[0], LEAST_HBV_DNA), bounds[1]
    found = round(math.exp(math.log(low) + place * (math.log(high) - math.log(low))))
    return float(min(max(found, math.ceil(bounds[0])), math.ceil(high) - 1))


def latent(rng: Random, hidden: float, weight: float) -> float:
    """Return a standard normal number that has a correlation with a hidden one."""
    return weight * hidden + math.sqrt(1 - weight**2) * rng.gauss(0, 1)
