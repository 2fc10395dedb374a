"""study.toml: what is right is read, and each mistake is told with its line, its key and what was expected."""

import pytest

from oncohort.errors import ProtocolError
from oncohort.study.parse import parse_protocol
from oncohort.study.template_tables import TEMPLATE

GOOD = """\
[study]
title = "Resected hepatocellular carcinoma"
profile = "guideline"

[records.patients]
file = "data/patients.csv"
patient_id = "Number"

[[endpoint]]
id = "OS"
time = { column = "OS", unit = "months" }
event = { column = "Death", values = [1] }

[[factor]]
id = "age"
column = "Age"
label = "Age (years)"
split = "median"

[[factor]]
id = "bclc"
column = "BCLC"
levels = [1, 2]

[[table]]
kind = "univariable"
endpoints = ["OS"]
factors = ["age", "bclc"]

[[model]]
id = "cox_os"
endpoint = "OS"
factors = ["age", "bclc"]
select = { method = "forward-stepwise", criterion = "likelihood-ratio", enter = 0.10, remove = 0.10 }
"""

# (what is changed, into what, what the message says)
FAULTS = [
    ('profile = "guideline"', 'profile = "guidline"', 'study.toml:3 study.profile: "guidline" is not one of'),
    ('profile = "guideline"', "", "study.toml:1 study.profile: is missing"),
    ("title =", "titel =", 'study.toml:2 study.titel: there is no such key. Did you mean "title"?'),
    ('unit = "months"', 'unit = "month"', 'study.toml:11 endpoint.OS.time.unit: "month" is not one of'),
    ("values = [1]", "values = []", "study.toml:12 endpoint.OS.event.values: at least one value was expected"),
    ("values = [1]", "valeus = [1]", 'Did you mean "values"?'),
    ("values = [1]", 'values = ["CHOOSE"]', "study.toml:12 endpoint.OS.event.values.1: is still to be chosen"),
    ('profile = "guideline"', 'profile = "CHOOSE"', "study.toml:3 study.profile: is still to be chosen"),
    ('event = { column = "Death", values = [1] }', "", "study.toml:9 endpoint.OS: event is missing"),
    ('time = { column = "OS", unit = "months" }', "", "either time = { column"),
    ('id = "OS"', 'id = "O S"', "endpoint.O S.id: an id was expected"),
    ('id = "bclc"', 'id = "age"', '"age" is the id of another factor already'),
    ('id = "bclc"', 'id = "CNSR"', '"CNSR" names another column of the datasets; another id was expected'),
    (
        'column = "BCLC"',
        'column = "Death"',
        'the factor "bclc" and the endpoint "OS" are both made of the column "Death"',
    ),
    ('id = "bclc"', 'id = "age_n"', '"age_n" names another column of the datasets; another id was expected'),
    ('split = "median"', 'split = "medain"', 'is not one of "median". Did you mean "median"? A number can stand here'),
    ('split = "median"', 'split = "median"\nlevels = [1, 2]', "levels, split and cut exclude each other"),
    ("levels = [1, 2]", "levels = [1]", "factor.bclc.levels: at least two levels were expected"),
    ("levels = [1, 2]", "levels = [1, 1]", 'the level id "1" is there twice'),
    ("levels = [1, 2]", 'levels = [1, 2]\ncox = "lin"', '"lin" is not one of'),
    ("levels = [1, 2]", 'levels = [1, 2]\ncox = "continuous"', '"continuous" needs a number'),
    ("levels = [1, 2]", 'levels = [1, 2]\ncox = "split"', '"split" needs split'),
    ("levels = [1, 2]", 'levels = [1, 2]\nreference = "3"', 'there is no level "3"; declared are "1", "2"'),
    ("levels = [1, 2]", 'levels = [1, 2]\ndescribe = "mean-sd"', '"mean-sd" needs a number'),
    ("levels = [1, 2]", 'levels = [{ label = "x" }, 2]', "id: is missing"),
    ("levels = [1, 2]", "", 'the factor "bclc" needs levels, split or cut to give rows'),
    ('endpoints = ["OS"]', "", "endpoints is missing: the endpoints that stand side by side"),
    ('endpoints = ["OS"]', 'endpoints = ["PFS"]', 'there is no endpoint "PFS"; declared are "OS"'),
    ('endpoints = ["OS"]\nfactors = ["age", "bclc"]', 'endpoints = ["OS"]\nfactors = ["aeg"]', 'Did you mean "age"?'),
    ('endpoint = "OS"\nfactors = ["age", "bclc"]', 'endpoint = "OS"\nfactors = ["age", "age"]', "is listed twice"),
    ('endpoint = "OS"\nfactors = ["age", "bclc"]', 'endpoint = "OS"', "model.cox_os.factors: is missing"),
    ("enter = 0.10", "enter = 1.10", "model.cox_os.select.enter: 1.1: input should be less than 1"),
    ('method = "forward-stepwise"', 'method = "stepwise"', '"stepwise" is not one of'),
    ("[study]", "[studi]", 'study.toml:1 studi: there is no such key. Did you mean "study"?'),
    ("[study]", "[study", "study.toml: this is not TOML"),
    ('title = "Resected', 'title = "x"\ntitle = "Resected', "study.toml: this is not TOML"),
    ("select =", "coding = { bclc = { map = { 1 = 0 } } }\nselect =", "map must give a score to each of the levels"),
    ("select =", 'coding = { afp = { cox = "linear" } }\nselect =', 'there is no factor of this model "afp"'),
    ("[[table]]", '[survival]\nties = "efrn"\n\n[[table]]', 'survival.ties: "efrn" is not one of "breslow", "efron".'),
    ("[[table]]", "[survival]\nat = [-1]\n\n[[table]]", "survival.at.1: -1: input should be greater than 0"),
    ("[[table]]", '[[figure]]\nid = "1"\n\n[[table]]', "one of curves, incidence and forest was expected"),
    ("[[table]]", '[[figure]]\nid = "1"\nforest = "cox_pfs"\n\n[[table]]', 'there is no model "cox_pfs"'),
    (
        "[[table]]",
        '[[figure]]\nid = "1"\ncurves = [{ endpoint = "OS", by = "sex" }]\n\n[[table]]',
        'there is no factor "sex"',
    ),
    ("[[table]]", '[[criterion]]\nid = "a"\n\n[[table]]', "criterion.a: either include or exclude was expected"),
    (
        "[[table]]",
        '[[criterion]]\nid = "a"\ninclude = { column = "Age" }\n\n[[table]]',
        "criterion.a.include: op is missing",
    ),
    (
        "[[table]]",
        '[[criterion]]\nid = "a"\ninclude = { column = "Age", op = "<" }\n\n[[table]]',
        'value is missing: what is compared by "<"',
    ),
    (
        "[[table]]",
        '[[criterion]]\nid = "a"\ninclude = { column = "Age", op = "in", value = 3 }\n\n[[table]]',
        '"in" compares with a list',
    ),
    (
        'unit = "months" }',
        'unit = "months" }\nstart = "surgery"',
        "from a time column or from dates, not from both",
    ),
    ('file = "data/patients.csv"', "", "records.patients.file: is missing"),
    ('split = "median"', 'describe = "count"', '"count" needs levels, split or cut'),
    ("select =", 'coding = { bclc = { cox = "continuous" } }\nselect =', '"continuous" needs a number, and the factor'),
    ("levels = [1, 2]", 'levels = [{ id = "a", values = [0, 1] }, 2]', 'Did you mean "value"?'),
    (
        "[[table]]",
        '[[criterion]]\nid = "a"\ninclude = { column = "Age", op = ">", value = "60" }\n\n[[table]]',
        '">" compares with a number or a date',
    ),
    ('patient_id = "Number"', 'patient_id = "Number"\nencoding = "latin-1"', "records.patients.encoding"),
]


def told(text: str) -> str:
    with pytest.raises(ProtocolError) as refused:
        parse_protocol(text, "study.toml", template=TEMPLATE)
    assert refused.value.exit_code == 3
    return str(refused.value)


def test_the_short_table_study_is_read():
    protocol = parse_protocol(GOOD, "study.toml", template=TEMPLATE)
    assert protocol.find_factor("bclc").levels[0].values == (1,)
    assert protocol.find_endpoint("OS").time.unit == "months"


@pytest.mark.parametrize(("old", "new", "sentence"), FAULTS, ids=[f[2][:60] for f in FAULTS])
def test_fault_is_told_in_one_line(old, new, sentence):
    assert old in GOOD
    message = told(GOOD.replace(old, new, 1))
    assert sentence in message
    assert all(line.startswith("study.toml") for line in message.splitlines())


def test_all_mistakes_are_told_at_once():
    message = told(GOOD.replace('"months"', '"month"').replace("values = [1]", "valus = [1]"))
    assert len(message.splitlines()) == 3


def test_a_key_of_study_wins_over_the_profile_and_says_so():
    protocol = parse_protocol(GOOD + '\n[survival]\nties = "breslow"\n', "study.toml", template=TEMPLATE)
    force = protocol.settings()
    assert (force["survival.ties"].value, force["survival.ties"].origin) == ("breslow", "study.toml")
    assert force["survival.conf_type"].origin == "profile guideline"


def test_every_choice_of_both_profiles_is_one_that_the_protocol_allows():
    for profile in ("paper", "guideline"):
        force = parse_protocol(GOOD.replace('"guideline"', f'"{profile}"'), "study.toml", template=TEMPLATE).settings()
        sections: dict[str, dict[str, object]] = {}
        for key, item in force.items():
            section, name = key.split(".")
            sections.setdefault(section, {})[name] = item.value
        lines = [f'profile = "{profile}"\nalpha = {sections.pop("study")["alpha"]}']
        written = GOOD.replace('profile = "guideline"', lines[0])
        for section, values in sections.items():
            written += f"\n[{section}]\n"
            for name, value in values.items():
                text = str(list(value)).replace("'", '"') if isinstance(value, tuple) else repr(value).replace("'", '"')
                written += f"{name} = {text}\n"
        again = parse_protocol(written, "study.toml", template=TEMPLATE).settings()
        assert {k: v.value for k, v in again.items()} == {k: v.value for k, v in force.items()}
        assert {v.origin for v in again.values()} == {"study.toml"}


def test_plain_levels_that_are_not_ascii_get_ascii_ids_and_keep_their_label():
    text = GOOD.replace("levels = [1, 2]", 'levels = ["男", "女"]')
    levels = parse_protocol(text, "study.toml", template=TEMPLATE).find_factor("bclc").levels
    assert [(level.id, level.label, level.values) for level in levels] == [
        ("level1", "男", ("男",)),
        ("level2", "女", ("女",)),
    ]
