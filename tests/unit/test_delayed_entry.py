"""Delayed entry in a study: what the protocol may say, what the checks find, and that every analysis takes it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest

from oncohort.analysis.delayed_entry import analyze_observation
from oncohort.analysis.plan import analyze_cohort
from oncohort.analysis.settings import read_settings
from oncohort.derive.cohort import derive_cohort
from oncohort.errors import ProtocolError
from oncohort.intake.checks import check_records
from oncohort.report.methods import phrase_methods
from oncohort.stats.cox import cox
from oncohort.stats.kaplan_meier import kaplan_meier, number_at_risk
from oncohort.stats.log_rank import log_rank
from oncohort.stats.proportional_hazards import cox_zph
from oncohort.stats.rank_tests import rank_test
from oncohort.study.findings import Finding
from oncohort.study.parse import parse_protocol
from oncohort.study.protocol import Protocol
from oncohort.study.records import Records, column_types
from oncohort.study.template_tables import TEMPLATE

TIMED = {
    "id": "OS",
    "time": {"column": "OS", "unit": "months"},
    "event": {"column": "Death", "values": [1], "censored": [0]},
    "entry": {"column": "Seen", "unit": "months"},
}
DATED = {
    "id": "OS",
    "start": "in",
    "entry": "seen_from",
    "stop": "death",
    "last_known_alive": "seen",
}
DTYPES: dict[str, type[pl.DataType]] = {"number": pl.Float64, "date": pl.Date, "text": pl.String}


def protocol_of(endpoint: dict[str, Any], **sections: Any) -> Protocol:
    return Protocol.model_validate(
        {
            "study": {"title": "x", "profile": "guideline"},
            "records": {"patients": {"file": "p.csv", "patient_id": "Number"}},
            "endpoint": (endpoint,),
            **sections,
        }
    )


def frame_of(columns: dict[str, list[Any]], protocol: Protocol) -> pl.DataFrame:
    n = len(next(iter(columns.values())))
    types = column_types(protocol)
    frame = pl.DataFrame(
        {name: pl.Series(cells, dtype=DTYPES[types.get(name, "text")]) for name, cells in columns.items()}
    )
    rows = pl.Series(range(2, n + 2), dtype=pl.Int64)
    return frame.with_columns(patient_id=pl.Series([f"p{k}" for k in range(n)]), row=rows)


def check(columns: dict[str, list[Any]], protocol: Protocol) -> list[Finding]:
    return check_records(frame_of(columns, protocol), protocol, "p.csv")


# ── what the protocol may say ──

STUDY = """
[study]
title = "x"
profile = "guideline"

[records.patients]
file = "p.csv"
patient_id = "Number"

[[endpoint]]
id = "OS"
"""
WITH_TIME = 'time = { column = "OS", unit = "months" }\nevent = { column = "Death", values = [1] }\n'
WITH_DATES = 'start = "In"\nstop = "Out"\nevent = { column = "Death", values = [1] }\n'


@pytest.mark.parametrize(
    ("endpoint", "sentence"),
    [
        (
            WITH_TIME + 'entry = "Seen"',
            'endpoint.OS.entry: with a time column, entry = { column = "…", unit = "…" } was expected',
        ),
        (
            WITH_TIME + 'entry = { column = "Seen", unit = "days" }',
            "endpoint.OS.entry.unit: entry is in days and time in months; one unit was expected",
        ),
        (
            WITH_TIME + 'entry = { column = "OS", unit = "months" }',
            'endpoint.OS.entry: the column "OS" is the time already; the column of the entry was expected',
        ),
        (
            WITH_DATES + 'entry = { column = "Seen", unit = "days" }',
            "endpoint.OS.entry: with start and stop, a date column was expected",
        ),
        (
            WITH_DATES + 'entry = "In"',
            'endpoint.OS.entry: the column "In" is a start or stop already; the column of the entry was expected',
        ),
        (
            WITH_TIME.replace("[1] }", "[1], competing = [2] }") + 'entry = { column = "Seen", unit = "months" }',
            "endpoint.OS.entry: belongs to an endpoint without competing events",
        ),
        (WITH_TIME + 'entry = { column = "Seen" }', "endpoint.OS.entry.unit: is missing"),
        (WITH_TIME + "entry = 3", "endpoint.OS.entry: a table { … } was expected"),
        (
            WITH_TIME + 'entry = { column = "Seen", unit = "months" }\n[[factor]]\nid = "ENTRY"\ncolumn = "x"',
            'factor.ENTRY.id: "ENTRY" names another column of the datasets; another id was expected',
        ),
    ],
)
def test_entry_that_does_not_fit_is_told_in_one_line(endpoint: str, sentence: str) -> None:
    with pytest.raises(ProtocolError) as refused:
        parse_protocol(STUDY + endpoint, "study.toml", template=TEMPLATE)
    [line] = [line for line in str(refused.value).splitlines() if line]
    assert sentence in line


def test_a_records_study_has_no_entry() -> None:
    text = STUDY.replace('[records.patients]\nfile = "p.csv"\npatient_id = "Number"\n', "")
    text = text.replace('profile = "guideline"', 'profile = "guideline"\nrecords = "data"')
    with pytest.raises(ProtocolError) as refused:
        parse_protocol(
            text + 'start = "index"\nevents = ["death"]\nentry = "subjects.consent_date"',
            "study.toml",
            template=TEMPLATE,
        )
    sentence = "belongs to a table study; there every patient is under observation from the index on"
    assert f"endpoint.OS.entry: {sentence}" in str(refused.value)


# ── what the checks find ──

GOOD = {"OS": [5.0, 7.0, 9.0], "Death": ["1", "0", "1"], "Seen": [0.0, 2.0, 8.5]}


def test_entries_before_the_times_give_no_finding() -> None:
    assert check(GOOD, protocol_of(TIMED)) == []


@pytest.mark.parametrize(
    ("entry", "rule", "value", "sentence"),
    [
        (None, "ENTRY-MISSING", "", "the entry is missing; every patient needs one, 0 for one seen from the beginning"),
        (-1.0, "ENTRY-NEGATIVE", "-1", "an entry from 0 was expected"),
        (7.0, "ENTRY-NOT-BEFORE-TIME", "7", 'OS: the entry is not before the time ("OS"), so this patient was never'),
        (7.0 - 1e-12, "ENTRY-NOT-BEFORE-TIME", "7", "OS: the entry is not before the time"),
        (12.5, "ENTRY-NOT-BEFORE-TIME", "12.5", "leave such patients out"),
    ],
)
def test_entry_that_cannot_be_is_fatal_and_names_row_and_value(
    entry: float | None, rule: str, value: str, sentence: str
) -> None:
    [found] = check({**GOOD, "Seen": [0.0, entry, 8.5]}, protocol_of(TIMED))
    assert (found.level, found.rule, found.row, found.column) == ("fatal", rule, 3, "Seen")
    assert format(float(found.value), ".6g") == value if value else found.value == ""
    assert sentence in found.sentence


def test_entry_of_a_patient_who_is_left_out_stops_no_run() -> None:
    later = {"id": "later", "exclude": {"column": "Seen", "op": ">=", "value": 7}}
    findings = check({**GOOD, "Seen": [0.0, 7.0, None]}, protocol_of(TIMED, criterion=(later,)))
    assert [(f.level, f.rule, f.row) for f in findings] == [
        ("fatal", "ENTRY-MISSING", 4),
        ("note", "ENTRY-NOT-BEFORE-TIME", 3),
    ]


def test_a_header_with_another_unit_is_told() -> None:
    endpoint = {**TIMED, "entry": {"column": "Seen (days)", "unit": "months"}}
    columns = {"OS": [5.0], "Death": ["1"], "Seen (days)": [1.0]}
    [found] = check(columns, protocol_of(endpoint))
    assert (found.level, found.rule, found.column) == ("warning", "UNIT-DIFFERS", "Seen (days)")


DATES = {
    "in": [date(2010, 1, 1)] * 4,
    "seen_from": [date(2010, 2, 1), date(2009, 12, 1), date(2010, 1, 1), date(2010, 3, 1)],
    "death": [date(2010, 4, 1), None, date(2010, 1, 5), None],
    "seen": [None, date(2011, 1, 1), None, date(2010, 9, 1)],
}


def test_date_of_entry_before_the_start_is_a_note_and_the_patient_enters_at_0() -> None:
    protocol = protocol_of(DATED)
    [found] = check(DATES, protocol)
    assert (found.level, found.rule, found.row, found.value) == ("note", "ENTRY-BEFORE-START", 3, "2009-12-01")
    cohort, _ = derive_cohort(Records({"patients": frame_of(DATES, protocol)}, {"patients": "p.csv"}, ()), protocol)
    endpoint = cohort.endpoints["OS"]
    assert endpoint.entry is not None
    assert endpoint.entry.tolist() == [31.0, 0.0, 0.0, 59.0]
    assert endpoint.time.tolist() == [90.0, 365.0, 4.0, 243.0]


@pytest.mark.parametrize(
    ("change", "cutoff", "sentence"),
    [
        ({"death": [date(2010, 2, 1), None, date(2010, 1, 5), None]}, None, "not before the end (death and seen)"),
        ({"seen": [None, date(2011, 1, 1), None, date(2010, 2, 1)]}, None, "not before the end (death and seen)"),
        ({}, date(2010, 3, 1), "the entry is not before the cutoff"),
    ],
)
def test_date_of_entry_must_be_before_the_end_and_the_cutoff(
    change: dict[str, Any], cutoff: date | None, sentence: str
) -> None:
    found = check({**DATES, **change}, protocol_of({**DATED, "cutoff": cutoff}))
    [fatal] = [f for f in found if f.level == "fatal"]
    assert fatal.rule == "ENTRY-NOT-BEFORE-TIME"
    assert sentence in fatal.sentence


def test_a_missing_date_of_entry_is_fatal() -> None:
    [found, _] = check({**DATES, "seen_from": [None, *DATES["seen_from"][1:]]}, protocol_of(DATED))
    assert (found.level, found.rule, found.row) == ("fatal", "ENTRY-MISSING", 2)
    assert "the start for one seen from the beginning" in found.sentence


# ── that every analysis takes it ──

RNG = np.random.default_rng(7)
N = 80
ENTRY = RNG.integers(0, 12, N).astype(float)
TIME = ENTRY + RNG.integers(1, 15, N)
EVENT = RNG.random(N) < 0.7
SEX = RNG.integers(0, 2, N)
STAGE = RNG.integers(0, 3, N)
AGE = np.round(RNG.normal(60, 9, N), 1)
FACTORS = (
    {"id": "sex", "column": "sex", "levels": ["0", "1"]},
    {"id": "stage", "column": "stage", "levels": ["0", "1", "2"]},
    {"id": "age", "column": "age", "cox": "continuous"},
)
SECTIONS: dict[str, Any] = {
    "factor": FACTORS,
    "table": (
        {"kind": "univariable", "endpoints": ("OS",), "factors": ("sex", "stage"), "trend": True},
        {"kind": "univariable", "endpoints": ("OS",), "factors": ("sex",), "test": "breslow", "strata": "stage"},
    ),
    "model": (
        {"id": "all", "endpoint": "OS", "factors": ("sex", "age"), "select": {"method": "none"}},
        {
            "id": "chosen",
            "endpoint": "OS",
            "factors": ("sex", "age"),
            "select": {"method": "backward-stepwise", "criterion": "wald", "enter": 0.98, "remove": 0.99},
        },
    ),
    "subgroup": ({"id": "by_stage", "endpoint": "OS", "compare": "sex", "factors": ("stage",)},),
    "survival": {"at": (6, 12), "rmst_at": (10,), "ties": "efron"},
}
COLUMNS = {
    "OS": TIME.tolist(),
    "Death": [str(int(e)) for e in EVENT],
    "Seen": ENTRY.tolist(),
    "sex": SEX.astype(str).tolist(),
    "stage": STAGE.astype(str).tolist(),
    "age": AGE.tolist(),
}


def analyzed(columns: dict[str, list[Any]] = COLUMNS, **sections: Any) -> Any:
    protocol = protocol_of(TIMED, **{**SECTIONS, **sections})
    records = Records({"patients": frame_of(columns, protocol)}, {"patients": "p.csv"}, ())
    cohort, _ = derive_cohort(records, protocol)
    results, findings = analyze_cohort(cohort, protocol)
    return protocol, cohort, results, findings


@pytest.fixture(scope="module")
def found() -> Any:
    return analyzed()


def value(results: Any, analysis: str, statistic: str, **keys: str) -> float:
    row = results.get(analysis, statistic, **keys)
    assert row is not None, (analysis, statistic, keys)
    return row.value


def test_curves_have_the_numbers_at_risk(found: Any) -> None:
    _, _, results, _ = found
    curve = kaplan_meier(TIME, EVENT, entry=ENTRY, conf_type="log-log")
    rows = results.curve("OS")
    assert [row.n_risk for row in rows] == curve.n_risk.tolist()
    assert [row.time for row in rows] == curve.time.tolist()
    for asked in (6, 12):
        assert value(results, "survival_at", "n_risk", endpoint="OS", time=str(asked)) == number_at_risk(curve, [asked])
    assert max(row.n_risk for row in rows) < N


def test_tests_of_levels_take_the_entries(found: Any) -> None:
    _, _, results, _ = found
    keys = {"endpoint": "OS", "model": "table_1"}
    by_sex = log_rank(TIME, EVENT, SEX, entry=ENTRY)
    assert value(results, "univariable_km", "statistic", **keys, variable="sex") == by_sex.statistic
    pair = STAGE != 1
    between = log_rank(TIME[pair], EVENT[pair], STAGE[pair], entry=ENTRY[pair])
    theirs = value(results, "univariable_km", "statistic", **keys, variable="stage", group="stage=0|2")
    assert theirs == pytest.approx(between.statistic, rel=1e-12)
    weighted = rank_test(TIME, EVENT, SEX, weights="breslow", strata=STAGE, entry=ENTRY).test
    keys["model"] = "table_2"
    assert value(results, "univariable_km", "statistic", **keys, variable="sex") == weighted.statistic


def test_models_their_checks_and_subgroups_take_the_entries(found: Any) -> None:
    _, _, results, _ = found
    both = cox(TIME, EVENT, {"sex": SEX, "age": AGE}, ties="efron", entry=ENTRY)
    for model in ("all", "chosen"):
        keys = {"model": model, "endpoint": "OS"}
        log_likelihood = value(results, "multivariable_cox", "log_likelihood", **keys)
        assert log_likelihood == pytest.approx(both.log_likelihood, rel=1e-12)
        zph = cox_zph(both, transform="km")
        assert value(results, "proportional_hazards", "statistic", **keys) == pytest.approx(
            zph.overall.statistic, rel=1e-9
        )
    path = value(results, "stepwise", "log_likelihood", model="chosen:0", endpoint="OS")
    assert path == pytest.approx(both.log_likelihood_null, rel=1e-12)
    alone = cox(TIME, EVENT, {"sex": SEX}, ties="efron", entry=ENTRY)
    for analysis, keys in (
        ("univariable_cox", {"model": "all", "variable": "sex", "level": "1"}),
        ("subgroup", {"model": "by_stage", "group": "sex=1|0"}),
    ):
        theirs = value(results, analysis, "log_estimate", endpoint="OS", **keys)
        assert theirs == pytest.approx(alone.coefficients[0], rel=1e-9)


def test_entries_are_described_and_follow_up_counts_from_them(found: Any) -> None:
    protocol, _, results, _ = found
    late = int((ENTRY > 0).sum())
    assert value(results, "delayed_entry", "n", endpoint="OS") == late
    assert value(results, "delayed_entry", "median", endpoint="OS") == np.median(ENTRY)
    rows = results.select("follow_up", level="reverse-km")
    assert next(row.value for row in rows if row.statistic == "median") <= (TIME - ENTRY).max()
    told = phrase_methods(protocol, results, "oncohort")
    expected = f'at the time in the column "Seen" (left truncation), {late} of them after time zero'
    assert f"Patients entered the risk set {expected}" in told
    assert "follow-up is counted from it" in told


def test_entry_at_0_for_all_changes_no_other_number() -> None:
    def rows(columns: dict[str, list[Any]], endpoint: dict[str, Any]) -> Iterator[Any]:
        protocol = protocol_of(endpoint, **SECTIONS)
        records = Records({"patients": frame_of(columns, protocol)}, {"patients": "p.csv"}, ())
        results, _ = analyze_cohort(derive_cohort(records, protocol)[0], protocol)
        yield from (row for row in results.rows if row.analysis != "delayed_entry")
        yield from results.curves

    plain = {key: item for key, item in TIMED.items() if key != "entry"}
    with_zeros = list(rows({**COLUMNS, "Seen": [0.0] * N}, TIMED))
    without = list(rows({name: cells for name, cells in COLUMNS.items() if name != "Seen"}, plain))
    assert len(with_zeros) == len(without)
    for ours, theirs in zip(with_zeros, without, strict=True):
        assert repr(ours) == repr(theirs)


# ── where nobody is under observation ──

GAPS = {
    "OS": [2.0, 2.0, 6.0, 8.0, 9.0, 3.0],
    "Death": ["1", "1", "1", "1", "0", "0"],
    "Seen": [1.0, 1.0, 5.0, 5.0, 6.0, 1.0],
    "sex": ["0", "0", "0", "0", "0", "1"],
}


def gaps_of(min_cell: int) -> tuple[list[Any], list[Finding]]:
    protocol = protocol_of(TIMED, factor=FACTORS[:1], privacy={"min_cell": min_cell})
    records = Records({"patients": frame_of(GAPS, protocol)}, {"patients": "p.csv"}, ())
    cohort, _ = derive_cohort(records, protocol)
    return analyze_observation(cohort, [("OS", "sex")], read_settings(protocol))


def test_times_at_which_nobody_was_there_are_told() -> None:
    rows, findings = gaps_of(0)
    assert [(f.level, f.rule) for f in findings] == [
        ("note", "NOBODY-OBSERVED"),
        ("warning", "NOBODY-OBSERVED"),
        ("warning", "NOBODY-OBSERVED"),
    ]
    assert [f.sentence for f in findings] == [
        "OS: nobody was under observation before 1.0 months; survival is that of patients who lived to then",
        (
            "OS: nobody was under observation from 3.0 to 5.0 months; the curve is level there because nothing is "
            "known, not because nothing happened"
        ),
        (
            "OS by sex, level 0: the curve falls to 0 at 2.0 months, when all who were under observation had the "
            "event; it stays there, though 3 patients entered later, and says nothing of them"
        ),
    ]
    assert [(r.group, r.time, r.statistic, r.value) for r in rows if r.group] == [
        ("sex=0", "2", "min", 2.0),
        ("sex=0", "2", "max", 5.0),
        ("sex=0", "2", "n", 3.0),
    ]


def test_few_who_entered_later_are_masked() -> None:
    _, findings = gaps_of(5)
    assert "though <5 patients entered later" in findings[-1].sentence


def test_no_restricted_mean_where_nobody_was_there() -> None:
    columns = {name: [*cells, *cells] for name, cells in GAPS.items()}
    sections = {"factor": FACTORS[:1], "table": (SECTIONS["table"][0] | {"factors": ("sex",)},)}
    _, _, results, _ = analyzed(columns, **sections, model=(), subgroup=(), survival={"rmst_at": (6,)})
    said = results.text("rmst", "method", endpoint="OS", time="6")
    assert said == "not estimable: nobody was under observation for a part of that time"
