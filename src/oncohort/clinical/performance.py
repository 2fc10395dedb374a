"""Performance status: the grades of ECOG, and what a Karnofsky value is in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from oncohort.clinical.rule import CriteriaTable, Rule, Source
from oncohort.clinical.scale import count
from oncohort.errors import DataError

ECOG_GRADES: Final[Mapping[int, str]] = {
    0: "as active as before the disease",
    1: "no strenuous activity; walks and does light work",
    2: "walks and cares for oneself, cannot work; up more than half of the waking hours",
    3: "cares for oneself only in part; in bed or chair more than half of the waking hours",
    4: "disabled; always in bed or chair",
    5: "dead",
}
"""What each ECOG grade means."""

KPS_STEPS: Final[Mapping[int, tuple[int, ...]]] = {
    0: (100, 90),
    1: (80, 70),
    2: (60, 50),
    3: (40, 30),
    4: (20, 10),
    5: (0,),
}
"""The Karnofsky values of each ECOG grade."""

_ECOG_OF_KPS: Final[Mapping[int, int]] = {kps: grade for grade, steps in KPS_STEPS.items() for kps in steps}


def ecog_of_kps(kps: int) -> int:
    """Return the ECOG grade of a Karnofsky performance status.

    Two Karnofsky steps make one grade. The two scales are judged apart, so a grade that was recorded outranks one
    that was mapped.

    Parameters
    ----------
    kps : int
        Karnofsky performance status in percent: a multiple of 10 from 0 to 100.

    Returns
    -------
    int
        ECOG grade, 0 to 5.

    Raises
    ------
    DataError
        If the value is no multiple of 10 from 0 to 100.

    Examples
    --------
    >>> ecog_of_kps(90), ecog_of_kps(70)
    (0, 1)
    """
    if isinstance(kps, bool) or kps not in _ECOG_OF_KPS:
        raise DataError(f'Karnofsky performance status: "{kps}" cannot be; a multiple of 10 from 0 to 100 was expected')
    return _ECOG_OF_KPS[kps]


def ecog_alive(ecog: int) -> int:
    """Return the ECOG grade of a patient who lives; `DataError` if it is none of 0 to 4."""
    return count(ecog, "ECOG of a living patient", least=0, most=4)


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        id="performance_status",
        title="Performance status (ECOG, Karnofsky)",
        question="How able is the patient, and what is a Karnofsky value in ECOG grades?",
        functions=("ecog_of_kps",),
        sources=(
            Source("Oken MM et al. Am J Clin Oncol 1982;5:649-655", "table of the grades", "from knowledge"),
            Source(
                "Karnofsky and ECOG descriptions, myelomacomorbidityindex.org/en_karno.html",
                "table: two Karnofsky steps a grade",
                "seen",
            ),
            Source("aihaoyisheng.com/en/tools/performance_status", "section How it works: 0 is ECOG 5", "seen"),
            Source("Prasad KT et al. World J Clin Oncol 2018;9(7):140-147", "abstract: another map", "seen"),
        ),
        criteria=(
            CriteriaTable(
                "ECOG grades and their Karnofsky values",
                ("ECOG", "meaning", "Karnofsky, %"),
                tuple(
                    (str(grade), meaning, ", ".join(str(kps) for kps in KPS_STEPS[grade]))
                    for grade, meaning in ECOG_GRADES.items()
                ),
            ),
        ),
        doubts=(
            (
                "Maps between the scales disagree: 1501 lung cancer patients judged on both suggest 100 for ECOG 0, "
                "80 to 90 for 1, 70 for 2, 50 to 60 for 3 and 10 to 40 for 4 (Prasad 2018)."
            ),
            "Grade 5 is death; a record of it needs a record of the death, which is checked where records are read.",
            "The wording of the grades was not read again in the primary source.",
        ),
        vectors=("kps_ecog",),
    ),
)
