"""Turn the synthetic cohort of this folder, one row a patient, into outlines that records are written from.

python simulate/outlines_of_cohort.py simulate/cohort.csv src/oncohort/demos/sorafenib/outlines.csv
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any, Final

from cohort_rows import EVENTS, read_rows

from oncohort.simulate.deal import stream
from oncohort.simulate.plausible import HIGHEST_HBV_DNA, within

ARMS: Final = {"Sorafenib alone": "sorafenib", "TACE": "tace", "TACE and cryoablation": "tace_cryo"}
GRADES: Final = {"Medium": "MODERATE", "Low": "POOR", "": ""}
HBV_DNA: Final = {"0-9,999": (20.0, 1e4), "10,000-99,999": (1e4, 1e5), ">=100,000": (1e5, HIGHEST_HBV_DNA)}
RESPONSES: Final = {"CR": "CR", "PR": "PR", "SD>8wk": "SD", "SD<=8wk": "SD_SHORT", "PD": "PD"}
CAUSES: Final = {
    "": "",
    "recurrence/metastasis": "TUMOUR PROGRESSION/METASTASIS",
    "liver failure": "LIVER FAILURE",
    "variceal bleeding": "VARICEAL BLEEDING",
    "renal failure": "RENAL FAILURE, REFRACTORY ASCITES",
    "tumor rupture": "TUMOUR RUPTURE/HAEMORRHAGE",
}
STOPS: Final = {"": "", "liver": "liver function deterioration", "bleed": "variceal bleeding"}
CONTINUED: Final = {"continued": "Y", "stopped": "N", "": ""}


def outline_of(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of the cohort in the columns of `oncohort.simulate.outline_table`.

    The cohort has classes of HBV DNA; the value within the class is drawn from the patient's own stream.
    """
    return {
        "patient_id": row["patient_id"],
        "sex": row["gender"][0],
        "age": round(float(row["age"])),
        "start": row["start_date"],
        "ecog": row["ecog"],
        "differentiation": GRADES[row["differentiation"]],
        "n_tumours": row["tumour_number"],
        "max_diam_mm": round(10 * float(row["diameter"])),
        "pvt": row["portal_vein"].upper(),
        "metastases": row["ehm_site"].lower(),
        "hbv_dna": round(within(HBV_DNA[row["hbv_dna"]], stream(0, row["patient_id"], "hbv_dna").random())),
        "child_pugh_class": row["child_pugh"],
        "platelets_10e9_per_l": f"{float(row['platelets']):g}",
        "afp_ng_per_ml": f"{float(row['afp']):g}",
        "arm": ARMS[row["treatment"]],
        "os_days": row["os_days"],
        "died": "NY"[int(row["dead"])],
        "death_cause": CAUSES[row["death_cause"]],
        "pfs_days": row["pfs_days"],
        "progressed": "NY"[int(row["progressed"])],
        "best": RESPONSES[row["response"]],
        "continued": CONTINUED[row["cont"]],
        "treatment_days": row["sorafenib_days"],
        "early_stop": STOPS[row["early_stop"]],
        "dose_reduced": "NY"[int(row["dose_reduced"])],
        **{f"ae_{event}": row[f"ae_{event}"] for event in EVENTS},
    }


def main(cohort: Path, outlines: Path) -> None:
    """Write the outlines of a cohort."""
    rows = [outline_of(row) for row in read_rows(cohort)]
    with outlines.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*rows[0]], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
