"""Laws of toxicity grades, of the dose machine and of exposure, and what the label and the tables of terms say."""

from bisect import bisect_left
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise, permutations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from oncohort.clinical import ctcae, dose_intensity, dose_label, dose_machine
from oncohort.clinical.ctcae import TERMS, grade_diarrhea, grade_lab, grade_weight_loss, is_lab_emergent
from oncohort.clinical.ctcae_data import DIARRHEA_SIGNS, LAB_LABELS
from oncohort.clinical.dose_intensity import (
    DoseSegment,
    days_at,
    dose_interruptions,
    dose_reductions,
    durations,
    relative_dose_intensity,
)
from oncohort.clinical.dose_label import label_action
from oncohort.clinical.dose_machine import (
    SORAFENIB_2010,
    DoseEvent,
    DoseLevel,
    DosePolicy,
    advise,
    mg_per_day,
    run_dose_machine,
)
from oncohort.errors import DataError

VERSIONS = ("3.0", "5.0")
HIGH = ("BILI", "ALT", "AST", "CREAT")
LIMITS = ("lower_limit", "upper_limit", "baseline")
RULES = (*ctcae.RULES, *dose_machine.RULES, *dose_label.RULES, *dose_intensity.RULES)
positive = st.decimals(min_value="0.1", max_value=2000, places=1)
measured = st.decimals(min_value=0, max_value=2000, places=1)
tests = st.sampled_from(sorted(LAB_LABELS))
versions = st.sampled_from(VERSIONS)


def lab(test, value, version, limits):
    return grade_lab(test, value, version=version, **limits)


@st.composite
def known_limits(draw):
    low, high = sorted((draw(positive), draw(positive)))
    assume(low < high)
    return {"lower_limit": low, "upper_limit": high, "baseline": draw(positive)}


# ── laboratory values ──


@given(test=tests, version=versions, limits=known_limits(), one=measured, other=measured)
def test_grade_rises_as_the_value_leaves_the_normal_range(test, version, limits, one, other):
    low, high = sorted((one, other))
    milder, worse = (low, high) if test in HIGH else (high, low)
    assert lab(test, milder, version, limits).value <= lab(test, worse, version, limits).value


PRINTED = {  # test, version, abnormal baseline: bounds in tenths of the unit, with ULN 40, LLN 120, 100 or 4
    ("BILI", "3.0", None): (400, 600, 1200, 4000),
    ("BILI", "5.0", 40): (400, 600, 1200, 4000),
    ("BILI", "5.0", 60): (600, 900, 1800, 6000),
    ("ALT", "3.0", None): (400, 1000, 2000, 8000),
    ("AST", "5.0", 40): (400, 1200, 2000, 8000),
    ("AST", "5.0", 60): (899, 1800, 3000, 12000),  # grade 1 from 90.0 on
    ("CREAT", "3.0", None): (400, 600, 1200, 2400),
    ("CREAT", "5.0", 40): (400, 600, 1200, 2400),
    ("CREAT", "5.0", 20): (
        300,
        300,
        600,
        2400,
    ),  # above 1.5 x and 3 x baseline, before the value leaves the normal range
    ("HGB", "3.0", None): (1200, 1000, 800, 650),
    ("HGB", "5.0", None): (1200, 1000, 800),
    ("PLAT", "3.0", None): (1000, 750, 500, 250),
    ("WBC", "5.0", None): (40, 30, 20, 10),
    ("NEUT", "3.0", None): (40, 15, 10, 5),
}
LLN = {"HGB": 120, "PLAT": 100, "WBC": 4, "NEUT": 4}


@pytest.mark.parametrize(("test", "version", "baseline"), PRINTED)
def test_every_bound_is_exact_to_a_tenth_of_a_unit(test, version, baseline):
    bounds = PRINTED[test, version, baseline]
    limits = {"upper_limit": 40, "baseline": baseline} if test in HIGH else {"lower_limit": LLN[test]}
    for tenths in {max(0, bound + step) for bound in bounds for step in range(-15, 16)}:
        expected = bisect_left(bounds, tenths) if test in HIGH else sum(tenths < bound for bound in bounds)
        assert lab(test, tenths / 10, version, limits).value == expected, tenths


@given(
    test=tests,
    version=versions,
    limits=known_limits(),
    value=st.none() | measured,
    fill=measured,
    gone=st.sets(st.sampled_from(LIMITS)),
)
def test_what_is_missing_leaves_every_grade_that_it_could_give(test, version, limits, value, fill, gone):
    answer = lab(test, value, version, {**limits, **dict.fromkeys(gone)})
    whole = lab(test, fill if value is None else value, version, limits)
    assert whole.is_determined
    assert whole.value in answer.possible
    assert answer.is_determined == (len(answer.possible) == 1)
    assert set(answer.missing) <= {"value", *gone}


@pytest.mark.parametrize(
    ("test", "value", "version", "limits", "possible"),
    [
        ("PLAT", 74.9, "3.0", {}, (2,)),
        ("PLAT", 75, "3.0", {}, (0, 1)),
        ("WBC", 0, "5.0", {}, (4,)),
        ("BILI", 45, "3.0", {}, (0, 1, 2, 3, 4)),
        ("BILI", 0, "3.0", {}, (0,)),
        ("BILI", 45, "5.0", {"upper_limit": 20}, (0, 1, 2)),
        ("BILI", 15, "5.0", {"upper_limit": 20}, (0,)),
        ("ALT", 100, "5.0", {"upper_limit": 40}, (0, 1)),
        ("BILI", 45, "5.0", {"baseline": 30}, (0, 1)),
        ("ALT", 45, "5.0", {"baseline": 44}, (0, 1)),  # grade 1 only with an upper limit from 44 to below 45
        ("CREAT", 95, "5.0", {"upper_limit": 100}, (0, 2, 3)),
        ("CREAT", 650, "5.0", {"upper_limit": 100}, (4,)),
    ],
)
def test_only_grades_that_some_limit_gives_stay_possible(test, value, version, limits, possible):
    assert lab(test, value, version, limits).possible == possible


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"test": "AFP"}, "AFP"),
        ({"version": "2.0"}, "2.0"),
        ({"value": -1}, "negative"),
        ({"upper_limit": 0}, "upper_limit"),
        ({"lower_limit": 50, "upper_limit": 40}, "not below"),
    ],
)
def test_laboratory_value_that_cannot_be_is_refused(arguments, words):
    arguments = {"test": "ALT", "value": 1, "version": "3.0", **arguments}
    with pytest.raises(DataError, match=words):
        grade_lab(arguments.pop("test"), arguments.pop("value"), **arguments)


def test_lower_limit_of_zero_is_a_limit():
    assert grade_lab("ALT", 41, version="3.0", lower_limit=0, upper_limit=40).value == 1


grades_0_to_4 = st.none() | st.integers(0, 4)


@given(grade=grades_0_to_4, before=grades_0_to_4, fill=st.integers(0, 4), fill_before=st.integers(0, 4))
def test_emergent_is_above_baseline_whatever_is_missing(grade, before, fill, fill_before):
    now, then = fill if grade is None else grade, fill_before if before is None else before
    assert (now > then) in is_lab_emergent(grade, baseline_grade=before).possible


# ── clinical terms ──


@given(baseline=positive, one=positive, other=positive, version=versions)
def test_weight_loss_grade_rises_with_the_loss(baseline, one, other, version):
    light, heavy = sorted((one, other))
    grades = [grade_weight_loss(baseline, weight, version=version).value for weight in (light, heavy)]
    assert grades[0] >= grades[1]
    assert grades[0] in grade_weight_loss(baseline, None, version=version).possible
    assert grade_weight_loss(None, light, version=version).missing == ("baseline_kg",)


signs_of_diarrhea = st.sets(st.sampled_from(sorted(DIARRHEA_SIGNS)))


@given(
    stools=st.none() | st.integers(-3, 12),
    fill=st.integers(-3, 12),
    signs=st.none() | signs_of_diarrhea,
    more=signs_of_diarrhea,
    version=versions,
)
def test_diarrhea_grade_rises_with_stools_and_signs(stools, fill, signs, more, version):
    answer = grade_diarrhea(stools, signs=signs, version=version)
    known = fill if stools is None else stools
    whole = grade_diarrhea(known, signs=more if signs is None else signs, version=version)
    assert whole.value in answer.possible
    assert whole.value <= grade_diarrhea(known + 1, signs=(signs or set()) | more, version=version).value


@pytest.mark.parametrize(
    ("sign", "grades"),
    [
        ("iv_fluids_under_24h", (2, 0)),
        ("iv_fluids_24h_or_more", (3, 0)),
        ("incontinence", (3, 0)),
        ("hospitalization", (3, 3)),
        ("limits_instrumental_adl", (0, 2)),
        ("limits_self_care_adl", (3, 3)),
        ("life_threatening", (4, 4)),
    ],
)
def test_sign_of_diarrhea_alone_makes_its_grade_in_each_version(sign, grades):
    assert tuple(grade_diarrhea(0, signs=[sign], version=version).value for version in VERSIONS) == grades


def test_unknown_sign_of_diarrhea_is_refused():
    with pytest.raises(DataError, match="tenesmus"):
        grade_diarrhea(2, signs=["tenesmus"], version="3.0")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("term", "top"), [("HAND-FOOT SKIN REACTION", 3), ("ALOPECIA", 2), ("WEIGHT LOSS", 3), ("DIARRHEA", 5)]
)
def test_grade_that_a_term_does_not_have_is_an_error(term, top, version):
    assert ctcae.max_grade(term, version) == top
    assert [ctcae.is_possible_grade(term, grade, version).value for grade in range(1, 6)] == [
        grade <= top for grade in range(1, 6)
    ]


def test_every_spelling_names_one_term():
    spellings = [name for term in TERMS for name in (term.id, *term.aliases)]
    assert len({name.replace("-", " ") for name in spellings}) == len(spellings)
    for term in TERMS:
        for name in (term.id, *term.aliases):
            assert ctcae.term_of(f" {name.lower().replace(' ', '_')} ") == term.id


def test_every_term_of_the_paper_has_its_grades():
    assert {"RASH", "HYPERTENSION", "FATIGUE", "LIVER TOXICITY", "LEUCOPENIA", "HEMORRHAGE", "ANEMIA"} <= {
        term.id for term in TERMS
    }
    for term in TERMS:
        for version in VERSIONS:
            top = ctcae.max_grade(term.id, version)
            assert ctcae.is_possible_grade(term.id, top, version).value is True
            assert not ctcae.is_possible_grade(term.id, 0, version).value


def test_hemorrhage_is_not_of_blood_and_bone_marrow():
    categories = {term.id: term.category for term in TERMS}
    assert categories["HEMORRHAGE"] == "HEMORRHAGE/BLEEDING"
    assert {categories[name] for name in ("LEUCOPENIA", "ANEMIA", "THROMBOCYTOPENIA")} == {"BLOOD/BONE MARROW"}


def test_grade_of_a_free_text_is_not_judged():
    assert ctcae.max_grade("hiccups", "3.0") is None
    assert ctcae.is_possible_grade("hiccups", 4, "3.0").value is None
    assert [ctcae.is_possible_grade("hiccups", grade, "3.0").value for grade in (0, 6)] == [False, False]
    assert ctcae.is_possible_grade("RASH", None, "3.0").missing == ("grade",)


# ── dose machine ──

ECOG = st.none() | st.integers(0, 5)
maybe = st.sampled_from([True, False, None])
yes_or_no = st.booleans()


def dose_events(grades, answers, ecog):
    adverse = st.builds(
        DoseEvent,
        day=st.just(0),
        kind=st.just("AE"),
        ae=st.sampled_from("ABC"),
        grade=grades,
        tolerated=answers,
    )
    progression = st.builds(DoseEvent, day=st.just(0), kind=st.just("PD"), good_status=answers, wishes=answers)
    status = st.builds(DoseEvent, day=st.just(0), kind=st.just("ECOG"), ecog=ecog)
    plain = st.sampled_from(["INTERRUPT", "RESUME", "RESUME", "LOCAL_THERAPY", "AE_TERMINATE", "DEATH", "START"])
    others = st.builds(DoseEvent, day=st.just(0), kind=plain)
    return st.lists(st.one_of(adverse, adverse, adverse, progression, status, others), max_size=14)


def on_days(events, gaps):
    """Return a course: the drug starts on day 0, then the events on days that never fall."""
    days = [sum(gaps[: place + 1]) for place in range(len(events))]
    return [DoseEvent(0, "START"), *(replace(event, day=day) for event, day in zip(events, days, strict=True))]


gaps = st.lists(st.integers(0, 20), min_size=14, max_size=14)
any_events = st.builds(
    lambda events, days: on_days(events, days[: len(events)]),
    dose_events(st.none() | st.integers(0, 5), maybe, ECOG),
    gaps,
)


@given(events=any_events)
def test_dose_is_that_of_its_state_and_never_above_full(events):
    for step in run_dose_machine(events, SORAFENIB_2010):
        expected = {"FULL": 800, "REDUCED": 400, "INTERRUPTED": 0, "DISCONTINUED": 0}[step.state]
        assert step.mg_per_day == expected <= 800


@given(events=any_events)
def test_state_stays_where_what_is_missing_could_change_it(events):
    for before, step in pairwise(run_dose_machine(events, SORAFENIB_2010)):
        if len(step.possible) > 1:
            assert step.state == before.state
            assert step.missing
        else:
            assert step.possible == (step.state,)


def test_drug_does_not_resume_while_the_dose_is_not_known():
    paused = (DoseEvent(10, "INTERRUPT"), adverse(12, None), DoseEvent(14, "RESUME"))
    step = run(*paused)[-1]
    assert step.why == "grade of HFSR missing: FULL or REDUCED; stays INTERRUPTED"
    assert run(*paused, adverse(15, 2), DoseEvent(15, "RESUME"))[-1].state == "FULL"


@given(events=any_events)
def test_discontinued_is_for_ever(events):
    steps = run_dose_machine(events, SORAFENIB_2010)
    for before, after in pairwise(steps):
        if before.state == "DISCONTINUED":
            assert (after.state, after.reason) == ("DISCONTINUED", "IGNORED")
    assert sum(step.reason not in {"", "IGNORED"} for step in steps) <= 1


@given(events=any_events, day=st.integers(-1, 300))
def test_advice_of_a_day_knows_nothing_of_later_days(events, day):
    steps = run_dose_machine(events, SORAFENIB_2010)
    until = [step for step, event in zip(steps, events, strict=True) if event.day <= day]
    step = advise(events, SORAFENIB_2010, day=day)
    assert step == until[-1] if until else step.state == "NOT_STARTED"


known_adverse = st.builds(
    DoseEvent,
    day=st.just(30),
    kind=st.just("AE"),
    ae=st.sampled_from("ABCDE"),
    grade=st.integers(0, 4),
    tolerated=maybe,
)


@given(
    before=dose_events(st.integers(0, 4), yes_or_no, st.just(0)),
    same_day=st.lists(known_adverse, max_size=4, unique_by=lambda event: event.ae),
)
def test_order_of_adverse_events_of_one_day_does_not_matter(before, same_day):
    course = [DoseEvent(0, "START"), *(replace(event, day=10) for event in before)]
    ends = {
        run_dose_machine([*course, *order], SORAFENIB_2010)[-1].state for order in permutations(same_day) if same_day
    }
    assert len(ends) <= 1


@given(
    before=dose_events(st.integers(0, 4), yes_or_no, st.just(0)),
    last=dose_events(st.none() | st.integers(0, 5), maybe, ECOG).filter(bool),
    grade=st.integers(0, 5),
    ecog=st.integers(0, 5),
    said=st.tuples(yes_or_no, yes_or_no, yes_or_no),
)
def test_what_is_missing_leaves_every_state_that_it_could_give(before, last, grade, ecog, said):
    course = [DoseEvent(0, "START"), *(replace(event, day=10) for event in before)]
    event = replace(last[0], day=40)
    fill = {"grade": grade, "ecog": ecog, "tolerated": said[0], "good_status": said[1], "wishes": said[2]}
    whole = replace(event, **{name: value for name, value in fill.items() if getattr(event, name) is None})
    step = run_dose_machine([*course, event], SORAFENIB_2010)[-1]
    assert run_dose_machine([*course, whole], SORAFENIB_2010)[-1].state in step.possible


def run(*events):
    return run_dose_machine([DoseEvent(0, "START"), *events], SORAFENIB_2010)


def adverse(day, grade, *, tolerated=None):
    return DoseEvent(day, "AE", ae="HFSR", grade=grade, tolerated=tolerated)


def test_dose_stays_reduced_until_it_is_said_to_be_tolerated():
    unknown = run(adverse(20, 3), adverse(30, 1))[-1]
    assert (unknown.state, unknown.missing, unknown.possible) == ("REDUCED", ("tolerated",), ("FULL", "REDUCED"))
    refused = run(adverse(20, 3), adverse(30, 1, tolerated=False))[-1]
    assert (refused.state, refused.rule, refused.possible) == ("REDUCED", "DOSE-RETURN", ("REDUCED",))
    back = run(adverse(20, 3), adverse(30, 1), adverse(37, 1, tolerated=True))[-1]
    assert (back.state, back.rule, back.action) == ("FULL", "DOSE-RETURN", "DOSE INCREASED")


def test_progression_without_a_judged_status_leaves_the_dose_and_says_so():
    step = run(DoseEvent(60, "PD", wishes=True))[-1]
    assert (step.state, step.missing) == ("FULL", ("good_status",))
    assert step.why == "good_status missing: DISCONTINUED or FULL; stays FULL"
    assert run(DoseEvent(60, "PD", wishes=False))[-1].reason == "PROGRESSIVE DISEASE"


def test_reduced_dose_with_a_lasting_grade_3_is_flagged_after_28_days():
    steps = run(adverse(20, 3), adverse(48, 3), adverse(49, 3))
    assert ["more than 28 days" in step.why for step in steps] == [False, False, False, True]
    assert steps[-1].state == "REDUCED"


def test_unknown_grade_is_any_grade_that_the_known_ones_leave():
    rash = DoseEvent(10, "AE", ae="RASH", grade=2)
    step = run(rash, adverse(11, None))[-1]
    assert (step.state, step.missing) == ("FULL", ("grade of HFSR",))
    assert step.possible == ("DISCONTINUED", "FULL", "REDUCED")
    assert run(rash, adverse(11, None), replace(rash, day=12))[-1].possible == ("FULL", "REDUCED")
    assert run(rash, adverse(11, None), replace(rash, day=12, grade=3))[-1].state == "REDUCED"


@pytest.mark.parametrize(("ecog", "state"), [(3, "FULL"), (4, "DISCONTINUED"), (5, "DISCONTINUED")])
def test_drug_ends_from_ecog_4_on(ecog, state):
    assert run(DoseEvent(20, "ECOG", ecog=ecog))[-1].state == state
    assert state in run(DoseEvent(20, "ECOG"))[-1].possible


def test_adverse_event_before_the_first_dose_is_not_counted():
    events = [adverse(-5, 3), DoseEvent(0, "START"), DoseEvent(10, "AE", ae="RASH", grade=1)]
    assert [step.state for step in run_dose_machine(events, SORAFENIB_2010)] == ["NOT_STARTED", "FULL", "FULL"]


def test_drug_resumes_reduced_where_a_grade_3_came_during_the_interruption():
    steps = run(DoseEvent(10, "INTERRUPT"), adverse(12, 3), DoseEvent(14, "RESUME"))
    assert [step.state for step in steps] == ["FULL", "INTERRUPTED", "INTERRUPTED", "REDUCED"]
    assert steps[-1].rule == "DOSE-REDUCE"


def test_death_ends_the_drug_in_every_state():
    assert run(DoseEvent(10, "DEATH"))[-1].reason == "DEATH"
    assert run_dose_machine([DoseEvent(0, "DEATH"), DoseEvent(1, "START")], SORAFENIB_2010)[-1].reason == "IGNORED"


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ([DoseEvent(5, "PD"), DoseEvent(4, "PD")], "day 4 follows day 5"),
        ([DoseEvent(5, "AE", grade=3)], "no name"),
        ([DoseEvent(5, "AE", ae="RASH", grade=6)], "grade 6"),
        ([DoseEvent(5, "ECOG", ecog=7)], "ECOG 7"),
        ([DoseEvent(5, "VISIT")], "VISIT"),
    ],
)
def test_event_that_cannot_be_is_refused(events, words):
    with pytest.raises(DataError, match=words):
        run_dose_machine(events, SORAFENIB_2010)


def test_another_policy_follows_its_own_limits():
    levels = (DoseLevel("A", 120, 1), DoseLevel("B", 80, Fraction(1, 2)))
    policy = DosePolicy(levels, "A", "B", frozenset({4}), 1, 3, 14)
    events = [DoseEvent(0, "START"), adverse(1, 3), adverse(2, 4), adverse(3, 2, tolerated=True)]
    steps = run_dose_machine([*events, adverse(4, 1, tolerated=True), DoseEvent(5, "ECOG", ecog=3)], policy)
    assert [step.state for step in steps] == ["A", "A", "B", "B", "A", "DISCONTINUED"]
    assert steps[-1].reason == "ECOG 3"
    assert mg_per_day(policy, "B") == 40


@pytest.mark.parametrize("start", ["NONE", "REDUCED"])
def test_policy_with_levels_that_cannot_be_is_refused(start):
    with pytest.raises(DataError):
        replace(SORAFENIB_2010, start=start)


# ── label ──


@pytest.mark.parametrize(
    ("event", "grade", "occurrence", "action"),
    [
        ("HFSR", 1, 9, "continue with topical therapy"),
        ("HFSR", 2, 1, "continue with topical therapy"),
        ("HFSR", 2, 3, "interrupt until grade 0-1, resume one level lower"),
        ("HFSR", 2, 4, "discontinue"),
        ("HFSR", 2, 7, "discontinue"),
        ("RASH", 3, 2, "interrupt until grade 0-1, resume one level lower"),
        ("HFSR", 3, 3, "discontinue"),
        ("HFSR", None, 1, None),
        ("HFSR", 3, None, None),
        ("HTN", 1, 1, "not in the label"),
        ("HTN", 2, 1, None),
        ("HTN", 4, None, "discontinue"),
        ("HEMORRHAGE", 2, 1, None),
        ("GI PERFORATION", 1, 1, "discontinue"),
        ("HEART FAILURE", 3, 1, "interrupt until grade 1 or below, resume one level lower"),
        ("DIARRHEA", 3, 3, "interrupt until grade 2 or below, resume two levels lower"),
        ("DIARRHEA", 4, 1, "discontinue"),
        ("LEUCOPENIA", 4, 1, "not in the label"),
        ("hiccups", 3, 1, "not in the label"),
    ],
)
def test_label_advises(event, grade, occurrence, action):
    answer = label_action(event, grade, occurrence)
    assert answer.value == action
    assert answer.is_determined or len(answer.possible) > 1


@given(
    event=st.sampled_from(sorted({row.event for row in dose_label.LABEL_ACTIONS})),
    grade=st.integers(1, 5),
    occurrence=st.integers(1, 6),
    gone=st.sets(st.sampled_from(["grade", "occurrence"])),
)
def test_missing_grade_or_occurrence_leaves_every_action_that_it_could_give(event, grade, occurrence, gone):
    answer = label_action(event, None if "grade" in gone else grade, None if "occurrence" in gone else occurrence)
    assert set(label_action(event, grade, occurrence).possible) <= set(answer.possible)


@pytest.mark.parametrize(("grade", "occurrence"), [(6, 1), (2, 0)])
def test_label_refuses_what_cannot_be(grade, occurrence):
    with pytest.raises(DataError):
        label_action("HFSR", grade, occurrence)


# ── exposure ──

segments_of_days = st.lists(st.tuples(st.integers(1, 60), st.sampled_from([0, 200, 400, 800])), min_size=1, max_size=8)


def dated(segments):
    starts = [sum(days for days, _ in segments[:place]) for place in range(len(segments))]
    return [DoseSegment(at, at + days - 1, mg, "") for at, (days, mg) in zip(starts, segments, strict=True)]


@given(segments=segments_of_days)
def test_dose_intensity_is_0_to_100_percent_of_full(segments):
    percent = relative_dose_intensity(segments, full_mg_per_day=800)
    assert 0 <= percent <= 100
    assert relative_dose_intensity(segments, full_mg_per_day=400) == 2 * percent
    joined = [(days, mg) for mg, days in days_at(segments).items()]
    assert relative_dose_intensity(joined, full_mg_per_day=800) == percent


@given(segments=segments_of_days)
def test_dated_segments_have_the_same_days(segments):
    assert list(durations(dated(segments))) == segments
    assert sum(days_at(segments).values()) == sum(days for days, _ in segments)


@given(segments=segments_of_days)
def test_every_interruption_lies_between_doses_and_counts_all_days_without_the_drug(segments):
    taken = dated(segments)
    first = next((segment.start_day for segment in taken if segment.mg_per_day), None)
    assume(first is not None)
    pauses = dose_interruptions(taken)
    without = sum(segment.end_day - segment.start_day + 1 for segment in taken if segment.mg_per_day == 0)
    assert sum(pause.end_day - pause.start_day + 1 for pause in pauses) == without - first
    assert all(before.end_day + 1 < after.start_day for before, after in pairwise(pauses))


@given(segments=segments_of_days)
def test_days_to_return_end_at_the_first_dose_as_high_as_before(segments):
    taken = dated(segments)
    by_day = {day: segment.mg_per_day for segment in taken for day in range(segment.start_day, segment.end_day + 1)}
    for reduction in dose_reductions(taken):
        assert 0 < by_day[reduction.day] == reduction.to_mg_per_day < reduction.from_mg_per_day
        later = [day for day, mg in by_day.items() if day > reduction.day and mg >= reduction.from_mg_per_day]
        assert reduction.days_to_return == (min(later) - reduction.day if later else None)


def test_exposure_that_cannot_be_is_refused():
    with pytest.raises(DataError, match="at least one day"):
        relative_dose_intensity([(0, 800)], full_mg_per_day=800)
    with pytest.raises(DataError, match="above 0"):
        relative_dose_intensity([(1, 800)], full_mg_per_day=0)
    with pytest.raises(DataError, match="-1 days"):
        days_at([(-1, 800)])
    with pytest.raises(DataError, match="days 10 to 19 are in no"):
        durations([DoseSegment(0, 9, 800, "FULL"), DoseSegment(20, 29, 800, "FULL")])
    with pytest.raises(DataError, match="begins before"):
        dose_reductions([DoseSegment(0, 9, 800, "FULL"), DoseSegment(9, 29, 400, "REDUCED")])
    with pytest.raises(DataError, match="before the first"):
        dose_interruptions([DoseSegment(9, 0, 800, "FULL")])
    with pytest.raises(DataError, match="negative"):
        dose_reductions([DoseSegment(0, 9, -800, "FULL")])


# ── rules ──


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_rule_tells_sources_doubts_and_whole_tables(rule):
    assert rule.doubts
    assert all(doubt.endswith(".") for doubt in rule.doubts)
    assert all(source.citation and source.place for source in rule.sources)
    assert all(len(row) == len(table.head) and all(row[1:]) for table in rule.criteria for row in table.body)
