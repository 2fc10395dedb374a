"""Whether the models and subgroups of a protocol hold together."""

from __future__ import annotations

from collections.abc import Iterator

from oncohort.study.problems import Problem, names, unknown
from oncohort.study.protocol import Factor, Model, Protocol, Subgroups, level_ids
from oncohort.study.toml_lines import Path
from oncohort.study.words import quoted


def find_model_problems(protocol: Protocol) -> Iterator[Problem]:
    """Yield every place where a model or a comparison in subgroups contradicts the rest of the protocol."""
    factors = {f.id: f for f in protocol.factor}
    endpoints = [e.id for e in protocol.endpoint]
    for k, model in enumerate(protocol.model):
        place = ("model", k)
        yield from names((*place, "endpoint"), "endpoint", [model.endpoint], endpoints)
        yield from names((*place, "factors"), "factor", model.factors, list(factors))
        yield from _codings(place, model, factors)
        yield from _splines(place, model, factors)
        yield from _beside_factors(place, model, factors)
        yield from _variance(place, model, protocol)
    for k, subgroups in enumerate(protocol.subgroup):
        yield from names(("subgroup", k, "endpoint"), "endpoint", [subgroups.endpoint], endpoints)
        yield from _subgroups(("subgroup", k), subgroups, factors)
        if subgroups.id in {model.id for model in protocol.model}:
            yield ("subgroup", k, "id"), f'"{subgroups.id}" is the id of a model already'


def _codings(place: Path, model: Model, factors: dict[str, Factor]) -> Iterator[Problem]:
    for name, coding in model.coding.items():
        where = (*place, "coding", name)
        if name not in model.factors:
            yield where, unknown("factor of this model", name, model.factors)
            continue
        if (coding.map is None) == (coding.cox is None):
            yield where, "either map or cox was expected"
        elif coding.cox is not None and name in factors:
            yield from own_coding((*where, "cox"), factors[name], coding.cox)
        elif coding.map is not None and name in factors and set(coding.map) != set(level_ids(factors[name])):
            yield (
                where,
                f"map must give a score to each of the levels {quoted(level_ids(factors[name]))}, and no other",
            )


def _splines(place: Path, model: Model, factors: dict[str, Factor]) -> Iterator[Problem]:
    for name, spline in model.splines.items():
        where = (*place, "splines", name)
        if name not in model.factors:
            yield where, unknown("factor of this model", name, model.factors)
            continue
        if name not in factors:
            continue
        coding, own = model.coding.get(name), factors[name].cox
        if factors[name].levels is not None:
            yield where, f'a spline needs a number, and the factor "{name}" has levels'
        elif coding is not None and (coding.map is not None or coding.cox not in {"continuous", "log2"}):
            yield (
                where,
                'coding says otherwise; beside a spline only { cox = "continuous" } or { cox = "log2" } can stand',
            )
        elif (
            (own if coding is None else coding.cox) == "log2" and spline.reference is not None and spline.reference <= 0
        ):
            yield (*where, "reference"), f"the logarithm needs a number above 0; got {spline.reference:g}"


def own_coding(place: Path, factor: Factor, cox: str) -> Iterator[Problem]:
    """Yield what a coding needs and a factor does not have."""
    if cox in {"continuous", "log2"} and factor.levels is not None:
        yield place, f'"{cox}" needs a number, and the factor "{factor.id}" has levels'
    if cox in {"indicator", "linear"} and not level_ids(factor):
        yield place, f'"{cox}" needs levels, split or cut of the factor "{factor.id}"'
    if cox == "split" and factor.split is None:
        yield place, f'"split" needs split = "median" or a number of the factor "{factor.id}"'


def _beside_factors(place: Path, model: Model, factors: dict[str, Factor]) -> Iterator[Problem]:
    """Yield problems of strata and cluster, which need levels, and of weights, which need a number."""
    cluster = () if model.cluster is None else (model.cluster,)
    weights = () if model.weights is None else (model.weights,)
    for key, words in (("strata", model.strata), ("weights", weights), ("cluster", cluster)):
        where = (*place, key)
        yield from names(where, "factor", words, list(factors))
        for name in words:
            if name in model.factors:
                yield where, f'the factor "{name}" is a candidate of this model; it cannot be both'
            elif name in factors and key == "weights" and factors[name].levels is not None:
                yield where, f'weights are a number, and the factor "{name}" has levels'
            elif name in factors and key != "weights" and not level_ids(factors[name]):
                yield where, f'the factor "{name}" needs levels, split or cut to tell patients apart'


def _variance(place: Path, model: Model, protocol: Protocol) -> Iterator[Problem]:
    if model.variance is None:
        if model.weights is not None or model.cluster is not None:
            yield (*place, "variance"), 'with weights or cluster, variance = "robust" or "model" must be said'
    elif model.variance == "model" and model.cluster is not None:
        yield (*place, "variance"), 'cluster needs variance = "robust"'
    elif model.variance == "robust" and protocol.selection_of(model)[0] != "none":
        yield (
            (*place, "select"),
            'tests of a selection are model-based; with variance = "robust", method = "none" was expected',
        )


def _subgroups(place: Path, subgroups: Subgroups, factors: dict[str, Factor]) -> Iterator[Problem]:
    yield from names((*place, "compare"), "factor", [subgroups.compare], list(factors))
    yield from names((*place, "factors"), "factor", subgroups.factors, list(factors))
    compared = factors.get(subgroups.compare)
    if compared is not None and len(level_ids(compared)) != 2:
        yield (
            (*place, "compare"),
            f'a factor of two levels was expected; "{compared.id}" has {len(level_ids(compared))}',
        )
    for name in subgroups.factors:
        if name == subgroups.compare:
            yield (*place, "factors"), f'"{name}" is what is compared'
        elif name in factors and not level_ids(factors[name]):
            yield (*place, "factors"), f'the factor "{name}" needs levels, split or cut to make subgroups'
