"""Patients who came under observation late: when, and where a survival curve rests on nobody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oncohort.analysis.rows import count, scale_of, share, time_row
from oncohort.analysis.settings import Settings
from oncohort.analysis.survival import curve_of
from oncohort.stats.describe import median_of
from oncohort.stats.observation import ObservationGap, observation_gaps
from oncohort.study.cohort import Cohort, EndpointData
from oncohort.study.findings import Finding
from oncohort.study.results import Row
from oncohort.study.text import format_plain, format_time, mask_count
from oncohort.study.words import plural


def analyze_entries(endpoint: EndpointData) -> list[Row]:
    """Return how many patients entered after time 0, and median and range of all entries; no row without entries."""
    if endpoint.entry is None:
        return []
    keys: dict[str, Any] = {"analysis": "delayed_entry", "endpoint": endpoint.spec.id}
    late = int(np.count_nonzero(endpoint.entry > 0))
    named = {"median": median_of(endpoint.entry), "min": endpoint.entry.min(), "max": endpoint.entry.max()}
    return [
        *count(late, **keys),
        *share(late, endpoint.entry.size, **keys),
        *(row for name, value in named.items() for row in time_row(name, float(value), endpoint, **keys)),
    ]


def analyze_observation(
    cohort: Cohort, compared: Iterable[tuple[str, str]], settings: Settings
) -> tuple[list[Row], list[Finding]]:
    """Return where nobody was under observation, in all patients and in the levels of what is compared.

    ``compared`` are endpoints with a factor. Keys: ``variable`` is ``nobody_observed``, ``group`` ``factor=level``,
    ``time`` the beginning. A level's stretch before its first entry is left out: that of all patients is told.
    """
    rows: list[Row] = []
    findings: list[Finding] = []
    for endpoint, group, name, members in _parts(cohort, compared):
        for gap in observation_gaps(curve_of(endpoint, members, settings)):
            if gap.start == 0 and group:
                continue
            keys: dict[str, Any] = {
                "analysis": "guards",
                "endpoint": endpoint.spec.id,
                "group": group,
                "variable": "nobody_observed",
                "time": format_plain(gap.start * scale_of(endpoint)),
            }
            rows += time_row("min", gap.start, endpoint, **keys) + time_row("max", gap.end, endpoint, **keys)
            rows += count(gap.n_later, **keys)
            findings.append(_told(gap, endpoint, name, settings.min_cell))
    return rows, findings


def _parts(
    cohort: Cohort, compared: Iterable[tuple[str, str]]
) -> Iterator[tuple[EndpointData, str, str, NDArray[np.bool_] | None]]:
    """Yield every set of patients that has a curve: endpoint, key, name for a reader, and members."""
    late = {name: endpoint for name, endpoint in cohort.endpoints.items() if endpoint.entry is not None}
    for name, endpoint in late.items():
        yield endpoint, "", name, None
    for name, variable in sorted(pair for pair in compared if pair[0] in late):
        factor = cohort.factors[variable]
        for code, level in enumerate(factor.levels):
            members = factor.codes == code
            if members.any():
                called = f"{name} by {factor.spec.label or variable}, level {level.id}"
                yield late[name], f"{variable}={level.id}", called, members


def _told(gap: ObservationGap, endpoint: EndpointData, name: str, min_cell: int) -> Finding:
    unit = endpoint.report_unit
    start, end = (format_time(time * scale_of(endpoint), unit) for time in (gap.start, gap.end))
    if gap.falls_to_zero:
        later = plural(mask_count(gap.n_later, min_cell), "patient")
        sentence = (
            f"{name}: the curve falls to 0 at {start} {unit}, when all who were under observation had the event; it "
            f"stays there, though {later} entered later, and says nothing of them"
        )
        return Finding("warning", "NOBODY-OBSERVED", sentence)
    if gap.start > 0:
        sentence = (
            f"{name}: nobody was under observation from {start} to {end} {unit}; the curve is level there because "
            "nothing is known, not because nothing happened"
        )
        return Finding("warning", "NOBODY-OBSERVED", sentence)
    sentence = (
        f"{name}: nobody was under observation before {end} {unit}; survival is that of patients who lived to then"
    )
    return Finding("note", "NOBODY-OBSERVED", sentence)
