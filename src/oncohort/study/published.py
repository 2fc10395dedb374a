"""Published numbers: TOML text to frozen data, every mistake told at once, and what of study.toml they may name."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final, cast, get_args

from pydantic import BaseModel, ValidationError

from oncohort.errors import ProtocolError
from oncohort.study.problems import Problem, duplicates
from oncohort.study.protocol import Protocol
from oncohort.study.schema_published import PublishedNumber, PublishedNumbers, RowKey
from oncohort.study.schema_shared import TimeUnit
from oncohort.study.toml_lines import locate_keys
from oncohort.study.validation import in_one_line, in_words
from oncohort.study.words import did_you_mean

_ANSWERS: Final = ("row", "rows", "setting")
_ALLOWED: Final[Mapping[str, tuple[str, ...]]] = {"result": ("row", "rows"), "protocol": ("setting",), "cited": ()}
_UNIT: Final = re.compile(rf"_({'|'.join(get_args(TimeUnit))})$")


def parse_published(text: str, name: str, protocol: Protocol) -> PublishedNumbers:
    r"""Read the text of a ``published.toml``.

    A number keeps the digits it was printed with: ``4.10`` has two decimals.

    Parameters
    ----------
    text : str
        The whole file.
    name : str
        What messages call it.
    protocol : Protocol
        The protocol whose keys the numbers may name.

    Raises
    ------
    ProtocolError
        If the text is not TOML, or a key is unknown, missing or impossible; a line a problem, as for study.toml.

    Examples
    --------
    >>> from oncohort.study.parse import parse_protocol
    >>> from oncohort.study.template_tables import TEMPLATE
    >>> study = '''study = { title = "x", profile = "paper" }
    ... records = { patients = { file = "a.csv", patient_id = "id" } }
    ... endpoint = [{ id = "OS", time = { column = "t", unit = "months" }, event = { column = "d", values = [1] } }]'''
    >>> protocol = parse_protocol(study, "study.toml", template=TEMPLATE)
    >>> text = '''source = { citation = "Wang C et al. Exp Ther Med 2012;4(2):188" }
    ... number = [
    ...   { id = "OS", place = "Abstract", value = 10.50, row = { analysis = "survival", statistic = "qvalue" } },
    ... ]'''
    >>> parse_published(text, "published.toml", protocol)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    oncohort.errors.ProtocolError: published.toml:3 number.OS.row.statistic: "qvalue" is not one of ...
    """
    try:
        raw = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise ProtocolError(f"{name}: this is not TOML: {error}") from error
    try:
        published = PublishedNumbers.model_validate(raw)
    except ValidationError as error:
        problems = [*in_words(error, raw, PublishedNumbers)]
    else:
        problems = [*_find_problems(published, protocol)]
        if not problems:
            return published
    lines = locate_keys(text)
    messages = (in_one_line(name, lines.line_of(path), raw, path, sentence) for path, sentence in problems)
    raise ProtocolError("\n".join(messages))


def resolve(number: PublishedNumber, published: PublishedNumbers) -> PublishedNumber:
    """Return a number with what it leaves to the one it repeats: what answers it, its unit, and the reason."""
    original = next((other for other in published.number if other.id == number.duplicate_of), None)
    if original is None:
        return number
    inherited = {"unit": original.unit} if number.unit is None else {}
    if not _answers(number):
        inherited |= {key: getattr(original, key) for key in (*_ANSWERS, "how")}
    if not number.reason:
        inherited |= {"reason": original.reason, "cannot_be": original.cannot_be}
    return number.model_copy(update=inherited)


def precision_of(number: PublishedNumber) -> int:
    """Return the decimals at which a number is compared: its ``precision``, else those that were printed."""
    return decimals(number.value) if number.precision is None else number.precision


def decimals(value: object) -> int:
    """Return how many decimals a number was printed with.

    Examples
    --------
    >>> decimals(Decimal("4.10")), decimals(54)
    (2, 0)
    """
    exponent = value.as_tuple().exponent if isinstance(value, Decimal) else 0
    return max(0, -exponent) if isinstance(exponent, int) else 0


def unit_of_setting(key: str) -> TimeUnit | None:
    """Return the unit of time that the name of a key ends with: ``imaging.every_days`` is in days."""
    found = _UNIT.search(key)
    return next((unit for unit in get_args(TimeUnit) if found and unit == found[1]), None)


def setting_in_force(protocol: Protocol, key: str) -> object:
    """Return what a study says at a key with the ids of list items in it, or by their place from 1.

    A choice that the profile makes counts as said; None where nothing is.

    Raises
    ------
    ProtocolError
        If there is no such key, or it holds a table or a list.

    Examples
    --------
    >>> from oncohort.study.parse import parse_protocol
    >>> from oncohort.study.template_tables import TEMPLATE
    >>> study = '''study = { title = "x", profile = "paper" }
    ... records = { patients = { file = "a.csv", patient_id = "id" } }
    ... endpoint = [{ id = "OS", time = { column = "t", unit = "months" }, event = { column = "d", values = [1] } }]'''
    >>> protocol = parse_protocol(study, "study.toml", template=TEMPLATE)
    >>> [setting_in_force(protocol, key) for key in ("study.profile", "endpoint.OS.time.unit", "survival.ties")]
    ['paper', 'months', 'breslow']
    """
    force = protocol.settings()
    if key in force:
        return force[key].value
    here: object = protocol
    for part in key.split("."):
        inside = _inside(here)
        if part not in inside:
            raise ProtocolError(f'there is no key "{part}" in study.toml.{did_you_mean(part, inside)}')
        here = inside[part]
    if isinstance(here, BaseModel | tuple | dict):
        raise ProtocolError(f'"{key}" of study.toml holds several values; the key of one was expected')
    return here


def _inside(here: object) -> dict[str, Any]:
    """Return what stands in a table or a list, by key, id or place."""
    if isinstance(here, BaseModel):
        declared = {field.alias or name: getattr(here, name) for name, field in type(here).model_fields.items()}
        return {**declared, **(here.model_extra or {})}
    if isinstance(here, tuple):
        items = enumerate(cast("tuple[Any, ...]", here), start=1)
        return {str(getattr(item, "id", None) or place): item for place, item in items}
    if isinstance(here, dict):
        return {str(name): value for name, value in cast("dict[Any, Any]", here).items()}
    return {}


def _answers(number: PublishedNumber) -> list[str]:
    return [name for name in _ANSWERS if getattr(number, name) is not None]


def _find_problems(published: PublishedNumbers, protocol: Protocol) -> Iterator[Problem]:
    yield from duplicates(("number",), "number", [number.id for number in published.number])
    by_id = {number.id: number for number in published.number}
    for place, number in enumerate(published.number):
        own = [
            *_of_duplicate(number, by_id),
            *_of_answers(number),
            *_of_value(number),
            *_of_setting(number, protocol),
        ]
        yield from ((("number", place, *path), sentence) for path, sentence in own)


def _of_duplicate(number: PublishedNumber, by_id: Mapping[str, PublishedNumber]) -> Iterator[Problem]:
    if number.duplicate_of is None:
        return
    original = by_id.get(number.duplicate_of)
    if original is None or original.id == number.id:
        near = did_you_mean(number.duplicate_of, by_id.keys() - {number.id})
        yield ("duplicate_of",), f'there is no other number "{number.duplicate_of}".{near}'
    elif original.duplicate_of is not None:
        words = f'"{original.id}" repeats another number itself; "{original.duplicate_of}" was expected'
        yield ("duplicate_of",), words


def _of_answers(number: PublishedNumber) -> Iterator[Problem]:
    given, allowed = _answers(number), _ALLOWED[number.cls]
    wrong = [name for name in given if name not in allowed]
    if wrong:
        yield (wrong[0],), f'cannot answer a number whose cls is "{number.cls}"'
    elif len(given) > 1:
        yield (given[1],), f"answers a number that {given[0]} answers already; one of the two was expected"
    elif allowed and not given and number.duplicate_of is None and not number.reason:
        yield (allowed[0],), "is missing: what answers the number, or a reason why nothing does"
    if (number.rows is None) != (number.how is None):
        yield ("how",), "goes with rows: what is made of them, sum or difference"
    if number.cannot_be and not number.reason:
        yield ("reason",), "is missing: why no data can give the number"


def _of_value(number: PublishedNumber) -> Iterator[Problem]:
    if isinstance(number.value, int | Decimal):
        if number.precision is not None and number.precision < decimals(number.value):
            yield ("precision",), f"{number.precision} is less than the decimals of {number.value}, which was printed"
        return
    for key, usual in (("op", "="), ("precision", None), ("unit", None), ("rows", None)):
        if getattr(number, key) != usual:
            yield (key,), "goes with a number; value is none"
    rows: tuple[RowKey, ...] = () if number.row is None else (number.row,)
    if isinstance(number.value, tuple) and any(row.statistic != "selected" for row in rows):
        yield ("row", "statistic"), '"selected" was expected, as value lists what was selected'


def _of_setting(number: PublishedNumber, protocol: Protocol) -> Iterator[Problem]:
    if number.setting is None:
        return
    try:
        setting_in_force(protocol, number.setting)
    except ProtocolError as error:
        yield ("setting",), str(error)
    if number.unit is not None and unit_of_setting(number.setting) is None:
        yield ("unit",), f'the name of "{number.setting}" ends with no unit of time'
