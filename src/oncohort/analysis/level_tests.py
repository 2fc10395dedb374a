"""Tests of survival between the levels of a factor: over all levels, within strata, for a trend, and between pairs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oncohort.analysis.rows import count, number, test_rows, words
from oncohort.analysis.settings import Settings
from oncohort.errors import AnalysisError
from oncohort.stats.adjust import holm
from oncohort.stats.distributions import TestResult
from oncohort.stats.log_rank import LogRankTest, log_rank, pairwise_log_rank
from oncohort.stats.rank_tests import rank_test, trend_test
from oncohort.study.cohort import EndpointData, FactorData, entry_of
from oncohort.study.protocol import RankTestName
from oncohort.study.results import Row
from oncohort.study.text import format_p

TREND = "(trend)"
STRATA = "(strata)"


@dataclass(frozen=True, slots=True)
class HowCompared:
    """Which test compares levels, within which strata, and whether a trend over them is tested too."""

    test: RankTestName
    strata: FactorData | None = None
    trend: bool = False

    @property
    def words(self) -> str:
        """What rows call it: ``log-rank``, or ``breslow, stratified by sex``."""
        return self.test if self.strata is None else f"{self.test}, stratified by {self.strata.spec.id}"


@dataclass(frozen=True, slots=True)
class _Compared:
    """The patients whose level and stratum are known, in their endpoint's own unit."""

    time: NDArray[np.float64]
    event: NDArray[np.bool_]
    codes: NDArray[np.int64]
    strata: NDArray[np.int64] | None
    entry: NDArray[np.float64] | None

    def columns(self) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.int64]]:
        return self.time, self.event, self.codes


def level_tests(
    endpoint: EndpointData, factor: FactorData, how: HowCompared, settings: Settings, keys: dict[str, Any]
) -> list[Row]:
    """Return the test over all levels, that of a trend if asked for, and those of pairs of three or more levels.

    Keys: ``level`` is empty, ``(trend)``, or ``(strata)`` for the patients whose stratum is not known; ``group``
    ``factor=a|b`` is a pair.
    """
    known = factor.codes >= 0
    rows: list[Row] = []
    if how.strata is not None:
        inside = how.strata.codes >= 0
        rows += count(int((known & ~inside).sum()), statistic="n_missing", **keys, level=STRATA)
        known = known & inside
    strata = None if how.strata is None else how.strata.codes[known]
    entry = entry_of(endpoint, known)
    compared = _Compared(endpoint.time[known], endpoint.event[known], factor.codes[known], strata, entry)
    try:
        rows += test_rows(_test(compared, how), how.words, **keys)
    except AnalysisError as error:
        return rows + words(f"not tested: {error}", **keys)
    present = np.unique(compared.codes).tolist()
    if len(present) < 3:
        return rows
    if how.trend:
        rows += _trend(compared, how, present, {**keys, "level": TREND})
    for a, b, test, p_value in _pairs(compared, how, present, settings):
        between = {**keys, "group": f"{factor.spec.id}={factor.levels[a].id}|{factor.levels[b].id}"}
        if isinstance(test, str):
            rows += words(f"not tested: {test}", **between)
            continue
        rows += number("statistic", test.statistic, digits=2, **between)
        rows += [Row(statistic="p_value", value=p_value, text=format_p(p_value), **between)]
        rows += words(how.words if settings.pairwise == "none" else f"{how.words}, {settings.pairwise}", **between)
    return rows


def _test(compared: _Compared, how: HowCompared) -> TestResult | LogRankTest:
    if how.test == "log-rank" and compared.strata is None:
        return log_rank(*compared.columns(), entry=compared.entry)
    return rank_test(*compared.columns(), weights=how.test, strata=compared.strata, entry=compared.entry).test


def _trend(compared: _Compared, how: HowCompared, present: list[int], keys: dict[str, Any]) -> list[Row]:
    """Return the test for a trend; scores are the places of the levels among those declared."""
    scores = [code + 1 for code in present]
    beside = {"strata": compared.strata, "entry": compared.entry}
    try:
        test = trend_test(*compared.columns(), scores=scores, weights=how.test, **beside).test
    except AnalysisError as error:
        return words(f"not tested: {error}", **keys)
    return test_rows(test, f"{how.words}, trend over scores {', '.join(map(str, scores))}", **keys)


def _pairs(
    compared: _Compared, how: HowCompared, present: list[int], settings: Settings
) -> Iterator[tuple[int, int, TestResult | LogRankTest | str, float]]:
    """Yield two levels, their test or why there is none, and its P value adjusted as the study says."""
    if how.test == "log-rank" and compared.strata is None:
        for pair in pairwise_log_rank(*compared.columns(), adjust=settings.pairwise, entry=compared.entry):
            yield pair.group_a, pair.group_b, pair.test or pair.reason, pair.p_adjusted
        return
    tried = {(a, b): _pair(compared, how, a, b) for a, b in combinations(present, 2)}
    p_values = [test.p_value for test in tried.values() if not isinstance(test, str)]
    adjusted = iter(holm(p_values).tolist() if settings.pairwise == "holm" and p_values else p_values)
    for (a, b), test in tried.items():
        yield a, b, test, float("nan") if isinstance(test, str) else next(adjusted)


def _pair(compared: _Compared, how: HowCompared, a: int, b: int) -> TestResult | LogRankTest | str:
    members = (compared.codes == a) | (compared.codes == b)
    strata = None if compared.strata is None else compared.strata[members]
    entry = None if compared.entry is None else compared.entry[members]
    time, event, codes = compared.columns()
    try:
        return _test(_Compared(time[members], event[members], codes[members], strata, entry), how)
    except AnalysisError as error:
        return str(error)
