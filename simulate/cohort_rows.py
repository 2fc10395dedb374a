"""The rows of a synthetic cohort: read, put into days, and written.

All times of the search are whole days; months of the tables are days / 30.4375. A cohort of months to 0.1 (the
one the search starts from) is put into days first.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

DAYS_PER_MONTH = 30.4375
DATA_CUT = date(2010, 8, 31)
FIRST_START, LAST_START = date(2008, 8, 1), date(2010, 5, 31)
TIMES = ("os", "pfs", "sorafenib")
EVENTS = ("hfsr", "rash", "hypertension", "alopecia", "fatigue", "weight_loss", "diarrhea", "liver", "leucopenia")
EVENTS += ("hemorrhage", "anemia", "thrombocytopenia")
BLOOD = ("leucopenia", "hemorrhage", "anemia", "thrombocytopenia")  # the paper's hematological toxicities
CLINICAL_BENEFIT = ("CR", "PR", "SD>8wk")
ALONE, TACE, CRYO = "Sorafenib alone", "TACE", "TACE and cryoablation"

Row = dict[str, Any]


def read_rows(path: Path) -> list[Row]:
    """Read a cohort; texts as they stand, times in whole days."""
    with path.open(encoding="utf-8", newline="") as file:
        rows: list[Row] = list(csv.DictReader(file))
    for row in rows:
        for name in TIMES:
            days = row.get(f"{name}_days")
            row[f"{name}_days"] = int(days) if days else whole_days(float(row[f"{name}_months"]))
    return rows


def write_rows(path: Path, rows: Sequence[Row], columns: Sequence[str]) -> None:
    """Write a cohort, its months computed from its days."""
    for row in rows:
        row.update({f"{name}_months": f"{months(row[f'{name}_days']):.4f}" for name in TIMES})
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def columns_of(path: Path) -> list[str]:
    """Return the columns of a cohort, with those of days at the end."""
    with path.open(encoding="utf-8", newline="") as file:
        names = next(csv.reader(file))
    return names + [f"{name}_days" for name in TIMES if f"{name}_days" not in names]


def whole_days(of_months: float) -> int:
    """Return months as whole days, half a day up."""
    return math.floor(of_months * DAYS_PER_MONTH + 0.5)


def months(days: int) -> float:
    """Return days as months."""
    return days / DAYS_PER_MONTH


def set_sorafenib(row: Row) -> None:
    """Let the days on sorafenib follow from the rest, changing as little as the rules allow."""
    if row["progressed"] == "0":
        row["sorafenib_days"] = row["os_days"]
    elif row["cont"] == "continued":
        row["sorafenib_days"] = min(max(row["sorafenib_days"], row["pfs_days"] + 15), row["os_days"])
    elif row["early_stop"]:
        row["sorafenib_days"] = min(row["sorafenib_days"], row["pfs_days"] + 14, row["os_days"])
    else:
        row["sorafenib_days"] = min(row["pfs_days"], row["os_days"])


def set_start(row: Row) -> None:
    """Start the living so that their follow-up ends at the data cut, the dead not later than that."""
    last = DATA_CUT - timedelta(days=row["os_days"])
    start = last if row["dead"] == "0" else min(date.fromisoformat(row["start_date"]), last, LAST_START)
    row["start_date"] = start.isoformat()
