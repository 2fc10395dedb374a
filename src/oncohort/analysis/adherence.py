"""Adherence: on how many occasions, and by how many patients, each rule of the protocol was kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import polars as pl

from oncohort.analysis.rows import count, number, share
from oncohort.analysis.settings import Settings
from oncohort.stats.describe import describe
from oncohort.stats.proportion import proportion_interval
from oncohort.study.cohort import Cohort
from oncohort.study.protocol import Protocol
from oncohort.study.results import LevelRow, Row
from oncohort.study.text import format_number

VERDICTS: Final = ("broken", "kept", "not assessable", "not applicable")
"""What a rule says of an occasion; of several occasions of a patient, the first of these says it of the patient."""

OCCASIONS: Final = "occasions"
"""The population of rows that count occasions; those of "all" count patients."""

RULES: Final = (
    *("ELIGIBLE", "CONSENT-FIRST", "DOSE-START", "DOSE-REDUCE", "DOSE-RETURN", "STOP-AE", "STOP-ECOG", "STOP-CONSENT"),
    *("PD-CONTINUE", "LOCAL-NO-PAUSE", "LOCAL-AFTER-START", "LOCAL-CONTRA", "LOCAL-CONSENT"),
    *("TACE-REQUIRES", "TACE-BURDEN", "TACE-INTERVAL", "TACE-CT1M", "TACE-LIPIODOL", "TACE-MAX", "TACE-AGENTS"),
    *("TACE-OIL", "TACE-EXPECT", "CRYO-REQUIRES", "CRYO-CYCLE", "CRYO-TEMP", "CRYO-MAX", "CRYO-DEBULK", "CRYO-GUIDE"),
    *("CRYO-EXPECT", "SCAN-WINDOW"),
)
"""The order of the usual rules; others follow by alphabet."""


def analyze_adherence(cohort: Cohort, protocol: Protocol, settings: Settings) -> list[Row]:
    """Return how often each rule was kept, over occasions and over patients, and all rules together.

    A rate is kept ÷ (kept + broken): what is not assessable or not applicable is in neither. A patient has broken a
    rule who broke it once; has kept it if it could be assessed and was never broken. Limits are those of Clopper and
    Pearson; occasions of one patient are not independent, so those over occasions are too narrow.

    Keys: ``variable`` is the id of the rule, empty for all rules; ``level`` is a verdict, or ``assessable`` (kept or
    broken), or ``late`` (done, but not at once; with the days, of a single rule). ``population`` "all" counts patients
    by their own verdict; "occasions" has occasions as ``n_event``, and as ``n`` the patients who had such an occasion.
    The rate is the ``percent`` of ``kept``, with ``conf_low`` and ``conf_high``.

    Parameters
    ----------
    cohort : Cohort
        With the frame ``adherence``.
    protocol : Protocol
        Not asked: the frame holds what its rules say.
    settings : Settings
        Gives the confidence level and the type of the quartiles.

    Returns
    -------
    list of Row
        Empty in a table study, and where no rule was judged.
    """
    del protocol
    judged = _judged(cohort)
    if judged.height == 0:
        return []
    rows = [*_occasion_rows(judged, "", settings), *_patient_rows(judged, "", settings)]
    for rule, own in _by_rule(judged):
        rows += [*_occasion_rows(own, rule, settings), *_patient_rows(own, rule, settings)]
    return rows


def adherence_levels(cohort: Cohort) -> list[LevelRow]:
    """Return what each rule says, in the protocol's words, under ``adherence.rule`` in the order of the table."""
    found: list[LevelRow] = []
    for place, (rule, own) in enumerate(_by_rule(_judged(cohort)), start=1):
        texts = own["text"].drop_nulls().unique().sort().to_list()
        found.append(LevelRow("adherence.rule", rule, "; ".join(filter(None, texts)), place, reference=False))
    return found


def _judged(cohort: Cohort) -> pl.DataFrame:
    if cohort.derived is None:
        return pl.DataFrame(schema={"rule": pl.String})
    return cohort.derived.adherence.filter(pl.col("patient_id").is_in(list(cohort.patient_id)))


def _by_rule(judged: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    """Return the rules in their usual order, each with its verdicts."""
    place = {rule: k for k, rule in enumerate(RULES)}
    parts = {str(rule): own for (rule,), own in judged.partition_by("rule", as_dict=True).items()}
    return sorted(parts.items(), key=lambda part: (place.get(part[0], len(RULES)), part[0]))


def _occasion_rows(judged: pl.DataFrame, rule: str, settings: Settings) -> Iterator[Row]:
    keys: dict[str, Any] = {"analysis": "adherence", "variable": rule, "population": OCCASIONS}
    chosen = {verdict: pl.col("verdict") == verdict for verdict in VERDICTS}
    chosen["assessable"] = pl.col("verdict").is_in(["kept", "broken"])
    chosen["late"] = pl.col("days_late") > 0
    for level, holds in chosen.items():
        own = judged.filter(holds)
        yield from count(own["patient_id"].n_unique(), **keys, level=level)
        yield from number("n_event", own.height, unit="occasions", **keys, level=level)
    kept, broken = (judged.filter(chosen[verdict]).height for verdict in ("kept", "broken"))
    yield from _rate_rows(kept, broken, settings, {**keys, "level": "kept"})
    late = judged.filter(chosen["late"])["days_late"].to_numpy().astype(np.float64)
    if rule and late.size:
        found = describe(late, quartiles=settings.quartiles)
        for statistic in ("median", "min", "max"):
            yield from number(statistic, getattr(found, statistic), unit="days", **keys, level="late")


def _patient_rows(judged: pl.DataFrame, rule: str, settings: Settings) -> Iterator[Row]:
    keys: dict[str, Any] = {"analysis": "adherence", "variable": rule}
    ranks = pl.col("verdict").replace_strict({verdict: k for k, verdict in enumerate(VERDICTS)}, return_dtype=pl.Int64)
    worst = judged.group_by("patient_id").agg(rank=ranks.min())["rank"].to_list()
    counts = {verdict: worst.count(k) for k, verdict in enumerate(VERDICTS)}
    counts["assessable"] = counts["kept"] + counts["broken"]
    for level, n in counts.items():
        yield from count(n, **keys, level=level)
    yield from _rate_rows(counts["kept"], counts["broken"], settings, {**keys, "level": "kept"})


def _rate_rows(kept: int, broken: int, settings: Settings, keys: dict[str, Any]) -> Iterator[Row]:
    if kept + broken == 0:
        return
    yield from share(kept, kept + broken, **keys)
    limits = proportion_interval(kept, kept + broken, method="clopper-pearson", conf_level=settings.conf_level)
    for statistic in ("conf_low", "conf_high"):
        percent = 100 * getattr(limits, statistic)
        yield Row(statistic=statistic, value=percent, text=format_number(percent, 1), unit="%", **keys)
