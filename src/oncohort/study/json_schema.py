"""The JSON Schemas of ``study.toml`` and ``published.toml``, for editors that complete and check while one types."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final, TypeAlias

from oncohort.study.consistency_kind import RECORDS_SECTIONS
from oncohort.study.overlay import INNER_LISTS
from oncohort.study.protocol import Protocol
from oncohort.study.schema_published import PublishedNumbers

Json: TypeAlias = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_REF: Final = "#/$defs/"


def protocol_schema() -> Json:
    """Return the JSON Schema of a protocol, with the keys as they are written in the file.

    It says which keys there are, what they hold and what they mean. In sections that a preset may fill, only ids
    are required. What refers to what, and which keys exclude each other, only ``oncohort check`` knows.

    Examples
    --------
    >>> schema = protocol_schema()
    >>> schema["properties"]["study"]["description"], schema["$defs"]["Study"]["required"]
    ('what the study is', ['title', 'profile'])
    """
    schema = _in_toml(Protocol.model_json_schema(by_alias=True, mode="validation"))
    definitions: Json = schema["$defs"]
    filled = {name for section in RECORDS_SECTIONS for name in _refs(schema["properties"][section], definitions)}
    for name in _items_of_presets(schema, definitions):
        definitions[name]["properties"]["enabled"] = {"const": False, "description": "leaves out the preset's item"}
    for name in filled | {"Criterion"}:
        for table in _tables(definitions[name]):
            table["required"] = [key for key in table.get("required", ()) if key == "id"]
    return {"$schema": DIALECT, "title": "study.toml of oncohort", **schema}


def published_schema() -> Json:
    """Return the JSON Schema of a ``published.toml``.

    Examples
    --------
    >>> published_schema()["$defs"]["PublishedNumber"]["required"]
    ['id', 'place', 'value']
    """
    schema = _in_toml(PublishedNumbers.model_json_schema(mode="validation"))
    return {"$schema": DIALECT, "title": "published.toml of oncohort", **schema}


def schema_text(schema: Json | None = None) -> str:
    """Return a schema as the text of its file, ``docs/study.schema.json`` unless another is given."""
    return json.dumps(protocol_schema() if schema is None else schema, indent=2, ensure_ascii=False) + "\n"


def _in_toml(schema: Any) -> Any:
    """Leave out what TOML cannot say (null), and what an editor need not show: titles and defaults of tables."""
    if isinstance(schema, list):
        items: list[Any] = schema  # type: ignore[reportUnknownVariableType]
        return [_in_toml(item) for item in items if item != {"type": "null"}]
    if not isinstance(schema, dict):
        return schema
    table: Json = schema  # type: ignore[reportUnknownVariableType]
    kept = {key: _in_toml(value) for key, value in table.items() if not _is_noise(key, value)}
    if isinstance(kept.get("description"), str):
        kept["description"] = kept["description"].partition("\n\n")[0].replace("``", "").replace("\n", " ")
    if len(kept.get("anyOf", ())) == 1:
        [only] = kept.pop("anyOf")
        kept = {**only, **kept}
    return kept


def _is_noise(key: str, value: Any) -> bool:
    if key == "default":
        return value is None or isinstance(value, dict | list)
    return key == "title" and isinstance(value, str)


def _refs(schema: Any, definitions: Json) -> Iterator[str]:
    """Yield the names of all definitions that a schema leads to."""
    if isinstance(schema, dict):
        table: Json = schema  # type: ignore[reportUnknownVariableType]
        ref = table.get("$ref")
        name = ref.removeprefix(_REF) if isinstance(ref, str) else ""
        if name:
            yield name
        inner = [value for value in table.values() if value is not schema]
        if name and name != "Condition":  # conditions lead to conditions
            inner.append(definitions[name])
        for value in inner:
            yield from _refs(value, definitions)
    elif isinstance(schema, list):
        for value in schema:  # type: ignore[reportUnknownVariableType]
            yield from _refs(value, definitions)


def _items_of_presets(schema: Json, definitions: Json) -> Iterator[str]:
    """Yield the definition of the items of each list that a preset may hold; criteria have their own ``enabled``."""
    lists = [schema["properties"][section] for section in RECORDS_SECTIONS]
    lists += [
        inner
        for definition in definitions.values()
        for key, inner in definition.get("properties", {}).items()
        if key in INNER_LISTS
    ]
    yield from (each["items"]["$ref"].removeprefix(_REF) for each in lists if each.get("type") == "array")


def _tables(definition: Json) -> Iterator[Json]:
    """Yield the schema of a definition that is a table, or those of its choices that are."""
    yield from (choice for choice in (definition, *definition.get("anyOf", ())) if "properties" in choice)
