"""The state of the search: rows of the cohort, their arrays, and the cost of each group of printed numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from cohort_rows import DAYS_PER_MONTH, Row, months, set_sorafenib, set_start
from cohort_rules import excess
from search_targets import Ints, Target, blocks, costs_of, loosened

ENDPOINTS = {"OS": ("os_days", "dead"), "PFS": ("pfs_days", "pfs_event")}
#: Columns that are exchanged together: a group and its value.
BUNDLES: dict[str, tuple[str, ...]] = {
    "gender": ("gender",),
    "age_group": ("age_group", "age"),
    "differentiation": ("differentiation",),
    "diameter_group": ("diameter_group", "diameter"),
    "tumour_number": ("tumour_number",),
    "portal_vein": ("portal_vein",),
    "ehm": ("ehm", "ehm_site"),
    "hbv_dna": ("hbv_dna",),
    "platelet_group": ("platelet_group", "platelets"),
    "ecog": ("ecog",),
    "treatment": ("treatment",),
    "child_pugh": ("child_pugh",),
    "afp_group": ("afp_group", "afp"),
    "cont": ("cont",),
}
IN_MODELS = frozenset({"ecog", "treatment", "child_pugh", "afp_group"})  # kept in patients of the models
FOLLOW_UP = Target(8.55, 9.45, 0.3)
SORAFENIB = Target(6.46, 6.54, 0.3)

Changes = list[tuple[int, dict[str, Any]]]


class State:
    """A cohort under search.

    Attributes
    ----------
    rows : list of dict
        The patients.
    costs : dict
        Cost by (endpoint, column), with ("", "days") for follow-up, duration and broken rules; 0 where all is as
        printed.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = [dict(row) for row in rows]
        self.exact = self.blocks = blocks()
        self.levels = {c: sorted({r[c] for r in rows} - {""}) for c in BUNDLES} | {"": ["all"]}
        self.biopsied = np.array([bool(row["differentiation"]) for row in rows])
        self.event = {e: np.array([r[flag] == "1" for r in rows]) for e, (_, flag) in ENDPOINTS.items()}
        self.day = {e: np.array([r[name] for r in rows]) for e, (name, _) in ENDPOINTS.items()}
        self.code = {c: np.array([self._code(c, r[c]) for r in rows]) for c in BUNDLES}
        self.excess = np.array([excess(row) for row in rows])
        self.code[""] = np.zeros(len(rows), dtype=np.int64)
        self.watch(list(BUNDLES))

    def watch(self, columns: Sequence[str], loose: Iterable[str] = ()) -> None:
        """Count from now on the numbers of these columns and of all patients together; P values of some loosely."""
        self.blocks = {key: loosened(block) if key[1] in loose else block for key, block in self.exact.items()}
        self.watched = [key for key in self.blocks if key[1] in {"", *columns}] + [("", "days")]
        self.costs = self._costs(self.watched)

    def load(self, rows: Sequence[Row]) -> None:
        """Take other rows for the same patients."""
        for i, row in enumerate(rows):
            self.rows[i].update(row)
            self._refresh(i, row)
        self.costs = self._costs(self.watched)

    def keys(self, column: str) -> list[tuple[str, str]]:
        """Return the groups of numbers watched of a column."""
        return [key for key in self.watched if key[1] == column]

    def off(self) -> str:
        """Tell which groups of numbers are not as printed, with their costs."""
        return ", ".join(f"{a} {b} {cost:.2f}" for (a, b), cost in self.costs.items() if cost > 0)

    def total(self) -> float:
        """Return the cost of the cohort."""
        return sum(self.costs.values())

    def order(self, changes: Changes) -> tuple[bytes, ...]:
        """Return the order that decides the Cox models: by endpoint, the events that each biopsied patient passed."""
        found = []
        for endpoint, (name, _) in ENDPOINTS.items():
            day = self.day[endpoint].copy()
            for i, new in changes:
                day[i] = new.get(name, day[i])
            events = np.unique(day[self.biopsied & self.event[endpoint]])
            found.append(events.searchsorted(day[self.biopsied], side="right").tobytes())
        return tuple(found)

    def apply(self, changes: Changes) -> Changes:
        """Change rows and costs; return the changes that undo it."""
        undo = [(i, {name: self.rows[i][name] for name in new}) for i, new in changes]
        for i, new in changes:
            self.rows[i].update(new)
            self._refresh(i, new)
        self.costs |= self._costs(self._touched({name for _, new in changes for name in new}))
        return undo

    def restore(self, undo: Changes, costs: dict[tuple[str, str], float]) -> None:
        """Undo changes, with the costs from before."""
        for i, old in undo:
            self.rows[i].update(old)
            self._refresh(i, old)
        self.costs = costs

    def settled(self, i: int, new: dict[str, Any]) -> dict[str, Any]:
        """Add to the changes of a patient what follows from them: days on sorafenib and the first day."""
        row = self.rows[i] | new
        set_sorafenib(row)
        set_start(row)
        return new | {name: row[name] for name in ("sorafenib_days", "start_date")}

    def _refresh(self, i: int, names: Iterable[str]) -> None:
        row = self.rows[i]
        for endpoint, (days, _) in ENDPOINTS.items():
            self.day[endpoint][i] = row[days]
        self.excess[i] = excess(row)
        for column in BUNDLES.keys() & set(names):
            self.code[column][i] = self._code(column, row[column])

    def _touched(self, names: set[str]) -> Iterator[tuple[str, str]]:
        for endpoint, column in self.watched[:-1]:
            if ENDPOINTS[endpoint][0] in names or column in names:
                yield endpoint, column
        if names & {"os_days", "pfs_days", "sorafenib_days", "cont"}:
            yield "", "days"

    def _costs(self, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], float]:
        asked = list(keys)
        found: dict[tuple[str, str], float] = {}
        for endpoint in ENDPOINTS:
            some = [key for key in asked if key[0] == endpoint]
            if some:
                of = [self.blocks[key] for key in some]
                values = costs_of(of, self.day[endpoint], self.event[endpoint], self.code, self.levels)
                found |= zip(some, values, strict=True)
        if ("", "days") in asked:
            found["", "days"] = self._cost_of_days()
        return found

    def _cost_of_days(self) -> float:
        sorafenib: Ints = np.array([row["sorafenib_days"] for row in self.rows])
        total = FOLLOW_UP.cost(float(np.median(self.day["OS"])) / DAYS_PER_MONTH)
        total += SORAFENIB.cost(float(np.median(sorafenib)) / DAYS_PER_MONTH)
        total += Target(17.5, 18.5, 0.3).cost(months(int(sorafenib.max())))
        total += Target(1.45, 1.55, 0.3).cost(months(int(sorafenib.min())))
        total += Target(17.5, 18.5, 0.3).cost(months(int(self.day["OS"].max())))
        total += Target(2.5, 3.5, 0.3).cost(months(int(self.day["OS"].min())))
        return total + 0.2 * int(self.excess.sum())

    def _code(self, column: str, level: str) -> int:
        return self.levels[column].index(level) if level else -1
