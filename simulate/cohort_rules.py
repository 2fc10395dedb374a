"""What a cohort must keep so that records can be written for it, as a table of rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta

from cohort_rows import DATA_CUT, EVENTS, FIRST_START, LAST_START, Row

#: Days of progression by best response: first scans show PD, second scans the end of a short SD.
PFS_DAYS = {"PD": (46, 73), "SD<=8wk": (76, 113), "SD>8wk": (114, 563), "PR": (114, 563), "CR": (114, 563)}
OS_DAYS = {"0": (92, 562), "1": (91, 562)}  # printed as 3 to 18 months; the last start is 92 days before the cut
EARLY_STOP_DAYS = (42, 168)  # 6 to 24 weeks

RULES: dict[str, Callable[[Row], bool]] = {
    "progression is not after the end of follow-up": lambda r: r["pfs_days"] <= r["os_days"],
    "follow-up lasts 3 to 18 months": lambda r: OS_DAYS[r["dead"]][0] <= r["os_days"] <= OS_DAYS[r["dead"]][1],
    "an event of progression-free survival is a progression": lambda r: r["pfs_event"] == r["progressed"],
    "without progression both follow-ups end together": lambda r: (
        r["progressed"] == "1" or (r["pfs_days"] == r["os_days"] and r["dead"] == "0")
    ),
    "the best response fits the day of progression": lambda r: (
        PFS_DAYS[r["response"]][0] <= r["pfs_days"] <= PFS_DAYS[r["response"]][1]
    ),
    "sorafenib does not outlast follow-up": lambda r: 0 < r["sorafenib_days"] <= r["os_days"],
    "sorafenib goes on beyond progression or does not": lambda r: {
        "continued": r["sorafenib_days"] > r["pfs_days"] + 14,
        "stopped": r["sorafenib_days"] <= r["pfs_days"] + 14,
        "": r["progressed"] == "0",
    }[r["cont"]],
    "who stopped for toxicity did so at 6 to 24 weeks": lambda r: (
        not r["early_stop"] or EARLY_STOP_DAYS[0] <= r["sorafenib_days"] <= EARLY_STOP_DAYS[1]
    ),
    "sorafenib began while patients were recruited": lambda r: (
        FIRST_START <= date.fromisoformat(r["start_date"]) <= LAST_START
    ),
    "follow-up ends by the data cut": lambda r: (
        date.fromisoformat(r["start_date"]) + timedelta(days=r["os_days"]) <= DATA_CUT
    ),
    "the living are followed to the data cut": lambda r: (
        r["dead"] == "1" or date.fromisoformat(r["start_date"]) + timedelta(days=r["os_days"]) == DATA_CUT
    ),
    "groups agree with their values": lambda r: (
        (float(r["age"]) > 54) == (r["age_group"] == ">54")
        and (float(r["diameter"]) > 8) == (r["diameter_group"] == ">8")
        and (float(r["platelets"]) > 110) == (r["platelet_group"] == ">110")
        and (float(r["afp"]) > 1019) == (r["afp_group"] == ">1019")
    ),
    "a site of metastasis is known where there is one": lambda r: (r["ehm"] == "Yes") == bool(r["ehm_site"]),
    "a differentiation is known where there was a biopsy": lambda r: (
        (r["biopsy"] == "Yes") == bool(r["differentiation"])
    ),
    "a cause of death is known for the dead": lambda r: (r["dead"] == "1") == bool(r["death_cause"]),
}

#: Columns that the search never touches, or only exchanges between patients: their values stay as counted.
KEPT = ("synthetic", "gender", "age", "ecog", "differentiation", "diameter", "tumour_number", "portal_vein")
KEPT += ("ehm", "ehm_site", "hbv_dna", "treatment", "child_pugh", "platelets", "afp", "cont", "biopsy", "dead")
KEPT += ("progressed", "response", "death_cause", "early_stop", "dose_reduced", *(f"ae_{event}" for event in EVENTS))


def broken_rules(rows: Sequence[Row]) -> Iterator[str]:
    """Tell, a sentence each, which patient breaks which rule."""
    for row in rows:
        yield from (f"{row['patient_id']}: not so: {rule}" for rule, holds in RULES.items() if not holds(row))


def changed_counts(rows: Sequence[Row], start: Sequence[Row]) -> list[str]:
    """Return the columns whose values are not those of the cohort the search started from, in any order."""
    return [name for name in KEPT if Counter(r[name] for r in rows) != Counter(r[name] for r in start)]


def excess(row: Row) -> int:
    """Return by how many days the times of a patient break the rules; 0 if they keep all."""
    low, high = PFS_DAYS[row["response"]]
    first, last = OS_DAYS[row["dead"]]
    pfs, os = row["pfs_days"], row["os_days"]
    over = max(low - pfs, pfs - high, 0) + max(first - os, os - last, 0) + max(pfs - os, 0)
    if row["cont"] == "continued":
        over += max(pfs + 15 - os, 0)
    if row["progressed"] == "0":
        over += abs(pfs - os)
    return over
