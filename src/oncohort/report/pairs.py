"""The pairwise tests between the levels of a factor."""

from __future__ import annotations

from itertools import combinations

from oncohort.report.document import Cell, Row, TableBlock
from oncohort.report.names import factor_label, with_italic_p
from oncohort.report.rank_names import capital, rank_test_name
from oncohort.report.tables import P_HEAD, cell
from oncohort.study.protocol import Protocol, Table
from oncohort.study.results import Results


def tabulate_pairs(results: Results, protocol: Protocol, table: Table, table_id: str) -> TableBlock | None:
    """Return a row for each pair of levels of the factors that have three or more; None if no factor has."""
    body: list[Row] = []
    for name in table.factors:
        levels = results.levels_of(name)
        if len(levels) < 3:
            continue
        label = factor_label(protocol.find_factor(name))
        body.append(Row((Cell(label), *(cell("") for _ in table.endpoints)), kind="group"))
        for a, b in combinations(levels, 2):
            keys = {"model": table_id, "variable": name, "group": f"{name}={a.level}|{b.level}"}
            texts = [results.text("univariable_km", "p_value", endpoint=e, **keys) for e in table.endpoints]
            body.append(Row((Cell(f"{a.label} and {b.label}", indent=1), *(cell(text) for text in texts))))
    if not body:
        return None
    holm = protocol.settings()["survival.pairwise"].value == "holm"
    name = rank_test_name(protocol, table)
    note = (
        f"{capital(name)} P values {'adjusted by Holm’s method' if holm else 'not adjusted for the number of pairs'}."
    )
    head = (Cell("Levels compared"), *(cell((*P_HEAD, *with_italic_p(f", {e}"))) for e in table.endpoints))
    return TableBlock(0, f"Pairwise {name} tests", (head,), tuple(body), notes=(note,))
