"""TOML text to Protocol: every mistake told at once, with its line, and nothing guessed."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import ValidationError

from oncohort.errors import ProtocolError
from oncohort.study.consistency import find_problems
from oncohort.study.dictionary import Template
from oncohort.study.overlay import item_at, lay_over_preset, place_in_file
from oncohort.study.problems import Problem
from oncohort.study.protocol import Protocol
from oncohort.study.toml_lines import Path, locate_keys
from oncohort.study.validation import in_one_line, in_words

CHOOSE: Final = "CHOOSE"
"""The word that a drafted ``study.toml`` holds where only the study's owner can know."""


def parse_protocol(text: str, name: str, presets: Mapping[str, str] | None = None, *, template: Template) -> Protocol:
    r"""Read the text of a ``study.toml``.

    Parameters
    ----------
    text : str
        The whole file.
    name : str
        What messages call it, usually ``study.toml``.
    presets : mapping of str to str, optional
        The TOML text of every preset that the study may name, by its name.
    template : mapping of name to TemplateTable
        The tables of this study: those of the template, as its ``dictionary.csv`` changes them. What a records study
        names must be one of their columns; a table study reads none of it.

    Raises
    ------
    ProtocolError
        If the text is not TOML, a key is unknown, missing or impossible, or a choice is still to be
        made. One line a problem: ``study.toml:9 endpoint.PFS.time.unit: …``.

    Examples
    --------
    >>> from oncohort.study.template_tables import TEMPLATE
    >>> parse_protocol('[study]\ntitel = "x"', "study.toml", template=TEMPLATE)
    Traceback (most recent call last):
    ...
    oncohort.errors.ProtocolError: study.toml:1 study.title: is missing
    study.toml:1 study.profile: is missing
    study.toml:2 study.titel: there is no such key. Did you mean "title"?
    study.toml: endpoint: is missing
    study.toml: records: is missing: [records.patients] of a table study, or records = "…" under [study]
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProtocolError(f"{name}: this is not TOML: {error}") from error
    merged = lay_over_preset(raw, presets or {})
    content = merged.content
    problems = [*_still_open(content), *merged.problems]
    if not problems:
        try:
            protocol = Protocol.model_validate(content, context={"from_preset": merged.from_preset})
        except ValidationError as error:
            problems = [*in_words(error, content, Protocol), *_kind(content)]
        else:
            problems = [*_kind(content)] or [*find_problems(protocol, template)]
            if not problems:
                return with_labels(protocol)
    lines = locate_keys(text)
    places = [path if content is raw else place_in_file(raw, content, path) for path, _ in problems]
    messages = (
        in_one_line(name, lines.line_of(place), content, path, sentence)
        for place, (path, sentence) in zip(places, problems, strict=True)
    )
    raise ProtocolError("\n".join(messages))


def asks_for_records(text: str) -> bool:
    """Return whether the text of a ``study.toml`` is that of a records study; one that is no TOML is none.

    Nothing else of it is looked at: the template must be known before the rest can be read.

    Examples
    --------
    >>> asks_for_records('study = { records = "data" }'), asks_for_records("[study")
    (True, False)
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return item_at(item_at(content, "study"), "records") is not None


def with_labels(protocol: Protocol) -> Protocol:
    """Return the protocol with the label of the baseline variable for each factor of it that has none."""
    variables = protocol.baseline.variable if protocol.baseline else ()
    labels = {variable.id: variable.label for variable in variables if variable.label}
    if not any(not factor.label and factor.column in labels for factor in protocol.factor):
        return protocol
    factors = (f.model_copy(update={"label": f.label or labels.get(f.column, "")}) for f in protocol.factor)
    return protocol.model_copy(update={"factor": tuple(factors)})


def _kind(content: Any) -> Iterator[Problem]:
    """Yield a problem if a study is neither a table study nor a records study, or both."""
    in_table = item_at(item_at(content, "records"), "patients") is not None
    in_folder = item_at(item_at(content, "study"), "records") is not None
    if in_table and in_folder:
        words = 'makes a table study, and records = "…" under [study] a records study; one of the two was expected'
        yield ("records", "patients"), words
    elif not in_table and not in_folder:
        yield ("records",), 'is missing: [records.patients] of a table study, or records = "…" under [study]'


def _still_open(content: Any, path: Path = ()) -> Iterator[Problem]:
    """Yield every value that still says CHOOSE."""
    if isinstance(content, dict):
        for key, value in content.items():  # type: ignore[reportUnknownVariableType]
            yield from _still_open(value, (*path, str(key)))  # type: ignore[reportUnknownArgumentType]
    elif isinstance(content, list):
        for k, value in enumerate(content):  # type: ignore[reportUnknownArgumentType, reportUnknownVariableType]
            yield from _still_open(value, (*path, k))
    elif content == CHOOSE:
        yield path, "is still to be chosen; the comment beside it says what can stand here"
