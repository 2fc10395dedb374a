"""TOML text to Margins: every mistake told at once, with its line, as for ``study.toml``."""

from __future__ import annotations

import tomllib

from pydantic import ValidationError

from oncohort.errors import ProtocolError
from oncohort.simulate.margin_problems import find_margin_problems
from oncohort.simulate.margins import Margins
from oncohort.study.protocol import Protocol
from oncohort.study.toml_lines import locate_keys
from oncohort.study.validation import in_one_line, in_words


def parse_margins(text: str, name: str, protocol: Protocol) -> Margins:
    r"""Read the text of a ``margins.toml``.

    Parameters
    ----------
    text : str
        The whole file.
    name : str
        What messages call it, usually ``margins.toml``.
    protocol : Protocol
        The protocol of the cohort, a records study: it declares the arms, the reasons of the flow and of early stops.

    Raises
    ------
    ProtocolError
        If the text is not TOML, a key is unknown or impossible, or the numbers contradict each other or the protocol.
        One line a problem: ``margins.toml:9 arm.tcae: …``.

    Examples
    --------
    >>> from oncohort.study.parse import parse_protocol
    >>> from oncohort.study.template_tables import TEMPLATE
    >>> study = '''
    ... study = { title = "x", profile = "paper", records = "data", index = { date = "subjects.first_sorafenib_date" } }
    ... population = { analysis = "treated", safety = "treated" }
    ... endpoint = [{ id = "OS", start = "index", events = ["death"], censor = "last_follow_up" }]
    ... '''
    >>> parse_margins("[patients]\ntraeted = 3", "margins.toml", parse_protocol(study, "study.toml", template=TEMPLATE))
    Traceback (most recent call last):
    ...
    oncohort.errors.ProtocolError: margins.toml:2 patients.traeted: there is no such key. Did you mean "treated"?
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProtocolError(f"{name}: this is not TOML: {error}") from error
    try:
        margins = Margins.model_validate(raw)
    except ValidationError as error:
        problems = [*in_words(error, raw, Margins)]
    else:
        problems = [*find_margin_problems(margins, protocol)]
        if not problems:
            return margins
    lines = locate_keys(text)
    raise ProtocolError(
        "\n".join(in_one_line(name, lines.line_of(path), raw, path, sentence) for path, sentence in problems)
    )
