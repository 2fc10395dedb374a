"""Deaths by their cause in a records study: one cause is the event, another competes, a missing one stops the run."""

from datetime import date, timedelta

import pytest
from random_records import as_records

from oncohort.derive.cohort import derive_cohort
from oncohort.errors import ProtocolError
from oncohort.intake.presets import read_presets
from oncohort.study.parse import parse_protocol
from oncohort.study.template_tables import TEMPLATE

STUDY = """
[study]
title = "Deaths of liver failure"
profile = "paper"
records = "data"
preset = "sorafenib-hcc-2010"

[[endpoint]]
id = "OS"
start = "index"
events = ["death"]

[[endpoint]]
id = "liver"
label = "Death from liver failure"
start = "index"
events = ["death"]
causes = ["LIVER FAILURE", "VARICEAL BLEEDING"]

[population]
analysis = "treated"
safety = "treated"
"""
DAY_0 = date(2009, 3, 2)


def patient(patient_id, day, cause=None):
    """Return a patient who died on a day of a cause, or was followed until it."""
    died = cause != "ALIVE"
    when = DAY_0 + timedelta(days=day)
    own = {
        "patient_id": patient_id,
        "age": 50,
        "sex": "F",
        "screening_date": DAY_0 - timedelta(days=14),
        "first_sorafenib_date": DAY_0,
        "cutoff_date": DAY_0 + timedelta(days=200),
        "death_flag": "Y" if died else "N",
        "death_date": when.isoformat() if died else None,
    }
    tables = {"subjects": [own]}
    if died and cause is not None:
        tables["death"] = [{"patient_id": patient_id, "primary_cause": cause}]
    if not died:
        tables["followup"] = [{"patient_id": patient_id, "date": when.isoformat(), "status": "ALIVE"}]
    return tables


def cohort_of(*patients, text=STUDY):
    return derive_cohort(as_records(patients), parse_protocol(text, "study.toml", read_presets(), template=TEMPLATE))


def test_other_causes_compete_and_the_cutoff_censors():
    cohort, findings = cohort_of(
        patient("A", 50, "LIVER FAILURE"),
        patient("B", 60, "OTHER"),
        patient("C", 70, "VARICEAL BLEEDING"),
        patient("D", 80, "ALIVE"),
        patient("E", 250, "LIVER FAILURE"),
    )
    liver, survival = cohort.endpoints["liver"], cohort.endpoints["OS"]
    assert liver.time.tolist() == [50, 60, 70, 80, 200] == survival.time.tolist()
    assert liver.event.tolist() == [True, False, True, False, False]
    assert liver.competing.tolist() == [False, True, False, False, False]
    assert survival.event.tolist() == [True, True, True, False, False]
    assert survival.competing is None
    assert not [finding for finding in findings if finding.rule.startswith("CAUSE")]
    ends = cohort.derived.time_to_event.filter(endpoint="liver", patient_id="B")
    assert ends["description"].to_list() == ["DEATH OF ANOTHER CAUSE"]
    assert ends["why"].to_list() == ["death on day 60 (OTHER)"]


def test_missing_cause_is_fatal_and_an_unknown_one_is_told():
    _, findings = cohort_of(patient("A", 50), patient("B", 60, "UNKNOWN"), patient("C", 70, "LIVER FAILURE"))
    told = {(f.level, f.rule, f.patient_id): f.sentence for f in findings if f.rule.startswith("CAUSE")}
    assert told == {
        ("fatal", "CAUSE-MISSING", "A"): (
            "liver: the cause of this death is missing, and the endpoint counts deaths by their cause"
        ),
        ("warning", "CAUSE-UNKNOWN", "B"): (
            "liver: this death is of cause UNKNOWN, so it counts as competing; name it in causes if it is an event"
        ),
    }


def test_unknown_cause_that_is_named_is_the_event():
    cohort, findings = cohort_of(patient("B", 60, "UNKNOWN"), text=STUDY.replace('"VARICEAL BLEEDING"]', '"UNKNOWN"]'))
    assert cohort.endpoints["liver"].event.tolist() == [True]
    assert not [finding for finding in findings if finding.rule.startswith("CAUSE")]


EVERY = (
    '"TUMOUR PROGRESSION/METASTASIS", "LIVER FAILURE", "VARICEAL BLEEDING", "RENAL FAILURE, REFRACTORY ASCITES", '
    '"TUMOUR RUPTURE/HAEMORRHAGE", "OTHER", "UNKNOWN"'
)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"VARICEAL BLEEDING"', '"BLEEDING"', 'causes: there is no cause of death "BLEEDING"'),
        ('["death"]\ncauses', '["progression", "death"]\ncauses', 'belongs to an endpoint with events = ["death"]'),
        ('"LIVER FAILURE", "VARICEAL BLEEDING"', EVERY, "every cause is named, so no death competes"),
        ('records = "data"', "", "is missing: [records.patients] of a table study"),
        ('causes = ["LIVER FAILURE", "VARICEAL BLEEDING"]', "causes = 1", "causes"),
    ],
)  # fmt: skip
def test_causes_that_cannot_be_are_refused(old, new, said):
    assert old in STUDY
    with pytest.raises(ProtocolError) as told:
        parse_protocol(STUDY.replace(old, new), "study.toml", read_presets(), template=TEMPLATE)
    assert said in str(told.value)
