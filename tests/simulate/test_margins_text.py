"""Margins as text: what can be said is read, and every mistake is told in one sentence with its line."""

from pathlib import Path

import pytest

from oncohort.errors import ProtocolError
from oncohort.simulate.parse_margins import parse_margins
from oncohort.study.parse import parse_protocol
from oncohort.study.template_tables import TEMPLATE

HERE = Path(__file__).parent / "two_arms"
PROTOCOL = parse_protocol((HERE / "study.toml").read_text(encoding="utf-8"), "study.toml", template=TEMPLATE)
MARGINS = (HERE / "margins.toml").read_text(encoding="utf-8")


def test_margins_of_the_example_are_read():
    margins = parse_margins(MARGINS, "margins.toml", PROTOCOL)
    assert margins.n_treated() == 40
    assert margins.n_excluded() == {"unfit": 9, "liver": 8, "other": 3}


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("screened = 60", "screened = 61", ":4 patients.screened: 61 were screened, but 60 are treated or excluded"),
        ("screened = 60", "screened = -1", ":4 patients.screened: -1: input should be greater than or equal to 0"),
        ("screened = 60", "sreened = 60", ':4 patients.sreened: there is no such key. Did you mean "screened"?'),
        ("screened = 60", 'file = "../x.csv"', "the name of a CSV file beside this one was expected"),
        ("screened = 60", 'adverse_events = { ae = "RASH" }', "names columns of a file, but patients.file is missing"),
        ("unfit = 9", "unfti = 9", 'there is no reason of the flow "unfti"; declared are "unfit", "liver", "other".'),
        ("unfit = 9", "unfit = { ecog = 9 }", 'there is no part of this reason "ecog"'),
        ("drug = 22", "drgu = 22", ':12 arm.drgu: there is no arm "drgu"; declared are "drug", "both".'),
        ("M = 29", "M = 30", ":16 baseline.sex: the counts add up to 41; 40 patients were expected"),
        ("M = 29", "X = 29", ':16 baseline.sex.X: "X" is not one of "M" or "F".'),
        ("min = 38", "min = 62", ":17 baseline.age.min: 62 is above the median 61.5"),
        ("max = 80", "max = 60", ":17 baseline.age.max: 60 is below the median 61.5"),
        ("min = 38", "min = 12", "12 is no age of the template"),
        ("PR = 2", "PR = 3", ":21 response.drug: the counts add up to 23; 22 patients were expected"),
        ("[response.both]", "[response.boht]", 'there is no arm "boht"; declared are "all", "drug", "both".'),
        ("deaths = 24", "deaths = 41", ":34 survival.deaths: 41 is more than the 40 treated patients"),
        ("progressed = 30", "progressed = 8", "9 is more than the 8 patients who progressed"),
        ("pfs_months = 4.6", "pfs_months = 14", "14 is above the median overall survival 13.4"),
        ("pfs_months = 4.6", "follow_up_months = { median = 14 }", "which no follow-up can give"),
        ("pfs_months = 4.6", "pfs_months = nan", "nan: input should be a finite number"),
        ("[treatment]", "[death]\nSTROKE = 24\n[treatment]", 'there is no cause of death "STROKE"'),
        ("[treatment]", '[death]\n"LIVER FAILURE" = 2\n[treatment]', "the counts add up to 2; 24 deaths were expected"),
        ("[treatment]", "[treatment]\ncontinued = 31", "31 is more than the 30 patients who progressed"),
        ("[treatment]", '[treatment]\nearly_stop = { "rash" = 1 }', 'there is no reason of early stops "rash"'),
        ("any = 17", "any = 41", ":43 adverse_event.DIARRHEA.any: 41 is more than the 40 treated patients"),
        ("3 = 2", "3 = 18", "18 is more than the 17 patients with this adverse event (any)"),
        ("3 = 3", "4 = 3", "HAND-FOOT SKIN REACTION has grades 1, 2, 3 in CTCAE 5.0, not 4"),
        ("any = 12", "any = 12, 1 = 1, 2 = 1", "the grades add up to 3; 12 patients (any) were expected"),
        ("[arm]", "[time]\nfirst = 2016-05-01\nlast = 2016-04-01\n[arm]", "2016-04-01 lies before first, 2016-05-01"),
        ("[arm]", "[arm", "margins.toml: this is not TOML"),
        ("drug = 22", 'drug = "22"', "22"),
    ],
)
def test_each_mistake_is_told_with_its_place(old, new, sentence):
    assert old in MARGINS
    with pytest.raises(ProtocolError) as told:
        parse_margins(MARGINS.replace(old, new, 1), "margins.toml", PROTOCOL)
    assert sentence in str(told.value)
    assert str(told.value).startswith("margins.toml")


def test_counts_of_some_arms_only_are_refused():
    cut = MARGINS[: MARGINS.index("[response.both]")]
    with pytest.raises(ProtocolError, match=r"response: is told of some arms only"):
        parse_margins(cut, "margins.toml", PROTOCOL)


def test_without_any_number_of_patients_one_is_asked_for():
    with pytest.raises(ProtocolError, match=r"patients.treated: is missing: a number, or the patients by"):
        parse_margins("", "margins.toml", PROTOCOL)


def test_all_mistakes_are_told_at_once():
    text = MARGINS.replace("M = 29", "M = 30").replace("deaths = 24", "deaths = 41")
    with pytest.raises(ProtocolError) as told:
        parse_margins(text, "margins.toml", PROTOCOL)
    assert len(str(told.value).splitlines()) == 2


def test_an_empty_class_of_values_is_refused():
    text = MARGINS.replace("[response.drug]", "hbv_dna = [{ from = 10, below = 10, n = 40 }]\n[response.drug]")
    with pytest.raises(ProtocolError, match=r"a class from 10 below 10 is empty"):
        parse_margins(text, "margins.toml", PROTOCOL)
