"""Laws of times, dates and local therapy, whatever the patient."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from oncohort.clinical import beyond_progression, local_therapy, partial_dates, time_to_event
from oncohort.clinical.beyond_progression import CONTINUATION, continued_past_progression
from oncohort.clinical.local_therapy import (
    CRYO_2010,
    TACE_2010,
    CryoCourse,
    CryoSession,
    TaceCourse,
    TaceSession,
    arm_of,
    cryo_deviations,
    next_cryo,
    next_tace,
    tace_deviations,
    tumor_burden_percent,
)
from oncohort.clinical.partial_dates import (
    earliest,
    first_dose_date,
    impute_ae_end,
    impute_ae_start,
    impute_assessment,
    impute_death,
    latest,
    parse_partial,
)
from oncohort.clinical.time_to_event import (
    PFS_RULES,
    RESPONSES,
    Assessment,
    PfsHistory,
    PfsRule,
    duration,
    missed_visits_bound,
    months,
    overall_survival,
    progression_free_survival,
    relative_day,
    study_day,
    time_to_progression,
)
from oncohort.errors import DataError

DAYS = st.integers(0, 400)
DATES = st.dates(date(2008, 1, 1), date(2012, 12, 31))
MAYBE_DATE = st.none() | DATES
MONTHS = st.builds(lambda day: f"{day:%Y-%m}", DATES)


@st.composite
def histories(draw):
    visits = draw(st.lists(st.builds(Assessment, DAYS, st.sampled_from(RESPONSES)), max_size=6))
    others = [draw(st.none() | DAYS) for _ in range(4)]
    return PfsHistory(tuple(visits), *others, has_baseline=draw(st.booleans()))


def told(end):
    return end.day, end.event, end.description


def of(visits=(), death=None, last=None, therapy=None, cutoff=None, *, has_baseline=True):
    visits = tuple(Assessment(*visit) for visit in visits)
    return PfsHistory(visits, death, last, therapy, cutoff, has_baseline=has_baseline)


# ── progression-free and overall survival ──


@given(histories())
def test_progression_free_survival_is_not_longer_than_survival(history):
    pfs = progression_free_survival(history, PFS_RULES["PAPER"])
    os = overall_survival(history.death_day, history.last_follow_up_day, history.cutoff_day)
    assume(pfs.event and os.event)
    assert pfs.day <= os.day


@given(histories())
def test_guideline_event_is_an_event_of_the_paper_on_the_same_day(history):
    paper, guideline = (progression_free_survival(history, PFS_RULES[rule]) for rule in ("PAPER", "FDA_A"))
    if guideline.event:
        assert told(paper) == told(guideline)
    elif paper.day is not None:
        assert guideline.day <= paper.day


@given(histories(), st.sampled_from(sorted(PFS_RULES)))
def test_time_lies_between_the_start_and_the_cutoff(history, rule):
    for end in (f(history, PFS_RULES[rule]) for f in (progression_free_survival, time_to_progression)):
        if end.day is None:
            assert end.event is None
            assert end.missing == ("last_follow_up_day",)
        else:
            assert 0 <= end.day <= (end.day if history.cutoff_day is None else history.cutoff_day)
            assert bool(end.censor_date) is not end.event
            assert end.why


@given(histories(), st.sampled_from(sorted(PFS_RULES)), st.randoms(use_true_random=False))
def test_order_of_assessments_does_not_matter(history, rule, random):
    visits = list(history.assessments)
    random.shuffle(visits)
    other = replace(history, assessments=tuple(visits))
    assert progression_free_survival(other, PFS_RULES[rule]) == progression_free_survival(history, PFS_RULES[rule])


@given(histories())
def test_progression_is_an_event_of_both_times_or_of_none(history):
    for rule in PFS_RULES.values():
        pfs, ttp = progression_free_survival(history, rule), time_to_progression(history, rule)
        if pfs.description == "PD" and pfs.event:
            assert told(pfs) == told(ttp)
        assert ttp.description != "DEATH" or ttp.event is False


@given(histories())
def test_midpoint_moves_progressions_only_and_never_later(history):
    recorded, halfway = (progression_free_survival(history, PFS_RULES[rule]) for rule in ("FDA_A", "PD_MIDPOINT"))
    assert (recorded.event, recorded.description) == (halfway.event, halfway.description)
    assert halfway.day <= recorded.day
    if recorded.description != "PD":
        assert halfway.day == recorded.day


@pytest.mark.parametrize(("death", "event"), [(182, True), (183, True), (184, False)])
def test_gap_of_just_two_intervals_with_windows_still_counts(death, event):
    assert progression_free_survival(of([(57, "SD")], death), PFS_RULES["FDA_A"]).event is event


@pytest.mark.parametrize(
    ("history", "rule", "expected"),
    [
        (of([(57, "SD"), (169, "PD")], therapy=169), "FDA_A", (169, True, "PD")),
        (of([(120, "SD"), (169, "PD")], therapy=120), "FDA_A", (120, False, "NEW ANTICANCER THERAPY")),
        (of([(57, "NE")], therapy=60), "FDA_A", (0, False, "NEW ANTICANCER THERAPY")),
        (of([(57, "SD"), (169, "PD")], therapy=120), "NACT_EVENT", (120, True, "NEW ANTICANCER THERAPY")),
        (of([(57, "SD"), (120, "PD")], therapy=120), "NACT_EVENT", (120, True, "PD")),
        (of([(57, "SD")], death=184), "NO_MISSED", (184, True, "DEATH")),
        (of([(57, "SD"), (114, "PD")]), "PD_MIDPOINT", (85, True, "PD")),
        (of([(57, "PD")], has_baseline=False), "FDA_A", (0, False, "NO BASELINE ASSESSMENT")),
        (of([(57, "PD")], has_baseline=False), "PAPER", (57, True, "PD")),
        (of([(57, "SD"), (57, "PD"), (57, "NE")]), "FDA_A", (57, True, "PD")),
        (of([(0, "PD")]), "FDA_A", (0, True, "PD")),
        (of([(57, "SD"), (113, "PD")], cutoff=100), "FDA_A", (57, False, "LAST ADEQUATE ASSESSMENT")),
        (of([(57, "SD"), (113, "PD")], cutoff=100), "PAPER", (100, False, "DATA CUTOFF")),
        (of([(57, "SD"), (113, "PD")], cutoff=113), "PAPER", (113, True, "PD")),
        (of([(57, "SD")], death=400, cutoff=365), "PAPER", (365, False, "DATA CUTOFF")),
        (of([(57, "SD")]), "PAPER", (57, False, "LAST ASSESSMENT")),
        (of([(57, "SD")], last=40), "PAPER", (57, False, "LAST ASSESSMENT")),
    ],
)
def test_end_of_progression_free_survival(history, rule, expected):
    assert told(progression_free_survival(history, PFS_RULES[rule])) == expected


@pytest.mark.parametrize(
    ("history", "rule", "place"),
    [
        (of([(57, "SD")], death=184), "FDA_A", "LAST ADEQUATE ASSESSMENT"),
        (of(death=184), "FDA_A", "TREATMENT START"),
        (of([(57, "SD")], last=300), "PAPER", "LAST FOLLOW-UP"),
        (of([(57, "SD")], death=150), "PAPER", ""),
    ],
)
def test_censored_time_says_what_happened_on_its_day(history, rule, place):
    assert progression_free_survival(history, PFS_RULES[rule]).censor_date == place


def test_new_therapy_censors_on_its_day_where_follow_up_counts():
    rule = PfsRule("OWN", "last_follow_up", None, "censor", "recorded")
    end = progression_free_survival(of([(57, "SD"), (169, "PD")], therapy=120), rule)
    assert told(end) == (120, False, "NEW ANTICANCER THERAPY")


def test_what_is_recorded_after_death_is_left_out_and_told():
    history = of([(57, "SD"), (113, "PD")], death=100, last=120, therapy=130)
    end = progression_free_survival(history, PFS_RULES["FDA_A"])
    assert told(end) == (100, True, "DEATH")
    assert end.queries == (
        "assessment on day 113 is after the death on day 100",
        "new therapy on day 130 is after the death on day 100",
        "last follow-up on day 120 is after the death on day 100",
    )
    assert overall_survival(100, 120, None).queries == ("last known alive on day 120 is after the death on day 100",)


def test_death_censors_time_to_progression():
    history = of([(57, "SD")], death=150)
    assert told(time_to_progression(history, PFS_RULES["PAPER"])) == (150, False, "DEATH")
    assert told(time_to_progression(history, PFS_RULES["FDA_A"])) == (57, False, "DEATH")


def test_nothing_known_gives_no_time():
    assert progression_free_survival(of(), PFS_RULES["PAPER"]).missing == ("last_follow_up_day",)
    assert overall_survival(None, None, 365).missing == ("last_known_alive_day",)
    assert told(progression_free_survival(of(), PFS_RULES["FDA_A"])) == (0, False, "NO POST-BASELINE ASSESSMENT")


@pytest.mark.parametrize(
    ("history", "sentence"),
    [
        (of([(57, "sd")]), '"sd" is no response; one of NE, CR, PR, SD, NON-CR/NON-PD, PD was expected'),
        (of([(-3, "SD")]), "assessment_day is -3; a day from 0, the first dose, was expected"),
        (of(death=-1), "death_day is -1; a day from 0, the first dose, was expected"),
    ],
)
def test_impossible_history_is_refused(history, sentence):
    with pytest.raises(DataError) as refused:
        progression_free_survival(history, PFS_RULES["PAPER"])
    assert str(refused.value) == sentence


@pytest.mark.parametrize(("interval", "window"), [(0, 7), (56, -1)])
def test_interval_without_days_is_refused(interval, window):
    with pytest.raises(DataError, match="cannot be"):
        missed_visits_bound(interval_days=interval, window_days=window)


# ── days and months ──


@given(DATES, DATES)
def test_days_and_study_days_tell_the_same_date(when, start):
    days, counted = relative_day(when, start), study_day(when, start)
    assert start + timedelta(days=days) == when
    assert counted != 0
    assert counted - days == (days >= 0)
    if days >= 0:
        assert duration(start, when, add_one=True) == counted == duration(start, when, add_one=False) + 1


@given(st.integers(0, 10**5))
def test_months_grow_with_days(days):
    assert months(0) == 0
    assert months(days + 1) > months(days) >= 0
    assert months(days) == float(Decimal(days) / Decimal("30.4375"))


def test_end_before_start_is_refused():
    with pytest.raises(DataError, match="an end on or after the start was expected"):
        duration(date(2009, 1, 2), date(2009, 1, 1), add_one=True)


# ── partial dates ──


@given(MONTHS, MAYBE_DATE, MAYBE_DATE)
def test_imputed_death_lies_in_its_month_after_the_last_day_alive_and_by_the_cutoff(dtc, alive, cutoff):
    imputed, partial = impute_death(dtc, alive, cutoff), parse_partial(dtc)
    if imputed.date is None:
        assert imputed.flag == "CONFLICT"
        too_late = alive is not None and alive > min(latest(partial), cutoff or date.max)
        assert too_late or (cutoff is not None and cutoff < earliest(partial))
    else:
        assert imputed.flag == "D"
        assert earliest(partial) <= imputed.date <= latest(partial)
        assert imputed.date >= (alive or date.min)
        assert imputed.date <= (cutoff or date.max)
        assert imputed.date in {earliest(partial), alive}


@given(MONTHS, MAYBE_DATE, MAYBE_DATE, MAYBE_DATE)
def test_imputed_assessment_is_the_last_possible_day(dtc, visit, death, cutoff):
    imputed, partial = impute_assessment(dtc, visit, death, cutoff), parse_partial(dtc)
    caps = [day for day in (latest(partial), visit, death, cutoff) if day is not None]
    assert imputed.date == (min(caps) if min(caps) >= earliest(partial) else None)
    assert imputed.flag == ("CONFLICT" if imputed.date is None else "D")


@given(MONTHS, MAYBE_DATE)
def test_imputed_adverse_event_lies_in_its_month(dtc, first_dose):
    start, end = impute_ae_start(dtc, first_dose), impute_ae_end(dtc)
    month = parse_partial(dtc)
    assert earliest(month) <= start.date <= end.date == latest(month)
    is_same_month = first_dose is not None and f"{first_dose:%Y-%m}" == dtc
    assert start.date == (first_dose if is_same_month else earliest(month))


@given(DATES, MAYBE_DATE)
def test_complete_date_stands_as_it_is(day, other):
    dtc = day.isoformat()
    imputed = (
        impute_death(dtc, other, other),
        impute_assessment(dtc, other, other, other),
        impute_ae_start(dtc, other),
        impute_ae_end(dtc),
        first_dose_date(dtc),
    )
    assert {(one.date, one.flag) for one in imputed} == {(day, "")}
    partial = parse_partial(dtc)
    assert earliest(partial) == latest(partial) == day


@pytest.mark.parametrize(("dtc", "flag"), [("2010", "Y"), (None, "")])
def test_year_alone_or_nothing_is_never_imputed(dtc, flag):
    for imputed in (
        impute_death(dtc, None),
        impute_assessment(dtc, None, None, None),
        impute_ae_start(dtc, date(2010, 1, 1)),
        impute_ae_end(dtc),
        first_dose_date(dtc),
    ):
        assert (imputed.date, imputed.flag) == (None, flag)


def test_month_of_the_first_dose_is_not_imputed():
    assert first_dose_date("2009-05").date is None


NO_DATES = """10|2010-3|2010-03-1|2010-13|2010-00|2010-02-30|2010-00-10|2010-03-00|0000|2019---07|--07-18|2019-07--
2019/07/18|2019-07-18T15:25| 2010|２０１０|"""


@pytest.mark.parametrize("text", [*NO_DATES.replace("\n", "|").split("|"), "2010-03\n"])
def test_what_is_no_date_is_refused(text):
    with pytest.raises(DataError, match=r"was expected"):
        parse_partial(text)


# ── local therapy ──


def course(**changes):
    free = {"n_done": 1, "burden_percent": 30, "contraindicated": False, "days_since_last": 30, "lipiodol_percent": 40}
    return TaceCourse(**(free | changes))


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({"n_done": 0, "burden_percent": 49.9}, "TACE"),
        ({"n_done": 0, "burden_percent": 50.0}, "NO_TACE:BURDEN"),
        ({"n_done": 0, "burden_percent": 50.1}, "NO_TACE:BURDEN"),
        ({"lipiodol_percent": 74.9}, "TACE"),
        ({"lipiodol_percent": 75.0}, "TACE"),
        ({"lipiodol_percent": 75.1}, "STOP:LIPIODOL>75"),
        ({"days_since_last": 27}, "WAIT:INTERVAL"),
        ({"days_since_last": 28}, "TACE"),
        ({"days_since_last": 42}, "TACE"),
        ({"days_since_last": 43}, "TACE:LATE"),
        ({"days_since_last": 20, "lipiodol_percent": None}, "WAIT:INTERVAL"),
        ({"n_done": 3, "lipiodol_percent": None, "days_since_last": None}, "STOP:MAX_CYCLES"),
        ({"n_done": 3, "lipiodol_percent": 80}, "STOP:LIPIODOL>75"),
    ],
)
def test_tace_is_decided_exactly_at_each_bound(changes, answer):
    assert next_tace(course(**changes), TACE_2010).value == answer


@given(
    st.builds(
        TaceCourse,
        n_done=st.integers(0, 4),
        burden_percent=st.none() | st.integers(0, 1000).map(lambda tenths: tenths / 10),
        contraindicated=st.none() | st.booleans(),
        days_since_last=st.none() | st.integers(0, 60),
        lipiodol_percent=st.none() | st.integers(0, 1000).map(lambda tenths: tenths / 10),
    ),
    st.floats(0, 100),
    st.booleans(),
    st.integers(0, 60),
)
def test_what_is_missing_never_gives_an_answer_that_was_not_possible(open_course, burden, contra, days):
    answer = next_tace(open_course, TACE_2010)
    filled = TaceCourse(
        n_done=open_course.n_done,
        burden_percent=burden if open_course.burden_percent is None else open_course.burden_percent,
        contraindicated=contra if open_course.contraindicated is None else open_course.contraindicated,
        days_since_last=days if open_course.days_since_last is None else open_course.days_since_last,
        lipiodol_percent=open_course.lipiodol_percent,
    )
    complete = next_tace(filled, TACE_2010)
    assert complete.is_determined
    assert complete.value in answer.possible
    assert answer.is_determined or (len(answer.possible) > 1 and answer.missing)


@given(st.integers(0, 5), st.none() | st.booleans())
def test_next_cryoablation_is_decided_by_contraindication_and_maximum(n_done, contraindicated):
    answer = next_cryo(CryoCourse(n_done=n_done, contraindicated=contraindicated), CRYO_2010)
    free = "CRYO" if n_done < 3 else "STOP:MAX_PROCEDURES"
    if contraindicated is None:
        assert answer.possible == ("NO_CRYO:CONTRAINDICATED", free)
        assert answer.missing == ("contraindicated",)
    else:
        assert answer.value == ("NO_CRYO:CONTRAINDICATED" if contraindicated else free)


@pytest.mark.parametrize("changes", [{"n_done": -1}, {"burden_percent": 100.1}, {"lipiodol_percent": -0.1}])
def test_impossible_course_is_refused(changes):
    with pytest.raises(DataError, match="was expected"):
        next_tace(course(**changes), TACE_2010)


DOSES = {
    "cisplatin_mg": 40, "fu_mg": 1000, "doxorubicin_infused_mg": 20, "doxorubicin_lipiodol_mg": 10, "lipiodol_ml": 10,
}  # fmt: skip


def tace(**changes):
    kept = {
        "number": 1, "day": 14, "contraindicated": False, "consent": True, "measured": DOSES, "burden_percent": 49.9,
        "ct1m_day": 44, "lipiodol_percent": 75, "followed_to_day": 300,
    }  # fmt: skip
    return TaceSession(**(kept | changes))


def verdicts(deviations):
    return {deviation.rule: deviation.verdict for deviation in deviations}


def test_tace_under_the_protocol_keeps_every_rule():
    second = tace(number=2, day=14 + 28, ct1m_day=None, lipiodol_percent=None, followed_to_day=60)
    first = tace(ct1m_day=14 + 21)
    assert verdicts(tace_deviations(second, [second, first], TACE_2010)) == {
        "LOCAL-AFTER-START": "kept",
        "LOCAL-CONTRA": "kept",
        "LOCAL-CONSENT": "kept",
        "TACE-BURDEN": "kept",
        "TACE-INTERVAL": "kept",
        "TACE-CT1M": "not applicable",
        "TACE-LIPIODOL": "kept",
        "TACE-MAX": "kept",
        "TACE-AGENTS": "kept",
        "TACE-OIL": "kept",
    }


@pytest.mark.parametrize(
    ("changes", "before", "rule", "verdict"),
    [
        ({"day": -1}, {}, "LOCAL-AFTER-START", "broken"),
        ({"day": 0}, {}, "LOCAL-AFTER-START", "kept"),
        ({"contraindicated": True}, {}, "LOCAL-CONTRA", "broken"),
        ({"contraindicated": None}, {}, "LOCAL-CONTRA", "not assessable"),
        ({"consent": False}, {}, "LOCAL-CONSENT", "broken"),
        ({"burden_percent": 50}, {}, "TACE-BURDEN", "broken"),
        ({"burden_percent": None}, {}, "TACE-BURDEN", "not assessable"),
        ({"day": 41}, {"day": 14}, "TACE-INTERVAL", "broken"),
        ({"day": 42}, {"day": 14}, "TACE-INTERVAL", "kept"),
        ({"day": 56}, {"day": 14}, "TACE-INTERVAL", "kept"),
        ({"day": 57}, {"day": 14}, "TACE-INTERVAL", "broken"),
        ({"day": 42}, {"day": None}, "TACE-INTERVAL", "not assessable"),
        ({"number": 3, "day": 80}, {"day": 14}, "TACE-INTERVAL", "not assessable"),
        ({"number": 1}, {}, "TACE-INTERVAL", "not applicable"),
        ({"ct1m_day": 14 + 20}, {}, "TACE-CT1M", "broken"),
        ({"ct1m_day": 14 + 42}, {}, "TACE-CT1M", "kept"),
        ({"ct1m_day": 14 + 43}, {}, "TACE-CT1M", "broken"),
        ({"ct1m_day": None, "lipiodol_percent": 60}, {}, "TACE-CT1M", "not assessable"),
        ({"ct1m_day": None, "lipiodol_percent": None}, {}, "TACE-CT1M", "broken"),
        ({"ct1m_day": None, "lipiodol_percent": None, "followed_to_day": 55}, {}, "TACE-CT1M", "not applicable"),
        ({"ct1m_day": None, "lipiodol_percent": None, "followed_to_day": None}, {}, "TACE-CT1M", "not assessable"),
        ({}, {"lipiodol_percent": 75}, "TACE-LIPIODOL", "kept"),
        ({}, {"lipiodol_percent": 75.1}, "TACE-LIPIODOL", "broken"),
        ({}, {"lipiodol_percent": None}, "TACE-LIPIODOL", "not assessable"),
        ({"day": 40}, {"lipiodol_percent": 80, "ct1m_day": 44}, "TACE-LIPIODOL", "not assessable"),
        ({"number": 3}, {}, "TACE-MAX", "kept"),
        ({"number": 4}, {}, "TACE-MAX", "broken"),
        ({"measured": DOSES | {"fu_mg": 999.9}}, {}, "TACE-AGENTS", "broken"),
        ({"measured": DOSES | {"fu_mg": None}}, {}, "TACE-AGENTS", "not assessable"),
        ({"measured": {}}, {}, "TACE-OIL", "not assessable"),
        ({"measured": DOSES | {"lipiodol_ml": 20}}, {}, "TACE-OIL", "kept"),
        ({"measured": DOSES | {"lipiodol_ml": 20.1}}, {}, "TACE-OIL", "broken"),
    ],
)
def test_rule_of_tace_is_judged_exactly_at_its_bound(changes, before, rule, verdict):
    history = [tace(**before)] if before else []
    session = tace(**({"number": 2, "day": 44} if before else {}) | changes)
    deviation = next(d for d in tace_deviations(session, history, TACE_2010) if d.rule == rule)
    assert deviation.verdict == verdict
    assert bool(deviation.items) is (verdict == "broken")


def test_deviation_tells_value_and_bound_in_words():
    session = tace(number=4, measured=DOSES | {"cisplatin_mg": 30, "fu_mg": None})
    broken = {d.rule: d for d in tace_deviations(session, [], TACE_2010) if d.verdict == "broken"}
    assert (broken["TACE-MAX"].value, broken["TACE-MAX"].bound) == ("session 4", "3 at most")
    assert broken["TACE-AGENTS"].items == ("cisplatin",)
    assert broken["TACE-AGENTS"].value.startswith("cisplatin 30 mg, 5-fluorouracil not recorded")
    assert broken["TACE-AGENTS"].bound.startswith("cisplatin 40 mg, 5-fluorouracil 1000 mg")


CYCLE = {"freeze1_min": 20, "thaw1_min": 10, "freeze2_min": 15, "min_temp_c": -135, "time_to_temp_min": 1}


def cryo(**changes):
    kept = {
        "number": 1, "day": 30, "contraindicated": False, "consent": True, "measured": CYCLE, "intent": "DEBULK",
        "ablated_percent": 50.1, "guidance": "US",
    }  # fmt: skip
    return CryoSession(**(kept | changes))


@pytest.mark.parametrize(
    ("changes", "rule", "verdict"),
    [
        ({}, "CRYO-CYCLE", "kept"),
        ({"measured": CYCLE | {"thaw1_min": 10.1}}, "CRYO-CYCLE", "broken"),
        ({"measured": CYCLE | {"min_temp_c": -137}}, "CRYO-TEMP", "kept"),
        ({"measured": CYCLE | {"min_temp_c": -137.1}}, "CRYO-TEMP", "broken"),
        ({"measured": CYCLE | {"min_temp_c": -132.9}}, "CRYO-TEMP", "broken"),
        ({"measured": CYCLE | {"time_to_temp_min": 1.1}}, "CRYO-TEMP", "broken"),
        ({"measured": CYCLE | {"time_to_temp_min": None}}, "CRYO-TEMP", "not assessable"),
        ({"number": 4}, "CRYO-MAX", "broken"),
        ({}, "CRYO-DEBULK", "kept"),
        ({"ablated_percent": 50}, "CRYO-DEBULK", "broken"),
        ({"ablated_percent": None}, "CRYO-DEBULK", "not assessable"),
        ({"intent": "CURATIVE"}, "CRYO-DEBULK", "not applicable"),
        ({"intent": None}, "CRYO-DEBULK", "not assessable"),
        ({"guidance": "CT"}, "CRYO-GUIDE", "broken"),
        ({"guidance": None}, "CRYO-GUIDE", "not assessable"),
        ({"consent": None}, "LOCAL-CONSENT", "not assessable"),
    ],
)
def test_rule_of_cryoablation_is_judged_exactly_at_its_bound(changes, rule, verdict):
    assert verdicts(cryo_deviations(cryo(**changes), CRYO_2010))[rule] == verdict


def test_policy_that_asks_nothing_is_not_applicable():
    asked_nothing = verdicts(tace_deviations(tace(number=2), [tace()], CRYO_2010))
    rules = ("TACE-BURDEN", "TACE-INTERVAL", "TACE-CT1M", "TACE-LIPIODOL", "TACE-AGENTS", "TACE-OIL")
    assert {asked_nothing[rule] for rule in rules} == {"not applicable"}
    assert next_tace(course(burden_percent=90, lipiodol_percent=None, days_since_last=1), CRYO_2010).value == "TACE"
    assert {verdicts(cryo_deviations(cryo(), TACE_2010))[rule] for rule in ("CRYO-DEBULK", "CRYO-GUIDE")} == {
        "not applicable"
    }


def test_session_without_number_is_refused():
    with pytest.raises(DataError, match="a number from 1 was expected"):
        cryo_deviations(cryo(number=0), CRYO_2010)


@given(st.integers(0, 4), st.integers(0, 4))
def test_arm_names_just_what_was_done(n_tace, n_cryo):
    arm = arm_of(n_tace, n_cryo)
    assert ("TACE" in arm, "CRYO" in arm) == (n_tace > 0, n_cryo > 0)


def test_negative_count_of_sessions_is_refused():
    with pytest.raises(DataError, match="n_cryo is -1"):
        arm_of(0, -1)


@given(st.lists(st.tuples(*[st.integers(0, 60)] * 3), max_size=4), st.integers(500, 2500))
def test_tumor_burden_adds_up_and_falls_with_the_liver(axes, liver):
    burden = tumor_burden_percent(axes, liver).value
    alone = sum(tumor_burden_percent([one], liver).value.percent for one in axes)
    assert burden.flag == "ESTIMATED"
    assert burden.percent == pytest.approx(alone, rel=1e-12)
    assert 2 * tumor_burden_percent(axes, 2 * liver).value.percent == pytest.approx(burden.percent, rel=1e-12)


def test_tumor_burden_without_liver_or_axis_is_not_made_up():
    assert tumor_burden_percent([(50, None, 40), (20, 20, 20)], None).missing == ("axes of lesion 1", "liver_volume_ml")


@pytest.mark.parametrize(
    ("axes", "liver", "sentence"),
    [([(50, -1, 50)], 1500, "negative axis"), ([], 0, "above 0"), ([(200, 200, 200)], 1000, "cannot be")],
)
def test_impossible_volume_is_refused(axes, liver, sentence):
    with pytest.raises(DataError, match=sentence):
        tumor_burden_percent(axes, liver)


# ── continued past progression ──


@given(st.none() | DAYS, st.none() | DAYS, st.integers(0, 60))
def test_continuation_is_what_the_days_say(pd_day, last_dose_day, grace_days):
    answer = continued_past_progression(pd_day, last_dose_day, grace_days=grace_days)
    if pd_day is None:
        assert answer.value == "NA"
    elif last_dose_day is None:
        assert answer.missing == ("last_dose_day",)
        assert set(answer.possible) == set(CONTINUATION) - {"NA"}
    else:
        assert (answer.value == "Y") == (last_dose_day > pd_day + grace_days)
        assert (answer.value == "N_STOPPED_BEFORE_PD") == (last_dose_day < pd_day)


def test_negative_grace_is_refused():
    with pytest.raises(DataError, match="grace_days is -1"):
        continued_past_progression(100, 100, grace_days=-1)


# ── pages ──


@pytest.mark.parametrize("module", [beyond_progression, local_therapy, partial_dates, time_to_event])
def test_tables_of_pages_are_whole(module):
    for rule in module.RULES:
        assert rule.sources
        assert all(doubt.endswith(".") for doubt in rule.doubts)
        for table in rule.criteria:
            assert table.body
            assert all(len(row) == len(table.head) for row in table.body)
