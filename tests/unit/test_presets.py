"""Presets: a study starts from their sections, its own keys win, and mistakes are told at their place in its file."""

import tomllib

import pytest

from oncohort.errors import ProtocolError
from oncohort.intake.presets import read_presets
from oncohort.study.overlay import lay_over_preset, place_in_file
from oncohort.study.parse import parse_protocol
from oncohort.study.template_tables import TEMPLATE

PRESETS = read_presets()
SHORT = """\
[study]
title = "A short study"
profile = "paper"
records = "data"
preset = "sorafenib-hcc-2010"

[[endpoint]]
id = "OS"
start = "index"
events = ["death"]
"""


def read(more: str = ""):
    return parse_protocol(SHORT + more, "study.toml", PRESETS, template=TEMPLATE)


def told(more: str) -> list[str]:
    with pytest.raises(ProtocolError) as refused:
        read(more)
    return str(refused.value).splitlines()


def test_ten_lines_are_a_study():
    protocol = read()
    assert protocol.study.index.date == "subjects.first_sorafenib_date"
    assert [criterion.id for criterion in protocol.criterion][:3] == ["HBV_HCC", "ADVANCED", "FIRST_LINE"]
    assert protocol.drug["sorafenib"].start == "FULL"


def test_own_key_wins_and_its_neighbors_stay():
    response = read('[response]\nsd_min_days = ">= 42"\n').response
    assert (str(response.sd_min_days), response.criteria, response.hold) == (">= 42", "mRECIST-2010", False)


def test_value_of_a_key_is_taken_whole():
    levels = '[{ id = "no", TACE = 0 }, { id = "yes", TACE = ">= 1" }]'
    protocol = read(f"[arm]\nlevels = {levels}\n")
    assert [level.id for level in protocol.arm.levels] == ["no", "yes"]
    text = '[[criterion]]\nid = "ECOG"\ninclude = { column = "ecog", op = "<=", value = 1 }\n'
    [ecog] = [criterion for criterion in read(text).criterion if criterion.id == "ECOG"]
    assert (ecog.include.value, ecog.label) == (1, "ECOG PS above 2")


def test_new_items_follow_those_of_the_preset():
    more = '[[baseline.variable]]\nid = "sodium"\nfrom = "labs.SODIUM"\nunit = "mmol/L"\n'
    ids = [variable.id for variable in read(more).baseline.variable]
    assert ids[0] == "platelets"
    assert ids[-1] == "sodium"


def test_criterion_that_is_switched_off_stays_and_any_other_item_is_left_out():
    protocol = read('[[criterion]]\nid = "PLATELETS"\nenabled = false\n')
    [platelets] = [criterion for criterion in protocol.criterion if criterion.id == "PLATELETS"]
    assert not platelets.enabled
    assert platelets.include is not None
    protocol = read('[[drug.sorafenib.rule]]\nid = "DOSE-PAUSE"\nenabled = false\n')
    rules = [rule.id for rule in protocol.drug["sorafenib"].rule]
    assert "DOSE-PAUSE" not in rules
    assert len(rules) == 7


def test_item_of_the_preset_that_is_not_there_cannot_be_left_out():
    [line] = told('[[drug.sorafenib.rule]]\nid = "DOSE-PAUS"\nenabled = false\n')
    place = "study.toml:11 drug.sorafenib.rule.DOSE-PAUS:"
    assert line == f'{place} the preset has no "DOSE-PAUS" to leave out. Did you mean "DOSE-PAUSE"?'


def test_list_without_ids_takes_the_place_of_the_presets():
    protocol = read('[[flow.reason]]\nlabel = "All"\nwhen = "any other failed criterion"\n')
    assert protocol.flow.reason_ids() == ("reason_1",)


def test_mistake_in_an_own_item_is_told_at_its_own_line():
    more = '[[criterion]]\nid = "AGE"\ninclude = { column = "subjects.agee", op = ">=", value = 18 }\n'
    [line] = told(more)
    assert line.startswith("study.toml:13 criterion.AGE.include.column: no table")


def test_mistake_that_only_the_preset_shows_is_told_where_it_is_named():
    [line] = told('[[criterion]]\nid = "FIRST_LINE"\nenabled = false\n')
    assert line.startswith("study.toml:5 flow.reason.previous_treatment.when.criterion: there is no criterion in use")


def test_same_id_twice_in_the_own_file_is_told():
    two = '[[criterion]]\nid = "ECOG"\nlabel = "one"\n[[criterion]]\nid = "ECOG"\nlabel = "two"\n'
    assert any('"ECOG" is the id of another criterion already' in line for line in told(two))


def test_unknown_preset_names_the_nearest():
    with pytest.raises(ProtocolError) as refused:
        parse_protocol(SHORT.replace("2010", "2011"), "study.toml", PRESETS, template=TEMPLATE)
    words = (
        'there is no preset "sorafenib-hcc-2011"; there are "sorafenib-hcc-2010". Did you mean "sorafenib-hcc-2010"?'
    )
    assert str(refused.value) == f"study.toml:5 study.preset: {words}"


def test_study_without_a_preset_is_left_as_it_is():
    own = {"study": {"title": "x"}, "response": {"hold": True}}
    merged = lay_over_preset(own, PRESETS)
    assert merged.content is own
    assert merged.from_preset == frozenset()


@pytest.mark.parametrize("study", ["x", 3, [], {"preset": 3}, {"preset": ["a"]}])
def test_whatever_stands_as_a_study_can_be_laid_over_nothing(study):
    assert lay_over_preset({"study": study}, PRESETS).content == {"study": study}


@pytest.mark.parametrize(
    "more",
    [
        "response = 3",
        "criterion = 3",
        "criterion = [3]",
        'criterion = [{ label = "x" }]',
        "baseline = { variable = { id = 3 } }",
        "drug = { sorafenib = 3 }",
        "drug = { sorafenib = { rule = [3] } }",
        "flow = { reason = [{ id = [1] }] }",
        "flow = []",
    ],
)
def test_whatever_stands_in_a_section_of_the_preset_is_told_in_lines(more):
    with pytest.raises(ProtocolError) as refused:
        parse_protocol(f"{more}\n{SHORT}", "study.toml", PRESETS, template=TEMPLATE)
    assert all(line.startswith("study.toml") for line in str(refused.value).splitlines())


def test_place_of_an_item_is_found_by_its_id():
    own = {"criterion": [{"id": "B", "label": "b"}]}
    content = {"criterion": [{"id": "A"}, {"id": "B", "label": "b"}], "response": {"hold": False}}
    assert place_in_file(own, content, ("criterion", 1, "label")) == ("criterion", 0, "label")
    assert place_in_file(own, content, ("criterion", 0, "id")) == ("study", "preset")
    assert place_in_file(own, content, ("response", "hold")) == ("study", "preset")


@pytest.mark.parametrize("name", PRESETS)
def test_preset_is_toml_with_ids_in_every_list(name):
    preset = tomllib.loads(PRESETS[name])
    assert "title" not in preset["study"]
    assert "profile" not in preset["study"]
    lists = [items for section in preset.values() for items in ([section] if isinstance(section, list) else [])]
    lists += [preset["baseline"]["variable"], preset["flow"]["reason"], preset["safety"]["group"]]
    assert all(item.get("id") for items in lists for item in items)
