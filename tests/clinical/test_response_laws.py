"""Laws of tumor response: exact bounds, no order of rows, worse is never better, nothing after progression."""

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncohort.clinical.best_response import (
    RECIST_CONFIRMATION,
    Confirmation,
    best_response,
    clinical_benefit,
    objective_response,
)
from oncohort.clinical.lesion_records import Lesion, Measurement, worst_of
from oncohort.clinical.lesions import select_targets
from oncohort.clinical.new_lesions import Detection, resolve_new_lesion
from oncohort.clinical.response_course import assess_course
from oncohort.clinical.response_criteria import (
    CRITERIA,
    MRECIST_2010,
    NON_TARGET_COLUMNS,
    OVERALL,
    OVERALL_MATRIX,
    ResponseSettings,
)
from oncohort.clinical.target_response import target_response
from oncohort.clinical.visit_response import overall_response


def settings(**changed):
    printed = {
        "abs_pd_mm": 0,
        "hold": False,
        "backdate_new_lesion": True,
        "lipiodol_viable": False,
        "atypical_as_recist": False,
    }
    return ResponseSettings(**{**printed, **changed})


def respond(base, earlier, current, *, abs_pd_mm=0, hold=False, nodes=()):
    return target_response(
        base, earlier, current, criteria=MRECIST_2010, nodes=nodes, abs_pd_mm=abs_pd_mm, hold=hold
    ).value


def best(visits, **changed):
    asked = {"sd_min_days": 56, "sd_strict": True, "confirm": False, "new_therapy_day": None}
    return best_response(visits, **{**asked, **changed})


# ── targets ──


def test_bounds_are_exact_for_every_tenth_of_a_millimeter():
    def mm(hundredths):
        return float(Decimal(hundredths) / 100)

    for tenths in range(1, 2001):
        reference = tenths / 10
        assert respond([reference], [], [mm(7 * tenths)]) == "PR"
        assert respond([reference], [], [mm(7 * tenths + 1)]) == "SD"
        assert respond([1000], [reference], [mm(12 * tenths)]) == "PD"
        assert respond([1000], [reference], [mm(12 * tenths - 1)]) == "PR"


def test_least_growth_is_exact_for_every_tenth_of_a_millimeter():
    for tenths in range(1, 251):
        nadir = tenths / 10
        assert respond([1000], [nadir], [(tenths + 50) / 10], abs_pd_mm=5) == "PD"
        assert respond([1000], [nadir], [(tenths + 49) / 10], abs_pd_mm=5) == "PR"


MM = st.integers(0, 1500).map(lambda tenths: Fraction(tenths, 10))
TARGETS = st.integers(1, 5).flatmap(
    lambda n: st.tuples(
        st.lists(MM.filter(bool), min_size=n, max_size=n),
        st.lists(MM, max_size=4),
        st.lists(st.one_of(st.none(), MM), min_size=n, max_size=n),
    )
)


@given(TARGETS, st.fractions(Fraction(1, 50), 50), st.booleans())
def test_scaling_all_diameters_changes_nothing(course, factor, hold):
    base, earlier, current = course
    scaled = [None if value is None else value * factor for value in current]
    assert respond([value * factor for value in base], [value * factor for value in earlier], scaled, hold=hold) == (
        respond(base, earlier, current, hold=hold)
    )


@given(TARGETS, st.permutations(range(5)))
def test_order_of_targets_and_of_earlier_sums_changes_nothing(course, order):
    base, earlier, current = course
    places = [place for place in order if place < len(base)]
    shuffled = respond([base[i] for i in places], earlier[::-1], [current[i] for i in places])
    assert shuffled == respond(base, earlier, current)


@given(TARGETS, MM)
def test_a_larger_target_is_never_a_better_response(course, growth):
    base, earlier, current = course
    order = ("CR", "PR", "SD", "PD")
    known = [value or Fraction(0) for value in current]
    larger = [known[0] + growth, *known[1:]]
    assert order.index(respond(base, earlier, larger)) >= order.index(respond(base, earlier, known))


@given(TARGETS)
def test_a_target_that_is_not_measured_leaves_progression_or_nothing(course):
    base, earlier, current = course
    value = respond(base, earlier, [*current[:-1], None])
    assert value in {"NE", "PD"}
    if value == "PD":
        assert respond(base, earlier, [entry or 0 for entry in [*current[:-1], 0]]) == "PD"


@given(TARGETS)
def test_holding_changes_stable_disease_only_and_only_to_partial_response(course):
    base, earlier, current = course
    literal, held = respond(base, earlier, current), respond(base, earlier, current, hold=True)
    assert held == literal or (literal, held) == ("SD", "PR")


@given(TARGETS, st.integers(1, 50))
def test_least_growth_only_takes_progression_away(course, abs_pd_mm):
    base, earlier, current = course
    literal, strict = respond(base, earlier, current), respond(base, earlier, current, abs_pd_mm=abs_pd_mm)
    assert literal in {strict, "PD"}


# ── overall ──


def test_overall_response_of_all_cells():
    for target, non_target, new in product(OVERALL_MATRIX, NON_TARGET_COLUMNS, "YN"):
        overall = overall_response(target, non_target, new)
        assert overall in OVERALL
        assert (overall == "PD") == ("PD" in {target, non_target} or new == "Y")
        if overall == "CR":
            assert {target, non_target} <= {"CR", "NA"}
        if target == "NE":
            assert overall in {"NE", "PD"}


@pytest.mark.parametrize("non_target", NON_TARGET_COLUMNS)
def test_a_better_target_response_is_never_a_worse_overall_response(non_target):
    ranks = [OVERALL.index(overall_response(target, non_target, "N")) for target in ("CR", "PR", "SD", "PD")]
    assert all(better <= worse for better, worse in pairwise(ranks))


# ── best response ──

VISITS = st.lists(st.tuples(st.integers(1, 250), st.sampled_from(OVERALL)), max_size=8)
ASKED = st.fixed_dictionaries(
    {
        "sd_min_days": st.integers(0, 120),
        "sd_strict": st.booleans(),
        "confirm": st.booleans(),
        "new_therapy_day": st.one_of(st.none(), st.integers(1, 250)),
        "confirmation": st.builds(Confirmation, st.integers(0, 60), st.integers(0, 2), st.integers(0, 1)),
    }
)


def rank(found):
    return OVERALL.index(found.value)


@given(VISITS, ASKED, st.randoms(use_true_random=False))
def test_order_of_visits_changes_nothing(visits, asked, random):
    shuffled = random.sample(visits, len(visits))
    assert best(shuffled, **asked) == best(visits, **asked)


@given(VISITS, ASKED, st.integers(251, 400))
def test_progression_at_the_end_never_improves(visits, asked, day):
    before, after = best(visits, **asked), best([*visits, (day, "PD")], **asked)
    assert after == before or (before.value, after.value) == ("NE", "PD")


@given(VISITS, ASKED, st.integers(1, 100))
def test_a_longer_minimum_of_stable_disease_never_improves(visits, asked, more):
    longer = asked | {"sd_min_days": asked["sd_min_days"] + more}
    assert rank(best(visits, **longer)) >= rank(best(visits, **asked))


@given(VISITS, ASKED)
def test_confirmed_is_never_better_than_unconfirmed(visits, asked):
    confirmed, unconfirmed = (best(visits, **{**asked, "confirm": confirm}) for confirm in (True, False))
    assert rank(confirmed) >= rank(unconfirmed)


@given(VISITS, ASKED, VISITS)
def test_nothing_after_progression_matters(visits, asked, later):
    until = [*visits, (251, "PD")]
    assert best([*until, *((day + 251, response) for day, response in later)], **asked) == best(until, **asked)


@given(VISITS, ASKED)
def test_nothing_from_a_new_therapy_on_matters(visits, asked):
    day = asked["new_therapy_day"]
    kept = [visit for visit in visits if day is None or visit[0] < day]
    assert best(kept, **{**asked, "new_therapy_day": None}) == best(visits, **asked)


@given(VISITS, ASKED)
def test_flip_is_told_exactly_when_the_class_flips(visits, asked):
    loose = best(visits, **{**asked, "sd_strict": False})
    assert not loose.flips_without_strictness
    strict = best(visits, **{**asked, "sd_strict": True})
    assert strict.flips_without_strictness == (strict.value != loose.value)


@given(VISITS, ASKED)
def test_the_day_that_decided_is_that_of_a_visit_and_stands_in_the_reason(visits, asked):
    found = best(visits, **asked)
    assert (found.day is None) == (found.why == "no visit that counts")
    if found.day is not None:
        assert found.day in {day for day, _ in visits}
        assert f"on day {found.day}" in found.why


@given(VISITS, ASKED)
def test_an_objective_response_is_a_benefit(visits, asked):
    value = best(visits, **asked).value
    assert objective_response(value) <= clinical_benefit(value, ("CR", "PR", "SD"))


def test_published_confirmation_is_the_one_used_unless_told():
    visits = [(57, "PR"), (113, "SD"), (169, "PR")]
    assert best(visits, confirm=True) == best(visits, confirm=True, confirmation=RECIST_CONFIRMATION)
    one_sd = Confirmation(min_days=28, max_ne=1, max_sd=1)
    assert (best(visits, confirm=True).value, best(visits, confirm=True, confirmation=one_sd).value) == ("SD", "PR")


# ── a course ──

LESIONS = (
    Lesion("T01", "TARGET", "LIVER", "NODULE", well_delineated="Y"),
    Lesion("T02", "TARGET", "LUNG", "NODULE"),
    Lesion("T03", "TARGET", "LYMPH NODE", "NODE"),
    Lesion("T02a", "TARGET", "LUNG", "NODULE", split_from="T02", first_seen_day=60),
    Lesion("NT01", "NON-TARGET", "PORTAL VEIN", "THROMBUS"),
    Lesion("NT02", "NON-TARGET", "LIVER", "INFILTRATIVE", merged_into="T01"),
    Lesion("NEW01", "NEW", "LIVER", "NODULE"),
    Lesion("NEW02", "NEW", "LYMPH NODE", "NODE"),
)
AT_BASELINE = (
    Measurement("T01", -7, "MEASURED", longest_mm=50, viable_mm=40, aphe="Y", arterial_phase="Y"),
    Measurement("T02", -7, "MEASURED", longest_mm=20, arterial_phase="Y"),
    Measurement("T03", -7, "MEASURED", short_axis_mm=18, arterial_phase="Y"),
    Measurement("NT01", -7, "PRESENT", aphe="Y", arterial_phase="Y"),
    Measurement("NT02", -7, "PRESENT", aphe="Y", arterial_phase="Y"),
)
SIZES = st.one_of(st.none(), st.integers(0, 60))


def row_of(lesion_id, day, status, size, signs):
    aphe, washout, arterial = signs
    return Measurement(
        lesion_id,
        day,
        status,
        longest_mm=size,
        viable_mm=size,
        short_axis_mm=size,
        aphe=aphe,
        washout=washout,
        arterial_phase=arterial,
    )


ROWS = st.lists(
    st.builds(
        row_of,
        st.sampled_from([lesion.lesion_id for lesion in LESIONS]),
        st.sampled_from((57, 60, 113, 169)),
        st.sampled_from(("NE", "ABSENT", "TOO_SMALL", "MEASURED", "PRESENT", "PROGRESSED")),
        SIZES,
        st.tuples(st.sampled_from(("Y", "N", None)), st.sampled_from(("Y", "N", None)), st.sampled_from("YYYN")),
    ),
    max_size=24,
)


@given(ROWS, st.sampled_from(sorted(CRITERIA)), st.booleans(), st.randoms(use_true_random=False))
def test_order_of_lesions_and_rows_changes_nothing(rows, criteria, backdate, random):
    everything = [*AT_BASELINE, *rows]
    asked = settings(backdate_new_lesion=backdate)
    course = assess_course(LESIONS, everything, CRITERIA[criteria], asked, baseline_window_days=28)
    shuffled = assess_course(
        random.sample(LESIONS, len(LESIONS)),
        random.sample(everything, len(everything)),
        CRITERIA[criteria],
        asked,
        baseline_window_days=28,
    )
    assert shuffled == course
    assert [visit.day for visit in course] == sorted({row.day for row in rows})


@given(ROWS)
def test_dated_back_every_visit_from_the_first_sight_on_is_progression(rows):
    def course(lesions, kept, *, backdate):
        asked = settings(backdate_new_lesion=backdate)
        return assess_course(lesions, [*AT_BASELINE, *kept], MRECIST_2010, asked, baseline_window_days=28)

    dated, literal = course(LESIONS, rows, backdate=True), course(LESIONS, rows, backdate=False)
    old = [lesion for lesion in LESIONS if lesion.role != "NEW"]
    without = course(old, [row for row in rows if not row.lesion_id.startswith("NEW")], backdate=True)
    overall_without = {(visit.day, visit.evaluable): visit.overall for visit in without}
    counted = set(dated[-1].new_lesion_ids) if dated else set()
    sights = [row.day for row in rows if row.lesion_id in counted and row.status not in {"ABSENT", "NE"}]
    for visit, plain in zip(dated, literal, strict=True):
        if sights and visit.day >= min(sights):
            assert (visit.overall, visit.new_lesion) == ("PD", "Y")
        else:
            assert visit.new_lesion == "N"
            assert visit.overall == overall_without.get((visit.day, visit.evaluable), visit.overall)
        assert (visit.new_lesion_ids != plain.new_lesion_ids) == bool(visit.rewrites)
        assert not plain.rewrites


@given(ROWS)
def test_sums_nadirs_and_changes_belong_together(rows):
    course = assess_course(LESIONS, [*AT_BASELINE, *rows], MRECIST_2010, settings(), baseline_window_days=28)
    lowest = Fraction(78)
    for visit in course:
        assert (visit.baseline_mm, visit.nadir_mm) == (78, lowest)
        if visit.sum_mm is None:
            assert visit.change_percent is None
            assert visit.target in {"NE", "PD"}
        else:
            assert visit.sum_mm == 78 + visit.change_percent * 78 / 100
            lowest = min(lowest, visit.sum_mm)
        assert visit.evaluable or visit.target == visit.non_target == "NE"


@given(
    st.lists(
        st.builds(
            row_of,
            st.just("T01"),
            st.just(57),
            st.sampled_from(("NE", "ABSENT", "MEASURED")),
            SIZES,
            st.tuples(*[st.sampled_from(("Y", "N", None))] * 3),
        ),
        min_size=1,
        max_size=4,
    ),
    st.randoms(use_true_random=False),
)
def test_worst_of_rows_has_no_order_and_is_one_of_their_values(rows, random):
    worst = worst_of(rows)
    assert worst_of(random.sample(rows, len(rows))) == worst
    assert worst_of([worst, *rows]) == worst
    assert worst.viable_mm in {row.viable_mm for row in rows}
    assert worst.viable_mm is None or all((row.viable_mm or 0) <= worst.viable_mm for row in rows)


@given(
    st.lists(
        st.builds(
            Detection,
            st.integers(1, 400),
            st.one_of(st.none(), st.integers(0, 60)),
            st.sampled_from((True, False, None)),
        ),
        max_size=6,
    ),
    st.randoms(use_true_random=False),
)
def test_a_new_lesion_is_dated_between_its_first_sight_and_its_confirmation(detections, random):
    where = {"kind": "NODULE", "organ": "LIVER", "criteria": MRECIST_2010}
    dated = resolve_new_lesion(detections, **where, settings=settings())
    plain = resolve_new_lesion(detections, **where, settings=settings(backdate_new_lesion=False))
    assert resolve_new_lesion(random.sample(detections, len(detections)), **where, settings=settings()) == dated
    assert dated.confirmed_day == plain.confirmed_day == plain.progression_day
    if dated.confirmed_day is None:
        assert dated.progression_day is None
    else:
        assert dated.progression_day == dated.first_seen_day <= dated.confirmed_day


@given(
    st.lists(
        st.tuples(
            st.sampled_from(("LIVER", "LUNG", "BONE", "LYMPH NODE", "PORTA HEPATIS LYMPH NODE")), st.integers(0, 60)
        ),
        max_size=12,
    ),
    st.sampled_from(sorted(CRITERIA)),
    st.randoms(use_true_random=False),
)
def test_selected_targets_are_the_largest_that_the_numbers_allow(found, criteria, random):
    lesions = [
        Lesion(f"T{i:02}", "TARGET", organ, "NODE" if "NODE" in organ else "NODULE", well_delineated="Y")
        for i, (organ, _) in enumerate(found)
    ]
    rows = {
        lesion.lesion_id: row_of(lesion.lesion_id, -7, "MEASURED", size, ("Y", None, "Y"))
        for lesion, (_, size) in zip(lesions, found, strict=True)
    }
    chosen = select_targets(lesions, rows, CRITERIA[criteria], settings())
    assert select_targets(random.sample(lesions, len(lesions)), rows, CRITERIA[criteria], settings()) == chosen
    sizes = [found[int(lesion_id[1:])][1] for lesion_id in chosen]
    organs = [found[int(lesion_id[1:])][0].replace("PORTA HEPATIS ", "") for lesion_id in chosen]
    assert sizes == sorted(sizes, reverse=True)
    assert len(chosen) <= 5
    assert all(organs.count(organ) <= 2 for organ in organs)
    assert all(size >= 10 for size in sizes)
