"""Whether what a protocol says of competing events holds together."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Final

from oncohort.study.dictionary import Template
from oncohort.study.problems import Problem, names
from oncohort.study.profiles import COMPETING_PROFILES
from oncohort.study.protocol import Endpoint, EventCodes, Model, Protocol, has_competing
from oncohort.study.records import same_value
from oncohort.study.toml_lines import Path

_OF_COX: Final = ("select", "strata", "weights", "cluster", "variance", "splines", "bootstrap")
_NO_ENTRY: Final = "belongs to an endpoint without competing events; cumulative incidence counts all from time 0 on"
_NAMED: Final = "competing under event names them in a table study, causes in a records study"


def find_competing_problems(protocol: Protocol, template: Template) -> Iterator[Problem]:
    """Yield every place where competing events are named in a way that cannot be, or are needed and not named."""
    for k, endpoint in enumerate(protocol.endpoint):
        if endpoint.event is not None:
            yield from _codes(("endpoint", k, "event"), endpoint.event)
        if endpoint.causes and protocol.is_records_study:
            yield from _causes(("endpoint", k), endpoint, template)
        if endpoint.entry is not None and has_competing(endpoint):
            yield ("endpoint", k, "entry"), _NO_ENTRY
    without = [endpoint.id for endpoint in protocol.endpoint if not has_competing(endpoint)]
    for k, model in enumerate(protocol.model):
        if model.kind == "fine-gray":
            yield from _fine_gray(("model", k), model, without)
    yield from _figures(protocol, without)
    if len(without) == len(protocol.endpoint):
        yield from _settings(protocol)


def _figures(protocol: Protocol, without: list[str]) -> Iterator[Problem]:
    kinds = {model.id: model.kind for model in protocol.model}
    for k, figure in enumerate(protocol.figure):
        for j, panel in enumerate(figure.incidence):
            if panel.endpoint in without:
                yield ("figure", k, "incidence", j, "endpoint"), _no_competing(panel.endpoint)
        if figure.forest is not None and kinds.get(figure.forest) == "fine-gray":
            yield ("figure", k, "forest"), f'"{figure.forest}" is a Fine-Gray model; a Cox model was expected'


def _settings(protocol: Protocol) -> Iterator[Problem]:
    for key in COMPETING_PROFILES:
        section, name = key.split(".")
        if getattr(getattr(protocol, section), name) is not None:
            yield (section, name), f"belongs to an endpoint with competing events; {_NAMED}"


def _no_competing(endpoint: str) -> str:
    return f'the endpoint "{endpoint}" has no competing events; {_NAMED}'


def _codes(place: Path, codes: EventCodes) -> Iterator[Problem]:
    """Yield a code that is said to mean two things."""
    lists = {"values": codes.values, "censored": codes.censored or (), "competing": codes.competing or ()}
    for one, other in combinations(lists, 2):
        for value in lists[other]:
            if any(same_value(str(value), known) for known in lists[one]):
                yield (*place, other), f'the code "{value}" stands in {one} already'


def _causes(place: Path, endpoint: Endpoint, template: Template) -> Iterator[Problem]:
    column = template["death"].find("primary_cause")
    allowed = column.allowed if column is not None else ()
    yield from names((*place, "causes"), "cause of death", endpoint.causes, allowed)
    if endpoint.events != ("death",):
        yield (*place, "causes"), 'belongs to an endpoint with events = ["death"]'
    elif set(allowed) <= set(endpoint.causes):
        yield (*place, "causes"), "every cause is named, so no death competes; leave causes out"


def _fine_gray(place: Path, model: Model, without: list[str]) -> Iterator[Problem]:
    if model.endpoint in without:
        yield (*place, "endpoint"), _no_competing(model.endpoint)
    for key in _OF_COX:
        if getattr(model, key):
            yield (*place, key), "belongs to a Cox model; a Fine-Gray model has all its factors and one variance"
