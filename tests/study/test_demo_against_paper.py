"""The demo, a synthetic cohort, gives the numbers printed in the paper it reconstructs.

``paper/published.csv``: the published numbers that one row a patient can give, with their place in the paper
(sorafenib with or without TACE and cryoablation in advanced HBV-related hepatocellular carcinoma, 110 patients)
and the row of the results table that answers each. ``expected`` says which are known not to hold together with
the rest, because they contradict the arithmetic or no such cohort has been found.
"""

import csv
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from oncohort.demo import demo_study
from oncohort.pipeline import run_study

PUBLISHED = list(
    csv.DictReader((Path(__file__).parent / "paper" / "published.csv").read_text(encoding="utf-8").splitlines())
)
KEYS = ("model", "endpoint", "group", "variable", "level")


@pytest.fixture(scope="module")
def results():
    with demo_study("sorafenib_table") as folder:
        return run_study(folder).results


def as_printed(number, results) -> bool:
    row = results.get(number["analysis"], number["statistic"], **{key: number[key] for key in KEYS})
    assert row is not None, f"{number['id']}: no row of the results answers it"
    if number["op"] == "<":
        return row.value < float(number["published"])
    step = Decimal(1).scaleb(-int(number["precision"]))
    return Decimal(repr(row.value)).quantize(step, rounding=ROUND_HALF_UP) == Decimal(number["published"]).quantize(
        step
    )


@pytest.mark.parametrize("number", [n for n in PUBLISHED if n["expected"] == "equal"], ids=lambda n: n["id"])
def test_number_is_as_printed(number, results):
    assert as_printed(number, results)


def test_number_of_equal_numbers_only_rises(results):
    equal = [n["id"] for n in PUBLISHED if as_printed(n, results)]
    assert len(PUBLISHED) == 224
    assert len(equal) >= 222


def test_both_selections_are_those_of_the_paper(results):
    selected = {
        (row.model, row.variable)
        for row in results.select("multivariable_cox")
        if row.statistic == "selected" and row.value == 1
    }
    assert selected == {
        ("cox_pfs", "arm"),
        ("cox_pfs", "ecog"),
        ("cox_pfs", "child_pugh"),
        ("cox_os", "arm"),
        ("cox_os", "ecog"),
        ("cox_os", "afp"),
    }


def test_models_say_that_they_rest_on_the_58_biopsied_patients(results):
    for model, endpoint, events in (("cox_pfs", "PFS", "55"), ("cox_os", "OS", "42")):
        keys = {"model": model, "endpoint": endpoint}
        assert results.text("multivariable_cox", "n", **keys) == "58"
        assert results.text("multivariable_cox", "n_event", **keys) == events
        assert (
            results.text("guards", "n_missing", **keys, variable="complete_case_loss", level="differentiation") == "52"
        )
