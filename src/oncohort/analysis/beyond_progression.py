"""Beyond progression: survival by whether the drug was continued, as papers have it and without its bias."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import nan
from typing import Any, Final

import numpy as np

from oncohort.analysis.groups import (
    Groups,
    Members,
    between,
    compare_survival,
    each_group,
    followed,
    groups_of,
    inside_population,
    narrowed,
)
from oncohort.analysis.landmark import (
    Days,
    FromDay,
    from_day_on,
    from_landmark,
    progression_days,
    survival_from,
)
from oncohort.analysis.rows import count, p_rows, ratio_rows, words
from oncohort.analysis.settings import Settings
from oncohort.errors import AnalysisError
from oncohort.stats.cox import CoxFit, cox
from oncohort.study.cohort import Cohort, Derived, EndpointData
from oncohort.study.consistency_groups import BEYOND
from oncohort.study.protocol import Protocol
from oncohort.study.results import Row
from oncohort.study.rules_in_force import adds_one_day, grace_days
from oncohort.study.words import plural

FIRST_DOSE: Final = "from-first-dose"


@dataclass(frozen=True, slots=True)
class _Asked:
    """One comparison and endpoint: ``progression`` (n,) is nan outside the population."""

    cohort: Cohort
    derived: Derived
    protocol: Protocol
    settings: Settings
    endpoint: EndpointData
    comparison: str
    groups: Groups
    progression: Days


def analyze_beyond_progression(cohort: Cohort, protocol: Protocol, settings: Settings) -> list[Row]:
    """Return the rows of every comparison by ``continued_past_progression``, for its endpoints without progression.

    Keys: ``model`` is the comparison's id, ``variable`` the analysis: ``from-first-dose``, which is always made, and
    those that ``also`` names. ``group`` is empty, a group, or all groups, as in `oncohort.analysis.comparison`;
    ``estimate`` of all groups is the hazard ratio of those who continued against the others. A landmark has its days
    after progression as ``time``; they are those of each ``[[landmark]]`` of the comparison. ``method`` without a
    group says in words what was done.
    """
    rows: list[Row] = []
    for asked in _asked(cohort, protocol, settings):
        also = next(c.also for c in protocol.comparison if c.id == asked.comparison)
        for name in (FIRST_DOSE, *also):
            rows += _ANALYSES[name](asked, _keys(asked, name))
    return rows


def _asked(cohort: Cohort, protocol: Protocol, settings: Settings) -> Iterator[_Asked]:
    if cohort.derived is None:
        return
    progression = progression_days(cohort, cohort.derived)
    for comparison in protocol.comparison:
        groups = groups_of(cohort, protocol, comparison.id)
        if groups.factor.spec.column != BEYOND:
            continue
        days = np.where(inside_population(cohort, comparison), progression, nan)
        for outcome in comparison.outcomes:
            endpoint = cohort.endpoints.get(outcome)
            if endpoint is not None and "progression" not in endpoint.spec.events:
                yield _Asked(cohort, cohort.derived, protocol, settings, endpoint, comparison.id, groups, days)


def _keys(asked: _Asked, name: str) -> dict[str, Any]:
    return {
        "analysis": "beyond_progression",
        "model": asked.comparison,
        "endpoint": asked.endpoint.spec.id,
        "variable": name,
    }


def _from_first_dose(asked: _Asked, keys: dict[str, Any]) -> list[Row]:
    inside = ~np.isnan(asked.progression)
    part, groups = followed(asked.endpoint, inside, asked.endpoint.time), narrowed(asked.groups, inside)
    rows = count(int(inside.sum()), statistic="n_total", **keys)
    rows += compare_survival(part, groups, asked.settings, keys) + _ratio(part, groups, asked.settings, keys)
    sentence = (
        "descriptive, biased by guarantee time; counted from the first dose, while continuation is known only after "
        "progression, until which those who continued were sure to live"
    )
    return rows + words(sentence, **keys)


def _clock_at_progression(asked: _Asked, keys: dict[str, Any]) -> list[Row]:
    grace = grace_days(asked.protocol)
    found = FromDay(asked.endpoint, asked.groups, asked.progression + grace, adds_one_day(asked.protocol))
    rows = survival_from(found, asked.settings, keys) + _ratio(*from_day_on(found), asked.settings, keys)
    sentence = f"counted from {plural(grace, 'day')} after progression, of patients followed without event until then"
    return rows + words(sentence, **keys)


def _landmarks(asked: _Asked, keys: dict[str, Any]) -> list[Row]:
    """Return the landmarks after progression that the protocol has of the comparison, or that it has none."""
    about = (asked.comparison, asked.endpoint.spec.id, "progression")
    own = [found for found in asked.protocol.landmark if (found.of, found.endpoint, found.origin) == about]
    days = {day: landmark for landmark in own for day in landmark.days}
    if not days:
        return words("not made: no [[landmark]] with origin progression is of this comparison", **keys)
    rows: list[Row] = []
    for day, landmark in sorted(days.items()):
        at = {**keys, "time": str(day)}
        found, how = from_landmark(asked.cohort, asked.derived, landmark, day, asked.protocol)
        rows += survival_from(found, asked.settings, at) + _ratio(*from_day_on(found), asked.settings, at)
        said = "counted from so many days after progression, of patients followed without event until then"
        rows += words(f"{said}; groups are {how}", **at)
    return rows


def _time_dependent(asked: _Asked, keys: dict[str, Any]) -> list[Row]:
    """Return a Cox model in which a patient enters at progression, and continuation begins after the days of grace.

    The clock is that of the endpoint. A patient who continued has the rows (progression, + grace] without and
    (progression + grace, end] with the covariate. Who is not followed past progression has none.
    """
    grace, event, stop = grace_days(asked.protocol), asked.endpoint.event, asked.endpoint.time
    start = asked.progression + adds_one_day(asked.protocol)
    switch = start + grace
    inside = (asked.groups.factor.codes >= 0) & (stop > start)
    continued = _continued(asked.groups)
    on = inside & continued & (stop > switch)
    off = inside & (~on | (switch > start))
    at = {**keys, "group": between(asked.groups)}
    rows = count(int((~np.isnan(asked.progression)).sum()), statistic="n_total", **keys)
    rows += count(int(inside.sum()), **at) + count(int(event[inside].sum()), statistic="n_event", **at)
    for group, members in each_group(asked.groups):
        part = members & inside & (on | ~continued)
        rows += count(int(part.sum()), **keys, group=group)
        rows += count(int(event[part].sum()), statistic="n_event", **keys, group=group)
    fit = _fit(
        np.concatenate([np.where(on, switch, stop)[off], stop[on]]),
        np.concatenate([(event & ~on)[off], event[on]]),
        np.repeat([0.0, 1.0], [off.sum(), on.sum()]),
        asked.settings,
        entry=np.concatenate([start[off], switch[on]]),
    )
    rows += _ratio_rows(fit, asked.settings, at)
    if not isinstance(fit, str):
        rows += p_rows(float(fit.p_value[0]), float(fit.log10_p[0]), **at) + words(f"Wald, {fit.ties} ties", **at)
    sentence = (
        "Cox model on the clock of the endpoint: patients enter at progression, and continuation counts from "
        f"{plural(grace, 'day')} after it"
    )
    return rows + words(sentence, **keys)


_ANALYSES: Final[dict[str, Callable[[_Asked, dict[str, Any]], list[Row]]]] = {
    FIRST_DOSE: _from_first_dose,
    "clock-at-progression": _clock_at_progression,
    "landmark": _landmarks,
    "time-dependent": _time_dependent,
}


def _continued(groups: Groups) -> Members:
    """Return who belongs to the group of those who continued."""
    own = [k for k, level in enumerate(groups.factor.spec.levels or ()) if "Y" in level.values]
    return np.isin(groups.factor.codes, own)


def _ratio(part: EndpointData, groups: Groups, settings: Settings, keys: dict[str, Any]) -> list[Row]:
    """Return the hazard ratio of those who continued against the others."""
    known = groups.factor.codes >= 0
    covariate = _continued(groups)[known].astype(np.float64)
    fit = _fit(part.time[known], part.event[known], covariate, settings, entry=None)
    return _ratio_rows(fit, settings, {**keys, "group": between(groups)})


def _fit(time: Days, event: Members, covariate: Days, settings: Settings, *, entry: Days | None) -> CoxFit | str:
    """Return the model of one covariate, or why there is none."""
    columns = {"continued": covariate}
    try:
        fit = cox(time, event, columns, ties=settings.ties, entry=entry, conf_level=settings.conf_level)
    except AnalysisError as error:
        return str(error)
    return fit if fit.converged else fit.failure_reason


def _ratio_rows(fit: CoxFit | str, settings: Settings, keys: dict[str, Any]) -> list[Row]:
    digits = settings.ratio_digits
    if isinstance(fit, str):
        why = words(f"not estimable: {fit}", **keys, level="(fit)")
        return ratio_rows(nan, nan, (nan, nan, nan), digits, **keys) + why
    limits = (float(fit.hazard_ratio[0]), float(fit.conf_low[0]), float(fit.conf_high[0]))
    return ratio_rows(float(fit.coefficients[0]), float(fit.std_error[0]), limits, digits, **keys)
