"""The rule book: every vector has a page, every page a source, and every page is what the data print."""

import inspect
import re

import pytest
from rule_pages import PAGES, VECTORS, print_index, print_page

from oncohort import rules
from oncohort.clinical.rule import Rule
from oncohort.clinical.rulebook import RULEBOOK

FUNCTIONS = sorted({name for rule in RULEBOOK for name in rule.functions})
JUDGED_BY_THE_PROTOCOL = {"eligibility"}  # its criteria stand in study.toml: see test_eligibility_vectors.py


def test_every_vector_has_a_page():
    on_pages = [section for rule in RULEBOOK for section in rule.vectors]
    assert sorted(on_pages) == sorted(set(VECTORS) - JUDGED_BY_THE_PROTOCOL)
    assert sum(len(section) for section in VECTORS.values()) == 333


@pytest.mark.parametrize("rule", RULEBOOK, ids=lambda rule: rule.id)
def test_page_is_what_its_data_print(rule: Rule):
    assert (PAGES / f"{rule.id}.md").read_text(encoding="utf-8") == print_page(rule), (
        "print the pages: python tests/clinical/rule_pages.py"
    )


def test_there_is_no_other_page_and_the_list_is_whole():
    assert {path.stem for path in PAGES.glob("*.md")} == {rule.id for rule in RULEBOOK} | {"README"}
    assert (PAGES / "README.md").read_text(encoding="utf-8") == print_index()


@pytest.mark.parametrize("rule", RULEBOOK, ids=lambda rule: rule.id)
def test_page_names_its_sources_and_its_doubts(rule: Rule):
    assert rule.sources
    assert all(source.citation and source.place for source in rule.sources), "a source says where in it to look"
    assert re.fullmatch(r"[a-z0-9_]+", rule.id)
    assert rule.question.endswith(("?", "."))
    if any(source.seen == "from knowledge" for source in rule.sources):
        assert rule.doubts, "what was not read again must be told"
    assert all(doubt.endswith(".") for doubt in rule.doubts)
    assert all(len(row) == len(table.head) for table in rule.criteria for row in table.body)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_public_rule_tells_its_contract(name: str):
    function = getattr(rules, name)
    assert name in rules.__all__
    text = inspect.getdoc(function) or ""
    assert ">>>" in text, f"{name}: an example is missing"
    if inspect.isfunction(function):
        assert "Raises\n------" in text, f"{name}: what it refuses is not said"
        for parameter in inspect.signature(function).parameters.values():
            assert parameter.name in text, f"{name}: {parameter.name} is not explained"


def test_rule_ids_are_distinct():
    ids = [rule.id for rule in RULEBOOK]
    assert len(ids) == len(set(ids))
