"""How the report calls things: labels of endpoints, factors and levels, and lists in words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from oncohort.report.document import Run
from oncohort.study.protocol import Factor, Model, Protocol
from oncohort.study.results import Results

METHOD_WORDS: Final[dict[str, str]] = {
    "breslow": "Breslow",
    "efron": "Efron",
    "plain": "untransformed",
    "log-log": "log-log",
    "log": "log",
    "logit": "logit",
    "arcsin": "arcsine",
    "spss": "symmetric limits from the standard error of the median, as SPSS",
    "brookmeyer-crowley": "Brookmeyer and Crowley's limits",
    "likelihood-ratio": "likelihood-ratio test",
    "conditional": "conditional statistic",
    "wald": "Wald test",
    "observed": "observed",
    "reverse-km": "reverse Kaplan–Meier",
    "km": "Kaplan–Meier",
    "spss-haverage": "SPSS HAVERAGE",
    "r-type-7": "R type 7",
}


def factor_label(factor: Factor) -> str:
    """Return a factor's label with its unit, unless the label names the unit already.

    Examples
    --------
    >>> factor_label(Factor(id="afp", column="AFP", label="AFP", unit="ng/ml"))
    'AFP (ng/ml)'
    """
    label = factor.label or factor.id
    return f"{label} ({factor.unit})" if factor.unit and factor.unit not in label else label


def model_title(protocol: Protocol, model: Model) -> str:
    """Return the endpoint of a model, with the model's label or id where the endpoint alone is not enough."""
    alone = sum(other.endpoint == model.endpoint for other in protocol.model) == 1
    return model.endpoint if alone and not model.label else f"{model.endpoint}: {model.label or model.id}"


def interval_name(protocol: Protocol) -> str:
    """Return what the intervals of a study are called, such as "95% CI"."""
    return f"{100 * float(str(protocol.settings()['survival.conf_level'].value)):g}% CI"


def level_label(results: Results, variable: str, level: str) -> str:
    """Return the label of a level, or its id where it has none."""
    return next((row.label for row in results.levels_of(variable) if row.level == level), level)


def endpoint_label(protocol: Protocol, endpoint: str) -> str:
    """Return "overall survival (OS)", or the id alone where the protocol gives no label.

    The first letter is made small unless the word is an abbreviation, so that the name can stand
    inside a sentence.
    """
    label = protocol.find_endpoint(endpoint).label
    if not label:
        return endpoint
    inside = label if label[:2].isupper() else f"{label[0].lower()}{label[1:]}"
    return f"{inside} ({endpoint})" if endpoint not in label else inside


def listed(words: Sequence[str], *, separator: str = ",") -> str:
    """Join words as a sentence does.

    Examples
    --------
    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"]), listed(["a, x", "b, y"], separator=";")
    ('a', 'a and b', 'a, b and c', 'a, x; and b, y')
    """
    if len(words) < 2:
        return "".join(words)
    if separator == ",":
        return f"{', '.join(words[:-1])} and {words[-1]}"
    return f"{f'{separator} '.join(words[:-1])}{separator} and {words[-1]}"


def p_phrase(text: str) -> str:
    """Return "P = 0.031" or "P < 0.001" from the text of a P value."""
    return f"P {text[0]} {text[1:]}" if text[:1] in {"<", ">"} else f"P = {text}"


def with_italic_p(sentence: str) -> tuple[Run, ...]:
    r"""Set the P of every "P = …" in italics, as journals do, and keep it on one line with its value.

    Examples
    --------
    >>> [run.style for run in with_italic_p("alike (P = 0.3)")]
    ['plain', 'italic', 'plain']
    >>> with_italic_p("(P < 0.001)")[2].text
    '\xa0<\xa00.001)'
    """
    whole = re.sub(r"\bP ([=<>≥]) ?", "P\u00a0\\1\u00a0", sentence)
    parts = re.split(r"\b(P)(?=\u00a0[=<>≥])", whole)
    return tuple(Run(part, "italic" if part == "P" else "plain") for part in parts if part)
