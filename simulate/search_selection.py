"""Whether a column of the biopsied patients leaves both stepwise selections as they are, without fitting again.

The search keeps the order of the biopsied patients' events and what the final models know of them. At every step of
the path the score test of another candidate is then a ratio of two fixed forms in its column z: (a'z)² / z'Mz.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from cohort_models import CANDIDATES, candidate, complete_cases, selection
from cohort_rows import Row
from numpy.typing import NDArray

from oncohort.stats.cox import cox

Floats = NDArray[np.float64]
ENTRY = 2.7055  # chi-square of P = 0.10, one degree of freedom


@dataclass(frozen=True, slots=True)
class Stage:
    """A step of the path: candidates stay out while their score test is below ``limit``."""

    endpoint: str
    residual: Floats
    form: Floats
    limit: float

    def score(self, z: Floats) -> float:
        """Return the score test of a column."""
        spread = float(z @ self.form @ z)
        return float(self.residual @ z) ** 2 / spread if spread > 1e-9 else 0.0


def stages(rows: Sequence[Row]) -> list[Stage]:
    """Return the steps of both selections."""
    return [stage for endpoint in ("PFS", "OS") for stage in _stages(complete_cases(rows), endpoint)]


def stays_out(rows: Sequence[Row], column: str, path: Sequence[Stage]) -> bool:
    """Tell whether a column of the cohort, not of the final models, enters at no step."""
    cases = complete_cases(rows)
    name = next(name for name, (source, _) in CANDIDATES.items() if source == column)
    z = {endpoint: np.array(candidate(cases, name, endpoint)) for endpoint in ("PFS", "OS")}
    return all(stage.score(z[stage.endpoint]) < stage.limit for stage in path)


def _stages(cases: Sequence[Row], endpoint: str) -> Iterator[Stage]:
    path = selection(cases, endpoint).selected
    day = np.array([row[f"{endpoint.lower()}_days"] for row in cases])
    event = np.array([row["dead" if endpoint == "OS" else "pfs_event"] == "1" for row in cases])
    for k in range(len(path) + 1):
        table = {name: candidate(cases, name, endpoint) for name in path[:k]}
        x = np.array(list(table.values())).reshape(k, len(cases)).T
        beta = cox(day, event, table, ties="breslow").coefficients if k else np.zeros(0)
        residual, spread = event.astype(float), np.zeros((len(cases), len(cases)))
        weight = np.exp(x @ beta)
        for t in day[event]:
            share = np.where(day >= t, weight, 0.0)
            share /= share.sum()
            residual -= share
            spread += np.diag(share) - np.outer(share, share)
        known = spread @ x
        stage = Stage(endpoint, residual, spread - known @ np.linalg.solve(x.T @ known, known.T), ENTRY)
        entering = np.array(candidate(cases, path[k], endpoint)) if k < len(path) else None
        limit = ENTRY if entering is None else stage.score(entering)
        yield Stage(endpoint, residual, stage.form, limit)
