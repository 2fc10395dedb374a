"""Reconciliation: how many of the recorded values that can also be derived agree with what is derived."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from oncohort.analysis.rows import count, number, share
from oncohort.analysis.settings import Settings
from oncohort.study.cohort import Cohort
from oncohort.study.protocol import Protocol
from oncohort.study.results import Row


def analyze_reconciliation(cohort: Cohort, protocol: Protocol, settings: Settings) -> list[Row]:
    """Return how many recorded values of each kind agree with the records behind them, and of all kinds together.

    Only values that are both recorded and derived are compared; percents are of these.

    Keys: ``variable`` is the kind, empty for all; ``level`` is empty for all that were compared, ``agrees`` or
    ``differs``. ``n_event`` are values, ``n`` the patients who have such a value.

    Parameters
    ----------
    cohort : Cohort
        With the frame ``reconciliation``.
    protocol : Protocol
        Not asked: the frame holds what could be compared.
    settings : Settings
        Not asked: there is no choice among the counts.

    Returns
    -------
    list of Row
        Empty in a table study, and where nothing could be compared.
    """
    del protocol, settings
    if cohort.derived is None:
        return []
    compared = cohort.derived.reconciliation.filter(pl.col("patient_id").is_in(list(cohort.patient_id)))
    if compared.height == 0:
        return []
    rows = [*_kind_rows(compared, "")]
    for kind in sorted(compared["kind"].unique().to_list()):
        rows += _kind_rows(compared.filter(pl.col("kind") == kind), kind)
    return rows


def _kind_rows(compared: pl.DataFrame, kind: str) -> Iterator[Row]:
    keys: dict[str, Any] = {"analysis": "reconciliation", "variable": kind}
    parts = {"": compared, "agrees": compared.filter("agrees"), "differs": compared.filter(~pl.col("agrees"))}
    for level, part in parts.items():
        yield from count(part["patient_id"].n_unique(), **keys, level=level)
        yield from number("n_event", part.height, unit="values", **keys, level=level)
        if level:
            yield from share(part.height, compared.height, **keys, level=level)
