"""The vectors of survival, partial dates, months, continuation and local therapy, through the public functions."""

import json
from datetime import date
from pathlib import Path

import pytest

from oncohort.clinical.beyond_progression import continued_past_progression
from oncohort.clinical.local_therapy import (
    CRYO_2010,
    TACE_2010,
    CryoSession,
    TaceCourse,
    arm_of,
    broken_items,
    cryo_deviations,
    next_tace,
)
from oncohort.clinical.partial_dates import impute_death
from oncohort.clinical.time_to_event import (
    PFS_RULES,
    Assessment,
    PfsHistory,
    duration,
    months,
    overall_survival,
    progression_free_survival,
)

VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text(encoding="utf-8"))
CRYO_COLUMNS = ("freeze1_min", "thaw1_min", "freeze2_min", "min_temp_c", "time_to_temp_min")


def vectors(section):
    return pytest.mark.parametrize("vector", VECTORS[section], ids=lambda vector: vector["id"])


def as_date(text):
    return None if text is None else date.fromisoformat(text)


@vectors("pfs")
def test_progression_free_survival(vector):
    given = vector["input"]
    history = PfsHistory(
        tuple(Assessment(*visit) for visit in given["assess"]),
        given.get("death"),
        given.get("lastfu"),
        given.get("nact"),
        given.get("cutoff"),
        has_baseline=True,
    )
    end = progression_free_survival(history, PFS_RULES[given.get("rule", "FDA_A")])
    assert [end.day, int(end.event), end.description] == vector["expected"]


@vectors("os")
def test_overall_survival(vector):
    given = vector["input"]
    end = overall_survival(given.get("death"), given.get("lka"), given.get("cutoff"))
    assert [end.day, int(end.event)] == vector["expected"]


@vectors("impute_death")
def test_partial_date_of_death(vector):
    dtc, *known = vector["input"]
    imputed = impute_death(dtc, as_date(known[0]) if known else None)
    assert [None if imputed.date is None else imputed.date.isoformat(), imputed.flag] == vector["expected"]


@vectors("months")
def test_months(vector):
    given = vector["input"]
    days = given.get("days")
    if days is None:
        days = duration(as_date(given["start"]), as_date(given["end"]), add_one=given["add_one"])
    assert round(months(days), 4) == vector["expected"]


@vectors("continued_past_pd")
def test_continued_past_progression(vector):
    assert continued_past_progression(*vector["input"], grace_days=14).value == vector["expected"]


@vectors("tace")
def test_next_tace(vector):
    given = vector["input"]
    course = TaceCourse(
        n_done=given["n_done"],
        burden_percent=given["burden_pct"],
        contraindicated=given.get("contra", False),
        days_since_last=given.get("days_since_last"),
        lipiodol_percent=given.get("lipiodol_pct"),
    )
    assert next_tace(course, TACE_2010).value == vector["expected"]


@vectors("cryo")
def test_cryoablation_deviations(vector):
    *measured, number = vector["input"]
    session = CryoSession(
        number=number,
        day=None,
        contraindicated=None,
        consent=None,
        measured=dict(zip(CRYO_COLUMNS, measured, strict=True)),
        intent=None,
        ablated_percent=None,
        guidance=None,
    )
    assert list(broken_items(cryo_deviations(session, CRYO_2010))) == vector["expected"]


@vectors("arm")
def test_arm(vector):
    assert arm_of(*vector["input"]) == vector["expected"]
