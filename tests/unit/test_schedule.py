"""The schedule of one patient on one day: every answer, what leaves it open, and that it never looks ahead."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from treated_study import (
    CUTOFF,
    FILES,
    at,
    cryo,
    dose,
    event,
    histories,
    protocol,
    scan,
    subject,
    tables,
    tace,
)

from oncohort.derive.records_until import records_until
from oncohort.derive.schedule import advise
from oncohort.errors import AnalysisError, ProtocolError, UsageError
from oncohort.study.records import Records
from oncohort.study.template_tables import TEMPLATE

TARGET = {
    "lesion_id": "T01",
    "role": "TARGET",
    "organ": "LIVER",
    "kind": "NODULE",
    "well_delineated": "Y",
    "previously_treated": "N",
    "first_seen_date": -7,
}
BASELINE = scan(-7, visit="BASELINE", longest_mm=50.0, viable_mm=50.0)
ALLOWED = {"contraindication": "N", "consent": "Y"}


def records(**rows):
    given = {"exposure": [dose(0, CUTOFF, 800)], "lesions": [TARGET]} | rows
    given["lesion_measurements"] = [BASELINE, *given.get("lesion_measurements", [])]
    return Records(tables(**given), FILES, (), TEMPLATE)


def ask(day, *, changes=(), **rows):
    return advise(records(**rows), protocol(*changes), "P1", on=at(day))


def answer(advice, subject):
    """Return code, words and rules of the grounds of the answer on a subject."""
    found = next(item for item in advice.items if item.subject == subject)
    return found.code, found.answer, [ground.rule for ground in found.grounds]


# ── dose ──


def test_dose_is_that_of_the_start_until_something_happens():
    advice = ask(10)
    assert answer(advice, "dose") == ("FULL", "400 mg twice daily (FULL)", ["DOSE-START"])
    (ground,) = advice.items[0].grounds
    assert (ground.text, ground.section) == ("starts at 400 mg twice daily", "[drug.sorafenib] start")
    assert (ground.file, ground.row) == ("data/subjects.csv", 2)
    assert advice.notes == ("recorded for that day: 800 mg a day since 2009-01-05 (data/exposure.csv, row 2)",)


@pytest.mark.parametrize(
    ("day", "code", "rule"),
    [
        (19, "FULL", "DOSE-START"),
        (20, "REDUCED", "DOSE-REDUCE"),
        (30, "REDUCED", "DOSE-REDUCE"),
        (31, "FULL", "DOSE-RETURN"),
    ],
)
def test_dose_follows_an_adverse_event_from_its_first_day_to_the_day_after_its_last(day, code, rule):
    advice = ask(day, adverse_events=[event("A", 3, 20, 30)], exposure=[dose(0, 20, 800), dose(21, 30, 400)])
    assert (advice.items[0].code, advice.items[0].grounds[0].rule) == (code, rule)


def test_ground_of_a_reduction_is_the_record_of_the_event():
    low = [dose(0, 21, 800), dose(22, CUTOFF, 400)]
    (ground,) = ask(25, exposure=low, adverse_events=[event("A", 1, 5, 6), event("B", 4, 20, 60)]).items[0].grounds
    assert (ground.file, ground.row) == ("data/adverse_events.csv", 3)
    assert ground.why == "B grade 4, 2009-01-25 (day 20)"
    assert ground.section == "[[drug.sorafenib.rule]] DOSE-REDUCE"


def test_return_waits_for_what_is_said_of_tolerance():
    rows = {"adverse_events": [event("A", 3, 20, 30)]}
    low = dose(20, 60, 400, well_tolerated=None)
    open_ = ask(40, exposure=[dose(0, 19, 800), low], **rows).items[0]
    assert (open_.code, open_.possible, open_.missing) == (
        "UNDETERMINED",
        ("FULL", "REDUCED"),
        ("exposure.well_tolerated",),
    )
    later = [dose(0, 19, 800), low | {"end_date": 34}, dose(35, 60, 400)]
    assert ask(34, exposure=later, **rows).items[0].code == "UNDETERMINED"
    assert answer(ask(35, exposure=later, **rows), "dose")[0] == "FULL"
    badly = [dose(0, 19, 800), dose(20, 60, 400, well_tolerated="N")]
    assert answer(ask(40, exposure=badly, **rows), "dose")[0] == "REDUCED"


@pytest.mark.parametrize(
    ("cells", "missing"), [({"related": None}, "related of A"), ({"outcome": None, "end_date": None}, "end_date of A")]
)
def test_event_that_may_not_count_leaves_the_dose_open(cells, missing):
    found = ask(40, adverse_events=[event("A", 3, 20, 60) | cells]).items[0]
    assert (found.code, found.possible) == ("UNDETERMINED", ("FULL", "REDUCED"))
    assert missing in found.missing


def test_tolerance_is_that_of_the_dose_until_the_event_ended():
    doses = [dose(0, 19, 800), dose(20, 30, 400), dose(31, CUTOFF, 800, well_tolerated="N")]
    assert answer(ask(31, exposure=doses, adverse_events=[event("A", 3, 20, 30)]), "dose")[0] == "FULL"


def test_event_that_is_not_of_the_drug_changes_nothing():
    assert answer(ask(40, adverse_events=[event("A", 4, 20, 60, related="NOT RELATED")]), "dose")[0] == "FULL"


def test_recorded_pause_is_followed_and_ends_at_the_dose_before_it():
    doses = [dose(0, 29, 800), dose(30, 36, 0), dose(37, CUTOFF, 800)]
    assert answer(ask(33, exposure=doses), "dose") == ("INTERRUPTED", "no dose (interrupted)", ["DOSE-PAUSE"])
    assert answer(ask(37, exposure=doses), "dose")[0] == "FULL"
    grave = [event("A", 3, 28, 60)]
    assert answer(ask(37, exposure=doses, adverse_events=grave), "dose")[0] == "REDUCED"


@pytest.mark.parametrize(
    ("rows", "rule"),
    [
        ({"clinical_scores": [{"date": 40, "ecog": 4}]}, "STOP-ECOG"),
        ({"adverse_events": [event("A", 2, 40, 50, action="DRUG WITHDRAWN")]}, "STOP-AE"),
        ({"disposition": [{"sorafenib_end_reason": "WITHDRAWAL BY SUBJECT", "date": 40}]}, "STOP-CONSENT"),
    ],
)
def test_drug_ends_by_the_rule_that_ends_it_and_not_before(rows, rule):
    assert answer(ask(39, **rows), "dose")[0] == "FULL"
    assert answer(ask(40, **rows), "dose") == ("DISCONTINUED", "no dose (the drug has ended)", [rule])
    assert answer(ask(200, **rows), "dose")[0] == "DISCONTINUED"


@pytest.mark.parametrize(
    ("good", "wishes", "code"),
    [("Y", "Y", "FULL"), ("Y", "N", "DISCONTINUED"), ("N", "U", "DISCONTINUED"), ("Y", "U", "UNDETERMINED")],
)
def test_dose_after_progression_depends_on_status_and_wish(good, wishes, code):
    rows = {
        "lesion_measurements": [scan(56, longest_mm=90.0, viable_mm=90.0)],
        "disposition": [{"pd_clinical_status_good": good, "pd_patient_wishes": wishes}],
    }
    assert answer(ask(55, **rows), "dose")[0] == "FULL"
    code_, _, rules = answer(ask(60, **rows), "dose")
    assert (code_, rules[-1]) == (code, "PD-CONTINUE")
    missing = ("disposition.pd_clinical_status_good", "disposition.pd_patient_wishes")
    assert ask(60, **rows).items[0].missing == (missing if code == "UNDETERMINED" else ())


def test_end_of_the_drug_and_what_was_given_are_told_beside_the_protocol():
    rows = {
        "exposure": [dose(0, 90, 800)],
        "disposition": [{"sorafenib_end_reason": "PHYSICIAN DECISION", "date": 91}],
    }
    assert answer(ask(100, **rows), "dose")[0] == "FULL", "no rule of the protocol ended it"
    assert ask(100, **rows).notes == (
        "no dose is recorded for that day",
        "recorded: the drug ended on 2009-04-06, PHYSICIAN DECISION (data/disposition.csv, row 2)",
    )


def test_dose_and_rules_are_those_of_the_study():
    changes = (
        ("dose_mg = 400, times_per_day = 2", "dose_mg = 400, times_per_day = 1"),
        ("dose_mg = 200, times_per_day = 2", "dose_mg = 200, times_per_day = 1"),
        ('id = "DOSE-REDUCE"', 'id = "SOR-DOWN"'),
        ('{ event = "adverse_event", grade = [3, 4] }', '{ event = "adverse_event", grade = [2, 3, 4] }'),
    )
    advice = ask(25, changes=changes, adverse_events=[event("A", 2, 20, 60)])
    assert answer(advice, "dose") == ("REDUCED", "200 mg once daily (REDUCED)", ["SOR-DOWN"])


# ── local therapy ──


@pytest.mark.parametrize(
    ("sessions", "day", "code", "rule", "words"),
    [
        ([tace(1, 30)], 50, "WAIT:INTERVAL", "TACE-INTERVAL", "not before 2009-03-04"),
        ([tace(1, 30, ct1m_date=66)], 60, "WAIT:CT_1_MONTH", "TACE-CT1M", "not before the CT"),
        ([tace(1, 30)], 72, "TACE", "LOCAL-AFTER-START", "may be done until 2009-03-18"),
        ([tace(1, 30)], 73, "TACE:LATE", "TACE-INTERVAL", "may be done; it was due until 2009-03-18"),
        ([tace(1, 30, lipiodol_deposit_pct=75.1)], 60, "STOP:LIPIODOL>75", "TACE-LIPIODOL", "no further one"),
        ([tace(1, 30, tumour_burden_pct=50.0)], 60, "NO_TACE:BURDEN", "TACE-BURDEN", "none"),
        ([tace(1, 30, contraindication="Y")], 60, "NO_TACE:CONTRAINDICATED", "LOCAL-CONTRA", "none"),
        ([tace(k, 35 * k) for k in (1, 2, 3)], 140, "STOP:MAX_CYCLES", "TACE-MAX", "no further one"),
    ],
)
def test_next_tace_is_what_the_protocol_says_of_it(sessions, day, code, rule, words):
    code_, words_, rules = answer(ask(day, procedures=sessions), "TACE")
    assert (code_, rules[0]) == (code, rule)
    assert words_.startswith(words)


def test_course_that_should_have_ended_stays_ended():
    sessions = [tace(1, 30, lipiodol_deposit_pct=80.0), tace(2, 65)]
    assert answer(ask(100, procedures=sessions), "TACE")[0] == "STOP:LIPIODOL>75"


def test_oil_on_a_ct_that_was_not_made_yet_does_not_count():
    sessions = [tace(1, 30, ct1m_date=66, lipiodol_deposit_pct=90.0)]
    assert answer(ask(65, procedures=sessions), "TACE")[0] == "WAIT:CT_1_MONTH"
    assert answer(ask(66, procedures=sessions), "TACE")[0] == "STOP:LIPIODOL>75"


def test_first_session_depends_on_what_is_not_recorded_yet():
    found = next(item for item in ask(20).items if item.subject == "TACE")
    assert found.possible == ("NO_TACE:CONTRAINDICATED", "NO_TACE:BURDEN", "TACE")
    assert found.answer == "may be done, if no absolute contraindication and tumor burden < 50% of the liver"
    assert [ground.rule for ground in found.grounds] == [
        "LOCAL-AFTER-START",
        "LOCAL-CONTRA",
        "TACE-BURDEN",
        "LOCAL-CONSENT",
    ]
    assert len(found.missing) == 2


def test_maximum_is_that_of_the_study_and_none_where_it_has_none():
    sessions = [cryo(k, 30 * k) for k in (1, 2, 3)]
    assert answer(ask(120, procedures=sessions), "CRYO") == ("STOP:MAX_PROCEDURES", "no further one", ["CRYO-MAX"])
    (last, *_) = (
        item for item in ask(120, changes=(("maximum = 3\n", ""),), procedures=sessions).items if item.subject == "CRYO"
    )
    assert (last.code, last.grounds[0].why) == ("CRYO", "session 4, nothing against it")


def test_protocol_that_asks_nothing_of_contraindications_does_not_wait_for_them():
    line = '    { column = "procedures.contraindication", op = "==", value = "N" },\n'
    assert answer(ask(20, changes=((line, ""),)), "CRYO")[0] == "CRYO"


# ── scans ──


@pytest.mark.parametrize(
    ("scans", "day", "expected"),
    [
        ([], 10, [("NEXT", "next: 2009-03-02 (day 56)")]),
        ([], 49, [("DUE", "due now: 2009-03-02 (day 56)")]),
        ([], 63, [("DUE", "due now: 2009-03-02 (day 56)")]),
        ([], 64, [("OVERDUE", "overdue since 2009-03-10"), ("NEXT", "next: 2009-04-27 (day 112)")]),
        ([56], 57, [("NEXT", "next: 2009-04-27 (day 112)")]),
        ([70], 75, [("NEXT", "next: 2009-04-27 (day 112)")]),
        ([40], 64, [("OVERDUE", "overdue since 2009-03-10"), ("NEXT", "next: 2009-04-27 (day 112)")]),
    ],
)
def test_scans_are_due_overdue_or_next(scans, day, expected):
    advice = ask(day, lesion_measurements=[scan(each) for each in scans])
    found = [(item.code, item.answer) for item in advice.items if item.subject == "scan"]
    assert [code for code, _ in found] == [code for code, _ in expected]
    assert all(words.startswith(begin) for (_, words), (_, begin) in zip(found, expected, strict=True))


def test_no_scan_is_scheduled_after_progression():
    grown = [scan(56, longest_mm=90.0, viable_mm=90.0)]
    (found,) = (item for item in ask(130, lesion_measurements=grown).items if item.subject == "scan")
    assert (found.code, found.grounds[0].row) == ("NONE", 3)
    assert found.grounds[0].why == "progression on 2009-03-02 (day 56)"


def test_of_what_the_protocol_lacks_nothing_is_said():
    plain = protocol().model_copy(update={"procedure": (), "imaging": None, "response": None})
    advice = advise(records(), plain, "P1", on=at(10))
    assert [item.subject for item in advice.items] == ["dose"]


# ── what was known on the day ──


def test_records_without_a_full_date_count_from_their_last_possible_day_on():
    rows = {"adverse_events": [event("A", 3, "2009-02", None, outcome="NOT RECOVERED/NOT RESOLVED")]}
    early = ask(40, **rows)
    assert answer(early, "dose")[0] == "FULL"
    assert early.notes[-1].endswith("whether they are of that day or earlier: data/adverse_events.csv, row 2")
    assert answer(ask(54, **rows), "dose")[0] == "REDUCED"


def test_death_whose_day_is_not_known_is_told():
    rows = {"subjects": [subject(death_flag="Y", death_date="2009-03")]}
    assert ask(60, **rows).notes[-1].startswith("the patient may have died")
    assert not any("died" in note for note in ask(40, **rows).notes)


def test_what_came_later_is_taken_out_of_a_record():
    given = records(
        exposure=[dose(0, 90, 800)],
        adverse_events=[event("A", 5, 20, 60, outcome="FATAL")],
        procedures=[tace(1, 30)],
        subjects=[subject(death_flag="Y", death_date=60, last_sorafenib_date=50)],
    )
    known = records_until(given, protocol(), "P1", at(40)).records.tables
    assert known["exposure"]["end_date"].to_list() == [None]
    assert known["adverse_events"].select("grade", "end_date", "outcome").row(0) == (
        None,
        None,
        "NOT RECOVERED/NOT RESOLVED",
    )
    assert known["procedures"].select("ct1m_date", "lipiodol_deposit_pct").row(0) == (None, None)
    assert known["subjects"].select("death_flag", "death_date", "last_sorafenib_date").row(0) == ("N", None, None)
    whole = records_until(given, protocol(), "P1", at(90)).records.tables
    assert all(frame.equals(given.tables[name]) for name, frame in whole.items() if name != "followup")


BEGINS = {
    "exposure": "start_date",
    "adverse_events": "start_date",
    "procedures": "date",
    "clinical_scores": "date",
    "lesion_measurements": "scan_date",
    "disposition": "date",
}
ENDS = {"exposure": "end_date", "adverse_events": "end_date", "procedures": "ct1m_date"}


@given(histories(), histories(), st.integers(0, 300), st.sampled_from([None, 30, 400]))
@settings(max_examples=15)
def test_what_is_recorded_after_the_day_never_changes_the_advice(one, two, day, more):
    def begins(name, row):
        return -1 if row[BEGINS[name]] is None else row[BEGINS[name]]

    def end_later(name, row):
        end = row.get(ENDS.get(name))
        return row | {ENDS[name]: end + more} if more and end is not None and end > day else row

    before = {name: [row for row in rows if begins(name, row) <= day] for name, rows in one.items()}
    after = {name: [row for row in rows if begins(name, row) > day] for name, rows in two.items()}
    changed = {name: [end_later(name, row) for row in rows] + after[name] for name, rows in before.items()}
    dead = None if more is None else subject(death_flag="Y", death_date=day + more)
    followed = [{"date": day, "status": "ALIVE"}]
    advice = advise(records(**before, followup=followed), protocol(), "P1", on=at(day))
    later = records(**changed, followup=followed, subjects=[dead or subject()])
    assert advise(later, protocol(), "P1", on=at(day)) == advice


@given(histories(), histories("P2"), st.integers(0, 300))
@settings(max_examples=8)
def test_other_patients_do_not_matter(one, two, day):
    alone = advise(records(**one), protocol(), "P1", on=at(day))
    both = {name: [*one[name], *two[name]] for name in one}
    beside = records(**both, subjects=[subject(), subject("P2")])
    assert advise(beside, protocol(), "P1", on=at(day)) == alone


# ── what it refuses ──


@pytest.mark.parametrize(
    ("patient_id", "on", "error", "sentence"),
    [
        ("P01", at(5), UsageError, 'there is no patient "P01" in data/subjects.csv. Did you mean "P1"?'),
        ("P2", at(5), AnalysisError, "patient P2 was never treated"),
        ("P1", at(-1), AnalysisError, "patient P1 had the first dose on 2009-01-05; a day from then on was expected"),
        ("P3", at(101), AnalysisError, "patient P3 died on 2009-04-15; a day until then was expected"),
        ("P4", date(2009, 6, 1), AnalysisError, "patient P4 died on 2009-05; a day until then was expected"),
    ],
)
def test_patient_or_day_without_a_schedule_is_one_sentence(patient_id, on, error, sentence):
    subjects = [
        subject(),
        subject("P2", first_sorafenib_date=None),
        subject("P3", death_flag="Y", death_date=100),
        subject("P4", death_flag="Y", death_date="2009-05"),
    ]
    with pytest.raises(error) as told:
        advise(records(subjects=subjects), protocol(), patient_id, on=on)
    assert str(told.value).startswith(sentence)


def test_day_of_death_has_a_schedule_without_a_dose():
    advice = ask(100, subjects=[subject(death_flag="Y", death_date=100)])
    assert answer(advice, "dose")[0] == "DISCONTINUED"


def test_protocol_without_treatment_has_no_schedule():
    bare = protocol().model_copy(update={"drug": {}, "procedure": (), "imaging": None})
    with pytest.raises(ProtocolError, match="nothing to schedule"):
        advise(records(), bare, "P1", on=at(5))
    table_study = bare.model_copy(update={"study": bare.study.model_copy(update={"records": None})})
    with pytest.raises(UsageError, match="this is a table study"):
        advise(Records({"patients": pl.DataFrame()}, {}, ()), table_study, "P1", on=at(5))
