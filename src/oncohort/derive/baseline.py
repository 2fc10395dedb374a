"""Baseline: one value a patient from dated rows, each by the window and the pick that the protocol gives it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any, Final

import polars as pl

from oncohort.clinical.exact import exact
from oncohort.clinical.units import convert
from oncohort.derive.baseline_rules import RULE_VALUES
from oncohort.derive.judgment import UNKNOWN
from oncohort.derive.timeline import Timeline
from oncohort.errors import DataError
from oncohort.study.derived import RULE_COLUMNS, ULN
from oncohort.study.findings import Finding
from oncohort.study.protocol import BaselineVariable, Protocol
from oncohort.study.rules_in_force import VariableRules, variable_rules

CANONICAL: Final[Mapping[str, str]] = {
    "BILI": "umol/L",
    "ALB": "g/L",
    "INR": "ratio",
    "PT": "s",
    "CREAT": "umol/L",
    "AFP": "ng/mL",
}
"""Tests that clinical rules read, with the unit they read them in."""


_CANNOT: Final = '"{}" at baseline cannot be derived, since the clinical rule refuses what was recorded'


@dataclass(frozen=True, slots=True)
class _Window:
    """The rows that count for a variable: which days, and which of several rows."""

    first: int
    last: int
    pick: str

    def of(self, frame: pl.DataFrame, treated: pl.DataFrame) -> pl.DataFrame:
        """Return one row a patient: of those within the window, the picked one.

        A patient who was never treated has day 0 on the day of screening; the window is then as long after it.
        """
        day = pl.col("date_day")
        last = pl.when(pl.col("treated")).then(self.last).otherwise(max(self.last, -self.first))
        joined = frame.join(treated, on="patient_id", how="inner", maintain_order="left")
        inside = joined.filter((day >= self.first) & (day <= last)).sort("date_day", "row", maintain_order=True)
        return inside.unique("patient_id", keep="last" if self.pick == "last" else "first", maintain_order=True)


@dataclass(frozen=True, slots=True)
class Baseline:
    """The variables at baseline, a row a screened patient, and the values that no clinical rule can read."""

    patients: pl.DataFrame
    findings: tuple[Finding, ...]


def derive_baseline(timeline: Timeline, patients: pl.DataFrame, protocol: Protocol, file: str) -> Baseline:
    """Return the variables at baseline of every screened patient, in the order of ``patients``.

    A value that lies in no window is null; it is never taken from another window. Where a clinical rule refuses what
    was recorded (ECOG 5 of a living patient), its result is null and that is a finding. The columns are those of
    `oncohort.study.derived.baseline_columns`.

    Parameters
    ----------
    timeline : Timeline
        The dated records.
    patients : DataFrame
        A row a screened patient: ``patient_id``, ``treated`` and the ``table.column`` of the tables with one row a
        patient.
    protocol : Protocol
        With ``[baseline]``; without it nothing is derived.
    file : str
        The file of ``subjects``, which the findings name.
    """
    found = patients.select("patient_id")
    if protocol.baseline is None:
        return Baseline(found, ())
    plain = [variable for variable in protocol.baseline.variable if variable.rule is None]
    for variable in plain:
        values = _any_of(patients, variable) if variable.any_of else _from_rows(timeline, variable, protocol)
        found = found.join(values, on="patient_id", how="left", maintain_order="left")
    findings: list[Finding] = []
    ruled: dict[str, dict[str, Any]] = {}
    recorded: dict[_Window, dict[str, dict[str, Any]]] = {}
    for variable in protocol.baseline.variable:
        if variable.rule is not None:
            rules = variable_rules(protocol, variable)
            window = _window(rules)
            if window not in recorded:
                recorded[window] = _recorded(timeline, window)
            known = patients.join(found, on="patient_id")
            values, refused = _by_rule(known, variable, rules, recorded[window], ruled)
            found = found.join(values, on="patient_id", how="left", maintain_order="left")
            findings += [
                Finding("error", "BASELINE-REFUSED", _CANNOT.format(variable.id), file, "", row, patient_id, why)
                for patient_id, row, why in refused
            ]
    return Baseline(found, tuple(findings))


def _from_rows(timeline: Timeline, variable: BaselineVariable, protocol: Protocol) -> pl.DataFrame:
    """Return the value of one variable from the table it comes from, in its unit."""
    table, _, name = (variable.source or "").partition(".")
    window = _window(variable_rules(protocol, variable))
    treated = timeline.patients.select("patient_id", "treated")
    frame = timeline.tables.get(table)
    if frame is None:
        return pl.DataFrame(schema={"patient_id": pl.String, variable.id: pl.Float64})
    if table != "labs":
        picked = window.of(frame.filter(pl.col(name).is_not_null()), treated)
        return picked.select("patient_id", pl.col(name).alias(variable.id))
    picked = window.of(_samples(frame, name, limits=variable.unit == ULN), treated)
    values = [
        _in_unit(value, unit, uln, name, variable.unit)
        for value, unit, uln in picked.select("value", "unit", "uln").rows()
    ]
    return picked.select("patient_id", pl.Series(variable.id, values, dtype=pl.Float64))


def _samples(labs: pl.DataFrame, test: str, *, limits: bool) -> pl.DataFrame:
    """Return the samples of a test that have a value, and a limit where multiples of it are wanted."""
    known = (pl.col("test") == test) & pl.col("value").is_not_null() & pl.col("unit").is_not_null()
    return labs.filter(known & pl.col("uln").is_not_null() if limits else known)


def _in_unit(value: float, unit: str, uln: float | None, test: str, wanted: str) -> float:
    if wanted == ULN and uln is not None:
        return float(exact(value) / exact(uln))
    return float(convert(value, test, unit, wanted))


def _window(rules: VariableRules) -> _Window:
    return _Window(rules.window_days[0], rules.window_days[1], rules.pick)


def _any_of(patients: pl.DataFrame, variable: BaselineVariable) -> pl.DataFrame:
    """Return Y where one of the columns is Y, N where all are N, and null where it is not known."""
    yes = [pl.col(column).replace_strict({"Y": True, "N": False}, default=None) for column in variable.any_of or ()]
    either = reduce(lambda a, b: a | b, yes)
    word = pl.when(either).then(pl.lit("Y")).when(~either).then(pl.lit("N"))
    return patients.select("patient_id", word.alias(variable.id))


def _by_rule(
    patients: pl.DataFrame,
    variable: BaselineVariable,
    rules: VariableRules,
    recorded: Mapping[str, Mapping[str, Any]],
    earlier: dict[str, dict[str, Any]],
) -> tuple[pl.DataFrame, list[tuple[str, int, str]]]:
    """Return the columns of a variable that a clinical rule gives, and patient, row and reason of what it refused.

    Rules read the results of rules above them.
    """
    assert variable.rule is not None
    columns = [column.name.format(id=variable.id) for column in RULE_COLUMNS[variable.rule]]
    apply: Callable[..., tuple[Any, ...]] = RULE_VALUES[variable.rule]
    rows: list[tuple[Any, ...]] = []
    refused: list[tuple[str, int, str]] = []
    for patient in patients.rows(named=True):
        patient_id = patient["patient_id"]
        seen = {**recorded.get(patient_id, {}), **earlier.get(patient_id, {})}
        try:
            values = apply(patient, seen, rules, variable)
        except DataError as error:
            refused.append((patient_id, patient["row"], str(error)))
            values = (None,) * len(columns)
        rows.append((patient_id, *values))
        earlier.setdefault(patient_id, {}).update(
            {
                column.name.format(id=variable.rule): value
                for column, value in zip(RULE_COLUMNS[variable.rule], values, strict=True)
            }
        )
    kinds = {"number": pl.Float64, "text": pl.String}
    schema = {"patient_id": pl.String} | {
        name: kinds[column.kind] for name, column in zip(columns, RULE_COLUMNS[variable.rule], strict=True)
    }
    return pl.DataFrame(rows, schema=schema, orient="row"), refused


def _canonical(timeline: Timeline, test: str, window: _Window, treated: pl.DataFrame) -> dict[str, Any]:
    """Return each patient's value of a test in the unit that rules read; a prothrombin time less its control's."""
    labs = timeline.tables.get("labs")
    if labs is None:
        return {}
    picked = window.of(_samples(labs, test, limits=False), treated)
    values: dict[str, Any] = {}
    for patient_id, value, unit, control in picked.select("patient_id", "value", "unit", "control_s").rows():
        in_unit = convert(value, test, unit, CANONICAL[test])
        if test != "PT":
            values[patient_id] = in_unit
        elif control is not None:
            values[patient_id] = in_unit - exact(control)
    return values


def _recorded(timeline: Timeline, window: _Window) -> dict[str, dict[str, Any]]:
    """Return each patient's tests that rules read, performance status and clinical signs, each picked for itself."""
    treated = timeline.patients.select("patient_id", "treated")
    found: dict[str, dict[str, Any]] = {}
    for test in CANONICAL:
        for patient_id, value in _canonical(timeline, test, window, treated).items():
            found.setdefault(patient_id, {})[test] = value
    frame = timeline.tables.get("clinical_scores")
    if frame is None:
        return found
    for name in ("ecog", "ascites", "encephalopathy"):
        known = frame.filter(pl.col(name).is_not_null() & (pl.col(name).cast(pl.String) != UNKNOWN))
        for patient_id, value in window.of(known, treated).select("patient_id", name).rows():
            found.setdefault(patient_id, {})[name] = value
    return found
