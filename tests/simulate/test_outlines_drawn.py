"""Outlines are drawn so that they have every margin that is told, hang together, and depend on the seed alone."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oncohort.errors import ProtocolError
from oncohort.simulate.draw import draw_outlines
from oncohort.simulate.parse_margins import parse_margins
from oncohort.simulate.tally import disagreements
from oncohort.study.parse import parse_protocol
from oncohort.study.template_tables import TEMPLATE

HERE = Path(__file__).parent
TWO_ARMS = parse_protocol(
    (HERE / "two_arms" / "study.toml").read_text(encoding="utf-8"), "study.toml", template=TEMPLATE
)
TWO_TEXT = (HERE / "two_arms" / "margins.toml").read_text(encoding="utf-8")
PAPER = parse_protocol(
    (HERE.parent / "study" / "paper_study.toml").read_text(encoding="utf-8"), "study.toml", template=TEMPLATE
)
PAPER_TEXT = (HERE / "paper_margins.toml").read_text(encoding="utf-8")


def drawn(text, protocol, seed):
    margins = parse_margins(text, "margins.toml", protocol)
    return margins, draw_outlines(margins, protocol, seed, "margins.toml")


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("text", "protocol"), [(PAPER_TEXT, PAPER), (TWO_TEXT, TWO_ARMS)], ids=["paper", "two arms"])
def test_outlines_have_every_margin_that_is_told(text, protocol, seed):
    margins, outlines = drawn(text, protocol, seed)
    assert list(disagreements(margins, outlines, protocol)) == []


def test_same_seed_gives_the_same_outlines_and_another_seed_others():
    first, again, other = (drawn(TWO_TEXT, TWO_ARMS, seed)[1] for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_a_margin_that_is_changed_is_told_as_a_disagreement():
    margins, outlines = drawn(TWO_TEXT, TWO_ARMS, 1)
    other = parse_margins(TWO_TEXT.replace("os_months = 13.4", "os_months = 13.5"), "margins.toml", TWO_ARMS)
    assert list(disagreements(margins, outlines, TWO_ARMS)) == []
    assert list(disagreements(other, outlines, TWO_ARMS)) == [
        (("survival", "os_months"), "13.5 is told, but the outlines have 13.405")
    ]


def test_worse_performance_goes_with_shorter_survival_and_better_response_with_longer():
    courses = [(o, o.course) for seed in range(4) for o in drawn(PAPER_TEXT, PAPER, seed)[1] if o.course]
    mean = lambda chosen: sum(chosen) / len(chosen)  # noqa: E731
    by_ecog = [mean([c.os_days for o, c in courses if o.ecog == ecog]) for ecog in (0, 1, 2)]
    assert by_ecog[0] > by_ecog[1] > by_ecog[2]
    by_best = [mean([c.pfs_days for _, c in courses if c.best in best]) for best in ("CR", "SD", "PD")]
    assert by_best[0] > by_best[1] > by_best[2]


def test_only_the_told_extreme_fails_a_criterion():
    _, outlines = drawn(PAPER_TEXT, PAPER, 1)
    low = [o.platelets_10e9_per_l for o in outlines if o.course and o.platelets_10e9_per_l <= 50]
    assert low == [27]


def test_patients_without_a_biopsy_have_the_marker_that_makes_it_unnecessary():
    _, outlines = drawn(PAPER_TEXT, PAPER, 1)
    assert all(o.afp_ng_per_ml > 400 for o in outlines if o.course and o.differentiation == "")


def test_whoever_stops_early_has_an_adverse_event_that_is_the_reason():
    _, outlines = drawn(PAPER_TEXT, PAPER, 1)
    terms = {"liver function deterioration": "LIVER TOXICITY", "variceal bleeding": "HEMORRHAGE"}
    stops = [o.course for o in outlines if o.course and o.course.early_stop]
    assert Counter(course.early_stop for course in stops) == {
        "liver function deterioration": 10,
        "variceal bleeding": 5,
    }
    assert all(terms[course.early_stop] in course.worst_grades for course in stops)


def test_screened_patients_leave_by_values_that_allow_the_reason():
    _, outlines = drawn(TWO_TEXT, TWO_ARMS, 1)
    unfit = [o for o in outlines if o.excluded == "unfit"]
    liver = [o for o in outlines if o.excluded == "liver"]
    assert all(o.ecog > 1 for o in unfit)
    assert all(o.ecog <= 1 and o.child_pugh_class != "A" for o in liver)
    assert all(o.course is None for o in outlines if o.excluded)


def test_parts_of_a_reason_are_drawn_as_told():
    _, outlines = drawn(PAPER_TEXT, PAPER, 1)
    parts = Counter(o.excluded.partition(".")[2] for o in outlines if o.excluded.startswith("previous_treatment"))
    assert parts == {
        "prior_hepatectomy": 14,
        "prior_chemotherapy": 11,
        "prior_tace_ablation": 47,
        "prior_radiotherapy": 19,
    }


def test_what_is_not_told_is_drawn_within_the_criteria():
    _, outlines = drawn("[patients]\ntreated = 60\n", TWO_ARMS, 1)
    assert len(outlines) == 60
    assert all(o.ecog <= 1 and o.child_pugh_class == "A" and o.pvt != "TRUNK" for o in outlines)
    assert all(o.platelets_10e9_per_l >= 75 for o in outlines)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "deaths = 24",
            "deaths = 1",
            "margins.toml survival.os_months: a median of 13.4 months cannot come of 1 death among",
        ),
        (
            "deaths = 24",
            "deaths = 0",
            "margins.toml survival.os_months: a median of 13.4 months cannot come of 0 deaths",
        ),
        ("pfs_months = 4.6", "pfs_months = 0.2", "survival.pfs_months: a median of 0.2 months cannot come of"),
        (
            "months = { median = 4.1 }",
            "months = { median = 4.1, max = 90 }",
            "treatment.months.max: nobody can be treated",
        ),
        (
            "[treatment]",
            "follow_up_months = { median = 9, max = 60 }\n[treatment]",
            "somebody is followed for 1825 days",
        ),
    ],
)
def test_margins_that_no_patients_can_have_are_told_with_their_key(old, new, sentence):
    with pytest.raises(ProtocolError) as told:
        drawn(TWO_TEXT.replace(old, new), TWO_ARMS, 1)
    assert sentence in str(told.value)


@settings(max_examples=25, deadline=None)
@given(
    st.tuples(st.integers(5, 15), st.integers(5, 15)),
    st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 4)),
    st.integers(0, 100),
)
def test_any_counts_that_add_up_are_met_exactly(arms, poor, seed):
    n = sum(arms)
    short, bad, unseen = poor
    text = f"""
    [arm]
    drug = {arms[0]}
    both = {arms[1]}
    [baseline]
    sex = {{ M = {n - 3}, F = 3 }}
    ecog = {{ 0 = {n - bad}, 1 = {bad} }}
    n_tumours = {{ 1 = {short}, 2 = {n - short} }}
    metastases = {{ lung = {bad}, bone = {unseen} }}
    [response.all]
    PR = {n - short - bad}
    SD_SHORT = {short}
    PD = {bad}
    [survival]
    deaths = {n // 2}
    [adverse_event]
    RASH = {{ any = {n - 1}, 3 = {short} }}
    """
    margins, outlines = drawn(text, TWO_ARMS, seed)
    assert list(disagreements(margins, outlines, TWO_ARMS)) == []


def test_two_patients_cannot_have_a_median_that_is_not_between_their_ends():
    text = "[patients]\ntreated = 2\n[survival]\nfollow_up_months = { median = 9, min = 3, max = 18 }"
    with pytest.raises(ProtocolError, match=r"survival.follow_up_months.*no patients were found that have it"):
        drawn(text, TWO_ARMS, 1)


def test_values_between_the_told_ends_meet_the_criteria():
    text = "[patients]\ntreated = 40\n[baseline]\nplatelets_10e9_per_l = { median = 80 }"
    _, outlines = drawn(text, TWO_ARMS, 1)
    assert min(outline.platelets_10e9_per_l for outline in outlines) >= 75


def test_excluded_patients_take_no_id_that_is_given():
    margins, outlines = drawn(TWO_TEXT, TWO_ARMS, 1)
    given = [replace(o, patient_id=f"SYN-{k:03}") for k, o in enumerate(outlines, start=3) if o.course]
    every = draw_outlines(margins, TWO_ARMS, 1, "margins.toml", given)
    assert len({outline.patient_id for outline in every}) == 60
    assert every[:40] == tuple(given)
    assert {"SYN-001", "SYN-002", "SYN-043"} <= {outline.patient_id for outline in every[40:]}


def test_only_excluded_patients_can_be_drawn():
    _, outlines = drawn("[patients]\ntreated = 0\n[excluded]\nunfit = 5", TWO_ARMS, 1)
    assert [outline.excluded for outline in outlines] == ["unfit"] * 5
