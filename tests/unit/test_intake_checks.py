"""Checks of recorded values: what is fatal, what is told, and what is left alone."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from oncohort.intake.checks import check_records
from oncohort.study.findings import Finding
from oncohort.study.protocol import Protocol
from oncohort.study.records import column_types

DTYPES: dict[str, type[pl.DataType]] = {"number": pl.Float64, "date": pl.Date, "text": pl.String}
TIMED = {"id": "OS", "time": {"column": "OS", "unit": "months"}, "event": {"column": "Death", "values": [1]}}
DATED = {"id": "OS", "start": "in", "stop": "death", "last_known_alive": "seen"}


def protocol_of(*endpoints: dict[str, Any], **sections: Any) -> Protocol:
    return Protocol.model_validate(
        {
            "study": {"title": "x", "profile": "guideline"},
            "records": {"patients": {"file": "p.csv", "patient_id": "Number"}},
            "endpoint": endpoints or (TIMED,),
            **sections,
        }
    )


def check(columns: dict[str, list[Any]], protocol: Protocol | None = None) -> list[Finding]:
    protocol = protocol or protocol_of()
    n = len(next(iter(columns.values())))
    types = column_types(protocol)
    frame = pl.DataFrame(
        {name: pl.Series(cells, dtype=DTYPES[types.get(name, "text")]) for name, cells in columns.items()}
    )
    if "patient_id" not in columns:
        frame = frame.with_columns(patient_id=pl.Series([f"p{k}" for k in range(n)]))
    return check_records(frame.with_columns(row=pl.Series(range(2, n + 2), dtype=pl.Int64)), protocol, "p.csv")


def rules(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(f.level, f.rule) for f in findings]


GOOD = {"OS": [5.0, 7.0, 9.0], "Death": ["1", "0", "1.0"]}


def test_good_records_give_no_finding() -> None:
    assert check(GOOD) == []


def test_a_patient_in_several_rows_is_told_once_with_every_row() -> None:
    [found] = check({**GOOD, "patient_id": ["a", "b", "a"]})
    assert (found.level, found.rule, found.row, found.patient_id) == ("fatal", "ID-TWICE", 4, "a")
    assert found.value == "rows 2 and 4"
    assert found.column == "Number"
    [found] = check({**GOOD, "patient_id": ["a", "a", "a"]})
    assert found.value == "rows 2, 3 and 4"


def test_a_row_without_patient_id_is_fatal() -> None:
    assert rules(check({**GOOD, "patient_id": ["a", None, "c"]})) == [("fatal", "ID-MISSING")]


@pytest.mark.parametrize(
    ("codes", "censored", "expected"),
    [
        (["1", "0", "2"], None, [("fatal", "EVENT-CODE")]),
        (["1", "0", "2"], [0], [("fatal", "EVENT-CODE")]),
        (["1", "0", "2"], [0, 2], []),
        (["1", "0", "NA"], None, [("fatal", "EVENT-CODE")]),
        (["1", "NA", "1"], None, [("fatal", "EVENT-CODE")]),
        (["0", "0", "0"], None, [("fatal", "EVENT-CODE-ABSENT")]),
        (["0", "0", "0"], [0], [("warning", "EVENT-CODE-ABSENT")]),
        (["yes", "no", "no"], None, [("fatal", "EVENT-CODE-ABSENT")]),
        (["1", "1", "1"], None, []),
        (["1", "0", None], None, [("fatal", "EVENT-MISSING")]),
    ],
)
def test_event_codes_are_named_and_never_guessed(
    codes: list[str | None], censored: list[int] | None, expected: list[tuple[str, str]]
) -> None:
    event = {"column": "Death", "values": [1], "censored": censored}
    assert rules(check({**GOOD, "Death": codes}, protocol_of({**TIMED, "event": event}))) == expected


def test_the_codes_found_are_named_beside_the_sentence() -> None:
    [found] = check({**GOOD, "Death": ["10", "1", "2"]})
    assert found.value == "1, 2, 10"
    assert found.row is None


def test_one_of_several_event_codes_that_never_occurs_is_a_warning() -> None:
    event = {"column": "Death", "values": [1, 3], "censored": [0]}
    assert rules(check(GOOD, protocol_of({**TIMED, "event": event}))) == [("warning", "EVENT-CODE-ABSENT")]


def test_times_passed_as_events_are_fatal_and_told_once() -> None:
    same = protocol_of({**TIMED, "event": {"column": "OS", "values": [1]}})
    assert rules(check({"OS": [5.0, 7.0]}, same)) == [("fatal", "TIMES-AS-EVENTS")]
    many = {"OS": [float(k) for k in range(1, 13)], "Death": [str(k) for k in range(1, 13)]}
    assert rules(check(many)) == [("fatal", "TIMES-AS-EVENTS")]


def test_missing_and_negative_times_are_fatal_and_zero_is_told() -> None:
    findings = check({**GOOD, "OS": [None, -1.0, 0.0]})
    assert rules(findings) == [("fatal", "TIME-MISSING"), ("fatal", "TIME-NEGATIVE"), ("warning", "TIME-ZERO")]
    assert [f.row for f in findings] == [2, 3, 4]


@pytest.mark.parametrize(
    "criterion",
    [
        {"id": "timed", "include": {"column": "OS", "op": "present"}},
        {"id": "timed", "exclude": {"column": "OS", "op": "absent"}},
        {
            "id": "timed",
            "include": {"all": [{"column": "OS", "op": "present"}, {"column": "OS", "op": ">", "value": 0}]},
        },
    ],
)
def test_a_missing_time_is_a_note_where_a_criterion_asks_for_it(criterion: dict[str, Any]) -> None:
    columns = {**GOOD, "OS": [None, 7.0, 9.0]}
    assert rules(check(columns, protocol_of(criterion=[criterion]))) == [("note", "TIME-MISSING")]
    off = {**criterion, "enabled": False}
    assert rules(check(columns, protocol_of(criterion=[off]))) == [("fatal", "TIME-MISSING")]


def test_a_criterion_that_a_patient_may_meet_without_a_time_excuses_nothing() -> None:
    either = {"any": [{"column": "OS", "op": "present"}, {"column": "Death", "op": "present"}]}
    protocol = protocol_of(criterion=[{"id": "either", "include": either}])
    assert rules(check({**GOOD, "OS": [None, 7.0, 9.0]}, protocol)) == [("fatal", "TIME-MISSING")]


def test_dates_must_be_there_and_in_order() -> None:
    day = date(2009, 3, 15)
    later = date(2010, 3, 15)
    findings = check(
        {
            "in": [day, None, later, day],
            "death": [None, later, day, None],
            "seen": [later, later, later, None],
        },
        protocol_of(DATED),
    )
    assert rules(findings) == [("fatal", "START-MISSING"), ("fatal", "STOP-MISSING"), ("fatal", "STOP-BEFORE-START")]
    assert [f.row for f in findings] == [3, 5, 4]
    assert findings[2].value == "2009-03-15"


def test_a_cutoff_censors_later_events_and_cannot_precede_the_start() -> None:
    columns = {
        "in": [date(2009, 1, 1), date(2011, 1, 1)],
        "death": [date(2010, 6, 1), None],
        "seen": [None, date(2012, 1, 1)],
    }
    findings = check(columns, protocol_of({**DATED, "cutoff": date(2010, 1, 1)}))
    assert rules(findings) == [("fatal", "START-AFTER-CUTOFF"), ("note", "STOP-AFTER-CUTOFF")]


AGES = {"column": "Age", "op": ">=", "value": 18}
ADULT = {"id": "adult", "include": AGES}


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"OS": [None, 7.0, 9.0]}, "TIME-MISSING"),
        ({"OS": [-5.0, 7.0, 9.0]}, "TIME-NEGATIVE"),
        ({"Death": [None, "0", "1"]}, "EVENT-MISSING"),
        ({"Death": ["9", "0", "1"]}, "EVENT-CODE"),
    ],
)
@pytest.mark.parametrize("age", [17.0, None])
def test_what_would_be_fatal_is_a_note_about_a_patient_who_is_left_out(
    change: dict[str, list[Any]], rule: str, age: float | None
) -> None:
    event = {"column": "Death", "values": [1], "censored": [0]}
    protocol = protocol_of({**TIMED, "event": event}, criterion=[ADULT])
    [found] = check({**GOOD, **change, "Age": [age, 50.0, 60.0]}, protocol)
    assert (found.level, found.rule, found.row) == ("note", rule, 2)
    assert found.sentence.endswith('; excluded by criterion "adult"')
    [found] = check({**GOOD, **change, "Age": [18.0, 50.0, 17.0]}, protocol)
    assert (found.level, found.rule, found.row) == ("fatal", rule, 2)
    off = protocol_of({**TIMED, "event": event}, criterion=[{**ADULT, "enabled": False}])
    assert [f.level for f in check({**GOOD, **change, "Age": [age, 50.0, 60.0]}, off)] == ["fatal"]


def test_dates_of_a_patient_who_is_left_out_stop_no_run() -> None:
    late = {"id": "late", "exclude": {"column": "in", "op": ">", "value": date(2010, 1, 1)}}
    columns = {
        "in": [date(2009, 1, 1), date(2011, 1, 1), date(2012, 1, 1)],
        "death": [date(2009, 6, 1), None, date(2011, 6, 1)],
        "seen": [None, date(2012, 1, 1), None],
    }
    protocol = protocol_of({**DATED, "cutoff": date(2010, 1, 1)}, criterion=[late])
    findings = check(columns, protocol)
    assert {f.level for f in findings} == {"note"}
    assert {"START-AFTER-CUTOFF", "STOP-BEFORE-START"} <= {f.rule for f in findings}
    told = [f.row for f in findings if f.sentence.endswith('excluded by criterion "late"')]
    assert sorted(row for row in told if row) == [3, 4, 4]


def test_a_code_is_told_of_the_first_patient_who_stays() -> None:
    event = {"column": "Death", "values": [1], "censored": [0]}
    protocol = protocol_of({**TIMED, "event": event}, criterion=[ADULT])
    [found] = check({**GOOD, "Death": ["9", "9", "1"], "Age": [17.0, 50.0, 60.0]}, protocol)
    assert (found.level, found.rule, found.row) == ("fatal", "EVENT-CODE", 3)


def test_a_third_code_stays_fatal_without_censored_also_where_only_excluded_patients_have_it() -> None:
    columns = {**GOOD, "Death": ["9", "0", "1"], "Age": [17.0, 50.0, 60.0]}
    assert rules(check(columns, protocol_of(criterion=[ADULT]))) == [("fatal", "EVENT-CODE")]


def test_ids_of_patients_who_are_left_out_stay_fatal() -> None:
    columns = {**GOOD, "Age": [17.0, 17.0, 17.0], "patient_id": ["a", "a", None]}
    findings = check(columns, protocol_of(criterion=[ADULT]))
    assert rules(findings) == [("fatal", "ID-MISSING"), ("fatal", "ID-TWICE")]


def test_the_first_criterion_that_leaves_a_patient_out_is_named() -> None:
    old = {"id": "old", "exclude": {"column": "Age", "op": "<", "value": 20}}
    columns = {**GOOD, "OS": [None, 7.0, 9.0], "Age": [17.0, 50.0, 60.0]}
    [found] = check(columns, protocol_of(criterion=[old, ADULT]))
    assert found.sentence.endswith('excluded by criterion "old"')


def test_where_nobody_had_the_event_the_remedy_is_told_and_holds() -> None:
    columns = {**GOOD, "Death": ["0", "2", "0"]}
    [found] = check(columns)
    assert (found.level, found.rule, found.value) == ("fatal", "EVENT-CODE-ABSENT", "0, 2")
    assert "if nobody had the event, name every other code in censored = [...]" in found.sentence
    event = {"column": "Death", "values": [1], "censored": [0, 2]}
    assert rules(check(columns, protocol_of({**TIMED, "event": event}))) == [("warning", "EVENT-CODE-ABSENT")]


def test_progression_free_survival_is_not_longer_than_survival() -> None:
    pfs = {"id": "PFS", "time": {"column": "PFS", "unit": "months"}, "event": {"column": "Prog", "values": [1]}}
    columns = {**GOOD, "PFS": [5.0, 8.0, 9.0], "Prog": ["1", "1", "0"]}
    [found] = check(columns, protocol_of(TIMED, pfs))
    assert (found.level, found.rule, found.row, found.value) == ("error", "LONGER-THAN-OS", 3, "8")


def test_a_unit_in_a_time_header_must_be_that_of_the_protocol() -> None:
    endpoint = {**TIMED, "time": {"column": "OS (days)", "unit": "months"}}
    columns = {"OS (days)": GOOD["OS"], "Death": GOOD["Death"]}
    assert rules(check(columns, protocol_of(endpoint))) == [("warning", "UNIT-DIFFERS")]
    right = {**TIMED, "time": {"column": "OS (days)", "unit": "days"}}
    assert check(columns, protocol_of(right)) == []


def test_levels_are_compared_by_value_and_others_count_as_missing() -> None:
    factor = {"id": "sex", "column": "Sex", "levels": [1, 2]}
    findings = check({**GOOD, "Sex": ["1.0", "3", "N/A"]}, protocol_of(factor=[factor]))
    assert rules(findings) == [
        ("error", "LEVEL-UNKNOWN"),
        ("warning", "MISSING-WORD"),
        ("warning", "LEVEL-ABSENT"),
        ("warning", "MUCH-MISSING"),
    ]
    assert "2 of 3 patients (66.7%)" in findings[3].sentence


def test_numbers_that_do_not_vary_or_are_all_missing_are_told() -> None:
    factors = [{"id": "a", "column": "A", "split": "median"}, {"id": "b", "column": "B", "split": "median"}]
    findings = check({**GOOD, "A": [1.0, 1.0, 1.0], "B": [None, None, None]}, protocol_of(factor=factors))
    assert rules(findings) == [("warning", "ALL-MISSING"), ("warning", "ONE-VALUE")]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({}, [("note", "UNIT-IN-HEADER")]),
        ({"unit": "ng/ml"}, []),
        ({"unit": "ug/l"}, [("warning", "UNIT-DIFFERS")]),
        ({"label": "AFP, ng/ml"}, []),
    ],
)
def test_a_unit_in_the_header_of_a_factor_is_told(told: dict[str, str], expected: list[tuple[str, str]]) -> None:
    factor = {"id": "afp", "column": "AFP (ng/ml)", "split": "median", **told}
    assert rules(check({**GOOD, "AFP (ng/ml)": [1.0, 2.0, 3.0]}, protocol_of(factor=[factor]))) == expected


def test_rows_alike_are_noted_where_the_study_has_enough_columns() -> None:
    factors = [{"id": name, "column": name, "split": 1} for name in ("A", "B", "C")]
    columns = {**GOOD, "A": [1.0, 2.0, 2.0], "B": [1.0, 2.0, 2.0], "C": [1.0, 2.0, 2.0]}
    assert check(columns, protocol_of(factor=factors)) == []
    columns |= {"OS": [5.0, 7.0, 7.0], "Death": ["1", "0", "0"]}
    [found] = check(columns, protocol_of(factor=factors))
    assert (found.level, found.rule, found.value) == ("note", "ROWS-ALIKE", "rows 3 and 4")


def test_the_gravest_finding_comes_first() -> None:
    findings = check({**GOOD, "OS": [0.0, -1.0, 9.0]})
    assert [f.level for f in findings] == ["fatal", "warning"]


def test_a_hundred_thousand_faults_are_told_in_a_moment() -> None:
    n = 100_000
    findings = check({"OS": [-1.0] * n, "Death": ["1", "0"] * (n // 2)})
    assert len(findings) == n
