"""Adherence: each rule kept, broken and not assessable, on single occasions, and the laws of the whole audit."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from treated_study import (
    CUTOFF,
    adherence,
    cryo,
    dose,
    event,
    histories,
    protocol,
    scan,
    subject,
    tables,
    tace,
    together,
    verdicts,
)

from oncohort.clinical.dose_machine import DoseEvent, run_dose_machine
from oncohort.derive.adherence import ADHERENCE
from oncohort.derive.protocol_policies import dose_policy, drug_rules, machine_rules
from oncohort.derive.protocol_procedures import local_rules
from oncohort.errors import ProtocolError
from oncohort.study.protocol import Procedure

RULES = [
    "ELIGIBLE",
    "CONSENT-FIRST",
    "DOSE-START",
    "DOSE-REDUCE",
    "DOSE-RETURN",
    "STOP-AE",
    "STOP-ECOG",
    "STOP-CONSENT",
    "PD-CONTINUE",
    "LOCAL-NO-PAUSE",
    "LOCAL-AFTER-START",
    "LOCAL-CONTRA",
    "LOCAL-CONSENT",
    "TACE-BURDEN",
    "TACE-INTERVAL",
    "TACE-CT1M",
    "TACE-LIPIODOL",
    "TACE-MAX",
    "TACE-AGENTS",
    "TACE-OIL",
    "CRYO-CYCLE",
    "CRYO-TEMP",
    "CRYO-MAX",
    "CRYO-DEBULK",
    "CRYO-GUIDE",
    "SCAN-WINDOW",
]
FULL = dose(0, CUTOFF, 800)


def audit(*, changes=(), progressions=None, cells=None, **rows):
    return adherence(tables(**{"exposure": [FULL], **rows}), protocol(*changes), progressions, **(cells or {}))


def reduced(start, end, after="full", **cells):
    """Return doses with one reduction; the dose after it is full, unless the drug ended."""
    head = [dose(0, start - 1, 800), dose(start, end, 400, **cells)]
    return head if after is None else [*head, dose(end + 1, CUTOFF, 800)]


# ── the frame ──


def test_every_rule_of_the_paper_is_there_once_for_a_patient_to_whom_nothing_happened():
    frame = audit(lesion_measurements=[scan(56 * k) for k in range(1, 9)])
    assert dict(frame.schema) == ADHERENCE
    assert set(RULES) <= set(frame["rule"])
    assert set(frame["rule"]) - set(RULES) == {"CRYO-EXPECT"}, "tract_packed has no id of its own"
    assert frame.filter(pl.col("rule") != "SCAN-WINDOW")["rule"].is_unique().all()
    assert set(frame["verdict"]) == {"kept", "not applicable"}


def test_text_is_the_rule_in_the_words_of_the_protocol_and_value_what_was_done():
    frame = audit(adverse_events=[event("A", 3, 20, 40)], exposure=reduced(22, 40))
    ((text, value),) = frame.filter(pl.col("rule") == "DOSE-REDUCE").select("text", "value").rows()
    assert (text, value) == ("grade 3-4: 200 mg twice daily", "grade 3; 400 mg a day on day 22")


def test_a_patient_who_was_never_treated_is_not_audited():
    frame = audit(subjects=[subject(), subject("P2", first_sorafenib_date=None)])
    assert set(frame["patient_id"]) == {"P1"}


def test_a_protocol_without_procedures_has_no_rules_of_local_therapy():
    plain = protocol().model_copy(update={"procedure": (), "imaging": None})
    frame = adherence(tables(exposure=[FULL]), plain)
    assert not {rule for rule in frame["rule"] if rule.startswith(("TACE", "CRYO", "LOCAL-C", "LOCAL-A", "SCAN"))}


@pytest.mark.parametrize(
    ("missing", "rules"),
    [
        ("exposure", {"DOSE-START", "DOSE-RETURN"}),
        ("adverse_events", {"DOSE-REDUCE", "STOP-AE"}),
        ("clinical_scores", {"STOP-ECOG"}),
        ("disposition", {"STOP-CONSENT"}),
        ("procedures", {"LOCAL-NO-PAUSE", "LOCAL-CONSENT", "TACE-MAX", "CRYO-MAX"}),
        ("lesion_measurements", {"PD-CONTINUE", "SCAN-WINDOW"}),
    ],
)
def test_rule_is_not_assessable_where_its_table_was_not_collected(missing, rules):
    frame = audit(**{missing: None})
    assert set(frame.filter(pl.col("rule").is_in(list(rules)))["verdict"]) == {"not assessable"}


# ── entry ──


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({}, "kept"),
        ({"eligibility": "EXCLUDED", "failed": "ECOG"}, "broken"),
        ({"eligibility": "UNDETERMINED", "missing_criteria": "PLATELETS"}, "not assessable"),
    ],
)
def test_who_was_treated_must_have_been_eligible(cells, expected):
    assert verdicts(audit(cells=cells), "ELIGIBLE") == [(expected, 0, None)]


@pytest.mark.parametrize(
    ("consent", "expected"), [(-7, ("kept", 0)), (0, ("kept", 0)), (3, ("broken", 3)), (None, ("not assessable", None))]
)
def test_consent_comes_before_dose_and_data(consent, expected):
    ((verdict, _, late),) = verdicts(audit(subjects=[subject(consent_date=consent)]), "CONSENT-FIRST")
    assert (verdict, late) == expected


def test_consent_after_the_first_record_is_late():
    frame = audit(subjects=[subject(consent_date=-3)], clinical_scores=[{"date": -5, "ecog": 1}])
    assert verdicts(frame, "CONSENT-FIRST") == [("broken", 0, 2)]


# ── doses ──


@pytest.mark.parametrize(("given", "expected"), [(800, "kept"), (400, "broken"), (0, "broken")])
def test_drug_starts_at_the_level_of_the_protocol(given, expected):
    assert verdicts(audit(exposure=[dose(0, CUTOFF, given)]), "DOSE-START") == [(expected, 0, None)]


@pytest.mark.parametrize(
    ("start", "expected"),
    [(20, ("kept", 20, 0)), (27, ("kept", 20, 7)), (28, ("broken", 20, 8)), (10, ("kept", 20, 0))],
)
def test_reduction_must_begin_within_the_days_of_notice(start, expected):
    frame = audit(adverse_events=[event("A", 3, 20, 40)], exposure=reduced(start, 40))
    assert verdicts(frame, "DOSE-REDUCE") == [expected]


def test_dose_that_is_never_reduced_is_broken_without_days_late():
    assert verdicts(audit(adverse_events=[event("A", 4, 20, 40)]), "DOSE-REDUCE") == [("broken", 20, None)]


def test_pause_stands_for_a_reduction_only_if_the_protocol_lets_the_drug_pause():
    rows = {
        "adverse_events": [event("A", 3, 20, 30)],
        "exposure": [dose(0, 21, 800), dose(22, 30, 0), dose(31, CUTOFF, 800)],
    }
    assert verdicts(audit(**rows), "DOSE-REDUCE") == [("kept", 20, 2)]
    changes = (("allowed = true", "allowed = false"),)
    strict = audit(changes=changes, **rows)
    assert verdicts(strict, "DOSE-REDUCE") == [("broken", 20, None)]
    assert verdicts(strict, "DOSE-PAUSE") == [("broken", 22, None)]


@pytest.mark.parametrize("cells", [{"related": "NOT RELATED"}, {"grade": 2}, {"grade": 5}])
def test_only_adverse_events_of_the_drug_with_the_grades_of_the_rule_ask_for_a_reduction(cells):
    assert verdicts(audit(adverse_events=[event("A", 3, 20, 40) | cells]), "DOSE-REDUCE") == []


def test_event_before_the_first_dose_is_none_of_the_drug():
    assert verdicts(audit(adverse_events=[event("A", 3, -5, 40)]), "DOSE-REDUCE") == []


@pytest.mark.parametrize("cells", [{"related": None}, {"grade": None}])
def test_missing_relation_or_grade_leaves_the_reduction_open(cells):
    frame = audit(adverse_events=[event("A", 3, 20, 40) | cells])
    assert verdicts(frame, "DOSE-REDUCE") == [("not assessable", 20, None)]
    (value,) = frame.filter(pl.col("rule") == "DOSE-REDUCE")["value"]
    assert value.endswith(f"missing: {next(iter(cells))}")


def test_reduced_dose_must_hold_until_the_event_is_over():
    events = [event("A", 3, 20, 40)]
    assert verdicts(audit(adverse_events=events, exposure=reduced(21, 40)), "DOSE-REDUCE") == [("kept", 20, 1)]
    assert verdicts(audit(adverse_events=events, exposure=reduced(21, 39)), "DOSE-REDUCE") == [("broken", 20, None)]
    said = [*reduced(21, 35, None), dose(36, CUTOFF, 800, adjust_reason="RESOLVED", ae_id="A")]
    assert verdicts(audit(adverse_events=events, exposure=said), "DOSE-REDUCE") == [("not assessable", 20, None)]


def test_partial_start_of_an_event_is_judged_by_its_first_and_last_possible_day():
    month = [event("A", 3, "2009-02", "2009-04-30")]  # days 27 to 54
    early = audit(adverse_events=month, exposure=reduced(25, 120))
    assert verdicts(early, "DOSE-REDUCE") == [("kept", None, 0)]
    between = audit(adverse_events=month, exposure=reduced(40, 120))
    assert verdicts(between, "DOSE-REDUCE") == [("not assessable", None, None)]
    assert verdicts(audit(adverse_events=month), "DOSE-REDUCE") == [("broken", None, None)]


def test_reduction_that_was_not_due_when_the_patient_was_last_known_of_is_not_assessable():
    rows = {"exposure": [dose(0, 22, 800)], "adverse_events": [event("A", 3, 20, None)]}
    followed = {"followup": [{"date": 22, "status": "ALIVE"}]}
    assert verdicts(audit(**rows, **followed), "DOSE-REDUCE") == [("not assessable", 20, None)]
    assert verdicts(audit(**rows), "DOSE-REDUCE") == [("not applicable", 20, None)], "the drug had ended"


@pytest.mark.parametrize(
    ("end", "expected"),
    [(30, [("kept", 31, 0)]), (37, [("kept", 31, 7)]), (38, [("broken", 31, 8)]), (120, [("broken", 31, 90)])],
)
def test_dose_returns_within_the_notice_from_the_day_after_the_event(end, expected):
    frame = audit(adverse_events=[event("A", 3, 20, 30)], exposure=reduced(20, end))
    assert verdicts(frame, "DOSE-RETURN") == expected


@pytest.mark.parametrize(("last", "expected"), [(37, "not applicable"), (38, "broken")])
def test_drug_may_end_at_the_low_dose_before_the_notice_is_over(last, expected):
    frame = audit(adverse_events=[event("A", 3, 20, 30)], exposure=reduced(20, last, None))
    assert verdicts(frame, "DOSE-RETURN") == [(expected, 31, None)]


def test_return_is_open_where_the_grade_of_an_event_is_not_known():
    events = [event("A", 3, 20, 30), event("B", None, 25, 90)]
    frame = audit(adverse_events=events, exposure=reduced(20, 60))
    assert verdicts(frame, "DOSE-RETURN") == [("not assessable", 31, None)]
    assert frame.filter(pl.col("rule") == "DOSE-RETURN")["value"].to_list() == ["missing: grade of B"]


def test_return_waits_for_all_events_of_the_drug():
    events = [event("A", 3, 20, 30), event("B", 3, 25, 50), event("C", 4, 25, 90, related="NOT RELATED")]
    assert verdicts(audit(adverse_events=events, exposure=reduced(20, 50)), "DOSE-RETURN") == [("kept", 51, 0)]


def test_lower_dose_without_any_event_must_return_too():
    assert verdicts(audit(exposure=reduced(20, 60)), "DOSE-RETURN") == [("broken", 20, 41)]


def test_dose_that_is_not_tolerated_stays_low_and_must_not_be_raised():
    events = [event("A", 3, 20, 30)]
    stays = [*reduced(20, CUTOFF, None, well_tolerated="N")]
    assert verdicts(audit(adverse_events=events, exposure=stays), "DOSE-RETURN") == []
    raised = audit(adverse_events=events, exposure=reduced(20, 60, well_tolerated="N"))
    assert verdicts(raised, "DOSE-RETURN") == [("broken", 61, None)]


@pytest.mark.parametrize("said", ["U", None])
def test_return_is_open_where_tolerance_is_not_recorded(said):
    rows = {"adverse_events": [event("A", 3, 20, 30)]}
    frame = audit(exposure=reduced(20, 60, well_tolerated=said), **rows)
    assert verdicts(frame, "DOSE-RETURN") == [("not assessable", 31, None)]
    (value,) = frame.filter(pl.col("rule") == "DOSE-RETURN")["value"]
    assert value == "missing: well_tolerated"


@pytest.mark.parametrize("outcome", ["RECOVERED/RESOLVED", "UNKNOWN", None])
def test_return_is_open_where_the_end_of_the_event_is_not_known(outcome):
    frame = audit(adverse_events=[event("A", 3, 20, None, outcome=outcome)], exposure=reduced(20, CUTOFF, None))
    assert verdicts(frame, "DOSE-RETURN")[-1][0] == "not assessable"


def test_no_return_is_asked_for_while_an_event_goes_on():
    events = [event("A", 3, 20, None, outcome="NOT RECOVERED/NOT RESOLVED")]
    assert verdicts(audit(adverse_events=events, exposure=reduced(20, CUTOFF, None)), "DOSE-RETURN") == []


def test_new_event_before_the_notice_is_over_takes_the_demand_back():
    events = [event("A", 3, 20, 30), event("B", 3, 35, 60)]
    frame = audit(adverse_events=events, exposure=reduced(20, 60))
    assert verdicts(frame, "DOSE-RETURN") == [("not applicable", 31, None), ("kept", 61, 0)]


@pytest.mark.parametrize(("last", "expected"), [(100, ("kept", 0)), (107, ("kept", 7)), (108, ("broken", 8))])
def test_withdrawal_for_an_event_counts_from_the_day_it_was_decided(last, expected):
    frame = audit(
        exposure=[dose(0, last, 800)],
        adverse_events=[event("A", 2, 60, 90, action="DRUG WITHDRAWN")],
        disposition=[{"sorafenib_end_reason": "ADVERSE EVENT", "date": 100, "ae_id": "A"}],
    )
    ((verdict, _, late),) = verdicts(frame, "STOP-AE")
    assert (verdict, late) == expected


@pytest.mark.parametrize(
    ("last", "expected"), [(66, "kept"), (80, "not assessable"), (97, "not assessable"), (98, "broken")]
)
def test_withdrawal_whose_day_is_not_recorded_may_be_any_day_of_the_event(last, expected):
    frame = audit(exposure=[dose(0, last, 800)], adverse_events=[event("A", 2, 60, 90, action="DRUG WITHDRAWN")])
    assert verdicts(frame, "STOP-AE")[0][0] == expected


@pytest.mark.parametrize("action", [None, "UNKNOWN"])
def test_action_that_is_not_recorded_leaves_the_stop_open(action):
    frame = audit(adverse_events=[event("A", 1, 20, 30, action=action)])
    assert verdicts(frame, "STOP-AE") == [("not assessable", 20, None)]


@pytest.mark.parametrize(
    ("ecog", "last", "expected"),
    [
        (3, CUTOFF, []),
        (4, 105, [("kept", 100, 5)]),
        (4, CUTOFF, [("broken", 100, 400)]),
        (4, 90, [("not applicable", 100, None)]),
    ],
)
def test_drug_ends_at_ecog_4(ecog, last, expected):
    frame = audit(exposure=[dose(0, last, 800)], clinical_scores=[{"date": 100, "ecog": ecog}])
    assert verdicts(frame, "STOP-ECOG") == expected


def test_stop_on_the_last_day_known_of_is_not_assessable():
    frame = audit(clinical_scores=[{"date": CUTOFF - 2, "ecog": 4}])
    assert verdicts(frame, "STOP-ECOG") == [("not assessable", CUTOFF - 2, None)]


@pytest.mark.parametrize(
    ("day", "expected"), [(100, ("kept", 3)), (90, ("broken", 13)), (None, ("not assessable", None))]
)
def test_drug_ends_when_consent_is_withdrawn(day, expected):
    frame = audit(
        exposure=[dose(0, 103, 800)],
        disposition=[{"sorafenib_end_reason": "WITHDRAWAL BY SUBJECT", "date": day}],
    )
    ((verdict, _, late),) = verdicts(frame, "STOP-CONSENT")
    assert (verdict, late) == expected


@pytest.mark.parametrize(
    ("good", "wishes", "last", "reason", "expected"),
    [
        ("Y", "Y", 300, None, "kept"),
        ("Y", "Y", 102, "PROGRESSIVE DISEASE", "broken"),
        ("Y", "Y", 102, "DEATH", "not applicable"),
        ("Y", "Y", 102, None, "not assessable"),
        ("Y", "N", 102, "PROGRESSIVE DISEASE", "kept"),
        ("N", "U", 300, None, "broken"),
        ("Y", "U", 300, None, "not assessable"),
        (None, None, 300, None, "not assessable"),
        ("Y", "Y", 60, "PHYSICIAN DECISION", "not applicable"),
    ],
)
def test_drug_goes_on_after_progression_only_if_status_and_wish_allow(good, wishes, last, reason, expected):
    answers = {"pd_clinical_status_good": good, "pd_patient_wishes": wishes}
    frame = audit(
        exposure=[dose(0, last, 800)],
        disposition=[{"sorafenib_end_reason": reason, "date": last, **answers}],
        lesion_measurements=[scan(100)],
        progressions={"P1": 100},
    )
    assert [verdict for verdict, _, _ in verdicts(frame, "PD-CONTINUE")] == [expected]
    assert frame.filter(pl.col("rule") == "PD-CONTINUE")["source_row"].to_list() == [2]


@pytest.mark.parametrize(
    ("doses", "expected"),
    [
        ([FULL], "kept"),
        ([dose(0, 59, 800), dose(60, 62, 0, adjust_reason="PHYSICIAN"), dose(63, CUTOFF, 800)], "broken"),
        ([dose(0, 57, 800), dose(58, 62, 0, adjust_reason="PATIENT"), dose(63, CUTOFF, 800)], "broken"),
        ([dose(0, 60, 800), dose(61, 63, 0, adjust_reason="PHYSICIAN"), dose(64, CUTOFF, 800)], "broken"),
        ([dose(0, 59, 800), dose(60, CUTOFF, 400, adjust_reason="PHYSICIAN")], "broken"),
        ([dose(0, 59, 800), dose(60, 62, 0), dose(63, CUTOFF, 800)], "not assessable"),
        ([dose(0, 57, 800), dose(58, 62, 0, adjust_reason="AE"), dose(63, CUTOFF, 800)], "not applicable"),
        ([dose(0, 20, 800), dose(21, 62, 0), dose(63, CUTOFF, 800)], "not applicable"),
        ([dose(0, 40, 800)], "not applicable"),
        ([dose(0, 50, 800), dose(70, CUTOFF, 800)], "not assessable"),
    ],
)
def test_drug_is_not_paused_for_local_therapy(doses, expected):
    frame = audit(exposure=doses, procedures=[tace(1, 60)])
    assert [verdict for verdict, _, _ in verdicts(frame, "LOCAL-NO-PAUSE")] == [expected]


def test_drug_rules_with_other_ids_and_values_are_judged_alike():
    changes = (
        ('id = "DOSE-REDUCE"', 'id = "SOR-DOWN"'),
        ('{ event = "adverse_event", grade = [3, 4] }', '{ event = "adverse_event", grade = [2, 3, 4] }'),
        ("notice_days = 7", "notice_days = 1"),
    )
    frame = audit(changes=changes, adverse_events=[event("A", 2, 20, 40)], exposure=reduced(22, 40))
    assert verdicts(frame, "SOR-DOWN") == [("broken", 20, 2)]
    assert "DOSE-REDUCE" not in set(frame["rule"])


# ── local therapy ──


@pytest.mark.parametrize(
    ("rule", "sessions", "broken_on"),
    [
        ("LOCAL-AFTER-START", [tace(1, -3)], [-3]),
        ("LOCAL-CONTRA", [tace(1, 30, contraindication="Y")], [30]),
        ("LOCAL-CONSENT", [cryo(1, 30, consent="N")], [30]),
        ("TACE-BURDEN", [tace(1, 30, tumour_burden_pct=50.0)], [30]),
        ("TACE-INTERVAL", [tace(1, 30), tace(2, 73)], [73]),
        ("TACE-CT1M", [tace(1, 30, ct1m_date=50)], [30]),
        ("TACE-CT1M", [tace(1, 30, ct1m_date=None, lipiodol_deposit_pct=None)], [30]),
        ("TACE-LIPIODOL", [tace(1, 30, lipiodol_deposit_pct=75.1), tace(2, 60)], [60]),
        ("TACE-MAX", [tace(k, 40 * k) for k in (1, 2, 3, 4)], [160]),
        ("TACE-AGENTS", [tace(1, 30, fu_mg=500.0)], [30]),
        ("TACE-OIL", [tace(1, 30, lipiodol_ml=20.5)], [30]),
        ("CRYO-CYCLE", [cryo(1, 30, thaw1_min=5.0)], [30]),
        ("CRYO-TEMP", [cryo(1, 30, min_temp_c=-130.0)], [30]),
        ("CRYO-MAX", [cryo(k, 40 * k) for k in (1, 2, 3, 4)], [160]),
        ("CRYO-DEBULK", [cryo(1, 30, ablated_pct=50.0)], [30]),
        ("CRYO-GUIDE", [cryo(1, 30, guidance="CT")], [30]),
        ("CRYO-EXPECT", [cryo(1, 30, tract_packed="N")], [30]),
    ],
)
def test_session_breaks_this_rule_and_no_other_of_local_therapy(rule, sessions, broken_on):
    frame = audit(procedures=sessions)
    local = frame.filter(pl.col("rule").str.contains("^(LOCAL|TACE|CRYO)"))
    broken = local.filter(pl.col("verdict") == "broken")
    assert broken.select("rule", "day").rows() == [(rule, day) for day in broken_on]
    assert broken["table"].to_list() == ["procedures"] * len(broken_on)


def test_sessions_are_judged_by_the_values_of_the_study():
    changes = (("interval_days = [28, 42]", "interval_days = [35, 49]"), ("value = 50 },\n]", "value = 20 },\n]"))
    frame = audit(changes=changes, procedures=[tace(1, 30), tace(2, 60), tace(3, 109)])
    assert verdicts(frame, "TACE-INTERVAL")[1:] == [("broken", 60, 0), ("kept", 109, 0)]
    assert {verdict for verdict, _, _ in verdicts(frame, "TACE-BURDEN")} == {"broken"}


def test_interval_and_ct_tell_how_late_they_were():
    frame = audit(procedures=[tace(1, 30, ct1m_date=75), tace(2, 80)])
    assert verdicts(frame, "TACE-INTERVAL")[1] == ("broken", 80, 8)
    assert verdicts(frame, "TACE-CT1M")[0] == ("broken", 30, 3)


def test_condition_of_a_study_without_a_rule_of_its_own_is_judged_too():
    changes = (
        (
            '    { column = "procedures.tumour_burden_pct", op = "<", value = 50 },\n',
            '    { column = "procedures.superselective", op = "==", value = "Y" },\n',
        ),
    )
    sessions = [tace(1, 30, superselective="Y"), tace(2, 60, superselective="N"), tace(3, 90)]
    frame = audit(changes=changes, procedures=sessions)
    assert [verdict for verdict, _, _ in verdicts(frame, "TACE-REQUIRES")] == ["kept", "broken", "not assessable"]
    assert "TACE-BURDEN" not in set(frame["rule"])


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            {"id": "CRYO", "interval_days": [28, 42]},
            "procedure.CRYO.interval_days: there is a rule of adherence for it in TACE",
        ),
        (
            {"id": "TACE", "requires": [{"column": "procedures.tumour_burden_pct", "op": "==", "value": 5}]},
            "a bound of percents",
        ),
    ],
)
def test_procedure_that_no_rule_can_judge_is_refused(content, sentence):
    with pytest.raises(ProtocolError, match=sentence):
        local_rules(Procedure.model_validate(content))


# ── scans ──


def due(frame):
    return [(verdict, day) for verdict, day, _ in verdicts(frame, "SCAN-WINDOW")]


@pytest.mark.parametrize(
    ("day", "expected"), [(48, "broken"), (49, "kept"), (56, "kept"), (63, "kept"), (64, "broken")]
)
def test_window_of_a_scan_includes_its_first_and_last_day(day, expected):
    frame = audit(lesion_measurements=[scan(day)], followup=[{"date": 70, "status": "ALIVE"}])
    assert due(frame) == [(expected, 56)]


def test_late_scan_tells_its_days_and_its_row_and_a_missing_one_has_no_row():
    frame = audit(lesion_measurements=[scan(80)], followup=[{"date": 130, "status": "ALIVE"}])
    rows = frame.filter(pl.col("rule") == "SCAN-WINDOW").select("verdict", "day", "days_late", "source_row").rows()
    assert rows == [("broken", 56, 24, 2), ("broken", 112, None, None)]


def test_additional_scan_is_no_violation_unless_the_protocol_says_so():
    rows = {"lesion_measurements": [scan(30), scan(56)], "followup": [{"date": 70, "status": "ALIVE"}]}
    assert due(audit(**rows)) == [("kept", 56)]
    assert due(audit(changes=(('unscheduled = "used"', 'unscheduled = "deviation"'),), **rows)) == [
        ("broken", 30),
        ("kept", 56),
    ]


def test_no_scan_is_due_after_progression_death_or_the_last_contact():
    followed = {"followup": [{"date": 118, "status": "ALIVE"}]}
    assert due(audit(lesion_measurements=[scan(56)], **followed)) == [("kept", 56)]
    progressed = audit(lesion_measurements=[scan(56)], progressions={"P1": 56})
    assert due(progressed) == [("kept", 56)]
    assert due(audit(lesion_measurements=[scan(56)], progressions={"P1": 119})) == [("kept", 56)]
    dead = [subject(death_flag="Y", death_date=119)]
    assert due(audit(subjects=dead, lesion_measurements=[scan(56)])) == [("kept", 56)]
    later = [subject(death_flag="Y", death_date=120)]
    assert due(audit(subjects=later, lesion_measurements=[scan(56)])) == [("kept", 56), ("broken", 112)]


def test_scan_of_which_only_the_month_is_known_is_kept_only_if_every_day_of_it_fits():
    followed = {"followup": [{"date": 70, "status": "ALIVE"}]}
    assert due(audit(lesion_measurements=[scan("2009-02")], **followed)) == [("not assessable", 56)]
    wide = (("window_days = 7\n", "window_days = 30\n"),)
    assert due(
        audit(changes=wide, lesion_measurements=[scan("2009-02")], followup=[{"date": 90, "status": "ALIVE"}])
    ) == [("kept", 56)]


# ── the laws of the whole audit ──


PROGRESSED = {"P1": 112, "P2": 60}


@given(histories(), histories("P2"), histories("P2"))
@settings(max_examples=20)
def test_changing_one_patient_changes_only_that_patients_rows(one, two, other):
    kept = ["rule", "verdict", "day", "days_late", "value", "text"]
    before, after = (
        adherence(together(one, second), protocol(), PROGRESSED).filter(pl.col("patient_id") == "P1").select(kept)
        for second in (two, other)
    )
    assert before.equals(after)


@given(histories(), histories("P2"), st.randoms(use_true_random=False))
@settings(max_examples=20)
def test_every_treated_patient_has_every_rule_and_the_order_of_rows_changes_nothing(one, two, random):
    given_tables = together(one, two)
    frame = adherence(given_tables, protocol(), PROGRESSED)
    rules = set(frame["rule"])
    assert set(RULES) <= rules
    for patient_id in ("P1", "P2"):
        assert set(frame.filter(pl.col("patient_id") == patient_id)["rule"]) == rules
    assert set(frame["verdict"]) <= {"kept", "broken", "not assessable", "not applicable"}
    assert frame.filter(pl.col("verdict").is_in(["kept", "broken"]))["table"].null_count() == 0
    assert (frame["days_late"].drop_nulls() >= 0).all()
    shuffled = {
        name: table if name == "subjects" else table[random.sample(range(table.height), table.height)]
        for name, table in given_tables.items()
    }
    assert frame.equals(adherence(shuffled, protocol(), PROGRESSED))


CRITERION_MET = "PROTOCOL-SPECIFIED WITHDRAWAL CRITERION MET"


@st.composite
def courses_by_protocol(draw):
    """Draw what happens to a patient, and treat it as the dose machine and the schedule say."""
    days = st.integers(1, 200)
    events = [
        event(f"A{k}", draw(st.integers(1, 4)), start, start + draw(st.integers(0, 40)))
        for k, start in enumerate(draw(st.lists(days, max_size=4)))
    ]
    told = [DoseEvent(0, "START")]
    for row in events:
        told.append(DoseEvent(row["start_date"], "AE", ae=row["ae_id"], grade=row["grade"], tolerated=True))
        told.append(DoseEvent(row["end_date"] + 1, "AE", ae=row["ae_id"], grade=0, tolerated=True))
    scores = [{"date": day, "ecog": draw(st.sampled_from([1, 3, 4]))} for day in draw(st.lists(days, max_size=2))]
    told += [DoseEvent(row["date"], "ECOG", ecog=row["ecog"]) for row in scores]
    progression = draw(st.sampled_from([None, 56, 112, 168]))
    stays = draw(st.booleans())
    if progression is not None:
        told.append(DoseEvent(progression, "PD", good_status=stays, wishes=True))
    told.sort(key=lambda each: each.day)
    name, drug = "sorafenib", protocol().drug["sorafenib"]
    steps = run_dose_machine(told, dose_policy(name, drug))
    by_day = {step.day: int(step.mg_per_day) for step in steps}
    ended = next((step.day for step in steps if step.state == "DISCONTINUED"), None)
    last = CUTOFF if ended is None else ended
    starts = [day for day in sorted(by_day) if day < last or day == 0]
    doses = [
        dose(day, end, by_day[day], adjust_reason="AE" if by_day[day] < 800 else None)
        for day, end in zip(starts, [*(d - 1 for d in starts[1:]), last], strict=True)
    ]
    by_progression = any(step.reason == "PROGRESSIVE DISEASE" for step in steps)
    reason = None if ended is None else "PROGRESSIVE DISEASE" if by_progression else CRITERION_MET
    ends = {
        "sorafenib_end_reason": reason,
        "date": ended,
        "pd_clinical_status_good": "Y" if stays else "N",
        "pd_patient_wishes": "Y",
    }
    first, gaps = draw(st.integers(0, 60)), draw(st.lists(st.integers(28, 42), max_size=2))
    session_days = [first + sum(gaps[:k]) for k in range(len(gaps) + 1)]
    sessions = [tace(k, day, ct1m_date=day + 25) for k, day in enumerate(session_days, 1)]
    sessions += [cryo(k, 60 * k) for k in range(1, draw(st.integers(0, 3)) + 1)]
    scans = [
        scan(56 * k + draw(st.integers(-7, 7))) for k in range(1, 9) if progression is None or 56 * k < progression
    ]
    scans += [] if progression is None else [scan(progression)]
    given_tables = tables(
        exposure=doses,
        adverse_events=events,
        clinical_scores=scores,
        disposition=[ends],
        procedures=sessions,
        lesion_measurements=scans,
    )
    return given_tables, {} if progression is None else {"P1": progression}


@given(courses_by_protocol())
def test_patient_treated_by_the_dose_machine_and_the_schedule_breaks_no_rule(course):
    frame = adherence(course[0], protocol(), course[1])
    assert set(frame["verdict"]) <= {"kept", "not applicable"}, frame.filter(
        ~pl.col("verdict").is_in(["kept", "not applicable"])
    )["text"].to_list()


# ── policies ──


def test_policy_of_the_paper_is_the_clinical_one_but_for_the_flag_that_no_protocol_has():
    from dataclasses import replace

    from oncohort.clinical.dose_policy import SORAFENIB_2010
    from oncohort.clinical.procedure_policy import CRYO_2010, TACE_2010

    drug = protocol().drug["sorafenib"]
    policy = dose_policy("sorafenib", drug)
    assert replace(policy, flag_after_days=SORAFENIB_2010.flag_after_days) == SORAFENIB_2010
    assert [local_rules(procedure).policy for procedure in protocol().procedure] == [TACE_2010, CRYO_2010]
    assert set(machine_rules(drug)) == set(machine_rules(drug).values())


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            'event = "ecog", op = ">="',
            'event = "ecog", op = "=="',
            "drug.sorafenib.rule.STOP-ECOG: a status from which",
        ),
        ("grade = [0, 1, 2], tolerated", "grade = [0, 2], tolerated", "DOSE-RETURN: all grades from 0"),
        ("tolerated = true", "tolerated = false", "DOSE-RETURN: the way from REDUCED back to FULL"),
        ('grade = [3, 4] }\ngo = "REDUCED"', 'grade = [3, 4] }\ngo = "same"', "DOSE-REDUCE: grades, and a level below"),
    ],
)
def test_rule_that_the_dose_machine_cannot_say_is_refused(old, new, sentence):
    with pytest.raises(ProtocolError, match=sentence):
        dose_policy("sorafenib", protocol((old, new)).drug["sorafenib"])


def test_words_of_a_rule_without_text_say_what_it_waits_for():
    drug = protocol(('text = "ECOG PS 4"\n', "")).drug["sorafenib"]
    assert drug_rules("sorafenib", drug)["STOP-ECOG"].text == "ecog >= 4: STOP"
