"""A model in resampled patients: limits of its ratios, or how often its selection chooses each candidate again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from math import exp, nan
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from oncohort.analysis.layout import of
from oncohort.analysis.regression import FittedModel, blocks_of, keys_of
from oncohort.analysis.rows import number, share, words
from oncohort.analysis.settings import Settings
from oncohort.analysis.splines import contrasts
from oncohort.errors import AnalysisError
from oncohort.stats.bootstrap import Bootstrap, BootstrapLimits, bootstrap, bootstrap_limits
from oncohort.stats.cox import CoxFit
from oncohort.stats.cox_bootstrap import cox_estimator
from oncohort.stats.cox_residuals import dfbeta
from oncohort.stats.stepwise import StepwiseResult
from oncohort.stats.stepwise_resamples import StepwiseResamples, stepwise_resamples
from oncohort.study.cohort import Cohort, entry_of
from oncohort.study.protocol import Resampling
from oncohort.study.results import Row
from oncohort.study.text import format_ratio

Values = NDArray[np.float64]

MOST_FREQUENT: Final = 5
_LIMITS: Final[tuple[BootstrapLimits, ...]] = ("percentile", "bca")
_AT_ONCE: Final = 500  # resamples whose draws are held at one time


def analyze_bootstrap(cohort: Cohort, fitted: FittedModel, settings: Settings) -> list[Row]:
    """Return a model in as many resamples of its patients as it asks for; nothing where it asks for none.

    Patients are drawn with replacement, those of one cluster together. Of a model with all its candidates each ratio
    gets limits; a selection is made anew in each resample, and its rows say how often it chose what.
    """
    asked = fitted.spec.bootstrap
    if asked is None:
        return []
    keys = keys_of("bootstrap", fitted)
    rows = number("resamples", asked.resamples, **keys)
    try:
        if fitted.path is not None:
            return [*rows, *_selections(cohort, fitted, fitted.path, asked, settings)]
        return [*rows, *_limits(fitted, _fit_of(fitted), asked, settings)]
    except AnalysisError as error:
        return rows + words(f"not done: {error}", **keys)


def _fit_of(fitted: FittedModel) -> CoxFit:
    fit = fitted.fit
    if fit is None or not fit.converged:
        raise AnalysisError(fitted.reason if fit is None else fit.failure_reason)
    return fit


# ---- a model with all its candidates ----
def _limits(fitted: FittedModel, fit: CoxFit, asked: Resampling, settings: Settings) -> Iterator[Row]:
    ratios = dict(_ratios(fitted, fit))
    kept = ~np.isnan(fit.coefficients)
    away = np.array(list(ratios.values()))[:, kept]
    estimator = cox_estimator(fit)
    cluster = of(fitted.layout.cluster, fitted.complete)
    sample = bootstrap(
        lambda times: away @ estimator(times),
        fit.n,
        replicates=asked.resamples,
        rng=np.random.default_rng(asked.seed),
        cluster=cluster,
    )
    falls = dfbeta(fit)[:, kept]
    if cluster is not None:
        falls = np.stack([falls[cluster == label].sum(axis=0) for label in np.unique(cluster)])
    left_out = (fit.coefficients[kept] - falls) @ away.T  # by influence: a jackknife needs as many fits as patients
    keys = keys_of("bootstrap", fitted)
    how = f"percentile and BCa limits, seed {asked.seed}"
    yield from [*_failed(sample.n_failed, sample.reasons, keys), *words(how, **keys)]
    known = np.isfinite(sample.replicates).all(axis=1)
    for k, (variable, level) in enumerate(ratios):
        one = slice(k, k + 1)
        own = replace(sample, estimate=sample.estimate[one], replicates=sample.replicates[:, one])
        at = {**keys, "variable": variable, "level": level}
        yield from number("bias", float(sample.replicates[known, k].mean() - sample.estimate[k]), digits=4, **at)
        yield from number("std_error", float(sample.std_error[k]), digits=4, **at)
        yield from _limit_rows(own, left_out[:, one], settings, at)


def _ratios(fitted: FittedModel, fit: CoxFit) -> Iterator[tuple[tuple[str, str], Values]]:
    """Yield each ratio that is told of a model, by variable and level, as a change of the columns of its fit."""
    for term in fitted.terms:
        if term.shape is not None:
            read = {level: at for level, at in term.shape.read_at.items() if at != term.shape.reference}
            rows = contrasts(fit, term, term.shape, np.array(list(read.values())))
            yield from (((term.factor, level), row) for level, row in zip(read, rows, strict=True))
            continue
        for name, level in zip(term.names(), term.levels, strict=True):
            k = fit.names.index(name)
            if not np.isnan(fit.coefficients[k]):
                yield (term.factor, level), np.eye(len(fit.names))[k]


def _limit_rows(sample: Bootstrap, left_out: Values, settings: Settings, keys: dict[str, Any]) -> Iterator[Row]:
    reasons: dict[str, None] = {}
    for method in _LIMITS:
        try:
            low, high = bootstrap_limits(sample, method=method, conf_level=settings.conf_level, left_out=left_out)
            ends = (exp(low[0]), exp(high[0]))
        except AnalysisError as error:
            ends, reasons = (nan, nan), reasons | {str(error): None}
        for side, value in zip(("low", "high"), ends, strict=True):
            text = format_ratio(value, settings.ratio_digits)
            yield Row(statistic=f"{method}_{side}", value=value, text=text, unit="ratio", **keys)
    if reasons:
        yield from words(f"not estimable: {'; '.join(reasons)}", **keys)


# ---- a selection ----
def _selections(
    cohort: Cohort, fitted: FittedModel, path: StepwiseResult, asked: Resampling, settings: Settings
) -> Iterator[Row]:
    """Yield how often each candidate was chosen, what was chosen most often, and how large the ratios were then."""
    found = list(_selected_again(cohort, fitted, path, asked))
    selected = np.concatenate([part.selected for part in found])
    reasons = [reason for part in found for reason in part.reasons]
    done = np.array([not reason for reason in reasons])
    keys = keys_of("bootstrap", fitted)
    failed = tuple(dict.fromkeys(reason for reason in reasons if reason))
    yield from _failed(int((~done).sum()), failed, keys)
    if not done.any():
        raise AnalysisError(f"no resample has a selection; {failed[0]}")
    yield from words(f"selection repeated in each resample, seed {asked.seed}", **keys)
    for t, name in enumerate(found[0].terms):
        yield from share(int(selected[done, t].sum()), int(done.sum()), **keys, variable=name)
    yield from _ratios_when_selected(fitted, found, settings)
    chosen = Counter(tuple(np.array(found[0].terms)[row].tolist()) for row in selected[done])
    yield from share(chosen[fitted.selected], int(done.sum()), **keys, level="(same)")
    often = sorted(chosen.items(), key=lambda item: (-item[1], item[0]))[:MOST_FREQUENT]
    for place, (names, times) in enumerate(often, start=1):
        at = {**keys, "level": f"selection{place}"}
        yield from [*share(times, int(done.sum()), **at), *words(", ".join(names) or "none", **at)]


def _selected_again(
    cohort: Cohort, fitted: FittedModel, path: StepwiseResult, asked: Resampling
) -> Iterator[StepwiseResamples]:
    endpoint, layout, complete = cohort.endpoints[fitted.spec.endpoint], fitted.layout, fitted.complete
    n = int(complete.sum())
    streams = np.random.default_rng(asked.seed).spawn(asked.resamples)  # those of `bootstrap`
    for first in range(0, asked.resamples, _AT_ONCE):
        part = streams[first : first + _AT_ONCE]
        yield stepwise_resamples(
            endpoint.time[complete],
            endpoint.event[complete],
            blocks_of(fitted.terms, complete),
            np.stack([np.bincount(stream.integers(0, n, n), minlength=n) for stream in part]),
            direction=path.direction,
            criterion=path.criterion,
            enter=path.enter,
            remove=path.remove,
            ties=path.ties,
            entry=entry_of(endpoint, complete),
            weights=of(layout.weights, complete),
            strata=of(layout.strata, complete),
        )


def _ratios_when_selected(fitted: FittedModel, found: list[StepwiseResamples], settings: Settings) -> Iterator[Row]:
    """Yield the geometric mean of each ratio in the resamples that chose its factor, and its bias on the log scale."""
    fit = fitted.fit if fitted.fit is not None and fitted.fit.converged else None
    own = {} if fit is None else dict(zip(fit.names, fit.coefficients.tolist(), strict=True))
    coefficients = np.concatenate([part.coefficients for part in found])
    for term in fitted.terms:
        for name, level in zip(term.names(), term.levels, strict=True) if term.shape is None else ():
            column = coefficients[:, found[0].names.index(name)]
            known = column[np.isfinite(column)]
            if known.size == 0:
                continue
            mean = float(known.mean())
            at = {**keys_of("bootstrap", fitted), "variable": term.factor, "level": level}
            text = format_ratio(exp(mean), settings.ratio_digits)
            yield Row(statistic="estimate", value=exp(mean), text=text, unit="ratio", **at)
            yield from number("log_estimate", mean, digits=4, **at)
            if name in own:
                yield from number("bias", mean - own[name], digits=4, **at)


def _failed(n: int, reasons: tuple[str, ...], keys: dict[str, Any]) -> list[Row]:
    rows = number("n_failed", n, **keys)
    return rows + words("; ".join(reasons), **keys, level="(failed)") if n else rows
