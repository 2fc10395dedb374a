"""The documents say what is true: examples parse, and every key, statistic and rule of the code stands in them."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from oncohort.demo import demo_study
from oncohort.intake.presets import read_presets
from oncohort.pipeline import run_study
from oncohort.study import protocol
from oncohort.study.parse import parse_protocol
from oncohort.study.profiles import ALLOWED, EVERY_PROFILE
from oncohort.study.results import CurveRow, LevelRow
from oncohort.study.template_tables import TEMPLATE
from oncohort.writer.results import COLUMNS

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "oncohort"
STUDY_FILE, RESULTS, INTAKE, METHODS, ARCHITECTURE = (
    (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
    for name in ("study-file", "results", "intake", "methods", "architecture")
)
DOCUMENTS = sorted([*(ROOT / "docs").rglob("*.md"), ROOT / "GLOSSARY.md", ROOT / "CONTRIBUTING.md"])
EXAMPLES = re.findall(r"^```toml\n(.*?)^```$", STUDY_FILE, re.MULTILINE | re.DOTALL)
WHOLE = [text for text in EXAMPLES if text.startswith("# whole study")]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SHORT = re.findall(r"^```toml\n(\[study\]\n.*?)^```$", README, re.MULTILINE | re.DOTALL)
PARTS = [text for text in EXAMPLES if not text.startswith("# whole study")]
PRESETS = read_presets()
SECTION = re.compile(r"^(?=\[)", re.MULTILINE)


def key_of(section: str) -> tuple[str, str]:
    """Return what makes a section the same as another: its header and, in a list, its id."""
    header = section.partition("\n")[0]
    named = re.search(r'^id = "([^"]*)"', section, re.MULTILINE)
    return header, named[1] if named and header.startswith("[[") else ""


def embedded(part: str) -> str:
    """Return a whole study with a part put in; sections of the part take the place of the same ones."""
    of_records = part.startswith("# records study")
    [whole] = [text for text in WHOLE if ("\nrecords = " in text) == of_records]
    sections = [s for s in SECTION.split(whole) if s.startswith("[")]
    own = {key_of(s) for s in SECTION.split(part) if s.startswith("[")}
    return "".join(s for s in sections if key_of(s) not in own) + "\n" + part


def sections_of_a_protocol() -> Iterator[tuple[str, str]]:
    for name, kind in vars(protocol).items():
        if isinstance(kind, type) and issubclass(kind, protocol.Section) and kind is not protocol.Section:
            yield from ((name, info.alias or field) for field, info in kind.model_fields.items())


def code_spans(text: str) -> set[str]:
    """Return every word that stands in backticks, alone or beside others."""
    return {word for span in re.findall(r"`([^`\n]+)`", text) for word in re.findall(r"[\w-]+", span)}


@pytest.fixture(scope="module")
def demo_rows():
    with demo_study("sorafenib_table") as folder:
        return run_study(folder).results.rows


@pytest.mark.parametrize("text", WHOLE + SHORT)
def test_whole_study_is_accepted(text):
    assert parse_protocol(text, "study.toml", PRESETS, template=TEMPLATE).endpoint


@pytest.mark.parametrize("text", PARTS, ids=lambda text: " ".join(text.split("\n")[:2]))
def test_part_is_accepted_in_a_study(text):
    told = tomllib.loads(text)
    read = parse_protocol(embedded(text), "study.toml", PRESETS, template=TEMPLATE).model_dump()
    assert set(told) <= set(read)


def test_every_example_is_found():
    assert len(WHOLE) >= 1
    assert STUDY_FILE.count("```toml") == len(EXAMPLES) >= 9


@pytest.mark.parametrize(("section", "field"), list(sections_of_a_protocol()))
def test_every_key_of_a_protocol_is_explained(section, field):
    in_headers = re.findall(r"^## \[+([\w.]+)\]+", STUDY_FILE, re.MULTILINE)
    known = code_spans(STUDY_FILE) | {part for header in in_headers for part in header.split(".")}
    assert field in known, f"{section}.{field} is not explained"


def in_toml(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("key", EVERY_PROFILE)
def test_both_values_of_a_profile_stand_in_the_table(key):
    [row] = [line for line in STUDY_FILE.splitlines() if line.startswith(f"| `{key}` |")]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    said = [in_toml(EVERY_PROFILE[key][profile]) for profile in ("paper", "guideline")]
    assert cells[1:3] == said
    for word in ALLOWED.get(key, ()):
        assert word in row, f"{word} is possible and not told"


@pytest.mark.parametrize("key", ALLOWED)
def test_every_choice_is_defined_in_the_methods(key):
    for word in ALLOWED[key]:
        assert word in code_spans(METHODS), f"{key} = {word} is not defined"


def test_every_analysis_and_statistic_of_the_demo_is_named(demo_rows):
    for name in sorted({row.analysis for row in demo_rows} | {row.statistic for row in demo_rows}):
        assert name in code_spans(RESULTS), f"{name} is not named"


def test_glossary_has_every_analysis_and_statistic(demo_rows):
    words = code_spans((ROOT / "GLOSSARY.md").read_text(encoding="utf-8"))
    assert {row.analysis for row in demo_rows} | {row.statistic for row in demo_rows} <= words


def test_pages_are_short():
    assert len(ARCHITECTURE.splitlines()) <= 150
    for path in (ROOT / "docs" / "adr").glob("0*.md"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 40, path.name


def test_every_kind_of_row_of_the_demo_is_described(demo_rows):
    """A section for each analysis names its statistics and the fixed words of its levels and variables."""
    sections = {s.partition("\n")[0].strip("# `"): s for s in re.split(r"^(?=### )", RESULTS, flags=re.MULTILINE)}
    for row in demo_rows:
        assert row.statistic in code_spans(sections[row.analysis]), f"{row.analysis}: {row.statistic}"
        fixed = {"follow_up", "stepwise", "flow"}
        if row.analysis in fixed and row.level:
            assert row.level in code_spans(sections[row.analysis]), f"{row.analysis}: {row.level}"
        if row.analysis == "guards":
            assert row.variable in code_spans(sections["guards"])


def test_example_keys_are_rows_of_the_demo(demo_rows):
    """Each example line of results.md is a row that the demo has, word for word."""
    blocks = re.findall(r"^```csv\n(.*?)^```$", RESULTS, re.MULTILINE | re.DOTALL)
    there = {
        tuple(getattr(row, name) for name in COLUMNS if name not in {"unit", "value", "text"}) for row in demo_rows
    }
    examples = [tuple(line.split(",")) for block in blocks for line in block.splitlines()]
    assert len(examples) >= 20
    for example in examples:
        assert example in there, f"no row has the key {example}"


@pytest.mark.parametrize("kind", [CurveRow, LevelRow])
def test_columns_of_the_other_files_are_named(kind):
    assert set(kind.__slots__) <= code_spans(RESULTS)
    assert set(COLUMNS) <= code_spans(RESULTS)


A_RULE = r'"([A-Z]+(?:-[A-Z]+)+)"'
A_RULE_OF_A_FINDING = rf'(?:"(?:fatal|error|warning|note)"|\blevel),\s*{A_RULE}'


def rule_ids() -> set[str]:
    """Return the rules of all findings but those of checks of records, which docs/checks.md lists."""
    patterns = {"intake": A_RULE, "derive": A_RULE_OF_A_FINDING, "analysis": A_RULE_OF_A_FINDING, "report": A_RULE}
    found = {
        word
        for floor, pattern in patterns.items()
        for path in (SOURCE / floor).rglob("*.py")
        if not path.name.startswith(("record_rules", "record_checks"))
        for word in re.findall(pattern, path.read_text(encoding="utf-8"))
    }
    return {rule for rule in found if any(len(part) > 1 for part in rule.split("-"))}


def test_every_rule_is_in_the_document_and_no_other():
    told = set(re.findall(r"^\| `([A-Z]+(?:-[A-Z]+)+)`", INTAKE, re.MULTILINE))
    assert told == rule_ids()
    assert len(told) >= 30


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_and_files_of_a_document_are_there(path):
    text = path.read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        if "://" not in link:
            assert (path.parent / link).exists(), f"{path.name}: {link}"
    for name in re.findall(r"`((?:src|tests|docs|benchmarks)/[\w./-]+)`", text):
        assert (ROOT / name).exists(), f"{path.name}: {name}"


def test_floors_of_the_document_are_those_of_the_contract():
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ][0]
    rows = re.findall(r"^\| (`\w+`(?: \\\| `\w+`)*) \|", ARCHITECTURE, re.MULTILINE)
    told = [re.findall(r"`(\w+)`", row) for row in rows]
    floors = [re.findall(r"\w+", layer) for layer in contract["layers"]]
    assert [row for row in told if row[0] in {name for floor in floors for name in floor}] == floors
