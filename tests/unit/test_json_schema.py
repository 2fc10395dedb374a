"""The JSON Schema for editors: as the code prints it, every key with its meaning, and every good study fits it."""

import json
import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from oncohort.study.json_schema import protocol_schema, schema_text

ROOT = Path(__file__).parents[2]
SCHEMA = protocol_schema()
EXAMPLES = re.findall(
    r"^```toml\n(.*?)^```$", (ROOT / "docs" / "study-file.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
)
STUDIES = [
    *sorted((ROOT / "src" / "oncohort" / "demos").glob("*/study.toml")),
    *sorted((ROOT / "tests" / "study").rglob("*.toml")),
]
KINDS = {
    "object": dict,
    "array": list,
    "string": (str, date),
    "boolean": bool,
    "integer": int,
    "number": (int, float),
}


def misfits(value: Any, schema: dict[str, Any], place: str = "") -> list[str]:
    """Return where a value does not fit a schema, by the words of JSON Schema that ours is made of."""
    if "$ref" in schema:
        schema = {**SCHEMA["$defs"][schema["$ref"].removeprefix("#/$defs/")], **schema}
    if "anyOf" in schema:
        tries = [misfits(value, choice, place) for choice in schema["anyOf"]]
        return [] if any(not found for found in tries) else [f"{place}: fits none of {len(tries)}"]
    kind = schema.get("type")
    if kind and (not isinstance(value, KINDS[kind]) or (isinstance(value, bool) and kind != "boolean")):
        return [f"{place}: {value!r} is no {kind}"]
    found = []
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{place}: {value!r} is not in {schema['enum']}")
    if "const" in schema and value != schema["const"]:
        found.append(f"{place}: {value!r} is not {schema['const']!r}")
    if "pattern" in schema and not re.search(schema["pattern"], value):
        found.append(f"{place}: {value!r} does not match")
    if isinstance(value, dict):
        found += _in_table(value, schema, place)
    if isinstance(value, list):
        inner = schema.get("prefixItems", [schema.get("items", {})] * len(value))
        found += [
            line for k, (v, s) in enumerate(zip(value, inner, strict=False)) for line in misfits(v, s, f"{place}.{k}")
        ]
    return found


def _in_table(value: dict[str, Any], schema: dict[str, Any], place: str) -> list[str]:
    known = schema.get("properties", {})
    patterns = schema.get("patternProperties", {})
    found = [f"{place}: {key} is missing" for key in schema.get("required", ()) if key not in value]
    for key, item in value.items():
        rest = next((s for p, s in patterns.items() if re.search(p, key)), schema.get("additionalProperties", True))
        inner = known.get(key, rest)
        if inner is False:
            found.append(f"{place}: there is no key {key}")
        elif isinstance(inner, dict):
            found += misfits(item, inner, f"{place}.{key}")
    return found


def test_file_is_what_the_code_prints():
    assert (ROOT / "docs" / "study.schema.json").read_text(encoding="utf-8") == schema_text()
    assert json.loads(schema_text()) == SCHEMA


def test_every_key_says_what_it_means():
    tables = [*SCHEMA["$defs"].values(), SCHEMA]
    tables += [choice for table in tables for choice in table.get("anyOf", ()) if "properties" in choice]
    keys = [(name, key) for table in tables for name, key in table.get("properties", {}).items()]
    assert len(keys) > 200
    assert not [name for name, key in keys if not key.get("description")]


def test_keys_are_those_of_the_file():
    variable = SCHEMA["$defs"]["BaselineVariable"]["properties"]
    assert "from" in variable
    assert "source" not in variable
    assert "value" in SCHEMA["$defs"]["Level"]["properties"]


def test_nothing_is_null():
    assert "null" not in re.findall(r'"type": "(\w+)"', schema_text())


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: str(path.relative_to(ROOT)))
def test_study_fits(path):
    study = tomllib.loads(path.read_text(encoding="utf-8").replace('"CHOOSE"', '"paper"'))
    drafted = "demos/blank" in path.as_posix()
    assert misfits(study, SCHEMA) == [] or drafted


@pytest.mark.parametrize("text", EXAMPLES, ids=lambda text: " ".join(text.split("\n")[:2]))
def test_example_of_the_documents_fits(text):
    whole = {"study": {"title": "x", "profile": "paper"}, "endpoint": [{"id": "OS"}]}
    study = tomllib.loads(text)
    study["study"] = {**whole["study"], **study.get("study", {})}
    assert misfits({**whole, **study}, SCHEMA) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"studi": {}},
        {"study": {"title": 3, "profile": "paper"}},
        {"study": {"title": "x", "profile": "papr"}},
        {"response": {"sd_min_days": "56 or more"}},
        {"response": {"confirm": "yes"}},
        {"arm": {"levels": [{"id": "a", "TACE": "some"}]}},
        {"baseline": {"variable": [{"from": "labs.AFP"}]}},
        {"safety": {"columns": ["grade 3"]}},
        {"drug": {"sorafenib": {"rule": [{"id": "lower"}]}}},
        {"factor": [{"id": "a", "column": "a", "levels": [{"label": "x"}]}]},
    ],
)
def test_mistake_does_not_fit(wrong):
    study = {"study": {"title": "x", "profile": "paper"}, "endpoint": [{"id": "OS"}], **wrong}
    assert misfits(study, SCHEMA)
