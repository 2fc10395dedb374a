"""Make the records of the bundled study again: the cohort of this folder, as outlines, as dated records.

python simulate/make_demo.py simulate/cohort.csv
"""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import outlines_of_cohort

TOP: Final = Path(__file__).parents[1]
DEMO: Final = TOP / "src" / "oncohort" / "demos" / "sorafenib"
TABLE: Final = TOP / "src" / "oncohort" / "demos" / "sorafenib_table" / "data" / "patients.csv"
PROTOCOL: Final = TOP / "tests" / "study" / "paper_study.toml"
SEED: Final = 2012
TABLE_COLUMNS: Final = {
    "patient_id": "patient_id",
    "synthetic": "synthetic",
    "sex": "gender",
    "age": "age",
    "ecog": "ecog",
    "differentiation": "differentiation",
    "diameter_cm": "diameter",
    "tumour_number": "tumour_number",
    "portal_vein": "portal_vein",
    "metastasis": "ehm",
    "hbv_dna": "hbv_dna",
    "treatment": "treatment",
    "child_pugh": "child_pugh",
    "platelets": "platelets",
    "afp": "afp",
    "after_progression": "cont",
    "os_months": "os_months",
    "dead": "dead",
    "pfs_months": "pfs_months",
    "pfs_event": "pfs_event",
}
"""For a column of the bundled table study, with one row a patient, that of the cohort."""
WHOLE: Final = frozenset({"age", "platelets", "afp"})


def main(cohort: Path) -> None:
    """Write the demo's outlines from a cohort, then everything that the command makes of them.

    The protocol is the paper's: its figures of single patients name published cases, whose place the patients of this
    cohort take who come nearest.
    """
    shutil.copyfile(PROTOCOL, DEMO / "study.toml")
    outlines_of_cohort.main(cohort, DEMO / "outlines.csv")
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "study"
        told = ["--margins", DEMO / "margins.toml", "--seed", SEED, "--out", made]
        subprocess.run([sys.executable, "-m", "oncohort", "simulate", DEMO, *map(str, told)], check=True)
        shutil.rmtree(DEMO / "data", ignore_errors=True)
        shutil.copytree(made, DEMO, dirs_exist_ok=True)


def write_table(cohort: Path) -> None:
    """Write the same patients with one row each: the data of the bundled table study."""
    with cohort.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(TABLE_COLUMNS)
        for row in rows:
            writer.writerow([_cell(name, row[source]) for name, source in TABLE_COLUMNS.items()])


def _cell(name: str, cell: str) -> str:
    return cell.removesuffix(".0") if name in WHOLE else cell


if __name__ == "__main__":
    main(Path(sys.argv[1]))
    write_table(Path(sys.argv[1]))
