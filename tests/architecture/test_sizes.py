"""The shape of the code: small modules with names that say something, frozen classes, one door in and one out."""

import ast
import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "oncohort"
MODULES = sorted(SOURCE.rglob("*.py"))
VAGUE = {"utils", "util", "helpers", "helper", "common", "base", "core", "mixins", "manager", "misc"}
WITH_FILES = {"intake", "writer", "cli"}


def name_of(path: Path) -> str:
    return str(path.relative_to(SOURCE))


def classes() -> list[tuple[Path, ast.ClassDef]]:
    return [
        (path, node)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    ]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_module_has_one_subject_and_at_most_400_lines(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400
    assert not VAGUE & set(path.relative_to(SOURCE).with_suffix("").parts)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_module_says_what_it_is(path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def test_classes_are_frozen_data():
    ways = re.compile(r"frozen=True|BaseModel|NamedTuple|Protocol|Error|Section|Group|Exception|Executor")
    for path, node in classes():
        said = " ".join(ast.unparse(part) for part in (*node.decorator_list, *node.bases))
        assert ways.search(said), f"{name_of(path)}: class {node.name} can change"


def test_only_the_doors_touch_files():
    for path in MODULES:
        parts = path.relative_to(SOURCE).parts
        if parts[0] in WITH_FILES or parts[0] in {"demo.py", "pipeline.py"}:
            continue
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\bopen\(|write_text|write_bytes|read_text|read_bytes", text), name_of(path)


def test_no_file_names_a_path_of_a_machine():
    root = SOURCE.parents[1]
    documents = tuple(f"{name}.md" for name in ("README", "CHANGELOG", "GLOSSARY", "CONTRIBUTING"))
    names = ("src", "docs", "benchmarks", ".ci", "Makefile", *documents)
    files = [f for n in names for f in ([root / n] if (root / n).is_file() else (root / n).rglob("*"))]
    for file in files:
        if file.is_file() and file.suffix in {".py", ".md", ".toml", ".R", ".html", ".css", "", ".csv"}:
            assert not re.search(r"(?<![\w.])/(home|work|root|Users)/", file.read_text(encoding="utf-8")), file
