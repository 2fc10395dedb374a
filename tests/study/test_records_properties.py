"""Laws of the derivations on random records: patients do not touch each other, order does not matter, counts add up."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from datetime import date, timedelta
from functools import cache
from random import Random

import polars as pl
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from random_records import CUTOFF, Patient, as_records, random_patient, random_patients

from oncohort.derive.course import Course, derive_course
from oncohort.derive.eligibility import Entry, derive_entry
from oncohort.intake.presets import read_presets
from oncohort.study.parse import parse_protocol
from oncohort.study.protocol import Protocol
from oncohort.study.records import Records
from oncohort.study.template_tables import TEMPLATE

STUDY = """\
[study]
title = "Random patients"
profile = "paper"
records = "data"
preset = "sorafenib-hcc-2010"
{cutoff}

[response]
also_report = [{{ id = "confirmed", label = "Confirmed", confirm = true }}]

[population]
analysis = "{population}"
safety = "treated"

[[endpoint]]
id = "OS"
start = "index"
events = ["death"]

[[endpoint]]
id = "TTP"
start = "index"
events = ["progression"]

[[endpoint]]
id = "PFS"
start = "index"
events = ["progression", "death"]
sensitivity = ["PAPER", "FDA_A", "NO_MISSED", "NACT_EVENT", "PD_MIDPOINT"]
"""
N = 6
SEEDS = st.integers(0, 10**6)
few = settings(max_examples=max(6, settings().max_examples // 8), phases=set(Phase) - {Phase.shrink, Phase.explain})


@cache
def protocol_of(population: str = "treated", cutoff: str = "") -> Protocol:
    text = STUDY.format(population=population, cutoff=f"cutoff = {cutoff}" if cutoff else "")
    return parse_protocol(text, "study.toml", read_presets(), template=TEMPLATE)


def derive(records: Records, protocol: Protocol | None = None) -> Course:
    return derive_course(records, protocol or protocol_of())


def content(course: Course, leave_out: str = "") -> dict[str, pl.DataFrame]:
    """Return every frame without a patient and without the rows of the files, and the findings as another frame."""
    derived = {field.name: getattr(course.derived, field.name) for field in fields(course.derived)}
    told = [(f.patient_id, f.level, f.rule, f.sentence, f.file, f.column, f.value) for f in course.findings]
    names = ("patient_id", "level", "rule", "sentence", "file", "column", "value")
    derived["findings"] = pl.DataFrame(told, schema=dict.fromkeys(names, pl.String), orient="row")
    return {
        name: frame.drop("row", "source_row", strict=False).filter(pl.col("patient_id") != leave_out)
        for name, frame in derived.items()
    }


def sorted_content(course: Course, leave_out: str = "") -> dict[str, list[tuple]]:
    frames = content(course, leave_out)
    return {name: frame.sort(frame.columns).rows() for name, frame in frames.items()}


@few
@given(SEEDS, st.integers(0, N - 1))
def test_another_patient_changes_no_row_of_the_others(seed, place):
    patients = random_patients(seed, N)
    name = f"P{place:02d}"
    others = sorted_content(derive(as_records(patients)), leave_out=name)
    patients[place] = random_patient(seed, place, variant=1)
    assert sorted_content(derive(as_records(patients)), leave_out=name) == others
    del patients[place]
    assert sorted_content(derive(as_records(patients))) == others


@few
@given(SEEDS, st.integers(1, N - 1))
def test_two_parts_joined_are_the_whole(seed, cut):
    patients = random_patients(seed, N)
    whole = content(derive(as_records(patients)))
    first, second = (content(derive(as_records(part))) for part in (patients[:cut], patients[cut:]))
    del whole["findings"]
    for name, frame in whole.items():
        joined = pl.concat([first[name], second[name]], how="vertical")
        assert joined.rows() == frame.rows(), name


@few
@given(SEEDS, SEEDS)
def test_order_of_rows_does_not_matter(seed, order):
    patients = random_patients(seed, N)
    as_they_are = derive(as_records(patients))
    shuffled = derive(as_records(patients, shuffle=Random(order)))
    assert sorted_content(shuffled) == sorted_content(as_they_are)


@few
@given(SEEDS)
def test_progression_free_is_never_longer_than_life(seed):
    times = derive(as_records(random_patients(seed, N))).derived.time_to_event.filter(pl.col("event"))
    ends = {endpoint: times.filter(pl.col("endpoint") == endpoint) for endpoint in ("OS", "PFS", "TTP")}
    for shorter, longer in (("PFS", "OS"), ("TTP", "OS")):
        both = ends[shorter].join(ends[longer], on="patient_id", suffix="_later")
        assert (both["day"] <= both["day_later"]).all()
    own = ends["TTP"].join(ends["PFS"].filter(pl.col("rule") == ""), on="patient_id", suffix="_first")
    assert (own["day"] >= own["day_first"]).all()


def entry_of(patients: list[Patient], population: str) -> tuple[Entry, pl.DataFrame]:
    protocol = protocol_of(population)
    derived = derive(as_records(patients), protocol).derived.patients
    return derive_entry(derived, protocol, TEMPLATE, "subjects.csv"), derived


@few
@given(SEEDS, st.sampled_from(["treated", "eligible"]))
def test_each_screened_patient_is_analyzed_or_leaves_at_one_step(seed, population):
    patients = random_patients(seed, N)
    entry, derived = entry_of(patients, population)
    *steps, last = entry.flow
    n_left = [step.n_in - step.n_out for step in steps]
    assert [step.n_in for step in (*steps, last)] == [N, *n_left]
    assert (last.n_in, last.n_out) == (len(entry.patient_id), 0)
    assert set(entry.patient_id) <= set(derived.filter("treated")["patient_id"].to_list())
    left, analyzed = Counter(), []
    for patient in patients:
        alone, _ = entry_of([patient], population)
        left.update({step.id: step.n_out for step in alone.flow})
        analyzed += alone.patient_id
        assert sum(step.n_out for step in alone.flow) + len(alone.patient_id) == 1
    assert tuple(analyzed) == entry.patient_id
    assert {step.id: step.n_out for step in steps if step.n_out} == {name: n for name, n in left.items() if n}


_DATED = {"lesions": ["first_seen_date"], "disposition": ["date"]}
"""Tables that keep their rows and lose what happened too late, with the date of it."""


@few
@given(SEEDS)
def test_each_record_that_is_left_out_is_told(seed):
    records = as_records(random_patients(seed, N))
    course = derive(records)
    told = sorted((f.file, f.row) for f in course.findings if f.rule == "LEFT-OUT")
    left_out = [
        (records.files[name], row)
        for name, frame in records.tables.items()
        for row in frame.join(
            course.timeline.tables[name], on=["row", *_DATED.get(name, [])], how="anti", nulls_equal=True
        )["row"]
    ]
    assert told == sorted(left_out)


@few
@given(SEEDS, st.integers(0, 500))
def test_what_was_recorded_after_the_cutoff_only_proves_that_the_patient_lived(seed, days):
    patients = random_patients(seed, N)
    begun = max(row["first_sorafenib_date"] or date.min for patient in patients for row in patient["subjects"])
    cutoff = min(begun + timedelta(days=days), CUTOFF)
    protocol = protocol_of(cutoff=cutoff.isoformat())
    whole = as_records(patients)
    seen = as_records(_until(patient, cutoff) for patient in patients)
    with_later, without = (content(derive(records, protocol)) for records in (whole, seen))
    del without["findings"]
    for name, frame in without.items():
        assert with_later[name].rows() == frame.rows(), name


_HAPPENED = {
    "labs": "date",
    "clinical_scores": "date",
    "vitals": "date",
    "exposure": "start_date",
    "procedures": "date",
    "lesion_measurements": "scan_date",
    "response": "date",
    "adverse_events": "start_date",
    "other_therapy": "date",
    "followup": "date",
}
_LATER_DATES = ("end_date", "ct1m_date", "first_seen_date")


def first_day(when: date | str | None) -> date:
    """Return the first day that a date may mean, one of long ago if there is none."""
    return date.fromisoformat(f"{when or '1900'}-01-01"[:10])


def _until(patient: Patient, cutoff: date) -> Patient:
    """Return what may have been recorded by a day, and in place of the rest that the patient lived on the next one."""
    seen: Patient = {}
    lived = False
    for table, rows in patient.items():
        column = _HAPPENED.get(table, "")
        seen[table] = [row for row in rows if first_day(row.get(column)) <= cutoff]
        told = [row for row in rows if row.get("status") == "ALIVE" or table != "followup"]
        dates = [row.get(name) for row in told for name in (column, *_LATER_DATES) if column or table == "lesions"]
        lived |= any(first_day(when) > cutoff for when in dates)
    own = patient["subjects"][0]
    visits = [row.get("date") for row in patient.get("followup", ()) if row.get("status") == "ALIVE"]
    followed = any(first_day(when) > cutoff for when in (own.get("death_date"), *visits))
    proof = {"patient_id": own["patient_id"], "date": cutoff + timedelta(days=1)}
    alive = {**proof, "date": proof["date"].isoformat(), "status": "ALIVE"}
    seen["vitals"] = [*seen.get("vitals", ()), *([proof] if lived else [])]
    seen["followup"] = [*seen.get("followup", ()), *([alive] if followed else [])]
    for table, (column, *cells) in _CELLS.items():
        seen[table] = [
            {name: cell for name, cell in row.items() if name not in cells or first_day(row.get(column)) <= cutoff}
            for row in patient.get(table, ())
        ]
    return seen


_CELLS = {
    "lesions": ("first_seen_date", "first_seen_date"),
    "disposition": ("date", "date", "sorafenib_end_reason", "ae_id"),
}
"""For a table that has one row a thing, the date of the row, and the cells that are not known before it."""
