"""The baseline variables of one patient from rows that are about to be written, by the rules of the protocol.

The same clinical rules give the values as in `oncohort.derive.baseline`, which reads whole tables: here there is one
sample and one examination, which lie in every window.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from oncohort.clinical.exact import exact
from oncohort.clinical.units import convert
from oncohort.derive.baseline import CANONICAL
from oncohort.derive.baseline_rules import RULE_VALUES
from oncohort.simulate.rows import Row, Rows, first_date
from oncohort.simulate.study_plan import StudyPlan
from oncohort.study.derived import RULE_COLUMNS, ULN
from oncohort.study.protocol import BaselineVariable

_ONCE = ("subjects", "baseline_disease")


def recorded_values(rows: Rows, index: date | None) -> dict[str, Any]:
    """Return what is recorded once of a patient, under the names that conditions use."""
    values: dict[str, Any] = {
        f"{table}.{name}": cell for table in _ONCE for row in rows.get(table, ()) for name, cell in row.items()
    }
    dated: Rows = {table: own for table, own in rows.items() if table not in {*_ONCE, "screening"}}
    return values | {
        "age": values.get("subjects.age"),
        "treated": index is not None,
        "index": index,
        "first_record": first_date(dated),
    }


def baseline_values(recorded: Mapping[str, Any], rows: Rows, plan: StudyPlan) -> dict[str, Any]:
    """Return what is recorded once, and every variable of the baseline from one sample and one examination.

    Parameters
    ----------
    recorded : mapping of str to value
        As `recorded_values` gives it.
    rows : Rows
        ``labs`` with one row a test; ``clinical_scores`` and ``vitals`` with one row.
    plan : StudyPlan
        The variables, in their order: later ones read earlier ones.
    """
    samples: dict[str, Row] = {row["test"]: row for row in rows["labs"]}
    seen: dict[str, Any] = {
        test: convert(samples[test]["value"], test, samples[test]["unit"], unit)
        for test, unit in CANONICAL.items()
        if test in samples
    }
    scores = rows["clinical_scores"][0]
    seen |= {name: scores.get(name) for name in ("ecog", "ascites", "encephalopathy")}
    values = dict(recorded)
    for variable, rules in plan.variables:
        if variable.rule is not None and rules is not None:
            found = RULE_VALUES[variable.rule](values, seen, rules, variable)
            for column, value in zip(RULE_COLUMNS[variable.rule], found, strict=True):
                values[column.name.format(id=variable.id)] = value
                seen[column.name.format(id=variable.rule)] = value
        elif variable.any_of:
            words = [values.get(name) for name in variable.any_of]
            values[variable.id] = "Y" if "Y" in words else "N" if set(words) == {"N"} else None
        else:
            values[variable.id] = _from_row(variable, samples, rows)
    return values


def _from_row(variable: BaselineVariable, samples: Mapping[str, Row], rows: Rows) -> Any:
    table, _, name = (variable.source or "").partition(".")
    if table != "labs":
        return next((row.get(name) for row in rows.get(table, ())), None)
    row = samples.get(name)
    if row is None:
        return None
    if variable.unit != ULN:
        return float(convert(row["value"], name, row["unit"], variable.unit))
    return float(exact(row["value"]) / exact(row["uln"])) if "uln" in row else None
