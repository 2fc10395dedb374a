"""The checks of a records study: how rules are walked, and that the rules are sound as data."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from graphlib import TopologicalSorter
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncohort.clinical.partial_dates import earliest, latest, parse_partial
from oncohort.clinical.units import UNITS
from oncohort.errors import DataError
from oncohort.intake.record_checks import (
    RECORD_RULES,
    RULES_BY_SUBJECT,
    check_record_tables,
    list_rules,
    run_rules,
)
from oncohort.intake.record_rules import Lookup, RecordRule, first_day, is_full, last_day, tables_of
from oncohort.intake.record_rules_safety import LAB_BOUNDS
from oncohort.study.findings import LEVELS, Finding, at_least
from oncohort.study.template_tables import TEMPLATE

DOCS = Path(__file__).parents[2] / "docs"
RULES = {rule.id: rule for rule in RECORD_RULES}
FILES = {"a": "a.csv", "b": "b.csv"}
A = pl.DataFrame(
    {
        "patient_id": ["P1", "P1", "P2", "P3", None],
        "row": [2, 3, 4, 5, 6],
        "value": [1.0, 2.5, 3.0, None, 9.0],
        "word": ["x", "y", None, "z", "x"],
        "day": [date(2009, 3, 2), None, date(2009, 3, 4), date(2009, 3, 5), None],
    }
)
B = pl.DataFrame({"patient_id": ["P1", "P1", "P2"], "row": [2, 3, 4], "limit": [2.0, None, 5.0]})
LIMITS = Lookup("limits", "b", ("patient_id",), (pl.col("limit").max(),))


def rule_a(where, **more):
    return RecordRule(
        **({"id": "RULE-A", "level": "error", "sentence": "no", "table": "a", "columns": ("value",)} | more),
        where=where,
    )


def told(*rules, tables=None):
    return run_rules(rules, tables or {"a": A, "b": B}, FILES)


def rows_of(result):
    return [(found.rule, found.row) for found in result.findings]


def test_finding_names_file_column_row_patient_and_value():
    result = told(rule_a(pl.col("value") > 2.6))
    assert result.findings == (Finding("error", "RULE-A", "no", "a.csv", "value", 4, "P2", "3"),)


def test_value_tells_the_other_columns_in_brackets_and_what_is_missing():
    columns = ("word", "value", "day", "limits.limit")
    result = told(rule_a(pl.col("row").is_in([3, 4]), columns=columns, lookups=(LIMITS,)))
    values = [found.value for found in result.findings]
    assert values == ["y (value 2.5, day missing, limit 2)", "missing (value 3, day 2009-03-04, limit 5)"]
    assert [told(rule_a(pl.col("row") == 5)).findings[0].value] == [""]


def test_row_that_cannot_be_judged_is_neither_seen_nor_found():
    result = told(rule_a(pl.col("value") > 2))
    assert rows_of(result) == [("RULE-A", 3), ("RULE-A", 4)]
    assert (result.seen[0].records, result.seen[0].found) == (3, 2)


def test_row_without_patient_is_left_to_the_reader():
    assert rows_of(told(rule_a(pl.col("value") == 9))) == []


def test_rows_a_rule_is_not_about_are_not_seen():
    result = told(rule_a(pl.col("value") > 2, given=pl.col("word") == "y"))
    assert (result.seen[0].records, result.seen[0].found) == (1, 1)


def test_lookup_sets_one_line_beside_each_row_and_null_where_there_is_none():
    assert rows_of(told(rule_a(pl.col("value") > pl.col("limits.limit"), lookups=(LIMITS,)))) == [("RULE-A", 3)]
    assert rows_of(told(rule_a(pl.col("limits.limit").is_null(), lookups=(LIMITS,)))) == [("RULE-A", 5)]


def test_lookup_without_keys_stands_beside_every_row():
    highest = Lookup("all", "b", (), (pl.col("limit").max(),))
    assert rows_of(told(rule_a(pl.col("value") < pl.col("all.limit"), lookups=(highest,)))) == [
        ("RULE-A", 2),
        ("RULE-A", 3),
        ("RULE-A", 4),
    ]


def test_lookup_may_look_up_itself_and_name_other_keys():
    patients = Lookup("a", "a", ("patient_id",), (pl.col("word").first(),))
    of_y = Lookup(
        "limits", "b", ("limit",), (pl.len(),), match=("value",), where=pl.col("a.word") == "x", lookups=(patients,)
    )
    rule = rule_a(pl.col("limits.len") == 1, lookups=(of_y,))
    table = A.with_columns(value=pl.lit(2.0))
    assert rows_of(told(rule, tables={"a": table, "b": B})) == [("RULE-A", row) for row in (2, 3, 4, 5)]
    assert tables_of(rule) == ("a", "b")


def test_patient_whose_lookup_has_a_gap_is_not_judged():
    sure = Lookup("limits", "b", ("patient_id",), (pl.col("limit").max(),), complete=("limit",))
    result = told(rule_a(pl.col("limits.limit").fill_null(0) > 0, lookups=(sure,)))
    assert rows_of(result) == [("RULE-A", 4)]
    assert result.seen[0].records == 2


def test_fault_of_a_group_is_told_once_at_its_first_row():
    assert rows_of(told(rule_a(pl.col("row") > 0, once=("patient_id",)))) == [
        ("RULE-A", 2),
        ("RULE-A", 4),
        ("RULE-A", 5),
    ]


def test_rule_yields_on_the_same_row_to_one_of_its_table():
    better = rule_a(pl.col("value") == 1, id="BETTER-A")
    weaker = rule_a(pl.col("value") < 3, yields_to=("BETTER-A",))
    result = told(weaker, better)
    assert rows_of(result) == [("RULE-A", 3), ("BETTER-A", 2)]
    assert [(seen.rule, seen.found) for seen in result.seen] == [("RULE-A", 1), ("BETTER-A", 1)]


def test_rule_yields_in_the_same_patient_to_one_of_another_table():
    better = RecordRule("BETTER-B", "error", "no", "b", ("limit",), pl.col("limit") == 2)
    weaker = rule_a(pl.col("value") > 0, yields_to=("BETTER-B",))
    assert rows_of(told(weaker, better)) == [("RULE-A", 4), ("BETTER-B", 2)]


def test_rule_yields_before_a_fault_is_told_once():
    better = rule_a(pl.col("row") == 2, id="BETTER-A")
    weaker = rule_a(pl.col("row") > 0, once=("patient_id",), yields_to=("BETTER-A",))
    assert rows_of(told(weaker, better))[:1] == [("RULE-A", 3)]


def test_gravest_finding_comes_first_then_the_order_of_the_rules():
    levels = ("note", "error", "fatal", "warning", "error")
    rules = [rule_a(pl.col("row") == 2, id=f"RULE-{n}", level=level) for n, level in enumerate(levels)]
    assert [rule for rule, _ in rows_of(told(*rules))] == ["RULE-2", "RULE-1", "RULE-4", "RULE-3", "RULE-0"]


def test_absent_table_is_told_and_not_skipped_in_silence():
    result = told(rule_a(pl.col("value") > 0, lookups=(LIMITS,)), tables={"a": A})
    assert result.findings == ()
    assert [(seen.rule, seen.records, seen.found, seen.absent) for seen in result.seen] == [("RULE-A", 0, 0, ("b",))]


@pytest.mark.parametrize(
    "broken",
    [
        rule_a(pl.col("nowhere") > 0),
        rule_a(pl.col("word") > 0),
        rule_a(pl.col("value") > 0, lookups=(Lookup("x", "b", ("nobody",), (pl.len(),)),)),
        rule_a(pl.col("value") > 0, columns=("elsewhere",)),
    ],
)
def test_rule_that_cannot_run_fails_with_its_name(broken):
    with pytest.raises(DataError, match=r"^rule RULE-A cannot run on the tables a"):
        told(broken)


def test_every_rule_sees_a_study_without_rows():
    empty = {
        name: pl.DataFrame(schema={column.name: _type(column.kind) for column in table.columns} | {"row": pl.Int64})
        for name, table in TEMPLATE.items()
    }
    result = check_record_tables(empty, {name: f"{name}.csv" for name in empty})
    assert result.findings == ()
    assert [seen.rule for seen in result.seen] == list(RULES)
    assert {seen.absent for seen in result.seen} == {()}


def _type(kind):
    return {"integer": pl.Int64, "number": pl.Float64, "date": pl.Date}.get(kind, pl.String)


# the rules as data


def test_ids_are_distinct_words_with_a_hyphen():
    assert len(RULES) == len(RECORD_RULES)
    assert [name for name in RULES if not re.fullmatch(r"[A-Z]+(-[A-Z]+)+", name)] == []


def test_no_rule_has_the_name_of_a_check_of_reading_or_of_a_table_study():
    others = set(
        re.findall(r"^\| `([A-Z]+(?:-[A-Z]+)+)`", (DOCS / "intake.md").read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert not others & set(RULES)


@pytest.mark.parametrize("rule", RECORD_RULES, ids=lambda rule: rule.id)
def test_rule_is_sound(rule):
    assert rule.level in LEVELS
    assert TEMPLATE[rule.table].find(rule.columns[0]) is not None, "a finding points to a column of its own table"
    assert set(tables_of(rule)) <= set(TEMPLATE)
    assert rule.sentence[0].islower() or rule.sentence.split()[0].isupper()
    assert not rule.sentence.endswith(".")
    assert len({lookup.name for lookup in rule.lookups}) == len(rule.lookups)
    for better in rule.yields_to:
        assert at_least(RULES[better].level, rule.level), f"a graver fault would be hidden by {better}"


def test_no_two_rules_yield_to_each_other():
    order = list(TopologicalSorter({rule.id: rule.yields_to for rule in RECORD_RULES}).static_order())
    assert set(order) == set(RULES)


def test_every_reference_of_the_template_is_checked():
    places = {(rule.table, rule.columns[0]) for rule in RECORD_RULES if "UNKNOWN" in rule.id}
    references = {
        (table, column.name) for table, what in TEMPLATE.items() for column in what.columns if column.refers_to
    }
    assert references <= places
    assert {(table, "patient_id") for table in TEMPLATE if table != "subjects"} <= places


def test_every_key_of_the_template_is_checked():
    twice = {rule.table for rule in RECORD_RULES if rule.id.endswith("-TWICE")}
    by_other_rules = {"exposure": "EXPOSURE-OVERLAP", "procedures": "PROCEDURE-NUMBER"}
    assert twice | set(by_other_rules) == set(TEMPLATE)
    assert {table: RULES[name].table for table, name in by_other_rules.items()} == {
        table: table for table in by_other_rules
    }


def test_cells_that_another_cell_requires_are_left_to_the_reader():
    """They are told where the cells are read; a rule about them here would tell the same fault again."""
    required = {
        f"{name}.{column.name}" for name, table in TEMPLATE.items() for column in table.columns if column.required_where
    }
    assert required == {
        "baseline_disease.n_tumours",
        "procedures.tumour_burden_pct",
        "procedures.freeze1_min",
        "procedures.thaw1_min",
        "procedures.freeze2_min",
    }


def test_every_unit_a_test_can_have_has_bounds():
    units = set(TEMPLATE["labs"].find("unit").allowed)
    tests = set(TEMPLATE["labs"].find("test").allowed)
    possible = {(test, unit) for test in tests for unit in UNITS[test] if unit in units}
    assert Counter((bound.test, bound.unit) for bound in LAB_BOUNDS) == Counter(possible)


def test_bounds_of_one_test_agree_between_its_units():
    for test in {bound.test for bound in LAB_BOUNDS}:
        lows, highs = zip(
            *(
                (bound.low * UNITS[test][bound.unit], bound.high * UNITS[test][bound.unit])
                for bound in LAB_BOUNDS
                if bound.test == test
            ),
            strict=True,
        )
        assert max(lows) <= 1.25 * min(lows), test
        assert max(highs) <= 1.25 * min(highs), test


def test_list_of_rules_in_the_documents_is_that_of_the_code():
    assert (DOCS / "checks.md").read_text(encoding="utf-8").endswith(list_rules())
    assert sum(map(len, RULES_BY_SUBJECT.values())) == len(RULES)


# laws


PARTIAL = st.dates(date(1900, 1, 1), date(2100, 12, 31)).flatmap(
    lambda day: st.sampled_from([day.isoformat(), day.isoformat()[:7], day.isoformat()[:4]])
)


@given(st.lists(PARTIAL, min_size=1, max_size=20))
def test_partial_dates_span_the_days_of_the_clinical_rule(texts):
    days = pl.DataFrame({"date": texts}).select(first=first_day("date"), last=last_day("date"), full=is_full("date"))
    partial = [parse_partial(text) for text in texts]
    assert days["first"].to_list() == [earliest(day) for day in partial]
    assert days["last"].to_list() == [latest(day) for day in partial]
    assert days["full"].to_list() == [day.day is not None for day in partial]
