"""Response: best responses, objective response and clinical benefit, whole and by group, by each definition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncohort.analysis.groups import (
    Groups,
    Members,
    arm_groups,
    as_days,
    between,
    count_test,
    each_group,
    followed,
    groups_of,
    of_analyzed,
    rate_rows,
)
from oncohort.analysis.rows import count, median_rows, share, time_row, words
from oncohort.analysis.settings import Settings
from oncohort.analysis.survival import curve_of, median_of
from oncohort.clinical.best_response import RESPONDERS
from oncohort.clinical.response_criteria import OVERALL
from oncohort.stats.follow_up import observed_follow_up
from oncohort.study.cohort import Cohort, Derived, EndpointData
from oncohort.study.protocol import Protocol
from oncohort.study.results import Row
from oncohort.study.rules_in_force import ResponseRules, adds_one_day, response_rules

COUNTED: Final = ("objective_response", "clinical_benefit")
"""The outcomes that are made of the best response."""


@dataclass(frozen=True, slots=True)
class Responses:
    """The best response of each analyzed patient by one definition.

    ``best`` (n,) is empty where there is none; ``outcomes`` holds (n,) for each of `COUNTED`; ``flips`` (n,) whether
    the best response would be another one if stable disease on exactly the least day counted.
    """

    best: NDArray[np.str_]
    outcomes: dict[str, Members]
    flips: Members


def analyze_response(cohort: Cohort, protocol: Protocol, settings: Settings) -> list[Row]:
    """Return the rows of response; none without ``[response]``.

    Keys: ``model`` is empty for the study's own definition of best response, else the id of another; ``group`` is
    empty for all analyzed patients. ``variable`` is ``best_response`` with its ``level``, or an outcome. Percents are
    of all analyzed patients of the group: a response that is not evaluable counts as none. ``progressed`` has no
    ``model``: no definition of best response changes when progression is.
    """
    if protocol.response is None or cohort.derived is None:
        return []
    compared = _compared(cohort, protocol)
    columns = {"": np.ones(len(cohort.patient_id), dtype=np.bool_)}
    tests: dict[str, tuple[Groups, Mapping[str, str]]] = {}
    for groups, named in compared:
        columns |= dict(each_group(groups))
        tests[between(groups)] = (groups, named)
    rows: list[Row] = []
    for model in ("", *(variant.id for variant in protocol.response.also_report)):
        found, rules = responses_of(cohort, cohort.derived, protocol, model)
        keys: dict[str, Any] = {"analysis": "response", "model": model}
        for group, members in columns.items():
            rows += _described(found, members, rules, settings, {**keys, "group": group})
        for groups, named in tests.values():
            rows += _tested(found, groups, named, settings, keys)
    progressed = (of_analyzed(cohort, cohort.derived.patients)["progressed"] == "Y").fill_null(value=False).to_numpy()
    conf = response_rules(protocol).conf
    for group, members in columns.items():
        keys = {"analysis": "response", "group": group, "variable": "progressed"}
        rows += rate_rows(int(progressed[members].sum()), int(members.sum()), conf, settings, keys)
    return rows + _course_of_responders(cohort, cohort.derived, protocol, settings)


def responses_of(
    cohort: Cohort, derived: Derived, protocol: Protocol, definition: str
) -> tuple[Responses, ResponseRules]:
    """Return the responses by one definition ("" is the study's own), and the rules that made them."""
    variants = {variant.id: variant for variant in protocol.response.also_report} if protocol.response else {}
    rules = response_rules(protocol, variants.get(definition))
    own = of_analyzed(cohort, derived.best.filter(pl.col("definition") == definition))
    best = own["best"].fill_null("").to_numpy().astype(np.str_)
    outcomes = {
        "objective_response": np.isin(best, RESPONDERS),
        "clinical_benefit": np.isin(best, rules.clinical_benefit),
    }
    return Responses(best, outcomes, own["flips"].fill_null(value=False).to_numpy().astype(np.bool_)), rules


def _compared(cohort: Cohort, protocol: Protocol) -> list[tuple[Groups, Mapping[str, str]]]:
    """Return the arms, and the groups of each comparison of response, with the tests that it names.

    Groups of one name are the same patients: where those of a comparison are not, they are called by its id.
    """
    arms = arm_groups(cohort, protocol)
    compared: list[tuple[Groups, Mapping[str, str]]] = [] if arms is None else [(arms, {})]
    told = {} if arms is None else dict(each_group(arms))
    for comparison in protocol.comparison:
        if not set(COUNTED) & set(comparison.outcomes):
            continue
        groups = groups_of(cohort, protocol, comparison.id)
        if any(key in told and not np.array_equal(told[key], members) for key, members in each_group(groups)):
            groups = replace(groups, name=comparison.id)
        told |= dict(each_group(groups))
        compared.append((groups, comparison.test))
    return compared


def _described(
    found: Responses, members: Members, rules: ResponseRules, settings: Settings, keys: dict[str, Any]
) -> list[Row]:
    total, best = int(members.sum()), found.best[members]
    rows = count(total, statistic="n_total", **keys)
    rows += count(int((best == "").sum()), statistic="n_missing", **keys)
    for level in OVERALL:
        n = int((best == level).sum())
        at = {**keys, "variable": "best_response", "level": level}
        rows += count(n, **at) + share(n, total, **at)
    for outcome, has in found.outcomes.items():
        rows += rate_rows(int(has[members].sum()), total, rules.conf, settings, {**keys, "variable": outcome})
    if rules.sd_min_days.op == ">":
        n = int(found.flips[members].sum())
        at = {**keys, "variable": "flips_at_sd_minimum"}
        rows += count(n, **at) + share(n, total, **at)
    return rows


def _tested(
    found: Responses, groups: Groups, named: Mapping[str, str], settings: Settings, keys: dict[str, Any]
) -> list[Row]:
    codes = groups.factor.codes
    at = {**keys, "group": between(groups)}
    rows = count(int((codes >= 0).sum()), **at) + count(int((codes < 0).sum()), statistic="n_missing", **at)
    for outcome, has in found.outcomes.items():
        rows += count_test(has, groups, named.get(outcome, settings.table_test), {**keys, "variable": outcome})
    return rows


def _course_of_responders(cohort: Cohort, derived: Derived, protocol: Protocol, settings: Settings) -> list[Row]:
    """Return when the responders by the study's own definition first responded, and how long it lasted.

    The duration is counted from the first CR or PR to progression or death, where the study has an endpoint of the two.
    """
    first = first_response_days(cohort, derived)
    responded = ~np.isnan(first)
    keys: dict[str, Any] = {"analysis": "response", "variable": "time_to_response"}
    rows = count(int(responded.sum()), **keys)
    if not responded.any():
        return rows
    clock: EndpointData = next(iter(cohort.endpoints.values()))
    seen = observed_follow_up(first[responded] + adds_one_day(protocol))
    for statistic in ("median", "min", "max"):
        rows += time_row(statistic, getattr(seen, statistic), clock, **keys)
    for endpoint in cohort.endpoints.values():
        if set(endpoint.spec.events) == {"progression", "death"}:
            rows += _duration(endpoint, first, settings)
    return rows


def first_response_days(cohort: Cohort, derived: Derived) -> NDArray[np.float64]:
    """Return the day of the first CR or PR of each responder, nan for the others.

    Visits after the one that decided the best response do not count.
    """
    own = derived.best.filter((pl.col("definition") == "") & pl.col("best").is_in(RESPONDERS))
    seen = derived.visits.filter(pl.col("overall").is_in(RESPONDERS)).select("patient_id", seen="day")
    joined = own.join(seen, on="patient_id", how="inner").filter(pl.col("seen") <= pl.col("day"))
    return as_days(of_analyzed(cohort, joined.group_by("patient_id").agg(pl.col("seen").min()))["seen"])


def _duration(endpoint: EndpointData, first: NDArray[np.float64], settings: Settings) -> list[Row]:
    lasted = endpoint.time - first
    known = lasted >= 0  # a rule of censoring may end the time before the response
    keys: dict[str, Any] = {"analysis": "response", "variable": "response_duration", "endpoint": endpoint.spec.id}
    rows = count(int(known.sum()), **keys)
    rows += count(int((~known & ~np.isnan(first)).sum()), statistic="n_missing", **keys)
    if not known.any():
        return rows
    part = followed(endpoint, known, lasted)
    rows += count(int(part.event.sum()), statistic="n_event", **keys)
    rows += median_rows(median_of(curve_of(part, None, settings), settings), part, **keys)
    return rows + words(settings.median_conf, **keys)
