"""How the report calls the tests of survival curves."""

from __future__ import annotations

from typing import Final

from oncohort.report.names import factor_label, listed
from oncohort.study.protocol import Protocol, RankTestName, Table
from oncohort.study.results import Results

RANK_TESTS: Final[dict[RankTestName, str]] = {
    "log-rank": "log-rank",
    "breslow": "Breslow (generalized Wilcoxon)",
    "tarone-ware": "Tarone–Ware",
    "peto-peto": "Peto–Peto",
}


def rank_test_name(protocol: Protocol, table: Table | None = None) -> str:
    """Return the test of a table, else that of all other curves: "log-rank", "stratified Peto–Peto"."""
    own = table.test if table is not None else None
    name = RANK_TESTS[own or protocol.survival.log_rank or "log-rank"]
    return name if table is None or table.strata is None else f"stratified {name}"


def capital(name: str) -> str:
    """Return a name at the beginning of a sentence.

    Examples
    --------
    >>> capital("log-rank")
    'Log-rank'
    """
    return f"{name[:1].upper()}{name[1:]}"


def named_in_figure(method: str) -> str:
    """Return the name of a test from the words of its row.

    Examples
    --------
    >>> named_in_figure("log-rank"), named_in_figure("breslow, stratified by sex")
    ('Log-rank', 'Stratified Breslow')
    """
    word, _, strata = method.partition(", ")
    name = "Breslow" if word == "breslow" else next((said for key, said in RANK_TESTS.items() if key == word), word)
    return f"Stratified {name}" if strata else capital(name)


def note_of_tests(protocol: Protocol, results: Results, table: Table, table_id: str) -> str:
    """Return what the note of a univariable table says of its tests."""
    note = f"{rank_test_name(protocol, table)} test over the levels of each factor"
    if table.strata is not None:
        note += f", within the levels of {factor_label(protocol.find_factor(table.strata))}"
    note += "."
    if any(row.level == "(trend)" for row in results.select("univariable_km", model=table_id)):
        note += " Trend: the same test for a trend over the levels in their order, scored 1, 2, 3 …"
    lost = [
        row
        for row in results.select("univariable_km", model=table_id, level="(strata)")
        if row.statistic == "n_missing" and row.text != "0"
    ]
    return note + (" Patients whose stratum is not known are left out of the tests." if lost else "")


def phrase_level_tests(protocol: Protocol) -> str:
    """Return how levels were compared, for the methods: the test, or each with the endpoints it was used for."""
    tables = [table for table in protocol.table if table.kind == "univariable"]
    named: dict[str, None] = {}
    for table in tables:
        within = f" within the levels of {factor_label(protocol.find_factor(table.strata))}" if table.strata else ""
        trend = ", and for a trend over ordered levels" if table.trend else ""
        named[f"the {rank_test_name(protocol, table)} test{within}{trend}"] = None
    return f"Levels of a factor were compared by {listed(list(named))}"
