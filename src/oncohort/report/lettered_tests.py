"""P values of a table, each with a small letter for its test, and the notes that explain the letters."""

from __future__ import annotations

from collections.abc import Iterable
from string import ascii_lowercase
from typing import Final

from oncohort.report.document import Run, Text
from oncohort.report.rank_names import RANK_TESTS, capital
from oncohort.study.results import KEYS, Results
from oncohort.study.results import Row as Number

_RANK_TESTS: Final = {
    f"{method}{end}": f"{capital(name)} test{said}"
    for method, name in RANK_TESTS.items()
    for end, said in (
        ("", ""),
        (", holm", ", adjusted by Holm’s method"),
        (", none", ", not adjusted for the number of pairs"),
    )
}
TEST_NAMES: Final = {"Pearson chi-square": "Pearson’s χ² test without continuity correction", **_RANK_TESTS}


def letter_tests(rows: Iterable[Number]) -> dict[str, str]:
    """Return a small letter for each method by which a P value among the rows was made, in the order they come."""
    told = list(rows)
    tested = {_cell(row) for row in told if row.statistic == "p_value"}
    methods = dict.fromkeys(row.text for row in told if row.statistic == "method" and _cell(row) in tested)
    return dict(zip(methods, ascii_lowercase, strict=False))


def _cell(row: Number) -> tuple[str, ...]:
    return row.key()[: KEYS.index("statistic")]


def lettered_p(results: Results, letters: dict[str, str], analysis: str, **keys: str) -> Text:
    """Return a P value with the letter of its test; a dash where there is none."""
    p_value = results.text(analysis, "p_value", **keys)
    letter = letters.get(results.text(analysis, "method", **keys), "")
    return (Run(p_value), Run(letter, "superscript")) if letter and p_value != "–" else p_value


def letter_notes(letters: dict[str, str]) -> tuple[Text, ...]:
    """Return one note for each letter."""
    return tuple(
        (Run(letter, "superscript"), Run(f" {TEST_NAMES.get(method, method)}.")) for method, letter in letters.items()
    )
