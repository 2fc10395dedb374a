"""Best response of patients who began another anticancer therapy, by either choice, against a walk by hand."""

from datetime import date, timedelta
from random import Random
from types import SimpleNamespace

import pytest
from patient_by_hand import best_of
from random_records import as_records

from oncohort.derive.cohort import derive_cohort
from oncohort.intake.presets import read_presets
from oncohort.report.clinical_methods import phrase_clinical_methods
from oncohort.study.parse import parse_protocol
from oncohort.study.template_tables import TEMPLATE

DAY_0 = date(2009, 3, 2)
STUDY = """
[study]
title = "Response after another therapy"
profile = "PROFILE"
records = "data"
preset = "sorafenib-hcc-2010"

[[endpoint]]
id = "OS"
start = "index"
events = ["death"]

[response]
"""
PR_AFTER = ([(57, "SD"), (113, "PR")], 100)
BEFORE_AND_AFTER = {
    "a response after the therapy": (PR_AFTER, "PR", "SD"),
    "a response on its first day": (([(57, "SD"), (113, "PR")], 113), "PR", "SD"),
    "a response the day before": (([(57, "SD"), (113, "PR")], 114), "PR", "PR"),
    "progression after it": (([(40, "SD"), (113, "PD")], 100), "PD", "NE"),
    "no scan before it": (([(57, "PR"), (113, "PR")], 30), "PR", "NE"),
    "a response after progression": (([(57, "PD"), (113, "PR")], 60), "PD", "PD"),
}


def on(day):
    return DAY_0 + timedelta(days=day)


def patient(patient_id, visits, therapy):
    """Return a patient without measured lesions, so that the recorded assessments are used as they are."""
    judged = {"patient_id": patient_id, "criteria": "MRECIST LENCIONI LIVER CANCER 2010", "source": "ENTERED"}
    own = {"patient_id": patient_id, "age": 50, "sex": "F", "death_flag": "N"}
    own |= {"screening_date": on(-14), "first_sorafenib_date": DAY_0, "cutoff_date": on(900)}
    begun = [] if therapy is None else [on(therapy).isoformat()]
    return {
        "subjects": [own],
        "followup": [{"patient_id": patient_id, "date": on(800).isoformat(), "status": "ALIVE"}],
        "response": [judged | {"date": on(day).isoformat(), "overall": overall} for day, overall in visits],
        "other_therapy": [{"patient_id": patient_id, "date": day, "type": "SYSTEMIC"} for day in begun],
    }


def protocol_of(profile, more=""):
    text = STUDY.replace("PROFILE", profile) + more
    return parse_protocol(text, "study.toml", read_presets(), template=TEMPLATE)


def best(patients, protocol):
    cohort, _ = derive_cohort(as_records(patients), protocol)
    rows = cohort.derived.best.filter(definition="").select("patient_id", "best", "day").rows()
    return {patient_id: (value, day) for patient_id, value, day in rows}


@pytest.mark.parametrize("name", BEFORE_AND_AFTER)
def test_paper_uses_what_is_seen_after_another_therapy_and_guideline_does_not(name):
    (visits, therapy), used, excluded = BEFORE_AND_AFTER[name]
    one = [patient("A", visits, therapy)]
    unconfirmed = "confirm = false\n"
    assert best(one, protocol_of("paper", unconfirmed))["A"][0] == used
    assert best(one, protocol_of("guideline", unconfirmed))["A"][0] == excluded


def test_study_makes_the_choice_itself():
    one = [patient("A", *PR_AFTER)]
    assert best(one, protocol_of("paper", 'after_new_therapy = "excluded"\n'))["A"] == ("SD", 57)
    assert best(one, protocol_of("guideline", 'after_new_therapy = "used"\n'))["A"] == ("PR", 113)
    force = protocol_of("guideline", 'after_new_therapy = "used"\n').settings()["response.after_new_therapy"]
    assert (force.value, force.origin) == ("used", "study.toml")


def test_other_definitions_make_the_same_choice():
    cohort, _ = derive_cohort(as_records([patient("A", *PR_AFTER)]), protocol_of("guideline"))
    rows = cohort.derived.best.filter(definition="sd_any").select("best", "day").rows()
    assert rows == [("SD", 57)]


def random_visits(rng):
    days = sorted(rng.sample(range(20, 500), rng.randrange(6)))
    return [(day, rng.choice(("CR", "PR", "SD", "SD", "PD", "NE"))) for day in days]


def by_hand(visits, before):
    return best_of([SimpleNamespace(day=day, overall=overall) for day, overall in visits], before, above=56)


@pytest.mark.parametrize("choice", ["used", "excluded"])
def test_best_response_is_that_of_a_walk_by_hand(choice):
    rng = Random(20)
    courses = {
        f"P{k:03}": (random_visits(rng), rng.choice((None, rng.randrange(500), rng.randrange(500)))) for k in range(150)
    }
    found = best(
        [patient(name, *course) for name, course in courses.items()],
        protocol_of("paper", f'after_new_therapy = "{choice}"\n'),
    )
    everything = {name: by_hand(visits, None) for name, (visits, _) in courses.items()}
    until_therapy = {name: by_hand(*course) for name, course in courses.items()}
    assert len([name for name in courses if everything[name] != until_therapy[name]]) > 20
    assert found == (everything if choice == "used" else until_therapy)


@pytest.mark.parametrize(
    ("profile", "sentence"),
    [
        ("paper", "assessments after another anticancer therapy counted like any other"),
        ("guideline", "assessments from the first day of another anticancer therapy on did not count"),
    ],
)
def test_methods_say_what_became_of_these_assessments(profile, sentence):
    assert sentence in phrase_clinical_methods(protocol_of(profile))
