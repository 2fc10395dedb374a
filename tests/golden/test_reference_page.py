"""The page of the references is what the comparisons print, and its files say where they come from."""

import json
import re

import pytest
from reference_page import ALL, PAGE, ROOT, print_page
from references import GOLDEN, Reference


def test_page_is_what_its_comparisons_print():
    assert PAGE.read_text(encoding="utf-8") == print_page(), "print it: python tests/golden/reference_page.py"


def test_each_file_of_cases_has_a_part():
    assert {path.stem for path in GOLDEN.glob("*.json")} == {reference.name for reference in ALL}


@pytest.mark.parametrize("reference", ALL, ids=lambda reference: reference.name)
def test_file_names_repository_commit_and_licence(reference: Reference):
    assert re.fullmatch(
        rf"github\.com/pharmaverse/admiral(onco)? @[0-9a-f]{{40}} tests/testthat/test-{reference.name}\.R",
        reference.source,
    )
    assert reference.licence == "Apache-2.0"
    assert "<-" not in json.dumps(json.loads((GOLDEN / f"{reference.name}.json").read_text(encoding="utf-8"))), (
        "no code"
    )


@pytest.mark.parametrize("reference", ALL, ids=lambda reference: reference.name)
def test_reference_links_to_the_page_of_a_rule(reference: Reference):
    assert (ROOT / "docs" / "rules" / f"{reference.page}.md").is_file()


def test_each_difference_says_why_in_one_sentence():
    for reference in ALL:
        for difference in reference.differences:
            assert len(difference.why) > 20, difference
            assert not re.search(r"[.!?]( |$)", difference.why), difference
